"""The books of a plan: its output tables beside the given rows that allow them, exact for each period."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.supply.model.aggregation import planned_tables
from equipoise.supply.model.timing import buckets, exact, most_specific, usable, with_arrivals
from equipoise.tables import GIVEN, table
from equipoise.tables.setting import Setting, from_table

POINT = ["item", "location", "t"]
_POLICY = ("backlog_allowed", "backlog_cost", "max_backlog_age", "ending_backlog", "lost_allowed", "lost_sale_cost", "minimum_fill")


@dataclass(frozen=True, eq=False)
class Books:
    """The given tables and the plan's tables, in dictionary form; `t` counts periods from 0, empty outside of the horizon.

    Everything is worked out from `tables` alone: nothing here knows how the plan was made.
    """

    tables: Mapping[str, pl.DataFrame]
    setting: Setting
    calendar: Calendar
    periods: pl.DataFrame

    @property
    def horizon(self) -> int:
        """Periods planned."""
        return self.calendar.horizon

    @property
    def whole(self) -> bool:
        """Whether lots, set-ups and workers come whole."""
        return self.setting.supply.integer

    def timed(self, name: str) -> pl.DataFrame:
        """Return the rows of a plan table with `t`, in the order of the table."""
        return self.tables[name].join(self.periods.select("t", "period"), on="period", how="left", maintain_order="left")

    def rows(self, name: str, *keys: str) -> pl.DataFrame:
        """Return a given table with one row a key and period of the horizon."""
        return exact(self.tables[name], list(keys), self.periods).drop("period")

    def every(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return `frame` with a row for each period of the horizon."""
        return frame.join(self.periods.select("t"), how="cross")

    @cached_property
    def items(self) -> pl.DataFrame:
        """Items with price, standard cost and shelf life."""
        columns = ["item", "unit_price", "shelf_life", pl.col("unit_cost").alias("standard_cost")]
        return self.tables["item"].unique("item", keep="first", maintain_order=True).select(columns)

    @cached_property
    def closed(self) -> list[str]:
        """Locations where nothing may happen: not open, and without a cost of opening."""
        where = self.tables["location"]
        shut = where.filter(~pl.col("is_open").fill_null(value=True) & pl.col("opening_cost").is_null())
        return shut.get_column("location").to_list()

    @cached_property
    def route(self) -> pl.DataFrame:
        """Routes in the periods in which they may be used: route, t, item, location, yield, lead_time, lots and costs."""
        rows = exact(self.tables["route"], ["route"], self.periods).join(self.periods.select("t", "days"), on="t", maintain_order="left")
        rows = rows.filter(usable(pl.col("start"), pl.col("end"), pl.col("days")) & ~pl.col("location").is_in(self.closed))
        return rows.drop("period", "days", "start", "end").with_columns(pl.col("yield").fill_null(1.0))

    @cached_property
    def purchase(self) -> pl.DataFrame:
        """Purchases in the periods in which they may be used."""
        rows = self.rows("purchase", "purchase").filter(~pl.col("location").is_in(self.closed))
        return rows.with_columns(pl.col("kind").fill_null("buy"))

    @cached_property
    def lane(self) -> pl.DataFrame:
        """Rows of lanes, by item and (item empty) as a whole, in the periods in which they may be used."""
        rows = self.rows("lane", "lane", "item")
        return rows.filter(~pl.col("from").is_in(self.closed) & ~pl.col("to").is_in(self.closed))

    @cached_property
    def made(self) -> pl.DataFrame:
        """supply_plan with the row of its route; `known` is empty where no row allows it."""
        plan = self.timed("supply_plan").select("route", "item", "location", "t", "quantity")
        allowed = self.route.with_columns(pl.lit(value=True).alias("known"))
        return plan.join(allowed, on=["route", "t", "item", "location"], how="left", maintain_order="left")

    @cached_property
    def bought(self) -> pl.DataFrame:
        """purchase_plan with the row of its purchase."""
        plan = self.timed("purchase_plan").select("purchase", "item", "location", "t", "quantity")
        allowed = self.purchase.with_columns(pl.lit(value=True).alias("known"))
        return plan.join(allowed, on=["purchase", "t", "item", "location"], how="left", maintain_order="left")

    @cached_property
    def moved(self) -> pl.DataFrame:
        """transfer_plan with the unit_cost, lead_time and lead_periods of its lane."""
        return self._on_lanes(self.timed("transfer_plan").select("lane", "item", "from", "to", "t", "quantity"))

    @cached_property
    def shipped(self) -> pl.DataFrame:
        """shipment_plan with what its lane says (see moved); a shipment without lane is known where no lane reaches its market."""
        plan = self.timed("shipment_plan").select("lane", "item", "market", "location", "t", "quantity")
        laned = self._on_lanes(plan.filter(pl.col("lane").is_not_null()).rename({"location": "from", "market": "to"}))
        laned = laned.rename({"from": "location", "to": "market"})
        reached = self.lane.select("to").unique().get_column("to").to_list()
        sites = self.tables["location"].filter(pl.col("kind") == "supplier").get_column("location").to_list()
        free = ~pl.col("market").is_in(reached) & ~pl.col("location").is_in(sites)
        direct = plan.filter(pl.col("lane").is_null()).with_columns(
            pl.lit(None, pl.Float64).alias("unit_cost"),
            pl.lit(None, pl.Float64).alias("lead_time"),
            pl.lit(None, pl.Int64).alias("lead_periods"),
            pl.when(free & pl.col("t").is_not_null()).then(pl.lit(value=True)).alias("known"),
        )
        return pl.concat([laned, direct.select(laned.columns)])

    def _on_lanes(self, plan: pl.DataFrame) -> pl.DataFrame:
        """Return flows with what their lane says for the item, else as a whole. A lane with rows by item carries those items only."""
        keys, periods = ["lane", "from", "to", "t"], "lead_periods"
        said = ["unit_cost", "lead_time", periods]
        named = self.lane.filter(pl.col("item").is_not_null()).select(*keys, "item", *said, own=pl.lit(value=True))
        general = self.lane.filter(pl.col("item").is_null()).select(*keys, *said, common=pl.lit(value=True))
        listed = named.select("lane").unique().with_columns(pl.lit(value=True).alias("by_item"))
        rows = plan.join(named, on=[*keys, "item"], how="left", maintain_order="left")
        rows = rows.join(general, on=keys, how="left", maintain_order="left", suffix="_whole")
        rows = rows.join(listed, on="lane", how="left", maintain_order="left")
        known = pl.coalesce("own", pl.when(pl.col("by_item").is_null()).then(pl.col("common")))
        values = [pl.coalesce(name, f"{name}_whole").alias(name) for name in said[:2]]
        general_too = pl.col("lead_time").is_null()
        values.append(pl.when(general_too).then(pl.coalesce(periods, f"{periods}_whole")).otherwise(periods).alias(periods))
        return rows.with_columns(known.alias("known"), *values).select(*plan.columns, *said, "known")

    @cached_property
    def stock(self) -> pl.DataFrame:
        """inventory_plan with `t` and the item's standard_cost."""
        rows = self.timed("inventory_plan").drop("period")
        return rows.join(self.items, on="item", how="left", maintain_order="left")

    @cached_property
    def arrivals(self) -> pl.DataFrame:
        """What production, purchases and transfers bring into stock: item, location, t, quantity. Good units only, lead times split."""
        return self.arriving(self.made, self.bought, self.moved)

    def arriving(self, made: pl.DataFrame, *others: pl.DataFrame) -> pl.DataFrame:
        """Return what flows bring into stock: item, location, t, quantity. `made` has route and yield, `others` location or to."""
        made = with_arrivals(made, self.periods)
        goods = made.select("item", "location", t="arrival", quantity=pl.col("share") * pl.col("quantity") * pl.col("yield").fill_null(1.0))
        also = self.tables["co_output"].select("route", twin="item", each="quantity")
        twins = made.join(also, on="route", maintain_order="left").select(
            "location", item="twin", t="arrival", quantity=pl.col("share") * pl.col("quantity") * pl.col("each")
        )
        parts = [goods, twins]
        for flow in others:
            came, place = with_arrivals(flow, self.periods), "to" if "to" in flow.columns else "location"
            parts.append(came.select("item", location=place, t="arrival", quantity=pl.col("share") * pl.col("quantity")))
        return pl.concat([part.select(*POINT, "quantity") for part in parts])

    @cached_property
    def withdrawals(self) -> pl.DataFrame:
        """What leaves stock: components where production starts, transfers, shipments and scrap: item, location, t, quantity."""
        bill = self.tables["bom"].select("route", "component", each="quantity")
        used = self.made.join(bill, on="route", maintain_order="left")
        parts = [
            used.select("location", "t", item="component", quantity=pl.col("quantity") * pl.col("each")),
            self.moved.select("item", "t", "quantity", location="from"),
            self.shipped.select("item", "location", "t", "quantity"),
            self.stock.select("item", "location", "t", quantity=pl.col("scrap").fill_null(0.0)),
        ]
        return pl.concat([part.select(*POINT, "quantity") for part in parts])

    @cached_property
    def given_stock(self) -> pl.DataFrame:
        """Stock on hand (in the first period) and scheduled receipts: item, location, t, quantity."""
        due = self.timed("scheduled_receipt").filter(pl.col("t").is_not_null())
        return pl.concat(
            [self.tables["on_hand"].with_columns(t=pl.lit(0, pl.Int64)).select(*POINT, "quantity"), due.select(*POINT, "quantity")]
        )

    @cached_property
    def delivered(self) -> pl.DataFrame:
        """What reaches each market: item, market, t, quantity."""
        came = with_arrivals(self.shipped, self.periods)
        return came.select("item", "market", t="arrival", quantity=pl.col("share") * pl.col("quantity"))

    @cached_property
    def demand(self) -> pl.DataFrame:
        """Every demand and period: quantity, opening (late at the start, in the first period), unit_price, and the demand policy."""
        keys = ["item", "market"]
        plan, late = self.timed("demand_plan"), self.tables["backlog"]
        wanted = pl.concat([frame.filter(pl.col("quantity") > 0).select(keys) for frame in (plan, late)]).unique().sort(keys)
        volumes = plan.select(*keys, "t", pl.col("quantity").clip(0), dated="unit_price").filter(pl.col("t").is_not_null())
        before = late.group_by(keys, maintain_order=True).agg(opening=pl.col("quantity").sum()).with_columns(t=pl.lit(0, pl.Int64))
        rows = self.every(wanted).join(volumes, on=[*keys, "t"], how="left", maintain_order="left")
        rows = rows.join(before, on=[*keys, "t"], how="left", maintain_order="left")
        rows = rows.join(self.items.select("item", "unit_price"), on="item", how="left", maintain_order="left")
        rows = rows.with_columns(pl.col("quantity", "opening").fill_null(0.0), pl.coalesce("dated", "unit_price").alias("unit_price"))
        rows = most_specific(rows.drop("dated"), self.rows("demand_policy", *keys).select(*keys, "t", *_POLICY), keys)
        supply = self.setting.supply
        return rows.with_columns(
            pl.col("backlog_allowed").fill_null(supply.backlog_allowed), pl.col("lost_allowed").fill_null(supply.lost_allowed)
        )

    @cached_property
    def service(self) -> pl.DataFrame:
        """Every demand and period with what the table shortage says: shipped, backlog, lost, and `told`, the demand it says."""
        short = self.timed("shortage").select("item", "market", "t", "shipped", "backlog", "lost", told="demand")
        rows = self.demand.join(short, on=["item", "market", "t"], how="full", coalesce=True, maintain_order="left")
        return rows.with_columns(pl.col("quantity", "opening", "shipped", "backlog", "lost").fill_null(0.0)).sort("item", "market", "t")

    @cached_property
    def resource(self) -> pl.DataFrame:
        """Every resource and period: costs, capacity (`base`: what is productive before steps and stops), labor, and what it did."""
        names = [self.tables[name].select("resource") for name in ("resource", "capacity", "usage", "workforce")]
        rows = self.every(pl.concat(names).unique().drop_nulls().sort("resource"))
        for name in ("resource", "capacity", "workforce"):
            given = self.rows(name, "resource").with_columns(pl.lit(value=True).alias(f"in_{name}"))
            rows = rows.join(given, on=["resource", "t"], how="left", maintain_order="left", suffix=f"_{name}")
        base = pl.col("regular") * pl.col("efficiency").fill_null(1.0) - pl.col("planned_downtime").fill_null(0.0)
        rows = rows.rename({"workers": "first_workers"}).with_columns(base.clip(0).alias("base")).drop("regular")
        done = self.timed("capacity_load").select("resource", "t", "load", "regular", "overtime", "available", "idle", "utilisation")
        heads = self.timed("workforce_plan").select("resource", "t", "workers", "hire", "layoff")
        rows = rows.join(done, on=["resource", "t"], how="full", coalesce=True, maintain_order="left")
        return rows.join(heads, on=["resource", "t"], how="left", maintain_order="left").sort("resource", "t")

    @cached_property
    def policy(self) -> pl.DataFrame:
        """The inventory policy of every item and location with stock, exact; a service level's safety stock where none is given."""
        rows = self.rows("inventory_policy", "item", "location")
        named = rows.filter(pl.col("location").is_not_null())
        points = self.stock.select("item", "location").unique(maintain_order=True)
        anywhere = rows.filter(pl.col("location").is_null()).drop("location").join(points, on="item", maintain_order="left")
        anywhere = anywhere.select(named.columns).join(named, on=POINT, how="anti", maintain_order="left")
        worked_out = self.timed("inventory_target").select(*POINT, worked_out="safety_stock")
        rows = pl.concat([named, anywhere]).join(points, on=["item", "location"], how="semi", maintain_order="left")
        rows = rows.join(worked_out, on=POINT, how="left", maintain_order="left")
        return rows.with_columns(pl.coalesce("safety_stock", "worked_out").alias("safety_stock")).drop("worked_out").sort(POINT)

    @cached_property
    def _stepped(self) -> pl.DataFrame:
        """The capacity that steps add: resource, t, bought (by the cost of steps) and free (of steps that cost nothing)."""
        steps = self.tables["capacity_step"].with_columns(pl.col("span").fill_null("period"))
        paid = self.decided("capacity_steps", place="step").rename({"subject": "resource"})
        dated = steps.join(self.periods.select("t", "period"), how="cross").filter(_can_be_had())
        dated = dated.join(paid, on=["resource", "step", "t"], how="left", maintain_order="left")
        first = pl.col("decided").first().over("resource", "step", order_by="t")
        share = pl.when(pl.col("span") == "horizon").then(first).otherwise(pl.col("decided")).fill_null(0.0)
        costs = pl.col("cost").fill_null(0.0) > 0
        rows = dated.with_columns(bought=pl.col("quantity") * share, free=pl.when(costs).then(0.0).otherwise(pl.col("quantity")))
        return rows.group_by("resource", "t", maintain_order=True).agg(pl.col("bought", "free").sum())

    @cached_property
    def machine(self) -> pl.DataFrame:
        """The resources with what they have: `steps` bought, `free` steps, `running` (share of the capacity of a line that runs).

        Whether a line runs is what its cost records; without a cost a line with load runs.
        """
        run = self.decided("running_lines").rename({"subject": "resource", "decided": "ran"})
        rows = self.resource.join(self._stepped, on=["resource", "t"], how="left", maintain_order="left")
        rows = rows.join(run, on=["resource", "t"], how="left", maintain_order="left")
        running = pl.when(pl.col("open_cost").fill_null(0.0) > 0).then(pl.col("ran").fill_null(0.0)).otherwise(1.0)
        return rows.with_columns(
            pl.col("bought", "free", "regular", "overtime", "load").fill_null(0.0),
            running=running,
            staffed=pl.col("in_workforce").fill_null(value=False),
        )

    @cached_property
    def levels(self) -> pl.DataFrame:
        """The stock of every point with what its policy wants: safety_stock, least and most, `known` and `wanted` target.

        Cover of coming weeks is not worked out again: it is the shown target, where that is more than all other levels.
        """
        last = pl.col("t") == self.horizon - 1
        policy = self.policy.with_columns(
            least=pl.max_horizontal("minimum", pl.when(last).then(pl.col("ending_minimum"))),
            most=pl.min_horizontal("maximum", pl.when(last).then(pl.col("ending_maximum"))),
        )
        columns = ["safety_stock", "least", "most", "shortfall_cost", "excess_cost", "holding_cost", "scrap_cost"]
        asked = policy.select(*POINT, *columns, covered=pl.col("weeks_of_supply").is_not_null())
        rows = self.stock.join(asked, on=POINT, how="left", maintain_order="left").with_columns(pl.col("covered").fill_null(value=False))
        known = pl.max_horizontal("safety_stock", "least")
        more = pl.col("covered") & (pl.col("target") > known.fill_null(0.0))
        return rows.with_columns(known=known, wanted=pl.when(more).then(pl.col("target")).otherwise(pl.col("safety_stock")))

    @cached_property
    def cost(self) -> pl.DataFrame:
        """The table cost with `t`."""
        return self.timed("cost").drop("period")

    def decided(self, term: str, *, place: str | None = None) -> pl.DataFrame:
        """Return the decisions that a money term records, where they cost something: subject (and its `place`), t, decided."""
        keys = ["subject", "t"] if place is None else ["subject", "place", "t"]
        rows = self.cost.filter(pl.col("term") == term).group_by(keys, maintain_order=True).agg(decided=pl.col("quantity").sum())
        return rows if place is None else rows.rename({"place": place})


def books(tables: Mapping[str, pl.DataFrame]) -> Books:
    """Return the books of a plan. A table that is not given is empty; `setting` must be there."""
    setting = from_table(tables["setting"])
    calendar = Calendar.from_setting(setting.calendar)
    every = _Conformed(tables)
    if setting.supply.level == "family":  # then the plan is one of families, and so is what allows it
        every.update(planned_tables({name: every[name] for name in (*GIVEN, "demand_plan", "inventory_target", "setting")}))
    return Books(every, setting, calendar, buckets(calendar))


class _Conformed(dict[str, pl.DataFrame]):
    """Tables in dictionary form, made on first use."""

    def __init__(self, given: Mapping[str, pl.DataFrame]) -> None:
        super().__init__()
        self._given = given

    def __missing__(self, name: str) -> pl.DataFrame:
        made = table(name)
        frame = made.conform(self._given[name]) if name in self._given else made.empty()
        self[name] = frame
        return frame


def _can_be_had() -> pl.Expr:
    """Whether a step of capacity can be had in a period."""
    begun = pl.col("start").is_null() | (pl.col("period") >= pl.col("start"))
    return begun & (pl.col("end").is_null() | (pl.col("period") <= pl.col("end")))
