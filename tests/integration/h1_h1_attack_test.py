# SPDX-License-Identifier: Apache-2.0
"""h1-h1 under attack: whatever callers (and upstreams) do, memory stays flat, honest callers are served meanwhile, and nothing
is left behind."""
import contextlib
import resource
import socket
import threading
import time
import unittest

from support import wire
from support.client import client, get
from support.gauges import nothing_left, read
from support.origin import PATIENCE, gate, origin, until
from support.scripted import fin, flood, read_head, read_request, scripted, send, wait
from support.sidespan import heavy, release_only, sanitized, sidespan

IP_BIND_ADDRESS_NO_PORT = 24  # Python has no name for it before 3.12
MiB = 1 << 20
MOST = 16 * MiB  # a refused caller is read from for a moment, so that it sees the answer (CN-8)


def more_descriptors(wanted):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise AssertionError(f"needs {wanted} file descriptors, the hard limit is {hard}")
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@contextlib.contextmanager
def crowd(port, count, first=b""):
    """So many connections that have sent `first`."""
    held = []
    try:
        for number in range(count):
            one = socket.socket()
            one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)  # the kernel of the attacker must not take it all
            # A source address of its own per 4,000, and ports that may be in use toward others, so that they do not run out.
            one.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
            one.bind((f"127.0.0.{10 + number // 4000}", 0))
            one.connect((port.host, int(port)))
            if first:
                one.sendall(first)
            held.append(one)
        yield held
    finally:
        for one in held:
            one.close()


def ended(crowd_of, seconds=PATIENCE):
    """Waits until all of them are closed from the other side; what each got."""
    out = []
    limit = time.monotonic() + seconds
    for one in crowd_of:
        one.settimeout(max(0.01, limit - time.monotonic()))
        got = b""
        try:
            while data := one.recv(65536):
                got += data
        except ConnectionError:
            pass
        out.append(got)
    return out


class flatness:
    def flat(self, sidecar, before, growth):
        """The sanitizers keep what was freed: there only the attack itself counts."""
        if not sanitized:
            self.assertLess(sidecar.memory() - before, growth)


class attack(flatness):
    OPTIONS, LIMITS = {}, {}

    @classmethod
    def setUpClass(cls):
        more_descriptors(10000)
        cls.app = cls.enterClassContext(origin())
        cls.sidecar = cls.enterClassContext(sidespan().inbound(cls.app.port, **cls.OPTIONS).set(limits=cls.LIMITS).start())
        cls.port = cls.sidecar.inbound
        for _ in range(200):
            get(cls.port)

    def honest(self, times=50, soon=8):
        """New callers are served, and soon."""
        slowest = 0
        for _ in range(times):
            began = time.monotonic()
            self.assertEqual(get(self.port, "/honest", timeout=30).body, b"fine")
            slowest = max(slowest, time.monotonic() - began)
        self.assertLess(slowest, max(soon, 15) if sanitized else soon)


class connections(attack):
    OPTIONS = {"head_timeout": "10m", "idle_timeout": "10m"}  # opening so many takes a slow machine a while
    BOUND = 12 * 1024  # bytes of ours per connection that is open and idle

    def hold(self, first):
        with nothing_left(self.sidecar) as gauges:
            before = self.sidecar.memory()
            with crowd(self.port, self.COUNT, first):
                gauges.rises("connections", least=self.COUNT)
                self.honest()
                grown = self.sidecar.memory() - before
        return grown

    def test_idle_ones(self):
        grown = [self.hold(b"") for _ in range(3)]
        print(f"        {grown[0] / self.COUNT:.0f} bytes per idle connection")
        self.assertLess(grown[0] / self.COUNT, self.BOUND)
        self.assertLess(sum(grown) / self.COUNT, self.BOUND)  # the second and third time find the memory of the first

    def test_slow_heads(self):
        grown = [self.hold(b"GET / HTTP/1.1\r\nHost: a\r\nX-A: ") for _ in range(2)]
        self.assertLess(sum(grown) / self.COUNT, self.BOUND)

    def test_kept_alive_ones(self):
        before = self.sidecar.memory()
        with nothing_left(self.sidecar) as gauges, crowd(self.port, self.COUNT) as held:
            for one in held:
                one.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                self.assertTrue(one.recv(4096).startswith(b"HTTP/1.1 200 "))
            gauges.rises("connections", least=self.COUNT)
            self.honest()
            grown = self.sidecar.memory() - before
        print(f"        {grown / self.COUNT:.0f} bytes per kept-alive connection")
        self.assertLess(grown / self.COUNT, self.BOUND)


@release_only  # measures memory
class one_thousand_connections(connections, unittest.TestCase):
    COUNT = 1000


