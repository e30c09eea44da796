"""Which weight each stream has in the consensus, and why."""

import math
from difflib import get_close_matches

import polars as pl

from equipoise.demand.forecast.panel import complete
from equipoise.demand.scope import CELL, PAIR
from equipoise.dimensions.calendar import Calendar
from equipoise.errors import InputError, Where
from equipoise.tables import table
from equipoise.tables.setting import ConsensusSetting

BASELINE, AVERAGE, LEARNED, BUDGET = "baseline", "average", "learned", "budget"
_CUT_OFFS = 6  # with fewer past errors of a stream, nothing is learned about it
_POINTS = 30  # series and cut-offs from which a segment has weights of its own
_SHRINK = 0.5  # how fast weights leave equality; Stock and Watson (2004) try 0.25, 0.5 and 1
_ALL = ""  # the segment of all series, in joins


def given_weights(setting: ConsensusSetting, names: list[str]) -> pl.DataFrame:
    """Return the table `stream_weight` where the basis is the baseline, a view, or an average by given weights, or by equal ones.

    `names` are the views. Weights that do not add up to one are scaled to it. Raises InputError where the basis or a weight names no view,
    a weight is below zero or not a number, or none is above zero.
    """
    if setting.basis == BASELINE:
        return _row_each({BASELINE: 1.0}, "The basis is the baseline; increments and events are added.")
    if setting.basis != AVERAGE:
        _check({setting.basis: 1.0}, names, "demand.consensus.basis")
        return _row_each({setting.basis: 1.0}, f"The basis is {setting.basis}; where it says nothing the baseline stands in.")
    if not setting.weights:
        words = f"No weights are given: the {len(names)} views weigh the same." if names else "No view is given: the baseline stands in."
        return _row_each({name: 1.0 / len(names) for name in names} or {BASELINE: 1.0}, words)
    _check(setting.weights, names, "demand.consensus.weights")
    total = math.fsum(setting.weights.values())
    scaled = {name: weight / total for name, weight in setting.weights.items()}
    if abs(total - 1) < 1e-9:
        return _row_each(scaled, "The weight given.")
    said = [f"Given as {weight:g}; the weights add up to {total:g} and are scaled to 1." for weight in setting.weights.values()]
    return _row_each(scaled, "").with_columns(pl.Series("reason", said))


def _row_each(weights: dict[str, float], reason: str) -> pl.DataFrame:
    frame = pl.DataFrame({"stream": list(weights), "weight": list(weights.values())}, schema={"stream": pl.String, "weight": pl.Float64})
    return table("stream_weight").conform(frame.with_columns(reason=pl.lit(reason)))


def _check(weights: dict[str, float], names: list[str], place: str) -> None:
    """Refuse weights of what is no view, weights below zero, and weights that are all zero."""
    where = Where(table="setting", column=place)
    for name, weight in weights.items():
        if name not in (*names, BASELINE):
            near = get_close_matches(name, names, n=3) or names or ["none: no forecast of kind view is given"]
            raise InputError(f"There is no view {name} in table forecast.", f"The views are: {', '.join(near)}.", where)
        if not math.isfinite(weight) or weight < 0:
            raise InputError(f"The weight of {name} is {weight:g}.", "A weight is zero or more.", where)
    if not sum(weights.values()) > 0:
        raise InputError("The weights of the views are all zero.", "Give at least one of them a weight above zero.", where)


