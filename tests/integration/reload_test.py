# SPDX-License-Identifier: Apache-2.0
"""SIGHUP: the configuration changes under load and no request notices."""
import copy
import json
import os
import re
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from support import wire
from support.client import client, get
from support.collector import collector
from support.origin import gate, origin, until
from support.sidespan import environment, program, sanitized, sidespan
from support.talker import echo, talker


def with_listener(settings, key, leg="inbound", **options):
    settings = copy.deepcopy(settings)
    settings.setdefault(leg, {})[key] = options
    return settings


def greet(of, connection):
    connection.sendall(b"second\n")
    echo(of, connection)


def port_of(sidecar, address):
    """Of a listener that a reload added: only the log names it."""
    found = until(lambda: [line["on"] for line in sidecar.logged("listening") if line.get("on", "").startswith(address + ":")])
    return int(found[-1].rsplit(":", 1)[1])


class caller(threading.Thread):
    """Sends requests until told to stop; what went wrong is kept."""

    def __init__(self, port, fresh, target, expected):
        super().__init__(daemon=True)
        self.port, self.fresh, self.target, self.expected = port, fresh, target, expected
        self.stopping, self.done, self.problems = False, 0, []

    def run(self):
        one = None
        while not self.stopping and len(self.problems) < 10:
            try:
                if one is None:
                    one = client(self.port, 60)
                got = one.request(target=f"{self.target}/{self.done}")
                if (got.status, got.body) != (200, self.expected):
                    self.problems.append(f"{got.status} {got.body[:100]!r} after {self.done}")
                self.done += 1
            except (OSError, wire.closed, wire.bad_wire) as problem:
                self.problems.append(f"{problem!r} after {self.done}")
                one = None
            if self.fresh and one is not None:
                one.close()
                one = None
        if one is not None:
            one.close()

    def end(self):
        self.stopping = True
        self.join(60)


