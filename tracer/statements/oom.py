"""The kernel's OOM report: many lines, one event with its numbers (mm/oom_kill.c, dump_header() and oom_kill_process();
mm/memcontrol.c, mem_cgroup_print_oom_meminfo()).

Lines of others may stand between them, some may be missing. The process that found no memory (the invoker) is never
taken for the victim: only "Killed process" names that.
"""

from __future__ import annotations

from tracer.model.event import Oom, Place, Process, Signal
from tracer.model.frozen import replace
from tracer.model.memo import Bounded
from tracer.statements.make import KILL, Making, integer, process_of, statement, unit_of, value_of
from tracer.statements.row import Row, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tracer.lines.entry import Entry
    from tracer.statements.make import Told
    from tracer.statements.row import Found, Groups

OPEN_MAX = 256  # hosts of which a report may be open: the kernel writes one at a time (oom_lock)
PLACES_MAX = 12
STALE = 60_000_000_000  # ns after which a report that has not ended never will
TOGETHER = 2_000_000_000  # ns between two of the victims that are killed with all of their cgroup
_HOST = b"Out of memory"
_CGROUP = b"Memory cgroup out of memory"
_M = rb"(?:(?P<scope>" + _CGROUP + rb"|Out of [Mm]emory)(?: \([\w ]+\))?: )?"
_SIZES = rb"total-vm:(?P<total_vm_kb>\d+)kB,\s+anon-rss:(?P<anon_rss_kb>\d+)kB,\s+file-rss:(?P<file_rss_kb>\d+)kB(?:,\s+shmem-rss:(?P<shmem_rss_kb>\d+)kB)?,?(?:\s+UID:(?P<uid_>\d+))?(?:\s+pgtables:(?P<pgtables_kb>\d+)(?:kB)?)?(?:\s+oom_score_adj:(?P<oom_score_adj>-?\d+))?.*"
_UID = rb"(?:, UID (?P<uid>\d+),?)?"


def _part(part: str, pattern: bytes, literal: bytes, versions: str) -> Row:
    return Row("oom report", pattern, literal, ("report",), fixed={"part": part}, versions=versions)


