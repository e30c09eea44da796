"""Expands rows that hold in every period, for all items, markets or locations, to exact rows, so that later steps never guess."""

from collections.abc import Mapping

import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.errors import Where
from equipoise.gather.report import Report
from equipoise.tables import table

# Tables whose rows without a period hold in every period of the horizon.
_EVERY_PERIOD = (
    "resource",
    "currency_rate",
    "price",
    "demand_policy",
    "route",
    "capacity",
    "workforce",
    "purchase",
    "purchase_limit",
    "lane",
    "inventory_policy",
)
# Facts of the future that only matter inside the horizon; what is due earlier and still open counts in the first period.
_FUTURE = ("forecast", "firm_plan", "working_calendar")
_OPEN = ("order_book", "scheduled_receipt")


def expand(tables: Mapping[str, pl.DataFrame], calendar: Calendar, report: Report) -> dict[str, pl.DataFrame]:
    """Return the tables with exact rows for every period and every member they stand for; the most specific value wins."""
    expanded = dict(tables)
    for name in _EVERY_PERIOD:
        if name in tables:
            expanded[name] = _in_every_period(name, tables[name], calendar, report)
    for name in (*_FUTURE, *_OPEN):
        if name in tables:
            expanded[name] = _in_horizon(name, tables[name], calendar, report)
    series = _series(tables)
    for name in ("price", "demand_policy", "driver"):
        if name in expanded:
            expanded[name] = _for_all(name, expanded[name], series, ("item", "market"))
    if "inventory_policy" in expanded:
        expanded["inventory_policy"] = _for_all("inventory_policy", expanded["inventory_policy"], _places(tables), ("location",))
    return expanded


def _in_every_period(name: str, frame: pl.DataFrame, calendar: Calendar, report: Report) -> pl.DataFrame:
    keys = [key for key in table(name).keys if key != "period"]
    always, dated = frame.filter(pl.col("period").is_null()), frame.filter(pl.col("period").is_not_null())
    kept = pl.DataFrame(schema=frame.schema)
    if name == "purchase_limit":
        kept, always = always.filter(pl.col("span") == "horizon"), always.filter(pl.col("span") != "horizon")
    outside = dated.filter(~pl.col("period").is_in(calendar.periods))
    if outside.height:
        report.note(f"{outside.height:,} rows of {name} lie outside the horizon and were left out.", "", Where(table=name, column="period"))
        dated = dated.filter(pl.col("period").is_in(calendar.periods))
    periods = pl.DataFrame({"period": calendar.periods}, schema={"period": pl.Date})
    every = always.drop("period").join(periods, how="cross").select(frame.columns)
    every = every.join(dated, on=[*keys, "period"], how="anti", nulls_equal=True, maintain_order="left")
    if name == "capacity":
        _warn_uncovered(pl.concat([every, dated]), frame, calendar, report)
    return pl.concat([kept, every, dated]).sort(table(name).keys)


def _warn_uncovered(covered: pl.DataFrame, frame: pl.DataFrame, calendar: Calendar, report: Report) -> None:
    counts = covered.group_by("resource", maintain_order=True).len()
    missing = dict.fromkeys(frame.get_column("resource").unique(maintain_order=True), 0) | dict(counts.iter_rows())
    for resource, count in missing.items():
        if count < calendar.horizon:
            message = f"Capacity of {resource} is given for {count} of {calendar.horizon} periods; in the others it has no limit."
            report.warn(message, "Add a row without a period, which holds in all others.", Where(table="capacity", column="period"))


def _in_horizon(name: str, frame: pl.DataFrame, calendar: Calendar, report: Report) -> pl.DataFrame:
    """Return the rows inside the horizon; orders and receipts due before it are still open and move into its first period."""
    where = Where(table=name, column="period")
    early, late = frame.filter(pl.col("period") < calendar.start), frame.filter(pl.col("period") > calendar.periods[-1])
    if late.height:
        report.note(f"{late.height:,} rows of {name} lie after the horizon and were left out.", "", where)
    inside = frame.filter(pl.col("period").is_between(calendar.start, calendar.periods[-1]))
    if early.is_empty():
        return inside
    if name in _FUTURE:
        report.note(f"{early.height:,} rows of {name} lie before the horizon and were left out.", "", where)
        return inside
    first = early.sort("period").item(0, "period")
    message = f"{early.height:,} rows of {name} are due before the horizon starts ({first}, first): they count in its first period."
    report.warn(message, "Take out those that are no longer open.", where)
    keys = list(table(name).keys)
    both = pl.concat([early.with_columns(pl.lit(calendar.start).alias("period")), inside])
    rest = [pl.col(column).first() for column in frame.columns if column not in {*keys, "quantity"}]
    return both.group_by(keys, maintain_order=True).agg(pl.col("quantity").sum(), *rest).select(frame.columns)


