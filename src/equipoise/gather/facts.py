"""From raw cells to checked facts: the whole of gathering, with one report of everything found."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from equipoise.errors import DataError, Fault, Where
from equipoise.gather.bucketing import bucket, merge_repeated, merge_rows, sums_within_periods
from equipoise.gather.calibration import calibrate
from equipoise.gather.demand_rows import check_consensus, check_demand, check_demand_setting
from equipoise.gather.disturbances import check_disturbances
from equipoise.gather.expansion import expand
from equipoise.gather.filling import fill, in_item_units, in_plan_currency, warn_implausible, without_expired, without_gaps
from equipoise.gather.history import whole_history
from equipoise.gather.limit_rows import lay_limits
from equipoise.gather.masters import derive_masters, inherit, with_defaults, with_families, without_hidden
from equipoise.gather.network import check_network, check_supply
from equipoise.gather.origin import Trail
from equipoise.gather.overrides import try_overrides, with_override_rows
from equipoise.gather.plan import Plan
from equipoise.gather.raw import ROW, Raw
from equipoise.gather.report import Report
from equipoise.gather.risk_rows import check_risks
from equipoise.gather.scenarios import judged
from equipoise.gather.shaping import Shaped, shape, shape_by_name
from equipoise.tables import GIVEN, table
from equipoise.tables.check import BAD, SOURCE, check, listed, place
from equipoise.tables.setting import to_table

# Demand of which an empty cell is no demand, and two rows of one series and period are merged, with a warning; elsewhere an error.
_MERGED = ("history",)
RECORD = "the record"
# What other tables are converted by, filled before them, in this order: an item's money needs rates, another table's units need items.
_FIRST = ("currency_rate", "item", "unit_conversion")


@dataclass(frozen=True)
class Facts:
    """Checked facts: every given table in the dictionary's form, with setting, period, scenario, issue and assumption_made.

    `plan` is the plan with the overrides that a table gave it, `trail` where each row was read. Where `faults` hold errors, the
    tables are as far as they could be read, and must not be planned with.
    """

    tables: dict[str, pl.DataFrame]
    faults: tuple[Fault, ...]
    plan: Plan
    trail: Trail = field(default_factory=Trail, compare=False)

    @property
    def errors(self) -> tuple[Fault, ...]:
        """The faults that stop a run."""
        return tuple(fault for fault in self.faults if fault.severity == "error")

    def refuse_errors(self) -> "Facts":
        """Return these facts; raise DataError with every fault where one is an error."""
        if self.errors:
            count = len(self.errors)
            raise DataError(
                f"{count} error{'s' if count > 1 else ''} in the data.", "Correct them; nothing was written.", faults=self.faults
            )
        return self


def facts(plan: Plan, raws: Mapping[str, Sequence[Raw]]) -> Facts:
    """Return the checked facts of a plan: `raws` are the cells of its sources, as `exchange.readers.read` returns them.

    Never raises for what is wrong with the data: all faults come in `Facts.faults` and in the table `issue`.
    """
    report = Report()
    report.add(plan.faults)
    report.assumptions.extend(plan.assumptions)
    for found in raws.values():
        for raw in found:
            report.add(raw.faults)
    plan = judged(with_override_rows(plan, raws, report), report)
    trail = Trail()
    sources = trail.sources
    tables = _filled(plan, raws, trail, report)
    if not _unreadable(report):
        check_supply(tables, report)
    derive_masters(tables, report)
    tables = {name: with_defaults(name, tables[name]) for name in GIVEN if name in tables}
    if plan.setting.supply.level == "family" and "item" in tables:
        streams = (tables.get(name, table(name).empty()) for name in ("history", "forecast"))
        tables["item"] = with_families(tables["item"], *streams)
    check_network(tables, sources, report)
    check_disturbances(tables, sources, report)
    check_demand(tables, plan.calendar, sources, report)
    check_risks(tables, [scenario.name for scenario in plan.scenarios], plan.calendar, sources, report)
    check_demand_setting(plan.setting.demand, plan.calendar, plan.file, report)
    if not {"forecast", "setting"} & {override.table for batch in (plan.overrides, *plan.promoted) for override in batch}:
        check_consensus(plan.setting.demand, tables, plan.file, report)
    ready = without_hidden(tables)
    if not report.errors:
        _complete(plan, ready, report)
    return replace(_handed_on(plan, ready, report), trail=trail)


def _unreadable(report: Report) -> bool:
    """Whether a whole source could not be read, so that what is missing has been said."""
    return any(fault.where.row is None and not fault.where.column and not fault.where.table for fault in report.errors)


def _filled(plan: Plan, raws: Mapping[str, Sequence[Raw]], trail: Trail, report: Report) -> dict[str, pl.DataFrame]:
    """Return every table that has a source, in the dictionary's types, checked row by row and brought to planning periods."""
    tables: dict[str, pl.DataFrame] = {}
    sources = trail.sources
    for name in sorted(GIVEN, key=lambda one: _FIRST.index(one) if one in _FIRST else len(_FIRST)):
        merged = []
        for shaped in _shaped(name, plan, raws, report):
            frame = fill(shaped, sources, report)
            trail.add(name, frame)
            merged.append(merge_rows(name, frame, shaped.aggregate))
        if name in plan.recorded:
            merged = _with_recorded(name, plan.recorded[name], merged, trail, report)
        if not merged:
            continue
        frame = merged[0] if len(merged) == 1 else pl.concat(merged, how="diagonal")
        if frame.is_empty():
            _report_empty(name, plan, raws, report)
        else:
            tables[name] = _checked(name, frame, plan, tables, sources, report)
    return tables


