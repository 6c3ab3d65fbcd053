# SPDX-License-Identifier: Apache-2.0
"""Results as Markdown tables, for the terminal and for docs/performance.md."""
from results import paired
from verdict import BURST, CORE, LATENCY


def number(value, digits=0):
    return "–" if value is None else f"{value:,.{digits}f}"


def with_spread(one, cell, what, digits=1):
    value = one.median(cell, what)
    return "–" if value is None else f"{value:.{digits}f} ± {one.spread(cell, what):.{digits}f}"


def markdown(head, rows):
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows])


def short(found):
    """What the targets go by: small GET, 32 kept-alive connections."""
    head = ["", "CPU µs/request", "against nginx", "against the floor", "requests/s", "added µs, 1 connection", "burst of 32: p50 / p99 µs",
            "MB idle / 1,000 / after all", "system calls: 1 / 32", "allocations"]
    return markdown(head, [short_row(one, found) for one in found.values()])


def short_row(one, found):
    measured = one.key != "direct"
    ratios = [number(paired(one, found[key], CORE) if measured and key in found else None, 2) for key in ("nginx", "floor")]
    latency, base = one.median(LATENCY, "p50"), found["direct"].median(LATENCY, "p50") if "direct" in found else None
    added = f"({latency:.0f} in all)" if not measured else number(base and latency - base)
    return [one.title, with_spread(one, CORE, "cpu") if measured else "–", *ratios, number(one.median(CORE, "rate")), added,
            f"{number(one.median(BURST, 'p50'))} / {number(one.median(BURST, 'p99'))}", *fact_cells(one.facts)]


def fact_cells(facts):
    memory, calls, allocations = facts.get("memory"), facts.get("system_calls"), facts.get("allocations")
    return [f"{facts['idle']['idle']:.1f} / {memory['at_1000']:.1f} / {facts['after']['resident']:.1f}" if memory and "after" in facts else "–",
            " / ".join(f"{sum(calls[key].values()):.1f}" for key in ("1", "32")) if calls else "–",
            f"{allocations['all']:.2f}" if allocations else "–"]
