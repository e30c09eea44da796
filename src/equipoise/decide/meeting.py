"""The agenda of the executive meeting: what is decided gets the time."""

import polars as pl

from equipoise.decide.readings import Scenarios, rows
from equipoise.tables import table
from equipoise.tables.figures import money
from equipoise.tables.setting import from_table

MOST_DECISIONS = 5
_MINUTES = {0: 15, 1: 10}


def agenda(gap: pl.DataFrame, recommendation: pl.DataFrame, scenario_result: pl.DataFrame, setting: pl.DataFrame) -> pl.DataFrame:
    """Return the table `agenda`: what was agreed, where the plan stands, a topic for each decision (at most five, the most money first and
    with the most time), scenarios, money, and the close. Minutes are proposals."""
    plan = from_table(setting)
    topics: list[tuple[str, int, str, str]] = [
        ("Actions and decisions of the last meeting", 5, "facilitator", "Open actions have a new date or are closed."),
        ("Measures against their targets", 5, "facilitator", "Causes of missed targets have an owner."),
        ("Demand plan and its assumptions", 10, "demand planner", "The demand plan is agreed."),
        ("Supply plan and what limits it", 10, "supply planner", "The supply plan is understood, limits are named."),
    ]
    for number, advice in enumerate(rows(recommendation.sort("rank").head(MOST_DECISIONS))):
        stake = advice["value"]
        worth = f" ({money(stake, plan.currency)} at stake)" if isinstance(stake, float) and stake else ""
        topics.append(
            (
                f"Decision: {advice['recommendation']}{worth}",
                _MINUTES.get(number, 5),
                str(advice["decider"]),
                "Decided, with owner and date.",
            )
        )
    scenarios = Scenarios.of(scenario_result)
    if scenarios.others:
        names = ", ".join(scenarios.others)
        topics.append((f"Scenarios: {names}", 10, "facilitator", "Signals are named that tell which scenario comes."))
    if gap.filter(pl.col("kind") == "budget").height:
        topics.append(("Outlook against budget", 10, "finance", "The outlook is agreed, gaps to budget have an owner."))
    topics.append(("Decisions, owners and dates read back", 5, "facilitator", "The plan is approved."))
    made = [
        {"meeting": "executive", "position": position, "topic": topic, "minutes": minutes, "owner_role": role, "outcome": outcome}
        for position, (topic, minutes, role, outcome) in enumerate(topics, start=1)
    ]
    return pl.DataFrame(made, schema=table("agenda").schema, orient="row")
