"""How measures are worked out from what was planned and what came. Formulas: the modules of `measure`."""

from typing import Any

import polars as pl

from equipoise.measure import delivery
from equipoise.measure.attainment import mix_adherence, plan_attainment
from equipoise.measure.levels import OF_ITEM, Level, Measure, review_level, with_attributes
from equipoise.measure.measured import Measured
from equipoise.measure.snapshot import at_lag, beside
from equipoise.service.lineage.draft import Draft, part, summed
from equipoise.service.lineage.held import Held

_BACKTEST = {"mase": "error", "backtest_wmape": "wmape", "backtest_bias": "bias"}
_DATES: dict[str, delivery.Basis] = {
    "otif": "requested",
    "otif_first_confirmed": "first_confirmed",
    "otif_last_confirmed": "last_confirmed",
}
_FILLS: dict[str, tuple[Measure, str, str]] = {
    "line_fill": (delivery.line_fill, "lines delivered complete", "lines due"),
    "order_fill": (delivery.order_fill, "orders of which every line was complete", "orders due"),
    "unit_fill": (delivery.unit_fill, "units delivered, of each line at most what was ordered", "units ordered"),
}
_MADE: dict[str, tuple[Measure, str]] = {
    "plan_attainment": (plan_attainment, "made"),
    "mix_adherence": (mix_adherence, "made, of each item and period at most what was planned"),
}
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
    if name in _DATES or name in _FILLS:
        return _delivered(held, rows.row(0, named=True), name)
    if name in _MADE:
        return _made(held, rows.row(0, named=True), name)
    return _against_actuals(held, rows, name) if name in _ERRORS else None


def _backtested(held: Held, column: str) -> Draft:
    known = held.frame("method_choice").filter("chosen", pl.col(column).is_not_null(), pl.col(column).is_not_nan())
    whole = summed("sum", "sum over series", known, f"method_choice.{column}")
    return Draft("Mean over the series that could be tested", "sum / series", (whole, part("series", "series", float(known.height))))


def _against_actuals(held: Held, rows: pl.DataFrame, name: str) -> Draft | None:
    row, lag = rows.row(0, named=True), _lag(held)
    frozen = at_lag(held.frame("plan_snapshot"), "forecast", lag, held.calendar)
    points = beside(frozen, held.frame("history").select("item", "market", "period", "quantity"), "forecast", "market")
    review = review_level(held.setting.demand.review)
    if points.is_empty():
        return None
    wide = with_attributes(points, held.frame("item"), held.frame("market"))
    level = _columns(row, review)
    if level is None:
        return None
    cells = _chosen(wide.group_by(*level, "period", maintain_order=True).agg(pl.col("forecast", "actual").sum()), row, level)
    words, expression = _ERRORS[name]
    missed = part("missed", "units missed", float((cells["forecast"] - cells["actual"]).abs().sum()), rows=cells.height)
    planned = part("forecast", f"forecast at lag {lag}", float(cells["forecast"].sum()), of="plan_snapshot.quantity", rows=cells.height)
    demand = part("demand", "demand", float(cells["actual"].sum()), of="history.quantity", rows=cells.height)
    return Draft(words, expression, tuple(one for one in (missed, planned, demand) if one.name in expression))


def _delivered(held: Held, row: dict[str, Any], name: str) -> Draft | None:
    """A measure of delivery: what was right over what was due, in lines, orders or units."""
    basis = _DATES.get(name, "requested")
    lines = with_attributes(held.frame("order_line"), held.frame("item"), held.frame("market"))
    due = delivery.due(lines, held.calendar.as_of, basis)
    date = basis.replace("_", " ")
    if name in _DATES:
        due = held.calendar.bucket("period", due.with_columns(pl.col(basis).alias("period")))
        right, whole = f"lines complete on or before the {date} date", "lines due"
    else:
        right, whole = _FILLS[name][1:]
    level = _columns(row, review_level(held.setting.demand.review))
    if level is None or due.is_empty():
        return None
    chosen = _chosen(due, row, level)
    measured = delivery.otif(chosen, basis) if name in _DATES else _FILLS[name][0](chosen)
    return _shares(measured, (right, ""), (f"{whole} by {date} date", "order_line.quantity"), chosen.height)


def _made(held: Held, row: dict[str, Any], name: str) -> Draft | None:
    """What was made over what was planned at the lag of the plan."""
    frozen = at_lag(held.frame("plan_snapshot"), "production", _lag(held), held.calendar)
    made = held.frame("production_actual").select("item", "location", "period", "quantity")
    points = with_attributes(beside(frozen, made, "plan", "location"), held.frame("item"))
    level = _columns(row, review_level(held.setting.demand.review, OF_ITEM))
    if level is None or points.is_empty():
        return None
    if name == "mix_adherence":
        points = points.group_by(*OF_ITEM, "period", maintain_order=True).agg(pl.col("plan", "actual").sum())
    chosen = _chosen(points, row, level)
    measure, right = _MADE[name]
    planned = (f"planned at lag {_lag(held)}", "plan_snapshot.quantity")
    return _shares(measure(chosen), (right, "production_actual.quantity"), planned, chosen.height)


def _shares(measured: Measured, right: tuple[str, str], whole: tuple[str, str], rows: int) -> Draft | None:
    """A ratio by its two parts: what each is, and the column that it was taken from."""
    if measured.whole is None:
        return None
    parts = (
        part("right", right[0], measured.part, of=right[1], rows=rows),
        part("whole", whole[0], measured.whole, of=whole[1], rows=rows),
    )
    return Draft("The part over the whole", "right / whole", parts)


def _lag(held: Held) -> int:
    return max(1, held.setting.calendar.frozen)


def _columns(row: dict[str, Any], review: Level) -> tuple[str, ...] | None:
    """Return the columns that make the subjects of a measure's level; None where it is no level of the forecast's or orders'."""
    return {"item": ("item",), "total": (), review.name: review.columns}.get(row["level"])


def _chosen(frame: pl.DataFrame, row: dict[str, Any], level: tuple[str, ...]) -> pl.DataFrame:
    """Return the rows of the subject and the period that a measure is about."""
    if row["subject"]:
        frame = frame.filter(pl.concat_str(level, separator=", ") == row["subject"])
    return frame if row["period"] is None else frame.filter(pl.col("period") == row["period"])
