"""What each rule asks for, in the words of a planner."""

import math

import numpy as np
import numpy.typing as npt
import polars as pl

from equipoise.supply.assembly import Block, Problem
from equipoise.tables import table
from equipoise.tables.figures import plural

_ITS_OWN = ("{subject} has at least {limit} in {period}", "{subject} has at most {limit} in {period}")
_FIRM = "The {kind} of {subject} "
_WORDS: dict[str, tuple[str, str]] = {
    "shelf life": ("", "{subject} keeps no longer than its shelf life in {period}"),
    "demand that must be served": ("", "All demand for {subject} in {period} must be served: {limit}"),
    "age of backlog": ("", "At most {limit} of {subject} may be late in {period}, as none may be late for longer"),
    "ending backlog": ("", "At most {limit} of {subject} may be late at the end"),
    "minimum fill": ("{subject} must get at least {limit} in {period}", ""),
    "overtime": ("", "{subject} has at most {limit} of overtime in {period}"),
    "maximum idle": ("{subject} must work at least {limit} in {period}, as no more may stand idle", ""),
    "minimum run": ("{subject} runs at least its minimum in {period}, if it runs", ""),
    "maintenance": ("{subject} must have {limit} for maintenance", "{subject} may have no more than {limit} for maintenance"),
    "labor hours": ("", "{subject} works no longer than its workers can in {period}"),
    "labor overtime": ("", "{subject} works no more overtime than its workers may in {period}"),
    "hiring": ("", "{subject} can hire at most {limit} in {period}"),
    "layoffs": ("", "{subject} may lay off at most {limit} in {period}"),
    "purchase": ("At least {limit} must be bought from {subject} in {period}", "{subject} delivers at most {limit} in {period}"),
    "lane": ("", "Lane {subject} carries at most {limit} in {period}"),
    "minimum load": ("Lane {subject} carries at least its minimum load in {period}, if it is used", ""),
    "minimum lot": ("{subject} makes at least its minimum lot in {period}, if it makes any", ""),
    "minimum order": ("{subject} buys at least its minimum order in {period}, if it buys any", ""),
    "limit": ("The limit {subject} asks for at least {limit} in {period}", "The limit {subject} allows at most {limit} in {period}"),
    "target stock": ("The target stock of {subject} asks for {limit} in {period}", ""),
    "minimum stock": ("The minimum stock of {subject} asks for {limit} in {period}", ""),
    "maximum stock": ("", "The maximum stock of {subject} allows {limit} in {period}"),
    "frozen fence": ("", "Nothing of {subject} may be added inside the frozen fence in {period}"),
    "level output": ("{subject} is made at one rate, in {period} too", "{subject} is made at one rate, in {period} too"),
    "level workforce": ("{subject} keeps its workers in {period}", "{subject} keeps its workers in {period}"),
    "chase": ("", "At most {limit} of {subject} may be kept in {period}, as nothing is built ahead"),
}
"""By kind of limit, what is said of its least and of its most; the others (capacity, headcount) are said as the resource's own."""


def ruled(problem: Problem, rows: npt.NDArray[np.int64], sides: npt.NDArray[np.int64]) -> pl.DataFrame:
    """Return rows of the model as the table clash. A side of 1 means the most of a row, -1 its least, 0 whichever it has."""
    calendar = problem.model.net.calendar
    parts = []
    for position, (row, side) in enumerate(zip(rows.tolist(), sides.tolist(), strict=True), 1):
        block = next(block for block in problem.blocks if block.start <= row < block.stop)
        about = block.equation.rows.row(row - block.start, named=True)
        period = None if about["t"] is None else calendar.periods[about["t"]]
        limit, sentence = _said(problem, block, row, side, "the horizon" if period is None else calendar.label(period))
        parts.append(
            {
                "position": position,
                "rule": block.rule.limit,
                "subject": about["subject"],
                "period": period,
                "limit": limit,
                "unit": about.get("unit") or "unit",
                "sentence": f"{sentence}.",
            }
        )
    return table("clash").conform(pl.from_dicts(parts, infer_schema_length=None))


def _said(problem: Problem, block: Block, row: int, side: int, period: str) -> tuple[float, str]:
    """Return what a row asks for, as a number and in words."""
    about = block.equation.rows.row(row - block.start, named=True)
    lower, upper = about["lower"], _most(problem, block, row)
    words = _WORDS.get(block.rule.limit, _ITS_OWN)
    if block.rule.limit.startswith("firm "):
        ends = (
            ("asks for {limit} in {period}",) * 2
            if lower == upper
            else ("asks for at least {limit} in {period}", "allows at most {limit} in {period}")
        )
        words = (_FIRM + ends[0], _FIRM + ends[1])
    said: list[tuple[float, str]] = []
    for template, limit, asked in ((words[0], lower, side <= 0), (words[1], upper, side >= 0)):
        if asked and template and math.isfinite(limit):
            amount = f"{_number(limit)} {plural(about.get('unit') or 'unit', limit)}"
            start = template[:1].lower() + template[1:] if said else template
            said.append((limit, start.format(subject=about["subject"], limit=amount, period=period, kind=block.rule.limit)))
    if not said:
        return upper if math.isfinite(upper) else lower, f"{about['subject']} keeps to its {block.rule.limit} in {period}"
    both = len(said) > 1 and lower != upper
    return said[0][0], ", but ".join(sentence for _, sentence in said) if both else said[0][1]


def _most(problem: Problem, block: Block, row: int) -> float:
    """Return the most that a row allows: with its line running and all its steps, where it has them; of demand, all that could be lost."""
    rows = block.equation.rows
    upper = float(rows.get_column("upper").item(row - block.start))
    if block.rule.name not in {"regular_capacity", "overtime_limit", "demand_served"}:
        return upper
    entries = block.equation.entries.filter(pl.col("row") == row - block.start)
    most = problem.column_upper[entries.get_column("column").to_numpy()]
    factor = entries.get_column("coefficient").to_numpy()
    if block.rule.name == "demand_served":
        return float(most.sum())
    return upper - float((np.minimum(factor, 0.0) * np.where(factor < 0, most, 0.0)).sum())


def _number(value: float) -> str:
    """Return a limit as it was given, to the cent."""
    return f"{value:,.2f}".rstrip("0").rstrip(".")
