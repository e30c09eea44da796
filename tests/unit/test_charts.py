"""Pictures: what they say, that several share a page, and that odd plans still draw."""

import datetime as dt
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.charts import build, comparison, demand, forecast, money, network, rough_cut, stock, supply, value_added
from equipoise.charts.drawing import svg
from equipoise.charts.flows import MATERIAL, MOST_LINKS, MOST_NODES, Network
from equipoise.charts.flows import network as network_of
from equipoise.charts.scale import plain, scale_for
from equipoise.charts.series import by_period, calendar_of, largest_families, service, weeks_of_supply, with_family
from equipoise.charts.stairs import cut, stairs
from equipoise.charts.style import Chart
from equipoise.charts.supply_rows import build as build_of
from equipoise.charts.supply_rows import build_rows, family_load, utilisation
from equipoise.tables import table
from tests.unit import plan_example, review_example

TABLES = plan_example.tables()
SETTING = plan_example.setting()
BARE = plan_example.bare()
REVIEW = review_example.with_review(TABLES, SETTING)
FAMILIES = REVIEW["value_added"].filter(pl.col("level") == "family")
CHAIN = REVIEW["value_added"].filter((pl.col("level") == "total") & (pl.col("lag") == 1) & (pl.col("step") != "Sales"))


def _demand(tables: dict[str, pl.DataFrame]) -> Chart:
    names = ("history", "demand_plan", "shortage", "budget")
    return demand.demand_against_supply(*(tables[name] for name in names), SETTING, unit="pieces")  # type: ignore[call-arg,arg-type]


def _steps(tables: dict[str, pl.DataFrame], basis: str = "baseline") -> pl.DataFrame:
    return forecast.demand_steps(tables["stream"], tables["override_cell"], tables["consensus"], tables["demand_plan"], basis)


def _cycles(tables: dict[str, pl.DataFrame]) -> Chart:
    return value_added.cycles(tables["stream_snapshot"], tables["consensus"], tables["history"], SETTING, unit="pieces")


def _asked(factor: float) -> pl.DataFrame:
    rows = TABLES["capacity_load"].select("resource", "period", "available", required=pl.col("load") * factor, family=pl.lit("Tents"))
    return table("capacity_requirement").conform(rows)


def _loads() -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    return TABLES["capacity_load"], TABLES["route_load"], TABLES["item"]


def _build(tables: dict[str, pl.DataFrame]) -> pl.DataFrame:
    names = ("supply_plan", "purchase_plan", "demand_plan", "inventory_plan", "item")
    return build_rows(*(tables[name] for name in names))


def _network(tables: dict[str, pl.DataFrame]) -> Network:
    names = ("supply_plan", "purchase_plan", "transfer_plan", "shipment_plan", "location", "demand_plan")
    return network_of(*(tables[name] for name in names))


