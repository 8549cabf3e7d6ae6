"""What truly happened in a scenario, and what is false in what a source says of it. To say less is right."""

from __future__ import annotations

import signal
from typing import NamedTuple

from harness import is_signal

# What may be said of a call that sends. Who cannot see the call says "user".
BY_KILL = ("kill", "user")
BY_TGKILL = ("tgkill",)
BY_SIGQUEUE = ("sigqueue",)
BY_PIDFD = ("pidfd", "user")
ANY = object()  # whatever is said of it, the scenario does not know better


def name_of(number):
    """SIGTERM → TERM; a real-time one by its number."""
    try:
        return signal.Signals(number).name.removeprefix("SIG")
    except ValueError:
        return str(number)


def plain(event):
    """What an event claims beside whom and what it is about: one word each."""
    ends = {key: event[key].get("pid") for key in ("sender", "tracer", "claim") if key in event}
    same = ("origin", "outcome", "target_state", "sender_lives", "cgroup")
    words = {key: event[key] for key in same if key in event}
    if "fault" in event:
        words["address"] = int(event["fault"]["address"], 16)
    if event.get("seccomp", {}).get("call") is not None:
        words["refused"] = event["seccomp"]["call"]
    if "escalates" in event:
        words["escalates"] = event["escalates"]["signal"]["number"]
    return {**ends, **words}


# It looks at the masks of a target in /proc, when it has heard of the signal.
LATE = frozenset(("bcc",))


class Sent(NamedTuple):
    """A signal: to whom, which, and what may be said of it, by the names of plain(). ``kills``: the target died of it."""

    target: int
    number: int
    allowed: dict[str, tuple]
    kills: bool = False
    again: bool = False  # it may be sent more than once


class Truth:
    """What a scenario knows of its own processes, by waitpid(2) and by what it did itself."""

    def __init__(self):
        self.names = {}
        self.sent = []
        self.ends = {}
        self.argv = {}
        self.answered = {}
        self.tracers = {}
        self.also_sends = set()  # pids that signal children of their own, whom nobody here knows

    def name(self, **pids):
        self.names.update({pid: name for name, pid in pids.items()})

    def was_sent(self, target, number, origins, *, by=(), kills=False, again=False, **allowed):
        """``by``: pids that may be called the sender. What is not in ``allowed`` may not be said; of outcomes, ``later`` by
        who looks a moment later (docs/sources.md)."""
        words = {
            key: value if isinstance(value, tuple) else (value,) for key, value in allowed.items()
        }
        words.setdefault("outcome", ("delivered",))
        words["origin"] = origins if isinstance(origins, tuple) else (origins,)
        words["sender"] = by if isinstance(by, tuple) else (by,)
        self.sent.append(Sent(target, int(number), words, kills, again))

    def ended(self, pid, returncode, *, answers=None, tracer=None):
        """``returncode`` as Popen has it; ``answers``: the request to end after which it exited by itself."""
        self.ends[pid] = returncode
        if answers is not None:
            self.answered[pid] = int(answers)
        if tracer is not None:
            self.tracers[pid] = tracer

    def concerns(self):
        """Whose signals and ends are known in full."""
        return {one.target for one in self.sent} | set(self.ends)

    def to(self, pid, number):
        return [one for one in self.sent if (one.target, one.number) == (pid, number)]


def told_of(truth, events):
    """The events about this scenario's own processes."""
    pids = truth.concerns()
    for event in events:
        if (is_signal(event) and event.get("target", {}).get("pid") in pids) or (
            event["event"] == "exit" and event["process"]["pid"] in pids
        ):
            yield event


def falsehoods(truth, events):
    """All that is false in what is said, a line each."""
    told = list(told_of(truth, events))
    of = _sents_of(truth, told)
    for event in told:
        yield from (
            _false_of_signal(truth, event, of)
            if is_signal(event)
            else _false_of_end(truth, event, told, of)
        )
        for end in ("sender", "target", "process", "tracer", "current"):
            yield from _false_argv(truth, event.get(end, {}))
    for event in filter(is_signal, events):
        yield from _false_target(truth, event)
    for key in {_key(event) for event in told if is_signal(event)}:
        count, known = sum(is_signal(e) and _key(e) == key for e in told), truth.to(*key)
        if count > len(known) and not any(one.again for one in known):
            yield f"{name_of(key[1])} to {truth.names.get(key[0], key[0])}: told {count} times, sent {len(known)}"
    for pid in truth.ends:
        if sum(event["event"] == "exit" and event["process"]["pid"] == pid for event in told) > 1:
            yield f"{truth.names.get(pid, pid)} ended twice"


def _false_target(truth, event):
    """Whom nobody here knows, and what was sent to somebody else. As a caller numbers its target, it is a claim of none."""
    pid, by = event.get("target", {}).get("pid"), event.get("sender", {}).get("pid")
    if pid is None or pid in truth.concerns() or event.get("target_is_asked"):
        return
    if by in truth.also_sends:
        return
    number = event["signal"]["number"]
    if any(one.number == number and by in one.allowed["sender"] for one in truth.sent):
        yield f"{name_of(number)} from {truth.names.get(by, by)} to {pid}, whom it did not send it"


