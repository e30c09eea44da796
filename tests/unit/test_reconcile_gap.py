"""Gaps by hand: what is short, late, idle, too much, beside budget, and which limit is behind it."""

import datetime as dt
import inspect
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.dimensions.calendar import Calendar
from equipoise.reconcile import gap
from equipoise.reconcile.gaps.cause import Cause, sentence
from equipoise.reconcile.gaps.exceptions import runs
from equipoise.reconcile.gaps.relation import Network
from equipoise.reconcile.gaps.sentence import Words
from equipoise.tables import DICTIONARY, table
from equipoise.tables.main_gaps import main_gaps
from equipoise.tables.setting import Setting, to_table

PLAN = Setting.model_validate({"plan": "test", "currency": "EUR", "calendar": {"start": dt.date(2027, 1, 1), "horizon": 6}})
CALENDAR = Calendar.from_setting(PLAN.calendar)
MONTHS = CALENDAR.periods


def frame(name: str, *rows: dict[str, Any]) -> pl.DataFrame:
    schema = dict(table(name).schema)
    return pl.DataFrame([{column: row.get(column) for column in schema} for row in rows], schema=schema)


def found(**tables: pl.DataFrame) -> dict[str, pl.DataFrame]:
    given_tables = {"setting": to_table(PLAN), "item": ITEMS, **tables}
    made = gap(*(given_tables.get(name, DICTIONARY[name].empty()) for name in inspect.signature(gap).parameters))
    for name, rows in made.items():
        assert rows.columns == list(table(name).schema)
        assert not rows.select(table(name).keys).is_duplicated().any()
    assert made["gap"]["rank"].to_list() == list(range(1, made["gap"].height + 1))
    return made


def one(made: dict[str, pl.DataFrame], kind: str, level: str = "family") -> dict[str, Any]:
    return made["gap"].row(by_predicate=(pl.col("kind") == kind) & (pl.col("level") == level), named=True)


ITEMS = frame(
    "item",
    {"item": "A", "family": "Tents", "unit": "piece", "unit_cost": 60.0, "kind": "finished"},
    {"item": "B", "family": "Stoves", "unit": "piece", "kind": "finished"},
    {"item": "cloth", "family": "Material", "unit": "m", "kind": "raw"},
)


def demand(item: str = "A", quantity: float = 100.0, price: float | None = 100.0) -> pl.DataFrame:
    row = {"item": item, "market": "North", "quantity": quantity, "unit_price": price}
    return frame("demand_plan", *({**row, "period": period} for period in MONTHS))


def short(lost: list[float], backlog: list[float] | None = None, item: str = "A") -> pl.DataFrame:
    rows = zip(MONTHS, lost, backlog or [0.0] * len(lost), strict=True)
    key = {"item": item, "market": "North", "demand": 100.0}
    return frame("shortage", *({**key, "period": p, "lost": off, "backlog": late, "shipped": 100.0 - off} for p, off, late in rows))


def test_months_in_a_row_are_one_shortage_with_its_money() -> None:
    made = found(shortage=short([0, 10, 20, 0, 5, 0]), demand_plan=demand())
    rows = made["gap"].filter(pl.col("level") == "family")
    assert rows.select("period", "until", "units", "revenue", "margin").rows() == [
        (MONTHS[1], MONTHS[2], -30, -3000, -1200),
        (MONTHS[4], MONTHS[4], -5, -500, -200),
    ]
    first = rows.row(0, named=True)
    assert first["sentence"] == (
        "Tents in North: 30 pieces short from February to March 2027, 15 % of its demand; EUR 3,000 of revenue and EUR 1,200 of margin "
        "would be lost."
    )
    assert "no limit binds" in first["suggestion"]


def test_items_stand_behind_their_families() -> None:
    both = pl.concat([short([10, 0, 0, 0, 0, 0]), short([0, 0, 0, 0, 0, 1], item="B")])
    made = found(shortage=both, demand_plan=pl.concat([demand(), demand("B", price=10.0)]))
    assert made["gap"].sort("rank").select("level", "subject").rows() == [
        ("family", "Tents"),
        ("family", "Stoves"),
        ("market", "North"),
        ("market", "North"),
        ("item", "A"),
        ("item", "B"),
    ]
    assert main_gaps(made["gap"]).get_column("rank").to_list() == [1, 2]


