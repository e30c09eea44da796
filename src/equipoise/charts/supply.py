"""Pictures of load and cost."""

import altair as alt
import polars as pl

from equipoise.charts.scale import scale_for
from equipoise.charts.series import by_period, calendar_of, labels, total
from equipoise.charts.style import CATEGORIES, GRID, INK, Chart, periods_axis, styled
from equipoise.charts.supply_rows import utilisation
from equipoise.tables.figures import money, named, plural, share
from equipoise.tables.setting import Setting

_STEPS = (0.5, 0.7, 0.85, 0.95, 1.0001)
_SHADES = ("#f2f6fa", "#d6e4f1", "#abc8e2", "#6f9fca", "#2f6ba5", "#c9432f")
_WORDS = ("under 50 %", "50–70 %", "70–85 %", "85–95 %", "95–100 %", "over 100 %")
_SAME = 0.01  # what is asked and what is planned differ from a hundredth of the capacity on
_DIFFERS = (pl.col("asked") - pl.col("planned").fill_null(0.0)).abs() >= _SAME
MOST_RESOURCES = 24
MOST_NUMBERS = 26


def load_heat_map(capacity_load: pl.DataFrame, setting: Setting, capacity_requirement: pl.DataFrame | None = None) -> Chart:
    """Draw the utilisation of each resource by period, in percent of regular capacity; above 100 % stands out.

    Where `capacity_requirement` asks for something else than the plan loads, a resource has two rows: what is asked of it without
    limits, and below it what is planned. The fullest resources come first, at most 24 of them; numbers are printed while they fit.
    Raises ValueError where no resource has a utilisation.
    """
    rows = utilisation(capacity_load, capacity_requirement)
    if rows.select(pl.max_horizontal("planned", "asked").is_null().all()).item():
        raise ValueError("no load to draw")
    order = rows.group_by("resource", maintain_order=True).agg(
        pl.max_horizontal(pl.col("asked").max(), pl.col("planned").max()).alias("peak")
    )
    order = order.sort([pl.col("peak").round(6), "resource"], descending=[True, False], nulls_last=True)
    names = order.get_column("resource").head(MOST_RESOURCES).to_list()
    shown, paired = _rows(rows.filter(pl.col("resource").is_in(names)), names)
    title = _load_title(rows, setting)
    words = ["Load of resources, % of regular capacity"]
    words += ["asked: without limits, planned: as far as limits allow"] if paired else []
    words += [f"the {len(names)} fullest of {order.height} resources"] if order.height > len(names) else []
    over = rows.filter(pl.max_horizontal("asked", "planned") > _STEPS[-1]).get_column("resource").n_unique()
    description = f"{title}. {words[0]}: {over} of {order.height} resources go above 100 %; the fullest is {names[0]}."
    keys = shown.get_column("row").unique(maintain_order=True).sort().to_list()
    marks = alt.layer(*_heat(_cells(shown, setting), keys, paired))
    return styled(marks, title, "; ".join(words), description, height=(26 if paired else 32) * len(keys))


def _load_title(rows: pl.DataFrame, setting: Setting) -> str:
    """Return what stands out: the resource of which most is asked, else the fullest one."""
    most = "asked" if rows.select(_DIFFERS.any()).item() else "planned"
    known = rows.filter(pl.col(most).is_not_null())
    worst = known.sort([pl.col(most).round(6), "period", "resource"], descending=[True, False, False]).row(0, named=True)
    when = named(worst["period"], calendar_of(setting))
    if most == "planned":
        return f"{share(worst['planned'])} of regular capacity: {worst['resource']} in {when} is the fullest"
    held = "" if worst["planned"] is None else f", {share(worst['planned'])} planned"
    others = known.filter(pl.col("asked") > _STEPS[-1]).get_column("resource").n_unique() - 1
    more = f"; too much is asked of {others} other {plural('resource', others)}" if others > 0 else ""
    return f"{share(worst['asked'])} asked of {worst['resource']} in {when}{held}{more}"


