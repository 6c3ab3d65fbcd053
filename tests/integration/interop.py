#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What we export, received and decoded by code that is not ours: the `opentelemetry-proto` and `grpcio` packages from PyPI,
nothing of our own proto/. A mistake that our encoder and our decoder share cannot hide here (specs §4.3).

Run by tests/tools/interop.sh in a virtual environment; its last line is `N passed, N failed`.
"""
import re
import sys
import threading
import time
import unittest
from concurrent import futures

import grpc
from google.protobuf import unknown_fields
from google.protobuf.descriptor import FieldDescriptor
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as service
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as rpc
from opentelemetry.proto.trace.v1 import trace_pb2 as trace

from support.client import client, get
from support.front import front
from support.origin import origin
from support.sidespan import sidespan

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
HAS_IS_REMOTE = trace.SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK
IS_REMOTE = trace.SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK


class receiver(rpc.TraceServiceServicer):
    """The packages' own server. `answers`: what the next requests get: a status code, or how many spans are refused."""

    def __init__(self):
        self.requests, self.metadata, self.answers, self.times = [], [], [], []
        self.changed = threading.Condition()
        self.server = grpc.server(futures.ThreadPoolExecutor(8))
        rpc.add_TraceServiceServicer_to_server(self, self.server)
        self.wire = front(self.server.add_insecure_port("127.0.0.1:0"))  # keeps the bytes that came
        self.endpoint = f"http://127.0.0.1:{self.wire.port}"
        self.server.start()

    def Export(self, request, context):
        with self.changed:
            self.requests.append(request)
            self.times.append(time.time_ns())
            self.metadata.append(dict(context.invocation_metadata()))
            answer = self.answers.pop(0) if self.answers else 0
            self.changed.notify_all()
        if isinstance(answer, grpc.StatusCode):
            context.abort(answer, "told to be")
        response = service.ExportTraceServiceResponse()
        if answer:
            response.partial_success.rejected_spans = answer
            response.partial_success.error_message = "told to refuse some"
        return response

    def spans(self):
        return [one for request in self.requests for part in request.resource_spans for scope in part.scope_spans for one in scope.spans]

    def wait_for(self, count, seconds=10):
        with self.changed:
            if not self.changed.wait_for(lambda: len(self.spans()) >= count, seconds):
                raise AssertionError(f"{len(self.spans())} spans came, not {count}")
            return self.spans()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.wire.close()
        self.server.stop(None).wait()


def plain(pairs):
    keys = [pair.key for pair in pairs]
    assert len(set(keys)) == len(keys), f"a key comes twice: {keys}"
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}


def messages_in(message):
    yield message
    for field, value in message.ListFields():
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            for one in value if field.is_repeated else [value]:
                yield from messages_in(one)


class chain(unittest.TestCase):
    """client → inbound → app → outbound → dependency; the app passes the context on unless told otherwise."""

    service = "interop-shop"
    otlp = {}
    forwards = True

    def setUp(self):
        self.far = self.enterContext(receiver())
        self.app, self.dependency = self.enterContext(origin()), self.enterContext(origin())
        plan = (sidespan(self.service).inbound(self.app.port, routes=["GET /carts/{id}"]).outbound(self.dependency.port)
                .export(self.far.endpoint, delay="50ms", **self.otlp).set(resource={"deployment.environment.name": "test"}))
        self.began = time.time_ns()
        self.sidecar = self.enterContext(plan.start())
        self.app.otherwise(self.call_out)

    def call_out(self, one):
        kept = [(name, value) for name, value in one.fields if self.forwards and name.lower() in ("traceparent", "tracestate")]
        inner = get(self.sidecar.outbound, "/stock?sku=7", kept)
        one.reply(inner.status)

    def one_request(self, head_fields=()):
        self.assertEqual(get(self.sidecar.inbound, "/carts/7?a=b", head_fields).status, 200)
        return self.pair(self.far.wait_for(2))

    def pair(self, spans):
        (server,) = [one for one in spans if one.kind == trace.Span.SPAN_KIND_SERVER]
        (outgoing,) = [one for one in spans if one.kind == trace.Span.SPAN_KIND_CLIENT]
        return server, outgoing

    def books(self):
        return self.sidecar.metrics().books()


