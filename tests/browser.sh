#!/usr/bin/env bash
# Starts a demo registry of its own and hands it to a script for headless Chromium. For pages.sh and desk.sh, not by itself:
#
#   browser.sh SCRIPT PORT
#   browser.sh --packages FOLDER    installs axe and the driver of the browser there, if they are not; DRIVER=FOLDER uses them
set -euo pipefail

packages=(axe-core@4.14.1 playwright-core@1.65.1)
install() {
  (cd "$1" && npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$1" "${packages[@]}" >/dev/null)
}
if [ "$1" = --packages ]; then
  mkdir -p "$2"
  [ "$(cat "$2/made-from.txt" 2>/dev/null)" = "${packages[*]}" ] && exit
  install "$2"
  echo "${packages[*]}" >"$2/made-from.txt"
  exit
fi

program=$(realpath "${PROGRAM:-target/release/ots-registry}")
chromium=$(command -v "${CHROMIUM:-chromium}")
port=${PORT:-$2}
url=http://127.0.0.1:$port
script=$(realpath "$1")
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; }; rm -rf "$work"' EXIT

if [ -n "${DRIVER:-}" ]; then ln -s "$(realpath "$DRIVER")/node_modules" "$work/node_modules"; else install "$work"; fi
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