def learned_weights(
    names: list[str], stream_snapshot: pl.DataFrame, history: pl.DataFrame, segment: pl.DataFrame, calendar: Calendar
) -> pl.DataFrame:
    """Return the table `stream_weight` learned from past errors, for all series (segment empty) and by demand pattern.

    `names` are the views; the baseline is always weighed with them, the budget never. What each said in `stream_snapshot` for the period
    max(1, frozen) after its cut-off is compared with history. The weight is in inverse proportion to the mean squared error (bias squared
    plus variance; squares count by one over the mean demand of their series), measured against that of the equal average in the same cells,
    so that streams may cover different series. Source: Bates and Granger, "The combination of forecasts", Operational Research Quarterly 20
    (1969). It is then drawn to equal weights: weight = g x learned + (1 - g) / streams, g = max(0, 1 - 0.5 x streams / (cut-offs - lag -
    streams)); source: Stock and Watson, "Combination forecasts of output growth in a seven-country data set", Journal of Forecasting 23
    (2004). A stream with fewer than six cut-offs counts as good as the average; where every one has fewer, weights are equal. A pattern
    with fewer than 30 points has the weights of all series.
    """
    lag = max(1, calendar.frozen)
    streams = sorted({*names, BASELINE} - {BUDGET})
    points = _points(streams, stream_snapshot, history, lag, calendar)
    points = points.join(segment.select(*PAIR, "pattern"), on=PAIR, how="left", maintain_order="left")
    every = points.with_columns(pattern=pl.lit(_ALL))
    own = points.join(_learnable(points), on="pattern", how="semi", maintain_order="left")
    measures = _measures(pl.concat([every, own]))
    patterns = [_ALL, *sorted(set(measures.get_column("pattern").to_list()) - {_ALL})]
    grid = pl.DataFrame({"pattern": patterns}).join(pl.DataFrame({"stream": streams}), how="cross")
    return table("stream_weight").conform(_weighed(grid.join(measures, on=["pattern", "stream"], how="left", maintain_order="left"), lag))


def _learnable(points: pl.DataFrame) -> pl.DataFrame:
    """Return the patterns that have points and cut-offs enough for weights of their own."""
    cells = points.drop_nulls("pattern").unique(["pattern", *PAIR, "as_of"], maintain_order=True)
    counts = cells.group_by("pattern", maintain_order=True).agg(pl.len().alias("points"), pl.col("as_of").n_unique().alias("cut_offs"))
    return counts.filter(pl.col("points") >= _POINTS, pl.col("cut_offs") >= _CUT_OFFS).select("pattern")


def _points(streams: list[str], stream_snapshot: pl.DataFrame, history: pl.DataFrame, lag: int, calendar: Calendar) -> pl.DataFrame:
    """Return stream, as_of, item, market, forecast, actual, the equal average of the streams, and the scale of the series.

    Periods of the history without a row are without demand, for series that have any.
    """
    said = stream_snapshot.filter(
        pl.col("stream").is_in(streams), pl.col("kind").fill_null("view").is_in(["view", "baseline"]), pl.col("quantity").is_finite()
    )
    known = calendar.bucket("period", complete(history, calendar)).filter(pl.col("quantity").is_finite())
    actual = known.group_by(CELL, maintain_order=True).agg(pl.col("quantity").sum().alias("actual"))
    scale = actual.group_by(PAIR, maintain_order=True).agg(pl.col("actual").abs().mean().alias("scale")).filter(pl.col("scale") > 0)
    first, last = actual.get_column("period").min(), actual.get_column("period").max()
    place = {day: calendar.period_of(day) for day in said.get_column("as_of").unique().drop_nulls().to_list()}
    ahead = {day: _ahead(period, lag, calendar) for day, period in place.items()}
    at_lag = calendar.bucket("period", said).filter(
        pl.col("period") == pl.col("as_of").replace_strict(ahead, default=None, return_dtype=pl.Date),
        pl.col("period").is_between(first, last),
    )
    rows = at_lag.join(scale, on=PAIR, maintain_order="left").join(actual, on=CELL, how="left", maintain_order="left")
    mean = pl.col("quantity").mean().over("as_of", *CELL)
    return rows.select(
        "stream", "as_of", *PAIR, pl.col("quantity").alias("forecast"), pl.col("actual").fill_null(0.0), mean.alias("average"), "scale"
    )


def _ahead(period: object, lag: int, calendar: Calendar) -> object:
    """Return the period `lag` after one."""
    for _ in range(lag):
        period = calendar.next(period)  # type: ignore[arg-type]
    return period


