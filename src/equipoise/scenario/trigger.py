"""Triggers: what tells that a risk or an opportunity comes, as one sentence that is evaluated on the tables of every run.

`mean of history.quantity where family=Tents and market=Nordic Retail, last 3 periods < 900` reads a measure of a column, which rows,
which periods, and the number it is compared with. What is behind `where` speaks the language of overrides.
"""

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from math import isfinite
from typing import Literal

import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.errors import InputError
from equipoise.scenario.cells import Cells
from equipoise.scenario.condition import Condition, parse_where
from equipoise.scenario.override import ATTRIBUTES
from equipoise.tables import DICTIONARY, GIVEN, table
from equipoise.tables.ceilings import short_enough
from equipoise.tables.column import Column
from equipoise.tables.figures import number

Measure = Literal["sum", "mean", "last", "most", "least", "count", "change"]

# What a trigger may look at: what is given, and of what is made, what tells early that a plan goes off.
WATCHED = (*("kpi", "gap", "scenario_result", "demand_plan", "baseline", "inventory_plan", "capacity_load"), "period")
TRIGGER_TABLES = (*(name for name in GIVEN if name != "risk_opportunity"), *WATCHED)
FORMS = (
    "Write: sum, mean, last, most, least or count of TABLE.COLUMN [where COLUMN=VALUE [and COLUMN=VALUE]] [, last or next N periods] "
    "< 900 (or <=, >, >=); or: change of TABLE.COLUMN [where ...], last N periods against the N before (or: against the same a year "
    "before) > 10 %."
)

_MEASURES: tuple[Measure, ...] = ("sum", "mean", "last", "most", "least", "count", "change")
_COMPARED: dict[str, Callable[[float, float], bool]] = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_WORDS = {"<": "below", "<=": "at most", ">": "above", ">=": "at least"}
_END = re.compile(r"\s*(<=|>=|≤|≥|<|>)\s*([-+−]?)\s*(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)\s*(%?)\s*$")
_WINDOW = re.compile(
    r"\s*,?\s+(last|next)\s+(\d{1,4})\s+(periods?|weeks?|months?|quarters?)"
    r"(?:\s+against\s+the\s+(?:(\d{1,4})\s+before|(same)(?:\s+\w+)?\s+a\s+year\s+(?:before|ago)))?$",
    re.IGNORECASE,
)
_HEAD = re.compile(r"(\w+)\s+of\s+(\w+)(?:\s*\.\s*(\w+))?(?:\s+where\s+(.+))?", re.IGNORECASE | re.DOTALL)
_AND = re.compile(r"\s+and\s+(?=\w+\s*=)", re.IGNORECASE)
_NOUNS = {"week": "week", "month": "month", "quarter": "quarter", "4-4-5": "month"}


@dataclass(frozen=True, slots=True)
class Window:
    """Periods that count: the last or next `count`; those of a change are held against the `before` ahead of them, or a year before."""

    side: Literal["last", "next"]
    count: int
    before: int = 0
    year_before: bool = False


