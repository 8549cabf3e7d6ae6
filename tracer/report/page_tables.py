"""The tables of the page; each row of signals opens to its events."""

from __future__ import annotations

from tracer.model.text import counted
from tracer.report.escape import clock, h, moment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Sequence
    from typing import Any

    from tracer.report.files import Files

    Data = dict[str, Any]
    Cell = Callable[[Data, Files], str]

# Links of a row to the deaths that it counts.
LINKS_MAX = 8
DITTO = "″"


def evidence(rows: Sequence[Data], files: Files, told: int | None = None) -> str:
    """Events, a line each with what is known beside it. The day is that of ``told`` (ns), where none stands; a command
    line or parents that stand at a line above are a ditto mark."""
    parts = []
    above: set[object] = set()
    for row in rows:
        parts.append(_event(row, files, told, above))
        above |= {one for one in (row["command"], tuple(row["parents"])) if one}
    return f"<ol>{''.join(parts)}</ol>" if rows else ""


def _event(row: Data, files: Files, told: int | None, above: Container[object]) -> str:
    place = f" {files.link(row['place'])}" if row["place"] else ""
    text = f" {h(row['text'])}" if row["text"] else ""
    when = moment(row["time"]) if told is None else clock(row["time"], told)
    command = DITTO if row["command"] in above else h(row["command"] or "")
    parents = " ← ".join(h(one, 60) for one in row["parents"])
    parents = DITTO if tuple(row["parents"]) in above else parents
    if command == DITTO and parents in (DITTO, ""):
        who = f" {DITTO}"
    else:
        who = (f"<code>{command}</code>" if command else "") + (
            f"<small>← {parents}</small>" if parents else ""
        )
    return f"<li>{when} {h(row['source'])}{text}{place}{who}</li>"


def _opening(key: str) -> Cell:
    """A cell that opens to the row's events."""
    return lambda row, files: (
        f"<details><summary>{h(row[key])}</summary>{evidence(row['evidence'], files)}</details>"
    )


def _plain(key: str) -> Cell:
    return lambda row, _: "-" if row[key] is None else h(row[key])


def _number(key: str) -> Cell:
    return lambda row, _: f"{row[key]:,}"


def _when(key: str) -> Cell:
    return lambda row, _: moment(row[key])[:19]


def _outcomes(row: Data, _: Files) -> str:
    return ", ".join(f"{h(word)} {count:,}" for word, count in row["outcomes"][:4])


def _links(row: Data, _: Files) -> str:
    links = [f'<a href="#{one}">{one}</a>' for one in row["ids"][-LINKS_MAX:]]
    return ("… " if row["ids"][LINKS_MAX:] else "") + " ".join(links)


def _of(row: Data, _: Files) -> str:
    return h(", ".join(row["of"][:6]) + (", …" if row["of"][6:] else ""))


TABLES: tuple[tuple[str, str, tuple[tuple[str, bool, Cell], ...]], ...] = (
    ("whom", "Who signals whom", (
        ("from", False, _opening("from")), ("to", False, _plain("to")), ("signal", False, _plain("signal")),
        ("count", True, _number("count")), ("first", False, _when("first")), ("last", False, _when("last")), ("outcome", False, _outcomes),
    )),
    ("units", "By unit", (
        ("unit", False, _plain("unit")), ("signals", True, _number("signals")), ("deaths", True, _number("deaths")),
        ("unasked", True, _number("unordered")), ("which", False, _links),
    )),
    ("causes", "By cause", (
        ("cause", False, _plain("cause")), ("it was", False, _plain("words")), ("deaths", True, _number("count")), ("of", False, _of), ("which", False, _links),
    )),
    ("escalations", "Escalations", (
        ("from", False, _opening("from")), ("to", False, _plain("to")), ("signal", False, _plain("signal")),
        ("after", False, _plain("after")), ("count", True, _number("count")), ("last", False, _when("last")),
    )),
    ("refused", "Refused", (
        ("from", False, _opening("from")), ("to", False, _plain("to")), ("signal", False, _plain("signal")),
        ("error", False, _plain("error")), ("count", True, _number("count")), ("last", False, _when("last")),
    )),
)  # fmt: skip


def tables(data: Data, files: Files) -> Iterator[str]:
    """All that have rows."""
    with_host = len(data["hosts"]) > 1
    for name, title, columns in TABLES:
        table = data["tables"][name]
        if not table["rows"]:
            continue
        shown = columns
        if with_host and "host" in table["rows"][0]:
            shown = (("host", False, _plain("host")), *columns)
        yield f'<h2 id="{name}">{title}</h2><div class="wide"><table>'
        yield f"<tr>{''.join(_head(head, is_number) for head, is_number, _ in shown)}</tr>"
        for row in table["rows"]:
            cells = "".join(_cell(is_number, cell(row, files)) for _, is_number, cell in shown)
            yield f"<tr>{cells}</tr>"
        yield "</table></div>"
        if table["more"]:
            yield f"<p>{counted(table['more'], 'rarer row')} {'is' if table['more'] == 1 else 'are'} left out.</p>"
        if table["uncounted"]:
            yield f"<p>{counted(table['uncounted'], 'more signal')} of further rows came when there were too many to be told apart.</p>"


def _head(head: str, is_number: bool) -> str:
    return f'<th class="n">{head}</th>' if is_number else f"<th>{head}</th>"


def _cell(is_number: bool, text: str) -> str:
    return f'<td class="n">{text}</td>' if is_number else f"<td>{text}</td>"
