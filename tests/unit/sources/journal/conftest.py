"""A journal of 300 entries, in each form that systemd has ever written."""

import journals
import pytest

needs_tool = pytest.mark.skipif(not (journals.TOOL and journals.JOURNALCTL), reason=journals.WHY)


def pytest_collection_modifyitems(items):
    for item in items:
        if "journals_of" in getattr(item, "fixturenames", ()):
            item.add_marker(needs_tool)


def entries():
    for number in range(300):
        unit = b"u%d.service" % (number % 10)
        yield [
            ("MESSAGE", b"stopped %d " % number + b"x" * (900 if number % 50 == 0 else 3)),
            ("MESSAGE_ID", journals.EXITED if number % 30 == 0 else journals.ASKED),
            ("UNIT", unit),
            ("_PID", b"%d" % number),
            *([("TAG", b"one"), ("TAG", b"two")] if number == 7 else []),
            *([("BINARY", b"a\0b\n\xff")] if number % 100 == 0 else []),
        ]


FORMS = {
    "today's": {},
    "not compact": {"compact": False},
    "before 246": {"compact": False, "keyed": False},
    "not packed": {"packed": False},
    "neither": {"packed": False, "compact": False, "keyed": False},
    "xz": {"packed": False, "compact": False, "keyed": False, "repack": (journals.xz, 1)},
    "lz4": {"packed": False, "compact": False, "repack": (journals.lz4, 2)},
    "lz4, compact": {"packed": False, "repack": (journals.lz4, 2)},
}


@pytest.fixture(scope="session")
def journals_of(tmp_path_factory):
    """Form → file."""
    folder = tmp_path_factory.mktemp("journals")
    made = {}
    for form, how in FORMS.items():
        how = dict(how)
        repack = how.pop("repack", None)
        path = folder / f"{form.replace(' ', '-').replace(',', '')}.journal"
        made[form] = journals.build(path, journals.export(*entries()), **how)
        if repack:
            journals.repack(path, *repack)
    return made


@pytest.fixture(params=FORMS)
def form(request, journals_of):
    return journals_of[request.param]


@pytest.fixture
def build(journals_of, tmp_path):
    """Makes a journal of a test's own."""

    def make(name, *lists, folder=tmp_path, **how):
        times = {key: how.pop(key) for key in ("begin", "boot", "step") if key in how}
        folder.mkdir(parents=True, exist_ok=True)
        return journals.build(folder / name, journals.export(*lists, **times), **how)

    return make
