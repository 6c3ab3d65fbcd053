# SPDX-License-Identifier: Apache-2.0
"""The load: wrk for throughput and processor time, tests/bench/caller.cpp for latency; both on the proxies' core. Every
measurement is a dictionary of plain numbers that goes into the results as it is."""
import json
import pathlib
import re
import struct
import subprocess
import time

import machine
import subjects

MICROSECONDS = {"us": 1, "ms": 1e3, "s": 1e6, "m": 6e7}
PATHS = {"small": "/", "10k": "/10k", "post": "/"}
NOTHING = {"connect": 0, "read": 0, "write": 0, "timeout": 0, "status": 0}


def wrk(port, content, connections, fresh, seconds, folder):
    """Requests, rate and errors of one run. Time-outs are wrk's own 2 s."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "2s", "--latency"]
    if fresh:
        command += ["-H", "Connection: close"]
    if content == "post":
        script = pathlib.Path(folder) / "post.lua"
        script.write_text('wrk.method = "POST"\nwrk.body = string.rep("x", 102400)\n')
        command += ["-s", str(script)]
    done = subjects.start([*command, f"http://127.0.0.1:{port}{PATHS[content]}"], subjects.PROXY_CORE, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = done.communicate(timeout=seconds + 60)[0]
    total = re.search(r"(\d+) requests in ([\d.]+)(us|ms|s|m),", output)
    if done.returncode != 0 or not total:
        raise RuntimeError(f"wrk failed: {output}")
    requests, took = int(total[1]), float(total[2]) * MICROSECONDS[total[3]] / 1e6
    return {"requests": requests, "rate": requests / took, "errors": wrk_errors(output)}


def wrk_errors(output):
    errors = dict(NOTHING)
    found = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", output)
    if found:
        errors.update(zip(("connect", "read", "write", "timeout"), map(int, found.groups())))
    found = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
    errors["status"] = int(found[1]) if found else 0
    return errors


def calls(port, connections, bursts, milliseconds, path="/"):
    """p50, p99 and max in µs of bursts of one request per connection."""
    done = subjects.start([subjects.built("bench_caller"), str(port), path, str(connections), str(bursts), str(milliseconds)],
                          subjects.PROXY_CORE, text=True, stdout=subprocess.PIPE)
    output = done.communicate(timeout=milliseconds / 1000 + 60)[0]
    if done.returncode != 0:
        raise RuntimeError(f"bench_caller ended with {done.returncode}")
    found = json.loads(output)
    return {**found, "errors": {**NOTHING, "read": found["errors"]}}


class held_connections:
    """Connections that have had one answer each and stay open."""

    def __init__(self, port, connections):
        self.process = subjects.start([subjects.built("bench_caller"), str(port), "/", str(connections), "1", "60000", "hold"],
                                      subjects.OTHER_CORE, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.found = json.loads(self.process.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


def measured(subject, watch, work, connections):
    """What work() returns, with the processor time per request of the subject, and pauses of the machine meanwhile."""
    began = time.monotonic()
    before = machine.cpu_reading(subject.pid)
    out = work()
    if subject.receiver:
        time.sleep(0.25)  # the last batch is on its way: its cost belongs here
    spent = before.microseconds_until(machine.cpu_reading(subject.pid))
    out["cpu"] = spent / max(1, out["requests"])
    out["connections"] = connections
    out["pauses"] = watch.during(began, time.monotonic())
    return out


def allocations(pid, table):
    """Allocations so far by thread name, of a program that runs with bench_allocations."""
    out = {}
    for thread, count in struct.iter_unpack("QQ", pathlib.Path(table).read_bytes()):
        if count:
            name = pathlib.Path(f"/proc/{pid}/task/{thread}/comm")
            name = name.read_text().strip() if name.exists() else "ended"
            out[name] = out.get(name, 0) + count
    return out


def idle_memory(subject):
    """MB at rest after a first request: a tracer has exported then."""
    first = calls(subject.port, 1, 1, 10000)
    time.sleep(0.5)
    return {**first, "connections": 1, "pauses": [], "idle": machine.resident(subject.pid)}


def memory(subject):
    """MB with 1,000 connections that have been used and stay open."""
    with held_connections(subject.port, 1000) as held:
        time.sleep(0.5)
        out = {"at_1000": machine.resident(subject.pid), "requests": held.found["requests"],
               "errors": {**NOTHING, "read": held.found["errors"]}, "connections": 1000, "pauses": []}
    time.sleep(0.5)  # for the proxy to close them
    return out


def system_calls(subject, folder):
    """Per request, on warm connections: one call after the other, and in bursts of 32."""
    out = {"requests": 0, "connections": 33, "errors": dict(NOTHING), "pauses": []}
    for connections, bursts in ((1, 1000), (32, 100)):
        found = {}
        counts = machine.system_calls(subject.pid, folder, lambda: found.update(calls(subject.port, connections, bursts, 30000)))
        out["requests"] += found["requests"]
        out["errors"]["read"] += found["errors"]["read"]
        out[str(connections)] = {name: count / max(1, found["requests"]) for name, count in counts.items()}
    return out
