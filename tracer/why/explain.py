"""What a cause means in this case, in sentences: the numbers of an OOM, the address of a fault, what a status stands for."""

from __future__ import annotations

from tracer.model.event import Signal, Statement
from tracer.model.numbers import size_of_kb
from tracer.model.signals import LAST, NUMBERS, name_of
from tracer.model.text import plain, printable, shown
from tracer.model.times import SECOND, local_moment, span
from tracer.sinks.ends import place
from tracer.sinks.words import name
from tracer.why import reasons
from tracer.why.deaths import OF_A_SIGNAL
from tracer.why.finding import REQUESTS
from tracer.why.present import stop_timeout
from tracer.why.undated import is_by_order, is_dated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tracer.why.case import Case
    from tracer.why.finding import Finding

# is_sysrq_oom(), mm/oom_kill.c.
_BY_SYSRQ = -1
# enum oom_constraint, include/linux/oom.h: an OOM of some nodes of a host.
_OF_NODES = {"CPUSET": "its cpuset", "MEMORY_POLICY": "its memory policy"}
# What became of a signal that its target lived on with, and what keeps one from seeing it.
_SURVIVED = frozenset(("handled", "ignored", "blocked", "awaited"))
_HALTED = {"stopped": "it was stopped", "frozen": "its cgroup was frozen"}
KILL = NUMBERS["KILL"]
_DEFAULT_STOP = 90 * SECOND
_NEAR_NULL = 4096  # bytes: what is there belongs to the null pointer (mmap_min_addr, sysctl)


def explained(case: Case, found: Finding) -> tuple[str, ...]:
    """Sentences; none where there is nothing to say beyond the headline."""
    explain = _BY_CAUSE.get(found.cause)
    own = () if explain is None else explain(case, found)
    return (
        *own,
        *(() if found.signal is None else _of_the_signal(case, found.signal, found.cause)),
    )


def _of_the_signal(case: Case, signal: Signal, cause: str) -> Iterator[str]:
    """What it had survived before, and what kept it from seeing this one."""
    milder = signal.escalates
    if milder is not None and cause != "stop timeout":
        known = next((one for one in case.sent if one.id == milder.id), None)
        outcome = None if known is None else known.outcome
        went = f"it went on after {name_of(milder.number)} {span(milder.after_ns)} before"
        yield went + (f", which was {outcome}" if outcome in _SURVIVED else "")
    halted = _HALTED.get(signal.target_state or "")
    if halted is not None:
        yield f"{halted} when {name_of(signal.number)} came: it saw it when it went on"


def _statements(case: Case, found: Finding) -> Iterator[Statement]:
    """What is said of this process: as evidence, and beside it."""
    return (one for one in (*found.evidence, *case.process_says) if isinstance(one, Statement))


def _oom(case: Case, found: Finding) -> Iterator[str]:
    for said in _statements(case, found):
        if said.what != "oom report":
            continue
        details = said.details or {}
        limit, held = details.get("limit_kb"), details.get("anon_rss_kb")
        where = details.get("cgroup")
        if limit is not None:
            yield f"{_place_of(case, str(where or 'its cgroup'))} reached its limit of {size_of_kb(limit)}"
        elif details.get("order") == _BY_SYSRQ:
            yield "somebody asked for it with SysRq (order=-1), however much memory was left"
        elif (nodes := _OF_NODES.get(str(details.get("constraint")))) is not None:
            yield f"the memory nodes that {nodes} allows had none left"
        elif details.get("scope") == "host" or details.get("constraint") == "NONE":
            yield f"the host had no memory left{_free(details)}"
        if held is not None:
            yield f"the victim held {size_of_kb(held)}"
        invoker = None if details.get("order") == _BY_SYSRQ else details.get("invoker")
        comm = case.death.process.comm
        if invoker and (comm is None or plain(comm) != invoker):
            yield f"it was {printable(str(invoker))} that asked for more"
        return
    for one in found.evidence:
        if isinstance(one, Signal) and one.oom is not None and one.oom.scope is not None:
            cgroup = one.oom.cgroup
            reached = f"{_place_of(case, plain(cgroup))} reached its limit" if cgroup else None
            yield reached or "the host had no memory left"


