#!/usr/bin/env bash
# Lets schemathesis look for answers that the OpenAPI document does not allow: as nobody, a customer and an operator.
#
# SCHEMATHESIS_SECONDS is the budget of all three runs together; default 90.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/demo-server.sh
source scripts/demo-server.sh

require python3 "python3 python3-venv" python3 python
python3 -c 'import ensurepip, venv' 2>/dev/null || fail "missing venv: apt-get install python3-venv (Debian, Ubuntu)"

budget=${SCHEMATHESIS_SECONDS:-90}
mkdir -p "${CARGO_TARGET_DIR:-target}"
tools=$(cd "${CARGO_TARGET_DIR:-target}" && pwd)/tools/schemathesis
hooks=$PWD/tests/schemathesis
checks=not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance

if [[ ! -x $tools/bin/schemathesis ]]; then
    python3 -m venv "$tools"
    "$tools/bin/pip" install --quiet --disable-pip-version-check schemathesis==4.32.5
fi

# Event streams do not end, and health checks promise nothing else. A fixed seed repeats a failure.
explore() ( # who, seconds, option …
    local who=$1 seconds=$2
    shift 2
    echo
    echo "as $who, $seconds s"
    # in a folder that goes with the server, because it writes down what it found
    cd "$demo_folder"
    PYTHONPATH=$hooks SCHEMATHESIS_HOOKS=known_ids "$tools/bin/schemathesis" run \
        "$ONSALE_TEST_URL/openapi.json" --url "$ONSALE_TEST_URL" --checks "$checks" --max-time "$seconds" \
        --request-timeout 20 --seed 20 --suppress-health-check all --exclude-path-regex '/events$' "$@"
)

start_demo_server
# Signing out would end the session that the run itself needs.
stay_signed_in=(--exclude-path /v1/sessions/current)
customer=$(customer_token)
operator=$(operator_token)
ONSALE_TEST_COUPON_CAMPAIGN=$(demo_campaign)
export ONSALE_TEST_COUPON_CAMPAIGN

explore nobody $((budget / 5))
explore "a customer" $((budget * 2 / 5)) --header "Authorization: Bearer $customer" "${stay_signed_in[@]}"
explore "an operator" $((budget * 2 / 5)) --header "Authorization: Bearer $operator" "${stay_signed_in[@]}"
