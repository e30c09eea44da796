"""Pictures of load and cost."""

import altair as alt
import polars as pl

from equipoise.charts.scale import scale_for
from equipoise.charts.series import by_period, labels, total
from equipoise.charts.style import CATEGORIES, INK, Chart, periods_axis, styled
from equipoise.tables.figures import money
from equipoise.tables.setting import Setting

_STEPS = (0.5, 0.7, 0.85, 0.95, 1.0001)
_SHADES = ("#f2f6fa", "#d6e4f1", "#abc8e2", "#6f9fca", "#2f6ba5", "#c9432f")
_WORDS = ("under 50 %", "50–70 %", "70–85 %", "85–95 %", "95–100 %", "over 100 %")
MOST_RESOURCES = 24
MOST_NUMBERS = 26


def load_heat_map(capacity_load: pl.DataFrame, setting: Setting) -> Chart:
    """Draw the utilisation of each resource by period, in percent of regular capacity; above 100 % stands out.

    The fullest resources come first, at most 24 of them; numbers are printed while they fit.
    """
    order = capacity_load.group_by("resource", maintain_order=True).agg(pl.col("utilisation").max().alias("peak"))
    order = order.sort(["peak", "resource"], descending=[True, False], nulls_last=True)
    names = order.get_column("resource").head(MOST_RESOURCES).to_list()
    cells = _cells(capacity_load.filter(pl.col("resource").is_in(names)), setting)
    over = cells.filter(pl.col("utilisation") > _STEPS[-1]).get_column("resource").n_unique()
    title = "Load of resources, % of regular capacity"
    subtitle = f"The {len(names)} fullest of {order.height} resources" if order.height > len(names) else ""
    description = f"{title}. {over} of {len(names)} resources go above 100 %; the fullest is {names[0]} at {_percent(order['peak'][0])}."
    return styled(alt.layer(*_heat(cells, names)), title, subtitle, description, height=32 * len(names))


def _percent(value: float | None) -> str:
    return "no load" if value is None else f"{value * 100:,.0f} %"


def _cells(capacity_load: pl.DataFrame, setting: Setting) -> pl.DataFrame:
    printed = labels(setting)
    shade = pl.lit(_WORDS[-1])
    for step, word in reversed(list(zip(_STEPS, _WORDS, strict=False))):
        shade = pl.when(pl.col("utilisation") < step).then(pl.lit(word)).otherwise(shade)
    return (
        capacity_load.sort("period", "resource")
        .select(
            "resource",
            "period",
            "utilisation",
            pl.col("period").replace_strict(printed, default=None, return_dtype=pl.String).alias("label"),
            shade.alias("shade"),
            (pl.col("utilisation") * 100).round(0).cast(pl.Int64).cast(pl.String).alias("number"),
            (pl.col("utilisation") >= 0.95).alias("dark"),
        )
        .filter(pl.col("utilisation").is_not_null())
    )


def _heat(cells: pl.DataFrame, names: list[str]) -> list[alt.Chart]:
    columns = cells.get_column("label").unique(maintain_order=True).to_list()
    x = alt.X("label:O", sort=columns, axis=periods_axis(len(columns)))
    y = alt.Y("resource:N", sort=names, axis=alt.Axis(title=None, labelLimit=140, domain=False, ticks=False, grid=False))
    shade = alt.Color("shade:N", sort=list(_WORDS), scale=alt.Scale(domain=list(_WORDS), range=list(_SHADES)))
    heat = alt.Chart(cells).mark_rect(stroke="#ffffff", strokeWidth=1.5).encode(x=x, y=y, color=shade)
    if len(columns) > MOST_NUMBERS:
        return [heat]
    ink = alt.condition("datum.dark", alt.value("#ffffff"), alt.value(INK))
    size = 12 if len(columns) <= 18 else 10
    return [heat, alt.Chart(cells).mark_text(fontSize=size).encode(x=x, y=y, text="number:N", color=ink)]


def cost_by_category(cost: pl.DataFrame, setting: Setting, *, most: int = 7) -> Chart:
    """Draw what the plan costs by period and term, in the plan's currency; penalties that the model adds itself are left out.

    The largest `most` terms keep their name, the rest are summed.
    """
    spent = cost.filter((pl.col("amount") < 0) & (pl.col("class") != "penalty")).with_columns(-pl.col("amount"))
    sizes = (
        spent.group_by("term", maintain_order=True).agg(pl.col("amount").sum().round(6)).sort(["amount", "term"], descending=[True, False])
    )
    names = sizes.get_column("term").head(most if sizes.height > most + 1 else most + 1).to_list()
    named = spent.with_columns(pl.when(pl.col("term").is_in(names)).then(pl.col("term")).otherwise(pl.lit("other")).alias("term"))
    rows = by_period(named, "amount", also=("term",))
    largest = rows.group_by("period", maintain_order=True).agg(pl.col("amount").sum()).get_column("amount").max()
    scale = scale_for(largest if isinstance(largest, float) else None)
    rows = _worded(rows, setting).with_columns(pl.col("amount") / scale.divisor)
    order = [*names, *(["other"] if "other" in rows.get_column("term").to_list() and "other" not in names else [])]
    columns = rows.sort("period").get_column("label").unique(maintain_order=True).to_list()
    shown = [name.replace("_", " ") for name in order]
    chart = (
        alt.Chart(rows)
        .mark_bar()
        .encode(
            x=alt.X("label:O", sort=columns, axis=periods_axis(len(columns))),
            y=alt.Y("amount:Q", title=scale.unit(setting.currency) or "money", axis=alt.Axis(format=",~f", tickCount=6)),
            color=alt.Color("term:N", sort=shown, scale=alt.Scale(domain=shown, range=list(CATEGORIES[: len(shown)]))),
            order=alt.Order("rank:Q"),
        )
        .transform_lookup(lookup="term", from_=alt.LookupData(_ranks(shown), "term", ["rank"]))
    )
    title = f"Cost {money(total(spent, 'amount'), setting.currency)}, by category"
    return styled(chart, title, "", f"{title}. Largest: {', '.join(shown[:3])}.", height=270)


def _ranks(names: list[str]) -> pl.DataFrame:
    return pl.DataFrame({"term": names, "rank": range(len(names))})


def _worded(rows: pl.DataFrame, setting: Setting) -> pl.DataFrame:
    return rows.with_columns(
        pl.col("period").replace_strict(labels(setting), default=None, return_dtype=pl.String).alias("label"),
        pl.col("term").str.replace_all("_", " "),
    )
