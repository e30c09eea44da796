"""The plan of record as a course of periods: what is decided in each, what that brings, takes and costs."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from equipoise import finance
from equipoise.supply.assembly import Array, activities
from equipoise.supply.formulation.balance import arrivals, withdrawals
from equipoise.supply.formulation.demand import deliveries
from equipoise.supply.model.unknowns import Model
from equipoise.supply.plan import Plan, plan, rounded
from equipoise.supply.playing.companions import Companions, companions
from equipoise.supply.playing.limits import Limits, Rooms, rooms
from equipoise.supply.playing.resources import Resources, resources
from equipoise.supply.playing.sums import Index, Sums
from equipoise.supply.session import Solved

DECIDED = ("make", "buy", "move")
"""Families that are decided before the demand of their period is known."""


@dataclass(frozen=True, eq=False)
class Stage:
    """What is decided at once in a period: production, purchases and transfers, or, later, shipments.

    `columns` are their places in the model, `planned` what the plan does. `takes` is points by columns. `brings` is, by bucket of arrival,
    places by columns (points, or pools for shipments), `brings_all` what comes in all, where any
    of it comes within the horizon, `brings_now` what arrives at once.
    `lots` and `least` are the lot and the least that is done at all, where things come whole; `main` is the place that a column is for.
    """

    t: int
    columns: Index
    planned: Array
    takes: Sums
    brings: dict[int, Sums]
    brings_all: Sums
    brings_now: Sums
    limits: Limits
    lots: Array
    least: Array
    main: Index


@dataclass(frozen=True, eq=False)
class Course:
    """A solved plan as a course: stages, what follows from them, prices, and the state that the plan is in at the end of each period.

    `cash` and `held` (what ties up capital or misses a target) are gains of one unit by column; `reduced` is the gain of one unit more of
    a column beyond the plan, at the plan's own values, `worth` what a unit at each point and period is worth to the plan. `stock` and
    `scrap` are the plan's own, points by periods.
    """

    model: Model
    made: Plan
    decide: tuple[Stage, ...]
    serve: tuple[Stage, ...]
    follow: tuple[Companions, ...]
    rooms: Rooms
    resources: Resources
    loads: tuple[Sums, ...]
    cash: Array
    held: Array
    reduced: Array
    worth: Array
    stock: Array
    scrap: Array

    @property
    def horizon(self) -> int:
        """Periods planned."""
        return self.model.horizon

    @property
    def values(self) -> Array:
        """The plan by column."""
        return self.made.values


def course(solved: Solved) -> Course:
    """Return the plan of record of a solved problem as a course."""
    problem = solved.problem
    model, values = problem.model, rounded(solved.answer.values)
    gains_by_class = prices(activities(model), problem.columns)
    flows = {name: _sliced(model, name) for name in (*DECIDED, "ship")}
    decided = np.concatenate([flows[name][0] for name in DECIDED])
    when = np.concatenate([flows[name][1] for name in DECIDED])
    shipped, ship_when = flows["ship"]
    machines = resources(model, values)
    stages = [decided[when == t] for t in range(model.horizon)], [shipped[ship_when == t] for t in range(model.horizon)]
    room = rooms(problem, values, machines, stages)
    takes, brings, sends = withdrawals(model), arrivals(model), deliveries(model).rename({"pool": "point"})
    shape = model.net.points.height, model.pools.pools.height
    whole, full = (*_whole(model), _main(model)), _full(model)
    duals = solved.answer.duals
    gains = problem.money + problem.penalty
    columns = np.repeat(np.arange(problem.columns), np.diff(problem.starts))
    reduced = gains - np.bincount(columns, problem.values * duals[problem.index], minlength=problem.columns)
    balance = next((block for block in problem.blocks if block.rule.name == "stock_balance"), None)
    worth = np.zeros((shape[0], model.horizon)) if balance is None else -duals[balance.start : balance.stop].reshape(shape[0], -1)
    return Course(
        model=model,
        made=plan(model, values),
        decide=tuple(
            _stage(t, stages[0][t], values, takes, brings, full, (shape[0], shape[0]), room.decide[t], whole) for t in range(model.horizon)
        ),
        serve=tuple(
            _stage(t, stages[1][t], values, takes, sends, full, (shape[0], shape[1]), room.serve[t], whole) for t in range(model.horizon)
        ),
        follow=tuple(
            companions(model, values, t, np.concatenate([stages[0][t], stages[1][t]]), machines.load) for t in range(model.horizon)
        ),
        rooms=room,
        resources=machines,
        loads=tuple(_loads(machines, np.concatenate([stages[0][t], stages[1][t]])) for t in range(model.horizon)),
        cash=gains_by_class["cash"],
        held=gains_by_class["opportunity"],
        reduced=reduced,
        worth=worth,
        stock=dense(model, "stock", values),
        scrap=dense(model, "scrap", values),
    )


def prices(frames: dict[str, pl.DataFrame], columns: int) -> dict[str, Array]:
    """Return the gain of one more unit of each column of `frames` by class of money: accounting (revenue), cash, opportunity."""
    terms = finance.coefficients(frames).filter(pl.col("column").is_not_null())
    found = {}
    for name in ("accounting", "cash", "opportunity"):
        part = terms.filter(pl.col("money_class") == name)
        placed = np.bincount(part.get_column("column").to_numpy(), part.get_column("coefficient").to_numpy(), minlength=columns)
        found[name] = placed.astype(np.float64)
    return found


def _sliced(model: Model, family: str) -> tuple[Index, Index]:
    frame = model[family]
    return frame.get_column("column").to_numpy().astype(np.int64), frame.get_column("t").to_numpy().astype(np.int64)


def dense(model: Model, family: str, values: Array) -> Array:
    """Return a family of points and periods as an array, points by periods; nothing where it has no unknown."""
    out = np.zeros((model.net.points.height, model.horizon))
    frame = model[family]
    out[frame.get_column("point").to_numpy(), frame.get_column("t").to_numpy()] = values[frame.get_column("column").to_numpy()]
    return out


def _loads(machines: Resources, flows: Index) -> Sums:
    """Return what a unit of each of `flows` (columns of the model) takes of each resource: resources by flows."""
    place = pl.DataFrame({"column": flows, "place": np.arange(len(flows))}, schema={"column": pl.Int64, "place": pl.Int64})
    rows = machines.load.join(place, on="column", maintain_order="left")
    number, where, load = (rows.get_column(name).to_numpy() for name in ("number", "place", "load"))
    return Sums(number, where, load, (len(machines.capacity), len(flows)))


def _main(model: Model) -> Index:
    """Return the place that each flow is for: its point, or, of a shipment, its pool."""
    main = np.full(model.columns, -1, np.int64)
    for family in (*DECIDED, "ship"):
        frame = model[family]
        main[frame.get_column("column").to_numpy()] = frame.get_column("pool" if family == "ship" else "point").to_numpy()
    return main


def _whole(model: Model) -> tuple[Array, Array]:
    """Return the lot and the least amount of every column that comes whole; nothing elsewhere."""
    lots, least = np.zeros(model.columns), np.zeros(model.columns)
    if model.net.setting.supply.integer:
        for family, columns in (("make", ("minimum_lot",)), ("buy", ("minimum_lot", "minimum_when_used"))):
            frame = model[family]
            where = frame.get_column("column").to_numpy()
            lots[where] = frame.get_column("lot_multiple").fill_null(0.0).to_numpy()
            least[where] = frame.select(pl.max_horizontal(columns).fill_null(0.0)).to_series().to_numpy()
    return lots, least


def _full(model: Model) -> pl.DataFrame:
    """Return what each flow brings in all, whenever it arrives: column, point (for shipments: pool), coefficient."""
    made, net = model["make"], model.net
    twins = made.drop("point", "item").join(net.co_output, on="route", maintain_order="left")
    twins = twins.join(net.points.select("point", "item", "location"), on=["item", "location"], maintain_order="left")
    one = pl.lit(1.0).alias("coefficient")
    parts = [
        made.select("column", "point", coefficient="yield"),
        twins.select("column", "point", coefficient="quantity"),
        *(model[family].select("column", "point", one) for family in ("buy", "move")),
        model["ship"].select("column", pl.col("pool").alias("point"), one),
    ]
    return pl.concat(parts).group_by("column", "point", maintain_order=True).agg(pl.col("coefficient").sum())


def _stage(
    t: int,
    columns: Index,
    values: Array,
    takes: pl.DataFrame,
    brings: pl.DataFrame,
    full: pl.DataFrame,
    shape: tuple[int, int],
    limits: Limits,
    whole: tuple[Array, Array, Index],
) -> Stage:
    own = pl.DataFrame({"column": columns, "place": np.arange(len(columns))}, schema={"column": pl.Int64, "place": pl.Int64})
    taken = takes.join(own, on="column", maintain_order="left")
    brought = brings.join(own, on="column", maintain_order="left")
    count = len(columns)
    soon = brought.select("column", "point", "place").unique(maintain_order=True)
    by_bucket = {
        int(bucket): _sums(part, (shape[1], count))
        for (bucket,), part in sorted(brought.partition_by("arrival", as_dict=True, maintain_order=True).items())
    }
    empty = _sums(brought.clear(), (shape[1], count))
    return Stage(
        t=t,
        columns=columns,
        planned=values[columns],
        takes=_sums(taken, (shape[0], count)),
        brings=by_bucket,
        brings_all=_sums(soon.join(full, on=["column", "point"], maintain_order="left"), (shape[1], count)),
        brings_now=by_bucket.get(t, empty),
        limits=limits,
        lots=whole[0][columns],
        least=whole[1][columns],
        main=whole[2][columns],
    )


def _sums(frame: pl.DataFrame, shape: tuple[int, int]) -> Sums:
    rows, columns, values = (frame.get_column(name).to_numpy() for name in ("point", "place", "coefficient"))
    return Sums(rows, columns, values, shape)
