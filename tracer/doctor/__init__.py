"""What this host can trace: checks, each a small function."""
