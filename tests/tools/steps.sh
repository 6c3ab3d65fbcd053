# SPDX-License-Identifier: Apache-2.0
#
# What the steps of tests/run are made of: counting, build trees with progress, and running something that counts itself.
# Sourced by tests/run and .ci/run, which set `root`. A counted program ends with the line `N passed, N failed`.

passed=0
failed=0
logs=$root/build/log
declare -A built=()

headline() { printf '\n== %s\n' "$*"; }

# A failure that is not a test's: says what is missing or what broke.
fail() {
  failed=$((failed + 1))
  printf 'FAILED: %s\n' "$*"
}

# need <program> <what it is for>: true when it is there, else a failure that names it.
need() {
  command -v "$1" >/dev/null && return 0
  fail "$1 is missing; it is needed for $2"
  return 1
}

packages() { "$root/tests/tools/setup.sh" "$@" || { fail "the packages of: $* (see above)"; return 1; }; }

# check <name> <command...>: one passed or failed by its exit code; its output is shown when it fails.
check() {
  local name=$1 log
  shift
  log=$logs/${name//[^a-zA-Z0-9]/_}.log
  mkdir -p "$logs"
  if "$@" >"$log" 2>&1; then
    passed=$((passed + 1))
    printf 'ok      %s\n' "$name"
  else
    failed=$((failed + 1))
    printf 'FAILED  %s\n' "$name"
    tail -n 20 "$log" | sed 's/^/        /'
  fi
}

# counted <name> <command...>: shows its output and adds the figures of its last line.
counted() {
  local name=$1 log status last
  shift
  log=$logs/${name//[^a-zA-Z0-9]/_}.log
  mkdir -p "$logs"
  "$@" 2>&1 | tee "$log"
  status=${PIPESTATUS[0]}
  last=$(tail -n 1 "$log")
  if [[ $last =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
    passed=$((passed + BASH_REMATCH[1]))
    failed=$((failed + BASH_REMATCH[2]))
    [ "$status" = 0 ] || [ "${BASH_REMATCH[2]}" != 0 ] || fail "$name: exit code $status"
  else
    fail "$name: ended without its closing line (exit code $status)"
  fi
}

# Shows ninja's lines as progress: one line that is rewritten on a terminal, every tenth of the work elsewhere.
progress() {
  local terminal=0
  [ -t 1 ] && terminal=1
  awk -v terminal=$terminal -v columns="${COLUMNS:-100}" '
    match($0, /^\[[0-9]+\/[0-9]+\]/) {
      split(substr($0, 2, RLENGTH - 2), n, "/")
      if (terminal) { printf "\r\033[K%s", substr($0, 1, columns - 1); fflush() }
      else if (int(n[1] * 10 / n[2]) != tenth) { tenth = int(n[1] * 10 / n[2]); print "[" n[1] "/" n[2] "]"; fflush() }
    }
    END { if (terminal) printf "\r\033[K" }'
}

# build_tree <release|asan|tsan> [ninja targets]: configures build/<tree> when needed and builds it.
build_tree() {
  local tree=$1 dir=$root/build/$1 log=$logs/build_$1.log started=$SECONDS
  [ -z "${built[$*]:-}" ] || return 0
  built[$*]=1
  shift
  mkdir -p "$dir" "$logs"
  # As docker/demo/up configures it: one tree serves both. The sanitizer trees are lean, to spare a small machine.
  local options=(-DCMAKE_BUILD_TYPE=Release)
  case $tree in
    asan) options=(-DCMAKE_BUILD_TYPE=None "-DCMAKE_CXX_FLAGS=-O1" -DSIDESPAN_SANITIZE=address,undefined) ;;
    tsan) options=(-DCMAKE_BUILD_TYPE=None "-DCMAKE_CXX_FLAGS=-O1" -DSIDESPAN_SANITIZE=thread) ;;
  esac
  # One cache serves all clones of the repository.
  export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1
  echo "build/$tree (log: build/log/build_$tree.log)"
  if ! cmake -S "$root" -B "$dir" -G Ninja "${options[@]}" >"$log" 2>&1; then
    tail -n 20 "$log"
    fail "cmake for build/$tree; is something missing that tests/tools/setup.sh build would install?"
    return 1
  fi
  ninja -C "$dir" "$@" 2>&1 | tee -a "$log" | progress
  if [ "${PIPESTATUS[0]}" != 0 ]; then
    grep -E 'error|FAILED|fatal' "$log" | head -n 20
    tail -n 20 "$log"
    fail "build/$tree; the whole output is in build/log/build_$tree.log"
    return 1
  fi
  echo "build/$tree done in $((SECONDS - started)) s"
}

closing_line() {
  printf '\n%d passed, %d failed\n' "$passed" "$failed"
  [ "$failed" = 0 ] && [ "$passed" != 0 ]
}
