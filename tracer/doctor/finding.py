"""What one check of doctor's found."""

from __future__ import annotations

from tracer.model.frozen import frozen

OK, MISSING, REFUSED = "ok", "missing", "not permitted"


@frozen
class Finding:
    """One check's result; ``try_`` mends what is not ok."""

    state: str
    text: str
    try_: str | None = None
