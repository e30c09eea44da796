"""How the demand plan came about: the forecast against history, corrections, methods, streams, events and overrides."""

from collections.abc import Iterator

import polars as pl

from equipoise.charts.series import total, with_family
from equipoise.exchange.pack.blocks import Block, Grid, Head, Heading, Paragraph, Picture, Tone
from equipoise.exchange.pack.plan import Plan
from equipoise.exchange.pack.wording import fraction, named, signed
from equipoise.tables.figures import listing, number, plural, quantity, share

MOST_ROWS = 20
MOST_FANS = 4
_DRAWN = ("history", "cleaned_history", "baseline", "consensus", "override_cell")
_PAIR = ["item", "market"]


def forecast(plan: Plan) -> Iterator[Block]:
    """Yield the forecast fan of the total, small ones of what matters most, and the way from baseline to demand plan."""
    if not (plan.has("baseline") or plan.has("consensus")):
        return
    yield Heading("Forecast")
    yield Paragraph(_forecast_words(plan))
    yield Picture(lambda: _fan(plan))
    parts = fans(plan)
    if len(parts) > 1:
        yield Picture(lambda: _fans(plan, parts))
    yield from _bridge(plan)


def _forecast_words(plan: Plan) -> str:
    base, agreed = total(plan["baseline"], "quantity"), total(plan["consensus"], "quantity")
    if not plan.has("baseline"):
        return f"The consensus is {quantity(agreed, plan.unit)} over {plan.length}. No baseline is made: no history is given."
    if not plan.has("consensus") or not base:
        return f"The baseline is {quantity(base, plan.unit)} over {plan.length}."
    change = (agreed - base) / base
    words = f" ({signed(change, share(change))})" if abs(change) >= 0.0005 else ""
    return f"The baseline is {quantity(base, plan.unit)} over {plan.length}, the consensus {quantity(agreed, plan.unit)}{words}."


def _fan(plan: Plan) -> str:
    from equipoise.charts.drawing import svg
    from equipoise.charts.forecast import forecast_fan

    return svg(forecast_fan({name: plan[name] for name in _DRAWN}, plan.setting, unit=plan.unit))


def _fans(plan: Plan, parts: dict[str, dict[str, pl.DataFrame]]) -> str:
    from equipoise.charts.drawing import svg
    from equipoise.charts.forecast import forecast_fans

    return svg(forecast_fans(parts, plan.setting, unit=plan.unit))


def fans(plan: Plan) -> dict[str, dict[str, pl.DataFrame]]:
    """Return the tables of the families (items where there are none) that matter most, at most four, by name.

    First those that flagged overrides change most, at most two, then the largest by value, else by consensus.
    """
    frame = plan["consensus"] if plan.has("consensus") else plan["baseline"]
    flagged = plan["override_cell"].join(plan["override_flag"], on="override", how="semi", maintain_order="left")
    moved = flagged.with_columns(size=(pl.col("after").fill_null(0.0) - pl.col("before").fill_null(0.0)).abs())
    worth = plan["segment"].select("item", pl.col("value").fill_null(0.0).alias("size"))
    largest = worth if total(worth, "size") else frame.select("item", pl.col("quantity").alias("size"))
    names = [*_by_size(plan, moved)[:2], *_by_size(plan, largest)]
    there = set(with_family(frame.select("item").unique(), plan.item).get_column("family").to_list())
    chosen = [name for name in dict.fromkeys(names) if name in there][:MOST_FANS]
    members = with_family(pl.concat([plan[name].select("item") for name in _DRAWN]).unique(), plan.item)
    parts = {}
    for name in chosen:
        own = members.filter(pl.col("family") == name)
        parts[name] = {table: plan[table].join(own, on="item", how="semi", maintain_order="left") for table in _DRAWN}
    return parts


