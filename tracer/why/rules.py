"""The rules: what proves a cause of a death, what refutes it. One table; docs/why.md is made from it.

A rule looks at one ``Case`` and gives a ``Finding`` or None. The first that is sure wins; contradictions are told. Of
likely ones that differ the verdict is open.
"""

from __future__ import annotations

from tracer.model.frozen import frozen
from tracer.why.answers import by_a_request_that_it_took
from tracer.why.kernels import (
    by_the_kernels_log,
    by_the_units_oom_notice,
    by_the_units_result_alone,
)
from tracer.why.ran import by_a_command_beside_it
from tracer.why.recorded import by_the_ends_own_origin, by_the_signals_record
from tracer.why.runtimes import by_the_end_of_its_grace
from tracer.why.told import (
    by_a_signal_to_its_name,
    by_a_stop_that_was_asked,
    by_the_exits_own_record,
    by_the_managers_words,
    by_the_next_boot,
    by_the_shutdown,
    by_the_signal_alone,
    by_the_units_failure,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from tracer.why.case import Case
    from tracer.why.finding import Finding


@frozen
class Rule:
    """``proves`` and ``refutes`` in words, for the docs."""

    name: str
    find: Callable[[Case], Finding | None]
    proves: str
    refutes: str


RULES: tuple[Rule, ...] = (
    Rule(
        "signal recorded",
        by_the_signals_record,
        "a recording or an audit log has the signal that this process died of, with its sender or what made it",
        "another process had the pid; the signal was ignored, handled or refused",
    ),
    Rule(
        "end's own origin",
        by_the_ends_own_origin,
        "what saw the end says that it was a fault of the process's own, or seccomp",
        "a signal is recorded that it died of",
    ),
    Rule(
        "kernel log",
        by_the_kernels_log,
        "the kernel's log names this pid: an OOM report, a fault, a hardware error",
        "it died of another signal, or the pid was another process's then",
    ),
    Rule(
        "request taken",
        by_a_request_that_it_took,
        "it exited with a status, and took a request to end before",
        "it died of a signal; more than five seconds between, and a status that answers no request: then its own end fits, too",
    ),
    Rule(
        "own end",
        by_the_exits_own_record,
        "it exited with a status; what its manager asked of this run is the reason",
        "it died of a signal",
    ),
    Rule(
        "manager's words",
        by_the_managers_words,
        "its manager says why it ended the unit or container (timeout, watchdog, limit, client), and the end fits",
        "another run of the unit: it is said to have ended or begun between; another signal than the manager sends for that",
    ),
    Rule(
        "unit's OOM notice",
        by_the_units_oom_notice,
        "systemd, or a runtime, says that the OOM killer struck in this unit or container, and the process died of SIGKILL, or the unit failed for that",
        "the kernel's log has another victim",
    ),
    Rule(
        "unit's OOM result",
        by_the_units_result_alone,
        "the unit failed with oom-kill, and no line says whether the kernel or systemd-oomd did it",
        "a line says which",
    ),
    Rule(
        "unit's failure",
        by_the_units_failure,
        "the unit failed with timeout or watchdog, its manager says which time ran out, or it ended well at once after a client's signal, and of its processes nothing is told",
        "a line about the end of a process; a process that remains",
    ),
    Rule(
        "end of its grace",
        by_the_end_of_its_grace,
        "kubelet was stopping the container, and after the grace period its exit code stands for SIGKILL",
        "it ended within the grace period; another exit code",
    ),
    Rule(
        "stop asked",
        by_a_stop_that_was_asked,
        "its unit was being stopped, and it died of the signal that asks for it",
        "another signal; another run of the unit",
    ),
    Rule(
        "command beside it",
        by_a_command_beside_it,
        "sudo's, audit's or a recording's line of a command that kills this pid or name, within two seconds",
        "it names another pid or name, runs elsewhere (ssh, docker exec), or may not signal this one (its user)",
    ),
    Rule(
        "signal to its name",
        by_a_signal_to_its_name,
        "of a unit whose pid is not told: a signal of that number to a process of that name, within two seconds",
        "the pid is known, and it is another's; the signal was ignored, handled or refused",
    ),
    Rule("shutdown", by_the_shutdown, "the host was going down", "no shutdown within five minutes; a boot since"),
    Rule(
        "next boot",
        by_the_next_boot,
        "the unit was last said to have started, and its host booted with no shutdown told before",
        "a shutdown within half an hour before the boot; an end of the unit",
    ),
    Rule(
        "signal alone",
        by_the_signal_alone,
        "it died of a signal that a fault, abort(3), a limit or a timer of its own makes",
        "a record of somebody who sent it",
    ),
)  # fmt: skip
