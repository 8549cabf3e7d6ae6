"""Make an audit log of every way to send a signal, by the real kernel and auditd, as root:

record_audit_log.py netlink|auditd 64|32 OUTPUT
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import tempfile

import audit_host
from oracle import until

HERE = os.path.dirname(os.path.abspath(__file__))
KEY = f"sigtrace-test-{os.getpid()}"


def rules(bits):
    arch = f"b{bits}"
    return [
        f"-a always,exit -F arch={arch} -S kill,tkill,tgkill,rt_sigqueueinfo,rt_tgsigqueueinfo,"
        f"pidfd_send_signal -k {KEY}",
        f"-a always,exit -F arch={arch} -S execve -k {KEY}",
    ]


def run(program):
    """Run the senders; returns what was really sent."""
    other = subprocess.Popen(["sleep", "100"])
    try:
        return subprocess.run(
            [program, str(other.pid)], capture_output=True, text=True, check=True
        ).stdout
    finally:
        other.kill()
        other.wait()


def record(how, bits):
    """(log lines of our own programs, what was sent)

    An auditd that starts is given what the kernel has held back since nobody listened, earlier recordings
    with it: the folder's name tells ours.
    """
    with tempfile.TemporaryDirectory() as folder:
        end = f"sigtrace-end-{os.path.basename(folder)}"
        program = audit_host.build(os.path.join(HERE, "send_signals.c"), folder, bits)
        with audit_host.borrowed(rules(bits)):
            if how == "netlink":
                listener = audit_host.Listener()
                sent = run(program)
                audit_host.mark(end)
                lines = listener.lines(end.encode())
                listener.close()
                return ours(b"\n".join(lines) + b"\n", program), sent
            with contextlib.ExitStack() as stack:
                with audit_host.auditd() as log:
                    kept = stack.enter_context(open(log, "rb"))
                    sent = run(program)
                    audit_host.mark(end)
                    until(lambda: end.encode() in whole(kept))
                return ours(whole(kept), program), sent


def whole(file):
    """From the beginning each time: what is being written may be read in the middle of a word."""
    file.seek(0)
    return file.read()


def ours(text, program):
    """Only the events of our own program: other people work on the machine too."""
    event = re.compile(rb"audit\(([\d.:]+)\)")
    lines = text.splitlines(keepends=True)
    wanted = {event.search(line)[1] for line in lines if program.encode() in line}
    daemon = (b"type=DAEMON_START", b"type=DAEMON_END")
    return b"".join(x for x in lines if event.search(x)[1] in wanted or x.startswith(daemon))


if __name__ == "__main__":
    text, sent = record(sys.argv[1], int(sys.argv[2]))
    with open(sys.argv[3], "wb") as out:
        out.write(text)
    sys.stdout.write(sent)
