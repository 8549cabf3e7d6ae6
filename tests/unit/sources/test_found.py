"""What is meant by files, folders, roots, sos reports and nothing at all; and hostile ones of them."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracer.audit.entries import AuditTeller
from tracer.flow.source import every
from tracer.model.frozen import replace
from tracer.sources.found import found_below, found_by_names
from tracer.sources.logs.archive import Archive
from tracer.sources.logs.kept import HOST, SOS, kept_in
from tracer.sources.logs.tar import Damaged, Tar
from tracer.sources.replayed import Asked, reading_of
from tracer.statements.tables import index
from tracer.statements.teller import Teller

LINE = b"Nov 20 07:32:05 web3 systemd[1]: %s.service: Failed with result 'timeout'.\n"
RECORD = b'type=ANOM_ABEND msg=audit(1700000000.500:7): auid=0 uid=0 gid=0 ses=1 pid=55 comm="web" exe="/bin/web" sig=11 res=1\n'
SIGNAL = b'{"v": 1, "event": "signal", "id": "1", "time": "2026-11-27T15:06:18.108397023Z", "source": "core", "signal": {"number": 9, "name": "SIGKILL"}, "target": {"pid": 7}}\n'


def replay(*arguments, **more):
    run = subprocess.run(
        [sys.executable, "-m", "tracer", "replay", "--json", *map(str, arguments)],
        capture_output=True,
        timeout=120,
        check=False,
        **more,
    )
    return run, [json.loads(line) for line in run.stdout.splitlines()]


def units(events):
    return sorted(event["about"]["unit"] for event in events if event["event"] == "statement")


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text)
    return path


def test_a_folder_holds_audit_logs_and_syslogs(tmp_path):
    write(tmp_path / "log/messages", LINE % b"a")
    write(tmp_path / "log/kern.log.1", LINE % b"b")
    write(tmp_path / "log/audit/audit.log", RECORD)
    write(tmp_path / "log/nginx/access.log", LINE % b"c")
    run, events = replay(tmp_path / "log")
    assert run.returncode == 0, run.stderr
    assert units(events) == ["a.service", "b.service"]
    assert sum(event["event"] == "exit" for event in events) == 1


def test_a_folder_may_hold_what_json_printed_beside_logs(tmp_path):
    """The folder that examples/outage.py makes has nothing else."""
    write(tmp_path / "log/a.jsonl", SIGNAL)
    run, events = replay(tmp_path / "log")
    assert [event["event"] for event in events] == ["signal"], run.stderr
    write(tmp_path / "log/b.log", LINE % b"b")
    run, events = replay(tmp_path / "log")
    assert sorted(event["event"] for event in events) == ["signal", "statement"], run.stderr


def test_a_root_is_read_below_it_alone(tmp_path):
    outside = write(tmp_path / "secret", LINE % b"outside")
    root = tmp_path / "root"
    write(root / "var/log/messages", LINE % b"a")
    write(root / "var/log/audit/audit.log", RECORD)
    os.symlink(outside, root / "var/log/syslog")
    os.symlink("/var/log/messages", root / "var/log/daemon.log")
    os.symlink("../../../../secret", root / "var/log/secure")
    os.mkfifo(root / "var/log/user.log")
    run, events = replay("--root", root)
    assert run.returncode == 0, run.stderr
    assert units(events) == ["a.service"]
    assert sum(event["event"] == "exit" for event in events) == 1
    assert b"outside" not in run.stdout
    found = found_below(str(root))
    assert all(path.startswith(str(root)) for log in found.logs for path in log.paths)
    assert {os.path.basename(path) for path, _ in found.closed} >= {"user.log"}


def test_a_roots_recording_is_read_and_no_link_out_of_it(tmp_path):
    name = f"web3-{'ab' * 16}-20261127T150618.108397023Z.jsonl"
    root = tmp_path / "root"
    write(root / "var/lib/sigtrace" / name, SIGNAL)
    found = found_below(str(root))
    assert found.recordings == (str(root / "var/lib/sigtrace"),)
    run, events = replay("--root", root)
    assert [event["event"] for event in events] == ["signal"], run.stderr
    other = tmp_path / "other"
    (other / "var/lib").mkdir(parents=True)
    (other / "var/lib/sigtrace").symlink_to(root / "var/lib/sigtrace")
    assert found_below(str(other)).recordings == ()


def test_a_root_without_logs_says_so(tmp_path):
    run, _ = replay("--root", tmp_path)
    assert run.returncode == 2
    assert b"no logs below" in run.stderr
    for folder in ("var/log/journal", "run/log/journal"):
        assert b"in %s" % os.fsencode(tmp_path / folder) in run.stderr


def test_standard_input_without_a_name_is_an_error():
    run, _ = replay(input=LINE % b"a")
    assert run.returncode == 2
    assert b"sigtrace replay -" in run.stderr


def test_a_pipe_to_which_nobody_writes_is_no_standard_input(tmp_path):
    """cron(8) gives its commands one: each replay, why and report of this host's logs failed there."""
    log = "import sys; from tracer.sources import found; found.found_below = lambda _: found.Found(); found.found_here()"
    for open_, status in ((False, 0), (True, 1)):
        reading, writing = os.pipe()
        if not open_:
            os.close(writing)
        command = [sys.executable, "-c", log]
        run = subprocess.run(command, stdin=reading, capture_output=True, check=False, timeout=60)
        os.close(reading)
        if open_:
            os.close(writing)
        assert run.returncode == status, run.stderr


