"""Where numbers come from: every number of every table of a version has a chain that ends, and formulas that close."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from equipoise.errors import InputError, NotFoundError
from equipoise.service.lineage.arithmetic import evaluate
from equipoise.service.lineage.kinds import numbers
from equipoise.service.lineage.register import FORMULAS
from equipoise.service.messages import PlanRequest
from equipoise.service.workspace import locate
from equipoise.tables import table
from tests.doors.conftest import answer

_ENDS = {"source", "setting", "assumed", "override"}


def _links(folder: Path, name: str, row: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    where = [f"{key}={row[key]}" for key in table(name).keys if row[key] is not None]
    found: list[dict[str, Any]] = answer("explain", plan=str(folder), table=name, where=where, limit=0, **more)["reasons"]
    return found


def _of_kind(links: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [link for link in links if link["kind"] == kind]


def _gives(link: dict[str, Any]) -> float | None:
    return evaluate(link["facts"]["expression"], {one["name"]: one["value"] for one in link["facts"]["inputs"]})


def _tables(folder: Path) -> dict[str, pl.DataFrame]:
    place = locate(PlanRequest(plan=str(folder)))
    frames = {name: place.store.table(content) for name, content in place.version().tables.items()}
    return {name: frame for name, frame in frames.items() if frame.height and numbers(table(name))}


def test_every_number_of_every_table_has_an_origin_that_ends_and_formulas_that_close(lamps: Path) -> None:
    told = set()
    for name, frame in _tables(lamps).items():
        columns = [column.name for column in numbers(table(name)) if frame[column.name].null_count() < frame.height]
        if not columns:
            continue
        # the row with most to say: of each column one that is not empty and, where there is one, not zero
        busy = pl.sum_horizontal((pl.col(one).fill_null(0) != 0).cast(pl.Int32) for one in columns)
        row = frame.sort(busy, descending=True, maintain_order=True).row(0, named=True)
        links = _links(lamps, name, row)
        assert links, name
        assert {link["kind"] for link in links} & _ENDS, name
        assert [link["depth"] for link in links if link["depth"] < 2] == sorted(link["depth"] for link in links if link["depth"] < 2)
        for link in _of_kind(links, "formula"):
            given = _gives(link)
            assert given == pytest.approx(link["facts"]["result"], rel=1e-9, abs=1e-9), link["statement"]
            if link["depth"] == 0 and not _of_kind(links, "override"):
                assert given == pytest.approx(row[link["column"]], rel=1e-6, abs=1e-6), link["statement"]
            told.add((link["table"], link["column"]))
    # what lamps has nothing of: additional checks of these are in the tests of their own
    missing = set(FORMULAS) - told
    assert missing <= {
        *(("inventory_target", one) for one in ("safety_stock", "base_stock")),
        *(("scenario_demand", one) for one in ("demand", "supply")),
        *(("gap", "units"), ("gap_cause", "share"), ("kpi", "value"), ("simulation", "value"), ("bridge", "amount")),
        *(("correction", "raw"), ("supply_cause", "share"), ("value_added", "value_added"), ("demand_plan", "orders")),
        *(("shortage", "backlog"), ("inventory_plan", "shortfall"), ("consensus", "increment"), ("scenario_result", "difference")),
        ("option_period", "closed"),
        *(("risk_register", "expected_units"), ("risk_register", "expected_money")),
    }, missing


@pytest.mark.parametrize(
    ("name", "where", "column", "words"),
    [
        ("simulation", ["measure=profit", "statistic=mean"], "value", "Average over all paths"),
        ("scenario_result", ["scenario=upside", "measure=demand"], "value", "The base plan, and what the scenario changes of it"),
        ("scenario_result", ["scenario=base", "measure=shipped"], "value", "Summed over the horizon"),
        ("financials", ["line=contribution"], "amount", "Revenue less cost of goods"),
    ],
)
def test_sums_of_many_rows_are_worked_out_again(lamps: Path, name: str, where: list[str], column: str, words: str) -> None:
    links = answer("explain", plan=str(lamps), table=name, where=where, column=column)["reasons"]
    first = _of_kind(links, "formula")[0]
    assert first["facts"]["words"].startswith(words)
    assert _gives(first) == pytest.approx(first["value"])


def test_a_given_number_names_its_file_and_row_as_a_reader_counts_them(lamps: Path) -> None:
    row = _tables(lamps)["history"].row(7, named=True)
    link = _of_kind(_links(lamps, "history", row), "source")[0]
    (origin,) = link["facts"]
    assert origin["file"] == "history.csv"
    line = (lamps / "tables" / "history.csv").read_text(encoding="utf-8").splitlines()[origin["rows"][0] - 1]
    assert {row["item"], row["market"]} <= set(line.split(","))
    assert str(row["period"])[:7] in line
    assert f"row {origin['rows'][0]}." in link["statement"]


def test_what_the_optimiser_decided_names_solver_limits_and_what_they_are_worth(lamps: Path) -> None:
    binding = _tables(lamps)["binding"].filter(pl.col("limit") == "capacity").row(0, named=True)
    links = _links(lamps, "capacity_load", {"resource": binding["subject"], "period": binding["period"]})
    (solver,) = _of_kind(links, "solver")
    assert solver["facts"]["status"] == "optimal"
    assert "passed" in solver["facts"]["certificate"]
    limit = next(link for link in _of_kind(links, "limit") if link["facts"]["limit"] == "capacity")
    assert limit["facts"]["value"] == pytest.approx(binding["value"])
    assert limit["statement"] == binding["sentence"]
    money = _of_kind(links, "money")
    assert {link["facts"]["money_class"] for link in money} <= {"cash", "accounting", "opportunity"}


def test_a_forecast_names_its_method_and_its_error(lamps: Path) -> None:
    row = _tables(lamps)["baseline"].row(0, named=True)
    methods = _of_kind(_links(lamps, "baseline", row), "method")
    chosen = next(link for link in methods if link["table"] == "method_choice")
    assert chosen["facts"]["tried"] > 1
    assert chosen["facts"]["wmape"] == pytest.approx(row["error"])
    assert chosen["facts"]["reason"]


def test_a_column_a_depth_and_a_limit_are_kept_to(lamps: Path) -> None:
    where = ["item=Lantern", "market=Shops", "period=2027-01"]
    links = answer("explain", plan=str(lamps), table="demand_plan", where=where, column="unit_price", limit=0)["reasons"]
    assert links[0]["column"] == "unit_price"
    assert not any(link["table"] == "history" for link in links if link["depth"] < 2)
    near = answer("explain", plan=str(lamps), table="demand_plan", where=where, depth=1, limit=0)
    assert max(link["depth"] for link in near["reasons"] if link["table"] not in {"setting", "assumption_made"}) == 1
    few = answer("explain", plan=str(lamps), table="demand_plan", where=where, limit=3)
    assert len(few["reasons"]) == 3
    assert few["more"] > 0
    with pytest.raises(InputError, match="no column price"):
        answer("explain", plan=str(lamps), table="demand_plan", where=where, column="price")


def test_a_scenario_is_explained_by_what_it_changes(lamps: Path) -> None:
    where = ["item=Lantern", "market=Shops", "period=2027-01"]
    base = answer("explain", plan=str(lamps), table="demand_plan", where=where)
    upside = answer("explain", plan=str(lamps), table="demand_plan", where=where, scenario="upside")
    assert upside["cell"]["quantity"] == pytest.approx(1.2 * base["cell"]["quantity"])
    change = upside["reasons"][0]
    assert change["kind"] == "scenario"
    assert change["facts"]["after"] == pytest.approx(1.2 * change["facts"]["before"])
    compared = answer("explain", plan=str(lamps), table="scenario_result", where=["measure=demand"], scenario="upside")
    assert compared["cell"]["scenario"] == "upside"
    with pytest.raises(NotFoundError, match="no scenario sunny"):
        answer("explain", plan=str(lamps), table="demand_plan", where=where, scenario="sunny")
    with pytest.raises(InputError, match="base plan only"):
        answer("explain", plan=str(lamps), table="item_plan", scenario="upside")
