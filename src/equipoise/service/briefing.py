"""The brief of a step: what it has to show in few lines, for agents and for people in a hurry; all of it is in the tables."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import polars as pl

from equipoise.process.kept import word
from equipoise.service.brief_tables import (
    bottlenecks,
    demand_by_family,
    demand_by_period,
    forecast_errors,
    latest_measures,
    loads,
    short_items,
    streams,
)
from equipoise.service.current import Process, process_of
from equipoise.service.messages.briefs import BRIEFS, GapLine, NeededLine, OptionLine, RecordLine, StepBriefAnswer, StepBriefRequest
from equipoise.service.messages.overrides import OverrideListRequest
from equipoise.service.messages.planning import IssueLine, ScenarioLine
from equipoise.service.overrides import override_list
from equipoise.service.register import Context
from equipoise.service.step_tables import made_in, step_of
from equipoise.store import Version
from equipoise.store.contract import Record
from equipoise.tables import DICTIONARY, GIVEN
from equipoise.tables.main_gaps import main_gaps

MOST = 12
"""Most lines of a list."""

_PAGES = {
    "demand_review": ("demand_plan.md",),
    "supply_review": ("supply_plan.md",),
    "pre_sop": ("pre_sop.md", "scenarios.md"),
    "executive_sop": ("summary.md", "action_items.md"),
    "measure": ("summary.md",),
}
_SECTIONS = {
    "demand_review": ("Demand",),
    "supply_review": ("Supply",),
    "pre_sop": ("Money",),
    "executive_sop": ("Headline",),
}
_Line = TypeVar("_Line")
_Made = TypeVar("_Made", GapLine, OptionLine, NeededLine)
_SETTLED = ("done", "dropped", "retired", "closed")


@dataclass
class _Desk:
    """A version's tables, read as they are asked for, and what was left out of its lists."""

    process: Process
    version: Version
    context: Context
    left_out: dict[str, int] = field(default_factory=dict)

    def table(self, name: str) -> pl.DataFrame:
        """Return a table of the version; an empty one where it was made without."""
        held = self.version.tables.get(name)
        return self.process.place.store.table(held) if held is not None else DICTIONARY[name].empty()

    def first(self, name: str, lines: Sequence[_Line], most: int = MOST) -> list[_Line]:
        """Return the first of many lines, and note how many are left out of the list `name`."""
        if len(lines) > most:
            self.left_out[name] = len(lines) - most
        return list(lines[:most])


def step_brief(request: StepBriefRequest, context: Context) -> StepBriefAnswer:
    """Return the brief of a step of the plan's last version. Raises NotFoundError where the plan was not run yet."""
    process = process_of(request, context)
    return brief_of(process, process.place.version(), request.step, context)


def brief_of(process: Process, version: Version, step: str, context: Context) -> StepBriefAnswer:
    """Return the brief of a step of a version."""
    desk = _Desk(process, version, context)
    said = _PARTS[step](desk)
    values = {
        "step": step,
        "plan": version.plan,
        "version": version.name,
        "sentences": desk.first("sentences", list(_sentences(desk, step))),
        **said,
        "left_out": desk.left_out,
        "folder": (process.place.outputs(version.plan) / version.name).relative_to(process.place.folder).as_posix(),
        "pages": [page for page in _PAGES.get(step, ()) if page in version.files],
        "tables": list(_files(desk, step)),
    }
    return StepBriefAnswer.model_validate({"brief": BRIEFS[step].model_validate(values)})


def _sentences(desk: _Desk, step: str) -> Iterator[str]:
    summary = desk.table("executive_summary").sort("position")
    for section in _SECTIONS.get(step, ()):
        yield from summary.filter(pl.col("section") == section).get_column("statement")


def _files(desk: _Desk, step: str) -> Iterator[str]:
    """Yield the tables of a step that have rows and were written: those that it makes, and of gather those that were given."""
    names = [name for name in GIVEN if step_of(name) != "pre_sop"] if step == "gather" else made_in(step)
    for name in names:
        if f"tables/{name}.csv" in desk.version.files and desk.table(name).height:
            yield name


def _gather(desk: _Desk) -> dict[str, object]:
    made = [
        f"{row['statement']}{' (' + row['origin'] + ')' if row['origin'] else ''}"
        for row in desk.table("assumption_made").iter_rows(named=True)
    ]
    issues = [IssueLine.model_validate(one) for one in _listed(desk.version.figures.get("issues"))]
    rows = {name: desk.table(name).height for name in GIVEN if name in desk.version.tables}
    return {
        "rows": {name: height for name, height in rows.items() if height},
        "assumptions": desk.first("assumptions", made),
        "issues": desk.first("issues", issues),
    }


def _demand_review(desk: _Desk) -> dict[str, object]:
    plan, baseline, item = desk.table("demand_plan"), desk.table("baseline"), desk.table("item")
    place = desk.process.place
    asked = OverrideListRequest(plan=str(place.plan_file), workspace=str(place.folder), limit=0)
    changes = [
        f"{one.override}: {one.change}. {one.author}: {one.reason or 'no reason given'} ({one.state})"
        for one in override_list(asked, desk.context).overrides
        if one.state not in {"rejected", "off"}
    ]
    return {
        "periods": desk.first("periods", demand_by_period(plan, baseline), 24),
        "families": desk.first("families", demand_by_family(plan, baseline, item)),
        "streams": desk.first("streams", streams(desk.table("stream"))),
        "changes": desk.first("changes", changes),
        "flags": desk.first("flags", desk.table("override_flag").get_column("statement").to_list()),
        "errors": forecast_errors(desk.table("kpi")),
    }


