"""Lays limits in words into tables: what each sentence changes, and the assumption that says so."""

from collections.abc import Callable

import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.gather import limits
from equipoise.gather.laying import Tables, Task, report_error
from equipoise.gather.limits import Amount
from equipoise.gather.moments import When
from equipoise.gather.plan import Constraint
from equipoise.gather.report import Report
from equipoise.gather.subjects import Subject, everything, find_subject, find_supplier, nearest_subject
from equipoise.gather.supplier_limits import limit_supplier
from equipoise.tables import table

_HOURS = ("hours", "hour", "h", "hrs")


def lay_limits(constraints: tuple[Constraint, ...], tables: Tables, calendar: Calendar, report: Report) -> None:
    """Lay every sentence into `tables`, which hold exact rows for every period.

    Capacity changes come first, then overtime (a share is one of the capacity so changed), then closures, whatever their order
    in the plan file; each is recorded as an assumption. A name nothing has, or a unit that does not fit, is a fault.
    """
    for kind in (_CAPACITY, _OVERTIME, _CLOSURE, _OTHER):
        for constraint in constraints:
            lay = kind.get(type(constraint.limit))
            if lay is None:
                continue
            subject = _subject(constraint, tables, report)
            if subject is not None:
                task = Task(constraint, subject, tables, calendar, report)
                (limit_supplier if subject.kind == "supplier" else lay)(task)


def _subject(constraint: Constraint, tables: Tables, report: Report) -> Subject | None:
    name = constraint.limit.subject
    if not name:
        if isinstance(constraint.limit, limits.AtCapacity):
            report_error(constraint, "Whose capacity is meant?", "Name the supplier: 'Supplier X at capacity'.", report)
            return None
        return everything(tables, constraint.kind)
    supplies = isinstance(constraint.limit, (limits.AtCapacity, limits.Output))
    found = find_supplier(name, tables) if isinstance(constraint.limit, limits.AtCapacity) else find_subject(name, tables)
    if found is None and supplies and (name.lower().startswith("supplier") or isinstance(constraint.limit, limits.AtCapacity)):
        return Subject("supplier", name)
    if found is None:
        report_error(constraint, f"Nothing is called {name}.", nearest_subject(name, tables), report)
    return found


# --- capacity ---------------------------------------------------------------------------------------------------------------


def _change_capacity(task: Task, change: Callable[[pl.Expr], pl.Expr], column: str, when: When, statement: str) -> None:
    """Change a column of capacity for the resources of the task, by the share of each period in which the limit holds."""
    resources = [one for one in task.subject.resources if one in set(task.frame("capacity").get_column("resource"))]
    if not resources:
        task.error("No resource it could limit has a capacity.", "Give table capacity, or name a resource that has one.")
        return
    cover = task.cover(when)
    wide = task.frame("capacity").join(cover, on="period", how="left", maintain_order="left")
    chosen = pl.col("resource").is_in(resources) & pl.col("#share").is_not_null()
    new = change(pl.col(column))
    blended = (
        pl.when(pl.col(column).is_null())
        .then(pl.when(pl.col("#share") >= 0.5).then(new))
        .otherwise(pl.col("#share") * new + (1 - pl.col("#share")) * pl.col(column))
    )
    changed = wide.with_columns(pl.when(chosen).then(blended).otherwise(pl.col(column)).alias(column))
    task.tables["capacity"] = changed.select(table("capacity").schema.names())
    task.read_as("capacity", f"{statement} of {', '.join(resources)} {when}{_partly(cover)}")


def _partly(cover: pl.DataFrame) -> str:
    return ", by the day in periods it covers partly" if (cover["#share"] < 1).any() else ""


def _shifts(task: Task) -> None:
    limit = task.constraint.limit
    assert isinstance(limit, limits.Shifts)  # noqa: S101
    words = f"the capacity given is that of one shift, and regular capacity is times {limit.count:g}"
    _change_capacity(task, lambda regular: regular * limit.count, "regular", limit.when, words)


