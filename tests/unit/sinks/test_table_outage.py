"""An outage in the table, whole, at every width."""

from __future__ import annotations

import pytest

from tests.unit.sinks.screen import NOON, SECOND, screen, signal
from tracer.model.event import Ancestor, Exit, Process
from tracer.model.text import columns

pytestmark = pytest.mark.usefixtures("noon")

ORDERS = Process(
    24067,
    24067,
    b"python3",
    uid=3010,
    user="deploy",
    argv=(b"/usr/bin/python3", b"/srv/orders-api.py", b"--port", b"8080"),
    unit=b"orders-api.service",
)
# cron ran a script of deploy's, which kills as root.
CLEANER = Process(
    1350,
    1350,
    b"pkill",
    uid=0,
    user="root",
    argv=(b"pkill", b"-9", b"-x", b"orders-api"),
    ancestors=(
        Ancestor(1345, b"sudo", argv=(b"sudo", b"pkill"), uid=0),
        Ancestor(1340, b"bash", argv=(b"/bin/bash", b"/opt/bin/tidy-workers"), uid=3010),
        Ancestor(702, b"cron", uid=0),
        Ancestor(1, b"systemd", uid=0),
    ),
)
WORKERS = [
    Process(80 + n, 80 + n, b"gunicorn", argv=(b"gunicorn: worker [orders]",)) for n in range(40)
]
USERS = {0: "root", 3010: "deploy"}.get


def outage():
    """A kill, a group kill of forty, a real-time signal, and a stop that takes its time."""
    kill = signal(120_000_000, sender=CLEANER, target=ORDERS)
    yield kill
    yield Exit(NOON + 120_062_000, "x", "core", ORDERS, number=9, cause="1", after_ns=62_000)
    for n, worker in enumerate(WORKERS):
        at = 300_000_000 + n * 1000
        yield signal(at, id="2", number=15, target=worker, call="kill", asked=-80)
    for n, worker in enumerate(WORKERS):
        at = NOON + 301_000_000 + n * 1000
        yield Exit(at, f"y{n}", "core", worker, number=15, cause="2", after_ns=1_000_000)
    yield signal(500_000_000, id="3", number=37, outcome="handled", origin="pid namespace")
    yield signal(600_000_000, id="4", number=15, target=ORDERS)
    yield Exit(NOON + 2_600_000_000, "z", "core", ORDERS, number=15, cause="4", after_ns=2 * SECOND)


