# SPDX-License-Identifier: Apache-2.0
"""Reads the collected spans from the viewer's JSON API."""
import http.client
import json
import threading
import time

from .processes import get
from .services import VIEWER_PORT
from .truth import Spans, missing_hops

ASKED = 1000  # traces in one listing; the viewer may give fewer, and says how many there are
LATE = 3_000_000_000  # ns after its start by which a trace has long been listed
POLL = 0.2


def ask(path):
    status, body = get(VIEWER_PORT, path, timeout=30)
    if status != 200:
        raise OSError(f"the viewer answers {status} to {path}: {body[:200]!r}")
    return json.loads(body)


def spans_of(trace_id):
    return [{**span, "trace_id": trace_id} for span in ask(f"/api/traces/{trace_id}")["spans"]]


def newest():
    listing = ask(f"/api/traces?limit={ASKED}")
    return listing["traces"], len(listing["traces"]) >= listing["total"]


def every_trace(low=0.0, high=1e9):
    """All there are, also where they are more than one listing holds: asks for the short and for the long ones apart (ms), again and
    again. Slow in a viewer that has been collecting for hours."""
    listing = ask(f"/api/traces?limit={ASKED}&min_ms={low:.6f}&max_ms={high:.6f}")
    traces = listing["traces"]
    middle = sorted(trace["duration_ns"] for trace in traces)[len(traces) // 2] / 1e6 if traces else low
    if len(traces) >= listing["total"] or high - low < 1e-6:
        return traces
    if middle >= high:
        middle = (low + high) / 2
    # A nanosecond apart, so that no trace is in both and the halves always shrink.
    return every_trace(low, middle) + every_trace(middle + 1e-6, high)


class Watch:
    """Notes every trace that begins from now on. An unlinked call is a trace of its own, so that at full concurrency a listing holds
    what a second brings; therefore it looks often, on a thread of its own while used as a context."""

    def __init__(self):
        self.since = time.time_ns()
        self.looked_at = self.since
        self.starts = {}  # trace id -> start
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.keep_looking, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join(30)

    def keep_looking(self):
        while not self.done.wait(POLL):
            try:
                self.look()
            except (OSError, http.client.HTTPException):
                pass  # the next look finds the same and more; if the viewer is gone, collect() says so

    def look(self):
        now = time.time_ns()
        traces, all_of_them = newest()
        known_before = max(self.since, self.looked_at - LATE)
        if not all_of_them and min(int(trace["start_unix_nano"]) for trace in traces) > known_before:
            traces = every_trace()
        for trace in traces:
            start = int(trace["start_unix_nano"])
            if start >= self.since:
                self.starts[trace["trace_id"]] = start
        self.looked_at = now

    def collect(self, expected, seconds=20, settle=0.0):
        """All spans of the traces that began before now. Waits until every hop in `expected` (request -> hops) is there, but no longer
        than `seconds`: then what is missing is for the checker to say. `settle` is waited in any case: what the shop does by
        itself is in no one's list, and the two ends of a call arrive apart."""
        until = time.time_ns()
        began = time.monotonic()
        time.sleep(settle)
        while True:
            self.look()
            inside = [trace_id for trace_id, start in self.starts.items() if start <= until]
            spans = Spans(span for trace_id in inside for span in spans_of(trace_id))
            complete = not any(missing_hops(spans, request, hops) for request, hops in expected.items())
            if complete or time.monotonic() - began > seconds:
                return spans
            time.sleep(POLL)
