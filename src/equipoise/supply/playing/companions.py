"""What follows from a flow: set-ups, orders, uses of lanes and loads, which are paid for where something is made, bought or moved."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from equipoise.supply.assembly import Array
from equipoise.supply.model.unknowns import Model
from equipoise.supply.playing.sums import Index, Sums

_NOTHING = 1e-9


@dataclass(frozen=True, eq=False)
class Companions:
    """Set-ups, orders, uses and loads of a period: `flows` sums the flows that each belongs to, companions by columns.

    `size` is the load of a lane (nothing for what is used or not), `load` what a companion takes of each resource. Where things come whole,
    each is paid in full.
    """

    columns: Index
    planned: Array
    flows: Sums
    planned_flow: Array
    size: Array
    whole: bool
    load: Sums

    def values(self, flows: Array) -> Array:
        """Return each companion on each path from the flows (columns by paths); the plan's own where a flow is the plan's own."""
        flow, planned, before = self.flows.of(flows), self.planned[:, None], self.planned_flow[:, None]
        size = np.where(self.size > 0, self.size, 1.0)[:, None]
        loaded = np.ceil(flow / size - 1e-6) if self.whole else flow / size
        used = (flow > _NOTHING).astype(np.float64)
        part = np.divide(planned * flow, before, out=used.copy(), where=before > _NOTHING)
        used = used if self.whole else np.minimum(part, 1.0)
        same = np.abs(flow - before) <= _NOTHING * np.maximum(1.0, before)
        return np.asarray(np.where(same, planned, np.where(self.size[:, None] > 0, loaded, used)))


def companions(model: Model, values: Array, t: int, flows: Index, load: pl.DataFrame) -> Companions:
    """Return what follows from the `flows` (columns of the model) of a period; `load` is what each unknown takes of a resource."""
    place = pl.DataFrame({"flow": flows, "place": np.arange(len(flows))}, schema={"flow": pl.Int64, "place": pl.Int64})
    frames = [model[family].filter(pl.col("t") == t) for family in ("setup", "order", "use", "loads")]
    own = [frame.select("column", size=pl.col("lot_multiple") if number == 3 else pl.lit(0.0)) for number, frame in enumerate(frames)]
    every = pl.concat([part.cast({"column": pl.Int64, "size": pl.Float64}) for part in own]).with_row_index("number")
    pairs = [
        frames[0].select("column", "route").join(_named(model, "make", "route", t), on="route", maintain_order="left"),
        frames[1].select("column", "purchase").join(_named(model, "buy", "purchase", t), on="purchase", maintain_order="left"),
    ]
    carried = pl.concat([_named(model, family, "lane", t, "item") for family in ("move", "ship")]).filter(pl.col("lane").is_not_null())
    for frame in frames[2:]:
        pairs.append(
            frame.filter(pl.col("item").is_not_null())
            .select("column", "lane", "item")
            .join(carried, on=["lane", "item"], maintain_order="left")
        )
        pairs.append(frame.filter(pl.col("item").is_null()).select("column", "lane").join(carried, on="lane", maintain_order="left"))
    paired = pl.concat([pair.select("column", "flow") for pair in pairs]).join(every, on="column", maintain_order="left")
    paired = paired.join(place, on="flow", maintain_order="left")
    paired = paired.sort("number", "place")
    columns = every.get_column("column").to_numpy().astype(np.int64)
    ones = np.ones(paired.height)
    sums = Sums(paired.get_column("number").to_numpy(), paired.get_column("place").to_numpy(), ones, (len(columns), len(flows)))
    whole = model.net.setting.supply.integer
    takes = load.join(every.select("column", place="number"), on="column", maintain_order="left")
    shape = (model.net.resources.height, len(columns))
    taken = Sums(takes.get_column("number").to_numpy(), takes.get_column("place").to_numpy(), takes.get_column("load").to_numpy(), shape)
    return Companions(columns, values[columns], sums, sums.one(values[flows]), every.get_column("size").to_numpy(), whole, taken)


def _named(model: Model, family: str, key: str, t: int, *more: str) -> pl.DataFrame:
    return model[family].filter(pl.col("t") == t).select(key, *more, flow="column")
