"""What each source says of the same scenarios: the truth, or less. Never another sender, signal, outcome or death.

Each scenario is played once, before all of them; waitpid(2), and what it did itself, decide. A source that fell silent
where it used to tell is found by tests/data/each_source.json (``--write-goldens``).
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from pathlib import Path

import pytest
import scenarios  # noqa: F401  they put themselves into SCENARIOS
from audit_state import audit_lock
from features import FEATURES
from harness import STORM_LOCK
from stage import COLUMNS, OPTIONS, SCENARIOS, Audience, Stage, replayed
from truth import BY_KILL, Truth, falsehoods, steady, words_of

GOLDEN = Path(__file__).parents[2] / "data" / "each_source.json"
# gdb sends what it likes; bpf_send_signal() is called until the target is gone; bcc tells a timer only where nobody
# else ran who may have written its code, and a limit only where its target can still be looked at.
UNSTEADY = {
    "gdb's kill": COLUMNS,
    "gdb's signal SIGTERM": COLUMNS,
    "bpf_send_signal, under a CPU limit": COLUMNS,
    "its own doing: cpu hard": ("bcc",),
    "a timer: timer_create": ("bcc",),
    "a timer: timer_create real-time": ("bcc",),
}

NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="live tracing needs root")


@pytest.fixture(scope="module")
def audience():
    """Traces through all sources, for all scenarios that need no options."""
    if not shutil.which("auditctl"):
        pytest.skip("audit is not installed")
    with open(STORM_LOCK, "w") as storms, audit_lock():
        fcntl.flock(storms, fcntl.LOCK_EX)
        with contextlib.closing(Audience()) as made:
            yield made


@contextlib.contextmanager
def watching(audience, options):
    """That audience, or one with these options."""
    if not options:
        yield audience
        return
    with contextlib.closing(Audience(options)) as made:
        yield made


@pytest.fixture(scope="module")
def played():
    """What was true, what was said, and the audit records, by scenario."""
    return {}


def golden():
    return json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}


@NEEDS_ROOT
@pytest.mark.long
@pytest.mark.parametrize("what", SCENARIOS)
def test_the_truth_or_less(
    what, audience, played, program, cgroup, cannot_run, needs, tmp_path, request
):
    with watching(audience, OPTIONS.get(what)) as eyes:
        stage = Stage(program, cgroup, cannot_run, needs, tmp_path, eyes.traces)
        said = eyes.watch(SCENARIOS[what], stage, tmp_path)
    assert set(said) == set(COLUMNS)
    false = {column: list(falsehoods(stage.truth, events)) for column, events in said.items()}
    words = {column: words_of(stage.truth, events) for column, events in said.items()}
    sure = {c: steady(stage.truth, said[c], is_sure=c != "bcc") for c in COLUMNS}
    played[what] = (stage.truth, words, (tmp_path / "audit.log").read_bytes())
    lines = [f"{column}: {false[column]} in {words[column]!r}" for column in COLUMNS]
    assert not any(false.values()), "\n" + "\n".join(lines)
    if request.config.getoption("--write-goldens"):
        GOLDEN.write_text(json.dumps({**golden(), what: sure}, indent=1, ensure_ascii=False) + "\n")
    # What an older kernel does not tell is not here either.
    if all(one.is_here() for one in FEATURES.values()):
        right, columns = golden()[what], set(COLUMNS).difference(UNSTEADY.get(what, ()))
        assert {c: sure[c] for c in columns} == {c: right[c] for c in columns}


@NEEDS_ROOT
@pytest.mark.long
def test_of_all_of_them_in_one_log(played, tmp_path):
    """As they are read together, nobody is mistaken for one who came before."""
    log = tmp_path / "audit.log"
    log.write_bytes(b"".join(lines for *_, lines in played.values()))
    events = replayed(log)
    false = {what: list(falsehoods(truth, events)) for what, (truth, *_) in played.items()}
    assert not any(false.values()), {what: some for what, some in false.items() if some}
    if os.environ.get("SIGTRACE_WORDS"):
        words = {what: said for what, (_, said, _) in played.items()}
        Path(os.environ["SIGTRACE_WORDS"]).write_text(
            json.dumps(words, indent=1, ensure_ascii=False)
        )


def told(**changed):
    """A signal that was really sent, and the death that it caused; ``signal__sender=…`` changes a field."""
    sent = {
        "event": "signal",
        "id": "1",
        "signal": {"number": 15},
        "origin": "kill",
        "outcome": "delivered",
        "sender": {"pid": 20, "argv": ["kill", "10"]},
        "target": {"pid": 10},
    }
    end = {"event": "exit", "process": {"pid": 10}, "signal": {"number": 15}, "cause": "1"}
    for name, value in changed.items():
        event, _, field = name.partition("__")
        {"signal": sent, "end": end}[event][field] = value
    return [sent, end]


LIES = [
    {"signal__sender": {"pid": 21}},
    {"signal__sender": {"pid": 20, "argv": ["kill", "11"]}},
    {"signal__target": {"pid": 11}},
    {"signal__signal": {"number": 9}},
    {"signal__origin": "tty"},
    {"signal__outcome": "ignored"},
    {"signal__tracer": {"pid": 20}},
    {"signal__claim": {"pid": 1}},
    {"signal__target_state": "frozen"},
    {"signal__escalates": {"signal": {"number": 2}}},
    {"signal__fault": {"address": "0x8"}},
    {"end__signal": {"number": 9}},
    {"end__cause": "2"},
    {"end__handled": "1"},
    {"end__tracer": {"pid": 20}},
    {"end__status": 3},
]


@pytest.mark.parametrize("lie", LIES, ids=str)
def test_a_lie_is_found(lie):
    truth = Truth()
    truth.argv[20] = [["kill", "10"]]
    truth.was_sent(10, 15, BY_KILL, by=20, kills=True)
    truth.ended(10, -15)
    assert not list(falsehoods(truth, told()))
    assert not list(falsehoods(truth, []))
    assert list(falsehoods(truth, told(**lie)))
    assert list(falsehoods(truth, told()[:1] * 2))
