"""In which form a report is written: a page, Markdown, or JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracer.model.errors import Problem
from tracer.report.data import to_json
from tracer.report.markdown import markdown
from tracer.report.page import page

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def form_of(
    *, is_json: bool, is_markdown: bool, is_on_terminal: bool
) -> Callable[[dict[str, Any]], str]:
    """What makes it of the data. Raises Problem for two forms, and for a page that a terminal would have to show."""
    if is_json and is_markdown:
        raise Problem("--json and --markdown are two forms", "one file has one", "either of them")
    written = to_json if is_json else markdown if is_markdown else page
    if written is page and is_on_terminal:
        raise Problem("no file is named", "a terminal shows no pages", "sigtrace report -o outage.html")  # fmt: skip
    return written
