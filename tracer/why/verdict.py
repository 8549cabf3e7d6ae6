"""From a case to a verdict: the rules are asked, what else would fit is looked at."""

from __future__ import annotations

from tracer.model.coverage import lacking
from tracer.model.event import Exit, Signal, Statement
from tracer.model.frozen import frozen, replace
from tracer.model.signals import name_of
from tracer.model.text import plain, printable
from tracer.model.times import SECOND, span, utc
from tracer.model.verdict import Negative, Verdict
from tracer.why.afterwards import missed, then, unit_started, used
from tracer.why.beside import beside
from tracer.why.case import BEFORE, JOINED, NOT_TAKEN, case_of
from tracer.why.core import core_note, stack
from tracer.why.deaths import BY_ACCOUNT, BY_NAME, BY_TIME, key_of
from tracer.why.evidence import evidence_of, says
from tracer.why.explain import explained
from tracer.why.finding import ABRT, FAULTS, HUP, INT, KILL, QUIT, TERM, kind_of_process
from tracer.why.login import Logins, with_address
from tracer.why.nouns import NOUNS
from tracer.why.present import refuted_by_its_result
from tracer.why.ran import with_job
from tracer.why.rules import RULES
from tracer.why.runtimes import contradicted, words_of_code
from tracer.why.tellings import OWN_WORDS, is_call_alone
from tracer.why.together import died_with

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracer.model.coverage import Coverage
    from tracer.model.event import Event, Process
    from tracer.why.case import Case
    from tracer.why.deaths import Death
    from tracer.why.finding import Finding

# What else could have ended a process so, and which kind of sight would show it (tracer.model.coverage.KINDS).
ALTERNATIVES: dict[int, tuple[tuple[str, str], ...]] = {
    KILL: (("oom", "oom"), ("stop timeout", "statements"), ("killed", "sends")),
    TERM: (("stop", "statements"), ("shutdown", "statements"), ("killed", "sends")),
    INT: (("terminal", "kernel"), ("killed", "sends")),
    QUIT: (("terminal", "kernel"), ("killed", "sends")),
    HUP: (("terminal", "kernel"), ("killed", "sends")),
    ABRT: (("abort", "sends"), ("watchdog", "statements")),
    **dict.fromkeys(FAULTS, (("crash", "oom"), ("killed", "sends"))),
}
# What is counted, without times: a count that is 0 has no need to see beyond the death.
COUNTED = {"oom": "oom count"}
# Of signals that were not taken so many are named.
_NAMED_MAX = 3
# So long around a death its cause would have been told.
LOOK_BEFORE, LOOK_AFTER = 10 * SECOND, 2 * SECOND


_ENDED_BEFORE = (
    "ends were watched, and its own was not seen: it may have ended before, and not been waited for"
)


@frozen
class Opinion:
    """What witnesses tell of a death, before it is asked what they could have seen. ``causes`` are those that fit,
    ``sure`` that one is proved, ``refuted`` those that its manager's words leave no room for; ``number`` is the signal that it
    died of, or that its exit code may stand for; ``untouched`` says that it took no signal, as far as these were watched."""

    death: Death
    verdict: Verdict
    causes: frozenset[str]
    sure: bool
    number: int | None
    refuted: tuple[Negative, ...] = ()
    untouched: str | None = None
    unasked: bool = False

    @property
    def behind(self) -> Process | None:
        """Who asked for it, or sent it."""
        who = self.verdict.who
        return None if who is None else who.asked or who.sender


def verdict_of(
    death: Death,
    events: Sequence[Event],
    coverages: Sequence[Coverage],
    deaths: Sequence[Death] = (),
    logins: Logins | None = None,
) -> Verdict:
    """The verdict on one of ``deaths``. ``events`` are those of its time, at least; ``coverages`` say what they could
    have shown; ``logins`` are those of all times, None: of ``events``."""
    return with_sight(opinion_of(death, events, deaths, logins), coverages)


