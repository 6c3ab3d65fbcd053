# SPDX-License-Identifier: Apache-2.0
"""nginx and haproxy as readers of bytes: each listens on a unix socket and hands every request it sees to an echo origin."""
import asyncio
import pathlib
import shutil
import subprocess
import tempfile

from support import wire

from lane import one_message

NGINX = """daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 256; }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  client_max_body_size 0; large_client_header_buffers 8 64k; lingering_close off; client_header_timeout 3s; client_body_timeout 3s;
  server {{
    listen unix:{folder}/nginx.socket;
    location / {{ proxy_pass http://127.0.0.1:{port}; proxy_http_version 1.1; proxy_set_header Host $http_host; }}
  }}
}}
"""
HAPROXY = """global
  tune.bufsize 65536
defaults
  mode http
  timeout connect 3s
  timeout client 3s
  timeout server 3s
frontend front
  bind unix@{folder}/haproxy.socket
  default_backend back
backend back
  server echo 127.0.0.1:{port}
"""


class echo(asyncio.Protocol):
    """One connection to an echo origin: every whole request is noted and answered."""

    def __init__(self, origin):
        self.origin, self.text, self.raw = origin, b"", b""

    def connection_made(self, transport):
        self.transport = transport
        self.origin.connections.append(self)

    def data_received(self, data):
        self.text += data
        self.raw += data
        try:
            while self.text:
                head, content, _, self.text = one_message(self.text)
                method, target, _ = head.split(b"\r\n")[0].split(b" ")
                self.origin.requests.append((method, target, content))
                self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + (b"" if method == b"HEAD" else b"ok"))
        except wire.closed:
            return  # not whole yet
        except (wire.bad_wire, ValueError) as problem:
            self.origin.requests.append(("unreadable", str(problem), self.text))
            self.transport.abort()


class echo_origin:
    async def open(self):
        self.requests, self.connections = [], []
        self.server = await asyncio.get_running_loop().create_server(lambda: echo(self), "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    def take(self):
        """The requests since the last time, and the bytes of each connection that had any."""
        requests, self.requests = self.requests, []
        raw = [one.raw for one in self.connections if one.raw]
        for one in self.connections:
            one.raw = b""
        return requests, raw


class other_proxy:
    """A started nginx or haproxy; `see` gives it bytes."""

    def __init__(self, name, origin):
        self.name, self.origin = name, origin
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"{name}-"))
        text = (NGINX if name == "nginx" else HAPROXY).format(folder=self.folder, port=origin.port)
        (self.folder / "config").write_text(text)
        self.log = open(self.folder / "stderr", "w")
        program = shutil.which(name) or f"/usr/sbin/{name}"
        command = [program, "-p", str(self.folder), "-c", str(self.folder / "config")] if name == "nginx" else [program, "-db", "-f", str(self.folder / "config")]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.log)
        self.socket = str(self.folder / f"{name}.socket")

    async def connect(self):
        for _ in range(500):
            try:
                return await asyncio.open_unix_connection(self.socket)
            except OSError:
                if self.process.poll() is not None:
                    break
                await asyncio.sleep(0.02)
        raise AssertionError(f"{self.name} does not run: {(self.folder / 'stderr').read_text()[-1000:]}")

    async def see(self, data, last):
        """The requests it made of these bytes, and everything it answered. `last` is a request that closes; without one the
        bytes are an unfinished request, and the end of the connection says so."""
        self.origin.take()
        reader, writer = await self.connect()
        try:
            writer.write(data + last)
            if not last:
                writer.write_eof()
            async with asyncio.timeout(30):
                answered = await reader.read(-1)
        except ConnectionError:
            answered = b""
        finally:
            writer.transport.abort()
        return self.origin.take()[0], answered

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)
