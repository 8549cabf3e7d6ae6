"""``sigtrace replay`` as its user runs it."""

import bz2
import gzip
import json
import lzma
import os
import pathlib
import re
import shutil
import subprocess
import sys

import audit_logs as logs
import pytest
from audit_logs import FIRST, replay, shown

from tracer.audit.known import Users
from tracer.audit.report import account
from tracer.flow.source import every
from tracer.sources.logs.audit_log import AuditLog
from tracer.sources.logs.files import find_logs
from tracer.sources.logs.passwd import read_passwd


def test_the_first_case(first):
    (event,) = shown(first)
    assert event["time"] == "2017-12-25T11:52:55.088000000Z"
    assert event["signal"]["name"] == "SIGKILL"
    sender, target = event["sender"], event["target"]
    assert (sender["comm"], sender["pid"], sender["uid"]) == ("bash", 1350, 3010)
    assert (sender["tty"], sender["exe"]) == ("pts0", "/bin/bash")
    assert (target["comm"], target["pid"]) == ("python", 24067)
    line = next(line for line in replay(first).stdout.decode().splitlines() if "SIGKILL" in line)
    assert "bash[1350]" in line
    assert "python[24067]" in line
    assert line.startswith("11:52:55.088")


def test_needs_no_root_and_nothing_but_the_standard_library(first):
    code = f"import sys; sys.argv = ['x', 'replay', {str(first)!r}]; from tracer.cli import main; main(); "
    code += "print(*(m for m in sys.modules if m.split('.')[0] in "
    code += "('pyroute2', 'bcc', 'tabulate', 'ctypes', 'multiprocessing', 'json', 'zstandard')))"
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            "-c",
            f"import sys; sys.path[:0] = [{os.getcwd()!r}]; " + code,
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1].strip() == ""


@pytest.mark.parametrize("name", ["audit.log.gz", "audit.log.xz", "audit.log.bz2", "packed"])
def test_packed(name, log):
    pack = {"gz": gzip.compress, "xz": lzma.compress, "bz2": bz2.compress}.get(
        name[-2:], bz2.compress
    )
    pack = bz2.compress if name.endswith("bz2") else pack
    assert len(shown(log(pack(FIRST.encode()), name))) == 1


def test_zstd(log, cannot_run):
    if not shutil.which("zstd"):
        cannot_run("the zstd program is not installed")
    packed = subprocess.run(
        ["zstd", "-cq"], input=FIRST.encode(), capture_output=True, check=True
    ).stdout
    path = log(packed, "audit.log.zst")
    assert len(shown(path)) == 1
    with path.open("rb") as stream:
        assert len(shown("-", stdin=stream)) == 1
    code = "import sys; sys.modules['zstandard'] = sys.modules['compression.zstd'] = None; "
    code += f"from tracer.cli import main; sys.exit(main(['replay', '--json', {str(path)!r}]))"
    bare = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert '"SIGKILL"' in bare.stdout
    none = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={"PATH": "/nowhere"},
        check=False,
    )
    assert none.returncode == 2
    assert "apt install zstd" in none.stderr


