# SPDX-License-Identifier: Apache-2.0
"""Reads the collected spans from the viewer's JSON API."""
import json
import time

from .processes import get
from .services import VIEWER_PORT
from .truth import Spans, missing_hops

LIMIT = 100_000  # traces asked for in one listing; an unlinked call is a trace of its own, so that there are many


def ask(path):
    status, body = get(VIEWER_PORT, path, timeout=30)
    if status != 200:
        raise OSError(f"the viewer answers {status} to {path}: {body[:200]!r}")
    return json.loads(body)


def traces():
    return ask(f"/api/traces?limit={LIMIT}")["traces"]


def spans_of(trace_id):
    return [{**span, "trace_id": trace_id} for span in ask(f"/api/traces/{trace_id}")["spans"]]


def collect(expected, since, seconds=15, settle=0):
    """All spans of the traces that began after `since` (Unix ns) and before now. Waits until every hop in `expected` (request -> hops)
    is there, but no longer than `seconds`: then what is missing is for the checker to say. `settle` is waited in any case: what the
    shop does by itself is in no one's list, and the two ends of a call arrive apart."""
    until = time.time_ns()
    began = time.monotonic()
    counts, found = {}, {}
    while True:
        for trace in traces():
            trace_id = trace["trace_id"]
            if since <= int(trace["start_unix_nano"]) <= until and counts.get(trace_id) != trace["span_count"]:
                found[trace_id] = spans_of(trace_id)
                counts[trace_id] = len(found[trace_id])
        spans = Spans(span for trace in found.values() for span in trace)
        waited = time.monotonic() - began
        complete = not any(missing_hops(spans, request, hops) for request, hops in expected.items())
        if waited > seconds or (complete and waited > settle):
            return spans
        time.sleep(0.3)
