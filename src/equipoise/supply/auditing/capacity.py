"""Checks of resources and labor: what is done takes time, and time is limited."""

import polars as pl

from equipoise.supply.auditing.books import Books
from equipoise.supply.auditing.check import SHARE, away, findings, outside, together

_OF = ["resource", "activity", "of", "t"]
_NAME = pl.col("resource")


def taken(books: Books) -> pl.DataFrame:
    """Return what each route, purchase, lane and stored item takes of each resource: resource, activity, of, t, taken; set-ups left out."""
    usage = books.tables["usage"].filter(pl.col("quantity").is_not_null())
    sites = books.resource.group_by("resource", maintain_order=True).agg(at=pl.col("location").first())
    usage = usage.join(sites, on="resource", how="left", maintain_order="left").select("activity", "of", "resource", "at", each="quantity")
    flows = [
        ("make", books.made.select("t", "quantity", "location", of="route")),
        ("buy", books.bought.select("t", "quantity", "location", of="purchase")),
        ("move", books.moved.select("t", "quantity", of="lane", location="from")),
        ("move", books.shipped.select("t", "quantity", "location", of="lane").filter(pl.col("of").is_not_null())),
        ("store", books.stock.select("t", "quantity", "location", of="item")),
    ]
    parts = []
    for activity, flow in flows:
        rows = flow.select("of", "t", "quantity", "location").join(
            usage.filter(pl.col("activity") == activity), on="of", maintain_order="left"
        )
        here = (pl.lit(activity) != "store") | pl.col("at").is_null() | (pl.col("at") == pl.col("location"))
        parts.append(rows.filter(here).select(*_OF, taken=pl.col("quantity") * pl.col("each")))
    return pl.concat(parts).group_by(_OF, maintain_order=True).agg(pl.col("taken").sum())


def setups(books: Books) -> pl.DataFrame:
    """Return the least and most set-ups of each route and period: what their cost records, else what lots say: route, t, fewest, most."""
    priced = books.route.with_columns(priced=(pl.col("setup_cost").fill_null(0.0) > 0) | (pl.col("fixed_cost").fill_null(0.0) > 0))
    paid = pl.concat([books.decided("setups"), books.decided("route_use")])
    paid = paid.group_by("subject", "t", maintain_order=True).agg(pl.col("decided").max()).rename({"subject": "route"})
    made = books.made.select("route", "t", made="quantity")
    rows = priced.select("route", "t", "priced").join(paid, on=["route", "t"], how="left", maintain_order="left")
    rows = rows.join(made, on=["route", "t"], how="left", maintain_order="left")
    begun = pl.col("made").fill_null(0.0) > SHARE if books.whole else pl.lit(value=False)
    known = pl.when(pl.col("priced")).then(pl.col("decided").fill_null(0.0))
    return rows.select("route", "t", fewest=pl.coalesce(known, begun.cast(pl.Float64)), most=pl.coalesce(known, pl.lit(1.0)))


def load_by_activity(books: Books) -> pl.DataFrame:
    """Return how far the load of each activity is from usage times quantity, and usage of set-ups."""
    begun = books.tables["usage"].filter((pl.col("activity") == "make") & (pl.col("setup_quantity") > 0))
    begun = begun.select("resource", "activity", "of", "setup_quantity").join(
        setups(books), left_on="of", right_on="route", maintain_order="left"
    )
    begun = begun.select(*_OF, *((pl.col("setup_quantity") * pl.col(name)).alias(name) for name in ("fewest", "most")))
    told = books.timed("route_load").group_by(_OF, maintain_order=True).agg(load=pl.col("load").sum())
    rows = taken(books).join(begun, on=_OF, how="full", coalesce=True, maintain_order="left")
    rows = rows.join(told, on=_OF, how="full", coalesce=True, maintain_order="left")
    rows = rows.with_columns(pl.col("taken", "fewest", "most", "load").fill_null(0.0))
    off = outside(pl.col("load"), pl.col("taken") + pl.col("fewest"), pl.col("taken") + pl.col("most"))
    return findings(rows, off, pl.format("{} on {}", "of", "resource"), size=pl.col("taken"))


