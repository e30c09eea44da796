"""Checks of strategy: one rate, one workforce, no stock built ahead, or a rate and a workforce for each block of periods."""

import polars as pl

from equipoise.supply.auditing.books import Books
from equipoise.supply.auditing.check import findings, together
from equipoise.supply.model.timing import with_arrivals

_DUE = ["kind", "key", "t"]


def strategy(books: Books) -> pl.DataFrame:
    """Return by how much the plan leaves its strategy. optimal and given ask for nothing here.

    level_output and level_workforce hold their rate or workers after the frozen fence, hybrid both within each block of hybrid_periods.
    """
    asked = books.setting.supply.strategy
    if asked == "chase":
        return _chase(books)
    parts = [findings(books.made.clear(), pl.lit(0.0), pl.col("item"))]
    if asked in {"level_output", "hybrid"}:
        parts.append(_level(books, _rates(books), "level output"))
    if asked in {"level_workforce", "hybrid"}:
        staffed = books.machine.filter(pl.col("staffed"))
        parts.append(
            _level(books, staffed.select("t", pl.col("workers").fill_null(0.0).alias("quantity"), subject="resource"), "level workforce")
        )
    return together(*parts)


def _level(books: Books, rows: pl.DataFrame, rule: str) -> pl.DataFrame:
    """Return how far each subject is in each period from one level of its block of periods.

    The level is one from which no period is further than the violations listed allow (of workers: all of the block together), if there is
    one.
    """
    fence = books.calendar.frozen
    hybrid = books.setting.supply.strategy == "hybrid"
    block = (pl.col("t") - fence) // (books.setting.supply.hybrid_periods if hybrid else books.horizon)
    listed = books.timed("violation").filter(pl.col("rule") == rule).group_by("subject", "t", maintain_order=True)
    rows = rows.filter(pl.col("t") >= fence).join(
        listed.agg(listed=pl.col("quantity").sum()), on=["subject", "t"], how="left", maintain_order="left"
    )
    rows = rows.with_columns(pl.col("listed").fill_null(0.0), block=block)
    if rule == "level workforce":  # a step from one period to the next is listed, so all steps of a block add up
        rows = rows.with_columns(pl.col("listed").sum().over("subject", "block"))
    lowest, highest = (pl.col("quantity") - pl.col("listed")).max(), (pl.col("quantity") + pl.col("listed")).min()
    rows = rows.with_columns(level=((lowest + highest) / 2).over("subject", "block"))
    off = (pl.col("quantity") - pl.col("level")).abs()
    over = findings(rows, off - pl.col("listed"), pl.col("subject"), size=pl.col("quantity"))
    return together(
        over.filter(rows.get_column("listed") <= 0), findings(rows.filter(pl.col("listed") > 0), off, pl.col("subject"), rule=rule)
    )


def _rates(books: Books) -> pl.DataFrame:
    """Return what is made of each item with demand of its own, in the periods in which it can be made freely: subject, t, quantity.

    Not where each of its routes takes a resource that has no time at all, or is fixed by a firm plan.
    """
    has = books.machine
    priced = pl.any_horizontal(
        pl.col(name).is_not_null() for name in ("overtime_cost", "overtime_wage_per_hour", "overtime_hours_per_worker")
    )
    extra = (pl.col("overtime_limit").fill_null(0.0) > 0) | (pl.col("overtime_limit").is_null() & priced)
    steps = has.join(books.tables["capacity_step"].select("resource").unique(), on="resource", how="semi", maintain_order="left")
    nothing = (pl.col("base") <= 0) | (pl.col("staffed") & (pl.col("hours_per_worker") <= 0))
    still = has.filter(nothing & ~extra).join(steps.select("resource", "t"), on=["resource", "t"], how="anti", maintain_order="left")
    takes = books.tables["usage"].filter(pl.col("activity") == "make").select("resource", route="of")
    stopped = takes.join(still.select("resource", "t"), on="resource", maintain_order="left").select("route", "t")
    fixed = books.timed("firm_plan").filter((pl.col("kind") == "production") & pl.col("fixed").is_not_null())
    free = books.route.select("route", "item", "t").join(books.demand.select("item").unique(), on="item", how="semi", maintain_order="left")
    for held in (stopped, fixed.select("t", route="key")):
        free = free.join(held, on=["route", "t"], how="anti", maintain_order="left")
    made = books.made.group_by("item", "t", maintain_order=True).agg(pl.col("quantity").sum())
    rows = free.select("item", "t").unique(maintain_order=True).join(made, on=["item", "t"], how="left", maintain_order="left")
    return rows.select("t", pl.col("quantity").fill_null(0.0), subject="item").sort("subject", "t")


