# SPDX-License-Identifier: Apache-2.0
"""h1-h1: where the time of an outbound request went, on its CLIENT span."""
import time
import unittest

from support import wire
from support.client import client
from support.collector import collector
from support.origin import full_backlog, gate, origin, refused_port
from support.sidespan import sidespan

PHASES = ("resolve", "connect", "request_sent", "first_byte", "last_byte")
MS = 1_000_000


class phases(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.app, cls.far = cls.enterClassContext(origin()), cls.enterClassContext(collector())
        held, cls.refused = refused_port()
        cls.addClassCleanup(held.close)
        plan = sidespan().outbound(f"http://localhost:{cls.app.port}").outbound(cls.refused).outbound(full_backlog(cls), connect_timeout="200ms")
        plan = plan.outbound("http://no-such-host.invalid:1").outbound(cls.app.port, timeout="1s").inbound(cls.app.port)
        cls.sidecar = cls.enterClassContext(plan.export(cls.far.endpoint).start())

    def setUp(self):
        self.far.clear()
        self.app.answers.clear()

    def phases(self, span):
        found = {name: span.attributes.get(f"sidespan.phase.{name}_ns") for name in PHASES}
        for name, value in found.items():
            self.assertTrue(value is None or 0 <= value <= span.end - span.start + MS, (name, value, span.end - span.start))
        return found

    def there(self, span):
        return {name for name, value in self.phases(span).items() if value is not None}

    def test_a_new_connection_has_all_and_a_reused_one_only_points(self):
        with client(self.sidecar.outbound) as one:
            self.app.drop_connections()
            one.request()
            one.request()
        new, reused = sorted(self.far.wait_for_spans(2), key=lambda span: span.start)
        self.assertEqual((new.attributes["sidespan.connection_reused"], self.there(new)), (False, {"resolve", "connect", "request_sent", "first_byte"}))
        self.assertEqual((reused.attributes["sidespan.connection_reused"], self.there(reused)), (True, {"request_sent", "first_byte"}))
        found = self.phases(new)
        self.assertLessEqual(found["resolve"] + found["connect"], found["request_sent"])
        self.assertLessEqual(found["request_sent"], found["first_byte"])

    def test_each_phase_takes_what_it_takes(self):
        """Each pause begins when the phase before it has been seen to be over."""
        head_there, first_there = gate(), gate()

        def answer(one):
            head_there.open()
            one.read_body()
            time.sleep(0.4)  # the program may look at its clock a moment after it has written
            one.send(b"HTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\n\r\n" + wire.chunk(b"a"))
            first_there.wait()
            time.sleep(0.1)
            one.send(wire.chunk(b"b") + b"0\r\n\r\n")

        self.app.on("/slow", answer)
        with client(self.sidecar.outbound) as one:
            one.send(b"POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nx")
            head_there.wait()
            time.sleep(0.1)
            one.send(b"y")
            head, pieces = one.read_head(), []
            one.read_body(head, on_piece=lambda piece: (pieces.append(piece), first_there.open()))
            self.assertEqual(pieces, [b"a", b"b"])
        span = self.far.wait_for_spans(1)[0]
        found = self.phases(span)
        self.assertGreaterEqual(found["request_sent"], 90 * MS)
        self.assertGreaterEqual(found["first_byte"] - found["request_sent"], 200 * MS)
        self.assertGreaterEqual(found["last_byte"] - found["first_byte"], 90 * MS)
        self.assertLessEqual(found["last_byte"], span.end - span.start)

    def test_what_was_not_reached_is_absent(self):
        hang = gate()
        self.app.on("/hang", lambda one: hang.wait())
        self.addCleanup(hang.open)
        for name, port, wanted in (("refused", self.sidecar.outbounds[1], {"connect"}),
                                   ("connect time-out", self.sidecar.outbounds[2], {"connect"}),
                                   ("no such name", self.sidecar.outbounds[3], {"resolve"}),
                                   ("no answer", self.sidecar.outbounds[4], {"request_sent"})):
            with self.subTest(name):
                self.far.clear()
                with client(port) as one:
                    one.request(target="/hang")
                span = self.far.wait_for_spans(1)[0]
                found = self.there(span)
                if span.attributes.get("sidespan.connection_reused") is False:
                    wanted = wanted | {"connect"}
                self.assertEqual((span.error, found), (True, wanted))
                if name == "connect time-out":
                    self.assertGreaterEqual(self.phases(span)["connect"], 190 * MS)

    def test_a_retry_has_phases_of_its_own(self):
        with client(self.sidecar.outbound) as one:
            one.request()  # a connection that idles
            self.far.wait_for_spans(1)
            self.app.on("/once", self.die_once)
            self.assertEqual(one.request(target="/once").status, 200)
        first, second = sorted(self.far.wait_for_spans(3), key=lambda span: span.start)[1:]
        self.assertEqual((first.error, self.there(first)), (True, {"request_sent"}))
        self.assertEqual((second.error, self.there(second)), (False, {"connect", "request_sent", "first_byte"}))

    def die_once(self, one):
        self.app.on("/once", lambda again: again.reply(200))
        one.close()

    def test_a_server_span_has_none(self):
        with client(self.sidecar.inbound) as one:
            one.request()
        self.assertEqual(self.there(self.far.wait_for_spans(1)[0]), set())


if __name__ == "__main__":
    unittest.main()
