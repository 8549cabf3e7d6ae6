"""WHAT a person asks for: a pid, a name, a unit, a container; and the nearest names where nothing fits."""

from __future__ import annotations

from tracer.model.frozen import replace
from tracer.model.names import COMM_MAX, container_names, names_of
from tracer.model.text import shown
from tracer.why.deaths import SAME, SAME_UNIT, is_by_accounting, key_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from tracer.model.event import Process
    from tracer.model.verdict import Verdict
    from tracer.why.deaths import Death

# A container's id, or a pod's UID, may be given by its beginning, as docker(1) takes it; of less than this anything might be meant.
ID_MIN = 4
NEAREST = 5


def fits(process: Process, what: bytes) -> bool:
    """Whether a process is what was asked for."""
    if what.isdigit():
        return int(what[:20]) in (process.pid, process.tid)
    if what in names_of(process) or what in container_names(process):
        return True
    # Where comm alone is known it stands for all names that begin so.
    if process.comm == what[:COMM_MAX] and process.argv is None and process.exe is None:
        return True
    ids = process.container, process.pod
    return len(what) >= ID_MIN and any(one is not None and one.startswith(what) for one in ids)


def died(deaths: Iterable[Death], what: bytes) -> list[Death]:
    """The deaths that fit, newest first; of one moment the one that was told last. Accounting's seconds are coarse: what
    it alone tells stands behind what others tell of the same moment, and programs' own words
    on an end whose pid they do not tell behind that of the same minutes."""
    found = [death for death in deaths if fits(death.process, what)]
    return sorted(found, key=_newness)[::-1]


def of_runs(deaths: Iterable[Death], runs: Collection[tuple[bytes, bytes]]) -> list[Death]:
    """The ends of these runs of units, newest first."""
    found = [death for death in deaths if (death.process.unit, death.process.invocation) in runs]
    return sorted(found, key=_newness)[::-1]


def by_its_run(verdict: Verdict, what: bytes) -> Verdict:
    """The verdict on a unit, where who was asked for is known by its own lines alone."""
    who = f"process {shown(what)}" if what.isdigit() else f"a process called {shown(what)}"
    doubt = f"{who} wrote lines of that run of the unit; whether it is the one that ended so is not told"
    is_sure = verdict.confidence == "yes"
    return replace(
        verdict, confidence="likely" if is_sure else verdict.confidence, doubts=(doubt, *verdict.doubts)
    )  # fmt: skip


def _newness(death: Death) -> int:
    is_loose = death.hearsay and key_of(death.process) is None
    return death.time - SAME * is_by_accounting(death) - SAME_UNIT * is_loose


def nearest(names: Iterable[bytes], what: bytes) -> list[bytes]:
    """The names most like it, the most like first."""
    import difflib

    known = {name.decode("latin-1"): name for name in names if name}
    close = difflib.get_close_matches(what.decode("latin-1"), known, NEAREST, cutoff=0.5)
    inside = [word for word, name in known.items() if what in name and word not in close]
    return [known[word] for word in (*close, *sorted(inside))][:NEAREST]
