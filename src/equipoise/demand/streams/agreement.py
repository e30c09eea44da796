"""The consensus: every opinion of demand side by side, and the one number agreed on."""

import polars as pl

from equipoise.demand.events.event_rows import at_event_price, cannibalised, event_rows
from equipoise.demand.scope import CELL, PAIR
from equipoise.demand.streams.budgeted import budget_rows
from equipoise.demand.streams.ownership import owners
from equipoise.demand.streams.stream_weight import AVERAGE, BASELINE, BUDGET, LEARNED, by_cell, given_weights, learned_weights
from equipoise.demand.succession import MEASURES, launch_spread, moved
from equipoise.dimensions.calendar import Calendar
from equipoise.tables import table
from equipoise.tables.setting import from_table

NAIVE, SUCCESSION = "naive", "succession"
_RESERVED = (NAIVE, BASELINE, AVERAGE, LEARNED, BUDGET, SUCCESSION, "consensus")


def consensus(
    baseline: pl.DataFrame,
    forecast: pl.DataFrame,
    event: pl.DataFrame,
    event_effect: pl.DataFrame,
    cannibalisation: pl.DataFrame,
    budget: pl.DataFrame,
    item: pl.DataFrame,
    market: pl.DataFrame,
    succession: pl.DataFrame,
    demand_owner: pl.DataFrame,
    segment: pl.DataFrame,
    history: pl.DataFrame,
    stream_snapshot: pl.DataFrame,
    setting: pl.DataFrame,
) -> dict[str, pl.DataFrame]:
    """Return the tables `stream`, `stream_weight` and `consensus`.

    quantity = base + increment, never below zero. The base is what the setting `demand.consensus.basis` says: the baseline; the average of
    the views, by given weights or by weights learned from their past errors; or one view by name (see `stream_weight`). Where a view has no
    cell the others, or the baseline, stand in; where there is no baseline (no history), the mean of the views; where there is neither,
    zero. Increments, events and what they take from other items are added; naive and the budget stand beside and are never part.
    Successions and launches move the baseline, not the views, whose owners know of them.

    The interval is the baseline's, in proportion to the base where a view gives it, and moved by the increment. Revenue is the quantity at
    the mean price of the views and increments that give revenue, and at the price of events. A source that has the name of another stream
    is shown as `name (forecast)`, an event likewise. Raises InputError where the basis or a weight names no view, and DataError where a
    slice has two owners.
    """
    settings = from_table(setting)
    calendar = Calendar.from_setting(settings.calendar)
    forecast = _named(forecast)
    given = _given(forecast, calendar)
    views, increments = given.filter(pl.col("kind") == "view"), given.filter(pl.col("kind") == "increment")
    opinions = forecast.filter(pl.col("kind") == "view", pl.col("source") != f"{BUDGET} (forecast)")
    names = opinions.get_column("source").drop_nulls().unique().sort().to_list()
    basis = settings.demand.consensus
    weights = learned_weights(names, stream_snapshot, history, segment, calendar) if basis.basis == LEARNED else given_weights(basis, names)
    within = baseline.filter(pl.col("period").is_in(calendar.periods))
    succeeded = moved(within, succession, item, segment, calendar, launch_spread(succession, item, history, calendar))
    cells = _grid([within, succeeded, views, increments], calendar)
    cells = _base(cells, within, succeeded, views, by_cell(weights, cells.select(PAIR).unique(maintain_order=True), segment))
    cells = _with(cells, increments, "added").with_columns(quantity=pl.col("base") + pl.col("added"))
    demand = cells.select(*CELL, "quantity")
    happening = event_rows(demand, event, event_effect, item, calendar)
    taken = cannibalised(happening, cannibalisation, demand)
    cells = _grid([cells, happening], calendar).join(cells, on=CELL, how="left", maintain_order="left")
    cells = _agreed(cells, pl.concat([happening.select(*CELL, "quantity"), taken.select(*CELL, "quantity")]))
    in_basis = views.filter(pl.col("source").is_in(weights.filter(pl.col("weight") > 0).get_column("stream").implode()))
    cells = _priced(cells, views if basis.basis == BASELINE else in_basis, increments)
    cells = at_event_price(cells, happening, event, calendar).with_columns(revenue=pl.col("quantity") * pl.col("unit_price"))
    named = owners(cells.select(PAIR).unique(maintain_order=True), demand_owner, item, market)
    return {
        "stream": _streams(within, given, succeeded, happening, taken, budget_rows(cells, budget, item, calendar)),
        "stream_weight": weights,
        "consensus": table("consensus").conform(cells.join(named, on=PAIR, how="left", maintain_order="left").sort(CELL)),
    }


