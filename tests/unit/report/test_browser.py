"""The page in a real browser: silent, whole, by itself."""

from __future__ import annotations

import base64
import json

import pytest
from report.browser import DRIVER, browser
from report.scene import OUTAGE, report

from tracer.report.page import page
from tracer.sources.recording.source import Recording

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(DRIVER is None, reason="no chromedriver: apt install chromium-driver"),
]
SHOWN = "return !!arguments[0].split(' ').map(id => document.getElementById(id)).every(it => [...it.querySelectorAll('li')].every(one => one.checkVisibility({contentVisibilityAuto: true})))"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The page of the demo outage, and the ids of its deaths."""
    folder = tmp_path_factory.mktemp("report")
    (folder / "outage.jsonl").write_text(OUTAGE["story"]().text())
    source = Recording([str(folder / "outage.jsonl")], None, None)
    events = []
    while not source.is_over():
        events += source.read()
    data = report(events, source.coverage())
    (folder / "outage.html").write_text(page(data))
    return folder / "outage.html", [kind["id"] for kind in data["kinds"]]


@pytest.fixture
def chrome(tmp_path):
    with browser(tmp_path / "profile") as chosen:
        yield chosen


def test_it_is_silent_and_asks_for_nothing(chrome, files):
    path, _ = files
    chrome.call("/url", {"url": "about:blank"})
    chrome.log("performance")  # The new tab's own.
    chrome.open(path)
    assert chrome.run("return document.documentElement.className") == "js"
    chrome.run("document.getElementById('filter').value = 'webapp'; document.getElementById('filter').dispatchEvent(new Event('input'))")  # fmt: skip
    chrome.run("document.getElementById('in').click()")
    told = [json.loads(entry["message"])["message"] for entry in chrome.log("performance")]
    asked = {one["params"]["request"]["url"] for one in told if one["method"] == "Network.requestWillBeSent"}  # fmt: skip
    assert {url for url in asked if not url.startswith("data:")} <= {f"file://{path}"}
    assert chrome.log("browser") == []
    hidden = chrome.run("return document.querySelectorAll('details.hide').length")
    assert hidden == 5
    assert chrome.run("return document.querySelectorAll('.lane>a.hide').length") == 5
    assert chrome.run("return document.querySelectorAll('.verdicts li.hide').length") == 4
    headline = chrome.run("return document.querySelector('.lane>a>title').textContent")
    assert (
        "orders-worker[5112] (orders-api.service) on web3 was killed with SIGKILL by pkill[4011]"
        in headline
    )
    assert chrome.run("return document.querySelector('details li a').title") == str(
        path.parent / "outage.jsonl"
    )


def test_all_links_lead_somewhere(chrome, files):
    chrome.open(files[0])
    links = chrome.run("return [...document.querySelectorAll('a')].map(a => a.getAttribute('href'))")  # fmt: skip
    assert len(links) > 20
    for link in set(links):
        assert link[0] == "#"
        chrome.run("location.hash = arguments[0]", link)
        lands = "let it = document.getElementById(location.hash.slice(1)); return !!it && (it.tagName !== 'DETAILS' || it.open)"  # fmt: skip
        assert chrome.run(lands), link


def test_without_scripts_it_is_complete_on_screen_and_paper(chrome, files):
    path, ids = files
    chrome.cdp("Emulation.setScriptExecutionDisabled", value=True)
    chrome.open(path)
    assert chrome.run("return document.documentElement.className") == ""
    assert chrome.run("return document.querySelectorAll('#timeline a').length") == len(ids)
    assert not chrome.run(SHOWN, " ".join(ids))
    for text in ("thumbnailer[7039]", "pkill -9 -f orders-worker", "nobody ordered"):
        assert chrome.run("getSelection().removeAllRanges(); return document.body.textContent.includes(arguments[0])", text)  # fmt: skip
    chrome.cdp("Emulation.setEmulatedMedia", media="print")
    assert chrome.run(SHOWN, " ".join(ids))
    paper = base64.b64decode(chrome.call("/print", {"page": {"width": 21.0, "height": 29.7}}))
    assert paper.startswith(b"%PDF")
    assert 2 <= paper.count(b"/Type /Page\n") + paper.count(b"/Type /Page ") <= 8


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits(chrome, files, tmp_path, width, scheme):
    """The pictures stay below tmp_path, to be looked at."""
    chrome.cdp("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)  # fmt: skip
    chrome.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])  # fmt: skip
    chrome.open(files[0])
    assert chrome.run("return document.documentElement.scrollWidth") <= width
    colour = chrome.run("return getComputedStyle(document.body).backgroundColor")
    assert (colour == "rgb(255, 255, 255)") == (scheme == "light")
    pane = "const it = arguments[0].closest('.wide'); return [getComputedStyle(it).overflowX, it.scrollWidth > it.clientWidth, it.clientWidth <= innerWidth]"
    for within in chrome.run("return [...document.querySelectorAll('#timeline, table')]"):
        assert chrome.run(pane, within) == ["auto", width == 400, True]
    shot = chrome.cdp("Page.captureScreenshot", captureBeyondViewport=True)["data"]
    (tmp_path / f"{width}-{scheme}.png").write_bytes(base64.b64decode(shot))
