"""What the tracepoint's result means, given the target's state."""

from __future__ import annotations

import pytest

from tracer.model.outcome import ALIASES, OUTCOMES, RESULTS_OF, Target, outcome_of


@pytest.mark.parametrize(
    ("result", "number", "target", "wanted"),
    [
        (0, 15, Target(), ("delivered", None)),
        # Not looked at: what a target that is gone made of it is not known, but for what nobody can handle or block.
        (0, 15, None, (None, None)),
        (0, 9, None, ("delivered", None)),
        (0, 19, None, ("delivered", None)),
        (0, 15, Target(handles=True), ("handled", None)),
        (0, 15, Target(blocks=True, handles=True), ("blocked", None)),
        (0, 15, Target(awaits=True), ("awaited", None)),
        (0, 15, Target(unsure=True), (None, None)),
        # A traced process is given what it ignores.
        (0, 15, Target(traced=True, ignores=True), ("ignored", "SIG_IGN")),
        (0, 28, Target(traced=True), ("ignored", "default")),
        (0, 18, Target(traced=True, handles=True), ("handled", None)),
        (0, 15, Target(traced=True), ("delivered", None)),
        (0, 9, Target(traced=True, ignores=True), ("delivered", None)),
        (0, 15, Target(traced=True, ignores=True, blocks=True), ("blocked", None)),
        (1, 15, Target(ignores=True), ("ignored", "SIG_IGN")),
        (1, 15, Target(exiting=True, ignores=True), ("ignored", "exiting")),
        (1, 17, Target(), ("ignored", "default")),
        (1, 18, Target(), ("ignored", "resumes")),
        (1, 9, Target(protected=True), ("ignored", "protected init")),
        (1, 15, None, ("ignored", None)),
        (1, 15, Target(), ("ignored", None)),
        (2, 15, Target(), ("coalesced", None)),
        (3, 40, Target(), ("dropped", None)),
        (4, 40, Target(), ("info lost", None)),
        (9, 15, Target(), (None, None)),
    ],
)
def test_outcome(result, number, target, wanted):
    assert outcome_of(result, number, target) == wanted


def test_every_outcome_has_a_result_and_a_meaning():
    assert set(OUTCOMES) == set(RESULTS_OF)
    assert set(ALIASES.values()) <= set(OUTCOMES)
