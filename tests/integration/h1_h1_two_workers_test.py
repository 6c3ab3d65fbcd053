# SPDX-License-Identifier: Apache-2.0
"""h1-h1 (and tcp-tcp) on two shards under load: everything that the data path does at once, with an upstream that dies, spans
exported, an access log written and /metrics read meanwhile. Under ThreadSanitizer this is what looks for races; leaving the
block fails when it complained."""
import itertools
import os
import pathlib
import tempfile
import threading
import time
import unittest

from support import wire
from support.client import client, get
from support.collector import collector_process
from support.front import front
from support.gauges import nothing_left
from support.origin import origin, until
from support.sidespan import sidespan
from support.talker import echo, talker

SECONDS = 5
UPGRADE = [("Connection", "Upgrade"), ("Upgrade", "echo/1")]


class repeated(threading.Thread):
    """Does one thing over and over until told to stop; what went wrong is kept."""

    def __init__(self, name, step):
        super().__init__(name=name, daemon=True)
        self.step, self.stopping, self.done, self.problems = step, False, 0, []

    def run(self):
        while not self.stopping and len(self.problems) < 3:
            try:
                self.step(self.done)
            except Exception as problem:  # a thread of its own: whatever it is, the test is to say it
                self.problems.append(f"{self.name} number {self.done}: {problem!r}")
            self.done += 1


class kept:
    """A connection that is used again and again."""

    def __init__(self, port):
        self.one = client(port)

    def __call__(self, *request, **more):
        return self.one.request(*request, **more)

    def close(self):
        self.one.close()


def expect(got, wanted):
    if got != wanted:
        raise AssertionError(f"{str(got)[:200]} and not {str(wanted)[:200]}")


