"""Checks of material: what comes in equals what goes out and what stays, and nothing happens that no row of a table allows."""

import polars as pl

from equipoise.supply.auditing.books import POINT, Books
from equipoise.supply.auditing.check import away, findings, together

_HERE = pl.format("{} at {}", "item", "location")


def stock_balance(books: Books) -> pl.DataFrame:
    """Return, by item, location and period, how far stock before + arrivals + receipts is from stock + all that leaves."""
    came, left = books.arrivals, books.withdrawals
    given, kept = books.given_stock, books.stock.select(*POINT, "quantity")
    before = kept.with_columns(pl.col("t") + 1).filter(pl.col("t") < books.horizon)
    signed = [(came, 1.0), (given, 1.0), (before, 1.0), (left, -1.0), (kept, -1.0)]
    terms = pl.concat([part.select(*POINT, term=sign * pl.col("quantity").fill_null(0.0)) for part, sign in signed])
    sums = terms.filter(pl.col("t").is_not_null()).group_by(POINT, maintain_order=True)
    rows = sums.agg(left=pl.col("term").sum(), size=pl.col("term").abs().sum()).sort(POINT)
    return findings(rows, pl.col("left").abs(), _HERE, size=pl.col("size"))


def opening_stock(books: Books) -> pl.DataFrame:
    """Return how far the opening stock shown is from stock on hand, or from the stock of the period before."""
    rows = books.stock.sort(POINT)
    hand = books.tables["on_hand"].group_by("item", "location", maintain_order=True).agg(hand=pl.col("quantity").sum())
    rows = rows.join(hand, on=["item", "location"], how="left", maintain_order="left")
    before = pl.col("quantity").shift(1).over("item", "location", order_by="t")
    expected = pl.when(pl.col("t") == 0).then(pl.col("hand").fill_null(0.0)).otherwise(before)
    return findings(rows, away(pl.col("opening"), expected), _HERE, size=expected.fill_null(0.0))


def stock_value(books: Books) -> pl.DataFrame:
    """Return how far the value of stock is from stock times standard cost; without a standard cost there is none."""
    expected = pl.col("quantity") * pl.col("standard_cost")
    missing = pl.col("value").is_null() != pl.col("standard_cost").is_null()
    off = pl.when(missing).then(pl.lit(float("inf"))).otherwise(away(pl.col("value"), expected))
    return findings(books.stock, off, _HERE, size=expected.fill_null(0.0))


def allowed_flows(books: Books) -> pl.DataFrame:
    """Return every flow: one that no row of route, purchase or lane allows in its period is off by its quantity."""
    parts = []
    for frame, name in ((books.made, "route"), (books.bought, "purchase"), (books.moved, "lane"), (books.shipped, "lane")):
        off = pl.when(pl.col("known").is_null() | pl.col("t").is_null()).then(pl.col("quantity").abs()).otherwise(0.0)
        subject = pl.format("{} of {}", pl.coalesce(name, pl.lit("shipment")), "item")
        parts.append(findings(frame, off, subject))
    return together(*parts)


def nothing_negative(books: Books) -> pl.DataFrame:
    """Return every quantity of the plan: one below zero is off by as much."""
    parts = []
    for table, columns in _QUANTITIES.items():
        keys = [name for name in _NAMES if name in books.tables[table].columns]
        words = pl.concat_str([pl.col(name) for name in keys], separator=" ", ignore_nulls=True)
        rows = books.timed(table)
        parts += [findings(rows, -pl.col(column), pl.format(f"{table}.{column} of {{}}", words)) for column in columns]
    return together(*(part.with_columns(pl.col("off").fill_null(0.0)) for part in parts))


