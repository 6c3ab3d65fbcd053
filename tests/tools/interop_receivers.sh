#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What sidespan exports, received by the programs that people run: builds an OpenTelemetry Collector and Jaeger from the Go
# modules that tests/interop/go.mod pins, into build/interop, and runs tests/integration/interop_receivers.py against
# SIDESPAN_TREE (default build/release). The last line is `N passed, N failed`.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
modules=$root/tests/interop
out=$root/build/interop
tree=${SIDESPAN_TREE:-build/release}
log=$root/build/log/interop_receivers.log
wanted=24 # the first Go 1.x that knows the tool lines of go.mod

give_up() {
  echo "FAILED: $*"
  echo "0 passed, 1 failed"
  exit 1
}

build() { # <name> <package>
  local stamp=$out/$1.made-from
  [ -x "$out/$1" ] && cat "$modules/go.mod" "$modules/go.sum" "$modules"/collector/*.go | cmp -s - "$stamp" && return 0
  echo "building $1, once; this takes some minutes"
  (cd "$modules" && timeout 1500 nice go build -mod=readonly -trimpath -buildvcs=false -o "$out/$1" "$2") >>"$log" 2>&1 || {
    tail -n 5 "$log"
    give_up "$1 could not be built; is the Go module proxy to be reached?"
  }
  cat "$modules/go.mod" "$modules/go.sum" "$modules"/collector/*.go >"$stamp"
}

mkdir -p "$(dirname "$log")" "$out"
: >"$log"
[ -x "$root/$tree/sidespan" ] || [ -x "$tree/sidespan" ] || give_up "$tree/sidespan was not built"
command -v go >/dev/null || give_up "go is missing; Go 1.$wanted or newer is needed to build a Collector and Jaeger"
[[ $(go env GOVERSION) =~ ^go1\.([0-9]+) && ${BASH_REMATCH[1]} -ge $wanted ]] || give_up "go is $(go env GOVERSION); Go 1.$wanted or newer is needed"
build collector ./collector
build jaeger github.com/jaegertracing/jaeger/cmd/all-in-one
cd "$root/tests/integration"
SIDESPAN_TREE=$tree INTEROP_PROGRAMS=$out PYTHONDONTWRITEBYTECODE=1 timeout 300 /usr/bin/python3 interop_receivers.py || exit 1
