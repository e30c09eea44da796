"""The unknowns of the model: one frame a family, one row an unknown, with its keys, what its price is made of, and its column."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import polars as pl

from equipoise.supply.memory import Memory, Record
from equipoise.supply.model.cover import Requirement
from equipoise.supply.model.network import Network
from equipoise.supply.model.pools import Pools, pooled
from equipoise.supply.model.prices import (
    Prices,
    load_steps,
    with_change_price,
    with_ending_price,
    with_overtime_price,
    with_service_prices,
    with_stock_prices,
    with_subcontract_price,
)

WHOLE = frozenset({"setup", "lots", "order", "order_lots", "use", "loads", "open", "opening", "closing", "step", "maintain"})
"""Families that come whole where the setting supply.integer is true. Workers do where their table asks for it."""


@dataclass(frozen=True)
class Model(Record):
    """A network with its targets and unknowns: what every equation is written in.

    Each frame of `unknowns` has `column` (its place in the model, consecutive within a family) and may have `upper`.
    `demand` is the network's demand with the model's own prices, `pools` what of it is planned together; `policy` the inventory policy with
    `target`. `memory` remembers what is made of the model.
    """

    net: Network
    prices: Prices
    required: Requirement
    policy: pl.DataFrame
    demand: pl.DataFrame
    pools: Pools
    unknowns: dict[str, pl.DataFrame]
    columns: int
    memory: Memory = field(default_factory=Memory, repr=False, compare=False)

    def __getitem__(self, family: str) -> pl.DataFrame:
        """Return the unknowns of a family."""
        return self.unknowns[family]

    @property
    def horizon(self) -> int:
        """Periods planned."""
        return self.net.horizon


def model(net: Network, required: Requirement, policy: pl.DataFrame, memory: Memory | None = None) -> Model:
    """Return the model's unknowns for a network, its requirement and its policy with targets. What a `memory` has is not made again."""
    made = memory or Memory()
    prices = Prices(net)
    demand = made(with_service_prices, net, prices)
    without = Model(net, prices, required, policy, demand, made(pooled, net, demand), {}, 0, made)
    unknowns: dict[str, pl.DataFrame] = {}
    columns = 0
    for name in FAMILIES:
        unknowns[name] = made(_family, name, without, columns)
        columns += unknowns[name].height
    return replace(without, unknowns=unknowns, columns=columns)


def _family(name: str, model: Model, first: int) -> pl.DataFrame:
    """Return the unknowns of a family, their columns counted from `first` on."""
    return FAMILIES[name](model).with_row_index("column", offset=first).with_columns(pl.col("column").cast(pl.Int64))


def _in_time(net: Network, flow: pl.DataFrame) -> pl.DataFrame:
    """Keep the flows of which something arrives within the horizon, and those that a firm plan names.

    Any other would serve nothing: it would only take stock out of sight, and its cost of holding with it.
    """
    firm = net.firm_plan.filter(pl.col("kind") == "transfer").select("t", lane="key").unique().with_columns(firm=pl.lit(value=True))
    rows = flow.join(net.periods.select("t", "start"), on="t", how="left", maintain_order="left")
    rows = rows.join(firm, on=["lane", "t"], how="left", maintain_order="left")
    end = net.periods.select((pl.col("start") + pl.col("days")).max()).item()
    days = pl.col("start") + pl.col("lead_time").fill_null(0.0) < end
    due = pl.when(pl.col("lead_periods").is_null()).then(days).otherwise(pl.col("t") + pl.col("lead_periods") < net.horizon)
    return rows.filter(due | pl.col("firm").fill_null(value=False)).select(flow.columns)


def _staffed(net: Network) -> pl.DataFrame:
    return net.resource.filter(pl.col("staffed"))


def _lots(net: Network) -> pl.DataFrame:
    return net.make.filter(pl.col("lot_multiple") > 0) if net.setting.supply.integer else net.make.clear()


