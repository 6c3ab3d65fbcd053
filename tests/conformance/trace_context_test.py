# SPDX-License-Identifier: Apache-2.0
"""W3C Trace Context from outside, as the W3C's own harness looks at a service: 41 cases by its names.

    harness --headers under test--> sidespan inbound --> app that forwards no header --> sidespan forward proxy --> harness

The app posts to every URL of the JSON list it is given, as that harness's test services do, and copies nothing. What is
asserted is what arrived back at the harness: exactly one traceparent of version 00, and tracestate lines of correct members.
The vectors are those of specs TC-1 to TC-44 (level 2 grammar, all members dropped when one is bad).
"""
import json
import re
import string
import unittest

from support.client import client
from support.origin import origin
from support.sidespan import sidespan

TRACE, PARENT = "12345678901234567890123456789012", "1234567890123456"
GOOD = f"00-{TRACE}-{PARENT}-00"
MEMBER = re.compile(r"[a-z0-9][a-z0-9_\-*/@]{0,255}=[ -+\--<>-~]{0,255}[!-+\--<>-~]")
ALL_VALUE_CHARACTERS = "".join(chr(code) for code in range(0x20, 0x7f) if chr(code) not in ",=")
ALL_KEY_CHARACTERS = string.ascii_lowercase + string.digits + "_-*/"


def parent(text, name="traceparent"):
    return [(name, text)]


def state(*lines, name="tracestate"):
    """A valid parent and these tracestate lines."""
    return [("traceparent", GOOD)] + [(name, line) for line in lines]


def members(first, last):
    return ",".join(f"bar{number:02}={number:02}" for number in range(first, last + 1))


