# SPDX-License-Identifier: Apache-2.0
"""An origin that misbehaves by script: each connection follows the next script, step by step.

    with scripted() as app:
        app.next(read_request(), send(b"HTTP/1.1 200 Fi"), reset())
        get(sidecar.inbound)

A connection without a script of its own follows `app.always`, which answers every request well. A step is a function of
the connection; it returns False when the connection is over.
"""
import collections
import socket
import struct
import threading
import time

from .origin import PATIENCE

WELL = b"HTTP/1.1 200 Fine\r\nContent-Length: 4\r\n\r\nfine"
RESET = struct.pack("ii", 1, 0)


class connection:
    def __init__(self, owner, raw):
        self.owner, self.raw, self.buffer = owner, raw, b""

    def read_until(self, end):
        while end not in self.buffer:
            more = self.raw.recv(65536)
            if not more:
                return False
            self.buffer += more
        return True

    def read_request(self):
        """One request, content included when its length is given; False when the peer has closed."""
        if not self.read_until(b"\r\n\r\n"):
            return False
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
        self.owner.note(head)
        while len(self.buffer) < length:
            more = self.raw.recv(65536)
            if not more:
                return False
            self.buffer += more
        self.buffer = self.buffer[length:]
        return True


def read_request():
    return lambda one: one.read_request()


def read_head():
    """Of a request whose content stays unread."""
    def step(one):
        if not one.read_until(b"\r\n\r\n"):
            return False
        one.owner.note(one.buffer.partition(b"\r\n\r\n")[0])
        return True
    return step


def send(data):
    return lambda one: one.raw.sendall(data)


def trickle(data, pause, size=1):
    def step(one):
        for at in range(0, len(data), size):
            one.raw.sendall(data[at:at + size])
            time.sleep(pause)
    return step


def flood(data):
    """Until the peer has had enough."""
    def step(one):
        while True:
            one.raw.sendall(data)
    return step


def pause(seconds):
    return lambda one: time.sleep(seconds)


def wait(gate):
    return lambda one: gate.wait()


def answer_well():
    """Every request, until the peer closes."""
    def step(one):
        while one.read_request():
            one.raw.sendall(WELL)
        return False
    return step


def fin():
    """Closes; whoever sends afterwards is reset."""
    return lambda one: False


def half_close():
    """FIN, and reads on until the peer closes."""
    def step(one):
        one.raw.shutdown(socket.SHUT_WR)
        while one.raw.recv(65536):
            pass
        return False
    return step


def reset():
    def step(one):
        one.raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        return False
    return step


def silence():
    """Never a word, and no FIN either, until the peer closes: what a host that vanished looks like."""
    def step(one):
        while one.raw.recv(65536):
            pass
        return False
    return step


class scripted:
    def __init__(self, backlog=128):
        self.scripts, self.always = collections.deque(), [answer_well()]
        self.requests, self.connections, self.lock = [], 0, threading.Condition()
        self.open = set()
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(backlog)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def next(self, *steps):
        """For the next connection that comes and has no script yet."""
        self.scripts.append(steps)
        return self

    def note(self, head):
        with self.lock:
            self.requests.append(head.split(b" ")[1].decode())
            self.lock.notify_all()

    def wait_for(self, predicate, seconds=PATIENCE):
        with self.lock:
            if not self.lock.wait_for(lambda: predicate(self), seconds):
                raise AssertionError(f"the origin waited in vain: {self.connections} connections, {len(self.requests)} requests")

    def accept(self):
        while True:
            try:
                raw, _ = self.listener.accept()
            except OSError:
                return
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                self.connections += 1
                self.open.add(raw)
                steps = self.scripts.popleft() if self.scripts else self.always
                self.lock.notify_all()
            threading.Thread(target=self.follow, args=(connection(self, raw), steps), daemon=True).start()

    def follow(self, one, steps):
        try:
            for step in steps:
                if step(one) is False:
                    break
        except (OSError, AssertionError):
            pass
        with self.lock:
            self.open.discard(one.raw)
            one.raw.close()
            self.lock.notify_all()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        with self.lock:
            for raw in self.open:
                try:
                    raw.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
