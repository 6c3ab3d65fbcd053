# SPDX-License-Identifier: Apache-2.0
"""The HTTP/1.1 contract, one test per row (rows.py), each case byte for byte through the real program.

All cases are played first, many at once: each in one piece, and those of §7.3 (FR), of the field rows and of responses also
cut in two at every byte border. `docs/conformance.md` is made from the same tables by page.py.
"""
import asyncio
import time
import unittest

import connection_cases
import framing_cases
import page
import request_cases
import response_cases
from rig import rig
from rows import ROWS
from script import borders

CASES = request_cases.CASES + framing_cases.CASES + response_cases.CASES + connection_cases.CASES


async def play_all():
    whole = [(case, None) for case in CASES]
    cuts = [(case, cut) for case in CASES if case.split for cut in borders(case)]
    async with rig() as it:
        problems = await it.play(whole)
        bad = {id(case) for case, _, _ in problems}
        began = time.monotonic()
        problems += await it.play([(case, cut) for case, cut in cuts if id(case) not in bad])
        print(f"{len(whole)} cases, {len(cuts)} cuts in {time.monotonic() - began:.0f} s")
    return problems


class http1_rows(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.problems = asyncio.run(play_all())

    def check(self, row):
        self.assertTrue(any(case.row == row for case in CASES), f"{row} has no case")
        found = [text for case, _, text in self.problems if case.row == row]
        if found:
            self.fail(f"{len(found)} problems, the first:\n" + "\n".join(found[:6]))

    def test_every_case_belongs_to_a_row(self):
        self.assertEqual([case.row for case in CASES if case.row not in ROWS], [])
        names = [(case.row, case.name) for case in CASES]
        self.assertEqual([name for name in names if names.count(name) > 1], [])

    def test_the_page_is_current(self):
        self.assertEqual(page.PATH.read_text(), page.text(), "docs/conformance.md is stale: python3 tests/conformance/page.py")


for _row in ROWS:
    setattr(http1_rows, "test_" + _row.replace("-", "_"), lambda self, row=_row: self.check(row))

if __name__ == "__main__":
    unittest.main()