def test_late_demand_is_the_most_that_is_late_and_says_if_it_stays_so() -> None:
    caught_up = one(found(shortage=short([0] * 6, [0, 5, 9, 2, 0, 0]), demand_plan=demand()), "late")
    assert (caught_up["units"], caught_up["revenue"]) == (-9, -900)
    assert caught_up["sentence"] == "Tents in North: up to 9 pieces late from February to April 2027; EUR 900 of revenue waits."
    still = one(found(shortage=short([0] * 6, [0, 0, 0, 0, 0, 4]), demand_plan=demand()), "late")
    assert "still open at the end of the horizon" in still["sentence"]


def test_without_prices_gaps_are_in_units_and_shortage_comes_before_surplus() -> None:
    made = found(shortage=short([10, 0, 0, 0, 0, 0]), demand_plan=demand(price=None), capacity_load=load("Line", [10.0] * 6))
    assert one(made, "shortage")["revenue"] is None
    assert one(made, "shortage")["rank"] == 1
    assert one(made, "idle_capacity", "resource")["rank"] == 2


def test_a_shortage_too_small_to_show_is_not_shown() -> None:
    assert found(shortage=short([0.1, 0.1, 0, 0, 0, 0]), demand_plan=demand())["gap"].is_empty()
    assert found(shortage=short([0.3, 0.3, 0, 0, 0, 0]), demand_plan=demand())["gap"].height == 2


def load(resource: str, used: list[float], available: float = 100.0, overtime: float = 0.0, limit: float | None = None) -> pl.DataFrame:
    rows = [
        {
            "resource": resource,
            "period": period,
            "available": available,
            "load": work,
            "overtime": overtime,
            "overtime_limit": limit,
            "idle": max(0.0, available - work),
        }
        for period, work in zip(MONTHS, used, strict=True)
    ]
    return frame("capacity_load", *rows)


def test_idle_capacity_from_its_share_on() -> None:
    resource = frame("resource", {"resource": "Line", "kind": "machine", "unit": "hours"})
    made = found(capacity_load=load("Line", [86, 85, 60, 100, 100, 100]), resource=resource)
    idle = one(made, "idle_capacity", "resource")
    assert (idle["period"], idle["until"], idle["units"], idle["unit"]) == (MONTHS[1], MONTHS[2], 55, "hours")
    assert idle["sentence"] == "Line stands idle for 27.5 hours a month from February to March 2027, 28 % of its regular capacity."


def test_empty_storage_is_no_idle_capacity() -> None:
    resource = frame("resource", {"resource": "Hall", "kind": "storage", "unit": "pallet"})
    assert found(capacity_load=load("Hall", [0] * 6), resource=resource)["gap"].is_empty()


def test_overload_is_load_beyond_capacity_and_the_overtime_allowed() -> None:
    within = found(capacity_load=load("Line", [110] * 6, overtime=10, limit=10))
    assert within["gap"].is_empty()
    over = one(found(capacity_load=load("Line", [110, 120, 100, 100, 100, 100], overtime=10, limit=10)), "overload", "resource")
    assert (over["units"], over["period"], over["until"]) == (-10, MONTHS[1], MONTHS[1])
    assert over["sentence"].startswith("Line is planned 10 hours beyond its capacity and overtime in February 2027")


SURPLUS = {
    "route": frame("route", *({"route": f"at {plant}", "item": "A", "location": plant} for plant in ("Plant A", "Plant B"))),
    "usage": frame(
        "usage", *({"activity": "make", "of": f"at {plant}", "resource": plant, "quantity": 1.0} for plant in ("Plant A", "Plant B"))
    ),
    "resource": frame("resource", *({"resource": plant, "kind": "machine", "unit": "units"} for plant in ("Plant A", "Plant B"))),
}


def made_at(plant: str, quantity: float) -> tuple[pl.DataFrame, pl.DataFrame]:
    plan = [{"route": f"at {plant}", "item": "A", "location": plant, "period": period, "quantity": quantity} for period in MONTHS]
    work = {"resource": plant, "activity": "make", "of": f"at {plant}", "item": "A", "load": quantity}
    return frame("supply_plan", *plan), frame("route_load", *({**work, "period": period} for period in MONTHS))


