"""Obsolete stock, the last cycle, gaps by market and in total, and what every gap says of itself: by hand."""

import datetime as dt
import inspect
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.decide import proposed_action, recommendation
from equipoise.dimensions.calendar import Calendar
from equipoise.reconcile import gap
from equipoise.reconcile.gaps.obsolescence import obsolete_units, requirement
from equipoise.tables import DICTIONARY, table
from equipoise.tables.made_reconciled import GAP_KINDS
from equipoise.tables.main_gaps import main_gaps, repeats
from equipoise.tables.setting import Setting, to_table

AS_OF = dt.date(2026, 12, 10)
PLAN = Setting.model_validate(
    {"plan": "test", "currency": "EUR", "calendar": {"as_of": AS_OF, "start": dt.date(2027, 1, 1), "horizon": 12}}
)
CALENDAR = Calendar.from_setting(PLAN.calendar)
MONTHS = CALENDAR.periods
SHORT_PLAN = PLAN.model_copy(update={"calendar": PLAN.calendar.model_copy(update={"horizon": 2})})


def frame(name: str, *rows: dict[str, Any]) -> pl.DataFrame:
    schema = dict(table(name).schema)
    return pl.DataFrame([{column: row.get(column) for column in schema} for row in rows], schema=schema)


ITEM_ROWS: tuple[dict[str, Any], ...] = (
    {"item": "A", "family": "Tents", "unit": "piece", "unit_cost": 60.0, "kind": "finished"},
    {"item": "B", "family": "Stoves", "unit": "piece", "unit_price": 20.0, "unit_cost": 15.0, "kind": "finished"},
    {"item": "cloth", "family": "Material", "unit": "m", "unit_cost": 2.0, "kind": "raw"},
)
ITEMS = frame("item", *ITEM_ROWS)


def found(setting: Setting = PLAN, /, **tables: pl.DataFrame) -> dict[str, pl.DataFrame]:
    given_tables = {"setting": to_table(setting), "item": ITEMS, **tables}
    made = gap(*(given_tables.get(name, DICTIONARY[name].empty()) for name in inspect.signature(gap).parameters))
    for name, rows in made.items():
        assert rows.schema == table(name).schema
        assert not rows.select(table(name).keys).is_duplicated().any()
    return made


def of(made: dict[str, pl.DataFrame], kind: str, level: str = "family") -> list[dict[str, Any]]:
    return made["gap"].filter((pl.col("kind") == kind) & (pl.col("level") == level)).sort("rank").rows(named=True)


def demand(
    item: str = "A", quantity: float = 10.0, price: float | None = 100.0, market: str = "North", months: Any = MONTHS
) -> pl.DataFrame:
    row = {"item": item, "market": market, "quantity": quantity, "unit_price": price}
    return frame("demand_plan", *({**row, "period": period} for period in months))


def held(item: str, quantity: float, location: str = "Plant", **more: Any) -> dict[str, Any]:
    return {"item": item, "location": location, "quantity": quantity, **more}


def dead(*lots: dict[str, Any], **tables: pl.DataFrame) -> pl.DataFrame:
    return dead_in(PLAN, *lots, **tables)


def dead_in(setting: Setting, /, *lots: dict[str, Any], **tables: pl.DataFrame) -> pl.DataFrame:
    given_tables = {"item": ITEMS, "on_hand": frame("on_hand", *lots), **tables}
    names = ("on_hand", "backlog", "demand_plan", "inventory_plan", "item", "route", "bom")
    one, two, three, four, five, six, seven = (given_tables.get(name, table(name).empty()) for name in names)
    return obsolete_units(one, two, three, four, five, six, seven, Calendar.from_setting(setting.calendar), setting.gaps)


# Demand of 10 a month: 26 weeks from 1 January end on 1 July, so 6 months and a day of July; 182 of 365 days are 59.8, less than that.
COMING = 60 + 10 / 31


