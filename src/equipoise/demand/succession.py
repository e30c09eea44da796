"""Life cycle: demand that moves from an item to its successor, launches that sell like another item, and phase-out."""

import datetime as dt
import math

import polars as pl

from equipoise.demand.forecast.panel import complete
from equipoise.demand.overlap import share_after
from equipoise.demand.scope import CELL
from equipoise.dimensions.calendar import Calendar

MEASURES = ["quantity", "p10", "p90"]
LAUNCH_SPREAD = 0.5  # half width of the 80 % interval of a launch, as a share of it, where nothing better is known: see `launch_spread`
_LAUNCHES = 5  # past launches from which their errors are believed
_NORMAL = 1.2816  # standard deviations from the mean to the 90 % quantile of a normal distribution


def moved(
    base: pl.DataFrame,
    succession: pl.DataFrame,
    item: pl.DataFrame,
    observed: pl.DataFrame,
    calendar: Calendar,
    spread: float = LAUNCH_SPREAD,
) -> pl.DataFrame:
    """Return what successions, launches and last days add to each cell of `base`: item, market, period, quantity, p10, p90, sorted.

    `base` has these columns, `observed` the observations of each item and market. From its start (by the day, inside a period) a row gives
    its item `share` of the predecessor's demand in every market, what the predecessor has taken over itself included, in `ramp` equal
    steps. A successor takes it away from the predecessor; shares of one predecessor that add up to more than one are scaled to one. A
    like_item leaves it there: it stands in for the new item's own forecast, which replaces it by the share of a year that its own history
    covers; its interval is at least `spread` wide to each side, likewise fading. After its last day a predecessor sells nothing that is not
    taken over, nor does an item what it has taken over.
    """
    rows = _rows(succession, item)
    involved = pl.concat([rows.get_column("item"), succession.get_column("predecessor")]).unique()
    own = base.filter(pl.col("item").is_in(involved.implode())).select(*CELL, *MEASURES)
    gross, changes = own, [own.clear()]
    for heirs in _generations(rows):
        part = _parts(rows.filter(pl.col("item").is_in(heirs)), calendar)
        taken = gross.rename({"item": "predecessor"}).join(part, on=["predecessor", "period"], maintain_order="left")
        taken = taken.with_columns(pl.col(MEASURES) * pl.col("part"))
        gone = taken.filter(pl.col("kind") == "successor")
        gained = pl.concat([gone.select(*CELL, *MEASURES), _launched(taken, own, observed, calendar, spread)])
        changes += [gained, gone.select(pl.col("predecessor").alias("item"), *CELL[1:], -pl.col(MEASURES))]
        gross = pl.concat([gross, gained]).group_by(CELL, maintain_order=True).agg(pl.col(MEASURES).sum())
    change = pl.concat(changes)
    uncut = own.filter(pl.col("item").is_in(succession.get_column("predecessor").unique().implode()))
    left = pl.concat([uncut, change])
    both = pl.concat([change, *_after_last_day(left, item, calendar)])
    return both.group_by(CELL, maintain_order=True).agg(pl.col(MEASURES).sum()).sort(CELL)


def _rows(succession: pl.DataFrame, item: pl.DataFrame) -> pl.DataFrame:
    """Return item, predecessor, kind, share, start, ramp; shares of successors scaled, a launch beginning on the item's where not said."""
    launch = item.group_by("item", maintain_order=True).agg(pl.col("launch").first())
    rows = succession.filter(pl.col("item") != pl.col("predecessor")).join(launch, on="item", how="left", maintain_order="left")
    like = pl.col("kind").fill_null("successor") == "like_item"
    total = pl.col("share").filter(~pl.col("like")).sum().over("predecessor").clip(lower_bound=1.0)
    return (
        rows.with_columns(pl.col("share").fill_null(1.0).clip(lower_bound=0), like=like)
        .select(
            "item",
            "predecessor",
            pl.when("like").then(pl.lit("like_item")).otherwise(pl.lit("successor")).alias("kind"),
            pl.when("like").then("share").otherwise(pl.col("share") / total).alias("share"),
            pl.when("like").then(pl.coalesce("start", "launch")).otherwise("start").alias("start"),
            pl.col("ramp").fill_null(0).clip(lower_bound=1).alias("ramp"),
        )
        .sort("predecessor", "item")
    )


def _generations(rows: pl.DataFrame) -> list[list[str]]:
    """Return the items so that what an item takes over comes before what is taken over from it; a circle is cut where it is met."""
    waiting: dict[str, set[str]] = {}
    for heir, predecessor in rows.select("item", "predecessor").rows():
        waiting.setdefault(heir, set()).add(predecessor)
    ordered = []
    while waiting:
        ready = [heir for heir, predecessors in waiting.items() if not predecessors & waiting.keys()] or [next(iter(waiting))]
        ordered.append(ready)
        waiting = {heir: predecessors for heir, predecessors in waiting.items() if heir not in ready}
    return ordered


