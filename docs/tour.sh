#!/usr/bin/env bash
# A short tour of the registry, by curl only: from a spreadsheet to a public member, and the record of it.
#
#   cargo run --release -- serve --demo        in one terminal
#   docs/tour.sh                               in another
#
# or, for a registry that keeps its data somewhere else:
#
#   BASE=http://127.0.0.1:9000 docs/tour.sh --data-dir demo-data
#
# The arguments say to the program, for the last step, where that registry's database is (default: --data-dir data).
# BASE         the address of a registry that was started with --demo (http://127.0.0.1:8080)
# REGISTRY     the program (target/release/ots-registry)
# PARTNER_KEY  the partner's API key that `serve --demo` printed; without it the secretariat makes one, which ends with the tour
#
# Every answer is checked; the first one that is not as expected ends the tour with exit code 1. The tour can be repeated: each
# run takes another organisation of the spreadsheet, until all have a membership.
set -euo pipefail

BASE="${BASE:-http://127.0.0.1:8080}"
ROOT="$(cd "$(dirname "$0")/.." && pwd)"
REGISTRY="${REGISTRY:-${OTS_REGISTRY:-$ROOT/target/release/ots-registry}}"
# The program refuses OTS_ variables that it does not know.
unset OTS_REGISTRY
PARTNER_KEY="${PARTNER_KEY:-}"
[ $# -gt 0 ] || set -- --data-dir "$ROOT/data"
SHEET="$ROOT/tests/data/import-identifiers-kz.csv"
PASSWORD='nine sample beekeepers'

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

say() { printf '\n== %s\n' "$*"; }
tell() { printf '   %s\n' "$*"; }
die() {
    printf '\nThe tour ends here: %s\n' "$*" >&2
    exit 1
}

# call STATUS METHOD PATH [curl's arguments]: one request; its answer is in $work/body and $work/headers.
call() {
    local wanted="$1" method="$2" path="$3" status
    shift 3
    tell "$method $path"
    status="$(curl -sS --max-time 60 -X "$method" -D "$work/headers" -o "$work/body" -w '%{http_code}' "$@" "$BASE$path")" ||
        die "$method $path: no answer from $BASE"
    [ "$status" = "$wanted" ] || die "$method $path: $status instead of $wanted: $(cat "$work/body")"
}

# as TOKEN STATUS METHOD PATH [curl's arguments]: the same with a log-in or an API key.
as() {
    local token="$1"
    shift
    call "$@" -H "Authorization: Bearer $token"
}

# act TOKEN STATUS PATH BODY: a POST with a JSON body and a new Idempotency-Key.
act() { as "$1" "$2" POST "$3" -H 'Content-Type: application/json' -H "Idempotency-Key: $(key)" -d "$4"; }

# act_on TOKEN STATUS PATH BODY: the same on the version whose tag the last answer gave.
act_on() {
    local tag
    tag="$(header ETag)"
    as "$1" "$2" POST "$3" -H 'Content-Type: application/json' -H "Idempotency-Key: $(key)" -H "If-Match: $tag" -d "$4"
}

# A new Idempotency-Key: 128 random bits.
key() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }

# The day in so many days (UTC), by GNU's date or that of BSD and macOS.
day_in() { date -u -d "+$1 days" +%F 2>/dev/null || date -u -v "+$1d" +%F; }

# The value of a header of the last answer.
header() {
    local value
    value="$(grep -i "^$1:" "$work/headers" | sed -n '1s/^[^:]*: *//p' | tr -d '\r')" || true
    [ -n "$value" ] || die "the last answer has no header $1"
    printf '%s' "$value"
}

# The first text or number of this name in the last answer.
member() {
    local value
    value="$(grep -oE "\"$1\":(\"[^\"]*\"|[0-9]+)" "$work/body" | sed -n "1s/^\"$1\"://p" | tr -d '"')" || true
    [ -n "$value" ] || die "the last answer has no $1: $(cat "$work/body")"
    printf '%s' "$value"
}

# Holds the last answer to a text that it must have, or must not have.
has() { grep -qF -- "$1" "$work/body" || die "the answer does not say $1: $(cat "$work/body")"; }
lacks() { ! grep -qF -- "$1" "$work/body" || die "the answer must not say $1: $(cat "$work/body")"; }

log_in() {
    call 200 POST /v1/auth/login -H 'Content-Type: application/json' \
        -d "{\"email\":\"$1@demo.example\",\"password\":\"$PASSWORD\"}"
}

