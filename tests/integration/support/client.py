# SPDX-License-Identifier: Apache-2.0
"""A client on one raw connection: sends the bytes it is told to, reads strictly checked responses."""
import socket
import struct

from . import wire
from .origin import PATIENCE


class response:
    def __init__(self, status, reason, head_fields, raw_head):
        self.status, self.reason, self.fields, self.raw_head = status, reason, head_fields, raw_head
        self.body, self.trailers, self.framing = b"", wire.fields(), "none"

    def __repr__(self):
        return f"<{self.status} {self.reason} {self.fields} {self.body[:300]!r}>"


class client:
    def __init__(self, port, timeout=PATIENCE):
        self.connection = socket.create_connection((getattr(port, "host", "127.0.0.1"), int(port)), timeout)
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.source = wire.reader(self.connection)
        self.local_port = self.connection.getsockname()[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, data):
        self.connection.sendall(data)
        return self

    def send_request(self, method="GET", target="/", head_fields=(), body=None, host="localhost"):
        """`body` adds a Content-Length; without a Host in the fields one is added."""
        lines = [f"{method} {target} HTTP/1.1"]
        if not any(name.lower() == "host" for name, _ in head_fields):
            lines.append(f"Host: {host}")
        lines += [f"{name}: {value}" for name, value in head_fields]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        return self.send("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b""))

    def request(self, method="GET", target="/", head_fields=(), body=None, host="localhost"):
        """One exchange; interim responses are skipped."""
        self.send_request(method, target, head_fields, body, host)
        return self.read(method)

    def read_head(self):
        raw, line, head_fields = wire.read_head(self.source)
        match = wire.STATUS_LINE.fullmatch(line)
        if not match:
            raise wire.bad_wire(f"status line {line!r}")
        return response(int(match[1]), match[2].decode("latin-1"), head_fields, raw)

    def read(self, method="GET", interim=None):
        """The final response; interim ones are appended to `interim` when that is a list."""
        while (found := self.read_head()).status < 200:
            if wire.framing(found.fields)[0] != "none":
                raise wire.bad_wire(f"framing in a {found.status}")
            if interim is not None:
                interim.append(found)
        self.read_body(found, method)
        return found

    def read_body(self, found, method="GET", on_piece=None):
        """on_piece takes the pieces instead of response.body, for large ones."""
        pieces = []
        take = on_piece or pieces.append
        found.framing, length = wire.framing(found.fields)
        if found.status == 204 and found.framing != "none":
            raise wire.bad_wire(f"framing in a 204: {found.fields}")
        if method == "HEAD" or found.status in (204, 304):
            return
        if found.framing == "chunked":
            found.trailers = wire.read_chunks(self.source, take)
        elif found.framing == "length":
            while length > 0:
                piece = self.source.exactly(min(length, 1 << 20))
                length -= len(piece)
                take(piece)
        else:
            if "close" not in (found.fields.get("Connection") or "").lower():
                raise wire.bad_wire(f"no framing and no Connection: close: {found.fields}")
            take(self.source.rest())
        found.body = b"".join(pieces)

    def until_close(self):
        """All bytes up to the end of the connection."""
        return self.source.rest()

    def is_closed(self):
        """Waits (at most the timeout) for the peer's end and says whether it came without further bytes."""
        try:
            return self.source.rest() == b""
        except wire.closed:
            return True

    def half_close(self):
        self.connection.shutdown(socket.SHUT_WR)

    def reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def close(self):
        self.connection.close()


def get(port, target="/", head_fields=(), timeout=PATIENCE, host="localhost"):
    """One GET on a connection of its own."""
    with client(port, timeout) as one:
        return one.request("GET", target, head_fields, host=host)
