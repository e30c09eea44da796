"""Sentences about risks and opportunities: those that are raised, and the largest that are expected outside the plan."""

from collections.abc import Iterator

import polars as pl

from equipoise.decide.readings import Row, amount, rows
from equipoise.tables.figures import listing, money, number, share
from equipoise.tables.setting import Setting

MOST_NAMED = 3
_LEAST = 0.5


def risk_sentences(risk_register: pl.DataFrame, plan: Setting) -> Iterator[str]:
    """Yield a sentence for each raised risk or opportunity, and one that adds up what is expected outside the plan."""
    register = risk_register.sort("rank")
    for row in rows(register.filter(pl.col("raised") == "met")):
        yield f"Raised: {row['sentence']}"
    outside = rows(register.filter((pl.col("raised") != "expired") & ~pl.col("in_plan").fill_null(value=False)))
    if outside:
        yield _outside(outside, plan)


def _outside(outside: list[dict[str, object]], plan: Setting) -> str:
    known = [row for row in outside if abs(amount(row["expected_money"]) or 0.0) >= _LEAST]
    counted = f"{number(len(outside))} of the risk register {'is' if len(outside) == 1 else 'are'}"
    if not known:
        return f"{counted} outside the plan, without expected money."
    total = sum(amount(row["expected_money"]) or 0.0 for row in known)
    known.sort(key=lambda row: -abs(amount(row["expected_money"]) or 0.0))
    largest = listing([_named(row, plan) for row in known[:MOST_NAMED]])
    return f"{counted} outside the plan, {money(total, plan.currency)} expected in all; the largest: {largest}."


def _named(row: Row, plan: Setting) -> str:
    return (
        f"{row['risk']} ({money(amount(row['expected_money']) or 0.0, plan.currency)}, {share(amount(row['probability']) or 0.0)} likely)"
    )
