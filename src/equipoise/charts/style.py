"""One look for every picture: colors that color-blind readers and printers can tell apart, readable type, quiet axes."""

from typing import Any

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

Chart = alt.TopLevelMixin


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


def styled(chart: Chart, title: str, subtitle: str, description: str, *, height: int | None = None) -> Chart:
    """Return the chart with the common look, its title, subtitle (may be empty) and a description for readers who cannot see it.

    With a `height` the picture is as wide as every other, axes and all; charts made of several keep their own sizes.
    """
    heading = alt.TitleParams(title, subtitle=subtitle) if subtitle else alt.TitleParams(title)
    made: Any = chart
    if height is not None:
        made = made.properties(width=WIDTH, height=height, autosize=alt.AutoSizeParams(type="fit-x", contains="padding"))
    finished: Chart = made.properties(title=heading, description=description).configure(**_configuration())
    return finished


_MONTH = "/^[0-9]{4}-[0-9]{2}$/"
_TWO_LINES = (
    f"test({_MONTH}, datum.label) ? [monthAbbrevFormat(toNumber(slice(datum.label, 5)) - 1), slice(datum.label, 0, 4)]"
    " : [slice(datum.label, 5), slice(datum.label, 0, 4)]"
)


def periods_axis(count: int) -> alt.Axis:
    """Return an axis for period labels, the year below; thinned out where there are too many to print."""
    overlap: Any = "greedy" if count > 20 else False
    return alt.Axis(
        title=None, labelAngle=0, labelOverlap=overlap, labelExpr=_TWO_LINES, grid=False, labelFontSize=12 if count <= 15 else 11
    )
