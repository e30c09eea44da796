"""The robust plan: known answers by hand, identities of regret, what scenarios take away, and what is said where something is missing."""

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.supply import robust_plan
from equipoise.supply.robust import weighing
from equipoise.supply.robust.case import probabilities
from equipoise.tables.setting import LikelihoodSetting, Setting, to_table
from tests.truth.company import demand, month, rows
from tests.truth.independent_robust import shop, tables
from tests.unit.robust_example import Company, decided, result, robust

NEWS: Company = {
    "item": rows({"item": "paper", "unit": "pieces", "unit_price": 10.0}),
    "location": rows({"location": "Kiosk"}),
    "route": rows({"route": "print", "item": "paper", "location": "Kiosk", "unit_cost": 4.0}),
    "demand_policy": rows({"item": "paper", "backlog_allowed": False, "lost_sale_cost": 0.0}),
}


def news(*quantities: float, **more: Any) -> Company:
    """A kiosk that prints papers for 4 and sells them for 10."""
    plan = rows(*demand(list(quantities), item="paper", market="Town", prices=[10.0] * len(quantities)))
    return {**NEWS, "demand_plan": plan, **more}


@pytest.mark.parametrize(("chances", "most"), [((0.2, 0.3, 0.3, 0.2), 120.0), ((0.7, 0.1, 0.1, 0.1), 100.0), ((0.1, 0.1, 0.1, 0.7), 130.0)])
def test_the_newsvendor_prints_the_critical_fractile(chances: tuple[float, ...], most: float) -> None:
    """A paper unsold costs 4, one not printed 6: the least number whose probability of being enough is 6 / 10."""
    papers = (100.0, 110.0, 120.0, 130.0)
    names = ["base", "a", "b", "c"]
    made = robust({name: news(one) for name, one in zip(names, papers, strict=True)}, dict(zip(names, chances, strict=True)), 1, 1)
    assert decided(made, "robust") == {("production", "print", 0): pytest.approx(most)}
    assert decided(made, "nominal") == {("production", "print", 0): pytest.approx(100.0)}
    rows_ = result(made)
    profit = {name: 10 * min(one, most) - 4 * most for name, one in zip(names, papers, strict=True)}
    assert {name: rows_[name]["robust"] for name in names} == pytest.approx(profit)
    assert {name: rows_[name]["best"] for name in names} == pytest.approx({name: 6 * one for name, one in zip(names, papers, strict=True)})
    assert rows_[""]["robust"] == pytest.approx(sum(chance * profit[name] for name, chance in zip(names, chances, strict=True)))
    assert rows_["c"]["nominal_short"] == pytest.approx(30.0)
    assert rows_["c"]["robust_short"] == pytest.approx(130.0 - most)


def test_one_scenario_is_the_nominal_plan() -> None:
    of = shop(3)
    made = robust({"base": tables(of, 0)}, {"base": "high"}, of.months, of.committed)
    assert decided(made, "robust") == pytest.approx(decided(made, "nominal"), abs=1e-6)
    for row in result(made).values():
        assert row["probability"] == 1.0
        assert row["nominal_regret"] == row["robust_regret"] == 0.0
        assert row["best"] == pytest.approx(row["robust"])


def disturbed(seed: int, scenarios: int, target: float | None) -> dict[str, Company]:
    """A shop with demand of its own in each scenario; in the last one the line has less time as well. A target is a rule in some."""
    of = shop(seed, scenarios)
    found: dict[str, Company] = {}
    for number in range(scenarios):
        company = tables(of, number)
        if target is not None:
            policy = company["inventory_policy"].with_columns(minimum=pl.lit(target))
            company = {**company, "inventory_policy": policy}
        if number == scenarios - 1 and seed % 2:
            company = {**company, "capacity": company["capacity"].with_columns(pl.col("regular") * 0.6)}
        found["base" if not number else f"other {number}"] = company
    return found


