# SPDX-License-Identifier: Apache-2.0
"""The checker: is the parent of every span the one that the paths say it must be?

Pure: takes spans as the viewer's API gives them, touches no socket. A path is `/t/<request>/<hop>/…`; a hop is a place in the tree of
calls: `0` is the request that came from outside, `0-2` the second call made while serving it, `0-2-3` the third call made
while serving that. So both ends of hop 0-2-3 of request r are named, and

  - the parent of SERVER r/0-2-3 is CLIENT r/0-2-3,
  - the parent of CLIENT r/0-2-3 is SERVER r/0-2,
  - SERVER r/0 has none, unless r is a heartbeat: then CLIENT r/0 is the root, because no request caused it.

sidespan must not know this: it is told neither the words in the path nor that there is any meaning in it.
"""
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple, Optional
from urllib.parse import urlsplit

ROOT_HOP = "0"
HEARTBEAT = "heartbeat-"
METHOD = "sidespan.parent.method"
CONFIDENCE = "sidespan.parent.confidence"
CANDIDATES = "sidespan.parent.candidates"
LINK_TYPE = "sidespan.link.type"
UNLINKED_METHODS = ("candidates", "none")

LINKED, ROOT, UNLINKED, WRONG = "linked", "root", "unlinked", "wrong"
VERDICTS = (LINKED, ROOT, UNLINKED, WRONG)

PATH = re.compile(r"^/t/([^/]+)/(0(?:-[0-9]+)*)/")


class Hop(NamedTuple):
    """One end of one call: `kind` is SERVER or CLIENT."""

    kind: str
    request: str
    place: str

    def __str__(self):
        return f"{self.kind} {self.request}/{self.place}"


class Verdict(NamedTuple):
    word: str
    reason: str = ""


def path_of(span):
    attributes = span["attributes"]
    return attributes.get("url.path") or urlsplit(attributes.get("url.full", "")).path


def hop_of(span) -> Optional[Hop]:
    """Where in which request's tree the span stands; nothing for a path that carries no truth (the front page)."""
    found = PATH.match(path_of(span))
    return Hop(span["kind"], found[1], found[2]) if found else None


def true_parent(hop: Hop) -> Optional[Hop]:
    if hop.kind == "SERVER":
        entered_from_outside = hop.place == ROOT_HOP and not hop.request.startswith(HEARTBEAT)
        return None if entered_from_outside else Hop("CLIENT", hop.request, hop.place)
    if hop.place == ROOT_HOP:
        return None
    return Hop("SERVER", hop.request, hop.place.rpartition("-")[0])


def method_of(span):
    """By what evidence the span says it was linked. A SERVER span has its parent from the traceparent it received, or none."""
    method = span["attributes"].get(METHOD)
    if method is None and span["kind"] == "SERVER":
        return "traceparent" if span["parent_span_id"] else "none"
    return method


def candidate_links(span):
    return [link for link in span.get("links", []) if link["attributes"].get(LINK_TYPE) == "candidate_parent"]


def says_how_sure(span):
    confidence = span["attributes"].get(CONFIDENCE)
    return isinstance(confidence, (int, float)) and 0 <= confidence <= 1


class Spans:
    """Collected spans, findable by id and by hop."""

    def __init__(self, spans):
        self.all = list(spans)
        self.by_id = {(span["trace_id"], span["span_id"]): span for span in self.all}
        self.by_hop = defaultdict(list)
        for span in self.all:
            hop = hop_of(span)
            if hop:
                self.by_hop[hop].append(span)

    def parent(self, span):
        return self.by_id.get((span["trace_id"], span["parent_span_id"]))


def judge(span, spans: Spans) -> Verdict:
    """linked: the parent is the true one. root: none, and there is none. unlinked: none is asserted, and the span says so and names
    candidates. Everything else is wrong."""
    hop = hop_of(span)
    if hop is None:
        if span["kind"] == "SERVER" and not span["parent_span_id"]:
            return Verdict(ROOT)
        return Verdict(WRONG, f"a {span['kind']} span with a parent and without truth in its path {path_of(span)!r}")
    method = method_of(span)
    if method is None:
        return Verdict(WRONG, f"{hop} does not say how it was linked")
    truth = true_parent(hop)
    if span["kind"] == "CLIENT" and not says_how_sure(span):
        return Verdict(WRONG, f"{hop} does not say how sure it is")
    if span["kind"] == "CLIENT" and method in UNLINKED_METHODS:
        return judge_unlinked(span, hop, truth, method, spans)
    return judge_asserted(span, hop, truth, spans)


