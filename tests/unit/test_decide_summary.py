"""Recommendations, actions, agenda and summary from small tables: what they say, in which order, and with nothing given."""

import datetime as dt
import inspect
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from equipoise.decide import agenda, executive_summary, proposed_action, recommendation
from equipoise.decide.actions import due_date
from equipoise.dimensions.calendar import Calendar
from equipoise.tables import DICTIONARY, table
from equipoise.tables.setting import Setting, to_table

AS_OF, START, MARCH = dt.date(2026, 12, 10), dt.date(2027, 1, 1), dt.date(2027, 3, 1)
PLAN = Setting.model_validate({"plan": "test", "currency": "EUR", "calendar": {"as_of": AS_OF, "start": START, "horizon": 6}})
MONTHS = Calendar.from_setting(PLAN.calendar).periods
ROLES = {"facilitator", "sales", "demand planner", "supply planner", "finance", "executive"}
SECTIONS = ["Headline", "Demand", "Supply", "Gaps", "Scenarios", "Money", "Risks and assumptions", "Decisions needed", "Actions"]


def frame(name: str, *rows: dict[str, Any]) -> pl.DataFrame:
    schema = dict(table(name).schema)
    return pl.DataFrame([{column: row.get(column) for column in schema} for row in rows], schema=schema)


def run(step: Callable[..., pl.DataFrame], tables: dict[str, pl.DataFrame], setting: Setting = PLAN) -> pl.DataFrame:
    given = {"setting": to_table(setting), **tables}
    made = step(*(given.get(name, DICTIONARY[name].empty()) for name in inspect.signature(step).parameters))
    definition = table(step.__name__)
    assert made.schema == definition.schema
    assert not made.select(definition.keys).is_duplicated().any()
    return made


def gap_row(rank: int, kind: str, subject: str, units: float, revenue: float | None = None, **more: Any) -> dict[str, Any]:
    row = {"level": "family", "market": "", "period": MARCH, "until": MARCH, "unit": "piece", "sentence": f"{subject}: {kind}."}
    return {
        **row,
        "rank": rank,
        "kind": kind,
        "subject": subject,
        "units": units,
        "revenue": revenue,
        "stake": None if revenue is None else abs(revenue),
        "suggestion": f"Do about {kind} of {subject}.",
        **more,
    }


RAISE = "Raise what Supplier X can deliver, or bring in a second source."
GAPS = frame(
    "gap",
    gap_row(1, "shortage", "Tents", -30, -3000.0, market="North", suggestion=RAISE),
    gap_row(2, "late", "Tents", -9, -900.0, market="South", suggestion=RAISE),
    gap_row(3, "budget", "Stoves", 20, 700.0),
    gap_row(4, "excess_stock", "Stoves", 50, 600.0, margin=200.0, stake=400.0),
    gap_row(5, "idle_capacity", "Line", 55, level="resource", unit="hours"),
    gap_row(6, "idle_capacity", "Press", 40, level="resource", unit="hours"),
    gap_row(7, "shortage", "A", -30, -3000.0, level="item", market="North"),
)
CAUSES = frame(
    "gap_cause",
    {"rank": 1, "limit": "capacity", "subject": "Line", "value": 10.0, "sentence": "Line is full."},
    {"rank": 1, "limit": "purchase", "subject": "Supplier X", "value": 300.0, "sentence": "Supplier X is at its limit."},
    {"rank": 2, "limit": "purchase", "subject": "Supplier X", "value": 200.0, "sentence": "Supplier X is at its limit."},
)


def scenario(
    name: str, measure: str, value: float | None, difference: float | None = None, note: str = "", unit: str = "pieces"
) -> dict[str, Any]:
    return {"scenario": name, "measure": measure, "value": value, "difference": difference, "note": note, "unit": unit}


SCENARIOS = frame(
    "scenario_result",
    scenario("base", "demand", 600, 0),
    scenario("base", "shortage", 0, 0),
    scenario("downside", "demand", 480, -120),
    scenario("downside", "shortage", 0, 0),
    scenario("downside", "revenue", 4800, -1200, unit="EUR"),
    scenario("downside", "service_level", 1.0, 0, unit="fraction"),
    scenario("downside", "average_utilisation", 0.64, -0.16, unit="fraction"),
    scenario("storm", "status", None, None, "failed: No plan was found. Loosen the firm plan."),
    scenario("upside", "demand", 720, 120),
    scenario("upside", "shipped", 600, 0),
    scenario("upside", "revenue", 6000, 0, unit="EUR"),
    scenario("upside", "shortage", 120, 120, "Short by 20 pieces a month because Supplier X is at its purchase limit."),
    scenario("upside", "binding_limit", 1800, None, "Supplier X is at its limit; one more piece is worth EUR 10.", unit="EUR per piece"),
)
TABLES = {"gap": GAPS, "gap_cause": CAUSES, "scenario_result": SCENARIOS}


