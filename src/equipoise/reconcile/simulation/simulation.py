"""The tables of the simulation: the plan of record played against paths of demand and supply that may come."""

from collections.abc import Iterator, Mapping

import numpy as np
import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.errors import InputError
from equipoise.reconcile.money.valuation import costs, unit_of
from equipoise.reconcile.simulation.demand_rows import DemandRows, demand_rows
from equipoise.reconcile.simulation.driver import driver_rows, groups
from equipoise.reconcile.simulation.normal import Array
from equipoise.reconcile.simulation.playable import playable
from equipoise.reconcile.simulation.policy import comparison, resolved
from equipoise.reconcile.simulation.record import MEASURES, Play, Record, record
from equipoise.reconcile.simulation.sources import Sources, sources
from equipoise.reconcile.simulation.statistic import statistics
from equipoise.reconcile.simulation.words import assumptions
from equipoise.tables import table
from equipoise.tables.figures import plural
from equipoise.tables.setting import Setting, from_table

_MADE = ("simulation", "simulation_path", "simulation_service", "simulation_driver")
_MONEY = ("profit", "revenue")
Row = tuple[str, str, float | None, str, str]


def simulation(
    baseline: pl.DataFrame,
    cleaned_history: pl.DataFrame,
    disturbance: pl.DataFrame,
    correlation: pl.DataFrame,
    shortage: pl.DataFrame,
    supply_plan: pl.DataFrame,
    purchase_plan: pl.DataFrame,
    tables: Mapping[str, pl.DataFrame],
    *,
    play: Play,
    roll: Play,
) -> dict[str, pl.DataFrame]:
    """Return `simulation`, `simulation_path`, `simulation_service` and `simulation_driver`.

    `tables` are those of the supply model. `play` takes demand (paths, rows of `shortage`) and disturbances by kind and target (paths,
    periods), and returns by path what the plan of record gives where it meets them (see docs/simulation.md); `roll` does the same with the
    plan solved again in every period. Paths hang on the setting `seed` alone. Where nothing is uncertain, or `risk.paths` is 0,
    `simulation` has a single row that says so, and so it has where given correlations cannot hold together.
    """
    setting = from_table(tables["setting"])
    named = {"baseline": baseline, "cleaned_history": cleaned_history, "disturbance": disturbance, "correlation": correlation}
    read = {**tables, **named, "supply_plan": supply_plan, "purchase_plan": purchase_plan}
    if not setting.risk.paths:
        return _only("The plan is not simulated: setting risk.paths is 0.")
    if shortage.is_empty():
        return _only("Nothing is demanded, so there is nothing to simulate.")
    try:
        drawn = sources(read, setting)
    except InputError as error:  # the rest of the plan goes on
        return _only(f"The plan is not simulated: {error.short}")
    calendar = Calendar.from_setting(setting.calendar)
    rows = demand_rows(shortage, drawn.demand.cells, calendar.periods, tables["item"])
    drawn = playable(drawn, rows, play)
    if drawn.nothing:
        return _only(
            "Nothing is uncertain: neither the forecast nor table disturbance says how demand or supply may come otherwise than planned."
        )
    return _simulated(drawn, rows, setting, read, play, roll)


def _only(note: str) -> dict[str, pl.DataFrame]:
    made = {name: table(name).empty() for name in _MADE}
    row = [("assumption", "not_simulated", None, None, note)]
    return made | {"simulation": pl.DataFrame(row, schema=table("simulation").schema, orient="row")}


def _simulated(
    drawn: Sources, rows: DemandRows, setting: Setting, tables: Mapping[str, pl.DataFrame], play: Play, roll: Play
) -> dict[str, pl.DataFrame]:
    by = groups(drawn)
    risk = setting.risk
    opening = _opening(tables["on_hand"], tables["item"])
    found = record(drawn, rows, play, risk, opening, setting.gaps.shortage_units, by.features)
    priced = bool(drawn.demand.cells.price.any())
    wanted = min(risk.rolling, risk.paths) if priced else 0
    again, _ = resolved(drawn, rows, roll, wanted, opening)
    told = [
        *_measured(found, setting, tables, priced=priced),
        *(("policy", *row) for row in comparison(found.paths["profit"], again, wanted, setting.currency, found.plan["profit"])),
        *_correlations(drawn),
        *(("assumption", name, value, "", words) for name, value, words in assumptions(drawn)),
    ]
    empty = table("simulation_driver").empty()
    driver = driver_rows(found.paths["profit"], found.features, by.names, setting.currency) if priced else empty
    return {
        "simulation": pl.DataFrame(told, schema=table("simulation").schema, orient="row"),
        "simulation_path": _paths(found, again, priced=priced),
        "simulation_service": _service(found, rows),
        "simulation_driver": driver,
    }


