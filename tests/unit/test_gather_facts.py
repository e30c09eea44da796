"""What facts do to good data: merging, expanding, converting, deriving, calibrating."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.exchange import readers
from equipoise.gather import Facts, Raw, facts, read_plan
from equipoise.tables import GIVEN, table

ROOT = Path(__file__).parents[2]
START = "plan: test\ncalendar: {start: 2026-07-01, horizon: 3}\n"
JULY, AUGUST, SEPTEMBER = dt.date(2026, 7, 1), dt.date(2026, 8, 1), dt.date(2026, 9, 1)

BASE = """\
tables:
  item: [{item: Tent, family: Tents, unit: piece, unit_cost: 80}, {item: Pole, family: Parts, unit: piece, kind: raw}]
  market: [{market: North}, {market: South}]
  location: [{location: Plant}, {location: Depot, kind: warehouse}]
  resource: [{resource: Line, location: Plant}]
  route: [{route: make tent, item: Tent, location: Plant}]
  usage: [{activity: make, of: make tent, resource: Line, quantity: 0.5}]
  bom: [{route: make tent, component: Pole, quantity: 4}]
  purchase: [{purchase: pole, item: Pole, location: Plant, supplier: Alu}]
"""


def gathered(tables: str, rest: str = "", start: str = START) -> Facts:
    return facts(read_plan(f"{start}{rest}{BASE}{tables}", "plan.yaml", dt.date(2026, 7, 5)), {}).refuse_errors()


def said(found: Facts) -> str:
    return "\n".join(f"{fault.severity} {fault}" for fault in found.faults)


FORECAST = "  forecast: [{source: sales, item: Tent, market: North, period: 2026-07-01, quantity: 10}]\n"


def test_rows_without_a_period_hold_in_every_period_and_a_dated_row_changes_what_it_gives() -> None:
    rows = "{resource: Line, regular: 160, overtime_limit: 20}, {resource: Line, period: 2026-08-15, regular: 80}"
    found = gathered(f"{FORECAST}  capacity: [{rows}]\n")
    capacity = found.tables["capacity"].select("period", "regular", "overtime_limit", "efficiency").rows()
    assert capacity == [(JULY, 160, 20, 1), (AUGUST, 80, 20, 1), (SEPTEMBER, 160, 20, 1)]


def test_rows_for_all_are_written_out_and_the_most_specific_value_wins() -> None:
    found = gathered(
        FORECAST
        + "  backlog: [{item: Tent, market: South, quantity: 1}]\n"
        + "  demand_policy: [{backlog_cost: 1, lost_allowed: no}, {item: Tent, backlog_cost: 2},\n"
        + "   {market: South, period: 2026-08-01, backlog_cost: 3}]\n"
        + "  price: [{item: Tent, unit_price: 10}, {item: Tent, market: South, unit_price: 12}]\n"
        + "  inventory_policy: [{item: Tent, safety_stock: 5, holding_cost: 1}, {item: Tent, location: Depot, safety_stock: 7}]\n"
        + "  on_hand: [{item: Tent, location: Depot, quantity: 3}]\n"
    )
    policy = found.tables["demand_policy"]
    assert policy.height == 2 * 3
    assert policy["lost_allowed"].unique().to_list() == [False]
    assert policy["backlog_cost"].unique().to_list() == [2]
    prices = dict(found.tables["price"].filter(period=JULY).select("market", "unit_price").iter_rows())
    assert prices == {"North": 10, "South": 12}
    stock = found.tables["inventory_policy"].filter(period=JULY).select("location", "safety_stock", "holding_cost").rows()
    assert stock == [("Depot", 7, 1), ("Plant", 5, 1)]


def test_a_limit_over_the_horizon_stays_one_row() -> None:
    found = gathered(f"{FORECAST}  purchase_limit: [{{purchase: pole, span: horizon, maximum: 90}}, {{purchase: pole, maximum: 40}}]\n")
    limit = found.tables["purchase_limit"].select("span", "period", "maximum").rows()
    assert limit == [("horizon", None, 90), *(("period", period, 40) for period in (JULY, AUGUST, SEPTEMBER))]


def test_a_lane_gives_its_ends_to_its_items() -> None:
    found = gathered(f"{FORECAST}  lane: [{{lane: out, from: Plant, to: Depot, limit: 50}}, {{lane: out, item: Tent, unit_cost: 2}}]\n")
    lane = found.tables["lane"].filter(period=JULY).select("item", "from", "to", "unit_cost", "limit").rows()
    assert lane == [(None, "Plant", "Depot", None, 50), ("Tent", "Plant", "Depot", 2, None)]


def test_what_is_due_before_the_horizon_counts_in_its_first_period() -> None:
    rows = "{item: Tent, market: North, period: 2026-05-03, quantity: 4}, {item: Tent, market: North, period: 2026-07-09, quantity: 6}"
    found = gathered(f"{FORECAST}  order_book: [{rows}]\n")
    assert found.tables["order_book"].select("period", "quantity").rows() == [(JULY, 10)]
    assert "1 rows of order_book are due before the horizon starts (2026-05-01, first)" in said(found)


def test_flows_sum_stocks_keep_the_last_value_ratios_their_mean() -> None:
    found = gathered(
        "  history: {columns: [item, market, period, quantity, stockout],\n"
        "   rows: [[Tent, North, 2026-01-03, 4, no], [Tent, North, 2026-01-20, 6, yes]]}\n"
        "  stock_actual: {columns: [item, location, period, quantity],\n"
        "   rows: [[Tent, Plant, 2026-01-31, 9], [Tent, Plant, 2026-01-05, 30]]}\n"
        "  driver: {columns: [driver, period, value], rows: [[heat, 2026-01-05, 10], [heat, 2026-01-06, 20]]}\n"
    )
    assert found.tables["history"].head(1).select("quantity", "stockout").row(0) == (10, True)
    assert found.tables["stock_actual"]["quantity"].to_list() == [9]
    assert found.tables["driver"].select("item", "market", "value").rows() == [("Tent", "North", 15)]


def test_quantities_and_money_are_converted_to_the_items_unit_and_the_plans_currency() -> None:
    found = gathered(
        "  unit_conversion: [{from: dozen, to: piece, factor: 12}, {from: piece, to: pallet, item: Tent, factor: 0.01}]\n"
        "  currency_rate: [{from: USD, to: EUR, factor: 0.9}, {from: EUR, to: SEK, factor: 10}]\n"
        "  history:\n"
        "    - {item: Tent, market: North, period: 2026-01-01, quantity: 2, revenue: 100, unit: dozen, currency: USD}\n"
        "    - {item: Tent, market: South, period: 2026-01-01, quantity: 1, revenue: 100, unit: pallet, currency: SEK}\n"
        "    - {item: Pole, market: North, period: 2026-01-01, quantity: 5, revenue: 100}\n",
        rest="currency: EUR\n",
    )
    history = found.tables["history"].select("item", "market", "quantity", "revenue").rows()
    assert history == [
        ("Pole", "North", 5, 100),
        ("Tent", "North", 24, pytest.approx(90)),
        ("Tent", "South", pytest.approx(100), pytest.approx(10)),
    ]


def test_units_and_currencies_that_cannot_be_converted_are_named() -> None:
    row = "{item: Tent, market: North, period: 2026-01-01, quantity: 2, unit: barrel, currency: CHF}"
    found = facts(read_plan(f"{START}currency: EUR\n{BASE}  history: [{row}]\n", "plan.yaml", dt.date(2026, 7, 5)), {})
    assert "How many piece make one barrel is not known. Add the conversion to table unit_conversion." in said(found)
    assert "How much EUR one CHF buys is not known. Add the rate to table currency_rate." in said(found)
    assert "plan.yaml, table history, row 13, column unit" in said(found)


def test_masters_that_are_not_given_are_derived_with_a_warning() -> None:
    text = f"{START}tables:\n  history: [{{item: Tent, market: North, period: 2026-01-01, quantity: 2}}]\n"
    found = facts(read_plan(text, "plan.yaml", dt.date(2026, 7, 5)), {}).refuse_errors()
    assert found.tables["item"].select("item", "kind").rows() == [("Tent", "finished")]
    assert found.tables["market"]["market"].to_list() == ["North"]
    assert "warning table item: Table item is not given: 1 row was taken from the other tables (Tent)." in said(found)


def test_usage_is_scaled_to_a_load_that_is_known() -> None:
    text = (
        BASE.replace("{resource: Line, location: Plant}", "{resource: Line, location: Plant}, {resource: Weld, location: Plant}")
        .replace(
            "{activity: make, of: make tent, resource: Line, quantity: 0.5}",
            "{activity: make, of: make tent, resource: Line, quantity: 0.5}, {activity: make, of: make pole, resource: Weld, quantity: 1}",
        )
        .replace(
            "{route: make tent, item: Tent, location: Plant}",
            "{route: make tent, item: Tent, location: Plant}, {route: make pole, item: Pole, location: Plant, yield: 0.5}",
        )
    )
    text += "  capacity: [{resource: Line, regular: 100}, {resource: Weld, regular: 50}]\n"
    text += "  history: {columns: [item, market, period, quantity],\n"
    text += "   rows: [[Tent, North, 2026-01-01, 40], [Tent, South, 2026-01-01, 40], [Tent, North, 2026-02-01, 60]]}\n"

    def usage(entries: str) -> dict[str, float]:
        found = facts(read_plan(f"{START}calibrate: {entries}\n{text}", "plan.yaml", dt.date(2026, 7, 5)), {}).refuse_errors()
        return dict(found.tables["usage"].select("resource", "quantity").iter_rows())

    # The busiest month asks for 80 tents, 40 hours of Line, and 320 good poles, 640 hours of Weld.
    assert usage("[{resource: Line, load: 0.8}]") == {"Line": pytest.approx(1.0), "Weld": pytest.approx(2.0)}
    assert usage("[{resource: Line, load: 0.8, scale: resource}]") == {"Line": pytest.approx(1.0), "Weld": 1.0}
    assert usage("[{resource: Line, load: 0.8}, {resource: Weld, load: 0.5}]")["Weld"] == pytest.approx(25 / 640)
    found = facts(read_plan(f"{START}calibrate: [{{resource: Lin, load: 0.8}}]\n{text}", "plan.yaml", dt.date(2026, 7, 5)), {})
    assert "There is no resource Lin to calibrate. Did you mean Line?" in said(found)


# --- sources ------------------------------------------------------------------------------------------------------------------


def shaped(folder: Path, data: str, **files: str) -> Facts:
    for name, body in files.items():
        (folder / f"{name}.csv").write_text(body)
    plan = read_plan(f"{START}data:\n{data}", "plan.yaml", dt.date(2026, 7, 5))
    return facts(plan, readers.read(plan.data, folder))


SALES = "day,sku,shop,amount\n01/15/2026,7,1,5\n02/16/2026,7,2,6\n02/17/2026,8,2,7\n"
PRODUCTS = "id,code,make\n7,Tent,1\n8,Pole,0\n"

DATA = """\
  sources:
    sales: {file: sales.csv, types: {day: "%m/%d/%Y", amount: number}}
    products: {file: products.csv}
  tables:
    history:
      from: sales
      join: [{with: products, on: {sku: id}, kind: inner, columns: [code, make]}]
      compute: {market: "CASE WHEN shop = '1' THEN 'North' ELSE 'South' END", double: amount * 2}
      where: ["make = 1"]
      columns: {code: item, day: period, double: quantity}
    item:
      from: products
      columns: {code: [item, name]}
      constants: {family: All}
