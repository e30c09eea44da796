"""The section on gaps: money at stake by family, market and resource, and the rule by which each kind is found."""

import datetime as dt
from typing import Any

import polars as pl

from equipoise.charts.comparison import gaps as picture
from equipoise.exchange.pack import gaps
from equipoise.exchange.pack.blocks import Grid
from equipoise.exchange.pack.plan import Plan
from equipoise.tables import table
from equipoise.tables.setting import Setting

MARCH, MAY = dt.date(2027, 3, 1), dt.date(2027, 5, 1)
SETTING = Setting.model_validate({"plan": "test", "currency": "EUR", "calendar": {"start": dt.date(2027, 1, 1), "horizon": 6}})


def gap(rank: int, kind: str, level: str, subject: str, units: float, stake: float | None, **more: Any) -> dict[str, Any]:
    row = {"period": MARCH, "until": MARCH, "unit": "piece", "sentence": f"{subject}: {kind}.", "suggestion": "Do.", "market": ""}
    rule = {"formula": f"How {kind} is found.", "threshold": f"From what size {kind} is shown."}
    return {**row, **rule, "rank": rank, "kind": kind, "level": level, "subject": subject, "units": units, "stake": stake, **more}


ROWS = (
    gap(1, "shortage", "family", "Tents", -30, 3000.0, revenue=-3000.0, market="North"),
    gap(2, "shortage", "family", "Tents", -5, 500.0, revenue=-500.0, market="North", period=MAY, until=MAY),
    gap(3, "obsolete_stock", "family", "Stoves", 20, 800.0, revenue=1000.0),
    gap(4, "obsolete_stock", "family", "Tents", 10, 600.0, revenue=700.0),
    gap(5, "below_target", "family", "Stoves", -9, 90.0, revenue=-100.0),
    gap(6, "below_target", "family", "Stoves", -4, 40.0, revenue=-50.0, period=MAY, until=MAY),
    gap(7, "supply_surplus", "total", "supply", 99, None, revenue=9000.0),
    gap(8, "idle_capacity", "resource", "Line", 55, None, revenue=5000.0),
    gap(9, "shortage", "market", "North", -35, 3500.0, revenue=-3500.0),
    gap(10, "shortage", "total", "total", -35, 3500.0, revenue=-3500.0),
    gap(11, "shortage", "item", "A", -35, 3500.0, revenue=-3500.0, market="North"),
)


def plan(*rows: dict[str, Any]) -> Plan:
    return Plan({"gap": table("gap").conform(pl.DataFrame(list(rows), infer_schema_length=None))}, SETTING)


def test_money_at_stake_sums_flows_and_takes_the_largest_of_a_stock() -> None:
    grid = gaps.stake_grid(plan(*ROWS))
    assert [head.text for head in grid.heads] == ["Level", "Subject", "Shortage", "Obsolete stock", "Below target"]
    assert grid.rows == (
        ("Families", "Tents", "-3,500", "+600", ""),
        ("Families", "Stoves", "", "+800", "-90"),
        ("Markets", "North", "-3,500", "", ""),
        ("In total", "", "-3,500", "", ""),
    )
    assert set(grid.tones) == {(0, 2), (1, 4), (2, 2), (3, 2)}


def test_each_kind_is_explained_once() -> None:
    grid = gaps.rule_grid(gaps.main_gaps(plan(*ROWS)))
    assert [row[0] for row in grid.rows] == ["Shortage", "Obsolete stock", "Below target", "Supply surplus", "Idle capacity"]
    assert grid.rows[0][1:] == ("How shortage is found.", "From what size shortage is shown.")


def test_the_section_lists_main_gaps_alone_and_counts_the_others() -> None:
    section = gaps.section(plan(*ROWS))
    assert section is not None
    listed, stakes, rules = (block for block in section.blocks if isinstance(block, Grid))
    assert len(listed.rows) == 8
    assert (stakes.caption, rules.caption) == ("Money at stake, by family, market and resource, EUR", "How gaps are found")


def test_without_money_there_is_no_grid_of_it() -> None:
    bare = plan(*({**row, "stake": None, "revenue": None} for row in ROWS))
    section = gaps.section(bare)
    assert section is not None
    assert [block.caption for block in section.blocks if isinstance(block, Grid)] == ["Gaps, the most money first", "How gaps are found"]


def test_the_picture_draws_stock_at_cost_and_leaves_idle_time_to_the_room_in_supply() -> None:
    drawn = str(picture(gaps.main_gaps(plan(*ROWS)), SETTING).to_dict())
    assert "'+800'" in drawn
    assert "'+1,000'" not in drawn
    assert "Stoves: obsolete stock" in drawn
    assert "idle capacity" not in drawn
    alone = str(picture(plan(*(row for row in ROWS if row["kind"] == "idle_capacity")).tables["gap"], SETTING).to_dict())
    assert "idle capacity" in alone
