"""How long stock lasts, and how often it turns."""

from collections.abc import Sequence

from equipoise.measure.measured import Measured, ratio

DAYS_A_YEAR = 365.0


def weeks_of_supply(stock: float, demand: Sequence[float], days: Sequence[float]) -> Measured:
    """Return the weeks that `stock` covers of the coming `demand` (item units, one number a period of so many `days`).

    The stock is walked forward through the demand; of the period in which it runs out only the fraction covered counts. Where it outlasts
    the periods known, the value is their length and the note says that it is more. Example: 150 units before demand of 100 and 200 in
    months of 30 and 31 days last 30 + 31 × 50 / 200 = 37.75 days, 5.39 weeks.
    """
    if not days or sum(demand) <= 0:
        return Measured(None, "No coming demand to cover.")
    left, covered = max(stock, 0.0), 0.0
    for wanted, length in zip(demand, days, strict=True):
        if wanted > left:
            return Measured((covered + length * left / wanted) / 7)
        left -= wanted
        covered += length
    return Measured(covered / 7, f"More than {covered / 7:.0f} weeks: the stock outlasts the horizon.")


def inventory_turns(cost_of_goods: float, average_stock: float, days: float) -> Measured:
    """Return inventory turns a year: cost of goods over `days`, made annual, over the average stock at cost (both currency).

    Turns = 365 / days of inventory. Example: goods for 300,000 in 90 days over a stock of 200,000 turn 6.08 times a year.
    """
    if days <= 0:
        return Measured(None, "No days measured.")
    return ratio(cost_of_goods * DAYS_A_YEAR / days, average_stock, empty="No stock at cost.")


def days_of_inventory(cost_of_goods: float, average_stock: float, days: float) -> Measured:
    """Return the days that the average stock lasts: average stock at cost over the cost of goods a day. Example: as above, 60 days."""
    return ratio(average_stock * days, cost_of_goods, empty="No goods went out.")
