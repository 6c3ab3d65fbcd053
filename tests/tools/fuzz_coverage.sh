#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# fuzz_coverage.sh [least percent]: runs the kept corpora, and nothing else, through the HTTP/1.1 fuzz targets built with
# clang's source coverage, and fails for every fuzzed file of which they reach fewer lines (default 90 %). What is not
# reached is listed in build/log/fuzz_lines.txt.
set -u -o pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root" || exit 1
least=${1:-90}
targets=(request_head response_head chunked_body target hop_by_hop)
files=(http1/decoder.cpp http1/strict.cpp http1/syntax.hpp http1/framing.cpp http1/body_decoder.cpp http1/encoder.cpp
  http/target.cpp http/hop_by_hop.cpp http/upgrade.cpp http/max_forwards.cpp http/fields.cpp)
tree=build/fuzz_coverage
log=build/log/fuzz_coverage.log
mkdir -p build/log "$tree"

for tool in clang++-14 llvm-profdata-14 llvm-cov-14; do
  command -v $tool >/dev/null || { printf '%s is missing: tests/tools/setup.sh lint\n0 passed, 1 failed\n' $tool; exit 1; }
done
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1
if ! { cmake -S . -B $tree -G Ninja -DCMAKE_CXX_COMPILER=clang++-14 -DCMAKE_BUILD_TYPE=None -DSIDESPAN_FUZZ=ON \
  "-DCMAKE_CXX_FLAGS=-O1 -g1 -fprofile-instr-generate -fcoverage-mapping" && ninja -C $tree "${targets[@]/#/fuzz_}"; } >"$log" 2>&1; then
  tail -n 20 "$log"
  printf 'the fuzz targets do not build, see %s\n0 passed, 1 failed\n' "$log"
  exit 1
fi

records=$tree/lines.lcov
: >"$records"
for name in "${targets[@]}"; do
  program=$tree/tests/fuzz/fuzz_$name
  if ! { LLVM_PROFILE_FILE=$tree/$name.profraw "$program" -runs=0 "tests/fuzz/corpus/$name" >>"$log" 2>&1 &&
    llvm-profdata-14 merge -sparse "$tree/$name.profraw" -o "$tree/$name.profdata" &&
    llvm-cov-14 export -format=lcov "$program" -instr-profile="$tree/$name.profdata" >>"$records" 2>>"$log"; }; then
    printf '%s: its corpus breaks it, see %s\n0 passed, 1 failed\n' "$name" "$log"
    exit 1
  fi
done
/usr/bin/python3 tests/tools/fuzz_lines.py "$least" "${files[@]}" <"$records" 2>build/log/fuzz_lines.txt