def _stock(net: Network) -> pl.DataFrame:
    return net.points.select("point", "item", "location", "standard_cost").join(net.periods.select("t"), how="cross")


def _scrap(net: Network) -> pl.DataFrame:
    """Stock may be scrapped where that has a cost, and where it can expire."""
    priced = net.policy.filter(pl.col("scrap_cost").is_not_null()).select("point", "item", "location", "t", "scrap_cost")
    dated = net.on_hand.filter(pl.col("expires").is_not_null()).select("item", "location").unique()
    perishing = pl.concat(
        [
            net.points.filter(pl.col("shelf_life").is_not_null()).select("point", "item", "location"),
            net.points.join(dated, on=["item", "location"], how="semi", maintain_order="left").select("point", "item", "location"),
        ]
    ).unique()
    free = perishing.join(net.periods.select("t"), how="cross").join(priced, on=["point", "t"], how="anti", maintain_order="left")
    return pl.concat([priced, free.with_columns(pl.lit(None, pl.Float64).alias("scrap_cost")).select(priced.columns)]).sort("point", "t")


def _overtime(net: Network) -> pl.DataFrame:
    """Overtime exists where a limit above 0, a price, or hours of workers allow it."""
    unlimited = pl.col("overtime_limit").is_null() & pl.any_horizontal(
        pl.col("overtime_cost").is_not_null(),
        pl.col("overtime_hours_per_worker").fill_null(0) > 0,
        pl.col("overtime_wage_per_hour").is_not_null(),
    )
    return net.resource.filter((pl.col("overtime_limit").fill_null(0) > 0) | unlimited)


def _soft(policy: pl.DataFrame, bounds: tuple[str, ...], price: str) -> pl.DataFrame:
    return policy.filter(pl.col(price).is_not_null() & pl.any_horizontal(pl.col(bound).is_not_null() for bound in bounds))


def _counted(net: Network, table: str) -> pl.DataFrame:
    """Members of a table that a limit counts: they need to be used or not, whole."""
    counted = net.limit.filter(pl.col("measure") == "count").select("limit")
    return (
        net.limit_member.join(counted, on="limit", how="semi", maintain_order="left")
        .filter(pl.col("table") == table)
        .select("key")
        .unique()
    )


def _asked(net: Network, costs: tuple[str, ...], least: tuple[str, ...]) -> pl.Expr:
    """Whether a row needs to be used or not: it has a cost of use, or, where things come whole, a least amount."""
    columns = (*costs, *least) if net.setting.supply.integer else costs
    return pl.any_horizontal(pl.col(name).fill_null(0) > 0 for name in columns)


def _binary(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.lit(1.0).alias("upper"))


def _setup(net: Network) -> pl.DataFrame:
    """A route is set up (used) or not in a period, where its table prices or limits that."""
    timed = net.usage.filter((pl.col("activity") == "make") & (pl.col("setup_quantity") > 0)).select(route="of").unique()
    counted = pl.concat(
        [
            _counted(net, "route").select(route="key"),
            net.make.join(_counted(net, "item"), left_on="item", right_on="key", how="semi", maintain_order="left").select("route"),
        ]
    ).unique()
    named = pl.concat([timed, counted]).unique().with_columns(pl.lit(value=True).alias("named"))
    rows = net.make.join(named, on="route", how="left", maintain_order="left")
    asked = _asked(net, ("setup_cost", "fixed_cost"), ("minimum_lot",))
    return _binary(rows.filter(asked | pl.col("named").fill_null(value=False)).drop("named"))


def _order(net: Network) -> pl.DataFrame:
    counted = _counted(net, "purchase").select(purchase="key").with_columns(pl.lit(value=True).alias("named"))
    rows = net.buy.join(counted, on="purchase", how="left", maintain_order="left")
    asked = _asked(net, ("fixed_cost",), ("minimum_lot", "minimum_when_used"))
    return _binary(rows.filter(asked | pl.col("named").fill_null(value=False)).drop("named"))


