"""The examples: made again byte for byte, in the dictionary's columns, and telling the story that their README tells."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest
import yaml
from examples.alpine import company, make

from equipoise.tables import GIVEN

EXAMPLES = Path(__file__).parents[2] / "examples"
TABLES = EXAMPLES / "alpine" / "tables"


def given(name: str) -> pl.DataFrame:
    return pl.read_csv(TABLES / f"{name}.csv", infer_schema_length=None, try_parse_dates=True)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("alpine")
    make.write(folder)
    return folder


def test_making_the_tables_again_gives_the_committed_bytes(written: Path) -> None:
    assert sorted(path.name for path in written.iterdir()) == sorted(path.name for path in TABLES.iterdir())
    for path in written.iterdir():
        assert path.read_bytes() == (TABLES / path.name).read_bytes(), path.name


def test_the_tables_are_small() -> None:
    assert sum(path.stat().st_size for path in TABLES.iterdir()) < 2_000_000


def test_every_file_is_a_given_table_with_its_columns() -> None:
    for path in TABLES.iterdir():
        header = path.read_text(encoding="utf-8").splitlines()[0].split(",")
        assert set(header) <= set(GIVEN[path.stem].schema), path.name
        required = {column.name for column in GIVEN[path.stem].columns if column.required}
        assert required <= set(header), path.name


def test_the_company_has_the_size_that_the_readme_says() -> None:
    item = given("item")
    assert item.filter(kind="finished").height == 40
    assert item.filter(kind="finished")["family"].n_unique() == 5
    assert given("market").height == 4
    assert given("location").filter(kind="plant").height == 2
    assert given("resource").height == 5
    assert given("purchase").filter(kind="subcontract")["supplier"].unique().to_list() == ["Vellin"]
    assert given("purchase").filter(kind="buy")["supplier"].n_unique() == 3
    assert given("history").filter(item="T120", market="Central Retail").height == 37


def test_names_are_unique_across_levels() -> None:
    item = given("item")
    levels = [set(item[column].drop_nulls()) for column in ("item", "family", "category")]
    levels += [set(given(name)[name]) for name in ("market", "location", "resource")]
    assert len(set.union(*levels)) == sum(len(level) for level in levels)


def test_each_deliberate_fault_is_there_once() -> None:
    history = given("history").with_columns(month=pl.col("period").dt.truncate("1mo"))
    months = history.filter(item="P135", market="Nordic Retail")["month"]
    assert dt.date(2025, 3, 1) not in months.to_list()
    assert months.len() == 36
    usual = pl.col("quantity").median().over("item", "market")
    absurd = history.filter(pl.col("quantity") > 1000 * usual, usual > 20)
    assert absurd.select("item", "market", "month").rows() == [("S200", "Central Retail", dt.date(2024, 5, 1))]
    ends = history.filter(pl.col("period").dt.day() != 1)
    assert ends["market"].unique().to_list() == ["Nordic Online"]
    assert sorted(history.filter(stockout="yes")["item"].unique()) == ["T120", "T210"]
    assert history["month"].max() == dt.date(2026, 11, 1)
    assert history.select("item", "market", "month").is_unique().all()


def test_seam_sealing_cannot_make_the_first_spring_in_time_but_the_year_is_feasible() -> None:
    hours = {item.code: item.hours("Steinalm").get("Seam Sealing", 0.0) for item in company.FINISHED}
    capacity = given("capacity").filter(resource="Seam Sealing").sort("period")
    productive = capacity["regular"] * capacity["efficiency"] - capacity["planned_downtime"].fill_null(0)
    available: list[float] = productive.cast(pl.Float64).to_list()
    load = [
        sum(company.expected(item, market, month) * hours[item.code] for item in company.FINISHED for market in company.MARKETS)
        for month in capacity["period"]
    ]
    assert max(one / other for one, other in zip(load, available, strict=True)) > 1.5
    first_season = sum(load[:8]) / sum(available[:8])
    assert 1.2 < first_season < 1.4
    assert sum(load[8:]) / sum(available[8:]) < 1.0


def test_prices_leave_the_margin_of_such_a_company() -> None:
    budget = given("budget").filter(pl.col("family").is_not_null())
    margin, revenue = (float(budget[column].sum()) for column in ("gross_margin", "revenue"))
    assert 0.35 < margin / revenue < 0.45


def test_the_down_contract_is_less_than_sleeping_bags_need_in_a_year() -> None:
    need = sum(make.material_need("DOWN", "Marnau", month) for month in make.PERIODS[:12]) / 12
    limits = dict(given("purchase_limit").select("purchase", "maximum").rows())
    assert limits["DOWN contract"] < need < limits["DOWN contract"] + limits["DOWN spot"]


def test_bills_usages_and_policies_name_what_exists() -> None:
    route = set(given("route")["route"])
    item = set(given("item")["item"])
    assert set(given("bom")["route"]) <= route
    assert set(given("bom")["component"]) <= item
    assert set(given("usage")["of"]) == route
    assert set(given("inventory_policy")["item"]) == item
    assert set(given("firm_plan")["key"]) <= route
    assert set(given("limit_member")["key"]) <= set(given("purchase")["purchase"])


@pytest.mark.parametrize("example", ["alpine", "quickstart"])
def test_a_plan_file_is_yaml_and_has_a_readme(example: str) -> None:
    plan = yaml.safe_load((EXAMPLES / example / "plan.yaml").read_text(encoding="utf-8"))
    assert plan["outputs"] == ["demand_plan", "supply_plan", "gap_analysis", "scenarios", "executive_summary", "action_items"]
    assert "equipoise run" in (EXAMPLES / example / "README.md").read_text(encoding="utf-8")


def test_the_quickstart_has_a_surplus() -> None:
    inputs = yaml.safe_load((EXAMPLES / "quickstart" / "plan.yaml").read_text(encoding="utf-8"))["inputs"]
    demand = sum(stream["volume"] for stream in inputs["demand_input"])
    capacity = sum(resource["capacity"] for resource in inputs["supply_input"])
    assert (demand, capacity) == (81000, 88000)