CHARTS: dict[str, Callable[[], Chart]] = {
    "demand": lambda: _demand(TABLES),
    "demand without history and budget": lambda: _demand(BARE),
    "load": lambda: supply.load_heat_map(TABLES["capacity_load"], SETTING),
    "load asked and planned": lambda: supply.load_heat_map(TABLES["capacity_load"], SETTING, _asked(1.4)),
    "load by family": lambda: rough_cut.load_by_family(family_load(*_loads()), SETTING, asked=False),
    "build": lambda: build.build_against_demand(_build(TABLES), SETTING, unit="pieces"),
    "build without stock": lambda: build.build_against_demand(_build(BARE), SETTING),
    "build by family": lambda: build.build_by_family(_build(TABLES), SETTING, unit="pieces"),
    "network": lambda: network.supply_network(_network(TABLES), unit="pieces"),
    "cost": lambda: supply.cost_by_category(TABLES["cost"], SETTING),
    "inventory": lambda: stock.inventory(TABLES["inventory_plan"], TABLES["item"], SETTING),
    "cover": lambda: stock.cover(TABLES["inventory_plan"], TABLES["demand_plan"], TABLES["item"], SETTING),
    "scenarios": lambda: comparison.scenario_comparison(TABLES["scenario_result"], ["demand", "service_level", "revenue"]),
    "bridge": lambda: comparison.bridge(TABLES["bridge"], SETTING, measure="revenue"),
    "bridge from last cycle": lambda: comparison.bridge(TABLES["bridge"], SETTING, measure="revenue", against="last_cycle"),
    "tornado": lambda: money.tornado(TABLES["sensitivity"], SETTING),
    "cash": lambda: money.cash(TABLES["financials"], SETTING),
    "gaps": lambda: comparison.gaps(TABLES["gap"], SETTING),
    "gaps in units": lambda: comparison.gaps(BARE["gap"], SETTING),
    "fan": lambda: forecast.forecast_fan(REVIEW, SETTING, unit="pieces"),
    "fan of a plan without history": lambda: forecast.forecast_fan(BARE, SETTING),
    "fans": lambda: forecast.forecast_fans({"Tents": REVIEW, "Stoves": BARE}, SETTING),
    "demand bridge": lambda: forecast.demand_bridge(_steps(REVIEW), unit="pieces"),
    "value added": lambda: value_added.value_added_stairs(CHAIN, 1),
    "error and bias": lambda: value_added.error_and_bias(FAMILIES, 1),
    "cycles": lambda: _cycles(REVIEW),
}


@pytest.fixture(scope="module")
def drawn() -> dict[str, str]:
    return {name: svg(make()) for name, make in CHARTS.items()}


@pytest.mark.parametrize("name", CHARTS)
def test_each_is_one_well_formed_picture_with_a_title_and_a_label_that_needs_nothing_else(drawn: dict[str, str], name: str) -> None:
    root = ET.fromstring(drawn[name])
    assert root.tag.endswith("svg")
    assert root.get("role") == "img"
    assert len(root.get("aria-label") or "") > 20
    assert "<script" not in drawn[name]
    links = re.findall(r'(?:href|src)="([^"]*)"', drawn[name])
    assert all(link.startswith("#") for link in links)
    assert "<text" in drawn[name]


def test_no_two_pictures_share_an_identifier_and_each_reference_has_its_target(drawn: dict[str, str]) -> None:
    found: list[str] = []
    for text in drawn.values():
        own = re.findall(r'\bid="([^"]+)"', text)
        assert set(re.findall(r"url\(#([^)]+)\)", text)) <= set(own)
        found += own
    assert len(found) == len(set(found))


def test_the_same_chart_gives_the_same_text(drawn: dict[str, str]) -> None:
    assert svg(CHARTS["load"]()) == drawn["load"]


def test_the_demand_picture_says_the_totals_and_has_a_line_for_each_thing_given(drawn: dict[str, str]) -> None:
    total = TABLES["demand_plan"].get_column("quantity").sum()
    assert f"Demand {total:,.0f}" in drawn["demand"]
    for line in ("History", "Demand plan", "Shipped", "Budget"):
        assert f">{line}<" in drawn["demand"]
    assert ">History<" not in drawn["demand without history and budget"]
    assert ">Budget<" not in drawn["demand without history and budget"]


def test_load_above_100_percent_has_its_own_color_and_its_number(drawn: dict[str, str]) -> None:
    cells = TABLES["capacity_load"].filter(pl.col("utilisation") > 1.0001)
    assert drawn["load"].count('fill="#c9432f"') == cells.height + 1  # the legend has one too
    assert ">108<" in drawn["load"]


def test_the_fullest_resources_are_drawn_where_there_are_too_many() -> None:
    period = dt.date(2026, 12, 1)
    rows = [{"resource": f"R{number:02}", "period": period, "load": 1.0, "utilisation": number / 40} for number in range(40)]
    chart = svg(supply.load_heat_map(table("capacity_load").conform(pl.DataFrame(rows)), SETTING))
    assert "the 24 fullest of 40 resources" in chart
    assert "98 % of regular capacity: R39 in December 2026 is the fullest" in chart
    assert ">R39<" in chart
    assert ">R15<" not in chart


