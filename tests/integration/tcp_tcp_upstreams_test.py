# SPDX-License-Identifier: Apache-2.0
"""tcp-tcp: opaque TCP to upstreams of several endpoints, unix sockets and IPv6; its lines in the access log."""
import collections
import json
import os
import tempfile
import time
import unittest

from support import wire
from support.client import client
from support.collector import collector
from support.gauges import nothing_left
from support.origin import full_backlog, refused_port, until
from support.sidespan import sidespan
from support.talker import echo, talker

AT_ONCE = {"timeout": "100ms"}  # where connections are still open at the end


def saying(name):
    """A server that speaks first, says its name and then echoes."""
    def serve(of, connection):
        connection.sendall(name.encode() + b"\n")
        echo(of, connection)
    return serve


class upstream_case(unittest.TestCase):
    def named(self, name, at="127.0.0.1"):
        return self.enterContext(talker(saying(name), at))

    def open(self, port):
        """A connection, and the name of the server that it reached."""
        one = client(port)
        self.addCleanup(one.close)
        return one, one.source.until(b"\n").decode()

    def names(self, port, count):
        """Of `count` connections one after the other."""
        out = collections.Counter()
        for _ in range(count):
            one, name = self.open(port)
            one.close()
            out[name] += 1
        return out

    def events(self, sidecar, event):
        return sidecar.metrics().sum("sidespan_upstream_events_total", event=event)


class endpoints(upstream_case):
    def test_connections_take_turns_and_spans_name_the_endpoint_reached(self):
        ports = {name: self.named(name).port for name in ("one", "two")}
        to = [f"tcp://127.0.0.1:{port}" for port in ports.values()]
        with collector() as far, sidespan().inbound(to, balance="round_robin").outbound(to, name="pair", balance="round_robin").export(
                far.endpoint).start() as sidecar:
            for port, leg in ((sidecar.inbound, "inbound"), (sidecar.outbound, "outbound")):
                far.clear()
                self.assertEqual(self.names(port, 6), {"one": 3, "two": 3})
                spans = far.wait_for_spans(6)
                reached = collections.Counter(span.attributes["sidespan.upstream.endpoint"] for span in spans)
                self.assertEqual(reached, {f"127.0.0.1:{port}": 3 for port in ports.values()})
                if leg == "outbound":
                    self.assertEqual(collections.Counter(span.attributes["network.peer.port"] for span in spans), {port: 3 for port in ports.values()})
                    self.assertEqual({(span.name, span.attributes["server.port"]) for span in spans}, {("tcp pair", ports["one"])})

    def test_who_holds_fewer_connections_gets_the_next(self):
        to = [f"tcp://127.0.0.1:{self.named(name).port}" for name in ("one", "two")]
        with sidespan().inbound(to).set(drain=AT_ONCE).start() as sidecar:
            held = collections.Counter(self.open(sidecar.inbound)[1] for _ in range(10))
            self.assertEqual(held, {"one": 5, "two": 5})

    def test_an_endpoint_that_refuses_is_passed_over_and_left_alone(self):
        held, dead = refused_port()
        self.addCleanup(held.close)
        good = self.named("good")
        to = [f"tcp://127.0.0.1:{dead}", f"tcp://127.0.0.1:{good.port}"]
        with collector() as far, sidespan().outbound(to, balance="round_robin", eject={"after": 2, "time": "1m"}).export(far.endpoint).start() as sidecar:
            self.assertEqual(self.names(sidecar.outbound, 1), {"good": 1})
            far.wait_for_spans(1)  # the connection to the collector is there
            with nothing_left(sidecar) as gauges:
                one, name = self.open(sidecar.outbound)
                gauges.rises("connections", "upstream")
                one.close()
                self.assertEqual((name, self.names(sidecar.outbound, 10)), ("good", {"good": 10}))
            self.assertEqual(self.events(sidecar, "ejected"), 1)
            self.assertEqual({span.error for span in far.wait_for_spans(12)}, {False})

    def test_an_endpoint_that_swallows_packets_costs_a_moment(self):
        to = [f"tcp://127.0.0.1:{full_backlog(type(self))}", f"tcp://127.0.0.1:{self.named('good').port}"]
        with sidespan().outbound(to, balance="round_robin", eject={"after": 2}).start() as sidecar:
            began = time.monotonic()
            self.assertEqual(self.names(sidecar.outbound, 8), {"good": 8})
            self.assertLess(time.monotonic() - began, 4)
            self.assertEqual(self.events(sidecar, "ejected"), 1)

    def test_one_endpoint_after_the_other_comes_back(self):
        held, dead = refused_port()
        to = [f"tcp://127.0.0.1:{dead}", f"tcp://127.0.0.1:{self.named('good').port}"]
        with sidespan().outbound(to, balance="round_robin", eject={"after": 1, "time": "200ms"}).set(drain=AT_ONCE).start() as sidecar:
            self.assertEqual(self.names(sidecar.outbound, 2), {"good": 2})
            self.assertEqual(self.events(sidecar, "ejected"), 1)
            held.listen()  # it takes connections now
            self.addCleanup(held.close)
            time.sleep(0.25)
            reached = [client(sidecar.outbound) for _ in range(2)]
            for one in reached:
                self.addCleanup(one.close)
            held.settimeout(30)
            held.accept()[0].close()

    def test_connections_beyond_the_limit_wait_and_are_refused_in_the_end(self):
        server = self.named("one")
        with sidespan().inbound(f"tcp://127.0.0.1:{server.port}", upstream_connections=1, connect_timeout="1s").set(drain=AT_ONCE).start() as sidecar:
            first, _ = self.open(sidecar.inbound)
            waiting = client(sidecar.inbound)
            self.addCleanup(waiting.close)
            until(lambda: self.events(sidecar, "queued") == 1)
            first.close()
            self.assertEqual(waiting.source.until(b"\n"), b"one")
            with client(sidecar.inbound) as late, self.assertRaises(wire.closed) as caught:
                late.source.fill()
            self.assertTrue(caught.exception.reset)
            self.assertEqual(self.events(sidecar, "refused"), 1)

    def test_http_and_opaque_listeners_of_one_upstream_share_no_connection(self):
        def serve(of, connection):  # answers one request, then whatever comes is echoed
            while b"\r\n\r\n" not in (piece := connection.recv(65536)):
                if not piece:
                    return
                connection.sendall(b"opaque " + piece)
            connection.sendall(b"HTTP/1.1 200 Fine\r\nContent-Length: 0\r\n\r\n")
            echo(of, connection)

        with talker(serve) as server:
            to = f"127.0.0.1:{server.port}"
            with sidespan().inbound(to, upstream_connections=1).inbound(to, upstream_connections=1, protocol="tcp").start() as sidecar:
                with client(sidecar.inbounds[0]) as one, client(sidecar.inbounds[1]) as two:
                    self.assertEqual(one.request().status, 200)  # its connection is kept
                    two.send(b"x")
                    self.assertEqual(two.source.exactly(8), b"opaque x")


