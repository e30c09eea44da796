"""The table `kpi`: every measure at its level, against its target."""

import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.measure import attainment, delivery, error
from equipoise.measure.inventory import cover_rows, turns_rows
from equipoise.measure.levels import ITEM, OF_ITEM, TOTAL, Card, Level, Row, review_level, rows_at, with_attributes
from equipoise.measure.measured import Measured
from equipoise.measure.snapshot import at_lag, beside
from equipoise.tables import table
from equipoise.tables.setting import Setting, from_table


def kpi(
    plan_snapshot: pl.DataFrame,
    history: pl.DataFrame,
    shipment: pl.DataFrame,
    production_actual: pl.DataFrame,
    stock_actual: pl.DataFrame,
    order_line: pl.DataFrame,
    inventory_plan: pl.DataFrame,
    demand_plan: pl.DataFrame,
    method_choice: pl.DataFrame,
    item: pl.DataFrame,
    market: pl.DataFrame,
    setting: pl.DataFrame,
) -> pl.DataFrame:
    """Return the table `kpi`: forecast error, attainment, cover, delivery and turns.

    Targets are judged at the level of demand review, lag = max(1, frozen periods), by requested date; everything else is shown. A measure
    that cannot be taken has a row without value whose note names the table to give.
    """
    plan = from_table(setting)
    rows = [
        *_forecast_error(plan, plan_snapshot, history, item, market),
        *_backtest(method_choice),
        *_attainment(plan, plan_snapshot, production_actual, item),
        *cover_rows(plan, stock_actual, inventory_plan, demand_plan, history, item),
        *_delivery(plan, order_line, item, market),
        *turns_rows(plan, shipment, stock_actual, inventory_plan, demand_plan, item),
    ]
    schema = table("kpi").schema
    return pl.DataFrame(rows, schema=schema, orient="row").sort("kpi", "level", "subject", "period", nulls_last=False)


def _lag(plan: Setting) -> int:
    return max(1, plan.calendar.frozen)


def _forecast_error(
    plan: Setting, plan_snapshot: pl.DataFrame, history: pl.DataFrame, item: pl.DataFrame, market: pl.DataFrame
) -> list[Row]:
    review = review_level(plan.demand.review)
    basis = f"lag {_lag(plan)}, demand booked by requested date"
    cards = (
        (Card("mape", "fraction", f"{basis}, each point counts the same", plan.targets.mape, "most"), error.mape),
        (Card("wmape", "fraction", f"{basis}, weighted by demand"), error.wmape),
        (Card("accuracy", "fraction", f"{basis}, 1 less the weighted error"), error.accuracy),
        (Card("bias", "fraction", f"{basis}, positive is over-forecast"), error.bias),
    )
    frozen = at_lag(plan_snapshot, "forecast", _lag(plan), Calendar.from_setting(plan.calendar))
    points = beside(frozen, history.select("item", "market", "period", "quantity"), "forecast", "market")
    if points.is_empty():
        note = _snapshot_note(plan, plan_snapshot, "forecast", history, "history")
        return [card.missing(review, note) for card, _ in cards]
    points = with_attributes(points, item, market)
    rows: list[Row] = []
    for level in (review, ITEM, TOTAL):
        if level.columns == review.columns and level is not review:
            continue
        at_level = points.group_by(*level.columns, "period", maintain_order=True).agg(pl.col("forecast", "actual").sum())
        for card, measure in cards:
            rows += rows_at(card, level, at_level, measure)
    return rows


def _snapshot_note(plan: Setting, plan_snapshot: pl.DataFrame, measure: str, actual: pl.DataFrame, name: str) -> str:
    """Say which table is missing, or that the periods of the two do not meet."""
    absent = []
    if plan_snapshot.filter(pl.col("measure") == measure).is_empty():
        absent.append(f"plan_snapshot (measure {measure})")
    if actual.is_empty():
        absent.append(name)
    if absent:
        return f"Give {' and '.join(absent)}."
    return f"No period of plan_snapshot (measure {measure}) at lag {_lag(plan)} is in {name}."