def test_inventory_without_standard_cost_is_in_units() -> None:
    frame = TABLES["inventory_plan"].with_columns(pl.lit(None).cast(pl.Float64).alias("value"))
    text = svg(stock.inventory(frame, TABLES["item"], SETTING))
    assert "Inventory at the end of each period, pieces" in text
    assert "the dashes mark the target" in text


def test_a_scenario_picture_of_nothing_known_is_refused() -> None:
    empty = TABLES["scenario_result"].with_columns(pl.lit(None).cast(pl.Float64).alias("value"))
    with pytest.raises(ValueError, match="no measure"):
        comparison.scenario_comparison(empty, ["demand"])


def test_a_bridge_whose_changes_are_small_does_not_start_at_zero_and_says_so(drawn: dict[str, str]) -> None:
    assert "axis does not start at zero" in drawn["bridge"]
    steps = TABLES["bridge"].with_columns(
        pl.when(pl.col("kind") == "level").then(100.0).otherwise(pl.col("position") * 40.0).alias("amount")
    )
    assert "axis does not start at zero" not in svg(comparison.bridge(steps, SETTING, measure="revenue"))


def test_on_time_is_what_ships_in_its_own_period_oldest_demand_first() -> None:
    rows = pl.DataFrame({"demand": [100.0, 50.0, 80.0], "backlog": [0.0, 20.0, 200.0], "lost": [10.0, None, 0.0]})
    assert service(rows).get_column("on_time").to_list() == [90.0, 30.0, 0.0]


def test_weeks_of_supply_walk_forward_through_demand_and_repeat_its_last_year() -> None:
    calendar = calendar_of(SETTING)
    first, second = calendar.periods[:2]
    wanted = pl.DataFrame({"family": ["A"] * 15, "period": calendar.periods, "quantity": [31.0] * 15})
    held = pl.DataFrame({"family": ["A", "A", "B"], "period": [first, calendar.periods[-1], second], "quantity": [62.0, 31.0, 5.0]})
    weeks = weeks_of_supply(held, wanted, calendar, "family")
    days = calendar.days(second) + calendar.days(calendar.periods[2])
    assert weeks.filter(pl.col("period") == first)["weeks"][0] == pytest.approx(days / 7)
    assert weeks.filter(pl.col("period") == calendar.periods[-1])["weeks"][0] == pytest.approx(calendar.days(calendar.periods[3]) / 7)
    assert weeks.filter(pl.col("family") == "B")["weeks"].to_list() == [None]


def test_items_without_a_family_stand_for_themselves_and_small_families_are_summed() -> None:
    item = pl.DataFrame({"item": ["a", "b"], "family": ["F", None]})
    assert with_family(pl.DataFrame({"item": ["a", "b", "c"]}), item).get_column("family").to_list() == ["F", "b", "c"]
    many = pl.DataFrame({"family": [f"F{number}" for number in range(12)], "units": range(12)})
    named = largest_families(many, "units", most=7)
    assert named.get_column("family").n_unique() == 8
    assert named.get_column("units").sum() == many.get_column("units").sum()


def test_a_sum_of_nothing_but_empty_cells_is_empty() -> None:
    frame = pl.DataFrame({"period": [1, 1, 2], "p10": [None, None, 3.0]}, schema={"period": pl.Int64, "p10": pl.Float64})
    assert by_period(frame, "p10").get_column("p10").to_list() == [None, 3.0]


@given(st.floats(min_value=-1e12, max_value=1e12, allow_nan=False))
def test_a_scale_keeps_numbers_short_and_never_prints_a_negative_zero(value: float) -> None:
    scale = scale_for(value)
    text = plain(value / scale.divisor)
    assert len(text.lstrip("-")) <= 7
    assert text != "-0"


def test_what_is_not_a_number_prints_as_nothing() -> None:
    assert plain(None) == plain(float("nan")) == plain(float("inf")) == ""
    assert scale_for(None).divisor == 1


