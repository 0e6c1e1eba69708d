#!/bin/sh
# Build the chat widget where npm is there and its sources have changed; else the committed build is used.
set -eu
cd "$(dirname "$0")/../widget"
if ! npm --version >/dev/null 2>&1; then
    echo "No npm: using the committed build of the chat widget."
    exit 0
fi
if node scripts/built.mjs >/dev/null 2>&1; then
    exit 0
fi
echo "Building the chat widget ..."
npm ci --silent --no-audit --no-fund
npm run --silent build
