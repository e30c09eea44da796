"""Pictures of forecast value added: the stairs from naive to consensus, error and bias by family, and the waterfall of cycles."""

from typing import Any

import altair as alt
import polars as pl

from equipoise.charts.scale import plain, scale_for
from equipoise.charts.series import calendar_of
from equipoise.charts.stairs import layers, stairs, told
from equipoise.charts.style import DEMAND, GRID, INK, QUIET, SHIPPED, TARGET, Chart, periods_axis, styled
from equipoise.tables.figures import points, share
from equipoise.tables.setting import Setting

MOST_SUBJECTS = 12
MOST_STEPS = 9
MOST_CYCLES = 12
MOST_PERIODS = 14
_SHADES = {"over by more than 20 %": "#d9822b", "over by 5 to 20 %": "#f3cfa3", "within 5 %": "#eef2f5"}
_SHADES |= {"under by 5 to 20 %": "#b9d0e6", "under by more than 20 %": "#6f9fca", "not yet known": "#ffffff"}


def value_added_stairs(chain: pl.DataFrame, lag: int) -> Chart:
    """Draw the error of a chain (rows of table value_added from naive to consensus, in order) as stairs down: green is a gain.

    Steps that change nothing are left out; of many, those between that change the error least are drawn as one. Raises ValueError
    where no step has an error.
    """
    known = chain.drop_nulls("error")
    if known.is_empty():
        raise ValueError("no error to draw")
    errors = known.get_column("error").to_list()
    changes = [(step, now - before) for step, now, before in zip(known.get_column("step").to_list()[1:], errors[1:], errors, strict=False)]
    first, last = str(known["step"][0]), str(known["step"][-1])
    felt = _few([(f"{step} itself" if step == last else step, change) for step, change in changes if abs(change) >= 0.0005])
    names = [first, *(name for name, _ in felt), last]
    amounts = [errors[0] * 100, *(change * 100 for _, change in felt), errors[-1] * 100]
    kinds = ["level", *["change"] * len(felt), "level"]
    frame = stairs([name.replace("_", " ") for name in names], amounts, kinds, less=True)
    gained = errors[0] - errors[-1]
    word = f"{points(gained)} better than {first}" if gained >= 0 else f"{points(gained)} worse than {first}"
    title = f"Error of the {last} {share(errors[-1])}: {word}"
    below = f"WMAPE at lag {lag}, %; a step down (green) makes the forecast better, a step up (red) worse"
    return styled(alt.layer(*layers(frame, "WMAPE, %")), title, below, f"{title}. {below}: {told(frame)}.", height=260)


def _few(changes: list[tuple[str, float]]) -> list[tuple[str, float]]:
    if len(changes) <= MOST_STEPS:
        return changes
    kept = {name for name, _ in sorted(changes, key=lambda pair: (-abs(pair[1]), pair[0]))[: MOST_STEPS - 1]}
    rest = sum(change for name, change in changes if name not in kept)
    return [*((name, change) for name, change in changes if name in kept), ("other steps", rest)]


def error_and_bias(rows: pl.DataFrame, lag: int, *, by: str = "family") -> Chart:
    """Draw error and bias of the consensus by subject as bars, the baseline's as a mark: rows of table value_added of one level.

    The subjects with the largest error come first, at most 12. Raises ValueError where none has an error.
    """
    kept = rows.filter(pl.col("step").is_in(["baseline", "consensus"])).drop_nulls("error")
    order = kept.filter(pl.col("step") == "consensus").sort([pl.col("error").round(9), "subject"], descending=[True, False])
    names = order.get_column("subject").head(MOST_SUBJECTS).to_list()
    if not names:
        raise ValueError("no error to draw")
    shown = kept.filter(pl.col("subject").is_in(names)).with_columns(
        (pl.col("error", "bias") * 100),
        pl.when(pl.col("step") == "consensus").then(pl.lit("Consensus")).otherwise(pl.lit("Baseline")).alias("line"),
    )
    panels: list[Any] = [
        _panel(shown, names, "error", "Error (WMAPE), %"),
        _panel(shown, names, "bias", "Bias, %: positive is over-forecast"),
    ]
    title = f"Error and bias by {by}"
    subtitle = f"Lag {lag}; the mark is the baseline" + (
        "" if order.height <= MOST_SUBJECTS else f"; the {MOST_SUBJECTS} worst of {order.height}"
    )
    words = "; ".join(
        f"{row['subject']} {share(row['error'])}, bias {share(row['bias'])}" for row in order.head(MOST_SUBJECTS).iter_rows(named=True)
    )
    return styled(alt.hconcat(*panels, spacing=26), title, subtitle, f"{title} of the consensus: {words}.")


