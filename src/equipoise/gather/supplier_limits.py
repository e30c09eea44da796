"""Lays limits of suppliers into tables: purchase limits, and a purchased material where the plan has no purchase from them yet."""

import polars as pl

from equipoise.gather import limits
from equipoise.gather.explosion import requirements
from equipoise.gather.laying import Task
from equipoise.tables import table


def limit_supplier(task: Task) -> None:
    """Lay a sentence about a supplier into the tables."""
    limit = task.constraint.limit
    if isinstance(limit, limits.LeadTime):
        days = {"lead_time": pl.lit(limit.days), "lead_periods": pl.lit(None, pl.Int64)}
        _set_purchase(task, f"from order to stock it takes {limit.days:g} days", **days)
    elif isinstance(limit, limits.Lot) and not limit.multiple:
        _set_purchase(task, f"an order has at least {limit.quantity:g} units", minimum_lot=pl.lit(limit.quantity))
    elif isinstance(limit, limits.AtCapacity):
        _at_capacity(task)
    elif isinstance(limit, limits.Output):
        _quantity(task, limit)
    elif isinstance(limit, limits.Closed):
        _closed(task)
    else:
        task.error("A supplier cannot have such a limit.", "Name a resource or a plant, or give a most or least quantity.")


def _set_purchase(task: Task, statement: str, **columns: pl.Expr) -> None:
    task.update("purchase", pl.col("purchase").is_in(task.subject.purchases), **columns)
    task.read_as("purchase", f"buying from {task.subject}, {statement}")


def _at_capacity(task: Task) -> None:
    """Cap what the supplier delivers at what the base plan needs of it in each period."""
    demand = _base_demand(task)
    if demand is None:
        return
    purchases = _purchases(task)
    needed = requirements(demand, task.frame("route"), task.frame("bom"))
    bought = task.frame("purchase").select("purchase", "item").unique().sort("purchase")
    share = bought.with_columns((1.0 / pl.len().over("item")).alias("#part")).filter(pl.col("purchase").is_in(purchases))
    grid = share.join(_periods(task), how="cross").join(needed, on=["item", "period"], how="left", maintain_order="left")
    grid = grid.with_columns((pl.col("quantity").fill_null(0.0) * pl.col("#part")).alias("#most"))
    _set_maximum(task, grid.select("purchase", "period", "#most"))
    total = grid.group_by("period", maintain_order=True).agg(pl.col("#most").sum()).sort("period").get_column("#most")
    low, high = f"{total.sort()[0]:,.6g}", f"{total.sort()[-1]:,.6g}"
    amount = low if low == high else f"{low} to {high}"
    task.read_as(
        "purchase_limit", f"{task.subject} delivers no more than what the base plan needs, {amount} units a {task.calendar.cadence}"
    )


def _base_demand(task: Task) -> pl.DataFrame | None:
    """Return the base plan's demand where streams alone give it: item, period, quantity."""
    forecast = task.frame("forecast")
    if task.frame("history").height or forecast.is_empty():
        fix = f"Give the number: '{task.subject} max 20000 units per month'."
        task.error("What the base plan needs is known only once demand is forecast from history.", fix)
        return None
    views = (
        forecast.filter(pl.col("kind") == "view").group_by("item", "market", "period", maintain_order=True).agg(pl.col("quantity").mean())
    )
    increments = forecast.filter(pl.col("kind") == "increment").select("item", "market", "period", "quantity")
    both = pl.concat([views, increments])
    return both.group_by("item", "period", maintain_order=True).agg(pl.col("quantity").sum().clip(0.0)).sort("item", "period")


