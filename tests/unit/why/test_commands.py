"""Command lines: whom they end, and whose manager they ask."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer.model.event import Process, Statement
from tracer.model.signals import NUMBERS
from tracer.why.commands import asks_of, chooses, command_of, ends_others, is_line, kills, may_kill

KILL, TERM = NUMBERS["KILL"], NUMBERS["TERM"]
NAMES = frozenset((b"nginx", b"/usr/sbin/nginx"))


def words(line):
    return tuple(line.encode().split())


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("kill 1234", TERM),
        ("/bin/kill -s KILL 77 1234", KILL),
        ("sudo -n -u root kill -9 1234", KILL),
        ("timeout 5 kill 1234", TERM),
        ("env LANG=C nice -n 10 pkill -x nginx", TERM),
        ("sh -c kill 1234; true", TERM),
        ("sudo -u root /bin/bash -c cd /srv && pkill -KILL nginx", KILL),
        ("killall -u www -9 nginx", KILL),
        ("fuser -k /usr/sbin/nginx", KILL),
        ("fuser -k -TERM /usr/sbin/nginx", TERM),
    ],
)
def test_it_ends_this_one(line, number):
    assert kills(words(line), number, 1234, NAMES)
    assert ends_others(words(line))


@pytest.mark.parametrize(
    "line",
    [
        # "kill" is a word of another program.
        "strace -e kill -p 1234",
        "sudo strace -e kill -p 1234",
        "sudo -n strace -e kill -p 1234",
        "grep -r kill /var/log 1234",
        "man kill 1234",
        "systemctl kill 1234",
        # On another host, or among other pids.
        "ssh web2 kill 1234",
        "ssh web2 pkill nginx",
        "docker exec web kill 1234",
        "nsenter -t 99 -p kill 1234",
        # Its pid or name stands for something else.
        "pkill -u nginx -x psql",
        "pkill -v nginx",
        "pkill -xv nginx",
        "killall -u nginx psql",
        "kill -s 15 -n 1234",
        "slay nginx",
        # It shows who uses a file.
        "fuser /usr/sbin/nginx",
        "fuser -v /usr/sbin/nginx",
        "kill -0 1234",
        # Words of an argv that sudo joined by blanks: they were in quotes.
        "docker exec web sh -c nginx -t && pkill nginx",
        "sudo docker exec web sh -c nginx -t; pkill nginx",
        "ssh web2 cd /srv && pkill nginx",
        "env A=/bin/sh ssh web2 cd /srv && pkill nginx",
        "sh -c ssh web2 'cd /srv && pkill nginx ; true'",
        "echo a | pkill nginx",
    ],
)
def test_it_does_not_end_this_one(line):
    assert not any(kills(words(line), number, 1234, NAMES) for number in (TERM, KILL))


@pytest.mark.parametrize(
    ("line", "does"),
    [
        ("cd / && pkill nginx", True),
        ("test -e /run/x || pkill nginx", True),
        ("sleep 1; pkill nginx", True),
        ("ssh web2 'true' && pkill nginx", True),
        ("ssh web2 'cd /srv && pkill nginx'", False),
        ("ssh web2 'cd /srv && pkill nginx ; true'", False),
        ('docker exec web sh -c "nginx -t ; pkill nginx ; it\'s"', False),
        ("ssh web2 \"echo 'a' && pkill nginx ; true\"", False),
        ("ssh web2 \"echo \\\" && pkill nginx ; true\"", False),
        ("find / -exec ssh web2 {} \\; pkill nginx", False),
    ],
)  # fmt: skip
def test_crons_line_is_a_shells(line, does):
    """crontab(5); the same words in sudo's record would be of one argv."""
    by_cron = command_of(said_by("cron ran", line))
    assert kills(by_cron.argv, TERM, 1234, NAMES, is_line(said_by("cron ran", line))) is does
    assert not is_line(said_by("command asked", line))
    assert not kills(by_cron.argv, TERM, 1234, NAMES, is_line(said_by("command asked", line)))


def said_by(what, line):
    return Statement(None, "t", "syslog", what, details={"command": line})


