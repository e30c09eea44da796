"""Checks of agreements: purchases, lanes, lots, limits over groups, firm plans and the frozen fence."""

import polars as pl

from equipoise.supply.auditing.books import Books
from equipoise.supply.auditing.check import SHARE, findings, outside, together
from equipoise.supply.model.timing import exact, usable

_ACTIVE = pl.col("quantity") > SHARE
_FLOW = ["key", "t", "quantity"]
_OFF_LOTS = (pl.col("quantity") - (pl.col("quantity") / pl.col("lot_multiple")).round() * pl.col("lot_multiple")).abs()


def purchase_limits(books: Books) -> pl.DataFrame:
    """Return by how much purchases are outside of their limits, of a period or of the horizon."""
    known = books.purchase.select("purchase").unique()
    limit = books.tables["purchase_limit"].join(known, on="purchase", how="semi", maintain_order="left")
    limit = limit.with_columns(pl.col("span").fill_null("period"))
    rows = exact(limit.filter(pl.col("span") == "period"), ["purchase"], books.periods)
    flow = books.bought.group_by("purchase", "t", maintain_order=True).agg(pl.col("quantity").sum())
    each = rows.join(flow, on=["purchase", "t"], how="left", maintain_order="left")
    total = books.bought.group_by("purchase", maintain_order=True).agg(pl.col("quantity").sum())
    whole = limit.filter(pl.col("span") == "horizon").join(total, on="purchase", how="left", maintain_order="left")
    amount = pl.col("quantity").fill_null(0.0)
    off = outside(amount, pl.col("minimum"), pl.col("maximum"))
    parts = [frame.filter(pl.col("minimum").is_not_null() | pl.col("maximum").is_not_null()) for frame in (each, whole)]
    return together(*(findings(part, off, pl.col("purchase"), size=amount, rule="purchase") for part in parts))


def _on_lane(books: Books) -> pl.DataFrame:
    flows = [frame.filter(pl.col("lane").is_not_null()).select("lane", "item", "t", "quantity") for frame in (books.moved, books.shipped)]
    return pl.concat(flows)


def lane_rows(books: Books) -> pl.DataFrame:
    """Return the rows of lanes with the quantity that moves: of their item, or, where the item is empty, of all items."""
    flow = _on_lane(books)
    named = flow.group_by("lane", "item", "t", maintain_order=True).agg(pl.col("quantity").sum())
    total = flow.group_by("lane", "t", maintain_order=True).agg(pl.col("quantity").sum())
    by_item = books.lane.filter(pl.col("item").is_not_null()).join(named, on=["lane", "item", "t"], how="left", maintain_order="left")
    whole = books.lane.filter(pl.col("item").is_null()).join(total, on=["lane", "t"], how="left", maintain_order="left")
    return pl.concat([by_item, whole]).with_columns(pl.col("quantity").fill_null(0.0), subject=_LANE)


_LANE = pl.when(pl.col("item").is_null()).then(pl.col("lane")).otherwise(pl.format("{} on {}", "item", "lane"))


def lane_limits(books: Books) -> pl.DataFrame:
    """Return by how much a lane carries more than its limit, of an item or in all."""
    rows = lane_rows(books).filter(pl.col("limit").is_not_null())
    return findings(rows, pl.col("quantity") - pl.col("limit"), pl.col("subject"), size=pl.col("limit"), rule="lane")


def minimum_load(books: Books) -> pl.DataFrame:
    """Return by how much a lane that is used carries less than its least load, where things come whole."""
    rows = lane_rows(books).filter((pl.col("minimum_load").fill_null(0.0) > 0) & _ACTIVE & pl.lit(books.whole))
    return findings(rows, pl.col("minimum_load") - pl.col("quantity"), pl.col("subject"), size=pl.col("minimum_load"), rule="minimum load")