@pytest.mark.parametrize("kind", ["gz", "xz", "zst"])
@pytest.mark.parametrize("piped", [False, True], ids=["file", "pipe"])
def test_a_cut_archive_gives_what_it_has(kind, piped, log, cannot_run):
    if kind == "zst" and not shutil.which("zstd"):
        cannot_run("the zstd program is not installed")
    text = b"".join(logs.kill(n, 801, comm=b"%x" % hash((n, 7))) for n in range(1, 9000))
    packed = {
        "gz": gzip.compress,
        "xz": lzma.compress,
        "zst": lambda text: (
            subprocess.run(["zstd", "-c"], input=text, capture_output=True, check=True).stdout
        ),
    }[kind](text)
    cut = packed[: len(packed) // 2]
    found = shown("-", input=cut) if piped else shown(log(cut, f"audit.log.{kind}"))
    assert any(event["event"] == "loss" for event in found)
    assert len(found) > 100


@pytest.mark.parametrize("name", ["audit.log.gz", "audit.log.zst"])
def test_a_damaged_archive_holds_no_records(name, log):
    magic = {"gz": b"\x1f\x8b", "st": b"\x28\xb5\x2f\xfd"}[name[-2:]]
    done = replay(log(magic + b"garbage", name))
    assert done.returncode == 2
    assert b"damaged archive" in done.stderr


def test_a_pipe_that_ends_inside_a_record_is_cut():
    found = shown("-", input=FIRST.encode()[:400])
    assert [event["event"] for event in found] == ["signal", "loss"]


def test_a_rotated_set_is_read_oldest_first(log, tmp_path):
    names = {3: "audit.log.10.gz", 2: "audit.log.2", 1: "audit.log.1.xz", 0: "audit.log"}
    packs = {"gz": gzip.compress, "xz": lzma.compress}
    for age, name in names.items():
        text = logs.kill(100 - age, 801)
        log(packs.get(name[-2:], bytes)(text), name)
    want = [f"17000000{(100 - age) * 10 / 1000:05.2f}0:{100 - age}"[:4] for age in (3, 2, 1, 0)]
    found = shown(tmp_path)
    assert [event["id"].split(":")[1] for event in found] == ["97", "98", "99", "100"], want
    assert [e["id"] for e in shown(tmp_path / "audit.log*")] == [e["id"] for e in found]
    (one,) = find_logs([str(tmp_path)])
    assert [os.path.basename(path) for path in one.paths] == [
        names[3],
        names[2],
        names[1],
        names[0],
    ]


@pytest.mark.parametrize("sieve_min", [0, 1 << 40])
def test_lines_are_numbered_file_by_file(sieve_min, log, tmp_path):
    log(logs.kill(1, 801) + logs.kill(2, 801), "audit.log.1")
    log(logs.kill(3, 801) + b"type=junk\n" + logs.kill(4, 801).replace(b"a1=9", b"a1=zz"))
    told = []
    keep = lambda log, number, line, why: told.append((os.path.basename(log), number))  # noqa: E731
    source = AuditLog(find_logs([str(tmp_path)]), keep=keep, sieve_min=sieve_min)
    assert len(list(every(source))) == 3
    assert told == [("audit.log", 4), ("audit.log", 5)]
    assert find_logs([str(tmp_path / "audit.log.1")])[0].name == str(tmp_path / "audit.log.1")


def test_dated_rotation(log, tmp_path):
    for name in ("audit.log-20240102", "audit.log-20231231.gz", "audit.log", "audit.log-20240101"):
        log(b"", name)
    (one,) = find_logs([str(tmp_path)])
    order = ["audit.log-20231231.gz", "audit.log-20240101", "audit.log-20240102", "audit.log"]
    assert [os.path.basename(path) for path in one.paths] == order


def test_an_event_split_by_rotation_is_whole(log, tmp_path):
    lines = logs.kill(1, 801).splitlines(keepends=True)
    log(lines[0], "audit.log.1")
    log(b"".join(lines[1:]), "audit.log")
    (event,) = shown(tmp_path)
    assert event["target"]["comm"] == "victim"


def test_several_logs_are_merged_by_time(log):
    a = log(b"".join(logs.kill(n, 801) for n in (1, 3, 5)), "a.log")
    b = log(b"".join(logs.kill(n, 802) for n in (2, 4, 6)), "b.log")
    assert [e["id"].split(":")[1] for e in shown(a, b)] == list("123456")


def test_each_log_tells_its_own_losses(log):
    line = b"Nov 23 01:48:41 h kernel: audit: audit_lost=%d audit_rate_limit=0\n"
    a = log(line % 5 + logs.kill(1, 801), "a.log")
    b = log(line % 8 + logs.kill(2, 802), "b.log")
    assert [e["count"] for e in shown(a, b) if e["event"] == "loss"] == [5, 8]


@pytest.mark.parametrize("sieve_min", [0, 1 << 40])
def test_a_pid_of_another_host_means_nothing(sieve_min, log):
    here = log(logs.kill(3, 801), "here.log")
    there = log(
        logs.execve(1, 801, b"victim", [b"victim", b"--there"]) + logs.kill(5, 801), "there"
    )
    sets = find_logs([str(here), str(there)])
    first, second = every(AuditLog(sets, sieve_min=sieve_min))
    assert (first.target.argv, second.target.argv) == (None, (b"victim", b"--there"))


def test_standard_input(first):
    assert len(shown("-", input=FIRST.encode())) == 1
    with first.open("rb") as stream:
        assert len(shown("-", stdin=stream)) == 1


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (["--signal", "9"], 2),
        (["--signal", "TERM"], 1),
        (["--to", "victim"], 3),
        (["--to", "802"], 1),
        (["--to", "!802"], 2),
        (["--from", "sender"], 3),
        (["--from", "nobody"], 0),
        (["--pid", "803"], 1),
        (["--uid", "1000"], 3),
        (["--uid", "0"], 0),
        (["--origin", "kill"], 3),
        (["--count", "2"], 2),
        (["--outcome", "refused"], 0),
        (["--since", "2023-11-14 22:13:20.015Z"], 2),
        (["--until", "2023-11-14 22:13:20.015Z"], 1),
    ],
)
def test_filters(words, count, log):
    path = log(logs.kill(1, 801) + logs.kill(2, 802, a1=15) + logs.kill(3, 803))
    assert len(shown(path, *words)) == count


