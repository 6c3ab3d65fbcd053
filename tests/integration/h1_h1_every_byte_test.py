# SPDX-License-Identifier: Apache-2.0
"""h1-h1: an upstream that ends its connection, with FIN or RST, after every single byte of a response. One outcome per
position: 502 until the head is complete, an aborted response inside the content, and only then a whole one (RS-6)."""
import unittest

from support import wire
from support.client import client, get
from support.collector import collector
from support.gauges import nothing_left
from support.origin import gate
from support.scripted import WELL, fin, read_request, reset, scripted, send, wait
from support.sidespan import sidespan

HEAD = b"HTTP/1.1 200 Fine\r\nX-A: 1\r\n"
RESPONSES = {
    "length": (HEAD + b"Content-Length: 12\r\n\r\n", b"hello, world"),
    "chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"5\r\nhello\r\n7\r\n, world\r\n0\r\nX-T: 1\r\n\r\n"),
    "close": (HEAD + b"\r\n", b"hello, world"),
    "interim": (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + HEAD + b"Content-Length: 2\r\n\r\n", b"hi"),
}


def expected(name, ending, cut):
    """(outcome, error.type of the span) for a response that ends behind `cut` bytes."""
    head, body = RESPONSES[name]
    if cut < len(head):
        return "502", "connection_terminated"
    whole = cut == len(head) + len(body)
    if whole and name != "close":
        return "whole", None
    if name == "close" and ending == "fin":
        return "whole", None  # a FIN is how such a content ends, wherever it comes
    return "aborted", "http_response_incomplete"


def target_of(span):
    return span.attributes.get("url.path") or "/" + span.attributes["url.full"].split("/", 3)[3]


class every_byte(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.app = cls.enterClassContext(scripted())
        cls.far = cls.enterClassContext(collector())
        cls.sidecar = cls.enterClassContext(
            sidespan().inbound(cls.app.port, retries=0).outbound(cls.app.port, retries=0).export(cls.far.endpoint)
            .set(trace={"correlate": "off"}).start())
        cls.app.next(read_request(), send(WELL), fin())
        get(cls.sidecar.inbound, "/warm")  # the exporter keeps its connection
        cls.far.wait_for_spans(1)

    def outcome(self, port, target, sent):
        with client(port) as one:
            one.send_request(target=target)
            sent()
            try:
                while (got := one.read_head()).status < 200:
                    pass
                one.read_body(got)
            except wire.closed:
                return "aborted"
            return "whole" if got.status == 200 else str(got.status)

    def run_all(self, leg, port):
        want, had = {}, {}
        self.far.clear()
        held = ("connections", "upstream", {"in": "inbound", "out": "outbound"}[leg])
        with nothing_left(self.sidecar) as gauges:
            for name, (head, body) in RESPONSES.items():
                data = head + body
                for ending, end in (("fin", fin()), ("rst", reset())):
                    for cut in range(len(data) + 1):
                        target = f"/{leg}/{name}/{ending}/{cut}"
                        self.app.wait_for(lambda app: not app.open)
                        hold = gate()
                        self.app.next(read_request(), wait(hold), send(data[:cut]), end)
                        # A fresh connection each time: one that was kept would be tried again (RT-1).
                        want[target] = expected(name, ending, cut)
                        had[target] = self.outcome(port, target, lambda: (cut or gauges.rises(*held), hold.open()))
            wrong = {target: (got, want[target][0]) for target, got in had.items() if got != want[target][0]}
            self.assertEqual(wrong, {}, f"{len(wrong)} of {len(had)}")
            self.assertEqual([target for target in self.app.requests if target.startswith(f"/{leg}/")], list(want))  # no retries
            self.check_spans(leg, want)
        return len(want)

    def check_spans(self, leg, want):
        kind = {"in": "server", "out": "client"}[leg]

        def of_leg(spans):
            return {target_of(span): span for span in spans if span.kind == kind}

        all_spans = self.far.wait_for(lambda spans: len(of_leg(spans)) >= len(want))
        self.assertEqual(len(all_spans), len(want))  # one each
        for target, span in of_leg(all_spans).items():
            outcome, error = want[target]
            status = {"502": 502 if leg == "in" else None, "whole": 200, "aborted": 200}[outcome]
            with self.subTest(target):
                have = (span.attributes.get("http.response.status_code"), span.attributes.get("error.type"), span.error)
                self.assertEqual(have, (status, error, error is not None))

    def test_inbound(self):
        self.assertGreater(self.run_all("in", self.sidecar.inbound), 400)

    def test_outbound(self):
        self.assertGreater(self.run_all("out", self.sidecar.outbound), 400)


if __name__ == "__main__":
    unittest.main()
