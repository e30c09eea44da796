"""Slices: which cells a person looks after, such as region=North, and whether an override stays within them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from equipoise.errors import InputError
from equipoise.scenario import ATTRIBUTES, Condition, Override, parse_where
from equipoise.scenario.cells import Cells
from equipoise.scenario.condition import in_words
from equipoise.tables import DICTIONARY, table

MASTERS = tuple(name for name in ATTRIBUTES if name != "period")
# Columns of other tables that mean the attribute of an item or a market, and not something of their own.
_GROUPING = {"family": "item", "category": "item", "region": "market", "channel": "market"}
_Rows = npt.NDArray[np.int64]
_Mask = npt.NDArray[np.bool_]
Where_ = Mapping[str, Condition]


@dataclass(frozen=True, slots=True)
class _Asking:
    """Conditions, with the words in which errors call them."""

    where: Where_
    words: str = field(default="")

    def __str__(self) -> str:
        return self.words


def read_slice(text: str) -> dict[str, Condition]:
    """Return the conditions of a slice. Raises InputError where it has none, or names what is no attribute of a master."""
    found = parse_where(text)
    if not found:
        raise InputError("A slice without a condition is none.", "Write for example region=North, or leave it out for all.")
    for column in found:
        owners = [master for master in MASTERS if column in DICTIONARY[master].by_name]
        if column not in MASTERS and len(owners) != 1:
            why = f"an attribute of {', '.join(owners)} alike" if owners else f"no attribute of {', '.join(MASTERS)}"
            raise InputError(f"The slice '{text}' names {column}, which is {why}.", "Write for example region=North; family=Tents|Packs.")
    return found


class Slices:
    """The slices of a person over the masters of a plan."""

    def __init__(self, texts: Sequence[str], tables: Mapping[str, pl.DataFrame]) -> None:
        self._texts = texts
        self._tables = tables
        self._cells: dict[str, Cells] = {}
        self._masks: dict[tuple[str, str], _Mask] = {}

    @cached_property
    def _slices(self) -> list[dict[str, Condition]]:
        return [read_slice(text) for text in self._texts]

    def refusal(self, name: str, override: Override) -> tuple[str, str] | None:
        """Return why an override goes beyond the slices of the person `name`, and the remedy; None where it does not or there are none.

        Judged are all cells that `where` may name by the attributes of its keys, whether they hold something today or not; of tables whose
        rows may name an item or a market or stand for all, the rows themselves.
        """
        if not self._texts:
            return None
        masters = _masters_of(override.table)
        only = " or ".join(f"'{text}'" for text in self._texts)
        live = [one for one in self._slices if all(_owner(column, masters) for column in one)]
        if not live:
            return f"{name} may change {only} only, and {override.table} is not parted that way: '{override}'.", "Propose it."
        for frames, where in self._meant(override, masters):
            outside = self._outside(masters, frames, where, live)
            if outside is not None:
                return (
                    f"{name} may change {only} only: '{override}' {outside}.",
                    f"Name cells of the slice, such as {self._texts[0]}, or propose it.",
                )
        return None

    def _meant(self, override: Override, masters: Sequence[str]) -> Iterator[tuple[dict[str, pl.DataFrame], Where_]]:
        """Yield what an override changes, as conditions on the masters: where it is now, and where it is afterwards.

        Frames stand in for masters whose rows the override makes or changes.
        """
        if override.table in masters:
            yield from self._of_master(override, masters)
            return
        if isinstance(override.value, dict):
            yield {}, _said(override.table, override.value, masters)
            return
        moved = {override.column: override.value} if _owner(override.column, masters) and override.operation == "set" else {}
        named = {column: value for column, value in override.where.items() if _own(override.table, column, masters)}
        for where in self._of_rows(override, masters, named):
            yield {}, where
            if moved:
                yield {}, {**where, **moved}

    def _of_master(self, override: Override, masters: Sequence[str]) -> Iterator[tuple[dict[str, pl.DataFrame], Where_]]:
        if isinstance(override.value, dict):
            states = [_row_of(override.table, override.value)]
        else:
            frame = self._master(override.table)
            states = [frame[Cells(override.table, frame, self._tables).find(override)]]
            if override.operation == "set" and override.column in frame.columns:
                after = pl.lit(override.value, dtype=frame.schema[override.column]).alias(override.column)
                states.append(states[0].with_columns(after))
        others = [column for column in masters if column != override.table and column in states[0].columns]
        for rows in states:
            parts = rows.partition_by(others, maintain_order=True) if others else [rows]
            for part in parts:
                where = part.select(others).row(0, named=True) if others else {}
                yield {override.table: part}, {column: value for column, value in where.items() if value not in (None, "")}

    def _of_rows(self, override: Override, masters: Sequence[str], named: Where_) -> Iterator[Where_]:
        """Yield conditions on the masters: those of `where`, or of the rows it matches where a row may stand for all items or markets."""
        definition, frame = table(override.table), self._tables.get(override.table)
        if frame is None or all(name in definition.by_name and definition.by_name[name].required for name in masters):
            yield named
            return
        columns = [name for name in frame.columns if _own(override.table, name, masters)]
        rows = frame[Cells(override.table, frame, self._tables).find(override)].select(columns).unique(maintain_order=True)
        for row in rows.iter_rows(named=True):
            yield _said(override.table, row, masters)

    def _outside(self, masters: Sequence[str], frames: Mapping[str, pl.DataFrame], where: Where_, live: Sequence[Where_]) -> str | None:
        """Return, in words, what `where` names that is in no slice; None where there is nothing."""
        wanted: list[_Rows] = []
        masks: list[list[_Mask]] = [[] for _ in live]
        for name in masters:
            frame, asked = frames.get(name), _conditions(where, name, masters)
            cells = self._cells_of(name) if frame is None else Cells(name, frame, {})
            rows = cells.find(_Asking(asked)) if frame is None else np.arange(frame.height, dtype=np.int64)
            if not rows.size:
                named = " or ".join(in_words(one) for one in asked.values())
                return f"names {name} {named}, which is not in the plan" if named else f"has no {name}"
            wanted.append(rows)
            for one, held in zip(live, masks, strict=True):
                held.append(self._mask(cells, name, _conditions(one, name, masters), frame))
        cell = uncovered(wanted, masks)
        if cell is None:
            return None
        keys = [(name, frames.get(name, self._tables.get(name)), row) for name, row in zip(masters, cell, strict=True)]
        return "also changes " + ", ".join(f"{name} {frame.get_column(name)[row]}" for name, frame, row in keys if frame is not None)

    def _mask(self, cells: Cells, name: str, conditions: Where_, frame: pl.DataFrame | None) -> _Mask:
        """Return which rows of a master, or of the frame that stands in for it, the conditions of a slice name."""
        known = (name, str(sorted(conditions.items())))
        if frame is None and known in self._masks:
            return self._masks[known]
        mask = np.zeros((self._master(name) if frame is None else frame).height, dtype=np.bool_)
        mask[cells.find(_Asking(conditions))] = True
        if frame is None:
            self._masks[known] = mask
        return mask

    def _master(self, name: str) -> pl.DataFrame:
        return self._tables[name] if name in self._tables else table(name).empty()

    def _cells_of(self, name: str) -> Cells:
        if name not in self._cells:
            self._cells[name] = Cells(name, self._master(name), {})
        return self._cells[name]


def uncovered(wanted: Sequence[_Rows], slices: Sequence[Sequence[_Mask]]) -> tuple[int, ...] | None:
    """Return a cell of the product of `wanted` (rows of each master) that no slice covers; None where all are covered.

    A slice is a mask for each master and covers the product of what they name. Rows of a master that the same slices name are looked at
    once, so that the product itself is never made.
    """
    if not wanted:
        return None if slices else ()
    if not slices:
        return tuple(int(rows[0]) for rows in wanted)
    rows, rest = wanted[0], wanted[1:]
    signatures = np.array([masks[0][rows] for masks in slices], dtype=np.bool_).reshape(len(slices), rows.size)
    first = [0] if rows.size == 1 else sorted(np.unique(signatures, axis=1, return_index=True)[1].tolist())
    for position in first:
        live = [masks[1:] for masks, inside in zip(slices, signatures[:, position].tolist(), strict=True) if inside]
        found = uncovered(rest, live)
        if found is not None:
            return (int(rows[position]), *found)
    return None


@cache
def _masters_of(name: str) -> tuple[str, ...]:
    """Return the masters whose rows a table's rows are about."""
    columns = table(name).by_name
    grouped = {_GROUPING[column] for column in columns if column in _GROUPING}
    return tuple(master for master in MASTERS if master in columns or master in grouped)


def _owner(column: str, masters: Sequence[str]) -> str:
    """Return the master among these that a column is the key or an attribute of; empty where there is none."""
    if column in masters:
        return column
    return next((name for name in masters if column in DICTIONARY[name].by_name), "")


def _own(name: str, column: str, masters: Sequence[str]) -> bool:
    """Whether a condition on a column of table `name` is one on a master: its key or attribute, and no value of the table's own."""
    return bool(_owner(column, masters)) and (column in masters or column in _GROUPING or column not in table(name).by_name)


def _said(name: str, row: Mapping[str, object], masters: Sequence[str]) -> dict[str, Condition]:
    """Return what a row of table `name` says of items, markets and the like; what is empty stands for all."""
    return {column: value for column, value in row.items() if _own(name, column, masters) and isinstance(value, str) and value}


def _conditions(where: Where_, master: str, masters: Sequence[str]) -> dict[str, Condition]:
    return {column: value for column, value in where.items() if _owner(column, masters) == master}


def _row_of(name: str, row: Mapping[str, object]) -> pl.DataFrame:
    definition = table(name)
    return definition.conform(pl.DataFrame([{column: row.get(column) for column in definition.schema}], infer_schema_length=None))
