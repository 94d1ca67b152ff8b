#!/bin/sh
# The tests of batches on Apache Spark run it on this machine, with the system's Java; without it they
# say so (and fail under CI=true).
set -eu
command -v java >/dev/null 2>&1 && exit 0
sh "$(dirname "$0")/system.sh" openjdk-17-jre-headless || {
  echo "Without Java the tests of batches on Spark are left out." >&2
  [ "${CI:-}" != true ]
}
