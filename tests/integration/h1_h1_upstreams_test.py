# SPDX-License-Identifier: Apache-2.0
"""h1-h1: upstreams of several endpoints: who gets a request, who is left alone, limits, unix sockets."""
import collections
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from support.client import client, get
from support.collector import collector
from support.origin import full_backlog, gate, origin, refused_port, until
from support.sidespan import sidespan


def named(test, name):
    one = test.enterContext(origin())
    one.otherwise(lambda exchange: exchange.reply(200, body=name.encode()))
    return one


def bodies(port, count, path="/"):
    return collections.Counter(get(port, path).body.decode() for _ in range(count))


def events(sidecar, event):
    return sidecar.metrics().sum("sidespan_upstream_events_total", event=event)


class endpoints(unittest.TestCase):
    def test_round_robin_and_least_request_use_all(self):
        one, two, three = (named(self, name) for name in ("one", "two", "three"))
        to = [each.url for each in (one, two, three)]
        with sidespan().outbound(to, balance="round_robin").outbound(to).start() as sidecar:
            self.assertEqual(bodies(sidecar.outbounds[0], 30), {"one": 10, "two": 10, "three": 10})
            self.assertEqual(set(bodies(sidecar.outbounds[1], 60)), {"one", "two", "three"})
            self.assertEqual(one.last.fields.get("Host"), one.url.removeprefix("http://"))
            self.assertEqual(two.last.fields.get("Host"), one.url.removeprefix("http://"))

    def test_a_slow_endpoint_gets_less(self):
        slow, fast = named(self, "slow"), named(self, "fast")
        hold = gate()
        self.addCleanup(hold.open)
        slow.on("/held", lambda one: (hold.wait(), one.reply(200, body=b"slow")))
        with sidespan().outbound([slow.url, fast.url]).start() as sidecar:
            for number in range(40):
                one, before = self.enterContext(client(sidecar.outbound)), len(fast.requests)
                one.send_request("GET", "/held")
                until(lambda: len(slow.requests) + len(fast.requests) == number + 1)
                if len(fast.requests) > before:
                    one.read()
            # The one at the slow endpoint stays in flight, so all others go to the other one.
            self.assertEqual(len(slow.requests), 1)
            hold.open()

    def test_dead_resetting_and_failing_endpoints_are_left_alone(self):
        held, dead = refused_port()
        self.addCleanup(held.close)
        good = named(self, "good")
        failing = named(self, "failing")
        failing.otherwise(lambda one: one.reply(500))
        with sidespan().outbound([f"http://127.0.0.1:{dead}", good.url, failing.url], balance="round_robin",
                                 eject={"after": 3, "on_5xx": True, "time": "1m"}).start() as sidecar:
            statuses = collections.Counter(get(sidecar.outbound, "/").status for _ in range(40))
            self.assertEqual(statuses[500], 3)
            self.assertEqual(statuses[200], 37)
            self.assertEqual(events(sidecar, "ejected"), 2)
            until(lambda: "left alone" in sidecar.log())

    def test_with_all_ejected_all_are_used_and_who_recovers_comes_back(self):
        one, two = named(self, "one"), named(self, "two")
        for each in (one, two):
            each.otherwise(lambda exchange: exchange.reply(503))
        with sidespan().outbound([one.url, two.url], eject={"after": 1, "on_5xx": True, "time": "1m"}).start() as sidecar:
            for _ in range(10):
                self.assertEqual(get(sidecar.outbound, "/").status, 503)
            self.assertEqual(events(sidecar, "ejected"), 2)
            self.assertGreaterEqual(events(sidecar, "panic"), 8)
            self.assertGreater(len(one.requests), 0)
            self.assertGreater(len(two.requests), 0)

    def test_an_endpoint_that_closes_kept_connections_is_not_left_alone(self):
        served, lock = set(), threading.Lock()

        def once(exchange):  # and then it closes where it should answer
            with lock:
                again = (exchange.owner, exchange.connection_number) in served
                served.add((exchange.owner, exchange.connection_number))
            return exchange.close() if again else exchange.reply(200)
        one, two = named(self, "one"), named(self, "two")
        for each in (one, two):
            each.otherwise(once)
        with sidespan().outbound([one.url, two.url], balance="round_robin", eject={"after": 1, "time": "1m"}).start() as sidecar:
            for _ in range(20):
                self.assertEqual(get(sidecar.outbound, "/").status, 200)
            self.assertGreater(events(sidecar, "retried"), 5)
            self.assertEqual(events(sidecar, "ejected"), 0)
            for each in (one, two):
                each.otherwise(lambda exchange: exchange.close())  # a new connection as well
            self.assertEqual(get(sidecar.outbound, "/").status, 502)
            self.assertGreater(events(sidecar, "ejected"), 0)

    def test_an_endpoint_that_swallows_packets_costs_a_moment(self):
        hole, good = full_backlog(type(self)), named(self, "good")
        with sidespan().outbound([f"http://127.0.0.1:{hole}", good.url], balance="round_robin", eject={"after": 2}).start() as sidecar:
            began = time.monotonic()
            for _ in range(8):
                with client(sidecar.outbound) as one:  # the connection of the exchange before may be kept: fine
                    self.assertEqual(one.request().status, 200)
            self.assertLess(time.monotonic() - began, 4)
            self.assertEqual(events(sidecar, "ejected"), 1)

    def test_spans_name_the_endpoint_that_was_used(self):
        one, two = named(self, "one"), named(self, "two")
        with collector() as spans_of, sidespan().outbound([one.url, two.url], name="pair", balance="round_robin").export(spans_of.endpoint).start() as sidecar:
            bodies(sidecar.outbound, 4)
            spans = spans_of.wait_for_spans(4)
            self.assertEqual(collections.Counter(span.attributes["network.peer.port"] for span in spans), {one.port: 2, two.port: 2})
            self.assertEqual({span.attributes["server.port"] for span in spans}, {one.port})


