"""The layouts of tracer/sources/wire/records.py against the BTF that clang makes of bpf/sigtrace.h."""

from __future__ import annotations

import json
import platform
import re
import shutil
import subprocess
from pathlib import Path
from struct import Struct

import pytest

from tracer.flow import judge
from tracer.sources import wanted
from tracer.sources.wire import judged, settings
from tracer.sources.wire import records as wire

HEADER = Path(__file__).parents[3] / "bpf" / "sigtrace.h"


RECORDS = {
    "end": wire.END,
    "signal_record": wire.SIGNAL_RECORD,
    "more_record": wire.MORE_RECORD,
    "process_record": wire.PROCESS_RECORD,
    "exit_record": wire.EXIT_RECORD,
    "refused_record": wire.REFUSED_RECORD,
    "oom_record": wire.OOM_RECORD,
    "call_record": wire.CALL_RECORD,
    "command_record": wire.COMMAND_RECORD,
    "filter": settings.FILTER,
    "config": settings.CONFIG,
}


@pytest.fixture(scope="module")
def types(tmp_path_factory, cannot_run):
    """The BTF of the header's structs. The object's own keeps only the types that its maps name."""
    for tool in ("clang", "bpftool"):
        if not shutil.which(tool):
            cannot_run(f"{tool} is not installed: the header's BTF cannot be made")
    folder = tmp_path_factory.mktemp("btf")
    source, made = folder / "records.c", folder / "records.o"
    source.write_text(
        f'#include <linux/types.h>\n#include "{HEADER}"\n'
        + "".join(f"struct {name} the_{name};\n" for name in RECORDS)
    )
    include = f"/usr/include/{platform.machine()}-linux-gnu"
    subprocess.run(
        ["clang", "-g", "-O2", "-target", "bpf", "-idirafter", include, "-c", source, "-o", made],
        check=True,
    )
    dump = subprocess.run(
        ["bpftool", "-j", "btf", "dump", "file", made], capture_output=True, check=True
    )
    return {entry["id"]: entry for entry in json.loads(dump.stdout)["types"]}


def flat(types, type_id, base=0, name=""):
    """Every scalar and char array of a struct as (name, offset, size), text[] left out."""
    entry = types[type_id]
    kind = entry["kind"]
    if kind in ("TYPEDEF", "VOLATILE", "CONST"):
        return flat(types, entry["type_id"], base, name)
    if kind == "ARRAY":
        element = types[entry["type_id"]]
        if element["kind"] == "INT" and element["name"] == "char":
            return [(name, base, entry["nr_elems"])]
        size = size_of(types, entry["type_id"])
        return [
            cell
            for index in range(entry["nr_elems"])
            for cell in flat(types, entry["type_id"], base + index * size, name)
        ]
    if kind == "STRUCT":
        return [
            cell
            for member in entry["members"]
            if member["name"] != "text"
            for cell in flat(
                types,
                member["type_id"],
                base + member["bits_offset"] // 8,
                f"{name}.{member['name']}".lstrip("."),
            )
        ]
    return [(name, base, entry["size"])]


def size_of(types, type_id):
    entry = types[type_id]
    return entry["size"] if "size" in entry else size_of(types, entry["type_id"])


def cells(layout):
    """(offset, size) of each value of a struct.Struct without alignment."""
    sizes = {"B": 1, "H": 2, "I": 4, "i": 4, "Q": 8, "q": 8}
    found, at = [], 0
    for count, letter in re.findall(r"(\d*)([a-zA-Z])", layout.format.lstrip("=")):
        number = int(count or 1)
        if letter in "sx":
            found += [(at, number)] if letter == "s" else []
            at += number
            continue
        for _ in range(number):
            found.append((at, sizes[letter]))
            at += sizes[letter]
    return found


def of_type(types, name):
    ids = [entry["id"] for entry in types.values() if entry["name"] == name]
    assert ids, f"struct {name} is not in the object's BTF"
    return flat(types, ids[0])


