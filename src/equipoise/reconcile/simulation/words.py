"""What the simulation assumed, in sentences: where distributions come from, how they hang together, and what is not known."""

from collections.abc import Iterator

import numpy as np

from equipoise.reconcile.simulation.sources import Sources
from equipoise.reconcile.simulation.supply_paths import missing
from equipoise.tables.figures import listing, quantity, share


def assumptions(drawn: Sources) -> Iterator[tuple[str, float | None, str]]:
    """Return the assumptions: a name, a number where one says it, and the sentence."""
    yield from _of_demand(drawn)
    yield from _of_dependence(drawn)
    yield from _of_supply(drawn)


def _of_demand(drawn: Sources) -> Iterator[tuple[str, float | None, str]]:
    cells = drawn.demand.cells
    total = float(cells.quantity.sum())
    instead = np.zeros(cells.shape, np.bool_)
    for row, hit in drawn.demand.instead:
        instead[hit] |= row.may
    known = float(np.where(instead, 0.0, cells.quantity * cells.known).sum())
    if known > 0:
        words = (
            f"{share(known / total, whole=False)} of planned demand is drawn from the forecast's p10, p50 and p90, with their spread "
            "relative to it, around the plan as its mean; no demand lies below zero or below what is ordered."
        )
        yield "demand", known / total, words
    rows = [row for row, _ in drawn.demand.instead]
    if rows:
        stand = "stands the disturbance" if len(rows) == 1 else "stand the disturbances"
        words = f"In place of the forecast's distribution {stand} {listing([row.name for row in rows])}."
        yield "demand_given", float(len(rows)), words
    besides = list(dict.fromkeys(row.name for row, _, _ in drawn.demand.besides))
    if besides:
        yield "demand_events", float(len(besides)), f"What only may happen comes on top of the rest: {listing(besides)}."
    sure = float(np.where(drawn.demand.uncertain, 0.0, cells.quantity).sum())
    if sure >= 0.005 * max(total, 1e-9):
        words = (
            f"Nothing says how uncertain {share(sure / total)} of planned demand is (no history, or all of it ordered): it is taken as "
            "planned on every path, which makes the risk look smaller. Rows of table disturbance of kind demand would say it."
        )
        yield "demand_certain", sure / total, words


def _of_dependence(drawn: Sources) -> Iterator[tuple[str, float | None, str]]:
    one = drawn.demand.scores.dependence
    if not drawn.demand.uncertain.any():
        return
    if one.seen < 2:
        yield "correlation", None, "No history says how demand moves together: series are drawn apart from each other, periods too."
    else:
        words = (
            f"How demand moves together comes from the history of {one.seen:,} series: errors of a seasonal naive forecast, drawn "
            f"{share(one.intensity)} towards their mean ({one.within:.2f} within a family, {one.between:.2f} between families), for that "
            f"is how much of them is chance; errors of one period and the next are correlated by {one.time:.2f}."
        )
        yield "correlation", float(one.seen), words
    if drawn.given:
        stand = "stands" if drawn.given == 1 else "stand"
        yield "correlation_given", float(drawn.given), f"{quantity(drawn.given, 'row')} of table correlation {stand} in place of history."


def _of_supply(drawn: Sources) -> Iterator[tuple[str, float | None, str]]:
    rows = [row.name for row, names in drawn.supply.rows if names]
    if not rows:
        yield "supply", 0.0, "Supply comes as planned on every path: table disturbance names nothing that disturbs it."
    else:
        does = "disturbs supply" if len(rows) == 1 else "disturb supply, each by luck of its own"
        yield "supply", float(len(rows)), f"{listing(rows, 6)} {does}."
    lost = missing(drawn.supply)
    if lost:
        verb = "it" if len(lost) == 1 else "they"
        words = f"Not played, for the plan uses nothing that {verb} could hit, or {verb} can begin in no period of it: {listing(lost, 6)}."
        yield "not_played", float(len(lost)), words
