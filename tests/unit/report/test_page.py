"""The page: one file, whole, that nothing of the traced world can turn into something else."""

from __future__ import annotations

import base64
import hashlib
import os
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report.scene import OUTAGE, ROOT, Seen, report
from why.told import died, ran, said, saw, sent

from tracer.model.event import Process
from tracer.model.frozen import replace
from tracer.report.data import Hide, to_json
from tracer.report.look import SCRIPT, STYLE
from tracer.report.markdown import markdown
from tracer.report.page import page
from tracer.report.timeline import timeline
from tracer.sources.recording.source import Recording


@pytest.fixture
def outage(tmp_path, monkeypatch):
    """The data of the demo outage, read as a recording is."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "outage.jsonl").write_text(OUTAGE["story"]().text())
    source = Recording(["outage.jsonl"], None, None)
    events = []
    while not source.is_over():
        events += source.read()
    return report(events, source.coverage())


def test_the_page_is_whole(outage):
    seen = Seen(page(outage))
    assert len(seen.ids) == len(set(seen.ids))
    assert seen.links
    assert {link.removeprefix("#") for link in seen.links} <= set(seen.ids)
    assert "crashed: SIGSEGV" in " ".join(seen.words)
    assert outage["counts"]["unordered"] == 36 + 1 + 40 + 1 + 1


def test_nothing_outside_it_is_named(outage):
    text = page(outage)
    assert not re.search(r"https?:|//\w|url\((?!#)|@import|src=", text)
    assert "style=" not in text
    assert not re.search(r"\son\w+=", text)


def test_the_policy_lets_its_own_style_and_script_run_and_nothing_else(outage):
    policy = next(value for tag, name, value in Seen(page(outage)).attributes if name == "content" and "default-src" in value)  # fmt: skip
    assert policy.startswith("default-src 'none'; ")
    for kind, text in (("style", STYLE), ("script", SCRIPT)):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
        assert f"<{kind}>{text}</{kind}>" in page(outage)


def test_the_same_bytes_of_the_same_events(outage):
    assert page(outage) == page(outage)
    assert len(page(outage)) < 60_000


@pytest.mark.parametrize(("form", "name"), [(timeline, "outage.svg"), (markdown, "outage.md")])
def test_as_it_was(outage, form, name):
    """SIGTRACE_GOLDEN=1 writes down what is got."""
    path = ROOT / "tests/data/report" / name
    if os.environ.get("SIGTRACE_GOLDEN"):
        path.write_text(form(outage))
    assert path.read_text() == form(outage)


NAMES = st.one_of(
    st.binary(min_size=1, max_size=40),
    st.sampled_from(
        [
            b"<script>alert(1)</script>", b'"><img src=x onerror=alert(1)>', b"</style></svg></a>",
            b"]]>--><!--", b"javascript:alert(1)", b"\xe2\x80\xaegnp.exe", b"\x1b[31mred", b"&lt;&#60;",
            b"'; alert(1); '", b"|pipe|`code`", b"x" * 4096,
        ]
    ),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(name=NAMES, unit=NAMES, word=NAMES, text=NAMES)
def test_no_name_does_harm(name, unit, word, text):
    target = Process(77, comm=name[:15], unit=unit, argv=(name, word), exe=word)
    sender = Process(78, comm=word[:15], argv=(word, text), user=text.decode("latin-1"))
    events = [
        said(0, "stop asked", Process(unit=unit), text=text),
        ran(0.5, sender),
        signal := sent(1, "KILL", sender, target),
        died(1.1, "KILL", target, cause=signal.id),
        died(2, "SEGV", replace(target, pid=79, unit=None)),
    ]
    data = report(events, saw("sends", "deaths"), read=[text.decode("latin-1")])
    made = page(data)
    seen = Seen(made)
    assert seen.tags <= TAGS
    assert {link.removeprefix("#") for link in seen.links} <= set(seen.ids)
    assert not [one for one in seen.attributes if one[1].startswith("on") or one[1] in ("style", "src")]  # fmt: skip
    assert not set("\x1b\u202e\u200b\x00\x07") & set(made)
    assert len(made) < 40_000
    to_json(data)
    assert not set("\x1b\u202e") & set(markdown(data))


TAGS = {
    *("html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "time", "div", "span", "b", "strong"),
    *("table", "tr", "th", "td", "br", "ol", "ul", "li", "a", "details", "summary", "dl", "dt", "dd", "code"),
    *("svg", "g", "path", "rect", "circle", "text", "use", "i", "small", "defs", "pattern", "marker", "script", "input", "button"),
}  # fmt: skip


def test_hostile_names_are_seen_as_they_are():
    target = Process(77, comm=b"<b>&\"'", unit=b"x.service")
    text = page(report([died(1, "SEGV", target)]))
    assert "<b>&" not in text
    assert "&lt;b&gt;&amp;&quot;&#x27;" in text


def test_where_nothing_died_it_says_so():
    text = page(report([], saw("deaths")))
    Seen(text)
    assert "None that could be seen." in text
    assert "kernel log" in text


def test_arguments_are_hidden():
    sender = Process(991, comm=b"mysql", argv=(b"/usr/bin/mysql", b"--password=geheim"), uid=0)
    signal = sent(1, "KILL", sender)
    events = [ran(0.9, sender), signal, died(1.1, "KILL", cause=signal.id), said(0.5, "stop asked", text=b"geheim")]  # fmt: skip
    open_, hidden = report(events), report(events, hide=Hide(arguments=True))
    for form in (page, markdown, to_json):
        assert "geheim" not in form(hidden)
        assert "/usr/bin/mysql" in form(hidden)
    assert "geheim" in page(open_)


def test_people_are_hidden():
    sender = Process(
        991, comm=b"bash", argv=(b"bash", b"/home/alice/kill-it.sh"), uid=1000, user="alice", tty=b"pts/7"
    )  # fmt: skip
    signal = sent(1, "KILL", sender)
    data = report([signal, died(1.1, "KILL", cause=signal.id)], hide=Hide(users=True))
    for form in (page, markdown, to_json):
        text = form(data)
        assert "alice" not in text
        assert "pts/7" not in text
        assert "person-1" in text
