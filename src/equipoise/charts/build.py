"""Production and inventory build against demand: what is made ahead, and when it is used."""

import datetime as dt

import altair as alt
import polars as pl

from equipoise.charts.scale import scale_for
from equipoise.charts.series import by_period, calendar_of, labels, largest_families, total
from equipoise.charts.style import DEMAND, INK, QUIET, Chart, periods_axis, styled
from equipoise.charts.supply_rows import MEASURES, build
from equipoise.tables.figures import named, number
from equipoise.tables.setting import Setting

MADE, BOUGHT, ASKED, STOCK, TARGET = "Made", "Bought", "Demand", "Stock at the end", "Target stock"
_COLORS = {MADE: "#8fb8de", BOUGHT: "#c9b458", ASKED: DEMAND, STOCK: "#d9822b", TARGET: INK}
_DASHES = {STOCK: [1, 0], TARGET: [4, 3], ASKED: [1, 0]}
_WIDTHS = {STOCK: 2.5, TARGET: 1.5, ASKED: 2.5}
MOST_FAMILIES = 6
_LEAST = 0.1  # a build of less than a tenth of a period's demand is not worth a title


def build_against_demand(rows: pl.DataFrame, setting: Setting, *, unit: str = "units") -> Chart:
    """Draw, in total, what is made and bought (bars), demand (line) and stock with its target by period, in `unit`.

    `rows` are those of `build_rows`. Raises ValueError where there are none.
    """
    sums = _in_horizon(by_period(rows, *MEASURES), setting)
    if sums.is_empty():
        raise ValueError("no plan to draw")
    scale = scale_for(_largest(sums))
    title = _title(sums, setting, unit)
    subtitle = "Bars: supply in the period of production or order; lines: demand, and stock at the end of the period"
    description = f"{title}. {subtitle}. Demand {number(total(sums, 'demand'))} {unit}."
    chart = alt.layer(*_layers(sums, setting, scale.divisor, scale.unit(unit)))
    return styled(chart, title, subtitle, description, height=290)


def build_by_family(rows: pl.DataFrame, setting: Setting, *, unit: str = "units") -> Chart:
    """Draw the same for each of the largest families, at most six, side by side and each at its own scale; the rest are one more.

    Raises ValueError where there are none.
    """
    known = _in_horizon(rows, setting)
    if known.is_empty():
        raise ValueError("no plan to draw")
    small = known.get_column("family").n_unique() > MOST_FAMILIES
    merged = largest_families(known, "demand", MOST_FAMILIES - 1) if small else known
    sums = by_period(merged, *MEASURES, also=("family",))
    sizes = sums.group_by("family", maintain_order=True).agg(pl.col("demand").sum().round(6))
    names = sizes.sort(["demand", "family"], descending=[True, False]).get_column("family").to_list()
    legend = _kinds(sums)
    panels = [_panel(sums.filter(pl.col("family") == name), (name, unit), setting, legend) for name in names]
    title, subtitle = _families_title(sums, names, setting, unit), "Supply, demand and stock by family, each at its own scale"
    return styled(
        alt.concat(*panels, columns=2, spacing={"row": 16, "column": 18}), title, subtitle, f"{title}. Families: {', '.join(names)}."
    )


def _panel(rows: pl.DataFrame, named_in: tuple[str, str], setting: Setting, legend: list[str]) -> alt.LayerChart | alt.FacetChart:
    scale = scale_for(_largest(rows))
    name, unit = named_in
    heading = alt.TitleParams(f"{name}, {scale.unit(unit)}", fontSize=12, fontWeight="normal", color=QUIET, offset=4)
    layers = _layers(rows, setting, scale.divisor, "", legend)
    drawn: alt.LayerChart | alt.FacetChart = alt.layer(*layers).properties(width=325, height=130, title=heading)
    return drawn


def narrow_axis() -> alt.Axis:
    """Return the axis of periods for a picture of half the usual width: as many labels as fit with room between them."""
    return alt.Axis(**{**periods_axis(99).to_dict(), "labelSeparation": 8})


def _in_horizon(rows: pl.DataFrame, setting: Setting) -> pl.DataFrame:
    return rows.filter(pl.col("period").is_in(list(calendar_of(setting).periods)))


