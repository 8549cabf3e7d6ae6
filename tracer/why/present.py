"""What a unit's manager shows of it now, as far as one death is concerned: what became of the unit, and its limits."""

from __future__ import annotations

from tracer.model.event import Statement
from tracer.model.text import printable
from tracer.model.times import SECOND, local_moment
from tracer.model.verdict import Negative
from tracer.model.witness import STATE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from tracer.why.case import Case

# Results of a main process that ended so, and causes that have results of their own.
_BY_ITSELF = frozenset(("signal", "core-dump", "exit-code"))
_OTHER_RESULTS = ("stop timeout", "watchdog")
# So long after a death a unit's state is still a consequence of it.
SOON = 120 * SECOND


def is_told_by_its_state_alone(case: Case) -> bool:
    """Whether nothing but the manager's present state tells of a death: what was said before it is not known then."""
    return all(one.source == STATE for one in case.death.tellings)


def became(case: Case) -> tuple[str, ...]:
    """What its manager did with the unit then, and how it is now. A state that began much later has other reasons."""
    for said in reversed(case.unit_says):
        # The moments of a state are whole seconds.
        after = -1 if said.time is None else said.time - case.death.time
        if said.what == "unit state" and -SECOND < after <= SOON:
            words = _state_in_words(said, case.death.process.pid)
            return () if words is None else (words,)
    return ()


def _state_in_words(said: Statement, pid: int | None) -> str | None:
    details = said.details or {}
    restart, main_pid = details.get("restart"), details.get("main_pid")
    if details.get("active") == "active":
        if main_pid is None or main_pid == pid or said.time is None:
            return None
        since = local_moment(said.time).rpartition(" ")[2].partition(".")[0]
        return f"systemd started it again: it runs since {since}, as pid {main_pid}"
    if details.get("result") == "start-limit-hit":
        return "systemd has given up starting it again (start-limit-hit): it is down"
    if restart is None:
        return "it is down"
    return f"Restart={printable(str(restart))}, {'so' if restart == 'no' else 'and'} it is down"


def refuted_by_its_result(case: Case) -> Iterator[Negative]:
    """What would have been the unit's result, had it ended this run of it: the first failure stays
    (service_enter_signal(), src/core/service.c)."""
    run = case.death.process.invocation
    for said in case.unit_says:
        result = (said.details or {}).get("result")
        is_of_this_run = said.about is not None and said.about.invocation == run
        if (
            run is not None
            and is_of_this_run
            and said.what == "unit failed"
            and result in _BY_ITSELF
        ):
            because = f"its manager says that its unit failed with result {result}"
            yield from (Negative(cause, because) for cause in _OTHER_RESULTS)
            return


def stop_timeout(case: Case) -> str | None:
    """How long its manager waits for it to stop, as the unit is set now: "1min 30s"."""
    for said in reversed(case.unit_says):
        limit = (said.details or {}).get("stop_timeout")
        if said.what == "unit state" and limit not in (None, "infinity"):
            return str(limit)
    return None
