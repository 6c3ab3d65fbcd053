# SPDX-License-Identifier: Apache-2.0
"""h1-h1: the spans of real exchanges as a collector gets them: parents, contexts, conventions, ends."""
import contextlib
import http.client
import re
import unittest

from support.client import client, get
from support.collector import collector
from support.origin import gate, origin, refused_port
from support.sidespan import sidespan

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def traceparent(flags="01", trace=TRACE, parent=PARENT):
    return ("traceparent", f"00-{trace}-{parent}-{flags}")


class span_test(unittest.TestCase):
    """One sidecar for a class: inbound to the app, outbound to a dependency, one to nobody, a forward proxy."""

    options = {}
    inbound_options = {"routes": ["GET /carts/{id}", "POST /carts/{id}/items", "GET /{rest*}", "POST /{rest*}", "HEAD /{rest*}"]}

    @classmethod
    def setUpClass(cls):
        held, refused = refused_port()
        cls.addClassCleanup(held.close)
        cls.refused = refused
        cls.spans_of = cls.enterClassContext(collector())
        cls.app, cls.dependency = cls.enterClassContext(origin()), cls.enterClassContext(origin())
        plan = (sidespan("cart").inbound(cls.app.port, **cls.inbound_options).outbound(cls.dependency.port).outbound(refused)
                .outbound(cls.dependency.port, timeout="500ms").forward_proxy().export(cls.spans_of.endpoint).set(**cls.options))
        cls.sidecar = cls.enterClassContext(plan.start())
        cls.port = cls.sidecar.inbound

    def setUp(self):
        self.spans_of.clear()
        for one in (self.app, self.dependency):
            one.requests.clear()
            one.answers.clear()

    def only_span(self):
        return self.spans_of.wait_for_spans(1)[0]


class contexts(span_test):
    def test_a_request_without_a_context_starts_a_trace(self):
        get(self.port, "/carts/7")
        span = self.only_span()
        self.assertEqual((span.parent_id, span.flags & 0xff), ("", 3))  # sampled and random
        version, trace, parent, flags = self.app.last.fields.get("traceparent").split("-")
        self.assertEqual((version, trace, parent, flags), ("00", span.trace_id, span.span_id, "03"))

    def test_a_context_is_continued(self):
        get(self.port, "/carts/7", [traceparent(), ("tracestate", "a=1, b=2")])
        span = self.only_span()
        self.assertEqual((span.trace_id, span.parent_id, span.trace_state), (TRACE, PARENT, "a=1,b=2"))
        self.assertEqual(span.flags, 0x301)  # has-is-remote, remote, sampled
        self.assertEqual(self.app.last.fields.all("traceparent"), [f"00-{TRACE}-{span.span_id}-01"])
        self.assertEqual(self.app.last.fields.all("tracestate"), ["a=1,b=2"])

    def test_an_invalid_context_starts_a_new_trace_and_drops_tracestate(self):  # decision 10
        get(self.port, "/carts/7", [("traceparent", f"00-{TRACE}-{PARENT}-1"), ("tracestate", "a=1")])
        span = self.only_span()
        self.assertNotEqual(span.trace_id, TRACE)
        self.assertEqual((span.parent_id, self.app.last.fields.all("tracestate")), ("", []))
        self.assertEqual(len(self.app.last.fields.all("traceparent")), 1)

    def test_an_unsampled_context_travels_and_is_not_recorded(self):
        get(self.port, "/carts/7", [traceparent("00")])
        got = self.app.last.fields.get("traceparent").split("-")
        self.assertEqual((got[1], got[3]), (TRACE, "00"))
        self.assertNotEqual(got[2], PARENT)
        get(self.port, "/carts/8")  # a recorded one behind it: had there been a span before, it would have come first
        self.assertEqual(self.only_span().attributes["url.path"], "/carts/8")

    def test_a_forwarded_context_makes_client_a_child_of_server_in_one_trace(self):
        def answer(one):
            get(self.sidecar.outbound, "/item", [("traceparent", one.fields.get("traceparent"))])
            one.reply(200)

        self.app.on("/carts/7", answer)
        get(self.port, "/carts/7", [traceparent()])
        spans = {span.kind: span for span in self.spans_of.wait_for_spans(2)}
        server, outgoing = spans["server"], spans["client"]
        self.assertEqual((outgoing.trace_id, outgoing.parent_id), (TRACE, server.span_id))
        self.assertEqual(self.dependency.last.fields.get("traceparent").split("-")[2], outgoing.span_id)
        self.assertEqual(outgoing.attributes["sidespan.parent.method"], "traceparent")
        self.assertLessEqual(server.start, outgoing.start)
        self.assertGreaterEqual(server.end, outgoing.end)

    def test_the_resource_names_the_application(self):
        get(self.port, "/carts/7")
        resource = self.only_span().resource
        self.assertEqual(resource["service.name"], "cart")
        self.assertNotEqual(resource["telemetry.sdk.name"], "opentelemetry")
        self.assertEqual(resource["telemetry.sdk.language"], "cpp")