def _use(net: Network) -> pl.DataFrame:
    """A lane, or an item on it, is used or not in a period. A lane that is only counted is used as a whole."""
    lane = net.places.lane.select("lane", "item", pl.col("from").alias("location"), "t", "fixed_cost", "minimum_load")
    asked = lane.filter(_asked(net, ("fixed_cost",), ("minimum_load",)))
    counted = _counted(net, "lane").select(lane="key")
    whole = lane.join(counted, on="lane", how="semi", maintain_order="left").select("lane", "location", "t").unique()
    whole = whole.join(asked.filter(pl.col("item").is_null()), on=["lane", "t"], how="anti", maintain_order="left")
    empty = [pl.lit(None, pl.Float64).alias(name) for name in ("fixed_cost", "minimum_load")]
    whole = whole.with_columns(pl.lit(None, pl.String).alias("item"), *empty)
    return _binary(pl.concat([asked, whole.select(asked.columns)]).sort("lane", "item", "t", nulls_last=False))


def _loads(net: Network) -> pl.DataFrame:
    """Loads of a lane, or of an item on it, in a period: where they come whole, or cost something."""
    lane = net.places.lane.select("lane", "item", "t", "lot_multiple", "load_cost", location="from")
    asked = pl.lit(net.setting.supply.integer) | (pl.col("load_cost").fill_null(0.0) > 0)
    return lane.filter((pl.col("lot_multiple") > 0) & asked).sort("lane", "item", "t", nulls_last=False)


def _open(net: Network) -> pl.DataFrame:
    """A line runs or stands still in a period, where that has a cost, a least load, or is counted."""
    counted = _counted(net, "resource").select(resource="key").with_columns(pl.lit(value=True).alias("named"))
    rows = net.resource.join(counted, on="resource", how="left", maintain_order="left")
    asked = _asked(net, ("open_cost",), ("minimum_run",))
    return _binary(rows.filter(asked | pl.col("named").fill_null(value=False)).drop("named"))


def _site(net: Network, *, is_open: bool) -> pl.DataFrame:
    """Sites that may be opened (closed at the start, with a cost of opening) or closed (open, with a cost or saving of closing)."""
    price = "closing_cost" if is_open else "opening_cost"
    rows = net.location.filter((pl.col("is_open").fill_null(value=True) == is_open) & pl.col(price).is_not_null())
    return _binary(rows.select("location", price).with_columns(pl.lit(0, pl.Int64).alias("t")))


def _step(net: Network) -> pl.DataFrame:
    """Steps of capacity: one decision for each period in which they can be had, or one for the horizon (in the first of them)."""
    steps = net.capacity_step.join(net.resources.select("resource", "number"), on="resource", maintain_order="left")
    dated = steps.join(net.periods.select("t", "period"), how="cross")
    there = (pl.col("start").is_null() | (pl.col("period") >= pl.col("start"))) & _not_ended()
    dated = dated.filter(there).drop("period").sort("resource", "step", "t")
    first = pl.col("t") == pl.col("t").min().over("resource", "step")
    return _binary(dated.filter((pl.col("span").fill_null("period") != "horizon") | first))


def _not_ended() -> pl.Expr:
    return pl.col("end").is_null() | (pl.col("period") <= pl.col("end"))


def steps_in_time(net: Network, steps: pl.DataFrame) -> pl.DataFrame:
    """Return the unknown steps of capacity in every period in which they add to it: one for the horizon from its first period on."""
    lasting = pl.col("span").fill_null("period") == "horizon"
    later = net.periods.select("period", later="t")
    whole = steps.filter(lasting).join(later, how="cross").filter((pl.col("later") >= pl.col("t")) & _not_ended())
    return pl.concat([steps.filter(~lasting), whole.with_columns(pl.col("later").alias("t")).select(steps.columns)])


