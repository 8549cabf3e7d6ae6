"""Events → deaths: what several witnesses tell of one end is put together.

A pid is a pid and a start: a reused number borrows nothing. systemd's exit line has no pid: it is joined by
invocation, then by unit and time.
"""

from __future__ import annotations

from itertools import chain, islice

from tracer.model.event import Exit, Process, Signal
from tracer.model.frozen import names_of_class, replace
from tracer.model.managers import is_of, may_be_one_managers
from tracer.model.names import is_container, names_of
from tracer.model.signals import CORES, NUMBERS
from tracer.model.starts import finer, starts_fit
from tracer.model.times import SECOND
from tracer.model.witness import ACCOUNTING, COARSE
from tracer.why.dumping import is_cut_short
from tracer.why.near import REACH, SAME_CORE, Near
from tracer.why.tellings import (
    LIVED,
    by_guards,
    is_call_alone,
    is_only_sent,
    line_of,
    own_words,
    told_by,
    without_failed,
    without_survivors,
)
from tracer.why.tellings import OF_A_SIGNAL as OF_A_SIGNAL
from tracer.why.tellings import Death as Death
from tracer.why.tellings import is_believed as is_believed
from tracer.why.tellings import key_of as key_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Iterable

    from tracer.model.event import Event

# Two tellings of one end may lie so far apart: systemd writes its line when it has reaped (manager_dispatch_sigchld(),
# src/core/manager.c), a core is written before that, and syslog has whole seconds.
SAME = 2 * SECOND
# A unit is over when its last process is, and what ExecStopPost= runs.
SAME_UNIT = 120 * SECOND
# By what a unit's end was put to a process, where neither pid nor unit told.
BY_NAME = "name and time"
BY_TIME = "time"
# The same, where accounting alone knows the pid: what a manager says of its unit stands without that.
BY_ACCOUNT = "its name in accounting, and time"
# Faults of the process itself (signal(7)).
FAULTS = frozenset(NUMBERS[name] for name in ("SEGV", "BUS", "FPE", "ILL", "TRAP"))
ALL_FIELDS = names_of_class(Process)
_WORDS_MAX = 8  # of what is told beside an end, and is none


def deaths_in(events: Iterable[Event]) -> list[Death]:
    """Every end that the events tell of, in the order of time."""
    believed = without_failed(event for event in events if is_believed(event))
    own = own_words(believed)
    told = [_heard(death, own) for event in believed if (death := told_by(event))]
    told = without_survivors([*told, *by_guards(believed)], believed)
    told.sort(key=lambda death: death.hearsay)  # What is surer is put together first.
    named = [one for one in told if key_of(one.process) is not None]
    hearsay = _of_processes(one for one in named if one.hearsay)
    named = _with_hearsay(_of_processes(one for one in named if not one.hearsay), hearsay)
    unnamed = [one for one in told if key_of(one.process) is None]
    boxed = [one for one in unnamed if one.process.container is not None]
    unnamed = [one for one in unnamed if one.process.container is None]
    found = _with_units(named, [one for one in unnamed if _is_of_a_process(one)])
    found = _with_containers(found, boxed)
    quiet = _quiet_ends(found, [one for one in unnamed if not _is_of_a_process(one)])
    return sorted(found + quiet, key=lambda death: death.time)


def _heard(death: Death, own: Collection[Hashable]) -> Death:
    """With what of it is a program's own word."""
    is_own = bool(own) and line_of(death.tellings[0]) in own
    return replace(death, hearsay=True) if is_own else death


def _is_sent_again(one: Death, later: Death) -> bool:
    """Whether a signal did not end its target: another one to it, or its end, is told later. A manager's words may not have
    been followed by a signal; of a call to kill the start tells that it was to the same process, which waited in the kernel, or
    wrote its core."""
    a, b = one.process, later.process
    is_one = a.start is not None and b.start is not None and is_call_alone(one)
    return (
        (is_one or is_only_sent(one))
        and 0 <= later.time - one.time <= LIVED
        and (one.host, a.comm, a.unit) == (later.host, b.comm, b.unit)
        and starts_fit(a.start, b.start, None)
    )


def _is_sent_to_who_dumps(one: Death, later: Death) -> bool:
    """Whether a call to kill met a process that wrote its core."""
    a, b = one.process, later.process
    return (
        is_call_alone(later)
        and not is_call_alone(one)
        and one.number in CORES
        and one.core is not False
        and 0 <= later.time - one.time <= SAME_CORE
        and _may_be_of_one_host(one, later)
        and None not in (a.pid, b.pid)
        and (None in (a.comm, b.comm) or a.comm == b.comm)
        and starts_fit(a.start, b.start, None)
    )


def _is_of_a_process(death: Death) -> bool:
    """Whether a manager tells how its process ended; of a clean end it says of the unit alone that it is over."""
    return death.number is not None or death.status is not None


