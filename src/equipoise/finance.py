"""Every money term, written once: its class, its sign, what it is paid for and its price for a unit.

The supply objective takes a term's price as the coefficient of an unknown; the table `cost` multiplies the same price with the
solution. So the plan that was chosen and the money that is reported can never tell two stories.

Classes:

- cash: paid or received because of the plan;
- accounting: booked in the period demanded, whenever it is paid (revenue);
- opportunity: nobody sends a bill (capital tied up in stock, goodwill lost by being late);
- penalty: a price the model adds itself where none is given. Never published as money.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from equipoise.dimensions.calendar import Calendar

MoneyClass = Literal["cash", "accounting", "opportunity", "penalty"]


@dataclass(frozen=True)
class Term:
    """One money term.

    `activities` names the activities it is paid for, each with the weight its quantity counts with; every activity is a frame with
    a row per unknown (or known) quantity. `rate` is the price of a unit, made of the activity's columns: empty where none is given.
    `subject` and `place` are the columns that say what it is paid for and where; `line` is the line of the statement it belongs to.
    """

    name: str
    money_class: MoneyClass
    sign: Literal[1, -1]
    activities: Mapping[str, float]
    rate: pl.Expr
    meaning: str
    line: str
    subject: str = "item"
    place: str = "location"
    where: pl.Expr = field(default_factory=lambda: pl.lit(value=True))


def _column(*names: str) -> pl.Expr:
    return pl.coalesce(*names)


_SUBCONTRACT = pl.col("kind") == "subcontract"

TERMS: tuple[Term, ...] = (
    Term(
        "revenue",
        "accounting",
        1,
        {"demand": 1, "lost": -1, "open_backlog": -1},
        _column("unit_price"),
        "Price of the period demanded times what is demanded and not lost; demand still open at the end of the horizon earns nothing yet",
        "revenue",
        place="market",
    ),
    Term(
        "production",
        "cash",
        -1,
        {"make": 1},
        pl.when(pl.col("unit_cost").is_null() & ~pl.col("costed")).then(pl.col("standard_cost")).otherwise(pl.col("unit_cost")),
        "Cost of a unit made; the item's standard cost only where neither the route, its bill nor its resources give one",
        "production",
        subject="route",
    ),
    Term("regular_time", "cash", -1, {"regular": 1}, _column("regular_cost"), "Regular time worked", "production", subject="resource"),
    Term(
        "overtime",
        "cash",
        -1,
        {"overtime": 1},
        _column("overtime_cost", "overtime_wage_per_hour"),
        "Overtime worked, at its full rate",
        "production",
        subject="resource",
    ),
    Term("wages", "cash", -1, {"workers": 1}, _column("wage_per_period"), "Wages of labor paid by head", "production", subject="resource"),
    Term("hiring", "cash", -1, {"hire": 1}, _column("hire_cost"), "Workers hired", "workforce changes", subject="resource"),
    Term("layoffs", "cash", -1, {"layoff": 1}, _column("layoff_cost"), "Workers laid off", "workforce changes", subject="resource"),
    Term(
        "purchases",
        "cash",
        -1,
        {"buy": 1},
        _column("unit_cost", "standard_cost"),
        "Material bought; at standard cost where the purchase has no price",
        "material",
        subject="purchase",
        where=~_SUBCONTRACT,
    ),
    Term(
        "subcontracting",
        "cash",
        -1,
        {"buy": 1},
        _column("unit_cost", "standard_cost"),
        "Units made by subcontractors; at standard cost where the purchase has no price",
        "subcontracting",
        subject="purchase",
        where=_SUBCONTRACT,
    ),
    Term("transport", "cash", -1, {"move": 1, "ship": 1}, _column("unit_cost"), "Units moved and shipped", "transport", subject="lane"),
    Term("setups", "cash", -1, {"setup": 1}, _column("setup_cost"), "Set-ups", "production", subject="route"),
    Term("route_use", "cash", -1, {"setup": 1}, _column("fixed_cost"), "Periods in which a route is used", "production", subject="route"),
    Term("orders", "cash", -1, {"order": 1}, _column("fixed_cost"), "Purchase orders placed", "material", subject="purchase"),
    Term("lane_use", "cash", -1, {"use": 1}, _column("fixed_cost"), "Periods in which a lane is used", "transport", subject="lane"),
    Term("loads", "cash", -1, {"loads": 1}, _column("load_cost"), "Loads of lanes, full or not", "transport", subject="lane"),
    Term("running_lines", "cash", -1, {"open": 1}, _column("open_cost"), "Periods in which a line runs", "production", subject="resource"),
    Term(
        "capacity_steps",
        "cash",
        -1,
        {"step": 1},
        _column("cost"),
        "Steps of capacity bought",
        "capacity steps",
        subject="resource",
        place="step",
    ),
    Term("site_openings", "cash", -1, {"opening": 1}, _column("opening_cost"), "Sites opened", "sites", subject="location"),
    Term("site_closings", "cash", -1, {"closing": 1}, _column("closing_cost"), "Sites closed", "sites", subject="location"),
    Term("scrap", "cash", -1, {"scrap": 1}, _column("scrap_cost"), "Stock scrapped", "scrap"),
    Term(
        "one_off",
        "cash",
        -1,
        {"one_off": 1},
        _column("amount"),
        "Paid once, whatever is planned: what was decided, such as a tool or a project",
        "one off",
        subject="purpose",
    ),
    Term(
        "carrying",
        "opportunity",
        -1,
        {"stock": 1},
        _column("holding_rate"),
        "Stock at the end of each period, at its holding cost, else at the carrying rate on standard cost",
        "inventory carrying",
    ),
    Term("late_demand", "opportunity", -1, {"backlog": 1}, _column("backlog_cost"), "Units late for a period", "service", place="market"),
    Term(
        "lost_sales",
        "opportunity",
        -1,
        {"lost": 1},
        _column("lost_sale_cost"),
        "Units lost, beyond their revenue",
        "service",
        place="market",
    ),
    Term("stock_shortfall", "opportunity", -1, {"shortfall": 1}, _column("shortfall_cost"), "Stock below target", "service"),
    Term("stock_excess", "opportunity", -1, {"excess": 1}, _column("excess_cost"), "Stock above its maximum", "inventory carrying"),
    Term(
        "unserved_penalty",
        "penalty",
        -1,
        {"lost": 1, "open_backlog": 1},
        _column("unserved_price"),
        "The model's own price of demand that is never served, where none is given",
        "penalty",
        place="market",
    ),
    Term(
        "late_penalty",
        "penalty",
        -1,
        {"backlog": 1},
        _column("late_price"),
        "The model's own price of a unit late for a period, where none is given: earlier is better than later",
        "penalty",
        place="market",
    ),
    Term(
        "earliness_penalty",
        "penalty",
        -1,
        {"stock": 1},
        _column("early_price"),
        "A very small price of stock where holding costs nothing, so that nothing is made before it is needed",
        "penalty",
    ),
    Term(
        "ending_penalty",
        "penalty",
        -1,
        {"shortfall": 1},
        _column("ending_price"),
        "The model's own price of ending the horizon below a priced target, so that the plan does not live off its stock at the end",
        "penalty",
    ),
    Term(
        "overtime_preference",
        "penalty",
        -1,
        {"overtime": 1},
        _column("preference_price"),
        "A very small price of overtime where it costs no more than regular time, so that regular time is used first",
        "penalty",
        subject="resource",
    ),
    Term(
        "subcontract_preference",
        "penalty",
        -1,
        {"buy": 1},
        _column("preference_price"),
        "A very small price of subcontracting where no cost is given, so that own capacity is used first",
        "penalty",
        subject="purchase",
    ),
    Term(
        "change_penalty",
        "penalty",
        -1,
        {"change": 1},
        _column("change_price"),
        "The price of changing the last plan's production: tiny, unless the setting supply.stability asks for more",
        "penalty",
    ),
    Term(
        "evenness_penalty",
        "penalty",
        -1,
        {"load_step": 1},
        _column("even_price"),
        "A tiny, rising price of load, so that work that could be done in several places at one cost is spread evenly",
        "penalty",
        subject="resource",
    ),
)


def holding_rate(periods_a_year: int, carrying_rate: float | None) -> pl.Expr:
    """Return the cost of holding a unit for a period: `holding_cost`, else the carrying rate on `standard_cost`; empty without both.

    `carrying_rate` is a share of value a year, so it is divided by the periods of a year.
    """
    if carrying_rate is None:
        return pl.col("holding_cost")
    return pl.coalesce("holding_cost", carrying_rate / periods_a_year * pl.col("standard_cost"))


def stock_value(quantity: str = "quantity", unit_cost: str = "unit_cost") -> pl.Expr:
    """Return stock valued at standard cost; empty where the item has none."""
    return pl.col(quantity) * pl.col(unit_cost)


def cost_of_goods(shipped: str = "shipped", unit_cost: str = "unit_cost") -> pl.Expr:
    """Return the cost of goods sold at standard: units shipped times standard cost; empty where the item has none."""
    return pl.col(shipped) * pl.col(unit_cost)


def gross_margin(revenue: str = "revenue", cost: str = "cost_of_goods") -> pl.Expr:
    """Return revenue less cost of goods; empty where either is not known."""
    return pl.col(revenue) - pl.col(cost)


ON_CREDIT = frozenset({"material", "subcontracting", "transport"})
"""Lines that are owed to others, who wait finance.payable_days for their money; wages and all other cost of supply are paid at once."""

STOCK_LINES = frozenset({"inventory_value", "receivables", "payables", "working_capital", "cumulated_cash"})
"""Lines of the statement that stand at the end of a period: over time the last counts, never their sum."""


def category(line: str) -> str:
    """Return the name that a line of a term has in the statement as a category of cost: material reads material_cost."""
    return f"{line.replace(' ', '_')}_cost"


CATEGORIES = tuple(
    dict.fromkeys(category(term.line) for term in TERMS if term.line not in {"revenue", "inventory carrying", "service", "penalty"})
)
"""The categories of the cost of supply, as the statement names them."""


def paid_after(periods: Iterable[dt.date], calendar: Calendar, days: float) -> pl.DataFrame:
    """Return period, paid and `share`: which share (fraction) of what is booked in `period` is paid in the period `paid`.

    What is booked comes evenly over the days of its period, and each day's part is paid `days` later: the share is the overlap of the
    period, moved by `days`, with the period `paid`, over its length. The shares of a period always add up to 1.
    Source: the payment lag of the cash budget (Brealey, Myers, Allen: Principles of Corporate Finance, chapter on short-term planning).
    Example: January has 31 days; 45 days later lies 15 February to 17 March: 14 of the 31 days fall into February, 17 into March.
    """
    rows: list[tuple[dt.date, dt.date, float]] = []
    for period in periods:
        length = calendar.days(period)
        first = period.toordinal() + days
        paid = calendar.period_of(dt.date.fromordinal(int(first)))
        while paid.toordinal() < first + length:
            after = calendar.next(paid)
            share = (min(first + length, after.toordinal()) - max(first, paid.toordinal())) / length
            rows.append((period, paid, share))
            paid = after
    return pl.DataFrame(rows, schema={"period": pl.Date, "paid": pl.Date, "share": pl.Float64}, orient="row")


def outstanding(booked: str, paid: str) -> pl.Expr:
    """Return what is booked and not yet paid at the end of each period (currency): Σ booked − Σ paid, over rows in order of time.

    Receivables where revenue is booked and receipts are paid, payables where it is what suppliers deliver. What was open before the first
    period counts as booked in it. Example: booked 100 and 100, paid 0 and 60: outstanding 100 and 140.
    """
    return pl.col(booked).cum_sum() - pl.col(paid).cum_sum()


def working_capital(stock: str = "inventory_value", receivables: str = "receivables", payables: str = "payables") -> pl.Expr:
    """Return the money tied up in the business (currency): stock plus receivables less payables; empty where stock has no value.

    Source: APICS Dictionary, working capital, without cash. Example: stock 50, owed by customers 140, owed to suppliers 30: 160.
    """
    return pl.col(stock) + pl.col(receivables) - pl.col(payables)


def cash_flow(receipts: str = "receipts", payments: str = "payments", tax: str = "tax_paid") -> pl.Expr:
    """Return what a period leaves in the till (currency): receipts less payments less tax. Example: 60 less 40 less 5: 15."""
    return pl.col(receipts) - pl.col(payments) - pl.col(tax)


def tax(profits: Sequence[float], years: Sequence[int], rate: float) -> list[float]:
    """Return the tax of each period (currency): `rate` (fraction) on the profit of its fiscal year so far, less what was booked before.

    A loss is no refund: within a year it takes back at most what was booked in that year. A year that ends with a loss pays nothing, and
    its loss is carried forward and taken off the profits of later years of the horizon. Losses from before the horizon are not known, so
    none is taken off. `profits` (currency) and `years` have one entry a period, in order of time.
    Example: at 25 %, a year of −100 and 60 has no tax and carries 40 forward; the next, of 100, pays 25 % of 60: 15.
    """
    found: list[float] = []
    carried = so_far = booked = 0.0
    for position, (profit, year) in enumerate(zip(profits, years, strict=True)):
        if position and year != years[position - 1]:
            carried, so_far, booked = max(0.0, carried - so_far), 0.0, 0.0
        so_far += profit
        due = rate * max(0.0, so_far - carried)
        found.append(due - booked)
        booked = due
    return found


def coefficients(activities: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return the objective: `column` of the unknown, `money_class` and signed `coefficient` (gain of one unit more).

    `activities` are frames by name, one row per unknown; rows without `column` are known quantities, held in `known`, and give
    the objective's constant in rows with an empty `column`.
    """
    parts = [_coefficients(term, activity, weight, activities) for term in TERMS for activity, weight in term.activities.items()]
    schema = {"column": pl.Int64, "money_class": pl.String, "coefficient": pl.Float64}
    return pl.concat([pl.DataFrame(schema=schema), *pl.collect_all([part for part in parts if part is not None])])


