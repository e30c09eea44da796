"""Resources: what is done takes time, and time is limited."""

import polars as pl

from equipoise.supply.formulation.equation import (
    INFINITY,
    Equation,
    at_least,
    at_most,
    dense_row,
    entries,
    equation,
    exactly,
    matched,
    numbered,
)
from equipoise.supply.formulation.lots import most_made, whole
from equipoise.supply.model.unknowns import Model, steps_in_time

_LOAD = ["activity", "of", "item", "number", "t", "column", "load"]


def loads(model: Model) -> pl.DataFrame:
    """Return what each unknown takes of a resource: activity, of, item, number (of the resource), t, column, load (for a unit of it)."""
    net = model.net
    usage = net.usage.join(net.resources.select("resource", "number", at="location"), on="resource", maintain_order="left")
    parts = []
    for activity, family, of in (("make", "make", "route"), ("buy", "buy", "purchase"), ("move", "move", "lane"), ("move", "ship", "lane")):
        takers = usage.filter(pl.col("activity") == activity).select("of", "number", load="quantity")
        parts.append(
            model[family]
            .select(pl.col(of).alias("of"), "item", "t", "column")
            .join(takers, on="of", maintain_order="left")
            .with_columns(_named(activity))
        )
    stored = usage.filter(pl.col("activity") == "store").select("of", "number", "at", load="quantity")
    kept = model["stock"].select(pl.col("item").alias("of"), "item", "location", "t", "column").join(stored, on="of", maintain_order="left")
    kept = kept.filter(pl.col("at").is_null() | (pl.col("at") == pl.col("location"))).with_columns(_named("store"))
    setups = usage.filter((pl.col("activity") == "make") & (pl.col("setup_quantity") > 0)).select("of", "number", load="setup_quantity")
    begun = (
        model["setup"]
        .select(pl.col("route").alias("of"), "item", "t", "column")
        .join(setups, on="of", maintain_order="left")
        .with_columns(_named("make"))
    )
    return pl.concat([part.select(_LOAD) for part in (*parts, kept, begun)]).filter(pl.col("load") != 0)


def _named(activity: str) -> pl.Expr:
    return pl.lit(activity).alias("activity")


def _least_usage(model: Model) -> pl.DataFrame:
    """Return `weight`: the item units that a unit of each resource makes, where it makes most, to compare rules of different units."""
    return (
        model.net.usage.filter(pl.col("quantity") > 0)
        .group_by("resource", maintain_order=True)
        .agg((1.0 / pl.col("quantity").min()).alias("weight"))
    )


def _limit_rows(model: Model, frame: pl.DataFrame) -> pl.DataFrame:
    """Return rows about resources, with subject, weight and place."""
    rows = frame.join(_least_usage(model), on="resource", how="left", maintain_order="left")
    return numbered(rows.with_columns(pl.col("resource").alias("subject"), pl.col("weight").fill_null(1.0)))


_COLUMNS = ["resource", "t", "subject", "unit", "weight", "lower", "upper"]


def resource_load(model: Model) -> Equation:
    r"""Everything a resource does takes regular time or overtime.

    $$\sum u_{o,r}\, p_{o,t} + \sum u^{s}_{o,r}\, y_{o,t} = g_{r,t} + h_{r,t}$$

    with u the bill of resources, y the set-ups, g regular time and h overtime. One row for every resource and period. The dual is what
    a unit of the resource is worth.
    """
    rows = model.net.resource.select("number", "t", *exactly(0.0))
    return equation(
        rows,
        entries(loads(model), dense_row(model, "number"), "load"),
        entries(model["regular"], dense_row(model, "number"), -1),
        entries(model["overtime"], dense_row(model, "number"), -1),
    )


def regular_capacity(model: Model) -> Equation:
    r"""Regular time is within capacity, less stops, plus steps; a line that stands still has none.

    $$g_{r,t} \le C_{r,t}\, e_{r,t} - d_{r,t} - h_r\, n_{r,t} + \sum_k q_{r,k}\, w_{r,k,t}$$

    with e the efficiency, d planned downtime, n the stops and w the steps bought. One row for every period of a resource with a
    capacity. The dual is what one more unit of regular capacity is worth.
    """
    limited = model["regular"].filter(pl.col("available").is_not_null())
    running = model["open"].select("resource", "t", open_column="column")
    limited = limited.join(running, on=["resource", "t"], how="left", maintain_order="left")
    always = pl.when(pl.col("open_column").is_null()).then(pl.col("available")).otherwise(0.0)
    rows = _limit_rows(model, limited).with_columns(*at_most(always))
    lines = rows.filter(pl.col("open_column").is_not_null()).with_columns(pl.col("open_column").alias("column"))
    return equation(
        rows.select(_COLUMNS),
        entries(rows, "row"),
        entries(lines, "row", -pl.col("available")),
        entries(_steps(model, rows), "row", -pl.col("quantity")),
        entries(matched(model["maintain"], rows, ["resource", "t"]), "row", pl.col("hours").fill_null(0.0)),
    )


