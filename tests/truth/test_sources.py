"""Sources with a capacity and a cost each, stock and backlog: the transportation form of aggregate planning."""

import polars as pl
import pytest

from tests.truth.company import demand, inputs, money, month, published, rows, solve

CASES = ["sailco", "northern_airplane", "quarter_1250", "stevenson_transport"]


def plan(case: str) -> dict[str, pl.DataFrame]:
    given = inputs(case)
    names = [source["name"] for source in given["sources"][0]]
    dated = [(t, source) for t, sources in enumerate(given["sources"]) for source in sources]
    capacity = [{"resource": s["name"], "period": month(t), "regular": s["capacity"]} for t, s in dated if s["capacity"] is not None]
    backlog = given["backorder_cost"]
    return solve(
        len(given["demand"]),
        {"objective": "cost", "lost_allowed": False, "backlog_allowed": backlog is not None},
        item=rows({"item": "product"}),
        location=rows({"location": "plant"}),
        demand_plan=rows(*demand(given["demand"])),
        resource=rows(*({"resource": name} for name in names)),
        route=rows(
            *(
                {"route": s["name"], "period": month(t), "item": "product", "location": "plant", "unit_cost": float(s["unit_cost"])}
                for t, s in dated
            )
        ),
        usage=rows(*({"activity": "make", "of": name, "resource": name, "quantity": 1.0} for name in names)),
        capacity=rows(*capacity),
        on_hand=rows({"item": "product", "location": "plant", "quantity": float(given["initial_inventory"])}),
        inventory_policy=rows(
            {"item": "product", "location": "plant", "holding_cost": given["holding_cost"], "ending_minimum": given["ending_inventory"]}
        ),
        demand_policy=rows({"item": "product", "market": "market", "backlog_cost": backlog, "ending_backlog": 0.0}),
    )


@pytest.mark.shared
@pytest.mark.parametrize("case", CASES)
def test_least_cost_is_the_published_one(case: str) -> None:
    answer = published(case)
    result = plan(case)
    assert money(result)["cost"] == pytest.approx(answer["total_cost"], rel=1e-4)
    assert result["violation"].is_empty()
