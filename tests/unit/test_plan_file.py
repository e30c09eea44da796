import datetime as dt
import re
from pathlib import Path

import pytest

from equipoise.errors import PlanFileError
from equipoise.gather import Plan, facts, read_plan
from equipoise.gather.plan import OUTPUTS
from equipoise.gather.settings import settings_reference
from equipoise.gather.short_form import default_name

TODAY = dt.date(2026, 11, 22)
ROOT = Path(__file__).parents[2]
SEED = ROOT / ".." / "shared" / "seed"


def plan_of(text: str, name: str = "plan.yaml") -> Plan:
    return read_plan(text, name, TODAY)


def faults_of(text: str) -> str:
    with pytest.raises(PlanFileError) as caught:
        plan_of(text)
    return str(caught.value)


def seed(name: str) -> str:
    if not SEED.is_dir():
        pytest.skip("the shared data is not beside the project")
    return (SEED / name).read_text(encoding="utf-8")


@pytest.mark.shared
def test_the_published_input_runs_as_it_stands() -> None:
    plan = plan_of(seed("usage.yaml"), "usage.yaml")
    assert plan.setting.plan == "usage"
    assert plan.setting.calendar.horizon == 18
    assert plan.calendar.start == dt.date(2026, 12, 1)
    assert plan.outputs == OUTPUTS
    assert [one.sentence for one in plan.constraints] == ["10% overtime max", "Supplier X at capacity"]
    tables = facts(plan, {}).refuse_errors().tables
    month = tables["forecast"].filter(period=dt.date(2027, 5, 1))
    assert month["quantity"].sum() == 60_000
    assert month["revenue"].sum() == 6_200_000
    assert tables["price"]["unit_price"].unique().to_list() == [pytest.approx(6_200_000 / 60_000)]
    assert tables["capacity"].filter(resource="Plant A")["overtime_limit"].unique().to_list() == [4_500]
    assert tables["purchase_limit"]["maximum"].unique().to_list() == [60_000]
    assert tables["bom"].select("route", "quantity").rows() == [("product at Plant A", 1.0), ("product at Plant B", 1.0)]
    statements = " ".join(tables["assumption_made"]["statement"].to_list())
    assert "6,200,000 / 60,000 = 103.333" in statements
    assert "No cost of Plant A is given, so no margin is printed." in statements
    assert {"usage.yaml:19", "usage.yaml:21"} <= set(tables["assumption_made"]["origin"].to_list())


@pytest.mark.shared
def test_lost_indentation_is_named_and_the_file_is_shown_as_it_should_be() -> None:
    printed = seed("usage-as-printed.yaml")
    with pytest.raises(PlanFileError) as caught:
        plan_of(printed, "usage-as-printed.yaml")
    assert caught.value.message == "The plan file usage-as-printed.yaml cannot be read: its indentation is lost."
    (fault,) = caught.value.faults
    assert fault.message.startswith("The indentation of this file is lost: no line is indented")
    for repeated in ("source (lines 6, 9)", "volume (lines 7, 10)", "revenue (lines 8, 11)", "limit (lines 19, 21)"):
        assert repeated in fault.message
    restored = fault.fix.split("\n", 1)[1]
    assert restored.strip() == seed("usage.yaml").strip()
    assert plan_of(restored).constraints


def test_lost_indentation_of_a_full_plan_is_recognised_too() -> None:
    assert "The indentation of this file is lost" in faults_of("plan: x\ndata: tables\ncalendar:\nhorizon: 12\ncadence: month\n")


