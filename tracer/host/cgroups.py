"""What a cgroup path says: the systemd unit, the container, the pod.

Names are those that systemd (systemd.unit(5)), docker, podman, containerd, CRI-O, Kubernetes and LXC
give their cgroups, under the v1 ("cgroupfs") and the systemd driver.
"""

from __future__ import annotations

from tracer.model.memo import memo
from tracer.model.names import UNITS_IN_CGROUPS

# Without re, which takes longer to import than a trace may wait for its first row.
_RUNTIMES = (b"", b"docker-", b"libpod-", b"cri-containerd-", b"crio-", b"containerd-", b"nerdctl-")
_HEX = frozenset(b"0123456789abcdef")
_INSIDE = " › ".encode()


@memo(4096)
def place_of(path: bytes) -> tuple[bytes | None, bytes | None, bytes | None]:
    """Unit, container and pod of a path such as /system.slice/nginx.service; None for what it does not tell.

    The outermost unit or container is made by who manages the host. What lies in it may be made and named by whom it
    is delegated to (systemd's docs/CGROUP_DELEGATION.md), and like somebody else's: so a container counts down to the
    first unit, and the units of a user's manager, or of a container's, are told with it: user@1000.service › app.service.
    """
    parts = path.split(b"/")
    units = [at for at, part in enumerate(parts) if _is_unit(part)]
    outer = units[0] if units else len(parts)
    at, container = _container(parts[: outer + 1])
    pod = next(filter(None, map(_pod, parts[: outer if at is None else at + 1])), None)
    return _unit(parts, units, at, container), container, pod


def _is_unit(part: bytes) -> bool:
    return part.endswith(UNITS_IN_CGROUPS)


def _unit(
    parts: list[bytes], units: list[int], at: int | None, container: bytes | None
) -> bytes | None:
    if not units:
        slices = [part for part in parts[:at] if part.endswith(b".slice")]
        return slices[-1] if slices else None
    first = parts[units[0]]
    if container is not None and at != units[0]:
        return _INSIDE.join((container[:12] if len(container) == 64 else container, first))
    if _is_user_manager(first) and len(units) > 1:
        return _INSIDE.join((first, parts[units[1]]))
    return first


def _is_user_manager(unit: bytes) -> bool:
    return unit.startswith(b"user@") and unit[5 : -len(b".service")].isdigit()


def _container(parts: list[bytes]) -> tuple[int | None, bytes | None]:
    """Where the outermost one is, and its name."""
    for at, part in enumerate(parts):
        name = _id(part) or _lxc(part) or _nspawn(part)
        if at and parts[at - 1] == b"lxc":
            name = name or part
        if name:
            return at, name
    return None, None


def _id(part: bytes) -> bytes | None:
    """docker-ID.scope, or the ID alone: 64 hex digits."""
    name = _without(part, b".scope")
    runtime, id_ = name[:-64], name[-64:]
    return id_ if is_id(id_) and runtime in _RUNTIMES else None


def is_id(name: bytes) -> bool:
    """Whether a name is what runtimes make for a container: 64 hex digits."""
    return len(name) == 64 and _HEX.issuperset(name)


def _lxc(part: bytes) -> bytes | None:
    """lxc.payload.NAME, or lxc.NAME."""
    lxc, _, name = part.partition(b".")
    payload, dot, rest = name.partition(b".")
    return (rest if dot and payload == b"payload" and rest else name) if lxc == b"lxc" else None


def _nspawn(part: bytes) -> bytes | None:
    """machine-NAME.scope."""
    is_machine = part.startswith(b"machine-") and part.endswith(b".scope")
    return part[len(b"machine-") : -len(b".scope")] if is_machine else None


def _pod(part: bytes) -> bytes | None:
    """…-podUID.slice, or podUID: groups of 8, 4, 4, 4 and 12 hex digits."""
    before, pod, uid = _without(part, b".slice").rpartition(b"pod")
    uid = uid.replace(b"_", b"-")
    groups = uid.split(b"-")
    is_uid = [*map(len, groups)] == [8, 4, 4, 4, 12] and _HEX.issuperset(b"".join(groups))
    return uid if pod and is_uid and before[-1:] in (b"", b"-") else None


def _without(part: bytes, end: bytes) -> bytes:
    return part[: -len(end)] if part.endswith(end) else part
