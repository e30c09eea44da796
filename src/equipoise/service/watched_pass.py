"""One look at a watched workspace: take in what was said, run the plan, answer questions, and write the results."""

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from equipoise.errors import EquipoiseError, Fault, InputError, Where
from equipoise.exchange.liveness import worker
from equipoise.process.kept import word
from equipoise.scenario import Override
from equipoise.service.asking import answered, said
from equipoise.service.briefing import brief_of, record_line
from equipoise.service.current import process_of
from equipoise.service.messages import PlanRequest, RunAnswer, TryAnswer
from equipoise.service.messages.briefs import BRIEFS
from equipoise.service.messages.decisions import InboxAnswer, InboxLine, ReviewAnswer
from equipoise.service.messages.watching import EffectLine, FileState, InboxResult, MadeLine, State, WatchStatus
from equipoise.service.overrides import read_override
from equipoise.service.recorded import override_of
from equipoise.service.records import PROPOSED
from equipoise.service.register import Context, call
from equipoise.service.trying import effect
from equipoise.service.watched_files import ASK, INBOX, RESULTS, Results, said_in, ticket_of
from equipoise.service.workspace import Workspace
from equipoise.store.contract import Record
from equipoise.store.glance import peek
from equipoise.tables import KEPT

_EVERY = tuple(KEPT)
_NOTHING = 1e-9
_MEASURES = (
    *("demand", "shipped", "shortage", "service_level", "revenue", "gross_margin", "supply_cost", "contribution", "cash_flow"),
    *("inventory_value_end", "inventory_value_average", "overtime_quantity", "average_utilisation"),
)
"""What an effect is told in."""

_MOST_COMMANDS = 5


