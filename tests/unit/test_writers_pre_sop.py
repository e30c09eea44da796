"""The pack of pre-S&OP: its sections, pictures of options, and plans that lack money or have nothing to say."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from equipoise.charts.options import STILL_SHORT, closed_rows, gap_closed, option_ranking
from equipoise.exchange.outputs import write
from equipoise.exchange.pack import options, pre_sop, risk_register
from equipoise.exchange.pack.contents import KEYS, pre_sop_sections
from equipoise.exchange.pack.plan import Plan
from equipoise.exchange.report import pre_sop as pack
from equipoise.tables import DICTIONARY, table
from tests.unit import plan_example

TABLES, SETTING = plan_example.tables(), plan_example.setting()
BARE, BARE_SETTING = plan_example.bare(), plan_example.setting(12, "")
EMPTY = {name: definition.empty() for name, definition in DICTIONARY.items()}
JUNE, JULY = dt.date(2027, 6, 1), dt.date(2027, 7, 1)


@pytest.fixture(scope="module")
def both() -> tuple[str, str]:
    return pack(TABLES, SETTING)


def test_the_pack_follows_the_meeting(both: tuple[str, str]) -> None:
    page, text = both
    keys = [section.key for section in pre_sop_sections(Plan(TABLES, SETTING))]
    assert keys == ["agenda", "gaps", "options", "scenarios", "register", "money", "decisions", "assumptions"]
    assert [line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")] == [
        *("Agenda", "Gaps", "Options", "Scenarios", "Risks and opportunities", "Money in short", "Decisions needed", "Open assumptions")
    ]
    assert page.startswith("<!doctype html>")
    assert text.startswith("# Pre-S&OP: sales and operations plan alpine-2026-11")
    assert "Tents are short in summer" in text
    assert "Tents short in summer" not in text, "the agenda of the executive meeting is not that of pre-S&OP"


def test_texts_are_escaped_in_both(both: tuple[str, str]) -> None:
    page, text = both
    assert "Sew &lt;b&gt;tents&lt;/b&gt; outside" in page
    assert "<i>leaves" not in page
    assert "&lt;i>leaves" in text


def test_options_say_what_is_recommended_why_and_what_was_dropped(both: tuple[str, str]) -> None:
    text = both[1]
    line = next(line for line in text.splitlines() if line.startswith("| 1 | Saturday shift on Sewing Line 1 (recommended)"))
    assert "+61,000" in line
    assert "21,000 + 8,000" in line
    assert "-300" in line
    assert "+0.4 points" in line
    assert "It needs people." in line
    assert "| Half a Saturday shift | Dominated |" in text
    assert "| 1 | What would more hours on the Filling Line cost? | 2 | EUR 5,400 |" in text


def test_decisions_carry_reason_options_money_and_date(both: tuple[str, str]) -> None:
    (line,) = (line for line in both[1].splitlines() if line.startswith("| 1 | What is done about tents"))
    assert "It pays. Looked at: Saturday shift on Sewing Line 1; Sew &lt;b>tents&lt;/b> outside." in line
    assert "| +61,000 | 223,000 | executive | 2026-12-15 |" in line


def test_the_register_tells_what_is_raised_and_expected() -> None:
    plan = Plan(TABLES, SETTING)
    assert risk_register.expected(TABLES["risk_register"], plan) == (
        "1 of 2 is raised. Outside the plan, -EUR 6,000 of contribution is expected (EUR 18,000 of opportunities, -EUR 24,000 of risks)."
    )
    grid = risk_register.register_grid(TABLES["risk_register"].sort("rank"), plan)
    assert [row[8] for row in grid.rows] == ["Met: 880", "No trigger"]
    assert grid.tones[0, 8] == "bad"


def test_money_in_short_compares_only_what_is_budgeted() -> None:
    section = pre_sop.money(Plan(TABLES, SETTING))
    assert section is not None
    (grid,) = section.blocks
    rows = {row[0]: row for row in grid.rows}  # type: ignore[union-attr]
    assert rows["Revenue"][2].endswith("+3.1 %")
    assert rows["Contribution"][2] == ""
    assert "Inventory at the end" in rows


def test_without_money_the_pack_says_so_and_invents_none() -> None:
    page, text = pack(BARE, BARE_SETTING)
    assert "money that is not given is never invented" in text
    assert "21,000 + 8,000" not in text
    assert "Net money" not in text
    assert "At stake" not in text
    assert page.count("<figure>") >= 2
    line = next(line for line in text.splitlines() if line.startswith("| 1 | Saturday shift"))
    assert "-300" in line


def test_an_empty_plan_still_makes_a_page() -> None:
    page, text = pack(EMPTY, SETTING)
    assert "<main>" in page
    assert text.startswith("# Pre-S&OP")
    assert options.section(Plan(EMPTY, SETTING)) is None
    assert risk_register.section(Plan(EMPTY, SETTING)) is None


def test_the_report_has_options_and_the_register_too() -> None:
    assert KEYS.index("options") == KEYS.index("gaps") + 1
    assert "register" in KEYS


def test_the_pack_belongs_to_the_gap_analysis(tmp_path: Path) -> None:
    with_it = {path.name for path in write(EMPTY, SETTING, ["gap_analysis"], tmp_path / "one")}
    without = {path.name for path in write(EMPTY, SETTING, ["action_items"], tmp_path / "other")}
    assert {"pre_sop.html", "pre_sop.md"} <= with_it
    assert not {"pre_sop.html", "pre_sop.md"} & without


def rows(name: str, *given: dict[str, object]) -> pl.DataFrame:
    schema = dict(table(name).schema)
    return pl.DataFrame([{column: row.get(column) for column in schema} for row in given], schema=schema)


def option(name: str, rank: int | None, status: str = "recommended", **more: object) -> dict[str, object]:
    return {"option": name, "rank": rank, "kind": "shift", "statement": name, "status": status, **more}


OPTIONS = rows("option", option("A", 2), option("B", 3), option("A + B", 1, kind="combination", members="A; B"), option("C", 4, "listed"))
PERIODS = rows(
    "option_period",
    {"option": "", "period": JUNE, "short": 100.0},
    {"option": "", "period": JULY, "short": 50.0},
    {"option": "A", "period": JUNE, "short": 40.0, "closed": 60.0, "stacked": 60.0},
    {"option": "A", "period": JULY, "short": 70.0, "closed": -20.0, "stacked": -20.0},
    {"option": "B", "period": JUNE, "short": 70.0, "closed": 30.0, "stacked": 10.0},
    {"option": "B", "period": JULY, "short": 30.0, "closed": 20.0, "stacked": 45.0},
    {"option": "C", "period": JUNE, "short": 0.0, "closed": 100.0},
)


def test_what_options_close_is_stacked_on_what_stays_short() -> None:
    found = {(row["period"], row["part"]): row["quantity"] for row in closed_rows(PERIODS, OPTIONS).iter_rows(named=True)}
    assert found == {
        (JUNE, STILL_SHORT): 30.0,
        (JUNE, "A"): 60.0,
        (JUNE, "B"): 10.0,
        (JULY, STILL_SHORT): 25.0,
        (JULY, "A"): 0.0,
        (JULY, "B"): 45.0,
    }


def test_more_than_six_options_are_stacked_as_others() -> None:
    many = rows("option", *(option(f"O{n}", n) for n in range(1, 10)))
    closing = ({"option": f"O{n}", "period": JUNE, "closed": 5.0, "stacked": 5.0} for n in range(1, 10))
    parts = closed_rows(rows("option_period", {"option": "", "period": JUNE, "short": 60.0}, *closing), many)
    assert parts.get_column("part").to_list() == [STILL_SHORT, *(f"O{n}" for n in range(1, 7)), "others"]
    assert parts.get_column("quantity").to_list() == [15.0, *[5.0] * 6, 15.0]


def test_pictures_refuse_to_draw_nothing() -> None:
    with pytest.raises(ValueError, match="nothing is short"):
        gap_closed(table("option_period").empty(), OPTIONS, SETTING)
    with pytest.raises(ValueError, match="no option is ranked"):
        option_ranking(rows("option", option("A", None, "dominated")), SETTING)


def test_a_combination_is_drawn_by_the_ranks_of_its_members_and_units_stand_in_for_money() -> None:
    drawn = option_ranking(OPTIONS.with_columns(pl.lit(-5.0).alias("shortage")), SETTING).to_dict(validate=False)
    assert drawn["title"]["text"] == "Options by what they close, units of shortage"
    assert "1. 2 + 3 together +5" in drawn["description"]
    priced = option_ranking(OPTIONS.with_columns(pl.lit(-4200.0).alias("net_money")), SETTING).to_dict(validate=False)
    assert "4. C -4,200" in priced["description"]