def advice() -> pl.DataFrame:
    return run(recommendation, TABLES)


def test_gaps_of_one_limit_make_one_recommendation_about_the_limit() -> None:
    first = advice().row(0, named=True)
    assert first["recommendation"] == RAISE
    assert first["value"] == 3900
    assert first["units"] == 39
    assert first["gap"] == 1
    assert first["decider"] == "executive"
    assert first["reason"] == (
        "Short: 30 pieces, EUR 3,000 of revenue (Tents in North). Late: 9 pieces, EUR 900 of revenue (Tents in South). "
        "Supplier X is at its limit."
    )


def test_recommendations_rank_by_money_and_room_has_none() -> None:
    made = advice()
    assert made["rank"].to_list() == list(range(1, made.height + 1))
    assert made["gap"].to_list()[:4] == [1, 3, 4, 5]
    assert made["value"].to_list()[:4] == [3900, 700, 400, None]
    idle = made.row(3, named=True)
    assert idle["recommendation"] == "Use the idle time of Line and Press to build ahead, for maintenance or holidays, or release it."
    assert idle["units"] == 95


def test_scenarios_come_after_the_plans_own_gaps_and_say_why() -> None:
    made = advice().filter(pl.col("recommendation").str.contains("scenario"))
    assert made["recommendation"].to_list() == [
        "Prepare for scenario upside: agree now what brings more supply and which demand is served first.",
        "Prepare for scenario downside: agree at which signal what is cut.",
    ]
    assert made["value"].to_list() == [120 * 10, None]
    assert "because Supplier X is at its purchase limit" in made["reason"][0]
    assert made["reason"][1] == "Demand is 120 pieces lower than in the base plan and revenue EUR 1,200 lower; capacity is used to 64 %."


def test_broken_rules_come_first() -> None:
    broken = frame(
        "violation",
        *({"rule": "minimum stock", "subject": f"A{n}", "quantity": 3.0, "sentence": f"A{n} is 3 below its minimum."} for n in range(4)),
    )
    first = run(recommendation, {**TABLES, "violation": broken}).row(0, named=True)
    assert first["recommendation"] == "Decide which rule gives way: minimum stock of A0, A1, A2 and 1 more."
    assert first["reason"].endswith("2 more like these.")


def test_room_in_supply_takes_the_idle_resources_with_it() -> None:
    room = gap_row(
        1, "supply_surplus", "supply", 270, 27000.0, level="total", sentence="Supply has room.", suggestion="Decide how to use the room."
    )
    made = run(recommendation, {"gap": pl.concat([frame("gap", room), GAPS.filter(pl.col("kind") == "idle_capacity")])})
    assert made.height == 1
    assert made["recommendation"].to_list() == ["Decide how to use the room."]
    assert (made["value"][0], made["units"][0]) == (None, 270)


def actions(**more: pl.DataFrame) -> pl.DataFrame:
    tables = {**TABLES, **more}
    return run(proposed_action, {**tables, "recommendation": run(recommendation, tables)})


def test_actions_have_an_owner_a_working_day_and_the_gap_they_answer() -> None:
    made = actions()
    assert made["action"].to_list() == list(range(1, made.height + 1))
    assert set(made["owner_role"]) <= ROLES
    assert made["due"].dt.weekday().max() <= 5  # type: ignore[operator]
    assert made["due"].min() >= AS_OF  # type: ignore[operator]
    assert made["status"].unique().to_list() == ["proposed"]
    first, second = made.row(0, named=True), made.row(1, named=True)
    assert (first["owner_role"], first["gap"]) == ("supply planner", 1)
    assert first["statement"].startswith("Bring cost and lead time of this option, and of any better one: raise what Supplier X")
    assert (second["owner_role"], second["statement"]) == (
        "sales",
        "Agree which orders of Tents in North come first, before they are promised.",
    )
    assert any("scenario upside: bring cost and lead time" in statement for statement in made["statement"])


