"""Scenarios of a small company, each as its tables, and the robust plan over them."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from equipoise.errors import InputError
from equipoise.supply import Session, robust_plan
from equipoise.tables import table
from equipoise.tables.setting import Setting, to_table
from tests.truth.company import TABLES, month

Company = Mapping[str, pl.DataFrame]


def robust(
    scenarios: Mapping[str, Company | None],
    chances: Mapping[str, float | str | None],
    horizon: int,
    committed: int | None,
    supply: Mapping[str, Any] | None = None,
) -> dict[str, pl.DataFrame]:
    """The tables robust_plan and robust_result; a scenario without tables fails. A chance is a probability, a likelihood or nothing."""
    setting = to_table(
        Setting.model_validate(
            {
                "plan": "robust",
                "calendar": {"start": month(0), "horizon": horizon},
                "supply": {"relative_gap": 0.0, **(supply or {})},
                "risk": {"committed": committed},
            }
        )
    )
    rows = [
        {
            "position": number,
            "scenario": name,
            "likelihood": chance if isinstance(chance := chances[name], str) else "",
            "probability": chance if isinstance(chance, float) else None,
        }
        for number, name in enumerate(scenarios, 1)
    ]

    def resolve(name: str) -> dict[str, pl.DataFrame]:
        company = scenarios[name]
        if company is None:
            raise InputError(f"Scenario {name} is wrong.", "Correct it.")
        given = {one: table(one).conform(company[one]) if one in company else table(one).empty() for one in TABLES}
        return {**given, "setting": company.get("setting", setting)}

    return robust_plan(table("scenario").conform(pl.DataFrame(rows)), setting, resolve=resolve, session=Session())


def result(made: Mapping[str, pl.DataFrame]) -> dict[str, dict[str, Any]]:
    """The rows of robust_result, by scenario."""
    return {row["scenario"]: row for row in made["robust_result"].iter_rows(named=True)}


def decided(made: Mapping[str, pl.DataFrame], plan: str) -> dict[tuple[str, str, int], float]:
    """What a plan decides, by kind, key and month."""
    rows = made["robust_plan"].select("kind", "key", pl.col("period").dt.month() - 1, plan).iter_rows()
    return {(kind, key, t): value for kind, key, t, value in rows if value > 0}
