"""What a person may ask for beside a name: a time, more deaths, files of their own; and what the exit status says."""

from __future__ import annotations

import gzip
import json
import tarfile

import pytest

from tracer import cli

LOG = "".join(
    f"Nov 27 {hour}:00:00 web3 systemd[1]: shop.service: Main process exited, code=killed, status=11/SEGV\n"
    f"Nov 27 {hour}:00:00 web3 kernel: [ {hour}.000000] shop[{pid}]: segfault at 0 ip 00005581 sp 00007ffd error 4 in shop[1000+1000]\n"
    for hour, pid in ((10, 100), (11, 110), (12, 120))
)
OWN = """2026-11-27 11:59:59 shop[120] queue is full
2026-11-27 12:00:00 shop[120] giving up
2026-11-27 12:00:00 other[77] all is well
"""


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "messages"
    path.write_text(LOG)
    return str(path)


def why(capsys, *words):
    status = cli.main(["why", "--year", "2026", *words])
    shown = capsys.readouterr()
    assert "Traceback" not in shown.err
    return status, shown.out, shown.err


@pytest.mark.parametrize(
    ("at", "pid"),
    [("2026-11-27 10:10:00", 100), ("2026-11-27 10:50:00", 110), ("2026-11-27 23:00:00", 120)],
)
def test_the_death_nearest_to_a_time(log, capsys, at, pid):
    status, shown, _ = why(capsys, "--json", "--at", at, "shop", log)
    assert (status, json.loads(shown)["process"]["tid"]) == (0, pid)


def test_several_are_told_newest_first(log, capsys):
    _, shown, _ = why(capsys, "--json", "-n", "2", "shop", log)
    assert [json.loads(line)["process"]["tid"] for line in shown.splitlines()] == [120, 110]


def test_those_nearest_to_a_time_are_told_newest_first(log, capsys):
    _, shown, _ = why(capsys, "--json", "-n", "2", "--at", "2026-11-27 10:20:00", "shop", log)
    assert [json.loads(line)["process"]["tid"] for line in shown.splitlines()] == [110, 100]


def test_others_that_fit_are_told(log, capsys):
    _, _, said = why(capsys, "shop", log)
    assert "2 more deaths fit" in said


@pytest.mark.parametrize(
    ("window", "pids", "said"),
    [
        (("--since", "11:00:01"), [120], ""),
        (("--until", "11:00:00"), [110], "1 more death fits"),
        (("--since", "11:00:00", "--until", "11:59:59"), [110], ""),
        (("--since", "12:00:01"), [], "shop died 3 times, last at 2026-11-27 12:00:00, and not in"),
        (("--since", "11:00:01", "--until", "11:59:59"), [], "shop died 3 times"),
    ],
)
def test_a_death_of_another_time_is_no_answer(window, pids, said, log, capsys):
    words = [f"2026-11-27 {word}" if ":" in word else word for word in window]
    status, shown, _ = why(capsys, "--json", "shop", log, *words)
    assert [json.loads(line)["process"]["tid"] for line in shown.splitlines()] == pids
    assert status == (0 if pids else 3)
    assert said in why(capsys, "shop", log, *words)[2]


def test_nothing_of_that_name_tells_the_nearest_what_was_seen_and_what_to_do(log, capsys):
    status, shown, said = why(capsys, "shp", log)
    assert (status, shown) == (3, "")
    for word in ("nothing called shp has died", "from 2026-11-27 10:00:00", "names like it that have died: shop", "sudo sigtrace record"):  # fmt: skip
        assert word in said


def test_a_persons_own_log_is_quoted(log, capsys, tmp_path):
    own = tmp_path / "app.log"
    own.write_text(OWN)
    _, shown, _ = why(capsys, "--json", "shop", log, "--context", str(own))
    quoted = [one["text"] for one in json.loads(shown)["evidence"] if one["source"] == "context"]
    assert [text.rpartition("] ")[2] for text in quoted] == ["queue is full", "giving up"]
    _, shown, _ = why(capsys, "--evidence", "shop", log, "--context", str(own))
    assert "giving up" in shown
    assert "all is well" not in shown


def test_too_many_at_a_glance_are_counted(log, capsys, monkeypatch):
    monkeypatch.setattr("tracer.why.ask.JUDGED_MAX", 1)
    status, shown, said = why(capsys, log)
    assert (status, len(shown.splitlines())) == (0, 1)
    assert "12:00:00" in shown
    assert "2 earlier deaths were not judged" in said


