#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the *_test.py of tests/integration, tests/conformance and tests/tools against one build tree and counts tests.

usage: run_integration.py <build tree> [--sanitized | --heavy] [--folder name]... [-v] [pattern...]
A pattern selects files, classes or tests by substring. Every file is a process of its own, a few at a time. Tests marked
`release_only` are left out with --sanitized; those marked `heavy` run with --heavy and only then. A skipped test is a failure.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import unittest

root = pathlib.Path(__file__).resolve().parents[2]
SECONDS = 900


def flatten(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from flatten(item)
        else:
            yield item


def marked(test, mark):
    method = getattr(test, test._testMethodName, None)
    return bool(getattr(type(test), mark, False) or getattr(method, mark, False))


def selected(test, options):
    if marked(test, "heavy") != options.heavy:
        return False
    if options.sanitized and marked(test, "release_only"):
        return False
    return not options.patterns or any(pattern in test.id() for pattern in options.patterns)


class timed_result(unittest.TextTestResult):
    """Notes the slow ones: they are what the whole run waits for."""

    def startTest(self, test):
        self.begun = time.monotonic()
        super().startTest(test)

    def stopTest(self, test):
        took = time.monotonic() - self.begun
        if took > 5:
            print(f"        {took:5.1f} s {test.id()}")
        super().stopTest(test)


def run_file(name, options):
    """In the child: one file; the last line on stdout is JSON with the figures."""
    sys.path[:0] = [str(root / "tests/integration"), str(root / pathlib.Path(name).parent)]
    suite = unittest.defaultTestLoader.loadTestsFromName(pathlib.Path(name).stem)
    chosen = [test for test in flatten(suite) if isinstance(test, unittest.loader._FailedTest) or selected(test, options)]
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2 if options.verbose else 0,
                                     resultclass=timed_result).run(unittest.TestSuite(chosen))
    for test, reason in result.skipped:
        print(f"SKIPPED {test.id()}: {reason} (what cannot run is a failure)")
    bad = len(result.failures) + len(result.errors) + len(result.skipped) + len(result.unexpectedSuccesses)
    sys.stdout.flush()
    print(json.dumps({"run": result.testsRun, "bad": bad}))
    sys.stdout.flush()
    os._exit(0)  # a thread that a failed test left behind must not hold the figures back


def start_file(name, arguments):
    environment = dict(os.environ, SIDESPAN_TREE=str(arguments.tree), PYTHONDONTWRITEBYTECODE="1")
    if arguments.sanitized:
        environment["SIDESPAN_SANITIZED"] = "1"
    command = [sys.executable, __file__, *sys.argv[1:], "--file", name]
    began = time.monotonic()
    child = subprocess.Popen(command, cwd=root, env=environment, text=True, errors="replace", start_new_session=True,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        output, code = child.communicate(timeout=SECONDS)[0], child.returncode
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)  # a session of its own: whatever its tests had started ends with it
        output, code = child.communicate()[0] + f"\nno end after {SECONDS} s", 1
    lines = output.rstrip().split("\n")
    try:
        figures = json.loads(lines[-1])
        output = "\n".join(lines[:-1])
    except ValueError:
        figures = {"run": 1, "bad": 1}
        output += f"\n{name}: ended with code {code} before its figures"
    return figures, output, time.monotonic() - began


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tree")
    parser.add_argument("patterns", nargs="*")
    parser.add_argument("--sanitized", action="store_true")
    parser.add_argument("--heavy", action="store_true")
    parser.add_argument("--verbose", "-v", action="store_true")
    parser.add_argument("--folder", action="append", help="of integration, conformance, tools; default: all")
    parser.add_argument("--file")
    options = parser.parse_args()
    if options.file:
        run_file(options.file, options)
    if not (root / options.tree / "sidespan").exists():
        print(f"FAILED  {options.tree}/sidespan was not built\n0 passed, 1 failed")
        return 1
    names = sorted(str(path.relative_to(root)) for folder in options.folder or ("integration", "conformance", "tools")
                   for path in root.glob(f"tests/{folder}/*_test.py"))
    passed = failed = 0
    workers = 2 if options.sanitized else 3  # most tests wait more than they work
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        runs = [(name, pool.submit(start_file, name, options)) for name in names]
        for name, run in runs:
            figures, output, took = run.result()
            if figures == {"run": 0, "bad": 0}:
                continue
            good = max(0, figures["run"] - figures["bad"])  # a class that cannot be set up is bad without having run
            passed += good
            failed += figures["bad"]
            verdict = "ok    " if figures["bad"] == 0 else "FAILED"
            print(f"{verdict}  {name}: {good} passed, {figures['bad']} failed ({took:.0f} s)", flush=True)
            slow = [line for line in output.split("\n") if line.startswith("        ") and " s " in line]
            print(output if figures["bad"] or options.verbose else "\n".join(slow), end="\n" if output else "")
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 and passed else 1


if __name__ == "__main__":
    sys.exit(main())
