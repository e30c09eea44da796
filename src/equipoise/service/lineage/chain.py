"""The chain of an origin: from a cell back through the steps that made it, nearest first, keeping only rows that share its keys."""

from collections import deque
from collections.abc import Collection, Iterator
from typing import Any

import polars as pl

from equipoise.cycle import STEPS, Step
from equipoise.errors import InputError, Where
from equipoise.finance import TERMS
from equipoise.service.lineage.behind import assumption_links, file_links, setting_links
from equipoise.service.lineage.draft import spoken
from equipoise.service.lineage.held import Held
from equipoise.service.lineage.kinds import ACTIVITIES, DECIDED, HOW, KINDS, LINES, POINTS, main_column, numbers
from equipoise.service.lineage.people import Recall, changed, override_links
from equipoise.service.lineage.register import FORMULAS, formula, sum_of_rows
from equipoise.service.lineage.related import PAST, cell_keys, related
from equipoise.service.lineage.statements import plain, row_links, shared_keys, solver_link
from equipoise.service.messages.explaining import Formula, LinkKind, Reason
from equipoise.service.sentences import SENTENCES
from equipoise.tables import GIVEN, table
from equipoise.tables.column import Column

_MAKER: dict[str, Step] = {written: step for step in STEPS for written in step.writes}
# What says why a table is as it is, though it is made from it.
_EXPLAINED_BY = {"shortage": ("supply_cause",), "inventory_plan": ("supply_cause",)}
_ASIDE = {"setting", "solution", "audit", "period", "scenario", "issue", "row_origin", "override", "override_effect", "override_cell"}
_LIMITS = ("binding", "violation", "clash")
_SUMMED = {"cleaned_history"}  # tables further away whose formula is told over several rows


