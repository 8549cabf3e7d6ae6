"""doctor's checks of the kernel's audit: is it on, who reads it, what do its rules show and hide."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tracer.doctor.finding import MISSING, OK, REFUSED, Finding
from tracer.host import procfs
from tracer.model.text import shown

if TYPE_CHECKING:
    from tracer.sources.audit.link import Status
    from tracer.sources.audit.rule import Rule

_INSTALL_RULES = "sigtrace audit-rules > /etc/audit/rules.d/50-sigtrace.rules && augenrules --load"


def _audit() -> tuple[Status, list[Rule]]:
    from tracer.sources.audit import source as audit_live
    from tracer.sources.audit.link import Link

    audit_live.preflight()
    try:
        link = Link()
        try:
            return link.status(), link.rules()
        finally:
            link.close()
    except OSError as error:
        raise audit_live.refusal(error) from None


def status() -> Finding:
    now, _ = _audit()
    words = {0: "off; a live trace turns it on and off again", 1: "on", 2: "on, settings locked"}
    return Finding(OK, words.get(now.enabled, str(now.enabled)))


def auditd() -> Finding:
    now, _ = _audit()
    if not now.pid:
        return Finding(
            MISSING,
            "not running: nothing is kept for a later sigtrace replay",
            "apt-get install auditd; systemctl start auditd",
        )
    comm = procfs.read(now.pid, "comm", b"\n") or b"?"
    return Finding(OK, f"{shown(comm)}[{now.pid}]")


def backlog() -> Finding:
    now, _ = _audit()
    text = f"limit {now.backlog_limit:,}, now {now.backlog:,}; {now.lost:,} lost since boot"
    if now.rate_limit:
        return Finding(REFUSED, f"{text}; {now.rate_limit} records a second", "auditctl -r 0")
    return Finding(OK, text) if not now.lost else Finding(MISSING, text, "auditctl -b 8192")


def rules() -> Finding:
    from tracer.sources.audit.mark import theirs
    from tracer.sources.audit.rule import missing_calls, narrowed

    others = theirs(_audit()[1])
    missing = missing_calls(others)
    names = sorted({call.name for calls in missing.values() for call in calls})
    if not names:
        return Finding(OK, "every call that sends a signal is audited")
    only = " (some rules show only certain signals or users)" if narrowed(others) else ""
    text = f"none shows every {', '.join(names)}{only}; a live trace adds its own"
    return Finding(MISSING, text, _INSTALL_RULES)


def hiding() -> Finding:
    from tracer.sources.audit.rule import hiding

    found = dict.fromkeys(hiding(_audit()[1]))
    if not found:
        return Finding(OK, "no rule hides signals")
    undo = " and ".join(f"auditctl {words.replace('-a', '-d', 1)}" for words in found)
    return Finding(MISSING, f"hidden by {', '.join(found)}", undo)


def locked() -> Finding:
    from tracer.sources.audit.setting import LOCKED

    if _audit()[0].enabled == LOCKED:
        return Finding(REFUSED, "rules are locked (-e 2)", "change /etc/audit/rules.d, then reboot")
    return Finding(OK, "rules may be changed")


def orphans() -> Finding:
    from tracer.sources.audit.link import Link
    from tracer.sources.audit.setting import LOCKED, orphans, remove_orphans

    settings, there = _audit()
    if not orphans(there):
        return Finding(OK, "no rule is left of a trace that was killed")
    if settings.enabled == LOCKED:
        return Finding(REFUSED, "rules of killed traces are left, and locked", "reboot")
    link = Link()
    count = remove_orphans(link)
    link.close()
    return Finding(OK, f"removed {count} rules of traces that were killed")


def boot() -> Finding:
    if "audit=1" in Path("/proc/cmdline").read_text().split():
        return Finding(OK, "audit=1")
    return Finding(
        MISSING,
        "without audit=1, processes older than auditing (PID 1) are never audited",
        "add audit=1 to GRUB_CMDLINE_LINUX in /etc/default/grub; update-grub; reboot",
    )


def works() -> Finding:
    from tracer.sources.audit.link import Records
    from tracer.sources.audit.source import refusal

    now, _ = _audit()
    try:
        Records().close()
    except OSError as error:
        raise refusal(error) from None
    if now.failure == 2:
        return Finding(REFUSED, "the kernel would panic at a lost record (-f 2)", "auditctl -f 1")
    return Finding(OK, "records can be read beside auditd")
