"""Every kind of bad input: the error names file, table, row and column, and says what to do."""

import datetime as dt
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter  # type: ignore[import-untyped]

from equipoise.errors import DataError
from equipoise.exchange import readers
from equipoise.gather import Facts, facts, read_plan
from equipoise.tables import GIVEN, table

HEADER = "plan: test\ncalendar: {as_of: 2026-06-30, start: 2026-07-01, horizon: 3}\n"
DATA = "data: tables\n"
MONTHS = [dt.date(2026, month, 1) for month in range(1, 7)]

GOOD = {
    "item": "item,family,unit_cost\nTent,Tents,80\nPole,Parts,5\n",
    "market": "market\nNorth\nSouth\n",
    "location": "location,kind\nPlant,plant\nDepot,warehouse\n",
    "resource": "resource,location\nLine 1,Plant\n",
    "history": "item,market,period,quantity\n" + "".join(f"Tent,North,{month},{100 + month.month}\n" for month in MONTHS),
    "route": "route,item,location\nmake tent,Tent,Plant\n",
    "usage": "activity,of,resource,quantity\nmake,make tent,Line 1,0.5\n",
    "capacity": "resource,regular\nLine 1,400\n",
    "bom": "route,component,quantity\nmake tent,Pole,4\n",
    "purchase": "purchase,item,location\npole,Pole,Plant\n",
}


def gathered(folder: Path, plan: str = DATA, header: str = HEADER, **changed: str | bytes | None) -> Facts:
    tables = folder / "tables"
    tables.mkdir(exist_ok=True)
    for name, body in {**GOOD, **changed}.items():
        if body is not None:
            (tables / f"{name}.csv").write_bytes(body if isinstance(body, bytes) else body.encode())
    read = read_plan(header + plan, "plan.yaml", dt.date(2026, 7, 5))
    return facts(read, readers.read(read.data, folder))


def said(found: Facts) -> str:
    return "\n".join(f"{fault.severity} {fault}" for fault in found.faults)


def errors(found: Facts) -> str:
    assert found.errors, said(found)
    with pytest.raises(DataError):
        found.refuse_errors()
    return "\n".join(str(fault) for fault in found.errors)


def test_good_tables_have_no_faults_and_all_tables_come_in_form(tmp_path: Path) -> None:
    found = gathered(tmp_path)
    assert said(found) == ""
    assert set(GIVEN) <= set(found.tables)
    for name, frame in found.tables.items():
        assert frame.schema == table(name).schema, name


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    plan = "data: {tables: {history: {file: tables/histroy.csv, columns: {item: item}}}}\n"
    assert "tables/histroy.csv: There is no file tables/histroy.csv. Did you mean history.csv?" in errors(gathered(tmp_path, plan))


def test_an_empty_table_is_an_error(tmp_path: Path) -> None:
    assert "history.csv: The file is empty. Give a header row and data" in errors(gathered(tmp_path, history=""))
    only_header = gathered(tmp_path, history="item,market,period,quantity\n")
    assert "history.csv, table history: Table history has no rows. Give its rows, or leave the table out." in errors(only_header)
    assert "warning bom.csv, table bom: Table bom has no rows." in said(gathered(tmp_path, bom="route,component,quantity\n"))


def test_a_plan_without_demand_is_an_error_without_supply_a_warning(tmp_path: Path) -> None:
    rest: dict[str, str | bytes | None] = dict.fromkeys(("history", "route", "usage", "capacity", "bom", "purchase"))
    assert "Nothing says what demand is" in errors(gathered(tmp_path, DATA, HEADER, **rest))
    (tmp_path / "second").mkdir()
    found = gathered(tmp_path / "second", DATA, HEADER, **{name: None for name in rest if name != "history"})
    assert not found.errors
    assert "Nothing says how demand can be supplied: all of it will be short." in said(found)


def test_a_wrong_delimiter_or_encoding_is_named(tmp_path: Path) -> None:
    plan = "data: {tables: {item: {file: tables/item.csv, delimiter: ;, columns: {item: item}}}}\n"
    assert "It looks separated by comma: correct `delimiter` in the plan file" in errors(gathered(tmp_path, plan))
    plan = "data: {tables: {item: {file: tables/item.csv, encoding: utf-8, columns: {item: item}}}}\n"
    assert "item.csv, row 2: The file is not UTF-8" in errors(gathered(tmp_path, plan, item="item\nZubehör\n".encode("cp1252")))


