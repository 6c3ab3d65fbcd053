# SPDX-License-Identifier: Apache-2.0
"""The span books against what the origin counted, and what a collector that misbehaves does to the traffic: nothing."""
import threading
import time
import unittest

from support.client import client, get
from support.collector import collector, collector_process
from support.origin import origin, refused_port, until
from support.sidespan import sidespan


MISSING = "not every span reached the collector"


def traffic(port, threads=4, each=50):
    """Requests over several connections at once; the number that was answered with 200."""
    good = []

    def run():
        with client(port) as one:
            for number in range(each):
                good.append(one.request("GET", f"/{number}").status == 200)

    running = [threading.Thread(target=run) for _ in range(threads)]
    for one in running:
        one.start()
    for one in running:
        one.join()
    return sum(good)


def settled(sidecar, recorded):
    """The books once so many spans have been recorded (each a moment after its response) and nothing is queued any more; they
    must balance in every reading on the way."""
    def read():
        books = sidecar.metrics().books()
        assert books["recorded"] == books["acknowledged"] + books["lost"] + books["dropped"] + books["queued"], books
        return books if books["recorded"] >= recorded and books["queued"] == 0 else None
    return until(read, every=0.02)


class healthy_collector(unittest.TestCase):
    def test_every_request_the_origin_saw_is_acknowledged_once(self):
        with collector() as spans_of, origin() as app, sidespan().inbound(app.port).export(spans_of.endpoint).start() as sidecar:
            self.assertEqual(traffic(sidecar.inbound), 200)
            books = settled(sidecar, 200)
            self.assertEqual((books["recorded"], books["acknowledged"], books["lost"] + books["dropped"]), (len(app.requests), 200, 0))
            spans = spans_of.wait_for_spans(200)
            self.assertEqual((len(spans), len({span.span_id for span in spans})), (200, 200))
            self.assertEqual(sidecar.stop(), 0)
            self.assertEqual(sidecar.logged(MISSING), [])

    def test_both_legs_and_two_workers(self):
        with collector() as spans_of, origin() as app, origin() as dependency:
            plan = sidespan().inbound(app.port).outbound(dependency.port).export(spans_of.endpoint).set(limits={"workers": 2})
            with plan.start() as sidecar:
                app.otherwise(lambda one: (get(sidecar.outbound, "/x"), one.reply(200)))
                self.assertEqual(traffic(sidecar.inbound, 4, 20), 80)
                books = settled(sidecar, 160)
                self.assertEqual((books["recorded"], books["acknowledged"]), (len(app.requests) + len(dependency.requests), 160))

    def test_gzip(self):
        with collector() as spans_of, origin() as app, sidespan().inbound(app.port).export(spans_of.endpoint, compression="gzip").start() as sidecar:
            self.assertEqual(traffic(sidecar.inbound, 2, 20), 40)
            self.assertEqual(len(spans_of.wait_for_spans(40)), 40)


class absent_collector(unittest.TestCase):
    def test_traffic_does_not_notice_and_drops_are_counted(self):
        held, port = refused_port()
        self.addCleanup(held.close)
        plan = lambda app: sidespan().inbound(app.port).export(f"http://127.0.0.1:{port}").set(export={"queue": {"spans": 100, "batch": 50}}, drain={"timeout": "500ms"})
        with origin() as app, plan(app).start() as sidecar:
            for _ in range(3):  # more than the queue and the batch that is being tried can hold together
                self.assertEqual(traffic(sidecar.inbound), 200)
            # A span ends a moment after its response has been read.
            books = until(lambda: (now := sidecar.metrics().books())["recorded"] == 600 and now, every=0.02)
            self.assertEqual(books["acknowledged"], 0)
            self.assertGreater(books["dropped"], 0)
            self.assertEqual(books["recorded"], books["lost"] + books["dropped"] + books["queued"])
            said = until(lambda: sidecar.logged("collector does not take spans, trying again"))
            self.assertEqual([(line["collector"], line["reason"]) for line in said], [(f"127.0.0.1:{port}", "unavailable")])
            self.assertIn("refused", said[0]["details"])
            began = time.monotonic()
            self.assertEqual(sidecar.stop(), 0)
            self.assertLess(time.monotonic() - began, 8)
            self.assertEqual([(line["missing"], line["recorded"]) for line in sidecar.logged(MISSING)], [("600", "600")])

    def test_spans_wait_for_a_collector_that_comes_late(self):
        held, port = refused_port()
        with origin() as app, sidespan().inbound(app.port).export(f"http://127.0.0.1:{port}").start() as sidecar:
            self.assertEqual(traffic(sidecar.inbound, 2, 20), 40)
            held.close()
            with collector(port=port) as spans_of:
                self.assertEqual(len(spans_of.wait_for_spans(40)), 40)
                books = settled(sidecar, 40)
                self.assertEqual((books["acknowledged"], books["lost"] + books["dropped"]), (40, 0))


