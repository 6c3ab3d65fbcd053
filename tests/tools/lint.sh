#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What needs clang: the format of every source, and results that a statement discards (GCC does not warn about a discarded
# co_await). lint.sh [file...]; without files all of proxy/.
set -u -o pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root" || exit 1
passed=0
failed=0

count() { # <status> <name> <output>
  if [ "$1" = 0 ]; then passed=$((passed + 1)); else
    failed=$((failed + 1))
    printf 'FAILED  %s\n%s\n' "$2" "$(head -n 20 <<<"$3")"
  fi
}

if [ $# -gt 0 ]; then sources=("$@"); else mapfile -t sources < <(find proxy tests -name '*.[ch]pp' | sort); fi
for source in "${sources[@]}"; do
  output=$(clang-format-14 --dry-run --Werror "$source" 2>&1)
  count $? "format of $source" "$output"
done

# Clang only has to see that a result is dropped: every other warning is GCC's business.
flags=(-std=c++20 -fsyntax-only -Wno-everything -Wunused-result -Werror=unused-result -Iproxy -Itests -Itests/unit -isystem build/release/proto/generated
  -DBOOST_ASIO_SEPARATE_COMPILATION -DBOOST_BEAST_SEPARATE_COMPILATION -DSPDLOG_COMPILED_LIB -DSPDLOG_FMT_EXTERNAL)
planted=$(printf '%s\n' '#include "base/result.hpp"' '#include "net/task.hpp"' 'sidespan::net::task<sidespan::base::result<void>> f();' \
  'sidespan::net::task<void> g() { co_await f(); }' | clang++-14 "${flags[@]}" -x c++ - 2>&1)
grep -q unused-result <<<"$planted"
count $? "a planted discarded co_await is found" "$planted"
mapfile -t coroutines < <(grep -l 'co_await' "${sources[@]}" | grep '\.cpp$')
for source in "${coroutines[@]}"; do
  output=$(clang++-14 "${flags[@]}" "$source" 2>&1)
  count $? "discarded results in $source" "$output"
done
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
