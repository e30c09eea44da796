"""The step: options for the plan's gaps, proven and ranked, and what would have to be known to find more."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from equipoise.reconcile.money.earned import WhatIf
from equipoise.reconcile.options.company import Company
from equipoise.reconcile.options.found import Unusable, candidates, gaps_of
from equipoise.reconcile.options.lever import Lever
from equipoise.reconcile.options.proof import Proof, Prover
from equipoise.reconcile.options.questions import question_rows, questions
from equipoise.reconcile.options.search import Single, combined, dominated, proven
from equipoise.reconcile.options.wording import because, catch, combination_name
from equipoise.tables import table

OPTION_TABLES = (
    *("setting", "lever", "gap", "gap_cause", "item", "market", "resource", "route", "bom", "usage", "purchase", "purchase_limit", "lane"),
    *("limit", "limit_member", "capacity", "workforce", "inventory_policy", "demand_policy", "demand_plan", "supply_plan", "purchase_plan"),
    *("transfer_plan", "shipment_plan", "inventory_plan", "capacity_load", "route_load", "workforce_plan", "shortage", "cost"),
    "financials",
    "override_effect",
)
"""What the search for options reads."""
_SOLVES = 4
"""Sets of levers that are proven in all, as a multiple of the single options tried."""


def option(tables: Mapping[str, pl.DataFrame], *, what_if: WhatIf) -> dict[str, pl.DataFrame]:
    """Return the tables `option`, `option_change`, `option_period` and `option_question`.

    `what_if` solves the plan again with more overrides and returns its tables. Levers are rows of table `lever`, and those that need no
    price: sharing what is short otherwise, building ahead, serving late where that has a cost. Each is proven by itself, then combined
    greedily (`search.combined`). An option that another beats for the same gap in money, service, cash and lead time is dominated. What
    has no price is never given one: it becomes a question, with what the answer may cost at most.
    """
    company = Company(tables)
    limits = company.setting.options
    gaps = gaps_of(company, limits.gaps)
    found, unusable = candidates(company, gaps) if limits.tried else ([], [])
    prover = Prover(tables, what_if)
    singles = proven(found[: limits.tried], prover)
    chain = combined(singles, prover, limits.combined, limits.tried * _SOLVES)
    asked = questions(company, gaps, unusable, [one.lever for one in singles]) if limits.tried else []
    listed = _Listing(company, singles, chain, unusable)
    return {
        "option": listed.options(),
        "option_change": _changes(singles, chain),
        "option_period": listed.periods(prover),
        "option_question": question_rows(asked, prover, company),
    }


class _Listing:
    """Puts proven options into the tables."""

    def __init__(self, company: Company, singles: Sequence[Single], chain: Sequence[Proof], unusable: Sequence[Unusable]) -> None:
        self._company = company
        self._singles = singles
        self._chain = chain
        self._unusable = unusable
        self._dominated = dominated(singles)
        self._best = {lever.name for lever in chain[-1].levers} if chain else set()

    def options(self) -> pl.DataFrame:
        """Return the table `option`: the best first, those that were dropped at the end."""
        rows = [self._single(one) for one in self._singles]
        if self._chain and len(self._chain[-1].levers) > 1:
            rows.append(self._combination(self._chain[-1]))
        rows.sort(key=_order)
        shown = 0
        for row in rows:
            if row["status"] in {"recommended", "listed"}:
                shown += 1
                row["rank"] = shown
        rows += [_late(one) for one in self._unusable if not one.question]
        return pl.DataFrame(rows, schema=table("option").schema, orient="row")

    def _single(self, one: Single) -> dict[str, object]:
        lever, rank = one.lever, one.candidate.gap.rank if one.candidate.gap else None
        status = self._status(one)
        better = self._dominated.get(lever.name)
        return {
            **_numbers(one.proof),
            "option": lever.name,
            "kind": lever.kind,
            "target": lever.target,
            "statement": lever.statement,
            "gap": rank,
            "size": one.proof.used.get(lever.name),
            "unit": lever.unit,
            "lead_time": lever.lead_time,
            "effective": lever.effective,
            "catch": catch(one.proof, self._company),
            "status": status,
            "because": because(status, one.proof, better, self._company, alone=len(self._best) < 2),
        }

    def _status(self, one: Single) -> str:
        if one.proof.failure:
            return "failed"
        if one.lever.name in self._best:
            return "recommended"
        if one.lever.name in self._dominated and one.matters:
            return "dominated"
        return "listed" if one.matters else "no gain"

    def _combination(self, proof: Proof) -> dict[str, object]:
        first = next((one.candidate.gap for one in self._singles if one.lever.name == proof.levers[0].name), None)
        days = [lever.lead_time or 0 for lever in proof.levers]
        dates = [lever.effective for lever in proof.levers if lever.effective is not None]
        return {
            **_numbers(proof),
            "option": combination_name(proof),
            "kind": "combination",
            "statement": "; ".join(lever.statement for lever in proof.levers),
            "members": "; ".join(lever.name for lever in proof.levers),
            "gap": first.rank if first else None,
            "lead_time": max(days),
            "effective": min(dates) if dates else None,
            "catch": catch(proof, self._company),
            "status": "recommended",
            "because": because("recommended", proof, None, self._company, alone=True),
        }

    def periods(self, prover: Prover) -> pl.DataFrame:
        """Return the table `option_period`: what is short in the plan, and what each option that is listed closes of it."""
        base = prover.base.short
        rows: list[dict[str, object]] = [{"option": "", "period": period, "short": short} for period, short in base.items()]
        shown = [(one.lever.name, one.proof) for one in self._singles if self._status(one) in {"recommended", "listed"}]
        if self._chain and len(self._chain[-1].levers) > 1:
            shown.append((combination_name(self._chain[-1]), self._chain[-1]))
        stacked = self._stacked(base)
        for name, proof in shown:
            for period, short in proof.short.items():
                closed, top = base.get(period, 0.0) - short, stacked.get(name, {}).get(period)
                rows.append({"option": name, "period": period, "short": short, "closed": closed, "stacked": top})
        return pl.DataFrame(rows, schema=table("option_period").schema, orient="row").sort("option", "period")

    def _stacked(self, base: Mapping[dt.date, float]) -> dict[str, dict[dt.date, float]]:
        """Return, by lever of the recommended combination and period, what it closes on top of those before it."""
        found: dict[str, dict[dt.date, float]] = {}
        before: Mapping[dt.date, float] = base
        held: set[str] = set()
        for proof in self._chain:
            after = proof.short
            for lever in proof.levers:
                if lever.name not in held:
                    found[lever.name] = {period: before.get(period, 0.0) - short for period, short in after.items()}
                    held.add(lever.name)
                    before = after
        return found


def _order(row: Mapping[str, object]) -> tuple[object, ...]:
    statuses = ("recommended", "listed", "dominated", "no gain", "failed")
    status, net, short = str(row["status"]), row["net_money"], row["shortage"]
    worth = net if isinstance(net, float) else 0.0
    shown = 0 if statuses.index(status) < 2 else statuses.index(status)
    return (shown, -worth, short if isinstance(short, float) else 0.0, row["kind"] != "combination", str(row["option"]))


def _numbers(proof: Proof) -> dict[str, object]:
    if proof.failure:
        return {"net_money": None, "shortage": None}
    return {
        "net_money": proof.net,
        "revenue": proof.revenue,
        "running_cost": proof.running,
        "one_off_cost": proof.one_off,
        "cash": proof.cash,
        "shortage": proof.shortage,
        "service": proof.service,
        "inventory": proof.inventory,
    }


def _late(one: Unusable) -> dict[str, object]:
    """Return the row of a lever that is priced but cannot be used."""
    row = one.row
    told = {"option": row.name, "kind": row.kind, "target": row.target, "statement": row.name, "status": "no gain", "because": one.why}
    return {**told, "lead_time": round(row.lead_time or 0.0)}


def _changes(singles: Sequence[Single], chain: Sequence[Proof]) -> pl.DataFrame:
    """Return the table `option_change`: the overrides of every option, those of combinations under their own name."""
    sets: list[tuple[str, tuple[Lever, ...]]] = [(one.lever.name, (one.lever,)) for one in singles]
    if chain and len(chain[-1].levers) > 1:
        sets.append((combination_name(chain[-1]), chain[-1].levers))
    rows = list(_change_rows(sets))
    return pl.DataFrame(rows, schema=table("option_change").schema, orient="row").sort("option", "position")


def _change_rows(sets: Sequence[tuple[str, tuple[Lever, ...]]]) -> Iterator[dict[str, object]]:
    for name, levers in sets:
        overrides = [override for lever in levers for override in lever.overrides]
        for position, override in enumerate(overrides, start=1):
            document = override.model_dump_json(exclude_defaults=True)
            yield {"option": name, "position": position, "statement": str(override), "override": document}