def test_no_action_is_proposed_twice_and_there_are_at_most_twelve() -> None:
    many = pl.concat(
        [GAPS.filter(pl.col("rank") == 3).with_columns(pl.lit(n).alias("rank"), pl.lit(f"F{n}").alias("subject")) for n in range(1, 30)]
    )
    made = actions(gap=many)
    assert made["statement"].n_unique() == made.height <= 12


CALENDAR = Calendar.from_setting(PLAN.calendar)


@pytest.mark.parametrize(
    ("begins", "due"),
    [
        (None, dt.date(2027, 1, 29)),
        (START, dt.date(2026, 12, 17)),
        (dt.date(2027, 2, 1), dt.date(2027, 1, 1)),
        (MARCH, dt.date(2027, 1, 29)),
        (dt.date(2027, 6, 1), dt.date(2027, 1, 29)),
    ],
)
def test_due_dates_count_back_from_the_gap_within_the_next_cycle(begins: dt.date | None, due: dt.date) -> None:
    assert due_date(CALENDAR, begins) == due


def test_with_nothing_to_do_the_plan_is_to_be_approved() -> None:
    made = run(proposed_action, {})
    assert made.height == 1
    assert "approved" in made["statement"][0]
    assert run(recommendation, {}).is_empty()


def test_the_agenda_gives_its_time_to_decisions() -> None:
    made = run(agenda, {**TABLES, "recommendation": advice()}).filter(pl.col("meeting") == "executive")
    topics = made["topic"].to_list()
    assert made["position"].to_list() == list(range(1, made.height + 1))
    assert topics[0] == "Actions and decisions of the last meeting"
    assert topics[-1] == "Decisions, owners and dates read back"
    assert f"Decision: {RAISE} (EUR 3,900 at stake)" in topics
    assert "Outlook against budget" in topics
    assert any(topic.startswith("Scenarios: downside, storm, upside") for topic in topics)
    assert set(made["owner_role"]) <= ROLES
    assert 30 <= made["minutes"].sum() <= 120


def test_the_agenda_without_gaps_is_short() -> None:
    assert run(agenda, {}).filter(pl.col("meeting") == "executive")["minutes"].sum() == 35


DEMAND = frame(
    "demand_plan",
    *({"item": "A", "market": "North", "period": p, "quantity": 80.0 + 5 * n, "unit_price": 100.0} for n, p in enumerate(MONTHS)),
    *({"item": "B", "market": "North", "period": p, "quantity": 20.0} for p in MONTHS),
)
ITEMS = frame(
    "item", {"item": "A", "family": "Tents", "unit": "piece", "unit_cost": 60.0}, {"item": "B", "family": "Stoves", "unit": "piece"}
)


def summary(setting: Setting = PLAN, /, **more: pl.DataFrame) -> dict[str, list[str]]:
    made = run(
        executive_summary,
        {"demand_plan": DEMAND, "item": ITEMS, **TABLES, "recommendation": advice(), "proposed_action": actions(), **more},
        setting,
    )
    assert made["position"].to_list() == list(range(1, made.height + 1))
    assert made["section"].unique(maintain_order=True).to_list() == SECTIONS
    assert all(statement.endswith((".", "%")) for statement in made["statement"])
    return {str(section): part["statement"].to_list() for (section,), part in made.partition_by(["section"], as_dict=True).items()}


def shortage(lost: float, late: float = 0.0) -> pl.DataFrame:
    key = {"item": "A", "market": "North", "demand": 100.0}
    return frame("shortage", *({**key, "period": p, "shipped": 100.0 - lost, "lost": lost, "backlog": late} for p in MONTHS))


def test_the_headline_says_whether_demand_is_served() -> None:
    assert summary()["Headline"][0] == "Demand is 675 pieces; no supply is planned against it."
    assert summary(shortage=shortage(0))["Headline"][0] == "Supply serves all demand of 675 pieces in the period it is asked for."
    assert summary(shortage=shortage(10))["Headline"][0] == (
        "Of the demand of 675 pieces, 91 % can be served in the period it is asked for; 60 pieces would be lost."
    )
    late = summary(shortage=shortage(0, 5))["Headline"][0]
    assert late.endswith("; 5 pieces are still late at the end and the rest come late.")


def test_the_headline_names_the_largest_shortage_and_broken_rules() -> None:
    broken = frame(
        "violation", {"rule": "capacity", "subject": "Line", "quantity": 3.0, "sentence": "Line is loaded 3 hours above its capacity."}
    )
    told = summary(violation=broken)
    assert told["Headline"][0] == "The plan cannot be carried out as it stands: 1 rule cannot hold."
    assert "The largest shortage: Tents: shortage." in told["Headline"]
    assert "Broken rule: Line is loaded 3 hours above its capacity." in told["Risks and assumptions"]