@dataclass
class Watched:
    """A workspace that is watched, and what is known of it from one look to the next."""

    place: Workspace
    context: Context
    results: Results
    line: int = -1
    version: str = ""
    error: EquipoiseError | None = None
    _run: RunAnswer | None = None
    _files: dict[str, FileState] = field(default_factory=dict)
    _told: tuple[str, int] = ("", -1)
    _tried: dict[str, TryAnswer | EquipoiseError] = field(default_factory=dict)

    def look(self) -> WatchStatus:
        """Look once, write the results and return where the plan stands. A fault in what was given is a result like any other.

        Raises StoreError where results cannot be written.
        """
        self.tell("working", "reads")
        self.error = None
        inbox = self._take()
        self.line = self._last_line()
        self._plan()
        self._ask()
        if not self._fails():
            self._brief()
            self._say(inbox)
        return self.tell("faults" if self._fails() else "ready")

    def _fails(self) -> bool:
        return self.error is not None

    def tell(self, state: State, doing: str = "") -> WatchStatus:
        """Write where the plan stands, and return it."""
        waiting = self._waiting() if state in {"ready", "faults"} else ([], [])
        status = WatchStatus(
            state=state,
            ticket=ticket_of(self.place.plan_file),
            at=f"{dt.datetime.now().astimezone():%Y-%m-%d %H:%M:%S}",
            watched_by=worker() if state != "stopped" else "",
            doing=doing,
            plan_file=self.place.plan_file.name,
            errors=f"{RESULTS}/errors.yaml" if self.error is not None else "",
            plan=self._run.plan if self._run is not None else "",
            version=self.version,
            headline=self._run.headline if self._run is not None else [],
            briefs=[f"{RESULTS}/{step}.yaml" for step in BRIEFS] if self._told[0] else [],
            files=[*self._files.values()],
            waiting=waiting[0],
            people=waiting[1],
        )
        self.results.write("status.yaml", status)
        return status

    def _asked(self) -> dict[str, object]:
        return {"plan": str(self.place.plan_file), "workspace": str(self.place.folder)}

    def _last_line(self) -> int:
        return peek(self.place.folder, _EVERY)[0]

    def changed_record(self) -> bool:
        """Whether somebody has changed the record since the last look: accepted, decided, edited."""
        return self._last_line() != self.line

    def _take(self) -> InboxAnswer | None:
        """Take in the files of the inbox; None where there are none, or the plan file cannot be understood, which its run tells."""
        if not said_in(self.place, INBOX):
            return None
        try:
            answer = call("inbox take", self._asked(), self.context)
        except EquipoiseError as error:
            self.error = error
            return None
        return answer if isinstance(answer, InboxAnswer) else None

    def _plan(self) -> None:
        """Run the plan; what is wrong with it is written, and taken away again when it is mended."""
        try:
            answer = call("run", self._asked(), self.context)
            if isinstance(answer, RunAnswer):
                self._run, self.version = answer, answer.version
            self.error = None
            self.results.remove("errors.yaml")
        except EquipoiseError as error:
            self.error = error
            self.results.write("errors.yaml", {"ticket": ticket_of(self.place.plan_file), **said(error)})

    def _brief(self) -> None:
        """Write the brief of each step, where the plan or the record has changed."""
        if self._told == (self.version, self._last_line()):
            return
        self._told = (self.version, self._last_line())
        process = process_of(PlanRequest.model_validate(self._asked()), self.context)
        version = self.place.version()
        for step in BRIEFS:
            self.results.write(f"{step}.yaml", brief_of(process, version, step, self.context).brief)

    def _say(self, inbox: InboxAnswer | None) -> None:
        """Write what became of each file of the inbox, and what its proposals would do."""
        self._files = {name: one for name, one in self._files.items() if not name.startswith(f"{INBOX}/")}
        lines = inbox.files if inbox is not None else []
        unit = process_of(PlanRequest.model_validate(self._asked()), self.context).unit
        kept = {one.id: one for one in self.place.store.records("inbox_file", business_unit=unit)} if lines else {}
        for line in lines:
            result = self._refused(line, inbox) if line.state == "refused" and inbox is not None else self._taken(line, kept[line.file])
            self._files[result.file] = FileState(
                file=result.file, ticket=result.ticket, state=result.state, result=self.results.write(result.file, result)
            )
        self.results.keep_only(INBOX, {line.file for line in lines})

    def _refused(self, line: InboxLine, inbox: InboxAnswer) -> InboxResult:
        file = f"{INBOX}/{line.file}"
        faults = [Fault(one.message, one.fix, Where(file, row=one.line, column=one.entry)) for one in inbox.faults if one.file == line.file]
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        error = InputError(f"{file} has {count}: nothing of it was taken in.", "Correct the file.", Where(file), faults)
        return InboxResult(file=file, ticket=ticket_of(self.place.folder / file), state="refused", error=said(error))

    def _taken(self, line: InboxLine, kept: Record) -> InboxResult:
        file = f"{INBOX}/{line.file}"
        records = list(self._made(kept))
        proposed = any(word(one.document, "status") == PROPOSED for one in records)
        return InboxResult(
            file=file,
            ticket=ticket_of(self.place.folder / file),
            state="proposed" if proposed else "taken",
            made=[_made_line(one) for one in records],
            effect=list(self._effects(records)),
        )

    def _made(self, kept: Record) -> Iterator[Record]:
        made = kept.document.get("made")
        for one in made if isinstance(made, list) else []:
            if isinstance(one, dict):
                kind, identity = str(one.get("kind")), str(one.get("id"))
                yield from (record for record in self.place.store.records(kind) if record.id == identity)

    def _effects(self, records: Sequence[Record]) -> Iterator[EffectLine]:
        """Yield what proposals do, each scenario's overrides together, and each option of a decision by itself."""
        waiting = [one for one in records if word(one.document, "status") == PROPOSED]
        overrides = [one for one in waiting if one.kind == "override"]
        for scenario in dict.fromkeys(word(one.document, "scenario") for one in overrides):
            mine = [override_of(one) for one in overrides if word(one.document, "scenario") == scenario]
            yield self._effect(f"scenario {scenario}" if scenario else "the overrides of this file", mine, scenario)
        for decision in (one for one in waiting if one.kind == "decision"):
            options = decision.document.get("options")
            for option in options if isinstance(options, list) else []:
                changes = option.get("overrides") if isinstance(option, dict) else None
                if isinstance(option, dict) and isinstance(changes, list) and changes:
                    yield self._effect(f"{decision.id}, option {option.get('name')}", [read_override(one) for one in changes], "")

    def _effect(self, of: str, overrides: Sequence[Override], scenario: str) -> EffectLine:
        changes = [one.model_copy(update={"status": "accepted"}) for one in overrides]
        key = json.dumps([self.version, self.line, scenario, [one.model_dump(mode="json") for one in changes]], sort_keys=True)
        if key not in self._tried:
            try:
                self._tried[key] = effect(self.place, self.context, changes, scenario=scenario)
            except EquipoiseError as error:
                self._tried[key] = error
        found = self._tried[key]
        told = [str(one) for one in changes]
        if isinstance(found, EquipoiseError):
            return EffectLine(of=of, changes=told, error=said(found))
        moved = [one for one in found.measures if one.name in _MEASURES and abs(one.difference or 0.0) > _NOTHING]
        rounded = [one.model_copy(update={name: _six(getattr(one, name)) for name in ("base", "value", "difference")}) for one in moved]
        return EffectLine(of=of, changes=told, plan_status=found.status, measures=rounded, gaps=found.gaps)

    def _ask(self) -> None:
        """Answer the questions that are new."""
        files = said_in(self.place, ASK)
        names = {path.relative_to(self.place.folder / ASK).as_posix(): path for path in files}
        asking = replace(self.context, door="files")
        for name, path in names.items():
            state = answered(path, self.place, self.results, self.version, asking)
            self._files[f"{ASK}/{name}"] = FileState(
                file=f"{ASK}/{name}", ticket=ticket_of(path), state=state, result=f"{RESULTS}/{ASK}/{name}"
            )
        self._files = {file: one for file, one in self._files.items() if not file.startswith(f"{ASK}/") or file[len(ASK) + 1 :] in names}
        longer = {f"long/{name.rsplit('.', 1)[0]}" for name in names}
        root = self.results.root / ASK
        held = {path.relative_to(root).as_posix() for path in root.rglob("*.yaml")} if root.is_dir() else set()
        self.results.keep_only(ASK, {*names, *(one for one in held if one.rpartition("-")[0] in longer)})

    def _waiting(self) -> tuple[list[str], list[str]]:
        """Return what waits for a person, and the commands with which they accept and decide."""
        try:
            answer = call("review list", self._asked(), self.context)
            decisions = self.place.store.records("decision") if self.place.kept else []
        except EquipoiseError:  # the plan file cannot be understood, which is told already
            return [], []
        proposals = answer.proposals if isinstance(answer, ReviewAnswer) else []
        plan = f"--plan {_quoted(str(self.place.plan_file))}"
        commands = [f"equipoise review accept {' '.join(_quoted(one.id) for one in proposals)} {plan}"] if proposals else []
        open_ = [one for one in decisions if word(one.document, "status") == "open"]
        commands += [
            f"equipoise decision decide {_quoted(one.id)} --choose OPTION --rationale WHY {plan}" for one in open_[:_MOST_COMMANDS]
        ]
        return [f"{one.kind} {one.id}: {one.says}" for one in proposals], commands


def _made_line(record: Record) -> MadeLine:
    if record.kind == "override":
        return MadeLine(id=record.id, kind=record.kind, status=word(record.document, "status") or "accepted", says=str(override_of(record)))
    line = record_line(record)
    return MadeLine(id=record.id, kind=record.kind, status=line.status or "kept", says=line.says)


def _six(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")


def _quoted(text: str) -> str:
    import shlex

    return shlex.quote(text)


def results_of(place: Workspace) -> Results:
    """Return the folder of results of a workspace."""
    return Results(Path(place.folder) / RESULTS)
