"""What systemd's manager says of its units: src/core/{service,scope,mount,swap,socket,unit,job,manager,main}.c, v183 to v262.

Told by shape, never by version: distributions port lines back. MESSAGE_IDs are of src/systemd/sd-messages.h.
"""

from __future__ import annotations

from tracer.statements.row import Row, Table

_TYPES = rb"service|scope|socket|mount|automount|swap|slice|timer|path|target|device"
U = rb"(?P<unit>\S+\.(?:" + _TYPES + rb"))"
# Up to v219 without the colon: "U stopping timed out. Killing."
_UC = U + rb":? "
_VICTIM = rb"(?P<pid>\d+) \((?P<comm>.*)\)"
_ACTION = rb"(?P<action>Terminating|Stopping|Aborting|Killing|killing|Skipping SIGKILL|Ignoring|Entering failed state|Killing (?:reload|mount) process)"
_ENTERING = rb"(?: Entering failed mode\.| Ignoring\.)?"
_END = rb"\." + _ENTERING
_TIMED_OUT = b" timed out"
_TIMER = (b"service_dispatch_timer", b"scope_dispatch_timer", b"mount_dispatch_timer", b"swap_dispatch_timer", b"socket_dispatch_timer")  # fmt: skip
_CLIENT = b" on client request."
_JOB_FIELDS = {"job": (b"JOB_ID",), "job_type": (b"JOB_TYPE",), "job_result": (b"JOB_RESULT", b"RESULT")}  # fmt: skip


def _timeout(what: str, words: bytes, versions: str, makes: tuple[str, ...] = ("says", "does")) -> Row:  # fmt: skip
    return Row(what, _UC + words + _END, _TIMED_OUT, makes, funcs=_TIMER, versions=versions)


