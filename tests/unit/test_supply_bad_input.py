"""Bad input of supply review, from plan files: a clear error, or a plan that says what gave way; never a traceback."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from equipoise.cycle import Cycle
from equipoise.errors import DataError, EquipoiseError, SolverError
from equipoise.service.gathering import gather
from equipoise.service.messages import RunRequest
from equipoise.service.workspace import locate
from equipoise.supply import audit

TODAY = dt.date(2026, 12, 20)
STREAM = "source,item,market,kind,period,quantity\n"
GOOD = {
    "item": "item,unit,unit_price,unit_cost,kind\ntable,piece,100,40,finished\nwood,kg,,2,raw\n",
    "market": "market\nTown\n",
    "location": "location,kind\nShop,plant\n",
    "resource": "resource,location,unit\nline,Shop,hours\n",
    "forecast": STREAM + "".join(f"given,table,Town,increment,2027-0{month}-01,{70 + 10 * month}\n" for month in (1, 2, 3)),
    "route": "route,item,location,unit_cost\nmake,table,Shop,5\n",
    "usage": "activity,of,resource,quantity\nmake,make,line,1\n",
    "capacity": "resource,regular\nline,100\n",
    "bom": "route,component,quantity\nmake,wood,4\n",
    "purchase": "purchase,item,location,unit_cost\nwood,wood,Shop,2\n",
}
Bodies = Mapping[str, str | None]


@dataclass(frozen=True)
class Answer:
    """The tables of a plan."""

    tables: Mapping[str, pl.DataFrame]

    def total(self, name: str, column: str) -> float:
        return float(self.tables[name].get_column(column).sum())

    def words(self, *names: str) -> str:
        """Everything that the plan says in words in these tables."""
        columns = {"issue": "message"}
        return "\n".join(line for name in names for line in self.tables[name].get_column(columns.get(name, "sentence")).drop_nulls())


def planned(folder: Path, changed: Bodies, supply: str = "", horizon: int = 3) -> Answer:
    """Plan a company of good tables but for those changed (None: not given). The plan must pass its own audit."""
    (folder / "tables").mkdir()
    for name, body in {**GOOD, **changed}.items():
        if body is not None:
            (folder / "tables" / f"{name}.csv").write_text(body)
    plan = f"plan: bad\ncalendar: {{start: 2027-01-01, horizon: {horizon}}}\ndata: tables/\nsupply: {{{supply}}}\n"
    (folder / "plan.yaml").write_text(plan)
    gathered = gather(locate(RunRequest(plan=str(folder / "plan.yaml"))), TODAY)
    gathered.refuse_errors()
    made = Cycle(gathered.tables, gathered.plan.overrides, gathered.plan.scenarios).resolve("")
    failed = audit(made).filter(pl.col("status") == "failed")
    assert failed.is_empty(), failed.select("check", "worst", "place").rows()
    return Answer(made)


def refused(folder: Path, changed: Bodies, supply: str = "") -> str:
    """The faults of tables that are refused, each with its place and remedy."""
    with pytest.raises(DataError) as caught:
        planned(folder, changed, supply)
    for fault in caught.value.faults:
        if fault.severity == "error":
            assert fault.where.source.endswith(".csv")
            assert fault.where.table
            assert fault.where.row
            assert fault.fix
    return "\n".join(str(fault) for fault in caught.value.faults)


def test_the_good_company_serves_all_its_demand(tmp_path: Path) -> None:
    made = planned(tmp_path, {})
    assert made.total("shortage", "shipped") == pytest.approx(270.0)
    assert made.tables["violation"].is_empty()


ERRORS: dict[str, tuple[Bodies, str]] = {
    "a negative cost of a set-up": (
        {"route": "route,item,location,setup_cost\nmake,table,Shop,-5\n"},
        "route.csv, table route, row 2, column setup_cost: setup_cost is -5, which is negative. It must be at least 0.",
    ),
    "a yield above one": ({"route": "route,item,location,yield\nmake,table,Shop,1.5\n"}, "column yield"),
    "usage of an unknown resource": (
        {"usage": "activity,of,resource,quantity\nmake,make,lime,1\n"},
        "usage.csv, table usage, row 2, column resource: resource lime is not in table resource. The nearest are line",
    ),
    "usage by an unknown route": ({"usage": "activity,of,resource,quantity\nmake,mke,line,1\n"}, "The nearest are make"),
    "a least purchase above the most": (
        {"purchase_limit": "purchase,minimum,maximum\nwood,500,300\n"},
        "purchase_limit.csv, table purchase_limit, row 2, column minimum: minimum (500.0) lies above maximum (300.0). Correct one of them.",
    ),
    "a least stock above the most": (
        {"inventory_policy": "item,location,minimum,maximum\ntable,Shop,50,20\n"},
        "lies above maximum (20.0)",
    ),
    "a least of a group above the most": (
        {"limit": "limit,at_least,at_most\nall,50,20\n", "limit_member": "limit,table,key\nall,route,make\n"},
        "at_least (50.0) lies above at_most (20.0)",
    ),
    "a least of a firm plan above the most": (
        {"firm_plan": "kind,key,period,minimum,maximum\nproduction,make,2027-01-01,50,20\n"},
        "minimum (50.0) lies above maximum (20.0)",
    ),
    "fewest workers above the most": (
        {"workforce": "resource,workers,hours_per_worker,minimum,maximum\nline,5,100,9,3\n"},
        "minimum (9.0) lies above maximum (3.0)",
    ),
    "units that do not convert": (
        {"unit_conversion": "from,to,factor\nlitre,barrel,0.006\n", "on_hand": "item,location,quantity,unit\ntable,Shop,5,barrel\n"},
        "on_hand.csv, table on_hand, row 2, column unit: How many piece make one barrel is not known. Add the conversion",
    ),
    "a bill that loops": (
        {
            "route": "route,item,location\nmake,table,Shop\nback,wood,Shop\n",
            "bom": "route,component,quantity\nmake,wood,4\nback,table,1\n",
        },
        "The bill of materials goes in a circle: table > wood > table (route back).",
    ),
    "a bill of itself": ({"bom": "route,component,quantity\nmake,table,1\n"}, "goes in a circle: table > table"),
    "a lane to an unknown place": (
        {"lane": "lane,item,from,to\nout,table,Shop,Nowhere\n"},
        "lane.csv, table lane, row 2, column to: to Nowhere is not in table location or market.",
    ),
    "lanes that pay in a circle": (
        {
            "location": "location,kind\nShop,plant\nYard,warehouse\n",
            "lane": "lane,item,from,to,unit_cost\nout,wood,Shop,Yard,-1\nback,wood,Yard,Shop,0\n",
        },
        "Lanes lead in a circle: Shop > Yard > Shop",
    ),
    "capacity of an unknown resource": ({"capacity": "resource,regular\nlime,100\n"}, "resource lime is not in table resource"),
    "a row told twice": ({"capacity": "resource,regular\nline,100\nline,80\n"}, "2 rows have the same key (resource line): rows 2, 3."),
    "a negative capacity": ({"capacity": "resource,regular\nline,-100\n"}, "regular is -100, which is negative"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_what_cannot_be_meant_is_refused_with_its_place_and_remedy(name: str, tmp_path: Path) -> None:
    changed, expected = ERRORS[name]
    assert expected in refused(tmp_path, changed, "integer: true")


def test_a_fence_beyond_the_horizon_is_refused(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text("plan: bad\ncalendar: {start: 2027-01-01, horizon: 3, frozen: 9}\ndata: tables/\n")
    with pytest.raises(EquipoiseError) as caught:
        gather(locate(RunRequest(plan=str(tmp_path / "plan.yaml"))), TODAY)
    assert "9 periods are frozen of a horizon of 3. Freeze fewer periods, or plan more." in str(caught.value.faults[0])


def test_a_profit_without_bound_is_an_error_that_says_where_to_look(tmp_path: Path) -> None:
    with pytest.raises(SolverError) as caught:
        planned(tmp_path, {"purchase": "purchase,item,location,unit_cost\nwood,wood,Shop,-2\n"})
    assert "Profit has no bound" in caught.value.message
    assert "negative cost in route, purchase, lane or resource" in caught.value.fix


def test_a_negative_cost_that_demand_bounds_is_planned(tmp_path: Path) -> None:
    made = planned(tmp_path, {"route": "route,item,location,unit_cost\nmake,table,Shop,-5\n"})
    cost = made.tables["cost"].filter(pl.col("term") == "production")
    assert cost.get_column("amount").sum() == pytest.approx(1350.0)


def test_a_lead_time_beyond_the_horizon_leaves_all_demand_short_and_says_why(tmp_path: Path) -> None:
    made = planned(tmp_path, {"route": "route,item,location,lead_time\nmake,table,Shop,400\n"})
    assert made.total("shortage", "lost") == pytest.approx(270.0)
    assert "Nothing more of table can arrive at Shop in 2027-01" in made.words("binding")


def test_a_contract_above_all_demand_is_kept_and_its_cost_told(tmp_path: Path) -> None:
    made = planned(tmp_path, {"purchase_limit": "purchase,minimum\nwood,9999\n"})
    assert made.total("purchase_plan", "quantity") == pytest.approx(29997.0)
    assert "less of the minimum of wood in 2027-01 is worth 2.00" in made.words("binding")


def test_a_frozen_plan_that_breaks_capacity_gives_way_and_is_listed(tmp_path: Path) -> None:
    firm = {"firm_plan": "kind,key,period,fixed\nproduction,make,2027-01-01,500\n"}
    made = planned(tmp_path, firm)
    assert made.words("violation") == "The firm production of make in 2027-01 is missed by 400 pieces."


def test_a_given_plan_that_breaks_capacity_is_obeyed_and_its_overload_listed(tmp_path: Path) -> None:
    firm = {"firm_plan": "kind,key,period,fixed\nproduction,make,2027-01-01,500\n"}
    made = planned(tmp_path, firm, "strategy: given")
    assert made.total("supply_plan", "quantity") == pytest.approx(500.0)
    assert made.words("violation") == "line is loaded 400 hours above its capacity in 2027-01."


def test_a_horizon_of_one_period_is_planned(tmp_path: Path) -> None:
    made = planned(tmp_path, {}, horizon=1)
    assert made.total("supply_plan", "quantity") == pytest.approx(80.0)
    assert "2 rows of forecast lie after the horizon and were left out." in made.words("issue")


@pytest.mark.parametrize("absent", [("route", "usage", "bom", "purchase"), ("route", "usage", "bom", "purchase", "capacity", "resource")])
def test_without_any_route_all_is_short_and_said_so(absent: tuple[str, ...], tmp_path: Path) -> None:
    made = planned(tmp_path, dict.fromkeys(absent))
    assert made.total("shortage", "lost") == pytest.approx(270.0)
    assert "Nothing brings table to Town: all its demand is short." in made.words("binding")
    assert "Nothing says how demand can be supplied: all of it will be short." in made.words("issue")


def test_no_capacity_anywhere_leaves_all_short_and_says_what_an_hour_is_worth(tmp_path: Path) -> None:
    made = planned(tmp_path, {"capacity": "resource,regular\nline,0\n"})
    assert made.total("supply_plan", "quantity") == 0
    assert "One more hour on line in 2027-01 is worth 87.00" in made.words("binding")


def test_no_capacity_where_demand_must_be_served_lists_what_is_not(tmp_path: Path) -> None:
    made = planned(tmp_path, {"capacity": "resource,regular\nline,0\n"}, "lost_allowed: false, backlog_allowed: false")
    assert "table in Town loses 80 pieces in 2027-01, which the demand policy does not allow." in made.words("violation")
    assert made.tables["violation"].height == 3


@pytest.mark.parametrize("integer", ["", ",true"])
def test_workers_without_hours_leave_all_short_and_say_so(integer: str, tmp_path: Path) -> None:
    head = "resource,workers,hours_per_worker" + (",integer" if integer else "")
    made = planned(tmp_path, {"workforce": f"{head}\nline,5,0{integer}\n"}, "integer: true" if integer else "")
    assert made.total("shortage", "shipped") == 0
    assert "hour of labor on line in 2027-01 is worth 87.00" in made.words("binding")


def test_stops_that_do_not_fit_are_listed(tmp_path: Path) -> None:
    made = planned(tmp_path, {"maintenance": "resource,stops,hours,at_once\nline,9,10,1\n"}, "integer: true")
    assert made.words("violation") == "line misses its maintenance by 6 stops."


HUGE = f"{STREAM}given,table,Town,increment,2027-01-01,1e15\n"
SIZES: dict[str, tuple[Bodies, float]] = {
    "demand of 1e15": ({"forecast": HUGE}, 300.0),
    "demand and capacity of 1e15": ({"forecast": HUGE, "capacity": "resource,regular\nline,1e15\n"}, 1e15),
    "cost of 1e15": ({"route": "route,item,location,unit_cost\nmake,table,Shop,1e15\n"}, 0.0),
    "demand of 1e-9": ({"forecast": f"{STREAM}given,table,Town,increment,2027-01-01,1e-9\n"}, 0.0),
    "usage of 1e-9": ({"usage": "activity,of,resource,quantity\nmake,make,line,1e-9\n"}, 270.0),
    "prices of 1e-9": (
        {
            "item": "item,unit,unit_price,unit_cost\ntable,piece,1e-9,1e-10\nwood,kg,,1e-12\n",
            "route": "route,item,location,unit_cost\nmake,table,Shop,1e-12\n",
            "purchase": "purchase,item,location,unit_cost\nwood,wood,Shop,1e-12\n",
        },
        270.0,
    ),
}


@pytest.mark.parametrize("name", SIZES)
def test_absurdly_large_and_tiny_numbers_are_planned(name: str, tmp_path: Path) -> None:
    changed, shipped = SIZES[name]
    assert planned(tmp_path, changed).total("shortage", "shipped") == pytest.approx(shipped)


@pytest.mark.parametrize(
    "changed",
    [
        {"usage": "activity,of,resource,quantity\nmake,make,line,1e15\n"},
        {"bom": "route,component,quantity\nmake,wood,1e15\n"},
    ],
)
def test_a_bill_that_takes_absurdly_much_is_an_error(changed: Bodies, tmp_path: Path) -> None:
    with pytest.raises(EquipoiseError) as caught:
        planned(tmp_path, changed)
    assert caught.value.fix


SILENT: dict[str, Bodies] = {
    "nothing good comes out": {"route": "route,item,location,yield\nmake,table,Shop,0\n"},
    "a lot above all demand": {"route": "route,item,location,minimum_lot\nmake,table,Shop,5000\n"},
    "an order above all demand": {"purchase": "purchase,item,location,minimum_lot\nwood,wood,Shop,1000000\n"},
}


@pytest.mark.parametrize("name", SILENT)
def test_what_makes_supply_impossible_leaves_all_demand_short(name: str, tmp_path: Path) -> None:
    made = planned(tmp_path, SILENT[name], "integer: true")
    assert made.total("shortage", "lost") == pytest.approx(270.0)
    assert made.total("supply_plan", "quantity") == 0
