"""Who tells of events, by the word of their ``source``: whose words come before whose."""

from __future__ import annotations

# What others say of signals and deaths (tracer.statements), strongest first.
SAID = ("journal", "kernel log", "syslog")
# What the kernel keeps of each process's end: how, and not by whom (acct(5)).
ACCOUNTING = "accounting"
# Who saw it itself, then who was told, and by how sure a way.
STRENGTH = ("recording", "core", "bcc", "audit", "audit log", *SAID, ACCOUNTING)
