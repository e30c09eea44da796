"""Weekly targets for execution: what each family is to sell and make in a week, with what is still good."""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.finance import stock_value
from equipoise.tables.setting import from_table

Works = Callable[[dt.date], bool]

DAYS_AHEAD = 98  # fourteen weeks: a quarter, whatever months it has
SCHEMA = pl.Schema(
    {
        "family": pl.String(),
        "unit": pl.String(),
        "measure": pl.String(),
        "period": pl.Date(),
        "week": pl.Date(),
        "end": pl.Date(),
        "target": pl.Float64(),
        "lowest": pl.Float64(),
        "highest": pl.Float64(),
        "value": pl.Float64(),
    }
)
_OF = ("family", "unit", "measure", "period")
_WHOLE = 1e-6
_MANY = 100  # from here on two decimals are enough
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Part:
    """A calendar week within a period: first and last day, how many of its days are worked, and how many free ones are no holiday."""

    week: dt.date
    end: dt.date
    worked: int
    free: int


def weekly_target(
    shipment_plan: pl.DataFrame,
    demand_plan: pl.DataFrame,
    supply_plan: pl.DataFrame,
    working_calendar: pl.DataFrame,
    item: pl.DataFrame,
    setting: pl.DataFrame,
    *,
    works: Works,
    holiday: Works,
    tolerance: float,
) -> pl.DataFrame:
    """Return the weekly targets of the first quarter of a plan: whole periods that end within fourteen weeks, at least one.

    One row a family, unit, measure (sales, production) and week: `week` and `end`, its first and last day, cut where a period ends inside a
    calendar week; `target`, `lowest` and `highest` in item units; `value` of the target in currency, sales at planned prices, production
    at standard cost, empty where one is not given. Sales are the shipments planned, or the demand plan where nothing is shipped.

    A period is shared out by working days: `works` says which days are worked, `holiday` which of the others are holidays. Where
    `working_calendar` gives a location more days in a period, they are worked on its free days that are no holidays; where it gives
    fewer, nobody knows which, and the shares stay. The weeks of a period add up exactly to the plan; what the plan has in whole units
    is shared out in whole units. Raises ValueError where the setting has no calendar.
    """
    calendar = Calendar.from_setting(from_table(setting).calendar)
    periods = _first_periods(calendar)
    sold = shipment_plan if shipment_plan.height else demand_plan.with_columns(pl.lit(None, pl.String).alias("location"))
    planned = pl.concat([_sales(sold, demand_plan), _production(supply_plan, item)])
    planned = planned.filter(pl.col("period").is_in(periods), pl.col("quantity") > 0)
    planned = _in_family(planned, item)
    shares = _shares(periods, planned, working_calendar, calendar, works, holiday)
    return _with_limits(_by_week(planned, shares), tolerance)


def _first_periods(calendar: Calendar) -> list[dt.date]:
    last = calendar.start + dt.timedelta(days=DAYS_AHEAD)
    return [period for position, period in enumerate(calendar.periods) if position == 0 or calendar.next(period) <= last]


def _sales(sold: pl.DataFrame, demand_plan: pl.DataFrame) -> pl.DataFrame:
    """Return item, location, period, quantity, value and measure of what is sold; where a period has no price, at the item's mean."""
    keys = ["item", "market"]
    prices = demand_plan.select(*keys, "period", "unit_price").unique([*keys, "period"], maintain_order=True)
    mean = prices.group_by(keys, maintain_order=True).agg(pl.col("unit_price").mean().alias("mean"))
    rows = sold.select(*keys, "location", "period", "quantity").join(prices, on=[*keys, "period"], how="left", maintain_order="left")
    rows = rows.join(mean, on=keys, how="left", maintain_order="left")
    price = pl.coalesce("unit_price", "mean")
    return rows.select(
        "item", "location", "period", "quantity", (pl.col("quantity") * price).alias("value"), pl.lit("sales").alias("measure")
    )


def _production(supply_plan: pl.DataFrame, item: pl.DataFrame) -> pl.DataFrame:
    costs = item.select("item", "unit_cost").unique("item", maintain_order=True)
    rows = supply_plan.join(costs, on="item", how="left", maintain_order="left").with_columns(stock_value().alias("value"))
    return rows.select("item", "location", "period", "quantity", "value", pl.lit("production").alias("measure"))


def _in_family(planned: pl.DataFrame, item: pl.DataFrame) -> pl.DataFrame:
    """Return what is planned with family and unit; an item without a family stands for itself."""
    attributes = item.select("item", "family", "unit").unique("item", maintain_order=True)
    joined = planned.join(attributes, on="item", how="left", maintain_order="left")
    return joined.with_columns(pl.coalesce("family", "item").alias("family"), pl.col("unit").fill_null("unit"))


