# SPDX-License-Identifier: Apache-2.0
"""Connections, retries and errors made here: CN-1 to CN-11, RT-1 to RT-6, ER-4xx and ER-5xx."""
from script import *  # noqa: F403

PLAIN = GET + b"\r\n"
CLOSED_OK = OK.replace(b"\r\n\r\nok", b"\r\nConnection: close\r\n\r\nok")
EXPECTS = POST + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"
EXPECTS_TWICE = EXPECTS.replace(b"continue", b"continue, 100-continue")
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
LARGE = b"x" * 400_000
SMALL_PUT = b"PUT /f HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok"
WARM = (sends(PLAIN), sees(PLAIN), answers(OK), gets(OK))


def request(method, *lines, version=b"1.1"):
    return method + b" /f HTTP/" + version + b"\r\nHost: a\r\n" + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


def retried(method):
    one = request(method)
    answer = OK[:-2] if method == b"HEAD" else OK
    return case("RT-1", f"{method.decode()} is", (*WARM, sends(one), sees(one), app_closes(), sees(one), answers(answer), gets(answer), goes_on()), fresh=True)


def not_retried(row, name, sent, *before, fresh=True):
    return case(row, name, (*before, sends(sent), sees(sent), app_closes(), gets_error(502, False), goes_on()), fresh=fresh)


EXPECT = [
    case("CN-1", "100 from the app", (sends(EXPECTS), sees(EXPECTS), answers(CONTINUE), gets(CONTINUE), sends(b"ok"), sees(b"ok"), answers(OK), gets(OK), goes_on())),
    case("CN-1", "final answer instead", (sends(EXPECTS), sees(EXPECTS), answers(OK), gets(CLOSED_OK), ends())),
    case("CN-1", "the caller does not wait", (sends(EXPECTS + b"ok"), sees(EXPECTS + b"ok"), answers(OK), gets(OK), goes_on())),
    case("CN-1", "final answer and content at once", (sends(EXPECTS + b"ok"), sees(EXPECTS + b"ok"), answers(CONTINUE + OK), gets(CONTINUE + OK), goes_on())),
    case("CN-1", "from 1.0 it is ignored", (sends(EXPECTS.replace(b"1.1", b"1.0") + b"ok"), sees(POST + b"Content-Length: 2\r\n\r\nok"), answers(OK), gets(CLOSED_OK), ends())),
    forwarded("CN-1", "without content", request(b"GET", b"Expect: 100-continue"), request(b"GET", b"Expect: 100-continue")),
    forwarded("CN-1", "twice", request(b"GET", b"Expect: 100-continue, 100-Continue"), request(b"GET", b"Expect: 100-continue, 100-Continue")),
    case("CN-1", "twice, with content", (sends(EXPECTS_TWICE), sees(EXPECTS_TWICE), answers(CONTINUE), gets(CONTINUE), sends(b"ok"), sees(b"ok"), answers(OK), gets(OK), goes_on())),
    case("CN-1", "twice, final answer instead", (sends(EXPECTS_TWICE), sees(EXPECTS_TWICE), answers(OK), gets(CLOSED_OK), ends())),
    forwarded("CN-1", "capitals", request(b"GET", b"EXPECT: 100-Continue"), request(b"GET", b"EXPECT: 100-Continue")),
    *[refused("CN-1", f"{value!r}", POST + b"Expect: " + value + b"\r\nContent-Length: 2\r\n\r\nok", 417) for value in (b"x", b"100-continue, x", b"200-ok", b"100-continue;q=1", b"")],
    case("CN-1", "unknown from 1.0 is ignored", (sends(request(b"GET", b"Expect: x", version=b"1.0")), sees(PLAIN), answers(OK), gets(CLOSED_OK), ends())),
]

UPGRADED = request(b"GET", b"Connection: Upgrade", b"Upgrade: x")
SWITCHED = b"HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
SWITCHED_LIKE = rb"HTTP/1\.1 101 X\r\n(?:[^\r]+\r\n)*?(?i:connection: upgrade)\r\n(?i:upgrade: x)\r\n(?:[^\r]+\r\n)*?\r\n"
SWITCH = (sends(UPGRADED), sees(UPGRADED), answers(SWITCHED), gets_like(SWITCHED_LIKE))

