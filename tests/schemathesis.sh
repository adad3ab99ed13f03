#!/usr/bin/env bash
# Runs Schemathesis over every operation for every kind of caller, against a demo registry of its own on a loopback
# address, in a temporary folder. docs/testing.md says how to get it and what the settings mean.
#
#   tests/schemathesis.sh [PASS…]      all of: anonymous partner auditor coordinator sessions secretariat accounts
#
# Environment: PROGRAM (the program), SCHEMATHESIS (the tool), EXAMPLES (per operation and phase), SEED, PORT,
# DATABASE_URL (an empty PostgreSQL database; SQLite otherwise), REPORTS (folder that keeps the reports),
# LEAST (cases that must have run at least).
set -euo pipefail

here=$(realpath "$(dirname "$0")")
program=$(realpath "${PROGRAM:-target/release/ots-registry}")
tool=${SCHEMATHESIS:-schemathesis}
examples=${EXAMPLES:-100}
least=${LEAST:-0}
port=${PORT:-18480}
url=http://127.0.0.1:$port
work=$(mktemp -d)
mkdir -p "${REPORTS:=$work}"
reports=$(realpath "$REPORTS")
cd "$work" # the tool leaves a cache where it runs
passes=("$@")
for pass in "${passes[@]}"; do
  case $pass in
    anonymous | partner | auditor | coordinator | sessions | secretariat | accounts) ;;
    *) echo "unknown pass: $pass" >&2; exit 2 ;;
  esac
done
[ ${#passes[@]} -gt 0 ] || passes=(anonymous partner auditor coordinator sessions secretariat accounts)

database=()
[ -z "${DATABASE_URL:-}" ] || database=(--database-url "$DATABASE_URL")
unset DATABASE_URL
# The cookies have the names that the contract gives them where people reach the registry by https, and nobody goes there.
"$program" serve --demo "${database[@]}" --data-dir "$work/data" --listen "127.0.0.1:$port" --base-url https://registry.example \
  --limit-anonymous 0 --limit-known 0 --log warn >"$work/demo.txt" 2>"$reports/server.log" &
server=$!
trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
for _ in $(seq 240); do
  curl -sf "$url/readyz" >/dev/null && break
  kill -0 "$server" || { cat "$reports/server.log"; exit 1; }
  sleep 0.5
done
PASSWORD=$(sed -n 's/^ *password of all: *//p' "$work/demo.txt")
KEY=$(sed -n 's/^ *partner key: *//p' "$work/demo.txt")
export PASSWORD KEY
python3 "$here/schemathesis.py" "$url" prepare

# What can end the caller's own session or account has a pass of its own; the tool reuses ids and tokens of answers.
own="^(end_current_session|end_own_session|end_desk_session)$"
others="^(change_user|create_password_reset|accept_invitation|reset_password)$"
failed=()
cases=0
for pass in "${passes[@]}"; do
  python3 "$here/schemathesis.py" "$url" "$pass" >"$work/schemathesis.toml"
  case $pass in
    anonymous) choice=() ;;
    sessions) choice=(--include-operation-id-regex "$own") ;;
    secretariat) choice=(--exclude-operation-id-regex "$own|$others") ;;
    accounts) choice=(--include-operation-id-regex "$others") ;;
    *) choice=(--exclude-operation-id-regex "$own") ;;
  esac
  echo "== $pass"
  "$tool" --config-file "$work/schemathesis.toml" run contract.json --url "$url" \
    --phases examples,coverage,fuzzing --max-examples "$examples" --continue-on-failure --workers 1 --no-color \
    --generation-database none --request-timeout 300 ${SEED:+--seed "$SEED"} "${choice[@]}" >"$reports/$pass.txt" 2>&1 || {
    failed+=("$pass")
    sed -n '/= \(ERRORS\|FAILURES\) =/,/= \(WARNINGS\|SUMMARY\) =/p' "$reports/$pass.txt" | cut -c1-500 | head -300 || true
  }
  sed -n '/= SUMMARY =/,$p' "$reports/$pass.txt"
  ran=$(sed -n 's/^ *\([0-9]*\) generated.*/\1/p' "$reports/$pass.txt")
  [ "${ran:-0}" -gt 0 ] || failed+=("$pass ran nothing")
  cases=$((cases + ${ran:-0}))
  # Who is logged in and gets nothing but 401 is not logged in, and tries nothing.
  case $pass in
    auditor | coordinator | secretariat)
      nobody=$(awk '/^[0-9]+ [A-Z]/ { on = /^401 / } /^$/ { on = 0 } on && /^  - GET / { print $3 }' "$reports/$pass.txt")
      [ -z "$nobody" ] || failed+=("$pass is nobody at" $nobody)
      ;;
  esac
done
# Every answer of 5xx leaves a line "request failed" with its cause.
if grep -q 'request failed' "$reports/server.log"; then
  echo "The server failed requests:"
  grep 'request failed' "$reports/server.log" | head -20
  failed+=("server log")
fi
echo "$cases cases in $((SECONDS / 60)) minutes"
[ "$cases" -ge "$least" ] || failed+=("fewer than $least cases")
[ ${#failed[@]} -eq 0 ] || { printf 'failed: %s (see %s)\n' "$(IFS=,; echo "${failed[*]}")" "$reports"; exit 1; }
