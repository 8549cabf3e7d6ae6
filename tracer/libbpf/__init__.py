"""libbpf through ctypes: the only ctypes of sigtrace that touches BPF.

``library`` declares the functions, ``object`` the phases (OpenObject, then Object), ``ring`` reads.
"""
