"""What the kernel says of faults, limits, hung tasks and of itself; of the OOM killer: ``tracer.statements.oom``.

Sources are named at their rows. What stands in brackets behind a comm is a thread: ``current->pid``.
"""

from __future__ import annotations

from tracer.statements.row import Row, Table

# printk's own caller (CONFIG_PRINTK_CALLER), "[  T27]", and what a level or a CPU may add.
_WHO = rb"(?P<comm>.{1,64}?)\[(?P<tid>\d+)\]:? "
_IP = rb"ip:?\s?(?P<ip>[0-9a-f]+)\s+sp:?\s?(?P<sp>[0-9a-f]+)\s+error[: ](?P<error>[0-9a-f]+)"
# print_vma_addr(), mm/memory.c: [base+size], and from v6.? [offset,base+size]. A file's name has 255 bytes at most (NAME_MAX):
# without such bounds a long line takes the square of its length.
_IN = rb"(?:\s{1,40}in\s{1,40}(?P<file>(?:\S.{0,254}?)?)\[(?:(?P<file_offset>[0-9a-f]+),)?(?P<file_base>[0-9a-f]+)\+(?P<file_size>[0-9a-f]+)\])?"
_CPU = rb"(?:\s+likely on CPU (?P<on_cpu>\d+)[\s\S]*)?"


def _trap(words: bytes, number: int) -> Row:
    """arch/x86/kernel/traps.c, do_trap_no_signal() and show_signal()."""
    return Row("fault", rb"(?:traps: )?" + _WHO + rb"(?P<kind>" + words + rb"(?: fault)?)\s+" + _IP + _IN + _CPU, b" sp:", ("says", "fault"), number, versions="v2.6.3x+")  # fmt: skip