def test_stock_beyond_the_weeks_of_demand_is_obsolete() -> None:
    made = found(on_hand=frame("on_hand", held("A", 100)), demand_plan=demand())
    (row,) = of(made, "obsolete_stock")
    assert row["units"] == pytest.approx(100 - COMING)
    assert row["revenue"] == pytest.approx((100 - COMING) * 100)
    assert row["margin"] == pytest.approx((100 - COMING) * 40)
    assert row["stake"] == pytest.approx((100 - COMING) * 60)
    assert (row["period"], row["until"]) == (MONTHS[0], MONTHS[-1])
    assert (
        row["sentence"]
        == "Tents: 39.7 pieces of stock obsolete, beyond 26 weeks of demand, 40 % of what is held; EUR 2,381 at standard cost."
    )
    assert row["suggestion"].startswith("Make or buy no more of Tents")
    assert of(made, "obsolete_stock", "item")[0]["subject"] == "A@Plant"


def test_stock_within_the_weeks_of_demand_is_not() -> None:
    assert dead(held("A", COMING), demand_plan=demand()).is_empty()
    assert dead(held("A", COMING + 0.1), demand_plan=demand())["units"][0] == pytest.approx(0.1)


def test_the_setting_says_how_many_weeks() -> None:
    half = PLAN.model_copy(update={"gaps": PLAN.gaps.model_copy(update={"obsolete_weeks": 31 / 7})})
    assert dead_in(half, held("A", 100), demand_plan=demand())["units"][0] == pytest.approx(100 - 120 * 31 / 365)


def test_stock_without_demand_is_obsolete_to_the_last_unit() -> None:
    made = found(on_hand=frame("on_hand", held("B", 7)))
    (row,) = of(made, "obsolete_stock")
    assert (row["units"], row["stake"], row["revenue"], row["margin"]) == (7, 105, 140, 35)
    assert "7 pieces of stock obsolete, without any demand in the plan" in row["sentence"]


def test_out_of_season_stock_is_judged_by_the_average_of_the_horizon() -> None:
    summer = demand(quantity=73, months=MONTHS[7:12])
    assert dead(held("A", 180), demand_plan=summer).is_empty()
    assert dead(held("A", 200), demand_plan=summer)["units"][0] == pytest.approx(200 - 5 * 73 * 182 / 365)


def test_a_horizon_shorter_than_the_weeks_goes_on_at_its_average() -> None:
    two = demand(quantity=59, months=MONTHS[:2])
    assert dead_in(SHORT_PLAN, held("A", 400), demand_plan=two)["units"][0] == pytest.approx(400 - 2 * 182)


def test_nothing_sells_after_the_last_day_on_sale() -> None:
    ending = frame("item", {**ITEM_ROWS[0], "discontinue": dt.date(2027, 2, 28)})
    assert dead(held("A", 50), demand_plan=demand(), item=ending)["units"][0] == pytest.approx(30)
    gone = frame("item", {**ITEM_ROWS[0], "discontinue": dt.date(2026, 6, 30)})
    assert dead(held("A", 50), demand_plan=demand(), item=gone).row(0, named=True)["unwanted"] == 50


def test_what_expires_before_it_is_used_is_obsolete_and_first_to_expire_is_used_first() -> None:
    lots = (held("A", 30, expires=dt.date(2027, 1, 31)), held("A", 15, expires=dt.date(2027, 2, 28)), held("A", 20))
    row = dead(*lots, demand_plan=demand()).row(0, named=True)
    assert (row["units"], row["expiring"], row["beyond"]) == (pytest.approx(25), pytest.approx(25), 0)
    assert dead(held("A", 9, expires=dt.date(2026, 12, 31)), demand_plan=demand())["expiring"][0] == 9


def test_a_shelf_life_is_a_day_of_expiry() -> None:
    short_lived = frame("item", {**ITEM_ROWS[0], "shelf_life": 30.0})
    assert dead(held("A", 30), demand_plan=demand(), item=short_lived)["expiring"][0] == pytest.approx(20)


