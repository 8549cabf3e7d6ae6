"""The benchmark's own arithmetic: what it makes of samples."""

from __future__ import annotations

import io
import re
from xml.etree import ElementTree

import pytest

from bench import accounts, replay, report, switching, targets
from bench.audit_log_maker import FORMS, write
from bench.chart import STREAMS, chart
from bench.load import Stream
from bench.running import losses
from bench.said_log_maker import PLAIN
from bench.samples import Sample, Samples
from bench.targets import TARGETS
from tracer.flow.source import every
from tracer.model.event import Signal
from tracer.sources.logs.audit_log import AuditLog
from tracer.sources.logs.files import LogSet
from tracer.statements.anchors import anchors_of
from tracer.statements.tables import index

MEGABYTE = 1e6


def samples(*rows):
    """Samples of (measure, tool, values); the n-th row of a pair is its round n."""
    seen = {}
    for measure, tool, values in rows:
        runs = seen.setdefault((measure, tool), [])
        runs.append(Sample(measure, tool, len(runs), values))
    return Samples([sample for runs in seen.values() for sample in runs])


EVERY = [target for targets in TARGETS.values() for target in targets]


def figure(found, topic, what, wanted=""):
    """The figure of the one target that is meant."""
    (target,) = (
        target for target in TARGETS[topic] if what == target.what and wanted in target.wanted
    )
    return target.figure(found)


def test_each_target_is_there_once():
    assert len(
        {(target.what, target.of, topic) for topic in TARGETS for target in TARGETS[topic]}
    ) == len(EVERY)
    assert len({target.figure for target in EVERY}) == len(EVERY)


@pytest.mark.parametrize(
    ("unit", "limit", "of", "words"),
    [
        (targets.PART, 1 / 40, "of sigsnoop's", "at most 1/40 of sigsnoop's"),
        (targets.TIMES, 1.5, "that", "at most 1.5 times that"),
        (targets.PERCENT, 0.01, "", "at most 1 %"),
        (targets.MB, 45e6, "", "at most 45 MB"),
        (targets.SIGNALS, 0, "", "none"),
    ],
)
def test_what_is_wanted_follows_from_the_limit(unit, limit, of, words):
    assert targets.Target("x", unit, lambda _: None, limit, of).wanted == words


def test_median_is_of_the_rounds():
    found = samples(*(("storm", "core full", {"added_ns": value}) for value in (5, 1, 300)))
    assert found.median("storm", "core full", "added_ns") == 5
    assert found.median("storm", "sigsnoop", "added_ns") is None


def test_ratio_is_of_pairs_not_of_medians():
    found = samples(
        *(("storm", "core full", {"added_ns": value}) for value in (10, 100, 1000)),
        *(("storm", "sigsnoop", {"added_ns": value}) for value in (1000, 200, 10_000)),
    )
    assert found.ratio("storm", "core full", "sigsnoop", "added_ns") == pytest.approx(0.1)


def test_ratio_leaves_out_rounds_that_one_of_them_misses():
    found = Samples([Sample("storm", "a", turn, {"ns": 4}) for turn in (0, 1)])
    found.all += [Sample("storm", "b", 1, {"ns": 2}), Sample("storm", "b", 2, {"ns": 1})]
    assert found.ratio("storm", "a", "b", "ns") == 2


@pytest.mark.parametrize(
    ("kept", "lost", "missing"), [(2_000_000, 0, 0), (1_500_000, 500_000, 0), (5, 0, 1_999_995)]
)
def test_signals_neither_kept_nor_counted(kept, lost, missing):
    values = {"sent": 2_000_000, "kept": kept, "lost": lost}
    found = samples(("storm of 2,000,000 to --json", "core json", values))
    assert (
        figure(
            found,
            "signals that are neither shown nor reported as lost",
            "2,000,000 to --json",
            "none",
        )
        == missing
    )


def by_size(*rows):
    return samples(
        *(
            (replay.BY_SIZE, name, {"mb_per_second": speed, "peak_bytes": peak * MEGABYTE})
            for name, speed, peak in rows
        ),
        (replay.BY_SIZE, replay.IDLE.name, {"peak_bytes": 9 * MEGABYTE}),
    )


def test_a_line_that_is_straight_and_one_that_bends():
    found = by_size(
        (replay.sized(100, replay.ONE_CPU), 400, 30),
        (replay.sized(2000, replay.ONE_CPU), 400, 30),
        (replay.sized(100, replay.ALL_CPUS), 800, 40),
        (replay.sized(2000, replay.ALL_CPUS), 400, 60),
    )
    assert figure(found, "replay", "on 1 CPU: time for each MB of 2 GB") == 1
    assert figure(found, "replay", "on all CPUs: time for each MB of 2 GB") == 2
    assert figure(found, "replay", "on all CPUs: memory for 2 GB") == 1.5
    assert figure(found, "replay", "memory over the idle interpreter, any size") == 51 * MEGABYTE


