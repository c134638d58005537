#!/usr/bin/env bash
# Runs scripts/three-replicas.sh as an operator does: books through the balancer, kills replicas, follows an event stream,
# stops everything, and starts it again on the same data.
#
# ONSALE_TEST_BINARY names a binary that is built already; without it the server is built first.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/common.sh
source scripts/common.sh

readonly limit=90 # seconds that anything may take
work=$(mktemp -d)
said=$work/said

finish() {
    local code=$?
    if [[ -n ${script:-} ]]; then
        kill -TERM "$script" 2>/dev/null || true
        wait "$script" 2>/dev/null || true
    fi
    [[ $code -eq 0 ]] || tail -n 20 "$said" "$work"/data/log/* >&2
    rm -rf "$work"
    exit "$code"
}

await() { # what, command …
    local what=$1 until=$((SECONDS + limit))
    shift
    until "$@"; do
        [[ $SECONDS -lt $until ]] || fail "this has not come true: $what"
        sleep 0.1
    done
}

start() {
    : >"$said"
    set -m # a group of its own, so that it can be interrupted: background jobs of other shells ignore that
    scripts/three-replicas.sh "$work/data" "$binary" >"$said" 2>&1 &
    script=$!
    set +m
    await "three replicas serve" is_said "Ctrl-C stops everything"
    api=$(sed -n 's/^Onsale serves \([^ ]*\) .*/\1/p' "$said")
}

is_said() { # text
    kill -0 "$script" 2>/dev/null || fail "the script ended"
    grep -q "$1" "$said"
}

interrupt() {
    local ended=0
    kill -INT "$script"
    wait "$script" || ended=$?
    script=
    [[ $ended -eq 130 ]] || fail "it ended with $ended"
    flock --nonblock "$work/data/lock" true || fail "something still runs"
}

replica() { # number: its process
    sed -n "s/^  replica $1  *process \([0-9]*\),.*/\1/p" "$said"
}

ask() { # method, path, option …
    local method=$1 path=$2
    shift 2
    curl --silent --show-error --fail-with-body --max-time 20 --request "$method" --header 'Content-Type: application/json' \
        --header "Authorization: Bearer ${token:-}" "$@" "$api$path"
}

sign_up() {
    ask POST /v1/accounts --data '{"email":"min@example.com","password":"correct horse","name":"Min"}' >/dev/null
    token=$(ask POST /v1/sessions --data '{"email":"min@example.com","password":"correct horse"}' | jq -r .access_token)
    ask POST /v1/points/charges --header 'Idempotency-Key: charge' --data '{"amount":200000,"method":"test"}' >/dev/null
    performance=$(ask GET /v1/concerts | jq -r '.items[0].performances[0].performance_id')
}

# Asks under one name until there is an answer, as every client should: a request that a killed replica had is lost.
booked() { # path, body
    local answer
    answer=$(ask POST "$1" --header "Idempotency-Key: $1-$2" --data "$2") && echo "$answer"
}

book() { # seat
    local reservation
    await "seat $1 is held" booked /v1/reservations \
        "{\"type\":\"seats\",\"performance_id\":\"$performance\",\"seats\":[$1]}" >"$work/held"
    reservation=$(jq -r .reservation_id "$work/held")
    await "seat $1 is paid" booked "/v1/reservations/$reservation/payment" '{}' >"$work/paid"
    [[ $(jq -r .reservation.status "$work/paid") == paid ]] || fail "seat $1 is not paid"
}

# The stream stays open, so whatever comes has passed the balancer without waiting for more.
follow() {
    local url
    url=$(ask GET "/v1/performances/$performance/availability" | jq -r .events_url)
    : >"$work/events"
    curl --silent --no-buffer --max-time "$limit" "$api$url" >>"$work/events" &
    await "the snapshot comes" grep -q '^event: snapshot' "$work/events"
}

for tool in haproxy jq mariadbd redis-server; do
    PATH=$PATH:/usr/sbin command -v "$tool" >/dev/null || fail "missing: $tool"
done
if [[ -z ${ONSALE_TEST_BINARY:-} ]]; then
    cargo build --quiet --package onsale
    ONSALE_TEST_BINARY=${CARGO_TARGET_DIR:-target}/debug/onsale
fi
binary=$ONSALE_TEST_BINARY
unset ONSALE_TEST_BINARY
trap finish EXIT

start
sign_up
follow
book 0
await "a booking is told" grep -q '"taken":\[0\]' "$work/events"
for number in 1 2 3; do
    kill -KILL "$(replica "$number")"
    book "$number"
    await "replica $number is started again" is_said "replica $number ended and is started again"
done
interrupt

start
[[ $(ask GET "/v1/reservations?status=paid" | jq '.items | length') == 4 ]] || fail "bookings are lost"
interrupt
echo "three replicas: booked, killed, booked again, stopped, started again"
