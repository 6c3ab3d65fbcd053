# SPDX-License-Identifier: Apache-2.0
"""Start lines and fields of requests: H1-1 to H1-30."""
from script import *  # noqa: F403

_get = lambda *lines, version=b"1.1", target=b"/f", method=b"GET", host=b"Host: a\r\n": (
    method + b" " + target + b" HTTP/" + version + b"\r\n" + host + b"".join(line + b"\r\n" for line in lines) + b"\r\n")
PLAIN = GET + b"\r\n"
CLOSED_OK = OK.replace(b"\r\n\r\nok", b"\r\nConnection: close\r\n\r\nok")


def line(*lines):
    return _get(*lines)


def same(row, name, sent, **more):
    return forwarded(row, name, sent, sent, **more)


VALID_HOSTS = (b"a", b"a.example:8080", b"127.0.0.1", b"[::1]", b"[::1]:80", b"a:", b"xn--4ca", b"a_b", b"a%20b", b"a,b")
BAD_HOSTS = (b"u@a", b"a/b", b"a b", b"a:port", b"a:0", b"a:65536", b"[::1", b"::1", b"a?b", b"a#b", b"a\\b", b"[::1]x", b"a:80:80", b"[fe80::1%25eth0]",
             b"%zz", b"a\"b", b"<a>")

