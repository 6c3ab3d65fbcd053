# SPDX-License-Identifier: Apache-2.0
"""Plays a case (script.py) against the real program: one client, one app that only does what the script says.

A lane is an app's port and a listener of each kind in front of it, used by one case at a time, so that every byte which
reaches the app belongs to that case. Many lanes run at once in one event loop.
"""
import asyncio
import re
import socket
import struct

from support import wire

from script import NEXT, OK, split_sends

SECONDS = 30  # a machine with other work to do may take long
CANARY = b"GET /canary HTTP/1.1\r\nHost: a\r\n\r\n"
STATUS = re.compile(rb"HTTP/1\.1 ([1-5][0-9][0-9]) [\t -~]*\r\n")


class wrong(Exception):
    """The outcome is not the one of the table."""


class end(asyncio.Protocol):
    """One side of a connection: what has come and how it ended."""

    def __init__(self, lane, among=None):
        self.among, self.lane, self.unread, self.closed, self.was_reset, self.transport = among, lane, b"", False, False, None

    def connection_made(self, transport):
        self.transport = transport
        if self.among is not None:
            self.among.append(self)
        self.lane.changed.set()

    def data_received(self, data):
        self.unread += data
        self.lane.changed.set()

    def eof_received(self):
        self.closed = True
        self.lane.changed.set()
        return True  # our own direction stays open: closing it is a step of the script

    def connection_lost(self, problem):
        self.closed, self.was_reset = True, problem is not None
        self.lane.changed.set()

    def reset(self):
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()


class memory_source(wire.reader):
    """wire's strict reader over bytes that have all come."""

    def __init__(self, data):
        super().__init__(None)
        self.buffer = data

    def fill(self):
        raise wire.closed(self.buffer)

    def exactly(self, size):
        if size > len(self.buffer):
            raise wire.closed(self.buffer)
        piece, self.buffer = self.buffer[:size], self.buffer[size:]
        return piece


def one_message(data):
    """(head, content, trailers, what follows) of the first message in `data`; wire.closed when it is not whole."""
    source = memory_source(data)
    raw, _, fields = wire.read_head(source)
    kind, length = wire.framing(fields)
    pieces, trailers = [], []
    if kind == "chunked":
        trailers = list(wire.read_chunks(source, pieces.append))
    elif kind == "length":
        pieces.append(source.exactly(length))
    return raw, b"".join(pieces), trailers, source.buffer


def same_but_for_chunk_borders(got, wanted):
    """None while `got` is not whole, else whether both are the same messages."""
    try:
        while wanted:
            if not got:
                return None
            *left, got = one_message(got)
            *right, wanted = one_message(wanted)
            if left != right:
                return False
        return got == b""
    except wire.closed:
        return None


