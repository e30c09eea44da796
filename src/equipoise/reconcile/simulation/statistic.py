"""What is told of a measure over all paths: mean, spread, percentiles, the tail of the bad side, and chances."""

from collections.abc import Iterator

import numpy as np

from equipoise.reconcile.simulation.normal import Array
from equipoise.tables.figures import share

BAD_IS_HIGH = frozenset({"shortage", "stock_value", "overtime"})
PERCENTILES = (5, 25, 50, 75, 95)


def tail_mean(values: Array, share: float, *, high: bool) -> float:
    """Return the mean of the worst `share` of values (the lowest, or the `high` ones): the conditional value at risk.

    Where the share is no whole number of paths, the last one counts in part. Source: Rockafellar & Uryasev (2002), Conditional
    value-at-risk for general loss distributions, J. Banking & Finance 26. Of 1, 2, 3, 4 the worst half of low values gives 1.5.
    """
    ordered = np.sort(-values if high else values)
    weight = np.clip(share * len(values) - np.arange(len(values)), 0.0, 1.0)
    mean = float((ordered * weight).sum() / weight.sum())
    return (-mean if high else mean) + 0.0  # never minus zero


def statistics(measure: str, values: Array, plan: float, tail: float) -> Iterator[tuple[str, float, str]]:
    """Return statistic, value and note of a measure by path; `plan` is its value in the plan of record."""
    count = len(values)
    deviation = float(values.std(ddof=1)) if count > 1 else 0.0
    yield "plan", plan, "The plan of record, at its own demand and undisturbed."
    yield "mean", float(values.mean()), "Average over all paths."
    yield "deviation", deviation, "Standard deviation over the paths."
    for level in PERCENTILES:
        yield f"p{level}", float(np.quantile(values, level / 100)), f"{level} of 100 paths lie below."
    high = measure in BAD_IS_HIGH
    side = "highest" if high else "lowest"
    worst = f"Average of the {side} {share(tail, whole=False)} of all paths (setting risk.tail): CVaR."
    yield "tail", tail_mean(values, tail, high=high), worst
    room = 1e-9 * max(1.0, abs(plan))
    yield "chance_below_plan", float((values < plan - room).mean()), "Share of the paths below the plan."
    if measure == "profit":
        yield "chance_of_loss", float((values < 0).mean()), "Share of the paths with a loss."
    yield "standard_error", deviation / float(np.sqrt(count)), "Standard error of the mean: how far chance may have moved it."
