"""Cause deaths on this kernel, and keep what a host would have kept of each: as root, ``python3 tests/deaths/make.py [SCENE…]``.

Every scene of ``scenes/``, or those that are named, is played under ``sigtrace record``, under process accounting and under audit's rules for the calls that send. A folder
``made/NAME`` has of each its part of the recording, of the accounting, of the audit log and of the kernel's log, and ``facts.json``: what
waitpid(2) and fork(2) told of it (the oracle). What is right to say of it is ``right.json``, which people write.

Whoever plays the scenes stands for the init of a host: it is told as pid 1, "systemd", and its own parents are left out.
Paths below the folder of the scenes are those of a host, too. Nothing else is changed.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(HERE.parent / "live")]

import accounting_host  # noqa: E402
import audit_host  # noqa: E402
import scenes  # noqa: E402

STAGE = Path("/srv/deaths")
RECORDING = Path(f"/run/sigtrace-deaths-{os.getpid()}")
HOST = os.uname().nodename
CALLS = "kill,tkill,tgkill,rt_sigqueueinfo,rt_tgsigqueueinfo,pidfd_send_signal"
RULES = [f"-a always,exit -F arch=b64 -S {CALLS} -F success=1 -k deaths"]
INIT = {"pid": 1, "tid": 1, "comm": "systemd", "uid": 0, "user": "root"}


@contextlib.contextmanager
def recorded():
    ready, told = os.pipe()
    command = [sys.executable, "-m", "tracer", "record", "--dir", str(RECORDING), "--no-journal"]
    recorder = subprocess.Popen(
        [*command, "--exits", "--ready-fd", str(told)], pass_fds=[told], cwd=ROOT
    )
    os.close(told)
    try:
        assert os.read(ready, 1), "the recorder did not begin"
        yield
    finally:
        recorder.send_signal(signal.SIGINT)
        recorder.wait(30)


def play(names):
    """The facts of these scenes, by a process of its own whose parents are nobody's business."""
    ready, told = os.pipe()
    if not os.fork():
        os.setsid()
        if os.fork():
            os._exit(0)
        Path("/proc/self/comm").write_text("systemd")
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
            signal.signal(number, signal.SIG_DFL)
        # A terminal and the words of a session do not belong to the scene.
        os.dup2(os.open("/dev/null", os.O_RDWR), 0)
        facts = {"init": os.getpid(), "scenes": {}}
        for name in names:
            facts["scenes"][name] = scenes.played(scenes.SCENES[name], STAGE)
        os.write(told, json.dumps(facts).encode())
        os._exit(0)
    os.close(told)
    os.wait()
    with open(ready, "rb") as pipe:
        return json.loads(pipe.read())


def lines_of_recording():
    for piece in sorted(RECORDING.glob("*.jsonl*")):
        text = subprocess.run(["zcat", "-f", str(piece)], capture_output=True, check=True).stdout
        yield from (json.loads(line) for line in text.splitlines())


def cleaned(value, init):
    """As the recording of a host whose init this is."""
    if isinstance(value, list):
        return [cleaned(one, init) for one in value]
    if not isinstance(value, dict):
        return value
    if value.get("pid") == init:
        return dict(INIT)
    made = {key: cleaned(one, init) for key, one in value.items()}
    if "ppid" in made and made["ppid"] == init:
        made["ppid"] = 1
    if "ancestors" in made:
        pids = [step["pid"] for step in made["ancestors"]]
        made["ancestors"] = made["ancestors"][: pids.index(1)] if 1 in pids else []
    return made


def seconds(event):
    return datetime.fromisoformat(event["time"][:26]).replace(tzinfo=timezone.utc).timestamp()


def pids_in(event):
    for key in ("sender", "target", "process", "tracer", "current"):
        if isinstance(event.get(key), dict):
            yield event[key].get("pid")


def audit_of(lines, pids, init):
    """The records of the calls that these sent, or that were sent to them."""
    serials = {}
    for line in lines:
        found = re.search(rb"audit\((\d+\.\d+):(\d+)\)", line)
        if found:
            serials.setdefault(found[2], []).append(line)
    for group in serials.values():
        text = b"\n".join(group)
        named = {int(one) for one in re.findall(rb"\b(?:o?pid)=(\d+)", text)}
        if named & pids:
            text = re.sub(rb"\b(o?pid|ppid)=%d\b" % init, rb"\1=1", text)
            yield text.replace(b'comm="python3"', b'comm="systemd"')


