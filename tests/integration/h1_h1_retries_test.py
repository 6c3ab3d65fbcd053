# SPDX-License-Identifier: Apache-2.0
"""h1-h1: requests that are sent once more, and those that never are (specs 7.6)."""
import collections
import threading
import unittest

from support.client import client, get
from support.collector import collector
from support.origin import gate, origin, until
from support.sidespan import sidespan


def closing(test):
    """An origin that takes a request and closes without an answer."""
    one = test.enterContext(origin())
    one.otherwise(lambda exchange: (exchange.read_body(), exchange.close()))
    return one


def good(test):
    one = test.enterContext(origin())
    one.otherwise(lambda exchange: exchange.reply(200, body=exchange.read_body() or b"good"))
    return one


def events(sidecar, event):
    return sidecar.metrics().sum("sidespan_upstream_events_total", event=event)


def everything(connection):
    """What comes until the end, which may be a reset (RS-6)."""
    received = b""
    try:
        while piece := connection.recv(65536):
            received += piece
    except ConnectionResetError:
        pass
    return received


def ask(port, method="GET", body=None, fields=()):
    with client(port) as one:
        return one.request(method, "/", fields, body)


def many(port, callers, each):
    """How often which status came, of callers that ask one after the other."""
    seen = collections.Counter()

    def call():
        with client(port) as one:
            for _ in range(each):
                seen[one.request("GET", "/").status] += 1

    threads = [threading.Thread(target=call) for _ in range(callers)]
    for each_thread in threads:
        each_thread.start()
    for each_thread in threads:
        each_thread.join()
    return dict(seen)


