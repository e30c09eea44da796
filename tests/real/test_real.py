"""Whole cycles on real data: the plan files beside this test map it, the program knows nothing of it."""

import csv
import datetime as dt
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.sharing import once

HERE = Path(__file__).parent
SHARED = HERE.parents[1] / ".." / "shared" / "data"
PLANS = {"adventureworks": SHARED / "adventureworks" / "Sales_2016.csv", "stallion": SHARED / "stallion" / "stallion.parquet"}
MONTHS_2017 = [dt.date(2017, month, 1) for month in range(1, 13)]

pytestmark = [pytest.mark.shared, pytest.mark.slow]


def needed(name: str) -> None:
    if not PLANS[name].exists():
        pytest.skip(f"{PLANS[name]} is absent: the real data lies beside the project")


def equipoise(*words: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "equipoise.interfaces.cli", *words, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


QUICKER = "risk: {paths: 0, sensitivity: 0}\n"
"""Half of a run goes into risk, which these tests do not look at."""


class Result:
    """What a run left behind: its answer and its tables."""

    def __init__(self, name: str, factory: pytest.TempPathFactory, more: str = "") -> None:
        needed(name)

        def make(folder: Path) -> None:
            text = (
                (HERE / f"{name}.yaml").read_text(encoding="utf-8").replace("folder: ../../../shared", f"folder: {SHARED.resolve().parent}")
            )
            (folder / f"{name}.yaml").write_text(text + more, encoding="utf-8")
            answer = equipoise("run", str(folder / f"{name}.yaml"))
            (folder / "answer.json").write_text(json.dumps(answer), encoding="utf-8")

        self.answer = json.loads((once(factory, name, make) / "answer.json").read_text(encoding="utf-8"))
        self.folder = Path(self.answer["folder"])

    def table(self, name: str) -> pl.DataFrame:
        files = sorted(self.folder.rglob(f"{name}.parquet"))
        assert files, f"no table {name} was written below {self.folder}"
        return pl.read_parquet(files[0])


@pytest.fixture(scope="module")
def adventureworks(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return Result("adventureworks", tmp_path_factory, QUICKER)


@pytest.fixture(scope="module")
def stallion(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return Result("stallion", tmp_path_factory, "risk: {paths: 30, rolling: 1, sensitivity: 0}\n")


def sold_by_hand() -> dict[tuple[str, str, str], float]:
    """Units by item, market and month, added up from the sales files without the program."""
    folder = SHARED / "adventureworks"

    def rows(name: str) -> Iterator[dict[str, str]]:
        with (folder / name).open(encoding="latin-1", newline="") as file:
            yield from csv.DictReader(file)

    items = {row["ProductKey"]: row["ProductSKU"] for row in rows("Products.csv")}
    markets = {row["SalesTerritoryKey"]: row["Region"] for row in rows("Territories.csv")}
    units: dict[tuple[str, str, str], float] = defaultdict(float)
    for row in (*rows("Sales_2015.csv"), *rows("Sales_2016.csv")):
        month, _, year = row["OrderDate"].split("/")
        units[items[row["ProductKey"]], markets[row["TerritoryKey"]], f"{year}-{int(month):02d}"] += float(row["OrderQuantity"])
    return units


@pytest.mark.parametrize("name", list(PLANS))
def test_the_mapping_reads_without_an_error(name: str, tmp_path: Path) -> None:
    needed(name)
    answer = equipoise("check", str(HERE / f"{name}.yaml"), "--workspace", str(tmp_path))
    assert [issue for issue in answer["issues"] if issue["severity"] == "error"] == []
    expected = {"adventureworks": {"item": 504, "market": 10, "bom": 2383}, "stallion": {"item": 25, "market": 58}}[name]
    assert {table: answer["tables"][table] for table in expected} == expected
    if name == "adventureworks":
        assert any("Final Assembly" in sentence and "85" in sentence for sentence in answer["assumptions"])


def test_adventureworks_history_is_what_the_files_say(adventureworks: Result) -> None:
    history = adventureworks.table("history").with_columns(month=pl.col("period").dt.strftime("%Y-%m")).filter(pl.col("quantity") != 0)
    read = {(item, market, month): units for item, market, month, units in history.select("item", "market", "month", "quantity").rows()}
    assert read == sold_by_hand()


def test_adventureworks_forecast_takes_the_launch_for_a_launch(adventureworks: Result) -> None:
    plan = adventureworks.table("demand_plan").sort("period")
    assert plan["period"].unique().sort().to_list() == MONTHS_2017
    assert plan["item"].n_unique() == 130
    assert plan["quantity"].min() >= 0  # type: ignore[operator]
    last = sum(units for (_, _, month), units in sold_by_hand().items() if month >= "2016-08") / 5
    monthly = plan.group_by("period").agg(pl.col("quantity").sum())["quantity"]
    assert float(monthly.min()) > 0.6 * last  # type: ignore[arg-type]
    assert float(monthly.max()) < 2.0 * last  # type: ignore[arg-type]


def test_adventureworks_supply_obeys_its_limits(adventureworks: Result) -> None:
    load = adventureworks.table("capacity_load")
    assert load["resource"].n_unique() == 7
    assert load.filter(pl.col("load") > pl.col("available") * 1.000001 + 1e-6).is_empty()
    assert load.filter(resource="Final Assembly")["load"].sum() > 0
    assert adventureworks.table("violation").is_empty()
    shortage = adventureworks.table("shortage")
    demand, shipped = (float(shortage[column].sum()) for column in ("demand", "shipped"))
    assert shipped > 0.6 * demand
    assert (shortage["lost"] >= -1e-6).all()


def test_adventureworks_bikes_use_their_parts(adventureworks: Result) -> None:
    """What bikes consume of frames and wheels is made or taken from stock: supply of every part covers its use."""
    made = adventureworks.table("supply_plan").group_by("item").agg(made=pl.col("quantity").sum())
    bought = adventureworks.table("purchase_plan").group_by("item").agg(bought=pl.col("quantity").sum())
    used = (
        adventureworks.table("supply_plan")
        .join(adventureworks.table("bom"), on="route", suffix="_each")
        .group_by(item="component")
        .agg(used=(pl.col("quantity") * pl.col("quantity_each")).sum())
    )
    stock = adventureworks.table("on_hand").group_by("item").agg(stock=pl.col("quantity").sum())
    coming = adventureworks.table("scheduled_receipt").group_by("item").agg(coming=pl.col("quantity").sum())
    parts = used.filter(pl.col("used") > 1e-6)
    for other in (made, bought, stock, coming):
        parts = parts.join(other, on="item", how="left")
    available = pl.sum_horizontal(pl.col("made", "bought", "stock", "coming").fill_null(0.0))
    assert parts.height > 100
    assert parts.filter(pl.col("used") > available + 1e-4).is_empty()


def test_stallion_runs_without_supply_data_and_prints_no_margin(stallion: Result) -> None:
    plan = stallion.table("demand_plan")
    assert (plan["item"].n_unique(), plan["market"].n_unique()) == (25, 58)
    assert plan.select("item", "market").unique().height == 350
    assert plan["period"].min() == dt.date(2017, 7, 1)
    assert stallion.table("shortage")["lost"].sum() == pytest.approx(0, abs=1e-6)
    assert not any("margin" in figure["name"].lower() and figure["value"] is not None for figure in stallion.answer["figures"])


def test_stallion_forecast_learns_from_its_prices(stallion: Result) -> None:
    tried = stallion.table("method_choice").filter(pl.col("method") == "driver_model")
    helped = tried.filter(pl.col("reason").str.contains("regular price"), pl.col("reason").str.contains("help: error"))
    assert helped.height > 100, "of 350 series"
    everything = stallion.table("baseline")
    assert everything["quantity"].is_finite().all()
    assert everything.group_by("item", "market").len()["len"].unique().to_list() == [12]


@pytest.mark.parametrize("name", list(PLANS))
def test_a_run_leaves_every_output(name: str, request: pytest.FixtureRequest) -> None:
    result: Result = request.getfixturevalue(name)
    endings = {Path(file).name for file in result.answer["files"]}
    assert {"summary.md", "report.html", "plan.json"} <= endings
    assert any(file.endswith(".xlsx") for file in endings)
    assert result.answer["actions"]
    assert {line["scenario"] for line in result.answer["scenarios"]} >= {"base", "upside", "downside", "stretch"}
