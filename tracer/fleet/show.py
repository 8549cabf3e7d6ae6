"""An answer of ``sigtrace fleet`` on standard output."""

from __future__ import annotations

from tracer.fleet.ask import cells, plain
from tracer.fleet.engine import table_of
from tracer.terminal.output import say, write_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracer.fleet.ask import Answer, Asked


def show(answer: Answer, asked: Asked, *, json: bool, csv: bool) -> None:
    """As JSON lines, CSV, or a table; that there is nothing is said."""
    if json:
        write_out(_json(answer))
    elif csv:
        write_out(_csv(answer))
    elif answer.rows:
        write_out(table_of([cells(row) for row in answer.rows], answer.names) + "\n")
    if not answer.rows:
        say(
            f"nothing in {asked.folder} answers {asked.question}: what its recordings did not see is not there"
        )


def _json(answer: Answer) -> str:
    import json

    return "".join(json.dumps(dict(zip(answer.names, plain(row)))) + "\n" for row in answer.rows)


def _csv(answer: Answer) -> str:
    import csv
    import io

    made = io.StringIO()
    writer = csv.writer(made)
    writer.writerow(answer.names)
    writer.writerows(plain(row) for row in answer.rows)
    return made.getvalue()
