#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What we export, read back from the programs that people run: an OpenTelemetry Collector (its file exporter) and Jaeger (its
query API). Run by tests/tools/interop_receivers.sh, which builds both; the last line is `N passed, N failed`.
"""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

from support.client import client, get
from support.origin import origin, refused_port, until
from support.sidespan import sidespan

PROGRAMS = pathlib.Path(os.environ["INTEROP_PROGRAMS"])
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SERVER, CLIENT = 2, 3  # SpanKind of OTLP
ERROR = 2              # StatusCode


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as held:
        return held.getsockname()[1]


class program:
    """A receiver that runs, with its output kept in a file."""

    def __init__(self, name, *arguments):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"interop-{name}-"))
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.name, self.arguments = name, arguments
        self.process = None

    def start(self):
        with open(self.folder / "output", "ab") as output:
            self.process = subprocess.Popen([PROGRAMS / self.name, *self.arguments], stdin=subprocess.DEVNULL, stdout=output,
                                            stderr=output)
        until(self.listens, 60, 0.05)
        return self

    def listens(self):
        assert self.process.poll() is None, self.output()
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def output(self):
        return (self.folder / "output").read_text(errors="replace")[-4000:]

    def stop(self):
        """In the friendly way: it writes out what it has acknowledged."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class collector(program):
    def __init__(self):
        super().__init__("collector")
        self.file = self.folder / "spans.json"
        config = self.folder / "config.yaml"
        config.write_text(json.dumps({
            "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": f"127.0.0.1:{self.port}"}}}},
            "exporters": {"file": {"path": str(self.file), "append": True, "flush_interval": "100ms"}},
            "service": {"pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["file"]}},
                        "telemetry": {"metrics": {"level": "none"}}}}))
        self.arguments = ("--config", str(config))

    def spans(self):
        """(resource attributes, scope, span) of each, as the file exporter wrote them."""
        out = []
        for line in self.file.read_text().split("\n") if self.file.exists() else []:
            for part in (json.loads(line)["resourceSpans"] if line.endswith("}") else []):
                resource = attributes(part["resource"]["attributes"])
                out += [(resource, scope["scope"], one) for scope in part["scopeSpans"] for one in scope["spans"]]
        return out

    def wait_for(self, count, seconds=30):
        until(lambda: len(self.spans()) >= count, seconds, 0.05)
        return self.spans()


class jaeger(program):
    def __init__(self):
        self.query = free_port()
        super().__init__("jaeger")
        here = "127.0.0.1:"
        ports = {"collector.otlp.grpc.host-port": self.port, "query.http-server.host-port": self.query}
        others = ("collector.otlp.http.host-port", "collector.grpc-server.host-port", "collector.http-server.host-port",
                  "query.grpc-server.host-port", "admin.http.host-port")
        ports.update({name: free_port() for name in others})
        self.arguments = tuple(f"--{name}={here}{port}" for name, port in ports.items())

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.query}{path}", timeout=10) as answer:
            return json.load(answer)["data"]

    def trace(self, trace_id, count):
        """The spans of a trace by id, once there are so many."""
        def read():
            try:
                [found] = self.get(f"/api/traces/{trace_id}")
            except (urllib.error.HTTPError, ValueError):
                return None
            return found if len(found["spans"]) >= count else None
        found = until(read, 30, 0.05)
        for one in found["spans"]:
            one["process"] = found["processes"][one["processID"]]
            one["values"] = {tag["key"]: tag["value"] for tag in one["tags"]}
        return found["spans"]


def attributes(pairs):
    """With their types: the keys of the values, as in OTLP JSON, where 64-bit integers are strings."""
    out = {}
    for pair in pairs:
        [(kind, value)] = pair["value"].items()
        assert pair["key"] not in out, f"{pair['key']} comes twice"
        out[pair["key"]] = int(value) if kind == "intValue" else value
    return out


class chain(unittest.TestCase):
    """caller → inbound → app → outbound → dependency, with a known context."""

    receiver = collector
    otlp = {}

    def setUp(self):
        self.far = self.enterContext(self.receiver())
        self.app, self.dependency = self.enterContext(origin()), self.enterContext(origin())
        held, refused = refused_port()
        self.addCleanup(held.close)
        self.began = time.time_ns()
        self.sidecar = self.enterContext(
            sidespan("interop-shop").inbound(self.app.port, routes=["GET /carts/{id}"]).outbound(self.dependency.port)
            .outbound(refused).export(self.far.endpoint, delay="50ms", **self.otlp)
            .set(resource={"deployment.environment.name": "test"}).start())
        self.dependency.on("/missing", lambda one: one.reply(404))
        self.app.on("/carts/7", lambda one: one.reply(self.call_out(one, self.sidecar.outbounds[0], "/missing")))
        self.app.on("/carts/8", lambda one: one.reply(self.call_out(one, self.sidecar.outbounds[1], "/refused")))

    def call_out(self, one, port, target):
        kept = [(name, value) for name, value in one.fields if name.lower() in ("traceparent", "tracestate")]
        return get(port, target, kept).status

    def ask(self, target, trace_id=TRACE):
        return get(self.sidecar.inbound, target, [("traceparent", f"00-{trace_id}-{PARENT}-01"), ("tracestate", "a=1,b=2")])


