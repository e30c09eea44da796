"""Action items: who does what by when, for each recommendation."""

import datetime as dt
from collections.abc import Sequence

import polars as pl

from equipoise.decide.answers import Answers, role_of
from equipoise.decide.gap_groups import CUSTOMERS, ranks_of
from equipoise.decide.readings import Row, rows
from equipoise.dimensions.calendar import Calendar
from equipoise.tables import table
from equipoise.tables.figures import named
from equipoise.tables.setting import from_table

MOST_ACTIONS = 12
MOST_QUESTIONS = 2
_WORKING_DAYS = 5
# Who acts on a gap, and what on; `who` is the gap's subject, `what` the recommendation.
_OPTIONS = ("supply planner", "Bring cost and lead time of this option, and of any better one: {what}")
_TASKS: dict[str, tuple[tuple[str, str], ...]] = {
    "shortage": (_OPTIONS, ("sales", "Agree which orders of {who} come first, before they are promised.")),
    "late": (_OPTIONS, ("sales", "Tell customers of {who} the new dates.")),
    "below_target": (("supply planner", "Plan how stock of {who} comes back to target: {what}"),),
    "excess_stock": (("supply planner", "Change the orders: {what}"), ("sales", "Propose how to sell the excess stock of {who}.")),
    "obsolete_stock": (
        ("finance", "Value what is obsolete of {who}, and prepare the write-down."),
        ("sales", "Say what obsolete stock of {who} can still bring, and where."),
    ),
    "last_cycle": (("demand planner", "Show what changed of {who} since the last cycle, by market and by whose change: {what}"),),
    "idle_capacity": (("supply planner", "Make a proposal: {what}"),),
    "supply_surplus": (
        ("sales", "List the demand that could fill the room in supply, with volumes and prices."),
        ("supply planner", "Propose which capacity to keep, to use otherwise or to take out."),
    ),
    "overload": (("supply planner", "Change the plan: {what}"),),
    "budget": (("finance", "Explain the gap to budget by price and volume, and prepare the decision: {what}"),),
}
_SIGNAL = ("demand planner", "{what}: name the signal that tells early that it comes, and who watches it.")
_SUPPLY = ("supply planner", "{what}: bring cost and lead time of what brings more supply.")
_BROKEN = ("supply planner", "Find which rule can give way, and what that costs: {what}")
_NOTHING = "Have the plan approved: no gap is large enough to act on."
_PREPARE = "Prepare {what}{when}: commitment, cost and lead time."


def proposed_action(
    gap: pl.DataFrame,
    gap_cause: pl.DataFrame,
    recommendation: pl.DataFrame,
    option: pl.DataFrame,
    option_question: pl.DataFrame,
    setting: pl.DataFrame,
) -> pl.DataFrame:
    """Return the table `proposed_action`: at most twelve action items in order of the recommendations, each with owner role and due date.

    A recommended option is prepared by the day on which it must be set going to take effect when it says, and not before the data cut;
    questions that stand open about a gap are answered. Any other action is due a period before its gap begins, on a working day, but not
    sooner than five working days after the data cut and not later than the end of the first period of the horizon, so that every action
    is looked at again in the next cycle.
    """
    plan = from_table(setting)
    calendar = Calendar.from_setting(plan.calendar)
    gaps = {row["rank"]: row for row in rows(gap)}
    answers = Answers.of(option, option_question)
    ranks = {rank: ranks_of(group) for group in answers.groups(gap, gap_cause) for rank in ranks_of(group)}
    made: list[dict[str, object]] = []
    for advice in rows(recommendation.sort("rank")):
        answered = gaps.get(advice["gap"])
        due = due_date(calendar, answered["period"] if answered else None)  # type: ignore[arg-type]
        own = ranks.get(int(str(advice["gap"])), frozenset()) if answered else frozenset()
        tasks = [*_prepared(answers.taken(own), calendar), *((*task, due) for task in _tasks(advice, answered, answers, own))]
        made += [
            {"statement": what, "owner_role": role, "due": day, "gap": advice["gap"], "status": "proposed"} for role, what, day in tasks
        ]
    if not made:
        due = due_date(calendar, calendar.start)
        made.append({"statement": _NOTHING, "owner_role": "facilitator", "due": due, "gap": None, "status": "proposed"})
    once = {str(row["statement"]): row for row in reversed(made)}
    kept = [row for row in made if once[str(row["statement"])] is row][:MOST_ACTIONS]
    numbered = [{"action": number, **row} for number, row in enumerate(kept, start=1)]
    return pl.DataFrame(numbered, schema=table("proposed_action").schema, orient="row")


