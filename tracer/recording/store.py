"""A folder of pieces under a cap: lines are appended to the open piece, full pieces are packed, the oldest removed.

At no instant do the pieces, the one that is open and the one that is being packed hold more bytes than the cap:
for every byte of the open piece another one is kept free, which its packing may take.
"""

from __future__ import annotations

import errno
import fcntl
import os
import zlib

from tracer.model.errors import Problem
from tracer.model.frozen import frozen
from tracer.model.text import typed
from tracer.model.times import SECOND
from tracer.recording.names import LOCK, PACKING, Piece, name_of, piece_of, pieces_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SMALLEST = 1 << 20  # bytes, of a cap
_PIECES = 16  # at least so many of them
_LARGEST = 8 << 20  # bytes of a piece before it is packed: read through in a tenth of a second
_DAY = 86_400 * SECOND
# gzip(1) adds a head, a tail, and five bytes to each stretch that it cannot make smaller.
_FRAME = 1024
_CHUNK = 1 << 16  # of a larger one each read would get new memory
_PART = (
    1 << 16
)  # bytes written at once: on a disk that is almost full, some of many lines find room
# zlib's levels: the second takes a third of the time, and for lines that are alike no more room; for others it takes a third
# more. A piece that grew faster than this, in bytes a second, is packed by it.
_THOROUGH, _QUICK = 6, 3
_FAST = 16 << 10
# A full disk may have room again; for anything else there is no use in going on.
FULL = (errno.ENOSPC, errno.EDQUOT)


