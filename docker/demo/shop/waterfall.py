# SPDX-License-Identifier: Apache-2.0
"""Draws a trace in the terminal: a row for each hop, service and runtime named, a bar to scale. Pure: spans in, lines out."""
from collections import defaultdict

from .services import SERVICES

BAR = 24
# The demo carries the truth for its checker at the front of every path; a person wants to read what comes after.
TRUTH_PREFIX = "/t/{request}/{hop}"
RUNTIMES = {service.name: service.runtime for service in SERVICES}


def start(span):
    return int(span["start_unix_nano"])


def end(span):
    return int(span["end_unix_nano"])


def rows(spans):
    """(depth, span) in drawing order. The two spans of one hop are drawn as one row, the callee's; a call that nobody answered
    is a row of its own."""
    children = defaultdict(list)
    known = {span["span_id"] for span in spans}
    for span in spans:
        children[span["parent_span_id"] if span["parent_span_id"] in known else ""].append(span)

    def below(span, depth):
        callee = [one for one in children[span["span_id"]] if one["kind"] == "SERVER"] if span["kind"] == "CLIENT" else []
        if callee:
            for one in callee:
                yield from below(one, depth)
            return
        yield depth, span
        for child in sorted(children[span["span_id"]], key=start):
            yield from below(child, depth + 1)

    for root in sorted(children[""], key=start):
        yield from below(root, 0)


def draw(spans):
    drawn = list(rows(spans))
    first = min(start(span) for span in spans)
    length = max(max(end(span) for span in spans) - first, 1)
    names = [("  " * (depth - 1) + "└ " if depth else "") + service_label(span) for depth, span in drawn]
    whats = [span["name"].replace(TRUTH_PREFIX, "") for _, span in drawn]
    widths = max(map(len, names)), max(map(len, whats))
    lines = []
    for name, what, (_, span) in zip(names, whats, drawn):
        bar = bar_of(start(span) - first, end(span) - start(span), length) + failure_of(span)
        milliseconds = (end(span) - start(span)) / 1e6
        lines.append(f"{name:<{widths[0]}}  {what:<{widths[1]}}  {bar:<{BAR + 6}} {milliseconds:8.1f} ms")
    return lines


def service_label(span):
    runtime = RUNTIMES.get(span["service"], "?")
    label = f"{span['service']} ({runtime})"
    return label if span["kind"] == "SERVER" else f"{label} calls"


def bar_of(offset, duration, length):
    left = min(int(offset * BAR / length), BAR - 1)
    return " " * left + "█" * max(1, min(round(duration * BAR / length), BAR - left))


def failure_of(span):
    if span["status"] != "error":
        return ""
    reason = span["attributes"].get("http.response.status_code") or span["attributes"].get("error.type") or ""
    return f" ✗ {reason}"


def summary(spans):
    services = {span["service"] for span in spans}
    languages = {service.language for service in SERVICES if service.name in services}
    return f"{len(services)} services, {len(languages)} languages, 0 lines changed"
