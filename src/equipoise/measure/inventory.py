"""Inventory: weeks of supply, now and as planned, and how often stock turns."""

import datetime as dt
from dataclasses import dataclass

import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.measure.cover import days_of_inventory, inventory_turns, weeks_of_supply
from equipoise.measure.levels import OF_ITEM, TOTAL, Card, Level, Row, review_level, subjects, with_attributes
from equipoise.measure.measured import Measured, total
from equipoise.tables.setting import Setting

_NO_TARGET = "No target is given: set targets.weeks_of_supply or inventory_policy."


@dataclass(frozen=True)
class Coming:
    """Demand to come of some items, by period, to walk stock through."""

    calendar: Calendar
    by_period: dict[dt.date, float]

    def weeks(self, stock: float, since: dt.date) -> Measured:
        """Return the weeks that `stock` covers of demand from period `since` to the end of the horizon."""
        ahead = self.calendar.between(since, self.calendar.periods[-1])
        return weeks_of_supply(stock, [self.by_period.get(day, 0.0) for day in ahead], [self.calendar.days(day) for day in ahead])


def cover_rows(
    plan: Setting,
    stock_actual: pl.DataFrame,
    inventory_plan: pl.DataFrame,
    demand_plan: pl.DataFrame,
    history: pl.DataFrame,
    item: pl.DataFrame,
) -> list[Row]:
    """Return the rows of weeks of supply: what is in stock now is judged, what the plan ends its periods with is shown.

    Only items that are sold count: components cover production, not demand.
    """
    review = review_level(plan.demand.review, OF_ITEM)
    calendar = Calendar.from_setting(plan.calendar)
    sold = demand_plan.filter(pl.col("quantity") > 0).select("item").unique()
    now, since = _stock_now(stock_actual, inventory_plan, calendar)
    stock = with_attributes(now.join(sold, on="item", how="semi", maintain_order="left"), item)
    if stock.is_empty():
        blank = Card("weeks_of_supply", "weeks", "stock now, walked forward through coming demand")
        return [blank.missing(review, "Give stock_actual or on_hand, and demand of the items in stock.")]
    demand = pl.concat([frame.select("item", "period", "quantity") for frame in (history, demand_plan)])
    rows: list[Row] = []
    for level in (review, TOTAL):
        for subject, part in subjects(stock, level):
            items = part.select("item").unique()
            wanted = (
                demand.join(items, on="item", how="semi", maintain_order="left")
                .group_by("period", maintain_order=True)
                .agg(pl.col("quantity").sum())
            )
            coming = Coming(calendar, dict(wanted.iter_rows()))
            planned = inventory_plan.join(items, on="item", how="semi", maintain_order="left")
            card = _cover_card(plan, planned, coming)
            rows.append(_judged_cover(plan, card, level, subject, coming.weeks(total(part["quantity"]), since)))
            rows += _planned_cover(card, level, subject, planned, coming)
    return rows


def _stock_now(stock_actual: pl.DataFrame, inventory_plan: pl.DataFrame, calendar: Calendar) -> tuple[pl.DataFrame, dt.date]:
    """Return item and quantity in stock now, and the first period whose demand it covers."""
    last = stock_actual["period"].max()
    if isinstance(last, dt.date):
        return stock_actual.filter(pl.col("period") == last).select("item", "quantity"), calendar.next(last)
    first = calendar.periods[0]
    return inventory_plan.filter(pl.col("period") == first).select("item", pl.col("opening").fill_null(0.0).alias("quantity")), first


def _cover_card(plan: Setting, planned: pl.DataFrame, coming: Coming) -> Card:
    """Return the card with its target: the setting's, else what the first inventory targets cover."""
    target, tolerance = plan.targets.weeks_of_supply.target, plan.targets.weeks_of_supply.tolerance
    if target is None:
        goals = planned.group_by("period", maintain_order=True).agg(pl.col("target").sum()).filter(pl.col("target") > 0).sort("period")
        if goals.height:
            period, goal = goals.row(0)
            target = coming.weeks(goal, coming.calendar.next(period)).value if period < coming.calendar.periods[-1] else None
    basis = f"stock now, walked forward through coming demand; good within {tolerance:.0%} of the target"
    return Card("weeks_of_supply", "weeks", basis, target)


def _judged_cover(plan: Setting, card: Card, level: Level, subject: str, measured: Measured) -> Row:
    """Return the row of stock now; good is near the target on either side."""
    if measured.value is None:
        return card.row(level, subject, measured)
    if card.target is None:
        return card.row(level, subject, Measured(measured.value, " ".join(filter(None, [measured.note, _NO_TARGET]))))
    near = abs(measured.value - card.target) <= plan.targets.weeks_of_supply.tolerance * card.target + 1e-9
    status = ("met" if near else "missed") if level.judged else "shown"
    return card.row(level, subject, measured) | {"status": status}


def _planned_cover(card: Card, level: Level, subject: str, planned: pl.DataFrame, coming: Coming) -> list[Row]:
    ends = planned.group_by("period", maintain_order=True).agg(pl.col("quantity").sum()).sort("period")
    rows = []
    for end, quantity in ends.filter(pl.col("period") < coming.calendar.periods[-1]).iter_rows():
        row = card.row(level, subject, coming.weeks(quantity, coming.calendar.next(end)), end)
        rows.append(row | {"basis": "stock planned for the end of the period"})
    return [row for row in rows if row["value"] is not None]


def turns_rows(
    plan: Setting,
    shipment: pl.DataFrame,
    stock_actual: pl.DataFrame,
    inventory_plan: pl.DataFrame,
    demand_plan: pl.DataFrame,
    item: pl.DataFrame,
) -> list[Row]:
    """Return turns and days of inventory of the past, where shipments and stock are given, and of the plan."""
    calendar = Calendar.from_setting(plan.calendar)
    cost = item.filter(pl.col("unit_cost").is_not_null()).select("item", "unit_cost").unique("item", maintain_order=True)
    past = shipment.join(stock_actual.select("period").unique(), on="period", how="semi", maintain_order="left")
    stock = stock_actual.join(past.select("period").unique(), on="period", how="semi", maintain_order="left")
    pairs = (
        ("inventory_turns", "days_of_inventory", past, stock, "shipments over stock at the ends of periods, at standard cost"),
        ("planned_turns", "planned_days_of_inventory", demand_plan, inventory_plan, "planned demand over planned stock, at standard cost"),
    )
    rows: list[Row] = []
    for turns, days_name, goods, held, basis in pairs:
        goods_cost = _at_cost(goods, cost)
        average = _at_cost(held, cost) / max(1, held["period"].n_unique())
        days = sum(calendar.days(period) for period in goods["period"].unique())
        cards = (
            (Card(turns, "turns a year", basis), inventory_turns(goods_cost, average, days)),
            (Card(days_name, "days", basis), days_of_inventory(goods_cost, average, days)),
        )
        give = "Give shipment, stock_actual and item.unit_cost." if turns == "inventory_turns" else "Give on_hand and item.unit_cost."
        rows += [card.row(TOTAL, "", value if value.value is not None else Measured(None, give)) for card, value in cards]
    return rows


def _at_cost(frame: pl.DataFrame, cost: pl.DataFrame) -> float:
    """Quantity times standard cost, items without one left out."""
    return float(frame.join(cost, on="item", maintain_order="left").select((pl.col("quantity") * pl.col("unit_cost")).sum()).item() or 0.0)