def _supply_review(desk: _Desk) -> dict[str, object]:
    facts = dict(desk.table("solution").select("fact", "value").iter_rows())
    return {
        "status": facts.get("status", ""),
        "resources": desk.first("resources", loads(desk.table("capacity_load"))),
        "limits": desk.first("limits", bottlenecks(desk.table("binding"))),
        "short": desk.first("short", short_items(desk.table("shortage"))),
        "broken": desk.first("broken", [_spoken(row) for row in desk.table("violation").iter_rows(named=True)]),
    }


def _spoken(row: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in row.items() if value not in (None, ""))


def _pre_sop(desk: _Desk) -> dict[str, object]:
    gaps, options = main_gaps(desk.table("gap").sort("rank")), desk.table("option").sort("rank", nulls_last=True)
    questions = desk.table("option_question").sort("question")
    return {
        "gaps": desk.first("gaps", _lines(GapLine, gaps), 8),
        "options": desk.first("options", _lines(OptionLine, options)),
        "questions": desk.first("questions", questions.get_column("statement").to_list()),
        "scenarios": [ScenarioLine.model_validate(_rounded(one)) for one in _listed(desk.version.figures.get("scenarios"))],
        "risks": desk.first("risks", desk.table("risk_register").sort("rank").get_column("sentence").to_list()),
        "decisions_needed": desk.first("decisions_needed", _lines(NeededLine, desk.table("decision_needed").sort("decision"))),
    }


def _lines(kind: type[_Made], frame: pl.DataFrame) -> list[_Made]:
    """Return rows of a table as lines that have some of its columns."""
    names = [name for name in kind.model_fields if name in frame.columns]
    rows = frame.select(names).iter_rows(named=True)
    return [kind.model_validate(_rounded({name: value for name, value in row.items() if value is not None})) for row in rows]


def _executive_sop(desk: _Desk) -> dict[str, object]:
    figures = [_rounded(one) for one in _listed(desk.version.figures.get("figures"))]
    return {
        "figures": [one for one in figures if one.get("value") is not None],
        "raised": desk.version.figures.get("raised", []),
        "decisions": desk.first("decisions", _records(desk, "decision")),
        "actions": desk.first("actions", _records(desk, "action")),
        "suggested_actions": desk.first("suggested_actions", _listed_words(desk.version.figures.get("actions"))),
        "assumptions": desk.first("assumptions", _records(desk, "assumption")),
    }


def _records(desk: _Desk, kind: str) -> list[RecordLine]:
    """Return what of a kind is not settled, and what was decided in this cycle, in the order in which it was made."""
    held = desk.process.place.store.records(kind, business_unit=desk.process.unit)
    live = [one for one in held if word(one.document, "status") not in _SETTLED]
    return [record_line(one) for one in live if word(one.document, "status") != "decided" or one.cycle == desk.process.name]


def record_line(record: Record) -> RecordLine:
    """Return a decision, an action, an assumption, a risk or a comment in one line."""
    said = record.document
    options = [str(one.get("name")) for one in _listed(said.get("options"))]
    return RecordLine(
        id=record.id,
        says=word(said, "statement") or word(said, "question"),
        status=word(said, "status"),
        who=word(said, "decider") or word(said, "decider_role") or word(said, "owner") or word(said, "owner_role"),
        due=word(said, "due") or word(said, "expires"),
        options=options,
        chosen=word(said, "chosen"),
    )


def _measure(desk: _Desk) -> dict[str, object]:
    measures, missing = latest_measures(desk.table("kpi"))
    alarms = desk.process.place.store.records("alarm", business_unit=desk.process.unit)
    told = [word(one.document, "statement") for one in alarms if word(one.document, "status") == "open"]
    return {
        "measures": desk.first("measures", measures, 24),
        "missing": desk.first("missing", missing),
        "missed": desk.first("missed", told),
    }


def _listed(values: object) -> list[dict[str, object]]:
    return [one for one in values if isinstance(one, dict)] if isinstance(values, list) else []


def _listed_words(values: object) -> list[str]:
    return [str(one) for one in values] if isinstance(values, list) else []


def _rounded(row: Mapping[str, object]) -> dict[str, object]:
    """Return values with numbers to six digits, which is what people talk about, without those that are not known."""
    found: dict[str, object] = {}
    for name, value in row.items():
        if value is not None:
            found[name] = float(f"{value:.6g}") if isinstance(value, float) else _rounded(value) if isinstance(value, dict) else value
    return found


_PARTS: dict[str, Callable[[_Desk], dict[str, object]]] = {
    "gather": _gather,
    "demand_review": _demand_review,
    "supply_review": _supply_review,
    "pre_sop": _pre_sop,
    "executive_sop": _executive_sop,
    "measure": _measure,
}
