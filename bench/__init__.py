"""``make bench``: sigtrace and its rivals, side by side, in one run."""