class dying_collector(unittest.TestCase):
    def test_killed_and_back_nothing_is_lost(self):
        with collector_process() as spans_of, origin() as app, sidespan().inbound(app.port).export(spans_of.endpoint).start() as sidecar:
            self.assertEqual(traffic(sidecar.inbound, 2, 20), 40)
            spans_of.wait_for_spans(40)
            spans_of.kill()
            self.assertEqual(traffic(sidecar.inbound, 2, 20), 40)
            spans_of.start()
            # By id: what was taken and not yet acknowledged when the collector died comes again.
            spans_of.wait_for(lambda spans: len({span.span_id for span in spans}) == 80)
            books = settled(sidecar, 80)
            self.assertEqual((books["recorded"], books["acknowledged"]), (80, 80))

    def test_killed_under_load_the_traffic_does_not_notice(self):
        with collector_process() as spans_of, origin() as app, sidespan().inbound(app.port).export(spans_of.endpoint).start() as sidecar:
            killer = threading.Timer(0.1, spans_of.kill)
            killer.start()
            self.assertEqual(traffic(sidecar.inbound, 4, 200), 800)
            killer.join()
            spans_of.start()
            books = settled(sidecar, 800)
            self.assertEqual((books["recorded"], books["acknowledged"] + books["lost"]), (800, 800))


class hanging_collector(unittest.TestCase):
    def test_traffic_does_not_notice_and_the_exit_is_not_delayed(self):
        with collector() as spans_of, origin() as app:
            spans_of.behave("hang")
            plan = sidespan().inbound(app.port).export(spans_of.endpoint).set(drain={"timeout": "1s"})
            with plan.start() as sidecar:
                began = time.monotonic()
                self.assertEqual(traffic(sidecar.inbound), 200)
                took = time.monotonic() - began
                self.assertLess(took, 20)
                began = time.monotonic()
                self.assertEqual(sidecar.stop(), 0)
                self.assertLess(time.monotonic() - began, 5)

    def test_one_request_that_hangs_does_not_hold_up_the_next(self):
        with collector() as spans_of, origin() as app, sidespan().inbound(app.port).export(spans_of.endpoint).start() as sidecar:
            spans_of.behave("hang", times=1)
            self.assertEqual(get(sidecar.inbound, "/first").status, 200)
            spans_of.wait_for_requests(1)
            self.assertEqual(traffic(sidecar.inbound, 2, 20), 40)
            spans_of.wait_for_spans(40)
            books = until(lambda: (now := sidecar.metrics().books())["acknowledged"] == 40 and now, every=0.02)
            self.assertEqual((books["recorded"], books["queued"]), (41, 1))


class slow_collector(unittest.TestCase):
    def overlap(self, expected, **queue):
        """Requests to the collector under way at once when each takes 100 ms, and the books behind them. There is traffic until
        there have been as many as expected, and some more."""
        with collector() as spans_of, origin() as app:
            spans_of.behave("slow", seconds=0.1)
            plan = sidespan().inbound(app.port).export(spans_of.endpoint, delay="1ms").set(export={"queue": queue})
            with plan.start() as sidecar:
                sent, end = 0, time.monotonic() + 30
                while sent < 800 or (spans_of.most_at_once < expected and time.monotonic() < end):
                    sent += traffic(sidecar.inbound, 4, 50)
                books = settled(sidecar, sent)
            self.assertEqual((books["recorded"], books["acknowledged"]), (sent, sent))
            self.assertEqual(len({span.span_id for span in spans_of.spans}), sent)
            return spans_of.most_at_once

    def test_a_second_request_goes_while_the_first_is_under_way(self):
        self.assertEqual(self.overlap(2), 2)

    def test_as_many_at_once_as_configured(self):
        self.assertEqual(self.overlap(1, calls=1), 1)
        self.assertEqual(self.overlap(4, calls=4), 4)


if __name__ == "__main__":
    unittest.main()
