"""The model's own prices, used only where the tables give none: they steer the plan and are never published as money.

Service comes first: a unit that is never served costs more than any way to serve it. Late is better than lost, earlier better than
later. The rest only breaks ties: nothing is made before it is needed, regular time comes before overtime, own capacity before a
subcontractor, and work that several resources could do at one cost is spread evenly.
"""

from dataclasses import dataclass
from functools import cached_property

import polars as pl

from equipoise.finance import holding_rate
from equipoise.supply.memory import Record
from equipoise.supply.model.network import Network

LATE_SHARE_A_MONTH = 0.10
"""Share of the price that a unit late for a month costs where no backlog cost is given."""
EARLY_SHARE = 1e-4
"""Share of an item's value that a unit of stock costs in a period, to break ties."""
NEAR_SHARE = 2e-5
"""Share of an item's value that a unit more or less than in the last plan costs, to break ties."""
EVEN_SHARE = 1e-6
FEW_STEPS, MANY_STEPS = 5, 20
_FEW_ROWS = 200
_BELOW_PRICE = 0.9
_OVERTIME_PERIODS = 6
_SUBCONTRACT_PERIODS = 20
_PRIORITY_FACTOR = 5.0
_MOST_LATE_SHARE = 0.25


@dataclass(frozen=True)
class Prices(Record):
    """Reference values of a network: what a unit of each item is worth, and the most that serving one could cost."""

    net: Network

    @cached_property
    def value(self) -> dict[str, float]:
        """Value of a unit of each item: its average price, else its standard cost, else the average of the items that have one."""
        priced = self.net.demand.group_by("item", maintain_order=True).agg(pl.col("unit_price").mean())
        points = self.net.points.group_by("item", maintain_order=True).agg(pl.col("standard_cost").first())
        both = points.join(priced, on="item", how="full", coalesce=True, maintain_order="left").select(
            "item", value=pl.coalesce("unit_price", "standard_cost")
        )
        return {item: value if value and value > 0 else self.scale_of(both) for item, value in both.sort("item").iter_rows()}

    @staticmethod
    def scale_of(values: pl.DataFrame) -> float:
        """Return the average of the positive values; 1 where there are none."""
        mean = values.filter(pl.col("value") > 0).get_column("value").mean()
        return float(mean) if isinstance(mean, float) else 1.0

    @cached_property
    def scale(self) -> float:
        """Average value of an item."""
        values = list(self.value.values())
        return sum(values) / len(values) if values else 1.0

    @cached_property
    def hour(self) -> dict[int, float]:
        """Value of the items that a unit of each resource makes, by resource number."""
        taken = dict(
            self.net.usage.filter(pl.col("quantity") > 0)
            .group_by("resource", maintain_order=True)
            .agg(pl.col("quantity").mean())
            .iter_rows()
        )
        pairs = self.net.resources.select("number", "resource").iter_rows()
        return {number: self.scale / taken.get(resource, 1.0) for number, resource in pairs}

    @cached_property
    def resource_cost(self) -> dict[str, float]:
        """The most that a unit of each resource can cost, hiring and laying off included."""
        hours = pl.when(pl.col("hours_per_worker") > 0).then(pl.col("hours_per_worker"))
        heads = pl.sum_horizontal(pl.col(name).fill_null(0) for name in ("wage_per_period", "hire_cost", "layoff_cost")) / hours
        time = pl.max_horizontal("regular_cost", "overtime_cost", "overtime_wage_per_hour")
        total = time.fill_null(0).clip(0) + heads.fill_null(0) + pl.col("open_cost").fill_null(0)
        return dict(self.net.resource.group_by("resource", maintain_order=True).agg(total.max()).iter_rows())

    @cached_property
    def dearest(self) -> dict[str, float]:
        """The most that serving a unit of each item could cost: the dearest way to get it, moving it and keeping it all along."""
        extra = self._moving_and_keeping()
        return {item: cost + extra.get(item, 0.0) for item, cost in self.dearest_way.items()}

    @cached_property
    def dearest_way(self) -> dict[str, float]:
        """The cost of a unit of each item by the dearest way to make or buy it, components included."""
        ways = self._ways()
        known: dict[str, float] = {}

        def cost(item: str, above: frozenset[str]) -> float:
            if item in known or item in above:
                return known.get(item, 0.0)
            options = [
                own + sum(take * cost(part, above | {item}) for part, take in parts) / good for own, parts, good in ways.get(item, ())
            ]
            known[item] = max(options, default=0.0)
            return known[item]

        return {item: cost(item, frozenset()) for item in sorted(self.value)}

    def _ways(self) -> dict[str, list[tuple[float, list[tuple[str, float]], float]]]:
        """Return, by item, each way to get it: own cost of a unit, components with their quantity, and yield."""
        load: dict[str, float] = {}
        for of, resource, quantity, setup in self.net.usage.select("of", "resource", "quantity", "setup_quantity").iter_rows():
            load[of] = load.get(of, 0.0) + (quantity + (setup or 0.0)) * (self.resource_cost.get(resource) or 0.0)
        parts: dict[str, list[tuple[str, float]]] = {}
        for route, component, quantity in self.net.bom.select("route", "component", "quantity").iter_rows():
            parts.setdefault(route, []).append((component, quantity))
        ways: dict[str, list[tuple[float, list[tuple[str, float]], float]]] = {}
        for route, item, own, good in _dearest_rows(self.net.make, "route", ("unit_cost", "setup_cost", "fixed_cost")).iter_rows():
            ways.setdefault(item, []).append((own + load.get(route, 0.0), parts.get(route, []), good or 1.0))
        for purchase, item, own, _ in _dearest_rows(self.net.buy, "purchase", ("unit_cost", "fixed_cost")).iter_rows():
            ways.setdefault(item, []).append((own + load.get(purchase, 0.0), [], 1.0))
        return ways

    def _moving_and_keeping(self) -> dict[str, float]:
        lane = self.net.places.lane.select(
            pl.sum_horizontal(pl.col(name).fill_null(0) for name in ("unit_cost", "fixed_cost", "load_cost")).max()
        )
        moving = 3 * float(lane.item() or 0.0) if lane.height else 0.0
        kept = self.net.policy.group_by("item", maintain_order=True).agg(
            pl.max_horizontal("holding_cost", "shortfall_cost").max().alias("kept")
        )
        kept_by_item = {item: kept or 0.0 for item, kept in kept.iter_rows()}
        rate = (self.net.setting.finance.carrying_rate or 0.0) / self.net.calendar.periods_a_year
        return {item: moving + self.net.horizon * max(kept_by_item.get(item, 0.0), rate * value) for item, value in self.value.items()}


