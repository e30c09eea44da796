"""Records for the tests of the process: what a store would hand back, made by hand."""

import datetime as dt

from equipoise.process.kept import Edit
from equipoise.process.template import first_day, steps_of, tasks_of
from equipoise.process.working_days import WorkingDays
from equipoise.store.contract import Record
from equipoise.tables.process_setting import ProcessSetting

AT = dt.datetime(2026, 11, 2, 8, 30)
SETTING = ProcessSetting()
DAYS = WorkingDays.from_setting(SETTING)
OPENED = first_day(SETTING, DAYS, dt.date(2026, 10, 31))


def record(kind: str, identity: str, cycle: str = "2026-10", revision: int = 1, /, **document: object) -> Record:
    return Record(kind, identity, revision, 1, 1, "", cycle, document, AT, "anna")


def kept(edit: Edit, identity: str = "", revision: int = 1) -> Record:
    """Return the record that a store makes of an edit."""
    return Record(edit.kind, edit.id or identity, revision, 1, 1, "", "2026-10", edit.document, AT, "anna")


def steps() -> list[Record]:
    return [kept(one) for one in steps_of(SETTING, DAYS, "2026-10", OPENED)]


def tasks() -> list[Record]:
    return [kept(one, f"task-{number}") for number, one in enumerate(tasks_of(SETTING, DAYS, OPENED), 1)]
