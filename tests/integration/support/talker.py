# SPDX-License-Identifier: Apache-2.0
"""A server that speaks no HTTP, for tunnels and opaque TCP."""
import socket
import threading


class talker:
    """A server without HTTP: `serve` gets each connection; what it was sent is in `got`. `at`: an address, or the path of a unix socket."""

    def __init__(self, serve, at="127.0.0.1"):
        family = socket.AF_UNIX if at.startswith("/") else socket.AF_INET6 if ":" in at else socket.AF_INET
        self.serve, self.got = serve, []
        if family == socket.AF_UNIX:
            self.listener, self.port = socket.socket(family), None
            self.listener.bind(at)
            self.listener.listen(16)
        else:
            self.listener = socket.create_server((at, 0), family=family, backlog=1024)
            self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.run, args=(connection,), daemon=True).start()

    def run(self, connection):
        with connection:
            try:
                self.serve(self, connection)
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def echo(of, connection):
    while piece := connection.recv(65536):
        of.got.append(piece)
        connection.sendall(piece)
