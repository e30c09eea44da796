"""The unconstrained plan: what is required of every item and resource if nothing limited supply, beside the plan.

Material requirements in units, and the load that they would put on each resource: rough-cut capacity planning by bill of resources
(Vollmann, Berry, Whybark, Jacobs, Manufacturing Planning and Control for Supply Chain Management, 2005, chapter 10).
"""

from collections.abc import Mapping

import numpy as np
import polars as pl

from equipoise.errors import SolverError
from equipoise.supply.assembly import Array, Problem
from equipoise.supply.formulate import MODEL_TABLES
from equipoise.supply.formulation.balance import arrivals, withdrawals
from equipoise.supply.formulation.resources import loads
from equipoise.supply.model.unknowns import Model
from equipoise.supply.plan import rounded
from equipoise.supply.requirements.unlimited import unlimited
from equipoise.supply.session import Session
from equipoise.supply.solving.answer import read
from equipoise.supply.solving.elastic import elastic
from equipoise.supply.solving.engine import Engine, arrays_of
from equipoise.supply.solving.solve import cost_scale
from equipoise.tables import table

_TINY = 1e-6
_WAYS = {"make": "made", "buy": "bought", "move": "moved_in"}


def requirements(tables: Mapping[str, pl.DataFrame], *, session: Session | None = None) -> dict[str, pl.DataFrame]:
    """Return material_requirement and capacity_requirement: the plan without limits on supply beside the plan.

    `tables` are those of MODEL_TABLES and capacity_load. Without limits every unit that can be served in time is, whether it pays or not:
    what cannot arrive in time for its lead times stays late or short even then, and is a matter of material, not of capacity. Where the
    plan without limits is not found (the time limit passes), its columns are empty.
    """
    solved = (session or Session()).solved({name: tables[name] for name in MODEL_TABLES if name in tables})
    model, planned = solved.problem.model, rounded(solved.answer.values)
    free = _without_limits(unlimited(solved.problem))
    return {
        "material_requirement": material_requirement(model, planned, free),
        "capacity_requirement": capacity_requirement(model, planned, free, tables["item"], tables["capacity_load"]),
    }


def _without_limits(problem: Problem) -> Array | None:
    """Return the values of a problem without limits; None where none are found. What even so cannot hold gives way, targets first.

    Cold, by the simplex method: with nothing to share, presolve leaves little of the model, and a basis of the plan would hinder it.
    """
    scale = cost_scale(problem)
    engine = Engine(arrays_of(problem), scale, 0.0, problem.model.net.setting.supply.time_limit, "simplex")
    try:
        status = engine.run()
        answer = read(engine, problem, status) if status == "optimal" else elastic(problem, scale)
    except SolverError:
        return None
    return _begun(problem.model, rounded(answer.values))


def _begun(model: Model, values: Array) -> Array:
    """Return the values with a whole set-up in every period in which a route is used, where set-ups come whole."""
    if model.net.setting.supply.integer:
        setups = model["setup"].get_column("column").to_numpy()
        values[setups] = np.where(values[setups] > _TINY, 1.0, 0.0)
    return values


def _times(rows: pl.DataFrame, factor: str, values: Array, name: str) -> pl.DataFrame:
    """Return `rows` (with `column`) with `name`: `factor` times the value of each row's unknown."""
    return rows.with_columns(pl.Series(name, rows.get_column(factor).to_numpy() * values[rows.get_column("column").to_numpy()]))


def material_requirement(model: Model, planned: Array, free: Array | None) -> pl.DataFrame:
    """Return the table material_requirement; `planned` and `free` are the values of the plan, and of the plan without limits.

    What is made, bought and moved in counts in the period in which it arrives, so that without limits stock is that of the period before,
    plus those three and what was expected anyway, less what is required and scrapped. Points at which nothing happens have no rows.
    """
    family = pl.concat([model[name].select("column", pl.lit(word).alias("way")) for name, word in _WAYS.items()])
    came = arrivals(model).rename({"arrival": "t"}).join(family, on="column", maintain_order="left")
    unlimited_values = np.full(len(planned), np.nan) if free is None else free
    came = _times(_times(came, "coefficient", planned, "planned"), "coefficient", unlimited_values, "free")
    ways = [pl.col("free").filter(pl.col("way") == word).sum().alias(word) for word in _WAYS.values()]
    came = came.group_by("point", "t", maintain_order=True).agg(pl.col("planned").sum(), *ways)
    scrapped = model["scrap"].select("column")
    taken = withdrawals(model).join(scrapped, on="column", how="anti", maintain_order="left")
    taken = _times(taken, "coefficient", unlimited_values, "required")
    taken = taken.group_by("point", "t", maintain_order=True).agg(pl.col("required").sum())
    stock = model["stock"].select("point", "item", "location", "t", "column", one=pl.lit(1.0))
    rows = _times(stock, "one", unlimited_values, "stock")
    for part in (came, taken):
        rows = rows.join(part, on=["point", "t"], how="left", maintain_order="left")
    columns = ["required", *_WAYS.values(), "planned"]
    rows = rows.with_columns(pl.col(columns).fill_null(0.0))
    busy = pl.any_horizontal(pl.col(name).fill_nan(0.0) > _TINY for name in (*columns, "stock")).any().over("point")
    rows = rows.filter(busy).with_columns((pl.sum_horizontal(_WAYS.values()) - pl.col("planned")).alias("short"))
    rows = rows.with_columns(pl.col(*columns, "stock", "short").fill_nan(None))
    rows = rows.join(model.net.periods.select("t", "period"), on="t", maintain_order="left")
    made = table("material_requirement")
    return made.conform(rows).sort(made.keys)


def capacity_requirement(model: Model, planned: Array, free: Array | None, item: pl.DataFrame, capacity_load: pl.DataFrame) -> pl.DataFrame:
    """Return the table capacity_requirement: the load of every resource by family, without limits and in the plan, and what is available.

    Available is the regular time that the plan has: capacity, with the steps and workers that it pays for, less stops. A period in which
    a resource has nothing to do has one row without family.
    """
    families = item.select("item", pl.coalesce("family", "item").alias("family")).unique("item", keep="first", maintain_order=True)
    taken = loads(model).join(families, on="item", how="left", maintain_order="left").with_columns(pl.coalesce("family", "item"))
    taken = _times(taken, "load", planned, "planned")
    taken = _times(taken, "load", np.full(len(planned), np.nan) if free is None else free, "required")
    taken = taken.group_by("number", "family", "t", maintain_order=True).agg(pl.col("required", "planned").sum())
    taken = taken.filter((pl.col("planned") > _TINY) | (pl.col("required").fill_nan(0.0) > _TINY))
    grid = model.net.resources.select("number", "resource").join(model.net.periods.select("t", "period"), how="cross")
    rows = grid.join(taken, on=["number", "t"], how="left", maintain_order="left")
    rows = rows.join(capacity_load.select("resource", "period", "available"), on=["resource", "period"], how="left", maintain_order="left")
    nothing = pl.lit(None if free is None else 0.0, pl.Float64)
    idle = pl.col("family").is_null()
    rows = rows.with_columns(
        pl.col("planned").fill_null(0.0), pl.when(idle).then(nothing).otherwise(pl.col("required").fill_nan(None)).alias("required")
    )
    total = pl.col("required").sum().over("number", "t")
    known = (pl.col("available") > 0) & pl.lit(free is not None)
    made = table("capacity_requirement")
    return made.conform(rows.with_columns(pl.when(known).then(total / pl.col("available")).alias("share"))).sort(
        made.keys, nulls_last=False
    )
