"""Published promotions as scenarios of their base plan: overrides on it give the profits that are published for them."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from equipoise.cycle import Cycle
from equipoise.service.gathering import gather
from equipoise.service.messages import RunRequest
from equipoise.service.workspace import locate
from tests.truth.running import CASES, SHARED, TODAY, case, lay_out, money, month

pytestmark = pytest.mark.shared

BASE = "red_tomato_base"
PROMOTIONS = [path.parent.name for path in sorted(CASES.glob("red_tomato_promo*/plan.yaml"))] if SHARED.is_dir() else []


def _cells(name: str) -> list[dict[str, Any]]:
    """The promotion as overrides of single cells of the demand plan: quantities that differ from the base plan, and the price."""
    base, promoted = case(BASE)["inputs"], case(name)["inputs"]
    changed = [
        {"table": "demand_plan", "where": {"period": month(t)}, "operation": "set", "value": after}
        for t, (before, after) in enumerate(zip(base["demand"], promoted["demand"], strict=True))
        if before != after
    ]
    t = promoted["periods"].index(promoted["promotion"]["month"])
    price = {"table": "demand_plan", "where": {"period": month(t)}, "column": "unit_price", "operation": "set"}
    return [*changed, {**price, "value": promoted["promotion"]["price"]}]


def _shares(name: str) -> list[dict[str, Any]]:
    """The same in the words of the case: a tenth more in its month, and a fifth of the next two months bought ahead."""
    base, promoted = case(BASE)["inputs"], case(name)["inputs"]
    t = promoted["periods"].index(promoted["promotion"]["month"])
    ahead = 0.2 * sum(base["demand"][t + 1 : t + 3])
    scaled = [({"period": month(t)}, 1.1), ({"period": {"from": month(t + 1), "to": month(t + 2)}}, 0.8)]
    price = {"table": "demand_plan", "where": {"period": month(t)}, "column": "unit_price", "operation": "set"}
    return [
        *({"table": "demand_plan", "where": where, "operation": "scale", "value": factor} for where, factor in scaled),
        {"table": "demand_plan", "where": {"period": month(t)}, "operation": "add", "value": ahead},
        {**price, "value": promoted["promotion"]["price"]},
    ]


@pytest.mark.parametrize("name", PROMOTIONS)
@pytest.mark.parametrize("said", [_cells, _shares], ids=["cell by cell", "as shares"])
def test_a_promotion_is_a_scenario_of_its_base(name: str, said: Any, tmp_path: Path) -> None:
    plan_file = lay_out(BASE, "lp_profit", tmp_path)
    overrides = [{**override, "reason": "Promotion"} for override in said(name)]
    text = plan_file.read_text(encoding="utf-8")
    plan_file.write_text(text + yaml.safe_dump({"scenarios": [{"name": "promotion", "overrides": overrides}]}), encoding="utf-8")
    gathered = gather(locate(RunRequest(plan=str(plan_file))), TODAY)
    gathered.refuse_errors()
    cycle = Cycle(gathered.tables, gathered.plan.overrides, gathered.plan.scenarios)
    profits = {scenario: money(cycle.resolve(scenario))["profit"] for scenario in ("base", "promotion")}
    assert profits["base"] == pytest.approx(case(BASE)["published"]["lp_profit"], rel=1e-4)
    assert profits["promotion"] == pytest.approx(case(name)["published"]["lp_profit"], rel=1e-4)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the published cases lie beside the project")
def test_there_is_a_promotion_to_try() -> None:
    assert PROMOTIONS
