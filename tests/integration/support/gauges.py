# SPDX-License-Identifier: Apache-2.0
"""What a sidecar holds, read from /metrics: it must rise while a test runs and be gone after it.

    with nothing_left(sidecar) as gauges:
        ...
        gauges.rises("connections")
"""
import contextlib
import threading

from .origin import PATIENCE, until

GAUGES = {
    "connections": ("sidespan_connections_open", {"side": "downstream"}),
    "upstream": ("sidespan_connections_open", {"side": "upstream"}),
    "idle": ("sidespan_upstream_connections_idle", {}),
    "inbound": ("http_server_active_requests", {}),
    "outbound": ("http_client_active_requests", {}),
    "ledger": ("sidespan_ledger_entries", {}),
    "endless": ("sidespan_ledger_endless", {}),
    "buffers": ("sidespan_buffer_bytes", {}),
    "queue": ("otel_sdk_processor_span_queue_size", {}),
    "files": ("process_open_fds", {}),
}


def read(sidecar):
    now = sidecar.metrics()
    return {name: now.sum(metric, **labels) for name, (metric, labels) in GAUGES.items()}


class watched:
    def __init__(self, sidecar):
        self.sidecar = sidecar
        self.risen = set()

    def rises(self, *names, least=1, seconds=PATIENCE):
        """Waits until each of them has been seen at `least` at one time."""
        until(lambda: all(value >= least for name, value in read(self.sidecar).items() if name in names), seconds)
        self.risen.update(names)

    @contextlib.contextmanager
    def rising(self, *names):
        """Each of them is seen above what it was before at some time while the block runs, else it fails."""
        missing, over, before = set(names), threading.Event(), read(self.sidecar)

        def look():
            while missing and not over.wait(0.005):
                missing.difference_update(name for name, value in read(self.sidecar).items() if value > before[name])

        looking = threading.Thread(target=look, daemon=True)
        looking.start()
        try:
            yield
        finally:
            over.set()
            looking.join()
        if missing:
            raise AssertionError(f"never seen to rise: {sorted(missing)}")


@contextlib.contextmanager
def nothing_left(sidecar, seconds=PATIENCE):
    """Idle upstream connections may stay: they are counted, and their buffers and descriptors with them."""
    gauges = watched(sidecar)
    before = read(sidecar)
    yield gauges

    def gone():
        now = read(sidecar)
        kept = now["idle"]
        clean = all(now[name] == 0 for name in ("connections", "inbound", "outbound", "ledger", "endless", "queue"))
        return (clean and now["upstream"] == kept and now["buffers"] <= kept * 4096
                and now["files"] <= before["files"] - before["idle"] + kept)
    try:
        until(gone, seconds, every=0.05)
    except AssertionError:
        raise AssertionError(f"left behind: {read(sidecar)}, before: {before}") from None


def wait_until_idle(sidecar):
    """No tunnel, connection or request is left, and no span is on its way."""
    def idle():
        metrics = sidecar.metrics()
        books = metrics.books()
        return not (metrics.sum("sidespan_tunnels_open") or metrics.sum("sidespan_connections_open", side="downstream")
                    or metrics.sum("http_server_active_requests")) and books["recorded"] == books["acknowledged"]
    until(idle)
    until(idle)  # the books of a reading may be older than its gauges
