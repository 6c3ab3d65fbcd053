# SPDX-License-Identifier: Apache-2.0
"""Differential: whatever we forward for a hostile payload, nginx and haproxy read as the very requests we meant.

payload -> sidespan -> recording origin. What it recorded, byte for byte, is given to nginx and to haproxy, each in front of
an origin of its own that notes method, target and content. All must see the same; so must a strict reader of the bytes,
the caller (one answer per request) and our own spans. A payload that was refused must have sent on nothing whole.
"""
import asyncio
import collections
import itertools
import re
import unittest

from support.collector import collector
from support import wire
from support.sidespan import sidespan

from lane import one_message
from other_proxies import echo_origin, other_proxy
from payloads import PAYLOADS

SENTINEL = b"GET /sentinel HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
SEEN_LAST = (b"GET", b"/sentinel", b"")
FINAL = re.compile(rb"HTTP/1\.1 ([2-5][0-9][0-9]) ")


def nginx_refuses(request):
    """Correct, but not taken by it: methods that are not all capitals, the asterisk, paths that leave the root, NUL."""
    method, target, _ = request
    return not re.fullmatch(rb"[A-Z_-]+", method) or target in (b"*", b"/../g", b"/%2f..%2f", b"/%00")


REFUSES = {"nginx": nginx_refuses, "haproxy": lambda request: False}


class outcome:
    def __init__(self, name):
        self.name, self.answers, self.requests, self.streams, self.others = name, [], [], [], {}


async def send_through(port, payload, origin):
    """(status codes that the caller got, requests at the origin, bytes of each of its connections)"""
    reader, writer = await asyncio.open_connection(getattr(port, "host", "127.0.0.1"), int(port))
    answered = b""
    try:
        writer.write(payload)
        writer.write_eof()
        async with asyncio.timeout(30):
            while piece := await reader.read(65536):
                answered += piece
    except ConnectionError:
        pass
    finally:
        writer.transport.abort()
    await asyncio.sleep(0.003)
    for _ in range(20):  # what was sent on before the answer is in the kernel; accepting and reading it takes some turns of the loop
        await asyncio.sleep(0)
    return ([int(code) for code in FINAL.findall(answered)], *origin.take())


async def run_all(port, origin, found):
    others = [other_proxy(name, await echo_origin().open()) for name in ("nginx", "haproxy")]
    try:
        for name, payload in PAYLOADS:
            one = outcome(name)
            one.answers, one.requests, one.streams = await send_through(port, payload, origin)
            found.append(one)
        for other in others:
            for one in found:
                one.others[other.name] = [await other.see(stream, SENTINEL if is_whole(stream) else b"") for stream in one.streams]
    finally:
        for other in others:
            other.stop()


def is_whole(stream):
    """Only then may another request follow; else it was cut off."""
    try:
        while stream:
            *_, stream = one_message(stream)
        return True
    except wire.closed:
        return False


async def with_program(found):
    origin = await echo_origin().open()
    with collector() as spans:
        plan = sidespan().inbound(origin.port).export(spans.endpoint)
        program = await asyncio.to_thread(plan.start)
        try:
            await run_all(program.inbound, origin, found)
        finally:
            await asyncio.to_thread(program.__exit__, None, None, None)
        return list(spans.spans)


class differential(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.found = []
        cls.spans = asyncio.run(with_program(cls.found))
        forwarded = sum(bool(one.requests) for one in cls.found)
        print(f"{len(cls.found)} payloads: {forwarded} forwarded something, {len(cls.found) - forwarded} nothing")

    def test_there_are_enough_of_both_kinds(self):
        self.assertGreaterEqual(len(self.found), 200)
        self.assertGreaterEqual(sum(bool(one.requests) for one in self.found), 80)
        self.assertGreaterEqual(sum(not one.requests for one in self.found), 150)

    def test_every_answer_of_the_origin_went_to_a_request_of_the_caller(self):
        for one in self.found:
            with self.subTest(one.name):
                self.assertEqual(sum(code == 200 for code in one.answers), len(one.requests), (one.answers, one.requests))

    def test_a_refused_payload_sent_on_nothing_whole(self):
        for one in self.found:
            if one.answers and one.answers[0] != 200:
                with self.subTest(one.name):
                    self.assertEqual(one.requests, [])

    def test_nothing_behind_a_refused_request_was_read(self):
        for one in self.found:
            with self.subTest(one.name):
                bad = [at for at, code in enumerate(one.answers) if code >= 400]
                self.assertIn(bad, ([], [len(one.answers) - 1]))

    def check(self, name):
        for one in self.found:
            with self.subTest(one.name):
                seen = [request for requests, _ in one.others[name] for request in requests]
                answered = b"".join(text for _, text in one.others[name])
                about = (b"".join(one.streams), answered[-300:])
                taken = list(itertools.takewhile(lambda request: not REFUSES[name](request), one.requests))
                self.assertEqual([request for request in seen if request != SEEN_LAST], taken, about)
                if len(taken) < len(one.requests):
                    self.assertIn(b"HTTP/1.1 4", answered)
                else:
                    self.assertEqual(seen.count(SEEN_LAST), sum(map(is_whole, one.streams)), about)

    def test_nginx_sees_the_same_requests(self):
        self.check("nginx")

    def test_haproxy_sees_the_same_requests(self):
        self.check("haproxy")

    def test_the_spans_tell_of_the_same_requests(self):
        told = collections.Counter()
        for span in self.spans:
            attributes = span.attributes
            if span.kind == "server" and attributes.get("http.response.status_code") == 200:
                told[attributes.get("http.request.method_original") or attributes["http.request.method"], attributes["url.path"]] += 1
        sent = collections.Counter((method.decode(), target.decode().split("?")[0]) for one in self.found for method, target, _ in one.requests)
        self.assertEqual(told - sent, collections.Counter())
        self.assertEqual(sent - told, collections.Counter())


if __name__ == "__main__":
    unittest.main()
