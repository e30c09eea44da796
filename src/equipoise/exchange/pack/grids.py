"""Plan grids: numbers with the periods across, for pages and workbooks alike."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Literal

import polars as pl

from equipoise.charts.series import by_period, weeks_of_supply, with_family
from equipoise.charts.supply_rows import utilisation
from equipoise.exchange.pack.plan import Plan

Spans = Mapping[str, Sequence[dt.date]]
Level = Literal["family", "item", "total"]
ALL = "All items"
TOTAL = "Total"
WEEKS = "Weeks of supply"
STOCKS = frozenset({"Late at the end", "Inventory", "Target inventory"})


def across(
    frame: pl.DataFrame, keys: Sequence[str], value: str, spans: Spans, *, stock: bool = False, missing: float | None = 0.0
) -> pl.DataFrame:
    """Return one row a key with a column a span, and `Total` for a flow; what is not there counts as `missing`.

    `frame` has `keys`, period and `value`. A flow sums over the periods of a span, a stock takes the last of them. Sums are rounded to
    nine decimals: the order of adding differs from run to run.
    """
    at = {period: label for label, periods in spans.items() for period in (periods[-1:] if stock else periods)}
    wide = frame.select(keys).unique(maintain_order=True)
    named = frame.filter(pl.col("period").is_in(list(at))).with_columns(
        pl.col("period").replace_strict(at, default=None, return_dtype=pl.String).alias("span")
    )
    sums = named.group_by([*keys, "span"], maintain_order=True).agg(pl.col(value).sum().round(9) + 0.0)
    pivoted = sums.pivot(on="span", on_columns=list(spans), index=list(keys), values=value)
    joined = wide.join(pivoted, on=list(keys), how="left", nulls_equal=True, maintain_order="left")
    joined = joined.with_columns(pl.col(list(spans)).cast(pl.Float64).fill_null(pl.lit(missing, pl.Float64)))
    return joined.with_columns(pl.sum_horizontal(list(spans)).round(9).alias(TOTAL)) if not stock else joined


def _sum_row(grid: pl.DataFrame, key: str, word: str) -> pl.DataFrame:
    cells = [
        pl.lit(word).alias(name) if name == key else pl.col(name).sum().round(9) if dtype.is_numeric() else pl.lit(None, dtype).alias(name)
        for name, dtype in grid.schema.items()
    ]
    return grid.select(cells).head(1)


def with_total(grid: pl.DataFrame, key: str, most: int | None = None) -> pl.DataFrame:
    """Return the grid with a last row `Total` in the column `key`; beyond `most` rows, the smaller ones are one row before it."""
    last = _sum_row(grid, key, TOTAL)
    if most is None or grid.height <= most + 1:
        return pl.concat([grid, last])
    rest = grid.slice(most)
    return pl.concat([grid.head(most), _sum_row(rest, key, f"{rest.height} others"), last])


def periods_across(plan: Plan) -> Spans:
    """Return a column for each period of the horizon, however many there are."""
    return {plan.short(period): [period] for period in plan.calendar.periods}


def stock_by_family(plan: Plan, measure: str, spans: Spans) -> pl.DataFrame:
    """Return stock at the end of each span by family: `measure` is its value or its quantity."""
    frame = with_family(plan["inventory_plan"], plan.item).sort("family", "period")
    return across(frame, ["family"], measure, spans, stock=True).sort("family")


def demand(plan: Plan, keys: Sequence[str], spans: Spans) -> pl.DataFrame:
    """Return demand across by `keys` (family, item, market), the largest first."""
    frame = with_family(plan["demand_plan"], plan.item)
    return across(frame.sort([*keys, "period"]), keys, "quantity", spans).sort([TOTAL, *keys], descending=[True, *[False] * len(keys)])


def plan_rows(plan: Plan, level: Level) -> pl.DataFrame:
    """Return (`level`, measure, period, value) for the items demanded: demand, budget, supply, shipped, late, inventory and cover.

    A measure of which nothing is given or planned has no rows.
    """
    parts = [frame for frame in (*_flows(plan, level), *_stocks(plan, level)) if frame.height]
    return pl.concat(parts) if parts else pl.DataFrame(schema={level: pl.String, **_SCHEMA})


_SCHEMA = {"measure": pl.String, "period": pl.Date, "value": pl.Float64}


def _demanded(plan: Plan, frame: pl.DataFrame) -> pl.DataFrame:
    return frame.join(plan["demand_plan"].select("item").unique(), on="item", how="semi", maintain_order="left")


def _sums(plan: Plan, level: Level, frame: pl.DataFrame, column: str, measure: str) -> pl.DataFrame:
    """Sums of `column` by level and period; nothing where the column is empty."""
    known = frame.filter(pl.col(column).is_not_null())
    rows = by_period(_at(plan, level, known), column, also=(level,))
    return rows.select(level, pl.lit(measure).alias("measure"), "period", pl.col(column).cast(pl.Float64).alias("value"))


def _at(plan: Plan, level: Level, frame: pl.DataFrame) -> pl.DataFrame:
    if level == "item":
        return frame
    return with_family(frame, plan.item) if level == "family" else frame.with_columns(pl.lit(ALL).alias("total"))


def _flows(plan: Plan, level: Level) -> list[pl.DataFrame]:
    made = [plan[name].select("item", "period", "quantity") for name in ("supply_plan", "purchase_plan")]
    shortage = _demanded(plan, plan["shortage"])
    return [
        _sums(plan, level, plan["demand_plan"], "quantity", "Demand"),
        _budget(plan, level),
        _sums(plan, level, _demanded(plan, pl.concat(made)), "quantity", "Made and bought"),
        _sums(plan, level, shortage, "shipped", "Shipped"),
        _some(_sums(plan, level, shortage, "lost", "Lost")),
        _some(_sums(plan, level, shortage, "backlog", "Late at the end")),
    ]


def _some(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of a measure that is mostly zero, and not worth a line where it is zero throughout."""
    return rows if rows.filter(pl.col("value").abs() > 0.005).height else rows.clear()


