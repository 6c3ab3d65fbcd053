# SPDX-License-Identifier: Apache-2.0
"""Runs the demo; `docker/demo/up` calls it once everything is installed and built."""
import argparse
import http.client
import os
import pathlib
import signal
import sys
import time

from . import checks, traffic, viewer, waterfall
from .processes import Child, DemoError, get, require_free, wait_ready
from .services import BASKETS, FIRST_BASKET, HEARTBEATS, OTLP_PORT, SERVICES, SHOP_PORT, STORIES, VIEWER_PORT, every_port

DEMO = pathlib.Path(__file__).resolve().parent.parent
# A sidecar tells background calls from caused ones by what it saw while its service was idle; so there is an idle time to see.
IDLE_BEFORE_FIRST_REQUEST = 3.0
IDLE_WITH_HEARTBEAT = 8.0
MORE_IDLE = (3.0, 6.0, 12.0, 24.0)  # on a machine that takes its time
PAIRS = 40
GAPS = (0.0, 0.005, 0.010)
SECONDS_FOR_LOAD = 180
SECONDS_TO_END = 12  # for a child that was asked to


class Shop:
    """All processes of the demo, in the order they depend on each other: viewer, sidecars, apps."""

    def __init__(self, program, folder):
        self.program = program
        self.folder = folder
        self.viewer = None
        self.sidecars = []
        self.apps = []

    def start(self):
        command = [self.program, "viewer", "--listen", f"127.0.0.1:{VIEWER_PORT}", "--otlp", f"127.0.0.1:{OTLP_PORT}"]
        self.viewer = Child("viewer", command, self.log("viewer"))
        wait_ready(self.viewer, VIEWER_PORT, "/api/stats")
        for service in SERVICES:
            command = [self.program, "run", "--config", str(DEMO / "config" / f"{service.name}.yaml")]
            self.sidecars.append(Child(f"sidecar of {service.name}", command, self.log(f"{service.name}-sidecar")))
        for service, sidecar in zip(SERVICES, self.sidecars):
            wait_ready(sidecar, service.admin, "/readyz")
        idle_since = time.monotonic()
        for service in SERVICES:
            folder = DEMO / "apps" / service.name
            name = f"app {service.name}"
            self.apps.append(Child(name, service.command, self.log(service.name), folder, service.variables()))
        for service, app in zip(SERVICES, self.apps):
            wait_ready(app, service.app, "/healthz")
            self.warm_up(service)
        time.sleep(max(0, idle_since + IDLE_BEFORE_FIRST_REQUEST - time.monotonic()))

    def log(self, name):
        return str(self.folder / f"{name}.log")

    @staticmethod
    def warm_up(service):
        """Past the app's own first-request work (imports, compilation), on its own port and without a call of its own."""
        for _ in range(8):
            get(service.app, "/healthz")

    def must_live(self):
        for child in (self.viewer, *self.sidecars, *self.apps):
            child.must_live()

    def stop(self):
        """Sidecars first, so that they drain while their apps still answer; the viewer last, so that it gets what they flush. Gives the
        children of our program that did not end well."""
        bad = []
        for group, must_end_well in ((self.sidecars, True), (self.apps, False), ([self.viewer], True)):
            group = [child for child in group if child]
            for child in group:
                child.ask_to_end()
            for child in group:
                code = child.end(SECONDS_TO_END)
                if must_end_well and code != 0:
                    bad.append(f"{child.name}: " + ("had to be killed" if code is None else f"exit code {code}"))
        self.viewer, self.sidecars, self.apps = None, [], []  # their pids are no longer ours
        return bad


def start_heartbeats():
    for service in SERVICES:
        if service.name in HEARTBEATS:
            get(service.app, "/heartbeat", method="POST")


def one_request(basket):
    watch = viewer.Watch()
    answer = traffic.ask_once(basket)
    return answer, watch.collect({answer.request: answer.hops})


def asked_alone(basket, answer_and_spans=None):
    """One request on its own; asked again after some idle time where it took too long for what was known of that."""
    answer, spans = answer_and_spans or one_request(basket)
    for seconds in MORE_IDLE:
        if not checks.is_unsure(spans, answer.request):
            break
        print(f"  … basket {basket}: calls came too late to be sure of their request; once more after {seconds:.0f} s of idle time", flush=True)
        time.sleep(seconds)
        answer, spans = one_request(basket)
    return answer, spans


def first_trace(started):
    """The handshake: one request, drawn. Gives the answer and the spans, for who wants to check them."""
    answer, spans = one_request(FIRST_BASKET)
    own = checks.of_request(spans, answer.request)
    if not own:
        raise DemoError(f"no span arrived at the viewer for the first request ({answer}); the logs are in build/demo")
    trace_id = min(own, key=waterfall.start)["trace_id"]
    drawn = [span for span in own if span["trace_id"] == trace_id]
    print(f"\n  ✓ first trace after {time.monotonic() - started:.1f} s — {waterfall.summary(drawn)}")
    for line in waterfall.draw(drawn):
        print(f"  {line}")
    print(
        f"  Viewer http://localhost:{VIEWER_PORT}/trace/{trace_id}   Shop http://localhost:{SHOP_PORT}   "
        f"web's metrics http://localhost:{SERVICES[0].admin}/metrics   Stop: Ctrl-C\n",
        flush=True,
    )
    return answer, spans


