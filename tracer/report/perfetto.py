"""The report's data → trace events, for viewers of them (Perfetto, about:tracing).

The form is the "Trace Event Format" of the Chromium project: times in microseconds; ph X is a slice, i an instant, s and
f the ends of a flow, M a name.
"""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    Data = dict[str, Any]


def perfetto(data: Data) -> str:
    """The timeline as JSON in the Trace Event Format, times in microseconds: a process a host, a thread a lane."""
    lanes: dict[tuple[str, str], tuple[int, int]] = {}
    hosts: dict[str, int] = {}

    def lane(host: str | None, name: str) -> dict[str, int]:
        pid = hosts.setdefault(host or "this host", len(hosts) + 1)
        where = lanes.setdefault((host or "this host", name), (pid, len(lanes) + 1))
        return {"pid": where[0], "tid": where[1]}

    events = [event for kind in data["kinds"] for event in _of_kind(kind, lane)]
    events += [event for one in data["sight"] for event in _of_sight(one, lane)]
    names = [_name("process_name", pid, 0, host) for host, pid in hosts.items()]
    names += [_name("thread_name", pid, tid, name) for (_, name), (pid, tid) in lanes.items()]
    return json.dumps({"displayTimeUnit": "ms", "traceEvents": names + events}) + "\n"


def _name(what: str, pid: int, tid: int, name: str) -> Data:
    return {"ph": "M", "name": what, "pid": pid, "tid": tid, "args": {"name": name}}


def _us(moment: int) -> float:
    return moment / 1000


def _of_kind(kind: Data, lane: Any) -> Iterator[Data]:
    own = lane(kind["host"], kind["lane"])
    told = {"args": {"verdict": kind["headline"], "sure": kind["confidence"]}}
    if kind["count"] > len(kind["deaths"]):
        length = _us(kind["last"] - kind["first"])
        name = f"{kind['subject']}: {kind['cause']}, {kind['count']} times"
        yield {"ph": "X", "name": name, "ts": _us(kind["first"]), "dur": length, **own, **told}
    for number, death in enumerate(kind["deaths"]):
        first = min([death["time"], *(step["time"] for step in death["steps"])])
        length = _us(death["time"] - first)
        name = f"{kind['subject']}: {kind['cause']}"
        yield {"ph": "X", "name": name, "ts": _us(first), "dur": length, **own, **told}
        for step in death["steps"]:
            yield {"ph": "i", "s": "t", "name": step["text"], "ts": _us(step["time"]), **own}
            if step["from"]:
                flow = {"name": step["text"], "cat": "signal", "id": f"{kind['id']}-{number}-{step['time']}"}  # fmt: skip
                sender = lane(kind["host"], step["from"])
                at = _us(step["time"])
                yield {"ph": "X", "name": step["text"], "ts": at, "dur": 1, **sender}
                yield {"ph": "s", "ts": at, **flow, **sender}
                yield {"ph": "f", "bp": "e", "ts": at + 1, **flow, **own}


def _of_sight(one: Data, lane: Any) -> Iterator[Data]:
    own = lane(one["host"], f"seen by {one['source']}")
    for gap in one["gaps"]:
        if gap["began"] is not None and gap["ended"] is not None:
            began = _us(gap["began"])
            yield {"ph": "X", "name": "gap", "ts": began, "dur": _us(gap["ended"]) - began, **own, "args": {"why": gap["why"]}}  # fmt: skip