_ROWS = (
    _part("invoked", rb"(?P<comm>.{1,64}?) invoked oom-killer: gfp_mask=(?P<gfp_mask>0x[0-9a-f]+(?:\([\w|]*\))?)(?:,\s+nodemask=[^,]*)?,\s+order=(?P<order>-?\d+),\s+oom_(?:score_)?adj=(?P<oom_score_adj>-?\d+)", b" invoked oom-killer: ", "v2.6.2x+"),
    _part("invoked", rb"(?P<comm>.{1,64}?) invoked oom-killer: .*", b" invoked oom-killer: ", "cut lines, other forms"),
    _part("caller", rb"CPU: \d+ (?:UID: \d+ )?PID: (?P<pid>\d+) Comm: (?P<comm>.*?)(?: Kdump:| Not tainted| Tainted:).*", b" Comm: ", "v3.9+"),
    _part("caller", rb"Pid: (?P<pid>\d+), comm: (?P<comm>.*?)(?: Not tainted| Tainted:).*", b", comm: ", "up to v3.8"),
    _part("limit", rb"Task in (?P<task_cgroup>\S+) killed as a result of limit of (?P<cgroup>\S+)", b" killed as a result of limit of ", "up to v4.20"),
    _part("usage", rb"memory: usage (?P<usage_kb>\d+)kB, limit (?P<limit_kb>\d+)kB, failcnt \d+.*", b", failcnt ", "v2.6.3x+"),
    _part("swap", rb"(?:memory\+swap|swap): usage (?P<swap_usage_kb>\d+)kB, limit (?P<swap_limit_kb>\d+)kB, failcnt \d+.*", b", failcnt ", "v2.6.3x+"),
    # show_free_areas(), mm/page_alloc.c (show_mem.c since v6.5): of a host's report alone, a line for each zone.
    _part("zone", rb"(?:Node \d+ )?\w+ free:(?P<free_kb>\d+)kB (?:boost:\d+kB )?min:\d+kB low:.*", b"kB low:", "v2.6.3x+"),
    _part("swap space", rb"Free swap\s+= (?P<free_swap_kb>\d+)kB", b"Free swap ", "v2.6.3x+"),
    _part("summary", rb"oom-kill:constraint=(?:CONSTRAINT_)?(?P<constraint>\w+),nodemask=[^,]*(?:,cpuset=(?P<cpuset>[^,]*))?(?:,mems_allowed=(?P<mems_allowed>[\d,-]*?))?(?:,(?P<global>global_oom)|,oom_memcg=(?P<cgroup>.*?))?(?:,task_memcg=(?P<task_cgroup>.*?))?,task=(?P<comm>.*),pid=(?P<pid>\d+),uid=(?P<uid>\d{1,10})", b"oom-kill:constraint=", "v5.0+"),
    _part("intent", _M + rb"Kill process (?P<pid>\d+) \((?P<comm>.*)\) score (?P<score>\d+)(?: or\s+sacrifice child)?.*", b"Kill process ", "v2.6.3x-v5.0"),
    _part("killed", _M + rb"Killed process (?P<pid>\d+) \((?P<comm>.*)\)" + _UID + rb",?\s+" + _SIZES, b"Killed process ", "v2.6.3x+"),
    _part("killed", _M + rb"Killed process (?P<pid>\d+), UID (?P<uid>\d+), \((?P<comm>.*)\)\.?,?\s+" + _SIZES.replace(b"uid_>", b"uid__>"), b"Killed process ", "RHEL 6"),
    _part("killed", _M + rb"Killed process (?P<pid>\d+) \((?P<comm>.*)\)(?:\.*|[\s,.].*)", b"Killed process ", "old, cut"),
    _part("group", rb"Tasks in (?P<cgroup>\S+) are going to be killed due to memory\.oom\.group set", b"memory.oom.group set", "v4.19+"),
    Row("oom reaped", rb"oom_reaper: reaped process (?P<pid>\d+) \((?P<comm>.*)\),? now\s+anon-rss:(?P<anon_rss_kb>\d+)kB,\s+file-rss:(?P<file_rss_kb>\d+)kB(?:,\s+shmem-rss:(?P<shmem_rss_kb>\d+)kB?)?", b"oom_reaper: reaped process ", versions="v4.6+"),
    Row("oom reaped", rb"oom_reaper: reaped process (?P<pid>\d+) \((?P<comm>.*)\).*", b"oom_reaper: reaped process ", versions="cut"),
    Row("oom victim exiting", rb"(?:" + _M + rb")?OOM victim (?P<pid>\d+) \((?P<comm>.*)\) is already exiting\. Skip killing the task", b"OOM victim ", versions="v5.0+"),
    Row("oom without victim", rb"(?:Out of memory and no killable processes\.\.\.|(?:Memory cgroup out of memory|Out of memory): no killable process.*)", b"no killable process", versions="all"),
)  # fmt: skip

TABLE = Table(
    "kernel OOM",
    _ROWS,
    speakers=frozenset((b"kernel",)),
    proof={b"_TRANSPORT": frozenset((b"kernel",))},
    untagged=True,
)

_SCOPES = {_HOST: "host", b"Out of Memory": "host", _CGROUP: "cgroup"}  # the second up to v2.6.17
# What a part has for the report, by its group's name there; comm and pid of these parts are not the victim's.
_RENAMED = {
    "invoked": {"comm": "invoker", "oom_score_adj": "invoker_oom_score_adj"},
    "caller": {"comm": "invoker", "pid": "invoker_pid"},
    "intent": {"comm": "chosen", "pid": "chosen_pid"},
}


