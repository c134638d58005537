# shellcheck shell=bash
# What scripts share; source this file.

fail() { # message
    echo "$1" >&2
    exit 1
}

# Below the range that the system takes ports for outgoing connections from.
free_port() {
    local port
    while true; do
        port=$((12000 + RANDOM % 18000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    echo "$port"
}
