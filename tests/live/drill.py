"""An outage to look at: a service that a script kills now and then, through sudo, beside noise and a crash loop.

python tests/live/drill.py FOLDER makes it until Ctrl-C: sigtrace, sigtrace --signal 9 and sigtrace --to orders-api
are to say who it is.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

SERVICE = "import signal\nsignal.pause()\n"
# The [] keeps pkill from finding those who were told what to kill.
TIDY = '#!/bin/sh\n{folder}/sudo -c "pkill -9 -f {folder}/[o]rders-api"\ntrue\n'
SUPERVISOR = "#!/bin/sh\nwhile :; do {folder}/orders-api 100000; done\n"
CRASHES = "#!/bin/sh\nwhile :; do {folder}/crashy.py; sleep {crashes}; done\n"
CRASHY = "import ctypes\nctypes.string_at(0)\n"
NOISE = """\
import os, signal, subprocess, time
own = os.fork()
if not own:
    signal.signal(signal.SIGUSR1, lambda *_: None)
    while True:
        signal.pause()
for at in range(10**9):
    time.sleep(0.002)
    os.kill(own, signal.SIGUSR1)
    if at % 250 == 0:
        subprocess.Popen(["sleep", "30"]).send_signal(signal.SIGTERM)
"""
LOOP = "while :; do sleep {kills}; {folder}/tidy-workers; done"


class Drill:
    """Goes on until ``end``; periods are in seconds."""

    def __init__(self, folder: Path, *, kills: float = 2, crashes: float = 0.5) -> None:
        names = {"folder": folder, "kills": kills, "crashes": crashes}
        python = f"#!{os.path.realpath(sys.executable)} -IS\n"
        for name, text in (
            ("orders-api", python + SERVICE),
            ("tidy-workers", TIDY.format(**names)),
            ("supervisor", SUPERVISOR.format(**names)),
            ("crash-loop", CRASHES.format(**names)),
            ("crashy.py", python + CRASHY),
            ("noise.py", python + NOISE),
        ):
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)
        for name in ("cron", "sudo"):
            shutil.copy(os.path.realpath("/bin/sh"), folder / name)
        commands = (
            [folder / "supervisor"],
            [folder / "crash-loop"],
            [folder / "noise.py"],
            [folder / "cron", "-c", LOOP.format(**names)],
        )
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._running = [
            subprocess.Popen(words, start_new_session=True, cwd=folder, **quiet)
            for words in commands
        ]

    def end(self) -> None:
        for running in reversed(self._running):
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()


if __name__ == "__main__":
    drill = Drill(Path(sys.argv[1]).resolve(), kills=20, crashes=3)
    try:
        signal.pause()
    except KeyboardInterrupt:
        pass
    finally:
        drill.end()
