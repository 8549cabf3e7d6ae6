"""The options of ``sigtrace top``."""

from __future__ import annotations

from tracer.options import option
from tracer.options.table import Filters, Limits, Tracing

EPILOG = """\
examples:
  sudo sigtrace top                       what goes on here
  sudo sigtrace top --died --from '!systemd'

keys: s sorts by deaths, count, last or signal; / narrows, Esc widens; arrows choose, Enter opens the last
signals of a row; p pauses; q quits
"""


class Beside(option.Choices):
    title = "what to tell beside"

    verbose = option.count("-v", "--verbose", help="what sigtrace does; -vv more")


class Top(Filters, Limits, Tracing, Beside):
    """What a live overview is asked for."""

    def goes_away(self) -> bool:
        """Nothing is told elsewhere."""
        return False
