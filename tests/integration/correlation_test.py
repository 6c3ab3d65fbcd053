# SPDX-License-Identifier: Apache-2.0
"""Whose child is an outbound call, when the application forwards nothing: the rungs, from outside."""
import collections
import threading
import time
import unittest

from support.client import client, get
from support.collector import collector
from support.origin import gate, origin, until
from support.sidespan import sidespan


class chain(unittest.TestCase):
    """An app that calls its dependency and forwards no header."""

    options = {}

    def setUp(self):
        self.spans_of = self.enterContext(collector())
        self.app, self.dependency = self.enterContext(origin()), self.enterContext(origin())
        self.plan = sidespan().inbound(self.app.port).outbound(self.dependency.port).export(self.spans_of.endpoint).set(**self.options)
        self.sidecar = self.enterContext(self.plan.start())

    def calls_out(self, path, head_fields=lambda one: ()):
        def answer(one):
            get(self.sidecar.outbound, path, head_fields(one))
            one.reply(200)
        return answer

    def spans(self, count):
        found = self.spans_of.wait_for_spans(count)
        return [span for span in found if span.kind == "server"], [span for span in found if span.kind == "client"]

    def evidence(self, span):
        return span.attributes["sidespan.parent.method"], span.attributes["sidespan.parent.candidates"]


class one_request_alone(chain):
    def at_once(self):
        """The first request of a program, and its call 20 ms later at most: a call long into a request is not trusted yet. On a
        busy machine that may take some programs."""
        for _ in range(30):
            self.spans_of.clear()
            arrived = []
            self.dependency.otherwise(lambda one: (arrived.append(time.monotonic()), one.reply(200)))
            with self.plan.start() as self.sidecar:
                time.sleep(0.3)  # it counts for the call that nothing came out of the program while it was idle
                began = time.monotonic()
                get(self.sidecar.inbound, "/a")
                spans = self.spans(2)
            if arrived[0] - began < 0.02:
                return spans
        self.fail("this machine never got a call out within 20 ms")

    def test_the_first_call_of_the_first_request_is_its_child(self):
        self.app.on("/a", self.calls_out("/b"))
        (server,), (outgoing,) = self.at_once()
        self.assertEqual((outgoing.trace_id, outgoing.parent_id), (server.trace_id, server.span_id))
        self.assertEqual(self.evidence(outgoing), ("exclusive", 1))
        self.assertGreaterEqual(outgoing.attributes["sidespan.parent.confidence"], 0.98)
        self.assertEqual(self.dependency.last.fields.get("traceparent").split("-")[1:3], [server.trace_id, outgoing.span_id])

    def test_a_call_while_nothing_is_in_flight_is_a_root(self):
        get(self.sidecar.outbound, "/heartbeat")
        _, (outgoing,) = self.spans(1)
        self.assertEqual((outgoing.parent_id, outgoing.links, self.evidence(outgoing)), ("", [], ("none", 0)))

    def test_a_heartbeat_is_never_a_child(self):
        for _ in range(20):
            get(self.sidecar.outbound, "/heartbeat")
        hold = gate()
        self.app.on("/a", lambda one: (hold.wait(), one.reply(200)))
        with client(self.sidecar.inbound) as one:
            one.send_request(target="/a")
            self.app.wait_for(lambda app: app.requests)
            time.sleep(0.3)  # long enough for the rates to differ: within a millisecond a call is taken for the request's own
            get(self.sidecar.outbound, "/heartbeat")
            hold.open()
            one.read()
        servers, outgoing = self.spans(22)
        self.assertNotIn(servers[0].span_id, [span.parent_id for span in outgoing])

    def test_a_forwarded_context_is_never_overridden(self):
        sent = "00-11111111111111111111111111111111-2222222222222222-01"
        self.app.on("/a", self.calls_out("/b", lambda one: [("traceparent", sent)]))
        get(self.sidecar.inbound, "/a")
        _, (outgoing,) = self.spans(2)
        self.assertEqual((outgoing.trace_id, outgoing.parent_id), ("1" * 32, "2" * 16))
        self.assertEqual(self.evidence(outgoing)[0], "traceparent")

    def test_the_metrics_count_by_method(self):
        self.app.on("/a", self.calls_out("/b"))
        get(self.sidecar.inbound, "/a")
        get(self.sidecar.outbound, "/c")
        metrics = self.sidecar.metrics()
        _, outgoing = self.spans(3)
        methods = collections.Counter(self.evidence(span)[0] for span in outgoing)
        self.assertEqual({method: metrics.sum("sidespan_link_total", method=method) for method in methods}, methods)
        self.assertEqual((len(outgoing), methods["none"], metrics.sum("sidespan_link_total")), (2, 1, 2))


