"""Recordings, and what ``--json`` once printed, as a source."""