class fields(chain):
    def test_ids_names_kinds_and_times(self):
        for one in self.one_request():
            self.assertEqual((len(one.trace_id), len(one.span_id)), (16, 8))
            self.assertTrue(any(one.trace_id) and any(one.span_id))
            self.assertTrue(one.name)
            self.assertLessEqual(self.began, one.start_time_unix_nano)
            self.assertLessEqual(one.start_time_unix_nano, one.end_time_unix_nano)
            self.assertLessEqual(one.end_time_unix_nano, self.far.times[-1])

    def test_nothing_is_sent_that_otlp_does_not_know(self):
        self.one_request([("traceparent", f"00-{TRACE}-{PARENT}-01"), ("tracestate", "a=1")])
        for request in self.far.requests:
            for message in messages_in(request):
                self.assertEqual(len(unknown_fields.UnknownFieldSet(message)), 0, message)

    def test_root_and_local_child(self):
        server, outgoing = self.one_request()
        self.assertEqual(server.parent_span_id, b"")
        self.assertEqual(server.flags & ~0xff, HAS_IS_REMOTE)
        self.assertEqual(server.flags & 0xff, 0x03)  # sampled, random
        self.assertEqual((outgoing.trace_id, outgoing.parent_span_id), (server.trace_id, server.span_id))
        self.assertEqual(outgoing.flags & 0xff, 0x03)
        self.assertNotEqual(server.span_id, outgoing.span_id)
        sent = self.dependency.last.fields.get("traceparent").split("-")
        self.assertEqual((sent[1], sent[2]), (outgoing.trace_id.hex(), outgoing.span_id.hex()))

    def test_remote_parent_and_tracestate(self):
        server, outgoing = self.one_request([("traceparent", f"00-{TRACE}-{PARENT}-01"), ("tracestate", "a=1,b=2")])
        self.assertEqual((server.trace_id.hex(), server.parent_span_id.hex()), (TRACE, PARENT))
        self.assertEqual(server.flags, HAS_IS_REMOTE | IS_REMOTE | 0x01)
        self.assertEqual((server.trace_state, outgoing.trace_state), ("a=1,b=2", "a=1,b=2"))

    def test_attributes_are_unique_and_typed(self):
        server, outgoing = self.one_request()
        want = {"http.request.method": "GET", "http.response.status_code": 200, "http.route": "/carts/{id}", "url.path": "/carts/7",
                "url.query": "a=b", "url.scheme": "http", "network.protocol.version": "1.1"}
        have = plain(server.attributes)
        self.assertEqual({key: have.get(key) for key in want}, want)
        self.assertEqual((server.name, outgoing.name), ("GET /carts/{id}", "GET /stock"))
        have = plain(outgoing.attributes)
        self.assertEqual((have["http.response.status_code"], have["server.port"]), (200, self.dependency.port))
        self.assertEqual(have["url.full"], f"http://127.0.0.1:{self.dependency.port}/stock?sku=7")
        self.assertIsInstance(have["sidespan.parent.confidence"], float)
        self.assertIsInstance(have["sidespan.parent.method"], str)
        self.assertIs(have["sidespan.connection_reused"], False)

    def test_resource_and_scope(self):
        self.one_request()
        for request in self.far.requests:
            (part,) = request.resource_spans
            (scope,) = part.scope_spans
            resource = plain(part.resource.attributes)
            self.assertEqual(resource["service.name"], self.service)
            self.assertEqual(resource["deployment.environment.name"], "test")
            self.assertEqual((resource["telemetry.sdk.language"], resource["telemetry.sdk.name"]), ("cpp", "sidespan"))
            self.assertRegex(resource["telemetry.sdk.version"], r"^\d+\.\d+\.\d+")
            self.assertRegex(resource["service.instance.id"], r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
            self.assertEqual((scope.scope.name, scope.scope.version), ("sidespan", resource["telemetry.sdk.version"]))
            for url in (part.schema_url, scope.schema_url):
                self.assertRegex(url, r"^https://opentelemetry\.io/schemas/1\.\d+\.\d+$")

    def test_statuses(self):
        server, outgoing = self.one_request()
        self.assertEqual((server.status.code, outgoing.status.code), (trace.Status.STATUS_CODE_UNSET,) * 2)
        self.far.requests.clear()
        self.dependency.otherwise(lambda one: one.reply(503))
        self.assertEqual(get(self.sidecar.inbound, "/carts/8").status, 503)
        for one in self.far.wait_for(2):
            self.assertEqual(one.status.code, trace.Status.STATUS_CODE_ERROR)
            self.assertEqual(plain(one.attributes)["error.type"], "503")

    def test_who_we_say_we_are_and_no_empty_request(self):
        self.one_request()
        self.assertRegex(self.far.metadata[0]["user-agent"], r"^sidespan/\d+\.\d+\.\d+ ")
        for request in self.far.requests:
            self.assertTrue(request.resource_spans[0].scope_spans[0].spans)


class links(chain):
    forwards = False

    def test_candidates_say_what_they_are(self):
        both = threading.Barrier(2, timeout=30)

        def overlap(one):
            both.wait()
            self.call_out(one)
            both.wait()

        self.app.otherwise(overlap)
        with client(self.sidecar.inbound) as first, client(self.sidecar.inbound) as second:
            first.send_request(target="/carts/1")
            second.send_request(target="/carts/2")
            first.read()
            second.read()
        spans = self.far.wait_for(4)
        servers = {(one.trace_id, one.span_id) for one in spans if one.kind == trace.Span.SPAN_KIND_SERVER}
        for one in spans:
            if one.kind == trace.Span.SPAN_KIND_CLIENT:
                self.assertEqual(one.parent_span_id, b"")
                self.assertEqual({(link.trace_id, link.span_id) for link in one.links}, servers)
                for link in one.links:
                    have = plain(link.attributes)
                    self.assertEqual(have["sidespan.link.type"], "candidate_parent")
                    self.assertIsInstance(have["sidespan.parent.confidence"], float)
                    self.assertEqual(link.flags & ~0xff, HAS_IS_REMOTE)


class uncompressed(chain):
    otlp = {"compression": "none"}

    def test_the_bytes_on_the_wire_are_plain(self):
        self.one_request()
        self.assertIn(self.service.encode(), bytes(self.far.wire.sent_by_client))


class compressed(chain):
    otlp = {"compression": "gzip"}

    def test_the_bytes_on_the_wire_are_gzip(self):
        server, _ = self.one_request()
        wire = bytes(self.far.wire.sent_by_client)
        self.assertNotIn(self.service.encode(), wire)
        self.assertTrue(re.search(rb"grpc-encoding.{1,3}gzip", wire, re.DOTALL))
        self.assertIn(b"\x1f\x8b\x08", wire)
        self.assertEqual(plain(server.attributes)["url.path"], "/carts/7")


class metadata(chain):
    otlp = {"headers": {"X-Api-Key": "secret", "x-tenant": "a, b"}}

    def test_configured_headers_come_with_every_request(self):
        self.one_request()
        for one in self.far.metadata:
            self.assertEqual((one["x-api-key"], one["x-tenant"]), ("secret", "a, b"))

    def test_their_values_are_not_logged(self):
        self.one_request()
        self.assertNotIn("secret", self.sidecar.log())


class answers(chain):
    def settled(self):
        limit = time.monotonic() + 20
        while (books := self.books())["queued"] and time.monotonic() < limit:
            time.sleep(0.02)
        self.assertEqual(books["recorded"], books["acknowledged"] + books["lost"] + books["dropped"])
        return books

    def test_partial_success_is_counted_and_not_sent_again(self):
        self.far.answers = [1]
        self.one_request()
        books = self.settled()
        self.assertEqual((books["recorded"], books["acknowledged"], books["lost"]), (2, 1, 1))
        self.assertEqual(self.sidecar.metrics().sum("otel_sdk_exporter_span_exported_total", error_type="partial_success"), 1)
        self.assertEqual(len({one.span_id for one in self.far.spans()}), len(self.far.spans()))

    def test_unavailable_is_sent_again_unchanged(self):
        self.far.answers = [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNAVAILABLE]
        get(self.sidecar.outbound, "/stock")
        self.far.wait_for(3)  # the same span three times
        books = self.settled()
        self.assertEqual((books["recorded"], books["acknowledged"], books["lost"]), (1, 1, 0))
        first, second, third = self.far.requests
        self.assertEqual(first.SerializeToString(deterministic=True), third.SerializeToString(deterministic=True))
        self.assertEqual(first, second)

    def test_invalid_argument_is_not_sent_again(self):
        self.far.answers = [grpc.StatusCode.INVALID_ARGUMENT]
        get(self.sidecar.outbound, "/stock")
        self.far.wait_for(1)
        books = self.settled()
        self.assertEqual((books["acknowledged"], books["lost"]), (0, 1))
        get(self.sidecar.outbound, "/again")
        self.far.wait_for(2)
        self.assertEqual(len({one.span_id for one in self.far.spans()}), 2)


def main():
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__])
    result = unittest.TextTestRunner(verbosity=2, stream=sys.stdout).run(suite)
    bad = len(result.failures) + len(result.errors) + len(result.skipped)
    print(f"{result.testsRun - bad} passed, {bad} failed")
    return 0 if result.testsRun and not bad else 1


if __name__ == "__main__":
    sys.exit(main())
