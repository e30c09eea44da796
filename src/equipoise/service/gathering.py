"""Read a plan file and its data: what checking and running begin with."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import polars as pl

from equipoise.errors import DataError, Fault, InputError, Where
from equipoise.exchange import readers
from equipoise.gather import Plan, facts, read_plan
from equipoise.gather.origin import Trail
from equipoise.service.messages import IssueLine
from equipoise.service.recorded import with_record
from equipoise.service.snapshots import INPUT, with_snapshots
from equipoise.service.workspace import Workspace, file_hash
from equipoise.tables.ceilings import most


@dataclass(frozen=True)
class Gathered:
    """A plan, its checked tables (issue and assumption_made among them), its files with their hashes, and where rows stood."""

    plan: Plan
    tables: dict[str, pl.DataFrame]
    inputs: dict[str, str]
    trail: Trail = field(default_factory=Trail)

    def row_origin(self, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
        """Return the table `row_origin` for the given tables as a version has them, overrides included."""
        return self.trail.row_origin(tables, self.plan.calendar, self.plan.file, self.plan.lines)

    def issues(self) -> list[IssueLine]:
        """Return every fault found, errors first."""
        return issue_lines(self.tables["issue"])

    def assumptions(self) -> list[str]:
        """Return every default taken and every sentence understood, with where it came from."""
        rows = self.tables["assumption_made"].iter_rows(named=True)
        return [f"{row['statement']}{' (' + row['origin'] + ')' if row['origin'] else ''}" for row in rows]

    def refuse_errors(self) -> None:
        """Raise DataError with every fault where one of them is an error."""
        lines = self.issues()
        errors = sum(line.severity == "error" for line in lines)
        if errors:
            faults = [Fault(line.message, line.fix, Where(line.source, line.table, line.row, line.column), line.severity) for line in lines]  # type: ignore[arg-type]
            noun = "error stops" if errors == 1 else "errors stop"
            raise DataError(f"{errors} {noun} the plan.", "Correct the data; nothing was written.", Where(self.plan.file), faults)


def issue_lines(issue: pl.DataFrame) -> list[IssueLine]:
    """Return the rows of the table `issue`, errors first."""
    rows = issue.iter_rows(named=True)
    lines = [IssueLine(**{name: value for name, value in row.items() if value is not None}) for row in rows]
    return sorted(lines, key=lambda line: ("error", "warning", "note").index(line.severity))


def gather(place: Workspace, today: dt.date) -> Gathered:
    """Read the plan file and everything it names.

    Raises PlanFileError where the plan file itself is wrong; faults of data come back as the table `issue`.
    """
    plan = understood(place, today)
    line = 0
    if place.kept:
        line = place.store.head()[0]  # before the record is read: what changes meanwhile counts as changed since
        plan = with_record(plan, place.store)
    beside = place.plan_file.parent
    gathered = facts(plan, readers.read(plan.data, beside))
    tables, inputs = gathered.tables, {**_inputs(place.plan_file, plan, beside, today), "record": str(line)}
    if place.kept and not gathered.errors:
        tables, inputs[INPUT] = with_snapshots(tables, place.store, plan)
    return Gathered(gathered.plan, tables, inputs, gathered.trail)


def understood(place: Workspace, today: dt.date) -> Plan:
    """Return what the plan file says, without its data. Raises PlanFileError where it is wrong."""
    return _read(_text(place.plan_file), place.plan_file.name, today)


@lru_cache(maxsize=8)
def _read(text: str, name: str, today: dt.date) -> Plan:
    """Return what a plan file's text says: a server is asked about the same text again and again."""
    return read_plan(text, name, today)


def _text(path: Path) -> str:
    largest = 4 * most("document_characters")  # bytes: no character of UTF-8 has more than four
    try:
        with path.open("rb") as file:
            data = file.read(largest + 1)
        if len(data) > largest:
            raise InputError(f"The plan file has more than {largest:,} bytes.", "Keep data in tables of its own.", Where(path.name))
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise InputError("The plan file is not UTF-8 text.", "Save it as UTF-8.", Where(path.name, row=line)) from None
    except OSError as error:
        raise InputError(f"The plan file cannot be read: {error.strerror}.", "Check its permissions.", Where(str(path))) from None


def _inputs(plan_file: Path, plan: Plan, beside: Path, today: dt.date) -> dict[str, str]:
    """Return what a later run compares: each file's hash, the folder's listing, and today where the plan leaves its date open."""
    files = [plan_file, *readers.files_of(plan.data, beside)]
    inputs = {str(path): file_hash(path) for path in files}
    if plan.data.by_name and (folder := beside / plan.data.folder).is_dir():
        inputs[str(folder)] = file_hash(folder)
    return inputs | ({"today": today.isoformat()} if plan.setting.calendar.as_of == today else {})
