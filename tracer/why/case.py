"""One death and all that may have to do with it: what the rules look at."""

from __future__ import annotations

from tracer.model.event import Exec, Exit, Failed, Series, Signal, Statement, moment
from tracer.model.frozen import frozen
from tracer.model.managers import is_of
from tracer.model.names import is_container, names_of
from tracer.model.signals import LAST
from tracer.model.starts import starts_fit
from tracer.model.times import SECOND
from tracer.why.deaths import OF_A_SIGNAL, Death, is_believed, is_coarse, key_of
from tracer.why.runs import is_of_another_run
from tracer.why.tellings import KILL, line_of, own_words, without_failed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from tracer.model.event import Event, Process

# How long before a death something may have led to it: an escalation's longest patience.
BEFORE = 900 * SECOND
# What a manager says may be written so long after the end that it speaks of.
AFTER = 5 * SECOND
# A signal is delivered at once, unless its target is stopped, frozen or in the kernel (signal(7)).
AT_ONCE = 5 * SECOND
# Sources that tell a death with the signal it came of (tracer.flow.join).
JOINED = frozenset(("core", "bcc"))
# What ends a shutdown that was told: the next boot, or its word.
_UP_AGAIN = frozenset(("boot", "journal began", "shutdown cancelled"))
# What became of a signal that cannot have ended its target.
ENDS_NOTHING = frozenset(("ignored", "coalesced", "dropped", "handled", "awaited"))
# What its target has never seen.
NOT_TAKEN = ENDS_NOTHING - {"handled", "awaited"}