class conventions(span_test):
    def test_server_span(self):
        get(self.port, "/carts/7?color=red&sig=secret", [("Host", "shop.example:81"), ("User-Agent", "probe/1"), ("X-Forwarded-For", "10.1.2.3")])
        span = self.only_span()
        want = {"http.request.method": "GET", "http.route": "/carts/{id}", "http.response.status_code": 200, "url.scheme": "http",
                "url.path": "/carts/7", "url.query": "color=red&sig=REDACTED", "server.address": "shop.example", "server.port": 81,
                "client.address": "10.1.2.3", "network.peer.address": "127.0.0.1", "network.protocol.version": "1.1",
                "user_agent.original": "probe/1"}
        self.assertEqual({key: span.attributes.get(key) for key in want}, want)
        self.assertEqual((span.name, span.kind, span.error), ("GET /carts/{id}", "server", False))
        self.assertIsInstance(span.attributes["http.response.status_code"], int)

    def test_the_scheme_of_a_server_span_is_the_one_that_the_caller_asked_for(self):  # RFC 9112 §3.2.2
        for target, scheme in (("https://shop.example/carts/7", "https"), ("HTTPS://shop.example/carts/7", "https"),
                               ("http://shop.example/carts/7", "http"), ("/carts/7", "http")):
            with self.subTest(target):
                self.spans_of.clear()
                get(self.port, target)
                self.assertEqual(self.only_span().attributes["url.scheme"], scheme)

    def test_client_span(self):
        self.dependency.otherwise(lambda one: one.reply(200))
        get(self.sidecar.outbound, "/items?sig=secret&a=1")
        span = self.only_span()
        want = {"http.request.method": "GET", "http.response.status_code": 200, "server.address": "127.0.0.1", "server.port": self.dependency.port,
                "url.full": f"http://127.0.0.1:{self.dependency.port}/items?sig=REDACTED&a=1", "network.peer.port": self.dependency.port}
        self.assertEqual({key: span.attributes.get(key) for key in want}, want)
        self.assertEqual((span.kind, span.error), ("client", False))

    def test_a_path_is_never_the_name(self):
        get(self.sidecar.outbound, "/users/12345")
        span = self.only_span()
        self.assertEqual((span.name, span.attributes["url.template"]), ("GET /users/{id}", "/users/{id}"))

    def test_an_unknown_method_is_called_HTTP(self):
        with client(self.sidecar.outbound) as one:
            one.request("BREW", "/pot")
        span = self.only_span()
        self.assertEqual((span.name, span.attributes["http.request.method"], span.attributes["http.request.method_original"]), ("HTTP /pot", "_OTHER", "BREW"))

    def test_statuses(self):  # decision 11
        self.app.otherwise(lambda one: one.reply(int(one.path.rsplit("/", 1)[1])))
        self.addCleanup(self.app.otherwise, lambda one: one.reply(200))
        self.dependency.otherwise(self.app.default)
        self.addCleanup(self.dependency.otherwise, lambda one: one.reply(200))
        for kind, port in (("server", self.port), ("client", self.sidecar.outbound)):
            for status in (200, 302, 404, 499, 500, 503):
                with self.subTest(kind, status=status):
                    self.spans_of.clear()
                    get(port, f"/s/{status}")
                    span = self.only_span()
                    error = status >= (500 if kind == "server" else 400)
                    self.assertEqual((span.error, span.attributes.get("error.type")), (True, str(status)) if error else (False, None))
                    self.assertEqual(span.attributes["http.response.status_code"], status)

    def test_one_attempt_one_span_and_a_retry_says_so(self):
        get(self.sidecar.outbound, "/warm")
        self.spans_of.wait_for_spans(1)
        self.spans_of.clear()
        died = []

        def die_once(one):
            if died:
                one.reply(200)
            else:
                died.append(1)
                one.close()

        self.dependency.on("/die", die_once)
        self.assertEqual(get(self.sidecar.outbound, "/die").status, 200)
        first, second = sorted(self.spans_of.wait_for_spans(2), key=lambda span: span.start)
        self.assertEqual((first.error, first.attributes["error.type"]), (True, "connection_terminated"))
        self.assertEqual((second.error, second.attributes["http.request.resend_count"]), (False, 1))
        ids = [request.fields.get("traceparent").split("-")[2] for request in self.dependency.requests if request.target == "/die"]
        self.assertEqual(ids, [first.span_id, second.span_id])  # TC-21: a new parent id for every attempt


