"""Containers by name, from what their runtimes keep on a host: by the container's id, one table.

The files are root's; the names in them are somebody's text. What a user's own runtime keeps is that user's word, and is
not read.
"""

from __future__ import annotations

import os

from tracer.host import procfs
from tracer.host.cgroups import is_id, place_of
from tracer.host.inside import Inside
from tracer.model.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    # Where in a JSON document a text is, and texts that make one name, with "/" between.
    Keys = tuple[str, ...]
    Name = tuple[Keys, ...]
    Names = Mapping[bytes, bytes]

FILE_MAX = 4 << 20  # bytes: of 1,000 containers podman's list has 1.5 MB
FILES_MAX = 10_000
NAME_MAX = 512  # bytes: namespace, pod and container have at most 63 + 253 + 63 (RFC 1123)


@frozen
class Kept:
    """What one runtime keeps. ``folder`` below the root, of which "*" is any name; below it a folder for each id, in
    which ``file`` is; else ``file`` has a list. ``names``: the first that is whole is the container's."""

    folder: str
    file: str
    names: tuple[Name, ...]
    listed: bool = False


def _of_pod(*keys: str, at: Keys = ("annotations",)) -> tuple[Name, ...]:
    """namespace/pod/container, and of a pod's own container, which has no name, namespace/pod."""
    namespace, pod, container = ((*at, key) for key in keys)
    return (namespace, pod, container), (namespace, pod)


_KUBERNETES = ("io.kubernetes.pod.namespace", "io.kubernetes.pod.name", "io.kubernetes.container.name")  # fmt: skip
_CRI = "io.kubernetes.cri."
KEPT = (
    # Docker (moby, daemon/container/container.go, ConfigFileName); under Kubernetes' dockershim with its labels.
    Kept("var/lib/docker/containers", "config.v2.json", (*_of_pod(*_KUBERNETES, at=("Config", "Labels")), (("Name",),))),
    # containerd (runtime/v2, bundle.go), a folder each for Kubernetes and others; nerdctl (pkg/labels).
    Kept(
        "run/containerd/io.containerd.runtime.v2.task/*", "config.json",
        (*_of_pod(_CRI + "sandbox-namespace", _CRI + "sandbox-name", _CRI + "container-name"), (("annotations", "nerdctl/name"),)),
    ),
    # CRI-O (containers/storage, and pkg/annotations).
    Kept("var/lib/containers/storage/overlay-containers", "userdata/config.json", _of_pod(*_KUBERNETES)),
    Kept("run/containers/storage/overlay-containers", "userdata/config.json", _of_pod(*_KUBERNETES)),
    # podman (containers/storage, store.go): all containers in one list.
    Kept("var/lib/containers/storage/overlay-containers", "containers.json", ((("names", "0"),),), listed=True),
)  # fmt: skip
_DOCKER = KEPT[0]
# kubelet links each container's log so: POD_NAMESPACE_CONTAINER-ID.log (pkg/kubelet/kuberuntime, legacy.go). Anybody may
# see the names there, and only root makes them.
LOGS = "var/log/containers"
# A host of containers has one of these: then processes are looked at for the names of others.
RUNTIMES = tuple(f"/run/{name}" for name in ("containerd", "docker", "crio", "containers", "podman", "libpod"))  # fmt: skip


@frozen
class End:
    """The last end of a container as docker keeps it (daemon/container/state.go): ``code`` above 128 may stand for a
    signal, ``finished`` is RFC 3339, ``file`` where it says so."""

    container: bytes
    name: bytes | None
    code: int
    oom_killed: bool
    finished: str
    file: str


def ends(root: str = "/") -> list[End]:
    """The containers of docker's below a root that have ended and are not removed."""
    try:
        inside = Inside(root)
    except OSError:
        return []
    try:
        return [end for id_ in _ids(inside, _DOCKER.folder) if (end := _end_of(inside, id_))]
    finally:
        inside.close()


def _end_of(inside: Inside, id_: str) -> End | None:
    path = f"{_DOCKER.folder}/{id_}/{_DOCKER.file}"
    document = _document(inside, path)
    state = document.get("State") if isinstance(document, dict) else None
    if not isinstance(state, dict) or state.get("Running") is not False:
        return None
    code, oom, finished = (state.get(key) for key in ("ExitCode", "OOMKilled", "FinishedAt"))
    if type(code) is not int or not isinstance(oom, bool) or not isinstance(finished, str):
        return None
    return End(os.fsencode(id_), _name_in(document, _DOCKER), code, oom, finished, inside.place(path))  # fmt: skip