class limits(unittest.TestCase):
    def test_requests_wait_for_a_connection_and_too_many_are_shed(self):
        app = named(self, "app")
        hold = gate()
        self.addCleanup(hold.open)
        app.on("/held", lambda one: (hold.wait(), one.reply(200, body=b"held")))
        with sidespan().inbound(app.port, upstream_connections=1, upstream_pending=2).start() as sidecar:
            first = self.enterContext(client(sidecar.inbound)).send_request("GET", "/held")
            app.wait_for(lambda origin: len(origin.requests) == 1)
            waiting = [self.enterContext(client(sidecar.inbound)).send_request("GET", "/waits") for _ in range(2)]
            until(lambda: events(sidecar, "queued") == 2)
            shed = get(sidecar.inbound, "/shed")
            self.assertEqual((shed.status, shed.fields.get("Retry-After")), (503, "1"))
            hold.open()
            self.assertEqual(first.read().body, b"held")
            for one in waiting:
                self.assertEqual(one.read().body, b"app")
            self.assertEqual(app.connections, 1)
            self.assertEqual(events(sidecar, "refused"), 1)

    def test_waiting_has_an_end(self):
        app = named(self, "app")
        hold = gate()
        self.addCleanup(hold.open)
        app.on("/held", lambda one: (hold.wait(), one.reply(200)))
        with sidespan().inbound(app.port, upstream_connections=1, connect_timeout="500ms").start() as sidecar:
            self.enterContext(client(sidecar.inbound)).send_request("GET", "/held")
            app.wait_for(lambda origin: len(origin.requests) == 1)
            self.assertEqual(get(sidecar.inbound, "/").status, 503)
            hold.open()


class families_and_sockets(unittest.TestCase):
    def test_ipv6(self):
        try:
            app = self.enterContext(origin("::1"))
        except OSError:
            self.skipTest("no IPv6 here")
        with sidespan().outbound(app.url).start() as sidecar:
            self.assertEqual(get(sidecar.outbound, "/").status, 200)
            self.assertEqual(app.last.fields.get("Host"), f"[::1]:{app.port}")

    def where_localhost_has_both_families(self):
        """A command to run the program under: itself where the system says so, else with a hosts file of its own."""
        if {found[4][0] for found in socket.getaddrinfo("localhost", 80)} >= {"127.0.0.1", "::1"}:
            return ()
        folder = tempfile.mkdtemp(prefix="sidespan-hosts-")
        self.addCleanup(shutil.rmtree, folder)
        hosts = os.path.join(folder, "hosts")
        with open(hosts, "w", encoding="ascii") as file:
            file.write("127.0.0.1 localhost\n::1 localhost\n")
        under = ("unshare", "-m", "sh", "-c", f'mount --bind {hosts} /etc/hosts && exec "$@"', "sh")
        if subprocess.run([*under, "true"], capture_output=True, check=False).returncode != 0:
            self.skipTest("localhost is not ::1 here, and no mount namespace may be made in which it is")
        return under

    def test_localhost_is_reached_whichever_family_listens(self):
        under = self.where_localhost_has_both_families()
        for family in ("127.0.0.1", "::1"):
            try:
                app = self.enterContext(origin(family))
            except OSError:
                self.skipTest(f"nobody can listen on {family} here")
            with self.subTest(family), collector() as spans_of, \
                    sidespan().inbound(f"localhost:{app.port}").outbound(f"http://localhost:{app.port}").export(
                        spans_of.endpoint).under(*under).start() as sidecar:
                for _ in range(20):
                    self.assertEqual(get(sidecar.inbound, "/").status, 200)
                self.assertEqual(get(sidecar.outbound, "/").status, 200)
                self.assertEqual(len(app.requests), 21)
                self.assertEqual(events(sidecar, "ejected"), 0)
                client_span = next(span for span in spans_of.wait_for_spans(21) if span.kind == "client")
                self.assertEqual(client_span.attributes["network.peer.address"], family)

    def test_unix_socket(self):
        folder = tempfile.mkdtemp(prefix="sidespan-unix-")
        self.addCleanup(shutil.rmtree, folder)
        path = os.path.join(folder, "app.sock")
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen(16)
        self.addCleanup(listener.close)
        seen = []

        def serve():
            connection, _ = listener.accept()
            for _ in range(2):
                head = b""
                while b"\r\n\r\n" not in head:
                    head += connection.recv(65536)
                seen.append(head)
                connection.sendall(b"HTTP/1.1 200 Fine\r\nContent-Length: 4\r\n\r\nunix")
            connection.close()

        threading.Thread(target=serve, daemon=True).start()
        with collector() as spans_of, sidespan().outbound(f"unix:{path}").export(spans_of.endpoint).start() as sidecar:
            self.assertEqual(bodies(sidecar.outbound, 2), {"unix": 2})
            self.assertIn(b"\r\nHost: localhost\r\n", seen[0])
            self.assertEqual(spans_of.wait_for_spans(2)[0].attributes["network.peer.address"], path)
            until(lambda: len(seen) == 2)
        with sidespan().outbound(f"unix:{path}.gone").start() as sidecar:
            self.assertEqual(get(sidecar.outbound, "/").status, 502)


if __name__ == "__main__":
    unittest.main()
