"""What this process may do, and giving it up: capabilities(7)."""

from __future__ import annotations

import ctypes
import os

from tracer.model.errors import AS_ROOT, REFUSED, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

# include/uapi/linux/capability.h
CAPABILITIES = {
    "CAP_NET_ADMIN": 12,
    "CAP_SYS_PTRACE": 19,
    "CAP_SYS_ADMIN": 21,
    "CAP_AUDIT_WRITE": 29,
    "CAP_AUDIT_CONTROL": 30,
    "CAP_SYSLOG": 34,
    "CAP_AUDIT_READ": 37,
    "CAP_PERFMON": 38,
    "CAP_BPF": 39,
}
# bpf_capable(), perfmon_capable(), include/linux/capability.h
_CUT_FROM_SYS_ADMIN = ("CAP_BPF", "CAP_PERFMON")
# PROC_USER_INIT_INO and PROC_PID_INIT_INO, include/linux/proc_ns.h
_FIRST_NAMESPACE = {"user": 0xEFFFFFFD, "pid": 0xEFFFFFFC}
_PR_SET_KEEPCAPS, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 8, 24, 38
_NO_ID = 0xFFFFFFFF
_UNUSED = 1_900_000_000
_VERSION_3 = 0x20080522  # _LINUX_CAPABILITY_VERSION_3, two words for each set


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


_Words = ctypes.c_uint32 * 6


def effective() -> int:
    """The effective capability set as a bit mask."""
    return _capability_set("CapEff")


def _capability_set(name: str) -> int:
    for line in _text("/proc/self/status").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1], 16)
    return 0


def has_capability(name: str) -> bool:
    return bool(effective() >> CAPABILITIES[name] & 1)


def lacking(*names: str) -> list[str]:
    """Those that this process has not. CAP_SYS_ADMIN has in it what was cut from it in v5.8."""
    held = effective()
    if held >> CAPABILITIES["CAP_SYS_ADMIN"] & 1:
        names = tuple(name for name in names if name not in _CUT_FROM_SYS_ADMIN)
    return [name for name in names if not held >> CAPABILITIES[name] & 1]


def require(what: str, *names: str) -> None:
    """Raises Problem, of which ``what`` is what failed, naming the capabilities that are missing."""
    missing = lacking(*names)
    if missing:
        raise Problem(what, f"this needs {' and '.join(missing)}", AS_ROOT, kind=REFUSED)


def in_first_namespace(kind: str) -> bool:
    """Whether this process is in the host's own "user" or "pid" namespace, see namespaces(7)."""
    try:
        return os.stat(f"/proc/self/ns/{kind}").st_ino == _FIRST_NAMESPACE[kind]
    except FileNotFoundError:
        return True  # A kernel without such namespaces.


def drop(keep: Iterable[str] = (), to: tuple[int, int] | None = None) -> str:
    """Become an ordinary user with no capabilities but ``keep``, for good, and say so; what is open stays open.

    The user is ``to``, a uid and a gid; else the one who called sudo, else one that nobody is: of "nobody" there are
    other processes, which could stop or end this one (kill(2)).
    """
    names = sorted(keep)
    left = f"capabilities {', '.join(names)}" if names else "no capabilities"
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.geteuid() != 0:
        keep_capabilities(names)
        return f"running as uid {os.geteuid()}, {left}"
    _empty_bounding_set(libc)
    uid, gid = to or caller() or _unused()
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    if names:
        libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setresuid(uid, uid, uid)
    if (os.getresuid(), os.getresgid()) != ((uid,) * 3, (gid,) * 3):
        raise Problem("cannot give up root", f"the kernel leaves uid {os.geteuid()}", AS_ROOT)
    keep_capabilities(names)
    return f"gave up root: now uid {uid}, gid {gid}, {left}"


def caller() -> tuple[int, int] | None:
    """Uid and gid of who called sudo, None for nobody or for what is none: sudo(8), SUDO_UID."""
    ids = [os.environ.get(name, "") for name in ("SUDO_UID", "SUDO_GID")]
    if not all(word.isascii() and word.isdigit() and len(word) < 11 for word in ids):
        return None
    uid, gid = map(int, ids)
    # 4294967295 leaves an id as it is: setresuid(2).
    return (uid, gid) if 0 < uid < _NO_ID and 0 <= gid < _NO_ID else None


def _unused() -> tuple[int, int]:
    """Ids of nobody else, for this process alone, above all that are given to users and containers
    (https://systemd.io/UIDS-GIDS/)."""
    own = _UNUSED + os.getpid()
    return own, own


def _empty_bounding_set(libc: ctypes.CDLL) -> None:
    """No program that is run can have a capability again: capabilities(7). Ends at the first that there is none of."""
    number = 0
    while number < 64 and libc.prctl(_PR_CAPBSET_DROP, number, 0, 0, 0) == 0:
        number += 1


def keep_capabilities(names: Iterable[str]) -> None:
    """Effective and permitted become these, inheritable none; low words first, then high ones."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = _Header(_VERSION_3, 0)
    mask = sum(1 << CAPABILITIES[name] for name in names) & _capability_set("CapPrm")
    low, high = mask & 0xFFFFFFFF, mask >> 32
    if libc.capset(ctypes.byref(header), ctypes.byref(_Words(low, low, 0, high, high, 0))):
        raise OSError(ctypes.get_errno(), "capset")


def restriction() -> str:
    """What may keep root from BPF, named as far as it can be told."""
    lockdown = _text("/sys/kernel/security/lockdown")
    if lockdown and "[none]" not in lockdown:
        return f"kernel lockdown: {lockdown}"
    if not in_first_namespace("user"):
        return "this is a user namespace: BPF needs root of the host"
    for line in _text("/proc/self/status").splitlines():
        if line.startswith("Seccomp:") and line.split()[1] == "2":
            return "a seccomp filter of this container forbids bpf(2)"
    return "no reason is given"


def _text(path: str) -> str:
    try:
        with open(path) as file:
            return file.read().strip()
    except OSError:
        return ""