@pytest.mark.parametrize(("at_a", "at_b"), [(36000, 24000), (45000, 15000), (30000, 30000)])
def test_two_plants_of_75_000_against_60_000_leave_a_surplus_of_15_000(at_a: float, at_b: float) -> None:
    plan_a, work_a = made_at("Plant A", at_a)
    plan_b, work_b = made_at("Plant B", at_b)
    made = found(
        supply_plan=pl.concat([plan_a, plan_b]),
        route_load=pl.concat([work_a, work_b]),
        capacity_load=pl.concat([load("Plant A", [at_a] * 6, 45000), load("Plant B", [at_b] * 6, 30000)]),
        demand_plan=demand(quantity=60000, price=100.0),
        **SURPLUS,
    )
    surplus = one(made, "supply_surplus", "total")
    assert surplus["units"] == pytest.approx(15000 * 6)
    assert surplus["rank"] == 1
    assert surplus["sentence"] == (
        "Supply has room for 15,000 pieces a month more than demand needs from January to June 2027, 20 % of what it could make. "
        "At the average price that would be EUR 1,500,000 of revenue a month."
    )
    assert surplus["suggestion"].startswith("Decide how to use the room")


def test_a_plant_that_makes_nothing_has_room_too() -> None:
    plan_a, work_a = made_at("Plant A", 45000)
    made = found(
        supply_plan=plan_a,
        route_load=work_a,
        capacity_load=pl.concat([load("Plant A", [45000.0] * 6, 45000), load("Plant B", [0.0] * 6, 30000)]),
        demand_plan=demand(quantity=45000),
        **SURPLUS,
    )
    assert one(made, "supply_surplus", "total")["units"] == pytest.approx(30000 * 6)


def test_machines_in_a_row_have_the_room_of_the_scarcest() -> None:
    plan, work = made_at("Plant A", 80)
    in_a_row = frame("usage", *({"activity": "make", "of": "at Plant A", "resource": name, "quantity": 1.0} for name in ("cut", "sew")))
    both = pl.concat([work.with_columns(pl.lit(name).alias("resource")) for name in ("cut", "sew")])
    tables = {"route": SURPLUS["route"], "usage": in_a_row, "supply_plan": plan, "route_load": both, "demand_plan": demand(quantity=80)}
    made = found(**tables, capacity_load=pl.concat([load("cut", [80.0] * 6, 400), load("sew", [80.0] * 6, 100)]))
    assert one(made, "supply_surplus", "total")["units"] == pytest.approx(20 * 6)


def test_room_that_a_full_supplier_closes_says_so() -> None:
    plan, work = made_at("Plant A", 60)
    limits = {"purchase": "X", "span": "period", "maximum": 60.0}
    made = found(
        supply_plan=plan,
        route_load=work,
        capacity_load=load("Plant A", [60.0] * 6),
        demand_plan=demand(quantity=60),
        purchase=frame("purchase", {"purchase": "X", "item": "cloth", "location": "Plant A", "supplier": "Supplier X"}),
        purchase_plan=frame("purchase_plan", *({"purchase": "X", "item": "cloth", "period": p, "quantity": 60.0} for p in MONTHS)),
        purchase_limit=frame("purchase_limit", *({**limits, "period": period} for period in MONTHS)),
        **SURPLUS,
    )
    surplus = one(made, "supply_surplus", "total")
    assert "Supplier X" in surplus["suggestion"]
    cause = made["gap_cause"].row(0, named=True)
    assert cause["sentence"] == "Supplier X is at its purchase limit of 60 units a month from January to June 2027."
    assert cause["value"] is None


def stock(quantities: list[float], target: float | None, **more: Any) -> pl.DataFrame:
    key = {"item": "A", "location": "Plant", "target": target, **more}
    return frame("inventory_plan", *({**key, "period": p, "quantity": q} for p, q in zip(MONTHS, quantities, strict=True)))


