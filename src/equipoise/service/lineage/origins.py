"""Where given rows were read: files, sheets and rows, and what stands in their place where nothing was read."""

from collections.abc import Mapping
from fnmatch import fnmatch

import polars as pl

from equipoise.dimensions.units import unit_factors
from equipoise.service.lineage.held import Held
from equipoise.service.messages.explaining import Origin
from equipoise.tables import table
from equipoise.tables.figures import listing, number

_MOST = 20
_SHOWN = 4


def origins(held: Held, name: str, rows: pl.DataFrame, column: str = "") -> tuple[list[Origin], pl.DataFrame]:
    """Return the rows of files behind rows of a given table, by file, and the rows of `row_origin` that say so.

    `column` is the one that is asked about, told by its name in the source.
    """
    keys = list(table(name).keys)
    if "row_origin" not in held.names:
        return [], held.frame("row_origin")
    placed, every = held.placed(name)
    here = placed.join(rows.select(keys), on=keys, how="semi", nulls_equal=True, maintain_order="left").select("position")
    read = every.join(here, on="position", how="semi", maintain_order="left")
    found = []
    for (source,), part in read.group_by("source", maintain_order=True):
        count = part.unique("position")["rows"].sum()
        numbers = sorted({number for first, last in part.select("first", "last").iter_rows() for number in range(first, last + 1)})
        file, _, sheet = str(source).partition("!")
        called, query = _taken(held, name, file, column)
        # rows that several rows of the table share (one that holds in every period) are counted once, as far as they are known
        count = len(numbers) if len(numbers) < _MOST else max(int(count or 0) // max(1, here.height), len(numbers))
        words = ", ".join(_runs(numbers))
        found.append(Origin(file=file, sheet=sheet, rows=numbers[:_MOST], count=count, words=words, column=called, query=query))
    return found, read


def _taken(held: Held, name: str, file: str, column: str) -> tuple[str, str]:
    """Return what a column is called in a source, and how its rows were taken, where the plan file says so."""
    taken = held.figures.get("taken")
    entries = taken.get(name, []) if isinstance(taken, dict) else []
    for one in entries:
        if isinstance(one, Mapping) and any(fnmatch(file, pattern) or pattern.endswith(f"/{file}") for pattern in one["files"]):
            return str(one["columns"].get(column, "")), str(one["query"])
    return "", ""


def converted(held: Held, rows: pl.DataFrame, read: pl.DataFrame) -> str:
    """Say in which unit or currency a file gave what was read, where that is another than that of the table; nothing where it is not."""
    if read["unit"].null_count() == read.height and read["currency"].null_count() == read.height:
        return ""
    words = []
    units = read["unit"].drop_nulls().unique().sort().to_list()
    own = held.frame("item").join(rows.select("item"), on="item", how="semi", maintain_order="left") if "item" in rows.columns else None
    if units and own is not None and own.height == 1 and (to := own["unit"][0]) and units != [to]:
        wanted = pl.DataFrame({"item": own["item"][0], "from": units, "to": to})
        factors = unit_factors(wanted, held.frame("unit_conversion")).to_list()
        words += [f"1 {unit} is {number(factor)} {to}" for unit, factor in zip(units, factors, strict=True) if factor and unit != to]
    money = [one for one in read["currency"].drop_nulls().unique().sort() if one != held.setting.currency]
    words += [f"{one} in {held.setting.currency} at the rate of table currency_rate" for one in money]
    return f", converted: {', '.join(words)}" if words else ""


def place(found: list[Origin], plan_file: str = "") -> str:
    """Return origins as a reader looks them up: history.csv, rows 12 to 14 and 20 (27 in all)."""
    return listing([_one(one, plan_file) for one in found], most=3)


def _one(one: Origin, plan_file: str) -> str:
    noun = "line" if one.file == plan_file or one.file.endswith((".yaml", ".yml")) else "row"
    if one.file == "the record":
        return "the record"
    where = f"{one.file}, sheet {one.sheet}" if one.sheet else one.file
    runs = one.words.split(", ") if one.words else _runs(one.rows)
    more = f" and others, {one.count:,} in all" if len(runs) > _SHOWN else ""
    computed = " = " in one.column or one.column.startswith("the constant")
    called = f", {'' if computed else 'column '}{one.column}" if one.column else ""
    return f"{where}, {noun if one.count == 1 else f'{noun}s'} {', '.join(runs[:_SHOWN])}{more}{called}" if runs else where


def _runs(numbers: list[int]) -> list[str]:
    runs: list[list[int]] = []
    for one in numbers:
        if runs and one == runs[-1][1] + 1:
            runs[-1][1] = one
        else:
            runs.append([one, one])
    return [str(first) if first == last else f"{first} to {last}" for first, last in runs]


def files_of(held: Held, name: str) -> list[str]:
    """Return the files that a given table was read from."""
    read = held.frame("row_origin").filter(pl.col("table") == name)["source"].unique().sort().to_list()
    sources = held.figures.get("sources")
    return read or (list(sources.get(name, [])) if isinstance(sources, dict) else [])
