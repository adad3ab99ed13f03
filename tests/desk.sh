#!/usr/bin/env bash
# Sits down at the auditors' desk in headless Chromium: logs in without a script, opens every report, follows figures down to the
# journal, downloads files, logs out; axe finds no fault on any page, nothing is wider than a phone, no request leaves the registry.
# Needs Node, npm, curl and Chromium; axe and the driver of the browser are installed in a temporary folder. docs/testing.md says more.
#
#   tests/desk.sh
#
# Environment: PROGRAM (the program), CHROMIUM (the browser), PORT, SHOTS (a folder that keeps a picture of each page).
set -euo pipefail

program=$(realpath "${PROGRAM:-target/release/ots-registry}")
chromium=$(command -v "${CHROMIUM:-chromium}")
port=${PORT:-18482}
url=http://127.0.0.1:$port
script=$(realpath "$(dirname "$0")/desk.mjs")
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; }; rm -rf "$work"' EXIT

(cd "$work" && npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$work" axe-core@4.14.1 playwright-core@1.65.1 >/dev/null)
cp "$script" "$work/desk.mjs"
"$program" serve --demo --data-dir "$work/data" --listen "127.0.0.1:$port" \
  --limit-anonymous 0 --limit-known 0 --log warn >"$work/demo.txt" 2>"$work/server.log" &
server=$!
for _ in $(seq 240); do
  curl -sf "$url/readyz" >/dev/null && break
  kill -0 "$server" || { cat "$work/server.log"; exit 1; }
  sleep 0.5
done
password=$(sed -n 's/^ *password of all: *//p' "$work/demo.txt")
CHROMIUM=$chromium SHOTS=${SHOTS:+$(mkdir -p "$SHOTS" && realpath "$SHOTS")} URL=$url PASSWORD=$password node "$work/desk.mjs"