"""


def test_sources_are_joined_computed_filtered_and_mapped(tmp_path: Path) -> None:
    found = shaped(tmp_path, DATA, sales=SALES, products=PRODUCTS).refuse_errors()
    assert found.tables["history"].select("item", "market", "quantity").rows() == [
        ("Tent", "North", 10),
        ("Tent", "North", 0),
        ("Tent", "South", 12),
    ]
    assert found.tables["item"].select("item", "name", "family").rows() == [("Pole", "Pole", "All"), ("Tent", "Tent", "All")]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("double: quantity", "doubel: quantity", "There is no column doubel to fill quantity. Did you mean double?"),
        ("amount * 2", "amout * 2", "`amout * 2` names amout, which is no column. Did you mean amount?"),
        ("{sku: id}", "{sku: idd}", "The join needs column idd, which products does not have."),
        ("{sku: id}", "{skuu: id}", "The join needs column skuu, which sales.csv does not have. Did you mean sku?"),
        ("[code, make]", "[code, mak]", "products has no column mak to join. Did you mean make?"),
        ('["make = 1"]', '["make"]', "`make` is not a condition."),
        ('["make = 1"]', "[\"make = 'x'\"]", "No row fulfils `make = 'x'`."),
        ("amount * 2", "shop * day", "`shop * day` cannot be worked out"),
        ("{day: ", "{dya: ", "There is no column dya to take as %m/%d/%Y."),
    ],
)
def test_what_a_source_cannot_do_is_named(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert expected in said(shaped(tmp_path, DATA.replace(old, new), sales=SALES, products=PRODUCTS))


def test_joins_that_multiply_or_lose_rows_are_told(tmp_path: Path) -> None:
    found = shaped(tmp_path, DATA, sales=SALES + "03/01/2026,9,1,5\n", products=PRODUCTS + "7,Tent,1\n")
    assert "products has several rows of one id (7, for one): each row joined to them is repeated." in said(found)
    assert "1 rows find nothing in products (sku 9, first) and were left out." in said(found)


def test_faults_of_mapped_cells_name_the_row_of_the_source(tmp_path: Path) -> None:
    found = shaped(tmp_path, DATA, sales=SALES.replace("02/16/2026,7,2,6", "02/16/2026,7,2,six"), products=PRODUCTS)
    assert "error sales.csv, row 3, column amount: 'six' is not a number." in said(found)


def test_rows_of_one_key_are_merged_as_asked(tmp_path: Path) -> None:
    data = "  tables:\n    on_hand: {file: stock.csv, constants: {location: Plant}, aggregate: sum}\n"
    data += "    item: {file: item.csv, aggregate: last}\n    history: {file: history.csv}\n"
    found = shaped(
        tmp_path,
        data,
        stock="item,quantity\nTent,3\nTent,4\n",
        item="item,unit_cost\nTent,1\nTent,2\n",
        history="item,market,period,quantity\nTent,N,2026-01-01,1\n",
    ).refuse_errors()
    assert found.tables["on_hand"].select("item", "location", "quantity").rows() == [("Tent", "Plant", 7)]
    assert found.tables["item"]["unit_cost"].to_list() == [2]


def test_typed_raw_frames_are_taken_as_they_are() -> None:
    frame = pl.DataFrame({"item": ["Tent"], "market": ["North"], "period": [dt.datetime(2026, 1, 31)], "quantity": [5]})
    plan = read_plan(f"{START}data: tables\n", "plan.yaml", dt.date(2026, 7, 5))
    found = facts(plan, {"history": [Raw("history.parquet", frame, first_row=1)]}).refuse_errors()
    assert found.tables["history"].head(1).select("period", "quantity").row(0) == (dt.date(2026, 1, 1), 5)


_NASTY = [
    "",
    "Tent",
    "North",
    "Plant",
    "make tent",
    "Line",
    "-1",
    "1e400",
    "nan",
    "5,5",
    "2026-01-01",
    "31.12.2026",
    "1/2/26",
    "#REF!",
    "yes",
    '"',
    "x" * 300,
    "é;|",
]


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_whatever_the_cells_hold_the_faults_come_as_faults(data: st.DataObject) -> None:
    raws: dict[str, list[Raw]] = {}
    for name in data.draw(st.lists(st.sampled_from(sorted(GIVEN)), min_size=1, max_size=6, unique=True)):
        known = [*table(name).by_name, "unit", "currency", "stranger"]
        columns = data.draw(st.lists(st.sampled_from(known), min_size=1, unique=True))
        rows = data.draw(st.integers(0, 5))
        cells = {one: data.draw(st.lists(st.sampled_from(_NASTY) | st.none(), min_size=rows, max_size=rows)) for one in columns}
        raws[name] = [Raw(f"{name}.csv", pl.DataFrame(cells, schema=dict.fromkeys(columns, pl.String)))]
    found = facts(read_plan(f"{START}currency: EUR\ndata: tables\n", "plan.yaml", dt.date(2026, 7, 5)), raws)
    for name, frame in found.tables.items():
        assert frame.schema == table(name).schema


# --- data that nobody here wrote --------------------------------------------------------------------------------------------------


@pytest.fixture
def real() -> Path:
    folder = ROOT / ".." / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the shared data is not beside the project")
    return folder


@pytest.mark.shared
def test_a_real_company_is_read_through_its_plan_file(real: Path) -> None:
    path = ROOT / "tests" / "real" / "adventureworks.yaml"
    plan = read_plan(path.read_text(encoding="utf-8"), path.name, dt.date(2026, 1, 1))
    found = facts(plan, readers.read(plan.data, path.parent)).refuse_errors()
    history = found.tables["history"]
    sold = sum(pl.read_csv(real / "adventureworks" / f"Sales_{year}.csv")["OrderQuantity"].sum() for year in (2015, 2016))
    assert history["quantity"].sum() == sold
    assert history["period"].max() == dt.date(2016, 12, 1)
    for name, frame in found.tables.items():
        assert frame.schema == table(name).schema, name
    load = found.tables["assumption_made"].filter(pl.col("statement").str.contains("loads Final Assembly to 85%"))
    assert load.height == 1
