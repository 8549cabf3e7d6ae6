"""The machine's own audit, borrowed for a test: rules on, records read, everything put back."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import socket
import subprocess
import tempfile
import time

from harness import PATIENCE
from oracle import until

LOCK = "/run/sigtrace-audit.lock"
NETLINK_AUDIT = 9
READLOG = 1  # AUDIT_NLGRP_READLOG, include/uapi/linux/audit.h
SOL_NETLINK, NETLINK_ADD_MEMBERSHIP = 270, 1
SO_RCVBUFFORCE = 33  # beyond net.core.rmem_max: socket(7)
NAMES = {
    1300: "SYSCALL",
    1318: "OBJ_PID",
    1327: "PROCTITLE",
    1320: "EOE",
    1309: "EXECVE",
    1701: "ANOM_ABEND",
    1326: "SECCOMP",
    1305: "CONFIG_CHANGE",
    1302: "PATH",
    1307: "CWD",
}


def status():
    text = subprocess.run(["auditctl", "-s"], capture_output=True, text=True, check=True).stdout
    return dict(re.findall(r"^(\w+) (\d+)", text, re.MULTILINE))


@contextlib.contextmanager
def borrowed(rules):
    """Holds the lock; puts ``rules`` in place and auditing on, and everything back afterwards."""
    with open(LOCK, "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        before = status()
        added = []
        try:
            for rule in rules:
                subprocess.run(["auditctl", *rule.split()], check=True, capture_output=True)
                added.append(rule)
            subprocess.run(["auditctl", "-e", "1"], check=True, capture_output=True)
            subprocess.run(["auditctl", "-b", "8192"], check=True, capture_output=True)
            yield
        finally:
            for rule in added:
                undo = rule.replace("-a ", "-d ", 1)
                subprocess.run(["auditctl", *undo.split()], check=False, capture_output=True)
            subprocess.run(
                ["auditctl", "-b", before["backlog_limit"]], check=False, capture_output=True
            )
            subprocess.run(["auditctl", "-e", before["enabled"]], check=False, capture_output=True)


class Listener:
    """Every record that the kernel writes, by its multicast group."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_AUDIT)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)
        self.socket.bind((0, 0))
        self.socket.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, READLOG)

    def lines(self, marker):
        """Lines as auditd writes them, up to the record that has ``marker`` in it."""
        found = []
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            self.socket.settimeout(max(0.01, end - time.monotonic()))
            data = self.socket.recv(1 << 16)
            number = int.from_bytes(data[4:6], "little")
            text = data[16:].rstrip(b"\0\n")
            name = NAMES.get(number, f"UNKNOWN[{number}]").encode()
            if marker in text:
                return found
            found.append(b"type=" + name + b" msg=" + text)
        raise TimeoutError(f"no record with {marker!r} among {len(found)}")

    def close(self):
        self.socket.close()


def mark(word):
    """Have the kernel write a record with ``word`` in it (a user message, auditctl -m)."""
    subprocess.run(["auditctl", "-m", word], check=True, capture_output=True)


def build(source, folder, bits):
    """Compile a C program for 64 or 32 bits."""
    program = os.path.join(folder, f"send_signals{bits}")
    subprocess.run(
        ["gcc", f"-m{bits}", "-O1", "-w", "-o", program, source], check=True, capture_output=True
    )
    return program


def running_log():
    """The log of the auditd that runs already, None if none does."""
    if status().get("pid", "0") == "0":
        return None
    with open("/etc/audit/auditd.conf") as conf:
        named = re.search(r"^log_file\s*=\s*(\S+)", conf.read(), re.MULTILINE)
    return named[1] if named else "/var/log/audit/audit.log"


@contextlib.contextmanager
def auditd():
    """The path of the log that auditd writes, enriched: the running one's, or one run by hand.

    The kernel serves one auditd, and refuses a second (audit_replace, kernel/audit.c).
    """
    log = running_log()
    if log is not None:
        yield log
        return
    with tempfile.TemporaryDirectory(prefix="sigtrace-auditd") as folder:
        log = os.path.join(folder, "audit.log")
        with open(os.path.join(folder, "auditd.conf"), "w") as conf:
            conf.write(
                f"log_file = {log}\nlog_format = ENRICHED\nflush = NONE\nwrite_logs = yes\n"
                "log_group = root\nmax_log_file = 50\nmax_log_file_action = IGNORE\nspace_left = 75\n"
                "admin_space_left = 50\nspace_left_action = IGNORE\nadmin_space_left_action = IGNORE\n"
                "disk_full_action = IGNORE\ndisk_error_action = IGNORE\nlocal_events = yes\n"
            )
        os.chmod(os.path.join(folder, "auditd.conf"), 0o640)
        process = subprocess.Popen(["auditd", "-n", "-c", folder, "-s", "nochange"])
        try:
            until(lambda: status().get("pid") == str(process.pid))
            yield log
        finally:
            process.terminate()
            process.wait(PATIENCE)
