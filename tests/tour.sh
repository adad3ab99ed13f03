#!/usr/bin/env bash
# Runs the README's tour (docs/tour.sh) against a demo registry of its own, on SQLite and on PostgreSQL.
#   OTS_REGISTRY  the program (default: target/debug/ots-registry)
#   PG_BIN        folder of initdb and pg_ctl (default: the newest under /usr/lib/postgresql); without one, PostgreSQL is skipped
set -euo pipefail
cd "$(dirname "$0")/.."
program=$(realpath "${OTS_REGISTRY:-target/debug/ots-registry}")
unset OTS_REGISTRY # the program refuses OTS_ variables that it does not know
pg_bin=${PG_BIN:-$(find /usr/lib/postgresql -maxdepth 2 -type d -name bin 2>/dev/null | sort -V | tail -n 1)}
work=$(mktemp -d)
chmod 755 "$work"
server='' cluster=''
as_postgres() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
finish() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  [ -z "$server" ] || wait "$server" 2>/dev/null || true
  [ -z "$cluster" ] || (cd / && as_postgres "$pg_bin/pg_ctl" -D "$cluster" -m immediate stop >/dev/null 2>&1) || true
  rm -rf "$work"
}
trap finish EXIT

tour() {
  local name=$1 port=$2
  shift 2
  echo "-- tour on $name"
  "$program" serve --demo --listen "127.0.0.1:$port" "$@" >"$work/$name.out" 2>"$work/$name.log" &
  server=$!
  for _ in $(seq 1 600); do
    if curl -fsS "http://127.0.0.1:$port/readyz" >/dev/null 2>&1; then break; fi
    if ! kill -0 "$server" 2>/dev/null; then cat "$work/$name.log"; exit 1; fi
    sleep 0.1
  done
  key=$(sed -n 's/^ *partner key: *//p' "$work/$name.out")
  BASE="http://127.0.0.1:$port" PARTNER_KEY="$key" REGISTRY="$program" bash docs/tour.sh "$@"
  kill -TERM "$server"
  wait "$server"
  server=''
}

tour sqlite 18081 --data-dir "$work/sqlite"
if [ -n "$pg_bin" ] && [ -x "$pg_bin/initdb" ]; then
  cluster="$work/cluster"
  mkdir "$cluster"
  if [ "$(id -u)" = 0 ]; then chown postgres "$cluster"; fi
  (cd / && as_postgres "$pg_bin/initdb" -D "$cluster/data" -A trust -U ots -E UTF8 --locale=C >/dev/null)
  cluster="$cluster/data"
  (cd / && as_postgres "$pg_bin/pg_ctl" -D "$cluster" -w -l "$cluster/log" \
    -o "-c listen_addresses= -c unix_socket_directories=$(dirname "$cluster")" start >/dev/null)
  socket=$(dirname "$cluster" | sed 's,/,%2F,g')
  tour postgres 18082 --data-dir "$work/postgres" --database-url "postgres://ots@$socket/postgres"
else
  echo "-- no PostgreSQL programs found: its tour is SKIPPED"
fi
echo "the tour passed"