@pytest.mark.parametrize("word", [b"-\xb2", b"-\xb9\xb3", b"-0064" + b"0" * 5000, b"-" + b"9" * 5000, b"--signal=\xb2"])  # fmt: skip
@pytest.mark.parametrize("program", [b"/bin/kill", b"pkill", b"killall"])
def test_what_is_no_number_of_a_signal(program, word):
    """ "²" is a digit to str.isdigit(), and none to int(), which takes 4,300 at most."""
    argv = (program, word, b"1234", b"nginx")
    assert not kills(argv, KILL, 1234, NAMES)
    assert ends_others(argv)


@given(st.lists(st.one_of(st.binary(max_size=6), st.sampled_from([b"sudo", b"sh", b"-c", b"kill", b"&&", b"';", b"1234"])), max_size=8))  # fmt: skip
def test_any_words_may_be_typed(argv):
    for of_line in (False, True):
        kills(tuple(argv), TERM, 1234, NAMES, of_line)
        ends_others(tuple(argv), of_line)


@pytest.mark.parametrize(
    ("line", "of_user", "asks"),
    [
        ("systemctl restart webapp", None, True),
        ("systemctl restart webapp", False, True),
        ("systemctl restart webapp", True, False),
        ("systemctl --user restart webapp", True, True),
        ("systemctl --user restart webapp", None, False),
        ("systemctl -H web2 restart webapp", None, False),
        ("systemctl --machine=box restart webapp", None, False),
        ("/etc/init.d/webapp stop", None, True),
        ("/bin/sh /usr/sbin/service webapp stop", None, True),
        ("systemctl reboot", True, True),
        # A container of its name is another thing, and what is run in one does not halt the host.
        ("docker restart webapp", None, False),
        ("docker exec box reboot", None, False),
        ("kubectl delete pod webapp", None, False),
        ("systemctl status webapp", None, False),
        # It runs on.
        ("systemctl reload webapp", None, False),
        ("systemctl freeze webapp", None, False),
        ("systemctl disable webapp", None, False),
        ("systemctl mask webapp", None, False),
        ("systemctl disable --now webapp", None, True),
        ("systemctl reload-or-restart webapp", None, True),
        ("systemctl restart nginx --root=/srv/webapp", None, False),
        ("systemctl restart nginx --root /srv/webapp", None, False),
    ],
)
def test_whose_manager_is_asked(line, of_user, asks):
    assert asks_of(words(line), b"webapp.service", of_user) is asks


@pytest.mark.parametrize(
    ("ran", "as_user", "target", "may"),
    [(0, None, 33, True), (1000, None, 1000, True), (1000, None, 33, False), (None, "root", 0, True),
     (None, "bob", 0, False), (None, "bob", 33, True), (1000, None, None, True)],
)  # fmt: skip
def test_who_may_signal_whom(ran, as_user, target, may):
    said = Statement(None, "t", "syslog", "command asked", details={"as_user": as_user} if as_user else None)  # fmt: skip
    assert may_kill(said, Process(uid=ran), Process(uid=target)) is may


@pytest.mark.parametrize(
    ("as_user", "unit", "may"),
    [("root", b"webapp.service", True), ("bob", b"webapp.service", False), (None, b"webapp.service", True),
     ("bob", b"session-7.scope", True), ("bob", None, True)],
)  # fmt: skip
def test_a_service_of_whose_user_nothing_is_told_is_roots(as_user, unit, may):
    said = Statement(None, "t", "syslog", "command asked", details={"as_user": as_user} if as_user else None)  # fmt: skip
    assert may_kill(said, Process(), Process(unit=unit)) is may


@pytest.mark.parametrize("word", [b"-\xb2", b"-0001" + b"9" * 4400, b"-" + b"9" * 4400])
def test_whatever_word_somebody_has_typed_it_is_read(word):
    """Neither is a number to int(): a digit of another script, and more digits than it takes."""
    assert not kills((b"kill", word, b"1234"), KILL, 1234, NAMES)


@pytest.mark.parametrize(
    ("line", "does"),
    [
        ("pkill -9 nginx", False), ("pkill --signal KILL -x nginx", False), ("killall -s KILL nginx", False),
        ("pkill -9 -P 77 nginx", True), ("pkill -n nginx", True), ("pkill --euid=bob nginx", True), ("pkill -s 0 nginx", True),
        ("sudo killall --older-than 1h nginx", True), ("killall -i nginx", True), ("kill -9 1234", False),
    ],
)  # fmt: skip
def test_it_takes_some_of_a_name_alone(line, does):
    assert chooses(words(line)) is does