# What is no detail, but whom it meets, and where.
_NO_DETAILS = frozenset(("pid", "comm", "uid", "global", "scope"))
# What tells of the host, and not of whom it meets.
_OF_THE_HOST = frozenset(("zone", "swap space"))


class Report:
    """One that has begun: what was read of it, in details' names, and where."""

    def __init__(self, making: Making) -> None:
        self.first = making
        self.parts: dict[str, Groups] = {}
        self.places: list[Place] = []

    def add(self, part: str, making: Making) -> None:
        if part == "zone" and part in self.parts:
            # A host's free memory is that of all its zones.
            free = [integer(some.get("free_kb", b"")) for some in (self.parts[part], making.groups)]
            known = [one for one in free if one is not None]
            self.parts[part] = {"free_kb": b"%d" % sum(known)} if known == free else {}
        self.parts.setdefault(part, making.groups)
        if part in _OF_THE_HOST:
            return
        place = making.entry.place
        if place is not None and len(self.places) < PLACES_MAX:
            self.places.append(place)

    def is_stale(self, entry: Entry) -> bool:
        """Whether the entry comes too late to be of it."""
        return _are_apart(self.first.entry, entry, STALE)


class Reports:
    """Puts the lines together. At most one report a host is open, and so many hosts are remembered."""

    def __init__(self) -> None:
        self._open: dict[bytes | None, Report] = {}
        # Whose limit the last victim fell to; and where all tasks of its cgroup follow it, the last of them: these have
        # no report of their own (oom_kill_process(), mm/oom_kill.c), and the cgroup's may be another's limit, or the host's.
        self._limits: Bounded[bytes | None, dict[str, Any]] = Bounded(OPEN_MAX)
        self._group: Bounded[bytes | None, tuple[Entry, dict[str, Any]]] = Bounded(OPEN_MAX)

    def feed(self, entry: Entry, found: Found, source: str) -> list[Told]:
        """Take a line; the events that are complete with it."""
        part = str((found.row.fixed or {})["part"])
        making = Making(entry, found, source)
        if not making.rightful:
            return [statement(making, "oom report", making.about, _details({part: making.groups}))]
        host = entry.host
        report = self._open.get(host)
        told: list[Told] = []
        if report is not None and (report.is_stale(entry) or (part == "invoked" and report.parts)):
            told = self._ended(self._open.pop(host))
            report = None
        if part == "killed":
            return [*told, *self._killed(making, self._open.pop(host, None))]
        if part == "group":
            self._group[host] = entry, self._limits.get(host, {})
            return [*told, statement(making, "oom group", making.about, {})]
        if part in ("caller", "usage", "swap", "limit", *_OF_THE_HOST) and report is None:
            return told  # Any oops has such a line.
        if part == "caller" and report is not None and not _is_invoker(report, making.groups):
            return told
        if part == "invoked":
            self._group.pop(host, None)
        if report is None:
            if len(self._open) >= OPEN_MAX:
                told += self._ended(self._open.pop(next(iter(self._open))))
            report = self._open[host] = Report(making)
        report.add(part, making)
        return told

    def end(self) -> list[Told]:
        """Reports whose victim never came: cut logs."""
        reports = list(self._open.values())
        self._open.clear()
        return [event for report in reports for event in self._ended(report)]

    def _killed(self, making: Making, report: Report | None) -> list[Told]:
        parts = dict(report.parts) if report is not None else {}
        if parts.get("summary", {}).get("pid", making.groups["pid"]) != making.groups["pid"]:
            parts = {}  # Of another victim: what stood between is missing.
        parts["killed"] = making.groups
        details = _details(parts)
        host, limit = making.entry.host, None if report else self._limit_of_group(making, details)
        if limit is None:
            self._limits[host] = {name: details[name] for name in ("scope", "cgroup") if name in details}  # fmt: skip
            self._group.pop(host, None)
        else:
            details.update(limit, group=True)
            self._group[host] = making.entry, limit
        summary = parts.get("summary", {})
        victim = _victim(making, summary, parts.get("limit", {}))
        places = (*(report.places if report and len(parts) > 1 else ()), *filter(None, (making.entry.place,)))  # fmt: skip
        said = statement(making, "oom report", victim, details)
        said = replace(said, number=KILL, place=places[0] if places else None, places=places if places[1:] else ())  # fmt: skip
        return [said, *_signal(making, victim, details)]

    def _ended(self, report: Report) -> list[Told]:
        """What is known of a report without "Killed process": nobody is said to be dead."""
        what = "oom invoked" if report.parts.keys() <= {"invoked", "caller", "usage", "swap", "limit", *_OF_THE_HOST} else "oom report"  # fmt: skip
        summary = report.parts.get("summary", {})
        about = process_of({k: v for k, v in summary.items() if k in ("pid", "comm", "uid")})
        details = _details(report.parts)
        if what == "oom report":
            details["killed"] = False
        said = statement(report.first, what, about, details)
        places = tuple(report.places)
        return [replace(said, places=places if places[1:] else ())]

    def _limit_of_group(self, making: Making, details: dict[str, Any]) -> dict[str, Any] | None:
        """Whose limit a victim without a report fell to, if it is killed with all of its cgroup: {} if that is not
        known. All of these are told with the same words."""
        entry = making.entry
        last, limit = self._group.get(entry.host, (None, {}))
        if last is None or _are_apart(last, entry, TOGETHER):
            return None
        words = details.get("scope")
        return limit if words is None or limit.get("scope", words) == words else None


