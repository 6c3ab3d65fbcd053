#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a checkout of the W3C trace-context test-suite against sidespan: harness -> inbound -> an app that forwards no header
-> forward proxy -> harness. Prints the suite's own output, then `N passed, N failed`.
"""
import json
import os
import pathlib
import re
import subprocess
import sys

root = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(root / "tests/integration"))

from support.client import client  # noqa: E402
from support.origin import origin  # noqa: E402
from support.sidespan import sidespan  # noqa: E402


def main():
    suite = pathlib.Path(sys.argv[1]) / "test"
    if not (suite / "test.py").exists():
        print(f"{suite}/test.py does not exist\n0 passed, 1 failed")
        return 1
    with origin() as app, sidespan().inbound(app.port).forward_proxy().start() as sidecar:
        def call_back(one):
            for call in json.loads(one.read_body()):
                with client(sidecar.proxy) as out:
                    out.request("POST", call["url"], [("Content-Type", "application/json")],
                                json.dumps(call["arguments"]).encode(), host=call["url"].split("/")[2])
            one.reply(200)

        app.on("/test", call_back)
        environment = dict(os.environ, SPEC_LEVEL="2", STRICT_LEVEL="2", SERVICE_ENDPOINT=f"http://127.0.0.1:{sidecar.inbound}/test")
        done = subprocess.run([sys.executable, "test.py", environment["SERVICE_ENDPOINT"]], cwd=suite, env=environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    print(done.stdout)
    ran = re.search(r"^Ran (\d+) tests", done.stdout, re.MULTILINE)
    bad = sum(int(number) for number in re.findall(r"(?:failures|errors|skipped)=(\d+)", done.stdout))
    if not ran:
        print("the suite did not run (does its Python have aiohttp?)\n0 passed, 1 failed")
        return 1
    print(f"{int(ran[1]) - bad} passed, {bad} failed")
    return 0 if bad == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
