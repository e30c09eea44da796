"""Checks of table lever: that what a lever acts on is there, and that it says enough to be weighed."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

import polars as pl

from equipoise.gather.report import Report
from equipoise.tables.check import place

# What each kind of lever may act on: tables, or table.column.
_TARGETS: dict[str, tuple[str, ...]] = {
    "overtime": ("resource",),
    "shift": ("resource",),
    "worker": ("workforce.resource",),
    "subcontract": ("purchase", "purchase.supplier", "limit"),
    "source": ("purchase", "purchase.supplier", "limit"),
    "supplier_capacity": ("purchase", "purchase.supplier", "limit", "resource"),
    "expedite": ("purchase", "purchase.supplier", "lane"),
    "transport": ("lane",),
    "storage": ("resource",),
    "route": ("route",),
    "pre_build": ("item", "item.family"),
    "price": ("item", "item.family"),
    "promotion": ("item", "item.family"),
    "backlog": ("item", "item.family", "market"),
}
_WORDS = ("margin", "market priority", "all")
_SIZED = ("overtime", "shift", "worker", "subcontract", "source", "supplier_capacity", "storage", "transport", "promotion", "price")


def check_levers(tables: Mapping[str, pl.DataFrame], sources: Sequence[str], report: Report) -> None:
    """Report levers that act on nothing as errors; warn of those without a price or a size, which become questions."""
    if "lever" not in tables:
        return
    frame = tables["lever"]
    for row in frame.iter_rows(named=True):
        kind, target = row["kind"], row["target"]
        if kind is None or target is None or (kind not in _TARGETS and kind != "allocation"):
            continue
        known = set(_WORDS) if kind == "allocation" else {name for home in _TARGETS[kind] for name in _names(tables, home)}
        if target not in known:
            near = get_close_matches(target, sorted(known), n=1)
            homes = ", ".join(_in_words(home) for home in _TARGETS.get(kind, ()))
            fix = f"Did you mean {near[0]}?" if near else f"Name one of: {homes or ', '.join(_WORDS)}."
            report.error(f"A lever of kind {kind} cannot act on {target}.", fix, place("lever", row, "target", sources))
        _check_price(row, sources, report)


def _in_words(home: str) -> str:
    name, _, column = home.partition(".")
    return f"a {column or name} of table {name}"


def _names(tables: Mapping[str, pl.DataFrame], home: str) -> set[str]:
    name, _, column = home.partition(".")
    column = column or name
    if name not in tables or column not in tables[name].columns:
        return set()
    return set(tables[name].get_column(column).drop_nulls().to_list())


def _check_price(row: Mapping[str, object], sources: Sequence[str], report: Report) -> None:
    """Warn of what a lever must say before it can be weighed."""
    kind, name = str(row["kind"]), f"{row['kind']} {row['target']}"
    if row.get("one_off_cost") is None and row.get("running_cost") is None:
        words = f"The lever {name} has no cost: it is not weighed, and its price becomes a question."
        report.warn(words, "Give one_off_cost or running_cost; 0 where it costs nothing.", place("lever", row, "running_cost", sources))
    if kind in _SIZED and row.get("step") is None and row.get("maximum") is None:
        words = f"The lever {name} has no size: it is not weighed."
        report.warn(words, "Give step or maximum, in units a period.", place("lever", row, "maximum", sources))
    if kind == "expedite" and not row.get("days_saved"):
        words = f"The lever {name} does not say how much faster it is: it is not weighed."
        report.warn(words, "Give days_saved.", place("lever", row, "days_saved", sources))
    if kind == "price":
        _check_price_change(row, name, sources, report)


def _check_price_change(row: Mapping[str, object], name: str, sources: Sequence[str], report: Report) -> None:
    if row.get("elasticity") is None:
        words = f"The lever {name} does not say how demand follows the price: it is not weighed."
        report.warn(words, "Give elasticity, such as -1.5.", place("lever", row, "elasticity", sources))
    for column in ("step", "maximum"):
        size = row.get(column)
        if isinstance(size, float) and size >= 1:
            words = f"The lever {name} changes the price by {size:.0%}."
            report.error(words, "Give a share of the price below 1, such as 0.05.", place("lever", row, column, sources))