def _are_apart(one: Entry, other: Entry, most: int) -> bool:
    """Whether more ns than that lie between two entries, as far as they tell."""
    for begun, now in ((one.time, other.time), (one.since_boot, other.since_boot)):
        if begun is not None and now is not None:
            return abs(now - begun) > most
    return False


def _is_invoker(report: Report, caller: Groups) -> bool:
    return report.parts.get("invoked", {}).get("comm", b"")[:15] == caller["comm"][:15]


def _details(parts: dict[str, Groups]) -> dict[str, Any]:
    """The numbers of all parts under the names of WHATS."""
    details: dict[str, Any] = {}
    for part, groups in parts.items():
        names = _RENAMED.get(part, {})
        for group, part_ in groups.items():
            name = names.get(group, group)
            value = None if name in _NO_DETAILS else value_of(name, part_)
            if value is not None:
                details.setdefault(name, value)
    scope = _scope(parts)
    if scope is not None:
        details["scope"] = scope
    return details


def _scope(parts: dict[str, Groups]) -> str | None:
    summary = parts.get("summary", {})
    if "cgroup" in summary or "limit" in parts:
        return "cgroup"
    if "global" in summary:
        return "host"
    for part in ("killed", "intent"):
        scope = _SCOPES.get(parts.get(part, {}).get("scope", b""))
        if scope is not None:
            return scope
    return None


def _victim(making: Making, summary: Groups, limit: Groups) -> Process:
    cgroup = summary.get("task_cgroup") or limit.get("task_cgroup")
    about = making.about or Process()
    return replace(
        about,
        cgroup=cgroup,
        unit=None if cgroup is None else unit_of(cgroup),
        uid=integer(summary.get("uid", b"")) if about.uid is None else about.uid,
    )


def _signal(making: Making, victim: Process, details: dict[str, Any]) -> list[Told]:
    invoker = details.get("invoker")
    cgroup = details.get("cgroup")
    return [
        Signal(
            making.entry.time,
            making.id("signal-9"),
            making.source,
            KILL,
            origin="oom",
            target=victim,
            current=None if invoker is None else Process(pid=details.get("invoker_pid"), comm=str(invoker).encode()),
            oom=Oom(details.get("scope"), None if cgroup is None else str(cgroup).encode()),
            **making.common(),
        )
    ]  # fmt: skip
