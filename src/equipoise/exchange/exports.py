"""The files of a published plan: what execution, people and other systems take over, written so that nobody ever meets half of them."""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

import polars as pl

from equipoise.errors import StoreError
from equipoise.exchange.plan_document import plan_json
from equipoise.exchange.report import report
from equipoise.exchange.table_files import write_tables
from equipoise.exchange.version_folder import aside, whole
from equipoise.exchange.workbook import workbook
from equipoise.tables.setting import Setting


def write_published(
    tables: Mapping[str, pl.DataFrame], setting: Setting, exported: Iterable[str], texts: Mapping[str, str], version: Path, folder: Path
) -> list[str]:
    """Write a published plan into `folder`, all or nothing, and return the names of the files in it.

    The documents in the folder of its `version` (plan.json, plan.xlsx, report.html and what else the plan file asks for), or, where that
    is not there any more, plan.json, plan.xlsx and report.html made anew; in tables/ those that are `exported`, as CSV and Parquet; and
    `texts`, name to content. A folder of that name is what a call left that was broken off before the record knew of it.
    Raises StoreError where the disk cannot be written; what was there before then stands.
    """
    try:
        made = aside(folder.parent)
        try:
            write_tables({name: tables[name] for name in dict.fromkeys(exported) if name in tables}, made / "tables")
            _documents(made, tables, setting, version)
            for name, content in texts.items():
                (made / name).parent.mkdir(parents=True, exist_ok=True)
                _text(made / name, content)
            made = whole(made, folder.name)
            if folder.exists():
                shutil.rmtree(folder)
            made.rename(folder)
        except BaseException:
            shutil.rmtree(made, ignore_errors=True)
            raise
    except OSError as error:
        raise StoreError(
            f"The published files could not be written to {folder}: {error.strerror or error}.", "Check space and permissions."
        ) from error
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _documents(folder: Path, tables: Mapping[str, pl.DataFrame], setting: Setting, version: Path) -> None:
    if version.is_dir():
        for path in version.iterdir():
            if path.is_file():
                shutil.copy2(path, folder / path.name)
        return
    _text(folder / "plan.json", plan_json(tables, setting))
    workbook(tables, setting, folder / "plan.xlsx")
    _text(folder / "report.html", report(tables, setting))


def _text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="")
