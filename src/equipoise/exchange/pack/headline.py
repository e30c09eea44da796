"""The key figures of a plan, and how they compare with its budget."""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from equipoise.charts.series import service, total
from equipoise.exchange.pack.blocks import Card, Tone
from equipoise.exchange.pack.plan import Plan
from equipoise.exchange.pack.wording import compact, fraction, signed
from equipoise.tables.figures import number, share


@dataclass(frozen=True, slots=True)
class Compared:
    """An amount of the plan and its budget over the periods and things that the budget covers."""

    amount: float
    budget: float

    def words(self) -> str:
        """Return the difference in percent of the budget."""
        if not self.budget:
            return "budget is zero"
        difference = self.amount / self.budget - 1
        return f"{signed(round(difference, 4), share(difference))} against budget"


def cards(plan: Plan) -> tuple[Card, ...]:
    """Return the cards that the plan has figures for: demand, shipped, service, revenue, margin, inventory, utilisation."""
    return tuple(card for part in (_demand, _service, _money, _inventory, _load) for card in part(plan))


def _demand(plan: Plan) -> Iterator[Card]:
    if not plan.has("demand_plan"):
        return
    compared = demand_against_budget(plan)
    over = f"{plan.unit} over {plan.length}"
    words = f"{over}; {compared.words()}" if compared else over
    yield Card("Demand", compact(total(plan["demand_plan"], "quantity")), words)


def demand_against_budget(plan: Plan) -> Compared | None:
    """Return demand and budget in units, each row of the budget compared at its own level; None where no units are budgeted."""
    budget = plan["budget"].filter(pl.col("quantity").is_not_null() & pl.col("period").is_in(list(plan.calendar.periods)))
    if budget.is_empty():
        return None
    empty = [(pl.col(name).fill_null("") == "").alias(f"no {name}") for name in ("item", "market")]
    demand = plan["demand_plan"].join(
        plan.item.select("item", pl.coalesce("family", "item").alias("family")), on="item", how="left", maintain_order="left"
    )
    amount = 0.0
    for (no_item, no_market), rows in budget.with_columns(empty).group_by("no item", "no market", maintain_order=True):
        keys = ["family" if no_item else "item", *([] if no_market else ["market"]), "period"]
        amount += total(demand.join(rows.select(keys).unique(), on=keys, how="semi", maintain_order="left"), "quantity")
    return Compared(amount, total(budget, "quantity"))


def _service(plan: Plan) -> Iterator[Card]:
    if not plan.has("shortage"):
        return
    rows = service(plan["shortage"])
    demand, shipped = total(rows, "demand"), total(rows, "shipped")
    yield Card("Shipped", compact(shipped), f"{fraction(shipped / demand)} of demand" if demand else "nothing is demanded")
    if demand:
        on_time = total(rows, "on_time") / demand
        left = [f"{number(value)} {word}" for value, word in _unserved(rows) if value >= 0.5]
        words = ", ".join(left) or ("all of it in its period" if on_time > 0.9999 else "the rest ships late")
        yield Card("Service level", fraction(on_time), words, "bad" if on_time < 0.95 else "good" if on_time >= 0.98 else "")


def _unserved(rows: pl.DataFrame) -> tuple[tuple[float, str], ...]:
    last = rows.filter(pl.col("period") == pl.col("period").max())
    return (total(rows, "lost"), "lost"), (total(last, "backlog"), "still late at the end")


def _money(plan: Plan) -> Iterator[Card]:
    revenue = statement_line(plan, "revenue")
    if revenue is None:
        return
    yield Card("Revenue", compact(revenue, plan.setting.currency), *_compared(plan, "revenue"))
    margin = statement_line(plan, "gross_margin")
    if margin is not None:
        words, tone = _compared(plan, "gross_margin")
        of = f"{share(margin / revenue)} of revenue" if revenue else ""
        yield Card("Gross margin", compact(margin, plan.setting.currency), "; ".join(filter(None, (of, words))), tone)


def statement_line(plan: Plan, line: str) -> float | None:
    """Return the sum of a line of the base plan's statement over the horizon; None where it is not there."""
    rows = plan["financials"].filter((pl.col("scenario") == "base") & (pl.col("line") == line) & pl.col("amount").is_not_null())
    return total(rows, "amount") if rows.height else None


def _compared(plan: Plan, line: str) -> tuple[str, Tone]:
    rows = plan["financials"].filter((pl.col("scenario") == "base") & (pl.col("line") == line) & pl.col("budget").is_not_null())
    if rows.is_empty():
        return "", ""
    compared = Compared(total(rows, "amount"), total(rows, "budget"))
    return compared.words(), "good" if compared.amount >= compared.budget else "bad"


def _inventory(plan: Plan) -> Iterator[Card]:
    stock = plan["inventory_plan"]
    if not (total(stock, "quantity") or total(stock, "target")):
        return
    last = stock.filter(pl.col("period") == pl.col("period").max())
    valued = stock.get_column("value").is_not_null().any()
    value = compact(total(last, "value"), plan.setting.currency) if valued else compact(total(last, "quantity"))
    target = total(last, "target")
    words = f"at the end of {plan.during(plan.calendar.periods[-1], None)}"
    held = f"; {share(total(last, 'quantity') / target)} of target units" if target else ""
    yield Card("Inventory", value, words + held)


def _load(plan: Plan) -> Iterator[Card]:
    load = plan["capacity_load"].filter(pl.col("utilisation").is_not_null())
    if load.is_empty():
        return
    peak = load.sort([pl.col("utilisation").round(6), "period", "resource"], descending=[True, False, False]).row(0, named=True)
    words = f"{peak['resource']}, {plan.during(peak['period'], None)}"
    yield Card("Peak utilisation", share(peak["utilisation"]), words, "bad" if peak["utilisation"] > 1.0001 else "")
