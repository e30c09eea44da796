"""Pictures that compare: scenarios, gaps, and the bridges from budget and from the last cycle to the plan."""

from typing import Any

import altair as alt
import polars as pl

from equipoise.charts.scale import Scale, plain, scale_for
from equipoise.charts.series import labels
from equipoise.charts.stairs import change, cut, layers, stairs, told
from equipoise.charts.style import BAD, DEMAND, GRID, INK, LEVEL, QUIET, Chart, styled
from equipoise.tables.figures import money
from equipoise.tables.setting import Setting

MOST_MEASURES = 9
MOST_GAPS = 12


def scenario_comparison(scenario_result: pl.DataFrame, measures: list[str]) -> Chart:
    """Draw each measure (at most nine of `measures`) as a small bar chart over the scenarios, the base plan in the strongest color.

    Raises ValueError where none of the measures has a value.
    """
    panels = [_panel(scenario_result, measure) for measure in measures[:MOST_MEASURES]]
    drawn: list[Any] = [panel for panel in panels if panel is not None]
    if not drawn:
        raise ValueError("no measure of the scenarios has a value")
    title = "Scenarios side by side"
    names = scenario_result.get_column("scenario").unique(maintain_order=True).to_list()
    chart = alt.concat(*drawn, columns=3, spacing={"row": 18, "column": 14})
    return styled(chart, title, "", f"{title}: {', '.join(names)}; measures: {', '.join(measures[:MOST_MEASURES])}.")


def _panel(scenario_result: pl.DataFrame, measure: str) -> Chart | None:
    rows = scenario_result.filter((pl.col("measure") == measure) & pl.col("value").is_not_null())
    if rows.is_empty():
        return None
    unit = rows.get_column("unit").drop_nulls().first() or ""
    scale = scale_for(_size(rows.get_column("value")))
    rows = rows.with_columns(_printed(rows, str(unit), scale), (pl.col("scenario") == "base").alias("base"))
    names = rows.get_column("scenario").unique(maintain_order=True).to_list()
    y = alt.Y("scenario:N", sort=names, axis=alt.Axis(title=None, labelLimit=78, domain=False, ticks=False, grid=False, minExtent=64))
    widest = max(_size(rows.get_column("value")), 1e-9)
    low = min(0.0, float(rows.get_column("value").min() or 0.0))  # type: ignore[arg-type]
    x = alt.X("value:Q", axis=None, scale=alt.Scale(domain=[low * 1.5, widest * 1.5]))
    color = alt.condition("datum.base", alt.value(DEMAND), alt.value("#8fb8de"))
    bars = alt.Chart(rows).mark_bar(height={"band": 0.66}).encode(x=x, y=y, color=color)
    words = alt.Chart(rows).mark_text(align="left", dx=4, fontSize=11, color=INK).encode(x=x, y=y, text="printed:N")
    heading = f"{measure.replace('_', ' ')}{_in(str(unit), scale)}"
    title = alt.TitleParams(heading[:1].upper() + heading[1:], fontSize=12, fontWeight="normal", color=QUIET, offset=4)
    return alt.layer(bars, words).properties(width=165, height=23 * len(names), title=title)


def _size(values: pl.Series) -> float:
    largest = values.abs().max()
    return float(largest) if isinstance(largest, int | float) else 0.0


def _in(unit: str, scale: Scale) -> str:
    if unit in {"", "fraction", "share", "ratio"}:
        return ""
    return f", {scale.unit(unit)}"


def _printed(rows: pl.DataFrame, unit: str, scale: Scale) -> pl.Series:
    words = [
        f"{value * 100:,.1f} %"
        if unit in {"fraction", "share"}
        else plain(value / scale.divisor, 1 if abs(value / scale.divisor) < 100 else 0)
        for value in rows.get_column("value")
    ]
    return pl.Series("printed", words)


def bridge(bridge: pl.DataFrame, setting: Setting, *, measure: str, against: str = "budget") -> Chart:
    """Draw one measure's bridge as a waterfall: levels at the ends, changes between them, in the plan's currency.

    `against` is what it starts from: budget, or last_cycle.

    The axis begins above zero where the changes would not be seen otherwise, and its title says so.
    """
    steps = bridge.filter((pl.col("measure") == measure) & (pl.col("against") == against)).sort("position")
    amounts, kinds = steps.get_column("amount").fill_null(0).to_list(), steps.get_column("kind").to_list()
    names = steps.get_column("step").to_list()
    whole = stairs(names, amounts, kinds)
    scale = scale_for(max(_size(whole.get_column("from")), _size(whole.get_column("to"))))
    frame = stairs(names, amounts, kinds, divisor=scale.divisor)
    difference = money(float(whole["to"][-1] - whole["to"][0]), setting.currency)
    money_unit = scale.unit(setting.currency or "money")
    chart = alt.layer(*layers(frame, money_unit + ("; axis does not start at zero" if cut(frame) else "")))
    word = measure.replace("_", " ")
    title = f"{word[:1].upper()}{word[1:]} from {names[0].lower()} to {names[-1].lower()}: {difference}"
    return styled(chart, title, "", f"{title}. Steps in {money_unit}: {told(frame)}.", height=280)