def test_byte_order_marks_semicolons_and_decimal_commas_are_read(tmp_path: Path) -> None:
    found = gathered(tmp_path, item="\ufeffitem;family;unit_cost\nTent;Tents;1.080,50\nPole;Parts;5,25\n")
    assert said(found) == ""
    assert dict(found.tables["item"].select("item", "unit_cost").iter_rows()) == {"Tent": 1080.5, "Pole": 5.25}


def test_thousands_and_decimals_that_cannot_be_told_apart_are_warned_of(tmp_path: Path) -> None:
    found = gathered(tmp_path, item="item;family;unit_cost\nTent;Tents;1,250\nPole;Parts;5\n")
    assert "warning item.csv, table item: Numbers such as 1,250 were read with a decimal comma" in said(found)
    assert found.tables["item"].filter(item="Tent")["unit_cost"].item() == 1.25


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        (
            ("2026-01-01", "2026-02-01", "31.03.2026"),
            "row 4, column period: '31.03.2026' is written differently from other dates of this column (2026-01-01)",
        ),
        (
            ("13/01/2026", "14/02/2026", "03/15/2026"),
            "row 4, column period: '03/15/2026' has day and month the other way round than 13/01/2026.",
        ),
        (("03/04/2026", "05/06/2026", "02/01/2026"), "row 2, column period: '03/04/2026' may be day first or month first"),
        (("2026-01-01", "2026-02-30", "2026-03-01"), "row 3, column period: '2026-02-30' is not a date."),
        (("2026-01-01", "soon", "2026-03-01"), "row 3, column period: 'soon' is not a date. Write dates as 2026-12-31"),
        (("2026-01-01", "1026-02-01", "2026-03-01"), "row 3, column period: '1026-02-01' is the year 1026."),
        (("2026-01-01", "", "2026-03-01"), "row 3, column period: period is empty."),
    ],
)
def test_dates_in_mixed_or_unclear_formats_are_named(tmp_path: Path, dates: tuple[str, ...], expected: str) -> None:
    rows = "".join(f"Tent,North,{date},5\n" for date in dates)
    assert f"history.csv, table history, {expected}" in errors(gathered(tmp_path, history=f"item,market,period,quantity\n{rows}"))


def test_repeated_months_of_history_are_added_up_or_counted_once_with_a_warning(tmp_path: Path) -> None:
    doubled = GOOD["history"] + "Tent,North,2026-03-01,7\nTent,North,2026-04-01,104\n"
    assert "Tent,North,2026-04-01,104\n" in GOOD["history"]
    found = gathered(tmp_path, history=doubled)
    assert not found.errors
    message = "history.csv, table history, row 4: 2 rows have the same key (item Tent, market North, period 2026-03-01): rows 4, 8."
    assert f"{message} Equal rows were counted once, others added up;" in said(found)
    sums = dict(found.tables["history"].select("period", "quantity").iter_rows())
    assert (sums[dt.date(2026, 3, 1)], sums[dt.date(2026, 4, 1)]) == (110, 104)


def test_repeated_keys_elsewhere_are_errors_unless_told_how_to_merge(tmp_path: Path) -> None:
    rows = "item,location,quantity\nTent,Plant,5\nTent,Plant,7\n"
    assert "2 rows have the same key (item Tent, location Plant): rows 2, 3." in errors(gathered(tmp_path, on_hand=rows))
    (tmp_path / "second").mkdir()
    plan = "data: {tables: {on_hand: {file: tables/on_hand.csv, aggregate: sum}}}\n"
    summed = gathered(tmp_path / "second", plan, on_hand=rows)
    assert summed.tables["on_hand"]["quantity"].item() == 12


def test_streams_of_unknown_items_are_left_out_with_a_warning(tmp_path: Path) -> None:
    rows = (
        "source,item,market,period,quantity\nsales,Tnet,North,2026-09-01,5\nsales,Tent,North,2026-09-01,7\nsales,Tent,Nroth,2026-09-01,9\n"
    )
    found = gathered(tmp_path, forecast=rows)
    assert not found.errors
    assert "row 2, column item: item Tnet is not in table item. Its rows are left out. The nearest are Tent" in said(found)
    assert "row 4, column market: market Nroth is not in table market" in said(found)
    assert found.tables["forecast"].get_column("quantity").to_list() == [7]


def test_unknown_items_name_the_nearest_and_how_often(tmp_path: Path) -> None:
    wrong = GOOD["history"].replace("Tent", "Tnet")
    message = "history.csv, table history, row 2, column item: item Tnet is not in table item (in 6 rows). The nearest are Tent;"
    assert message in errors(gathered(tmp_path, history=wrong))


