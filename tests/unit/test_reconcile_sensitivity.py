"""Sensitivity of profit: worked by hand on a company that makes tables and stools, the plan solved again for every number."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest

from equipoise.cycle import Cycle
from equipoise.errors import SolverError
from equipoise.reconcile.money.driver import MOST_FAMILIES, drivers
from equipoise.reconcile.money.sensitivity import SENSITIVITY_TABLES, sensitivity
from equipoise.scenario import Override
from equipoise.service.gathering import gather
from equipoise.service.messages import RunRequest
from equipoise.service.workspace import locate
from equipoise.tables import table

TODAY = dt.date(2026, 12, 20)
STREAM = "source,item,market,kind,period,quantity\n"
COMPANY = {
    "item": "item,family,unit,unit_price,unit_cost,kind\ntable,Tables,piece,100,13,finished\nstool,,piece,20,9,finished\nwood,,kg,,2,raw\n",
    "market": "market\nTown\n",
    "location": "location,kind\nShop,plant\n",
    "resource": "resource,location,unit\nline,Shop,hours\nspare,Shop,hours\n",
    "forecast": STREAM
    + "".join(f"given,table,Town,increment,2027-0{month}-01,{70 + 10 * month}\n" for month in (1, 2, 3))
    + "given,stool,Town,increment,2027-01-01,50\n",
    "route": "route,item,location,unit_cost\nmake,table,Shop,5\n",
    "usage": "activity,of,resource,quantity\nmake,make,line,1\nmake,make,spare,0.1\n",
    "capacity": "resource,regular\nline,100\nspare,100\n",
    "bom": "route,component,quantity\nmake,wood,4\n",
    "purchase": "purchase,item,location,kind,unit_cost\nwood,wood,Shop,buy,2\nstools,stool,Shop,subcontract,9\n",
}
Tables = Mapping[str, pl.DataFrame]


def cycle_of(folder: Path, settings: str = "", **changed: str) -> Cycle:
    (folder / "tables").mkdir()
    for name, body in {**COMPANY, **changed}.items():
        (folder / "tables" / f"{name}.csv").write_text(body)
    head = "plan: small\ncurrency: EUR\ncalendar: {start: 2027-01-01, horizon: 3}\ndata: tables/\n"
    (folder / "plan.yaml").write_text(f"{head}{settings}\n")
    gathered = gather(locate(RunRequest(plan=str(folder / "plan.yaml"))), TODAY)
    gathered.refuse_errors()
    return Cycle(gathered.tables, gathered.plan.overrides, gathered.plan.scenarios)


def read(tables: Tables) -> dict[str, pl.DataFrame]:
    return {name: tables[name] for name in SENSITIVITY_TABLES}


@pytest.fixture(scope="module")
def cycle(tmp_path_factory: pytest.TempPathFactory) -> Cycle:
    return cycle_of(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def base(cycle: Cycle) -> dict[str, pl.DataFrame]:
    return read(cycle.resolve(""))


@pytest.fixture(scope="module")
def made(cycle: Cycle, base: dict[str, pl.DataFrame]) -> pl.DataFrame:
    return sensitivity(base, what_if=cycle.what_if)


def test_every_driver_by_hand(made: pl.DataFrame) -> None:
    """270 tables at 100 that cost 5 and 4 kg of wood at 2; 50 stools at 20, bought for 9; 100 hours a month are enough for all."""
    found = {(driver, subject): (low, high) for driver, subject, low, high in made.select("driver", "subject", "low", "high").iter_rows()}
    assert found == {
        ("price", ""): pytest.approx((-2800, 2800)),
        ("price", "Tables"): pytest.approx((-2700, 2700)),
        ("price", "stool"): pytest.approx((-100, 100)),
        ("volume", ""): pytest.approx((-27 * 87 - 5 * 11, 27 * 87 + 5 * 11)),
        ("volume", "Tables"): pytest.approx((-27 * 87, 27 * 87)),
        ("volume", "stool"): pytest.approx((-55, 55)),
        ("cost", "material"): pytest.approx((216, -216)),
        ("cost", "subcontracting"): pytest.approx((45, -45)),
        ("cost", "conversion"): pytest.approx((135, -135)),
        ("cost", ""): pytest.approx((396, -396)),
        ("capacity", "line"): pytest.approx((0, 0), abs=0.01),
    }
    assert made["change"].unique().to_list() == [0.1]


def test_the_largest_comes_first_and_is_said_in_words(made: pl.DataFrame) -> None:
    assert made["rank"].to_list() == list(range(1, made.height + 1))
    sizes = made.select(pl.max_horizontal(pl.col("low", "high").abs()))["low"].to_list()
    assert sizes == sorted(sizes, reverse=True)
    said = {(driver, subject): sentence for driver, subject, sentence in made.select("driver", "subject", "sentence").iter_rows()}
    assert said["price", ""] == "10 % higher prices add EUR 2,800 to profit; 10 % lower take EUR 2,800 off it."
    assert said["cost", "material"] == "10 % higher material costs take EUR 216 off profit; 10 % lower add EUR 216 to it."
    assert said["volume", "Tables"] == "10 % higher demand for Tables adds EUR 2,349 to profit; 10 % lower takes EUR 2,349 off it."
    assert said["capacity", "line"] == "10 % higher or lower capacity of line changes nothing."


def test_scarce_capacity_costs_more_than_more_of_it_brings(tmp_path: Path) -> None:
    """90 hours a month make all 270 tables; a tenth less loses 27 of them, a tenth more brings nothing."""
    policy = "item,market,backlog_allowed,lost_allowed\ntable,Town,false,true\n"
    tight = cycle_of(tmp_path, "supply: {relative_gap: 0}", capacity="resource,regular\nline,90\nspare,100\n", demand_policy=policy)
    made = sensitivity(read(tight.resolve("")), what_if=tight.what_if)
    line = made.filter((pl.col("driver") == "capacity") & (pl.col("subject") == "line")).row(0, named=True)
    assert (line["low"], line["high"]) == pytest.approx((-27 * 87, 0), abs=0.01)
    assert line["sentence"] == "10 % higher capacity of line changes nothing; 10 % lower takes EUR 2,349 off profit."


def test_a_plan_that_cannot_be_solved_is_left_out_with_its_reason(cycle: Cycle, base: dict[str, pl.DataFrame]) -> None:
    def limited(overrides: tuple[Override, ...], upto: str = "supply") -> Tables:
        if overrides[0].table == "capacity":
            raise SolverError("No plan was found within the time limit.", "Raise it.")
        return cycle.what_if(overrides, upto)

    made = sensitivity(base, what_if=limited)
    left = made.row(-1, named=True)
    assert (left["driver"], left["low"], left["high"], left["rank"]) == ("capacity", None, None, None)
    assert left["sentence"].endswith("the plan could not be solved. No plan was found within the time limit.")
    assert made["rank"].drop_nulls().to_list() == list(range(1, made.height))


def test_nothing_is_asked_without_money_or_with_a_change_of_nothing(base: dict[str, pl.DataFrame]) -> None:
    def refused(overrides: tuple[Override, ...], upto: str = "supply") -> Tables:
        raise AssertionError(f"asked for {overrides} up to {upto}")

    still = base["setting"].with_columns(
        pl.when(pl.col("setting") == "risk.sensitivity").then(pl.lit("0")).otherwise("value").alias("value")
    )
    assert sensitivity({**base, "setting": still}, what_if=refused).is_empty()
    assert sensitivity({**base, "cost": base["cost"].clear()}, what_if=refused).is_empty()


def test_what_has_no_cells_is_not_changed_and_families_are_the_largest(base: dict[str, pl.DataFrame]) -> None:
    unpriced = {**base, "demand_plan": base["demand_plan"].with_columns(pl.lit(None, pl.Float64).alias("unit_price"))}
    assert "price" not in {driver.kind for driver in drivers(unpriced)}
    assert ("cost", "transport") not in {(driver.kind, driver.subject) for driver in drivers(base)}
    names = [f"item {number:02}" for number in range(20)]
    month = dt.date(2027, 1, 1)
    many = {
        "item": table("item").conform(pl.DataFrame({"item": names, "family": names})),
        "demand_plan": table("demand_plan").conform(
            pl.DataFrame({"item": names, "market": "Town", "period": month, "quantity": 1.0, "unit_price": 1.0})
        ),
        "cost": table("cost").conform(
            pl.DataFrame(
                {"term": "revenue", "class": "accounting", "subject": names, "item": names, "amount": [float(n) for n in range(20)]}
            )
        ),
    }
    asked = [driver.subject for driver in drivers({**base, **many}) if driver.kind == "price"]
    assert asked == ["", *sorted(names, reverse=True)[:MOST_FAMILIES]]


def test_where_lots_come_whole_fractions_are_compared_with_fractions(tmp_path: Path) -> None:
    """A set-up of 30 is paid for the share of a month's most that is made: in both plans, so nothing but the driver differs."""
    routes = {"route": "route,item,location,unit_cost,setup_cost,minimum_lot\nmake,table,Shop,5,30,50\n"}
    whole = cycle_of(tmp_path, "supply: {integer: true}", **routes)
    asked: list[tuple[Override, ...]] = []

    def what_if(overrides: tuple[Override, ...], upto: str = "gap") -> Tables:
        asked.append(overrides)
        return whole.what_if(overrides, upto)

    made = sensitivity(read(whole.resolve("")), what_if=what_if)
    assert all(overrides[-1].where == {"setting": "supply.integer"} for overrides in asked)
    price = made.filter((pl.col("driver") == "price") & (pl.col("subject") == "Tables")).row(0, named=True)
    assert (price["low"], price["high"]) == pytest.approx((-2700, 2700))
