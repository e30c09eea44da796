"""Forecast error: each function takes points with the columns `forecast` and `actual`, both in item units, one row a point."""

from typing import Literal

import polars as pl

from equipoise.measure.measured import Measured, ratio, total

Divisor = Literal["actual", "forecast", "both"]
_NO_DEMAND = "No demand in the periods measured."


def mape(points: pl.DataFrame) -> Measured:
    """Return the mean absolute percentage error, mean(|F − A| / A) over the points with A > 0, as a fraction.

    Points without demand have no percentage; the note counts them. Example: F 110, 90, 50 against A 100, 120, 0 gives
    (0.10 + 0.25) / 2 = 0.175, one point left out.
    """
    sold = points.filter(pl.col("actual") > 0)
    out = points.height - sold.height
    note = f"{out} {'point' if out == 1 else 'points'} without demand left out." if out else ""
    errors = sold.select((pl.col("forecast") - pl.col("actual")).abs() / pl.col("actual")).to_series()
    return ratio(total(errors), sold.height, note, _NO_DEMAND)


def wmape(points: pl.DataFrame, divisor: Divisor = "actual") -> Measured:
    """Return the weighted absolute error, Σ|F − A| / ΣA, as a fraction; the divisor may be ΣA, ΣF or Σ(F + A).

    Example: F 110, 90 against A 100, 120 gives (10 + 30) / 220 = 0.182.
    """
    off = total((points["forecast"] - points["actual"]).abs())
    actual, forecast = total(points["actual"]), total(points["forecast"])
    whole = {"actual": actual, "forecast": forecast, "both": actual + forecast}[divisor]
    return ratio(off, whole, empty=_NO_DEMAND)


def accuracy(points: pl.DataFrame) -> Measured:
    """Return forecast accuracy, max(0, 1 − WMAPE), as a fraction. Example: a WMAPE of 0.182 is an accuracy of 0.818."""
    error = wmape(points)
    return error if error.value is None else Measured(max(0.0, 1 - error.value), error.note)


def bias(points: pl.DataFrame) -> Measured:
    """Return the bias, Σ(F − A) / ΣA, as a fraction: positive is over-forecast.

    Example: F 110, 90 against A 100, 120 gives −20 / 220 = −0.091, an under-forecast.
    """
    measured = ratio(total(points["forecast"] - points["actual"]), total(points["actual"]), empty=_NO_DEMAND)
    if measured.value is None:
        return measured
    return Measured(measured.value, "Over-forecast." if measured.value > 0 else "Under-forecast." if measured.value < 0 else "No bias.")
