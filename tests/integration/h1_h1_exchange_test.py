# SPDX-License-Identifier: Apache-2.0
"""h1-h1: whole exchanges through inbound: connections, framing both ways, interim and bodiless responses."""
import threading
import time
import unittest

from support import wire
from support.client import client, get
from support.origin import gate, origin, until
from support.sidespan import sidespan


class exchanges(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.app = cls.enterClassContext(origin())
        cls.sidecar = cls.enterClassContext(sidespan().inbound(cls.app.port).start())
        cls.port = cls.sidecar.inbound

    def setUp(self):
        self.app.requests.clear()
        self.app.answers.clear()

    def echo(self, one):
        one.reply(200, [("Content-Type", "application/octet-stream")], one.read_body())

    def test_keep_alive_serves_many_requests_over_one_connection_on_each_side(self):
        self.app.on("/k", self.echo)
        with client(self.port) as one:
            for number in range(20):
                body = b"x" * number
                self.assertEqual(one.request("POST", "/k", body=body).body, body)
        self.assertEqual(len(self.app.requests), 20)
        self.assertEqual({request.connection_number for request in self.app.requests}, {self.app.requests[0].connection_number})

    def test_another_client_connection_reuses_the_idle_upstream_connection(self):
        get(self.port, "/a")
        get(self.port, "/b")
        first, second = self.app.requests
        self.assertEqual(first.connection_number, second.connection_number)

    def test_one_request_in_flight_per_upstream_connection(self):
        both = threading.Barrier(2, timeout=30)  # each exchange is answered only while the other is in flight
        self.app.on("/both", lambda one: (both.wait(), one.reply(200)))
        with client(self.port) as one, client(self.port) as two:
            one.send_request(target="/both")
            two.send_request(target="/both")
            self.assertEqual((one.read().status, two.read().status), (200, 200))
        first, second = self.app.requests
        self.assertNotEqual(first.connection_number, second.connection_number)

    def test_pipelined_requests_are_answered_in_order(self):
        self.app.otherwise(lambda one: one.reply(200, body=one.target.encode()))
        self.addCleanup(self.app.otherwise, lambda one: one.reply(200, body=b"fine"))
        with client(self.port) as one:
            one.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number for number in range(10)))
            self.assertEqual([one.read().body for _ in range(10)], [b"/%d" % number for number in range(10)])

    def test_pipelined_request_behind_a_body_is_not_part_of_it(self):
        self.app.on("/p", self.echo)
        with client(self.port) as one:
            one.send(b"POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbodyGET /n HTTP/1.1\r\nHost: a\r\n\r\n")
            self.assertEqual(one.read().body, b"body")
            self.assertEqual(one.read().status, 200)
        self.assertEqual(self.app.targets(), ["/p", "/n"])

    def test_content_length_stays_content_length(self):
        self.app.on("/cl", self.echo)
        with client(self.port) as one:
            got = one.request("POST", "/cl", body=b"hello")
        self.assertEqual((self.app.last.framing, self.app.last.length, got.framing, got.body), ("length", 5, "length", b"hello"))

    def test_zero_content_length_of_a_post_is_kept(self):
        with client(self.port) as one:
            one.request("POST", "/z", body=b"")
        self.assertEqual((self.app.last.framing, self.app.last.length), ("length", 0))

    def test_get_without_a_body_gets_no_framing(self):
        get(self.port, "/g")
        self.assertEqual(self.app.last.framing, "none")

    def test_get_with_a_body_keeps_it(self):  # FR-15
        with client(self.port) as one:
            one.request("GET", "/gb", body=b"query")
        self.assertEqual(self.app.last.body, b"query")

    def test_chunked_request_arrives_chunked(self):
        self.app.on("/ch", self.echo)
        with client(self.port) as one:
            one.send(b"POST /ch HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
            one.send(wire.chunk(b"hello ")).send(wire.chunk(b"world")).send(b"0\r\n\r\n")
            self.assertEqual(one.read().body, b"hello world")
        self.assertEqual((self.app.last.framing, self.app.last.body), ("chunked", b"hello world"))

    def test_chunked_response_arrives_chunked_and_piece_by_piece(self):
        second = gate()

        def answer(one):
            one.send(b"HTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\n\r\n" + wire.chunk(b"first"))
            second.wait()
            one.send(wire.chunk(b"second") + b"0\r\n\r\n")

        self.app.on("/st", answer)
        pieces = []
        with client(self.port) as one:
            one.send_request(target="/st")
            head = one.read_head()

            def take(piece):
                pieces.append(piece)
                second.open()  # the second piece is only sent once the first has come through

            one.read_body(head, on_piece=take)
        self.assertEqual((head.framing, b"".join(pieces)), ("chunked", b"firstsecond"))

    def test_request_body_arrives_before_it_is_complete(self):
        arrived = gate()

        def answer(one):
            self.assertEqual(one.source.until(b"\r\n"), b"4")
            self.assertEqual(one.source.exactly(6), b"half\r\n")
            arrived.open()
            one.reply(200)

        self.app.on("/up", answer)
        with client(self.port) as one:
            one.send(b"POST /up HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")
            arrived.wait()
            one.send(b"0\r\n\r\n")
            self.assertEqual(one.read().status, 200)

    def test_trailers_of_a_response_reach_a_caller_that_takes_them(self):  # RS-12
        self.app.on("/t", lambda one: one.reply_chunks([b"x"], [("Trailer", "X-Sum")], [("X-Sum", "42")]))
        with client(self.port) as one:
            got = one.request("GET", "/t", [("TE", "trailers"), ("Connection", "TE")])
        self.assertEqual(got.trailers.get("X-Sum"), "42")

    def test_head_keeps_the_length_and_has_no_body(self):  # RS-1
        self.app.on("/h", lambda one: one.reply(200, body=b"12345"))
        with client(self.port) as one:
            got = one.request("HEAD", "/h")
            self.assertEqual((got.fields.get("Content-Length"), got.body), ("5", b""))
            self.assertEqual(one.request("GET", "/h").body, b"12345")

    def test_204_and_304_have_no_body(self):
        self.app.on("/204", lambda one: one.reply(204)).on("/304", lambda one: one.reply(304, [("ETag", '"a"')]))
        with client(self.port) as one:
            self.assertEqual(one.request("GET", "/204").status, 204)
            got = one.request("GET", "/304")
            self.assertEqual((got.status, got.fields.get("ETag")), (304, '"a"'))
            self.assertEqual(one.request("GET", "/after").status, 200)

    def test_204_with_a_content_length_is_sent_on_without(self):  # RS-2
        self.app.on("/204", lambda one: one.send(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"))
        with client(self.port) as one:
            self.assertIsNone(one.request("GET", "/204").fields.get("Content-Length"))
            self.assertEqual(one.request("GET", "/after").status, 200)

    def test_100_continue_comes_from_the_app(self):  # CN-1
        def answer(one):
            self.assertEqual(one.fields.get("Expect"), "100-continue")
            one.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            one.reply(200, body=one.read_body())

        self.app.on("/100", answer)
        with client(self.port) as one:
            one.send(b"POST /100 HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
            self.assertEqual(one.read_head().status, 100)
            one.send(b"body")
            self.assertEqual(one.read().body, b"body")

    def test_final_response_instead_of_100_continue(self):
        def answer(one):
            one.send(b"HTTP/1.1 417 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            one.close()

        self.app.on("/no", answer)
        with client(self.port) as one:
            one.send(b"POST /no HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
            self.assertEqual(one.read().status, 417)

    def test_interim_responses_are_passed_on(self):  # RS-7
        self.app.on("/103", lambda one: (one.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 2), one.reply(200)))
        interim = []
        with client(self.port) as one:
            one.send_request(target="/103")
            self.assertEqual(one.read(interim=interim).status, 200)
        self.assertEqual([(one.status, one.fields.get("Link")) for one in interim], [(103, "</a>")] * 2)

    def test_early_final_response_is_passed_on_at_once(self):  # RS-11
        def answer(one):
            one.send(b"HTTP/1.1 413 Too Much\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno!")
            one.close()

        self.app.on("/early", answer)
        with client(self.port) as one:
            one.send(b"POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nsome")
            got = one.read()
            self.assertEqual((got.status, got.body), (413, b"no!"))

    def test_close_delimited_response_becomes_chunked(self):  # RS-5
        def answer(one):
            one.send(b"HTTP/1.1 200 Fine\r\nConnection: close\r\n\r\nuntil the end")
            one.close()

        self.app.on("/cd", answer)
        with client(self.port) as one:
            got = one.request("GET", "/cd")
            self.assertEqual((got.framing, got.body), ("chunked", b"until the end"))
            self.assertEqual(one.request("GET", "/after").status, 200)

    def test_http_1_0_client_gets_a_close_delimited_response(self):  # RS-4, CN-6
        self.app.on("/10", lambda one: one.reply_chunks([b"one", b"two"]))
        with client(self.port) as one:
            one.send(b"GET /10 HTTP/1.0\r\nHost: a\r\n\r\n")
            got = one.read()
            self.assertEqual((got.framing, got.body), ("none", b"onetwo"))
        self.assertEqual(self.app.last.raw_head.split(b"\r\n")[0], b"GET /10 HTTP/1.1")  # our version, H1-2

    def test_connection_close_of_the_caller_ends_its_connection_only(self):  # CN-6
        with client(self.port) as one:
            got = one.request("GET", "/a", [("Connection", "close")])
            self.assertEqual(got.fields.get("Connection"), "close")
            self.assertTrue(one.is_closed())
        get(self.port, "/b")
        first, second = self.app.requests
        self.assertEqual(first.connection_number, second.connection_number)
        self.assertIsNone(first.fields.get("Connection"))

    def test_connection_close_of_the_app_ends_its_connection_only(self):
        self.app.on("/bye", lambda one: (one.reply(200, [("Connection", "close")]), one.close()))
        with client(self.port) as one:
            self.assertIsNone(one.request("GET", "/bye").fields.get("Connection"))
            self.assertEqual(one.request("GET", "/again").status, 200)
        first, second = self.app.requests
        self.assertNotEqual(first.connection_number, second.connection_number)

    def test_idle_connection_that_the_app_closed_is_not_used(self):
        get(self.port, "/a")
        self.app.drop_connections()
        until(lambda: not self.app.open)
        self.assertEqual(get(self.port, "/b").status, 200)

    def test_half_closed_client_still_gets_its_response(self):  # CN-9
        longer_than_who_waits_is_looked_for = 0.5
        for path, pause in (("/hc", 0), ("/hc-slow", longer_than_who_waits_is_looked_for)):
            self.app.on(path, lambda one, pause=pause: (time.sleep(pause), self.echo(one)))
            with self.subTest(path), client(self.port) as one:
                one.send_request("POST", path, body=b"all")
                one.half_close()
                self.assertEqual(one.read().body, b"all")

    def test_leading_empty_lines_are_skipped(self):  # H1-1
        with client(self.port) as one:
            one.send(b"\r\n\r\nGET /e HTTP/1.1\r\nHost: a\r\n\r\n")
            self.assertEqual(one.read().status, 200)

    def test_unknown_methods_and_statuses_pass(self):  # H1-10
        self.app.on("/u", lambda one: one.reply(299, reason="Odd  one"))
        with client(self.port) as one:
            got = one.request("BREW", "/u")
        self.assertEqual((got.status, got.reason, self.app.last.method), (299, "Odd  one", "BREW"))


if __name__ == "__main__":
    unittest.main()