def _dearest_rows(frame: pl.DataFrame, key: str, costs: tuple[str, ...]) -> pl.DataFrame:
    """Return key, item, dearest own cost and worst yield of each route or purchase."""
    own = pl.coalesce(costs[0], "standard_cost").fill_null(0).clip(0) + pl.sum_horizontal(pl.col(name).fill_null(0) for name in costs[1:])
    good = pl.col("yield").filter(pl.col("yield") > 0).min() if "yield" in frame.columns else pl.lit(1.0)
    return frame.group_by(key, "item", maintain_order=True).agg(own.max().alias("own"), good.alias("good")).sort(key)


def with_service_prices(net: Network, prices: Prices) -> pl.DataFrame:
    """Return the demand rows with `unserved_price` and `late_price`: the model's own prices where the tables leave them open.

    With the objective profit, a unit with a price or a lost-sale cost is lost at that money and nothing is added. With cost, nothing is
    added where a lost-sale cost is given; with service, always, the more so the better the market's priority.
    """
    objective = net.setting.supply.objective
    value = pl.col("item").replace_strict(prices.value, default=prices.scale, return_dtype=pl.Float64)
    monthly = 12 / net.calendar.periods_a_year * LATE_SHARE_A_MONTH
    given = pl.col("lost_sale_cost").is_not_null()
    given = {"profit": given | pl.col("unit_price").is_not_null(), "cost": given, "service": pl.lit(value=False)}[objective]
    needs_dearest = objective != "profit" or bool(net.demand.select((~given).any()).item())
    known = prices.dearest if needs_dearest else {}
    dearest = pl.col("item").replace_strict(known, default=0.0, return_dtype=pl.Float64) if known else pl.lit(0.0)
    late = pl.max_horizontal(pl.when(~given).then(dearest).otherwise(0.0), monthly * value, _above_target_stock(net, value))
    unserved = (2 * dearest + late * (net.horizon + 1) + value) * _priority_weight(net)
    late_given = pl.col("backlog_cost").is_not_null() & (objective != "service")
    demand = net.demand.join(net.demands.select("demand", "priority"), on="demand", how="left", maintain_order="left")
    return demand.with_columns(
        pl.when(~given).then(unserved).alias("unserved_price"), pl.when(~late_given).then(late).alias("late_price")
    ).drop("priority")


