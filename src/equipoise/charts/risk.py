"""Pictures of the simulation: how profit is spread, where service is at risk, and which uncertainty matters most."""

from collections.abc import Mapping
from typing import Literal

import altair as alt
import numpy as np
import polars as pl

from equipoise.charts.scale import plain, scale_for
from equipoise.charts.series import calendar_of, labels
from equipoise.charts.style import BAD, DEMAND, GRID, INK, QUIET, SHIPPED, Chart, periods_axis, styled
from equipoise.tables.figures import money, named, share
from equipoise.tables.setting import Setting

MOST_FAMILIES = 12
MOST_DRIVERS = 10
_BINS = 36
_NUMBERED = 24  # periods up to which each cell carries its number
_STEPS = (0.0005, 0.01, 0.03, 0.1, 0.25)
_WORDS = ("nothing", "up to 1 %", "1 to 3 %", "3 to 10 %", "10 to 25 %", "over 25 %")
_SHADES = ("#f1f4f7", "#d6e4f1", "#abc8e2", "#6f9fca", "#2f6ba5", "#163a5f")
_ROW = 0.11  # height of a row of marks above the bars, as a share of the highest bar
_MARKS = (("tail", "CVaR"), ("p5", "5 of 100 paths lie below"), ("mean", "Mean"), ("plan", "Plan"))


def profit_distribution(simulation_path: pl.DataFrame, simulation: pl.DataFrame, setting: Setting) -> Chart:
    """Draw how many paths earn how much, with the plan, the mean, the fifth percentile and the mean of the worst paths marked.

    Paths below the fifth percentile have another color. Raises ValueError where profit is not known.
    """
    profit = simulation_path.get_column("profit").drop_nulls().to_numpy()
    told = _statistics(simulation, "profit")
    if not len(profit) or not {"plan", "mean", "p5", "tail"} <= set(told):
        raise ValueError("no profit to draw")
    scale = scale_for(max(abs(float(profit.min())), abs(float(profit.max())), abs(told["plan"])))
    bars = _histogram(profit, told["p5"], scale.divisor)
    top = float(bars.get_column("paths").max() or 1.0)  # type: ignore[arg-type]
    average, worst = (money(told[name], setting.currency) for name in ("mean", "tail"))
    title = f"Profit: {average} on average, {worst} over the worst {share(setting.risk.tail)} of paths"
    subtitle = f"{len(profit):,} paths; {share(told.get('chance_below_plan', 0.0))} of them earn less than the plan"
    unit = scale.unit(setting.currency or "money")
    chart = alt.layer(*_bars(bars, f"Profit, {unit}", top), *_marks(told, setting, scale.divisor, top))
    marks = "; ".join(f"{word} {money(told[name], setting.currency)}" for name, word in _MARKS)
    return styled(chart, title, subtitle, f"{title}. {subtitle}. {marks}.", height=300)


def _statistics(simulation: pl.DataFrame, measure: str) -> dict[str, float]:
    rows = simulation.filter((pl.col("measure") == measure) & pl.col("value").is_not_null())
    return dict(rows.select("statistic", "value").iter_rows())


