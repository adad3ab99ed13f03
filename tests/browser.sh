#!/usr/bin/env bash
# Starts a demo registry of its own and hands it to a script for headless Chromium. For pages.sh and desk.sh, not by itself:
#
#   browser.sh SCRIPT PORT
set -euo pipefail

program=$(realpath "${PROGRAM:-target/release/ots-registry}")
chromium=$(command -v "${CHROMIUM:-chromium}")
port=${PORT:-$2}
url=http://127.0.0.1:$port
script=$(realpath "$1")
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; }; rm -rf "$work"' EXIT

(cd "$work" && npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$work" axe-core@4.14.1 playwright-core@1.65.1 >/dev/null)
cp "$script" "$work/looks.mjs"
"$program" serve --demo --data-dir "$work/data" --listen "127.0.0.1:$port" \
  --limit-anonymous 0 --limit-known 0 --log warn >"$work/demo.txt" 2>"$work/server.log" &
server=$!
for _ in $(seq 240); do
  curl -sf "$url/readyz" >/dev/null && break
  kill -0 "$server" || { cat "$work/server.log"; exit 1; }
  sleep 0.5
done
password=$(sed -n 's/^ *password of all: *//p' "$work/demo.txt")
CHROMIUM=$chromium SHOTS=${SHOTS:+$(mkdir -p "$SHOTS" && realpath "$SHOTS")} URL=$url PASSWORD=$password node "$work/looks.mjs"
