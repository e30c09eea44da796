"""The first sheet and the lists: key figures, sentences, and the registers of the plan."""

from collections.abc import Sequence

import polars as pl

from equipoise.exchange.book.sheet import Book, Kind, Sheet
from equipoise.exchange.pack.contents import title
from equipoise.exchange.pack.headline import cards
from equipoise.exchange.pack.plan import Plan
from equipoise.exchange.pack.wording import FRACTIONS, named

_LISTS: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    (
        "correction",
        "Corrections",
        "Corrections of history, the largest first",
        ("item", "market", "period", "kind", "raw", "quantity", "accepted", "reason"),
    ),
    (
        "override_effect",
        "Overrides",
        "Overrides of the base plan, and what is unusual about them",
        ("override", "table", "column", "statement", "reason", "author", "cells", "before", "after", "was", "status", "note", "flags"),
    ),
    (
        "method_choice",
        "Method choice",
        "The forecasting method of each series; positive bias is over-forecast",
        ("item", "market", "method", "error", "wmape", "bias", "origins", "reason"),
    ),
    (
        "value_added",
        "Value added",
        "Forecast value added by step; positive bias is over-forecast, positive value added is better",
        ("level", "subject", "lag", "step", "owner", "points", "error", "bias", "value_added", "note"),
    ),
    (
        "gap",
        "Gaps",
        "Gaps, the most money first",
        (
            *("rank", "kind", "level", "subject", "market", "period", "until", "units", "unit", "revenue", "margin", "stake"),
            *("sentence", "suggestion", "formula", "threshold"),
        ),
    ),
    (
        "option",
        "Options",
        "Options for gaps, proven by solving the plan again, the best first",
        (
            *("rank", "status", "kind", "statement", "gap", "size", "unit", "net_money", "revenue", "running_cost", "one_off_cost", "cash"),
            *("shortage", "service", "inventory", "lead_time", "effective", "because", "catch"),
        ),
    ),
    (
        "option_question",
        "Open questions",
        "What would have to be known to weigh levers that no table prices",
        ("question", "kind", "target", "gap", "statement", "worth", "units", "lever"),
    ),
    (
        "risk_register",
        "Risk register",
        "Risks and opportunities, raised ones first, then the most expected money",
        (
            *("rank", "risk", "kind", "statement", "probability", "units", "money", "expected_units", "expected_money", "basis"),
            *("trigger", "observed", "raised", "in_plan", "owner", "expires"),
        ),
    ),
    (
        "recommendation",
        "Recommendations",
        "Recommendations, the most money first",
        ("rank", "recommendation", "reason", "value", "units", "gap", "decider"),
    ),
    ("proposed_action", "Action items", "Action items", ("action", "statement", "owner_role", "due", "gap", "status")),
    (
        "decision_needed",
        "Decisions needed",
        "What the executive meeting is asked to decide",
        ("decision", "question", "recommendation", "reason", "options", "net_money", "stake", "decider", "by", "gap"),
    ),
    (
        "agenda",
        "Agenda",
        "Agendas of pre-S&OP and of the executive meeting",
        ("meeting", "position", "topic", "minutes", "owner_role", "outcome"),
    ),
    (
        "binding",
        "Limits",
        "Limits that bind, and what one unit more is worth",
        ("limit", "subject", "period", "limited_to", "unit", "value", "value_less", "holds_from", "holds_to", "proof", "sentence"),
    ),
    ("violation", "Broken rules", "Rules that could not hold", ("rule", "subject", "period", "quantity", "sentence")),
    (
        "kpi",
        "Measures",
        "Measures against their targets",
        ("kpi", "level", "subject", "period", "value", "unit", "target", "status", "basis", "note"),
    ),
    ("assumption_made", "Assumptions", "Assumption register", ("step", "subject", "statement", "origin")),
    ("issue", "Data issues", "Faults found in the data", ("severity", "source", "table", "row", "column", "message", "fix")),
)
_ORDER = {
    "gap": "rank",
    "risk_register": "rank",
    "decision_needed": "decision",
    "recommendation": "rank",
    "proposed_action": "action",
    "option": "rank",
    "option_question": "question",
}
_PERCENT = {"value_added": ("error", "bias", "value_added"), "method_choice": ("wmape", "bias")}
MOST_LISTED = 5_000
_WORDS = frozenset({"meeting", "kind", "level", "limit", "rule", "kpi"})
_EXACT = frozenset({"observed", "probability", "service", "value", "value_less", "holds_from", "holds_to", "target", "limited_to"})
WIDTH = 6


