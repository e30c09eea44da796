"""A demand review laid over a plan: corrections, streams, overrides, events and snapshots of earlier cycles, made by a seed."""

import datetime as dt

import numpy as np
import polars as pl

from equipoise.demand.override_flag import override_flag
from equipoise.dimensions.calendar import Calendar
from equipoise.measure import value_added
from equipoise.tables import table
from equipoise.tables.setting import Setting

Tables = dict[str, pl.DataFrame]
CELL = ["item", "market", "period"]
OVERRIDES = (
    ("ovr-01", "Ann Lee", 1.25, 8, 14, "Outdoor year of two large retailers", "applied"),
    ("ovr-02", "Ben Roth", 0.90, 0, 4, "Mild winter expected", "stale"),
    ("ovr-03", "Ann Lee", 2.40, 5, 6, "Tender for rental tents", "applied"),
    ("ovr-04", "Ann Lee", 1.10, 2, 4, "", "fenced"),
)


def with_review(tables: Tables, setting: Setting, seed: int = 5) -> Tables:
    """Return the tables of a plan with the tables of a demand review laid over them. Needs history, baseline and consensus."""
    random = np.random.default_rng(seed)
    calendar = Calendar.from_setting(setting.calendar)
    made = dict(tables)
    made["baseline"] = made["baseline"].with_columns(naive=pl.col("quantity") * pl.Series(random.normal(1, 0.12, made["baseline"].height)))
    made |= _corrected(made, random)
    made |= _overridden(made, calendar)
    made |= _streams(made)
    made["stream_snapshot"] = _snapshot(made, calendar, random)
    made |= _learned(made)
    flagged = ("override_effect", "override_cell", "consensus", "baseline", "cleaned_history", "stream_snapshot", "setting")
    made["override_flag"] = override_flag(*(made[name] for name in flagged))
    valued = ("stream_snapshot", "history", "item", "segment", "setting")
    made["value_added"] = value_added(*(made[name] for name in valued))
    return made


def _corrected(tables: Tables, random: np.random.Generator) -> Tables:
    history = tables["history"]
    hit = np.zeros(history.height, dtype=bool)
    hit[random.choice(history.height, min(30, history.height), replace=False)] = True
    factor = pl.Series(np.where(hit, random.choice([0.4, 2.5], history.height), 1.0))
    cleaned = history.with_columns(raw="quantity", quantity=pl.col("quantity") * factor)
    found = cleaned.filter(pl.Series(hit)).with_columns(
        kind=pl.when(pl.col("quantity") > pl.col("raw")).then(pl.lit("stockout")).otherwise(pl.lit("outlier")),
        accepted=pl.lit(value=True),
        reason=pl.lit("Six robust standard deviations from the same month of other years."),
    )
    return {"cleaned_history": table("cleaned_history").conform(cleaned), "correction": table("correction").conform(found)}


def _overridden(tables: Tables, calendar: Calendar) -> Tables:
    consensus = tables["consensus"]
    demanded = tables["item"].join(consensus, on="item", how="semi", maintain_order="left")
    family = str(demanded.get_column("family").drop_nulls().first())
    items = demanded.filter(pl.col("family") == family).get_column("item")
    effects, cells = [], []
    for number, (name, author, factor, first, last, reason, status) in enumerate(OVERRIDES):
        days = calendar.periods[first : last + 1]
        which = pl.col("period").is_in(days) & (pl.col("item").is_in(items.implode()) if number % 2 == 0 else pl.lit(value=True))
        touched = consensus.filter(which)
        if status != "fenced":
            after = touched.select(*CELL, pl.col("quantity").alias("before"), (pl.col("quantity") * factor).alias("after"))
            cells.append(after.with_columns(override=pl.lit(name), table=pl.lit("consensus")))
            quantity = pl.when(which).then(pl.col("quantity") * factor).otherwise("quantity")
            consensus = consensus.with_columns(quantity.alias("quantity"))
        before = float(touched.get_column("quantity").sum())
        moved = before if status == "fenced" else before * factor
        told = {"statement": f"consensus of {family}: times {factor}", "reason": reason, "author": author, "role": "sales"}
        row = {"override": name, "table": "consensus", "column": "quantity", "cells": touched.height, "before": before, "after": moved}
        effects.append({**row, **told, "status": status, "was": before * 0.8 if status == "stale" else None, "assumption": "", "note": ""})
    effect = pl.DataFrame(effects, schema_overrides=dict(table("override_effect").schema))
    return {
        "override_cell": table("override_cell").conform(pl.concat(cells)),
        "override_effect": table("override_effect").conform(effect),
        "consensus": consensus,
    }


