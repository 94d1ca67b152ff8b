#!/bin/sh
# Installs a system package by the package manager when that is allowed: tools/system.sh PACKAGE…
set -eu

say() { printf '%s\n' "$*" >&2; }

command -v apt-get >/dev/null 2>&1 || { say "Please install: $* (this script knows apt-get only)."; exit 1; }
if [ "$(id -u)" = 0 ]; then
  as_root=""
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
  as_root="sudo -n"
else
  say "Please run as root: apt-get install $*"
  exit 1
fi
say "Installing $* by apt-get."
$as_root apt-get -qq update
DEBIAN_FRONTEND=noninteractive $as_root apt-get -qq install -y --no-install-recommends "$@" >/dev/null
