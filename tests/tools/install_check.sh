#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# install_check.sh <build tree>: `cmake --install` into an empty folder gives the program, the example configurations and
# the documents, and the installed program runs.
set -euo pipefail
target=$(mktemp -d)
trap 'rm -rf "$target"' EXIT
cmake --install "$1" --prefix "$target"
"$target/bin/sidespan" version
for example in "$target"/share/sidespan/config/*.yaml; do
  "$target/bin/sidespan" check --config "$example"
done
test -s "$target/share/doc/sidespan/LICENSE"