_ROWS = (
    # arch/x86/mm/fault.c, show_signal_msg().
    Row("fault", _WHO + rb"(?P<kind>segfault) at (?P<address>[0-9a-f]+)\s+" + _IP + _IN + _CPU, b"]: segfault at ", ("says", "fault"), 11, versions="v2.6.2x+"),
    Row("fault", _WHO + rb"(?P<kind>segfault) at (?P<address>[0-9a-f]+)\b.*", b"]: segfault at ", ("says", "fault"), 11, versions="cut lines, other forms"),
    # arch/powerpc/kernel/traps.c, show_signal_msg().
    Row("fault", _WHO + rb"(?P<kind>segfault) \((?P<signal>\d+)\) at (?P<address>[0-9a-f]+) nip (?P<ip>[0-9a-f]+) lr [0-9a-f]+ code [0-9a-f]+" + _IN, b"]: segfault (", ("says", "fault"), versions="powerpc"),
    # arch/riscv/kernel/traps.c, do_trap().
    Row("fault", _WHO + rb"(?P<kind>unhandled signal) (?P<signal>\d+) code 0x[0-9a-f]+ at 0x(?P<address>[0-9a-f]+)" + _IN, b"]: unhandled signal ", ("says", "fault"), versions="riscv"),
    # arch/arm64/mm/fault.c, __do_user_fault() up to v4.15; traps.c, arm64_show_signal() has no number.
    Row("fault", _WHO + rb"unhandled (?P<kind>[\w -]+) \((?P<signal>\d+)\) at 0x(?P<address>[0-9a-f]+), esr 0x(?P<error>[0-9a-f]+)(?:,? .*?)?" + _IN, b"]: unhandled ", ("says", "fault"), versions="arm64, up to v4.15"),
    Row("fault", _WHO + rb"unhandled exception: (?P<kind>.*?)(?:, ESR 0x(?P<error>[0-9a-f]+))?(?:, .*?)?" + _IN, b"]: unhandled exception: ", versions="arm64"),
    # arch/mips/mm/fault.c, show_signal_msg(): no pid in it.
    Row("fault", rb"do_page_fault\(\): sending SIG(?P<signal>SEGV|BUS) to (?P<comm>.{1,15}) for (?P<kind>invalid \w+ access) (?:to|from) (?P<address>[0-9a-f]+)", b"): sending SIG", ("says", "fault"), versions="mips"),
    _trap(rb"general protection", 11),
    _trap(rb"trap invalid opcode", 4),
    _trap(rb"trap divide error", 8),
    _trap(rb"trap int3", 5),
    _trap(rb"trap stack segment", 7),
    _trap(rb"trap segment not present", 7),
    _trap(rb"trap bounds", 11),
    # kernel/signal.c, print_fatal_signal(); before v4.2 with COMM/PID: before it.
    Row("fatal signal", rb"(?:(?P<comm>.{1,16}?)/(?P<tid>\d+): )?potentially unexpected fatal signal (?P<signal>\d+)\.", b"potentially unexpected fatal signal", versions="v2.6+"),
    # kernel/time/posix-cpu-timers.c, check_rlimit(): SIGXCPU at the soft limit, SIGKILL at the hard one.
    Row("cpu limit", rb"(?P<kind>CPU|RT) Watchdog Timeout \((?P<limit>hard)\): (?P<comm>.*)\[(?P<tid>\d+)\]", b"Watchdog Timeout (", ("says", "rlimit"), 9, versions="v4.13+"),
    Row("cpu limit", rb"(?P<kind>CPU|RT) Watchdog Timeout \((?P<limit>soft)\): (?P<comm>.*)\[(?P<tid>\d+)\]", b"Watchdog Timeout (", ("says", "rlimit"), 24, versions="v4.13+"),
    # mm/memory-failure.c, kill_proc(), kill_procs().
    Row("memory failure", rb"Memory failure: (?P<page>0x[0-9a-f]+): Sending SIGBUS to (?P<comm>.*):(?P<tid>\d+) due to hardware memory corruption", b"Memory failure: 0x", ("says", "kernel"), 7, versions="v4.13+"),
    Row("memory failure", rb"Memory failure: (?P<page>0x[0-9a-f]+): forcibly killing (?P<comm>.*):(?P<tid>\d+) because of (?P<reason>.*)", b"Memory failure: 0x", ("says", "kernel"), 9, versions="v4.13+"),
    Row("memory failure", rb"MCE (?P<page>0x[0-9a-f]+): Killing (?P<comm>.*):(?P<tid>\d+) due to hardware memory corruption", b"due to hardware memory corruption", ("says", "kernel"), 7, versions="v2.6.32-v4.12"),
    # kernel/cgroup/pids.c.
    Row("fork rejected", rb"cgroup: fork rejected by pids controller in (?P<cgroup>\S+)", b"fork rejected by pids controller", versions="v4.3+"),
    # kernel/hung_task.c.
    Row("hung task", rb"INFO: task (?P<comm>.*):(?P<tid>\d+) blocked for more than (?P<seconds>\d+) seconds\.(?:.*)", b"INFO: task ", versions="all"),
    Row("hung task blocker", rb"INFO: task (?P<comm>.*):(?P<tid>\d+) (?:<(?:reader|writer)> )?(?:is )?blocked on an? (?P<on>[\w -]+?)(?:,? but the owner is not found\.|(?:,? likely (?:owned by|last held by) task (?P<holder>.*?):(?P<holder_pid>\d+).*))", b"INFO: task ", versions="v6.16+"),
    Row("oops", rb"(?P<kind>Kernel panic) - not syncing: .*", b"Kernel panic - not syncing", versions="all"),
    Row("oops", rb"(?P<kind>BUG): (?:unable to handle|kernel NULL pointer|soft lockup|workqueue lockup|Bad ).*", b"BUG", versions="all"),
    Row("oops", rb"watchdog: (?P<kind>BUG: soft lockup) - CPU#(?P<on_cpu>\d+) stuck for \d+s! \[(?P<comm>.*):(?P<tid>\d+)\]", b"BUG", versions="v4.10+"),
    # die(), arch/*/kernel/; what it kills is told by the lines behind it.
    Row("oops", rb"(?P<kind>general protection fault|Oops|invalid opcode|stack segment|double fault): [0-9a-f]+ \[#\d+\].*", b" [#", versions="v2.6+"),
    Row("oops", rb"Internal error: (?P<kind>[\w -]+?)(?: - [\w ]+)?: [0-9a-f]+ \[#\d+\].*", b" [#", versions="arm, arm64"),
    # kernel/exit.c, make_task_dead(): the task that oopsed ends as of SIGSEGV.
    Row("oops", rb"note: (?P<comm>.{1,64}?)\[(?P<tid>\d+)\] exited with (?P<kind>irqs disabled|preempt_count \d+)", b"] exited with ", ("says", "kernel"), 11, versions="v2.6+"),
    Row("boot", rb"Linux version (?P<version>\S+) .*", b"Linux version ", versions="all"),
    # kernel/power/suspend.c, pm_suspend().
    Row("sleep", rb"PM: suspend (?P<state>entry|exit)(?: \((?P<kind>[\w-]+)\))?", b"PM: suspend ", versions="v3.x+"),
    Row("sleep", rb"PM: hibernation(?:: hibernation)? (?P<state>entry|exit)", b"PM: hibernation", versions="v3.x+"),
    # lib/ratelimit.c.
    Row("messages missed", rb"(?P<whose>[\w.]+): (?P<count>\d+) (?:output lines|callbacks) suppressed.*", b" suppressed", versions="all"),
)  # fmt: skip

TABLE = Table(
    "kernel",
    _ROWS,
    speakers=frozenset((b"kernel",)),
    proof={b"_TRANSPORT": frozenset((b"kernel",))},
    untagged=True,
)
