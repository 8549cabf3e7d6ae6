"""What this kernel and this user can do: each check a small function, all of them in one table."""

from __future__ import annotations

import mmap
import os
from pathlib import Path
from typing import Callable

from tracer.doctor import audit_checks, recorder_checks
from tracer.doctor.finding import MISSING, OK, REFUSED, Finding
from tracer.flow.kernel_filter import KernelFilter
from tracer.host import procfs, tracefs
from tracer.host.btf import BTF
from tracer.host.privileges import (
    CAPABILITIES,
    has_capability,
    in_first_namespace,
    lacking,
    restriction,
)
from tracer.model import errors
from tracer.model.errors import Problem
from tracer.model.frozen import frozen
from tracer.model.text import wrapped
from tracer.sources.abilities import SOURCES, unseen
from tracer.sources.wanted import Wanted

LOGS = ("/var/log/audit/audit.log", "/var/log/kern.log", "/var/log/syslog", "/var/log/messages")
_NEEDED = (
    "CAP_BPF",
    "CAP_PERFMON",
    "CAP_NET_ADMIN",
    "CAP_SYSLOG",
    "CAP_AUDIT_CONTROL",
    "CAP_AUDIT_READ",
)
_NOTHING = Wanted(KernelFilter(frozenset(), frozenset()), 1 << 16)


# What a problem says of the command that was typed.
_AS_ROOT = "sudo sigtrace doctor"
# Columns without which what a check has found does not stay beside its name.
_BESIDE = 40


@frozen
class Check:
    """``group`` is a source, or "host" or "replay"; the one named ``decides`` opens its source."""

    group: str
    name: str
    finding: Finding


def kernel() -> Finding:
    system = os.uname()
    return Finding(OK, f"{system.sysname} {system.release} {system.machine}")


def capabilities() -> Finding:
    missing = lacking(*_NEEDED)
    if missing:
        return Finding(REFUSED, f"without {', '.join(missing)}", _AS_ROOT)
    held = [name for name in CAPABILITIES if has_capability(name)]
    return Finding(OK, ", ".join(held))


def lockdown() -> Finding:
    try:
        text = Path("/sys/kernel/security/lockdown").read_text().strip()
    except OSError:
        return Finding(OK, "none that can be seen")
    if "[confidentiality]" in text:
        return Finding(
            REFUSED, f"{text}: BPF may not read the kernel", "boot without lockdown=confidentiality"
        )
    return Finding(OK, text)


def unprivileged_bpf() -> Finding:
    words = {"0": "everybody may", "1": "only root may, until reboot", "2": "only root may"}
    try:
        value = Path("/proc/sys/kernel/unprivileged_bpf_disabled").read_text().strip()
    except OSError:
        return Finding(MISSING, "this kernel has no bpf(2)", "sigtrace --source audit")
    return Finding(OK, f"kernel.unprivileged_bpf_disabled={value}: {words.get(value, 'unknown')}")


def container() -> Finding:
    found = restriction()
    if "user namespace" in found:
        return Finding(REFUSED, found, "run it on the host")
    seccomp = (procfs.read(os.getpid(), "status") or b"").splitlines()
    if b"Seccomp:\t2" in seccomp:
        return Finding(
            REFUSED,
            "a seccomp filter applies, and may forbid bpf(2)",
            "run it on the host, or --security-opt seccomp=unconfined --cap-add BPF,PERFMON",
        )
    if not in_first_namespace("pid"):
        return Finding(
            REFUSED, "a pid namespace: other processes cannot be looked up", "docker run --pid=host"
        )
    return Finding(OK, "neither a user or pid namespace nor a seccomp filter")


def btf() -> Finding:
    if not os.path.exists(BTF):
        return Finding(MISSING, f"{BTF}: CO-RE needs it", "sigtrace --source bcc")
    if not os.access(BTF, os.R_OK):
        return Finding(REFUSED, f"{BTF} cannot be read", f"chmod a+r {BTF}")
    return Finding(OK, f"{BTF}, {os.stat(BTF).st_size >> 10} KiB")


def libbpf() -> Finding:
    from tracer.libbpf.library import SONAME, open_library
    from tracer.sources.core.opening import needs_library

    try:
        version = open_library().libbpf_version_string()
    except Problem:
        if needs_library():
            raise
        return Finding(OK, "not installed, and this kernel does without")
    return Finding(OK, f"{SONAME} {version.decode()}")


def program() -> Finding:
    from tracer.libbpf.object import OpenObject
    from tracer.sources.core.opening import OBJECT, needs_library

    if not os.path.exists(OBJECT):
        return Finding(MISSING, f"{OBJECT} is not built", "make build (or reinstall sigtrace)")
    if needs_library():
        OpenObject(OBJECT, listen=True)
    return Finding(OK, OBJECT)


def ring_buffer() -> Finding:
    from tracer.libbpf.calls import MAP_TYPE_RINGBUF, create_map

    try:
        os.close(create_map(MAP_TYPE_RINGBUF, b"", 0, 0, mmap.PAGESIZE))
    except PermissionError:
        if not in_first_namespace("user"):
            return Finding(REFUSED, "cannot be tried in a user namespace", "run it on the host")
        return Finding(REFUSED, "cannot be tried without CAP_BPF", _AS_ROOT)
    except OSError:
        why = "this kernel has none (they came with v5.8)"
        return Finding(MISSING, why, "sigtrace --source bcc")
    return Finding(OK, "this kernel has them")


def core_works() -> Finding:
    from tracer.host.processes import Processes
    from tracer.sources.core.source import BpfSource

    BpfSource(_NOTHING, Processes()).close()
    return Finding(OK, "the programs load and attach")


