#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""README.md and docs/**/*.md name real things: every path and function in backticks exists, every relative link leads
somewhere, every `./tests/run <step>` is a step. --self-test plants wrong names and expects them found.

A path is a backticked word with a slash; it is looked for from the top, under proxy/ (with or without .cpp/.hpp) and
beside the document. A function is `name()` or `a::b`; its last part must be a word somewhere in proxy/ or tests/.
"""
import pathlib
import re
import sys
import tempfile

root = pathlib.Path(__file__).resolve().parents[2]
TOP = ("proxy", "tests", "docker", "docs", "config", "proto")
FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
FOREIGN = ("std::", "boost::", "net::ip")


def words_of(base):
    text = "\n".join(path.read_text(errors="replace") for folder in ("proxy", "tests")
                     for path in (base / folder).rglob("*") if path.suffix in (".cpp", ".hpp", ".py", ".sh"))
    return set(re.findall(r"\w+", text))


def path_exists(base, document, name):
    name = name.removeprefix("./").rstrip("/")
    places = [base / name, base / "proxy" / name, document.parent / name]
    return any(place.exists() or any(place.with_name(place.name + suffix).exists() for suffix in (".cpp", ".hpp"))
               for place in places)


def is_path(base, span):
    """`a/b` names a file when its first part is a folder of ours; `application/json` and `1/2` do not."""
    if not re.fullmatch(r"(\./)?\.?[\w-][\w.-]*(/[\w.-]+)+/?", span):
        return False
    first = span.removeprefix("./").split("/")[0]
    return span.startswith("./") or first in TOP or (base / "proxy" / first).is_dir() or (base / first).is_dir()


def check_document(base, document, words, steps):
    text = document.read_text()
    name = document.relative_to(base)
    problems = []
    for span in re.findall(r"`([^`\n]+)`", FENCE.sub("", text)):
        if is_path(base, span) and span.startswith("build/") is False and not path_exists(base, document, span):
            problems.append(f"{name}: `{span}` does not exist")
        function = re.fullmatch(r"((?:\w+::)*~?\w+)\(\)|((?:\w+::)+\w+)", span)
        if function and not span.startswith(FOREIGN):
            last = re.split(r"::", function[1] or function[2])[-1].lstrip("~")
            if last not in words:
                problems.append(f"{name}: `{span}` is nowhere in proxy/ or tests/")
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", FENCE.sub("", text)):
        if "://" not in target and not (document.parent / target).exists():
            problems.append(f"{name}: link to {target}, which does not exist")
    for command in re.findall(r"(?<![\w/])\./[\w./-]+", text):
        if not command.startswith("./build/") and not (base / command.rstrip(".")).exists():
            problems.append(f"{name}: {command} does not exist")
    for step in re.findall(r"\./tests/run[ ]+([a-z0-9]+)", text):
        if step not in steps:
            problems.append(f"{name}: ./tests/run {step} is not a step")
    return problems


def check(base):
    documents = [base / "README.md", *sorted((base / "docs").rglob("*.md"))]
    missing = [f"{path.relative_to(base)} does not exist" for path in documents if not path.exists()]
    run = (base / "tests/run").read_text()
    steps = re.search(r"^all_steps=\(([^)]*)\)", run, re.MULTILINE)[1].split()
    words = words_of(base)
    return missing + [problem for path in documents if path.exists() for problem in check_document(base, path, words, steps)]


CASES = [  # (text of README.md, whether a problem must be found)
    ("`forward/exchange` and `forward/exchange.cpp`, `serve()` of `a::serve`, `text/html`, [x](docs/a.md)", False),
    ("```\n./tests/run unit\n```\n", False),
    ("`forward/nothing`", True),
    ("`proxy/forward/nothing.cpp`", True),
    ("`no_such_function()`", True),
    ("`forward::no_such_thing`", True),
    ("[x](docs/nothing.md)", True),
    ("```\n./tests/run nothing\n```\n", True),
    ("run ./docker/nothing", True),
]


def self_test():
    for text, want in CASES:
        with tempfile.TemporaryDirectory() as folder:
            base = pathlib.Path(folder)
            for name, content in (("README.md", text), ("docs/a.md", ""), ("proxy/forward/exchange.cpp", "void serve();"),
                                  ("tests/run", "all_steps=(unit asan)\n")):
                (base / name).parent.mkdir(parents=True, exist_ok=True)
                (base / name).write_text(content)
            found = check(base)
            if bool(found) != want:
                return [f"{text!r}: expected {'a' if want else 'no'} problem, found {found}"]
    return []


def main():
    problems = self_test() if "--self-test" in sys.argv else check(root)
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
