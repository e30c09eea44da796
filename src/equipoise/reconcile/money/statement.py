"""The statement: profit and loss, inventory value, working capital and cash by family and period, beside the budget, and its bridges."""

from dataclasses import dataclass
from functools import cached_property

import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.finance import ON_CREDIT, TERMS, category, cost_of_goods, gross_margin, published, stock_value, tax
from equipoise.reconcile.money.bridge import bridge, last_cycle
from equipoise.reconcile.money.cash import cash, earlier_sales
from equipoise.reconcile.money.valuation import budgeted_families, costs, in_family, known_sum
from equipoise.tables import table
from equipoise.tables.setting import Setting, from_table

_KEYS = ["family", "period"]
_MAKES = {"production", "material", "subcontracting"}
_LINES = pl.Schema({"line": pl.String, "family": pl.String, "period": pl.Date, "amount": pl.Float64})


def financials(
    cost: pl.DataFrame,
    shortage: pl.DataFrame,
    inventory_plan: pl.DataFrame,
    demand_plan: pl.DataFrame,
    budget: pl.DataFrame,
    plan_snapshot: pl.DataFrame,
    shipment: pl.DataFrame,
    history: pl.DataFrame,
    item: pl.DataFrame,
    setting: pl.DataFrame,
) -> dict[str, pl.DataFrame]:
    """Return the tables `financials` and `bridge`.

    Lines, all in currency, costs as positive amounts: revenue; cost_of_goods (shipments at standard cost); gross_margin; a line
    for each term of the cost of supply, one for each category of them (material_cost, production_cost, ...), and supply_cost, their sum;
    stock_change (what stock gained in value); supply_variance = supply_cost − stock_change − cost_of_goods: it holds price differences,
    inefficiency, scrap and what is still on the way; inventory_carrying; service_cost (late and lost demand beyond its revenue);
    contribution = revenue − cost_of_goods − supply_variance − inventory_carrying − service_cost; tax and contribution_after_tax where a
    tax rate is set; inventory_value (a stock); the lines of `cash`. What belongs to no item has an empty family, and so have the
    variance and the tax. Tax is on the profit of the books: carrying and service cost, for which nobody sends a bill, take nothing off it.

    Money that is not given is not made up: an item without price or standard cost stays out of gross_margin; variance and
    contribution are left out unless every item that counts has both. Where no standard cost is given at all, stock has no value
    and the contribution is revenue less what supply, stock and service cost. Where there is no contribution there is no cash.
    """
    plan = from_table(setting)
    statement = Statement(cost, shortage, inventory_plan, demand_plan, item, plan)
    calendar = Calendar.from_setting(plan.calendar)
    earlier = earlier_sales(shipment, history, item, calendar.start)
    lines = [*statement.lines(), *statement.money_lines(earlier)]
    planned = pl.concat([_LINES.to_frame(), *lines]).group_by("line", *_KEYS, maintain_order=True).agg(pl.col("amount").sum())
    within = budget.filter(pl.col("period").is_in(calendar.periods))
    both = planned.join(_budget_lines(within, item), on=["line", *_KEYS], how="full", coalesce=True, maintain_order="left_right")
    both = both.with_columns(pl.lit("base").alias("scenario")).sort("line", *_KEYS)
    return {
        "financials": table("financials").conform(both),
        "bridge": bridge(statement.sold(), statement.demanded(), within, last_cycle(plan_snapshot, calendar.as_of), item),
    }


