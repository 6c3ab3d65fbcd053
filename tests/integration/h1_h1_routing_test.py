# SPDX-License-Identifier: Apache-2.0
"""h1-h1: which rule takes a request, and what its span is called."""
import unittest

from support.client import client, get
from support.collector import collector
from support.origin import origin
from support.sidespan import sidespan


class rules(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.origins = {}
        for name in ("rest", "host", "wildcard", "prefix", "template", "post"):
            cls.origins[name] = cls.enterClassContext(origin())
            cls.origins[name].otherwise(lambda one, name=name: one.reply(200, body=name.encode()))
        url = {name: one.url for name, one in cls.origins.items()}
        routes = [{"host": "catalog.shop", "to": url["host"]}, {"host": "*.eu.shop", "to": url["wildcard"]},
                  {"path": "/users/", "to": url["prefix"]}, {"match": "/carts/{id}", "to": url["template"]},
                  {"match": "POST /carts/{id}", "to": url["post"]}]
        cls.sidecar = cls.enterClassContext(sidespan().outbound(url["rest"], routes=routes).start())

    def test_every_kind_of_rule(self):
        for method, host, path, expected in (("GET", "x", "/", "rest"), ("GET", "Catalog.Shop:81", "/users/7", "host"),
                                             ("GET", "a.b.eu.shop", "/carts/1", "wildcard"), ("GET", "eu.shop", "/carts/1", "template"),
                                             ("GET", "x", "/users/7", "prefix"), ("GET", "x", "/users", "rest"),
                                             ("POST", "x", "/carts/1", "post"), ("PUT", "x", "/carts/1", "template"),
                                             ("GET", "x", "/carts/1/items", "rest")):
            with self.subTest(method=method, host=host, path=path), client(self.sidecar.outbound) as one:
                self.assertEqual(one.request(method, path, host=host).body.decode(), expected)


class names(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.spans_of = cls.enterClassContext(collector())
        cls.app = cls.enterClassContext(origin())
        cls.sidecar = cls.enterClassContext(
            sidespan().inbound(cls.app.port, routes=["GET /known/{name}"]).export(cls.spans_of.endpoint).set(trace={"inferred_routes": 3}).start())

    def test_names_are_learned_up_to_the_bound(self):
        for path, expected, attribute in (("/known/7", "GET /known/{name}", "http.route"), ("/carts/7", "GET /carts/{id}", "url.template"),
                                          ("/carts/8?a=1", "GET /carts/{id}", "url.template"), ("/files/0b2c9d71-aa", "GET /files/{id}", "url.template"),
                                          ("/", "GET /", "url.template"), ("/one-too-many", "GET /*", "url.template"),
                                          ("/carts/9", "GET /carts/{id}", "url.template")):
            with self.subTest(path):
                self.spans_of.clear()
                get(self.sidecar.inbound, path)
                span = self.spans_of.wait_for_spans(1)[0]
                self.assertEqual((span.name, span.attributes.get(attribute)), (expected, expected.split(" ")[1]))
                self.assertEqual(sorted(set(span.attributes) & {"http.route", "url.template"}), [attribute])
        self.assertEqual(self.sidecar.metrics().sum("http_server_request_duration_seconds_count", http_route="/carts/{id}"), 3)


if __name__ == "__main__":
    unittest.main()