def prove(results, first):
    """The end-to-end test: requests alone, then overlapping ones with heartbeats."""
    print("one request alone")
    checks.check_whole_trace(results, *asked_alone(FIRST_BASKET, first))
    for basket in BASKETS:
        if basket != FIRST_BASKET:
            checks.check_whole_trace(results, *asked_alone(basket))

    print("two requests overlapping, a heartbeat every 200 ms")
    baskets = list(BASKETS)
    answers = []
    with viewer.Watch() as watch:
        start_heartbeats()
        time.sleep(IDLE_WITH_HEARTBEAT)
        for pair in range(PAIRS):
            first_basket, second_basket = baskets[pair % 4], baskets[pair // 4 % 4]
            answers += traffic.overlapping_pair(first_basket, second_basket, GAPS[pair % len(GAPS)])
    conclude(results, "overlapping", answers, watch)


def verify(results, concurrency, requests):
    """The same check at full concurrency, on whatever the shop has recorded meanwhile."""
    print(f"{requests} requests at concurrency {concurrency}, a heartbeat every 200 ms")
    with viewer.Watch() as watch:
        start_heartbeats()
        time.sleep(IDLE_BEFORE_FIRST_REQUEST)
        with traffic.Load(concurrency, requests) as load:
            load.join(SECONDS_FOR_LOAD)
    conclude(results, f"concurrency {concurrency}", load.kept, watch)


def conclude(results, name, answers, watch):
    spans = watch.collect({answer.request: answer.hops for answer in answers}, settle=2)
    report = checks.check_nothing_wrong(results, name, answers, spans)
    checks.check_most_recent_rule_fails(results, name, spans)
    checks.print_table(f"links by service and method, {name}", report)


def keep_shopping(shop, concurrency, duration):
    start_heartbeats()
    print(f"  The shop goes on at concurrency {concurrency}, with a heartbeat every 200 ms. To be found in its traces:")
    for story in STORIES:
        print(f"    {story}", flush=True)
    began = time.monotonic()
    with traffic.Load(concurrency) as load:
        try:
            while duration is None or time.monotonic() - began < duration:
                time.sleep(0.5)
                shop.must_live()
        finally:
            load.stopped.set()
            seconds = time.monotonic() - began
            print(f"\n{sum(load.statuses.values())} requests in {seconds:.0f} s, by status: {dict(sorted(load.statuses.items()))}")
    for line in load.unplanned:
        print(f"  not planned: {line}")
    return 1 if load.unplanned else 0


def stop_on_signal(*_):
    raise KeyboardInterrupt


def run(options, shop):
    print(f"starting the viewer, {len(SERVICES)} sidecars and {len(SERVICES)} apps", flush=True)
    started = time.monotonic()
    shop.start()
    first = first_trace(started)
    results = checks.Checks()
    if options.once:
        prove(results, first)
    if options.verify:
        verify(results, options.concurrency, options.requests)
    if not (options.once or options.verify):
        return keep_shopping(shop, options.concurrency, options.duration)
    shop.must_live()
    bad = shop.stop()
    results.check("every sidecar and the viewer ended well when asked to", not bad, bad)
    return results.conclude()


def parse():
    parser = argparse.ArgumentParser(prog="docker/demo/up")
    parser.add_argument("--program", required=True)
    parser.add_argument("--logs", required=True, type=pathlib.Path)
    parser.add_argument("--once", action="store_true")
    parser.add_argument("--verify", action="store_true")
    parser.add_argument("--duration", type=float)
    parser.add_argument("--concurrency", type=int, default=32)
    parser.add_argument("--requests", type=int, default=320)
    return parser.parse_args()


def attach(options, mark):
    """`--verify` beside a shop that runs already: nothing is started, its own traffic is part of what is checked."""
    results = checks.Checks()
    print(f"checking the running shop (pid {mark.read_text().strip()})")
    verify(results, options.concurrency, options.requests)
    return results.conclude()


def is_running(mark):
    try:
        os.kill(int(mark.read_text()), 0)
        return True
    except (OSError, ValueError):
        return False


def main():
    options = parse()
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    mark = options.logs / "running"
    beside = options.verify and not options.once and is_running(mark)
    try:
        return attach(options, mark) if beside else own_shop(options, mark)
    except DemoError as error:
        print(f"✗ {error}", file=sys.stderr)
    except (OSError, http.client.HTTPException) as error:
        print(f"✗ {error!r}; the logs are in {options.logs}", file=sys.stderr)
    return 1


def own_shop(options, mark):
    require_free(every_port())
    options.logs.mkdir(parents=True, exist_ok=True)
    mark.write_text(f"{os.getpid()}\n")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop_on_signal)
    shop = Shop(options.program, options.logs)
    try:
        return run(options, shop)
    except KeyboardInterrupt:
        print("\nstopping …")
        return 130 if options.once or options.verify else 0
    finally:
        # One Ctrl-C is enough: a second one must not leave a child behind. Every wait below is bounded.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        for line in shop.stop():
            print(f"  {line}", file=sys.stderr)
        mark.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
