"""Audit rules as the kernel has them: struct audit_rule_data, include/uapi/linux/audit.h."""

from __future__ import annotations

import platform
from struct import Struct
from typing import TYPE_CHECKING

from tracer.audit.calls import ARCHES, CALLS, Call
from tracer.model.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable

TASK, EXIT = 1, 4  # AUDIT_FILTER_*; 0x10 is AUDIT_FILTER_PREPEND
NEVER, ALWAYS = 0, 2
ARCH, SUCCESS, ARG0, KEY = 11, 104, 200, 210
NOT_EQUAL, EQUAL = 0x30000000, 0x40000000
_WORDS, _FIELDS = 64, 64
_RULE = Struct(f"=3I{_WORDS}I{_FIELDS}I{_FIELDS}I{_FIELDS}II")
# The fields whose value is a length, and whose text follows in buf: audit_data_to_entry().
_TEXTS = frozenset((13, 14, 15, 16, 17, 19, 20, 21, 22, 23, 105, 107, 112, KEY))
# The machine's own architecture, then the one whose programs it runs besides.
_MACHINES = {
    "x86_64": (0xC000003E, 0x40000003),
    "aarch64": (0xC00000B7, 0x40000028),
    "ppc64le": (0xC0000015,),
    "s390x": (0x80000016, 0x16),
    "riscv64": (0xC00000F3,),
    "loongarch64": (0xC0000102,),
}
Condition = tuple[int, int, int]


@frozen
class Rule:
    """``calls`` are system call numbers, ``conditions`` (field, operator, value); ``raw`` is all of it."""

    filter: int
    action: int
    calls: frozenset[int]
    conditions: tuple[Condition, ...]
    key: bytes | None
    raw: bytes


def parse(raw: bytes) -> Rule:
    """A rule from the answer to AUDIT_LIST_RULES."""
    values = _RULE.unpack_from(raw)
    filter_, action, count = values[:3]
    mask = values[3 : 3 + _WORDS]
    fields = values[3 + _WORDS : 3 + _WORDS + count]
    numbers = values[3 + _WORDS + _FIELDS :][:count]
    operators = values[3 + _WORDS + 2 * _FIELDS :][:count]
    at, key = _RULE.size, None
    for field, number in zip(fields, numbers):
        if field in _TEXTS:
            key = raw[at : at + number] if field == KEY else key
            at += number
    calls = frozenset(
        word * 32 + bit for word, bits in enumerate(mask) for bit in range(32) if bits >> bit & 1
    )
    conditions = tuple(zip(fields, operators, numbers))
    return Rule(filter_, action, calls, conditions, key, raw)


def build(calls: Iterable[int], conditions: Iterable[Condition], key: bytes) -> bytes:
    """An ``always,exit`` rule for AUDIT_ADD_RULE, put behind those that are there."""
    mask = [0] * _WORDS
    for call in calls:
        mask[call // 32] |= 1 << call % 32
    all_ = [*conditions, (KEY, EQUAL, len(key))]
    columns = [[part[column] for part in all_] + [0] * (_FIELDS - len(all_)) for column in range(3)]
    fields, operators, values = columns
    return _RULE.pack(EXIT, ALWAYS, len(all_), *mask, *fields, *values, *operators, len(key)) + key


def with_key(raw: bytes, key: bytes) -> bytes:
    """The same rule of ``build`` under another key."""
    rule = parse(raw)
    others = [one for one in rule.conditions if one[0] != KEY]
    return build(rule.calls, others, key)


def arches() -> tuple[int, ...]:
    """The architectures whose programs run here; empty on a machine whose calls are not known."""
    return _MACHINES.get(platform.machine(), ())


def numbers_of(arch: int) -> dict[str, int]:
    """The numbers of the calls that send signals."""
    return {call.name: number for call, number in zip(CALLS, ARCHES[arch][1])}


def ours(
    missing: dict[int, list[Call]],
    signals: frozenset[int],
    *,
    refused: bool,
    probes: bool,
    key: bytes,
) -> list[bytes]:
    """Rules that show the calls ``missing`` of each architecture, as loose as what is wanted allows."""
    rules = []
    for arch, calls in missing.items():
        numbers = numbers_of(arch)
        for argument in sorted({call.signal for call in calls}):
            of_argument = [numbers[call.name] for call in calls if call.signal == argument]
            conditions: list[Condition] = [(ARCH, EQUAL, arch)]
            if not probes:
                only = next(iter(signals)) if len(signals) == 1 else None
                wanted = (NOT_EQUAL, 0) if only is None else (EQUAL, only)
                conditions.append((ARG0 + argument, *wanted))
            if not refused:
                conditions.append((SUCCESS, EQUAL, 1))
            rules.append(build(of_argument, conditions, key))
    return rules


def missing_calls(rules: Iterable[Rule]) -> dict[int, list[Call]]:
    """By architecture, the calls that no rule shows for every signal."""
    exits = [rule for rule in rules if rule.filter & 0xF == EXIT and rule.action == ALWAYS]
    found: dict[int, list[Call]] = {}
    for arch in arches():
        numbers = numbers_of(arch)
        calls = [
            call
            for call in CALLS
            if not any(_shows(rule, arch, numbers[call.name], call) for rule in exits)
        ]
        if calls:
            found[arch] = calls
    return found


def _shows(rule: Rule, arch: int, number: int, call: Call) -> bool:
    """Whether every use of the call but signal 0 matches the rule."""
    harmless = {
        (ARCH, EQUAL, arch),
        (ARG0 + call.signal, NOT_EQUAL, 0),
    }
    return number in rule.calls and all(one in harmless or one[0] == KEY for one in rule.conditions)


def narrowed(rules: Iterable[Rule]) -> list[Rule]:
    """Rules that show one of the calls, but only for some signals, users or programs."""
    numbers = {arch: set(numbers_of(arch).values()) for arch in arches()}
    found = []
    for rule in rules:
        arch = next((value for field, _, value in rule.conditions if field == ARCH), None)
        shown = rule.calls & numbers.get(arch or next(iter(numbers), 0), set())
        others = [
            one
            for one in rule.conditions
            if one[0] not in (ARCH, KEY) and one[1:] != (NOT_EQUAL, 0)
        ]
        if rule.filter & 0xF == EXIT and rule.action == ALWAYS and shown and others:
            found.append(rule)
    return found


def hiding(rules: Iterable[Rule]) -> list[str]:
    """Rules that keep signals from being audited, in auditctl's words."""
    words = []
    numbers = {number for arch in arches() for number in numbers_of(arch).values()}
    for rule in rules:
        if rule.action != NEVER:
            continue
        if rule.filter & 0xF == TASK:
            words.append("-a never,task")
        elif rule.filter & 0xF == EXIT and rule.calls & numbers:
            words.append("-a never,exit for calls that send signals")
    return words
