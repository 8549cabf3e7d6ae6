"""A bar chart as SVG: time added to each kill(), by tool, on a logarithmic scale."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

from bench.rivals import TOOLS
from bench.streams import PACED, STORM

if TYPE_CHECKING:
    from bench.samples import Samples

STREAMS = (PACED[1].name, STORM.name)
WIDTH, LABEL, VALUE = 720, 100, 70  # VALUE is what the longest bar leaves for its figure
TOP, BOTTOM = 78, 28
BAR, GAP = 13, 10
LEAST, MOST = 100, 1_000_000  # nanoseconds at both ends of the scale
TICKS = ((LEAST, "0.1 µs"), (1000, "1 µs"), (10_000, "10 µs"), (100_000, "100 µs"), (MOST, "1 ms"))
OURS = frozenset(tool.name for tool in TOOLS if tool.ours)
# Colours for a light page and for a dark one: of the ground, of text, of lines, and of bars
# (ours and others', for each stream).
STYLE = """\
text{fill:#1f2328} .faint{fill:#59636e} .ground{fill:#fff} line{stroke:#d1d9e0}
.ours0{fill:#1a7f5a} .ours1{fill:#7cc3a6} .other0{fill:#5b6470} .other1{fill:#b4bac2}
@media (prefers-color-scheme:dark){
text{fill:#f0f6fc} .faint{fill:#9198a1} .ground{fill:#0d1117} line{stroke:#3d444d}
.ours0{fill:#3fb27f} .ours1{fill:#1f6e4f} .other0{fill:#9aa4af} .other1{fill:#555e68}
}"""


def chart(samples: Samples) -> str:
    """The whole SVG document."""
    tools = [tool for tool in samples.tools(STREAMS[0]) if tool in samples.tools(STREAMS[1])]
    height = TOP + len(tools) * (2 * BAR + GAP) + BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" font-family="sans-serif" font-size="12">',
        f"<style>{STYLE}</style>",
        f'<rect class="ground" width="{WIDTH}" height="{height}"/>',
        _text(8, 22, "Time that each tracer adds to a kill()", 'font-size="15" font-weight="bold"'),
        _text(8, 42, "median of rounds, logarithmic; shorter is better", 'class="faint"'),
        *_legend(),
        *_scale(height),
    ]
    for place, tool in enumerate(tools):
        top = TOP + place * (2 * BAR + GAP)
        parts.append(_text(LABEL - 8, top + BAR + 4, tool, 'text-anchor="end"'))
        for row, stream in enumerate(STREAMS):
            value = samples.median(stream, tool, "added_ns")
            if value is not None:
                parts += _bar(value, top + row * BAR, f"{_side(tool)}{row}")
    return "\n".join([*parts, "</svg>"]) + "\n"


def _side(tool: str) -> str:
    return "ours" if tool in OURS else "other"


def _x(nanoseconds: float) -> float:
    share = math.log(max(LEAST, min(MOST, nanoseconds)) / LEAST) / math.log(MOST / LEAST)
    return LABEL + share * (WIDTH - LABEL - VALUE)


def _text(x: float, y: float, text: str, extra: str = "") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" {extra}>{escape(text)}</text>'


def _legend() -> list[str]:
    parts = []
    for row, stream in enumerate(STREAMS):
        x = 400 + row * 160
        for side, name in enumerate(("ours", "other")):
            parts.append(_box(x + side * 12, 32, 12, f"{name}{row}"))
        parts.append(_text(x + 30, 42, stream))
    return parts


def _scale(height: int) -> list[str]:
    parts = []
    for value, label in TICKS:
        x = _x(value)
        parts.append(f'<line x1="{x:.0f}" x2="{x:.0f}" y1="{TOP - 8}" y2="{height - BOTTOM}"/>')
        parts.append(_text(x, height - 10, label, 'text-anchor="middle" class="faint"'))
    return parts


def _bar(value: float, top: float, colour: str) -> list[str]:
    end = max(_x(value), LABEL + 1)
    return [
        _box(LABEL, top, end - LABEL, colour),
        _text(end + 4, top + BAR - 3, f"{value / 1000:.2f} µs", 'font-size="11"'),
    ]


def _box(x: float, y: float, width: float, colour: str) -> str:
    size = f'width="{width:.0f}" height="{BAR - 1}"'
    return f'<rect x="{x:.0f}" y="{y:.0f}" {size} class="{colour}"/>'
