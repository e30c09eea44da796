"""report.html: the whole plan on one page, for the screen and the printer."""

from collections.abc import Mapping

import polars as pl

from equipoise.exchange.pack.contents import sections, title
from equipoise.exchange.pack.page import page
from equipoise.exchange.pack.plan import Plan
from equipoise.tables.setting import Setting


def report(tables: Mapping[str, pl.DataFrame], setting: Setting) -> str:
    """Return the plan as one self-contained, printable HTML page: words, key figures, tables, and charts as inline SVG.

    `tables` are the given and made tables of a run; what they do not hold is left out of the page, or the page says why it is missing.
    """
    plan = Plan(tables, setting)
    return page(*title(plan), sections(plan))