class two_requests_at_once(chain):
    def overlap(self, head_fields=lambda one: (), request_fields=({}, {})):
        """Two requests, each calling out while the other is in flight."""
        both = threading.Barrier(2, timeout=30)
        done = threading.Barrier(2, timeout=30)

        def answer(one):
            both.wait()
            get(self.sidecar.outbound, "/of" + one.path, head_fields(one))
            done.wait()
            one.reply(200)

        self.app.on("/1", answer).on("/2", answer)
        with client(self.sidecar.inbound) as first, client(self.sidecar.inbound) as second:
            first.send_request(target="/1", head_fields=list(request_fields[0].items()))
            second.send_request(target="/2", head_fields=list(request_fields[1].items()))
            first.read()
            second.read()
        return self.spans(4)

    def parent_path(self, outgoing, servers):
        by_id = {span.span_id: span.attributes["url.path"] for span in servers}
        return by_id.get(outgoing.parent_id)

    def test_neither_is_asserted_and_both_are_candidates(self):
        servers, outgoing = self.overlap()
        for span in outgoing:
            self.assertEqual((span.parent_id, self.evidence(span)), ("", ("candidates", 2)))
            self.assertEqual({link["span_id"] for link in span.links}, {server.span_id for server in servers})
            for link in span.links:
                self.assertEqual(link["attributes"]["sidespan.link.type"], "candidate_parent")
                self.assertLess(link["attributes"]["sidespan.parent.confidence"], 0.98)
            self.assertNotIn(span.trace_id, {server.trace_id for server in servers})

    def test_a_forwarded_request_id_makes_it_exact(self):
        servers, outgoing = self.overlap(lambda one: [("X-Request-Id", one.fields.get("x-request-id"))])
        for span in outgoing:
            self.assertEqual(self.evidence(span), ("header", 2))
            self.assertEqual("/of" + self.parent_path(span, servers), span.attributes["url.full"].split(str(self.dependency.port))[1])

    def test_an_id_of_the_caller_is_kept_and_serves_as_well(self):
        sent = ({"X-Correlation-ID": "id-one"}, {"X-Correlation-ID": "id-two"})
        servers, outgoing = self.overlap(lambda one: [("X-Correlation-Id", one.fields.get("x-correlation-id"))], sent)
        for span in outgoing:
            self.assertEqual(self.evidence(span)[0], "header")
            self.assertEqual("/of" + self.parent_path(span, servers), span.attributes["url.full"].split(str(self.dependency.port))[1])

    def test_an_id_that_both_share_is_no_evidence(self):
        same = {"X-Request-Id": "the-same"}
        _, outgoing = self.overlap(lambda one: [("X-Request-Id", "the-same")], (same, same))
        self.assertEqual([self.evidence(span)[0] for span in outgoing], ["candidates", "candidates"])


class two_workers(two_requests_at_once):
    """A call may leave by another shard than its request came in by (decision 6)."""

    options = {"limits": {"workers": 2}}


class two_workers_one_request(chain):
    """Sure enough however long a busy machine takes."""

    options = {"limits": {"workers": 2}, "trace": {"correlate": {"threshold": 0}}}

    def test_one_alone_is_found_across_shards(self):
        self.app.on("/a", self.calls_out("/b"))
        for _ in range(10):
            get(self.sidecar.inbound, "/a")
        servers, outgoing = self.spans(20)
        self.assertEqual({span.parent_id for span in outgoing}, {span.span_id for span in servers})


class after_the_response(chain):
    def test_work_behind_the_answer_is_not_its_child(self):
        finished = gate()

        def answer(one):
            one.reply(200)
            until(lambda: self.sidecar.metrics().sum("sidespan_ledger_entries") == 0)  # the answer has been read: the request is over
            get(self.sidecar.outbound, "/later")
            finished.open()

        self.app.on("/a", answer)
        get(self.sidecar.inbound, "/a")
        finished.wait()
        _, (outgoing,) = self.spans(2)
        self.assertEqual((outgoing.parent_id, self.evidence(outgoing)), ("", ("none", 0)))


class switched_off(chain):
    options = {"trace": {"correlate": "off"}}

    def test_calls_start_new_traces(self):
        self.app.on("/a", self.calls_out("/b"))
        get(self.sidecar.inbound, "/a")
        (server,), (outgoing,) = self.spans(2)
        self.assertEqual(outgoing.parent_id, "")
        self.assertNotEqual(outgoing.trace_id, server.trace_id)


if __name__ == "__main__":
    unittest.main()
