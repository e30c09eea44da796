"""Pictures of inventory."""

import altair as alt
import polars as pl

from equipoise.charts.scale import scale_for
from equipoise.charts.series import by_period, calendar_of, labels, largest_families, unit_of, weeks_of_supply, with_family
from equipoise.charts.style import CATEGORIES, TARGET, Chart, periods_axis, styled
from equipoise.tables.figures import number
from equipoise.tables.setting import Setting


def inventory(inventory_plan: pl.DataFrame, item: pl.DataFrame, setting: Setting) -> Chart:
    """Draw stock at the end of each period by family: its value where items have a standard cost, else units with their target."""
    valued = inventory_plan.get_column("value").is_not_null().any()
    measure = "value" if valued else "quantity"
    named = largest_families(with_family(inventory_plan, item), measure)
    rows = _labelled(by_period(named, measure, also=("family",)).rename({measure: "stock"}), setting).drop_nulls("stock")
    totals = rows.group_by("period", maintain_order=True).agg(pl.col("stock").sum()).sort("period").get_column("stock").to_list()
    scale = scale_for(max(totals))
    names = _by_size(rows)
    unit = scale.unit(setting.currency or "money") if valued else scale.unit(unit_of(item, inventory_plan.get_column("item")))
    rows = rows.with_columns(pl.col("stock") / scale.divisor)
    layers = [_bars(rows, names, unit, _known(inventory_plan, item))]
    if not valued and inventory_plan.get_column("target").is_not_null().any():
        target = _labelled(by_period(inventory_plan, "target"), setting).with_columns(pl.col("target") / scale.divisor)
        layers.append(_target(target, rows))
    title = f"Inventory at the end of each period, {unit}"
    ends = f"From {number(totals[0] / scale.divisor)} to {number(totals[-1] / scale.divisor)}"
    subtitle = ends if len(layers) == 1 else f"{ends}; the dashes mark the target"
    return styled(alt.layer(*layers), title, subtitle, f"{title}. {ends}; families: {', '.join(names)}.", height=260)


def _labelled(rows: pl.DataFrame, setting: Setting) -> pl.DataFrame:
    printed = labels(setting)
    known = rows.filter(pl.col("period").is_in(list(printed)))
    return known.with_columns(pl.col("period").replace_strict(printed, default=None, return_dtype=pl.String).alias("label"))


def _by_size(rows: pl.DataFrame) -> list[str]:
    sizes = (
        rows.group_by("family", maintain_order=True).agg(pl.col("stock").sum().round(6)).sort(["stock", "family"], descending=[True, False])
    )
    return sizes.get_column("family").to_list()


def _columns(rows: pl.DataFrame) -> list[str]:
    return rows.sort("period").get_column("label").unique(maintain_order=True).to_list()


def _bars(rows: pl.DataFrame, names: list[str], unit: str, known: list[str]) -> alt.Chart:
    ranked = rows.join(pl.DataFrame({"family": names, "rank": range(len(names))}), on="family", maintain_order="left")
    columns = _columns(rows)
    marks: alt.Chart = (
        alt.Chart(ranked)
        .mark_bar()
        .encode(
            x=alt.X("label:O", sort=columns, axis=periods_axis(len(columns))),
            y=alt.Y("stock:Q", title=unit, axis=alt.Axis(format=",~f", tickCount=6)),
            color=_family_color(names, known),
            order=alt.Order("rank:Q"),
        )
    )
    return marks


def _family_color(names: list[str], known: list[str]) -> alt.Color:
    """The same families get the same colors in every picture of inventory: `known` are all of them, `names` those in this one."""
    domain = sorted({*names, *known} if len({*names, *known}) <= len(CATEGORIES) else names)
    scale = alt.Scale(domain=domain, range=list(CATEGORIES[: len(domain)]))
    return alt.Color("family:N", scale=scale, legend=alt.Legend(values=sorted(names)))


def _known(inventory_plan: pl.DataFrame, item: pl.DataFrame) -> list[str]:
    return with_family(inventory_plan, item).get_column("family").unique().to_list()


def _target(target: pl.DataFrame, rows: pl.DataFrame) -> alt.Chart:
    x = alt.X("label:O", sort=_columns(rows))
    marks: alt.Chart = alt.Chart(target).mark_tick(color=TARGET, thickness=2, orient="horizontal").encode(x=x, y="target:Q")
    return marks


def cover(inventory_plan: pl.DataFrame, demand_plan: pl.DataFrame, item: pl.DataFrame, setting: Setting) -> Chart:
    """Draw the weeks of supply of each family by period, recomputed from the family's stock and coming demand."""
    stock = by_period(with_family(inventory_plan, item), "quantity", also=("family",))
    asked = by_period(with_family(demand_plan, item), "quantity", also=("family",))
    weeks = weeks_of_supply(stock, asked, calendar_of(setting), "family").drop_nulls("weeks")
    sizes = (
        asked.join(weeks.select("family").unique(), on="family", maintain_order="left")
        .group_by("family", maintain_order=True)
        .agg(pl.col("quantity").sum().round(6))
    )
    names = sizes.sort(["quantity", "family"], descending=[True, False]).get_column("family").head(len(CATEGORIES)).to_list()
    known = _known(inventory_plan, item)
    rows = _labelled(weeks.filter(pl.col("family").is_in(names)), setting)
    columns = _columns(rows)
    chart = (
        alt.Chart(rows)
        .mark_line(point=alt.OverlayMarkDef(size=28), strokeWidth=2)
        .encode(
            x=alt.X("label:O", sort=columns, axis=periods_axis(len(columns))),
            y=alt.Y("weeks:Q", title="weeks", axis=alt.Axis(format=",~f", tickCount=5)),
            color=_family_color(names, known),
        )
    )
    title = "Weeks of supply by family"
    return styled(chart, title, "Stock at the end of a period over the demand that follows", f"{title}: {', '.join(names)}.", height=230)
