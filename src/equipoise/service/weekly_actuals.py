"""What was sold and made in weeks: from a file, from the request, or from the plan's own tables where they are kept by weeks or days."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from equipoise.decide.missed_targets import ACTUAL
from equipoise.dimensions.calendar import Calendar
from equipoise.errors import DataError, Fault, InputError, Where
from equipoise.exchange import readers
from equipoise.gather import facts
from equipoise.gather.conversion import convert
from equipoise.gather.source import Data, Source, TableSource
from equipoise.service.approving import approved_of
from equipoise.service.current import Process
from equipoise.service.messages.publishing import Done, TargetCheckRequest
from equipoise.service.register import Context
from equipoise.tables import table
from equipoise.tables.column import Kind
from equipoise.tables.figures import number, plural

if TYPE_CHECKING:
    from equipoise.gather import Plan

_OWN = {"shipment": "sales", "production_actual": "production"}
_NEEDED = ("item", "market", "location", "unit_conversion", *_OWN)
_MEASURES = ("sales", "production")
_REQUIRED = ("week", "measure", "quantity")
_COLUMNS: dict[str, Kind] = {"family": "text", "item": "text", "week": "date", "measure": "text", "quantity": "number"}
_NAMED = {"day": "week", "date": "week", "period": "week"}
_FIX = "Give the columns family or item, week (its first day, or any day of it), measure (sales or production) and quantity."


def weekly_actual(process: Process, request: TargetCheckRequest, context: Context) -> tuple[pl.DataFrame, list[str]]:
    """Return what was sold and made by family and day, and what of it could not be taken, in words."""
    if request.file and context.door in {"rest", "mcp"}:
        raise InputError("A file cannot be named here: it would be one of the server's.", "Give its rows under `rows`.")
    if request.file:
        return _in_families(process, _from_file(Path(request.file).expanduser()))
    if request.rows:
        return _in_families(process, _from_rows(request.rows))
    return _own(process)


def _from_rows(rows: Sequence[Done]) -> pl.DataFrame:
    schema = {"family": pl.String, "item": pl.String, "week": pl.Date, "measure": pl.String, "quantity": pl.Float64}
    nameless = [place for place, row in enumerate(rows) if not row.family and not row.item]
    if nameless:
        raise InputError(f"Row {nameless[0] + 1} names neither a family nor an item.", _FIX)
    return pl.DataFrame([row.model_dump() for row in rows], schema=schema)


def _from_file(path: Path) -> pl.DataFrame:
    """Return the rows of a CSV or Excel file. Raises InputError where there is none, DataError with every cell that is wrong."""
    if not path.is_file():
        raise InputError(f"There is no file {path}.", "Check the path.", Where(str(path)))
    source = Source("given", (path.name,))
    data = Data(folder=str(path.parent), files={"given": source}, tables={"history": (TableSource("history", "given"),)})
    faults: list[Fault] = []
    frames = []
    for raw in readers.read(data, path.parent)["given"]:
        faults += [fault for fault in raw.faults if fault.severity == "error"]
        names = {column: _NAMED.get(column.strip().lower(), column.strip().lower()) for column in raw.frame.columns}
        missing = [one for one in _REQUIRED if one not in names.values()]
        if missing or not {"family", "item"} & set(names.values()):
            raise InputError(f"{path.name} has no column {' and no column '.join(missing or ['family or item'])}.", _FIX, Where(path.name))
        frames.append(_typed(raw.frame.rename(names), raw.decimal, raw.first_row, path.name, faults))
    if faults:
        raise DataError(f"{path.name} is wrong in {number(len(faults))} {plural('place', len(faults))}.", "Correct it.", faults=faults)
    return pl.concat(frames) if frames else _from_rows([])


def _typed(frame: pl.DataFrame, decimal: str, first_row: int, shown: str, faults: list[Fault]) -> pl.DataFrame:
    """Return the columns that are wanted in their types; every cell that is wrong or empty is added to `faults`."""
    found = []

    def wrong(cells: pl.Series, column: str, message: str, fix: str) -> None:
        faults.extend(Fault(message, fix, Where(shown, row=first_row + row, column=column)) for row in cells.arg_true())

    for name, kind in _COLUMNS.items():
        if name not in frame.columns:
            found.append(pl.Series(name, [None] * frame.height, pl.String))
            continue
        converted = convert(frame.get_column(name), kind, decimal, allowed=_MEASURES if name == "measure" else ())
        values = converted.values.alias(name)
        empty = values.is_null() if name in _REQUIRED else pl.repeat(value=False, n=frame.height, dtype=pl.Boolean, eager=True)
        for trouble in converted.troubles:
            wrong(trouble.cells, name, f"The {name} {trouble.message}.", trouble.fix)
            empty &= ~trouble.cells
        wrong(empty, name, f"The {name} is empty.", _FIX)
        if name == "measure":
            wrong(~values.fill_null("sales").is_in(_MEASURES), name, "The measure is neither sales nor production.", _FIX)
        found.append(values)
    rows = pl.DataFrame(found)
    nameless = (rows.get_column("family").fill_null("") == "") & (rows.get_column("item").fill_null("") == "")
    wrong(nameless, "family", "The row names neither a family nor an item.", _FIX)
    return rows


def _in_families(process: Process, rows: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """Return rows by family or item as family, measure, day and quantity; items that the plan does not know stand for themselves."""
    named = rows.join(_families(process), on="item", how="left", maintain_order="left", suffix="_of")
    family = pl.coalesce(pl.when(pl.col("family") != "").then(pl.col("family")), "family_of", "item")
    return named.select(family.alias("family"), "measure", pl.col("week").alias("day"), "quantity").cast(ACTUAL), []


def _families(process: Process) -> pl.DataFrame:
    """Return item and family of the approved plan."""
    version = approved_of(process) or process.place.version()
    item = process.place.store.table(version.tables["item"])
    return item.select("item", pl.coalesce("family", "item").alias("family")).unique("item", maintain_order=True)


def _own(process: Process) -> tuple[pl.DataFrame, list[str]]:
    """Return what the plan's own tables say of weeks; a table that is kept by longer periods cannot be compared."""
    plan = _by_weeks(process.plan)
    raws = readers.read(process.plan.data, process.place.plan_file.parent)
    if plan.data.by_name:
        raws = {name: found for name, found in raws.items() if name in _NEEDED}
    found = facts(plan, raws)
    faults = [fault for fault in found.errors if fault.where.table in _OWN]
    if faults:
        raise DataError("What was sold or made cannot be read.", "Correct the data.", faults=faults)
    frames, left_out = [], []
    families = _families(process)
    for name, measure in _OWN.items():
        rows = found.tables.get(name, table(name).empty())
        why = _why_not(name, rows, process.plan)
        if why:
            left_out.append(why)
            continue
        named = rows.join(families, on="item", how="left", maintain_order="left")
        family = pl.coalesce("family", "item").alias("family")
        frames.append(named.select(family, pl.lit(measure).alias("measure"), pl.col("period").alias("day"), "quantity").cast(ACTUAL))
    if not frames:
        raise InputError(f"There is nothing by weeks to compare with. {' '.join(left_out)}", f"Give a file. {_FIX}")
    return pl.concat(frames), left_out