def _capacity_change(task: Task) -> None:
    limit = task.constraint.limit
    assert isinstance(limit, limits.CapacityChange)  # noqa: S101
    words = f"regular capacity is times {limit.factor:g}"
    _change_capacity(task, lambda regular: regular * limit.factor, "regular", limit.when, words)


def _capacity_level(task: Task) -> None:
    limit = task.constraint.limit
    assert isinstance(limit, limits.CapacityLevel)  # noqa: S101
    if _unit_fits(task, limit.amount):
        words = f"regular capacity is {limit.amount}{task.converted(limit.amount)}"
        _change_capacity(task, lambda _: task.amount_in(limit.amount), "regular", limit.when, words)


def _utilisation(task: Task) -> None:
    limit = task.constraint.limit
    assert isinstance(limit, limits.Utilisation)  # noqa: S101
    words = f"efficiency, and with it the capacity that can be used, is times {limit.share:g}"
    _change_capacity(task, lambda efficiency: efficiency.fill_null(1.0) * limit.share, "efficiency", limit.when, words)


def _overtime(task: Task) -> None:
    limit = task.constraint.limit
    assert isinstance(limit, limits.Overtime)  # noqa: S101
    if limit.amount is not None:
        amount = limit.amount
        if _unit_fits(task, amount):
            words = f"overtime is at most {amount}{task.converted(amount)}"
            _change_capacity(task, lambda _: task.amount_in(amount), "overtime_limit", limit.when, words)
        return
    share = limit.share or 0.0
    words = f"overtime is at most {share:.4%} of regular capacity".replace(".0000%", " %") if share else "there is no overtime"
    crews = [one for one in task.subject.resources if one in set(task.frame("workforce").get_column("resource"))]
    if crews:
        _crew_overtime(task, share, limit.when, crews)
    if not crews or set(task.frame("capacity").get_column("resource")) & set(task.subject.resources):
        most = (lambda _: pl.col("regular") * share) if share else (lambda _: pl.lit(0.0))
        _change_capacity(task, most, "overtime_limit", limit.when, words)


def _crew_overtime(task: Task, share: float, when: When, crews: list[str]) -> None:
    """Limit the overtime of labor that is paid by head."""
    wide = task.frame("workforce").join(task.cover(when), on="period", how="left", maintain_order="left")
    chosen = pl.col("resource").is_in(crews) & pl.col("#share").is_not_null()
    hours = pl.when(chosen).then(pl.col("hours_per_worker") * share).otherwise(pl.col("overtime_hours_per_worker"))
    task.tables["workforce"] = wide.with_columns(hours.alias("overtime_hours_per_worker")).select(table("workforce").schema.names())
    task.read_as("workforce", f"overtime of a worker is at most {share:.6g} of regular hours, of {', '.join(crews)} {when}")


def _closed(task: Task) -> None:
    limit = task.constraint.limit
    _change_capacity(task, lambda _: pl.lit(0.0), "regular", limit.when, "nothing is made in regular time")
    _change_capacity(task, lambda _: pl.lit(0.0), "overtime_limit", limit.when, "there is no overtime")
    if "minimum_run" in task.frame("capacity").columns:
        closed = [period for period, share in limit.when.cover(task.calendar).items() if share == 1]
        rows = pl.col("resource").is_in(task.subject.resources) & pl.col("period").is_in(closed)
        task.update("capacity", rows, minimum_run=pl.lit(None, dtype=pl.Float64))


def _unit_fits(task: Task, amount: Amount) -> bool:
    """Whether the amount is in the unit of the resources it limits; reported where it is not."""
    units = (
        task.frame("resource")
        .filter(pl.col("resource").is_in(task.subject.resources))
        .select("resource", "unit")
        .unique(maintain_order=True)
    )
    for resource, unit in units.iter_rows():
        hours = (unit or "hours").lower() in _HOURS
        if hours != (amount.unit == "hours"):
            task.error(f"{resource} is measured in {unit}, not in {amount.unit}.", f"Say the limit in {unit}, or name another resource.")
            return False
    return True


