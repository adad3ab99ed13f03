#!/usr/bin/env bash
# Reads the reports of a demo registry back with openpyxl, pdftotext, qpdf and the like, and compares them with JSON.
#   OTS_REGISTRY  the program (default: target/debug/ots-registry)
#   FILES         folder that keeps the files (default: removed at the end)
set -euo pipefail
cd "$(dirname "$0")/.."
program=$(realpath "${OTS_REGISTRY:-target/debug/ots-registry}")
files=${FILES:-}
unset OTS_REGISTRY FILES # the program refuses OTS_ variables that it does not know
. tests/packages.sh
python=/usr/bin/python3 # Debian's own, for which its packages are
missing=()
"$python" -c 'import openpyxl' 2>/dev/null || missing+=(python3-openpyxl)
command -v pdftotext >/dev/null || missing+=(poppler-utils)
command -v qpdf >/dev/null || missing+=(qpdf)
install_packages "${missing[@]}"
work=$(mktemp -d)
server=''
finish() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  [ -z "$server" ] || wait "$server" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT
port=18084
"$program" serve --demo --data-dir "$work/demo" --listen "127.0.0.1:$port" >"$work/out" 2>"$work/log" &
server=$!
for _ in $(seq 1 600); do
  if curl -fsS "http://127.0.0.1:$port/readyz" >/dev/null 2>&1; then break; fi
  if ! kill -0 "$server" 2>/dev/null; then cat "$work/log"; exit 1; fi
  sleep 0.1
done
password=$(sed -n 's/^ *password of all: *//p' "$work/out")
token=$(curl -fsS "http://127.0.0.1:$port/v1/auth/login" -H 'Content-Type: application/json' \
  -d "{\"email\":\"auditor@demo.example\",\"password\":\"$password\"}" | sed -n 's/.*"access_token":"\([^"]*\)".*/\1/p')
mkdir -p "${files:-$work/files}"
"$python" tests/reports.py "http://127.0.0.1:$port" "$token" "${files:-$work/files}"
