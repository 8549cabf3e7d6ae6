"""Live, the kernel's audit system over netlink: its status, its rules, and its records as they happen."""
