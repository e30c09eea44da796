"""The table `value_added`: error and bias by step, from naive to consensus."""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.measure.levels import with_attributes
from equipoise.tables import table
from equipoise.tables.setting import from_table

MOST_STREAMS = 12
OVERRIDES, OTHERS = "overrides", "other changes"
WITHOUT, WITH = "plan without their changes", "plan with their changes"
WITHOUT_IT, WITH_IT = "plan without it", "plan with it"
_CELL = ["lag", "item", "market", "period"]
_CHAIN = ("naive", "baseline", "consensus")
_CHANGES = ("increment", "event", "override")
_LEVELS = ("total", "family", "segment")


@dataclass(frozen=True, slots=True)
class _Step:
    """A step: its place and name, who answers for it, and its cells with `forecast`, `actual` and `touched` by it."""

    position: int
    name: str
    owner: str | None
    cells: pl.DataFrame


def value_added(
    stream_snapshot: pl.DataFrame,
    history: pl.DataFrame,
    item: pl.DataFrame,
    segment: pl.DataFrame,
    setting: pl.DataFrame,
) -> pl.DataFrame:
    """Return the table `value_added`: forecast value added from what earlier plans said, against what was booked.

    At each lag (periods from the one of the cut-off to the one forecast) the chain naive, baseline, each increment and event, overrides,
    consensus: changes are added to the baseline one after the other, and all steps are measured over the same series and periods. Error
    is Σ|F − A| / ΣA, bias Σ(F − A) / ΣA (positive is over-forecast), value added the error of the step before less its own (positive is
    better), so that a chain's adds up to error(naive) − error(consensus). Views follow the consensus: rivals, each measured against the
    baseline where the view has a value. The total is given at every lag; family, segment (AX), override and owner at lag max(1, frozen).
    Each override, and each owner, has the consensus without and with its changes, on the cells they touched; an owner also the baseline
    against the own view.

    A cell counts where it has a baseline and a consensus, and a naive forecast if its lag has any, and history knows its series; in
    a period of the history, no row is no demand. The note of a chain's first step counts what is left out. Example: A 100, 100, naive
    80, 110, baseline 90, 100, consensus 95, 100 gives errors 0.15, 0.05, 0.025 and values added 0.10, 0.025.

    Source: Michael Gilliland, The Business Forecasting Deal, 2010, chapter 4.
    """
    plan = from_table(setting)
    said = _at_lags(stream_snapshot, history, Calendar.from_setting(plan.calendar))
    cells, notes = _complete(said, history)
    if cells.is_empty():
        return table("value_added").empty()
    cells = _classed(cells, item, segment)
    lag = max(1, plan.calendar.frozen)
    chain = _differences([_scored(step, lag) for step in _steps(cells, said)], notes)
    rivals = [_against_baseline(step, lag) for step in _views(cells, said)]
    apart = _apart(cells.filter(pl.col("lag") == lag), said)
    rows = [table("value_added").conform(frame) for frame in (chain, *rivals, *apart)]
    return pl.concat(rows).sort("level", "subject", "lag", "position", "step", nulls_last=False)


