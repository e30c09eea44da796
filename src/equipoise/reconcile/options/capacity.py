"""Levers on capacity: overtime beyond the usual limit, an extra shift, more workers, more storage."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from equipoise.reconcile.gaps.sentence import PERIOD_NOUN
from equipoise.reconcile.options.company import Company
from equipoise.reconcile.options.lever import Lever, Meter, Row, Tables, change, insert, of_row, steps_of, sums
from equipoise.scenario import Override

_SHIFT = "An extra shift is paid for a whole period, and needs people who can work it."
_OVERTIME = "Overtime for months on end tires people; agree it with the works council."
_WORKER = "People must be found and trained, and stay when demand falls."
_CATCH = {
    "shift": _SHIFT,
    "overtime": _OVERTIME,
    "storage": "Space must be found and served.",
    "supplier_capacity": "The supplier must commit to it.",
}


def more_capacity(row: Row, company: Company, effective: dt.date) -> Lever:
    """Return more capacity of a resource, as steps that the plan buys in each period in which they pay.

    A step costs what the lever's unit costs beyond the regular rate that its load pays anyway; overtime also its own surcharge.
    """
    resource = _resource(company, row.target)
    if row.kind == "overtime" and row.target in company.names("workforce", "resource"):
        return _staffed_overtime(row, company, effective, resource)
    surcharge = _surcharge(resource) if row.kind == "overtime" else 0.0
    price = (row.running_cost or 0.0) + surcharge
    sizes = {f"{row.name} {number}": size for number, size in enumerate(steps_of(row), start=1)}
    given = {"resource": row.target, "span": "period", "start": effective}
    overrides = tuple(
        insert("capacity_step", row.name, step=step, quantity=size, cost=price * size, **given) for step, size in sizes.items()
    )
    meter = _bought(row.target, sizes) if price > 0 else _beyond(company, row.target, "regular", "available")
    lever = _lever(row, company, overrides, str(resource["unit"] or "hour"), meter)
    return replace(lever, running=price, inside=True, catch=_CATCH.get(row.kind, ""))


def _lever(row: Row, company: Company, overrides: tuple[Override, ...], unit: str, meter: Meter) -> Lever:
    return of_row(row, PERIOD_NOUN[company.calendar.cadence], overrides, unit, meter)


def _resource(company: Company, name: str) -> Mapping[str, object]:
    return next(iter(company.rows("resource", resource=name)))


def _surcharge(resource: Mapping[str, object]) -> float:
    """Return what an hour of overtime costs beyond a regular one; nothing where either is not given."""
    regular, overtime = resource["regular_cost"], resource["overtime_cost"]
    return max(0.0, overtime - regular) if isinstance(regular, float) and isinstance(overtime, float) else 0.0


def _bought(resource: str, sizes: Mapping[str, float]) -> Meter:
    """Count the capacity of the steps that the plan pays for: beside another lever on the resource, each counts its own."""
    size = pl.col("place").replace_strict(sizes, default=0.0, return_dtype=pl.Float64)

    def meter(tables: Tables) -> dict[dt.date, float]:
        paid = tables["cost"].filter((pl.col("term") == "capacity_steps") & (pl.col("subject") == resource))
        return sums(paid.with_columns(bought=pl.col("quantity") * size), "bought")

    return meter


def _beyond(company: Company, resource: str, load: str, room: str) -> Meter:
    """Count the load of a resource that the plan of record had no room for."""
    before = company.tables["capacity_load"].filter(pl.col("resource") == resource).select("period", room=pl.col(room).fill_null(0.0))

    def meter(tables: Tables) -> dict[dt.date, float]:
        after = tables["capacity_load"].filter(pl.col("resource") == resource).select("period", load=load)
        both = after.join(before, on="period", how="left", maintain_order="left")
        return dict(both.select("period", (pl.col("load").fill_null(0.0) - pl.col("room").fill_null(0.0)).clip(0.0)).iter_rows())

    return meter


def _staffed_overtime(row: Row, company: Company, effective: dt.date, resource: Mapping[str, object]) -> Lever:
    """Return more overtime of workers who are paid by head: hours a worker, of the workers that the plan has at least."""
    workers = company.tables["workforce_plan"].filter(pl.col("resource") == row.target).get_column("workers").drop_nulls().to_list()
    heads = max(min(workers, default=1.0), 1.0)
    window = {"from": effective, "to": company.calendar.periods[-1]}
    unit = str(resource["unit"] or "hour")
    where = {"resource": row.target, "period": window}
    overrides = (change("workforce", "overtime_hours_per_worker", "add", (row.most or 0.0) / heads, row.name, **where),)
    return replace(_lever(row, company, overrides, unit, _beyond(company, row.target, "overtime", "overtime_limit")), catch=_OVERTIME)


def more_workers(row: Row, company: Company, effective: dt.date) -> Lever:
    """Return more workers than the plan may have or hire today."""
    window = {"from": effective, "to": company.calendar.periods[-1]}
    where = {"resource": row.target, "period": window}
    staff = company.tables["workforce"].filter(pl.col("resource") == row.target)
    limited = [column for column in ("maximum", "max_hire") if staff.get_column(column).is_not_null().any()]
    overrides: tuple[Override, ...] = tuple(change("workforce", column, "add", row.most or 0.0, row.name, **where) for column in limited)
    most = company.tables["workforce_plan"].filter(pl.col("resource") == row.target).select("period", most="workers")

    def meter(tables: Tables) -> dict[dt.date, float]:
        after = tables["workforce_plan"].filter(pl.col("resource") == row.target).select("period", "workers")
        both = after.join(most, on="period", how="left", maintain_order="left")
        return dict(both.select("period", (pl.col("workers") - pl.col("most").fill_null(0.0)).clip(0.0)).iter_rows())

    return replace(_lever(row, company, overrides, "worker", meter), catch=_WORKER)
