"""Rough-cut capacity: which families fill a resource."""

import altair as alt
import polars as pl

from equipoise.charts.build import narrow_axis
from equipoise.charts.series import by_period, calendar_of, labels, largest_families
from equipoise.charts.style import BAD, CATEGORIES, QUIET, Chart, styled
from equipoise.tables.figures import named, share
from equipoise.tables.setting import Setting

MOST_PANELS = 6
_WIDE, _NARROW = 700, 325


def load_by_family(rows: pl.DataFrame, setting: Setting, *, asked: bool) -> Chart:
    """Draw for each of the fullest resources (at most six) what its families take of its regular capacity, in percent, by period.

    `rows` are those of `family_load`; `asked` says that they are required without limits, not loaded by the plan. Raises ValueError
    where there are none.
    """
    if rows.is_empty():
        raise ValueError("no load to draw")
    resources = _fullest(rows)
    shown = largest_families(rows.filter(pl.col("resource").is_in(resources[:MOST_PANELS])), "share")
    families = (
        shown.group_by("family", maintain_order=True)
        .agg(pl.col("share").sum().round(6))
        .sort(["share", "family"], descending=[True, False])
    )
    names = families.get_column("family").to_list()
    drawn = by_period(shown, "share", also=("resource", "family")).with_columns(
        (pl.col("share") * 100).alias("percent"),
        pl.col("period").replace_strict(labels(setting), default=None, return_dtype=pl.String).alias("label"),
        pl.col("family").replace_strict({name: place for place, name in enumerate(names)}, return_dtype=pl.Int64).alias("rank"),
    )
    width = _WIDE if len(resources) == 1 else _NARROW
    columns = drawn.sort("period").get_column("label").unique(maintain_order=True).to_list()
    panels = [
        _panel(drawn.filter(pl.col("resource") == name), f"{name}, %", names, columns).properties(width=width)
        for name in resources[:MOST_PANELS]
    ]
    title = _title(rows, resources[0], setting, asked=asked)
    words = "Required without limits" if asked else "Loaded by the plan"
    some = f"; the {MOST_PANELS} fullest of {len(resources)} resources" if len(resources) > MOST_PANELS else ""
    subtitle = f"{words}, % of regular capacity by family; the line is 100 %{some}"
    description = f"{title}. {subtitle}. Resources: {', '.join(resources[:MOST_PANELS])}; families: {', '.join(names)}."
    return styled(alt.concat(*panels, columns=2, spacing={"row": 16, "column": 18}), title, subtitle, description)


def _fullest(rows: pl.DataFrame) -> list[str]:
    """Return the resources that more than one family uses, else all of them; the fullest first."""
    shared = rows.group_by("resource", maintain_order=True).agg(pl.col("family").n_unique())
    several = shared.filter(pl.col("family") > 1).get_column("resource")
    kept = rows.filter(pl.col("resource").is_in(several.implode())) if several.len() else rows
    peaks = by_period(kept, "share", also=("resource",)).group_by("resource", maintain_order=True).agg(pl.col("share").max().round(6))
    return peaks.sort(["share", "resource"], descending=[True, False]).get_column("resource").to_list()


def _title(rows: pl.DataFrame, resource: str, setting: Setting, *, asked: bool) -> str:
    own = rows.filter(pl.col("resource") == resource)
    peak = by_period(own, "share").sort([pl.col("share").round(6), "period"], descending=[True, False]).row(0, named=True)
    then = (
        own.filter(pl.col("period") == peak["period"])
        .sort([pl.col("share").round(6), "family"], descending=[True, False])
        .row(0, named=True)
    )
    when = named(peak["period"], calendar_of(setting))
    verb = "asked" if asked else "taken"
    whole = "alone" if then["share"] >= peak["share"] * 0.995 else f"of {share(peak['share'])} in all"
    return f"{share(then['share'])} of {resource} {verb} by {then['family']} in {when}, {whole}"


def _panel(rows: pl.DataFrame, name: str, families: list[str], columns: list[str]) -> alt.LayerChart | alt.FacetChart:
    x = alt.X("label:O", sort=columns, scale=alt.Scale(domain=columns), axis=narrow_axis())
    color = alt.Color("family:N", sort=families, scale=alt.Scale(domain=families, range=list(CATEGORIES[: len(families)])))
    y = alt.Y("percent:Q", title=None, axis=alt.Axis(format=",~f", tickCount=4))
    bars = alt.Chart(rows).mark_bar().encode(x=x, y=y, color=color, order=alt.Order("rank:Q"))
    full = alt.Chart(pl.DataFrame({"full": [100.0]})).mark_rule(color=BAD, strokeWidth=1.5).encode(y="full:Q")
    heading = alt.TitleParams(name, fontSize=12, fontWeight="normal", color=QUIET, offset=4)
    drawn: alt.LayerChart | alt.FacetChart = alt.layer(bars, full).properties(height=120, title=heading)
    return drawn
