"""``@frozen``: a frozen dataclass with slots, at a tenth of what ``dataclasses`` takes to make one.

A live trace starts with fifteen of them, and ``import dataclasses`` alone takes 8 ms. What readers, mypy and
``dataclasses.fields``, ``replace`` and ``asdict`` see is a dataclass all the same. There is no ``field()``.
"""

from __future__ import annotations

from _operator import attrgetter  # operator itself is 0.2 ms of what a trace waits for first

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    from typing_extensions import dataclass_transform

    T = TypeVar("T")

    @dataclass_transform(frozen_default=True)
    def frozen(cls: type[T]) -> type[T]: ...

else:

    def frozen(cls):
        names = tuple(cls.__annotations__)
        defaults = {name: cls.__dict__[name] for name in names if name in cls.__dict__}
        left_out = {*defaults, "__dict__", "__weakref__"}
        own = {name: value for name, value in vars(cls).items() if name not in left_out}
        common = {**_COMMON, "__slots__": names, "__init__": _first_init(names, defaults)}
        common["_all"] = attrgetter(*names)
        return type(cls)(cls.__name__, cls.__bases__, {**common, **own})


def replace(it: T, **changes: Any) -> T:
    """The same with some fields changed."""
    cls = type(it)
    names: tuple[str, ...] = cls.__slots__  # type: ignore[attr-defined]
    values = list(it._all(it) if names[1:] else _values(it))  # type: ignore[attr-defined]
    try:
        for name, value in changes.items():
            values[names.index(name)] = value
    except ValueError:
        raise TypeError(f"{cls.__name__} has no field {name!r}") from None
    return cls(*values)


def names_of_class(cls: Any) -> tuple[str, ...]:
    """The names of a class's fields, in their order."""
    names: tuple[str, ...] = cls.__slots__
    return names


def bare_of(cls: Any) -> tuple[str, ...]:
    """The names of the fields that have no default."""
    names = names_of_class(cls)
    return names[: len(names) - len(_with_init(cls).__init__.__defaults__ or ())]


def defaults_of(cls: Any) -> dict[str, Any]:
    """The fields that have a default, with it."""
    names = names_of_class(cls)[len(bare_of(cls)) :]
    return dict(zip(names, _with_init(cls).__init__.__defaults__ or ()))


def _first_init(names: tuple[str, ...], defaults: dict[str, Any]) -> Any:
    """Makes way for the real one when it is called: most classes are not, before the first row of a trace."""

    def __init__(self: Any, *values: Any, **named: Any) -> None:
        _with_init(type(self)).__init__(self, *values, **named)

    __init__.fields = names, defaults  # type: ignore[attr-defined]
    return __init__


def _with_init(cls: Any) -> Any:
    if hasattr(cls.__init__, "fields"):
        cls.__init__ = _init_of(cls, *cls.__init__.fields)
    return cls


def _init_of(cls: Any, names: tuple[str, ...], defaults: dict[str, Any]) -> Any:
    """What sets the fields; compiled, for a loop over them takes three times as long. While they are set, it is of a
    class with the same slots that lets them be: to go round ``__setattr__`` for each takes three times as long, too."""
    taken = "".join(f", {name}=_{name}" if name in defaults else f", {name}" for name in names)
    body = "".join(f"\n self.{name} = {name}" for name in names)
    given = {f"_{name}": value for name, value in defaults.items()}
    open_ = type(cls.__name__, (), {"__slots__": names})
    made: dict[str, Any] = {"_set": object.__setattr__, "_open": open_, "_frozen": cls, **given}
    exec(
        f"def __init__(self{taken}):\n _set(self, '__class__', _open){body}\n self.__class__ = _frozen",
        made,
    )
    return made["__init__"]


def _values(it: Any) -> tuple[Any, ...]:
    return tuple([getattr(it, name) for name in it.__slots__])


def _repr(it: Any) -> str:
    fields = ", ".join(f"{name}={getattr(it, name)!r}" for name in it.__slots__)
    return f"{type(it).__qualname__}({fields})"


def _equals(it: Any, other: Any) -> Any:
    if type(it) is not type(other):
        return NotImplemented
    return it is other or it._all(it) == it._all(other)


def _refuse(it: Any, name: str, _value: object = None) -> None:
    raise AttributeError(f"{type(it).__qualname__} is frozen: {name!r} cannot be changed")


class _Fields:
    """What ``dataclasses`` knows a dataclass by, made when it looks."""

    def __get__(self, _it: object, cls: type[Any]) -> Any:
        import dataclasses

        defaults = _with_init(cls).__init__.__defaults__ or ()
        names = cls.__slots__
        plain = names[: len(names) - len(defaults)]
        twin = dataclasses.make_dataclass(
            cls.__name__,
            [
                *((name, cls.__annotations__[name]) for name in plain),
                *(
                    (name, cls.__annotations__[name], dataclasses.field(default=value))
                    for name, value in zip(names[len(plain) :], defaults)
                ),
            ],
        )
        return vars(twin)["__dataclass_fields__"]


_COMMON = {
    "__dataclass_fields__": _Fields(),
    "__repr__": _repr,
    "__eq__": _equals,
    "__hash__": lambda it: hash(it._all(it)),
    "__reduce__": lambda it: (type(it), it._all(it) if it.__slots__[1:] else _values(it)),
    "__setattr__": _refuse,
    "__delattr__": _refuse,
}
