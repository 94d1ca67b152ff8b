#!/bin/sh
# The browser tests need Chromium from the system; without it they say so (and fail under CI=true).
set -eu
command -v chromium >/dev/null 2>&1 && exit 0
sh "$(dirname "$0")/system.sh" chromium || {
  echo "Without Chromium the browser tests are left out." >&2
  [ "${CI:-}" != true ]
}