def test_all_faults_come_at_once_each_with_its_line_and_remedy() -> None:
    text = """\
plan: my plan
calendar: {horizn: 5, horizon: 500, cadence: monthly}
demnd: 1
data: {tables: {histry: {file: a.csv}, item: {file: a.csv, columns: {SKU: itm}, where: ["select"], join: [{with: q, on: a}]}}}
scenarios: [{name: x, overrides: [{table: demnd, operation: scale, value: 1}]}, {name: y, parent: z}]
overrides: [{table: capacity, column: regular, operation: multiply}]
outputs: [all]
constraints: [{type: labor, limit: do something}]
calibrate: {resource: x}
tables: {item: [{item: NO, famly: 3}]}
"""
    said = faults_of(text)
    for expected in (
        "plan.yaml, row 1, column plan: `plan` is 'my plan'. Use letters, digits",
        "plan.yaml, row 2, column calendar.horizn: Unknown key `horizn`. Did you mean horizon?",
        "plan.yaml, row 2, column calendar.horizon: `horizon` is 500; the most is 260.",
        "`cadence` is 'monthly'. It must be 'week', 'month', 'quarter' or '4-4-5'.",
        "plan.yaml, row 3: Unknown key `demnd`. Did you mean demand?",
        "There is no table histry. Did you mean history?",
        "Table item has no column itm. Did you mean item?",
        "There is no source q to join with.",
        "`select` is not an SQL expression",
        "The table demnd cannot be overridden",
        "`operation` is 'multiply'. It must be 'set', 'add', 'scale', 'insert' or 'remove'.",
        "There is no output all. Known: demand_plan",
        "The limit 'do something' is not understood.",
        "A calibration needs a resource and a load above 0.",
        "Table item has no column famly. Did you mean family?",
    ):
        assert expected in said, expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "The plan file is empty."),
        ("- a\n- b\n", "The plan file is not a mapping of keys to values."),
        ("plan: x\nplan: y\ndata: t\n", "The key `plan` is repeated: it stands in lines 1 and 2."),
        ("plan: x\ncalendar:\n\thorizon: 3\n", "row 3: The line is indented with a tab."),
        ("plan: x\ndata: [1, 2\n", "This is not YAML"),
        ("plan: x\n---\nplan: y\n", "The file holds several documents."),
        ("plan: !!python/object:os.system x\n", "is not allowed."),
        ("plan: x\ncalendar: {as_of: 2026-13-45}\n", "'2026-13-45' looks like a date or number but is none."),
        ("plan: x\ncalendar: {<<: 1}\n", "Merging with `<<` is not supported."),
        ("? [a]\n: 1\n", "A key must be a word"),
        ("a: &a [*a]\n", "An alias holds itself."),
        ("[" * 3000, "nested more than 40 deep"),
        ("plan: \x00x", "This is not YAML"),
        ("plan: x\n", "The plan file names no data."),
        ("plan: x\ncalendar: 5\ndata: t\n", "`calendar` must be a mapping"),
        ("plan: x\ndata: https://example.org/data.csv\n", "is an address on a network. Save the data to a file first: nothing is fetched."),
        ("plan: x\ndata: t\ncalendar: {horizon: 0}\n", "`horizon` is 0; the least is 1."),
        ("plan: x\ndata: t\nrisk: {tail: 0}\n", "`tail` is 0; it must be above 0."),
        ("plan: x\ndata: t\nrisk: {sensitivity: 1}\n", "`sensitivity` is 1; it must be below 1."),
        ("plan: x\ndata: t\ncalendar: {start: 2026-01-01, as_of: 2026-06-15}\n", "as_of, 2026-06-15, lies after the first period"),
        ("plan: x\ndata: t\ncalendar: {horizon: 3, frozen: 4}\n", "4 periods are frozen of a horizon of 3."),
        ("plan: x\ndata: {sources: {a: {file: b.csv}}}\n", "`data` has sources but no tables"),
        ("plan: x\ndata: {tables: {item: {from: a}}}\n", "There is no source a."),
        ("plan: x\ndata: {tables: {item: {file: a.csv, types: {b: money}}}}\n", "The type of b is 'money'."),
        ("plan: x\ndata: {tables: {item: {file: a.csv, aggregate: max}}}\n", "It must be one of sum, first, last."),
        ("plan: x\ndata: {tables: {item: {file: a.csv, columns: {a: item, b: item}}}}\n", "b and a both fill item."),
    ],
)
def test_a_wrong_plan_file_says_what_to_do(text: str, expected: str) -> None:
    assert expected in faults_of(text)


def test_aliases_that_multiply_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]" for level in range(1, 10)]
    assert "Aliases make more than 500,000 values" in faults_of("\n".join(lines))
    many = "a: &a 1\nb: [" + ", ".join(["*a"] * 200) + "]"
    assert "More than 100 aliases" in faults_of(many)


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ("demand_input: [{source: a}]\n  supply_input: [{resource: b, capacity: 1}]", "The demand input a has no volume."),
        ("demand_input: [{volume: 1}]\n  supply_input: [{resource: b, capacity: 1}]", "A demand input has no source."),
        ("demand_input: [{source: a, volume: 1}]", "The short form has no supply_input."),
        ("supply_input: [{resource: b, capacity: lots}]", "`capacity` must be a number."),
        ("demand_input: [{source: a, volume: 1}, {source: a, volume: 2}]", "The source a is given twice, in lines 2 and 2."),
        ("planning_horizon: 500", "`planning_horizon` is 500. Give a whole number of periods from 1 to 260."),
        ("planning_horizon: 0", "`planning_horizon` is 0."),
        ("planning_cycle: fortnightly", "It must be one of weekly, monthly, quarterly, 4-4-5."),
        ("supply_input: [{resource: b, capacity: -4}]", "`capacity` is -4; the least is 0."),
        ("demand_input: [{source: a, volume: 1, profile: [0, 0]}]", "The profile sums to nothing."),
        ("supply_inputs: []", "Unknown key `supply_inputs`. Did you mean supply_input?"),
    ],
)
def test_a_wrong_short_form_says_what_to_do(inputs: str, expected: str) -> None:
    assert expected in faults_of(f"inputs:\n  {inputs}\n")


