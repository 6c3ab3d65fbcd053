# SPDX-License-Identifier: Apache-2.0
"""Start, readiness, drain, exit codes, file descriptors; and two programs that want the same port."""
import pathlib
import resource
import re
import signal
import socket
import subprocess
import time
import unittest

from support import wire
from support.client import client, get
from support.origin import gate, origin, until
from support.sidespan import environment, program, sanitized, sidespan


class pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.app = cls.enterClassContext(origin())
        cls.sidecar = cls.enterClassContext(sidespan("shop").inbound(cls.app.port).start())

    def test_live_and_ready(self):
        for path in ("/livez", "/readyz", "/healthz"):
            with self.subTest(path):
                self.assertEqual(self.sidecar.page(path).status, 200)

    def test_build_names_the_version(self):
        self.assertIn(b"0.1.0", self.sidecar.page("/build").body)

    def test_an_unknown_page_is_404(self):
        self.assertEqual(self.sidecar.page("/nothing").status, 404)

    def test_nothing_can_be_changed_over_tcp(self):  # decision 18
        with client(self.sidecar.admin) as one:
            self.assertIn(one.request("POST", "/readyz", body=b"").status, (404, 405))

    def test_metrics_count_requests(self):
        before = self.sidecar.metrics().sum("http_server_request_duration_seconds_count")
        for _ in range(3):
            get(self.sidecar.inbound, "/x")
        until(lambda: self.sidecar.metrics().sum("http_server_request_duration_seconds_count") == before + 3)
        metrics = self.sidecar.metrics()
        self.assertEqual(metrics.sum("sidespan_build_info"), 1)
        self.assertTrue(metrics.find("http_server_request_duration_seconds_count", http_response_status_code="200")
                        or metrics.find("http_server_request_duration_seconds_count", status="200"), metrics.samples[:40])


class drain(unittest.TestCase):
    def test_sigterm_when_idle_ends_at_once_with_0(self):
        with origin() as app, sidespan().inbound(app.port).outbound(app.port).forward_proxy().start() as sidecar:
            with client(sidecar.inbound) as idle:
                idle.request()
                began = time.monotonic()
                self.assertEqual(sidecar.stop(), 0)
                self.assertLess(time.monotonic() - began, 10)
                self.assertTrue(idle.is_closed())

    def test_inbound_finishes_and_outbound_stays_open_until_it_has(self):
        go_on = gate()
        with origin() as dependency, origin() as app, sidespan().inbound(app.port).outbound(dependency.port).start() as sidecar:
            def answer(one):
                go_on.wait()
                # Drain has begun: the app still reaches its dependency, on a new connection.
                one.reply(200, body=get(sidecar.outbound, "/late").body)

            app.on("/work", answer)
            dependency.otherwise(lambda one: one.reply(200, body=b"dependency"))
            with client(sidecar.inbound) as one:
                one.send_request(target="/work")
                app.wait_for(lambda app: app.requests)
                sidecar.signal(signal.SIGTERM)
                until(lambda: not self.accepts(sidecar.inbound))
                self.assertEqual(sidecar.page("/readyz").status, 503)
                self.assertEqual(sidecar.page("/livez").status, 200)
                go_on.open()
                got = one.read()
                self.assertEqual((got.status, got.body), (200, b"dependency"))
                self.assertEqual(got.fields.get("Connection"), "close")
            self.assertEqual(sidecar.wait(), 0)
            self.assertEqual(dependency.targets(), ["/late"])

    def accepts(self, port):
        """Would a new connection be served? A listener that is closed refuses."""
        try:
            socket.create_connection(("127.0.0.1", int(port)), 1).close()
            return True
        except OSError:
            return False

    def test_connections_that_wait_to_be_accepted_are_served_not_reset(self):
        with origin() as app, sidespan().inbound(app.port).set(limits={"connections": 1}).start() as sidecar:
            with client(sidecar.inbound) as first:
                first.request()
                queued = [client(sidecar.inbound) for _ in range(20)]
                for number, one in enumerate(queued[:15]):
                    one.send_request(target=f"/queued/{number}")
                time.sleep(0.2)
                self.assertEqual(app.targets(), ["/"])
                sidecar.signal(signal.SIGTERM)
                for one in queued[15:18]:  # accepted by the kernel before the signal, and a little slow
                    one.send_request()
                for one in queued[:15]:
                    got = one.read()
                    self.assertEqual((got.status, got.fields.get("Connection")), (200, "close"))
                for one in queued[15:18]:
                    self.assertEqual(one.read().status, 200)
                for one in queued[18:]:  # those that say nothing do not hold the drain up
                    self.assertTrue(one.is_closed())
                for one in queued:
                    one.close()
            self.assertEqual(sidecar.wait(), 0)

    def test_a_request_that_has_arrived_on_an_idle_connection_is_served(self):
        with origin() as app, sidespan().inbound(app.port).start() as sidecar:
            held = [client(sidecar.inbound) for _ in range(5)]
            for one in held:
                one.request()
            sidecar.signal(signal.SIGSTOP)  # request and signal wait together
            for one in held:
                one.send_request(target="/late")
            sidecar.signal(signal.SIGTERM)
            sidecar.signal(signal.SIGCONT)
            for one in held:
                self.assertEqual(one.read().status, 200)
                self.assertTrue(one.is_closed())
                one.close()
            self.assertEqual(sidecar.wait(), 0)

    def test_a_second_signal_exits_with_3(self):
        hang = gate()
        with origin() as app, sidespan().inbound(app.port).start() as sidecar:
            app.on("/hang", lambda one: hang.wait())
            with client(sidecar.inbound) as one:
                one.send_request(target="/hang")
                app.wait_for(lambda app: app.requests)
                sidecar.signal(signal.SIGTERM)
                until(lambda: not self.accepts(sidecar.inbound))
                began = time.monotonic()
                sidecar.signal(signal.SIGTERM)
                self.assertEqual(sidecar.wait(), 3)
                self.assertLess(time.monotonic() - began, 10)
            hang.open()

    def test_the_drain_timeout_ends_what_does_not_end(self):
        hang = gate()
        with origin() as app, sidespan().inbound(app.port).set(drain={"timeout": "500ms"}).start() as sidecar:
            app.on("/hang", lambda one: hang.wait())
            with client(sidecar.inbound) as one:
                one.send_request(target="/hang")
                app.wait_for(lambda app: app.requests)
                began = time.monotonic()
                sidecar.signal(signal.SIGTERM)
                self.assertIn(sidecar.wait(), (0, 3))
                self.assertLess(time.monotonic() - began, 10)
            hang.open()

    def test_who_has_its_answer_and_still_sends_does_not_hold_it_up(self):  # CN-8
        with origin() as app, sidespan().inbound(app.port, max_body="1KiB").start() as sidecar, client(sidecar.inbound) as one:
            one.send(b"POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n" + b"x" * 2000)
            self.assertEqual(one.read().status, 413)
            began = time.monotonic()
            sidecar.signal(signal.SIGTERM)
            with self.assertRaises(OSError):
                while time.monotonic() - began < 20:
                    one.send(b"x")
                    time.sleep(0.05)
            self.assertEqual(sidecar.wait(), 0)
            self.assertLess(time.monotonic() - began, 15)

    def test_sigint_drains_too(self):
        with origin() as app, sidespan().inbound(app.port).start() as sidecar:
            sidecar.signal(signal.SIGINT)
            self.assertEqual(sidecar.wait(), 0)


