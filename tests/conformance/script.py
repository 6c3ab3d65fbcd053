# SPDX-License-Identifier: Apache-2.0
"""What a conformance case is made of: a row of the specification, and steps as data. lane.py plays them.

The shorthands at the end make whole cases: `refused`, `forwarded`, `relayed`. Everything is exact bytes unless a step says
`like`. The leg `plain` adds nothing to a request (Host kept, no Via, no trace context), so what the app gets is all ours.
"""
import dataclasses

DATE = b"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
OK = b"HTTP/1.1 200 OK\r\n" + DATE + b"Content-Length: 2\r\n\r\nok"
NEXT = b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n"
GET = b"GET /f HTTP/1.1\r\nHost: a\r\n"
POST = b"POST /f HTTP/1.1\r\nHost: a\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
EVERY_BORDER = 600  # longer texts are cut at some of their byte borders only
SOME = 24


@dataclasses.dataclass(frozen=True)
class case:
    row: str
    name: str
    steps: tuple
    leg: str = "plain"
    fresh: bool = False  # without idle connections to the app
    split: bool = False  # also run cut in two at every byte border


def step(name):
    return lambda value=None: (name, value)


sends, sends_filled, sends_own, sends_to_app, pause, connects, finishes, resets = map(step, ("sends", "sends_filled", "sends_own", "sends_to_app", "pause", "connects", "finishes", "resets"))
answers, app_closes, app_resets = map(step, ("answers", "app_closes", "app_resets"))
sees, sees_like, app_lost, app_kept, nothing_whole = map(step, ("sees", "sees_like", "app_lost", "app_kept", "nothing_whole"))
gets, gets_like, ends, is_cut = map(step, ("gets", "gets_like", "ends", "is_cut"))
goes_on, goes_on_anew = map(step, ("goes_on", "goes_on_anew"))


def gets_error(status, closes=True, head_only=False):
    return ("gets_error", (status, closes, head_only))


def split_sends(steps, cut):
    """The first thing sent, in two pieces with a pause between."""
    out, done = [], False
    for name, value in steps:
        if name == split_step(steps) and not done:
            done = True
            out += [(name, value[:cut]), ("pause", 0.004), (name, value[cut:])]
        else:
            out.append((name, value))
    return out


def split_step(steps):
    """Responses are cut where the app writes, everything else where the client does."""
    return "answers" if any(name == "answers" and value is not OK for name, value in steps) else "sends"


def borders(one):
    """Where to cut: framing (FR) everywhere, the rest and long texts at some places; not inside the request that follows."""
    text = next(value for name, value in one.steps if name == split_step(one.steps))
    size = len(text.removesuffix(NEXT))
    return range(1, size, 1 if one.row.startswith("FR-") and size <= EVERY_BORDER else max(1, size // SOME))


def refused(row, name, sent, status=400, leg="plain", split=None, head_only=False):
    """Answered with `status`, closed, not read any further, and nothing whole at the app."""
    split = row.startswith(("FR-", "H1-2")) if split is None else split
    return case(row, name, (sends(sent + NEXT), gets_error(status, True, head_only), ends(), nothing_whole()), leg, split=split)


def forwarded(row, name, sent, seen, leg="plain", split=None):
    """The app gets exactly `seen`, and what follows `sent` is the next request."""
    split = row.startswith(("FR-", "H1-2")) if split is None else split
    return case(row, name, (sends(sent + NEXT), sees(seen), answers(OK), gets(OK), sees(NEXT), answers(OK), gets(OK)), leg, split=split)


def closing(row, name, sent, seen, got, leg="plain"):
    """As forwarded, but the connection ends with the response `got`."""
    return case(row, name, (sends(sent + NEXT), sees(seen), answers(OK), gets(got), ends()), leg)


def relayed(row, name, answered, got, request=GET + b"\r\n", kept=True, split=True):
    """The client gets exactly `got` for what the app wrote; `kept`: both connections go on."""
    after = (goes_on(), app_kept()) if kept else (goes_on_anew(),)
    return case(row, name, (sends(request), sees(request), answers(answered), gets(got), *after), split=split)


def unusable(row, name, answered, request=GET + b"\r\n", status=502, then_closes=False, split=True, head_only=False):
    """A response that is not forwarded: the client gets `status` and may go on, the app's connection ends."""
    end = (app_closes(),) if then_closes else ()
    return case(row, name, (sends(request), sees(request), answers(answered), *end, gets_error(status, False, head_only), app_lost(), goes_on()),
                fresh=True, split=split)