def _at_lags(stream_snapshot: pl.DataFrame, history: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    """Return the snapshots of periods that history knows, with their lag; of two cut-offs at one lag of a period the later counts."""
    happened = history.select("period").unique()
    said = stream_snapshot.filter(pl.col("quantity").is_finite() & (pl.col("period") > pl.col("as_of")))
    said = said.join(happened, on="period", how="semi", maintain_order="left")
    known = calendar.lags(said.filter(pl.col("kind") == "consensus").select("as_of", "period").unique().iter_rows())
    latest = known.filter(pl.col("lag") > 0).group_by("lag", "period", maintain_order=True).agg(pl.col("as_of").max())
    return said.join(latest, on=["as_of", "period"], maintain_order="left")


def _complete(said: pl.DataFrame, history: pl.DataFrame) -> tuple[pl.DataFrame, dict[int, str]]:
    """Return the cells that have every step, with naive, baseline, consensus and actual, and by lag a note on those left out."""
    whole = said.filter(pl.col("kind").is_in(_CHAIN))
    sums = [pl.col("quantity").filter(pl.col("kind") == kind).sum().alias(kind) for kind in _CHAIN]
    counts = [(pl.col("kind") == kind).any().alias(f"has {kind}") for kind in _CHAIN]
    cells = whole.group_by(_CELL, maintain_order=True).agg(*sums, *counts)
    booked = history.group_by("item", "market", "period", maintain_order=True).agg(pl.col("quantity").fill_nan(None).sum().alias("actual"))
    sold = history.select("item", "market", known=pl.lit(value=True)).unique()
    cells = cells.join(booked, on=_CELL[1:], how="left", maintain_order="left")
    cells = cells.join(sold, on=["item", "market"], how="left", maintain_order="left").with_columns(
        pl.col("actual").fill_null(0.0), pl.col("known").fill_null(value=False), pl.col("has naive").any().over("lag").alias("wants naive")
    )
    kept = pl.col("has baseline") & pl.col("has consensus") & pl.col("known") & (pl.col("has naive") | ~pl.col("wants naive"))
    return cells.filter(kept).sort(_CELL), _notes(cells, kept)


def _notes(cells: pl.DataFrame, kept: pl.Expr) -> dict[int, str]:
    missing = {"baseline": ~pl.col("has baseline"), "consensus": ~pl.col("has consensus"), "actual": ~pl.col("known")}
    missing["naive"] = ~pl.col("has naive") & pl.col("wants naive")
    counted = cells.group_by("lag", maintain_order=True).agg(
        pl.len().alias("cells"), (~kept).sum().alias("out"), *(which.sum().alias(name) for name, which in missing.items())
    )
    notes = {}
    for row in counted.iter_rows(named=True):
        if row["out"]:
            words = ", ".join(f"{row[name]:,} without {name}" for name in missing if row[name])
            notes[row["lag"]] = f"{row['out']:,} of {row['cells']:,} series and periods left out: {words}."
    return notes


def _classed(cells: pl.DataFrame, item: pl.DataFrame, segment: pl.DataFrame) -> pl.DataFrame:
    """Return the cells with the subject that each is part of at every level."""
    classes = segment.select("item", "market", (pl.col("abc") + pl.col("xyz")).alias("segment"))
    joined = with_attributes(cells, item).join(classes, on=["item", "market"], how="left", maintain_order="left")
    return joined.with_columns(total=pl.lit(None, pl.String), segment=pl.col("segment").fill_null("unclassified"))


def _steps(cells: pl.DataFrame, said: pl.DataFrame) -> Iterator[_Step]:
    """Yield the steps of the chain in order."""
    naive = cells.filter(pl.col("has naive")).with_columns(forecast="naive", touched=pl.lit(value=True))
    yield _Step(1, "naive", None, naive)
    yield _Step(2, "baseline", None, cells.with_columns(forecast="baseline", touched=pl.lit(value=True)))
    level = cells.with_columns(forecast="baseline")
    position = 2
    for position, (name, owner, rows) in enumerate(_changes(said), start=3):
        change = rows.group_by(_CELL, maintain_order=True).agg(pl.col("quantity").sum().alias("change"))
        joined = level.join(change, on=_CELL, how="left", maintain_order="left")
        touched = pl.col("change").fill_null(0.0) != 0
        joined = joined.with_columns(pl.col("forecast") + pl.col("change").fill_null(0.0), touched=touched).drop("change")
        level = joined.drop("touched")
        yield _Step(position, name, owner, joined.with_columns(pl.col("forecast").clip(lower_bound=0)))
    yield _Step(position + 1, "consensus", None, cells.with_columns(forecast="consensus", touched=pl.lit(value=True)))


def _changes(said: pl.DataFrame) -> Iterator[tuple[str, str | None, pl.DataFrame]]:
    """Yield name, owner and rows of each change: increments and events by stream, the smallest of many as one, then all overrides."""
    streams = said.filter(pl.col("kind").is_in(["increment", "event"]))
    rank = {"increment": 0, "event": 1}
    sizes = streams.group_by("stream", maintain_order=True).agg(
        pl.col("kind").first().replace_strict(rank, return_dtype=pl.Int64),
        pl.col("quantity").abs().sum().round(6).alias("size"),
        pl.col("owner").drop_nulls().first(),
    )
    large = sizes.sort(["size", "stream"], descending=[True, False]).head(MOST_STREAMS).sort("kind", "stream")
    for name, owner in large.select("stream", "owner").iter_rows():
        yield name, owner, streams.filter(pl.col("stream") == name)
    rest = streams.join(large, on="stream", how="anti", maintain_order="left")
    if rest.height:
        yield OTHERS, None, rest
    overrides = said.filter(pl.col("kind") == "override")
    if overrides.height:
        yield OVERRIDES, None, overrides


def _measured(cells: pl.DataFrame, keys: list[str], forecast: str) -> pl.DataFrame:
    """Return points, error and bias of a column of forecasts by `keys`, and `touched`; error and bias are empty without demand."""
    off = pl.col(forecast) - pl.col("actual")
    sums = cells.group_by(keys, maintain_order=True).agg(
        pl.len().cast(pl.Int64).alias("points"),
        off.abs().sum().alias("error"),
        off.sum().alias("bias"),
        pl.col("actual").sum(),
        pl.col("touched").any(),
    )
    return sums.with_columns(pl.when(pl.col("actual") != 0).then(pl.col(name) / pl.col("actual")).alias(name) for name in ("error", "bias"))


def _scored(step: _Step, lag: int, forecast: str = "forecast") -> pl.DataFrame:
    """Return the rows of a step at every level: the total at all lags, the others at `lag`."""
    parts = []
    for level in _LEVELS:
        rows = step.cells if level == "total" else step.cells.filter(pl.col("lag") == lag)
        scored = _measured(rows.with_columns(pl.col(level).alias("subject")), ["subject", "lag"], forecast)
        parts.append(scored.with_columns(level=pl.lit(level), position=pl.lit(step.position), step=pl.lit(step.name)))
    return pl.concat(parts).with_columns(owner=pl.lit(step.owner, pl.String))


def _differences(steps: list[pl.DataFrame], notes: dict[int, str]) -> pl.DataFrame:
    """Return the chains with what each step added; steps that touch nothing of a subject are left out of its chain."""
    chain = pl.concat(steps).filter("touched").sort("level", "subject", "lag", "position", nulls_last=False)
    groups = ["level", "subject", "lag"]
    added = (pl.col("error").shift(1) - pl.col("error")).over(groups)
    first = (pl.col("level") == "total") & (pl.col("position") == pl.col("position").min().over(groups))
    note = pl.col("lag").replace_strict(notes, default=None, return_dtype=pl.String)
    return chain.with_columns(added.alias("value_added"), pl.when(first).then(note).alias("note"))


def _views(cells: pl.DataFrame, said: pl.DataFrame) -> Iterator[_Step]:
    """Yield each view on the cells where it has a value."""
    views = said.filter(pl.col("kind") == "view")
    last = 3 + sum(1 for _ in _changes(said))
    for position, name in enumerate(views.get_column("stream").unique().sort(), start=last + 1):
        own = views.filter(pl.col("stream") == name)
        rows = own.group_by(_CELL, maintain_order=True).agg(pl.col("quantity").sum().alias("forecast"))
        owner = own.get_column("owner").drop_nulls().first()
        joined = cells.join(rows, on=_CELL, maintain_order="left").with_columns(touched=pl.lit(value=True))
        yield _Step(position, name, str(owner) if owner is not None else None, joined)


def _against_baseline(step: _Step, lag: int) -> pl.DataFrame:
    """Return the rows of a view: what it adds is the error of the baseline on the same cells less its own."""
    own, other = _scored(step, lag), _scored(step, lag, "baseline")
    keys = ["level", "subject", "lag"]
    beside = other.select(*keys, pl.col("error").alias("baseline"))
    joined = own.join(beside, on=keys, how="left", nulls_equal=True, maintain_order="left")
    return joined.with_columns(
        (pl.col("baseline") - pl.col("error")).alias("value_added"),
        pl.lit("A view: compared with the baseline on the same series and periods, no step of the chain.").alias("note"),
    )


def _apart(cells: pl.DataFrame, said: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Yield, by override and by owner, the consensus without and with the changes on the cells they touch, and each owner's views."""
    overrides = said.filter(pl.col("kind") == "override").with_columns(subject="stream", step=pl.lit(WITH_IT))
    yield _pairs(cells, overrides, "override", WITHOUT_IT)
    owned = said.filter(pl.col("owner").is_not_null()).with_columns(subject="owner")
    yield _pairs(cells, owned.filter(pl.col("kind").is_in(_CHANGES)).with_columns(step=pl.lit(WITH)), "owner", WITHOUT)
    yield _pairs(cells, owned.filter(pl.col("kind") == "view").with_columns(step="stream"), "owner", None)


def _pairs(cells: pl.DataFrame, own: pl.DataFrame, level: str, without: str | None) -> pl.DataFrame:
    """Return two rows a subject and step of `own` (subject, step, owner, quantity by cell): the forecast before it and after it.

    Quantities are changes of the consensus, where `without` names the step before them; else views, compared with the baseline.
    """
    keys = ["subject", "step"]
    said = own.group_by(*keys, *_CELL, maintain_order=True).agg(pl.col("quantity").sum(), pl.col("owner").drop_nulls().first())
    joined = cells.join(said.filter((pl.col("quantity") != 0) | (without is None)), on=_CELL, maintain_order="left")
    before = pl.col("baseline") if without is None else (pl.col("consensus") - pl.col("quantity")).clip(lower_bound=0)
    after = pl.col("quantity") if without is None else pl.col("consensus")
    joined = joined.with_columns(before.alias("before"), after.alias("after"), touched=pl.lit(value=True))
    names = joined.group_by(keys, maintain_order=True).agg(pl.col("owner").drop_nulls().first())
    rank = (pl.col("step").rank("dense").over("subject").cast(pl.Int64) - 1) * 2 + (2 if without is None else 0)
    first, second = (_measured(joined, [*keys, "lag"], column).with_columns(position=rank) for column in ("before", "after"))
    second = second.with_columns(value_added=first.get_column("error") - pl.col("error"), position=pl.col("position") + 2)
    first = first.with_columns(value_added=pl.lit(None, pl.Float64), position=pl.col("position") + 1)
    both = pl.concat([first.join(names, on=keys, maintain_order="left"), second.join(names, on=keys, maintain_order="left")])
    step = pl.when(pl.col("position") % 2 == 1).then(pl.lit(without or "baseline")).otherwise("step")
    return both.with_columns(level=pl.lit(level), step=step)
