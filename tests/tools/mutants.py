#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plants each fault of tests/mutants/*.toml in a copy of the tree and expects a test to fail.

usage: mutants.py [--texts | substring of a file or of what is broken...]
       --texts only looks whether every text is there exactly once
A mutant is one exact text of one file under proxy/ and its replacement. It is killed when the folder's unit tests fail,
hang or crash; survived (a failure) when they pass; stale (a failure) when its text is not there exactly once, or does not
compile. What only the whole program does names the one integration test that must notice, `by = "file.class.test"`; what
the unit tests of another folder must notice names these, `by = "unit_config"`.
The copy is built in build/mutants without optimisation, only what is needed each time.
"""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib

root = pathlib.Path(__file__).resolve().parents[2]
copy = root / "build/mutants/tree"
build = root / "build/mutants/build"
TEST_SECONDS = 120
LEAST = 40


def all_mutants(patterns):
    found = []
    for path in sorted((root / "tests/mutants").glob("*.toml")):
        found += tomllib.loads(path.read_text())["mutant"]
    return [one for one in found if not patterns or any(text in one["file"] + " " + one["breaks"] for text in patterns)]


def killer(mutant):
    """What has to be built, and the integration test to be run with it; None: the target is the test."""
    by = mutant.get("by", "unit_" + mutant["file"].split("/")[0])
    return (by, None) if by.startswith("unit_") else ("sidespan_program", by)


def refresh_copy():
    """Only what changed is written again, so that the last build still serves."""
    for name in ("CMakeLists.txt", "proxy", "proto", "tests/CMakeLists.txt", "tests/unit", "tests/support", "tests/bench",
                 "README.md", "config", "docs", "docker/demo/config"):  # the examples that unit_config loads
        source, target = root / name, copy / name
        files = [source] if source.is_file() else [path for path in source.rglob("*") if path.is_file()]
        wanted = {target if source.is_file() else target / path.relative_to(source): path for path in files}
        for stale in set(path for path in ([target] if target.is_file() else target.rglob("*")) if path.is_file()) - set(wanted):
            stale.unlink()
        for to, path in wanted.items():
            if not to.exists() or to.read_bytes() != path.read_bytes():
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, to)


def quiet(*command):
    return subprocess.run(command, text=True, errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def test(command, folder, **environment):
    """Whether it passes, and its output. Whatever it has started ends with it."""
    child = subprocess.Popen(command, cwd=folder, env=dict(os.environ, **environment), start_new_session=True, text=True,
                             errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        output = child.communicate(timeout=TEST_SECONDS)[0]
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        return False, child.communicate()[0] + "\nhangs"
    return child.returncode == 0, output


def build_and_test(target, integration):
    """None when it does not build, else whether its tests pass."""
    made = quiet("ninja", "-C", build, target)
    if made.returncode != 0:
        return None, made.stdout
    if integration is None:
        return test([build / "tests" / target, "--abort"], copy)
    tree = str(build.relative_to(root))  # /usr/bin/python3: Debian's own, which has the packages from apt
    return test(["/usr/bin/python3", "-m", "unittest", "-f", integration], root / "tests/integration", SIDESPAN_TREE=tree)


def text_of(mutant):
    """Line breaks of the sources may move: white space in a mutant's text stands for any white space."""
    return re.compile(r"\s+".join(re.escape(word) for word in mutant["from"].split()))


def stale(mutant, proxy):
    """Why it cannot be planted; None: it can."""
    path = proxy / mutant["file"]
    if not path.exists():
        return "stale: no such file"
    places = len(text_of(mutant).findall(path.read_text()))
    if places != 1:
        return f"stale: its text is there {places} times"
    target, integration = killer(mutant)
    if integration is None:
        return None if (root / "tests/unit" / target.removeprefix("unit_")).is_dir() else "stale: no such unit tests"
    name, _, case = integration.split(".")
    tests = root / f"tests/integration/{name}.py"
    return None if tests.exists() and f"def {case}(" in tests.read_text() else "stale: no such test"


def check_texts():
    found = [(one, stale(one, root / "proxy")) for one in all_mutants([])]
    for one, reason in found:
        if reason:
            print(f"{one['file']}: {one['breaks']}: {reason}")
    return 1 if not found or any(reason for _, reason in found) else 0


def try_mutant(mutant):
    reason = stale(mutant, copy / "proxy")
    if reason:
        return reason
    path, pattern = copy / "proxy" / mutant["file"], text_of(mutant)
    original = path.read_text()
    path.write_text(pattern.sub(lambda _: mutant["to"], original))
    try:
        passes, output = build_and_test(*killer(mutant))
    finally:
        path.write_text(original)
    if passes is None:
        return "stale: does not compile\n" + output[-1500:]
    return "SURVIVED" if passes else "killed"


def main():
    if sys.argv[1:] == ["--texts"]:
        return check_texts()
    mutants = all_mutants(sys.argv[1:])
    refresh_copy()
    configured = quiet("cmake", "-S", copy, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=None", "-DCMAKE_CXX_FLAGS=-O0 -g0")
    if configured.returncode != 0:
        print(configured.stdout[-3000:], "\n0 passed, 1 failed")
        return 1
    for target, integration in sorted({killer(one) for one in mutants}, key=str):
        passes, output = build_and_test(target, integration)
        if not passes:
            print(f"{output[-3000:]}\n{integration or target} fails without a fault planted\n0 passed, 1 failed")
            return 1
    killed = 0
    for number, mutant in enumerate(mutants, 1):
        began = time.monotonic()
        outcome = try_mutant(mutant)
        killed += outcome == "killed"
        print(f"{outcome.split(chr(10))[0]:8}  {number}/{len(mutants)} {mutant['file']}: {mutant['breaks']} ({time.monotonic() - began:.0f} s)", flush=True)
        if outcome != "killed":
            print("          " + outcome)
    failed = len(mutants) - killed
    if not sys.argv[1:] and len(mutants) < LEAST:
        failed += 1
        print(f"only {len(mutants)} mutants: at least {LEAST} are needed to mean anything")
    print(f"{killed} passed, {failed} failed")
    return 0 if failed == 0 and killed else 1


if __name__ == "__main__":
    sys.exit(main())
