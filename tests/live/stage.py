"""A scenario, played once while every source looks on: core, bcc, audit, and a log of the audit records of that very run."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys

import audit_host
from harness import PATIENCE, ROOT, Trace, Victim
from truth import BY_KILL, Truth

TERM, KILL, HUP, INT, QUIT = (
    signal.SIGTERM,
    signal.SIGKILL,
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
)
STOP, CONT, SEGV, SYS, USR1 = (
    signal.SIGSTOP,
    signal.SIGCONT,
    signal.SIGSEGV,
    signal.SIGSYS,
    signal.SIGUSR1,
)
PYTHON = ["/usr/bin/python3", "-I", "-S", "-c"]
ANY_CALL = ("kill", "tgkill", "ptrace", "user")
ANY_OUTCOME = ("delivered", "handled", "blocked", "ignored", "coalesced", "awaited")
STATES = ("stopped", "uninterruptible", "frozen")
LIVE = ("core", "bcc", "audit")
COLUMNS = (*LIVE, "replay")
PIPES = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
SCENARIOS = {}
OPTIONS = {}  # of those that are about what a filter leaves out


def scenario(what, *options):
    """Puts a function into SCENARIOS by what happens in it."""

    def add(play):
        assert what not in SCENARIOS
        SCENARIOS[what] = play
        if options:
            OPTIONS[what] = options
        return play

    return add


class Stage:
    """What a scenario is made with. It knows who was started, with which words, and ends who is left."""

    def __init__(self, program, cgroup, cannot_run, needs, folder, traces):
        self.truth = Truth()
        self.folder = folder
        self.program, self.cgroup = program, cgroup
        self.cannot_run, self.needs = cannot_run, needs
        self._traces = traces
        self._started = []
        self.truth.name(test=os.getpid())

    def run(self, *words, **settings):
        """A child, which may have pipes."""
        words = [str(word) for word in words]
        child = subprocess.Popen(words, **{**PIPES, **settings})
        self._started.append(child)
        self.truth.argv[child.pid] = [words]
        return child

    def start(self, name, *words, **settings):
        """One of tests/live/programs that says "ready" and a pid; gives the child, and that pid."""
        child = self.run(self.program(name), *words, **settings)
        said = child.stdout.readline().split()
        return child, int(said[1]) if len(said) > 1 else None

    def victim(self, how="die", number=TERM, **settings):
        """A harness.Victim, named the target."""
        made = Victim(how, number, **settings)
        self._started.append(made.process)
        self.truth.argv[made.pid] = [list(made.process.args)]
        self.truth.name(target=made.pid)
        return made

    def kill(self, number, pid):
        """By a process of its own, named sender; gives its pid, and what is right to say of the signal."""
        child = self.run("kill", f"-{int(number)}", "--", pid)
        assert child.wait(PATIENCE) == 0
        self.truth.name(sender=child.pid)
        return child.pid

    def sends(self, number, pid, **allowed):
        """kill(), with what may be said of it."""
        by = self.kill(number, pid)
        self.truth.was_sent(pid, number, BY_KILL, by=by, **allowed)
        return by

    def waited(self, child, **how):
        """Its end, by waitpid(2)."""
        status = child.wait(PATIENCE)
        self.truth.ended(child.pid, status, **how)
        return status

    def seen(self, pid, name):
        """Wait until every source has told of a signal to it."""
        for one in self._traces.values():
            one.signal_to(pid, name)

    @contextlib.contextmanager
    def unseen(self):
        """No source runs meanwhile: what they say of this they have kept, or look for afterwards."""
        pids = [one.pid for one in self._traces.values()]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        for pid in pids:
            os.waitid(os.P_PID, pid, os.WSTOPPED)
        yield
        for pid in pids:
            os.kill(pid, signal.SIGCONT)

    def close(self):
        for child in self._started:
            if child.poll() is None:
                child.kill()
            child.wait()
            for pipe in filter(None, (child.stdin, child.stdout, child.stderr)):
                pipe.close()


class Audience:
    """Traces through each source, and a listener for the audit records that one of them has the kernel make."""

    def __init__(self, options=()):
        self.traces = {}
        self._options = list(map(str, options))
        self._listener = audit_host.Listener()
        try:
            for source in LIVE:
                self.traces[source] = Trace(source, self._options)
        except BaseException:
            self.close()
            raise

    def watch(self, play, stage, folder):
        """What each column says of a scenario, by its name. The raw lines stay in ``folder``."""
        self._mark()
        before = {source: len(trace.events) for source, trace in self.traces.items()}
        try:
            play(stage)
            lines = self._mark()
        finally:
            stage.close()
        said = {source: trace.events[before[source] :] for source, trace in self.traces.items()}
        log = folder / "audit.log"
        log.write_bytes(b"".join(line + b"\n" for line in lines))
        return {**said, "replay": replayed(log, self._options)}

    def _mark(self):
        """A death that all of them tell of, after all that was before; the audit records until then."""
        child = subprocess.Popen(["sleep", "1000"])
        subprocess.run(["kill", "-USR1", str(child.pid)], check=True)
        child.wait(PATIENCE)
        for trace in self.traces.values():
            trace.signal_to(child.pid)
            trace.death_of(child.pid)
        return self._listener.lines(b"opid=%d " % child.pid)

    def close(self):
        self._listener.close()
        for trace in self.traces.values():
            trace.kill()


def replayed(log, options=()):
    """What ``sigtrace replay`` tells of a log."""
    words = [sys.executable, "-m", "tracer", "replay", str(log), "--json", *options]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, check=False)
    assert done.returncode in (0, 3), done.stderr.decode()
    return [json.loads(line) for line in done.stdout.splitlines()]
