"""A terminal as far as tables need one: what stands on it after everything was written (ECMA-48)."""

from __future__ import annotations

import re

_STEP = re.compile(r"\x1b\[(\?)?([\d;]*)([A-Za-z])|[^\x1b]+|\x1b.?", re.DOTALL)


class Glass:
    """Text scrolls; "\\33[nA" goes up, "\\33[J" clears what is below. Whatever else is a letter, or a colour."""

    def __init__(self, columns: int, lines: int) -> None:
        self.columns, self.lines = columns, lines
        self.rows: list[str] = [""]
        self._at = 0
        self._column = 0

    def write(self, text: str) -> None:
        for step in _STEP.finditer(text.replace("\r\n", "\n")):
            if step[3] == "A":
                # No further than the first line that is still to be seen.
                self._at = max(self._at - int(step[2] or 1), len(self.rows) - self.lines, 0)
            elif step[3] == "J":
                del self.rows[self._at + 1 :]
                self.rows[self._at] = self.rows[self._at][: self._column]
            elif step[3] is None:
                for letter in step[0]:
                    self._letter(letter)

    def _letter(self, letter: str) -> None:
        if letter == "\n" or (self._column >= self.columns and letter != "\r"):
            self._at, self._column = self._at + 1, 0
            if self._at == len(self.rows):
                self.rows.append("")
        if letter == "\r":
            self._column = 0
        elif letter != "\n":
            row = self.rows[self._at].ljust(self._column)
            self.rows[self._at] = row[: self._column] + letter + row[self._column + 1 :]
            self._column += 1

    def seen(self) -> list[str]:
        """The lines on the glass, without the empty one of the cursor."""
        rows = self.rows[:-1] if not self.rows[-1] else self.rows
        return [row.rstrip() for row in rows[1 - self.lines :]]