def intervals(*rows):
    return [switching.Interval(attached, length) for attached, length in rows]


def test_an_interval_with_programs_is_compared_with_both_beside_it():
    found = intervals((False, 100), (True, 110), (False, 120), (True, 121), (False, 100))
    assert switching.slower(found) == pytest.approx([0, 0.1])
    assert switching.slower(found[1:]) == pytest.approx([0.1])
    assert switching.slower(found[:2]) == []


def test_a_load_of_short_processes_is_judged_by_the_programs_of_the_whole_tool():
    found = samples(
        (switching.MANY_FORKS.name, "core full", {"slower": 0.02}),
        (switching.MANY_FORKS.name, "core bare", {"slower": 0.001}),
    )
    assert (
        figure(
            found,
            "the tracer itself",
            "short processes on all CPUs, watched with --signal 9: slower",
        )
        == 0.02
    )


def test_what_was_not_measured_is_no_success():
    rows = report.targets_table(Samples()).splitlines()[2:]
    assert len(rows) == len(EVERY)
    assert all("not measured" in row for row in rows)


def test_table_says_whether_a_target_is_met():
    found = samples(
        ("paced 5,000/s", "core bare", {"added_ns": 100}),
        ("paced 5,000/s", "core full", {"added_ns": 100}),
        ("paced 5,000/s", "sigsnoop", {"added_ns": 3500}),
    )
    rows = [row for row in report.targets_table(found).splitlines() if "1/35.0" in row]
    assert [re.split(r" *\| *", row)[-2] for row in rows] == ["not met", "met"]


def test_measure_table_has_the_columns_that_were_measured():
    found = samples(("storm", "core full", {"added_ns": 1500}), ("storm", "auditd", {"lost": 3}))
    head, _, first, second = report.measure_table(found, "storm").splitlines()
    assert head.split("|")[1].strip() == "tool"
    assert "1.50 µs" in first
    assert " 3 " in second


def test_results_survive_their_file(tmp_path):
    found = samples(*(("storm", tool, {"sent": 20, "ns": 1 / 3}) for tool in ("a", "a", "b")))
    found.absent["strace"] = "there is no strace"
    path = tmp_path / "results.json"
    path.write_text(report.Results({"storm": "2026-11-25"}, "Linux", found).json())
    again = report.Results.read(path)
    assert again.samples.absent == found.absent
    assert again.samples.all[1] == Sample("storm", "a", 1, {"sent": 20, "ns": 0.333333})
    assert again.json() == path.read_text()


def test_what_is_measured_again_takes_the_place_of_what_was():
    old = samples(("storm", "a", {"ns": 1}), ("idle", "a", {"ns": 2}))
    old.absent.update({"b, idle": "it did not start", "c, storm": "nor this", "d": "there is no d"})
    new = samples(("storm", "a", {"ns": 3}))
    earlier = report.Results({"storm": "2026-11-25", "idle": "2026-11-26"}, "Linux", old)
    again = report.Results({"storm": "2026-11-28"}, "Linux", new).with_earlier(earlier)
    assert again.date == "2026-11-26 to 2026-11-28"
    assert again.samples.median("storm", "a", "ns") == 3
    assert again.samples.median("idle", "a", "ns") == 2
    assert set(again.samples.absent) == {"b, idle", "d"}
    other = report.Results({"storm": "2026-11-28"}, "Darwin", new)
    assert other.with_earlier(earlier) is other


def test_documents_get_their_tables_between_markers(tmp_path):
    (tmp_path / "docs").mkdir()
    for name in report.BLOCKS:
        (tmp_path / name).write_text(f"before\n{report.BEGIN}old\n{report.END}after\n")
    report.write(report.Results({}, "Linux", Samples()), tmp_path / "results", tmp_path)
    read = report.Results.read(tmp_path / "results/results.json")
    for name, made in report.BLOCKS.items():
        before, block, after = report.between_markers((tmp_path / name).read_text())
        assert (before, after) == (f"before\n{report.BEGIN}", f"{report.END}after\n")
        assert block == made(read)
    assert {path.name for path in (tmp_path / "results").iterdir()} == {
        *("results.md", "results.json", "results.svg")
    }


def test_a_document_without_markers_is_refused():
    with pytest.raises(ValueError, match="missing"):
        report.between_markers("nothing here")


GOOD = ("storm", "bcc", {"sent": 10, "kept": 7, "lost": 3})