class retries(unittest.TestCase):
    def setUp(self):
        self.bad, self.good = closing(self), good(self)

    def sidecar(self, **options):
        options.setdefault("balance", "round_robin")
        options.setdefault("eject", 0)
        return sidespan().outbound([self.bad.url, self.good.url], **options)

    def test_idempotent_requests_are_repeated_on_another_endpoint(self):  # RT-1
        with self.sidecar().start() as sidecar:
            for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "QUERY"):
                for _ in range(2):
                    self.assertEqual(ask(sidecar.outbound, method).status, 200, method)
            self.assertEqual(len(self.bad.requests), 6)
            self.assertEqual(events(sidecar, "retried"), 6)

    def test_others_are_not(self):  # RT-1
        with self.sidecar().start() as sidecar:
            for method in ("POST", "PATCH", "BREW"):
                statuses = sorted(ask(sidecar.outbound, method).status for _ in range(2))
                self.assertEqual(statuses, [200, 502], method)
            self.assertEqual(events(sidecar, "retried"), 0)

    def test_once_by_default_and_as_often_as_it_is_said(self):  # RT-2
        other = closing(self)
        to = [self.bad.url, other.url]
        with sidespan().outbound(to).outbound(to, retries=0).outbound(to, retries=3).start() as sidecar:
            for port, times in zip(sidecar.outbounds, (2, 1, 4)):
                self.bad.requests.clear()
                other.requests.clear()
                self.assertEqual(get(port, "/").status, 502)
                self.assertEqual(len(self.bad.requests) + len(other.requests), times)

    def test_a_route_may_say_otherwise(self):
        with sidespan().outbound(self.bad.url, routes=[{"match": "/never", "retries": 0}]).start() as sidecar:
            self.assertEqual(get(sidecar.outbound, "/never").status, 502)
            self.assertEqual(len(self.bad.requests), 1)
            self.assertEqual(get(sidecar.outbound, "/other").status, 502)
            self.assertEqual(len(self.bad.requests), 3)

    def test_a_small_body_that_came_with_the_head_is_sent_again(self):  # RT-5
        with self.sidecar(retries={"max_body": "1KiB"}, timeout="10s").start() as sidecar:
            for _ in range(2):
                self.assertEqual(ask(sidecar.outbound, "PUT", b"x" * 1024).body, b"x" * 1024)
            self.assertEqual(sorted(ask(sidecar.outbound, "PUT", b"x" * 1025).status for _ in range(2)), [200, 502])
            self.assertEqual(self.bad.requests[0].body, b"x" * 1024)

    def test_not_after_a_byte_of_the_response(self):  # RT-1, RT-5
        for begun in (b"H", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 Fine\r\nContent-Length: 9\r\n\r\nhalf"):
            with self.subTest(begun=begun), sidespan().outbound(self.bad.url).start() as sidecar:
                self.bad.requests.clear()
                self.bad.otherwise(lambda exchange: (exchange.send(begun), exchange.close()))
                with client(sidecar.outbound) as one:
                    one.send_request("GET", "/")
                    received = everything(one.connection) if b"200" in begun else one.read().status
                self.assertEqual(len(self.bad.requests), 1)
                if isinstance(received, bytes):
                    self.assertEqual((received.count(b"HTTP/1.1"), received[-4:]), (1, b"half"))
                else:
                    self.assertEqual(received, 502)

    def test_a_reset_counts_like_a_close(self):
        self.bad.otherwise(lambda exchange: exchange.reset())
        with self.sidecar().start() as sidecar:
            for _ in range(4):
                self.assertEqual(get(sidecar.outbound, "/").status, 200)

    def test_every_attempt_has_a_span_and_a_parent_id_of_its_own(self):  # RT-6
        with collector() as spans_of, self.sidecar().export(spans_of.endpoint).start() as sidecar:
            get(sidecar.outbound, "/")
            get(sidecar.outbound, "/")
            spans = sorted(spans_of.wait_for_spans(3), key=lambda span: span.start)
            failed = [span for span in spans if span.error]
            repeated = [span for span in spans if "http.request.resend_count" in span.attributes]
            self.assertEqual((len(failed), len(repeated)), (1, 1))
            self.assertEqual(failed[0].attributes["error.type"], "connection_terminated")
            self.assertEqual(failed[0].attributes["network.peer.port"], self.bad.port)
            self.assertEqual(repeated[0].attributes["http.request.resend_count"], 1)
            self.assertEqual(repeated[0].attributes["network.peer.port"], self.good.port)
            self.assertEqual(repeated[0].trace_id == failed[0].trace_id, repeated[0].parent_id == failed[0].parent_id and bool(failed[0].parent_id))
            sent = [one.fields.get("traceparent").split("-")[2] for one in self.bad.requests + self.good.requests]
            self.assertEqual(len(set(sent)), 3)

    def test_an_inbound_request_has_one_span_however_often_it_is_sent(self):  # decision 1
        with collector() as spans_of, sidespan().inbound([self.bad.url, self.good.url], balance="round_robin", eject=0).export(spans_of.endpoint).start() as sidecar:
            for _ in range(2):
                self.assertEqual(get(sidecar.inbound, "/").status, 200)
            spans = spans_of.wait_for_spans(2)
            self.assertEqual([(span.kind, span.error) for span in spans], [("server", False)] * 2)
            self.assertEqual(events(sidecar, "retried"), 1)

    def test_the_budget_bounds_what_is_added(self):
        other = closing(self)
        hold = gate()
        self.addCleanup(hold.open)
        for one in (self.bad, other):
            one.otherwise(lambda exchange: (hold.wait(), exchange.close()))
        with sidespan().outbound([self.bad.url, other.url], eject=0, retries={"budget": 0.1, "always": 2}).start() as sidecar:
            clients = [self.enterContext(client(sidecar.outbound)).send_request("GET", "/") for _ in range(20)]
            until(lambda: len(self.bad.requests) + len(other.requests) == 20)
            hold.open()
            self.assertEqual({one.read().status for one in clients}, {502})
            self.assertEqual(events(sidecar, "retried") + events(sidecar, "not_retried"), 20)
            self.assertGreater(events(sidecar, "not_retried"), 0)
            self.assertEqual(len(self.bad.requests) + len(other.requests), 20 + events(sidecar, "retried"))

    def test_what_a_kept_connection_leaves_unanswered_is_repeated_outside_of_the_budget(self):
        hold = gate()
        self.addCleanup(hold.open)
        app, served = good(self), set()

        def first_time_only(one):
            if one.connection_number in served:
                hold.wait()
                return one.close()
            served.add(one.connection_number)
            return one.reply(200)

        app.otherwise(first_time_only)
        with sidespan().outbound(app.url, retries={"budget": 0, "always": 0}).start() as sidecar:
            def all_at_once(times):
                count = len(app.requests)
                callers = [self.enterContext(client(sidecar.outbound)).send_request("GET", "/") for _ in range(10)]
                until(lambda: len(app.requests) >= count + times)
                return callers

            arrive = threading.Barrier(10)
            app.on("/warm", lambda one: (arrive.wait(), served.add(one.connection_number), one.reply(200)))
            warm = [self.enterContext(client(sidecar.outbound)).send_request("GET", "/warm") for _ in range(10)]
            self.assertEqual([one.read().status for one in warm], [200] * 10)
            again = all_at_once(10)
            hold.open()
            self.assertEqual([one.read().status for one in again], [200] * 10)
            self.assertEqual((events(sidecar, "retried"), events(sidecar, "not_retried")), (10, 0))
            app.otherwise(lambda one: one.close())  # also on new connections, where the budget is asked
            app.drop_connections()
            self.assertEqual(get(sidecar.outbound, "/").status, 502)
            self.assertEqual(events(sidecar, "retried") - 10, 0)
            self.assertEqual(events(sidecar, "not_retried"), 1)

    def test_an_upstream_that_closes_without_a_word_fails_no_request(self):
        for after in (1, 3):
            answered = {}

            def answer(one):
                answered[one.connection_number] = answered.get(one.connection_number, 0) + 1
                one.reply(200)
                if answered[one.connection_number] == after:
                    one.close()

            with self.subTest(after=after), sidespan().inbound(self.good.port).start() as sidecar:
                self.good.otherwise(answer)
                self.assertEqual(many(sidecar.inbound, callers=16, each=100), {200: 1600})

    def test_without_retries_nothing_is_repeated(self):
        with self.sidecar(retries=0).start() as sidecar:
            self.assertEqual(sorted(get(sidecar.outbound, "/").status for _ in range(2)), [200, 502])


if __name__ == "__main__":
    unittest.main()