@settings(max_examples=8)
@given(seed=st.integers(0, 10_000), scenarios=st.integers(2, 4), committed=st.integers(1, 5), target=st.sampled_from([None, 0.0, 25.0]))
def test_regret_is_never_negative_and_least_for_the_robust_plan(seed: int, scenarios: int, committed: int, target: float | None) -> None:
    companies = disturbed(seed, scenarios, target)
    chances: dict[str, float | str | None] = {name: ("high", "medium", "low", 0.1)[n] for n, name in enumerate(companies)}
    made = result(robust(companies, chances, 5, committed))
    size = 1e-6 * abs(made["base"]["best"])
    for row in made.values():
        assert row["nominal_regret"] >= -size
        assert row["robust_regret"] >= -size
    assert made["base"]["nominal_regret"] == pytest.approx(0.0, abs=size)
    assert made["base"]["nominal"] == pytest.approx(made["base"]["best"])
    assert made[""]["robust_regret"] <= made[""]["nominal_regret"] + size
    for plan in ("nominal_regret", "robust_regret"):
        worst = max(row[plan] for name, row in made.items() if name)
        expected = sum(row["probability"] * row[plan] for name, row in made.items() if name)
        assert made[""][plan] == pytest.approx(expected, abs=size)
        assert worst >= made[""][plan] - size


def test_the_same_plan_comes_out_again() -> None:
    companies = disturbed(11, 4, 25.0)
    chances = dict.fromkeys(companies, "medium")
    first, second = robust(companies, chances, 5, 2), robust(companies, chances, 5, 2)
    assert first["robust_plan"].equals(second["robust_plan"])
    assert first["robust_result"].equals(second["robust_result"])


def workshop(deliveries: float = 200.0, share: float = 1.0) -> Company:
    """A workshop that buys wood (at most `deliveries` a month) and makes tables of it, of which a share turns out well."""
    return {
        "demand_plan": rows(*demand([80.0, 80.0, 80.0], item="table", market="Town", prices=[100.0] * 3)),
        "item": rows({"item": "table", "unit": "pieces"}, {"item": "wood", "unit": "kg"}, {"item": "paint", "unit": "kg"}),
        "location": rows({"location": "Shop"}),
        "route": rows(
            {"route": "make table", "item": "table", "location": "Shop", "unit_cost": 5.0, "yield": share},
            {"route": "mix paint", "item": "paint", "location": "Shop", "unit_cost": 1.0},
        ),
        "bom": rows({"route": "make table", "component": "wood", "quantity": 2.0}),
        "purchase": rows({"purchase": "Wood Ltd", "item": "wood", "location": "Shop", "unit_cost": 3.0}),
        "purchase_limit": rows({"purchase": "Wood Ltd", "maximum": deliveries}),
        "demand_policy": rows({"item": "table", "backlog_allowed": False, "lost_sale_cost": 1.0}),
        "inventory_policy": rows(
            {"item": "table", "location": "Shop", "holding_cost": 1.0}, {"item": "wood", "location": "Shop", "holding_cost": 0.1}
        ),
    }


def test_what_a_supplier_does_not_deliver_is_not_bought_and_not_made() -> None:
    """The robust plan still orders: the order is only not carried out where the supplier stops. Nobody pays for it there."""
    made = robust({"base": workshop(), "stop": workshop(0.0)}, {"base": 0.9, "stop": 0.1}, 3, 2)
    rows_ = result(made)
    assert decided(made, "robust")[("purchase", "Wood Ltd", 0)] == pytest.approx(160.0)
    assert decided(made, "robust")[("production", "make table", 1)] == pytest.approx(80.0)
    assert rows_["stop"]["best"] == pytest.approx(-240.0)
    assert rows_["stop"]["nominal"] == pytest.approx(-240.0)
    assert rows_["stop"]["robust"] == pytest.approx(-240.0)
    assert rows_["stop"]["note"] == "What was settled is carried out only as far as this scenario lets."
    assert rows_["base"]["note"] is None