class families_and_sockets(upstream_case):
    def test_ipv6(self):
        try:
            server = self.named("six", "::1")
        except OSError:
            self.skipTest("no IPv6 here")
        with collector() as far, sidespan().inbound(f"tcp://[::1]:{server.port}").export(far.endpoint).start() as sidecar:
            self.assertEqual(self.names(sidecar.inbound, 1), {"six": 1})
            self.assertEqual(far.wait_for_spans(1)[0].attributes["sidespan.upstream.endpoint"], f"[::1]:{server.port}")

    def test_unix_socket(self):
        folder = self.enterContext(tempfile.TemporaryDirectory(prefix="sidespan-unix-"))
        path = os.path.join(folder, "db.sock")
        self.named("unix", path)
        with collector() as far, sidespan().outbound(f"unix:{path}", protocol="tcp").outbound(f"unix:{path}.gone", protocol="tcp").export(
                far.endpoint).start() as sidecar:
            self.assertEqual(self.names(sidecar.outbounds[0], 1), {"unix": 1})
            span = far.wait_for_spans(1)[0]
            wanted = {"sidespan.upstream.endpoint": path, "network.peer.address": path, "network.peer.port": None, "server.address": path,
                      "server.port": None}
            self.assertEqual({name: span.attributes.get(name) for name in wanted}, wanted)
            far.clear()
            with self.assertRaises((wire.closed, ConnectionResetError)), client(sidecar.outbounds[1]) as one:
                one.source.fill()  # the reset may come before connect() has returned
            span = far.wait_for_spans(1)[0]
            self.assertEqual((span.error, span.attributes["error.type"]), (True, "connection_refused"))


class access_log(upstream_case):
    def setUp(self):
        self.path = os.path.join(self.enterContext(tempfile.TemporaryDirectory(prefix="sidespan-access-")), "access.log")

    def lines(self, count):
        def read():
            with open(self.path, encoding="utf-8") as file:
                return file.read().splitlines()
        until(lambda: len(read()) >= count)
        self.assertEqual(len(read()), count)
        return read()

    def test_a_line_agrees_with_the_span(self):
        server = self.named("one")
        held, dead = refused_port()
        self.addCleanup(held.close)
        plan = sidespan().inbound(f"tcp://127.0.0.1:{server.port}").outbound(f"tcp://127.0.0.1:{dead}").set(log={"access": self.path})
        with collector() as far, plan.export(far.endpoint).start() as sidecar:
            one, _ = self.open(sidecar.inbound)
            one.send(b"12345")
            self.assertEqual(one.source.exactly(5), b"12345")
            one.half_close()
            self.assertTrue(one.is_closed())
            line, span = json.loads(self.lines(1)[0]), far.wait_for_spans(1)[0]
            self.assertEqual((line["trace_id"], line["span_id"], line["sampled"]), (span.trace_id, span.span_id, True))
            wanted = {"log": "access", "leg": "inbound", "protocol": "tcp", "client": "127.0.0.1", "end": "downstream_closed", "bytes_up": 5,
                      "bytes_down": 9, "upstream": f"127.0.0.1:{server.port}", "fault": None, "method": None}
            self.assertEqual({name: line.get(name) for name in wanted}, wanted)
            self.assertLess(abs(line["duration_us"] - (span.end - span.start) / 1000), 1_000_000)
            with self.assertRaises((wire.closed, ConnectionResetError)), client(sidecar.outbound) as one:
                one.source.fill()
            line = json.loads(self.lines(2)[1])
            wanted = {"leg": "outbound", "end": "connect_failed", "fault": "connection_refused", "bytes_up": 0, "bytes_down": 0, "upstream": None}
            self.assertEqual({name: line.get(name) for name in wanted}, wanted)

    def test_text_has_the_columns_of_an_exchange(self):
        server = self.named("one")
        with sidespan().inbound(f"tcp://127.0.0.1:{server.port}").set(log={"access": self.path, "access_format": "text"}).start() as sidecar:
            self.names(sidecar.inbound, 1)
            self.assertRegex(self.lines(1)[0], rf'Z inbound \S+ 127\.0\.0\.1 "tcp downstream_closed" - - \d+us 0 4 127\.0\.0\.1:{server.port} '
                                               r'"" "" [0-9a-f]{32} [0-9a-f]{16}$')


if __name__ == "__main__":
    unittest.main()