_ROWS = (
    # Why it kills. No MESSAGE_ID in any version, but CODE_FUNC (v209..262).
    _timeout("stop timeout", rb"State '(?P<state>stop-[\w-]+|final-[\w-]+)' timed out\. " + _ACTION, "v220+"),
    _timeout("stop timeout", rb"(?P<state>stop-[\w-]+) timed out\. " + _ACTION, "v209-v219"),
    _timeout("stop timeout", rb"(?P<state>[Ss]topping|[Uu]nmounting) timed out(?: \(2\))?\. " + _ACTION, "all"),
    _timeout("start timeout", rb"(?P<state>[Ss]tart|[Ss]tart-pre|[Ss]tart-post|[Cc]ondition[\w -]*|[Ss]tarting|[Mm]ounting|[Aa]ctivating) (?:operation )?timed out(?: \(2\))?\. " + _ACTION, "v209+"),
    _timeout("start timeout", rb"(?P<state>operation) timed out\. " + _ACTION, "v183-v208"),
    # What is killed is what reloads: of that the line has no pid, and the unit's main process lives on.
    _timeout("reload timeout", rb"(?P<state>[Rr]eload|[Rr]emounting|[Rr]efresh) (?:operation )?timed out\. " + _ACTION, "v209+", ("says",)),
    _timeout("timeout", rb"(?P<state>[\w' -]{1,60}?) timed out(?: \(2\))?\. " + _ACTION, "v220+"),
    _timeout("timeout", rb"(?P<state>[\w' -]{1,60}?) timed out\. (?P<action>[\w -]{1,60})", "all"),
    Row("runtime limit", _UC + rb"(?:Service|Scope|Unit)? ?reached runtime time limit\. " + _ACTION + _END, b" runtime time limit", funcs=_TIMER, versions="v229+"),
    Row("timeout", funcs=_TIMER[:2], versions="v209+, words in no known form"),
    Row("watchdog", _UC + rb"[Ww]atchdog timeout(?: \(limit (?P<limit>[^)]+)\))?!", b"atchdog timeout", funcs=(b"service_dispatch_watchdog",), versions="v183+"),
    Row("watchdog", _UC + rb"Watchdog request \(last status: (?P<status>.*)\)!", b"Watchdog request", versions="v243+"),
    Row("watchdog", _UC + rb"Watchdog disabled! Ignoring watchdog timeout \(limit (?P<limit>[^)]+)\)!", b"gnoring watchdog timeout", fixed={"ignored": True}, versions="v237+"),
    Row("watchdog", funcs=(b"service_dispatch_watchdog",), versions="v209+, words in no known form"),
    # Each process that it kills.
    Row("signal sent", _UC + rb"Killing process " + _VICTIM + rb" with signal (?P<signal>SIG[\w+-]+)\.", b"Killing process ", ("sent",), funcs=(b"log_kill",), versions="v231+"),
    Row("killed on client request", _UC + rb"Sen(?:t|ding) signal (?P<signal>SIG[\w+-]+) to (?:(?P<kind>[\w -]+) )?process " + _VICTIM + rb" on client request\.", _CLIENT, ("says", "sent"), funcs=(b"kill_common_log", b"unit_kill_common", b"unit_kill_one"), versions="v247+"),
    Row("killed on client request", _UC + rb"Killed unit cgroup(?: '(?P<cgroup>[^']*)')? with SIGKILL on client request\.", _CLIENT, ("says", "sent"), 9, funcs=(b"unit_kill",), versions="v257+"),
    Row("left over", _UC + rb"Found left-over process " + _VICTIM + rb" in control group while starting unit\. Ignoring\.", b"Found left-over process", funcs=(b"unit_log_leftover_process_start",), versions="v236+"),
    Row("survivor", _UC + rb"Unit process " + _VICTIM + rb" remains running after unit stopped\.", b"remains running after unit", funcs=(b"unit_log_leftover_process_stop",), versions="v246+"),
    Row("kill failed", rb"(?:" + _UC + rb")?Failed to kill (?P<kind>[\w -]+ )?process " + _VICTIM + rb"(?:, ignoring)?: (?P<error>.+)", b"Failed to kill ", ("says", "refused"), versions="v198+"),
    Row("kill failed", _UC + rb"Failed to kill (?P<kind>[\w -]*control group[^:,]*)(?:, ignoring)?: (?P<error>.+)", b"Failed to kill ", versions="v198+"),
    # What became of it.
    Row("process exited", _UC + rb"(?P<kind>[Mm]ain|[Cc]ontrol|[Cc]ondition check|[Mm]ount|[Ss]wap|[A-Z][\w ]{2,30}) process exited, code=(?P<code>\w+),? status=(?P<status>\d+)(?:/(?P<status_name>[\w+/-]+))?(?: \((?P<expected>success)\))?", b"process exited, code=", ("says", "died"),
        ids=(b"98e322203f7a4ed290d09fe03c09fe15",), fields={"code": (b"EXIT_CODE",), "status": (b"EXIT_STATUS",), "command": (b"COMMAND",)}, versions="v183+"),
    Row("process exited", rb"Child (?P<pid>\d+) \((?P<comm>.*)\) died \(code=(?P<code>\w+), status=(?P<status>\d+)(?:/(?P<status_name>[\w+/-]+))?\)", b" died (code=", ("says", "died"), fixed={"kind": "child"}, versions="v183+, debug"),
    Row("unit failed", _UC + rb"Failed with result '(?P<result>[\w-]+)'\.", b"Failed with result '", ids=(b"d9b373ed55a64feb8242e02dbe79a49c",), fields={"result": (b"UNIT_RESULT",)}, versions="v220+"),
    Row("unit failed", rb"(?:Unit " + U + rb"|" + U.replace(b"unit>", b"unit_>") + rb": Unit) entered failed state\.?", b"entered failed state", versions="v183-v256"),
    Row("unit succeeded", _UC + rb"(?:Succeeded|Deactivated successfully)\.", b"Deactivated successfully.", ids=(b"7ad2d189f7e94e70a38c781354912448",), versions="v240+"),
    Row("unit succeeded", _UC + rb"Succeeded\.", b": Succeeded.", versions="v240-v247"),
    Row("unit skipped", ids=(b"0e4284a0caca4bfc81c0bb6786972673",), fields={"result": (b"UNIT_RESULT",)}, versions="v243+"),
    Row("restart scheduled", _UC + rb"(?:Service [^.]* )?[Ss]cheduled restart job(?:[^,.]*)?(?:, restart counter is at (?P<restarts>\d+))?\.", b"cheduled restart job", ids=(b"5eb03494b6584870a536b337290809b3",), fields={"restarts": (b"N_RESTARTS",)}, versions="v220+"),
    Row("restart scheduled", _UC + rb"(?:Service )?(?:\S* ?)(?:holdoff|hold-off) time over, scheduling restart\.", b"time over, scheduling restart", versions="v183-v239"),
    Row("oom notice", _UC + rb"(?:A process of this unit has been killed by the OOM killer|The kernel OOM killer killed some processes in this unit)\.", b"OOM killer", fixed={"killer": "kernel"}, ids=(b"fe6faa94e7774663a0da52717891d8ef",), versions="v243+"),
    Row("oom notice", _UC + rb"systemd-oomd killed (?:some|(?P<processes>\d+)) process\(es\) in this unit\.", b"systemd-oomd killed ", fixed={"killer": "systemd-oomd"}, ids=(b"d989611b15e44c9dbf31e3c81256e4ed",), fields={"processes": (b"N_PROCESSES",)}, versions="v247+"),
    Row("unit resources", _UC + rb"Consumed (?P<cpu>.+?) CPU time(?: over (?P<wall>.+?) wall clock time)?(?:, (?P<memory_peak>[\d.]+[BKMGTPE]) memory peak)?(?:, (?P<swap_peak>[\d.]+[BKMGTPE]) memory swap peak)?(?:, .*)?\.", b": Consumed ", ids=(b"ae8f7b866b0347b9af31fe1c80b127c0",),
        fields={"cpu_ns": (b"CPU_USAGE_NSEC",), "memory_peak_bytes": (b"MEMORY_PEAK",), "swap_peak_bytes": (b"MEMORY_SWAP_PEAK",)}, versions="v235+"),
    # Jobs: somebody, or a dependency, asked. With StatusUnitFormat=combined or name the unit's name is in the words.
    Row("stop asked", rb"Stopping (?:" + U + rb"(?: - (?P<description>.*?))?|(?P<description_>.{1,200}?))\.\.\.", b"Stopping ", ids=(b"de5b426a63be47a7b6ac3eaac82e2f6f",), fields=_JOB_FIELDS, versions="v183+; the name v249+"),
    Row("stopped", ids=(b"9d1aaa27d60140bd96365438aad20286",), fields=_JOB_FIELDS, versions="v190+"),
    Row("start asked", ids=(b"7d4958e842da4a758f6c1cdc7b36dcc5",), fields=_JOB_FIELDS, versions="v190+"),
    Row("started", rb"Started " + U + rb"(?: - (?P<description>.*?))?\.", b"Started ", ids=(b"39f53479d3a045ac8e11786248231fbf",), fields=_JOB_FIELDS, versions="v190+; the name v249+"),
    Row("start failed", rb"Failed to start (?:" + U + rb"(?: - (?P<description>.*?))?|(?P<description_>.{1,200}?))\.", b"Failed to start ", ids=(b"be02cf6855d2428ba40df7e9d022f03d",), fields=_JOB_FIELDS, versions="v183+; the name v249+"),
    Row("caller named", rb"(?P<request>[\w -]+?) requested from client PID (?P<caller_pid>\d+)(?: \('(?P<caller>.*?)'\))?(?: \(unit (?P<caller_unit>[^)]*)\))?\.\.\.", b" requested from client PID ", versions="v253+"),
    Row("caller named", rb"(?P<request>[\w -]+?) requested from unknown client PID\.\.\.", b" requested from unknown client", versions="v261+"),
    # log_received_signal(), src/core/manager.c and systemd's daemons: the speaker is the target.
    Row("signal received", rb"Received (?P<signal>SIG[\w+-]+) from PID (?P<from_pid>\d+) \((?P<from_comm>.*)\)\.", b"Received SIG", ("got",), funcs=(b"log_received_signal",), versions="v209+"),
    Row("signal received", rb"Received (?P<signal>SIG[\w+-]+)\.", b"Received SIG", ("got",), versions="v209+"),
    Row("manager crashed", rb"Caught <(?P<signal>\w+)>(?: from PID (?P<sender_pid>\d+))?.*", b"Caught <", ids=(b"3a73a98baf5b4b199929e3226c0be783",), versions="v183+"),
    Row("clock step", rb"Time has been changed", b"Time has been changed", ids=(b"c7a787079b354eaaa9e77b371893cd27", b"7db73c8af0d94eeb822ae04323fe6ab6"), versions="v190+"),
    # src/shutdown/{shutdown,killall}.c; up to v241 src/core.
    Row("shutdown kill", rb"Sending (?P<signal>SIG\w+) to remaining processes\.\.\.", b"Sending SIG", versions="v183+"),
    Row("signal sent", rb"Sending (?P<signal>SIGKILL) to PID (?P<pid>\d+) \((?P<comm>.*)\)\.", b"Sending SIG", ("sent",), versions="v201+"),
)  # fmt: skip

TABLE = Table(
    "systemd",
    _ROWS,
    speakers=frozenset((b"systemd", b"systemd-shutdown", b"systemd-shutdow")),
    proof={b"_COMM": frozenset((b"systemd", b"systemd-shutdow", b"init", b"systemd-executor"))},
    units=(b"user@",),
    programs=frozenset((b"systemd", b"systemd-shutdown", b"systemd-executor", b"init")),
    untagged=True,
)

# systemctl status, pasted: how the last run ended, without a time of its own.
_SHOWN = rb"\(code=(?P<code>exited|killed|dumped), (?:signal=(?P<signal>\w+)|status=(?P<status>\d+)(?:/(?P<status_name>[\w+/-]+))?)\)"
STATUS = Table(
    "systemctl",
    (
        Row("status shown", rb"\s*(?P<kind>Main) PID: (?P<pid>\d+) " + _SHOWN, b" (code=", ("says", "died"), versions="all"),
        Row("status shown", rb"\s*Process: (?P<pid>\d+) (?P<command>Exec\w+=.*?) " + _SHOWN, b" (code=", ("says", "died"), fixed={"kind": "control"}, versions="all"),
    ),
    untagged=True,
    speakers=frozenset((b"systemctl",)),
)  # fmt: skip
