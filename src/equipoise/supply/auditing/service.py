"""Checks of demand: served, late or lost, as the demand policy allows."""

import polars as pl

from equipoise.supply.auditing.books import Books
from equipoise.supply.auditing.check import away, findings

_KEY = ["item", "market", "t"]
_HERE = pl.format("{} in {}", "item", "market")
_WIDER = pl.col("item")


def _before(column: str) -> pl.Expr:
    return pl.col(column).shift(1).over("item", "market", order_by="t").fill_null(0.0)


def demand_known(books: Books) -> pl.DataFrame:
    """Return how far the demand that the plan shows is from the demand plan."""
    return findings(books.service, away(pl.col("told"), pl.col("quantity")), _HERE, size=pl.col("quantity"))


def shipments_arrive(books: Books) -> pl.DataFrame:
    """Return how far what the plan shows as shipped is from the shipments that arrive, lead times split over periods."""
    came = books.delivered.group_by(_KEY, maintain_order=True).agg(came=pl.col("quantity").sum())
    rows = books.service.join(came, on=_KEY, how="full", coalesce=True, maintain_order="left")
    return findings(rows, away(pl.col("shipped"), pl.col("came")), _HERE, size=pl.col("shipped").fill_null(0.0))


def demand_balance(books: Books) -> pl.DataFrame:
    """Return how far demand + what was late is from shipped + late + lost."""
    terms = [pl.col("quantity") + pl.col("opening"), _before("backlog"), -pl.col("shipped"), -pl.col("backlog"), -pl.col("lost")]
    rows = books.service.with_columns(left=pl.sum_horizontal(terms), size=pl.sum_horizontal(term.abs() for term in terms))
    return findings(rows, pl.col("left").abs(), _HERE, size=pl.col("size"))


def lost_allowed(books: Books) -> pl.DataFrame:
    """Return, where demand may not be lost, what is lost."""
    rows = books.service.filter(~pl.col("lost_allowed").fill_null(value=False))
    return findings(rows, pl.col("lost"), _HERE, size=pl.col("quantity"), rule="demand that must be served", wider=_WIDER)


def lost_within_demand(books: Books) -> pl.DataFrame:
    """Return by how much more is lost than is demanded in the period (in the first, late demand included)."""
    wanted = pl.col("quantity") + pl.col("opening")
    return findings(books.service, pl.col("lost") - wanted, _HERE, size=wanted)


def backlog_allowed(books: Books) -> pl.DataFrame:
    """Return, where demand may not be late, what is late."""
    rows = books.service.filter(~pl.col("backlog_allowed").fill_null(value=False))
    return findings(rows, pl.col("backlog"), _HERE, size=pl.col("quantity"))


def backlog_age(books: Books) -> pl.DataFrame:
    """Return by how much backlog exceeds the demand of the last `max_backlog_age` periods: first come, first served."""
    rows = books.service.filter(pl.col("max_backlog_age").is_not_null())
    recent = rows.select(*_KEY, "max_backlog_age").join(
        books.service.select("item", "market", u="t", wanted=pl.col("quantity"), late="opening"),
        on=["item", "market"],
        maintain_order="left",
    )
    fresh = (pl.col("u") <= pl.col("t")) & (pl.col("u") > pl.col("t") - pl.col("max_backlog_age"))
    young = pl.col("t") + 1 < pl.col("max_backlog_age")
    recent = recent.group_by(_KEY, maintain_order=True).agg(most=pl.col("wanted").filter(fresh).sum() + pl.col("late").filter(young).sum())
    rows = rows.join(recent, on=_KEY, how="left", maintain_order="left")
    return findings(rows, pl.col("backlog") - pl.col("most"), _HERE, size=pl.col("most"), rule="age of backlog", wider=_WIDER)


def ending_backlog(books: Books) -> pl.DataFrame:
    """Return by how much more is late at the end of the horizon than allowed."""
    rows = books.service.filter((pl.col("t") == books.horizon - 1) & pl.col("ending_backlog").is_not_null())
    off = pl.col("backlog") - pl.col("ending_backlog")
    return findings(rows, off, _HERE, size=pl.col("ending_backlog"), rule="ending backlog", wider=_WIDER)


def minimum_fill(books: Books) -> pl.DataFrame:
    """Return by how much less arrives in a period than the least share of its demand."""
    least = pl.col("minimum_fill") * pl.col("quantity")
    rows = books.service.filter((pl.col("minimum_fill").fill_null(0.0) > 0) & (pl.col("quantity") > 0))
    return findings(rows, least - pl.col("shipped"), _HERE, size=least, rule="minimum fill", wider=_WIDER)
