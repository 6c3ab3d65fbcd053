# SPDX-License-Identifier: Apache-2.0
"""Who is buying, who wrote a review: Python's own http.server, a thread for each connection. Calls nobody."""
import json
import os
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NAMES = ["Ada", "Barbara", "Edsger", "Grace", "Katherine", "Tony"]
USER = re.compile(r"^/t/[^/]+/[0-9-]+/users/(\d+)$")


class Users(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # head and body leave in one write; in two, Nagle's algorithm holds the second back for 40 ms

    def do_GET(self):
        user = USER.match(self.path)
        if user:
            self.answer(200, {"service": "users", "name": NAMES[int(user[1]) % len(NAMES)]})
        elif self.path == "/healthz":
            self.answer(200, {"service": "users"})
        else:
            self.answer(404, {"error": "no such user"})

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 128  # the library's 5 is too few for the demo's concurrency
    daemon_threads = True


Server(("127.0.0.1", int(os.environ["PORT"])), Users).serve_forever()