def _budget(plan: Plan, level: Level) -> pl.DataFrame:
    rows = plan["budget"].filter(pl.col("period").is_in(list(plan.calendar.periods)))
    if level == "item":
        return _sums(plan, level, rows.filter(pl.col("item").is_not_null()), "quantity", "Budget")
    families = rows.join(plan.item.select("item", pl.col("family").alias("of")), on="item", how="left", maintain_order="left")
    named = families.with_columns(pl.coalesce("family", "of", "item").alias("family"), pl.lit(ALL).alias("total"))
    sums = by_period(named.filter(pl.col("quantity").is_not_null()), "quantity", also=(level,))
    return sums.select(level, pl.lit("Budget").alias("measure"), "period", pl.col("quantity").alias("value"))


def _stocks(plan: Plan, level: Level) -> list[pl.DataFrame]:
    stock = _demanded(plan, plan["inventory_plan"])
    inventory = _sums(plan, level, stock, "quantity", "Inventory")
    if inventory.is_empty():
        return []
    asked = _sums(plan, level, plan["demand_plan"], "quantity", "Demand").rename({"value": "quantity"})
    weeks = weeks_of_supply(inventory.rename({"value": "quantity"}), asked, plan.calendar, level).drop_nulls("weeks")
    cover = weeks.select(level, pl.lit(WEEKS).alias("measure"), "period", pl.col("weeks").alias("value"))
    return [_some(inventory), _some(_sums(plan, level, stock, "target", "Target inventory")), _some(cover)]


def plan_grid(plan: Plan, level: Level, spans: Spans) -> pl.DataFrame:
    """Return the plan by family or item: one row a measure, the periods across, and the total of what flows.

    Weeks of supply are those at the end of a span; empty where nothing is demanded any more.
    """
    rows = plan_rows(plan, level)
    keys = [level, "measure"]
    kinds = (
        (~pl.col("measure").is_in([*STOCKS, WEEKS, "Budget"]), False, 0.0),
        (pl.col("measure") == "Budget", False, None),
        (pl.col("measure").is_in(list(STOCKS)), True, 0.0),
        (pl.col("measure") == WEEKS, True, None),
    )
    parts = [across(rows.filter(which), keys, "value", spans, stock=stock, missing=missing) for which, stock, missing in kinds]
    parts = [part if TOTAL in part.columns else part.with_columns(pl.lit(None).cast(pl.Float64).alias(TOTAL)) for part in parts]
    order = {name: number for number, name in enumerate(rows.get_column("measure").unique(maintain_order=True).to_list())}
    grid = pl.concat(parts).with_columns(pl.col("measure").replace_strict(order, default=99, return_dtype=pl.Int64).alias("order"))
    return grid.sort([level, "order"], nulls_last=True).drop("order")


def by_line(financials: pl.DataFrame, spans: Spans, order: Sequence[str]) -> pl.DataFrame:
    """Return the base plan's profit and loss: one row a line in `order`, spans across, total, and budget and difference where given.

    The difference compares only the cells that the budget covers.
    """
    base = financials.filter(pl.col("scenario") == "base").sort("line", "family", "period", nulls_last=True)
    grid = across(base, ["line"], "amount", spans)
    covered = base.filter(pl.col("budget").is_not_null())
    compared = covered.group_by("line", maintain_order=True).agg(
        pl.col("budget").sum().round(9).alias("Budget"), (pl.col("amount").sum() - pl.col("budget").sum()).round(9).alias("Difference")
    )
    grid = grid.join(compared, on="line", how="left", maintain_order="left") if covered.height else grid
    place = {line: number for number, line in enumerate(order)}
    rank = pl.col("line").replace_strict(place, default=len(place), return_dtype=pl.Int64)
    return grid.sort(rank, "line")


