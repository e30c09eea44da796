"""Levers found: those of table `lever` that touch a gap or bring money by themselves, and those that need no price."""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import polars as pl

from equipoise.reconcile.options.capacity import more_capacity, more_workers
from equipoise.reconcile.options.company import Company
from equipoise.reconcile.options.lever import Lever, Row
from equipoise.reconcile.options.shaping import allocations, backlog, build_ahead, campaign, price, promotion
from equipoise.reconcile.options.ways import earlier_route, more_bought, more_moved
from equipoise.tables.main_gaps import main_gaps

SHORT = ("shortage", "late", "below_target")
SURPLUS = ("excess_stock", "obsolete_stock", "idle_capacity", "supply_surplus")
_SIZED = ("overtime", "shift", "worker", "subcontract", "source", "supplier_capacity", "storage", "transport", "promotion", "price")


@dataclass(frozen=True)
class Gap:
    """A gap that options are looked for: what it is, when, and the names that its items pass through."""

    rank: int
    kind: str
    subject: str
    market: str
    period: dt.date
    until: dt.date
    reached: frozenset[str]
    sentence: str = ""

    @property
    def short(self) -> bool:
        """Whether there is too little."""
        return self.kind in SHORT


@dataclass(frozen=True)
class Candidate:
    """A lever to be proven, with the gap that it was looked for (none: it may bring money by itself)."""

    lever: Lever
    gap: Gap | None


@dataclass(frozen=True)
class Unusable:
    """A row of table `lever` that makes no option, and why: it becomes a question, or it is said that it comes too late."""

    row: Row
    why: str
    question: bool


def gaps_of(company: Company, most: int) -> list[Gap]:
    """Return the gaps that options are looked for, by rank: the main ones, at most so many short and so many in surplus."""
    found: dict[bool, list[Gap]] = {True: [], False: []}
    rows = main_gaps(company.tables["gap"]).filter(pl.col("kind").is_in([*SHORT, *SURPLUS])).sort("rank")
    columns = ("rank", "kind", "level", "subject", "market", "period", "until", "sentence")
    for rank, kind, level, subject, market, period, until, told in rows.select(columns).iter_rows():
        side = found[kind in SHORT]
        if len(side) < most:
            side.append(Gap(rank, kind, subject, market or "", period, until, _reached(company, kind, level, subject), told))
    return sorted([*found[True], *found[False]], key=lambda gap: gap.rank)


def _reached(company: Company, kind: str, level: str, subject: str) -> frozenset[str]:
    """Return the names that may be behind a gap, or, of what is too much, that may use it."""
    if level == "resource":
        taken = company.tables["usage"].filter(pl.col("resource") == subject).get_column("of").to_list()
        made = company.tables["route"].filter(pl.col("route").is_in(taken)).get_column("item").to_list()
        return frozenset([subject, *taken, *made])
    if level in {"total", "market"}:
        items = [item for members in company.members.values() for item in members]
    else:
        items = list(company.items(subject.partition("@")[0]))
    near = company.network.reach(items) if kind in SHORT else set(items)
    suppliers = company.tables["purchase"].filter(pl.col("purchase").is_in(sorted(near))).get_column("supplier").drop_nulls().to_list()
    families = {family for family, members in company.members.items() if not near.isdisjoint(members)}
    return frozenset(near | set(suppliers) | families | {subject})


def candidates(company: Company, gaps: Sequence[Gap]) -> tuple[list[Candidate], list[Unusable]]:
    """Return the levers worth proving, those for the largest gaps first, and the rows of table `lever` that make none."""
    found: list[Candidate] = []
    unusable: list[Unusable] = []
    for row in Row.of(company):
        why = _missing(row)
        effective = company.effective(row.lead_time)
        barred = _barred(row, company) or ("It takes effect only after the horizon." if effective is None else "")
        if why or barred or effective is None:
            unusable.append(Unusable(row, why or barred, question=bool(why)))
            continue
        gap = next((one for one in gaps if row.target in {*one.reached, one.market} and _helps(row, one)), None)
        made = [replace(lever, lead_time=_days(row), effective=effective) for lever in _levers(row, company, effective, gap)]
        found += [Candidate(lever, gap) for lever in made if lever.overrides]
        if not any(lever.overrides for lever in made):
            unusable.append(Unusable(row, "Nothing that it acts on limits the plan.", question=False))
    found += _free(company, gaps)
    return sorted(found, key=lambda one: (one.gap is None, one.gap.rank if one.gap else 0)), unusable


