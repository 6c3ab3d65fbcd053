# SPDX-License-Identifier: Apache-2.0
"""The viewer's page in a headless Chromium: known spans go in over OTLP/gRPC, and the page is asked what it shows.

Needs the Debian packages chromium, chromium-driver, python3-grpcio, python3-protobuf and protobuf-compiler.
"""
import importlib
import json
import select
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

import grpc

from support.browser import browser
from support.sidespan import START_SECONDS, environment, program, root

MS = 1_000_000
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
ENTER, DOWN, UP, LEFT, RIGHT, END = "\ue007", "\ue015", "\ue013", "\ue012", "\ue014", "\ue010"
KINDS = {"INTERNAL": 1, "SERVER": 2, "CLIENT": 3}


def setUpModule():
    global page, otlp
    stubs = tempfile.mkdtemp(prefix="sidespan-proto-")
    unittest.addModuleCleanup(shutil.rmtree, stubs)
    proto = root / "proto"
    files = [str(path.relative_to(proto)) for path in sorted(proto.rglob("*.proto"))]
    subprocess.run(["protoc", f"--python_out={stubs}", f"-I{proto}", *files], check=True)
    sys.path.insert(0, stubs)
    otlp = importlib.import_module("opentelemetry.proto.collector.trace.v1.trace_service_pb2")
    page = browser()
    unittest.addModuleCleanup(page.close)


def span(number, parent, name, service, start, length, trace=TRACE, kind="SERVER", error="", attributes=None, candidates=()):
    """Times in milliseconds from an instant a minute ago; `number` and `parent` become span ids, parent 0 is a root."""
    return {"id": number, "parent": parent, "name": name, "service": service, "start": start, "length": length, "trace": trace,
            "kind": kind, "error": error, "attributes": attributes or {}, "candidates": candidates}


def hex_id(number):
    return f"{number:016x}"


def put(attributes, values):
    for key, value in values.items():
        entry = attributes.add(key=key)
        field = {bool: "bool_value", int: "int_value", float: "double_value"}.get(type(value), "string_value")
        setattr(entry.value, field, value)


class viewer:
    """The `viewer` sub-command on ports of its own choice."""

    def __init__(self, *more):
        command = [program(), "viewer", "--listen", "127.0.0.1:0", "--otlp", "127.0.0.1:0", "--print-ports", *more]
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, env=environment())
        ready, _, _ = select.select([self.process.stdout], [], [], START_SECONDS)
        line = self.process.stdout.readline() if ready else b""
        if not line:
            self.process.kill()
            self.process.wait()
            self.log.seek(0)
            raise RuntimeError("the viewer did not start: " + self.log.read().decode(errors="replace"))
        ports = json.loads(line)
        self.url = "http://" + ports["viewer"]
        self.channel = grpc.insecure_channel(ports["otlp"], options=[("grpc.enable_http_proxy", 0)])
        self.export = self.channel.unary_unary("/opentelemetry.proto.collector.trace.v1.TraceService/Export",
                                               request_serializer=otlp.ExportTraceServiceRequest.SerializeToString,
                                               response_deserializer=otlp.ExportTraceServiceResponse.FromString)
        self.epoch = time.time_ns() - 60_000 * MS

    def send(self, *spans):
        request = otlp.ExportTraceServiceRequest()
        for item in spans:
            group = request.resource_spans.add()
            put(group.resource.attributes, {"service.name": item["service"], "service.version": "1.4.2"})
            scope = group.scope_spans.add()
            scope.scope.name = "sidespan"
            made = scope.spans.add(trace_id=bytes.fromhex(item["trace"]), span_id=bytes.fromhex(hex_id(item["id"])), name=item["name"],
                                   kind=KINDS[item["kind"]], start_time_unix_nano=self.epoch + int(item["start"] * MS),
                                   end_time_unix_nano=self.epoch + int((item["start"] + item["length"]) * MS))
            if item["parent"]:
                made.parent_span_id = bytes.fromhex(hex_id(item["parent"]))
            if item["error"]:
                made.status.code = 2
                made.status.message = item["error"]
            put(made.attributes, item["attributes"])
            for trace, number, confidence in item["candidates"]:
                link = made.links.add(trace_id=bytes.fromhex(trace), span_id=bytes.fromhex(hex_id(number)))
                put(link.attributes, {"sidespan.link.type": "candidate_parent", "sidespan.link.confidence": confidence})
        self.export(request, timeout=30)

    def get(self, path):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(self.url + path, timeout=30) as answer:
            return json.load(answer)

    def wait_for(self, spans):
        end = time.monotonic() + 30
        while self.get("/api/stats")["spans"] != spans:
            if time.monotonic() > end:
                raise AssertionError(f"not {spans} spans within 30 s: {self.get('/api/stats')}")
            time.sleep(0.02)

    def close(self):
        self.channel.close()
        self.process.terminate()
        try:
            code = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("the viewer did not end within 20 s of SIGTERM") from None
        finally:
            self.process.stdout.close()
        self.log.seek(0)
        said = self.log.read().decode(errors="replace")
        self.log.close()
        if code != 0:
            raise AssertionError(f"the viewer ended with {code}: {said}")


