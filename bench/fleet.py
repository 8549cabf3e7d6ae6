"""``python -m bench.fleet [ROWS] [DIR]``: questions to a simulated fleet of a thousand hosts and thirty days, as Parquet made by SQL.

Told are bytes a row, and seconds a question: of a file a host and day, as ``sigtrace export`` leaves it, and of a file
a day. What is planted in it is what tests/fleet looks for.
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tracer.fleet.ask import QUESTIONS, Asked, ask
from tracer.fleet.engine import connect, quoted

DAYS = 30
FIRST = "2026-10-01"
DEPLOY = "2026-10-21T00:00:00Z"
# The fleet has forty units that nothing is wrong with. Planted are: an OOM kill a day on 3 % of the hosts since the
# deploy, a cron job that kills on one host, a unit that crashes every five minutes for ten hours on another, and one
# that has to be killed because it does not stop.
LEAKING, KILLED, CRASHING, STUBBORN = (
    *("api.service", "redis.service", "broken.service"),
    "worker.service",
)
CRON_HOST, LOOP_HOST = "host0042", "host0007"
LOOPS = 120


@dataclass(frozen=True)
class Fleet:
    hosts: int
    rows: int

    @property
    def leaking(self) -> int:
        """Hosts that the deploy hurts."""
        return sum(1 for host in range(self.hosts) if host % 100 < 3)

    @property
    def stubborn(self) -> int:
        """Hosts on which one unit does not stop."""
        return len(range(0, self.hosts, 50))


def _noise(fleet: Fleet, day: int) -> str:
    """Signals that were handled, and stops by the manager: three of five pairs, and two."""
    return f"""
    SELECT host, {day} AS day, at_s, k, half, unit,
           CASE WHEN is_stop THEN 'SIGTERM' ELSE 'SIGUSR1' END AS signal,
           CASE WHEN is_stop AND half = 1 THEN 'exit' ELSE 'signal' END AS event,
           'kill' AS origin, 'systemd' AS sender, 'root' AS sender_user, 'init.scope' AS sender_unit,
           NULL AS earlier
    FROM (SELECT k, half, is_stop,
                 CAST(hash(k) % {fleet.hosts} AS INTEGER) AS host,
                 CAST((hash(k) // 67108864) % 86400 AS INTEGER) AS at_s,
                 'unit' || CAST((hash(k) // 8589934592) % 40 AS VARCHAR) || '.service' AS unit
          FROM (SELECT (i // 2) * {DAYS} + {day} AS k, i % 2 AS half, (i // 2) % 5 >= 3 AS is_stop
                FROM range({fleet.rows // DAYS}) counted(i)))"""


def _planted(fleet: Fleet) -> list[str]:
    """Each pair: the signal and the end."""
    pair = "FROM range({days}) d(day), range({hosts}) n(host), range(2) b(half)"
    every = pair.format(days=DAYS, hosts=fleet.hosts)
    kinds = "CASE WHEN half = 1 THEN 'exit' ELSE 'signal' END"
    return [
        f"SELECT host, day, 36000, 1000000000 + host * 100 + day, half, '{LEAKING}', 'SIGKILL', {kinds}, 'oom', NULL, NULL, NULL, NULL {every} WHERE host % 100 < 3 AND day >= 20",
        f"SELECT host, day, 10800, 2000000000 + day, half, '{KILLED}', 'SIGKILL', {kinds}, 'kill', 'cleanup.sh', 'backup', 'cron.service', NULL {every} WHERE host = 42",
        f"SELECT 7, 3, nth * 300, 3000000000 + nth, half, '{CRASHING}', 'SIGSEGV', {kinds}, 'fault', NULL, NULL, NULL, NULL FROM range({LOOPS}) r(nth), range(2) b(half)",
        f"SELECT host, day, 7200, 4000000000 + host * 100 + day, half, '{STUBBORN}', 'SIGKILL', {kinds}, 'kill', 'systemd', 'root', 'init.scope', 'SIGTERM' {every} WHERE host % 50 = 0",
    ]


def rows_of(fleet: Fleet, day: int) -> str:
    """A SELECT of a day's rows: the columns that the questions read, and the line."""
    signal = "(event = 'signal')"
    stamp = "strftime(moment, '%Y-%m-%dT%H:%M:%S.%f') || '000Z'"
    sender = "CASE WHEN event = 'signal' AND sender IS NOT NULL THEN {'pid': 1, 'comm': sender, 'user': sender_user, 'unit': sender_unit} END"
    victim = "{'pid': pid, 'comm': split_part(unit, '.', 1), 'unit': unit}"
    earlier = "CASE WHEN event = 'signal' AND earlier IS NOT NULL THEN {'id': 'e-' || id, 'signal': {'number': 15, 'name': earlier}, 'after_ns': 90000000000} END"
    return f"""
    SELECT event, id, timezone('UTC', moment) AS time, 'core' AS source, signal,
           CASE WHEN {signal} THEN origin END AS origin,
           CASE WHEN origin = 'oom' AND {signal} THEN 'cgroup' END AS oom_scope,
           CASE WHEN {signal} AND sender IS NOT NULL THEN 1 END AS sender_pid,
           CASE WHEN {signal} THEN sender END AS sender_comm,
           CASE WHEN {signal} THEN sender_user END AS sender_user_name,
           CAST(NULL AS BIGINT) AS sender_uid,
           CASE WHEN {signal} THEN sender_unit END AS sender_unit,
           CASE WHEN {signal} THEN pid END AS target_pid,
           CASE WHEN {signal} THEN unit END AS target_unit,
           CASE WHEN NOT {signal} THEN pid END AS process_pid,
           CASE WHEN NOT {signal} THEN unit END AS process_unit,
           CASE WHEN NOT {signal} THEN 's' || k END AS cause,
           CASE WHEN {signal} AND earlier IS NOT NULL THEN 'e-' || id END AS escalates_id,
           CASE WHEN {signal} THEN earlier END AS escalates_signal,
           CASE WHEN {signal} AND earlier IS NOT NULL THEN 90000000000 END AS escalates_after_ns,
           CAST(NULL AS BIGINT) AS folded,
           to_json({{'v': 1, 'event': event, 'id': id, 'time': {stamp}, 'source': 'core', 'host': name,
                    'signal': {{'number': number, 'name': signal}}, 'origin': CASE WHEN {signal} THEN origin END,
                    'oom': CASE WHEN origin = 'oom' AND {signal} THEN {{'scope': 'cgroup'}} END,
                    'sender': {sender}, 'target': CASE WHEN {signal} THEN {victim} END,
                    'process': CASE WHEN NOT {signal} THEN {victim} END,
                    'cause': CASE WHEN NOT {signal} THEN 's' || k END, 'escalates': {earlier}}}) AS raw,
           CAST(moment AS DATE) AS date, name AS host
    FROM (SELECT *, CASE WHEN event = 'exit' THEN 'x' ELSE 's' END || k || CASE WHEN half = 1 AND event = 'signal' THEN 'b' ELSE '' END AS id,
                 CAST(k % 30000 + 2 AS BIGINT) AS pid,
                 CASE signal WHEN 'SIGTERM' THEN 15 WHEN 'SIGKILL' THEN 9 WHEN 'SIGSEGV' THEN 11 ELSE 10 END AS number,
                 'host' || lpad(CAST(host AS VARCHAR), 4, '0') AS name,
                 TIMESTAMP '{FIRST} 00:00:00' + to_seconds(CAST(day AS BIGINT) * 86400 + at_s) + to_microseconds(CAST(half AS BIGINT)) AS moment
          FROM ({_noise(fleet, day)} UNION ALL {" UNION ALL ".join(_planted(fleet))}) WHERE day = {day})"""


def write(fleet: Fleet, folder: Path, by: str) -> None:
    """``by``: "date, host", or "date" for a file a day. A day at a time, which is what has to fit in memory."""
    order = "ORDER BY date, event, host, time" if by == "date" else ""
    connection = connect()
    for day in range(DAYS):
        connection.execute(
            f"COPY ({rows_of(fleet, day)} {order}) TO {quoted(str(folder))}"
            f" (FORMAT parquet, COMPRESSION zstd, PARTITION_BY ({by}), OVERWRITE_OR_IGNORE)"
        )


def lines(fleet: Fleet) -> list[str]:
    """The same as lines of a recording, of all hosts."""
    connection = connect()
    days = (connection.execute(f"SELECT raw FROM ({rows_of(fleet, day)})") for day in range(DAYS))
    return [row[0] for day in days for row in day.fetchall()]


def _measure(folder: Path) -> str:
    told = []
    for question, about in QUESTIONS.items():
        asked = Asked(question, str(folder), KILLED if about == "NAME" else None, DEPLOY)
        began = time.monotonic()
        ask(asked)
        told.append(f"{question} {time.monotonic() - began:.2f}")
    return ", ".join(told)


def main() -> None:
    rows = int(float(sys.argv[1])) if len(sys.argv) > 1 else 10_000_000
    with tempfile.TemporaryDirectory(dir=sys.argv[2] if len(sys.argv) > 2 else None) as room:
        for hosts, by in ((1000, "date"), (100, "date, host")):
            folder = Path(room) / by.replace(", ", "-")
            began = time.monotonic()
            write(Fleet(hosts, rows), folder, by)
            files = list(folder.rglob("*.parquet"))
            size = sum(path.stat().st_size for path in files)
            print(
                f"{rows:,} rows of {hosts:,} hosts by {by}: {len(files):,} files, {size / rows:.1f} bytes a row,"
                f" written in {time.monotonic() - began:.0f} s; seconds a question: {_measure(folder)}",
                flush=True,
            )


if __name__ == "__main__":
    main()
