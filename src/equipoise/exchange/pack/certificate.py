"""What vouches for the supply plan: status, bound and gap of its solution, the independent checks, and the rules that could not hold."""

from collections.abc import Iterator
from math import isfinite

import polars as pl

from equipoise.exchange.pack.blocks import Block, Card, Cards, Heading, Paragraph, Points, Tone
from equipoise.exchange.pack.plan import Plan
from equipoise.exchange.pack.wording import compact, named
from equipoise.tables.figures import number, plural

MOST_RULES = 15
_MONEY = frozenset({"profit", "cost"})


def certificate(plan: Plan) -> Iterator[Block]:
    """Return the box of the certificate, the checks that fail or gave way, the rules that were broken and those that clash."""
    cards = (*_solved(plan), *_checked(plan), *_limits(plan))
    if cards:
        yield Cards(cards)
    yield from _failed(plan)
    yield from _clash(plan)
    yield from _violations(plan)


def facts(plan: Plan) -> dict[str, str]:
    """Return the facts of table solution."""
    return {fact: value for fact, value in plan["solution"].select("fact", "value").iter_rows() if value is not None}


def sentence(plan: Plan) -> str:
    """Return the certificate in one line: Optimal: gap 0.00 %; 31 checks passed, 2 gave way. Empty where nothing is known."""
    known, counts = facts(plan), _counts(plan)
    parts = []
    if "status" in known:
        gap = _gap(known)
        parts.append(named(known["status"]) + (f": {gap}" if gap else ""))
    if counts:
        parts.append(_told(counts))
    return "; ".join(parts) + "." if parts else ""


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text else None
    except ValueError:
        return None
    return value if value is not None and isfinite(value) else None


def _gap(known: dict[str, str]) -> str:
    gap = _number(known.get("gap"))
    return "" if gap is None else f"gap {gap * 100:.2f} %"


def _solved(plan: Plan) -> Iterator[Card]:
    known = facts(plan)
    status = known.get("status")
    if not status:
        return
    currency = plan.currency if known.get("objective kind") in _MONEY else ""
    parts = [_gap(known)]
    objective, bound = _number(known.get("objective")), _number(known.get("bound"))
    if objective is not None and bound is not None and currency:
        parts.append(f"{known['objective kind']} {compact(abs(objective), currency)}, at best {compact(abs(bound), currency)}")
    tone: Tone = "good" if status == "optimal" else "bad" if status == "infeasible" else ""
    yield Card("Solution", named(status), "; ".join(filter(None, parts)), tone)


def _counts(plan: Plan) -> dict[str, int]:
    return dict(plan["audit"].group_by("status", maintain_order=True).agg(pl.len()).iter_rows())


def _told(counts: dict[str, int]) -> str:
    passed, gave, failed = (counts.get(status, 0) for status in ("passed", "gave way", "failed"))
    return f"{passed} {plural('checks', passed)} passed, {gave} gave way" + (f", {failed} failed" if failed else "")


def _checked(plan: Plan) -> Iterator[Card]:
    counts = _counts(plan)
    if not counts:
        return
    passed, gave, failed = (counts.get(status, 0) for status in ("passed", "gave way", "failed"))
    places = int(plan["audit"].filter(pl.col("status") != "not asked").get_column("rows").sum() or 0)
    rest = [f"{gave} gave way" if gave else "", f"{failed} failed" if failed else "", f"{number(places)} places checked"]
    tone: Tone = "bad" if failed else "good" if not gave else ""
    yield Card("Checks of the plan", f"{passed} of {passed + gave + failed} passed", ", ".join(filter(None, rest)), tone)


def _limits(plan: Plan) -> Iterator[Card]:
    known = facts(plan)
    if "limits" not in known:
        return
    held = plan["violation"].is_empty()
    strategy = known.get("strategy", "")
    yield Card("Limits", named(known["limits"]), f"strategy: {strategy}" if strategy else "", "good" if held else "bad")


def _failed(plan: Plan) -> Iterator[Block]:
    """Return the checks that did not pass, in words with their numbers."""
    rows = plan["audit"].filter(pl.col("status").is_in(["failed", "gave way"])).sort(["status", "check"])
    if rows.is_empty():
        return
    yield Heading("Checks that did not pass")
    told = []
    for row in rows.iter_rows(named=True):
        failed, checked = row["failed"] or 0, row["rows"] or 0
        how = "gave way (see the rules that could not hold)" if row["status"] == "gave way" else "FAILED"
        worst = f", at most by {number(row['worst'])}" if row["worst"] else ""
        place = f" ({row['place']})" if row["place"] else ""
        told.append(f"{named(row['check'])} {how}: {row['meaning']} Off in {number(failed)} of {number(checked)} places{worst}{place}.")
    yield Points(tuple(told[:MOST_RULES]))
    yield from more(len(told) - MOST_RULES, "audit")


def _clash(plan: Plan) -> Iterator[Block]:
    rows = plan["clash"].sort("position")
    if rows.is_empty():
        return
    yield Heading("Rules that cannot hold together")
    yield Paragraph(f"These {rows.height} cannot all be kept. Without any one of them, the others could.")
    yield Points(
        tuple(text or f"{named(rule)}: {subject}" for rule, subject, text in rows.select("rule", "subject", "sentence").iter_rows())
    )


def _violations(plan: Plan) -> Iterator[Block]:
    broken = plan["violation"].sort("rule", "subject", "period", nulls_last=False)
    if broken.height:
        yield Heading("Rules that could not hold")
        shown = broken.select("rule", "subject", "sentence").head(MOST_RULES)
        yield Points(tuple(text or f"{rule}: {subject}" for rule, subject, text in shown.iter_rows()))
        yield from more(broken.height - MOST_RULES, "violation")


def more(count: int, name: str) -> Iterator[Block]:
    """Return a quiet line on how many rows of table `name` are not shown; nothing where all are."""
    if count > 0:
        yield Paragraph(f"{number(count)} more in table {name}.", quiet=True)
