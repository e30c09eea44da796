"""Which rows of a table conditions name: an index per column, made when it is first asked for."""

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from equipoise.errors import InputError
from equipoise.scenario.condition import Condition, Scalar, days_of
from equipoise.scenario.override import ATTRIBUTES, Override
from equipoise.tables import DICTIONARY

Rows = npt.NDArray[np.int64]
Interval = tuple[int, int]

_NEAREST_SOUGHT = 50  # looking for what is nearest among many thousand names takes time: the first are enough to see what is wrong
_YES, _NO = ("true", "yes", "1"), ("false", "no", "0")


class Asking(Protocol):
    """Whatever names rows by conditions, an override or a trigger; its text is what errors call it."""

    @property
    def where(self) -> Mapping[str, Condition]:
        """The conditions, by column or attribute of a key."""


@dataclass(frozen=True)
class _Index:
    """One column: its values in order, the position of each row's value among them (their number: empty), and rows by position."""

    values: list[Any]
    codes: Rows
    order: Rows
    starts: Rows

    @staticmethod
    def of(cells: pl.Series) -> "_Index":
        values = cells.drop_nulls().unique().sort().to_list()
        codes = cells.rank("dense").cast(pl.Int64).fill_null(len(values) + 1).to_numpy() - 1
        order = np.argsort(codes, kind="stable")
        return _Index(values, codes, order, np.searchsorted(codes[order], np.arange(len(values) + 2)))

    def count(self, intervals: list[Interval]) -> int:
        return sum(int(self.starts[high] - self.starts[low]) for low, high in intervals)

    def rows(self, intervals: list[Interval]) -> Rows:
        parts = [self.order[self.starts[low] : self.starts[high]] for low, high in intervals]
        if len(intervals) == 1 and intervals[0][1] - intervals[0][0] == 1:
            return parts[0]  # rows of one value are in order as they are
        return np.unique(np.concatenate(parts)) if parts else np.empty(0, dtype=np.int64)

    def holds(self, rows: Rows, intervals: list[Interval]) -> npt.NDArray[np.bool_]:
        codes = self.codes[rows]
        if len(intervals) == 1:
            return (codes >= intervals[0][0]) & (codes < intervals[0][1])
        wanted = np.zeros(len(self.values) + 1, dtype=np.bool_)
        for low, high in intervals:
            wanted[low:high] = True
        found: npt.NDArray[np.bool_] = wanted[codes]
        return found


