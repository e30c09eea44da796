"""summary.md and the other outputs in Markdown: the parts of the plan that people and agents read as text."""

from collections.abc import Iterable, Mapping

import polars as pl

from equipoise.exchange.pack.contents import sections, title
from equipoise.exchange.pack.markdown import markdown
from equipoise.exchange.pack.plan import Plan
from equipoise.tables.setting import Setting

SUMMARY = ("summary", "recommendations", "actions", "scenarios", "gaps", "money", "measures")


def summary(tables: Mapping[str, pl.DataFrame], setting: Setting, keys: Iterable[str] = SUMMARY) -> str:
    """Return the sections named by `keys` as Markdown: by default key figures, executive summary, recommendations, action items,
    scenarios, gaps, money and measures.

    `tables` are the given and made tables of a run; sections that they hold nothing for are left out, or say why.
    """
    plan = Plan(tables, setting)
    return markdown(*title(plan), sections(plan, keys))
