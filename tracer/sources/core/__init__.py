"""Live, the CO-RE object of bpf/."""