def judge_asserted(span, hop, truth, spans) -> Verdict:
    if not span["parent_span_id"]:
        return Verdict(ROOT) if truth is None else Verdict(WRONG, f"{hop} is a root, its parent is {truth}")
    if truth is None:
        return Verdict(WRONG, f"{hop} has a parent, nothing caused it")
    parent = spans.parent(span)
    if parent is None:
        return Verdict(WRONG, f"{hop} has a parent that is not in its trace")
    if hop_of(parent) != truth:
        return Verdict(WRONG, f"{hop} hangs under {hop_of(parent)}, its parent is {truth}")
    return Verdict(LINKED)


def judge_unlinked(span, hop, truth, method, spans) -> Verdict:
    candidates = candidate_links(span)
    # Staying in a trace without knowing the parent is allowed where every candidate is in that trace: then the trace is asserted.
    if span["parent_span_id"] or any(link["trace_id"] == span["trace_id"] for link in candidates):
        if truth is None:
            return Verdict(WRONG, f"{hop} stays in a trace, nothing caused it")
        if not any(one["trace_id"] == span["trace_id"] for one in spans.by_hop[truth]):
            return Verdict(WRONG, f"{hop} stays in a trace that is not the one of {truth}")
    if method == "candidates":
        if not candidates or CANDIDATES not in span["attributes"]:
            return Verdict(WRONG, f"{hop} says candidates and names none")
        return Verdict(UNLINKED)
    if truth is None:
        return Verdict(ROOT)
    # `none` says that no request can have caused it, which is a claim like any other.
    return Verdict(WRONG, f"{hop} says that nothing caused it, its parent is {truth}")


@dataclass
class Report:
    counts: Counter = field(default_factory=Counter)  # (service, kind, method, verdict) -> spans
    wrong: list = field(default_factory=list)

    def total(self, verdict):
        return sum(number for (_, _, _, word), number in self.counts.items() if word == verdict)

    def rows(self):
        """(service, kind, method, {verdict: spans}), sorted."""
        groups = sorted({key[:3] for key in self.counts})
        return [(*group, {word: self.counts[(*group, word)] for word in VERDICTS}) for group in groups]


def judge_all(spans) -> Report:
    known = spans if isinstance(spans, Spans) else Spans(spans)
    report = Report()
    for span in known.all:
        verdict = judge(span, known)
        report.counts[(span["service"], span["kind"], str(method_of(span)), verdict.word)] += 1
        if verdict.word == WRONG:
            report.wrong.append(f"{span['service']}: {verdict.reason}")
    return report


def missing_hops(spans: Spans, request, hops):
    """What the callers say they sent (`"0-2-3 stock"`) and no span, or a span of another service, tells. A hop may have more CLIENT
    spans than one only if all but one are marked as sent again; it has one SERVER span, if the callee answered."""
    missing = []
    callers = dict(hop.split(" ", 1) for hop in hops)
    for place, service in callers.items():
        servers = spans.by_hop[Hop("SERVER", request, place)]
        if len(servers) != 1 or servers[0]["service"] != service:
            missing.append(f"{len(servers)} × SERVER {request}/{place} ({service})")
        if place == ROOT_HOP:
            continue
        caller = callers.get(place.rpartition("-")[0])
        clients = spans.by_hop[Hop("CLIENT", request, place)]
        first_tries = [one for one in clients if not one["attributes"].get("http.request.resend_count")]
        if len(first_tries) != 1 or any(one["service"] != caller for one in clients):
            missing.append(f"{len(first_tries)} × CLIENT {request}/{place} ({caller})")
    return missing


def most_recent_rule(spans):
    """The same spans, linked by the rule that must not pass: a call belongs to the request that came in last. Rewrites what was
    collected, as if a sidecar had asserted it."""
    arrivals = defaultdict(list)
    for span in spans:
        if span["kind"] == "SERVER":
            arrivals[span["service"]].append((int(span["start_unix_nano"]), span))
    for arrived in arrivals.values():
        arrived.sort(key=lambda one: one[0])
    rewritten = []
    for span in spans:
        if span["kind"] == "CLIENT":
            earlier = [one for start, one in arrivals[span["service"]] if start <= int(span["start_unix_nano"])]
            span = linked_to(span, earlier[-1] if earlier else None)
        rewritten.append(span)
    # A link that changes moves all below it into another trace. Span ids are unique, so that one trace for everything serves.
    return [{**span, "trace_id": "all"} for span in rewritten]


def linked_to(span, parent):
    attributes = {**span["attributes"], METHOD: "most-recent"}
    return {**span, "attributes": attributes, "links": [], "parent_span_id": parent["span_id"] if parent else ""}