START_LINES = [
    same("H1-1", "plain", PLAIN),
    *[forwarded("H1-1", f"{n} empty lines before", b"\r\n" * n + PLAIN, PLAIN) for n in (1, 2, 4)],
    refused("H1-1", "five empty lines before", b"\r\n" * 5 + PLAIN),
    *[refused("H1-1", f"{text!r}", text + b"\r\nHost: a\r\n\r\n") for text in (
        b"GET  / HTTP/1.1", b"GET /  HTTP/1.1", b" GET / HTTP/1.1", b"GET / HTTP/1.1 ", b"GET\t/ HTTP/1.1", b"GET /\tHTTP/1.1", b"GET / HTTP/1.1\t", b"GET /",
        b"GET", b"/ HTTP/1.1", b"GET / / HTTP/1.1", b"GET /\x0bHTTP/1.1", b"G@T / HTTP/1.1", b"G(T) / HTTP/1.1", b"GET\x00 / HTTP/1.1", b"GET\xa0/ HTTP/1.1")],
    *[refused("H1-2", f"{text!r}", b"GET / " + text + b"\r\nHost: a\r\n\r\n") for text in (
        b"http/1.1", b"HTTP/1.", b"HTTP/11", b"HTTP/1.10", b"HTTP/01.1", b"HTTP/1.x", b"HTTP/1,1", b"HTTP /1.1", b"HTTP/ 1.1", b"HTTPS/1.1", b"HTTP/-1.1",
        b"HTTP/1.1x", b"HTTP", b"ICY/1.1")],
    *[refused("H1-2", f"{text!r}", b"GET / " + text + b"\r\nHost: a\r\n\r\n", 505) for text in (b"HTTP/2.0", b"HTTP/0.9", b"HTTP/3.0", b"HTTP/9.9")],
    *[forwarded("H1-2", f"1.{minor} is read as 1.1", _get(version=b"1.%d" % minor), PLAIN) for minor in (2, 9)],
    closing("H1-2", "1.0 is forwarded as 1.1", _get(version=b"1.0"), PLAIN, CLOSED_OK),
    refused("H1-3", "no Host", b"GET / HTTP/1.1\r\n\r\n"),
    refused("H1-3", "two Hosts", line(b"Host: a")),
    refused("H1-3", "two Hosts that differ", line(b"Host: b")),
    case("H1-3", "1.0 without a Host", (sends(_get(host=b"", version=b"1.0")), sees_like(rb"GET /f HTTP/1\.1\r\nHost: 127\.0\.0\.1:[0-9]+\r\n\r\n"), answers(OK), gets(CLOSED_OK), ends())),
    refused("H1-3", "two Hosts in 1.0", _get(b"Host: b", version=b"1.0")),
    refused("H1-3", "empty Host", _get(host=b"Host:\r\n")),
    refused("H1-3", "blank Host", _get(host=b"Host: \t \r\n")),
    *[refused("H1-3", f"Host {host!r}", _get(host=b"Host: " + host + b"\r\n")) for host in BAD_HOSTS],
    *[same("H1-3", f"Host {host!r}", _get(host=b"Host: " + host + b"\r\n")) for host in VALID_HOSTS],
    forwarded("H1-3", "empty Host with an authority in the target", _get(host=b"Host:\r\n", target=b"http://b/f"), _get(host=b"Host: b\r\n")),
    refused("H1-3", "no Host with an authority in the target", _get(host=b"", target=b"http://b/f")),
    refused("H1-3", "bad Host with an authority in the target", _get(host=b"Host: x@y\r\n", target=b"http://b/f")),
    *[forwarded("H1-4", f"{target!r}", _get(target=target), _get(target=path, host=b"Host: " + host + b"\r\n")) for target, host, path in (
        (b"http://b/f", b"b", b"/f"), (b"http://b:81/f?q", b"b:81", b"/f?q"), (b"HTTP://B/f", b"B", b"/f"), (b"https://b/f", b"b", b"/f"),
        (b"http://b", b"b", b"/"), (b"http://b?q=1", b"b", b"/?q=1"), (b"http://[::1]:8/", b"[::1]:8", b"/"), (b"http://b//f", b"b", b"//f"),
        (b"http://b/http://c/", b"b", b"/http://c/"))],
    *[refused("H1-4", f"{target!r}", _get(target=target)) for target in (
        b"http://u@b/f", b"http://u:p@b/f", b"http:///f", b"http://", b"http:/b/f", b"http:b", b"://b/f", b"b/f", b"b", b"1http://b/", b"http://b:0/", b"http://b:99999/",
        b"http://b\\c/", b"http://[::1/", b"http://b#f", b"ftp://b/f", b"file://b/f", b"ws://b/f", b"javascript://b/f", b"http://@b/", b"http://b:80:80/")],
    closing("H1-4", "absolute-form from 1.0 without a Host", _get(host=b"", target=b"http://b/f", version=b"1.0"), _get(host=b"Host: b\r\n"), CLOSED_OK),
    same("H1-5", "OPTIONS *", _get(method=b"OPTIONS", target=b"*")),
    *[refused("H1-5", f"{method.decode()} *", _get(method=method, target=b"*"), head_only=method == b"HEAD") for method in (b"GET", b"POST", b"options", b"HEAD", b"DELETE")],
    refused("H1-5", "OPTIONS **", _get(method=b"OPTIONS", target=b"**")),
    refused("H1-5", "OPTIONS *?q", _get(method=b"OPTIONS", target=b"*?q")),
    forwarded("H1-5", "absolute OPTIONS without a path", _get(method=b"OPTIONS", target=b"http://b"), _get(method=b"OPTIONS", target=b"*", host=b"Host: b\r\n")),
    forwarded("H1-5", "absolute OPTIONS with a query only", _get(method=b"OPTIONS", target=b"http://b?q"), _get(method=b"OPTIONS", target=b"/?q", host=b"Host: b\r\n")),
    forwarded("H1-5", "absolute OPTIONS with a path", _get(method=b"OPTIONS", target=b"http://b/"), _get(method=b"OPTIONS", target=b"/", host=b"Host: b\r\n")),
    *[same("H1-6", f"{target!r}", _get(target=target)) for target in (
        b"/", b"//", b"///a//", b"/a/../b/./c", b"/..", b"/%2e%2e/%2F%00%ff", b"/%", b"/%zz", b"/a;b=c?d=e&f", b"/?", b"/a??b?", b"/a\\b", b"/a|b<c>\"d\"^`{}", b"/~!@$&'()*+,;=:",
        b"/" + b"a" * 9000)],
    *[refused("H1-6", f"{target!r}", _get(target=target)) for target in (
        b"/a#b", b"#", b"/a\x01b", b"/a\x7fb", b"/\xc3\xa4", b"/a\x00b", b"/\x80", b"/a\rb", b"/a\x0cb", b"?q", b"..", b"a/b")],
    *[refused("H1-7", f"CONNECT through {leg}", _get(method=b"CONNECT", target=b"b:80"), 501, leg=leg) for leg in ("plain", "inbound")],
    *[refused("H1-7", f"forward proxy, {target!r}", _get(method=b"CONNECT", target=target), leg="proxy") for target in (b"b", b"b:", b"/f", b"http://b:80/", b"u@b:80", b"b:0", b"b:65536", b"*", b"[::1]")],
    case("H1-7", "forward proxy, a tunnel", (
        sends_to_app(b"CONNECT 127.0.0.1:%d HTTP/1.1\r\nHost: a\r\n\r\n"), gets_like(rb"HTTP/1\.1 200 [^\r]+\r\n(?!.*(Content-Length|Transfer-Encoding)).*?\r\n\r\n"), sends(b"\x00\n"), sees(b"\x00\n"), answers(b"\xff"), gets(b"\xff"), app_closes(), ends()), "proxy", fresh=True),
    *[refused("H1-8", f"{name} {leg}", _get(*lines, method=b"TRACE"), 405, leg=leg) for leg in ("plain", "inbound") for name, lines in (
        ("TRACE", ()), ("TRACE with Max-Forwards: 0", (b"Max-Forwards: 0",)), ("TRACE with Max-Forwards: 5", (b"Max-Forwards: 5",)))],
    *[case("H1-8", f"OPTIONS {target!r} with Max-Forwards: {number.decode()} is answered here", (
        sends(_get(b"Max-Forwards: " + number, method=b"OPTIONS", target=target)),
        gets_like(rb"HTTP/1\.1 200 OK\r\nAllow: [A-Z, ]+\r\nDate: [^\r]+\r\nContent-Length: 0\r\n\r\n"), goes_on())) for target in (b"*", b"/f") for number in (b"0", b"00")],
    *[forwarded("H1-8", f"OPTIONS with Max-Forwards: {before.decode()}", _get(b"Max-Forwards: " + before, method=b"OPTIONS"), _get(b"Max-Forwards: " + after, method=b"OPTIONS"))
      for before, after in ((b"1", b"0"), (b"10", b"9"), (b"007", b"6"), (b"4294967296", b"4294967295"))],
    *[refused("H1-8", f"OPTIONS with Max-Forwards: {bad!r}", _get(b"Max-Forwards: " + bad, method=b"OPTIONS")) for bad in (b"-1", b"x", b"", b"1, 2", b"+1", b"99999999999999999999999")],
    refused("H1-8", "OPTIONS with two Max-Forwards", _get(b"Max-Forwards: 5", b"Max-Forwards: 0", method=b"OPTIONS")),
    *[same("H1-8", f"{method.decode()} keeps Max-Forwards: 0", _get(b"Max-Forwards: 0", method=method)) for method in (b"GET", b"DELETE")],
    same("H1-8", "OPTIONS without Max-Forwards gets none", _get(method=b"OPTIONS")),
    same("H1-9", "8000 bytes", _get(target=b"/" + b"a" * 8000)),
    same("H1-9", "16 KiB", _get(target=b"/" + b"a" * (16 * 1024 - 1))),
    refused("H1-9", "16 KiB and one", _get(target=b"/" + b"a" * (16 * 1024)), 414),
    refused("H1-9", "70 KB", _get(target=b"/" + b"a" * 70000), 414),
    refused("H1-9", "70 KB without an end", b"GET /" + b"a" * 70000, 414),
    same("H1-9", "method of 32 bytes", _get(method=b"M" * 32)),
    refused("H1-9", "method of 33 bytes", _get(method=b"M" * 33), 501),
    refused("H1-9", "method of 5000 bytes", _get(method=b"M" * 5000), 501),
    *[same("H1-10", f"method {method.decode()}", _get(method=method)) for method in (b"BREW", b"get", b"M-SEARCH", b"!#$%&'*+-.^_`|~", b"PROPFIND", b"QUERY")],
    same("H1-10", "unknown fields", line(b"X-Unknown: \"a\", b; c", b"$odd!: 1", b"Range: bytes=0-")),
    relayed("H1-10", "unknown status and fields", b"HTTP/1.1 299 Odd  one\r\n" + DATE + b"X-Odd: 1\r\nContent-Length: 2\r\n\r\nok",
            b"HTTP/1.1 299 Odd  one\r\n" + DATE + b"X-Odd: 1\r\nContent-Length: 2\r\n\r\nok"),
    relayed("H1-10", "no reason", b"HTTP/1.1 200 \r\n" + DATE + b"Content-Length: 0\r\n\r\n", b"HTTP/1.1 200 \r\n" + DATE + b"Content-Length: 0\r\n\r\n"),
]