def test_a_storm_of_one_kind_hides_no_other(tmp_path, capsys, monkeypatch):
    """Hundreds of a kind in a quarter of an hour: each was compared with all that was told in it."""
    monkeypatch.setattr("tracer.why.ask.GLANCE_MAX", 600)
    storm = tmp_path / "kern.log"
    lines = ["Nov 27 11:59:59 web3 kernel: other[1]: segfault at 0 ip 7f sp 7f error 4\n"]
    lines += [
        f"Nov 27 12:00:{one // 5:02} web3 kernel: app[{1000 + one}]: segfault at 0 ip 7f sp 7f error 4\n"
        for one in range(200)
    ]
    storm.write_text("".join(lines))
    _, shown, said = why(capsys, str(storm))
    assert [" app " in line for line in shown.splitlines()] == [True, False]
    assert " other " in shown
    assert "earlier deaths were not judged" in said


def test_a_child_that_finds_its_parent_gone(log, capsys, tmp_path):
    own = tmp_path / "app.log"
    own.write_text("2026-11-27 12:00:02 worker[121] shop: [Errno 3] No such process\n")
    _, shown, _ = why(capsys, "shop", log, "--context", str(own))
    assert (
        "found a process gone that it looked for (ESRCH), most likely this one: that follows from the death"
        in " ".join(shown.split())
    )


def test_a_file_that_nothing_is_understood_of_is_said_to_be_of_use_otherwise(log, capsys, tmp_path):
    own = tmp_path / "app.txt"
    own.write_text("one two three\n")
    _, shown, said = why(capsys, "shop", log, str(own))
    assert "shop" in shown
    assert f"no line of {own} is of a form that is known: --context {own} quotes" in said


@pytest.mark.parametrize(("words", "status"), [(("shop",), 0), (("nobody",), 3), (("shop", "/no/such/file"), 2)])  # fmt: skip
def test_the_exit_status(log, capsys, words, status):
    assert why(capsys, *words, log)[0] == status


@pytest.mark.parametrize(
    ("words", "status"), [((), 0), (("--since", "2026-11-28"), 3)], ids=["all likely", "none"]
)
def test_the_exit_status_at_a_glance(log, capsys, words, status):
    assert why(capsys, *words, log)[0] == status


def test_the_exit_status_at_a_glance_is_the_worst(tmp_path, capsys):
    path = tmp_path / "messages"
    path.write_text(
        LOG
        + "Nov 27 12:00:09 web3 systemd[1]: quiet.service: Main process exited, code=killed, status=9/KILL\n"
    )
    assert why(capsys, str(path))[0] == 1


def test_a_death_without_a_cause_is_status_1(tmp_path, capsys):
    path = tmp_path / "messages"
    path.write_text("Nov 27 10:00:00 web3 systemd[1]: a.service: Main process exited, code=killed, status=9/KILL\n")  # fmt: skip
    assert why(capsys, "a", str(path))[0] == 1


def test_of_a_unit_the_command_that_shows_the_next_one_asks_for_the_unit(tmp_path, capsys):
    path = tmp_path / "messages"
    path.write_text("Nov 27 10:00:00 web3 systemd[1]: a.service: Main process exited, code=killed, status=9/KILL\n")  # fmt: skip
    _, shown, _ = why(capsys, "a", str(path))
    assert "  next    sudo sigtrace --unit a.service" in shown
    # Where a file lies is in --evidence and JSON: here it would take two lines of the dozen.
    assert str(path) not in shown
    assert "lines may be missing from messages" in " ".join(shown.split())


def test_one_more_death_is_told_as_one(log, capsys):
    _, _, said = why(capsys, "-n", "2", "shop", log)
    assert "1 more death fits: pid" not in said  # of a thread no pid is told
    assert "1 more death fits" in said


def test_of_another_hosts_disk_all_deaths_are_told_at_a_glance(tmp_path, capsys):
    """It may have been out of order for weeks."""
    folder = tmp_path / "var/log"
    folder.mkdir(parents=True)
    (folder / "messages").write_text(LOG)
    status, shown, _ = why(capsys, "--root", str(tmp_path))
    assert status == 0
    assert "shop" in shown


def test_what_is_cut_is_said(tmp_path, capsys):
    """Where nothing is found it may be that what is missing would have told."""
    lines = "".join(f"Nov 27 09:00:00 web3 app[7]: {n * n}\n" for n in range(3000))
    packed = gzip.compress((LOG + lines).encode())
    path = tmp_path / "messages.gz"
    path.write_bytes(packed[: len(packed) // 2])
    status, _, said = why(capsys, "nobody", str(path))
    assert status == 3
    assert f"missing: {path}: cut or damaged" in said


def test_a_report_that_is_cut_is_said_to_be(tmp_path, capsys):
    (tmp_path / "sos/var/log").mkdir(parents=True)
    (tmp_path / "sos/var/log/messages").write_text(LOG)
    archive = tmp_path / "sos.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(tmp_path / "sos", "sosreport-web3")
    archive.write_bytes(archive.read_bytes()[:150])
    status, _, said = why(capsys, "shop", str(archive))
    assert status == 2
    assert f"missing: {archive}: " in said
    assert f"no audit records in {archive}" in said
