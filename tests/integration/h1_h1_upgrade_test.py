# SPDX-License-Identifier: Apache-2.0
"""h1-h1: WebSocket and other upgrades: who may switch, when the tunnel begins, and how it ends (specs §7.5 CN-2 to CN-5)."""
import asyncio
import base64
import hashlib
import os
import socket
import threading
import time
import unittest

from support import wire
from support.client import client
from support.collector import collector
from support.gauges import wait_until_idle
from support.origin import gate, origin, until
from support.sidespan import sidespan

UPGRADE = [("Connection", "Upgrade"), ("Upgrade", "echo/1")]
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def switching(protocol="echo/1", then=None, early=b""):
    """An origin that answers 101 and hands its connection to `then`, which echoes by default."""
    def answer(one):
        one.send(f"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: {protocol}\r\n\r\n".encode() + early)
        (then or echo)(one)
        one.close()
    return answer


def echo(one):
    while piece := receive(one):
        one.send(piece)


def receive(one, size=65536):
    """What has come, b"" at the end."""
    if one.source.buffer:
        piece, one.source.buffer = one.source.buffer, b""
        return piece
    return one.connection.recv(size)


def receive_all(one):
    return b"".join(iter(lambda: receive(one), b""))


class tunnels(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.app, cls.far = cls.enterClassContext(origin()), cls.enterClassContext(collector())
        plan = sidespan().inbound(cls.app.port, tunnel_idle_timeout="30s", idle_timeout="1s", timeout="1500ms")
        plan = plan.outbound(cls.app.port).inbound(cls.app.port, tunnel_idle_timeout="1s")
        cls.sidecar = cls.enterClassContext(plan.export(cls.far.endpoint).start())
        cls.port = cls.sidecar.inbound

    def setUp(self):
        self.app.requests.clear()
        self.app.answers.clear()
        self.far.clear()
        self.addCleanup(self.check_nothing_left)  # after the other clean-ups

    def check_nothing_left(self):
        wait_until_idle(self.sidecar)

    def open(self, port=None, target="/t", more=()):
        one = client(port or self.port)
        self.addCleanup(one.close)
        one.send_request(target=target, head_fields=[*UPGRADE, *more])
        return one

    def switched(self, port=None, answer=None, more=()):
        self.app.on("/t", answer or switching())
        one = self.open(port, more=more)
        head = one.read_head()
        self.assertEqual((head.status, head.fields.get("Upgrade"), head.fields.get("Connection")), (101, "echo/1", "Upgrade"))
        self.assertEqual(wire.framing(head.fields)[0], "none")
        return one

    def span(self):
        return self.far.wait_for_spans(1)[0]

    def test_both_fields_are_made_anew(self):  # CN-2
        one = self.switched(more=[("Keep-Alive", "1"), ("X-Own", "1")])
        self.assertEqual((self.app.last.fields.all("Connection"), self.app.last.fields.all("Upgrade")), (["Upgrade"], ["echo/1"]))
        self.assertEqual((self.app.last.fields.get("X-Own"), self.app.last.fields.get("Keep-Alive")), ("1", None))
        one.send(b"ping")
        self.assertEqual(one.source.exactly(4), b"ping")

    def test_it_is_offered_on_a_new_connection(self):
        """A kept one may be closing, and an upgrade is never repeated."""
        with client(self.port) as one:
            self.assertEqual(one.request("GET", "/").status, 200)
        idle = self.app.last.connection_number
        self.switched()
        self.assertGreater(self.app.last.connection_number, idle)

    def test_an_idle_connection_is_not_in_its_way(self):
        """Where no more connections may be open, one that idles gives way."""
        with sidespan().inbound(self.app.port, upstream_connections=1).start() as sidecar:
            with client(sidecar.inbound) as one:
                self.assertEqual(one.request("GET", "/").status, 200)
            self.switched(sidecar.inbound).half_close()

    def test_bytes_pass_both_ways_and_are_counted_on_the_span(self):  # decision 13
        one = self.switched()
        for size in (1, 2048, 2049, 100_000, 1 << 20):
            data = os.urandom(size)
            threading.Thread(target=one.send, args=(data,), daemon=True).start()
            self.assertEqual(one.source.exactly(size), data)
        self.assertEqual(self.far.spans, [])  # the span lasts as long as the tunnel
        self.assertEqual(self.sidecar.metrics().sum("sidespan_tunnels_open", kind="upgrade"), 1)
        one.half_close()
        self.assertTrue(one.is_closed())
        span, total = self.span(), 1 + 2048 + 2049 + 100_000 + (1 << 20)
        self.assertEqual({name: span.attributes.get("sidespan.tunnel." + name) for name in ("kind", "end", "protocol", "bytes_up", "bytes_down")},
                         {"kind": "upgrade", "end": "downstream_closed", "protocol": "echo/1", "bytes_up": total, "bytes_down": total})
        self.assertEqual((span.kind, span.error, span.attributes["http.response.status_code"]), ("server", False, 101))
        self.assertNotIn("error.type", span.attributes)
        self.assertEqual([event["name"] for event in span.events], ["sidespan.tunnel.opened"])

    def test_outbound_is_a_client_span(self):
        one = self.switched(self.sidecar.outbound)
        one.half_close()
        self.assertTrue(one.is_closed())
        span = self.span()
        self.assertEqual((span.kind, span.attributes["sidespan.tunnel.kind"], span.error), ("client", "upgrade", False))
        self.assertEqual(span.attributes["server.port"], self.app.port)

    def test_the_exchange_s_limits_end_with_http(self):
        """timeout is 1.5 s and idle_timeout 1 s here."""
        one = self.switched()
        time.sleep(2)
        one.send(b"late")
        self.assertEqual(one.source.exactly(4), b"late")

    def test_end_of_one_direction_leaves_the_other_open(self):  # CN-5
        def answer_after_the_end(one):
            total = receive_all(one)  # only returns when the end of the caller's direction came through
            one.send(b"got %d" % len(total))

        one = self.switched(answer=switching(then=answer_after_the_end))
        one.send(b"x" * 70_000)
        one.half_close()
        self.assertEqual(one.source.rest(), b"got 70000")

    def test_end_of_the_other_direction_leaves_this_one_open(self):
        got = []

        def end_first(one):
            one.send(b"bye")
            one.connection.shutdown(socket.SHUT_WR)
            got.append(receive_all(one))

        one = self.switched(answer=switching(then=end_first))
        self.assertEqual(one.source.rest(), b"bye")
        one.send(b"y" * 70_000)
        one.half_close()
        until(lambda: got)
        self.assertEqual(got, [b"y" * 70_000])
        self.assertEqual(self.span().attributes["sidespan.tunnel.end"], "upstream_closed")

    def test_bytes_of_either_side_right_behind_the_heads_are_passed_on(self):  # CN-3
        self.app.on("/t", switching(early=b"hello"))
        one = client(self.port)
        self.addCleanup(one.close)
        one.send(b"GET /t HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo/1\r\n\r\nearly")
        self.assertEqual(one.read_head().status, 101)
        self.assertEqual(one.source.exactly(10), b"helloearly")

    def test_bytes_before_the_101_are_held_back(self):  # CN-3
        wait, seen = gate(), []

        def look(one):
            one.connection.setblocking(False)
            wait.wait()
            try:
                seen.append(one.connection.recv(100))
            except BlockingIOError:
                seen.append(b"nothing")
            one.connection.setblocking(True)
            switching()(one)

        self.app.on("/t", look)
        one = client(self.port)
        self.addCleanup(one.close)
        one.send(b"GET /t HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo/1\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n")
        until(lambda: self.app.requests)
        time.sleep(0.05)
        wait.open()
        self.assertEqual(one.read_head().status, 101)
        self.assertEqual(seen, [b"nothing"])
        self.assertEqual(one.source.exactly(26), b"GET /smuggled HTTP/1.1\r\n\r\n")

    def test_another_answer_goes_on_as_http(self):  # CN-3
        self.app.on("/t", lambda one: one.reply(200, body=b"no thanks"))
        one = client(self.port)
        self.addCleanup(one.close)
        one.send(b"GET /t HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo/1\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n")
        self.assertEqual((one.read().body, one.read().body), (b"no thanks", b"fine"))
        self.assertEqual(self.app.targets(), ["/t", "/next"])
        self.assertEqual(self.far.wait_for_spans(2)[0].events, [])

    def test_426_and_its_upgrade_go_on_as_http(self):
        self.app.on("/t", lambda one: one.reply(426, [("Upgrade", "echo/2"), ("Connection", "upgrade")]))
        got = self.open().read()
        self.assertEqual((got.status, got.fields.get("Upgrade"), got.fields.get("Connection")), (426, "echo/2", "Upgrade"))  # RFC 9110 15.5.22

    def test_an_unfit_101_is_502(self):  # CN-2
        for name, head in {
            "a protocol that was not offered": "Connection: upgrade\r\nUpgrade: other",
            "one offered, one not": "Connection: upgrade\r\nUpgrade: echo/1, other",
            "no Upgrade": "Connection: upgrade",
            "Upgrade without Connection": "Upgrade: echo/1",
            "another version": "Connection: upgrade\r\nUpgrade: echo/2",
        }.items():
            with self.subTest(name):
                self.far.clear()
                self.app.on("/t", lambda one: (one.send(f"HTTP/1.1 101 Switching\r\n{head}\r\n\r\n".encode()), one.close()))
                one = self.open()
                self.assertEqual(one.read().status, 502)
                span = self.span()
                self.assertEqual((span.error, span.attributes["error.type"]), (True, "http_upgrade_failed"))
                one.close()

    def test_what_is_no_valid_offer_is_not_passed_on(self):  # CN-2
        for name, version, fields in (
            ("no Connection", "1.1", "Upgrade: echo/1"),
            ("Connection without upgrade", "1.1", "Connection: keep-alive\r\nUpgrade: echo/1"),
            ("HTTP/1.0", "1.0", "Connection: upgrade\r\nUpgrade: echo/1"),
            ("h2c", "1.1", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA"),
            ("h2c with content", "1.1", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\nContent-Length: 0"),
        ):
            with self.subTest(name):
                one = client(self.port)
                one.send(f"GET /plain HTTP/{version}\r\nHost: a\r\n{fields}\r\n\r\n".encode())
                self.assertEqual(one.read().status, 200)
                self.assertEqual([self.app.last.fields.get(field) for field in ("Upgrade", "Connection", "HTTP2-Settings")], [None] * 3)
                one.close()

    def test_h2c_beside_another_protocol_is_taken_out(self):
        self.app.on("/t", switching())
        one = client(self.port)
        self.addCleanup(one.close)
        one.send(b"GET /t HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c, other\r\nUpgrade: echo/1\r\n\r\n")
        self.assertEqual(one.read_head().status, 101)
        self.assertEqual(self.app.last.fields.all("Upgrade"), ["other, echo/1"])

    def test_an_offer_with_content_or_without_sense_is_400(self):  # CN-3
        for name, rest in {
            "length": b"Upgrade: echo/1\r\nContent-Length: 3\r\n\r\nabc",
            "chunked": b"Upgrade: echo/1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "malformed": b"Upgrade: echo 1\r\n\r\n",
            "two slashes": b"Upgrade: a/b/c\r\n\r\n",
            "nine protocols": b"Upgrade: a,b,c,d,e,f,g,h,i\r\n\r\n",
        }.items():
            with self.subTest(name), client(self.port) as one:
                one.send(b"POST /t HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\n" + rest)
                self.assertEqual(one.read().status, 400)
                self.assertTrue(one.is_closed())
        self.assertEqual(self.app.requests, [])

    def test_a_100_comes_before_the_101(self):  # CN-4
        for name, says_100 in (("the app's own", True), ("one that the app left out", False)):
            with self.subTest(name):
                def answer(one):
                    if says_100:
                        one.send(b"HTTP/1.1 100 Continue\r\n\r\n")
                    switching()(one)
                self.app.on("/t", answer)
                one = self.open(more=[("Expect", "100-continue")])
                self.assertEqual((one.read_head().status, one.read_head().status), (100, 101))
                one.close()

    def test_a_caller_that_resets_is_no_error(self):  # decision 12
        got = []
        one = self.switched(answer=switching(then=lambda far: got.append(self.ending(far))))
        one.reset()
        span = self.span()
        self.assertEqual((span.error, span.attributes["sidespan.tunnel.end"], span.attributes.get("sidespan.downstream_closed")),
                         (False, "downstream_reset", True))
        until(lambda: got)
        self.assertEqual(got, ["reset"])  # and the app learns that it was no clean end

    def ending(self, far):
        try:
            receive_all(far)
            return "end"
        except ConnectionError:
            return "reset"

    def test_an_upstream_that_resets_is_an_error_and_no_clean_end(self):
        def go(far):
            receive(far)
            far.reset()

        one = self.switched(answer=lambda far: (switching(then=go)(far), far.reset()))
        one.send(b"x")
        with self.assertRaises(wire.closed) as caught:
            one.source.rest()
        self.assertTrue(caught.exception.reset)
        span = self.span()
        self.assertEqual((span.error, span.attributes["error.type"], span.attributes["sidespan.tunnel.end"]),
                         (True, "connection_terminated", "upstream_reset"))

    def test_an_app_that_resets_after_the_caller_s_end_is_no_error(self):
        def go(far):
            receive_all(far)
            far.reset()

        one = self.switched(answer=lambda far: (switching(then=go)(far), far.reset()))
        one.half_close()
        until(lambda: self.far.spans)
        span = self.span()
        self.assertEqual((span.error, span.attributes["sidespan.tunnel.end"]), (False, "downstream_closed"))

    def test_a_silent_tunnel_ends_at_its_own_limit(self):
        one = self.switched(self.sidecar.inbounds[1])
        for _ in range(4):  # longer than the limit altogether
            time.sleep(0.3)
            one.send(b"x")
            self.assertEqual(one.source.exactly(1), b"x")
        with self.assertRaises(wire.closed):
            one.source.fill()
        span = self.span()
        self.assertEqual((span.error, span.attributes["sidespan.tunnel.end"]), (False, "idle_timeout"))

    def test_a_silent_tunnel_holds_no_large_block(self):
        def held():
            return self.sidecar.metrics().sum("sidespan_buffer_bytes")
        before = held()
        one = self.switched()
        one.send(b"1234")
        self.assertEqual(one.source.exactly(4), b"1234")
        until(lambda: held() - before < 8192)  # a block for what upstreams send has 32 KiB
        one.send(b"5678")  # and not because the tunnel has ended, as silent ones do
        self.assertEqual(one.source.exactly(4), b"5678")

    def test_tunnels_are_counted(self):
        before = self.sidecar.metrics()
        one = self.switched()
        one.send(b"1234")
        self.assertEqual(one.source.exactly(4), b"1234")
        one.half_close()
        self.assertTrue(one.is_closed())
        self.span()
        after = self.sidecar.metrics()

        def grown(name, **labels):
            return after.sum(name, **labels) - before.sum(name, **labels)

        self.assertEqual(grown("sidespan_tunnels_total", leg="inbound", kind="upgrade", end="downstream_closed"), 1)
        self.assertEqual(grown("sidespan_tunnel_bytes_total", leg="inbound", direction="up"), 4)
        self.assertEqual(grown("sidespan_tunnel_bytes_total", leg="inbound", direction="down"), 4)

    def test_a_tunnel_is_not_in_flight_for_correlation(self):  # decision 6
        one = self.switched()
        with client(self.sidecar.outbound) as call:
            self.assertEqual(call.request(target="/own").status, 200)
        span = self.span()
        self.assertEqual((span.parent_id, span.attributes["sidespan.parent.method"], span.attributes["sidespan.parent.candidates"]), ("", "none", 0))
        one.half_close()
        self.assertTrue(one.is_closed())

    def test_a_side_that_does_not_read_stops_the_other(self):
        release = gate()
        one = self.switched(answer=switching(then=lambda far: (release.wait(), receive_all(far))))
        one.connection.settimeout(0.5)
        sent = 0
        with self.assertRaises(TimeoutError):
            while sent < 256 << 20:
                sent += one.connection.send(bytes(1 << 20))
        self.assertLess(sent, 64 << 20)
        release.open()
        one.close()


class shutdown(unittest.TestCase):
    def test_a_tunnel_is_cut_when_the_drain_time_is_over(self):
        with origin() as app, collector() as far:
            app.on("/t", switching())
            sidecar = sidespan().inbound(app.port).export(far.endpoint).set(drain={"timeout": "3s"}).start()
            with sidecar, client(sidecar.inbound) as one:
                one.send_request(target="/t", head_fields=UPGRADE)
                self.assertEqual(one.read_head().status, 101)
                sidecar.signal()
                time.sleep(0.2)
                one.send(b"still")
                self.assertEqual(one.source.exactly(5), b"still")
                began = time.monotonic()
                with self.assertRaises(wire.closed):
                    one.source.fill()
                self.assertLess(time.monotonic() - began, 10)
                self.assertEqual(sidecar.wait(), 0)
            span = far.wait_for_spans(1)[0]
            self.assertEqual((span.error, span.attributes["sidespan.tunnel.end"]), (False, "shutdown"))

    def test_a_tunnel_that_ends_in_time_does_not_hold_up_the_shutdown(self):
        with origin() as app:
            app.on("/t", switching())
            sidecar = sidespan().inbound(app.port).start()
            with sidecar, client(sidecar.inbound) as one:
                one.send_request(target="/t", head_fields=UPGRADE)
                self.assertEqual(one.read_head().status, 101)
                sidecar.signal()
                one.half_close()
                self.assertTrue(one.is_closed())
                self.assertEqual(sidecar.wait(20), 0)


class web_socket(unittest.TestCase):
    """By hand, and with an ordinary library on both ends."""

    def test_handshake_by_hand(self):
        key = base64.b64encode(os.urandom(16))

        def answer(one):
            self.assertEqual(one.fields.get("Sec-WebSocket-Key"), key.decode())
            accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
            one.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n")
            frame = one.source.exactly(6 + 5)
            mask, data = frame[2:6], frame[6:]
            text = bytes(byte ^ mask[i % 4] for i, byte in enumerate(data))
            one.send(b"\x81" + bytes([len(text)]) + text)
            one.close()

        with origin() as app, sidespan().inbound(app.port).start() as sidecar, client(sidecar.inbound) as one:
            app.on("/chat", answer)
            one.send(b"GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                     b"Sec-WebSocket-Key: " + key + b"\r\n\r\n")
            head = one.read_head()
            self.assertEqual(head.status, 101)
            self.assertEqual(head.fields.get("Sec-WebSocket-Accept"), base64.b64encode(hashlib.sha1(key + GUID).digest()).decode())
            one.send(b"\x81\x85\x01\x02\x03\x04" + bytes(byte ^ (1, 2, 3, 4)[i % 4] for i, byte in enumerate(b"hello")))
            self.assertEqual(one.source.exactly(7), b"\x81\x05hello")

    def test_an_ordinary_library_on_both_ends(self):
        import websockets

        async def serve(connection):
            async for message in connection:
                await connection.send(message)

        async def talk(port):
            async with websockets.connect(f"ws://127.0.0.1:{port}/chat", max_size=None) as connection:
                for message in ("hello", b"\x00" * 100_000, "ü" * 70_000):
                    await connection.send(message)
                    self.assertEqual(await connection.recv(), message)
                await asyncio.wait_for(await connection.ping(), 30)

        async def run():
            async with websockets.serve(serve, "127.0.0.1", 0, max_size=None) as server:
                port = server.sockets[0].getsockname()[1]
                sidecar = await asyncio.to_thread(sidespan().inbound(port).outbound(port).export(far.endpoint).start)
                with sidecar:
                    await talk(int(sidecar.inbound))
                    await talk(int(sidecar.outbound))
                    await asyncio.gather(*(talk(int(sidecar.inbound)) for _ in range(20)))
                    await asyncio.to_thread(far.wait_for_spans, 22)

        with collector() as far:
            asyncio.run(run())
            self.assertEqual({(span.error, span.attributes["sidespan.tunnel.protocol"]) for span in far.spans}, {(False, "websocket")})


if __name__ == "__main__":
    unittest.main()
