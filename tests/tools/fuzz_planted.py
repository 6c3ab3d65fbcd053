#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plants each fault of tests/fuzz/planted.toml and says after how many seconds its fuzz target finds it; a minute is the
most. usage: fuzz_planted.py [target...]. A fuzz target that finds nothing planted is worth nothing.
"""
import pathlib
import re
import shutil
import subprocess
import sys
import time
import tomllib

root = pathlib.Path(__file__).resolve().parents[2]
work = root / "build/planted"
FLAGS = ["-std=c++20", "-O1", "-g1", "-fsanitize=address,undefined,fuzzer-no-link", "-fno-sanitize-recover=all", "-DSIDESPAN_EVERY_HEAD_TWICE",
         "-DBOOST_ASIO_SEPARATE_COMPILATION", "-DBOOST_BEAST_SEPARATE_COMPILATION", f"-I{root}/proxy", f"-I{root}/tests"]
SOURCES = [f"base/{name}.cpp" for name in ("text", "fault")] + sorted(
    str(path.relative_to(root / "proxy")) for folder in ("http", "http1") for path in (root / "proxy" / folder).glob("*.cpp"))
SECONDS = 60


def compile_file(source, to, include=None):
    to.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["clang++-14", *([f"-I{include}"] if include else []), *FLAGS, "-c", str(source), "-o", str(to)], check=True)
    return to


def link(target, objects):
    program = work / "program"
    driver = compile_file(root / f"tests/fuzz/{target}_fuzz.cpp", work / "driver.o")
    subprocess.run(["clang++-14", "-fsanitize=address,undefined,fuzzer", str(driver), *map(str, objects.values()), "-o", str(program)], check=True)
    return program


def finds(program, target, *limits):
    fresh = work / "fresh"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    done = subprocess.run([str(program), *limits, "-timeout=10", f"-artifact_prefix={fresh}/", str(fresh), str(root / "tests/fuzz/corpus" / target)],
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return done.returncode != 0


def find(fault, objects):
    """Seconds until it is found, or what went wrong."""
    source = root / "proxy" / fault["file"]
    pattern = re.compile(r"\s+".join(re.escape(word) for word in fault["from"].split()))
    text = source.read_text()
    if len(pattern.findall(text)) != 1:
        return f"its text is there {len(pattern.findall(text))} times"
    planted = work / "planted.cpp"
    planted.write_text(pattern.sub(lambda _: fault["to"], text))
    changed = {**objects, fault["file"]: compile_file(planted, work / "planted.o")}
    program = link(fault["target"], changed)
    began = time.monotonic()
    found = finds(program, fault["target"], f"-max_total_time={SECONDS}")
    return round(time.monotonic() - began, 1) if found else f"not found in {SECONDS} s"


def main():
    faults = [one for one in tomllib.loads((root / "tests/fuzz/planted.toml").read_text())["fault"] if not sys.argv[1:] or one["target"] in sys.argv[1:]]
    objects = {name: compile_file(root / "proxy" / name, work / "objects" / (name + ".o")) for name in SOURCES}
    failed = 0
    for target in sorted({fault["target"] for fault in faults}):
        if finds(link(target, objects), target, "-runs=0"):
            failed += 1
            print(f"FAILED  {target}: its corpus breaks it without a fault planted")
    for fault in faults:
        outcome = find(fault, objects)
        good = isinstance(outcome, float)
        failed += not good
        print(f"{'ok    ' if good else 'FAILED'}  {fault['target']}: {fault['breaks']}: {outcome}{' s' if good else ''}", flush=True)
    print(f"{len(faults) - failed} passed, {failed} failed")
    return 0 if failed == 0 and faults else 1


if __name__ == "__main__":
    sys.exit(main())
