"""Which files make a journal, and in what order their entries come."""

from __future__ import annotations

import os
import struct

import pytest
from journals import BEGIN, WAYS

from tracer.model.errors import Problem
from tracer.sources.journal import open_journal

MACHINE = "0123456789abcdef" * 2


def messages(journal, *arguments, **options):
    return [entry.one("MESSAGE").decode() for entry in journal.entries(*arguments, **options)]


def said(*words):
    return [[("MESSAGE", word.encode()), ("UNIT", b"a.service")] for word in words]


def number(path, seqnum_id, first):
    """As if one journald had numbered the entries of several files: it rotates, and writes users' files beside."""
    raw = bytearray(path.read_bytes())
    (count,) = struct.unpack_from("<Q", raw, 152)
    raw[72:88] = seqnum_id
    struct.pack_into("<QQ", raw, 160, first + count - 1, first)
    (array,) = struct.unpack_from("<Q", raw, 176)
    size = 4 if raw[12] & 16 else 8
    for index in range(count):
        at = array + 24 + index * size
        entry = int.from_bytes(raw[at : at + size], "little")
        struct.pack_into("<Q", raw, entry + 16, first + index)
    path.write_bytes(raw)
    return path


@pytest.fixture
def root(tmp_path, build):
    """A host's root: its journal in three files and a namespace's, another machine's, and what it collects."""
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    (root / "etc/machine-id").write_text(MACHINE + "\n")
    kept = root / "var/log/journal"
    own, other = kept / MACHINE, kept / ("f" * 32)
    common = b"s" * 16
    build("system@1.journal~", *said("a", "b"), folder=own)
    number(own / "system@1.journal~", common, 1)
    build("user-1000.journal", *said("d", "f"), folder=own, begin=BEGIN + 3000, step=2000)
    build("system.journal", *said("c", "e", "g"), folder=own, begin=BEGIN + 2000, step=2000)
    build("n.journal", *said("h"), folder=kept / f"{MACHINE}.web", begin=BEGIN + 9000)
    build("system.journal", *said("container"), folder=other)
    build("remote.journal", *said("elsewhere"), folder=kept / "remote")
    build("system.journal", *said("0"), folder=root / "run/log/journal" / MACHINE, begin=BEGIN - 1)
    return root


def test_a_root_has_its_own_machine_s_journal(root):
    with open_journal(root=str(root)) as journal:
        assert messages(journal) == ["0", *"abcdefgh"]
        assert messages(journal, reverse=True) == [*"hgfedcba", "0"]
        assert messages(journal, [{"UNIT": b"a.service"}], BEGIN * 1000 + 4_000_000) == [*"efgh"]
        assert not journal.losses.all()


def test_without_a_machine_id_all_machines_are_its_own(root):
    (root / "etc/machine-id").unlink()
    with open_journal(root=str(root)) as journal:
        assert sorted(messages(journal)) == sorted(["0", *"abcdefgh", "container"])


@pytest.mark.parametrize("way", WAYS)
def test_a_folder_that_is_named_is_read_whole(root, way):
    with open_journal([str(root / "var/log/journal")], ways=[way]) as journal:
        assert sorted(messages(journal)) == sorted([*"abcdefgh", "container", "elsewhere"])


def test_no_link_leads_out_of_a_root(root, build):
    build("secret.journal", *said("secret"))
    own = root / "var/log/journal" / MACHINE
    outside = root.parent / "secret.journal"
    (own / "absolute.journal").symlink_to(outside)
    (own / "dots.journal").symlink_to("../../../../../secret.journal")
    os.mkfifo(own / "pipe.journal")
    (own / "device.journal").symlink_to("/dev/zero")
    (root / "run/log/journal" / ("e" * 32)).symlink_to(root.parent)
    with open_journal(root=str(root)) as journal:
        assert messages(journal) == ["0", *"abcdefgh"]
        assert [lost.what for lost in journal.losses.all()] == ["no regular file"]
    with open_journal([str(own / "absolute.journal")]) as journal:
        assert messages(journal) == ["secret"]


def test_links_inside_a_root_lead_inside(root):
    (root / "data").mkdir()
    (root / "var/log/journal").rename(root / "data/journal")
    (root / "var/log/journal").symlink_to("/data/journal")
    with open_journal(root=str(root)) as journal:
        assert messages(journal) == ["0", *"abcdefgh"]


def test_what_is_no_journal_is_told(root):
    own = root / "var/log/journal" / MACHINE
    (own / "empty.journal").write_bytes(b"")
    (own / "text.journal").write_text("hello\n" * 100)
    newer = bytearray((own / "system.journal").read_bytes())
    newer[12] |= 128
    (own / "newer.journal").write_bytes(newer)
    with open_journal(root=str(root)) as journal:
        assert messages(journal) == ["0", *"abcdefgh"]
        told = {lost.where.rpartition("/")[2]: lost.what for lost in journal.losses.all()}
        assert told == {
            "empty.journal": "empty",
            "text.journal": "no journal file",
            "newer.journal": "of a newer systemd (flags 0x80)",
        }
        assert [gap.kind for gap in journal.coverage().gaps] == ["file"] * 3