def test_a_band_that_dwarfs_the_plan_is_cut_and_the_subtitle_says_how_far_it_goes() -> None:
    wild = {**TABLES, "demand_plan": TABLES["demand_plan"].with_columns(pl.col("p90") * 20)}
    assert "above the picture" in svg(_demand(wild))
    assert "above the picture" not in svg(_demand(TABLES))


def test_a_family_has_one_color_in_all_pictures_of_inventory() -> None:
    materials = pl.DataFrame({"item": ["ALLOY"], "family": ["Alloys"], "unit": ["kg"]})
    item = pl.concat([TABLES["item"], table("item").conform(materials)])
    stocked = TABLES["inventory_plan"].head(1).with_columns(pl.lit("ALLOY").alias("item"))
    both = pl.concat([TABLES["inventory_plan"], stocked])
    charts = (stock.inventory(both, item, SETTING), stock.cover(both, TABLES["demand_plan"], item, SETTING))
    bars, lines = charts[0].to_dict()["layer"][0], charts[1].to_dict()
    assert bars["encoding"]["color"]["scale"] == lines["encoding"]["color"]["scale"]
    assert "Alloys" in bars["encoding"]["color"]["legend"]["values"]
    assert "Alloys" not in lines["encoding"]["color"]["legend"]["values"]


def test_the_fan_marks_what_was_corrected_and_what_overrides_change(drawn: dict[str, str]) -> None:
    for words in (
        "History",
        "Baseline",
        "Consensus",
        "ovr-01",
        "ovr-03",
        "circles: history as corrected",
        "diamonds: changed by overrides",
    ):
        assert words in drawn["fan"]
    assert "ovr-04" not in drawn["fan"]  # fenced: it changed nothing
    assert "circles" not in drawn["fan of a plan without history"]
    assert ">Baseline<" not in drawn["fan of a plan without history"]
    assert drawn["fans"].count(">Tents, units<") == 1


def test_a_change_too_small_to_be_seen_is_not_marked() -> None:
    small = REVIEW["override_cell"].with_columns(after=pl.col("before") + 0.001)
    cleaned = REVIEW["cleaned_history"].with_columns(quantity=pl.col("raw") + 0.001)
    text = svg(forecast.forecast_fan({**REVIEW, "override_cell": small, "cleaned_history": cleaned}, SETTING))
    assert "circles" not in text
    assert "diamonds" not in text


def test_a_history_in_another_unit_that_was_cleaned_does_not_flatten_the_fan() -> None:
    last = pl.col("period") == pl.col("period").max()
    wild = REVIEW["history"].with_columns(quantity=pl.when(last).then(pl.col("quantity") * 1000).otherwise("quantity"))
    cleaned = REVIEW["cleaned_history"].with_columns(raw=pl.when(last).then(pl.col("raw") * 1000).otherwise("raw"))
    text = svg(forecast.forecast_fan({**REVIEW, "history": wild, "cleaned_history": cleaned}, SETTING))
    assert "million" not in text
    assert ">thousand" not in text


def test_the_way_to_the_demand_plan_adds_up() -> None:
    steps = _steps(REVIEW)
    assert steps.get_column("step").to_list()[0] == "Baseline"
    assert {"+ Marketing", "Events", "Overrides", "Consensus", "Demand plan"} <= set(steps.get_column("step"))
    levels = steps.filter(pl.col("kind") == "level").get_column("amount").to_list()
    place = steps.get_column("step").to_list().index("Consensus")
    amounts = steps.get_column("amount").to_list()
    assert sum(amounts[:place]) == pytest.approx(levels[1], abs=2)
    assert levels[1] + sum(amounts[place + 1 : -1]) == pytest.approx(levels[2], abs=2)
    assert _steps(TABLES).is_empty()  # without streams there is no way to draw


