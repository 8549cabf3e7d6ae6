"""What journalctl -o json has written, in files that were rotated: each is read."""

from __future__ import annotations

import json

import pytest

from tracer import cli

BEGIN = 1_700_000_000_000_000  # µs


def entry(moment, pid):
    words = {
        "__REALTIME_TIMESTAMP": str(moment),
        "__MONOTONIC_TIMESTAMP": "1",
        "_BOOT_ID": "ab" * 16,
        "_HOSTNAME": "web3",
        "_TRANSPORT": "kernel",
        "SYSLOG_IDENTIFIER": "kernel",
        "MESSAGE": f"shop[{pid}]: segfault at 0 ip 00005581 sp 00007ffd error 4 in shop[1000+1000]",
    }
    return json.dumps(words) + "\n"


@pytest.mark.parametrize("named", ["", "j.json*"])
def test_older_files_are_read_too(tmp_path, capfd, named):
    for age, name in enumerate(("j.json", "j.json.1", "j.json.2")):
        (tmp_path / name).write_text(entry(BEGIN - age * 60_000_000, 500 + age))
    assert cli.main(["replay", "--json", str(tmp_path / named)]) == 0
    events = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    told = [one["target"]["tid"] for one in events if one["event"] == "signal"]
    assert told == [502, 501, 500]
