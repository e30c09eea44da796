"""What differs between two versions, of one plan or of two: overrides with who and why, settings, files, figures, and tables.

Nothing that both have with the same content is read.
"""

import datetime as dt
import time
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.errors import InputError, NotFoundError, Where
from equipoise.finance import STOCK_LINES
from equipoise.scenario import diff as cells_that_differ
from equipoise.scenario import overrides_of
from equipoise.scenario.difference import difference, groups_of, measure_of, override_difference
from equipoise.service.messages.jobs import (
    CellDifference,
    DiffAnswer,
    DiffRequest,
    FigureDifference,
    OverrideDifference,
    ValueDifference,
)
from equipoise.service.register import Context
from equipoise.service.showing import selected, stored
from equipoise.service.workspace import Workspace, locate
from equipoise.tables import DICTIONARY, table
from equipoise.tables.figures import named, number, plural, share
from equipoise.tables.setting import Setting, from_table

if TYPE_CHECKING:
    from equipoise.store.contract import Line, Version

_Key = tuple[str, str]
_TABLES = ("demand_plan", "supply_plan", "inventory_plan", "financials")
_TOLD = ("demand", "service_level", "revenue", "contribution")


def diff(request: DiffRequest, _: Context) -> DiffAnswer:
    """Return what differs between two versions.

    Raises NotFoundError where there is no such version or table, InputError where a table cannot be added up so.
    """
    began = time.perf_counter()
    place = locate(request)
    before, after = _versions(place, request)
    compared = _Compared(place, before, after)
    counts, overrides = compared.overrides(request.limit)
    settings, files, figures = compared.settings(), compared.files(), compared.figures()
    cells = [cell for name in request.table or _TABLES for cell in compared.cells(name, request.by, request.limit)]
    return DiffAnswer(
        headline=_headline(compared, counts, settings, files, figures),
        before=_name(before),
        after=_name(after),
        overrides=overrides,
        settings=settings,
        files=files,
        figures=figures,
        differences=cells,
        seconds=round(time.perf_counter() - began, 3),
    )