def _opening(on_hand: pl.DataFrame, item: pl.DataFrame) -> float:
    """Return the value of the stock at the start at standard cost; stock without one has no value."""
    held = on_hand.join(costs(item), on="item", how="inner", maintain_order="left")
    return float(held.select((pl.col("quantity") * pl.col("unit_cost")).sum()).item() or 0.0)


def _measured(found: Record, setting: Setting, tables: Mapping[str, pl.DataFrame], *, priced: bool) -> Iterator[Row]:
    """Return the rows of the measures; one that cannot be said has a single row with the reason."""
    count = len(found.paths["demand"])
    yield "paths", "count", float(count), "paths", f"Drawn with seed {setting.seed} (setting risk.paths)."
    units = _units(setting, tables)
    for measure in MEASURES:
        why = _unsaid(measure, found, priced=priced)
        if why:
            yield measure, "mean", None, units[measure], why
            continue
        for name, value, note in statistics(measure, found.paths[measure], found.plan[measure], setting.risk.tail):
            yield measure, name, value, "fraction" if name.startswith("chance") else units[measure], note


def _unsaid(measure: str, found: Record, *, priced: bool) -> str:
    if measure in _MONEY and not priced:
        return "No prices are given, and money that is not given is never invented."
    if measure == "stock_value" and not found.paths[measure].any():
        return "No stock is kept, or no standard costs are given."
    return ""


def _units(setting: Setting, tables: Mapping[str, pl.DataFrame]) -> dict[str, str]:
    money = setting.currency or "money"
    sold = tables["demand_plan"].select("item").unique().with_columns(every=pl.lit("all"))
    unit = plural(unit_of(tables["item"], sold, "every").get("all", "unit"))
    hours = tables["resource"].get_column("unit").drop_nulls().unique().to_list()
    time = hours[0] if len(hours) == 1 else "resource units"
    others = {"demand": unit, "shortage": unit, "service_level": "fraction", "overtime": time}
    return {**dict.fromkeys(("profit", "revenue", "stock_value"), money), **others}


def _correlations(drawn: Sources) -> Iterator[Row]:
    one = drawn.demand.scores.dependence
    if not drawn.demand.uncertain.any():
        return
    rows = (
        ("series", float(one.seen), "series", "Series with enough history to say how they move together."),
        ("intensity", one.intensity, "fraction", "Share by which correlations seen are drawn towards their mean."),
        ("within", one.within, "fraction", "Mean correlation of two series of one family."),
        ("between", one.between, "fraction", "Mean correlation of two series of different families."),
        ("time", one.time, "fraction", "Correlation of the error of a period with that of the next."),
        ("given", float(drawn.given), "rows", "Rows of table correlation, which stand in place of what history shows."),
    )
    for row in rows:
        yield ("correlation", *row)


def _paths(found: Record, again: Array, *, priced: bool) -> pl.DataFrame:
    count = len(found.paths["demand"])
    missing = np.full(count, np.nan)
    solved = missing.copy()
    solved[: len(again)] = again
    columns = {
        "path": np.arange(1, count + 1),
        "profit": found.paths["profit"] if priced else missing,
        "revenue": found.paths["revenue"] if priced else missing,
        "demand": found.paths["demand"],
        "short": found.paths["shortage"],
        "service": found.paths["service_level"],
        "resolved": solved,
    }
    return table("simulation_path").conform(pl.DataFrame(columns).with_columns(pl.col(pl.Float64).fill_nan(None)))


def _service(found: Record, rows: DemandRows) -> pl.DataFrame:
    """Return the table `simulation_service`; cells without any demand are left out."""
    one = found.service
    families, periods = len(rows.families) + 1, len(rows.periods)
    names = [*rows.families, ""]
    asked = one.demand.ravel()
    known = asked > 0
    frame = pl.DataFrame(
        {
            "family": [name or None for name in names for _ in range(periods)],
            "period": pl.Series(list(rows.periods) * families, dtype=pl.Date),
            "chance": one.chance.ravel(),
            "short": one.short.ravel(),
            "short_tail": one.tail.ravel(),
            "service": np.where(known, 1.0 - one.short.ravel() / np.where(known, asked, 1.0), np.nan),
            "planned": one.planned.ravel(),
        }
    )
    found_rows = frame.with_columns(pl.col(pl.Float64).fill_nan(None)).filter(pl.Series(known))
    return table("simulation_service").conform(found_rows)
