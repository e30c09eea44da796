"""Scenarios run and compared: what each gives in units and money, and what limits it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.errors import EquipoiseError
from equipoise.finance import STOCK_LINES
from equipoise.reconcile.gaps.cause import Cause, because, bindings, merged, sentence
from equipoise.reconcile.gaps.relation import Network
from equipoise.reconcile.gaps.sentence import PERIOD_NOUN, Words
from equipoise.reconcile.money.valuation import in_family
from equipoise.tables import table
from equipoise.tables.figures import named, plural, quantity
from equipoise.tables.setting import Setting, from_table

Tables = Mapping[str, pl.DataFrame]
_BASE = "base"


@dataclass(frozen=True)
class Value:
    """One measure of a scenario: value (empty: cannot be said), unit and what is to be said about it."""

    value: float | None
    unit: str
    note: str = ""


def scenarios(
    scenario: pl.DataFrame, setting: pl.DataFrame, item: pl.DataFrame, *, resolve: Callable[[str], Tables]
) -> dict[str, pl.DataFrame]:
    """Return the tables `scenario_result`, `scenario_demand` and `scenario_input`.

    Every scenario is run by `resolve` and compared with the base plan and, where it covers the whole horizon, the budget. A scenario that
    fails has one row, measure `status`, whose note is the error; the others go on. A measure that cannot be said (no prices, no costs, no
    stock) has an empty value, and its note says why.
    """
    plan = from_table(setting)
    measured: dict[str, dict[str, Value]] = {}
    demand: list[pl.DataFrame] = []
    inputs: list[pl.DataFrame] = []
    budget: dict[str, float] = {}
    names = scenario["scenario"].to_list()
    for name in sorted(names, key=lambda name: (name != _BASE, names.index(name))):
        try:
            tables = resolve(name)
        except EquipoiseError as error:
            measured[name] = {"status": Value(None, "", f"failed: {error.short}")}
            continue
        measured[name] = measures(tables, plan, item)
        budget = budget or _budget(tables["financials"], plan)
        inputs.append(tables["scenario_input"])
        demand.append(by_period(tables["shortage"]).select(pl.lit(name).alias("scenario"), "period", "demand", "supply", "short"))
    base = measured.get(_BASE, {})
    rows = [
        {
            "scenario": name,
            "measure": measure,
            "value": got.value,
            "unit": got.unit,
            "difference": _difference(got, base.get(measure)),
            "budget": budget.get(measure),
            "note": got.note,
        }
        for name in names
        for measure, got in measured[name].items()
    ]
    return {
        "scenario_result": pl.DataFrame(rows, schema=table("scenario_result").schema, orient="row"),
        "scenario_demand": pl.concat([table("scenario_demand").empty(), *demand]),
        "scenario_input": pl.concat([table("scenario_input").empty(), *inputs]),
    }


def _budget(financials: pl.DataFrame, plan: Setting) -> dict[str, float]:
    """Return the budget of the measures that have one for every period of the horizon."""
    periods = Calendar.from_setting(plan.calendar).periods
    given = financials.filter(pl.col("budget").is_not_null())
    found: dict[str, float] = {}
    for line, part in given.sort("line").group_by("line", maintain_order=True):
        by_time = part.group_by("period", maintain_order=True).agg(pl.col("budget").sum()).sort("period")
        if by_time.height == len(periods):
            amounts = by_time["budget"].to_list()
            held = line[0] == "inventory_value"
            found |= {"inventory_value_end": amounts[-1]} if held else {str(line[0]): sum(amounts)}
    return found


def _difference(got: Value, base: Value | None) -> float | None:
    return None if got.value is None or base is None or base.value is None else got.value - base.value


def measures(tables: Tables, plan: Setting, item: pl.DataFrame) -> dict[str, Value]:
    """Return the measures of one scenario's tables, by name."""
    return {
        "status": Value(None, "", _status(tables)),
        **_service(tables, plan, item),
        **_money(tables["financials"], plan),
        **_inventory(tables, plan, item),
        **_capacity(tables["capacity_load"], tables.get("resource"), plan),
        "binding_limit": _limit(tables, plan),
    }


