"""The consensus: every opinion of demand side by side, and the one number agreed on."""

import datetime as dt
from difflib import get_close_matches

import polars as pl

from equipoise.demand.events import CELL, PAIR, event_rows, pairs_of, spread_by
from equipoise.demand.overlap import share_after
from equipoise.demand.succession import moved
from equipoise.dimensions.calendar import Calendar
from equipoise.errors import InputError, Where
from equipoise.tables import table
from equipoise.tables.setting import ConsensusSetting, from_table

BASELINE, AVERAGE, BUDGET, SUCCESSION = "baseline", "average", "budget", "succession"
_RESERVED = (BASELINE, AVERAGE, BUDGET, SUCCESSION)


def consensus(
    baseline: pl.DataFrame,
    forecast: pl.DataFrame,
    event: pl.DataFrame,
    budget: pl.DataFrame,
    item: pl.DataFrame,
    succession: pl.DataFrame,
    setting: pl.DataFrame,
) -> dict[str, pl.DataFrame]:
    """Return the tables `stream` and `consensus`.

    quantity = base + increment, never below zero. The base is what the setting `demand.consensus.basis` says: the baseline; the average of
    the views, by weights; or one view by name. Where a view has no cell the baseline stands in; where there is no baseline (no history),
    the mean of the views; where there is neither, zero. Increments and events are added; the budget stands beside and is never part.
    Successions move the baseline, not the views, whose owners know of them.

    The interval is the baseline's, in proportion to the base where a view gives it, and moved by the increment. Revenue is the quantity at
    the mean price of the streams in it that give revenue. A source that has the name of another stream is shown as `name (forecast)`, an
    event likewise. Raises InputError where the basis or a weight names no view.
    """
    settings = from_table(setting)
    calendar = Calendar.from_setting(settings.calendar)
    given = _given(forecast, calendar)
    views, increments = given.filter(pl.col("kind") == "view"), given.filter(pl.col("kind") == "increment")
    within = baseline.filter(pl.col("period").is_in(calendar.periods))
    succeeded = _ended(within, moved(within, succession, calendar), succession, item, calendar)
    cells = _grid([within, succeeded, views, increments], calendar)
    names = forecast.filter(pl.col("kind").fill_null("view") == "view").get_column("source").unique().sort().to_list()
    cells = _base(cells, within, succeeded, views, _weights(settings.demand.consensus, names))
    cells = _with(cells, increments, "added", "quantity").with_columns(quantity=pl.col("base") + pl.col("added"))
    happening = event_rows(cells.select(*CELL, "quantity"), event, item, calendar)
    cells = _agreed(_grid([cells, happening], calendar).join(cells, on=CELL, how="left", maintain_order="left"), happening)
    cells = _priced(cells, views.filter(_in_basis(settings.demand.consensus)), increments, happening)
    planned = _budget_rows(cells, budget, item, calendar)
    return {
        "stream": _streams(within, given, succeeded, happening, planned),
        "consensus": table("consensus").conform(cells.sort(CELL)),
    }


def _ended(
    baseline: pl.DataFrame, succeeded: pl.DataFrame, succession: pl.DataFrame, item: pl.DataFrame, calendar: Calendar
) -> pl.DataFrame:
    """Return what successions move, and take away what predecessors would still sell after their last day: nobody has taken it over."""
    last = (
        item.select("item", "discontinue")
        .drop_nulls()
        .join(succession, left_on="item", right_on="predecessor", how="semi", maintain_order="left")
        .sort("item")
    )
    measures = ["quantity", "p10", "p90"]
    left = pl.concat([baseline.select(*CELL, *measures), succeeded.select(*CELL, *measures)])
    parts = [succeeded]
    for name, day in last.rows():
        share = share_after(calendar, day + dt.timedelta(days=1))
        rows = (
            left.filter(pl.col("item") == name)
            .group_by(CELL, maintain_order=True)
            .agg(pl.col(measures).sum())
            .join(share, on="period", maintain_order="left")
        )
        parts.append(rows.select(*CELL, -pl.col(measures) * pl.col("share")))
    return pl.concat(parts).group_by(CELL, maintain_order=True).agg(pl.col(measures).sum()).sort(CELL)


