#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The demo's checker, checked: it must pass what is right and fail what is wrong. No socket, no shop; made-up spans only."""
import itertools
import pathlib
import re
import sys
import unittest

DEMO = pathlib.Path(__file__).resolve().parents[2] / "docker" / "demo"
sys.dont_write_bytecode = True
sys.path.insert(0, str(DEMO))

from shop import checks, services, truth, waterfall  # noqa: E402

HOPS = ["0 web", "0-1 users", "0-2 cart", "0-2-1 stock", "0-2-1-1 price", "0-3 reviews", "0-3-1 users"]
ids = itertools.count(1)


def span(kind, service, path, parent, trace, start, **attributes):
    where = {"url.path": path} if kind == "SERVER" else {"url.full": f"http://localhost:1{path}"}
    return {
        "trace_id": trace, "span_id": f"{next(ids):016x}", "parent_span_id": parent, "name": f"GET {path}", "kind": kind,
        "service": service, "start_unix_nano": str(start), "end_unix_nano": str(start + 1000), "status": "unset",
        "attributes": {**where, **attributes}, "links": [],
    }


def exact():
    return {truth.METHOD: "exclusive", truth.CONFIDENCE: 0.999}


def none():
    return {truth.METHOD: "none", truth.CONFIDENCE: 1}


def whole_trace(request="r1", trace="t1", start=0, step=10):
    """What a perfect sidecar exports for one request of HOPS."""
    spans, servers, callers = [], {}, dict(hop.split(" ") for hop in HOPS)
    for number, (place, service) in enumerate(callers.items()):
        begun = start + number * step
        above = place.rpartition("-")[0]
        parent = ""
        if above:
            client = span("CLIENT", callers[above], f"/t/{request}/{place}/x/1", servers[above], trace, begun, **exact())
            spans.append(client)
            parent = client["span_id"]
        server = span("SERVER", service, f"/t/{request}/{place}/x/1", parent, trace, begun + 1)
        servers[place] = server["span_id"]
        spans.append(server)
    return spans


def heartbeat(number, start, trace):
    client = span("CLIENT", "web", f"/t/heartbeat-web-{number}/0/users/0", "", trace, start, **none())
    server = span("SERVER", "users", f"/t/heartbeat-web-{number}/0/users/0", client["span_id"], trace, start + 1)
    return [client, server]


def find(spans, kind, place, request="r1"):
    return next(one for one in spans if truth.hop_of(one) == truth.Hop(kind, request, place))


def unlink(client, spans, candidates):
    """What a sidecar does that cannot know: a new trace, for the call and all below it."""
    moved = {client["span_id"]}
    client.update(parent_span_id="", trace_id=f"new-{client['span_id']}")
    client["attributes"].update({truth.METHOD: "candidates", truth.CANDIDATES: len(candidates)})
    client["links"] = [
        {"trace_id": one["trace_id"], "span_id": one["span_id"], "attributes": {truth.LINK_TYPE: "candidate_parent"}} for one in candidates
    ]
    for one in spans:
        if one["parent_span_id"] in moved:
            moved.add(one["span_id"])
            one["trace_id"] = client["trace_id"]


class Truth(unittest.TestCase):
    def test_the_parent_is_read_from_the_path(self):
        self.assertEqual(truth.true_parent(truth.Hop("SERVER", "r", "0-2-3")), truth.Hop("CLIENT", "r", "0-2-3"))
        self.assertEqual(truth.true_parent(truth.Hop("CLIENT", "r", "0-2-3")), truth.Hop("SERVER", "r", "0-2"))
        self.assertEqual(truth.true_parent(truth.Hop("CLIENT", "r", "0-12")), truth.Hop("SERVER", "r", "0"))
        self.assertIsNone(truth.true_parent(truth.Hop("SERVER", "r", "0")))

    def test_nothing_causes_a_heartbeat(self):
        self.assertIsNone(truth.true_parent(truth.Hop("CLIENT", "heartbeat-web-7", "0")))
        self.assertEqual(truth.true_parent(truth.Hop("SERVER", "heartbeat-web-7", "0")), truth.Hop("CLIENT", "heartbeat-web-7", "0"))


