"""What a cgroup path says: the systemd unit, the container, the pod.

Names are those that systemd (systemd.unit(5)), docker, podman, containerd, CRI-O, Kubernetes and LXC
give their cgroups, under the v1 ("cgroupfs") and the systemd driver.
"""

from __future__ import annotations

import re
from functools import lru_cache

_UNIT = re.compile(rb"\.(?:service|scope|socket|mount|swap|slice)$")
_ID = re.compile(
    rb"^(?:docker-|libpod-|cri-containerd-|crio-|containerd-|nerdctl-)?([0-9a-f]{64})(?:\.scope)?$"
)
_LXC = re.compile(rb"^lxc(?:\.payload)?\.([^/]+)$")
_NSPAWN = re.compile(rb"^machine-([^/]+)\.scope$")
_POD = re.compile(rb"(?:^|-)pod([0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12})(?:\.slice)?$")


@lru_cache(maxsize=4096)
def place_of(path: bytes) -> tuple[bytes | None, bytes | None, bytes | None]:
    """Unit, container and pod of a path such as /system.slice/nginx.service; None for what it does not tell."""
    parts = path.split(b"/")
    units = [part for part in parts if _UNIT.search(part)]
    named = [unit for unit in units if not unit.endswith(b".slice")]
    return (
        next(reversed(named or units), None),
        _last(parts, _ID) or _last(parts, _LXC) or _lxc_v1(parts) or _last(parts, _NSPAWN),
        (_last(parts, _POD) or b"").replace(b"_", b"-") or None,
    )


def _last(parts: list[bytes], pattern: re.Pattern[bytes]) -> bytes | None:
    found = [match[1] for match in map(pattern.search, parts) if match]
    return found[-1] if found else None


def _lxc_v1(parts: list[bytes]) -> bytes | None:
    return parts[parts.index(b"lxc") + 1] if b"lxc" in parts[:-1] else None
