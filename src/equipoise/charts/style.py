"""One look for every picture: colors that color-blind readers and printers can tell apart, readable type, quiet axes."""

from typing import Any, TypeVar

import altair as alt

INK = "#25303b"
QUIET = "#66717d"
GRID = "#e3e7eb"
DEMAND = "#1f4e79"
BAND = "#b9d0e6"
SHIPPED = "#d9822b"
HISTORY = "#7d8994"
BUDGET = "#3c7d68"
TARGET = "#25303b"
GOOD = "#3c7d68"
BAD = "#b5473c"
LEVEL = "#1f4e79"
CATEGORIES = ("#1f4e79", "#d9822b", "#3c7d68", "#a8577e", "#8fb8de", "#c9b458", "#6b4c9a", "#7d8994")
FONT = "Arial, Helvetica, sans-serif"
WIDTH = 760

ChartT = TypeVar("ChartT", bound=alt.TopLevelMixin)
Chart = alt.Chart | alt.LayerChart | alt.ConcatChart | alt.VConcatChart


def _configuration() -> dict[str, Any]:
    axis = {
        "labelColor": QUIET,
        "titleColor": QUIET,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "gridColor": GRID,
        "domainColor": GRID,
        "tickColor": GRID,
        "labelFont": FONT,
        "titleFont": FONT,
    }
    legend = {"labelColor": INK, "labelFontSize": 12, "labelFont": FONT, "labelLimit": 220, "orient": "top", "title": None, "offset": 6}
    title = {
        "color": INK,
        "fontSize": 15,
        "font": FONT,
        "anchor": "start",
        "subtitleColor": QUIET,
        "subtitleFontSize": 12,
        "subtitleFont": FONT,
        "offset": 10,
    }
    marks = {"font": FONT, "aria": False}
    return {"axis": axis, "legend": legend, "title": title, "view": {"stroke": None}, "background": "transparent", "font": FONT, **marks}


def styled(chart: ChartT, title: str, subtitle: str, description: str) -> ChartT:
    """Return the chart with the common look, its title, subtitle (may be empty) and a description for readers who cannot see it."""
    heading = alt.TitleParams(title, subtitle=subtitle) if subtitle else alt.TitleParams(title)
    made: Any = chart
    return made.properties(title=heading, description=description).configure(**_configuration())  # type: ignore[no-any-return]


def periods_axis(count: int, *, title: str | None = None) -> alt.Axis:
    """Return an axis for period labels: level where few, slanted where many, thinned out where too many to print."""
    return alt.Axis(title=title, labelAngle=0 if count <= 9 else -45, labelOverlap="greedy" if count > 30 else False, grid=False)
