"""What container runtimes and kubelet say of containers: dockerd (daemon/stop.go), containerd (internal/cri/server/events.go,
pkg/cri/server before v2), kubelet (pkg/kubelet/kuberuntime/kuberuntime_container.go, pkg/kubelet/pleg/generic.go), conmon
(src/ctr_exit.c). A line of docker's own events (`docker events`) has no tag, and a table of its own.

Of an exit code above 128 they cannot tell a signal (128 and its number) from a status that the process gave itself.
"""

from __future__ import annotations

from tracer.statements.row import Row, Table

# A level, a time and a place in the source, as logrus and klog write them.
_HEAD = rb"(?:.{0,200}?[\s=\"\]])??"
_ID = rb"(?P<container>[0-9a-f]{12,64})"
_KERNEL = {"killer": "kernel"}

_ROWS = (
    Row("stop timeout", _HEAD + rb"Container (?:" + _ID + rb" )?failed to exit within (?P<grace>[\w.]+(?: seconds)?) of (?:signal \d+|SIG\w+) - using the force\"?(?:.*?\bcontainer=" + _ID.replace(b"container>", b"container_>") + rb".*)?", b" - using the force", versions="dockerd, all"),
    # Of the same stop: it lives on after the first SIGKILL.
    Row("stop timeout", _HEAD + rb"Container " + _ID + rb" failed to exit within (?P<grace>\d+ seconds) of kill - trying direct SIGKILL\"?", b" - trying direct SIGKILL", versions="dockerd up to 20.10"),
    Row("stop asked", _HEAD + rb"\"?Killing (?:unwanted )?container with a grace period(?: override)?\"? pod=\"(?P<in_pod>[^\"]+)\"(?: podUID=\"?(?P<pod>[\w-]{1,64})\"?)?.*? containerName=\"(?P<name>[^\"]+)\" containerID=\"(?:\w[\w-]*://)?" + _ID + rb"\"(?: gracePeriod=(?P<grace>\d+))?.*", b"container with a grace period", versions="kubelet 1.2x"),
    Row("oom notice", _HEAD + rb"TaskOOM event container_id:\\?\"" + _ID + rb"\\?\".*", b"TaskOOM event", fixed=_KERNEL, versions="containerd 1.3+"),
    # id is another one where an exec ended, not the container.
    Row("container ended", _HEAD + rb"(?:TaskExit event|received (?:container )?exit event)(?: in podsandbox handler)? container_id:\\?\"" + _ID + rb"\\?\"\s+id:\\?\"(?P=container)\\?\"\s+pid:(?P<pid>\d+)(?:\s+exit_status:(?P<status>\d+))?\b.*", b"xit event", versions="containerd 1.3+"),
    Row("container ended", _HEAD + rb"\"?Generic \(PLEG\): container finished\"? .*?containerID=\"?" + _ID + rb"\"? exitCode=(?P<status>\d+).*", b"(PLEG): container finished", versions="kubelet 1.2x"),
    Row("container ended", rb"conmon " + _ID + rb" <\w+>: container (?P<pid>\d+) exited with status (?P<status>\d+)", b" exited with status ", versions="conmon 2+ (podman, CRI-O)"),
)  # fmt: skip

_RUNTIMES = (b"dockerd", b"containerd", b"kubelet", b"conmon", b"crio", b"docker", b"k3s")
TABLE = Table(
    "container runtimes",
    _ROWS,
    speakers=frozenset(_RUNTIMES),
    proof={b"_COMM": frozenset((*_RUNTIMES, b"k3s-server", b"k3s-agent"))},
    units=(),
)

_EVENT = rb"container %s " + _ID + rb" \((?:[^()]{0,4096}, )?"
EVENTS = Table(
    "docker events",
    (
        Row("oom notice", _EVENT % b"oom" + rb"name=(?P<container_name>[\w.-]+).*", b"container oom ", fixed=_KERNEL, versions="all"),
        Row("container ended", _EVENT % b"die" + rb"exitCode=(?P<status>\d+)(?:, [^()]*)??, name=(?P<container_name>[\w.-]+).*", b"container die ", versions="all"),
    ),
    speakers=frozenset((b"docker-events",)),
    untagged=True,
)  # fmt: skip
