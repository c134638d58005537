#!/usr/bin/env bash
# Goes through a waiting room in headless Chromium: the demo server, its waiting page, and the example site behind it.
#
#   scripts/test-browser.sh [--screenshot]
#   scripts/test-browser.sh --find        prints where the browser is
#
# --screenshot writes docs/images/waiting-page.png. ONSALE_TEST_BROWSER names a Chromium or Chrome that is not found.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/demo-server.sh
source scripts/demo-server.sh

find_browser() {
    local candidate
    for candidate in "${ONSALE_TEST_BROWSER:-}" chromium chromium-browser google-chrome google-chrome-stable \
        /Applications/Chromium.app/Contents/MacOS/Chromium \
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do
        if [[ -n $candidate ]] && command -v "$candidate"; then return; fi
    done
    fail "missing Chromium: apt-get install chromium (Debian), dnf install chromium (Fedora), brew install --cask chromium \
(macOS), or set ONSALE_TEST_BROWSER"
}

ONSALE_TEST_BROWSER=$(find_browser)
export ONSALE_TEST_BROWSER
if [[ ${1:-} == --find ]]; then
    echo "$ONSALE_TEST_BROWSER"
    exit
fi

require node nodejs nodejs node
require python3 python3 python3 python
export ONSALE_HTTP__TRUSTED_PROXIES='["127.0.0.1/32"]' # the tests say what a proxy would
start_demo_server
ONSALE_TEST_OPERATOR=$(operator_token)
export ONSALE_TEST_OPERATOR
export ONSALE_TEST_LOG=$demo_folder/log
[[ ${1:-} != --screenshot ]] || export ONSALE_TEST_SCREENSHOT=docs/images/waiting-page.png
reporter=()
if node --help | grep -q -e --test-reporter; then reporter=(--test-reporter=spec); fi
node --test ${reporter[@]+"${reporter[@]}"} tests/browser/*.test.mjs