def test_an_override_of_the_baseline_is_an_override_and_one_of_the_plan_comes_after_the_consensus() -> None:
    cell: dict[str, list[object]] = {"item": ["i"], "market": ["m"], "period": [dt.date(2026, 12, 1)]}
    rows = {
        name: table(name).conform(pl.DataFrame({**cell, "quantity": [value]}))
        for name, value in (("consensus", 120.0), ("demand_plan", 150.0))
    }
    stream = table("stream").conform(pl.DataFrame({**cell, "stream": ["baseline"], "kind": ["baseline"], "quantity": [110.0]}))
    changes = [("o1", "baseline", 100.0, 110.0), ("o2", "consensus", 110.0, 120.0), ("o3", "demand_plan", 120.0, 145.0)]
    frame = pl.DataFrame(changes, schema=["override", "table", "before", "after"], orient="row")
    cells = table("override_cell").conform(frame.with_columns(pl.lit(value[0]).alias(name) for name, value in cell.items()))
    assert _steps({**rows, "stream": stream, "override_cell": cells}).rows() == [
        ("Baseline", 100.0, "level"),
        ("Overrides", 20.0, "change"),
        ("Consensus", 120.0, "level"),
        ("Overrides of the plan", 25.0, "change"),
        ("Orders", 5.0, "change"),
        ("Demand plan", 150.0, "level"),
    ]


def test_stairs_go_down_in_green_where_less_is_better() -> None:
    frame = stairs(["a", "b", "c", "d"], [20.0, -5.0, 1.0, 16.0], ["level", "change", "change", "level"], less=True)
    assert frame.get_column("tone").to_list() == ["level", "up", "down", "level"]
    assert frame.get_column("printed").to_list() == ["20", "-5", "+1", "16"]
    assert frame.select("from", "to").rows() == [(0.0, 20.0), (20.0, 15.0), (15.0, 16.0), (0.0, 16.0)]
    assert not cut(frame)


def test_of_many_steps_the_smallest_are_one(drawn: dict[str, str]) -> None:
    errors = [0.4, *(0.4 - 0.01 * number for number in range(1, 13)), 0.28]
    chain = pl.DataFrame({"step": ["naive", *(f"s{number:02}" for number in range(12)), "consensus"], "error": errors})
    text = svg(value_added.value_added_stairs(chain, 2))
    assert ">other<" in text or "other steps" in text
    assert "12 points better than naive" in text
    assert "WMAPE at lag 1" in drawn["value added"]


def test_error_and_bias_say_what_the_sign_means_and_name_the_families(drawn: dict[str, str]) -> None:
    assert "positive is over-forecast" in drawn["error and bias"]
    for family in plan_example.FAMILIES:
        assert f">{family}<" in drawn["error and bias"]
    segments = REVIEW["value_added"].filter(pl.col("level") == "segment")
    assert "Error and bias by segment" in svg(value_added.error_and_bias(segments, 1, by="segment"))


def test_the_waterfall_has_actuals_on_top_and_the_plan_at_the_bottom(drawn: dict[str, str]) -> None:
    text = drawn["cycles"]
    assert text.index(">Actual<") < text.index(">12 Nov 2026<")
    actual = REVIEW["history"].filter(pl.col("period") == dt.date(2026, 11, 1)).get_column("quantity").sum()
    assert f">{actual:,.0f}<" in text
    assert "not yet known" in text


def test_pictures_of_nothing_are_refused() -> None:
    empty = {name: table(name).empty() for name in ("history", "cleaned_history", "baseline", "consensus", "override_cell")}
    makers: tuple[Callable[[], Chart], ...] = (
        lambda: forecast.forecast_fan(empty, SETTING),
        lambda: forecast.forecast_fans({}, SETTING),
        lambda: value_added.value_added_stairs(table("value_added").empty(), 1),
        lambda: value_added.error_and_bias(table("value_added").empty(), 1),
        lambda: _cycles(TABLES),
    )
    for make in makers:
        with pytest.raises(ValueError, match="no "):
            make()


