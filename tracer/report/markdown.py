"""The report's data → Markdown for a ticket: the verdicts, and the tables."""

from __future__ import annotations

from tracer.model.coverage import KINDS
from tracer.report.escape import again_of, md, moment
from tracer.report.remainders import remainders

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    Data = dict[str, Any]

_TABLES = (
    ("whom", "Who signals whom", ("from", "to", "signal", "count", "last")),
    ("units", "By unit", ("unit", "signals", "deaths", "unordered")),
    ("causes", "By cause", ("cause", "words", "count")),
    ("escalations", "Escalations", ("from", "to", "signal", "after", "count", "last")),
    ("refused", "Refused", ("from", "to", "signal", "error", "count", "last")),
)


def markdown(data: Data) -> str:
    """The whole text."""
    return "\n".join(_lines(data)) + "\n"


def _lines(data: Data) -> Iterator[str]:
    yield f"# What died on {md(', '.join(data['hosts'][:3]) or 'this host')}"
    yield ""
    if data["began"] is not None:
        yield f"{moment(data['began'])} to {moment(data['ended'])} {data['zone']}"
        yield ""
    yield from (f"{line}\n" for line in remainders(data["counts"]))
    yield from _sight(data)
    yield "## Deaths that nobody ordered, newest last"
    yield ""
    rows = [kind for kind in data["kinds"] if not kind["ordered"]]
    if not rows:
        yield "None that could be seen."
    for row in rows:
        yield from _verdict(row)
    for name, title, columns in _TABLES:
        yield from _table(title, columns, data["tables"][name])


def _sight(data: Data) -> Iterator[str]:
    for one in data["sight"]:
        spans = one["spans"]
        when = f"{moment(spans[0]['began'])} to {moment(spans[-1]['ended'])}" if spans else "never"
        sees = ", ".join(KINDS.get(kind, kind) for kind in one["kinds"])
        yield f"- {md(one['source'])}, {when}: sees {md(sees)}"
        yield from (f"  - gap: {md(gap['why'])}" for gap in one["gaps"][:10])
        yield from (f"  - not seen: {md(why)}" for each in one["blind"] for why in each["why"])
    yield ""


def _verdict(row: Data) -> Iterator[str]:
    again = again_of(row)
    told = f" ({again})" if again else ""
    yield f"- **{md(row['headline'])}**{told}"
    yield from (f"  - {md(label)}: {md(text)}" for label, text in row["labels"])


def _table(title: str, columns: tuple[str, ...], table: Data) -> Iterator[str]:
    if not table["rows"]:
        return
    yield ""
    yield f"## {title}"
    yield ""
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    for row in table["rows"]:
        cells = [moment(row[key]) if key == "last" else md(_word(row[key])) for key in columns]
        yield f"| {' | '.join(cells)} |"
    if table["more"]:
        yield ""
        yield f"{table['more']:,} rarer rows are left out."
    if table["uncounted"]:
        yield ""
        yield f"{table['uncounted']:,} signals of further rows came when there were too many to be told apart."


def _word(value: object) -> object:
    return "-" if value is None else value