def test_the_short_form_has_profiles_views_and_costs() -> None:
    text = """\
inputs:
  planning_cycle: quarterly
  planning_horizon: 4
  start: 2027-01-01
  demand_input:
    - {source: sales, volume: 100, revenue: 1000, profile: [1, 3]}
    - {source: rival, volume: 90, kind: view, item: product, market: market}
  supply_input:
    - {resource: Line, capacity: 80, unit_cost: 4, overtime_cost: 6, overtime_limit: 10, lead_time: 7}
"""
    tables = facts(plan_of(text, "My small plan.yaml"), {}).refuse_errors().tables
    assert tables["setting"].filter(setting="plan")["value"].item() == '"My-small-plan"'
    sales = tables["forecast"].filter(source="sales").sort("period")
    assert sales["quantity"].to_list() == [50, 150, 50, 150]
    assert sales["revenue"].to_list() == [500, 1500, 500, 1500]
    assert sales["period"].to_list() == [dt.date(2027, 1, 1), dt.date(2027, 4, 1), dt.date(2027, 7, 1), dt.date(2027, 10, 1)]
    assert tables["forecast"].filter(source="rival")["kind"].unique().to_list() == ["view"]
    assert tables["route"].select("unit_cost", "lead_time").unique().row(0) == (4, 7)
    assert tables["resource"]["overtime_cost"].unique().to_list() == [6]
    assert tables["capacity"]["overtime_limit"].unique().to_list() == [10]


def test_words_stay_words_where_yaml_sees_something_else() -> None:
    text = """\
plan: 2026
currency: NO
tables:
  item: [{item: 007, family: NO}]
  history: {columns: [item, market, period, quantity], rows: [[007, NO, 2026-01-15, 5]]}
overrides:
  - {table: history, where: {item: 007, market: NO}, operation: scale, value: 2}
"""
    plan = plan_of(text)
    assert plan.setting.plan == "2026"
    assert plan.setting.currency == "NO"
    assert plan.overrides[0].where == {"item": "007", "market": "NO"}
    tables = facts(plan, {}).tables
    assert tables["item"].select("item", "family").row(0) == ("007", "NO")
    assert tables["history"]["market"].unique().to_list() == ["NO"]


def test_defaults_that_matter_are_recorded_with_their_origin() -> None:
    plan = plan_of("data: tables\n", "first.yaml")
    recorded = {subject: (statement, origin) for subject, statement, origin in plan.assumptions}
    assert recorded["calendar.as_of"][0].startswith("Data is taken to be complete up to today, 2026-11-22")
    assert recorded["calendar.start"][0].startswith("The horizon starts on 2026-12-01")
    assert {"plan", "calendar.horizon", "calendar.cadence", "currency", "finance.carrying_rate"} <= set(recorded)
    assert all(origin == "first.yaml" for _, origin in recorded.values())


def test_scenarios_come_with_templates_that_own_ones_replace() -> None:
    text = """\
data: tables
templates: {stretch: 1.5}
scenarios:
  - name: upside
    likelihood: high
    overrides: [{table: demand_plan, operation: scale, value: 1.15, reason: tender}]
  - name: rain
    parent: base
    overrides: [{table: setting, where: {setting: supply.strategy}, column: value, operation: set, value: chase}]
"""
    scenarios = {one.name: one for one in plan_of(text).scenarios}
    assert list(scenarios) == ["base", "upside", "downside", "stretch", "rain"]
    assert scenarios["upside"].overrides[0].value == 1.15
    assert scenarios["stretch"].overrides[0].value == 1.5
    assert scenarios["rain"].parent == ""
    assert scenarios["base"].overrides == ()


def test_a_frozen_fence_in_words_becomes_a_setting() -> None:
    plan = plan_of("data: t\ncalendar: {cadence: week}\nconstraints: [{limit: frozen 1 month}]\n")
    assert plan.setting.calendar.frozen == 5
    assert "freezes" in faults_of("data: t\ncalendar: {horizon: 2}\nconstraints: [{limit: frozen 6 months}]\n")


@pytest.mark.parametrize(("file", "name"), [("usage.yaml", "usage"), ("a b/Ä plan!.yml", "plan"), ("...yaml", "plan"), ("x", "x")])
def test_a_plan_is_named_after_its_file(file: str, name: str) -> None:
    assert default_name(file) == name


def _blocks(page: str) -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)


def test_the_manual_holds_the_settings_and_its_examples_are_read() -> None:
    page = (ROOT / "docs" / "plan-file.md").read_text(encoding="utf-8")
    assert settings_reference() in page, "docs/plan-file.md: put in what settings_reference() returns"
    blocks = _blocks(page)
    assert len(blocks) >= 5
    for block in blocks:
        whole = block if "data:" in block or "inputs:" in block else f"data: tables\n{block}"
        assert plan_of(whole, "manual.yaml").setting.plan


def test_the_examples_of_demand_review_are_read() -> None:
    page = (ROOT / "docs" / "demand.md").read_text(encoding="utf-8")
    blocks = _blocks(page)
    assert len(blocks) >= 2
    for block in blocks:
        assert plan_of(f"data: tables\n{block}").setting.plan == "plan"