def minimum_lot(books: Books) -> pl.DataFrame:
    """Return by how much production or an order is smaller than its least lot, where things come whole."""
    made = books.made.filter((pl.col("minimum_lot").fill_null(0.0) > 0) & _ACTIVE & pl.lit(books.whole))
    least = pl.max_horizontal("minimum_lot", "minimum_when_used")
    bought = books.bought.filter((least.fill_null(0.0) > 0) & _ACTIVE & pl.lit(books.whole))
    lot = pl.col("minimum_lot")
    return together(
        findings(made, lot - pl.col("quantity"), pl.col("route"), size=lot, rule="minimum lot"),
        findings(bought, least - pl.col("quantity"), pl.col("purchase"), size=least, rule="minimum order"),
    )


def lot_multiple(books: Books) -> pl.DataFrame:
    """Return how far production and purchases are from whole lots, where things come whole."""
    asked = (pl.col("lot_multiple").fill_null(0.0) > 0) & pl.lit(books.whole)
    parts = [findings(books.made.filter(asked), _OFF_LOTS, pl.col("route"), size=pl.col("quantity"))]
    return together(*parts, findings(books.bought.filter(asked), _OFF_LOTS, pl.col("purchase"), size=pl.col("quantity")))


def loads(books: Books) -> pl.DataFrame:
    """Return how far lanes are from whole loads, where things come whole; of loads with a cost, what moves beyond those paid for."""
    paid = books.cost.filter(pl.col("term") == "loads").select("t", "item", lane="subject", paid="quantity")
    rows = lane_rows(books).filter(pl.col("lot_multiple") > 0)
    rows = rows.join(paid, on=["lane", "item", "t"], how="left", nulls_equal=True, maintain_order="left")
    priced = pl.col("load_cost").fill_null(0.0) > 0
    part = (pl.col("paid") - pl.col("paid").round()).abs() * pl.col("lot_multiple") if books.whole else pl.lit(0.0)
    off = pl.max_horizontal(pl.col("quantity") - pl.col("paid") * pl.col("lot_multiple"), part.fill_null(0.0))
    costly = findings(rows.filter(priced).with_columns(pl.col("paid").fill_null(0.0)), off, pl.col("subject"), size=pl.col("quantity"))
    return together(costly, findings(rows.filter(~priced & pl.lit(books.whole)), _OFF_LOTS, pl.col("subject"), size=pl.col("quantity")))


def paid_for(books: Books) -> pl.DataFrame:
    """Return what is used and has a cost of use: set-ups, orders, lanes. It is paid for, wholly where things come whole."""
    parts = []
    for rows, name, price, term in (
        (books.made, pl.col("route"), "setup_cost", "setups"),
        (books.made, pl.col("route"), "fixed_cost", "route_use"),
        (books.bought, pl.col("purchase"), "fixed_cost", "orders"),
    ):
        parts.append(_paid(books, rows.with_columns(subject=name), price, term))
    lanes = lane_rows(books)
    paid = books.cost.filter(pl.col("term") == "lane_use").select("t", "item", lane="subject", decided="quantity")
    lanes = lanes.join(paid, on=["lane", "item", "t"], how="left", nulls_equal=True, maintain_order="left")
    parts.append(_unpaid(books, lanes.filter((pl.col("fixed_cost").fill_null(0.0) > 0) & _ACTIVE)))
    return together(*parts)


def _paid(books: Books, rows: pl.DataFrame, price: str, term: str) -> pl.DataFrame:
    rows = rows.filter((pl.col(price).fill_null(0.0) > 0) & _ACTIVE)
    return _unpaid(books, rows.join(books.decided(term), on=["subject", "t"], how="left", maintain_order="left"))


def _unpaid(books: Books, rows: pl.DataFrame) -> pl.DataFrame:
    share = pl.col("decided").fill_null(0.0)
    off = (1 - share).abs() if books.whole else pl.when((share <= 0) | (share > 1 + SHARE)).then(1.0).otherwise(0.0)
    return findings(rows, off, pl.col("subject"))


