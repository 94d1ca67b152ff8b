#!/bin/sh
# The browser tests need Chromium and what the Playwright driver is linked with, from the system, and
# pictures with Arabic letters need libfribidi; without them they say so (and fail under CI=true).
set -eu
missing=""
command -v chromium >/dev/null 2>&1 || missing="chromium fonts-dejavu-core"
/sbin/ldconfig -p 2>/dev/null | grep -q 'libatomic\.so\.1' || missing="$missing libatomic1"
/sbin/ldconfig -p 2>/dev/null | grep -q 'libfribidi\.so\.0' || missing="$missing libfribidi0"
[ -z "$missing" ] && exit 0
# shellcheck disable=SC2086  a list of packages
sh "$(dirname "$0")/system.sh" $missing || {
  echo "Without $missing the browser tests are left out." >&2
  [ "${CI:-}" != true ]
}
