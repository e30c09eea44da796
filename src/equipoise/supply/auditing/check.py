"""What a check is, and the verdict on it: how many places fail, which is worst, and whether the plan says so itself."""

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from equipoise.supply.auditing.books import Books

SHARE = 1e-6
"""A difference counts from this share of the size of the numbers; below one unit, from this many units."""
_FINDING = ["rule", "subject", "wider", "t", "off", "size"]


@dataclass(frozen=True)
class Check:
    """One check: its name, what it says in words, and the function that finds by how much each place is off."""

    name: str
    meaning: str
    function: Callable[[Books], pl.DataFrame]


def findings(
    frame: pl.DataFrame,
    off: pl.Expr,
    subject: pl.Expr,
    *,
    size: pl.Expr | float = 1.0,
    rule: str = "",
    wider: pl.Expr | None = None,
) -> pl.DataFrame:
    """Return the places of a check: `off` by how much each is wrong (0 or less: right), `size` of its numbers, `subject`, and `t` of frame.

    `rule` names the rule as the table violation does; `wider` is a second name under which it may be listed there.
    """
    t = pl.col("t").cast(pl.Int64) if "t" in frame.columns else pl.lit(None, pl.Int64)
    size = size if isinstance(size, pl.Expr) else pl.lit(size)
    other = wider if wider is not None else pl.lit(None, pl.String)
    return frame.select(
        pl.lit(rule).alias("rule"),
        subject.cast(pl.String).alias("subject"),
        other.cast(pl.String).alias("wider"),
        t.alias("t"),
        off.cast(pl.Float64).alias("off"),
        size.cast(pl.Float64).abs().alias("size"),
    )


def away(left: pl.Expr, right: pl.Expr) -> pl.Expr:
    """Return by how much two numbers differ; an empty one counts as 0."""
    return (left.fill_null(0.0) - right.fill_null(0.0)).abs()


def outside(value: pl.Expr, least: pl.Expr, most: pl.Expr) -> pl.Expr:
    """Return by how much a value lies outside of bounds; an empty bound is none."""
    return pl.max_horizontal(least - value, value - most, pl.lit(0.0))


def together(*parts: pl.DataFrame) -> pl.DataFrame:
    """Return the places of several findings."""
    return pl.concat([part.select(_FINDING) for part in parts])


def verdict(check: Check, books: Books) -> dict[str, object]:
    """Return the row of the table audit for a check."""
    found = _weighed(check.function(books), books)
    failing = found.filter(pl.col("failing"))
    row: dict[str, object] = {"check": check.name, "meaning": check.meaning, "rows": found.height, "failed": failing.height}
    if not found.height:
        return {**row, "status": "not asked"}
    worst = (failing if failing.height else found).sort("off", descending=True, maintain_order=True).row(0, named=True)
    status = "failed" if failing.filter(~pl.col("listed")).height else "gave way" if failing.height else "passed"
    if status == "failed":
        worst = failing.filter(~pl.col("listed")).sort("off", descending=True, maintain_order=True).row(0, named=True)
    label = books.calendar.label(books.calendar.periods[worst["t"]]) if worst["t"] is not None else ""
    place = f"{worst['subject']} in {label}" if label else str(worst["subject"])
    return {**row, "worst": max(worst["off"], 0.0), "place": place if worst["off"] > 0 else None, "status": status}


def _weighed(found: pl.DataFrame, books: Books) -> pl.DataFrame:
    """Return the places with `failing`, and `listed`: the plan's violations say at least as much. What is not a number fails."""
    off = pl.when(pl.col("off").is_nan()).then(None).otherwise(pl.col("off")).fill_null(float("inf"))
    allowed = SHARE * pl.max_horizontal(pl.col("size").fill_null(0.0), pl.lit(1.0))
    found = found.with_columns(off.alias("off"), allowed.alias("allowed")).with_columns(failing=pl.col("off") > pl.col("allowed"))
    listed = books.timed("violation").group_by("rule", "subject", "t", maintain_order=True).agg(listed=pl.col("quantity").sum())
    for name, column in (("subject", "said"), ("wider", "said_wider")):
        told = listed.rename({"listed": column, "subject": name})
        found = found.join(told, on=["rule", name, "t"], how="left", nulls_equal=True, maintain_order="left")
    said = pl.max_horizontal(pl.col("said").fill_null(0.0), pl.col("said_wider").fill_null(0.0))
    return found.with_columns(listed=pl.col("off") <= said * (1 + SHARE) + pl.col("allowed"))