def _by_weeks(plan: "Plan") -> "Plan":
    """Return the plan as one that is planned by weeks, with nothing but what was sold and made."""
    horizon = {"cadence": "week", "horizon": 1, "frozen": 0}
    setting = plan.setting.model_copy(update={"calendar": plan.setting.calendar.model_copy(update=horizon)})
    tables = {name: sources for name, sources in plan.data.tables.items() if name in _NEEDED}
    given = {name: frame for name, frame in plan.given.items() if name in _NEEDED}
    return replace(
        plan,
        setting=setting,
        data=replace(plan.data, tables=tables),
        given=given,
        scenarios=(),
        overrides=(),
        constraints=(),
        calibrate=(),
        faults=(),
        promoted=(),
        recorded={},
    )


def _why_not(name: str, rows: pl.DataFrame, plan: "Plan") -> str:
    """Return why a table cannot be compared by weeks; empty where it can."""
    if rows.is_empty():
        return f"Table {name} has no rows."
    calendar = Calendar.from_setting(plan.setting.calendar)
    if calendar.cadence == "week":
        return ""
    weekly = replace(calendar, cadence="week")
    days = rows.get_column("period").unique().to_list()
    firsts = {weekly.period_of(calendar.period_of(day)) for day in days} | {
        weekly.period_of(calendar.next(calendar.period_of(day))) for day in days
    }
    if set(days) <= firsts:
        return f"Table {name} is kept by {calendar.cadence}, not by weeks."
    return ""
