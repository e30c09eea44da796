"""What was made before is not made again: the pieces of a problem, remembered by what they read.

A what-if changes a few tables, and most of a problem hangs on others. A piece is a function of frames and records. While it runs, what it
reads of its records is noted; it is run again only where one of these is another frame or another value. What comes out equal to what
was there before is replaced by it, so that what reads it further on stays too.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import partial
from threading import Lock
from types import FunctionType
from typing import Any, TypeVar, TypeVarTuple, cast

import numpy as np
import polars as pl
from pydantic import BaseModel

_A = TypeVarTuple("_A")
_R = TypeVar("_R")
_T = TypeVar("_T")
_Path = tuple[str, ...]
_KEPT = 3
"""Versions of a piece that are remembered: the first, which is that of the base plan, and the latest ones."""
_KEYS = "#keys"


class Record:
    """A record of frames, of which a piece may read some fields and not others."""


@dataclass(frozen=True, eq=False)
class _Piece:
    """What a function made, and the value of everything that it read, by path: place among its arguments, then fields and names."""

    read: Mapping[_Path, object]
    made: Any

    def holds(self, arguments: tuple[object, ...]) -> bool:
        """Return whether the arguments are the same in everything that was read."""
        try:
            return all(_same(_at(arguments, path), value) for path, value in self.read.items())
        except KeyError:
            return False


class Memory:
    """Pieces made lately. Safe to use from several threads; what a piece is does not depend on what is remembered."""

    def __init__(self) -> None:
        self._kept: dict[tuple[object, ...], tuple[_Piece, ...]] = {}
        self._lock = Lock()

    def __call__(self, function: Callable[[*_A], _R], *arguments: *_A) -> _R:
        """Return what `function` makes of the arguments: what it made before where everything that it reads is the same.

        The function must be pure and stay the same object; texts among its arguments tell one piece of it from another. It must not
        return a record that it was given. Raises what the function raises.
        """
        key = (function, *(argument for argument in arguments if isinstance(argument, str)))
        known = self._kept.get(key, ())
        for piece in known:
            if piece.holds(arguments):
                return cast("_R", piece.made)
        notes: dict[_Path, object] = {}
        given: tuple[object, ...] = arguments
        shown: Any = [_shown(argument, (str(place),), notes) for place, argument in enumerate(given)]
        made = function(*shown)
        for piece in known:
            made = kept(made, piece.made)
        with self._lock:
            known = self._kept.get(key, ())
            self._kept[key] = (*known[:1], *known[max(1, len(known) - _KEPT + 2) :], _Piece(notes, made))
        return made


def kept(new: _T, old: _T) -> _T:
    """Return `new`, with `old` or the parts of it in place of what equals them."""
    found: Any = new
    if new is old or type(new) is not type(old):
        return new
    if isinstance(new, pl.DataFrame) and isinstance(old, pl.DataFrame):
        found = old if new.schema == old.schema and new.equals(old) else new
    elif isinstance(new, np.ndarray) and isinstance(old, np.ndarray):
        found = old if new.dtype == old.dtype and np.array_equal(new, old, equal_nan=new.dtype.kind == "f") else new
    elif isinstance(new, tuple) and isinstance(old, tuple):
        found = tuple(map(kept, new, old)) if len(new) == len(old) else new
    elif isinstance(new, dict) and isinstance(old, dict):
        found = {name: kept(value, old[name]) if name in old else value for name, value in new.items()}
    elif is_dataclass(new) and not isinstance(new, type):
        parts = {one.name: kept(getattr(new, one.name), getattr(old, one.name)) for one in fields(new)}
        same = all(parts[name] is getattr(old, name) for name in parts)
        found = old if same else replace(new, **parts)
    return cast("_T", found)


def _same(here: object, there: object) -> bool:
    """Return whether two values are one: frames and arrays by identity, all else by value."""
    if here is there:
        return True
    if isinstance(here, pl.DataFrame | pl.Series | np.ndarray) or type(here) is not type(there):
        return False
    return bool(here == there)


def _at(arguments: tuple[object, ...], path: _Path) -> object:
    """Return what stands at a path. Raises KeyError where a mapping lacks a name of it."""
    found: Any = arguments[int(path[0])]
    for step in path[1:]:
        found = _within(found, step)
    return found


def _within(value: object, step: str) -> object:
    if isinstance(value, Mapping):
        return tuple(value) if step == _KEYS else value[step]
    return getattr(value, step)


def _shown(value: object, path: _Path, notes: dict[_Path, object]) -> object:
    """Return a value as a piece sees it: records, settings and mappings of frames show their parts, all else is noted as read."""
    if isinstance(value, Record | BaseModel):
        return _SeenRecord(value, path, notes)
    if isinstance(value, Mapping) and isinstance(next(iter(value.values()), None), pl.DataFrame):
        return _SeenMapping(value, path, notes)
    notes.setdefault(path, value)
    return value


class _SeenRecord:
    """A record of which every field that is read is noted. Methods and properties run on it, so that what they read is noted too."""

    def __init__(self, record: Record | BaseModel, path: _Path, notes: dict[_Path, object]) -> None:
        self._record, self._path, self._notes = record, path, notes

    def __getattr__(self, name: str) -> object:
        static = inspect.getattr_static(type(self._record), name, None)
        if isinstance(static, property) and static.fget is not None:
            return static.fget(self)
        if isinstance(static, FunctionType):
            return partial(static, self)
        return _shown(getattr(self._record, name), (*self._path, name), self._notes)

    def __getitem__(self, name: str) -> object:
        return cast("Any", type(self._record)).__getitem__(self, name)


class _SeenMapping(Mapping[str, object]):
    """A mapping of which every name that is read is noted."""

    def __init__(self, mapping: Mapping[str, object], path: _Path, notes: dict[_Path, object]) -> None:
        self._mapping, self._path, self._notes = mapping, path, notes

    def __getitem__(self, name: str) -> object:
        if name not in self._mapping:
            self._names()
        return _shown(self._mapping[name], (*self._path, name), self._notes)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())

    def _names(self) -> tuple[str, ...]:
        names = tuple(self._mapping)
        self._notes.setdefault((*self._path, _KEYS), names)
        return names
