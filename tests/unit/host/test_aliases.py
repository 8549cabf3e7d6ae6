"""Links among unit files, as systemctl(1) makes them for Alias=, in a root of our own."""

from __future__ import annotations

import pytest

from tracer import cli
from tracer.host.aliases import alias_of


@pytest.fixture
def root(tmp_path):
    etc, lib = tmp_path / "etc/systemd/system", tmp_path / "lib/systemd/system"
    etc.mkdir(parents=True)
    lib.mkdir(parents=True)
    (lib / "mariadb.service").write_text("[Service]")
    (etc / "mysql.service").symlink_to("/lib/systemd/system/mariadb.service")
    (lib / "mysqld.service").symlink_to("mariadb.service")
    (etc / "masked.service").symlink_to("/dev/null")
    (etc / "linked.service").symlink_to("/srv/app/linked.service")
    (etc / "plain.service").write_text("[Service]")
    (lib / "plain.service").symlink_to("mariadb.service")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("mysql", "mariadb.service"),
        ("mysql.service", "mariadb.service"),
        ("mysqld", "mariadb.service"),
        ("mariadb", None),
        ("masked", None),
        ("linked", None),
        ("plain", None),  # the first folder decides
        ("nothing", None),
        ("../system/mysql", None),
        ("x" * 5000, None),
        ("a\0b", None),
        ("", None),
    ],
)
def test_the_unit_that_is_meant(name, unit, root):
    assert alias_of(name.encode(), str(root)) == (None if unit is None else unit.encode())


def test_who_asks_by_another_name_is_told_the_units(root, capsys):
    log = root / "var/log/messages"
    log.parent.mkdir(parents=True)
    log.write_text(
        "Nov 27 12:00:00 db systemd[1]: mariadb.service: Main process exited, code=killed, status=9/KILL\n"
    )
    assert cli.main(["why", "mysql", "--root", str(root)]) == 3
    said = capsys.readouterr().err
    assert "mysql is another name of mariadb.service: ask for that" in said
    assert cli.main(["why", "mariadb.service", "--root", str(root)]) == 1
    assert "another name" not in capsys.readouterr().err