def _parts(rows: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    """Return item, predecessor, kind, period and `part`: the share of the predecessor's demand, by the ramp and by the day of the start."""
    shares = {start: share_after(calendar, start) for start in rows.get_column("start").unique().to_list()}
    found = []
    for item, predecessor, kind, share, start, ramp in rows.rows():
        began = len(calendar.between(start, calendar.start)) if start and start < calendar.start else 1  # of the horizon's first period
        for step, (period, days) in enumerate(shares[start].rows()):
            found.append((item, predecessor, kind, period, share * days * min(1.0, (began + step) / ramp)))
    schema = {"item": pl.String, "predecessor": pl.String, "kind": pl.String, "period": pl.Date, "part": pl.Float64}
    return pl.DataFrame(found, schema=schema, orient="row")


def _launched(taken: pl.DataFrame, own: pl.DataFrame, observed: pl.DataFrame, calendar: Calendar, spread: float) -> pl.DataFrame:
    """Return what launches change in the new items' own forecasts: item, market, period, quantity, p10, p90."""
    like = taken.filter(pl.col("kind") == "like_item").group_by(CELL, maintain_order=True).agg(pl.col(MEASURES).sum())
    seen = observed.select("item", "market", (pl.col("observations") / calendar.periods_a_year).clip(0.0, 1.0).alias("known"))
    cells = like.join(own, on=CELL, how="left", suffix="_own", maintain_order="left").join(
        seen, on=["item", "market"], how="left", maintain_order="left"
    )
    owns = [f"{name}_own" for name in MEASURES]
    # only what is forecast counts as known: an item that has been sold before and has no forecast now starts anew
    known = pl.when(pl.col("quantity_own") > 0).then(pl.col("known").fill_null(0.0)).otherwise(0.0)
    cells = cells.with_columns(pl.col(owns).fill_null(0.0), known=known)
    mixed = {name: (1 - pl.col("known")) * pl.col(name) + pl.col("known") * pl.col(f"{name}_own") for name in MEASURES}
    wide = pl.lit(spread) * (1 - pl.col("known"))
    low = pl.min_horizontal(mixed["p10"], mixed["quantity"] * (1 - wide))
    high = pl.max_horizontal(mixed["p90"], mixed["quantity"] * (1 + wide))
    reached = {"quantity": mixed["quantity"], "p10": low, "p90": high}
    return cells.select(*CELL, *[(value - pl.col(f"{name}_own")).alias(name) for name, value in reached.items()])


def _after_last_day(left: pl.DataFrame, item: pl.DataFrame, calendar: Calendar) -> list[pl.DataFrame]:
    """Return what items would still sell after their last day, below zero: nobody has taken it over."""
    last = item.select("item", "discontinue").drop_nulls().join(left, on="item", how="semi", maintain_order="left").sort("item")
    days = last.get_column("discontinue").unique().sort().to_list()
    shares = [share_after(calendar, day + dt.timedelta(days=1)).with_columns(pl.lit(day).alias("discontinue")) for day in days]
    if not shares:
        return []
    cut = last.join(pl.concat(shares), on="discontinue", maintain_order="left")
    rows = left.group_by(CELL, maintain_order=True).agg(pl.col(MEASURES).sum()).join(cut, on=["item", "period"], maintain_order="left")
    return [rows.select(*CELL, -pl.col(MEASURES) * pl.col("share"))]


def launch_spread(succession: pl.DataFrame, item: pl.DataFrame, history: pl.DataFrame, calendar: Calendar) -> float:
    """Return the half width of the 80 % interval of a launch by like-item, as a share of it.

    That of past launches, where five or more have been sold for three periods: 1.28 times the root mean square of their actual demand over
    what the like item showed, less one. Else 0.5: one year on, launches of all kinds missed their forecast by 42 % on average, line
    extensions by 37 %; source: Kahn, "An exploratory investigation of new product forecasting practices", Journal of Product Innovation
    Management 19 (2002).
    """
    rows = _rows(succession, item).filter(pl.col("kind") == "like_item", pl.col("start").is_not_null())
    known = calendar.bucket("period", complete(history, calendar)).select("item", "period", "quantity")
    starts = {day: calendar.period_of(day) for day in rows.get_column("start").unique().to_list()}
    began = rows.with_columns(pl.col("start").replace_strict(starts, default=None, return_dtype=pl.Date).alias("first"))
    # the period of the launch is left out where it began inside one
    began = began.with_columns(whole=pl.col("first") == pl.col("start"))
    sold = known.group_by("item", "period", maintain_order=True).agg(pl.col("quantity").sum())
    after = (pl.col("period") > pl.col("first")) | (pl.col("whole") & (pl.col("period") == pl.col("first")))
    like = began.join(sold, left_on="predecessor", right_on="item", maintain_order="left").filter(after)
    step = (pl.col("period").rank("ordinal").over("item", "predecessor") / pl.col("ramp")).clip(upper_bound=1.0)
    shown = like.with_columns(expected=pl.col("quantity") * pl.col("share") * step)
    shown = shown.group_by("item", "period", maintain_order=True).agg(pl.col("expected").sum())
    both = shown.join(sold, on=["item", "period"], how="left", maintain_order="left").group_by("item", maintain_order=True)
    ratio = both.agg(pl.len(), (pl.col("quantity").sum() / pl.col("expected").sum()).alias("ratio"))
    errors = ratio.filter(pl.col("len") >= 3, pl.col("ratio").is_finite()).get_column("ratio") - 1
    if len(errors) < _LAUNCHES:
        return LAUNCH_SPREAD
    return min(1.0, _NORMAL * math.sqrt(float((errors**2).sum()) / len(errors)))
