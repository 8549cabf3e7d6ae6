"""The report's data → one SVG: a lane for each unit, container or program, time from left to right.

Each mark is a link to its evidence. Shapes differ, not colours alone.
"""

from __future__ import annotations

from tracer.model.frozen import frozen
from tracer.model.numbers import size_of_kb
from tracer.model.text import cut
from tracer.model.times import SECOND, span
from tracer.report.axis import Axis, axis_of
from tracer.report.escape import clock, h, moment, rhythm_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    Data = dict[str, Any]

LANES_MAX, STRIPS_MAX = 40, 12
WIDTH, LEFT, RIGHT, TOP, LANE, STRIP = 1180, 190, 24, 40, 46, 22
# About as wide is a small letter of a caption, a capital, and what is left free beside one.
SMALL, CAPITAL, AIR = 6.3, 8.3, 15
# Of more arrows than these none is drawn in full colour: they cross captions.
ARROWS_MAX = 40
# Marks of one death are drawn so far from each other, at least.
APART = 11
# What asks for an end or brings it; a line is drawn from the first of them to the death.
_LEADS = frozenset(("asked", "signal", "kill", "other", "oom", "said", "command"))
# A step's shape around (0, 0); each is drawn once, and used by its name.
SHAPES: dict[str, str] = {
    "asked": '<path id="asked" d="M0-6 6 0 0 6-6 0z"/>',
    "signal": '<path id="signal" d="M-5-6 6 0-5 6z"/>',
    "kill": '<path id="kill" d="M-6-7 0 0-6 7M0-7 6 0 0 7"/>',
    "other": '<circle id="other" r="3.5"/>',
    "oom": '<rect id="oom" x="-5" y="-5" width="10" height="10"/>',
    "said": '<path id="said" d="M0-6V6"/>',
    "command": '<path id="command" d="M-5-5 0 0-5 5M1 5H7"/>',
    "again": '<circle id="again" r="4"/>',
    "death": '<path id="death" d="M-6-6 6 6M6-6-6 6"/>',
}
LEGEND = {
    "asked": "stop asked",
    "signal": "asked to end (SIGTERM …)",
    "kill": "SIGKILL",
    "other": "another signal",
    "oom": "out of memory",
    "said": "its manager says why",
    "command": "a command beside it",
    "death": "death",
    "again": "started again",
}


@frozen
class Lanes:
    """The lanes that are drawn, by their row; ``left_out`` have no room."""

    rows: dict[str, int]
    left_out: int

    def y(self, lane: str) -> float | None:
        row = self.rows.get(lane)
        return None if row is None else TOP + LANE * row + LANE / 2


def timeline(data: Data) -> str:
    """The SVG; "" where there is nothing to draw."""
    kinds = data["kinds"]
    if not kinds:
        return ""
    lanes = _lanes(kinds, len(data["hosts"]) > 1)
    drawn = [kind for kind in kinds if _lane(kind, data) in lanes.rows]
    axis = axis_of(_moments(drawn), LEFT, WIDTH - LEFT - RIGHT)
    strips = data["sight"][:STRIPS_MAX]
    bottom = TOP + LANE * len(lanes.rows)
    height = bottom + (30 + STRIP * len(strips) if strips else 10)
    lives = "\n".join(_lives(drawn, axis, lanes, data))
    many = ' class="many"' if lives.count('class="arrow') > ARROWS_MAX else ""
    parts = [
        f'<svg id="timeline"{many} viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="group" aria-label="Timeline">',
        _DEFS,
        *_grid(axis, lanes, bottom, height),
        *_unwatched(data, axis, bottom),
        lives,
        *_strips(strips, axis, bottom + 24),
        "</svg>",
    ]
    return "\n".join(parts)


_DEFS = f"""<defs>
{"".join(SHAPES.values())}
<pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path class="hatch" d="M0 0V7"/></pattern>
<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="tip" d="M0 0 8 4 0 8z"/></marker>
<marker id="from" viewBox="-3 -3 6 6" markerUnits="userSpaceOnUse" markerWidth="6" markerHeight="6"><circle class="tip" r="3"/></marker>
</defs>"""


def left_out(data: Data) -> int:
    """How many lanes have no room."""
    return _lanes(data["kinds"], len(data["hosts"]) > 1).left_out if data["kinds"] else 0