@frozen
class Case:
    """``sent`` are the signals to this very process, ``unit_says`` what was said of its unit, ``process_says`` what was
    said of the process; ``near`` is everything of that host around the death."""

    death: Death
    sent: tuple[Signal, ...] = ()
    refused: tuple[Failed, ...] = ()
    unit_says: tuple[Statement, ...] = ()
    process_says: tuple[Statement, ...] = ()
    execs: tuple[Exec, ...] = ()
    near: tuple[Event, ...] = ()

    @property
    def number(self) -> int | None:
        """The signal that it died of; where a container's exit code alone is told, the one that this may stand for."""
        death = self.death
        if death.number is not None or death.status is not None or death.reported is None:
            return death.number
        number = death.reported - OF_A_SIGNAL
        return number if number <= LAST else None

    def said(self, *whats: str, within: int = BEFORE) -> Statement | None:
        """The last statement of these kinds, about the process or its unit, so long before its end."""
        return next(self.all_said(*whats, within=within), None)

    def all_said(self, *whats: str, within: int = BEFORE) -> Iterator[Statement]:
        """All of them, the last one first; none of another run of the unit."""
        for said in reversed((*self.unit_says, *self.process_says)):
            if (
                said.what in whats
                and self.is_before(said.time, within)
                and not is_of_another_run(said, self.death, self.unit_says)
            ):
                yield said

    def said_near(self, what: str, within: int) -> Statement | None:
        """Likewise of the whole host."""
        for said in reversed(self.near):
            if (
                isinstance(said, Statement)
                and said.what == what
                and self.is_before(said.time, within)
            ):
                return said
        return None

    def going_down(self) -> Statement | None:
        """The word that the host goes down, shortly before; None where it has come up again since, or did not go."""
        said = self.said_near("shutdown", 300 * SECOND)
        if said is None:
            return None
        since = [one for one in self.near if isinstance(one, Statement) and one.what in _UP_AGAIN]
        since += [one for one in self.unit_says if one.what == "started"]
        over = any(moment(said) < moment(one) <= self.death.time for one in since)
        return None if over else said

    def suspects(self) -> list[Signal]:
        """The signals of which one ended it, where nobody can tell which."""
        ids = {id_ for one in self.death.tellings if isinstance(one, Exit) for id_ in one.causes}
        if not ids and not self._is_joined():
            return self._fitting()
        return [signal for signal in self.sent if signal.id in ids]

    def is_before(self, time: int | None, within: int, after: int = AFTER) -> bool:
        """Whether a moment lies so long before the end, or a little behind it."""
        if is_coarse(self.death):
            after = max(after, SECOND)
        return time is not None and -after <= self.death.time - time <= within

    def is_over(self, time: int | None) -> bool:
        """Whether a moment lies behind the end; of one that is told in whole seconds, behind its second."""
        latest = self.death.time + (SECOND - 1 if is_coarse(self.death) else 0)
        return time is not None and time > latest

    def fatal(self) -> Signal | None:
        """The signal that the process died of, where the kernel's or the log's own record has it."""
        causes = {one.cause for one in self.death.tellings if isinstance(one, Exit) and one.cause}
        for signal in self.sent:
            if signal.id in causes:
                return signal
        if self._is_joined():
            # What saw both the signals and the end has said which it was, or that none of them was.
            return None
        if (oom := self._oom_kill()) is not None:
            return oom
        fitting = self._fitting()
        # The first one that nothing held back: those behind it met a dying process. Whether a handler took it, what is
        # told of calls alone does not say.
        is_one = self.death.number == KILL or len({_sender(one) for one in fitting}) < 2
        return fitting[0] if fitting and is_one else None

    def _oom_kill(self) -> Signal | None:
        """The OOM killer's, however late its line is stamped: of a process that dies already the kernel tells no OOM kill
        (task_will_free_mem() in oom_kill_process(), mm/oom_kill.c)."""
        if self.death.number != KILL:
            return None
        told = (one for one in self.sent if one.origin == "oom" and one.number == KILL)
        return next((one for one in told if self.is_before(one.time, AT_ONCE)), None)

    def _is_joined(self) -> bool:
        return any(isinstance(one, Exit) and one.source in JOINED for one in self.death.tellings)

    def _fitting(self) -> list[Signal]:
        """The signals of its number at that time; its own only if nobody else sent one, for a handler sends again what
        it took."""
        found = [
            signal
            for signal in self.sent
            if signal.number == self.death.number
            and signal.outcome not in ENDS_NOTHING
            and self.is_before(signal.time, AT_ONCE, after=SECOND // 10)
        ]
        own = self.death.process.pid
        return [one for one in found if _sender(one) != own] or found


def _sender(signal: Signal) -> int | None:
    return None if signal.sender is None else signal.sender.pid


def case_of(death: Death, events: Iterable[Event], born: int | None = None) -> Case:
    """What concerns a death, picked from all events of its time. ``born``: the pid was another process's until then."""
    begin, end = death.time - BEFORE, death.time + BEFORE
    life = max(
        filter(None, (born, death.process.start and death.process.start - SECOND)), default=0
    )
    host = death.host
    near = tuple(
        without_failed(
            event
            for event in events
            if not isinstance(event, Series)
            and (time := event.time) is not None
            and begin <= time <= end
            and (host is None or event.host is None or event.host == host)
            and is_believed(event)
        )
    )
    process = death.process
    of_type: dict[type, list[Any]] = {
        kind: [] for kind in (Signal, Failed, Statement, Exec, *map(type, near))
    }
    for event in near:
        of_type[type(event)].append(event)
    said: list[Statement] = of_type[Statement]
    sent = [one for one in of_type[Signal] if is_one(one.target, process) and moment(one) > life]
    return Case(
        death=death,
        sent=tuple(sorted(_as_surely_told(sent, said), key=moment)),
        refused=tuple([one for one in of_type[Failed] if is_one(one.target, process)]),
        unit_says=tuple(
            [one for one in said if speaks_of_unit(one, process) and _is_of_one_manager(one, death)]
        ),
        process_says=tuple([one for one in said if is_one(one.about, process)]),
        execs=tuple(of_type[Exec]),
        near=near,
    )


def _as_surely_told(sent: list[Signal], said: Iterable[Statement]) -> list[Signal]:
    """Without those that programs' own words tell, where others tell of signals of that number."""
    heard = own_words(said) if sent[1:] else frozenset()
    surer = {one.number for one in sent if line_of(one) not in heard}
    return [one for one in sent if one.number not in surer or line_of(one) not in heard]


def is_one(one: Process | None, other: Process) -> bool:
    """Whether two are known to be one process: the same pid, and no start that says otherwise."""
    if one is None or key_of(one) is None or key_of(one) != key_of(other):
        return False
    return starts_fit(one.start, other.start)


def speaks_of_unit(said: Statement, process: Process) -> bool:
    """Whether something is said of the unit of a process, in the same run of it as far as both tell; or of its
    container."""
    about = said.about
    if about is None:
        return False
    is_of_container = is_container(about.container, process.container)
    if not is_of_container and (about.unit is None or about.unit != process.unit):
        return False
    if about.pid is not None and process.pid is not None and about.pid != process.pid:
        return False
    runs = about.invocation, process.invocation
    return None in runs or runs[0] == runs[1]


def is_of_a_user(process: Process) -> bool | None:
    """Whether a unit is one of a user's own manager: by its cgroup (user@.service(5)), or by the user whose manager speaks
    of it; None: not known."""
    if process.cgroup is not None:
        return b"/user@" in process.cgroup and not (process.unit or b"").startswith(b"user@")
    return True if process.uid and process.pid is None else None


def _is_of_one_manager(said: Statement, death: Death) -> bool:
    """Whether it is said by the manager whose unit the process was of, as far as both are known: the system's and a user's
    may have units of one name. A journal tells whose manager says how a process ended."""
    by, about = said.by, said.about
    if by is None or by.comm != b"systemd":
        return True
    if any(isinstance(one, Exit) and not is_of(one.process, by.pid) for one in death.tellings):
        return False
    if about is None or about.pid is not None:
        return True
    own = is_of_a_user(death.process)
    if own is None and any(one.source == "journal" for one in death.tellings):
        own = False
    of_user = bool(about.uid) if by.pid is None else by.pid != 1
    return own is None or own == of_user


def names(process: Process) -> frozenset[bytes]:
    """The names of a process by which a command line may mean it; those that many bear are none."""
    return frozenset(names_of(process)) - _COMMON


_COMMON = frozenset(
    (b"sh", b"bash", b"dash", b"python", b"python3", b"perl", b"node", b"java", b"init")
)
