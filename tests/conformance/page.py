#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes docs/conformance.md from the tables of this folder."""
import pathlib
import sys

root = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(root / "tests/integration"), str(root / "tests/conformance")]

import connection_cases  # noqa: E402
import framing_cases  # noqa: E402
import request_cases  # noqa: E402
import response_cases  # noqa: E402
from payloads import PAYLOADS  # noqa: E402
from rows import ROWS, SECTIONS  # noqa: E402
from script import borders  # noqa: E402

PATH = root / "docs/conformance.md"
CASES = request_cases.CASES + framing_cases.CASES + response_cases.CASES + connection_cases.CASES

OPENING = """# HTTP/1.1 conformance

Made by `tests/conformance/page.py` from the tables in `tests/conformance/`; change it there. What the RFCs leave open has one outcome
here, the strictest that is sensible. `./tests/run conformance` plays every case byte for byte through the real program and real sockets:
{rows} rows, {cases} cases, {split} of them also cut in two at every byte border ({cuts} cuts). "400 and close" means: answered with that
status and `Connection: close`, nothing behind it is read, and no whole message reaches the app.

What is forwarded for {payloads} hostile payloads is also given to nginx and haproxy, which must read the same requests from it, method,
target and content: `tests/conformance/differential_test.py`.
"""


def cell(text):
    return text.replace("|", "\\|")


def text():
    split = [case for case in CASES if case.split]
    out = [OPENING.format(rows=len(ROWS), cases=len(CASES), split=len(split), cuts=sum(len(borders(case)) for case in split),
                          payloads=len(PAYLOADS))]
    for section, rows in SECTIONS.items():
        out.append(f"\n## {section}\n\n| row | source | about | what sidespan does | cases |\n|---|---|---|---|---|\n")
        for row, source, about, outcome in rows:
            count = sum(case.row == row for case in CASES)
            out.append(f"| {row} | {source} | {cell(about)} | {cell(outcome)} | {count} |\n")
    return "".join(out)


if __name__ == "__main__":
    PATH.write_text(text())
