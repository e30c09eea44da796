"""report.html, the whole plan on one page, and the pack of pre-S&OP, for the screen, the printer and version control."""

from collections.abc import Mapping

import polars as pl

from equipoise.exchange.pack.contents import pre_sop_sections, sections, title
from equipoise.exchange.pack.markdown import markdown
from equipoise.exchange.pack.page import page
from equipoise.exchange.pack.plan import Plan
from equipoise.tables.setting import Setting


def report(tables: Mapping[str, pl.DataFrame], setting: Setting) -> str:
    """Return the plan as one self-contained, printable HTML page: words, key figures, tables, and charts as inline SVG.

    `tables` are the given and made tables of a run; what they do not hold is left out of the page, or the page says why it is missing.
    """
    plan = Plan(tables, setting)
    return page(*title(plan), sections(plan))


def pre_sop(tables: Mapping[str, pl.DataFrame], setting: Setting) -> tuple[str, str]:
    """Return the pack of pre-S&OP as one HTML page like the report, and as Markdown.

    Agenda, gaps with causes, options with a recommendation and its reason, scenarios, risks, money, decisions needed, open assumptions.
    """
    plan = Plan(tables, setting)
    name, below = title(plan)
    heading, made = f"Pre-S&OP: {name[:1].lower()}{name[1:]}", pre_sop_sections(plan)
    return page(heading, below, made), markdown(heading, below, made)