def _by_size(plan: Plan, frame: pl.DataFrame) -> list[str]:
    sums = with_family(frame.select("item", "size"), plan.item).group_by("family", maintain_order=True).agg(pl.col("size").sum().round(6))
    return sums.sort(["size", "family"], descending=[True, False]).get_column("family").to_list()


def _bridge(plan: Plan) -> Iterator[Block]:
    from equipoise.charts.forecast import demand_steps

    basis = plan.setting.demand.consensus.basis
    steps = demand_steps(plan["stream"], plan["override_cell"], plan["consensus"], plan["demand_plan"], basis)
    if steps.height <= 3:
        return
    largest = steps.filter(pl.col("kind") == "change").sort(pl.col("amount").abs().round(6), descending=True, maintain_order=True)
    name, amount = largest.row(0)[:2]
    moved = signed(amount, quantity(amount, plan.unit))
    yield Paragraph(f"From baseline to demand plan, the largest change is: {str(name).removeprefix('+ ')}, {moved} over the horizon.")
    yield Picture(lambda: _drawn_bridge(plan, steps))


def _drawn_bridge(plan: Plan, steps: pl.DataFrame) -> str:
    from equipoise.charts.drawing import svg
    from equipoise.charts.forecast import demand_bridge

    return svg(demand_bridge(steps, unit=plan.unit))


def background(plan: Plan) -> Iterator[Block]:
    """Yield what the forecast rests on: streams, corrections of history, methods, events."""
    parts = [*_streams(plan), *_methods(plan), *_corrections(plan), *_events(plan)]
    if parts:
        yield Heading("What the forecast rests on")
        yield from parts


def _streams(plan: Plan) -> Iterator[Block]:
    kinds = {name: position for position, name in enumerate(("naive", "baseline", "view", "increment", "event", "budget"))}
    own = plan["stream"].filter(pl.col("kind") == "baseline").select(*_PAIR, "period", pl.col("quantity").alias("base"))
    sums = (
        plan["stream"]
        .join(own, on=[*_PAIR, "period"], how="left", maintain_order="left")
        .group_by("stream", "kind", maintain_order=True)
        .agg(
            pl.col("quantity").sum().round(6),
            pl.col("base").sum().round(6),
            pl.col("owner").drop_nulls().unique().sort(),
        )
        .sort(pl.col("kind").replace_strict(kinds, default=9, return_dtype=pl.Int64), "stream")
    )
    if sums.height < 2:
        return
    base, agreed = total(own, "base"), total(plan["consensus"], "quantity")
    rows = []
    for row in sums.head(MOST_ROWS).iter_rows(named=True):
        part = row["kind"] in {"increment", "event"}
        off = row["quantity"] - row["base"]
        compared = _change(row["quantity"], base) if part else _change(off, row["base"]) if row["kind"] != "baseline" else ""
        rows.append((row["stream"], row["kind"] or "", number(row["quantity"]), compared, listing(row["owner"])))
    rows.append(("Consensus", "", number(agreed), _change(agreed - base, base), ""))
    heads = (
        Head("Stream"),
        Head("Kind"),
        Head(f"Quantity, {plan.unit}", number=True),
        Head("Against baseline", number=True),
        Head("Owner"),
    )
    caption = "Streams side by side, sums over the horizon; changes against the whole baseline, others against that of their own cells"
    yield Grid(caption, heads, tuple(rows), totals=frozenset({len(rows) - 1}))
    yield from _more(sums.height, "stream")
    yield from _weights(plan)


def _change(change: float, base: float) -> str:
    text = share(change / base) if base else ""
    return text if text in {"", "0 %"} else signed(change, text)


def _weights(plan: Plan) -> Iterator[Block]:
    learned = plan["stream_weight"].filter(pl.col("snapshots").is_not_null()).sort("segment", "stream", nulls_last=False)
    if learned.is_empty():
        return
    heads = (Head("Segment"), Head("Stream"), Head("Weight", number=True), Head("Error", number=True), Head("Bias", number=True))
    rows = tuple(
        (row["segment"] or "all", row["stream"], *(_percent(row[name]) for name in ("weight", "error", "bias")))
        for row in learned.head(MOST_ROWS).iter_rows(named=True)
    )
    yield Grid("Weights learned from past error and bias (positive bias is over-forecast)", heads, rows)
    yield from _more(learned.height, "stream_weight")