def _key(event):
    return event["target"]["pid"], event["signal"]["number"]


def _sents_of(truth, told):
    """By the place of a signal in what is told, what it can be: the n-th of its kind, if all of them are told."""
    signals = [event for event in told if is_signal(event)]
    of = {}
    for event in signals:
        alike = [other for other in signals if _key(other) == _key(event)]
        known = truth.to(*_key(event))
        at = next(i for i, other in enumerate(alike) if other is event)
        in_order = len(alike) == len(known) and not any(one.again for one in known)
        of[id(event)] = [known[at]] if in_order else known
    return of


def _false_of_signal(truth, event, of):
    pid, number = _key(event)
    what = f"{name_of(number)} to {truth.names.get(pid, pid)}"
    known = of[id(event)]
    if not known:
        yield f"{what}: never sent"
        return
    for word, said in plain(event).items():
        kinds = (word, "later") if word == "outcome" and event.get("source") in LATE else (word,)
        right = {value for one in known for kind in kinds for value in one.allowed.get(kind, ())}
        if said not in right and ANY not in right:
            yield f"{what}: {word} {truth.names.get(said, said)}, of {sorted(map(str, right))}"


def _false_of_end(truth, event, told, of):
    pid = event["process"]["pid"]
    who = truth.names.get(pid, pid)
    if pid not in truth.ends:
        yield f"{who} has not ended"
        return
    fate, number = truth.ends[pid], event.get("signal", {}).get("number")
    if number is not None and number != -fate:
        yield f"{who} died of {name_of(number)}, not with {fate}"
    if "status" in event and event["status"] != fate:
        yield f"{who} exited with {event['status']}, not {fate}"
    if "tracer" in event and event["tracer"].get("pid") != truth.tracers.get(pid):
        yield f"{who} was not traced by {event['tracer']}"
    by_id = {}
    for other in told:
        if is_signal(other) and other["target"]["pid"] == pid:
            by_id.setdefault(other["id"], other)
    causes = [event["cause"]] if "cause" in event else event.get("causes", [])
    if causes and not any(
        one.kills for id_ in causes if id_ in by_id for one in of[id(by_id[id_])]
    ):
        yield f"{who} did not die of any of {causes}"
    if "handled" in event:
        answered = by_id.get(event["handled"], {}).get("signal", {}).get("number")
        if answered is None or answered != truth.answered.get(pid):
            yield f"{who} did not exit because of {answered}"


def _false_argv(truth, end):
    right = truth.argv.get(end.get("pid"))
    said = end.get("argv")
    if right is None or said is None or end.get("argv_cut"):
        return
    if said not in right:
        yield f"the command line of {truth.names.get(end['pid'], end['pid'])} is not {said}"


def words_of(truth, events):
    """What is said, in a few words, in the order in which it comes."""
    return "; ".join(_counted(_phrases(truth, events, is_sure=True)))


def steady(truth, events, *, is_sure):
    """The same for comparing: in one order, and without what depends on who looks first (``is_sure`` False)."""
    return "; ".join(sorted(_counted(_phrases(truth, events, is_sure=is_sure))))


def _phrases(truth, events, *, is_sure):
    for event in told_of(truth, events):
        if is_signal(event):
            yield _words_of_signal(truth, event, is_sure)
        else:
            yield _words_of_end(truth, event, is_sure)


def _counted(phrases):
    phrases = list(phrases)
    counted = {phrase: phrases.count(phrase) for phrase in phrases}
    return [phrase if count == 1 else f"{count} × {phrase}" for phrase, count in counted.items()]


def _words_of_signal(truth, event, is_sure):
    words = plain(event)
    pid, number = _key(event)
    text = f"{name_of(number)} {words.get('origin', '')}".rstrip()
    if "sender" in words:
        text += f" from {truth.names.get(words['sender'], '?')}"
    if truth.names.get(pid) != "target":
        text += f" to {truth.names.get(pid, '?')}"
    if not is_sure:
        return text
    more = [words[key] for key in ("outcome", "target_state") if key in words]
    more += [f"traced by {truth.names.get(words['tracer'], '?')}"] if "tracer" in words else []
    more += ["the sender lives"] if words.get("sender_lives") else []
    more += ["its address"] if words.get("address", 0) else []
    more += [f"call {words['refused']}"] if "refused" in words else []
    more += ["the cgroup named"] if "cgroup" in words else []
    more += ["a claim"] if "claim" in words else []
    more += [f"escalates {name_of(words['escalates'])}"] if "escalates" in words else []
    return ", ".join([text, *more])


def _words_of_end(truth, event, is_sure):
    who = truth.names.get(event["process"]["pid"], "?")
    number = event.get("signal", {}).get("number")
    text = f"exit {event.get('status')}" if number is None else f"death by {name_of(number)}"
    if who != "target":
        text = f"{who}: {text}"
    if not is_sure:
        return text
    if "cause" in event:
        text += ", of it"
    elif "causes" in event:
        text += f", of one of {len(event['causes'])}"
    elif "handled" in event:
        text += ", after it"
    elif event.get("origin"):
        text += f", {event['origin']}"
    if "tracer" in event:
        text += f", traced by {truth.names.get(event['tracer'].get('pid'), '?')}"
    return text
