"""Questions: levers that would help but have no price. What is asked, and the most that the answer may cost to be worth it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import polars as pl

from equipoise.reconcile.gaps.sentence import PERIOD_NOUN
from equipoise.reconcile.options.company import Company
from equipoise.reconcile.options.found import Gap, Unusable
from equipoise.reconcile.options.lever import Lever, Meter, Row, change
from equipoise.reconcile.options.proof import Proof, Prover
from equipoise.reconcile.options.search import LEAST_MONEY, LEAST_UNITS
from equipoise.reconcile.options.shaping import backlog
from equipoise.tables import table
from equipoise.tables.figures import money, number, plural, quantity

MOST_QUESTIONS = 10
# By the limit behind a gap: the kind of lever that lifts it, and what would have to be known.
_ASKED = {
    "capacity": ("shift", "What would more capacity on {target} cost (a shift, a subcontractor), and from when?"),
    "overtime": ("overtime", "How much more overtime could {target} work, and at what surcharge?"),
    "labor overtime": ("overtime", "How much more overtime could {target} work, and at what surcharge?"),
    "labor hours": ("worker", "How many more people could work on {target}, from when, and what would finding them cost?"),
    "headcount": ("worker", "How many more people could work on {target}, from when, and what would finding them cost?"),
    "hiring": ("worker", "How many more could be hired for {target} in a period, and at what cost?"),
    "purchase": ("supplier_capacity", "How much more of {target} can be had, at what price and from when?"),
    "limit": ("subcontract", "By how much could the limit {target} be raised, at what cost and from when?"),
    "lane": ("transport", "How much more could go by {target}, and at what rate?"),
    "maximum stock": ("pre_build", "What would room for more {target} cost?"),
    "material": ("expedite", "By how many days could {target} come faster, and at what cost?"),
}
_BACKLOG = "What does a unit of {target} cost that is served late with the customer's consent?"
_JOINT = re.compile("@| at | to ")
"""Stands between an item and its place in the subject of a limit."""
_STOCK = ("excess_stock", "obsolete_stock")
_SELL = "At what price or with what promotion would {target} sell, and how much of it?"
_FREED = 2.0
"""A limit whose price is not known is doubled, to see what lifting it would be worth."""


@dataclass(frozen=True)
class Question:
    """A lever that lacks its price: what is asked, and the lever without cost that shows its worth (none: it is not solved)."""

    kind: str
    target: str
    gap: Gap | None
    statement: str
    lacks: str
    lever: Lever | None = None


def questions(company: Company, gaps: Sequence[Gap], unusable: Sequence[Unusable], tried: Sequence[Lever]) -> list[Question]:
    """Return what is to be asked: rows of table `lever` that lack a price first, then limits behind gaps that no lever is given for."""
    found = [_of_row(one, gaps) for one in unusable if one.question]
    priced = {(lever.kind, lever.target) for lever in tried} | {(one.kind, one.target) for one in found}
    targets = {target for _, target in priced}
    causes = company.tables["gap_cause"].sort("rank", pl.col("share").fill_null(0.0), descending=[False, True], maintain_order=True)
    for gap in gaps:
        for limit, subject in causes.filter(pl.col("rank") == gap.rank).select("limit", "subject").iter_rows():
            target = _target(limit, subject, company)
            if limit in _ASKED and target and target not in targets:
                kind, words = _ASKED[limit]
                lever = _relaxed(limit, subject, company)
                found.append(Question(kind, target, gap, words.format(target=target), _lacks(kind, target), lever))
                targets.add(target)
        found += [one for one in _of_demand(gap, company, priced) if one.target not in targets]
        targets |= {one.target for one in found}
    return found[:MOST_QUESTIONS]


def _target(limit: str, subject: str, company: Company) -> str:
    """Return what a row of table lever may name to lift a limit; empty where there is none.

    Material comes by a purchase, and so does what a family buys: the one purchase that is behind it, or else the supplier.
    """
    if limit == "maximum stock":
        return subject.partition("@")[0]
    if limit not in {"material", "purchase"} or subject in company.names("purchase", "purchase"):
        return subject
    items = company.items(_JOINT.split(subject)[0])
    rows = company.tables["purchase"].filter(pl.col("item").is_in(list(items)))
    for column in ("purchase", "supplier"):
        names = rows.get_column(column).drop_nulls().unique(maintain_order=True).to_list()
        if len(names) == 1:
            return str(names[0])
    return str(rows.get_column("purchase")[0]) if rows.height else ""


def _lacks(kind: str, target: str) -> str:
    return f"lever: kind {kind}, target {target}, step, maximum, one_off_cost, running_cost, lead_time"


def _of_row(one: Unusable, gaps: Sequence[Gap]) -> Question:
    gap = next((gap for gap in gaps if one.row.target in gap.reached), None)
    return Question(one.row.kind, one.row.target, gap, f"{one.row.name}: {one.why}", _lacks(one.row.kind, one.row.target))


def _of_demand(gap: Gap, company: Company, known: set[tuple[str, str]]) -> Iterator[Question]:
    """Yield the question about demand that a gap asks: may it be late, or who would buy what is too much."""
    if gap.kind == "shortage" and ("backlog", gap.subject) not in known:
        closed = company.tables["demand_policy"].filter(
            pl.col("item").is_in(list(company.items(gap.subject))) & ~pl.col("backlog_allowed").fill_null(value=True)
        )
        if closed.height and closed.get_column("backlog_cost").is_null().any():
            row = Row("backlog", gap.subject, None, None, 0.0, None, None, None, None)
            words = _BACKLOG.format(target=gap.subject)
            yield Question("backlog", gap.subject, gap, words, "demand_policy: backlog_cost", replace(backlog(row, company), lead_time=0))
    if gap.kind in _STOCK and ("promotion", gap.subject) not in known:
        yield Question(
            "promotion", gap.subject, gap, f"{_SELL.format(target=gap.subject)} {gap.sentence}", _lacks("promotion", gap.subject)
        )


def _relaxed(limit: str, subject: str, company: Company) -> Lever | None:
    """Return the limit doubled, at no cost of its own, from the first period on; None where there is nothing to double."""
    name = f"Question {limit} {subject}"
    item, _, location = subject.partition("@")
    material = _JOINT.split(subject)[0]
    ways: dict[str, tuple[tuple[str, str, dict[str, str]], ...]] = {
        "capacity": (("capacity", "regular", {"resource": subject}),),
        "overtime": (("capacity", "overtime_limit", {"resource": subject}),),
        "labor overtime": (("workforce", "overtime_hours_per_worker", {"resource": subject}),),
        "labor hours": (("workforce", "maximum", {"resource": subject}), ("workforce", "max_hire", {"resource": subject})),
        "headcount": (("workforce", "maximum", {"resource": subject}),),
        "hiring": (("workforce", "max_hire", {"resource": subject}),),
        "purchase": (("purchase_limit", "maximum", {"purchase": subject}),),
        "limit": (("limit", "at_most", {"limit": subject}),),
        "lane": (("lane", "limit", {"lane": subject}),),
        "maximum stock": (("inventory_policy", "maximum", {"item": item, **({"location": location} if location else {})}),),
        "material": tuple(("purchase", column, {"item": material}) for column in ("lead_time", "lead_periods")),
    }
    factor = 0.0 if limit == "material" else _FREED
    overrides = tuple(
        change(table_, column, "scale", factor, name, **where)
        for table_, column, where in ways[limit]
        if _there(company, table_, column, where)
    )
    return (
        Lever(name, _ASKED[limit][0], subject, name, overrides, _unit(limit, subject, company), _more(limit, subject, company))
        if overrides
        else None
    )


def _there(company: Company, name: str, column: str, where: dict[str, str]) -> bool:
    rows = company.tables[name].filter(*(pl.col(key) == value for key, value in where.items()))
    return rows.get_column(column).is_not_null().any()


def _unit(limit: str, subject: str, company: Company) -> str:
    if limit in {"capacity", "overtime", "labor overtime"}:
        return str(next((row["unit"] for row in company.rows("resource", resource=subject)), None) or "hour")
    if limit == "purchase":
        bought = {str(row["item"]) for row in company.rows("purchase", purchase=subject)}
        return next((str(row["unit"] or "unit") for item in sorted(bought) for row in company.rows("item", item=item)), "unit")
    return "worker" if limit in {"labor hours", "headcount", "hiring"} else "unit"


def _more(limit: str, subject: str, company: Company) -> Meter:
    """Count what is used beyond what the limit lets the plan of record use."""
    places = {
        "capacity": ("capacity_load", "resource", "regular", "available"),
        "overtime": ("capacity_load", "resource", "overtime", "overtime_limit"),
        "labor overtime": ("capacity_load", "resource", "overtime", "overtime_limit"),
        "labor hours": ("workforce_plan", "resource", "workers", "workers"),
        "headcount": ("workforce_plan", "resource", "workers", "workers"),
        "hiring": ("workforce_plan", "resource", "workers", "workers"),
        "purchase": ("purchase_plan", "purchase", "quantity", "quantity"),
        "lane": ("transfer_plan", "lane", "quantity", "quantity"),
    }
    if limit not in places:
        return lambda _: {}
    made, key, amount, room = places[limit]
    before = (
        company.tables[made].filter(pl.col(key) == subject).group_by("period", maintain_order=True).agg(pl.col(room).sum().alias("room"))
    )

    def meter(tables: dict[str, pl.DataFrame]) -> dict[object, float]:
        after = (
            tables[made].filter(pl.col(key) == subject).group_by("period", maintain_order=True).agg(pl.col(amount).sum().alias("amount"))
        )
        both = after.join(before, on="period", how="left", maintain_order="left")
        return dict(both.select("period", (pl.col("amount") - pl.col("room").fill_null(0.0)).clip(0.0)).iter_rows())

    return meter  # type: ignore[return-value]


def question_rows(asked: Sequence[Question], prover: Prover, company: Company) -> pl.DataFrame:
    """Return the table `option_question`: the most worth knowing first. What is worth nothing is not asked."""
    solved = {one.lever.name: one for one in asked if one.lever is not None}
    proofs = dict(zip(solved, prover.prove([(one.lever,) for one in solved.values() if one.lever is not None]), strict=True))
    told = [(one, proofs.get(one.lever.name) if one.lever is not None else None) for one in asked]
    kept = [(one, proof) for one, proof in told if proof is None or _worth_asking(proof)]
    kept.sort(key=lambda pair: (-((pair[1].net or 0.0) if pair[1] else 0.0), pair[0].gap.rank if pair[0].gap else 0, pair[0].target))
    rows = [
        {
            "question": position,
            "kind": one.kind,
            "target": one.target,
            "gap": one.gap.rank if one.gap else None,
            "statement": f"{one.statement}{_worth(proof, one, company)}",
            "worth": proof.net if proof else None,
            "units": max(0.0, -proof.shortage) if proof else None,
            "lever": one.lacks,
        }
        for position, (one, proof) in enumerate(kept, start=1)
    ]
    return pl.DataFrame(rows, schema=table("option_question").schema, orient="row")


def _worth_asking(proof: Proof) -> bool:
    return not proof.failure and ((proof.net or 0.0) > LEAST_MONEY or proof.shortage < -LEAST_UNITS)


def _worth(proof: Proof | None, one: Question, company: Company) -> str:
    if proof is None or one.lever is None:
        return ""
    noun, used = PERIOD_NOUN[company.calendar.cadence], proof.used.get(one.lever.name, 0.0)
    most = f" The plan would use up to {quantity(used, one.lever.unit)} a {noun} more." if used > 1e-6 else ""
    closes = f" {number(-proof.shortage)} fewer {plural('unit', -proof.shortage)} would be short." if proof.shortage < -LEAST_UNITS else ""
    worth = f" All of it is worth {money(proof.net, company.setting.currency)} at most." if proof.net and proof.net > LEAST_MONEY else ""
    return f"{most}{closes}{worth}"