class file_descriptors(unittest.TestCase):
    def test_the_soft_limit_is_raised_at_start(self):
        with origin() as app, sidespan().inbound(app.port).limit("--nofile=64:4096").start() as sidecar:
            limits = pathlib.Path(f"/proc/{sidecar.pid}/limits").read_text()
        self.assertRegex(limits, r"Max open files\s+4096\s+4096")

    def test_running_out_pauses_accepting_says_so_and_does_not_spin(self):
        with origin() as app, sidespan().inbound(app.port).few_files(4096).start() as sidecar:
            self.assertEqual(get(sidecar.inbound).status, 200)
            held = [client(sidecar.inbound) for _ in range(20)]
            for one in held[:10]:
                self.assertEqual(one.request(head_fields=[("Connection", "keep-alive")]).status, 200)
            hang = gate(60)
            app.on("/hang", lambda one: (hang.wait(), one.reply(200)))
            held[0].send_request(target="/hang")  # takes the connection to the app that was kept
            app.wait_for(lambda app: "/hang" in app.targets())
            before = resource.prlimit(sidecar.pid, resource.RLIMIT_NOFILE)
            resource.prlimit(sidecar.pid, resource.RLIMIT_NOFILE, (3, before[1]))
            try:
                late = client(sidecar.inbound)
                held.append(late)
                time.sleep(0.2)  # less than what makes an idle connection give way
                cpu = sidecar.cpu_seconds()
                got = held[1].request()  # needs a connection to the app
                self.assertEqual((got.status, got.fields.get("Retry-After")), (503, "1"), got)
                time.sleep(0.5)
                self.assertLess(sidecar.cpu_seconds() - cpu, 0.2, "the accept loop spins")
                self.assertRegex(sidecar.log(), "accepting is paused.*descriptors")
            finally:
                resource.prlimit(sidecar.pid, resource.RLIMIT_NOFILE, before)
                hang.open()
            # Accepting goes on once there is room again.
            self.assertEqual(late.request().status, 200)
            for one in held:
                one.close()
            self.assertGreaterEqual(sidecar.metrics().sum("sidespan_limited_total", limit="descriptors"), 2)

    def test_connections_that_were_accepted_reach_their_upstream(self):
        with origin() as app, sidespan().inbound(app.port).few_files(140).start() as sidecar:
            self.assertIn("the limit of open files is too low for so many connections", sidecar.log())
            hold = gate(60)
            app.otherwise(lambda one: (hold.wait(), one.reply(200)))
            callers = [client(sidecar.inbound, 60) for _ in range(120)]
            try:
                for number, one in enumerate(callers):
                    one.send_request(target=f"/{number}")
                # As many as were accepted are in flight at once, each with a connection of its own; the others wait.
                until(lambda: "accepting is paused" in sidecar.log())
                accepted = int(sidecar.metrics().sum("sidespan_connections_open", side="downstream"))
                self.assertGreater(accepted, 20)
                self.assertLess(accepted, 70)
                app.wait_for(lambda app: len(app.requests) >= accepted)
                self.assertEqual(sidecar.metrics().sum("sidespan_connections_open", side="upstream"), accepted)
                self.assertRegex(sidecar.log(), "accepting is paused.*descriptors")
                hold.open()
                self.assertEqual([one.read().status for one in callers[:accepted]], [200] * accepted)
            finally:
                hold.open()
                for one in callers:
                    one.close()
            until(lambda: self.works(sidecar.inbound), 15, every=0.2)

    def works(self, port):
        try:
            return get(port, timeout=5).status == 200
        except (OSError, wire.closed):
            return False


