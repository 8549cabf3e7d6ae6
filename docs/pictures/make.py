"""The pictures of the README, from real runs: make pictures (root; tmux, chromium; rich for the drawing)

terminal.svg: a service is killed by a script while it is traced and recorded, and asked about afterwards. It happens in a
mount and a UTS namespace: nothing is left in /var/lib, and the host is called web3. report.png: the page of
examples/outage.py.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.text import Text

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
COLUMNS, ROWS = 104, 27
PATIENCE = 60.0  # seconds
WRITTEN = 2.0  # seconds, after which the recorder has written what it saw
DEMO = Path("/tmp/demo")
ORDERS = "#!/usr/bin/python3\nimport signal\nprint('ready', flush=True)\nsignal.pause()\n"
TIDY = "#!/bin/sh\npkill -9 -x orders-api\n"
HOURLY = "#!/bin/sh\nuntil [ -e go ]; do sleep 0.1; done\nprograms/tidy-workers\n"
# Above the terminal there is nothing from elsewhere: no font is loaded.
SVG = """<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font: {char_height}px "DejaVu Sans Mono", Menlo, Consolas, monospace; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal"><rect width="{terminal_width}" height="{terminal_height}"/></clipPath>{lines}</defs>
<rect width="{width}" height="{height}" rx="8" fill="#1b1e24"/>
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}<g class="{unique_id}-matrix">{matrix}</g></g>
</svg>
"""


class Terminal:
    """A shell in tmux, in namespaces of its own."""

    def __init__(self, folder: Path) -> None:
        self._tmux = ["tmux", "-S", str(folder / "tmux")]
        begin = "mount -t tmpfs tmpfs /var/lib && hostname web3 && exec tmux -S {}/tmux -f /dev/null new-session -d -x {} -y {} {}"
        shell = "env -i PS1='$ ' TERM=tmux-256color LC_ALL=C.UTF-8 PATH={}:/usr/sbin:/usr/bin:/sbin:/bin bash --norc --noprofile"
        shell = shell.format(ROOT / ".venv/bin")
        command = begin.format(folder, COLUMNS, ROWS, shlex.quote(shell))
        subprocess.run(["unshare", "--mount", "--uts", "sh", "-c", command], check=True)

    def type(self, line: str) -> None:
        subprocess.run([*self._tmux, "send-keys", line, "Enter"], check=True)

    def screen(self, *options: str) -> str:
        got = subprocess.run(
            [*self._tmux, "capture-pane", "-p", *options], stdout=subprocess.PIPE, check=True
        )
        return got.stdout.decode()

    def wait_for(self, words: str) -> None:
        end = time.monotonic() + PATIENCE
        while words not in self.screen():
            if time.monotonic() > end:
                raise SystemExit(f"{words!r} never came:\n{self.screen()}")
            time.sleep(0.05)

    def close(self) -> None:
        subprocess.run([*self._tmux, "kill-server"], check=False)


def story(terminal: Terminal) -> str:
    """What stands on the terminal after it, with colours."""
    programs = DEMO / "programs"
    programs.mkdir()
    for name, text in (("orders-api", ORDERS), ("tidy-workers", TIDY), ("hourly", HOURLY)):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    terminal.type(f"cd {DEMO}; set +m; sudo() {{ command $*; }}")
    terminal.type("sigtrace record --no-journal 2>record.log &")
    until(lambda: "recording" in (DEMO / "record.log").read_text())
    terminal.type("programs/orders-api >ready &")
    until(lambda: "ready" in (DEMO / "ready").read_text())
    terminal.type("programs/hourly 2>hourly.log & clear")
    until(lambda: terminal.screen().strip() == "$")
    terminal.type("sudo sigtrace --signal 9 --to orders-api --count 1")
    terminal.wait_for("Ctrl-C stops")
    (DEMO / "go").touch()
    terminal.wait_for("1 signal shown")
    time.sleep(WRITTEN)
    terminal.type("sudo sigtrace why orders-api")
    terminal.wait_for("sure")
    shown = terminal.screen("-e").rstrip("\n")
    terminal.type("clear; kill %1; wait %1; exit")
    return shown


def until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            if is_so():
                return
        except FileNotFoundError:
            pass
        if time.monotonic() > end:
            raise SystemExit("it never began")
        time.sleep(0.05)


def draw(shown: str, path: Path) -> None:
    lines = shown.count("\n") + 1
    with open(os.devnull, "w") as nowhere:
        console = Console(
            record=True, width=COLUMNS, height=lines, file=nowhere, force_terminal=True
        )
        console.print(Text.from_ansi(shown), end="", soft_wrap=True)
        path.write_text(console.export_svg(title="", code_format=SVG, unique_id="t"))


def photograph(page: Path, path: Path) -> None:
    options = ("--headless", "--no-sandbox", "--hide-scrollbars", "--window-size=1240,1400")
    profile = f"--user-data-dir={DEMO / 'profile'}"
    subprocess.run(
        ["chromium", *options, profile, f"--screenshot={path}", page.as_uri()], check=True
    )


def main() -> None:
    DEMO.mkdir()
    try:
        terminal = Terminal(DEMO)
        try:
            draw(story(terminal), HERE / "terminal.svg")
        finally:
            terminal.close()
        subprocess.run([sys.executable, ROOT / "examples/outage.py", DEMO / "outage"], check=True)
        photograph(DEMO / "outage/outage.html", HERE / "report.png")
    finally:
        subprocess.run(["rm", "-r", DEMO], check=True)


if __name__ == "__main__":
    main()
