"""The demand plan: the consensus after orders and prices."""

import numpy as np
import polars as pl

from equipoise.demand.events.event_rows import at_event_price
from equipoise.demand.methods import Array
from equipoise.demand.scope import CELL, PAIR
from equipoise.dimensions.calendar import Calendar
from equipoise.tables import table
from equipoise.tables.setting import from_table


def demand_plan(
    consensus: pl.DataFrame,
    stream: pl.DataFrame,
    event: pl.DataFrame,
    order_book: pl.DataFrame,
    price: pl.DataFrame,
    item: pl.DataFrame,
    setting: pl.DataFrame,
) -> pl.DataFrame:
    """Return the table `demand_plan`: every item and market with a forecast or an order, in every period of the horizon.

    Demand is the orders plus the forecast that they leave unconsumed. An order consumes the forecast of its own period first, then of the
    periods before (the nearest first, as far as `demand.order_window_back`), then of those after (`demand.order_window_forward`); without
    a window that is the larger of forecast and orders. Additional orders add. The price is that of table price, else the item's, with the
    price of events for what is sold in them (`events.at_event_price`), else revenue over quantity of the consensus before overrides, else
    empty. No demand lies below what is ordered, nor does p10. An override of the consensus moves its interval along, as increments do.
    """
    settings = from_table(setting)
    calendar = Calendar.from_setting(settings.calendar)
    orders = order_book.filter(pl.col("period").is_in(calendar.periods), pl.col("quantity") > 0)
    orders = orders.with_columns(pl.col("additional").fill_null(value=False))
    cells = _grid(consensus, orders, calendar)
    shape = (-1, calendar.horizon)
    forecast, firm, added = (cells.get_column(name).to_numpy().reshape(shape) for name in ("forecast", "firm", "added"))
    left = unconsumed(forecast, firm, settings.demand.order_window_back, settings.demand.order_window_forward)
    cells = cells.with_columns(pl.Series("quantity", (firm + left + added).ravel()), orders=pl.col("firm") + pl.col("added"))
    known = pl.when(pl.col("p10").is_not_null() & pl.col("p90").is_not_null())
    low, high = pl.col("p10") + pl.col("added"), pl.col("p90") + pl.col("added")
    cells = cells.with_columns(
        p10=known.then(pl.min_horizontal(pl.max_horizontal(low, "orders"), "quantity")), p90=known.then(pl.max_horizontal(high, "quantity"))
    )
    priced = _priced(cells.drop("quantity"), stream, event, price, item, calendar)
    return table("demand_plan").conform(priced.with_columns(cells.get_column("quantity")))


def _grid(consensus: pl.DataFrame, orders: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    """Return forecast, firm and additional orders of every pair and period, zero where there is none, sorted.

    With them p10 and p90, moved by what overrides change, and `paid`: revenue over quantity of the consensus as it was made.
    """
    inside = consensus.filter(pl.col("period").is_in(calendar.periods))
    pairs = pl.concat([inside.select(PAIR), orders.select(PAIR)]).unique()
    cells = pairs.join(pl.DataFrame({"period": calendar.periods}, schema={"period": pl.Date}), how="cross").sort(CELL)
    sums = orders.group_by(CELL, maintain_order=True).agg(
        pl.col("quantity").filter(~pl.col("additional")).sum().alias("firm"), pl.col("quantity").filter("additional").sum().alias("added")
    )
    forecast, made = pl.col("quantity").clip(lower_bound=0), pl.coalesce(pl.col("base") + pl.col("increment"), "quantity")
    paid = pl.when(made > 0).then(pl.col("revenue") / made)
    columns = inside.select(*CELL, forecast.alias("forecast"), pl.col("p10", "p90") + forecast - made, paid.alias("paid"))
    joined = cells.join(columns, on=CELL, how="left", maintain_order="left").join(sums, on=CELL, how="left", maintain_order="left")
    return joined.with_columns(pl.col("forecast", "firm", "added").fill_null(0.0))


def unconsumed(forecast: Array, orders: Array, back: int, forward: int) -> Array:
    """Return the forecast that the orders leave, (pairs, periods). Earlier orders consume first, each its own period before any other."""
    left = forecast.copy()
    open_orders = orders.copy()
    periods = forecast.shape[1]
    for offset in (0, *range(-1, -back - 1, -1), *range(1, forward + 1)):
        for period in range(periods):
            target = period + offset
            if 0 <= target < periods:
                taken = np.minimum(open_orders[:, period], left[:, target])
                left[:, target] -= taken
                open_orders[:, period] -= taken
    return left


def _priced(
    cells: pl.DataFrame, stream: pl.DataFrame, event: pl.DataFrame, price: pl.DataFrame, item: pl.DataFrame, calendar: Calendar
) -> pl.DataFrame:
    """Return the cells with the price of the most specific row of table price, else the item's, and the events', else the consensus's."""
    found = []
    for number, keys in enumerate((CELL, ["item", "period"], PAIR, ["item"])):
        others = [name for name in ("market", "period") if name not in keys]
        rows = price.filter(pl.all_horizontal(pl.col(keys).is_not_null(), pl.col(others).is_null()))
        name = f"price_{number}"
        one = rows.group_by(keys, maintain_order=True).agg(pl.col("unit_price").first().alias(name))
        cells = cells.join(one, on=keys, how="left", maintain_order="left")
        found.append(name)
    listed = item.group_by("item", maintain_order=True).agg(pl.col("unit_price").first().alias("listed"))
    cells = cells.join(listed, on="item", how="left", maintain_order="left")
    usual = cells.with_columns(quantity="forecast", unit_price=pl.coalesce(*found, "listed"))
    unpriced = usual.filter(pl.col("unit_price").is_null()).with_columns(unit_price="paid")
    told = usual.filter(pl.col("unit_price").is_not_null())
    return pl.concat([at_event_price(told, _touched(stream, event), event, calendar), unpriced]).sort(CELL)


def _touched(stream: pl.DataFrame, event: pl.DataFrame) -> pl.DataFrame:
    """Return event, item, market, period and quantity of the events with a price, from the streams that show them."""
    priced = event.filter(pl.col("price").is_not_null()).select("event")
    names = pl.concat([priced.with_columns(stream="event"), priced.with_columns(stream=pl.col("event") + " (event)")])
    rows = stream.filter(pl.col("kind") == "event").join(names, on="stream", maintain_order="left")
    return rows.select("event", *CELL, "quantity")
