"""Checks how tables hang together: loops of bills and lanes, keys that point into tables named by another column."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches

import polars as pl

from equipoise.dimensions.hierarchy import loops
from equipoise.errors import Fault, Where
from equipoise.gather.circles import circles, paying_circles, timeless
from equipoise.gather.lever_rows import check_levers
from equipoise.gather.report import Report
from equipoise.gather.sense import check_sense
from equipoise.tables.check import check_references, listed, place

_FIRM = {"production": "route", "purchase": "purchase", "transfer": "lane", "workforce": "resource", "overtime": "resource"}
_ACTIVITY = {"make": "route", "move": "lane", "buy": "purchase", "store": "item"}


# Opinions of demand: a row for an item or market that is not there is left out with a warning, the rest goes on.
_OPINIONS = ("forecast", "stream_snapshot")


def check_network(tables: dict[str, pl.DataFrame], sources: Sequence[str], report: Report) -> None:
    """Report unknown names, loops in bills of material, lanes that lead in a circle, and members that are not there.

    Streams for unknown items and markets are taken out of `tables`.
    """
    report.add([_left_out(fault) if fault.where.table in _OPINIONS else fault for fault in check_references(tables, sources)])
    for name in _OPINIONS:
        if name in tables:
            tables[name] = _known_only(tables[name], tables)
    _check_bills(tables, sources, report)
    _check_lanes(tables, sources, report)
    _check_keys("firm_plan", "kind", "key", _FIRM, tables, sources, report)
    _check_keys("usage", "activity", "of", _ACTIVITY, tables, sources, report)
    members = {name: name for name in ("route", "purchase", "lane", "location", "resource", "item")} | {
        "maintenance": "maintenance.resource"
    }
    _check_keys("limit_member", "table", "key", members, tables, sources, report)
    _check_sides(tables, sources, report)
    check_levers(tables, sources, report)
    check_sense(tables, sources, report)


def _left_out(fault: Fault) -> Fault:
    return replace(fault, fix=f"Its rows are left out. {fault.fix}", severity="warning")


def _known_only(frame: pl.DataFrame, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    for master in ("item", "market"):
        if master in tables and master in frame.columns:
            frame = frame.join(tables[master].select(master), on=master, how="semi", maintain_order="left")
    return frame


def _check_bills(tables: Mapping[str, pl.DataFrame], sources: Sequence[str], report: Report) -> None:
    if "bom" not in tables or "route" not in tables:
        return
    made = tables["route"].select("route", "item").unique(maintain_order=True)
    bill = tables["bom"].join(made, on="route", how="inner", maintain_order="left")
    edges: dict[str, list[str]] = defaultdict(list)
    rows: dict[tuple[str, str], dict[str, object]] = {}
    for row in bill.drop_nulls(["item", "component"]).iter_rows(named=True):
        edges[row["item"]].append(row["component"])
        rows.setdefault((row["item"], row["component"]), row)
    for loop in loops(edges):
        row = rows[loop[-2], loop[-1]]
        message = f"The bill of materials goes in a circle: {' > '.join(loop)} (route {row['route']})."
        report.error(message, "Remove the row, or let the route make another item.", place("bom", row, "component", sources))


def _check_lanes(tables: Mapping[str, pl.DataFrame], sources: Sequence[str], report: Report) -> None:
    if "lane" not in tables:
        return
    lanes = tables["lane"].drop_nulls(["from", "to"])
    report.add(
        listed(
            lanes.filter(pl.col("from") == pl.col("to")),
            lambda row: Fault(
                f"The lane {row['lane']} leads from {row['from']} to itself.", "Correct from or to.", place("lane", row, "to", sources)
            ),
        )
    )
    lanes = lanes.filter(pl.col("from") != pl.col("to")).with_columns(
        pl.max_horizontal(
            pl.col(name).fill_null(0).cast(pl.Float64) if name in lanes.columns else pl.lit(0.0) for name in ("lead_time", "lead_periods")
        ).alias("#time")
    )
    quick = lanes.filter(pl.col("#time") == 0)
    paying = paying_circles(quick, _working_lanes(tables))
    for loop, gain, leg in paying:
        message = f"Lanes lead in a circle: {' > '.join(loop)}, and going round earns {gain:,.6g} a unit, without end."
        report.error(message, "Correct the sign of a cost, or give a lane of the circle a limit.", place("lane", leg, "unit_cost", sources))
    _tell_circles(lanes, quick, {frozenset(loop) for loop, _, _ in paying}, sources, report)


def _tell_circles(lanes: pl.DataFrame, quick: pl.DataFrame, known: set[frozenset[str]], sources: Sequence[str], report: Report) -> None:
    """Warn of circles of lanes but those `known`; those of `quick` lanes take no time."""
    legs = set(quick.select("from", "to").iter_rows())
    for chosen, words in ((quick, ", and going round takes no time."), (lanes, ".")):
        for loop, row in circles(chosen):
            if frozenset(loop) in known or (chosen is lanes and timeless(loop, legs)):
                continue
            fix = "Nothing to do if goods may go both ways."
            report.warn(f"Lanes lead in a circle: {' > '.join(loop)}{words}", fix, place("lane", row, "to", sources))


def _working_lanes(tables: Mapping[str, pl.DataFrame]) -> frozenset[str]:
    """Return the lanes that take time of a resource."""
    if "usage" not in tables or not {"activity", "of"} <= set(tables["usage"].columns):
        return frozenset()
    return frozenset(tables["usage"].filter(pl.col("activity") == "move").get_column("of").drop_nulls().to_list())


def _check_keys(
    name: str,
    kind: str,
    key: str,
    masters: Mapping[str, str],
    tables: Mapping[str, pl.DataFrame],
    sources: Sequence[str],
    report: Report,
) -> None:
    """Report keys that are not in the table that another column of their row names; a master is a table or `table.column`."""
    if name not in tables or kind not in tables[name].columns or key not in tables[name].columns:
        return
    for word, master in masters.items():
        rows = (
            tables[name].filter((pl.col(kind) == word) & pl.col(key).is_not_null()).unique([kind, key], keep="first", maintain_order=True)
        )
        if rows.is_empty():
            continue
        home, _, column = master.partition(".")
        known = set(tables[home].get_column(column or home).drop_nulls().to_list()) if home in tables else set()
        elsewhere = name == "usage"  # a name that no table has is an unknown reference, reported already
        everywhere = (
            set().union(*(set(tables[one].get_column(one).to_list()) for one in masters.values() if one in tables)) if elsewhere else set()
        )
        for row in rows.iter_rows(named=True):
            if row[key] in known or (elsewhere and row[key] not in everywhere):
                continue
            near = get_close_matches(row[key], sorted(known), n=1)
            fix = f"Did you mean {near[0]}?" if near else f"Name one of table {home}."
            what = f"a {column} of table {home}" if column else f"a {home}"
            report.error(f"{kind} is {word}, but {row[key]} is not {what}.", fix, place(name, row, key, sources))


def _check_sides(tables: Mapping[str, pl.DataFrame], sources: Sequence[str], report: Report) -> None:
    """Report bounds that contradict each other, and events that end before they start."""
    for name, low, high in (
        ("event", "start", "end"),
        ("route", "start", "end"),
        ("item", "launch", "discontinue"),
        ("purchase_limit", "minimum", "maximum"),
        ("inventory_policy", "minimum", "maximum"),
        ("inventory_policy", "ending_minimum", "ending_maximum"),
        ("workforce", "minimum", "maximum"),
        ("limit", "at_least", "at_most"),
        ("firm_plan", "minimum", "maximum"),
    ):
        if name not in tables or not {low, high} <= set(tables[name].columns):
            continue
        for row in tables[name].filter(pl.col(low) > pl.col(high)).head(20).iter_rows(named=True):
            report.error(f"{low} ({row[low]}) lies above {high} ({row[high]}).", "Correct one of them.", place(name, row, low, sources))


def check_supply(tables: Mapping[str, pl.DataFrame], report: Report) -> None:
    """Warn where what is demanded cannot come from anywhere, and where a plan has no demand or no supply at all."""
    if all(name not in tables or tables[name].is_empty() for name in ("history", "forecast", "order_book")):
        fix = "Give history (what was sold), forecast (what is expected) or order_book."
        report.error("Nothing says what demand is: history, forecast and order_book are all missing or empty.", fix)
        return
    ways = ("route", "purchase", "on_hand", "scheduled_receipt", "co_output")
    if all(name not in tables or tables[name].is_empty() for name in ways):
        fix = "Give route (what is made where) or purchase (what is bought where)."
        report.warn("Nothing says how demand can be supplied: all of it will be short.", fix, Where(table="route"))
        return
    supplied = {item for name in ways if name in tables for item in tables[name].get_column("item").to_list()}
    demanded = {
        item for name in ("history", "forecast", "order_book") if name in tables for item in tables[name].get_column("item").to_list()
    }
    short = sorted(item for item in demanded - supplied if item is not None)
    if short:
        shown = ", ".join(short[:5]) + (f" and {len(short) - 5:,} more" if len(short) > 5 else "")
        count = "1 item is" if len(short) == 1 else f"{len(short):,} items are"
        message = f"{count} demanded, but no route, purchase or stock supplies what is asked for: {shown}."
        report.warn(message, "Add a route or a purchase, or their demand will be short.", Where(table="route", column="item"))