def _panel(shown: pl.DataFrame, names: list[str], measure: str, heading: str) -> Chart:
    axis = alt.Axis(title=None, labelLimit=150, labelColor=INK, domain=False, ticks=False, grid=False, labels=measure == "error")
    y = alt.Y("subject:N", sort=names, axis=axis)
    values = shown.get_column(measure)
    low, high = min(0.0, float(values.min() or 0.0)), max(0.0, float(values.max() or 0.0))  # type: ignore[arg-type]
    room = ((high - low) or 1.0) * 0.16
    scale = alt.Scale(domain=[low - room if low < 0 else 0.0, high + room if high > 0 else 0.0], nice=False)
    x = alt.X(f"{measure}:Q", title=None, scale=scale, axis=alt.Axis(format=",~f", tickCount=5, gridColor=GRID))
    marks = shown.filter(pl.col("line") == "Baseline")
    agreed = _beside(shown.filter(pl.col("line") == "Consensus"), marks, measure)
    bars = alt.Chart(agreed).mark_bar(height={"band": 0.55}, color=DEMAND).encode(x=x, y=y)
    ticks = alt.Chart(marks).mark_tick(color=SHIPPED, thickness=3, height={"band": 0.8}, opacity=1).encode(x=x, y=y)
    at = alt.X("at:Q", scale=scale)
    right = alt.Chart(agreed.filter(pl.col(measure) >= 0)).mark_text(align="left", dx=6, fontSize=11, color=INK)
    left = alt.Chart(agreed.filter(pl.col(measure) < 0)).mark_text(align="right", dx=-6, fontSize=11, color=INK)
    words = [chart.encode(x=at, y=y, text="printed:N") for chart in (right, left)]
    title = alt.TitleParams(heading, fontSize=12, fontWeight="normal", color=QUIET, offset=4)
    return alt.layer(bars, ticks, *words).properties(width=285, height=max(60, 26 * len(names)), title=title)


def _beside(agreed: pl.DataFrame, marks: pl.DataFrame, measure: str) -> pl.DataFrame:
    """Return the rows with the number as printed and where it stands: beyond the bar and the baseline's mark on its side of zero."""
    other = marks.select("subject", pl.col(measure).alias("mark"))
    joined = agreed.join(other, on="subject", how="left", maintain_order="left")
    beyond = pl.when(pl.col(measure) >= 0).then(pl.max_horizontal(measure, "mark")).otherwise(pl.min_horizontal(measure, "mark"))
    printed = pl.Series("printed", [plain(value, 1) for value in joined.get_column(measure)])
    return joined.with_columns(beyond.alias("at"), printed)


def cycles(
    stream_snapshot: pl.DataFrame, consensus: pl.DataFrame, history: pl.DataFrame, setting: Setting, *, unit: str = "units"
) -> Chart:
    """Draw the waterfall: what the consensus of each cycle said of each period, the newest cycle at the bottom, actuals on top.

    Totals of the series that the snapshots know, in `unit`; a cell's color is how far it was from the actual. Raises ValueError where the
    snapshots hold no consensus.
    """
    frame = _cycle_rows(stream_snapshot, consensus, history, setting)
    if frame.is_empty():
        raise ValueError("no consensus in the snapshots")
    scale = scale_for(_size(frame.get_column("quantity")))
    digits = 1 if _size(frame.get_column("quantity")) / scale.divisor < 100 else 0
    cells = frame.with_columns(pl.Series("number", [plain(value / scale.divisor, digits) for value in frame.get_column("quantity")]))
    rows = frame.get_column("cycle").unique(maintain_order=True).to_list()
    columns = frame.sort("period").get_column("label").unique(maintain_order=True).to_list()
    shades = [name for name in _SHADES if name in set(frame.get_column("shade"))]
    x = alt.X("label:O", sort=columns, axis=periods_axis(len(columns)))
    y = alt.Y("cycle:N", sort=rows, axis=alt.Axis(title=None, labelLimit=140, domain=False, ticks=False, grid=False))
    color = alt.Color(
        "shade:N",
        sort=shades,
        scale=alt.Scale(domain=shades, range=[_SHADES[name] for name in shades]),
        legend=alt.Legend(symbolStrokeColor=GRID),
    )
    heat = alt.Chart(cells).mark_rect(stroke=GRID, strokeWidth=1).encode(x=x, y=y, color=color)
    weight = alt.condition("datum.cycle === 'Actual'", alt.value(TARGET), alt.value(INK))
    words = alt.Chart(cells).mark_text(fontSize=11).encode(x=x, y=y, text="number:N", color=weight)
    title = f"What each cycle said of each period, {scale.unit(unit) or unit}"
    below = "Consensus of each cut-off against what was booked"
    return styled(
        alt.layer(heat, words), title, below, f"{title}. {below}: {len(rows) - 1} cycles, {len(columns)} periods.", height=27 * len(rows)
    )


