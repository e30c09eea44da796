"""Events: promotions, price changes, launches and losses, as what they add to demand, take from other items, and do to prices."""

import polars as pl

from equipoise.demand.overlap import shares_between
from equipoise.demand.scope import CELL, PAIR, pairs_meant, weighed
from equipoise.dimensions.calendar import Calendar

_PLACE = ["event", *PAIR]
_SUMMED = {"event": pl.String, "item": pl.String, "market": pl.String, "period": pl.Date, "quantity": pl.Float64, "own": pl.Float64}


def event_rows(
    demand: pl.DataFrame, event: pl.DataFrame, event_effect: pl.DataFrame, item: pl.DataFrame, calendar: Calendar
) -> pl.DataFrame:
    """Return what each event adds: event, item, market, period, quantity, own, revenue; a row a cell that it touches, sorted.

    `demand` (item, market, period, quantity) is demand without events. An event holds for its item, or for the items of its family, or for
    all, in its market or in all. In each period it adds the uplift of `event_effect` (else its own) x demand x the share of the period's
    days that it takes, its own quantity (spread by days, and over items and markets by their demand; what falls outside of the horizon is
    not the plan's), and what it pulls forward: a share of the demand of the next periods, which lose it. A loss takes away whatever its
    sign. `own` is the quantity without what is pulled forward; revenue is given where the event has a price.
    """
    touched = shares_between(event, calendar.periods, calendar)
    live = event.join(touched, on="event", how="semi", maintain_order="left").sort("event")
    if live.is_empty():
        return pl.DataFrame(schema={**_SUMMED, "revenue": pl.Float64})
    places = pairs_meant(live.rename({"event": "name"}), demand.select(PAIR).unique().sort(PAIR), item).rename({"name": "event"})
    parts = [_lifted(places, live, event_effect, touched, demand), _spread(places, live, touched, demand)]
    own = pl.concat(parts).with_columns(own=pl.col("quantity"))
    pulled = _pulled(places, live, touched, demand, calendar).with_columns(own=pl.lit(0.0))
    summed = pl.concat([own, pulled]).group_by("event", *CELL, maintain_order=True).agg(pl.col("quantity").sum(), pl.col("own").sum())
    priced = summed.join(live.select("event", "price"), on="event", how="left", maintain_order="left")
    return priced.with_columns(revenue=pl.col("quantity") * pl.col("price")).drop("price").sort("event", *CELL)


def _lifted(
    places: pl.DataFrame, live: pl.DataFrame, event_effect: pl.DataFrame, touched: pl.DataFrame, demand: pl.DataFrame
) -> pl.DataFrame:
    """Return uplift x demand of every cell that an event touches, zero where no uplift is known."""
    sign = pl.when(pl.col("kind") == "loss").then(-pl.col("uplift").abs()).otherwise("uplift")
    here = event_effect.filter(pl.col("market").is_not_null()).select(*_PLACE, pl.col("uplift").alias("here"))
    anywhere = event_effect.filter(pl.col("market").is_null()).select("event", "item", pl.col("uplift").alias("anywhere"))
    rates = (
        places.join(here, on=_PLACE, how="left", maintain_order="left")
        .join(anywhere, on=["event", "item"], how="left", maintain_order="left")
        .join(live.select("event", sign.alias("own")), on="event", how="left", maintain_order="left")
        .select(*_PLACE, pl.coalesce("here", "anywhere", "own", 0.0).alias("rate"))
    )
    cells = rates.join(touched, on="event", maintain_order="left").join(demand, on=CELL, maintain_order="left")
    return cells.select("event", *CELL, (pl.col("quantity") * pl.col("share") * pl.col("rate")).alias("quantity"))


def _spread(places: pl.DataFrame, live: pl.DataFrame, touched: pl.DataFrame, demand: pl.DataFrame) -> pl.DataFrame:
    """Return the events' own quantities, spread by days, and over items and markets by their demand."""
    sign = pl.when(pl.col("kind") == "loss").then(-pl.col("quantity").abs()).otherwise("quantity")
    given = live.filter(pl.col("quantity").is_not_null()).select("event", sign.alias("total"))
    meant = places.join(given, on="event", how="semi", maintain_order="left")
    inside = meant.join(touched, on="event", maintain_order="left").join(demand, on=CELL, maintain_order="left")
    weights = weighed(meant.rename({"event": "name"}), inside.rename({"event": "name"})).rename({"name": "event"})
    placed = weights.join(touched, on="event", maintain_order="left").join(given, on="event", how="left", maintain_order="left")
    return placed.select("event", *CELL, (pl.col("weight") * pl.col("part") * pl.col("total")).alias("quantity"))