def _lane(kind: Data, data: Data) -> str:
    return _called(kind, kind["lane"], len(data["hosts"]) > 1)


def _called(kind: Data, lane: str, with_host: bool) -> str:
    return f"{kind['host']}: {lane}" if with_host and kind["host"] else str(lane)


def _lanes(kinds: Sequence[Data], with_host: bool) -> Lanes:
    """What ended unasked has room before what was stopped; who sent is above whom it was sent."""
    chosen: dict[str, None] = {}
    for kind in sorted(kinds, key=lambda one: (one["ordered"], -one["last"])):
        for lane in (kind["lane"], *_senders(kind)):
            chosen.setdefault(_called(kind, lane, with_host))
    kept = set(list(chosen)[:LANES_MAX])
    ordered: dict[str, None] = {}
    for kind in sorted(kinds, key=lambda one: one["first"]):
        for lane in (*_senders(kind), kind["lane"]):
            called = _called(kind, lane, with_host)
            if called in kept:
                ordered.setdefault(called)
    return Lanes({lane: row for row, lane in enumerate(ordered)}, len(chosen) - len(ordered))


def _senders(kind: Data) -> list[str]:
    """The programs from whose lanes arrows lead."""
    by = kind["by"]
    return [by] if by and not kind["by_manager"] and by not in (kind["subject"], "-") else []


def _moments(kinds: Sequence[Data]) -> Iterator[int]:
    for kind in kinds:
        yield kind["first"]
        yield from kind["times"]
        for death in kind["deaths"]:
            yield from (step["time"] for step in death["steps"])


