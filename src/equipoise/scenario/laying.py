"""Lays overrides over a table: rows are found by index, columns changed in place as arrays, and everything laid back once."""

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import polars as pl

from equipoise.errors import DataError, Fault, InputError, Where
from equipoise.scenario.cells import Cells, Rows
from equipoise.scenario.condition import parse_period
from equipoise.scenario.override import Override, faults_of, identified
from equipoise.scenario.sharing import Floats, Measures
from equipoise.scenario.terms import FENCED, Terms
from equipoise.tables import table

Status = Literal["applied", "stale", "partly", "locked", "fenced", "expired", "unmatched", "off"]

STALE = 0.10  # share by which what an override rests on may change before it is called stale
LARGEST = 1e15  # beyond it, whole numbers are no longer exact
TOLD = ("baseline", "consensus", "demand_plan")  # tables whose quantity is told cell by cell
_BELOW = "Demand would fall below zero"
_OFF = {"proposed": "Proposed, not accepted yet.", "rejected": "Rejected.", "off": "Switched off."}


@dataclass(frozen=True, slots=True)
class Effect:
    """What one override did: cells changed, what its cells summed to before and after, and why it did less than it says."""

    override: Override
    status: Status
    cells: int = 0
    before: float | None = None
    after: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Laid:
    """A table with its overrides, what each of the base plan's did, and which cells of demand they changed (as `override_cell`).

    `batches` says what each override of a scenario did, by batch.
    """

    frame: pl.DataFrame
    effects: list[Effect] = field(default_factory=list)
    cells: list[pl.DataFrame] = field(default_factory=list)
    batches: tuple[list[Effect], ...] = ()


def lay(
    frame: pl.DataFrame,
    base: Sequence[Override],
    scenario: Iterable[Sequence[Override]],
    name: str,
    tables: Mapping[str, pl.DataFrame],
    *,
    promoted: Iterable[Sequence[Override]] = (),
    tell: bool = False,
) -> Laid:
    """Return table `name` with overrides laid over it, in order: those of the base plan, batches promoted to it, then those of a scenario.

    `tables` holds the tables made so far: masters whose attributes `where` may name, measures to split by, and `setting`. An override of
    the base plan that matches nothing is left out and told; one of a scenario is an error. Where `tell` is set the result says
    what each override of the base plan did. Raises DataError, all faults of a batch at once, where an override names an unknown column or
    a value of the wrong kind, matches no row, or sets a cell that another of the same batch has set.
    """
    own = [[override for override in batch if override.table == name] for batch in (base, *promoted)]
    batches = [[override for override in batch if override.table == name] for batch in scenario]
    if not any(own) and not any(batches):
        return Laid(frame)
    every = tuple(override for batch in (*own, *batches) for override in batch)
    terms = Terms.of({"setting": frame, **tables} if name == "setting" else tables) if Terms.needed(every) else Terms()
    laying = _Laying(frame, name, tables, terms, tell=tell)
    effects = [effect for batch in own for effect in laying.batch(batch, strict=False)]
    laying.tell = False
    laid = tuple(laying.batch(batch, strict=True) for batch in batches)
    return Laid(laying.whole(), effects if tell else [], laying.told, laid)


