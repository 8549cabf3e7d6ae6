"""Auto's choice under each lack, made real in a mount namespace or by dropped capabilities."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from audit_state import audit_lock
from harness import ROOT, Trace

from tracer.sources.core import opening as bpf_object

NO_BPF = "-bpf,-perfmon,-sys_admin"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the lacks are made by root")


def library(name):
    """The file behind a soname, None if it is not installed."""
    out = subprocess.run(["ldconfig", "-p"], capture_output=True, text=True).stdout
    lines = (line.strip() for line in out.splitlines())
    found = next((line for line in lines if line.startswith(f"{name} ")), None)
    return found and Path(found.split("=> ")[1]).resolve()


def hiding(*commands):
    """Run what follows where these mounts hold, and nowhere else."""
    return ["unshare", "-m", "sh", "-c", "; ".join([*commands, 'exec "$@"']), "sh"]


LIBBPF = library("libbpf.so.1")
NO_LIBBPF = f"mount --bind /dev/null {LIBBPF}" if LIBBPF else "true"
NO_BTF = "mount -t tmpfs none /sys/kernel/btf"
NO_LOADERS = [f"mount --bind /dev/null {part}" for part in bpf_object.PARTS[1:]]
NO_PROGRAM = [f"mount --bind /dev/null {part}" for part in bpf_object.PARTS]


@pytest.fixture(autouse=True)
def lock():
    with audit_lock():
        yield


def header(prefix=(), env=None, source="auto", options=()):
    trace = Trace(source, ["-s", "63", *options], prefix=prefix, env=env)
    trace.end()
    trace.kill()
    return next(line for line in trace.said.splitlines() if "tracing SIG" in line)


def test_auto_is_core_where_everything_works():
    assert "source core;" in header()


def test_no_btf_means_bcc():
    said = header(hiding(NO_BTF))
    assert "source bcc (core: this kernel has no BTF" in said
    assert "does not see in full:" in said


def without_libbpf():
    """What auto takes then: Debian's libbcc needs libbpf itself, others carry their own."""
    libbcc = library("libbcc.so.0")
    needs = libbcc and subprocess.run(["ldd", libbcc], capture_output=True, text=True).stdout
    return "bcc" if needs and "libbpf.so.1" not in needs else "audit"


@pytest.mark.parametrize("options", [(), ("--failed",)])
def test_no_libbpf_is_no_lack_where_there_are_loaders(options, needs):
    needs("bpf_rdonly_cast")
    assert "source core;" in header(hiding(NO_LIBBPF), options=options)


def test_no_libbpf_means_another_source():
    said = header(hiding(NO_LIBBPF, *NO_LOADERS))
    assert f"source {without_libbpf()} (core: libbpf 1.0 or later is not installed" in said


def test_a_broken_object_means_bcc():
    assert "source bcc (core: " in header(hiding(*NO_PROGRAM))


def test_no_loader_means_libbpf():
    assert "source core;" in header(hiding(*NO_LOADERS))


@pytest.mark.parametrize("options", [(), ("--failed",)])
def test_a_loader_that_the_kernel_refuses_means_libbpf(tmp_path, options):
    mounts = []
    for part in bpf_object.PARTS[1:]:
        whole = Path(part).read_bytes()
        spoilt = tmp_path / Path(part).name
        # The last instruction is the loader's exit.
        spoilt.write_bytes(whole[:-8] + b"\xff" * 8)
        mounts.append(f"mount --bind {spoilt} {part}")
    assert "source core;" in header(hiding(*mounts), options=options)


@pytest.fixture
def another_bcc(tmp_path):
    """A module named bcc that is not the real one, as pip install bcc gives."""
    (tmp_path / "bcc").mkdir()
    (tmp_path / "bcc" / "__init__.py").write_text("")
    return {"PYTHONPATH": str(tmp_path)}


def test_no_btf_and_the_wrong_bcc_mean_audit(another_bcc):
    said = header(hiding(NO_BTF), another_bcc)
    assert "source audit (core: this kernel has no BTF" in said
    assert "is PyPI's, an unrelated package" in said


def test_no_capability_for_bpf_means_audit(cannot_run):
    if not shutil.which("setpriv"):
        cannot_run("setpriv is not installed (util-linux)")
    said = header(["setpriv", f"--bounding-set={NO_BPF}", f"--inh-caps={NO_BPF}"])
    assert "source audit (core: this needs CAP_BPF and CAP_PERFMON" in said


def run(*words, prefix=()):
    return subprocess.run(
        [*prefix, sys.executable, "-m", "tracer", *words], cwd=ROOT, capture_output=True, text=True
    )


NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


def test_nothing_works_for_nobody():
    """Three lines for each rung, and what needs nothing."""
    done = run(prefix=NOBODY)
    assert done.returncode == 2
    lines = done.stderr.splitlines()
    assert lines[0] == "sigtrace: no way of tracing live works here"
    for at, rung in ((1, "core"), (4, "bcc"), (7, "audit")):
        assert lines[at].startswith(f"  {rung}: cannot trace")
        assert lines[at + 1].startswith("    why: this needs CAP_")
        assert lines[at + 2].startswith("    try: ")
    assert "sigtrace replay /var/log/audit/audit.log needs nothing" in lines[10]
    assert len(lines) == 11


@pytest.mark.parametrize("choice", ["core", "bcc", "audit"])
def test_a_rung_asked_for_is_not_replaced(choice):
    done = run("--source", choice, prefix=NOBODY)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 3
    assert "this needs CAP_" in done.stderr


def test_bcc_mounts_tracefs_for_itself_alone():
    trace = Trace("bcc", ["-s", "63"])
    ours, theirs = (Path(f"/proc/{pid}/mounts").read_text() for pid in (trace.pid, "self"))
    trace.end()
    trace.kill()
    assert " tracefs " in ours
    assert Path("/proc/self/mounts").read_text() == theirs
