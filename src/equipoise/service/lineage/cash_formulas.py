"""How receipts and payments follow from what was booked, and when. Formulas: finance.paid_after, docs/pre-sop.md."""

import polars as pl

from equipoise.finance import ON_CREDIT, TERMS, paid_after
from equipoise.reconcile.money.cash import earlier_sales
from equipoise.reconcile.money.valuation import in_family
from equipoise.service.lineage.draft import Draft, part, total
from equipoise.service.lineage.held import Held
from equipoise.tables.figures import named, number

_KEYS = ["family", "period"]


def cash_line(held: Held, rows: pl.DataFrame, line: str) -> Draft | None:
    """Receipts or payments of a period: the part of each period's bookings that is paid in it."""
    if rows["period"].n_unique() > 1:
        return None
    families = rows.select(pl.col("family").fill_null("")).unique()
    finance = held.setting.finance
    if line == "receipts":
        return _paid(held, _sales(held), families, rows, finance.receivable_days, "Revenue, received later")
    spent = _spent(held)
    credit = _paid(held, spent.filter("credit"), families, rows, finance.payable_days, "Suppliers paid later, and the rest at once")
    now = spent.filter(~pl.col("credit"), pl.col("period") == rows["period"][0]).join(
        families, on="family", how="semi", maintain_order="left"
    )
    at_once = part("at_once", "paid at once", float(now["amount"].sum()), "currency", "cost.amount", rows=now.height)
    return Draft(credit.words, f"{credit.expression} + at_once", (*credit.inputs, at_once))


def _sales(held: Held) -> pl.DataFrame:
    start = held.calendar.start
    earlier = earlier_sales(held.frame("shipment"), held.frame("history"), held.frame("item"), start)
    revenue = held.frame("financials").filter(pl.col("line") == "revenue", pl.col("amount").is_not_null())
    return pl.concat([frame.select(pl.col("family").fill_null(""), "period", "amount") for frame in (earlier, revenue)])


def _spent(held: Held) -> pl.DataFrame:
    """Return the cost of supply that is paid in cash: family, period, amount, and whether it is owed for a while."""
    lines = {term.name: term.line for term in TERMS if term.line not in {"revenue", "inventory carrying", "service", "penalty"}}
    cash = held.frame("cost").filter(pl.col("class") == "cash", pl.col("term").is_in(list(lines)))
    rows = in_family(cash, held.frame("item")).with_columns(pl.col("family").fill_null(""))
    owed = pl.col("term").replace_strict(lines, return_dtype=pl.String).is_in(list(ON_CREDIT))
    return rows.select(*_KEYS, -pl.col("amount"), owed.alias("credit"))


def _paid(held: Held, booked: pl.DataFrame, families: pl.DataFrame, rows: pl.DataFrame, days: float, words: str) -> Draft:
    """Return what of each period's bookings is paid in the period of `rows`."""
    own = booked.join(families, on="family", how="semi", maintain_order="left")
    shares = paid_after(own["period"].unique().sort(), held.calendar, days).filter(pl.col("paid") == rows["period"][0])
    due = own.join(shares, on="period", how="inner", maintain_order="left")
    sums = due.group_by("period", maintain_order=True).agg((pl.col("amount") * pl.col("share")).sum(), pl.len()).sort("period")
    signed = [
        (1, part(f"p{place}", f"of {named(period, held.calendar)}", amount, "currency", rows=count))
        for place, (period, amount, count) in enumerate(sums.iter_rows(), 1)
    ]
    return total(f"{words}: {number(days)} days after", signed or [(1, part("none", "nothing falls due", 0.0))])
