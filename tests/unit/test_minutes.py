"""Agendas, minutes and notices from the record: what they say, and what they leave to whom it concerns."""

import datetime as dt
from dataclasses import dataclass, field

import polars as pl
import pytest

from equipoise.decide.meeting_agenda import meeting_agenda
from equipoise.decide.minutes import Kept, Meeting, minutes
from equipoise.decide.missed_targets import ACTUAL, in_force, miss_sentence, week_result
from equipoise.decide.notices import Published, Reader, notice
from equipoise.decide.part import Part
from equipoise.decide.weekly_targets import SCHEMA
from equipoise.exchange.record_page import plain, record_page
from equipoise.tables import table
from equipoise.tables.setting import Setting, to_table

BEFORE, AFTER = dt.datetime(2026, 11, 10, 9), dt.datetime(2026, 11, 20, 9)
TODAY = dt.date(2026, 11, 21)
JAN, FEB = dt.date(2027, 1, 1), dt.date(2027, 2, 1)
Row = dict[str, object]


@dataclass(frozen=True)
class Record:
    id: str
    document: Row
    changed_at: dt.datetime = AFTER
    changed_by: str = "ann"
    extra: Row = field(default_factory=dict)


SHIFT = {"name": "Extra shift", "statement": "Work on Saturdays", "net_money": 47_499.0, "one_off_cost": 18_000.0}
DECIDED = Record(
    "decision-2",
    {
        "question": "What of late tents?",
        "options": [SHIFT, {"name": "Wait", "statement": "Do nothing", "net_money": None}],
        "status": "decided",
        "chosen": "Extra shift",
        "rationale": "The season is the margin",
        "decided_by": "eve",
        "decided_on": "2026-11-20",
        "decider_role": "executive",
    },
)
OPEN = [
    Record(
        f"decision-{number}",
        {"question": f"Question {number}?", "status": "open", "decider_role": role, "due": "2026-12-01", "stake": stake},
    )
    for number, role, stake in ((10, "executive", 1200.0), (9, "supply planner", None))
]
ACTIONS = [
    Record(
        "action-1", {"statement": "Call the dealer", "owner": "dora", "due": "2026-11-20", "status": "open", "carried": ["a", "b"]}, BEFORE
    ),
    Record("action-2", {"statement": "Quote overtime", "owner_role": "supply planner", "due": "2026-12-20", "status": "started"}),
    Record("action-3", {"statement": "Count stock", "owner": "sam", "status": "done"}),
    Record("action-4", {"statement": "Old and done", "owner": "sam", "status": "done"}, BEFORE),
    Record("action-5", {"statement": "Later, unchanged", "owner": "sam", "due": "2027-05-01", "status": "open"}, BEFORE),
]
OVERRIDES = [
    Record("override-1", {"table": "demand_plan", "where": {"family": "Tents"}, "operation": "scale", "value": 1.03, "reason": "Fair"}),
    Record("override-2", {"table": "demand_plan", "where": {}, "operation": "scale", "value": 2, "reason": "Old"}, BEFORE),
]
KEPT = Kept(
    decisions=[DECIDED, *OPEN],
    actions=ACTIONS,
    overrides=OVERRIDES,
    assumptions=[Record("assumption-1", {"statement": "Both sign", "status": "holds", "expires": "2026-11-01"}, BEFORE)],
    risks=[Record("storm", {"statement": "A storm", "status": "open", "owner": "sam"})],
    comments=[Record("comment-1", {"subject": "demand_plan", "statement": "High | low?"})],
    alarms=[Record("alarm-1", {"subject": "Tents", "statement": "Missed", "status": "open", "roles": ["sales"]})],
    risk_register=table("risk_register").empty(),
)


def _minutes(meeting: str = "executive_sop", since: dt.datetime | None = dt.datetime(2026, 11, 15)) -> dict[str, Part]:
    parts = minutes(Meeting(meeting, "Meeting", TODAY, since, ("eve", "ed"), ("dora",), ("Good.",)), KEPT, "EUR")
    return {part.key: part for part in parts}


def test_minutes_say_what_was_decided_by_whom_and_why_with_the_options() -> None:
    made = _minutes()
    assert made["decision-2"].sentences == ("Decided: Extra shift, by eve on 2026-11-20.", "Why: The season is the margin")
    assert made["decision-2"].rows == (
        ("Extra shift", "Work on Saturdays", "EUR 47,499", "EUR 18,000", "yes"),
        ("Wait", "Do nothing", "", "", ""),
    )
    assert [row[0] for row in made["open-decisions"].rows] == ["decision-9", "decision-10"]
    assert made["meeting"].sentences[:2] == ("There: eve and ed.", "Not there: dora.")
    assert made["notes"].sentences == ("Good.",)


