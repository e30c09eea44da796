"""Disturbances of supply, as they fall on what is decided: what is lost of the output, of time, of orders, and what comes later."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TypeVar

import numpy as np

from equipoise.errors import InputError, Where
from equipoise.supply.assembly import Array
from equipoise.supply.model.unknowns import Model
from equipoise.supply.playing.sums import Index

KINDS = ("yield", "downtime", "late", "short")

_Found = TypeVar("_Found")

Disturbed = Mapping[tuple[str, str], Array]
"""Kind and what it hits; paths by periods."""


@dataclass(frozen=True, eq=False)
class Upsets:
    """Disturbances by what they hit: `good`, `late` and `short` by column of the model, `lost` by resource; each periods by paths."""

    good: Mapping[int, Array]
    late: Mapping[int, Array]
    short: Mapping[int, Array]
    lost: Mapping[int, Array]
    paths: int

    def of(self, first: int, stop: int) -> "Upsets":
        """Return the disturbances of the paths from `first` to `stop`."""
        good, late, short, lost = (
            {key: array[:, first:stop] for key, array in kind.items()} for kind in (self.good, self.late, self.short, self.lost)
        )
        return Upsets(good, late, short, lost, max(min(stop, self.paths) - first, 0))

    def factors(self, kind: Mapping[int, Array], columns: Index, t: int, otherwise: float) -> Array | None:
        """Return the factor of each column on each path in period `t`; None where nothing hits them."""
        hit = [(place, kind[column]) for place, column in enumerate(columns.tolist()) if column in kind] if kind else []
        if not hit:
            return None
        out = np.full((len(columns), self.paths), otherwise)
        for place, by_period in hit:
            out[place] = by_period[t]
        return out

    def down(self, resources: int, t: int) -> Array:
        """Return the share of its time that each resource loses in a period: resources by paths."""
        out = np.zeros((resources, self.paths))
        for number, by_period in self.lost.items():
            out[number] = by_period[t]
        return out


def upsets(model: Model, disturbed: Disturbed, paths: int) -> Upsets:
    """Return disturbances by what they hit. Raises InputError for a kind or target that is not known, and for numbers out of range."""
    good: dict[int, Array] = {}
    late: dict[int, Array] = {}
    short: dict[int, Array] = {}
    lost: dict[int, Array] = {}
    numbers = dict(model.net.resources.select("resource", "number").iter_rows())
    targets = _targets(model)
    for (kind, target), given in sorted(disturbed.items()):
        if kind not in KINDS:
            raise InputError(f"There is no disturbance {kind!r}.", f"Use one of {', '.join(KINDS)}.", Where(table="disturbance"))
        array = _checked(kind, target, given, (paths, model.horizon))
        if kind == "downtime":
            known = _known(kind, target, numbers)
            lost[known] = array
            continue
        columns = _known(kind, target, targets[kind])
        for column in columns:
            if kind == "yield":
                good[column] = good.get(column, 1.0) * array
            elif kind == "late":
                late[column] = late.get(column, 0.0) + array
            else:
                short[column] = 1.0 - (1.0 - short.get(column, 0.0)) * (1.0 - array)
    return Upsets(good, late, short, lost, paths)


def _targets(model: Model) -> dict[str, dict[str, list[int]]]:
    """Return the columns of everything that a disturbance may name, by kind and name."""
    named = {"yield": (("make", "route"),), "short": (("buy", "purchase"), ("buy", "supplier"))}
    named["late"] = (*named["short"], ("move", "lane"), ("ship", "lane"))
    found: dict[str, dict[str, list[int]]] = {}
    for kind, places in named.items():
        by_name: dict[str, list[int]] = found.setdefault(kind, {})
        for family, key in places:
            for name, column in model[family].select(key, "column").drop_nulls().iter_rows():
                by_name.setdefault(name, []).append(column)
    return {kind: {name: sorted(set(columns)) for name, columns in by_name.items()} for kind, by_name in found.items()}


def _known(kind: str, target: str, names: Mapping[str, _Found]) -> _Found:
    if target not in names:
        near = get_close_matches(target, sorted(names), n=3, cutoff=0.4) or sorted(names)[:3]
        fix = f"Did you mean {', '.join(near)}?" if near else "The plan has nothing that this could hit."
        raise InputError(f"The disturbance {kind!r} names {target!r}, which the plan does not have.", fix, Where(table="disturbance"))
    return names[target]


def _checked(kind: str, target: str, given: Array, shape: tuple[int, int]) -> Array:
    """Return a disturbance as periods by paths."""
    array = np.asarray(given, dtype=np.float64)
    where = Where(table="disturbance")
    if array.shape != shape:
        fix = f"Give {shape[0]} paths by {shape[1]} periods."
        raise InputError(f"The disturbance {kind!r} of {target!r} has the shape {array.shape}.", fix, where)
    most = 1.0 if kind in {"downtime", "short"} else np.inf
    if not np.isfinite(array).all() or array.min(initial=0.0) < 0 or array.max(initial=0.0) > most:
        fix = "Shares lie between 0 and 1; yields and delays are not negative; none is infinite or missing."
        raise InputError(f"The disturbance {kind!r} of {target!r} has a number out of range.", fix, where)
    return np.ascontiguousarray(array.T)
