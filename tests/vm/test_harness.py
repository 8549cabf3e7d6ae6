"""The harness of the guests, without a guest: a report misread would be a silent pass."""

from __future__ import annotations

import io
import subprocess
import tarfile
import threading

import pytest

from tests.vm import cycle, matrix, qemu, tree
from tests.vm.kernels import KERNELS, QUICK, SUITES, USERLANDS
from tests.vm.report import Suite, is_excused, read_suite, render_reasons, render_table

XML = b"""<?xml version="1.0"?><testsuites><testsuite>
<testcase classname="live.kill" name="test_kill" time="1.5"/>
<testcase classname="live.kill" name="test_wrong" time="0.5"><failure message="x">y</failure></testcase>
<testcase classname="live.kill" name="test_setup" time="0"><error message="x">y</error></testcase>
<testcase classname="live.kill" name="test_cgroup" time="0">
<skipped type="pytest.skip" message="needs Linux 5.14: cgroup.kill">z</skipped></testcase>
</testsuite></testsuites>"""
FACTS = b'{"kernel": "6.1.0-50-cloud-amd64", "python": "3.11.2", "libbpf": "1.1", "bcc": "0.26.0"}'
BOOKWORM = KERNELS[1]


def test_every_suite_runs_on_every_kernel():
    for kernel in KERNELS:
        assert {suite for boot in kernel.boots for suite in boot.suites} == set(SUITES)
        assert all(boot.userland in USERLANDS for boot in kernel.boots)
        assert not any(
            "core" in boot.suites and not USERLANDS[boot.userland].has_core for boot in kernel.boots
        )
    assert (QUICK.version, QUICK.suite) in {(kernel.version, kernel.suite) for kernel in KERNELS}


def test_a_report_is_counted():
    suite = read_suite(XML, "5.10", "bullseye", "bcc")
    assert suite.passed == 1
    assert suite.failed == ("live.kill::test_wrong", "live.kill::test_setup")
    assert suite.skipped == ("needs Linux 5.14: cgroup.kill",)
    assert suite.seconds == 2.0


@pytest.mark.parametrize(
    ("reason", "kernel", "excused"),
    [
        ("needs Linux 5.14: cgroup.kill", "5.10", True),
        ("needs Linux 5.14: cgroup.kill", "5.14", False),
        ("needs Linux 5.14: cgroup.kill", "6.1.0-50-cloud-amd64", False),
        ("needs Linux 6.9: pidfd of a thread", "6.12", False),
        ("needs systemd as PID 1", "7.2", True),
    ],
)
def test_a_skip_needs_an_excuse(reason, kernel, excused):
    assert is_excused(reason, kernel) is excused
    suite = Suite(kernel, "sid", "core", passed=1, skipped=(reason,))
    assert suite.good is excused
    assert ("no excuse" in render_reasons([suite])) is not excused


@pytest.mark.parametrize(
    "suite",
    [
        Suite("6.1", "bookworm", "core"),
        Suite("6.1", "bookworm", "core", passed=3, failed=("a::b",)),
        Suite("6.1", "bookworm", "core", passed=3, lost="hung: not done after 3 s"),
    ],
    ids=["nothing ran", "failed", "lost"],
)
def test_what_is_no_pass_does_not_look_like_one(suite):
    assert not suite.good
    assert not render_table([suite]).endswith(" ok")


def test_a_guest_that_left_no_report_is_lost():
    suite = matrix.to_suite(BOOKWORM, "bookworm", "core", {}, "panicked: Kernel panic")
    assert suite.lost == "panicked: Kernel panic"
    assert matrix.to_suite(BOOKWORM, "bookworm", "core", {}, "").lost == "no report from pytest"


def test_a_report_of_a_pytest_that_broke_off_is_no_pass():
    results = {"core.xml": XML.replace(b"failure", b"x").replace(b"error", b"x")}
    for status in (b"2\n", b"5\n", b""):
        results["core.status"] = status
        assert matrix.to_suite(BOOKWORM, "bookworm", "core", results, "").lost


def test_the_list_of_kernels_is_held_to_the_guest():
    facts = {"facts.json": FACTS}
    assert matrix.wrong_facts(BOOKWORM, USERLANDS["bookworm"], facts) == ""
    assert "python is 3.11.2, not 3.13" in matrix.wrong_facts(BOOKWORM, USERLANDS["trixie"], facts)
    assert "libbpf is 1.1" in matrix.wrong_facts(BOOKWORM, USERLANDS["bullseye"], facts)
    assert matrix.wrong_facts(BOOKWORM, USERLANDS["bookworm"], {})