@pytest.mark.parametrize(
    ("found", "complaint"),
    [
        (samples(GOOD), None),
        (Samples(), "no stream"),
        (samples(("idle", "bcc", {"ms": 1})), "no stream"),
        (samples(("storm", "core", {"sent": 1, "kept": 1, "lost": 0})), "no stream"),
        (samples(("storm", "bcc", {"sent": 0, "kept": 0, "lost": 0})), "nothing was sent"),
        (samples(("storm", "bcc", {"sent": 9, "kept": 0, "lost": 9})), "nothing was kept"),
        (samples(("storm", "bcc", {"sent": 9, "kept": 9})), "does not say"),
        (samples(GOOD, ("storm", "bcc", {"sent": 9, "kept": 7, "lost": 1})), "kept 7 + lost 1"),
        (samples(GOOD, ("storm", "bcc", {"sent": 9, "kept": 9, "lost": 1})), "kept 9 + lost 1"),
        (Samples(samples(GOOD).all, {"bcc, idle": "it ended"}), "it ended"),
    ],
)
def test_a_quick_run_cannot_pass_empty(found, complaint):
    told = accounts.complaints(found, ["bcc"])
    assert bool(told) == (complaint is not None)
    assert complaint is None or complaint in " ".join(told)


@pytest.mark.parametrize(
    ("told", "silent", "expected"),
    [
        (["1,204", "3"], True, (1207, False)),
        ([], True, (0, False)),
        ([], False, (None, False)),
        (["some"], False, (None, True)),
    ],
)
def test_losses_a_tool_tells(told, silent, expected):
    assert losses(told, silence_is_none_lost=silent) == expected


def test_a_stream_made_short():
    paced = Stream("paced", 5000, rate=1000)
    assert paced.shortened(2000, 0.5).count == 500
    assert Stream("storm", 100).shortened(2000, 0.5).count == 100


@pytest.mark.parametrize("kill_every", [1, 7, 500])
def test_a_made_log_has_its_size_and_its_kills(kill_every):
    out = io.BytesIO()
    write(out, 1_000_000, kill_every)
    text = out.getvalue()
    serials = re.findall(rb"^type=SYSCALL msg=audit\(\d+\.\d{3}:(\d+)\)", text, re.MULTILINE)
    assert 1_000_000 <= len(text) < 1_005_000
    assert [int(serial) for serial in serials] == list(range(1, len(serials) + 1))
    assert text.count(b"syscall=62 ") == len(serials) // kill_every
    assert text.count(b"type=OBJ_PID") >= len(serials) // kill_every
    # No event is like another, and what is drawn follows from the seed.
    calls = re.findall(rb"^type=SYSCALL \S+: (.*)$", text, re.MULTILINE)
    assert len(set(calls)) == len(calls)
    again, other = io.BytesIO(), io.BytesIO()
    write(again, 1_000_000, kill_every)
    write(other, 1_000_000, kill_every, seed=1)
    assert again.getvalue() == text != other.getvalue()


@pytest.mark.parametrize("form", FORMS)
def test_replay_finds_the_same_kills_in_every_form(form, tmp_path):
    """The forms are those that ausearch, syslog and journalctl print: the events are the same."""

    def ends(form):
        path = tmp_path / form
        with path.open("wb") as out:
            write(out, 100_000, 3, 5, form)
        found = every(AuditLog([LogSet(form, (str(path),))]))
        kills = [event for event in found if isinstance(event, Signal)]
        return [(one.number, one.sender.pid, one.target.pid, one.target.comm) for one in kills][:40]

    assert len(ends(form)) == 40
    assert ends(form) == ends("raw")


def test_the_chart_holds_each_tool_with_both_streams():
    rows = [
        (stream, tool, {"added_ns": 900}) for tool in ("core full", "a<b") for stream in STREAMS
    ]
    svg = chart(samples(*rows, (STREAMS[0], "half", {"added_ns": 1})))
    words = [element.text for element in ElementTree.fromstring(svg).iter() if element.text]
    assert words.count("0.90 µs") == 4
    assert "a<b" in words
    assert "half" not in words


def test_what_daemons_say_all_day_has_no_word_of_the_tables():
    """A word that is everywhere makes each line one to be looked at: a big syslog would take ten times as long."""
    anchors = anchors_of(index(quiet=False).literals)
    common = [(anchor, text) for anchor in anchors for _, text in PLAIN if anchor in text.encode()]
    assert not common


@pytest.mark.parametrize(
    ("lost", "things", "told"),
    [
        (0, (), ["0"]),
        (814_604, (("signal", 814_604),), ["814,604"]),
        (10_152, (("signal", 5_071), ("description", 5_081)), ["5,071"]),
        (None, (), ["some"]),
    ],
)
def test_what_our_last_line_says_was_lost_is_understood(lost, things, told, tmp_path):
    """By grep(1), which cuts the lines out, and by re."""
    from bench.rivals import CORE
    from bench.running import _grep
    from tracer.flow.pipeline import Totals
    from tracer.terminal.output import summary

    output = tmp_path / "output"
    output.write_text(f"sigtrace: {summary(Totals(9, 0, lost, 1.0, things=things), 1 << 20)}\n")
    assert re.findall(CORE.lost, _grep([CORE.lost], output)) == told
