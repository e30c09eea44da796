"""What a record is about: cells of a table, a scenario or another record; checked so that nothing is said of what is not there."""

import re
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import TYPE_CHECKING

from equipoise.errors import InputError, NotFoundError
from equipoise.scenario import Condition, columns_of, parse_where
from equipoise.service.changes import parted
from equipoise.tables import DICTIONARY, KEPT
from equipoise.tables.ceilings import short_enough

if TYPE_CHECKING:
    from equipoise.gather import Plan

_CELL = re.compile(r"(?P<table>[a-z_]+)(?:\.(?P<column>[a-z_0-9]+))?(?: (?P<where>[^ =][^=]*=.*))?")
_NUMBERED = re.compile(r"([a-z_]+)-\d+")
_FORMS = "Write a cell such as 'demand_plan item=A, period=2027-03', 'scenario NAME', or a record such as decision-3 or 'risk NAME'."


def check_subject(text: str, plan: "Plan", look: "Callable[[str, str], object]") -> str:
    """Return what a record is about, blanks made single. `look` returns the record of a kind and id.

    Raises InputError or NotFoundError, naming the nearest, where it is nothing.
    """
    said = " ".join(text.split())
    first, _, rest = said.partition(" ")
    if first == "scenario" and rest:
        check_scenario(rest, plan)
        return said
    numbered = _NUMBERED.fullmatch(said)
    if numbered is not None and numbered[1] in KEPT:
        look(numbered[1], said)
        return said
    if first in KEPT and rest and "=" not in rest:
        look(first, rest)
        return said
    check_cell(said)
    return said


def check_cell(text: str) -> None:
    """Raise InputError, naming the nearest, where a text names no cells: a table with a column of it, and conditions on its columns."""
    found = _CELL.fullmatch(short_enough(text, "subject"))
    if found is None:
        raise InputError(f"'{text}' is no cell, scenario or record.", _FORMS)
    name = found["table"]
    if name not in DICTIONARY:
        near = get_close_matches(name, [*DICTIONARY, "scenario"], n=1)
        raise InputError(f"There is no table {name}.", f"Did you mean {near[0]}?" if near else _FORMS)
    columns = columns_of(name)
    if found["column"] and found["column"] not in columns:
        _unknown(name, found["column"], columns)
    for column in parse_where(parted(found["where"] or "", name)):
        if column not in columns:
            _unknown(name, column, columns)


def cells_of(text: str) -> tuple[str, dict[str, Condition]] | None:
    """Return the table and the conditions of a text that names cells; None where it names a scenario, a record or nothing known."""
    found = _CELL.fullmatch(" ".join(text.split()))
    if found is None or found["table"] not in DICTIONARY:
        return None
    return found["table"], parse_where(parted(found["where"] or "", found["table"]))


def _unknown(name: str, column: str, columns: Iterable[str]) -> None:
    near = get_close_matches(column, sorted(columns), n=1)
    fix = f"Did you mean {near[0]}?" if near else f"Its columns are {', '.join(DICTIONARY[name].by_name)}."
    raise InputError(f"{name} has no column {column}.", fix)


def check_scenario(name: str, plan: "Plan") -> None:
    """Raise NotFoundError, naming the nearest, where a plan has no such scenario."""
    names = [one.name for one in plan.scenarios]
    if name not in names:
        near = get_close_matches(name, names, n=3, cutoff=0.4) or names
        raise NotFoundError(f"There is no scenario {name}.", f"There are: {', '.join(near)}.")