def _above_target_stock(net: Network, value: pl.Expr) -> pl.Expr:
    """Return a little more than missing a target of the item costs a unit and period, at most a share of its value: customers come first.

    Above that share the tables say that the target matters more than serving on time.
    """
    costs = net.policy.group_by("item", maintain_order=True).agg(pl.col("shortfall_cost").max()).drop_nulls()
    missing = dict(costs.iter_rows())
    if not missing:
        return pl.lit(0.0)
    cost = pl.col("item").replace_strict(missing, default=0.0, return_dtype=pl.Float64)
    return pl.when(cost <= _MOST_LATE_SHARE * value).then(1.01 * cost).otherwise(0.0)


def _priority_weight(net: Network) -> pl.Expr:
    """Weight of a demand by its market's priority: five times as much for each better rank, at most four ranks; 1 without priorities."""
    ranks = sorted(set(net.demands.get_column("priority").drop_nulls().to_list()))
    if net.setting.supply.objective != "service" or len(ranks) < 2:
        return pl.lit(1.0)
    weights = {rank: _PRIORITY_FACTOR ** min(4, len(ranks) - 1 - place) for place, rank in enumerate(ranks)}
    return pl.col("priority").replace_strict(weights, default=1.0, return_dtype=pl.Float64)


def with_stock_prices(net: Network, prices: Prices, stock: pl.DataFrame) -> pl.DataFrame:
    """Return the stock rows with `holding_rate` and, where that is nothing, `early_price`."""
    costs = net.policy.select("point", "t", "holding_cost")
    stock = stock.join(costs, on=["point", "t"], how="left", maintain_order="left")
    stock = stock.with_columns(holding_rate(net.calendar.periods_a_year, net.setting.finance.carrying_rate).alias("holding_rate"))
    value = pl.col("item").replace_strict(prices.value, default=prices.scale, return_dtype=pl.Float64)
    tiny = pl.max_horizontal(value * EARLY_SHARE, pl.lit(prices.scale * EARLY_SHARE / 100))
    return stock.with_columns(pl.when(pl.col("holding_rate").fill_null(0) <= 0).then(tiny).alias("early_price"))


