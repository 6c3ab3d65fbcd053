# SPDX-License-Identifier: Apache-2.0
"""The shop's front page: Flask behind gunicorn's threaded worker.

Knows its own port (gunicorn's) and the localhost ports of its dependencies. It reads no header and writes none: which call belongs to
which request is said only in the paths, `/t/<request>/<hop>/…`, where the third call made on behalf of hop 0-2 is hop 0-2-3.
"""
import http.client
import itertools
import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from flask import Flask, Response, jsonify

PORTS = {name: int(os.environ[name.upper() + "_PORT"]) for name in ("users", "cart", "reviews")}
STORIES = {
    42: "N+1: one call to stock for each line of the cart, and product 13 answers 503",
    7: "retry storm: stock tries price three times, cart tries stock three times",
    5: "slow dependency: the reviews of product 5 take their time",
    1: "nothing special",
}

app = Flask(__name__)
fan_out = ThreadPoolExecutor(max_workers=64)


def call(service, request, hop, resource):
    """One GET; gives the answer and the hops it is made of, this one first."""
    hops = [f"{hop} {service}"]
    connection = http.client.HTTPConnection("127.0.0.1", PORTS[service], timeout=20)
    try:
        connection.request("GET", f"/t/{request}/{hop}/{resource}")
        answer = connection.getresponse()
        body = json.loads(answer.read())
        return answer.status, body, hops + body.get("hops", [])
    except (OSError, http.client.HTTPException, ValueError) as error:
        return 502, {"error": str(error)}, hops
    finally:
        connection.close()


@app.get("/t/<request_id>/<hop>/shop/<int:basket>")
def shop(request_id, hop, basket):
    _, user, hops = call("users", request_id, f"{hop}-1", f"users/{basket}")
    later = [
        fan_out.submit(call, "cart", request_id, f"{hop}-2", f"carts/{basket}"),
        fan_out.submit(call, "reviews", request_id, f"{hop}-3", f"reviews/{basket}"),
    ]
    (cart_status, cart, cart_hops), (_, reviews, review_hops) = [one.result() for one in later]
    answer = {"user": user.get("name"), "cart": cart.get("lines"), "reviews": reviews.get("reviews")}
    answer["hops"] = [f"{hop} web"] + hops + cart_hops + review_hops
    return jsonify(answer), 200 if cart_status < 500 else 502


@app.get("/")
def front_page():
    rows = "".join(
        f'<li><a href="/t/page-{time.time_ns():x}-{basket}/0/shop/{basket}">basket {basket}</a>: {story}</li>'
        for basket, story in STORIES.items()
    )
    return Response(f"<!doctype html><title>shop</title><h1>Shop</h1><ul>{rows}</ul>", mimetype="text/html")


@app.get("/healthz")
def healthz():
    return jsonify(service="web")


def beat():
    for count in itertools.count(1):
        call("users", f"heartbeat-web-{count}", "0", "users/0")
        time.sleep(0.2)


@app.post("/heartbeat")
def start_heartbeat():
    """Starts the work that no request causes; asked for on the app's own port, when the demo wants it."""
    if not any(thread.name == "heartbeat" for thread in threading.enumerate()):
        threading.Thread(target=beat, name="heartbeat", daemon=True).start()
    return jsonify(heartbeat="on")
