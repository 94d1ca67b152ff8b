#!/bin/sh
# Some tests run programs of other people: Java for batches on Apache Spark, GDAL's programs and QGIS
# as readers of what is served; without them they say so (and fail under CI=true).
set -eu
missing=""
command -v java >/dev/null 2>&1 || missing="openjdk-17-jre-headless"
command -v ogrinfo >/dev/null 2>&1 || missing="$missing gdal-bin"
/usr/bin/python3 -c 'import qgis.core' >/dev/null 2>&1 || missing="$missing python3-qgis"
[ -z "$missing" ] && exit 0
# shellcheck disable=SC2086  a list of packages
sh "$(dirname "$0")/system.sh" $missing || {
  echo "Without $missing the tests of these programs are left out." >&2
  [ "${CI:-}" != true ]
}
