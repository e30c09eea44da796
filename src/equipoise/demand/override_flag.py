"""The table `override_flag`: overrides worth a second look."""

import polars as pl

from equipoise.demand.override_path import JUMP, Paths, hockey_sticks, jumps, paths_of
from equipoise.dimensions.calendar import Calendar
from equipoise.tables import table
from equipoise.tables.figures import listing, named, number, quantity, share
from equipoise.tables.setting import Setting, from_table

WIDTHS = 1.0
RECORD, LATEST, GOOD_RECORD = 4, 12, 0.5
_PAIR = ["item", "market"]
_CELL = [*_PAIR, "period"]
Flags = list[tuple[str, str, float | None, float | None, str]]


def override_flag(
    override_effect: pl.DataFrame,
    override_cell: pl.DataFrame,
    consensus: pl.DataFrame,
    baseline: pl.DataFrame,
    cleaned_history: pl.DataFrame,
    stream_snapshot: pl.DataFrame,
    setting: pl.DataFrame,
) -> pl.DataFrame:
    """Return the table `override_flag`: what is unusual about overrides, with the number that says so; a flag refuses nothing.

    - hockey_stick, jump: how the total of the series that an override touches runs over the horizon (see `override_path`).
    - outside_interval: after it, a cell lies outside the baseline's p10 to p90 by more than `WIDTHS` of its width, and further than before.
    - against_record: fewer than half of the author's latest changes (at least 4, at most 12) in this direction improved the forecast. A
      change is one override or increment in one period, as it stood max(1, frozen) periods before; it improved where Σ|F − A| of the
      cells it touched is smaller with it than without.
    - not_owner: cells whose consensus has another owner than the author.
    - stale: what it rests on has changed since it was made, as its effect says.
    """
    plan = from_table(setting)
    calendar = Calendar.from_setting(plan.calendar)
    authors = override_effect.select("override", "author").unique("override", keep="first", maintain_order=True)
    cells = override_cell.filter(pl.col("period").is_in(calendar.periods)).with_columns(
        pl.col("before", "after").fill_null(0.0).fill_nan(0.0)
    )
    cells = cells.filter(pl.col("after") != pl.col("before")).join(authors, on="override", how="left", maintain_order="left")
    flags: Flags = _stale(override_effect)
    if cells.height:
        season = plan.demand.season or calendar.periods_a_year
        paths = paths_of(cells, consensus, cleaned_history, calendar)
        flags += [*_hockey_sticks(paths, season), *_jumps(paths, calendar), *_outside(cells, baseline, calendar)]
        flags += [*_against_record(cells, stream_snapshot, cleaned_history, plan), *_not_owner(cells, consensus)]
    columns = ["override", "flag", "value", "threshold", "statement"]
    return table("override_flag").conform(pl.DataFrame(flags, schema=columns, orient="row") if flags else pl.DataFrame()).sort(columns[:2])


def _hockey_sticks(paths: Paths, season: int) -> Flags:
    flags: Flags = []
    third = paths.after.shape[1] // 3
    for stick in hockey_sticks(paths, season):
        words = (
            f"The last {third} periods stand at {stick.growth:.2f} times the first {third} with it, {stick.without:.2f} times without it; "
            f"in the same periods of earlier years the most was {stick.most:.2f} times."
        )
        flags.append((stick.override, "hockey_stick", stick.growth, stick.threshold, words))
    return flags


def _jumps(paths: Paths, calendar: Calendar) -> Flags:
    flags: Flags = []
    for jump in jumps(paths):
        way = "up" if jump.units > 0 else "down"
        words = (
            f"{named(calendar.periods[jump.position], calendar)} moves {number(abs(jump.units))} units {way} against the periods beside "
            f"it: {jump.deviations:.1f} times how far periods usually stand from their neighbours in history."
        )
        flags.append((jump.override, "jump", jump.deviations, JUMP, words))
    return flags


def _outside(cells: pl.DataFrame, baseline: pl.DataFrame, calendar: Calendar) -> Flags:
    bands = baseline.select(*_CELL, "p10", "p90", (pl.col("p90") - pl.col("p10")).alias("width")).filter(pl.col("width") > 0)
    joined = cells.join(bands, on=_CELL, maintain_order="left")
    widths, before = (
        pl.max_horizontal(pl.col(name) - pl.col("p90"), pl.col("p10") - pl.col(name)) / pl.col("width") for name in ("after", "before")
    )
    out = joined.with_columns(widths.alias("widths")).filter((pl.col("widths") > WIDTHS) & (pl.col("widths") > before + 1e-9))
    counts = cells.group_by("override", maintain_order=True).agg(pl.len().alias("cells"))
    worst = (
        out.sort([pl.col("widths").round(9), *_CELL], descending=[True, False, False, False])
        .group_by("override", maintain_order=True)
        .agg(pl.len().alias("out"), pl.all().first())
        .join(counts, on="override", maintain_order="left")
    )
    flags: Flags = []
    for row in worst.iter_rows(named=True):
        words = (
            f"{row['out']:,} of {quantity(row['cells'], 'cell')} outside the baseline's p10 to p90 by more than its width; furthest is "
            f"{row['item']}, {row['market']}, {named(row['period'], calendar)}: {number(row['after'])} against {number(row['p10'])} to "
            f"{number(row['p90'])}."
        )
        flags.append((row["override"], "outside_interval", row["widths"], WIDTHS, words))
    return flags


