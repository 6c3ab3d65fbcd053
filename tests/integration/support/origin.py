# SPDX-License-Identifier: Apache-2.0
"""A scriptable HTTP/1.1 origin on raw sockets: the app behind a sidecar, or the service it calls.

    with origin() as app:
        app.on("/slow", lambda exchange: exchange.reply(200, body=b"late"))

An answer runs on the connection's own thread and may do anything with the exchange: read the body (or not), send raw
bytes, reset. Every request is noted as received; one that is not correct HTTP/1.1 is noted in `violations`, and `close()`
raises when there are any.
"""
import socket
import struct
import threading
import time

from . import wire

PATIENCE = 30  # seconds for what must come; a machine with other work to do may take long, and a test that passes does not wait


class exchange:
    """One request at the origin."""

    def __init__(self, owner, connection, source, number):
        self.owner, self.connection, self.source, self.connection_number = owner, connection, source, number
        self.raw_head, line, self.fields = wire.read_head(source)
        match = wire.REQUEST_LINE.fullmatch(line)
        if not match:
            raise wire.bad_wire(f"request line {line!r}")
        self.method, self.target = match[1].decode(), match[2].decode()
        self.peer_port = connection.getpeername()[1]
        self.framing, self.length = wire.framing(self.fields)
        self.body, self.trailers = None, wire.fields()
        self.closing = (self.fields.get("Connection") or "").lower() == "close"

    @property
    def path(self):
        return self.target.split("?")[0]

    def read_body(self, on_piece=None):
        """Reads the whole content once; on_piece takes the pieces instead, for large ones."""
        if self.body is None:
            pieces = []
            take = on_piece or pieces.append
            if self.framing == "chunked":
                self.trailers = wire.read_chunks(self.source, take)
            elif self.framing == "length":
                left = self.length
                while left > 0:
                    piece = self.source.exactly(min(left, 1 << 20))
                    left -= len(piece)
                    take(piece)
            self.body = b"".join(pieces)
        return self.body

    def send(self, data):
        self.connection.sendall(data)

    def reply(self, status=200, head_fields=(), body=b"", reason="Fine"):
        """A whole response with a Content-Length; a HEAD, 204 or 304 gets no content."""
        self.read_body()
        lines = [f"HTTP/1.1 {status} {reason}"] + [f"{name}: {value}" for name, value in head_fields]
        if status not in (204, 304):
            lines.append(f"Content-Length: {len(body)}")
        content = b"" if self.method == "HEAD" or status in (204, 304) else body
        self.send("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + content)

    def reply_chunks(self, pieces, head_fields=(), trailers=()):
        self.read_body()
        lines = ["HTTP/1.1 200 Fine", "Transfer-Encoding: chunked"] + [f"{name}: {value}" for name, value in head_fields]
        self.send("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n")
        for piece in pieces:
            self.send(wire.chunk(piece))
        self.send(b"0\r\n" + "".join(f"{name}: {value}\r\n" for name, value in trailers).encode() + b"\r\n")

    def close(self):
        self.closing = True

    def reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.closing = True


class origin:
    def __init__(self, address="127.0.0.1", port=0):
        self.answers, self.default = {}, lambda one: one.reply(200, body=b"fine")
        self.requests, self.violations, self.lost = [], [], 0
        self.connections = 0
        self.lock = threading.Condition()
        self.open = set()
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.listener = socket.socket(family, socket.SOCK_STREAM)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((address, port))
        self.listener.listen(1024)
        self.port = self.listener.getsockname()[1]
        self.url = f"http://{'[' + address + ']' if ':' in address else address}:{self.port}"
        threading.Thread(target=self.accept, daemon=True).start()

    def on(self, path, answer):
        """`path` is compared whole, without the query."""
        self.answers[path] = answer
        return self

    def otherwise(self, answer):
        self.default = answer
        return self

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                self.connections += 1
                self.open.add(connection)
                number = self.connections
            threading.Thread(target=self.serve, args=(connection, number), daemon=True).start()

    def serve(self, connection, number):
        source = wire.reader(connection)
        try:
            while True:
                try:
                    one = exchange(self, connection, source, number)
                except wire.closed as end:
                    if end.partial:
                        self.violations.append(f"closed inside a head: {end.partial[:200]!r}")
                    return
                with self.lock:
                    self.requests.append(one)
                    self.lock.notify_all()
                self.answers.get(one.path, self.default)(one)
                if one.closing:
                    return
                one.read_body()
        except wire.bad_wire as problem:
            self.violations.append(str(problem))
        except (wire.closed, OSError):
            with self.lock:
                self.lost += 1  # sidespan went away inside an exchange: right for some tests, so only counted
                self.lock.notify_all()
        finally:
            with self.lock:
                self.open.discard(connection)
                self.lock.notify_all()
            connection.close()

    def wait_for(self, predicate, seconds=PATIENCE):
        """Waits until predicate(self) holds; raises when it does not in time."""
        with self.lock:
            if not self.lock.wait_for(lambda: predicate(self), seconds):
                raise AssertionError(f"the origin waited in vain: {len(self.requests)} requests, {self.lost} lost")

    @property
    def last(self):
        return self.requests[-1]

    def targets(self):
        return [one.target for one in self.requests]

    def drop_connections(self):
        with self.lock:
            for connection in list(self.open):
                connection.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)  # wakes the thread in accept()
        self.listener.close()
        with self.lock:
            for connection in list(self.open):
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
        if self.violations:
            raise AssertionError(f"sidespan sent the origin: {self.violations}")

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            self.close()
        except AssertionError:
            if kind is None:
                raise


class gate:
    """Lets an answer wait until the test says go; never longer than the time given."""

    def __init__(self, seconds=2 * PATIENCE):
        self.event, self.seconds = threading.Event(), seconds

    def open(self):
        self.event.set()

    def wait(self):
        if not self.event.wait(self.seconds):
            raise AssertionError("a gate was never opened")


def refused_port():
    """A port that nobody listens on, held so that nobody else takes it meanwhile: connecting to it is refused."""
    held = socket.socket()
    held.bind(("127.0.0.1", 0))
    return held, held.getsockname()[1]


def full_backlog(of):
    """A port that takes no connection: its backlog is full, so connecting to it hangs. Held for the test class `of`."""
    full = socket.socket()
    full.bind(("127.0.0.1", 0))
    full.listen(0)
    of.addClassCleanup(full.close)
    for _ in range(3):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(full.getsockname())
        of.addClassCleanup(filler.close)
    return full.getsockname()[1]


def until(predicate, seconds=PATIENCE, every=0.01):
    """Polls a condition that nothing announces; the value that held, or an AssertionError."""
    limit = time.monotonic() + seconds
    while not (value := predicate()):
        if time.monotonic() > limit:
            raise AssertionError("waited in vain")
        time.sleep(every)
    return value
