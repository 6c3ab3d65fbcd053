# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 read byte by byte and strictly: what sidespan sends must satisfy this reader, on either side of it.

Nothing is repaired: any deviation raises bad_wire, so a test that gets a message has got a correct one.
"""
import re

TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
REQUEST_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([!-~]+) HTTP/1\.1")
STATUS_LINE = re.compile(rb"HTTP/1\.1 ([1-9][0-9][0-9]) ([\t -~\x80-\xff]*)")


class bad_wire(Exception):
    """Bytes that are not correct HTTP/1.1."""


class closed(Exception):
    """The peer closed (or reset) where more was to come; `partial` is what came before."""

    def __init__(self, partial=b"", reset=False):
        super().__init__(f"{'reset' if reset else 'closed'} after {partial[-200:]!r}")
        self.partial = partial
        self.reset = reset


class fields(list):
    """(name, value) pairs as received, case and order kept."""

    def all(self, name):
        return [value for other, value in self if other.lower() == name.lower()]

    def get(self, name, default=None):
        values = self.all(name)
        return values[0] if values else default

    def names(self):
        return [name for name, _ in self]


class reader:
    """Bytes of one socket; keeps what was read too far for the next message."""

    def __init__(self, connection):
        self.connection = connection
        self.buffer = b""

    def fill(self):
        try:
            more = self.connection.recv(65536)
        except ConnectionError:
            raise closed(self.buffer, reset=True) from None
        if not more:
            raise closed(self.buffer)
        self.buffer += more

    def until(self, end):
        searched = 0
        while (at := self.buffer.find(end, searched)) < 0:
            searched = max(0, len(self.buffer) - len(end) + 1)
            self.fill()
        piece, self.buffer = self.buffer[:at], self.buffer[at + len(end):]
        return piece

    def exactly(self, size):
        parts, have = [self.buffer[:size]], min(size, len(self.buffer))
        self.buffer = self.buffer[size:]
        while have < size:
            try:
                part = self.connection.recv(min(1 << 20, size - have))
            except ConnectionError:
                raise closed(b"".join(parts), reset=True) from None
            if not part:
                raise closed(b"".join(parts))
            parts.append(part)
            have += len(part)
        return b"".join(parts)

    def rest(self):
        """Everything until the peer closes."""
        try:
            while True:
                self.fill()
        except closed as end:
            if end.reset:
                raise
        piece, self.buffer = self.buffer, b""
        return piece


def parse_fields(lines):
    out = fields()
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or not TOKEN.fullmatch(name):
            raise bad_wire(f"field line {line!r}")
        if re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", value):
            raise bad_wire(f"control character in {line!r}")
        out.append((name.decode(), value.strip(b" \t").decode("latin-1")))
    return out


def read_head(source):
    """(raw head without the final CRLFCRLF, start line, fields)."""
    raw = source.until(b"\r\n\r\n")
    lines = raw.split(b"\r\n")
    if any(b"\n" in line or b"\r" in line for line in lines):
        raise bad_wire(f"bare CR or LF in {raw!r}")
    return raw, lines[0], parse_fields(lines[1:])


def framing(list_of_fields):
    """('chunked', None), ('length', n) or ('none', None); both or odd framing is bad_wire."""
    coding, length = list_of_fields.all("Transfer-Encoding"), list_of_fields.all("Content-Length")
    if coding and length or len(coding) > 1 or len(length) > 1:
        raise bad_wire(f"framing: Transfer-Encoding {coding}, Content-Length {length}")
    if coding:
        if coding[0] != "chunked":
            raise bad_wire(f"Transfer-Encoding: {coding[0]}")
        return "chunked", None
    if length:
        if not re.fullmatch(r"[0-9]+", length[0]):
            raise bad_wire(f"Content-Length: {length[0]}")
        return "length", int(length[0])
    return "none", None


def read_chunks(source, on_piece):
    """Calls on_piece for every chunk; returns the trailer fields."""
    while True:
        line = source.until(b"\r\n")
        if not re.fullmatch(rb"[0-9a-fA-F]{1,16}", line):
            raise bad_wire(f"chunk line {line!r}")
        size = int(line, 16)
        if size == 0:
            trailers = []
            while (line := source.until(b"\r\n")) != b"":
                trailers.append(line)
            return parse_fields(trailers)
        on_piece(source.exactly(size))
        if source.exactly(2) != b"\r\n":
            raise bad_wire("chunk without its CRLF")


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)