class slow_upload(threading.Thread):
    """One chunked request after the other, each in pieces over many reloads."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.stopping, self.done, self.problems = port, False, 0, []

    def run(self):
        try:
            with client(self.port, 60) as one:
                while not self.stopping:
                    one.send(b"POST /upload HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
                    for _ in range(40):
                        one.send(wire.chunk(b"u" * 1000))
                        time.sleep(0.01)
                    one.send(b"0\r\n\r\n")
                    got = one.read()
                    if (got.status, got.body) != (200, b"40000"):
                        self.problems.append(f"{got.status} {got.body[:100]!r}")
                    self.done += 1
        except (OSError, wire.closed, wire.bad_wire) as problem:
            self.problems.append(repr(problem))

    def end(self):
        self.stopping = True
        self.join(60)


def answer_slowly(one):
    one.read_body()
    one.send(b"HTTP/1.1 200 Fine\r\nContent-Length: 40\r\n\r\n")
    for _ in range(40):
        one.send(b"d")
        time.sleep(0.01)


class under_load(unittest.TestCase):
    RELOADS = 30

    def changed(self, settings, number, folder):
        """Configuration number `number`: everything changes that may, now and then."""
        out = copy.deepcopy(settings)
        key = next(iter(out["inbound"]))
        if number % 3:
            out["inbound"][key]["routes"] = [f"GET /call/{{n{number}}}", {"match": "POST /upload", "name": f"up{number}"}]
        if number % 2:
            out["inbound"][f"127.0.0.9:{0}"] = {"to": out["inbound"][key]["to"]}
        if number % 4 == 1:
            out["outbound"][next(iter(out["outbound"]))]["via"] = "off"
        out["trace"] = {"exclude": [f"/never{number}"], "response_header": ["off", "traceresponse"][number % 2]}
        out["log"] = {"level": ["info", "debug"][number % 2], "access": ["off", f"{folder}/a", f"{folder}/b"][number % 3]}
        out["limits"] = {**out.get("limits", {}), "header_bytes": f"{60 + number % 5}KiB", "idle_upstream_connections": 100 + number}
        out["drain"] = {"timeout": f"{20 + number}s"}
        return out

    def run_load(self, workers):
        with tempfile.TemporaryDirectory() as folder, collector() as receiver, origin() as app, origin() as far, \
                sidespan().inbound(app.port).outbound(far.port).forward_proxy().export(receiver.endpoint).set(
                    limits={"workers": workers}).start() as sidecar:
            app.otherwise(lambda one: one.reply(200, body=b"app"))
            app.on("/upload", lambda one: one.reply(200, body=str(len(one.read_body())).encode()))
            app.on("/slow/0", answer_slowly)
            far.otherwise(lambda one: one.reply(200, body=b"far"))
            settings = json.loads(sidecar.config.read_text())
            callers = [caller(sidecar.inbound, False, "/call", b"app"), caller(sidecar.inbound, True, "/call", b"app"),
                       caller(sidecar.outbound, False, "/out", b"far"), caller(sidecar.outbound, True, "/out", b"far"),
                       caller(sidecar.proxy, False, f"{far.url}/named", b"far"), slow_upload(sidecar.inbound)]
            slow = [caller(sidecar.inbound, False, "/slow/0?", b"d" * 40)]
            for each in callers + slow:
                each.start()
            for number in range(5):
                self.assertTrue(sidecar.reload(self.changed(settings, number, folder)), sidecar.log()[-2000:])
            time.sleep(0.5)
            memory = sidecar.memory()
            for number in range(5, 5 + self.RELOADS):
                self.assertTrue(sidecar.reload(self.changed(settings, number, folder)), sidecar.log()[-2000:])
                time.sleep(0.05)
            grown = sidecar.memory() - memory
            everything = lambda: sum(each.done for each in callers + slow)
            until(lambda: everything() > (200 if sanitized else 2000) or any(each.problems for each in callers + slow), 120)
            for each in callers + slow:
                each.end()
            self.assertEqual([each.problems for each in callers + slow], [[]] * 7, sidecar.log()[-2000:])
            self.assertTrue(all(each.done > 0 for each in callers + slow), [each.done for each in callers + slow])
            requests = everything()
            # The books: one span per request, none lost or twice over 35 configurations; the origins saw as many.
            self.assertEqual(len(app.requests) + len(far.requests), requests)
            spans = receiver.wait_for(lambda spans: len(spans) >= requests, 60)
            self.assertEqual(len({(span.trace_id, span.span_id) for span in spans}), requests)
            until(lambda: sidecar.metrics().books()["queued"] == 0)
            metrics = sidecar.metrics()
            books = metrics.books()
            self.assertEqual((books["recorded"], books["acknowledged"]), (requests, requests), books)
            self.assertEqual(metrics.sum("http_server_active_requests"), 0)
            self.assertEqual(sidecar.reloads(), (5 + self.RELOADS, 0))
            if not sanitized:
                # Spans that wait for a receiver on a busy machine are a few MiB; LeakSanitizer sees what is smaller.
                self.assertLess(grown, 10 << 20)
                threads = len(os.listdir(f"/proc/{sidecar.pid}/task"))
                self.assertLess(threads, 30)

    def test_one_worker(self):
        self.run_load(1)

    def test_two_workers(self):
        self.run_load(2)


class one_reload(unittest.TestCase):
    def start(self, plan, app):
        sidecar = self.enterContext(plan.start())
        return sidecar, json.loads(sidecar.config.read_text())

    def setUp(self):
        self.app = self.enterContext(origin())

    def test_a_broken_file_keeps_the_configuration_and_names_the_place(self):
        sidecar, settings = self.start(sidespan().inbound(self.app.port), self.app)
        with client(sidecar.inbound) as one:
            one.request()
            self.assertFalse(sidecar.reload('{\n  "service": "cart",\n  "inbund": {}\n}'))
            self.assertIn(f"{sidecar.config}:3:3: inbund: unknown key", sidecar.log())
            self.assertEqual(one.request().status, 200)
            self.assertFalse(sidecar.reload("service: [\n"))
            sidecar.config.unlink()
            sidecar.signal(1)
            until(lambda: sidecar.reloads() == (0, 3))
            self.assertEqual(sidecar.metrics().sum("sidespan_config_last_reload_success"), 0)
            self.assertTrue(sidecar.reload(settings))
            self.assertEqual(sidecar.metrics().sum("sidespan_config_last_reload_success"), 1)
            self.assertEqual(one.request().status, 200)

    def test_a_port_that_is_taken_refuses_the_whole_configuration(self):
        taken = self.enterContext(socket.create_server(("127.0.0.1", 0))).getsockname()[1]
        sidecar, settings = self.start(sidespan().inbound(self.app.port, max_body=10), self.app)
        with client(sidecar.inbound) as one:
            one.request()
            wanted = with_listener(settings, "127.0.0.9:0", to="127.0.0.1:1")  # bound first, and given back
            wanted = with_listener(wanted, f"127.0.0.1:{taken}", to="127.0.0.1:1")
            wanted["inbound"]["127.0.0.1:0"]["max_body"] = 1000
            files = len(os.listdir(f"/proc/{sidecar.pid}/fd"))
            self.assertFalse(sidecar.reload(wanted))
            self.assertIn(f"127.0.0.1:{taken}", sidecar.logged("the configuration was not reloaded, the one before stays in force")[0]["reason"])
            until(lambda: len(os.listdir(f"/proc/{sidecar.pid}/fd")) == files)  # connections of the metrics page come and go
            self.assertEqual(one.request("POST", body=b"x" * 11).status, 413)

    def test_a_kept_connection_goes_by_the_new_configuration_from_its_next_request_on(self):
        sidecar, settings = self.start(sidespan().inbound(self.app.port), self.app)
        with client(sidecar.inbound) as one:
            self.assertIn("Via", one.request().raw_head.decode())
            settings["inbound"]["127.0.0.1:0"].update(via="off", max_body=10, idle_timeout="300ms")
            self.assertTrue(sidecar.reload(settings))
            self.assertNotIn("Via", one.request().raw_head.decode())
            began = time.monotonic()
            self.assertTrue(one.is_closed())  # by the idle timeout that is new
            self.assertLess(time.monotonic() - began, 10)
        with client(sidecar.inbound) as one:
            self.assertEqual(one.request("POST", body=b"x" * 11).status, 413)
        self.assertEqual(self.app.connections, 1)  # the pool went on

    def test_an_exchange_ends_with_the_configuration_it_began_with(self):
        sidecar, settings = self.start(sidespan().inbound(self.app.port), self.app)
        self.app.otherwise(lambda one: one.reply(200, body=str(len(one.read_body())).encode()))
        with client(sidecar.inbound) as one:
            one.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + wire.chunk(b"x" * 8))
            self.app.wait_for(lambda app: app.requests)
            settings["inbound"]["127.0.0.1:0"].update(max_body=10, via="off")
            self.assertTrue(sidecar.reload(settings))
            one.send(wire.chunk(b"x" * 8) + b"0\r\n\r\n")
            got = one.read()
            self.assertEqual((got.status, got.body), (200, b"16"))
            self.assertIn("Via", got.raw_head.decode())
            self.assertEqual(one.request("POST", body=b"x" * 11).status, 413)

    def test_a_listener_comes_and_goes(self):
        sidecar, settings = self.start(sidespan().inbound(self.app.port), self.app)
        go_on = gate()
        self.app.on("/slow", lambda one: (go_on.wait(), one.reply(200, body=b"late")))
        self.assertTrue(sidecar.reload(with_listener(settings, "127.0.0.9:0", to=f"127.0.0.1:{self.app.port}")))
        port = port_of(sidecar, "127.0.0.9")

        def call():
            connection = socket.create_connection(("127.0.0.9", port), 30)
            connection.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
            return connection

        idle = socket.create_connection(("127.0.0.9", port), 30)
        idle.sendall(b"GET /fast HTTP/1.1\r\nHost: a\r\n\r\n")
        self.assertIn(b"200", idle.recv(65536))
        busy = call()
        self.app.wait_for(lambda app: any(one.path == "/slow" for one in app.requests))
        self.assertTrue(sidecar.reload(settings))
        with self.assertRaises(ConnectionRefusedError):
            call()
        self.assertEqual(idle.recv(10), b"")
        go_on.open()
        answer = b""
        while piece := busy.recv(65536):
            answer += piece
        self.assertTrue(answer.endswith(b"late"), answer)
        self.assertIn(b"Connection: close", answer)
        self.assertEqual(get(sidecar.inbound).status, 200)
        idle.close()
        busy.close()

    def test_what_does_not_end_on_a_removed_listener_is_cut_after_the_drain_time(self):
        sidecar, settings = self.start(sidespan().inbound(self.app.port).set(drain={"timeout": "300ms"}), self.app)
        hang = gate()
        self.app.on("/hang", lambda one: hang.wait())
        self.assertTrue(sidecar.reload(with_listener(settings, "127.0.0.9:0", to=f"127.0.0.1:{self.app.port}")))
        with socket.create_connection(("127.0.0.9", port_of(sidecar, "127.0.0.9")), 30) as busy:
            busy.sendall(b"GET /hang HTTP/1.1\r\nHost: a\r\n\r\n")
            self.app.wait_for(lambda app: app.requests)
            self.assertTrue(sidecar.reload(settings))
            began = time.monotonic()
            while busy.recv(65536):
                pass
            self.assertLess(time.monotonic() - began, 10)
        hang.open()

    def test_open_opaque_connections_notice_nothing(self):
        with talker(echo) as server, talker(echo) as other:
            to = f"tcp://127.0.0.1:{server.port}"
            sidecar, settings = self.start(sidespan().inbound(self.app.port).inbound(to).set(drain={"timeout": "300ms"}), self.app)
            [tcp] = [key for key, listener in settings["inbound"].items() if listener["to"] == to]
            with client(sidecar.inbounds[1]) as one, client(sidecar.inbounds[1]) as silent:
                def still_there(bytes_sent):
                    for each in (one, silent) if bytes_sent == b"last" else (one,):
                        each.send(bytes_sent)
                        self.assertEqual(each.source.exactly(len(bytes_sent)), bytes_sent)

                still_there(b"first")
                self.assertTrue(sidecar.reload(settings))
                still_there(b"unchanged")
                # Another upstream, and another limit: for the next connection.
                self.assertTrue(sidecar.reload(with_listener(settings, tcp, to=f"tcp://127.0.0.1:{other.port}", tunnel_idle_timeout="100ms")))
                still_there(b"changed")
                time.sleep(0.5)  # past the drain time and the new limit
                still_there(b"last")
                self.assertEqual(other.got, [])
                with client(sidecar.inbounds[1]) as two:
                    two.send(b"new")
                    self.assertEqual(two.source.exactly(3), b"new")
                self.assertEqual(other.got, [b"new"])
                self.assertEqual(sidecar.metrics().sum("sidespan_tunnels_total", end="shutdown"), 0)

    def test_a_removed_opaque_listener_lets_its_connections_finish(self):
        with talker(echo) as server:
            sidecar, settings = self.start(sidespan().inbound(self.app.port).set(drain={"timeout": "1s"}), self.app)
            self.assertTrue(sidecar.reload(with_listener(settings, "127.0.0.9:0", to=f"tcp://127.0.0.1:{server.port}")))
            port = port_of(sidecar, "127.0.0.9")
            with socket.create_connection(("127.0.0.9", port), 20) as one, socket.create_connection(("127.0.0.9", port), 20) as stays:
                for each in (one, stays):
                    each.sendall(b"x")
                    self.assertEqual(each.recv(10), b"x")
                self.assertTrue(sidecar.reload(settings))
                began = time.monotonic()
                with self.assertRaises(ConnectionRefusedError):
                    socket.create_connection(("127.0.0.9", port), 20)
                one.sendall(b"y")
                self.assertEqual(one.recv(10), b"y")
                one.shutdown(socket.SHUT_WR)
                self.assertEqual(one.recv(10), b"")
                with self.assertRaises(ConnectionResetError):  # whoever does not end is cut after the drain time, never with a clean end
                    stays.recv(10)
                self.assertGreater(time.monotonic() - began, 0.9)
            ends = {end: sidecar.metrics().sum("sidespan_tunnels_total", end=end) for end in ("downstream_closed", "shutdown")}
            self.assertEqual(ends, {"downstream_closed": 1, "shutdown": 1})

    def test_an_opaque_connection_ends_with_the_configuration_it_began_with(self):
        receiver, first, second = self.enterContext(collector()), self.enterContext(talker(echo)), self.enterContext(talker(greet))
        plan = sidespan().inbound(self.app.port).inbound(f"tcp://127.0.0.1:{first.port}").set(drain={"timeout": "3s"})
        sidecar, settings = self.start(plan.export(receiver.endpoint), self.app)
        [key] = [key for key in settings["inbound"] if key.startswith("127.0.0.2")]
        port = sidecar.inbounds[1]

        def echoes(one):
            one.send(b"ping")
            self.assertEqual(one.source.exactly(4), b"ping")

        with client(port) as old, client(port) as cut:
            echoes(old)
            echoes(cut)
            settings["inbound"][key].update(to=f"tcp://127.0.0.1:{second.port}", tunnel_idle_timeout="2h")
            self.assertTrue(sidecar.reload(settings))
            echoes(old)  # to where it led before
            with client(port) as new:
                self.assertEqual(new.source.exactly(7), b"second\n")
            old.half_close()
            self.assertTrue(old.is_closed())
            del settings["inbound"][key]
            self.assertTrue(sidecar.reload(settings))
            with self.assertRaises(ConnectionRefusedError):
                client(port)
            echoes(cut)  # until the drain time is over
            with self.assertRaises(wire.closed):
                cut.source.fill()
        self.assertEqual(get(sidecar.inbound).status, 200)
        spans = receiver.wait_for_spans(4)
        ends = sorted((span.attributes["sidespan.tunnel.end"], span.attributes["sidespan.tunnel.bytes_up"], span.error)
                      for span in spans if span.name == "tcp")
        self.assertEqual(ends, [("downstream_closed", 0, False), ("downstream_closed", 8, False), ("shutdown", 8, False)])
        until(lambda: sidecar.metrics().sum("sidespan_tunnels_open") == 0)

    def test_what_needs_a_restart_is_named_and_left_alone(self):
        sidecar, settings = self.start(sidespan().inbound(self.app.port), self.app)
        admin = sidecar.admin
        settings.update(service="other", limits={"workers": 3}, viewer={"listen": "127.0.0.1:0", "otlp": "127.0.0.1:0"})
        settings["inbound"]["127.0.0.1:0"]["via"] = "off"
        self.assertTrue(sidecar.reload(settings))
        [line] = sidecar.logged("these settings take effect at the next start only")
        self.assertEqual(line["keys"], "service, viewer, limits.workers")
        self.assertNotIn("Via", get(sidecar.inbound).raw_head.decode())
        self.assertEqual(sidecar.admin, admin)
        self.assertEqual(json.loads(sidecar.page("/build").body)["service"], "cart")
        self.assertTrue(sidecar.reload(settings))  # and again, as long as it is so
        self.assertEqual(len(sidecar.logged("these settings take effect at the next start only")), 2)

    def test_the_ledger_goes_on_over_a_reload(self):
        receiver, far = self.enterContext(collector()), self.enterContext(origin())
        sidecar, settings = self.start(sidespan().inbound(self.app.port).outbound(far.port).export(receiver.endpoint), self.app)
        go_on = gate()

        def work(one):
            go_on.wait()
            # Without a context: only the ledger knows whose request id it is.
            get(sidecar.outbound, "/far", [("X-Request-Id", one.fields.get("X-Request-Id"))])
            one.reply(200)

        self.app.on("/work", work)
        with client(sidecar.inbound) as one:
            one.send_request(target="/work")
            self.app.wait_for(lambda app: app.requests)
            settings["trace"] = {"exclude": ["/nothing"]}
            self.assertTrue(sidecar.reload(settings))
            go_on.open()
            self.assertEqual(one.read().status, 200)
        spans = {span.kind: span for span in receiver.wait_for_spans(2)}
        self.assertEqual((spans["client"].parent_id, spans["client"].attributes["sidespan.parent.method"]), (spans["server"].span_id, "header"))

    def test_the_access_log_is_opened_anew(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        log, old = os.path.join(folder, "log"), os.path.join(folder, "log.1")
        sidecar, settings = self.start(sidespan().inbound(self.app.port).set(log={"access": log}), self.app)

        def targets(name):
            with open(name, encoding="utf-8") as lines:
                return [json.loads(line)["target"] for line in lines]

        get(sidecar.inbound, "/one")
        until(lambda: targets(log) == ["/one"])
        os.rename(log, old)
        get(sidecar.inbound, "/two")
        until(lambda: targets(old) == ["/one", "/two"])
        self.assertTrue(sidecar.reload(settings))
        get(sidecar.inbound, "/three")
        until(lambda: os.path.exists(log) and targets(log) == ["/three"])
        settings["log"]["access"] = "off"
        self.assertTrue(sidecar.reload(settings))
        get(sidecar.inbound, "/four")
        settings["log"]["access"] = os.path.join(folder, "missing", "log")
        self.assertFalse(sidecar.reload(settings))
        settings["log"]["access"] = log
        self.assertTrue(sidecar.reload(settings))
        get(sidecar.inbound, "/five")
        until(lambda: targets(log) == ["/three", "/five"])

    def test_a_drain_is_not_disturbed(self):
        sidecar, _ = self.start(sidespan().inbound(self.app.port), self.app)
        hang = gate()
        self.app.on("/hang", lambda one: (hang.wait(), one.reply(200)))
        with client(sidecar.inbound) as one:
            one.send_request(target="/hang")
            self.app.wait_for(lambda app: app.requests)
            sidecar.signal()
            until(lambda: sidecar.page("/readyz").status == 503)
            sidecar.signal(1)
            time.sleep(0.05)
            hang.open()
            self.assertEqual(one.read().status, 200)
        self.assertEqual(sidecar.wait(), 0)


class check_before(unittest.TestCase):
    """`sidespan check --reload-from` says what SIGHUP would do."""

    def check(self, before, after, *options):
        with tempfile.TemporaryDirectory() as folder:
            names = [os.path.join(folder, name) for name in ("before.yaml", "after.yaml")]
            for name, text in zip(names, (before, after)):
                with open(name, "w", encoding="utf-8") as file:
                    file.write(text)
            return subprocess.run([program(), "check", "-c", names[1], "--reload-from", names[0], *options], env=environment(),
                                  capture_output=True, text=True, timeout=60)

    BEFORE = "service: a\ninbound: { 8080: localhost:1 }\n"

    def test_what_can_be_reloaded_is_fine(self):
        done = self.check(self.BEFORE, "service: a\ninbound: { 8080: localhost:2, 8081: localhost:1 }\n")
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)

    def test_what_waits_for_a_restart_is_a_warning(self):
        done = self.check(self.BEFORE, "service: b\ninbound: { 8080: localhost:1 }\nlimits: { workers: 2 }\n")
        self.assertEqual(done.returncode, 0)
        for key in ("service", "limits.workers"):
            self.assertRegex(done.stderr, rf"warning: reload: {re.escape(key)} takes effect at the next start only")

    def test_what_would_be_refused_is_an_error(self):
        done = self.check(self.BEFORE, "service: a\ninbound: { \"127.0.0.1:8080\": localhost:1 }\n", "--json")
        self.assertEqual(done.returncode, 2)
        self.assertIn("needs the port of listener 8080", done.stdout)

    def test_a_file_that_cannot_be_running_is_an_error(self):
        self.assertEqual(self.check("service: [\n", self.BEFORE).returncode, 2)


if __name__ == "__main__":
    unittest.main()
