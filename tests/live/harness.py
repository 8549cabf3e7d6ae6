"""A trace as its user runs it, and processes with a known fate. Nothing here sleeps to be ready."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
# The machine may be shared and stall for seconds; what is waited for normally comes in milliseconds.
PATIENCE = 30
STORM_LOCK = "/run/sigtrace-storm.lock"


SUMMARY = re.compile(
    r"sigtrace: [\d,]+ signals?(?: and [\d,]+ attempts?)? shown, ([\d,]+|some|[\d,]+ [a-zOM ]+(?:,? (?:and )?[\d,]+ [a-zOM ]+)*) lost, [\d.]+ s.*"
)


def is_signal(event):
    return event["event"] == "signal"


def schema_check():
    """Checks an event against docs/sigtrace.schema.json; does nothing where jsonschema is not there."""
    try:
        import jsonschema
    except ImportError:
        return lambda event: None
    schema = json.loads((ROOT / "docs" / "sigtrace.schema.json").read_text())
    # jsonschema 3.2 (Debian 11) is older than the draft that the schema is written in.
    if not hasattr(jsonschema, "Draft202012Validator"):
        return lambda event: None
    validate = jsonschema.Draft202012Validator(schema).validate
    checked = set()

    def check(event):
        """Lines of a storm differ in id and time alone: one of each kind is checked."""
        kind = json.dumps({k: v for k, v in event.items() if k not in ("id", "time")})
        if kind not in checked:
            checked.add(kind)
            validate(event)

    return check


class Trace:
    """A running ``sigtrace --json``. ``events`` grows as they come; ``end`` gives all of them."""

    def __init__(self, source, options=(), *, env=None, prefix=(), json_lines=True):
        ready, told = os.pipe()
        command = [*prefix, sys.executable, "-m", "tracer"]
        command += ["--json"] if json_lines else []
        command += ["--source", source, "--ready-fd", str(told), *map(str, options)]
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=[told],
            cwd=ROOT,
            env={**os.environ, **(env or {})},
        )
        os.close(told)
        self.events = []
        self.lines = []
        self._queue = queue.Queue()
        self._json = json_lines
        self._check = schema_check()
        self._read = 0
        threading.Thread(target=self._collect, daemon=True).start()
        is_ready = os.read(ready, 1)
        os.close(ready)
        if not is_ready:
            self.process.wait()
            raise AssertionError(f"not ready: {self.process.stderr.read().decode()}")

    @property
    def text(self):
        """All of standard output so far."""
        return b"".join(self.lines)

    @property
    def pid(self):
        return self.process.pid

    def _collect(self):
        for line in self.process.stdout:
            self._queue.put(line)
        self._queue.put(None)

    def _next(self, deadline):
        try:
            line = self._queue.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            return None
        if line is None:
            return None
        self.lines.append(line)
        if not self._json:
            return {"event": "line", "text": line}
        try:
            event = json.loads(line)
        except ValueError:
            raise AssertionError(f"no JSON: {line!r}") from None
        self._check(event)
        self.events.append(event)
        return event

    def wait_for(self, wanted, seconds=PATIENCE):
        """The first event, old or new, that ``wanted`` is true of."""
        for event in self.events:
            if wanted(event):
                return event
        deadline = time.monotonic() + seconds
        while True:
            event = self._next(deadline)
            if event is None:
                shown = "\n".join(map(summary_of, self.events[-40:]))
                ended = self.process.poll()
                said = "" if ended is None else self.process.stderr.read().decode()
                raise AssertionError(
                    f"it never came (the trace: {'goes on' if ended is None else ended}); these did:\n{shown}\n{said}"
                )
            if wanted(event):
                return event

    def signal_to(self, pid, name=None, **fields):
        """The first signal to a process, by its name and by whatever top-level fields are given."""
        return self.wait_for(
            lambda e: (
                is_signal(e)
                and e.get("target", {}).get("pid") == pid
                and name in (None, e["signal"]["name"])
                and all(e.get(key) == value for key, value in fields.items())
            )
        )

    def death_of(self, pid):
        return self.wait_for(lambda e: e["event"] == "exit" and e["process"]["pid"] == pid)

    def end(self, number=signal.SIGINT):
        """Stop it as a user does. Gives all events; standard error is in ``said``, status in ``status``."""
        self.process.send_signal(number)
        return self.finish()

    def stop(self, number=signal.SIGINT):
        """Stop it and hold it to its promise: status 0, and the summary as its last words."""
        events = self.end(number)
        assert self.status == 0, self.said
        assert SUMMARY.fullmatch(self.said.splitlines()[-1]), self.said
        return events

    def finish(self):
        """Wait until it stops by itself."""
        deadline = time.monotonic() + PATIENCE
        while self._next(deadline) is not None:
            pass
        self.said = self.process.stderr.read().decode()
        self.status = self.process.wait(PATIENCE)
        return self.events

    def to(self, pid):
        """The signals seen so far that are aimed at a process."""
        return [e for e in self.events if is_signal(e) and e.get("target", {}).get("pid") == pid]

    def kill(self):
        """End what is left of it after a test; it may undo what it has changed."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()
        self.process.stderr.close()


