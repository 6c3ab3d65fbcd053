#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every source file opens with its SPDX line; no TODO, FIXME or XXX without an issue number (`#12`); no path of the machine
it was written on; no public header without its opening paragraph. --self-test plants each fault and expects it found.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

root = pathlib.Path(__file__).resolve().parents[2]
SOURCES = {".cpp", ".hpp", ".py", ".sh", ".proto", ".cmake", ".js", ".mjs", ".css", ".html", ".rb", ".ru", ".php", ".pl", ".yaml", ".yml"}
NAMES = {"CMakeLists.txt", "Dockerfile"}
MARK = re.compile(r"\b(TODO|FIXME|XXX)\b(?![^\n]*#\d+)")
SELF = "tests/tools/source_check.py"


def files_of(base):
    """Tracked files and new ones that are not ignored; everything when there is no repository."""
    listed = subprocess.run(["git", "-C", base, "ls-files", "-co", "--exclude-standard"], text=True, capture_output=True)
    if listed.returncode == 0:
        return [base / name for name in listed.stdout.split("\n") if name and (base / name).is_file()]
    return [path for path in base.rglob("*") if path.is_file() and path.relative_to(base).parts[0] != "build"]


def is_source(path, text):
    return path.suffix in SOURCES or path.name in NAMES or (path.suffix == "" and text.startswith("#!"))


def check_file(name, path, machine_paths):
    try:
        text = path.read_text()
    except UnicodeDecodeError:
        return []
    problems = []
    lines = text.split("\n")
    if is_source(path, text) and not any("SPDX-License-Identifier: Apache-2.0" in line for line in lines[:5]):
        problems.append(f"{name}: no SPDX line at the top")
    if path.suffix == ".hpp" and name.startswith("proxy/"):
        opening = [line for line in lines[1:12] if line.startswith("// ")]
        if not opening:
            problems.append(f"{name}: a header opens with a paragraph that says what it is")
    if name != SELF:
        for number, line in enumerate(lines, 1):
            if MARK.search(line):
                problems.append(f"{name}:{number}: a mark without an issue number")
            if any(path in line for path in machine_paths):
                problems.append(f"{name}:{number}: a path of one machine")
    return problems


def machine_paths(base):
    """Where this checkout and its user live; short ones such as / would match anything."""
    return [f"{path}/" for path in {str(base), str(base.parent), os.path.expanduser("~")} if len(path) > 4 and path != "/tmp"]


def check(base):
    paths = machine_paths(base)
    return [problem for path in files_of(base) for problem in check_file(str(path.relative_to(base)), path, paths)]


CASES = [  # (file, text, whether a problem must be found)
    ("proxy/a.cpp", "// SPDX-License-Identifier: Apache-2.0\nint a;  // TODO(#12): later\n", False),
    ("tests/run", "#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\n", False),
    ("docs/a.md", "no licence line needed\n", False),
    ("proxy/a.cpp", "int a;\n", True),
    ("tests/run", "#!/bin/sh\n", True),
    ("proxy/a.hpp", "// SPDX-License-Identifier: Apache-2.0\n#pragma once\n", True),
    ("proxy/a.cpp", "// SPDX-License-Identifier: Apache-2.0\nint a;  // TODO: later\n", True),
    ("docs/a.md", "see {base}/proxy\n", True),
]


def self_test():
    for name, text, want in CASES:
        with tempfile.TemporaryDirectory() as folder:
            base = pathlib.Path(folder) / "checkout"
            (base / name).parent.mkdir(parents=True)
            (base / name).write_text(text.replace("{base}", str(base)))
            found = check(base)
            if bool(found) != want:
                return [f"{name} {text!r}: expected {'a' if want else 'no'} problem, found {found}"]
    return []


def main():
    problems = self_test() if "--self-test" in sys.argv else check(root)
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
