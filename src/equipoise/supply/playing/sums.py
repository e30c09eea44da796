"""Sparse sums over many paths at once: rows of coefficients times quantities, for all paths side by side."""

from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise.supply.assembly import Array

Index = npt.NDArray[np.int64]


class Sums:
    """A sparse matrix, rows by columns. It is multiplied with quantities, columns by paths."""

    def __init__(self, rows: npt.NDArray[Any], columns: npt.NDArray[Any], values: Array, shape: tuple[int, int]) -> None:
        order = np.argsort(rows, kind="stable")
        self.shape = shape
        self.rows: Index = rows[order].astype(np.int64)
        self.columns: Index = columns[order].astype(np.int64)
        self.values: Array = values[order].astype(np.float64)
        self.filled, self._starts = np.unique(self.rows, return_index=True)
        self._by_column = np.argsort(self.columns, kind="stable")
        self._used, self._column_starts = np.unique(self.columns[self._by_column], return_index=True)

    def __bool__(self) -> bool:
        """Whether there is any coefficient."""
        return len(self.values) > 0

    def of(self, quantities: Array) -> Array:
        """Return what each row sums to on each path: rows by paths; `quantities` is columns by paths."""
        out = np.zeros((self.shape[0], quantities.shape[1]))
        self.add(quantities, out)
        return out

    def add(self, quantities: Array, out: Array) -> None:
        """Add what each row sums to to `out`, rows by paths."""
        if len(self.values):
            out[self.filled] += np.add.reduceat(quantities[self.columns] * self.values[:, None], self._starts, axis=0)

    def one(self, quantities: Array) -> Array:
        """Return what each row sums to; `quantities` is by column."""
        return np.bincount(self.rows, self.values * quantities[self.columns], minlength=self.shape[0]).astype(np.float64)

    def least(self, factors: Array) -> Array:
        """Return, for every column, the least of the factors of the rows that it stands in; 1 where it stands in none, and at most 1."""
        out = np.ones((self.shape[1], factors.shape[1]))
        if len(self.values):
            out[self._used] = np.minimum.reduceat(factors[self.rows[self._by_column]], self._column_starts, axis=0)
        return np.asarray(np.minimum(out, 1.0), np.float64)

    def most(self, requests: Array) -> Array:
        """Return, for every column, the most that a row asks of it, times its coefficient there; 0 where it stands in none."""
        out = np.zeros((self.shape[1], requests.shape[1]))
        if len(self.values):
            asked = requests[self.rows[self._by_column]] * self.values[self._by_column, None]
            out[self._used] = np.maximum.reduceat(asked, self._column_starts, axis=0)
        return out


def share(part: Array, whole: Array, otherwise: float = 1.0) -> Array:
    """Return part / whole, between 0 and 1; `otherwise` where the whole is nothing."""
    ratio = np.divide(part, whole, out=np.full(np.broadcast(part, whole).shape, otherwise), where=whole > 0)
    return np.asarray(np.clip(ratio, 0.0, 1.0), np.float64)
