# SPDX-License-Identifier: Apache-2.0
"""The program with all its lanes, and many cases played at once."""
import asyncio
import contextlib

from support.origin import full_backlog, refused_port
from support.sidespan import sidespan

import lane

LANES = 32
BUSY = {"max_requests": 1}
PLAIN = {"host": "preserve", "via": "off"}
HASTY = {**PLAIN, "head_timeout": "1s", "idle_timeout": "1s", "timeout": "1500ms", "max_body": "1000"}


def in_order(ports):
    """Of the configuration; the program prints them by name."""
    return iter(sorted(ports, key=lambda port: int(port.host.rsplit(".", 1)[1])))


class rig:
    """async with rig() as it: await it.play([(case, cut), ...])"""

    async def __aenter__(self):
        self.held = contextlib.ExitStack()
        self.lanes = [lane.lane() for _ in range(LANES)]
        for one in self.lanes:
            await one.open()
        await asyncio.to_thread(self.start)
        return self

    def start(self):
        """Lane by lane, then the listeners that lead nowhere."""
        holder, refused = refused_port()
        self.held.enter_context(holder)
        full = full_backlog(self)
        plan = sidespan().set(trace={"propagators": "none", "correlate": "off"}).forward_proxy()
        for one in self.lanes:
            plan.inbound(one.port).outbound(one.port, **PLAIN).outbound(one.port, **HASTY).outbound(one.port, **PLAIN, **BUSY)
        plan.outbound(refused).outbound(full, connect_timeout="200ms").outbound("http://no-such-host.invalid:80")
        plan.outbound(routes=[{"host": "known.example", "to": f"http://127.0.0.1:{refused}"}])
        self.program = self.held.enter_context(plan.start())
        inbounds, outbounds = in_order(self.program.inbounds), in_order(self.program.outbounds)
        for one, inbound in zip(self.lanes, inbounds):
            one.listeners = {"inbound": inbound, "plain": next(outbounds), "hasty": next(outbounds), "busy": next(outbounds), "proxy": self.program.proxy}
        nowhere = dict(zip(("dead", "unreachable", "nameless", "routed"), outbounds))
        for one in self.lanes:
            one.listeners |= nowhere

    def addClassCleanup(self, close):
        self.held.callback(close)

    async def __aexit__(self, *what):
        for one in self.lanes:
            one.close()
        await asyncio.to_thread(self.held.__exit__, *what)

    async def play(self, plays):
        """Every (case, cut) on the next free lane; the problems found."""
        queue, problems = list(reversed(plays)), []

        async def work(on):
            while queue:
                case, cut = queue.pop()
                try:
                    await on.play(case, cut)
                except lane.wrong as problem:
                    problems.append((case, cut, str(problem)))

        await asyncio.gather(*map(work, self.lanes))
        return problems
