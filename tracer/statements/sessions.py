"""Core dumps, sessions, the way down, the journal's own gaps: systemd's other daemons, Upstart, sshd."""

from __future__ import annotations

from tracer.statements.row import Row, Table

# src/coredump/: the fields tell everything, the words little. A core that is kept has COREDUMP_FILENAME; since v215
# it stands in the entry only where it lies in a file.
_COREDUMP = {
    "pid": (b"COREDUMP_PID",),
    "tid": (b"COREDUMP_TID",),
    "comm": (b"COREDUMP_COMM",),
    "thread_comm": (b"COREDUMP_THREAD_NAME",),
    "uid": (b"COREDUMP_UID",),
    "exe": (b"COREDUMP_EXE",),
    "signal": (b"COREDUMP_SIGNAL",),
    "unit": (b"COREDUMP_UNIT", b"COREDUMP_USER_UNIT"),
    "cgroup": (b"COREDUMP_CGROUP",),
    "file": (b"COREDUMP_FILENAME",),
    "truncated": (b"COREDUMP_TRUNCATED",),
    "rlimit": (b"COREDUMP_RLIMIT",),
    "timestamp": (b"COREDUMP_TIMESTAMP",),
    "command_line": (b"COREDUMP_CMDLINE",),
    "session": (b"COREDUMP_SESSION",),
}
_CRASHED = rb"Process (?P<pid>\d+) \((?P<comm>.*?)\)(?: of user (?P<uid>\d+))? "
COREDUMP = Table(
    "systemd-coredump",
    (
        Row("core dumped", _CRASHED + rb"dumped core\.(?:\s.*)?", b" dumped core.", ids=(b"fc2e22bc6ee647b6b90729ab34a250b1",), fields=_COREDUMP, makes=("says", "dumped"), versions="v183+"),
        Row("core dumped", _CRASHED + rb"terminated abnormally without generating a coredump\.(?:\s.*)?", b" terminated abnormally", fixed={"stored": False}, versions="v255+"),
        Row("core dumped", rb"Resource limits disable core dumping for process (?P<pid>\d+) \((?P<comm>.*?)\)\.", b"Resource limits disable core dumping", fixed={"stored": False, "rlimit": 0}, versions="v231+"),
        Row("core dumped", _CRASHED + rb"terminated abnormally with signal (?P<signal>\d+)/\w+, processing\.\.\.", b" terminated abnormally", ("says", "died"), versions="v256+"),
        Row("core dumped", ids=(b"5aadd8e954dc4b1a8c954d63fd9e1137",), fixed={"truncated": True}, versions="v232+"),
    ),
    speakers=frozenset((b"systemd-coredump", b"systemd-coredum")),
    proof={b"_COMM": frozenset((b"systemd-coredum",))},
    programs=frozenset((b"systemd-coredump",)),
    units=(b"systemd-coredump@",),
)  # fmt: skip

# src/login/: with KillUserProcesses=yes nothing waits: "Removed session" and the stop of session-ID.scope follow.
_SESSION = {"session": (b"SESSION_ID",), "user": (b"USER_ID",), "class": (b"CLASS",), "type": (b"TYPE",), "pid": (b"LEADER",)}  # fmt: skip
LOGIND = Table(
    "systemd-logind",
    (
        Row("session began", rb"New session '?(?P<session>\w+)'? of user '?(?P<user>[^'\s]+?)'?(?: with class '(?P<class>[\w-]+)' and type '(?P<type>[\w-]+)')?\.", b"New session ", ids=(b"8d45620c1a4348dbb17410da57c60c66",), fields=_SESSION, versions="v190+"),
        Row("session ended", rb"Removed session (?P<session>\w+)\.", b"Removed session ", ids=(b"3354939424b4456d9802ca8333ed424a",), fields=_SESSION, versions="v190+"),
        Row("session logged out", rb"Session (?P<session>\w+) logged out\. Waiting for processes to exit\.", b" logged out. Waiting", versions="v239+"),
        Row("session idle", rb"Session \"(?P<session>\w+)\" of user \"(?P<user>.*?)\" is idle, stopping\.", b" is idle, stopping", funcs=(b"session_dispatch_stop_on_idle",), versions="v252+"),
        Row("shutdown", rb"(?:The system will|System is) (?P<kind>(?:power|reboot|halt)ing[\w ]*|reboot|power ?off|halt|kexec)\b.*", b"System is ", ids=(b"98268866d1d54a499c4e98921d93bc40",), fields={"kind": (b"SHUTDOWN",)}, versions="v190+"),
        Row("shutdown", rb"The system will (?P<kind>power off|reboot|halt|kexec|soft-reboot) now!", b"The system will ", versions="v246+"),
        Row("shutdown scheduled", ids=(b"9e7066279dc8403da79ce4b1a69064b2",), fields={"kind": (b"SHUTDOWN",)}, versions="v252+"),
        Row("shutdown cancelled", ids=(b"249f6fb9e6e2428c96f3f0875681ffa3",), fields={"kind": (b"SHUTDOWN",)}, versions="v252+"),
        Row("sleep", ids=(b"6bbd95ee977941e497c48be27c254128",), fixed={"state": "entry"}, fields={"kind": (b"SLEEP",)}, versions="v190+"),
        Row("sleep", ids=(b"8811e6df2a8e40f58a94cea26f8ebf14",), fixed={"state": "exit"}, fields={"kind": (b"SLEEP",)}, versions="v190+"),
    ),
    speakers=frozenset((b"systemd-logind", b"systemd-sleep", b"elogind", b"elogind-daemon")),
    proof={b"_COMM": frozenset((b"systemd-logind", b"systemd-sleep", b"elogind-daemon"))},
    programs=frozenset((b"systemd-logind", b"systemd-sleep", b"elogind-daemon", b"elogind")),
    units=(),
)  # fmt: skip

