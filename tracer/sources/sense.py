"""Filters that make no sense in a live trace of this host, whatever the source."""

from __future__ import annotations

import pwd

from tracer.model.errors import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracer.flow.ends import Term
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
    for term in () if details else _terms(filter_):
        if b"/" in (term.name or b""):
            raise Problem(
                f"{term.words()!r} cannot be decided with --bare",
                "--bare leaves out what programs and command lines are called",
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


def half_decided(filter_: Filter, *, details: bool) -> list[str]:
    """A sentence for names of which, without ``details``, a part alone is seen."""
    names = [] if details else [term.words() for term in _terms(filter_) if term.name]
    if not names:
        return []
    many = "fit" if names[1:] else "fits"
    return [
        f"{', '.join(names)} {many} by comm alone (proc(5): 15 letters): --bare sees no command lines, so not "
        "what is called so by its script or path; --brief does"
    ]


def _terms(filter_: Filter) -> tuple[Term, ...]:
    return (*filter_.sender, *filter_.target, *filter_.either)


def _fates(fates: frozenset[str]) -> str:
    return "--died" if fates == {"died"} else f"--outcome {','.join(sorted(fates))}"


def _require_user(name: str) -> None:
    try:
        pwd.getpwnam(name)
    except (KeyError, UnicodeEncodeError):
        from tracer.model.near import near

        raise Problem(
            f"{name!r} is no user of this host",
            f"no uid bears this name, so it fits nobody{near(name, [one.pw_name for one in pwd.getpwall()])}",
            "getent passwd for the names there are, or --uid with the number",
        ) from None
