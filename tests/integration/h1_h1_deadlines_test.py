# SPDX-License-Identifier: Apache-2.0
"""h1-h1: limits that must hold whatever else goes on at the same connection, and whose fault it is when they end something."""
import signal
import time
import unittest

from support import wire
from support.client import client
from support.collector import collector
from support.origin import full_backlog, gate, origin, until
from support.sidespan import sidespan


class limits(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.app = cls.enterClassContext(origin())
        full = full_backlog(cls)
        cls.sidecar = cls.enterClassContext(
            sidespan().inbound(cls.app.port, idle_timeout="1s")
            .inbound(cls.app.port)
            .outbound(full, connect_timeout="60s", timeout="1s").start())

    def setUp(self):
        self.app.requests.clear()

    def test_a_body_that_stalls_after_100_continue_is_408(self):
        self.app.on("/continue", lambda one: (one.send(b"HTTP/1.1 100 Continue\r\n\r\n"), one.read_body()))
        with client(self.sidecar.inbound) as one:
            one.send_request("POST", "/continue", [("Expect", "100-continue"), ("Content-Length", "5")])
            self.assertEqual(one.read_head().status, 100)
            self.assertEqual(one.read_head().status, 408)

    def test_a_body_that_stalls_beside_a_large_response_ends_the_exchange(self):
        body = b"x" * (1 << 20)

        def answer(one):
            one.send(b"HTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in range(8):
                one.send(wire.chunk(body))
            one.read_body()

        self.app.on("/both", answer)
        with client(self.sidecar.inbound) as one:
            one.send_request("POST", "/both", [("Content-Length", "5")])
            time.sleep(0.2)  # the response fills the sockets, so that writing it has to wait
            head = one.read_head()
            self.assertEqual(head.status, 200)
            with self.assertRaises(wire.closed):
                one.read_body(head)

    def test_an_upstream_that_leaves_inside_a_request_is_502(self):
        self.app.on("/leave", lambda one: one.close())
        with client(self.sidecar.inbounds[1]) as one:
            one.send(b"POST /leave HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nsome")
            self.assertEqual(one.read_head().status, 502)

    def test_the_timeout_of_an_exchange_covers_connecting(self):
        began = time.monotonic()
        with client(self.sidecar.outbound) as one:
            self.assertEqual(one.request().status, 504)
        self.assertLess(time.monotonic() - began, 20)


class whose_fault_a_timeout_is(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.spans_of = cls.enterClassContext(collector())
        cls.app, cls.other = cls.enterClassContext(origin()), cls.enterClassContext(origin())
        cls.sidecar = cls.enterClassContext(
            sidespan().inbound([cls.app.url, cls.other.url], timeout="2s", idle_timeout="10s", eject={"after": 1})
            .export(cls.spans_of.endpoint).start())

    def setUp(self):
        self.spans_of.clear()

    def assert_ended_by(self, fault, ejected):
        self.assertEqual(self.spans_of.wait_for_spans(1)[0].attributes.get("error.type"), fault)
        self.assertEqual(self.sidecar.metrics().sum("sidespan_upstream_events_total", event="ejected"), ejected)

    def test_1_content_that_does_not_come_is_the_callers(self):
        with client(self.sidecar.inbound) as one:
            one.send_request("POST", "/", [("Content-Length", "5")])
            self.assertEqual(one.read_head().status, 408)
        self.assert_ended_by(None, 0)  # of a server span a 408 is no error

    def test_2_a_response_that_is_not_taken_is_the_callers(self):
        def answer(one):
            one.send(b"HTTP/1.1 200 Fine\r\nContent-Length: %d\r\n\r\n" % (32 << 20))
            for _ in range(32):
                one.send(b"x" * (1 << 20))

        for each in (self.app, self.other):
            each.on("/large", answer)
        with client(self.sidecar.inbound) as one:
            one.send_request(target="/large")
            self.assert_ended_by("connection_write_timeout", 0)

    def test_3_no_answer_to_a_whole_request_is_the_upstreams(self):
        hang = gate()
        self.addCleanup(hang.open)
        for each in (self.app, self.other):
            each.on("/hang", lambda one: hang.wait())
        with client(self.sidecar.inbound) as one:
            one.send_request("POST", "/hang", [("Content-Length", "5")])
            one.send(b"12345")
            self.assertEqual(one.read_head().status, 504)
        self.assert_ended_by("http_response_timeout", 1)


class shutdown(unittest.TestCase):
    def test_what_the_drain_cuts_is_our_doing(self):
        hang = gate()
        with collector() as far, origin() as app:
            app.on("/hang", lambda one: hang.wait())
            with sidespan().inbound(app.port).export(far.endpoint).set(drain={"timeout": "300ms"}).start() as sidecar:
                with client(sidecar.inbound) as one:
                    one.request()  # the next one meets a reused connection
                    one.send_request(target="/hang")
                    app.wait_for(lambda app: "/hang" in app.targets())
                    sidecar.signal(signal.SIGTERM)
                    self.assertEqual(one.read_head().status, 503)
                self.assertEqual(sidecar.wait(), 0)
            hang.open()
            cut = next(span for span in far.wait_for_spans(2) if span.attributes["url.path"] == "/hang")
            self.assertEqual(cut.attributes["error.type"], "destination_unavailable")
            self.assertEqual(app.targets().count("/hang"), 1)

    def test_a_second_signal_exits_although_the_collector_hangs(self):
        with collector() as far, origin() as app:
            far.behave("hang")
            with sidespan().inbound(app.port).export(far.endpoint).set(drain={"timeout": "20s"}).start() as sidecar:
                with client(sidecar.inbound) as one:
                    one.request()
                far.wait_for_requests(1)
                sidecar.signal(signal.SIGTERM)
                until(lambda: '"flushing"' in sidecar.log())
                began = time.monotonic()
                sidecar.signal(signal.SIGTERM)
                self.assertEqual(sidecar.wait(), 3)
                self.assertLess(time.monotonic() - began, 5)


class interim(unittest.TestCase):
    def test_interim_responses_lose_their_hop_by_hop_fields(self):  # H1-24
        with origin() as app, sidespan().inbound(app.port).start() as sidecar:
            app.on("/hint", lambda one: (one.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: x-own\r\nX-Own: 1\r\n"
                                                  b"Keep-Alive: timeout=5\r\n\r\n"), one.reply()))
            seen = []
            with client(sidecar.inbound) as one:
                one.send_request(target="/hint")
                one.read(interim=seen)
            self.assertEqual([name for name, _ in seen[0].fields], ["Link"])


if __name__ == "__main__":
    unittest.main()
