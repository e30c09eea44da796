"""The short form of a plan file: a few volumes and capacities, turned into the same tables that a full plan gives."""

from dataclasses import dataclass

import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.gather.document import Group
from equipoise.gather.raw import ROW
from equipoise.gather.reading import Reading
from equipoise.tables import table

INPUT_KEYS = ("planning_cycle", "planning_horizon", "as_of", "start", "demand_input", "supply_input", "constraints")
DEMAND_KEYS = ("source", "volume", "revenue", "profile", "kind", "item", "market", "owner")
SUPPLY_KEYS = ("resource", "capacity", "unit", "unit_cost", "regular_cost", "overtime_cost", "overtime_limit", "lead_time")

_ITEM = "product"
_MARKET = "market"


@dataclass(frozen=True)
class _Demand:
    source: str
    item: str
    market: str
    kind: str
    volume: float
    revenue: float | None
    profile: tuple[float, ...]
    owner: str
    line: int

    def in_period(self, number: int) -> float:
        """Share of the volume that falls in period `number` (from 0), as a multiple of an average period."""
        if not self.profile:
            return 1.0
        return self.profile[number % len(self.profile)] * len(self.profile) / sum(self.profile)


@dataclass(frozen=True)
class _Supply:
    resource: str
    capacity: float
    unit: str
    costs: dict[str, float | None]
    line: int


@dataclass(frozen=True)
class Inputs:
    """What the short form gives, read and checked, before the calendar is known."""

    demand: tuple[_Demand, ...]
    supply: tuple[_Supply, ...]
    line: int


def read_inputs(inputs: Group, reading: Reading) -> Inputs:
    """Return the short form's demand and supply; every fault is noted with its line."""
    reading.only(inputs, INPUT_KEYS, "inputs")
    demand = [one for entry in reading.groups(inputs, "demand_input", "inputs") if (one := _demand(entry, reading))]
    supply = [had for entry in reading.groups(inputs, "supply_input", "inputs") if (had := _supply(entry, reading))]
    if "demand_input" not in inputs.entries:
        reading.error("The short form has no demand_input.", "List at least one source with its volume.", inputs.line, "inputs")
    if "supply_input" not in inputs.entries:
        reading.error("The short form has no supply_input.", "List at least one resource with its capacity.", inputs.line, "inputs")
    _refuse_twice([((one.source, one.item, one.market), one.line) for one in demand], "source", reading)
    _refuse_twice([((one.resource,), one.line) for one in supply], "resource", reading)
    return Inputs(tuple(demand), tuple(supply), inputs.line)


def _refuse_twice(keys: list[tuple[tuple[str, ...], int]], what: str, reading: Reading) -> None:
    first: dict[tuple[str, ...], int] = {}
    for key, line in keys:
        if key in first:
            fix = "Give each its own name, or add them up."
            reading.error(f"The {what} {key[0]} is given twice, in lines {first[key]} and {line}.", fix, line, f"inputs.{what}")
        first.setdefault(key, line)


def _demand(group: Group, reading: Reading) -> _Demand | None:
    path = "inputs.demand_input"
    reading.only(group, DEMAND_KEYS, path)
    source = reading.text(group, "source", path=path)
    if not source:
        reading.error("A demand input has no source.", "Name it: `source: sales_forecast`.", group.line, path)
    volume = reading.number(group, "volume", path, minimum=None)
    if "volume" not in group.entries:
        reading.error(
            f"The demand input {source} has no volume.", "Give the units of an average period: `volume: 50000`.", group.line, path
        )
    profile = tuple(value for text in reading.texts(group, "profile", path) if (value := _weight(text, group, reading)) is not None)
    if profile and sum(profile) <= 0:
        reading.error(
            "The profile sums to nothing.", "Give weights, one a period, of which some are above 0.", group.line_of("profile"), path
        )
        profile = ()
    if volume is None:
        return None
    return _Demand(
        source,
        reading.text(group, "item", _ITEM, path),
        reading.text(group, "market", _MARKET, path),
        reading.text(group, "kind", "increment", path, ("view", "increment")),
        volume,
        reading.number(group, "revenue", path, minimum=None),
        profile,
        reading.text(group, "owner", path=path),
        group.line,
    )


def _weight(text: str, group: Group, reading: Reading) -> float | None:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        reading.error(f"The profile holds {text!r}.", "Give weights of 0 or more.", group.line_of("profile"), "inputs.demand_input")
        return None
    return value


def _supply(group: Group, reading: Reading) -> _Supply | None:
    path = "inputs.supply_input"
    reading.only(group, SUPPLY_KEYS, path)
    resource = reading.text(group, "resource", path=path)
    if not resource:
        reading.error("A supply input has no resource.", "Name it: `resource: Plant A`.", group.line, path)
    capacity = reading.number(group, "capacity", path)
    if "capacity" not in group.entries:
        reading.error(
            f"The supply input {resource} has no capacity.", "Give what it makes in a period: `capacity: 45000`.", group.line, path
        )
    costs = {key: reading.number(group, key, path) for key in SUPPLY_KEYS[3:]}
    return None if capacity is None else _Supply(resource, capacity, reading.text(group, "unit", "units", path), costs, group.line)