def apply(frame: pl.DataFrame, overrides: Iterable[Override], name: str, masters: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return table `name` with the accepted overrides laid over it, in order, as one batch of a scenario. Raises DataError like `lay`."""
    return lay(frame, (), [identified(tuple(overrides))], name, masters).frame


@dataclass
class _Column:
    """One column while overrides are laid: numbers as an array (empty: not a number), all else as a list; who set and who locked a cell."""

    numbers: Floats | None
    words: list[object]
    set_by: Rows
    locked_by: Rows


class _Laying:
    """One table while overrides are laid over it."""

    def __init__(self, frame: pl.DataFrame, name: str, tables: Mapping[str, pl.DataFrame], terms: Terms, *, tell: bool) -> None:
        self.tell = tell
        self.told: list[pl.DataFrame] = []
        self._definition = table(name)
        self._frame = frame
        self._tables = tables
        self._terms = terms
        self._columns: dict[str, _Column] = {}
        self._every: list[Override] = []
        self._first = 0  # where the overrides of this batch begin among all
        self._changes: list[tuple[str, Rows, Floats, Floats]] = []
        self._rows: list[dict[str, object]] = []
        self._days: dict[str, Rows] = {}
        self._begin()

    def _begin(self) -> None:
        """Take the frame as it is now: what is known of its rows is found again when it is asked for."""
        self._cells = Cells(self._definition.name, self._frame, self._tables, self._current)
        self._measures = Measures(self._definition.name, self._frame, self._tables)
        self._days = {}

    def _current(self, name: str) -> pl.Series:
        """Return a column as it stands now."""
        if name not in self._columns:
            return self._frame.get_column(name)
        column, dtype = self._columns[name], self._definition.by_name[name].dtype
        if column.numbers is not None:
            return pl.Series(name, column.numbers).fill_nan(None).cast(dtype)
        return pl.Series(name, column.words, dtype=dtype)

    def _column(self, name: str) -> _Column:
        if name not in self._columns:
            cells, nobody = self._frame.get_column(name), np.full(self._frame.height, -1, dtype=np.int64)
            if self._definition.by_name[name].kind in {"number", "integer"}:
                numbers = cells.cast(pl.Float64).fill_null(float("nan")).to_numpy(writable=True)
                self._columns[name] = _Column(numbers, [], nobody, nobody.copy())
            else:
                self._columns[name] = _Column(None, cells.to_list(), nobody, nobody.copy())
        return self._columns[name]

    def whole(self) -> pl.DataFrame:
        """Return the table as it stands now."""
        self._settle()
        self._tell()
        return self._frame.with_columns(self._current(name) for name in self._columns)

    def batch(self, overrides: Sequence[Override], *, strict: bool) -> list[Effect]:
        """Lay one batch; return what each override did. Raises DataError with every fault of the batch."""
        faults: list[Fault] = []
        effects = []
        self._first = len(self._every)
        for override in overrides:
            try:
                effect = self._lay(override)
                if strict and effect.status == "unmatched":
                    raise InputError(f"'{override}' matches no row of {override.table}.", effect.note)
                effects.append(effect)
            except InputError as error:
                faults.append(Fault(error.message, error.fix, Where(table=override.table, column=override.column)))
        if faults:
            _refuse(self._definition.name, faults)
        return effects

    def _lay(self, override: Override) -> Effect:
        if override.status != "accepted":
            return Effect(override, "off", note=_OFF[override.status])
        if self._terms.expired(override):
            return Effect(override, "expired", note=f"It held until {override.expires}; the plan is as of {self._terms.as_of}.")
        for _, error in faults_of(override):
            raise error
        if override.operation == "insert":
            return self._insert(override)
        self._settle()
        rows = self._cells.find(override)
        if not rows.size:
            return Effect(override, "unmatched", note=_sentences(self._cells.nearest(override)))
        return self._remove(override, rows) if override.operation == "remove" else self._change(override, rows)

    def _change(self, override: Override, rows: Rows) -> Effect:
        """Set, add or scale the rows that are free to change."""
        column = self._column(override.column)
        locked, fenced = column.locked_by[rows] >= 0, self._fenced(override, rows)
        free = rows[~(locked | fenced)] if locked.any() or fenced.any() else rows
        before = None if column.numbers is None else float(np.nansum(column.numbers[rows]))
        note = self._held(override, column.locked_by[rows], rows, fenced & ~locked)
        if not free.size:
            return Effect(override, "locked" if locked.any() else "fenced", 0, before, before, note)
        if override.operation == "set":
            self._refuse_second_set(override, column, free)
        count, how = self._write(override, column, rows, free)
        self._cells.forget(override.column)
        if override.lock:
            column.locked_by[free] = len(self._every)
        if override.operation == "set":
            column.set_by[free] = len(self._every)
        self._every.append(override)
        after = None if column.numbers is None else float(np.nansum(column.numbers[rows]))
        status: Status = "partly" if free.size < rows.size or how.startswith(_BELOW) else "applied"
        return _aged(Effect(override, status, count, before, after, _sentences(note, how)))

    def _write(self, override: Override, column: _Column, rows: Rows, free: Rows) -> tuple[int, str]:
        """Write the new values of the free rows; return how many changed, and a note on how a total was split."""
        if column.numbers is None:
            value = _word(override.value, self._definition.by_name[override.column].dtype)
            changed = sum(column.words[row] != value for row in free.tolist())
            for row in free.tolist():
                column.words[row] = value
            return changed, ""
        old = column.numbers[free]
        new, note = self._number(override, column.numbers, rows, free)
        if self._definition.by_name[override.column].kind == "integer":
            new = np.rint(new)
        if (np.abs(new) > LARGEST).any():
            raise InputError(f"'{override}' makes numbers beyond {LARGEST:,.0f}.", "Check the value.")
        if override.table in TOLD and override.column == "quantity" and (new < 0).any():
            note = _sentences(f"{_BELOW} in {np.count_nonzero(new < 0):,} cells: they are set to zero", note)
            new = np.maximum(new, 0.0)
        column.numbers[free] = new
        differs = (old != new) & ~(np.isnan(old) & np.isnan(new))
        count = int(np.count_nonzero(differs))
        if self.tell and count and override.table in TOLD and override.column == "quantity":
            self._changes.append((override.id, free[differs], old[differs], new[differs]))
        return count, note

    def _number(self, override: Override, numbers: Floats, rows: Rows, free: Rows) -> tuple[Floats, str]:
        """Return the new values of the free rows. What locked and fenced rows hold counts towards a total that is set."""
        old, value = numbers[free], float(override.value)  # type: ignore[arg-type]
        held = np.where(np.isnan(old), 0.0, old)
        if override.operation == "scale":
            return old * value, ""
        if override.split == "each":
            return (held + value if override.operation == "add" else np.full(free.size, value)), ""
        kept = float(np.nansum(numbers[rows])) - float(held.sum()) if override.operation == "set" and free.size < rows.size else 0.0
        rest, note = value - kept, ""
        if rest < 0 <= value:
            rest, note = 0.0, f"cells that may not change hold {_figure(kept)} of {_figure(value)} already: the others are set to zero"
        shares, how = self._shares(override, free, held)
        new = held + rest * shares if override.operation == "add" else rest * shares
        return new, _sentences(note, how)

    def _shares(self, override: Override, free: Rows, held: Floats) -> tuple[Floats, str]:
        equal = np.full(free.size, 1 / free.size)
        if override.split == "equal":
            return equal, ""
        if override.split == "proportional":
            weights, how, what = held, "", "its cells hold nothing"
        else:
            weights, how = self._measures.weights(override.split_by, free)
            what = f"{override.split_by} is zero or missing for all its cells"
        total = float(weights.sum())
        return (weights / total, how) if total != 0 else (equal, f"split equally, as {what}")

    def _refuse_second_set(self, override: Override, column: _Column, free: Rows) -> None:
        before = int(column.set_by[free].max())
        if before >= self._first:
            other = self._every[before]
            both = f"The overrides {other.id} ('{other}') and {override.id} ('{override}') set the same cell."
            raise InputError(both, "Keep one of them.")

    def _fenced(self, override: Override, rows: Rows) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Return which of the rows the author's role may not change."""
        last = self._terms.fence(override)
        if last is None:
            return np.zeros(rows.size, dtype=np.bool_)
        when = FENCED[override.table]
        if when not in self._days:
            self._days[when] = self._frame.get_column(when).to_physical().cast(pl.Int64).fill_null(2**40).to_numpy()
        return self._days[when][rows] <= (last - dt.date(1970, 1, 1)).days

    def _held(self, override: Override, locked_by: Rows, rows: Rows, fenced: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> str:
        """Return why some of the rows may not change: locked by which override, or in which periods fenced off."""
        parts = []
        if (locked_by >= 0).any():
            names = [self._every[position].id for position in np.unique(locked_by[locked_by >= 0]).tolist()]
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            parts.append(f"{int((locked_by >= 0).sum())} of {rows.size} cells are locked by {', '.join(names[:3])}{more}")
        if fenced.any():
            days = self._frame.get_column(FENCED[override.table]).gather(rows[fenced]).unique().sort()
            parts.append(f"{self._periods(days)} {'is' if days.len() == 1 else 'are'} fenced off for {override.role}")
        return _sentences(*parts)

    def _periods(self, days: pl.Series) -> str:
        labels = dict(self._tables["period"].select("period", "label").iter_rows()) if "period" in self._tables else {}
        words = [str(labels.get(day) or day) for day in days.to_list()]
        return ", ".join(words) if len(words) < 4 else f"{words[0]} to {words[-1]}"

    def _remove(self, override: Override, rows: Rows) -> Effect:
        """Take rows out; those with a locked cell, or fenced off, stay."""
        locked_by = np.full(rows.size, -1, dtype=np.int64)
        for column in self._columns.values():
            locked_by = np.maximum(locked_by, column.locked_by[rows])
        fenced = self._fenced(override, rows)
        gone = (locked_by < 0) & ~fenced
        note = self._held(override, locked_by, rows, fenced & (locked_by < 0))
        numbers = self._numbers_of(override)
        before = None if numbers is None else float(np.nansum(numbers[rows]))
        if not gone.any():
            return Effect(override, "locked" if (locked_by >= 0).any() else "fenced", 0, before, before, note)
        after = None if numbers is None else float(np.nansum(numbers[rows[~gone]]))
        if self.tell and numbers is not None and override.table in TOLD and override.column == "quantity":
            self._changes.append((override.id, rows[gone], numbers[rows[gone]], np.full(int(gone.sum()), np.nan)))
        keep = np.ones(self._frame.height, dtype=np.bool_)
        keep[rows[gone]] = False
        self._tell()
        self._frame = self.whole().filter(pl.Series(keep))
        for column in self._columns.values():
            column.numbers = None if column.numbers is None else column.numbers[keep]
            column.words = [word for word, kept in zip(column.words, keep.tolist(), strict=False) if kept]
            column.set_by, column.locked_by = column.set_by[keep], column.locked_by[keep]
        self._begin()
        status: Status = "applied" if gone.all() else "partly"
        return _aged(Effect(override, status, int(gone.sum()), before, after, note))

    def _numbers_of(self, override: Override) -> Floats | None:
        column = self._definition.by_name.get(override.column)
        return self._column(override.column).numbers if column is not None and column.kind in {"number", "integer"} else None

    def _insert(self, override: Override) -> Effect:
        """Put a row aside: rows are added together, before the next override that looks for rows."""
        row = _row(override)
        stranger = self._stranger(row)
        if stranger:
            return Effect(override, "unmatched", note=_sentences(stranger))
        last = self._terms.fence(override)
        day = row.get(FENCED.get(override.table, ""))
        if last is not None and isinstance(day, dt.date) and day <= last:
            periods = self._periods(pl.Series([day]))
            return Effect(override, "fenced", note=_sentences(f"{periods} is fenced off for {override.role}"))
        self._rows.append(row)
        value = row.get(override.column)
        after = float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
        if self.tell and override.table in TOLD and override.column == "quantity":
            keys = {key: row[key] for key in self._definition.keys}
            self.told.append(_cell_rows(pl.DataFrame([keys]), pl.Series([override.id]), override.table, [None], [after]))
        return Effect(override, "applied", 1, None, after)

    def _stranger(self, row: Mapping[str, object]) -> str:
        """Return, in words, what of a new row of demand is not in the plan; empty where all of it is."""
        if self._definition.name not in (*TOLD, "correction"):
            return ""
        for key in ("item", "market"):
            if key in self._tables and row[key] not in self._tables[key].get_column(key):
                return f"{key} {row[key]} is not in table {key}"
        if self._definition.name != "correction":
            if "period" in self._tables and row["period"] not in self._tables["period"].get_column("period"):
                return f"{row['period']} is not the first day of a period of the horizon"
        elif "history" in self._tables:
            same = pl.all_horizontal(pl.col(key) == pl.lit(row[key]) for key in ("item", "market", "period"))
            if self._tables["history"].filter(same).is_empty():
                return f"history has no row of {row['item']}, {row['market']}, {row['period']}"
        return ""

    def _settle(self) -> None:
        """Add the rows that were put aside."""
        if not self._rows:
            return
        self._tell()
        new = pl.DataFrame(self._rows, schema=dict(self._definition.schema), orient="row")
        self._rows = []
        frame = self._definition.conform(self.whole())
        self._frame = pl.concat([frame, new])
        nobody = np.full(new.height, -1, dtype=np.int64)
        for name, column in self._columns.items():
            cells = new.get_column(name)
            if column.numbers is not None:
                column.numbers = np.concatenate([column.numbers, cells.cast(pl.Float64).fill_null(float("nan")).to_numpy()])
            else:
                column.words = [*column.words, *cells.to_list()]
            column.set_by, column.locked_by = np.concatenate([column.set_by, nobody]), np.concatenate([column.locked_by, nobody])
        self._begin()

    def _tell(self) -> None:
        """Note the changed cells by their keys, before rows move."""
        if not self._changes:
            return
        ids, rows, before, after = zip(*self._changes, strict=True)
        names = pl.Series(ids).gather(np.repeat(np.arange(len(ids)), [part.size for part in rows]))
        keys = self._frame.select(self._definition.keys)[np.concatenate(rows)]
        old, new = (pl.Series(np.concatenate(parts)).fill_nan(None) for parts in (before, after))
        self.told.append(_cell_rows(keys, names, self._definition.name, old, new))
        self._changes = []


def _cell_rows(
    keys: pl.DataFrame, override: pl.Series, name: str, before: pl.Series | list[float | None], after: pl.Series | list[float | None]
) -> pl.DataFrame:
    old, new = pl.Series("before", before, dtype=pl.Float64), pl.Series("after", after, dtype=pl.Float64)
    return table("override_cell").conform(keys.with_columns(override.alias("override"), pl.lit(name).alias("table"), old, new))


def _refuse(name: str, faults: list[Fault]) -> None:
    if len(faults) == 1:
        raise DataError(faults[0].message, faults[0].fix, faults[0].where, faults)
    raise DataError(f"{len(faults)} overrides of {name} cannot be applied.", "Correct them in the plan file.", Where(table=name), faults)


def _aged(effect: Effect) -> Effect:
    """Return the effect, called stale where its cells sum to something else than when the override was made."""
    was, now = effect.override.was, effect.before
    if was is None or now is None or abs(now - was) <= STALE * abs(was):
        return effect
    share = f" ({(now - was) / abs(was) * 100:+,.0f} %)" if was else ""
    note = f"the cells summed to {_figure(was)} when it was made, {_figure(now)} now{share}"
    return replace(effect, status="stale", note=_sentences(note, effect.note))


def _figure(value: float) -> str:
    """Return a number as people read it: whole from a hundred on, else with four digits."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.4g}"


def _sentences(*parts: str) -> str:
    """Return the parts that are not empty as sentences."""
    return " ".join(f"{part[:1].upper()}{part[1:].removesuffix('.')}." for part in parts if part)


def _word(value: object, dtype: pl.DataType) -> object:
    """Return the value of a set in the type of its column: words that are none are written as JSON."""
    if value is None:
        return None
    if dtype == pl.String:
        return value if isinstance(value, str) else json.dumps(value, default=str)
    if dtype == pl.Date:
        return value if isinstance(value, dt.date) else parse_period(str(value))
    if dtype == pl.Boolean and not isinstance(value, bool):
        word = str(value).lower()
        if word not in {"yes", "no", "true", "false", "1", "0"}:
            raise InputError(f"{value!r} is not yes or no.", "Write yes or no.")
        return word in {"yes", "true", "1"}
    return value


def _row(override: Override) -> dict[str, object]:
    """Return the row of an insert with the dictionary's types; what it does not give takes the column's default. Raises InputError."""
    given = override.value if isinstance(override.value, dict) else {}
    row: dict[str, object] = {column.name: column.default for column in table(override.table).columns}
    return row | {name: _typed(override, name, value) for name, value in given.items() if value is not None}


def _typed(override: Override, name: str, value: object) -> object:
    column = table(override.table).by_name[name]
    try:
        if column.kind in {"number", "integer"}:
            number = float(str(value))
            if not abs(number) <= LARGEST or (column.kind == "integer" and number != int(number)):
                raise ValueError(name)
            return int(number) if column.kind == "integer" else number
        return str(value) if column.kind == "text" else _word(value, column.dtype)
    except (ValueError, InputError):
        kinds = {"number": "a number", "integer": "a whole number", "date": "a date", "flag": "yes or no", "text": "a word"}
        raise InputError(f"'{override}': {name} is {kinds[column.kind]}, not {value!r}.", "Correct the value.") from None
