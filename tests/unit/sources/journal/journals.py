"""Journals for tests: made from text by systemd-journal-remote, so that systemd itself says what is right."""

from __future__ import annotations

import lzma
import os
import shutil
import struct
import subprocess

TOOL = next(
    (
        path
        for folder in ("/usr/lib/systemd", "/lib/systemd")
        if os.path.exists(path := f"{folder}/systemd-journal-remote")
    ),
    None,
)
JOURNALCTL = shutil.which("journalctl")
WHY = "needs systemd-journal-remote and journalctl: packaging/install-packages.sh test"
WAYS = ("libsystemd", "journalctl", "own")
BEGIN = 1_700_000_000_000_000  # µs
BOOT = "ab" * 16
ASKED = b"de5b426a63be47a7b6ac3eaac82e2f6f"
EXITED = b"98e322203f7a4ed290d09fe03c09fe15"


def export(*entries, begin=BEGIN, boot=BOOT, step=1000):
    """Text of the export form; an entry is a list of (field, value), a value that is no line is written by length."""
    text = []
    for number, fields in enumerate(entries):
        moment, since_boot = begin + number * step, 5_000_000 + number * step
        text.append(b"__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n" % (moment, since_boot))
        text.append(b"_BOOT_ID=%s\n" % boot.encode())
        for name, value in fields:
            if b"\n" in value or b"\0" in value:
                text.append(name.encode() + b"\n" + struct.pack("<Q", len(value)) + value + b"\n")
            else:
                text.append(name.encode() + b"=" + value + b"\n")
        text.append(b"\n")
    return b"".join(text)


def build(path, text, keyed=True, compact=True, packed=True):
    """A journal file, as a systemd of that time would have written it."""
    environment = {
        **os.environ,
        "SYSTEMD_JOURNAL_KEYED_HASH": str(int(keyed)),
        "SYSTEMD_JOURNAL_COMPACT": str(int(compact)),
    }
    made = path.with_name(f"{path.name}-made.journal")
    made.unlink(missing_ok=True)
    command = [TOOL, f"--compress={'yes' if packed else 'no'}", "-o", made, "-"]
    subprocess.run(command, input=text, env=environment, check=True, capture_output=True)
    # It reserves 8 MiB, which are holes.
    made.rename(path)
    return path


def objects(raw):
    """Offset, type, flags and size of each object."""
    (at,) = struct.unpack_from("<Q", raw, 88)
    (last,) = struct.unpack_from("<Q", raw, 136)
    while at <= last:
        kind, flags, size = struct.unpack_from("<BB6xQ", raw, at)
        if size:
            yield at, kind, flags, size
        at += max(8, size + 7 & ~7)


def repack(path, pack, flag):
    """Long values packed as older systemds did it: this host's tool knows zstd alone."""
    raw = bytearray(path.read_bytes())
    begin = 72 if raw[12] & 16 else 64
    count = 0
    for at, kind, _, size in list(objects(raw)):
        payload = bytes(raw[at + begin : at + size])
        if kind == 1 and len(payload) > 512:
            packed = pack(payload)
            assert len(packed) < len(payload)
            raw[at + begin : at + size] = packed.ljust(len(payload), b"\0")
            struct.pack_into("<BB6xQ", raw, at, 1, flag, begin + len(packed))
            count += 1
    assert count
    raw[12] |= flag
    path.write_bytes(raw)
    return path


def xz(payload):
    return lzma.compress(payload, lzma.FORMAT_XZ, lzma.CHECK_NONE)


def lz4(payload):
    """A block that copies what repeats: some letters, then the same one over and over, then five letters."""
    end = len(payload) - 5
    begin = end
    while begin > 1 and payload[begin - 1] == payload[begin - 2]:
        begin -= 1
    literals, copied = payload[:begin], end - begin
    block = _lz4_sequence(literals, copied) + b"\1\0" + _lz4_more(copied - 4)
    block += bytes([5 << 4]) + payload[end:]
    return struct.pack("<Q", len(payload)) + block


def _lz4_sequence(literals, copied):
    token = min(15, len(literals)) << 4 | min(15, copied - 4)
    return bytes([token]) + _lz4_more(len(literals)) + literals


def _lz4_more(size):
    return b"" if size < 15 else b"\xff" * ((size - 15) // 255) + bytes([(size - 15) % 255])