def load_of_resource(books: Books) -> pl.DataFrame:
    """Return how far the load of each resource is from the sum of its activities, regular time and overtime, and what it leaves idle."""
    sums = books.timed("route_load").group_by("resource", "t", maintain_order=True).agg(sum=pl.col("load").sum(), parts=pl.len())
    rows = books.resource.join(sums, on=["resource", "t"], how="full", coalesce=True, maintain_order="left")
    off = pl.max_horizontal(
        away(pl.col("load"), pl.col("sum")) - SHARE * pl.col("parts").fill_null(0),
        away(pl.col("load"), pl.col("regular").fill_null(0.0) + pl.col("overtime").fill_null(0.0)),
        away(pl.col("idle"), (pl.col("available") - pl.col("regular")).clip(0)),
        away(pl.col("utilisation") * pl.col("available"), pl.when(pl.col("available") > 0).then(pl.col("load"))),
    )
    return findings(rows, off, _NAME, size=pl.col("load").fill_null(0.0))


def regular_capacity(books: Books) -> pl.DataFrame:
    """Return by how much regular time exceeds capacity x efficiency - downtime - stops + steps; none on a line that stands still."""
    rows = books.machine.filter(pl.col("base").is_not_null())
    has = pl.when(pl.col("staffed")).then(pl.col("base") + pl.col("bought") + pl.col("free")).otherwise(pl.col("available"))
    rows = rows.with_columns(most=(has - pl.col("base") * (1 - pl.col("running"))).clip(0))
    return findings(rows, pl.col("regular") - pl.col("most"), _NAME, size=pl.col("most"), rule="capacity")


def available_capacity(books: Books) -> pl.DataFrame:
    """Return how far the capacity shown is from what the tables give, steps and (where there may be any) stops counted."""
    rows = books.machine.filter(pl.col("base").is_not_null() & ~pl.col("staffed"))
    stops = _stop_windows(books)
    rows = rows.join(stops, on=["resource", "t"], how="left", maintain_order="left")
    full = pl.col("base") + pl.col("bought")
    off = outside(pl.col("available"), (full - pl.col("most_stopped").fill_null(0.0)).clip(0), full + pl.col("free"))
    return findings(rows, off, _NAME, size=full)


def _stop_windows(books: Books) -> pl.DataFrame:
    """Return the most capacity that stops may take in each period: resource, t, most_stopped."""
    rows = books.tables["maintenance"].join(books.periods, how="cross")
    last = pl.col("period") + pl.duration(days=pl.col("days") - 1)
    inside = (pl.col("earliest").is_null() | (last >= pl.col("earliest"))) & (
        pl.col("latest").is_null() | (pl.col("period") <= pl.col("latest"))
    )
    most = pl.min_horizontal("stops", "at_once").fill_null(pl.col("stops")).fill_null(0) * pl.col("hours").fill_null(0.0)
    return rows.filter(inside).select("resource", "t", most_stopped=most)


def maintenance(books: Books) -> pl.DataFrame:
    """Return how many stops are missing or too many, by the capacity that they take; where free steps or workers hide it, not asked."""
    rows = books.machine.filter(pl.col("base").is_not_null() & ~pl.col("staffed"))
    taken_off = pl.col("base") + pl.col("bought") - pl.col("available")
    sums = rows.group_by("resource", maintain_order=True).agg(
        taken=taken_off.sum(), cut=(pl.col("available") <= 0).any(), free=pl.col("free").max(), size=pl.col("base").max()
    )
    asked = books.tables["maintenance"].filter((pl.col("hours") > 0) & (pl.col("stops") > 0))
    rows = asked.join(sums, on="resource", maintain_order="left").filter((pl.col("free") <= 0) & ~pl.col("cut"))
    off = away(pl.col("taken") / pl.col("hours"), pl.col("stops"))
    return findings(rows, off, _NAME, size=pl.col("size") / pl.col("hours") + pl.col("stops"), rule="maintenance")


def overtime(books: Books) -> pl.DataFrame:
    """Return by how much overtime exceeds its limit; without a limit and a price there is none."""
    priced = pl.any_horizontal(
        pl.col("overtime_cost").is_not_null(),
        pl.col("overtime_wage_per_hour").is_not_null(),
        pl.col("overtime_hours_per_worker").fill_null(0.0) > 0,
    )
    rows = books.machine.with_columns(most=pl.coalesce("overtime_limit", pl.when(~priced).then(0.0)) * pl.col("running"))
    rows = rows.filter(pl.col("most").is_not_null())
    return findings(rows, pl.col("overtime") - pl.col("most"), _NAME, size=pl.col("most"), rule="overtime")


