"""What one unit more and one less of a limit is worth: against the plan solved anew with that limit, and over the range that is told."""

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.truth.company import demand, money, month, rows, solve

ON_TIME = {"item": "bike", "market": "market", "backlog_allowed": False, "lost_sale_cost": 1.0}


def factory(
    hours: list[float], wanted: list[float], setting: dict[str, Any] | None = None, **tables: pl.DataFrame
) -> dict[str, pl.DataFrame]:
    """Works that make bikes in two hours each at 12, sold at 30 on time or lost for 1 more: a bike is worth 19, an hour 9.50."""
    base = {
        "item": rows({"item": "bike", "unit": "pieces", "unit_price": 30.0}),
        "location": rows({"location": "Works"}),
        "resource": rows({"resource": "line", "location": "Works", "unit": "hours"}),
        "capacity": rows(*({"resource": "line", "period": month(t), "regular": size} for t, size in enumerate(hours))),
        "route": rows({"route": "make", "item": "bike", "location": "Works", "unit_cost": 12.0}),
        "usage": rows({"activity": "make", "of": "make", "resource": "line", "quantity": 2.0}),
        "demand_plan": rows(*demand(wanted, item="bike")),
        "demand_policy": rows(ON_TIME),
    }
    return solve(len(wanted), setting, **{**base, **tables})


def limit(result: dict[str, pl.DataFrame], kind: str = "capacity") -> dict[str, Any]:
    return result["binding"].filter(pl.col("limit") == kind).row(0, named=True)


def profit(result: dict[str, pl.DataFrame]) -> float:
    return money(result)["profit"]


def test_a_wide_range_is_exact_by_the_basis() -> None:
    found = limit(factory([100.0], [60.0], {"proofs": 0}))
    assert (found["value"], found["value_less"]) == pytest.approx((9.5, 9.5))
    assert (found["holds_from"], found["holds_to"], found["limited_to"]) == pytest.approx((0.0, 120.0, 100.0))
    assert found["proof"] == "basis"
    assert found["sentence"] == "One more hour on line in 2027-01 is worth 9.50, up to 20 hours more; one hour less costs as much."


def test_close_to_a_kink_the_unit_is_solved_again() -> None:
    found = limit(factory([100.0], [50.25]))
    assert found["proof"] == "solved again"
    assert (found["value"], found["value_less"]) == pytest.approx((0.25 * 19, 9.5))
    assert (found["holds_from"], found["holds_to"]) == pytest.approx((100.0, 101.0))
    assert found["sentence"] == "One more hour on line in 2027-01 is worth 4.75; one hour less costs 9.50."


def test_what_is_not_proven_says_that_it_is_a_most() -> None:
    found = limit(factory([100.0], [50.25], {"proofs": 0}))
    assert found["proof"] is None
    assert (found["value"], found["value_less"]) == pytest.approx((9.5, 9.5))
    assert (found["holds_from"], found["holds_to"]) == pytest.approx((0.0, 100.5))
    assert found["sentence"] == "One more hour on line in 2027-01 is worth at most 9.50; one hour less costs as much."


def test_no_more_limits_are_solved_again_than_asked_for() -> None:
    hours, wanted = [100.0, 80.0, 60.0], [50.25, 40.25, 30.25]
    assert factory(hours, wanted, {"proofs": 2})["binding"].get_column("proof").to_list() == ["solved again", "solved again", None]
    assert factory(hours, wanted)["binding"].get_column("proof").to_list() == ["solved again"] * 3


def test_a_wide_limit_is_solved_again_while_proofs_last_and_says_the_same() -> None:
    again, basis = (limit(factory([100.0], [60.0], {"proofs": proofs})) for proofs in (5, 0))
    assert again.pop("proof") == "solved again"
    assert basis.pop("proof") == "basis"
    numbers = ("limited_to", "value", "value_less", "holds_from", "holds_to")
    assert [again[name] for name in numbers] == pytest.approx([basis[name] for name in numbers])
    assert again["sentence"] == basis["sentence"]


def test_a_limit_below_one_unit_is_moved_by_all_of_it() -> None:
    found = limit(factory([0.4], [60.0]))
    assert (found["value"], found["value_less"]) == pytest.approx((9.5, 9.5))
    assert found["holds_from"] == 0
    assert found["sentence"].startswith("One more hour on line in 2027-01 is worth 9.50, by 0.4 hours, up to 120 hours more")