def _with_recorded(name: str, rows: pl.DataFrame, given: Sequence[pl.DataFrame], trail: Trail, report: Report) -> list[pl.DataFrame]:
    """Return the frames of a table with rows of the record behind them; a row given with the same key gives way, and that is told."""
    keys, sources = table(name).keys, trail.sources
    filled = fill(Shaped(name, RECORD, rows.with_row_index(ROW, 1)), sources, report)
    trail.add(name, filled)
    words = pl.concat_str([pl.col(key).cast(pl.String).fill_null("") for key in keys], separator=" ")
    recorded = filled.select(words).to_series().to_list()

    def told(row: dict[str, object]) -> Fault:
        name_of = " ".join(str(row[key]) for key in keys)
        return Fault(f"{name_of} is in the record too, which holds.", "", place(name, row, keys[0], sources), "note")

    kept = []
    for frame in given:
        same = frame.select(words).to_series().is_in(recorded)
        report.add(listed(frame.filter(same), told) if same.any() else [])
        kept.append(frame.filter(~same))
    return [*kept, filled]


def _shaped(name: str, plan: Plan, raws: Mapping[str, Sequence[Raw]], report: Report) -> Iterator[Shaped]:
    if name in plan.given:
        frame = plan.given[name]
        if ROW not in frame.columns:
            frame = frame.with_row_index(ROW, 1)
        yield Shaped(name, plan.file, frame)
    if plan.data.by_name:
        yield from shape_by_name(name, raws.get(name, ()), report)
    for specification in plan.sources.get(name, ()):
        yield from shape(specification, plan.files, raws, report)


def _report_empty(name: str, plan: Plan, raws: Mapping[str, Sequence[Raw]], report: Report) -> None:
    used = [raw.source for raw in raws.get(name, ())] if plan.data.by_name else []
    used += [raw.source for one in plan.sources.get(name, ()) for raw in raws.get(one.source, ())]
    where = Where(", ".join(used), name)
    if name in {"item", "history", "market", "location"}:
        report.error(f"Table {name} has no rows.", "Give its rows, or leave the table out.", where)
    else:
        report.warn(f"Table {name} has no rows.", "Nothing to do if that is meant; else give its rows.", where)


