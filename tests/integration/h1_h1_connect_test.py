# SPDX-License-Identifier: Apache-2.0
"""h1-h1: CONNECT through the forward proxy (specs H1-7), and where it is refused."""
import http.client
import unittest

from support import wire
from support.client import client
from support.collector import collector
from support.gauges import wait_until_idle
from support.origin import full_backlog, origin, refused_port
from support.sidespan import sidespan
from support.talker import echo, talker


class connect(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.app, cls.far, cls.echo = (cls.enterClassContext(one) for one in (origin(), collector(), talker(echo)))
        plan = sidespan().inbound(cls.app.port).outbound(cls.app.port)
        plan.set(outbound={"proxy": {"listen": "127.0.0.1:0", "connect_timeout": "1s"}})
        cls.sidecar = cls.enterClassContext(plan.export(cls.far.endpoint).start())
        cls.port = cls.sidecar.proxy

    def setUp(self):
        self.echo.got.clear()
        self.far.clear()
        self.app.requests.clear()
        self.addCleanup(self.check_nothing_left)

    def check_nothing_left(self):
        wait_until_idle(self.sidecar)

    def open(self, target=None, version="1.1", more="", behind=b""):
        target = target or f"127.0.0.1:{self.echo.port}"
        one = client(self.port)
        self.addCleanup(one.close)
        one.send(f"CONNECT {target} HTTP/{version}\r\nHost: {target}\r\n{more}\r\n".encode() + behind)
        return one

    def check_tunnel(self, one):
        head = one.read_head()
        self.assertEqual((head.status, wire.framing(head.fields)[0], head.fields.get("Connection")), (200, "none", None))  # RS-2
        one.send(b"ping")
        self.assertEqual(one.source.exactly(4), b"ping")
        return head

    def test_a_tunnel_is_a_client_span_with_its_bytes(self):
        one = self.open()
        self.check_tunnel(one)
        self.assertEqual(self.sidecar.metrics().sum("sidespan_tunnels_open", kind="connect"), 1)
        one.half_close()
        self.assertTrue(one.is_closed())
        span = self.far.wait_for_spans(1)[0]
        wanted = {"http.request.method": "CONNECT", "http.response.status_code": 200, "server.address": "127.0.0.1",
                  "server.port": self.echo.port, "network.peer.address": "127.0.0.1", "network.peer.port": self.echo.port,
                  "sidespan.tunnel.kind": "connect", "sidespan.tunnel.end": "downstream_closed",
                  "sidespan.tunnel.bytes_up": 4, "sidespan.tunnel.bytes_down": 4, "url.full": None, "error.type": None}
        self.assertEqual({name: span.attributes.get(name) for name in wanted}, wanted)
        self.assertEqual((span.kind, span.name, span.error), ("client", "CONNECT", False))
        self.assertEqual([event["name"] for event in span.events], ["sidespan.tunnel.opened"])

    def test_a_name_is_resolved(self):
        self.check_tunnel(self.open(f"localhost:{self.echo.port}"))

    def test_http_1_0_and_close_are_no_obstacle(self):
        self.check_tunnel(self.open(version="1.0"))
        self.check_tunnel(self.open(more="Connection: close\r\nProxy-Connection: close\r\n"))

    def test_bytes_right_behind_the_head_are_passed_on(self):
        one = self.open(behind=b"early")
        self.assertEqual(one.read_head().status, 200)
        self.assertEqual(one.source.exactly(5), b"early")

    def test_bytes_behind_a_head_that_fails_are_no_request(self):
        held, refused = refused_port()
        self.addCleanup(held.close)
        one = self.open(f"127.0.0.1:{refused}", behind=f"GET {self.app.url}/smuggled HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        got = one.read("CONNECT")
        self.assertEqual((got.status, got.fields.get("Connection")), (502, "close"))
        self.assertTrue(one.is_closed())
        self.assertEqual(self.app.requests, [])

    def test_failures_have_their_status_and_span(self):  # specs §7.7
        held, refused = refused_port()
        self.addCleanup(held.close)
        for target, status, error_type in ((f"127.0.0.1:{refused}", 502, "connection_refused"),
                                           (f"127.0.0.1:{full_backlog(type(self))}", 504, "connection_timeout"),
                                           ("no-such-host.invalid:443", 502, "dns_error")):
            with self.subTest(target):
                self.far.clear()
                with client(self.port) as one:
                    one.send(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
                    self.assertEqual(one.read("CONNECT").status, status)
                span = self.far.wait_for_spans(1)[0]
                self.assertEqual((span.error, span.attributes["error.type"]), (True, error_type))
                self.assertNotIn("sidespan.tunnel.kind", span.attributes)

    def test_only_the_authority_form_with_a_port(self):  # H1-7
        for target in ("127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "http://127.0.0.1:80/", "/", "*", "user@127.0.0.1:80", "[::1", "a b:1"):
            with self.subTest(target), client(self.port) as one:
                one.send(f"CONNECT {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
                self.assertEqual(one.read("CONNECT").status, 400)
                self.assertTrue(one.is_closed())

    def test_content_is_refused(self):
        for rest in (b"Content-Length: 4\r\n\r\nping", b"Transfer-Encoding: chunked\r\n\r\n4\r\nping\r\n0\r\n\r\n"):
            with self.subTest(rest), client(self.port) as one:
                one.send(b"CONNECT 127.0.0.1:%d HTTP/1.1\r\nHost: a\r\n" % self.echo.port + rest)
                self.assertEqual(one.read("CONNECT").status, 400)
        self.assertEqual(self.echo.got, [])

    def test_our_own_ports_are_refused(self):  # decision 18
        for name in ("admin", "proxy", "inbound", "outbound"):
            for host in ("127.0.0.1", "localhost", "127.0.0.2", "0.0.0.0", "[::ffff:127.0.0.1]"):
                with self.subTest(name, host=host), client(self.port) as one:
                    one.send(f"CONNECT {host}:{int(getattr(self.sidecar, name))} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
                    one.send(f"GET {self.app.url}/smuggled HTTP/1.1\r\nHost: a\r\n\r\n".encode())
                    self.assertEqual(one.read("CONNECT").status, 403)
                    self.assertTrue(one.is_closed())
        self.assertEqual(self.app.requests, [])

    def test_reverse_proxies_answer_501(self):  # H1-7
        for port in (self.sidecar.inbound, self.sidecar.outbound):
            with self.subTest(port), client(port) as one:
                one.send(b"CONNECT 127.0.0.1:%d HTTP/1.1\r\nHost: a\r\n\r\n" % self.app.port)
                self.assertEqual(one.read("CONNECT").status, 501)
        self.assertEqual(self.app.requests, [])

    def test_end_of_one_direction_leaves_the_other_open(self):
        def answer_after_the_end(of, connection):
            total = 0
            while piece := connection.recv(65536):
                total += len(piece)
            connection.sendall(b"got %d" % total)

        with talker(answer_after_the_end) as server:
            one = self.open(f"127.0.0.1:{server.port}")
            self.assertEqual(one.read_head().status, 200)
            one.send(b"x" * 100_000)
            one.half_close()
            self.assertEqual(one.source.rest(), b"got 100000")

    def test_the_server_may_speak_first(self):
        def greet(of, connection):
            connection.sendall(b"220 welcome\r\n")
            echo(of, connection)

        with talker(greet) as server:
            one = self.open(f"127.0.0.1:{server.port}")
            self.assertEqual(one.read_head().status, 200)
            self.assertEqual(one.source.exactly(13), b"220 welcome\r\n")

    def test_a_caller_that_leaves_is_no_error(self):  # decision 12
        one = self.open()
        self.check_tunnel(one)
        one.reset()
        span = self.far.wait_for_spans(1)[0]
        self.assertEqual((span.error, span.attributes["sidespan.tunnel.end"]), (False, "downstream_reset"))

    def test_an_ordinary_http_client_uses_it(self):
        through = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        through.set_tunnel("127.0.0.1", self.app.port)
        for number in range(3):
            through.request("GET", f"/{number}")
            self.assertEqual(through.getresponse().read(), b"fine")
        through.close()
        self.assertEqual(self.app.targets(), ["/0", "/1", "/2"])
        self.assertEqual(self.app.last.fields.get("traceparent"), None)  # nobody looks into a tunnel

    def test_many_at_once(self):
        ones = [self.open() for _ in range(200)]
        for one in ones:
            self.assertEqual(one.read_head().status, 200)
        self.assertEqual(self.sidecar.metrics().sum("sidespan_tunnels_open", kind="connect"), 200)
        for number, one in enumerate(ones):
            one.send(b"%03d" % number)
        self.assertEqual([int(one.source.exactly(3)) for one in ones], list(range(200)))


if __name__ == "__main__":
    unittest.main()
