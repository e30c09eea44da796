"""Which limits cause each short unit and each missed target, in shares that add up to the gap."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from equipoise.supply.assembly import Array, Problem
from equipoise.supply.explaining.cause_gaps import Gaps, gaps_of, gaps_quantity
from equipoise.supply.explaining.cause_limits import Limits
from equipoise.supply.explaining.cause_runs import OWN, Causes, causes_of
from equipoise.supply.explaining.cause_words import OTHER, Cause, sentence
from equipoise.supply.formulate import MODEL_TABLES
from equipoise.supply.session import Session, Solved
from equipoise.supply.solving.answer import Answer
from equipoise.tables import table

_SMALL = 0.005
_MOST_CAUSES = 6


def supply_cause(tables: Mapping[str, pl.DataFrame], *, session: Session | None = None) -> pl.DataFrame:
    """Return the table supply_cause: what causes each gap, in shares that add up to 1.

    A gap is what of an item is lost in a market in a period or late at its end (both as in table `shortage`), or what stock is below
    target at a location (as in `inventory_plan`). `tables` are those of MODEL_TABLES and these two. A cause under 0.5 % of a gap, or
    beyond the six largest, counts with the largest. See cause_path.walk for the method and its source.
    """
    shortage, inventory_plan = tables["shortage"], tables["inventory_plan"]
    if not _any_gap(shortage, inventory_plan):
        return table("supply_cause").empty()
    solved = (session or Session()).solved({name: tables[name] for name in MODEL_TABLES if name in tables})
    return causes_table(solved, shortage, inventory_plan)


def _any_gap(shortage: pl.DataFrame, inventory_plan: pl.DataFrame) -> bool:
    short = shortage.filter((pl.col("lost").fill_null(0.0) + pl.col("backlog").fill_null(0.0)) > 0)
    return bool(short.height or inventory_plan.filter(pl.col("shortfall").fill_null(0.0) > 0).height)


def causes_table(solved: Solved, shortage: pl.DataFrame, inventory_plan: pl.DataFrame) -> pl.DataFrame:
    """Return the table supply_cause of a solved problem and the gaps of its plan."""
    problem, answer = solved.problem, solved.answer
    gaps = gaps_of(problem, shortage, inventory_plan)
    if gaps.rows.is_empty():
        return table("supply_cause").empty()
    found = causes_of(problem, answer, gaps)
    shares = shares_of(found.added, gaps)
    own = pl.DataFrame({"limit": [*OWN, OTHER], "subject": [None] * (len(OWN) + 1)}, schema={"limit": pl.String, "subject": pl.String})
    named = pl.concat([found.limits.groups, own]).with_row_index("cause").with_columns(pl.col("cause").cast(pl.Int64))
    measure, cause = np.nonzero(shares)
    parts = pl.DataFrame({"measure": measure, "cause": cause, "share": shares[measure, cause]})
    rows = gaps.rows.rename({"quantity": "gap"}).join(parts, on="measure", maintain_order="left")
    rows = rows.join(named, on="cause", maintain_order="left")
    rows = rows.with_columns((pl.col("gap") * pl.col("share")).alias("quantity"), pl.col("subject").fill_null(pl.col("item")))
    made = table("supply_cause")
    return made.conform(rows.with_columns(_sentences(rows, problem, answer, found))).sort(made.keys)


def shares_of(added: Array, gaps: Gaps) -> Array:
    """Return the share of each cause in each measure, with a last column for what no cause is found for; each row adds up to 1.

    What stays without limits (the last columns of `added`, OWN) counts as it is, what the limits add is scaled to the rest. What makes a
    gap smaller (it moves shortage elsewhere) is no cause of it. A gap to which no limit of its own adds, as an equally good plan has it
    elsewhere, has the limits of the item's other gaps.
    """
    count = added.shape[1] - len(OWN)
    limits, own = np.maximum(added[:, :count], 0.0), np.maximum(added[:, count:], 0.0)
    size = gaps_quantity(gaps)
    stays = own.sum(axis=1)
    own *= np.divide(np.minimum(stays, size), stays, out=np.zeros_like(stays), where=stays > 0)[:, None]
    rest = np.maximum(size - own.sum(axis=1), 0.0)
    limits = _of_item(limits, rest, gaps)
    known = limits.sum(axis=1)
    limits *= np.divide(rest, known, out=np.zeros_like(rest), where=known > 0)[:, None]
    parts = np.concatenate([limits, own, np.where(known > 0, 0.0, rest)[:, None]], axis=1)
    return _told(parts / size[:, None])


def _of_item(limits: Array, rest: Array, gaps: Gaps) -> Array:
    """Return what the limits add, with that of all gaps of the item in place of nothing."""
    items = gaps.rows.unique("measure", maintain_order=True).sort("measure")
    code = items.select(pl.col("item").rank("dense").cast(pl.Int64) - 1).to_series().to_numpy()
    whole = np.zeros((code.max() + 1, limits.shape[1]))
    np.add.at(whole, code, limits)
    nothing = limits.sum(axis=1) <= _SMALL * rest
    return np.where(nothing[:, None], whole[code], limits)


def _told(shares: Array) -> Array:
    """Return the shares with those too small, or too many, counted with the largest of their measure."""
    order = np.argsort(-shares, axis=1, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(shares.shape[1])[None, :].repeat(len(shares), axis=0), axis=1)
    told = np.where((shares < _SMALL) | (rank >= _MOST_CAUSES), 0.0, shares)
    told[np.arange(len(told)), order[:, 0]] += 1.0 - told.sum(axis=1)
    return told


def _sentences(rows: pl.DataFrame, problem: Problem, answer: Answer, found: Causes) -> pl.Series:
    calendar = problem.model.net.calendar
    reached = _reached(problem, answer, found.limits)
    held = bool(problem.whole.any())
    words = []
    columns = ("kind", "item", "place", "period", "unit", "gap", "quantity", "share", "limit", "subject", "cause", "t")
    for *said, cause, t in rows.select(columns).iter_rows():
        run = _last_run(reached.get(cause, []), t)
        when = (calendar.periods[run[0]], calendar.periods[run[1]]) if run else None
        words.append(sentence(_cause(said, when, held), calendar))
    return pl.Series("sentence", words, dtype=pl.String)


def _cause(said: list[Any], when: tuple[dt.date, dt.date] | None, held: bool) -> Cause:
    kind, item, place, period, unit, gap, part, share, limit, subject = said
    return Cause(kind, item, place, period, unit or "unit", gap, part, share, limit, subject, when, held)


def _reached(problem: Problem, answer: Answer, limits: Limits) -> dict[int, list[int]]:
    """Return, by group of limits, the periods in which the plan stands at the limit, in order."""
    columns = np.repeat(np.arange(problem.columns), np.diff(problem.starts))
    activity = np.bincount(problem.index, problem.values * answer.values[columns], minlength=problem.rows)[limits.rows]
    lower, upper = limits.lower[limits.rows], limits.upper[limits.rows]
    size = 1e-6 * np.maximum(1.0, np.abs(activity))
    at: npt.NDArray[np.bool_] = ((activity >= upper - size) | (activity <= lower + size)) & (limits.t >= 0)
    found: dict[int, list[int]] = {}
    for group, t in sorted(zip(limits.group[at].tolist(), limits.t[at].tolist(), strict=True)):
        found.setdefault(group, []).append(t)
    return found


def _last_run(periods: list[int], until: int) -> tuple[int, int] | None:
    """Return the last run of periods, each following the one before, that ends by a period; none where none does."""
    before = [t for t in periods if t <= until]
    if not before:
        return None
    first = before[-1]
    while first - 1 in before:
        first -= 1
    return first, before[-1]
