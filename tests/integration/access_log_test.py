# SPDX-License-Identifier: Apache-2.0
"""The access log: one line for every exchange, also for those that failed, that agrees with the origin and the spans."""
import datetime
import json
import os
import signal
import socket
import struct
import tempfile
import unittest

from support import wire
from support.client import client, get
from support.collector import collector
from support.origin import gate, origin, refused_port, until
from support.sidespan import sidespan


class access_log_case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="sidespan-access-")
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "access.log")

    def lines(self, count):
        """Waits for `count` lines, and says if there are more."""
        def read():
            with open(self.path, encoding="utf-8", newline="\n") as file:
                return file.read().split("\n")[:-1]
        until(lambda: len(read()) >= count)
        lines = read()
        self.assertEqual(len(lines), count, lines)
        return lines

    def entries(self, count):
        return [json.loads(line) for line in self.lines(count)]


class json_lines(access_log_case):
    def test_a_line_agrees_with_the_span_and_the_traffic(self):
        with collector() as receiver, origin() as app, \
                sidespan().inbound(app.port).export(receiver.endpoint).set(log={"access": self.path}).start() as sidecar:
            app.on("/carts/7", lambda one: one.reply(201, body=b"x" * 1234))
            with client(sidecar.inbound) as one:
                one.request("POST", "/carts/7?sig=secret&a=1", [("User-Agent", "test/1")], body=b"y" * 99)
            [line] = self.entries(1)
            span = receiver.wait_for_spans(1)[0]
            self.assertEqual((line["trace_id"], line["span_id"], line["sampled"]), (span.trace_id, span.span_id, True))
            for name, value in {"log": "access", "leg": "inbound", "method": "POST", "target": "/carts/7?sig=REDACTED&a=1",
                                "version": "HTTP/1.1", "status": 201, "request_bytes": 99, "response_bytes": 1234, "attempts": 1,
                                "upstream": f"127.0.0.1:{app.port}", "user_agent": "test/1", "client": "127.0.0.1"}.items():
                self.assertEqual(line[name], value, name)
            self.assertGreater(line["response_us"], 0)
            self.assertGreaterEqual(line["duration_us"], line["response_us"])
            at = datetime.datetime.strptime(line["time"], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=datetime.timezone.utc)
            self.assertLess(abs((datetime.datetime.now(datetime.timezone.utc) - at).total_seconds()), 60)
            until(lambda: sidecar.metrics().sum("sidespan_access_log_lines_total") == 1)
            self.assertEqual(sidecar.metrics().sum("sidespan_access_log_dropped_total"), 0)

    def test_exchanges_that_fail_have_a_line_with_their_fault(self):
        held, closed_port = refused_port()
        self.addCleanup(held.close)
        with origin() as app, sidespan().inbound(app.port, timeout="1s").inbound(closed_port).set(
                log={"access": self.path}).start() as sidecar:
            never = gate()
            app.on("/reset", lambda one: one.reset())
            app.on("/hang", lambda one: never.wait())
            app.on("/half", lambda one: (one.send(b"HTTP/1.1 200 Fine\r\nContent-Length: 100\r\n\r\nhalf"), one.close()))
            refused = get(sidecar.inbounds[1], "/refused").status
            reset = get(sidecar.inbound, "/reset").status
            late = get(sidecar.inbound, "/hang").status
            never.open()
            with client(sidecar.inbound) as one:
                one.send_request(target="/half")
                with self.assertRaises(wire.closed):
                    one.read()
            with socket.create_connection(("127.0.0.1", int(sidecar.inbound))) as bad:
                bad.sendall(b"GET /bad HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n")
                while bad.recv(65536):
                    pass
            lines = {line.get("target", line.get("first_line")): line for line in self.entries(5)}
            expected = {"/refused": (refused, "connection_refused"), "/reset": (reset, "connection_terminated"),
                        "/hang": (late, "http_response_timeout"), "/half": (200, "http_response_incomplete"),
                        "GET /bad HTTP/1.1": (400, "http_request_error")}
            self.assertEqual({target: (line.get("status"), line.get("fault")) for target, line in lines.items()}, expected)
            self.assertEqual((refused, reset, late), (502, 502, 504))
            self.assertGreater(lines["/hang"]["duration_us"], 900_000)
            self.assertNotIn("response_us", lines["/hang"])
            self.assertEqual(lines["/half"]["response_bytes"], 4)

    def test_what_is_no_request_shows_how_it_begins(self):
        sent = {b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n": "\x16\x03\x01\x02\x00\x01\x00\x01\ufffd\x03\x03",
                b"GET /a?sig=secret&b HTTP/1.1\r\nHost: a\r\nBad Name: x\r\n\r\n": "GET /a?sig=REDACTED&b HTTP/1.1",
                b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n\r\n": "SSH-2.0-OpenSSH_"}
        with origin() as app, sidespan().inbound(app.port).set(log={"access": self.path}).start() as sidecar:
            for number, (data, line) in enumerate(sent.items(), 1):
                with socket.create_connection(("127.0.0.1", int(sidecar.inbound))) as one:
                    one.sendall(data)
                    while one.recv(65536):
                        pass
                self.assertEqual(self.entries(number)[-1]["first_line"], line)

    def test_what_was_never_tried_names_no_upstream(self):
        with origin() as app, sidespan().inbound(app.port, max_body="1KiB").forward_proxy().set(log={"access": self.path}).start() as sidecar:
            far = f"http://127.0.0.1:{app.port}"
            for port, method, target, fields, status in (
                    (sidecar.inbound, "POST", "/large", [("Content-Length", "2000")], 413), (sidecar.inbound, "GET", "/odd", [("Expect", "miracles")], 417),
                    (sidecar.inbound, "OPTIONS", "/last", [("Max-Forwards", "0")], 200), (sidecar.proxy, "GET", f"http://127.0.0.1:{sidecar.admin}/own", [], 403),
                    (sidecar.proxy, "CONNECT", f"127.0.0.1:{app.port}", [("Content-Length", "1")], 400), (sidecar.inbound, "GET", "/fine", [], 200),
                    (sidecar.proxy, "GET", f"{far}/fine", [], 200)):
                with client(port) as one:
                    one.send_request(method, target, fields)
                    self.assertEqual(one.read(method).status, status, target)
            lines = self.entries(7)
            self.assertEqual([line["attempts"] for line in lines], [0] * 5 + [1, 1])
            self.assertEqual([line.get("upstream") for line in lines], [None] * 5 + [f"127.0.0.1:{app.port}"] * 2)
            self.assertEqual((lines[1]["method"], lines[1]["target"]), ("GET", "/odd"))

    def test_a_caller_that_leaves_has_a_line(self):
        with origin() as app, sidespan().inbound(app.port).set(log={"access": self.path}).start() as sidecar:
            hang = gate()
            app.on("/hang", lambda one: hang.wait())
            connection = socket.create_connection(("127.0.0.1", int(sidecar.inbound)))
            connection.sendall(b"GET /hang HTTP/1.1\r\nHost: a\r\n\r\n")
            app.wait_for(lambda app: app.requests)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
            [line] = self.entries(1)
            hang.open()
            self.assertEqual(line["fault"], "downstream_closed")
            self.assertNotIn("status", line)

    def test_outbound_and_forward_proxy(self):
        with origin() as far, sidespan().inbound(far.port).outbound(far.port).forward_proxy().set(
                log={"access": self.path}).start() as sidecar:
            get(sidecar.outbound, "/out")
            get(sidecar.proxy, f"http://user:word@127.0.0.1:{far.port}/named?sig=1")
            lines = self.entries(2)
            self.assertEqual([line["leg"] for line in lines], ["outbound"] * 2)
            self.assertEqual(lines[0]["upstream"], f"127.0.0.1:{far.port}")
            self.assertNotIn("word", json.dumps(lines[1]))
            self.assertIn("sig=REDACTED", lines[1]["target"])

    def test_hostile_bytes_stay_one_line(self):
        with origin() as app, sidespan().inbound(app.port).set(log={"access": self.path}).start() as sidecar:
            with socket.create_connection(("127.0.0.1", int(sidecar.inbound))) as one:
                one.sendall(b'GET /a"},{"b:\xff\xc3 HTTP/1.1\r\nHost: a\r\nUser-Agent: \x80"\\\xe2\x80\xa8\r\nConnection: close\r\n\r\n')
                while one.recv(65536):
                    pass
            [line] = self.entries(1)
            self.assertEqual(line["log"], "access")


class destinations(access_log_case):
    def test_off_is_off(self):
        with origin() as app, sidespan().inbound(app.port).start() as sidecar:
            get(sidecar.inbound)
            self.assertNotIn('"access"', sidecar.log())
            self.assertEqual(sidecar.metrics().find("sidespan_access_log_lines_total"), [])
            with open(f"/proc/{sidecar.pid}/task/{sidecar.pid}/comm", encoding="ascii") as name:
                self.assertNotIn("access", name.read())
            names = [open(f"/proc/{sidecar.pid}/task/{task}/comm", encoding="ascii").read().strip()
                     for task in os.listdir(f"/proc/{sidecar.pid}/task")]
            self.assertNotIn("access-log", names)

    def test_text_on_stderr(self):
        with origin() as app, sidespan().inbound(app.port).set(log={"access": "stderr", "access_format": "text"}).start() as sidecar:
            get(sidecar.inbound, "/x")
            until(lambda: ' "GET /x HTTP/1.1" 200 - ' in sidecar.log())

    def test_json_on_stdout_beside_the_ports(self):
        with origin() as app, sidespan().inbound(app.port).set(log={"access": "on"}).start() as sidecar:
            get(sidecar.inbound, "/x")
            line = json.loads(sidecar.process.stdout.readline())
            self.assertEqual((line["log"], line["target"]), ("access", "/x"))

    def test_a_stdout_that_nobody_reads_stops_nothing(self):
        with origin() as app, sidespan().inbound(app.port).set(log={"access": "stdout"}).start() as sidecar:
            with client(sidecar.inbound) as one:  # 64 KiB fit into the pipe
                for _ in range(400):
                    self.assertEqual(one.request(target="/" + "x" * 2000).status, 200)
        # Leaving has checked that it ended in time, with 0.

    def test_a_file_that_cannot_be_had_ends_the_start(self):
        with self.assertRaisesRegex(AssertionError, "/nowhere/access.log"):
            sidespan().inbound(1).set(log={"access": "/nowhere/access.log"}).start()

    def test_nothing_is_lost_at_shutdown(self):
        with origin() as app, sidespan().inbound(app.port).set(log={"access": self.path}, limits={"workers": 2}).start() as sidecar:
            for _ in range(4):
                with client(sidecar.inbound) as one:
                    for _ in range(50):
                        one.request()
            self.assertEqual(sidecar.stop(), 0)
        self.lines(200)


if __name__ == "__main__":
    unittest.main()
