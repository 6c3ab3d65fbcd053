# SPDX-License-Identifier: Apache-2.0
"""The shop's customers."""
import http.client
import itertools
import json
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from .services import BASKETS, SHOP_PORT

RUN = f"{time.time_ns() // 1_000_000 % 0x1000000:06x}"  # tells the requests of one run from those of another
numbers = itertools.count(1)


@dataclass
class Answer:
    request: str
    basket: int
    status: int = 0
    hops: list = field(default_factory=list)
    error: str = ""

    def as_planned(self):
        return self.status == BASKETS[self.basket]

    def __str__(self):
        return f"{self.request} (basket {self.basket}): {self.error or self.status}, planned {BASKETS[self.basket]}"


class Customer:
    """One keep-alive connection to the shop."""

    def __init__(self):
        self.connection = http.client.HTTPConnection("127.0.0.1", SHOP_PORT, timeout=30)

    def ask(self, basket):
        answer = Answer(f"{RUN}-{next(numbers)}", basket)
        try:
            self.connection.request("GET", f"/t/{answer.request}/0/shop/{basket}")
            response = self.connection.getresponse()
            answer.status = response.status
            answer.hops = json.loads(response.read()).get("hops", [])
        except (OSError, http.client.HTTPException, ValueError) as error:
            answer.error = repr(error)
            self.connection.close()
        return answer


def ask_once(basket):
    customer = Customer()
    try:
        return customer.ask(basket)
    finally:
        customer.connection.close()


def overlapping_pair(first, second, gap):
    """The second starts `gap` seconds after the first, which is most likely not answered by then."""
    answers = [None, None]

    def run(place, basket):
        answers[place] = ask_once(basket)

    threads = [threading.Thread(target=run, args=(place, basket)) for place, basket in enumerate((first, second))]
    threads[0].start()
    time.sleep(gap)
    threads[1].start()
    for thread in threads:
        thread.join()
    return answers


class Load:
    """`concurrency` customers, each asking for one basket after the other until stopped, or until `requests` have been asked for."""

    def __init__(self, concurrency, requests=None):
        self.kept = [] if requests else None  # endless traffic is counted, not remembered
        self.statuses = Counter()
        self.unplanned = []
        self.tickets = iter(range(requests)) if requests else itertools.count()
        self.lock = threading.Lock()
        self.stopped = threading.Event()
        self.threads = [threading.Thread(target=self.shop, args=(number,), daemon=True) for number in range(concurrency)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.join(10)

    def join(self, seconds):
        """Gives a hanging shop no more than `seconds` in all; the customers are daemon threads and end with the demo."""
        deadline = time.monotonic() + seconds
        for thread in self.threads:
            thread.join(max(0, deadline - time.monotonic()))

    def shop(self, number):
        customer = Customer()
        baskets = itertools.islice(itertools.cycle(BASKETS), number, None)
        while not self.stopped.is_set():
            with self.lock:
                if next(self.tickets, None) is None:
                    break
            self.note(customer.ask(next(baskets)))
        customer.connection.close()

    def note(self, answer):
        with self.lock:
            self.statuses[answer.status] += 1
            if not answer.as_planned() and len(self.unplanned) < 20:
                self.unplanned.append(str(answer))
            if self.kept is not None:
                self.kept.append(answer)
            elif not answer.as_planned() and answer.error:
                self.stopped.wait(0.2)  # the shop is going away or not up: do not spin
