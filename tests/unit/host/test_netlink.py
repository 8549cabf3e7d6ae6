"""Netlink: the kernel is heard, nobody else; messages are what the kernel's headers say."""

from __future__ import annotations

import os
import socket
import struct

import pytest

from tracer.host import netlink

USERSOCK = 2  # NETLINK_USERSOCK: any user may send, to any user's port
SOCK_DIAG = 4
FIELDS = (("number", "I"), ("short", "H"), ("other", "H"))


@pytest.fixture
def heard():
    opened = netlink.Netlink(USERSOCK)
    yield opened
    opened.close()


def port_of(opened):
    with socket.socket(fileno=os.dup(opened.fileno())) as same:
        return same.getsockname()[0]


def test_who_is_not_the_kernel_is_not_heard(heard):
    with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, USERSOCK) as forger:
        forger.bind((0, 0))
        assert forger.sendto(b"forged" * 8, (port_of(heard), 0)) == 48
        with pytest.raises(BlockingIOError):
            heard.receive()


def test_the_kernel_is_heard_behind_a_forger():
    """It answers a request that makes no sense with an error, NLMSG_ERROR, that quotes it."""
    asked = netlink.Netlink(SOCK_DIAG)
    try:
        asked.send(netlink.encode(18, netlink.REQUEST | netlink.ACK, 77, (), {}))
        (answer,) = netlink.decode(asked.receive())
    finally:
        asked.close()
    assert (answer.kind, answer.sequence) == (netlink.ERROR, 77)
    assert struct.unpack_from("=i", answer.body)[0] < 0


def test_a_message_is_a_header_and_its_fields():
    message = netlink.encode(1001, 5, 7, FIELDS, {"number": 1, "short": 2, "other": 3})
    assert message == struct.pack("=IHHIIIHH", 24, 1001, 5, 7, 0, 1, 2, 3)


@pytest.mark.parametrize("body", [b"", b"a", b"rule\0with\0zeros", b"x" * 1041])
def test_bytes_of_any_length_are_kept(body):
    message = netlink.encode(1011, 5, 7, (("rule", f"{len(body)}s"),), {"rule": body})
    ((kind, sequence, got),) = netlink.decode(message)
    assert (kind, sequence, got) == (1011, 7, body)


def test_a_datagram_of_several():
    parts = [netlink.encode(n, 0, n, (("text", "3s"),), {"text": b"abc"}) for n in (1, 2, 3)]
    assert [(one.kind, one.body) for one in netlink.decode(b"".join(parts))] == [
        (1, b"abc"),
        (2, b"abc"),
        (3, b"abc"),
    ]


def test_a_length_that_lies_ends():
    """Shorter than its own header: the next one is looked for behind that."""
    data = struct.pack("=IHHII", 3, 9, 0, 1, 0)
    assert [one.kind for one in netlink.decode(data * 2)] == [9, 9]
