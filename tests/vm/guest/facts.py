"""Run in a guest: print its kernel, Python, libbpf and bcc as JSON, for the list in kernels.py.

Needs nothing but the guest's own Python; a thing that is not there is null.
"""

from __future__ import annotations

import ctypes
import json
import platform
import subprocess


def libbpf_version() -> str | None:
    """libbpf.so.1 tells its version ("v1.1") itself; what came before 1.0 does not count."""
    try:
        version = ctypes.CDLL("libbpf.so.1").libbpf_version_string
    except OSError:
        return None
    version.restype = ctypes.c_char_p
    text: bytes = version()
    return text.decode().lstrip("v")


def package_version(name: str) -> str | None:
    asked = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", name], capture_output=True, text=True, check=False
    )
    return asked.stdout or None


print(
    json.dumps(
        {
            "kernel": platform.release(),
            "python": platform.python_version(),
            "libbpf": libbpf_version(),
            "bcc": package_version("python3-bpfcc"),
        }
    )
)