def test_what_is_asked_stands_above_what_is_planned_and_in_the_title() -> None:
    june = dt.date(2027, 6, 1)
    rows = [{"resource": name, "period": june, "available": 100.0, "load": 100.0, "utilisation": 1.0} for name in ("A", "B")]
    load = table("capacity_load").conform(pl.DataFrame(rows))
    need = [("A", "Tents", 90.0), ("A", "Stoves", 50.0), ("B", "Stoves", 100.0)]
    frame = pl.DataFrame(need, schema=["resource", "family", "required"], orient="row").with_columns(period=june, available=100.0)
    chart = svg(supply.load_heat_map(load, SETTING, table("capacity_requirement").conform(frame)))
    assert "140 % asked of A in June 2027, 100 % planned" in chart
    assert ">A, asked<" in chart
    assert chart.index(">A, asked<") < chart.index(">planned<") < chart.index(">B<")
    assert ">B, asked<" not in chart  # what is asked of it is what is planned
    assert ">140<" in chart


def test_where_nothing_says_what_is_asked_only_the_plan_is_drawn(drawn: dict[str, str]) -> None:
    empty = table("capacity_requirement").empty()
    assert svg(supply.load_heat_map(TABLES["capacity_load"], SETTING, empty)) == drawn["load"]
    assert utilisation(TABLES["capacity_load"], empty).get_column("asked").is_null().all()
    assert svg(supply.load_heat_map(TABLES["capacity_load"], SETTING, _asked(1.0))) == drawn["load"]


def test_nothing_is_asked_in_percent_of_no_capacity() -> None:
    load = TABLES["capacity_load"].with_columns(available=0.0)
    need = _asked(1.0).with_columns(pl.lit(None).cast(pl.Float64).alias("available"))
    assert utilisation(load, need).get_column("asked").is_null().all()
    assert family_load(load, TABLES["route_load"], TABLES["item"], need).is_empty()


def test_the_family_that_fills_the_fullest_line_is_named() -> None:
    load = TABLES["capacity_load"].filter(pl.col("resource") == "Sewing Line 1")
    rows = family_load(load, TABLES["route_load"], TABLES["item"])
    assert set(rows.get_column("family")) == {"Tents", "Backpacks"}
    peak = rows.group_by("period").agg(pl.col("share").sum()).sort("share").row(-1)
    planned = load.filter(pl.col("period") == peak[0])["utilisation"][0]
    assert peak[1] == pytest.approx(planned)
    asked = family_load(load, TABLES["route_load"], TABLES["item"], _asked(1.4))
    assert asked.get_column("family").unique().to_list() == ["Tents"]
    text = svg(rough_cut.load_by_family(asked, SETTING, asked=True))
    assert "of Sewing Line 1 asked by Tents" in text
    assert "alone" in text


def _levels(opening: float, *stock: float) -> pl.DataFrame:
    days = [dt.date(2027, month, 1) for month in range(1, len(stock) + 1)]
    return pl.DataFrame({"period": days, "opening": [opening, *stock[:-1]], "stock": stock})


def test_what_is_built_ahead_is_the_largest_rise_that_is_used_again() -> None:
    assert build_of(_levels(100, 100, 130, 180, 60, 50)) == (80, dt.date(2027, 1, 1), dt.date(2027, 3, 1))
    assert build_of(_levels(0, 10, 20, 30)) is None  # stock that only grows is not built ahead
    assert build_of(_levels(50, 90, 40, 60, 10)) == (40, dt.date(2027, 1, 1), dt.date(2027, 1, 1))
    assert build_of(_levels(0, 1).clear()) is None


@given(st.lists(st.floats(min_value=0, max_value=1e6), min_size=1, max_size=20))
def test_no_more_is_built_ahead_than_stock_varies(levels: list[float]) -> None:
    found = build_of(_levels(levels[0], *levels[:12]))
    assert found is None or 0 < found[0] <= max(levels[:12]) - min(levels[:12]) + 1e-6


