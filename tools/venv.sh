#!/bin/sh
# Makes the environment from a lock file: tools/venv.sh PYTHON FOLDER LOCK
set -eu
python="$1" folder="$2" lock="$3"

say() { printf '%s\n' "$*" >&2; }

command -v "$python" >/dev/null 2>&1 || { say "There is no $python here: install Python 3.11 or later."; exit 1; }
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  say "$("$python" --version 2>&1) is too old: Strikemap needs Python 3.11 or later (make PYTHON=python3.12 …)."
  exit 1
}

if [ ! -x "$folder/bin/python" ]; then
  if ! "$python" -m venv "$folder" >/dev/null 2>&1; then
    # Debian and Ubuntu ship venv apart from Python.
    rm -rf "$folder"
    sh "$(dirname "$0")/system.sh" python3-venv || exit 1
    "$python" -m venv "$folder"
  fi
fi
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
