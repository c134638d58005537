#!/usr/bin/env bash
# Runs three replicas of Onsale on this machine: one MariaDB, one Redis, and HAProxy in front of the replicas.
#
#   scripts/three-replicas.sh FOLDER [PROGRAM]
#
# Everything is a process of this script, on loopback and on ports that are free, with its data and its logs in FOLDER, which
# is made when there is none. Started again on the same folder, it goes on with the same data. A replica that ends is started
# again; Ctrl-C stops everything. Without a PROGRAM a release build is made first. Settings in ONSALE_* are the replicas'.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=scripts/common.sh
source "$root/scripts/common.sh"

readonly replicas=3
readonly ready_limit=60 # seconds
readonly stop_limit=40  # seconds: Onsale takes 35 at most

[[ ($# -eq 1 || $# -eq 2) && $1 != -* ]] || fail "usage: scripts/three-replicas.sh FOLDER [PROGRAM]"

# Where Debian puts servers that are not on an ordinary user's PATH.
PATH=$PATH:/usr/sbin:/sbin

make_sure_of_tools() {
    local tool missing=()
    for tool in curl:curl haproxy:haproxy jq:jq mariadbd:mariadb-server redis-server:redis-server; do
        command -v "${tool%%:*}" >/dev/null || missing+=("${tool##*:}")
    done
    [[ ${#missing[@]} -eq 0 ]] || fail "missing: sudo apt install ${missing[*]}"
}

find_program() { # program, if one is given
    if [[ $# -eq 0 ]]; then
        command -v cargo >/dev/null || fail "missing: Rust to build Onsale (https://rustup.rs), or a PROGRAM that is built"
        cargo build --release --quiet --package onsale --manifest-path "$root/Cargo.toml"
        set -- "${CARGO_TARGET_DIR:-$root/target}/release/onsale"
    fi
    program=$(realpath -e "$1")
}

# Each replica takes up to 20,000 connections; shells often begin with 1,024 file descriptors.
raise_limit_of_files() {
    local limit
    limit=$(ulimit -Hn)
    [[ $limit != unlimited && $limit -lt 20200 ]] || limit=20200
    ulimit -Sn "$limit"
}

# A secret that is made once and kept beside the data.
secret() { # name
    local file=$folder/secrets/$1
    [[ -s $file ]] || od -An -N32 -tx1 /dev/urandom | tr -d ' \n' >"$file"
    cat "$file"
}

await() { # what, process, command …
    local what=$1 process=$2 limit=$((SECONDS + ready_limit))
    shift 2
    until "$@" >/dev/null 2>&1; do
        kill -0 "$process" 2>/dev/null || fail "$what ended before it was ready: see $folder/log"
        [[ $SECONDS -lt $limit ]] || fail "$what was not ready within $ready_limit s: see $folder/log"
        sleep 0.1
    done
}

listens() { # port
    (exec 3<>"/dev/tcp/127.0.0.1/$1")
}

# Like everything that goes on here, in a session of its own: Ctrl-C reaches this script only, and things stop in order.
start_mariadb() {
    local as=() data=$folder/mariadb password
    [[ $EUID -ne 0 ]] || as=(--user=root)
    password=$(secret database)
    if [[ ! -d $data ]]; then
        rm -rf "$data.new"
        mariadb-install-db --no-defaults --datadir="$data.new" --tmpdir="$folder" --skip-test-db "${as[@]}" \
            --auth-root-authentication-method=socket --auth-root-socket-user="$(id -un)" \
            >"$folder/log/mariadb-install.log" 2>&1 || fail "MariaDB cannot be set up: see $folder/log"
        mv "$data.new" "$data"
    fi
    cat >"$folder/secrets/mariadb.sql" <<SQL
CREATE DATABASE IF NOT EXISTS onsale CHARACTER SET utf8mb4;
CREATE USER IF NOT EXISTS 'onsale'@'127.0.0.1' IDENTIFIED BY '$password';
GRANT ALL ON onsale.* TO 'onsale'@'127.0.0.1';
SQL
    database_port=$(free_port)
    setsid mariadbd --no-defaults --datadir="$data" --socket="$folder/mariadb.socket" --pid-file="$folder/mariadb.pid" \
        --tmpdir="$folder" --bind-address=127.0.0.1 --port="$database_port" --skip-name-resolve --max-connections=400 \
        --init-file="$folder/secrets/mariadb.sql" "${as[@]}" >>"$folder/log/mariadb.log" 2>&1 &
    mariadb=$!
    await MariaDB "$mariadb" listens "$database_port"
    export ONSALE_DATABASE_URL=mysql://onsale:$password@127.0.0.1:$database_port/onsale
}

# Nothing in Redis is the truth, so it keeps nothing on the disk.
start_redis() {
    local port password
    port=$(free_port)
    password=$(secret redis)
    printf '%s\n' "bind 127.0.0.1" "port $port" "requirepass $password" "dir $folder" 'save ""' "appendonly no" \
        >"$folder/secrets/redis.conf"
    setsid redis-server "$folder/secrets/redis.conf" >>"$folder/log/redis.log" 2>&1 &
    redis=$!
    await Redis "$redis" listens "$port"
    export ONSALE_REDIS_URL=redis://:$password@127.0.0.1:$port
}

choose_settings() {
    ONSALE_TOKENS__SECRET=$(secret tokens)
    export ONSALE_TOKENS__SECRET
    export ONSALE_DATA_FOLDER=$folder/onsale
    export ONSALE_HTTP__TRUSTED_PROXIES='["127.0.0.1/32"]' # HAProxy says who asks
    export ONSALE_CHARGES__TEST=true                       # points for nothing: this is for trying
    local number
    for number in $(seq "$replicas"); do
        ports[number]=$(free_port)
        admin_ports[number]=$(free_port)
    done
}

start_replica() { # number
    ONSALE_HTTP__LISTEN=127.0.0.1:${ports[$1]} ONSALE_HTTP__ADMIN_LISTEN=127.0.0.1:${admin_ports[$1]} \
        setsid "$program" serve >>"$folder/log/replica-$1.log" 2>&1 &
    processes[$1]=$!
}

await_replica() { # number
    await "replica $1" "${processes[$1]}" curl --fail --max-time 2 "http://127.0.0.1:${ports[$1]}/health/ready"
}

# Requests go where `/health/ready` says so. A request whose replica refuses the connection goes to the next one; one that was
# sent is not sent again: the client does that, under its Idempotency-Key. HAProxy does not buffer, so event streams pass, and
# their heartbeats, every 15 s, keep them open.
write_balancer() {
    local number
    {
        cat <<'CONF'
global
    maxconn 4000

defaults
    mode http
    timeout connect 1s
    timeout client 75s
    timeout server 75s
    timeout http-request 15s
    option redispatch 1
    option forwardfor

CONF
        printf 'frontend onsale\n    bind 127.0.0.1:%s\n' "$balancer_port"
        printf '    http-request set-header X-Forwarded-Proto http\n    default_backend replicas\n\n'
        printf 'backend replicas\n    balance leastconn\n    option httpchk GET /health/ready\n'
        printf '    default-server check inter 500ms fall 1 rise 1 observe layer4 error-limit 1 on-error mark-down\n'
        for number in $(seq "$replicas"); do
            printf '    server replica-%s 127.0.0.1:%s\n' "$number" "${ports[number]}"
        done
    } >"$folder/haproxy.cfg"
}

start_balancer() {
    balancer_port=$(free_port)
    address=http://127.0.0.1:$balancer_port
    write_balancer
    setsid haproxy -db -f "$folder/haproxy.cfg" >>"$folder/log/haproxy.log" 2>&1 &
    balancer=$!
    await HAProxy "$balancer" curl --fail --max-time 2 "$address/health/ready"
}

post() { # path, JSON body, option …
    local path=$1 body=$2
    shift 2
    curl --silent --show-error --fail-with-body --header 'Content-Type: application/json' --data "$body" "$@" "$address$path"
}

# An operator, and a concert in a small hall, so that there is something to book.
open_sale() {
    local email=operator@example.com token plan concert terms
    password=$(secret operator)
    [[ ! -e $folder/opened ]] || return 0
    if [[ ! -e $folder/operator ]]; then
        ONSALE_OPERATOR_PASSWORD=$password "$program" operator create --email "$email" >"$folder/operator.new"
        mv "$folder/operator.new" "$folder/operator"
    fi
    token=$(post /v1/sessions "{\"email\":\"$email\",\"password\":\"$password\"}" | jq -r .access_token)
    plan=$(post /v1/seating-plans "@$root/tests/fixtures/hall.json" --header "Authorization: Bearer $token")
    concert=$(post /v1/concerts '{"title":"Night of songs","venue":"Small hall"}' --header "Authorization: Bearer $token")
    terms=$(jq --arg now "$(date -u +%FT%TZ)" --arg later "$(date -u -d '30 days' +%FT%TZ)" '{
        seating_plan_id, time_zone: "Asia/Seoul", currency: "KRW", starts_at: $later, sales_open_at: $now,
        sales_close_at: $later, refundable_until: $later,
        prices: [.categories[] | {category_id, price: 50000}]
    }' <<<"$plan")
    post "/v1/concerts/$(jq -r .concert_id <<<"$concert")/performances" "$terms" --header "Authorization: Bearer $token" \
        >/dev/null
    touch "$folder/opened"
}

announce() {
    local number
    echo "Onsale serves $address with $replicas replicas"
    echo "  Swagger page     $address/docs"
    echo "  operator         operator@example.com  $password"
    for number in $(seq "$replicas"); do
        echo "  replica $number        process ${processes[number]}, http://127.0.0.1:${ports[number]}," \
            "health http://127.0.0.1:${admin_ports[number]}/health/detail"
    done
    echo "  data and logs    $folder"
    echo "Book as README.md shows, with api=$address; kill a replica and book again. Ctrl-C stops everything."
}

# Starts replicas again that end; ends with anything else that ends.
watch_over() {
    local ended number
    while true; do
        wait -n -p ended "$mariadb" "$redis" "$balancer" "${processes[@]}" 2>/dev/null || true
        for number in $(seq "$replicas"); do
            [[ ${ended:-} == "${processes[number]}" ]] || continue
            sleep 1 # one that cannot start does not start all the time
            start_replica "$number"
            echo "replica $number ended and is started again, process ${processes[number]}"
            continue 2
        done
        fail "MariaDB, Redis or HAProxy ended: see $folder/log"
    done
}

# Told to stop, or killed when it does not.
stop() { # process …
    local process limit=$((SECONDS + stop_limit))
    [[ $# -gt 0 ]] || return 0
    kill -TERM "$@" 2>/dev/null || true
    for process in "$@"; do
        while kill -0 "$process" 2>/dev/null; do
            [[ $SECONDS -lt $limit ]] || kill -KILL "$process" 2>/dev/null || true
            sleep 0.1
        done
    done
}

# First who asks, then who answers, then what they need.
stop_all() {
    local code=$?
    trap '' HUP INT TERM
    stop ${balancer:+"$balancer"}
    stop "${processes[@]}"
    stop ${mariadb:+"$mariadb"} ${redis:+"$redis"}
    exit "$code"
}

make_sure_of_tools
find_program "${@:2}"
raise_limit_of_files
umask 077
mkdir -p "$1"
folder=$(cd "$1" && pwd)
mkdir -p "$folder/log" "$folder/secrets"
exec 9>"$folder/lock" # open in every process that is started here
flock --nonblock 9 || fail "$folder is in use"
ports=() admin_ports=() processes=()
trap stop_all EXIT
trap 'exit 130' HUP INT TERM
start_mariadb
start_redis
choose_settings
for number in $(seq "$replicas"); do start_replica "$number"; done
for number in $(seq "$replicas"); do await_replica "$number"; done
start_balancer
open_sale
announce
watch_over
