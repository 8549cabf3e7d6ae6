"""What a cgroup path says: the systemd unit, the container, the pod.

Names are those that systemd (systemd.unit(5)), docker, podman, containerd, CRI-O, Kubernetes and LXC
give their cgroups, under the v1 ("cgroupfs") and the systemd driver.
"""

from __future__ import annotations

from tracer.model.memo import memo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# Without re, which takes longer to import than a trace may wait for its first row.
_UNITS = (b".service", b".scope", b".socket", b".mount", b".swap", b".slice")
_RUNTIMES = (b"", b"docker-", b"libpod-", b"cri-containerd-", b"crio-", b"containerd-", b"nerdctl-")
_HEX = frozenset(b"0123456789abcdef")


@memo(4096)
def place_of(path: bytes) -> tuple[bytes | None, bytes | None, bytes | None]:
    """Unit, container and pod of a path such as /system.slice/nginx.service; None for what it does not tell."""
    parts = path.split(b"/")
    units = [part for part in parts if part.endswith(_UNITS)]
    named = [unit for unit in units if not unit.endswith(b".slice")]
    return (
        next(reversed(named or units), None),
        _last(parts, _id) or _last(parts, _lxc) or _lxc_v1(parts) or _last(parts, _nspawn),
        _last(parts, _pod),
    )


def _last(parts: list[bytes], read: Callable[[bytes], bytes | None]) -> bytes | None:
    return next(filter(None, map(read, reversed(parts))), None)


def _id(part: bytes) -> bytes | None:
    """docker-ID.scope, or the ID alone: 64 hex digits."""
    name = _without(part, b".scope")
    runtime, id_ = name[:-64], name[-64:]
    return id_ if len(id_) == 64 and _HEX.issuperset(id_) and runtime in _RUNTIMES else None


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


def _lxc_v1(parts: list[bytes]) -> bytes | None:
    return parts[parts.index(b"lxc") + 1] if b"lxc" in parts[:-1] else None