INFERRED = {"sidespan.parent.method": "exclusive", "sidespan.parent.confidence": 0.998}
FORWARDED = {"sidespan.parent.method": "traceparent", "sidespan.parent.confidence": 1.0}

# name → (expected depth, offset and width as shares of the 100 ms), in the expected order
SHAPE = [
    (1, 0, 0.00, 1.00), (2, 1, 0.10, 0.60), (3, 2, 0.15, 0.50), (4, 3, 0.20, 0.25), (5, 3, 0.50, 0.10), (6, 1, 0.80, 0.10), (7, 2, 0.75, 0.05),
    (8, 0, 0.90, 0.05),
]


def known_spans():
    spans = [
        span(1, 0, "GET /", "web", 0, 100),
        span(2, 1, "GET", "web", 10, 60, kind="CLIENT", attributes=INFERRED),
        span(3, 2, "GET /carts/{id}", "cart", 15, 50, attributes={**FORWARDED, "http.response.status_code": 200, "cached": False, "ratio": 0.5}),
        span(4, 3, "GET", "cart", 20, 25, kind="CLIENT", error="connection reset",
             attributes={"sidespan.parent.method": "candidates", "sidespan.parent.confidence": 0.9912},
             candidates=[(TRACE, 3, 0.6), ("ab" * 16, 0xcd, 0.4)]),
        span(5, 3, "lookup", "cart", 50, 10, kind="INTERNAL"),
        span(6, 1, "GET", "web", 80, 10, kind="CLIENT", attributes={"sidespan.parent.method": "header"}),
        span(7, 6, "GET /prices", "prices", 75, 5),             # its clock is behind its parent's
        span(8, 0xdead, "GET /audit", "audit", 90, 5),          # its parent never comes
        # two more traces for the list
        span(1, 0, "GET /quick", "quick", -1000, 2, trace="11" * 16),
        span(1, 0, "POST /checkout", "checkout", -2000, 500, trace="22" * 16, error="boom"),
    ]
    return spans[::-1]  # the roots last


class page_case(unittest.TestCase):
    """No test may leave an error in the browser's console."""

    expected_errors = ()

    def setUp(self):
        page.console()

    def tearDown(self):
        said = [entry["message"] for entry in page.console() if entry["level"] in ("SEVERE", "WARNING")]
        page.open("about:blank")  # else it would ask for news of a viewer that is gone, in the console of the next test
        self.assertEqual([text for text in said if not any(word in text for word in self.expected_errors)], [])

    def open(self, path, until):
        page.open(self.viewer.url + path)
        page.wait(f"return document.querySelector({until!r}) !== null")

    def rows(self):
        return page.run("return [...document.querySelectorAll('[data-trace-id]')].map(row => row.dataset.traceId)")

    def style(self, selector, name):
        return page.run("return getComputedStyle(document.querySelector(arguments[0]))[arguments[1]]", selector, name)

    def data(self, selector, name):
        return page.run("return document.querySelector(arguments[0]).dataset[arguments[1]] ?? null", selector, name)

    def text(self, selector):
        return page.run("return document.querySelector(arguments[0]).innerText", selector)


