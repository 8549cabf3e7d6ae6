"""Units, containers and pods read off the paths that the usual tools make."""

from __future__ import annotations

import pytest

from tracer.host.cgroups import place_of

ID = b"0123456789abcdef" * 4
POD = b"12345678-1234-1234-1234-123456789abc"
POD_ = POD.replace(b"-", b"_")


@pytest.mark.parametrize(
    ("path", "unit", "container", "pod"),
    [
        (b"/", None, None, None),
        (b"", None, None, None),
        (b"/system.slice/nginx.service", b"nginx.service", None, None),
        (b"/user.slice/user-1000.slice/session-3.scope", b"session-3.scope", None, None),
        (
            b"/user.slice/user-1000.slice/user@1000.service/app.slice/foo.service",
            "user@1000.service › foo.service".encode(),
            None,
            None,
        ),
        (b"/user.slice/user-1000.slice/user@1000.service", b"user@1000.service", None, None),
        (
            b"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" + ID + b".scope",
            b"user@1000.service \xe2\x80\xba libpod-" + ID + b".scope",
            None,
            None,
        ),
        (b"/web.service/nginx.service", b"web.service", None, None),
        (b"/web.service/docker-" + ID + b".scope", b"web.service", None, None),
        (b"/web.service/pod" + POD + b"/" + ID, b"web.service", None, None),
        (b"/docker/" + ID + b"/docker/" + ID[::-1], None, ID, None),
        (b"/docker/" + ID + b"/nginx.service", "0123456789ab › nginx.service".encode(), ID, None),
        (
            b"/system.slice/docker-" + ID + b".scope/init.scope",
            b"docker-" + ID + b".scope",
            ID,
            None,
        ),
        (b"/user.slice", b"user.slice", None, None),
        (b"/system.slice/nginx.service/worker", b"nginx.service", None, None),
        (b"/system.slice/docker-" + ID + b".scope", b"docker-" + ID + b".scope", ID, None),
        (b"/docker/" + ID, None, ID, None),
        (
            b"/machine.slice/libpod-" + ID + b".scope/container",
            b"libpod-" + ID + b".scope",
            ID,
            None,
        ),
        (
            b"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod"
            + POD_
            + b".slice/cri-containerd-"
            + ID
            + b".scope",
            b"cri-containerd-" + ID + b".scope",
            ID,
            POD,
        ),
        (b"/kubepods/burstable/pod" + POD + b"/" + ID, None, ID, POD),
        (b"/kubepods.slice/crio-" + ID + b".scope", b"crio-" + ID + b".scope", ID, None),
        (b"/lxc/web/init.scope", "web › init.scope".encode(), b"web", None),
        (
            b"/lxc.payload.web/system.slice/cron.service",
            "web › cron.service".encode(),
            b"web",
            None,
        ),
        (b"/machine.slice/machine-web.scope", b"machine-web.scope", b"web", None),
    ],
)
def test_place(path, unit, container, pod):
    assert place_of(path) == (unit, container, pod)


@pytest.mark.parametrize(
    "path",
    [
        b"/docker-" + ID[:-1] + b".scope",  # too short
        b"/other-" + ID,
        b"/docker-" + ID.upper(),
        b"/pod" + POD[:-1] + b"/x",
        b"/xpod" + POD,
        b"/" + POD,
        b"/pod" + POD.replace(b"a", b"g"),
        b"/lxc.",
        b"/machine-.scope/x",
        b"/lxcweb",
    ],
)
def test_what_only_looks_like_a_container(path):
    assert place_of(path)[1:] == (None, None)
