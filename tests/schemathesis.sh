#!/usr/bin/env bash
# Runs Schemathesis over every operation for every kind of caller, against a demo registry of its own on a loopback
# address, in a temporary folder. docs/testing.md says how to get it and what the settings mean.
#
#   tests/schemathesis.sh [ROLE…]      all of: anonymous partner auditor coordinator sessions secretariat accounts
#
# Environment: PROGRAM (the program), SCHEMATHESIS (the tool), EXAMPLES (per operation and phase), SEED, PORT,
# DATABASE_URL (an empty PostgreSQL database; SQLite otherwise), REPORTS (folder that keeps the reports).
set -euo pipefail

program=$(realpath "${PROGRAM:-target/release/ots-registry}")
tool=${SCHEMATHESIS:-schemathesis}
examples=${EXAMPLES:-100}
port=${PORT:-18480}
url=http://127.0.0.1:$port
work=$(mktemp -d)
mkdir -p "${REPORTS:=$work}"
reports=$(realpath "$REPORTS")
cd "$work" # the tool leaves a cache where it runs
roles=("$@")
for role in "${roles[@]}"; do
  case $role in
    anonymous | partner | auditor | coordinator | sessions | secretariat | accounts) ;;
    *) echo "unknown role: $role" >&2; exit 2 ;;
  esac
done
[ ${#roles[@]} -gt 0 ] || roles=(anonymous partner auditor coordinator sessions secretariat accounts)

database=()
[ -z "${DATABASE_URL:-}" ] || database=(--database-url "$DATABASE_URL")
unset DATABASE_URL
"$program" serve --demo "${database[@]}" --data-dir "$work/data" --listen "127.0.0.1:$port" \
  --limit-anonymous 0 --limit-known 0 --log warn >"$work/demo.txt" 2>"$reports/server.log" &
server=$!
trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
for _ in $(seq 240); do
  curl -sf "$url/readyz" >/dev/null && break
  kill -0 "$server" || { cat "$reports/server.log"; exit 1; }
  sleep 0.5
done
password=$(sed -n 's/^ *password of all: *//p' "$work/demo.txt")
key=$(sed -n 's/^ *partner key: *//p' "$work/demo.txt")

log_in() {
  curl -sf "$url/v1/auth/login" -H 'Content-Type: application/json' \
    -d "{\"email\":\"$1@demo.example\",\"password\":\"$password\"}" |
    python3 -c 'import json,sys; print(json.load(sys.stdin)["access_token"])'
}

# Two imports, so that there are some to read, resolve and commit.
secretariat=$(log_in secretariat1)
kz=$(log_in kz1)
for token in "$kz" "$secretariat"; do
  for n in 1 2; do
    printf 'name,country,city\r\nSample %s,KZ,Astana\r\nSample %s,KZ,Astana\r\n,KZ,Astana\r\n' "$n" "$n" |
      curl -sf -o "$work/import.json" "$url/v1/imports?file_name=sample.csv" -H "Authorization: Bearer $token" \
        -H 'Content-Type: text/csv' -H "Idempotency-Key: import-$n" --data-binary @-
  done
done

user_of() {
  case $1 in
    auditor) echo auditor ;;
    coordinator) echo kz1 ;;
    secretariat) echo secretariat1 ;;
    accounts) echo secretariat2 ;;
  esac
}

token_of() {
  case $1 in
    partner) echo "$key" ;;
    sessions) log_in kz1 ;;
  esac
}

