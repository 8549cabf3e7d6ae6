"""The report's data → one HTML file: no reference to anything outside it, complete without its script."""

from __future__ import annotations

import base64
import hashlib

from tracer.model.coverage import KINDS
from tracer.model.text import counted
from tracer.model.times import span
from tracer.report.escape import again_of, h, moment
from tracer.report.files import PATH_MAX, files_of
from tracer.report.look import SCRIPT, STYLE
from tracer.report.page_tables import evidence, tables
from tracer.report.remainders import remainders
from tracer.report.timeline import LEGEND, left_out, timeline

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from tracer.report.files import Files

    Data = dict[str, Any]

# So many verdicts stand at the top, the newest; all of them are below.
TOP_MAX = 30
_SURE = {"yes": "certain", "likely": "likely", "open": "open", "no": "not told"}


def page(data: Data) -> str:
    """The whole file."""
    files = files_of(data)
    parts = [
        *_head(data),
        "<body>",
        *_top(data),
        *_sight(data),
        *_verdicts(data),
        *_timeline(data),
        *_files(files),
        *_deaths(data, files),
        *tables(data, files),
        f"<script>{SCRIPT}</script>",
        "</body>",
        "</html>",
    ]
    return "\n".join(parts) + "\n"


def _hash(text: str) -> str:
    """As Content-Security-Policy names a style or script (CSP3, hash-source)."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _head(data: Data) -> Iterator[str]:
    policy = "; ".join(
        (
            "default-src 'none'",
            f"style-src {_hash(STYLE)}",
            f"script-src {_hash(SCRIPT)}",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    yield "<!DOCTYPE html>"
    yield '<html lang="en">'
    yield '<head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="referrer" content="no-referrer"><meta name="color-scheme" content="light dark">'
    yield f"<title>{_title(data)}</title>"
    yield f"<style>{STYLE}</style></head>"


def _title(data: Data) -> str:
    hosts = ", ".join(data["hosts"][:3]) or "this host"
    more = ", …" if data["hosts"][3:] else ""
    return h(f"What died on {hosts}{more}")


def _top(data: Data) -> Iterator[str]:
    counts = data["counts"]
    yield f"<h1>{_title(data)}</h1>"
    if data["hosts"][3:]:
        yield f"<p>{h(', '.join(data['hosts']), 2000)}</p>"
    began, ended = data["began"], data["ended"]
    if began is not None:
        yield f"<p><time>{moment(began)}</time> to <time>{moment(ended)}</time> {h(data['zone'])}, {span(ended - began)}</p>"
    yield '<div class="facts">'
    for number, words in (
        (counts["unordered"], "deaths that nobody ordered"),
        (counts["deaths"] - counts["unordered"], "other deaths"),
        *([(counts["not_judged"], "deaths not judged")] if counts["not_judged"] else ()),
        (counts["signals"], "signals"),
        (counts["events"], "events read"),
    ):
        yield f"<span><b>{number:,}</b>{words}</span>"
    yield "</div>"
    for line in remainders(counts):
        yield f"<p>{line}</p>"


def _sight(data: Data) -> Iterator[str]:
    yield "<h2>What was seen, and what not</h2>"
    if not data["sight"]:
        yield "<p>No source says what it has seen.</p>"
    else:
        yield '<div class="wide"><table><tr><th>source</th><th>from</th><th>to</th><th>sees</th><th>does not see</th></tr>'
        for one in data["sight"]:
            yield _sight_row(one)
        yield "</table></div>"
    for line in data["read"]:
        yield f'<p class="dim">{h(line, 1000)}</p>'


def _sight_row(one: Data) -> str:
    spans = one["spans"]
    began = moment(min(each["began"] for each in spans)) if spans else "-"
    ends = [each["ended"] for each in spans]
    ended = "-" if not ends else "on" if None in ends else moment(max(ends))
    pauses = f"<br>in {len(spans):,} pieces" if spans[1:] else ""
    name = f"{h(one['host'])}: " if one["host"] else ""
    blind = [h(why) for each in one["blind"] for why in each["why"]]
    missing = [
        f"<strong>gap</strong> {moment(gap['began'])} to {moment(gap['ended'])}: {h(gap['why'])}"
        for gap in one["gaps"][:10]
    ]
    missing += [f"{len(one['gaps']) - 10:,} more gaps"] if one["gaps"][10:] else []
    sees = ", ".join(h(KINDS.get(kind, kind)) for kind in one["kinds"])
    return f"<tr><td>{name}{h(one['source'])}</td><td>{began}</td><td>{ended}{pauses}</td><td>{sees or '-'}</td><td>{'<br>'.join([*missing, *blind]) or '-'}</td></tr>"


def _verdicts(data: Data) -> Iterator[str]:
    rows = [kind for kind in data["kinds"] if not kind["ordered"]]
    yield "<h2>Deaths that nobody ordered, newest last</h2>"
    if not rows:
        yield "<p>None that could be seen.</p>"
        return
    if rows[TOP_MAX:]:
        yield f'<p>The newest {TOP_MAX} of {len(rows):,} kinds; all of them are <a href="#deaths">below</a>.</p>'
    yield '<ol class="verdicts">'
    for row in rows[-TOP_MAX:]:
        yield f'<li><time>{moment(row["last"])[:19]}</time><span><a href="#{row["id"]}">{h(row["headline"])}</a>{_again(row)} {_tag(row)}</span></li>'
    yield "</ol>"


def _tag(row: Data) -> str:
    sure = row["confidence"]
    return f"<i>{_SURE[sure]}</i>" if sure == "yes" else f'<i class="{sure}">{_SURE[sure]}</i>'


def _again(row: Data, since: str = "") -> str:
    again = again_of(row, since)
    return f" <strong>{again}</strong>" if again else ""


def _timeline(data: Data) -> Iterator[str]:
    drawn = timeline(data)
    if not drawn:
        return
    yield "<h2>Timeline</h2>"
    yield '<div class="tools" id="tools"><input id="filter" type="search" placeholder="filter by name" aria-label="filter by name"><button id="in" type="button">zoom in</button><button id="out" type="button">zoom out</button></div>'
    yield f'<div class="wide">{drawn}</div>'
    yield '<ul class="key">'
    for what, words in LEGEND.items():
        yield f'<li><svg width="18" height="18" viewBox="-9 -9 18 18" aria-hidden="true"><use href="#{what}"/></svg>{words}</li>'
    yield "</ul>"
    yield '<p class="dim">An arrow leads from the sender to its victim, dashed where that is only likely. Quiet times are cut out, and each piece has its own scale; marks too close to each other are moved apart, in their order; a caption without room is left out. Hatched: nobody watched. Each mark leads to its evidence.</p>'
    more = left_out(data)
    if more:
        yield f"<p>{counted(more, 'more lane')} {'has' if more == 1 else 'have'} no room here; all deaths are below.</p>"


def _files(files: Files) -> Iterator[str]:
    """The legend of what the places below are short for."""
    if files.names:
        yield '<h2 id="files">Files</h2><p class="dim">F1:73 is line 73 of F1; ″ is the command line, or the parents, of a line above.</p><ul class="files">'
        yield from (
            f'<li id="{name}">{name} <code>{h(path, PATH_MAX)}</code></li>'
            for path, name in files.names.items()
        )
        yield "</ul>"


def _deaths(data: Data, files: Files) -> Iterator[str]:
    for title, name, ordered in (
        ("Deaths and their evidence", "deaths", False),
        ("Stopped as it was asked", "ordered", True),
    ):
        rows = [kind for kind in data["kinds"] if kind["ordered"] is ordered]
        if rows:
            yield f'<h2 id="{name}">{title}</h2>'
            yield from (_death(row, files) for row in rows)


def _death(row: Data, files: Files) -> str:
    labels = "".join(f"<dt>{h(label)}</dt><dd>{h(text, 800)}</dd>" for label, text in _labels(row))
    since = f" since {moment(row['first'])}"
    return (
        f'<details id="{row["id"]}" data-name="{h(row["lane"])}"><summary>{moment(row["last"])} {h(row["headline"])}{_again(row, since)} {_tag(row)}</summary>'
        f"{f'<dl>{labels}</dl>' if labels else ''}{evidence(row['evidence'], files, row['last'])}</details>"
    )


def _labels(row: Data) -> Iterator[tuple[str, str]]:
    """What ``why`` says below its headline, without what stands beside it here: when, how often and how sure above, from where below."""
    if row["life_ns"] is not None:
        yield "lived", span(row["life_ns"])
    told = {"when", "again"}
    told |= {"from"} if row["evidence"] else set()
    told |= {"sure"} if row["confidence"] == "yes" else set()
    yield from ((label, text) for label, text in row["labels"] if label not in told)