def test_results_come_back_from_the_disk(tmp_path):
    disk = tmp_path / "results"
    tree.make_results_disk(disk)
    assert tree.read_results(disk) == {}
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as tar:
        member = tarfile.TarInfo("./core.xml")
        member.size = len(XML)
        tar.addfile(member, io.BytesIO(XML))
    with open(disk, "r+b") as file:
        file.write(written.getvalue())
    assert tree.read_results(disk) == {"core.xml": XML}


def guest(tmp_path, **limits):
    nothing = tmp_path / "nothing"
    return qemu.Guest(nothing, nothing, nothing, nothing, **limits)


@pytest.mark.parametrize(
    ("limits", "how"),
    [({"limit": 0}, "hung: not done"), ({"quiet_limit": 0}, "hung: no word on the console")],
)
def test_a_guest_that_hangs_is_told_from_one_that_fails(tmp_path, monkeypatch, limits, how):
    monkeypatch.setattr(qemu.Guest, "command", lambda *_: ["sleep", "600"])
    with pytest.raises(qemu.GuestLost, match=how):
        qemu.run(guest(tmp_path, **limits), qemu.Accelerator((), ""))


def test_a_panic_shows_the_last_lines(tmp_path, monkeypatch):
    script = "seq 100; echo '[ 3.4] Kernel panic - not syncing: no root'"
    monkeypatch.setattr(
        qemu.Guest,
        "command",
        lambda _self, _accelerator, folder: ["sh", "-c", f"({script}) > {folder}/console"],
    )
    with pytest.raises(qemu.GuestLost, match=r"panicked: .* no root") as lost:
        qemu.run(guest(tmp_path), qemu.Accelerator((), ""))
    assert lost.value.tail.splitlines()[0] == "72"


def test_as_many_guests_at_once_as_there_are_cpus_for(monkeypatch):
    """And their suites come out in the order of the list."""
    both = threading.Barrier(2, timeout=30)

    def boot(kernel, boot, *_):
        both.wait()
        return [Suite(kernel.version, boot.userland, name, passed=1) for name in boot.suites]

    said = []
    monkeypatch.setattr(matrix, "run_boot", boot)
    monkeypatch.setattr(matrix.os, "cpu_count", lambda: 2)
    monkeypatch.setattr(qemu, "find_accelerator", lambda: qemu.Accelerator((), "", cpus=1))
    monkeypatch.setattr(matrix, "render_table", said.extend)
    assert matrix.run_matrix([BOOKWORM]) == 0
    assert [suite.name for suite in said] == [
        name for boot in BOOKWORM.boots for name in boot.suites
    ]


def test_the_probe_for_kvm_answers_what_it_is_told():
    for answer in ("yes", "no: said so"):
        asked = subprocess.run(
            [str(qemu.HERE / "kvm-probe")],
            env={"SIGTRACE_KVM": answer, "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert asked.stdout.strip() == answer


def test_a_link_to_a_folder_goes_along(tmp_path, monkeypatch):
    """tracer/bpf is one: without it bcc has no program in the guest."""
    (tmp_path / "bpf").mkdir()
    (tmp_path / "tracer").mkdir()
    (tmp_path / "tracer/bpf").symlink_to("../bpf")
    for name in tree.BUILT:
        (tmp_path / name).touch()
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    monkeypatch.setattr(tree, "CHECKOUT", tmp_path)
    tree.pack_tree(tmp_path / "tree.tar", "true\n")
    with tarfile.open(tmp_path / "tree.tar") as packed:
        assert packed.getmember("tracer/bpf").issym()


@pytest.mark.parametrize(
    ("tests", "boots"),
    [
        ("", True),
        ("tests/vm/scenarios", True),
        ("-x tests/vm/scenarios/", True),
        (f"{cycle.REBOOT}::test_one", True),
        (cycle.QUICK_TESTS, False),
        ("tests/unit", False),
    ],
)
def test_the_vm_boots_again_for_what_needs_it(tests, boots):
    names = [run.name for run in (*cycle.runs_of(tests), *cycle.after_boot(tests))]
    assert names == ["test", *(["before", "after"] if boots else [])]