def _place_of(case: Case, cgroup: str) -> str:
    """What a cgroup is: the container of who died, a unit, or its path."""
    container = case.death.process.container
    if container and plain(container) in cgroup:
        return place(case.death.process) or "its container"
    last = cgroup.rstrip("/").rpartition("/")[2]
    return printable(last if last.endswith((".service", ".scope", ".slice")) else cgroup)


def _free(details: Mapping[str, object]) -> str:
    """What was left, as the kernel's report has it: some is never given away (vm.min_free_kbytes)."""
    parts = {"free_kb": "{}", "free_swap_kb": "{} of swap"}
    told = [
        words.format(size_of_kb(details[name])) for name, words in parts.items() if name in details
    ]
    return f" ({' and '.join(told)} free)" if told else ""


def _crash(case: Case, found: Finding) -> Iterator[str]:
    signal = found.signal
    address = None if signal is None else signal.address
    where = access = ""
    for said in _statements(case, found):
        details = said.details or {}
        text = details.get("address")
        if address is None and text is not None:
            address = int(str(text), 16) if _is_hex(str(text)) else None
        if details.get("file"):
            offset = str(details.get("file_offset", ""))
            where = f" in {printable(str(details['file']))}" + (
                f"+{int(offset, 16):#x}" if _is_hex(offset) else _into_the_mapping(details)
            )
        access = _access(details) or access
    at = _AT_INSTRUCTION.get(case.number or 0)
    if address is not None and at is not None:
        yield f"{at} at address {address:#x}{where}; nobody sent the signal"
    elif address is not None:
        null = (
            ""
            if address >= _NEAR_NULL
            else f" (a null pointer{' and an offset' if address else ''})"
        )
        yield f"{access or 'it used'} address {address:#x}{null}{where}; nobody sent the signal"
    elif signal is not None and signal.origin == "fault":
        yield "its own fault; nobody sent the signal"


def _into_the_mapping(details: Mapping[str, object]) -> str:
    """Where the instruction stands in what is mapped there: which part of the file that is, older kernels do not say
    (print_vma_addr(), mm/memory.c)."""
    ip, base = (str(details.get(name, "")) for name in ("ip", "file_base"))
    if not (_is_hex(ip) and _is_hex(base)) or int(ip, 16) < int(base, 16):
        return ""
    return f" ({int(ip, 16) - int(base, 16):#x} into that mapping)"


# Of these si_addr is where the instruction stands (sigaction(2)), not what it used.
_AT_INSTRUCTION = {
    NUMBERS["FPE"]: "a wrong calculation (a division by zero, as a rule)",
    NUMBERS["ILL"]: "an instruction that the processor does not know,",
    NUMBERS["TRAP"]: "a breakpoint or trap",
}


def _access(details: Mapping[str, object]) -> str:
    """What a page fault was, by x86's error code (enum x86_pf_error_code, arch/x86/include/asm/trap_pf.h)."""
    error = str(details.get("error", ""))
    if details.get("kind") != "segfault" or not _is_hex(error):
        return ""
    bits = int(error, 16)
    return "it executed" if bits & 16 else "it wrote to" if bits & 2 else "it read"


def _is_hex(text: str) -> bool:
    try:
        int(text, 16)
    except ValueError:
        return False
    return True


def _stop_timeout(case: Case, found: Finding) -> Iterator[str]:
    asked = [one for one in found.evidence if isinstance(one, Signal) and one.number != KILL]
    limit = stop_timeout(case)
    if not asked:
        yield _patience(case, found, limit)
    elif asked[0].outcome in ("handled", "awaited"):
        yield f"it took {name_of(asked[0].number)}, and went on"
    elif asked[0].outcome in ("ignored", "blocked"):
        it = "it ignored {}" if asked[0].outcome == "ignored" else "it had {} blocked"
        yield it.format(name_of(asked[0].number))
    if limit is not None:
        yield f"TimeoutStopSec={printable(limit)}"