def _checked(
    name: str, frame: pl.DataFrame, plan: Plan, tables: Mapping[str, pl.DataFrame], sources: list[str], report: Report
) -> pl.DataFrame:
    aggregates = {one.aggregate for one in plan.sources.get(name, ())}
    for column in table(name).columns:
        if column.required and column.name not in frame.columns and column.default is None:
            names = [one for one in frame.columns if not one.startswith("#")]
            fix = f"Add it: {column.meaning[:1].lower()}{column.meaning[1:]}. The columns taken are {', '.join(names) or 'none'}."
            used = ", ".join(sources[position] for position in frame[SOURCE].unique().sort())
            report.error(f"The column {column.name} is missing.", fix, Where(used, name, column=column.name))
            frame = frame.with_columns(pl.lit(None, dtype=column.dtype).alias(column.name), pl.lit(value=True).alias(BAD))
    if "item" in tables and "unit" in frame.columns:
        frame = frame.with_columns(pl.col(pl.Categorical).cast(pl.String))
        frame = in_item_units(name, frame, tables, sources, report)
    frame = in_plan_currency(name, frame, tables, plan.setting.currency, plan.calendar, sources, report)
    keys = [column for column in table(name).columns if column.key and column.name not in frame.columns]
    frame = frame.with_columns(pl.lit(None, dtype=column.dtype).alias(column.name) for column in keys)
    frame = inherit(name, frame)
    frame = _key_defaults(name, frame)
    unique = aggregates in (set(), {""}) and not sums_within_periods(name, frame, plan.calendar, report)
    if unique and name in _MERGED:
        frame = merge_repeated(name, frame, sources, report)
    if name in _MERGED:
        frame = without_gaps(name, frame, sources, report)
    report.add(check(name, frame, sources, unique=unique))
    warn_implausible(name, frame, sources, report)
    if name == "on_hand":
        frame = without_expired(frame, plan.calendar, sources, report)
    frame = bucket(name, frame, plan.calendar, report)
    return frame.with_columns(pl.col(pl.Categorical).cast(pl.String))


def _key_defaults(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Fill the empty cells of keys that have a default, so that equal keys are seen as equal."""
    missing = [column for column in table(name).columns if column.default is not None and (column.key or column.required)]
    given = [pl.col(column.name) if column.name in frame.columns else pl.lit(None, dtype=column.dtype) for column in missing]
    filled = [
        one.fill_null(pl.lit(column.default, dtype=column.dtype)).alias(column.name) for one, column in zip(given, missing, strict=True)
    ]
    return frame.with_columns(filled)


def _complete(plan: Plan, tables: dict[str, pl.DataFrame], report: Report) -> None:
    """Make history whole, expand what holds in every period, calibrate usage and lay the limits in words, in `tables`."""
    if "history" in tables:
        tables["history"] = whole_history(tables["history"], plan.calendar, report)
    tables.update(expand(tables, plan.calendar, report))
    calibrate(tables, plan.calibrate, plan.file, report)
    lay_limits(plan.constraints, tables, plan.calendar, report)


def _handed_on(plan: Plan, tables: dict[str, pl.DataFrame], report: Report) -> Facts:
    whole = {name: table(name).conform(tables[name]) if name in tables else table(name).empty() for name in GIVEN}
    whole = {name: frame.sort(table(name).keys, maintain_order=True) for name, frame in whole.items()}
    whole["setting"] = table("setting").conform(to_table(plan.setting))
    whole["period"] = table("period").conform(plan.calendar.table())
    whole["scenario"] = _scenario(plan)
    if not report.errors:
        try_overrides(plan, whole, report)
    whole["issue"] = report.issue()
    whole["assumption_made"] = report.assumption_made()
    return Facts(whole, report.ordered(), plan)


def _scenario(plan: Plan) -> pl.DataFrame:
    rows = [
        (position, one.name, one.parent or None, one.description or None, one.likelihood, one.impact, one.probability)
        for position, one in enumerate(plan.scenarios, start=1)
    ]
    return pl.DataFrame(rows, schema=table("scenario").schema, orient="row")