REPORT = {
    "sosreport-web3/var/log/messages": LINE % b"a",
    "sosreport-web3/var/log/messages-20191119.gz": gzip.compress(LINE % b"old"),
    "sosreport-web3/var/log/audit/audit.log": RECORD,
    "sosreport-web3/sos_commands/logs/journalctl_--no-pager": LINE % b"j",
    "sosreport-web3/etc/passwd": LINE % b"never",
    "sosreport-web3/../../../etc/cron.d/evil": LINE % b"never",
}


def pack(path, mode="w:xz", members=REPORT, form=tarfile.PAX_FORMAT):
    with tarfile.open(path, mode, format=form) as tar:
        link = tarfile.TarInfo("sosreport-web3/var/log/syslog")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/shadow"
        tar.addfile(link)
        for name, text in members.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(text), 1_574_300_000
            tar.addfile(info, io.BytesIO(text))
    return path


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
@pytest.mark.parametrize("mode", ["w:xz", "w:gz", "w"])
def test_a_sos_report_packed_or_not_tells_the_same(form, mode, tmp_path):
    for name, text in REPORT.items():
        if ".." not in name:
            write(tmp_path / name, text)
            os.utime(tmp_path / name, (1_574_300_000, 1_574_300_000))
    before = sorted(tmp_path.rglob("*"))
    run, events = replay(tmp_path / "sosreport-web3")
    archive = pack(tmp_path / "sosreport-web3.tar.xz", mode, form=form)
    packed_run, packed = replay(archive)
    assert run.returncode == packed_run.returncode == 0, packed_run.stderr
    assert units(events) == units(packed) == ["a.service", "j.service", "old.service"]
    assert [event["time"] for event in packed] == sorted(event["time"] for event in packed)
    assert sorted(e["id"] for e in packed) == sorted(e["id"] for e in events)
    assert all(e["place"]["file"].startswith(f"{archive}:sosreport-web3/") for e in packed)
    assert [e["place"]["line"] for e in packed if e["event"] == "exit"] == [1]
    assert sorted(tmp_path.rglob("*")) == sorted([*before, archive])


def test_a_long_name_and_a_cut_archive(tmp_path):
    long = "sosreport-" + "x" * 300 + "/var/log/messages"
    archive = pack(tmp_path / "a.tar", "w", {long: (LINE % b"a") * 50})
    run, events = replay(archive)
    assert len(events) == 50
    archive.write_bytes(archive.read_bytes()[:4000])
    run, events = replay(archive)
    assert run.returncode == 0
    assert any(event["event"] == "loss" for event in events)


def told(path):
    tables = index()
    source = Archive(str(path), lambda: Teller(tables), AuditTeller, tables.literals)
    return list(every(source))


@given(st.binary(max_size=3000), st.integers(0, 4000))
@settings(max_examples=80, deadline=None)
def test_archives_that_lie_are_survived(noise, at):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        info = tarfile.TarInfo("r/var/log/messages")
        info.size = 90
        tar.addfile(info, io.BytesIO((LINE % b"a")[:90].ljust(90)))
    data = bytearray(raw.getvalue())
    data[at : at + len(noise)] = noise
    tar_ = Tar(io.BytesIO(bytes(data)), 1 << 20)
    try:
        for member in tar_.members():
            for _ in tar_.blocks(member.size):
                pass
    except (Damaged, EOFError):
        pass


def test_an_archive_that_unpacks_to_much_ends(tmp_path, monkeypatch):
    import tracer.sources.logs.archive as module

    monkeypatch.setattr(module, "TOTAL_MAX", 1 << 20)
    archive = pack(tmp_path / "b.tar.gz", "w:gz", {"r/x/zeros": b"\0" * (1 << 22), **REPORT})
    events = told(archive)
    assert any("more than is read" in getattr(event, "where", "") for event in events)


def test_the_table_of_files():
    assert kept_in(HOST, "/var/log/messages-20261127.xz").instead
    assert kept_in(HOST, "var/log/audit/audit.log.3").audit
    assert kept_in(HOST, "var/log/nginx/access.log") is None
    assert kept_in(SOS, "sos_commands/logs/journalctl_--no-pager_--boot_-1") is not None


def test_names_that_are_not_there(tmp_path):
    from tracer.model.errors import Problem

    with pytest.raises(Problem):
        found_by_names([str(tmp_path / "nothing")])


@pytest.mark.parametrize("kept", [None, "messages", "kern.log.1", "auth.log"])
def test_the_kernels_ring_is_read_where_nothing_keeps_its_messages(tmp_path, monkeypatch, kept):
    """Whose files are read besides does not matter; without leave to read the ring, that is said."""
    asked = []

    def ring():
        asked.append(kept)
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("tracer.host.kernel_log.open_ring", ring)
    write(tmp_path / "var/log/audit/audit.log", RECORD)
    if kept:
        write(tmp_path / "var/log" / kept, LINE % b"a")
    found = replace(found_below(str(tmp_path)), ring=True)
    reading = reading_of(found, Asked())
    reading.source.close()
    is_read = kept in (None, "auth.log")
    assert len(asked) == is_read
    assert (("/dev/kmsg", "operation not permitted") in reading.closed) == is_read