def _status(tables: Tables) -> str:
    broken = tables["violation"].height
    return f"solved, with {broken} {plural('rule', broken)} broken" if broken else "solved"


def by_period(shortage: pl.DataFrame) -> pl.DataFrame:
    """Demand, shipments and what is not shipped in its own period: lost, or late, where the oldest demand is served first."""
    unserved = pl.col("backlog").fill_null(0.0) + pl.col("lost").fill_null(0.0)
    open_now = pl.when(unserved > 1e-6).then(pl.min_horizontal(unserved, "demand")).otherwise(0.0)
    return (
        shortage.with_columns(open_now.alias("short"), pl.col("shipped").fill_null(0.0).alias("supply"))
        .group_by("period", maintain_order=True)
        .agg(pl.col("demand", "supply", "short").sum())
        .sort("period")
    )


def _service(tables: Tables, plan: Setting, item: pl.DataFrame) -> dict[str, Value]:
    """Demand, shipments, shortage (lost, and late at the end) and the share of demand shipped in its period."""
    shortage = tables["shortage"]
    periods = by_period(shortage)
    demand, shipped, short = (float(periods[name].sum()) for name in ("demand", "supply", "short"))
    lost = float(shortage["lost"].sum() or 0.0)
    late = float(shortage.filter(pl.col("period") == pl.col("period").max())["backlog"].sum() or 0.0)
    unit = plural(_unit(shortage, item))
    unserved = lost + late if lost + late > 1e-6 else 0.0
    note = _why_short(tables, plan, unit) if unserved >= 0.5 else ""
    level = Value(1 - short / demand, "fraction") if demand > 0 else Value(None, "fraction", "There is no demand.")
    return {
        "demand": Value(demand, unit),
        "shipped": Value(shipped, unit),
        "shortage": Value(unserved, unit, note),
        "service_level": level,
    }


def _unit(shortage: pl.DataFrame, item: pl.DataFrame) -> str:
    units = shortage.select("item").unique().join(item, on="item", how="left", maintain_order="left")["unit"].drop_nulls().unique()
    return str(units[0]) if len(units) == 1 else "unit"


def _why_short(tables: Tables, plan: Setting, unit: str) -> str:
    """Say by how much a scenario is short, over how many periods, and which limit on what is short is behind it."""
    noun, horizon = PERIOD_NOUN[plan.calendar.cadence], plan.calendar.horizon
    end = tables["shortage"]["period"].max()
    open_at_end = pl.when(pl.col("period") == end).then(pl.col("backlog").fill_null(0.0)).otherwise(0.0)
    short = tables["shortage"].with_columns((pl.col("lost").fill_null(0.0) + open_at_end).alias("short")).filter(pl.col("short") > 1e-6)
    by_period = short.group_by("period", maintain_order=True).agg(pl.col("short").sum()).sort("period")
    total, periods = float(by_period["short"].sum()), int((by_period["short"] >= 0.005).sum())
    network = Network(*(tables[name] for name in ("route", "bom", "usage", "purchase", "lane", "route_load", "limit_member")))
    reached, days = network.reach(short["item"].unique()), set(by_period["period"])
    limits = [limit for limit in bindings(tables["binding"]) if limit.limit != "target stock"]
    near = [limit for limit in limits if network.concerns(limit.subject, reached)]
    top = next(iter(merged([limit for limit in near if limit.period is None or limit.period in days] or near)), None)
    why = f" because {because(top)}" if top else ""
    if periods >= horizon:
        return f"Short by {quantity(total / horizon, unit)} a {noun}{why}."
    return f"Short by {quantity(total, unit)} in {periods} of {horizon} {noun}s{why}."


def _top(binding: pl.DataFrame) -> Cause | None:
    """The limit that matters most, over all its periods; none where nothing binds."""
    return next(iter(merged(bindings(binding))), None)


def _limit(tables: Tables, plan: Setting) -> Value:
    """Worth of one more unit, over its periods, of the limit that matters most."""
    top = _top(tables["binding"])
    if top is None:
        return Value(None, "", "No limit binds.")
    told = sentence(top, Words(Calendar.from_setting(plan.calendar), plan.currency))
    return Value(top.value if top.valued else None, f"{plan.currency or 'money'} per {plural(top.unit, 1)}", told)