def opinion_of(
    death: Death,
    events: Sequence[Event],
    deaths: Sequence[Death] = (),
    logins: Logins | None = None,
) -> Opinion:
    """What ``events`` alone tell, those of its time at least, and ``logins``."""
    born = max((one.time for one in deaths if _had_its_pid_before(one, death)), default=None)
    case = case_of(death, events, born)
    findings = [found for rule in RULES if (found := rule.find(case)) is not None]
    sure = [found for found in findings if found.confidence == "yes"]
    likely = {found.cause: found for found in reversed(findings)}
    if sure:
        doubts = _doubts_of(case, sure[0], born)
        verdict = _made(case, sure[0], "likely" if doubts else "yes")
        if doubts:
            verdict = replace(verdict, doubts=doubts)
    elif len(likely) == 1:
        verdict = _made(case, findings[0], "likely")
    elif likely:
        whys = tuple(dict.fromkeys(why for found in findings for why in found.why))
        verdict = replace(_bare(case, "unknown", "open"), fits=tuple(likely), why=whys)
    else:
        verdict = _bare(case, "unknown", "no")
    contradicting = [
        f"{found.cause} would fit, too: {printable(says(found.evidence[0]))}"
        for found in sure[1:]
        if found.cause != verdict.cause and found.evidence
    ]
    contradicting += contradicted(case, verdict.cause) if verdict.confidence == "yes" else ()
    verdict = replace(
        verdict,
        who=with_address(verdict.who, logins or Logins(events), death.time, death.host),
        why=(*verdict.why, *(() if sure else words_of_code(case))),
        contradicts=tuple(contradicting),
        unit_started=unit_started(case),
        used=used(case),
        then=(*missed(case), *then(case)),
        left=died_with(death, deaths, verdict.cause),
        near=() if _is_told(verdict) else beside(case, verdict.evidence),
    )
    refuted = tuple(refuted_by_its_result(case))
    return Opinion(
        death, verdict, frozenset(likely), bool(sure), case.number, refuted, _untouched(case),
        any(found.unasked for found in findings[:1]),
    )  # fmt: skip


def with_sight(opinion: Opinion, coverages: Sequence[Coverage]) -> Verdict:
    """The verdict, with what can be ruled out, and what cannot."""
    ruled_out, open_ones = _others(opinion, coverages)
    verdict = _without(opinion.verdict, [one for one in ruled_out if one.cause in opinion.causes])
    if not opinion.causes:
        verdict = _by_exclusion(verdict, open_ones, ruled_out)
    if verdict.confidence == "yes" and _is_unseen(opinion.death, coverages):
        verdict = replace(verdict, confidence="likely", doubts=(_ENDED_BEFORE,))
    return replace(
        verdict,
        ruled_out=ruled_out,
        cannot_rule_out=() if opinion.sure or _is_joined(opinion.death) else open_ones,
        unknown=_unknown(verdict, opinion),
        near=() if _is_told(verdict) else verdict.near,
    )


def _is_joined(death: Death) -> bool:
    """Whether the very signal that it died of is known: then only why that was sent may be open."""
    return any(
        isinstance(one, Exit) and one.source in JOINED and one.cause is not None and not one.causes
        for one in death.tellings
    )


def _is_unseen(death: Death, coverages: Sequence[Coverage]) -> bool:
    """Whether a call to kill alone tells of an end which would have been seen: by who saw most ends, at least."""
    if not _is_call_alone(death):
        return False
    seen = [
        replace(one, blind=())
        for one in coverages
        if None in (one.host, death.host) or one.host == death.host
    ]
    return not lacking(seen, "deaths", death.time, death.time + LOOK_AFTER)


def _is_call_alone(death: Death) -> bool:
    """Whether signals that somebody sent are all that tells of it, and nobody watched what became of them."""
    return is_call_alone(death) and all(one.source not in JOINED for one in death.tellings)


def _doubts_of(case: Case, found: Finding, born: int | None) -> tuple[str, ...]:
    """What is not sure of this death, though a finding is."""
    death = case.death
    if death.joined in (BY_NAME, BY_TIME) or _is_by_its_account(death, found):
        return (f"that it is this unit's is known by {death.joined} alone",)
    if found.cause == "oom" and death.joined and _failed_with(case) == "signal":
        # Whose main process the OOM killer took has the result oom-kill (service_sigchld_event(), src/core/service.c).
        return (
            "its unit's result is 'signal', not 'oom-kill': its main process may have been another",
        )
    return (OWN_WORDS,) if death.hearsay else _of_a_zombie(case, born)


