"""The tables `baseline` and `method_choice` from what forecasting gave."""

import datetime as dt
from collections.abc import Collection

import numpy as np
import polars as pl

from equipoise.demand.drivers import DRIVER_MODEL
from equipoise.demand.forecast.outcome import COMBINATION, Outcome
from equipoise.demand.forecast.panel import KEY, Panel
from equipoise.demand.methods import Array
from equipoise.dimensions.calendar import Calendar
from equipoise.tables import table
from equipoise.tables.figures import plural


def baseline_rows(
    known: Panel, outcome: Outcome, calendar: Calendar, naive: Array, factor: Array, succeeded: Collection[str] = ()
) -> pl.DataFrame:
    """Return the table `baseline`: every series in every period of the horizon, zero before its launch and after its last day on sale.

    `naive` (series, ahead) is the seasonal naive forecast, `factor` (series, ahead) what the calendar does to demand in each period, which
    the forecasts of the outcome leave out. The demand of `succeeded` items goes on after their last day: it is what their successors take
    over.
    """
    series, periods = len(known.keys), known.ahead[known.gap :]
    on_sale = _on_sale(known, periods, calendar, succeeded) * factor[:, known.gap :]
    columns = {
        name: (getattr(outcome, field)[:, known.gap :] * on_sale).ravel()
        for name, field in (("quantity", "points"), ("p10", "p10"), ("p50", "p50"), ("p90", "p90"))
    }
    columns["naive"] = naive[:, known.gap :].ravel()
    errors = [_number(outcome.wmape[_row_of(outcome, row), row]) for row in range(series)]
    names = [outcome.chosen(row) for row in range(series)]
    repeated = known.keys.select(KEY).with_columns(pl.Series("method", names, pl.String), pl.Series("error", errors, pl.Float64))
    frame = repeated.select(pl.all().repeat_by(len(periods)).explode()) if series else repeated
    return table("baseline").conform(
        frame.with_columns(pl.Series("period", list(periods) * series, pl.Date), **{k: pl.Series(v) for k, v in columns.items()})
    )


def calendar_factors(known: Panel, calendar_effect: pl.DataFrame) -> Array:
    """Return what the calendar does to demand in the periods ahead, (series, ahead): the family's factor, else that of all, else one."""
    factors = np.ones((len(known.keys), len(known.ahead)))
    place = {day: number for number, day in enumerate(known.ahead)}
    rows = calendar_effect.filter(pl.col("period").is_in(list(place)), pl.col("factor") > 0)
    rows = rows.with_columns(pl.col("period").replace_strict(place, default=None, return_dtype=pl.Int64).alias("column"))
    series = known.keys.select("family").with_row_index("series")
    for found in (
        rows.filter(pl.col("family").is_null()).join(series.select("series"), how="cross"),
        rows.filter(pl.col("family").is_not_null()).join(series, on="family", how="inner", maintain_order="left"),
    ):
        factors[found.get_column("series").to_numpy(), found.get_column("column").to_numpy()] = found.get_column("factor").to_numpy()
    return factors


def _row_of(outcome: Outcome, row: int) -> int:
    """Return the row of the measures that belongs to what makes the series' baseline."""
    name = outcome.chosen(row)
    return outcome.methods.index(name) if name in outcome.methods else len(outcome.methods)


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _on_sale(known: Panel, periods: tuple[dt.date, ...], calendar: Calendar, succeeded: Collection[str]) -> Array:
    """Return the share of each period in which each series' item is on sale, (series, periods)."""
    days = np.array([[day.toordinal(), calendar.next(day).toordinal()] for day in periods], dtype=np.float64)
    launch = np.array([day.toordinal() if day and day > known.last else 0 for day in known.keys.get_column("launch")], dtype=np.float64)
    ends = known.keys.select("item", "discontinue").iter_rows()
    stop = np.array([day.toordinal() + 1 if day and name not in succeeded else 10**8 for name, day in ends], dtype=np.float64)
    open_days = np.minimum(days[None, :, 1], stop[:, None]) - np.maximum(days[None, :, 0], launch[:, None])
    return np.asarray(np.clip(open_days / (days[:, 1] - days[:, 0])[None, :], 0, 1))


def choice_rows(known: Panel, outcome: Outcome) -> pl.DataFrame:
    """Return the table `method_choice`: every series with every method tried, the combination, and naive and seasonal naive always."""
    rows: list[tuple[object, ...]] = []
    for row, (item, market) in enumerate(known.keys.select(KEY).iter_rows()):
        chosen = outcome.chosen(row)
        reasons = _reasons(outcome, row, chosen)
        if np.isfinite(outcome.coverage[row]):
            reasons[chosen] += f" The 80 % interval held {outcome.coverage[row]:.0%} of the test periods."
        if known.absurd[row]:
            times = "period was" if known.absurd[row] == 1 else "periods were"
            reasons[chosen] += f" {known.absurd[row]} {times} over a thousand times the usual demand; the usual stood in for it."
        for name, reason in reasons.items():
            number = outcome.methods.index(name) if name in outcome.methods else len(outcome.methods)
            measures = [_number(measure[number, row]) for measure in (outcome.error, outcome.wmape, outcome.bias)]
            rows.append((item, market, name, *measures, int(outcome.origins[number, row]), name == chosen, reason))
    return pl.DataFrame(rows, schema=table("method_choice").schema, orient="row")


def _reasons(outcome: Outcome, row: int, chosen: str) -> dict[str, str]:
    """Return each method tried for a series, with why it was chosen or left out in words."""
    if row in outcome.fixed:
        left_out = "Beside it for comparison: too little demand for a backtest."
        return {"naive": left_out, "seasonal_naive": left_out, chosen: outcome.fixed[row][1]}
    weights = outcome.weights[:, row]
    best = float(np.nanmin(outcome.error[: len(outcome.methods), row], initial=np.inf))
    reasons = {}
    for number, name in enumerate(outcome.methods):
        error, origins = float(outcome.error[number, row]), int(outcome.origins[number, row])
        if name == DRIVER_MODEL and not weights[number]:
            continue
        if weights[number] > 0 and name != chosen:
            reasons[name] = f"{weights[number]:.0%} of the combination, from its error here and in similar series."
        elif name == chosen:
            reasons[name] = f"Least error in {origins} {plural('origin', origins)}, here and in similar series."
        elif origins:
            more = error / best - 1 if best > 0 else np.inf
            reasons[name] = f"Its error is {more:.0%} above the best method's." if np.isfinite(more) else "Others had no error."
        elif name in ("naive", "seasonal_naive"):
            reasons[name] = "Not tested."
    if row in outcome.driven:
        reasons[DRIVER_MODEL] = f"{reasons.get(DRIVER_MODEL, '')} {outcome.driven[row]}".strip()
    if chosen == COMBINATION:
        parts = sorted(((weight, name) for weight, name in zip(weights, outcome.methods, strict=True) if weight > 0), reverse=True)
        words = ", ".join(f"{name} {weight:.0%}" for weight, name in parts)
        tested = int(outcome.origins[-1, row])
        reasons[COMBINATION] = f"Weighted mean of {words}: the less error in {tested} {plural('origin', tested)}, the more weight."
    return reasons
