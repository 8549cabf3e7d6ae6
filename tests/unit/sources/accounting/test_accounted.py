"""Where accounting is found: as a FILE, in a folder, below a root, in sos reports, rotated and packed; and older ones."""

from __future__ import annotations

import gzip
import io
import json
import lzma
import subprocess
import sys
import tarfile

import pytest
from pacct import BORN, record

ONE, TWO, THREE = (record(pid, born=BORN + pid) for pid in (1001, 1002, 1003))
LINE = b"Nov 27 12:00:00 web3 systemd[1]: a.service: Failed with result 'timeout'.\n"


def run(*words, **more):
    done = subprocess.run(
        [sys.executable, "-m", "tracer", *map(str, words)],
        capture_output=True,
        timeout=120,
        check=False,
        **more,
    )
    assert b"Traceback" not in done.stderr
    return done


def pids(done):
    events = [json.loads(line) for line in done.stdout.splitlines()]
    return [event["process"]["pid"] for event in events if event["event"] == "exit"]


def write(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("folder", ["var/log/account", "var/account"])
def test_below_a_root_the_rotated_ones_too_oldest_first(tmp_path, folder):
    write(tmp_path / folder / "pacct", THREE)
    write(tmp_path / folder / "pacct.0", TWO)
    write(tmp_path / folder / "pacct.1.gz", gzip.compress(ONE))
    write(tmp_path / folder / "usracct", record(77))
    done = run("replay", "--json", "--root", tmp_path)
    assert (done.returncode, pids(done)) == (0, [1001, 1002, 1003])


def test_dated_ones_are_in_the_order_of_their_dates(tmp_path):
    write(tmp_path / "account/pacct", b"")
    write(tmp_path / "account/pacct-20261126.gz", gzip.compress(TWO))
    write(tmp_path / "account/pacct-20261125.xz", lzma.compress(ONE))
    for named in (tmp_path / "account", tmp_path):
        done = run("replay", "--json", named)
        assert (done.returncode, pids(done)) == (0, [1001, 1002]), done.stderr


def test_a_file_by_any_name_and_standard_input(tmp_path):
    file = write(tmp_path / "collected.bin", ONE + TWO)
    assert pids(run("replay", "--json", file)) == [1001, 1002]
    with open(file, "rb") as stream:
        assert pids(run("replay", "--json", "-", stdin=stream)) == [1001, 1002]
    assert pids(run("replay", "--json", "-", input=ONE + TWO + THREE)) == [1001, 1002, 1003]


def test_a_sos_report_unpacked_and_packed(tmp_path):
    folder = tmp_path / "sosreport-web3"
    write(folder / "sos_commands/logs/x", b"")
    write(folder / "var/log/messages", LINE)
    write(folder / "var/account/pacct", TWO)
    write(folder / "var/account/pacct-20261126.gz", gzip.compress(ONE))
    assert pids(run("replay", "--json", folder)) == [1001, 1002]
    archive = tmp_path / "sosreport-web3.tar.xz"
    with tarfile.open(archive, "w:xz") as tar:
        tar.add(folder, "sosreport-web3")
    assert pids(run("replay", "--json", archive)) == [1001, 1002]
    done = run("why", "--json", "1002", archive)
    verdict = json.loads(done.stdout)
    assert (done.returncode, verdict["cause"], verdict["confidence"]) == (1, "unknown", "open")


def test_an_archive_that_ends_within_it(tmp_path):
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as tar:
        member = tarfile.TarInfo("sos/var/account/pacct")
        member.size = 640
        tar.addfile(member, io.BytesIO(ONE * 10))
    archive = write(tmp_path / "sos.tar", whole.getvalue()[: 512 + 200])
    done = run("replay", "--json", archive)
    assert done.returncode in (0, 2)


@pytest.mark.parametrize("version", [0, 1, 2])
def test_older_versions_are_told_as_not_understood(tmp_path, version):
    old = write(tmp_path / "pacct", record(version=version) * 3)
    done = run("replay", old)
    assert done.returncode == 2
    assert b"version %d, which has no pids" % version in done.stderr
    root = tmp_path / "root"
    write(root / "var/account/pacct", record(version=version))
    write(root / "var/log/messages", LINE)
    for words in (("replay",), ("why", "a")):
        assert b"version %d, which has no pids" % version in run(*words, "--root", root).stderr


@pytest.mark.parametrize("data", [b"", b"no accounting at all\n" * 9, bytes(640), b"\3" * 640])
def test_what_only_bears_its_name(tmp_path, data):
    done = run("replay", write(tmp_path / "pacct", data))
    assert done.returncode == 2
    assert done.stdout == b"" or b"no record" in done.stdout


def test_hostile_names_reach_no_terminal(tmp_path):
    file = write(tmp_path / "pacct", record(comm=b"\x1b]0;x\x07\n\r\xff"))
    for words in (("replay", file), ("why", "700", file), ("why", file), ("report", "--markdown", file)):  # fmt: skip
        shown = run(*words)
        assert shown.stdout
        assert not {0x1B, 0x07, 0x0D} & set(shown.stdout + shown.stderr)
        assert b"\n\r" not in shown.stdout


def test_a_report_counts_its_deaths(tmp_path):
    done = run("report", "--json", write(tmp_path / "pacct", ONE + TWO + record(9, 256)))
    assert json.loads(done.stdout)["counts"]["deaths"] == 2
