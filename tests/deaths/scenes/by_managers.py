"""A service manager's signal, with the words that it writes of it."""

from __future__ import annotations

import signal
import subprocess
import time

from scenes.stage import UNIFIED, scene


@scene("stop")
def a_stop(s):
    victim = s.victim_("webshop", "webshop.service")
    s.says("Stopping webshop.service - The shop...")
    victim.terminate()
    s.sender = 1
    victim.wait()
    s.says("webshop.service: Deactivated successfully.")
    s.says("Stopped webshop.service - The shop.")


@scene("stop timeout")
def a_stop_that_ran_out_of_time(s):
    path = s.script(
        "stubborn.sh", "#!/bin/bash\ntrap '' TERM\necho ready\nwhile :; do sleep 0.05; done\n"
    )
    s.what = "stubborn"
    victim = s.victim_(
        "stubborn.sh", "stubborn.service", words=["/bin/bash", path], stdout=subprocess.PIPE
    )
    victim.stdout.readline()
    s.says("Stopping stubborn.service - Will not stop...")
    victim.terminate()
    s.sender = 1
    time.sleep(2.1)
    s.says("stubborn.service: State 'stop-sigterm' timed out. Killing.")
    s.says(f"stubborn.service: Killing process {victim.pid} (bash) with signal SIGKILL.")
    victim.kill()
    victim.wait()
    s.unit_died("stubborn.service", result="timeout")


@scene("watchdog")
def a_watchdog(s):
    victim = s.victim_("heartless", "heartless.service")
    s.says("heartless.service: Watchdog timeout (limit 3s)!")
    s.says(f"heartless.service: Killing process {victim.pid} (heartless) with signal SIGABRT.")
    victim.send_signal(signal.SIGABRT)
    s.sender = 1
    victim.wait()
    s.unit_died("heartless.service", "killed", "6/ABRT", "watchdog")


@scene("start timeout")
def a_start_that_took_too_long(s):
    victim = s.victim_("slowpoke", "slowpoke.service")
    s.says("slowpoke.service: start operation timed out. Terminating.")
    victim.terminate()
    s.sender = 1
    victim.wait()
    s.unit_died("slowpoke.service", "killed", "15/TERM", "timeout")


@scene("killed")
def a_client_of_the_manager(s):
    victim = s.victim_("clientkilled", "clientkilled.service")
    s.says(
        f"clientkilled.service: Sent signal SIGKILL to main process {victim.pid} (clientkilled) on client request."
    )
    victim.kill()
    s.sender = 1
    victim.wait()
    s.unit_died("clientkilled.service")


@scene("killed")
def the_cgroups_kill(s):
    victim = s.victim_("boxed", "boxed.service")
    (UNIFIED / "system.slice" / "boxed.service" / "cgroup.kill").write_text("1")
    s.sender = 1
    victim.wait()


@scene("killed")
def a_kill_beside_a_reload_that_took_too_long(s):
    """A reload of its unit is ended, and a person ends the main process in the same second."""
    s.what = "reloading2"
    reload = s.start([s.program("reloader2"), "1000"], "reloading2.service")
    victim = s.victim_("reloading2", "reloading2.service")
    s.says("reloading2.service: Reload operation timed out. Killing reload process.")
    reload.kill()
    reload.wait()
    s.says("reloading2.service: Control process exited, code=killed, status=9/KILL")
    s.sender = s.bash("zsh", f"kill -9 {victim.pid}; true").pid
    victim.wait()
    s.unit_died("reloading2.service")