class OneTrace(unittest.TestCase):
    def setUp(self):
        self.spans = whole_trace()

    def wrong(self):
        return truth.judge_all(self.spans).wrong

    def missing(self):
        return truth.missing_hops(truth.Spans(self.spans), "r1", HOPS)

    def test_a_right_trace_passes(self):
        report = truth.judge_all(self.spans)
        self.assertEqual(report.wrong, [])
        self.assertEqual(report.total(truth.LINKED), len(self.spans) - 1)
        self.assertEqual(report.total(truth.ROOT), 1)
        self.assertEqual(self.missing(), [])

    def test_a_wrong_parent_fails(self):
        find(self.spans, "CLIENT", "0-2-1")["parent_span_id"] = find(self.spans, "SERVER", "0-3")["span_id"]
        self.assertEqual(len(self.wrong()), 1)
        self.assertIn("0-2-1", self.wrong()[0])

    def test_a_parent_of_another_request_fails(self):
        other = whole_trace("r2")
        find(self.spans, "CLIENT", "0-2-1")["parent_span_id"] = find(other, "SERVER", "0-2", "r2")["span_id"]
        self.spans += other
        self.assertEqual(len(self.wrong()), 1)

    def test_a_parent_in_another_trace_fails(self):
        find(self.spans, "SERVER", "0-2-1")["trace_id"] = "t2"
        self.assertTrue(any("not in its trace" in reason for reason in self.wrong()))

    def test_a_call_as_parent_of_a_call_fails(self):
        find(self.spans, "CLIENT", "0-2-1")["parent_span_id"] = find(self.spans, "CLIENT", "0-2")["span_id"]
        self.assertEqual(len(self.wrong()), 1)

    def test_a_context_that_did_not_arrive_fails(self):
        find(self.spans, "SERVER", "0-2-1")["parent_span_id"] = ""
        self.assertEqual(len(self.wrong()), 1)

    def test_a_parent_before_the_entry_fails(self):
        find(self.spans, "SERVER", "0")["parent_span_id"] = "00000000000000ff"
        self.assertEqual(len(self.wrong()), 1)

    def test_a_call_that_does_not_say_how_it_was_linked_fails(self):
        del find(self.spans, "CLIENT", "0-1")["attributes"][truth.METHOD]
        self.assertEqual(len(self.wrong()), 1)

    def test_a_call_that_does_not_say_how_sure_it_is_fails(self):
        for value in (None, "0.99", 1.5):
            find(self.spans, "CLIENT", "0-1")["attributes"][truth.CONFIDENCE] = value
            self.assertEqual(len(self.wrong()), 1, value)

    def test_a_missing_hop_fails(self):
        for kind in ("SERVER", "CLIENT"):
            gone = find(self.spans, kind, "0-2-1-1")
            kept = self.spans
            self.spans = [one for one in kept if one is not gone]
            self.assertEqual(len(self.missing()), 1, kind)
            self.spans = kept

    def test_a_span_told_twice_fails(self):
        self.spans.append({**find(self.spans, "SERVER", "0-1"), "span_id": "00000000000000aa"})
        self.assertEqual(len(self.missing()), 1)

    def test_a_call_sent_again_by_the_sidecar_is_no_second_call(self):
        again = find(self.spans, "CLIENT", "0-1")
        attributes = {**again["attributes"], "http.request.resend_count": 1}
        self.spans.append({**again, "span_id": "00000000000000aa", "attributes": attributes})
        self.assertEqual(self.missing(), [])
        self.assertEqual(self.wrong(), [])

    def test_a_span_under_the_name_of_another_service_fails(self):
        find(self.spans, "CLIENT", "0-2-1")["service"] = "web"
        self.assertEqual(len(self.missing()), 1)