def sites(books: Books) -> pl.DataFrame:
    """Return the sites that may be opened or closed and are used: opened where they have to be paid for, and not closed."""
    where = books.tables["location"]
    busy = pl.concat([books.arrivals, books.withdrawals]).group_by("location", maintain_order=True).agg(pl.col("quantity").sum())
    shut = where.filter(~pl.col("is_open").fill_null(value=True) & (pl.col("opening_cost").fill_null(0.0) != 0))
    running = where.filter(pl.col("is_open").fill_null(value=True) & (pl.col("closing_cost").fill_null(0.0) != 0))
    parts = []
    for rows, term in ((shut, "site_openings"), (running, "site_closings")):
        told = books.decided(term).select("decided", location="subject")
        used = rows.join(busy.filter(_ACTIVE), on="location", how="semi", maintain_order="left")
        share = pl.col("decided").fill_null(0.0)
        used = used.join(told, on="location", how="left", maintain_order="left")
        missing = 1 - share if books.whole else (share <= 0).cast(pl.Float64)
        extra = share if books.whole else (share >= 1).cast(pl.Float64)
        parts.append(findings(used, missing if term == "site_openings" else extra, pl.col("location")))
    return together(*parts)


def decisions_once(books: Books) -> pl.DataFrame:
    """Return the decisions that are recorded with their cost: between none and one, and whole where things come whole."""
    terms = ["setups", "route_use", "orders", "lane_use", "running_lines", "capacity_steps", "site_openings", "site_closings"]
    rows = books.cost.filter(pl.col("term").is_in(terms))
    share = pl.col("quantity")
    off = outside(share, pl.lit(0.0), pl.lit(1.0))
    if books.whole:
        off = pl.max_horizontal(off, (share - share.round()).abs())
    return findings(rows, off, pl.format("{} of {}", "term", "subject"))


def group_limits(books: Books) -> pl.DataFrame:
    """Return by how much the members of a limit sum, or count, to less or more than it allows.

    Counted are the members in use where things come whole; that a member is used without need cannot be seen, so a least count is not
    checked.
    """
    limit = books.tables["limit"].with_columns(pl.col("measure").fill_null("quantity"), pl.col("span").fill_null("period"))
    sums, counts = limit.filter(pl.col("measure") == "quantity"), limit.filter((pl.col("measure") == "count") & pl.lit(books.whole))
    counts = counts.filter(pl.col("at_most").is_not_null()).with_columns(at_least=pl.lit(None, pl.Float64))
    weighed = (pl.col("quantity") * pl.col("weight").fill_null(1.0)).alias("quantity")
    each = books.tables["limit_member"].join(_quantities(books), on=["table", "key"], maintain_order="left").with_columns(weighed)
    used = books.tables["limit_member"].join(_uses(books), on=["table", "key"], maintain_order="left").with_columns(weighed)
    sites = used.filter(pl.col("table") == "location").select("limit").unique()
    once = counts.join(sites, on="limit", how="semi", maintain_order="left").with_columns(span=pl.lit("horizon"))
    counts = pl.concat([counts.join(sites, on="limit", how="anti", maintain_order="left"), once])
    used = used.with_columns(t=pl.when(pl.col("table") == "location").then(0).otherwise(pl.col("t")))
    return together(_summed(books, sums, each), _summed(books, counts, used.unique(["limit", "table", "key", "t"], maintain_order=True)))


