# SPDX-License-Identifier: Apache-2.0
"""h1-h1: large bodies both ways in constant memory, and back-pressure from either end."""
import hashlib
import threading
import time
import unittest
from contextlib import ExitStack

from support import wire
from support.client import client
from support.origin import gate, origin, until
from support.sidespan import heavy, release_only, sidespan

MiB = 1 << 20
PIECE = bytes(range(256)) * 4096  # 1 MiB
GROWTH = 24 * MiB  # far below any body here, far above what a few buffers need


class endless:
    """Digest and length of pieces as they come."""

    def __init__(self):
        self.digest, self.size = hashlib.blake2b(), 0

    def __call__(self, piece):
        self.digest.update(piece)
        self.size += len(piece)


def expected(pieces):
    digest = hashlib.blake2b()
    for _ in range(pieces):
        digest.update(PIECE)
    return digest.hexdigest()


class bodies:
    """What both sizes are tested for; `pieces` of 1 MiB."""

    @classmethod
    def setUpClass(cls):
        cls.app = cls.enterClassContext(origin())
        cls.sidecar = cls.enterClassContext(sidespan().inbound(cls.app.port).start())

    def run_both_ways(self, chunked):
        taken = endless()

        def answer(one):
            one.read_body(taken)
            if chunked:
                one.reply_chunks(PIECE for _ in range(self.pieces))
            else:
                one.send(b"HTTP/1.1 200 Fine\r\nContent-Length: %d\r\n\r\n" % (self.pieces * MiB))
                for _ in range(self.pieces):
                    one.send(PIECE)

        self.app.on("/body", answer)
        before = self.sidecar.memory()
        got = endless()
        with client(self.sidecar.inbound, timeout=120) as one:
            if chunked:
                one.send(b"POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
                for _ in range(self.pieces):
                    one.send(wire.chunk(PIECE))
                one.send(b"0\r\n\r\n")
            else:
                one.send(b"POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (self.pieces * MiB))
                for _ in range(self.pieces):
                    one.send(PIECE)
            one.read_body(one.read_head(), on_piece=got)
        want = expected(self.pieces)
        self.assertEqual((taken.size, taken.digest.hexdigest()), (self.pieces * MiB, want))
        self.assertEqual((got.size, got.digest.hexdigest()), (self.pieces * MiB, want))
        self.assertLess(self.sidecar.memory("VmHWM") - before, GROWTH)

    def test_known_length_both_ways_in_constant_memory(self):
        self.run_both_ways(chunked=False)

    def test_chunked_both_ways_in_constant_memory(self):
        self.run_both_ways(chunked=True)


@release_only
class bodies_of_256_MiB(bodies, unittest.TestCase):
    pieces = 256


@heavy
class bodies_of_1_GiB(bodies, unittest.TestCase):
    pieces = 1024


class bodies_of_8_MiB(unittest.TestCase):
    """The same without a look at memory, so that it runs under the sanitizers too."""

    def test_both_at_once(self):
        """The app answers while the request is still coming: neither direction waits for the other."""
        def echo(one):
            one.send(b"HTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\n\r\n")
            one.read_body(lambda piece: one.send(wire.chunk(piece)))
            one.send(b"0\r\n\r\n")

        with origin() as app, sidespan().inbound(app.port).start() as sidecar, client(sidecar.inbound, timeout=60) as one:
            app.on("/echo", echo)
            taken = endless()

            def write():
                for _ in range(8):
                    one.send(wire.chunk(PIECE))
                one.send(b"0\r\n\r\n")

            one.send(b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
            writer = threading.Thread(target=write)
            writer.start()
            one.read_body(one.read_head(), on_piece=taken)
            writer.join()
            self.assertEqual((taken.size, taken.digest.hexdigest()), (8 * MiB, expected(8)))


class back_pressure(unittest.TestCase):
    """A side that does not read stops the other from sending; buffers in between are small."""

    LIMIT = 32 * MiB  # kernel buffers of both connections may hold some of it

    def stalled(self, counter):
        """The value at which the counter stands still."""
        last = -1
        while counter() != last:
            last = counter()
            time.sleep(0.5)
        return last

    def test_a_caller_that_does_not_read_stops_the_app(self):
        sent = [0]

        def answer(one):
            one.send(b"HTTP/1.1 200 Fine\r\nContent-Length: %d\r\n\r\n" % (256 * MiB))
            for _ in range(256):
                one.send(PIECE)
                sent[0] += MiB

        with origin() as app, sidespan().inbound(app.port).start() as sidecar:
            app.on("/down", answer)
            before = sidecar.memory()
            one = client(sidecar.inbound)
            one.send_request(target="/down")
            until(lambda: sent[0])
            self.assertLess(self.stalled(lambda: sent[0]), self.LIMIT)
            self.assertLess(sidecar.memory("VmHWM") - before, GROWTH)
            one.reset()

    def test_an_app_that_does_not_read_stops_the_caller(self):
        release = gate()
        sent = [0]
        with origin() as app, sidespan().inbound(app.port).start() as sidecar:
            app.on("/up", lambda one: release.wait())
            before = sidecar.memory()
            one = client(sidecar.inbound, timeout=None)
            one.send(b"POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (256 * MiB))

            def write():
                try:
                    for _ in range(256):
                        one.send(PIECE)
                        sent[0] += MiB
                except OSError:
                    pass

            writer = threading.Thread(target=write, daemon=True)
            writer.start()
            until(lambda: sent[0])
            self.assertLess(self.stalled(lambda: sent[0]), self.LIMIT)
            self.assertLess(sidecar.memory("VmHWM") - before, GROWTH)
            one.connection.shutdown(2)
            writer.join(10)
            release.open()


@release_only
class a_burst(unittest.TestCase):
    """What many bodies at once took goes back to the system, also while their connections stay (ADR 20)."""

    CALLERS = 300

    def test_memory_goes_back_some_seconds_after_it(self):
        body = bytes(100_000)
        with origin() as app, sidespan().inbound(app.port).set(log={"level": "debug"}).start() as sidecar, ExitStack() as open_ones:
            app.otherwise(lambda one: one.reply(200, body=b"%d" % len(one.read_body())))
            callers = [open_ones.enter_context(client(sidecar.inbound)) for _ in range(self.CALLERS)]
            head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
            for one in callers:
                one.send(head % 3000 + body[:3000])
                self.assertEqual(one.read().body, b"3000")
            for one in callers:
                one.send(head % len(body) + body[:3000])
            # Every one of them waits for the rest with a block of its own, behind a message that was not small (ADR 23).
            until(lambda: sidecar.metrics().sum("sidespan_buffer_bytes") >= self.CALLERS * 32 * 1024)
            for one in callers:
                one.send(body[3000:])
            for one in callers:
                self.assertEqual(one.read().body, b"%d" % len(body))
            before = sidecar.memory()
            until(lambda: sidecar.logged("memory returned to the system"))
            until(lambda: sidecar.memory() < before - 3 * MiB)

    def test_memory_is_returned_some_seconds_after_connections_closed(self):
        with origin() as app, sidespan().inbound(app.port).set(log={"level": "debug"}).start() as sidecar:
            with ExitStack() as open_ones:
                for one in [open_ones.enter_context(client(sidecar.inbound)) for _ in range(2 * self.CALLERS)]:
                    self.assertEqual(one.request().status, 200)
                time.sleep(1.5)  # the connections are counted once a second
                self.assertFalse(sidecar.logged("memory returned to the system"))
            until(lambda: sidecar.logged("memory returned to the system"))  # how much depends on what connections hold
            self.assertEqual(sidecar.log().count("memory returned to the system"), 1)


if __name__ == "__main__":
    unittest.main()