def test_supply_of_what_is_sold_stands_against_its_demand() -> None:
    rows = _build(TABLES)
    assert rows.get_column("demand").sum() == pytest.approx(TABLES["demand_plan"].get_column("quantity").sum())
    assert rows.get_column("made").sum() == pytest.approx(TABLES["supply_plan"].get_column("quantity").sum())
    assert rows.get_column("bought").is_null().all()
    parts = TABLES["supply_plan"].with_columns(item=pl.lit("SCREW"))  # a component is not supply of what is sold
    more = _build({**TABLES, "supply_plan": pl.concat([TABLES["supply_plan"], parts])})
    assert more.get_column("made").sum() == pytest.approx(rows.get_column("made").sum())


def test_the_build_says_how_much_and_by_when(drawn: dict[str, str]) -> None:
    march = pl.col("period") == dt.date(2027, 3, 1)
    tents = march & pl.col("item").str.starts_with("TE")
    built = TABLES["inventory_plan"].with_columns(quantity=pl.when(tents).then(pl.col("quantity") + 1_000).otherwise("quantity"))
    rows = _build({**TABLES, "inventory_plan": built})
    by_family = svg(build.build_by_family(rows, SETTING, unit="pieces"))
    assert "pieces of Tents built ahead by the end of March 2027" in by_family
    assert "pieces built ahead by the end of March 2027, and used after" in svg(build.build_against_demand(rows, SETTING, unit="pieces"))
    for word in ("Made", "Demand", "Stock at the end", "Target stock"):
        assert f">{word}<" in drawn["build by family"]
    assert "made and bought for a demand of" in drawn["build without stock"]
    assert ">Stock at the end<" not in drawn["build without stock"]


def _shipments(*flows: tuple[str, str, float]) -> pl.DataFrame:
    frame = pl.DataFrame(flows, schema=["location", "market", "quantity"], orient="row")
    return table("shipment_plan").conform(frame.with_columns(item=pl.lit("TE-10"), period=dt.date(2027, 1, 1)))


def test_the_network_goes_from_suppliers_over_plants_and_warehouses_to_markets() -> None:
    day = dt.date(2027, 1, 1)
    bought = pl.DataFrame(
        [("b1", "ALLOY", "Plant North", "Smelter", 500.0), ("b2", "TE-10", "Depot", None, 30.0)],
        schema=["purchase", "item", "location", "supplier", "quantity"],
        orient="row",
    )
    moved = pl.DataFrame(
        [("l1", "TE-10", "Plant North", "Depot", 80.0), ("l2", "ALLOY", "Plant North", "Plant South", 9.0)],
        schema=["lane", "item", "from", "to", "quantity"],
        orient="row",
    )
    tables = {
        **TABLES,
        "purchase_plan": table("purchase_plan").conform(bought.with_columns(period=day)),
        "transfer_plan": table("transfer_plan").conform(moved.with_columns(period=day)),
        "shipment_plan": _shipments(("Depot", "DACH", 100.0), ("Depot", "DACH", 5.0)),
    }
    found = _network(tables)
    assert found.nodes.select("tier", "name").rows() == [
        *((0, "Smelter"), (0, "Suppliers"), (1, "Plant North"), (1, "Plant South"), (2, "Depot"), (3, "DACH"))
    ]
    flows = {(row["from"], row["to"]): (row["kind"], row["quantity"]) for row in found.links.iter_rows(named=True)}
    assert flows == {
        ("Smelter", "Plant North"): (MATERIAL, 500.0),
        ("Suppliers", "Depot"): ("buy", 30.0),
        ("Plant North", "Depot"): ("move", 80.0),
        ("Plant North", "Plant South"): (MATERIAL, 9.0),
        ("Depot", "DACH"): ("ship", 105.0),
    }
    text = svg(network.supply_network(found, unit="pieces"))
    assert "105 pieces ship to markets, all from Depot" in text
    for word in ("Suppliers", "Plants", "Warehouses", "Markets", "Material", "Moved"):
        assert f">{word}<" in text


def test_markets_beyond_those_that_fit_are_one_box_that_bears_their_flows() -> None:
    many = _shipments(*(("Plant North", f"M{number:02}", float(number + 1)) for number in range(40)))
    found = _network({**TABLES, "shipment_plan": many})
    markets = found.nodes.filter(pl.col("tier") == 3)
    assert markets.height == MOST_NODES + 1
    assert markets.row(-1, named=True)["name"] == f"{40 - MOST_NODES} other markets"
    assert found.links.get_column("quantity").sum() == pytest.approx(820)
    assert found.left_out == (0, 0.0)


