"""Levers on ways to get an item: more from a supplier or a group of them, another source, a faster purchase or lane, another route.

More of a way at another price is a second way beside it: the same purchase or lane under its own name, with the lever's price on top,
open from when it can take effect, up to the lever's most.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import polars as pl

from equipoise.reconcile.gaps.sentence import PERIOD_NOUN
from equipoise.reconcile.options.company import Company
from equipoise.reconcile.options.lever import KIND_WORDS, Lever, Meter, Row, Tables, change, columns_of, insert, of_row, sums
from equipoise.scenario import Override
from equipoise.tables.figures import quantity

_CATCH = {
    "subcontract": "Quality and know-how leave the house; the subcontractor must commit to the volume.",
    "supplier_capacity": "The supplier must commit to it.",
    "source": "A new source must be approved, and its first deliveries checked.",
    "expedite": "Faster transport is not always to be had.",
    "transport": "More transport must be booked ahead.",
    "route": "The route must be qualified before it is used.",
}


def more_bought(row: Row, company: Company, effective: dt.date) -> Lever:
    """Return more of a purchase, of all that a supplier brings, or of the purchases in a group limit; faster where the lever says so."""
    purchases = _purchases(row.target, company)
    group = row.target not in purchases
    overrides: list[Override] = []
    for purchase in purchases:
        overrides += _second_purchase(row, purchase, company, effective, limited=not group)
    if group:
        overrides += _group_limit(row, purchases, company)
    names = [_second(purchase, row) for purchase in purchases]
    meter = _taken("purchase_plan", "purchase", names, company, _bought(company, purchases))
    return _lever(row, company, tuple(overrides), meter, _unit(company, purchases))


def _purchases(target: str, company: Company) -> list[str]:
    """Return the purchases that a target means: itself, those of a supplier, or those in a group limit."""
    if target in company.names("purchase", "purchase"):
        return [target]
    of_supplier = company.tables["purchase"].filter(pl.col("supplier") == target).get_column("purchase").unique(maintain_order=True)
    if len(of_supplier):
        return of_supplier.to_list()
    return [str(one["key"]) for one in company.rows("limit_member", limit=target, table="purchase")]


def _second(way: str, row: Row) -> str:
    return f"{way} ({KIND_WORDS[row.kind].lower().rstrip(':').removesuffix(' from')})"


def _second_purchase(row: Row, purchase: str, company: Company, effective: dt.date, *, limited: bool) -> list[Override]:
    """Return a purchase beside one that is there: closed before the lever takes effect, then up to its most where it is `limited`."""
    name = _second(purchase, row)
    made = []
    for one in company.rows("purchase", purchase=purchase):
        kept = columns_of(one, ("purchase", "unit_cost", "lead_time", "lead_periods"))
        price = one["unit_cost"] if isinstance(one["unit_cost"], float) else _standard_cost(company, str(one["item"]))
        cost = None if price is None else price + (row.running_cost or 0.0)
        made.append(insert("purchase", row.name, purchase=name, unit_cost=cost, **kept, **_time(one, row, company)))
    periods = company.calendar.periods
    most = row.most if limited else None
    made += [
        insert("purchase_limit", row.name, purchase=name, span="period", period=period, maximum=most if period >= effective else 0.0)
        for period in periods
        if period < effective or most is not None
    ]
    shared = _shared_limits(row, purchase, name, company) if row.kind == "expedite" else []
    return made + shared + _same_usage("buy", purchase, name, row, company)


def _shared_limits(row: Row, purchase: str, name: str, company: Company) -> list[Override]:
    """Return that what comes faster counts in the limit of its purchase: a supplier who hurries has no more to give."""
    if company.setting.supply.level == "family":  # the ways of a family are one: a limit on one item's would hold them all
        return []
    made = []
    limits = (one for one in company.rows("purchase_limit", purchase=purchase) if one["maximum"] is not None)
    for number, one in enumerate(limits, start=1):
        limit, period = f"{name} and {purchase} {number}", one["period"]
        window = {} if period is None else {"start": period, "end": period}
        made.append(insert("limit", row.name, limit=limit, at_most=one["maximum"], measure="quantity", span=one["span"], **window))
        made += [insert("limit_member", row.name, limit=limit, table="purchase", key=key) for key in (purchase, name)]
    return made


def _standard_cost(company: Company, item: str) -> float | None:
    found = next((one["unit_cost"] for one in company.rows("item", item=item)), None)
    return found if isinstance(found, float) else None


def _time(one: dict[str, object], row: Row, company: Company) -> dict[str, object]:
    """Return the lead time of the second way: the first one's, less the days that expediting saves."""
    days, periods = one.get("lead_time"), one.get("lead_periods")
    if row.kind != "expedite" or not row.days_saved:
        return {name: value for name, value in (("lead_time", days), ("lead_periods", periods)) if value is not None}
    whole = periods * company.days if isinstance(periods, int) else days if isinstance(days, float) else 0.0
    return {"lead_time": max(0.0, whole - row.days_saved)}


def _same_usage(activity: str, of: str, name: str, row: Row, company: Company) -> list[Override]:
    """Return what a second way takes of resources, as the first does, and its place in group limits other than the lever's own."""
    made = [
        insert("usage", row.name, of=name, **columns_of(one, ("of",)))
        for one in company.rows("usage", activity=activity, of=of)
        if one["resource"] != row.target
    ]
    table = {"buy": "purchase", "move": "lane"}[activity]
    made += [
        insert("limit_member", row.name, key=name, **columns_of(one, ("key",)))
        for one in company.rows("limit_member", table=table, key=of)
        if one["limit"] != row.target
    ]
    return made


