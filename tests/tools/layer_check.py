#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares three things: the table "Who may include whom" in docs/architecture.md, the #include lines under proxy/, and
the link graph in proxy/CMakeLists.txt. The table is the truth; --self-test plants violations and expects them found.
"""
import pathlib
import re
import sys
import tempfile

root = pathlib.Path(__file__).resolve().parents[2]

# Header prefix -> the name the table uses. The order matters: the first that fits is taken.
THIRD_PARTY = [
    ("boost/beast/", "Beast"), ("boost/asio/", "Asio"), ("boost/system/", "Asio"), ("boost/", "Boost"),
    ("openssl/", "OpenSSL"), ("grpc", "gRPC"), ("google/protobuf/", "protobuf"), ("opentelemetry/proto/", "protobuf"),
    ("yaml-cpp/", "yaml-cpp"), ("sqlite3.h", "SQLite"), ("nlohmann/", "nlohmann"), ("zlib.h", "zlib"), ("CLI/", "CLI11"),
    ("spdlog/", "spdlog"), ("fmt/", "spdlog"), ("nghttp2/", "nghttp2"), ("ares.h", "c-ares"), ("bpf/", "libbpf"),
]
# Link target -> the same names. Boost has no target of its own here: base brings its headers.
TARGETS = {
    "OpenSSL::SSL": "OpenSSL", "sidespan_proto": "protobuf", "yaml-cpp": "yaml-cpp", "SQLite::SQLite3": "SQLite",
    "nlohmann_json::nlohmann_json": "nlohmann", "ZLIB::ZLIB": "zlib", "CLI11::CLI11": "CLI11", "spdlog::spdlog": "spdlog",
}
NOT_TARGETS = {"Beast", "Asio", "gRPC", "Boost"}  # gRPC comes with sidespan_proto
IN_HEADERS = {"net": "Asio"}  # folder -> what its headers may show: the others get Asio through net
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]', re.MULTILINE)


def read_table(text):
    """folder -> (set of folders, set of `folder/file.hpp` allowed singly, set of third parties)."""
    section = text.split("## Who may include whom", 1)
    if len(section) < 2:
        return {}
    table = {}
    for row in re.findall(r"^\| *`(\w+)` *\|([^|]*)\|([^|]*)\|", section[1].split("\n## ", 1)[0], re.MULTILINE):
        may = re.findall(r"`([^`]+)`", row[1])
        table[row[0]] = ({name for name in may if "/" not in name}, {name for name in may if "/" in name},
                         set(re.findall(r"[\w+-]+", row[2])))
    return table


def third_party(header):
    return next((name for prefix, name in THIRD_PARTY if header.startswith(prefix)), None)


def allowed(folder, header, table):
    folders, files, _ = table[folder]
    other = header.split("/", 1)[0]
    return (other in (folder, "base") or other in folders or "anything" in folders or header in files
            or "*/" + header.split("/", 1)[1] in files)


def check_file(path, proxy, table):
    relative = path.relative_to(proxy)
    folder = relative.parts[0]
    if folder not in table:
        return [f"{relative}: folder `{folder}` has no row in the table"]
    problems = []
    for quote, header in INCLUDE.findall(path.read_text(errors="replace")):
        library = third_party(header)
        if library is not None:
            if library not in table[folder][2]:
                problems.append(f"{relative}: includes {header}, but `{folder}` may not use {library}")
            elif path.suffix == ".hpp" and IN_HEADERS.get(folder) != library:
                problems.append(f"{relative}: includes {header}; third-party headers stay in .cpp files")
        elif quote == '"' and "/" in header and not allowed(folder, header, table):
            problems.append(f"{relative}: includes {header}, but `{folder}` may not include `{header.split('/')[0]}`")
    return problems


def check_links(text, table):
    problems, seen = [], set()
    for name, arguments in re.findall(r"^sidespan_library\((\w+)([^)]*)\)", text, re.MULTILINE):
        seen.add(name)
        if name not in table:
            problems.append(f"CMakeLists.txt: sidespan_{name} has no row in the table")
            continue
        words = arguments.split()
        third_at = words.index("THIRD_PARTY") if "THIRD_PARTY" in words else len(words)
        links = set(words[1:third_at]) if "MAY_INCLUDE" in words else set()
        parties = {TARGETS[word] for word in words[third_at + 1:] if word in TARGETS}
        folders, files, want = table[name]
        if "anything" in folders:
            continue
        # A single file of a folder needs that folder's library as well.
        single = {file.split("/")[0] for file in files} - {"*"}
        if not any(file.startswith("*/") for file in files) and links != folders | single:
            problems.append(f"CMakeLists.txt: sidespan_{name} links {sorted(links)}, the table says {sorted(folders | single)}")
        if parties != want - NOT_TARGETS:
            problems.append(f"CMakeLists.txt: sidespan_{name} links {sorted(parties)}, the table says {sorted(want - NOT_TARGETS)}")
    return problems + [f"CMakeLists.txt: no library for `{name}`" for name in sorted(set(table) - seen)]


def cycles(table):
    """Folders that can reach themselves."""
    def reach(start):
        found, todo = set(), [start]
        while todo:
            for other in table.get(todo.pop(), (set(),))[0]:
                if other not in found:
                    found.add(other)
                    todo.append(other)
        return found
    return [f"the table has a cycle through `{name}`" for name in table if name in reach(name)]


def check(base):
    table = read_table((base / "docs/architecture.md").read_text())
    if not table:
        return ["docs/architecture.md has no table under 'Who may include whom'"]
    proxy = base / "proxy"
    problems = cycles(table) + check_links((proxy / "CMakeLists.txt").read_text(), table)
    for path in sorted([*proxy.rglob("*.hpp"), *proxy.rglob("*.cpp")]):
        if len(path.relative_to(proxy).parts) > 1:  # main.cpp may include anything
            problems += check_file(path, proxy, table)
    return problems


SAMPLE_TABLE = """## Who may include whom
| folder | may include | third party |
|---|---|---|
| `base` | | spdlog |
| `http` | | |
| `trace` | `http` | |
| `config` | `*/settings.hpp`, `http/one.hpp` | yaml-cpp |
"""
SAMPLE_LINKS = """sidespan_library(base THIRD_PARTY spdlog::spdlog Boost::headers)
sidespan_library(http)
sidespan_library(trace MAY_INCLUDE http)
sidespan_library(config MAY_INCLUDE trace http THIRD_PARTY yaml-cpp)
"""
# (file, its text, table, links, whether a problem must be found)
CASES = [
    ("trace/a.cpp", '#include "http/b.hpp"\n#include "base/c.hpp"\n#include "trace/d.hpp"\n', None, None, False),
    ("http/a.cpp", '#include "trace/b.hpp"\n', None, None, True),
    ("http/a.cpp", "#include <boost/asio/ip/tcp.hpp>\n#include <boost/asio/write.hpp>\n", None, None, True),
    ("base/a.hpp", "#include <spdlog/spdlog.h>\n", None, None, True),
    ("base/a.cpp", "#include <spdlog/spdlog.h>\n", None, None, False),
    ("config/a.cpp", '#include "trace/settings.hpp"\n#include "http/one.hpp"\n', None, None, False),
    ("config/a.cpp", '#include "trace/context.hpp"\n', None, None, True),
    ("viewer/a.cpp", "", None, None, True),
    ("http/a.cpp", "", None, SAMPLE_LINKS.replace("(trace MAY_INCLUDE http)", "(trace)"), True),
    ("http/a.cpp", "", None, SAMPLE_LINKS.replace("(http)", "(http THIRD_PARTY OpenSSL::SSL)"), True),
    ("http/a.cpp", "", SAMPLE_TABLE.replace("| `http` | |", "| `http` | `trace` |"), None, True),
]


def self_test():
    for number, (name, text, table, links, want) in enumerate(CASES):
        with tempfile.TemporaryDirectory() as folder:
            base = pathlib.Path(folder)
            (base / "docs").mkdir()
            (base / "docs/architecture.md").write_text(table or SAMPLE_TABLE)
            (base / "proxy" / name).parent.mkdir(parents=True)
            (base / "proxy" / name).write_text(text)
            (base / "proxy/CMakeLists.txt").write_text(links or SAMPLE_LINKS)
            found = check(base)
            if bool(found) != want:
                return [f"case {number} ({name}): expected {'a' if want else 'no'} problem, found {found}"]
    return []


def main():
    problems = self_test() if "--self-test" in sys.argv else check(root)
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
