#!/bin/sh
# The tests of the record in a database start a PostgreSQL with PostGIS of their own, and nginx before
# two nodes, and strace for the loss of power, from the system's packages; without them they say so
# (and fail under CI=true).
set -eu
missing=""
[ -x /usr/lib/postgresql/15/bin/initdb ] || missing="postgresql-15"
[ -f /usr/share/postgresql/15/extension/postgis.control ] || missing="$missing postgresql-15-postgis-3"
command -v nginx >/dev/null 2>&1 || [ -x /usr/sbin/nginx ] || missing="$missing nginx-light"
command -v strace >/dev/null 2>&1 || missing="$missing strace"
[ -z "$missing" ] && exit 0
# shellcheck disable=SC2086  a list of packages
sh "$(dirname "$0")/system.sh" $missing || {
  echo "Without $missing the tests of the record in a database are left out." >&2
  [ "${CI:-}" != true ]
}
