"""Show and explain what a version holds."""

from pathlib import Path

import pytest

from equipoise.errors import InputError, NotFoundError
from tests.doors.conftest import answer


def test_show_without_a_table_lists_what_there_is(lamps: Path) -> None:
    shown = answer("show", plan=str(lamps))
    names = [row[0] for row in shown["rows"]]
    assert {"item", "demand_plan", "supply_plan", "gap", "kpi"} <= set(names)


def test_rows_are_filtered_by_column_attribute_list_and_range(lamps: Path) -> None:
    everything = answer("show", plan=str(lamps), table="demand_plan", limit=0)
    assert everything["total_rows"] == 4 * 2 * 12
    desk = answer("show", plan=str(lamps), table="demand_plan", where=["family=Desk", "period=2026-12..2027-02"], limit=0)
    assert desk["total_rows"] == 2 * 2 * 3
    two = answer("show", plan=str(lamps), table="demand_plan", where=["item=Lantern,Floor Lamp", "market=Shops"])
    assert two["total_rows"] == 2 * 12
    assert answer("show", plan=str(lamps), table="demand_plan", limit=5)["rows"] == everything["rows"][:5]


def test_months_go_across_and_add_up(lamps: Path) -> None:
    rows = answer("show", plan=str(lamps), table="demand_plan", limit=0)
    position = rows["columns"].index("quantity")
    across = answer("show", plan=str(lamps), table="demand_plan", pivot=True, by=["family"])
    assert across["columns"][:3] == ["family", "2026-12", "2027-01"]
    assert across["columns"][-1] == "total"
    assert sum(row[-1] for row in across["rows"]) == pytest.approx(sum(row[position] for row in rows["rows"]))
    assert [row[0] for row in across["rows"]] == ["Desk", "Living"]


@pytest.mark.parametrize(
    ("values", "error", "words"),
    [
        ({"table": "demand_plam"}, NotFoundError, "demand_plan"),
        ({"table": "demand_plan", "where": ["famly=Desk"]}, InputError, "family"),
        ({"table": "demand_plan", "where": ["family=Desks"]}, InputError, "Desk"),
        ({"table": "demand_plan", "where": ["family"]}, InputError, "column=value"),
        ({"table": "demand_plan", "columns": ["nothing"]}, InputError, "Its columns are item"),
        ({"table": "item", "pivot": True}, InputError, "no periods"),
        ({"table": "demand_plan", "pivot": True, "measure": "price"}, InputError, "Measures: quantity"),
        ({"table": "demand_plan", "version": 9}, NotFoundError, "v0001"),
        ({"table": "demand_plan", "where": ["quantity=many"]}, InputError, "holds numbers"),
        ({"table": "demand_plan", "where": ["period=soon"]}, InputError, "not a date"),
    ],
)
def test_a_wrong_question_is_answered_with_what_is_right(
    lamps: Path, values: dict[str, object], error: type[Exception], words: str
) -> None:
    with pytest.raises(error) as caught:
        answer("show", plan=str(lamps), **values)
    assert words in str(caught.value)


def test_a_demand_plan_cell_leads_back_to_history_and_its_file(lamps: Path) -> None:
    where = ["item=Lantern", "market=Shops", "period=2027-01"]
    explained = answer("explain", plan=str(lamps), table="demand_plan", where=where)
    tables = [reason["table"] for reason in explained["reasons"]]
    assert tables[0] == "demand_plan"
    for table in ("consensus", "baseline", "method_choice", "history"):
        assert table in tables
    said = " ".join(reason["statement"] for reason in explained["reasons"])
    assert "Read from history.csv, rows " in said
    assert "Desk Lamp" not in said
    assert explained["cell"]["item"] == "Lantern"


def test_a_stock_cell_leads_to_its_item_and_to_what_limits_it(lamps: Path) -> None:
    explained = answer("explain", plan=str(lamps), table="inventory_plan", where=["item=Lantern", "period=2026-12"])
    tables = {reason["table"] for reason in explained["reasons"]}
    assert {"inventory_plan", "supply_plan", "demand_plan", "on_hand", "capacity_load"} <= tables


def test_several_cells_are_explained_as_one_sum(lamps: Path) -> None:
    explained = answer("explain", plan=str(lamps), table="demand_plan", where=["family=Desk"])
    assert explained["cell"]["rows"] == 2 * 2 * 12
    assert explained["cell"]["quantity"] > 0


def test_explain_needs_a_table(lamps: Path) -> None:
    with pytest.raises(InputError, match="Name a table"):
        answer("explain", plan=str(lamps))


def test_a_shortage_leads_to_the_limits_that_cause_it(tmp_path: Path) -> None:
    files = {
        "plan.yaml": "plan: short\ncalendar: {start: 2027-01-01, horizon: 2}\ndata: .\nsupply: {backlog_allowed: false}\n",
        "forecast.csv": "source,item,market,period,kind,quantity,revenue\nSales,Lamp,North,2027-01-01,increment,90,900\n",
        "route.csv": "route,item,location\nmake lamp,Lamp,Works\n",
        "usage.csv": "activity,of,resource,quantity\nmake,make lamp,Line,1\n",
        "resource.csv": "resource\nLine\n",
        "capacity.csv": "resource,regular\nLine,60\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    answer("run", plan=str(tmp_path))
    explained = answer("explain", plan=str(tmp_path), table="shortage", where=["item=Lamp", "period=2027-01"])
    causes = [reason["statement"] for reason in explained["reasons"] if reason["table"] == "supply_cause"]
    assert causes == ["Line causes all 30 units of Lamp short in North in January 2027: it is full in January 2027."]


@pytest.mark.parametrize("operation", ["show", "explain"])
def test_a_condition_that_no_row_meets_is_told_as_it_was_asked(lamps: Path, operation: str) -> None:
    with pytest.raises(InputError, match=r"^No row of demand_plan has period 2099-01\.") as told:
        answer(operation, plan=str(lamps), table="demand_plan", where=["period=2099-01"])
    assert "the nearest are" in told.value.fix