def _summed(books: Books, limit: pl.DataFrame, flow: pl.DataFrame) -> pl.DataFrame:
    when = limit.join(books.periods.select("t", "period", "days"), how="cross")
    when = when.filter(usable(pl.col("start"), pl.col("end"), pl.col("days"))).select("limit", "t")
    flow = flow.join(when, on=["limit", "t"], how="semi", maintain_order="left")
    dated = flow.group_by("limit", "t", maintain_order=True).agg(pl.col("quantity").sum())
    total = flow.group_by("limit", maintain_order=True).agg(pl.col("quantity").sum())
    each = (
        limit.filter(pl.col("span") == "period")
        .join(when, on="limit", maintain_order="left")
        .join(dated, on=["limit", "t"], how="left", maintain_order="left")
    )
    whole = limit.filter(pl.col("span") == "horizon").join(total, on="limit", how="left", maintain_order="left")
    amount = pl.col("quantity").fill_null(0.0)
    off = outside(amount, pl.col("at_least"), pl.col("at_most"))
    return together(*(findings(part, off, pl.col("limit"), size=amount, rule="limit") for part in (each, whole)))


def _quantities(books: Books) -> pl.DataFrame:
    """Return what is summed for a member of each table: table, key, t, quantity."""
    loads = books.resource.select("t", key="resource", quantity=pl.col("regular").fill_null(0.0) + pl.col("overtime").fill_null(0.0))
    good = books.arriving(books.made.with_columns(lead_time=pl.lit(0.0), lead_periods=pl.lit(None, pl.Int64)))
    parts = [
        ("route", books.made.select("t", "quantity", key="route")),
        ("purchase", books.bought.select("t", "quantity", key="purchase")),
        ("lane", _on_lane(books).select("t", "quantity", key="lane")),
        *(("item", frame.select("t", "quantity", key="item")) for frame in (good, books.bought)),
        *(("location", frame.select("t", "quantity", key="location")) for frame in (good, books.bought)),
        ("location", books.moved.select("t", "quantity", key="to")),
        ("resource", loads),
    ]
    return pl.concat([frame.select(pl.lit(name).alias("table"), *_FLOW) for name, frame in parts])


def _uses(books: Books) -> pl.DataFrame:
    """Return what is counted for a member of each table: 1 where it is in use; an item counts once for each of its routes."""
    made, items = books.made.select("t", "quantity", key="route"), books.made.select("t", "quantity", key="item")
    loads = books.resource.select("t", key="resource", quantity=pl.col("load").fill_null(0.0))
    parts = [
        ("route", made),
        ("purchase", books.bought.select("t", "quantity", key="purchase")),
        ("lane", _on_lane(books).select("t", "quantity", key="lane")),
        ("location", _open_sites(books)),
        ("resource", loads),
    ]
    once = pl.concat([frame.select(pl.lit(name).alias("table"), *_FLOW) for name, frame in parts]).filter(_ACTIVE)
    once = once.unique(["table", "key", "t"], maintain_order=True).with_columns(quantity=pl.lit(1.0))
    routes = items.filter(_ACTIVE).group_by("key", "t", maintain_order=True).agg(quantity=pl.len().cast(pl.Float64))
    stops = _stops(books).select(pl.lit("maintenance").alias("table"), *_FLOW)
    return pl.concat([once, routes.select(pl.lit("item").alias("table"), *_FLOW), stops])


def _stops(books: Books) -> pl.DataFrame:
    """Return the stops of each resource and period, by the capacity that they take: t, quantity, key."""
    hours = books.tables["maintenance"].filter(pl.col("hours") > 0).select("resource", "hours").unique("resource", maintain_order=True)
    rows = books.timed("capacity_load").filter(pl.col("stopped") > 0).join(hours, on="resource", maintain_order="left")
    return rows.select("t", quantity=pl.col("stopped") / pl.col("hours"), key="resource")