def _chase(books: Books) -> pl.DataFrame:
    """Return by how much stock of an item with demand of its own is above its target, or above what demand leaves of what comes anyway.

    A lead time that ends inside a period lets a share wait, and where lots come whole, one lot may.
    """
    keys = ["item", "t"]
    sold = books.demand.group_by(keys, maintain_order=True).agg(
        out=(pl.col("quantity") + pl.col("opening")).sum(), wanted=pl.col("quantity").sum()
    )
    come = pl.concat([books.given_stock, _promised(books)]).group_by(keys, maintain_order=True).agg(due=pl.col("quantity").sum())
    kept = books.stock.group_by(keys, maintain_order=True).agg(pl.col("quantity").sum(), pl.col("target").fill_null(0.0).sum())
    rows = sold.join(come, on=keys, how="left", maintain_order="left").join(kept, on=keys, maintain_order="left")
    rows = rows.join(_waiting(books), on="item", how="left", maintain_order="left").join(
        _lot(books), on="item", how="left", maintain_order="left"
    )
    rows = rows.sort(keys).with_columns(pl.col("waiting", "lot", "due").fill_null(0.0))
    rows = rows.with_columns(sum=(pl.col("due") - pl.col("out")).cum_sum().over("item", order_by="t"))
    left = pl.col("sum") - pl.col("sum").cum_min().over("item", order_by="t").clip(upper_bound=0.0)
    following = pl.col("wanted").shift(-1).over("item", order_by="t").fill_null(0.0)
    rows = rows.with_columns(most=pl.max_horizontal("target", left) + pl.col("waiting") * following + pl.col("lot"))
    return findings(rows, pl.col("quantity") - pl.col("most"), pl.col("item"), size=pl.col("most"), rule="chase")


def _promised(books: Books) -> pl.DataFrame:
    """Return what the least of firm plans and contracts brings: item, location, t, quantity."""
    plan = books.timed("firm_plan").filter(pl.col("kind").is_in(["production", "purchase"]))
    firm = plan.select(*_DUE, least=pl.coalesce("fixed", "minimum").fill_null(0.0))
    limit = books.tables["purchase_limit"].filter(pl.col("span").fill_null("period") == "period")
    dated = pl.col("period").is_null() | (pl.col("period") == pl.col("when"))
    limit = limit.join(books.periods.select("t", when="period"), how="cross").filter(dated)
    deals = limit.select(pl.lit("purchase").alias("kind"), pl.col("purchase").alias("key"), "t", least=pl.col("minimum").fill_null(0.0))
    least = pl.concat([firm, deals]).group_by(_DUE, maintain_order=True).agg(quantity=pl.col("least").max())
    made, bought = (
        rows.join(least.filter(pl.col("kind") == kind).select("t", "quantity", **{name: "key"}), on=[name, "t"], maintain_order="left")
        for rows, kind, name in ((books.route, "production", "route"), (books.purchase, "purchase", "purchase"))
    )
    return books.arriving(made, bought)


def _waiting(books: Books) -> pl.DataFrame:
    """Return item and waiting: the share of the next period's demand that may wait where a lead time ends inside a period."""
    lanes = books.lane.filter(pl.col("to").is_in(books.stock.get_column("location").unique().to_list()))
    every = books.items.select("item")
    general = lanes.filter(pl.col("item").is_null()).drop("item").join(every, how="cross")
    ways = [books.route, books.purchase, pl.concat([lanes.filter(pl.col("item").is_not_null()), general.select(lanes.columns)])]
    parts = []
    for way in ways:
        shares = with_arrivals(way.select("item", "t", "lead_time", "lead_periods"), books.periods)
        parts.append(shares.group_by("item", maintain_order=True).agg(waiting=(pl.col("share") * (1 - pl.col("share"))).max()))
    return pl.concat(parts).group_by("item", maintain_order=True).agg(pl.col("waiting").sum())


def _lot(books: Books) -> pl.DataFrame:
    """Return item and lot: its largest least lot or order, where things come whole."""
    rows = pl.concat(
        [
            books.route.select("item", lot=pl.max_horizontal("minimum_lot", "lot_multiple")),
            books.purchase.select("item", lot=pl.max_horizontal("minimum_lot", "minimum_when_used", "lot_multiple")),
        ]
    )
    return rows.filter((pl.col("lot") > 0) & pl.lit(books.whole)).group_by("item", maintain_order=True).agg(pl.col("lot").max())