class _Compared:
    """Two versions of a workspace, and their tables where they differ."""

    def __init__(self, place: Workspace, before: "Version", after: "Version") -> None:
        self.place, self.before, self.after = place, before, after
        self._read: dict[str, pl.DataFrame] = {}

    def tables(self, name: str) -> tuple[pl.DataFrame, pl.DataFrame] | None:
        """Return a table of both versions; None where they have the same. A version without the table has it empty."""
        hashes = [version.tables.get(name, "") for version in (self.before, self.after)]
        if hashes[0] == hashes[1]:
            return None
        frames = [table(name).conform(self.place.store.table(one)) if one else table(name).empty() for one in hashes]
        return frames[0], frames[1]

    def overrides(self, most: int) -> tuple[dict[str, int], list[OverrideDifference]]:
        """Return how many overrides were added, removed and changed, and `most` of them with who edited them last in between."""
        held = self.tables("override")
        if held is None:
            return {}, []
        found = override_difference(*held)
        was, now = found.filter(pl.col("change") == "was"), found.filter(pl.col("change") != "was")
        counts = dict(now.group_by("change", maintain_order=True).len().iter_rows())
        shown = now.head(most or now.height)
        edits, earlier, later = self._edits() if now.height else {}, _statements(was), _statements(shown)
        return counts, [_changed(row, edits, earlier, later) for row in shown.iter_rows(named=True)]

    def _edits(self) -> "dict[str, Line]":
        """Return the last edit of each override of the record between what the versions read."""
        first, last = sorted(int(version.inputs.get("record", "0")) for version in (self.before, self.after))
        if self.before.plan != self.after.plan or last <= first:
            return {}
        return {line.id: line for line in self.place.store.lines(after=first, kind="override") if line.number <= last}

    def settings(self) -> list[ValueDifference]:
        """Return the settings that differ."""
        held = self.tables("setting")
        if held is None:
            return []
        rows = cells_that_differ(*held, "setting").iter_rows(named=True)
        return [ValueDifference(name=row["setting"], before=row["before"] or "", after=row["after"] or "") for row in rows]

    def files(self) -> list[ValueDifference]:
        """Return the files that differ, by their content."""
        first, second = self.place.files(self.before), self.place.files(self.after)
        return [
            ValueDifference(name=name, before=first.get(name, "")[:8], after=second.get(name, "")[:8])
            for name in sorted({*first, *second})
            if first.get(name) != second.get(name)
        ]

    def figures(self) -> list[FigureDifference]:
        """Return the measures of the base plan that differ, in both versions."""
        held = self.tables("scenario_result")
        if held is None:
            return []
        first, second = ({row["measure"]: row for row in _of_base(frame).iter_rows(named=True)} for frame in held)
        lines = []
        for name in {**second, **first}:
            before, after = (rows.get(name, {}).get("value") for rows in (first, second))
            if before != after:
                unit = (second.get(name) or first[name])["unit"] or ""
                moved = after - before if before is not None and after is not None else None
                lines.append(FigureDifference(name=name, before=before, after=after, difference=moved, unit=unit))
        return lines

    def cells(self, asked: str, by: Sequence[str], most: int) -> Iterator[CellDifference]:
        """Give the largest differences of a table, asked for as `table` or `table.column`."""
        name, _, column = asked.partition(".")
        definition, measure = DICTIONARY[_known(name, self.after)], measure_of(DICTIONARY[name], column)
        if not measure:
            raise InputError(
                f"{asked} cannot be compared: it has no quantity that adds up.", "Choose another column or table.", Where(table=name)
            )
        held = self.tables(name)
        if held is None:
            return
        if name == "financials" and "line" in held[0].columns and not column:
            held = held[0].filter(~pl.col("line").is_in(STOCK_LINES)), held[1].filter(~pl.col("line").is_in(STOCK_LINES))
        asked_for = [one for words in by for one in words.split(",")]
        wide = [self._wide(name, version, frame, asked_for) for version, frame in zip((self.before, self.after), held, strict=True)]
        groups = asked_for or list(groups_of(definition, wide[1].columns))
        if missing := [one for one in groups if any(one not in frame.columns for frame in wide)]:
            raise InputError(f"{name} has no {', '.join(missing)}.", f"Add up by: {', '.join(wide[1].columns)}.", Where(table=name))
        found = difference(wide[0], wide[1], groups, measure)
        for row in found.head(most or found.height).iter_rows(named=True):
            yield CellDifference(
                table=name,
                cells=", ".join(self._place(one, row[one]) for one in groups if row[one] is not None),
                column=measure,
                unit=self._unit(definition.by_name[measure].unit),
                **{one: row[one] for one in ("before", "after", "difference")},
            )

    def _wide(self, name: str, version: "Version", frame: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
        """Return the rows of the base plan with what they are to be added up by: the family, or any attribute that is asked for."""
        base = frame.filter(pl.col("scenario") == "base").drop("scenario") if "scenario" in frame.columns else frame
        if not set(by) <= {*base.columns, "family"}:
            return selected(self.place, version, DICTIONARY[name], base, [])[1]
        if "item" not in base.columns or "family" in base.columns:
            return base
        return base.join(self._families(version.tables.get("item", "")), on="item", how="left", maintain_order="left")

    def _families(self, content: str) -> pl.DataFrame:
        if content not in self._read:
            item = self.place.store.table(content) if content else table("item").empty()
            self._read[content] = item.select("item", pl.col("family").cast(pl.String)).unique("item", keep="first", maintain_order=True)
        return self._read[content]

    @cached_property
    def _setting(self) -> Setting:
        return from_table(stored(self.place, self.after, "setting"))

    @cached_property
    def _calendar(self) -> Calendar:
        return Calendar.from_setting(self._setting.calendar)

    def _place(self, column: str, value: object) -> str:
        if isinstance(value, dt.date):
            return named(value, self._calendar) if value in self._calendar.periods else f"{value}"
        return f"{column.replace('_', ' ')} {value}"

    def _unit(self, unit: str) -> str:
        return self._setting.currency if unit == "currency" else "units" if unit == "item unit" else unit


def _changed(row: dict[str, str], edits: "Mapping[str, Line]", was: "Mapping[_Key, str]", now: "Mapping[_Key, str]") -> OverrideDifference:
    key, edit = (row["scenario"] or "", row["override"]), edits.get(row["override"])
    return OverrideDifference(
        change=row["change"],
        override=row["override"],
        scenario=key[0],
        statement=now[key],
        was=was[key] if key in was and was[key] != now[key] else "",
        by=edit.actor if edit else row["author"] or "",
        at=f"{edit.at:%Y-%m-%d %H:%M}" if edit else "",
        reason=(edit.reason if edit else "") or row["reason"] or "",
    )


def _statements(overrides: pl.DataFrame) -> "dict[_Key, str]":
    """Return what the overrides of a table say, in words, by scenario and id."""
    names = overrides.get_column("scenario").fill_null("").unique(maintain_order=True)
    return {(name, one.id): str(one) for name in names for one in overrides_of(overrides, name)}


def _of_base(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.filter(pl.col("scenario") == "base") if "scenario" in frame.columns else frame


def _known(name: str, version: "Version") -> str:
    if name not in DICTIONARY:
        near = get_close_matches(name, version.tables, n=3) or _TABLES
        raise NotFoundError(f"There is no table {name}.", f"The nearest are: {', '.join(near)}.", Where(table=name))
    return name


def _versions(place: Workspace, request: DiffRequest) -> tuple["Version", "Version"]:
    """Return the two versions that are meant."""
    after = _meant(place, request.after) if request.after else place.version()
    if request.before:
        return _meant(place, request.before), after
    earlier = [one for one in place.store.versions(after.plan) if one.number < after.number]
    lasting = [one for one in earlier if one.made != "run"]
    if not earlier:
        raise NotFoundError(f"There is no version before {_name(after)}.", "Name two versions: equipoise version list shows them.")
    return (lasting or earlier)[-1], after


def _meant(place: Workspace, words: str) -> "Version":
    """Return the version that `3`, `v0003` or `plan/3` names."""
    plan, _, named = words.rpartition("/")
    digits = named.strip().removeprefix("v")
    if not digits.isdigit():
        raise InputError(f"{words} is no version.", "Give its number, such as 3, or with another plan's name: PLAN/3.")
    return place.store.version(plan, int(digits)) if plan else place.version(int(digits))


def _name(version: "Version") -> str:
    return f"{version.plan}/{version.name}"


def _headline(
    compared: _Compared,
    counts: Mapping[str, int],
    settings: Sequence[ValueDifference],
    files: Sequence[ValueDifference],
    figures: Sequence[FigureDifference],
) -> list[str]:
    said = [f"{count} {plural('override', count)} {change}" for change, count in counts.items()]
    said += [f"{len(rows)} {plural(word, len(rows))} changed" for word, rows in (("setting", settings), ("file", files)) if rows]
    lines = [f"{_name(compared.before)} against {_name(compared.after)}: {', '.join(said) or 'made from the same'}."]
    for one in figures:
        if one.name in _TOLD and one.difference:
            words, unit = (share, "") if one.unit == "fraction" else (number, f" {one.unit}")
            lines.append(f"{one.name.replace('_', ' ').capitalize()} from {words(one.before or 0)} to {words(one.after or 0)}{unit}.")
    return lines if figures else [*lines, "No figure of the base plan differs."]