class ends(span_test):
    """A span ends exactly once, on every path."""

    def once(self, count=1):
        """The spans, after a further request has proved that no second one was on its way."""
        spans = self.spans_of.wait_for_spans(count)
        get(self.port, "/marker")
        after = self.spans_of.wait_for_spans(count + 1)
        self.assertEqual(len({span.span_id for span in after}), count + 1)
        return [span for span in spans if span.attributes.get("url.path") != "/marker"]

    def test_refused(self):
        self.assertEqual(get(self.sidecar.outbounds[1], "/r").status, 502)
        span, = self.once()
        self.assertEqual((span.kind, span.error, span.attributes["error.type"]), ("client", True, "connection_refused"))
        self.assertNotIn("http.response.status_code", span.attributes)

    def test_timeout(self):
        hang = gate()
        self.dependency.on("/hang", lambda one: hang.wait())
        self.assertEqual(get(self.sidecar.outbounds[2], "/hang").status, 504)
        hang.open()
        span, = self.once()
        self.assertEqual((span.error, span.attributes["error.type"]), (True, "http_response_timeout"))

    def test_truncated(self):
        self.app.on("/cut", lambda one: (one.send(b"HTTP/1.1 200 Fine\r\nContent-Length: 10\r\n\r\nhalf"), one.close()))
        with client(self.port) as one:
            one.send_request(target="/cut")
            one.read_head()
            span, = self.once()
        self.assertEqual((span.error, span.attributes["error.type"], span.attributes["http.response.status_code"]),
                         (True, "http_response_incomplete", 200))

    def test_a_caller_that_goes_away_is_no_error(self):  # decision 12
        hang = gate()
        self.app.on("/hang", lambda one: hang.wait())
        one = client(self.port)
        one.send_request(target="/hang")
        self.app.wait_for(lambda app: app.requests)
        one.reset()
        span, = self.once()
        hang.open()
        self.assertEqual((span.error, span.attributes.get("error.type"), span.attributes["sidespan.downstream_closed"]), (False, None, True))

    def test_a_request_that_is_refused_still_has_its_span(self):
        with client(self.port) as one:
            one.send(b"GET /bad HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n")
            self.assertEqual(one.read().status, 400)
        span, = self.once()
        self.assertEqual((span.error, span.attributes["http.response.status_code"]), (False, 400))
        for unknown in ("http.request.method_original", "url.path", "network.protocol.version"):
            self.assertNotIn(unknown, span.attributes)

    def test_an_expectation_that_cannot_be_met_has_a_span_of_a_known_request(self):
        for port, kind in ((self.port, "server"), (self.sidecar.outbound, "client")):
            with self.subTest(kind), client(port) as one:
                self.spans_of.clear()
                self.assertEqual(one.request("POST", "/carts/7?a=1", [("Expect", "miracles"), traceparent()], body=b"x").status, 417)
                span = self.only_span()
                self.assertEqual((span.kind, span.trace_id, span.parent_id), (kind, TRACE, PARENT))
                self.assertEqual(span.attributes["http.request.method"], "POST")
                if kind == "server":
                    self.assertEqual((span.attributes["url.path"], span.attributes["url.query"]), ("/carts/7", "a=1"))
                    self.assertEqual((span.error, span.attributes["http.response.status_code"]), (False, 417))
                else:
                    self.assertEqual((span.error, span.attributes["error.type"]), (True, "http_request_error"))
        self.assertEqual((self.app.requests, self.dependency.requests), ([], []))

    def test_what_was_refused_is_called_what_the_caller_called_it(self):
        proxy, outbound = self.sidecar.proxy, self.sidecar.outbound
        for port, target, url, number, status in (
                (proxy, "https://far.example/a?b", "https://far.example/a?b", 443, 501),
                (proxy, "HTTPS://far.example:8443/a", "https://far.example:8443/a", 8443, 501),
                (proxy, "ftp://far.example/a", "ftp://far.example/a", None, 501),
                (proxy, f"HTTP://127.0.0.1:{self.dependency.port}/a", f"{self.dependency.url}/a", self.dependency.port, 200),
                (outbound, "ftp://far.example/a", "ftp://far.example/a", None, 400),
                (outbound, "https://far.example/a", f"{self.dependency.url}/a", self.dependency.port, 200)):
            with self.subTest(target, port=port), client(port) as one:
                self.spans_of.clear()
                self.assertEqual(one.request("GET", target).status, status)
                have = self.only_span().attributes
                self.assertEqual((have["url.full"], have.get("server.port")), (url, number))

    def test_a_trace_that_is_refused_says_what_it_was_for(self):  # H1-8
        with client(self.port) as one:
            self.assertEqual(one.request("TRACE", "/carts/7?a=1").status, 405)
        have = self.only_span()
        self.assertEqual((have.name, have.error, have.attributes["url.path"], have.attributes["server.address"]), ("TRACE", False, "/carts/7", "localhost"))
        with client(self.sidecar.outbound) as one:
            self.spans_of.clear()
            self.assertEqual(one.request("TRACE", "/carts/7").status, 405)
            self.assertEqual(self.only_span().attributes["url.full"], "http://localhost/carts/7")
        self.assertEqual((self.app.requests, self.dependency.requests), ([], []))

    def test_an_options_that_ends_here_has_its_span(self):  # RFC 9110 §7.6.2
        for port, kind in ((self.port, "server"), (self.sidecar.outbound, "client")):
            with self.subTest(kind), client(port) as one:
                self.spans_of.clear()
                self.assertEqual(one.request("OPTIONS", "/carts/7", [("Max-Forwards", "0")]).status, 200)
                span = self.only_span()
                self.assertEqual((span.kind, span.error, span.attributes["http.response.status_code"], span.attributes.get("error.type")),
                                 (kind, False, 200, None))
        self.assertEqual((self.app.requests, self.dependency.requests), ([], []))

    def test_no_route(self):
        with collector() as spans_of, origin() as app:
            routes = [{"host": "known.example", "to": f"http://127.0.0.1:{app.port}"}]
            with sidespan().outbound(None, routes=routes).export(spans_of.endpoint).start() as sidecar:
                self.assertEqual(get(sidecar.outbound, "/x").status, 404)
                span, = spans_of.wait_for_spans(1)
        self.assertEqual((span.kind, span.error, span.attributes["error.type"]), ("client", True, "destination_not_found"))

    def test_a_head_and_a_204(self):
        self.app.on("/204", lambda one: one.reply(204))
        with client(self.port) as one:
            one.request("HEAD", "/h")
            one.request("GET", "/204")
        self.assertEqual(len(self.once(2)), 2)


