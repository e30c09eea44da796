"""Pictures of money: what profit is sensitive to, and cash."""

from math import ceil, floor, log10

import altair as alt
import polars as pl

from equipoise.charts.scale import plain, scale_for
from equipoise.charts.series import by_period, labels
from equipoise.charts.style import DEMAND, GRID, INK, LEVEL, QUIET, SHIPPED, Chart, periods_axis, styled
from equipoise.reconcile.money.driver import in_words
from equipoise.tables.figures import share
from equipoise.tables.setting import Setting

MOST_DRIVERS = 14
_LOWER, _HIGHER = SHIPPED, DEMAND
_ROW = 24


def tornado(sensitivity: pl.DataFrame, setting: Setting) -> Chart:
    """Draw what profit changes when each driver is lower and higher: two-sided bars, the largest on top, the numbers in columns.

    Drivers whose change is not known are left out, and the subtitle counts what is not drawn. Raises ValueError where nothing is known.
    """
    known = sensitivity.filter(pl.col("rank").is_not_null()).sort("rank")
    if known.is_empty():
        raise ValueError("no change of profit is known")
    rows = known.head(MOST_DRIVERS)
    widest = max(abs(value) for name in ("low", "high") for value in rows.get_column(name)) or 1.0
    scale = scale_for(widest)
    frame, most = _sides(rows, scale.divisor), widest / scale.divisor
    unit = scale.unit(setting.currency or "money")
    by = share(float(rows.get_column("change")[0]))
    title = f"What profit changes when one thing is {by} lower or higher, {unit}"
    left_out = sensitivity.height - rows.height
    subtitle = (
        f"The plan is solved again for each. Not drawn, but in the table: {left_out}" if left_out else "The plan is solved again for each"
    )
    words = "; ".join(f"{name}: lower {low}, higher {high}" for name, low, high in _told(frame))
    height = _ROW * rows.height
    return styled(alt.layer(*_bars(frame, most), *_numbers(frame, most, by)), title, subtitle, f"{title}: {words}.", height=height)


def _sides(rows: pl.DataFrame, divisor: float) -> pl.DataFrame:
    """Return two rows a driver, lower and higher: size of the bar, number as printed, and whether it lies inside the other."""
    names = [in_words(kind, subject) for kind, subject in rows.select("driver", "subject").iter_rows()]
    titled = rows.with_columns(pl.Series("name", [f"{name[:1].upper()}{name[1:]}" for name in names]))
    both = titled.unpivot(["low", "high"], index=["name", "rank"], variable_name="side", value_name="size")
    both = both.with_columns(pl.col("size") / divisor).sort("rank", "side", descending=[False, True], maintain_order=True)
    same_side = (pl.col("size").sign().n_unique() == 1).over("name")
    shorter = (pl.col("size").abs().rank("ordinal") == 1).over("name")
    digits = 1 if float(both.select(pl.col("size").abs().max()).item()) < 1000 else 0
    printed = [f"+{plain(size, digits)}" if round(size, digits) > 0 else plain(size, digits) for size in both.get_column("size")]
    return both.with_columns((same_side & shorter).alias("inside"), pl.Series("printed", printed))


def _told(frame: pl.DataFrame) -> list[tuple[str, str, str]]:
    wide = frame.group_by("name", maintain_order=True).agg(
        pl.col("printed").filter(pl.col("side") == side).first().alias(side) for side in ("low", "high")
    )
    return list(wide.iter_rows())


def _ticks(most: float) -> list[float]:
    """Return two or three round numbers on each side of zero, up to `most`."""
    raw = most / 2.5
    step = max(one for one in (10 ** floor(log10(raw)) * factor for factor in (1, 2, 5)) if one <= raw)
    count = int(most / step)
    return [step * number for number in range(-count, count + 1, max(1, ceil(count / 3)))] if count <= 3 else [-step * 2, 0, step * 2]


