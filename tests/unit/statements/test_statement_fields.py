"""A journal's own fields come before any words, which may be of any language; and who may be believed."""

from __future__ import annotations

import pytest
from test_statement_tables import INDEX, TIME, told

from tracer.lines.entry import of_journal
from tracer.model.event import Exit, Process, Signal, Statement
from tracer.model.frozen import replace

PID1 = {b"_TRANSPORT": b"journal", b"_PID": b"1", b"_UID": b"0", b"_COMM": b"systemd", b"SYSLOG_IDENTIFIER": b"systemd"}  # fmt: skip
RUN = b"0123456789abcdef0123456789abcdef"
NAMED = {b"UNIT": b"web.service", b"INVOCATION_ID": RUN}


def entry(message, **fields):
    raw = {name.encode(): value for name, value in fields.items()}
    return of_journal(
        {**PID1, b"MESSAGE": message, b"__REALTIME_TIMESTAMP": b"%d" % (TIME // 1000), **raw}
    )


def unit_entry(message, **fields):
    return entry(message, UNIT=b"web.service", INVOCATION_ID=RUN, **fields)


ABOUT = Process(unit=b"web.service", invocation=RUN)
IDS = {row.ids: row for table in INDEX.tables for row in table.rows if row.ids}


def test_the_exit_of_a_unit_in_another_language():
    said, end = told(
        unit_entry(
            b"web.service: Hauptprozess beendet",
            MESSAGE_ID=b"98e322203f7a4ed290d09fe03c09fe15",
            EXIT_CODE=b"dumped",
            EXIT_STATUS=b"11",
            COMMAND=b"ExecStart",
        )
    )
    assert isinstance(said, Statement)
    assert said.what == "process exited"
    assert said.about == ABOUT
    assert said.details == {"code": "dumped", "status": 11, "command": "ExecStart"}
    assert said.believed is True
    assert said.by == Process(pid=1, comm=b"systemd", uid=0)
    assert isinstance(end, Exit)
    assert (end.process, end.number, end.core) == (replace(ABOUT, ppid=1), 11, True)


@pytest.mark.parametrize(
    ("id_", "fields", "what", "details"),
    [
        (b"d9b373ed55a64feb8242e02dbe79a49c", {"UNIT_RESULT": b"oom-kill"}, "unit failed", {"result": "oom-kill"}),
        (b"7ad2d189f7e94e70a38c781354912448", {}, "unit succeeded", None),
        (b"0e4284a0caca4bfc81c0bb6786972673", {"UNIT_RESULT": b"exec-condition"}, "unit skipped", {"result": "exec-condition"}),
        (b"5eb03494b6584870a536b337290809b3", {"N_RESTARTS": b"4"}, "restart scheduled", {"restarts": 4}),
        (b"fe6faa94e7774663a0da52717891d8ef", {}, "oom notice", {"killer": "kernel"}),
        (b"d989611b15e44c9dbf31e3c81256e4ed", {"N_PROCESSES": b"2"}, "oom notice", {"killer": "systemd-oomd", "processes": 2}),
        (b"ae8f7b866b0347b9af31fe1c80b127c0", {"CPU_USAGE_NSEC": b"5", "MEMORY_PEAK": b"6"}, "unit resources", {"cpu_ns": 5, "memory_peak_bytes": 6}),
        (b"de5b426a63be47a7b6ac3eaac82e2f6f", {"JOB_ID": b"9", "JOB_TYPE": b"stop"}, "stop asked", {"job": "9", "job_type": "stop"}),
        (b"9d1aaa27d60140bd96365438aad20286", {"JOB_RESULT": b"done"}, "stopped", {"job_result": "done"}),
        (b"7d4958e842da4a758f6c1cdc7b36dcc5", {}, "start asked", None),
        (b"39f53479d3a045ac8e11786248231fbf", {}, "started", None),
        (b"be02cf6855d2428ba40df7e9d022f03d", {"RESULT": b"failed"}, "start failed", {"job_result": "failed"}),
    ],
)  # fmt: skip
def test_each_message_id(id_, fields, what, details):
    (said,) = told(unit_entry("Überall anders".encode(), MESSAGE_ID=id_, **fields))
    assert (said.what, said.about, said.details) == (what, ABOUT, details)


def test_a_timeout_is_known_by_its_function():
    said, signal = told(
        unit_entry(b"web.service: State 'stop-sigterm' timed out. Killing.", CODE_FUNC=b"service_dispatch_timer")
    )  # fmt: skip
    assert (said.what, said.about) == ("stop timeout", ABOUT)
    assert (signal.number, signal.target, signal.sender.pid) == (9, ABOUT, 1)


def test_a_timeout_in_words_that_nobody_knows():
    (said,) = told(unit_entry("web.service: ¡tarde!".encode(), CODE_FUNC=b"service_dispatch_timer"))
    assert (said.what, said.about, said.details) == ("timeout", ABOUT, None)
    (said,) = told(unit_entry(b"web.service: woof", CODE_FUNC=b"service_dispatch_watchdog"))
    assert said.what == "watchdog"


def test_the_unit_is_the_field_and_not_the_word():
    (signal,) = told(
        unit_entry(b"other.service: Killing process 5 (x) with signal SIGKILL.", CODE_FUNC=b"log_kill")
    )  # fmt: skip
    assert isinstance(signal, Signal)
    assert signal.target == Process(pid=5, comm=b"x", unit=b"web.service", invocation=RUN)


def dump(**more):
    raw = {
        b"MESSAGE_ID": b"fc2e22bc6ee647b6b90729ab34a250b1",
        b"COREDUMP_PID": b"71",
        b"COREDUMP_COMM": b"we b",
        b"COREDUMP_SIGNAL": b"6",
        b"COREDUMP_UNIT": b"web.service",
        b"COREDUMP_TIMESTAMP": b"%d" % (TIME // 1000 - 7),
        b"COREDUMP_FILENAME": b"/var/lib/systemd/coredump/core.web.zst",
        b"_TRANSPORT": b"journal",
        b"_UID": b"1000",
        b"_COMM": b"systemd-coredum",
        b"_SYSTEMD_UNIT": b"systemd-coredump@1-71-0.service",
        b"SYSLOG_IDENTIFIER": b"systemd-coredump",
        b"__REALTIME_TIMESTAMP": b"%d" % (TIME // 1000),
        b"MESSAGE": b"x",
        **more,
    }
    return of_journal({name: value for name, value in raw.items() if value is not None})


def test_a_core_dump_is_a_death_at_the_time_of_the_crash():
    said, end = told(dump())
    assert said.details["file"] == "/var/lib/systemd/coredump/core.web.zst"
    assert (end.process.pid, end.process.comm, end.process.unit) == (71, b"we b", b"web.service")
    assert (end.number, end.core, end.time) == (6, True, TIME - 7000)


def test_who_may_not_say_so_makes_no_death():
    forged = {b"_SYSTEMD_UNIT": b"session-4.scope"}
    base = dict(dump().fields)
    base.update(forged)
    (said,) = told(of_journal(base))
    assert said.believed is False
    base.update({b"_UID": b"0", b"_COMM": b"logger"})
    (said,) = told(of_journal(base))
    assert said.believed is False


def test_a_users_manager_speaks_of_units_of_that_user():
    fields = dict(
        unit_entry(b"web.service: x", MESSAGE_ID=b"d9b373ed55a64feb8242e02dbe79a49c").fields
    )
    fields.update({b"_UID": b"1000", b"_PID": b"900", b"_SYSTEMD_UNIT": b"user@1000.service"})
    fields[b"USER_UNIT"] = fields.pop(b"UNIT")
    (said,) = told(of_journal(fields))
    assert said.about == Process(unit=b"web.service", invocation=RUN, uid=1000)
    assert said.by.uid == 1000
    assert said.believed is not True


def test_nothing_is_believed_of_a_manager_that_is_none():
    fields = dict(unit_entry(b"web.service: Killing process 5 (x) with signal SIGKILL.").fields)
    fields.update({b"_COMM": b"logger", b"_PID": b"77"})
    (said,) = told(of_journal(fields))
    assert isinstance(said, Statement)
    assert said.believed is False


OTHERS = {
    b"8d45620c1a4348dbb17410da57c60c66": ("session began", {"SESSION_ID": b"3", "USER_ID": b"ada", "LEADER": b"55"}),
    b"3354939424b4456d9802ca8333ed424a": ("session ended", {"SESSION_ID": b"3"}),
    b"98268866d1d54a499c4e98921d93bc40": ("shutdown", {"SHUTDOWN": b"reboot"}),
    b"9e7066279dc8403da79ce4b1a69064b2": ("shutdown scheduled", {"SHUTDOWN": b"reboot"}),
    b"249f6fb9e6e2428c96f3f0875681ffa3": ("shutdown cancelled", {}),
    b"6bbd95ee977941e497c48be27c254128": ("sleep", {"SLEEP": b"suspend"}),
    b"8811e6df2a8e40f58a94cea26f8ebf14": ("sleep", {"SLEEP": b"suspend"}),
    b"f77379a8490b408bbe5f6940505a777b": ("journal began", {}),
    b"d93fb3c9c24d451a97cea615ce59c00b": ("journal ended", {}),
    b"a596d6fe7bfa4994828e72309e95d61e": ("messages missed", {"N_DROPPED": b"3"}),
    b"e9bf28e6e834481bb6f48f548ad13606": ("messages missed", {"N_DROPPED": b"3"}),
    b"5aadd8e954dc4b1a8c954d63fd9e1137": ("core dumped", {}),
    b"c7a787079b354eaaa9e77b371893cd27": ("clock step", {}),
    b"3a73a98baf5b4b199929e3226c0be783": ("manager crashed", {}),
}  # fmt: skip
SPEAKER_OF = {"session": "systemd-logind", "shutdown": "systemd-logind", "sleep": "systemd-logind", "journal": "systemd-journal", "messages": "systemd-journal", "core": "systemd-coredum"}  # fmt: skip


@pytest.mark.parametrize("id_", OTHERS)
def test_other_daemons(id_):
    what, fields = OTHERS[id_]
    comm = SPEAKER_OF.get(what.split()[0], "systemd").encode()
    said = told(entry(b"x", MESSAGE_ID=id_, _COMM=comm, SYSLOG_IDENTIFIER=comm, **fields))[0]
    assert said.what == what
    assert said.believed is True


@pytest.mark.parametrize("function", [b"kill_common_log", b"unit_kill_common", b"unit_kill_one"])
def test_a_clients_kill_is_found_by_the_functions_of_all_versions(function):
    """src/core/unit.c: unit_kill_common() up to v253, unit_kill_one() later, kill_common_log() for other processes."""
    assert function in INDEX.functions
    words = b"web.service: Sent signal SIGKILL to main process 5 (web) on client request."
    said, sent = told(unit_entry(words, CODE_FUNC=function))
    assert said.what == "killed on client request"
    assert (sent.target.pid, sent.number) == (5, 9)
