"""The table `stream_record`: what every stream of this plan says, kept for the next cycle."""

import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.tables import table
from equipoise.tables.setting import from_table

_CELL = ("item", "market", "period")
_PLANS_OWN = ("naive", "baseline", "consensus")
_RECORDED = ("naive", "baseline", "view", "increment", "event")


def stream_record(
    stream: pl.DataFrame, consensus: pl.DataFrame, override_cell: pl.DataFrame, override_effect: pl.DataFrame, setting: pl.DataFrame
) -> pl.DataFrame:
    """Return the table `stream_record`: the streams but for the budget, each override's change by cell, and the consensus, in item units.

    Baseline and consensus stand in the tables as people left them. So that a change counts once and as its author's, the baseline is
    recorded without the overrides of the baseline, and the consensus with those of the demand plan. An override that has the name of
    a stream is recorded as `name (override)`. Example: a baseline of 100, set to 110 by override o1, gives baseline 100, o1 +10.
    """
    as_of = Calendar.from_setting(from_table(setting).calendar).as_of
    known = stream.filter(pl.col("kind").is_in(_RECORDED) & pl.col("quantity").is_not_null())
    changes = _changes(override_cell, override_effect, [*_PLANS_OWN, *known.get_column("stream").unique().to_list()])
    of_baseline = changes.filter(pl.col("table") == "baseline").with_columns(-pl.col("quantity"))
    of_plan = changes.filter(pl.col("table") == "demand_plan")
    own = pl.col("kind").is_in(["naive", "baseline"])
    named = known.with_columns(pl.when(own).then("kind").otherwise("stream").alias("stream"))
    parts = [
        _plus(named.filter(pl.col("kind") == "baseline"), of_baseline),
        named.filter(pl.col("kind") != "baseline"),
        changes,
        _plus(consensus.with_columns(stream=pl.lit("consensus"), kind=pl.lit("consensus")), of_plan),
    ]
    return pl.concat([table("stream_record").conform(part.with_columns(as_of=pl.lit(as_of))) for part in parts])


def _changes(override_cell: pl.DataFrame, override_effect: pl.DataFrame, taken: list[str]) -> pl.DataFrame:
    """Return the change of each override by cell: table, stream, the cell, kind, quantity and owner (its author)."""
    authors = override_effect.select("override", pl.col("author").alias("owner")).unique("override", keep="first", maintain_order=True)
    moved = override_cell.with_columns(quantity=pl.col("after").fill_null(0.0) - pl.col("before").fill_null(0.0))
    owned = moved.filter(pl.col("quantity") != 0).join(authors, on="override", how="left", maintain_order="left")
    name = pl.when(pl.col("override").is_in(taken)).then(pl.col("override") + " (override)").otherwise("override")
    return (
        owned.group_by("override", "table", *_CELL, maintain_order=True)
        .agg(pl.col("quantity").sum(), pl.col("owner").first())
        .with_columns(stream=name, kind=pl.lit("override"))
    )


def _plus(rows: pl.DataFrame, changes: pl.DataFrame) -> pl.DataFrame:
    """Return the rows, all of one stream, with the changes of their cells added, never below zero where something was changed.

    A cell that an override has taken out has no row: the change alone says what it was.
    """
    sums = changes.group_by(_CELL, maintain_order=True).agg(pl.col("quantity").sum().alias("change"))
    joined = rows.join(sums, on=_CELL, how="full", coalesce=True, maintain_order="left_right")
    joined = joined.with_columns(pl.col("stream", "kind").fill_null(strategy="forward").fill_null(strategy="backward"))
    changed = (pl.col("quantity").fill_null(0.0) + pl.col("change")).clip(lower_bound=0)
    return joined.with_columns(pl.when(pl.col("change").is_not_null()).then(changed).otherwise("quantity").alias("quantity"))