def _quiet_ends(found: Iterable[Death], told: Iterable[Death]) -> list[Death]:
    """The ends of units of whose processes nothing is told: one for each, however many lines say so."""
    last: dict[tuple[str | None, bytes | None], int] = {}
    ended = Near(found, lambda death: [(death.host, death.process.unit)])
    made: list[Death] = []
    for one in sorted(told, key=lambda death: death.time):
        key = one.host, one.process.unit
        if ended.places(key, one.time - SAME_UNIT, one.time + SAME):
            continue
        at = last.get(key)
        if at is not None and one.time - made[at].time <= SAME_UNIT:
            made[at] = _together(made[at], one, None)
        else:
            last[key] = len(made)
            made.append(one)
    return made


def _of_processes(told: Iterable[Death]) -> list[Death]:
    """Tellings that know the pid, those of one process together."""
    found: list[Death] = []
    last: dict[int | None, int] = {}
    for one in sorted(told, key=lambda death: death.time):
        at = last.get(key_of(one.process))
        if at is not None and _is_same(found[at], one):
            found[at] = _together(found[at], one, None)
        elif at is not None and _is_sent_to_who_dumps(found[at], one):
            found[at] = _with_words(found[at], one)
        elif at is not None and _is_sent_again(found[at], one):
            found[at] = one
        else:
            last[key_of(one.process)] = len(found)
            found.append(one)
    return found


def _with_hearsay(found: list[Death], told: Iterable[Death]) -> list[Death]:
    """Programs' own words, put to what others tell of the same process. A pid ends once in these minutes: what does not fit
    the end that others tell changes nothing of it."""
    found = list(found)
    near = Near(found, lambda death: [key_of(death.process)])
    for one in told:
        around = near.places(key_of(one.process), one.time - REACH, one.time + REACH)
        places = [at for at in around if _may_be_of_one_host(found[at], one)]
        at = next((at for at in places if _is_same(found[at], one)), None)
        if at is not None:
            found[at] = _together(found[at], one, None)
        elif places:
            found[places[-1]] = _with_words(found[places[-1]], one)
        else:
            found.append(one)
    return found


def _with_units(named: list[Death], unnamed: list[Death]) -> list[Death]:
    """A manager's tellings, which know the unit, put to the process that they can only mean."""
    found = list(named)
    of_unit = Near(found, lambda death: [death.process.unit] if death.process.unit else [])
    of_none = [death if may_be_a_units(death.process) else None for death in found]
    of_name = Near(of_none, lambda death: names_of(death.process))
    of_number = Near(of_none, lambda death: [death.number])
    apart: list[Death] = []
    for one in unnamed:
        around = one.time - REACH, one.time + REACH
        near = [at for at in of_unit.places(one.process.unit, *around) if _is_same(found[at], one)]
        # Of several the main process is meant: it is the manager's own child.
        main = [at for at in near if found[at].process.ppid == 1]
        meant = near if len(near) == 1 else main
        by = "invocation" if one.process.invocation is not None else "unit and time"
        if not near:
            meant = [at for at in of_name.places(_stem(one), *around) if _is_same(found[at], one)]
            by = BY_NAME
            if len(meant) > 1:
                meant = [at for at in meant if found[at].process.ppid == 1]
            if len(meant) == 1 and is_by_accounting(found[meant[0]]):
                by = BY_ACCOUNT
            if not meant and one.number in FAULTS:
                # Faults are rare: of one alone in that second a manager speaks of no other.
                alike = chain(*(of_number.places(key, *around) for key in (one.number, None)))
                meant = list(islice((at for at in alike if _is_same(found[at], one)), 2))
                by = BY_TIME
        if one.process.unit is not None and len(meant) == 1:
            at = meant[0]
            found[at] = _together(found[at], one, by)
            if of_none[at] is not None:
                of_name.add(names_of(found[at].process), found[at].time, at)
        elif (
            apart
            and _is_same(apart[-1], one)
            and apart[-1].process.unit == one.process.unit
            and not _are_two_lines(apart[-1], one)
        ):
            apart[-1] = _together(apart[-1], one, None)
        else:
            apart.append(one)
    return found + apart


def may_be_a_units(process: Process) -> bool:
    """Whether its unit is not told, and may be any of the host's. A cgroup that is no slice says that it is none: where a
    controller is off for a unit, the kernel tells the slice around it, or the root."""
    own = (process.cgroup or b"").rpartition(b"/")[2]
    return process.unit is None and (not own or own.endswith(b".slice"))


def _are_two_lines(one: Death, other: Death) -> bool:
    """Whether one log tells of two ends: of each it writes one line."""
    mine, theirs = (
        {told.place.file for told in death.tellings if isinstance(told, Exit) and told.place}
        for death in (one, other)
    )
    return not mine.isdisjoint(theirs)


