# SPDX-License-Identifier: Apache-2.0
"""h1-h1: what the caller gets when the other side fails (specs §7.7), and what happens when a caller goes away."""
import threading
import time
import unittest

from support import wire
from support.client import client, get
from support.origin import full_backlog, gate, origin, refused_port
from support.sidespan import sidespan


def raw(data, then_close=True):
    """An answer that sends exactly these bytes."""
    def answer(one):
        one.read_body()
        one.send(data)
        if then_close:
            one.close()
    return answer


class upstream_faults(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        held, refused = refused_port()
        cls.addClassCleanup(held.close)
        cls.refused = refused
        full = full_backlog(cls)
        cls.app = cls.enterClassContext(origin())
        cls.sidecar = cls.enterClassContext(
            sidespan().inbound(cls.app.port, timeout="2s", routes=["GET /{rest*}", "POST /{rest*}", "HEAD /{rest*}"])
            .outbound(refused)
            .outbound(full, connect_timeout="200ms")
            .outbound("http://no-such-host.invalid:80")
            .outbound(routes=[{"host": "known.example", "to": f"http://127.0.0.1:{cls.app.port}"}])
            .inbound(cls.app.port, idle_timeout="1s", head_timeout="1s")
            .inbound(cls.app.port, max_body="1000")
            .start())
        cls.port = cls.sidecar.inbound

    def setUp(self):
        self.app.requests.clear()
        self.app.answers.clear()

    def check_local(self, got, status, *words):
        self.assertEqual(got.status, status, got)
        text = got.body.decode()
        self.assertTrue(text.startswith("sidespan: ") and text.endswith("\n"), text)
        self.assertEqual((got.fields.get("Content-Type"), bool(got.fields.get("Date"))), ("text/plain; charset=utf-8", True))
        for word in words:
            self.assertIn(word, text)

    def test_refused_is_502(self):
        with client(self.sidecar.outbound) as one:
            self.check_local(one.request(), 502, f"connection refused: upstream 127.0.0.1:{self.refused} of listener 127.0.0.1:0\n")
            self.check_local(one.request(), 502)  # the caller's connection stays usable

    def test_what_failed_is_the_upstream_not_the_host_that_the_caller_asked_for(self):
        for port in (self.port, self.sidecar.inbounds[1]):
            with self.subTest(port):
                self.app.on("/bad", raw(b"hello\r\n\r\n"))
                got = get(port, "/bad", host="shop.example")
                self.check_local(got, 502, f"upstream 127.0.0.1:{self.app.port} of listener {port.host}:0\n")

    def test_connect_timeout_is_504(self):
        began = time.monotonic()
        self.check_local(get(self.sidecar.outbounds[1]), 504)
        self.assertLess(time.monotonic() - began, 5)

    def test_unknown_name_is_502(self):
        self.check_local(get(self.sidecar.outbounds[2]), 502)

    def test_no_route_is_404_and_names_listener_and_host(self):  # decision 11
        port = self.sidecar.outbounds[3]
        self.check_local(get(port, host="stranger.example"), 404, "stranger.example", "127.0.0.4:0")
        self.assertEqual(get(port, host="known.example").status, 200)

    def test_a_request_timeout_is_504(self):
        hang = gate()
        self.app.on("/hang", lambda one: hang.wait())
        try:
            with client(self.port) as one:
                self.check_local(one.request("GET", "/hang"), 504)
        finally:
            hang.open()

    def test_a_timeout_inside_the_response_aborts_it(self):
        hang = gate()
        self.app.on("/half", lambda one: (one.send(b"HTTP/1.1 200 Fine\r\nContent-Length: 10\r\n\r\nhalf"), hang.wait()))
        try:
            with client(self.port) as one:
                one.send_request(target="/half")
                head = one.read_head()
                with self.assertRaises(wire.closed):
                    one.read_body(head)
        finally:
            hang.open()

    def test_bad_responses_are_502(self):
        for name, data in {
            "closes without a word": b"",
            "closes inside the head": b"HTTP/1.1 200 Fine\r\nX-A: ",
            "not HTTP": b"hello\r\n\r\n",
            "obs-fold H1-21": b"HTTP/1.1 200 Fine\r\nX-A: 1\r\n 2\r\nContent-Length: 0\r\n\r\n",
            "two lengths RS-3": b"HTTP/1.1 200 Fine\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
            "bad length RS-3": b"HTTP/1.1 200 Fine\r\nContent-Length: -1\r\n\r\n",
            "NUL": b"HTTP/1.1 200 Fine\r\nX-A: \x00\r\nContent-Length: 0\r\n\r\n",
            "large head": b"HTTP/1.1 200 Fine\r\nX-A: " + b"a" * 70000 + b"\r\nContent-Length: 0\r\n\r\n",
            "101 that nobody asked for RS-7": b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        }.items():
            with self.subTest(name), client(self.port) as one:
                self.app.on("/bad", raw(data))
                self.check_local(one.request("POST", "/bad", body=b"x"), 502)
                self.assertEqual(one.request("GET", "/after").status, 200)

    def test_truncated_responses_are_aborted_never_ended_cleanly(self):  # RS-6
        for name, data in {
            "length": b"HTTP/1.1 200 Fine\r\nContent-Length: 10\r\n\r\nhalf",
            "chunks": b"HTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
            "bad chunk": b"HTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n",
        }.items():
            with self.subTest(name), client(self.port) as one:
                self.app.on("/cut", raw(data))
                one.send_request(target="/cut")
                head = one.read_head()
                if head.status == 502:  # seen to be bad before anything of it went on
                    self.assertEqual(name, "bad chunk")
                    continue
                self.assertEqual(head.status, 200)
                with self.assertRaises(wire.closed):
                    one.read_body(head)

    def test_bytes_behind_a_bodiless_response_never_become_the_next_response(self):  # RS-1, RS-8
        evil = b"HTTP/1.1 200 Evil\r\nContent-Length: 4\r\n\r\nevil"
        for name, data in {"204": b"HTTP/1.1 204 No Content\r\n\r\n", "304": b"HTTP/1.1 304 Not Modified\r\n\r\n",
                           "200": b"HTTP/1.1 200 Fine\r\nContent-Length: 0\r\n\r\n"}.items():
            with self.subTest(name):
                self.app.on("/more", raw(data + evil, then_close=False))
                with client(self.port) as one:
                    one.request("GET", "/more")
                    for _ in range(3):
                        self.assertEqual(one.request("GET", "/after").body, b"fine")

    def test_bytes_on_an_idle_connection_in_constant_use_answer_nobody(self):  # RS-8
        said = threading.Event()

        def twice(one):
            one.reply(body=b"fine")
            time.sleep(0.0003)
            one.send(b"HTTP/1.1 200 Evil\r\nContent-Length: 4\r\n\r\nevil")
            said.set()

        self.app.on("/twice", twice)
        for _ in range(5):
            said.clear()
            with client(self.port) as one:
                for _ in range(120):  # a connection that has served 100 is one that is trusted most
                    one.request("GET", "/before")
                self.assertEqual(one.request("GET", "/twice").body, b"fine")
                said.wait()
                self.assertEqual(one.request("GET", "/after").body, b"fine")

    def test_stale_idle_connection_is_retried_for_get_but_not_for_post(self):  # RT-1, RT-4
        self.app.on("/die", raw(b""))
        get(self.port, "/warm")
        with client(self.port) as one:
            self.assertEqual(one.request("POST", "/die", body=b"x").status, 502)
        self.assertEqual(self.app.targets().count("/die"), 1)

    def test_a_slow_head_is_408_or_a_close(self):
        with client(self.sidecar.inbounds[1]) as one:
            one.send(b"GET / HTTP/1.1\r\nHost:")
            try:
                self.assertEqual(one.read().status, 408)
            except wire.closed:
                self.fail("closed without a 408 although the request had begun")
        self.assertEqual(self.app.requests, [])

    def test_an_idle_caller_is_closed_without_a_response(self):
        with client(self.sidecar.inbounds[1]) as one:
            self.assertEqual(one.request().status, 200)
            self.assertTrue(one.is_closed())
        with client(self.sidecar.inbounds[1]) as one:
            self.assertTrue(one.is_closed())

    def test_a_stalled_request_body_is_ended(self):
        with client(self.sidecar.inbounds[1]) as one:
            one.send(b"POST /stall HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nsome")
            self.assertEqual(one.read().status, 408)
        self.app.wait_for(lambda app: app.lost)

    def test_a_body_over_the_limit_is_413(self):
        with client(self.sidecar.inbounds[2]) as one:
            self.assertEqual(one.request("POST", "/b", body=b"x" * 1000).status, 200)
            self.assertEqual(one.request("POST", "/b", body=b"x" * 1001).status, 413)
        with client(self.sidecar.inbounds[2]) as one:
            one.send(b"POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + wire.chunk(b"x" * 600))
            one.send(wire.chunk(b"x" * 600))
            self.assertEqual(one.read().status, 413)

    def test_head_gets_the_error_without_a_body(self):
        with client(self.sidecar.outbound) as one:
            self.assertEqual(one.request("HEAD").status, 502)
            self.assertEqual(one.request("GET").status, 502)

    def test_connect_and_trace_are_refused(self):  # H1-7, H1-8
        for method, target, status in (("CONNECT", f"127.0.0.1:{self.app.port}", 501), ("TRACE", "/", 405)):
            with self.subTest(method), client(self.sidecar.inbounds[1]) as one:  # whose rule takes every method
                self.assertEqual(one.request(method, target).status, status)
        self.assertEqual(self.app.requests, [])


class callers_that_go_away(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.app = cls.enterClassContext(origin())
        cls.sidecar = cls.enterClassContext(sidespan().inbound(cls.app.port).start())

    def test_a_caller_gone_before_the_response_ends_the_exchange_at_the_app(self):
        hang = gate()
        self.app.on("/hang", lambda one: (hang.wait(), one.reply(200)))
        one = client(self.sidecar.inbound)
        one.send_request(target="/hang")
        self.app.wait_for(lambda app: "/hang" in app.targets())
        one.reset()
        # The app's connection must not go back to the pool: the late response would answer somebody else.
        self.assertEqual(get(self.sidecar.inbound, "/other").body, b"fine")
        hang.open()
        for _ in range(3):
            self.assertEqual(get(self.sidecar.inbound, "/other").body, b"fine")

    def test_a_caller_gone_inside_the_response_does_no_harm(self):
        self.app.on("/large", lambda one: one.reply(200, body=b"x" * 5_000_000))
        for _ in range(5):
            one = client(self.sidecar.inbound)
            one.send_request(target="/large")
            one.read_head()
            one.reset()
        self.assertEqual(get(self.sidecar.inbound, "/other").body, b"fine")

    def test_a_caller_gone_inside_the_request_aborts_it_at_the_app(self):
        lost = self.app.lost
        one = client(self.sidecar.inbound)
        one.send(b"POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nsome")
        self.app.wait_for(lambda app: "/up" in app.targets())
        one.reset()
        self.app.wait_for(lambda app: app.lost > lost)

    def test_connections_that_say_nothing_do_no_harm(self):
        for _ in range(50):
            client(self.sidecar.inbound).reset()
        self.assertEqual(get(self.sidecar.inbound, "/other").body, b"fine")


if __name__ == "__main__":
    unittest.main()