def _days(row: Row) -> int:
    return round(row.lead_time or 0.0)


def _barred(row: Row, company: Company) -> str:
    """Say why a lever cannot do more than the plan has: it is in it, or its labor is paid by head."""
    if row.name in company.used:
        return "It is part of the plan already."
    if row.kind in {"shift", "storage", "supplier_capacity"} and row.target in company.names("workforce", "resource"):
        return f"{row.target} is paid by head: give a lever of kind worker or overtime."
    return ""


def _missing(row: Row) -> str:
    """Say what a row lacks to be weighed: nothing is invented for it."""
    if not row.priced:
        return "Neither one_off_cost nor running_cost is given."
    if row.kind in _SIZED and not row.most:
        return "Neither step nor maximum is given."
    if row.kind == "expedite" and not row.days_saved:
        return "days_saved is not given."
    return "elasticity is not given." if row.kind == "price" and row.elasticity is None else ""


def _helps(row: Row, gap: Gap) -> bool:
    """Whether a kind of lever is about gaps of that side: promotions use what is too much, prices go both ways, all else brings more."""
    if row.kind == "price":
        return True
    return gap.short != (row.kind == "promotion")


def _levers(row: Row, company: Company, effective: dt.date, gap: Gap | None) -> Iterator[Lever]:
    if row.kind in {"promotion", "price"}:
        within = list(company.calendar.between(gap.period, gap.until)) if gap is not None else []
        periods = campaign(company, effective, within)
        up = gap is None or gap.short
        for size in row.sizes:
            yield promotion(row, company, periods, size) if row.kind == "promotion" else price(row, company, periods, size, up=up)
    elif row.kind == "backlog":
        yield backlog(row, company)
    elif row.kind == "allocation":
        yield from (lever for lever in allocations(company) if row.target in {"", "all", lever.target})
    elif row.kind == "pre_build":
        ahead = build_ahead(row, company)
        yield from [ahead] if ahead is not None else []
    else:
        yield _ON[_acts_on(row, company)](row, company, effective)


_ON: dict[str, Callable[[Row, Company, dt.date], Lever]] = {
    "resource": more_capacity,
    "worker": more_workers,
    "lane": more_moved,
    "route": earlier_route,
    "purchase": more_bought,
}


def _acts_on(row: Row, company: Company) -> str:
    """Return what a lever acts on, by what its target is."""
    if row.kind == "worker":
        return "worker"
    for table in ("resource", "lane", "route"):
        if row.target in company.names(table, table):
            return table
    return "purchase"


def _free(company: Company, gaps: Sequence[Gap]) -> list[Candidate]:
    """Return the levers that need no price: sharing what is short otherwise, building ahead, serving late where its cost is given."""
    short = [gap for gap in gaps if gap.short]
    if not short:
        return []
    own = {row.kind for row in Row.of(company)}
    unserved = next((gap for gap in short if gap.kind != "below_target"), None)
    found = [] if "allocation" in own or unserved is None else [Candidate(lever, unserved) for lever in allocations(company)]
    ahead = None if "pre_build" in own else build_ahead(None, company)
    found += [] if ahead is None else [Candidate(ahead, short[0])]
    for gap in short:
        if gap.kind == "shortage" and "backlog" not in own and _late_is_priced(company, gap.subject):
            row = Row("backlog", gap.subject, None, None, 0.0, None, None, None, None)
            found.append(Candidate(replace(backlog(row, company), lead_time=0, effective=company.calendar.periods[0]), gap))
    once = {one.lever.name: one for one in reversed(found)}
    return [one for one in found if once[one.lever.name] is one]


def _late_is_priced(company: Company, subject: str) -> bool:
    """Whether some demand of a subject may not be late, and the cost of being late is given for it."""
    of = pl.col("item").is_in(list(company.items(subject)))
    closed = company.tables["demand_policy"].filter(of & ~pl.col("backlog_allowed").fill_null(value=True))
    return closed.height > 0 and closed.get_column("backlog_cost").is_not_null().all()