def _against_record(cells: pl.DataFrame, stream_snapshot: pl.DataFrame, cleaned_history: pl.DataFrame, plan: Setting) -> Flags:
    lag = max(1, plan.calendar.frozen)
    past = _past_changes(stream_snapshot, cleaned_history, lag, Calendar.from_setting(plan.calendar))
    off = (pl.col("with") - pl.col("actual")).filter(pl.col("actual") > 0) / pl.col("actual").filter(pl.col("actual") > 0)
    record = (
        past.group_by("author", "up", maintain_order=True)
        .tail(LATEST)
        .group_by("author", "up", maintain_order=True)
        .agg(pl.len().alias("changes"), pl.col("improved").sum(), off.mean().alias("off"))
        .with_columns((pl.col("improved") / pl.col("changes")).alias("good"))
        .filter((pl.col("changes") >= RECORD) & (pl.col("good") < GOOD_RECORD))
    )
    moved = (pl.col("after") - pl.col("before")).sum().alias("moved")
    asked = cells.group_by("override", maintain_order=True).agg(moved, pl.col("author").first())
    asked = asked.filter(pl.col("moved") != 0).with_columns(up=pl.col("moved") > 0)
    flags: Flags = []
    for row in asked.join(record, on=["author", "up"], maintain_order="left").iter_rows(named=True):
        way = "upward" if row["up"] else "downward"
        side = "high" if (row["off"] or 0.0) > 0 else "low"
        left = "" if row["off"] is None else f"left the forecast on average {share(abs(row['off']))} too {side}; "
        words = (
            f"The last {row['changes']} {way} changes of {row['author']}: {left}"
            f"{row['improved']} of {row['changes']} improved it (lag {lag})."
        )
        flags.append((row["override"], "against_record", row["good"], GOOD_RECORD, words))
    return flags


def _past_changes(stream_snapshot: pl.DataFrame, cleaned_history: pl.DataFrame, lag: int, calendar: Calendar) -> pl.DataFrame:
    """Return author, period, up, with, actual (units) and improved of each past change at the lag, in order of periods."""
    said = stream_snapshot.filter(pl.col("period") > pl.col("as_of"), pl.col("quantity").is_finite())
    said = said.join(cleaned_history.select("period").unique(), on="period", how="semi", maintain_order="left")
    latest = calendar.lags(said.select("as_of", "period").unique().iter_rows()).filter(pl.col("lag") == lag)
    latest = latest.group_by("period", maintain_order=True).agg(pl.col("as_of").max())
    said = said.join(latest, on=["as_of", "period"], maintain_order="left").sort("stream", *_CELL)
    changes = said.filter(pl.col("kind").is_in(["override", "increment"]) & pl.col("owner").is_not_null() & (pl.col("quantity") != 0))
    whole = said.filter(pl.col("kind") == "consensus").group_by(_CELL, maintain_order=True).agg(pl.col("quantity").sum().alias("with"))
    booked = pl.coalesce("raw", "quantity").fill_nan(None).sum().alias("actual")
    happened = cleaned_history.group_by(_CELL, maintain_order=True).agg(booked)
    joined = (
        changes.join(cleaned_history.select(_PAIR).unique(), on=_PAIR, how="semi", maintain_order="left")
        .join(whole, on=_CELL, maintain_order="left")
        .join(happened, on=_CELL, how="left", maintain_order="left")
        .with_columns(pl.col("actual").fill_null(0.0), without=(pl.col("with") - pl.col("quantity")).clip(lower_bound=0))
    )
    better = (pl.col("with") - pl.col("actual")).abs().sum() < (pl.col("without") - pl.col("actual")).abs().sum() - 1e-9
    sums = joined.group_by(pl.col("owner").alias("author"), "stream", "period", maintain_order=True).agg(
        pl.col("quantity", "with", "actual").sum(), better.alias("improved")
    )
    return sums.with_columns(up=pl.col("quantity") > 0).sort("author", "period", "stream")


def _not_owner(cells: pl.DataFrame, consensus: pl.DataFrame) -> Flags:
    owners = consensus.select(*_CELL, "owner").drop_nulls("owner")
    other = cells.join(owners, on=_CELL, maintain_order="left").filter(pl.col("owner") != pl.col("author"))
    counts = cells.group_by("override", maintain_order=True).agg(pl.len().alias("cells"))
    rows = (
        other.group_by("override", maintain_order=True)
        .agg(pl.len().alias("others"), pl.col("author").first(), pl.col("owner").unique().sort())
        .join(counts, on="override", maintain_order="left")
    )
    flags: Flags = []
    for row in rows.iter_rows(named=True):
        words = f"{listing(row['owner'])}, not {row['author']}, answers for {row['others']:,} of {quantity(row['cells'], 'cell')}."
        flags.append((row["override"], "not_owner", float(row["others"]), 1.0, words))
    return flags


def _stale(override_effect: pl.DataFrame) -> Flags:
    flags: Flags = []
    stale = override_effect.filter(pl.col("status") == "stale").unique("override", keep="first", maintain_order=True)
    for row in stale.iter_rows(named=True):
        was, now = row["was"], row["before"]
        known = was is not None and now is not None
        moved = (now - was) / abs(was) if known and was else None
        words = f"Its cells summed to {number(was)} when it was made, and sum to {number(now)} now." if known else ""
        flags.append((row["override"], "stale", moved, None, words or row["note"] or "What it rests on has changed since it was made."))
    return flags
