"""Pictures of options: what is short by period and what closes it, and options by what they bring."""

import altair as alt
import polars as pl

from equipoise.charts.scale import plain, scale_for
from equipoise.charts.series import labels
from equipoise.charts.stairs import change
from equipoise.charts.style import BAD, CATEGORIES, DEMAND, GRID, INK, Chart, periods_axis, styled
from equipoise.tables.setting import Setting

MOST_OPTIONS = 12
MOST_STACKED = 6
STILL_SHORT = "still short"
_LISTED = "#8fb8de"
_NOTHING = 1e-6


def closed_rows(option_period: pl.DataFrame, option: pl.DataFrame) -> pl.DataFrame:
    """Return (period, part, position, quantity): what of the units short in a period each recommended option closes, and what stays short.

    Options are stacked in the order in which they were combined; beyond six, the others count as one. An option that moves shortage into
    a period closes nothing there, and what stays short says so.
    """
    short = option_period.filter(pl.col("option").fill_null("") == "").select("period", "short").sort("period")
    singles = option.filter((pl.col("status") == "recommended") & (pl.col("kind") != "combination")).sort("rank", nulls_last=True)
    order = {name: place for place, name in enumerate(singles.get_column("option"), start=1)}
    stacked = option_period.filter(pl.col("option").is_in(list(order))).with_columns(
        pl.coalesce("stacked", "closed").fill_null(0.0).alias("by")
    )
    left = stacked.group_by("period", maintain_order=True).agg(pl.col("by").sum())
    rest = short.join(left, on="period", how="left", maintain_order="left").select(
        "period",
        pl.lit(STILL_SHORT).alias("part"),
        pl.lit(0).alias("position"),
        pl.max_horizontal(pl.col("short") - pl.col("by").fill_null(0.0), 0.0).alias("quantity"),
    )
    place = pl.col("option").replace_strict(order, default=0, return_dtype=pl.Int32).alias("position")
    parts = stacked.select("period", pl.col("option").alias("part"), place, pl.col("by").clip(0.0).alias("quantity"))
    many = pl.when(pl.col("position") > MOST_STACKED)
    parts = parts.with_columns(
        many.then(pl.lit("others")).otherwise("part").alias("part"), many.then(MOST_STACKED + 1).otherwise("position").alias("position")
    )
    both = pl.concat([rest, parts.with_columns(pl.col("position").cast(pl.Int32))])
    sums = both.group_by("period", "part", "position", maintain_order=True).agg(pl.col("quantity").sum())
    return sums.filter(pl.col("quantity").abs().sum().over("part") > _NOTHING).sort("period", "position")


def gap_closed(option_period: pl.DataFrame, option: pl.DataFrame, setting: Setting, *, unit: str = "units") -> Chart:
    """Draw what is short in each period as a bar, made of what each recommended option closes and of what stays short.

    Raises ValueError where nothing is short.
    """
    rows = closed_rows(option_period, option)
    if rows.is_empty():
        raise ValueError("nothing is short in any period")
    printed = labels(setting)
    scale = scale_for(float(rows.group_by("period", maintain_order=True).agg(pl.col("quantity").sum()).get_column("quantity").max() or 0.0))  # type: ignore[arg-type]
    rows = rows.with_columns(
        pl.col("period").replace_strict(printed, default=None, return_dtype=pl.String).alias("label"),
        (pl.col("quantity") / scale.divisor).alias("size"),
    ).drop_nulls("label")
    parts = rows.sort("position").get_column("part").unique(maintain_order=True).to_list()
    colors = [
        BAD if part == STILL_SHORT else CATEGORIES[place % len(CATEGORIES)]
        for place, part in enumerate(part for part in parts if part != STILL_SHORT)
    ]
    tones = dict(zip([part for part in parts if part != STILL_SHORT], colors, strict=True)) | {STILL_SHORT: BAD}
    words = scale.unit(unit)
    x = alt.X("label:O", sort=list(printed.values()), scale=alt.Scale(domain=list(printed.values())), axis=periods_axis(len(printed)))
    y = alt.Y("size:Q", title=None, stack="zero", axis=alt.Axis(format=",~f", tickCount=5, gridColor=GRID))
    color = alt.Color("part:N", sort=parts, scale=alt.Scale(domain=parts, range=[tones[part] for part in parts]))
    bars = alt.Chart(rows).mark_bar(width={"band": 0.7}).encode(x=x, y=y, color=color, order=alt.Order("position:Q"))
    total = rows.group_by("part", maintain_order=True).agg(pl.col("quantity").sum())
    told = "; ".join(f"{part} {plain(size)}" for part, size in total.iter_rows())
    title = f"Demand not served in its period, and what closes it, {words}"
    return styled(bars, title, "Options in the order in which they were combined", f"{title}, in all: {told}.", height=260)