def _group_limit(row: Row, purchases: Sequence[str], company: Company) -> list[Override]:
    """Return a limit over the second purchases, with the weights of the group where the target is one."""
    name = row.name
    weights = {str(one["key"]): one["weight"] for one in company.rows("limit_member", limit=row.target, table="purchase")}
    made = [insert("limit", name, limit=name, at_most=row.most, measure="quantity", span="period")]
    return made + [
        insert("limit_member", name, limit=name, table="purchase", key=_second(purchase, row), weight=weights.get(purchase, 1.0))
        for purchase in purchases
    ]


def more_moved(row: Row, company: Company, effective: dt.date) -> Lever:
    """Return a second lane beside one: at the lever's price on top, faster where it says so, up to its most for all items together."""
    name = _second(row.target, row)
    rows = company.rows("lane", lane=row.target)
    made = []
    for one in rows:
        cost = one["unit_cost"] if isinstance(one["unit_cost"], float) else 0.0
        kept = columns_of(one, ("lane", "unit_cost", "lead_time", "lead_periods", "limit"))
        made.append(insert("lane", row.name, lane=name, unit_cost=cost + (row.running_cost or 0.0), **kept, **_time(one, row, company)))
    made += _same_usage("move", row.target, name, row, company)
    made += _lane_limits(row, name, company, effective)
    taken = [partial(_by_lane, name, made) for made in ("transfer_plan", "shipment_plan")]
    return _lever(row, company, tuple(made), lambda tables: _added(taken[0](tables), taken[1](tables)), "unit")


def _by_lane(name: str, made: str, tables: Tables) -> dict[dt.date, float]:
    return sums(tables[made].filter(pl.col("lane") == name))


def _lane_limits(row: Row, name: str, company: Company, effective: dt.date) -> list[Override]:
    """Return limits on a second lane: nothing before the lever takes effect, then its most."""
    before = [period for period in company.calendar.periods if period < effective]
    windows: list[tuple[str, float | None, dict[str, object]]] = [(f"{row.name} until ready", 0.0, {"end": before[-1]})] if before else []
    windows += [(row.name, row.most, {"start": effective})] if row.most else []
    made = []
    for limit, most, window in windows:
        made.append(insert("limit", row.name, limit=limit, at_most=most, measure="quantity", span="period", **window))
        made.append(insert("limit_member", row.name, limit=limit, table="lane", key=name))
    return made


def _added(one: dict[dt.date, float], other: dict[dt.date, float]) -> dict[dt.date, float]:
    return {period: one.get(period, 0.0) + other.get(period, 0.0) for period in sorted({*one, *other})}


def earlier_route(row: Row, company: Company, effective: dt.date) -> Lever:
    """Return a route that may be used from when the lever takes effect, though the tables open it later.

    Its most and its price hold until then: what the plan makes on it afterwards needs no lever. A route that is open needs none at all.
    """
    one = next(iter(company.rows("route", route=row.target)))
    item, opens = str(one["item"]), one["start"]
    early = [period for period in company.periods(effective) if isinstance(opens, dt.date) and _closed(period, opens, company)]
    overrides = [change("route", "start", "set", effective, row.name, route=row.target)] if early else []
    if early and row.most:
        window = {"start": early[0], "end": early[-1]}
        overrides.append(insert("limit", row.name, limit=row.name, at_most=row.most, measure="quantity", span="period", **window))
        overrides.append(insert("limit_member", row.name, limit=row.name, table="route", key=row.target))
    meter = _taken("supply_plan", "route", [row.target], company, [item], early)
    return _lever(row, company, tuple(overrides), meter, _item_unit(company, item))


def _closed(period: dt.date, opens: dt.date, company: Company) -> bool:
    """Whether a period ends before a day."""
    return period + dt.timedelta(days=company.calendar.days(period)) <= opens


def _taken(table: str, column: str, names: Sequence[str], company: Company, items: Sequence[str], periods: Sequence[dt.date] = ()) -> Meter:
    """Count what goes by some ways, in some periods (none: in all). A plan of families has ways of families: what they take more counts."""
    families = company.setting.supply.level == "family"
    of = pl.col("item").is_in(list(company.families(items))) if families else pl.col(column).is_in(list(names))
    within = pl.col("period").is_in(list(periods)) if periods else pl.lit(value=True)
    before = sums(company.tables[table].filter(of)) if families else {}

    def meter(tables: Tables) -> dict[dt.date, float]:
        after = sums(tables[table].filter(of & within))
        return {period: max(0.0, size - before.get(period, 0.0)) for period, size in after.items()}

    return meter


def _bought(company: Company, purchases: Sequence[str]) -> list[str]:
    return (
        company.tables["purchase"]
        .filter(pl.col("purchase").is_in(list(purchases)))
        .get_column("item")
        .unique(maintain_order=True)
        .to_list()
    )


def _unit(company: Company, purchases: Sequence[str]) -> str:
    units = {_item_unit(company, item) for item in _bought(company, purchases)}
    return units.pop() if len(units) == 1 else "unit"


def _item_unit(company: Company, item: str) -> str:
    return str(next((one["unit"] for one in company.rows("item", item=item)), None) or "unit")


def _lever(row: Row, company: Company, overrides: tuple[Override, ...], meter: Meter, unit: str) -> Lever:
    lever = of_row(row, PERIOD_NOUN[company.calendar.cadence], overrides, unit, meter)
    faster = f", {quantity(row.days_saved, 'day')} faster" if row.kind == "expedite" and row.days_saved else ""
    return replace(lever, statement=f"{lever.statement}{faster}", inside=row.kind != "route", catch=_CATCH[row.kind])
