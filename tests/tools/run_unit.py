#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs every unit_<folder> of a build tree, a few at a time, and counts Catch2 test cases.

usage: run_unit.py <build tree> [folder...]
A folder under tests/unit with tests but without an executable is a failure, and so is one that ends without a summary.
"""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

root = pathlib.Path(__file__).resolve().parents[2]
ALL_PASSED = re.compile(r"All tests passed \(.* in (\d+) test cases?\)")
SOME_FAILED = re.compile(r"^test cases:\s*(\d+) \|(?:\s*(\d+) passed \|)?\s*(\d+) failed", re.MULTILINE)
SECONDS = 600


def summary(output):
    """(passed, failed) of a Catch2 console report, or None when it has none."""
    if match := ALL_PASSED.search(output):
        return int(match[1]), 0
    if match := SOME_FAILED.search(output):
        return int(match[1]) - int(match[3]), int(match[3])
    return None


def run(executable):
    environment = dict(os.environ)
    environment.setdefault("ASAN_OPTIONS", "detect_stack_use_after_return=1:strict_string_checks=1")
    environment.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
    try:
        done = subprocess.run([executable], cwd=root, env=environment, text=True, errors="replace", timeout=SECONDS,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except subprocess.TimeoutExpired as expired:
        output = expired.stdout or b""
        return None, output.decode(errors="replace") + f"\nno end after {SECONDS} s", 1
    return summary(done.stdout), done.stdout, done.returncode


def main():
    tree = root / sys.argv[1]
    only = sys.argv[2:]
    folders = sorted({test.parent.name for test in root.glob("tests/unit/*/*_test.cpp")})
    folders = [folder for folder in folders if not only or folder in only]
    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        executables = {folder: tree / "tests" / f"unit_{folder}" for folder in folders}
        runs = {folder: pool.submit(run, path) for folder, path in executables.items() if path.exists()}
        for folder in folders:
            if folder not in runs:
                failed += 1
                print(f"FAILED  unit_{folder}: was not built (is there a proxy/{folder}/*.cpp?)")
                continue
            counts, output, code = runs[folder].result()
            if counts is None or (code != 0 and counts[1] == 0):
                failed += 1
                print(f"FAILED  unit_{folder}: ended with code {code} before its summary\n{output[-4000:]}")
                continue
            passed += counts[0]
            failed += counts[1]
            print(f"{'ok    ' if counts[1] == 0 else 'FAILED'}  unit_{folder}: {counts[0]} passed, {counts[1]} failed")
            if counts[1]:
                print(output[-12000:])
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 and passed else 1


if __name__ == "__main__":
    sys.exit(main())