def _grid(axis: Axis, lanes: Lanes, bottom: int, height: int) -> Iterator[str]:
    for lane, row in lanes.rows.items():
        y = TOP + LANE * row
        yield f'<rect class="lane{row % 2}" x="0" y="{y}" width="{WIDTH}" height="{LANE}"/>'
        yield f'<text class="name" x="8" y="{y + LANE / 2 + 4:g}">{h(cut(lane, 26))}<title>{h(lane)}</title></text>'
    for x, length in axis.cuts():
        yield f'<g class="cut"><title>nothing for {span(length)}: left out</title><path d="M{x - 4:g} {TOP - 6}V{bottom}M{x + 4:g} {TOP - 6}V{bottom}"/><text x="{x:g}" y="{TOP - 24}">{span(length)}</text></g>'
    for piece in axis.pieces:
        room = max(1, int(piece.width // 120))
        step = (piece.ended - piece.began) // room
        for at in range(room):
            time = piece.began + step * at
            x = piece.x(time)
            yield f'<path class="tick" d="M{x:g} {TOP - 6}V{bottom}"/><text class="clock" x="{x:g}" y="{TOP - 10}">{_clock(time, step)}</text>'


def _clock(time: int, step: int) -> str:
    day, _, clock = moment(time).partition(" ")
    if step > 20 * 3600 * SECOND:
        return f"{day[5:]} {clock[:5]}"
    return clock[:8] if step >= SECOND else clock


def _unwatched(data: Data, axis: Axis, bottom: int) -> Iterator[str]:
    """Times at which nothing that was read has seen anything."""
    seen = sorted(
        (one["began"], one["ended"]) for source in data["sight"] for one in source["spans"]
    )
    times = sorted(_moments(data["kinds"]))
    began, end = times[0], times[-1]
    blind = []
    for start, stop in seen:
        if start > began:
            blind.append((began, min(start, end)))
        began = end if stop is None else max(began, stop)
        if began >= end:
            break
    if seen and began < end:
        blind.append((began, end))
    for first, last in blind:
        x, width = axis.x(first), axis.x(last) - axis.x(first)
        if width > 1:
            yield f'<rect class="gap" x="{x:g}" y="{TOP}" width="{width:g}" height="{bottom - TOP}"><title>nobody watched from {moment(first)} to {moment(last)}</title></rect>'


def _lives(kinds: Sequence[Data], axis: Axis, lanes: Lanes, data: Data) -> Iterator[str]:
    """What is drawn in each lane; y is counted from the lane's middle."""
    of_lane: dict[str, list[Data]] = {}
    for kind in kinds:
        of_lane.setdefault(_lane(kind, data), []).append(kind)
    for lane in lanes.rows:
        if lane in of_lane:
            mine = [(kind, _chains(kind, axis)) for kind in of_lane[lane]]
            captions = captions_of([(_caption(kind), _end(kind, chains, axis)) for kind, chains in mine])  # fmt: skip
            yield f'<g class="lane" transform="translate(0 {lanes.y(lane):g})">'
            for (kind, chains), caption in zip(mine, captions):
                yield _kind(kind, chains, caption, axis, lanes, data)
            yield "</g>"


def _chains(kind: Data, axis: Axis) -> list[tuple[Data, list[tuple[int, Data]]]]:
    """The deaths that are drawn by themselves, and where their steps are."""
    deaths = kind["deaths"][-1:] if _is_band(kind) else kind["deaths"]
    return [(death, _placed(death, axis)) for death in deaths]


def _is_band(kind: Data) -> bool:
    return bool(kind["count"] > len(kind["deaths"]))


def _end(kind: Data, chains: Sequence[tuple[Data, list[tuple[int, Data]]]], axis: Axis) -> int:
    """Where its last mark is."""
    return chains[-1][1][-1][0] if chains else round(axis.x(kind["last"]))


def _kind(
    kind: Data,
    chains: Sequence[tuple[Data, list[tuple[int, Data]]]],
    caption: str,
    axis: Axis,
    lanes: Lanes,
    data: Data,
) -> str:
    """One link to the evidence. Its tooltip is the evidence's headline (tracer.report.look)."""
    parts = [_band(kind, axis)] if _is_band(kind) else []
    for death, placed in chains:
        # The linked evidence tells the newest death's moments.
        parts += _chain(placed, None if death is kind["deaths"][-1] else kind["last"])
        parts += _arrow(kind, placed, lanes, data)
    how = ' class="ordered"' if kind["ordered"] else ""
    return f'<a href="#{kind["id"]}"{how}>{"".join(parts)}{caption}</a>'


def _band(kind: Data, axis: Axis) -> str:
    """Repeats, as one: from the first to the last, a stroke each as far as they can be told apart."""
    first, last = axis.x(kind["first"]), axis.x(kind["last"])
    xs = sorted({round(axis.x(time)) for time in kind["times"]})
    # One line across all strokes, its dashes 1 wide.
    dashes = " ".join(f"1 {later - earlier - 1}" for earlier, later in zip(xs, xs[1:]))
    strokes = f'<path class="strokes" d="M{xs[0] - 0.5:g} 0H{xs[-1] + 0.5:g}" stroke-dasharray="{dashes} 1 9"/>'
    return f'<rect class="band" x="{first - 4:g}" y="-9" width="{last - first + 8:g}" height="18"/>{strokes}'


def _placed(death: Data, axis: Axis) -> list[tuple[int, Data]]:
    """Each step of a death and where it is drawn: what lies too close together is moved apart, in its order."""
    end = {"time": death["time"], "what": "death", "text": "death"}
    at = round(axis.x(end["time"]))
    before = [step for step in death["steps"] if step["what"] in _LEADS]
    after = [step for step in death["steps"] if step["what"] not in _LEADS]
    placed = [(at, end)]
    for step in reversed(before):
        at = round(max(LEFT, min(axis.x(step["time"]), at - APART)))
        placed.insert(0, (at, step))
    at = placed[-1][0]
    for step in after:
        at = round(max(axis.x(step["time"]), at + APART))
        placed.append((at, step))
    return placed


def _chain(placed: Sequence[tuple[int, Data]], last_time: int | None) -> Iterator[str]:
    """Stop asked, SIGTERM, waiting, SIGKILL, death, started again. What each is and when (the day, if not that of
    ``last_time``) is its tooltip; None: the linked evidence tells it."""
    end = next(x for x, step in placed if step["what"] == "death")
    start, last = placed[0][0], placed[-1][0]
    if start < end:
        yield f'<path class="waiting" d="M{start} 0H{end}"/>'
    if last > end:
        yield f'<path class="off" d="M{end} 0H{last}"/>'
    for x, step in placed:
        mark = f'<use href="#{step["what"]}" x="{x}"'
        if last_time is None:
            yield f"{mark}/>"
        else:
            yield f"{mark}><title>{clock(step['time'], last_time)} {h(step['text'], 160)}</title></use>"


def _arrow(
    kind: Data, placed: Sequence[tuple[int, Data]], lanes: Lanes, data: Data
) -> Iterator[str]:
    """From the sender's lane to the victim's; dashed where it is not certain that it sent it."""
    with_host = len(data["hosts"]) > 1
    arrows = {(step["from"], x) for x, step in placed if step.get("from")}
    # Of who asked a manager it is known when it asked, or nothing is drawn.
    if not arrows and not (kind["by_manager"] or kind["asked"]):
        end = next(x for x, step in placed if step["what"] == "death")
        arrows = {(by, end) for by in _senders(kind)}
    own = lanes.y(_lane(kind, data))
    for sender, x in sorted(arrows):
        origin = lanes.y(_called(kind, sender, with_host))
        if origin is None or own is None or origin == own:
            continue
        sure = "" if kind["confidence"] == "yes" else " likely"
        yield f'<path class="arrow{sure}" d="M{x} {origin - own:g}V{-10 if origin < own else 10}"/>'


def captions_of(wanted: Sequence[tuple[str, int]]) -> list[str]:
    """What stands beside the marks of a lane, the last one first: on either side of its mark, above it or below, where
    none stands yet; "" without such a place (its tooltip and its evidence say the same)."""
    taken: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
    made = [""] * len(wanted)
    for at in sorted(range(len(wanted)), key=lambda at: -wanted[at][1]):
        text, x = wanted[at]
        width = AIR + sum([CAPITAL if letter.isupper() else SMALL for letter in text])
        sides = (True, False) if x > WIDTH * 0.72 else (False, True)
        for is_low, is_left in ((low, side) for low in (False, True) for side in sides):
            first, last = (x - width, x) if is_left else (x, x + width)
            fits = first >= LEFT and last <= WIDTH
            if fits and all(last <= begin or first >= end for begin, end in taken[is_low]):
                taken[is_low].append((first, last))
                names = [name for name, is_so in (("end", is_left), ("low", is_low)) if is_so]
                how = f' class="{" ".join(names)}"' if names else ""
                made[at] = f'<text x="{x}"{how}>{h(text)}</text>'
                break
    return made


def _caption(kind: Data) -> str:
    """What stands beside the last death: what it died of, how often, and what is not known."""
    words = [kind["signal"] or f"status {kind['status']}"]
    words[0] = words[0].removeprefix("SIG")
    if kind["cause"] == "oom":
        words = [_oom(kind["oom"] or {})]
    if kind["count"] > 1:
        words.append(f"{kind['count']:,}×")
    words += rhythm_of(kind)
    if kind["sender_unknown"]:
        words.append("sender unknown")
    return cut(", ".join(words), 44)


def _oom(numbers: Data) -> str:
    held, limit = numbers.get("held_kb"), numbers.get("limit_kb")
    told = "" if held is None else f" held {size_of_kb(held, 3)}"
    return (
        f"OOM:{told}{'' if limit is None else f' of {size_of_kb(limit, 3)}'}"
        if told or limit
        else "OOM"
    )


def _strips(sight: Sequence[Data], axis: Axis, top: float) -> Iterator[str]:
    """What each source saw, and where it has gaps."""
    first, last = axis.pieces[0].began, axis.pieces[-1].ended
    for row, one in enumerate(sight):
        y = top + STRIP * row
        name = f"{one['host']}: {one['source']}" if one["host"] else one["source"]
        yield f'<text class="source" x="8" y="{y + 11:g}">{h(cut(name, 28))}</text>'
        for seen in one["spans"]:
            yield _bar("seen", seen["began"], seen["ended"] or last, axis, y, "seen")
        for gap in one["gaps"]:
            yield _bar("gap", gap["began"] or first, gap["ended"] or last, axis, y, gap["why"])


def _bar(kind: str, began: int, ended: int, axis: Axis, y: float, title: str) -> str:
    x = axis.x(began)
    width = max(2.0, round(axis.x(ended) - x, 1))
    return f'<rect class="{kind}" x="{x:g}" y="{y:g}" width="{width:g}" height="12"><title>{h(title)}: {moment(began)} to {moment(ended)}</title></rect>'