class lane:
    def __init__(self):
        self.changed = asyncio.Event()
        self.server, self.port, self.client = None, 0, None
        self.apps, self.listeners = [], {}
        self.last_app, self.match = None, None

    async def open(self):
        self.server = await asyncio.get_running_loop().create_server(self.accept, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]

    def accept(self):
        return end(self, self.apps)

    def close(self):
        self.server.close()
        self.drop()

    def drop(self):
        """A clean start for the next case."""
        for app in self.apps:
            app.transport.abort()
        self.apps.clear()

    async def wait(self, holds, what):
        try:
            async with asyncio.timeout(SECONDS):
                while not (value := holds()):
                    self.changed.clear()
                    await self.changed.wait()
                return value
        except TimeoutError:
            raise wrong(f"waited in vain for {what}; client has {self.client and self.client.unread[:300]!r}, "
                        f"app has {[app.unread[:300] for app in self.apps]!r}") from None

    async def connect(self, leg):
        port = self.listeners[leg]
        _, self.client = await asyncio.get_running_loop().create_connection(
            lambda: end(self), getattr(port, "host", "127.0.0.1"), int(port))

    def app(self):
        """The app's connection in use: the one with unread bytes, else the newest that is open."""
        for one in self.apps:
            if one.unread:
                return one
        return next((one for one in reversed(self.apps) if not one.closed), None)

    async def play(self, case, cut=None):
        """`cut`: the byte border at which what is sent is split in two; None: in one piece."""
        try:
            self.apps[:] = [app for app in self.apps if not app.closed or app.unread]
            if any(app.unread for app in self.apps):
                raise wrong(f"from the case before, the app got {[app.unread[:300] for app in self.apps]!r}")
            if case.fresh:
                self.drop()
            await self.connect(case.leg)
            steps = case.steps if cut is None else split_sends(case.steps, cut)
            for name, value in steps:
                await getattr(self, "step_" + name)(value, cut is not None)
            if cut is None:
                await self.check_quiet()
        except Exception as problem:  # whatever it is, it belongs to this case and ends only it
            self.drop()
            at = "" if cut is None else f" cut at {cut}"
            raise wrong(f"{case.row}, {case.name}{at}: {problem!r}") from None
        finally:
            if self.client:
                self.client.transport.abort()
                self.client = None

    async def check_quiet(self):
        """Whatever else went to the app would be there before, or in front of, the next request."""
        if any(app.unread for app in self.apps):
            raise wrong(f"the app got more than it should: {[app.unread[:300] for app in self.apps]!r}")
        self.client.transport.abort()
        await self.connect("plain")
        self.client.transport.write(CANARY)
        await self.step_sees(CANARY, False)
        await self.step_answers(OK, False)
        await self.step_gets(OK, False)

    # What the client does.

    async def step_sends(self, data, _):
        if not self.client.transport.is_closing():
            self.client.transport.write(data)

    async def step_sends_filled(self, template, split):
        """With what the group of the last `sees_like` was."""
        await self.step_sends(template % self.match[1], split)

    async def step_sends_own(self, template, split):
        """With a port of the program under test."""
        await self.step_sends(template % int(self.listeners["inbound"]), split)

    async def step_sends_to_app(self, template, split):
        """With the port of the app; it gets a connection before it gets a byte."""
        await self.step_sends(template % self.port, split)

    async def step_pause(self, seconds, _):
        await asyncio.sleep(seconds)

    async def step_connects(self, leg, _):
        self.client.transport.abort()
        await self.connect(leg)

    async def step_finishes(self, *_):
        self.client.transport.write_eof()

    async def step_resets(self, *_):
        self.client.reset()

    # What the app does.

    async def step_answers(self, data, _):
        if not self.last_app.transport.is_closing():
            self.last_app.transport.write(data)

    async def step_app_closes(self, *_):
        self.last_app.transport.close()

    async def step_app_resets(self, *_):
        self.last_app.reset()

    # What the app must have got.

    async def step_sees(self, wanted, split):
        if not split:
            await self.wait(lambda: self.app() and (len(self.app().unread) >= len(wanted) or self.app().closed), f"the app to see {wanted[:300]!r}")
            self.last_app = self.app()
            if self.last_app.unread != wanted:
                raise wrong(f"the app got {self.last_app.unread[:600]!r}, not {wanted[:600]!r}")
        else:
            same = await self.wait(lambda: self.app() and (
                ("equal",) if (found := same_but_for_chunk_borders(self.app().unread, wanted)) else None if found is None else ("differs",)),
                f"the app to see {wanted[:300]!r}")
            self.last_app = self.app()
            if same == ("differs",):
                raise wrong(f"the app got {self.last_app.unread[:600]!r}, not {wanted[:600]!r}")
        self.last_app.unread = b""

    async def step_sees_like(self, pattern, _):
        self.match = await self.wait(lambda: self.app() and re.fullmatch(pattern, self.app().unread, re.DOTALL), f"the app to see {pattern!r}")
        self.last_app = self.app()
        self.last_app.unread = b""

    async def step_app_lost(self, *_):
        """The program ends the app's connection; what came on it must not be a whole message."""
        one = self.last_app
        await self.wait(lambda: one.closed, "the app's connection to end")
        one.unread = b""

    async def step_app_kept(self, *_):
        if self.last_app.closed:
            raise wrong("the app's connection was closed")

    async def step_nothing_whole(self, *_):
        """Refused in the middle: parts may be at the app, but no message that anybody could take for complete."""
        for _ in range(10):  # what went to the app did so before the refusal; accepting and reading it takes some turns of the loop
            await asyncio.sleep(0)
        for one in self.apps:
            if not one.unread:
                continue
            await self.wait(lambda: one.closed, "a refused message to be cut off at the app")
            try:
                one_message(one.unread)
            except wire.closed:
                one.unread = b""
                continue
            raise wrong(f"a refused message reached the app whole: {one.unread[:600]!r}")

    # What the client must get.

    async def step_gets(self, wanted, split):
        if split and b"chunked" in wanted:
            got = lambda: same_but_for_chunk_borders(self.client.unread, wanted)
            if await self.wait(lambda: ("end",) if self.client.closed else (got(),) if got() is not None else None, f"the client to get {wanted[:300]!r}") != (True,):
                raise wrong(f"the client got {self.client.unread[:600]!r}, not {wanted[:600]!r}")
            self.client.unread = b""
            return
        await self.wait(lambda: len(self.client.unread) >= len(wanted) or self.client.closed, f"the client to get {wanted[:300]!r}")
        got = self.client.unread[:len(wanted)]
        if got != wanted:
            raise wrong(f"the client got {self.client.unread[:600]!r}, not {wanted[:600]!r}")
        self.client.unread = self.client.unread[len(wanted):]

    async def step_gets_like(self, pattern, _):
        found = await self.wait(lambda: re.match(pattern, self.client.unread, re.DOTALL), f"the client to get {pattern!r}")
        self.client.unread = self.client.unread[found.end():]

    async def step_gets_error(self, value, _):
        """A response that the program made itself."""
        status, closes, head_only = value
        await self.wait(lambda: b"\r\n\r\n" in self.client.unread or self.client.closed, f"a {status}")
        if self.client.unread == b"" and self.client.closed:
            raise wrong(f"closed without the {status}")
        head = self.client.unread.split(b"\r\n\r\n")[0] + b"\r\n\r\n"
        line = STATUS.match(head)
        if not line or int(line[1]) != status:
            raise wrong(f"the client got {head[:300]!r}, not a {status}")
        length = int(re.search(rb"\r\nContent-Length: ([0-9]+)\r\n", head)[1])
        whole = len(head) + (0 if head_only else length)
        await self.wait(lambda: len(self.client.unread) >= whole or self.client.closed, "the content of the error")
        text = self.client.unread[len(head):whole]
        for needed, there in (("its content", len(self.client.unread) >= whole), ("Date", b"\r\nDate: " in head),
                              ("sidespan: in front", head_only or text.startswith(b"sidespan: ")),
                              ("the right Connection field", (b"\r\nConnection: close\r\n" in head) == closes)):
            if not there:
                raise wrong(f"the {status} is without {needed}: {self.client.unread[:300]!r}")
        self.client.unread = self.client.unread[whole:]

    async def step_ends(self, *_):
        await self.wait(lambda: self.client.closed, "the client's connection to end")
        if self.client.unread or self.client.was_reset:
            raise wrong(f"not a clean end: reset {self.client.was_reset}, rest {self.client.unread[:300]!r}")

    async def step_is_cut(self, *_):
        """The connection ends inside the message that has begun."""
        await self.wait(lambda: self.client.closed, "the client's connection to end")
        try:
            one_message(self.client.unread)
        except wire.closed:
            self.client.unread = b""
            return
        raise wrong(f"what was cut off looks whole: {self.client.unread[:300]!r}")

    async def step_goes_on(self, *_):
        """The connection serves another request."""
        self.client.transport.write(NEXT)
        await self.step_sees(NEXT, False)
        await self.step_answers(OK, False)
        await self.step_gets(OK, False)

    async def step_goes_on_anew(self, *_):
        """The same, over another connection to the app; the one before ends."""
        before = self.last_app
        await self.step_goes_on()
        if self.last_app is before:
            raise wrong("the app's connection was used again")
        await self.wait(lambda: before.closed, "the app's connection to end")