def _steps(model: Model, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the steps that add to each row: those of its period, and those bought for the horizon."""
    return matched(steps_in_time(model.net, model["step"]), rows, ["resource", "t"])


def overtime_limit(model: Model) -> Equation:
    r"""Overtime is within its limit; a line that stands still has none.

    $$h_{r,t} \le H_{r,t}$$

    One row for every period of a resource with overtime and a limit. The dual is what one more unit of overtime is worth.
    """
    limited = model["overtime"].filter(pl.col("overtime_limit").is_not_null())
    running = model["open"].select("resource", "t", open_column="column")
    limited = limited.join(running, on=["resource", "t"], how="left", maintain_order="left")
    always = pl.when(pl.col("open_column").is_null()).then(pl.col("overtime_limit")).otherwise(0.0)
    rows = _limit_rows(model, limited).with_columns(*at_most(always))
    lines = rows.filter(pl.col("open_column").is_not_null()).with_columns(pl.col("open_column").alias("column"))
    return equation(rows.select(_COLUMNS), entries(rows, "row"), entries(lines, "row", -pl.col("overtime_limit")))


def idle_limit(model: Model) -> Equation:
    r"""No more regular time stands idle than allowed: of the capacity, or of the hours of the workers where labor is paid by head.

    $$C_{r,t}\, e_{r,t} - d_{r,t} - g_{r,t} \le I_{r,t}, \qquad w_{r,t}\, h_{r,t} - g_{r,t} \le I_{r,t}$$

    One row for every period of a resource with `maximum_idle`. The dual is what one more idle unit would save.
    """
    asked = model["regular"].filter(pl.col("maximum_idle").is_not_null() & (pl.col("staffed") | pl.col("available").is_not_null()))
    rows = _limit_rows(model, asked)
    least = pl.when(pl.col("staffed")).then(0.0).otherwise(pl.col("available")) - pl.col("maximum_idle")
    rows = rows.with_columns(*at_least(least))
    workers = matched(model["workers"], rows, ["resource", "t"])
    return equation(rows.select(_COLUMNS), entries(rows, "row"), entries(workers, "row", -pl.col("hours_per_worker").fill_null(0.0)))


def minimum_run(model: Model) -> Equation:
    r"""A line that runs has at least its least load.

    $$g_{r,t} + h_{r,t} \ge R_{r,t}\, o_{r,t}$$

    One row for every period of a resource with `minimum_run`, where integers are asked for. The dual is what one unit less would save.
    """
    asked = model["open"].filter((pl.col("minimum_run") > 0) & whole(model))
    rows = _limit_rows(model, asked).with_columns(*at_least(pl.lit(0.0)))
    extra = [entries(matched(model[family], rows, ["resource", "t"]), "row") for family in ("regular", "overtime")]
    return equation(rows.select(_COLUMNS), entries(rows, "row", -pl.col("minimum_run")), *extra)


def line_open(model: Model) -> Equation:
    r"""A line without a capacity of its own does nothing while it stands still.

    $$g_{r,t} + h_{r,t} \le M_{r}\, o_{r,t}$$

    with M the most that all demand could take of it. One row for every period of such a line. The dual has no meaning of its own.
    """
    asked = model["open"].filter(pl.col("available").is_null())
    needed = loads(model).filter(pl.col("activity") == "make").join(most_made(model), left_on="of", right_on="route", maintain_order="left")
    needed = needed.unique(["number", "of"], maintain_order=True)
    most = needed.group_by("number", maintain_order=True).agg((pl.col("load") * pl.col("most")).sum().alias("most"))
    rows = _limit_rows(model, asked.join(most, on="number", how="left", maintain_order="left")).with_columns(*at_most(pl.lit(0.0)))
    extra = [entries(matched(model[family], rows, ["resource", "t"]), "row") for family in ("regular", "overtime")]
    return equation(rows.select(_COLUMNS), entries(rows, "row", -pl.col("most").fill_null(0.0)), *extra)


def maintenance_stops(model: Model) -> Equation:
    r"""Every stop that must happen does.

    $$\sum_t n_{r,t} = N_r$$

    One row for every resource with maintenance. The dual is what one stop less would save.
    """
    stops = model["maintain"].group_by("resource", maintain_order=True).agg(pl.col("stops").first().cast(pl.Float64), pl.col("hours").max())
    rows = _limit_rows(model, stops.sort("resource")).with_columns(
        *exactly("stops"), pl.lit("stops").alias("unit"), pl.lit(None, pl.Int64).alias("t")
    )
    rows = rows.with_columns(pl.col("weight") * pl.max_horizontal(pl.col("hours").fill_null(0.0), 1.0))
    return equation(rows.select(_COLUMNS), entries(matched(model["maintain"], rows, ["resource"]), "row"))


def load_spread(model: Model) -> Equation:
    r"""Regular time is filled in steps whose tiny price rises, so that equal work is spread evenly.

    $$g_{r,t} \le \sum_k q_{r,k,t}$$

    One row for every period of a resource with steps of load. It limits nothing; the dual has no meaning.
    """
    steps = model["load_step"]
    rows = numbered(steps.select("resource", "t").unique().sort("resource", "t"))
    rows = rows.with_columns(pl.lit(-INFINITY).alias("lower"), pl.lit(0.0).alias("upper"))
    regular = matched(model["regular"], rows, ["resource", "t"])
    return equation(
        rows.select("resource", "t", "lower", "upper"),
        entries(regular, "row"),
        entries(matched(steps, rows, ["resource", "t"]), "row", -1),
    )
