# SPDX-License-Identifier: Apache-2.0
"""What a run has shown: whether the proxies were correct under load, and whether the targets of docs/performance.md are met.
The two are told apart: a lost span is a regression, a missed target is work that is left."""
from results import paired

CORE, LATENCY, BURST = "small/32/keep", "latency/1", "burst/32"
OURS = ("off", "traced")


class verdicts:
    def __init__(self):
        self.passed, self.wrong, self.unmet = 0, [], []

    def correct(self, name, good, detail=""):
        self.say(name, good, detail, self.wrong)

    def target(self, name, value, limit, unit=""):
        if value is None:
            return
        digits = 1 if unit != "x" else 2 if limit > 0.5 else 3
        text = f"{name}: {value:.{digits}f} (target <= {limit:.{digits}f})"
        self.say(text, value <= limit, "unmet", self.unmet)

    def say(self, name, good, detail, failures):
        print(f"{'PASS' if good else 'FAIL'}  {name}{'' if good or not detail else ' -- ' + str(detail)}", flush=True)
        if good:
            self.passed += 1
        else:
            failures.append(name)

    def missing(self, text):
        self.correct(text, False)

    def close(self):
        print()
        for headline, failures in (("correctness (loss, errors, something missing)", self.wrong), ("speed targets unmet", self.unmet)):
            print(f"{headline}: {'; '.join(failures) if failures else 'none'}")
        print(f"{self.passed} passed, {len(self.wrong) + len(self.unmet)} failed")
        return not self.wrong and not self.unmet


def judge(all_results, out):
    for one in all_results.values():
        answers(one, out)
    for one in all_results.values():
        if one.key in OURS:
            spans(one, out)
    targets(all_results, out)


def answers(one, out):
    """Errors of sidespan are failures unless the machine stood still meanwhile; those of others are said. A status other
    than 200 is a failure of anybody: the comparison would be void."""
    errors, excused, status = {}, {}, 0
    for _, found in one.measurements():
        status += found["errors"]["status"]
        into = excused if found["pauses"] else errors
        for name, count in found["errors"].items():
            if count and name != "status":
                into[name] = into.get(name, 0) + count
    if excused:
        print(f"note  {one.title}: {excused} while the machine stood still, not counted")
    if errors and one.key not in OURS:
        print(f"note  {one.title}: {errors}")
    out.correct(f"{one.title}: only good answers", not status and not (errors and one.key in OURS), {**errors, "status": status})


def spans(one, out):
    for books in one.books:
        if one.key == "off":
            out.correct("tracing off records nothing", books["recorded"] == 0, books)
            continue
        most = books["requests"] + books["cut_off"]
        out.correct("every request has its span, and one only", books["requests"] <= books["recorded"] <= most, books)
        out.correct("the books balance and nothing was lost or dropped", books["recorded"] == books["acknowledged"], books)
        out.correct("every span arrived exactly once", books["received"] == books["unique"] == books["recorded"], books)


def targets(found, out):
    traced, off, nginx, floor, direct = (found.get(key) for key in ("traced", "off", "nginx", "floor", "direct"))
    if not traced:
        return
    if nginx:
        out.target("traced, CPU against nginx", paired(traced, nginx, CORE), 0.85, "x")
    if floor:
        out.target("traced, CPU against the floor", paired(traced, floor, CORE), 1.35, "x")
    if found.get("envoy-otel"):
        out.target("traced, CPU against Envoy + OpenTelemetry", paired(traced, found["envoy-otel"], CORE), 0.125, "x")
    if off:
        share = paired(traced, off, CORE)
        out.target("tracing, share of CPU in %", share and (share - 1) * 100, 10)
    if nginx:
        latency(traced, nginx, direct, out)
    facts = traced.facts
    if "allocations" in facts:
        out.target("allocations per request", facts["allocations"]["all"], 4)
    if "system_calls" in facts:
        out.target("system calls per request, one after the other", sum(facts["system_calls"]["1"].values()), 7)
    if "idle" in facts:
        out.target("MB resident, idle after a first span", facts["idle"]["idle"], 20)
    if "memory" in facts:
        out.target("MB resident, 1,000 connections", facts["memory"]["at_1000"], 28)


def latency(traced, nginx, direct, out):
    if direct:
        base = direct.median(LATENCY, "p50")
        out.target("added latency in µs, 1 connection, against nginx's", traced.median(LATENCY, "p50") - base,
                   nginx.median(LATENCY, "p50") - base)
    out.target("p99 in µs, bursts of 32, against nginx's", traced.median(BURST, "p99"), nginx.median(BURST, "p99"))
