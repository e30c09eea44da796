"""The chain of an origin: from a cell back through the steps that made it, nearest first, keeping only rows that share its keys."""

from collections import deque
from collections.abc import Iterator
from typing import Any

import polars as pl

from equipoise.cycle import STEPS, Step
from equipoise.errors import InputError, Where
from equipoise.service.lineage.behind import assumption_links, file_links, setting_links
from equipoise.service.lineage.draft import spoken
from equipoise.service.lineage.held import Held
from equipoise.service.lineage.kinds import DECIDED, HOW, KINDS, POINTS, main_column, numbers
from equipoise.service.lineage.people import Recall, changed, override_links
from equipoise.service.lineage.register import FORMULAS, formula, sum_of_rows
from equipoise.service.lineage.related import cell_keys, related
from equipoise.service.lineage.statements import plain, row_links, shared_keys, solver_link
from equipoise.service.messages.explaining import Formula, Reason
from equipoise.service.sentences import SENTENCES
from equipoise.tables import GIVEN, table
from equipoise.tables.column import Column

_MAKER: dict[str, Step] = {written: step for step in STEPS for written in step.writes}
# What says why a table is as it is, though it is made from it.
_EXPLAINED_BY = {"shortage": ("supply_cause",), "inventory_plan": ("supply_cause",)}
_ASIDE = {"setting", "solution", "audit", "period", "scenario", "issue", "row_origin", "override", "override_effect", "override_cell"}
_TOLD_BY_FORMULA = 50  # rows of a table further away up to which its own formula is told


class Chain:
    """Walks from the rows of a table back to files, settings and people."""

    def __init__(self, held: Held, recall: Recall) -> None:
        self._held = held
        self._recall = recall

    def links(self, name: str, rows: pl.DataFrame, column: str, depth: int) -> list[Reason]:
        """Return the links of `rows` of table `name`, all of its numbers or one `column`; `depth` 0 looks as far as there is something.

        Raises InputError where there is no such column.
        """
        found = self._cell(name, rows, column)
        for other, on in POINTS.get(name, ()):
            found += self._pointed(other, rows.select(pl.col(mine).alias(theirs) for theirs, mine in on.items()).drop_nulls())
        seen = {name, *(other for other, _ in POINTS.get(name, ()))}
        furthest = 1
        for current, away, here in self._behind(name, rows, found, depth):
            furthest = max(furthest, away)
            seen.add(current)
            found += self._links_of(current, here, away)
        return [*found, *self._foundations(name, rows, seen, found, furthest)]

    def _cell(self, name: str, rows: pl.DataFrame, column: str) -> list[Reason]:
        """Return what is said of the cell itself: formulas, sentences, overrides."""
        definition, step = table(name), _step_of(name)
        if column and column not in definition.by_name:
            near = ", ".join(one.name for one in definition.columns)
            raise InputError(f"{name} has no column {column}.", f"Its columns are {near}.", Where(table=name, column=column))
        asked = [definition.by_name[column]] if column else numbers(definition)
        told = [link for one in asked if (link := self._formula(name, rows, one, 0)) is not None]
        said = row_links(self._held, name, rows, step, 0)
        # of one column the formula comes first, and what the row says beside it
        said = [*told, *said] if column and name not in GIVEN else [*said, *told]
        if name not in GIVEN and (not told or (column and name not in SENTENCES)):
            said += self._otherwise(name, rows, asked, bool(told))
        return [*said, *override_links(self._held, name, rows, 0, self._recall)]

    def _formula(self, name: str, rows: pl.DataFrame, column: Column, depth: int) -> Reason | None:
        told = formula(self._held, name, rows, column.name)
        return None if told is None else _formula_link(name, rows, column, depth, told)

    def _otherwise(self, name: str, rows: pl.DataFrame, asked: list[Column], told: bool) -> Iterator[Reason]:
        """Yield the sum of several rows, and how numbers without a formula come about."""
        main = main_column(table(name))
        for column in asked:
            if rows.height > 1 and column.over_time == "flow" and column in (main, *asked[:1]) and not told:
                yield _formula_link(name, rows, column, 0, sum_of_rows(name, rows, column.name, column.unit))
                break
        words = HOW.get(name, "")
        if not told and words:
            step = _step_of(name)
            kind = KINDS.get(name, "solver" if name in DECIDED else "value")
            about = asked[0] if len(asked) == 1 else main
            yield Reason(
                table=name,
                step=step,
                statement=f"{about.meaning}. {words}" if about else words,
                kind=kind,
                keys=shared_keys(name, rows),
                column=about.name if about else "",
                value=plain(rows[about.name][0]) if about and rows.height == 1 else None,
                unit=about.unit if about else "",
            )

    def _pointed(self, name: str, wanted: pl.DataFrame) -> list[Reason]:
        if wanted.is_empty() or name not in self._held.names:
            return []
        here = self._held.frame(name).join(wanted.unique(), on=wanted.columns, how="semi", maintain_order="left")
        if name == "scenario_input":
            return [changed(row, 1) for row in here.iter_rows(named=True)]
        said = row_links(self._held, name, here, _step_of(name), 1)
        return said or [_plain_link(name, row) for row in here.head(4).iter_rows(named=True)]

    def _behind(self, name: str, rows: pl.DataFrame, told: list[Reason], depth: int) -> Iterator[tuple[str, int, pl.DataFrame]]:
        """Yield the tables behind one, nearest first, each with how far away it is and the rows that share the cell's keys."""
        keys = cell_keys(self._held, name, rows)
        first = [one.table for link in told if isinstance(link.facts, Formula) for one in link.facts.inputs if one.table]
        waiting = deque((one, 1) for one in (*first, *_EXPLAINED_BY.get(name, ()), *_next(name)))
        seen = {name, *_ASIDE}
        while waiting:
            current, away = waiting.popleft()
            if current in seen or current not in self._held.names or (depth and away > depth):
                continue
            seen.add(current)
            here = related(self._held, current, keys)
            if here.height:
                yield current, away, here
                waiting += [(one, away + 1) for one in _next(current)]

    def _links_of(self, name: str, rows: pl.DataFrame, depth: int) -> Iterator[Reason]:
        yield from row_links(self._held, name, rows, _step_of(name), depth)
        main = main_column(table(name))
        if main is not None and (name, main.name) in FORMULAS and rows.height <= _TOLD_BY_FORMULA:
            link = self._formula(name, rows, main, depth)
            if link is not None:
                yield link
        yield from override_links(self._held, name, rows, depth, self._recall)

    def _foundations(self, name: str, rows: pl.DataFrame, seen: set[str], told: list[Reason], depth: int) -> Iterator[Reason]:
        """Yield the solver, what was assumed, files read as a whole where no row of one was told, and settings."""
        step = _MAKER.get(name)
        if name in DECIDED and not self._held.frame("solution").is_empty() and name != "solution":
            yield solver_link(self._held, depth)
        if step is not None and not any(link.kind == "source" for link in told):
            yield from file_links(self._held, _given_behind(name), depth + 1)
        named = {str(value) for values in cell_keys(self._held, name, rows).values() for value in values}
        yield from assumption_links(self._held, {*seen, *named}, depth + 1)
        if step is not None or name in {"period", "setting", "scenario"}:
            yield from setting_links(self._held, step.phase if step else "", depth + 1)