def _failed_with(case: Case) -> object:
    failed = case.said("unit failed", within=BEFORE)
    return None if failed is None else (failed.details or {}).get("result")


def _of_a_zombie(case: Case, born: int | None) -> tuple[str, ...]:
    """A doubt, where a call to kill alone tells of an end, and its pid is known to have ended before: until its parent has
    waited for it, a process that has ended may be signalled as if it lived (kill(2))."""
    if born is None or case.death.process.start is not None or not _is_call_alone(case.death):
        return ()
    before = span(case.death.time - born)
    return (f"a process of that pid had ended {before} before, and may not have been waited for",)


def _is_by_its_account(death: Death, found: Finding) -> bool:
    """Whether a finding stands on the pid, which accounting alone has put to the unit."""
    return death.joined == BY_ACCOUNT and any(
        isinstance(one, Signal)
        or (isinstance(one, Statement) and one.about is not None and one.about.pid is not None)
        for one in found.evidence
    )


def _without(verdict: Verdict, refuted: Sequence[Negative]) -> Verdict:
    """Of causes of which each may be it, those that are left."""
    gone = {one.cause: one.because for one in refuted}
    left = tuple(one for one in verdict.fits if one not in gone)
    if not gone or not left:
        return verdict
    if left[1:]:
        return replace(verdict, fits=left)
    doubts = tuple(f"no {cause} ({because})" for cause, because in gone.items())
    return replace(verdict, cause=left[0], confidence="likely", fits=(), doubts=doubts)


def _is_told(verdict: Verdict) -> bool:
    """Whether nobody needs to look further: the cause is told, and who it was if it was somebody."""
    if verdict.confidence not in ("yes", "likely"):
        return False
    return verdict.cause != "killed" or verdict.who is not None


def _had_its_pid_before(one: Death, death: Death) -> bool:
    return (
        one is not death
        and key_of(one.process) is not None
        and key_of(one.process) == key_of(death.process)
        and (None in (one.host, death.host) or one.host == death.host)
        and one.time < death.time
        and not one.hearsay
    )


def _bare(case: Case, cause: str, confidence: str) -> Verdict:
    death = case.death
    return Verdict(
        time=death.time,
        cause=cause,
        confidence=confidence,
        process=death.process,
        unit=None if death.process.unit is None else plain(death.process.unit),
        part=_part(case),
        host=death.host,
        number=death.number,
        status=death.status,
        core=death.core,
        stack=stack((*death.tellings, *case.process_says)),
        core_note=core_note((*death.tellings, *case.process_says)),
        evidence=tuple(evidence_of(one) for one in (*death.tellings, *death.words)),
    )


def _part(case: Case) -> str | None:
    """Of a unit whose process is not known, what it was: its main process stands for the unit."""
    kind = kind_of_process(case.death, case.unit_says)
    is_unit = case.death.process.pid is None and case.death.process.unit is not None
    return f"{kind} process" if is_unit and kind not in (None, "main", "child") else None


def _made(case: Case, found: Finding, confidence: str) -> Verdict:
    found = with_job(case, found)
    others = (*found.story, *case.death.tellings, *case.death.words)
    tellings = [one for at, one in enumerate(others) if one not in (*found.evidence, *others[:at])]
    return replace(
        _bare(case, found.cause, confidence),
        number=found.number or case.death.number,
        who=found.who,
        why=(*(found.why if confidence == "yes" else ()), *explained(case, found)),
        doubts=() if confidence == "yes" else found.why,
        story=tuple(one.id for one in found.story if one.id),
        evidence=tuple(evidence_of(one) for one in (*found.evidence, *tellings)),
    )