def _rows(rows: pl.DataFrame, names: list[str]) -> tuple[pl.DataFrame, bool]:
    """Return (row, period, utilisation): one row a resource, two where what is asked differs; and whether any has two.

    The name of a row begins with four characters for its place, which are not printed.
    """
    apart = rows.filter(_DIFFERS).get_column("resource").unique().implode()
    place = pl.col("resource").replace_strict({name: f"{number:03}" for number, name in enumerate(names)}, return_dtype=pl.String)
    two = pl.col("resource").is_in(apart)
    planned = rows.select(
        pl.when(two).then(place + "bplanned").otherwise(place + "b" + pl.col("resource")).alias("row"),
        "period",
        pl.col("planned").alias("utilisation"),
    )
    asked = rows.filter(two).select(
        (place + "a" + pl.col("resource") + ", asked").alias("row"), "period", pl.col("asked").alias("utilisation")
    )
    return pl.concat([planned, asked]), asked.height > 0


def _cells(rows: pl.DataFrame, setting: Setting) -> pl.DataFrame:
    printed = labels(setting)
    shade = pl.lit(_WORDS[-1])
    for step, word in reversed(list(zip(_STEPS, _WORDS, strict=False))):
        shade = pl.when(pl.col("utilisation") < step).then(pl.lit(word)).otherwise(shade)
    return (
        rows.sort("period", "row")
        .select(
            "row",
            "period",
            "utilisation",
            pl.col("period").replace_strict(printed, default=None, return_dtype=pl.String).alias("label"),
            shade.alias("shade"),
            (pl.col("utilisation") * 100).round(0).cast(pl.Int64).cast(pl.String).alias("number"),
            (pl.col("utilisation") >= 0.95).alias("dark"),
        )
        .filter(pl.col("utilisation").is_not_null() & pl.col("label").is_not_null())
    )


def _heat(cells: pl.DataFrame, keys: list[str], paired: bool) -> list[alt.Chart]:
    columns = cells.get_column("label").unique(maintain_order=True).to_list()
    x = alt.X("label:O", sort=columns, axis=periods_axis(len(columns)))
    axis = alt.Axis(title=None, labelLimit=190, domain=False, ticks=False, grid=False, labelExpr="slice(datum.label, 4)")
    y = alt.Y("row:N", sort=keys, scale=alt.Scale(domain=keys), axis=axis)
    shade = alt.Color("shade:N", sort=list(_WORDS), scale=alt.Scale(domain=list(_WORDS), range=list(_SHADES)))
    marks = [alt.Chart(cells).mark_rect(stroke="#ffffff", strokeWidth=1.5).encode(x=x, y=y, color=shade)]
    if paired:  # a line below each resource keeps its two rows together
        ends = pl.DataFrame({"row": [key for key in keys if key[3] == "b"]})
        below = alt.Y("row:N", sort=keys, bandPosition=1)
        marks.append(alt.Chart(ends).mark_rule(color="#ffffff", strokeWidth=6).encode(y=below))
        marks.append(alt.Chart(ends).mark_rule(color=GRID, strokeWidth=1.5).encode(y=below))
    if len(columns) > MOST_NUMBERS:
        return marks
    ink = alt.condition("datum.dark", alt.value("#ffffff"), alt.value(INK))
    size = 12 if len(columns) <= 18 else 10
    return [*marks, alt.Chart(cells).mark_text(fontSize=size).encode(x=x, y=y, text="number:N", color=ink)]


def cost_by_category(cost: pl.DataFrame, setting: Setting, *, most: int = 7) -> Chart:
    """Draw what the plan costs by period and term, in the plan's currency; penalties that the model adds itself are left out.

    The largest `most` terms keep their name, the rest are summed. Raises ValueError where nothing costs anything.
    """
    spent = cost.filter((pl.col("amount") < 0) & (pl.col("class") != "penalty")).with_columns(-pl.col("amount"))
    if spent.is_empty():
        raise ValueError("no cost to draw")
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
    spending = total(spent, "amount")
    title = (
        f"{money(spending, setting.currency)} of cost, {share(sizes['amount'][0] / spending)} of it {sizes['term'][0].replace('_', ' ')}"
    )
    return styled(chart, title, "Cost by category", f"{title}. Largest: {', '.join(shown[:3])}.", height=270)


def _ranks(names: list[str]) -> pl.DataFrame:
    return pl.DataFrame({"term": names, "rank": range(len(names))})


def _worded(rows: pl.DataFrame, setting: Setting) -> pl.DataFrame:
    return rows.with_columns(
        pl.col("period").replace_strict(labels(setting), default=None, return_dtype=pl.String).alias("label"),
        pl.col("term").str.replace_all("_", " "),
    )