def _percent(value: float | None) -> str:
    return "" if value is None else fraction(value)


def _more(count: int, name: str) -> Iterator[Block]:
    if count > MOST_ROWS:
        yield Paragraph(f"{number(count - MOST_ROWS)} more in table {name}.", quiet=True)


def _methods(plan: Plan) -> Iterator[Block]:
    finite = [pl.when(pl.col(name).is_finite()).then(name).alias(name) for name in ("error", "wmape", "bias")]
    tried = plan["method_choice"].with_columns(finite)
    naive = tried.filter(pl.col("method") == "seasonal_naive").select(*_PAIR, pl.col("wmape").alias("naive"))
    chosen = tried.filter(pl.col("chosen")).join(naive, on=_PAIR, how="left", maintain_order="left")
    if chosen.is_empty():
        return
    both = pl.col("naive").is_not_null() & pl.col("wmape").is_not_null()
    sums = chosen.group_by("method", maintain_order=True).agg(
        pl.len().alias("series"),
        pl.col("wmape").mean(),
        pl.col("naive").filter(both).mean(),
        (pl.col("wmape") < pl.col("naive")).filter(both).sum().alias("better"),
        both.sum().alias("compared"),
        pl.col("bias").mean(),
    )
    heads = (
        Head("Method"),
        Head("Series", number=True),
        Head("Error", number=True),
        Head("Seasonal naive", number=True),
        Head("Beats naive in", number=True),
        Head("Bias", number=True),
    )
    rows = []
    for row in sums.sort(["series", "method"], descending=[True, False]).head(MOST_ROWS).iter_rows(named=True):
        beats = f"{row['better']} of {row['compared']}" if row["compared"] else ""
        rows.append(
            (named(row["method"]), number(row["series"]), _percent(row["wmape"]), _percent(row["naive"]), beats, _percent(row["bias"]))
        )
    caption = (
        "Methods chosen by backtest: mean WMAPE over the series, beside the seasonal naive's on the same; positive bias is over-forecast"
    )
    yield Grid(caption, heads, tuple(rows))


_KINDS = {
    "return": "for returns",
    "event": "for events",
    "stockout": "for stockouts",
    "outlier": "for outliers",
    "one_off_order": "for one-off orders",
    "unit_change": "for changes of unit",
    "planner": "by planners",
}


def _corrections(plan: Plan) -> Iterator[Block]:
    if not plan.has("correction"):
        return
    size = (pl.col("quantity") - pl.col("raw").fill_null(0.0)).abs().round(6)
    rows = plan["correction"].sort([size, *_PAIR, "period"], descending=[True, False, False, False], nulls_last=True)
    counts = rows.group_by("kind", maintain_order=True).agg(pl.len()).sort(["len", "kind"], descending=[True, False]).rows()
    told = ", ".join(f"{number(count)} {_KINDS.get(kind, named(kind or 'other').lower())}" for kind, count in counts)
    left = rows.filter(~pl.col("accepted").fill_null(value=True)).height
    heads = (
        Head("Item"),
        Head("Market"),
        Head("Period", whole=True),
        Head("Kind"),
        Head("Booked", number=True),
        Head("Corrected", number=True),
    )
    shown = []
    for row in rows.head(MOST_ROWS).iter_rows(named=True):
        kind = named(row["kind"] or "") + ("" if row["accepted"] else ", not accepted")
        booked = "" if row["raw"] is None else number(row["raw"])
        figures = (plan.calendar.label(row["period"]), kind, booked, number(row["quantity"]))
        shown.append((row["item"], row["market"], *figures, row["reason"] or ""))
    refused = f", {number(left)} of them not accepted" if left else ""
    caption = f"{quantity(rows.height, 'correction')} of history ({told}){refused}; the largest first"
    yield Grid(caption, (*heads, Head("Why")), tuple(shown))
    yield from _more(rows.height, "correction")


