"""A process that gives up system calls: all but a few, or what a trace has no use for. prctl(2), seccomp(2)."""

from __future__ import annotations

import ctypes
import os
from struct import pack

from tracer.host.privileges import keep_capabilities
from tracer.model.syscalls import AARCH64, X86_64, call_numbers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Step = tuple[int, int, int, int]

_PR_CAPBSET_DROP = 24
_PR_SET_SECCOMP = 22
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_MODE_FILTER = 2
_LAST_CAP = 63
_ARCHES = {"x86_64": X86_64, "aarch64": AARCH64}
# What Python needs to go on, and to end.
WHAT_PYTHON_NEEDS = (
    *("close", "mmap", "mprotect", "munmap", "brk", "rt_sigaction", "rt_sigreturn", "mremap"),
    *("madvise", "exit", "restart_syscall", "futex", "exit_group"),
)
# What a trace that has begun never does: run programs, trace others, mount, load into the kernel, become another, …
REFUSED = (
    *("execve", "execveat"),
    *("ptrace", "process_vm_readv", "process_vm_writev", "kcmp", "pidfd_getfd", "process_madvise"),
    *("perf_event_open", "userfaultfd"),
    *("tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal"),
    *("mount", "umount2", "pivot_root", "chroot", "swapon", "swapoff", "open_tree", "move_mount"),
    *("fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr", "unshare", "setns"),
    *("init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load"),
    *("setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setgroups"),
    *("setfsuid", "setfsgid", "capset"),
    # With a ring of requests what a filter looks at is passed by: io_uring(7).
    *("io_uring_setup", "io_uring_enter", "io_uring_register"),
    *("add_key", "request_key", "keyctl", "open_by_handle_at", "fanotify_init", "acct", "quotactl"),
    *("reboot", "sethostname", "setdomainname", "settimeofday", "clock_settime", "adjtimex"),
    *("clock_adjtime", "iopl", "ioperm"),
)
WHAT_IS_REFUSED = "no programs, no signals to others"
# Calls that are refused but with some first arguments.
_AF_UNIX = 1  # User names (nsswitch.conf(5)) and sd_notify(3).
_MAP_LOOKUP, _MAP_NEXT = 1, 4  # bpf(2): what was lost, before v5.5
# include/uapi/linux/filter.h, bpf_common.h and seccomp.h
_LOAD, _JUMP_IF_EQUAL, _JUMP_IF_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _ERRNO_EPERM, _KILL_PROCESS = 0x7FFF0000, 0x00050001, 0x80000000
_OF_NUMBER, _OF_ARCH, _OF_ARGUMENT = 0, 4, 16  # in struct seccomp_data; of an argument the low word
_X32 = 0x40000000  # __X32_SYSCALL_BIT: the same architecture, other numbers


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
    if machine in _ARCHES:
        _install(libc, _only(_ARCHES[machine], calls))


def refuse(*, sockets: bool = False) -> bool:
    """From here on REFUSED calls, and signals to other processes, fail with EPERM, in this thread and those that it
    starts; so do sockets, but for ``sockets`` and those of this host. False where the machine's calls are not known
    here, or its kernel has no filters. no_new_privs is set already."""
    machine = os.uname().machine
    if machine not in _ARCHES:
        return False
    own = os.getpid()
    but = {"kill": (own,), "tgkill": (own,), "bpf": (_MAP_LOOKUP, _MAP_NEXT)}
    if not sockets:
        but["socket"] = (_AF_UNIX,)
    try:
        _install(ctypes.CDLL(None, use_errno=True), _all_but(_ARCHES[machine], but))
    except OSError:
        return False
    return True


def _install(libc: ctypes.CDLL, steps: list[Step]) -> None:
    program = b"".join([pack("=HBBI", *step) for step in steps])
    handed = _Program(len(steps), program)
    if libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(handed), 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_SECCOMP)")


def _only(arch: int, calls: Iterable[str]) -> list[Step]:
    """struct sock_filter[]: another architecture's call kills, a call of the list passes."""
    numbers = _numbers(arch, calls)
    return [
        *_begin(arch, _KILL_PROCESS),
        *_one_of(numbers),
        (_RETURN, 0, 0, _ERRNO_EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]


def _all_but(arch: int, but: dict[str, tuple[int, ...]]) -> list[Step]:
    """struct sock_filter[]: REFUSED calls fail, those of ``but`` unless their first argument is one of these, and all of
    another architecture."""
    numbers = _numbers(arch, REFUSED)
    steps = _begin(arch, _ERRNO_EPERM)
    for number, passing in zip(_numbers(arch, but), but.values()):
        steps += [
            (_JUMP_IF_EQUAL, 0, len(passing) + 3, number),
            (_LOAD, 0, 0, _OF_ARGUMENT),
            *_one_of(passing),
            (_RETURN, 0, 0, _ERRNO_EPERM),
            (_RETURN, 0, 0, _ALLOW),
        ]
    return [
        *steps,
        (_JUMP_IF_AT_LEAST, len(numbers) + 1, 0, _X32),
        *_one_of(numbers),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _ERRNO_EPERM),
    ]


def _begin(arch: int, of_others: int) -> list[Step]:
    return [
        (_LOAD, 0, 0, _OF_ARCH),
        (_JUMP_IF_EQUAL, 1, 0, arch),
        (_RETURN, 0, 0, of_others),
        (_LOAD, 0, 0, _OF_NUMBER),
    ]


def _one_of(values: Sequence[int]) -> list[Step]:
    """If what is loaded is one of these, the next step but one is next, else the next."""
    return [(_JUMP_IF_EQUAL, len(values) - at, 0, value) for at, value in enumerate(values)]


def _numbers(arch: int, names: Iterable[str]) -> list[int]:
    """Those of them that the machine has, in their order."""
    known = call_numbers(arch)
    return [known[name] for name in names if name in known]
