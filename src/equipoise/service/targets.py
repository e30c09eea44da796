"""Weekly targets in force, and weeks beside them: a missed target raises an alarm, once, which closes itself when it was put right."""

import datetime as dt
from typing import TYPE_CHECKING

import polars as pl

from equipoise.decide.missed_targets import in_force, miss_sentence, week_result
from equipoise.errors import InputError, NotAllowedError
from equipoise.process.kept import Edit, edited, word
from equipoise.service.current import Process, process_of
from equipoise.service.messages.publishing import (
    MissRow,
    TargetCheckAnswer,
    TargetCheckRequest,
    TargetListAnswer,
    TargetListRequest,
    TargetRow,
)
from equipoise.service.publishing import published_targets, send_due
from equipoise.service.records import is_agent
from equipoise.service.register import Context
from equipoise.service.weekly_actuals import weekly_actual
from equipoise.tables.figures import listing, number, plural

if TYPE_CHECKING:
    from equipoise.store.contract import Record

_ROLES = {"sales": ["sales", "demand planner"], "production": ["supply planner"]}


def target_list(request: TargetListRequest, context: Context) -> TargetListAnswer:
    """Return the weekly targets that are in force. Raises NotFoundError where no plan was published yet."""
    process = process_of(request, context)
    targets = in_force(published_targets(process))
    if request.family:
        known = set(targets.get_column("family"))
        strangers = [name for name in request.family if name not in known]
        if strangers:
            raise InputError(f"There are no targets for {listing(strangers)}.", f"There are for: {', '.join(sorted(known))}.")
        targets = targets.filter(pl.col("family").is_in(request.family))
    if request.measure is not None:
        targets = targets.filter(pl.col("measure") == request.measure)
    if request.week is not None:
        targets = targets.filter(pl.col("end") >= request.week)
    alarms = {one.id: word(one.document, "status") for one in _alarms(process)}
    rows = [
        TargetRow(**row, alarm=alarms.get(_alarm_id(row), ""))
        for row in targets.drop("period").sort("family", "measure", "week").iter_rows(named=True)
    ]
    words = f"{number(len(rows))} weekly {plural('target', len(rows))}"
    span = f", from {rows[0].week} to {max(row.end for row in rows)}" if rows else ""
    return TargetListAnswer(headline=[f"{words}{span}."], targets=rows)


def target_check(request: TargetCheckRequest, context: Context) -> TargetCheckAnswer:
    """Compare what was sold and made with the weekly targets; raise an alarm for each family, week and measure that missed, once.

    An alarm closes where the data now is within the tolerance. Raises NotFoundError where no plan was published, InputError or DataError
    where the data is wrong, or has nothing by weeks, NotAllowedError where an agent gives rows: what it says would close alarms.
    """
    if request.rows and is_agent(context):
        raise NotAllowedError("An agent may not say what was sold or made.", "Leave rows out: the plan's own data is compared.")
    process = process_of(request, context)
    targets = in_force(published_targets(process))
    until = request.until or context.today - dt.timedelta(days=1)
    actual, left_out = weekly_actual(process, request, context)
    strangers = sorted(set(actual.get_column("family")) - set(targets.get_column("family")))
    if strangers:
        left_out.append(f"There are no targets for {listing(strangers, 6)}.")
    result = week_result(targets, actual, process.plan.setting.calendar.week_starts, until)
    opened, closed = _settle(process, result, context)
    missed = [row for row in result.iter_rows(named=True) if row["missed"]]
    judged = result.height
    told = send_due(request, context)
    words = f"{number(judged)} {plural('week', judged)} judged by family and measure: {number(len(missed))} missed."
    if not judged:
        words = f"No week up to {until} has both a target and data."
    return TargetCheckAnswer(
        headline=[words, *told, *(miss_sentence(row, process.plan.setting.currency) for row in missed[:5])],
        weeks=judged,
        missed=[_miss(row) for row in missed],
        opened=opened,
        closed=closed,
        left_out=left_out,
    )


def _miss(row: dict[str, object]) -> MissRow:
    so_far = float(str(row["actual_so_far"])) - float(str(row["target_so_far"]))
    said = {name: row[name] for name in ("family", "measure", "week", "end", "target", "actual", "difference", "unit", "money")}
    return MissRow.model_validate({**said, "so_far": so_far, "alarm": _alarm_id(row)})


def _alarm_id(row: dict[str, object]) -> str:
    """Return what names the alarm of a family, measure and week: so there is never a second."""
    return f"target/{row['family']}/{row['measure']}/{row['week']}"


def _alarms(process: Process) -> "list[Record]":
    held = process.place.store.records("alarm", business_unit=process.unit)
    return [one for one in held if word(one.document, "kind") == "target"]


def _settle(process: Process, result: pl.DataFrame, context: Context) -> tuple[list[str], list[str]]:
    """Open alarms of weeks that missed, bring those up to date that say something else now, and close those that were put right."""
    held = {one.id: one for one in _alarms(process)}
    edits: list[Edit] = []
    opened, closed = [], []
    for row in result.iter_rows(named=True):
        name = _alarm_id(row)
        before = held.get(name)
        status = word(before.document, "status") if before is not None else ""
        if not row["missed"]:
            if before is not None and status != "closed":
                edits.append(edited(before, status="closed"))
                closed.append(name)
            continue
        statement = miss_sentence(row, process.plan.setting.currency)
        if before is None:
            edits.append(Edit("alarm", name, 0, _alarm(row, statement)))
            opened.append(name)
        elif status == "closed" or word(before.document, "statement") != statement:
            edits.append(edited(before, status="open", statement=statement, seen_by=[]))
            opened.append(name)
    if edits:
        process.change(edits, context, "target check")
    return opened, closed


def _alarm(row: dict[str, object], statement: str) -> dict[str, object]:
    return {
        "kind": "target",
        "subject": f"{row['family']}, {row['measure']}, week of {row['week']}",
        "statement": statement,
        "roles": _ROLES[str(row["measure"])],
        "people": [],
        "status": "open",
    }
