"""Containers by the names that their runtimes keep; files are read as whatever somebody may have put there."""

from __future__ import annotations

import json
import os

import pytest

from tracer.host import containers, procfs

ID = "3f2a" * 16
OTHER = "0123456789abcdef" * 4
DOCKER = f"var/lib/docker/containers/{ID}/config.v2.json"
CONTAINERD = f"run/containerd/io.containerd.runtime.v2.task/k8s.io/{ID}/config.json"
NERDCTL = f"run/containerd/io.containerd.runtime.v2.task/default/{ID}/config.json"
CRIO = f"var/lib/containers/storage/overlay-containers/{ID}/userdata/config.json"
PODMAN = "var/lib/containers/storage/overlay-containers/containers.json"
POD = {
    "io.kubernetes.pod.namespace": "shop",
    "io.kubernetes.pod.name": "orders-7f9c",
    "io.kubernetes.container.name": "api",
}
CRI = {
    "io.kubernetes.cri.sandbox-namespace": "shop",
    "io.kubernetes.cri.sandbox-name": "orders-7f9c",
    "io.kubernetes.cri.container-name": "api",
}


def kept(root, path, document):
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(document if isinstance(document, str) else json.dumps(document))
    return file


def name(root):
    return containers.names(str(root)).get(ID.encode())


@pytest.mark.parametrize(
    ("path", "document", "right"),
    [
        (DOCKER, {"ID": ID, "Name": "/web", "Config": {"Labels": {"a": "b"}}}, b"web"),
        (DOCKER, {"Name": "/web", "Config": {"Labels": None}}, b"web"),
        (DOCKER, {"Name": "/k8s_api_orders_shop_0", "Config": {"Labels": POD}}, b"shop/orders-7f9c/api"),
        (CONTAINERD, {"annotations": CRI}, b"shop/orders-7f9c/api"),
        (CONTAINERD, {"annotations": {k: v for k, v in CRI.items() if "sandbox" in k}}, b"shop/orders-7f9c"),
        (NERDCTL, {"annotations": {"nerdctl/name": "web"}}, b"web"),
        (CRIO, {"annotations": POD}, b"shop/orders-7f9c/api"),
        (PODMAN, [{"id": OTHER, "names": ["db"]}, {"id": ID, "names": ["web"]}], b"web"),
        (f"var/log/containers/orders-7f9c_shop_api-{ID}.log", "", b"shop/orders-7f9c/api"),
    ],
)  # fmt: skip
def test_the_name_as_its_runtime_keeps_it(tmp_path, path, document, right):
    kept(tmp_path, path, document)
    assert name(tmp_path) == right


@pytest.mark.parametrize(
    "document",
    [
        "", "[", "null", "[]", '"text"', "[" * 100_000, '{"Name": 1}', '{"Name": ["/web"]}', '{"Name": ""}', '{"Name": "/"}',
        '{"Name": {"Name": "/web"}}', '{"Name": "/' + "a" * 600 + '"}', '{"Name": "/a/b"}', "1" * 5000, "\0", "NaN",
        '{"annotations": {"io.kubernetes.pod.namespace": "a/b", "io.kubernetes.pod.name": "c"}}',
        '{"annotations": [], "Config": "Labels"}', " " * (containers.FILE_MAX + 1) + '{"Name": "/web"}',
    ],
)  # fmt: skip
def test_what_is_no_name_is_none(tmp_path, document):
    for path in (DOCKER, CONTAINERD, CRIO, PODMAN):
        kept(tmp_path, path, document)
    assert name(tmp_path) is None


def test_a_name_is_text_of_somebody(tmp_path):
    kept(tmp_path, DOCKER, '{"Name": "/\\u001b[31m\\ud800"}')
    assert name(tmp_path) == b"\x1b[31m\\ud800"


def test_no_link_leads_out(tmp_path):
    elsewhere = kept(tmp_path, "elsewhere.json", {"Name": "/web"})
    (tmp_path / "root" / DOCKER).parent.mkdir(parents=True)
    os.symlink(elsewhere, tmp_path / "root" / DOCKER)
    assert name(tmp_path / "root") is None


def test_a_pipe_is_not_waited_for(tmp_path):
    (tmp_path / DOCKER).parent.mkdir(parents=True)
    os.mkfifo(tmp_path / DOCKER)
    assert name(tmp_path) is None


def test_what_is_no_id_names_nobody(tmp_path):
    kept(tmp_path, DOCKER.replace(ID, "web"), {"Name": "/web"})
    kept(tmp_path, "var/log/containers/a_b_c-web.log", "")
    kept(tmp_path, f"var/log/containers/b_c-{ID}.log", "")
    kept(tmp_path, PODMAN, [{"id": "web", "names": ["web"]}, {"id": ID}, None])
    assert containers.names(str(tmp_path)) == {}


def test_a_runtimes_own_word_counts_more_than_a_logs_name(tmp_path):
    kept(tmp_path, f"var/log/containers/orders_shop_api-{ID}.log", "")
    kept(tmp_path, DOCKER, {"Name": "/web"})
    assert name(tmp_path) == b"web"


@pytest.fixture
def host(monkeypatch):
    """Three processes of a host of containers: init of one, its child, and one that is in none."""
    scope = b"/system.slice/docker-" + ID.encode() + b".scope"
    monkeypatch.setattr(containers.os.path, "isdir", lambda path: path == "/run/docker")
    monkeypatch.setattr(procfs, "pids", lambda: iter((7, 8, 9)))
    monkeypatch.setattr(procfs, "cgroup_of", {7: b"/", 8: scope, 9: scope}.get)
    monkeypatch.setattr(procfs, "is_first", lambda pid: pid == 9)

    def calls_itself(said):
        monkeypatch.setattr(procfs, "variable_of", lambda pid, name: said.get(pid))

    return calls_itself


def test_without_a_file_it_is_what_its_first_process_calls_itself(host):
    host({7: b"host", 8: b"impostor", 9: b"web-1"})
    assert containers.hostnames({}) == {ID.encode(): b"web-1"}


@pytest.mark.parametrize("said", [ID[:12].encode(), b"db", b"", None, b"x" * 600])
def test_it_may_not_call_itself_by_its_id_or_by_anothers_name(host, said):
    host({9: said})
    assert containers.hostnames({OTHER.encode(): b"db"}) == {}


def test_a_host_without_a_runtime_is_not_looked_at(monkeypatch):
    monkeypatch.setattr(containers.os.path, "isdir", lambda path: False)
    monkeypatch.setattr(procfs, "pids", lambda: 1 // 0)
    assert containers.hostnames({}) == {}


def test_the_environment_is_that_of_the_process():
    assert procfs.variable_of(os.getpid(), b"PATH") == os.environb[b"PATH"]
    assert procfs.variable_of(os.getpid(), b"PAT") is None
    assert not procfs.is_first(os.getpid())
