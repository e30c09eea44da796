"""The files of a published plan: what execution, people and other systems take over, written so that nobody ever meets half of them."""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from uuid import uuid4

import polars as pl

from equipoise.errors import StoreError
from equipoise.exchange.outputs import publish
from equipoise.exchange.plan_document import plan_json
from equipoise.exchange.report import report
from equipoise.exchange.table_files import write_tables
from equipoise.exchange.workbook import workbook
from equipoise.tables import GIVEN
from equipoise.tables.setting import Setting


def write_published(
    tables: Mapping[str, pl.DataFrame], setting: Setting, exported: Iterable[str], texts: Mapping[str, str], folder: Path
) -> list[str]:
    """Write a published plan into `folder`, all or nothing, and return the names of the files in it.

    Always plan.json (the whole plan), plan.xlsx and report.html; in tables/ those that are `exported`, as CSV and Parquet; and `texts`,
    name to content. A folder of that name is what a call left that was broken off before the record knew of it: it is written anew.
    Raises StoreError where the disk cannot be written; what was there before then stands.
    """
    names = list(dict.fromkeys(exported))
    aside = folder.parent / f".partial-{folder.name}-{uuid4().hex[:8]}"
    try:
        aside.mkdir(parents=True)
        write_tables({name: tables[name] for name in names if name in tables}, aside / "tables")
        _text(aside / "plan.json", plan_json(tables, setting))
        shown = {name: frame for name, frame in tables.items() if name in GIVEN or name not in {"stream_record", "simulation_path"}}
        workbook(shown, setting, aside / "plan.xlsx")
        _text(aside / "report.html", report(tables, setting))
        for name, content in texts.items():
            (aside / name).parent.mkdir(parents=True, exist_ok=True)
            _text(aside / name, content)
        if folder.exists():
            shutil.rmtree(folder)
        publish(aside, folder, latest=False)
    except OSError as error:
        raise StoreError(
            f"The published files could not be written to {folder}: {error.strerror or error}.", "Check space and permissions."
        ) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="")