def test_negative_and_absurd_quantities_are_named(tmp_path: Path) -> None:
    found = gathered(tmp_path, on_hand="item,location,quantity\nTent,Plant,-3\n")
    assert "on_hand.csv, table on_hand, row 2, column quantity: quantity is -3, which is negative. It must be at least 0." in errors(found)
    rows = "".join(f"Tent,North,{month},{-5 if month.month == 2 else 3_000_000 if month.month == 4 else 100}\n" for month in MONTHS)
    (tmp_path / "second").mkdir()
    found = gathered(tmp_path / "second", history=f"item,market,period,quantity\n{rows}")
    assert not found.errors
    assert "row 3, column quantity: quantity is -5, which is negative" in said(found)
    assert "row 5, column quantity: quantity is 3,000,000, more than 1,000 times what is usual there, 100." in said(found)
    assert found.tables["history"]["quantity"].min() == -5, "the history stays as booked; cleaning takes it as returns"
    for absurd in ("inf", "1e400", "12abc"):
        assert f"row 8, column quantity: {absurd!r}" in errors(
            gathered(tmp_path, history=GOOD["history"] + f"Tent,South,2026-01-01,{absurd}\n")
        )


def test_loops_in_bills_are_named(tmp_path: Path) -> None:
    found = gathered(
        tmp_path,
        route=GOOD["route"] + "make pole,Pole,Plant\n",
        bom=GOOD["bom"] + "make pole,Tent,1\n",
    )
    assert "bom.csv, table bom, row 3, column component: The bill of materials goes in a circle: Tent > Pole > Tent" in errors(found)


def test_lanes_that_lead_in_a_circle_are_named(tmp_path: Path) -> None:
    lanes = "lane,from,to,lead_time\nout,Plant,Depot,\nback,Depot,Plant,\n"
    message = "table lane, row 3, column to: Lanes lead in a circle: Plant > Depot > Plant, and going round takes no time."
    quick = gathered(tmp_path, lane=lanes)
    assert not quick.errors, "transshipment goes both ways; the plan sends nothing round, for that costs and gains nothing"
    assert f"warning lane.csv, {message}" in said(quick)
    slow = gathered(tmp_path, lane=lanes.replace("Plant,\n", "Plant,3\n"))
    assert not slow.errors
    assert "warning lane.csv, table lane, row 3, column to: Lanes lead in a circle: Plant > Depot > Plant." in said(slow)
    split = gathered(tmp_path, lane="lane,item,from,to\nout,Tent,Plant,Depot\nback,Pole,Depot,Plant\n")
    assert "circle" not in said(split)
    assert "The lane self leads from Plant to itself." in errors(gathered(tmp_path, lane="lane,from,to\nself,Plant,Plant\n"))


def test_numbers_that_hardly_anybody_means_are_told(tmp_path: Path) -> None:
    odd = gathered(
        tmp_path,
        route="route,item,location,yield,unit_cost\nmake tent,Tent,Plant,0,-2\n",
        purchase="purchase,item,location,unit_cost\nbuy pole,Pole,Plant,-1\n",
    )
    assert not odd.errors
    assert "warning route.csv, table route, row 2, column yield: The yield is 0: nothing good comes out" in said(odd)
    assert "table route, row 2, column unit_cost: unit_cost is below zero: doing more of it earns money." in said(odd)
    assert "table purchase, row 2, column unit_cost: unit_cost is below zero" in said(odd)
    huge = gathered(tmp_path, usage="activity,of,resource,quantity\nmake,make tent,Line 1,1e15\n")
    assert "usage.csv, table usage, row 2, column quantity: quantity is above a million millions" in errors(huge)


def test_capacity_and_usage_of_unknown_resources_are_named(tmp_path: Path) -> None:
    found = gathered(tmp_path, capacity=GOOD["capacity"] + "Line 2,100\n", usage=GOOD["usage"] + "make,make tnet,Line 1,1\n")
    message = errors(found)
    assert (
        "capacity.csv, table capacity, row 3, column resource: resource Line 2 is not in table resource. The nearest are Line 1;" in message
    )
    assert "usage.csv, table usage, row 3, column of: of make tnet is not in table route or lane or purchase or item." in message


