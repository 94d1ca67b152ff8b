#!/bin/sh
# The page's scripts and styles are checked by tools that run on Node: installs Node where it is
# missing, and the tools by the lock file, which has the hash of each.
set -eu
cd "$(dirname "$0")/.."
is_new_enough() {
  command -v node >/dev/null 2>&1 &&
    node -e 'const [a, b] = process.versions.node.split(".").map(Number);
      process.exit(a > 18 || (a === 18 && b >= 18) ? 0 : 1)'
}
missing=""
command -v node >/dev/null 2>&1 || missing="nodejs"
command -v npm >/dev/null 2>&1 || missing="$missing npm"
# shellcheck disable=SC2086  a list of packages
[ -z "$missing" ] || sh tools/system.sh $missing
is_new_enough || {
  echo "Node $(node --version) is too old: the checks of the page's scripts need 18.18 or later." >&2
  exit 1
}
npm ci --silent --no-progress