[ -x "$REGISTRY" ] || die "there is no program at $REGISTRY, which the last step needs; set REGISTRY"

say "Is the registry there?"
call 200 GET /readyz
has '"status":"ok"'

say "A coordinator of Kazakhstan, two officers of the secretariat and an auditor log in"
log_in kz1
coordinator="$(member access_token)"
log_in secretariat1
secretariat="$(member access_token)"
log_in secretariat2
colleague="$(member access_token)"
log_in auditor
auditor="$(member access_token)"

say "The coordinator uploads a spreadsheet as it is; nothing is registered yet"
as "$coordinator" 201 POST '/v1/imports?country=KZ&file_name=import-identifiers-kz.csv' \
    -H 'Content-Type: text/csv' -H "Idempotency-Key: $(key)" --data-binary "@$SHEET"
import="$(member id)"
tell "import $import: $(grep -o '"counts":{[^}]*}' "$work/body")"
has '"status":"planned"'
has '"rows":15'

say "What would become of its rows, and why some cannot go in"
as "$coordinator" 200 GET "/v1/imports/$import/rows?outcome=faulty&limit=3"
has '"outcome":"faulty"'
tell "$(grep -o '"findings":\[[^]]*\]' "$work/body" | sed -n 1p)"
as "$secretariat" 200 GET "/v1/imports/$import/rows?outcome=possible_duplicate"

say "The import is committed: the good rows go in, the others wait for a person"
as "$coordinator" 200 POST "/v1/imports/$import/commit" -H "Idempotency-Key: $(key)"
has '"status":"committed"'
tell "$(grep -o '"counts":{[^}]*}' "$work/body")"

say "An imported organisation without a membership"
as "$coordinator" 200 GET "/v1/imports/$import/rows?outcome=new&outcome=unchanged&limit=200"
numbers="$(grep -oE '"number":"OTS-[0-9A-Z]{7}-[0-9]{2}"' "$work/body" | sed 's/.*:"//; s/"$//')" || die "no row was registered"
number=''
for one in $numbers; do
    as "$coordinator" 200 GET "/v1/organisations/$one/memberships"
    if grep -qF '"ids":[]' "$work/body"; then
        number="$one"
        break
    fi
done
[ -n "$number" ] || die "every organisation of the spreadsheet has a membership; start again with an empty data folder"
tell "takes $number"

say "It is not public: nobody outside its country can see that it exists"
call 404 GET "/v1/organisations/$number"

say "The coordinator applies for it, submits and takes the review"
act "$coordinator" 201 "/v1/organisations/$number/memberships" '{"type":"observer"}'
membership="$(member id)"
act_on "$coordinator" 200 "/v1/memberships/$membership/submit" '{}'
act_on "$coordinator" 200 "/v1/memberships/$membership/review" '{}'
has '"state":"in_review"'

say "The coordinator recommends it: that is a proposal, and changes nothing for the public"
act_on "$coordinator" 202 "/v1/memberships/$membership/recommendation" \
    '{"stance":"for","reason":"The extract from the state register was checked.","checklist":[{"item":"registered","met":true}]}'
proposal="$(header Location)"
has '"status":"open"'
call 404 GET "/v1/organisations/$number"

say "Who proposed cannot decide"
as "$coordinator" 200 GET "$proposal"
revision="$(member revision)"
decision="{\"outcome\":\"approved\",\"reason\":\"As recommended.\",\"revision\":$revision,\"decision_number\":\"TOUR/1\"}"
act "$coordinator" 403 "$proposal/decision" "$decision"
has '"code":"second_officer_needed"'

say "It waits for the secretariat, and its tasks say so"
as "$secretariat" 200 GET '/v1/tasks?limit=200'
has "$proposal/decision"

say "A second officer, of the secretariat, reads the proposal and decides"
as "$secretariat" 200 GET "$proposal"
act "$secretariat" 200 "$proposal/decision" "$decision"
has '"status":"approved"'
has '"state":"active"'

say "Now everybody can read it"
call 200 GET "/v1/organisations/$number"
has '"standing":"active"'
lacks '"private"'
tag="$(header ETag)"
call 304 GET "/v1/organisations/$number" -H "If-None-Match: $tag"

say "A partner website reads it with its API key"
if [ -n "$PARTNER_KEY" ]; then
    as "$PARTNER_KEY" 200 GET "/v1/organisations/$number"
    has '"standing":"active"'
    lacks '"private"'
    as "$PARTNER_KEY" 403 GET /v1/memberships
fi