def _labels(ranked: pl.DataFrame) -> list[str]:
    """Return rank and name of each option; a combination is named by the ranks of its members, for names of several are long."""
    ranks = dict(ranked.select("option", "rank").iter_rows())
    found = []
    for row in ranked.iter_rows(named=True):
        members = [str(ranks[name]) for name in (row["members"] or "").split("; ") if name in ranks]
        found.append(f"{row['rank']}. {' + '.join(members)} together" if len(members) > 1 else f"{row['rank']}. {row['option']}")
    return found


def option_ranking(option: pl.DataFrame, setting: Setting) -> Chart:
    """Draw ranked options as bars by net money; where no money is known, by the units of shortage that they close.

    Raises ValueError where no option is ranked.
    """
    ranked = option.drop_nulls("rank").sort("rank").head(MOST_OPTIONS)
    if ranked.is_empty():
        raise ValueError("no option is ranked")
    money = ranked.get_column("net_money").is_not_null().any()
    value = pl.col("net_money") if money else -pl.col("shortage")
    rows = ranked.select(pl.Series("option", _labels(ranked)), value.fill_null(0.0).alias("value"), pl.col("status") == "recommended")
    low, high = min(0.0, float(rows["value"].to_numpy().min())), max(0.0, float(rows["value"].to_numpy().max()))
    scale = scale_for(max(abs(low), high))
    rows = rows.with_columns(
        (pl.col("value") / scale.divisor).alias("size"),
        pl.Series("printed", [change(one / scale.divisor, "change") for one in rows["value"]]),
    )
    room = (high - low or 1.0) * 0.25 / scale.divisor
    x = alt.X(
        "size:Q",
        title=None,
        scale=alt.Scale(domain=[low / scale.divisor - (room if low < 0 else 0.0), high / scale.divisor + room]),
        axis=alt.Axis(format=",~f", tickCount=5, gridColor=GRID),
    )
    names = rows.get_column("option").to_list()
    y = alt.Y("option:N", sort=names, axis=alt.Axis(title=None, labelLimit=310, labelColor=INK, domain=False, ticks=False, grid=False))
    tone = alt.condition("datum.status", alt.value(DEMAND), alt.value(_LISTED))
    bars = alt.Chart(rows).mark_bar(height={"band": 0.6}).encode(x=x, y=y, color=tone)
    left, right = (
        alt.Chart(rows).transform_filter(side).encode(x=x, y=y, text="printed:N") for side in ("datum.size < 0", "datum.size >= 0")
    )
    words = (left.mark_text(align="right", dx=-5, fontSize=12, color=INK), right.mark_text(align="left", dx=5, fontSize=12, color=INK))
    unit = scale.unit(setting.currency or "money") if money else scale.unit("units of shortage")
    title = f"Options by {'what they bring after their cost' if money else 'what they close'}, {unit}"
    told = "; ".join(f"{name} {size}" for name, size in rows.select("option", "printed").iter_rows())
    return styled(alt.layer(bars, *words), title, "Dark: recommended", f"{title}: {told}.", height=40 + 30 * rows.height)
