# shellcheck shell=bash
# A demo server for one script: source this file and call start_demo_server. It ends with the script.
#
# ONSALE_TEST_BINARY names a binary that is built already; without it the server is built first.
# Sets ONSALE_TEST_URL.

# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

require() { # program, Debian package, Fedora package, Homebrew formula
    command -v "$1" >/dev/null ||
        fail "missing $1: apt-get install $2 (Debian, Ubuntu), dnf install $3 (Fedora), brew install $4 (macOS)"
}

stop_demo_server() {
    local code=$?
    if [[ -n ${demo_server:-} ]]; then
        kill "$demo_server" 2>/dev/null || true
        wait "$demo_server" 2>/dev/null || true
    fi
    [[ $code -eq 0 || ! -e $demo_folder/log ]] || tail -n 40 "$demo_folder/log" >&2
    rm -rf "$demo_folder"
    exit "$code"
}

start_demo_server() {
    require curl curl curl curl
    if [[ -z ${ONSALE_TEST_BINARY:-} ]]; then
        cargo build --quiet --package onsale
        ONSALE_TEST_BINARY="${CARGO_TARGET_DIR:-target}/debug/onsale"
    fi
    demo_folder=$(mktemp -d)
    trap stop_demo_server EXIT
    local listen
    listen=127.0.0.1:$(free_port)
    export ONSALE_DATA_FOLDER=$demo_folder/data
    export ONSALE_HTTP__LISTEN=$listen
    ONSALE_HTTP__ADMIN_LISTEN=127.0.0.1:$(free_port)
    export ONSALE_HTTP__ADMIN_LISTEN
    # a test asks faster than any client, and from one address
    export ONSALE_HTTP__LIMITS__CLIENT_REQUESTS_PER_SECOND=0
    export ONSALE_HTTP__LIMITS__CLIENT_PASSWORD_REQUESTS_PER_MINUTE=0
    "$ONSALE_TEST_BINARY" serve --demo >"$demo_folder/log" 2>&1 &
    demo_server=$!
    export ONSALE_TEST_URL=http://$listen
    await_demo_server
}

await_demo_server() {
    local limit=$((SECONDS + 60))
    until curl --silent --fail --output /dev/null --max-time 2 "$ONSALE_TEST_URL/health/ready"; do
        kill -0 "$demo_server" 2>/dev/null || fail "the server ended before it was ready"
        [[ $SECONDS -lt $limit ]] || fail "the server was not ready within 60 s"
        sleep 0.1
    done
    echo "server: $ONSALE_TEST_URL"
}

# Prints the id of the demo's coupon campaign.
demo_campaign() {
    local id
    id=$(sed -n 's/^  coupons  *\([0-9a-f-]*\),.*/\1/p' "$demo_folder/log")
    [[ -n $id ]] || fail "the demo names no coupon campaign"
    echo "$id"
}

post() { # path, JSON body
    curl --silent --show-error --fail-with-body --header 'Content-Type: application/json' --data "$2" "$ONSALE_TEST_URL$1"
}

access_token() { # email, password
    post /v1/sessions "{\"email\":\"$1\",\"password\":\"$2\"}" |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])'
}

random_password() {
    python3 -c 'import secrets; print(secrets.token_urlsafe(24))'
}

# Prints the access token of a new customer.
customer_token() {
    local password
    password=$(random_password)
    post /v1/accounts "{\"email\":\"customer@example.com\",\"password\":\"$password\",\"name\":\"Customer\"}" >/dev/null
    access_token customer@example.com "$password"
}

# Prints the access token of a new operator.
operator_token() {
    local password
    password=$(random_password)
    ONSALE_OPERATOR_PASSWORD=$password "$ONSALE_TEST_BINARY" operator create --email test-operator@example.com >/dev/null
    access_token test-operator@example.com "$password"
}
