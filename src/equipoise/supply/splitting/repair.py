"""Keeping a split within capacity: heavy items give way to lighter ones of the same way where the mix of a period overloads a resource."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from equipoise.supply.splitting.run_out import Array, Index
from equipoise.supply.splitting.sourcing import Sourcing

_SWEEPS = 12
_NEAR = 1e-9
_LITTLE = 1e-6


@dataclass(frozen=True, eq=False)
class Usage:
    """What a unit of each row takes: `row`, `resource` (numbers) and `quantity` side by side; `way`: number of each row's way."""

    row: Index
    resource: Index
    quantity: Array
    way: Index
    resources: int

    def load(self, made: Array) -> Array:
        """Load of each resource by quantities of rows (or rows by periods or weeks)."""
        load = np.zeros((self.resources, *made.shape[1:]))
        each = self.quantity[:, None] if made.ndim == 2 else self.quantity
        np.add.at(load, self.resource, each * made[self.row])
        return load

    def of(self, resource: int, rows: int) -> Array:
        """What a unit of each row takes of one resource."""
        taken = np.zeros(rows)
        mine = self.resource == resource
        taken[self.row[mine]] = self.quantity[mine]
        return taken


def within_capacity(made: Array, usage: Usage, allowed: Array, movable: npt.NDArray[np.bool_]) -> Array:
    """Return the quantities of one period (rows) moved so that no resource takes more than `allowed`, as far as that can be.

    Within each way that loads an overloaded resource, items that take more of it than the way's average give the same share of their
    quantity to those that take less, in proportion to what these have. Sums of ways stay. Only `movable` rows change. What cannot be
    repaired (every way is made of equal items, or several resources pull against each other) stays overloaded.
    """
    over = usage.load(made) > allowed + _NEAR * np.maximum(1.0, allowed)
    for _ in range(_SWEEPS if over.any() else 0):
        for resource in np.flatnonzero(over):
            made = _lighter(made, usage, int(resource), float(allowed[resource]), movable)
        over = usage.load(made) > allowed + _NEAR * np.maximum(1.0, allowed)
        if not over.any():
            break
    return made


def _lighter(made: Array, usage: Usage, resource: int, allowed: float, movable: npt.NDArray[np.bool_]) -> Array:
    taken = usage.of(resource, len(made))
    over = float(taken @ made) - allowed
    if over <= 0:
        return made
    count = int(usage.way.max()) + 1
    part = np.where(movable, made, 0.0)
    volume = np.bincount(usage.way, part, count)
    base = np.where(movable, np.maximum(part, _LITTLE * volume[usage.way]), 0.0)  # so that an item with nothing can get something
    total = np.bincount(usage.way, base, count)
    average = (np.bincount(usage.way, base * taken, count) / np.where(total > 0, total, 1.0))[usage.way]
    heavy = np.where(taken > average * (1 + _NEAR), part, 0.0)
    light = np.where(taken < average * (1 - _NEAR), base, 0.0)
    given, received = np.bincount(usage.way, heavy, count), np.bincount(usage.way, light, count)
    share = np.where(received > 0, given / np.where(received > 0, received, 1.0), 0.0)
    change = share[usage.way] * light - np.where(received[usage.way] > 0, heavy, 0.0)
    gain = -float(taken @ change)
    return made + min(1.0, over / gain) * change if gain > 0 else made


def lots_moved(made: Array, lot: Array, usage: Usage, allowed: Array, movable: npt.NDArray[np.bool_]) -> Array:
    """Return one period's quantities (rows by weeks) with whole lots moved from overloaded weeks to weeks with room, where there is any.

    `allowed`: resources by weeks. One lot at a time, from the most overloaded week to the one with the most room, of the row that fits.
    """
    moves = int((lot > 0).sum()) * made.shape[1]
    load = usage.load(made)
    stuck = np.zeros(load.shape, dtype=bool)
    for _ in range(moves if load.size else 0):
        over = np.where(stuck, -np.inf, load - allowed)
        resource, week = np.unravel_index(int(np.argmax(over)), over.shape)
        if over[resource, week] <= _NEAR * max(1.0, float(allowed[resource, week])):
            break
        taken = usage.of(int(resource), len(made))
        move = _move(made, lot, taken, usage, (load, allowed), int(week), movable)
        if move is None:
            stuck[resource, week] = True
            continue
        row, target = move
        made[row, week] -= lot[row]
        made[row, target] += lot[row]
        mine = usage.row == row
        load[usage.resource[mine], week] -= usage.quantity[mine] * lot[row]
        load[usage.resource[mine], target] += usage.quantity[mine] * lot[row]
    return made


def _move(
    made: Array, lot: Array, taken: Array, usage: Usage, state: tuple[Array, Array], week: int, movable: npt.NDArray[np.bool_]
) -> tuple[int, int] | None:
    """Return the row and week of a lot that can leave `week` and fit elsewhere, the smallest load first; None where there is none."""
    load, allowed = state
    rows = np.flatnonzero(movable & (lot > 0) & (taken > 0) & (made[:, week] >= lot - _NEAR))
    for row in rows[np.argsort(taken[rows] * lot[rows], kind="stable")]:
        mine = usage.row == row
        need = usage.quantity[mine] * lot[row]
        room = (allowed - load)[usage.resource[mine]] - need[:, None]
        fits = (room >= -_NEAR).all(axis=0)
        fits[week] = False
        if fits.any():
            worst = np.where(fits, room.min(axis=0), -np.inf)
            return int(row), int(np.argmax(worst))
    return None


def room_of(source: Sourcing, capacity_load: pl.DataFrame, periods: pl.DataFrame) -> tuple[Usage, Array]:
    """Return what rows take of resources, and what each resource has for them in each period (resources by periods).

    That is its regular time and overtime as the plan has them, without what the plan uses of it otherwise (set-ups, moving, storing);
    never less than the plan itself takes, so that a plan over its limits is split as it is. A resource without capacity has no limit.
    """
    names = source.uses.get_column("resource").unique().sort().to_list()
    number = {name: position for position, name in enumerate(names)}
    resource = np.array([number[name] for name in source.uses.get_column("resource")], dtype=np.int64)
    ways = source.rows.select(pl.struct("table", "way").rank("dense").cast(pl.Int64) - 1).to_series().to_numpy()
    usage = Usage(source.uses.get_column("row").to_numpy(), resource, source.uses.get_column("quantity").to_numpy(), ways, len(names))
    planned = usage.load(source.plan * source.numbers("weight")[:, None])
    most, load = np.full(planned.shape, np.inf), planned.copy()
    known = capacity_load.join(periods.select("t", "period"), on="period", maintain_order="left").filter(pl.col("resource").is_in(names))
    at = (np.array([number[name] for name in known.get_column("resource")], dtype=np.int64), known.get_column("t").to_numpy())
    extra = pl.col("overtime_limit").fill_null(float("inf"))
    most[at] = known.select((pl.col("available") + extra).fill_null(float("inf"))).to_series().to_numpy()
    load[at] = known.get_column("load").to_numpy()
    return usage, np.maximum(most - np.maximum(load - planned, 0.0), planned)
