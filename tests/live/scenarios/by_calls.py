"""Signals that processes send, by each call, in each disguise."""

from __future__ import annotations

import os

from stage import KILL, TERM, scenario
from truth import BY_KILL, BY_PIDFD, BY_SIGQUEUE, BY_TGKILL


@scenario("a process group, by kill(-pgid)")
def group_by_kill(s):
    leader = s.run("sleep", "100", preexec_fn=os.setpgrp)
    other = s.run("sleep", "100", preexec_fn=lambda: os.setpgid(0, leader.pid))
    by = s.kill(TERM, -leader.pid)
    group_of(s, leader, other, by, BY_KILL)


@scenario("a process group, by a pidfd")
def group_by_a_pidfd(s):
    s.needs("process groups by a pidfd")
    leader = s.run("sleep", "100", preexec_fn=os.setpgrp)
    other = s.run("sleep", "100", preexec_fn=lambda: os.setpgid(0, leader.pid))
    sender = s.run(s.program("call"), "pidfd_send_signal", leader.pid, 15, 0, 4)
    assert sender.stdout.read().split()[2] == "0"
    s.truth.name(sender=sender.pid)
    group_of(s, leader, other, sender.pid, BY_PIDFD)


def group_of(s, leader, other, by, origins):
    s.truth.name(leader=leader.pid, other=other.pid)
    for one in (leader, other):
        s.truth.was_sent(one.pid, TERM, origins, by=by, kills=True)
        assert s.waited(one) == -TERM


CALLS = {
    "kill": BY_KILL,
    "tkill": BY_TGKILL,
    "tgkill": BY_TGKILL,
    "rt_sigqueueinfo": BY_SIGQUEUE,
    "rt_tgsigqueueinfo": BY_SIGQUEUE,
    "pidfd_send_signal": BY_PIDFD,
}


def by_call(name, flags=()):
    def play(s):
        target = s.victim("die")
        sender = s.run(s.program("send", *flags), name, 15, target.pid)
        assert sender.stdout.read() == "0\n"
        s.truth.name(sender=sender.pid)
        s.truth.was_sent(target.pid, TERM, CALLS[name], by=sender.pid, kills=True)
        assert s.waited(target.process) == -TERM

    return play


for _name in CALLS:
    scenario(f"the call {_name}")(by_call(_name))


@scenario("a forged sender")
def forged(s):
    target = s.victim("die")
    words = [s.program("queue_signal"), target.pid, 15, -1, 1, 0]
    liar = s.run(*words)
    assert liar.wait() == 0
    s.truth.name(sender=liar.pid)
    s.truth.was_sent(target.pid, TERM, BY_SIGQUEUE, by=liar.pid, kills=True, claim=1)
    assert s.waited(target.process) == -TERM


@scenario("who claims to be a timer")
def forged_timer(s):
    target = s.victim("die")
    liar = s.run(s.program("queue_signal"), target.pid, 15, -2, 1, 0)
    assert liar.wait() == 0
    s.truth.name(sender=liar.pid)
    s.truth.was_sent(target.pid, TERM, BY_SIGQUEUE, by=liar.pid, kills=True)
    assert s.waited(target.process) == -TERM


@scenario("a title that overwrote argv")
def title(s):
    words = ["--bind", "127.0.0.1:8000", "--workers", "4"]
    parent, target = s.start("mistaken", "title", *words)
    assert parent.wait() == 0
    s.truth.name(sender=parent.pid, target=target)
    s.truth.argv[parent.pid] = [["app: master"]]
    # Of another process that is gone no more is known than what exec was given.
    s.truth.argv[target] = [["app: master"], [s.program("mistaken"), "title", *words]]
    s.truth.was_sent(target, TERM, BY_KILL, by=parent.pid, kills=True)
    s.truth.ended(target, -TERM)


@scenario("a shell's own kill")
def by_a_shell(s):
    target = s.victim("die")
    shell = s.run("sh", "-c", f"kill -TERM {target.pid}; exit 0")
    assert shell.wait() == 0
    s.truth.name(sender=shell.pid)
    s.truth.was_sent(target.pid, TERM, BY_KILL, by=shell.pid, kills=True)
    assert s.waited(target.process) == -TERM


@scenario("one that kills itself")
def kills_itself(s):
    shell = s.run("sh", "-c", "kill -KILL $$")
    s.truth.name(target=shell.pid)
    s.truth.was_sent(shell.pid, KILL, BY_KILL, by=shell.pid, kills=True)
    assert s.waited(shell) == -KILL
