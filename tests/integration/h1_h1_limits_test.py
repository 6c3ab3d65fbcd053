# SPDX-License-Identifier: Apache-2.0
"""h1-h1: every limit of docs/operations.md, what the caller gets beyond it, and the metric that counts it."""
import contextlib
import select
import threading
import time
import unittest

from support import wire
from support.client import client, get
from support.collector import collector
from support.origin import gate, origin, until
from support.sidespan import sidespan


def limited(sidecar, limit):
    return sidecar.metrics().sum("sidespan_limited_total", limit=limit)


class one_request(unittest.TestCase):
    """Limits that a single request can meet."""

    @classmethod
    def setUpClass(cls):
        cls.app = cls.enterClassContext(origin())
        cls.sidecar = cls.enterClassContext(
            sidespan().inbound(cls.app.port, max_body="1KiB", head_timeout="600ms", idle_timeout="800ms")
            .set(limits={"header_bytes": "8KiB", "header_fields": 20, "target_bytes": "2KiB"}).start())
        cls.port = cls.sidecar.inbound

    def setUp(self):
        self.app.requests.clear()
        self.app.answers.clear()

    def refused(self, limit, status, *pieces, pause=0.0):
        """One request, refused and counted; the connection ends and nothing reached the app."""
        before = limited(self.sidecar, limit)
        with client(self.port) as one:
            try:
                for piece in pieces:
                    one.send(piece)
                    time.sleep(pause)
            except OSError:
                pass  # it has had enough; the answer was sent before
            got = one.read()
            self.assertEqual((got.status, got.fields.get("Connection")), (status, "close"), got)
            self.assertTrue(one.is_closed())
        self.assertEqual(limited(self.sidecar, limit), before + 1)
        return got

    def test_size_of_the_head(self):
        self.refused("header", 431, b"GET / HTTP/1.1\r\nHost: a\r\nX-A: " + b"a" * 9000 + b"\r\n\r\n")
        self.refused("header", 431, b"GET / HTTP/1.1\r\nHost: a\r\nX-A: " + b"a" * 9000)  # need not end
        self.assertEqual(self.app.requests, [])

    def test_number_of_fields(self):
        def head(count):
            return b"GET /count HTTP/1.1\r\nHost: a\r\n" + b"".join(b"X-%d: 1\r\n" % i for i in range(count - 1)) + b"\r\n"

        with client(self.port) as one:
            self.assertEqual(one.send(head(20)).read().status, 200)
        self.refused("header", 431, head(21))
        self.assertEqual(self.app.targets(), ["/count"])

    def test_length_of_the_target(self):
        def line(length):
            return b"GET /" + b"t" * (length - 1) + b" HTTP/1.1\r\nHost: a\r\n\r\n"

        with client(self.port) as one:
            self.assertEqual(one.send(line(2048)).read().status, 200)
        self.refused("target", 414, line(2049))
        self.refused("target", 414, line(20000))
        self.assertEqual(len(self.app.requests), 1)

    def test_length_of_the_body_that_is_declared(self):
        connections = self.app.connections
        self.refused("body", 413, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1025\r\n\r\n")
        self.refused("body", 413, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1025\r\nExpect: 100-continue\r\n\r\n")
        self.assertEqual((self.app.requests, self.app.connections), ([], connections))

    def test_length_of_a_chunked_body(self):
        head = b"POST /chunked HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        self.refused("body", 413, head + wire.chunk(b"x" * 1025))
        self.assertEqual(self.app.requests, [])  # what is over at once does not reach the app
        lost = self.app.lost
        self.refused("body", 413, head + wire.chunk(b"x" * 600), wire.chunk(b"x" * 600), pause=0.05)
        self.app.wait_for(lambda app: app.lost > lost)  # what is over later is aborted there
        with client(self.port) as one:
            self.assertEqual(one.send(head + wire.chunk(b"x" * 1024) + b"0\r\n\r\n").read().status, 200)

    def test_time_of_the_head(self):
        self.refused("slow_head", 408, b"GET / HTTP/1.1\r\n")
        # Bytes that come do not put it off.
        self.refused("slow_head", 408, *(bytes([byte]) for byte in b"GET / HTTP/1"), pause=0.06)

    def test_silence_inside_a_body(self):
        self.refused("slow_body", 408, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nsome")

    def test_framing_without_content_is_silence(self):
        head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;"
        self.refused("slow_body", 408, head, *[b"x"] * 20, pause=0.05)

    def test_head_of_a_response(self):
        before = limited(self.sidecar, "response_header")
        for name, data in (("size", b"X-A: " + b"a" * 9000 + b"\r\n"), ("number", b"".join(b"X-%d: 1\r\n" % i for i in range(30)))):
            with self.subTest(name):
                self.app.on("/large", lambda one: (one.send(b"HTTP/1.1 200 Fine\r\nContent-Length: 0\r\n" + data + b"\r\n"), one.close()))
                self.assertEqual(get(self.port, "/large").status, 502)
        self.assertEqual(limited(self.sidecar, "response_header"), before + 2)

    def test_interim_responses(self):
        def endless(one):
            try:
                while True:
                    one.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 100)
            except OSError:
                one.close()

        self.app.on("/hints", endless)
        interim = []
        with client(self.port) as one:
            one.send_request(target="/hints")
            self.assertEqual(one.read(interim=interim).status, 502)
            self.assertEqual(len(interim), 1000)
            self.assertEqual(one.request().status, 200)


class rates(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.app = cls.enterClassContext(origin())
        cls.sidecar = cls.enterClassContext(
            sidespan().inbound(cls.app.port, min_rate="100KiB", idle_timeout="2s").inbound(cls.app.port, idle_timeout="2s").start())

    def test_a_body_below_its_rate_is_408_although_it_is_never_silent(self):
        with client(self.sidecar.inbounds[0]) as one:
            one.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n")
            began = time.monotonic()
            while not select.select([one.connection], [], [], 0.02)[0] and time.monotonic() - began < 20:
                one.send(b"x" * 10)
            self.assertLess(time.monotonic() - began, 15)
            self.assertEqual(one.read().status, 408)
        self.assertGreaterEqual(limited(self.sidecar, "slow_body"), 1)

    def test_a_body_at_its_rate_is_whole(self):
        with client(self.sidecar.inbounds[0]) as one:
            one.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 600000\r\n\r\n")
            for _ in range(75):
                one.send(b"x" * 8000)
                time.sleep(0.04)
            self.assertEqual(one.read().status, 200)
        self.assertEqual(len(self.app.last.body), 600000)

    def large(self, one):
        one.send(b"HTTP/1.1 200 Fine\r\nContent-Length: %d\r\n\r\n" % (32 << 20))
        for _ in range(32):
            one.send(b"x" * (1 << 20))

    def taken(self, port, size, pause, seconds):
        """What a caller gets that reads `size` bytes every `pause` seconds, and whether it was cut."""
        self.app.on("/large", self.large)
        got = 0
        with client(port) as one:
            one.send_request(target="/large")
            limit = time.monotonic() + seconds
            while time.monotonic() < limit:
                time.sleep(pause)
                try:
                    data = one.connection.recv(size)
                except ConnectionError:
                    return got, True
                if not data:
                    return got, True
                got += len(data)
        return got, False

    def test_a_reader_that_takes_nothing_is_cut(self):
        before = limited(self.sidecar, "slow_reader")
        self.app.on("/large", self.large)
        with client(self.sidecar.inbounds[1]) as one:
            one.send_request(target="/large")
            until(lambda: limited(self.sidecar, "slow_reader") == before + 1)
            with self.assertRaises(wire.closed):
                one.read()

    def test_a_reader_that_is_slow_and_steady_is_not(self):
        before = limited(self.sidecar, "slow_reader")
        got, cut = self.taken(self.sidecar.inbounds[1], 32768, 0.02, 5)
        self.assertFalse(cut, got)
        self.assertEqual(limited(self.sidecar, "slow_reader"), before)

    def test_a_reader_below_the_rate_is_cut(self):
        before = limited(self.sidecar, "slow_reader")
        _, cut = self.taken(self.sidecar.inbounds[0], 200, 0.02, 0.1)
        self.assertFalse(cut)
        self.app.on("/large", self.large)
        with client(self.sidecar.inbounds[0]) as one:
            one.send_request(target="/large")
            stop = time.monotonic() + 20
            while limited(self.sidecar, "slow_reader") == before and time.monotonic() < stop:
                one.connection.recv(500)  # 20 KiB/s
                time.sleep(0.02)
        self.assertGreater(limited(self.sidecar, "slow_reader"), before)


class overload(unittest.TestCase):
    """Too much at once is told at once."""

    def check_shed(self, sidecar, port, good, limit="requests"):
        """While `good` requests hang, every further one is 503 without waiting and without reaching the app."""
        hang = gate()
        held = []
        with self.subTest(limit), contextlib.ExitStack() as at_the_end:
            at_the_end.callback(hang.open)  # or a failure would wait for the drain
            self.app.on("/hang", lambda one: (hang.wait(), one.reply(200)))
            for _ in range(good):
                held.append(client(port))
                held[-1].send_request(target="/hang")
            self.app.wait_for(lambda app: app.targets().count("/hang") == good)
            reached = len(self.app.requests)
            began = time.monotonic()
            with client(port) as one:
                for _ in range(5):
                    got = one.request(target="/more")
                    self.assertEqual((got.status, got.fields.get("Retry-After")), (503, "1"), got)
                    self.assertIn(b"too many requests", got.body)
                self.assertLess(time.monotonic() - began, 10)
                self.assertEqual(len(self.app.requests), reached)
                hang.open()
                for each in held:
                    self.assertEqual(each.read().status, 200)
                    each.close()
                until(lambda: one.request(target="/more").status == 200)
        self.assertGreaterEqual(limited(sidecar, limit), 5)

    def setUp(self):
        self.app = self.enterContext(origin())

    def test_requests_of_the_process(self):
        with sidespan().inbound(self.app.port).set(limits={"requests": 3}).start() as sidecar:
            self.check_shed(sidecar, sidecar.inbound, 3)

    def test_requests_of_the_process_over_two_workers(self):
        with sidespan().inbound(self.app.port).set(limits={"requests": 6, "workers": 2}).start() as sidecar:
            self.check_shed(sidecar, sidecar.inbound, 6)

    def test_requests_of_a_listener(self):
        plan = sidespan().outbound(self.app.port, max_requests=2).outbound(self.app.port).inbound(self.app.port, max_requests=4)
        with plan.start() as sidecar:
            self.check_shed(sidecar, sidecar.outbounds[0], 2)
            self.app.requests.clear()
            self.check_shed(sidecar, sidecar.inbound, 4)

    def test_calls_of_admitted_requests_are_not_shed(self):
        with origin() as dependency:
            plan = sidespan().inbound(self.app.port).outbound(dependency.port).set(limits={"requests": 1})
            with plan.start() as sidecar:
                self.app.otherwise(lambda one: one.reply(200, body=get(sidecar.outbound, "/call").body))
                self.assertEqual(get(sidecar.inbound).body, b"fine")

    def test_what_is_shed_has_a_span_that_says_so(self):
        hang = gate()
        with collector() as far, sidespan().inbound(self.app.port, max_requests=1).export(far.endpoint).start() as sidecar:
            self.app.on("/hang", lambda one: (hang.wait(), one.reply(200)))
            with client(sidecar.inbound) as held:
                held.send_request(target="/hang")
                self.app.wait_for(lambda app: app.requests)
                parent = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
                self.assertEqual(get(sidecar.inbound, "/shed", [("traceparent", parent)]).status, 503)
                hang.open()
                held.read()
            shed = next(span for span in far.wait_for_spans(2) if span.attributes["url.path"] == "/shed")
            self.assertEqual((shed.attributes["http.response.status_code"], shed.attributes["error.type"]),
                             (503, "connection_limit_reached"))
            self.assertEqual(shed.parent_id, "b" * 16)

    def test_connections_of_a_listener_wait_and_do_not_hold_up_others(self):
        plan = sidespan().inbound(self.app.port, max_connections=1).inbound(self.app.port)
        with plan.start() as sidecar, client(sidecar.inbounds[0]) as first:
            self.assertEqual(first.request().status, 200)
            with client(sidecar.inbounds[0]) as second:
                second.send_request(target="/second")
                until(lambda: limited(sidecar, "connections") == 1)
                self.assertEqual(get(sidecar.inbounds[1], "/other").status, 200)
                self.assertNotIn("/second", self.app.targets())
                first.close()
                self.assertEqual(second.read().status, 200)

    def test_memory(self):
        """Partial heads fill the buffers: new requests are shed, and it is over when they are gone."""
        plan = sidespan().inbound(self.app.port).set(limits={"memory": "1MiB", "connections": 1000})
        with plan.start() as sidecar, client(sidecar.inbound) as honest:
            self.assertEqual(honest.request().status, 200)
            bombs = []
            try:
                for _ in range(60):
                    bombs.append(client(sidecar.inbound))
                    bombs[-1].send(b"GET / HTTP/1.1\r\nHost: a\r\nX-A: " + b"a" * 40000)
                until(lambda: limited(sidecar, "memory") > 0)
                self.assertLess(sidecar.metrics().sum("sidespan_buffer_bytes"), 1.2 * (1 << 20))
                shed = until(lambda: (got := honest.request()).status == 503 and got)
                self.assertEqual((shed.fields.get("Retry-After"), shed.fields.get("Connection")), ("1", "close"))
            finally:
                for one in bombs:
                    one.close()
            until(lambda: sidecar.metrics().sum("sidespan_buffer_bytes") < 100000)
            until(lambda: get(sidecar.inbound).status == 200)


if __name__ == "__main__":
    unittest.main()
