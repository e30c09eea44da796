"""Limits over groups: at most four depots, at most so much of a group of items."""

from collections.abc import Callable

import polars as pl

from equipoise.supply.formulation.equation import INFINITY, Equation, entries, equation, numbered
from equipoise.supply.model.timing import usable
from equipoise.supply.model.unknowns import Model


def _plain(model: Model, family: str, key: str, coefficient: float = 1.0) -> pl.DataFrame:
    rows = model[family]
    return rows.select(pl.col(key).alias("key"), "t", "column", pl.lit(coefficient).alias("coefficient"))


def _quantities(model: Model) -> dict[str, Callable[[], pl.DataFrame]]:
    """What is summed for a member of each table: units made, bought or moved; good units of an item or at a location; load."""
    return {
        "route": lambda: _plain(model, "make", "route"),
        "purchase": lambda: _plain(model, "buy", "purchase"),
        "lane": lambda: pl.concat([_plain(model, "move", "lane"), _plain(model, "ship", "lane")]),
        "item": lambda: pl.concat([_made(model, "item"), _plain(model, "buy", "item")]),
        "location": lambda: pl.concat([_made(model, "location"), _plain(model, "buy", "location"), _plain(model, "move", "to")]),
        "resource": lambda: pl.concat([_plain(model, "regular", "resource"), _plain(model, "overtime", "resource")]),
    }


def _made(model: Model, key: str) -> pl.DataFrame:
    """Return the good units that production brings, by item or location, what else comes out of a route among them."""
    made = model["make"].select("route", "item", "location", "t", "column", coefficient="yield")
    twins = made.drop("item", "coefficient").join(model.net.co_output, on="route", maintain_order="left")
    twins = twins.select("route", "item", "location", "t", "column", coefficient="quantity")
    return pl.concat([made, twins]).select(pl.col(key).alias("key"), "t", "column", "coefficient")


def _counts(model: Model) -> dict[str, Callable[[], pl.DataFrame]]:
    """What is counted for a member of each table: whether it is set up, ordered, used, open or running."""
    return {
        "route": lambda: _plain(model, "setup", "route"),
        "purchase": lambda: _plain(model, "order", "purchase"),
        "lane": lambda: _plain(model, "use", "lane"),
        "item": lambda: _plain(model, "setup", "item"),
        "location": lambda: pl.concat([_plain(model, "opening", "location"), _plain(model, "closing", "location", -1.0)]),
        "resource": lambda: _plain(model, "open", "resource"),
        "maintenance": lambda: _plain(model, "maintain", "resource"),
    }


def _members(model: Model, measure: str) -> pl.DataFrame:
    """Return limit, t, column, coefficient of every unknown that a limit of this measure sums."""
    chosen = model.net.limit.filter(pl.col("measure").fill_null("quantity") == measure).select("limit")
    member = model.net.limit_member.join(chosen, on="limit", how="semi", maintain_order="left")
    makers = _quantities(model) if measure == "quantity" else _counts(model)
    empty = pl.DataFrame(schema={"limit": pl.String, "t": pl.Int64, "column": pl.Int64, "coefficient": pl.Float64})
    parts = [empty]
    for table, maker in makers.items():
        keys = member.filter(pl.col("table") == table).select("limit", "key", "weight")
        if not keys.is_empty():
            weighed = pl.col("coefficient") * pl.col("weight").fill_null(1.0)
            parts.append(maker().join(keys, on="key", maintain_order="left").select("limit", "t", "column", weighed.alias("coefficient")))
    return pl.concat(parts)


def _always_counted(model: Model) -> pl.DataFrame:
    """Return `base`: the sites of each counting limit that are open at the start, whether they may close (which takes off) or not."""
    is_open = pl.col("is_open").fill_null(value=True)
    open_now = model.net.location.filter(is_open).select(pl.col("location").alias("key"))
    sites = model.net.limit_member.filter(pl.col("table") == "location").join(open_now, on="key", how="semi", maintain_order="left")
    return sites.group_by("limit", maintain_order=True).agg(pl.col("weight").fill_null(1.0).sum().alias("base"))


def held(limit: pl.DataFrame, periods: pl.DataFrame) -> pl.DataFrame:
    """Return limit and t: the periods in which each limit holds."""
    rows = limit.select("limit", "start", "end").join(periods.select("t", "period", "days"), how="cross")
    return rows.filter(usable(pl.col("start"), pl.col("end"), pl.col("days"))).select("limit", "t")


def group_limit(model: Model) -> Equation:
    r"""What the members of a limit sum or count lies between its least and its most, in a period or over the horizon.

    $$L^{min}_g \le \sum_{k \in g} w_{g,k}\, x_{k,t} \le L^{max}_g$$

    with w the weight of the member, 1 unless given. Sites are counted once for the horizon. One row for every limit, and every period
    where it holds in each. The dual is what one more unit (or one more member) of the limit is worth.
    """
    limit = model.net.limit.with_columns(pl.col("measure").fill_null("quantity"), pl.col("span").fill_null("period"))
    limit = limit.join(_always_counted(model), on="limit", how="left", maintain_order="left")
    base = pl.when(pl.col("measure") == "count").then(pl.col("base").fill_null(0.0)).otherwise(0.0)
    limit = limit.with_columns(
        (pl.col("at_least") - base).fill_null(-INFINITY).alias("lower"), (pl.col("at_most") - base).fill_null(INFINITY).alias("upper")
    )
    sites = model.net.limit_member.filter(pl.col("table") == "location").select("limit").unique()
    once = limit.filter(pl.col("measure") == "count").join(sites, on="limit", how="semi", maintain_order="left").select("limit")
    whole = pl.concat([limit.filter(pl.col("span") == "horizon").select("limit"), once]).unique()
    when = held(limit, model.net.periods)
    each = limit.join(whole, on="limit", how="anti", maintain_order="left").join(when, on="limit", maintain_order="left")
    total = limit.join(whole, on="limit", how="semi", maintain_order="left").with_columns(pl.lit(None, pl.Int64).alias("t"))
    rows = pl.concat([each, total.select(each.columns)]).sort("limit", "t", nulls_last=True)
    unit = pl.when(pl.col("measure") == "count").then(pl.lit("members")).otherwise(pl.lit("units"))
    rows = numbered(rows.with_columns(pl.col("limit").alias("subject"), unit.alias("unit")))
    dated, summed = _entries(model, rows, pl.concat([when, once.with_columns(t=pl.lit(0, pl.Int64))]))
    return equation(rows.select("limit", "t", "subject", "unit", "lower", "upper"), dated, summed)


def _entries(model: Model, rows: pl.DataFrame, when: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the entries of the rows of a period and of the horizon; members count in the periods (limit, t) of `when`."""
    members = pl.concat([_members(model, "quantity"), _members(model, "count")])
    members = members.join(when, on=["limit", "t"], how="semi", maintain_order="left")
    dated = members.join(rows.filter(pl.col("t").is_not_null()).select("row", "limit", "t"), on=["limit", "t"], maintain_order="left")
    summed = members.join(rows.filter(pl.col("t").is_null()).select("row", "limit"), on="limit", maintain_order="left")
    return entries(dated, "row", "coefficient"), entries(summed, "row", "coefficient")
