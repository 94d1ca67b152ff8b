#!/bin/sh
# What the page's scripts and styles must pass: format, lint, types by JSDoc.
set -eu
cd "$(dirname "$0")/.."
[ -d node_modules ] || { echo "The page's tools are missing: make test installs them." >&2; exit 1; }
npx --no-install prettier --check --log-level warn .
npx --no-install eslint --max-warnings 0 .
npx --no-install tsc
# Prettier breaks what it can; a comment or a string is for a person to break.
if LC_ALL=C.UTF-8 grep -nE '^.{101}' static/*.css static/js/*.js static/js/*.ts; then
  echo "Lines have at most 100 columns." >&2
  exit 1
fi
