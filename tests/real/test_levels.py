"""Reconciliation of published forecasts of Australian tourism against the published scores."""

import numpy as np
import pytest
from benchmarks.levels import TOURISM, Tourism, covariance, dense, ways

from equipoise.demand.levels.projection import Projection

pytestmark = [pytest.mark.shared]


@pytest.fixture(scope="module")
def tourism() -> Tourism:
    if not TOURISM.exists():
        pytest.skip(f"{TOURISM} is absent: the real data lies beside the project")
    return Tourism.read()


def test_the_published_scores_come_out_as_published(tourism: Tourism) -> None:
    base = tourism.rmse(tourism.given)
    assert base["overall"] == pytest.approx(41.12, abs=0.01)
    assert base["total"] == pytest.approx(1743, abs=0.5)
    bottom_up = tourism.rmse(tourism.summed(ways(tourism.nodes())["bottom-up"]()))
    assert bottom_up["overall"] == pytest.approx(49.82, abs=0.01)
    assert bottom_up["total"] == pytest.approx(3029, abs=0.5)
    assert tourism.rmse(tourism.summed(ways(tourism.nodes())["OLS, dense"]()))["overall"] == pytest.approx(38.75, abs=0.05)


def test_min_trace_is_at_least_as_good_as_published(tourism: Tourism) -> None:
    found = ways(tourism.nodes())
    for name in ("min_trace, sparse", "min_trace, zero or more"):
        assert tourism.rmse(tourism.summed(found[name]()))["overall"] <= 40.47


def test_the_sparse_projection_equals_the_dense_textbook(tourism: Tourism) -> None:
    nodes = tourism.nodes()
    found = covariance(nodes)
    wide = np.diag(found.own) + found.common @ found.common.T
    made = Projection(nodes.tree, found).leaves(nodes.base[: nodes.tree.groups], nodes.base[nodes.tree.groups :])
    np.testing.assert_allclose(made, dense(nodes, wide), rtol=1e-6, atol=1e-6)
