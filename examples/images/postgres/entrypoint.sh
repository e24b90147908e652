#!/bin/sh
# Makes the cluster at the first start (POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB), then becomes the
# command, as the postgres user.
set -e

as_postgres() { setpriv --reuid=postgres --regid=postgres --init-groups "$@"; }

if [ "$1" = postgres ] && [ ! -s "$PGDATA/PG_VERSION" ]; then
  user=${POSTGRES_USER:-postgres}
  database=${POSTGRES_DB:-$user}
  if [ -z "$POSTGRES_PASSWORD" ]; then
    echo "POSTGRES_PASSWORD is not set: it is needed to make the first user" >&2
    exit 1
  fi

  # Made under another name and moved when it is complete: a start that was cut off leaves nothing half done.
  new=$PGDATA.new
  rm -rf "$new"
  install -d -o postgres -g postgres "$(dirname "$PGDATA")"
  password=$(mktemp)
  printf '%s\n' "$POSTGRES_PASSWORD" > "$password"
  chown postgres "$password"
  as_postgres initdb --pgdata="$new" --username="$user" --pwfile="$password" --encoding=UTF8 --locale=C.UTF-8 \
    --auth-local=trust --auth-host=scram-sha-256
  rm -f "$password"
  echo "host all all all scram-sha-256" >> "$new/pg_hba.conf"
  if [ "$database" != postgres ]; then
    quoted=$(printf '%s' "$database" | sed 's/"/""/g')
    echo "CREATE DATABASE \"$quoted\"" | as_postgres postgres --single -D "$new" postgres > /dev/null
  fi
  mv "$new" "$PGDATA"
fi

if [ "$1" = postgres ]; then
  shift
  set -- postgres -D "$PGDATA" -c listen_addresses='*' "$@"
fi
install -d -o postgres -g postgres /run/postgresql
exec setpriv --reuid=postgres --regid=postgres --init-groups "$@"
