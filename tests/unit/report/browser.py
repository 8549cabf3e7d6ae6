"""Headless Chromium through chromedriver (WebDriver, W3C), spoken to with the standard library."""

from __future__ import annotations

import json
import shutil
import subprocess
import urllib.request
from contextlib import contextmanager

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
DRIVER = shutil.which("chromedriver")


class Browser:
    """One session. ``cdp`` speaks Chromium's own DevTools protocol."""

    def __init__(self, base):
        self._base = base

    def call(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._base + path, data, {"Content-Type": "application/json"})  # fmt: skip
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]

    def open(self, path):
        self.call("/url", {"url": f"file://{path}"})

    def run(self, script, *args):
        return self.call("/execute/sync", {"script": script, "args": list(args)})

    def cdp(self, command, **params):
        return self.call("/goog/cdp/execute", {"cmd": command, "params": params})

    def log(self, kind):
        return self.call("/se/log", {"type": kind})


@contextmanager
def browser(profile):
    """A browser with an empty profile; it is gone afterwards."""
    driver = subprocess.Popen([DRIVER, "--port=0"], stdout=subprocess.PIPE, text=True)
    try:
        port = next(line.split("port ")[1].strip(" .\n") for line in driver.stdout if "successfully" in line)  # fmt: skip
        base = f"http://127.0.0.1:{port}/session"
        asked = {
            "browserName": "chrome",
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
            "goog:chromeOptions": {"args": [*FLAGS, f"--user-data-dir={profile}"]},
        }
        session = Browser(base).call("", {"capabilities": {"alwaysMatch": asked}})["sessionId"]
        chosen = Browser(f"{base}/{session}")
        try:
            yield chosen
        finally:
            request = urllib.request.Request(f"{base}/{session}", method="DELETE")
            urllib.request.urlopen(request, timeout=60).close()
    finally:
        driver.terminate()
        driver.wait()
        driver.stdout.close()