def summary_of(event):
    ends = [
        f"{event.get(end, {}).get('comm')}[{event.get(end, {}).get('pid')}]"
        for end in ("sender", "target")
    ]
    return f"{event['event']} {event.get('signal', {}).get('name')} {' -> '.join(ends)} {event.get('outcome')}"


_VICTIMS = {
    "die": "",
    "ignore": "signal.signal(number, signal.SIG_IGN)",
    "block": "signal.pthread_sigmask(signal.SIG_BLOCK, {number})",
    "handle": "signal.signal(number, lambda *_: None)",
    "handle and exit": "signal.signal(number, lambda *_: sys.exit(7))",
}
_PROGRAM = """
import signal, sys
number = int(sys.argv[1])
name = bytes.fromhex(sys.argv[2])
if name:
    import ctypes
    ctypes.CDLL(None).prctl(15, name, 0, 0, 0)
{setup}
print("ready", flush=True)
while True:
    signal.pause()
"""


class Victim:
    """A child whose state is known: what it does about signal ``number`` is in its name."""

    def __init__(self, how="die", number=signal.SIGTERM, *, comm=b"", **settings):
        code = _PROGRAM.format(setup=_VICTIMS[how])
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", code, str(int(number)), comm.hex()],
            stdout=subprocess.PIPE,
            **settings,
        )
        self.pid = self.process.pid
        assert self.process.stdout.readline() == b"ready\n"

    def send(self, number):
        os.kill(self.pid, number)

    def be_sent(self, number):
        """By a process of its own: audit does not see one older than its first use since boot."""
        subprocess.run(["kill", f"-{int(number)}", str(self.pid)], check=True)

    def wait(self):
        """The oracle: what waitpid(2) says; negative for death by a signal."""
        return self.process.wait(PATIENCE)

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def bpf_programs():
    """The loaded BPF programs as "id:name", without those that somebody else's process holds.

    None where nobody can tell.
    """
    if not shutil.which("bpftool") or os.geteuid() != 0:
        return None
    dump = subprocess.run(["bpftool", "-j", "prog"], capture_output=True, check=True)
    others = _held_by_others()
    return {
        f"{prog['id']}:{prog.get('name', '')}"
        for prog in json.loads(dump.stdout or b"[]")
        if prog["id"] not in others
    }


def left_loaded(before):
    """Programs of ours that are loaded and were not before; waits until the kernel has freed them.

    It does so some time after their last holder is gone, and nothing tells when.
    """
    deadline = time.monotonic() + PATIENCE
    while before is not None:
        ours = {name for name in bpf_programs() - before if ":on_" in name}
        if not ours or time.monotonic() > deadline:
            return ours
        time.sleep(0.05)
    return set()


def held_by(pid, kind):
    """Ids of the BPF objects (prog, map, link) that a process holds: proc_pid_fdinfo(5). OSError if it is gone."""
    held = set()
    for file in Path(f"/proc/{pid}/fdinfo").iterdir():
        with contextlib.suppress(FileNotFoundError):  # a descriptor that was closed meanwhile
            held |= set(re.findall(rf"^{kind}_id:\s*(\d+)", file.read_text(), re.M))
    return set(map(int, held))


def _held_by_others():
    """The ids of BPF programs in descriptors of processes that are not our children (proc(5))."""
    held = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_bytes().rpartition(b")")[2].split()[1])
            names = "".join(map(os.readlink, (folder / "fd").iterdir()))
            if parent == os.getpid() or "bpf" not in names:
                continue
            held |= held_by(folder.name, "prog")
        except OSError:
            continue
    return held


@contextlib.contextmanager
def writing_to(stdout, source, *options):
    """A ``sigtrace --json`` whose output goes there, once it is ready: its Popen, standard error a pipe."""
    ready, told = os.pipe()
    command = [
        sys.executable,
        "-m",
        "tracer",
        "--json",
        "--source",
        source,
        "--ready-fd",
        str(told),
    ]
    with subprocess.Popen(
        [*command, *map(str, options)],
        cwd=ROOT,
        stdout=stdout,
        stderr=subprocess.PIPE,
        pass_fds=[told],
    ) as run:
        os.close(told)
        assert os.read(ready, 1)
        os.close(ready)
        yield run
