"""Which live source to use: the best that works here, or the one that was asked for."""

from __future__ import annotations

from tracer.model.errors import Problem
from tracer.sources.abilities import require_sense

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from tracer.flow.filter import Filter
    from tracer.flow.source import LiveSource
    from tracer.libbpf.object import Object
    from tracer.sources.wanted import Wanted


class NoSource(Problem):
    """No rung holds: why each of them failed, and what would mend it."""

    def __init__(self, problems: dict[str, Problem]) -> None:
        super().__init__(
            "no way of tracing live works here",
            "; ".join(f"{name}: {problem.why}" for name, problem in problems.items()),
            "sigtrace doctor; sigtrace replay /var/log/audit/audit.log needs nothing",
            "\n".join(problem.detail for problem in problems.values() if problem.detail),
        )
        self.problems = problems

    def __str__(self) -> str:
        rungs = (
            f"  {name}: {one.what}\n    why: {one.why}\n    try: {one.try_}"
            for name, one in self.problems.items()
        )
        return "\n".join(
            (
                f"sigtrace: {self.what}",
                *rungs,
                "  sigtrace doctor tells more; sigtrace replay /var/log/audit/audit.log needs nothing",
            )
        )


def _core(wanted: Wanted, loading: Callable[[], Object] | None = None) -> LiveSource:
    from tracer.host.processes import Processes
    from tracer.sources.core.source import BpfSource

    processes = Processes(details=wanted.details)
    if wanted.names:
        processes.look_at_all()
    return BpfSource(wanted, processes, loading)


def _bcc(wanted: Wanted) -> LiveSource:
    from tracer.sources.bcc.source import BccSource

    return BccSource(wanted)


def _audit(wanted: Wanted) -> LiveSource:
    from tracer.sources.audit.source import AuditSource

    return AuditSource(wanted)


RUNGS: dict[str, Callable[[Wanted], LiveSource]] = {"core": _core, "bcc": _bcc, "audit": _audit}


def open_source(
    choice: str, wanted: Wanted, filter_: Filter, loading: Callable[[], Object] | None = None
) -> tuple[LiveSource, dict[str, Problem]]:
    """The source, and why the rungs above it could not be used. Raises Problem if there is none, or if nothing that
    it tells can fit the filter.

    ``loading`` gives the core source its object, if the load of that has begun.
    """
    rungs = RUNGS
    if loading is not None:
        rungs = {**RUNGS, "core": lambda wanted: _core(wanted, loading)}
    if choice != "auto":
        require_sense(filter_, choice)
        return rungs[choice](wanted), {}
    problems: dict[str, Problem] = {}
    for name, open_rung in rungs.items():
        try:
            require_sense(filter_, name)
            return open_rung(wanted), problems
        except Problem as problem:
            problems[name] = problem
    raise NoSource(problems)
