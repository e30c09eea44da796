"""What was made against what was planned: points with the columns `plan` and `actual`, both in item units, one row a point."""

from dataclasses import replace

import polars as pl

from equipoise.measure.measured import Measured, ratio, total

_NO_PLAN = "Nothing was planned in the periods measured."


def plan_attainment(points: pl.DataFrame) -> Measured:
    """Return plan attainment, Σactual / Σplan, as a fraction. Above 1 is a deviation too, and the note says so.

    Example: 95 and 210 made against 100 and 200 planned gives 305 / 300 = 1.017.
    """
    measured = ratio(total(points["actual"]), total(points["plan"]), empty=_NO_PLAN)
    if measured.value is not None and measured.value > 1:
        return replace(measured, note="More was made than planned.")
    return measured


def mix_adherence(points: pl.DataFrame) -> Measured:
    """Return mix adherence, Σmin(actual, plan) / Σplan over items, as a fraction: making too much of one does not make up for another.

    Example: 95 and 210 made against 100 and 200 planned gives (95 + 200) / 300 = 0.983.
    """
    kept = points.select(pl.min_horizontal("actual", "plan")).to_series()
    return ratio(total(kept), total(points["plan"]), empty=_NO_PLAN)
