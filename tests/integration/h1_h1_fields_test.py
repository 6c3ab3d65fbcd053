# SPDX-License-Identifier: Apache-2.0
"""h1-h1: what happens to header fields: hop-by-hop removal, Via, Host, forwarded headers, case, order, targets."""
import unittest

from support.client import client, get
from support.origin import origin
from support.sidespan import sidespan

OURS = {"via", "x-forwarded-for", "x-forwarded-proto", "traceparent", "tracestate", "x-request-id"}


class field_rules(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.app = cls.enterClassContext(origin())
        cls.sidecar = cls.enterClassContext(
            sidespan().inbound(cls.app.port).outbound(f"http://localhost:{cls.app.port}")
            .outbound(f"http://localhost:{cls.app.port}", host="preserve").forward_proxy().start())
        cls.port = cls.sidecar.inbound

    def setUp(self):
        self.app.requests.clear()
        self.app.answers.clear()

    def received(self, head_fields, port=None, **rest):
        with client(port or self.port) as one:
            one.request("GET", "/", head_fields, **rest)
        return self.app.last.fields

    def theirs(self, fields):
        return [(name, value) for name, value in fields if name.lower() not in OURS]

    def test_case_and_order_are_kept(self):
        sent = [("HOST", "a.example"), ("x-b", "1"), ("X-A", "2"), ("x-B", "3"), ("aCCept", "*/*"), ("X-Empty", "")]
        self.assertEqual(self.theirs(self.received(sent)), sent)

    def test_order_and_case_of_a_response_are_kept_and_cookies_not_merged(self):  # H1-27
        sent = [("X-b", "1"), ("Set-Cookie", "a=1"), ("x-A", "2"), ("Set-Cookie", "b=2"), ("Date", "Sun, 06 Nov 1994 08:49:37 GMT")]
        self.app.on("/r", lambda one: one.reply(200, sent))
        got = get(self.port, "/r").fields
        self.assertEqual([field for field in got if field[0].lower() not in ("via", "content-length")], sent)

    def test_a_response_without_date_gets_one(self):  # H1-29
        self.assertRegex(get(self.port, "/d").fields.get("Date"), r"^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$")

    def test_hop_by_hop_fields_are_removed(self):  # H1-24, H1-25
        got = self.received([("Connection", "X-Mine, keep-alive"), ("connection", "x-second"), ("X-Mine", "1"), ("X-Second", "2"),
                             ("Keep-Alive", "timeout=5"), ("Proxy-Connection", "keep-alive"), ("TE", "gzip"),
                             ("Upgrade", "h2c"), ("HTTP2-Settings", "AAMAAABk"), ("Proxy-Authorization", "Basic eDp5"), ("X-Stays", "yes")])
        self.assertEqual([name for name, _ in self.theirs(got)], ["Host", "X-Stays"])

    def test_hop_by_hop_fields_of_a_response_are_removed(self):
        self.app.on("/r", lambda one: one.reply(200, [("Connection", "X-Mine"), ("X-Mine", "1"), ("Keep-Alive", "timeout=5"), ("X-Stays", "yes")]))
        got = get(self.port, "/r").fields
        self.assertEqual((got.get("X-Mine"), got.get("Keep-Alive"), got.get("X-Stays"), got.get("Connection")), (None, None, "yes", None))

    def test_what_sidespan_adds_cannot_be_stripped_by_nomination(self):  # H1-26
        got = self.received([("Connection", "traceparent, x-forwarded-for, via")])
        self.assertEqual([len(got.all(name)) for name in ("traceparent", "x-forwarded-for", "via")], [1, 1, 1])

    def test_nominating_host_or_framing_is_refused(self):  # H1-26
        for name in ("Host", "Content-Length", "Transfer-Encoding"):
            with self.subTest(name), client(self.port) as one:
                self.assertEqual(one.request("POST", "/", [("Connection", name)], body=b"").status, 400)
        self.assertEqual(self.app.requests, [])

    def test_via_is_appended_in_both_directions(self):  # H1-28
        self.app.on("/", lambda one: one.reply(200, [("Via", "1.1 behind")]))
        with client(self.port) as one:
            got = one.request("GET", "/", [("Via", "1.0 before")])
        request, response = ", ".join(self.app.last.fields.all("Via")), ", ".join(got.fields.all("Via"))
        self.assertRegex(request, r"^1\.0 before, 1\.1 \S+$")
        self.assertRegex(response, r"^1\.1 behind, 1\.1 \S+$")

    def test_via_names_the_version_that_was_received(self):
        with client(self.port) as one:
            one.send(b"GET / HTTP/1.0\r\nHost: a\r\n\r\n").read()
        self.assertRegex(self.app.last.fields.get("Via"), r"^1\.0 ")

    def test_via_pseudonyms_of_the_legs_differ(self):
        inbound, outbound = self.received([]).get("Via"), self.received([], self.sidecar.outbound).get("Via")
        self.assertNotEqual(inbound, outbound)

    def test_a_request_that_was_here_before_is_a_loop(self):  # H1-28, §7.7
        via = self.received([]).get("Via")
        self.app.requests.clear()
        with client(self.port) as one:
            self.assertEqual(one.request("GET", "/", [("Via", via)]).status, 502)
        self.assertEqual(self.app.requests, [])

    def test_inbound_keeps_the_host(self):  # decision 17
        self.assertEqual(self.received([("Host", "shop.example:81")]).all("Host"), ["shop.example:81"])

    def test_outbound_writes_the_host_of_its_upstream(self):
        self.assertEqual(self.received([("Host", "localhost:9001")], self.sidecar.outbound).all("Host"), [f"localhost:{self.app.port}"])

    def test_outbound_can_preserve_the_host(self):
        self.assertEqual(self.received([("Host", "localhost:9001")], self.sidecar.outbounds[1]).all("Host"), ["localhost:9001"])

    def test_inbound_appends_the_peer_to_x_forwarded_for(self):  # H1-30
        self.assertEqual(self.received([]).all("X-Forwarded-For"), ["127.0.0.1"])
        got = self.received([("x-forwarded-for", "10.1.2.3")])
        self.assertEqual(", ".join(got.all("X-Forwarded-For")), "10.1.2.3, 127.0.0.1")

    def test_inbound_sets_x_forwarded_proto_only_when_absent(self):
        self.assertEqual(self.received([]).all("X-Forwarded-Proto"), ["http"])
        self.assertEqual(self.received([("X-Forwarded-Proto", "https")]).all("X-Forwarded-Proto"), ["https"])

    def test_outbound_adds_neither(self):
        for port in (self.sidecar.outbound, self.sidecar.proxy):
            target = "/" if port == self.sidecar.outbound else f"http://127.0.0.1:{self.app.port}/"
            with self.subTest(port=port), client(port) as one:
                one.request("GET", target)
                self.assertEqual((self.app.last.fields.get("X-Forwarded-For"), self.app.last.fields.get("X-Forwarded-Proto")), (None, None))

    def test_targets_are_forwarded_byte_for_byte(self):  # H1-6, decision 3
        for target in ("/a//b/../c/./%2e%2E/;x=1?y=%zz&&=", "/%", "/a?", "/?a?b", "/~!$&'()*+,;=:@"):
            with self.subTest(target):
                self.assertEqual(get(self.port, target).status, 200)
                self.assertEqual(self.app.last.target, target)

    def test_a_long_target_passes(self):  # H1-9
        target = "/" + "a" * 8100
        self.assertEqual(get(self.port, target).status, 200)
        self.assertEqual(self.app.last.target, target)

    def test_absolute_form_decides_the_host(self):  # H1-4
        with client(self.port) as one:
            one.send(b"GET http://real.example:8/p?q HTTP/1.1\r\nHost: other\r\n\r\n")
            self.assertEqual(one.read().status, 200)
        self.assertEqual((self.app.last.target, self.app.last.fields.all("Host")), ("/p?q", ["real.example:8"]))

    def test_options_asterisk_passes(self):  # H1-5
        with client(self.port) as one:
            self.assertEqual(one.request("OPTIONS", "*").status, 200)
        self.assertEqual(self.app.last.target, "*")

    def test_baggage_passes_untouched(self):  # BG-1
        sent = [("baggage", "a=1;p=2, b=%20"), ("Baggage", "c = 3")]
        self.assertEqual([field for field in self.received(sent) if field[0].lower() == "baggage"], sent)


if __name__ == "__main__":
    unittest.main()
