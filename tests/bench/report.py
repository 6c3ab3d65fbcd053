# SPDX-License-Identifier: Apache-2.0
"""docs/performance.md and docs/performance.svg out of the results under build/bench/full; measures nothing."""
import io
import contextlib
import pathlib
import statistics

import plot
import subjects
import tables
import verdict
from results import results

root = pathlib.Path(__file__).resolve().parents[2]
CONTENTS = {"small": "Small GET, 3 byte answer", "10k": "GET, 10 KB answer", "post": "POST of 100 KB, 3 byte answer"}
COLUMNS = [(connections, way) for connections in (1, 32, 1000) for way in ("keep", "new")]
OPENING = """# Performance

This page is made by `tests/bench/run report` from one run of `./tests/run bench`; do not edit it.

**Machine**: {machine}. Load generator (wrk), proxy and origin (nginx) share core 0, the receivers of the spans have core 1: a
wake-up across cores costs more than what is measured here. One worker each, connections to the origin kept alive, no access
log, no compression. {rounds} rounds in alternating order; figures are medians, ± is half the distance between the smallest and
the largest round. Ratios are taken round by round, then their median: what drifts with the machine cancels.

CPU is the run time of the proxy's whole process tree per request, kernel included. Latency is of a client that sends one
request per connection at once and waits for all answers; *added* is above the direct call. Memory is resident, in MB: at rest
after a first request; with 1,000 connections open after a second of load; at the end of the whole run. System calls are counted by strace, with 1 connection
and in bursts of 32; allocations by a preloaded library, sidespan only. Requests of the traced subjects are traced to 100 % and
exported over OTLP/gRPC to a receiver that counts unique span ids.

![CPU per request](performance.svg)

## Small GET on 32 kept-alive connections

{short}

## Targets and checks

{verdict}
"""


def load_all():
    """Those that were measured like the newest: of the same program, on the same machine, with the same options."""
    found = {key: one for key in subjects.ALL if (one := results.load("full", key)).rounds}
    newest = max(found.values(), key=lambda one: one.path.stat().st_mtime, default=None)
    return {key: one for key, one in found.items() if one.about == newest.about}


def judged(found):
    with contextlib.redirect_stdout(io.StringIO()) as said:
        verdict.judge(found, verdict.verdicts())
    rows = []
    for line in said.getvalue().split("\n"):
        mark, _, rest = line.partition("  ")
        if mark in ("PASS", "FAIL"):
            rows.append([{"PASS": "yes", "FAIL": "**no**"}[mark], rest.split(" -- ")[0].replace("<=", "≤")])
    return tables.markdown(["holds", "what"], rows)


def matrix(found, content, what, digits):
    head = [""] + [f"{connections:,}, {'kept alive' if way == 'keep' else 'new each time'}" for connections, way in COLUMNS]
    rows = []
    for one in found.values():
        if what == "cpu" and one.key == "direct":
            continue
        cells = [tables.with_spread(one, f"{content}/{connections}/{way}", what, digits) for connections, way in COLUMNS]
        rows.append([one.title, *cells])
    return tables.markdown(head, rows)


def matrices(found):
    out = []
    for content, title in CONTENTS.items():
        out.append(f"## {title}\n\nCPU, µs per request, by connections:\n\n{matrix(found, content, 'cpu', 1)}\n\n"
                   f"Requests per second:\n\n{matrix(found, content, 'rate', 0)}\n")
    return out


def latencies(found):
    rows = [[one.title] + [tables.with_spread(one, cell, what, 0) for cell in (verdict.LATENCY, verdict.BURST) for what in ("p50", "p99")]
            for one in found.values()]
    return "## Latency\n\nMicroseconds.\n\n" + tables.markdown(
        ["", "1 connection, p50", "p99", "bursts of 32, p50", "p99"], rows) + "\n"


def system_calls(found):
    rows = []
    for one in found.values():
        for connections, calls in one.facts.get("system_calls", {}).items():
            if isinstance(calls, dict) and connections in ("1", "32"):
                shown = sorted(((count, name) for name, count in calls.items() if count >= 0.01), reverse=True)
                rows.append([one.title, connections, f"{sum(calls.values()):.2f}", ", ".join(f"{name} {count:.2f}" for count, name in shown)])
    out = "## System calls and allocations per request\n\n" + tables.markdown(["", "connections", "in all", "by name"], rows) + "\n"
    for one in found.values():
        if "allocations" in one.facts:
            threads = one.facts["allocations"]["by_thread"]
            shown = ", ".join(f"thread {name} {count:.3f}" for name, count in threads.items() if count >= 0.001)
            out += f"\nAllocations of {one.title}: {one.facts['allocations']['all']:.2f} ({shown}).\n"
    return out


def spans(found):
    rows = []
    for one in found.values():
        for books in one.books:
            numbers = [books.get(name) for name in ("requests", "recorded", "acknowledged", "dropped", "lost", "received", "unique")]
            rows.append([one.title, *(tables.number(value) for value in numbers)])
    note = ("\nRequests are those whose answer was counted; a measurement that ends by the clock leaves up to one per connection in "
            "flight, which has its span all the same.\n")
    return "## Spans\n\n" + tables.markdown(
        ["", "requests", "recorded", "acknowledged", "dropped", "lost", "received", "unique"], rows) + "\n" + note


def errors(found):
    rows = []
    for one in found.values():
        total, pauses = {}, 0
        for _, measurement in one.measurements():
            pauses += len(measurement["pauses"])
            for name, count in measurement["errors"].items():
                total[name] = total.get(name, 0) + count
        rows.append([one.title, *(tables.number(total.get(name, 0)) for name in ("connect", "read", "write", "timeout", "status")),
                     str(pauses)])
    return "## Errors\n\nOf all measurements together; a time-out is 2 s.\n\n" + tables.markdown(
        ["", "connect", "read", "write", "time-out", "status", "pauses of the machine meanwhile"], rows) + "\n"


def configurations(found):
    out = ["## Configurations\n"]
    for one in found.values():
        out.append(f"### {one.title}\n\n```\n{one.configuration.strip()}\n```\n")
    return "\n".join(out)


def picture(found):
    measured = {key: one for key, one in found.items() if key != "direct"}
    panels = []
    for content, title in CONTENTS.items():
        cell = f"{content}/32/keep"
        values = {key: (one.median(cell, "cpu"), one.spread(cell, "cpu")) for key, one in measured.items() if one.median(cell, "cpu")}
        panels.append((title, values))
    return plot.bars("CPU µs per request, 32 kept-alive connections", panels, {key: one.title for key, one in measured.items()},
                     verdict.OURS)


def page(found):
    first = next(iter(found.values()))
    opening = OPENING.format(machine=first.about["machine"], rounds=len(first.rounds), short=tables.short(found), verdict=judged(found))
    missing = [subjects.ALL[key].title for key in subjects.ALL if key not in found]
    if missing:
        opening += f"\n**Missing from this run: {', '.join(missing)}.**\n"
    return "\n".join([opening, *matrices(found), latencies(found), system_calls(found), spans(found), errors(found), configurations(found)])


def write():
    found = load_all()
    if not found:
        print("nothing under build/bench/full: run tests/bench/run first")
        return 1
    (root / "docs/performance.md").write_text(page(found))
    (root / "docs/performance.svg").write_text(picture(found))
    print(f"docs/performance.md and docs/performance.svg written: {len(found)} subjects, "
          f"{statistics.median(len(one.rounds) for one in found.values()):.0f} rounds")
    return 0
