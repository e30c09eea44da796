"""Labor that is paid by head: hours follow workers, workers follow hiring and laying off."""

import polars as pl

from equipoise.supply.formulation.equation import Equation, at_most, between, entries, equation, exactly, matched, numbered
from equipoise.supply.model.unknowns import Model

_COLUMNS = ["resource", "t", "subject", "unit", "weight", "lower", "upper"]


def _rows(frame: pl.DataFrame, model: Model, unit: str | None = None) -> pl.DataFrame:
    """Return rows about labor: `weight` is the item units that a unit of the rule (a worker or an hour) can make."""
    made = (
        model.net.usage.filter(pl.col("quantity") > 0)
        .group_by("resource", maintain_order=True)
        .agg((1.0 / pl.col("quantity").min()).alias("weight"))
    )
    rows = frame.join(made, on="resource", how="left", maintain_order="left")
    heads = pl.col("hours_per_worker").fill_null(1.0) if unit else pl.lit(1.0)
    rows = rows.with_columns(pl.col("resource").alias("subject"), pl.col("weight").fill_null(1.0) * heads)
    return numbered(rows.with_columns(pl.lit(unit).alias("unit")) if unit else rows)


def labor_hours(model: Model) -> Equation:
    r"""Regular time is within the hours of the workers.

    $$g_{r,t} \le w_{r,t}\, h_{r,t}$$

    One row for every period of a resource with a workforce and hours per worker. The dual is what one more hour of labor is worth.
    """
    staffed = model["workers"].filter(pl.col("hours_per_worker").is_not_null())
    rows = _rows(staffed, model).with_columns(*at_most(pl.lit(0.0)))
    regular = matched(model["regular"], rows, ["resource", "t"])
    return equation(rows.select(_COLUMNS), entries(regular, "row"), entries(rows, "row", -pl.col("hours_per_worker")))


def labor_overtime(model: Model) -> Equation:
    r"""Overtime is within the overtime hours of the workers.

    $$h_{r,t} \le w_{r,t}\, h^{o}_{r,t}$$

    One row for every period of a resource with a workforce, overtime, and overtime hours per worker. The dual is what one more hour of
    overtime is worth.
    """
    extra = model["overtime"].select("resource", "t", overtime_column="column")
    staffed = (
        model["workers"]
        .filter(pl.col("overtime_hours_per_worker").is_not_null())
        .join(extra, on=["resource", "t"], how="semi", maintain_order="left")
    )
    rows = _rows(staffed, model).with_columns(*at_most(pl.lit(0.0)))
    overtime = matched(model["overtime"], rows, ["resource", "t"])
    return equation(rows.select(_COLUMNS), entries(overtime, "row"), entries(rows, "row", -pl.col("overtime_hours_per_worker")))


def workforce_balance(model: Model) -> Equation:
    r"""Workers are those of the last period, plus those hired, less those laid off. Where no first level is given, it is free.

    $$w_{r,t} = w_{r,t-1} + a_{r,t} - b_{r,t}$$

    One row for every period of a resource with a workforce. The dual is what one more worker is worth.
    """
    staffed = model["workers"]
    first = pl.col("t") == pl.col("t").min().over("resource")
    rows = staffed.filter(~(first & pl.col("workers").is_null()))
    start = pl.when(pl.col("t") == pl.col("t").min().over("resource")).then(pl.col("workers")).otherwise(0.0)
    opening = staffed.with_columns(start.alias("opening")).select("column", "opening")
    rows = numbered(
        rows.join(opening, on="column", how="left", maintain_order="left").with_columns(*exactly(pl.col("opening").fill_null(0.0)))
    )
    before = staffed.select("resource", "column", t=pl.col("t") + 1)
    return equation(
        rows.select("resource", "t", "lower", "upper"),
        entries(rows, "row"),
        entries(matched(before, rows, ["resource", "t"]), "row", -1),
        entries(matched(model["hire"], rows, ["resource", "t"]), "row", -1),
        entries(matched(model["layoff"], rows, ["resource", "t"]), "row"),
    )


def _head_limit(model: Model, family: str, lower: pl.Expr, upper: pl.Expr) -> Equation:
    asked = model[family].with_columns(lower.alias("least"), upper.alias("most"))
    asked = asked.filter(pl.col("least").is_not_null() | pl.col("most").is_not_null())
    rows = _rows(asked, model, "workers").with_columns(*between("least", "most"))
    return equation(rows.select(_COLUMNS), entries(rows, "row"))


def headcount(model: Model) -> Equation:
    r"""Workers are at least the fewest and at most the most.

    $$W^{min}_{r,t} \le w_{r,t} \le W^{max}_{r,t}$$

    One row for every period of a resource with such a limit. The dual is what one more worker is worth.
    """
    return _head_limit(model, "workers", pl.col("minimum"), pl.col("maximum"))


def hiring_limit(model: Model) -> Equation:
    r"""No more are hired in a period than can be.

    $$a_{r,t} \le A_{r,t}$$

    One row for every period of a resource with `max_hire`. The dual is what hiring one more is worth.
    """
    return _head_limit(model, "hire", pl.lit(None, pl.Float64), pl.col("max_hire"))


def layoff_limit(model: Model) -> Equation:
    r"""No more are laid off in a period than may be.

    $$b_{r,t} \le B_{r,t}$$

    One row for every period of a resource with `max_layoff`. The dual is what laying off one more would save.
    """
    return _head_limit(model, "layoff", pl.lit(None, pl.Float64), pl.col("max_layoff"))
