"""Converts cells as they are written to the dictionary's types, and says of each cell that cannot be."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from equipoise.gather.dates import read_dates, without_time
from equipoise.tables.column import Kind, dtype_of

_NOTHING = ("", "null", "none", "n/a", "na", "nan", "-", "–", "(blank)", "nil")
_YES = ("true", "t", "yes", "y", "1", "1.0", "x", "on")
_NO = ("false", "f", "no", "n", "0", "0.0", "off")
_EXCEL_ERRORS = ("#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#N/A", "#NUM!", "#NULL!", "#SPILL!", "#CALC!")

# A comma that can only be a decimal mark, a point that can only be one, and either that may part thousands.
_COMMA_DECIMAL = r"^[^,]*,(\d{1,2}|\d{4,})\s*[%\)-]?$|\.\d{3},\d|^[-+(]?0,\d"
_POINT_DECIMAL = r"^[^.]*\.(\d{1,2}|\d{4,})\s*[%\)-]?$|,\d{3}\.\d|^[-+(]?0?\.\d"
_COMMA_EITHER = r"^[-+(]?\d{1,3},\d{3}[)-]?$"


@dataclass(frozen=True)
class Trouble:
    """Cells that share a fault: which (a mask), what is wrong with each (by its text, or one sentence for all), and the remedy."""

    cells: pl.Series
    message: str
    fix: str
    reasons: dict[str, str] = field(default_factory=dict)


@dataclass
class Converted:
    """A column in its type, the cells that could not be converted, and what should be known of how the others were read."""

    values: pl.Series
    troubles: list[Trouble] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def convert(cells: pl.Series, kind: Kind, decimal: str = "", form: str = "", allowed: Sequence[str] = ()) -> Converted:
    """Return `cells`, text or typed, as the dictionary's type for `kind`; a cell that cannot be converted is empty and named.

    `decimal` is the decimal mark (empty: a point), `form` a strptime format for dates, `allowed` the words a text may be.
    """
    if cells.dtype == pl.Categorical:
        return _by_value(cells, kind, decimal, form, allowed)
    if cells.dtype == dtype_of(kind) and kind not in {"text", "number"}:
        return Converted(cells)
    if cells.dtype.is_temporal() and kind == "date":
        return Converted(cells.cast(pl.Date))
    if cells.dtype == pl.Boolean and kind in {"number", "integer"}:
        return Converted(cells.cast(dtype_of(kind)))
    if cells.dtype.is_numeric() and kind in {"number", "integer"}:
        return _whole(_finite(Converted(cells.cast(pl.Float64)), cells), kind)
    text = _text(cells)
    if kind == "text":
        return _words(text, allowed)
    nothing = text.str.to_lowercase().is_in(_NOTHING)
    text = text.set(nothing, None) if nothing.any() else text
    if kind == "date":
        return _dates(text, form)
    if kind == "flag":
        return _flags(text)
    return _whole(_numbers(text, decimal), kind)


def _by_value(cells: pl.Series, kind: Kind, decimal: str, form: str, allowed: Sequence[str]) -> Converted:
    """Convert each different value once, and lay the results back over the cells; names stay categories."""
    values = cells.drop_nulls().unique(maintain_order=True)
    converted = convert(values.cast(pl.String), kind, decimal, form, allowed)
    if kind == "text" and not allowed:
        if not converted.troubles and converted.values.equals(values.cast(pl.String)):
            return Converted(cells)
        converted.values = converted.values.cast(pl.Categorical)
    codes = values.to_physical()
    places = np.zeros(int(codes.to_numpy().max(initial=0)) + 1, dtype=np.uint32)
    places[codes.to_numpy()] = np.arange(codes.len(), dtype=np.uint32)
    at = pl.Series(places[cells.to_physical().fill_null(0).to_numpy()]).set(cells.is_null(), None)
    troubles = [Trouble(one.cells.gather(at).fill_null(value=False), one.message, one.fix, one.reasons) for one in converted.troubles]
    return Converted(converted.values.gather(at).alias(cells.name), troubles, converted.warnings)


def _text(cells: pl.Series) -> pl.Series:
    """Return cells as text without space around them; whole numbers without decimals."""
    if cells.dtype.is_float():
        whole = cells.cast(pl.Int64, strict=False)
        same = whole.cast(pl.Float64) == cells
        return pl.select(pl.when(same).then(whole.cast(pl.String)).otherwise(cells.cast(pl.String))).to_series().alias(cells.name)
    return cells.cast(pl.String).str.strip_chars()


def _words(text: pl.Series, allowed: Sequence[str]) -> Converted:
    broken = text.is_in(_EXCEL_ERRORS).fill_null(value=False)
    values = text.set((text == "").fill_null(value=False) | broken, None)
    if allowed:
        plain = values.str.to_lowercase().str.replace_all(r"[\s-]+", "_")
        values = pl.select(pl.when(plain.is_in(list(allowed))).then(plain).otherwise(values)).to_series().alias(text.name)
    troubles = [Trouble(broken, "holds an Excel error", "Correct the formula it came from.")] if broken.any() else []
    return Converted(values, troubles)


def _flags(text: pl.Series) -> Converted:
    lowered = text.str.to_lowercase()
    yes, no = lowered.is_in(_YES), lowered.is_in(_NO)
    values = pl.select(pl.when(yes).then(True).when(no).then(False).otherwise(None)).to_series().alias(text.name)
    return _with_trouble(values, text, "is not yes or no", "Write yes or no, true or false, 1 or 0.")


def _with_trouble(values: pl.Series, text: pl.Series, message: str, fix: str) -> Converted:
    bad = values.is_null() & text.is_not_null()
    return Converted(values, [Trouble(bad, message, fix)] if bad.any() else [])


def _dates(text: pl.Series, form: str) -> Converted:
    if not (form and any(mark in form for mark in ("%H", "%I", "%T"))):
        text = without_time(text)
    read = read_dates(text.drop_nulls().unique(maintain_order=True).to_list(), form)
    values = text.replace_strict(read.found, default=None, return_dtype=pl.Date)
    bad = values.is_null() & text.is_not_null()
    troubles = [Trouble(bad, "is not a date", read.fix, read.wrong)] if bad.any() else []
    return Converted(values, troubles, read.warnings)


def _numbers(text: pl.Series, decimal: str) -> Converted:
    values = text.cast(pl.Float64, strict=False)
    wrong = values.is_null() & text.is_not_null()
    if decimal == "," or wrong.any():
        plain = _plain_number(text, decimal)
        values = plain.str.strip_suffix("%").cast(pl.Float64, strict=False)
        share = plain.str.ends_with("%").fill_null(value=False)
        if share.any():
            values = pl.select(pl.when(share).then(values / 100).otherwise(values)).to_series().alias(text.name)
    return _finite(_with_trouble(values, text, "is not a number", "Write digits, with one decimal mark."), text)


def _plain_number(text: pl.Series, decimal: str) -> pl.Series:
    """Return numbers as a machine writes them: no currency sign, no thousands, a point for decimals, a minus in front."""
    plain = text.str.replace_all(r"[\s\u00a0\u202f'’€$£¥]", "")
    plain = plain.str.replace(r"^\((.*)\)$", "-$1").str.replace(r"^([\d.,]+)[-−]$", "-$1").str.replace("−", "-", literal=True)
    if decimal == ",":
        points = plain.str.replace(r"^([-+]?\d{1,3})((?:\.\d{3})+)((?:,\d*)?%?)$", "$1$2$3")
        grouped = points.str.contains(r"^[-+]?\d{1,3}(\.\d{3})+(,\d*)?%?$").fill_null(value=False)
        bare = points.str.replace_all(".", "", literal=True)
        plain = pl.select(pl.when(grouped).then(bare).otherwise(points)).to_series()
        return plain.str.replace(",", ".", literal=True)
    grouped = plain.str.contains(r"^[-+]?\d{1,3}(,\d{3})+(\.\d*)?%?$").fill_null(value=False)
    return pl.select(pl.when(grouped).then(plain.str.replace_all(",", "", literal=True)).otherwise(plain)).to_series()


def _finite(converted: Converted, cells: pl.Series) -> Converted:
    values = converted.values
    endless = values.is_infinite().fill_null(value=False)
    values = values.fill_nan(None)
    if endless.any():
        converted.troubles.append(Trouble(endless, "is not a finite number", "Give a number."))
        values = values.set(endless, None)
    return Converted(values.alias(cells.name), converted.troubles, converted.warnings)


def _whole(converted: Converted, kind: Kind) -> Converted:
    if kind != "integer":
        return converted
    values = converted.values
    whole = values.cast(pl.Int64, strict=False)
    broken = (whole.cast(pl.Float64) != values).fill_null(value=False)
    if broken.any():
        converted.troubles.append(Trouble(broken, "is not a whole number", "Give a number without decimals."))
        whole = whole.set(broken, None)
    return Converted(whole, converted.troubles, converted.warnings)


def decimal_mark(columns: Sequence[pl.Series], delimiter: str) -> tuple[str, str]:
    """Return the decimal mark of a file's number columns, and a warning where it is a guess or both marks are used.

    A comma is the decimal mark where some number only makes sense so; where all could be thousands, a file that is separated
    by semicolons is taken to use it.
    """
    commas = points = either = ""
    for cells in columns:
        if cells.dtype == pl.Categorical:
            cells = cells.unique().cast(pl.String)  # noqa: PLW2901
        if cells.dtype != pl.String:
            continue
        with_comma = cells.filter(cells.str.contains(",", literal=True).fill_null(value=False)).str.strip_chars()
        commas = commas or _example(with_comma, _COMMA_DECIMAL)
        either = either or _example(with_comma, _COMMA_EITHER)
        if commas and not points:
            points = _example(cells.str.strip_chars(), _POINT_DECIMAL)
    if commas:
        return ",", f"Numbers are written both ways, such as {commas} and {points}; a comma was taken as decimal mark." if points else ""
    if either and delimiter == ";":
        return ",", f"Numbers such as {either} were read with a decimal comma, as the file is separated by semicolons."
    return ".", ""


def _example(cells: pl.Series, pattern: str) -> str:
    found = cells.filter(cells.str.contains(pattern).fill_null(value=False))
    return str(found[0]) if found.len() else ""