def upgraded(one):
    one.send(b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: echo/1\r\n\r\n")
    echoed(one)
    one.close()


def echoed(one):
    pending, one.source.buffer = one.source.buffer, b""
    while pending or (pending := one.connection.recv(65536)):
        one.send(pending)
        pending = b""


def cpu_of_shards(sidecar):
    """Nanoseconds on a processor, of each shard's thread."""
    tasks = pathlib.Path(f"/proc/{sidecar.pid}/task")
    return [int((task / "schedstat").read_text().split()[0]) for task in tasks.iterdir() if (task / "comm").read_text() == "shard\n"]


class two_workers(unittest.TestCase):
    def setUp(self):
        enter = self.enterContext
        self.app, self.good, self.mortal = enter(origin()), enter(origin()), enter(origin())
        self.echo, self.far = enter(talker(echo)), enter(collector_process())
        self.front = front(self.mortal.port)
        self.addCleanup(self.front.close)
        folder = enter(tempfile.TemporaryDirectory(prefix="sidespan-workers-"))
        plan = sidespan().inbound(self.app.port).inbound(f"tcp://127.0.0.1:{self.echo.port}").outbound(self.good.port).forward_proxy()
        plan.outbound([self.good.url, f"http://127.0.0.1:{self.front.port}"], retries={"most": 3, "budget": 1.0, "always": 1000},
                      eject={"after": 2, "time": "50ms"})
        plan.export(self.far.endpoint).set(limits={"workers": 2}, log={"access": os.path.join(folder, "access")},
                                           export={"queue": {"spans": 200_000, "bytes": "256MiB"}})
        self.sidecar = enter(plan.start())
        self.answers()
        get(self.sidecar.inbound, "/warm")  # the exporter keeps its connection
        self.far.wait_for_spans(1)

    def answers(self):
        self.app.otherwise(lambda one: one.reply(200, body=b"%d" % len(one.read_body())))
        self.app.on("/chunks", lambda one: one.reply_chunks([b"a" * 3000, one.read_body()], (), [("X-End", "1")]))
        self.app.on("/up", upgraded)
        self.app.on("/out", lambda one: one.reply(200, body=get(self.sidecar.outbound, "/in").body))
        self.app.on("/large", lambda one: one.reply(200, body=bytes(1 << 20)))

    def steps(self):
        """Name and what to do; each gets the number of times it was done before."""
        inbound, opaque = self.sidecar.inbounds
        plain, mortal = self.sidecar.outbounds
        sizes = itertools.cycle((0, 1, 1000, 70_000, 300_000))
        self.kept = first, second, third, fourth = kept(inbound), kept(plain), kept(inbound), kept(mortal)

        def chunked(number):
            with client(inbound) as one:
                one.send(b"POST /chunks HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\nTransfer-Encoding: chunked\r\n\r\n")
                for _ in range(5):
                    one.send(wire.chunk(b"x" * (number % 5000 + 1)))
                got = one.send(b"0\r\nX-T: 1\r\n\r\n").read()
            expect((len(got.body), got.trailers), (3000 + 5 * (number % 5000 + 1), [("X-End", "1")]))

        def tunnel(one):
            one.send(b"x" * 5000)
            expect(one.source.exactly(5000), b"x" * 5000)
            one.half_close()
            expect(one.is_closed(), True)

        def upgrades(_):
            with client(inbound) as one:
                one.send_request(target="/up", head_fields=UPGRADE)
                expect(one.read_head().status, 101)
                tunnel(one)

        def connects(_):
            with client(self.sidecar.proxy) as one:
                one.send(b"CONNECT 127.0.0.1:%d HTTP/1.1\r\nHost: a\r\n\r\n" % self.echo.port)
                expect(one.read_head().status, 200)
                tunnel(one)

        def opaques(_):
            with client(opaque) as one:
                tunnel(one)

        def leaves(number):
            one = client(inbound)
            one.send_request(target="/large")
            if number % 2:
                one.read_head()
            one.reset()

        def looks(_):
            books = self.sidecar.metrics().books()
            expect(books["recorded"], books["acknowledged"] + books["lost"] + books["dropped"] + books["queued"])
            expect(self.sidecar.page("/livez").status, 200)

        def bodies(_):
            size = next(sizes)
            expect(third("POST", "/b", body=b"p" * size).body, b"%d" % size)

        def posts(_):
            if (status := get_status(mortal, "POST")) not in (200, 502):
                expect(status, "200 or 502")

        return {
            "GET, kept": lambda number: expect(first("GET", f"/{number}").status, 200),
            "GET, new": lambda number: expect(get(inbound, f"/{number}").status, 200),
            "GET, kept, outbound": lambda number: expect(second("GET", f"/{number}").status, 200),
            "GET through the proxy": lambda number: expect(get(self.sidecar.proxy, f"{self.good.url}/{number}").status, 200),
            "POST": bodies, "chunked": chunked, "upgrade": upgrades, "CONNECT": connects, "opaque": opaques, "leaves": leaves,
            "calls out": lambda _: expect(get(inbound, "/out").body, b"fine"), "looks": looks,
            "GET from who dies": lambda number: expect(get(mortal, f"/{number}").status, 200),
            "GET from who dies, kept": lambda number: expect(fourth("GET", f"/{number}").status, 200),
            "POST to who dies": posts,
        }

    def dies(self, number):
        """One way after the other in which an upstream goes away and comes back."""
        away, back = ((self.front.cut, lambda: None), (self.front.down, self.front.up),
                      (self.front.reset, lambda: self.front.reset(False)))[number % 3]
        away()
        time.sleep(0.05)
        back()
        time.sleep(0.1)

    def test_everything_at_once(self):
        before = cpu_of_shards(self.sidecar)
        self.assertEqual(len(before), 2)
        with nothing_left(self.sidecar, seconds=60) as gauges:
            running = [repeated(name, step) for name, step in self.steps().items()] + [repeated("dies", self.dies)]
            began = time.monotonic()
            for one in running:
                one.start()
            gauges.rises("connections", "upstream", "inbound", least=3)
            until(lambda: any(one.problems for one in running) or
                  (time.monotonic() - began > SECONDS and min(one.done for one in running) >= 10), 120)
            for one in running:
                one.stopping = True
            for one in running:
                one.join(60)
            self.assertEqual([problem for one in running for problem in one.problems], [])
            self.assertEqual([one.name for one in running if one.is_alive()], [])
            for one in self.kept:
                one.close()
        self.check_books()
        for spent in map(lambda now, then: now - then, sorted(cpu_of_shards(self.sidecar)), sorted(before)):
            self.assertGreater(spent, 20_000_000)  # both worked
        self.assertGreater(self.sidecar.metrics().sum("sidespan_upstream_events_total", event="retried"), 0)

    def check_books(self):
        books = until(lambda: (now := self.sidecar.metrics().books())["recorded"] == now["acknowledged"] and now, 60)
        self.assertGreater(books["recorded"], 200)
        spans = self.far.wait_for(lambda spans: len(spans) >= books["recorded"], 60)
        self.assertEqual(len({span.span_id for span in spans}), books["recorded"])


def get_status(port, method):
    with client(port) as one:
        return one.request(method, "/", body=b"x").status


if __name__ == "__main__":
    unittest.main()