def _patience(case: Case, found: Finding, limit: str | None) -> str:
    """When its manager began to stop it; of systemd that is known where a log is silent, as far as the default holds
    (DefaultTimeoutStopSec=, systemd-system.conf(5))."""
    time, unit = case.death.time, case.death.process.unit
    stop, manager = case.said("stop asked"), _manager(found)
    if stop is not None and stop.time is not None and not is_by_order(stop.time):
        at = f" at {_clock(stop.time)}" if is_dated(stop.time) else ""
        return f"{manager} began to stop it{at}; {span(time - stop.time)} later it still ran"
    still = f"{manager} was stopping it, and it still ran when the time for that was over"
    if limit is not None or unit is None or case.death.process.container is not None:
        return still
    if stop is not None or not is_dated(time):
        return still
    began = _clock(time - _DEFAULT_STOP)
    return (
        f"{still}; when the stop began is not told: at {began}, if systemd's default of 90 s holds"
    )


def _manager(found: Finding) -> str:
    sender = None if found.who is None else found.who.sender
    known = sender is not None and sender.comm is not None and sender.pid != 1
    return shown(sender.comm) if known and sender is not None and sender.comm else "systemd"


def _clock(moment: int) -> str:
    return local_moment(moment).rpartition(" ")[2].partition(".")[0]


def _exit(case: Case, _found: Finding) -> Iterator[str]:
    status = case.death.status
    if status is not None and OF_A_SIGNAL < status <= OF_A_SIGNAL + LAST:
        number = status - OF_A_SIGNAL
        name = name_of(number)
        own = (
            f"a program exits with that {name} asked to end, or what " if number in REQUESTS else ""
        )
        yield f"status {status} is what {own}a shell reports when a child of it died of {name}"
    meaning = _OF_SYSTEMD.get(status or 0)
    if meaning is not None and case.death.process.unit is not None:
        yield f"status {status} is systemd's where {meaning}, or the program's own"


# systemd.exec(5), "Process Exit Codes": what went wrong between fork and exec.
_OF_SYSTEMD = {
    200: "it could not change to the working directory (CHDIR)",
    203: "it could not execute the program (EXEC)",
    208: "it could not set up standard input (STDIN)",
    209: "it could not set up standard output (STDOUT)",
    216: "it could not take the group (GROUP)",
    217: "it could not find or take the user (USER)",
    218: "it could not set the capabilities (CAPABILITIES)",
    219: "it could not enter the cgroup (CGROUP)",
    226: "it could not set up the namespaces (NAMESPACE)",
    238: "it could not make the state directory (STATE_DIRECTORY)",
}


def _terminal(case: Case, found: Finding) -> Iterator[str]:
    key = _KEYS.get(case.number or 0)
    if key is not None and found.signal is not None and found.signal.origin == "tty":
        yield key


_KEYS = {
    NUMBERS["INT"]: "its terminal was given its key for that (Ctrl-C), by a person or a program",
    NUMBERS["QUIT"]: "its terminal was given its key for that (Ctrl-\\), by a person or a program",
    NUMBERS["HUP"]: "its terminal went away, or was closed",
}


def _parent_death(case: Case, found: Finding) -> Iterator[str]:
    parent = None if found.signal is None else found.signal.sender
    if parent is not None and found.signal is not None and found.signal.number is not None:
        sent = name_of(found.signal.number)
        yield f"{name(parent)} ended; the process had asked to be sent {sent} then (PR_SET_PDEATHSIG)"


def _kernel(case: Case, found: Finding) -> Iterator[str]:
    """What the record of the signal leaves over (docs/origins.md)."""
    origin = None if found.signal is None else found.signal.origin
    if origin == "async io":
        yield "input or output was ready that it had asked to be told of, and it did not handle the signal"
    elif origin == "kernel":
        yield "no process sent it, and it was not the OOM killer; SysRq, a driver or a BPF program may have"


_BY_CAUSE: dict[str, Callable[[Case, Finding], Iterator[str]]] = {
    "oom": _oom,
    "crash": _crash,
    "stop timeout": _stop_timeout,
    "exit": _exit,
    "terminal": _terminal,
    "kernel": _kernel,
    "parent death": _parent_death,
    "watchdog": reasons.watchdog,
    "user oom killer": reasons.guard,
    "seccomp": reasons.seccomp,
}