def _histogram(profit: np.typing.NDArray[np.float64], bad: float, divisor: float) -> pl.DataFrame:
    low, high = float(profit.min()), float(profit.max())
    room = max(high - low, 1e-9 * max(abs(high), 1.0))
    edges = np.linspace(low - 0.01 * room, high + 0.01 * room, min(_BINS, max(8, len(profit) // 10)) + 1)
    counts, _ = np.histogram(profit, edges)
    columns = {"from": edges[:-1] / divisor, "to": edges[1:] / divisor, "paths": counts.astype(np.float64)}
    return pl.DataFrame(columns).with_columns(worst=pl.col("to") <= bad / divisor)


def _bars(bars: pl.DataFrame, title: str, top: float) -> list[alt.Chart]:
    x = alt.X("from:Q", title=title, scale=alt.Scale(zero=False, nice=False, padding=6), axis=alt.Axis(format=",~f", grid=False))
    y = alt.Y("paths:Q", title="Paths", scale=alt.Scale(domain=[0, top * (1 + _ROW * (len(_MARKS) + 0.8))]), axis=alt.Axis(tickCount=4))
    tone = alt.condition("datum.worst", alt.value(BAD), alt.value("#8fb8de"))
    return [alt.Chart(bars).mark_bar(stroke="#ffffff", strokeWidth=0.5).encode(x=x, x2="to:Q", y=y, y2=alt.Y2(datum=0), color=tone)]


def _marks(told: Mapping[str, float], setting: Setting, divisor: float, top: float) -> list[alt.Chart]:
    """Return a line for each mark, its words on a row of its own, so that none lies on another however close the lines are."""
    middle = (told["p5"] + told.get("p95", told["mean"])) / 2
    colors = {"tail": BAD, "p5": SHIPPED, "mean": DEMAND, "plan": INK}
    ordered = sorted(_MARKS, key=lambda mark: told[mark[0]])
    drawn = []
    for row, (name, word) in enumerate(ordered):
        value, height = told[name], top * (1 + _ROW * (len(ordered) - row - 0.2))
        frame = pl.DataFrame(
            {"at": [value / divisor], "top": [height], "zero": [0.0], "words": [f"{word}: {money(value, setting.currency)}"]}
        )
        base = alt.Chart(frame)
        drawn.append(base.mark_rule(color=colors[name], strokeWidth=1.8, strokeDash=[5, 3]).encode(x="at:Q", y="zero:Q", y2="top:Q"))
        align: Literal["left", "right"] = "left" if value <= middle else "right"
        shift = 5 if value <= middle else -5
        text = base.mark_text(align=align, dx=shift, dy=3, fontSize=12, color=INK)
        drawn.append(text.encode(x="at:Q", y="top:Q", text="words:N"))
    return drawn


def service_risk(simulation_service: pl.DataFrame, setting: Setting) -> Chart:
    """Draw by family and period what share of demand is not served in its period, over all paths, the riskiest family first.

    Raises ValueError where there is no family with demand.
    """
    rows = simulation_service.filter(pl.col("service").is_not_null()).with_columns((1 - pl.col("service")).clip(0).alias("risk"))
    families = rows.filter(pl.col("family").fill_null("") != "")
    if families.is_empty():
        raise ValueError("no service to draw")
    sizes = families.group_by("family", maintain_order=True).agg(pl.col("short").sum().round(6))
    ordered = sizes.sort(["short", "family"], descending=[True, False]).get_column("family").to_list()
    cells = _cells(families.filter(pl.col("family").is_in(ordered[:MOST_FAMILIES])), setting)
    worst = cells.sort([pl.col("risk").round(9), "period", "family"], descending=[True, False, False]).row(0, named=True)
    when = named(worst["period"], calendar_of(setting))
    title = f"Demand not served in its period: at most {share(worst['risk'])}, of {worst['family']} in {when}"
    if worst["risk"] < _STEPS[0]:
        title = "Demand is served in its period on nearly every path"
    some = f"; the {MOST_FAMILIES} families with most at risk of {len(ordered)}" if len(ordered) > MOST_FAMILIES else ""
    subtitle = f"Share of demand not served in its period, % of all paths' demand{some}"
    chart = alt.layer(*_heat(cells, ordered[:MOST_FAMILIES]))
    return styled(chart, title, subtitle, f"{title}. {subtitle}.", height=28 * min(len(ordered), MOST_FAMILIES) + 20)


def _cells(rows: pl.DataFrame, setting: Setting) -> pl.DataFrame:
    shade = pl.lit(_WORDS[-1])
    for step, word in reversed(list(zip(_STEPS, _WORDS, strict=False))):
        shade = pl.when(pl.col("risk") < step).then(pl.lit(word)).otherwise(shade)
    label = pl.col("period").replace_strict(labels(setting), default=None, return_dtype=pl.String)
    number = [plain(value * 100, 1 if value < 0.0995 else 0) if value >= _STEPS[0] else "" for value in rows.get_column("risk")]
    cells = rows.with_columns(pl.Series("number", number, pl.String), label.alias("label"), shade.alias("shade"))
    return cells.with_columns((pl.col("risk") >= _STEPS[3]).alias("dark")).filter(pl.col("label").is_not_null()).sort("period", "family")


def _heat(cells: pl.DataFrame, families: list[str]) -> list[alt.Chart]:
    columns = cells.get_column("label").unique(maintain_order=True).to_list()
    x = alt.X("label:O", sort=columns, axis=periods_axis(len(columns)))
    y = alt.Y("family:N", sort=families, axis=alt.Axis(title=None, labelLimit=190, domain=False, ticks=False, grid=False))
    shade = alt.Color("shade:N", sort=list(_WORDS), scale=alt.Scale(domain=list(_WORDS), range=list(_SHADES)))
    marks = [alt.Chart(cells).mark_rect(stroke="#ffffff", strokeWidth=1.5).encode(x=x, y=y, color=shade)]
    if len(columns) > _NUMBERED:
        return marks
    ink = alt.condition("datum.dark", alt.value("#ffffff"), alt.value(INK))
    return [*marks, alt.Chart(cells).mark_text(fontSize=11).encode(x=x, y=y, text="number:N", color=ink)]


def risk_drivers(simulation_driver: pl.DataFrame, setting: Setting) -> Chart:
    """Draw which share of the ups and downs of profit goes with each uncertainty, at most ten and the rest.

    Raises ValueError where there is none.
    """
    if simulation_driver.is_empty():
        raise ValueError("no driver to draw")
    rest = simulation_driver.filter(pl.col("kind") == "rest")
    known = simulation_driver.filter(pl.col("kind") != "rest").sort("rank")
    shown = pl.concat([known.head(MOST_DRIVERS), rest])
    words = [_driver(kind, subject) for kind, subject in shown.select("kind", "subject").iter_rows()]
    printed = [_printed(part, slope, setting.currency) for part, slope in shown.select("share", "slope").iter_rows()]
    rows = shown.select((pl.col("share") * 100).alias("percent"), (pl.col("kind") == "rest").alias("rest")).with_columns(
        pl.Series("driver", words, pl.String), pl.Series("printed", printed, pl.String)
    )
    largest = float(rows.get_column("percent").max() or 1.0)  # type: ignore[arg-type]
    x = alt.X("percent:Q", title="% of the variance of profit", scale=alt.Scale(domain=[0, largest * 1.75]), axis=_axis())
    y = alt.Y("driver:N", sort=words, axis=alt.Axis(title=None, labelLimit=260, labelColor=INK, domain=False, ticks=False, grid=False))
    tone = alt.condition("datum.rest", alt.value(GRID), alt.value(DEMAND))
    bars = alt.Chart(rows).mark_bar(height={"band": 0.62}).encode(x=x, y=y, color=tone)
    text = alt.Chart(rows).mark_text(align="left", dx=5, fontSize=12, color=INK).encode(x=x, y=y, text="printed:N")
    first = known.row(0, named=True) if known.height else None
    title = f"{_driver(first['kind'], first['subject'])}: {share(first['share'])} of the ups and downs of profit" if first else "Drivers"
    left = known.height - MOST_DRIVERS
    subtitle = "Behind each bar: profit when it is one standard deviation more" + (f"; not drawn: {left}" if left > 0 else "")
    told = "; ".join(f"{word} {value}" for word, value in zip(words, printed, strict=True))
    return styled(alt.layer(bars, text), title, subtitle, f"{title}. {told}.", height=28 * rows.height + 20)


def _axis() -> alt.Axis:
    return alt.Axis(format=",~f", tickCount=5, gridColor=GRID, titleColor=QUIET)


def _driver(kind: str, subject: str) -> str:
    if kind == "demand":
        return f"Demand of {subject}"
    if kind == "common demand":
        return "Families that move together"
    return subject if kind != "rest" else "Interaction and rest"


def _printed(part: float, slope: float | None, currency: str) -> str:
    words = share(part)
    if slope is None:
        return words
    return f"{words}   {'+' if slope > 0 else ''}{money(slope, currency)}"