def _bars(frame: pl.DataFrame, most: float) -> list[alt.Chart]:
    """Return the bars; where both are on one side, the shorter is thinner and lies on the longer."""
    names = frame.get_column("name").unique(maintain_order=True).to_list()
    axis = alt.Axis(title=None, values=_ticks(most), format=",~f", gridColor=GRID)
    x = alt.X("size:Q", scale=alt.Scale(domain=[-1.05 * most, 2.0 * most], nice=False), axis=axis)
    label = alt.Axis(title=None, labelLimit=230, labelColor=INK, domain=False, ticks=False, grid=False)
    y = alt.Y("name:N", sort=names, axis=label)
    tone = alt.Color("side:N", legend=None, scale=alt.Scale(domain=["low", "high"], range=[_LOWER, _HIGHER]))
    parts = [
        alt.Chart(frame.filter(pl.col("inside") == inside)).mark_bar(height={"band": band}).encode(x=x, y=y, color=tone)
        for inside, band in ((False, 0.66), (True, 0.28))
        if frame.filter(pl.col("inside") == inside).height
    ]
    zero = alt.Chart(pl.DataFrame({"zero": [0.0]})).mark_rule(color=QUIET).encode(x="zero:Q")
    return [*parts, zero]


def _numbers(frame: pl.DataFrame, most: float, by: str) -> list[alt.Chart]:
    """Return the numbers in two columns right of the bars, each under the heading that is its color's legend."""
    names = frame.get_column("name").unique(maintain_order=True).to_list()
    parts: list[alt.Chart] = []
    for side, place, color, word in (("low", 1.45 * most, _LOWER, "lower"), ("high", 2.0 * most, _HIGHER, "higher")):
        rows = frame.filter(pl.col("side") == side).with_columns(pl.lit(place).alias("place"))
        text = alt.Chart(rows).mark_text(align="right", fontSize=12, color=INK)
        parts.append(text.encode(x="place:Q", y=alt.Y("name:N", sort=names), text="printed:N"))
        head = pl.DataFrame({"place": [place], "head": [f"\u25a0 {by} {word}"]})
        above = alt.Chart(head).mark_text(align="right", fontSize=12, fontWeight="bold", color=color, dy=-8)
        parts.append(above.encode(x="place:Q", y=alt.value(0), text="head:N"))
    return parts


def cash(financials: pl.DataFrame, setting: Setting) -> Chart:
    """Draw the cash flow of each period as bars, and what it adds up to since the start as a line. Raises ValueError without cash."""
    base = financials.filter(pl.col("scenario") == "base")
    flow, sums = (by_period(base.filter(pl.col("line") == line), "amount") for line in ("cash_flow", "cumulated_cash"))
    if flow.is_empty():
        raise ValueError("the plan has no cash flow")
    scale = scale_for(max(abs(value) for frame in (flow, sums) for value in frame.get_column("amount")))
    printed = labels(setting)
    rows = pl.concat([frame.with_columns(pl.lit(name).alias("what")) for frame, name in ((flow, _FLOW), (sums, _SUM))])
    rows = rows.filter(pl.col("period").is_in(list(printed))).with_columns(
        pl.col("period").replace_strict(printed, default=None, return_dtype=pl.String).alias("label"), pl.col("amount") / scale.divisor
    )
    columns = rows.get_column("label").unique(maintain_order=True).to_list()
    unit = scale.unit(setting.currency or "money")
    x = alt.X("label:O", sort=columns, axis=periods_axis(len(columns)))
    y = alt.Y("amount:Q", title=unit, axis=alt.Axis(format=",~f", tickCount=6))
    tone = alt.Color("what:N", scale=alt.Scale(domain=[_FLOW, _SUM], range=[LEVEL, SHIPPED]))
    bars = alt.Chart(rows.filter(pl.col("what") == _FLOW)).mark_bar().encode(x=x, y=y, color=tone)
    line = (
        alt.Chart(rows.filter(pl.col("what") == _SUM))
        .mark_line(point=alt.OverlayMarkDef(size=28), strokeWidth=2)
        .encode(x=x, y=y, color=tone)
    )
    lows = sums.sort("amount", "period").row(0, named=True)
    low, last = (plain(value / scale.divisor, 1) for value in (lows["amount"], sums.get_column("amount")[-1]))
    title = f"Cash flow, {unit}"
    subtitle = f"In all {last}; the least at the end of a period is {low}, in {printed.get(lows['period'], lows['period'])}"
    return styled(alt.layer(bars, line), title, subtitle, f"{title}. {subtitle}.", height=240)


_FLOW, _SUM = "Cash flow of the period", "Cumulated since the start"
