"""Somebody's signal, or the victim's own end."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from scenes.stage import PATIENCE, UNIFIED, Other, comm_of, scene, until


@scene("killed")
def a_person(s):
    victim = s.victim_("ledger")
    s.sender = s.bash("zsh", f"kill -9 {victim.pid}; true").pid


@scene("killed")
def a_person_asks_a_unit_to_end(s):
    victim = s.victim_("cartapi", "cartapi.service")
    s.sender = s.bash("fish", f"kill -TERM {victim.pid}; true").pid
    victim.wait()
    s.says("cartapi.service: Deactivated successfully.")


@scene("killed")
def cron_and_pkill(s):
    s.what = "orders-api"
    s.victim_("ordersapi", "orders-api.service")
    tidy = s.script(
        "tidy-workers", f"#!/bin/bash\npkill -9 -x ordersapi & echo $! > {s.folder}/killer\nwait\n"
    )
    stamp = time.time()
    s.says(f"(deploy) CMD ({tidy})", "CRON[4242]", stamp)
    cron = s.start([s.program("cron", "/bin/bash"), "-c", f"{tidy}; true"])
    s.victim.wait(PATIENCE)
    s.unit_died("orders-api.service")
    cron.wait()
    s.sender = int((s.folder / "killer").read_text())


@scene("killed")
def pkill_by_the_whole_line(s):
    victim = s.victim_(
        "worker.py",
        words=["/usr/bin/python3", "-c", "import time; time.sleep(999)", "--queue=mailq"],
    )
    time.sleep(0.1)
    s.what = str(victim.pid)
    # Only the victim: its parent is named, so that no other's command line is hit.
    s.sender = s.start(["pkill", "-9", "-P", str(os.getpid()), "-f", "queue=mailq"]).pid
    victim.wait()


@scene("killed")
def a_supervisor(s):
    text = (
        "import os,signal,subprocess,sys,time\n"
        "p=subprocess.Popen([sys.argv[1],'1000']); print(p.pid,flush=True)\n"
        "time.sleep(.05); p.kill(); p.wait()\n"
    )
    boss = s.start(
        [
            s.program("supervisord", "/usr/bin/python3"),
            s.script("boss.py", text),
            s.program("kidproc"),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    pid = int(boss.stdout.readline())
    s.pids.append(pid)
    boss.wait()
    s.what, s.victim, s.sender = "kidproc", Other(pid, -9), boss.pid


@scene("killed")
def a_handler_that_exits(s):
    path = s.script(
        "polite.sh", "#!/bin/bash\ntrap 'exit 0' TERM\necho ready\nwhile :; do sleep 0.05; done\n"
    )
    victim = s.victim_("polite.sh", words=["/bin/bash", path], stdout=subprocess.PIPE)
    victim.stdout.readline()
    s.sender = s.bash("zsh", f"kill -TERM {victim.pid}; true").pid


@scene("killed")
def a_handler_that_raises_again(s):
    text = (
        "import os,signal\n"
        "def h(n,f):\n signal.signal(n,signal.SIG_DFL); os.kill(os.getpid(),n)\n"
        "signal.signal(15,h); print('ready',flush=True)\n"
        "while True: signal.pause()\n"
    )
    victim = s.victim_(
        "again.py", words=["/usr/bin/python3", s.script("again.py", text)], stdout=subprocess.PIPE
    )
    victim.stdout.readline()
    s.sender = s.bash("zsh", f"kill -TERM {victim.pid}; true").pid


@scene("killed")
def itself(s):
    s.victim_("suicidal", words=[s.program("suicidal", "/bin/bash"), "-c", "kill -9 $$"])
    s.sender = s.victim.pid


@scene("killed")
def a_container(s):
    name = "4f5e6d7c8b9a" + "0123456789abcdef" * 3 + "0123"
    group = s.group(UNIFIED / "docker" / name)

    def enter():
        (group / "cgroup.procs").write_text(str(os.getpid()))

    victim = s.victim_("boxsleeper", words=[s.program("boxsleeper"), "1000"], before=enter)
    s.what = name[:12]
    until(lambda: comm_of(Path(f"/proc/{victim.pid}")) == "boxsleeper")
    s.sender = s.bash("dockerd", f"kill -9 {victim.pid}; true").pid


@scene("exit")
def a_status(s):
    s.what = "report-job"
    s.victim_(
        "reportjob",
        "report-job.service",
        words=[s.program("reportjob", "/bin/bash"), "-c", "exit 3"],
    )
    s.victim.wait()
    s.unit_died("report-job.service", "exited", "3/NOTIMPLEMENTED", "exit-code")


@scene("exit")
def a_status_of_a_shell(s):
    """The shell lives on and exits with 137: its child was killed, not it."""
    s.victim_(
        "wrapper.sh",
        words=[
            "/bin/bash",
            s.script("wrapper.sh", "#!/bin/bash\nsleep 100 &\nkill -9 $!\nwait $!\nexit $?\n"),
        ],
    )
