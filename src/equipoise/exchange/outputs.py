"""The outputs of a run, written so that a reader never meets half of them.

Everything is written into a hidden folder beside the final one, flushed to disk, and then renamed: the final folder either is not
there or is complete. Only then does `latest`, beside it, begin to point at it. A run killed at any moment leaves the outputs
of earlier versions, and what `latest` points at, as they were.
"""

import os
import shutil
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import polars as pl

from equipoise.errors import InputError, StoreError
from equipoise.exchange.plan_document import plan_json
from equipoise.exchange.report import pre_sop, report
from equipoise.exchange.summary import SUMMARY, summary
from equipoise.exchange.table_files import write_tables
from equipoise.exchange.workbook import workbook
from equipoise.tables import GIVEN
from equipoise.tables.setting import Setting

LATEST = "latest"
_PARTIAL = ".partial-"
_DAY = 24 * 3600


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
_ALWAYS = ("setting", "period", "issue", "assumption_made")


def chosen(tables: Mapping[str, pl.DataFrame], outputs: Iterable[str]) -> dict[str, pl.DataFrame]:
    """Return the given tables and the made tables of the named outputs. Raises InputError for an output that there is not."""
    names = tuple(outputs)
    unknown = [name for name in names if name not in OUTPUTS]
    if unknown:
        raise InputError(f"There is no output {', '.join(unknown)}.", f"Outputs are: {', '.join(OUTPUTS)}.")
    wanted = {*GIVEN, *_ALWAYS, *(table for name in names for table in OUTPUTS[name].tables)}
    return {name: frame for name, frame in tables.items() if name in wanted}


def write(tables: Mapping[str, pl.DataFrame], setting: Setting, outputs: Iterable[str], folder: Path) -> list[Path]:
    """Write the named outputs into `folder`, which must not exist yet, all or nothing; return the files.

    Always: plan.json (the whole plan), plan.xlsx and tables/ (the given tables, and the made tables of the named outputs). For each
    output its Markdown file; for executive_summary also report.html, for gap_analysis the pack of pre-S&OP (pre_sop.html and pre_sop.md).
    `latest` beside `folder` then points at it.
    Raises InputError for an output that there is not, StoreError where the disk cannot be written or the folder exists.
    """
    names = tuple(dict.fromkeys(outputs))
    selected = chosen(tables, names)
    if folder.exists():
        raise StoreError(f"{folder} exists already.", "A version is written once; give a new version.")
    temporary = folder.parent / f"{_PARTIAL}{folder.name}-{uuid4().hex[:8]}"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _sweep(folder.parent)
        temporary.mkdir()
        _fill(temporary, tables, selected, setting, names)
        publish(temporary, folder)
    except OSError as error:
        shutil.rmtree(temporary, ignore_errors=True)
        raise StoreError(
            f"The outputs could not be written to {folder}: {error.strerror or error}.", "Check space and permissions."
        ) from error
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return sorted(path for path in folder.rglob("*") if path.is_file())


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


def publish(temporary: Path, final: Path) -> None:
    """Make the folder `temporary` the folder `final` in one step, on disk, and let `latest` beside it point at it.

    Both lie in one folder of one file system. Raises OSError, nothing having changed, where `final` exists or cannot be written.
    """
    with ThreadPoolExecutor(16) as pool:  # a disk takes many such requests in the time of one
        list(pool.map(_flush, [*temporary.rglob("*"), temporary]))
    if final.exists():
        raise FileExistsError(17, "the folder exists already", str(final))
    temporary.rename(final)
    _flush(final.parent)
    _point(final)


def _point(final: Path) -> None:
    """Let `latest` point at the folder: a link, swapped in one step; where links are not allowed, a file with the folder's name."""
    swap = final.parent / f"{_PARTIAL}{LATEST}-{uuid4().hex[:8]}"
    try:
        swap.symlink_to(final.name, target_is_directory=True)
        swap.replace(final.parent / LATEST)
    except OSError:
        with suppress(FileNotFoundError):
            swap.unlink()
        _text(swap, final.name + "\n")
        swap.replace(final.parent / f"{LATEST}.txt")
    _flush(final.parent)


def _flush(path: Path) -> None:
    """Ask the system to put the file, or a folder's entries, on disk; folders cannot be flushed everywhere."""
    if not path.is_dir():
        with path.open("r+b") as file:
            os.fsync(file.fileno())
    elif os.name != "nt":
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _sweep(folder: Path) -> None:
    """Remove what runs killed more than a day ago left behind; a younger one may still be at work."""
    for path in folder.glob(f"{_PARTIAL}*"):
        with suppress(OSError):
            if time.time() - path.lstat().st_mtime > _DAY:
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