def _quantity(task: Task, limit: limits.Output) -> None:
    if limit.amount.unit == "hours":
        task.error("A supplier is limited in units, not in hours.", "Say it in units.")
        return
    purchases = _purchases(task)
    if len(purchases) > 1:
        if limit.when.spans:
            fix = f"Name one purchase: {', '.join(purchases)}."
            task.error("A limit over several purchases cannot change over time.", fix)
            return
        number = limit.amount.a_period(365.25 / task.calendar.periods_a_year, task.calendar)
        bound = "at_most" if limit.bound == "at most" else "at_least"
        task.append("limit", [{"limit": task.constraint.sentence, bound: number, "measure": "quantity", "span": "period"}])
        members: list[dict[str, object]] = [
            {"limit": task.constraint.sentence, "table": "purchase", "key": purchase} for purchase in purchases
        ]
        task.append("limit_member", members)
        task.read_as("limit", f"{', '.join(purchases)} together deliver {limit.bound} {number:,.6g} units in every period")
        return
    cover = task.cover(limit.when)
    number_of = (task.amount_in(limit.amount) * (pl.col("#share") if limit.bound == "at least" else 1.0)).alias("#most")
    grid = cover.filter((pl.col("#share") == 1) | (limit.bound == "at least")).select(
        pl.lit(purchases[0]).alias("purchase"), "period", number_of
    )
    if limit.bound == "at most":
        _set_maximum(task, grid)
    else:
        _set_bound(task, grid, "minimum", lowest=False)
    task.read_as("purchase_limit", f"{purchases[0]} delivers {limit.bound} {limit.amount}{task.converted(limit.amount)} {limit.when}")


def _closed(task: Task) -> None:
    cover = task.cover(task.constraint.limit.when)
    closed = cover.filter(pl.col("#share") >= 0.5)
    purchases = pl.DataFrame({"purchase": list(task.subject.purchases)}, schema={"purchase": pl.String})
    _set_maximum(task, purchases.join(closed.select("period", pl.lit(0.0).alias("#most")), how="cross"))
    part = ", where it covers at least half of the period" if (cover["#share"] < 1).any() else ""
    task.read_as("purchase_limit", f"nothing is bought from {task.subject} {task.constraint.limit.when}{part}")


def _periods(task: Task) -> pl.DataFrame:
    return pl.DataFrame({"period": task.calendar.periods}, schema={"period": pl.Date})


def _set_maximum(task: Task, most: pl.DataFrame) -> None:
    _set_bound(task, most, "maximum", lowest=True)


def _set_bound(task: Task, bound: pl.DataFrame, column: str, *, lowest: bool) -> None:
    """Lay bounds (purchase, period, #most) over purchase_limit: the tighter one holds where there is one already."""
    each = task.frame("purchase_limit").filter(pl.col("span") == "period")
    others = task.frame("purchase_limit").filter(pl.col("span") != "period")
    joined = each.join(bound, on=["purchase", "period"], how="full", coalesce=True, maintain_order="left")
    tighter = pl.min_horizontal(column, "#most") if lowest else pl.max_horizontal(column, "#most")
    joined = joined.with_columns(tighter.alias(column), pl.lit("period").alias("span"))
    whole = pl.concat([others, table("purchase_limit").conform(joined)])
    task.tables["purchase_limit"] = whole.sort("purchase", "span", "period")


def _purchases(task: Task) -> list[str]:
    """Return the supplier's purchases; without any, make a material that every route takes one of, delivered to every plant."""
    if task.subject.purchases:
        return list(task.subject.purchases)
    supplier = task.subject.name
    material, line = f"{supplier} material", task.calendar.periods
    plants = task.frame("route").get_column("location").unique().sort().to_list()
    task.append("item", [{"item": material, "name": material, "unit": "unit", "kind": "raw", "planning_strategy": "to_stock"}])
    task.append("location", [{"location": supplier, "kind": "supplier", "is_open": True}])
    task.append("bom", [{"route": route, "component": material, "quantity": 1.0} for route in task.subject_routes()])
    buy: dict[str, object] = {"purchase": supplier, "item": material, "location": supplier, "supplier": supplier, "kind": "buy"}
    task.append("purchase", [{**buy, "period": period} for period in line])
    ways = [{"lane": f"{supplier} to {plant}", "item": material, "from": supplier, "to": plant} for plant in plants]
    task.append("lane", [{**way, "period": period} for way in ways for period in line])
    statement = (
        f"every unit made takes one unit of {material}, bought from {supplier} and delivered to {', '.join(plants)} at no cost and at once"
    )
    task.read_as("purchase", statement)
    return [supplier]
