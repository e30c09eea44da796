"""Stock that will never be sold at the plan's demand: beyond weeks of demand, without demand, or expired before it can be used."""

import datetime as dt

import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.reconcile.gaps.shortfalls import labelled
from equipoise.reconcile.money.valuation import average_prices, costs, in_family, known_sum
from equipoise.tables.figures import listing, number
from equipoise.tables.setting import GapSetting

_DEEPEST = 50  # levels of a bill; one that loops ends here
_REASONS = ("unwanted", "expiring", "beyond")


def obsolete_units(
    on_hand: pl.DataFrame,
    backlog: pl.DataFrame,
    demand_plan: pl.DataFrame,
    inventory_plan: pl.DataFrame,
    item: pl.DataFrame,
    route: pl.DataFrame,
    bom: pl.DataFrame,
    calendar: Calendar,
    limits: GapSetting,
) -> pl.DataFrame:
    """Return item, location, held (own opening stock) and units of it that are obsolete, of these unwanted (without any demand), expiring
    (before they can be used) and beyond (more than the weeks of demand that the setting `gaps` allows).

    Stock of an item is pooled over its locations, and what expires first is used first: of lots 1..k, with U_k the most that can be used
    until lot k expires, min over j <= k of (U_j + lots after j) is used. Obsolete units of a lot are shared among its locations by
    quantity. A lot without a day of expiry keeps for the item's shelf life from the start of the horizon. Stock of other owners is left
    out.
    """
    own = on_hand.filter((pl.col("quantity") > 0) & (pl.col("owner").fill_null("") == "")).select("item", "location", "quantity", "expires")
    lives = item.select("item", "shelf_life").unique("item", maintain_order=True)
    ends = pl.coalesce("expires", pl.lit(calendar.start) + pl.duration(days=pl.col("shelf_life").floor().cast(pl.Int64)))
    lots = own.join(lives, on="item", how="left", maintain_order="left").with_columns(ends.alias("expires"))
    need = requirement(demand_plan, backlog, item, route, bom, calendar)
    pooled = lots.group_by("item", "expires", maintain_order=True).agg(pl.col("quantity").sum().alias("lot")).sort("item", "expires")
    pooled = pooled.join(_usable(need, inventory_plan, item, calendar, limits), on="item", how="left", maintain_order="left")
    pooled = _until_expiry(pooled, need, calendar).sort("item", "expires", nulls_last=True)
    over, most = pl.col("lot").cum_sum().over("item"), pl.col("usable").fill_null(0.0)
    until = pl.min_horizontal(most, pl.col("until_expiry").fill_null(float("inf")))
    used = pl.min_horizontal(over, over + (until - over).cum_min().over("item"))
    kept = pl.min_horizontal(over, most)
    wasted, beyond = over - used, over - kept
    parts = pooled.with_columns(
        (wasted - wasted.shift(1, fill_value=0.0).over("item")).clip(0.0).alias("units"),
        (beyond - beyond.shift(1, fill_value=0.0).over("item")).clip(0.0).alias("surplus"),
    )
    share = pl.col("quantity") / pl.col("lot")
    placed = lots.join(parts, on=["item", "expires"], how="left", nulls_equal=True, maintain_order="left")
    placed = placed.with_columns(pl.col("units") * share, pl.min_horizontal("surplus", "units") * share)
    demanded = pl.col("usable").fill_null(0.0) > 0
    return (
        placed.with_columns(
            pl.when(demanded).then(0.0).otherwise(pl.col("units")).alias("unwanted"),
            pl.when(demanded).then(pl.col("units") - pl.col("surplus")).otherwise(0.0).alias("expiring"),
            pl.when(demanded).then(pl.col("surplus")).otherwise(0.0).alias("beyond"),
        )
        .group_by("item", "location", maintain_order=True)
        .agg(pl.col("quantity").sum().alias("held"), pl.col("units", *_REASONS).sum())
        .filter(pl.col("units") > 1e-6)
        .sort("item", "location")
    )


def requirement(
    demand_plan: pl.DataFrame, backlog: pl.DataFrame, item: pl.DataFrame, route: pl.DataFrame, bom: pl.DataFrame, calendar: Calendar
) -> pl.DataFrame:
    """Return item, period and quantity: its demand while it is on sale, backlog in the first period, and what it takes to make what it
    goes into, as if all of that were still to be made by the route that takes the most.
    """
    last = item.select("item", "discontinue").unique("item", maintain_order=True)
    sold = demand_plan.filter((pl.col("quantity") > 0) & pl.col("period").is_in(calendar.periods)).join(
        last, on="item", how="left", maintain_order="left"
    )
    sold = sold.filter(pl.col("discontinue").is_null() | (pl.col("period") <= pl.col("discontinue"))).select("item", "period", "quantity")
    late = backlog.select("item", pl.lit(calendar.start).alias("period"), "quantity")
    level = pl.concat([sold, late]).group_by("item", "period", maintain_order=True).agg(pl.col("quantity").sum())
    per = pl.col("quantity") / pl.when(pl.col("yield") > 0).then("yield").otherwise(1.0)
    made = route.group_by("route", maintain_order=True).agg(pl.col("item").first(), pl.col("yield").min())
    parts = bom.join(made, on="route", maintain_order="left").group_by("item", "component", maintain_order=True).agg(per.max().alias("per"))
    found = [level]
    for _ in range(_DEEPEST):
        level = (
            level.join(parts, on="item", maintain_order="left_right")
            .group_by(pl.col("component").alias("item"), "period", maintain_order=True)
            .agg((pl.col("quantity") * "per").sum())
        )
        if level.is_empty():
            break
        found.append(level)
    return pl.concat(found).group_by("item", "period", maintain_order=True).agg(pl.col("quantity").sum())


