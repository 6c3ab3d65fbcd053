# SPDX-License-Identifier: Apache-2.0
"""Responses of the app: RS-1 to RS-12."""
from script import *  # noqa: F403

HEAD = b"HEAD /f HTTP/1.1\r\nHost: a\r\n\r\n"
EVIL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
ONE_ZERO = b"GET /f HTTP/1.0\r\nHost: a\r\n\r\n"
ASKS = GET + b"TE: trailers\r\n\r\n"
ASKED = GET + b"Connection: TE\r\nTE: trailers\r\n\r\n"


def response(*lines, body=b"", start=b"HTTP/1.1 200 OK\r\n"):
    return start + DATE + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body


OF = lambda status, *lines: response(*lines, start=b"HTTP/1.1 %d X\r\n" % status)
CHUNKED_OK = response(b"Transfer-Encoding: chunked", body=b"2\r\nok\r\n0\r\n\r\n")
TRAILED = response(b"Transfer-Encoding: chunked", body=b"2\r\nok\r\n0\r\nX-Sum: 1\r\nContent-Length: 9\r\nSet-Cookie: a=b\r\nGrpc-Status: 0\r\n\r\n")


def cut(row, name, answered, closes=True):
    """The response has begun and ends badly: the client must see it cut. `closes`: the app closes behind it."""
    end = (app_closes(),) if closes else ()
    head = answered[:answered.index(b"\r\n\r\n") + 4]
    return case(row, name, (sends(GET + b"\r\n"), sees(GET + b"\r\n"), answers(head), gets(head), answers(answered[len(head):] or b""), *end, is_cut(), app_lost()), fresh=True)


def from_1_0(row, name, answered, got):
    return case(row, name, (sends(ONE_ZERO), sees(GET + b"\r\n"), answers(answered), gets(got), ends()))


