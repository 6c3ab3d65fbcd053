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
  http1/beast_reading.cpp http/target.cpp http/hop_by_hop.cpp http/upgrade.cpp http/max_forwards.cpp http/fields.cpp)
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

passed=0
failed=0
profiles=()
objects=()
for name in "${targets[@]}"; do
  program=$tree/tests/fuzz/fuzz_$name
  if ! LLVM_PROFILE_FILE=$tree/$name.profraw "$program" -runs=0 "tests/fuzz/corpus/$name" >>"$log" 2>&1; then
    failed=$((failed + 1))
    echo "FAILED  $name: its corpus breaks it, see $log"
  fi
  profiles+=("$tree/$name.profraw")
  objects+=(-object "$program")
done
llvm-profdata-14 merge -sparse "${profiles[@]}" -o $tree/all.profdata || { printf '0 passed, 1 failed\n'; exit 1; }
llvm-cov-14 show "${objects[@]:1}" -instr-profile=$tree/all.profdata "${files[@]/#/proxy/}" | grep -E '^ +[0-9]+\| +0\||^/' >build/log/fuzz_lines.txt

for file in "${files[@]}"; do
  # The columns of a report: regions, functions, lines, each as total, missed, percent.
  read -r lines missed < <(llvm-cov-14 report "${objects[@]:1}" -instr-profile=$tree/all.profdata "proxy/$file" | awk '$1 == "TOTAL" { print $8, $9 }')
  percent=0
  [ "${lines:-0}" -gt 0 ] && percent=$(((lines - missed) * 100 / lines))
  if [ $percent -ge "$least" ]; then
    passed=$((passed + 1))
    printf 'ok      %-24s %3d %% of %d lines\n' "$file" $percent "$lines"
  else
    failed=$((failed + 1))
    printf 'FAILED  %-24s %3d %% of %d lines, %d are needed: more in tests/fuzz/corpus?\n' "$file" $percent "${lines:-0}" "$least"
  fi
done
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