JOURNALD = Table(
    "systemd-journald",
    (
        Row("journal began", rb"Journal started", b"Journal st", ids=(b"f77379a8490b408bbe5f6940505a777b",), versions="v38+"),
        Row("journal ended", rb"Journal stopped", b"Journal st", ids=(b"d93fb3c9c24d451a97cea615ce59c00b",), versions="v38+"),
        Row("messages missed", rb"Suppressed (?P<count>\d+) messages from (?P<whose>\S+)", b"Suppressed ", ids=(b"a596d6fe7bfa4994828e72309e95d61e",), fields={"count": (b"N_DROPPED",)}, versions="v38+"),
        Row("messages missed", rb"Missed (?P<count>\d+) kernel messages", b"Missed ", ids=(b"e9bf28e6e834481bb6f48f548ad13606",), fixed={"whose": "kernel"}, versions="v189+"),
    ),
    speakers=frozenset((b"systemd-journald", b"systemd-journal")),
    proof={b"_COMM": frozenset((b"systemd-journal", b"systemd-journald"))},
    units=(),
)  # fmt: skip

RSYSLOG = Table(
    "rsyslogd",
    (
        Row("messages missed", rb"(?P<whose>\w+)(?:\[.*?\])?: (?P<count>\d+) messages lost due to rate-limiting.*", b" messages lost due to rate-limiting", versions="v5+"),
        Row("messages missed", rb"(?P<whose>.*?): begin to drop messages due to rate-limiting.*", b"begin to drop messages", versions="v5+"),
    ),
    speakers=frozenset((b"rsyslogd", b"rsyslogd-2177")),
)  # fmt: skip

# Upstart, init/job_process.c, job_process_terminated(): until Ubuntu 14.10 and RHEL 6.
UPSTART = Table(
    "init",
    (
        Row("process exited", rb"(?:init: )?(?P<unit>\S+)(?: \([^)]*\))? (?P<kind>[\w-]+) process \((?P<pid>\d+)\) killed by (?P<signal>\w+) signal(?: .*)?", b" signal", ("says", "died"), fixed={"code": "killed"}, versions="all"),
        Row("process exited", rb"(?:init: )?(?P<unit>\S+)(?: \([^)]*\))? (?P<kind>[\w-]+) process \((?P<pid>\d+)\) terminated with status (?P<status>\d+)", b" terminated with status ", ("says", "died"), fixed={"code": "exited"}, versions="all"),
    ),
    speakers=frozenset((b"init", b"kernel")),
)  # fmt: skip

SHUTDOWN = Table(
    "shutdown",
    (
        Row("shutdown", rb"shutting down for system (?P<kind>\w+).*", b"shutting down for system ", versions="sysvinit"),
        Row("shutdown scheduled", rb"Shutdown scheduled for (?P<at>.*?)(?:, use .*)?", b"Shutdown scheduled for ", versions="systemd v183+"),
    ),
    speakers=frozenset((b"shutdown", b"systemd-shutdownd", b"systemd-logind")),
    proof={b"_COMM": frozenset((b"shutdown", b"systemd-shutdow", b"systemd-logind", b"systemctl"))},
    units=(),
)  # fmt: skip