def test_demand_takes_nothing_away_from_what_was_settled() -> None:
    quiet = {**workshop(), "demand_plan": rows(*demand([10.0] * 3, item="table", market="Town", prices=[100.0] * 3))}
    made = result(robust({"base": workshop(), "quiet": quiet}, {"base": 0.5, "quiet": 0.5}, 3, 2))
    assert made["quiet"]["note"] is None
    assert made["quiet"]["nominal"] == pytest.approx(30 * 100 - 160 * (5 + 2 * 3) - (70 + 140 + 130), rel=1e-6)


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_a_lower_yield_is_felt_and_not_planned_away(share: float) -> None:
    made = result(robust({"base": workshop(), "scrap": workshop(share=share)}, {"base": 0.5, "scrap": 0.5}, 3, 3))
    lost = 240 * (1 - share)
    assert made["scrap"]["nominal"] == pytest.approx((240 - lost) * 100 - lost - 240 * 11)
    assert made["scrap"]["nominal_short"] == pytest.approx(lost)


def test_a_rule_that_cannot_hold_gives_way_and_is_told() -> None:
    """Papers of a firm plan must be kept in stock: the scenario sells more than the nominal plan printed, and sells nothing of that."""
    keeps = {"inventory_policy": rows({"item": "paper", "location": "Kiosk", "minimum": 20.0})}
    keeps["demand_policy"] = rows({"item": "paper", "backlog_allowed": False, "lost_allowed": False})
    made = result(robust({"base": news(100.0, **keeps), "more": news(150.0, **keeps)}, {"base": 0.5, "more": 0.5}, 1, 1))
    assert "The nominal plan breaks" in made["more"]["note"]
    assert "The robust plan" not in made["more"]["note"]
    assert made["more"]["robust_regret"] == pytest.approx(0.0, abs=1e-6)
    assert made["more"]["nominal_regret"] > 0
    assert made[""]["note"].startswith("Regret is what the optimiser weighs")


def test_what_finds_no_room_is_not_made_there() -> None:
    """Ten papers can be stored. Where only 50 are sold, 60 of the 100 are printed, by either plan; elsewhere all are."""
    stored = {
        "resource": rows({"resource": "shelf", "location": "Kiosk", "kind": "storage"}),
        "capacity": rows({"resource": "shelf", "regular": 10.0}),
        "usage": rows({"activity": "store", "of": "paper", "resource": "shelf", "quantity": 1.0}),
    }
    companies = {"base": news(100.0, **stored), "fewer": news(50.0, **stored)}
    made = robust(companies, {"base": 0.5, "fewer": 0.5}, 1, 1)
    assert decided(made, "robust") == {("production", "print", 0): pytest.approx(100.0)}
    assert result(made)["fewer"]["note"] == "There is no room for all that is settled: it is carried out as far as there is."
    assert result(made)["fewer"]["nominal"] == pytest.approx(result(made)["fewer"]["robust"]) == pytest.approx(300.0)
    assert result(made)["base"]["robust"] == pytest.approx(600.0)


def test_agreements_that_fight_over_one_decision_give_way_last() -> None:
    firm = [rows({"kind": "production", "key": "print", "period": month(0), "fixed": size}) for size in (100.0, 150.0)]
    companies = {"base": news(100.0, firm_plan=firm[0]), "more": news(150.0, firm_plan=firm[1])}
    made = robust(companies, {"base": 0.1, "more": 0.9}, 1, 1)
    assert decided(made, "nominal") == {("production", "print", 0): pytest.approx(100.0)}
    assert decided(made, "robust") == {("production", "print", 0): pytest.approx(150.0)}
    assert "The nominal plan breaks 1 rule that the best plan keeps" in result(made)["more"]["note"]
    assert "The robust plan breaks 1 rule" in result(made)["base"]["note"]


