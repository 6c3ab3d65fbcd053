# SPDX-License-Identifier: Apache-2.0
"""h1-h1: both directions at once with bodies larger than every buffer: early answers, trailers both ways, HTTP/1.0 peers, pipelining."""
import hashlib
import itertools
import os
import socket
import threading
import unittest

from support import wire
from support.client import client
from support.gauges import nothing_left
from support.origin import gate, origin, until
from support.sidespan import sidespan

MiB = 1 << 20
PIECE = os.urandom(MiB)


class duplex(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.app = cls.enterClassContext(origin())
        cls.sidecar = cls.enterClassContext(sidespan().inbound(cls.app.port).start())

    def setUp(self):
        self.app.requests.clear()
        self.app.answers.clear()
        self.addCleanup(self.check_nothing_left)

    def check_nothing_left(self):
        until(lambda: not (self.sidecar.metrics().sum("sidespan_connections_open", side="downstream")
                           or self.sidecar.metrics().sum("http_server_active_requests")))

    def open(self):
        one = client(self.sidecar.inbound)
        self.addCleanup(one.close)
        return one

    def upload(self, one, pieces, piece=PIECE):
        """On a thread of its own; what could not be sent because the other side had enough is no failure."""
        def send():
            try:
                for _ in range(pieces):
                    one.send(wire.chunk(piece))
                one.send(b"0\r\n\r\n")
            except OSError:
                pass
        sender = threading.Thread(target=send)
        sender.start()
        self.addCleanup(sender.join)

    def test_a_long_early_answer_comes_whole_while_the_upload_goes_on(self):  # RS-11
        arrived = []

        def answer(one):
            one.send(b"HTTP/1.1 200 Fine\r\nContent-Length: %d\r\n\r\n" % (16 * MiB))
            reader = threading.Thread(target=lambda: one.read_body(lambda piece: arrived.append(len(piece))))
            reader.start()
            for _ in range(16):
                one.send(PIECE)
            reader.join()

        self.app.on("/both", answer)
        one, got = self.open(), hashlib.sha256()
        one.send(b"POST /both HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        head = None
        self.upload(one, 4)
        head = one.read_head()
        until(lambda: sum(arrived) == 4 * MiB)  # the whole upload comes through although the answer is not read yet
        one.read_body(head, on_piece=got.update)
        self.assertEqual(got.digest(), hashlib.sha256(PIECE * 16).digest())

    def test_what_little_is_left_of_a_request_follows_its_answer_and_both_connections_stay(self):  # RS-11, RFC 9112 9.3
        self.app.on("/early", lambda one: one.send(b"HTTP/1.1 200 Fine\r\nContent-Length: 2\r\n\r\nok"))  # then it reads the content
        before = self.app.connections
        with client(self.sidecar.inbound) as one:
            for number in range(3):
                one.send(b"POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 102400\r\n\r\n" + b"x" * 400)
                got = one.read()
                self.assertEqual((got.status, got.body, got.fields.get("Connection")), (200, b"ok", None))
                one.send(b"x" * 102000)
                until(lambda: len([each for each in self.app.requests if each.target == "/early" and each.body == b"x" * 102400]) == number + 1)
            self.assertEqual(one.request("GET", "/after").status, 200)
        self.assertLessEqual(self.app.connections - before, 1)

    def test_an_early_answer_survives_a_caller_that_goes_on_sending(self):  # RS-11, CN-8
        def answer(one):
            one.send(b"HTTP/1.1 413 No\r\nContent-Length: %d\r\n\r\n" % len(PIECE) + PIECE)
            one.connection.recv(1)  # and no more than that of the request
            ended.wait()
            one.close()

        ended = gate()
        self.addCleanup(ended.open)
        self.app.on("/no", answer)
        one = self.open()
        one.send(b"POST /no HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        self.upload(one, 20)  # more than what the kernel takes for a sidecar that reads no more
        got = one.read()
        self.assertEqual((got.status, got.body == PIECE), (413, True))

    def test_a_caller_that_reads_only_after_it_has_sent_everything_gets_the_early_answer(self):  # CN-8
        size = 20 * MiB
        chunks = b"".join([wire.chunk(PIECE)] * 20) + b"0\r\n\r\n"
        with sidespan().inbound(self.app.port, max_body="1MiB").start() as sidecar, nothing_left(sidecar):
            for name, framing, content in (("a length", b"Content-Length: %d" % size, b"x" * size), ("chunks", b"Transfer-Encoding: chunked", chunks)):
                with self.subTest(name), client(sidecar.inbound) as one:
                    one.send(b"POST /large HTTP/1.1\r\nHost: a\r\n" + framing + b"\r\n\r\n" + content)
                    self.assertEqual(one.read().status, 413)
                    self.assertTrue(one.is_closed())

    def test_a_byte_behind_a_request_that_said_close_costs_nothing_of_the_answer(self):  # CN-8, RFC 9112 2.2
        self.app.on("/a", lambda one: one.reply(200, body=PIECE))
        for version, more in itertools.product(("1.0", "1.1"), (b"\r\n", b"GET /b HTTP/1.1\r\nHost: x\r\n\r\n")):
            with self.subTest(version=version, more=more), socket.socket() as caller:
                caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)  # so that much waits in the sidecar's kernel
                caller.settimeout(20)
                caller.connect(("127.0.0.1", self.sidecar.inbound))
                caller.sendall(f"POST /a HTTP/{version}\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab".encode())
                answer = caller.recv(1)
                caller.sendall(more)
                while piece := caller.recv(65536):
                    answer += piece
                self.assertEqual(answer.partition(b"\r\n\r\n")[2], PIECE)

    def test_trailers_both_ways(self):  # RS-12, FR-13
        def answer(one):
            one.read_body()
            one.reply_chunks([b"x"], [("Trailer", "X-Down")], [("X-Down", one.trailers.get("X-Up")), ("Content-Length", "3")])

        self.app.on("/t", answer)
        one = self.open()
        one.send(b"POST /t HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\nTransfer-Encoding: chunked\r\n\r\n"
                 b"1\r\nx\r\n0\r\nX-Up: 42\r\nHost: evil\r\n\r\n")
        self.assertEqual(one.read().trailers, [("X-Down", "42")])
        self.assertEqual(self.app.last.trailers, [("X-Up", "42")])

    def test_trailers_nobody_asked_for_are_dropped(self):  # RS-12
        self.app.on("/t", lambda one: one.reply_chunks([b"x"], (), [("X-Down", "1")]))
        one = self.open()
        one.send_request(target="/t")
        got = one.read()
        self.assertEqual((got.body, got.trailers, self.app.last.fields.get("TE")), (b"x", [], None))

    def test_a_hundred_interim_responses(self):  # RS-7
        self.app.on("/many", lambda one: (one.send(b"HTTP/1.1 102 Processing\r\n\r\n" * 100), one.reply(200)))
        interim, one = [], self.open()
        one.send_request(target="/many")
        self.assertEqual(one.read(interim=interim).status, 200)
        self.assertEqual([each.status for each in interim], [102] * 100)

    def test_an_app_that_speaks_1_0_is_no_obstacle(self):  # H1-2, RS-5
        for name, head, framing in (("with a length", b"HTTP/1.0 200 Fine\r\nContent-Length: 4\r\n\r\n", "length"),
                                    ("until it closes", b"HTTP/1.0 200 Fine\r\n\r\n", "chunked")):
            with self.subTest(name):
                self.app.on("/old", lambda one: (one.send(head + b"body"), one.close()))
                one = self.open()
                one.send_request(target="/old")
                got = one.read()
                self.assertEqual((got.raw_head[:8], got.framing, got.body), (b"HTTP/1.1", framing, b"body"))
                self.assertEqual(one.request(target="/next").status, 200)  # the caller's connection stays
                one.close()

    def test_a_1_0_caller_with_keep_alive_is_closed(self):  # CN-6
        one = self.open()
        one.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /more HTTP/1.0\r\n\r\n")
        self.assertEqual(one.read().body, b"fine")
        self.assertTrue(one.is_closed())
        self.assertEqual(self.app.targets(), ["/"])

    def test_pipelined_requests_go_to_the_app_one_by_one(self):  # CN-10, decision 9
        first = gate()
        self.app.on("/0", lambda one: (first.wait(), one.reply(200, body=b"/0")))
        self.app.on("/1", lambda one: one.reply(200, body=one.read_body()))
        one = self.open()
        one.send(b"GET /0 HTTP/1.1\r\nHost: a\r\n\r\nPOST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
        until(lambda: self.app.requests)
        self.assertEqual(self.app.targets(), ["/0"])
        first.open()
        self.assertEqual([one.read().body for _ in range(3)], [b"/0", b"abc", b"fine"])
        self.assertEqual(len({each.connection_number for each in self.app.requests}), 1)


if __name__ == "__main__":
    unittest.main()