def bcc_module() -> Finding:
    from tracer.sources.bcc.source import real_bcc

    bcc = real_bcc()
    return Finding(OK, f"{bcc.__file__} {getattr(bcc, '__version__', '')}".strip())


def tracefs_place() -> Finding:
    place = tracefs.place()
    if place:
        return Finding(OK, str(place))
    mount = "mount -t tracefs tracefs /sys/kernel/tracing"
    if has_capability("CAP_SYS_ADMIN") and in_first_namespace("user"):
        if tracefs.can_be_mounted():
            return Finding(MISSING, "not mounted; --source bcc mounts it for itself", mount)
        return Finding(
            REFUSED, "not mounted; --source bcc is refused a mount of its own here", mount
        )
    return Finding(REFUSED, "not mounted or not readable", f"sudo {mount}")


def bcc_works() -> Finding:
    from tracer.sources.bcc.source import BccSource

    BccSource(_NOTHING).close()
    return Finding(OK, "its program compiles, loads and attaches, without kernel headers")


def connector() -> Finding:
    from tracer.host.process_connector import Exits

    try:
        Exits().close()
    except OSError as error:
        return Finding(
            REFUSED,
            f"the process connector: {error.strerror}; deaths are not seen",
            _AS_ROOT,
        )
    return Finding(OK, "the process connector tells deaths")


def logs() -> Finding:
    there = [path for path in LOGS if os.path.exists(path)]
    readable = [path for path in there if os.access(path, os.R_OK)]
    if readable:
        return Finding(OK, ", ".join(readable))
    if there:
        return Finding(REFUSED, ", ".join(there), f"sudo sigtrace replay {there[0]}")
    return Finding(MISSING, f"none of {', '.join(LOGS)}", "sigtrace replay FILE, of any host")


CHECKS: tuple[tuple[str, str, Callable[[], Finding]], ...] = (
    ("host", "kernel", kernel),
    ("host", "capabilities", capabilities),
    ("host", "lockdown", lockdown),
    ("host", "bpf(2)", unprivileged_bpf),
    ("host", "container", container),
    ("core", "BTF", btf),
    ("core", "libbpf", libbpf),
    ("core", "BPF program", program),
    ("core", "ring buffers", ring_buffer),
    ("core", "works", core_works),
    ("bcc", "module", bcc_module),
    ("bcc", "tracefs", tracefs_place),
    ("bcc", "deaths", connector),
    ("bcc", "works", bcc_works),
    ("audit", "auditing", audit_checks.status),
    ("audit", "auditd", audit_checks.auditd),
    ("audit", "backlog", audit_checks.backlog),
    ("audit", "orphans", audit_checks.orphans),
    ("audit", "rules", audit_checks.rules),
    ("audit", "hiding", audit_checks.hiding),
    ("audit", "lock", audit_checks.locked),
    ("audit", "boot", audit_checks.boot),
    ("audit", "works", audit_checks.works),
    ("replay", "logs", logs),
    ("record", "recorder", recorder_checks.recorder),
    ("record", "holds", recorder_checks.holds),
    ("record", "lost", recorder_checks.lost),
)


def examine() -> list[Check]:
    """Every check, in order; one that fails says why."""
    return [Check(group, name, _tried(probe)) for group, name, probe in CHECKS]


def _tried(probe: Callable[[], Finding]) -> Finding:
    try:
        return probe()
    except Problem as problem:
        state = {errors.REFUSED: REFUSED, errors.MISSING: MISSING}[problem.kind]
        return Finding(state, problem.why, problem.try_.replace(errors.AS_ROOT, _AS_ROOT))
    except OSError as error:
        return Finding(MISSING, str(error), "sigtrace doctor, as root")


def best(checks: list[Check]) -> str | None:
    """The source that --source auto would use, None for none."""
    working = {
        check.group for check in checks if check.name == "works" and check.finding.state == OK
    }
    return next((source for source in SOURCES if source in working), None)


def to_object(checks: list[Check]) -> dict[str, object]:
    """All of it for --json."""
    source = best(checks)
    return {
        "v": 1,
        "checks": [
            {
                "group": check.group,
                "name": check.name,
                "state": check.finding.state,
                "text": check.finding.text,
                **({"try": check.finding.try_} if check.finding.try_ else {}),
            }
            for check in checks
        ],
        "live": source is not None,
        **({"source": source, "unseen": unseen(source)} if source else {}),
    }


def render(checks: list[Check], width: int | None = None) -> str:
    """A line for each check, or as many as it takes where there are ``width`` columns; then what ``auto`` would do."""
    lines = [line for check in checks for line in _lines(check, width)]
    last = _verdict(best(checks))
    return "\n".join([*lines, "", *(wrapped(last, width) if width else [last])]) + "\n"


def _lines(check: Check, width: int | None) -> list[str]:
    finding = check.finding
    head = f"{finding.state:<14}{check.group:<8}{check.name:<14}"
    mend = f"try: {finding.try_}" if finding.try_ else ""
    if width is None:
        return [f"{head}{finding.text}{mend and '  '}{mend}"]
    room = width - len(head)
    if room >= max(_BESIDE, *map(len, finding.text.split(" "))):
        indent, above = " " * len(head), []
    else:
        indent, above, head = " " * 4, [head.rstrip()], " " * 4
    text = wrapped(finding.text, width, head, indent)
    return above + text + (wrapped(mend, width, indent, f"{indent}  ") if mend else [])


def _verdict(source: str | None) -> str:
    if source is None:
        return (
            "live tracing does not work here; sigtrace replay reads logs of this or any other host"
        )
    missing = unseen(source)
    less = f"; it does not see in full: {', '.join(missing)}" if missing else ""
    return f"live tracing works: --source auto uses {source}{less}"
