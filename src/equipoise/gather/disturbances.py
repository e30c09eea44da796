"""Checks of the tables disturbance and correlation: what they name, what their distributions need, and what contradicts itself."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import pairwise

import polars as pl

from equipoise.errors import Fault
from equipoise.gather.report import Report
from equipoise.tables.check import listed, place

_NEEDS = {
    "normal": ("mean", "deviation"),
    "lognormal": ("mean", "deviation"),
    "triangular": ("low", "likely", "high"),
    "uniform": ("low", "high"),
    "fixed": ("likely",),
}
# What each kind may name, as columns of tables.
_TARGETS = {
    "demand": ("item.item", "item.family"),
    "yield": ("route.route",),
    "downtime": ("resource.resource",),
    "late": ("purchase.purchase", "lane.lane", "purchase.supplier"),
    "short": ("purchase.purchase", "purchase.supplier"),
}
_SHARES = ("downtime", "short")
_SIZES = ("mean", "low", "likely", "high")
Row = Mapping[str, object]


def check_disturbances(tables: Mapping[str, pl.DataFrame], sources: Sequence[str], report: Report) -> None:
    """Report what cannot be drawn from in disturbance and correlation.

    A target that is not there, numbers that the distribution lacks or that contradict each other, shares outside 0 to 1, what is below
    nothing, days in the wrong order; a correlation of something with itself or with its own family, or given twice with different values.
    """
    if "disturbance" in tables:
        for check in (_unknown, _incomplete, _crossed, _out_of_range, _late_start):
            report.add(listed(*_faults(tables, sources, check)))
    if "correlation" in tables:
        _check_correlations(tables, sources, report)


Found = tuple[str, str, str]
"""Column, what is wrong, and the remedy."""


def _faults(
    tables: Mapping[str, pl.DataFrame], sources: Sequence[str], check: Callable[[Row, Mapping[str, pl.DataFrame]], Found | None]
) -> tuple[pl.DataFrame, Callable[[dict[str, object]], Fault]]:
    """Return the rows that a check finds fault with, and what makes a fault of one of them."""
    frame = _whole(tables["disturbance"])
    wrong = [check(row, tables) is not None for row in frame.iter_rows(named=True)]

    def fault(row: dict[str, object]) -> Fault:
        found = check(row, tables)
        assert found is not None  # noqa: S101 - rows without a fault were left out
        return Fault(found[1], found[2], place("disturbance", row, found[0], sources))

    return frame.filter(pl.Series(wrong, dtype=pl.Boolean)), fault


def _whole(frame: pl.DataFrame) -> pl.DataFrame:
    names = ("kind", "target", "distribution", *_SIZES, "deviation", "start", "end")
    return frame.with_columns(pl.lit(None).alias(name) for name in names if name not in frame.columns)


def _names(kind: str, tables: Mapping[str, pl.DataFrame]) -> list[str]:
    found: set[str] = set()
    for target in _TARGETS.get(kind, ()):
        name, column = target.split(".")
        if name in tables and column in tables[name].columns:
            found.update(tables[name].get_column(column).drop_nulls().to_list())
    return sorted(found)


def _unknown(row: Row, tables: Mapping[str, pl.DataFrame]) -> Found | None:
    kind, target = str(row["kind"]), row["target"]
    if not target or kind not in _TARGETS:
        return None
    known = _names(kind, tables)
    if target in known:
        return None
    near = get_close_matches(str(target), known, n=3, cutoff=0.5)
    what = {"demand": "an item or family", "yield": "a route", "downtime": "a resource", "late": "a purchase, lane or supplier"}
    fix = f"The nearest are {', '.join(near)}." if near else f"Name {what.get(kind, 'a purchase or supplier')}, or leave it empty for all."
    return "target", f"A disturbance of kind {kind} names {target}, which is not {what.get(kind, 'a purchase or supplier')}.", fix


def _form(row: Row) -> str:
    return str(row["distribution"] or "triangular")


def _incomplete(row: Row, _: Mapping[str, pl.DataFrame]) -> Found | None:
    needed = _NEEDS.get(_form(row), ())
    missing = [name for name in needed if row[name] is None]
    if not missing:
        return None
    words = " and ".join([", ".join(needed[:-1]), needed[-1]]) if len(needed) > 1 else needed[0]
    one = len(missing) == 1
    message = f"The distribution {_form(row)} needs {words}; {', '.join(missing)} {'is' if one else 'are'} empty."
    return missing[0], message, "Give it." if one else "Give them."


def _number(row: Row, name: str) -> float | None:
    value = row[name]
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _crossed(row: Row, _: Mapping[str, pl.DataFrame]) -> Found | None:
    """Find low above likely, likely above high, low above high, among the numbers that the distribution uses."""
    used = [name for name in ("low", "likely", "high") if name in _NEEDS.get(_form(row), ())]
    numbers = [(name, value) for name in used if (value := _number(row, name)) is not None]
    for (one, low), (other, high) in pairwise(numbers):
        if low > high:
            return one, f"{one} ({low:g}) lies above {other} ({high:g}).", "Correct one of them."
    return None


def _out_of_range(row: Row, _: Mapping[str, pl.DataFrame]) -> Found | None:
    kind, used = str(row["kind"]), _NEEDS.get(_form(row), ())
    for name in (name for name in _SIZES if name in used):
        value = _number(row, name)
        if value is None:
            continue
        if value < 0:
            return name, f"{name} is {value:g}: {_MEANING.get(kind, kind)} is not below zero.", "Give a number from 0 on."
        if kind in _SHARES and value > 1:
            return name, f"{name} is {value:g}, but {_MEANING[kind]} is a share, from 0 to 1.", "Give 0.1 for ten percent."
        if name == "mean" and value == 0 and _form(row) == "lognormal":
            return name, "The mean of a lognormal distribution is 0.", "Give a mean above 0, or another distribution."
    return None


_MEANING = {
    "demand": "the factor on planned demand",
    "yield": "the factor on what comes out",
    "downtime": "the capacity lost",
    "late": "the delay in days",
    "short": "the part of an order that never comes",
}


def _late_start(row: Row, _: Mapping[str, pl.DataFrame]) -> Found | None:
    start, end = row["start"], row["end"]
    if start is None or end is None or start <= end:  # type: ignore[operator]
        return None
    return "start", f"start ({start}) lies after end ({end}).", "Correct one of them."


def _check_correlations(tables: Mapping[str, pl.DataFrame], sources: Sequence[str], report: Report) -> None:
    seen: dict[frozenset[str], Mapping[str, object]] = {}
    families = _families(tables)
    for row in tables["correlation"].drop_nulls(["one", "other"]).iter_rows(named=True):
        one, other = str(row["one"]), str(row["other"])
        for message, fix in _self(one, other, families):
            report.error(message, fix, place("correlation", row, "other", sources))
        before = seen.setdefault(frozenset((one, other)), row)
        if before is not row and before["one"] == other and before["correlation"] != row["correlation"] and one != other:
            message = f"{one} with {other} is {row['correlation']:g}, but {other} with {one} is {before['correlation']:g}."
            report.error(message, "Keep one of the rows.", place("correlation", row, "correlation", sources))


def _self(one: str, other: str, families: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if one == other:
        yield f"{one} is correlated with itself.", "Name two different items or families."
    elif families.get(one) == other or families.get(other) == one:
        yield f"One of {one} and {other} is the family of the other.", "Name two items, or two families."


def _families(tables: Mapping[str, pl.DataFrame]) -> dict[str, str]:
    if "item" not in tables or "family" not in tables["item"].columns:
        return {}
    return dict(tables["item"].select("item", "family").drop_nulls().iter_rows())