@dataclass(frozen=True)
class Statement:
    """The lines of one plan. Each method returns line, family, period and amount, or no rows where the line cannot be said."""

    cost: pl.DataFrame
    shortage: pl.DataFrame
    inventory_plan: pl.DataFrame
    demand_plan: pl.DataFrame
    item: pl.DataFrame
    plan: Setting

    def lines(self) -> list[pl.DataFrame]:
        """Return every line that can be said."""
        supply = self._supply_terms
        return [
            self.revenue,
            self.goods,
            self._margin(),
            supply,
            self._categories(),
            supply.with_columns(pl.lit("supply_cost").alias("line")),
            self._stock_change,
            self.variance,
            self._of_line("inventory carrying", "inventory_carrying"),
            self._of_line("service", "service_cost"),
            self.contribution,
            self.held,
        ]

    def money_lines(self, earlier: pl.DataFrame) -> list[pl.DataFrame]:
        """Return tax, what is left after it, and cash, where there is a contribution; `earlier` are the sales before the horizon."""
        if self.contribution.is_empty():
            return []
        taxed = self._tax()
        lines = [taxed]
        if taxed.height:
            less = taxed.with_columns(-pl.col("amount"))
            lines.append(_line(pl.concat([self.contribution, less]), "contribution_after_tax"))
        held = self.held if not self.uncosted and self._moving else None
        return [*lines, *cash(self.revenue, earlier, self._paid(), taxed, held, self.plan)]

    @cached_property
    def _money(self) -> pl.DataFrame:
        """The rows of cost that are published, with family and statement line."""
        lines = {term.name: term.line for term in TERMS}
        rows = published(self.cost).with_columns(
            pl.col("term").replace_strict(lines, default=pl.col("term"), return_dtype=pl.String).alias("of")
        )
        named = in_family(rows, self.item)
        return named.with_columns(pl.col("family").fill_null(""))

    def _of_line(self, statement_line: str, name: str, sign: int = -1) -> pl.DataFrame:
        rows = self._money.filter(pl.col("of") == statement_line)
        return _line(rows.with_columns(pl.col("amount") * sign), name)

    @cached_property
    def revenue(self) -> pl.DataFrame:
        """Revenue, in the period of the demand that it serves."""
        return self._of_line("revenue", "revenue", sign=1)

    @cached_property
    def _supply_rows(self) -> pl.DataFrame:
        return self._money.filter(~pl.col("of").is_in(["revenue", "inventory carrying", "service"]))

    @cached_property
    def _supply_terms(self) -> pl.DataFrame:
        return self._supply_rows.select(pl.col("term").alias("line"), *_KEYS, -pl.col("amount"))

    def _categories(self) -> pl.DataFrame:
        """The cost of supply by category: the terms of one line of the statement together."""
        names = {term.line: category(term.line) for term in TERMS}
        of = pl.col("of").replace_strict(names, default=pl.col("of"), return_dtype=pl.String)
        return self._supply_rows.select(of.alias("line"), *_KEYS, -pl.col("amount"))

    def _paid(self) -> pl.DataFrame:
        """The cost of supply that is paid in cash: family, period, amount, and whether it is owed to a supplier for a while."""
        cash_rows = self._supply_rows.filter(pl.col("class") == "cash")
        return cash_rows.select(*_KEYS, -pl.col("amount"), pl.col("of").is_in(list(ON_CREDIT)).alias("on_credit"))

    @cached_property
    def _shipped(self) -> pl.DataFrame:
        """Item, market, period, family, what is shipped and its cost at standard."""
        rows = self.shortage.with_columns(pl.col("shipped").fill_null(0.0)).join(
            costs(self.item), on="item", how="left", maintain_order="left"
        )
        return in_family(rows.with_columns(cost_of_goods().alias("cost_of_goods")), self.item)

    @cached_property
    def goods(self) -> pl.DataFrame:
        """Cost of goods: what is shipped, at standard cost."""
        return _line(self._shipped.rename({"cost_of_goods": "amount"}).drop_nulls("amount"), "cost_of_goods")

    @cached_property
    def unpriced(self) -> set[str]:
        """Items in demand that have no price somewhere."""
        return set(self.demand_plan.filter((pl.col("quantity") > 0) & pl.col("unit_price").is_null())["item"])

    @cached_property
    def _moving(self) -> set[str]:
        """Items that are shipped or in stock."""
        stock = self.inventory_plan.filter((pl.col("quantity") > 1e-9) | (pl.col("opening") > 1e-9))
        return set(self.shortage.filter(pl.col("shipped") > 1e-9)["item"]) | set(stock["item"])

    @cached_property
    def uncosted(self) -> set[str]:
        """Items shipped or in stock that have no standard cost."""
        return self._moving - set(costs(self.item)["item"])

    def sold(self) -> pl.DataFrame:
        """Return item, period, revenue and gross margin of the plan; empty where price or cost is not given."""
        revenue = (
            self._money.filter(pl.col("of") == "revenue")
            .group_by("item", "period", maintain_order=True)
            .agg(pl.col("amount").sum().alias("revenue"))
        )
        rows = self._shipped.group_by("item", "period", maintain_order=True).agg(known_sum("cost_of_goods"))
        both = rows.join(revenue, on=["item", "period"], how="full", coalesce=True, maintain_order="left_right")
        return self._with_margin(both, pl.col("revenue").fill_null(0.0)).select("item", "period", "revenue", "gross_margin")

    def demanded(self) -> pl.DataFrame:
        """Return item, market, period, quantity, revenue and gross margin of the demand plan, as if all of it were served.

        `margin_planned` is the gross margin at the cost that the plan counts a unit with: where it is made by family, that of the family.
        """
        cost = costs(self.item)
        rows = self.demand_plan.join(cost, on="item", how="left", maintain_order="left")
        if self.plan.supply.level == "family":
            own = cost.rename({"item": "family", "unit_cost": "planned_cost"})
            rows = in_family(rows, self.item).join(own, on="family", how="left", maintain_order="left")
        else:
            rows = rows.with_columns(planned_cost="unit_cost")
        rows = rows.with_columns(cost_of_goods("quantity").alias("cost_of_goods"))
        priced = self._with_margin(rows, pl.col("quantity") * pl.col("unit_price").fill_null(0.0))
        planned = priced.with_columns(cost_of_goods("quantity", "planned_cost").alias("cost_of_goods"))
        margin = gross_margin().alias("margin_planned")
        return planned.select("item", "market", "period", "quantity", "revenue", "gross_margin", margin)

    def _with_margin(self, rows: pl.DataFrame, revenue: pl.Expr) -> pl.DataFrame:
        """Add revenue, empty for items without a price somewhere, and gross margin."""
        priced = ~pl.col("item").is_in(list(self.unpriced))
        return rows.with_columns(pl.when(priced).then(revenue).alias("revenue")).with_columns(gross_margin().alias("gross_margin"))

    def _margin(self) -> pl.DataFrame:
        """Revenue less cost of goods, of the items that have both."""
        if self.revenue.is_empty():
            return _LINES.to_frame()
        both = pl.col("item").is_in(list(set(costs(self.item)["item"]) - self.unpriced))
        less = self._shipped.filter(both).select(*_KEYS, -pl.col("cost_of_goods").alias("amount"))
        sales = self._money.filter((pl.col("of") == "revenue") & both).select(*_KEYS, "amount")
        return _line(pl.concat([sales, less]), "gross_margin")

    @cached_property
    def held(self) -> pl.DataFrame:
        """Stock at the end of each period, at standard cost."""
        rows = in_family(self.inventory_plan.filter(pl.col("value").is_not_null()), self.item)
        return _line(rows.rename({"value": "amount"}), "inventory_value")

    @cached_property
    def _stock_change(self) -> pl.DataFrame:
        """Change in stock value by period: closing less opening, at standard cost."""
        rows = in_family(self.inventory_plan.join(costs(self.item), on="item", maintain_order="left"), self.item)
        opening, closing = stock_value("opening"), stock_value()
        return _line(rows.with_columns((closing - opening.fill_null(0.0)).alias("amount")), "stock_change")

    @cached_property
    def variance(self) -> pl.DataFrame:
        """Cost of supply less what it brought, at standard cost: not allocated to families."""
        if self.uncosted or not self._moving or self._supply_terms.is_empty():
            return _LINES.to_frame()
        spent = _line(self._supply_terms.with_columns(pl.lit("").alias("family")), "supply_variance")
        brought = [
            _line(frame.with_columns(-pl.col("amount"), pl.lit("").alias("family")), "supply_variance")
            for frame in (self.goods, self._stock_change)
        ]
        return _line(pl.concat([spent, *brought]), "supply_variance")

    @cached_property
    def _earned(self) -> pl.DataFrame:
        """The profit of the books (family, period, amount), not yet summed: revenue less what was sold cost; empty where not known."""
        if self.revenue.is_empty() or self.unpriced:
            return _LINES.to_frame().drop("line")
        if self.variance.height:
            less = [self.goods, self.variance]
        elif not self.item["unit_cost"].is_not_null().any() and self._money["of"].is_in(list(_MAKES)).any():
            less = [self._supply_terms]
        else:
            return _LINES.to_frame().drop("line")
        parts = [self.revenue, *(frame.with_columns(-pl.col("amount")) for frame in less)]
        return pl.concat([part.select(*_KEYS, "amount") for part in parts])

    @cached_property
    def contribution(self) -> pl.DataFrame:
        """What the plan earns after supply, stock and service."""
        if self._earned.is_empty():
            return _LINES.to_frame()
        less = [self._of_line(line, "", sign=1) for line in ("inventory carrying", "service")]
        return _line(pl.concat([self._earned, *(part.select(*_KEYS, "amount") for part in less)]), "contribution")

    def _tax(self) -> pl.DataFrame:
        """Tax on the profit of the books, by fiscal year, a loss carried forward; it belongs to no family. Empty without a rate."""
        calendar, rate = Calendar.from_setting(self.plan.calendar), self.plan.finance.tax_rate
        if not rate:
            return _LINES.to_frame()
        profit = dict(self._earned.group_by("period", maintain_order=True).agg(pl.col("amount").sum()).iter_rows())
        periods = calendar.periods
        due = tax([profit.get(period, 0.0) for period in periods], [calendar.fiscal_year(period) for period in periods], rate)
        rows = [("tax", "", period, amount) for period, amount in zip(periods, due, strict=True)]
        return pl.DataFrame(rows, schema=_LINES, orient="row")


def _line(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """Sum rows (family, period, amount) to one line of the statement."""
    summed = rows.group_by(*_KEYS, maintain_order=True).agg(pl.col("amount").sum())
    return summed.select(pl.lit(name).alias("line"), *_KEYS, "amount")


def _budget_lines(budget: pl.DataFrame, item: pl.DataFrame) -> pl.DataFrame:
    """Return line, family, period and budget of the lines that the budget gives; an item's row counts to its family."""
    rows = budgeted_families(budget, item).with_columns((pl.col("revenue") - pl.col("gross_margin")).alias("cost_of_goods"))
    columns = (
        ("revenue", "revenue"),
        ("cost_of_goods", "cost_of_goods"),
        ("gross_margin", "gross_margin"),
        ("inventory_value", "inventory"),
    )
    parts = [
        rows.filter(pl.col(column).is_not_null())
        .group_by(*_KEYS, maintain_order=True)
        .agg(pl.col(column).sum().alias("budget"))
        .select(pl.lit(line).alias("line"), *_KEYS, "budget")
        for line, column in columns
    ]
    return pl.concat(parts)
