"""How measures are worked out from what was planned and what came. Formulas: the modules of `measure`."""

import polars as pl

from equipoise.measure.levels import review_level, with_attributes
from equipoise.measure.snapshot import at_lag, beside
from equipoise.service.lineage.draft import Draft, part, summed
from equipoise.service.lineage.held import Held

_BACKTEST = {"mase": "error", "backtest_wmape": "wmape", "backtest_bias": "bias"}
_ERRORS = {
    "wmape": ("Units missed over demand", "missed / demand"),
    "accuracy": ("1 less units missed over demand", "max(0, 1 - missed / demand)"),
    "bias": ("Forecast less demand, over demand", "(forecast - demand) / demand"),
}


def measured(held: Held, rows: pl.DataFrame) -> Draft | None:
    """A measure of the forecast: its backtest, or what was planned at the lag of the plan against what came."""
    name = str(rows["kpi"][0])
    if name in _BACKTEST:
        return _backtested(held, _BACKTEST[name])
    return _against_actuals(held, rows, name) if name in _ERRORS else None


def _backtested(held: Held, column: str) -> Draft:
    known = held.frame("method_choice").filter("chosen", pl.col(column).is_not_null(), pl.col(column).is_not_nan())
    whole = summed("sum", "sum over series", known, f"method_choice.{column}")
    return Draft("Mean over the series that could be tested", "sum / series", (whole, part("series", "series", float(known.height))))


def _against_actuals(held: Held, rows: pl.DataFrame, name: str) -> Draft | None:
    row = rows.row(0, named=True)
    lag = max(1, held.setting.calendar.frozen)
    frozen = at_lag(held.frame("plan_snapshot"), "forecast", lag, held.calendar)
    points = beside(frozen, held.frame("history").select("item", "market", "period", "quantity"), "forecast", "market")
    review = review_level(held.setting.demand.review)
    columns = {"item": ("item",), "total": (), review.name: review.columns}.get(row["level"])
    if points.is_empty() or columns is None:
        return None
    wide = with_attributes(points, held.frame("item"), held.frame("market"))
    cells = wide.group_by(*columns, "period", maintain_order=True).agg(pl.col("forecast", "actual").sum())
    if row["subject"]:
        cells = cells.filter(pl.concat_str(columns, separator=", ") == row["subject"])
    if row["period"] is not None:
        cells = cells.filter(pl.col("period") == row["period"])
    words, expression = _ERRORS[name]
    missed = part("missed", "units missed", float((cells["forecast"] - cells["actual"]).abs().sum()), rows=cells.height)
    planned = part("forecast", f"forecast at lag {lag}", float(cells["forecast"].sum()), of="plan_snapshot.quantity", rows=cells.height)
    demand = part("demand", "demand", float(cells["actual"].sum()), of="history.quantity", rows=cells.height)
    return Draft(words, expression, tuple(one for one in (missed, planned, demand) if one.name in expression))