def _given(forecast: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    """Return the forecasts within the horizon, one row a source and cell, under names that no other stream has."""
    name = pl.when(pl.col("source").is_in(_RESERVED)).then(pl.col("source") + " (forecast)").otherwise("source")
    inside = forecast.filter(pl.col("period").is_in(calendar.periods), pl.col("quantity").is_not_null())
    return (
        inside.with_columns(name.alias("source"), pl.col("kind").fill_null("view"))
        .group_by("source", *CELL, "kind", maintain_order=True)
        .agg(
            pl.col("quantity").sum(), pl.when(pl.col("revenue").is_not_null().any()).then(pl.col("revenue").sum()), pl.col("owner").first()
        )
    )


def _grid(frames: list[pl.DataFrame], calendar: Calendar) -> pl.DataFrame:
    """Return every period of the horizon for every pair of item and market in the frames, sorted."""
    pairs = pl.concat([frame.select(PAIR) for frame in frames]).unique()
    return pairs.join(pl.DataFrame({"period": calendar.periods}, schema={"period": pl.Date}), how="cross").sort(CELL)


def _with(cells: pl.DataFrame, rows: pl.DataFrame, name: str, column: str) -> pl.DataFrame:
    """Return the cells with the sum of a column of the rows, zero where there is none."""
    sums = rows.group_by(CELL, maintain_order=True).agg(pl.col(column).sum().alias(name))
    return cells.join(sums, on=CELL, how="left", maintain_order="left").with_columns(pl.col(name).fill_null(0.0))


def _weights(setting: ConsensusSetting, names: list[str]) -> pl.DataFrame | None:
    """Return `source` and `weight` of the views of these `names` that make the base, or None where it is the baseline.

    Raises InputError where a name is no view, or a weight is below zero.
    """
    if setting.basis == BASELINE:
        return None
    weights = {setting.basis: 1.0} if setting.basis != AVERAGE else setting.weights or dict.fromkeys(names, 1.0)
    place = "demand.consensus.basis" if setting.basis != AVERAGE else "demand.consensus.weights"
    for name, weight in weights.items():
        if name not in (*names, BASELINE):
            near = get_close_matches(name, names, n=3) or names or ["none: no forecast of kind view is given"]
            raise InputError(
                f"There is no view {name} in table forecast.", f"The views are: {', '.join(near)}.", Where(table="setting", column=place)
            )
        if weight < 0:
            raise InputError(f"The weight of {name} is {weight:g}.", "A weight is zero or more.", Where(table="setting", column=place))
    return pl.DataFrame({"source": list(weights), "weight": list(weights.values())}, schema={"source": pl.String, "weight": pl.Float64})


def _in_basis(setting: ConsensusSetting) -> pl.Expr:
    """Return which views have a part in the base."""
    if setting.basis == AVERAGE:
        return pl.col("source").is_in([name for name, weight in setting.weights.items() if weight > 0]) if setting.weights else pl.lit(True)
    return pl.lit(True) if setting.basis == BASELINE else pl.col("source") == setting.basis


def _base(
    cells: pl.DataFrame, baseline: pl.DataFrame, succeeded: pl.DataFrame, views: pl.DataFrame, weights: pl.DataFrame | None
) -> pl.DataFrame:
    """Return the cells with base, p10 and p90, and `viewed`: whether views give the base."""
    measures = ["quantity", "p10", "p90"]
    own = pl.concat([baseline.select(*CELL, *measures), succeeded.select(*CELL, *measures)])
    own = own.group_by(CELL, maintain_order=True).agg(pl.col(measures).sum()).with_columns(pl.col(measures).clip(lower_bound=0))
    mean = views.group_by(CELL, maintain_order=True).agg(pl.col("quantity").mean().alias("mean"))
    joined = cells.join(own, on=CELL, how="left", maintain_order="left").join(mean, on=CELL, how="left", maintain_order="left")
    if weights is None:
        joined = joined.with_columns(chosen=pl.lit(None, dtype=pl.Float64))
    else:
        opinions = pl.concat([views.select("source", *CELL, "quantity"), own.select(pl.lit(BASELINE).alias("source"), *CELL, "quantity")])
        weighed = (
            opinions.join(weights.filter(pl.col("weight") > 0), on="source", maintain_order="left")
            .group_by(CELL, maintain_order=True)
            .agg(((pl.col("quantity") * pl.col("weight")).sum() / pl.col("weight").sum()).alias("chosen"))
        )
        joined = joined.join(weighed, on=CELL, how="left", maintain_order="left")
    base = pl.coalesce("chosen", "quantity", "mean", 0.0).clip(lower_bound=0)
    ratio = pl.when(pl.col("quantity") > 0).then(base / pl.col("quantity"))
    return joined.select(
        *CELL,
        base.alias("base"),
        (pl.col("p10") * ratio.fill_null(1.0)).alias("p10"),
        (pl.col("p90") * ratio.fill_null(1.0)).alias("p90"),
        (pl.col("chosen").is_not_null() | pl.col("quantity").is_null()).alias("viewed"),
    )


def _agreed(cells: pl.DataFrame, happening: pl.DataFrame) -> pl.DataFrame:
    """Return the cells with increments and events added, and the interval moved along."""
    cells = _with(cells.with_columns(pl.col("base", "added").fill_null(0.0)), happening, "events", "quantity")
    quantity = (pl.col("base") + pl.col("added") + pl.col("events")).clip(lower_bound=0)
    cells = cells.with_columns(quantity=quantity).with_columns(increment=pl.col("quantity") - pl.col("base"))
    known = pl.when(pl.col("p10").is_not_null() & pl.col("p90").is_not_null())
    return cells.with_columns(
        known.then(pl.min_horizontal((pl.col("p10") + pl.col("increment")).clip(lower_bound=0), "quantity")).alias("p10"),
        known.then(pl.max_horizontal(pl.col("p90") + pl.col("increment"), "quantity")).alias("p90"),
    )


def _priced(cells: pl.DataFrame, views: pl.DataFrame, increments: pl.DataFrame, happening: pl.DataFrame) -> pl.DataFrame:
    """Return the cells with revenue: quantity at the mean price of the streams in the consensus that give revenue."""
    part = views.join(cells.filter(pl.col("viewed")), on=CELL, how="semi", maintain_order="left")
    paid = pl.concat([frame.select(*CELL, "quantity", "revenue") for frame in (part, increments, happening)])
    paid = paid.filter(pl.col("revenue").is_not_null(), pl.col("quantity") > 0)
    price = paid.group_by(CELL, maintain_order=True).agg((pl.col("revenue").sum() / pl.col("quantity").sum()).alias("unit_price"))
    joined = cells.join(price, on=CELL, how="left", maintain_order="left")
    return joined.with_columns(revenue=pl.col("quantity") * pl.col("unit_price"))


def _budget_rows(cells: pl.DataFrame, budget: pl.DataFrame, item: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    """Return the budget by item, market and period; a row for a family or for all markets is split by the consensus, or equally."""
    parts = []
    wanted = budget.filter(pl.col("period").is_in(calendar.periods), pl.col("quantity").is_not_null() | pl.col("revenue").is_not_null())
    scopes = wanted.select("item", "family", "market").unique().sort("item", "family", "market")
    for one, family, market in scopes.iter_rows():
        rows = wanted.join(
            pl.DataFrame([(one, family, market)], schema=scopes.schema, orient="row"),
            on=scopes.columns,
            nulls_equal=True,
            maintain_order="left",
        )
        pairs = pairs_of(cells, item, one=one, family=family, market=market)
        weight = spread_by(pairs, cells.join(pairs, on=PAIR, how="semi", maintain_order="left"))
        parts.append(weight.join(rows.select("period", "quantity", "revenue"), how="cross"))
    schema = {"item": pl.String, "market": pl.String, "period": pl.Date, "quantity": pl.Float64, "revenue": pl.Float64}
    split = [part.select(*CELL, pl.col("quantity") * pl.col("weight"), pl.col("revenue") * pl.col("weight")) for part in parts]
    return pl.concat([pl.DataFrame(schema=schema), *split])


def _streams(
    baseline: pl.DataFrame, given: pl.DataFrame, succeeded: pl.DataFrame, happening: pl.DataFrame, planned: pl.DataFrame
) -> pl.DataFrame:
    """Return the table `stream`."""
    taken = [*_RESERVED, *given.get_column("source").unique().to_list()]
    event_name = pl.when(pl.col("event").is_in(taken)).then(pl.col("event") + " (event)").otherwise("event")
    frames = [
        baseline.with_columns(stream=pl.lit(BASELINE), kind=pl.lit("baseline")),
        given.with_columns(stream=pl.col("source")),
        succeeded.with_columns(stream=pl.lit(SUCCESSION), kind=pl.lit("event")),
        happening.with_columns(stream=event_name, kind=pl.lit("event")),
        planned.with_columns(stream=pl.lit(BUDGET), kind=pl.lit("budget")),
    ]
    shaped = pl.concat([table("stream").conform(frame) for frame in frames])
    known = pl.when(pl.col("revenue").is_not_null().any()).then(pl.col("revenue").sum())
    summed = shaped.group_by("stream", *CELL, maintain_order=True).agg(
        pl.col("kind").first(), pl.col("quantity").sum(), known, pl.col("owner").first()
    )
    return table("stream").conform(summed.sort("stream", *CELL))
