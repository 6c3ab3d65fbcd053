# SPDX-License-Identifier: Apache-2.0
"""File descriptors shared by callers, upstream connections and the pages (ADR 24): few of them, and waves of requests."""
import os
import time
import unittest

from support.client import client, get
from support.origin import gate, origin, until
from support.sidespan import sidespan

LIMIT = 140
IDLE_TIMEOUT = 30  # after which idle upstream connections would have closed by themselves


def places(sidecar):
    """For how many callers there are descriptors: 40 or so."""
    return int(sidecar.logged("the limit of open files is too low for so many connections")[0]["connections"])


def open_callers(sidecar):
    return int(sidecar.metrics().sum("sidespan_connections_open", side="downstream"))


def descriptors(sidecar):
    return len(os.listdir(f"/proc/{sidecar.pid}/fd"))


class descriptors_of_few(unittest.TestCase):
    def wave(self, app, callers, path):
        """All of them have a request in flight at once."""
        hold = gate(60)
        app.on(path, lambda one: (hold.wait(), one.reply(200, body=b"done")))
        try:
            for each in callers:
                each.send_request(target=path)
            app.wait_for(lambda app: app.targets().count(path) >= len(callers))
        finally:
            hold.open()
        for each in callers:
            self.assertEqual(each.read().status, 200)

    def test_callers_near_the_limit_use_upstream_connections_again(self):
        with origin() as app, sidespan().outbound(app.port).few_files(LIMIT).start() as sidecar:
            callers = [client(sidecar.outbound, 60) for _ in range(places(sidecar) - 2)]
            for number in range(4):
                self.wave(app, callers, f"/{number}")
            self.assertLessEqual(app.connections, len(callers) + 2)
            for each in callers:
                each.close()

    def test_idle_connections_to_many_upstreams_leave_descriptors_to_callers_and_pages(self):
        with origin() as first, origin() as second, origin() as third, origin() as last:
            apps = (first, second, third, last)
            plan = sidespan()
            for app in apps:
                plan.outbound(app.port)
            with plan.few_files(LIMIT).start() as sidecar:
                many = places(sidecar) - 2
                for at, app in zip(sidecar.outbounds[:3], apps):
                    callers = [client(at, 60) for _ in range(many)]
                    self.wave(app, callers, "/wave")
                    for each in callers:
                        each.close()
                    until(lambda: open_callers(sidecar) == 0)
                self.assertGreater(sidecar.metrics().sum("sidespan_upstream_connections_idle"), many)
                self.assertLess(descriptors(sidecar), LIMIT - 10)
                began = time.monotonic()
                hold = gate(60)
                last.on("/busy", lambda one: (hold.wait(), one.reply(200)))
                callers = [client(sidecar.outbounds[3], 60) for _ in range(many)]
                try:
                    for each in callers:
                        each.send_request(target="/busy")
                    last.wait_for(lambda app: app.targets().count("/busy") == many, IDLE_TIMEOUT / 2)
                    self.assertEqual(get(sidecar.admin, "/livez", timeout=5).status, 200)
                    self.assertLess(descriptors(sidecar), LIMIT - 10)
                finally:
                    hold.open()
                for each in callers:
                    self.assertEqual(each.read().status, 200)
                    each.close()
                self.assertLess(time.monotonic() - began, IDLE_TIMEOUT)
                self.assertNotIn("accepting is paused", sidecar.log())
                self.assertEqual(sidecar.metrics().sum("sidespan_limited_total", limit="descriptors"), 0)

    def test_tunnels_count_among_the_upstream_connections(self):
        with origin() as app, origin() as far:
            plan = sidespan().outbound(app.port).forward_proxy()
            with plan.few_files(LIMIT).start() as sidecar:
                many = places(sidecar) - 2
                callers = [client(sidecar.outbound, 60) for _ in range(many)]
                self.wave(app, callers, "/wave")
                for each in callers:
                    each.close()
                until(lambda: open_callers(sidecar) == 0)
                tunnels = [client(sidecar.proxy, 60) for _ in range(many)]
                target = f"127.0.0.1:{far.port}"
                for each in tunnels:
                    each.send_request("CONNECT", target, host=target)
                    self.assertEqual(each.read_head().status, 200)
                self.assertEqual(get(sidecar.admin, "/livez", timeout=5).status, 200)
                self.assertLess(descriptors(sidecar), LIMIT - 10)
                for each in tunnels:
                    each.close()


if __name__ == "__main__":
    unittest.main()
