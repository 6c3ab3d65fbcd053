# SPDX-License-Identifier: Apache-2.0
"""h1-h1: a caller that leaves, with FIN or RST, at every stage of its exchange; an upstream that vanishes without a word;
FINs that race with the next request on a kept connection. Nothing may be left behind, and the books must balance."""
import threading
import time
import unittest

from support.client import client, get
from support.collector import collector
from support.gauges import nothing_left, read
from support.origin import gate, origin, until
from support.scripted import answer_well, fin, half_close, pause, read_request, reset, scripted, send, silence, wait
from support.sidespan import sidespan

LARGE = 8 << 20


class callers(unittest.TestCase):
    """Each stage, several callers at once: the gauges rise, and are back when they are gone."""

    COUNT = 20

    @classmethod
    def setUpClass(cls):
        cls.app = cls.enterClassContext(origin())
        cls.far = cls.enterClassContext(collector())
        cls.sidecar = cls.enterClassContext(sidespan().inbound(cls.app.port, idle_timeout="30s").export(cls.far.endpoint).start())
        get(cls.sidecar.inbound, "/warm")  # the exporter keeps its connection
        cls.far.wait_for_spans(1)

    def setUp(self):
        self.app.requests.clear()
        self.app.answers.clear()
        self.far.clear()
        self.lost = self.app.lost

    def leave(self, ending, sent, reached, rises, spans, answer=None, read_first=0):
        """COUNT callers send `sent`, then leave once `reached` requests of theirs are at the app."""
        hang = gate()
        self.app.on("/gone", answer or (lambda one: (hang.wait(), one.reply(200))))
        with nothing_left(self.sidecar) as gauges:
            callers = [client(self.sidecar.inbound) for _ in range(self.COUNT)]
            for one in callers:
                one.send(sent)
            if reached:
                self.app.wait_for(lambda app: app.targets().count("/gone") == self.COUNT)
            gauges.rises(*rises, least=self.COUNT)
            for one in callers:
                if read_first:
                    one.source.exactly(read_first)
                getattr(one, ending)()
            if ending == "half_close":
                hang.open()
                for one in callers:
                    try:
                        one.until_close()
                    except Exception:
                        pass
                    one.close()
            if not reached or ending == "reset":  # without the app having answered
                until(lambda: read(self.sidecar)["connections"] == 0)
            hang.open()
        self.assertEqual(get(self.sidecar.inbound, "/after").body, b"fine")
        got = self.far.wait_for(lambda all_spans: sum(span.attributes.get("url.path") == "/after" for span in all_spans) == 1)
        gone = [span for span in got if span.attributes.get("url.path") != "/after"]
        self.assertEqual(len(gone), spans * self.COUNT)
        until(lambda: (books := self.sidecar.metrics().books())["recorded"] == books["acknowledged"])
        return gone

    def not_an_error(self, spans):
        for span in spans:
            self.assertEqual((span.error, span.attributes.get("error.type")), (False, None))  # decision 12

    def test_before_a_byte(self):
        for ending in ("close", "reset"):
            with self.subTest(ending):
                self.setUp()
                self.leave(ending, b"", 0, ("connections",), 0)

    def test_behind_an_empty_line(self):  # RFC 9112 2.2: no request has begun
        with client(self.sidecar.inbound) as one:
            one.send(b"POST /gone HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi\r\n")
            self.assertEqual(one.read().status, 200)
        self.assertEqual(get(self.sidecar.inbound, "/after").status, 200)
        until(lambda: read(self.sidecar)["connections"] == 0)
        spans = self.far.wait_for_spans(2)
        until(lambda: (books := self.sidecar.metrics().books())["recorded"] == books["acknowledged"])
        self.assertEqual([span.attributes.get("url.path") for span in spans], ["/gone", "/after"])
        self.assertEqual(len(self.far.spans), 2)

    def test_inside_the_head(self):
        for ending in ("close", "reset"):
            with self.subTest(ending):
                self.setUp()
                self.not_an_error(self.leave(ending, b"GET /gone HTTP/1.1\r\nHos", 0, ("connections",), 1))

    def test_while_the_upstream_thinks(self):
        request = b"GET /gone HTTP/1.1\r\nHost: a\r\n\r\n"
        rises = ("connections", "upstream", "inbound", "ledger")
        with self.subTest("RST: nobody waits, the upstream is told"):
            self.not_an_error(self.leave("reset", request, self.COUNT, rises, 1))
        with self.subTest("FIN is no cancellation"):
            self.setUp()
            spans = self.leave("half_close", request, self.COUNT, rises, 1)
            self.assertEqual({span.attributes["http.response.status_code"] for span in spans}, {200})

    def test_inside_the_request_body(self):
        request = b"POST /gone HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nsome"
        for ending in ("close", "reset"):
            with self.subTest(ending):
                self.setUp()
                self.not_an_error(self.leave(ending, request, self.COUNT, ("connections", "upstream", "inbound", "ledger"), 1,
                                             answer=lambda one: one.read_body()))
                self.app.wait_for(lambda app: app.lost >= self.lost + self.COUNT)

    def test_inside_the_response(self):
        def large(one):
            one.reply(200, body=b"x" * LARGE)

        request = b"GET /gone HTTP/1.1\r\nHost: a\r\n\r\n"
        for ending in ("close", "reset"):
            for read_first in (5, 1000):  # in the head, in the content
                with self.subTest(ending, read=read_first):
                    self.setUp()
                    self.not_an_error(self.leave(ending, request, self.COUNT, ("connections", "upstream", "inbound"), 1,
                                                 answer=large, read_first=read_first))

    def test_between_the_head_and_the_first_byte_of_the_content(self):
        def head_first(one):
            one.send(b"HTTP/1.1 200 Fine\r\nContent-Length: %d\r\n\r\n" % LARGE)
            left.wait()
            for _ in range(LARGE >> 16):
                one.send(bytes(1 << 16))

        for ending in ("close", "reset"):
            with self.subTest(ending):
                self.setUp()
                self.app.on("/gone", head_first)
                left = gate()
                with nothing_left(self.sidecar) as gauges:
                    callers = [client(self.sidecar.inbound).send_request(target="/gone") for _ in range(self.COUNT)]
                    for one in callers:
                        self.assertEqual((one.read_head().status, one.source.buffer), (200, b""))
                    gauges.rises("connections", "upstream", "inbound", "ledger", least=self.COUNT)
                    for one in callers:
                        getattr(one, ending)()
                    left.open()
                self.app.wait_for(lambda app: app.lost >= self.lost + self.COUNT)  # no connection to the app is used again
                spans = self.far.wait_for_spans(self.COUNT)
                self.not_an_error(spans)
                self.assertEqual({(span.attributes["http.response.status_code"], span.attributes["sidespan.downstream_closed"]) for span in spans}, {(200, True)})
                self.assertEqual(get(self.sidecar.inbound, "/after").body, b"fine")
                self.far.wait_for_spans(self.COUNT + 1)

    def test_inside_a_response_that_trickles(self):
        stop = threading.Event()

        def drops(one):
            one.send(b"HTTP/1.1 200 Fine\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
            while not stop.wait(0.02):
                one.send(b"1\r\nx\r\n")

        try:
            for ending in ("close", "reset"):
                with self.subTest(ending):
                    self.setUp()
                    self.not_an_error(self.leave(ending, b"GET /gone HTTP/1.1\r\nHost: a\r\n\r\n", self.COUNT,
                                                 ("connections", "upstream", "inbound", "endless"), 1, answer=drops, read_first=100))
        finally:
            stop.set()


class silent_upstreams(unittest.TestCase):
    """No FIN, no RST: only time tells."""

    @classmethod
    def setUpClass(cls):
        cls.app = cls.enterClassContext(scripted())
        cls.sidecar = cls.enterClassContext(sidespan().inbound(cls.app.port, timeout="5s", idle_timeout="3s").start())

    def test_never_an_answer_is_504(self):
        with nothing_left(self.sidecar) as gauges:
            for _ in range(5):
                self.app.next(read_request(), silence())
            answers = []
            threads = [threading.Thread(target=lambda: answers.append(get(self.sidecar.inbound).status)) for _ in range(5)]
            for one in threads:
                one.start()
            gauges.rises("inbound", "upstream", "ledger", least=5)
            for one in threads:
                one.join()
            self.assertEqual(answers, [504] * 5)

    def test_silence_inside_the_content_aborts_it(self):
        with nothing_left(self.sidecar) as gauges, client(self.sidecar.inbound) as one:
            self.app.next(read_request(), send(b"HTTP/1.1 200 Fine\r\nContent-Length: 10\r\n\r\nhalf"), silence())
            one.send_request()
            head = one.read_head()
            self.assertEqual(head.status, 200)
            gauges.rises("connections", "upstream", "inbound", "ledger")
            with self.assertRaises(Exception):
                one.read_body(head)


class races(unittest.TestCase):
    """The upstream closes kept connections while the next request is on its way."""

    def test_no_get_fails_and_posts_fail_as_502_only(self):  # RT-1, RT-4
        for name, end in (("fin", fin()), ("reset", reset()), ("half close", half_close())):
            with self.subTest(name), scripted() as app, sidespan().inbound(app.port).start() as sidecar:
                # Every connection answers once, then ends after a moment that varies around the next request.
                delays = [0, 0.0002, 0.0005, 0.001, 0.002]
                for number in range(400):
                    app.next(read_request(), send(b"HTTP/1.1 200 Fine\r\nContent-Length: 4\r\n\r\nfine"),
                             pause(delays[number % len(delays)]), end)
                app.always = [answer_well()]
                seen = {"GET": {}, "POST": {}}
                with nothing_left(sidecar) as gauges, gauges.rising("connections", "upstream"), client(sidecar.inbound) as one:
                    for number in range(300):
                        method = "POST" if number % 3 == 2 else "GET"
                        status = one.request(method, "/", body=b"x" if method == "POST" else None).status
                        seen[method][status] = seen[method].get(status, 0) + 1
                        time.sleep(delays[number % 4])
                self.assertEqual(set(seen["GET"]), {200}, seen)
                self.assertLessEqual(set(seen["POST"]), {200, 502}, seen)
                self.assertGreater(seen["POST"].get(200, 0), 20, seen)

    def test_an_early_fin_with_a_whole_response_is_no_loss(self):
        with scripted() as app, sidespan().inbound(app.port).start() as sidecar, \
                nothing_left(sidecar) as gauges:
            for number in range(50):
                hold = gate()
                app.next(read_request(), wait(hold), send(b"HTTP/1.1 200 Fine\r\nContent-Length: 4\r\n\r\nfine"), half_close())
                with client(sidecar.inbound) as one:
                    one.send_request()
                    if number == 0:
                        gauges.rises("connections", "upstream", "inbound", "ledger")
                    hold.open()
                    self.assertEqual(one.read().status, 200)


if __name__ == "__main__":
    unittest.main()