def _coefficients(term: Term, activity: str, weight: float, activities: Mapping[str, pl.DataFrame]) -> pl.LazyFrame | None:
    frame = activities.get(activity)
    if frame is None or frame.is_empty():
        return None
    known = pl.col("known") if "known" in frame.columns else pl.lit(1.0)
    return (
        frame.lazy()
        .filter(term.where)
        .select(
            pl.col("column").cast(pl.Int64),
            pl.lit(term.money_class).alias("money_class"),
            (term.sign * weight * term.rate * known).cast(pl.Float64).alias("coefficient"),
        )
        .filter(pl.col("coefficient").is_not_null() & (pl.col("coefficient") != 0))
    )


def costs(activities: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return every money term of a plan: term, class, subject, item, place, period, quantity and amount, sorted by key.

    `activities` are the frames that `coefficients` had, each with the plan's `quantity` and its `period`. Amounts are signed:
    revenue positive, cost negative. Their sum over all classes is the objective; without penalties, the money that is published.
    """
    parts = [_costs(term, activity, weight, activities) for term in TERMS for activity, weight in term.activities.items()]
    keys = ["term", "class", "subject", "item", "place", "period"]
    schema = {key: pl.Date if key == "period" else pl.String for key in keys} | {"quantity": pl.Float64, "amount": pl.Float64}
    every = pl.concat([pl.DataFrame(schema=schema), *pl.collect_all([part for part in parts if part is not None])])
    return every.group_by(keys, maintain_order=True).agg(pl.col("quantity", "amount").sum()).filter(pl.col("amount") != 0).sort(keys)


def _costs(term: Term, activity: str, weight: float, activities: Mapping[str, pl.DataFrame]) -> pl.LazyFrame | None:
    frame = activities.get(activity)
    if frame is None or frame.is_empty():
        return None
    item = pl.col("item") if "item" in frame.columns else pl.lit(None)
    place = pl.col(term.place) if term.place in frame.columns else pl.lit(None)
    return (
        frame.lazy()
        .filter(term.where & (pl.col("quantity") != 0) & term.rate.is_not_null())
        .select(
            pl.lit(term.name).alias("term"),
            pl.lit(term.money_class).alias("class"),
            pl.col(term.subject).cast(pl.String).fill_null("").alias("subject"),
            item.cast(pl.String).alias("item"),
            place.cast(pl.String).alias("place"),
            pl.col("period"),
            (weight * pl.col("quantity")).alias("quantity"),
            (term.sign * weight * term.rate * pl.col("quantity")).cast(pl.Float64).alias("amount"),
        )
    )


def published(cost: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of the table `cost` that are money: everything but the model's own prices."""
    return cost.filter(pl.col("class") != "penalty")


def bridge_to_objective(cost: pl.DataFrame) -> dict[str, float]:
    """Return the sum of each class of the table `cost`, and `objective`, their total."""
    sums = dict(cost.group_by("class", maintain_order=True).agg(pl.col("amount").sum()).sort("class").iter_rows())
    return {**sums, "objective": float(sum(sums.values()))}
