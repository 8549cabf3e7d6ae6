"""The deaths that make.py causes: each scene starts a victim, ends it, and tells who did it."""

from scenes import accounted, by_kernel, by_managers, by_others, misleading
from scenes.stage import CAUSES, SCENES, build, played

__all__ = [
    "CAUSES",
    "SCENES",
    "accounted",
    "build",
    "by_kernel",
    "by_managers",
    "by_others",
    "misleading",
    "played",
]