def tables_of(inputs: Inputs, calendar: Calendar, reading: Reading) -> dict[str, pl.DataFrame]:
    """Return the tables that the short form stands for, each row with its line in column `ROW`."""
    items = list(dict.fromkeys(one.item for one in inputs.demand))
    tables = {
        "item": _table("item", [{"item": item, "name": item.capitalize(), "family": item, ROW: inputs.line} for item in items]),
        "market": _table("market", [{"market": market, ROW: inputs.line} for market in dict.fromkeys(one.market for one in inputs.demand)]),
        "forecast": _table("forecast", _forecast(inputs, calendar)),
        "price": _table("price", _prices(inputs, reading)),
        **_supply_tables(inputs, items),
    }
    _record(inputs, items, calendar, reading)
    return tables


def _table(name: str, rows: list[dict[str, object]]) -> pl.DataFrame:
    schema = {**table(name).schema, ROW: pl.UInt32()}
    full = [{column: row.get(column) for column in schema} for row in rows]
    return pl.DataFrame(full, schema=schema, orient="row")


def _forecast(inputs: Inputs, calendar: Calendar) -> list[dict[str, object]]:
    return [
        {
            "source": one.source,
            "item": one.item,
            "market": one.market,
            "period": period,
            "kind": one.kind,
            "quantity": one.volume * one.in_period(number),
            "revenue": None if one.revenue is None else one.revenue * one.in_period(number),
            "owner": one.owner or None,
            ROW: one.line,
        }
        for one in inputs.demand
        for number, period in enumerate(calendar.periods)
    ]


def _prices(inputs: Inputs, reading: Reading) -> list[dict[str, object]]:
    """Price of each item and market: revenue over volume of the inputs that give a revenue."""
    rows: list[dict[str, object]] = []
    for item, market in dict.fromkeys((one.item, one.market) for one in inputs.demand):
        priced = [one for one in inputs.demand if (one.item, one.market) == (item, market) and one.revenue is not None]
        revenue, volume = sum(one.revenue or 0.0 for one in priced), sum(one.volume for one in priced)
        if not priced or volume <= 0 or revenue < 0:
            statement = f"No price of {item} in {market} is known: its demand inputs give no revenue."
            reading.report.assume("price", statement, reading.at(inputs.line))
            continue
        statement = f"The price of {item} in {market} is revenue over volume: {revenue:,.15g} / {volume:,.15g} = {revenue / volume:,.6g}."
        reading.report.assume("price", statement, reading.at(priced[0].line))
        rows.append({"item": item, "market": market, "unit_price": revenue / volume, ROW: priced[0].line})
    return rows


def _supply_tables(inputs: Inputs, items: list[str]) -> dict[str, pl.DataFrame]:
    locations: list[dict[str, object]] = []
    resources: list[dict[str, object]] = []
    capacities: list[dict[str, object]] = []
    routes: list[dict[str, object]] = []
    usages: list[dict[str, object]] = []
    for one in inputs.supply:
        line = {ROW: one.line}
        locations.append({"location": one.resource, "kind": "plant", "is_open": True, **line})
        costs = {key: one.costs[key] for key in ("regular_cost", "overtime_cost")}
        resources.append({"resource": one.resource, "location": one.resource, "kind": "machine", "unit": one.unit, **costs, **line})
        capacities.append({"resource": one.resource, "regular": one.capacity, "overtime_limit": one.costs["overtime_limit"], **line})
        for item in items:
            route = f"{item} at {one.resource}"
            costs = {key: one.costs[key] for key in ("unit_cost", "lead_time")}
            routes.append({"route": route, "item": item, "location": one.resource, **costs, **line})
            usages.append({"activity": "make", "of": route, "resource": one.resource, "quantity": 1.0, **line})
    rows = {"location": locations, "resource": resources, "capacity": capacities, "route": routes, "usage": usages}
    return {name: _table(name, found) for name, found in rows.items()}


def _record(inputs: Inputs, items: list[str], calendar: Calendar, reading: Reading) -> None:
    assume = reading.report.assume
    for one in inputs.demand:
        spread = f"by a profile of {len(one.profile)} weights" if one.profile else "flat"
        money = "" if one.revenue is None else f" and {one.revenue:,.15g} of revenue"
        way = "adds to demand" if one.kind == "increment" else "is a view of demand"
        statement = f"{one.source} {way}: {one.volume:,.15g} units{money} an average {calendar.cadence} for {one.item}, spread {spread}."
        assume("forecast", statement, reading.at(one.line))
    for supply in inputs.supply:
        statement = f"{supply.resource} makes up to {supply.capacity:,.15g} {supply.unit} a {calendar.cadence} in regular time"
        assume("capacity", f"{statement}; a unit of {' or '.join(items)} takes one.", reading.at(supply.line))
        if not any(cost is not None for key, cost in supply.costs.items() if key.endswith("_cost")):
            assume("route", f"No cost of {supply.resource} is given, so no margin is printed.", reading.at(supply.line))


def default_name(file: str) -> str:
    """Return a plan name made from a file's name: what a plan's name may not hold becomes a dash."""
    stem = file.replace("\\", "/").rsplit("/", 1)[-1].rsplit(".", 1)[0]
    kept = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-_.") else "-" for letter in stem).strip("-_.")
    return kept[:100] or "plan"