def gaps(gap: pl.DataFrame, setting: Setting) -> Chart:
    """Draw the largest gaps as bars: to the left what is missing, to the right what is too much; in money (what they are ranked by, else
    revenue), else margin, else units.

    Gaps without that measure are left out, and so is idle capacity where the room in supply tells it in total; the subtitle counts them.
    """
    side = pl.coalesce("revenue", "units").sign()
    drawn = gap.with_columns(pl.coalesce(pl.col("stake") * side, "revenue").alias("money"))
    if drawn.filter(pl.col("kind") == "supply_surplus").height:
        drawn = drawn.filter(pl.col("kind") != "idle_capacity")
    measure = next((name for name in ("money", "margin") if drawn.get_column(name).is_not_null().any()), "units")
    known = drawn.filter(pl.col(measure).is_not_null()).sort("rank").head(MOST_GAPS)
    scale = scale_for(_size(known.get_column(measure)))
    printed = labels(setting)
    rows = known.select(
        pl.Series("gap", [_named(row, printed) for row in known.iter_rows(named=True)]),
        (pl.col(measure) / scale.divisor).alias("size"),
        pl.Series("printed", [change(value / scale.divisor, "change") for value in known.get_column(measure)]),
        (pl.col(measure) < 0).alias("short"),
    )
    currency = "" if measure == "units" else setting.currency or "money"
    unit = scale.unit(currency) or "units"
    if currency:
        unit = f"{unit} ({'revenue, or stock at cost' if measure == 'money' else measure})"
    left_out = gap.height - known.height
    subtitle = f"Not drawn, but in the table: {left_out}" if left_out else ""
    title = f"Largest gaps, {unit}"
    chart = alt.layer(*_sided(rows))
    return styled(
        chart,
        title,
        subtitle,
        f"{title}: " + "; ".join(f"{a} {b}" for a, b in rows.select("gap", "printed").iter_rows()) + ".",
        height=30 * rows.height,
    )


def _named(row: dict[str, object], printed: object) -> str:
    words = labels_of(row["period"], printed), labels_of(row["until"], printed)
    when = words[0] if words[0] == words[1] else f"{words[0]} to {words[1]}"
    place = f" in {row['market']}" if row["market"] else ""
    kind, subject = str(row["kind"]).replace("_", " "), str(row["subject"])
    about = kind if subject in kind else f"{subject}{place}: {kind}"
    return f"{row['rank']}. {about}, {when}"


def labels_of(period: object, printed: object) -> str:
    """Return the printed label of a period, or its date where it lies outside the horizon."""
    known = printed.get(period) if isinstance(printed, dict) else None
    return known or str(period)


def _sided(rows: pl.DataFrame) -> list[alt.Chart]:
    names = rows.get_column("gap").to_list()
    widest = _size(rows.get_column("size")) or 1.0
    low = -widest * 1.3 if rows.get_column("short").any() else 0.0
    high = widest * 1.3 if not rows.get_column("short").all() else 0.0
    x = alt.X("size:Q", title=None, scale=alt.Scale(domain=[low, high]), axis=alt.Axis(format=",~f", tickCount=5, gridColor=GRID))
    y = alt.Y("gap:N", sort=names, axis=alt.Axis(title=None, labelLimit=310, labelColor=INK, domain=False, ticks=False, grid=False))
    tone = alt.condition("datum.short", alt.value(BAD), alt.value(LEVEL))
    bars = alt.Chart(rows).mark_bar(height={"band": 0.6}).encode(x=x, y=y, color=tone)
    left = (
        alt.Chart(rows)
        .transform_filter("datum.short")
        .mark_text(align="right", dx=-5, fontSize=12, color=INK)
        .encode(x=x, y=y, text="printed:N")
    )
    right = (
        alt.Chart(rows)
        .transform_filter("!datum.short")
        .mark_text(align="left", dx=5, fontSize=12, color=INK)
        .encode(x=x, y=y, text="printed:N")
    )
    return [bars, left, right]
