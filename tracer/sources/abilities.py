"""What each source sees, declared once: the header line, doctor, the README and docs/sources.md show it."""

from __future__ import annotations

from tracer.model.frozen import frozen


@frozen
class Ability:
    """One thing to see; ``by`` says for each source how well: "yes", "no", or "yes, but …"."""

    name: str
    core: str
    bcc: str
    audit: str

    def by(self, source: str) -> str:
        return str(getattr(self, source))


SOURCES = ("core", "bcc", "audit")
BEST = SOURCES[0]
ABILITIES = (
    Ability("sender", "yes", "yes", "yes"),
    Ability("sender's command line", "yes", "if it is still running", "yes, to 128 bytes"),
    Ability("sender's parents", "yes", "yes", "if they are still running"),
    Ability("target process", "yes", "yes", "yes"),
    Ability(
        "origin",
        "yes",
        "yes; kill and pidfd_send_signal look alike",
        "of what processes send",
    ),
    Ability("outcome", "yes", "yes; blocked or handled as of a moment later", "no"),
    Ability("signals that the kernel sends", "yes", "yes", "no"),
    Ability("deaths", "yes", "if the process connector is in reach", "likewise"),
    Ability("refused attempts", "--failed", "--failed; of 64-bit callers", "--failed"),
    Ability("probes (signal 0)", "--probes", "--probes; of 64-bit callers", "--probes"),
    Ability("time", "exact", "exact", "of the kernel's last tick"),
    Ability(
        "cost",
        "least",
        "as core, and births of processes",
        "each system call of the host a little, each signal most",
    ),
)


def unseen(source: str) -> list[str]:
    """What a source does not see, or not in full."""
    return [one.name for one in ABILITIES if one.by(source) != one.core and one.name != "cost"]


def table() -> str:
    """All of it as a Markdown table."""
    lines = ["| what is seen | core | bcc | audit |", "|---|---|---|---|"]
    lines += [f"| {one.name} | {one.core} | {one.bcc} | {one.audit} |" for one in ABILITIES]
    return "\n".join(lines) + "\n"
