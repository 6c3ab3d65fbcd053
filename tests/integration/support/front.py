# SPDX-License-Identifier: Apache-2.0
"""A TCP relay in front of a server that a test wants to lose: it can refuse, reset, or say nothing, and it keeps the first
bytes that came, so that a test can look at the wire itself."""
import socket
import struct
import threading

RESET = struct.pack("ii", 1, 0)
KEPT_BYTES = 1 << 20


class front:
    def __init__(self, target_port, port=0, address="127.0.0.1"):
        self.target, self.address, self.port = (address, target_port), address, port
        self.lock = threading.Lock()
        self.pairs, self.listener, self.resetting = set(), None, False
        self.sent_by_client = bytearray()
        self.up()
        self.port = self.listener.getsockname()[1]

    def up(self):
        """Takes connections (again), on the same port as before."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((self.address, self.port))
        listener.listen(128)
        self.listener, self.resetting = listener, False
        threading.Thread(target=self.accept, args=(listener,), daemon=True).start()

    def down(self):
        """Nobody listens any more; connections end."""
        listener, self.listener = self.listener, None
        if listener:
            listener.shutdown(socket.SHUT_RDWR)  # wakes the thread in accept()
            listener.close()
        self.cut()

    def reset(self, on=True):
        """While on: every connection, old and new, is reset."""
        self.resetting = on
        if on:
            self.cut(reset=True)

    def cut(self, reset=False):
        with self.lock:
            pairs, self.pairs = self.pairs, set()
        for pair in pairs:
            for one in pair:
                try:
                    if reset:
                        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                    one.shutdown(socket.SHUT_RD if reset else socket.SHUT_RDWR)
                    if reset:
                        one.close()
                except OSError:
                    pass

    def accept(self, listener):
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            if self.resetting:
                near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                near.close()
                continue
            try:
                far = socket.create_connection(self.target, 5)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            for one in (near, far):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            pair = (near, far)
            with self.lock:
                self.pairs.add(pair)
            threading.Thread(target=self.relay, args=(near, far, pair, True), daemon=True).start()
            threading.Thread(target=self.relay, args=(far, near, pair, False), daemon=True).start()

    def relay(self, source, sink, pair, from_client):
        try:
            while data := source.recv(65536):
                if from_client and len(self.sent_by_client) < KEPT_BYTES:
                    self.sent_by_client += data
                sink.sendall(data)
        except OSError:
            pass
        with self.lock:
            self.pairs.discard(pair)
        for one in pair:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            if one is source:
                one.close()

    def close(self):
        self.down()
