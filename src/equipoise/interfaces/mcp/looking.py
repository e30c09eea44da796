"""Tools that look: where the cycle stands, tables, where a number comes from, gaps, scenarios, records, differences."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from equipoise.errors import InputError, NotFoundError
from equipoise.interfaces.mcp.desk import Desk, uri
from equipoise.interfaces.mcp.replies import Reply, Rows, listed, rounded, shortened
from equipoise.interfaces.mcp.tool import Planned
from equipoise.service.messages import CheckAnswer, ExplainAnswer, ShowAnswer
from equipoise.service.messages.briefs import StepBriefAnswer
from equipoise.service.messages.cycle import CycleShowAnswer, FreshAnswer, StepAnswer, StepName
from equipoise.service.messages.decisions import ReviewAnswer
from equipoise.service.messages.jobs import DiffAnswer, JobListAnswer
from equipoise.tables import DICTIONARY
from equipoise.tables.figures import plural

_NATURAL = ("family", "resource", "market", "location", "measure", "line", "scenario", "kind")
"""Columns that add up to something people talk about, the first that a table has."""
_VERSION = Field(description="Version number; default: the latest")
_MEASURES = 15
_TASK = ("task", "step", "title", "owner", "due", "status", "overdue")


class Status(Planned):
    """Begin here. Where the cycle stands: what comes next, what is late, stale or waits for a person. With `step`: its gate and brief."""

    step: Annotated[StepName | None, Field(description="Its gate, tasks and brief")] = None


def status(desk: Desk, request: Status) -> Reply:
    """Return where the cycle or one of its steps stands."""
    if request.step is not None:
        return _step(desk, request.plan, request.step)
    fresh = desk.ask(FreshAnswer, "fresh", request.plan)
    facts: dict[str, object] = {"plan": desk.name(request.plan), "version": fresh.version, "stale": fresh.stale if fresh.version else None}
    headline, tables, following = list(fresh.headline[:4]), list[Rows](), [fresh.next]
    waiting, jobs = desk.ask(ReviewAnswer, "review list", request.plan), desk.ask(JobListAnswer, "job list", request.plan)
    facts["proposals waiting for a person"] = len(waiting.proposals)
    tables += listed("jobs that run, wait or failed", jobs.jobs[:5], ("job", "operation", "state", "now"), len(jobs.jobs))
    try:
        cycle = desk.ask(CycleShowAnswer, "cycle show", request.plan)
    except NotFoundError as error:
        return Reply(headline=[*headline, error.short], facts=_told(facts), tables=tables, next=[one for one in following if one])
    facts |= {
        "cycle": cycle.cycle,
        "cycle status": cycle.status,
        "due": str(cycle.due or ""),
        "tasks done": f"{cycle.done} of {cycle.total}",
    }
    tables = [
        *listed("steps", cycle.steps, ("step", "owner", "due", "status", "done", "tasks", "overdue", "version", "changed")),
        *listed("alarms", cycle.alarms[:8], ("alarm", "subject", "statement", "told"), len(cycle.alarms)),
        *tables,
    ]
    return Reply(
        headline=[*cycle.headline, *headline], facts=_told(facts), tables=tables, next=[one for one in (*cycle.next, *following) if one]
    )


def _told(facts: dict[str, object]) -> dict[str, str | int | float | bool | None]:
    return {name: rounded(value) for name, value in facts.items() if value not in (None, "")}


def _step(desk: Desk, plan: str, step: str) -> Reply:
    """Return a step of the cycle, and what the latest version shows of it; each also without the other."""
    headline, tables, facts, following = list[str](), list[Rows](), dict[str, object](), list[str]()
    try:
        found = desk.ask(StepAnswer, "step show", plan, step=step)
    except NotFoundError as error:  # no cycle is open
        headline = [error.short]
    else:
        names = ("title", "status", "owner_role", "accepting_role", "due", "version", "submitted_by", "accepted_by", "reason")
        facts = {name: str(getattr(found, name) or "") for name in names}
        headline, following = found.headline, [found.next] if found.next else []
        tables = [
            *listed("gate", found.gate, ("number", "condition", "state", "why")),
            *listed("tasks", found.tasks, _TASK),
            *listed("alarms", found.alarms, ("alarm", "subject", "statement")),
        ]
    try:
        brief = desk.ask(StepBriefAnswer, "step brief", plan, step=step).brief
    except NotFoundError:  # not run yet
        return Reply(headline=headline, facts=_told(facts), tables=tables, next=following)
    facts |= {"brief of": brief.version}
    measures = [one for one in getattr(brief, "measures", []) if getattr(one, "target", None) is not None]
    columns = ("measure", "level", "subject", "value", "target", "unit", "status")
    tables += listed("measures with a target", measures[:_MEASURES], columns, len(measures))
    told = [shortened(one) for one in brief.sentences]
    more = f'call operation="step brief" values={{"step": "{step}"}}: all that the version shows of it'
    return Reply(headline=[*headline, *told], facts=_told(facts), tables=tables, next=[*following, more])


class Check(Planned):
    """Read the plan and its data without planning: every fault with its remedy, and what was assumed."""

    limit: Annotated[int, Field(description="Most faults", ge=1, le=100)] = 20


def check(desk: Desk, request: Check) -> Reply:
    """Return what was read and what is wrong with it."""
    found = desk.ask(CheckAnswer, "check", request.plan)
    counts = {kind: sum(one.severity == kind for one in found.issues) for kind in ("error", "warning", "note")}
    said = ", ".join(f"{count} {plural(kind, count)}" for kind, count in counts.items() if count) or "no faults"
    worst = sorted(found.issues, key=lambda one: ("error", "warning", "note").index(one.severity))
    return Reply(
        headline=[f"{len(found.tables)} tables with {sum(found.tables.values()):,} rows were read: {said}."],
        facts={"assumptions": len(found.assumptions)},
        tables=[
            *listed(
                "faults",
                worst[: request.limit],
                ("severity", "source", "table", "row", "column", "message", "fix"),
                len(found.issues),
                _answer(desk, request.plan, "check", "issues") if len(found.issues) > request.limit else "",
            ),
            *listed(
                "assumed",
                [{"assumption": one} for one in found.assumptions[:12]],
                ("assumption",),
                len(found.assumptions),
                _answer(desk, request.plan, "check", "assumptions") if len(found.assumptions) > 12 else "",
            ),
        ],
    )


def _answer(desk: Desk, plan: str, operation: str, part: str, values: str = "") -> str:
    return uri("plan", desk.name(plan), "answer", operation, part=part, values=values)


class Table(Planned):
    """Look at a table of a version: first rows, and totals by its natural dimension where there are many. Without a table: their names."""

    table: Annotated[str, Field(description="Such as demand_plan, supply_plan, capacity_load, kpi, financials")] = ""
    where: Annotated[list[str], Field(description="column=value, also by family, region; a,b lists; 2027-01..2027-06")] = []
    columns: Annotated[list[str], Field(description="Default: all that hold something")] = []
    by: Annotated[list[str], Field(description="Add up by these, periods across")] = []
    measure: Annotated[str, Field(description="Column to add up")] = ""
    sort: Annotated[list[str], Field(description="Columns; -column: largest first")] = []
    version: Annotated[int | None, _VERSION] = None
    limit: Annotated[int, Field(ge=1, le=200)] = 12


def table(desk: Desk, request: Table) -> Reply:
    """Return rows of a table, with where the rest is."""
    if not request.table:
        return _names(desk, request)
    asked = {"table": request.table, "where": request.where, "sort": request.sort, "version": request.version, "limit": request.limit}
    if request.by or request.measure:
        found = _shown(desk, request.plan, **asked, pivot=True, by=request.by, measure=request.measure)
    else:
        found = _shown(desk, request.plan, **asked, columns=request.columns)
    rest = ""
    if found.total_rows > len(found.rows):
        query = {"where": "&".join(request.where), "by": ",".join(request.by), "measure": request.measure, "sort": ",".join(request.sort)}
        rest = uri("plan", desk.name(request.plan), "version", found.version, "table", request.table, **query)
    tables = [_rows(request.table, found, rest)]
    if rest and not request.by and not request.measure and not request.columns:
        tables += _totals(desk, request, found.total_rows)
    return Reply(headline=[found.meaning], facts={"version": found.version}, tables=tables)


def _shown(desk: Desk, plan: str, **values: object) -> ShowAnswer:
    return desk.ask(ShowAnswer, "show", plan, **{name: value for name, value in values.items() if value is not None})


def _rows(title: str, found: ShowAnswer, rest: str = "") -> Rows:
    known = set(found.units) - {""}
    title = f"{title} ({known.pop()})" if len(known) == 1 else title
    columns = [f"{name} ({unit})" if unit in known else name for name, unit in zip(found.columns, found.units, strict=True)]
    rows = [[shortened(one) if isinstance(one, str) else rounded(one) for one in row] for row in found.rows]
    return Rows(title=title, columns=columns, rows=rows, total=found.total_rows, rest=rest)


def _totals(desk: Desk, request: Table, total: int) -> list[Rows]:
    """Return the table added up by its natural dimension, periods across; none where it has none, or adding up would not shorten it."""
    definition = DICTIONARY.get(request.table)
    if definition is None or "period" not in definition.by_name or not any(one.over_time == "flow" for one in definition.columns):
        return []
    for column in (one for one in _NATURAL if one == "family" or one in definition.by_name):
        try:
            found = _shown(
                desk, request.plan, table=request.table, where=request.where, version=request.version, pivot=True, by=[column], limit=12
            )
        except InputError:
            continue
        if found.total_rows < total:
            return [_rows(f"{request.table} by {column}", found)]
    return []


def _names(desk: Desk, request: Table) -> Reply:
    found = _shown(desk, request.plan, version=request.version, limit=0)
    groups: dict[str, list[str]] = {}
    for name, group, *_ in found.rows:
        groups.setdefault(str(group), []).append(str(name))
    return Reply(
        headline=[f"Tables of {found.version}; what they mean: {uri('dictionary')}"],
        facts={group: ", ".join(names) for group, names in groups.items()},
    )


class Explain(Planned):
    """Why a number is as it is: its origin from near to far (rows, formula, method, overrides, binding limits)."""

    table: str
    where: Annotated[list[str], Field(description="The cell: column=value for its keys")] = []
    column: Annotated[str, Field(description="Default: all numbers of the row")] = ""
    scenario: str = ""
    version: Annotated[int | None, _VERSION] = None
    limit: Annotated[int, Field(description="Most reasons", ge=1, le=60)] = 12


def explain(desk: Desk, request: Explain) -> Reply:
    """Return where a number comes from, in sentences."""
    values = {
        "table": request.table,
        "where": request.where,
        "column": request.column,
        "scenario": request.scenario,
        "version": request.version,
    }
    found = desk.ask(
        ExplainAnswer, "explain", request.plan, **{name: value for name, value in values.items() if value not in (None, "")}, limit=60
    )
    cell = {name: rounded(value) for name, value in found.cell.items() if value not in (None, "")}
    reasons = [{"table": one.table, "reason": one.statement} for one in found.reasons]
    return Reply(
        facts={"version": found.version, **cell},
        tables=listed("reasons, nearest first", reasons[: request.limit], ("table", "reason"), len(reasons)),
    )


class Gaps(Planned):
    """Gaps between demand, supply, stock and budget, ranked by money, and the options that were proven. With `gap`: its causes too."""

    gap: Annotated[int | None, Field(description="Rank of one gap", ge=1)] = None
    version: Annotated[int | None, _VERSION] = None
    limit: Annotated[int, Field(ge=1, le=50)] = 8


def gaps(desk: Desk, request: Gaps) -> Reply:
    """Return gaps and options of a version."""
    found = _table(desk, request.plan, "gap", request.version)
    main = sorted((row for row in found if row["level"] != "item" and row["rank"] is not None), key=lambda row: int(str(row["rank"])))
    options = _table(desk, request.plan, "option", request.version)
    causes: list[dict[str, object]] = []
    if request.gap is not None:
        main = [row for row in found if row["rank"] == request.gap]
        options = [row for row in options if row.get("gap") == request.gap]
        causes = [row for row in _table(desk, request.plan, "gap_cause", request.version) if row["rank"] == request.gap]
    shown = main[: request.limit]
    number = _number(desk, request.plan, request.version)
    place = uri("plan", desk.name(request.plan), "version", number, "table", "gap") if len(main) > len(shown) else ""
    columns = ("rank", "option", "statement", "net_money", "one_off_cost", "effective", "status", "because", "catch")
    return Reply(
        headline=[] if found else ["There are no gaps."],
        facts={"version": number},
        tables=[
            *listed("gaps", shown, ("rank", "kind", "stake", "sentence", "suggestion"), len(main), place),
            *listed("causes", causes, ("sentence", "share", "value")),
            *listed("options", options, columns),
        ],
    )


def _table(desk: Desk, plan: str, name: str, version: int | None) -> list[dict[str, object]]:
    """Return all rows of a table that has few; none where the version has no such table."""
    try:
        found = _shown(desk, plan, table=name, version=version, limit=0)
    except NotFoundError:
        _number(desk, plan, version)
        return []
    empty = dict.fromkeys(DICTIONARY[name].by_name)
    return [{**empty, **dict(zip(found.columns, row, strict=True))} for row in found.rows]


def _number(desk: Desk, plan: str, version: int | None) -> str:
    return _shown(desk, plan, table="setting", version=version, limit=1).version


class Scenarios(Planned):
    """Compare scenarios: measures side by side, and how likely they are."""

    measures: Annotated[list[str], Field(description="Default: the main ones; all: every one")] = []
    version: Annotated[int | None, _VERSION] = None


_MAIN = (
    "demand",
    "shipped",
    "shortage",
    "service_level",
    "revenue",
    "gross_margin",
    "contribution",
    "cash_flow",
    "inventory_value_end",
    "weeks_of_supply",
    "peak_utilisation",
)


def scenarios(desk: Desk, request: Scenarios) -> Reply:
    """Return scenarios side by side."""
    about = _table(desk, request.plan, "scenario", request.version)
    results = _table(desk, request.plan, "scenario_result", request.version)
    measures = list(dict.fromkeys(str(row["measure"]) for row in results))
    wanted = measures if "all" in request.measures else [one for one in measures if one in (request.measures or _MAIN)]
    if request.measures and not wanted:
        raise InputError(f"No scenario has {', '.join(request.measures)[:200]}.", f"Measures: {', '.join(measures)}.")
    value = {(row["scenario"], row["measure"]): row["value"] for row in results}
    unit = {row["measure"]: row["unit"] for row in results}
    names = [str(row["scenario"]) for row in about]
    rows = [[f"{one} ({unit[one]})", *(rounded(value.get((name, one))) for name in names)] for one in wanted if one != "status"]
    notes = [f"{row['scenario']}: {row['note']}" for row in results if row["measure"] == "status" and row["note"] not in ("", "solved")]
    compared = [Rows(title="measures", columns=["measure", *names], rows=rows, total=len(rows))] if rows else []
    return Reply(
        headline=notes,
        facts={"version": _number(desk, request.plan, request.version)},
        tables=[*listed("scenarios", about, ("scenario", "description", "likelihood", "impact")), *compared],
    )


class Diff(Planned):
    """What differs between two versions: overrides, settings, files, figures, largest differences."""

    before: Annotated[str, Field(description="Version; default: the last that stands for good")] = ""
    after: Annotated[str, Field(description="Version; default: the latest")] = ""
    table: Annotated[list[str], Field(description="Tables to compare")] = []
    by: Annotated[list[str], Field(description="Default: family, market, period")] = []
    limit: Annotated[int, Field(ge=1, le=50)] = 6


def diff(desk: Desk, request: Diff) -> Reply:
    """Return what differs between two versions."""
    found = desk.ask(DiffAnswer, "diff", request.plan, **request.model_dump(exclude={"plan"}))
    moved = [one for one in found.figures if one.difference]
    return Reply(
        headline=found.headline,
        facts={"before": found.before, "after": found.after},
        tables=[
            *listed("overrides", found.overrides, ("change", "override", "scenario", "statement", "was", "by", "reason")),
            *listed("settings", found.settings, ("name", "before", "after")),
            *listed("files", found.files[: request.limit], ("name",), len(found.files)),
            *listed("measures", moved[:12], ("name", "before", "after", "difference", "unit"), len(moved)),
            *listed("largest differences", found.differences, ("table", "cells", "column", "before", "after", "difference", "unit")),
        ],
    )


class Records(Planned):
    """What was recorded, by kind: decisions, actions, overrides, proposals that wait and so on. With `id`: one, with its history."""

    kind: Literal["decision", "action", "assumption", "risk", "comment", "override", "proposal", "task", "alarm"]
    id: str = ""
    status: Annotated[str, Field(description="Only in this status")] = ""
    about: Annotated[str, Field(description="Only those with these words")] = ""
    limit: Annotated[int, Field(ge=1, le=100)] = 20


_COLUMNS: dict[str, tuple[str, ...]] = {
    "decision": ("decision", "question", "recommendation", "stake", "decider_role", "decider", "due", "status", "chosen", "overdue"),
    "action": ("action", "statement", "owner", "owner_role", "due", "status", "overdue", "decision"),
    "assumption": ("assumption", "statement", "confidence", "owner", "expires", "status"),
    "risk": ("risk", "kind", "statement", "probability", "money", "units", "owner", "status"),
    "comment": ("comment", "subject", "statement", "author", "answers", "resolved"),
    "override": ("override", "change", "scenario", "status", "state", "author", "reason", "assumption", "expires", "note"),
    "proposal": ("id", "kind", "says", "by", "reason"),
    "task": _TASK,
    "alarm": ("alarm", "subject", "statement", "told", "status"),
}
_ASKED = {"proposal": ("review list", "proposals"), "task": ("task list", "tasks"), "alarm": ("alarm list", "alarms")}


def records(desk: Desk, request: Records) -> Reply:
    """Return records of a kind, the latest last, or one of them with its history."""
    if request.id:
        return _record(desk, request)
    operation, part = _ASKED.get(request.kind, (f"{request.kind} list", "overrides" if request.kind == "override" else "records"))
    values: dict[str, object] = {"limit": 0} if operation.split()[0] == request.kind and request.kind not in _ASKED else {}
    if request.kind == "alarm":
        values["all"] = True
    answer = desk.ask(BaseModel, operation, request.plan, **values)
    held = [one.model_dump(mode="json") for one in getattr(answer, part)]
    words = request.about.casefold()
    found = [
        one
        for one in held
        if (not request.status or one.get("status") == request.status) and words in " ".join(map(str, one.values())).casefold()
    ]
    rest = uri("plan", desk.name(request.plan), "record", request.kind) if len(found) > request.limit else ""
    said = [] if found else [f"There is no such {request.kind}."]
    return Reply(headline=said, tables=listed(f"{request.kind}s", found[-request.limit :], _COLUMNS[request.kind], len(found), rest))


def _record(desk: Desk, request: Records) -> Reply:
    if request.kind in _ASKED:
        raise InputError(f"A {request.kind} is not shown by itself.", "List them without id, or ask for its own kind.")
    answer = desk.ask(BaseModel, f"{request.kind} show", request.plan, **{request.kind: request.id}).model_dump(mode="json")
    said = answer.get("record") or answer.get("override") or {}
    plain = {name: rounded(value) for name, value in said.items() if isinstance(value, (str, int, float)) and value not in ("", None)}
    options = [one for one in said.get("options") or [] if isinstance(one, dict)]
    history = answer.get("history", [])
    return Reply(
        headline=answer.get("headline", []),
        facts={**plain, "revision": answer.get("revision") or said.get("revision")},
        tables=[
            *listed("options", options, ("name", "statement", "net_money", "one_off_cost", "catch")),
            *listed("comments", [{"said": one} for one in answer.get("comments", [])], ("said",)),
            *listed("history", history[-8:], tuple(history[0]) if history else (), len(history)),
        ],
    )
