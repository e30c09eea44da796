"""What stands behind every number of a plan: settings, assumptions, the solver, and files that were read as a whole."""

from collections.abc import Collection, Iterator

import polars as pl

from equipoise.service.lineage.held import Held
from equipoise.service.lineage.kinds import SETTINGS
from equipoise.service.lineage.origins import files_of, place
from equipoise.service.messages.explaining import Origin, Reason
from equipoise.service.messages.message import Cell
from equipoise.tables.figures import listing, plural

_MOST = 6


def setting_links(held: Held, phase: str, depth: int) -> Iterator[Reason]:
    """Yield the settings behind a phase of the cycle: those that the plan file gives with their lines, then the defaults: a link each."""
    prefixes = SETTINGS.get(phase, ("calendar.",))
    named = pl.any_horizontal(pl.col("setting").str.starts_with(prefix) for prefix in prefixes)
    placed = held.frame("setting").with_row_index("position", 1).with_columns(pl.col("position").cast(pl.Int64)).filter(named)
    lines = held.frame("row_origin").filter(pl.col("table") == "setting").select("position", "source", "first")
    rows = placed.join(lines, on="position", how="left", maintain_order="left")
    given = rows.filter(pl.col("source").is_not_null())
    if given.height:
        words = [f"{name} {_said(value)}" for name, value in given.select("setting", "value").iter_rows()]
        found = [Origin(file=given["source"][0], rows=sorted(set(given["first"])), count=given.height)]
        statement = f"Settings: {', '.join(words)} ({place(found)})."
        yield Reason(table="setting", step="gather", statement=statement, kind="setting", depth=depth, column="value", facts=found)
    left = rows.filter(pl.col("source").is_null())
    if left.height:
        words = [f"{name} {_said(value)}" for name, value in left.select("setting", "value").iter_rows()]
        statement = f"Assumed by default: {listing(words, most=_MOST)} (table setting)."
        yield Reason(table="setting", step="gather", statement=statement, kind="assumed", depth=depth)


def _said(value: str) -> str:
    return "not given" if value in {"null", '""', "{}"} else value.strip('"')


def assumption_links(held: Held, subjects: Collection[str], depth: int) -> Iterator[Reason]:
    """Yield what was assumed, or understood of a limit in words, about tables, resources or items."""
    rows = held.frame("assumption_made").filter(pl.col("subject").is_in(list(subjects)))
    for row in rows.head(_MOST).iter_rows(named=True):
        file, _, line = str(row["origin"] or "").rpartition(":")
        found = [Origin(file=file, rows=[int(line)], count=1)] if file and line.isdigit() else None
        where = f" ({file}, line {line})" if found else f" ({row['origin']})" if row["origin"] else ""
        yield Reason(
            table="assumption_made",
            step=row["step"] or "gather",
            statement=f"{row['statement'].rstrip('.')}{where}.",
            kind="rule" if found else "assumed",
            depth=depth,
            keys={"subject": row["subject"]},
            facts=found,
        )


def file_links(held: Held, names: Collection[str], depth: int) -> Iterator[Reason]:
    """Yield the files that given tables were read from as a whole, for a number that is about all of them."""
    for name in names:
        rows = held.frame(name)
        if rows.is_empty():
            continue
        files = files_of(held, name)
        keys: dict[str, Cell] = {}
        noun = plural("row", rows.height)
        where = f"read from {listing(files)}" if files else "not read from a file: assumed, or from the record"
        yield Reason(
            table=name,
            step="gather",
            statement=f"{rows.height:,} {noun} of {name}, {where}.",
            kind="source" if files else "assumed",
            depth=depth,
            keys=keys,
            facts=[Origin(file=file, count=0) for file in files] or None,
        )