def test_lots_come_whole_in_every_scenario() -> None:
    lots = {"route": NEWS["route"].with_columns(lot_multiple=pl.lit(25.0), setup_cost=pl.lit(10.0))}
    companies = {"base": news(90.0, 90.0, **lots), "more": news(140.0, 90.0, **lots)}
    made = robust(companies, {"base": 0.5, "more": 0.5}, 2, 1, {"integer": True})
    printed = decided(made, "robust")[("production", "print", 0)]
    assert printed % 25 == pytest.approx(0.0, abs=1e-6)
    assert result(made)[""]["robust_regret"] <= result(made)[""]["nominal_regret"] + 1e-6


def test_a_base_plan_that_weighs_nothing_is_still_played() -> None:
    made = robust({"base": news(100.0), "more": news(130.0), "most": news(140.0)}, {"base": 0.0, "more": 0.7, "most": 0.3}, 1, 1)
    assert decided(made, "robust") == {("production", "print", 0): pytest.approx(130.0)}
    assert result(made)["base"]["robust"] == pytest.approx(10 * 100.0 - 4 * 130.0)


def test_people_are_settled_too() -> None:
    crew: dict[str, Any] = {"resource": "crew", "workers": 1, "hours_per_worker": 100.0, "wage_per_period": 100.0, "hire_cost": 50.0}
    staffed = {
        "resource": rows({"resource": "crew", "kind": "labor", "location": "Kiosk"}),
        "workforce": rows({**crew, "layoff_cost": 50.0}),
        "usage": rows({"activity": "make", "of": "print", "resource": "crew", "quantity": 1.0}),
    }
    companies = {"base": news(100.0, 100.0, **staffed), "more": news(300.0, 300.0, **staffed)}
    made = robust(companies, {"base": 0.1, "more": 0.9}, 2, 1)
    assert decided(made, "nominal")[("workforce", "crew", 0)] == pytest.approx(1.0)
    assert decided(made, "robust")[("workforce", "crew", 0)] == pytest.approx(3.0)
    assert {name for name, _, t in decided(made, "robust")} == {"production", "workforce"}


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ({"a": "high", "b": "low"}, {"a": 0.55 / 0.70, "b": 0.15 / 0.70}),
        ({"a": 0.6, "b": "low", "c": "medium"}, {"a": 0.6, "b": 0.4 / 3, "c": 0.8 / 3}),
        ({"a": 0.2, "b": 0.3}, {"a": 0.4, "b": 0.6}),
        ({"a": 1.0, "b": "low"}, {"a": 1.0, "b": 0.0}),
        ({"a": 0.9, "b": 0.9}, {"a": 0.5, "b": 0.5}),
        ({"a": "high", "b": None}, {"a": 1.0}),
        ({"a": None}, {}),
        ({"a": 0.0}, {}),
    ],
)
def test_probabilities_add_up(given_: dict[str, float | str | None], expected: dict[str, float]) -> None:
    frame = pl.DataFrame(
        [(name, one if isinstance(one, str) else "", one if isinstance(one, float) else None) for name, one in given_.items()],
        schema={"scenario": pl.String, "likelihood": pl.String, "probability": pl.Float64},
        orient="row",
    )
    assert probabilities(frame, LikelihoodSetting()) == pytest.approx(expected)


