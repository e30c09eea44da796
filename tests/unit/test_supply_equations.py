"""Every equation, on one small company that asks for all of them: its golden rows, its size, its words."""

import re
from pathlib import Path

import polars as pl
import pytest

from equipoise.supply.formulation.equation import Grade
from equipoise.supply.formulation.register import RULES, Rule
from tests.truth.everything import HORIZON, problem, row_texts

GOLDEN = Path(__file__).parents[1] / "truth" / "everything.txt"
STRATEGIES = {"level_output": "level_output", "level_workforce": "level_workforce", "chase": "chase"}
NAMES = [rule.name for rule in RULES]


@pytest.fixture(scope="module")
def texts() -> dict[str, list[str]]:
    found = row_texts(problem())
    return found | {name: row_texts(problem(strategy))[name] for name, strategy in STRATEGIES.items()}


def golden() -> dict[str, list[str]]:
    """The golden rows: a line with the equation's name, then its rows indented."""
    kept: dict[str, list[str]] = {}
    name = ""
    for line in GOLDEN.read_text(encoding="utf-8").splitlines():
        if line.startswith("  "):
            kept[name].append(line.strip())
        else:
            name = line
            kept[name] = []
    return kept


def test_every_equation_has_golden_rows() -> None:
    assert sorted(golden()) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_rows_are_the_golden_ones(name: str, texts: dict[str, list[str]]) -> None:
    assert texts[name] == golden()[name]


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_every_equation_says_what_it_is(rule: Rule) -> None:
    words = rule.function.__doc__ or ""
    assert words.count("$$") == 2, "the equation"
    assert "dual" in words, "the meaning of its dual"
    assert re.match(r"[A-Z].+\.$", words.strip().splitlines()[0]), "a sentence"
    if rule.grade != Grade.PHYSICS:
        assert rule.limit
        assert rule.broken
        assert rule.more or rule.less


def test_row_counts_follow_their_domains() -> None:
    made = problem()
    net = made.model.net
    sizes = {block.rule.name: block.equation.rows.height for block in made.blocks}
    assert sizes["stock_balance"] == net.points.height * HORIZON
    assert sizes["demand_balance"] == made.model.pools.pools.height * HORIZON
    assert sizes["resource_load"] == net.resources.height * HORIZON
    assert sizes["regular_capacity"] == net.resource.filter(pl.col("available").is_not_null()).height
    assert sizes["purchase_limit"] == net.purchase_limit.height
    assert sizes["setup_needed"] == made.model["setup"].height
    assert sizes["workforce_balance"] == HORIZON


def test_no_row_points_outside_the_model() -> None:
    made = problem()
    for block in made.blocks:
        entries = block.equation.entries
        assert entries.null_count().sum_horizontal().item() == 0, block.rule.name
        assert entries.get_column("row").is_between(0, block.equation.rows.height - 1).all(), block.rule.name
        assert entries.get_column("column").is_between(0, made.columns - 1).all(), block.rule.name


def test_columns_of_a_family_are_consecutive() -> None:
    model = problem().model
    every = pl.concat([frame.select("column") for frame in model.unknowns.values()])
    assert every.get_column("column").to_list() == list(range(model.columns))