class Chain:
    """Walks from the rows of a table back to files, settings and people."""

    def __init__(self, held: Held, recall: Recall) -> None:
        self._held = held
        self._recall = recall

    def links(self, name: str, rows: pl.DataFrame, column: str, depth: int) -> tuple[list[Reason], list[Reason]]:
        """Return the links of `rows` of table `name`, all of its numbers or one `column`, and those to what stands behind every number.

        `depth` 0 looks as far as there is something. Raises InputError where there is no such column.
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
        return found, list(self._foundations(name, rows, seen, found, furthest))

    def _cell(self, name: str, rows: pl.DataFrame, column: str) -> list[Reason]:
        """Return what is said of the cell itself: formulas, sentences, overrides."""
        definition, step = table(name), _step_of(name)
        if column and column not in definition.by_name:
            near = ", ".join(one.name for one in definition.columns)
            raise InputError(f"{name} has no column {column}.", f"Its columns are {near}.", Where(table=name, column=column))
        asked = [definition.by_name[column]] if column else numbers(definition)
        told = [link for one in asked if (link := self._formula(name, rows, one, 0)) is not None and (column or link.value)]
        said = row_links(self._held, name, rows, step, 0)
        # of one column the formula comes first, and what the row says beside it
        said = [*told, *said] if column and name not in GIVEN else [*said, *told]
        if name not in GIVEN and (not told or (column and name not in SENTENCES)):
            said += self._otherwise(name, rows, asked, bool(told))
        said += self._lines_below(told)
        if name in DECIDED and not told and name != "solution" and not self._held.frame("solution").is_empty():
            said.append(solver_link(self._held, 0))
        return [*said, *override_links(self._held, name, rows, 0, self._recall)]

    def _formula(self, name: str, rows: pl.DataFrame, column: Column, depth: int) -> Reason | None:
        told = formula(self._held, name, rows, column.name)
        return None if told is None else _formula_link(name, rows, column, depth, told)

    def _otherwise(self, name: str, rows: pl.DataFrame, asked: list[Column], told: bool) -> Iterator[Reason]:
        """Yield the sum of several rows, and how numbers without a formula come about."""
        main = main_column(table(name))
        for column in asked if name not in SENTENCES else ():
            if rows.height > 1 and column.over_time == "flow" and column in (main, *asked[:1]) and not told:
                yield _formula_link(name, rows, column, 0, sum_of_rows(name, rows, column.name, column.unit))
                break
        words = HOW.get(name, "")
        if name == "financials" and rows["line"].n_unique() == 1:
            words = LINES.get(str(rows["line"][0]), words)
        if not told and words:
            step = _step_of(name)
            kind: LinkKind = KINDS.get(name, "solver" if name in DECIDED else "value")
            known = [one for one in (main, *asked) if one is not None and rows[one.name].null_count() < rows.height]
            about = asked[0] if len(asked) == 1 else next(iter(known), None)
            yield Reason(
                table=name,
                step=step,
                statement=words if about is None or kind == "solver" else f"{about.meaning.partition(';')[0]}. {words}",
                kind=kind,
                keys=shared_keys(name, rows),
                column=about.name if about else "",
                value=plain(rows[about.name][0]) if about and rows.height == 1 else None,
                unit=about.unit if about else "",
            )

    def _lines_below(self, told: list[Reason]) -> Iterator[Reason]:
        """Yield how the lines of the statement come about that the formula of another takes."""
        for link in told:
            lines = link.facts.inputs if isinstance(link.facts, Formula) and link.table == "financials" else []
            for one in lines:
                if one.table == "financials" and one.value and link.keys.get("line") != one.keys.get("line"):
                    frame = self._held.frame("financials").filter(pl.col("line") == one.keys["line"])
                    same = {key: value for key, value in link.keys.items() if key in {"family", "scenario"}}
                    rows = frame.filter(*(pl.col(key) == value for key, value in same.items()))
                    if "period" in link.keys:
                        rows = rows.filter(pl.col("period").cast(pl.String) == link.keys["period"])
                    below = self._formula("financials", rows, table("financials").by_name["amount"], 1)
                    if below is not None:
                        yield below

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
        inputs = [one for link in told if isinstance(link.facts, Formula) for one in link.facts.inputs if one.table]
        terms = set(rows["term"]) if name == "cost" else {str(one.keys["term"]) for one in inputs if "term" in one.keys}
        keys |= {"term": sorted(terms)} if terms else {}
        first = [*(one.table for one in inputs if one.table != name), *_paid_for(terms)]
        # what its formulas take is nearer than whatever else its step reads
        after = _siblings(name) if first else _next(name)
        waiting = deque((one, 1) for one in (*first, *_EXPLAINED_BY.get(name, ()), *after))
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
        if main is not None and (name, main.name) in FORMULAS and (rows.height == 1 or name in _SUMMED):
            link = self._formula(name, rows, main, depth)
            if link is not None:
                yield link
        yield from override_links(self._held, name, rows, depth, self._recall)

    def _foundations(self, name: str, rows: pl.DataFrame, seen: set[str], told: list[Reason], depth: int) -> Iterator[Reason]:
        """Yield the solver, what was assumed, files read as a whole where no row of one was told, and settings."""
        step = _MAKER.get(name)
        if name in DECIDED and not self._held.frame("solution").is_empty() and not any(link.table == "solution" for link in told):
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
    return [*_siblings(name), *(one for one in step.reads if one in GIVEN or one in SENTENCES or one in _MAKER)]


def _siblings(name: str) -> list[str]:
    """Return the tables made in the same step that say something of a row: limits first."""
    found = [other for other in _MAKER[name].writes if other in SENTENCES] if name in _MAKER and name != "cost" else []
    return sorted(found, key=lambda one: one not in _LIMITS)


def _paid_for(terms: Collection[str]) -> list[str]:
    """Return the tables in which the units of money terms stand, and their prices."""
    activities = [activity for term in TERMS if term.name in terms for activity in term.activities]
    return list(dict.fromkeys(one for activity in activities for one in ACTIVITIES.get(activity, ())))


def _given_behind(name: str) -> list[str]:
    """Return the given tables that a table was made from, those that its own step reads first."""
    maker = _MAKER.get(name)
    if maker is not None and maker.again:
        return [one for one in GIVEN if one not in PAST]
    own = [read for read in maker.reads if read in GIVEN] if maker else []
    if set(own) - {"item", "market", "location", "resource"}:
        return own
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
    keys = shared_keys(name, rows)
    about = str(keys.get("line", column.name)).replace("_", " ").capitalize()
    unit = rows["unit"][0] or "" if column.unit == "unit of the measure" and "unit" in rows.columns else column.unit
    return Reason(
        table=name,
        step=_step_of(name),
        statement=f"{about}: {told.words[:1].lower()}{told.words[1:]}: {spoken(told, unit)}.",
        kind="formula",
        depth=depth,
        column=column.name,
        keys=keys,
        value=told.result,
        unit=unit,
        facts=told,
    )


def _plain_link(name: str, row: dict[str, Any]) -> Reason:
    """Return a row that has no sentence of its own by the words that it holds."""
    definition = table(name)
    told = [one for one in ("statement", "sentence") if row.get(one)]
    words = [str(row[one]) for one in told] or [
        str(row[one.name]) for one in definition.columns if one.kind == "text" and row.get(one.name)
    ]
    keys = {key: plain(row[key]) for key in definition.keys if row.get(key) is not None}
    return Reason(table=name, step=_step_of(name), statement=": ".join(words[:3]), kind=KINDS.get(name, "value"), depth=1, keys=keys)