class known_trace(page_case):
    @classmethod
    def setUpClass(cls):
        cls.viewer = viewer()
        cls.addClassCleanup(cls.viewer.close)
        cls.viewer.send(*known_spans())
        cls.viewer.wait_for(10)

    def row(self, number):
        return f'[data-span-id="{hex_id(number)}"]'

    def test_list_shows_each_trace_newest_first(self):
        self.open("/", "[data-trace-id]")
        self.assertEqual(self.rows(), [TRACE, "11" * 16, "22" * 16])
        self.assertEqual(self.data(f'[data-trace-id="{TRACE}"]', "error"), "true")
        self.assertEqual(self.data(f'[data-trace-id="{"11" * 16}"]', "error"), "false")
        first = self.text(f'[data-trace-id="{TRACE}"]')
        for word in ("GET /", "web", "100 ms", "8"):
            self.assertIn(word, first)

    def test_list_filters_by_service_status_and_duration_and_keeps_them_in_the_url(self):
        self.open("/", "[data-trace-id]")
        page.run("const s = document.getElementById('filter-service'); s.value = 'cart'; s.dispatchEvent(new Event('change'))")
        page.wait("return document.querySelectorAll('[data-trace-id]').length === 1")
        self.assertEqual(self.rows(), [TRACE])
        self.assertTrue(page.url().endswith("/?service=cart"), page.url())
        page.reload()
        page.wait("return document.querySelectorAll('[data-trace-id]').length === 1")
        self.assertEqual(page.run("return document.getElementById('filter-service').value"), "cart")
        page.back()
        page.wait("return document.querySelectorAll('[data-trace-id]').length === 3")
        for query, expected in (("status=error", [TRACE, "22" * 16]), ("status=ok", ["11" * 16]), ("min_ms=300", ["22" * 16]),
                                ("max_ms=50", ["11" * 16]), ("min_ms=50&max_ms=300&status=error", [TRACE]), ("q=checkout", ["22" * 16])):
            with self.subTest(query):
                self.open("/?" + query, "[data-trace-id]")
                self.assertEqual(self.rows(), expected)
        self.open("/?service=nobody", "[data-empty=filter]")
        page.click("[data-empty=filter] button")
        page.wait("return document.querySelectorAll('[data-trace-id]').length === 3")

    def test_waterfall_has_a_row_per_span_in_order_and_depth(self):
        self.open(f"/trace/{TRACE}", "[data-span-id]")
        seen = page.run("return [...document.querySelectorAll('[data-span-id]')].map(row => [row.dataset.spanId, Number(row.dataset.depth), Number(row.getAttribute('aria-level'))])")
        self.assertEqual(seen, [[hex_id(number), depth, depth + 1] for number, depth, _, _ in SHAPE])
        self.assertEqual(page.run("return document.querySelector('[role=treegrid]').getAttribute('aria-rowcount')"), "9")
        # deeper rows are further to the right
        left = [page.run("return document.querySelector(arguments[0] + ' .service').getBoundingClientRect().left", self.row(n)) for n in (1, 2, 3, 5)]
        self.assertEqual(left, sorted(set(left)))

    def test_bars_lie_where_the_times_say(self):
        self.open(f"/trace/{TRACE}", "[data-span-id]")
        for number, _, offset, width in SHAPE:
            with self.subTest(number):
                self.assertAlmostEqual(float(self.data(self.row(number), "offset")), offset, 5)
                self.assertAlmostEqual(float(self.data(self.row(number), "width")), width, 5)
                left, drawn, whole = page.run(
                    "const row = document.querySelector(arguments[0]), time = row.querySelector('.time').getBoundingClientRect(),"
                    " bar = row.querySelector('.bar').getBoundingClientRect(); return [bar.left - time.left, bar.width, time.width]", self.row(number))
                self.assertAlmostEqual(left / whole, offset, delta=0.005)
                self.assertAlmostEqual(drawn / whole, width, delta=0.01)

    def test_an_inferred_link_is_dashed_and_a_forwarded_one_is_not(self):
        self.open(f"/trace/{TRACE}", "[data-span-id]")
        kinds = {number: self.data(self.row(number), "link") for number, _, _, _ in SHAPE}
        self.assertEqual(kinds, {1: None, 2: "inferred", 3: "forwarded", 4: "inferred", 5: "forwarded", 6: "forwarded", 7: "forwarded", 8: "forwarded"})
        for number, style in ((2, "dashed"), (4, "dashed"), (3, "solid"), (6, "solid")):
            with self.subTest(number):
                self.assertEqual(self.style(self.row(number) + " .link", "borderLeftStyle"), style)
                self.assertEqual(self.style(self.row(number) + " .link", "borderBottomStyle"), style)
        self.assertIn("exclusive 99.8 %", self.text(self.row(2)))
        self.assertIn("candidates 99.1 %", self.text(self.row(4)))
        self.assertNotIn("traceparent", self.text(self.row(3)))

    def test_an_error_is_marked_on_its_span_alone(self):
        self.open(f"/trace/{TRACE}", "[data-span-id]")
        marked = page.run("return [...document.querySelectorAll('[data-span-id]')].filter(row => row.dataset.error === 'true').map(row => row.dataset.spanId)")
        self.assertEqual(marked, [hex_id(4)])
        self.assertEqual(page.run("return document.querySelectorAll('.error-mark').length"), 1)
        self.assertEqual(page.run("return document.querySelector(arguments[0] + ' .error-mark').getAttribute('aria-label')", self.row(4)), "error")

    def test_a_skewed_clock_and_a_missing_parent_are_said(self):
        self.open(f"/trace/{TRACE}", "[data-span-id]")
        self.assertIn("clock skew", self.text(self.row(7)))
        self.assertIn("parent missing", self.text(self.row(8)))
        self.assertEqual(self.data(self.row(8), "orphan"), "true")
        self.assertIsNone(self.data(self.row(7), "orphan"))

    def test_the_panel_shows_attributes_with_their_types(self):
        self.open(f"/trace/{TRACE}", "[data-span-id]")
        page.click(self.row(3))
        page.wait("return document.querySelector('.panel [data-key=\"http.response.status_code\"]') !== null")
        for key, type, text in (("http.response.status_code", "number", "200"), ("cached", "boolean", "false"), ("ratio", "number", "0.5"),
                                ("service.version", "string", "1.4.2"), ("sidespan.parent.method", "string", "traceparent")):
            cell = f'.panel [data-key="{key}"] td'
            self.assertEqual((self.data(cell, "type"), self.text(cell)), (type, text))

    def test_candidates_are_listed_and_lead_to_their_span(self):
        self.open(f"/trace/{TRACE}?span={hex_id(4)}", "[data-candidate]")
        self.assertEqual(page.run("return [...document.querySelectorAll('[data-candidate]')].map(item => item.dataset.candidate)"), [hex_id(3), hex_id(0xcd)])
        self.assertEqual(page.run("return document.querySelectorAll('[data-candidate] a')[1].getAttribute('href')"), f"/trace/{'ab' * 16}?span={hex_id(0xcd)}")
        self.assertEqual(self.data(".panel [data-method]", "method"), "candidates")
        page.click(f'[data-candidate="{hex_id(3)}"] a')
        page.wait("return document.querySelector(arguments[0]).getAttribute('aria-selected') === 'true'", self.row(3))

    def test_a_deep_link_survives_a_reload(self):
        self.open(f"/trace/{TRACE}", "[data-span-id]")
        page.click(self.row(5))
        self.assertTrue(page.url().endswith(f"/trace/{TRACE}?span={hex_id(5)}"), page.url())
        page.reload()
        page.wait("return document.querySelector('[data-span-id][aria-selected=true]') !== null")
        self.assertEqual(self.data("[data-span-id][aria-selected=true]", "spanId"), hex_id(5))
        self.assertEqual(self.text(".panel h2"), "lookup")

    def test_keys_move_close_and_open(self):
        self.open(f"/trace/{TRACE}?span={hex_id(1)}", "[data-span-id]")
        selected = "return document.querySelector('[data-span-id][aria-selected=true]').dataset.spanId"
        page.type(self.row(1), DOWN)
        self.assertEqual(page.run(selected), hex_id(2))
        self.assertEqual(page.run("return document.activeElement.dataset.spanId"), hex_id(2))
        page.type(self.row(2), LEFT)
        self.assertEqual(page.run("return document.querySelectorAll('[data-span-id]').length"), 5)
        self.assertEqual(page.run("return document.querySelector(arguments[0]).getAttribute('aria-expanded')", self.row(2)), "false")
        page.type(self.row(2), RIGHT)
        self.assertEqual(page.run("return document.querySelectorAll('[data-span-id]').length"), 8)
        page.type(self.row(2), END)
        self.assertEqual(page.run(selected), hex_id(8))
        page.type(self.row(8), UP)
        page.type(self.row(7), LEFT)  # has no children: to its parent
        self.assertEqual(page.run(selected), hex_id(6))

    def test_a_pasted_traceparent_leads_to_its_trace(self):
        self.open("/", "[data-trace-id]")
        page.type("#find-text", f"00-{TRACE}-{hex_id(5)}-01" + ENTER)
        page.wait("return document.querySelector('[data-span-id][aria-selected=true]')?.dataset.spanId === arguments[0]", hex_id(5))

    def test_nothing_comes_from_elsewhere(self):
        self.open(f"/trace/{TRACE}", "[data-span-id]")
        loaded = page.run("return performance.getEntriesByType('resource').map(entry => entry.name)")
        self.assertGreater(len(loaded), 8)
        self.assertEqual([name for name in loaded if not name.startswith(self.viewer.url + "/")], [])
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(self.viewer.url + "/") as answer:
            self.assertTrue(answer.headers["Content-Security-Policy"].startswith("default-src 'self'"))

    def test_both_colour_schemes_can_be_read(self):
        light = browser(extra=["--disable-features=DarkMode"])
        dark = browser(extra=["--force-dark-mode"])
        try:
            shades = []
            for one in (light, dark):
                one.open(self.viewer.url + "/")
                one.wait("return document.querySelector('[data-trace-id]') !== null")
                shades.append(one.run("const s = getComputedStyle(document.body); return [s.backgroundColor, s.color]"
                                      ".map(text => text.match(/\\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0))"))
            self.assertGreater(shades[0][0], shades[0][1] + 400)
            self.assertGreater(shades[1][1], shades[1][0] + 400)
        finally:
            light.close()
            dark.close()


