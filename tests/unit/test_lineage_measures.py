"""Measures are told by their parts, whatever orders, plans and what was made: the parts give the value of the cell."""

import datetime as dt
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.service.lineage.draft import closes
from equipoise.service.lineage.held import Held
from equipoise.service.lineage.measure_formulas import measured as told
from tests.unit.test_measure_kpi import AS_OF, ITEMS, MARKETS, NOVEMBER, OCTOBER, facts, frame, measured, setting, snapshot

TOLD = {
    *("otif", "otif_first_confirmed", "otif_last_confirmed", "line_fill", "order_fill", "unit_fill"),
    *("plan_attainment", "mix_adherence", "wmape", "accuracy", "bias"),
}
ITEM, MARKET = st.sampled_from(["A", "B", "C"]), st.sampled_from(["North", "South", "West"])
AMOUNT = st.integers(0, 200).map(float)
DAY = st.integers(1, 90).map(lambda days: AS_OF - dt.timedelta(days=days))
LINE = st.fixed_dictionaries(
    {
        "order": st.sampled_from(["1", "2", "3"]),
        "item": ITEM,
        "market": MARKET,
        "quantity": AMOUNT,
        "requested": DAY,
        "first_confirmed": st.none() | DAY,
        "last_confirmed": DAY,
        "delivered": st.none() | DAY,
        "delivered_quantity": st.none() | AMOUNT,
        "cancelled": st.booleans(),
    }
)
POINTS = st.dictionaries(st.tuples(ITEM, st.sampled_from([OCTOBER, NOVEMBER])), st.tuples(AMOUNT, AMOUNT), min_size=1)


def tables(lines: list[dict[str, Any]], made: dict[tuple[str, dt.date], tuple[float, float]]) -> dict[str, pl.DataFrame]:
    """Order lines, and what was planned and came, as forecast of a market and as production of a plant."""
    planned = {key: one for key, (one, _) in made.items()}
    came = {key: one for key, (_, one) in made.items()}
    past = (dt.date(2026, 9, 12), dt.date(2026, 10, 12))
    snapshots = [
        snapshot(day, measure, *((item, place, period, one) for (item, period), one in planned.items()))
        for day in past
        for measure, place in (("forecast", "North"), ("production", "Plant"))
    ]
    return {
        "order_line": frame("order_line", *({**line, "line": str(number)} for number, line in enumerate(lines))),
        "plan_snapshot": pl.concat(snapshots),
        "history": facts("history", "market", *((item, "North", period, one) for (item, period), one in came.items())),
        "production_actual": facts(
            "production_actual", "location", *((item, "Plant", period, one) for (item, period), one in came.items())
        ),
    }


@given(st.lists(LINE, max_size=12), POINTS)
@settings(max_examples=30, deadline=None, derandomize=True)
def test_the_parts_of_a_measure_give_its_value(lines: list[dict[str, Any]], made: dict[tuple[str, dt.date], tuple[float, float]]) -> None:
    given_ = {"item": ITEMS, "market": MARKETS, "setting": setting(), **tables(lines, made)}
    kpis = measured(**tables(lines, made)).filter(pl.col("kpi").is_in(TOLD), pl.col("value").is_not_null())
    held = Held(given_.__getitem__, given_, {})
    for number in range(kpis.height):
        row = kpis.slice(number, 1)
        draft = told(held, row)
        assert draft is not None, row.row(0)
        assert closes(draft.formula("docs/demand.md"), row["value"][0]), (row.row(0), draft)


def test_on_time_in_full_is_told_by_its_lines() -> None:
    right = {"order": "1", "item": "A", "market": "North", "quantity": 5.0, "requested": OCTOBER, "delivered": OCTOBER}
    late = {**right, "order": "2", "delivered": NOVEMBER}
    lines = [right, right, late]
    made = tables(lines, {("A", OCTOBER): (10.0, 8.0)})
    row = measured(**made).filter(kpi="otif", subject="Tents")
    held = Held({"item": ITEMS, "market": MARKETS, "setting": setting(), **made}.__getitem__, (*made, "item", "market", "setting"), {})
    draft = told(held, row)
    assert draft is not None
    assert [(one.value, one.meaning) for one in draft.inputs] == [
        (2.0, "lines complete on or before the requested date"),
        (3.0, "lines due by requested date"),
    ]
    assert draft.formula("").result == pytest.approx(2 / 3)