class Cells:
    """Finds the rows of a table that conditions name. `column` gives a column as it stands now, where that is not as in the frame."""

    def __init__(
        self, name: str, frame: pl.DataFrame, masters: Mapping[str, pl.DataFrame], column: Callable[[str], pl.Series] | None = None
    ) -> None:
        self._name = name
        self._height = frame.height
        self._known = frame.columns
        self._column = column or frame.get_column
        self._masters = masters
        self._indices: dict[str, _Index] = {}
        self._types: dict[str, pl.DataType] = {}
        self._sought = 0

    def forget(self, column: str) -> None:
        """Note that the values of a column have changed."""
        self._indices.pop(column, None)

    def find(self, asking: Asking) -> Rows:
        """Return the rows, in order, that `where` names; none where nothing matches.

        Raises InputError where a condition names an unknown column, or a value that its column cannot have.
        """
        hits = []
        for column, condition in asking.where.items():
            index = self._index(column, asking)
            try:
                hits.append((index, self._intervals(column, condition)))
            except InputError as error:
                raise InputError(f"'{asking}': {error.message}", error.fix) from None
        if not hits:
            return np.arange(self._height, dtype=np.int64)
        sizes = [index.count(intervals) for index, intervals in hits]
        first = sizes.index(min(sizes))
        rows = hits[first][0].rows(hits[first][1])
        for position, (index, intervals) in enumerate(hits):
            if position != first and rows.size:
                rows = rows[index.holds(rows, intervals)]
        return rows

    def _index(self, column: str, asking: Asking) -> _Index:
        if column not in self._indices:
            cells = self._attribute(column)
            if cells is None:
                known = f"Its columns are {', '.join(self._known)}."
                raise InputError(f"'{asking}': {self._name} has no column {column}.", known)
            self._types[column] = cells.dtype
            self._indices[column] = _Index.of(cells)
        return self._indices[column]

    def _attribute(self, column: str) -> pl.Series | None:
        """Return a column of the table, or an attribute of one of its keys, per row; None where there is neither."""
        if column in self._known:
            return self._column(column)
        for master in ATTRIBUTES:
            if master in self._known and master in self._masters and column in DICTIONARY[master].by_name:
                pairs = self._masters[master].select(master, column).unique(master, keep="first", maintain_order=True)
                keys = self._column(master).to_frame(master)
                return keys.join(pairs, on=master, how="left", maintain_order="left").get_column(column)
        return None

    def _intervals(self, column: str, condition: Condition) -> list[Interval]:
        values = self._indices[column].values
        if isinstance(condition, dict):
            low, high = condition.get("from"), condition.get("to")
            first = 0 if low is None else bisect_left(values, self._bounds(column, low)[0])
            last = len(values) if high is None else bisect_right(values, self._bounds(column, high)[1])
            return [(first, max(first, last))]
        found = []
        for part in condition if isinstance(condition, tuple) else (condition,):
            if part is None:  # an empty cell: no value, or a text without a letter
                found += [(0, 1), (len(values), len(values) + 1)] if values and values[0] == "" else [(len(values), len(values) + 1)]
                continue
            lowest, highest = self._bounds(column, part)
            found.append((bisect_left(values, lowest), bisect_right(values, highest)))
        return [(low, high) for low, high in found if low < high] or [(0, 0)]

    def _bounds(self, column: str, value: Scalar) -> tuple[Any, Any]:
        """Return the least and the greatest value of the column that `value` means: a month means all days in it."""
        dtype = self._types[column]
        if dtype == pl.String:
            return str(value), str(value)
        if dtype == pl.Date:
            if isinstance(value, dt.date):
                return value, value
            return self._labels.get(str(value)) or days_of(str(value))
        if dtype == pl.Boolean:
            word = str(value).lower()
            if word not in (*_YES, *_NO):
                raise InputError(f"{column} of {self._name} is yes or no, not {value!r}.", "Write yes or no.")
            return word in _YES, word in _YES
        try:
            return float(value), float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            raise InputError(f"{column} of {self._name} holds numbers, not {value!r}.", "Give a number.") from None

    @cached_property
    def _labels(self) -> dict[str, tuple[dt.date, dt.date]]:
        """Return the periods by how they are printed, such as 2027-W05."""
        if "period" not in self._masters:
            return {}
        return {label: (day, day) for day, label in self._masters["period"].select("period", "label").iter_rows()}

    def nearest(self, asking: Asking) -> str:
        """Return, in a sentence, which names of `where` are not there and what is nearest to them."""
        if not self._height:
            return f"{self._name} has no rows."
        hints = []
        for column, condition in asking.where.items():
            for part in condition if isinstance(condition, tuple) else (condition,):
                if not isinstance(part, dict) and part is not None and self._intervals(column, part) == [(0, 0)]:
                    hints.append(f"{column} {part} is not there{self._near(column, str(part))}")
        return f"{'; '.join(hints)}." if hints else "Each value is there, but not together in one row."

    def _near(self, column: str, word: str) -> str:
        self._sought += 1
        if self._sought > _NEAREST_SOUGHT:
            return ""
        values = [str(value) for value in self._indices[column].values]
        near = get_close_matches(word, values, n=3, cutoff=0.4) or values[:3]
        return f"; the nearest are {', '.join(near)}" if near else f": {column} has no values"


def match(frame: pl.DataFrame, override: Override, name: str, masters: Mapping[str, pl.DataFrame]) -> pl.Series:
    """Return, per row of table `name`, whether the override's `where` names it.

    Raises InputError, naming the nearest values, where a condition names an unknown column or nothing matches.
    """
    cells = Cells(name, frame, masters)
    rows = cells.find(override)
    if not rows.size:
        raise InputError(f"No row of {name} has {override.cells}.", cells.nearest(override))
    found = np.zeros(frame.height, dtype=np.bool_)
    found[rows] = True
    return pl.Series("cell", found)
