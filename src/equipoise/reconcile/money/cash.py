"""Cash by family and period: what customers pay, what is paid, and the working capital in between."""

import datetime as dt

import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.finance import STOCK_LINES, cash_flow, outstanding, paid_after, working_capital
from equipoise.reconcile.money.valuation import in_family
from equipoise.tables.setting import Setting

_KEYS = ["family", "period"]
_FLOWS = ("receipts", "payments", "tax_paid", "cash_flow")


def earlier_sales(shipment: pl.DataFrame, history: pl.DataFrame, item: pl.DataFrame, start: dt.date) -> pl.DataFrame:
    """Return family, period and amount (currency): revenue of the periods before `start`, of which customers may still owe a part.

    It is what was invoiced, where shipments give it for a period, else the revenue of history; periods of which neither says it have none.
    """
    known = [frame.filter((pl.col("period") < start) & pl.col("revenue").is_not_null()) for frame in (shipment, history)]
    rest = known[1].join(known[0].select("period").unique(), on="period", how="anti", maintain_order="left")
    rows = pl.concat([frame.select("item", "period", pl.col("revenue").alias("amount")) for frame in (known[0], rest)])
    return in_family(rows, item).group_by(_KEYS, maintain_order=True).agg(pl.col("amount").sum())


def cash(
    revenue: pl.DataFrame, earlier: pl.DataFrame, paid: pl.DataFrame, tax: pl.DataFrame, held: pl.DataFrame | None, plan: Setting
) -> list[pl.DataFrame]:
    """Return the lines of cash and working capital: line, family, period, amount (currency; payments as positive amounts).

    Receipts: revenue (family, period, amount), and that of `earlier` periods, finance.receivable_days later; opening_receivables, what
    customers owe at the start as far as earlier sales are given. Payments: those `paid` (also on_credit), what is owed to suppliers
    finance.payable_days later, the rest at once; what is owed from before the horizon is not given and stays out. Tax is paid as it is
    booked. Then cash_flow, and as stocks cumulated_cash, receivables, payables and, where stock (`held`) is valued, working_capital.
    Revenue belongs to the period of its demand: what is served late is taken to be paid no later.
    """
    calendar = Calendar.from_setting(plan.calendar)
    sales = pl.concat([frame.select(*_KEYS, "amount") for frame in (earlier, revenue)])
    received, opening = _received(sales, calendar, plan.finance.receivable_days)
    credit = paid.filter("on_credit").drop("on_credit")
    parts = {
        "booked": pl.concat([revenue.select(*_KEYS, "amount"), opening]),
        "receipts": received,
        "owed": credit,
        "settled": _later(credit, calendar, plan.finance.payable_days).filter(pl.col("period") <= calendar.periods[-1]),
        "at_once": paid.filter(~pl.col("on_credit")).drop("on_credit"),
        "tax_paid": tax.select(*_KEYS, "amount"),
        "inventory_value": tax.clear().select(*_KEYS, "amount") if held is None else held.select(*_KEYS, "amount"),
    }
    wide = _standing(_wide(parts, calendar))
    shown = [*_FLOWS, *sorted(STOCK_LINES - {"inventory_value"})]
    out = {name for name, there in (("tax_paid", tax.height), ("working_capital", held is not None)) if not there}
    lines = wide.unpivot([name for name in shown if name not in out], index=_KEYS, variable_name="line", value_name="amount")
    opened = opening.group_by(_KEYS, maintain_order=True).agg(pl.col("amount").sum())
    return [lines.select("line", *_KEYS, "amount"), opened.select(pl.lit("opening_receivables").alias("line"), *_KEYS, "amount")]


def _later(rows: pl.DataFrame, calendar: Calendar, days: float) -> pl.DataFrame:
    """Return the rows (family, period, amount) in the periods in which they are paid, `days` later."""
    shares = paid_after(rows["period"].unique().sort(), calendar, days)
    spread = rows.join(shares, on="period", maintain_order="left")
    return spread.select("family", pl.col("paid").alias("period"), pl.col("amount") * pl.col("share"), pl.col("period").alias("of"))


def _received(sales: pl.DataFrame, calendar: Calendar, days: float) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return receipts within the horizon, and what is owed at its start, booked in its first period (both family, period, amount)."""
    due = _later(sales, calendar, days).filter(pl.col("period") >= calendar.start)
    opening = due.filter(pl.col("of") < calendar.start).with_columns(pl.lit(calendar.start).alias("period"))
    return due.filter(pl.col("period") <= calendar.periods[-1]).select(*_KEYS, "amount"), opening.select(*_KEYS, "amount")


def _wide(parts: dict[str, pl.DataFrame], calendar: Calendar) -> pl.DataFrame:
    """Return one row a family and period of the horizon, in order of time, and a column a part: nothing is zero."""
    tall = pl.concat([frame.select(pl.lit(name).alias("part"), *_KEYS, "amount") for name, frame in parts.items()])
    families = tall.select("family").unique().sort("family")
    grid = families.join(pl.DataFrame({"period": calendar.periods}), how="cross")
    sums = tall.group_by(_KEYS, maintain_order=True).agg(
        pl.col("amount").filter(pl.col("part") == name).sum().alias(name) for name in parts
    )
    return grid.join(sums, on=_KEYS, how="left", maintain_order="left").with_columns(pl.col(*parts).fill_null(0.0))


def _standing(wide: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with payments, cash flow and what stands at the end of each period."""
    flows = wide.with_columns((pl.col("settled") + pl.col("at_once")).alias("payments")).with_columns(cash_flow().alias("cash_flow"))
    return flows.with_columns(
        outstanding("booked", "receipts").over("family").alias("receivables"),
        outstanding("owed", "settled").over("family").alias("payables"),
        pl.col("cash_flow").cum_sum().over("family").alias("cumulated_cash"),
    ).with_columns(working_capital().alias("working_capital"))