def _largest(rows: pl.DataFrame) -> float:
    supply = pl.col("made").fill_null(0.0) + pl.col("bought").fill_null(0.0)
    largest = rows.select(pl.max_horizontal(supply, "demand", "stock", "target").max()).item()
    return float(largest) if largest is not None else 0.0


def _title(rows: pl.DataFrame, setting: Setting, unit: str) -> str:
    made, asked = total(rows, "made") + total(rows, "bought"), total(rows, "demand")
    found = build(rows)
    if found is None or found[0] < _LEAST * asked / max(rows.height, 1):
        return f"{number(made)} {unit} made and bought for a demand of {number(asked)}"
    return f"{number(found[0])} {unit} built ahead by the end of {_when(found[2], setting)}, and used after"


def _families_title(sums: pl.DataFrame, names: list[str], setting: Setting, unit: str) -> str:
    """Return which family is built ahead most."""
    builds = []
    for name in names:
        own = sums.filter(pl.col("family") == name)
        found = build(own)
        if found is not None and found[0] >= _LEAST * total(own, "demand") / max(own.height, 1):
            builds.append((round(found[0], 6), name, found[2]))
    if not builds:
        return f"Nothing is built ahead: supply follows demand in {'each family' if len(names) > 1 else names[0]}"
    units, name, peak = max(builds, key=lambda one: one[0])
    more = f"; {len(builds)} of {len(names)} families build ahead" if len(names) > 1 else ""
    return f"{number(units)} {unit} of {name} built ahead by the end of {_when(peak, setting)}{more}"


def _when(period: dt.date, setting: Setting) -> str:
    return named(period, calendar_of(setting))


def _kinds(rows: pl.DataFrame) -> list[str]:
    """Return what the rows have anything of, in the order of the legend; demand always."""
    return [
        word for name, word in zip(MEASURES, _COLORS, strict=False) if word == ASKED or rows.get_column(name).fill_null(0.0).abs().max()
    ]


def _layers(rows: pl.DataFrame, setting: Setting, divisor: float, unit: str, legend: list[str] | None = None) -> list[alt.Chart]:
    """Return the marks; with a `legend`, that of several small pictures together, they are drawn for one of these."""
    small = legend is not None
    printed = labels(setting)
    long = rows.select(
        pl.col("period").replace_strict(printed, default=None, return_dtype=pl.String).alias("label"),
        *((pl.col(name) / divisor).alias(word) for name, word in zip(MEASURES, _COLORS, strict=False)),
    ).unpivot(index="label", variable_name="kind", value_name="value")
    known = long.drop_nulls("value")
    names = _kinds(rows)
    columns = list(dict.fromkeys(long.get_column("label").to_list()))
    x = alt.X("label:O", sort=columns, scale=alt.Scale(domain=columns), axis=narrow_axis() if small else periods_axis(len(columns)))
    y = alt.Y("value:Q", title=unit or None, axis=alt.Axis(format=",~f", tickCount=4 if small else 6))
    scale = alt.Scale(domain=list(_COLORS), range=list(_COLORS.values()))
    color = alt.Color("kind:N", scale=scale, legend=alt.Legend(values=legend or names, symbolType="square", symbolOpacity=1))
    order = alt.Order("place:Q")
    bars = known.filter(pl.col("kind").is_in([MADE, BOUGHT])).with_columns((pl.col("kind") == BOUGHT).cast(pl.Int64).alias("place"))
    lines = known.filter(pl.col("kind").is_in([name for name in names if name in _DASHES]))
    point = alt.OverlayMarkDef(size=30) if len(columns) == 1 else False
    dash = alt.StrokeDash("kind:N", scale=alt.Scale(domain=list(_DASHES), range=list(_DASHES.values())), legend=None)
    thick = [width * (0.75 if small else 1.0) for width in _WIDTHS.values()]
    wide = alt.StrokeWidth("kind:N", scale=alt.Scale(type="ordinal", domain=list(_WIDTHS), range=thick), legend=None)
    return [
        alt.Chart(bars).mark_bar().encode(x=x, y=y, color=color, order=order),
        alt.Chart(lines).mark_line(point=point).encode(x=x, y=y, color=color, strokeDash=dash, strokeWidth=wide),
    ]
