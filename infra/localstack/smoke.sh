#!/usr/bin/env bash
# Creates a job on what deploy.sh made, waits for its end and compares what it
# found with what the site publishes. The runner stands in for API Gateway.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=infra/localstack/names.sh
. infra/localstack/names.sh

work="$(mktemp -d)"
pids=()
finish() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait
  rm -rf "$work"
}
trap finish EXIT

if [ -z "${SITE_URL:-}" ]; then
  python3 -u -m http.server 0 --bind 127.77.0.1 --directory infra/localstack/site >"$work/site" 2>/dev/null &
  pids+=($!)
  for _ in $(seq 100); do
    SITE_URL="$(sed -n 's/.*(\(http:[^)]*[0-9]\)\/).*/\1/p' "$work/site")"
    [ -n "$SITE_URL" ] && break
    sleep 0.1
  done
  [ -n "$SITE_URL" ] || { echo "the site did not start" >&2; exit 1; }
fi

go build -o "$work/run" ./infra/localstack/run
options=(--listen "$LISTEN" --table "$NAME" --queue "$NAME-bells" --dead-letters "$NAME-dead")
[ "$FUNCTIONS" = lambda ] || options+=(--functions --workers "$WORKERS" --allow-nets "$ALLOW_NETS")
"$work/run" "${options[@]}" >"$work/ready" 2>"$work/log" &
pids+=($!)
for _ in $(seq 300); do
  [ -s "$work/ready" ] && break
  kill -0 "${pids[-1]}" 2>/dev/null || { cat "$work/log" >&2; exit 1; }
  sleep 0.1
done
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" "$2"; }
url="$(field url "$work/ready")"
key="$(field key "$work/ready")"
call() { curl -sS --fail-with-body -H "Authorization: Bearer $key" "$@"; }

sed "s|^|$SITE_URL/|" infra/localstack/site/pages.txt |
  call -H "Content-Type: text/plain" --data-binary @- "$url/jobs?name=smoke&follow=none" >"$work/created"
job="$(sed -n 's/.*"id":"\([^"]*\)".*/\1/p' "$work/created" | head -n 1)"
echo "job $job"

for _ in $(seq "${PATIENCE:-180}"); do
  call "$url/jobs/$job/progress" >"$work/progress"
  status="$(sed -n 's/.*"status":"\([A-Z]*\)","version".*/\1/p' "$work/progress")"
  [ "$status" = COMPLETED ] && break
  sleep 1
done
if [ "$status" != COMPLETED ]; then
  echo "the job is $status after ${PATIENCE:-180} s:" >&2
  cat "$work/progress" "$work/log" >&2
  exit 1
fi
call "$url/jobs/$job/emails.csv" | tail -n +2 | cut -d, -f1 | sort >"$work/found"
diff infra/localstack/site/addresses.txt "$work/found"
echo "found all $(wc -l <"$work/found") addresses, and no other"