class Unlinked(unittest.TestCase):
    def setUp(self):
        self.spans = whole_trace()
        self.call = find(self.spans, "CLIENT", "0-2-1")

    def judge(self):
        return truth.judge(self.call, truth.Spans(self.spans)).word

    def test_saying_so_and_naming_candidates_passes(self):
        unlink(self.call, self.spans, [find(self.spans, "SERVER", "0-2")])
        self.assertEqual(self.judge(), truth.UNLINKED)
        self.assertEqual(truth.judge_all(self.spans).wrong, [])

    def test_only_one_that_names_the_one_it_takes_for_likely_is_asked_again(self):
        def unsure():
            return checks.is_unsure(truth.Spans(self.spans), "r1")

        self.assertFalse(unsure())
        self.call["parent_span_id"] = find(self.spans, "SERVER", "0-3")["span_id"]
        self.assertFalse(unsure())  # wrong, and sure of it
        unlink(self.call, self.spans, [find(self.spans, "SERVER", place) for place in ("0-2", "0-3")])
        self.assertFalse(unsure())
        unlink(self.call, self.spans, [find(self.spans, "SERVER", "0-2")])
        self.assertTrue(unsure())
        self.assertFalse(checks.is_unsure(truth.Spans(self.spans), "r2"))

    def test_without_candidates_it_fails(self):
        unlink(self.call, self.spans, [])
        self.assertEqual(self.judge(), truth.WRONG)

    def test_links_of_another_kind_are_no_candidates(self):
        unlink(self.call, self.spans, [find(self.spans, "SERVER", "0-2")])
        self.call["links"][0]["attributes"] = {}
        self.assertEqual(self.judge(), truth.WRONG)

    def test_a_root_that_claims_to_be_linked_fails(self):
        unlink(self.call, self.spans, [find(self.spans, "SERVER", "0-2")])
        self.call["attributes"][truth.METHOD] = "exclusive"
        self.assertEqual(self.judge(), truth.WRONG)

    def test_saying_that_nothing_caused_it_fails(self):
        unlink(self.call, self.spans, [])
        self.call["attributes"][truth.METHOD] = "none"
        self.assertEqual(self.judge(), truth.WRONG)

    def test_it_may_stay_in_the_right_trace(self):
        self.call["attributes"].update({truth.METHOD: "candidates", truth.CANDIDATES: 2})
        self.call["links"] = [{"trace_id": "t1", "span_id": "1", "attributes": {truth.LINK_TYPE: "candidate_parent"}}]
        self.assertEqual(self.judge(), truth.UNLINKED)

    def test_it_may_not_stay_in_another_trace(self):
        unlink(self.call, self.spans, [{"trace_id": "another", "span_id": "00000000000000aa"}])
        self.call.update(trace_id="another")
        self.assertEqual(self.judge(), truth.WRONG)


class Heartbeat(unittest.TestCase):
    def test_a_root_is_right(self):
        report = truth.judge_all(heartbeat(1, 0, "h1"))
        self.assertEqual((report.total(truth.ROOT), report.total(truth.LINKED), report.wrong), (1, 1, []))

    def test_a_parent_is_wrong(self):
        spans = whole_trace() + heartbeat(1, 5, "t1")
        beat = next(one for one in spans if checks.is_beat(one))
        beat["parent_span_id"] = find(spans, "SERVER", "0")["span_id"]
        beat["attributes"][truth.METHOD] = "exclusive"
        self.assertEqual(len(truth.judge_all(spans).wrong), 1)


class MostRecentRule(unittest.TestCase):
    def test_it_is_right_for_one_request_alone(self):
        self.assertEqual(truth.judge_all(truth.most_recent_rule(whole_trace())).wrong, [])

    def test_it_fails_for_overlapping_requests(self):
        spans = whole_trace("r1", "t1", 0) + whole_trace("r2", "t2", 5)
        self.assertEqual(truth.judge_all(spans).wrong, [])
        self.assertGreater(len(truth.judge_all(truth.most_recent_rule(spans)).wrong), 0)

    def test_it_fails_for_a_heartbeat(self):
        spans = whole_trace() + heartbeat(1, 25, "h1")
        self.assertEqual(truth.judge_all(spans).wrong, [])
        self.assertEqual(len(truth.judge_all(truth.most_recent_rule(spans)).wrong), 1)