def kernel_clock():
    """The kernel log's own seconds now, and what makes them the wall clock's: it is a clock by itself (local_clock())."""
    mark, now = f"deaths: it is {time.time()}", time.time()
    Path("/dev/kmsg").write_text(mark + "\n")
    (at,) = [at for at, text in kernel_lines(0) if text == mark]
    return at, now - at


def kernel_lines(since):
    """(monotonic seconds, text) of the kernel's log from then on."""
    text = subprocess.run(["dmesg"], capture_output=True, check=True, text=True).stdout
    for line in text.splitlines():
        found = re.match(r"\[ *(\d+\.\d+)\] (.*)", line)
        if found and float(found[1]) >= since and not found[2].startswith("audit: "):
            yield float(found[1]), found[2]


def kern_log(lines, pids, begin, end, offset):
    """As syslog writes it: those of the scene's own time that name one of its processes, an OOM report as a whole."""
    words = re.compile(r"[\[ =:](" + "|".join(map(str, sorted(pids))) + r")[\] ,)]")
    near = [(at, text) for at, text in lines if begin <= at + offset <= end]
    if not any(words.search(text) for _, text in near):
        return
    oom = re.compile(r"oom|Memory cgroup|memory: usage|Tasks state|Killed process", re.IGNORECASE)
    for at, text in near:
        if (words.search(text) or oom.search(text)) and not text.startswith("deaths: "):
            stamp = datetime.fromtimestamp(at + offset, timezone.utc).strftime("%b %d %H:%M:%S")
            yield f"{stamp} {HOST} kernel: [{at:.6f}] {text}"


def accounting_of(data, pids, begin, end, init):
    """The records of these processes (struct acct_v3): those of the time of their scene."""
    order = "<" if sys.byteorder == "little" else ">"
    for at in range(0, len(data), 64):
        one = bytearray(data[at : at + 64])
        pid, ppid, born = struct.unpack_from(order + "3I", one, 16)
        if pid in pids and begin - 2 <= born <= end:
            struct.pack_into(order + "I", one, 20, 1 if ppid == init else ppid)
            yield bytes(one)


def write(folder, name, lines):
    lines = [line if isinstance(line, bytes) else line.encode() for line in lines]
    if lines:
        (folder / name).write_bytes(b"\n".join(lines) + b"\n")


def main():
    shutil.rmtree(STAGE, ignore_errors=True)
    scenes.build(STAGE, HERE.parent / "live" / "programs")
    names = sys.argv[1:] or list(scenes.SCENES)
    monotonic, offset = kernel_clock()
    assert not accounting_host.is_on(), "somebody keeps accounting on this host"
    accounts = Path(f"/run/sigtrace-deaths-{os.getpid()}.pacct")
    with audit_host.borrowed(RULES), accounting_host.accounting(accounts), recorded():
        listener = audit_host.Listener()
        told = play(names)
        audit_host.mark("deaths-end")
        audit = listener.lines(b"deaths-end")
        listener.close()
    init, accounted = told["init"], accounts.read_bytes()
    accounts.unlink()
    events = [cleaned(event, init) for event in lines_of_recording()]
    kernel = list(kernel_lines(monotonic))
    for name, facts in told["scenes"].items():
        folder = HERE / "made" / name
        folder.mkdir(parents=True, exist_ok=True)
        pids = set(facts["pids"])
        ours = [
            event
            for event in events
            if event["event"] == "mark"
            or (pids & set(pids_in(event)) and facts["begin"] <= seconds(event) <= facts["end"])
        ]
        write(folder, "recording.jsonl", [json.dumps(event) for event in ours])
        write(folder, "audit.log", audit_of(audit, pids, init))
        write(folder, "kern.log", kern_log(kernel, pids, facts["begin"], facts["end"], offset))
        if scenes.SCENES[name].__module__ == scenes.accounted.__name__:
            records = accounting_of(accounted, pids, facts["begin"], facts["end"], init)
            (folder / "pacct").write_bytes(b"".join(records))
        write(folder, "messages", [line.replace("HOST", HOST) for line in facts["messages"]])
        kept = {key: facts[key] for key in ("what", "pid", "status", "sender")}
        (folder / "facts.json").write_text(json.dumps(kept) + "\n")
        print(name, kept, sorted(one.name for one in folder.iterdir()))
    shutil.rmtree(STAGE)
    shutil.rmtree(RECORDING)


if __name__ == "__main__":
    main()
