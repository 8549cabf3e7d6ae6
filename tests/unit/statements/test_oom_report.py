"""The kernel's OOM report: one event however it is written, and never the invoker for the victim."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_statement_tables import INDEX, TIME, told

from tracer.lines.entry import Entry
from tracer.model.event import Oom, Place, Process, Signal, Statement
from tracer.statements.oom import OPEN_MAX
from tracer.statements.teller import Teller

V6 = (
    "eater invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=-5",
    "CPU: 1 UID: 0 PID: 41 Comm: eater Not tainted 6.12.0 #1",
    "memory: usage 30720kB, limit 30720kB, failcnt 29",
    "swap: usage 7kB, limit 9007199254740988kB, failcnt 0",
    "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/x.slice,task_memcg=/x.slice/web.service,task=we, b,pid=42,uid=33",
    "Memory cgroup out of memory: Killed process 42 (we, b) total-vm:90kB, anon-rss:80kB, file-rss:70kB, shmem-rss:60kB, UID:33 pgtables:50kB oom_score_adj:4",
)
V4 = (
    "eater invoked oom-killer: gfp_mask=0x6200ca(GFP_HIGHUSER_MOVABLE), nodemask=(null), order=0, oom_score_adj=0",
    "CPU: 1 PID: 41 Comm: eater Not tainted 4.19.0 #1",
    "Task in /x.slice/web.service killed as a result of limit of /x.slice",
    "memory: usage 30720kB, limit 30720kB, failcnt 29",
    "memory+swap: usage 7kB, limit 99kB, failcnt 0",
    "Memory cgroup out of memory: Kill process 42 (web) score 998 or sacrifice child",
    "Killed process 43 (child) total-vm:90kB, anon-rss:80kB, file-rss:70kB, shmem-rss:60kB",
)


def lines(texts, host=b"box", time=TIME, first=1):
    return [
        Entry(text.encode(), Place(file="kern.log", line=number), time, None, host, b"kernel")
        for number, text in enumerate(texts, first)
    ]


def reports(events):
    return [event for event in events if isinstance(event, Statement)]


def test_a_whole_report_is_one_statement_and_one_signal():
    said, signal = told(*lines(V6))
    assert said.what == "oom report"
    assert said.number == 9
    victim = Process(
        pid=42, comm=b"we, b", uid=33, cgroup=b"/x.slice/web.service", unit=b"web.service"
    )
    assert said.about == victim
    assert signal.target == victim
    assert said.details == {
        "scope": "cgroup", "constraint": "MEMCG", "cgroup": "/x.slice", "task_cgroup": "/x.slice/web.service",
        "limit_kb": 30720, "usage_kb": 30720, "swap_usage_kb": 7, "swap_limit_kb": 9007199254740988,
        "total_vm_kb": 90, "anon_rss_kb": 80, "file_rss_kb": 70, "shmem_rss_kb": 60, "pgtables_kb": 50,
        "oom_score_adj": 4, "invoker": "eater", "invoker_pid": 41, "gfp_mask": "0xcc0(GFP_KERNEL)", "order": 0,
        "invoker_oom_score_adj": -5, "cpuset": "/", "mems_allowed": "0",
    }  # fmt: skip
    assert said.place == Place(file="kern.log", line=1)
    assert [place.line for place in said.places] == [1, 2, 3, 4, 5, 6]
    assert (signal.number, signal.origin, signal.place.line) == (9, "oom", 6)
    assert signal.oom == Oom("cgroup", b"/x.slice")
    assert signal.current == Process(pid=41, comm=b"eater")
    assert signal.sender is None


def test_the_child_that_is_sacrificed_is_the_victim():
    said, signal = told(*lines(V4))
    assert (said.about.pid, said.about.comm, signal.target.pid) == (43, b"child", 43)
    assert (said.details["chosen_pid"], said.details["chosen"], said.details["score"]) == (
        42,
        "web",
        998,
    )
    assert said.details["cgroup"] == "/x.slice"
    assert signal.oom == Oom("cgroup", b"/x.slice")


@pytest.mark.parametrize("missing", range(len(V6)))
def test_any_line_may_be_missing(missing):
    texts = [text for number, text in enumerate(V6) if number != missing]
    events = told(*lines(texts))
    said = reports(events)
    assert len(said) == 1
    signals = [event for event in events if isinstance(event, Signal)]
    if missing == 5:
        assert signals == []
        assert said[0].about == Process(pid=42, comm=b"we, b", uid=33)
    else:
        assert [one.target.pid for one in signals] == [42]
        assert said[0].about.pid == 42


ZONES = (
    "Node 0 DMA free:7124kB min:412kB low:512kB high:616kB active_anon:8508kB inactive_anon:4kB",
    "Node 0 Normal free:44592kB boost:0kB min:44640kB low:55800kB high:66960kB active_anon:1kB",
    "Free swap  = 12kB",
)
OF_HOST = "Out of memory: Killed process 42 (we, b) total-vm:90kB, anon-rss:80kB, file-rss:70kB"


def test_what_a_host_had_free_is_that_of_all_its_zones():
    (said, _) = told(*lines([*V6[:2], *ZONES, OF_HOST]))
    assert (said.details["free_kb"], said.details["free_swap_kb"]) == (7124 + 44592, 12)
    assert [place.line for place in said.places] == [1, 2, 6]
    assert reports(told(*lines(ZONES))) == []
    (old, _) = told(*lines([V6[0], "Normal free:1884kB min:1920kB low:2400kB", OF_HOST]))
    assert old.details["free_kb"] == 1884


def test_what_only_begins_accuses_nobody():
    (said,) = told(*lines(V6[:4]))
    assert said.what == "oom invoked"
    assert said.about is None
    assert said.number is None
    assert said.details["invoker"] == "eater"


@given(st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_lines_of_other_hosts_and_speakers_between_them_change_nothing(rng):
    one, two = lines(V6), lines(V4, b"other", first=100)
    other = Entry(b"usb 1-1: gone", Place(file="kern.log", line=50), TIME, None, b"box", b"kernel")
    mixed = []
    left, right = list(one), list(two)
    while left or right:
        take = rng.choice([half for half in (left, right) if half])
        mixed.append(take.pop(0))
        if rng.random() < 0.3:
            mixed.append(other)
    by_host = {event.host: event for event in reports(told(*mixed))}
    assert by_host["box"] == reports(told(*one))[0]
    assert by_host["other"] == reports(told(*two))[0]


def test_a_summary_of_another_victim_lends_nothing():
    texts = [
        *V6[:5],
        "Out of memory: Killed process 77 (other) total-vm:1kB, anon-rss:1kB, file-rss:1kB",
    ]
    said, signal = told(*lines(texts))
    assert said.about == Process(pid=77, comm=b"other")
    assert "cgroup" not in said.details
    assert signal.oom == Oom("host")


def test_a_whole_cgroup_that_is_killed():
    more = [
        "Tasks in /x.slice/web.service are going to be killed due to memory.oom.group set",
        "Memory cgroup out of memory: Killed process 52 (w2) total-vm:1kB, anon-rss:1kB, file-rss:1kB",
        "Memory cgroup out of memory: Killed process 53 (w3) total-vm:1kB, anon-rss:1kB, file-rss:1kB",
    ]
    events = told(*lines([*V6, *more]))
    victims = [(one.about.pid, one.details.get("group")) for one in reports(events) if one.what == "oom report"]  # fmt: skip
    assert victims == [(42, None), (52, True), (53, True)]
    # The limit is that of the slice, which the first victim's report tells, not that of the group.
    signals = [event for event in events if isinstance(event, Signal)]
    assert [one.oom for one in signals] == [Oom("cgroup", b"/x.slice")] * 3


GROUP = "Tasks in /kubepods/pod1 are going to be killed due to memory.oom.group set"
FULL_HOST = "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=/kubepods/pod1/c,task=a,pid={0},uid=0"
KILLED = "{1}: Killed process {0} (a) total-vm:1kB, anon-rss:1kB, file-rss:1kB"
HOST, CGROUP = "Out of memory", "Memory cgroup out of memory"


def limits(*entries):
    return [one.oom for one in told(*entries) if isinstance(one, Signal)]


def test_a_group_that_is_killed_for_the_host_has_hit_no_limit_of_its_own():
    """memory.oom.group is looked at whatever memory was used up: mem_cgroup_get_oom_group(), mm/memcontrol.c."""
    begin = [V6[0], FULL_HOST.format(51), KILLED.format(51, HOST), GROUP]
    assert limits(*lines([*begin, KILLED.format(52, HOST)])) == [Oom("host")] * 2
    # Up to v5.0 without words of their own.
    old = "Killed process 52 (a) total-vm:1kB, anon-rss:1kB, file-rss:1kB"
    assert limits(*lines([*begin, old])) == [Oom("host")] * 2


def test_a_group_of_which_no_report_is_there_has_a_limit_that_is_not_known():
    """The report is left out where there are too many: oom_rs, mm/oom_kill.c."""
    texts = [KILLED.format(51, CGROUP), GROUP, KILLED.format(52, CGROUP)]
    assert limits(*lines(texts)) == [Oom("cgroup")] * 2


@pytest.mark.parametrize(("words", "after"), [(CGROUP, 3 * 10**9), (HOST, 0)])
def test_who_is_killed_later_or_for_another_want_is_not_of_the_group(words, after):
    group = lines([*V6, GROUP, KILLED.format(52, CGROUP)])
    other = lines([KILLED.format(60, words)], time=TIME + after)
    *_, said, _ = told(*group, *other)
    assert (said.about.pid, said.details.get("group"), said.details.get("cgroup")) == (60, None, None)  # fmt: skip


def test_a_report_from_long_ago_is_over():
    late = lines(V6[5:], time=TIME + 3600 * 10**9)
    events = reports(told(*lines(V6[:1]), *late))
    assert [one.what for one in events] == ["oom invoked", "oom report"]
    assert "invoker" not in events[1].details


def test_an_ordinary_oops_opens_no_report():
    assert told(*lines(["CPU: 1 PID: 41 Comm: eater Not tainted 6.1.0 #1"])) == []


def test_a_user_who_says_it_makes_no_signal():
    fields = {b"_TRANSPORT": b"syslog", b"_UID": b"1000", b"SYSLOG_IDENTIFIER": b"kernel"}
    forged = Entry(b"Out of memory: Killed process 1 (systemd) total-vm:1kB, anon-rss:1kB, file-rss:1kB", None, TIME, None, b"box", b"kernel", 9, False, fields)  # fmt: skip
    events = told(forged)
    assert [type(event).__name__ for event in events] == ["Statement"]
    assert events[0].believed is False


def test_a_million_open_reports_take_little_room():
    teller = Teller(INDEX)
    count = 20_000
    opened = 0
    for number in range(count):
        opened += len(teller.feed(lines(V6[:1], b"host%d" % number)[0]))
    assert opened == count - OPEN_MAX
    assert len(teller.end()) == OPEN_MAX


def test_shuffled_lines_never_name_the_invoker():
    rng = random.Random(5)
    for _ in range(200):
        texts = list(V6) + list(V4)
        rng.shuffle(texts)
        for event in told(*lines(texts)):
            pid = event.target.pid if isinstance(event, Signal) else event.about and event.about.pid
            assert pid in (42, 43, None)


@pytest.mark.parametrize("part", ["Node 0 DMA free:{}kB min:3kB low:4kB high:5kB", "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),task=web,pid=42,uid={}"])  # fmt: skip
def test_numbers_that_no_kernel_writes_are_passed_over(part):
    """Anybody may write a text; of so many digits int() makes no number."""
    forged = part.format("9" * 5000)
    told(*lines((V6[0], forged, forged, *V6[1:])))


def test_a_number_of_too_many_digits_is_left_out():
    many = "9" * 4400
    said, signal = told(
        *lines(
            (
                V6[0],
                f"Node 0 DMA free:{many}kB boost:0kB min:1kB low:2kB",
                "Node 0 Normal free:4kB boost:0kB min:1kB low:2kB",
                "Node 1 Normal free:4kB boost:0kB min:1kB low:2kB",
                f"oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=/,task=web,pid=42,uid={many}",
                f"Out of memory: Killed process 42 (web) total-vm:{many}kB, anon-rss:80kB, file-rss:70kB, shmem-rss:60kB",
            )
        )
    )
    assert said.details.keys().isdisjoint(("free_kb", "total_vm_kb"))
    assert said.details["anon_rss_kb"] == 80
    assert signal.target.pid == 42
    assert signal.target.uid is None
