"""Long chains of parents: both ends are told, and what between them is more than a shell; JSON has all."""

from __future__ import annotations

import pytest
from test_rules import kill
from told import PKILL

from tracer.model.event import Ancestor
from tracer.model.frozen import replace
from tracer.model.spelling import to_object
from tracer.model.text import shown
from tracer.why.chain import chain
from tracer.why.deaths import deaths_in
from tracer.why.sentence import sentence
from tracer.why.verdict import verdict_of
from tracer.why.words import lines_of


def steps(words):
    """bash sudo deploy.sh: the last runs in a shell."""
    made = []
    for pid, word in enumerate(words.split(), 100):
        is_script = word.endswith(".sh")
        comm = b"bash" if is_script else word.encode()
        argv = (comm, b"/srv/" + word.encode()) if is_script else (comm,)
        made.append(Ancestor(pid, comm, argv=argv))
    return made


def called(step):
    return shown(step.argv[-1]).rpartition("/")[2]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("", ""),
        ("bash sshd", "bash sshd"),
        ("bash su bash sudo sshd", "bash su bash sudo sshd"),
        ("bash sudo bash su bash -bash sshd sshd", "bash sudo … 4 more sshd sshd"),
        ("bash bash bash deploy.sh bash sshd sshd", "bash bash … 1 more deploy.sh … 1 more sshd sshd"),
        ("a b c d e f g h i j k l m", "a b … 9 more l m"),
        ("bash bash make bash bash bash sshd sshd", "bash bash make … 3 more sshd sshd"),
    ],
)  # fmt: skip
def test_both_ends_stay(words, told):
    assert " ".join(chain(steps(words), called)) == told


@pytest.mark.parametrize("count", range(30))
@pytest.mark.parametrize("most", [3, 4, 5])
def test_all_are_told_or_counted(count, most):
    told = chain(steps("bash " * count), called, most)
    assert len(told) <= most
    hidden = sum(int(one.split()[1]) for one in told if one.startswith("…"))
    assert len(told) - any(one.startswith("…") for one in told) + hidden == count


def nested():
    parents = tuple(steps("bash " * 9 + "sshd sshd"))
    events = kill(sender=replace(PKILL, ancestors=parents))
    (death,) = deaths_in(events)
    return verdict_of(death, events, [])


def test_a_verdict_and_the_journals_sentence_have_both_ends():
    text = " ".join(" ".join(lines_of(nested(), 0)).split())
    assert "pkill -9 -x webapp ← bash[100] ← bash[101] ← … 7 more ← sshd[109] ← sshd[110]" in text
    assert sentence(nested()).endswith("← bash ← bash ← … 7 more ← sshd ← sshd (uid 1000)")
    assert len(to_object(nested())["who"]["sender"]["ancestors"]) == 11
