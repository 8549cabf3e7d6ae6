"""``@memo(N)``: a function of one argument that remembers what it has answered, and forgets all when that is N answers.

functools.lru_cache does this, but to import functools (and collections with it) takes more than a millisecond of what a
trace waits for first. A known answer costs no call of a Python function.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    K = TypeVar("K")
    V = TypeVar("V")

    def memo(most: int) -> Callable[[Callable[[K], V]], Callable[[K], V]]: ...

else:

    def memo(most):
        return lambda function: _Answers(function, most).__getitem__

    class _Answers(dict):
        def __init__(self, function, most):
            super().__init__()
            self._function = function
            self._most = most

        def __missing__(self, key):
            answer = self._function(key)
            if len(self) >= self._most:
                self.clear()
            self[key] = answer
            return answer
