import datetime as dt

import pytest

from equipoise.errors import PlanFileError
from equipoise.gather import read_plan
from equipoise.gather.settings import settings_reference
from equipoise.tables.process_setting import ProcessSetting

TODAY = dt.date(2026, 11, 22)


def process_of(text: str) -> ProcessSetting:
    return read_plan(f"plan: a\ndata: x\n{text}", "plan.yaml", TODAY).process


def faults_of(text: str) -> list[str]:
    with pytest.raises(PlanFileError) as caught:
        process_of(text)
    return [str(fault) for fault in caught.value.faults]


def test_the_group_is_read_with_words_as_they_are_written() -> None:
    found = process_of(
        """process:
  business_unit: NO
  holidays: [2026-12-24, {from: 2026-12-28, to: 2026-12-31, name: ON}]
  steps:
    - name: demand_review
      last_day: 9
    - name: pre_sop
      tasks: [{title: NO}]
  audiences:
    - {audience: Plants, people: [anna, bert], what: [supply_plan], channel: chat, when: 2}
"""
    )
    assert found.business_unit == "NO"
    assert [(one.first, one.last, one.name) for one in found.holidays] == [
        (dt.date(2026, 12, 24), dt.date(2026, 12, 24), ""),
        (dt.date(2026, 12, 28), dt.date(2026, 12, 31), "ON"),
    ]
    review, pre_sop = found.steps
    assert (review.last_day, review.owner_role, len(review.tasks)) == (9, "demand planner", 4)
    assert [task.title for task in pre_sop.tasks] == ["NO"]
    assert found.audiences[0].people == ("anna", "bert")


def test_the_group_changes_no_setting_of_the_plan() -> None:
    plain, other = (read_plan(f"plan: a\ndata: x\n{text}", "plan.yaml", TODAY) for text in ("", "process: {four_eyes: true}\n"))
    assert plain.setting == other.setting
    assert plain.process != other.process


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("process: [1]\n", "row 3: `process` must be a mapping"),
        ("process: {four_eyes: true, four_eyes: false}\n", "The key `four_eyes` is repeated"),
        ("process: {holidys: []}\n", "Unknown key `holidys`. Did you mean holidays?"),
        (
            "process:\n  steps:\n    - name: pre_sop\n      titel: x\n",
            "row 6, column process.steps.0.titel: Unknown key `titel`. Did you mean title?",
        ),
        ("process: {holidays: [{frm: 2026-01-01}]}\n", "`from` is missing."),
        ("process: {steps: [{name: demand_reviw}]}\n", "`name` is 'demand_reviw'. It must be 'gather'"),
        ("process: {steps: [{name: pre_sop}, {name: pre_sop}]}\n", "The step pre_sop is given twice."),
        ("process: {steps: [{name: gather, first_day: 6}]}\n", "The step gather ends on working day 4, before it begins on 6."),
        ("process: {holidays: [{from: 2026-05-01, to: 2026-04-01}]}\n", "The holiday ends on 2026-04-01, before it begins"),
        ("process: {exports: [demand_pln]}\n", "There is no table demand_pln. The nearest are: demand_plan"),
        ("process: {approvers: [agent]}\n", "The role agent cannot approve a plan."),
        ("process: {audiences: [{audience: A}]}\n", "Nobody is named for the audience A."),
        ("process: {target_tolerance: 2}\n", "`target_tolerance` is 2; the most is 1"),
    ],
)
def test_what_is_wrong_is_named_with_its_line_and_remedy(text: str, said: str) -> None:
    assert any(said in fault for fault in faults_of(text)), faults_of(text)


def test_the_manual_lists_lists_of_groups_too() -> None:
    page = settings_reference()
    assert "| `process.steps[].tasks[].title` | text | required | What is to be done |" in page
    assert "| `process.holidays[].from` | date | required | First day |" in page
    assert "ProcessSetting" not in page
    assert "PydanticUndefined" not in page