def _within(last: pl.Expr, calendar: Calendar) -> pl.Expr:
    """Units of a period's demand up to and with the day `last`."""
    lengths = {period: calendar.days(period) for period in calendar.periods}
    days = pl.col("period").replace_strict(lengths, return_dtype=pl.Float64)
    return pl.col("quantity") * (((last - pl.col("period")).dt.total_days() + 1) / days).clip(0.0, 1.0)


def _usable(need: pl.DataFrame, inventory_plan: pl.DataFrame, item: pl.DataFrame, calendar: Calendar, limits: GapSetting) -> pl.DataFrame:
    """Return item and usable: the most of its stock that is not obsolete as long as it keeps, for items with demand."""
    days = limits.obsolete_weeks * 7
    last = calendar.start + dt.timedelta(days=days) - dt.timedelta(days=1)
    horizon = (calendar.end - calendar.start).days + 1
    coming, total = _within(pl.lit(last), calendar).sum(), pl.col("quantity").sum()
    known = need.group_by("item", maintain_order=True).agg(coming.alias("coming"), total.alias("total"))
    first = inventory_plan.filter(pl.col("period") == calendar.start)
    wanted = first.group_by("item", maintain_order=True).agg(pl.col("target").fill_null(0.0).sum())
    known = known.join(wanted, on="item", how="left", maintain_order="left").join(
        item.select("item", "discontinue").unique("item", maintain_order=True), on="item", how="left", maintain_order="left"
    )
    most = pl.max_horizontal("coming", pl.col("total") * (days / horizon), pl.col("target").fill_null(0.0))
    ending = pl.col("discontinue").fill_null(dt.date.max) <= calendar.end
    return known.select("item", pl.when(ending).then(pl.min_horizontal(most, "total")).otherwise(most).alias("usable"))


def _until_expiry(pooled: pl.DataFrame, need: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    """Return lots with until_expiry: the demand until the day they expire; empty where they keep for ever."""
    dated = pooled.filter(pl.col("expires").is_not_null()).select("item", "expires")
    within = (
        dated.join(need, on="item", maintain_order="left_right")
        .group_by("item", "expires", maintain_order=True)
        .agg(_within(pl.col("expires"), calendar).sum().alias("until"))
    )
    joined = pooled.join(within, on=["item", "expires"], how="left", maintain_order="left")
    until = pl.when(pl.col("expires").is_not_null()).then(pl.col("until").fill_null(0.0))
    return joined.with_columns(until.alias("until_expiry")).drop("until")


def obsolete_stock(
    units: pl.DataFrame, demand_plan: pl.DataFrame, item: pl.DataFrame, calendar: Calendar, limits: GapSetting
) -> list[pl.DataFrame]:
    """Return obsolete stock by family and by item@location, over the whole horizon. `units` is what obsolete_units returned; `base` is the
    stock held of the same items, `cost` the obsolete part at standard cost, `note` why it is obsolete.
    """
    if units.is_empty():
        return []
    listed = item.select("item", "unit_price").unique("item", maintain_order=True)
    points = in_family(units, item)
    for prices in (average_prices(demand_plan), listed, costs(item)):
        points = points.join(prices, on="item", how="left", maintain_order="left")
    price = pl.coalesce("price", "unit_price")
    points = points.with_columns(
        (pl.col("item") + "@" + pl.col("location")).alias("at"),
        (pl.col("units") * price).alias("revenue"),
        (pl.col("units") * (price - pl.col("unit_cost"))).alias("margin"),
        (pl.col("units") * pl.col("unit_cost")).alias("cost"),
    )
    numbers = [pl.col("units", *_REASONS).sum(), pl.col("held").sum().alias("base")]
    found = []
    for level, key in (("family", "family"), ("item", "at")):
        summed = points.group_by(key, maintain_order=True).agg(*numbers, *(known_sum(name) for name in ("revenue", "margin", "cost")))
        notes = [_note(dict(zip(_REASONS, row, strict=True)), limits.obsolete_weeks) for row in summed.select(_REASONS).iter_rows()]
        summed = summed.drop(_REASONS).with_columns(
            pl.Series("note", notes, dtype=pl.String),
            pl.lit(calendar.start).alias("period"),
            pl.lit(calendar.periods[-1]).alias("until"),
            pl.lit(calendar.horizon, dtype=pl.Int64).alias("count"),
        )
        found.append(labelled(summed, "obsolete_stock", level, key, item, points))
    return found


def _note(parts: dict[str, float], weeks: float) -> str:
    """Say why stock is obsolete; with the units of each reason where there are several."""
    words = {
        "unwanted": "without any demand in the plan",
        "expiring": "expiring before it can be used",
        "beyond": f"beyond {number(weeks)} weeks of demand",
    }
    told = [(words[reason], size) for reason, size in parts.items() if size > 0.005]
    return told[0][0] if len(told) == 1 else listing([f"{number(size)} {said}" for said, size in told])
