"""A process that gives up everything but a few system calls: capabilities(7), prctl(2), seccomp(2)."""

from __future__ import annotations

import ctypes
import os
from struct import pack

from tracer.host.privileges import keep_capabilities

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_PR_CAPBSET_DROP = 24
_PR_SET_SECCOMP = 22
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_MODE_FILTER = 2
_LAST_CAP = 63
# include/uapi/linux/audit.h: AUDIT_ARCH_*, and the numbers of calls there.
_ARCHES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_CALLS: dict[str, dict[str, int]] = {
    "x86_64": {
        "read": 0,
        "write": 1,
        "close": 3,
        "mmap": 9,
        "mprotect": 10,
        "munmap": 11,
        "brk": 12,
        "rt_sigaction": 13,
        "rt_sigreturn": 15,
        "mremap": 25,
        "madvise": 28,
        "sendto": 44,
        "recvfrom": 45,
        "sendmsg": 46,
        "exit": 60,
        "restart_syscall": 219,
        "futex": 202,
        "exit_group": 231,
    },
    "aarch64": {
        "read": 63,
        "write": 64,
        "close": 57,
        "mmap": 222,
        "mprotect": 226,
        "munmap": 215,
        "brk": 214,
        "rt_sigaction": 134,
        "rt_sigreturn": 139,
        "mremap": 216,
        "madvise": 233,
        "sendto": 206,
        "recvfrom": 207,
        "sendmsg": 211,
        "exit": 93,
        "restart_syscall": 128,
        "futex": 98,
        "exit_group": 94,
    },
}
# What Python needs to go on, and to end.
WHAT_PYTHON_NEEDS = (
    *("close", "mmap", "mprotect", "munmap", "brk", "rt_sigaction", "rt_sigreturn", "mremap"),
    *("madvise", "exit", "restart_syscall", "futex", "exit_group"),
)
# include/uapi/linux/filter.h, bpf_common.h and seccomp.h
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _ERRNO_EPERM, _KILL_PROCESS = 0x7FFF0000, 0x00050001, 0x80000000
_OF_NUMBER, _OF_ARCH = 0, 4  # offsets in struct seccomp_data


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def confine(calls: Iterable[str]) -> None:
    """From here on: no capabilities, none to be had by exec, and of system calls only these; others fail with EPERM.

    The user id stays. On a machine whose calls are not known here there is no filter of calls.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in range(_LAST_CAP + 1):
        libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    keep_capabilities(())
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_NO_NEW_PRIVS)")
    machine = os.uname().machine
    if machine not in _ARCHES:
        return
    program = _program(machine, calls)
    handed = _Program(len(program) // 8, program)
    if libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(handed), 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_SECCOMP)")


def _program(machine: str, calls: Iterable[str]) -> bytes:
    """struct sock_filter[]: another architecture's call kills, a call of the list passes."""
    numbers = sorted({_CALLS[machine][name] for name in calls})
    steps = [
        (_LOAD, 0, 0, _OF_ARCH),
        (_JUMP_IF_EQUAL, 1, 0, _ARCHES[machine]),
        (_RETURN, 0, 0, _KILL_PROCESS),
        (_LOAD, 0, 0, _OF_NUMBER),
        *((_JUMP_IF_EQUAL, len(numbers) - at, 0, number) for at, number in enumerate(numbers)),
        (_RETURN, 0, 0, _ERRNO_EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(pack("=HBBI", *step) for step in steps)