class shutdown(unittest.TestCase):
    def test_the_span_of_an_exchange_that_is_cut_is_exported(self):
        hang = gate()
        with collector() as spans_of, origin() as app:
            plan = sidespan().inbound(app.port).export(spans_of.endpoint).set(drain={"timeout": "300ms"})
            with plan.start() as sidecar:
                app.on("/hang", lambda one: hang.wait())
                with client(sidecar.inbound) as one:
                    one.send_request(target="/hang")
                    app.wait_for(lambda app: app.requests)
                    sidecar.stop()
                hang.open()
            self.assertEqual([span.attributes["url.path"] for span in spans_of.wait_for_spans(1)], ["/hang"])

    def test_spans_of_the_last_moment_are_flushed(self):
        with collector() as spans_of, origin() as app:
            with sidespan().inbound(app.port).export(spans_of.endpoint, delay="1m").start() as sidecar:
                for number in range(10):
                    get(sidecar.inbound, f"/{number}")
                self.assertEqual(sidecar.stop(), 0)
            self.assertEqual(len(spans_of.wait_for_spans(10)), 10)


class sampling(span_test):
    options = {"trace": {"sampler": {"parent_based": {"ratio": 0}}}}

    def test_off_still_creates_and_forwards_contexts(self):
        get(self.port, "/carts/7")
        self.assertRegex(self.app.last.fields.get("traceparent"), r"^00-[0-9a-f]{32}-[0-9a-f]{16}-02$")

    def test_the_caller_that_sampled_is_followed(self):
        get(self.port, "/carts/1")
        get(self.port, "/carts/2", [traceparent("01")])
        self.assertEqual(self.only_span().trace_id, TRACE)