def test_minutes_have_what_is_new_and_all_that_is_overdue() -> None:
    made = _minutes()
    assert [row[0] for row in made["actions-opened"].rows] == ["action-2"]
    assert [row[0] for row in made["actions-closed"].rows] == ["action-3"]
    assert made["actions-overdue"].rows == (("action-1", "Call the dealer", "dora", "2026-11-20", "open", "carried through 2 cycles"),)
    assert [row[1] for row in made["overrides"].rows] == ["demand_plan quantity of family Tents: times 1.03"]
    assert made["assumptions"].rows[0][-1] == "expired"
    assert made["risks"].sentences == ("New: A storm. Watched by sam.",)
    whole = _minutes(since=None)
    assert [row[0] for row in whole["actions-opened"].rows] == ["action-2", "action-5"]
    assert [row[0] for row in whole["overrides"].rows] == ["override-1", "override-2"]


def test_a_review_has_the_decisions_of_its_own_roles() -> None:
    made = _minutes("supply_review")
    assert [row[0] for row in made["open-decisions"].rows] == ["decision-9"]
    assert made["decisions"].sentences == ("Nothing was decided.",)


def test_the_agenda_is_the_plans_own_with_what_is_open_and_overdue() -> None:
    rows: list[Row] = [
        {"meeting": "executive", "position": 1, "topic": "Measures", "minutes": 5, "owner_role": "facilitator", "outcome": "Agreed."}
    ]
    agenda = table("agenda").conform(pl.DataFrame(rows, schema_overrides=dict(table("agenda").schema)))
    parts = {part.key: part for part in meeting_agenda("executive_sop", {"agenda": agenda}, KEPT, TODAY, "EUR")}
    assert parts["agenda"].rows == (("1", "Measures", "5", "facilitator", "Agreed."),)
    assert set(parts) == {"agenda", "open-decisions", "actions-overdue", "alarms"}
    load = pl.DataFrame({"resource": ["Line 1", "Line 1"], "period": [JAN, FEB], "load": [8.0, 8.0], "utilisation": [1.0, 1.2]})
    supply = meeting_agenda("supply_review", {"capacity_load": table("capacity_load").conform(load)}, Kept(), TODAY, "")
    assert "Resources that are full: Line 1 in 2 periods" in [row[1] for row in supply[0].rows]


def test_pages_escape_and_group() -> None:
    page, text = record_page("Minutes <1>", "below", list(_minutes().values()))
    assert "Minutes &lt;1&gt;" in page
    assert page.count("<section") == text.count("\n## ")
    assert "High \\| low?" in text
    said = plain("Title", "below", [_minutes()["actions-overdue"]])
    assert "- action-1 (What: Call the dealer; Owner: dora; Due: 2026-11-20" in said


SETTING = to_table(Setting.model_validate({"plan": "p", "currency": "EUR", "calendar": {"start": "2027-01-01", "horizon": 3}}))


def _table(name: str, rows: list[Row]) -> pl.DataFrame:
    return table(name).conform(pl.DataFrame(rows, schema_overrides=dict(table(name).schema))) if rows else table(name).empty()


def _tables(tents: float, packs: float, price: float | None = 100.0) -> dict[str, pl.DataFrame]:
    demand: list[Row] = [
        {"item": item, "market": market, "period": period, "quantity": quantity, "unit_price": price}
        for item, market, quantity in (("T", "North", tents), ("P", "South", packs))
        for period in (JAN, FEB)
    ]
    return {
        "setting": SETTING,
        "item": _table("item", [{"item": "T", "family": "Tents", "unit": "piece"}, {"item": "P", "family": "Packs", "unit": "piece"}]),
        "market": _table("market", [{"market": "North", "region": "Nordics"}, {"market": "South", "region": "Alps"}]),
        "demand_plan": _table("demand_plan", demand),
    }


def _notice(reader: Reader, what: tuple[str, ...] = ("changes",), price: float | None = 100.0) -> dict[str, Part]:
    targets = pl.DataFrame(schema=SCHEMA)
    plan = Published(_tables(120.0, 45.0, price), _tables(100.0, 50.0, price), "v0002", targets, [DECIDED], ACTIONS)
    return {part.key: part for part in notice(plan, reader, what)}


