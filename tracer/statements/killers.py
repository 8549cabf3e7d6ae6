"""User space that kills for want of memory: systemd-oomd, earlyoom, nohang."""

from __future__ import annotations

from tracer.statements.row import Row, Table

# src/oom/oomd-manager.c, v247 to v262.
_PRESSURE = rb"memory pressure for (?P<cgroup_of_pressure>\S+) being (?P<pressure>[\d.]+%) > (?P<limit>[\d.]+%) for > (?P<lasting>.+?) with reclaim activity"
_SWAP = rb"swap used \((?P<swap_used_bytes>\d+)\) / total \((?P<swap_total_bytes>\d+)\)"
_MEMORY = rb"memory used \((?P<used_bytes>\d+)\) / total \((?P<total_bytes>\d+)\)"
_PERCENT = rb" being more than (?P<percent>[\d.]+%)"
_REASON = rb"(?P<reason>" + _PRESSURE + rb"|" + _MEMORY + rb" and " + _SWAP + _PERCENT + rb"|" + _SWAP.replace(b"used_bytes>", b"used_bytes_>").replace(b"total_bytes>", b"total_bytes_>") + _PERCENT.replace(b"t>", b"t_>") + rb"|.*)"  # fmt: skip

OOMD = Table(
    "systemd-oomd",
    (
        Row("oom kill", rb"Killed (?P<cgroup>/\S*) due to " + _REASON, b"Killed /", ("says", "sent"), 9, {"done": True}, versions="v248-v259"),
        Row("oom kill", rb"Marked (?P<cgroup>/\S*) for killing due to " + _REASON, b" for killing due to ", ("says",), 9, {"done": False}, versions="v260+"),
        Row("signal sent", rb"oomd attempting to kill (?P<pid>\d+) with (?P<signal>\w+)", b"oomd attempting to kill ", ("sent",), versions="v247+, debug"),
        Row("memory pressure", rb"Memory pressure for (?P<cgroup>/\S*) is greater than (?P<limit>\d+) for more than (?P<lasting>\d+) seconds and there was reclaim activity", b"emory pressure for ", versions="v247"),
    ),
    speakers=frozenset((b"systemd-oomd",)),
    proof={b"_COMM": frozenset((b"systemd-oomd",))},
    programs=frozenset((b"systemd-oomd",)),
    units=(b"systemd-oomd.",),
)  # fmt: skip

_RSS = rb"VmRSS:? (?P<rss_mib>\d+) MiB"
_SCORE = rb"(?:oom_score (?P<oom_score>-?\d+)|badness:? (?P<badness>-?\d+))"
_COLOUR = rb"(?:\x1b\[[\d;]*m|#033\[[\d;]*m)*"

# kill.c and main.c of earlyoom, tag by tag; it may colour what it writes.
EARLYOOM = Table(
    "earlyoom",
    (
        Row("oom kill", _COLOUR + rb"sending (?P<signal>SIG\w+) to process (?P<pid>\d+)(?: uid (?P<uid>\d+))? \"(?P<comm>.*?)\": " + _SCORE + rb"(?:, oom_score_adj (?P<oom_score_adj>-?\d+))?, " + _RSS + rb"(?:, cmdline \"(?P<cmdline>.*)\")?" + _COLOUR, b"ending SIG", ("says", "sent"), versions="v1.3+"),
        Row("oom kill", _COLOUR + rb"killing process (?P<pid>\d+) \"(?P<comm>.*?)\" with signal (?P<signal>\d+): " + _SCORE + rb", " + _RSS + _COLOUR, b"killing process", ("says", "sent"), versions="v1.3-rc1"),
        Row("oom kill", _COLOUR + rb"Killing process '(?P<comm>.*?)' with signal (?P<signal>\d+), pid: (?P<pid>\d+), " + _SCORE + rb", " + _RSS + _COLOUR, b"Killing process", ("says", "sent"), versions="v1.2"),
        Row("oom kill", _COLOUR + rb"Killing process: (?P<comm>.*?), pid: (?P<pid>\d+), " + _SCORE + rb", " + _RSS + _COLOUR, b"Killing process", ("says", "sent"), 9, versions="v1.1"),
        Row("oom kill", _COLOUR + rb"Killing process (?P<pid>\d+) (?P<comm>.{1,16}?)" + _COLOUR, b"Killing process", ("says", "sent"), 9, versions="v0.1-v1.0"),
        Row("oom kill", _COLOUR + rb"killing whole process group (?P<pid>\d+) \(-g flag is active\)" + _COLOUR, b"killing whole process group", versions="v1.7+"),
        Row("oom kill", _COLOUR + rb"escalating to (?P<signal>SIGKILL) after (?P<lasting>[\d.]+) seconds?" + _COLOUR, b"escalating to SIGKILL", versions="v1.6+"),
        Row("memory pressure", _COLOUR + rb"low memory! at or below (?P<level>SIGTERM|SIGKILL) limits: mem +(?P<memory>[\d.]+ ?%), swap +(?P<swap>[\d.]+ ?%)" + _COLOUR, b"low memory! at or below", versions="v1.3+"),
        Row("memory pressure", _COLOUR + rb"Out of memory! avail: (?P<memory>\d+ MiB) < min: (?P<limit>\d+ MiB)" + _COLOUR, b"Out of memory! avail", versions="v0.1-v1.2"),
        # Up to v1.6 it does not say which.
        Row("victim ended", _COLOUR + rb"process (?:(?P<pid>\d+) )?exited after (?P<lasting>[\d.]+) seconds?" + _COLOUR, b" exited after ", versions="v1.3+"),
        Row("survivor", _COLOUR + rb"process (?P<pid>\d+) did not exit" + _COLOUR, b" did not exit", versions="v1.4+"),
        Row("kill failed", _COLOUR + rb"dryrun, not actually sending any signal" + _COLOUR, b"dryrun, not actually sending", fixed={"error": "dry run"}, versions="v1.3+"),
        Row("kill failed", _COLOUR + rb"Could not kill process: (?P<error>.*?)" + _COLOUR, b"Could not kill process", versions="v0.1-v1.2"),
        Row("kill failed", _COLOUR + rb"kill failed: (?P<error>.*?)" + _COLOUR, b"kill failed: ", versions="all"),
    ),
    speakers=frozenset((b"earlyoom",)),
    proof={b"_COMM": frozenset((b"earlyoom",))},
    programs=frozenset((b"earlyoom",)),
    units=(b"earlyoom.",),
)  # fmt: skip

# nohang/nohang: its report of a corrective action is of several lines, "[ OK ]" and names in front of them.
NOHANG = Table(
    "nohang",
    (
        Row("oom kill", rb"\s*(?:Sending|Send) (?P<signal>SIG\w+) to (?P<comm>.+?) with Pid:? ?(?P<pid>\d+).*", b"ending SIG", ("says", "sent"), versions="v0.1"),
        Row("oom kill", rb"\s*Sending (?P<signal>SIG\w+) to the victim.*", b"ending SIG", versions="v0.1+"),
        Row("oom kill", rb"\s*Implement(?:ing)? a corrective action:?\s*(?:Sending (?P<signal>SIG\w+) to the victim)?.*", b"a corrective action", versions="v0.1+"),
    ),
    speakers=frozenset((b"nohang", b"nohang-desktop")),
    proof={b"_COMM": frozenset((b"nohang", b"nohang-desktop", b"python3"))},
    units=(b"nohang.", b"nohang-desktop."),
)  # fmt: skip
