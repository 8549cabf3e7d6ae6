"""System calls that are given up: a process that asks for each of them, and what the kernel answers."""

from __future__ import annotations

import ctypes
import errno
import os
import re
import socket
import subprocess
from pathlib import Path

import pytest

from tracer.host import confine
from tracer.model.syscalls import AARCH64, X86_64, call_numbers

ARCH = {"x86_64": X86_64, "aarch64": AARCH64}.get(os.uname().machine)
NUMBERS = call_numbers(ARCH or X86_64)
PR_SET_NO_NEW_PRIVS = 38
HEADERS = {X86_64: "x86_64-linux-gnu/asm/unistd_64.h", AARCH64: "asm-generic/unistd.h"}

needs_filter = pytest.mark.skipif(ARCH is None, reason="no filter for this machine's calls")


def in_a_child(ask):
    """What ``ask`` gives, as text, of a process of its own."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.write(writing, repr(ask()).encode())
        except BaseException as error:  # the parent says so
            os.write(writing, repr(error).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as told:
        said = told.read()
    assert os.waitpid(pid, 0)[1] == 0
    return said


def answers(names):
    """errno of each call with arguments that no kernel takes."""
    libc = ctypes.CDLL(None, use_errno=True)
    bad = [ctypes.c_long(-1)] * 6
    found = {}
    for name in names:
        ctypes.set_errno(0)
        libc.syscall(ctypes.c_long(NUMBERS[name]), *bad)
        found[name] = ctypes.get_errno()
    return found


def refuse(**more):
    ctypes.CDLL(None).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    return confine.refuse(**more)


def asked(names, **more):
    """The same with the filter, and whether the kernel says that there is one: proc_pid_status(5)."""
    is_there = refuse(**more)
    status = Path("/proc/self/status").read_text()
    return is_there, re.search(r"^Seccomp:\t(\d)", status, re.M)[1], answers(names)


NAMES = sorted(NUMBERS.keys() & {*confine.REFUSED, "kill", "tgkill", "bpf", "socket"})


@needs_filter
def test_each_call_is_refused():
    is_there, mode, after = eval(in_a_child(lambda: asked(NAMES)))
    assert (is_there, mode) == (True, "2")
    assert after == dict.fromkeys(NAMES, errno.EPERM)
    if os.geteuid() == 0:
        before = eval(in_a_child(lambda: answers(NAMES)))
        other = [name for name, error in before.items() if error != errno.EPERM]
        assert len(other) > 50, before


@needs_filter
def test_what_a_trace_needs_passes(tmp_path):
    def use():
        refuse()
        os.kill(os.getpid(), 0)
        socket.socket(socket.AF_UNIX).close()
        socket.socketpair()
        Path(tmp_path / "file").write_bytes(b"text")
        (tmp_path / "file").rename(tmp_path / "other")
        os.listdir("/proc/self/fd")
        os.readlink("/proc/self/exe")
        # Every error but this one: what is asked for is nonsense.
        return (
            errno.EPERM
            in answers(
                sorted({"read", "write", "futex", "clone", "poll"} & NUMBERS.keys())
            ).values()
        )

    assert in_a_child(use) == "False"


@needs_filter
@pytest.mark.parametrize(("sockets", "error"), [(False, "PermissionError"), (True, "None")])
def test_sockets_are_for_who_sends_away(sockets, error):
    def use():
        refuse(sockets=sockets)
        return socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()

    assert in_a_child(use).startswith(error)


@needs_filter
def test_nobody_else_is_signalled_and_nothing_is_run():
    def use():
        refuse()
        said = []
        for ask in (lambda: os.kill(os.getppid(), 0), lambda: subprocess.run(["true"], check=True)):
            try:
                ask()
            except PermissionError as error:
                said.append(error.errno)
        return said

    assert eval(in_a_child(use)) == [errno.EPERM] * 2


@pytest.mark.parametrize("arch", HEADERS)
def test_numbers_are_the_headers(arch):
    header = Path("/usr/include", HEADERS[arch])
    if not header.exists():
        pytest.skip(f"no {header}: linux-libc-dev has it")
    line = r"^#define __NR(?:3264)?_(\w+)\s+(\d+)$"
    told = dict(re.findall(line, header.read_text(), re.M))
    ours, names = call_numbers(arch), {*confine.REFUSED, "kill", "tgkill", "bpf", "socket"}
    common = names & told.keys()
    assert {name: ours.get(name) for name in common} == {name: int(told[name]) for name in common}
    assert len(common) > 50