def test_a_folder_that_may_not_be_read_is_told(root, monkeypatch):
    own = root / "var/log/journal" / MACHINE
    real = os.open

    def refused(path, *arguments, **options):
        if isinstance(path, str) and path.endswith(MACHINE):
            raise PermissionError(13, "Permission denied")
        return real(path, *arguments, **options)

    monkeypatch.setattr("os.open", refused)
    with open_journal([str(root / "var/log/journal")]) as journal:
        assert sorted(messages(journal)) == ["container", "elsewhere", "h"]
        assert [(one.where, one.what) for one in journal.losses.all()] == [
            (str(own), "permission denied")
        ]


def test_an_entry_that_two_files_have_is_one(build):
    one = build("one.journal", *said("a", "b", "c"))
    two = one.with_name("two.journal")
    two.write_bytes(one.read_bytes())
    with open_journal([str(one), str(two)]) as journal:
        assert messages(journal) == ["a", "b", "c"]
        assert messages(journal, reverse=True, limit=2) == ["c", "b"]


def test_numbers_go_before_the_clock_where_one_journald_has_numbered(build):
    """The clock was set back between the two files."""
    one = number(build("one.journal", *said("a", "b")), b"s" * 16, 1)
    two = number(build("two.journal", *said("c", "d"), begin=BEGIN - 10_000_000), b"s" * 16, 3)
    with open_journal([str(one), str(two)]) as journal:
        assert messages(journal) == [*"abcd"]
        assert messages(journal, reverse=True) == [*"dcba"]
        assert messages(journal, until=BEGIN * 1000) == [*"acd"]


def test_a_file_that_is_gone_is_a_gap(build):
    """Numbers that nobody has, between two files of a boot; between boots they mean nothing."""
    common = b"s" * 16
    one = number(build("one.journal", *said("a", "b")), common, 1)
    two = number(build("two.journal", *said("c"), begin=BEGIN + 5_000_000), common, 13)
    other = build("three.journal", *said("d"), begin=BEGIN + 9_000_000, boot="cd" * 16)
    number(other, common, 100)
    with open_journal([str(one), str(two), str(other)]) as journal:
        coverage = journal.coverage()
    (gap,) = coverage.gaps
    assert (gap.kind, gap.count) == ("entries", 10)
    assert (gap.from_ns, gap.until_ns) == (BEGIN * 1000 + 1_000_000, BEGIN * 1000 + 5_000_000_000)
    assert "two.journal" in gap.what
    first, second = coverage.boots
    assert (first.id, first.since_boot_ns) == ("ab" * 16, 5_000_000_000)
    assert (first.first_ns, first.last_ns) == (BEGIN * 1000, BEGIN * 1000 + 5_000_000_000)
    assert (second.id, second.last_ns) == ("cd" * 16, BEGIN * 1000 + 9_000_000_000)


@pytest.mark.parametrize("way", WAYS)
def test_journald_tells_what_it_has_dropped(build, way):
    """It lies behind the last of the same: of the kernel, or of the service."""
    dropped, missed = b"a596d6fe7bfa4994828e72309e95d61e", b"e9bf28e6e834481bb6f48f548ad13606"
    clock = b"c7a787079b354eaaa9e77b371893cd27"
    driver = ("_TRANSPORT", b"driver")
    suppressed = ("MESSAGE", b"Suppressed 9 messages from a.service")
    path = build(
        "marks.journal",
        [("MESSAGE", b"a kernel's"), ("_TRANSPORT", b"kernel")],
        [("MESSAGE", b"a service's"), ("_SYSTEMD_UNIT", b"a.service")],
        [suppressed, ("MESSAGE_ID", dropped), ("N_DROPPED", b"9"), driver],
        [("MESSAGE", b"Missed 123 kernel messages"), ("MESSAGE_ID", missed), driver],
        [("MESSAGE", b"Missed 5 kernel messages"), ("MESSAGE_ID", missed), ("_UID", b"1000")],
        [("MESSAGE", b"Time has been changed"), ("MESSAGE_ID", clock), ("_PID", b"1")],
        [("MESSAGE", b"Time has been changed"), ("MESSAGE_ID", clock), ("_PID", b"77")],
    )
    with open_journal([str(path)], ways=[way]) as journal:
        coverage = journal.coverage()
    told = {gap.kind: (gap.count, gap.from_ns, gap.until_ns) for gap in coverage.gaps}
    kernel, service, first, second, _, step, _ = (
        BEGIN * 1000 + number * 1_000_000 for number in range(7)
    )
    assert told == {"dropped": (9, service, first), "missed": (123, kernel, second)}
    assert coverage.clock_steps == (step,)


def test_what_has_no_journal_is_a_problem_that_says_why(tmp_path):
    (tmp_path / "a.journal").write_bytes(b"LPKSHHRH" + bytes(300))
    for way in WAYS:
        with pytest.raises(Problem) as caught:
            open_journal([str(tmp_path / "a.journal")], ways=[way])
        assert "a.journal: a header longer than the file" in caught.value.why
    with pytest.raises(Problem, match="cannot read a journal below"):
        open_journal(root=str(tmp_path))


def test_a_root_that_is_none_is_a_problem(tmp_path):
    with pytest.raises(Problem, match="cannot read"):
        open_journal(root=str(tmp_path / "none"))
