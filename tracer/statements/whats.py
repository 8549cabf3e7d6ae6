"""Everything that a statement can say: the one table of ``Statement.what``; docs/statements.md follows from it."""

from __future__ import annotations

from tracer.model.frozen import frozen


@frozen
class What:
    """What a word means, the keys of its details, and whether the table shows it without --all: a kill, a death, a
    failure, a timeout, memory that ran out."""

    meaning: str
    details: tuple[str, ...] = ()
    shown: bool = False


W = What
_MEMORY = ("total_vm_kb", "anon_rss_kb", "file_rss_kb", "shmem_rss_kb", "pgtables_kb")
_FAULT = ("kind", "address", "ip", "sp", "error", "access", "file", "file_offset", "file_base", "file_size", "on_cpu")  # fmt: skip

WHATS: dict[str, What] = {
    # A manager (systemd, upstart) and its units
    "stop asked": W("a stop job of the unit began: somebody, or a dependency, asked", ("description", "job", "job_type", "in_pod", "name", "grace", "child", "status", "code")),
    "stopped": W("the stop job of the unit ended", ("description", "job", "job_type", "job_result")),
    "start asked": W("a start job of the unit began", ("description", "job", "job_type")),
    "started": W("the start job of the unit ended well", ("description", "job", "job_type")),
    "start failed": W("the start job of the unit failed", ("description", "job", "job_type", "job_result"), True),
    "stop timeout": W("the unit did not stop in time; what is done next", ("state", "action", "grace"), True),
    "start timeout": W("the unit did not start in time", ("state", "action"), True),
    "reload timeout": W("the unit did not reload in time", ("state", "action"), True),
    "timeout": W("another job of the unit did not end in time", ("state", "action"), True),
    "runtime limit": W("the unit ran longer than RuntimeMaxSec=", ("action",), True),
    "watchdog": W("the unit did not tell that it lives within WatchdogSec=, or asked for the watchdog", ("limit", "status", "ignored"), True),
    "process exited": W("a process of the unit ended; the end itself is an exit event", ("kind", "code", "status", "status_name", "command", "expected")),
    "unit failed": W("the unit is failed", ("result", "child", "restarts"), True),
    "unit succeeded": W("the unit ended without failure"),
    "unit skipped": W("the unit was not run", ("result",)),
    "unit state": W("what its manager shows of the unit now, and since when that is so (systemctl show)",
        ("active", "sub", "result", "restart", "restarts", "stop_timeout", "oom_policy", "main_pid")),
    "restart scheduled": W("the manager will start the unit again", ("restarts",)),
    "killed on client request": W("a client of the manager (systemctl kill) had a signal sent", ("kind", "cgroup"), True),
    "left over": W("a process of an earlier run was found when the unit started", (), True),
    "survivor": W("a process outlived the stop of its unit", (), True),
    "kill failed": W("a manager or OOM daemon could not send its signal", ("kind", "error"), True),
    "unit resources": W("what the unit had used when it ended", ("cpu", "wall", "cpu_ns", "memory_peak", "memory_peak_bytes", "swap_peak", "swap_peak_bytes")),
    "caller named": W("a client asked the manager for a reload, reboot or the like", ("request", "caller", "caller_pid", "caller_unit")),
    "signal sent": W("a signal was sent, says somebody whose word it is not; else the signal itself is told"),
    "signal received": W("the speaker says which signal it got", ("meaning",), True),
    "manager crashed": W("the manager itself caught a fault", ("sender_pid",), True),
    # Memory
    "oom invoked": W("an allocation found no memory; of a report whose victim is not told", ("gfp_mask", "order", "oom_score_adj"), True),
    "oom report": W("the kernel's OOM killer chose a victim, with its numbers",
        ("scope", "constraint", "cgroup", "task_cgroup", "limit_kb", "usage_kb", "swap_limit_kb", "swap_usage_kb", "free_kb", "free_swap_kb", *_MEMORY, "oom_score_adj", "score",
         "group", "invoker", "invoker_pid", "gfp_mask", "order", "invoker_oom_score_adj", "chosen", "chosen_pid", "killed", "cpuset", "mems_allowed"), True),
    "oom reaped": W("the memory of an OOM victim was taken back", ("anon_rss_kb", "file_rss_kb", "shmem_rss_kb")),
    "oom group": W("all tasks of the cgroup are going to be killed (memory.oom.group)", (), True),
    "oom victim exiting": W("the OOM killer found that its victim exits already", ("scope",), True),
    "oom without victim": W("no memory, and nobody that may be killed", ("cgroup",), True),
    "oom notice": W("a manager says that processes of the unit were killed for want of memory", ("killer", "processes", "job"), True),
    "oom kill": W("a user-space OOM daemon killed, or chose to",
        ("reason", "pressure", "cgroup_of_pressure", "limit", "used_bytes", "total_bytes", "swap_used_bytes", "swap_total_bytes", "percent", "lasting", "done", "badness", "oom_score",
         "oom_score_adj", "rss_mib", "rss_kib", "cmdline", "dry_run", "victims"), True),
    "victim ended": W("the process that a user-space OOM daemon killed is gone", ("lasting",)),
    "memory pressure": W("memory runs short; nobody is killed yet",
        ("memory", "swap", "pressure", "limit", "lasting", "cgroup_of_pressure", "used_bytes", "total_bytes", "percent", "level"), True),
    "fork rejected": W("the cgroup has as many processes as pids.max allows", (), True),
    # Faults and ends that the kernel tells
    "fault": W("the process did what the processor or kernel refused", _FAULT, True),
    "fatal signal": W("a signal that nobody handled (kernel.print-fatal-signals)", (), True),
    "cpu limit": W("the process used more CPU or real-time than its limit", ("kind", "limit"), True),
    "memory failure": W("hardware: a page of the process is corrupt", ("page", "reason"), True),
    "hung task": W("a task waits without end in the kernel", ("seconds",)),
    "hung task blocker": W("whom a hung task waits for", ("on", "holder", "holder_pid")),
    "core dumped": W("a core dump was taken, or could not be", ("file", "truncated", "stored", "rlimit", "executable", "command_line", "timestamp", "code", "session"), True),
    "oops": W("the kernel itself failed", ("kind", "on_cpu"), True),
    # Sessions and the host
    "session began": W("a login session began", ("session", "user", "class", "type")),
    "session ended": W("a login session ended", ("session",)),
    "session logged out": W("its leader is gone; processes may remain", ("session",)),
    "session idle": W("logind stops the session for being idle", ("session", "user")),
    "logged in": W("sshd let somebody in", ("user", "address", "port", "method")),
    "shutdown": W("the host goes down", ("kind",)),
    "shutdown kill": W("all remaining processes are sent a signal on the way down", ()),
    "shutdown scheduled": W("the host will go down", ("kind", "at")),
    "shutdown cancelled": W("the host will not go down after all", ("kind",)),
    "boot": W("the kernel began", ("version",)),
    "sleep": W("the host falls asleep or wakes", ("state", "kind")),
    "clock step": W("the clock was set", ("by",)),
    "journal began": W("the journal's daemon began to write"),
    "journal ended": W("the journal's daemon ended"),
    "messages missed": W("messages are missing from the log", ("count", "whose")),
    # Who asked
    "command asked": W("sudo ran a command", ("user", "as_user", "tty", "pwd", "command")),
    "command refused": W("sudo refused a command", ("user", "as_user", "tty", "pwd", "command", "reason")),
    "cron ran": W("cron ran a command", ("user", "command")),
    "authorised": W("polkit let somebody do it", ("user", "action", "as_user", "command")),
    # Supervisors and programs
    "crashed": W("a program says that it did what the processor or kernel refused, and ends", ("meaning",), True),
    "child lost": W("a supervisor says that a child of it ended", ("child", "status", "code", "expected", "meaning"), True),
    "child timeout": W("a supervisor's child did not answer in time, and is killed", ("child", "limit"), True),
    "child killed": W("a supervisor sends its child a signal", ("child",), True),
    "container ended": W("a container's first process ended, with the exit code that its runtime tells", ("status", "oom_killed"), True),
    "job cancelled": W("a batch system ended a job", ("job", "reason"), True),
    "status shown": W("systemctl status shows how a process ended", ("kind", "code", "status", "status_name", "command")),
    "policy refusal": W("a security module refused; the attempt itself is a failed event", ("policy", "operation", "profile", "peer", "permissive"), True),
}  # fmt: skip
