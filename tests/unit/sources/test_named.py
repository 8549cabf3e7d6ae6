"""A container of a dead host's disk, by the name that its runtime has kept there."""

from __future__ import annotations

import json

import pytest

from tracer import cli

ID = "3f2a" * 16
LINES = f"""\
Nov 27 12:00:00 web3 kernel: [ 100.000000] shopd invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0
Nov 27 12:00:00 web3 kernel: [ 100.000010] oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset={ID},mems_allowed=0,oom_memcg=/docker/{ID},task_memcg=/docker/{ID},task=shopd,pid=8201,uid=0
Nov 27 12:00:00 web3 kernel: [ 100.000020] Memory cgroup out of memory: Killed process 8201 (shopd) total-vm:60000kB, anon-rss:39800kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:120kB oom_score_adj:0
"""


@pytest.fixture
def disk(tmp_path):
    log = tmp_path / "var/log/kern.log"
    log.parent.mkdir(parents=True)
    log.write_text(LINES)
    kept = tmp_path / f"var/lib/docker/containers/{ID}/config.v2.json"
    kept.parent.mkdir(parents=True)
    kept.write_text(json.dumps({"Name": "/orders\x1b[2J"}))
    return tmp_path


@pytest.mark.parametrize("what", ["orders\x1b[2J", "shopd", ID[:12]])
def test_why_finds_it_by_name(disk, capsys, what):
    status = cli.main(["why", "--json", "--root", str(disk), "--year", "2026", what])
    verdict = json.loads(capsys.readouterr().out)
    assert status == 0
    assert verdict["cause"] == "oom"
    assert verdict["process"]["container"] == ID
    assert verdict["process"]["container_name"] == "orders\x1b[2J"


def test_the_verdict_says_the_name_and_no_escape(disk, capsys):
    assert cli.main(["why", "--root", str(disk), "--year", "2026", "shopd"]) == 0
    shown = capsys.readouterr().out
    assert "orders\\x1b[2J" in shown
    assert "\x1b" not in shown


@pytest.mark.parametrize(("word", "rows"), [("orders*", 1), (ID[:12], 1), ("web", 0)])
def test_a_replays_filter_takes_it(disk, capfd, word, rows):
    cli.main(["replay", "--json", "--root", str(disk), "--year", "2026", "--container", word])
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert sum(line["event"] == "signal" for line in lines) == rows


def test_files_by_name_ask_this_machine_nothing(disk, capsys, monkeypatch):
    """The id stands in the lines themselves."""
    monkeypatch.setattr("tracer.host.containers.names", lambda root="/": 1 // 0)
    log = str(disk / "var/log/kern.log")
    assert cli.main(["why", "--json", "--year", "2026", ID[:12], log]) == 0
    process = json.loads(capsys.readouterr().out)["process"]
    assert process["container"] == ID
    assert "container_name" not in process


def ended(disk, **state):
    kept = disk / f"var/lib/docker/containers/{ID}/config.v2.json"
    kept.write_text(json.dumps({"Name": "/orders", "State": {"Running": False, **state}}))


def why(capsys, disk, what="orders"):
    status = cli.main(["why", "--json", "--root", str(disk), "--year", "2026", what])
    shown = capsys.readouterr().out
    return status, json.loads(shown) if shown else None


AT = "2026-11-27T12:00:00.5Z"


def test_docker_that_counted_no_oom_kill_is_contradicted(disk, capsys):
    """The kernel names the process; docker's word of it is told, and why it counts less."""
    ended(disk, ExitCode=137, OOMKilled=False, FinishedAt=AT)
    status, verdict = why(capsys, disk)
    assert (status, verdict["cause"], verdict["confidence"]) == (0, "oom", "yes")
    assert any("dockerd says OOMKilled: false" in one for one in verdict["contradicts"])


def test_its_exit_code_alone_accuses_nobody(disk, capsys):
    (disk / "var/log/kern.log").write_text("Nov 27 11:00:00 web3 kernel: [ 1.0] all is well\n")
    ended(disk, ExitCode=137, OOMKilled=False, FinishedAt=AT)
    status, verdict = why(capsys, disk)
    assert (status, verdict["cause"]) == (1, "unknown")
    assert "who" not in verdict
    assert any(
        "exit code 137: it died of SIGKILL, or exited with 137 itself" in one
        for one in verdict["why"]
    )


@pytest.mark.parametrize(
    "state",
    [
        {"ExitCode": "137", "OOMKilled": False, "FinishedAt": AT},
        {"ExitCode": True, "OOMKilled": False, "FinishedAt": AT},
        {"ExitCode": 137, "OOMKilled": "no", "FinishedAt": AT},
        {"ExitCode": 137, "OOMKilled": False, "FinishedAt": "0001-01-01T00:00:00Z"},
        {"ExitCode": 137, "OOMKilled": False, "FinishedAt": "yesterday"},
        {"ExitCode": 137, "OOMKilled": False, "FinishedAt": AT, "Running": True},
        {},
    ],
)
def test_what_is_no_end_tells_of_none(disk, capsys, state):
    (disk / "var/log/kern.log").write_text("Nov 27 11:00:00 web3 kernel: [ 1.0] all is well\n")
    ended(disk, **state)
    assert why(capsys, disk) == (3, None)


POD = "1234abcd-0000-1111-2222-333344445555"
IN_A_POD = f"/kubepods.slice/kubepods-pod{POD.replace('-', '_')}.slice/cri-containerd-{ID}.scope"


@pytest.mark.parametrize("what", [POD, POD[:8], "shop-abc", "web", ID[:12]])
def test_who_was_in_a_pod_is_found_by_that(tmp_path, capsys, what):
    """By its UID, as its cgroup has it, and by its name, as kubelet's links of logs have it."""
    logs = tmp_path / "var/log/containers"
    logs.mkdir(parents=True)
    (logs / f"shop-abc_default_web-{ID}.log").symlink_to("/var/log/pods/gone")
    (tmp_path / "var/log/kern.log").write_text(
        f"Nov 27 12:34:49 web3 kernel: [12.6] oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=x,mems_allowed=0,oom_memcg={IN_A_POD},task_memcg={IN_A_POD},task=node,pid=77,uid=0\n"
        "Nov 27 12:34:49 web3 kernel: [12.6] Memory cgroup out of memory: Killed process 77 (node) total-vm:6kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:1kB oom_score_adj:0\n"
    )
    assert cli.main(["why", "--json", "--root", str(tmp_path), "--year", "2026", what]) == 0
    process = json.loads(capsys.readouterr().out)["process"]
    assert (process["pod"], process["container_name"]) == (POD, "default/shop-abc/web")