_NAMES = ("route", "purchase", "lane", "resource", "activity", "of", "item", "market", "location", "rule", "subject")
_QUANTITIES = {
    "supply_plan": ("quantity",),
    "purchase_plan": ("quantity",),
    "transfer_plan": ("quantity",),
    "shipment_plan": ("quantity",),
    "inventory_plan": ("opening", "quantity", "shortfall", "excess", "scrap"),
    "capacity_load": ("available", "load", "regular", "overtime", "idle"),
    "route_load": ("load",),
    "workforce_plan": ("workers", "hire", "layoff"),
    "shortage": ("demand", "shipped", "backlog", "lost"),
    "violation": ("quantity",),
}


def scrap_allowed(books: Books) -> pl.DataFrame:
    """Return every point that scraps: only where scrapping has a cost, or where the item can expire."""
    priced = books.policy.filter(pl.col("scrap_cost").is_not_null()).select(POINT).with_columns(allowed=pl.lit(value=True))
    dated = books.tables["on_hand"].filter(pl.col("expires").is_not_null()).select("item", "location").unique()
    dated = dated.with_columns(perishes=pl.lit(value=True))
    rows = books.stock.filter(pl.col("scrap").fill_null(0.0) != 0).join(priced, on=POINT, how="left", maintain_order="left")
    rows = rows.join(dated, on=["item", "location"], how="left", maintain_order="left")
    fine = pl.col("allowed").is_not_null() | pl.col("perishes").is_not_null() | pl.col("shelf_life").is_not_null()
    return findings(rows, pl.when(fine).then(0.0).otherwise(pl.col("scrap")), _HERE)


def shelf_life(books: Books) -> pl.DataFrame:
    """Return, where stock perishes, by how much it exceeds what arrived within a life and what was given and is still good."""
    ends = books.periods.select("t", end=(pl.col("start") + pl.col("days")).cast(pl.Float64))
    dated = books.tables["on_hand"].filter(pl.col("expires").is_not_null()).select("item", "location").unique()
    rows = books.stock.join(dated.with_columns(dated=pl.lit(value=True)), on=["item", "location"], how="left", maintain_order="left")
    rows = rows.filter(pl.col("shelf_life").is_not_null() | pl.col("dated").is_not_null()).join(ends, on="t", maintain_order="left")
    good = _good(books, ends).join(rows.select(*POINT, "end"), on=["item", "location"], maintain_order="left")
    still = good.filter((pl.col("from") <= pl.col("end")) & (pl.col("until").is_null() | (pl.col("until") >= pl.col("end"))))
    still = still.group_by(POINT, maintain_order=True).agg(good=pl.col("quantity").sum())
    rows = rows.join(still, on=POINT, how="left", maintain_order="left").with_columns(pl.col("good").fill_null(0.0))
    return findings(rows, pl.col("quantity") - pl.col("good"), _HERE, size=pl.col("good"), rule="shelf life")


def _good(books: Books, ends: pl.DataFrame) -> pl.DataFrame:
    """Return item, location, quantity, and the days from the start of the horizon from and until which it counts as good.

    What arrives in a period is as old as its end; stock on hand may be carried on until its own last day begins, else for a life from
    the first day.
    """
    lives = books.items.select("item", "shelf_life")
    came = books.arrivals.join(ends, on="t", maintain_order="left").join(lives, on="item", how="left", maintain_order="left")
    due = (
        books.timed("scheduled_receipt").join(ends, on="t", maintain_order="left").join(lives, on="item", how="left", maintain_order="left")
    )
    hand = books.tables["on_hand"].join(lives, on="item", how="left", maintain_order="left")
    own = (pl.col("expires") - pl.lit(books.calendar.start)).dt.total_days().cast(pl.Float64)
    always = pl.lit(float("-inf")).alias("from")
    columns = ["item", "location", "quantity", "from", "until"]
    # a receipt is known from the start, as stock on hand is: it may be counted on before it is there, the balance holds it back
    return pl.concat(
        [
            came.with_columns(pl.col("end").alias("from"), until=pl.col("end") + pl.col("shelf_life")).select(columns),
            due.with_columns(always, until=pl.col("end") + pl.col("shelf_life")).select(columns),
            hand.with_columns(always, until=pl.coalesce(own, pl.col("shelf_life"))).select(columns),
        ]
    )
