"""Resources while a plan is played: what is done loads them, regular time first, then overtime; their workforce stays as planned."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from equipoise.supply.assembly import Array
from equipoise.supply.formulation.resources import loads
from equipoise.supply.model.unknowns import Model
from equipoise.supply.plan import capacity_load, plan
from equipoise.supply.playing.sums import Index


@dataclass(frozen=True, eq=False)
class Resources:
    """Resources by number and period. `capacity` and `extra` are the regular time and overtime there are, never less than the plan works.

    `regular_column` and `overtime_column` are places in the model, -1 where there is none. `load` is what each unknown takes: column,
    number, t, load. `stored` is what the plan's stock takes.
    """

    capacity: Array
    extra: Array
    regular: Array
    overtime: Array
    regular_column: Index
    overtime_column: Index
    load: pl.DataFrame
    stored: Array

    def worked(self, t: int, load: Array, planned: Array, lost: Array) -> tuple[Array, Array]:
        """Return regular time and overtime of a period, resources by paths, from the load of each resource, the plan's own load, and the
        share of its time that is lost.
        """
        change = load - planned[:, None]
        before, over = self.regular[:, t, None], self.overtime[:, t, None]
        has_extra = (self.overtime_column[:, t] >= 0)[:, None]
        room = np.where(has_extra, np.clip(self.capacity[:, t, None] - before, 0.0, None), np.inf)
        more = np.minimum(np.clip(change, 0.0, None), room)
        less = np.clip(-change - over, 0.0, None)
        regular = np.clip(before + more - less, 0.0, None)
        with np.errstate(invalid="ignore"):
            most = np.where(lost > 0, self.capacity[:, t, None] * (1.0 - lost), np.inf)
        regular = np.where(has_extra, np.minimum(regular, most), regular)
        overtime = np.clip(np.where(has_extra, over + before + change - regular, 0.0), 0.0, None)
        return regular, overtime


def resources(model: Model, values: Array) -> Resources:
    """Return the resources of a plan: `values` by column."""
    size = model.net.resources.height, model.horizon
    made = plan(model, values)
    rows = capacity_load(made).join(model.net.periods.select("t", "period"), on="period", maintain_order="left")
    rows = rows.join(model.net.resources.select("resource", "number"), on="resource", maintain_order="left")
    place = rows.get_column("number").to_numpy(), rows.get_column("t").to_numpy()
    dense = {name: np.full(size, np.inf) for name in ("available", "overtime_limit")}
    for name, array in dense.items():
        array[place] = rows.get_column(name).fill_null(np.inf).to_numpy()
    where = {family: _columns(model, family, size) for family in ("regular", "overtime")}
    regular, overtime = (np.where(where[family] >= 0, values[where[family]], 0.0) for family in ("regular", "overtime"))
    running = np.ones(size)
    lines = model["open"]
    running[lines.get_column("number").to_numpy(), lines.get_column("t").to_numpy()] = values[lines.get_column("column").to_numpy()]
    with np.errstate(invalid="ignore"):
        capacity, extra = (np.where(running > 0, dense[name] * running, 0.0) for name in ("available", "overtime_limit"))
    load = loads(model)
    kept = load.filter(pl.col("activity") == "store")
    stored = np.zeros(size)
    taken = kept.get_column("load").to_numpy() * values[kept.get_column("column").to_numpy()]
    np.add.at(stored, (kept.get_column("number").to_numpy(), kept.get_column("t").to_numpy()), taken)
    return Resources(
        capacity=np.maximum(capacity, regular),
        extra=np.maximum(np.where(where["overtime"] >= 0, extra, 0.0), overtime),
        regular=regular,
        overtime=overtime,
        regular_column=where["regular"],
        overtime_column=where["overtime"],
        load=load,
        stored=stored,
    )


def _columns(model: Model, family: str, size: tuple[int, int]) -> Index:
    out = np.full(size, -1, np.int64)
    frame = model[family]
    out[frame.get_column("number").to_numpy(), frame.get_column("t").to_numpy()] = frame.get_column("column").to_numpy()
    return out
