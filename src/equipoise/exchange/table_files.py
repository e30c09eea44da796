"""Tables as CSV and Parquet files."""

import re
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from equipoise.tables import DICTIONARY

_FORMULA = r"^'*[=+\-@\t\r]"
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"


def harmless(frame: pl.DataFrame) -> pl.DataFrame:
    """Return `frame` with an apostrophe before every text that a spreadsheet would run as a formula: one that begins with = + - @,
    tab or carriage return, with apostrophes before it or none; our reader takes one away again. Texts that are plain numbers stay, and so
    do the columns of numbers. Names of columns are texts too.
    """
    texts = [name for name, dtype in frame.schema.items() if dtype == pl.String or isinstance(dtype, (pl.Categorical, pl.Enum))]
    safe = frame.with_columns(_harmless(pl.col(name).cast(pl.String)).alias(name) for name in texts)
    return safe.rename({name: f"'{name}" for name in frame.columns if re.match(_FORMULA, name)})


def _harmless(text: pl.Expr) -> pl.Expr:
    runs = text.str.contains(_FORMULA) & ~text.str.contains(_NUMBER)
    return pl.when(runs).then(pl.concat_str(pl.lit("'"), text)).otherwise(text)


def csv(frame: pl.DataFrame) -> str:
    """Return the frame as CSV text: UTF-8, comma, dot, ISO dates, an empty cell where there is no value."""
    return harmless(frame).write_csv()


def written(tables: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Return the tables worth a file, by name: all but the given ones that are empty."""
    return {name: tables[name] for name in sorted(tables) if tables[name].height or DICTIONARY[name].group == "made"}


def write_tables(tables: Mapping[str, pl.DataFrame], folder: Path) -> list[Path]:
    """Write each table as `folder`/NAME.csv and NAME.parquet, rows sorted by key; return the paths."""
    folder.mkdir(parents=True)
    paths = []
    for name, frame in written(tables).items():
        keys = [key for key in DICTIONARY[name].keys if key in frame.columns]
        ordered = frame.sort(keys, maintain_order=True) if keys else frame
        paths += [folder / f"{name}.csv", folder / f"{name}.parquet"]
        paths[-2].write_text(csv(ordered), encoding="utf-8", newline="")
        ordered.write_parquet(paths[-1])
    return paths
