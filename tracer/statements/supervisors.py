"""Supervisors and programs that lost a child, or say which signal they got. Anybody may bear any tag: no speaker is asked
for, the words are peculiar enough, and believed is no more than the transport is."""

from __future__ import annotations

from tracer.statements.row import Row, Table

_LOST = ("says", "died")
# A program of a supervisor's own, never a unit of systemd's: anybody may write such words.
_PROGRAM = rb"(?P<child>(?P<unit>(?!\S+\.(?:service|scope|slice|socket|mount|swap|timer|target|path)\b)[^\s,()]+))"
# A level, a time of its own, a thread, a module: what programs write before their words.
_BEFORE = rb"(?:.{0,200}?[\s\]:>|])??"


def _row(what: str, pattern: bytes, literal: bytes, who: str, makes: tuple[str, ...] = _LOST, number: int | None = None, meaning: str = "", code: str = "") -> Row:  # fmt: skip
    """``code`` is that of wait(2), where the words imply it."""
    fixed = {name: word for name, word in (("meaning", meaning), ("code", code)) if word} or None
    return Row(what, _BEFORE + pattern, literal, makes, number, fixed, versions=who)


_ROWS = (
    # gunicorn/arbiter.py, reap_workers(), murder_workers().
    _row("child lost", rb"Worker \(pid:(?P<pid>\d+)\) was sent (?P<signal>SIG\w+)!.*", b" was sent SIG", "gunicorn 20+"),
    _row("child lost", rb"Worker with pid (?P<pid>\d+) was terminated due to signal (?P<signal>\d+)", b" due to signal ", "gunicorn 20"),
    _row("child lost", rb"Worker \(pid:(?P<pid>\d+)\) exited with code:? (?P<status>\d+)\.?", b" exited with code", "gunicorn 21+", code="exited"),
    _row("child timeout", rb"WORKER TIMEOUT \(pid: ?(?P<pid>\d+)\)", b" (pid:", "gunicorn", ("says",)),
    # billiard/pool.py.
    _row("child lost", rb"Process '(?P<child>[^']+)' pid:(?P<pid>\d+) exited with 'signal (?P<signal>\d+)(?: \(\w+\))?'", b" exited with '", "celery"),
    _row("child lost", rb"Process '(?P<child>[^']+)' pid:(?P<pid>\d+) exited with 'exitcode (?P<status>\d+)'", b" exited with '", "celery", code="exited"),
    _row("child lost", rb"(?:\w+\()?['\"]?Worker exited prematurely: signal (?P<signal>\d+) \(\w+\)(?: Job: (?P<child>\d+))?.*", b"Worker exited prematurely", "celery", ("says",)),
    # src/backend/postmaster/postmaster.c, LogChildExit().
    _row("child lost", rb"(?P<child>[\w \"-]+?) \(PID (?P<pid>\d+)\) was terminated by signal (?P<signal>\d+)(?:: .*)?", b") was terminated by signal ", "PostgreSQL"),
    _row("child lost", rb"(?P<child>[\w \"-]+?) \(PID (?P<pid>\d+)\) exited with exit code (?P<status>\d+)", b") exited with exit code ", "PostgreSQL", code="exited"),
    _row("signal received", rb"received smart shutdown request", b" shutdown request", "PostgreSQL", ("says", "got"), 15, "smart shutdown"),
    _row("signal received", rb"received fast shutdown request", b" shutdown request", "PostgreSQL", ("says", "got"), 2, "fast shutdown"),
    _row("signal received", rb"received immediate shutdown request", b" shutdown request", "PostgreSQL", ("says", "got"), 3, "immediate shutdown"),
    _row("signal received", rb"terminating connection due to administrator command", b"due to administrator command", "PostgreSQL", ("says",), 15, "pg_terminate_backend, or a shutdown"),
    # core/master_utils.c, core/uwsgi.c.
    _row("child lost", rb"DAMN ! (?P<child>worker \d+) \(pid: (?P<pid>\d+)\) died,? ?killed by signal (?P<signal>\d+) :\(.*", b"killed by signal ", "uWSGI"),
    _row("child lost", rb"DAMN ! (?P<child>worker \d+) \(pid: (?P<pid>\d+)\) MYSTERIOUSLY died :\(.*", b" (pid:", "uWSGI", ("says",)),
    _row("child timeout", rb"\*\*\* HARAKIRI ON (?P<child>WORKER \d+) \(pid: (?P<pid>\d+)(?:, try: \d+)?(?:, graceful: \w+)?\) \*\*\*", b" (pid:", "uWSGI", ("says",)),
    # supervisor/process.py.
    _row("child lost", rb"exited: " + _PROGRAM + rb" \(terminated by (?P<signal>SIG\w+)(?: \(core dumped\))?(?:; (?P<expected>not expected|expected))?\)", b" (terminated by SIG", "supervisord"),
    _row("child lost", rb"exited: " + _PROGRAM + rb" \(exit status (?P<status>\d+)(?:; (?P<expected>not expected|expected))?\)", b" (exit status ", "supervisord", code="exited"),
    # finish(): of one that it was asked to stop, or stops with itself.
    _row("stop asked", rb"stopped: " + _PROGRAM + rb" \(terminated by (?P<signal>SIG\w+)(?: \(core dumped\))?\)", b" (terminated by SIG", "supervisord"),
    _row("stop asked", rb"stopped: " + _PROGRAM + rb" \(exit status (?P<status>\d+)\)", b" (exit status ", "supervisord", code="exited"),
    _row("signal received", rb"received SIG(?P<signal>TERM|INT|QUIT) indicating exit request", b" indicating exit request", "supervisord", ("says", "got")),
    _row("child killed", rb"killing '?(?P<child>[^' ]+)'? \((?P<pid>\d+)\) with (?P<signal>SIG\w+)", b"killing ", "supervisord", ("says", "sent")),
    # nginx: src/os/unix/ngx_process.c, ngx_process_get_status(), ngx_signal_handler().
    _row("child lost", rb"(?P<child>[\w ]+process) (?P<pid>\d+) exited on signal (?P<signal>\d+)(?: \(core dumped\))?", b" exited on signal ", "nginx"),
    _row("child lost", rb"(?P<child>[\w ]+process) (?P<pid>\d+) exited with fatal code (?P<status>\d+).*", b" exited with fatal code ", "nginx", ("says",)),
    _row("signal received", rb"(?:(?P<tid>\d+)#\d+: )?signal (?P<signal>\d+) \(SIG\w+\) received from (?P<from_pid>\d+)(?:, .*)?", b" (SIG", "nginx 1.13+", ("got",)),
    _row("signal received", rb"signal (?P<signal>\d+) \(SIG\w+\) received(?:, .*)?", b" (SIG", "nginx up to 1.13", ("says", "got")),
    # httpd: server/mpm_unix.c, ap_process_child_status().
    _row("child lost", rb"(?:AH\d+: )?child (?:process|pid) (?P<pid>\d+) exit signal [\w /]+ \((?P<signal>\d+)\)(?:, possible coredump in .*)?", b" exit signal ", "httpd"),
    _row("signal received", rb"(?:AH\d+: )?caught SIGTERM, shutting down", b"caught SIGTERM", "httpd", ("says",), 15, "stop"),
    # sapi/fpm/fpm/fpm_children.c.
    _row("child lost", rb"\[pool (?P<child>[^\]]+)\] child (?P<pid>\d+) exited on signal (?P<signal>\d+) \(SIG\w+(?: - core dumped)?\) after .*", b" exited on signal ", "php-fpm"),
    _row("child lost", rb"\[pool (?P<child>[^\]]+)\] child (?P<pid>\d+) exited with code (?P<status>\d+) after .*", b" exited with code ", "php-fpm", code="exited"),
    _row("child timeout", rb"\[pool (?P<child>[^\]]+)\] child (?P<pid>\d+), script .* execution timed out \((?P<limit>[^)]+)\), terminating", b" timed out", "php-fpm", ("says",)),
    # sql/signal_handler.cc, handle_fatal_signal(): a fault of its own.
    _row("crashed", rb"(?P<comm>mysqld|mariadbd) got signal (?P<signal>\d+) ;?.*", b" got signal ", "MySQL, MariaDB", ("says",)),
    # src/debug.c, sigsegvHandler().
    _row("crashed", rb"(?:Redis|Valkey) \S+ crashed by signal: (?P<signal>4|6|7|8|11)(?:\D.*)?", b" crashed by signal: ", "Redis", ("says",)),
    # src/hotspot/share/utilities/vmError.cpp, VMError::report().
    # It then aborts, or has its core written so.
    _row("crashed", rb"(?P<meaning>SIG(?:SEGV|BUS|ILL|FPE|TRAP)) \(0x[0-9a-f]+\) at pc=0x[0-9a-f]+, pid=(?P<pid>\d+), tid=(?:0x)?[0-9a-f]+", b" at pc=0x", "JVM", ("says",), 6),
    _row("signal received", rb"Received SIG(?P<signal>TERM|INT),? scheduling shutdown\.\.\.", b"Received SIG", "Redis", ("says", "got"), None, "shutdown"),
    # unicorn, lib/unicorn/http_server.rb; puma, lib/puma/cluster.rb.
    _row("child lost", rb"reaped #<Process::Status: pid (?P<pid>\d+) SIG\w+ \(signal (?P<signal>\d+)\)(?: \(core dumped\))?> (?P<child>worker=\S+)", b" (signal ", "unicorn"),
    _row("child timeout", rb"(?P<child>worker=\d+) PID:(?P<pid>\d+) timeout \((?P<limit>[^)]*)\), killing", b"), killing", "unicorn", ("says",)),
    _row("child timeout", rb"Terminating timed out worker \((?P<limit>.*?)\): (?P<pid>\d+)", b"Terminating timed out worker", "puma", ("says",)),
    _row("child lost", rb"App \[(?P<child>[^\]]+)\] with id \[\d+\] and pid \[(?P<pid>\d+)\], exited with code \[(?P<status>\d*)\] via signal \[SIG(?P<signal>\w+)\]", b"] via signal [", "pm2 1-2"),
    _row("child lost", rb"App \[(?P<child>[^\]]+)\] exited with code \[(?P<status>\d*)\] via signal \[SIG(?P<signal>\w+)\]", b"] via signal [", "pm2", ("says",)),
    # src/udev/udev-manager.c; rspamd: src/rspamd.c.
    _row("child lost", rb"Worker \[(?P<pid>\d+)\] terminated by signal (?P<signal>\d+) \((?:SIG)?\w+\)", b"] terminated by signal ", "systemd-udevd"),
    _row("child lost", rb"(?:(?P<child>\w+) )?process (?P<pid>\d+) terminated abnormally by signal: (?P<signal>\d+)(?: .*)?", b" terminated abnormally by signal: ", "rspamd"),
    # zabbix: src/libs/zbxnix/sighandler.c, with siginfo's own words of who sent.
    _row("signal received", rb"Got signal \[signal:(?P<signal>\d+)\(SIG\w+\),sender_pid:(?P<from_pid>\d+),sender_uid:(?P<from_uid>\d+),reason:-?\d+\]\. Exiting \.\.\.", b"Got signal [signal:", "Zabbix", ("says", "got")),
    _row("crashed", rb"Got signal \[signal:(?P<signal>\d+)\(SIG\w+\),reason:-?\d+,refaddr:\S+\]\. Crashing \.\.\.", b"Got signal [signal:", "Zabbix", ("says",)),
    # podman: libpod/oci_conmon_common.go, StopContainer().
    _row("stop timeout", rb"StopSignal SIG\w+ failed to stop container (?P<container_name>\S+) in (?P<grace>\d+ seconds), resorting to SIGKILL.*", b", resorting to SIGKILL", "podman 4+", ("says",)),
    # src/validate.c of monit; procd's service/instance.c.
    _row("child lost", rb"'(?P<child>[^']+)' process is not running", b"' process is not running", "monit", ("says",)),
    _row("unit failed", rb"Instance (?P<child>\S+) s in a (?P<result>crash loop) (?P<restarts>\d+) crashes, \d+ seconds since last crash", b" s in a crash loop ", "procd", ("says",)),
    # erts/etc/common/heart.c: it kills the emulator, and starts it again.
    _row("child timeout", rb"heart-beat time-out, no activity for (?P<limit>\d+ seconds)", b"heart-beat time-out", "Erlang's heart", ("says",)),
    # bash's and dash's word for a job that a signal ended.
    _row("child lost", rb"\S+: (?:line )?\d+: +(?P<pid>\d+) (?P<meaning>Killed) +.*", b" Killed ", "bash", ("says", "worded")),
    _row("child lost", rb"\S+: (?:line )?\d+: +(?P<pid>\d+) (?P<meaning>Segmentation fault|Aborted|Bus error|Floating point exception|Illegal instruction) +\(core dumped\) +.*", b" (core dumped)", "bash", ("says", "worded")),
    # Batch systems.
    _row("job cancelled", rb"\*\*\* (?:JOB|STEP) (?P<job>\S+) ON \S+ CANCELLED AT \S+ (?P<reason>.*?) ?\*\*\*", b" CANCELLED AT ", "Slurm", ("says",)),
    _row("oom notice", rb"Detected (?P<processes>\d+) oom[_-]kill event(?:\(s\)|s)? in (?:StepId=)?(?P<job>\S+?)\.?(?: .*)?", b"oom_kill event", "Slurm", ("says",)),
    _row("oom notice", rb"Detected (?P<processes>\d+) oom[_-]kill event(?:\(s\)|s)? in (?:step |StepId=)?(?P<job>\S+?)(?: cgroup)?\.?(?: .*)?", b"oom-kill event", "Slurm up to 20.02", ("says",)),
)  # fmt: skip

TABLE = Table("supervisors", _ROWS)