def test_after_the_last_signal_wanted_only_its_death_is_shown(log):
    crash = b'auid=1000 uid=1000 gid=1000 ses=4 pid=%d comm="victim" exe="/opt/x" sig=11 res=1'
    text = logs.kill(1, 801, a1=11) + logs.record(b"ANOM_ABEND", 2, crash % 801)
    path = log(text + logs.kill(3, 802) + logs.record(b"ANOM_ABEND", 4, crash % 900))
    assert [event["event"] for event in shown(path, "--count", "1")] == ["signal", "exit"]
    kinds = ["signal", "exit", "signal", "exit"]
    assert [event["event"] for event in shown(path)] == kinds


def test_outcomes_are_those_that_a_log_tells(log):
    path = log(logs.kill(1, 801, 802) + logs.kill(2, 803, success=False) + logs.kill(3, 804, a1=0))
    assert [e["target"]["pid"] for e in shown(path, "--outcome", "attempted")] == [801, 802]
    assert [e["event"] for e in shown(path, "--outcome", "refused")] == ["failed"]
    assert [e["event"] for e in shown(path, "--outcome", "exists")] == ["probe"]


def test_deaths_follow_their_signal_or_stand_alone(log):
    body = b'auid=1000 uid=1000 gid=1000 ses=4 pid=%d comm="%s" exe="/opt/x" sig=11 res=1'
    text = logs.kill(1, 801, a1=11) + logs.record(b"ANOM_ABEND", 2, body % (801, b"victim"))
    path = log(text + logs.record(b"ANOM_ABEND", 3, body % (900, b"crasher")))
    kinds = [event["event"] for event in shown(path)]
    assert kinds == ["signal", "exit", "exit"]
    assert [event["event"] for event in shown(path, "--from", "sender")] == ["signal", "exit"]
    assert [event["event"] for event in shown(path, "--signal", "9")] == []
    (only,) = shown(path, "--to", "crasher")
    assert only["process"]["pid"] == 900


def test_users_are_numbers_unless_the_log_or_passwd_names_them(log, tmp_path):
    path = log(logs.kill(1, 801))
    assert "user" not in shown(path)[0]["sender"]
    passwd = tmp_path / "passwd"
    passwd.write_text("root:x:0:0::/root:/bin/sh\ndeploy:x:1000:1000::/:/bin/sh\nbroken\nx:y:z\n")
    assert shown(path, "--passwd", passwd)[0]["sender"]["user"] == "deploy"
    assert read_passwd(str(passwd)) == Users(
        {0: "root", 1000: "deploy"}, {"root": 0, "deploy": 1000}
    )


@pytest.mark.parametrize("uid", ["²", "٣", "9" * 5000, "-1", ""])
def test_a_passwd_may_be_of_an_image(tmp_path, uid):
    passwd = tmp_path / "passwd"
    passwd.write_text(f"root:x:0:0::/root:/bin/sh\neve:x:{uid}:0::/:/bin/sh\n")
    assert read_passwd(str(passwd)) == Users({0: "root"}, {"root": 0})


def test_names_become_numbers_by_passwd(log, tmp_path):
    line = "type=SYSCALL msg=audit(12/25/2017 19:52:55.088:1) : arch=x86_64 syscall=kill success=yes exit=0 "
    line += "a0=0x321 a1=SIGTERM ppid=1 pid=2 auid=deploy uid=deploy euid=root ses=1 comm=x exe=/x key=(null)\n"
    passwd = tmp_path / "passwd"
    passwd.write_text("root:x:0:0::/root:/bin/sh\ndeploy:x:1000:1000::/:/bin/sh\n")
    (event,) = shown(log(line.encode()), "--passwd", passwd, "--uid", "1000")
    assert (event["sender"]["user"], event["sender"]["euid"], event["sender"]["loginuid"]) == (
        "deploy",
        0,
        1000,
    )


def test_the_account_at_the_end(log):
    done = replay(
        log(logs.kill(1, 801) + b"type=SYSCALL junk\n" + logs.kill(900, 802, success=False)), "-v"
    )
    said = done.stderr.decode()
    assert re.search(
        r"7? ?6 records, 2023-11-14T22:13:20Z to 2023-11-14T22:13:29Z; 1 signal, 1 refused", said
    )
    assert "1 line (4; --errors keeps them)" in said
    assert "-S tgkill -F a2!=0" in said
    assert "audit=1" in said