def _pulled(places: pl.DataFrame, live: pl.DataFrame, touched: pl.DataFrame, demand: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    """Return what the periods after the events lose to them, and what they gain."""
    pulling = live.filter(pl.col("pull_forward") > 0)
    number = {period: place for place, period in enumerate(calendar.periods)}
    last = dict(touched.group_by("event", maintain_order=True).agg(pl.col("period").max()).rows())
    later = [
        (event, period, share)
        for event, share, periods in pulling.select("event", "pull_forward", "pull_forward_periods").rows()
        for period in calendar.periods[number[last[event]] + 1 : number[last[event]] + 1 + max(periods or 1, 1)]
    ]
    after = pl.DataFrame(later, schema={"event": pl.String, "period": pl.Date, "pulled": pl.Float64}, orient="row")
    cells = places.join(after, on="event", maintain_order="left").join(demand, on=CELL, maintain_order="left")
    lost = cells.select("event", *CELL, (-pl.col("quantity") * pl.col("pulled")).alias("quantity"))
    gained = lost.group_by(_PLACE, maintain_order=True).agg(-pl.col("quantity").sum()).join(touched, on="event", maintain_order="left")
    return pl.concat([lost, gained.select("event", *CELL, (pl.col("quantity") * pl.col("part")).alias("quantity"))])


def cannibalised(happening: pl.DataFrame, cannibalisation: pl.DataFrame, demand: pl.DataFrame) -> pl.DataFrame:
    """Return what other items lose to the events: event, item, market, period, quantity (below zero), sorted.

    Of each unit that an event adds to an item (beyond what it pulls forward), `from` loses `share`; a row of the item's market wins over
    one for all. Shares of one item that add up to more than one are scaled to one, and no cell loses more than the demand it has. What is
    lost gains nothing for anybody, so a circle of items ends by itself.
    """
    rows = cannibalisation.filter(pl.col("item") != pl.col("from"), pl.col("share") > 0)
    gains = happening.filter(pl.col("own") > 0).select("event", *CELL, "own")
    here = gains.join(rows.drop_nulls("market").select(*PAIR, "from", "share"), on=PAIR, maintain_order="left")
    anywhere = gains.join(rows.filter(pl.col("market").is_null()).select("item", "from", "share"), on="item", maintain_order="left")
    anywhere = anywhere.join(here, on=["event", *CELL, "from"], how="anti", maintain_order="left")
    both = pl.concat([here, anywhere]).sort("event", *CELL, "from")
    share = pl.col("share") / pl.col("share").sum().over("event", *CELL).clip(lower_bound=1.0)
    lost = both.with_columns(lost=pl.col("own") * share, item=pl.col("from"))
    lost = lost.group_by("event", *CELL, maintain_order=True).agg(pl.col("lost").sum())
    left = pl.concat([demand.select(*CELL, "quantity"), happening.select(*CELL, "quantity")])
    left = left.join(lost, on=CELL, how="semi", maintain_order="left")
    there = left.group_by(CELL, maintain_order=True).agg(pl.col("quantity").sum().clip(lower_bound=0))
    held = lost.join(there, on=CELL, maintain_order="left")
    total = pl.col("lost").sum().over(CELL)
    kept = pl.when(total > pl.col("quantity")).then(pl.col("quantity") / total).otherwise(1.0)
    return held.select("event", *CELL, (-pl.col("lost") * kept).alias("quantity")).sort("event", *CELL)


def at_event_price(cells: pl.DataFrame, happening: pl.DataFrame, event: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    """Return the cells (item, market, period, quantity, unit_price) with the prices of the events that touch them in `unit_price`.

    What an event adds, and of the other demand the share of the period's days that it takes, is sold at its price, the rest at the usual
    one: the price of the cell is their mean, weighed by volume. Without a usual price only a cell sold wholly at the event's has one.
    `happening` (event, item, market, period, quantity) says which cells events touch.
    """
    prices = event.filter(pl.col("price").is_not_null()).select("event", "price")
    touched = shares_between(event.join(prices, on="event", how="semi", maintain_order="left"), calendar.periods, calendar)
    rows = happening.select("event", *CELL, pl.col("quantity").alias("added")).join(touched, on=["event", "period"], maintain_order="left")
    rows = rows.join(prices, on="event", maintain_order="left").join(cells.select(*CELL, "quantity"), on=CELL, maintain_order="left")
    added = pl.min_horizontal(pl.col("added").clip(lower_bound=0), "quantity")
    sold = (pl.col("share") * (pl.col("quantity") - added) + added) / pl.col("quantity")
    rows = rows.with_columns(sold=pl.when(pl.col("quantity") > 0).then(sold).otherwise("share"))
    mean = rows.group_by(CELL, maintain_order=True).agg(
        (pl.col("sold") * pl.col("price")).sum() / pl.col("sold").sum(), pl.col("sold").sum().clip(upper_bound=1.0).alias("at_event")
    )
    joined = cells.join(mean.rename({"sold": "event_price"}), on=CELL, how="left", maintain_order="left")
    mixed = pl.col("unit_price") * (1 - pl.col("at_event")) + pl.col("event_price") * pl.col("at_event")
    alone = pl.when(pl.col("at_event") > 1 - 1e-9).then("event_price")
    price = pl.when(pl.col("at_event").is_null()).then("unit_price").otherwise(pl.coalesce(mixed, alone))
    return joined.with_columns(unit_price=price).drop("event_price", "at_event")
