"""Checks what demand review is given: rows and settings that cannot do what they say, told before anything runs."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from math import isfinite

import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.dimensions.hierarchy import loops
from equipoise.errors import Fault, Where
from equipoise.gather.reading import nearest
from equipoise.gather.report import Report
from equipoise.tables.check import listed, place
from equipoise.tables.setting import DemandSetting

LEVELS = ("item", "family", "category", "market", "region", "channel")
_OWN = ("baseline", "average", "learned")
_RENAMED = " (forecast)"  # behind the name of a view that is called like one of the plan's own streams

Tables = Mapping[str, pl.DataFrame]


def check_demand(tables: Tables, calendar: Calendar, sources: Sequence[str], report: Report) -> None:
    """Warn of rows of demand review that have no effect, or one that nobody means: the rest goes on without them."""
    _check_succession(tables, sources, report)
    _check_cannibalisation(tables, sources, report)
    _check_events(tables, calendar, sources, report)
    _check_families("event", tables, sources, report)
    _check_families("demand_owner", tables, sources, report)
    _check_drivers(tables, calendar, report)
    if "stream_snapshot" in tables:
        late = tables["stream_snapshot"].filter(pl.col("as_of") > calendar.as_of)
        _tell(
            "stream_snapshot",
            "as_of",
            late.unique("as_of", keep="first", maintain_order=True),
            lambda row: f"The cut-off {row['as_of']} lies after as_of ({calendar.as_of}): what was said then is not known yet.",
            "Its rows teach nothing. Correct as_of, or take them out.",
            sources,
            report,
        )


def _tell(
    name: str,
    column: str,
    rows: pl.DataFrame,
    message: Callable[[dict[str, object]], str],
    fix: str,
    sources: Sequence[str],
    report: Report,
) -> None:
    report.warnings(listed(rows, lambda row: Fault(message(row), fix, place(name, row, column, sources))))


def _check_succession(tables: Tables, sources: Sequence[str], report: Report) -> None:
    if "succession" not in tables:
        return
    edges: dict[str, list[str]] = defaultdict(list)
    rows: dict[tuple[str, str], dict[str, object]] = {}
    for row in tables["succession"].drop_nulls(["item", "predecessor"]).iter_rows(named=True):
        edges[row["predecessor"]].append(row["item"])
        rows.setdefault((row["predecessor"], row["item"]), row)
    for loop in loops(edges):
        row = rows[loop[-2], loop[-1]]
        circle = len(loop) > 2
        message = f"Succession goes in a circle: {' > '.join(loop)}." if circle else f"{loop[0]} is its own predecessor."
        where = place("succession", row, "predecessor", sources)
        report.warn(message, "Take out one of its rows: demand cannot come from itself.", where)


def _check_cannibalisation(tables: Tables, sources: Sequence[str], report: Report) -> None:
    if "cannibalisation" not in tables:
        return
    frame = tables["cannibalisation"]
    own = frame.filter(pl.col("item") == pl.col("from"))
    _tell(
        "cannibalisation",
        "from",
        own,
        lambda row: f"{row['item']} takes from itself.",
        "The row has no effect: correct from.",
        sources,
        report,
    )
    total = pl.col("share").sum().over("item", "market")
    over = frame.filter(pl.col("item") != pl.col("from")).with_columns(total.alias("#total")).filter(pl.col("#total") > 1 + 1e-9)
    _tell(
        "cannibalisation",
        "share",
        over.unique(["item", "market"], keep="first", maintain_order=True),
        lambda row: f"Of each unit that {row['item']} gains, others lose {row['#total']:g}: more than it gains.",
        "Let its shares add up to 1 at most.",
        sources,
        report,
    )


def _check_events(tables: Tables, calendar: Calendar, sources: Sequence[str], report: Report) -> None:
    if "event" not in tables:
        return
    frame = tables["event"]
    first = tables["history"].get_column("period").min() if "history" in tables else None
    begin, last = first if isinstance(first, dt.date) else calendar.start, calendar.end
    apart = frame.filter((pl.col("start") > last) | (pl.col("end") < begin))
    _tell(
        "event",
        "start",
        apart,
        lambda row: f"The event {row['event']} ({row['start']} to {row['end']}) lies outside of history and horizon ({begin} to {last}).",
        "It has no effect: correct its dates, or take it out.",
        sources,
        report,
    )
    free = frame.filter((pl.col("price") == 0) & (pl.col("end") >= calendar.start) & (pl.col("start") <= last))
    fix = "Correct the price, or leave it empty if it does not change."
    _tell(
        "event", "price", free, lambda row: f"The price of the event {row['event']} is 0: the goods are given away.", fix, sources, report
    )


def _check_families(name: str, tables: Tables, sources: Sequence[str], report: Report) -> None:
    if name not in tables or "item" not in tables:
        return
    known = tables["item"].select("item", pl.col("family").alias("#family"))
    frame = tables[name].join(known, on="item", how="inner", maintain_order="left").filter(pl.col("family") != pl.col("#family"))
    _tell(
        name,
        "family",
        frame,
        lambda row: f"The item {row['item']} is in family {row['#family']}, not {row['family']}: the row holds for nothing.",
        "Give the item or the family, not both.",
        sources,
        report,
    )


def _check_drivers(tables: Tables, calendar: Calendar, report: Report) -> None:
    """Warn of drivers that never move, and of those called known ahead whose values end before the horizon does.

    A driver of zeros and ones may be given for its periods only: what is missing is a zero.
    """
    if "driver" not in tables:
        return
    within = pl.col("period").filter(pl.col("period").is_between(calendar.start, calendar.end)).n_unique()
    each = (
        tables["driver"]
        .group_by("driver", "item", "market", maintain_order=True)
        .agg(
            pl.col("value").n_unique().alias("values"),
            within.alias("ahead"),
            pl.col("known_ahead").fill_null(value=False).all(),
            pl.col("value").is_in([0.0, 1.0]).all().alias("switch"),
        )
        .group_by("driver", maintain_order=True)
        .agg(pl.col("values").max(), pl.col("ahead").max(), pl.col("known_ahead").all(), pl.col("switch").all())
        .filter(~pl.col("switch"))
    )
    for driver, values, periods, known in each.select("driver", "values", "ahead", "known_ahead").iter_rows():
        if values == 1:
            message = f"The driver {driver} has the same value in all periods: it cannot say what moves demand."
            report.warn(message, "Take it out, or give its values.", Where(table="driver", column="value"))
        elif known and periods < calendar.horizon:
            message = (
                f"The driver {driver} is called known ahead, but has values for {periods} of the horizon's {calendar.horizon} periods."
            )
            fix = "Give the missing values; where they are missing it is forecast from its own past, all of it where most are."
            report.warn(message, fix, Where(table="driver", column="known_ahead"))


def check_demand_setting(demand: DemandSetting, calendar: Calendar, file: str, report: Report) -> None:
    """Report settings of demand review that name what is not there, or that cannot be."""
    where = {name: Where(file, "setting", column=f"demand.{name}") for name in ("level", "levels", "review", "methods", "fences")}
    named = [("level", demand.level), ("review", demand.review), *(("levels", level) for level in demand.levels)]
    for key, level in named:
        for column in level:
            if column not in LEVELS:
                report.error(f"There is no column {column} to make a level of.", nearest(column, LEVELS), where[key])
    if not demand.methods:
        report.warn(
            "No forecasting method is named: only naive and seasonal naive are tried.", "Write fast, or name methods.", where["methods"]
        )
    for role, periods in demand.fences.items():
        if periods < 0:
            report.error(f"The fence of {role} is {periods}.", "Give a number of periods, 0 or more.", where["fences"])
        elif periods > calendar.horizon:
            message = f"The fence of {role} is {periods} periods, longer than the horizon of {calendar.horizon}: {role} may change nothing."
            report.warn(message, "Correct the number if that is not meant.", where["fences"])


def check_consensus(demand: DemandSetting, tables: Tables, file: str, report: Report) -> None:
    """Report a basis or weights of the consensus that name no view, and weights that cannot be."""
    views: list[str] = []
    if "forecast" in tables:
        views = tables["forecast"].filter(pl.col("kind") == "view").get_column("source").drop_nulls().unique().sort().to_list()
    basis, weights = demand.consensus.basis, demand.consensus.weights
    there = f"The views are: {', '.join(views)}." if views else "No forecast of kind view is given."
    if basis not in (*_OWN, *views) and not basis.endswith(_RENAMED):
        where = Where(file, "setting", column="demand.consensus.basis")
        report.error(f"There is no view {basis} in table forecast.", f"Write baseline, average, learned or a view. {there}", where)
    if basis != "average":
        return
    where = Where(file, "setting", column="demand.consensus.weights")
    for name, weight in weights.items():
        if not isfinite(weight) or weight < 0:
            report.error(f"The weight of {name} is {weight:g}.", "A weight is zero or more.", where)
        elif name not in ("baseline", *views) and not name.endswith(_RENAMED):
            report.error(f"There is no view {name} in table forecast.", there, where)
    if weights and not any(weights.values()):
        report.error("The weights of the views are all zero.", "Give at least one of them a weight above zero.", where)
