"""Shortage is shared fairly: where it costs the same whom to leave short, all are left short by the same share."""

import numpy as np
import numpy.typing as npt
import polars as pl

from equipoise.supply.assembly import Array
from equipoise.supply.unknowns import Model

_TERMS = (
    "unit_price",
    "backlog_allowed",
    "backlog_cost",
    "max_backlog_age",
    "ending_backlog",
    "lost_allowed",
    "lost_sale_cost",
    "minimum_fill",
    "unserved_price",
    "late_price",
)


def fairly_shared(model: Model, values: Array) -> Array:
    """Return `values` with the shipments, backlog and lost demand of equal demands shared in proportion to what each needs.

    Demands are equal where they are of one item, in markets that no lane reaches, with the same prices and policy in every period: who of
    them is served changes neither cost nor stock. In each period what is lost is shared by demand, and what is shipped and late by what
    then remains to be served, so totals, and the objective, stay what they were.
    """
    shared = values.copy()
    for members in _equal_demands(model, _short_items(model, values)):
        _share(model, members, values, shared)
    return shared


def _with_values(frame: pl.DataFrame, values: Array) -> pl.DataFrame:
    return frame.with_columns(pl.Series("planned", values[frame.get_column("column").to_numpy()], dtype=pl.Float64))


def _short_items(model: Model, values: Array) -> pl.DataFrame:
    """Return the items with demand late or lost."""
    late = [_with_values(model[name].select("item", "column"), values).filter(pl.col("planned") > 0) for name in ("backlog", "lost")]
    return pl.concat(late).select("item").unique()


def _equal_demands(model: Model, items: pl.DataFrame) -> list[list[int]]:
    """Return the groups of two and more demands of `items` that are alike in all that the model knows of them."""
    direct = model["ship"].group_by("demand").agg(pl.col("lane").is_null().all().alias("direct")).filter(pl.col("direct"))
    rows = model.demand.join(items, on="item", how="semi").join(direct, on="demand", how="semi").sort("demand", "t")
    groups: dict[tuple[object, ...], list[int]] = {}
    for demand, *terms in rows.group_by("demand", maintain_order=True).agg(pl.col("item").first(), *_TERMS).iter_rows():
        key = tuple(tuple(term) if isinstance(term, list) else term for term in terms)
        groups.setdefault(key, []).append(demand)
    return [members for members in groups.values() if len(members) > 1]


def _grid(frame: pl.DataFrame, members: list[int], horizon: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return member, period and column of the unknowns of some demands."""
    own = frame.filter(pl.col("demand").is_in(members))
    who = np.searchsorted(np.array(members), own.get_column("demand").to_numpy())
    return who, own.get_column("t").to_numpy(), own.get_column("column").to_numpy()


def _proportions(weights: Array) -> Array:
    total = weights.sum()
    return weights / total if total > 0 else weights


def _share(model: Model, members: list[int], values: Array, shared: Array) -> None:
    """Share one group, period by period; writes into `shared`."""
    horizon = model.horizon
    wanted = model.demand.filter(pl.col("demand").is_in(members)).sort("demand", "t").get_column("quantity").to_numpy()
    wanted = wanted.reshape(-1, horizon).copy()
    late = np.zeros(len(members))
    wanted[:, 0] += model.net.demands.get_column("opening").to_numpy()[members]
    totals = {}
    places = {name: _grid(model[name], members, horizon) for name in ("lost", "backlog", "ship")}
    for name, (_, t, column) in places.items():
        totals[name] = np.bincount(t, values[column], minlength=horizon)
    lost = wanted * np.divide(totals["lost"], wanted.sum(axis=0), out=np.zeros(horizon), where=wanted.sum(axis=0) > 0)
    backlog, open_share = np.zeros_like(wanted), np.zeros_like(wanted)
    for t in range(horizon):
        open_share[:, t] = _proportions(late + wanted[:, t] - lost[:, t])
        late = backlog[:, t] = open_share[:, t] * totals["backlog"][t]
    for name, amounts in (("lost", lost), ("backlog", backlog)):
        who, t, column = places[name]
        shared[column] = amounts[who, t]
    who, t, column = places["ship"]
    point = model["ship"].filter(pl.col("demand").is_in(members)).get_column("point").to_numpy()
    shipped = np.zeros((int(point.max()) + 1, horizon))
    np.add.at(shipped, (point, t), values[column])
    shared[column] = open_share[who, t] * shipped[point, t]
