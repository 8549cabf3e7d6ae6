"""Words to the service manager that started this process: sd_notify(3), without its library."""

from __future__ import annotations

import os
import socket


def notify(text: str, name: str | None = None) -> None:
    """Send ``text`` (READY=1, STOPPING=1, STATUS=…) to $NOTIFY_SOCKET, if there is one."""
    path = os.environ.get("NOTIFY_SOCKET", "") if name is None else name
    if not path:
        return
    address = "\0" + path[1:] if path.startswith("@") else path
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as said:
            said.sendto(text.encode(), address)
    except OSError:
        pass  # Nobody listens.
