"""The plain company's linear model as a user of linopy or PuLP would write it, solved with HiGHS at its defaults."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from benchmarks.supply_companies import Tables

CARRYING = 0.2 / 12


@dataclass(frozen=True)
class Inputs:
    """The plain company as arrays by route, item, plant and period."""

    item: np.ndarray
    plant: np.ndarray
    cost: np.ndarray
    hours: np.ndarray
    demand: np.ndarray
    price: np.ndarray
    holding: np.ndarray
    capacity: np.ndarray


def inputs(given: Tables) -> Inputs:
    """Return the arrays of the plain company."""
    items, plants = given["item"].get_column("item").to_list(), given["location"].get_column("location").to_list()
    routes = given["route"].join(given["usage"].select(route="of", hours="quantity"), on="route", maintain_order="left")
    demand = given["demand_plan"].get_column("quantity").to_numpy().reshape(len(items), -1)
    price = given["demand_plan"].group_by("item", maintain_order=True).agg(pl.col("unit_price").first()).get_column("unit_price").to_numpy()
    return Inputs(
        routes.get_column("item").replace_strict(items, range(len(items)), return_dtype=pl.Int64).to_numpy(),
        routes.get_column("location").replace_strict(plants, range(len(plants)), return_dtype=pl.Int64).to_numpy(),
        routes.get_column("unit_cost").to_numpy(),
        routes.get_column("hours").to_numpy(),
        demand,
        price,
        CARRYING * given["item"].get_column("unit_cost").to_numpy(),
        given["capacity"].get_column("regular").to_numpy(),
    )


def in_linopy(given: Tables) -> float:
    """Build and solve it in linopy; return the profit."""
    import linopy
    import pandas as pd
    import xarray

    data = inputs(given)
    horizon = data.demand.shape[1]
    route, time = pd.RangeIndex(len(data.item), name="route"), pd.RangeIndex(horizon, name="time")
    item, plant = pd.RangeIndex(len(data.price), name="item"), pd.RangeIndex(len(data.capacity), name="plant")
    model = linopy.Model()
    make = model.add_variables(lower=0, coords=[route, time], name="make")
    stock = model.add_variables(lower=0, coords=[route, time], name="stock")
    ship = model.add_variables(lower=0, coords=[route, time], name="ship")
    lost = model.add_variables(lower=0, coords=[item, time], name="lost")
    regular = model.add_variables(lower=0, upper=xarray.DataArray(data.capacity, coords=[plant]), coords=[plant, time], name="regular")
    overtime = model.add_variables(lower=0, coords=[plant, time], name="overtime")
    model.add_constraints(make + stock.shift(time=1).fillna(0) - ship - stock == 0, name="balance")
    of_item = xarray.DataArray(data.item, coords=[route], name="item")
    of_plant = xarray.DataArray(data.plant, coords=[route], name="plant")
    hours = xarray.DataArray(data.hours, coords=[route])
    wanted = xarray.DataArray(data.demand, coords=[item, time])
    model.add_constraints((1 * ship).groupby(of_item).sum() + lost == wanted, name="demand")
    model.add_constraints((hours * make).groupby(of_plant).sum() - regular - overtime == 0, name="load")
    price, holding = xarray.DataArray(data.price, coords=[item]), xarray.DataArray(data.holding[data.item], coords=[route])
    cost = xarray.DataArray(data.cost, coords=[route])
    spent = (cost * make).sum() + (holding * stock).sum() + 30 * regular.sum() + 45 * overtime.sum() + (price * lost).sum()
    model.add_objective(spent)
    model.solve(solver_name="highs", io_api="direct", output_flag=False, progress=False)
    return float((data.price[:, None] * data.demand).sum() - model.objective.value)


def in_pulp(given: Tables) -> float:
    """Build and solve it in PuLP; return the profit."""
    import pulp

    data = inputs(given)
    size, horizon = data.demand.shape
    plants, periods, routes = range(len(data.capacity)), range(horizon), range(len(data.item))
    model = pulp.LpProblem("plain", pulp.LpMinimize)
    make = pulp.LpVariable.dicts("make", (routes, periods), 0)
    stock = pulp.LpVariable.dicts("stock", (routes, periods), 0)
    ship = pulp.LpVariable.dicts("ship", (routes, periods), 0)
    lost = pulp.LpVariable.dicts("lost", (range(size), periods), 0)
    regular = {p: {t: pulp.LpVariable(f"regular_{p}_{t}", 0, float(data.capacity[p])) for t in periods} for p in plants}
    overtime = pulp.LpVariable.dicts("overtime", (plants, periods), 0)
    model += pulp.lpSum(
        [float(data.cost[r]) * make[r][t] + float(data.holding[data.item[r]]) * stock[r][t] for r in routes for t in periods]
        + [30 * regular[p][t] + 45 * overtime[p][t] for p in plants for t in periods]
        + [float(data.price[i]) * lost[i][t] for i in range(size) for t in periods]
    )
    of_item: list[list[int]] = [[] for _ in range(size)]
    of_plant: list[list[int]] = [[] for _ in plants]
    for r in routes:
        of_item[data.item[r]].append(r)
        of_plant[data.plant[r]].append(r)
        for t in periods:
            model += make[r][t] + (stock[r][t - 1] if t else 0) - ship[r][t] - stock[r][t] == 0
    for t in periods:
        for i in range(size):
            model += pulp.lpSum(ship[r][t] for r in of_item[i]) + lost[i][t] == float(data.demand[i, t])
        for p in plants:
            model += pulp.lpSum(float(data.hours[r]) * make[r][t] for r in of_plant[p]) - regular[p][t] - overtime[p][t] == 0
    model.solve(pulp.HiGHS(msg=False))
    return float((data.price[:, None] * data.demand).sum() - pulp.value(model.objective))