def _shares(
    periods: Sequence[dt.date], planned: pl.DataFrame, working_calendar: pl.DataFrame, calendar: Calendar, works: Works, holiday: Works
) -> pl.DataFrame:
    """Return, by location and period, each week with `upto`: the share of the period's work that is done by its end, 1 at the last."""
    locations = planned.get_column("location").unique(maintain_order=True).to_list()
    days = {(row["location"], row["period"]): float(row["working_days"]) for row in working_calendar.iter_rows(named=True)}
    rows: list[tuple[str | None, dt.date, dt.date, dt.date, float]] = []
    for period in periods:
        parts = list(_parts(period, calendar, works, holiday))
        for location in locations:
            work = _work(parts, days.get((location, period)))
            done, total = 0.0, sum(work)
            for position, (part, amount) in enumerate(zip(parts, work, strict=True), start=1):
                done += amount
                rows.append((location, period, part.week, part.end, 1.0 if position == len(parts) else done / total))
    schema = {"location": pl.String, "period": pl.Date, "week": pl.Date, "end": pl.Date, "upto": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _parts(period: dt.date, calendar: Calendar, works: Works, holiday: Works) -> Iterator[_Part]:
    """Yield the calendar weeks of a period, cut at its ends."""
    weekly = Calendar("week", period, 1, calendar.as_of, week_starts=calendar.week_starts)
    following, day = calendar.next(period), period
    while day < following:
        after = following if calendar.cadence == "week" else min(following, weekly.next(weekly.period_of(day)))
        days = [day + passed * _DAY for passed in range((after - day).days)]
        worked = sum(map(works, days))
        yield _Part(day, after - _DAY, worked, sum(not works(one) and not holiday(one) for one in days))
        day = after


def _work(parts: Sequence[_Part], given: float | None) -> list[float]:
    """Return how much is worked in each week: its working days and its share of more days that are given; all days where nobody works."""
    worked, free = sum(part.worked for part in parts), sum(part.free for part in parts)
    more = max(given - worked, 0.0) / free if given is not None and free else 0.0
    found = [part.worked + more * part.free for part in parts]
    return found if sum(found) > 0 else [float((part.end - part.week).days + 1) for part in parts]


def _by_week(planned: pl.DataFrame, shares: pl.DataFrame) -> pl.DataFrame:
    """Return the targets by family and week, without limits: what is to be done by the end of a week less that of the week before."""
    keys = [*_OF, "week", "end"]
    places = planned.group_by(*_OF, "location", maintain_order=True).agg(
        pl.col("quantity").sum(), pl.when(pl.col("value").is_not_null().all()).then(pl.col("value").sum()).alias("value")
    )
    spread = places.join(shares, on=["location", "period"], nulls_equal=True, maintain_order="left")
    upto = spread.group_by(keys, maintain_order=True).agg(
        (pl.col("quantity") * pl.col("upto")).sum().alias("by_then"),
        pl.col("quantity").sum().alias("whole"),
        pl.when(pl.col("value").is_not_null().all()).then(pl.col("value").sum()).alias("worth"),
    )
    counted = (pl.col("whole") - pl.col("whole").round()).abs() < _WHOLE
    rows = upto.sort(keys).with_columns(
        pl.when(counted)
        .then(pl.col("by_then").round())
        .when(pl.col("whole") >= _MANY)
        .then((pl.col("by_then") * 100).floor() / 100)
        .otherwise("by_then")
        .alias("by_then")
    )
    last = pl.col("week") == pl.col("week").max().over(_OF)
    rows = rows.with_columns(pl.when(last).then("whole").otherwise("by_then").alias("by_then"))
    target = pl.col("by_then") - pl.col("by_then").shift(1, fill_value=0.0).over(_OF)
    worth = pl.col("worth") * target / pl.col("whole")
    return rows.with_columns(target.alias("target"), worth.alias("value"), counted.alias("counted"))


def _with_limits(targets: pl.DataFrame, tolerance: float) -> pl.DataFrame:
    """Return the targets with the least and the most that are still good; in whole units where the target is one."""
    low, high = pl.col("target") * (1 - tolerance), pl.col("target") * (1 + tolerance)
    rows = targets.with_columns(
        pl.when("counted").then((low + _WHOLE).floor()).otherwise(low).alias("lowest"),
        pl.when("counted").then((high - _WHOLE).ceil()).otherwise(high).alias("highest"),
    )
    return rows.select(SCHEMA.names()).cast(SCHEMA).sort("family", "unit", "measure", "week")
