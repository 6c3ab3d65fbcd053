# SPDX-License-Identifier: Apache-2.0
"""h1-h1: the smuggling table FR-1 to FR-19 byte for byte through the socket, and messages cut at every byte border.

A refused request must be answered with its status, the connection closed, and nothing may have reached the app.
"""
import socket
import time
import unittest

from support import wire
from support.client import client
from support.origin import origin
from support.sidespan import sidespan

POST = b"POST /f HTTP/1.1\r\nHost: a\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
NEXT = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"

# (row, bytes, status): the head or the body is refused and the connection ends.
REFUSED = [
    ("FR-1 both", POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("FR-1 both, other order", POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400),
    ("FR-2 chunked is not last", POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 400),
    ("FR-2 identity behind", POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 400),
    ("FR-2 xchunked", POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", (400, 501)),
    ("FR-3 gzip before", POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    ("FR-4 twice in one line", POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
    ("FR-4 two lines", POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("FR-5 blank before the colon", POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400),
    ("FR-5 vertical tab", POST + b"Transfer-Encoding: chunked\x0b\r\n\r\n0\r\n\r\n", 400),
    ("FR-5 no-break space", POST + b"Transfer-Encoding: \xa0chunked\r\n\r\n0\r\n\r\n", (400, 501)),
    ("FR-5 parameter", POST + b"Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n", (400, 501)),
    ("FR-5 empty", POST + b"Transfer-Encoding:\r\n\r\n0\r\n\r\n", 400),
    ("FR-5 folded", POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", 400),
    ("FR-6 coding in 1.0", b"POST /f HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("FR-7 lengths differ", POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", 400),
    ("FR-7 list", POST + b"Content-Length: 5, 6\r\n\r\nhello!", 400),
    ("FR-8 same twice", POST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400),
    ("FR-8 same list", POST + b"Content-Length: 5, 5\r\n\r\nhello", 400),
    *[(f"FR-9 {value!r}", POST + b"Content-Length: " + value + b"\r\n\r\nhello", 400)
      for value in (b"+5", b"-1", b"0x5", b"5 5", b"1_0", b"", b"5;", b"99999999999999999999", b"five")],
    *[(f"FR-10 {size!r}", CHUNKED + size + b"\r\nhello\r\n0\r\n\r\n", 400)
      for size in (b"", b" 5", b"5 ", b"+5", b"-5", b"0x5", b"1_0", b"fffffffffffffffff", b"5g", b"\t5")],
    ("FR-11 LF behind the size", CHUNKED + b"5\nhello\r\n0\r\n\r\n", 400),
    ("FR-11 CR and X behind the size", CHUNKED + b"5\rXhello\r\n0\r\n\r\n", 400),
    ("FR-11 data without CRLF", CHUNKED + b"5\r\nhelloX0\r\n\r\n", 400),
    ("FR-11 LF behind the data", CHUNKED + b"5\r\nhello\n0\r\n\r\n", 400),
    ("FR-11 CRLF too many", CHUNKED + b"5\r\nhello\r\n\r\n0\r\n\r\n", 400),
    ("FR-12 bare semicolon", CHUNKED + b"5;\r\nhello\r\n0\r\n\r\n", 400),
    ("FR-12 NUL", CHUNKED + b"5;a=\x00\r\nhello\r\n0\r\n\r\n", 400),
    ("FR-12 CR inside", CHUNKED + b"5;a=\rb\r\nhello\r\n0\r\n\r\n", 400),
    ("FR-12 too long", CHUNKED + b"5;a=" + b"x" * 20000 + b"\r\nhello\r\n0\r\n\r\n", 400),
    ("FR-19 HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400, 505)),
    ("FR-19 HTTP/0.9", b"GET /\r\n\r\n", 400),
    ("FR-19 TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    ("H1-1 two blanks", b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("H1-2 lower case version", b"GET / http/1.1\r\nHost: a\r\n\r\n", 400),
    ("H1-2 major version", b"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505),
    ("H1-3 no host", b"GET / HTTP/1.1\r\n\r\n", 400),
    ("H1-3 two hosts", b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
    ("H1-3 host with user", b"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400),
    ("H1-5 asterisk", b"GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("H1-6 fragment", b"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("H1-6 not ASCII", b"GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("H1-20 blank before the colon", b"GET / HTTP/1.1\r\nHost: a\r\nX-A : 1\r\n\r\n", 400),
    ("H1-21 obs-fold", b"GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\r\n 2\r\n\r\n", 400),
    ("H1-21 white space first", b"GET / HTTP/1.1\r\n X: 1\r\nHost: a\r\n\r\n", 400),
    ("H1-22 NUL", b"GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\x002\r\n\r\n", 400),
    ("H1-22 bare CR", b"GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\r2\r\n\r\n", 400),
    ("H1-22 no colon", b"GET / HTTP/1.1\r\nHost: a\r\nX-A\r\n\r\n", 400),
    ("H1-22 no name", b"GET / HTTP/1.1\r\nHost: a\r\n: 1\r\n\r\n", 400),
    ("H1-23 bare LF", b"GET / HTTP/1.1\nHost: a\n\n", 400),
    ("H1-9 long target", b"GET /" + b"a" * 70000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    ("6585 large head", b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X-A: " + b"a" * 70000 + b"\r\n\r\n", 431),
]

# (row, bytes, body that the app must get)
ACCEPTED = [
    ("FR-5 tab before", POST + b"Transfer-Encoding: \tchunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", b"hello"),
    ("FR-5 another name", POST + b"Transfer_Encoding: chunked\r\nContent-Length: 5\r\n\r\nhello", b"hello"),
    ("FR-9 leading zeros", POST + b"Content-Length: 0005\r\n\r\nhello", b"hello"),
    ("FR-10 leading zeros and capitals", CHUNKED + b"000A\r\nhellohello\r\n0\r\n\r\n", b"hellohello"),
    ("FR-12 extensions", CHUNKED + b'5;a;b=c;d="e\\"f"\r\nhello\r\n0;end\r\n\r\n', b"hello"),
    ("FR-13 trailers", CHUNKED + b"5\r\nhello\r\n0\r\nX-Sum: 1\r\nContent-Length: 9\r\nHost: evil\r\n\r\n", b"hello"),
    ("FR-14 no framing", b"GET /f HTTP/1.1\r\nHost: a\r\n\r\n", b""),
]


class framing_table(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.app = cls.enterClassContext(origin())
        cls.sidecar = cls.enterClassContext(sidespan().inbound(cls.app.port).start())

    def setUp(self):
        self.app.requests.clear()

    def test_refused(self):
        for row, sent, status in REFUSED:
            with self.subTest(row), client(self.sidecar.inbound) as one:
                self.app.requests.clear()
                one.send(sent + NEXT)
                got = one.read()
                self.assertIn(got.status, status if isinstance(status, tuple) else (status,), row)
                self.assertEqual(got.fields.get("Connection"), "close")
                self.assertTrue(one.is_closed(), "the connection stayed open")
                self.assertNotIn("/smuggled", self.app.targets())
                if sent.startswith(CHUNKED):  # a bad chunk may be met after the head has gone on
                    with client(self.sidecar.inbound) as after:
                        after.request("GET", "/after")  # what went on before is at the app by now
                else:
                    self.assertEqual(self.app.targets(), [])

    def test_a_body_that_turns_out_bad_is_aborted_at_the_app(self):  # FR-10, FR-17
        ends = []
        lost_before = self.app.lost
        self.app.on("/bad", lambda one: self.note_end(one, ends))
        with client(self.sidecar.inbound) as one:
            one.send(CHUNKED.replace(b"/f", b"/bad") + b"5\r\nhello\r\n")
            self.app.wait_for(lambda app: "/bad" in app.targets())
            one.send(b"zz\r\n")
            one.until_close()
        self.app.wait_for(lambda app: app.lost > lost_before)
        self.assertEqual(ends, ["closed"])

    def note_end(self, one, ends):
        try:
            one.read_body()
            ends.append("whole")
        except wire.closed:
            ends.append("closed")
            raise

    def test_a_body_shorter_than_its_length_is_aborted_at_the_app(self):  # FR-17
        ends = []
        lost_before = self.app.lost
        self.app.on("/short", lambda one: self.note_end(one, ends))
        with client(self.sidecar.inbound) as one:
            one.send(POST.replace(b"/f", b"/short") + b"Content-Length: 10\r\n\r\nhello")
            self.app.wait_for(lambda app: app.requests)
            one.half_close()
            one.until_close()
        self.app.wait_for(lambda app: ends)
        self.assertEqual(ends, ["closed"])

    def test_accepted(self):
        for row, sent, body in ACCEPTED:
            with self.subTest(row), client(self.sidecar.inbound) as one:
                one.send(sent + NEXT)
                self.assertEqual(one.read().status, 200)
                self.assertEqual(one.read().status, 200)
                request = self.app.requests[-2]
                self.assertEqual((request.body, self.app.last.target), (body, "/smuggled"))
                self.assertEqual(request.trailers.all("Host") + request.trailers.all("Content-Length"), [])
                self.assertNotIn(b";", request.raw_head)

    def test_cut_at_every_byte_border(self):
        whole = (b"POST /f?q=1 HTTP/1.1\r\nHost: a\r\nX-A: \t1 \r\nTransfer-Encoding: chunked\r\n\r\n"
                 b"5;x=y\r\nhello\r\n1\r\n!\r\n0\r\nX-T: 1\r\n\r\n")
        for cut in range(1, len(whole)):
            with self.subTest(cut=cut), client(self.sidecar.inbound) as one:
                one.send(whole[:cut])
                time.sleep(0.002)  # two segments; a coalesced pair tests less, never wrongly
                one.send(whole[cut:])
                self.assertEqual(one.read().status, 200)
                self.assertEqual((self.app.last.body, self.app.last.target), (b"hello!", "/f?q=1"))

    def test_one_byte_at_a_time(self):
        whole = b"POST /f HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello" + NEXT
        with client(self.sidecar.inbound) as one:
            for at in range(len(whole)):
                one.send(whole[at:at + 1])
                if at % 8 == 0:
                    time.sleep(0.001)
            self.assertEqual((one.read().status, one.read().status), (200, 200))
        self.assertEqual(self.app.requests[-2].body, b"hello")

    def test_nothing_but_noise_ends_the_connection_only(self):
        for noise in (b"\x00" * 100, b"\xff" * 100 + b"\r\n\r\n", b"GET", b"\r\n" * 50, b"\r" * 50):
            with self.subTest(noise[:8]), client(self.sidecar.inbound) as one:
                one.send(noise)
                one.connection.shutdown(socket.SHUT_WR)
                try:
                    one.until_close()
                except wire.closed:
                    pass
        with client(self.sidecar.inbound) as one:
            self.assertEqual(one.request().status, 200)


if __name__ == "__main__":
    unittest.main()