@frozen
class Limits:
    """``max_size`` and ``min_free`` in bytes, ``max_age`` in nanoseconds; ``free_share`` is min_free in hundredths of
    the file system."""

    max_size: int = 256 << 20
    max_age: int | None = None
    min_free: int = 0
    free_share: int = 2

    @property
    def piece(self) -> int:
        """How large a piece may be before it is packed."""
        return min(self.max_size // _PIECES, _LARGEST)

    @property
    def piece_age(self) -> int:
        """So old (ns) a piece may become before the next one begins: a day, or an eighth of ``max_age``."""
        return _DAY if self.max_age is None else min(_DAY, self.max_age // 8)


class Store:
    """The only writer of its folder. Raises Problem where it cannot go on.

    ``open`` before anything else. Times are nanoseconds since the epoch.
    """

    def __init__(self, folder: str, host: str, boot: str, limits: Limits) -> None:
        self.folder = folder
        # What stands first in each piece.
        self.head: Callable[[], bytes] = lambda: b""
        # Bytes without an end that killed recorders have left.
        self.torn = 0
        self._host = host
        self._boot = boot
        self._limits = limits
        self._pieces: list[Piece] = []
        self._packed = 0
        self._lock = self._fd = -1
        self._path = ""
        self._size = self._first = self._last = 0
        self._is_dirty = False

    def open(self) -> list[str]:
        """Lock the folder and pack what a killed recorder left. Returns the open pieces that it left, packed now."""
        try:
            self._lock = os.open(
                os.path.join(self.folder, LOCK),
                os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW,
                0o640,
            )
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Problem(
                f"cannot record in {self.folder!r}",
                "another recorder is at work there",
                "sigtrace doctor; or --dir with another folder",
            ) from None
        except OSError as error:
            raise self._unwritable(error) from error
        return self._guarded(self._take_over)

    def append(self, lines: bytes, first: int, last: int) -> int:
        """Whole lines whose times lie between these. Returns how many of them found no room on this disk."""
        lost = 0
        for part in _parts(lines, min(_PART, self._limits.piece)):
            if not (self._kept(part, first, last) or self._kept_anew(part, first, last)):
                lost += part.count(b"\n")
        return lost

    def sync(self) -> None:
        """What was appended is on disk when this returns."""
        if self._is_dirty:
            self._guarded(lambda: os.fdatasync(self._fd))
            self._is_dirty = False
        if self._fd >= 0:
            self._guarded(self._require_place)

    def tidy(self, now: int) -> None:
        """Remove what is too old, pack what is full or was open for long."""
        age = self._limits.max_age
        while age is not None and self._pieces and (self._pieces[0].last or now) < now - age:
            self._guarded(self._remove_oldest)
        if self._fd >= 0 and self._size and not 0 <= now - self._first < self._limits.piece_age:
            self.rotate()

    def rotate(self) -> None:
        """The open piece is packed; the next line begins another."""
        if self._fd < 0:
            return
        self.sync()
        os.close(self._fd)
        self._fd = -1
        path, last = self._path, self._last
        try:
            self._pack(path, last)
        except OSError as error:
            if error.errno not in FULL:
                raise self._unwritable(error) from error
            self._keep_plain(path)

    def close(self) -> None:
        """The open piece is packed, the folder free for another recorder."""
        try:
            self.rotate()
        finally:
            if self._lock >= 0:
                os.close(self._lock)
                self._lock = -1

    def newest(self) -> Piece | None:
        """The last of the packed pieces."""
        return self._pieces[-1] if self._pieces else None

    @property
    def size(self) -> int:
        """Bytes of all pieces."""
        return self._packed + self._size

    def _take_over(self) -> list[str]:
        with os.scandir(self.folder) as entries:
            for path in [entry.path for entry in entries if entry.name.endswith(PACKING)]:
                os.unlink(path)
        pieces, _ = pieces_in(self.folder)
        kept = {piece.path for piece in pieces}
        with os.scandir(self.folder) as entries:
            names = [entry.path for entry in entries if entry.is_file(follow_symlinks=False)]
        for path in names:
            if piece_of(path, 0) is not None and path not in kept:
                os.unlink(path)  # Packed already.
        self._pieces = pieces
        self._packed = sum(piece.size for piece in pieces)
        left = [self._pack_left(piece) for piece in list(pieces) if piece.last is None]
        self._make_room(0)
        return left

    def _pack_left(self, piece: Piece) -> str:
        """A piece that was open when its recorder was killed: without what has no end, and packed."""
        from tracer.recording.tail import whole_size_of

        whole, last = whole_size_of(piece.path)
        if whole < piece.size:
            os.truncate(piece.path, whole)
            self.torn += piece.size - whole
        self._pieces.remove(piece)
        self._packed -= piece.size
        if not whole or 2 * whole + _FRAME > self._limits.max_size:
            os.unlink(piece.path)
            return ""
        if not self._make_room(2 * whole + _FRAME):
            self._add(piece)
            return piece.path
        return self._pack(piece.path, piece.first if last is None else max(last, piece.first))

    def _kept(self, lines: bytes, first: int, last: int) -> bool:
        try:
            return self._append(lines, first, last)
        except OSError as error:
            if error.errno not in FULL:
                raise self._unwritable(error) from error
            self._back_to(self._size)
            return False

    def _kept_anew(self, lines: bytes, first: int, last: int) -> bool:
        """Packed, the open piece takes a tenth of its room, and may be removed."""
        if not self._size:
            return False
        self.rotate()
        return self._kept(lines, first, last)

    def _append(self, lines: bytes, first: int, last: int) -> bool:
        is_full = self._size and self._size + len(lines) > self._limits.piece
        # Packed it takes a tenth: before the oldest goes for want of room on the disk.
        is_large = self._size >= _PART
        if is_full or (is_large and self._lacking(self._size + 2 * len(lines) + _FRAME) > 0):
            self.rotate()
        if self._fd < 0:
            lines = self.head() + lines
        if not self._make_room(2 * (self._size + len(lines)) + _FRAME):
            return False
        if self._fd < 0:
            self._begin(first)
        written = 0
        while written < len(lines):
            written += os.write(self._fd, lines[written:])
        self._size += written
        self._last = max(self._last, last)
        self._is_dirty = True
        return True

    def _begin(self, first: int) -> None:
        """Another piece. No two have the same name, not even after the clock was set back."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        known = {piece.first for piece in self._pieces}
        while first in known:
            first += 1
        while self._fd < 0:
            path = os.path.join(self.folder, name_of(self._host, self._boot, first))
            try:
                self._fd = os.open(path, flags, 0o640)
            except FileExistsError:
                first += 1
        self._path, self._size = path, 0
        self._first = self._last = first
        self._sync_folder()

    def _back_to(self, size: int) -> None:
        """Without what has found no room."""
        try:
            if self._fd >= 0:
                os.ftruncate(self._fd, size)
        except OSError as error:
            raise self._unwritable(error) from error

    def _make_room(self, need: int) -> bool:
        """For so many bytes beside what is packed; the oldest pieces go, if that helps."""
        if self._too_many(need) > self._packed:
            return False
        while self._too_many(need) > 0:
            if not self._pieces:
                return False
            self._remove_oldest()
        return True

    def _too_many(self, need: int) -> int:
        """Bytes that are above the cap, or lack on the disk, with so many more."""
        above = self._packed + need - self._limits.max_size
        return max(above, self._lacking(need - self._size))

    def _lacking(self, need: int) -> int:
        """Bytes that this disk has too few of."""
        found = os.statvfs(self.folder)
        free, all_ = found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize
        return need + max(self._limits.min_free, all_ * self._limits.free_share // 100) - free

    def _remove_oldest(self) -> None:
        oldest = self._pieces.pop(0)
        try:
            os.unlink(oldest.path)
        except FileNotFoundError:
            pass
        self._packed -= oldest.size

    def _pack(self, path: str, last: int) -> str:
        """The path of the packed piece; the plain one is gone. Raises OSError."""
        size = os.path.getsize(path)
        found = piece_of(path, size)
        if found is None:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), path)
        packing = path[: -len(".jsonl")] + PACKING
        try:
            is_fast = size * SECOND > _FAST * max(0, last - found.first)
            packed_size = _pack(path, packing, size + _FRAME, _QUICK if is_fast else _THOROUGH)
            name = name_of(found.host, found.boot, found.first, max(last, found.first))
            packed = os.path.join(self.folder, name)
            os.rename(packing, packed)
        except OSError:
            _remove(packing)
            raise
        self._sync_folder()
        os.unlink(path)
        self._size = 0
        self._add(Piece(packed, found.host, found.boot, found.first, last, packed_size))
        return packed

    def _keep_plain(self, path: str) -> None:
        """There is no room to pack it: it counts as it is, and is packed by the next recorder."""
        size = os.path.getsize(path)
        found = piece_of(path, size)
        self._size = 0
        if found is not None:
            self._add(found)

    def _add(self, piece: Piece) -> None:
        self._pieces.append(piece)
        self._packed += piece.size

    def _require_place(self) -> None:
        """The open file must still be the one that its name leads to: the folder may have been taken away."""
        named, ours = os.stat(self._path, follow_symlinks=False), os.fstat(self._fd)
        if (named.st_dev, named.st_ino) != (ours.st_dev, ours.st_ino):
            raise OSError(errno.ENOENT, "another file has taken its place", self._path)

    def _sync_folder(self) -> None:
        fd = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def _guarded(self, call: Callable[[], list[str] | None]) -> list[str]:
        try:
            return call() or []
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> Problem:
        what, why = f"cannot record in {self.folder!r}", (error.strerror or str(error)).lower()
        if error.errno == errno.EACCES:
            uid = os.geteuid()
            inside = f"--dir {typed(os.path.join(self.folder, 'sigtrace'))}, a folder of its own"
            return Problem(
                what,
                f"{why} to uid {uid}, as which the recorder goes on",
                f"sudo chown {uid} {typed(self.folder)}; or {inside}"
                if self._is_a_recordings()
                else inside,
            )
        return Problem(what, why, "--dir with a folder on a disk that has room")

    def _is_a_recordings(self) -> bool:
        """Whether nothing else lies in the folder: /etc is given to nobody."""
        try:
            return not pieces_in(self.folder)[1]
        except OSError:
            return False


def _parts(lines: bytes, most: int) -> Iterator[bytes]:
    """Of so many bytes each, at the ends of lines; a line as long as that is none of ours, and goes alone."""
    at = 0
    while at < len(lines):
        end = len(lines) if len(lines) - at <= most else lines.rfind(b"\n", at, at + most) + 1
        if not end:
            end = lines.find(b"\n", at) + 1 or len(lines)
        yield lines[at:end]
        at = end


def _pack(path: str, packing: str, most: int, level: int) -> int:
    """Write ``path`` as one gzip member, synced; returns its size. Raises OSError, ENOSPC above ``most`` bytes."""
    packer = zlib.compressobj(level, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    size = 0
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    with (
        open(path, "rb") as plain,
        open(os.open(packing, flags, 0o640), "wb", buffering=0) as packed,
    ):
        while True:
            chunk = plain.read(_CHUNK)
            made = packer.compress(chunk) if chunk else packer.flush()
            size += len(made)
            if size > most:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), packing)
            while made:
                made = made[packed.write(made) :]
            if not chunk:
                break
        os.fsync(packed.fileno())
    return size


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass
