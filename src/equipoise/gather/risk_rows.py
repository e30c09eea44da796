"""Checks risks and opportunities before anything runs: triggers that cannot be read, scenarios that are not there, effects that mislead."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.errors import Fault, InputError, Severity
from equipoise.gather.reading import nearest
from equipoise.gather.report import Report
from equipoise.scenario import parse_trigger
from equipoise.tables import GIVEN
from equipoise.tables.check import listed, place

Tables = Mapping[str, pl.DataFrame]
Row = dict[str, object]
_BASE = "base"


def check_risks(tables: Tables, scenarios: Iterable[str], calendar: Calendar, sources: Sequence[str], report: Report) -> None:
    """Report rows of risk_opportunity that cannot be evaluated, and warn of those that hardly anybody means.

    `scenarios` are the names of the plan's scenarios; `tables` hold what is given, with the places of its rows.
    """
    frame = tables.get("risk_opportunity")
    if frame is None:
        return
    names = ("units", "money", "scenario", "trigger", "probability", "kind", "in_plan", "risk")
    absent = [name for name in names if name not in frame.columns]
    frame = frame.with_columns(pl.lit(None).alias(name) for name in absent)

    def told(rows: pl.DataFrame, column: str, message: Callable[[Row], str], fix: str, severity: Severity = "warning") -> None:
        report.add(listed(rows, lambda row: Fault(message(row), fix, place("risk_opportunity", row, column, sources), severity)))

    _check_scenarios(frame, [name for name in scenarios if name != _BASE], sources, report)
    _check_effects(frame, told)
    for row in frame.filter(pl.col("trigger").fill_null("").cast(pl.String).str.strip_chars() != "").iter_rows(named=True):
        _check_trigger(row, tables, calendar, sources, report)


def _check_scenarios(frame: pl.DataFrame, scenarios: list[str], sources: Sequence[str], report: Report) -> None:
    unknown = frame.filter(pl.col("scenario").is_not_null() & ~pl.col("scenario").cast(pl.String).is_in(scenarios))

    def fault(row: Row) -> Fault:
        name = str(row["scenario"])
        message = f"There is no scenario {name}." if name != _BASE else "The base plan is what an effect is measured against."
        return Fault(message, nearest(name, scenarios), place("risk_opportunity", row, "scenario", sources))

    report.add(listed(unknown, fault))


def _check_effects(frame: pl.DataFrame, told: Callable[..., None]) -> None:
    money = pl.col("money").cast(pl.Float64)
    wrong = ((pl.col("kind") == "risk") & (money > 0)) | ((pl.col("kind") == "opportunity") & (money < 0))
    told(
        frame.filter(wrong),
        "money",
        lambda row: f"{row['risk']} is called {'a risk, but brings' if row['kind'] == 'risk' else 'an opportunity, but costs'} money.",
        "Correct the sign or the kind, if that is not meant.",
    )
    told(
        frame.filter(pl.all_horizontal(pl.col("units", "money", "scenario").is_null())),
        "money",
        lambda row: f"{row['risk']} has no effect: its expected value is not known.",
        "Give units or money, or the scenario that shows them.",
    )
    told(
        frame.filter((pl.col("probability").cast(pl.Float64) == 1) & ~pl.col("in_plan").cast(pl.Boolean).fill_null(value=False)),
        "probability",
        lambda row: f"{row['risk']} is certain, but not in the plan.",
        "Bring it into the plan by an override, or correct the probability.",
    )


def _check_trigger(row: Row, tables: Tables, calendar: Calendar, sources: Sequence[str], report: Report) -> None:
    """Report a trigger that cannot be read; warn of one that looks at rows that are not there."""
    where = place("risk_opportunity", row, "trigger", sources)
    try:
        trigger = parse_trigger(str(row["trigger"]), calendar)
        seen = tables.get(trigger.table)
        if trigger.table not in GIVEN:
            return
        if seen is None or seen.is_empty():
            report.warn(
                f"The trigger of {row['risk']} looks at table {trigger.table}, which is not given.",
                "Give it: until then nothing is seen.",
                where,
            )
        elif trigger.rows(seen, tables).is_empty():
            report.warn(
                f"The trigger of {row['risk']} sees no row. {trigger.nearest(seen, tables)}", "Correct it, if that is not meant.", where
            )
    except InputError as error:
        report.error(error.message, error.fix, where)
