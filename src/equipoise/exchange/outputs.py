"""The outputs of a run: what is in them, and writing them."""

import shutil
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from equipoise.errors import InputError, StoreError
from equipoise.exchange.plan_document import plan_json
from equipoise.exchange.report import pre_sop, report
from equipoise.exchange.summary import SUMMARY, summary
from equipoise.exchange.table_files import write_tables
from equipoise.exchange.version_folder import aside, publish, sweep, whole
from equipoise.exchange.workbook import workbook
from equipoise.tables import GIVEN
from equipoise.tables.setting import Setting


@dataclass(frozen=True, slots=True)
class Output:
    """A named output: its Markdown file and the sections in it, the made tables that belong to it, and whether the report or the pack of
    pre-S&OP is written with it."""

    file: str
    sections: tuple[str, ...]
    tables: tuple[str, ...]
    page: bool = False
    pack: bool = False


OUTPUTS: dict[str, Output] = {
    "demand_plan": Output(
        "demand_plan.md",
        ("demand",),
        (
            *("correction", "calendar_effect", "cleaned_history", "segment", "method_choice", "baseline", "event_effect", "stream"),
            *("stream_weight", "consensus", "demand_plan", "override_effect", "override_cell", "override_flag"),
            *("stream_record", "value_added"),
        ),
    ),
    "supply_plan": Output(
        "supply_plan.md",
        ("supply", "inventory"),
        (
            *("inventory_target", "supply_plan", "purchase_plan", "transfer_plan", "shipment_plan", "inventory_plan", "capacity_load"),
            *("route_load", "workforce_plan", "shortage", "binding", "violation", "clash", "cost", "solution", "material_requirement"),
            *("capacity_requirement", "supply_cause", "audit", "item_plan"),
        ),
    ),
    "gap_analysis": Output(
        "gap_analysis.md",
        ("gaps", "options", "money"),
        (
            *("gap", "gap_cause", "financials", "bridge", "sensitivity", "option", "option_change", "option_period"),
            "option_question",
        ),
        pack=True,
    ),
    "scenarios": Output(
        "scenarios.md",
        ("scenarios", "register"),
        (
            *("scenario", "scenario_input", "scenario_result", "scenario_demand", "simulation", "simulation_path"),
            *("simulation_service", "simulation_driver", "robust_plan", "robust_result", "risk_register"),
        ),
    ),
    "executive_summary": Output(
        "summary.md", SUMMARY, ("executive_summary", "recommendation", "decision_needed", "agenda", "kpi"), page=True
    ),
    "action_items": Output("action_items.md", ("actions", "recommendations"), ("proposed_action",)),
}
_ALWAYS = ("setting", "period", "issue", "assumption_made", "row_origin")


def chosen(tables: Mapping[str, pl.DataFrame], outputs: Iterable[str]) -> dict[str, pl.DataFrame]:
    """Return the given tables and the made tables of the named outputs. Raises InputError for an output that there is not."""
    names = tuple(outputs)
    unknown = [name for name in names if name not in OUTPUTS]
    if unknown:
        raise InputError(f"There is no output {', '.join(unknown)}.", f"Outputs are: {', '.join(OUTPUTS)}.")
    wanted = {*GIVEN, *_ALWAYS, *(table for name in names for table in OUTPUTS[name].tables)}
    return {name: frame for name, frame in tables.items() if name in wanted}


def prepare(tables: Mapping[str, pl.DataFrame], setting: Setting, outputs: Iterable[str], parent: Path, mark: str = "") -> Path:
    """Write the named outputs into a hidden folder in `parent`, all or nothing, and return it: whole, marked, on disk, not yet published.

    Always: plan.json (the whole plan), plan.xlsx and tables/ (the given tables, and the made tables of the named outputs). For each
    output its Markdown file; for executive_summary also report.html, for gap_analysis the pack of pre-S&OP (pre_sop.html and pre_sop.md).
    Raises InputError for an output that there is not, StoreError where the disk cannot be written.
    """
    names = tuple(dict.fromkeys(outputs))
    selected = chosen(tables, names)
    temporary = None
    try:
        temporary = aside(parent)
        sweep(parent)
        _fill(temporary, tables, selected, setting, names)
        return whole(temporary, mark)
    except BaseException as error:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
        if isinstance(error, OSError):
            raise unwritten(parent, error) from error
        raise


def write(tables: Mapping[str, pl.DataFrame], setting: Setting, outputs: Iterable[str], folder: Path) -> list[Path]:
    """Write the named outputs into `folder`, which must not exist yet, all or nothing; return the files. `latest` then points at it.

    Raises InputError for an output that there is not, StoreError where the disk cannot be written or the folder exists.
    """
    if folder.exists():
        raise StoreError(f"{folder} exists already.", "A version is written once; give a new version.")
    made = prepare(tables, setting, outputs, folder.parent)
    try:
        publish(made, folder)
    except OSError as error:
        shutil.rmtree(made, ignore_errors=True)
        raise unwritten(folder, error) from error
    return sorted(path for path in folder.rglob("*") if path.is_file())


def unwritten(folder: Path, error: OSError) -> StoreError:
    """Return in words that outputs could not be written."""
    return StoreError(f"The outputs could not be written to {folder}: {error.strerror or error}.", "Check space and permissions.")


def _fill(
    folder: Path, tables: Mapping[str, pl.DataFrame], selected: Mapping[str, pl.DataFrame], setting: Setting, names: tuple[str, ...]
) -> None:
    """Write every file. The pictures are drawn beside the rest: they are made outside of Python, and take as long as the workbook."""
    with ThreadPoolExecutor(max_workers=1) as beside:
        drawn = beside.submit(report, tables, setting) if any(OUTPUTS[name].page for name in names) else None
        packed = beside.submit(pre_sop, tables, setting) if any(OUTPUTS[name].pack for name in names) else None
        write_tables(selected, folder / "tables")
        _text(folder / "plan.json", plan_json(tables, setting))
        workbook(selected, setting, folder / "plan.xlsx")
        for name in names:
            _text(folder / OUTPUTS[name].file, summary(tables, setting, OUTPUTS[name].sections))
        if drawn is not None:
            _text(folder / "report.html", drawn.result())
        if packed is not None:
            for kind, text in zip(("html", "md"), packed.result(), strict=True):
                _text(folder / f"pre_sop.{kind}", text)


def _text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="")