def _open_sites(books: Books) -> pl.DataFrame:
    """Return the sites that are open (where opening or closing costs nothing, those in use): t, quantity, key."""
    busy = pl.concat([books.arrivals, books.withdrawals]).filter(_ACTIVE).select("location", busy=pl.lit(value=True)).unique()
    rows = books.tables["location"].join(busy, on="location", how="left", maintain_order="left")
    for term in ("site_openings", "site_closings"):
        told = books.decided(term).select(location="subject", **{term: "decided"})
        rows = rows.join(told, on="location", how="left", maintain_order="left")
    is_open, used = pl.col("is_open").fill_null(value=True), pl.col("busy").is_not_null()
    shut = pl.when(pl.col("closing_cost") == 0).then(~used).otherwise(pl.col("site_closings").fill_null(0.0) > SHARE)
    opened = pl.when(pl.col("opening_cost") == 0).then(used).otherwise(pl.col("site_openings").fill_null(0.0) > SHARE)
    rows = rows.filter((is_open & ~shut) | (~is_open & opened))
    return rows.select(pl.lit(0, pl.Int64).alias("t"), pl.lit(1.0).alias("quantity"), key="location")


def _firm_flows(books: Books) -> pl.DataFrame:
    """Return what each kind of firm plan fixes: kind, key, t, quantity."""
    done = books.resource.select("t", "overtime", "workers", key="resource")
    parts = {
        "production": books.made.select("t", "quantity", key="route"),
        "purchase": books.bought.select("t", "quantity", key="purchase"),
        "transfer": _on_lane(books).select("t", "quantity", key="lane"),
        "workforce": done.select("t", "key", quantity=pl.col("workers").fill_null(0.0)),
        "overtime": done.select("t", "key", quantity=pl.col("overtime").fill_null(0.0)),
        "inventory": books.stock.select("t", "quantity", key=pl.format("{}@{}", "item", "location")),
    }
    flows = pl.concat([frame.select(pl.lit(kind).alias("kind"), *_FLOW) for kind, frame in parts.items()])
    return flows.group_by("kind", "key", "t", maintain_order=True).agg(pl.col("quantity").sum())


def firm_plans(books: Books) -> pl.DataFrame:
    """Return by how much each firm plan is missed; one that names nothing is missed by all it asks for."""
    plan = books.timed("firm_plan").filter(pl.col("t").is_not_null())
    rows = plan.join(_firm_flows(books), on=["kind", "key", "t"], how="left", maintain_order="left")
    amount = pl.col("quantity").fill_null(0.0)
    off = outside(amount, pl.coalesce("fixed", "minimum"), pl.coalesce("fixed", "maximum"))
    parts = []
    for kind in ("production", "purchase", "transfer", "workforce", "overtime", "inventory"):
        asked = rows.filter(pl.col("kind") == kind)
        named = "firm stock" if kind == "inventory" else f"firm {kind}"
        parts.append(findings(asked, off, pl.col("key"), size=amount, rule=named))
    return together(*parts)


def frozen_fence(books: Books) -> pl.DataFrame:
    """Return what happens beside the firm plan inside the fence, for each kind of plan that is firm then; with given plans, always."""
    plan = books.timed("firm_plan").filter(pl.col("kind").is_in(["production", "purchase", "transfer"]) & pl.col("t").is_not_null())
    given = books.setting.supply.strategy == "given"
    held = (
        books.every(plan.select("kind").unique())
        if given
        else plan.filter(pl.col("t") < books.calendar.frozen).select("kind", "t").unique()
    )
    flows = {
        "production": books.made.select("t", "quantity", key="route"),
        "purchase": books.bought.select("t", "quantity", key="purchase"),
        "transfer": books.moved.select("t", "quantity", key="lane"),
    }
    rows = pl.concat([frame.select(pl.lit(kind).alias("kind"), *_FLOW) for kind, frame in flows.items()])
    rows = rows.join(held, on=["kind", "t"], how="semi", maintain_order="left").join(
        plan.select("kind", "key", "t", named=pl.lit(value=True)), on=["kind", "key", "t"], how="left", maintain_order="left"
    )
    off = pl.when(pl.col("named").is_null()).then(pl.col("quantity")).otherwise(0.0)
    return findings(rows, off, pl.col("key"), rule="frozen fence")