def names(root: str = "/") -> Names:
    """The name of each container of which one is kept below a root, by its id. No link leads out of it."""
    try:
        inside = Inside(root)
    except OSError:
        return {}
    try:
        # A runtime's own word is the later, and the one that counts.
        return dict((*_of_logs(inside), *_of_files(inside)))
    finally:
        inside.close()


def here() -> Names:
    """Those of this host, as far as this user may read; of others what they call themselves."""
    kept = names()
    return {**hostnames(kept), **kept}


def hostnames(known: Names) -> Names:
    """What living containers without a name call themselves: HOSTNAME of their first process (environ(7)), unless it
    is the id's beginning, or another's name."""
    if not any(map(os.path.isdir, RUNTIMES)):
        return {}
    taken = set(known.values())
    found: dict[bytes, bytes] = {}
    for pid in procfs.pids():
        container = place_of(procfs.cgroup_of(pid) or b"")[1]
        if container is None or container in known or container in found:
            continue
        name = procfs.variable_of(pid, b"HOSTNAME") if procfs.is_first(pid) else None
        if name and name not in taken and len(name) <= NAME_MAX and not container.startswith(name):
            found[container] = name
    return found


def _of_logs(inside: Inside) -> Iterator[tuple[bytes, bytes]]:
    for file in _listed(inside, LOGS):
        stem, _, id_ = file.rpartition("-")
        parts = os.fsencode(stem).split(b"_")
        container = os.fsencode(id_.removesuffix(".log"))
        if len(parts) == 3 and all(parts) and is_id(container):
            pod, namespace, name = parts
            yield container, b"/".join((namespace, pod, name))


def _of_files(inside: Inside) -> Iterator[tuple[bytes, bytes]]:
    room = FILES_MAX
    for kept in KEPT:
        for folder in _folders(inside, kept.folder):
            if kept.listed:
                yield from _of_list(_document(inside, f"{folder}/{kept.file}"), kept)
                continue
            ids = _ids(inside, folder)
            for id_ in ids[:room]:
                name = _name_in(_document(inside, f"{folder}/{id_}/{kept.file}"), kept)
                if name is not None:
                    yield os.fsencode(id_), name
            room = max(0, room - len(ids))


def _of_list(document: object, kept: Kept) -> Iterator[tuple[bytes, bytes]]:
    for one in document[:FILES_MAX] if isinstance(document, list) else ():
        id_, name = _text(one, ("id",)), _name_in(one, kept)
        if id_ is not None and name is not None and is_id(id_):
            yield id_, name


def _folders(inside: Inside, pattern: str) -> Iterator[str]:
    above, star, _ = pattern.partition("/*")
    if not star:
        yield pattern
        return
    for name in _listed(inside, above):
        yield f"{above}/{name}"


def _ids(inside: Inside, folder: str) -> list[str]:
    return [name for name in _listed(inside, folder) if is_id(os.fsencode(name))][:FILES_MAX]


def _listed(inside: Inside, folder: str) -> list[str]:
    try:
        return inside.names(folder)
    except OSError:
        return []


def _document(inside: Inside, path: str) -> Any:
    """What a JSON file says; None for none, one that is too long, and what is no JSON."""
    try:
        fd = inside.open(path)
    except OSError:
        return None
    with open(fd, "rb") as file:
        try:
            raw = file.read(FILE_MAX + 1)
        except OSError:
            return None
    if len(raw) > FILE_MAX:
        return None
    # Of hosts without containers it is not needed.
    import json

    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def _name_in(document: object, kept: Kept) -> bytes | None:
    for name in kept.names:
        texts = [_text(document, keys) for keys in name]
        whole = b"/".join(text.strip(b"/") for text in texts if text)
        if all(texts) and 0 < len(whole) <= NAME_MAX and whole.count(b"/") == len(name) - 1:
            return whole
    return None


def _text(document: object, keys: Keys) -> bytes | None:
    """The text there; a digit is a place in a list."""
    for key in keys:
        if isinstance(document, dict):
            document = document.get(key)
        elif isinstance(document, list) and key.isdigit():
            document = document[int(key)] if int(key) < len(document) else None
        else:
            return None
    return document.encode("utf-8", "backslashreplace") if isinstance(document, str) else None