def _by_exclusion(
    verdict: Verdict, open_ones: tuple[Negative, ...], ruled_out: tuple[Negative, ...]
) -> Verdict:
    """Nothing tells: where all but one cause can be ruled out, that one is left."""
    left = {one.cause for one in open_ones}
    if left == {"killed"} and ruled_out:
        others = " or ".join(NOUNS[one.cause] for one in ruled_out)
        whys = ", ".join(dict.fromkeys(one.because for one in ruled_out))
        said = f"nothing tells of {others} ({whys}), so a process sent it"
        return replace(verdict, cause="killed", confidence="likely", doubts=(said,))
    if len(left) > 1:
        return replace(verdict, confidence="open", fits=tuple(one.cause for one in open_ones))
    return verdict


def _others(
    opinion: Opinion, coverages: Sequence[Coverage]
) -> tuple[tuple[Negative, ...], tuple[Negative, ...]]:
    """What did not end it, and what cannot be ruled out: a negative is worth what its sight is worth."""
    ruled_out: list[Negative] = []
    open_ones: list[Negative] = []
    death = opinion.death
    begin, end = death.time - LOOK_BEFORE, death.time + LOOK_AFTER
    of_host = [one for one in coverages if None in (one.host, death.host) or one.host == death.host]
    for cause, kind in ALTERNATIVES.get(opinion.number or 0, ()):
        refuted = [one for one in opinion.refuted if one.cause == cause]
        if death.number is not None:
            # What a runtime alone tells may have been killed by a kernel of its own (a VM around a container).
            refuted += _never_counted(of_host, cause, begin, death.time)
        if cause in opinion.causes:
            # Of one that is proved, or alone likely, a counter says nothing better.
            ruled_out += refuted if cause in opinion.verdict.fits else ()
            continue
        whys = lacking(of_host, kind, begin, end)
        if whys and refuted:
            ruled_out.append(refuted[0])
        elif whys:
            open_ones.append(Negative(cause, "; ".join(whys)))
        else:
            seen = " and ".join(sorted({one.source for one in of_host if kind in one.kinds}))
            ruled_out.append(
                Negative(cause, f"{seen} would show it", f"{utc(begin)} to {utc(end)}")
            )
    alive = max(death.time - BEFORE, death.process.start or 0)
    untouched = opinion.untouched if opinion.verdict.cause == "exit" else None
    if untouched is not None and not lacking(of_host, "sends", alive, death.time):
        sight = f"{utc(alive)} to {utc(death.time)}"
        ruled_out.append(Negative("killed", untouched, sight))
    if opinion.number is not None and death.number is None:
        open_ones.append(Negative("exit", "an exit code above 128 may be a status, too"))
    return tuple(ruled_out), tuple(open_ones)


def _untouched(case: Case) -> str | None:
    """That no signal has led to an end with a status; None: it took one, or may have. What is taken may be finished with
    long after, by any program that handles it."""
    sent = [one for one in case.sent if case.is_before(one.time, BEFORE)]
    if any(one.outcome not in NOT_TAKEN for one in sent):
        return None
    if not sent:
        return "no signal was involved"
    named = [*dict.fromkeys(f"{name_of(one.number)}: {one.outcome}" for one in sent)]
    more = ["…"] if named[_NAMED_MAX:] else []
    return f"no signal that it took was involved ({', '.join(named[:_NAMED_MAX] + more)})"


def _never_counted(
    coverages: Sequence[Coverage], cause: str, begin: int, end: int
) -> list[Negative]:
    """That a counter is 0 of what would have been this cause, over a time that has the whole of this one in it."""
    kind = COUNTED.get(cause, "")
    return [
        Negative(
            cause, f"{one.source} would show it", f"{utc(span.began)} to {utc(span.ended or end)}"
        )
        for one in coverages
        if kind in one.kinds and not lacking([one], kind, begin, end)
        for span in one.spans[:1]
    ]


def _unknown(verdict: Verdict, opinion: Opinion) -> tuple[str, ...]:
    missing = []
    if verdict.cause in ("killed", "stop", "stop timeout") and (
        verdict.who is None or verdict.who.asked is None
    ):
        if verdict.cause != "killed" and not opinion.unasked:
            missing.append("who asked its manager")
        elif verdict.who is None or verdict.who.sender is None:
            missing.append("who sent it")
    if opinion.death.process.pid is None:
        missing.append("its pid")
    return tuple(missing)
