"""Each cause with the rules that prove it here, and an example: the table in docs/why.md.

``python -m tests.deaths.examples`` writes it there; test_examples.py demands that it is what these deaths give.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import closing
from pathlib import Path
from unittest import mock

from tracer.flow.filter import Filter
from tracer.flow.source import every
from tracer.model.frozen import replace
from tracer.model.verdict import CAUSES
from tracer.sources.found import found_by_names
from tracer.sources.replayed import Asked, reading_of
from tracer.why import ask, verdict, words

HERE = Path(__file__).parent
DOCUMENT = HERE.parents[1] / "docs/why.md"
BEGIN, END = "<!-- tests/deaths -->\n", "<!-- end -->\n"


def named(rule, proved):
    """The rule, which notes by its name each cause that it has found."""

    def find(case):
        found = rule.find(case)
        if found is not None:
            proved.setdefault(found.cause, {})[rule.name] = None
        return found

    return replace(rule, find=find)


def examples():
    """By cause: a headline, with the strongest evidence there is; and the names of the rules that found it."""
    headlines, proved = {}, {}
    rules = tuple(named(rule, proved) for rule in verdict.RULES)
    with mock.patch.object(verdict, "RULES", rules):
        for right in sorted(HERE.glob("*/*/right.json")):
            what = json.loads(right.read_text())["what"].encode()
            files = [str(path) for path in sorted(right.parent.iterdir()) if path.suffix != ".json"]
            reading = reading_of(
                found_by_names(files), Asked(quiet=True, filter_=Filter(), year=2026)
            )
            with closing(reading.source) as source:
                heard = ask.Heard(every(source))
                answer = ask.answer(heard, source.coverage(), what)
            for one in answer.verdicts[:1]:
                headlines.setdefault((one.cause, one.confidence), words.headline(one))
    order = ("yes", "likely", "open", "no")
    return {
        cause: (next((headlines[cause, sure] for sure in order if (cause, sure) in headlines), "-"), [*proved.get(cause, ())])
        for cause in CAUSES
    }  # fmt: skip


def table():
    rows = [
        f"| `{cause}` | {', '.join(rules) or 'none'} | {headline.replace('|', '/')} |"
        for cause, (headline, rules) in examples().items()
    ]
    return "\n".join(["| cause | found by | an example |", "|---|---|---|", *rows, ""])


def main():
    os.environ["TZ"] = "UTC"
    time.tzset()
    text = DOCUMENT.read_text()
    head, _, rest = text.partition(BEGIN)
    DOCUMENT.write_text(head + BEGIN + table() + END + rest.partition(END)[2])


if __name__ == "__main__":
    main()