class strangers(span_test):
    inbound_options = {**span_test.inbound_options, "trust": "none"}

    def test_an_untrusted_context_is_restarted(self):
        get(self.port, "/carts/7", [traceparent(), ("tracestate", "a=1"), ("X-Forwarded-For", "10.9.9.9")])
        span = self.only_span()
        self.assertNotEqual(span.trace_id, TRACE)
        self.assertEqual((span.parent_id, self.app.last.fields.all("tracestate"), span.attributes["client.address"]), ("", [], "127.0.0.1"))
        self.assertEqual(self.app.last.fields.all("X-Forwarded-For"), ["127.0.0.1"])


class strangers_of_a_list(strangers):
    inbound_options = {**span_test.inbound_options, "trust": ["10.0.0.0/8", "127.0.0.2"]}

    def test_a_listed_caller_is_believed(self):
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", int(self.port), timeout=10, source_address=("127.0.0.2", 0))) as caller:
            caller.request("GET", "/carts/7", headers=dict([traceparent(), ("X-Forwarded-For", "192.0.2.9")]))
            caller.getresponse().read()
        span = self.only_span()
        self.assertEqual((span.trace_id, span.attributes["client.address"]), (TRACE, "192.0.2.9"))
        self.assertEqual(self.app.last.fields.all("X-Forwarded-For"), ["192.0.2.9, 127.0.0.2"])

    def test_what_stands_in_front_of_a_stranger_is_not_believed(self):
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", int(self.port), timeout=10, source_address=("127.0.0.2", 0))) as caller:
            caller.request("GET", "/carts/7", headers={"X-Forwarded-For": "10.9.9.9, 192.0.2.1, 10.1.1.1"})
            caller.getresponse().read()
        self.assertEqual(self.only_span().attributes["client.address"], "192.0.2.1")


class strangers_untraced(span_test):
    inbound_options = {**span_test.inbound_options, "trust": "none"}
    options = {"trace": {"exclude": ["/healthz"]}}

    def test_their_context_does_not_pass_either(self):
        get(self.port, "/healthz", [traceparent(), ("tracestate", "a=1")])
        self.assertEqual((self.app.last.fields.all("traceparent"), self.app.last.fields.all("tracestate")), ([], []))


class replaced(span_test):
    inbound_options = {**span_test.inbound_options, "forwarded": "replace"}

    def test_the_trace_goes_on_and_the_caller_is_the_peer(self):
        get(self.port, "/carts/7", [traceparent(), ("X-Forwarded-For", "10.9.9.9"), ("X-Forwarded-Proto", "https"), ("Forwarded", "for=10.9.9.9")])
        span = self.only_span()
        self.assertEqual((span.trace_id, span.attributes["client.address"], span.attributes["url.scheme"]), (TRACE, "127.0.0.1", "http"))
        seen = self.app.last.fields
        self.assertEqual((seen.all("X-Forwarded-For"), seen.all("X-Forwarded-Proto"), seen.all("Forwarded")), (["127.0.0.1"], ["http"], []))


class untraced(span_test):
    options = {"trace": {"exclude": ["/healthz", "/internal/*", "kube-probe/*"]}}

    def test_excluded_requests_pass_untouched_and_unrecorded(self):
        for target, agent in (("/healthz", "x"), ("/internal/a/b", "x"), ("/carts/7", "kube-probe/1.30")):
            with self.subTest(target, agent=agent):
                get(self.port, target, [traceparent(), ("User-Agent", agent)])
                self.assertEqual(self.app.last.fields.all("traceparent"), [f"00-{TRACE}-{PARENT}-01"])
        get(self.port, "/carts/8")
        self.assertEqual(self.only_span().attributes["url.path"], "/carts/8")


class response_fields(span_test):
    options = {"trace": {"response_header": "traceresponse"}}

    def test_traceresponse_on_request(self):  # decision 15
        got = get(self.port, "/carts/7", [traceparent()]).fields.get("traceresponse")
        span = self.only_span()
        self.assertTrue(re.fullmatch(rf"00-{TRACE}-{span.span_id}-01", got), got)


if __name__ == "__main__":
    unittest.main()
