"""The executive summary, sentence by sentence: what a decision maker reads when there is time for one page."""

from collections.abc import Iterator

import polars as pl

from equipoise.decide.money_sentences import money_sentences, scenario_sentences
from equipoise.decide.plan_sentences import demand_sentences, gap_sentences, headline_sentences, supply_sentences
from equipoise.decide.readings import amount, rows
from equipoise.decide.risk_sentences import risk_sentences
from equipoise.dimensions.calendar import Calendar
from equipoise.tables import table
from equipoise.tables.figures import listing, money, number, plural
from equipoise.tables.setting import Setting, from_table

MOST_SENTENCES = 5


def executive_summary(
    demand_plan: pl.DataFrame,
    shortage: pl.DataFrame,
    inventory_plan: pl.DataFrame,
    capacity_load: pl.DataFrame,
    financials: pl.DataFrame,
    bridge: pl.DataFrame,
    gap: pl.DataFrame,
    gap_cause: pl.DataFrame,
    scenario_result: pl.DataFrame,
    recommendation: pl.DataFrame,
    proposed_action: pl.DataFrame,
    violation: pl.DataFrame,
    issue: pl.DataFrame,
    solution: pl.DataFrame,
    override_effect: pl.DataFrame,
    override_flag: pl.DataFrame,
    risk_register: pl.DataFrame,
    resource: pl.DataFrame,
    item: pl.DataFrame,
    setting: pl.DataFrame,
) -> pl.DataFrame:
    """Return the table `executive_summary`, in sections.

    Headline, Demand, Supply, Gaps, Scenarios, Money, Risks and assumptions, Decisions needed, Actions: every section has at least
    one sentence; what cannot be said because it was not given is said so.
    """
    plan = from_table(setting)
    own_capacity = capacity_load.join(
        resource.filter(pl.col("kind").is_in(["supplier", "storage"])), on="resource", how="anti", maintain_order="left"
    )
    risks = [*_risks(issue, violation, demand_plan, plan), *risk_sentences(risk_register, plan)]
    sections = (
        ("Headline", headline_sentences(demand_plan, shortage, gap, financials, violation, item, plan)),
        ("Demand", demand_sentences(demand_plan, item, plan)),
        ("Supply", supply_sentences(own_capacity, inventory_plan, violation, solution, plan)),
        ("Gaps", gap_sentences(gap, gap_cause)),
        ("Scenarios", scenario_sentences(scenario_result, plan)),
        ("Money", money_sentences(financials, bridge, demand_plan, item, plan)),
        ("Risks and assumptions", [*risks, *_flagged(override_effect, override_flag)]),
        ("Decisions needed", _decisions(recommendation, plan)),
        ("Actions", _actions(proposed_action)),
    )
    told = [(section, sentence) for section, sentences in sections for sentence in sentences if sentence]
    made = [{"position": position, "section": section, "statement": sentence} for position, (section, sentence) in enumerate(told, start=1)]
    return pl.DataFrame(made, schema=table("executive_summary").schema, orient="row")


def _risks(issue: pl.DataFrame, violation: pl.DataFrame, demand_plan: pl.DataFrame, plan: Setting) -> Iterator[str]:
    calendar = Calendar.from_setting(plan.calendar)
    yield f"The plan rests on data up to {calendar.as_of.day} {calendar.as_of:%B %Y}."
    low, high, expected = (float(demand_plan[column].sum() or 0.0) for column in ("p10", "p90", "quantity"))
    if low and high and expected:
        yield "Demand is a forecast: the range of each series and period is in the demand plan, from its p10 to its p90."
    warnings = issue.filter(pl.col("severity") == "warning")
    if warnings.height:
        where = listing(warnings["table"].drop_nulls().unique().sort().to_list())
        of = f" in {where}" if where else ""
        yield f"The data has {number(warnings.height)} {plural('warning', warnings.height)}{of}; the plan uses the data as corrected."
        for text in warnings["message"].drop_nulls().unique(maintain_order=True).head(3):
            yield f"Data: {text}"
    else:
        yield "No fault was found in the data."
    for row in rows(violation.sort(pl.col("quantity").abs(), descending=True).head(3)):
        if row["sentence"]:
            yield f"Broken rule: {row['sentence']}"


def _flagged(override_effect: pl.DataFrame, override_flag: pl.DataFrame) -> Iterator[str]:
    """Say which overrides are worth a second look, those with most flags first, each with its first flag."""
    counted = override_flag.group_by("override", maintain_order=True).agg(pl.len().alias("flags"), pl.col("statement").first())
    if counted.is_empty():
        return
    verb = "is" if counted.height == 1 else "are"
    given = f"{number(override_effect.height)} {plural('override', override_effect.height)}"
    yield f"{number(counted.height)} of {given} {verb} worth a second look."
    known = counted.join(override_effect.select("override", "author"), on="override", how="left", maintain_order="left")
    for row in rows(known.sort("flags", descending=True, maintain_order=True).head(2)):
        author = f" ({row['author']})" if row["author"] else ""
        yield f"{row['override']}{author}: {row['statement']}"


def _decisions(recommendation: pl.DataFrame, plan: Setting) -> Iterator[str]:
    if recommendation.is_empty():
        yield "None: approve the plan."
    for row in rows(recommendation.sort("rank").head(MOST_SENTENCES)):
        value = amount(row["value"])
        worth = f" At stake: {money(value, plan.currency)}." if value else ""
        yield f"{row['rank']}. {row['recommendation']} {row['reason']}{worth}"
    more = recommendation.height - MOST_SENTENCES
    if more > 0:
        yield f"{more} more {plural('recommendation', more)} of less weight {'is' if more == 1 else 'are'} listed apart."


def _actions(proposed_action: pl.DataFrame) -> Iterator[str]:
    if proposed_action.is_empty():
        yield "None proposed."
    for row in rows(proposed_action.sort("action").head(MOST_SENTENCES)):
        role = str(row["owner_role"] or "facilitator")
        due = row["due"]
        by = f", by {due.day} {due:%B %Y}" if hasattr(due, "day") else ""
        yield f"{role[:1].upper()}{role[1:]}{by}: {row['statement']}"
    more = proposed_action.height - MOST_SENTENCES
    if more > 0:
        yield f"{more} more {plural('action', more)} {'is' if more == 1 else 'are'} on the list."
