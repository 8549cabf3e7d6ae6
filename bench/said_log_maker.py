"""Make logs in which few lines tell of a kill or death: a syslog of a given size, and a journal of so many entries."""

from __future__ import annotations

import random
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench import journal
from bench.audit_log_maker import MEGABYTE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# What daemons say all day; %(n)d is drawn for each.
PLAIN = (
    ("sshd", "Connection closed by authenticating user admin 192.0.2.7 port %(n)d [preauth]"),
    ("nginx", "[warn] an upstream response is buffered to a temporary file /var/lib/nginx/proxy/%(n)d"),
    ("dockerd", 'level=info msg="ignoring event" container=%(n)d module=libcontainerd namespace=moby'),
    ("systemd", "Started session-%(n)d.scope - Session %(n)d of user deploy."),
    ("app", "request id=%(n)d took 12 ms and returned 200 OK with 8123 bytes of text/html to its client"),
    ("postfix/smtpd", "connect from mail%(n)d.example.org[198.51.100.9]"),
    ("CRON", "pam_unix(cron:session): session opened for user root(uid=0) by (uid=%(n)d)"),
    ("dbus-daemon", "[system] Activating via systemd: service name='org.freedesktop.timedate%(n)d' requested by ':1.5'"),
    ("NetworkManager", "<info>  [%(n)d.1] dhcp4 (eth0): state changed new lease, address=192.0.2.7"),
    ("kernel", "[%(n)d.000001] br-5f: port 3(veth2a) entered forwarding state"),
)  # fmt: skip
TELLING = (
    ("systemd", "web%(n)d.service: Main process exited, code=killed, status=9/KILL"),
    ("systemd", "web%(n)d.service: State 'stop-sigterm' timed out. Killing."),
    ("kernel", "[%(n)d.000001] web[%(n)d]: segfault at 0 ip 000055 sp 0007 error 4 in web[400000+1000]"),
    ("kernel", "Out of memory: Killed process %(n)d (java) total-vm:1kB, anon-rss:2kB, file-rss:3kB, shmem-rss:4kB"),
    ("gunicorn", "[CRITICAL] WORKER TIMEOUT (pid:%(n)d)"),
)  # fmt: skip


def lines(seed: int, telling_every: int) -> Iterator[bytes]:
    """Lines without end, 20 a second; the ``telling_every``-th tells something."""
    draw, number = random.Random(seed), 0
    while True:
        number += 1
        tag, text = draw.choice(TELLING if number % telling_every == 0 else PLAIN)
        second, own = number // 20, draw.randint(300, 4_000_000)
        clock = f"{second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02}"
        pid = "" if tag == "kernel" else f"[{own}]" if tag != "systemd" else "[1]"
        yield f"Nov 20 {clock} web3 {tag}{pid}: {text % {'n': own}}\n".encode()


@dataclass(frozen=True)
class Syslog:
    """A text to be made."""

    megabytes: int
    telling_every: int

    @property
    def name(self) -> str:
        return f"{self.megabytes}-{self.telling_every}.syslog"

    @property
    def size(self) -> int:
        return self.megabytes * MEGABYTE

    def make(self, path: Path, scale: float, seed: int) -> None:
        """Write whole lines until its size is reached."""
        left = self.size * scale
        with path.open("wb") as out:
            for line in lines(seed, self.telling_every):
                left -= out.write(line)
                if left <= 0:
                    return


@dataclass(frozen=True)
class Journal:
    """A folder with a journal, to be made by systemd-journal-remote, which begins a new file now and then; its entries are
    always the same."""

    entries: int
    telling_every: int

    @property
    def name(self) -> str:
        return f"journal-{self.entries}-{self.telling_every}"

    @property
    def size(self) -> int:
        return self.entries * 560

    def make(self, path: Path, scale: float, seed: int) -> None:
        """All of it."""
        path.mkdir()
        count = round(self.entries * scale)
        command = [journal.TOOL, "--split-mode=none", "-o", str(path / "system.journal"), "-"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as tool:
            assert tool.stdin is not None
            tool.stdin.writelines(journal.text(count, self.telling_every))