def test_scenarios_that_fail_or_cannot_be_compared_are_told() -> None:
    later = to_table(Setting.model_validate({"plan": "robust", "calendar": {"start": month(1), "horizon": 1}}))
    cheap = to_table(
        Setting.model_validate({"plan": "robust", "calendar": {"start": month(0), "horizon": 1}, "supply": {"objective": "cost"}})
    )
    companies = {
        "base": news(100.0),
        "wrong": None,
        "later": news(120.0, setting=later),
        "cheap": news(120.0, setting=cheap),
        "unsaid": news(120.0),
        "more": news(120.0),
    }
    chances = {"base": "high", "wrong": "low", "later": "low", "cheap": "low", "unsaid": None, "more": "medium"}
    made = result(robust(companies, chances, 1, 1))
    assert made["wrong"]["note"] == "Left out: Scenario wrong is wrong. Correct it."
    assert made["later"]["note"] == "Left out: its periods are not those of the base plan."
    assert made["cheap"]["note"] == "Left out: what it calls best is not what the base plan calls best."
    assert made["wrong"]["probability"] is made["later"]["best"] is None
    assert made["unsaid"]["note"] == "It has neither a probability nor a likelihood, and weighs nothing."
    assert made["unsaid"]["robust"] == pytest.approx(made["more"]["robust"])
    assert made["base"]["probability"] + made["more"]["probability"] == pytest.approx(1.0)
    assert made[""]["robust"] == pytest.approx(sum(made[name]["probability"] * made[name]["robust"] for name in ("base", "more")))


@pytest.mark.parametrize(
    ("supply", "said"),
    [
        ({"strategy": "given"}, "Left out: with the strategy given, the plan is not chosen here."),
        ({"objective": "service"}, "Left out: markets served by priority have no one number that a probability could weigh."),
    ],
)
def test_plans_that_are_not_weighed_say_so(supply: dict[str, Any], said: str) -> None:
    two = {
        "market": rows({"market": "Town", "priority": 1}, {"market": "City", "priority": 2}),
        "demand_plan": rows(*demand([50.0], item="paper", market="Town"), *demand([50.0], item="paper", market="City")),
    }
    made = robust({"base": news(1.0, **two)}, {"base": "high"}, 1, 1, supply)
    assert result(made)["base"]["note"] == said
    assert result(made)[""]["note"] == f"No robust plan is made: {said.removeprefix('Left out: ')}"
    assert result(made)[""]["best"] is None
    assert made["robust_plan"].is_empty()


def test_without_a_base_plan_or_a_probability_nothing_is_made() -> None:
    failed = result(robust({"base": None, "more": news(1.0)}, {"base": "high", "more": "low"}, 1, 1))
    assert failed[""]["note"] == "No robust plan is made: Scenario base is wrong. Correct it."
    unsaid = result(robust({"base": news(100.0)}, {"base": None}, 1, 1))
    assert unsaid[""]["note"] == "No robust plan is made: no scenario has a probability."


def test_money_that_is_not_given_is_not_invented() -> None:
    bare = {name: frame.drop("unit_price", "unit_cost", "lost_sale_cost", strict=False) for name, frame in news(100.0).items()}
    more = {**bare, "demand_plan": rows(*demand([120.0], item="paper", market="Town"))}
    made = result(robust({"base": bare, "more": more}, {"base": 0.5, "more": 0.5}, 1, 1))
    assert made[""]["note"] == "No prices and no costs are given: profit cannot be said."
    assert made["base"]["best"] is made[""]["robust"] is made["more"]["nominal_regret"] is None
    assert made["more"]["nominal_short"] == pytest.approx(20.0)
    assert made["more"]["robust_short"] == pytest.approx(0.0)


def test_a_problem_too_large_is_not_made_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weighing, "LARGEST", 5)
    made = robust({"base": news(100.0), "more": news(120.0)}, {"base": 0.5, "more": 0.5}, 1, 1)
    assert result(made)[""]["note"].startswith("No robust plan is made: all scenarios together have")
    assert result(made)["more"]["nominal"] == pytest.approx(600.0)
    assert result(made)["more"]["robust"] is None


def test_a_quarter_is_settled_where_nothing_else_is_said() -> None:
    made = robust({"base": news(*[100.0] * 6), "more": news(*[120.0] * 6)}, {"base": 0.5, "more": 0.5}, 6, None)
    assert made["robust_plan"].get_column("period").unique().to_list() == [month(0), month(1), month(2)]
    assert robust_plan.__name__ == "robust_plan"