def test_of_nothing_there_is_no_unit_less() -> None:
    found = limit(factory([0.0], [60.0]))
    assert (found["value"], found["value_less"]) == (pytest.approx(9.5), None)
    assert found["sentence"] == "One more hour on line in 2027-01 is worth 9.50, up to 120 hours more."


def test_a_contract_that_costs_is_worth_having_less_of() -> None:
    contract: dict[str, Any] = {
        "purchase": rows({"purchase": "trader", "item": "bike", "location": "Works", "unit_cost": 20.0}),
        "purchase_limit": rows({"purchase": "trader", "minimum": 10.0}),
    }
    found = limit(factory([100.0], [40.0], **contract), "purchase")
    assert (found["value"], found["value_less"]) == pytest.approx((-8.0, -8.0))
    assert (found["holds_from"], found["holds_to"]) == pytest.approx((0.0, 40.0))
    assert found["sentence"] == (
        "One piece less of the minimum of trader in 2027-01 is worth 8.00, up to 10 pieces less; one piece more costs as much."
    )


def test_one_unit_less_that_breaks_a_rule_says_so() -> None:
    firm = rows({"kind": "production", "key": "make", "period": month(0), "minimum": 50.0})
    found = limit(factory([100.0], [60.0], firm_plan=firm))
    assert (found["value"], found["value_less"]) == (pytest.approx(9.5), None)
    assert found["sentence"].endswith("; one hour less would break another rule.")


def test_what_comes_whole_is_held_and_the_sentence_says_so() -> None:
    route = rows({"route": "make", "item": "bike", "location": "Works", "unit_cost": 12.0, "setup_cost": 5.0})
    found = limit(factory([100.0], [60.0], {"integer": True}, route=route))
    assert found["value"] == pytest.approx(9.5)
    assert found["sentence"].endswith(", with set-ups as they are.")


def test_a_plan_without_limits_has_no_rows() -> None:
    assert factory([1000.0], [60.0])["binding"].is_empty()


def test_where_rules_gave_way_limits_are_valued_at_what_they_gave() -> None:
    policy = rows({"item": "bike", "location": "Works", "safety_stock": 10.0})
    must = rows({"item": "bike", "market": "market", "backlog_allowed": False, "lost_allowed": False})
    result = factory([100.0, 100.0], [60.0, 40.0], demand_policy=must, inventory_policy=policy)
    assert not result["violation"].is_empty()
    found = result["binding"].filter((pl.col("limit") == "capacity") & (pl.col("period") == month(0))).row(0, named=True)
    assert found["limited_to"] == pytest.approx(100.0)
    assert found["sentence"].endswith("; one hour less would break another rule.")
    target = result["binding"].filter((pl.col("limit") == "target stock") & (pl.col("period") == month(0)))
    assert target.get_column("sentence").str.ends_with("; one piece more would break another rule.").all()


@settings(max_examples=12, deadline=None)
@given(
    hours=st.lists(st.integers(20, 140), min_size=3, max_size=3),
    wanted=st.lists(st.integers(5, 80), min_size=3, max_size=3),
    place=st.integers(0, 2),
)
def test_values_are_what_solving_anew_says(hours: list[int], wanted: list[int], place: int) -> None:
    def run(change: float) -> dict[str, pl.DataFrame]:
        changed = [size + change * (t == place) for t, size in enumerate(hours)]
        return factory(changed, [float(size) for size in wanted], inventory_policy=policy)

    policy = rows({"item": "bike", "location": "Works", "holding_cost": 0.7})
    base = run(0)
    row = base["binding"].filter((pl.col("limit") == "capacity") & (pl.col("period") == month(place)))
    if row.is_empty():
        assert profit(run(1)) == pytest.approx(profit(base), abs=1e-4)
        return
    found = row.row(0, named=True)
    assert found["value"] == pytest.approx(profit(run(1)) - profit(base), abs=1e-4)
    assert found["value_less"] == pytest.approx(profit(base) - profit(run(-1)), abs=1e-4)
    far = found["holds_to"] - hours[place]
    assert profit(run(far)) - profit(base) == pytest.approx(found["value"] * far, abs=1e-3)
    near = hours[place] - found["holds_from"]
    assert profit(base) - profit(run(-near)) == pytest.approx(found["value"] * near, abs=1e-3)