MEASURES = (
    *("demand", "shipped", "shortage", "service_level", "revenue", "gross_margin", "contribution", "supply_cost", "cash_flow"),
    *(
        "inventory_value_end",
        "inventory_value_average",
        "working_capital_end",
        "weeks_of_supply",
        "overtime",
        "average_utilisation",
        "peak_utilisation",
    ),
)
TOLD = ("binding_limit", "status")


def scenarios(plan: Plan) -> tuple[list[str], pl.DataFrame]:
    """Return the scenarios in order, the base plan first, and the results that are numbers: measure, unit, one column a scenario.

    Measures without any value are left out, and so are those that are told in words (what limits the plan, whether it was solved).
    """
    result = plan["scenario_result"]
    given = plan["scenario"].get_column("scenario").to_list()
    found = result.get_column("scenario").unique(maintain_order=True).to_list()
    templates = ["base", "upside", "downside", "stretch"]
    names = [name for name in dict.fromkeys([*templates, *given, *found]) if name in set(found)]
    known = result.filter(pl.col("value").is_not_null() & ~pl.col("measure").is_in(TOLD))
    units = known.group_by("measure", maintain_order=True).agg(pl.col("unit").drop_nulls().first())
    wide = known.pivot(on="scenario", on_columns=names, index="measure", values="value", aggregate_function="first")
    joined = wide.join(units, on="measure", maintain_order="left").select("measure", "unit", *names)
    place = {name: number for number, name in enumerate(MEASURES)}
    return names, joined.sort(pl.col("measure").replace_strict(place, default=99, return_dtype=pl.Int64), maintain_order=True)


def load(plan: Plan) -> pl.DataFrame:
    """Return one row a resource: available, load, overtime, idle (resource units), utilisation, and its peak and when; fullest first.

    `required` (resource units), `most` (share of capacity) and `most_in` say what would be asked of it without limits; empty where unknown.
    """
    rows = plan["capacity_load"].sort("resource", "period")
    units = plan["resource"].group_by("resource", maintain_order=True).agg(pl.col("unit").drop_nulls().first())
    sums = rows.group_by("resource", maintain_order=True).agg(
        pl.col("available", "load", "overtime", "idle").sum().round(9),
        pl.col("utilisation").max().alias("peak"),
        pl.col("period")
        .sort_by(pl.col("utilisation").round(6), descending=True, nulls_last=True, maintain_order=True)
        .first()
        .alias("when"),
    )
    share = pl.when(pl.col("available") > 0).then(pl.col("load") / pl.col("available")).alias("utilisation")
    asked = pl.col("asked").round(6)
    most = (
        utilisation(rows, plan["capacity_requirement"])
        .group_by("resource", maintain_order=True)
        .agg(
            pl.col("asked").max().alias("most"),
            pl.col("period").sort_by(asked, descending=True, nulls_last=True, maintain_order=True).first().alias("most_in"),
        )
    )
    need = plan["capacity_requirement"].group_by("resource", maintain_order=True).agg(pl.col("required").sum().round(9))
    joined = sums.join(units, on="resource", how="left", maintain_order="left").join(most, on="resource", how="left", maintain_order="left")
    return (
        joined.join(need, on="resource", how="left", maintain_order="left")
        .with_columns(share)
        .sort([pl.max_horizontal("peak", "most").round(6), "resource"], descending=[True, False], nulls_last=True)
    )


REQUIRED = {
    "demand": "Demand",
    "shipped": "Shipped",
    "unserved": "Late or lost",
    "required": "Supply without limits",
    "planned": "Supply planned",
    "difference": "Difference",
}
"""Columns of `required`, and what stands over each."""


def required(plan: Plan) -> pl.DataFrame:
    """Return one row a family of the items demanded, the largest demand first, over the horizon in their unit.

    Demand, shipped and unserved (lost, and still late at the end); supply (made and bought) required without limits, planned, and planned
    less required.
    """
    shortage, need = _demanded(plan, plan["shortage"]), _demanded(plan, plan["material_requirement"])
    late = pl.when(pl.col("period") == pl.col("period").max()).then(pl.col("backlog").fill_null(0.0)).otherwise(0.0)
    made = pl.concat([plan[name].select("item", pl.col("quantity").alias("planned")) for name in ("supply_plan", "purchase_plan")])
    parts = (
        shortage.select("item", "demand", "shipped", (pl.col("lost").fill_null(0.0) + late).alias("unserved")),
        need.select("item", (pl.col("made").fill_null(0.0) + pl.col("bought").fill_null(0.0)).alias("required")),
        _demanded(plan, made),
    )
    sums = with_family(pl.concat(parts, how="diagonal"), plan.item).group_by("family", maintain_order=True)
    rows = sums.agg(pl.col("demand", "shipped", "unserved", "required", "planned").sum().round(9))
    return rows.with_columns((pl.col("planned") - pl.col("required")).round(9).alias("difference")).sort(
        ["demand", "family"], descending=[True, False]
    )
