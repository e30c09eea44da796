"""What differs between two versions of a plan: their overrides, and any table added up over groups of cells."""

from collections.abc import Sequence

import polars as pl

from equipoise.tables import Table, table

_SMALL = 1e-9
_PLACE = ("scenario", "line", "measure", "family", "market", "location", "resource")
_UNSAID = ("position", "was")


def measure_of(definition: Table, column: str = "") -> str:
    """Return the column of a table to compare: the one named, else `quantity` or the first that adds up; empty where none does."""
    adds = [one.name for one in definition.columns if one.kind == "number" and (one.over_time in {"flow", "stock"} or one.name == "value")]
    if column:
        return column if column in adds else ""
    return "quantity" if "quantity" in adds else adds[0] if adds else ""


def groups_of(definition: Table, columns: Sequence[str]) -> tuple[str, ...]:
    """Return what to add a table up by: families, markets, locations, resources and periods, as far as it has them, else its keys.

    `columns` are those of the table with the attributes of its keys beside them.
    """
    own = {*definition.by_name, "family"} & set(columns)
    found = tuple(name for name in _PLACE if name in own)
    rest = tuple(name for name in definition.keys if name not in {"item", "route", "lane", "purchase", *_PLACE, "period"})
    period = ("period",) if "period" in own else ()
    return (*found, *rest, *period) if found else definition.keys


def difference(before: pl.DataFrame, after: pl.DataFrame, by: Sequence[str], column: str) -> pl.DataFrame:
    """Return the groups in which the sums of a column differ, the largest difference first.

    Columns: `by`, then `before`, `after` (null where the group is missing) and `difference` = after - before, a missing group being 0.
    Rows of equal size are in the order of `by`. Differences of rounding (a billionth of the larger) are none.
    """
    names = list(by)

    def summed(frame: pl.DataFrame, name: str) -> pl.DataFrame:
        ordered = frame.select(*names, pl.col(column).cast(pl.Float64)).sort(names, maintain_order=True)  # one order of adding up
        return ordered.group_by(names, maintain_order=True).agg(pl.col(column).sum().alias(name))

    both = summed(before, "before").join(
        summed(after, "after"), on=names, how="full", coalesce=True, nulls_equal=True, maintain_order="left"
    )
    first, second = pl.col("before").fill_null(0.0), pl.col("after").fill_null(0.0)
    moved = both.with_columns((second - first).alias("difference")).filter(
        pl.col("difference").abs() > _SMALL * pl.max_horizontal(first.abs(), second.abs(), pl.lit(_SMALL))
    )
    return moved.sort([pl.col("difference").abs(), *names], descending=[True, *(False for _ in names)], nulls_last=True)


def override_difference(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of two tables `override` that one of them does not have, or has otherwise, with `change` in front.

    `change` is added, removed, was (how a changed one was) or changed (how it is now); rows of one override stand together, in order of
    scenario and override. An override's place among the others and what it was made on are no difference.
    """
    keys = ["scenario", "override"]
    said = [name for name in table("override").schema if name not in {*keys, *_UNSAID}]

    def without(frame: pl.DataFrame, other: pl.DataFrame, on: Sequence[str]) -> pl.DataFrame:
        return frame.join(other, on=on, how="anti", nulls_equal=True, maintain_order="left")

    gone, new = without(before, after, keys), without(after, before, keys)
    was = without(without(before, gone, keys), after, [*keys, *said])
    now = without(without(after, new, keys), before, [*keys, *said])
    named = {"removed": gone, "added": new, "was": was, "changed": now}
    parts = [part.with_columns(pl.lit(change).alias("change")) for change, part in named.items()]
    rank = pl.col("change").replace_strict({"was": 0, "changed": 1}, default=0, return_dtype=pl.Int8)
    found = pl.concat([part.select("change", *table("override").schema) for part in parts])
    return found.sort([*(pl.col(key).fill_null("") for key in keys), rank], maintain_order=True)
