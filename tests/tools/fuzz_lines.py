#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""fuzz_lines.py <least percent> <file>... < lcov records of several programs: the lines of each file that any of them
reached. Functions that only the compiler runs (constexpr, and nobody called them) do not count. Lists what was not
reached on stderr; the last line is `N passed, N failed`. Used by fuzz_coverage.sh.
"""
import collections
import pathlib
import sys

root = pathlib.Path(__file__).resolve().parents[2]


def compile_time(source, counts):
    """Lines of constexpr functions that never ran."""
    out = set()
    for number, text in enumerate(source, 1):
        if not text.lstrip().startswith(("constexpr ", "static constexpr ")) or not text.endswith("{"):
            continue
        indent = len(text) - len(text.lstrip())
        end = next(at for at in range(number, len(source) + 1) if source[at - 1].startswith(" " * indent + "}"))
        body = set(range(number, end + 1)) & set(counts)
        if body and all(counts[at] == 0 for at in body):
            out |= body
    return out


def main():
    least, files = int(sys.argv[1]), sys.argv[2:]
    lines = {name: collections.Counter() for name in files}
    name = None
    for record in sys.stdin:
        kind, _, value = record.strip().partition(":")
        if kind == "SF":
            name = next((one for one in files if value.endswith("proxy/" + one)), None)
        elif kind == "DA" and name:
            number, count = value.split(",")[:2]
            lines[name][int(number)] += int(count)
    failed = 0
    for name, counts in lines.items():
        source = (root / "proxy" / name).read_text().split("\n")
        for number in compile_time(source, counts):
            del counts[number]
        reached = sum(count > 0 for count in counts.values())
        percent = reached * 100 // len(counts) if counts else 0
        failed += percent < least
        print(f"{'ok    ' if percent >= least else 'FAILED'}  {name:24} {percent:3} % of {len(counts)} lines")
        for number in sorted(number for number, count in counts.items() if count == 0):
            print(f"{name}:{number}: {source[number - 1]}", file=sys.stderr)
    print(f"{len(files) - failed} passed, {failed} failed")
    return 0 if failed == 0 and files else 1


if __name__ == "__main__":
    sys.exit(main())
