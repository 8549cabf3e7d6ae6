"""What this host tells: /proc, cgroups, the kernel's log, clocks, and what this process may do."""