# --- output, lots, times ------------------------------------------------------------------------------------------------------


def _output(task: Task) -> None:
    limit = task.constraint.limit
    assert isinstance(limit, limits.Output)  # noqa: S101
    if limit.amount.unit == "hours":
        if limit.bound == "at least":
            task.error("A least number of hours is not a limit that can be planned.", "Give `resource.maximum_idle`, or say it in units.")
        elif _unit_fits(task, limit.amount):
            most = task.amount_in(limit.amount)
            words = f"regular capacity is at most {limit.amount}{task.converted(limit.amount)}"
            _change_capacity(task, lambda regular: pl.min_horizontal(regular, most), "regular", limit.when, words)
        return
    routes = task.subject.routes
    if not routes:
        task.error(f"{task.subject} makes nothing.", "Name a resource, plant, item or family that has a route.")
    elif limit.when.spans and len(routes) > 1:
        task.error("A limit over several routes cannot change over time.", f"Name one route: {', '.join(routes[:10])}.")
    elif limit.when.spans:
        _firm_output(task, limit, routes[0])
    else:
        average = 365.25 / task.calendar.periods_a_year
        number = limit.amount.a_period(average, task.calendar)
        name = task.constraint.sentence
        bound = "at_most" if limit.bound == "at most" else "at_least"
        task.append("limit", [{"limit": name, bound: number, "measure": "quantity", "span": "period"}])
        task.append("limit_member", [{"limit": name, "table": "route", "key": route} for route in routes])
        named = ", ".join(routes[:5]) + (" and others" if len(routes) > 5 else "")
        words = f"{named} together make {limit.bound} {number:,.6g} units in every period"
        task.read_as("limit", words)


def _firm_output(task: Task, limit: limits.Output, route: str) -> None:
    column = "maximum" if limit.bound == "at most" else "minimum"
    rows: list[dict[str, object]] = []
    for period, share in limit.when.cover(task.calendar).items():
        if share == 1 or limit.bound == "at least":
            number = limit.amount.a_period(task.calendar.days(period), task.calendar) * share
            rows.append({"kind": "production", "key": route, "period": period, column: number})
    taken = task.frame("firm_plan").filter((pl.col("kind") == "production") & (pl.col("key") == route)).get_column("period").to_list()
    if set(taken) & {row["period"] for row in rows}:
        task.error(f"firm_plan already says what {route} makes then.", "Say it there.")
        return
    task.append("firm_plan", rows)
    task.read_as("firm_plan", f"{route} makes {limit.bound} {limit.amount}{task.converted(limit.amount)} {limit.when}")


def _lead_time(task: Task) -> None:
    limit = task.constraint.limit
    assert isinstance(limit, limits.LeadTime)  # noqa: S101
    _set_route(task, f"from start to stock it takes {limit.days:g} days", lead_time=pl.lit(limit.days), lead_periods=pl.lit(None, pl.Int64))


def _lot(task: Task) -> None:
    limit = task.constraint.limit
    assert isinstance(limit, limits.Lot)  # noqa: S101
    if limit.multiple:
        _set_route(task, f"lots are multiples of {limit.quantity:g}", lot_multiple=pl.lit(limit.quantity))
    else:
        _set_route(task, f"a lot has at least {limit.quantity:g} units", minimum_lot=pl.lit(limit.quantity))


def _set_route(task: Task, statement: str, **columns: pl.Expr) -> None:
    routes = task.subject.routes
    if not routes:
        task.error(f"{task.subject} makes nothing.", "Name a resource, plant, item or family that has a route.")
        return
    task.update("route", pl.col("route").is_in(routes), **columns)
    task.read_as("route", f"on {'every route' if task.subject.kind == 'all' else ', '.join(routes)} {statement}")


