"""A formula before it is told: words, an expression and its inputs; and how it reads as a sentence."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from equipoise.service.lineage.arithmetic import evaluate
from equipoise.service.messages.explaining import Formula, Input
from equipoise.service.messages.message import Cell
from equipoise.tables.figures import number, share

_WORD = re.compile(r"[A-Za-z_]\w*")
_SIGNS = {"*": "×", "-": "−", "**": "^"}
_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Draft:
    """How a number is worked out."""

    words: str
    expression: str
    inputs: tuple[Input, ...]

    def formula(self, docs: str) -> Formula:
        """Return it with what it gives."""
        result = evaluate(self.expression, {one.name: one.value for one in self.inputs})
        return Formula(words=self.words, expression=self.expression, inputs=list(self.inputs), result=result, docs=docs)


def part(
    name: str, meaning: str, value: float | None, unit: str = "", of: str = "", keys: Mapping[str, Cell] | None = None, rows: int = 1
) -> Input:
    """Return an input; `of` is the table and column (with a dot) where it stands."""
    home, _, column = of.partition(".")
    return Input(name=name, meaning=meaning, value=value, unit=unit, table=home, column=column, keys=dict(keys or {}), rows=rows)


def summed(name: str, meaning: str, frame: pl.DataFrame, of: str, unit: str = "", keys: Mapping[str, Cell] | None = None) -> Input:
    """Return the sum of a column over rows as an input: zero where there are none."""
    column = of.partition(".")[2]
    return part(name, meaning, float(frame.get_column(column).sum() or 0.0), unit, of, keys, frame.height)


def total(words: str, signed: Sequence[tuple[int, Input]]) -> Draft:
    """Return the sum of inputs, each with its sign."""
    terms = "".join(f" {'+' if sign > 0 else '-'} {one.name}" for sign, one in signed).removeprefix(" + ")
    return Draft(words, terms.removeprefix(" ") or "0", tuple(one for _, one in signed))


def closes(formula: Formula, value: float | None) -> bool:
    """Whether a formula gives the value of its cell, as far as numbers of that size can be told apart."""
    if formula.result is None or value is None:
        return formula.result is None and value is None
    size = max(1.0, abs(value), *(abs(one.value or 0.0) for one in formula.inputs))
    return abs(formula.result - value) <= _TOLERANCE * size


def spoken(formula: Formula, unit: str = "") -> str:
    """Return a formula with its numbers: 120 (stock at the start) + 80 (made) − 60 (shipped) = 140. A zero term of a sum is left out.

    A number that is another as it stands is told once: 140. What comes out is a percentage where its `unit` is a fraction.
    """
    known = {one.name: one for one in formula.inputs}
    expression = formula.expression
    result = "" if formula.result is None else share(formula.result, whole=False) if unit == "fraction" else number(formula.result)
    if not set("*/(") & set(expression):
        expression = _without_zeros(expression, known)
        if expression in known:
            one = known[expression]
            return f"{result} ({one.meaning})" if len(known) > 1 and one.meaning else result

    def said(match: "re.Match[str]") -> str:
        one = known.get(match[0])
        if one is None:
            return match[0]
        figure = "nothing known" if one.value is None else number(one.value)
        return f"{figure} ({one.meaning})" if one.meaning else figure

    text = _WORD.sub(said, re.sub(r"\*\*|\*|-", lambda sign: _SIGNS[sign[0]], expression))
    text = text.replace("+ -", "− ").replace("− -", "+ ")
    return f"{text} = {result}" if result else text


def _without_zeros(expression: str, known: Mapping[str, Input]) -> str:
    terms = re.findall(r"([+-]?)\s*(\w+)", expression)
    kept = [(sign or "+", name) for sign, name in terms if known[name].value] or [("+", terms[0][1])]
    return " ".join(f"{sign} {name}" for sign, name in kept).removeprefix("+ ").replace("- ", "-", 1 if kept[0][0] == "-" else 0)
