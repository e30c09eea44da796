"""Fills tables from shaped rows: converts every cell to the dictionary's type, to the item's unit and the plan's currency."""

from collections.abc import Mapping

import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.dimensions.currency import currency_factors
from equipoise.dimensions.units import unit_factors
from equipoise.errors import Fault, Where
from equipoise.gather.conversion import convert, decimal_mark
from equipoise.gather.masters import with_defaults
from equipoise.gather.report import Report
from equipoise.gather.shaping import Shaped
from equipoise.gather.source import EXTRA
from equipoise.tables import table
from equipoise.tables.check import BAD, ROW, SOURCE, listed, place
from equipoise.tables.column import Column

_ITEM_UNIT = ("item unit",)
_PER_ITEM_UNIT = ("currency per item unit", "currency per item unit and period", "resource unit per item unit")


def fill(shaped: Shaped, sources: list[str], report: Report) -> pl.DataFrame:
    """Return the rows in the dictionary's types with `ROW`, `SOURCE` and `BAD`; cells that cannot be converted are empty and reported.

    Columns that the rows do not have are left out. The source's name is added to `sources`.
    """
    definition = table(shaped.table)
    if shaped.source not in sources:
        sources.append(shaped.source)
    numbers = [column.name for column in definition.columns if column.kind in {"number", "integer"} and column.name in shaped.frame.columns]
    decimal = shaped.decimal
    if not decimal and numbers:
        decimal, warning = decimal_mark([shaped.frame[name] for name in numbers], shaped.delimiter)
        if warning:
            report.warn(warning, "Name the `decimal` mark of the source in the plan file.", Where(shaped.source, shaped.table))
    rows = shaped.frame[ROW]
    cells: list[pl.Series] = []
    bad = pl.Series(BAD, [False], dtype=pl.Boolean).new_from_index(0, shaped.frame.height)
    for column in definition.columns:
        if column.name not in shaped.frame.columns:
            continue
        values, wrong = _column(column, shaped, decimal, rows, report)
        cells.append(values)
        bad = bad if wrong is None else bad | wrong
    cells += [convert(shaped.frame[name], "text").values for name in _extra(shaped)]
    position = pl.Series(SOURCE, [sources.index(shaped.source)], dtype=pl.UInt16).new_from_index(0, shaped.frame.height)
    return pl.DataFrame([*cells, rows.cast(pl.UInt32), position, bad.alias(BAD)])


def _extra(shaped: Shaped) -> list[str]:
    return [name for name in EXTRA if name in shaped.frame.columns and name not in table(shaped.table).by_name]


def _column(column: Column, shaped: Shaped, decimal: str, rows: pl.Series, report: Report) -> tuple[pl.Series, pl.Series | None]:
    given = shaped.frame[column.name]
    converted = convert(given, column.kind, decimal, allowed=column.allowed)
    where = Where(shaped.source, shaped.table, column=column.name)
    wrong: pl.Series | None = None
    for trouble in converted.troubles:
        report.cells(trouble, given, rows, where)
        wrong = trouble.cells if wrong is None else wrong | trouble.cells
    for words in converted.warnings:
        report.warn(words, "Name the format under `types` in the plan file.", where)
    return converted.values.alias(column.name), wrong


