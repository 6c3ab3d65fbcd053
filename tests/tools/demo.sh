#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The demo as the end-to-end test: docker/demo/up --once must end on whole traces with right parents. Counts as one test
# when the demo does not count for itself.
set -u -o pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
mkdir -p "$root/build/log"
log=$root/build/log/demo_once.log
"$root/docker/demo/up" --once 2>&1 | tee "$log"
status=${PIPESTATUS[0]}
last=$(tail -n 1 "$log")
if [[ $last =~ ^[0-9]+\ passed,\ [0-9]+\ failed$ ]]; then exit "$status"; fi
if [ "$status" = 0 ]; then echo "1 passed, 0 failed"; else echo "0 passed, 1 failed"; fi
exit "$status"