def test_stock_held_above_target_beyond_the_share_worth_showing() -> None:
    made = found(inventory_plan=stock([160, 150, 126, 120, 100, 100], 100), demand_plan=demand())
    excess = one(made, "excess_stock")
    many = found(inventory_plan=stock([500] * 6, 100), demand_plan=demand())
    assert "400 pieces above target (4 times it)" in one(many, "excess_stock")["sentence"]
    assert (excess["units"], excess["period"], excess["until"]) == (60, MONTHS[0], MONTHS[2])
    assert excess["sentence"] == (
        "Tents: stock up to 60 pieces above target (60 % of it) from January to March 2027; EUR 3,600 at standard cost."
    )
    assert one(made, "excess_stock", "item")["subject"] == "A@Plant"


def test_stock_that_the_plan_builds_for_a_peak_is_no_gap() -> None:
    built = stock([100, 150, 200, 100, 100, 100], 100).with_columns(opening=pl.lit(100.0))
    assert found(inventory_plan=built, demand_plan=demand())["gap"].filter(pl.col("kind") == "excess_stock").is_empty()


def test_stock_below_target_is_negative() -> None:
    made = found(inventory_plan=stock([100, 70, 100, 100, 100, 100], 100, shortfall=None), demand_plan=demand())
    assert one(made, "below_target")["units"] == -30
    assert "Rebuild the stock of Tents" in one(made, "below_target")["suggestion"]


def test_stock_without_a_target_is_judged_by_its_maximum_alone() -> None:
    assert found(inventory_plan=stock([500] * 6, None), demand_plan=demand())["gap"].is_empty()
    over = one(found(inventory_plan=stock([500] * 6, None, excess=20.0), demand_plan=demand()), "excess_stock")
    assert over["units"] == 20
    assert "above its maximum" in over["sentence"]


def budgeted(amounts: list[tuple[float, float]]) -> dict[str, pl.DataFrame]:
    plan = [
        {"scenario": "base", "line": "revenue", "family": "Tents", "period": p, "amount": amount, "budget": budget}
        for p, (amount, budget) in zip(MONTHS, amounts, strict=True)
    ]
    budget = [{"family": "Tents", "period": p, "quantity": 90.0, "revenue": 1.0} for p in MONTHS]
    return {"financials": frame("financials", *plan), "budget": frame("budget", *budget), "shortage": short([0] * 6)}


def test_plan_against_budget_by_family() -> None:
    amounts = [(94.0, 100.0), (90.0, 100.0), (96.0, 100.0), (100.0, 100.0), (120.0, 100.0), (100.0, 100.0)]
    rows = found(**budgeted(amounts), demand_plan=demand())["gap"].sort("period")
    assert rows.select("period", "until", "units", "revenue").rows() == [(MONTHS[0], MONTHS[1], 20, -16), (MONTHS[4], MONTHS[4], 10, 20)]
    assert rows["sentence"][0] == ("Tents: planned revenue is EUR 16 below budget from January to February 2027, 8 % (20 pieces more).")
    assert rows["suggestion"][0].startswith("Agree how Tents closes its gap")
    assert rows["suggestion"][1].startswith("Confirm the revenue of Tents above budget")


def test_a_budget_in_units_alone_is_compared_in_units() -> None:
    budget = frame("budget", *({"item": "A", "period": period, "quantity": 80.0} for period in MONTHS))
    row = one(found(shortage=short([0] * 6), demand_plan=demand(), budget=budget), "budget")
    assert row["units"] == 20 * 6
    assert row["revenue"] is None
    assert row["sentence"] == "Tents: the plan is 120 pieces above budget from January to June 2027, 25 %."


def limit(kind: str, subject: str, months: list[int], value: float | None = 40.0, **more: Any) -> list[dict[str, Any]]:
    row = {"limit": kind, "subject": subject, "limited_to": 200.0, "unit": "hours", "value": value, **more}
    return [{**row, "period": MONTHS[month]} for month in months]


NETWORK = {
    "route": frame("route", {"route": "make A", "item": "A", "location": "Plant"}, {"route": "make B", "item": "B", "location": "Plant"}),
    "usage": frame(
        "usage",
        {"activity": "make", "of": "make A", "resource": "Sewing", "quantity": 1.0},
        {"activity": "make", "of": "make B", "resource": "Press", "quantity": 1.0},
    ),
    "bom": frame("bom", {"route": "make A", "component": "cloth", "quantity": 2.0}),
    "purchase": frame("purchase", {"purchase": "cloth from X", "item": "cloth", "location": "Plant", "supplier": "X"}),
}


