#!/bin/sh
# Everything a change must pass, cheapest first; the last line printed is the test runner's own.
set -eu
bin=.venv/bin
$bin/ruff format --check --quiet .
$bin/ruff check --quiet .
$bin/mypy
$bin/lint-imports --no-cache
$bin/python -m tools.vendor check
sh tools/check_page.sh
if [ "${CI:-}" = true ]; then export HYPOTHESIS_PROFILE=ci; fi
[ $# -gt 0 ] || tools/versions.sh
exec $bin/pytest -n 2 "$@"
