"""sigtrace: who sent this signal, and what became of it?"""

__version__ = "0.1.0"
