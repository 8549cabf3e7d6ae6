"""A month on one page: quiet times are cut out, and each piece of the rest has its own scale.

Samples: 12:33:20 ──── 12:43:30 ┊ 3 h 10 min ┊ 15:53:00 ──
"""

from __future__ import annotations

from bisect import bisect_right
from math import log2

from tracer.model.frozen import frozen
from tracer.model.times import SECOND

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

PIECES_MAX = 12
# A pause is cut out where it is longer than this, and longer than a tenth of what the page spans.
QUIET = 60 * SECOND
CUT = 26.0  # width of a cut


@frozen
class Piece:
    """From ``began`` to ``ended`` (ns), drawn from ``left`` on, ``width`` wide."""

    began: int
    ended: int
    left: float
    width: float

    def x(self, moment: int) -> float:
        share = (moment - self.began) / max(1, self.ended - self.began)
        return round(self.left + self.width * min(1.0, max(0.0, share)), 1)


@frozen
class Axis:
    pieces: tuple[Piece, ...]

    def x(self, moment: int) -> float:
        """Where a moment is drawn; one that is cut out, in the middle of its cut."""
        at = bisect_right([one.began for one in self.pieces], moment) - 1
        if at < 0:
            return self.pieces[0].left
        piece = self.pieces[at]
        if moment > piece.ended and at + 1 < len(self.pieces):
            return round(piece.left + piece.width + CUT / 2, 1)
        return piece.x(moment)

    def cuts(self) -> list[tuple[float, int]]:
        """The middle of each cut, and how long it is (ns)."""
        return [
            (round(one.left + one.width + CUT / 2, 1), after.began - one.ended)
            for one, after in zip(self.pieces, self.pieces[1:])
        ]


def axis_of(moments: Iterable[int], left: float, width: float) -> Axis:
    """The axis on which these moments are to be seen; there is at least one."""
    times = sorted(moments)
    pauses = sorted(
        ((later - earlier, earlier) for earlier, later in zip(times, times[1:])), reverse=True
    )
    whole = times[-1] - times[0]
    least = max(QUIET, whole // 50)
    cut_after = {start for pause, start in pauses[: PIECES_MAX - 1] if pause > least}
    groups: list[list[int]] = [[]]
    for moment in dict.fromkeys(times):
        groups[-1].append(moment)
        if moment in cut_after:
            groups.append([])
    room = width - CUT * (len(groups) - 1)
    spans = [_span_of(group) for group in groups]
    weights = [
        3 + log2(1 + (ended - began) / SECOND) + min(8, len(group))
        for group, (began, ended) in zip(groups, spans)
    ]
    pieces, at = [], left
    for (began, ended), weight in zip(spans, weights):
        wide = room * weight / sum(weights)
        pieces.append(Piece(began, ended, round(at, 1), round(wide, 1)))
        at += wide + CUT
    return Axis(tuple(pieces))


def _span_of(group: list[int]) -> tuple[int, int]:
    """With a little air at both ends."""
    air = max(SECOND, (group[-1] - group[0]) // 20)
    return group[0] - air, group[-1] + air
