"""plan.xlsx: sheets, numbers, charts, and that the given tables read back."""

import datetime as dt
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from equipoise.exchange.book import VIEWS, inputs, summary
from equipoise.exchange.workbook import workbook
from equipoise.tables import GIVEN, table
from tests.unit import plan_example, review_example

TABLES = plan_example.tables()
SETTING = plan_example.setting()


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("book") / "plan.xlsx"
    workbook(TABLES, SETTING, made)
    return made


@pytest.fixture(scope="module")
def book(path: Path) -> Any:
    return openpyxl.load_workbook(path)


def _rows(sheet: Any) -> list[tuple[object, ...]]:
    return [row for row in sheet.iter_rows(values_only=True) if any(cell is not None for cell in row)]


def test_sheets_stand_in_order_views_before_inputs_and_are_linked(book: Any) -> None:
    names = book.sheetnames
    assert names[:6] == ["Summary", "Plan", "Plan by family", "Plan by item", "Demand plan", "Production plan"]
    given = [name for name in GIVEN if TABLES[name].height]
    assert names[-len(given) :] == given
    assert set(names) <= {*VIEWS, *GIVEN}
    links = [cell.hyperlink.location for row in book["Summary"].iter_rows() for cell in row if cell.hyperlink]
    assert links == [f"'{name}'!A1" for name in names[1:]]


def test_every_given_table_reads_back_as_it_was(path: Path, book: Any) -> None:
    for name in GIVEN:
        frame = TABLES[name]
        if not frame.height:
            assert name not in book.sheetnames
            continue
        read = table(name).conform(pl.read_excel(path, sheet_name=name, engine="calamine", infer_schema_length=None))
        assert_frame_equal(read, frame.sort(table(name).keys, nulls_last=False), rel_tol=1e-14)
        assert [cell.value for cell in book[name][1]] == list(frame.columns)
        assert book[name]["A1"].comment.text == next(iter(table(name).columns)).meaning


def test_plan_grids_hold_numbers_with_the_periods_across(book: Any) -> None:
    rows = _rows(book["Plan by family"])
    heads, first = rows[1], rows[2]
    assert heads[:4] == ("Family", "Measure", "Dec 26", "Jan 27")
    assert heads[-1] == "Total"
    assert first[:2] == ("Backpacks", "Demand")
    total = TABLES["demand_plan"].filter(pl.col("item").str.starts_with("BA")).get_column("quantity").sum()
    assert first[-1] == pytest.approx(total)
    assert book["Plan by family"].freeze_panes == "C4"
    assert book["Plan by family"].auto_filter.ref