def _maintain(net: Network) -> pl.DataFrame:
    """Stops of a resource in each period in which they may happen."""
    rows = net.maintenance.join(net.resources.select("resource", "number"), on="resource", maintain_order="left").join(
        net.periods, how="cross"
    )
    last = pl.col("period") + pl.duration(days=pl.col("days") - 1)
    rows = rows.filter(
        (pl.col("earliest").is_null() | (last >= pl.col("earliest")))
        & (pl.col("latest").is_null() | (pl.col("period") <= pl.col("latest")))
    )
    most = pl.min_horizontal("stops", "at_once").fill_null(pl.col("stops")).cast(pl.Float64)
    return rows.select("resource", "number", "t", "stops", "hours", most.alias("upper")).sort("resource", "t")


def held_blocks(net: Network) -> pl.DataFrame:
    """Return the periods after the frozen fence, t, with the `start` of the block in which a strategy holds its rate or its workforce.

    A block of the strategy hybrid is `supply.hybrid_periods` long; for the level strategies all periods after the fence are one block.
    """
    setting, fence = net.setting.supply, net.calendar.frozen
    length = setting.hybrid_periods if setting.strategy == "hybrid" else net.horizon
    return net.periods.filter(pl.col("t") >= fence).select("t", start=fence + (pl.col("t") - fence) // length * length)


def _output_rate(net: Network) -> pl.DataFrame:
    """With the strategy level_output or hybrid, each item with demand of its own has a rate of output for each block (t: its start)."""
    made = (
        net.make.select("item")
        .unique()
        .join(net.demands.select("item").unique(), on="item", how="semi", maintain_order="left")
        .sort("item")
    )
    starts = held_blocks(net).filter(pl.col("t") == pl.col("start")).select("t")
    return made.join(starts if net.setting.supply.strategy in {"level_output", "hybrid"} else starts.clear(), how="cross")


FAMILIES: dict[str, Callable[[Model], pl.DataFrame]] = {
    "make": lambda model: model.net.make,
    "buy": lambda model: with_subcontract_price(model.prices, model.net.buy),
    "move": lambda model: _in_time(model.net, model.net.places.move),
    "ship": lambda model: _in_time(model.net, model.pools.ship),
    "stock": lambda model: with_stock_prices(model.net, model.prices, _stock(model.net)),
    "scrap": lambda model: _scrap(model.net),
    "backlog": lambda model: model.pools.pool.filter(pl.col("backlog_allowed")),
    "lost": lambda model: model.pools.lost,
    "regular": lambda model: model.net.resource,
    "overtime": lambda model: with_overtime_price(model.prices, _overtime(model.net)),
    "load_step": lambda model: load_steps(model.net, model.prices),
    "change": lambda model: with_change_price(model.net, model.prices),
    "workers": lambda model: _staffed(model.net),
    "hire": lambda model: _staffed(model.net),
    "layoff": lambda model: _staffed(model.net),
    "shortfall": lambda model: with_ending_price(
        model.net, model.prices, _soft(model.policy, ("target", "minimum", "ending_minimum"), "shortfall_cost")
    ),
    "excess": lambda model: _soft(model.policy, ("maximum", "ending_maximum"), "excess_cost"),
    "setup": lambda model: _setup(model.net),
    "lots": lambda model: _lots(model.net),
    "order": lambda model: _order(model.net),
    "order_lots": lambda model: model.net.buy.filter((pl.col("lot_multiple") > 0) & model.net.setting.supply.integer),
    "use": lambda model: _use(model.net),
    "loads": lambda model: _loads(model.net),
    "open": lambda model: _open(model.net),
    "opening": lambda model: _site(model.net, is_open=False),
    "closing": lambda model: _site(model.net, is_open=True),
    "step": lambda model: _step(model.net),
    "maintain": lambda model: _maintain(model.net),
    "output_rate": lambda model: _output_rate(model.net),
}
"""The families of unknowns, in the order of their columns, and how each is made."""
