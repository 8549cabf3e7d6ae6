"""The user that a recorder goes on as, and its folder."""

from __future__ import annotations

import grp
import os
import pwd
import stat

from tracer.model.frozen import frozen

NAME, GROUP = "sigtrace", "adm"
# Those that systemd gives to services for a while (DynamicUser=, systemd.exec(5)): no person's.
_MODE = 0o2750
_NOBODYS = range(61184, 65520)


@frozen
class User:
    """``words`` say who it is."""

    uid: int
    gid: int
    words: str


def recorder_user() -> User:
    """The system user sigtrace; without it a uid that nobody uses; who is not root stays who he is."""
    if os.geteuid() != 0:
        return User(os.geteuid(), os.getegid(), f"uid {os.geteuid()}")
    try:
        known = pwd.getpwnam(NAME)
        return User(known.pw_uid, known.pw_gid, f"user {NAME}")
    except KeyError:
        uid = next(uid for uid in _NOBODYS if not _is_used(uid))
        return User(uid, uid, f"uid {uid}, which nobody uses: there is no user {NAME}")


def may_record(uid: int) -> bool:
    """Whether a process of this user may be a recorder to believe: root, who asks, and whom recorders go on as."""
    if uid in (0, os.geteuid()):
        return True
    try:
        return pwd.getpwuid(uid).pw_name == NAME
    except KeyError:
        return uid in _NOBODYS


def _is_used(uid: int) -> bool:
    for look, number in ((pwd.getpwuid, uid), (grp.getgrgid, uid)):
        try:
            look(number)
        except KeyError:
            continue
        return True
    return False


def make_folder(path: str, user: User, *, is_ours: bool) -> None:
    """Make a folder for this user, readable for the group adm, whose files will be that group's, too. Raises OSError.

    One that is there already is left as it is, unless it ``is_ours``. Is that root's, its files are given to the user,
    too: systemd makes a StateDirectory= and all in it the unit's user's, root's, at each start
    (path_chown_recursive(), src/shared/chown-recursive.c).
    """
    made = False
    try:
        os.mkdir(path, 0o700)
        made = True
    except FileExistsError:
        pass
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        owner = os.fstat(fd).st_uid
        if os.geteuid() == 0 and (made or (is_ours and owner in (0, user.uid))):
            if owner == 0:
                _give_files(fd, user)
            os.fchown(fd, user.uid, _readers(user))
            if stat.S_IMODE(os.fstat(fd).st_mode) != _MODE:  # Which RestrictSUIDSGID= forbids.
                os.fchmod(fd, _MODE)
        elif made:
            os.fchmod(fd, 0o750)
    finally:
        os.close(fd)


def _give_files(folder: int, user: User) -> None:
    """While the folder is root's, so that nobody changes meanwhile what a name means."""
    with os.scandir(folder) as entries:
        for entry in entries:
            found = entry.stat(follow_symlinks=False)
            if stat.S_ISREG(found.st_mode) and found.st_nlink == 1:
                os.chown(entry.name, user.uid, _readers(user), dir_fd=folder, follow_symlinks=False)


def _readers(user: User) -> int:
    try:
        return grp.getgrnam(GROUP).gr_gid
    except KeyError:
        return user.gid
