# SPDX-License-Identifier: Apache-2.0
"""Children of the demo: each is started in a group of its own, found ready or reported with the end of its log, and ended by pid."""
import ctypes
import errno
import http.client
import os
import signal
import socket
import subprocess
import time

PR_SET_PDEATHSIG = 1
HIDDEN_FROM_CHILDREN = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


class DemoError(Exception):
    """Something a person can act on; shown without a traceback."""


def clean_environment(extra):
    """Without proxies and without settings that would tell a sidecar something its file does not say; Debian's own programs first."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.lower() not in HIDDEN_FROM_CHILDREN and not name.startswith(("OTEL_", "SIDESPAN_"))
    }
    return {**kept, "PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "PYTHONDONTWRITEBYTECODE": "1", **extra}


def die_with_the_demo():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Child:
    def __init__(self, name, command, log, cwd=None, environment=None):
        self.name = name
        self.log = log
        with open(log, "wb") as output:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=cwd,
                env=clean_environment(environment or {}), start_new_session=True, preexec_fn=die_with_the_demo,
            )

    def must_live(self):
        code = self.process.poll()
        if code is not None:
            raise DemoError(f"{self.name} ended with exit code {code} while starting; the end of {self.log}:\n{self.last_lines()}")

    def last_lines(self, count=20):
        with open(self.log, errors="replace") as output:
            return "".join(f"    {line.rstrip()}\n" for line in output.readlines()[-count:])

    def signal_group(self, number):
        """To the whole group, because some apps are a master and its workers; the group was made by us and has our child's pid."""
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            pass

    def ask_to_end(self):
        self.signal_group(signal.SIGTERM)

    def end(self, seconds):
        """Gives the exit code, or nothing if it had to be killed."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            code = None
        self.signal_group(signal.SIGKILL)
        self.process.wait()
        return code


def get(port, path, timeout=2, method="GET"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def wait_ready(child, port, path, seconds=20):
    """Until the child answers 200; a child that ends meanwhile is reported at once."""
    deadline = time.monotonic() + seconds
    last = "nothing listens"
    while time.monotonic() < deadline:
        child.must_live()
        try:
            status, _ = get(port, path)
            if status == 200:
                return
            last = f"answers {status}"
        except OSError as error:
            last = str(error)
        except http.client.HTTPException as error:
            last = repr(error)
        time.sleep(0.05)
    raise DemoError(
        f"{child.name} was not ready after {seconds} s: http://localhost:{port}{path}: {last}; the end of {child.log}:\n{child.last_lines()}"
    )


def taken(port):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))
            return False
        except OSError as error:
            return error.errno == errno.EADDRINUSE


def require_free(ports):
    busy = [f"  {port}: needed for {use}" for port, use in sorted(ports.items()) if taken(port)]
    if busy:
        raise DemoError(
            "these ports are in use:\n" + "\n".join(busy) + "\nIs another demo running? `ss -ltnp` tells who listens; end it and try again."
        )
