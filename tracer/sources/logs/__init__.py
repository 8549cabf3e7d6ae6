"""Logs: which files, in what order, and what is in them."""
