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
    if filter_.fates and not details:
        raise Problem(
            f"{_fates(filter_.fates)} cannot be decided with --bare",
            "--bare leaves out how processes end",
            "--brief instead of --bare, for one line a signal",
        )
    for value in filter_.values:
        if value.kind == "user" and not value.text.isdigit():
            _require_user(value.text)
        if value.kind in _OF_DETAILS and not details:
            raise Problem(
                f"--{value.kind} cannot be decided with --bare",
                "--bare leaves out the parents and places of processes",
                "--brief instead of --bare, for one line a signal",
            )


def _fates(fates: frozenset[str]) -> str:
    return "--died" if fates == {"died"} else f"--outcome {','.join(sorted(fates))}"


def _require_user(name: str) -> None:
    try:
        pwd.getpwnam(name)
    except (KeyError, UnicodeEncodeError):
        from tracer.model.near import near

        raise Problem(
            f"--user {name!r} is no user of this host",
            f"no uid bears this name, so it fits nobody{near(name, [one.pw_name for one in pwd.getpwall()])}",
            "getent passwd for the names there are, or --uid with the number",
        ) from None
