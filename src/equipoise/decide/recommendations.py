"""Recommendations: what to do, ranked by money, with the reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from equipoise.decide.answers import Answers, advised, none_pays
from equipoise.decide.gap_groups import SERVED, is_less, leading, ranks_of
from equipoise.decide.readings import Row, Scenarios, amount, first_causes, rank_of
from equipoise.tables import table
from equipoise.tables.figures import listing, money, plural, quantity, share
from equipoise.tables.setting import Setting, from_table

# Room brings money only if it is sold; stock that is missing costs a sale only if demand comes out higher than planned; what changed since
# the last cycle is in the plan already.
_NOTHING_AT_STAKE = {"idle_capacity", "supply_surplus", "below_target", "last_cycle"}
# What to do about several subjects at once, by kind and whether it is less than wanted.
_TOGETHER = {
    ("idle_capacity", False): "Use the idle time of {who} to build ahead, for maintenance or holidays, or release it.",
    ("budget", True): "Agree how {who} close their gap to budget, or restate the outlook.",
    ("budget", False): "Confirm the revenue of {who} above budget with sales, and update the outlook.",
    ("last_cycle", True): "Have sales explain what {who} lost since the last cycle, and check that orders and capacity follow.",
    ("last_cycle", False): "Have sales explain what {who} gained since the last cycle, and check that supply is committed to it.",
    ("obsolete_stock", False): "Stop making or buying what is obsolete of {who}, and sell it off, return, rework or write it down.",
    ("excess_stock", False): "Make or buy less of {who} until stock is back at target.",
    ("below_target", True): "Rebuild the stock of {who}, or lower the targets if the risk is accepted.",
    ("overload", True): "Take load off {who}: move it to other periods or resources, subcontract, or add a shift.",
}
_DECIDERS = {
    "shortage": "executive",
    "late": "executive",
    "budget": "executive",
    "last_cycle": "executive",
    "obsolete_stock": "finance",
    "supply_surplus": "executive",
    "idle_capacity": "executive",
    "overload": "supply planner",
    "excess_stock": "supply planner",
    "below_target": "supply planner",
}


@dataclass(frozen=True)
class Advice:
    """One recommendation before it is ranked. `tier` 0 comes first: rules that broke; 1 gaps of the plan; 2 scenarios."""

    tier: int
    recommendation: str
    reason: str
    value: float | None
    units: float | None
    gap: int | None
    decider: str

    @property
    def order(self) -> tuple[object, ...]:
        """Rank within all: by tier, then the most money, then the gap's own rank."""
        return (self.tier, self.value is None, -(self.value or 0.0), self.gap or 0, self.recommendation)


def recommendation(
    gap: pl.DataFrame,
    gap_cause: pl.DataFrame,
    violation: pl.DataFrame,
    scenario_result: pl.DataFrame,
    option: pl.DataFrame,
    setting: pl.DataFrame,
) -> pl.DataFrame:
    """Return the table `recommendation`.

    Where an option was proven to bring more than it costs for a gap, it is what is recommended, with its money and what speaks against it.
    Gaps that one limit causes make one recommendation, about that limit; others one for each kind. Rules that could not hold come
    first, for such a plan cannot be carried out; then the plan's gaps by the revenue at stake; then what scenarios ask for. Room
    in capacity and stock below target have no money at stake. Nothing is costed that the plan does not give: the reason says what
    one more unit of a limit is worth.
    """
    plan = from_table(setting)
    answers = Answers.of(option, table("option_question").empty())
    advice = [*_broken(violation), *_from_gaps(gap, gap_cause, answers, plan), *_from_scenarios(Scenarios.of(scenario_result), plan)]
    made = [
        {
            "rank": rank,
            "recommendation": one.recommendation,
            "reason": one.reason,
            "value": one.value,
            "units": one.units,
            "gap": one.gap,
            "decider": one.decider,
        }
        for rank, one in enumerate(sorted(advice, key=lambda one: one.order), start=1)
    ]
    return pl.DataFrame(made, schema=table("recommendation").schema, orient="row")


def _broken(violation: pl.DataFrame) -> list[Advice]:
    """One recommendation for each kind of rule that could not hold."""
    found = []
    for (rule,), part in sorted(violation.partition_by(["rule"], as_dict=True, maintain_order=True).items()):
        told = [str(sentence) for sentence in part["sentence"].drop_nulls()]
        reason = " ".join(told[:2]) or f"{listing(part['subject'].unique().sort().to_list())}: the rule cannot hold."
        more = f" {len(told) - 2} more like these." if len(told) > 2 else ""
        text = f"Decide which rule gives way: {str(rule).replace('_', ' ')} of {listing(part['subject'].unique().sort().to_list())}."
        found.append(Advice(0, text, reason + more, None, None, None, "executive"))
    return found


