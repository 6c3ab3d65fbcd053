# SPDX-License-Identifier: Apache-2.0
"""Bars with their spread as SVG text: one panel per workload, one bar per subject. Needs nothing but Python."""
import html

ROW, LABELS, PANEL, GAP, TOP = 26, 250, 210, 70, 64
OURS, OTHERS, INK, SPREAD = "#1769aa", "#9aa5b1", "#1f2933", "#e02f44"


def text(x, y, content, size=12, anchor="start", weight="normal"):
    return (f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" text-anchor="{anchor}" font-weight="{weight}" '
            f'fill="{INK}">{html.escape(content)}</text>')


def bar(x, y, value, spread, scale, colour):
    width = value * scale
    low, high = x + max(0, value - spread) * scale, x + (value + spread) * scale
    middle = y + ROW / 2 - 2
    return [f'<rect x="{x}" y="{y}" width="{width:.1f}" height="{ROW - 6}" fill="{colour}"/>',
            f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{middle}" y2="{middle}" stroke="{SPREAD}" stroke-width="2"/>',
            text(max(width + x, high) + 6, y + ROW - 11, f"{value:.1f}")]


def bars(title, panels, names, ours):
    """panels: list of (heading, {name: (median, spread)}); names: {name: label}, in the order of the rows; ours: names drawn
    in the other colour."""
    width = LABELS + len(panels) * (PANEL + GAP)
    height = TOP + len(names) * ROW + 16
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
           'font-family="sans-serif">', f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
           text(12, 24, title, 15, weight="bold")]
    for row, label in enumerate(names.values()):
        out.append(text(LABELS - 10, TOP + row * ROW + ROW - 11, label, anchor="end"))
    for column, (heading, values) in enumerate(panels):
        x = LABELS + column * (PANEL + GAP)
        out.append(text(x, TOP - 12, heading, 12, weight="bold"))
        scale = PANEL / max((value + spread for value, spread in values.values()), default=1)
        for row, name in enumerate(names):
            if name in values:
                out += bar(x, TOP + row * ROW, *values[name], scale, OURS if name in ours else OTHERS)
    return "\n".join([*out, "</svg>"]) + "\n"