def _measures(points: pl.DataFrame) -> pl.DataFrame:
    """Return pattern, stream, snapshots, error, bias, and `relative`: its squared error over that of the equal average."""
    miss = pl.col("forecast") - pl.col("actual")
    total = pl.col("actual").abs().sum()
    known = pl.when(total > 0)
    squares, average = (miss**2 / pl.col("scale")).sum(), ((pl.col("average") - pl.col("actual")) ** 2 / pl.col("scale")).sum()
    return points.group_by("pattern", "stream", maintain_order=True).agg(
        pl.col("as_of").n_unique().cast(pl.Int64).alias("snapshots"),
        known.then(miss.abs().sum() / total).alias("error"),
        known.then(miss.sum() / total).alias("bias"),
        pl.when(average > 0).then(squares / average).when(squares == 0).then(1.0).alias("relative"),
    )


def _weighed(rows: pl.DataFrame, lag: int) -> pl.DataFrame:
    """Return the rows of the table `stream_weight` from the measures of each pattern and stream."""
    learned = pl.col("snapshots").fill_null(0) >= _CUT_OFFS
    count = pl.len().over("pattern")
    # a stream without error would have all the weight there is; a thousandth of the average's error is as good as none
    relative = pl.when(learned).then(pl.col("relative").fill_null(1.0).clip(lower_bound=1e-3)).otherwise(1.0)
    inverse = 1 / relative
    own = inverse / inverse.sum().over("pattern")
    seen = pl.col("snapshots").filter(learned).min().over("pattern").fill_null(0)
    free = seen - lag - count
    held = pl.when(free > 0).then((1 - _SHRINK * count / free).clip(0.0, 1.0)).otherwise(0.0)
    rows = rows.with_columns(own=own, held=held, streams=count, any=learned.any().over("pattern"), learned=learned)
    rows = rows.with_columns(weight=pl.col("held") * pl.col("own") + (1 - pl.col("held")) / pl.col("streams"))
    share = (pl.col("held") * 100).round(0).cast(pl.Int64)
    few = pl.format("Equal weights: {} of the {} cut-offs that learning needs.", pl.col("snapshots").fill_null(0), pl.lit(_CUT_OFFS))
    reason = (
        pl.when(~pl.col("any"))
        .then(few)
        .when(~pl.col("learned"))
        .then(pl.format("{} cut-offs are too few: taken as good as the average.", pl.col("snapshots").fill_null(0)))
        .when(pl.col("held") <= 0)
        .then(pl.format("Equal weights: {} cut-offs are too few for {} streams.", "snapshots", "streams"))
        .otherwise(
            pl.format(
                "Its squared error is {} times that of the equal average over {} cut-offs; {}% learned, the rest equal.",
                pl.col("relative").round(2),
                "snapshots",
                share,
            )
        )
    )
    segment = pl.when(pl.col("pattern") != _ALL).then("pattern")
    return rows.with_columns(segment=segment, snapshots=pl.col("snapshots").fill_null(0), reason=reason)


def by_cell(weights: pl.DataFrame, pairs: pl.DataFrame, segment: pl.DataFrame) -> pl.DataFrame:
    """Return item, market, stream and weight for each of the pairs: of its pattern where that has weights of its own, else of all."""
    patterns = weights.get_column("segment").drop_nulls().unique().implode()
    of_pair = pairs.join(segment.select(*PAIR, "pattern"), on=PAIR, how="left", maintain_order="left")
    named = of_pair.with_columns(pl.when(pl.col("pattern").is_in(patterns)).then("pattern").otherwise(pl.lit(_ALL)).alias("segment"))
    keyed = weights.select(pl.col("segment").fill_null(_ALL), "stream", "weight").filter(pl.col("weight") > 0)
    return named.join(keyed, on="segment", maintain_order="left").select(*PAIR, "stream", "weight")
