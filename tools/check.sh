#!/bin/sh
# Everything a change must pass, cheapest first; the last line printed is the test runner's own.
set -eu
bin=.venv/bin
# Hundreds of processes start here: without the files of bytecode each would compile the program.
unset PYTHONDONTWRITEBYTECODE
$bin/ruff format --check --quiet .
$bin/ruff check --quiet .
$bin/mypy & # takes one core, and what follows the other
types=$!
$bin/lint-imports --no-cache
$bin/python -m tools.vendor check
sh tools/check_page.sh
wait "$types"
if [ "${CI:-}" = true ]; then export HYPOTHESIS_PROFILE=ci; fi
# The oldest Python runs all and the newest the fast lane; `make versions` tries those between, too.
[ $# -gt 0 ] || tools/versions.sh 3.13
exec $bin/pytest -n 2 "$@"