# case -> [(header lines, is the trace id continued, tracestate that must arrive or None when it does not matter)]
NEW, KEPT = False, True
CASES = {
    "both_traceparent_and_tracestate_missing": [([], NEW, [])],
    "traceparent_included_tracestate_missing": [(parent(f"00-{TRACE}-{PARENT}-01"), KEPT, [])],
    "traceparent_duplicated": [(parent(f"00-{TRACE[:-1]}1-{PARENT}-01") + parent(f"00-{TRACE}-{PARENT}-01"), NEW, []),
                               (parent(GOOD) * 2 + [("tracestate", "foo=1")], NEW, [])],
    "traceparent_header_name": [(parent(GOOD, "trace-parent"), NEW, []), (parent(GOOD, "trace.parent"), NEW, [])],
    "traceparent_header_name_valid_casing": [(parent(GOOD, name), KEPT, []) for name in ("TraceParent", "TrAcEpArEnT", "TRACEPARENT")],
    "traceparent_version_0x00": [(parent(GOOD + end), NEW, []) for end in (".", "-what-the-future-will-be-like")],
    "traceparent_version_0xcc": [(parent(f"cc{GOOD[2:]}{end}"), kept, [])
                                 for end, kept in (("", KEPT), ("-what-the-future-will-be-like", KEPT), (".what-the-future-will-be-like", NEW))],
    "traceparent_version_0xff": [(parent(f"ff{GOOD[2:]}"), NEW, [])],
    "traceparent_version_illegal_characters": [(parent(version + GOOD[2:]), NEW, []) for version in (".0", "0.")],
    "traceparent_version_too_long": [(parent(version + GOOD[2:]), NEW, []) for version in ("000", "0000")],
    "traceparent_version_too_short": [(parent(f"0{GOOD[2:]}"), NEW, [])],
    "traceparent_trace_id_all_zero": [(parent(f"00-{'0' * 32}-{PARENT}-01"), NEW, [])],
    "traceparent_trace_id_illegal_characters": [(parent(f"00-{bad}-{PARENT}-01"), NEW, []) for bad in ("." + TRACE[1:], TRACE[:-1] + ".")],
    "traceparent_trace_id_too_long": [(parent(f"00-{TRACE}3-{PARENT}-01"), NEW, [])],
    "traceparent_trace_id_too_short": [(parent(f"00-{TRACE[:-1]}-{PARENT}-01"), NEW, [])],
    "traceparent_parent_id_all_zero": [(parent(f"00-{TRACE}-{'0' * 16}-01"), NEW, [])],
    "traceparent_parent_id_illegal_characters": [(parent(f"00-{TRACE}-{bad}-01"), NEW, []) for bad in ("." + PARENT[1:], PARENT[:-1] + ".")],
    "traceparent_parent_id_too_long": [(parent(f"00-{TRACE}-{PARENT}7-01"), NEW, [])],
    "traceparent_parent_id_too_short": [(parent(f"00-{TRACE}-{PARENT[:-1]}-01"), NEW, [])],
    "traceparent_trace_flags_illegal_characters": [(parent(f"00-{TRACE}-{PARENT}-{bad}"), NEW, []) for bad in (".0", "0.")],
    "traceparent_trace_flags_too_long": [(parent(f"00-{TRACE}-{PARENT}-001"), NEW, [])],
    "traceparent_trace_flags_too_short": [(parent(f"00-{TRACE}-{PARENT}-1"), NEW, [])],
    "traceparent_ows_handling": [(parent(before + GOOD + after), KEPT, [])
                                 for before, after in ((" ", ""), ("\t", ""), ("", " "), ("", "\t"), ("\t ", " \t"))],
    "tracestate_included_traceparent_missing": [([("tracestate", "foo=1")], NEW, []), ([("tracestate", "foo=1,bar=2")], NEW, [])],
    "tracestate_included_traceparent_included": [(state("foo=1,bar=2"), KEPT, ["foo=1", "bar=2"])],
    "tracestate_header_name": [(state("foo=1", name=name), KEPT, []) for name in ("trace-state", "trace.state")],
    "tracestate_header_name_valid_casing": [(state("foo=1", name=name), KEPT, ["foo=1"]) for name in ("TraceState", "TrAcEsTaTe", "TRACESTATE")],
    "tracestate_empty_header": [(state(""), KEPT, []), (state("foo=1", ""), KEPT, ["foo=1"]), (state("", "foo=1"), KEPT, ["foo=1"])],
    "tracestate_multiple_headers_different_keys": [(state("foo=1,bar=2", "rojo=1,congo=2", "baz=3"), KEPT,
                                                    ["foo=1", "bar=2", "rojo=1", "congo=2", "baz=3"])],
    "tracestate_duplicated_keys": [(state(*lines), KEPT, None) for lines in (("foo=1,foo=1",), ("foo=1,foo=2",), ("foo=1", "foo=1"), ("foo=1", "foo=2"))],
    "tracestate_all_allowed_characters": [(state(f"{key}={ALL_VALUE_CHARACTERS}"), KEPT, [f"{key}={ALL_VALUE_CHARACTERS}"])
                                          for key in (ALL_KEY_CHARACTERS, ALL_KEY_CHARACTERS + "@a-z0-9_-*/")],
    "tracestate_ows_handling": [(state("foo=1 \t , \t bar=2, \t baz=3"), KEPT, ["foo=1", "bar=2", "baz=3"]),
                                (state("foo=1\t \t,\t \tbar=2,\t \tbaz=3"), KEPT, ["foo=1", "bar=2", "baz=3"])]
                               + [(state(before + "foo=1" + after), KEPT, ["foo=1"])
                                  for before, after in ((" ", ""), ("\t", ""), ("", " "), ("", "\t"), ("\t ", " \t"))],
    "tracestate_key_illegal_characters": [(state(line), KEPT, []) for line in ("foo =1", "FOO=1", "foo.bar=1")],
    "tracestate_key_illegal_vendor_format": [(state("@foo=1,bar=2"), KEPT, [])]
                                            + [(state(f"{key}=1,bar=2"), KEPT, [f"{key}=1", "bar=2"]) for key in ("foo@", "foo@@bar", "foo@bar@baz")],
    "tracestate_member_count_limit": [(state(members(1, 10), members(11, 20), members(21, 30), members(31, 32)), KEPT, members(1, 32).split(",")),
                                      (state(members(1, 10), members(11, 20), members(21, 30), members(31, 33)), KEPT, [])],
    "tracestate_key_length_limit": [(state(f"{'z' * 256}=1,foo=1"), KEPT, [f"{'z' * 256}=1", "foo=1"]),
                                    (state(f"{'t' * 241}@{'v' * 14}=1,foo=1"), KEPT, [f"{'t' * 241}@{'v' * 14}=1", "foo=1"]),
                                    (state(f"{'z' * 257}=1,foo=1"), KEPT, [])],
    "tracestate_value_illegal_characters": [(state(line), KEPT, []) for line in ("foo=bar=baz", "foo=,bar=3")],
}