def test_components_are_used_by_what_they_go_into() -> None:
    tables = {"route": frame("route", {"route": "make A", "item": "A", "location": "Plant", "yield": 0.5}), "demand_plan": demand()}
    bill = frame("bom", {"route": "make A", "component": "cloth", "quantity": 2.0})
    assert dead(held("cloth", 4 * COMING), bom=bill, **tables).is_empty()
    assert dead(held("cloth", 4 * COMING), **tables)["units"][0] == pytest.approx(4 * COMING)
    loop = frame("bom", {"route": "make A", "component": "A", "quantity": 0.1})
    need = requirement(demand(), table("backlog").empty(), ITEMS, tables["route"], loop, CALENDAR)
    assert need["quantity"][0] == pytest.approx(10 / (1 - 0.2))


def test_locations_share_what_is_obsolete_by_what_they_hold_and_other_owners_stay_out() -> None:
    lots = (held("A", 60), held("A", 40, "Depot"), held("A", 500, "Shop", owner="Dealer"))
    units = dict(dead(*lots, demand_plan=demand()).select("location", "units").iter_rows())
    assert units == {"Depot": pytest.approx((100 - COMING) * 0.4), "Plant": pytest.approx((100 - COMING) * 0.6)}


def test_backlog_and_target_stock_are_use() -> None:
    late = frame("backlog", {"item": "A", "market": "North", "quantity": 5.0})
    assert dead(held("A", 100), demand_plan=demand(), backlog=late)["units"][0] == pytest.approx(100 - COMING - 5)
    target = frame("inventory_plan", {"item": "A", "location": "Plant", "period": MONTHS[0], "quantity": 100.0, "target": 90.0})
    assert dead(held("A", 100), demand_plan=demand(), inventory_plan=target)["units"][0] == pytest.approx(10)


def test_no_unit_is_excess_and_obsolete() -> None:
    plan = frame("inventory_plan", *(held("A", 100, period=period, target=20.0) for period in MONTHS))
    made = found(inventory_plan=plan, on_hand=frame("on_hand", held("A", 100)), demand_plan=demand())
    assert of(made, "excess_stock")[0]["units"] == pytest.approx(80 - (100 - COMING))
    none = found(inventory_plan=plan, on_hand=frame("on_hand", held("A", 100)))
    assert of(none, "excess_stock") == []
    assert of(none, "obsolete_stock")[0]["units"] == 100


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["A", "B", "cloth"]), st.integers(1, 200), st.none() | st.integers(0, 400)), min_size=1, max_size=6),
    st.integers(0, 30),
)
def test_obsolete_units_are_part_of_the_stock_and_only_as_many_are_left_as_can_be_used(
    lots: list[tuple[str, int, int | None]], rate: int
) -> None:
    rows = [
        held(item, size, f"L{number}", expires=None if days is None else MONTHS[0] + dt.timedelta(days=days))
        for number, (item, size, days) in enumerate(lots)
    ]
    units = dead(*rows, demand_plan=demand(quantity=rate))
    stock = {item: sum(size for name, size, _ in lots if name == item) for item in ("A", "B", "cloth")}
    for row in units.iter_rows(named=True):
        assert row["units"] > 0
        assert row["units"] <= row["held"] + 1e-6
        assert row["unwanted"] + row["expiring"] + row["beyond"] == pytest.approx(row["units"])
    left = {item: stock[item] - units.filter(pl.col("item") == item)["units"].sum() for item in stock}
    assert left["A"] <= COMING * rate / 10 + 1e-6
    assert (left["B"], left["cloth"]) == pytest.approx((0, 0), abs=1e-5)


def snapshot(*rows: dict[str, Any], as_of: dt.date = dt.date(2026, 11, 12), measure: str = "demand") -> pl.DataFrame:
    key = {"as_of": as_of, "measure": measure, "item": "A", "place": "North", "quantity": 8.0}
    return frame("plan_snapshot", *({**key, **row} for row in rows))


