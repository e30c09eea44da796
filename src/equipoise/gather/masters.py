"""Completes master tables that were not given, from the tables that name their members."""

from collections.abc import Mapping

import polars as pl

from equipoise.errors import Where
from equipoise.gather.report import Report
from equipoise.tables import GIVEN, table
from equipoise.tables.check import ROW, SOURCE

_ORDER = ("item", "market", "location", "resource")


def derive_masters(tables: dict[str, pl.DataFrame], report: Report) -> None:
    """Add the masters that are absent from `tables`, one row for each name that the others use, with a warning.

    A name that could belong to two masters (where a lane leads to) derives neither. A master that is given is never added to.
    """
    for name in _ORDER:
        if name in tables:
            continue
        names = sorted(set().union(*(_used(name, other, frame) for other, frame in tables.items())))
        if not names:
            continue
        tables[name] = pl.DataFrame({name: names}, schema={name: pl.String})
        shown = ", ".join(names[:5]) + (f" and {len(names) - 5:,} more" if len(names) > 5 else "")
        taken = "1 row was" if len(names) == 1 else f"{len(names):,} rows were"
        message = f"Table {name} is not given: {taken} taken from the other tables ({shown})."
        report.warn(message, f"Give table {name} to catch misspellings and to add attributes.", Where(table=name))
        report.assume(name, message, "rule: masters that are not given are derived")


def with_families(item: pl.DataFrame, history: pl.DataFrame, forecast: pl.DataFrame) -> pl.DataFrame:
    """Return the items with a row for each family of theirs, so that facts and plans may name a family like an item.

    A family is of its own family; unit and category are its items' where they share them, and its standard cost is theirs by what was
    sold in the last year of `history`, or, where there is none, by what the streams of `forecast` expect (equally where nothing is). A
    family that has a row already keeps it as it is.
    """
    since = history.get_column("period").max() if history.height else None
    recent = forecast if since is None else history.filter(pl.col("period") > pl.lit(since).dt.offset_by("-1y"))
    sold = recent.group_by("item", maintain_order=True).agg(pl.col("quantity").clip(0).sum().alias("#sold"))
    members = item.filter(pl.col("family").fill_null("") != "").join(sold, on="item", how="left", maintain_order="left")
    members = members.join(item.select(family="item"), on="family", how="anti", maintain_order="left")
    weight = pl.when(pl.col("unit_cost").is_not_null()).then(pl.col("#sold").fill_null(0.0) + 1e-9)
    shared = [pl.when(pl.col(one).n_unique() == 1).then(pl.col(one).first()).alias(one) for one in ("unit", "category")]
    rows = members.group_by("family", maintain_order=True).agg(
        *shared, (pl.col("unit_cost") * weight).sum() / pl.when(weight.sum() > 0).then(weight.sum())
    )
    rows = rows.with_columns(item=pl.col("family"), name=pl.col("family")).sort("family")
    return pl.concat([item, rows], how="diagonal_relaxed")


def _used(master: str, name: str, frame: pl.DataFrame) -> set[str]:
    target = f"{master}.{master}"
    columns = [column.name for column in GIVEN[name].columns if column.refers == (target,) and column.name in frame.columns]
    found: set[str] = set()
    for column in columns:
        found.update(frame.get_column(column).drop_nulls().unique().to_list())
    return found


def inherit(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with the empty cells of dated rows filled from the undated row of the same key.

    So a dated row says only what changes. Rows of a lane that name an item take from and to of the whole lane.
    """
    if name == "lane" and "item" in frame.columns:
        frame = _fill(frame, ["lane"], pl.col("item").is_null(), ("from", "to"))
    if not table(name).dated or "period" not in frame.columns:
        return frame
    keys = [key for key in table(name).keys if key != "period" and key in frame.columns]
    values = [column for column in frame.columns if column not in {*keys, "period"} and not column.startswith("#")]
    return _fill(frame, keys, pl.col("period").is_null(), tuple(values))


def _fill(frame: pl.DataFrame, keys: list[str], base: pl.Expr, columns: tuple[str, ...]) -> pl.DataFrame:
    present = [column for column in columns if column in frame.columns]
    if not present or frame.filter(base).is_empty() or frame.filter(~base).is_empty():
        return frame
    source = (
        frame.filter(base).unique(keys, keep="first", maintain_order=True).select(*keys, *(pl.col(one).alias(f"#{one}") for one in present))
    )
    wide = frame.join(source, on=keys, how="left", nulls_equal=True, maintain_order="left")
    filled = wide.with_columns(pl.coalesce(one, f"#{one}").alias(one) for one in present)
    return filled.drop(*(f"#{one}" for one in present))


def with_defaults(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with all of the table's columns, empty cells filled with the dictionary's defaults; hidden columns stay."""
    columns = table(name).columns
    absent = [pl.lit(None, dtype=column.dtype).alias(column.name) for column in columns if column.name not in frame.columns]
    cells = [
        pl.col(column.name).cast(column.dtype).fill_null(pl.lit(column.default, dtype=column.dtype))
        if column.default is not None
        else pl.col(column.name).cast(column.dtype)
        for column in columns
    ]
    return frame.with_columns(absent).select(*cells, *(column for column in frame.columns if column in {ROW, SOURCE}))


def without_hidden(tables: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Return the tables in the dictionary's form, without the columns that only gathering needs."""
    return {name: table(name).conform(frame) for name, frame in tables.items()}
