"""What a user can make a journal hold, by names, files and fields of its own choice (systemd.journal-fields(7)): nothing of it
is believed of what is not the user's."""

from __future__ import annotations

import json

import pytest

from tracer import cli

SECOND = 1_000_000
NOON = 1_795_176_000 * SECOND
SYSTEMD = {
    "_PID": 1, "_UID": 0, "_COMM": "systemd", "_EXE": "/usr/lib/systemd/systemd", "_SYSTEMD_UNIT": "init.scope",
    "SYSLOG_IDENTIFIER": "systemd",
}  # fmt: skip
# A copy of any program, called so, and run as a unit of the user's own manager.
MALLORY = {
    "_PID": 777, "_UID": 1000, "_COMM": "systemd", "_EXE": "/home/mallory/systemd", "_SYSTEMD_UNIT": "user@1000.service",
    "SYSLOG_IDENTIFIER": "systemd", "SYSLOG_PID": 1,
}  # fmt: skip
MANAGER = {**MALLORY, "_EXE": "/usr/lib/systemd/systemd"}
SUDO = {"_PID": 778, "_UID": 1000, "_COMM": "sudo", "SYSLOG_IDENTIFIER": "sudo"}
UNIT = "webapp.service"
EXIT = f"{UNIT}: Main process exited, code=killed, status=9/KILL"
EXIT_FIELDS = {"MESSAGE_ID": "98e322203f7a4ed290d09fe03c09fe15", "EXIT_CODE": "killed", "EXIT_STATUS": 9}  # fmt: skip
TIMED_OUT = f"{UNIT}: State 'stop-sigterm' timed out. Killing."
KILLING = f"{UNIT}: Killing process 2231 (webapp) with signal SIGKILL."
CLIENT = f"{UNIT}: Sent signal SIGKILL to main process 2231 (webapp) on client request."
PKILL = "   alice : TTY=pts/1 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/pkill -9 -x webapp"


@pytest.fixture
def why(tmp_path, capsys):
    def asked(what, *entries):
        path = tmp_path / "journal.json"
        lines = []
        for n, (words, by, more) in enumerate(entries, 1):
            fields = {
                "__CURSOR": f"s=a;i={n:x}", "__REALTIME_TIMESTAMP": NOON + n * SECOND // 10, "_TRANSPORT": "journal",
                "_BOOT_ID": "ab" * 16, "_HOSTNAME": "web3", "MESSAGE": words, **by, **more,
            }  # fmt: skip
            lines.append(json.dumps({name: str(value) for name, value in fields.items()}) + "\n")
        path.write_text("".join(lines))
        cli.main(["why", "--json", what, str(path)])
        shown = capsys.readouterr().out
        cli.main(["why", what, str(path)])
        return (json.loads(shown.splitlines()[0]) if shown else None), capsys.readouterr().out

    return asked


REAL = (EXIT, SYSTEMD, {"UNIT": UNIT, **EXIT_FIELDS})


@pytest.mark.parametrize("field", ["UNIT", "USER_UNIT"])
@pytest.mark.parametrize("by", [MALLORY, MANAGER], ids=["a copy", "its own manager"])
@pytest.mark.parametrize("words", [TIMED_OUT, KILLING, CLIENT])
def test_a_user_says_nothing_of_the_systems_units(why, words, by, field):
    verdict, _ = why("webapp.service", (words, by, {field: UNIT}), REAL)
    assert (verdict["cause"], verdict["confidence"], verdict.get("who")) == (
        "unknown",
        "open",
        None,
    )


@pytest.mark.parametrize("words", [KILLING, CLIENT])
def test_nor_does_one_make_an_end_of_somebody_who_lives(why, words):
    assert why("2231", (words, MALLORY, {"UNIT": UNIT}))[0] is None


@pytest.mark.parametrize(
    ("by", "field", "is_told"),
    [(MALLORY, "UNIT", False), (MALLORY, "USER_UNIT", False), (MANAGER, "UNIT", False), (MANAGER, "USER_UNIT", True)],
)  # fmt: skip
def test_an_end_of_a_users_own_unit_is_told_as_that(why, by, field, is_told):
    verdict, told = why("webapp.service", (EXIT, by, {field: UNIT, **EXIT_FIELDS}))
    assert (verdict is not None) == is_told
    assert not is_told or told.startswith("webapp.service of uid 1000 on web3")


@pytest.mark.parametrize(
    ("exe", "is_told"),
    [("/usr/bin/sudo", True), ("/run/wrappers/wrappers.1/sudo", True), ("/home/mallory/sudo", False), ("/tmp/sudo", False)],
)  # fmt: skip
def test_sudo_is_where_root_alone_may_write(why, exe, is_told):
    verdict, _ = why("webapp.service", (PKILL, {**SUDO, "_EXE": exe}, {}), REAL)
    assert verdict["cause"] == ("killed" if is_told else "unknown")