def test_demand_by_total_peak_and_family() -> None:
    assert summary()["Demand"] == [
        "Demand is 675 pieces from January to June 2027, 112 pieces a month on average.",
        "It is highest in June 2027 (125 pieces) and lowest in January 2027 (100 pieces).",
        "By family: Tents 82 % and Stoves 18 %.",
    ]


def test_supply_by_capacity_overtime_and_proof() -> None:
    load = frame(
        "capacity_load",
        {"resource": "Line", "period": START, "available": 100.0, "load": 110.0, "overtime": 10.0},
        {"resource": "Line", "period": MARCH, "available": 100.0, "load": 50.0, "overtime": 0.0},
        {"resource": "Press", "period": START, "available": 100.0, "load": 40.0},
        {"resource": "Supplier X", "period": START, "available": 10.0, "load": 10.0},
    )
    resource = frame("resource", {"resource": "Supplier X", "kind": "supplier"})
    solved = frame("solution", {"fact": "status", "value": "optimal"})
    assert summary(capacity_load=load, resource=resource, solution=solved)["Supply"] == [
        "Capacity is used to 67 % over the horizon; the busiest resource is Line with 80 %.",
        "Full: Line in 1 month.",
        "Overtime is 3.3 % of regular capacity, on Line, in January 2027.",
        "No better plan exists under the rules given: the plan is proven optimal.",
    ]
    stopped = frame("solution", {"fact": "status", "value": "time limit"})
    assert summary(solution=stopped)["Supply"][-1] == "The optimiser's verdict on the plan: time limit."


def test_gaps_carry_their_cause_once() -> None:
    told = summary()["Gaps"]
    assert told[0] == "Tents: shortage. Supplier X is at its limit."
    assert told[1] == "Tents: late."
    assert not any("A: shortage" in sentence for sentence in told)


def test_upside_says_why_supply_is_short() -> None:
    told = {sentence.split(":")[0].split(" ")[0]: sentence for sentence in summary()["Scenarios"]}
    assert told["Upside"] == (
        "Upside: demand is 120 pieces a month, 20 % more than the base plan. "
        "Short by 20 pieces a month because Supplier X is at its purchase limit."
    )
    assert told["Downside"] == (
        "Downside: demand is 80 pieces a month, 20 % less than the base plan. All of it can be served. Revenue is EUR 1,200 lower. "
        "Capacity is used to 64 %."
    )
    assert told["Storm"] == "Storm could not be run: No plan was found. Loosen the firm plan."


def line(name: str, amount: float | None, budget: float | None = None, period: dt.date = START) -> dict[str, Any]:
    return {"scenario": "base", "line": name, "family": "Tents", "period": period, "amount": amount, "budget": budget}


def test_money_with_budget_and_what_is_missing() -> None:
    statement = frame(
        "financials",
        line("revenue", 6000, 5000),
        line("gross_margin", 2400),
        line("supply_cost", 3700),
        line("supply_variance", -50),
        line("inventory_carrying", 12),
        line("contribution", 2438),
        line("inventory_value", 900),
        line("inventory_value", 300, period=MARCH),
    )
    steps = (
        ("Budget", 5000.0, "level"),
        ("Price", 300.0, "change"),
        ("Volume", 800.0, "change"),
        ("Mix", -100.0, "change"),
        ("Plan", 6000.0, "level"),
    )
    bridge = frame(
        "bridge",
        *(
            {"against": "budget", "measure": "revenue", "position": n, "step": s, "amount": a, "kind": k}
            for n, (s, a, k) in enumerate(steps)
        ),
    )
    assert summary(financials=statement, bridge=bridge)["Money"] == [
        "Revenue is EUR 6,000, gross margin EUR 2,400 (40 %) over the horizon.",
        "Supply costs EUR 3,700, carrying stock EUR 12.",
        "That is EUR 50 less than the standard cost of what it brings.",
        "What is left, the contribution, is EUR 2,438.",
        "Stock is worth EUR 900 at the end of the first period and EUR 300 at the end of the last.",
        "Revenue is EUR 1,000 (20 %) above budget in January 2027: volume +EUR 800, price +EUR 300 and mix -EUR 100.",
        "1 item in demand has no price: revenue leaves it out.",
        "1 item in demand has no standard cost: gross margin leaves it out.",
    ]