def _money(financials: pl.DataFrame, plan: Setting) -> dict[str, Value]:
    """Lines of the statement over the horizon, stock value at the end and on average, and working capital at the end."""
    unit = plan.currency or "money"
    totals = dict(
        financials.filter(pl.col("amount").is_not_null())
        .group_by("line", maintain_order=True)
        .agg(pl.col("amount").sum())
        .sort("line")
        .iter_rows()
    )
    missing = {
        "revenue": "No prices are given.",
        "gross_margin": "No prices or no standard costs are given.",
        "supply_cost": "No costs of supply are given.",
        "contribution": "Prices or costs are missing for some items.",
        "cash_flow": "Prices or costs are missing for some items.",
    }
    found = {line: Value(totals.get(line), unit, "" if line in totals else why) for line, why in missing.items()}
    terms = {line: Value(amount, unit) for line, amount in totals.items() if line not in {*found, *STOCK_LINES, "opening_receivables"}}
    ends, tied = (_standing(financials, line) for line in ("inventory_value", "working_capital"))
    why = "" if ends else "No stock, or no standard costs are given."
    return {
        **found,
        **terms,
        "inventory_value_end": Value(ends[-1] if ends else None, unit, why),
        "inventory_value_average": Value(sum(ends) / len(ends) if ends else None, unit, why),
        "working_capital_end": Value(tied[-1] if tied else None, unit, "" if tied else "Prices, costs or the value of stock are missing."),
    }


def _standing(financials: pl.DataFrame, line: str) -> list[float]:
    """Return what a line stands at at the end of each period, in order."""
    rows = financials.filter((pl.col("line") == line) & pl.col("amount").is_not_null())
    return rows.group_by("period", maintain_order=True).agg(pl.col("amount").sum()).sort("period")["amount"].to_list()


def _inventory(tables: Tables, plan: Setting, item: pl.DataFrame) -> dict[str, Value]:
    """Weeks of supply: average stock of what is sold over its average weekly demand."""
    demand, stock = tables["demand_plan"], tables["inventory_plan"]
    sold = demand.filter(pl.col("quantity") > 0).select("item").unique()
    held = in_family(stock.join(sold, on="item", how="semi", maintain_order="left"), item)
    calendar = Calendar.from_setting(plan.calendar)
    weekly = float(demand["quantity"].sum()) / (sum(calendar.days(period) for period in calendar.periods) / 7)
    if held.is_empty() or weekly <= 0:
        return {"weeks_of_supply": Value(None, "weeks", "No stock of what is sold is planned.")}
    average = float(held["quantity"].sum()) / calendar.horizon
    return {"weeks_of_supply": Value(average / weekly, "weeks", "average stock over average weekly demand")}


def _capacity(load: pl.DataFrame, resource: pl.DataFrame | None, plan: Setting) -> dict[str, Value]:
    """Overtime, and utilisation: the highest of a resource in a period, and all load over all capacity; suppliers and storage apart."""
    if resource is not None:
        load = load.join(resource.filter(pl.col("kind").is_in(["supplier", "storage"])), on="resource", how="anti", maintain_order="left")
    units = (
        []
        if resource is None
        else resource.join(load, on="resource", how="semi", maintain_order="left")["unit"].drop_nulls().unique().to_list()
    )
    unit = units[0] if len(units) == 1 else "resource units"
    limited = load.filter(pl.col("available") > 0)
    if limited.is_empty():
        why = "No capacity is given."
        measured = (("overtime_quantity", unit), ("peak_utilisation", "fraction"), ("average_utilisation", "fraction"))
        return {name: Value(None, of, why) for name, of in measured}
    shares = limited.with_columns((pl.col("load") / pl.col("available")).alias("share"))
    peak = shares.sort("share", "resource", "period", descending=[True, False, False]).row(0, named=True)
    busiest = f"{peak['resource']} in {named(peak['period'], Calendar.from_setting(plan.calendar))}"
    return {
        "overtime_quantity": Value(float(load["overtime"].sum() or 0.0), unit),
        "peak_utilisation": Value(peak["share"], "fraction", busiest),
        "average_utilisation": Value(float(limited["load"].sum()) / float(limited["available"].sum()), "fraction"),
    }
