"""Why an option has its status, and what speaks against it, in words."""

from equipoise.reconcile.options.company import Company
from equipoise.reconcile.options.proof import Proof
from equipoise.reconcile.options.search import LEAST_MONEY, LEAST_UNITS, Single
from equipoise.tables.figures import listing, money, number, plural, quantity


def combination_name(proof: Proof) -> str:
    """Return the name of a combination: its first lever, and how many more."""
    more = len(proof.levers) - 1
    return f"{proof.levers[0].name} and {more} more" if more > 1 else f"{proof.levers[0].name} + {proof.levers[1].name}"


def because(status: str, proof: Proof, better: Single | None, company: Company, *, alone: bool) -> str:
    """Return why an option has its status, with the money that the solve showed."""
    if status == "failed":
        return f"The plan could not be solved with it: {proof.failure}"
    if status == "dominated" and better is not None:
        return f"{better.lever.name} is as good in money, service, cash and lead time, and better in one of them."
    if status == "no gain":
        if proof.net is None or abs(proof.net) <= LEAST_MONEY:
            return "Solved again, it changes neither money nor service: something else limits the plan."
        return f"Solved again: {_effect(proof, company)}. It costs more than it brings."
    effect = f"Solved again: {_effect(proof, company)}."
    if status == "recommended":
        return effect if alone else f"{effect} It is part of the best combination."
    if proof.net is not None and proof.net < -LEAST_MONEY:
        return f"{effect} It costs more than it brings."
    return f"{effect} Beside what is recommended it adds nothing." if proof.net and proof.net > LEAST_MONEY else effect


def _effect(proof: Proof, company: Company) -> str:
    parts = []
    if proof.net is not None and abs(proof.net) > LEAST_MONEY:
        size = money(abs(proof.net), company.setting.currency)
        parts.append(f"contribution is {size} {'higher' if proof.net >= 0 else 'lower'} after its cost")
    if abs(proof.shortage) >= LEAST_UNITS:
        size = number(abs(proof.shortage))
        parts.append(f"{size} {'fewer' if proof.shortage < 0 else 'more'} {plural('unit', abs(proof.shortage))} short")
    if proof.service is not None and abs(proof.service) >= 5e-5:
        parts.append(f"{_points(proof.service)} {'more' if proof.service > 0 else 'less'} of demand served in time")
    return listing(parts, most=3) if parts else "by itself it changes neither money nor service"


def _points(share: float) -> str:
    return quantity(abs(share) * 100, "point")


def catch(proof: Proof, company: Company) -> str:
    """Return what speaks against an option: what its kind always brings with it, and what the solve showed to get worse."""
    told = list(dict.fromkeys(lever.catch for lever in proof.levers if lever.catch))
    currency = company.setting.currency
    if proof.cash is not None and proof.cash < -LEAST_MONEY and (proof.net or 0.0) > proof.cash + LEAST_MONEY:
        told.append(f"It takes {money(-proof.cash, currency)} of cash over the horizon.")
    if proof.inventory is not None and proof.inventory > max(LEAST_MONEY, 0.005 * _stock(company)):
        told.append(f"Stock is {money(proof.inventory, currency)} higher on average.")
    if proof.shortage > LEAST_UNITS:
        told.append(f"{number(proof.shortage)} more {plural('unit', proof.shortage)} short.")
    if proof.service is not None and proof.service < -5e-5:
        told.append(f"{_points(proof.service)} less of demand is served in time.")
    if proof.one_off > 0 and proof.net is not None:
        told.append(f"{money(proof.one_off, currency)} is paid whether demand comes or not.")
    return " ".join(told)


def _stock(company: Company) -> float:
    """Return the average stock value of the plan of record."""
    ends = company.tables["inventory_plan"].get_column("value").drop_nulls()
    return float(ends.sum()) / max(1, company.calendar.horizon)
