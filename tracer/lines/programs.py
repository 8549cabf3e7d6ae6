"""Heads of lines in the own logs of programs that watch over others: a table, a row a program, by whose form alone it is
told who speaks. Sources are named at the rows.

A text log proves no speaker: with such a head a line is of no kernel and no manager, whatever its words are.
"""

from __future__ import annotations

import re

# Levels that stand where syslog has a host.
LEVEL = rb"(?:CRIT|ERRO|WARN|INFO|DEBG|TRAC|BLAT|ERROR|WARNING|DEBUG|FATAL|CRITICAL) "
ISO = (
    rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?(?: (?!"
    + LEVEL
    + rb")[A-Z]{3,5}(?= ))?"
)
_MONTH = rb"[A-Z][a-z]{2}"
_CLOCK = rb"\d\d:\d\d:\d\d(?:[.,]\d{1,9})?"
# Tue Dec 22 19:00:20.793 2018, as ctime(3) has it.
_CTIME = rb"(?:[A-Z][a-z]{2} )?" + _MONTH + rb" [ \d]\d " + _CLOCK + rb" (?:19|20)\d\d"
_DATE = rb"(?P<date>%s)"
# What collectors put before a line of theirs: [address] [stream], or a container's name and a bar.
LEAD = rb"(?:\[[^\]\s]{1,64}\] ){0,3}(?:[\w.-]{1,64} +\| )?"
_PID = rb"(?P<pid>\d{1,10})"
_LEVELS = rb"(?:emerg|alert|crit|error|warn|notice|info|debug)"
# supervisor/supervisord.py, process.py: of what is told at the level INFO.
_SUPERVISED = rb"(?:exited|stopped|spawned|success|gave up|reaped unknown pid|waiting for|supervisord started|received|daemonizing|RPC|killing)\b"

PROGRAMS: dict[bytes, tuple[re.Pattern[bytes], ...]] = {
    tag: tuple(re.compile(LEAD + head) for head in heads)
    for tag, heads in {
        # gunicorn/glogging.py, error_fmt.
        b"gunicorn": (rb"\[" + _DATE % ISO + rb"\] \[" + _PID + rb"\] \[[A-Z]+\] ", _DATE % ISO + rb" \[" + _PID + rb"\] \[[A-Z]+\] "),
        # celery/app/defaults.py, worker_log_format.
        b"celery": (rb"\[" + _DATE % ISO + rb": [A-Z]+/[\w-]+(?:\([^)]*\))?\] ",),
        # sapi/fpm/fpm/zlog.c.
        b"php-fpm": (rb"\[" + _DATE % (rb"\d\d-" + _MONTH + rb"-\d{4} " + _CLOCK) + rb"(?: [A-Z]+)?\] [A-Z]+: (?:pid " + _PID + rb", \w+\(\), line \d+: )?",),
        # src/core/ngx_log.c.
        b"nginx": (_DATE % (rb"\d{4}/\d\d/\d\d " + _CLOCK) + rb" \[" + _LEVELS + rb"\] " + _PID + rb"#\d+: (?:\*\d+ )?",),
        # server/core.c, core_generate_log_prefix(); 2.2 had no pid.
        b"httpd": (rb"\[" + _DATE % _CTIME + rb"\] \[(?:\w+:)?" + _LEVELS + rb"\] (?:\[pid " + _PID + rb"(?::tid \d+)?\] )?",),
        # log_line_prefix "%m [%p] " (PostgreSQL 10+), "%t [%p-%l] " (Debian before).
        b"postgres": (_DATE % ISO + rb" \[" + _PID + rb"(?:-\d+)?\] (?:\S+ ){0,3}?(?=(?:LOG|DETAIL|HINT|WARNING|ERROR|FATAL|PANIC|STATEMENT|CONTEXT|NOTICE): )",),
        # supervisor/loggers.py: its levels have four letters.
        b"supervisord": (_DATE % ISO + rb" (?:CRIT|ERRO|WARN|DEBG|TRAC|BLAT|INFO (?=" + _SUPERVISED + rb")) ?",),
        # core/logging.c, uwsgi_log().
        b"uwsgi": (_DATE % _CTIME + rb" - ",),
        # src/server.c, serverLogRaw(), and what its handler of signals writes; up to 2.8 [pid].
        b"redis-server": (
            rb"(?:\[" + _PID + rb"\]|" + _PID.replace(b"<pid>", b"<pid_>") + rb":[A-Z]) " + _DATE % (rb"\d\d " + _MONTH + rb"(?: \d{4})? " + _CLOCK) + rb" [.*#-] ",
            rb"(?:\[" + _PID + rb" \| signal handler\]|" + _PID.replace(b"<pid>", b"<pid_>") + rb":signal-handler) ?\(" + _DATE % rb"\d{9,10}" + rb"\) ",
        ),
        # src/log.c of monit.
        b"monit": (rb"\[(?:[A-Z]{3,5} )?" + _DATE % (_MONTH + rb" [ \d]\d " + _CLOCK) + rb"\] (?:error|info|warning|debug|critical) +: ",),
        # src/libs/zbxlog/log.c; sql/log.cc: up to 5.6 and MariaDB 10.1 yymmdd; a fault's own line has the clock alone.
        b"zabbix": (rb"\s*" + _PID + rb":" + _DATE % rb"\d{8}:\d{6}\.\d{3}" + rb" ",),
        b"mysqld": (_DATE % rb"\d\d:\d\d:\d\d UTC" + rb" - (?=mysqld|mariadbd)", _DATE % rb"\d{6} +\d{1,2}:\d\d:\d\d" + rb" (?=\[|mysqld|mariadbd|InnoDB|- )",),
        # lib/binaries/CLI.js and lib/God.js, through moment().
        b"pm2": (rb"(?:PM2 +\| )?" + _DATE % ISO + rb": (?:PM2 (?:log|error): |(?=App name:|App \[|Process with pid |Starting execution sequence))",),
        # erts/etc/common/heart.c, print_error().
        b"heart": (rb"heart: " + _DATE % _CTIME + rb": ",),
        # talosctl dmesg: the facility is that of the kernel's record.
        b"kernel": (rb"[\w.:-]+: kern: +\w+: \[" + _DATE % ISO + rb"\]: ",),
    }.items()
}  # fmt: skip

# What no head of a program's begins otherwise than.
MAY_BE = re.compile(
    rb"\s*[\[\d]|[A-Z][a-z]{2} |heart: |PM2|[\w.-]{1,64} +\| |[\w.:-]{1,64}: kern: "
)