def earned(amount: float, family: str = "Tents") -> pl.DataFrame:
    row = {"scenario": "base", "line": "revenue", "family": family, "amount": amount}
    return frame("financials", *({**row, "period": period} for period in MONTHS))


def test_plan_against_the_last_cycle_over_the_periods_both_have() -> None:
    last = snapshot(*({"period": month, "revenue": 700.0, "gross_margin": 300.0} for month in (dt.date(2026, 12, 1), *MONTHS[:3])))
    made = found(demand_plan=demand(), plan_snapshot=last, financials=earned(1000.0))
    (row,) = of(made, "last_cycle")
    assert (row["period"], row["until"], row["units"], row["revenue"], row["margin"], row["stake"]) == (
        MONTHS[0],
        MONTHS[2],
        6,
        900,
        None,
        900,
    )
    assert row["sentence"] == (
        "Tents: planned revenue is EUR 900 above the last cycle's plan from January to March 2027, 43 % (6 pieces more)."
    )
    assert row["suggestion"].startswith("Have sales explain what Tents gained")


def test_the_latest_plan_before_this_ones_data_cut_is_the_last_cycle() -> None:
    old, other = (
        snapshot({"period": MONTHS[0], "quantity": 1.0}, as_of=dt.date(2026, 10, 1)),
        snapshot({"period": MONTHS[0]}, measure="forecast"),
    )
    own = snapshot({"period": MONTHS[0], "quantity": 99.0}, as_of=AS_OF)
    last = snapshot({"period": MONTHS[0], "quantity": 20.0})
    (row,) = of(found(demand_plan=demand(price=None), plan_snapshot=pl.concat([old, other, own, last])), "last_cycle")
    assert (row["units"], row["revenue"], row["stake"]) == (-10, None, None)
    assert row["sentence"] == "Tents: the plan is 10 pieces below the last cycle's plan in January 2027, 50 %."


def test_without_money_in_the_snapshot_it_is_valued_at_todays_prices_and_says_so() -> None:
    made = found(demand_plan=demand(), plan_snapshot=snapshot({"period": MONTHS[0]}), financials=earned(1000.0))
    (row,) = of(made, "last_cycle")
    assert (row["units"], row["revenue"]) == (2, 200)
    assert row["sentence"].endswith("(2 pieces more); what the last cycle planned is valued at today's prices.")


@pytest.mark.parametrize(("then", "shown"), [(910.0, False), (1000 / 1.1 - 0.1, True), (1000 / 0.9 + 0.1, True), (1111.0, False)])
def test_a_change_is_shown_beyond_its_share_of_the_last_plan(then: float, shown: bool) -> None:
    last = snapshot({"period": MONTHS[0], "quantity": 10.0, "revenue": then})
    assert bool(of(found(demand_plan=demand(), plan_snapshot=last, financials=earned(1000.0)), "last_cycle")) is shown


def test_a_new_and_a_dropped_family_and_their_total() -> None:
    last = snapshot({"period": MONTHS[0], "item": "B", "quantity": 30.0, "revenue": 600.0})
    made = found(demand_plan=demand(), plan_snapshot=last, financials=earned(1000.0))
    assert [(row["subject"], row["units"], row["revenue"]) for row in of(made, "last_cycle")] == [
        ("Tents", 10, 1000),
        ("Stoves", -30, -600),
    ]
    (total,) = of(made, "last_cycle", "total")
    assert (total["units"], total["revenue"]) == (-20, 400)
    assert total["sentence"].startswith("In total: planned revenue is EUR 400 above the last cycle's plan in January 2027, 67 %")


def lost(item: str, market: str, units: list[float]) -> pl.DataFrame:
    key = {"item": item, "market": market, "demand": 10.0}
    return frame(
        "shortage",
        *({**key, "period": p, "lost": off, "backlog": 0.0, "shipped": 10.0 - off} for p, off in zip(MONTHS, units, strict=False)),
    )


BOTH = [pl.concat([demand(), demand("B", price=20.0), demand(market="South")])]


