#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# fuzz.sh [seconds per target] [targets]: builds tests/fuzz/*_fuzz.cpp with clang and libFuzzer, runs each through its kept
# corpus and then on for a while, two at a time. What breaks one is kept in build/fuzz/found. New inputs stay in
# build/fuzz/corpus, where the next run goes on.
set -u -o pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root" || exit 1
seconds=${1:-60}
[ $# = 0 ] || shift
log=build/log/fuzz_build.log
mkdir -p build/log build/fuzz/found

command -v clang++-14 >/dev/null || { printf 'clang++-14 is missing: tests/tools/setup.sh lint\n0 passed, 1 failed\n'; exit 1; }
names=("$@")
if [ $# = 0 ]; then
  for source in tests/fuzz/*_fuzz.cpp; do names+=("$(basename "$source" _fuzz.cpp)"); done
fi
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1
if ! { cmake -S . -B build/fuzz -G Ninja -DCMAKE_CXX_COMPILER=clang++-14 -DCMAKE_BUILD_TYPE=None -DCMAKE_CXX_FLAGS="-O1 -g1" \
  -DSIDESPAN_FUZZ=ON && ninja -C build/fuzz "${names[@]/#/fuzz_}"; } >"$log" 2>&1; then
  tail -n 20 "$log"
  printf 'the fuzz targets do not build, see %s\n0 passed, 1 failed\n' "$log"
  exit 1
fi

run_one() { # <name>: leaves its exit code in build/log/fuzz_<name>.code
  local fresh=build/fuzz/corpus/$1
  mkdir -p "$fresh" "tests/fuzz/corpus/$1"
  nice build/fuzz/tests/fuzz/fuzz_"$1" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="build/fuzz/found/$1-" "$fresh" "tests/fuzz/corpus/$1" >"build/log/fuzz_$1.log" 2>&1
  echo $? >"build/log/fuzz_$1.code"
}

for ((at = 0; at < ${#names[@]}; at += 2)); do
  for name in "${names[@]:at:2}"; do run_one "$name" & done
  wait
done

passed=0
failed=0
for name in "${names[@]}"; do
  if [ "$(cat "build/log/fuzz_$name.code")" = 0 ]; then
    passed=$((passed + 1))
    echo "ok      $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "build/log/fuzz_$name.log") runs in ${seconds} s"
  else
    failed=$((failed + 1))
    echo "FAILED  $name"
    tail -n 25 "build/log/fuzz_$name.log"
  fi
done
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
