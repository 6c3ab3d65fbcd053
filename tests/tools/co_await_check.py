#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails on the co_await forms that GCC 12.2 miscompiles (docs/development.md names them) and on co_spawn outside net/spawn.

A statement with co_await may hold: one co_await, whose arguments are names, std::move(name) or constructor calls with
parentheses. No braces, no capturing lambda, no ?:, no && or ||. In a condition only behind an initialiser:
`if (auto r = co_await f(); !r)`. --self-test runs it on known good and bad snippets.
"""
import pathlib
import re
import sys

root = pathlib.Path(__file__).resolve().parents[2]
TOKEN = re.compile(r'''R"(?P<d>[^()\s\\]*)\(.*?\)(?P=d)"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'|//[^\n]*|/\*.*?\*/
|^[ \t]*\#(?:[^\n]*\\\n)*[^\n]*|[A-Za-z_]\w*|\d[\w.']*|->|::|&&|\|\||.''', re.DOTALL | re.MULTILINE | re.VERBOSE)
BLOCK_WORDS = {"else", "do", "try", "const", "noexcept", "override", "final", "mutable", ")", "{", "}", ";", ":"}
CONDITIONS = {"if", "while", "for", "switch"}
OPEN, CLOSE = {"(": ")", "[": "]", "{": "}"}, {")", "]", "}"}


def tokens(text):
    """(text, line) of everything but white space, comments and preprocessor lines; literals become one token."""
    line, out = 1, []
    for match in TOKEN.finditer(text):
        word = match[0]
        stripped = word.lstrip()
        if stripped and not stripped.startswith(("//", "/*", "#")):
            out.append(("literal" if word[0] in "\"'" or word.startswith('R"') else word, line))
        line += word.count("\n")
    return out


class scanner:
    """Cuts the tokens of a file into statements; a block inside one (a lambda's body) is scanned by itself."""

    def __init__(self, text):
        self.tokens = tokens(text)
        self.at = 0
        self.problems = []

    def opens_block(self, statement):
        if not statement:
            return True
        words = [word for word, _ in statement]
        if words[0] in ("namespace", "class", "struct", "enum", "union", "extern") and "(" not in words:
            return True
        if "->" in words:  # a trailing return type: everything behind it is part of a type
            behind = words[len(words) - 1 - words[::-1].index("->"):]
            if all(re.fullmatch(r"[\w:<>,*&]+|->", word) for word in behind) and words[-len(behind) - 1:][0] in (")", "noexcept", "mutable"):
                return True
        if words[-1] == "]":  # a lambda without parameters, or a subscript
            return "[" in words and self.is_lambda(words, len(words) - 1 - words[::-1].index("["))
        return words[-1] in BLOCK_WORDS

    @staticmethod
    def is_lambda(words, bracket):
        before = words[bracket - 1] if bracket else ""
        return not re.fullmatch(r"\w+|\)|\]", before) or before in ("return", "co_return", "co_await")

    def block(self, closing=None):
        """Scans statements up to `closing` (or the end)."""
        statement, depth = [], []
        while self.at < len(self.tokens):
            word, line = self.tokens[self.at]
            self.at += 1
            if word == "{" and self.opens_block(statement):
                in_expression = bool(depth)
                self.block("}")
                if in_expression or self.next_is((",", ")", ";", "(")):
                    statement.append(("<body>", line))
                else:
                    self.judge(statement)
                    statement = []
                continue
            if not depth and word == closing:
                self.judge(statement)
                return
            if word in OPEN:
                depth.append(OPEN[word])
            elif depth and word == depth[-1]:
                depth.pop()
            statement.append((word, line))
            if not depth and word == ";":
                self.judge(statement)
                statement = []
            elif not depth and word == ")" and self.is_header(statement):
                self.judge(statement)
                statement = []
        self.judge(statement)

    def next_is(self, words):
        return self.at < len(self.tokens) and self.tokens[self.at][0] in words

    @staticmethod
    def is_header(statement):
        words = [word for word, _ in statement[:3]]
        while words and words[0] == "else":
            words.pop(0)
        return bool(words) and words[0] in CONDITIONS

    def judge(self, statement):
        words = [word for word, _ in statement]
        if "co_await" not in words:
            return
        line = statement[words.index("co_await")][1]
        say = lambda what: self.problems.append((line, what))
        if words.count("co_await") > 1:
            say("several co_await in one statement")
        if "{" in words:
            say("braces in a statement with co_await")
        if "?" in words:
            say("?: in a statement with co_await")
        if "&&" in words[words.index("co_await"):] or "||" in words:
            say("&& or || in a statement with co_await")
        for at, word in enumerate(words):
            if word == "[" and self.is_lambda(words, at) and words[at + 1] not in ("]", "["):
                say("a capturing lambda in a statement with co_await")
        while words and words[0] == "else":
            words.pop(0)
        if words[0] in CONDITIONS:
            self.judge_condition(words, say)

    @staticmethod
    def judge_condition(words, say):
        inner = words[words.index("(") + 1:]
        if words[0] not in ("if", "switch") or ";" not in inner or "co_await" in inner[inner.index(";"):]:
            say(f"co_await in the condition of a `{words[0]}` (only behind an initialiser: if (auto r = co_await f(); !r))")


def check_text(name, text):
    scan = scanner(text)
    scan.block()
    problems = [f"{name}:{line}: {what}" for line, what in scan.problems]
    if not re.fullmatch(r"proxy/net/spawn\.(cpp|hpp)", name):
        problems += [f"{name}:{line}: co_spawn outside proxy/net/spawn" for word, line in scan.tokens if word == "co_spawn"]
    return problems


GOOD = """
task<int> f(std::string a) { auto r = co_await g(std::move(a)); co_return r; }
task<int> f() { if (auto r = co_await g(); !r) co_return r.error(); co_return co_await g(1, x::y); }
task<int> f() { for (;;) { auto piece = co_await body.next(buffer); if (!piece) break; } }
task<void> f() { std::vector<int> v{1, 2}; co_await g(v); auto l = [v] { return v[0]; }; co_await h(l); }
net::task<base::result<void>> c::run() noexcept { co_await stream_.send(text_[0]); }
void f() { spawn(executor, [](int a) -> task<void> { co_await g(a); }); }
task<int> f() { const bool a = x && y; int b = a ? 1 : 2; co_await g(b); switch (auto r = co_await g(); r.kind()) { case 1: co_await g(2); } }
task<int> f() { co_await timer.async_wait(use_awaitable); // co_await f({1}) ? a : b
  /* co_await co_await */ log("co_await f({})"); }
struct s { int a{1}; task<int> f(int&& a) { co_await g(); } };
task<int> f() { else_(); if (a) co_await g(); else co_await h(); do { co_await g(); } while (b); }
template <class T> auto f(T t) -> task<T> { co_await t(); }
"""
BAD = """
task<int> f() { co_await g({1, 2}); }
task<int> f() { co_await g(point{1, 2}); }
task<int> f() { auto r = co_await g(std::vector<int>{}); }
task<int> f() { point p{co_await g(), 1}; }
task<int> f() { co_return point{co_await g()}; }
task<int> f() { co_await g(co_await h()); }
task<int> f() { int a = co_await g() + co_await h(); }
task<int> f() { if (co_await g()) a(); }
task<int> f() { if (!co_await g()) a(); else b(); }
task<int> f() { if (a) b(); else if (co_await g()) c(); }
task<int> f() { while (co_await g()) a(); }
task<int> f() { while (auto r = co_await g()) a(); }
task<int> f() { for (auto x : co_await g()) a(); }
task<int> f() { if (auto a = h(); co_await g(a)) b(); }
task<int> f() { auto a = co_await g([b] { return b; }); }
task<int> f() { co_await g(x, [&](int a) -> task<int> { co_return a; }); }
task<int> f() { co_await g(a ? b : c); }
task<int> f() { std::string s = a ? b : co_await g(); }
task<int> f() { bool both = co_await g() && h; }
void f() { boost::asio::co_spawn(executor, g(), detached); }
"""


def self_test():
    problems = []
    for number, snippet in enumerate(re.split(r"\n(?=\S)", GOOD.strip())):
        problems += [f"good snippet {number}: {found}" for found in check_text("x.cpp", snippet)]
    for number, snippet in enumerate(BAD.strip().split("\n")):
        if not check_text("x.cpp", snippet):
            problems.append(f"bad snippet {number} is not found: {snippet}")
    return problems


def main():
    if "--self-test" in sys.argv:
        problems = self_test()
    else:
        problems = []
        for path in sorted([*root.glob("proxy/**/*.cpp"), *root.glob("proxy/**/*.hpp")]):
            problems += check_text(str(path.relative_to(root)), path.read_text(errors="replace"))
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
