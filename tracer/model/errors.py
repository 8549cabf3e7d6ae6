"""The one exception that reaches a user: what failed, why, and what to type."""

from __future__ import annotations

# What is not there, and what is but may not be used by who asks.
MISSING, REFUSED = "missing", "refused"
# The same as root: where a problem says to try this, tracer.cli puts in what was typed.
AS_ROOT = "sudo sigtrace …"
# The command that was typed, of those that read the same files: tracer.cli puts in its name.
OWN = "sigtrace COMMAND"


class Problem(Exception):
    """A failure told in three lines; only ``tracer.cli`` prints it and chooses the exit status."""

    def __init__(
        self, what: str, why: str, try_: str, detail: str | None = None, kind: str = MISSING
    ) -> None:
        super().__init__(what, why, try_)
        self.what = what
        self.why = why
        self.try_ = try_
        self.detail = detail
        self.kind = kind

    def __str__(self) -> str:
        from tracer.model.text import printable

        text = f"sigtrace: {self.what}\n  why: {self.why}\n  try: {self.try_}"
        return "\n".join(map(printable, text.split("\n")))