def test_shortages_add_up_to_their_market_and_to_the_total() -> None:
    short = pl.concat([lost("A", "North", [3, 4]), lost("B", "North", [0, 2]), lost("A", "South", [0, 1])])
    made = found(shortage=short, demand_plan=BOTH[0])
    (market,) = of(made, "shortage", "market")
    assert (market["subject"], market["units"], market["revenue"], market["margin"]) == ("North", -9, -740, -290)
    assert market["sentence"].startswith("All of North: 9 pieces short from January to February 2027")
    (total,) = of(made, "shortage", "total")
    assert (total["units"], total["revenue"], total["period"], total["until"]) == (-10, -840, MONTHS[0], MONTHS[1])
    main = main_gaps(made["gap"])
    assert set(main["level"]) == {"family"}
    assert main["rank"].to_list() == [1, 2, 3]
    assert made["gap"].filter(pl.col("rank") == 4)["level"].to_list() == ["total"]


def test_a_market_with_one_family_and_a_total_of_one_market_repeat_nothing() -> None:
    made = found(shortage=lost("A", "North", [3]), demand_plan=demand())
    assert set(made["gap"]["level"]) == {"family", "item"}


def test_causes_of_a_market_are_those_of_its_items() -> None:
    short = pl.concat([lost("A", "North", [3, 0]), lost("B", "North", [1, 0])])
    cause = {"kind": "shortage", "place": "North", "period": MONTHS[0], "limit": "capacity"}
    causes = frame(
        "supply_cause",
        {**cause, "item": "A", "subject": "Line", "quantity": 3.0},
        {**cause, "item": "B", "subject": "Press", "quantity": 1.0},
    )
    made = found(shortage=short, demand_plan=BOTH[0], supply_cause=causes)
    (market,) = of(made, "shortage", "market")
    own = made["gap_cause"].filter(pl.col("rank") == market["rank"]).sort("share", descending=True)
    assert own.select("subject", "share").rows() == [("Line", 0.75), ("Press", 0.25)]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)), min_size=12, max_size=12))
def test_item_gaps_sum_to_those_of_families_markets_and_the_total(units: list[tuple[int, int, int]]) -> None:
    free = PLAN.model_copy(update={"gaps": PLAN.gaps.model_copy(update={"shortage_units": 0.0})})
    keys = (("A", "North"), ("B", "North"), ("A", "South"))
    short = pl.concat([lost(item, market, [float(row[number]) for row in units]) for number, (item, market) in enumerate(keys)])
    rows = found(free, shortage=short, demand_plan=BOTH[0])["gap"]
    sums = dict(rows.group_by("level").agg(pl.col("revenue").sum()).iter_rows())
    assert sums.get("family", 0) == pytest.approx(sums.get("item", 0))
    if "total" in sums:
        assert sums["total"] == pytest.approx(sums["item"])
    assert (rows["units"] < 0).all()


def loaded(load: float, limit: float | None = None) -> dict[str, pl.DataFrame]:
    work = {"resource": "Line", "period": MONTHS[0], "available": 100.0, "load": load, "overtime": 0.0, "overtime_limit": limit}
    return {
        "capacity_load": frame("capacity_load", {**work, "idle": max(0.0, 100.0 - load)}),
        "route_load": frame(
            "route_load", {"resource": "Line", "activity": "make", "of": "make A", "item": "A", "period": MONTHS[0], "load": load}
        ),
        "supply_plan": frame(
            "supply_plan", {"route": "make A", "item": "A", "location": "Plant", "period": MONTHS[0], "quantity": load / 2}
        ),
        "route": frame("route", {"route": "make A", "item": "A", "location": "Plant"}),
        "resource": frame("resource", {"resource": "Line", "kind": "machine", "unit": "hours"}),
        "demand_plan": demand(),
    }


