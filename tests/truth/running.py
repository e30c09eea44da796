"""Plan files and tables on disk, run as any company's are: gathered, then taken through the cycle up to its statement of money."""

import csv
import datetime as dt
import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from equipoise.cycle import Cycle
from equipoise.service.gathering import gather
from equipoise.service.messages import RunRequest
from equipoise.service.workspace import locate

CASES = Path(__file__).parent / "cases"
SHARED = Path(__file__).parents[2] / ".." / "shared" / "truth"
TODAY = dt.date(2026, 11, 22)

Rows = list[dict[str, Any]]
Tables = Mapping[str, Rows]
Inputs = Mapping[str, Any]


def month(t: int) -> str:
    """The first day of month t of the horizon, counted from 0."""
    return f"{2027 + t // 12}-{t % 12 + 1:02d}-01"


def demand(quantities: Sequence[float], item: str = "product", market: str = "market", prices: Sequence[float] | float = 0) -> Rows:
    """Rows of the table forecast, a month each, at a price each or one for all."""
    each = prices if isinstance(prices, Sequence) else [prices] * len(quantities)
    stream = {"source": "given", "item": item, "market": market, "kind": "increment"}
    return [
        {**stream, "period": month(t), "quantity": quantity, **({"revenue": quantity * price} if price else {})}
        for t, (quantity, price) in enumerate(zip(quantities, each, strict=True))
    ]


def monthly(common: Mapping[str, Any], **columns: Sequence[Any]) -> Rows:
    """Rows of any table, a month each: `common` in every row, and a value of each column for each month."""
    months = range(max(len(values) for values in columns.values()))
    return [{**common, "period": month(t), **{name: values[t] for name, values in columns.items()}} for t in months]


def case(name: str) -> dict[str, Any]:
    """A published case; skips the test where the cases are not there."""
    path = SHARED / f"{name}.yaml"
    if not path.exists():
        pytest.skip(f"{path.name} is not here: the published cases lie beside the project")
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))


def published() -> list[tuple[str, str]]:
    """Every case and key of a published answer: none where the cases are not there."""
    found = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))["published"] for path in sorted(SHARED.glob("*.yaml"))}
    return [(name, key) for name, answers in found.items() for key in answers]


def lay_out(name: str, key: str, folder: Path, inputs: str = "") -> Path:
    """Write the tables of a published case beside its plan file; return the plan file.

    The module of the case says how its inputs (or those of the case `inputs`) become tables; a key with settings of its own has a plan
    file of its own.
    """
    made = importlib.import_module(f"tests.truth.cases.{name}.tables").tables(case(inputs or name)["inputs"], key)
    own = CASES / name / f"{key}.yaml"
    return written(made, (own if own.exists() else CASES / name / "plan.yaml").read_text(encoding="utf-8"), folder)


def written(tables: Tables, plan: str, folder: Path) -> Path:
    """Write tables as CSV files and a plan file beside them; return the plan file."""
    (folder / "tables").mkdir()
    for table, rows in tables.items():
        columns = list(dict.fromkeys(column for row in rows for column in row))
        with (folder / "tables" / f"{table}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(rows)
    (folder / "plan.yaml").write_text(plan, encoding="utf-8")
    return folder / "plan.yaml"


def planned(plan_file: Path) -> dict[str, pl.DataFrame]:
    """Return every table of the base plan of a plan file, up to its statement of money: nothing is drawn or kept."""
    gathered = gather(locate(RunRequest(plan=str(plan_file))), TODAY)
    gathered.refuse_errors()
    return Cycle(gathered.tables, gathered.plan.overrides, gathered.plan.scenarios).resolve("")


def money(result: Mapping[str, pl.DataFrame]) -> dict[str, float]:
    """Profit, revenue and cost of a plan, without the model's own prices."""
    cost = result["cost"].filter(pl.col("class") != "penalty")
    revenue = float(cost.filter(pl.col("term") == "revenue").get_column("amount").sum())
    profit = float(cost.get_column("amount").sum())
    return {"profit": profit, "revenue": revenue, "cost": revenue - profit}
