# SPDX-License-Identifier: Apache-2.0
"""The real program on real sockets, every port 0.

    with sidespan("cart").inbound(app.port).outbound(catalog.url).export(collector.endpoint).start() as sidecar:
        client(sidecar.inbound).request(...)

The program of the tree named by SIDESPAN_TREE (default build/release) is run; leaving the block stops it with SIGTERM and
fails when its exit code is not 0 or a sanitizer complained.
"""
import json
import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time

from . import client as client_module

root = pathlib.Path(__file__).resolve().parents[3]
sanitized = bool(os.environ.get("SIDESPAN_SANITIZED"))
START_SECONDS = 60 if sanitized else 20
COMPLAINTS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:", "WARNING: ThreadSanitizer")


def release_only(test):
    """Marks a test (or class) that measures memory or time and means nothing under a sanitizer."""
    test.release_only = True
    return test


def heavy(test):
    """Marks a test (or class) that takes too long for every run: `tests/run heavy`."""
    test.heavy = True
    return test


def program():
    return str(root / os.environ.get("SIDESPAN_TREE", "build/release") / "sidespan")


def environment(**more):
    """Ours without anything that configures sidespan or a proxy by accident."""
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith(("OTEL_", "SIDESPAN_")) and not name.lower().endswith("_proxy")}
    kept["ASAN_OPTIONS"] = "exitcode=99"
    kept["UBSAN_OPTIONS"] = "print_stacktrace=1:halt_on_error=1"
    kept["TSAN_OPTIONS"] = f"exitcode=99:suppressions={root}/tests/tools/tsan.supp"
    return {**kept, **more}


def merge(into, more):
    for name, value in more.items():
        if isinstance(value, dict) and isinstance(into.get(name), dict):
            merge(into[name], value)
        else:
            into[name] = value
    return into


def without_repetition(members):
    """A name twice in a JSON object: readers take one of the two, and the other is lost."""
    out = dict(members)
    assert len(out) == len(members), members
    return out


class sidespan:
    """What to run; start() runs it."""

    def __init__(self, service="cart"):
        self.settings = {"service": service, "admin": {"listen": "127.0.0.1:0"}}
        self.environment = {"OTEL_TRACES_EXPORTER": "none"}
        self.limits = []
        self.prefix = []

    def listener(self, leg, to, options):
        listeners = self.settings.setdefault(leg, {})
        key = f"127.0.0.{len(listeners) + 1}:0"  # all of 127.0.0.0/8 is loopback, so each port-0 listener has a key of its own
        listeners[key] = {"to": to, **options} if to is not None else options
        return self

    def inbound(self, to=None, **options):
        """`to` is a port of this machine or what the configuration takes."""
        return self.listener("inbound", f"127.0.0.1:{to}" if isinstance(to, int) else to, options)

    def outbound(self, to=None, **options):
        return self.listener("outbound", f"http://127.0.0.1:{to}" if isinstance(to, int) else to, options)

    def forward_proxy(self, address="127.0.0.1:0"):
        self.settings.setdefault("outbound", {})["proxy"] = address
        return self

    def export(self, endpoint, delay="20ms", **otlp):
        self.environment.pop("OTEL_TRACES_EXPORTER", None)
        return self.set(export={"otlp": {"endpoint": endpoint, **otlp}, "queue": {"delay": delay}})

    def set(self, **sections):
        """Merged into the configuration: set(trace={"correlate": "off"})."""
        merge(self.settings, sections)
        return self

    def env(self, **variables):
        self.environment.update(variables)
        return self

    def limit(self, *prlimit_options):
        """Runs under limits of prlimit(1): limit("--nofile=64")."""
        self.limits += prlimit_options
        return self

    def few_files(self, limit):
        """Runs with so few file descriptors that they can be used up. UBSan needs some even then (spare_pipe.c)."""
        if "asan" in os.environ.get("SIDESPAN_TREE", ""):
            library = pathlib.Path(program()).parent / "tests" / "spare_pipe.so"
            subprocess.run(["cc", "-shared", "-fPIC", "-o", str(library), str(root / "tests/support/spare_pipe.c")], check=True)
            self.env(LD_PRELOAD=str(library), ASAN_OPTIONS="exitcode=99:verify_asan_link_order=0")
        return self.limit(f"--nofile={limit}:{limit}")

    def under(self, *command):
        """Runs under a command that becomes the program, such as valgrind."""
        self.prefix += command
        return self

    def start(self):
        return running(self)


class bound_port(int):
    """A port that knows the address it was bound on."""


def bound(listeners):
    out = []
    for key, number in listeners.items():
        out.append(bound_port(number))
        out[-1].host = key.rsplit(":", 1)[0]
    return out


