"""Lead times in whole periods, lots of purchases, loads of lanes, and limits on how many stops there are at once."""

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from equipoise.dimensions.calendar import Calendar
from equipoise.gather.circles import paying_circles
from equipoise.supply import audit, supply
from equipoise.supply.assembly import relaxed
from equipoise.supply.formulate import MODEL_TABLES, formulate
from equipoise.supply.inventory_targets.lead_times import lead_times
from equipoise.supply.model.aggregation import planned_tables
from equipoise.supply.model.families import families
from equipoise.supply.model.network import network
from equipoise.supply.model.timing import buckets, with_arrivals
from equipoise.supply.splitting.sourcing import sourcing
from equipoise.tables import table
from equipoise.tables.setting import Setting, from_table, to_table
from tests.truth.company import MUST_SERVE_ON_TIME, demand, empty, month, rows, session
from tests.truth.running import planned, written

MONTHS = buckets(Calendar("month", dt.date(2027, 1, 1), 4, dt.date(2027, 1, 1)))


def company(horizon: int, supply_setting: dict[str, Any], **given: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The given tables in dictionary form, those not given empty, and the setting."""
    setting = Setting.model_validate(
        {"plan": "loads", "calendar": {"start": month(0), "horizon": horizon}, "supply": {"relative_gap": 0.0, **supply_setting}}
    )
    names = [name for name in MODEL_TABLES if name != "setting"]
    full = {name: table(name).conform(given[name]) if name in given else empty(name) for name in names}
    return {**full, "setting": to_table(setting)}


def audited(tables: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The tables and the plan made from them, which must pass its audit."""
    made = {**tables, **supply(tables, session=session())}
    failed = audit(made).filter(pl.col("status") == "failed")
    assert failed.is_empty(), failed.select("check", "worst", "place").rows()
    return made


def verdict(made: dict[str, pl.DataFrame], check: str) -> str:
    return str(audit(made).filter(pl.col("check") == check).get_column("status").item())


def by_month(frame: pl.DataFrame, **where: str) -> list[float]:
    """Quantities by month of the rows chosen; months without a row are left out."""
    return frame.filter(**where).sort("period").get_column("quantity").to_list()


def test_a_lead_time_in_periods_is_whole_and_wins_over_days() -> None:
    flow = pl.DataFrame({"t": [0, 1, 2, 1, 1], "lead_time": [31.0, 31.0, None, 31.0, None], "lead_periods": [1, 1, 2, None, 0]})
    came = with_arrivals(flow, MONTHS).with_columns(pl.col("share").round(4)).sort("t", "lead_periods", "arrival", nulls_last=True)
    whole = came.filter(pl.col("lead_periods").is_not_null())
    assert whole.select("t", "arrival", "share").rows() == [(0, 1, 1.0), (1, 1, 1.0), (1, 2, 1.0)]  # what comes after April has no row
    days = came.filter(pl.col("lead_periods").is_null())
    assert days.select("arrival", "share").rows() == [(2, 1.0)]


def test_a_month_from_january_is_not_31_days() -> None:
    """31 days from January's end in early March: 3 of its 31 days of work spill over; a month does not."""
    flow = pl.DataFrame({"t": [0, 0], "lead_time": [31.0, 31.0], "lead_periods": [None, 1]}, schema_overrides={"lead_periods": pl.Int64})
    came = with_arrivals(flow, MONTHS).sort("arrival")
    days = came.filter(pl.col("lead_periods").is_null())
    assert days.get_column("arrival").to_list() == [1, 2]
    assert days.get_column("share").to_list() == pytest.approx([28 / 31, 3 / 31])
    assert came.filter(pl.col("lead_periods") == 1).select("arrival", "share").rows() == [(1, 1.0)]


def chain(**item_row: Any) -> dict[str, pl.DataFrame]:
    """Made in a month, a month on the way to the depot, sold from there on a lane of its own: first sold in March."""
    return company(
        4,
        {"objective": "cost", "lost_allowed": True, "backlog_allowed": False},
        demand_plan=rows(*demand([10, 10, 10, 10])),
        location=rows({"location": "plant"}, {"location": "depot"}),
        route=rows({"route": "make", "item": "product", "location": "plant", "unit_cost": 1.0, "lead_time": 99.0, "lead_periods": 1}),
        lane=rows(
            {"lane": "on", "from": "plant", "to": "depot", "lead_periods": 1},
            {"lane": "on", "item": "product", "from": "plant", "to": "depot", **item_row},
            {"lane": "out", "from": "depot", "to": "market"},
        ),
    )


def test_lead_times_in_periods_add_up_along_the_chain() -> None:
    made = audited(chain())
    short = made["shortage"].sort("period")
    assert short.get_column("shipped").to_list() == pytest.approx([0, 0, 10, 10])
    assert by_month(made["supply_plan"]) == pytest.approx([10, 10])
    assert made["transfer_plan"].sort("period").get_column("period").to_list() == [month(1), month(2)]


@pytest.mark.parametrize(("row", "shipped"), [({"lead_periods": 0}, [0, 10, 10, 10]), ({"lead_periods": 2}, [0, 0, 0, 10])])
def test_an_items_own_lead_time_on_a_lane_wins(row: dict[str, Any], shipped: list[float]) -> None:
    made = audited(chain(**row))
    assert made["shortage"].sort("period").get_column("shipped").to_list() == pytest.approx(shipped)


def test_an_items_own_days_win_over_the_periods_of_the_lane() -> None:
    move = network(chain(lead_time=0.0), from_table(chain()["setting"])).places.move
    assert move.get_column("lead_periods").null_count() == move.height
    made = audited(chain(lead_time=0.0))
    assert made["shortage"].sort("period").get_column("shipped").to_list() == pytest.approx([0, 10, 10, 10])


def test_a_lane_to_a_market_delivers_whole_months_later() -> None:
    given = company(
        3,
        {"lost_allowed": True, "backlog_allowed": False},
        demand_plan=rows(*demand([5, 6, 7])),
        location=rows({"location": "plant"}),
        on_hand=rows({"item": "product", "location": "plant", "quantity": 100.0}),
        lane=rows({"lane": "ship", "from": "plant", "to": "market", "lead_periods": 1}),
    )
    made = audited(given)
    assert made["shortage"].sort("period").get_column("shipped").to_list() == pytest.approx([0, 6, 7])
    assert by_month(made["shipment_plan"]) == pytest.approx([6, 7])


def test_nothing_is_sent_off_to_arrive_after_the_horizon() -> None:
    """Stock that costs to hold is not put on the way in the last month, unless a firm plan says so."""
    given = company(
        2,
        {"lost_allowed": True, "backlog_allowed": False},
        demand_plan=rows(*demand([5, 5])),
        location=rows({"location": "plant"}, {"location": "depot"}),
        on_hand=rows({"item": "product", "location": "plant", "quantity": 100.0}),
        lane=rows({"lane": "on", "from": "plant", "to": "depot", "lead_time": 31.0}, {"lane": "out", "from": "depot", "to": "market"}),
        inventory_policy=rows({"item": "product", "location": "plant", "holding_cost": 2.0}),
    )
    made = audited(given)
    assert made["transfer_plan"].get_column("period").to_list() == [month(0)]
    firm = table("firm_plan").conform(rows({"kind": "transfer", "key": "on", "period": month(1), "fixed": 30.0}))
    assert by_month(audited({**given, "firm_plan": firm})["transfer_plan"])[-1] == pytest.approx(30)


def test_lead_times_of_targets_count_the_days_of_the_period() -> None:
    given = chain()
    found = lead_times(network(given, from_table(given["setting"]))).sort("point", "t")
    assert set(found.filter(pl.col("way") == "route make").get_column("lead_time")) == {31.0, 28.0, 30.0}
    assert found.filter((pl.col("way") == "lane on") & (pl.col("t") == 1)).get_column("lead_time").to_list() == [28.0]


BOUGHT = {
    "demand_plan": rows(*demand([13, 9, 18])),
    "purchase": rows({"purchase": "order", "item": "product", "location": "shop", "unit_cost": 3.0, "lot_multiple": 12.0}),
    "inventory_policy": rows({"item": "product", "location": "shop", "holding_cost": 1.0}),
}


def test_purchases_come_in_whole_lots() -> None:
    made = audited(company(3, {"integer": True, **MUST_SERVE_ON_TIME}, **BOUGHT))
    assert by_month(made["purchase_plan"]) == pytest.approx([24, 24])  # 13, 22 and 40 are needed by then: 24, 24 and 48
    assert verdict(made, "lot multiple") == "passed"
    wrong = {**made, "purchase_plan": made["purchase_plan"].with_columns(pl.col("quantity") + 1)}
    assert verdict(wrong, "lot multiple") == "failed"


def test_a_lot_larger_than_all_demand_can_be_ordered() -> None:
    """With a cost of ordering, the bound of an order must leave room for the whole lot, and for a least order rounded up to lots."""
    purchase = {"purchase": "order", "item": "product", "location": "shop", "unit_cost": 1.0, "fixed_cost": 5.0}
    for more, bought in (({"lot_multiple": 500.0}, 500), ({"lot_multiple": 40.0, "minimum_lot": 50.0}, 80)):
        made = audited(
            company(1, {"integer": True, **MUST_SERVE_ON_TIME}, demand_plan=rows(*demand([3])), purchase=rows({**purchase, **more}))
        )
        assert by_month(made["purchase_plan"]) == pytest.approx([bought])


def test_lots_in_fractions_are_told() -> None:
    given = company(3, {"integer": False, **MUST_SERVE_ON_TIME}, **BOUGHT)
    made = audited(given)
    assert by_month(made["purchase_plan"]) == pytest.approx([13, 9, 18])
    assert relaxed(formulate(given).model) == ["lots of orders"]
    assert verdict(made, "lot multiple") == "not asked"


def trucks(*, integer: bool = True, **lane: Any) -> dict[str, pl.DataFrame]:
    """23 and 4 wanted at the depot, to be moved there."""
    return company(
        2,
        {"integer": integer, "objective": "cost", **MUST_SERVE_ON_TIME},
        demand_plan=rows(*demand([23, 4])),
        location=rows({"location": "plant"}, {"location": "depot"}),
        purchase=rows({"purchase": "order", "item": "product", "location": "plant", "unit_cost": 1.0}),
        lane=rows({"lane": "truck", "from": "plant", "to": "depot", **lane}, {"lane": "out", "from": "depot", "to": "market"}),
        inventory_policy=rows({"item": "product", "location": "depot", "holding_cost": 2.0}),
    )


def paid(made: dict[str, pl.DataFrame], term: str = "loads") -> float:
    return float(-made["cost"].filter(pl.col("term") == term).get_column("amount").sum())


def test_without_a_cost_of_loads_only_full_ones_go() -> None:
    made = audited(trucks(lot_multiple=10.0))
    assert by_month(made["transfer_plan"]) == pytest.approx([30])
    assert paid(made) == 0
    wrong = {**made, "transfer_plan": made["transfer_plan"].with_columns(pl.col("quantity") - 1)}
    assert verdict(wrong, "loads") == "failed"


def test_a_load_that_costs_may_go_part_full() -> None:
    """Three trucks either way: the fourth unit too many waits on the third truck, at 4 x 2, or takes a fourth at 30."""
    made = audited(trucks(lot_multiple=10.0, load_cost=30.0))
    assert by_month(made["transfer_plan"]) == pytest.approx([27])
    assert paid(made) == pytest.approx(90)
    cheap = audited(trucks(lot_multiple=10.0, load_cost=5.0))
    assert by_month(cheap["transfer_plan"]) == pytest.approx([23, 4])
    assert paid(cheap) == pytest.approx(20)
    loads = cheap["cost"].filter(pl.col("term") == "loads").select("class", "subject", "place", "quantity").rows()
    assert loads == [("cash", "truck", "plant", 3.0), ("cash", "truck", "plant", 1.0)]
    for amount in (2.0, 2.5):  # a truck too few, and half a truck
        wrong = pl.when((pl.col("term") == "loads") & (pl.col("quantity") > 1)).then(amount).otherwise("quantity").alias("quantity")
        assert verdict({**cheap, "cost": cheap["cost"].with_columns(wrong)}, "loads") == "failed"
        assert verdict({**cheap, "cost": cheap["cost"].with_columns(wrong)}, "money") == "failed"


def test_loads_in_fractions_cost_their_part() -> None:
    made = audited(trucks(integer=False, lot_multiple=10.0, load_cost=30.0))
    assert paid(made) == pytest.approx(27 / 10 * 30)
    assert relaxed(formulate(trucks(integer=False, lot_multiple=10.0)).model) == ["whole loads of lanes"]


def test_a_whole_lane_counts_all_its_items_and_a_row_of_an_item_its_own() -> None:
    given = trucks(lot_multiple=10.0, load_cost=30.0)
    lane = rows(
        {"lane": "truck", "from": "plant", "to": "depot", "lot_multiple": 10.0, "load_cost": 30.0},
        {"lane": "truck", "item": "product", "from": "plant", "to": "depot"},
        {"lane": "truck", "item": "drum", "from": "plant", "to": "depot", "lot_multiple": 6.0},
        {"lane": "out", "from": "depot", "to": "market"},
    )
    drums = rows({"purchase": "drums", "item": "drum", "location": "plant", "unit_cost": 1.0})
    given["lane"], given["purchase"] = table("lane").conform(lane), pl.concat([given["purchase"], table("purchase").conform(drums)])
    wanted = table("demand_plan").conform(rows(*demand([1], item="drum")))
    given["demand_plan"] = pl.concat([given["demand_plan"], wanted])
    made = audited(given)
    assert by_month(made["transfer_plan"], item="drum") == pytest.approx([6])
    assert paid(made) == pytest.approx(120)  # 23 and 6 fill three, the last 4 wait for a fourth or share one at 2 more than 30


def test_at_most_so_many_machines_are_down_at_once(tmp_path: Path) -> None:
    """Three machines stop once each. All would stop in January, when little is wanted, but there are fitters for one at a time."""
    machines = ["mill", "lathe", "drill"]
    tables: dict[str, list[dict[str, Any]]] = {
        "forecast": [
            {"source": "sales", "item": name, "market": "m", "kind": "increment", "period": str(month(t)), "quantity": quantity}
            for name in machines
            for t, quantity in enumerate([10, 100, 100])
        ],
        "route": [{"route": name, "item": name, "location": "plant", "unit_cost": 1} for name in machines],
        "usage": [{"activity": "make", "of": name, "resource": name, "quantity": 1} for name in machines],
        "capacity": [{"resource": name, "regular": 100} for name in machines],
        "maintenance": [{"resource": name, "stops": 1, "hours": 50} for name in machines],
        "demand_policy": [{"item": name, "lost_sale_cost": 20} for name in machines],
        "limit": [{"limit": "fitters", "at_most": 1, "measure": "count"}],
        "limit_member": [{"limit": "fitters", "table": "maintenance", "key": name} for name in machines],
    }
    plan = "plan: fitters\ncalendar: {start: 2027-01-01, horizon: 3}\ndata: tables/\n"
    plan += "supply: {objective: cost, backlog_allowed: false, integer: true}\n"
    made = planned(written(tables, plan, tmp_path))
    stopped = made["capacity_load"].filter(pl.col("stopped") > 0).sort("period")
    assert stopped.group_by("period", maintain_order=True).agg(pl.len()).get_column("len").to_list() == [1, 1, 1]
    free = {**tables, "limit": [{"limit": "fitters", "at_most": 3, "measure": "count"}]}
    (tmp_path / "free").mkdir()
    loose = planned(written(free, plan, tmp_path / "free"))
    assert loose["capacity_load"].filter(pl.col("stopped") > 0).get_column("period").unique().to_list() == [month(0)]
    failed = audit({**loose, "limit": made["limit"]}).filter(pl.col("status") == "failed").get_column("check").to_list()
    assert failed == ["limits over groups"]
    assert audit(made).filter(pl.col("status") == "failed").is_empty()


def test_families_take_the_longest_lead_time_and_lots_that_all_share() -> None:
    sold = [row for item in "AB" for row in demand([10, 10, 10], item=item)]
    given = company(
        3,
        {"level": "family"},
        item=rows(*({"item": item, "family": "F", "kind": "finished"} for item in "AB")),
        demand_plan=rows(*sold),
        route=rows(
            {"route": "A1", "item": "A", "location": "p", "lead_periods": 1},
            {"route": "B1", "item": "B", "location": "p", "lead_periods": 2},
        ),
        purchase=rows(*({"purchase": f"{item}2", "item": item, "location": "p", "supplier": "S", "lot_multiple": 5.0} for item in "AB")),
        lane=rows(
            *(
                {"lane": "L", "item": item, "from": "p", "to": "q", "lead_periods": late, "lot_multiple": 8.0, "load_cost": 6.0}
                for late, item in enumerate("AB")
            )
        ),
        location=rows({"location": "p"}, {"location": "q"}),
    )
    made = planned_tables(given)
    assert made["route"].select("route", "lead_periods").rows() == [("F at p", 2)]
    assert made["purchase"].get_column("lot_multiple").to_list() == [5.0]
    assert made["lane"].select("item", "lead_periods", "lot_multiple", "load_cost").rows() == [("F", 1, 8.0, 6.0)]
    given["purchase"] = given["purchase"].clear()
    plan = supply(given)
    months = MONTHS.filter(pl.col("t") < 3)
    source = sourcing({**given, **plan}, families(given, months), months)
    days = dict(source.rows.filter(pl.col("table") == "route").select("item", "lead_time").iter_rows())
    assert days == pytest.approx({"A": 30.0, "B": 60.0})


def ring(**columns: Any) -> pl.DataFrame:
    """A lane from A to B, one from B to C, one back from C to A, and what else is said of each."""
    frame = pl.DataFrame({"lane": ["1", "2", "3"], "from": ["A", "B", "C"], "to": ["B", "C", "A"]})
    return frame.with_columns(pl.Series(name, values) for name, values in columns.items())


@pytest.mark.parametrize(
    ("lanes", "gain"),
    [
        (ring(unit_cost=[-3.0, 1.0, 1.0]), 1.0),
        (ring(unit_cost=[-3.0, 1.0, 2.0]), None),
        (ring(unit_cost=[3.0, 1.0, 1.0]), None),
        (ring(unit_cost=[-3.0, 1.0, 1.0], limit=[None, None, 50.0]), None),
        (ring(), None),
    ],
)
def test_a_circle_of_lanes_that_pays_is_found(lanes: pl.DataFrame, gain: float | None) -> None:
    found = paying_circles(lanes, frozenset())
    assert [(loop, earned) for loop, earned, _ in found] == ([(("A", "B", "C", "A"), gain)] if gain else [])
    assert paying_circles(lanes, frozenset({"2"})) == []


def test_costs_that_never_hold_together_make_no_circle() -> None:
    """Out pays in January, when back is dear; back is free in February, when out costs as much as ever."""
    lanes = pl.DataFrame(
        {
            "lane": ["out", "out", "back", "back"],
            "period": [None, month(0), None, month(0)],
            "from": ["A", "A", "B", "B"],
            "to": ["B", "B", "A", "A"],
            "unit_cost": [2.0, -1.0, 0.0, 5.0],
        }
    )
    assert paying_circles(lanes, frozenset()) == []
    assert [earned for _, earned, _ in paying_circles(lanes.with_columns(unit_cost=pl.Series([2.0, -1.0, 0.0, 0.5])), frozenset())] == [0.5]
