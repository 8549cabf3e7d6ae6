"""What a journal is asked for, so that of all that tells of kills and deaths nothing is missed and little else read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from tracer.sources.journal.entry import Group, JournalEntry

if TYPE_CHECKING:
    from tracer.flow.filter import Filter
    from tracer.statements.row import Index, Table

# Who supervises processes of its own, and says what became of them. Nothing but the words tells its lines from others.
SUPERVISORS = (
    *(b"gunicorn", b"celery", b"postgres", b"postgresql", b"uwsgi", b"supervisord", b"unicorn", b"puma"),
    *(b"php-fpm", b"httpd", b"apache2", b"mysqld", b"mariadbd", b"redis-server", b"pm2", b"nginx"),
    *(b"slurmd", b"slurmstepd", b"runsv", b"s6-supervise"),
)  # fmt: skip
# Audit records that tell of a signal or an end (include/uapi/linux/audit.h): OBJ_PID, SECCOMP, LANDLOCK_ACCESS,
# ANOM_ABEND. The rest of their events has the same _AUDIT_ID.
AUDITED = (b"1318", b"1326", b"1423", b"1701")
# Around an end, all that its unit has written is read: so many ns, so many entries at most.
NEAR = 2_000_000_000
NEAR_MAX = 200
# An audit event's records: the kernel writes them at once.
_TOGETHER = 2_000_000_000
_IDS_MAX = 200


class Look(NamedTuple):
    """One more look into a journal; times in ns."""

    matches: Sequence[Group]
    since: int
    until: int
    limit: int


class Plan:
    """``matches`` are for the whole time that is asked for, ``more`` is what the entries found that way lead to."""

    def __init__(self, index: Index, filter_: Filter) -> None:
        self.matches = [*_telling(index), *_asked(filter_)]
        self._index = index
        self._ends = {
            id_
            for table in index.tables
            for row in table.rows
            if not {"died", "sent", "report"}.isdisjoint(row.makes) or row.what == "process exited"
            for id_ in (*row.ids, *row.funcs)
        }

    def more(self, entries: Iterable[JournalEntry]) -> Iterator[Look]:
        """Around these entries."""
        audited: dict[bytes, int] = {}
        ends: dict[bytes, list[int]] = {}
        for entry in entries:
            moment = entry.realtime_ns
            if moment is None:
                continue
            serial = entry.one("_AUDIT_ID")
            if serial is not None and entry.one("_TRANSPORT") == b"audit":
                audited[serial] = moment
            unit = self._ended(entry)
            if unit is not None:
                ends.setdefault(unit, []).append(moment)
        for unit, moments in ends.items():
            group: Group = {"_SYSTEMD_UNIT": unit}
            for since, until in _windows(moments):
                yield Look([group], since, until, NEAR_MAX)
        serials = list(audited)
        for at in range(0, len(serials), _IDS_MAX):
            some = serials[at : at + _IDS_MAX]
            times = [audited[serial] for serial in some]
            group = {"_AUDIT_ID": some, "_TRANSPORT": b"audit"}
            yield Look([group], min(times) - _TOGETHER, max(times) + _TOGETHER, 64 * len(some))

    def _ended(self, entry: JournalEntry) -> bytes | None:
        """The unit of which root tells that something of it ended: anybody else could send us looking for anything."""
        if entry.one("_UID") not in (None, b"0"):
            return None
        if not {entry.one("MESSAGE_ID"), entry.one("CODE_FUNC")}.isdisjoint(self._ends):
            for name in ("UNIT", "COREDUMP_UNIT"):
                unit = entry.one(name)
                if unit is not None:
                    return unit
        return None


def _windows(moments: list[int]) -> list[tuple[int, int]]:
    """The times around these; those that overlap are one."""
    found: list[tuple[int, int]] = []
    for moment in sorted(moments):
        since, until = moment - NEAR, moment + NEAR
        if found and since <= found[-1][1]:
            found[-1] = found[-1][0], until
        else:
            found.append((since, until))
    return found


def _telling(index: Index) -> Iterator[Group]:
    """What every row of every table can be found by."""
    yield {"MESSAGE_ID": index.message_ids}
    yield {"CODE_FUNC": index.functions}
    yield {"_TRANSPORT": b"kernel"}
    yield {"_TRANSPORT": b"audit", "_AUDIT_TYPE": AUDITED}
    names = sorted({name for table in index.tables for name in _speakers(table)} | {*SUPERVISORS})
    yield {"SYSLOG_IDENTIFIER": names}
    # Who names itself as it likes is found by what it is.
    yield {"_COMM": sorted({name[:15] for name in names})}


def _speakers(table: Table) -> Iterable[bytes]:
    """Who says something that has neither an id nor a function."""
    by_words = any(not (row.ids or row.funcs) for row in table.rows)
    return table.speakers or () if by_words and not table.untagged else ()


def _asked(filter_: Filter) -> Iterator[Group]:
    """All that the units and processes asked for have written: supervisors' lines, which no index knows, among it."""
    units = [
        value.text.encode(errors="surrogateescape")
        for value in filter_.values
        if value.kind == "unit" and not value.excluded and not set("*?[") & set(value.text)
    ]
    if units:
        names = [name for unit in units for name in (unit, unit + b".service")]
        yield {"_SYSTEMD_UNIT": names}
    pids = [
        b"%d" % term.pid
        for term in (*filter_.sender, *filter_.target, *filter_.either)
        if term.pid is not None and not term.excluded
    ]
    if pids:
        yield from ({"_PID": pids}, {"OBJECT_PID": pids}, {"COREDUMP_PID": pids})
