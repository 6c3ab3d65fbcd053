# SPDX-License-Identifier: Apache-2.0
"""Where a request ends: FR-1 to FR-19. Every case also runs cut in two at every byte border."""
from script import *  # noqa: F403

BODY = b"0\r\n\r\n"
CODED = lambda value: POST + b"Transfer-Encoding:" + value + b"\r\n\r\n" + BODY
SIZED = lambda value, body=b"hello": POST + b"Content-Length: " + value + b"\r\n\r\n" + body
FIVE = POST + b"Content-Length: 5\r\n\r\nhello"
HELLO = CHUNKED + b"5\r\nhello\r\n0\r\n\r\n"

CODINGS = [
    *[refused("FR-1", name, POST + lines + b"\r\n" + body) for name, lines, body in (
        ("length first", b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", BODY), ("coding first", b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", BODY),
        ("zero length", b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", BODY), ("bad length", b"Content-Length: x\r\nTransfer-Encoding: chunked\r\n", BODY),
        ("unknown coding", b"Content-Length: 5\r\nTransfer-Encoding: x\r\n", b"hello"), ("empty coding", b"Content-Length: 5\r\nTransfer-Encoding:\r\n", b"hello"),
        ("capitals", b"CONTENT-LENGTH: 5\r\nTRANSFER-ENCODING: CHUNKED\r\n", BODY), ("nominated", b"Connection: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n", BODY))],
    *[refused("FR-2", f"{value!r}", CODED(b" " + value)) for value in (
        b"chunked, gzip", b"chunked, identity", b"xchunked", b"chunkedx", b"identity", b"gzip", b"chunke", b"chunked gzip", b"chunked\tgzip", b"chunk", b"deflate, br", b"1", b"chunked,x,y")],
    refused("FR-2", "two lines, chunked first", POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n" + BODY),
    *[refused("FR-3", f"{value!r}", CODED(b" " + value), 501) for value in (b"gzip, chunked", b"identity, chunked", b"gzip,chunked", b"x;a=b, chunked", b"gzip, deflate, chunked", b"chunke, chunked")],
    refused("FR-3", "two lines", POST + b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n" + BODY, 501),
    *[refused("FR-4", f"{value!r}", CODED(b" " + value)) for value in (b"chunked, chunked", b"chunked,chunked", b"gzip, chunked, chunked", b"chunked, gzip, chunked", b"Chunked, CHUNKED")],
    refused("FR-4", "two lines", POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + BODY),
    *[refused("FR-5", f"{name!r}", POST + name + b" chunked\r\n\r\n" + BODY) for name in (b"Transfer-Encoding :", b"Transfer-Encoding\t:", b" Transfer-Encoding:", b"Transfer-Encoding\x00:", b"Transfer\xadEncoding:",
                                                                                        b"\x0bTransfer-Encoding:", b"Transfer-Encoding\r:", b"Transfer Encoding:", b"Transfer-Encoding\x0b:")],
    *[refused("FR-5", f"{value!r}", CODED(value)) for value in (
        b" chunked\x0b", b" \xa0chunked", b" chunked;q=1", b" ,chunked", b" chunked,", b" chunked ,", b"", b" ", b"\r\n chunked", b" chunked\r\n ", b" \x0bchunked", b" \x00chunked", b" chunked\x00", b" chun ked",
        b" \"chunked\"", b" 'chunked'", b" chunked;", b" ;chunked", b" [chunked]", b" chunked\x0c", b" chunked\x85", b" chunked, ", b" ,", b" x, ,chunked", b" chunked\r", b" chunked\x7f", b" \xef\xbb\xbfchunked")],
    *[forwarded("FR-5", f"{value!r}", POST + b"Transfer-Encoding:" + value + b"\r\n\r\n5\r\nhello\r\n0\r\n\r\n", HELLO) for value in (
        b"\tchunked", b"chunked", b" chunked \t", b"   chunked", b" Chunked", b" cHUNKED", b" CHUNKED\t")],
    *[forwarded("FR-5", f"the field {name!r}", POST + name + b": chunked\r\nContent-Length: 5\r\n\r\nhello", POST + name + b": chunked\r\nContent-Length: 5\r\n\r\nhello") for name in (
        b"Transfer_Encoding", b"X-Transfer-Encoding", b"Transfer-Encodin", b"Transfer-Encoding-", b"TransferEncoding", b"Transfer.Encoding")],
    *[refused("FR-6", name, b"POST /f HTTP/1.0\r\nHost: a\r\n" + lines + b"\r\n" + BODY) for name, lines in (
        ("chunked", b"Transfer-Encoding: chunked\r\n"), ("identity", b"Transfer-Encoding: identity\r\n"), ("with a length", b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
        ("kept alive", b"Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n"))],
]

LENGTHS = [
    *[refused("FR-7", name, POST + lines + b"\r\nhello!") for name, lines in (
        ("two lines", b"Content-Length: 5\r\nContent-Length: 6\r\n"), ("list", b"Content-Length: 5, 6\r\n"), ("list without blank", b"Content-Length: 5,6\r\n"),
        ("zero and five", b"Content-Length: 0\r\nContent-Length: 5\r\n"), ("five and empty", b"Content-Length: 5\r\nContent-Length:\r\n"), ("other case", b"content-length: 5\r\nCONTENT-LENGTH: 6\r\n"),
        ("a field between", b"Content-Length: 5\r\nX-A: 1\r\nContent-Length: 6\r\n"), ("three lines", b"Content-Length: 5\r\nContent-Length: 5\r\nContent-Length: 6\r\n"))],
    *[refused("FR-8", name, POST + lines + b"\r\nhello") for name, lines in (
        ("two lines", b"Content-Length: 5\r\nContent-Length: 5\r\n"), ("list", b"Content-Length: 5, 5\r\n"), ("list with an empty member", b"Content-Length: ,5\r\n"),
        ("list that ends", b"Content-Length: 5,\r\n"), ("two forms", b"Content-Length: 5\r\nContent-Length: 05\r\n"))],
    *[refused("FR-9", f"{value!r}", SIZED(value)) for value in (
        b"+5", b"-1", b"-0", b"0x5", b"5 5", b"1_0", b"", b"5;", b"five", b"5.0", b"5e0", b"0b101", b"0o5", b"5\x0b", b"\xa05", b"5\x00", b"\x005", b"#5", b"5h", b"'5'", b"\"5\"", b"1,000", b"\x0c5",
        b"99999999999999999999", b"9223372036854775808", b"18446744073709551615", b"18446744073709551616", b"18446744073709551621", b"0x", b"+0", b"--5", b"5 ;", b"\xd9\xa5", b"5\r", b"1" + b"0" * 100)],
    refused("FR-9", "folded", POST + b"Content-Length:\r\n 5\r\n\r\nhello"),
    refused("FR-9", "blank before the colon", POST + b"Content-Length : 5\r\n\r\nhello"),
    *[forwarded("FR-9", f"{value!r}", POST + b"Content-Length:" + value + b"\r\n\r\nhello", FIVE) for value in (b" 0005", b"5", b"\t5 ", b" 5\t", b"  00000000000000000000000000000005")],
    *[forwarded("FR-9", f"zero as {value!r}", SIZED(value, b""), POST + b"Content-Length: 0\r\n\r\n") for value in (b"0", b"00", b"000000000000000000000000")],
]

CHUNKS = [
    *[refused("FR-10", f"{size!r}", CHUNKED + size + b"\r\nhello\r\n0\r\n\r\n") for size in (
        b"", b" 5", b"5 ", b"+5", b"-5", b"0x5", b"0X5", b"1_0", b"fffffffffffffffff", b"5g", b"\t5", b"5\t", b"x", b"5.", b"5,", b"#5", b"00000000000000005", b"100000000000000005", b"\x005", b"5\x00", b"5\x0b",
        b"\xa05", b"5h", b"\"5\"", b"five", b"5 5", b"5=a", b"G", b"5\r", b"  ", b"\x0c5")],
    *[forwarded("FR-10", f"{size!r}", CHUNKED + size + b"\r\n" + b"0123456789"[:int(size, 16)] + b"\r\n0\r\n\r\n", CHUNKED + (b"%x" % int(size, 16)) + b"\r\n" + b"0123456789"[:int(size, 16)] + b"\r\n0\r\n\r\n") for size in (
        b"000A", b"a", b"0000000000000005", b"05")],
    *[forwarded("FR-10", f"last chunk {size!r}", CHUNKED + b"5\r\nhello\r\n" + size + b"\r\n\r\n", HELLO) for size in (b"00", b"0000000000000000")],
    *[refused("FR-10", f"last chunk {size!r}", CHUNKED + b"5\r\nhello\r\n" + size + b"\r\n\r\n") for size in (b"00000000000000000", b"-0", b"0x0", b"0 ", b" 0", b"+0", b"0.0")],
    *[refused("FR-11", name, CHUNKED + text) for name, text in (
        ("LF behind the size", b"5\nhello\r\n0\r\n\r\n"), ("CR and X behind the size", b"5\rXhello\r\n0\r\n\r\n"), ("CR CR LF behind the size", b"5\r\r\nhello\r\n0\r\n\r\n"), ("data without an end", b"5\r\nhello0\r\n\r\n"),
        ("X behind the data", b"5\r\nhelloX\r\n0\r\n\r\n"), ("XX behind the data", b"5\r\nhelloXX0\r\n\r\n"), ("LF behind the data", b"5\r\nhello\n0\r\n\r\n"), ("CR behind the data", b"5\r\nhello\r0\r\n\r\n"),
        ("CRLF too many", b"5\r\nhello\r\n\r\n0\r\n\r\n"), ("data too long", b"5\r\nhello!\r\n0\r\n\r\n"), ("data too short", b"5\r\nhell\r\n0\r\n\r\n"), ("LF behind the last size", b"5\r\nhello\r\n0\n\r\n"),
        ("LF at the very end", b"5\r\nhello\r\n0\r\n\n"), ("CR and X at the very end", b"5\r\nhello\r\n0\r\n\rX"), ("CRLF in front", b"\r\n5\r\nhello\r\n0\r\n\r\n"), ("LF in front", b"\n5\r\nhello\r\n0\r\n\r\n"))],
    *[refused("FR-12", name, CHUNKED + line + b"\r\nhello\r\n0\r\n\r\n") for name, line in (
        ("bare semicolon", b"5;"), ("two semicolons", b"5;;a"), ("no name", b"5;=b"), ("no value", b"5;a="), ("NUL", b"5;a=\x00"), ("CR inside", b"5;a=\rb"), ("LF inside", b"5;a\nb"), ("blank before", b"5 ;a"),
        ("blank behind", b"5; a"), ("blank at =", b"5;a =b"), ("blank at the value", b"5;a= b"), ("quote without an end", b"5;a=\"b"), ("text behind a quote", b"5;a=\"b\"c"), ("control byte in quotes", b"5;a=\"\x01\""),
        ("CR in quotes", b"5;a=\"\rb\""), ("LF in quotes", b"5;a=\"\nb\""), ("escaped control byte", b"5;a=\"\\\x01\""), ("not a token", b"5;(a)"), ("DEL", b"5;a=\x7f"), ("high byte", b"5;\xe4"), ("comma", b"5;a,b"),
        ("17 KiB", b"5;a=" + b"x" * 17 * 1024), ("17 KiB in many", b"5" + b";a=b" * (17 * 256)))],
    refused("FR-12", "17 KiB over many chunks", CHUNKED + (b"1;" + b"x" * 1000 + b"\r\n.\r\n") * 17 + b"0\r\n\r\n"),
    refused("FR-12", "at the last chunk", CHUNKED + b"5\r\nhello\r\n0;\r\n\r\n"),
    *[forwarded("FR-12", f"{line!r}", CHUNKED + line + b"\r\nhello\r\n0" + last + b"\r\n\r\n", HELLO) for line, last in (
        (b"5;a", b""), (b"5;a;b", b";c"), (b"5;a=b", b";a=b"), (b"5;a=\"b c\\\"d;=\\\\\"", b""), (b"5;a=\"\";b", b";x=\"\xff\""))],
    forwarded("FR-12", "15 KiB", CHUNKED + b"5;a=" + b"x" * 15 * 1024 + b"\r\nhello\r\n0\r\n\r\n", HELLO),
]

FORBIDDEN = (b"Content-Length: 9", b"Transfer-Encoding: chunked", b"Host: evil", b"Authorization: Basic eDp5", b"Content-Type: x/y", b"Trailer: x", b"Connection: close", b"Cookie: a=b", b"Content-Encoding: gzip",
             b"X-Forwarded-For: 6.6.6.6", b"Via: 1.1 x", b"TE: trailers", b"Upgrade: x", b"Expect: 100-continue", b"Set-Cookie: a=b", b"Proxy-Authorization: x", b"Max-Forwards: 0", b"traceparent: x", b"Range: bytes=0-",
             b"content-length: 0", b"If-Match: x", b"Forwarded: for=x", b"X-HTTP-Method-Override: GET")
TRAILED = lambda lines: CHUNKED + b"5\r\nhello\r\n0\r\n" + lines + b"\r\n"
MESSAGES = [
    *[forwarded("FR-13", f"{text!r}", TRAILED(text + b"\r\nX-Sum: 1\r\n"), TRAILED(b"X-Sum: 1\r\n")) for text in FORBIDDEN],
    forwarded("FR-13", "others", TRAILED(b"X-Sum: \t1 \r\nx-sum: 2\r\nGrpc-Status: 0\r\n"), TRAILED(b"X-Sum: 1\r\nx-sum: 2\r\nGrpc-Status: 0\r\n")),
    *[refused("FR-13", f"{text!r}", TRAILED(text)) for text in (b"X-A : 1\r\n", b"X-A: 1\r\n 2\r\n", b" X-A: 1\r\n", b"X-A\r\n", b": 1\r\n", b"X-A: \x00\r\n", b"X-A: 1\n", b"X-A: 1\rX-B: 2\r\n", b"X A: 1\r\n",
                                                              b"X-A: 1\n\r\n", b"GET / HTTP/1.1\r\n", b"X-A: " + b"x" * 17 * 1024 + b"\r\n", b"X: y\r\n" * 257)],
    forwarded("FR-14", "GET", GET + b"\r\n", GET + b"\r\n"),
    forwarded("FR-14", "POST", POST + b"\r\n", POST + b"\r\n"),
    case("FR-14", "text behind a request without framing is a bad request", (sends(POST + b"\r\nhello=1\r\n\r\n"), sees(POST + b"\r\n"), answers(OK), gets(OK), gets_error(400), ends()), split=True),
    *[forwarded("FR-15", f"{method.decode()} with {name}", method + b" /f HTTP/1.1\r\nHost: a\r\n" + text, method + b" /f HTTP/1.1\r\nHost: a\r\n" + text)
      for method in (b"GET", b"DELETE", b"OPTIONS", b"PUT", b"BREW") for name, text in (("a length", b"Content-Length: 5\r\n\r\nhello"), ("chunks", b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"))],
    case("FR-15", "HEAD with content", (sends(b"HEAD /f HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"), sees(b"HEAD /f HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"), answers(OK[:-2]), gets(OK[:-2]), goes_on()), split=True),
    forwarded("FR-16", "chunks are written anew", CHUNKED + b"005;a=b\r\nhello\r\n1\r\n!\r\n000\r\n\r\n", CHUNKED + b"5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"),
    forwarded("FR-16", "the length is written anew", POST + b"content-LENGTH:\t007 \r\nX-A: 1\r\n\r\n1234567", POST + b"X-A: 1\r\nContent-Length: 7\r\n\r\n1234567"),
    forwarded("FR-16", "the coding is written anew", POST + b"TRANSFER-encoding:CHUNKED\r\nX-A: 1\r\n\r\n1\r\n!\r\n0\r\n\r\n", POST + b"X-A: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n!\r\n0\r\n\r\n"),
    forwarded("FR-16", "an empty chunked body", CHUNKED + BODY, CHUNKED + BODY),
    case("FR-17", "length", (sends(POST + b"Content-Length: 10\r\n\r\nhello"), sees(POST + b"Content-Length: 10\r\n\r\nhello"), finishes(), app_lost(), ends())),
    case("FR-17", "inside a chunk", (sends(CHUNKED + b"8\r\nhello"), sees(CHUNKED + b"5\r\nhello\r\n"), finishes(), app_lost(), ends())),
    case("FR-17", "between chunks", (sends(CHUNKED + b"5\r\nhello\r\n"), sees(CHUNKED + b"5\r\nhello\r\n"), finishes(), app_lost(), ends())),
    case("FR-17", "without the last empty line", (sends(CHUNKED + b"5\r\nhello\r\n0\r\n"), sees(CHUNKED + b"5\r\nhello\r\n"), finishes(), app_lost(), ends())),
    case("FR-17", "reset", (sends(POST + b"Content-Length: 10\r\n\r\nhello"), sees(POST + b"Content-Length: 10\r\n\r\nhello"), resets(), app_lost())),
    forwarded("FR-18", "behind a length", FIVE, FIVE),
    forwarded("FR-18", "behind chunks", HELLO, HELLO),
    forwarded("FR-18", "behind an empty line", FIVE + b"\r\n", FIVE),
    refused("FR-18", "nothing behind a bad request", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + FIVE),
    case("FR-18", "a bad one behind a good one", (sends(FIVE + b"BAD\r\n\r\n" + NEXT), sees(FIVE), answers(OK), gets(OK), gets_error(400), ends()), split=True),
    *[refused("FR-19", name, text, status) for name, text, status in (
        ("HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505), ("HTTP/0.9", b"GET /\r\n", 400), ("HTTP/0.9 of a file", b"GET /index.html\r\n\r\n", 400), ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        ("SSLv2", b"\x80\x2e\x01\x00\x02", 400), ("a response", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 400), ("SSH", b"SSH-2.0-x\r\n", 400), ("SMTP", b"EHLO a\r\n", 400), ("zeros", b"\x00" * 20, 400))],
    case("FR-19", "TLS need not be complete", (sends(b"\x16\x03\x01\x02\x00"), gets_error(400), ends())),
    case("FR-19", "an HTTP/2 preface need not be complete", (sends(b"PRI * HTTP/2.0\r\n"), gets_error(505), ends())),
]

CASES = CODINGS + LENGTHS + CHUNKS + MESSAGES
