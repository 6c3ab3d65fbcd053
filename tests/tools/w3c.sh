#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The W3C Trace Context cases. With W3C_TRACE_CONTEXT=<checkout of w3c/trace-context> its own harness is run against the
# same chain (it needs Python's aiohttp); without, our table of its 41 cases, which needs nothing.
set -u -o pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root" || exit 1
if [ -n "${W3C_TRACE_CONTEXT:-}" ]; then
  exec /usr/bin/python3 tests/tools/w3c_suite.py "$W3C_TRACE_CONTEXT"
fi
exec /usr/bin/python3 tests/tools/run_integration.py build/release trace_context_test