def test_causes_are_limits_on_what_the_item_passes_through_in_the_gaps_months() -> None:
    binding = frame(
        "binding",
        *limit("capacity", "Sewing", [1, 2, 4]),
        *limit("purchase", "cloth from X", [2], 300.0, unit="m"),
        *limit("capacity", "Press", [1, 2], 999.0),
        *limit("ending backlog", "A in North", [1], 999.0),
    )
    made = found(shortage=short([0, 10, 20, 0, 0, 0]), demand_plan=demand(), binding=binding, **NETWORK)
    causes = made["gap_cause"].filter(pl.col("rank") == 1).sort("value", descending=True)
    assert causes.select("limit", "subject", "value").rows() == [("purchase", "cloth from X", 300), ("capacity", "Sewing", 80)]
    assert causes["sentence"].to_list() == [
        "cloth from X is at its purchase limit of 200 m in March 2027; one more m is worth EUR 300.",
        "Sewing is at its capacity of 200 hours a month from February to March 2027; one more hour is worth EUR 40.",
    ]
    assert one(made, "shortage")["suggestion"] == "Raise what cloth from X can deliver, or bring in a second source."


def test_a_limit_of_unknown_relation_counts_and_one_that_binds_only_before_explains_too() -> None:
    binding = frame("binding", *limit("limit", "all depots", [0]))
    made = found(shortage=short([0, 10, 0, 0, 0, 0]), demand_plan=demand(), binding=binding, **NETWORK)
    assert made["gap_cause"].filter(pl.col("rank") == 1)["subject"].to_list() == ["all depots"]


def test_stock_held_back_from_customers_is_a_cause_where_it_is_worth_as_much_as_a_sale() -> None:
    short_of = {"shortage": short([0, 10, 10, 10, 0, 0]), "demand_plan": demand(), **NETWORK}
    binding = frame("binding", *limit("target stock", "A at Plant", [1, 3], -75.0, unit="piece"))
    made = found(**short_of, binding=binding)
    cause = made["gap_cause"].filter(pl.col("rank") == 1).row(0, named=True)
    assert cause["value"] == -150
    assert cause["sentence"] == (
        "A at Plant is at its target stock of 200 pieces a month in 2 of 3 months from February to April 2027; "
        "one piece less is worth EUR 75."
    )
    assert one(made, "shortage")["suggestion"].startswith("Lower the target stock of A at Plant")
    cheap = frame("binding", *limit("target stock", "A at Plant", [1, 3], -7.5, unit="piece"))
    assert found(**short_of, binding=cheap)["gap_cause"].is_empty()


def test_where_no_money_is_known_the_limit_tells_what_more_would_serve() -> None:
    told = "One more hour on Sewing in 2027-02 would serve 2.00 more units of demand."
    binding = frame("binding", *limit("capacity", "Sewing", [1], None, sentence=told, limited_to=float("nan")))
    made = found(shortage=short([0, 10, 0, 0, 0, 0]), demand_plan=demand(price=None), binding=binding, **NETWORK)
    cause = made["gap_cause"].row(0, named=True)
    assert cause["sentence"] == (
        "Sewing is at its capacity in February 2027; one more hour on Sewing in 2027-02 would serve 2.00 more units of demand."
    )
    assert cause["value"] is None


def test_a_limit_over_several_things_counts_for_what_it_is_over() -> None:
    binding = frame("binding", *limit("limit", "old presses", [1], 50.0), *limit("capacity", "Sewing", [1], 5.0))
    over = {"limit": "old presses", "table": "route"}
    tables = {"shortage": short([0, 10, 0, 0, 0, 0]), "demand_plan": demand(), "binding": binding, **NETWORK}
    other = found(**tables, limit_member=frame("limit_member", {**over, "key": "make B"}))
    assert other["gap_cause"].filter(pl.col("rank") == 1)["subject"].to_list() == ["Sewing"]
    own = found(**tables, limit_member=frame("limit_member", {**over, "key": "make A"}))
    assert one(own, "shortage")["suggestion"] == "Raise the limit old presses."