def test_the_smallest_flows_of_a_dense_network_are_left_out_and_counted() -> None:
    dense = [(f"P{a:02}", f"M{b:02}", float(1 + a * 12 + b)) for a in range(12) for b in range(12)]
    found = _network({**TABLES, "shipment_plan": _shipments(*dense)})
    assert found.links.height == MOST_LINKS
    assert found.left_out[0] == 144 - MOST_LINKS
    small = sum(sorted(quantity for _, _, quantity in dense)[: 144 - MOST_LINKS])
    assert found.left_out[1] == pytest.approx(small / sum(quantity for _, _, quantity in dense), abs=1e-6)
    assert f"the {144 - MOST_LINKS} smallest flows are not drawn" in svg(network.supply_network(found))


def test_plants_that_exchange_goods_stand_in_one_column_with_arcs_beside_it() -> None:
    day = dt.date(2027, 1, 1)
    rows = [("l1", "TE-10", "Plant North", "Plant South", 80.0), ("l2", "TE-10", "Plant South", "Plant North", 30.0)]
    moved = pl.DataFrame(rows, schema=["lane", "item", "from", "to", "quantity"], orient="row").with_columns(period=day)
    found = _network({**TABLES, "transfer_plan": table("transfer_plan").conform(moved)})
    assert found.nodes.filter(pl.col("tier") == 1).get_column("name").to_list() == ["Plant North", "Plant South"]
    assert "<svg" in svg(network.supply_network(found))


def test_a_picture_of_supply_of_nothing_is_refused() -> None:
    nothing = {name: frame.clear() for name, frame in TABLES.items()}
    makers: tuple[Callable[[], Chart], ...] = (
        lambda: supply.load_heat_map(nothing["capacity_load"], SETTING),
        lambda: supply.cost_by_category(nothing["cost"], SETTING),
        lambda: rough_cut.load_by_family(family_load(nothing["capacity_load"], nothing["route_load"], TABLES["item"]), SETTING, asked=True),
        lambda: build.build_against_demand(_build(nothing), SETTING),
        lambda: build.build_by_family(_build(nothing), SETTING),
        lambda: network.supply_network(_network(nothing)),
    )
    for make in makers:
        with pytest.raises(ValueError, match="no "):
            make()


def test_cost_says_how_much_and_what_most_of_it_is(drawn: dict[str, str]) -> None:
    spent = -TABLES["cost"].filter(pl.col("amount") < 0).get_column("amount").sum()
    assert f"EUR {spent:,.0f} of cost, " in drawn["cost"]
    assert "% of it purchases" in drawn["cost"]


def test_the_tornado_has_both_numbers_of_each_driver_and_counts_what_it_leaves_out(drawn: dict[str, str]) -> None:
    for printed in ("+683.0", "-683.0", "+210.0", "-205.0", "10 % lower", "10 % higher", "Material costs", "Capacity of Assembly"):
        assert printed in drawn["tornado"].replace("\u2212", "-")
    failed = TABLES["sensitivity"].with_columns(
        pl.when(pl.col("driver") != "price").then(pl.col("rank")).alias("rank"), pl.lit(2.0).alias("low"), pl.lit(5.0).alias("high")
    )
    one_side = svg(money.tornado(failed, SETTING))
    assert "Not drawn, but in the table: 1" in one_side
    assert "Prices" not in one_side
    with pytest.raises(ValueError, match="no change of profit is known"):
        money.tornado(failed.with_columns(pl.lit(None, pl.Int64).alias("rank")), SETTING)


def test_cash_says_its_total_and_its_lowest_point(drawn: dict[str, str]) -> None:
    assert "the least at the end of a period" in drawn["cash"]
    with pytest.raises(ValueError, match="no cash flow"):
        money.cash(table("financials").empty(), SETTING)
