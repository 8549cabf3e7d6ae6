"""Capabilities: which are missing, and that it is said as one thing that is refused."""

from __future__ import annotations

import pytest

from tracer.host import privileges
from tracer.model.errors import REFUSED, Problem


def having(monkeypatch, *names):
    mask = sum(1 << privileges.CAPABILITIES[name] for name in names)
    monkeypatch.setattr(privileges, "effective", lambda: mask)


@pytest.mark.parametrize(
    ("held", "missing"),
    [
        ((), ["CAP_BPF", "CAP_PERFMON", "CAP_AUDIT_READ"]),
        (("CAP_BPF",), ["CAP_PERFMON", "CAP_AUDIT_READ"]),
        (("CAP_SYS_ADMIN",), ["CAP_AUDIT_READ"]),
        (("CAP_SYS_ADMIN", "CAP_AUDIT_READ"), []),
        (("CAP_BPF", "CAP_PERFMON", "CAP_AUDIT_READ"), []),
    ],
)
def test_lacking(held, missing, monkeypatch):
    having(monkeypatch, *held)
    assert privileges.lacking("CAP_BPF", "CAP_PERFMON", "CAP_AUDIT_READ") == missing


def test_what_is_required_is_named(monkeypatch):
    having(monkeypatch, "CAP_BPF")
    privileges.require("cannot", "CAP_BPF")
    with pytest.raises(Problem, match="cannot") as raised:
        privileges.require("cannot", "CAP_BPF", "CAP_PERFMON", "CAP_SYSLOG")
    assert raised.value.why == "this needs CAP_PERFMON and CAP_SYSLOG"
    assert raised.value.kind == REFUSED


@pytest.mark.parametrize(
    ("uid", "gid", "wanted"),
    [
        ("1000", "1000", (1000, 1000)),
        ("1000", "0", (1000, 0)),
        ("0", "0", None),
        ("4294967295", "1000", None),
        ("1000", "4294967295", None),
        ("99999999999999", "1", None),
        ("-1", "1", None),
        ("²", "1", None),
        ("", "", None),
    ],
)
def test_who_called_sudo(uid, gid, wanted, monkeypatch):
    monkeypatch.setenv("SUDO_UID", uid)
    monkeypatch.setenv("SUDO_GID", gid)
    assert privileges.caller() == wanted
