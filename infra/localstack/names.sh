# shellcheck shell=bash
# What deploy.sh and smoke.sh agree on. Everything goes to the endpoint that the AWS
# CLI and SDKs know as AWS_ENDPOINT_URL (or AWS_ENDPOINT_URL_DYNAMODB and so on).
: "${AWS_ENDPOINT_URL:=http://127.0.0.1:4566}"
: "${AWS_REGION:=us-east-1}"
: "${AWS_DEFAULT_REGION:=$AWS_REGION}"
: "${AWS_ACCESS_KEY_ID:=test}"
: "${AWS_SECRET_ACCESS_KEY:=test}"
export AWS_ENDPOINT_URL AWS_REGION AWS_DEFAULT_REGION AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_PAGER=""

NAME="${NAME:-gleaner}"            # of the table, and what the other names begin with
FUNCTIONS="${FUNCTIONS:-lambda}"   # lambda: the emulator runs them; local: the runner does
WORKERS="${WORKERS:-8}"            # batches at once
if [ "$FUNCTIONS" = lambda ]; then
  LISTEN="${LISTEN:-172.30.77.1:8080}"                  # the gateway of compose.yaml's network
  ALLOW_NETS="${ALLOW_NETS:-172.30.77.0/24}"
  SITE_URL="${SITE_URL:-http://172.30.77.10}"
else
  LISTEN="${LISTEN:-127.0.0.1:0}"
  ALLOW_NETS="${ALLOW_NETS:-127.77.0.0/16}"
fi

# Version 1 of the AWS CLI sends SQS requests to AWS whatever the environment says.
sqs() { aws sqs --endpoint-url "${AWS_ENDPOINT_URL_SQS:-$AWS_ENDPOINT_URL}" "$@"; }
