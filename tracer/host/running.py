"""Who runs now, for a filter that fits nobody: the nearest names, units, containers."""

from __future__ import annotations

from tracer.host import containers, procfs
from tracer.host.cgroups import place_of
from tracer.host.privileges import in_first_namespace
from tracer.model.event import Ancestor, Process
from tracer.model.frozen import frozen, replace
from tracer.model.names import program_names
from tracer.model.near import near, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tracer.flow.ends import Term, Value
    from tracer.flow.filter import Filter


@frozen
class Known:
    """What only root may look at: the executables of all processes by pid (ptrace(2)), and containers' names by id."""

    exes: Mapping[int, bytes]
    named: Mapping[bytes, bytes]


def known_for(filter_: Filter) -> Known:
    """As much of it as the words of a filter need, for later."""
    terms = (*filter_.sender, *filter_.target, *filter_.either)
    kinds = {value.kind for value in filter_.values}
    by_name = "children-of" in kinds or any(term.pid is None for term in terms)
    return Known(programs() if by_name else {}, containers.here() if "container" in kinds else {})


def programs() -> dict[int, bytes]:
    """The executables of all processes."""
    return {pid: exe for pid in procfs.pids() if (exe := procfs.exe_of(pid)) is not None}


def running(
    exes: Mapping[int, bytes] | None = None, named: Mapping[bytes, bytes] | None = None
) -> Iterator[Process]:
    """Every process that is there, with its names and place, and its parent's names. ``named`` are containers, by id."""
    there: dict[int, Process] = {}
    for pid in procfs.pids():
        birth = procfs.birth_of(pid)
        if birth is None:
            continue
        cgroup = procfs.cgroup_of(pid)
        unit, container, pod = (None, None, None) if cgroup is None else place_of(cgroup)
        there[pid] = Process(
            pid,
            comm=birth.comm,
            argv=procfs.argv_of(pid),
            exe=(exes or {}).get(pid) or procfs.exe_of(pid),
            ppid=birth.ppid,
            unit=unit,
            container=container,
            container_name=(named or {}).get(container or b""),
            pod=pod,
        )
    for one in there.values():
        parent = there.get(one.ppid or 0)
        if parent is None or parent.pid is None:
            yield one
        else:
            above = Ancestor(parent.pid, parent.comm, argv=parent.argv, exe=parent.exe)
            yield replace(one, ancestors=(above,))


def fitting_nobody(filter_: Filter, known: Known) -> list[str]:
    """Sentences for the words of a filter that fit nobody who runs now, with the names most like them. None where not
    all can be seen."""
    if not in_first_namespace("pid") or procfs.hides_others():
        return []
    words = [("--from", term) for term in filter_.sender]
    words += [("--to", term) for term in filter_.target]
    words += [("--pid", term) for term in filter_.either]
    asked = [(option, term) for option, term in words if not term.excluded]
    values = [one for one in filter_.values if not one.excluded and one.kind in _KINDS]
    if not asked and not values:
        return []
    there = list(running(known.exes, known.named))
    told = [
        f"{option} {_shown(term)} fits nobody who runs now{_near_names(term, there)}"
        for option, term in asked
        if not any(map(term.fits, there)) and not _names_a_thread(term, there)
    ]
    return told + [
        f"--{value.kind} {value.text} fits nobody who runs now{_near_places(value, there)}"
        for value in values
        if not any(map(value.fits, there))
    ]


_KINDS = {"unit": "unit", "container": "container", "children-of": None, "arg": None}


def _shown(term: Term) -> str:
    return str(term.pid) if term.pid is not None else (term.name or b"").decode("utf-8", "replace")


def _names_a_thread(term: Term, there: Sequence[Process]) -> bool:
    """Whether a thread bears a name that no process has: looked for last, for there may be thousands."""
    pids = [one.pid for one in there if one.pid is not None] if term.pid is None else []
    comms = (procfs.comm_of(tid) for pid in pids for tid in procfs.threads(pid) if tid != pid)
    return any(comm is not None and term.fits(Process(thread_comm=comm)) for comm in comms)


def _near_names(term: Term, there: Sequence[Process]) -> str:
    if term.pid is not None:
        return ""
    names = [name for one in there for name in program_names(one.comm, one.argv, None)]
    return near(_shown(term), map(text_of, names))


def _near_places(value: Value, there: Sequence[Process]) -> str:
    field = _KINDS[value.kind]
    if field is None:
        return ""
    places = {getattr(one, field) for one in there}
    if field == "container":
        places = {one.container_name or one.container for one in there}
    return near(value.text, map(text_of, places - {None}))
