"""The audit rules that let a log show every signal sent, and what fewer rules leave unseen.

OBJ_PID, which names the victim, is written only while some rule's mask has kill, tkill or tgkill
(audit_match_signal(), include/asm-generic/audit_signal.h): those of pidfd_send_signal alone would not
name anybody. Signal 0 only asks whether somebody exists, and is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tracer.audit.calls import CALLS

KEY = "sigtrace"
WORDS = ("b64", "b32")
# Calls that keep the signal in the same argument share a rule.
_RULES = (
    (("kill", "tkill"), "a1"),
    (("tgkill",), "a2"),
    (("rt_sigqueueinfo", "pidfd_send_signal"), "a1"),
    (("rt_tgsigqueueinfo",), "a2"),
)
USED_BY = {
    "kill": "kill, most daemons",
    "tkill": "old thread libraries",
    "tgkill": "raise, abort, pthread_kill, Java, Oracle",
    "rt_sigqueueinfo": "sigqueue",
    "rt_tgsigqueueinfo": "pthread_sigqueue",
    "pidfd_send_signal": "systemd from 255, Go from 1.23, crun",
}
_ONLY_SIGNAL = re.compile(rb"\ba[12](!?=|>=?|<=?|&=?)(0x[0-9a-fA-F]{1,8}|0|[1-9]\d{0,9})\b")


def recommended(missing: Iterable[str] | None = None) -> list[str]:
    """Rules as auditctl and rules.d take them; with ``missing``, just those that those calls need."""
    wanted = {call.name for call in CALLS} if missing is None else set(missing)
    return [
        f"-a always,exit -F arch={word} -S {','.join(calls)} -F {argument}!=0 -k {KEY}"
        for word in WORDS
        for calls, argument in _RULES
        if wanted.intersection(calls)
    ]


def rules_file() -> str:
    """The recommended set, ready for /etc/audit/rules.d/."""
    return (
        "## Every signal that a process sends (sigtrace audit-rules).\n"
        "## Save as /etc/audit/rules.d/50-sigtrace.rules, then: augenrules --load\n"
        "## A rule '-a never,task' anywhere hides everything: remove it (Debian and Fedora have it\n"
        "## in rules.d/audit.rules or 10-no-audit.rules). Signals that PID 1 sends need audit=1 on\n"
        "## the kernel's command line.\n" + "".join(f"{rule}\n" for rule in recommended())
    )


def only_signal(words: Iterable[bytes]) -> int | None:
    """The one signal that an ``auditctl`` command line watches (``-S kill -F a1=9``), else None."""
    found = _ONLY_SIGNAL.search(b" ".join(words))
    return int(found[2], 0) if found and found[1] == b"=" else None