def idle_time(books: Books) -> pl.DataFrame:
    """Return by how much more regular time stands idle than allowed: of the capacity, or of the hours of the workers."""
    rows = books.machine.filter(pl.col("maximum_idle").is_not_null() & (pl.col("staffed") | pl.col("base").is_not_null()))
    hours = pl.col("workers").fill_null(0.0) * pl.col("hours_per_worker").fill_null(0.0)
    has = pl.when(pl.col("staffed")).then(hours).otherwise(pl.col("base"))
    return findings(rows, has - pl.col("regular") - pl.col("maximum_idle"), _NAME, size=has, rule="maximum idle")


def minimum_run(books: Books) -> pl.DataFrame:
    """Return by how much a line that runs is below its least load, where things come whole."""
    rows = books.machine.filter((pl.col("minimum_run").fill_null(0.0) > 0) & pl.lit(books.whole) & (pl.col("load") > SHARE))
    return findings(rows, pl.col("minimum_run") - pl.col("load"), _NAME, size=pl.col("minimum_run"), rule="minimum run")


def line_runs(books: Books) -> pl.DataFrame:
    """Return the lines that cost something to run and have load: they are paid for, wholly where things come whole."""
    rows = books.machine.filter((pl.col("open_cost").fill_null(0.0) > 0) & (pl.col("load") > SHARE))
    off = (1 - pl.col("running")).abs() if books.whole else (pl.col("running") <= 0).cast(pl.Float64)
    return findings(rows, off, _NAME)


def labor_hours(books: Books) -> pl.DataFrame:
    """Return by how much regular time exceeds the hours of the workers."""
    rows = books.machine.filter(pl.col("staffed") & pl.col("hours_per_worker").is_not_null())
    most = pl.col("workers").fill_null(0.0) * pl.col("hours_per_worker")
    return findings(rows, pl.col("regular") - most, _NAME, size=most, rule="labor hours")


def labor_overtime(books: Books) -> pl.DataFrame:
    """Return by how much overtime exceeds the overtime hours of the workers."""
    rows = books.machine.filter(pl.col("staffed") & pl.col("overtime_hours_per_worker").is_not_null())
    most = pl.col("workers").fill_null(0.0) * pl.col("overtime_hours_per_worker")
    return findings(rows, pl.col("overtime") - most, _NAME, size=most, rule="labor overtime")


def workforce_balance(books: Books) -> pl.DataFrame:
    """Return how far workers are from those before + hired - laid off; a first level that is not given is free."""
    rows = books.machine.filter(pl.col("staffed"))
    first = pl.col("t") == pl.col("t").min().over("resource")
    before = pl.when(first).then(pl.col("first_workers")).otherwise(pl.col("workers").shift(1).over("resource", order_by="t"))
    rows = rows.with_columns(before=before, free=first & pl.col("first_workers").is_null()).filter(~pl.col("free"))
    terms = [pl.col(name).fill_null(0.0) for name in ("before", "hire")]
    minus = [pl.col(name).fill_null(0.0) for name in ("layoff", "workers")]
    return findings(rows, (pl.sum_horizontal(terms) - pl.sum_horizontal(minus)).abs(), _NAME, size=pl.sum_horizontal([*terms, *minus]))


def headcount(books: Books) -> pl.DataFrame:
    """Return by how much workers, hired and laid off are outside of what is allowed."""
    rows = books.machine.filter(pl.col("staffed"))
    parts = []
    for name, least, most, rule in (
        ("workers", pl.col("minimum"), pl.col("maximum"), "headcount"),
        ("hire", pl.lit(None, pl.Float64), pl.col("max_hire"), "hiring"),
        ("layoff", pl.lit(None, pl.Float64), pl.col("max_layoff"), "layoffs"),
    ):
        asked = rows.filter(least.is_not_null() | most.is_not_null())
        off = outside(pl.col(name).fill_null(0.0), least, most)
        parts.append(findings(asked, off, _NAME, size=pl.col(name).fill_null(0.0), rule=rule))
    return together(*parts)


def whole_workers(books: Books) -> pl.DataFrame:
    """Return how far workers are from whole ones, where the tables and the setting ask for it."""
    rows = books.machine.filter(pl.col("staffed") & pl.col("integer").fill_null(value=False) & pl.lit(books.whole))
    heads = pl.col("workers").fill_null(0.0)
    return findings(rows, (heads - heads.round()).abs(), _NAME, size=heads)