class received:
    """What one callback brought, checked for form."""

    def __init__(self, fields):
        lines = fields.all("traceparent")
        assert len(lines) == 1, f"traceparent lines: {lines}"
        match = re.fullmatch(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})", lines[0])
        assert match, lines[0]
        self.trace, self.parent, self.flags = match[1], match[2], int(match[3], 16)
        assert self.trace != "0" * 32 and self.parent != "0" * 16, lines[0]
        self.state = [member.lstrip(" \t") for line in fields.all("tracestate") for member in line.split(",")]
        assert all(MEMBER.fullmatch(member) for member in self.state), self.state


class trace_context(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.harness = cls.enterClassContext(origin())
        cls.app = cls.enterClassContext(origin())
        # How sure it is that the app's call belongs to its request depends on how long the app takes: not what is looked at.
        plan = sidespan().inbound(cls.app.port).forward_proxy().set(trace={"correlate": {"threshold": 0}})
        cls.sidecar = cls.enterClassContext(plan.start())
        cls.app.on("/test", cls.call_back)

    @classmethod
    def call_back(cls, one):
        for call in json.loads(one.read_body()):
            with client(cls.sidecar.proxy) as out:
                out.request("POST", call["url"], [("Content-Type", "application/json")], json.dumps(call["arguments"]).encode(),
                            host=call["url"].split("/")[2])
        one.reply(200)

    def callbacks(self, lines, count=1):
        self.harness.requests.clear()
        calls = [{"url": f"{self.harness.url}/{number}", "arguments": []} for number in range(count)]
        with client(self.sidecar.inbound) as one:
            got = one.request("POST", "/test", [("Accept", "application/json"), *lines], json.dumps(calls).encode())
        self.assertEqual((got.status, len(self.harness.requests)), (200, count))
        return [received(request.fields) for request in self.harness.requests]

    def check(self, lines, kept, want):
        got = self.callbacks(lines)[0]
        self.assertEqual(got.trace == TRACE, kept, f"trace id {got.trace}")
        self.assertNotEqual(got.parent, PARENT)
        if want is not None:
            self.assertEqual(got.state, want)
        else:  # duplicates: kept or dropped, either is right; ours keeps the first (TC-38)
            self.assertEqual(got.state, ["foo=1"])

    def test_multiple_requests_with_valid_traceparent(self):
        got = self.callbacks(parent(f"00-{TRACE}-{PARENT}-01"), 3)
        self.assertEqual({one.trace for one in got}, {TRACE})
        self.assertEqual(len({one.parent for one in got} | {PARENT}), 4)

    def test_multiple_requests_without_traceparent(self):
        got = self.callbacks([], 3)
        self.assertEqual(len({one.parent for one in got}), 3)

    def test_multiple_requests_with_illegal_traceparent(self):
        got = self.callbacks(parent(f"00-{TRACE}-{PARENT}-1"), 3)
        self.assertNotIn(TRACE, {one.trace for one in got})
        self.assertEqual(len({one.parent for one in got}), 3)

    def test_propagates_random_flag(self):  # TC-24, TC-10: copied both ways, unknown bits become 0
        for sent, want in (("03", 3), ("02", 2), ("01", 1), ("00", 0), ("ff", 3), ("fe", 2), ("04", 0)):
            with self.subTest(sent):
                got = self.callbacks(parent(f"00-{TRACE}-{PARENT}-{sent}"))[0]
                self.assertEqual((got.trace, got.flags), (TRACE, want))


def make_test(vectors):
    def test(self):
        for lines, kept, want in vectors:
            with self.subTest(lines=lines):
                self.check(lines, kept, want)
    return test


for case, vectors in CASES.items():
    setattr(trace_context, f"test_{case}", make_test(vectors))


class the_table(unittest.TestCase):
    def test_has_the_41_cases_of_the_harness(self):
        self.assertEqual(sum(name.startswith("test_") for name in dir(trace_context)), 41)


if __name__ == "__main__":
    unittest.main()