@pytest.mark.parametrize("name", RECORDS)
def test_layout(types, name):
    """Each field by its name, at its place, of its size; the first of an array by its name."""
    layout = RECORDS[name]
    theirs = of_type(types, name)
    first = {cell[0]: cell for cell in reversed(theirs)}
    sizes = {field: Struct("=" + letters).size for field, letters in layout.letters.items()}
    assert {field: (field, layout.at[field], size) for field, size in sizes.items()} == first
    assert sorted(cells(layout.struct)) == sorted(cell[1:] for cell in theirs)


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_is_read_as_it_was_packed(name):
    layout = RECORDS[name]
    values = [
        b"c" * 16 if letter == "s" else n % 200
        for n, letter in enumerate(re.findall(r"\d*([a-zA-Z])", layout.plain))
    ]
    raw = layout.struct.pack(*values)
    record = layout.read(b"xxx" + raw, 3)
    for field in layout.letters:
        outer, dot, inner = field.partition(".")
        value = getattr(record, outer)
        if dot:
            value = getattr(value[0] if isinstance(value, tuple) else value, inner)
        assert value == layout.get(raw, 0, field)
    changed = bytearray(raw)
    for field, letters in layout.letters.items():
        layout.put(changed, 0, field, b"d" * 16 if letters == "16s" else 7)
        assert layout.get(changed, 0, field) == (b"d" * 16 if letters == "16s" else 7)


@pytest.mark.parametrize(
    ("module", "prefix", "enum"),
    [
        (wire, "", "signal_flag"),
        (wire, "", "process_flag"),
        (wire, "", "exit_flag"),
        (wire, "", "seccomp_action"),
        (wanted, "", "verdict_mode"),
        (wire, "RECORD_", "record_type"),
        (judge, "", "verdict"),
        (judge, "JUDGES_", "judges"),
    ],
)
def test_numbers(module, prefix, enum):
    """Every enumerator of the header has the same value in Python."""
    body = re.search(rf"enum {enum} {{(.*?)}};", HEADER.read_text(), re.DOTALL)[1]
    body = re.sub(r"/\*.*?\*/", "", body, flags=re.DOTALL)
    value = -1
    for part in filter(None, map(str.strip, body.split(","))):
        name, _, given = part.partition("=")
        value = eval(given) if given else value + 1
        assert getattr(module, name.strip()[len(prefix) :]) == value


def test_calls_and_losses_have_the_headers_order():
    text = HEADER.read_text()
    calls = re.findall(r"CALL_(\w+)", re.search(r"enum call {(.*?)}", text, re.DOTALL)[1])
    assert ["UNKNOWN", *[name.upper() for name in wire.CALLS[1:]]] == calls
    losses = re.findall(r"LOST_(\w+)", re.search(r"enum loss {(.*?)}", text, re.DOTALL)[1])
    assert [name.split()[0] for name in wire.LOSSES] == [
        {"OOMS": "oom"}.get(name, name.lower()) for name in losses
    ]


def test_rooms():
    text = HEADER.read_text()
    for name in ("PATH_ROOM", "COMM_SIZE"):
        assert getattr(wire, name) == int(re.search(rf"#define {name} (\d+)", text)[1])


def test_the_maps_of_verdicts():
    text = (HEADER.parent / "maps.bpf.h").read_text()
    for name in ("JUDGED", "WAYS", "COUNTERS"):
        assert getattr(judged, name) == int(re.search(rf"#define {name} (\d+)", text)[1])


def test_paths_and_text():
    assert wire.path(b"python3\0bin\0usr\0") == b"/usr/bin/python3"
    assert wire.path(b"") == b""
    assert wire.text(b"bash\0\0garbage") == b"bash"


def test_a_path_whose_beginning_is_cut_says_so():
    assert wire.path(b"sshd\0sbin\0") == b"/sbin/sshd"
    assert wire.path(b"sshd\0sbin\0", wire.EXE_CUT) == b".../sbin/sshd"
    assert wire.path(b"") == b""
