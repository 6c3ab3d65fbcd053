# SPDX-License-Identifier: Apache-2.0
"""h1-h1: forward-proxy mode (HTTP_PROXY): absolute-form targets, and what it must refuse."""
import subprocess
import sys
import unittest

from support.client import client
from support.origin import origin, refused_port
from support.sidespan import environment, sidespan


class forward_proxy(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.app, cls.other = cls.enterClassContext(origin()), cls.enterClassContext(origin())
        cls.sidecar = cls.enterClassContext(sidespan().inbound(cls.app.port).outbound(cls.other.port).forward_proxy().start())
        cls.port = cls.sidecar.proxy

    def setUp(self):
        self.app.requests.clear()

    def status(self, method, target, *head_fields, host="localhost"):
        with client(self.port) as one:
            return one.request(method, target, head_fields, host=host).status

    def test_absolute_form_becomes_origin_form_with_its_host(self):
        with client(self.port) as one:
            for target in ("/a//b?c=%20", "/", "/next"):
                self.assertEqual(one.request("GET", f"{self.app.url}{target}", host="somebody.else").status, 200)
                self.assertEqual((self.app.last.target, self.app.last.fields.all("Host")), (target, [f"127.0.0.1:{self.app.port}"]))

    def test_an_empty_path_becomes_a_slash(self):  # H1-6
        self.assertEqual(self.status("GET", self.app.url), 200)
        self.assertEqual(self.app.last.target, "/")
        self.assertEqual(self.status("GET", self.app.url + "?q"), 200)
        self.assertEqual(self.app.last.target, "/?q")

    def test_options_without_a_path_becomes_an_asterisk(self):  # H1-5
        self.assertEqual(self.status("OPTIONS", self.app.url), 200)
        self.assertEqual(self.app.last.target, "*")

    def test_one_caller_connection_reaches_several_upstreams(self):
        with client(self.port) as one:
            self.assertEqual(one.request("GET", f"{self.app.url}/1").status, 200)
            self.assertEqual(one.request("GET", f"{self.other.url}/2").status, 200)
            self.assertEqual(one.request("GET", f"{self.app.url}/3").status, 200)
        self.assertEqual((self.app.targets(), self.other.targets()[-1]), (["/1", "/3"], "/2"))

    def test_names_are_resolved(self):
        self.assertEqual(self.status("GET", f"http://localhost:{self.app.port}/n"), 200)
        self.assertEqual(self.app.last.fields.all("Host"), [f"localhost:{self.app.port}"])

    def test_our_own_ports_are_refused(self):  # decision 18
        for name in ("admin", "proxy", "inbound", "outbound"):
            for host in ("127.0.0.1", "localhost", "127.0.0.2"):
                with self.subTest(name, host=host):
                    self.assertEqual(self.status("GET", f"http://{host}:{getattr(self.sidecar, name)}/metrics"), 403)

    def test_origin_form_is_no_request_for_a_proxy(self):
        self.assertIn(self.status("GET", "/path"), (400, 404))

    def test_other_schemes_are_refused(self):
        for target in ("https://127.0.0.1/", "ftp://127.0.0.1/", "http:///path", "http://user:pw@127.0.0.1/"):
            with self.subTest(target):
                self.assertIn(self.status("GET", target), (400, 403, 404, 501, 502))
        self.assertEqual(self.app.requests, [])

    def test_an_upstream_that_refuses_is_502(self):
        held, refused = refused_port()
        self.addCleanup(held.close)
        self.assertEqual(self.status("GET", f"http://127.0.0.1:{refused}/"), 502)

    def test_an_unmodified_client_program_uses_it(self):
        program = f"import urllib.request; print(urllib.request.urlopen('{self.app.url}/urllib').read().decode())"
        done = subprocess.run([sys.executable, "-c", program], text=True, capture_output=True, timeout=30,
                              env=environment(http_proxy=f"http://127.0.0.1:{self.port}", no_proxy=""))
        self.assertEqual((done.stdout.strip(), self.app.last.target), ("fine", "/urllib"), done.stderr)
        self.assertIsNotNone(self.app.last.fields.get("Via"))


if __name__ == "__main__":
    unittest.main()