def _safety_stock(task: Task) -> None:
    limit = task.constraint.limit
    assert isinstance(limit, limits.SafetyStock)  # noqa: S101
    places = [task.frame(name).select("item", "location") for name in ("route", "purchase", "on_hand")]
    kept = pl.concat(places).unique().filter(pl.col("item").is_in(task.subject.items)).sort("item", "location")
    if task.subject.locations and task.subject.kind == "location":
        kept = kept.filter(pl.col("location").is_in(task.subject.locations))
    if kept.is_empty():
        task.error(f"{task.subject} holds no stock.", "Name an item, a family or a plant that makes, buys or has stock.")
        return
    grid = kept.join(pl.DataFrame({"period": task.calendar.periods}, schema={"period": pl.Date}), how="cross")
    policy = grid.join(task.frame("inventory_policy"), on=["item", "location", "period"], how="left", maintain_order="left")
    if limit.weeks is not None:
        policy = policy.with_columns(pl.lit(limit.weeks).alias("weeks_of_supply"))
        words = f"the target is {limit.weeks:g} weeks of coming demand at every place that makes, buys or has it"
    else:
        policy = policy.with_columns((limit.units / pl.len().over("item", "period")).alias("safety_stock"))
        words = f"the target of each item is {limit.units:g} units, shared equally over the places that make, buy or have it"
    others = task.frame("inventory_policy").join(kept, on=["item", "location"], how="anti", maintain_order="left")
    task.tables["inventory_policy"] = pl.concat([others, table("inventory_policy").conform(policy)]).sort("item", "location", "period")
    task.read_as("inventory_policy", f"for {task.subject} {words}; missing it is a shortfall without a price")


def _shelf_life(task: Task) -> None:
    limit = task.constraint.limit
    assert isinstance(limit, limits.ShelfLife)  # noqa: S101
    if not task.subject.items:
        task.error(f"{task.subject} is no item and no family.", "Name an item or a family.")
        return
    task.update("item", pl.col("item").is_in(task.subject.items), shelf_life=pl.lit(limit.days))
    task.read_as("item", f"{', '.join(task.subject.items[:5])} keep{'s' if len(task.subject.items) == 1 else ''} {limit.days:g} days")


def _workers(task: Task) -> None:
    limit = task.constraint.limit
    assert isinstance(limit, limits.Workers)  # noqa: S101
    crews = [one for one in task.subject.resources if one in set(task.frame("workforce").get_column("resource"))]
    if not crews:
        task.error("No labor that is paid by head is given.", "Give table workforce, or limit hours instead.")
        return
    column = "maximum" if limit.bound == "at most" else "minimum"
    covered = list(limit.when.cover(task.calendar))
    task.update("workforce", pl.col("resource").is_in(crews) & pl.col("period").is_in(covered), **{column: pl.lit(limit.count)})
    task.read_as("workforce", f"each of {', '.join(crews)} has {limit.bound} {limit.count:g} workers {limit.when}")


Lay = Callable[[Task], None]
_CAPACITY: dict[type, Lay] = {
    limits.Shifts: _shifts,
    limits.CapacityChange: _capacity_change,
    limits.CapacityLevel: _capacity_level,
    limits.Utilisation: _utilisation,
}
_OVERTIME: dict[type, Lay] = {limits.Overtime: _overtime}
_CLOSURE: dict[type, Lay] = {limits.Closed: _closed}
_OTHER: dict[type, Lay] = {
    limits.Output: _output,
    limits.AtCapacity: limit_supplier,
    limits.LeadTime: _lead_time,
    limits.Lot: _lot,
    limits.SafetyStock: _safety_stock,
    limits.ShelfLife: _shelf_life,
    limits.Workers: _workers,
}
