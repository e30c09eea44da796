"""How the demand that an override touches runs over the horizon, beside how it ran in history: hockey sticks and jumps."""

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from equipoise.dimensions.calendar import Calendar

JUMP = 3.0
BEND = 1.1
FEWEST = 8
_PAIR = ["item", "market"]
Array = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Paths:
    """The total of the series that each override touches, one row an override, one column a period, in item units.

    `after` is the consensus over the horizon (with the override, also where it changes the demand plan), `before` without the override;
    `history` ends `gap` periods before the horizon.
    """

    names: list[str]
    after: Array
    before: Array
    history: Array
    gap: int


@dataclass(frozen=True, slots=True)
class Stick:
    """A hockey stick: growth of the last third of the horizon over its first, with and without it, and the most of history."""

    override: str
    growth: float
    without: float
    most: float
    threshold: float


@dataclass(frozen=True, slots=True)
class Jump:
    """A jump: the period, how far the override moves it against its neighbours, in units and robust standard deviations."""

    override: str
    position: int
    units: float
    deviations: float


def paths_of(cells: pl.DataFrame, consensus: pl.DataFrame, cleaned_history: pl.DataFrame, calendar: Calendar) -> Paths:
    """Return the paths of the overrides in `cells` (override, table, item, market, period of the horizon, before, after)."""
    names = cells.select("override").unique().sort("override").with_row_index("row")
    pairs = cells.select(_PAIR).unique().sort(_PAIR).with_row_index("pair")
    placed = cells.join(names, on="override", maintain_order="left").join(pairs, on=_PAIR, maintain_order="left")
    members = placed.select("row", "pair").unique().sort("row", "pair")
    pair: Rows = members.get_column("pair").cast(pl.Int64).to_numpy()
    starts: Rows = np.searchsorted(members.get_column("row").to_numpy(), np.arange(names.height)).astype(np.int64)
    change = (pl.col("after") - pl.col("before")).alias("quantity")
    moved = _matrix(placed.select("row", "period", change), calendar.periods, names.height)
    planned = (placed.get_column("table") == "demand_plan").cast(pl.Int64).to_numpy()
    on_plan = np.bincount(placed.get_column("row").to_numpy(), planned, names.height) > 0
    agreed = _totals(consensus, pairs, calendar.periods, pair, starts)
    after = np.where(on_plan[:, None], agreed + moved, agreed)
    days = cleaned_history.get_column("period").unique().sort().to_list()
    past = calendar.between(days[0], calendar.start)[:-1] if days else ()
    known = tuple(day for day in past if day <= days[-1])
    history = _totals(cleaned_history, pairs, known, pair, starts)
    return Paths(names.get_column("override").to_list(), after, after - moved, history, len(past) - len(known))


def _matrix(rows: pl.DataFrame, periods: tuple[object, ...], height: int) -> Array:
    """Return the sums of `quantity` by `row` and period."""
    columns = pl.DataFrame({"period": periods, "column": range(len(periods))}, schema={"period": pl.Date, "column": pl.Int64})
    placed = rows.join(columns, on="period", maintain_order="left")
    flat = placed.get_column("row").cast(pl.Int64).to_numpy() * len(periods) + placed.get_column("column").to_numpy()
    values = placed.get_column("quantity").cast(pl.Float64).fill_nan(None).fill_null(0.0).to_numpy()
    return np.bincount(flat, values, height * len(periods)).astype(np.float64).reshape(height, len(periods))


def _totals(rows: pl.DataFrame, pairs: pl.DataFrame, periods: tuple[object, ...], pair: Rows, starts: Rows) -> Array:
    """Return the sums over the series of each override: `pair` lists them override by override, which begin at `starts`."""
    named = rows.select(*_PAIR, "period", "quantity").join(pairs, on=_PAIR, maintain_order="left").rename({"pair": "row"})
    series = _matrix(named, periods, pairs.height)
    sums = [np.add.reduceat(series[pair, column], starts) for column in range(len(periods))]
    return np.stack(sums, axis=1) if sums else np.zeros((len(starts), 0))


