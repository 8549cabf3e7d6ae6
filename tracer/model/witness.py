"""Who tells of events, by the word of their ``source``: whose words come before whose."""

from __future__ import annotations

# What others say of signals and deaths (tracer.statements), strongest first.
SAID = ("journal", "kernel log", "syslog")
# What the kernel keeps of each process's end: how, and not by whom (acct(5)).
ACCOUNTING = "accounting"
# What systemd shows of a unit's last run (systemctl(1)).
STATE = "systemctl show"
# Who saw it itself, then who was told, and by how sure a way.
STRENGTH = ("recording", "core", "bcc", "audit", "audit log", *SAID, ACCOUNTING)
# What was written of a signal or an end: read, not seen.
LOGS = ("audit log", *SAID)
# Who tells of ends and watches no signal.
BLIND = (*SAID, STATE, ACCOUNTING)
# Whose times may have lost their fraction of a second.
COARSE = ("kernel log", "syslog", STATE, ACCOUNTING)