NOMINATED = b"Connection: " + b", ".join(b"x%d" % n for n in range(33))
REMOVED = (b"Keep-Alive: timeout=5", b"Proxy-Connection: keep-alive", b"TE: gzip", b"Upgrade: x", b"HTTP2-Settings: AAMAAABk", b"Proxy-Authorization: Basic eDp5",
           b"Proxy-Authenticate: Basic", b"Connection: keep-alive", b"keep-alive: x", b"TE:")
OK_FIELDS = lambda *lines, start=b"HTTP/1.1 200 OK\r\n": start + DATE + b"".join(one + b"\r\n" for one in lines) + b"Content-Length: 2\r\n\r\nok"
TRAILED = CHUNKED.replace(b"Host: a\r\n", b"Host: a\r\nConnection: X-Sum, X-Second\r\n")
VIA = rb"1\.%d sidespan-[0-9a-f]{12}"
INBOUND = lambda start, lines, via=1: (start + rb"\r\n" + lines + rb"Via: 1\.%d sidespan-[0-9a-f]{12}\r\n\r\n" % via)


def inbound(row, name, sent, pattern):
    return case(row, name, (sends(sent), sees_like(pattern), answers(OK), gets_like(rb"HTTP/1\.1 200 OK\r\n.*\r\n\r\nok")), "inbound")


