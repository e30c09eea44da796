"""How the lines of the statement, gaps, scenarios, risks and measures are worked out. Formulas: docs/pre-sop.md and docs/risks.md."""

import polars as pl

from equipoise.finance import TERMS, category
from equipoise.reconcile.money.valuation import costs, in_family
from equipoise.reconcile.scenarios.comparison import by_period
from equipoise.service.lineage.cash_formulas import cash_line
from equipoise.service.lineage.draft import Draft, part, summed, total
from equipoise.service.lineage.held import Held
from equipoise.service.messages.explaining import Input

_KEYS = ("family", "period")
_APART = {"revenue": 1, "inventory carrying": -1, "service": -1}
_OWN = {"revenue": "revenue", "inventory_carrying": "inventory carrying", "service_cost": "service"}
_SUMS: dict[str, tuple[str, tuple[tuple[int, str], ...]]] = {
    "gross_margin": ("Revenue less cost of goods", ((1, "revenue"), (-1, "cost_of_goods"))),
    "supply_variance": (
        "Cost of supply, less what stock gained, less cost of goods",
        ((1, "supply_cost"), (-1, "stock_change"), (-1, "cost_of_goods")),
    ),
    "contribution": (
        "Revenue less cost of goods, variance of supply, carrying and service cost",
        ((1, "revenue"), (-1, "cost_of_goods"), (-1, "supply_variance"), (-1, "inventory_carrying"), (-1, "service_cost")),
    ),
    "contribution_after_tax": ("Contribution less tax", ((1, "contribution"), (-1, "tax"))),
    "cash_flow": ("Receipts less payments and tax", ((1, "receipts"), (-1, "payments"), (-1, "tax_paid"))),
    "working_capital": ("Stock and receivables, less payables", ((1, "inventory_value"), (1, "receivables"), (-1, "payables"))),
}
_WITHOUT_VARIANCE = ((1, "revenue"), (-1, "supply_cost"), (-1, "inventory_carrying"), (-1, "service_cost"))


def statement(held: Held, rows: pl.DataFrame) -> Draft | None:
    """A line of the statement, of one period or over several: from the money terms, the stock, or other lines."""
    lines = rows["line"].unique().to_list()
    if len(lines) != 1:
        return None
    line = str(lines[0])
    if line in _SUMS:
        return _of_lines(held, rows, line)
    if line in {"cost_of_goods", "stock_change", "inventory_value"}:
        return _at_cost(held, rows, line)
    if line in {"cumulated_cash", "receivables"}:
        return _carried(held, rows, line)
    if line in {"receipts", "payments"}:
        return cash_line(held, rows, line)
    return _of_terms(held, rows, line)


