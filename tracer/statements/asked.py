"""Who may have asked: sudo, cron, polkit, sshd."""

from __future__ import annotations

from tracer.statements.row import Row, Table

# plugins/sudoers/logging.c: "USER : [why not ;] TTY=… ; PWD=… ; USER=… ; COMMAND=…".
_SUDO = rb"(?: TTY=(?P<tty>[^;]*?) ;)?(?: CWD=[^;]*;)?(?: PWD=(?P<pwd>[^;]*?) ;)? USER=(?P<as_user>[^;]*?) ;(?: GROUP=[^;]*;)?(?: TSID=[^;]*;)?(?: ENV=.*?;)? COMMAND=(?P<command>.*)"
SUDO = Table(
    "sudo",
    (
        Row("command asked", rb"\s*(?P<user>\S+) :" + _SUDO, b" ; COMMAND=", versions="all"),
        Row("command refused", rb"\s*(?P<user>\S+) : (?P<reason>[^;=]+) ;" + _SUDO, b" ; COMMAND=", versions="all"),
    ),
    speakers=frozenset((b"sudo",)),
    proof={b"_COMM": frozenset((b"sudo", b"sudo.ws", b"sudo-rs"))},
    programs=frozenset((b"sudo", b"sudo.ws", b"sudo-rs")),
)  # fmt: skip

# vixie-cron and cronie, log_it(): "(USER) CMD (COMMAND)"; capitals for what is run.
CRON = Table(
    "cron",
    (
        Row("cron ran", rb"\((?P<user>[^)]+)\) CMD \((?P<command>.*)\)", b") CMD (", versions="all"),
        Row("cron ran", rb"(?:Job `.*?' started|\((?P<user>[^)]+)\) JOB (?P<command>.*))", b") JOB ", versions="anacron, old cron"),
    ),
    speakers=frozenset((b"CRON", b"cron", b"crond", b"CROND", b"anacron")),
    proof={b"_COMM": frozenset((b"CRON", b"cron", b"crond", b"CROND", b"anacron"))},
    units=(),
)  # fmt: skip

# src/polkitbackend/polkitbackendinteractiveauthority.c.
POLKIT = Table(
    "polkitd",
    (
        Row("authorised", rb"Operator of \S+ successfully authenticated as unix-user:(?P<as_user>\S+) to gain \S+ authorization for action (?P<action>\S+) for (?:unix-process:(?P<pid>\d+):\S+|\S+) \[(?P<command>.*?)\] \(owned by unix-user:(?P<user>[^)]+)\)", b"successfully authenticated as unix-user", versions="all"),
    ),
    speakers=frozenset((b"polkitd", b"polkit")),
    proof={b"_COMM": frozenset((b"polkitd",))},
    units=(b"polkit.",),
)  # fmt: skip

# auth.c, auth_log().
SSHD = Table(
    "sshd",
    (
        Row("logged in", rb"Accepted (?P<method>\S+) for (?P<user>\S+) from (?P<address>\S+) port (?P<port>\d+).*", b"Accepted ", versions="all"),
    ),
    speakers=frozenset((b"sshd", b"sshd-session")),
    proof={b"_COMM": frozenset((b"sshd", b"sshd-session", b"sshd-auth"))},
    programs=frozenset((b"sshd", b"sshd-session", b"sshd-auth")),
    units=(),
)  # fmt: skip