class live(page_case):
    def setUp(self):
        super().setUp()
        self.viewer = viewer()
        self.addCleanup(self.viewer.close)

    def test_empty_says_what_to_run_and_fills_without_a_reload(self):
        self.open("/", "[data-empty=store]")
        self.assertIn("waiting for the first span…", self.text("[data-empty=store]"))
        self.assertRegex(self.text("[data-command]"), r"^curl .*http://localhost:\d+/")
        page.wait("return document.getElementById('live').dataset.live === 'live'")
        self.viewer.send(span(1, 0, "GET /", "web", 0, 10))
        page.wait("return document.querySelectorAll('[data-trace-id]').length === 1")
        self.viewer.send(span(1, 0, "GET /b", "other", 50_000, 10, trace="33" * 16))
        page.wait("return document.querySelectorAll('[data-trace-id]').length === 2")
        self.assertEqual(self.rows(), ["33" * 16, TRACE])
        page.wait("return [...document.getElementById('filter-service').options].some(option => option.value === 'other')")
        page.wait("return document.querySelector('[data-stat=kept]').textContent === '2 traces, 2 spans'")

    def test_an_open_trace_grows_when_spans_come_late(self):
        self.viewer.send(span(2, 1, "late", "cart", 10, 10))
        self.viewer.wait_for(1)
        self.open(f"/trace/{TRACE}?span={hex_id(2)}", "[data-span-id]")
        page.wait("return document.getElementById('live').dataset.live === 'live'")
        self.assertEqual(self.data("[data-span-id]", "orphan"), "true")
        self.viewer.send(span(1, 0, "GET /", "web", 0, 40))
        page.wait("return document.querySelectorAll('[data-span-id]').length === 2")
        self.assertEqual(page.run("return [...document.querySelectorAll('[data-span-id]')].map(row => [row.dataset.depth, row.getAttribute('aria-selected')])"),
                         [["0", "false"], ["1", "true"]])

    def test_hostile_texts_are_shown_as_they_are(self):
        bad = '<img src=x onerror="window.hit=1"><script>window.hit=1</script>'
        self.viewer.send(span(1, 0, bad, bad, 0, 10, error=bad, attributes={bad: bad, "big": "x" * 300_000}))
        self.viewer.wait_for(1)
        self.open("/", "[data-trace-id]")
        self.assertIn(bad, page.run("return document.querySelector('[data-trace-id]').textContent"))
        self.open(f"/trace/{TRACE}", "[data-span-id]")
        self.assertEqual(self.text(".panel h2"), bad)
        self.assertEqual(page.run("return document.querySelectorAll('main img, main script').length"), 0)
        self.assertIsNone(page.run("return window.hit ?? null"))
        self.assertLess(page.run("return document.querySelector('[data-key=big] td').textContent.length"), 40_000)

    def test_a_large_trace_keeps_few_rows_in_the_document_and_all_in_reach(self):
        count = 4000
        spans = [span(1, 0, "GET /", "web", 0, 1000)] + [span(n, n - 1 if n % 40 else 1, f"step {n}", "web", n / 5, 1) for n in range(2, count + 1)]
        for start in range(0, count, 1000):
            self.viewer.send(*spans[start:start + 1000])
        self.viewer.wait_for(count)
        self.open(f"/trace/{TRACE}", "[data-span-id]")
        self.assertEqual(page.run("return document.querySelector('[role=treegrid]').getAttribute('aria-rowcount')"), str(count + 1))
        self.assertLess(page.run("return document.querySelectorAll('[data-span-id]').length"), 200)
        page.type(f'[data-span-id="{hex_id(1)}"]', END)
        self.assertEqual(self.data("[data-span-id][aria-selected=true]", "spanId"), hex_id(count))
        self.assertLess(page.run("return document.querySelectorAll('[data-span-id]').length"), 200)

    def test_circles_of_parents_are_opened(self):
        self.viewer.send(span(1, 2, "a", "web", 0, 10), span(2, 1, "b", "web", 1, 10), span(3, 3, "own parent", "web", 2, 5))
        self.viewer.wait_for(3)
        self.open(f"/trace/{TRACE}", "[data-span-id]")
        self.assertEqual(page.run("return [...document.querySelectorAll('[data-span-id]')].map(row => row.dataset.depth)"), ["0", "0", "1"])