def hockey_sticks(paths: Paths, season: int) -> list[Stick]:
    """Return the overrides that bend the end of the horizon up as history never did.

    Growth is the last third of the horizon over its first. History is measured over as many periods that lie a whole number of seasons
    before the horizon, so that the same months are compared. Flagged where the override adds to the last third, and growth with it is
    more than `BEND` times both the largest of history and the growth without it. Without such a stretch of history nothing is flagged.
    """
    length, known = paths.after.shape[1], paths.history.shape[1]
    third = length // 3
    begins = [known + paths.gap - back for back in range(season, known + paths.gap + 1, season)]
    past = [_growth(paths.history[:, begin : begin + length], third) for begin in begins if begin + length <= known]
    if not third or not past:
        return []
    most = np.max(np.nan_to_num(np.stack(past), nan=-np.inf), axis=0)
    growth, without = _growth(paths.after, third), _growth(paths.before, third)
    threshold = BEND * np.fmax(most, without)
    added = (paths.after - paths.before)[:, -third:].sum(axis=1)
    found = np.flatnonzero((added > 0) & np.isfinite(most) & np.isfinite(without) & (growth > threshold))
    return [Stick(paths.names[row], *(float(one[row]) for one in (growth, without, most, threshold))) for row in found]


def _growth(path: Array, third: int) -> Array:
    first, last = path[:, :third].sum(axis=1), path[:, path.shape[1] - third :].sum(axis=1)
    growth: Array = np.divide(last, first, out=np.full(len(path), np.nan), where=first > 0)
    return growth


def jumps(paths: Paths) -> list[Jump]:
    """Return the overrides that move one period against its neighbours by more than `JUMP` robust standard deviations.

    A period stands x[t] − (x[t−1] + x[t+1]) / 2 from its neighbours (one of them at the ends). The deviation is that of history from the
    first demand on: 1.4826 times the median absolute deviation, or, where half of it is zero, 1.2533 times the mean absolute deviation.
    Fewer than `FEWEST` periods, or a constant, say nothing. The path must stand further from its neighbours than it did.

    Source: Peter Rousseeuw and Christophe Croux, Alternatives to the Median Absolute Deviation, 1993.
    """
    if paths.after.shape[1] < 2 or paths.history.shape[1] < FEWEST + 2:
        return []
    usual = _deviation(paths.history)
    with_it, without = _from_neighbours(paths.after), _from_neighbours(paths.before)
    moved = with_it - without
    further = (np.abs(with_it) > np.abs(without) + 1e-9) & (np.abs(paths.after - paths.before) > 1e-9)
    sizes = np.where(further, np.abs(moved), 0.0) / np.where(usual > 0, usual, np.inf)[:, None]
    worst = sizes.argmax(axis=1)
    found = np.flatnonzero(sizes[np.arange(len(sizes)), worst] > JUMP)
    return [Jump(paths.names[row], int(worst[row]), float(moved[row, worst[row]]), float(sizes[row, worst[row]])) for row in found]


def _from_neighbours(path: Array) -> Array:
    beside = np.empty_like(path)
    beside[:, 1:-1] = (path[:, :-2] + path[:, 2:]) / 2
    beside[:, 0], beside[:, -1] = path[:, 1], path[:, -2]
    return path - beside


def _deviation(history: Array) -> Array:
    """Return the robust standard deviation of how far the periods of each row stand from their neighbours; 0 where it says nothing."""
    begun = np.maximum.accumulate(history != 0, axis=1)[:, :-2]
    away = np.where(begun, _from_neighbours(history)[:, 1:-1], np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a row without demand has no median
        distance = np.abs(away - np.nanmedian(away, axis=1, keepdims=True))
        robust, mean = 1.4826 * np.nanmedian(distance, axis=1), 1.2533 * np.nanmean(distance, axis=1)
    usual = np.where(robust > 1e-9, robust, np.where(mean > 1e-9, mean, 0.0))
    return np.where(begun.sum(axis=1) >= FEWEST, np.nan_to_num(usual), 0.0)
