"""What the scenario's services share: telling systemd that they are ready."""

import os
import socket


def ready():
    """READY=1 as sd_notify(3) has it: systemd-run returns only now."""
    address = os.environ["NOTIFY_SOCKET"]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.connect("\0" + address[1:] if address.startswith("@") else address)
        sock.send(b"READY=1")
