#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What sidespan exports, decoded by code that is not ours: makes build/interop-venv with the packages of
# tests/integration/interop_requirements.txt from the Python package index and runs tests/integration/interop.py in it
# against SIDESPAN_TREE (default build/release). The last line is `N passed, N failed`.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
venv=$root/build/interop-venv
requirements=$root/tests/integration/interop_requirements.txt
tree=${SIDESPAN_TREE:-build/release}
log=$root/build/log/interop_venv.log

give_up() {
  echo "FAILED: $*"
  echo "0 passed, 1 failed"
  exit 1
}

make_venv() {
  [ -x "$venv/bin/python" ] && cmp -s "$requirements" "$venv/made-from" && return 0
  rm -rf "$venv"
  /usr/bin/python3 -m venv "$venv" >"$log" 2>&1 || give_up "no virtual environment; is the package python3-venv missing?"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: -r "$requirements" >>"$log" 2>&1 || {
    tail -n 5 "$log"
    give_up "the Python package index is not to be reached or does not have: $(grep -v '^#' "$requirements" | tr '\n' ' ')"
  }
  cp "$requirements" "$venv/made-from"
}

mkdir -p "$(dirname "$log")"
[ -x "$root/$tree/sidespan" ] || [ -x "$tree/sidespan" ] || give_up "$tree/sidespan was not built"
make_venv
cd "$root/tests/integration"
SIDESPAN_TREE=$tree PYTHONDONTWRITEBYTECODE=1 timeout 600 "$venv/bin/python" interop.py || exit 1
