"""BPF through ctypes, but for what bcc's own library does (``tracer/sources/bcc/buffer.py``, ``births.py``).

``library`` declares libbpf's functions, ``object`` the phases (OpenObject, then Object), ``loader`` does without
libbpf, ``ring`` reads.
"""