class limits(unittest.TestCase):
    def test_connections_over_the_limit_wait_and_are_served_later(self):
        with origin() as app, sidespan().inbound(app.port).set(limits={"connections": 2}).start() as sidecar:
            first, second = client(sidecar.inbound), client(sidecar.inbound)
            self.assertEqual((first.request().status, second.request().status), (200, 200))
            third = client(sidecar.inbound)
            third.send_request(target="/third")
            time.sleep(0.3)
            self.assertNotIn("/third", app.targets())
            first.close()
            self.assertEqual(third.read().status, 200)
            second.close()
            third.close()

    def test_who_has_waited_longest_for_a_request_gives_way(self):
        with origin() as app, sidespan().inbound(app.port).set(limits={"connections": 4}).start() as sidecar:
            hang = gate(30)
            app.on("/hang", lambda one: (hang.wait(), one.reply(200, body=b"late")))
            busy, first, second, third = (client(sidecar.inbound) for _ in range(4))
            busy.send_request(target="/hang")
            for one in (first, second, third, first):
                self.assertEqual(one.request().status, 200)
                time.sleep(0.1)
            time.sleep(1.2)
            began = time.monotonic()
            with client(sidecar.inbound) as late:
                self.assertEqual(late.request().status, 200)
                self.assertLess(time.monotonic() - began, 1)
                self.assertTrue(second.is_closed())
                self.assertEqual((first.request().status, third.request().status), (200, 200))
                hang.open()
                self.assertEqual(busy.read().body, b"late")
            self.assertEqual(sidecar.metrics().sum("sidespan_limited_total", limit="connections"), 1)
            for one in (busy, first, second, third):
                one.close()

    def test_who_has_begun_a_request_or_another_listener_does_not_give_way(self):
        with origin() as app, sidespan().inbound(app.port, max_connections=1).inbound(app.port).start() as sidecar:
            other, begun = client(sidecar.inbounds[1]), client(sidecar.inbounds[0])
            self.assertEqual(other.request().status, 200)
            begun.send(b"GET /begun HTTP/1.1\r\n")
            time.sleep(1.3)
            late = client(sidecar.inbounds[0])
            late.send_request()
            time.sleep(0.3)
            self.assertEqual(begun.send(b"Host: a\r\n\r\n").read().status, 200)
            self.assertEqual(other.request().status, 200)
            self.assertEqual(late.read().status, 200)  # `begun` is the one that gives way, a second later
            self.assertTrue(begun.is_closed())
            for one in (other, begun, late):
                one.close()


class start(unittest.TestCase):
    def run_program(self, *arguments):
        return subprocess.run([program(), *arguments], env=environment(), capture_output=True, text=True, timeout=60)

    def test_two_programs_on_one_port_fail_clearly(self):
        with origin() as app, sidespan().inbound(app.port).start() as sidecar:
            done = self.run_program("run", "--service", "b", "--in", f"{sidecar.inbound}=localhost:{app.port}")
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn(str(sidecar.inbound), done.stderr)
            self.assertRegex(done.stderr.lower(), "in use|already")
            self.assertEqual(get(sidecar.inbound).status, 200)

    def test_two_workers_share_a_port_but_not_with_another_program(self):  # decision 5
        with origin() as app, sidespan().inbound(app.port).set(limits={"workers": 2}).start() as sidecar:
            for _ in range(20):
                self.assertEqual(get(sidecar.inbound).status, 200)
            done = self.run_program("run", "--service", "b", "--in", f"127.0.0.1:{sidecar.inbound}=localhost:{app.port}")
            self.assertEqual(done.returncode, 1, done.stderr)

    def test_a_wrong_configuration_exits_with_2(self):
        done = self.run_program("run", "--config", "/nonexistent/sidespan.yaml")
        self.assertEqual(done.returncode, 2, done.stderr)

    def test_usage_exits_with_2(self):
        self.assertEqual(self.run_program().returncode, 2)
        self.assertEqual(self.run_program("fly").returncode, 2)
        self.assertEqual(self.run_program("--help").returncode, 0)
        self.assertEqual(self.run_program("version").returncode, 0)


if __name__ == "__main__":
    unittest.main()