@release_only
@heavy
class eight_thousand_connections(connections, unittest.TestCase):
    COUNT = 8000


class time_limits(attack, unittest.TestCase):
    OPTIONS = {"head_timeout": "1s", "idle_timeout": "4s"}  # time for all of them to be there at once
    COUNT = 500

    def test_slow_loris_heads(self):
        with nothing_left(self.sidecar) as gauges, gauges.rising("connections", "buffers"), \
                crowd(self.port, self.COUNT, b"GET /head HTTP/1.1\r\n") as held:
            limit = time.monotonic() + PATIENCE
            while read(self.sidecar)["connections"] and time.monotonic() < limit:
                for one in held:
                    try:
                        one.sendall(b"X")
                    except OSError:
                        pass
                self.honest(5)
            got = ended(held)
        self.assertLessEqual({answer[9:12] for answer in got}, {b"408", b""})
        self.assertEqual(self.app.targets().count("/head"), 0)
        self.assertGreaterEqual(self.sidecar.metrics().sum("sidespan_limited_total", limit="slow_head"), self.COUNT)

    def test_slow_loris_bodies(self):
        lost = self.app.lost
        head = b"POST /loris HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        with nothing_left(self.sidecar) as gauges, crowd(self.port, 100, head) as held:
            gauges.rises("inbound", "upstream", least=100)
            self.honest(20)
            got = ended(held)
        self.assertEqual({answer[9:12] for answer in got}, {b"408"})
        self.app.wait_for(lambda app: app.lost >= lost + 100)

    def test_idle_connections_end(self):
        with nothing_left(self.sidecar) as gauges, crowd(self.port, self.COUNT) as held:
            gauges.rises("connections", least=self.COUNT // 2)
            self.assertEqual(set(ended(held)), {b""})


class floods(attack, unittest.TestCase):
    """Bytes without end, on many connections at once. The memory of the process is compared, not of one connection."""

    LIMITS = {"memory": "16MiB"}
    GROWTH = 32 * MiB
    COUNT = 200

    def send_until_closed(self, one, head, piece, limit=MOST):
        """How much was taken before the end."""
        sent = 0
        try:
            one.sendall(head)
            while sent < limit:
                one.sendall(piece)
                sent += len(piece)
        except OSError:
            pass
        return sent

    def all_refused(self, head, piece, statuses):
        before, sent = self.sidecar.memory(), []
        with nothing_left(self.sidecar) as gauges, crowd(self.port, self.COUNT) as held, gauges.rising("buffers"):
            gauges.rises("connections", least=self.COUNT)
            for one in held:
                one.settimeout(PATIENCE)
            threads = [threading.Thread(target=lambda part: sent.extend(self.send_until_closed(one, head, piece) for one in part),
                                        args=(held[at::4],)) for at in range(4)]
            for one in threads:
                one.start()
            self.honest(20)
            for one in threads:
                one.join()
            got = ended(held)
        self.assertLess(max(sent), MOST)  # nobody's bytes were taken for ever
        self.assertLessEqual({answer[9:12] for answer in got}, {*statuses, b""})  # a reset may overtake the answer
        self.assertTrue(statuses & {answer[9:12] for answer in got})
        self.flat(self.sidecar, before, self.GROWTH)
        self.honest(5)

    def settled(self):
        """Waits until every socket on the way is full and nothing moves any more: who gets no time does not move, either."""
        still, last, limit = 0, -1.0, time.monotonic() + PATIENCE
        while still < 3 and time.monotonic() < limit:
            now = self.sidecar.cpu_seconds()
            still, last = still + 1 if now - last <= 0.02 else 0, now
            time.sleep(0.5)

    CHUNKED = b"POST /flood HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

    def test_many_fields(self):
        self.all_refused(b"GET / HTTP/1.1\r\nHost: a\r\n", b"X-A: 1\r\n" * 1000, {b"431", b"503"})

    def test_one_huge_field(self):
        self.all_refused(b"GET / HTTP/1.1\r\nHost: a\r\nX-A: ", b"a" * 8192, {b"431", b"503"})

    def test_an_endless_target(self):
        self.all_refused(b"GET /", b"a" * 8192, {b"414", b"503"})

    def test_endless_chunk_extensions(self):
        self.all_refused(self.CHUNKED, b"1;" + b"a" * 8190, {b"400"})

    def test_chunk_extensions_that_are_small_and_many(self):
        self.all_refused(self.CHUNKED, b"1;a=b\r\nx\r\n" * 800, {b"400"})

    def test_endless_trailers(self):
        self.all_refused(self.CHUNKED + b"0\r\n", b"X-A: 1\r\n" * 1000, {b"400"})

    def test_empty_lines_before_a_request(self):
        self.all_refused(b"", b"\r\n" * 4096, {b"400"})

    def test_pipelined_requests_that_nobody_reads_the_answers_of(self):
        """Back-pressure: what is not read stops what is sent."""
        before = self.sidecar.memory()
        answered = len(self.app.requests)
        with nothing_left(self.sidecar) as gauges, crowd(self.port, 20) as held, gauges.rising("inbound", "upstream", "ledger"):
            gauges.rises("connections", least=20)
            burst = b"GET /pipe HTTP/1.1\r\nHost: a\r\n\r\n" * 500
            for one in held:
                one.settimeout(0.3)
                try:
                    for _ in range(2000):
                        one.sendall(burst)
                except TimeoutError:
                    pass
                else:
                    self.fail("16 MB of requests were taken although nobody reads")
            self.honest(10)
            self.flat(self.sidecar, before, self.GROWTH)
        self.assertGreater(len(self.app.requests), answered)
        self.app.requests.clear()

    def test_pipelined_requests_are_all_answered_in_order(self):
        with nothing_left(self.sidecar) as gauges, client(self.port) as one:
            gauges.rises("connections")
            self.app.otherwise(lambda at: at.reply(200, body=at.target.encode()))
            try:
                one.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number for number in range(1000)))
                for number in range(1000):
                    self.assertEqual(one.read().body, b"/%d" % number)
            finally:
                self.app.otherwise(lambda at: at.reply(200, body=b"fine"))

    def test_callers_that_never_read(self):
        self.app.on("/large", lambda one: one.reply(200, body=b"x" * (8 * MiB)))
        before = self.sidecar.memory()
        with nothing_left(self.sidecar) as gauges:
            with crowd(self.port, self.COUNT, b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n"):
                gauges.rises("inbound", "upstream", "ledger", least=self.COUNT)
                until(lambda: read(self.sidecar)["buffers"] > 3 * MiB)
                self.settled()
                began = time.monotonic()
                with client(self.port) as one:  # answered by sidespan alone; the app of this test has 200 threads to run
                    self.assertEqual(one.request("TRACE").status, 405)
                self.assertLess(time.monotonic() - began, 8)
                self.honest(20, soon=25)
                self.assertLess(read(self.sidecar)["buffers"], 16 * MiB)
                self.flat(self.sidecar, before, self.GROWTH)


class bad_upstreams(flatness, unittest.TestCase):
    def test_floods(self):
        cut_or_502 = (None, 502)  # what is wrong comes with the head, which has not gone out then, or behind it
        for name, first, piece, outcomes in (
                ("head", b"HTTP/1.1 200 Fine\r\nX-A: ", b"a" * 8192, (502,)),
                ("fields", b"HTTP/1.1 200 Fine\r\n", b"X-A: 1\r\n" * 1000, (502,)),
                ("interim", b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100, (502,)),
                ("extensions", b"HTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\n\r\n", b"1;" + b"a" * 8190, cut_or_502),
                ("trailers", b"HTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X-A: 1\r\n" * 1000, cut_or_502),
                ("no status line", b"", b"\r\n" * 1000, (502,))):
            with self.subTest(name), scripted() as app, sidespan().inbound(app.port).start() as sidecar:
                # Said, so that no POST goes over it: that would leave a script over for the last request.
                app.next(read_request(), send(b"HTTP/1.1 200 Fine\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"), fin())
                get(sidecar.inbound)
                before = sidecar.memory()
                with nothing_left(sidecar) as gauges:
                    for number in range(20):
                        hold = gate()
                        app.next(read_request(), wait(hold), send(first), flood(piece))
                        with client(sidecar.inbound) as one:
                            one.send_request("POST", body=b"x")  # not retried
                            if number == 0:
                                gauges.rises("connections", "upstream", "inbound", "ledger", "buffers")
                            hold.open()
                            try:
                                got = one.read()
                                self.assertIn(got.status, outcomes)
                            except wire.closed:
                                self.assertIn(None, outcomes)
                self.flat(sidecar, before, 16 * MiB)
                self.assertEqual(get(sidecar.inbound).status, 200)

    def test_an_early_answer_beside_an_endless_upload(self):  # RS-11
        with scripted() as app, sidespan().inbound(app.port).start() as sidecar, \
                nothing_left(sidecar) as gauges, gauges.rising("connections"):
            app.next(read_head(), send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"), lambda one: False)
            with client(sidecar.inbound) as one:
                one.send(b"POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n" + b"x" * 10000)
                self.assertEqual(one.read().status, 403)
                try:
                    for _ in range(200):
                        one.send(b"x" * MiB)
                    self.fail("the rest of the upload was taken for ever")
                except OSError:
                    pass


if __name__ == "__main__":
    unittest.main()