def test_a_notice_says_what_changed_in_units_and_money() -> None:
    demand = _notice(Reader())["changes-demand"]
    assert demand.rows == (
        ("Tents", "200 pieces", "240 pieces", "+40 pieces", "+20 %", "+EUR 4,000", "January 2027"),
        ("Packs", "100 pieces", "90 pieces", "-10 pieces", "-10 %", "-EUR 1,000", "January 2027"),
    )
    unpriced = _notice(Reader(), price=None)["changes-demand"]
    assert "Money" not in unpriced.heads


@pytest.mark.parametrize(
    ("cell", "families"), [("region=Nordics", ["Tents"]), ("family=Packs|Tents", ["Tents", "Packs"]), ("region=Nowhere", [])]
)
def test_a_notice_has_their_own_cells_alone(cell: str, families: list[str]) -> None:
    made = _notice(Reader("dora", ("sales",), (cell,)))
    assert (
        [row[0] for row in made["changes-demand"].rows] == families
        if families
        else made["changes"].sentences == ("Nothing changed for you.",)
    )


def test_a_notice_has_their_own_actions_and_the_decisions() -> None:
    made = _notice(Reader("dora", ("sales",)), ("decisions", "actions"))
    assert [row[0] for row in made["actions"].rows] == ["Call the dealer"]
    assert made["decisions"].rows == (("What of late tents?", "Extra shift", "EUR 47,499", "The season is the margin", "eve"),)
    role = _notice(Reader("", ("supply planner",)), ("actions",))
    assert [row[0] for row in role["actions"].rows] == ["Quote overtime"]


def _target(week: dt.date, days: int, target: float, family: str = "Tents", value: float | None = None) -> Row:
    return {
        "family": family,
        "unit": "piece",
        "measure": "sales",
        "period": week.replace(day=1),
        "week": week,
        "end": week + dt.timedelta(days=days - 1),
        "target": target,
        "lowest": target * 0.9,
        "highest": target * 1.1,
        "value": value,
    }


def _frame(*rows: Row) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=SCHEMA)


def _done(*rows: tuple[str, dt.date, float]) -> pl.DataFrame:
    return pl.DataFrame([(family, "sales", day, quantity) for family, day, quantity in rows], schema=ACTUAL, orient="row")


def test_a_week_that_two_periods_share_is_judged_as_one() -> None:
    # Monday 28 December to Thursday 31, and Friday 1 to Sunday 3 January.
    targets = _frame(_target(dt.date(2026, 12, 28), 4, 80.0, value=800.0), _target(JAN, 3, 20.0, value=200.0))
    done = _done(("Tents", dt.date(2026, 12, 28), 70.0), ("Tents", dt.date(2026, 12, 27), 999.0))
    assert week_result(targets, done, "monday", dt.date(2027, 1, 2)).is_empty()
    row = week_result(targets, done, "monday", dt.date(2027, 1, 3)).row(0, named=True)
    assert (row["target"], row["actual"], row["difference"], row["money"], row["missed"]) == (100.0, 70.0, -30.0, -300.0, True)
    assert miss_sentence(row, "EUR") == (
        "Tents: 70 pieces sold from 2026-12-28 to 2027-01-03, 30 pieces (EUR 300) less than the target of 100 pieces; "
        "from 90 pieces to 110 pieces would be good."
    )


def test_what_others_did_makes_nothing_a_zero_and_no_data_no_judgement() -> None:
    first, second = dt.date(2027, 1, 4), dt.date(2027, 1, 11)
    targets = _frame(*(_target(week, 7, 50.0, family) for week in (first, second) for family in ("Tents", "Packs")))
    made = week_result(targets, _done(("Packs", first, 50.0)), "monday", dt.date(2027, 2, 1))
    assert made.select("family", "week", "actual", "missed").rows() == [("Packs", first, 50.0, False), ("Tents", first, 0.0, True)]
    both = week_result(targets, _done(("Packs", first, 50.0), ("Tents", second, 60.0)), "monday", dt.date(2027, 2, 1))
    late = both.filter(family="Tents", week=second).row(0, named=True)
    assert (late["actual_so_far"], late["target_so_far"]) == (60.0, 100.0)
    assert "Since the plan was published it is 40 pieces behind." in miss_sentence(late, "")


def test_a_later_plan_takes_over_from_its_first_week() -> None:
    weeks = [dt.date(2027, 1, 4) + dt.timedelta(days=7 * number) for number in range(3)]
    old = _frame(*(_target(week, 7, 10.0) for week in weeks))
    held = in_force([old, _frame(_target(weeks[1], 7, 99.0))])
    assert held.get_column("target").to_list() == [10.0, 99.0]