SCREENS = {
    60: """\
Mon 2026-11-23 UTC+00:00 on web-3
TIME     SIGNAL    FROM           TO             OUTCOME
12:00:00 SIGKILL   pkill[1350]    orders…[24067] died 62 µs
         └ pkill -9 -x orders-api ← sudo (deploy as root)
         └ to …/python3 /srv/orders-ap… (orders-api.service)
12:00:00 SIGTERM   kill[1350]     'gunicorn…[80] died 1.0 ms
         └ kill -9 24067 ← cleanup.sh[1340] ← cron[702]
         └ to 'gunicorn: worker [orders]'
         • kill(-80): process group 80
12:00:00 └ and 39 more: 'gunicorn: worker [orders]'[…] died
12:00:00 SIGRTMIN+3 kill[1350]    python[24067]  handled
         • because this init of its pid namespace died
12:00:00 SIGTERM   kill[1350]     orders…[24067] delivered
         └ to …/python3 /srv/orders-ap… (orders-api.service)
12:00:02 └ orders-api.py[24067] died of SIGTERM from kill[1…
""",
    80: """\
Mon 2026-11-23 UTC+00:00 on web-3
TIME         SIGNAL    FROM              USER     TO                OUTCOME
12:00:00.120 SIGKILL   pkill[1350]       root     orders-ap…[24067] died 62 µs
             └ pkill -9 -x orders-api ← sudo (deploy as root) ← … ← cron
             └ to …/python3 /srv/orders-api.py --port 8080 (orders-api.service)
12:00:00.300 SIGTERM   kill[1350]        deploy   'gunicorn: w…[80] died 1.0 ms
             └ kill -9 24067 ← cleanup.sh[1340] ← cron[702] ← systemd[1]
             └ to 'gunicorn: worker [orders]'
             • kill(-80): process group 80
12:00:00.300 └ and 39 more: 'gunicorn: worker [orders]'[…] died
12:00:00.500 SIGRTMIN+3 kill[1350]       deploy   python[24067]     handled
             • because this init of its pid namespace died
12:00:00.600 SIGTERM   kill[1350]        deploy   orders-ap…[24067] delivered
             └ to …/python3 /srv/orders-api.py --port 8080 (orders-api.service)
12:00:02.600 └ orders-api.py[24067] died of SIGTERM from kill[1350] 2 s later
""",
    120: """\
Mon 2026-11-23 UTC+00:00 on web-3
TIME         SIGNAL    FROM                     USER           TO                       VIA          OUTCOME
12:00:00.120 SIGKILL   pkill[1350]              deploy as root orders-api.py[24067]     kill         died 62 µs later
             └ pkill -9 -x orders-api ← sudo[1345] (deploy as root) ← tidy-workers[1340] ← cron[702] ← systemd[1]
             └ to /usr/bin/python3 /srv/orders-api.py --port 8080 (orders-api.service)
12:00:00.300 SIGTERM   kill[1350]               deploy         'gunicorn: worker […[80] kill         died 1.0 ms later
             └ kill -9 24067 ← cleanup.sh[1340] ← cron[702] ← systemd[1] → 'gunicorn: worker [orders]'
             • kill(-80): process group 80
12:00:00.300 └ and 39 more: 'gunicorn: worker [orders]'[…] died
12:00:00.500 SIGRTMIN+3 kill[1350]              deploy         python[24067]            pid namespace handled
             • because this init of its pid namespace died
12:00:00.600 SIGTERM   kill[1350]               deploy         orders-api.py[24067]     kill         delivered
             └ to /usr/bin/python3 /srv/orders-api.py --port 8080 (orders-api.service)
12:00:02.600 └ orders-api.py[24067] died of SIGTERM from kill[1350] 2 s later
""",
    200: """\
Mon 2026-11-23 UTC+00:00 on web-3
TIME         SIGNAL    FROM                                             USER           TO                                               VIA          OUTCOME
12:00:00.120 SIGKILL   pkill[1350]                                      deploy as root orders-api.py[24067]                             kill         died 62 µs later
             └ pkill -9 -x orders-api ← sudo[1345] (deploy as root) ← tidy-workers[1340] ← cron[702] ← systemd[1] → /usr/bin/python3 /srv/orders-api.py --port 8080 (orders-api.service)
12:00:00.300 SIGTERM   kill[1350]                                       deploy         'gunicorn: worker [orders]'[80]                  kill         died 1.0 ms later
             └ kill -9 24067 ← cleanup.sh[1340] ← cron[702] ← systemd[1] → 'gunicorn: worker [orders]'
             • kill(-80): process group 80
12:00:00.300 └ and 39 more: 'gunicorn: worker [orders]'[…] died
12:00:00.500 SIGRTMIN+3 kill[1350]                                      deploy         python[24067]                                    pid namespace handled
             • because this init of its pid namespace died
12:00:00.600 SIGTERM   kill[1350]                                       deploy         orders-api.py[24067]                             kill         delivered
             └ to /usr/bin/python3 /srv/orders-api.py --port 8080 (orders-api.service)
12:00:02.600 └ orders-api.py[24067] died of SIGTERM from kill[1350] 2 s later
""",
}


@pytest.mark.parametrize("width", SCREENS)
def test_an_outage_at_every_width(width):
    text = screen(*outage(), width=width, here="web-3", users=USERS)
    assert text == SCREENS[width]
    assert all(columns(line) <= width for line in text.splitlines())