def test_the_workbook_has_native_charts(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        charts = [name for name in archive.namelist() if name.startswith("xl/charts/chart")]
    assert len(charts) == 6


def test_load_above_100_percent_is_marked(book: Any) -> None:
    rules = [rule for area in book["Load"].conditional_formatting for rule in area.rules]
    assert any(rule.operator == "greaterThanOrEqual" and float(rule.formula[0]) == 1.0001 and rule.stopIfTrue for rule in rules)
    assert [row[0] for row in _rows(book["Load"])][2:5] == ["Assembly", "Filling Line", "Packing"]


def test_texts_never_run_as_formulas(tmp_path: Path) -> None:
    tables = dict(TABLES)
    attack = '=HYPERLINK("http://x","y")'
    tables["item"] = tables["item"].with_columns(pl.lit(attack).alias("name"))
    tables["gap"] = tables["gap"].with_columns(pl.lit("@SUM(A1)").alias("sentence"))
    tables["scenario_result"] = tables["scenario_result"].with_columns(pl.lit("=1+1").alias("scenario"))
    tables["executive_summary"] = tables["executive_summary"].with_columns(pl.lit("=2+2").alias("statement"))
    workbook(tables, SETTING, tmp_path / "plan.xlsx")
    with zipfile.ZipFile(tmp_path / "plan.xlsx") as archive:
        sheets = "".join(archive.read(name).decode() for name in archive.namelist() if name.startswith("xl/worksheets/sheet"))
    assert "<f>" not in sheets
    found = openpyxl.load_workbook(tmp_path / "plan.xlsx")
    assert found["item"]["B2"].value == attack
    assert found["item"]["B2"].data_type == "s"


def test_the_same_plan_gives_the_same_workbook(tmp_path: Path, path: Path) -> None:
    workbook(TABLES, SETTING, tmp_path / "plan.xlsx")
    with zipfile.ZipFile(path) as one, zipfile.ZipFile(tmp_path / "plan.xlsx") as other:
        assert one.namelist() == other.namelist()
        assert all(one.read(name) == other.read(name) for name in one.namelist())


def test_dates_flags_and_empty_cells_keep_their_kind(book: Any) -> None:
    assert book["history"]["C2"].value == dt.datetime(2023, 12, 1)
    assert book["history"]["G2"].value is False
    assert book["history"]["E2"].value is None


@pytest.mark.parametrize("tables", [plan_example.bare(), {}], ids=["bare", "empty"])
def test_a_plan_without_money_stock_or_anything_still_is_a_workbook(tmp_path: Path, tables: dict[str, pl.DataFrame]) -> None:
    workbook(tables, SETTING, tmp_path / "plan.xlsx")
    names = openpyxl.load_workbook(tmp_path / "plan.xlsx").sheetnames
    assert names[0] == "Summary"
    assert not {"Inventory", "Profit and loss", "Measures"} & set(names)


def test_a_table_too_large_for_a_sheet_is_named_and_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "MOST_CELLS", 5_000)
    workbook(TABLES, SETTING, tmp_path / "plan.xlsx")
    found = openpyxl.load_workbook(tmp_path / "plan.xlsx")
    assert "history" not in found.sheetnames
    words = [str(row[0]) for row in _rows(found["Summary"])]
    assert "Too large for a sheet, see the folder tables: history." in words


def test_the_demand_review_has_its_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summary, "MOST_LISTED", 25)
    review = review_example.with_review(TABLES, SETTING)
    workbook({name: frame for name, frame in review.items() if name != "stream_snapshot"}, SETTING, tmp_path / "plan.xlsx")
    found = openpyxl.load_workbook(tmp_path / "plan.xlsx")
    corrections, overrides, methods, added = (_rows(found[name]) for name in ("Corrections", "Overrides", "Method choice", "Value added"))
    assert corrections[0][0] == "Corrections of history, the largest first (the first 25 of 30; all are in table correction)"
    assert len(corrections) == 27
    sizes = [abs(float(str(row[5])) - float(str(row[4]))) for row in corrections[2:]]
    assert sizes == sorted(sizes, reverse=True)
    assert [row[0] for row in overrides[2:]] == ["ovr-01", "ovr-02", "ovr-03", "ovr-04"]
    assert str(overrides[3][-1]).startswith("Its cells summed to")
    assert methods[1][3:6] == ("Error", "WMAPE, %", "Bias, %")
    assert methods[2][4] == pytest.approx(20)
    assert added[1][6:9] == ("Error, %", "Bias, %", "Value added, %")
    chain = review["value_added"].filter((pl.col("level") == "total") & (pl.col("lag") == 1)).sort("position")
    assert [row[3] for row in added[2:7]] == chain.get_column("step").to_list()[:5]
    assert added[3][8] == pytest.approx(chain["value_added"][1] * 100)


def test_only_texts_make_a_row_high(tmp_path: Path) -> None:
    review = review_example.with_review(TABLES, SETTING)
    workbook({name: frame for name, frame in review.items() if name != "stream_snapshot"}, SETTING, tmp_path / "plan.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "plan.xlsx")["Value added"]
    plain = [row for row in range(4, sheet.max_row) if not sheet.cell(row, 10).value and isinstance(sheet.cell(row, 7).value, float)]
    assert plain
    assert all((sheet.row_dimensions[row].height or 15) <= 15 for row in plain)
