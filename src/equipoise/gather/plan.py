"""The plan file: one YAML file that describes a plan, in its full or its short form."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.errors import Fault, InputError, PlanFileError
from equipoise.gather import limits
from equipoise.gather.document import Group, read_document
from equipoise.gather.indentation import MARGIN
from equipoise.gather.overrides import read_overrides
from equipoise.gather.reading import Reading, nearest
from equipoise.gather.report import Report
from equipoise.gather.scenarios import read_scenarios
from equipoise.gather.sentences import understand
from equipoise.gather.settings import read_process, read_setting, setting_lines
from equipoise.gather.short_form import default_name, read_inputs, tables_of
from equipoise.gather.source import Data, Source, TableSource, inline_table, read_data
from equipoise.scenario import Override, Scenario
from equipoise.tables import GIVEN
from equipoise.tables.process_setting import ProcessSetting
from equipoise.tables.setting import Setting

OUTPUTS = ("demand_plan", "supply_plan", "gap_analysis", "scenarios", "executive_summary", "action_items")
CONSTRAINT_KEYS = ("type", "limit", "resource")
CALIBRATE_KEYS = ("resource", "load", "scale")


@dataclass(frozen=True)
class Constraint:
    """A limit in words: its kind, the sentence, what it means, whom it is about (empty: all), and its line."""

    kind: str
    sentence: str
    limit: limits.Limit
    origin: str
    line: int


@dataclass(frozen=True)
class Calibration:
    """Usage is scaled until the busiest recorded period loads `resource` to `load` (share of capacity).

    `scale` says whose usage: of all resources that no other calibration names, or of this resource alone.
    """

    resource: str
    load: float
    scale: str
    origin: str
    line: int


@dataclass(frozen=True)
class Plan:
    """A plan file, understood. `given` are the tables written into it; `data` says where the others come from.

    `promoted` are batches of overrides of the base plan that the record adds to the file's own, each laid over those before it;
    `recorded` are rows of given tables that it adds, in the dictionary's types: they take the place of rows of the same key.
    `lines` are those of the settings that the file gives.
    """

    file: str
    setting: Setting
    data: Data = field(default_factory=Data)
    given: dict[str, pl.DataFrame] = field(default_factory=dict)
    scenarios: tuple[Scenario, ...] = ()
    overrides: tuple[Override, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    calibrate: tuple[Calibration, ...] = ()
    outputs: tuple[str, ...] = OUTPUTS
    assumptions: tuple[tuple[str, str, str], ...] = ()
    faults: tuple[Fault, ...] = ()
    promoted: tuple[tuple[Override, ...], ...] = ()
    recorded: dict[str, pl.DataFrame] = field(default_factory=dict)
    process: ProcessSetting = field(default_factory=ProcessSetting)
    lines: Mapping[str, int] = field(default_factory=dict)

    @property
    def folder(self) -> str:
        """The folder or workbook that relative paths start from, or that tables are read from by name; empty: beside the plan file."""
        return self.data.folder

    @property
    def sources(self) -> Mapping[str, tuple[TableSource, ...]]:
        """How sources fill tables, by table."""
        return self.data.tables

    @property
    def files(self) -> Mapping[str, Source]:
        """The named sources."""
        return self.data.files

    @property
    def calendar(self) -> Calendar:
        """The periods of the plan."""
        return Calendar.from_setting(self.setting.calendar)


def read_plan(text: str, name: str, today: dt.date) -> Plan:
    """Return the plan that a YAML text describes. `name` is the file's name in messages; `today` is as_of where none is given.

    Raises PlanFileError with all faults, each with its line and remedy.
    """
    root = read_document(text, name)
    report = Report()
    reading = Reading(name, report)
    reading.only(root, MARGIN)
    inputs = reading.group(root, "inputs")
    setting = read_setting(root, inputs, reading, default_name(name), today)
    short = read_inputs(inputs, reading) if inputs is not None else None
    constraints = _constraints(root, "constraints", reading) + (_constraints(inputs, "inputs.constraints", reading) if inputs else ())
    if setting is not None:
        setting = _with_fence(setting, constraints, reading)
    given = _inline(root, reading)
    if short is not None and setting is not None and not report.errors:
        given = {**tables_of(short, Calendar.from_setting(setting.calendar), reading), **given}
    data = read_data(root, reading)
    _require_data(root, data, reading)
    overrides = read_overrides(root, "overrides", reading)
    scenarios = read_scenarios(root, setting, reading)
    calibrate = _calibrate(root, reading)
    outputs = _outputs(root, reading)
    process = read_process(root, reading)
    if report.errors or setting is None:
        raise PlanFileError(f"The plan file {name} has {len(report.errors)} fault(s).", faults=report.ordered())
    return Plan(
        file=name,
        setting=setting,
        data=data,
        given=given,
        scenarios=scenarios,
        overrides=overrides,
        constraints=constraints,
        calibrate=calibrate,
        outputs=outputs,
        assumptions=tuple(report.assumptions),
        faults=tuple(report.faults),
        process=process,
        lines=setting_lines(root, inputs),
    )


def _require_data(root: Group, data: Data, reading: Reading) -> None:
    if not any(key in root.entries for key in ("data", "inputs", "tables")):
        fix = "Give `data: a-folder`, tables written under `tables:`, or the short form with `inputs:`."
        reading.error("The plan file names no data.", fix, root.line)
    if data.by_name and not data.folder and not data.files:
        reading.error("`data` names no folder.", "Give `data: a-folder` or `data: a-workbook.xlsx`.", root.line_of("data"))


def _inline(root: Group, reading: Reading) -> dict[str, pl.DataFrame]:
    group = reading.group(root, "tables")
    found: dict[str, pl.DataFrame] = {}
    for name in group.entries if group else ():
        if group is None or name not in GIVEN:
            reading.error(f"There is no table {name}.", nearest(name, GIVEN), group.line_of(name) if group else root.line, "tables")
            continue
        frame = inline_table(name, group, reading)
        if frame is not None:
            found[name] = frame
    return found


def _constraints(parent: Group, path: str, reading: Reading) -> tuple[Constraint, ...]:
    found = []
    for entry in reading.groups(parent, "constraints", path):
        reading.only(entry, CONSTRAINT_KEYS, path)
        sentence = reading.text(entry, "limit", path=path)
        line = entry.line_of("limit")
        if not sentence:
            reading.error("A constraint has no limit.", "Say it in words: `limit: 10% overtime max`.", entry.line, path)
            continue
        try:
            limit = understand(sentence)
        except InputError as error:
            reading.error(error.message, error.fix, line, f"{path}.limit")
            continue
        resource = reading.text(entry, "resource", path=path)
        if resource and limit.subject:
            reading.error(f"The limit is about {limit.subject}, but `resource` is {resource}.", "Keep one of them.", line, path)
            continue
        if resource:
            limit = _about(limit, resource)
        found.append(Constraint(reading.text(entry, "type", path=path), sentence, limit, reading.at(line), line))
    return tuple(found)


def _about(limit: limits.Limit, subject: str) -> limits.Limit:
    from dataclasses import replace

    return replace(limit, subject=subject)


def _with_fence(setting: Setting, constraints: tuple[Constraint, ...], reading: Reading) -> Setting:
    """Return the settings with the frozen fence that a sentence asks for."""
    for constraint in constraints:
        if isinstance(constraint.limit, limits.Frozen):
            periods = constraint.limit.periods(Calendar.from_setting(setting.calendar))
            if periods > setting.calendar.horizon:
                reading.error(
                    f"'{constraint.sentence}' freezes {periods} periods of a horizon of {setting.calendar.horizon}.",
                    "Freeze fewer.",
                    constraint.line,
                    "constraints",
                )
                continue
            setting = setting.model_copy(update={"calendar": setting.calendar.model_copy(update={"frozen": periods})})
            statement = f"'{constraint.sentence}' is read as: the plan of the first {periods} period(s) no longer changes."
            reading.report.assume("calendar.frozen", statement, constraint.origin)
    return setting


def _calibrate(root: Group, reading: Reading) -> tuple[Calibration, ...]:
    found: dict[str, Calibration] = {}
    for entry in reading.groups(root, "calibrate"):
        reading.only(entry, CALIBRATE_KEYS, "calibrate")
        resource = reading.text(entry, "resource", path="calibrate")
        load = reading.number(entry, "load", "calibrate")
        scale = reading.text(entry, "scale", "all", "calibrate", ("all", "resource"))
        if not resource or load is None or load <= 0:
            reading.error(
                "A calibration needs a resource and a load above 0.", "Write `resource: Line 1` and `load: 0.85`.", entry.line, "calibrate"
            )
            continue
        if resource in found:
            reading.error(f"{resource} is calibrated twice.", "Keep one of them.", entry.line, "calibrate")
        found[resource] = Calibration(resource, load, scale, reading.at(entry.line), entry.line)
    return tuple(found.values())


def _outputs(root: Group, reading: Reading) -> tuple[str, ...]:
    wanted = reading.texts(root, "outputs")
    for word in wanted:
        if word not in OUTPUTS:
            reading.error(f"There is no output {word}.", nearest(word, OUTPUTS), root.line_of("outputs"), "outputs")
    return wanted or OUTPUTS
