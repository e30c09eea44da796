"""Earlier approved plans, against which later ones are measured: they feed plan_snapshot and stream_snapshot, at every lag."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import polars as pl

from equipoise.finance import cost_of_goods, gross_margin
from equipoise.tables import table
from equipoise.tables.setting import Cadence, from_table

if TYPE_CHECKING:
    from equipoise.gather import Plan
    from equipoise.store.contract import Store, Version

INPUT = "approved"
"""Name under which a run's inputs say which approved versions fed it."""

MOST_CYCLES = 36
_PLACES = {"forecast": ("market", "market"), "demand": ("market", "market"), "production": ("location", "location")}
_PLACES["inventory"] = _PLACES["production"]
_READ = ("item", "consensus", "stream_record", "demand_plan", "supply_plan", "inventory_plan")


def approved_versions(store: "Store", unit: str) -> "list[Version]":
    """Return the approved versions of a business unit, oldest first."""
    return sorted((one for one in store.versions() if one.made == "approve" and one.business_unit == unit), key=lambda one: one.line)


def with_snapshots(tables: Mapping[str, pl.DataFrame], store: "Store", plan: "Plan") -> tuple[dict[str, pl.DataFrame], str]:
    """Return the given tables with the plans that were approved in earlier cycles added to plan_snapshot and stream_snapshot.

    Also what they were, for the run's inputs. Where the data gives rows of the same cut-off (and measure) those stand. Items, markets and
    locations that the plan does not have are left out.
    """
    unit, as_of = plan.process.business_unit, plan.calendar.as_of
    versions = feeding(store, unit, as_of, plan.setting.calendar.cadence)
    if not versions:
        return dict(tables), _said(unit, as_of, plan.setting.calendar.cadence, versions)
    made = [_of_version(store, version) for version in versions]
    plans = _known(pl.concat([one for one, _ in made]), tables, _places(tables))
    streams = _known(pl.concat([one for _, one in made]), tables, {"market": tables["market"].get_column("market")})
    added = {
        "plan_snapshot": _beside(tables["plan_snapshot"], plans, ["as_of", "measure"]),
        "stream_snapshot": _beside(tables["stream_snapshot"], streams, ["as_of"]),
    }
    return {**tables, **added}, _said(unit, as_of, plan.setting.calendar.cadence, versions)


def feeding(store: "Store", unit: str, as_of: dt.date, cadence: Cadence) -> "list[Version]":
    """Return the approved versions of a business unit with a cut-off before `as_of` and periods of that length, oldest cut-off first.

    Of several with one cut-off the last that was approved; of all the latest, three years of months.
    """
    found: dict[dt.date, Version] = {}
    for version in approved_versions(store, unit):
        cut, own = _calendar(store, version.tables["setting"]) if "setting" in version.tables else (None, cadence)
        if cut is not None and cut < as_of and own == cadence:
            found[cut] = version
    return [found[cut] for cut in sorted(found)][-MOST_CYCLES:]


def fed_otherwise(store: "Store", said: str) -> bool:
    """Return whether other approved versions would feed a run now than its inputs say."""
    if not said:
        return False
    unit, as_of, cadence, names = json.loads(said)
    return bool([_name(version) for version in feeding(store, unit, dt.date.fromisoformat(as_of), cadence)] != names)


def _said(unit: str, as_of: dt.date, cadence: str, versions: "Sequence[Version]") -> str:
    return json.dumps([unit, as_of.isoformat(), cadence, [_name(version) for version in versions]])


def _name(version: "Version") -> str:
    return f"{version.plan}/{version.name}"


_CUTS: dict[str, tuple[dt.date | None, Cadence]] = {}


def _calendar(store: "Store", content: str) -> tuple[dt.date | None, Cadence]:
    """Return cut-off and cadence of a table of settings, read once in a process: content never changes."""
    if content not in _CUTS:
        from equipoise.dimensions.calendar import Calendar

        calendar = Calendar.from_setting(from_table(store.table(content)).calendar)
        _CUTS[content] = (calendar.as_of, calendar.cadence)
    return _CUTS[content]


def _of_version(store: "Store", version: "Version") -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return an approved version as rows of plan_snapshot and of stream_snapshot."""
    read = {name: store.table(version.tables[name]) if name in version.tables else table(name).empty() for name in _READ}
    as_of, _ = _calendar(store, version.tables["setting"])
    streams = table("stream_snapshot").conform(read["stream_record"].filter(pl.col("quantity").is_not_null()))
    agreed = streams.filter(pl.col("kind") == "consensus").select("item", "market", "period", "quantity")
    made = read["supply_plan"].group_by("item", "location", "period", maintain_order=True).agg(pl.col("quantity").sum())
    parts = [
        ("forecast", agreed if agreed.height else read["consensus"].select("item", "market", "period", "quantity")),
        ("demand", _valued(read["demand_plan"], read["item"])),
        ("production", made),
        ("inventory", read["inventory_plan"].select("item", "location", "period", "quantity")),
    ]
    frames = [
        table("plan_snapshot").conform(
            frame.rename({_PLACES[measure][0]: "place"}).with_columns(as_of=pl.lit(as_of), measure=pl.lit(measure))
        )
        for measure, frame in parts
    ]
    return pl.concat(frames).filter(pl.col("quantity").is_not_null()), streams


def _valued(demand_plan: pl.DataFrame, item: pl.DataFrame) -> pl.DataFrame:
    """Return the demand plan with revenue and gross margin, where price and cost are given."""
    costs = item.select("item", "unit_cost").unique("item", maintain_order=True)
    rows = demand_plan.join(costs, on="item", how="left", maintain_order="left")
    rows = rows.with_columns((pl.col("quantity") * pl.col("unit_price")).alias("revenue"), cost_of_goods("quantity").alias("cost_of_goods"))
    return rows.select("item", "market", "period", "quantity", "revenue", gross_margin().alias("gross_margin"))


def _places(tables: Mapping[str, pl.DataFrame]) -> dict[str, pl.Series]:
    return {
        "place": pl.concat([tables["market"].get_column("market").alias("place"), tables["location"].get_column("location").alias("place")])
    }


def _known(rows: pl.DataFrame, tables: Mapping[str, pl.DataFrame], places: Mapping[str, pl.Series]) -> pl.DataFrame:
    known = pl.col("item").is_in(tables["item"].get_column("item").unique().to_list())
    for column, names in places.items():
        known &= pl.col(column).is_in(names.unique().to_list())
    return rows.filter(known)


def _beside(given: pl.DataFrame, rows: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """Return what is given with rows that it has nothing like."""
    new = rows.join(given.select(by).unique(), on=by, how="anti", maintain_order="left")
    definition = table("plan_snapshot" if "measure" in by else "stream_snapshot")
    return pl.concat([given, new]).sort(definition.keys, maintain_order=True)
