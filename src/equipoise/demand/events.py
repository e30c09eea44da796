"""Events: promotions, price changes, launches and losses, as what they add to demand."""

from typing import Any

import polars as pl

from equipoise.demand.overlap import share_between
from equipoise.dimensions.calendar import Calendar

CELL = ["item", "market", "period"]
PAIR = ["item", "market"]
_SCHEMA = pl.Schema(
    {
        "event": pl.String(),
        "item": pl.String(),
        "market": pl.String(),
        "period": pl.Date(),
        "quantity": pl.Float64(),
        "revenue": pl.Float64(),
    }
)


def event_rows(demand: pl.DataFrame, event: pl.DataFrame, item: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    """Return what each event adds: event, item, market, period, quantity, revenue; sorted.

    `demand` (item, market, period, quantity) is demand without events. An event holds for its item, or for the items of its family, or for
    all, in its market or in all. In each period it adds uplift x demand x the share of the period's days that it takes, its own quantity
    (spread by days, and over items and markets by their demand), and what it pulls forward: a share of the demand of the next periods,
    which lose it. A loss takes away whatever its sign. Revenue is given where the event has a price.
    """
    parts = [_one(demand, row, item, calendar) for row in event.sort("event").iter_rows(named=True)]
    return pl.concat([pl.DataFrame(schema=_SCHEMA), *parts]).sort("event", *CELL)


def pairs_of(demand: pl.DataFrame, item: pl.DataFrame, *, one: str | None, family: str | None, market: str | None) -> pl.DataFrame:
    """Return the item and market pairs that `one` item, or a family, or everything, means in a market or all of them.

    Those that have demand; where none has, every item meant in every market known, so that a launch or a budget finds its place.
    """
    items = item.filter(pl.col("family") == family).select("item").unique() if family and not one else None
    wanted = pl.lit(True)
    if one:
        wanted = pl.col("item") == one
    elif items is not None:
        wanted = pl.col("item").is_in(items.get_column("item").implode())
    in_market = pl.col("market") == market if market else pl.lit(True)
    found = demand.filter(wanted & in_market).select(PAIR).unique()
    if not found.is_empty():
        return found.sort(PAIR)
    named = pl.DataFrame({"item": [one]}) if one else items if items is not None else demand.select("item").unique()
    markets = pl.DataFrame({"market": [market]}) if market else demand.select("market").unique()
    return named.join(markets, how="cross").sort(PAIR)


def spread_by(pairs: pl.DataFrame, demand: pl.DataFrame) -> pl.DataFrame:
    """Return the pairs with their `weight` in a total: by demand, or equally where there is none."""
    sums = demand.group_by(PAIR, maintain_order=True).agg(pl.col("quantity").sum())
    weighed = pairs.join(sums, on=PAIR, how="left", maintain_order="left").with_columns(pl.col("quantity").fill_null(0).clip(lower_bound=0))
    total = float(weighed.get_column("quantity").sum())
    weight = pl.col("quantity") / total if total > 0 else pl.lit(1.0 / max(len(pairs), 1))
    return weighed.select(*PAIR, weight.alias("weight"))


def _one(demand: pl.DataFrame, row: dict[str, Any], item: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    """Return what one event adds, in the columns of `event_rows`."""
    overlap = share_between(calendar, row["start"], row["end"])
    pairs = pairs_of(demand, item, one=row["item"], family=row["family"], market=row["market"])
    concerned = demand.join(pairs, on=PAIR, how="semi", maintain_order="left")
    sign = (lambda value: -abs(value)) if row["kind"] == "loss" else float
    parts = []
    if row["uplift"] is not None:
        uplift = sign(row["uplift"])
        parts.append(
            concerned.join(overlap, on="period", maintain_order="left").select(
                *CELL, (pl.col("quantity") * pl.col("share") * uplift).alias("quantity")
            )
        )
    if row["quantity"] is not None:
        inside = concerned.join(overlap.select("period"), on="period", how="semi", maintain_order="left")
        placed = spread_by(pairs, inside).join(overlap, how="cross")
        parts.append(placed.select(*CELL, (pl.col("weight") * pl.col("part") * sign(row["quantity"])).alias("quantity")))
    if row["pull_forward"]:
        parts += _pulled(concerned, overlap, row["pull_forward"], row["pull_forward_periods"] or 1, calendar)
    if not parts or overlap.is_empty():
        return pl.DataFrame(schema=_SCHEMA)
    price = pl.lit(row["price"], dtype=pl.Float64)
    summed = pl.concat(parts).group_by(CELL, maintain_order=True).agg(pl.col("quantity").sum())
    return summed.select(pl.lit(row["event"]).alias("event"), *CELL, "quantity", (pl.col("quantity") * price).alias("revenue"))


def _pulled(concerned: pl.DataFrame, overlap: pl.DataFrame, share: float, periods: int, calendar: Calendar) -> list[pl.DataFrame]:
    """Return what the periods after the event lose to it, and what it gains."""
    if overlap.is_empty():
        return []
    last = max(calendar.periods.index(period) for period in overlap.get_column("period"))
    after = calendar.periods[last + 1 : last + 1 + periods]
    lost = concerned.filter(pl.col("period").is_in(after)).select(*CELL, (pl.col("quantity") * -share).alias("quantity"))
    gained = lost.group_by(PAIR, maintain_order=True).agg(-pl.col("quantity").sum()).join(overlap, how="cross")
    return [lost, gained.select(*CELL, (pl.col("quantity") * pl.col("part")).alias("quantity"))]
