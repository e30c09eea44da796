"""How the numbers of supply review are worked out, each from its inputs. Formulas: docs/supply.md."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import polars as pl

from equipoise.finance import TERMS
from equipoise.service.lineage.draft import Draft, part, summed, total
from equipoise.service.lineage.held import CELL, Held
from equipoise.service.messages.explaining import Input
from equipoise.supply.inventory_targets.formulas import Exposure, safety_factors

_POINT = ("item", "location")
_PLACED = (*_POINT, "period")
_MOST = 6  # single contributions told; the rest is one


def stock_end(held: Held, rows: pl.DataFrame) -> Draft | None:
    """Stock at the start, plus what arrives, less what leaves: of one period."""
    if rows["period"].n_unique() > 1 or (now := held.number_of(rows["period"][0])) is None:
        return None
    kept = held.books
    opening = summed("opening", "at the start", rows, "inventory_plan.opening")
    made = kept.made.clear(), kept.bought.clear(), kept.moved.clear()
    ways = (
        ("made", "made", "supply_plan.quantity", kept.arriving(kept.made)),
        ("bought", "bought", "purchase_plan.quantity", kept.arriving(made[0], kept.bought)),
        ("moved_in", "moved in", "transfer_plan.quantity", kept.arriving(made[0], kept.moved)),
        ("expected", "expected anyway", "scheduled_receipt.quantity", kept.timed("scheduled_receipt")),
    )
    bill = held.frame("bom").select("route", "component", each="quantity")
    used = kept.made.join(bill, on="route", maintain_order="left").select(
        "location", "t", item="component", quantity=pl.col("quantity") * pl.col("each")
    )
    gone = (
        ("used", "used as component", "bom.quantity", used),
        ("moved_out", "moved out", "transfer_plan.quantity", kept.moved.rename({"from": "location"})),
        ("shipped", "shipped", "shipment_plan.quantity", kept.shipped),
        ("scrap", "scrapped", "inventory_plan.scrap", kept.stock.select(*_POINT, "t", quantity=pl.col("scrap").fill_null(0.0))),
    )
    signed = [(1, opening)]
    signed += [(sign, _flow(rows, now, *way)) for sign, ways_ in ((1, ways), (-1, gone)) for way in ways_]
    return total("Stock at the start, plus what arrives, less what leaves", signed)


def _flow(rows: pl.DataFrame, now: int, name: str, meaning: str, of: str, flow: pl.DataFrame) -> Input:
    here = flow.filter(pl.col("t") == now).join(rows.select(_POINT).unique(), on=_POINT, how="semi", maintain_order="left")
    return part(name, meaning, float(here["quantity"].sum()), of=of, rows=here.height)


def stock_opening(held: Held, rows: pl.DataFrame) -> Draft | None:
    """Stock at the end of the period before; of the first period what is on hand."""
    if rows["period"].n_unique() > 1 or (now := held.number_of(rows["period"][0])) is None:
        return None
    if now == 0:
        hand = held.beside("on_hand", rows, *_POINT)
        return total("What is on hand at the start of the plan", [(1, summed("on_hand", "on hand", hand, "on_hand.quantity"))])
    before = rows.with_columns(period=pl.lit(held.calendar.periods[now - 1]))
    last = held.beside("inventory_plan", before, *_PLACED)
    return total(
        "Stock at the end of the period before", [(1, summed("before", "at the end of the period before", last, "inventory_plan.quantity"))]
    )


def stock_value(held: Held, rows: pl.DataFrame) -> Draft | None:
    """Stock at standard cost."""
    if rows.height > 1:
        return None
    cost = held.beside("item", rows, "item")["unit_cost"].to_list()
    quantity = summed("stock", "in stock", rows, "inventory_plan.quantity")
    price = part("cost", "standard cost", cost[0] if cost else None, "currency per item unit", "item.unit_cost")
    return Draft("Stock at standard cost", "stock * cost", (quantity, price))


def stock_shortfall(_: Held, rows: pl.DataFrame) -> Draft | None:
    """Target less stock, where that is more than nothing."""
    target = part("target", "target", rows["target"][0] or 0.0, of="inventory_plan.target")
    stock = part("stock", "in stock", rows["quantity"][0], of="inventory_plan.quantity")
    if not rows["shortfall"][0]:
        return Draft("What stock lacks of its target", "max(target - stock, 0)", (target, stock))
    return total("What stock lacks of its target", [(1, target), (-1, stock)])


def safety_stock(_: Held, rows: pl.DataFrame) -> Draft | None:
    """Safety factor times the spread of demand over lead and review time."""
    row = rows.row(0, named=True)
    names = ("demand", "demand_deviation", "lead_time", "lead_time_deviation", "review_time", "service_level")
    if any(row[name] is None for name in names):
        return None
    arrays = [np.array([row[name]], dtype=np.float64) for name in names]
    by_units = np.array([row["service_measure"] == "units"])
    factor = float(safety_factors(arrays[5], by_units, Exposure(*arrays[:5]))[0])
    words = {"demand": "demand of a day", "demand_deviation": "deviation of its forecast", "lead_time": "days of lead time"}
    words |= {"lead_time_deviation": "deviation of the lead time", "review_time": "days of review time"}
    inputs = [part(name, words[name], row[name], of=f"inventory_target.{name}") for name in words]
    level = f"safety factor for {row['service_level']:.0%} of {'units' if row['service_measure'] == 'units' else 'cycles'}"
    expression = "factor * sqrt((lead_time + review_time) * demand_deviation ** 2 + (demand * lead_time_deviation) ** 2)"
    return Draft("Safety factor times the spread of demand in lead and review time", expression, (part("factor", level, factor), *inputs))


def base_stock(_: Held, rows: pl.DataFrame) -> Draft | None:
    """Expected demand over lead and review time, and safety stock."""
    row = rows.row(0, named=True)
    words = {"demand": "demand of a day", "lead_time": "days of lead time", "review_time": "days of review time"}
    words |= {"safety_stock": "safety stock"}
    inputs = tuple(part(name, meaning, row[name], of=f"inventory_target.{name}") for name, meaning in words.items())
    return Draft("Expected demand in lead and review time, and safety stock", "demand * (lead_time + review_time) + safety_stock", inputs)


def load(held: Held, rows: pl.DataFrame) -> Draft:
    """The load of everything that takes the resource: the largest told one by one."""
    loads = held.beside("route_load", rows, "resource", "period")
    sums = loads.group_by("activity", "of", maintain_order=True).agg(pl.col("load").sum()).sort("load", "of", descending=[True, False])
    signed = [
        (1, part(f"l{place}", f"{activity} {of}", value, of="route_load.load", keys={"activity": activity, "of": of}))
        for place, (activity, of, value) in enumerate(sums.head(_MOST).iter_rows(), 1)
    ]
    if sums.height > _MOST:
        signed.append((1, part("rest", "all others", float(sums["load"][_MOST:].sum()), of="route_load.load", rows=sums.height - _MOST)))
    return total("The load of all that takes it", signed or [(1, part("none", "nothing takes it", 0.0))])


def utilisation(_: Held, rows: pl.DataFrame) -> Draft:
    """Load over what is available."""
    inputs = (summed("load", "load", rows, "capacity_load.load"), summed("available", "available", rows, "capacity_load.available"))
    return Draft("Load over regular capacity available", "load / available", inputs)


def idle(_: Held, rows: pl.DataFrame) -> Draft | None:
    """Regular capacity that is not used."""
    row = rows.row(0, named=True)
    parts = [(1, part("available", "available", row["available"], of="capacity_load.available"))]
    parts.append((-1, part("regular", "regular time worked", row["regular"], of="capacity_load.regular")))
    return total("Regular capacity that is not used", parts)


def available(held: Held, rows: pl.DataFrame) -> Draft | None:
    """Capacity given, what of it is productive, less stops, with steps; of labor by head its workers, where that is less."""
    row = rows.row(0, named=True)
    capacity, staff = held.beside("capacity", rows, "resource", "period"), held.beside("workforce", rows, "resource", "period")
    heads = held.beside("workforce_plan", rows, "resource", "period")
    drafts = []
    if capacity.height == 1 and capacity["regular"][0] is not None:
        drafts.append(_machine(capacity.row(0, named=True), row))
    if staff.height == 1 and heads.height == 1 and staff["hours_per_worker"][0] is not None:
        workers = part("workers", "workers", heads["workers"][0], of="workforce_plan.workers")
        hours = part("hours", "hours a worker", staff["hours_per_worker"][0], of="workforce.hours_per_worker")
        drafts.append(Draft("Workers times their hours", "workers * hours", (workers, hours)))
    if len(drafts) < 2:
        return drafts[0] if drafts else None
    expression = f"min({', '.join(one.expression for one in drafts)})"
    return Draft("The less of what machines and workers have", expression, tuple(one for draft in drafts for one in draft.inputs))


def _machine(given: Mapping[str, Any], row: Mapping[str, Any]) -> Draft:
    """Return what is productive of a capacity that is given, less stops, with steps; what is nothing is left out."""
    signed = (
        ("- downtime", "downtime", "planned stops", given["planned_downtime"], "capacity.planned_downtime"),
        ("+ added", "added", "steps", row["added"], "capacity_load.added"),
        ("- stopped", "stopped", "maintenance", row["stopped"], "capacity_load.stopped"),
    )
    inputs = [part("given", "given", given["regular"], of="capacity.regular")]
    expression = "given"
    if given["efficiency"] not in {None, 1.0}:
        inputs.append(part("efficiency", "share that is productive", given["efficiency"], of="capacity.efficiency"))
        expression = "given * efficiency"
    for term, name, meaning, value, of in signed:
        if value:
            inputs.append(part(name, meaning, value, of=of))
            expression += f" {term}"
    words = "Capacity given, as far as it is productive, less stops, with steps" if len(inputs) > 1 else "Capacity given"
    return Draft(words, expression, tuple(inputs))


def route_load(held: Held, rows: pl.DataFrame) -> Draft | None:
    """Units made, times what one takes; what set-ups take beside it."""
    row = rows.row(0, named=True)
    if row["activity"] != "make":
        return None
    takes = held.frame("usage").filter(pl.col("activity") == "make", pl.col("of") == row["of"], pl.col("resource") == row["resource"])
    made = held.frame("supply_plan").filter(pl.col("route") == row["of"], pl.col("period") == row["period"])
    if takes.height != 1:
        return None
    units = summed("made", "made", made, "supply_plan.quantity")
    each = part("each", "for a unit", takes["quantity"][0], of="usage.quantity")
    setup = row["load"] - (units.value or 0.0) * takes["quantity"][0]
    if abs(setup) > 1e-6 * max(1.0, row["load"]) and takes["setup_quantity"][0] is None:
        return None
    extra = part("setups", "for set-ups", setup if takes["setup_quantity"][0] is not None else 0.0, of="usage.setup_quantity")
    return Draft("Units made, times what one takes of the resource", "made * each + setups", (units, each, extra))


def backlog(held: Held, rows: pl.DataFrame) -> Draft | None:
    """Late before, plus demand, less what is shipped and lost."""
    if rows["period"].n_unique() > 1 or (now := held.number_of(rows["period"][0])) is None:
        return None
    if now == 0:
        before = summed("before", "late before", held.beside("backlog", rows, "item", "market"), "backlog.quantity")
    else:
        last = held.beside("shortage", rows.with_columns(period=pl.lit(held.calendar.periods[now - 1])), *CELL)
        before = summed("before", "late before", last, "shortage.backlog")
    parts = [(1, before), (1, summed("demand", "demand", rows, "shortage.demand"))]
    parts += [(-1, summed("shipped", "shipped", rows, "shortage.shipped")), (-1, summed("lost", "lost", rows, "shortage.lost"))]
    return total("Late before, plus demand, less what is shipped and lost", parts)


def demanded(held: Held, rows: pl.DataFrame) -> Draft:
    """The demand plan, by family where supply is planned so."""
    plan = held.frame("demand_plan")
    if held.setting.supply.level == "family":
        families = held.frame("item").select("item", pl.coalesce("family", "item").alias("of")).unique("item", keep="first")
        plan = plan.join(families, on="item", how="left", maintain_order="left").with_columns(item=pl.coalesce("of", "item"))
    own = plan.join(rows.select(CELL).unique(), on=CELL, how="semi", maintain_order="left").with_columns(pl.col("quantity").clip(0))
    return total("The demand plan", [(1, summed("demand", "demand plan", own, "demand_plan.quantity"))])


def delivered(held: Held, rows: pl.DataFrame) -> Draft | None:
    """What arrives at the market in the period."""
    if rows["period"].n_unique() > 1 or (now := held.number_of(rows["period"][0])) is None:
        return None
    here = held.books.delivered.filter(pl.col("t") == now).join(
        rows.select("item", "market").unique(), on=["item", "market"], how="semi", maintain_order="left"
    )
    return total("What arrives at the market", [(1, summed("shipped", "shipped, as it arrives", here, "shipment_plan.quantity"))])


def requirement_short(_: Held, rows: pl.DataFrame) -> Draft:
    """What the plan brings less than supply without limits."""
    words = {"made": "made without limits", "bought": "bought without limits", "moved_in": "moved in without limits"}
    signed = [(1, summed(name, meaning, rows, f"material_requirement.{name}")) for name, meaning in words.items()]
    return total(
        "What supply without limits brings more than the plan",
        [*signed, (-1, summed("planned", "planned", rows, "material_requirement.planned"))],
    )


def requirement_share(held: Held, rows: pl.DataFrame) -> Draft:
    """Required by all families over what is available."""
    whole = held.beside("capacity_requirement", rows, "resource", "period")
    required = summed("required", "required by all families", whole, "capacity_requirement.required")
    return Draft("Required over available", "required / available", (required, part("available", "available", rows["available"][0])))


def requirement_available(held: Held, rows: pl.DataFrame) -> Draft:
    """What the plan has of the resource."""
    own = held.beside("capacity_load", rows, "resource", "period")
    return total("What the plan has of the resource", [(1, summed("available", "available", own, "capacity_load.available"))])


def cause_share(held: Held, rows: pl.DataFrame) -> Draft | None:
    """Units that the limit causes over those of the whole gap."""
    whole = held.beside("supply_cause", rows, "kind", "item", "place", "period")
    units = part("caused", "caused by it", rows["quantity"][0], of="supply_cause.quantity")
    return Draft("What the limit causes of the whole gap", "caused / gap", (units, summed("gap", "gap", whole, "supply_cause.quantity")))


_HOME = {  # where a price of an activity stands, by the column that its term names
    "unit_cost": ("route", "purchase", "lane"),
    "standard_cost": ("item",),
    "regular_cost": ("resource",),
    "overtime_cost": ("resource",),
    "open_cost": ("capacity",),
    "cost": ("capacity_step",),
    "amount": ("one_off_cost",),
    "opening_cost": ("location",),
    "closing_cost": ("location",),
    "scrap_cost": ("inventory_policy",),
    "backlog_cost": ("demand_policy",),
    "lost_sale_cost": ("demand_policy",),
    "shortfall_cost": ("inventory_policy",),
    "excess_cost": ("inventory_policy",),
    "unit_price": ("demand_plan",),
    "setup_cost": ("route",),
    "fixed_cost": ("route", "purchase", "lane"),
    "load_cost": ("lane",),
    "holding_rate": ("inventory_policy",),
}
_STAFF = ("wage_per_period", "overtime_wage_per_hour", "hire_cost", "layoff_cost")


def amount(held: Held, rows: pl.DataFrame) -> Draft | None:
    """Units times the price of one, with the sign of the term."""
    row = rows.row(0, named=True)
    term = next((one for one in TERMS if one.name == row["term"]), None)
    if term is None or rows.height > 1 or not row["quantity"]:
        return None
    price = term.sign * row["amount"] / row["quantity"]
    where = _stands(held, row, [*term.rate.meta.root_names()], price)
    units = part("units", "units", row["quantity"], of="cost.quantity")
    each = part("price", "for a unit", price, "currency per unit of the term", where)
    sign = "" if term.sign > 0 else "-"
    return Draft(f"{term.meaning}: units times the price of one", f"{sign}units * price", (units, each))


def _stands(held: Held, row: dict[str, object], columns: Iterable[str], price: float) -> str:
    """Return the table and column in which a price stands for the subject of a row of cost; empty where it was worked out."""
    for column in columns:
        homes = _HOME.get(column, ("workforce",) if column in _STAFF else ())
        source = {"standard_cost": "unit_cost", "holding_rate": "holding_cost"}.get(column, column)
        for home in homes:
            frame = held.frame(home)
            names = {"item": row["item"] or row["subject"], "market": row["place"], "period": row["period"], "location": row["place"]}
            names |= {home: row["subject"], "resource": row["subject"]}
            keys = [
                key for key in ("route", "purchase", "lane", "resource", "item", "market", "location", "period") if key in frame.columns
            ]
            keys = [key for key in keys if names.get(key) is not None and not (key == "item" and home in {"route", "purchase", "lane"})]
            found = frame.filter(*(pl.col(key) == names[key] for key in keys))[source].drop_nulls().to_list()
            if any(abs(value - price) <= 1e-9 * max(1.0, abs(price)) for value in found):
                return f"{home}.{source}"
    return ""