say "The secretariat makes another key, and revokes it: it stops working at once"
act "$secretariat" 201 /v1/api-keys '{"name":"Tour partner website","scopes":["read"]}'
partner_id="$(member id)"
partner="$(member secret)"
as "$partner" 200 GET "/v1/organisations/$number"
has '"standing":"active"'
lacks '"private"'
as "$partner" 403 GET /v1/memberships
as "$secretariat" 204 DELETE "/v1/api-keys/$partner_id"
as "$partner" 401 GET "/v1/organisations/$number"

say "The coordinator renews it: the next term follows the running one"
as "$coordinator" 200 GET "/v1/memberships/$membership"
first_end="$(member term_end)"
act_on "$coordinator" 200 "/v1/memberships/$membership/renewal" '{}'
[ "$(member term_end)" \> "$first_end" ] || die "the term was not prolonged"

say "A suspension is proposed, and decided by an officer who did not write the last revision"
until="$(day_in 30)"
act_on "$coordinator" 202 "/v1/memberships/$membership/suspension" \
    "{\"reason\":\"A sample report is missing.\",\"until\":\"$until\"}"
proposal="$(header Location)"
call 200 GET "/v1/organisations/$number"
has '"standing":"active"'
as "$colleague" 200 GET "$proposal"
act "$colleague" 200 "$proposal/decision" \
    "{\"outcome\":\"approved\",\"reason\":\"As proposed.\",\"revision\":$(member revision)}"
has '"state":"suspended"'
call 200 GET "/v1/organisations/$number"
has '"standing":"suspended"'
lacks 'A sample report is missing'

say "What is not possible now is refused, with what is"
as "$coordinator" 200 GET "/v1/memberships/$membership"
act_on "$coordinator" 409 "/v1/memberships/$membership/renewal" '{}'
has '"code":"act_not_possible"'
tell "$(grep -oE '"possible":\[[^]]*\]' "$work/body")"

say "The member leaves by its letter; that was a mistake, which a correction voids"
as "$coordinator" 200 GET "/v1/memberships/$membership"
act_on "$coordinator" 200 "/v1/memberships/$membership/withdrawal" '{"reason":"A letter of today."}'
has '"state":"withdrawn"'
act_on "$coordinator" 200 "/v1/memberships/$membership/correction" \
    "{\"target_no\":$(grep -oE '"no":[0-9]+' "$work/body" | tail -n 1 | cut -d: -f2),\"how\":\"void\",\"reason\":\"The letter was another organisation's.\"}"
has '"state":"suspended"'

say "What the calendar will do if nobody does anything; nothing is written by asking"
as "$coordinator" 200 GET "/v1/calendar?through=$(day_in 40)&limit=200"
has "$number"

say "The register of today and the roll-forward of a year, for an auditor"
as "$auditor" 200 GET "/v1/reports/register?country=KZ&limit=200"
has '"data_sha256"'
as "$auditor" 200 GET "/v1/reports/roll-forward?from=$(date -u +%Y)-01-01&to=$(date -u +%F)&country=KZ"
has '"joined"'
tell "$(grep -oE '"data_sha256":"[0-9a-f]+"' "$work/body")"
as "$auditor" 200 GET "/v1/reports/roll-forward?from=$(date -u +%Y)-01-01&to=$(date -u +%F)&format=csv"
sed -n 1,3p "$work/body" | sed 's/^/   /'
as "$auditor" 200 GET "/v1/reports/roll-forward/members?column=joined&country=KZ&type=observer&from=$(date -u +%F)&to=$(date -u +%F)&limit=200"
has "$number"

say "The auditor reads the record of it; the coordinator may not"
as "$auditor" 200 GET "/v1/journal?organisation=$number"
for action in organisation.registered membership.applied membership.submitted membership.recommended membership.admitted membership.renewed membership.suspended membership.corrected; do
    has "\"action\":\"$action\""
done
grep -oE '"seq":[0-9]+,"recorded_at":"[^"]*","actor":"[^"]*","action":"[^"]*"' "$work/body" | sed 's/"//g; s/^/   /'
as "$auditor" 403 POST "/v1/organisations/$number/memberships" \
    -H 'Content-Type: application/json' -H "Idempotency-Key: $(key)" -d '{"type":"full"}'
as "$coordinator" 403 GET /v1/journal

say "The program checks the whole record against itself and against the tables"
"$REGISTRY" journal verify "$@" || die "journal verify found something"

say "Done: $number is a member, and the record says by whom and why"