def _known(name: str, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return a table in the dictionary's form, empty where it is not given."""
    return with_defaults(name, tables[name]).select(table(name).schema.names()) if name in tables else table(name).empty()


def in_item_units(name: str, frame: pl.DataFrame, tables: Mapping[str, pl.DataFrame], sources: list[str], report: Report) -> pl.DataFrame:
    """Return the rows with quantities in the unit of their item, where the source gave a column `unit`; that column is taken out."""
    definition = table(name)
    if "unit" not in frame.columns or "unit" in definition.by_name:
        return frame
    if "item" not in frame.columns:
        report.error(f"Table {name} has no item, so its unit cannot be converted.", "Leave the unit out.", Where(table=name, column="unit"))
        return frame.drop("unit")
    units = _known("item", tables).select("item", pl.col("unit").alias("to")).unique("item", keep="first", maintain_order=True)
    wide = frame.join(units, on="item", how="left", maintain_order="left")
    wanted = wide.select("item", pl.coalesce("unit", "to").alias("from"), "to")
    conversion = _known("unit_conversion", tables)
    wide = wide.with_columns(unit_factors(wanted, conversion).alias("#factor"))
    unknown = wide.filter(pl.col("#factor").is_null() & pl.col("unit").is_not_null() & pl.col("to").is_not_null())
    for row in unknown.unique(["unit", "to"], keep="first", maintain_order=True).iter_rows(named=True):
        fix = "Add the conversion to table unit_conversion."
        report.error(f"How many {row['to']} make one {row['unit']} is not known.", fix, place(name, row, "unit", sources))
    factor = pl.col("#factor").fill_null(1.0)
    times = [column.name for column in definition.columns if column.unit in _ITEM_UNIT and column.name in frame.columns]
    over = [column.name for column in definition.columns if column.unit in _PER_ITEM_UNIT and column.name in frame.columns]
    return wide.with_columns(*(pl.col(one) * factor for one in times), *(pl.col(one) / factor for one in over)).drop(
        "unit", "to", "#factor"
    )


def in_plan_currency(
    name: str,
    frame: pl.DataFrame,
    tables: Mapping[str, pl.DataFrame],
    currency: str,
    calendar: Calendar,
    sources: list[str],
    report: Report,
) -> pl.DataFrame:
    """Return the rows with money in the plan's currency, where the source gave a column `currency`; that column is taken out."""
    if "currency" not in frame.columns:
        return frame
    if not currency:
        fix = "Give `currency: EUR`, or whichever it is, in the plan file."
        report.error(f"Table {name} names currencies, but the plan has none.", fix, Where(table=name, column="currency"))
        return frame.drop("currency")
    day = pl.col("period") if "period" in frame.columns else pl.lit(None, dtype=pl.Date)
    wanted = frame.select(
        pl.col("currency").fill_null(currency).alias("from"), pl.lit(currency).alias("to"), day.fill_null(calendar.start).alias("period")
    )
    rates = _known("currency_rate", tables)
    wide = frame.with_columns(currency_factors(wanted, rates).alias("#factor"))
    unknown = wide.filter(pl.col("#factor").is_null())
    for row in unknown.unique("currency", keep="first", maintain_order=True).iter_rows(named=True):
        message = f"How much {currency} one {row['currency']} buys is not known."
        report.error(message, "Add the rate to table currency_rate.", place(name, row, "currency", sources))
    money = [column.name for column in table(name).columns if column.unit.startswith("currency") and column.name in frame.columns]
    return wide.with_columns(pl.col(one) * pl.col("#factor").fill_null(1.0) for one in money).drop("currency", "#factor")


def without_gaps(name: str, frame: pl.DataFrame, sources: list[str], report: Report) -> pl.DataFrame:
    """Return the rows with an empty quantity taken as no demand, as a period without a row is, each with a warning."""
    if "quantity" not in frame.columns:
        return frame
    empty = pl.col("quantity").is_null() & ~pl.col(BAD)
    message, fix = "quantity is empty: it was taken as no demand.", "Give it, or mark the period as a stockout."
    report.warnings(listed(frame.filter(empty), lambda row: Fault(message, fix, place(name, row, "quantity", sources))))
    return frame.with_columns(pl.when(empty).then(0.0).otherwise("quantity").alias("quantity"))


def without_expired(stock: pl.DataFrame, calendar: Calendar, sources: list[str], report: Report) -> pl.DataFrame:
    """Return the stock on hand that may still be used in the horizon, with a warning for each lot that expired before it."""
    if "expires" not in stock.columns:
        return stock
    expired = (pl.col("expires") < calendar.start).fill_null(value=False)
    fix = "Nothing to do if it is to be thrown away; else correct `expires`."
    report.warnings(
        listed(
            stock.filter(expired & (pl.col("quantity") > 0)),
            lambda row: Fault(
                f"{row['quantity']:,.15g} on hand of {row['item']} at {row['location']} expired on {row['expires']}, before the plan "
                "starts: left out.",
                fix,
                place("on_hand", row, "expires", sources),
            ),
        )
    )
    return stock.filter(~expired)


def warn_implausible(name: str, frame: pl.DataFrame, sources: list[str], report: Report) -> None:
    """Warn of quantities that are negative, or a thousand times what is usual for their item and market."""
    if name not in {"history", "forecast", "order_book", "shipment", "production_actual", "budget"} or "quantity" not in frame.columns:
        return
    keys = [key for key in ("item", "family", "market", "location") if key in frame.columns]
    if name in {"history", "shipment", "production_actual"}:
        negative = frame.filter(pl.col("quantity") < 0)
        report.warnings(
            listed(
                negative,
                lambda row: Fault(
                    f"quantity is {row['quantity']:,.15g}, which is negative: it was netted against the rest of its period.",
                    "Put returns into the column returns, or filter them out with `where`.",
                    place(name, row, "quantity", sources),
                ),
            )
        )
    some = frame.filter(pl.col("quantity") > 0).group_by(keys, maintain_order=True)
    usual = some.agg(pl.col("quantity").median().alias("#usual"), pl.len().alias("#times"))
    usual = usual.filter(pl.col("#times") >= 3)
    absurd = frame.join(usual, on=keys, how="inner", nulls_equal=True, maintain_order="left").filter(
        pl.col("quantity") > 1000 * pl.col("#usual")
    )
    report.warnings(
        listed(
            absurd,
            lambda row: Fault(
                f"quantity is {row['quantity']:,.15g}, more than 1,000 times what is usual there, {row['#usual']:,.6g}.",
                "Check its unit and its digits; correct it, or leave it if it is right.",
                place(name, row, "quantity", sources),
            ),
        )
    )