def test_cash_tax_and_the_last_cycle_are_told_where_they_are_known() -> None:
    statement = frame(
        "financials",
        line("revenue", 6000),
        line("contribution", 2000),
        line("contribution_after_tax", 1500),
        line("cash_flow", 900),
        line("cash_flow", -100, period=MARCH),
        line("cumulated_cash", 900),
        line("cumulated_cash", 800, period=MARCH),
        line("working_capital", 400),
        line("working_capital", 650, period=MARCH),
    )
    steps = (("Last cycle", 6500.0, "level"), ("Price", 100.0, "change"), ("Volume", -600.0, "change"), ("Plan", 6000.0, "level"))
    past = [
        {"against": "last_cycle", "measure": "revenue", "position": n, "step": s, "amount": a, "kind": k}
        for n, (s, a, k) in enumerate(steps)
    ]
    told = summary(financials=statement, bridge=frame("bridge", *past))["Money"]
    assert "What is left, the contribution, is EUR 2,000, EUR 1,500 after tax." in told
    assert "Cash flow is EUR 800 over the horizon." in told
    assert "Working capital is EUR 400 at the end of the first period and EUR 650 at the end of the last." in told
    over = "over the periods that both have"
    assert f"Revenue is EUR 500 below the last cycle's plan {over}: volume -EUR 600 and price +EUR 100." in told


def test_without_prices_and_costs_it_says_that_no_margin_is_shown() -> None:
    bare = {
        "demand_plan": DEMAND.with_columns(pl.lit(None, pl.Float64).alias("unit_price")),
        "item": ITEMS.with_columns(pl.lit(None, pl.Float64).alias("unit_cost")),
    }
    assert summary(**bare)["Money"] == [
        "No prices are given, so there is no revenue and no margin.",
        "No standard costs and no costs of supply are given, so no margin is shown.",
    ]


def test_risks_name_the_data_cut_and_warnings() -> None:
    issues = frame(
        "issue",
        {"severity": "warning", "table": "history", "message": "Row 7 is negative."},
        {"severity": "note", "table": "item", "message": "A default."},
    )
    assert summary(issue=issues)["Risks and assumptions"] == [
        "The plan rests on data up to 10 December 2026.",
        "The data has 1 warning in history; the plan uses the data as corrected.",
        "Data: Row 7 is negative.",
    ]


def test_decisions_and_actions_are_listed_with_money_owner_and_date() -> None:
    told = summary()
    assert told["Decisions needed"][0].startswith(f"1. {RAISE} Short: 30 pieces")
    assert told["Decisions needed"][0].endswith("At stake: EUR 3,900.")
    assert told["Decisions needed"][-1] == "1 more recommendation of less weight is listed apart."
    assert told["Actions"][0].startswith("Supply planner, by 29 January 2027: Bring cost")


def test_an_empty_plan_still_has_every_section() -> None:
    made = run(executive_summary, {})
    assert made["section"].unique(maintain_order=True).to_list() == SECTIONS
    assert made["statement"][0] == "There is no demand to plan for."


def test_weeks_read_as_weeks_and_money_without_currency_as_numbers() -> None:
    weekly = Setting.model_validate({"plan": "test", "calendar": {"cadence": "week", "start": dt.date(2027, 1, 4), "horizon": 4}})
    demand = frame("demand_plan", *({"item": "A", "market": "North", "period": dt.date(2027, 1, day), "quantity": 10.0} for day in (4, 11)))
    told = summary(weekly, demand_plan=demand, financials=frame("financials", line("revenue", 6000)))
    assert told["Demand"][0] == "Demand is 20 pieces from 2027-W01 to 2027-W02, 10 pieces a week on average."
    assert told["Headline"][-1] == "The plan brings 6,000 of revenue over 4 weeks."


def test_flagged_overrides_are_named_those_with_most_flags_first() -> None:
    effects = frame(
        "override_effect", *({"override": name, "author": author} for name, author in (("fair", "Ana"), ("late", None), ("ok", "Bo")))
    )
    flags = frame(
        "override_flag",
        {"override": "fair", "flag": "jump", "statement": "March moves 900 units up."},
        {"override": "late", "flag": "hockey_stick", "statement": "The end stands at twice the start."},
        {"override": "late", "flag": "jump", "statement": "May moves 40 units up."},
    )
    told = summary(override_effect=effects, override_flag=flags)["Risks and assumptions"]
    assert told[-3:] == [
        "2 of 3 overrides are worth a second look.",
        "late: The end stands at twice the start.",
        "fair (Ana): March moves 900 units up.",
    ]
