# SPDX-License-Identifier: Apache-2.0
"""A stand-in for an OpenTelemetry collector: takes OTLP/gRPC, keeps the spans as plain objects, and misbehaves on demand.

    with collector() as far:
        sidespan().export(far.endpoint)...
        far.wait_for_spans(2)
        far.behave("unavailable")            # until the next behave()
        far.behave("unavailable", times=3)   # the next three requests

Behaviours: ok; unavailable; status (a name: behave("status", code="INTERNAL")); hang (never answers); slow (answers after
`seconds`); partial (takes all but `rejected` spans); reset (connections are reset); down (nobody listens). What a request
brought counts as received only when it was answered with success.

collector_process is the same in a process of its own, for tests that kill, stop or continue it.
"""
import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import types
from concurrent import futures

from .origin import PATIENCE

root = pathlib.Path(__file__).resolve().parents[3]
BEHAVIOURS = ("ok", "unavailable", "status", "hang", "slow", "partial", "reset", "down")
MAX_MESSAGE = 64 * 1024 * 1024


def generate_stubs():
    """Our proto/ as Python modules; made once for each state of proto/."""
    sources = sorted((root / "proto").rglob("*.proto"))
    digest = hashlib.sha256(b"".join(one.read_bytes() for one in sources)).hexdigest()[:16]
    folder = root / "build" / "python-proto" / digest
    if not folder.exists():
        if not shutil.which("protoc"):
            raise RuntimeError("needs the package protobuf-compiler")
        folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = tempfile.mkdtemp(dir=folder.parent)
        subprocess.run(["protoc", f"-I{root}/proto", f"--python_out={fresh}", *map(str, sources)], check=True)
        try:
            os.rename(fresh, folder)
        except OSError:  # another test was faster
            shutil.rmtree(fresh)
    return str(folder)


def load_messages():
    folder = generate_stubs()
    if folder not in sys.path:
        sys.path.insert(0, folder)
    from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
    return trace_service_pb2


class span(types.SimpleNamespace):
    """trace_id, span_id, parent_id (hex, "" for a root), name, kind (server, client), error, start, end (ns), flags,
    trace_state, attributes, resource (dictionaries), scope (name, version), links (trace_id, span_id, flags, attributes),
    events (time, name)."""


def value_of(any_value):
    which = any_value.WhichOneof("value")
    if which == "array_value":
        return [value_of(one) for one in any_value.array_value.values]
    if which == "kvlist_value":
        return attributes_of(any_value.kvlist_value.values)
    return getattr(any_value, which) if which else None


def attributes_of(pairs):
    out = {}
    for pair in pairs:
        if pair.key in out:
            raise AssertionError(f"attribute {pair.key} twice")
        out[pair.key] = value_of(pair.value)
    return out


def plain(one, resource, scope):
    """The members of a span, fit for JSON."""
    return dict(trace_id=one.trace_id.hex(), span_id=one.span_id.hex(), parent_id=one.parent_span_id.hex(), name=one.name,
                kind={2: "server", 3: "client"}.get(one.kind, str(one.kind)), start=one.start_time_unix_nano,
                end=one.end_time_unix_nano, attributes=attributes_of(one.attributes), flags=one.flags,
                trace_state=one.trace_state, error=one.status.code == 2, resource=resource, scope=scope,
                links=[dict(trace_id=link.trace_id.hex(), span_id=link.span_id.hex(), flags=link.flags,
                            attributes=attributes_of(link.attributes)) for link in one.links],
                events=[dict(time=event.time_unix_nano, name=event.name) for event in one.events])


def spans_of(request):
    out = []
    for of_resource in request.resource_spans:
        resource = attributes_of(of_resource.resource.attributes)
        for of_scope in of_resource.scope_spans:
            scope = {"name": of_scope.scope.name, "version": of_scope.scope.version}
            out += [plain(one, resource, scope) for one in of_scope.spans]
    return out


