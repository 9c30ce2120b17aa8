#!/usr/bin/env bash
# Makes the table and the queues and, unless FUNCTIONS=local, the Lambda functions
# with their event sources, at AWS_ENDPOINT_URL. It may be run again.
# README.md says which step needs which plan of LocalStack.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=infra/localstack/names.sh
. infra/localstack/names.sh

say() { printf '%s\n' "$*" >&2; }

table() {
  aws dynamodb describe-table --table-name "$NAME" >/dev/null 2>&1 && return
  say "table $NAME"
  aws dynamodb create-table --cli-input-json file://infra/localstack/table.json --table-name "$NAME" >/dev/null
  aws dynamodb wait table-exists --table-name "$NAME"
  aws dynamodb update-time-to-live --table-name "$NAME" \
    --time-to-live-specification Enabled=true,AttributeName=ttl >/dev/null
}

# queue NAME ATTRIBUTES prints the queue's URL.
queue() {
  sqs get-queue-url --queue-name "$1" --query QueueUrl --output text 2>/dev/null && return
  say "queue $1"
  sqs create-queue --queue-name "$1" --attributes "$2" --query QueueUrl --output text
}

arn_of_queue() {
  sqs get-queue-attributes --queue-url "$1" --attribute-names QueueArn --query Attributes.QueueArn --output text
}

# lambda_function FOLDER TIMEOUT MEMORY VARIABLES builds, zips and creates or updates one.
lambda_function() {
  local name="$NAME-$1" dir="$build/$1" configuration
  say "function $name"
  mkdir -p "$dir"
  CGO_ENABLED=0 GOOS=linux GOARCH="$arch" go build -trimpath -ldflags "-s -w" -tags lambda.norpc -o "$dir/bootstrap" "./functions/$1"
  (cd "$dir" && zip -q -FS "../$1.zip" bootstrap)
  configuration=(--function-name "$name" --timeout "$2" --memory-size "$3" --environment "Variables={$4}")
  if aws lambda get-function --function-name "$name" >/dev/null 2>&1; then
    aws lambda update-function-code --function-name "$name" --zip-file "fileb://$build/$1.zip" >/dev/null
    aws lambda wait function-updated --function-name "$name"
    aws lambda update-function-configuration "${configuration[@]}" >/dev/null
    aws lambda wait function-updated --function-name "$name"
  else
    aws lambda create-function "${configuration[@]}" --runtime provided.al2023 --handler bootstrap \
      --architectures "$architecture" --role "$role" --zip-file "fileb://$build/$1.zip" >/dev/null
    aws lambda wait function-active-v2 --function-name "$name"
  fi
}

# event_source FOLDER ARN OPTIONS... has the function called with what comes from there.
event_source() {
  local name="$NAME-$1" arn="$2"
  shift 2
  [ "$(aws lambda list-event-source-mappings --function-name "$name" --query 'length(EventSourceMappings)' --output text)" = 0 ] || return 0
  say "event source of $name"
  aws lambda create-event-source-mapping --function-name "$name" --event-source-arn "$arn" \
    --function-response-types ReportBatchItemFailures "$@" >/dev/null
}

# url FOLDER MODE gives a function a URL of its own and prints it.
url() {
  local name="$NAME-$1"
  aws lambda get-function-url-config --function-name "$name" --query FunctionUrl --output text 2>/dev/null && return
  aws lambda create-function-url-config --function-name "$name" --auth-type NONE --invoke-mode "$2" --query FunctionUrl --output text
}

table
dead="$(queue "$NAME-dead" '{"VisibilityTimeout":"360"}')"
dead_arn="$(arn_of_queue "$dead")"
bells="$(queue "$NAME-bells" "{\"VisibilityTimeout\":\"1800\",\"RedrivePolicy\":\"{\\\"deadLetterTargetArn\\\":\\\"$dead_arn\\\",\\\"maxReceiveCount\\\":\\\"5\\\"}\"}")"
bells_arn="$(arn_of_queue "$bells")"

if [ "$FUNCTIONS" = lambda ]; then
  build="$(mktemp -d)"
  trap 'rm -rf "$build"' EXIT
  arch="${GOARCH:-$(go env GOARCH)}"
  case "$arch" in arm64) architecture=arm64 ;; *) architecture=x86_64 ;; esac
  role="$(aws iam get-role --role-name "$NAME" --query Role.Arn --output text 2>/dev/null ||
    aws iam create-role --role-name "$NAME" --query Role.Arn --output text --assume-role-policy-document \
      '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}')"
  stream="$(aws dynamodb describe-table --table-name "$NAME" --query Table.LatestStreamArn --output text)"
  common="GLEANER_TABLE=$NAME,GLEANER_LOG_LEVEL=info"
  # Where the functions reach the emulator from, if it does not tell them itself.
  [ -z "${LAMBDA_ENDPOINT_URL:-}" ] || common="$common,AWS_ENDPOINT_URL=$LAMBDA_ENDPOINT_URL"
  ring="$common,GLEANER_QUEUE_URL=$bells,GLEANER_GROUPS=${SEND_GROUPS:-on}"
  plan="$ring,GLEANER_WORKERS=$WORKERS"
  front="http://$LISTEN"

  lambda_function worker 300 1769 "$plan,GLEANER_ALLOW_NETS=$ALLOW_NETS"
  lambda_function notifier 60 512 "$common,GLEANER_CONNECTIONS_URL=$front/stage"
  lambda_function deadletter 60 256 "$ring"
  lambda_function sweeper 120 512 "$ring"
  quota="GLEANER_URLS_PER_DAY=10000000,GLEANER_RUNNING_JOBS=100,GLEANER_CLOCK_URL=${LAMBDA_ENDPOINT_URL:-$AWS_ENDPOINT_URL}"
  lambda_function api 30 512 "$plan,$quota,GLEANER_DEAD_LETTERS_URL=$dead,GLEANER_SOCKET_URL=ws://$LISTEN/ws,GLEANER_VERSION=local"
  lambda_function progress 300 512 "$common"

  event_source worker "$bells_arn" --batch-size 1 --scaling-config "MaximumConcurrency=$WORKERS"
  event_source deadletter "$dead_arn" --batch-size 10
  event_source notifier "$stream" --batch-size 1000 --starting-position LATEST --maximum-batching-window-in-seconds 1 \
    --bisect-batch-on-function-error --maximum-retry-attempts 3 \
    --filter-criteria '{"Filters":[{"Pattern":"{\"dynamodb\":{\"Keys\":{\"pk\":{\"S\":[{\"prefix\":\"J#\"}]},\"sk\":{\"S\":[\"META\",\"STAT\"]}}}}"},{"Pattern":"{\"eventName\":[\"INSERT\"],\"dynamodb\":{\"Keys\":{\"pk\":{\"S\":[\"R#PING\"]}}}}"}]}'
  sweeper_arn="$(aws lambda get-function --function-name "$NAME-sweeper" --query Configuration.FunctionArn --output text)"
  aws events put-rule --name "$NAME-sweeper" --schedule-expression "rate(1 minute)" >/dev/null
  aws events put-targets --rule "$NAME-sweeper" --targets "Id=sweeper,Arn=$sweeper_arn" >/dev/null

  printf 'api: %s\nprogress: %s\n' "$(url api BUFFERED)" "$(url progress RESPONSE_STREAM)"
fi
printf 'table: %s\nqueue: %s\ndead letters: %s\n' "$NAME" "$bells" "$dead"