def _from_gaps(gap: pl.DataFrame, gap_cause: pl.DataFrame, answers: Answers, plan: Setting) -> list[Advice]:
    """Advise on each group of gaps; where an option was proven to pay, that is the advice."""
    behind = first_causes(gap_cause)
    advice = []
    for group in answers.groups(gap, gap_cause):
        one, ranks = _of_group(group, behind, plan), ranks_of(group)
        taken, looked_at = answers.taken(ranks), answers.looked_at(ranks)
        if taken:
            against = " ".join(str(row["catch"]) for row in taken if row["catch"])
            told = f"{one.reason} {' '.join(str(row['because']) for row in taken)}" + (f" Against it: {against}" if against else "")
            one = replace(one, recommendation=advised(taken, plan), reason=told, decider="executive")
        elif looked_at:
            one = replace(one, reason=f"{one.reason} {none_pays(looked_at, plan)}")
        advice.append(one)
    return advice


def _of_group(group: Sequence[Row], behind: Mapping[int, Row], plan: Setting) -> Advice:
    first = leading(group)
    kind, cause = str(first["kind"]), behind.get(rank_of(first))
    because = f" {cause['sentence']}" if cause and cause["sentence"] else ""
    subjects = list(dict.fromkeys(str(row["subject"]) for row in group))
    if cause and kind in SERVED:
        told, text = (_held_back(group, plan) if len(group) > 1 else str(first["sentence"])), str(first["suggestion"])
    else:
        told, text = _told([first, *(row for row in group if row is not first)]), str(first["suggestion"])
        if len(subjects) > 1:
            text = _TOGETHER.get((kind, is_less(first)), text).format(who=listing(subjects))
    decider = "finance" if kind == "budget" and not is_less(first) else _DECIDERS[kind]
    value = None if kind in _NOTHING_AT_STAKE else _stake([row for row in group if row["kind"] not in _NOTHING_AT_STAKE])
    shared = len({row["unit"] for row in group}) == 1
    counted = [row for row in group if row["kind"] == kind] if kind == "supply_surplus" else group
    units = sum(abs(amount(row["units"]) or 0.0) for row in counted) if shared or len(counted) < len(group) else None
    return Advice(1, text, f"{told}{because}", value, units, rank_of(first), decider)


def _stake(group: Sequence[Row]) -> float | None:
    """Money at stake, without sign: revenue, or stock at standard cost; none where it is not known."""
    known = [size for row in group if (size := amount(row["stake"])) is not None]
    return sum(known) if known else None


def _told(group: Sequence[Row]) -> str:
    """The sentences of the two largest gaps, and how many more there are."""
    more = len(group) - 2
    rest = f" {more} more {plural('gap', more)} like these." if more > 0 else ""
    return " ".join(str(row["sentence"]) for row in group[:2]) + rest


def _held_back(group: Sequence[Row], plan: Setting) -> str:
    """What a limit holds back, by kind: who, how much, how much money."""
    words = (("shortage", "Short"), ("late", "Late"), ("below_target", "Stock below target"))
    parts = []
    for kind, word in words:
        own = [row for row in group if row["kind"] == kind]
        if not own:
            continue
        who = list(dict.fromkeys(f"{row['subject']} in {row['market']}" if row["market"] else str(row["subject"]) for row in own))
        units = {str(row["unit"] or "unit") for row in own}
        size = quantity(sum(abs(amount(row["units"]) or 0.0) for row in own), units.pop() if len(units) == 1 else "unit")
        stake = _stake(own)
        worth = f", {money(stake, plan.currency)} of revenue" if stake and kind != "below_target" else ""
        parts.append(f"{word}: {size}{worth} ({listing(who)}).")
    return " ".join(parts)


def _from_scenarios(scenarios: Scenarios, plan: Setting) -> list[Advice]:
    """Advise to prepare for scenarios in which more is short, or less is asked for, than in the base plan."""
    found = []
    for name in scenarios.others:
        if (scenarios.difference(name, "shortage") or 0.0) > plan.gaps.shortage_units:
            found.append(_short(scenarios, name))
        elif (scenarios.difference(name, "demand") or 0.0) < 0:
            found.append(_lower(scenarios, name, plan))
    return found


def _short(scenarios: Scenarios, name: str) -> Advice:
    """Advise on a scenario that supply cannot follow."""
    limit, short = scenarios.note(name, "binding_limit"), scenarios.note(name, "shortage")
    reason = " ".join(note for note in (short, "" if limit == "No limit binds." else limit) if note)
    text = f"Prepare for scenario {name}: agree now what brings more supply and which demand is served first."
    return Advice(2, text, reason, scenarios.worth_of_shortage(name), scenarios.value(name, "shortage"), None, "executive")


def _lower(scenarios: Scenarios, name: str, plan: Setting) -> Advice:
    """Advise on a scenario with less demand."""
    lower, revenue = scenarios.difference(name, "demand") or 0.0, scenarios.difference(name, "revenue")
    load = scenarios.value(name, "average_utilisation")
    parts = [f"Demand is {quantity(abs(lower), scenarios.unit(name, 'demand'))} lower than in the base plan"]
    parts += [f"revenue {money(abs(revenue), plan.currency)} lower"] if revenue else []
    loaded = f"; capacity is used to {share(load)}" if load is not None else ""
    text = f"Prepare for scenario {name}: agree at which signal what is cut."
    return Advice(2, text, f"{listing(parts)}{loaded}.", None, abs(lower), None, "executive")
