"""Methods of libraries and of users, behind the same contract as our own."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from equipoise.demand.methods import Array, Block, pool
from equipoise.demand.methods.library import library_methods
from equipoise.demand.methods.plugins import registered_methods
from equipoise.errors import InputError

HORIZON = 6
needs_statsforecast = pytest.mark.skipif(importlib.util.find_spec("statsforecast") is None, reason="statsforecast is not installed")
needs_lightgbm = pytest.mark.skipif(importlib.util.find_spec("lightgbm") is None, reason="LightGBM is not installed")


def block(rows: int = 6, periods: int = 48, seed: int = 0) -> Block:
    generator = np.random.default_rng(seed)
    season = 1 + 0.3 * np.sin(np.arange(periods) / 6 * np.pi)
    values = generator.uniform(50, 500, (rows, 1)) * season * np.exp(generator.normal(0, 0.05, (rows, periods)))
    values[0, :10] = np.nan
    return Block.of(values, 12)


def season_ahead() -> Array:
    return 1 + 0.3 * np.sin(np.arange(48, 48 + HORIZON) / 6 * np.pi)


@needs_statsforecast
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["auto_ets", "auto_ces", "dynamic_optimized_theta"])
def test_statsforecast_stands_behind_the_contract(name: str) -> None:
    given = block(3)
    fit = library_methods()[name].fit(given, HORIZON)
    assert fit.points.shape == (3, HORIZON)
    level = np.nanmean(given.values[1:], axis=1, keepdims=True)
    assert np.abs(fit.points[1:] / level - season_ahead()).mean() < 0.12
    assert (fit.spread > 0).all()
    assert np.array_equal(fit.points, library_methods()[name].fit(given, HORIZON).points)


@needs_statsforecast
@pytest.mark.filterwarnings("ignore")
def test_a_constant_series_needs_no_library_and_a_short_one_no_season() -> None:
    values = np.array([[5.0] * 12, [np.nan] * 5 + [3.0, 4.0, 3.0, 5.0, 4.0, 3.0, 4.0]])
    fit = library_methods()["auto_ets"].fit(Block.of(values, 12), 3)
    assert fit.points[0].tolist() == [5.0] * 3
    assert fit.spread[0] == 0
    assert 2 < fit.points[1].mean() < 6


@needs_lightgbm
def test_boosted_trees_learn_the_season_from_all_series_and_give_the_same_twice() -> None:
    given, method = block(40), library_methods()["lightgbm"]
    fit = method.fit(given, HORIZON)
    level = np.nanmean(given.values[1:], axis=1, keepdims=True)
    assert np.abs(fit.points[1:] / level - season_ahead()).mean() < 0.12
    assert np.array_equal(fit.points, method.fit(given, HORIZON).points)


@needs_lightgbm
def test_boosted_trees_learn_only_from_rows_with_the_same_cut() -> None:
    method = library_methods()["lightgbm"]
    past, later = block(20), block(20, seed=1)
    together = Block.of(np.concatenate([past.values, later.values * 3]), 12, None, np.repeat(np.array([6, 0]), 20))
    alone = method.fit(past, HORIZON).points
    assert np.array_equal(method.fit(together, HORIZON).points[:20], alone)


@pytest.mark.parametrize(("name", "package"), [("auto_ets", "statsforecast.models"), ("lightgbm", "lightgbm")])
def test_a_missing_library_says_what_to_install(name: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(InputError, match="not installed") as raised:
        library_methods()[name].fit(block(2), HORIZON)
    assert "pip install equipoise[forecast]" in raised.value.fix


def test_no_library_is_loaded_before_it_is_named() -> None:
    program = (
        "import sys; from equipoise.demand.methods import pool; pool('accurate'); pool(('lightgbm',)); "
        "print([name for name in ('statsforecast', 'lightgbm') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip() == "[]"


SOURCE = """
import numpy as np
from equipoise.demand.methods import Fit


class LastYearsBest:
    intermittent = None

    def needs(self, season):
        return season

    def fit(self, block, horizon):
        best = np.nanmax(block.values[:, -block.season:], axis=1)
        return Fit(np.repeat(best[:, None], horizon, axis=1), np.zeros(len(best)))


class Wrong(LastYearsBest):
    def fit(self, block, horizon):
        return Fit(np.zeros(3), np.zeros(3))


class Failing(LastYearsBest):
    def fit(self, block, horizon):
        raise RuntimeError("the moon is full")


no_method = 3
"""
ENTRIES = """[equipoise.methods]
last_years_best = {module}:LastYearsBest
wrong = {module}:Wrong
failing = {module}:Failing
no_method = {module}:no_method
gone = {module}_that_is_not_there:Method
theta = {module}:LastYearsBest
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package of a user, as pip leaves it behind."""
    (tmp_path / "sales_methods.py").write_text(SOURCE, encoding="utf-8")
    about = tmp_path / "sales_methods-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: sales-methods\nVersion: 1.0\n", encoding="utf-8")
    (about / "entry_points.txt").write_text(ENTRIES.format(module="sales_methods"), encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.usefixtures("installed")
def test_a_method_that_a_package_registers_can_be_named() -> None:
    method = pool(("last_years_best",))[-1]
    assert (method.name, method.intermittent, method.needs(12)) == ("last_years_best", None, 12)
    given = block(2)
    assert method.fit(given, 2).points[:, 0].tolist() == given.values[:, -12:].max(axis=1).tolist()
    assert type(pool(("theta", "last_years_best"))[-2]).__name__ != "Registered", "our own name is ours"


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("wrong", r"returns points \(3,\)"),
        ("failing", "the moon is full"),
        ("no_method", "has no intermittent, needs, fit"),
        ("gone", "cannot be loaded"),
    ],
)
def test_a_broken_one_is_named_with_its_package(name: str, fault: str) -> None:
    method = registered_methods()[name]
    with pytest.raises(InputError, match=fault) as raised:
        method.fit(block(2), 2)
    assert f"method {name}, registered by sales-methods" in raised.value.message
    assert "demand.methods" in raised.value.fix


@pytest.mark.usefixtures("installed")
def test_a_broken_one_does_not_stop_a_plan_that_names_another() -> None:
    assert pool(("last_years_best",))[-1].name == "last_years_best"
