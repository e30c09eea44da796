"""Pictures of demand."""

import altair as alt
import polars as pl

from equipoise.charts.scale import plain, scale_for
from equipoise.charts.series import by_period, calendar_of, total
from equipoise.charts.style import BAND, BUDGET, DEMAND, HISTORY, SHIPPED, Chart, styled
from equipoise.tables.setting import Setting

_COLORS = {"History": HISTORY, "Demand plan": DEMAND, "Shipped": SHIPPED, "Budget": BUDGET}
_DASHES = {"History": [1, 0], "Demand plan": [1, 0], "Shipped": [1, 0], "Budget": [6, 4]}
_WIDTHS = {"History": 2, "Demand plan": 3.5, "Shipped": 1.8, "Budget": 2}
YEARS_SHOWN = 2
MOST_BAND = 2.0


def demand_against_supply(
    history: pl.DataFrame,
    demand_plan: pl.DataFrame,
    shortage: pl.DataFrame,
    budget: pl.DataFrame,
    setting: Setting,
    *,
    subject: str = "",
    unit: str = "units",
) -> Chart:
    """Draw history, demand plan with its p10 to p90 band, what is shipped, and the budget, by period in `unit`.

    Tables that are empty are left out. The band is the sum of the bands of the series: at most as wide as the total's own.
    """
    lines = _lines(history, demand_plan, shortage, budget, setting)
    scale = scale_for(_largest(lines.get_column("quantity")))
    band = by_period(demand_plan, "p10", "p90").drop_nulls().with_columns(pl.col("p10", "p90") / scale.divisor)
    lines = lines.with_columns(pl.col("quantity") / scale.divisor)
    top, highest = MOST_BAND * _largest(lines.get_column("quantity")), _largest(band.get_column("p90"))
    layers = [_band(band)] if band.height else []
    layers.append(_drawn(lines, scale.unit(unit), top if highest > top else None))
    shipped = f", shipped {plain(total(shortage, 'shipped'))}" if shortage.height else ""
    title = f"{subject + ': d' if subject else 'D'}emand {plain(total(demand_plan, 'quantity'))}{shipped} {unit}"
    cut = f"; it goes on to {plain(highest)} above the picture" if highest > top else ""
    subtitle = f"The band runs from p10 to p90, summed over the series{cut}" if band.height else ""
    description = f"{title}. Lines by period: {', '.join(lines.get_column('line').unique(maintain_order=True).to_list())}."
    return styled(alt.layer(*layers), title, subtitle, description, height=290)


def _largest(values: pl.Series) -> float:
    largest = values.abs().max()
    return float(largest) if isinstance(largest, int | float) else 0.0


def _lines(
    history: pl.DataFrame, demand_plan: pl.DataFrame, shortage: pl.DataFrame, budget: pl.DataFrame, setting: Setting
) -> pl.DataFrame:
    """Return (line, period, quantity), the lines in the order of the legend."""
    shown = YEARS_SHOWN * calendar_of(setting).periods_a_year
    parts = {
        "History": by_period(history, "quantity").tail(shown),
        "Demand plan": by_period(demand_plan, "quantity"),
        "Shipped": by_period(shortage, "shipped").rename({"shipped": "quantity"}),
        "Budget": by_period(budget, "quantity").drop_nulls(),
    }
    named = [frame.select(pl.lit(name).alias("line"), "period", "quantity") for name, frame in parts.items() if frame.height]
    return pl.concat(named)


def _drawn(lines: pl.DataFrame, unit: str, top: float | None) -> alt.Chart:
    names = lines.get_column("line").unique(maintain_order=True).to_list()
    marks: alt.Chart = (
        alt.Chart(lines)
        .mark_line(strokeCap="round", strokeJoin="round", clip=True)
        .encode(
            x=alt.X("period:T", axis=alt.Axis(title=None, format="%b %Y", labelOverlap="parity", labelFlush=False, grid=False)),
            y=alt.Y(
                "quantity:Q", title=unit, scale=alt.Scale(domainMax=top) if top else alt.Undefined, axis=alt.Axis(format=",~f", tickCount=6)
            ),
            color=alt.Color("line:N", sort=names, scale=alt.Scale(domain=names, range=[_COLORS[name] for name in names])),
            strokeDash=alt.StrokeDash("line:N", scale=alt.Scale(domain=names, range=[_DASHES[name] for name in names])),
            strokeWidth=alt.StrokeWidth("line:N", scale=alt.Scale(domain=names, range=[_WIDTHS[name] for name in names])),
        )
    )
    return marks


def _band(band: pl.DataFrame) -> alt.Chart:
    marks: alt.Chart = alt.Chart(band).mark_area(color=BAND, opacity=0.6, clip=True).encode(x="period:T", y="p10:Q", y2="p90:Q")
    return marks
