# SPDX-License-Identifier: Apache-2.0
"""What the operating system says: processor time, memory and system calls of a process tree, pauses of the machine, and a
description of it that names no host. Used by the other parts of tests/bench."""
import os
import pathlib
import platform
import re
import signal
import subprocess
import threading
import time

PAUSE_SECONDS = 0.5
TICKS = os.sysconf("SC_CLK_TCK")


def tree(pid):
    """The process and all that descend from it."""
    found = [pid]
    for one in found:
        for task in tasks(one):
            try:
                found += [int(child) for child in pathlib.Path(f"/proc/{one}/task/{task}/children").read_text().split()]
            except OSError:
                pass
    return found


def tasks(pid):
    try:
        return os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []


class cpu_reading:
    """Run time so far of every thread of a tree. schedstat counts nanoseconds but forgets threads that have ended; when one
    has, the difference of two readings goes by utime + stime (10 ms) instead."""

    def __init__(self, pid):
        self.threads, self.ticks = {}, 0
        for process in tree(pid):
            self.ticks += sum(int(field) for field in
                              pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[11:13])
            for task in tasks(process):
                try:
                    text = pathlib.Path(f"/proc/{process}/task/{task}/schedstat").read_text()
                except OSError:
                    continue
                self.threads[process, task] = int(text.split()[0])

    def microseconds_until(self, later):
        if self.threads.keys() - later.threads.keys():
            return (later.ticks - self.ticks) * 1e6 / TICKS
        return (sum(later.threads.values()) - sum(self.threads.values())) / 1000


def resident(pid):
    """MB of the whole tree."""
    total = 0
    for process in tree(pid):
        total += int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{process}/status").read_text())[1])
    return total / 1024


def system_calls(pid, folder, work):
    """Calls by name that a process tree makes while work() runs, by strace; the time is not worth reading then."""
    output = pathlib.Path(folder) / f"strace-{pid}"
    options = [option for process in tree(pid) for option in ("-p", str(process))]
    tracer = subprocess.Popen(["strace", "-f", "-c", "-o", str(output), *options], stderr=subprocess.PIPE, text=True)
    try:
        for line in tracer.stderr:  # "strace: Process 1 attached with 3 threads"
            if "attached" in line:
                break
        time.sleep(0.3)  # the rest of the threads
        work()
    finally:
        tracer.send_signal(signal.SIGINT)
        tracer.wait(30)
        tracer.stderr.close()
    counts = {}
    for line in output.read_text().split("\n"):
        match = re.match(r"\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?([a-z_]\w*)$", line)
        if match and match[2] != "total":
            counts[match[2]] = int(match[1])
    return counts


def description():
    model = re.search(r"model name\s*:\s*(.*)", pathlib.Path("/proc/cpuinfo").read_text())
    virtual = ", virtual" if "hypervisor" in pathlib.Path("/proc/cpuinfo").read_text() else ""
    kernel = re.match(r"[\d.]+", platform.release())[0].rstrip(".")
    return f"{model[1] if model else platform.machine()}, {os.cpu_count()} cores{virtual}, Linux {kernel}"


def stolen_seconds():
    """Time in which the cores wanted to run and the host did not let them, all cores together."""
    return int(pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[8]) / TICKS


class pause_watch:
    """Notices when the machine stood still: a thread that wakes every 20 ms misses its turn, or the host took the cores."""

    def __init__(self):
        self.pauses = []
        self.ended = threading.Event()
        threading.Thread(target=self.watch, daemon=True).start()

    def watch(self):
        last, stolen = time.monotonic(), stolen_seconds()
        while not self.ended.wait(0.02):
            now, taken = time.monotonic(), stolen_seconds()
            if now - last > PAUSE_SECONDS or taken - stolen > PAUSE_SECONDS:
                self.pauses.append((last, now, max(now - last, taken - stolen)))
            last, stolen = now, taken

    def during(self, start, end):
        return [length for begin, stop, length in self.pauses if begin < end and stop > start]