# Random ids find nothing, so most requests name things that are there; a fifth stays random.
write_config() {
  SECRETARIAT=$(log_in secretariat1) PASSWORD=$password python3 - "$url" "$1" "$2" >"$work/schemathesis.toml" <<'PYTHON'
import json, os, sys, urllib.request
url, user, token = sys.argv[1:]

def items(path):
    request = urllib.request.Request(url + path, headers={"Authorization": "Bearer " + os.environ["SECRETARIAT"]})
    return json.load(urllib.request.urlopen(request))["items"]

text = json.dumps  # a JSON string or list of strings is TOML too
if user:  # access tokens live 15 minutes, which a long pass outlives: the tool logs in anew every 5
    print("[auth.dynamic.openapi.bearer]\npath = \"/v1/auth/login\"\nextract_selector = \"/access_token\"")
    print(f"payload = {{ email = {text(user + '@demo.example')}, password = {text(os.environ['PASSWORD'])} }}\n")
elif token:
    print(f"[auth.openapi.bearer]\nbearer = {text(token)}\n")
print("[output.sanitization]\nenabled = false\n")
# Rules that no schema can say (a day in the future, a taken identifier, a second legal name) answer 422 and a tag of
# another version 412; a header that is missing answers 400 (Idempotency-Key) or 428 (If-Match).
print('[checks.positive_data_acceptance]\nexpected-statuses = ["2xx", "3xx", 401, 403, 404, 409, 412, 422, 429, "5xx"]\n')
print("[checks.missing_required_header]\nexpected-statuses = [400, 401, 403, 404, 422, 428]\n")
numbers = [o["number"] for o in items("/v1/organisations?country=KZ&limit=20")]
numbers += [o["number"] for o in items("/v1/organisations?country=HU&limit=3")]
memberships = [m["id"] for m in items("/v1/memberships?country=KZ&limit=60")]
proposals = [p["id"] for p in items("/v1/proposals?limit=40")]
keys = [k["id"] for k in items("/v1/api-keys")]
imports = [i["id"] for i in items("/v1/imports?limit=20")]
users = [u["id"] for u in items("/v1/users?country=HU")]
lists = {"numbers": numbers, "memberships": memberships, "proposals": proposals, "keys": keys, "users": users, "imports": imports,
         "tags": ["*"], "items": [1, 2, 3], "seqs": [1, 2, 50]}
print("[dictionaries]")
for name, values in lists.items():
    if values:
        print(f"{name} = {{ values = {text(values)} }}")
bound = lambda name, chance=0.8: f'{{ dictionary = "{name}", probability = {chance} }}'
print("\n[parameters]")
print(f'"path.number" = {bound("numbers")}\n"path.item" = {bound("items")}\n"path.seq" = {bound("seqs")}')
print(f'"header.If-Match" = {bound("tags")}')
for pattern, name in [("^/v1/memberships/", "memberships"), ("^/v1/proposals/", "proposals"),
                      ("^/v1/api-keys/", "keys"), ("^/v1/users/", "users"),
                      ("^/v1/imports/", "imports")]:
    if lists[name]:
        print(f'\n[[operations]]\ninclude-path-regex = "{pattern}"\n[operations.parameters]\n"path.id" = {bound(name)}')
# A cursor comes from the page before; an invented one is well-formed and refused.
contract = json.load(urllib.request.urlopen(url + "/openapi.json"))["paths"]
names = ["GET " + path for path, item in contract.items()
         if any(p.get("name") == "cursor" for p in item.get("get", {}).get("parameters", []))]
print(f'\n[[operations]]\ninclude-name = {text(names)}\n[operations.checks.positive_data_acceptance]')
print('expected-statuses = ["2xx", "3xx", 400, 401, 403, 404, 422, 429, "5xx"]')
PYTHON
}

# What can end the caller's own session or account has a pass of its own; the tool reuses ids and tokens of answers.
own="^(end_current_session|end_own_session)$"
others="^(change_user|create_password_reset|accept_invitation|reset_password)$"
failed=()
for role in "${roles[@]}"; do
  write_config "$(user_of "$role")" "$(token_of "$role")"
  case $role in
    anonymous) choice=() ;;
    sessions) choice=(--include-operation-id-regex "$own") ;;
    secretariat) choice=(--exclude-operation-id-regex "$own|$others") ;;
    accounts) choice=(--include-operation-id-regex "$others") ;;
    *) choice=(--exclude-operation-id-regex "$own") ;;
  esac
  echo "== $role"
  "$tool" --config-file "$work/schemathesis.toml" run "$url/openapi.json" --url "$url" \
    --phases examples,coverage,fuzzing --max-examples "$examples" --continue-on-failure --workers 1 --no-color \
    --generation-database none ${SEED:+--seed "$SEED"} "${choice[@]}" >"$reports/$role.txt" 2>&1 || failed+=("$role")
  sed -n '/= SUMMARY =/,$p' "$reports/$role.txt"
done
# Every answer of 5xx leaves a line "request failed" with its cause.
if grep -q 'request failed' "$reports/server.log"; then
  echo "The server failed requests:"
  grep 'request failed' "$reports/server.log" | head -20
  failed+=("server log")
fi
[ ${#failed[@]} -eq 0 ] || { echo "failed: ${failed[*]} (see $reports)"; exit 1; }
