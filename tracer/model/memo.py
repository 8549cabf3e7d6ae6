"""What is remembered has a bound, and one policy: when it is full, the older half is forgotten.

So at least the newest half is always known, and forgetting costs nothing each time. functools.lru_cache would do for
``memo``, but to import functools (and collections with it) takes more than a millisecond of what a trace waits for
first.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    K = TypeVar("K")
    V = TypeVar("V")

    class Bounded(dict[K, V]):
        """A dict of at most ``most`` keys. What is set again keeps its age; ``renew`` makes it the newest."""

        def __init__(self, most: int) -> None: ...
        def renew(self, key: K, value: V) -> None: ...

    def memo(most: int) -> Callable[[Callable[[K], V]], Callable[[K], V]]:
        """``@memo(N)``: a function of one argument that remembers what it has answered.

        A known answer costs no call of a Python function.
        """

else:
    _set = dict.__setitem__  # super() takes as long again

    class Bounded(dict):
        __slots__ = ("_most",)

        def __init__(self, most):
            super().__init__()
            self._most = most

        def __setitem__(self, key, value):
            if len(self) >= self._most and key not in self:
                for old in list(self)[: (self._most + 1) // 2]:
                    del self[old]
            _set(self, key, value)

        def renew(self, key, value):
            self.pop(key, None)
            self[key] = value

    class _Answers(Bounded):
        __slots__ = ("_function",)

        def __init__(self, function, most):
            super().__init__(most)
            self._function = function

        def __missing__(self, key):
            answer = self[key] = self._function(key)
            return answer

    def memo(most):
        return lambda function: _Answers(function, most).__getitem__