def test_an_overloaded_resource_has_the_money_of_its_load_at_stake_and_an_idle_one_none() -> None:
    (over,) = of(found(**loaded(120.0)), "overload", "resource")
    assert (over["units"], over["revenue"], over["margin"], over["stake"]) == (-20, -1000, -400, 1000)
    assert "about EUR 1,000 of revenue hangs on it" in over["sentence"]
    (idle,) = of(found(**loaded(50.0)), "idle_capacity", "resource")
    assert (idle["units"], idle["revenue"], idle["margin"], idle["stake"]) == (50, 2500, 1000, None)


def everything() -> dict[str, pl.DataFrame]:
    """Gaps of all kinds at once."""
    plan = frame(
        "inventory_plan",
        *(held("A", 70, period=period, target=20.0) for period in MONTHS),
        *(held("cloth", 1, period=period, target=20.0) for period in MONTHS),
    )
    other = {**loaded(50.0)["capacity_load"].row(0, named=True), "resource": "Press", "load": 130.0, "idle": 0.0}
    late = frame(
        "shortage", {"item": "A", "market": "South", "demand": 10.0, "period": MONTHS[0], "lost": 0.0, "backlog": 4.0, "shipped": 6.0}
    )
    tables = {
        **loaded(50.0),
        "usage": frame("usage", {"activity": "make", "of": "make A", "resource": "Line", "quantity": 2.0}),
        "capacity_load": pl.concat([loaded(50.0)["capacity_load"], frame("capacity_load", other)]),
        "inventory_plan": plan,
        "on_hand": frame("on_hand", held("B", 200)),
        "shortage": pl.concat([lost("A", "North", [3, 4]), late]),
        "demand_plan": BOTH[0],
        "plan_snapshot": snapshot({"period": MONTHS[0], "revenue": 700.0}),
        "budget": frame("budget", {"item": "A", "period": MONTHS[0], "quantity": 40.0}),
    }
    return found(**tables)


def test_every_kind_says_how_it_is_found_from_what_size_and_what_to_do_and_has_its_sign() -> None:
    rows = everything()["gap"]
    assert set(rows["kind"]) == set(GAP_KINDS)
    signs = {"shortage": -1, "late": -1, "below_target": -1, "overload": -1, "budget": -1, "last_cycle": -1}
    for row in rows.iter_rows(named=True):
        assert row["units"] * signs.get(row["kind"], 1) > 0 or row["kind"] in {"budget", "last_cycle"}, row
        for column in ("sentence", "suggestion", "formula", "threshold"):
            assert row[column], (row["kind"], column)
            assert "{" not in row[column]
    told = dict(rows.select("kind", "threshold").iter_rows())
    assert told["shortage"] == "shown from 0.5 units (gaps.shortage_units)"
    assert told["last_cycle"] == "shown beyond 10 % of the last plan of a period (gaps.last_cycle_share)"
    formula = rows.filter((pl.col("kind") == "shortage") & (pl.col("level") == "family"))["formula"][0]
    assert formula.startswith("Lost demand of the family in the market, summed over the run")


def test_rank_is_by_stake_with_what_repeats_behind() -> None:
    rows = everything()["gap"].sort("rank")
    again = [repeats(kind, level) for kind, level in rows.select("kind", "level").iter_rows()]
    assert again == sorted(again)
    stakes = main_gaps(rows)["stake"].to_list()
    known = [stake for stake in stakes if stake is not None]
    assert known == sorted(known, reverse=True)
    assert stakes[: len(known)] == known


def test_every_kind_has_a_recommendation_and_an_action() -> None:
    made = everything()
    tables = {"setting": to_table(PLAN), **made}
    advice = recommendation(*(tables.get(name, DICTIONARY[name].empty()) for name in inspect.signature(recommendation).parameters))
    tables["recommendation"] = advice
    assert advice.height >= len(GAP_KINDS) - 2
    actions = proposed_action(*(tables.get(name, DICTIONARY[name].empty()) for name in inspect.signature(proposed_action).parameters))
    assert actions.height
    obsolete = advice.filter(pl.col("recommendation").str.contains("no more of Stoves"))
    assert obsolete["value"].to_list() == [pytest.approx((200 - COMING) * 15)]
