#!/usr/bin/env bash
# Generates a TypeScript client from docs/openapi.json, compiles it under `strict` and books a seat with it.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/demo-server.sh
source scripts/demo-server.sh

require npm "nodejs npm" "nodejs npm" node
[[ -e docs/openapi.json ]] || fail "missing docs/openapi.json: onsale openapi > docs/openapi.json"

work=${CARGO_TARGET_DIR:-target}/typescript # a copy, so that the checkout stays clean
mkdir -p "$work"
cp tests/typescript/*.json tests/typescript/*.ts "$work"
cp docs/openapi.json "$work/openapi.json"

(
    cd "$work"
    npm ci --no-audit --no-fund --silent
    npx --no-install openapi-typescript openapi.json --output schema.d.ts
    npx --no-install tsc --project tsconfig.json
)
echo "the client compiles under strict"

start_demo_server
node "$work/build/book-a-seat.js"