def _events(plan: Plan) -> Iterator[Block]:
    """Yield what each event changes demand by, its items together where they are alike."""
    alike = ["event", "market", "uplift", "spread", "origin", "reason"]
    effects = plan["event_effect"].sort("event", "item", "market", nulls_last=False)
    rows = effects.group_by(alike, maintain_order=True).agg("item")
    if rows.is_empty():
        return
    heads = (Head("Event"), Head("Items"), Head("Market"), Head("Uplift", number=True), Head("From"), Head("Why"))
    shown = []
    for row in rows.head(MOST_ROWS).iter_rows(named=True):
        uplift = "" if row["uplift"] is None else signed(row["uplift"], share(row["uplift"]))
        spread = "" if row["spread"] is None else f" ± {share(row['spread'])}"
        shown.append(
            (row["event"], listing(row["item"]), row["market"] or "all", uplift + spread, row["origin"] or "", row["reason"] or "")
        )
    yield Grid("What events change demand by", heads, tuple(shown))
    yield from _more(rows.height, "event_effect")


_UNDONE: frozenset[str] = frozenset({"locked", "fenced", "expired", "unmatched", "off"})


def overrides(plan: Plan) -> Iterator[Block]:
    """Yield the overrides of the base plan's demand with what they change and what is unusual about them."""
    effects = plan["override_effect"].filter(pl.col("table").is_in(["baseline", "consensus", "demand_plan"]))
    if not plan.has("consensus"):
        return
    yield Heading("Overrides")
    if effects.is_empty():
        yield Paragraph("No override changes the demand of this plan.", quiet=True)
        return
    flags = plan["override_flag"].sort("override", "flag").group_by("override", maintain_order=True).agg("flag", "statement")
    change = (pl.col("after") - pl.col("before")).alias("change")
    rows = effects.join(flags, on="override", how="left", maintain_order="left").with_columns(change)
    rows = rows.sort(
        [pl.col("flag").is_null(), pl.col("change").abs().round(6), "override"], descending=[False, True, False], nulls_last=True
    )
    flagged = rows.filter(pl.col("flag").is_not_null()).height
    undone = rows.filter(pl.col("status").is_in(_UNDONE)).height
    words = f"{quantity(rows.height, 'override')} of demand, {number(flagged)} of them worth a second look"
    yield Paragraph(words + (f", {number(undone)} without effect." if undone else "."))
    yield _override_grid(plan, rows)
    yield from _more(rows.height, "override_effect")


def _override_grid(plan: Plan, rows: pl.DataFrame) -> Grid:
    heads = (
        Head("Override"),
        Head("What it does"),
        Head("By"),
        Head(f"Change, {plan.unit}", number=True),
        Head("Status"),
        Head("Worth a look"),
    )
    shown: list[tuple[str, ...]] = []
    tones: dict[tuple[int, int], Tone] = {}
    for position, row in enumerate(rows.head(MOST_ROWS).iter_rows(named=True)):
        what = ". ".join(filter(None, ((row["statement"] or "").rstrip("."), (row["reason"] or "").rstrip("."))))
        change = "" if row["change"] is None else signed(row["change"], number(row["change"]))
        told = " ".join(f"{named(flag)}: {text}" for flag, text in zip(row["flag"] or [], row["statement_right"] or [], strict=True))
        shown.append((row["override"], what, row["author"] or "", change, row["status"] or "", told))
        tones[position, 4] = "quiet" if row["status"] in _UNDONE else "bad" if row["status"] == "stale" else ""
    return Grid(f"Overrides of demand, flagged ones first; {plural('change')} over all their cells", heads, tuple(shown), tones)