def _prepared(taken: Sequence[Row], calendar: Calendar) -> list[tuple[str, str, dt.date]]:
    """Return owner role, statement and due date of what sets recommended options going."""
    return [
        (role_of(row["kind"]), _PREPARE.format(what=row["option"], when=_starts(row, calendar)), started_by(row, calendar)) for row in taken
    ]


def _starts(row: Row, calendar: Calendar) -> str:
    return f" so that it takes effect in {named(row['effective'], calendar)}" if isinstance(row["effective"], dt.date) else ""


def started_by(row: Row, calendar: Calendar) -> dt.date:
    """Return the working day by which an option must be set going: its first effective day less its lead time, not before the data cut."""
    effective, lead_time = row["effective"], row["lead_time"]
    if not isinstance(effective, dt.date):
        return due_date(calendar, calendar.start)
    days = int(lead_time) if isinstance(lead_time, int | float) else 0
    return max(calendar.as_of, _working_day(effective - dt.timedelta(days=days)))


def _tasks(advice: Row, answered: Row | None, answers: Answers, ranks: frozenset[int]) -> list[tuple[str, str]]:
    """Return owner role and statement of the other tasks of one recommendation."""
    what = str(advice["recommendation"])
    if answered is None:
        name, colon, rest = what.partition(": ")
        if not (colon and name.startswith("Prepare for")):
            return [_filled(_BROKEN, _as_clause(what), "")]
        return [_filled(task, name, "") for task in ((_SIGNAL, _SUPPLY) if "supply" in rest else (_SIGNAL,))]
    place = f" in {answered['market']}" if answered["market"] else ""
    usual = _TASKS[str(answered["kind"])]
    if answers.taken(ranks):
        usual = tuple(task for task in usual if task[0] == "sales" and answered["kind"] in CUSTOMERS)
    elif asked := answers.open(ranks):
        own = [(role_of(row["kind"]), f"Find out: {row['statement']}") for row in asked[:MOST_QUESTIONS]]
        return own + [_filled(task, _as_clause(what), f"{answered['subject']}{place}") for task in usual if task is not _OPTIONS]
    return [_filled(task, _as_clause(what), f"{answered['subject']}{place}") for task in usual]


def _as_clause(sentence: str) -> str:
    """A sentence as it stands after a colon."""
    return sentence[:1].lower() + sentence[1:]


def _filled(task: tuple[str, str], what: str, who: str) -> tuple[str, str]:
    role, words = task
    return role, words.format(what=what, who=who)


def due_date(calendar: Calendar, begins: dt.date | None) -> dt.date:
    """Return the working day by which an action is due whose gap begins on `begins` (none: at the end of the first period)."""
    earliest = _working_days_after(calendar.as_of, _WORKING_DAYS)
    latest = calendar.next(calendar.start) - dt.timedelta(days=1)
    wanted = latest if begins is None else begins - dt.timedelta(days=calendar.days(calendar.start))
    return max(earliest, _working_day(min(wanted, latest)))


def _working_day(day: dt.date) -> dt.date:
    """The day itself, or the Friday before a weekend."""
    return day - dt.timedelta(days=max(0, day.weekday() - 4))


def _working_days_after(day: dt.date, count: int) -> dt.date:
    while count:
        day += dt.timedelta(days=1)
        count -= day.weekday() < 5
    return day
