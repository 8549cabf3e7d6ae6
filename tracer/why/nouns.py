"""Causes as nouns: what may have been it, and what it was another time."""

from __future__ import annotations

NOUNS: dict[str, str] = {
    "killed": "a signal from a process",
    "stop": "a stop that was asked for",
    "stop timeout": "a stop that took too long",
    "start timeout": "a start that took too long",
    "runtime limit": "the limit of its running time",
    "reload timeout": "a reload that took too long",
    "watchdog": "its watchdog",
    "oom": "the OOM killer",
    "user oom killer": "a memory guard",
    "crash": "a crash",
    "abort": "an abort of its own",
    "limit": "a resource limit",
    "terminal": "its terminal",
    "session end": "the end of its session",
    "parent death": "the end of its parent",
    "pid namespace": "the end of its pid namespace",
    "seccomp": "a seccomp filter",
    "ptrace": "its tracer",
    "pipe": "a broken pipe",
    "timer": "its own timer",
    "exec failed": "an exec that failed",
    "kernel": "the kernel",
    "exit": "an exit of its own",
    "shutdown": "the shutdown of the host",
    "host lost": "the loss of its host",
    "hardware": "a hardware error",
    "unknown": "a cause that is not told",
}