def test_keys_of_the_wrong_kind_are_named(tmp_path: Path) -> None:
    found = gathered(
        tmp_path,
        usage=GOOD["usage"] + "buy,make tent,Line 1,1\n",
        firm_plan="kind,key,period,fixed\nproduction,make tnet,2026-07-01,5\n",
        limit="limit,at_most\nfew,2\n",
        limit_member="limit,table,key\nfew,route,make tents\n",
    )
    message = errors(found)
    assert "activity is buy, but make tent is not a purchase." in message
    assert "kind is production, but make tnet is not a route. Did you mean make tent?" in message
    assert "table is route, but make tents is not a route. Did you mean make tent?" in message


@pytest.mark.parametrize(("horizon", "bound"), [(0, "the least is 1"), (500, "the most is 260")])
def test_a_horizon_beyond_its_limits_is_refused(tmp_path: Path, horizon: int, bound: str) -> None:
    with pytest.raises(Exception, match=bound):
        gathered(tmp_path, header=HEADER.replace("horizon: 3", f"horizon: {horizon}"))


def test_gaps_month_ends_and_the_current_period_are_handled_and_noted(tmp_path: Path) -> None:
    rows = "Tent,North,2026-01-31,10\nTent,North,2026-04-30,40\nTent,South,2026-05-31,5\nTent,South,2026-07-02,9\nTent,South,2026-06-15,1\n"
    header = HEADER.replace("2026-06-30", "2026-06-20")
    found = gathered(tmp_path, header=header, history=f"item,market,period,quantity\n{rows}")
    assert not found.errors
    history = found.tables["history"].select("market", "period", "quantity").rows()
    north = [("North", dt.date(2026, month, 1), quantity) for month, quantity in ((1, 10), (2, 0), (3, 0), (4, 40), (5, 0))]
    assert history == [*north, ("South", dt.date(2026, 5, 1), 5)]
    for expected in (
        "5 rows are dated inside a month (2026-01-31, first)",
        "1 rows begin after as_of (2026-06-20) and were left out",
        "The period 2026-06 is not complete on 2026-06-20; its 1 rows were left out.",
        "3 missing periods of history, in 1 series, were taken as no demand.",
    ):
        assert expected in said(found), expected


def test_history_that_ends_long_before_the_cut_is_warned_of_not_filled(tmp_path: Path) -> None:
    found = gathered(tmp_path, history="item,market,period,quantity\nTent,North,2026-01-01,10\nTent,North,2026-02-01,10\n")
    assert "History ends with 2026-02: 4 complete periods are missing up to as_of (2026-06-30)." in said(found)
    assert found.tables["history"].height == 2


def test_short_series_zeros_and_mixed_lengths_stay_as_they_are(tmp_path: Path) -> None:
    rows = GOOD["history"] + "Pole,North,2026-06-01,3\n" + "".join(f"Pole,South,{month},0\n" for month in MONTHS)
    found = gathered(tmp_path, history=rows)
    assert not found.errors
    lengths = dict(found.tables["history"].group_by("item", "market").len().select(pl.concat_str("item", "market"), "len").iter_rows())
    assert lengths == {"TentNorth": 6, "PoleNorth": 1, "PoleSouth": 6}