class missing_trace(page_case):
    expected_errors = ("404",)

    def test_an_unknown_trace_says_so_and_appears_when_it_comes(self):
        self.viewer = viewer()
        self.addCleanup(self.viewer.close)
        self.open(f"/trace/{TRACE}", "[data-missing]")
        page.wait("return document.getElementById('live').dataset.live === 'live'")
        self.viewer.send(span(1, 0, "GET /", "web", 0, 10))
        page.wait("return document.querySelector('[data-span-id]') !== null")


class full_store(page_case):
    def test_the_footer_says_what_was_dropped(self):
        self.viewer = viewer("--max-size", "1MiB")
        self.addCleanup(self.viewer.close)
        for number in range(1, 41):
            self.viewer.send(*[span(n, n - 1, "GET /", "web", number, 10, trace=f"{number:032x}", attributes={"text": "x" * 8000}) for n in range(1, 11)])
        end = time.monotonic() + 30
        while (stats := self.viewer.get("/api/stats"))["spans"] + stats["dropped_spans"] < 400 and time.monotonic() < end:
            time.sleep(0.02)
        self.assertEqual(stats["spans"] + stats["dropped_spans"], 400)
        self.assertGreater(stats["dropped_traces"], 10)
        self.assertLessEqual(stats["bytes"], 1024 * 1024)
        self.open("/", "[data-stat=dropped]")
        self.assertEqual(self.text("[data-stat=dropped]"), f"dropped: {stats['dropped_traces']} traces, {stats['dropped_spans']} spans")


if __name__ == "__main__":
    unittest.main()