FIELDS = [
    *[refused("H1-20", f"{text!r}", line(text)) for text in (b"X-A : 1", b"X-A\t: 1", b"X-A  \t : 1", b"Content-Length : 5", b"Transfer-Encoding : chunked", b"Connection : close")],
    *[relayed("H1-20", f"response {text!r}", OK_FIELDS(text), OK_FIELDS(b"X-A: 1")) for text in (b"X-A : 1", b"X-A\t: 1", b"X-A \t  :1")],
    relayed("H1-20", "response: the length counts", b"HTTP/1.1 200 OK\r\n" + DATE + b"Content-Length : 2\r\n\r\nok", OK),
    relayed("H1-20", "response: the coding counts", b"HTTP/1.1 200 OK\r\n" + DATE + b"Transfer-Encoding\t: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n" + DATE + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
    relayed("H1-20", "response: Connection counts", OK_FIELDS(b"Connection : x-a", b"X-A: 1"), OK),
    unusable("H1-20", "response: two lengths, one disguised", b"HTTP/1.1 200 OK\r\nContent-Length : 2\r\nContent-Length: 3\r\n\r\nok!"),
    unusable("H1-20", "response: white space and no name", b"HTTP/1.1 200 OK\r\nX-B: 1\r\nX A: 1\r\nContent-Length: 2\r\n\r\nok"),
    *[refused("H1-21", f"{text!r}", line(text)) for text in (b"X-A: 1\r\n 2", b"X-A: 1\r\n\t2", b"X-A:\r\n 1", b"X-A: 1\r\n ", b"X-A: 1\r\n \r\n 2")],
    refused("H1-21", "first field line", b"GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
    refused("H1-21", "white space behind the start line", b"GET / HTTP/1.1\r\n \r\nHost: a\r\n\r\n"),
    *[unusable("H1-21", f"response {text!r}", b"HTTP/1.1 200 OK\r\n" + text + b"\r\nContent-Length: 2\r\n\r\nok") for text in (b"X-A: 1\r\n 2", b" X-A: 1", b"X-A: 1\r\n\t", b" ")],
    *[refused("H1-22", f"{text!r}", line(text)) for text in (
        b"X-A: 1\x002", b"X-A: 1\r2", b"X-A: \x01", b"X-A: \x7f", b"X-A: 1\x0b", b"X-A: 1\x0c", b"X-A", b": 1", b"X A: 1", b"X(A): 1", b"X-A\x00: 1", b"\xc3\xa4: 1", b"X-A\r: 1", b"X,A: 1",
        b"X/A: 1", b"X;A: 1", b"X=A: 1", b"\"X\": 1", b"X@A: 1", b"X[A]: 1", b"\x0bX: 1", b"\xa0X: 1", b"X\x85: 1", b"\r")],
    forwarded("H1-22", "white space around a value", line(b"X-A: \t 1 2 \t ", b"X-B:2", b"X-C:\t"), line(b"X-A: 1 2", b"X-B: 2", b"X-C: ")),
    same("H1-22", "bytes that are text", line(b"X-A: \x80\xff \xa0", b"X-B: a\tb")),
    *[unusable("H1-22", f"response {text!r}", b"HTTP/1.1 200 OK\r\n" + text + b"\r\nContent-Length: 2\r\n\r\nok") for text in (
        b"X-A: \x00", b"X-A: 1\r2", b"X-A", b": 1", b"X(A): 1", b"X-A: \x7f")],
    unusable("H1-22", "control byte in the reason", b"HTTP/1.1 200 O\x01K\r\nContent-Length: 2\r\n\r\nok"),
    *[refused("H1-23", f"{text!r}", text) for text in (b"GET / HTTP/1.1\nHost: a\n\n", b"GET / HTTP/1.1\nHost: a\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\n\n",
                                                       b"GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\nX-B: 2\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\n\n", b"\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")],
    *[unusable("H1-23", f"response {text!r}", text) for text in (b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", b"HTTP/1.1 200 OK\r\nContent-Length: 2\n\r\nok", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\nok")],
    forwarded("H1-24", "nominated fields", line(b"Connection: X-Mine, keep-alive", b"connection: x-second,,", b"X-Mine: 1", b"X-SECOND: 2", b"X-Stays: 3", b"X-Mine: 4"), line(b"X-Stays: 3")),
    forwarded("H1-24", "nominated trailers", TRAILED + b"2\r\nok\r\n0\r\nX-Sum: 1\r\nX-Stays: 2\r\nx-second: 3\r\n\r\n", CHUNKED + b"2\r\nok\r\n0\r\nX-Stays: 2\r\n\r\n"),
    forwarded("H1-24", "32 nominations", line(NOMINATED.replace(b", x32", b""), b"x31: 1"), PLAIN),
    refused("H1-24", "33 nominations", line(NOMINATED)),
    *[refused("H1-24", f"{value!r} is no list of names", line(b"Connection: " + value)) for value in (b"\"close\"", b"x y", b"x;y", b"close; x", b"\xe4", b"x=y")],
    relayed("H1-24", "response", OK_FIELDS(b"Connection: X-Mine", b"X-Mine: 1", b"X-Stays: 2"), OK_FIELDS(b"X-Stays: 2")),
    relayed("H1-24", "nominated trailers of a response",
            b"HTTP/1.1 200 OK\r\n" + DATE + b"Connection: x-sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\nX-Stays: 2\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n" + DATE + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Stays: 2\r\n\r\n", request=line(b"Connection: TE", b"TE: trailers")),
    relayed("H1-24", "interim response", b"HTTP/1.1 103 Early Hints\r\nConnection: X-Mine\r\nX-Mine: 1\r\nLink: </a>\r\n\r\n" + OK + b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK),
    *[forwarded("H1-25", f"{text!r}", line(text), PLAIN) for text in REMOVED],
    *[relayed("H1-25", f"response {text!r}", OK_FIELDS(text), OK) for text in REMOVED],
    *[refused("H1-25", f"Proxy-Connection {value!r} is no list of names{more}", line(b"Proxy-Connection: " + value, *lines) + content)
      for value in (b"x y", b"\"close\"") for more, lines, content in (("", (), b""), (", with content", (b"Content-Length: 2",), b"hi"))],
    unusable("H1-25", "Proxy-Connection of a response is no list of names", OK_FIELDS(b"Proxy-Connection: x y")),
    forwarded("H1-25", "Proxy-Connection: close says nothing", line(b"Proxy-Connection: x, close,,"), PLAIN),
    same("H1-25", "content fields stay", line(b"Trailer: X-Sum", b"Accept-Encoding: gzip", b"Cookie: a=b", b"Authorization: Basic eDp5")),
    *[refused("H1-26", f"{name!r}", POST + b"Connection: " + name + b"\r\nContent-Length: 2\r\n\r\nok") for name in (b"Host", b"content-length", b"Transfer-Encoding", b"x, HOST", b"close, Content-Length")],
    inbound("H1-26", "what we add cannot be nominated", line(b"Connection: via, x-forwarded-for, x-forwarded-proto", b"X-Forwarded-For: 6.6.6.6", b"Via: 1.1 evil"),
            INBOUND(rb"GET /f HTTP/1\.1\r\nHost: a", rb"X-Forwarded-For: 127\.0\.0\.1\r\nX-Forwarded-Proto: http\r\n")),
    unusable("H1-26", "response nominates its length", OK_FIELDS(b"Connection: Content-Length")),
    same("H1-27", "case, order, repetition", line(b"aCCept: 1", b"X-b: 1", b"x-A: 2", b"X-B: 3", b"cookie: a=1", b"Cookie: b=2", b"X-Empty: ")),
    relayed("H1-27", "cookies of a response", OK_FIELDS(b"set-cookie: a=1", b"X-b: 1", b"Set-Cookie: b=2, c", b"x-B: 2"), OK_FIELDS(b"set-cookie: a=1", b"X-b: 1", b"Set-Cookie: b=2, c", b"x-B: 2")),
    inbound("H1-28", "1.1", line(b"Via: 1.0 before"), INBOUND(rb"GET /f HTTP/1\.1\r\nHost: a", rb"Via: 1\.0 before\r\nX-Forwarded-For: 127\.0\.0\.1\r\nX-Forwarded-Proto: http\r\n")),
    case("H1-28", "from 1.0", (sends(_get(version=b"1.0")), sees_like(INBOUND(rb"GET /f HTTP/1\.1\r\nHost: a", rb"X-Forwarded-For: 127\.0\.0\.1\r\nX-Forwarded-Proto: http\r\n", 0)), answers(OK),
                               gets_like(rb"HTTP/1\.1 200 OK\r\n.*Via: 1\.1 sidespan-[0-9a-f]{12}\r\n.*Connection: close\r\n\r\nok"), ends()), "inbound"),
    case("H1-28", "response from 1.0", (sends(PLAIN), sees_like(rb"GET .*\r\n\r\n"), answers(b"HTTP/1.0 200 OK\r\nVia: 1.1 behind\r\nContent-Length: 2\r\n\r\nok"),
                                        gets_like(rb"HTTP/1\.1 200 OK\r\nVia: 1\.1 behind\r\nVia: 1\.0 sidespan-[0-9a-f]{12}\r\n.*\r\n\r\nok")), "inbound"),
    case("H1-28", "a stranger's pseudonym is no loop", (sends(line(b"Via: 1.1 sidespan-000000000000")), sees_like(rb"GET .*\r\n\r\n"), answers(OK), gets_like(rb"HTTP/1\.1 200 OK\r\n.*\r\n\r\nok")), "inbound"),
    case("H1-28", "our own is one", (
        sends(PLAIN), sees_like(rb"GET .*Via: 1\.1 (\S+)\r\n\r\n"), answers(OK), gets_like(rb"HTTP/1\.1 200 OK\r\n.*\r\n\r\nok"),
        sends_filled(b"GET /f HTTP/1.1\r\nHost: a\r\nVia: 1.0 x, 1.1 %s, 1.1 y\r\n\r\n"), gets_error(502, False)), "inbound"),
    relayed("H1-29", "kept", OK, OK),
    case("H1-29", "added", (sends(PLAIN), sees(PLAIN), answers(b"HTTP/1.1 404 No\r\nServer: theirs\r\nContent-Length: 0\r\n\r\n"),
                            gets_like(rb"HTTP/1\.1 404 No\r\nServer: theirs\r\nDate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\nContent-Length: 0\r\n\r\n"), goes_on())),
    inbound("H1-30", "no fields yet", PLAIN, INBOUND(rb"GET /f HTTP/1\.1\r\nHost: a", rb"X-Forwarded-For: 127\.0\.0\.1\r\nX-Forwarded-Proto: http\r\n")),
    inbound("H1-30", "appended", line(b"x-forwarded-for: 1.2.3.4", b"X-Forwarded-Proto: https", b"Forwarded: for=1.2.3.4"),
            INBOUND(rb"GET /f HTTP/1\.1\r\nHost: a", rb"x-forwarded-for: 1\.2\.3\.4, 127\.0\.0\.1\r\nX-Forwarded-Proto: https\r\nForwarded: for=1\.2\.3\.4\r\n")),
    inbound("H1-30", "several lines", line(b"X-Forwarded-For: 1.2.3.4", b"X-Forwarded-For: 5.6.7.8"),
            INBOUND(rb"GET /f HTTP/1\.1\r\nHost: a", rb"X-Forwarded-For: 1\.2\.3\.4\r\nX-Forwarded-For: 5\.6\.7\.8\r\nX-Forwarded-For: 127\.0\.0\.1\r\nX-Forwarded-Proto: http\r\n")),
    same("H1-30", "outbound adds nothing", line(b"X-Forwarded-For: 1.2.3.4", b"Forwarded: for=_x")),
]

CASES = START_LINES + FIELDS
