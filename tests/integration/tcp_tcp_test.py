# SPDX-License-Identifier: Apache-2.0
"""tcp-tcp: opaque TCP on both legs: a span per connection, server-first protocols, half-closed connections, no false errors."""
import hashlib
import os
import socket
import struct
import threading
import time
import unittest

from support import wire
from support.client import client
from support.collector import collector
from support.gauges import wait_until_idle
from support.origin import full_backlog, origin, refused_port, until
from support.sidespan import release_only, sidespan
from support.talker import echo, talker

MiB = 1 << 20


def greet(of, connection):
    """Speaks first, as databases and mail servers do, and answers line by line."""
    connection.sendall(b"220 welcome\r\n")
    with connection.makefile("rb") as lines:
        for line in lines:
            connection.sendall(b"250 " + line)
            if line == b"QUIT\r\n":
                return


class opaque(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.far, cls.server, cls.mail = (cls.enterClassContext(one) for one in (collector(), talker(echo), talker(greet)))
        held, refused = refused_port()
        cls.addClassCleanup(held.close)
        plan = sidespan().inbound(f"tcp://127.0.0.1:{cls.server.port}").outbound(f"tcp://localhost:{cls.mail.port}", name="mail")
        plan = plan.inbound(f"127.0.0.1:{refused}", protocol="tcp").outbound(f"tcp://127.0.0.1:{full_backlog(cls)}", connect_timeout="200ms")
        plan = plan.inbound(f"tcp://127.0.0.1:{cls.server.port}", tunnel_idle_timeout="1s").outbound(f"tcp://127.0.0.1:{cls.server.port}")
        plan = plan.outbound("tcp://no-such-host.invalid:1")
        cls.sidecar = cls.enterClassContext(plan.export(cls.far.endpoint).start())

    def setUp(self):
        self.server.got.clear()
        self.far.clear()
        self.addCleanup(self.check_nothing_left)

    def check_nothing_left(self):
        wait_until_idle(self.sidecar)

    def open(self, port=None):
        one = client(port or self.sidecar.inbound)
        self.addCleanup(one.close)
        return one

    def check(self, **wanted):
        span = self.far.wait_for_spans(1)[0]
        wanted = {name.replace("__", "."): value for name, value in wanted.items()}
        self.assertEqual({name: span.attributes.get(name) for name in wanted}, wanted)
        return span

    def test_inbound_is_a_server_span_with_duration_bytes_and_peer(self):
        one = self.open()
        one.send(b"hello")
        self.assertEqual(one.source.exactly(5), b"hello")
        time.sleep(0.1)
        self.assertEqual(self.far.spans, [])  # it lasts as long as the connection
        one.half_close()
        self.assertTrue(one.is_closed())
        span = self.check(network__transport="tcp", sidespan__leg="inbound", server__address="127.0.0.1", server__port=int(self.sidecar.inbound),
                          client__address="127.0.0.1", network__peer__address="127.0.0.1", network__peer__port=one.local_port,
                          sidespan__tunnel__kind="tcp", sidespan__tunnel__bytes_up=5, sidespan__tunnel__bytes_down=5,
                          sidespan__tunnel__end="downstream_closed", error__type=None)
        self.assertEqual((span.kind, span.name, span.error, span.parent_id, span.links), ("server", "tcp", False, "", []))
        self.assertGreater(span.end - span.start, 100e6)

    def test_outbound_is_a_client_span_and_the_server_may_speak_first(self):
        one = self.open(self.sidecar.outbound)
        self.assertEqual(one.source.exactly(13), b"220 welcome\r\n")
        one.send(b"HELO a\r\n")
        self.assertEqual(one.source.until(b"\r\n"), b"250 HELO a")
        one.send(b"QUIT\r\n")
        self.assertEqual(one.source.rest(), b"250 QUIT\r\n")
        one.close()
        span = self.check(network__transport="tcp", sidespan__leg="outbound", server__address="localhost", server__port=self.mail.port,
                          network__peer__port=self.mail.port, sidespan__tunnel__end="upstream_closed", error__type=None,
                          client__address=None, sidespan__parent__method=None)
        self.assertEqual((span.kind, span.name, span.error, span.parent_id), ("client", "tcp mail", False, ""))

    def test_http_is_not_looked_into(self):
        one = self.open()
        nonsense = b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n\x00\xff"
        one.send(nonsense)
        self.assertEqual(one.source.exactly(len(nonsense)), nonsense)
        self.assertEqual(b"".join(self.server.got), nonsense)

    def test_end_of_one_direction_leaves_the_other_open(self):
        def answer_after_the_end(of, connection):
            digest = hashlib.sha256()
            while piece := connection.recv(65536):
                digest.update(piece)
            connection.sendall(digest.digest())

        self.server.serve, data = answer_after_the_end, os.urandom(3 * MiB)
        self.addCleanup(setattr, self.server, "serve", echo)
        one = self.open()
        one.send(data)
        one.half_close()
        self.assertEqual(one.source.rest(), hashlib.sha256(data).digest())

    def test_large_transfers_both_ways_at_once(self):
        one, data = self.open(self.sidecar.outbounds[2]), os.urandom(MiB)
        sender = threading.Thread(target=lambda: ([one.send(data) for _ in range(32)], one.half_close()))
        sender.start()
        got = hashlib.sha256()
        size = 0
        while piece := one.connection.recv(MiB):
            got.update(piece)
            size += len(piece)
        sender.join()
        self.assertEqual((size, got.digest()), (32 * MiB, hashlib.sha256(data * 32).digest()))
        self.check(sidespan__tunnel__bytes_up=32 * MiB, sidespan__tunnel__bytes_down=32 * MiB)

    def test_a_failed_connect_resets_the_caller_and_is_an_error(self):
        for name, port, kind, error_type in (("refused", self.sidecar.inbounds[1], "server", "connection_refused"),
                                             ("time-out", self.sidecar.outbounds[1], "client", "connection_timeout"),
                                             ("no name", self.sidecar.outbounds[3], "client", "dns_error")):
            with self.subTest(name):
                self.far.clear()
                before = self.sidecar.metrics().sum("sidespan_tunnels_total", end="connect_failed", kind="tcp")
                try:  # the reset may come before connect() has returned
                    with client(port) as one, self.assertRaises(wire.closed) as caught:
                        one.source.fill()
                    self.assertTrue(caught.exception.reset)
                except ConnectionResetError:
                    pass
                span = self.check(error__type=error_type, sidespan__tunnel__end="connect_failed")
                self.assertEqual((span.error, span.kind), (True, kind))
                self.assertEqual(self.sidecar.metrics().sum("sidespan_tunnels_total", end="connect_failed", kind="tcp"), before + 1)

    def test_a_caller_that_resets_is_no_error(self):  # decision 12
        one = self.open()
        one.send(b"x")
        self.assertEqual(one.source.exactly(1), b"x")
        one.reset()
        self.assertFalse(self.check(sidespan__tunnel__end="downstream_reset", sidespan__downstream_closed=True, error__type=None).error)

    def test_a_caller_that_sends_nothing_is_no_error(self):
        self.open().close()
        self.assertFalse(self.check(sidespan__tunnel__end="downstream_closed", sidespan__tunnel__bytes_up=0, error__type=None).error)

    def test_a_server_that_resets_is_an_error_and_no_clean_end(self):
        def reset(of, connection):
            connection.recv(1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

        self.server.serve = reset
        self.addCleanup(setattr, self.server, "serve", echo)
        one = self.open()
        one.send(b"x")
        with self.assertRaises(wire.closed) as caught:
            one.source.rest()
        self.assertTrue(caught.exception.reset)
        self.assertTrue(self.check(sidespan__tunnel__end="upstream_reset", error__type="connection_terminated").error)

    def test_silence_ends_it_at_its_own_limit(self):
        one = self.open(self.sidecar.inbounds[2])
        for _ in range(4):
            time.sleep(0.3)
            one.send(b"x")
            self.assertEqual(one.source.exactly(1), b"x")
        with self.assertRaises(wire.closed):
            one.source.fill()
        self.assertFalse(self.check(sidespan__tunnel__end="idle_timeout", error__type=None).error)

    @release_only
    def test_a_thousand_quiet_connections_cost_little(self):
        ones = [self.open() for _ in range(16)]  # warm
        before = self.sidecar.memory()
        ones += [self.open() for _ in range(1000)]
        for one in ones:
            one.send(b"x")
            self.assertEqual(one.source.exactly(1), b"x")
        until(lambda: self.sidecar.metrics().sum("sidespan_tunnels_open", kind="tcp") == 1016)
        self.assertLess(self.sidecar.memory() - before, 20 * MiB)

    def test_connections_are_counted(self):
        before = self.sidecar.metrics()
        one = self.open()
        one.send(b"1234")
        self.assertEqual(one.source.exactly(4), b"1234")
        self.assertEqual(self.sidecar.metrics().sum("sidespan_connections_open", side="downstream"), 1)
        one.half_close()
        self.assertTrue(one.is_closed())
        self.check()
        after = self.sidecar.metrics()
        for name, labels, wanted in (("sidespan_connections_accepted_total", {"leg": "inbound"}, 1),
                                     ("sidespan_tunnels_total", {"leg": "inbound", "kind": "tcp", "end": "downstream_closed"}, 1),
                                     ("sidespan_tunnel_bytes_total", {"leg": "inbound", "direction": "up"}, 4),
                                     ("http_server_request_duration_seconds_count", {}, 0)):
            self.assertEqual(after.sum(name, **labels) - before.sum(name, **labels), wanted, name)


class limits(unittest.TestCase):
    def test_opaque_connections_count_for_the_limit(self):
        with talker(echo) as server:
            with sidespan().inbound(f"tcp://127.0.0.1:{server.port}").set(limits={"connections": 2}).start() as sidecar:
                with client(sidecar.inbound) as one, client(sidecar.inbound) as two, client(sidecar.inbound) as three:
                    for each in (one, two):
                        each.send(b"x")
                        self.assertEqual(each.source.exactly(1), b"x")
                    three.send(b"y")
                    three.connection.settimeout(0.3)
                    with self.assertRaises(TimeoutError):
                        three.source.fill()
                    one.close()
                    three.connection.settimeout(30)
                    self.assertEqual(three.source.exactly(1), b"y")

    def test_shutdown_waits_for_the_drain_time_and_cuts_then(self):
        with talker(echo) as server, collector() as far:
            plan = sidespan().inbound(f"tcp://127.0.0.1:{server.port}").export(far.endpoint).set(drain={"timeout": "3s"})
            with plan.start() as sidecar, client(sidecar.inbound) as one:
                one.send(b"x")
                self.assertEqual(one.source.exactly(1), b"x")
                sidecar.signal()
                time.sleep(0.2)
                one.send(b"y")
                self.assertEqual(one.source.exactly(1), b"y")
                with self.assertRaises(wire.closed):
                    one.source.fill()
                self.assertEqual(sidecar.wait(), 0)
            span = far.wait_for_spans(1)[0]
            self.assertEqual((span.error, span.attributes["sidespan.tunnel.end"]), (False, "shutdown"))

    def test_an_application_speaks_http_through_opaque_tcp_untouched(self):
        with origin() as app, sidespan().outbound(f"tcp://127.0.0.1:{app.port}").start() as sidecar, client(sidecar.outbound) as one:
            self.assertEqual(one.request(target="/a", host="whoever").body, b"fine")
            self.assertEqual(app.last.fields, [("Host", "whoever")])


if __name__ == "__main__":
    unittest.main()