def test_what_was_given_up_is_told():
    assert any("500 events had no end and were given up" in line for line in account([], {}, 500))


def test_what_a_log_cannot_show_is_said_only_if_so(log):
    every = b"".join(
        logs.kill(n, 801, number=number)
        for n, number in enumerate((62, 200, 234, 129, 297, 424), 1)
    )
    said = replay(log(every + logs.call(9, 257, pid=1))).stderr.decode()
    assert "tgkill" not in said
    assert "audit=1" not in said


def test_records_without_a_date_are_told(log):
    line = b'16:02:26  audit[81557]: SYSCALL syscall=62 a0=321 a1=9 pid=81557 comm="x" exe="/x"\n'
    path = log(line + line.replace(b"16:02:26  ", b""))
    os.utime(path, (1_700_000_000, 1_700_000_000))
    first, second = shown(path)
    assert first["time"] == "2023-11-14T16:02:26.000000000Z"
    assert second["time"] == "2023-11-14T22:13:20.000000000Z"
    assert "without a date: 2 records" in replay(path).stderr.decode()


def test_rules_for_one_signal_alone_are_noticed(log):
    argv = b"auditctl\0-a\0always,exit\0-F\0arch=b64\0-S\0kill\0-F\0a1=9".hex().upper().encode()
    change = logs.record(b"CONFIG_CHANGE", 1, b'auid=0 ses=1 op=add_rule key="k" list=4 res=1')
    change += logs.call(1, 44) + logs.record(b"PROCTITLE", 1, b"proctitle=" + argv)
    path = log(change + logs.kill(2, 801))
    assert "SIGKILL alone" in replay(path, "-v").stderr.decode()


def test_that_something_was_not_watched_is_one_line(log):
    path = log(logs.kill(1, 801))
    said, more = replay(path).stderr.decode(), replay(path, "-v").stderr.decode()
    assert len(said.splitlines()) == 2
    assert said.splitlines()[1].startswith("sigtrace: not everything was watched")
    assert "-S tgkill" in more
    assert "not everything" not in more


def test_a_closed_pipe_ends_it(log):
    path = log(b"".join(logs.kill(n, 801) for n in range(1, 5000)))
    words = [sys.executable, "-m", "tracer", "replay", "--json", str(path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        head = subprocess.run(["head", "-1"], stdin=run.stdout, capture_output=True, check=True)
        run.stdout.close()
        assert b"Traceback" not in run.stderr.read()
        assert run.wait(10) == 0
    assert json.loads(head.stdout)


def test_the_readers_own_processes_are_not_asked(log):
    pid = os.getpid()
    (event,) = shown(log(logs.kill(1, pid, comm=b"x")))
    assert "exe" not in event["target"]
    assert "argv" not in event["target"]


def test_progress_is_shown_when_asked_for(log):
    path = log(b"".join(logs.kill(n, 801) for n in range(1, 100)))
    assert b"%" in replay("--progress", path).stderr
    assert b"%" not in replay(path).stderr


def test_audit_rules_prints_them():
    done = subprocess.run(
        [sys.executable, "-m", "tracer", "audit-rules"], capture_output=True, text=True, check=True
    )
    rules = [line for line in done.stdout.splitlines() if not line.startswith("#")]
    assert len(rules) == 8
    assert all(rule.startswith("-a always,exit -F arch=b") for rule in rules)


def test_the_example_of_the_docs_is_true():
    root = pathlib.Path(__file__).parents[3]
    text = (root / "docs" / "replay.md").read_text()
    (command, shown_there) = re.search(
        r"\$ TZ=UTC sigtrace replay (\S+)\n(.*?)```", text, re.DOTALL
    ).groups()
    assert replay(command, cwd=root).stdout.decode() == shown_there


def test_who_did_not_end_when_asked_is_killed(tmp_path):
    """Told as a trace tells it, in words and in JSON."""
    path = tmp_path / "audit.log"
    path.write_bytes(logs.kill(1, 801, a1=15) + logs.kill(4000, 801, a1=9))
    asked, killed = shown(path)
    assert killed["escalates"] == {
        "id": asked["id"],
        "signal": {"number": 15, "name": "SIGTERM"},
        "after_ns": 39_990_000_000,
        "sender": {"pid": 701, "comm": "sender"},
    }
    table = replay(path).stdout.decode()
    assert "escalation: 40.0 s after SIGTERM" in table, table
