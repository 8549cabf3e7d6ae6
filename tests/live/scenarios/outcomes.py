"""What becomes of a signal: taken, held back, thrown away; and what an end is told to be of."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cgroups import hierarchy
from oracle import children_of, until
from stage import (
    CONT,
    HUP,
    INT,
    KILL,
    PYTHON,
    QUIT,
    STOP,
    TERM,
    USR1,
    scenario,
)
from truth import BY_KILL, BY_SIGQUEUE

from scenarios.common import state_of


def sent_to(how, outcome, fate=None, number=TERM):
    def play(s):
        target = s.victim(how, number)
        s.sends(number, target.pid, outcome=outcome, kills=how == "die")
        if fate is not None:
            answers = number if fate >= 0 else None
            assert s.waited(target.process, answers=answers) == fate

    return play


scenario("it dies of it")(sent_to("die", "delivered", -TERM))
# Whoever looks a moment later may find it still dying, or gone.
scenario("it ignores it")(sent_to("ignore", "ignored"))
scenario("it blocks it")(sent_to("block", "blocked"))
scenario("it handles it")(sent_to("handle", "handled"))
scenario("it handles it, and exits")(sent_to("handle and exit", "handled", 7))


@scenario("two, of which the first is blocked")
def coalesced(s):
    target = s.victim("block")
    s.sends(TERM, target.pid, outcome="blocked")
    s.sends(TERM, target.pid, outcome="coalesced")


@scenario("a zombie is sent something")
def to_a_zombie(s):
    target = s.victim("die")
    s.sends(KILL, target.pid, kills=True)
    os.waitid(os.P_PID, target.pid, os.WEXITED | os.WNOWAIT)
    s.sends(TERM, target.pid, outcome=("ignored", "delivered"))
    assert s.waited(target.process) == -KILL


@scenario("blocked, then let go")
def let_go(s):
    child = s.run(s.program("holds_back"), 15)
    assert child.stdout.readline() == "ready\n"
    s.truth.name(target=child.pid)
    s.sends(TERM, child.pid, outcome="blocked", kills=True)
    s.sends(TERM, child.pid, outcome="coalesced")
    child.stdin.write("go\n")
    child.stdin.flush()
    assert s.waited(child) == -TERM


@scenario("the first is handled, the second kills")
def first_handled(s):
    code = """if True:
        import os, signal, time
        def once(*_):
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.write(1, b"handled\\n")
        signal.signal(signal.SIGTERM, once)
        print("ready", flush=True)
        while True:  # What comes just before pause(2) would not wake it.
            time.sleep(0.01)
    """
    child = s.run(*PYTHON, code)
    assert child.stdout.readline() == "ready\n"
    s.truth.name(target=child.pid)
    s.sends(TERM, child.pid, outcome="handled")
    assert child.stdout.readline() == "handled\n"
    s.sends(TERM, child.pid, kills=True)
    assert s.waited(child) == -TERM


def awaited(how):
    def play(s):
        child, _ = s.start("mistaken", how)
        tasks = Path(f"/proc/{child.pid}/task")
        until(lambda: all(state_of(one.name) == "S" for one in tasks.iterdir()))
        s.truth.name(target=child.pid)
        # Who looks a moment later sees it pending, and blocked by all.
        s.sends(TERM, child.pid, outcome="awaited", later="blocked")
        assert s.waited(child, answers=TERM) == 0

    return play


for _how in ("sigwait", "signalfd"):
    scenario(f"{_how} takes it")(awaited(_how))


def blocked_by(threads):
    def play(s):
        child, _ = s.start("mistaken", "many", threads)
        s.truth.name(target=child.pid)
        s.sends(TERM, child.pid, outcome="blocked")

    return play


for _threads in (2, 33, 300):
    scenario(f"{_threads} threads block it")(blocked_by(_threads))


@scenario("a stopped target")
def stopped(s):
    target = s.victim("die")
    s.sends(STOP, target.pid)
    until(lambda: state_of(target.pid) == "T")
    s.sends(TERM, target.pid, kills=True, target_state="stopped")
    s.sends(CONT, target.pid, outcome=("ignored", "delivered"), target_state="stopped")
    assert s.waited(target.process) == -TERM


@scenario("a frozen target, cgroup v2")
def frozen(s):
    s.needs("cgroup.freeze")
    group = s.cgroup("v2")
    target = s.victim("die")
    group.set("cgroup.procs", target.pid)
    group.set("cgroup.freeze", 1)
    until(lambda: "frozen 1" in group.get("cgroup.events"))
    s.sends(TERM, target.pid, kills=True, target_state="frozen")
    s.seen(target.pid, "SIGTERM")
    group.set("cgroup.freeze", 0)
    assert s.waited(target.process) == -TERM


@scenario("a frozen target, cgroup v1")
def frozen_of_old(s):
    if hierarchy("freezer") is None and hierarchy("v2") is not None:
        pytest.skip("the freezer here is cgroup v2's")
    group = s.cgroup("freezer")
    target = s.victim("die")
    group.set("cgroup.procs", target.pid)
    group.set("freezer.state", "FROZEN")
    until(lambda: group.get("freezer.state") == "FROZEN\n")
    try:
        s.sends(TERM, target.pid, kills=True, target_state="frozen")
        s.seen(target.pid, "SIGTERM")
    finally:  # Nobody who is frozen can be ended.
        group.set("freezer.state", "THAWED")
    assert s.waited(target.process) == -TERM


@scenario("a parent in vfork(2)")
def uninterruptible(s):
    child, _ = s.start("mistaken", "uninterruptible")
    until(lambda: state_of(child.pid) == "D")
    s.truth.name(target=child.pid)
    s.sends(TERM, child.pid, outcome="handled", target_state="uninterruptible")
    s.seen(child.pid, "SIGTERM")
    child.communicate()
    s.truth.ended(child.pid, child.returncode, answers=TERM)


@scenario("a target that is gone when it is looked at")
def gone(s):
    target = s.victim("handle and exit")
    with s.unseen():
        s.sends(TERM, target.pid, outcome="handled")
        assert s.waited(target.process, answers=TERM) == 7


@scenario("a sender that is gone when it is looked at")
def sender_gone(s):
    target = s.victim("die")
    with s.unseen():
        s.sends(TERM, target.pid, kills=True)
        assert s.waited(target.process) == -TERM


@scenario("a real-time signal, the queue full")
def queue_full(s):
    child = s.run(s.program("queue_full"), 34)
    child.wait()
    if child.returncode == 77:
        s.cannot_run("no other user can be taken on here")
    s.truth.name(target=child.pid)
    # Who looks a moment later sees them let go.
    for outcome, later in (("blocked", "handled"), ("blocked", "handled"), ("dropped", ())):
        s.truth.was_sent(child.pid, 34, BY_SIGQUEUE, by=child.pid, outcome=outcome, later=later)
    s.truth.was_sent(child.pid, 34, BY_KILL, by=child.pid, outcome="info lost")
    s.truth.ended(child.pid, 5)


# Requests to end, and what is no answer to one


def escalation(number):
    def play(s):
        target = s.victim("handle", number)
        code = f"kill -{int(number)} {target.pid}; read go; kill -9 {target.pid}; exit 0"
        sender = s.run("sh", "-c", code)
        s.truth.name(sender=sender.pid)
        hup = () if number == HUP else int(number)
        s.truth.was_sent(target.pid, number, BY_KILL, by=sender.pid, outcome="handled")
        s.truth.was_sent(target.pid, KILL, BY_KILL, by=sender.pid, kills=True, escalates=hup)
        s.seen(target.pid, number.name)
        sender.communicate("go\n")
        assert s.waited(target.process) == -KILL

    return play


for _number in (TERM, INT, QUIT, HUP):
    scenario(f"{_number.name} that is handled, then KILL, by the same")(escalation(_number))


@scenario("TERM by one, KILL by another whose parent is the same")
def two_of_one_parent(s):
    target = s.victim("handle")
    s.sends(TERM, target.pid, outcome="handled")
    s.sends(KILL, target.pid, kills=True, escalates=int(TERM))
    assert s.waited(target.process) == -KILL


@scenario("TERM by one, KILL by a stranger")
def two_strangers(s):
    target = s.victim("handle")
    s.sends(TERM, target.pid, outcome="handled")
    line = f"echo $$; read go; kill -9 {target.pid}; exit 0"
    outer = s.run("setsid", "--fork", "sh", "-c", line)
    stranger = int(outer.stdout.readline())
    outer.wait()
    s.truth.name(stranger=stranger)
    s.truth.was_sent(target.pid, KILL, BY_KILL, by=stranger, kills=True)
    outer.stdin.write("go\n")
    outer.stdin.flush()
    assert s.waited(target.process) == -KILL


@scenario("USR1 that is handled, then an exit of its own")
def no_answer(s):
    code = """if True:
        import os, select, signal, sys
        signal.signal(signal.SIGUSR1, lambda *_: os.write(1, b"handled\\n"))
        print("ready", flush=True)
        while not select.select([sys.stdin], [], [], 0.01)[0]:
            pass
        sys.exit(3)
    """
    child = s.run(*PYTHON, code)
    assert child.stdout.readline() == "ready\n"
    s.truth.name(target=child.pid)
    s.sends(USR1, child.pid, outcome="handled")
    assert child.stdout.readline() == "handled\n"
    child.stdin.close()
    assert s.waited(child) == 3


@scenario("a parent that passes it on to its child, and waits")
def passed_on(s):
    code = (
        "sleep 100 & child=$!; trap 'kill -TERM $child; wait $child; exit 3' TERM;"
        " echo $child; wait $child"
    )
    parent = s.run("sh", "-c", code)
    child = int(parent.stdout.readline())
    s.truth.name(parent=parent.pid, child=child)
    s.sends(TERM, parent.pid, outcome="handled")
    assert s.waited(parent, answers=TERM) == 3
    s.truth.was_sent(child, TERM, BY_KILL, by=parent.pid, kills=True)
    s.truth.ended(child, -TERM)


@scenario("an exec by another thread than the first")
def exec_by_a_thread(s):
    code = """if True:
        import os, signal, sys, threading, time
        signal.signal(signal.SIGUSR1, lambda *_: os.write(1, b"handled\\n"))
        def become_cat():
            sys.stdin.buffer.raw.read(1)
            os.execvp("cat", ["cat"])
        threading.Thread(target=become_cat).start()
        print("ready", flush=True)
        while True:
            time.sleep(0.01)
    """
    child = s.run(PYTHON[0], "-u", "-c", code)
    s.truth.argv[child.pid].append(["cat"])
    assert child.stdout.readline() == "ready\n"
    s.truth.name(target=child.pid)
    s.sends(USR1, child.pid, outcome="handled")
    assert child.stdout.readline() == "handled\n"
    child.stdin.write("x")
    child.stdin.flush()
    child.stdin.write("still here\n")
    child.stdin.flush()
    assert child.stdout.readline() == "still here\n"
    s.sends(TERM, child.pid, kills=True)
    assert s.waited(child) == -TERM


@scenario("inside a pid namespace")
def in_a_namespace(s):
    line = "sleep 100 & echo $!; read go; kill -TERM $!; wait $!; echo $?; read end"
    outer = s.run("unshare", "--pid", "--fork", "--mount-proc", "sh", "-c", line)
    inside = outer.stdout.readline().strip()
    if not inside:
        s.cannot_run("pid namespaces cannot be made here")
    (init,) = children_of(outer.pid)
    (target,) = children_of(init)
    s.truth.name(init=init, target=target)
    outer.stdin.write("go\n")
    outer.stdin.flush()
    s.truth.was_sent(target, TERM, BY_KILL, by=init, kills=True)
    s.truth.ended(target, -TERM)
    assert outer.stdout.readline() == "143\n"


@scenario("the init of a pid namespace is killed")
def init_is_killed(s):
    outer = s.run(
        "unshare", "--pid", "--fork", "--mount-proc", "sh", "-c", "sleep 100 & echo; read end"
    )
    if not outer.stdout.readline():
        s.cannot_run("pid namespaces cannot be made here")
    (init,) = children_of(outer.pid)
    (other,) = children_of(init)
    s.truth.name(init=init, other=other)
    s.sends(KILL, init, kills=True)
    here = ("pid namespace", "kernel")
    s.truth.was_sent(other, KILL, here, by=init, kills=True)
    outer.wait()
    for pid in (init, other):
        s.truth.ended(pid, -KILL)
