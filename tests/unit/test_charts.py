"""Pictures: what they say, that several share a page, and that odd plans still draw."""

import datetime as dt
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.charts import comparison, demand, forecast, stock, supply, value_added
from equipoise.charts.drawing import svg
from equipoise.charts.scale import plain, scale_for
from equipoise.charts.series import by_period, calendar_of, largest_families, service, weeks_of_supply, with_family
from equipoise.charts.stairs import cut, stairs
from equipoise.charts.style import Chart
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


CHARTS: dict[str, Callable[[], Chart]] = {
    "demand": lambda: _demand(TABLES),
    "demand without history and budget": lambda: _demand(BARE),
    "load": lambda: supply.load_heat_map(TABLES["capacity_load"], SETTING),
    "cost": lambda: supply.cost_by_category(TABLES["cost"], SETTING),
    "inventory": lambda: stock.inventory(TABLES["inventory_plan"], TABLES["item"], SETTING),
    "cover": lambda: stock.cover(TABLES["inventory_plan"], TABLES["demand_plan"], TABLES["item"], SETTING),
    "scenarios": lambda: comparison.scenario_comparison(TABLES["scenario_result"], ["demand", "service_level", "revenue"]),
    "bridge": lambda: comparison.bridge(TABLES["bridge"], SETTING, measure="revenue"),
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
    assert "The 24 fullest of 40 resources" in chart
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
