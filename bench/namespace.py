"""A mount namespace of our own: what rivals want mounted is mounted there, and leaves no trace."""

from __future__ import annotations

import os
import platform
import resource
import signal
import subprocess
import sys
from pathlib import Path

from bench.audit import enable_once

MARK = "SIGTRACE_BENCH_NAMESPACE"
MODULES = Path("/lib/modules")
HEADERS = Path("/usr/src")


def enter(*, audited: bool) -> None:
    """Become the same program inside, unless this is inside already: in a new process, for none is audited that was
    born before audit was enabled for the first time, and the benchmark sends signals itself (``audited``)."""
    if os.environ.get(MARK) is None:
        if os.geteuid() != 0:
            sys.exit("python -m bench: tracing needs root\n  try: sudo make bench")
        if audited:
            enable_once()
        words = ["unshare", "--mount", "--propagation", "private", sys.executable, "-m", "bench"]
        pid = os.fork()
        if pid == 0:
            os.execvpe(words[0], [*words, *sys.argv[1:]], {**os.environ, MARK: "1"})
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # The terminal sends it to both.
        signal.signal(signal.SIGTERM, lambda *_: os.kill(pid, signal.SIGTERM))
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    for kind, place in (("tracefs", "/sys/kernel/tracing"), ("debugfs", "/sys/kernel/debug")):
        if not os.listdir(place):
            subprocess.run(["mount", "-t", kind, kind, place], check=False)
    _lend_headers()
    try:
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (resource.RLIM_INFINITY,) * 2)
    except (OSError, ValueError):
        pass  # bpftrace complains, and works: BPF memory is accounted by cgroup since Linux v5.11


def _lend_headers() -> None:
    """killsnoop compiles with kernel headers; those of another version serve for what it reads."""
    place = MODULES / platform.release()
    found = sorted(HEADERS.glob("linux-headers-*-common"))
    if not found or (place / "build").exists() or not MODULES.is_dir():
        return
    common = found[-1]
    build = next(HEADERS.glob(f"{common.name.removesuffix('-common')}-*[!n]"), common)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(MODULES)], check=True)
    place.mkdir()
    (place / "build").symlink_to(build)
    (place / "source").symlink_to(common)
