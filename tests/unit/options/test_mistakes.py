"""What is typed wrong is answered with what was probably meant."""

from __future__ import annotations

import pytest

from tracer import cli

ANSWERS = {
    "nginx": "sigtrace --to nginx",
    "--signal TERM KILL": "sigtrace --signal TERM,KILL",
    "--signal TERM KILL INT": "sigtrace --signal TERM,KILL,INT",
    "--from nginx sshd": "sigtrace --from nginx,sshd",
    "--from a b --signal 9 15": "sigtrace --from a,b --signal 9,15",
    "--to nginx -9": "sigtrace --to nginx --signal 9",
    "-9": "sigtrace --signal 9",
    "-15": "sigtrace --signal 15",
    "-KILL": "sigtrace --signal KILL",
    "-SIGTERM --to nginx": "sigtrace --signal SIGTERM --to nginx",
    "--sig 9": "sigtrace --signal 9",
    "--sig=9": "sigtrace --signal 9",
    "--signals 9": "sigtrace --signal 9",
    "--singal 9": "sigtrace --signal 9",
    "--dur 3s": "sigtrace --duration 3s",
    "--source ebpf": "sigtrace --source core",
    "--source=BPF": "sigtrace --source=core",
    "--source auditd": "sigtrace --source audit",
    "--source bcc-tools": "sigtrace --source bcc",
    "--source magic": "sigtrace --help",
    "--signal 0": "sigtrace --probes",
    "--signal 9,0": "sigtrace --probes",
    "-o x": "sigtrace > x",
    "--output=x": "sigtrace > x",
    "--comm nginx": "sigtrace --to nginx",
    "--service nginx": "sigtrace --unit nginx",
    "--process 1350": "sigtrace --pid 1350",
    "--timeout 3s": "sigtrace --duration 3s",
    "--to": "sigtrace --help",
    "--bogus": "sigtrace --help",
    "--to 'a b' c": "sigtrace --to 'a b,c'",
    "replya x.log": "sigtrace replay x.log",
    "doctro": "sigtrace doctor",
    "replay --singal 9 x.log": "sigtrace replay --signal 9 x.log",
    "replay --followw x.log": "sigtrace replay --follow x.log",
    "--count many": "--count 1, or more",
    "--count 0": "--count 1, or more",
    "--duration 0": "seconds (30)",
    "--duration x": "seconds (30)",
    "--buffer 1": "64K, 8M, 64M",
    "--outcome gone": "died",
    "--origin gone": "oom",
    "--signal 99": "numbers 1-64",
    "--signal BOGUS": "numbers 1-64",
    "--signal ''": "numbers 1-64",
    "--pid -1": "a pid (1350)",
    "--pid 0": "a pid (1350)",
    "--from ''": "a pid (1350)",
    "--to nginx,": "a pid (1350)",
    "--to '!'": "a pid (1350)",
    "--uid 4294967295": "--uid 1000",
    "--uid no-such-user": "getent passwd",
    "--user no-such-user": "getent passwd",
    "--children-of 0": "--children-of 1000",
    "--unit ''": "--unit NAME",
    "--container ''": "--container NAME",
    "--arg ''": "--arg NAME",
    "--bare --unit nginx": "--brief instead of --bare",
    "--bare --children-of nginx": "--brief instead of --bare",
    "--bare --arg nginx": "--brief instead of --bare",
    "--bare --died": "--brief instead of --bare",
    "--bare --outcome survived,ignored": "--brief instead of --bare",
    "record --min-free 200%": "5%, or a size: 1G",
    "record --min-free 100%": "5%, or a size: 1G",
    "record --min-free x%": "5%, or a size: 1G",
    "--ready-fd 1": "--ready-fd 3, or more",
    "--ready-fd x": "--ready-fd 3, or more",
    "replay --root /mnt /etc/passwd": "--root /mnt alone, or '/etc/passwd' alone",
    "replay --root /mnt --recorded": "--root /mnt alone, or --recorded alone",
    "report --root /mnt --recorded": "--root /mnt alone, or --recorded alone",
    "--ready-fd 987": "sigtrace --ready-fd 987 987> FILE",
}


@pytest.mark.parametrize("typed", ANSWERS)
def test_each_wrong_usage_has_its_answer(typed, capsys):
    import shlex

    assert cli.main(shlex.split(typed)) == 2
    error = capsys.readouterr().err
    assert [line.split(":")[0].strip() for line in error.splitlines()] == ["sigtrace", "why", "try"]
    assert ANSWERS[typed] in error.splitlines()[-1]
    assert "Traceback" not in error


@pytest.mark.parametrize(
    ("typed", "shown"),
    [(["help"], "usage: sigtrace"), (["help", "replay"], "sigtrace replay"), (["version"], "sigtrace ")],
)  # fmt: skip
def test_words_that_people_type(typed, shown, capsys):
    with pytest.raises(SystemExit) as left:
        cli.main(typed)
    assert left.value.code == 0
    assert shown in capsys.readouterr().out
