"""The robust plan agrees with the extensive form written independently."""

import numpy as np
import pytest

from tests.truth.independent_robust import Shop, expected_profit, shop, tables
from tests.unit.robust_example import decided, result, robust

SEEDS = range(4)


def _made(of: Shop, plan: dict[tuple[str, str, int], float]) -> np.ndarray:
    made = [[plan.get(("production", f"item {i}", t), 0.0) for t in range(of.committed)] for i in range(len(of.price))]
    return np.array([*made, [plan.get(("overtime", "line", t), 0.0) for t in range(of.committed)]])


@pytest.mark.parametrize("scenarios", [2, 3])
@pytest.mark.parametrize("seed", SEEDS)
def test_the_robust_plan_is_that_of_the_extensive_form(seed: int, scenarios: int) -> None:
    of = shop(seed, scenarios)
    every = list(range(scenarios))
    names = ["base", *(f"other {number}" for number in every[1:])]
    given = {name: tables(of, number) for name, number in zip(names, every, strict=True)}
    made = robust(given, dict(zip(names, of.chances, strict=True)), of.months, of.committed)
    rows = result(made)
    profit, first = expected_profit(of, every)
    assert rows[""]["robust"] == pytest.approx(profit, rel=1e-6)
    assert _made(of, decided(made, "robust")) == pytest.approx(first, abs=1e-3)
    best = [expected_profit(of, [number]) for number in every]
    nominal = [expected_profit(of, [number], best[0][1])[0] for number in every]
    for number, name in enumerate(names):
        assert rows[name]["best"] == pytest.approx(best[number][0], rel=1e-6)
        assert rows[name]["nominal"] == pytest.approx(nominal[number], rel=1e-6)
        assert rows[name]["robust"] == pytest.approx(expected_profit(of, [number], first)[0], rel=1e-6)
    assert _made(of, decided(made, "nominal")) == pytest.approx(best[0][1], abs=1e-3)
    assert rows[""]["nominal"] == pytest.approx(np.dot(of.chances, nominal), rel=1e-6)
    assert rows[""]["robust"] >= rows[""]["nominal"] - 1e-6 * profit