def _money(held: Held, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of cost of the families and periods, with the line that they belong to (`of`)."""
    lines = {term.name: term.line for term in TERMS}
    named = in_family(held.frame("cost").filter(pl.col("class") != "penalty"), held.frame("item"))
    named = named.with_columns(pl.col("family").fill_null(""), of=pl.col("term").replace_strict(lines, default=pl.col("term")))
    wanted = rows.select(pl.col("family").fill_null(""), "period").unique()
    return named.join(wanted, on=_KEYS, how="semi", maintain_order="left")


def _of_terms(held: Held, rows: pl.DataFrame, line: str) -> Draft | None:
    money = _money(held, rows)
    supply = money.filter(~pl.col("of").is_in([*_APART, "penalty"]))
    if line in _OWN:
        found, sign = money.filter(pl.col("of") == _OWN[line]), 1 if line == "revenue" else -1
    elif line == "supply_cost":
        found, sign = supply, -1
    elif line in supply["term"]:
        found, sign = supply.filter(pl.col("term") == line), -1
    else:
        found, sign = supply.filter(pl.col("of").replace_strict({term.line: category(term.line) for term in TERMS}) == line), -1
    if found.is_empty():
        return None
    by_term = found.group_by("term", maintain_order=True).agg(pl.col("amount").sum(), pl.len()).sort("term")
    signed = [
        (1, part(f"t{place}", term.replace("_", " "), sign * value, "currency", "cost.amount", {"term": term}, count))
        for place, (term, value, count) in enumerate(by_term.iter_rows(), 1)
    ]
    return total("Money terms of the plan" if sign > 0 else "Money terms of the plan, costs as positive amounts", signed)


def _line(held: Held, rows: pl.DataFrame, line: str) -> Input:
    # the variance is that of all families together, and stands in a row without one
    keys = ["scenario", "period"] if rows["line"][0] == "supply_variance" else ["scenario", *_KEYS]
    same = rows.with_columns(pl.col("family").fill_null("")).select(keys).unique()
    other = held.frame("financials").filter(pl.col("line") == line).with_columns(pl.col("family").fill_null(""))
    found = other.join(same, on=keys, how="semi", maintain_order="left")
    return summed(line, line.replace("_", " "), found, "financials.amount", "currency", {"line": line})


def _of_lines(held: Held, rows: pl.DataFrame, line: str) -> Draft:
    words, parts = _SUMS[line]
    if line == "contribution" and held.frame("financials").filter(pl.col("line") == "supply_variance").is_empty():
        words, parts = "Revenue less cost of supply, carrying and service cost", _WITHOUT_VARIANCE
    return total(words, [(sign, _line(held, rows, name)) for sign, name in parts])


def _at_cost(held: Held, rows: pl.DataFrame, line: str) -> Draft:
    wanted = rows.select(pl.col("family").fill_null(""), "period").unique()
    name = "shortage" if line == "cost_of_goods" else "inventory_plan"
    cost = costs(held.frame("item"))
    frame = in_family(held.frame(name).join(cost, on="item", how="inner", maintain_order="left"), held.frame("item"))
    here = frame.with_columns(pl.col("family").fill_null("")).join(wanted, on=_KEYS, how="semi", maintain_order="left")
    if line == "cost_of_goods":
        value = float((here["shipped"].fill_null(0.0) * here["unit_cost"]).sum())
        return total(
            "Units shipped, at standard cost",
            [(1, part("goods", "shipped units at standard cost", value, "currency", "shortage.shipped", rows=here.height))],
        )
    closing = part(
        "closing",
        "stock at the end",
        float((here["quantity"] * here["unit_cost"]).sum()),
        "currency",
        "inventory_plan.quantity",
        rows=here.height,
    )
    if line == "inventory_value":
        return total("Stock at the end of the period, at standard cost", [(1, closing)])
    start = float((here["opening"].fill_null(0.0) * here["unit_cost"]).sum())
    opening = part("opening", "stock at the start", start, "currency", "inventory_plan.opening", rows=here.height)
    return total("What stock gained in value, at standard cost", [(1, closing), (-1, opening)])


def _carried(held: Held, rows: pl.DataFrame, line: str) -> Draft | None:
    if rows["period"].n_unique() > 1 or (now := held.number_of(rows["period"][0])) is None:
        return None
    signed = [(1, part("before", "at the end of the period before", 0.0, "currency"))]
    if now:
        last = _line(held, rows.with_columns(period=pl.lit(held.calendar.periods[now - 1])), line)
        signed = [(1, last.model_copy(update={"name": "before", "meaning": "at the end of the period before"}))]
    if line == "cumulated_cash":
        return total("Cash so far", [*signed, (1, _line(held, rows, "cash_flow"))])
    opened = [] if now else [(1, _line(held, rows, "opening_receivables"))]
    return total("What customers owe", [*signed, *opened, (1, _line(held, rows, "revenue")), (-1, _line(held, rows, "receipts"))])


def bridge_end(held: Held, rows: pl.DataFrame) -> Draft | None:
    """The last level of a bridge: the first, and every step."""
    row = rows.row(0, named=True)
    if row["kind"] != "level" or row["position"] == 1:
        return None
    before = held.beside("bridge", rows, "against", "measure").filter(pl.col("position") < row["position"]).sort("position")
    steps = before.select("position", "step", "amount").iter_rows()
    return total(
        "The start and all steps", [(1, part(f"s{place}", step, value, "currency", "bridge.amount")) for place, step, value in steps]
    )


def gap_units(held: Held, rows: pl.DataFrame) -> Draft | None:
    """Units of a gap of demand lost or late, of stock below target, of idle capacity, or to the budget, over the periods of its run."""
    row = rows.row(0, named=True)
    within = pl.col("period").is_between(row["period"], row["until"])
    if row["kind"] == "idle_capacity":
        found = held.frame("capacity_load").filter(within, pl.col("resource") == row["subject"])
        return total("Regular capacity that stands idle", [(1, summed("idle", "idle", found, "capacity_load.idle"))])
    level = {"item": "item", "family": "family", "market": "market"}.get(row["level"])
    if row["kind"] == "below_target" and level:
        stock = in_family(held.frame("inventory_plan").filter(within), held.frame("item")).filter(pl.col(level) == row["subject"])
        most = max(stock.group_by("period", maintain_order=True).agg(pl.col("shortfall").sum())["shortfall"].to_list(), default=0.0)
        words = "The most that stock is below target at the end of a period, below zero"
        return total(words, [(-1, part("shortfall", "below target at most", most, of="inventory_plan.shortfall"))])
    if row["kind"] not in {"shortage", "late", "budget"}:
        return None
    short = in_family(held.frame("shortage").filter(within), held.frame("item"))
    short = short.filter(pl.col(level) == row["subject"]) if level else short
    short = short.filter(pl.col("market") == row["market"]) if row["market"] else short
    if row["kind"] == "budget":
        wanted = held.frame("budget").filter(within)
        wanted = wanted.filter(pl.col(level) == row["subject"]) if level in {"item", "family"} else wanted
        served = [(1, summed("demand", "demand", short, "shortage.demand")), (-1, summed("lost", "lost", short, "shortage.lost"))]
        return total("What the plan serves, less the budget", [*served, (-1, summed("budget", "budget", wanted, "budget.quantity"))])
    if row["kind"] == "shortage":
        return total("Demand lost, below zero for a shortage", [(-1, summed("lost", "lost", short, "shortage.lost"))])
    late = max(short.group_by("period", maintain_order=True).agg(pl.col("backlog").sum())["backlog"].to_list(), default=0.0)
    return total(
        "The most that is late at the end of a period, below zero",
        [(-1, part("late", "late at most", late, of="shortage.backlog"))],
    )


def cause_of_gap(held: Held, rows: pl.DataFrame) -> Draft | None:
    """Units that a limit causes over the units of the gap."""
    row = rows.row(0, named=True)
    units = held.frame("gap").filter(pl.col("rank") == row["rank"])["units"].to_list()
    if row["quantity"] is None or not units or not units[0]:
        return None
    inputs = (
        part("caused", "caused by it", row["quantity"], of="gap_cause.quantity"),
        part("gap", "units of the gap", abs(units[0]), of="gap.units"),
    )
    return Draft("What the limit causes of the gap", "caused / gap", inputs)


def scenario_difference(held: Held, rows: pl.DataFrame) -> Draft | None:
    """The value in the scenario less that in the base plan."""
    row = rows.row(0, named=True)
    base = held.frame("scenario_result").filter(pl.col("scenario") == "base", pl.col("measure") == row["measure"])["value"].to_list()
    own = part("own", f"in {row['scenario']}", row["value"], row["unit"] or "", "scenario_result.value")
    return total(
        "Against the base plan",
        [(1, own), (-1, part("base", "in the base plan", base[0] if base else None, row["unit"] or "", "scenario_result.value"))],
    )


def scenario_value(held: Held, rows: pl.DataFrame) -> Draft | None:
    """A measure of the base plan, summed from its tables; of another scenario what it differs by."""
    row = rows.row(0, named=True)
    unit, measure = row["unit"] or "", row["measure"]
    if row["scenario"] != "base":
        if row["difference"] is None:
            return None
        base = part("base", "in the base plan", row["value"] - row["difference"], unit, "scenario_result.value", {"scenario": "base"})
        changed = part("change", "what its changes make of it, solved again", row["difference"], unit, "scenario_result.difference")
        return total("The base plan, and what the scenario changes of it", [(1, base), (1, changed)])
    simple = {"demand": ("shortage", "demand"), "shipped": ("shortage", "shipped"), "overtime_quantity": ("capacity_load", "overtime")}
    if measure in simple:
        name, column = simple[measure]
        return total("Summed over the horizon", [(1, summed("sum", column, held.frame(name), f"{name}.{column}", unit))])
    if measure == "shortage":
        return _unserved(held, unit)
    if measure == "service_level":
        periods = by_period(held.frame("shortage"))
        short = part("short", "not served in its period", float(periods["short"].sum()), of="shortage.backlog")
        return Draft(
            "The share of demand served in its period",
            "1 - short / demand",
            (short, part("demand", "demand", float(periods["demand"].sum()))),
        )
    of_line = held.frame("financials").filter(pl.col("line") == measure, pl.col("amount").is_not_null())
    if of_line.is_empty():
        return _standing(held, str(measure), unit)
    return total("Summed over the horizon", [(1, summed("sum", str(measure).replace("_", " "), of_line, "financials.amount", unit))])


def _unserved(held: Held, unit: str) -> Draft:
    short = held.frame("shortage")
    last = short.filter(pl.col("period") == short["period"].max())
    parts = [
        (1, summed("lost", "lost", short, "shortage.lost", unit)),
        (1, summed("late", "late at the end", last, "shortage.backlog", unit)),
    ]
    return total("Lost, and late at the end of the horizon", parts)


def _standing(held: Held, measure: str, unit: str) -> Draft | None:
    line = {"inventory_value_end": "inventory_value", "working_capital_end": "working_capital"}.get(measure)
    if line is None:
        return None
    rows = held.frame("financials").filter(pl.col("line") == line)
    last = rows.filter(pl.col("period") == rows["period"].max())
    return total("At the end of the horizon", [(1, summed("end", line.replace("_", " "), last, "financials.amount", unit))])


def scenario_demand(held: Held, rows: pl.DataFrame, column: str) -> Draft | None:
    """Demand or supply of the base plan in a period."""
    if rows["scenario"].unique().to_list() != ["base"]:
        return None
    here = held.beside("shortage", rows, "period")
    of = {"demand": "demand", "supply": "shipped"}[column]
    return total("Summed over items and markets", [(1, summed("sum", of, here, f"shortage.{of}"))])


def option_closed(held: Held, rows: pl.DataFrame) -> Draft | None:
    """What is short in the plan, less what is short with the option."""
    row = rows.row(0, named=True)
    plan = held.frame("option_period").filter(pl.col("option").fill_null("") == "", pl.col("period") == row["period"])
    before = summed("plan", "short in the plan", plan, "option_period.short")
    return total(
        "What the option takes off the shortage",
        [(1, before), (-1, part("option", "short with it", row["short"], of="option_period.short"))],
    )


def expected(rows: pl.DataFrame, column: str) -> Draft | None:
    """Probability times effect; nothing for one that has expired."""
    row = rows.row(0, named=True)
    chance = 0.0 if row["raised"] == "expired" else row["probability"]
    effect = part("effect", f"{column} if it comes", row[column], of=f"risk_register.{column}")
    return Draft("Probability times effect", "chance * effect", (part("chance", "probability", chance, "fraction"), effect))


_PATH = {"profit": "profit", "revenue": "revenue", "demand": "demand", "shortage": "short", "service_level": "service"}


def simulated_mean(held: Held, rows: pl.DataFrame) -> Draft | None:
    """The mean over all paths."""
    row = rows.row(0, named=True)
    if row["statistic"] != "mean" or row["measure"] not in _PATH or row["value"] is None:
        return None
    paths = held.frame("simulation_path")
    whole = summed("sum", "sum over the paths", paths, f"simulation_path.{_PATH[row['measure']]}", row["unit"] or "")
    return Draft("Average over all paths", "sum / paths", (whole, part("paths", "paths", float(paths.height), of="simulation_path.path")))
