"""Numbers of the supply tables that a plan can be made with, and that hardly anybody means."""

from collections.abc import Mapping, Sequence

import polars as pl

from equipoise.errors import Fault, Severity
from equipoise.gather.report import Report
from equipoise.tables.check import listed, place

_COSTS = ("unit_cost", "regular_cost", "overtime_cost")
_LARGEST = 1e12


def check_sense(tables: Mapping[str, pl.DataFrame], sources: Sequence[str], report: Report) -> None:
    """Warn of yields of nothing, costs that earn money and resources without a limit; refuse quantities too large to plan with."""

    def told(name: str, column: str, wrong: pl.Expr, words: str, fix: str, severity: Severity = "warning") -> None:
        if name in tables and column in tables[name].columns:
            rows = tables[name].filter(wrong)
            report.add(listed(rows, lambda row: Fault(words, fix, place(name, row, column, sources), severity)))

    told(
        "route",
        "yield",
        pl.col("yield") == 0,
        "The yield is 0: nothing good comes out of the route.",
        "Correct it, or leave the route out.",
    )
    for name in ("route", "purchase", "lane", "resource"):
        for cost in _COSTS:
            earns = f"{cost} is below zero: doing more of it earns money."
            told(name, cost, pl.col(cost) < 0, earns, "Correct the sign, or limit what it is paid for.")
    for name in ("usage", "bom", "co_output"):
        large = "quantity is above a million millions, too large to plan with."
        told(name, "quantity", pl.col("quantity") > _LARGEST, large, "Correct it, or use a larger unit.", "error")
    if "usage" in tables and "capacity" in tables:
        limited = [tables[name].select("resource") for name in ("capacity", "workforce") if name in tables]
        free = tables["usage"].unique("resource", keep="first", maintain_order=True)
        free = free.join(pl.concat(limited), on="resource", how="anti", maintain_order="left")
        fix = "Add it to table capacity, or correct its name in usage."
        report.add(
            listed(
                free,
                lambda row: Fault(
                    f"{row['resource']} has no capacity: it limits nothing.", fix, place("usage", row, "resource", sources), "note"
                ),
            )
        )
