# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium for tests, driven over chromedriver's plain WebDriver JSON with nothing but the standard library."""
import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--force-device-scale-factor=1"]
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


class browser:
    def __init__(self, width=1360, height=820, extra=()):
        driver = shutil.which("chromedriver")
        chromium = shutil.which("chromium")
        if not driver or not chromium:
            raise RuntimeError("needs the packages chromium and chromium-driver")
        self.folder = tempfile.mkdtemp(prefix="sidespan-browser-")
        self.log = open(os.path.join(self.folder, "driver.log"), "w+b")
        # Port 0: chromedriver picks one and says which.
        self.process = subprocess.Popen([driver, "--port=0"], stdout=self.log, stderr=subprocess.STDOUT, env=dict(os.environ, no_proxy="*"))
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self.root = None
        try:
            self.root = f"http://127.0.0.1:{self._port()}"
            options = {"args": FLAGS + [f"--user-data-dir={self.folder}/profile", f"--window-size={width},{height}", *extra], "binary": chromium}
            wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
            made = self._call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
            self.root += "/session/" + made["sessionId"]
        except Exception:
            self.close()
            raise

    def _port(self):
        for _ in range(300):
            with open(self.log.name, "rb") as log:
                text = log.read().decode(errors="replace")
            for line in text.splitlines():
                if "started successfully on port" in line:
                    return int(line.rstrip(".").split()[-1])
            if self.process.poll() is not None:
                raise RuntimeError("chromedriver ended: " + text)
            time.sleep(0.1)
        raise RuntimeError("chromedriver did not start: " + text)

    def _call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.root + path, data=data, method=method, headers={"content-type": "application/json"})
        try:
            with self.opener.open(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as problem:
            raise RuntimeError(f"{method} {path}: {problem.read().decode(errors='replace')[:500]}") from None

    def open(self, url):
        self._call("POST", "/url", {"url": url})

    def reload(self):
        self._call("POST", "/refresh", {})

    def back(self):
        self._call("POST", "/back", {})

    def url(self):
        return self._call("GET", "/url")

    def run(self, script, *arguments):
        """Runs the body of a function in the page and returns what it returns."""
        return self._call("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def wait(self, script, *arguments, seconds=30):
        """Repeats run() until it returns something true."""
        end = time.monotonic() + seconds
        while True:
            value = self.run(script, *arguments)
            if value:
                return value
            if time.monotonic() > end:
                raise AssertionError(f"not within {seconds} s: {script}\n{self.run('return document.body.innerText')[:1500]}")
            time.sleep(0.05)

    def find(self, selector):
        return self._call("POST", "/element", {"using": "css selector", "value": selector})[ELEMENT]

    def click(self, selector):
        self._call("POST", f"/element/{self.find(selector)}/click", {})

    def type(self, selector, text):
        """Types into an element, as a person would; \\ue007 is Enter, \\ue015 the down arrow."""
        self._call("POST", f"/element/{self.find(selector)}/value", {"text": text})

    def console(self):
        """What the console said since the last call: [{level, message, …}]."""
        return self._call("POST", "/se/log", {"type": "browser"})

    def picture(self, path):
        with open(path, "wb") as out:
            out.write(base64.b64decode(self._call("GET", "/screenshot")))

    def close(self):
        try:
            if self.root and "/session/" in self.root:
                self._call("DELETE", "", None)
        except (OSError, RuntimeError):
            pass
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)