def _streams(tables: Tables) -> Tables:
    base = tables["baseline"]
    some = base.filter(pl.col("period").rank("dense").is_between(3, 5))
    parts = (
        base.with_columns(stream=pl.lit("baseline"), kind=pl.lit("baseline")),
        base.with_columns(stream=pl.lit("naive"), kind=pl.lit("naive"), quantity=pl.col("naive")),
        base.with_columns(stream=pl.lit("Sales"), kind=pl.lit("view"), quantity=pl.col("quantity") * 1.08, owner=pl.lit("Cara Diaz")),
        some.with_columns(stream=pl.lit("Marketing"), kind=pl.lit("increment"), quantity=pl.col("quantity") * 0.1, owner=pl.lit("Ann Lee")),
        some.with_columns(stream=pl.lit("Spring fair"), kind=pl.lit("event"), quantity=pl.col("quantity") * 0.06),
    )
    stream = pl.concat([table("stream").conform(part) for part in parts])
    agreed = (
        stream.filter(pl.col("kind").is_in(["baseline", "increment", "event"]))
        .group_by(CELL)
        .agg(pl.col("quantity").sum().alias("streams"))
    )
    moved = tables["override_cell"].group_by(CELL).agg((pl.col("after") - pl.col("before")).sum().alias("moved"))
    joined = (
        tables["consensus"].join(agreed, on=CELL, how="left", maintain_order="left").join(moved, on=CELL, how="left", maintain_order="left")
    )
    summed = joined.with_columns(pl.col("streams") + pl.col("moved").fill_null(0.0))
    return {"stream": stream, "consensus": table("consensus").conform(summed.with_columns(quantity="streams"))}


def _snapshot(tables: Tables, calendar: Calendar, random: np.random.Generator, cuts: int = 8, ahead: int = 6) -> pl.DataFrame:
    """What eight earlier cycles said of the six periods after each: ever better from naive to consensus, sales too high."""
    history = tables["history"].select(*CELL, "quantity")
    days = history.get_column("period").unique().sort().to_list()
    parts = []
    for number in range(1, cuts + 1):
        as_of = days[-number] + dt.timedelta(days=11)
        known = history.filter(pl.col("period").is_in(days[len(days) - number + 1 :][:ahead])).with_columns(as_of=pl.lit(as_of))
        late = tables["consensus"].select(*CELL, "quantity").filter(pl.col("period").is_in(calendar.periods[: max(0, ahead - number)]))
        known = pl.concat([known, late.with_columns(as_of=pl.lit(as_of)).select(known.columns)])
        actual = pl.col("quantity")

        def said(kind: str, quantity: pl.Expr, stream: str = "", owner: str | None = None, rows: pl.DataFrame = known) -> None:
            frame = rows.with_columns(quantity.alias("quantity"), stream=pl.lit(stream or kind), kind=pl.lit(kind), owner=pl.lit(owner))
            parts.append(table("stream_snapshot").conform(frame))

        noise = pl.Series(random.standard_normal(known.height))
        base = actual * (0.97 + 0.14 * noise)
        increment = pl.when(pl.col("period").dt.month() % 3 == 0).then(actual * 0.05).otherwise(0.0)
        push = actual * pl.Series(np.where(random.random(known.height) < 0.4, 0.09, 0.0))
        said("naive", actual * (0.98 + 0.2 * noise + 0.1 * pl.Series(random.standard_normal(known.height))))
        said("baseline", base)
        said("view", actual * (1.08 + 0.12 * noise), "Sales", "Cara Diaz")
        said("increment", increment, "Marketing", "Ann Lee")
        said("override", push, f"ovr-p{number}", "Ann Lee")
        said("consensus", (base + increment + push).clip(lower_bound=0))
    return pl.concat(parts)


def _learned(tables: Tables) -> Tables:
    pair = tables["baseline"].select("item", "market").unique(maintain_order=True)
    names = ("seasonal trend", "theta", "combination")
    rank = pl.int_range(pl.len()) % 3
    methods = [
        pair.with_columns(
            method=pl.lit(name), error=0.8 + 0.1 * pl.lit(number), wmape=pl.lit(0.2), bias=pl.lit(0.01), chosen=rank == number
        )
        for number, name in enumerate(names)
    ]
    naive = pair.with_columns(
        method=pl.lit("seasonal_naive"), error=pl.lit(1.0), wmape=pl.lit(0.26), bias=pl.lit(0.03), chosen=pl.lit(value=False)
    )
    effect = {"event": "Spring fair", "item": pair["item"][0], "uplift": 0.06, "spread": 0.02, "origin": "learned", "events": 4}
    weight = [
        {"stream": name, "weight": share, "error": error, "bias": bias, "snapshots": 8}
        for name, share, error, bias in (("baseline", 0.58, 0.13, -0.03), ("Sales", 0.42, 0.16, 0.08))
    ]
    review = {
        "abc": "A", "xyz": "X", "pattern": "smooth", "lifecycle": "mature", "value": 1000.0, "methods": "regular", "review": "family",
    }  # fmt: skip
    segment = pair.with_columns(pl.lit(value).alias(name) for name, value in review.items())
    return {
        "method_choice": table("method_choice").conform(pl.concat([*methods, naive])),
        "event_effect": table("event_effect").conform(pl.DataFrame([{**effect, "reason": "Learned from 4 fairs: 4 to 9 % more."}])),
        "stream_weight": table("stream_weight").conform(pl.DataFrame(weight)),
        "segment": tables["segment"] if tables["segment"].height else table("segment").conform(segment),
    }
