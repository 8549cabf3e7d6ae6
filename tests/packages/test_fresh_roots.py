"""The Debian packages in fresh systems of Debian and Ubuntu: the first row, upgrade, removal, purge.

``SIGTRACE_TIMES=FILE`` gets a line of Markdown for each suite: what docs/operator.md has.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "live"))

from audit_state import audit_lock
from roots import ROOT, UBUNTU, UBUNTU_KEYS, Root, cached

SUITES = ("bullseye", "bookworm", "trixie", "sid", *UBUNTU)
# Without libbpf 1.0.
OLD = ("bullseye", "jammy")
# An older kernel takes no loader. Their bcc, 0.18, looks for tracepoints below debugfs alone, which systemd mounts.
OLDER_KERNEL = """
for part in {package}/tracer/*.loader; do mount --bind /dev/null "$part"; done
[ -d /sys/kernel/debug/tracing ] || mount -t debugfs debugfs /sys/kernel/debug
exec "$@"
"""
APT = ("apt-get", "-q", "-y", "--no-install-recommends", "-o", "Acquire::Check-Valid-Until=false")
# Sends itself a signal once the trace is ready, and prints the trace's first row.
FIRST_ROW = """
import json, os, signal, subprocess, sys
readable, ready = os.pipe()
command = ["sigtrace", "--signal", "63", "--count", "1", "--json", "--ready-fd", str(ready), "--source", sys.argv[1]]
trace = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, pass_fds=[ready])
os.close(ready)
signal.signal(63, signal.SIG_IGN)
if os.read(readable, 1):
    os.kill(os.getpid(), 63)
out, said = trace.communicate(timeout=60)
print(json.dumps({"pid": os.getpid(), "out": out, "said": said, "status": trace.returncode}))
"""

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(os.geteuid() != 0, reason="systems are made by root"),
    pytest.mark.skipif(not shutil.which("mmdebstrap"), reason="needs mmdebstrap"),
    pytest.mark.skipif(not shutil.which("dh_python3"), reason="needs debhelper and dh-python"),
]


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """The packages of this commit, and the same as a later version, by name."""
    subprocess.run(["make", "-s", "deb"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    now = {path.name.split("_")[0]: path for path in (ROOT / "build/deb").glob("*.deb")}
    later = {}
    for name, path in now.items():
        tree = tmp_path_factory.mktemp(name) / "tree"
        subprocess.run(["dpkg-deb", "-R", path, tree], check=True)
        control = tree / "DEBIAN/control"
        control.write_text(re.sub(r"(?m)^(Version: .*)$", r"\1+later", control.read_text()))
        made = tree.with_name(f"{name}_later.deb")
        subprocess.run(
            ["dpkg-deb", "--root-owner-group", "-b", tree, made],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        later[name] = made
    return now, later


@pytest.fixture(params=SUITES)
def root(request, tmp_path_factory):
    """A fresh system, with the lists of packages loaded; gone at the end."""
    if request.param in UBUNTU and not UBUNTU_KEYS.exists():
        pytest.skip("needs Debian's package ubuntu-keyring")
    folder = Path(tmp_path_factory.mktemp(request.param))
    made = Root(cached(request.param), folder)
    made.suite = request.param
    made.run(*APT, "update")
    yield made
    shutil.rmtree(folder)


def first_row(root, source="auto", before=()):
    with audit_lock():
        done = root.run(*before, "python3", "-c", FIRST_ROW, source)
    found = json.loads(done.stdout)
    (row,) = map(json.loads, found["out"].splitlines())
    assert row["sender"]["pid"] == row["target"]["pid"] == found["pid"], row
    assert row["signal"]["number"] == 63
    return found["said"]


def test_from_nothing_to_the_first_row(root, packages):
    now, _ = packages
    package = root.take(now["sigtrace"])
    begun = time.monotonic()
    said = root.run(*APT, "install", package).stdout
    installed = time.monotonic()
    assert "source core;" in first_row(root)
    row = time.monotonic()
    loaded = re.search(r"Need to get (.*) of archives", said)
    disk = re.search(r"([\d.,]+ .?B) of additional disk space", said)
    line = (
        f"| {root.suite} | {loaded and loaded.group(1)} | {disk and disk.group(1)} "
        f"| {installed - begun:.1f} s | {row - installed:.1f} s |\n"
    )
    print(line)
    if os.environ.get("SIGTRACE_TIMES"):
        with open(os.environ["SIGTRACE_TIMES"], "a") as file:
            file.write(line)
    # Without libbpf the next source is taken, and it is said.
    root.run(*APT, "install", "python3-pyroute2")
    old = ("sh", "-ec", OLDER_KERNEL.format(package="/usr/lib/sigtrace"), "sh")
    said = first_row(root, before=old)
    assert "source audit (core: libbpf 1.0 or later is not installed" in said
    if root.suite in OLD:
        root.run(*APT, "install", "libbpf0", "python3-bpfcc")
        said = first_row(root, before=old)
        assert "source bcc (core: libbpf 1.0 or later is not installed" in said


@pytest.mark.parametrize("root", OLD, indirect=True)
def test_setup_goes_on_without_libbpf(root, tmp_path):
    """A checkout's own way in: what cannot be had is said, and the next source is taken."""
    archive = tmp_path / "sigtrace.tar"
    subprocess.run(["git", "archive", "-o", archive, "HEAD"], cwd=ROOT, check=True)
    tar = root.take(archive)
    root.run(*APT, "install", "make")
    checkout = "/root/a checkout"
    root.run("sh", "-ec", f"mkdir '{checkout}'; tar -x -f {tar} -C '{checkout}'")
    said = root.run("make", "-C", checkout, "setup").stdout
    assert "libbpf1 cannot be had here: kernels before 6.4 are traced through bcc" in said
    assert f"now: '{checkout}/.venv/bin/sigtrace'" in said
    assert root.run("make", "-C", checkout, "setup").stdout.count("\n") <= 3, "nothing twice"
    path = f"PATH={checkout}/.venv/bin:/usr/sbin:/usr/bin"
    old = ("sh", "-ec", OLDER_KERNEL.format(package=f"'{checkout}'"), "sh", "env", path)
    assert "source bcc (core: " in first_row(root, before=old)


def test_upgrade_removal_and_purge(root, packages):
    now, later = packages
    root.run(*APT, "install", "python3", "adduser", "systemd")
    before = root.files()
    root.run(*APT, "install", *map(root.take, now.values()))
    assert "sigtrace" in root.run("sigtrace", "--version").stdout
    assert root.run("getent", "passwd", "sigtrace").stdout
    units = [path for path in root.files() if path.startswith("etc/systemd") and path not in before]
    assert units == [], "the service is enabled, or has a file in /etc"

    options = root.folder / "etc/default/sigtrace-record"
    options.write_text('SIGTRACE_OPTIONS="--max-size 7M"\n')
    recording = root.folder / "var/lib/sigtrace/host-1-2.jsonl"
    recording.parent.mkdir()
    recording.write_text("{}\n")

    def stays():
        assert options.read_text() == 'SIGTRACE_OPTIONS="--max-size 7M"\n'
        assert recording.read_text() == "{}\n"

    root.run(*APT, "install", *map(root.take, later.values()))
    assert root.run("dpkg-query", "-W", "-f", "${Version}", "sigtrace").stdout.endswith("later")
    stays()
    root.run(*APT, "remove", "sigtrace", "sigtrace-record")
    stays()
    assert not (root.folder / "usr/bin/sigtrace").exists()
    assert not (root.folder / "usr/lib/sigtrace").exists()
    root.run(*APT, "purge", "sigtrace*")
    after = root.files()
    changed = sorted(path for path in {*before, *after} if before.get(path) != after.get(path))
    assert changed == []
