"""Signal numbers and names, the sets a user types, and the names of si_code values.

Source: signal(7), and the kernel's include/uapi/asm-generic/{signal,siginfo}.h.
"""

from __future__ import annotations

from tracer.model.errors import Problem
from tracer.model.memo import memo

FIRST, LAST = 1, 64
# glibc keeps 32 and 33 for itself: what a program calls SIGRTMIN is 34 (signal(7)).
RTMIN, RTMAX = 34, 64
# Whose default action is to dump core: signal(7).
CORES = (3, 4, 5, 6, 7, 8, 11, 24, 25, 31)

_NAMES = [
    "HUP",
    "INT",
    "QUIT",
    "ILL",
    "TRAP",
    "ABRT",
    "BUS",
    "FPE",
    "KILL",
    "USR1",
    "SEGV",
    "USR2",
    "PIPE",
    "ALRM",
    "TERM",
    "STKFLT",
    "CHLD",
    "CONT",
    "STOP",
    "TSTP",
    "TTIN",
    "TTOU",
    "URG",
    "XCPU",
    "XFSZ",
    "VTALRM",
    "PROF",
    "WINCH",
    "IO",
    "PWR",
    "SYS",
]
_ALIASES = {"IOT": 6, "CLD": 17, "POLL": 29, "UNUSED": 31, "RTMIN": RTMIN, "RTMAX": RTMAX}
NUMBERS: dict[str, int] = {
    **{name: number for number, name in enumerate(_NAMES, FIRST)},
    **_ALIASES,
}
EVERY = frozenset(range(FIRST, LAST + 1))
# Nineteen of twenty signals on a busy host are these two: a child's change, and Go's preemption.
NOISY = frozenset((NUMBERS["CHLD"], NUMBERS["URG"]))
# Those that never end a process, whatever it does about them (signal(7)): ignored, or it stops or goes on.
HARMLESS = frozenset(
    NUMBERS[name] for name in ("CHLD", "CONT", "URG", "WINCH", "STOP", "TSTP", "TTIN", "TTOU")
)

_CODES = {
    0: "SI_USER",
    128: "SI_KERNEL",
    -1: "SI_QUEUE",
    -2: "SI_TIMER",
    -3: "SI_MESGQ",
    -4: "SI_ASYNCIO",
    -5: "SI_SIGIO",
    -6: "SI_TKILL",
    -7: "SI_DETHREAD",
    -60: "SI_ASYNCNL",
}
_CODES_OF: dict[int, tuple[str, ...]] = {
    4: ("ILLOPC", "ILLOPN", "ILLADR", "ILLTRP", "PRVOPC", "PRVREG", "COPROC", "BADSTK", "BADIADDR"),
    5: ("BRKPT", "TRACE", "BRANCH", "HWBKPT", "UNK", "PERF"),
    7: ("ADRALN", "ADRERR", "OBJERR", "MCEERR_AR", "MCEERR_AO"),
    8: ("INTDIV", "INTOVF", "FLTDIV", "FLTOVF", "FLTUND", "FLTRES", "FLTINV", "FLTSUB"),
    11: (
        *("MAPERR", "ACCERR", "BNDERR", "PKUERR", "ACCADI"),
        *("ADIDERR", "ADIPERR", "MTEAERR", "MTESERR", "CPERR"),
    ),
    17: ("EXITED", "KILLED", "DUMPED", "TRAPPED", "STOPPED", "CONTINUED"),
    29: ("IN", "OUT", "MSG", "ERR", "PRI", "HUP"),
    31: ("SECCOMP", "USER_DISPATCH"),
}
_PREFIX = {17: "CLD_", 31: "SYS_"}
# Any other signal that F_SETSIG names bears SIGIO's codes: send_sigio_to_task(), fs/fcntl.c.
_READY = 29
_CHILD = 17


def name_of(number: int) -> str:
    """SIGKILL for 9, SIGRTMIN+6 for 40; SIG and the number for one that has no name."""
    if FIRST <= number <= len(_NAMES):
        return "SIG" + _NAMES[number - FIRST]
    if number == RTMIN:
        return "SIGRTMIN"
    if RTMIN < number < RTMAX:
        return f"SIGRTMIN+{number - RTMIN}"
    return "SIGRTMAX" if number == RTMAX else f"SIG{number}"