class in_a_collector(chain):
    def test_every_field_arrives(self):
        self.assertEqual(self.ask("/carts/7?sig=secret").status, 404)
        spans = self.far.wait_for(2)
        self.assertEqual(len(spans), 2)
        by_kind = {one["kind"]: one for _, _, one in spans}
        server, outgoing = by_kind[SERVER], by_kind[CLIENT]
        for resource, scope, one in spans:
            self.assertEqual((resource["service.name"], resource["deployment.environment.name"]), ("interop-shop", "test"))
            self.assertEqual(scope["name"], "sidespan")
            self.assertEqual((one["traceId"], one["traceState"]), (TRACE, "a=1,b=2"))
            self.assertLessEqual(self.began, int(one["startTimeUnixNano"]))
            self.assertLess(int(one["startTimeUnixNano"]), int(one["endTimeUnixNano"]))
        self.assertEqual((server["parentSpanId"], outgoing["parentSpanId"]), (PARENT, server["spanId"]))
        self.assertEqual((server["name"], outgoing["name"].split()[0]), ("GET /carts/{id}", "GET"))
        self.assertEqual((server["status"].get("code", 0), outgoing["status"].get("code", 0)), (0, ERROR))
        self.assertEqual(server["flags"] & 0x301, 0x301)  # sampled; its parent is known to be remote
        had, called = attributes(server["attributes"]), attributes(outgoing["attributes"])
        for name, value in {"http.request.method": "GET", "url.path": "/carts/7", "url.query": "sig=REDACTED", "url.scheme": "http",
                            "http.route": "/carts/{id}", "http.response.status_code": 404}.items():
            self.assertEqual(had[name], value, name)
        for name, value in {"http.request.method": "GET", "url.full": f"{self.dependency.url}/missing", "server.address": "127.0.0.1",
                            "server.port": self.dependency.port, "http.response.status_code": 404, "error.type": "404"}.items():
            self.assertEqual(called[name], value, name)

    def test_a_failure_arrives_as_one(self):
        self.assertEqual(self.ask("/carts/8").status, 502)
        by_kind = {one["kind"]: one for _, _, one in self.far.wait_for(2)}
        self.assertEqual([by_kind[kind]["status"]["code"] for kind in (SERVER, CLIENT)], [ERROR, ERROR])
        self.assertEqual(attributes(by_kind[CLIENT]["attributes"])["error.type"], "connection_refused")

    def test_a_restart_of_the_collector_loses_nothing(self):
        ids = []

        def requests(count):
            with client(self.sidecar.inbound) as one:
                for _ in range(count):
                    ids.append(f"{len(ids) + 1:032x}")
                    one.request(target="/plain", head_fields=[("traceparent", f"00-{ids[-1]}-{PARENT}-01")])

        requests(500)
        self.far.stop()
        requests(1000)
        self.far.start()
        requests(500)
        spans = self.far.wait_for(2000, 60)
        self.assertEqual(sorted(one["traceId"] for _, _, one in spans), ids)
        until(lambda: self.sidecar.metrics().books()["queued"] == 0, 20)
        books = self.sidecar.metrics().books()
        self.assertEqual([books[name] for name in ("recorded", "acknowledged", "lost", "dropped")], [2000, 2000, 0, 0])


class in_a_collector_with_gzip(in_a_collector):
    otlp = {"compression": "gzip"}


class in_jaeger(chain):
    receiver = jaeger

    def test_the_trace_is_found_by_its_id_with_its_parents(self):
        self.assertEqual(self.ask("/carts/7?sig=secret").status, 404)
        spans = {one["values"]["span.kind"]: one for one in self.far.trace(TRACE, 2)}
        server, outgoing = spans["server"], spans["client"]

        def parent(one):
            [reference] = one["references"]
            self.assertEqual((reference["refType"], reference["traceID"]), ("CHILD_OF", TRACE))
            return reference["spanID"]

        self.assertEqual((parent(server), parent(outgoing)), (PARENT, server["spanID"]))
        self.assertEqual((server["operationName"], outgoing["operationName"].split()[0]), ("GET /carts/{id}", "GET"))
        for one in spans.values():
            self.assertEqual(one["process"]["serviceName"], "interop-shop")
            resource = {tag["key"]: tag["value"] for tag in one["process"]["tags"]}
            self.assertEqual(resource["deployment.environment.name"], "test")
            self.assertEqual(one["values"]["http.response.status_code"], 404)
            self.assertEqual(one["values"]["w3c.tracestate"], "a=1,b=2")
            self.assertLessEqual(self.began // 1000, one["startTime"])
            self.assertGreater(one["duration"], 0)
        self.assertNotIn("error", server["values"])
        self.assertIs(outgoing["values"]["error"], True)
        self.assertEqual(outgoing["values"]["server.port"], self.dependency.port)

    def test_it_is_found_by_service_and_route(self):
        self.assertEqual(self.ask("/carts/8").status, 502)
        self.far.trace(TRACE, 2)
        self.assertIn("interop-shop", self.far.get("/api/services"))
        operations = self.far.get("/api/services/interop-shop/operations")
        self.assertIn("GET /carts/{id}", operations)
        found = self.far.get("/api/traces?service=interop-shop&tags=%7B%22error.type%22%3A%22connection_refused%22%7D")
        self.assertEqual([one["traceID"] for one in found], [TRACE])


def main():
    result = unittest.TextTestRunner(verbosity=2, stream=sys.stdout).run(unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__]))
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - bad} passed, {bad} failed", flush=True)
    return bad != 0 or result.testsRun == 0


if __name__ == "__main__":
    sys.exit(main())