def _cycle_rows(stream_snapshot: pl.DataFrame, consensus: pl.DataFrame, history: pl.DataFrame, setting: Setting) -> pl.DataFrame:
    """Return (cycle, period, label, quantity, shade), the actual first, then the cycles from the oldest on."""
    calendar = calendar_of(setting)
    said = stream_snapshot.filter(
        (pl.col("kind") == "consensus") & (pl.col("period") > pl.col("as_of")) & (pl.col("as_of") < calendar.as_of)
    )
    pairs = said.select("item", "market").unique().sort("item", "market")
    now = (
        consensus.select("item", "market", "period", "quantity").with_columns(as_of=pl.lit(calendar.as_of))
        if said.height
        else consensus.clear()
    )
    every = (
        pl.concat(
            [said.select("as_of", "item", "market", "period", "quantity"), now.select("as_of", "item", "market", "period", "quantity")]
        )
        if said.height
        else said
    )
    own = every.join(pairs, on=["item", "market"], how="semi", maintain_order="left")
    sums = own.group_by("as_of", "period", maintain_order=True).agg(pl.col("quantity").sum().round(9)).sort("as_of", "period")
    booked = history.join(pairs, on=["item", "market"], how="semi", maintain_order="left")
    actual = booked.group_by("period", maintain_order=True).agg(pl.col("quantity").sum().round(9).alias("actual"))
    cuts = sums.get_column("as_of").unique().sort().to_list()[-MOST_CYCLES - 1 :]
    known = sorted({*sums.filter(pl.col("as_of").is_in(cuts[:-1])).get_column("period").to_list()})
    past = [day for day in known if day < calendar.start]
    ahead = [day for day in known if day >= calendar.start]
    shown = [*past[-max(MOST_PERIODS - 6, MOST_PERIODS - len(ahead)) :], *ahead][:MOST_PERIODS]
    rows = sums.filter(pl.col("as_of").is_in(cuts) & pl.col("period").is_in(shown)).join(
        actual, on="period", how="left", maintain_order="left"
    )
    rows = rows.with_columns(cycle=pl.col("as_of").dt.strftime("%d %b %Y"), shade=_shade())
    first = actual.filter(pl.col("period").is_in(shown)).sort("period")
    first = first.select(pl.lit("Actual").alias("cycle"), "period", pl.col("actual").alias("quantity"), pl.lit("within 5 %").alias("shade"))
    joined = pl.concat([first, rows.select("cycle", "period", "quantity", "shade")])
    labels = {day: calendar.label(day) for day in shown}
    return joined.with_columns(pl.col("period").replace_strict(labels, default=None, return_dtype=pl.String).alias("label"))


def _shade() -> pl.Expr:
    off = pl.col("quantity") / pl.col("actual") - 1
    names = list(_SHADES)
    return (
        pl.when(pl.col("actual").is_null() | (pl.col("actual") <= 0))
        .then(pl.lit(names[5]))
        .when(off > 0.2)
        .then(pl.lit(names[0]))
        .when(off > 0.05)
        .then(pl.lit(names[1]))
        .when(off < -0.2)
        .then(pl.lit(names[4]))
        .when(off < -0.05)
        .then(pl.lit(names[3]))
        .otherwise(pl.lit(names[2]))
    )


def _size(values: pl.Series) -> float:
    largest = values.abs().max()
    return float(largest) if isinstance(largest, int | float) else 0.0
