#!/usr/bin/env bash
# Makes sure of servers and tools, then runs every check and every test.
#
#   scripts/test.sh [--install]
#
# MySQL comes from the first of these that there is: ONSALE_TEST_MYSQL_URL, Docker, a local mariadbd or mysqld run as a
# private process. Tests that kill their server, MySQL or Redis, always take Docker or a private process. What is missing
# is installed when this runs as root on Debian or Ubuntu, or with --install; otherwise the commands are printed.
set -euo pipefail
cd "$(dirname "$0")/.."

install=no
for argument in "$@"; do
    case $argument in
        --install) install=yes ;;
        *)
            echo "usage: scripts/test.sh [--install]" >&2
            exit 2
            ;;
    esac
done

current="starting"
skipped=""
started=$SECONDS
target=${CARGO_TARGET_DIR:-target}
export ONSALE_TEST_BINARY="$target/debug/onsale"
servers="$target/debug/onsale-test-servers"

finish() {
    local code=$? # of whatever ended the script
    if [[ $code -eq 0 && -z $skipped ]]; then
        echo
        echo "PASSED: every check and every test, in $((SECONDS - started)) s"
    elif [[ $code -eq 0 ]]; then
        echo
        echo "PASSED, without: $skipped, in $((SECONDS - started)) s"
    else
        echo
        echo "FAILED: $current, after $((SECONDS - started)) s" >&2
    fi
}
trap finish EXIT

step() { # headline, command …
    current=$1
    shift
    echo
    echo "=== $current"
    local since=$SECONDS
    "$@"
    echo "--- $((SECONDS - since)) s"
}

# Names those that are missing or too old: Node.js before 18, Python before 3.10 or without venv.
missing_tools() {
    local node='process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)'
    local python='import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 10))'
    command -v cc >/dev/null || echo cc
    command -v curl >/dev/null || echo curl
    { command -v npm >/dev/null && node -e "$node" 2>/dev/null; } || echo npm
    python3 -c "$python" 2>/dev/null || echo python3
    command -v openssl >/dev/null || echo openssl # certificates of servers with TLS
    command -v redis-server >/dev/null || echo redis # a Cluster is always made of local processes
    scripts/test-browser.sh --find >/dev/null 2>&1 || echo chromium
    [[ ! -e /etc/debian_version ]] || missing_for_replicas
}

# What scripts/three-replicas.sh runs; it is for Debian.
missing_for_replicas() {
    PATH=$PATH:/usr/sbin command -v haproxy >/dev/null || echo haproxy
    command -v jq >/dev/null || echo jq
    PATH=$PATH:/usr/sbin command -v mariadbd >/dev/null || echo mysql
}

packages() { # manager, tool …
    local manager=$1 tool
    shift
    for tool in "$@"; do
        case $manager:$tool in
            apt-get:cc) echo build-essential ;;
            dnf:cc) echo gcc ;;
            brew:cc) ;; # comes with Xcode's command line tools, and those come before brew
            apt-get:mysql | dnf:mysql) echo mariadb-server ;;
            brew:mysql) echo mariadb ;;
            apt-get:redis) echo redis-server ;;
            apt-get:npm | dnf:npm) echo nodejs npm ;;
            brew:npm) echo node ;;
            apt-get:python3) echo python3 python3-venv ;;
            brew:python3) echo python ;;
            *) echo "$tool" ;;
        esac
    done | tr '\n' ' '
}

on_macos() { # tool …
    local names
    names=$(packages brew "$@")
    [[ " $* " != *" cc "* ]] || echo "xcode-select --install"
    [[ -z $names ]] || echo "brew install $names"
}

print_commands() { # tool …
    {
        echo "Missing or too old: $*. Install it, or run scripts/test.sh --install:"
        echo "  Debian, Ubuntu: sudo apt-get update && sudo apt-get install -y $(packages apt-get "$@")"
        echo "  Fedora:         sudo dnf install -y $(packages dnf "$@")"
        on_macos "$@" | sed 's/^/  macOS:          /'
    } >&2
}