@dataclass(frozen=True)
class Trigger:
    """A sentence understood. `limit` is a fraction where the sentence gives percents (`percent`); `text` is the sentence."""

    text: str
    measure: Measure
    table: str
    column: str
    where: Mapping[str, Condition]
    window: Window | None
    compared: str
    limit: float
    percent: bool

    def __str__(self) -> str:
        return self.text

    @property
    def over_time(self) -> str:
        """How the column adds up over periods: flow, stock, ratio, or nothing where the dictionary does not say."""
        return DICTIONARY[self.table].by_name[self.column].over_time if self.column else ""

    @property
    def dated(self) -> bool:
        """Whether the rows of the table have a period each."""
        return "period" in DICTIONARY[self.table].by_name

    def met(self, value: float) -> bool:
        """Return whether a value is on the side of the limit that raises the trigger."""
        return _COMPARED[self.compared](value, self.limit)

    def shown(self, value: float) -> str:
        """Return a value as the sentence writes its limit: a number, or a percentage."""
        return f"{f'{value * 100:,.1f}'.removesuffix('.0')} %" if self.percent else number(value)

    @property
    def what(self) -> str:
        """The sentence without its comparison: what is looked at."""
        return _END.sub("", self.text).rstrip(" ,")

    @property
    def bound(self) -> str:
        """The comparison in words, with the limit as it was written: below 900."""
        limit = f"{self.limit * 100:,.10g} %" if self.percent else f"{self.limit:,.10g}"
        return f"{_WORDS[self.compared]} {limit}"

    def rows(self, frame: pl.DataFrame, masters: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
        """Return the rows of its table that `where` names; none where nothing matches."""
        return frame[Cells(self.table, frame, masters).find(self)] if self.where else frame

    def nearest(self, frame: pl.DataFrame, masters: Mapping[str, pl.DataFrame]) -> str:
        """Return, in a sentence, which names of `where` the table does not have, and what is nearest to them."""
        cells = Cells(self.table, frame, masters)
        cells.find(self)
        return cells.nearest(self)


def parse_trigger(text: str, calendar: Calendar) -> Trigger:
    """Return what a trigger says. Tables and columns are those of the data dictionary; `calendar` says what a period is.

    Raises InputError, with the forms that it knows or the nearest names, where the sentence cannot be read or asks for what its table
    does not hold.
    """
    said = " ".join(short_enough(text, "trigger").split())
    end = _END.search(said)
    if end is None:
        raise InputError(f"'{said}' does not end with a comparison to a number.", FORMS)
    rest, window = said[: end.start()].rstrip(" ,"), None
    if found := _WINDOW.search(rest):
        rest, window = rest[: found.start()].rstrip(" ,"), _window(found, calendar)
    elif re.search(r",\s*(last|next)\b", rest, re.IGNORECASE):
        raise InputError(f"The periods of '{said}' cannot be read.", FORMS)
    head = _HEAD.fullmatch(rest)
    if head is None:
        raise InputError(f"'{said}' cannot be read.", FORMS)
    compared = end[1].replace("≤", "<=").replace("≥", ">=")
    size = float(end[3].replace(",", "")) / (100 if end[4] else 1)
    if not isfinite(size):
        raise InputError(f"'{said}' compares to a number that is too large.", FORMS)
    limit = -size if end[2] in {"-", "−"} else size
    measure, name = _measure(head[1]), _named(head[2], TRIGGER_TABLES, "There is no table {} that a trigger can look at.")
    column = _named(head[3], table(name).by_name, f"{name} has no column {{}}.") if head[3] else ""
    made = Trigger(said, measure, name, column, _where(head[4] or "", name), window, compared, limit, bool(end[4]))
    _check(made)
    return made


def _measure(word: str) -> Measure:
    for measure in _MEASURES:
        if word.lower() == measure:
            return measure
    near = get_close_matches(word.lower(), _MEASURES, n=1)
    raise InputError(f"A trigger cannot take the {word} of a column.", f"Did you mean {near[0]}? {FORMS}" if near else FORMS)


def _named(word: str, known: Iterable[str], message: str) -> str:
    names = list(known)
    if word.lower() in names:
        return word.lower()
    near = get_close_matches(word.lower(), names, n=3, cutoff=0.5)
    raise InputError(message.format(word), f"The nearest are {', '.join(near)}." if near else f"It has {', '.join(names)}.")


def _window(found: re.Match[str], calendar: Calendar) -> Window:
    side: Literal["last", "next"] = "last" if found[1].lower() == "last" else "next"
    count, noun, own = int(found[2]), found[3].lower().removesuffix("s"), _NOUNS[calendar.cadence]
    if noun not in {"period", own}:
        raise InputError(f"The plan is made by {own}, not by {noun}.", f"Count in {own}s, or say periods.")
    if not count or found[4] == "0":
        raise InputError("A trigger over no period sees nothing.", "Count at least one period.")
    if side == "next" and count > calendar.horizon:
        raise InputError(f"The next {count} periods go beyond the horizon of {calendar.horizon}.", f"Count at most {calendar.horizon}.")
    if side == "next" and (found[4] or found[5]):
        raise InputError("What is to come has no change against the past in one table.", "Hold the last periods against those before.")
    return Window(side, count, int(found[4] or 0), bool(found[5]))


def _where(text: str, name: str) -> dict[str, Condition]:
    columns = table(name).by_name
    attributes = [column for master in ATTRIBUTES if master in columns for column in DICTIONARY[master].by_name]
    known = dict.fromkeys((*columns, *attributes))
    found = parse_where(_AND.sub("; ", text)).items()
    return {_named(column, known, f"{name} has no column {{}}, and no key with such an attribute."): value for column, value in found}


def _check(trigger: Trigger) -> None:
    """Refuse what the table cannot answer: no such kind of value, periods where it has none, sums of what does not add up."""
    against = trigger.window is not None and (trigger.window.before > 0 or trigger.window.year_before)
    if (trigger.measure == "change") != against:
        words = "A change needs the periods that it is held against." if not against else f"A {trigger.measure} is not held against others."
        raise InputError(words, FORMS)
    if trigger.measure == "change" and not trigger.percent:
        raise InputError("A change is compared with percents.", f"Write {trigger.compared} {trigger.limit:g} %.")
    if not trigger.dated and (trigger.window is not None or trigger.measure == "last"):
        raise InputError(f"{trigger.table} has no periods.", "Leave the periods out, and take the sum, mean, most, least or count.")
    if trigger.measure != "count":
        _check_column(trigger)
    empty = {name: table(name).empty() for name in (*ATTRIBUTES, trigger.table)}
    trigger.rows(empty[trigger.table], empty)  # refuses words where a column holds numbers, dates or yes and no


def _check_column(trigger: Trigger) -> None:
    columns = table(trigger.table).columns
    numbers = ", ".join(column.name for column in columns if _is_number(column))
    if not trigger.column:
        raise InputError(f"Which column of {trigger.table} is meant?", f"Write {trigger.table}. and one of {numbers}; or count its rows.")
    if not _is_number(table(trigger.table).by_name[trigger.column]):
        fix = f"Its numbers are {numbers}." if numbers else "Count its rows."
        raise InputError(f"{trigger.column} of {trigger.table} holds no numbers.", fix)
    if trigger.measure == "sum" and trigger.dated and trigger.over_time in {"stock", "ratio"}:
        raise InputError(f"{trigger.column} of {trigger.table} does not add up over periods.", "Take the last, mean, most or least of it.")


def _is_number(column: Column) -> bool:
    return column.kind in {"number", "integer"} and not column.key