def test_rules_of_which_more_would_cost_come_last() -> None:
    binding = frame("binding", *limit("target stock", "A at Plant", [1], -900.0), *limit("capacity", "Sewing", [1], 5.0))
    made = found(shortage=short([0, 10, 0, 0, 0, 0]), demand_plan=demand(), binding=binding, **NETWORK)
    assert one(made, "shortage")["suggestion"].startswith("Add capacity on Sewing")
    lossy = frame("binding", *limit("capacity", "Sewing", [1], -5.0))
    made = found(shortage=short([0, 10, 0, 0, 0, 0]), demand_plan=demand(), binding=lossy, **NETWORK)
    assert made["gap_cause"]["sentence"][0].endswith("one more hour would cost EUR 5.")


def test_a_stock_target_is_no_cause_of_stock_below_it() -> None:
    binding = frame("binding", *limit("target stock", "A at Plant", [1], -900.0), *limit("capacity", "Sewing", [1], 5.0))
    made = found(inventory_plan=stock([100, 70, 100, 100, 100, 100], 100), demand_plan=demand(), binding=binding, **NETWORK)
    assert made["gap_cause"]["subject"].unique().to_list() == ["Sewing"]


def test_no_source_comes_before_every_price() -> None:
    nothing = {"limit": "no source", "subject": "A in North", "limited_to": 0.0, "sentence": "Nothing brings A to North."}
    binding = frame("binding", nothing, *limit("capacity", "Sewing", [1], 1e6))
    made = found(shortage=short([0, 10, 0, 0, 0, 0]), demand_plan=demand(), binding=binding, **NETWORK)
    assert one(made, "shortage")["suggestion"].startswith("Give A in North a source")


def test_the_network_knows_components_and_names_inside_subjects() -> None:
    nothing = (table("lane").empty(), table("route_load").empty(), table("limit_member").empty())
    network = Network(NETWORK["route"], NETWORK["bom"], NETWORK["usage"], NETWORK["purchase"], *nothing)
    reached = network.reach(["A"])
    assert {"A", "cloth", "make A", "Sewing", "cloth from X", "X"} <= reached
    assert "Press" not in reached
    assert network.concerns("cloth@Plant", reached)
    assert network.concerns("something new", reached)
    assert not network.concerns("B in North", reached)
    assert not network.concerns("Press", reached)


def test_a_bill_that_loops_ends() -> None:
    loop = frame("bom", {"route": "make A", "component": "B", "quantity": 1.0}, {"route": "make B", "component": "A", "quantity": 1.0})
    nothing = (table("lane").empty(), table("route_load").empty(), table("limit_member").empty())
    network = Network(NETWORK["route"], loop, NETWORK["usage"], NETWORK["purchase"], *nothing)
    assert network.items(["A"]) == {"A", "B"}


@given(st.lists(st.floats(-100, 100).map(lambda value: round(value, 1)), min_size=6, max_size=6))
def test_runs_keep_every_unit_and_never_mix_signs(values: list[float]) -> None:
    points = pl.DataFrame({"key": ["k"] * 6, "period": list(MONTHS), "units": values})
    merged = runs(points, ["key"], CALENDAR, "flow")
    assert merged["units"].sum() == pytest.approx(sum(values), abs=1e-6)
    assert merged["count"].sum() == sum(value != 0 for value in values)
    for start, until, count, units in merged.select("period", "until", "count", "units").iter_rows():
        within = [value for period, value in zip(MONTHS, values, strict=True) if start <= period <= until]
        assert len(within) == count
        assert all(value * units > 0 for value in within)


def test_nothing_given_is_no_gap() -> None:
    made = found(item=table("item").empty())
    assert made["gap"].is_empty()
    assert made["gap_cause"].is_empty()


def test_material_that_cannot_come_in_time_is_said_as_a_sentence() -> None:
    calendar = Calendar("month", MONTHS[0], 6, MONTHS[0])
    cause = Cause("material", "Rod at Plant", "piece", value=8.28, valued=1, periods=[MONTHS[0]], limits=[258.0])
    said = sentence(cause, Words(calendar, "EUR"))
    assert said.startswith("No more Rod at Plant can arrive in time than what is on its way in January")
    assert "EUR 8.28" in said