def _step_of(name: str) -> str:
    return _MAKER[name].name if name in _MAKER else "gather"


def _next(name: str) -> list[str]:
    """Return the tables from which the next links come: those made in the same step, then those that the step reads."""
    step = _MAKER.get(name)
    if step is None:
        return []
    siblings = [other for other in step.writes if other in SENTENCES]
    return [*siblings, *(one for one in step.reads if one in GIVEN or one in SENTENCES or one in _MAKER)]


def _given_behind(name: str) -> list[str]:
    """Return the given tables that a table was made from, those that its own step reads first."""
    found: dict[str, None] = {}
    waiting, seen = deque([name]), {name}
    while waiting:
        step = _MAKER.get(waiting.popleft())
        for read in step.reads if step else ():
            if read in GIVEN:
                found[read] = None
            elif read not in seen:
                seen.add(read)
                waiting.append(read)
    return list(found)


def _formula_link(name: str, rows: pl.DataFrame, column: Column, depth: int, told: Formula) -> Reason:
    return Reason(
        table=name,
        step=_step_of(name),
        statement=f"{column.name.replace('_', ' ').capitalize()}: {told.words[:1].lower()}{told.words[1:]}: {spoken(told)}.",
        kind="formula",
        depth=depth,
        column=column.name,
        keys=shared_keys(name, rows),
        value=told.result,
        unit=column.unit,
        facts=told,
    )


def _plain_link(name: str, row: dict[str, Any]) -> Reason:
    """Return a row that has no sentence of its own by the words that it holds."""
    definition = table(name)
    words = [str(row[column.name]) for column in definition.columns if column.kind == "text" and row.get(column.name)]
    keys = {key: plain(row[key]) for key in definition.keys if row.get(key) is not None}
    return Reason(table=name, step=_step_of(name), statement=": ".join(words[:3]), kind=KINDS.get(name, "value"), depth=1, keys=keys)