class kept:
    """The spans so far, and waiting for more."""

    def __init__(self):
        self.spans, self.changed = [], threading.Condition()

    def add(self, spans):
        with self.changed:
            self.spans += [span(**one) for one in spans]
            self.changed.notify_all()

    def clear(self):
        with self.changed:
            self.spans = []

    def wait_for(self, wanted, seconds=PATIENCE):
        """Waits for so many spans, or until wanted(spans) holds; the spans, or an AssertionError that names them."""
        holds = wanted if callable(wanted) else lambda spans: len(spans) >= wanted
        with self.changed:
            if not self.changed.wait_for(lambda: holds(self.spans), seconds):
                names = [f"{one.kind} {one.name}" for one in self.spans]
                raise AssertionError(f"the collector waited in vain; it has {len(names)} spans: {names[-20:]}")
            return list(self.spans)

    def wait_for_spans(self, count, seconds=PATIENCE):
        return self.wait_for(count, seconds)

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class collector(kept):
    """In this process. `requests`: the metadata of each request that came, whatever the answer was; `most_at_once`: of those
    under way."""

    def __init__(self, port=0):
        super().__init__()
        import grpc
        from .front import front
        self.grpc, self.messages = grpc, load_messages()
        self.requests, self.on_spans = [], None
        self.under_way = self.most_at_once = 0
        self.behaviour, self.options, self.left = "ok", {}, None
        self.server = grpc.server(futures.ThreadPoolExecutor(64), options=[
            ("grpc.max_receive_message_length", MAX_MESSAGE), ("grpc.so_reuseport", 0)])
        handler = grpc.unary_unary_rpc_method_handler(
            self.export, request_deserializer=self.messages.ExportTraceServiceRequest.FromString,
            response_serializer=self.messages.ExportTraceServiceResponse.SerializeToString)
        self.server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(
            "opentelemetry.proto.collector.trace.v1.TraceService", {"Export": handler}),))
        inner = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()
        self.front = front(inner, port)
        self.port = self.front.port

    def behave(self, behaviour, times=None, **options):
        """times: for so many requests, then ok."""
        if behaviour not in BEHAVIOURS:
            raise ValueError(f"no behaviour {behaviour}; there are {BEHAVIOURS}")
        with self.changed:
            before = self.behaviour
            self.behaviour, self.options, self.left = behaviour, options, times
        if before == "down" and behaviour != "down":
            self.front.up()
        self.front.reset(behaviour == "reset")
        if behaviour == "down" and before != "down":
            self.front.down()

    def next_behaviour(self):
        with self.changed:
            now, options = self.behaviour, self.options
            if self.left is not None:
                self.left -= 1
                if self.left <= 0:
                    self.behaviour, self.options, self.left = "ok", {}, None
            return now, options

    def export(self, request, context):
        with self.changed:
            self.under_way += 1
            self.most_at_once = max(self.most_at_once, self.under_way)
        try:
            return self.answer(request, context)
        finally:
            with self.changed:
                self.under_way -= 1

    def answer(self, request, context):
        now, options = self.next_behaviour()
        with self.changed:
            self.requests.append({name: value for name, value in context.invocation_metadata()})
            self.changed.notify_all()
        if now == "unavailable":
            context.abort(self.grpc.StatusCode.UNAVAILABLE, "told to be")
        if now == "status":
            context.abort(self.grpc.StatusCode[options["code"]], "told to be")
        if now == "hang":
            gone = threading.Event()
            if context.add_callback(gone.set):
                gone.wait(600)
            return self.messages.ExportTraceServiceResponse()
        if now == "slow":
            time.sleep(options.get("seconds", 1))
        spans = spans_of(request)
        response = self.messages.ExportTraceServiceResponse()
        if now == "partial":
            rejected = min(options.get("rejected", 1), len(spans))
            response.partial_success.rejected_spans = rejected
            response.partial_success.error_message = "told to refuse some"
            spans = spans[:len(spans) - rejected]
        if self.on_spans:
            self.on_spans(spans)
        self.add(spans)
        return response

    def wait_for_requests(self, count, seconds=PATIENCE):
        with self.changed:
            if not self.changed.wait_for(lambda: len(self.requests) >= count, seconds):
                raise AssertionError(f"{len(self.requests)} requests came, not {count}")

    def stop(self):
        self.front.close()
        self.server.stop(None).wait()


class collector_process(kept):
    """In a process of its own. The port stays the same over kill() and start()."""

    def __init__(self):
        super().__init__()
        self.port, self.process = 0, None
        self.start()

    def start(self):
        self.process = subprocess.Popen([sys.executable, "-m", "support.collector", str(self.port)], cwd=root / "tests/integration",
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        first = self.process.stdout.readline()
        if not first:
            raise AssertionError("the collector did not start")
        self.port = json.loads(first)["port"]
        self.reader = threading.Thread(target=self.read, args=(self.process.stdout,), daemon=True)
        self.reader.start()
        return self

    def read(self, lines):
        for line in lines:
            if line.endswith("\n"):  # a line cut by SIGKILL was never acknowledged
                self.add(json.loads(line))

    def behave(self, behaviour, times=None, **options):
        self.process.stdin.write(json.dumps([behaviour, times, options]) + "\n")
        self.process.stdin.flush()

    def freeze(self):
        """SIGSTOP: connections stay, nothing answers."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def kill(self):
        """SIGKILL; what it had acknowledged is in `spans`."""
        self.process.kill()
        self.finish()

    def stop(self):
        if self.process.poll() is None:
            self.thaw()
            self.process.stdin.close()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.finish()

    def finish(self):
        self.process.wait()
        self.reader.join(10)
        self.process.stdout.close()
        if not self.process.stdin.closed:
            self.process.stdin.close()


Collector = collector


def main():
    """The child: spans as JSON lines on stdout before they are acknowledged, behaviours on stdin, ends with stdin."""
    out, lock = sys.stdout, threading.Lock()

    def tell(line):
        with lock:
            out.write(json.dumps(line) + "\n")
            out.flush()

    far = collector(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    far.on_spans = tell
    tell({"port": far.port})
    for line in sys.stdin:
        behaviour, times, options = json.loads(line)
        far.behave(behaviour, times, **options)
    far.stop()


if __name__ == "__main__":
    main()
