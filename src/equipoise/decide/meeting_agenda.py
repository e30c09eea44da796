"""The agenda of a meeting: the topics of the plan's own agenda, what is to be decided, what is overdue, and what went wrong meanwhile."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from equipoise.decide.minutes import Kept, actions_overdue, alarms, of_meeting, open_decisions
from equipoise.decide.part import Part, word
from equipoise.tables import table
from equipoise.tables.figures import listing, number, plural, share

Tables = Mapping[str, pl.DataFrame]
Topic = tuple[str, int, str, str]

_OF_TABLE = {"pre_sop": "pre_sop", "executive_sop": "executive"}
_MOST = 4
_SMALL = 0.5
_DEMAND_TABLES = ("baseline", "consensus", "demand_plan", "history", "forecast", "event")


def meeting_agenda(meeting: str, tables: Tables, kept: Kept, today: dt.date, currency: str) -> list[Part]:
    """Return the agenda of a meeting (demand_review, supply_review, pre_sop, executive_sop).

    Pre-S&OP and executive meeting have the topics of the table `agenda`; the reviews those that their tables give: measures that missed
    their targets, what changed, what is short, what is overloaded. Behind them decisions that are open, actions overdue, and alarms.
    """
    topics = list(_topics(meeting, tables, kept, today))
    rows = [(str(place), words, str(minutes), role, outcome) for place, (words, minutes, role, outcome) in enumerate(topics, start=1)]
    total = sum(minutes for _, minutes, _, _ in topics)
    heads = ("#", "Topic", "Minutes", "Led by", "Must end with")
    parts = [
        Part("agenda", "Agenda", (), f"{number(total)} minutes", heads, tuple(rows), frozenset(("#", "Minutes"))),
        open_decisions(of_meeting(meeting, kept.decisions), currency),
        actions_overdue(kept.actions, today),
        alarms(kept.alarms),
    ]
    return [part for part in parts if part.says]


def _topics(meeting: str, tables: Tables, kept: Kept, today: dt.date) -> Iterator[Topic]:
    if meeting in _OF_TABLE:
        rows = _of(tables, "agenda").filter(pl.col("meeting") == _OF_TABLE[meeting]).sort("position")
        yield from rows.select(
            "topic", pl.col("minutes").fill_null(5), pl.col("owner_role").fill_null(""), pl.col("outcome").fill_null("")
        ).rows()
        return
    yield "Actions of the last review", 5, "facilitator", "Open actions have a new date or are closed."
    yield from (_demand_review(tables, kept, today) if meeting == "demand_review" else _supply_review(tables))


def _of(tables: Tables, name: str) -> pl.DataFrame:
    return tables[name] if name in tables else table(name).empty()


def _missed(tables: Tables, kpis: Sequence[str]) -> str:
    """Return the measures of the whole that missed their targets, in words; empty where none did."""
    rows = _of(tables, "kpi").filter(
        pl.col("kpi").is_in(kpis), pl.col("status") == "missed", pl.col("period").is_null(), pl.col("subject").fill_null("") == ""
    )
    told = []
    for row in rows.sort("kpi").iter_rows(named=True):
        value, target = (share(one) if row["unit"] == "fraction" else number(one) for one in (row["value"], row["target"]))
        told.append(
            f"{row['kpi'].replace('_', ' ').upper() if len(row['kpi']) <= 5 else row['kpi'].replace('_', ' ')} {value} (target {target})"
        )
    return listing(told, 6)


def _demand_review(tables: Tables, kept: Kept, today: dt.date) -> Iterator[Topic]:
    missed = _missed(tables, ("mape", "wmape", "bias"))
    words = f"Measures that missed their targets: {missed}" if missed else "Forecast accuracy and bias"
    yield words, 10, "demand planner", "Causes have an owner." if missed else "Nothing is to be done, or it has an owner."
    flagged = _of(tables, "override_flag")
    changes = [
        one for one in kept.overrides if word(one.document, "table") in _DEMAND_TABLES and word(one.document, "status") == "accepted"
    ]
    if flagged.height or changes:
        count = flagged.get_column("override").n_unique()
        look = f"; {number(count)} worth a second look" if count else ""
        outcome = "Each that is flagged is confirmed, changed or taken out."
        yield f"Changes of the forecast: {number(len(changes))} in the record{look}", 15, "sales", outcome
    events = _of(tables, "event_effect").get_column("event").unique(maintain_order=True).to_list()
    if events:
        yield f"Promotions, prices, launches and losses: {listing(events, _MOST)}", 10, "sales", "Size and dates are agreed."
    if kept.assumptions:
        held = [one for one in kept.assumptions if word(one.document, "status") == "holds"]
        old = [one for one in held if "" < word(one.document, "expires") <= today.isoformat()]
        expired = f", {number(len(old))} expired" if old else ""
        yield f"Assumptions: {number(len(held))} held{expired}", 5, "demand planner", "Each still holds, or what rests on it is changed."
    yield "Demand plan by family", 10, "demand planner", "One demand plan is agreed by sales, marketing and finance."


def _supply_review(tables: Tables) -> Iterator[Topic]:
    missed = _missed(tables, ("plan_attainment", "weeks_of_supply", "otif"))
    words = f"Measures that missed their targets: {missed}" if missed else "Plan attainment and mix"
    yield words, 10, "supply planner", "Causes have an owner." if missed else "Nothing is to be done, or it has an owner."
    short = _of(tables, "shortage").filter((pl.col("lost").fill_null(0.0) > _SMALL) | (pl.col("backlog").fill_null(0.0) > _SMALL))
    if short.height:
        items = short.get_column("item").unique(maintain_order=True).to_list()
        outcome = "Each has a cause and an option, or goes to pre-S&OP."
        yield f"Demand that is late or lost: {listing(items, _MOST)}", 15, "supply planner", outcome
    full = _of(tables, "capacity_load").filter(pl.col("utilisation") >= 1 - 1e-6)
    if full.height:
        counts = full.group_by("resource", maintain_order=True).len().sort("len", "resource", descending=[True, False])
        told = [f"{name} in {number(count)} {plural('period', count)}" for name, count in counts.iter_rows()]
        yield (
            f"Resources that are full: {listing(told, _MOST)}",
            10,
            "supply planner",
            "Overtime, subcontracting or a shift in time is agreed.",
        )
    below = _of(tables, "inventory_plan").filter(pl.col("shortfall").fill_null(0.0) > _SMALL).get_column("item").unique(maintain_order=True)
    if below.len():
        yield f"Stock below target: {listing(below.to_list(), _MOST)}", 5, "supply planner", "It is accepted for how long, or put right."
    yield "Supply plan: production, purchases, transfers and stock", 10, "supply planner", "Plants and suppliers confirm the plan."
