"""The system calls that send signals, by architecture, and where each of them keeps its arguments.

A call number means nothing without the architecture: 129 is kill on aarch64 and rt_sigqueueinfo on
x86_64. Numbers: the kernel's syscall tables (arch/*/entry/syscalls/*.tbl, asm-generic/unistd.h);
arch values: AUDIT_ARCH_* in include/uapi/linux/audit.h, an ELF machine number with two flag bits
(0x80000000 for 64 bits, 0x40000000 for little endian).
"""

from __future__ import annotations

from tracer.audit.fields import unnamed
from tracer.model.frozen import frozen
from tracer.model.memo import memo


@frozen
class Call:
    """``signal``, ``pid`` and ``tid`` say which of a0..a3 holds it; ``origin`` is tracer.model.origin's."""

    name: str
    origin: str
    scope: str
    signal: int
    pid: int | None
    tid: int | None
    code: int | None


KILL = Call("kill", "kill", "process", 1, 0, None, 0)
TKILL = Call("tkill", "tgkill", "thread", 1, None, 0, -6)
TGKILL = Call("tgkill", "tgkill", "thread", 2, 0, 1, -6)
SIGQUEUE = Call("rt_sigqueueinfo", "sigqueue", "process", 1, 0, None, None)
TGSIGQUEUE = Call("rt_tgsigqueueinfo", "sigqueue", "thread", 2, 0, 1, None)
PIDFD = Call("pidfd_send_signal", "pidfd", "process", 1, None, None, None)
CALLS = (KILL, TKILL, TGKILL, SIGQUEUE, TGSIGQUEUE, PIDFD)
BY_NAME = {call.name.encode(): call for call in CALLS}

_GENERIC = (129, 130, 131, 138, 240, 424)
_X32_BIT = 0x40000000
# arch: its names, then the numbers of CALLS in their order, then those of execve and execveat.
ARCHES: dict[int, tuple[tuple[bytes, ...], tuple[int, ...], tuple[int, int]]] = {
    0xC000003E: ((b"x86_64",), (62, 200, 234, 129, 297, 424), (59, 322)),
    0x40000003: ((b"i386", b"i486", b"i586", b"i686"), (37, 238, 270, 178, 335, 424), (11, 358)),
    0xC00000B7: ((b"aarch64",), _GENERIC, (221, 281)),
    0x40000028: (
        (b"arm", b"armeb", b"armv5tejl", b"armv7l"),
        (37, 238, 268, 178, 363, 424),
        (11, 387),
    ),
    0xC00000F3: ((b"riscv64",), _GENERIC, (221, 281)),
    0x400000F3: ((b"riscv32",), _GENERIC, (221, 281)),
    0xC0000102: ((b"loongarch64",), _GENERIC, (221, 281)),
    0xC0000015: ((b"ppc64le",), (37, 208, 250, 177, 322, 424), (11, 362)),
    0x80000015: ((b"ppc64",), (37, 208, 250, 177, 322, 424), (11, 362)),
    0x14: ((b"ppc",), (37, 208, 250, 177, 322, 424), (11, 362)),
    0x80000016: ((b"s390x",), (37, 237, 241, 178, 330, 424), (11, 354)),
    0x16: ((b"s390",), (37, 237, 241, 178, 330, 424), (11, 354)),
}
# rt_sigqueueinfo, rt_tgsigqueueinfo and execve have other numbers for x32
# (arch/x86/entry/syscalls/syscall_64.tbl); an x32 call bears X32_BIT under x86_64's arch.
_X32 = (62, 200, 234, 524, 536, 424)
_X32_EXEC = (520, 545)
_X86_64 = 0xC000003E
_ARCH_BY_NAME = {name: arch for arch, (names, _, _) in ARCHES.items() for name in names}
_CALLS: dict[tuple[int, int], Call] = {
    (arch, number): call
    for arch, (_, numbers, _) in ARCHES.items()
    for number, call in zip(numbers, CALLS)
}
_CALLS.update({(_X86_64, number | _X32_BIT): call for number, call in zip(_X32, CALLS)})
_EXECS = {(arch, number) for arch, (_, _, execs) in ARCHES.items() for number in execs}
_EXECS.update((_X86_64, number | _X32_BIT) for number in _X32_EXEC)
# What sends signals (which of CALLS it is), and what execs, as ``arch syscall=number`` in a record: audit_log_exit(),
# kernel/auditsc.c.
SENDING = {b"%x syscall=%d" % key: CALLS.index(call) for key, call in _CALLS.items()}
EXECUTING = frozenset(b"%x syscall=%d" % key for key in _EXECS)
EXEC_NAMES = frozenset((b"execve", b"execveat"))


def arch_of(word: bytes) -> int | None:
    """The arch value of ``c000003e``, ``0xc000003e`` or a name; None for what is not known."""
    if word in _ARCH_BY_NAME:
        return _ARCH_BY_NAME[word]
    try:
        value = int(unnamed(word), 16)
    except ValueError:
        return None
    return value if value in ARCHES else None


def is_foreign(arch: bytes) -> bool:
    """Whether ausearch -i had no table for it, and has named its calls from its own machine's."""
    return arch.startswith(b"unknown-elf-type(")


def call_of(arch: bytes | None, syscall: bytes) -> Call | None:
    """The signal call of a SYSCALL record's ``arch=`` and ``syscall=``, None for any other call.

    A record that names no arch at all (trimmed journal texts) is read as x86_64's.
    """
    if syscall in BY_NAME:
        return None if arch is not None and is_foreign(arch) else BY_NAME[syscall]
    number = _number(unnamed(syscall))
    value = _X86_64 if arch is None else arch_of(arch)
    return None if number is None or value is None else _CALLS.get((value, number))


def is_exec(arch: bytes | None, syscall: bytes) -> bool:
    """Whether the call is execve or execveat."""
    if syscall in EXEC_NAMES:
        return True
    number = _number(syscall)
    return number is not None and arch is not None and (arch_of(arch), number) in _EXECS


@memo(1024)
def meant(word: bytes) -> tuple[int | None, bool, bool]:
    """What ``x86_64 syscall=kill`` means: which of CALLS it is, whether it execs, and whether the arch's calls are known."""
    arch, _, syscall = word.partition(b" syscall=")
    call = call_of(arch, syscall)
    is_known = arch_of(arch) is not None and not is_foreign(arch)
    return None if call is None else CALLS.index(call), is_exec(arch, syscall), is_known


def _number(word: bytes) -> int | None:
    return int(word) if word.isdigit() and len(word) < 12 else None