def test_excel_cells_with_errors_are_named(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(tmp_path / "plan.xlsx")
    for name, body in GOOD.items():
        sheet = book.add_worksheet(name)
        for row, line in enumerate(body.splitlines()):
            for column, cell in enumerate(line.split(",")):
                sheet.write(row, column, cell)
    book.get_worksheet_by_name("item").write_formula(1, 2, "=1/0", None, "#DIV/0!")
    book.close()
    read = read_plan(HEADER + "data: plan.xlsx\n", "plan.yaml", dt.date(2026, 7, 5))
    found = facts(read, readers.read(read.data, tmp_path))
    assert "plan.xlsx!item, row 2, column unit_cost: Cell C2 holds the Excel error #DIV/0!. Correct its formula" in errors(found)
    assert found.tables["history"]["quantity"].sum() == 621


def test_excel_errors_in_text_files_are_named(tmp_path: Path) -> None:
    found = gathered(tmp_path, item="item,family,unit_cost\nTent,#REF!,#N/A\nPole,Parts,5\n")
    message = errors(found)
    assert "row 2, column family: '#REF!' holds an Excel error." in message
    assert "row 2, column unit_cost: '#N/A' is not a number." in message


def test_missing_and_misspelt_columns_are_named(tmp_path: Path) -> None:
    message = errors(gathered(tmp_path, history="item,market,period,quantty\nTent,North,2026-01-01,5\n"))
    assert "history.csv, table history, column quantity: The column quantity is missing. Add it: demand booked." in message
    found = gathered(tmp_path, history="item,market,period,quantty\nTent,North,2026-01-01,5\n")
    assert "column quantty: quantty is not a column of table history and was left out. Did you mean quantity?" in said(found)


def test_words_that_are_not_allowed_are_named(tmp_path: Path) -> None:
    found = gathered(tmp_path, location="location,kind,is_open\nPlant,Plant,yes\nDepot,shed,perhaps\n")
    message = errors(found)
    assert "location.csv, table location, row 3, column kind: kind is 'shed'. It must be one of plant, warehouse" in message
    assert "row 3, column is_open: 'perhaps' is not yes or no." in message
    assert found.tables["location"].filter(location="Plant")["kind"].item() == "plant"


def test_many_faults_of_a_kind_are_counted(tmp_path: Path) -> None:
    rows = "".join(f"Tent,North,{2000 + number // 12}-{number % 12 + 1:02d}-01,x\n" for number in range(100))
    message = errors(gathered(tmp_path, history=f"item,market,period,quantity\n{rows}"))
    assert message.count("'x' is not a number.") == 20
    assert "80 more cells like these: is not a number." in message


def test_all_faults_of_all_tables_come_in_one_report(tmp_path: Path) -> None:
    found = gathered(
        tmp_path,
        item="item,family,unit_cost\nTent,Tents,many\nPole,Parts,-5\n",
        history="item,market,period,quantity\nTnet,North,2026-01-01,5\n,North,2026-02-01,5\n",
        capacity="resource,regular\nLine 9,400\n",
    )
    message = errors(found)
    for expected in (
        "'many' is not a number",
        "unit_cost is -5",
        "item Tnet is not in table item",
        "item is empty.",
        "resource Line 9 is not",
    ):
        assert expected in message, expected
    issue = found.tables["issue"]
    assert issue.filter(severity="error").height == len(found.errors) >= 5
    assert {"item.csv", "history.csv", "capacity.csv"} <= set(issue["source"].to_list())


def test_bounds_that_contradict_each_other_are_named(tmp_path: Path) -> None:
    found = gathered(tmp_path, purchase_limit="purchase,minimum,maximum\npole,50,20\n")
    assert "table purchase_limit, row 2, column minimum: minimum (50.0) lies above maximum (20.0)." in errors(found)


def test_capacity_that_is_given_for_some_periods_only_is_warned_of(tmp_path: Path) -> None:
    found = gathered(tmp_path, capacity="resource,period,regular\nLine 1,2026-07-01,400\n")
    assert "Capacity of Line 1 is given for 1 of 3 periods; in the others it has no limit." in said(found)


def test_an_unknown_name_in_a_limit_names_the_nearest(tmp_path: Path) -> None:
    found = gathered(tmp_path, "data: tables\nconstraints:\n  - {limit: 'Lin 1: no overtime'}\n")
    assert "plan.yaml, row 5, column constraints: 'Lin 1: no overtime': Nothing is called Lin 1. Did you mean Line 1?" in errors(found)


_MEASURE = """
import datetime as dt, pathlib, resource, sys
from equipoise.exchange import readers
from equipoise.gather import facts, read_plan
folder = pathlib.Path(sys.argv[1])
plan = read_plan("data: tables\\ncalendar: {as_of: 2026-10-31}\\n", "plan.yaml", dt.date(2026, 11, 5))
found = facts(plan, readers.read(plan.data, folder)).refuse_errors()
print(found.tables["history"]["quantity"].sum(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6)
"""


@pytest.mark.slow
def test_a_text_file_of_300_mb_is_read_in_bounded_memory(tmp_path: Path) -> None:
    rows = 4_200_000
    number = pl.int_range(rows, dtype=pl.Int64)
    (tmp_path / "tables").mkdir()
    pl.select(
        order=pl.format("SO{}", number),
        item=pl.format("SKU-{}-WITH-A-LONG-NAME", number.hash(1) % 2000),
        market=pl.format("Market {} of the world", number.hash(2) % 30),
        period=dt.date(2023, 1, 1) + pl.duration(days=number.hash(3) % 1400),
        quantity=number % 50,
    ).write_csv(tmp_path / "tables" / "history.csv")
    assert (tmp_path / "tables" / "history.csv").stat().st_size > 290e6
    run = subprocess.run([sys.executable, "-c", _MEASURE, str(tmp_path)], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    quantity, peak_gigabytes = map(float, run.stdout.split())
    assert quantity == sum(range(50)) * rows / 50
    assert peak_gigabytes < 1.5
