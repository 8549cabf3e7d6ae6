"""A bar chart as SVG: time added to each kill(), by tool, on a logarithmic scale."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.samples import Samples

STREAMS = ("paced 5,000/s", "storm")
WIDTH, LABEL, BAR, GAP = 720, 130, 13, 12
LEAST, MOST = 100, 1_000_000  # nanoseconds at both ends of the scale
COLOURS = {True: ("#1a7f5a", "#7cc3a6"), False: ("#5b6470", "#b4bac2")}
TICKS = ((100, "0.1 µs"), (1000, "1 µs"), (10_000, "10 µs"), (100_000, "100 µs"), (MOST, "1 ms"))


def _x(nanoseconds: float) -> float:
    share = math.log(max(LEAST, min(MOST, nanoseconds)) / LEAST) / math.log(MOST / LEAST)
    return LABEL + share * (WIDTH - LABEL - 60)


def _text(x: float, y: float, text: str, extra: str = "") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" {extra}>{escape(text)}</text>'


def chart(samples: Samples) -> str:
    """The whole SVG document."""
    tools = [tool for tool in samples.tools(STREAMS[0]) if tool in samples.tools(STREAMS[1])]
    height = 60 + len(tools) * (2 * BAR + GAP) + 30
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        _text(8, 20, "Time a tracer adds to each kill()", 'font-size="15" font-weight="bold"'),
        _text(8, 38, f"dark: {STREAMS[0]}, light: {STREAMS[1]}; shorter is better", 'fill="#555"'),
    ]
    for value, label in TICKS:
        x = _x(value)
        line = f'x1="{x:.0f}" x2="{x:.0f}" y1="50" y2="{height - 24}"'
        parts.append(f'<line {line} stroke="#ddd"/>')
        parts.append(_text(x, height - 8, label, 'text-anchor="middle" fill="#555"'))
    for place, tool in enumerate(tools):
        top = 56 + place * (2 * BAR + GAP)
        parts.append(_text(LABEL - 8, top + BAR + 4, tool, 'text-anchor="end"'))
        ours = tool.startswith(("core", "bcc", "audit"))
        for row, stream in enumerate(STREAMS):
            parts += _bar(samples.median(stream, tool, "added_ns"), top + row * BAR, ours, row)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _bar(value: float | None, top: float, ours: bool, row: int) -> list[str]:
    if value is None:
        return []
    end = _x(value)
    width = max(1, end - LABEL)
    return [
        f'<rect x="{LABEL}" y="{top}" width="{width:.0f}" height="{BAR - 1}" '
        f'fill="{COLOURS[ours][row]}"/>',
        _text(end + 4, top + BAR - 3, f"{value / 1000:.2f} µs", 'font-size="11"'),
    ]
