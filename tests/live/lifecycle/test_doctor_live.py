"""doctor tells the truth of this machine, and of what is taken away from it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from audit_state import audit_lock, audit_state, auditctl
from harness import ROOT
from test_ladder_live import (
    NO_BPF,
    NO_BTF,
    NO_LIBBPF,
    NO_LOADERS,
    NO_PROGRAM,
    NOBODY,
    hiding,
    without_libbpf,
)

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the lacks are made by root")


@pytest.fixture(autouse=True)
def lock():
    with audit_lock():
        before = audit_state()
        yield
        assert audit_state() == before


def doctor(prefix=(), env=None):
    """The checks as {"group name": check}, the whole answer, and the status."""
    done = subprocess.run(
        [*prefix, sys.executable, "-m", "tracer", "doctor", "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, **(env or {})},
    )
    assert done.stderr == ""
    answer = json.loads(done.stdout)
    checks = {f"{one['group']} {one['name']}": one for one in answer["checks"]}
    assert all("try" in one for one in checks.values() if one["state"] != "ok")
    return checks, answer, done.returncode


def test_everything_works_here():
    checks, answer, status = doctor()
    assert status == 0
    assert answer["source"] == "core"
    assert answer["unseen"] == []
    for name in ("core works", "bcc works", "audit works", "core ring buffers", "bcc deaths"):
        assert checks[name]["state"] == "ok", checks[name]
    assert checks["host kernel"]["text"].split()[1] == os.uname().release


@pytest.mark.parametrize(
    ("prefix", "lacking", "best"),
    [
        (hiding(NO_BTF), ["core BTF", "core works"], "bcc"),
        (
            hiding(NO_LIBBPF, *NO_LOADERS),
            ["core libbpf", "core works"],
            without_libbpf(),
        ),
        (hiding(*NO_PROGRAM), ["core BPF program", "core works"], "bcc"),
        (
            ["setpriv", f"--bounding-set={NO_BPF}", f"--inh-caps={NO_BPF}"],
            ["host capabilities", "core works", "bcc works"],
            "audit",
        ),
        (NOBODY, ["core works", "bcc works", "audit works", "host capabilities"], None),
    ],
    ids=["no BTF", "no libbpf", "broken object", "no CAP_BPF", "nobody"],
)
def test_what_is_lacking_is_named(prefix, lacking, best):
    checks, answer, status = doctor(list(prefix))
    for name in lacking:
        assert checks[name]["state"] != "ok", name
    assert answer.get("source") == best
    assert answer["live"] is (best is not None)
    assert status == (0 if best else 1)


def test_a_seccomp_filter_and_a_user_namespace_are_told():
    checks, answer, _ = doctor(["unshare", "-Ur"])
    assert checks["host container"]["state"] == "not permitted"
    assert "user namespace" in checks["host container"]["text"]
    assert checks["core ring buffers"]["state"] == "not permitted"
    assert checks["bcc deaths"]["state"] == "not permitted"
    assert not answer["live"]


def test_a_pid_namespace_is_told():
    checks, _, _ = doctor(["unshare", "-p", "-f", "--mount-proc"])
    assert "pid namespace" in checks["host container"]["text"]
    assert checks["bcc deaths"]["state"] == "not permitted"


def test_the_wrong_bcc_is_told(tmp_path):
    (tmp_path / "bcc.py").write_text("")
    checks, _, _ = doctor(env={"PYTHONPATH": str(tmp_path)})
    assert checks["bcc module"]["state"] == "missing"
    assert "unrelated package" in checks["bcc module"]["text"]
    assert "python3-bpfcc" in checks["bcc module"]["try"]


def test_rules_that_hide_and_rules_that_show():
    assert doctor()[0]["audit rules"]["state"] == "missing"
    from tracer.audit.rules import recommended

    rules = [line.split() for line in ["-a never,task", *recommended()]]
    for rule in rules:
        auditctl(*rule)
    try:
        checks, _, _ = doctor()
    finally:
        for rule in rules:
            auditctl("-d", *rule[1:])
    assert checks["audit rules"]["state"] == "ok"
    assert checks["audit hiding"]["state"] == "missing"
    assert checks["audit hiding"]["try"] == "auditctl -d never,task"


def test_only_sigkill_and_only_kill_are_told():
    rule = "always,exit -F arch=b64 -S kill -F a1=9"
    auditctl("-a", *rule.split())
    try:
        checks, _, _ = doctor()
    finally:
        auditctl("-d", *rule.split())
    text = checks["audit rules"]["text"]
    assert "tgkill" in text
    assert "pidfd_send_signal" in text
    assert "only certain signals" in text


def test_text_has_a_line_for_each_check_and_a_verdict():
    done = subprocess.run(
        [sys.executable, "-m", "tracer", "doctor"], cwd=ROOT, capture_output=True, text=True
    )
    *lines, empty, verdict = done.stdout.splitlines()
    assert empty == ""
    assert verdict == "live tracing works: --source auto uses core"
    assert all(line.startswith(("ok ", "missing ", "not permitted ")) for line in lines)
    assert all("  try: " in line for line in lines if not line.startswith("ok"))
    audit_one = "audit=1" in Path("/proc/cmdline").read_text().split()
    (boot,) = [line for line in lines if line[14:].split()[:2] == ["audit", "boot"]]
    assert boot.startswith("ok" if audit_one else "missing")
