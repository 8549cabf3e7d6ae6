"""Command lines: whom they end, and whose manager they ask."""

from __future__ import annotations

import pytest

from tracer.model.event import Process, Statement
from tracer.model.signals import NUMBERS
from tracer.why.commands import asks_of, ends_others, kills, may_kill

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
        ("cd / && pkill -KILL nginx", KILL),
        ("sh -c kill 1234; true", TERM),
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
    ],
)
def test_it_does_not_end_this_one(line):
    assert not any(kills(words(line), number, 1234, NAMES) for number in (TERM, KILL))


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