class running:
    """A started program. inbound, outbound: the port of the first listener; inbounds, outbounds: all of them."""

    def __init__(self, plan):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sidespan-test-"))
        self.config = self.folder / "sidespan.yaml"
        self.config.write_text(json.dumps(plan.settings, indent=2))  # JSON is YAML
        self.log_path = self.folder / "stderr"
        command = [*plan.prefix, program(), "run", "--config", str(self.config), "--print-ports"]
        if plan.limits:
            command = ["prlimit", *plan.limits, "--", *command]
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(command, env=environment(**plan.environment), stdin=subprocess.DEVNULL,
                                            stdout=subprocess.PIPE, stderr=log)
        self.pid = self.process.pid
        try:
            self.take_ports(self.read_ports())
        except BaseException:  # nobody has it to stop yet
            self.kill()
            self.clean_up()
            raise

    def take_ports(self, ports):
        self.inbounds, self.outbounds = bound(ports["inbound"]), bound(ports["outbound"])
        self.inbound, self.outbound = (self.inbounds or [None])[0], (self.outbounds or [None])[0]
        self.proxy, self.admin = ports.get("proxy"), ports.get("admin")

    def read_ports(self):
        limit, line = time.monotonic() + START_SECONDS, b""
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, limit - time.monotonic()))
            piece = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            if not piece:
                self.kill()
                raise AssertionError(f"sidespan did not start (exit code {self.process.returncode}):\n{self.log()}")
            line += piece
        return json.loads(line)

    def log(self):
        return self.log_path.read_text(errors="replace")

    def memory(self, what="VmRSS"):
        """Bytes; VmHWM is the most there ever was."""
        text = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(rf"^{what}:\s+(\d+) kB", text, re.MULTILINE)[1]) * 1024

    def cpu_seconds(self):
        times = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")

    def page(self, path):
        return client_module.get(self.admin, path)

    def metrics(self):
        return metrics(self.page("/metrics").body.decode())

    def reloads(self):
        metrics = self.metrics()
        return tuple(int(metrics.sum("sidespan_config_reloads_total", result=result)) for result in ("applied", "refused"))

    def reload(self, settings, seconds=30):
        """Writes the configuration (a dict, or text), sends SIGHUP; True when it was applied, False when refused."""
        before = self.reloads()
        replacement = self.config.with_suffix(".new")
        replacement.write_text(settings if isinstance(settings, str) else json.dumps(settings, indent=2))
        replacement.rename(self.config)
        self.signal(signal.SIGHUP)
        limit = time.monotonic() + seconds
        while (now := self.reloads()) == before:
            assert time.monotonic() < limit, f"no reload:\n{self.log()[-4000:]}"
            time.sleep(0.002)
        return now[0] > before[0]

    def logged(self, message):
        """The lines of the log with this message, as dicts."""
        lines = [json.loads(line, object_pairs_hook=without_repetition) for line in self.log().split("\n") if line.startswith("{")]
        return [line for line in lines if line.get("message") == message]

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def wait(self, seconds=30):
        return self.process.wait(seconds)

    def stop(self, seconds=30):
        """SIGTERM; the exit code."""
        if self.process.poll() is None:
            self.signal()
        try:
            return self.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"sidespan did not stop within {seconds} s:\n{self.log()[-4000:]}") from None

    def kill(self):
        self.process.kill()
        self.process.wait()

    def complaints(self):
        text = self.log()
        return text if any(complaint in text for complaint in COMPLAINTS) else ""

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        was_running = self.process.poll() is None
        try:
            code = self.stop()
            text = self.log()
            assert not self.complaints(), text[-8000:]
            if kind is None and was_running:
                assert code == 0, f"exit code {code}:\n{text[-4000:]}"
            elif kind is not None:
                print(f"--- log of sidespan\n{text[-4000:]}\n---")
        finally:
            self.clean_up()

    def clean_up(self):
        self.process.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class metrics:
    """A Prometheus exposition, read."""

    LINE = re.compile(r'^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: # .*)?$')

    def __init__(self, text):
        self.samples = []
        for line in text.split("\n"):
            if not line or line.startswith("#"):
                continue
            match = self.LINE.match(line)
            if not match:
                raise AssertionError(f"not a sample: {line!r}")
            labels = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', match[2] or ""))
            self.samples.append((match[1], labels, float(match[3])))

    def find(self, name, **labels):
        return [(have, value) for other, have, value in self.samples
                if other == name and all(have.get(key) == value_ for key, value_ in labels.items())]

    def sum(self, name, **labels):
        return sum(value for _, value in self.find(name, **labels))

    def books(self):
        """The span books: recorded = acknowledged + lost + dropped + queued holds in every reading."""
        exported = self.find("otel_sdk_exporter_span_exported_total")
        processed = self.find("otel_sdk_processor_span_processed_total")
        return {
            "recorded": self.sum("otel_sdk_span_started_total"),
            "acknowledged": sum(value for labels, value in exported if not labels.get("error_type")),
            "lost": sum(value for labels, value in exported if labels.get("error_type")),
            "dropped": sum(value for labels, value in processed if labels.get("error_type")),
            "queued": self.sum("otel_sdk_processor_span_queue_size"),
        }