def _with_containers(found: list[Death], boxed: Iterable[Death]) -> list[Death]:
    """What runtimes tell of the ends of containers, put to the first process of each, where that is known to have ended."""
    found = list(found)
    in_containers = Near(found, lambda death: [True] if death.process.container else [])
    for one in boxed:
        near = [
            at
            for at in in_containers.places(True, one.time - REACH, one.time + REACH)
            if is_container(found[at].process.container, one.process.container)
            and _is_same(found[at], one)
        ]
        first = [at for at in near if found[at].process.ns_pid == 1]
        meant = near if len(near) == 1 else first
        if len(meant) == 1:
            found[meant[0]] = _together(found[meant[0]], one, "container and time")
        else:
            in_containers.add([True], one.time, len(found))
            found.append(one)
    return found


def _stem(told: Death) -> bytes | None:
    """A unit's name without its kind, which its process may bear."""
    return (told.process.unit or b"").rpartition(b".")[0] or None


def _is_same(one: Death, other: Death) -> bool:
    """Whether two tellings can be of one end."""
    a, b = one.process, other.process
    if all(any(told.source == ACCOUNTING for told in death.tellings) for death in (one, other)):
        return False  # Each record is an end of its own.
    if not _may_be_of_one_host(one, other):
        return False
    dumps = one.core or other.core or is_cut_short(one, other) or is_cut_short(other, one)
    if abs(one.time - other.time) > (SAME_CORE if dumps else SAME):
        return False
    end = min(one.time, other.time) if abs(one.time - other.time) <= SAME else None
    if None not in (key_of(a), key_of(b)) and not (
        key_of(a) == key_of(b) and starts_fit(a.start, b.start, end)
    ):
        return False
    if None not in (a.invocation, b.invocation) and a.invocation != b.invocation:
        return False
    if key_of(a) is key_of(b) is None and not is_of(a, b.ppid):
        return False
    if not (_may_be_one_managers(one, other) and _may_be_one_managers(other, one)):
        return False
    return _numbers_fit(one, other)


def _may_be_of_one_host(one: Death, other: Death) -> bool:
    return None in (one.host, other.host) or one.host == other.host


def _may_be_one_managers(one: Death, other: Death) -> bool:
    """Whether the manager that says it sent a signal may be the one that tells of the end."""
    return all(
        may_be_one_managers(signal, end)
        for end in other.tellings
        if isinstance(end, Exit) and end.process.pid is None
        for signal in one.tellings
        if isinstance(signal, Signal)
    )


def _numbers_fit(one: Death, other: Death) -> bool:
    if is_cut_short(one, other) or is_cut_short(other, one):
        return True
    for mine, theirs in ((one.number, other.number), (one.status, other.status)):
        if mine is not None and theirs is not None and mine != theirs:
            return False
    ended = (one.number is not None, other.status is not None)
    return ended != (True, True) and (other.number is None or one.status is None)


def _together(one: Death, other: Death, joined: str | None) -> Death:
    if one.hearsay != other.hearsay:
        surer, heard = (other, one) if one.hearsay else (one, other)
        if _is_of_a_process(surer):
            process = merged(surer.process, heard.process)
            return _with_words(replace(surer, process=process), heard)
    # The name that accounting has is that of the thread that ended last.
    first, second = (other, one) if is_by_accounting(one) else (one, other)
    return Death(
        time=_finer(one, other),
        process=merged(first.process, second.process),
        number=other.number if one.number is None or is_cut_short(other, one) else one.number,
        status=one.status if one.status is not None else other.status,
        core=one.core if one.core is not None else other.core,
        host=one.host or other.host,
        tellings=(*one.tellings, *other.tellings),
        joined=one.joined or joined,
        reported=one.reported if one.reported is not None else other.reported,
        hearsay=one.hearsay or other.hearsay,
        words=(*one.words, *other.words)[:_WORDS_MAX],
    )


def _with_words(surer: Death, heard: Death) -> Death:
    """The same, with what is told beside it."""
    return replace(surer, words=(*surer.words, *heard.tellings)[:_WORDS_MAX])


def is_by_accounting(death: Death) -> bool:
    """Whether nobody else tells of it."""
    return all(one.source == ACCOUNTING for one in death.tellings)


def _finer(one: Death, other: Death) -> int:
    """The earlier of two moments; of one that has whole seconds alone and one that has more, the latter."""
    if is_coarse(one) == is_coarse(other):
        return min(one.time, other.time)
    return other.time if is_coarse(one) else one.time


def is_coarse(death: Death) -> bool:
    """Whether texts with whole seconds alone tell of it: what was at once may be told up to a second before it."""
    return death.time % SECOND == 0 and all(one.source in COARSE for one in death.tellings)


def merged(one: Process, other: Process) -> Process:
    """What both know of one process; the first is believed where they differ."""
    known = {}
    for name in ALL_FIELDS:
        if getattr(one, name) in (None, (), False):
            value = getattr(other, name)
            if value not in (None, (), False):
                known[name] = value
    if one.start != (start := finer(one.start, other.start)):
        known["start"] = start
    return replace(one, **known) if known else one


def calls_of(death: Death) -> set[str]:
    """The ids of the signals that it died of: of one call, and of a wide kill, they are the same."""
    return {one.cause for one in death.tellings if isinstance(one, Exit) and one.cause}
