#!/bin/sh
# Runs the fast lane on other supported Pythons, as far as they are installed: tools/versions.sh VERSION…
# It leaves out what mostly waits for services, commands and browsers and what only reads texts of
# the repository, and tries laws on fewer examples; the main Python runs all.
set -eu
unset PYTHONDONTWRITEBYTECODE
main=$(.venv/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])')

# A name on the PATH may be a shim that runs nothing: only what runs is found.
find_python() {
  for python in "python$1" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$1".*/bin/python; do
    if "$python" -c 'import ensurepip, sqlite3, ssl' >/dev/null 2>&1; then
      printf '%s\n' "$python"
      return 0
    fi
  done
  return 1
}

for version in "$@"; do
  [ "$version" = "$main" ] && continue
  python=$(find_python "$version") || {
    printf 'Python %s is not installed: its fast lane is left out.\n' "$version" >&2
    continue
  }
  folder=".venv/versions/$version"
  if [ ! "$folder/.test" -nt requirements-test.lock ] || [ ! "$folder/.test" -nt pyproject.toml ]; then
    tools/venv.sh "$python" "$folder" requirements-test.lock
    touch "$folder/.test"
  fi
  printf 'Python %s:\n' "$version"
  HYPOTHESIS_PROFILE=lane "$folder/bin/python" -m pytest -n 2 --quiet -m "not browser and not slow" \
    --ignore tests/browser --ignore tests/api --ignore tests/cli --ignore tests/fuzz \
    --ignore tests/batch --ignore tests/chaos --ignore tests/clients --ignore tests/nodes \
    --ignore tests/test_architecture.py --ignore tests/test_citations.py \
    --ignore tests/test_docs.py --ignore tests/test_names.py --ignore tests/test_site.py
done
