# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end test asserts, and how it is told: one line for each check, a table, a closing count."""
from .services import SERVICES
from .truth import CANDIDATES, HEARTBEAT, LINKED, ROOT, UNLINKED, VERDICTS, WRONG, Spans
from .truth import hop_of, judge, judge_all, missing_hops, most_recent_rule, path_of
from .waterfall import TRUTH_PREFIX

SHOWN = 8  # failures told in full; the rest is counted


class Checks:
    def __init__(self):
        self.passed = 0
        self.failed = 0

    def check(self, name, holds, details=()):
        details = list(details)
        self.passed += bool(holds)
        self.failed += not holds
        print(f"  {'✓' if holds else '✗'} {name}", flush=True)
        if holds:
            return
        for detail in details[:SHOWN]:
            print(f"      {detail}")
        if len(details) > SHOWN:
            print(f"      … and {len(details) - SHOWN} more", flush=True)

    def conclude(self):
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        return 1 if self.failed else 0


def of_request(spans, request):
    return [span for span in spans.all if (hop := hop_of(span)) and hop.request == request]


def is_unsure(spans, request):
    """A sidecar names the one request that it takes for likely, and has seen too little idle time beside long requests to assert it."""
    return any(judge(span, spans).word == UNLINKED and span["attributes"].get(CANDIDATES) == 1 for span in of_request(spans, request))


def check_whole_trace(checks, answer, spans):
    """One request alone: every hop, one trace, every parent known and right."""
    own = of_request(spans, answer.request)
    report = judge_all(Spans(own))
    name = f"basket {answer.basket} alone"
    checks.check(f"{name}: answered {answer.status}, {len(answer.hops)} hops", answer.as_planned(), [answer])
    missing = missing_hops(spans, answer.request, answer.hops)
    services = {span["service"] for span in own}
    missing += [f"nothing from {service.name}" for service in SERVICES if service.name not in services]
    checks.check(f"{name}: every hop has its spans ({len(own)})", own and not missing, missing)
    traces = {span["trace_id"] for span in own}
    checks.check(f"{name}: one trace id", len(traces) == 1, sorted(traces))
    unlinked = [unlinked_reason(span) for span in own if judge(span, spans).word == UNLINKED]
    right = own and report.total(LINKED) == len(own) - 1 and report.total(ROOT) == 1
    checks.check(f"{name}: right parent everywhere", right, report.wrong + unlinked)
    unnamed = [f"{span['service']}: {span['name']!r} for {path_of(span)}" for span in own if not is_named_well(span)]
    checks.check(f"{name}: inbound spans are named by their route", not unnamed, unnamed)
    mistaken = [f"{span['service']}: {hop_of(span)} {code_of(span)} is {span['status']}" for span in own if not is_error_rightly(span)]
    checks.check(f"{name}: what failed is an error, and nothing else is", not mistaken, mistaken)


def is_named_well(span):
    """The method and the template of the route, as the sidecar's file has it; a path is never a name."""
    if span["kind"] != "SERVER":
        return True
    route = span["attributes"].get("http.route", "")
    return route.startswith(TRUTH_PREFIX) and span["name"] == f"{span['attributes']['http.request.method']} {route}"


def code_of(span):
    return span["attributes"].get("http.response.status_code", 0)


def is_error_rightly(span):
    """The callee's fault is an error on both ends, the caller's own only on the caller's."""
    return (span["status"] == "error") == (code_of(span) >= (500 if span["kind"] == "SERVER" else 400))


def unlinked_reason(span):
    attributes = {name: value for name, value in span["attributes"].items() if name.startswith("sidespan.")}
    return f"{span['service']}: {hop_of(span)} is not linked: {attributes}"


def check_nothing_wrong(checks, name, answers, spans):
    """Several requests at a time: whatever is asserted is right, whatever is not says so. Gives the report for the table."""
    unplanned = [str(answer) for answer in answers if not answer.as_planned()]
    checks.check(f"{name}: {len(answers)} requests answered as planned", not unplanned, unplanned)
    missing = [hop for answer in answers for hop in missing_hops(spans, answer.request, answer.hops)]
    checks.check(f"{name}: every hop has its spans ({len(spans.all)})", not missing, missing)
    report = judge_all(spans)
    checks.check(f"{name}: no wrong parent; what is not linked says so and names candidates", not report.wrong, report.wrong)
    beats = [span for span in spans.all if is_beat(span)]
    checks.check(f"{name}: heartbeats were seen ({len(beats)})", len(beats) >= 10)
    return report


def is_beat(span):
    hop = hop_of(span)
    return bool(hop) and hop.kind == "CLIENT" and hop.request.startswith(HEARTBEAT)


def check_most_recent_rule_fails(checks, name, spans):
    """Shows that the check can fail: the same spans, linked as a naive sidecar would."""
    rewritten = Spans(most_recent_rule(spans.all))
    wrong = [span for span in rewritten.all if judge(span, rewritten).word == WRONG]
    beats = sum(map(is_beat, wrong))
    clients = sum(span["kind"] == "CLIENT" for span in spans.all)
    checks.check(
        f'{name}: the rule "parent = most recent inbound" fails on the same spans: {len(wrong) - beats} wrong calls and '
        f"{beats} wrong heartbeats of {clients}",
        len(wrong) > beats > 0,
    )


def print_table(title, report):
    print(f"\n{title}")
    head = ("service", "leg", "method", *VERDICTS)
    lines = [(service, leg(kind), method, *(str(counts[word]) for word in VERDICTS)) for service, kind, method, counts in report.rows()]
    total = ("total", "", "", *(str(report.total(word)) for word in VERDICTS))
    widths = [max(map(len, column)) for column in zip(head, *lines, total)]
    for line in (head, *lines, total):
        words = [word.ljust(width) for word, width in zip(line[:3], widths)]
        figures = [word.rjust(width) for word, width in zip(line[3:], widths[3:])]
        print("  " + "  ".join(words + figures))
    print("  (root: has no parent and says so, rightly; unlinked: no parent asserted, candidates named)\n", flush=True)


def leg(kind):
    return {"SERVER": "inbound", "CLIENT": "outbound"}.get(kind, kind)