def add_summary(book: Book, plan: Plan) -> Sheet:
    """Add the first sheet: key figures and the executive summary. `fill_contents` ends it when all sheets are known."""
    heading, below = title(plan)
    sheet = book.sheet("Summary", heading)
    sheet.sheet.write_string(1, 0, below, book.format("below", {"font_color": "#5b6672"}))
    sheet.row = 3
    figures = cards(plan)
    if figures:
        frame = pl.DataFrame([(card.name, card.value, card.comparison) for card in figures], schema=["name", "value", "note"], orient="row")
        sheet.grid(frame, {"name": "Figure", "value": "Value", "note": "Compared"}, {})
    rows = plan["executive_summary"].sort("position")
    for section in rows.get_column("section").unique(maintain_order=True):
        sheet.heading(named(section))
        sheet.lines(rows.filter(pl.col("section") == section).get_column("statement"), WIDTH)
        sheet.row += 1
    sheet.printed(plan.setting.plan)
    return sheet


def fill_contents(sheet: Sheet, book: Book, left_out: Sequence[str]) -> None:
    """End the first sheet with a link to every other one, and say which given tables were too large for a sheet."""
    sheet.heading("Sheets")
    link = book.format("link", {"font_color": "#1f4e79", "underline": 1})
    for name, meaning in book.contents[1:]:
        sheet.sheet.write_url(sheet.row, 0, f"internal:'{name}'!A1", link, name)
        sheet.put(sheet.row, 1, meaning, book.cell("text"))
        sheet.row += 1
    if left_out:
        sheet.row += 1
        sheet.lines([f"Too large for a sheet, see the folder tables: {', '.join(left_out)}."], WIDTH)
    sheet.sheet.set_column(0, 0, 20)
    sheet.sheet.set_column(1, 1, 22)
    sheet.sheet.set_column(2, WIDTH - 1, 18)


def add_lists(book: Book, plan: Plan) -> None:
    """Add the lists that have rows: corrections, overrides, methods, value added, gaps, recommendations, measures and the others.

    A list holds at most 5,000 rows; its title says so where there are more.
    """
    for name, sheet_name, meaning, columns in _LISTS:
        frame = _rows(plan, name)
        if frame.is_empty():
            continue
        more = f" (the first {MOST_LISTED:,} of {frame.height:,}; all are in table {name})" if frame.height > MOST_LISTED else ""
        frame = frame.head(MOST_LISTED).with_columns(pl.col(column).str.replace_all("_", " ") for column in columns if column in _WORDS)
        percent = _PERCENT.get(name, ())
        frame = frame.with_columns(pl.col(column) * 100 for column in percent)
        kinds: dict[str, Kind] = {one: "decimal" if one in percent else "exact" for one in columns if one in {*percent, *_EXACT}}
        heads = {column: named(column) + (", %" if column in percent else "") for column in columns}
        sheet = book.sheet(sheet_name, meaning + more)
        area = sheet.grid(frame, heads, kinds, row_kinds=_shares(frame), wrap=True, table=True)
        if name == "gap":
            short = {"type": "cell", "criteria": "<", "value": 0, "format": book.file.add_format({"font_color": "#b03a30"})}
            sheet.sheet.conditional_format(area.first, 7, area.last, 7, short)
        sheet.printed(plan.setting.plan)


def _rows(plan: Plan, name: str) -> pl.DataFrame:
    """Return the rows of a list in the order in which people read them."""
    frame = plan[name]
    if name == "correction":
        size = (pl.col("quantity") - pl.col("raw").fill_null(0.0)).abs().round(6)
        return frame.sort([size, "item", "market", "period"], descending=[True, False, False, False], nulls_last=True)
    if name == "override_effect":
        told = plan["override_flag"].sort("override", "flag").select("override", pl.col("statement").alias("flags"))
        flags = told.group_by("override", maintain_order=True).agg(pl.col("flags").str.join(" "))
        return frame.join(flags, on="override", how="left", maintain_order="left").sort("override", maintain_order=True)
    if name == "method_choice":
        return frame.filter(pl.col("chosen")).sort("item", "market", "method")
    if name == "value_added":
        order = {"total": 0, "family": 1, "segment": 2, "owner": 3}
        rank = pl.col("level").replace_strict(order, default=9, return_dtype=pl.Int64)
        return frame.sort([rank, "subject", "lag", "position"], nulls_last=False)
    if name == "agenda":
        return frame.sort(pl.col("meeting") != "pre_sop", "position")
    return frame.sort(_ORDER[name], nulls_last=True) if name in _ORDER else frame


def _shares(frame: pl.DataFrame) -> dict[int, Kind]:
    """Rows whose unit is a fraction read as percentages."""
    units = frame.get_column("unit").to_list() if "unit" in frame.columns else []
    return {position: "share" for position, unit in enumerate(units) if unit in FRACTIONS}