CASES = [
    *[relayed("RS-1", f"HEAD with {lines!r}", response(*lines), response(*lines), HEAD) for lines in ((b"Content-Length: 5",), (b"Content-Length: 0",), ())],
    relayed("RS-1", "HEAD with chunked", response(b"Transfer-Encoding: chunked"), response(), HEAD),
    relayed("RS-1", "304 with a length", OF(304, b"Content-Length: 5", b"ETag: \"a\""), OF(304, b"ETag: \"a\"", b"Content-Length: 5")),
    relayed("RS-1", "304 with chunked", OF(304, b"Transfer-Encoding: chunked"), OF(304)),
    relayed("RS-1", "204", OF(204), OF(204)),
    *[relayed("RS-1", f"bytes behind {name}", answered + EVIL, got, request, kept=False) for name, answered, got, request in (
        ("a 204", OF(204), OF(204), GET + b"\r\n"), ("a 304", OF(304), OF(304), GET + b"\r\n"), ("a HEAD", response(b"Content-Length: 4"), response(b"Content-Length: 4"), HEAD),
        ("a 200", OK, OK, GET + b"\r\n"), ("chunks", CHUNKED_OK, CHUNKED_OK, GET + b"\r\n"))],
    relayed("RS-1", "content of a HEAD", response(b"Content-Length: 2", body=b"ok"), response(b"Content-Length: 2"), HEAD, kept=False),
    relayed("RS-1", "content of a 304", OF(304, b"Content-Length: 2") + b"ok", OF(304, b"Content-Length: 2"), kept=False),
    relayed("RS-2", "204 with a length", OF(204, b"Content-Length: 0"), OF(204)),
    relayed("RS-2", "204 that announces content", OF(204, b"Content-Length: 5"), OF(204), kept=False),
    relayed("RS-2", "204 with chunked", OF(204, b"Transfer-Encoding: chunked"), OF(204), kept=False),
    relayed("RS-2", "103 with a length", b"HTTP/1.1 103 X\r\nContent-Length: 5\r\n\r\n" + OK, b"HTTP/1.1 103 X\r\n\r\n" + OK),
    relayed("RS-2", "100 with chunked", b"HTTP/1.1 100 X\r\nTransfer-Encoding: chunked\r\n\r\n" + OK, b"HTTP/1.1 100 X\r\n\r\n" + OK),
    relayed("RS-2", "205", OF(205, b"Content-Length: 0"), OF(205, b"Content-Length: 0")),
    relayed("RS-2", "205 with content", OF(205, b"Content-Length: 2") + b"ok", OF(205, b"Content-Length: 0"), kept=False),
    relayed("RS-2", "205 with chunks", OF(205, b"Transfer-Encoding: chunked") + b"2\r\nok\r\n0\r\n\r\n", OF(205, b"Content-Length: 0"), kept=False),
    relayed("RS-2", "205 without framing", OF(205), OF(205, b"Content-Length: 0"), kept=False),
    relayed("RS-2", "an empty 200", OF(200, b"Content-Length: 0"), OF(200, b"Content-Length: 0")),
    *[unusable("RS-3", f"{lines!r}", response(*lines, body=b"ok")) for lines in (
        (b"Content-Length: x",), (b"Content-Length: -1",), (b"Content-Length: +2",), (b"Content-Length: 2, 2",), (b"Content-Length: 2, 3",), (b"Content-Length:",), (b"Content-Length: 0x2",),
        (b"Content-Length: 99999999999999999999",), (b"Content-Length: 2", b"Content-Length: 3"), (b"Content-Length: 2", b"Content-Length: 2"), (b"Content-Length: 2 2",),
        (b"Content-Length: 2", b"Transfer-Encoding: chunked"), (b"Transfer-Encoding: chunked", b"Content-Length: 2"), (b"Transfer-Encoding: gzip, chunked",), (b"Transfer-Encoding: chunked, gzip",),
        (b"Transfer-Encoding: gzip",), (b"Transfer-Encoding: identity",), (b"Transfer-Encoding: chunked, chunked",), (b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"),
        (b"Transfer-Encoding:",), (b"Transfer-Encoding: ,chunked",), (b"Transfer-Encoding: \x0bchunked",), (b"Transfer-Encoding: xchunked",))],
    unusable("RS-3", "chunked from 1.0", response(b"Transfer-Encoding: chunked", start=b"HTTP/1.0 200 OK\r\n", body=b"2\r\nok\r\n0\r\n\r\n")),
    unusable("RS-3", "bad length of a HEAD", response(b"Content-Length: x"), HEAD, head_only=True),
    from_1_0("RS-4", "chunks", CHUNKED_OK, response(b"Connection: close", body=b"ok")),
    from_1_0("RS-4", "trailers", TRAILED, response(b"Connection: close", body=b"ok")),
    from_1_0("RS-4", "a length", OK, response(b"Content-Length: 2", b"Connection: close", body=b"ok")),
    case("RS-4", "until the end", (sends(ONE_ZERO), sees(GET + b"\r\n"), answers(response(body=b"ok")), app_closes(), gets(response(b"Connection: close", body=b"ok")), ends())),
    case("RS-5", "1.1", (sends(GET + b"\r\n"), sees(GET + b"\r\n"), answers(response()), answers(b"until the end"), app_closes(),
                         gets_like(rb"HTTP/1\.1 200 OK\r\nDate: [^\r]+\r\nTransfer-Encoding: chunked\r\n\r\nd\r\nuntil the end\r\n0\r\n\r\n"), goes_on())),
    case("RS-5", "1.0", (sends(GET + b"\r\n"), sees(GET + b"\r\n"), answers(response(start=b"HTTP/1.0 200 OK\r\n")), answers(b"ok"), app_closes(),
                         gets_like(rb"HTTP/1\.1 200 OK\r\nDate: [^\r]+\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"), goes_on())),
    case("RS-5", "empty", (sends(GET + b"\r\n"), sees(GET + b"\r\n"), answers(response()), app_closes(), gets_like(rb"HTTP/1\.1 200 OK\r\nDate: [^\r]+\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), goes_on())),
    cut("RS-6", "length", response(b"Content-Length: 10", body=b"ok")),
    cut("RS-6", "no content at all", response(b"Content-Length: 10")),
    *[cut("RS-6", f"chunks {body!r}", response(b"Transfer-Encoding: chunked", body=body)) for body in (b"", b"2", b"2\r\n", b"2\r\nok", b"2\r\nok\r\n", b"2\r\nok\r\n0", b"2\r\nok\r\n0\r\n", b"2\r\nok\r\n0\r\nX-A: 1\r\n")],
    *[cut("RS-6", f"bad chunks {body!r}", response(b"Transfer-Encoding: chunked", body=body), False) for body in (b"2\r\nok\r\nzz\r\n", b"2\r\nokX", b"2\nok", b"-2\r\n", b"2 \r\n", b"2;\r\n", b"0\r\nX A: 1\r\n\r\n", b"0\n", b"1" * 17)],
    case("RS-6", "reset", (sends(GET + b"\r\n"), sees(GET + b"\r\n"), answers(response(b"Content-Length: 10")), gets(response(b"Content-Length: 10")), app_resets(), is_cut())),
    case("RS-6", "until the end, but reset", (sends(GET + b"\r\n"), sees(GET + b"\r\n"), answers(response()), gets(response(b"Transfer-Encoding: chunked")), app_resets(), is_cut())),
    case("RS-6", "for a 1.0 caller", (sends(ONE_ZERO), sees(GET + b"\r\n"), answers(response(b"Content-Length: 10", body=b"ok")), gets(response(b"Content-Length: 10", b"Connection: close")), app_closes(), is_cut())),
    *[relayed("RS-7", f"{n} of them", b"HTTP/1.1 103 Early\r\nLink: </a>\r\n\r\n" * n + OK, b"HTTP/1.1 103 Early\r\nLink: </a>\r\n\r\n" * n + OK) for n in (1, 2, 20)],
    relayed("RS-7", "100, 102, 199", b"".join(b"HTTP/1.1 %d X\r\n\r\n" % n for n in (100, 102, 199)) + OK, b"".join(b"HTTP/1.1 %d X\r\n\r\n" % n for n in (100, 102, 199)) + OK),
    from_1_0("RS-7", "not to 1.0", b"HTTP/1.1 103 Early\r\nLink: </a>\r\n\r\n" + OK, response(b"Content-Length: 2", b"Connection: close", body=b"ok")),
    unusable("RS-7", "101", b"HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"),
    case("RS-8", "a response nobody asked for", (sends(GET + b"\r\n"), sees(GET + b"\r\n"), answers(OK), gets(OK), answers(EVIL), pause(0.02), goes_on()), fresh=True),
    case("RS-8", "one byte", (sends(GET + b"\r\n"), sees(GET + b"\r\n"), answers(OK), gets(OK), answers(b"\n"), pause(0.02), goes_on()), fresh=True),
    *[unusable("RS-9", f"{line!r}", line + b"\r\nContent-Length: 2\r\n\r\nok") for line in (
        b"HTTP/1.1 600 X", b"HTTP/1.1 099 X", b"HTTP/1.1 000 X", b"HTTP/1.1 999 X", b"HTTP/1.1 20 X", b"HTTP/1.1 2000 X", b"HTTP/1.1 2x0 X", b"HTTP/1.1 -20 X", b"HTTP/1.1  200 X", b"HTTP/1.1200 X",
        b"HTTP/2.0 200 X", b"HTTP/0.9 200 X", b"http/1.1 200 X", b"ICY 200 OK", b"200 OK", b"HTTP/1.1\t200 X", b"HTTP/1.1 +20 X", b" HTTP/1.1 200 X", b"HTTP/1.1 200\tX", b"HTTP/1.1 200\t", b"HTTP/1.1 20", b"HTTP/1.1 2000", b"HTTP/1.1 ", b"HTTP/1.1 600")],
    *[relayed("RS-9", f"{n} passes", OF(n, b"Content-Length: 0"), OF(n, b"Content-Length: 0")) for n in (200, 299, 399, 418, 499, 599)],
    relayed("RS-9", "1.2 is read as 1.1", OK.replace(b"HTTP/1.1", b"HTTP/1.2"), OK),
    relayed("RS-10", "no-transform", response(b"Cache-Control: no-transform", b"Content-Encoding: gzip", b"Content-Length: 4", body=b"\x1f\x8b\x00\xff"),
            response(b"Cache-Control: no-transform", b"Content-Encoding: gzip", b"Content-Length: 4", body=b"\x1f\x8b\x00\xff")),
    relayed("RS-10", "chunks", response(b"Transfer-Encoding: chunked", body=b"2;x=y\r\n\r\n\r\n003\r\n\x00\xff\n\r\n0\r\n\r\n"), response(b"Transfer-Encoding: chunked", body=b"2\r\n\r\n\r\n3\r\n\x00\xff\n\r\n0\r\n\r\n")),
    case("RS-11", "what is left is little", (sends(POST + b"Content-Length: 100\r\n\r\nsome"), sees(POST + b"Content-Length: 100\r\n\r\nsome"),
                                            answers(OF(413, b"Content-Length: 0")), gets(OF(413, b"Content-Length: 0")), sends(b"x" * 96), sees(b"x" * 96), goes_on())),
    case("RS-11", "what is left is much", (sends(POST + b"Content-Length: 300000\r\n\r\nsome"), sees(POST + b"Content-Length: 300000\r\n\r\nsome"),
                                          answers(OF(413, b"Content-Length: 0")), gets(OF(413, b"Content-Length: 0", b"Connection: close")), app_lost(), ends())),
    case("RS-11", "the app says close", (sends(POST + b"Content-Length: 100\r\n\r\nsome"), sees(POST + b"Content-Length: 100\r\n\r\nsome"),
                                        answers(OF(413, b"Content-Length: 0", b"Connection: close")), gets(OF(413, b"Content-Length: 0", b"Connection: close")), app_lost(), ends())),
    case("RS-11", "chunks", (sends(CHUNKED + b"4\r\nsome\r\n"), sees(CHUNKED + b"4\r\nsome\r\n"), answers(OK), gets(response(b"Content-Length: 2", b"Connection: close", body=b"ok")), app_lost(), ends())),
    relayed("RS-12", "nobody asked", TRAILED, CHUNKED_OK),
    case("RS-12", "asked for", (sends(ASKS), sees(ASKED), answers(TRAILED), gets(CHUNKED_OK[:-2] + b"X-Sum: 1\r\nGrpc-Status: 0\r\n\r\n"), goes_on()), split=True),
    case("RS-12", "among others", (sends(GET + b"te: gzip;q=0.5 , Trailers\r\n\r\n"), sees(ASKED), answers(TRAILED), gets(CHUNKED_OK[:-2] + b"X-Sum: 1\r\nGrpc-Status: 0\r\n\r\n"), goes_on())),
    case("RS-12", "not by a coding of that beginning", (sends(GET + b"TE: trailersx\r\n\r\n"), sees(GET + b"\r\n"), answers(TRAILED), gets(CHUNKED_OK), goes_on())),
    case("RS-12", "not by 1.0", (sends(ASKS.replace(b"1.1", b"1.0")), sees(GET + b"\r\n"), answers(TRAILED), gets(response(b"Connection: close", body=b"ok")), ends())),
    *[relayed("RS-13", f"{n}", OF(n, b"Content-Length: 0").replace(b"%d X" % n, b"%d" % n), OF(n, b"Content-Length: 0").replace(b"X\r\n", b"\r\n", 1)) for n in (200, 404, 599)],
    relayed("RS-13", "of a HEAD", response(b"Content-Length: 5", start=b"HTTP/1.1 200\r\n"), response(b"Content-Length: 5", start=b"HTTP/1.1 200 \r\n"), HEAD),
    relayed("RS-13", "with content", response(b"Content-Length: 2", body=b"ok", start=b"HTTP/1.1 200\r\n"), response(b"Content-Length: 2", body=b"ok", start=b"HTTP/1.1 200 \r\n")),
    relayed("RS-13", "interim", b"HTTP/1.1 103\r\nLink: </a>\r\n\r\n" + OK, b"HTTP/1.1 103 \r\nLink: </a>\r\n\r\n" + OK),
    relayed("RS-13", "with the space", response(b"Content-Length: 0", start=b"HTTP/1.1 200 \r\n"), response(b"Content-Length: 0", start=b"HTTP/1.1 200 \r\n")),
]