as_root() {
    if [[ $EUID -eq 0 ]]; then "$@"; else sudo "$@"; fi
}

install_tools() { # tool …
    local names
    if command -v apt-get >/dev/null; then
        read -ra names <<<"$(packages apt-get "$@")"
        as_root apt-get update
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y "${names[@]}"
    elif command -v dnf >/dev/null; then
        read -ra names <<<"$(packages dnf "$@")"
        as_root dnf install -y "${names[@]}"
    elif command -v brew >/dev/null; then
        read -ra names <<<"$(packages brew "$@")"
        brew install "${names[@]}"
    else
        print_commands "$@"
        return 1
    fi
}

provide() { # tool …: installs them where that is allowed
    if [[ $install == yes ]] || { [[ $EUID -eq 0 ]] && [[ -e /etc/debian_version ]]; }; then
        install_tools "$@"
    else
        print_commands "$@"
        return 1
    fi
}

make_sure_of_tools() {
    local missing
    read -ra missing <<<"$(missing_tools | tr '\n' ' ')"
    if [[ ${#missing[@]} -gt 0 ]]; then
        provide "${missing[@]}"
        read -ra missing <<<"$(missing_tools | tr '\n' ' ')"
    fi
    if [[ ${#missing[@]} -gt 0 ]]; then
        echo "still missing or too old: ${missing[*]} (Node.js 18 and Python 3.10 or later are needed)" >&2
        return 1
    fi
    echo "cc, chromium, curl, npm, openssl, python3, redis, on Debian haproxy, jq and mariadbd: present"
}

# Where a server would come from that a test may kill: never one that the environment names.
find_private() { # server
    env -u ONSALE_TEST_MYSQL_URL -u ONSALE_TEST_REDIS_URL "$servers" find "$1"
}

make_sure_of_servers() {
    local server missing=()
    for server in mysql redis; do
        find_private "$server" || missing+=("$server")
    done
    if [[ ${#missing[@]} -gt 0 ]]; then
        provide "${missing[@]}"
        for server in "${missing[@]}"; do
            find_private "$server"
        done
    fi
    [[ -z ${ONSALE_TEST_MYSQL_URL:-} ]] || "$servers" find mysql
}

# A wheel of typos contains the program, so no Rust build of it is needed.
check_spelling() {
    local program=typos
    if ! command -v typos >/dev/null; then
        python3 -m venv "$target/tools/typos"
        "$target/tools/typos/bin/pip" install --quiet --disable-pip-version-check typos==1.52.0
        program="$target/tools/typos/bin/typos"
    fi
    "$program"
}

# Advisories are left out: one published today would fail a checkout in which nothing changed.
check_dependencies() {
    if command -v cargo-deny >/dev/null; then
        cargo deny --all-features check bans licenses sources
    else
        skipped=${skipped:+$skipped, }"dependencies (cargo-deny is not installed)"
        echo "skipped: cargo-deny is not installed (cargo install --locked cargo-deny)"
    fi
}

test_replicas() {
    if [[ -e /etc/debian_version ]]; then
        scripts/test-three-replicas.sh
    else
        skipped=${skipped:+$skipped, }"three replicas behind a balancer (this is not Debian)"
        echo "skipped: scripts/three-replicas.sh is for Debian"
    fi
}

step "Tools" make_sure_of_tools
step "Format" cargo fmt --all --check
step "Spelling" check_spelling
step "Dependencies" check_dependencies
step "Clippy" cargo clippy --workspace --all-targets --quiet -- -D warnings
step "Build" cargo build --workspace --quiet
step "Servers" make_sure_of_servers
step "Tests" "$servers" with-servers mysql -- cargo test --workspace --quiet
step "TypeScript client" scripts/test-typescript.sh
step "Schemathesis" scripts/test-schemathesis.sh
step "Browser" scripts/test-browser.sh
step "Three replicas" test_replicas
