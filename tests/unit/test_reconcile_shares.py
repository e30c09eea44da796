"""Shares of gaps by hand: what single items and periods have as causes, put together for families and runs of periods."""

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.decide.readings import first_causes
from equipoise.reconcile.gaps.cause import MOST_CAUSES
from tests.unit.test_reconcile_gap import ITEMS, MONTHS, NETWORK, demand, found, frame, limit, one, short, stock


def caused(limit: str, subject: str, units: list[float], item: str = "A", **more: Any) -> list[dict[str, Any]]:
    """Rows of supply_cause, one a month."""
    row = {"kind": "shortage", "item": item, "place": "North", "limit": limit, "subject": subject, **more}
    return [{**row, "period": period, "quantity": size} for period, size in zip(MONTHS, units, strict=False) if size]


def both(*rows: list[dict[str, Any]]) -> pl.DataFrame:
    return frame("supply_cause", *(row for part in rows for row in part))


def test_shares_of_the_months_of_a_gap_are_weighed_by_units() -> None:
    made = found(
        shortage=short([0, 10, 20, 0, 5, 0]),
        demand_plan=demand(),
        supply_cause=both(caused("capacity", "Sewing", [0, 10, 14, 0, 5]), caused("purchase", "cloth from X", [0, 0, 6])),
        binding=frame("binding", *limit("capacity", "Sewing", [1, 2, 4]), *limit("purchase", "cloth from X", [2], 300.0, unit="m")),
        **NETWORK,
    )
    first = made["gap"].filter((pl.col("level") == "family") & (pl.col("period") == MONTHS[1])).row(0, named=True)
    causes = made["gap_cause"].filter(pl.col("rank") == first["rank"])
    assert causes.select("limit", "subject", "quantity", "share", "value").rows() == [
        ("capacity", "Sewing", pytest.approx(24), pytest.approx(0.8), 80),
        ("purchase", "cloth from X", pytest.approx(6), pytest.approx(0.2), 300),
    ]
    assert causes["sentence"][0] == (
        "Sewing is at its capacity of 200 hours a month from February to March 2027; one more hour is worth EUR 40."
    )
    assert first["sentence"] == (
        "Tents in North: 30 pieces short from February to March 2027, 15 % of its demand, because Sewing is full (80 % of it) and cloth "
        "from X is at its purchase limit (20 %); EUR 3,000 of revenue and EUR 1,200 of margin would be lost."
    )
    assert first["suggestion"] == "Add capacity on Sewing (overtime, a shift or a subcontractor)."
    second = made["gap"].filter((pl.col("level") == "family") & (pl.col("period") == MONTHS[4])).row(0, named=True)
    assert ", because Sewing is full;" in second["sentence"]
    assert first_causes(made["gap_cause"])[first["rank"]]["subject"] == "Sewing"


def test_the_largest_share_comes_first_whatever_a_unit_of_it_is_worth() -> None:
    causes = frame(
        "gap_cause",
        {"rank": 1, "limit": "capacity", "subject": "Sewing", "share": 0.7, "value": None},
        {"rank": 1, "limit": "purchase", "subject": "X", "share": 0.3, "value": 500.0},
        {"rank": 2, "limit": "capacity", "subject": "Press", "value": 1.0},
        {"rank": 2, "limit": "no source", "subject": "B in North", "value": None},
    )
    assert {rank: row["subject"] for rank, row in first_causes(causes).items()} == {1: "Sewing", 2: "B in North"}


def test_causes_that_are_no_limit_are_told_of_the_item_or_of_the_family() -> None:
    items = pl.concat([ITEMS, frame("item", {"item": "A2", "family": "Tents", "unit": "piece"})])
    lost = pl.concat([short([10, 0, 0, 0, 0, 0]), short([10, 0, 0, 0, 0, 0], item="A2")])
    rows = both(caused("it does not pay", "A", [10]), caused("it does not pay", "A2", [4], "A2"), caused("material", "A2", [6], "A2"))
    made = found(item=items, shortage=lost, demand_plan=pl.concat([demand(), demand("A2")]), supply_cause=rows)
    tents = one(made, "shortage")
    assert "because more of Tents would cost more than it brings (70 % of it) and no more A2 can arrive in time (30 %)" in tents["sentence"]
    assert tents["suggestion"].startswith("Review the price and the cost of Tents")
    own = made["gap"].filter((pl.col("level") == "item") & (pl.col("subject") == "A2"))["rank"].item()
    causes = made["gap_cause"].filter(pl.col("rank") == own)
    assert causes.select("limit", "subject", "quantity").rows() == [("material", "A2", 6), ("it does not pay", "A2", 4)]
    assert causes["sentence"].to_list() == ["No more A2 can arrive in time.", "More of A2 would cost more than it brings."]


def test_stock_below_target_and_late_demand_have_their_own_causes() -> None:
    made = found(
        inventory_plan=stock([100, 60, 100, 100, 100, 100], 100, shortfall=None),
        shortage=short([0] * 6, [0, 0, 9, 0, 0, 0]),
        demand_plan=demand(),
        supply_cause=both(
            caused("capacity", "Sewing", [0, 40], kind="target", place="Plant"), caused("whole lots", "A", [0, 0, 9]), caused("x", "y", [3])
        ),
    )
    assert ", because Sewing is full; EUR" in one(made, "below_target", "item")["sentence"]
    assert one(made, "below_target")["suggestion"] == "Add capacity on Sewing (overtime, a shift or a subcontractor)."
    late = one(made, "late")
    assert "late in March 2027, because lots and set-ups of A come whole;" in late["sentence"]


def test_a_gap_without_shares_has_the_limits_that_bind() -> None:
    binding = frame("binding", *limit("capacity", "Sewing", [1]))
    made = found(shortage=short([0, 10, 0, 0, 0, 0]), demand_plan=demand(), binding=binding, **NETWORK)
    assert made["gap_cause"].filter(pl.col("rank") == 1).select("subject", "share", "quantity").rows() == [("Sewing", None, None)]
    assert "because" not in one(made, "shortage")["sentence"]


def test_what_is_too_little_to_name_is_told_together() -> None:
    rows = both(*(caused("capacity", f"line {n}", [0, size]) for n, size in enumerate((50.0, 20.0, 15.0, 10.0, 4.0, 1.0))))
    made = found(shortage=short([0, 100, 0, 0, 0, 0]), demand_plan=demand(), supply_cause=rows)
    assert (
        "because line 0 is full (50 % of it), line 1 is full (20 %) and line 2 is full (15 %), besides other causes (15 %);"
        in one(made, "shortage")["sentence"]
    )
    causes = made["gap_cause"].filter(pl.col("rank") == 1)
    assert causes.select("limit", "subject", "quantity").rows()[3:] == [
        ("capacity", "line 3", pytest.approx(10)),
        ("other limits", "Tents", pytest.approx(5)),
    ]


@given(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 5), st.floats(0.01, 1e6)), min_size=1, max_size=40))
def test_shares_add_up_however_many_causes_there_are(parts: list[tuple[int, int, float]]) -> None:
    rows = [{**caused("capacity", f"line {line}", [1.0])[0], "period": MONTHS[t], "quantity": size} for line, t, size in parts]
    made = found(shortage=short([50.0] * 6), demand_plan=demand(), supply_cause=both(rows))
    for rank in made["gap"].filter(pl.col("kind") == "shortage")["rank"]:
        causes = made["gap_cause"].filter(pl.col("rank") == rank)
        assert causes.height <= MOST_CAUSES
        assert causes["share"].sum() == pytest.approx(1)
        assert causes["quantity"].sum() == pytest.approx(300)