class NamesAndErrors(unittest.TestCase):
    def named(self, name, **attributes):
        one = span("SERVER", "cart", "/t/r1/0-2/carts/1", "", "t1", 0, **{"http.request.method": "GET", **attributes})
        one["name"] = name
        return checks.is_named_well(one)

    def test_a_name_is_method_and_route(self):
        route = "/t/{request}/{hop}/carts/{id}"
        self.assertTrue(self.named(f"GET {route}", **{"http.route": route}))
        self.assertFalse(self.named("GET", **{"http.route": route}))
        self.assertFalse(self.named("GET"))
        self.assertFalse(self.named("GET /t/r1/0-2/carts/1", **{"http.route": "/t/r1/0-2/carts/1"}))

    def test_errors_by_kind_and_status(self):
        cases = [("SERVER", 200, "unset"), ("SERVER", 404, "unset"), ("SERVER", 503, "error"), ("CLIENT", 404, "error"), ("CLIENT", 200, "unset")]
        for kind, code, right in cases:
            for status in ("unset", "error"):
                one = {"kind": kind, "status": status, "attributes": {"http.response.status_code": code}}
                self.assertEqual(checks.is_error_rightly(one), status == right, (kind, code, status))


class Waterfall(unittest.TestCase):
    def test_a_row_for_each_hop(self):
        drawn = [(depth, one["service"]) for depth, one in waterfall.rows(whole_trace())]
        self.assertEqual(drawn, [(0, "web"), (1, "users"), (1, "cart"), (2, "stock"), (3, "price"), (1, "reviews"), (2, "users")])

    def test_a_call_that_nobody_answered_has_its_own(self):
        spans = [one for one in whole_trace() if truth.hop_of(one) != truth.Hop("SERVER", "r1", "0-2-1-1")]
        self.assertIn((3, "CLIENT"), [(depth, one["kind"]) for depth, one in waterfall.rows(spans)])

    def test_bars_are_to_scale(self):
        lines = waterfall.draw(whole_trace(step=1000))
        self.assertEqual(len(lines), len(HOPS))
        offsets = [line.index("█") for line in lines]
        self.assertEqual(offsets, sorted(offsets))
        self.assertLess(offsets[0], offsets[-1])


class Services(unittest.TestCase):
    def test_the_table_says_what_the_files_say(self):
        inbound = {service.inbound: service.name for service in services.SERVICES}
        for service in services.SERVICES:
            text = (DEMO / "config" / f"{service.name}.yaml").read_text()
            self.assertIn(f"service: {service.name}\n", text)
            self.assertIn(f"  {service.inbound}:\n    to: localhost:{service.app}\n", text)
            self.assertIn(f"  listen: ${{ADMIN_HOST:-127.0.0.1}}:{service.admin}\n", text)
            outbound = re.findall(r"^  (\d+): http://\$\{(\w+)_HOST:-localhost\}:(\d+)$", text, re.MULTILINE)
            told = {f"{name}_PORT": int(port) for port, name, _ in outbound}
            self.assertEqual(told, service.outbound)
            for _, name, target in outbound:
                self.assertEqual(inbound[int(target)], name.lower())

    def test_compose_starts_the_same_apps(self):
        text = (DEMO.parent / "compose.yaml").read_text()
        for service in services.SERVICES:
            self.assertIn(f"command: {' '.join(service.command)}\n", text)
            for name, value in service.variables().items():
                self.assertRegex(text, rf'\b{name}: "?{value}"?\b', service.name)

    def test_no_port_is_used_twice(self):
        wanted = 2 + sum(3 + len(service.outbound) for service in services.SERVICES)
        self.assertEqual(len(services.every_port()), wanted)

    def test_the_shop_is_as_varied_as_it_says(self):
        self.assertGreaterEqual(len(services.SERVICES), 6)
        self.assertGreaterEqual(len({service.language for service in services.SERVICES}), 5)

    def test_no_app_touches_a_trace_header(self):
        words = re.compile(r"traceparent|tracestate|baggage|x-request-id|correlation|b3\b|opentelemetry", re.IGNORECASE)
        apps = [path for path in (DEMO / "apps").rglob("*") if path.is_file()]
        self.assertGreaterEqual(len(apps), 6)
        for path in apps:
            self.assertIsNone(words.search(path.read_text()), path)


if __name__ == "__main__":
    unittest.main()
