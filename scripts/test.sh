#!/usr/bin/env bash
# Makes sure of servers and tools, then runs every check and every test.
#
#   scripts/test.sh [--install]
#
# MySQL comes from the first of these that there is: ONSALE_TEST_MYSQL_URL, Docker, a local mariadbd or mysqld run as a
# private process. What is missing is installed when this runs as root on Debian or Ubuntu, or with --install; otherwise
# the commands are printed.
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
started=$SECONDS
target=${CARGO_TARGET_DIR:-target}
export ONSALE_TEST_BINARY="$target/debug/onsale"
servers="$target/debug/onsale-test-servers"

finish() {
    local code=$? # of whatever ended the script
    if [[ $code -eq 0 ]]; then
        echo
        echo "PASSED: every check and every test, in $((SECONDS - started)) s"
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

missing_tools() {
    command -v curl >/dev/null || echo curl
    command -v npm >/dev/null || echo npm
    python3 -c 'import ensurepip, venv' 2>/dev/null || echo python3
    command -v redis-server >/dev/null || echo redis
    scripts/test-browser.sh --find >/dev/null 2>&1 || echo chromium
}

packages() { # manager, tool …
    local manager=$1 tool
    shift
    for tool in "$@"; do
        case $manager:$tool in
            apt-get:mysql | dnf:mysql) echo mariadb-server ;;
            brew:mysql) echo mariadb ;;
            apt-get:npm | dnf:npm) echo nodejs npm ;;
            brew:npm) echo node ;;
            apt-get:python3) echo python3 python3-venv ;;
            brew:python3) echo python ;;
            apt-get:redis) echo redis-server ;;
            *) echo "$tool" ;;
        esac
    done | tr '\n' ' '
}

print_commands() { # tool …
    {
        echo "Missing: $*. Install it, or run scripts/test.sh --install:"
        echo "  Debian, Ubuntu: sudo apt-get update && sudo apt-get install -y $(packages apt-get "$@")"
        echo "  Fedora:         sudo dnf install -y $(packages dnf "$@")"
        echo "  macOS:          brew install $(packages brew "$@")"
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
    else
        echo "chromium, curl, npm, python3, redis: present"
    fi
}

make_sure_of_servers() {
    if ! "$servers" find mysql; then
        provide mysql
        "$servers" find mysql
    fi
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
        echo "skipped: cargo-deny is not installed (cargo install --locked cargo-deny)"
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
