"""Filters that make no sense in a live trace of this host, whatever the source."""

from __future__ import annotations

import pwd

from tracer.model.errors import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracer.flow.filter import Filter

# The filters that need more than the signal's own record.
_OF_DETAILS = ("unit", "container", "children-of", "arg")


def require_here(filter_: Filter, *, details: bool) -> None:
    """Raises Problem for a user that there is not, and for what cannot be decided without ``details``."""
    for value in filter_.values:
        if value.kind == "user" and not value.text.isdigit():
            _require_user(value.text)
        if value.kind in _OF_DETAILS and not details:
            raise Problem(
                f"--{value.kind} cannot be decided with --bare",
                "--bare leaves out the parents and places of processes",
                "--brief instead of --bare, for one line a signal",
            )


def _require_user(name: str) -> None:
    try:
        pwd.getpwnam(name)
    except (KeyError, UnicodeEncodeError):
        raise Problem(
            f"--user {name!r} is no user of this host",
            "no uid bears this name, so it fits nobody",
            "getent passwd for the names there are, or --uid with the number",
        ) from None
