"""The commands with which people and scripts ask managers, or send signals: each start of one is kept."""

from __future__ import annotations

from tracer.model.errors import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST = 256  # COMMANDS in bpf/sigtrace.h
COMMANDS = (
    *(b"systemctl", b"service", b"initctl", b"supervisorctl", b"rc-service", b"sv", b"s6-svc"),
    *(b"loginctl", b"machinectl", b"docker", b"docker-compose", b"podman", b"nerdctl", b"crictl"),
    *(b"ctr", b"kubectl", b"lxc", b"lxc-stop", b"virsh", b"pm2", b"monit", b"runit"),
    *(b"shutdown", b"reboot", b"poweroff", b"halt", b"telinit", b"init"),
    *(b"kill", b"pkill", b"killall", b"killall5", b"skill", b"xkill", b"fuser", b"slay"),
    *(b"start-stop-daemon", b"invoke-rc.d", b"needrestart"),
)


def commands_with(names: Iterable[str]) -> tuple[bytes, ...]:
    """The commands and these of ``--watch``. Raises Problem."""
    every = {*COMMANDS, *(name.encode(errors="surrogateescape") for name in names)}
    if len(every) > _MOST or b"" in every:
        why = f"it takes names of commands, {_MOST - len(COMMANDS)} at most"
        raise Problem("--watch is not understood", why, "--watch NAME")
    return tuple(sorted(every))