def _backtest(method_choice: pl.DataFrame) -> list[Row]:
    """Errors of the chosen methods in their backtests: the mean over series, shown only."""
    chosen = method_choice.filter(pl.col("chosen"))
    series = Level("item, market", ("item", "market"), judged=False)
    cards = (
        (Card("mase", "ratio", "backtest, absolute error over the seasonal naive step, mean over series"), "error"),
        (Card("backtest_wmape", "fraction", "backtest, weighted within a series, mean over series"), "wmape"),
        (Card("backtest_bias", "fraction", "backtest, positive is over-forecast, mean over series"), "bias"),
    )
    rows: list[Row] = []
    for card, column in cards:
        values = chosen[column].drop_nulls().drop_nans()
        mean = values.mean()
        out = chosen.height - len(values)
        note = f"{out} series too short for a backtest left out." if out and values.len() else ""
        empty = "Give history: no series could be tested."
        rows.append(card.row(series, "", Measured(float(mean), note) if isinstance(mean, float) else Measured(None, empty)))
    return rows


def _attainment(plan: Setting, plan_snapshot: pl.DataFrame, production_actual: pl.DataFrame, item: pl.DataFrame) -> list[Row]:
    review = review_level(plan.demand.review, OF_ITEM)
    basis = f"production planned at lag {_lag(plan)}"
    attained = Card("plan_attainment", "fraction", f"{basis}, total made over total planned", plan.targets.plan_attainment)
    mix = Card("mix_adherence", "fraction", f"{basis}, at item level")
    frozen = at_lag(plan_snapshot, "production", _lag(plan), Calendar.from_setting(plan.calendar))
    points = beside(frozen, production_actual.select("item", "location", "period", "quantity"), "plan", "location")
    if points.is_empty():
        note = _snapshot_note(plan, plan_snapshot, "production", production_actual, "production_actual")
        return [attained.missing(review, note), mix.missing(review, note)]
    points = with_attributes(points, item)
    by_item = points.group_by(*OF_ITEM, "period", maintain_order=True).agg(pl.col("plan", "actual").sum())
    return [
        *rows_at(attained, review, points, attainment.plan_attainment),
        *rows_at(mix, review, by_item, attainment.mix_adherence),
        attained.row(TOTAL, "", attainment.plan_attainment(points)),
    ]


def _delivery(plan: Setting, order_line: pl.DataFrame, item: pl.DataFrame, market: pl.DataFrame) -> list[Row]:
    review = review_level(plan.demand.review)
    as_of = Calendar.from_setting(plan.calendar).as_of
    tolerance = "delivered on or before it, zero tolerance"
    dates: tuple[tuple[delivery.Basis, str, float | None], ...] = (
        ("requested", "otif", plan.targets.otif),
        ("first_confirmed", "otif_first_confirmed", None),
        ("last_confirmed", "otif_last_confirmed", None),
    )
    fills = (("line_fill", delivery.line_fill), ("order_fill", delivery.order_fill), ("unit_fill", delivery.unit_fill))
    lines = with_attributes(order_line, item, market)
    rows: list[Row] = []
    for basis, name, target in dates:
        card = Card(name, "fraction", f"order lines due, {basis.replace('_', ' ')} date, {tolerance}", target)
        rows += _by_date(card, review, delivery.due(lines, as_of, basis), basis, plan)
    waiting = delivery.due(lines, as_of)
    for name, fill in fills:
        card = Card(name, "fraction", "order lines due by requested date, delivered by the data cut")
        rows += rows_at(card, review, waiting, fill) if waiting.height else [card.missing(review, "Give order_line with lines due.")]
    return rows


def _by_date(card: Card, review: Level, lines: pl.DataFrame, basis: delivery.Basis, plan: Setting) -> list[Row]:
    if lines.is_empty():
        word = "" if basis == "requested" else f" with {basis}"
        return [card.missing(review, f"Give order_line{word}: no lines are due.")]
    dated = Calendar.from_setting(plan.calendar).bucket("period", lines.with_columns(pl.col(basis).alias("period")))

    def measure(part: pl.DataFrame) -> Measured:
        return delivery.otif(part, basis)

    return rows_at(card, review, dated, measure)