UPGRADE = [
    forwarded("CN-2", "Upgrade that Connection does not name", request(b"GET", b"Upgrade: websocket"), PLAIN),
    closing("CN-2", "from 1.0", request(b"GET", b"Connection: upgrade", b"Upgrade: websocket", version=b"1.0"), PLAIN, CLOSED_OK),
    forwarded("CN-2", "h2c is not offered on", request(b"GET", b"Connection: upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABk"), PLAIN),
    forwarded("CN-2", "offered on", request(b"GET", b"Connection: x, UPGRADE", b"upgrade: a/1,b", b"X-A: 1"), request(b"GET", b"X-A: 1", b"Connection: Upgrade", b"Upgrade: a/1, b")),
    forwarded("CN-2", "h2c is left out", request(b"GET", b"Connection: upgrade", b"Upgrade: h2c, x"), UPGRADED),
    *[refused("CN-2", f"malformed {value!r}", request(b"GET", b"Connection: upgrade", b"Upgrade: " + value)) for value in (b"a b", b"a/", b"a/1/2", b"\"a\"")],
    *[unusable("CN-2", f"a 101 with {lines!r}", b"HTTP/1.1 101 X\r\n" + b"".join(line + b"\r\n" for line in lines) + b"\r\n", UPGRADED) for lines in (
        (b"Connection: upgrade", b"Upgrade: y"), (b"Connection: upgrade",), (b"Upgrade: x",), (b"Connection: upgrade", b"Upgrade: x, y"))],
    *[relayed("CN-2", f"{name} that names protocols", b"HTTP/1.1 %d X\r\n" % status + DATE + b"Connection: upgrade\r\nUpgrade: h2c, x/1\r\nContent-Length: 0\r\n\r\n",
              b"HTTP/1.1 %d X\r\n" % status + DATE + demanded + b"Content-Length: 0\r\n\r\n") for name, status, demanded in (
        ("a 426", 426, b"Connection: Upgrade\r\nUpgrade: x/1\r\n"), ("a 200", 200, b""), ("a 404", 404, b""))],
    *[refused("CN-3", f"content, {name}", POST + b"Connection: upgrade\r\nUpgrade: x\r\n" + text) for name, text in (
        ("length", b"Content-Length: 2\r\n\r\nok"), ("chunks", b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"))],
    forwarded("CN-3", "declined: what follows is the next request", UPGRADED, UPGRADED),
    case("CN-3", "bytes behind are held until the 101", (sends(UPGRADED + b"early"), sees(UPGRADED), pause(0.05), answers(SWITCHED), gets_like(SWITCHED_LIKE), sees(b"early"))),
    case("CN-4", "the 100 first", (sends(request(b"POST", b"Upgrade: x", b"Expect: 100-continue", b"Content-Length: 2")), sees(EXPECTS), answers(CONTINUE), gets(CONTINUE), sends(b"ok"), sees(b"ok"), answers(OK), gets(OK))),
    case("CN-4", "100, then 101", (sends(request(b"GET", b"Connection: upgrade", b"Upgrade: x", b"Expect: 100-continue")), sees(request(b"GET", b"Expect: 100-continue", b"Connection: Upgrade", b"Upgrade: x")),
                                   answers(CONTINUE), gets(CONTINUE), answers(SWITCHED), gets_like(SWITCHED_LIKE), sends(b"a"), sees(b"a"))),
    case("CN-5", "opaque both ways", (*SWITCH, sends(b"GET / HTTP/1.1\n\x00"), sees(b"GET / HTTP/1.1\n\x00"), answers(b"HTTP/1.1 500\r\n"), gets(b"HTTP/1.1 500\r\n"), app_closes(), ends())),
    case("CN-5", "the caller's half ends first", (*SWITCH, sends(b"bye"), finishes(), sees(b"bye"), app_lost(), answers(b"late"), gets(b"late"), app_closes(), ends())),
    case("CN-5", "bytes with the 101", (sends(UPGRADED), sees(UPGRADED), answers(SWITCHED + b"first"), gets_like(SWITCHED_LIKE + rb"first"), sends(b"a"), sees(b"a"))),
    unusable("CN-5", "unasked 101", b"HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nbytes"),
]

PERSISTENCE = [
    case("CN-6", "1.1 is kept", (*WARM, *WARM, app_kept())),
    *[closing("CN-6", f"{value!r} of the caller", request(b"GET", b"Connection: " + value), PLAIN, CLOSED_OK) for value in (b"close", b"Close", b"x, close", b"keep-alive,close", b"close, keep-alive", b",close")],
    closing("CN-6", "close in a second line", request(b"GET", b"Connection: x", b"Connection: close"), PLAIN, CLOSED_OK),
    *[forwarded("CN-6", f"{value!r} is no close", request(b"GET", b"Connection: " + value), PLAIN) for value in (b"keep-alive", b"closed", b"x-close", b"")],
    *[closing("CN-6", f"1.0 with {lines!r}", request(b"GET", *lines, version=b"1.0"), PLAIN, CLOSED_OK) for lines in ((), (b"Connection: keep-alive",), (b"Connection: Keep-Alive", b"Keep-Alive: timeout=5"))],
    *[case("CN-6", f"the app says {start!r} {line!r}", (sends(PLAIN), sees(PLAIN), answers(OK.replace(b"HTTP/1.1", start).replace(b"\r\n\r\nok", line + b"\r\n\r\nok")), gets(OK), app_lost(), goes_on()), fresh=True)
      for start, line in ((b"HTTP/1.1", b"\r\nConnection: close"), (b"HTTP/1.1", b"\r\nConnection: x, CLOSE"), (b"HTTP/1.0", b""), (b"HTTP/1.0", b"\r\nConnection: keep-alive"))],
    case("CN-6", "the caller's close is not the app's", (sends(request(b"GET", b"Connection: close")), sees(PLAIN), answers(OK), gets(CLOSED_OK), ends(), connects("plain"), goes_on(), app_kept())),
    closing("CN-7", "a request behind close", request(b"GET", b"Connection: close"), PLAIN, CLOSED_OK),
    closing("CN-7", "behind 1.0", request(b"GET", version=b"1.0"), PLAIN, CLOSED_OK),
    case("CN-8", "a caller that still sends gets its error", (
        sends(b"POST /f HTTP/1.1\r\nHost: a\r\nContent-Length: 800000\r\nX Y: 1\r\n\r\n" + LARGE), gets_error(400), sends(LARGE), ends())),
    case("CN-8", "a caller that still sends gets its early answer", (
        sends(POST + b"Content-Length: 800000\r\n\r\n"), sees(POST + b"Content-Length: 800000\r\n\r\n"), answers(OK), gets(CLOSED_OK), sends(LARGE), sends(LARGE), ends())),
    case("CN-9", "GET", (sends(PLAIN), finishes(), sees(PLAIN), pause(0.05), answers(OK), gets(OK), ends())),
    case("CN-9", "POST", (sends(POST + b"Content-Length: 2\r\n\r\nok"), finishes(), sees(POST + b"Content-Length: 2\r\n\r\nok"), answers(OK), gets(OK), ends())),
    case("CN-9", "while the response goes on", (sends(PLAIN), sees(PLAIN), answers(OK[:-1]), gets(OK[:-1]), finishes(), pause(0.05), answers(b"k"), gets(b"k"), ends())),
    case("CN-10", "in order, one at a time", (sends(b"".join(PLAIN.replace(b"/f", b"/%d" % n) for n in range(5))), *[one for n in range(5) for one in (
        sees(PLAIN.replace(b"/f", b"/%d" % n)), answers(OK.replace(b"ok", b"%02d" % n)), gets(OK.replace(b"ok", b"%02d" % n)))])),
    case("CN-10", "behind a POST", (sends(POST + b"Content-Length: 2\r\n\r\nok" + PLAIN), sees(POST + b"Content-Length: 2\r\n\r\nok"), answers(OK), gets(OK), sees(PLAIN), answers(OK), gets(OK))),
    case("CN-11", "idle caller", (*WARM, ends()), "hasty"),
    case("CN-11", "a caller that never says anything", (ends(),), "hasty"),
    case("CN-11", "an app that closed while idle", (*WARM, app_closes(), goes_on()), fresh=True),
]

RETRIES = [
    *[retried(method) for method in (b"GET", b"HEAD", b"OPTIONS", b"PUT", b"DELETE")],
    *[not_retried("RT-1", f"{method.decode()} is not", request(method), *WARM) for method in (b"POST", b"PATCH", b"BREW", b"get")],
    case("RT-1", "on a new connection, too", (sends(PLAIN), sees(PLAIN), app_closes(), sees(PLAIN), answers(OK), gets(OK), goes_on()), fresh=True),
    case("RT-1", "with content that came with the head", (*WARM, sends(SMALL_PUT), sees(SMALL_PUT), app_closes(), sees(SMALL_PUT), answers(OK), gets(OK), goes_on()), fresh=True),
    case("RT-2", "the second try ends it", (*WARM, sends(PLAIN), sees(PLAIN), app_closes(), sees(PLAIN), app_closes(), gets_error(502, False), goes_on()), fresh=True),
    case("RT-3", "refused", (sends(PLAIN), gets_error(502, False)), "dead"),
    not_retried("RT-4", "POST", POST + b"Content-Length: 0\r\n\r\n", *WARM),
    case("RT-5", "a part of the response", (*WARM, sends(PLAIN), sees(PLAIN), answers(b"HTTP/1.1 2"), app_closes(), gets_error(502, False), goes_on()), fresh=True),
    case("RT-5", "an interim response", (*WARM, sends(PLAIN), sees(PLAIN), answers(CONTINUE), gets(CONTINUE), app_closes(), gets_error(502, False), goes_on()), fresh=True),
    case("RT-6", "whole", (*WARM, sends(request(b"GET", b"X-A: 1", b"Connection: X-B", b"X-B: 2")), sees(request(b"GET", b"X-A: 1")), app_closes(), sees(request(b"GET", b"X-A: 1")), answers(OK), gets(OK)), fresh=True),
    case("RT-6", "reset instead of closed", (*WARM, sends(PLAIN), sees(PLAIN), app_resets(), sees(PLAIN), answers(OK), gets(OK)), fresh=True),
]

APPS_500 = b"HTTP/1.1 500 Oh\r\n" + DATE + b"Content-Length: 4\r\n\r\noops"
SHED_LIKE = rb"HTTP/1\.1 503 Service Unavailable\r\n(?:[^\r]+\r\n)*Retry-After: 1\r\n(?:[^\r]+\r\n)*\r\nsidespan: [^\n]*\n"
MANY = b"".join(b"X-%d: 1\r\n" % n for n in range(300))
ERRORS = [
    refused("ER-400", "request", b"?\r\n\r\n"),
    refused("ER-400", "content", CHUNKED + b"x\r\n"),
    refused("ER-400", "not a proxy request", PLAIN, leg="proxy"),
    case("ER-403", "our own port", (sends_own(b"GET http://127.0.0.1:%d/ HTTP/1.1\r\nHost: a\r\n\r\n"), gets_error(403, False)), "proxy"),
    case("ER-404", "no rule", (sends(b"GET /f HTTP/1.1\r\nHost: stranger.example\r\n\r\n"), gets_error(404, False), sends(PLAIN), gets_error(404, False)), "routed"),
    case("ER-405", "TRACE", (sends(request(b"TRACE")), gets_like(rb"HTTP/1\.1 405 Method Not Allowed\r\n.*Allow: [A-Z, ]+\r\n"))),
    case("ER-408", "head", (sends(b"GET / HTTP/1.1\r\nHost:"), gets_error(408), ends()), "hasty"),
    case("ER-408", "content", (sends(POST + b"Content-Length: 9\r\n\r\nsome"), sees(POST + b"Content-Length: 9\r\n\r\nsome"), gets_error(408), ends(), app_lost()), "hasty"),
    case("ER-408", "nothing said", (ends(),), "hasty"),
    case("ER-408", "an empty line says nothing", (sends(b"\r\n"), ends()), "hasty"),
    case("ER-408", "nor behind a request", (sends(POST + b"Content-Length: 2\r\n\r\nhi\r\n"), sees(POST + b"Content-Length: 2\r\n\r\nhi"), answers(OK), gets(OK), ends()), "hasty"),
    case("ER-413", "length", (sends(POST + b"Content-Length: 1001\r\n\r\n"), gets_error(413), ends(), nothing_whole()), "hasty"),
    case("ER-413", "chunks", (sends(CHUNKED + b"258\r\n" + b"x" * 600 + b"\r\n258\r\n" + b"x" * 600 + b"\r\n0\r\n\r\n"), gets_error(413), ends(), nothing_whole()), "hasty"),
    forwarded("ER-413", "at the limit", POST + b"Content-Length: 1000\r\n\r\n" + b"x" * 1000, POST + b"Content-Length: 1000\r\n\r\n" + b"x" * 1000, leg="hasty"),
    forwarded("ER-411", "no length and no coding", POST + b"\r\n", POST + b"\r\n"),
    forwarded("ER-411", "a length", POST + b"Content-Length: 2\r\n\r\nhi", POST + b"Content-Length: 2\r\n\r\nhi"),
    forwarded("ER-411", "chunks", CHUNKED + b"2\r\nhi\r\n0\r\n\r\n", CHUNKED + b"2\r\nhi\r\n0\r\n\r\n"),
    refused("ER-414", "70 KB", b"GET /" + b"a" * 70000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    refused("ER-417", "unknown expectation", request(b"GET", b"Expect: x"), 417),
    refused("ER-431", "one field", request(b"GET", b"X-A: " + b"a" * 70000), 431),
    refused("ER-400", "HEAD gets no content", b"HEAD /f HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n", head_only=True),
    refused("ER-400", "nor one with two blanks", b"HEAD  /f HTTP/1.1\r\nHost: a\r\n\r\n", head_only=True),
    refused("ER-414", "HEAD gets no content", b"HEAD /" + b"a" * 70000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414, head_only=True),
    refused("ER-417", "HEAD gets no content", request(b"HEAD", b"Expect: x"), 417, head_only=True),
    refused("ER-431", "HEAD gets no content", request(b"HEAD", b"X-A: " + b"a" * 70000), 431, head_only=True),
    refused("ER-505", "HEAD gets no content", request(b"HEAD").replace(b"HTTP/1.1", b"HTTP/2.0"), 505, head_only=True),
    refused("ER-431", "300 fields", GET + MANY + b"\r\n", 431),
    refused("ER-431", "without an end", GET + b"X-A: " + b"a" * 70000, 431),
    relayed("ER-500", "the app's own", APPS_500, APPS_500, split=False),
    unusable("ER-500", "not for what an app does wrong", b"\x00" * 100 + b"\r\n\r\n"),
    not_retried("ER-500", "nor for an app that leaves", POST + b"Content-Length: 0\r\n\r\n"),
    refused("ER-501", "coding", POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    refused("ER-501", "method", request(b"M" * 33), 501),
    refused("ER-501", "scheme", b"GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 501, leg="proxy"),
    case("ER-502", "refused", (sends(PLAIN), gets_error(502, False), sends(PLAIN), gets_error(502, False)), "dead"),
    case("ER-502", "HEAD gets no content", (sends(request(b"HEAD")), gets_error(502, False, True), sends(PLAIN), gets_error(502, False)), "dead"),
    case("ER-502", "unknown name", (sends(PLAIN), gets_error(502, False)), "nameless"),
    not_retried("ER-502", "closed without a word", POST + b"Content-Length: 0\r\n\r\n"),
    unusable("ER-502", "closed inside the head", b"HTTP/1.1 200 OK\r\nX-A", then_closes=True),
    unusable("ER-502", "not HTTP", b"hello\r\n\r\n"),
    unusable("ER-502", "large head", b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 70000 + b"\r\nContent-Length: 0\r\n\r\n"),
    unusable("ER-502", "300 fields", b"HTTP/1.1 200 OK\r\n" + MANY + b"Content-Length: 0\r\n\r\n"),
    case("ER-503", "one request too many", (sends(PLAIN), sees(PLAIN), connects("busy"), sends(PLAIN), gets_like(SHED_LIKE), sends(PLAIN), gets_error(503, False),
                                            nothing_whole(), answers(OK)), "busy", fresh=True),
    case("ER-504", "connecting", (sends(PLAIN), gets_error(504, False)), "unreachable"),
    case("ER-504", "no answer", (sends(PLAIN), sees(PLAIN), gets_error(504, False), app_lost()), "hasty"),
    case("ER-504", "a part of an answer", (sends(PLAIN), sees(PLAIN), answers(OK[:-1]), gets(OK[:-1]), is_cut(), app_lost()), "hasty"),
    refused("ER-505", "2.0", b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
]

CASES = EXPECT + UPGRADE + PERSISTENCE + RETRIES + ERRORS