def _named(forecast: pl.DataFrame) -> pl.DataFrame:
    """Return the forecasts with kinds, under names that no other stream has."""
    name = pl.when(pl.col("source").is_in(_RESERVED)).then(pl.col("source") + " (forecast)").otherwise("source")
    return forecast.with_columns(name.alias("source"), pl.col("kind").fill_null("view"))


def _given(forecast: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    """Return the forecasts within the horizon, one row a source and cell."""
    inside = forecast.filter(
        pl.col("period").is_in(calendar.periods), pl.col("quantity").is_finite(), pl.all_horizontal(pl.col(PAIR).is_not_null())
    )
    return inside.group_by("source", *CELL, "kind", maintain_order=True).agg(
        pl.col("quantity").sum(), pl.when(pl.col("revenue").is_not_null().any()).then(pl.col("revenue").sum()), pl.col("owner").first()
    )


def _grid(frames: list[pl.DataFrame], calendar: Calendar) -> pl.DataFrame:
    """Return every period of the horizon for every pair of item and market in the frames, sorted."""
    pairs = pl.concat([frame.select(PAIR) for frame in frames]).unique()
    return pairs.join(pl.DataFrame({"period": calendar.periods}, schema={"period": pl.Date}), how="cross").sort(CELL)


def _with(cells: pl.DataFrame, rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """Return the cells with the sum of the quantity of the rows, zero where there is none."""
    sums = rows.group_by(CELL, maintain_order=True).agg(pl.col("quantity").sum().alias(name))
    return cells.join(sums, on=CELL, how="left", maintain_order="left").with_columns(pl.col(name).fill_null(0.0))


def _base(cells: pl.DataFrame, baseline: pl.DataFrame, succeeded: pl.DataFrame, views: pl.DataFrame, weights: pl.DataFrame) -> pl.DataFrame:
    """Return the cells with base, p10 and p90, and `viewed`: whether views give the base. `weights` has item, market, stream, weight."""
    own = pl.concat([baseline.select(*CELL, *MEASURES), succeeded.select(*CELL, *MEASURES)])
    own = own.group_by(CELL, maintain_order=True).agg(pl.col(MEASURES).sum()).with_columns(pl.col(MEASURES).clip(lower_bound=0))
    mean = views.group_by(CELL, maintain_order=True).agg(pl.col("quantity").mean().alias("mean"))
    joined = cells.join(own, on=CELL, how="left", maintain_order="left").join(mean, on=CELL, how="left", maintain_order="left")
    opinions = views.select(pl.col("source").alias("stream"), *CELL, "quantity")
    if weights.filter(pl.col("stream") != BASELINE).is_empty():
        opinions = opinions.clear()  # the baseline is the base: no view has a say where there is one
    else:
        opinions = pl.concat([opinions, own.select(pl.lit(BASELINE).alias("stream"), *CELL, "quantity")])
    chosen = (
        opinions.join(weights, on=["stream", *PAIR], maintain_order="left")
        .group_by(CELL, maintain_order=True)
        .agg(((pl.col("quantity") * pl.col("weight")).sum() / pl.col("weight").sum()).alias("chosen"))
    )
    joined = joined.join(chosen, on=CELL, how="left", maintain_order="left")
    base = pl.coalesce("chosen", "quantity", "mean", 0.0).clip(lower_bound=0)
    ratio = pl.when(pl.col("quantity") > 0).then(base / pl.col("quantity")).otherwise(1.0)
    return joined.select(
        *CELL,
        base.alias("base"),
        (pl.col("p10") * ratio).alias("p10"),
        (pl.col("p90") * ratio).alias("p90"),
        (pl.col("chosen").is_not_null() | pl.col("quantity").is_null()).alias("viewed"),
    )


def _agreed(cells: pl.DataFrame, happening: pl.DataFrame) -> pl.DataFrame:
    """Return the cells with increments and events added, and the interval moved along."""
    cells = _with(cells.with_columns(pl.col("base", "added").fill_null(0.0)), happening, "events")
    quantity = (pl.col("base") + pl.col("added") + pl.col("events")).clip(lower_bound=0)
    cells = cells.with_columns(quantity=quantity).with_columns(increment=pl.col("quantity") - pl.col("base"))
    known = pl.when(pl.col("p10").is_not_null() & pl.col("p90").is_not_null())
    return cells.with_columns(
        known.then(pl.min_horizontal((pl.col("p10") + pl.col("increment")).clip(lower_bound=0), "quantity")).alias("p10"),
        known.then(pl.max_horizontal(pl.col("p90") + pl.col("increment"), "quantity")).alias("p90"),
    )


def _priced(cells: pl.DataFrame, views: pl.DataFrame, increments: pl.DataFrame) -> pl.DataFrame:
    """Return the cells with `unit_price`: the mean price of the streams in the consensus that give revenue."""
    part = views.join(cells.filter(pl.col("viewed")), on=CELL, how="semi", maintain_order="left")
    paid = pl.concat([frame.select(*CELL, "quantity", "revenue") for frame in (part, increments)])
    paid = paid.filter(pl.col("revenue").is_not_null(), pl.col("quantity") > 0)
    price = paid.group_by(CELL, maintain_order=True).agg((pl.col("revenue").sum() / pl.col("quantity").sum()).alias("unit_price"))
    return cells.join(price, on=CELL, how="left", maintain_order="left")


def _streams(
    baseline: pl.DataFrame,
    given: pl.DataFrame,
    succeeded: pl.DataFrame,
    happening: pl.DataFrame,
    taken: pl.DataFrame,
    planned: pl.DataFrame,
) -> pl.DataFrame:
    """Return the table `stream`."""
    names = [*_RESERVED, *given.get_column("source").unique().to_list()]
    events = pl.concat(
        [happening.drop("own"), taken.with_columns(pl.format("cannibalisation ({})", "event").alias("event"))], how="diagonal"
    )
    event_name = pl.when(pl.col("event").is_in(names)).then(pl.col("event") + " (event)").otherwise("event")
    frames = [
        baseline.drop_nulls("naive").with_columns(stream=pl.lit(NAIVE), kind=pl.lit("naive"), quantity=pl.col("naive")),
        baseline.with_columns(stream=pl.lit(BASELINE), kind=pl.lit("baseline")),
        given.with_columns(stream=pl.col("source")),
        succeeded.with_columns(stream=pl.lit(SUCCESSION), kind=pl.lit("event")),
        events.with_columns(stream=event_name, kind=pl.lit("event")),
        planned.with_columns(stream=pl.lit(BUDGET), kind=pl.lit("budget")),
    ]
    shaped = pl.concat([table("stream").conform(frame) for frame in frames])
    known = pl.when(pl.col("revenue").is_not_null().any()).then(pl.col("revenue").sum())
    summed = shaped.group_by("stream", *CELL, maintain_order=True).agg(
        pl.col("kind").first(), pl.col("quantity").sum(), known, pl.col("owner").first()
    )
    return table("stream").conform(summed.sort("stream", *CELL))