def with_ending_price(net: Network, prices: Prices, shortfall: pl.DataFrame) -> pl.DataFrame:
    """Return the shortfall rows with `ending_price`: what ending the horizon below target costs where `ending_minimum` is not given.

    Ending stock defaults to the target. A shortfall cost of one period would not pay for that in the last one, so there the price is
    what the dearest way to get the item costs, but less than its selling price: customers still come first.
    """
    if shortfall.is_empty():
        return shortfall.with_columns(pl.lit(None, pl.Float64).alias("ending_price"))
    sold = net.demand.group_by("item", maintain_order=True).agg(pl.col("unit_price").min().alias("lowest"))
    value = pl.col("item").replace_strict(prices.value, default=prices.scale, return_dtype=pl.Float64)
    dearest = pl.col("item").replace_strict(prices.dearest_way, default=0.0, return_dtype=pl.Float64)
    price = pl.min_horizontal(dearest + EARLY_SHARE * value, _BELOW_PRICE * pl.col("lowest"))
    last = (pl.col("t") == net.horizon - 1) & pl.col("ending_minimum").is_null()
    rows = shortfall.join(sold, on="item", how="left", maintain_order="left")
    return rows.with_columns(pl.when(last).then(price).alias("ending_price")).drop("lowest")


def with_overtime_price(prices: Prices, overtime: pl.DataFrame) -> pl.DataFrame:
    """Return the overtime rows with `preference_price` where overtime costs no more than regular time."""
    hour = pl.col("number").replace_strict(prices.hour, default=prices.scale, return_dtype=pl.Float64)
    cost = pl.coalesce("overtime_cost", "overtime_wage_per_hour")
    same = cost.is_null() | (cost <= pl.col("regular_cost").fill_null(0))
    return overtime.with_columns(pl.when(same).then(hour * EARLY_SHARE * _OVERTIME_PERIODS).alias("preference_price"))


def with_subcontract_price(prices: Prices, buy: pl.DataFrame) -> pl.DataFrame:
    """Return the purchase rows with `preference_price` for subcontracting without a cost."""
    value = pl.col("item").replace_strict(prices.value, default=prices.scale, return_dtype=pl.Float64)
    free = (pl.col("kind") == "subcontract") & pl.coalesce("unit_cost", "standard_cost").is_null()
    return buy.with_columns(pl.when(free).then(value * EARLY_SHARE * _SUBCONTRACT_PERIODS).alias("preference_price"))


def with_change_price(net: Network, prices: Prices) -> pl.DataFrame:
    """Return what may differ from the last plan, with its `change_price`: item, location, t, reference, direction (more or less)."""
    value = pl.col("item").replace_strict(prices.value, default=prices.scale, return_dtype=pl.Float64)
    share = max(NEAR_SHARE, net.setting.supply.stability)
    directions = pl.DataFrame({"direction": ["more", "less"]})
    rows = net.last_production.with_columns((value * share).alias("change_price"))
    return rows.join(directions, how="cross").sort("item", "location", "t", "direction")


def load_steps(net: Network, prices: Prices) -> pl.DataFrame:
    """Return the steps of load whose rising, tiny price spreads work evenly: resource, number, t, step, upper, even_price.

    Only resources that make an item which another route makes too have steps.
    """
    several = net.make.select("item", "route").unique().filter(pl.len().over("item") > 1)
    used = net.usage.filter(pl.col("activity") == "make").join(several, left_on="of", right_on="route", how="semi", maintain_order="left")
    rows = net.resource.join(used.select("resource").unique(), on="resource", how="semi", maintain_order="left").filter(
        pl.col("available") > 0
    )
    count = MANY_STEPS if rows.height <= _FEW_ROWS else FEW_STEPS
    steps = pl.DataFrame({"step": range(count)}, schema={"step": pl.Int64})
    hour = pl.col("number").replace_strict(prices.hour, default=prices.scale, return_dtype=pl.Float64)
    width = pl.when(pl.col("step") < count - 1).then(pl.col("available") / count).otherwise(float("inf"))
    return (
        rows.select("resource", "number", "t", "available")
        .join(steps, how="cross")
        .with_columns(width.alias("upper"), (hour * EVEN_SHARE * (pl.col("step") + 1) * FEW_STEPS / count).alias("even_price"))
        .sort("number", "t", "step")
    )