def _series(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Every pair of item and market that has or may get demand."""
    schema = {"item": pl.String, "market": pl.String}
    parts = [pl.DataFrame(schema=schema)]
    for name in ("history", "forecast", "order_book", "backlog", "budget", "event", "price"):
        if name in tables:
            parts.append(tables[name].select("item", "market").drop_nulls())
    pairs = pl.concat(parts).unique()
    markets = tables["market"].select("market") if "market" in tables else pl.DataFrame(schema={"market": pl.String})
    if "event" in tables:
        launched = tables["event"].filter(pl.col("market").is_null()).select("item").drop_nulls()
        pairs = pl.concat([pairs, launched.join(markets, how="cross")])
    if "succession" in tables:
        heirs = (
            tables["succession"]
            .select("item", "predecessor")
            .join(pairs.rename({"item": "predecessor"}), on="predecessor", maintain_order="left")
        )
        pairs = pl.concat([pairs, heirs.select("item", "market")])
    return pairs.unique().sort("item", "market")


def _places(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Every pair of item and location where the item is made, bought, stocked or moved."""
    parts = [pl.DataFrame(schema={"item": pl.String, "location": pl.String})]
    for name in ("route", "purchase", "on_hand", "scheduled_receipt"):
        if name in tables:
            parts.append(tables[name].select("item", "location"))
    if "lane" in tables:
        for side in ("from", "to"):
            parts.append(tables["lane"].select("item", pl.col(side).alias("location")))
    if "bom" in tables and "route" in tables:
        where = tables["route"].select("route", "location").unique()
        parts.append(tables["bom"].join(where, on="route", maintain_order="left").select(pl.col("component").alias("item"), "location"))
    known = tables["location"].get_column("location") if "location" in tables else pl.Series([], dtype=pl.String)
    return pl.concat(parts).drop_nulls().filter(pl.col("location").is_in(known.to_list())).unique().sort("item", "location")


def _for_all(name: str, frame: pl.DataFrame, members: pl.DataFrame, optional: tuple[str, ...]) -> pl.DataFrame:
    """Return the rows with an empty key written out for each of `members`; each cell from the most specific row that gives it."""
    if frame.select(pl.any_horizontal(pl.col(optional).is_null()).any()).item() is not True:
        return frame
    definition = table(name)
    values = [column.name for column in definition.columns if not column.key]
    others = [key for key in definition.keys if key not in members.columns]
    named = frame.drop_nulls(list(optional)).select(members.columns)
    wanted = pl.concat([members, named]).unique().join(frame.select(others).unique(), how="cross") if others else members
    levels = 0
    for pattern in _patterns(optional):
        empty = [key for key in optional if key not in pattern]
        rows = frame.filter(pl.all_horizontal(*(pl.col(key).is_not_null() for key in pattern), *(pl.col(key).is_null() for key in empty)))
        keys = [key for key in definition.keys if key not in empty]
        levels += 1
        renamed = rows.drop(empty).rename({value: f"#{levels} {value}" for value in values}).with_columns(pl.lit(1).alias(f"#{levels}"))
        wanted = wanted.join(renamed, on=keys, how="left", nulls_equal=True, maintain_order="left")
    count = range(1, levels + 1)
    found = wanted.filter(pl.any_horizontal(pl.col(f"#{level}").is_not_null() for level in count))
    cells = [pl.coalesce(f"#{level} {value}" for level in count).alias(value) for value in values]
    return found.with_columns(cells).select(definition.schema.names()).sort(definition.keys)


def _patterns(optional: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Which of the optional keys a row names, most specific first."""
    if len(optional) == 1:
        return [optional, ()]
    return [optional, (optional[0],), (optional[1],), ()]
