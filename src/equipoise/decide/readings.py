"""What the summary and the recommendations read out of the tables: totals, first causes, measures of scenarios."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

Row = Mapping[str, object]
PERIOD_NOUN = {"month": "month", "week": "week", "quarter": "quarter", "4-4-5": "period"}


def rows(frame: pl.DataFrame) -> list[dict[str, object]]:
    """Return a frame as rows."""
    return list(frame.iter_rows(named=True))


def amount(value: object) -> float | None:
    """Return a number, or none where the cell is empty."""
    return float(value) if isinstance(value, int | float) else None


def rank_of(row: Row) -> int:
    """Return the rank of a gap."""
    return int(str(row["rank"]))


def total(frame: pl.DataFrame, column: str) -> float:
    """Return the sum of a column, empty cells left out."""
    return float(frame[column].sum() or 0.0)


def first_causes(gap_cause: pl.DataFrame) -> dict[int, dict[str, object]]:
    """Return the cause that matters most of each gap, by rank of the gap.

    That is the one with the largest share of it. Where shares are not known it is one that says there is no source at all, else the limit
    of which one more unit is worth the most; rules of which more would cost come last.
    """
    sourced = ~pl.col("limit").is_in(["no source", "missing component"])
    value = pl.col("value").fill_null(0.0)
    ordered = gap_cause.sort("rank", -pl.col("share").fill_null(0.0), sourced, value <= 0, -value.abs(), "limit", "subject")
    return {row["rank"]: row for row in ordered.unique("rank", keep="first", maintain_order=True).iter_rows(named=True)}


@dataclass(frozen=True)
class Scenarios:
    """The measures of each scenario, by scenario and measure."""

    measures: Mapping[str, Mapping[str, Row]]

    @staticmethod
    def of(scenario_result: pl.DataFrame) -> "Scenarios":
        """Read the table `scenario_result`; the base plan comes first, then scenarios by name."""
        found: dict[str, dict[str, Row]] = {}
        ordered = scenario_result.sort(pl.col("scenario") != "base", "scenario", "measure")
        for row in ordered.iter_rows(named=True):
            found.setdefault(row["scenario"], {})[row["measure"]] = row
        return Scenarios(found)

    @property
    def others(self) -> list[str]:
        """Scenarios other than the base plan."""
        return [name for name in self.measures if name != "base"]

    def value(self, scenario: str, measure: str) -> float | None:
        """Return a measure's value, or none."""
        return amount(self.measures.get(scenario, {}).get(measure, {}).get("value"))

    def difference(self, scenario: str, measure: str) -> float | None:
        """Return a measure's difference to the base plan, or none."""
        return amount(self.measures.get(scenario, {}).get(measure, {}).get("difference"))

    def note(self, scenario: str, measure: str) -> str:
        """Return a measure's note, empty where there is none."""
        return str(self.measures.get(scenario, {}).get(measure, {}).get("note") or "")

    def unit(self, scenario: str, measure: str) -> str:
        """Return a measure's unit."""
        return str(self.measures.get(scenario, {}).get(measure, {}).get("unit") or "unit")

    def failure(self, scenario: str) -> str:
        """Return why a scenario could not be run; empty where it could."""
        note = self.note(scenario, "status")
        return note.removeprefix("failed: ") if note.startswith("failed") else ""

    def worth_of_shortage(self, scenario: str) -> float | None:
        """Return the revenue of what is short, at the scenario's average price; none where prices are not given."""
        short, revenue, shipped = (self.value(scenario, measure) for measure in ("shortage", "revenue", "shipped"))
        return short * revenue / shipped if short and revenue and shipped else None