def names_of(numbers: frozenset[int]) -> str:
    """SIGHUP, SIGKILL, SIGRTMIN..SIGRTMIN+6: three and more in a row as a range."""
    parts: list[str] = []
    for first in sorted(number for number in numbers if number - 1 not in numbers):
        last = next(number for number in range(first, LAST + 1) if number + 1 not in numbers)
        if last - first < 2:
            parts += map(name_of, range(first, last + 1))
        else:
            parts.append(f"{name_of(first)}..{name_of(last)}")
    return ", ".join(parts) or "nothing"


def code_name(number: int, code: int, *, of_child: bool = False) -> str:
    """The name of si_code for a signal, such as SI_USER or SEGV_MAPERR; else the number as text.

    ``of_child``: a child's end was to be told by this signal, clone(2): it bears SIGCHLD's codes.
    """
    if of_child:
        number = _CHILD
    names = _CODES_OF.get(number, _CODES_OF[_READY])
    if not 1 <= code <= len(names):
        return _CODES.get(code, str(code))
    prefix = f"{_NAMES[number - FIRST]}_" if has_codes(number) else "POLL_"
    return _PREFIX.get(number, prefix) + names[code - 1]


def code_of(number: int, name: str) -> int:
    """The si_code that ``code_name`` has named. Raises ValueError for another word."""
    return _code_of((number, name))


@memo(256)
def _code_of(told: tuple[int, str]) -> int:
    number, name = told
    if name[-1:].isdigit():
        return int(name)
    for code, known in _CODES.items():
        if known == name:
            return code
    own, childs = _CODES_OF.get(number, _CODES_OF[_READY]), _CODES_OF[_CHILD]
    for code in range(1, max(len(own), len(childs)) + 1):
        if name in (code_name(number, code), code_name(number, code, of_child=True)):
            return code
    raise ValueError(f"{name!r} is no si_code")


def has_codes(number: int) -> bool:
    """Whether positive codes of a signal are its own: sig_specific_sicodes(), include/linux/signal.h."""
    return number in _CODES_OF and number != _READY


def number_of(text: str) -> int | None:
    """The number that a name or number stands for, None if it is none of 1..64."""
    word = text.strip().upper()
    word = word[3:] if word.startswith("SIG") else word
    if word.isascii() and word.isdigit():
        number = int(word) if len(word) < 4 else 0
    else:
        base, sign, step = word.partition("+") if "+" in word else word.partition("-")
        if sign and not (step.isascii() and step.isdigit() and base in ("RTMIN", "RTMAX")):
            return None
        number = NUMBERS.get(base, 0) + (int(sign + step) if sign and len(step) < 3 else 0)
    return number if FIRST <= number <= LAST else None


def parse_set(text: str) -> frozenset[int]:
    """The signals meant by ``9,TERM,RTMIN+1..RTMAX,34-40,!CHLD``; only exclusions mean all but these.

    Raises Problem naming the part that is not understood.
    """
    wanted: set[int] = set()
    unwanted: set[int] = set()
    parts = [part.strip() for part in text.split(",")]
    for part in parts:
        (unwanted if part.startswith("!") else wanted).update(_parse_range(part.lstrip("!"), text))
    return frozenset((wanted if not all(p.startswith("!") for p in parts) else EVERY) - unwanted)


def _parse_range(part: str, text: str) -> range:
    first, dots, last = part.partition("..")
    one = number_of(part)
    if one is not None:
        return range(one, one + 1)
    if part == "0":
        raise Problem(
            f"--signal {text!r} is not understood",
            "signal 0 is none: it only asks whether a process exists",
            "sigtrace --probes shows who asks; else numbers 1-64 or names (KILL)",
        )
    if not dots:
        first, dots, last = _split_at_dash(part)
    low, high = number_of(first), number_of(last)
    if not dots or low is None or high is None or low > high:
        from tracer.model.near import near

        like = near(part.upper(), NUMBERS)
        raise Problem(
            f"--signal {text!r} is not understood",
            f"{part!r} is not a signal, nor a range of them{like}",
            "numbers 1-64, names (KILL, SIGTERM, RTMIN+3), ranges (34-40, RTMIN..RTMAX), '!CHLD'",
        )
    return range(low, high + 1)


def _split_at_dash(part: str) -> tuple[str, str, str]:
    """Split a range at a dash that leaves a signal on both sides: RTMAX-3-RTMAX has two dashes."""
    for at, letter in enumerate(part):
        if letter == "-" and number_of(part[:at]) and number_of(part[at + 1 :]):
            return part[:at], "-", part[at + 1 :]
    return part, "", ""
