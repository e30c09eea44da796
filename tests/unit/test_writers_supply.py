"""The pages and sheets of supply review: certificate, what is asked beside what is planned, targets, limits, causes, clash."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest

from equipoise.charts.series import total
from equipoise.exchange.book import supply as sheets
from equipoise.exchange.pack import grids, supply
from equipoise.exchange.pack.blocks import Block, Cards, Grid, Heading, Paragraph, Picture, Points
from equipoise.exchange.pack.certificate import sentence
from equipoise.exchange.pack.plan import Plan
from equipoise.exchange.report import report
from equipoise.exchange.summary import summary
from equipoise.exchange.workbook import workbook
from equipoise.tables import table
from tests.unit import plan_example

SETTING = plan_example.setting()
TABLES = plan_example.tables()
MARCH, APRIL = dt.date(2027, 3, 1), dt.date(2027, 4, 1)


def _table(name: str, *rows: Mapping[str, object]) -> pl.DataFrame:
    schema = dict(table(name).schema)
    return table(name).conform(pl.DataFrame([{column: row.get(column) for column in schema} for row in rows], schema=schema))


def _cause(kind: str, item: str, period: dt.date, limit: str, subject: str, quantity: float) -> dict[str, object]:
    text = f"{subject} causes {quantity:g} of {item}."
    return {"kind": kind, "item": item, "place": "DACH", "period": period, "limit": limit, "subject": subject, "quantity": quantity,
            "share": 0.5, "sentence": text}  # fmt: skip


def _check(name: str, status: str, failed: int = 0, worst: float = 0.0) -> dict[str, object]:
    return {"check": name, "meaning": f"{name} holds.", "rows": 100, "failed": failed, "worst": worst, "place": "TE-10", "status": status}


def _target(item: str, safety: float) -> dict[str, object]:
    return {"item": item, "location": "Plant North", "period": MARCH, "service_level": 0.995, "lead_time": 21.0, "safety_stock": safety,
            "base_stock": safety * 3, "weeks_of_supply": 2.5, "sentence": f"Safety stock of {item} is {safety:g}."}  # fmt: skip


def _review() -> dict[str, pl.DataFrame]:
    load = TABLES["capacity_load"]
    need = load.select("resource", "period", "available", family=pl.lit("Tents"), required=pl.col("load") * 1.4, planned="load")
    made = TABLES["supply_plan"].select("item", "location", "period", made=pl.col("quantity") * 1.1, bought=5.0)
    facts = {"status": "optimal", "gap": "0.00000000", "objective": "1250000", "bound": "1250000", "objective kind": "profit",
             "limits": "hold as given", "strategy": "optimal"}  # fmt: skip
    metal = {"item": "ALLOY", "unit": "kg"}
    return {
        **TABLES,
        "item": pl.concat([TABLES["item"], _table("item", metal)]),
        "capacity_requirement": table("capacity_requirement").conform(need),
        "material_requirement": table("material_requirement").conform(made),
        "solution": _table("solution", *({"fact": fact, "value": value} for fact, value in facts.items())),
        "audit": _table("audit", _check("stock balance", "passed"), _check("demand", "passed"), _check("overtime", "gave way", 2, 12.5),
                        _check("strategy", "not asked")),
        "supply_cause": _table(
            "supply_cause",
            _cause("shortage", "TE-10", MARCH, "capacity", "Sewing Line 1", 30.0),
            _cause("shortage", "TE-10", APRIL, "capacity", "Sewing Line 1", 45.0),
            _cause("shortage", "TE-20", MARCH, "overtime", "Sewing Line 1", 25.0),
            _cause("target", "ALLOY", MARCH, "purchase", "Smelter", 900.0),
            _cause("target", "TE-10", MARCH, "capacity", "Sewing Line 1", 10.0),
        ),
        "inventory_target": _table("inventory_target", _target("TE-10", 40.0), _target("TE-20", 90.0)),
        "item_plan": _table(
            "item_plan",
            *({"route": "make TE-10", "item": "TE-10", "location": "Plant North", "week": day, "period": MARCH, "quantity": 7.0}
              for day in (MARCH, dt.date(2027, 3, 8))),
        ),
    }  # fmt: skip


REVIEW = _review()


def _blocks(tables: dict[str, pl.DataFrame]) -> tuple[Block, ...]:
    section = supply.section(Plan(tables, SETTING))
    assert section is not None
    return section.blocks


def _grid(blocks: tuple[Block, ...], words: str) -> Grid:
    return next(block for block in blocks if isinstance(block, Grid) and words in block.caption)


def _headings(blocks: tuple[Block, ...]) -> list[str]:
    return [block.text for block in blocks if isinstance(block, Heading)]


def test_the_certificate_comes_first_and_says_what_did_not_pass() -> None:
    blocks = _blocks(REVIEW)
    assert isinstance(blocks[0], Cards)
    solution, checks, limits = blocks[0].cards
    assert (solution.value, solution.comparison) == ("Optimal", "gap 0.00 %; profit EUR 1.25 million, at best EUR 1.25 million")
    assert (checks.value, checks.comparison, checks.tone) == ("2 of 3 passed", "1 gave way, 300 places checked", "")
    assert limits.value == "Hold as given"
    assert sentence(Plan(REVIEW, SETTING)) == "Optimal: gap 0.00 %; 2 checks passed, 1 gave way."
    told = blocks[2]
    assert isinstance(told, Points)
    assert told.points == (
        "Overtime gave way (see the rules that could not hold): overtime holds. Off in 2 of 100 places, at most by 12.5 (TE-10).",
    )


def test_a_check_that_fails_is_marked_and_a_plan_without_checks_has_no_box_for_them() -> None:
    broken = {**REVIEW, "audit": _table("audit", _check("demand", "failed", 1, 3.0))}
    box = _blocks(broken)[0]
    assert isinstance(box, Cards)
    assert box.cards[1].tone == "bad"
    assert sentence(Plan(broken, SETTING)).endswith("0 checks passed, 0 gave way, 1 failed.")
    plain = _blocks(TABLES)[0]
    assert isinstance(plain, Cards)
    assert [card.name for card in plain.cards] == ["Solution"]
    assert "Checks that did not pass" not in _headings(_blocks(TABLES))


@pytest.mark.parametrize("gap", ["", "nan", "inf", "none", None])
def test_a_gap_that_is_no_number_is_not_told(gap: str | None) -> None:
    facts = _table("solution", {"fact": "status", "value": "feasible"}, {"fact": "gap", "value": gap})
    assert sentence(Plan({"solution": facts}, SETTING)) == "Feasible."


def test_rules_that_clash_are_told_in_order() -> None:
    rules = (
        {"position": 2, "rule": "firm_plan", "subject": "TE-10", "sentence": "500 of TE-10 are firm in March."},
        {"position": 1, "rule": "capacity", "subject": "Sewing Line 1"},
    )
    blocks = _blocks({**REVIEW, "clash": _table("clash", *rules)})
    told = next(block for block in blocks if isinstance(block, Points) and "Capacity: Sewing Line 1" in block.points)
    assert told.points[1] == "500 of TE-10 are firm in March."
    assert "Rules that cannot hold together" in _headings(blocks)


def test_units_without_limits_stand_beside_the_plan_by_family() -> None:
    rows = {row["family"]: row for row in grids.required(Plan(REVIEW, SETTING)).iter_rows(named=True)}
    tents = TABLES["supply_plan"].filter(pl.col("item").str.starts_with("TE"))
    made = total(tents, "quantity")
    assert rows["Tents"]["planned"] == pytest.approx(made)
    assert rows["Tents"]["required"] == pytest.approx(made * 1.1 + 5 * tents.height)
    assert rows["Tents"]["difference"] == pytest.approx(-made * 0.1 - 5 * tents.height)
    short = TABLES["shortage"].filter(pl.col("item").str.starts_with("TE"))
    last = short.filter(pl.col("period") == short.get_column("period").max())
    assert rows["Tents"]["unserved"] == pytest.approx(total(short, "lost") + total(last, "backlog"))
    grid = _grid(_blocks(REVIEW), "Without limits and as planned")
    assert grid.rows[-1][0] == "Total"
    assert grid.heads[4].text == "Supply without limits"


def test_what_is_asked_of_a_resource_stands_beside_its_load() -> None:
    grid = _grid(_blocks(REVIEW), "Capacity and load by resource")
    heads = [head.text for head in grid.heads]
    sewing = next(row for row in grid.rows if row[0] == "Sewing Line 1")
    load = TABLES["capacity_load"].filter(pl.col("resource") == "Sewing Line 1")
    assert sewing[heads.index("Asked")] == f"{total(load, 'load') * 1.4:,.0f}"
    peak = load.get_column("utilisation").max()
    assert isinstance(peak, float)
    assert sewing[heads.index("Most asked")] == f"{peak * 140:.0f} %"
    assert grid.tones[grid.rows.index(sewing), heads.index("Most asked")] == "bad"
    plain = _grid(_blocks(TABLES), "Capacity and load by resource")
    assert "Asked" not in [head.text for head in plain.heads]


def test_causes_add_up_by_limit_and_units_are_not_mixed() -> None:
    blocks = _blocks(REVIEW)
    short = _grid(blocks, "Causes of shortage")
    assert [row[:2] + row[3:] for row in short.rows] == [
        ("Capacity", "Sewing Line 1", "1", "75", "pieces", "75 %"),
        ("Overtime", "Sewing Line 1", "1", "25", "pieces", "25 %"),
    ]
    missed = _grid(blocks, "Causes of missed stock targets").rows
    assert [(row[0], *row[4:]) for row in missed] == [("Purchase", "900", "kg", "100 %"), ("Capacity", "10", "pieces", "100 %")]
    words = [block.text for block in blocks if isinstance(block, Paragraph)]
    assert any(text.startswith("100 pieces short; the largest cause, with 75 %: capacity (Sewing Line 1).") for text in words)
    assert "Causes of shortage" not in _headings(_blocks(TABLES))


def test_limits_show_the_range_and_the_proof_of_their_value_where_known() -> None:
    rows: tuple[dict[str, object], ...] = (
        {"limit": "capacity", "subject": "Line", "period": MARCH, "unit": "hours", "value": 41.2, "value_less": 50.0,
         "holds_from": 90.0, "holds_to": 120.0, "proof": "solved again", "sentence": "One more hour on Line is worth 41.20."},
        {"limit": "overtime", "subject": "Line", "period": MARCH, "unit": "hours", "value": 2.0, "holds_from": 10.0},
    )  # fmt: skip
    grid = _grid(_blocks({**TABLES, "binding": _table("binding", *rows)}), "Limits that bind")
    assert grid.rows[0][4:] == ("EUR 41.20 per hour", "EUR 50", "90 to 120", "solved again")
    assert grid.rows[1][4:] == ("EUR 2 per hour", "", "10 or more", "")


def test_inventory_targets_are_listed_the_largest_safety_stock_first() -> None:
    section = supply.inventory(Plan(REVIEW, SETTING))
    assert section is not None
    grid = _grid(section.blocks, "Safety stock and base stock")
    assert grid.rows[0] == ("TE-20", "Plant North", "99.5 %", "21", "90", "270", "2.5")
    assert any(isinstance(block, Points) and block.points[0] == "Safety stock of TE-20 is 90." for block in section.blocks)
    without = supply.inventory(Plan(TABLES, SETTING))
    assert without is not None
    assert "Inventory targets" not in _headings(without.blocks)


def test_pictures_of_one_family_and_of_no_flow_are_left_out() -> None:
    blocks = _blocks(REVIEW)
    assert sum(isinstance(block, Picture) for block in blocks) == 4  # all load is asked for by tents: no picture by family
    assert all(block.draw().startswith("<svg") for block in blocks if isinstance(block, Picture))
    alone = {**REVIEW, "item": REVIEW["item"].with_columns(family=pl.lit("All")), "shipment_plan": TABLES["shipment_plan"].clear()}
    assert sum(isinstance(block, Picture) for block in _blocks(alone)) == 2
    assert "Supply network" not in _headings(_blocks(alone))


def test_names_are_escaped_and_nothing_new_is_lost_in_the_summary() -> None:
    attack = "<script>x</script>"
    tables = dict(REVIEW)
    for name, columns in (("audit", ("place", "meaning")), ("supply_cause", ("sentence", "subject")), ("inventory_target", ("sentence",))):
        tables[name] = tables[name].with_columns(pl.lit(attack).alias(column) for column in columns)
    tables["audit"] = tables["audit"].with_columns(status=pl.lit("failed"))
    tables["transfer_plan"] = _table(
        "transfer_plan", {"lane": "l", "item": "TE-10", "from": attack, "to": "Plant North", "period": MARCH, "quantity": 10.0}
    )
    assert "<script" not in report(tables, SETTING)
    text = summary(REVIEW, SETTING, ("supply", "inventory"))
    for words in ("| Solution | Optimal |", "### Causes of shortage", "### Inventory targets", "Without limits and as planned"):
        assert words in text


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("supply") / "plan.xlsx"
    workbook(REVIEW, SETTING, path)
    return openpyxl.load_workbook(path)


def _rows(sheet: Any) -> list[tuple[object, ...]]:
    return [row for row in sheet.iter_rows(values_only=True) if any(cell is not None for cell in row)]


def test_the_workbook_has_a_sheet_for_each_table_that_has_rows(book: Any, tmp_path: Path) -> None:
    names = ["Requirements", "Inventory targets", "Causes", "Plan by week", "Checks"]
    assert [name for name in book.sheetnames if name in {*names, "Clash"}] == names
    workbook(TABLES, SETTING, tmp_path / "plan.xlsx")
    assert not {*names, "Clash"} & set(openpyxl.load_workbook(tmp_path / "plan.xlsx").sheetnames)


def test_the_sheets_hold_what_is_asked_what_is_missing_and_what_was_checked(book: Any) -> None:
    need = _rows(book["Requirements"])
    asked = next(row for row in need if row[:2] == ("Assembly", "Asked"))
    planned = next(row for row in need if row[:2] == ("Assembly", "Planned"))
    assert asked[2] == pytest.approx(1.4 * float(str(planned[2])))
    causes = _rows(book["Causes"])
    assert [row[6] for row in causes[2:5]] == [45, 30, 25]
    assert (causes[5][0], causes[5][1], causes[5][6]) == ("target", "ALLOY", 900)
    checks = _rows(book["Checks"])
    assert checks[0][0] == "Optimal: gap 0.00 %; 2 checks passed, 1 gave way."
    assert checks[2][:2] == ("overtime", "gave way")
    weeks = _rows(book["Plan by week"])
    assert weeks[1][3:5] == ("2027-03-01", "2027-03-08")
    assert weeks[2][3:5] == (7, 7)


def test_a_long_list_is_cut_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MOST_LISTED", 2)
    workbook(REVIEW, SETTING, tmp_path / "plan.xlsx")
    rows = _rows(openpyxl.load_workbook(tmp_path / "plan.xlsx")["Causes"])
    assert str(rows[0][0]).endswith("(the first 2 of 5; all are in table supply_cause)")
    assert len(rows) == 4
