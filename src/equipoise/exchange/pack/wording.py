"""Names and numbers of the plan in the words of a page."""

from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from equipoise.charts.scale import Scale, plain, scale_for
from equipoise.exchange.pack.blocks import Grid, Head, Tone
from equipoise.tables.figures import number

_ACRONYMS = {"mape", "wmape", "smape", "mase", "rmsse", "otif"}
FRACTIONS = frozenset({"fraction", "share"})


def named(name: str) -> str:
    """Return a column, line or measure as people write it: gross_margin reads Gross margin, otif reads OTIF."""
    words = " ".join(word.upper() if word in _ACRONYMS else word for word in name.replace("_", " ").split())
    return words[:1].upper() + words[1:]


def fraction(value: float) -> str:
    """Return a fraction as a percentage with at most one decimal; what is not quite all never reads 100 %."""
    percent = min(value * 100, 99.9) if 0.99 < value < 0.9999999 else value * 100
    text = f"{percent:,.1f}".removesuffix(".0")
    return f"{'0' if text == '-0' else text} %"


def valued(value: float | None, unit: str) -> str:
    """Return a value in its own unit: a fraction as a percentage, anything else with thousands separators."""
    if value is None:
        return ""
    return fraction(value) if unit in FRACTIONS else number(value)


def in_unit(name: str, unit: str) -> str:
    """Return a heading with its unit behind a comma, where there is one."""
    return f"{name}, {unit}" if unit else name


def signed(value: float, text: str) -> str:
    """Return the text of a difference with its sign."""
    return f"+{text}" if value > 0 else text


def compact(value: float, currency: str = "") -> str:
    """Return a key figure short enough for a card: EUR 6.84 million; 76,086."""
    divisor, word = next(((size, name) for size, name in ((1e9, "billion"), (1e6, "million")) if abs(value) >= size), (1.0, ""))
    text = number(value) if divisor == 1 else f"{value / divisor:,.2f}"
    sign, digits = ("-", text.removeprefix("-")) if text.startswith("-") else ("", text)
    return sign + " ".join(part for part in (currency, digits, word) if part)


def scale_of(frame: pl.DataFrame, columns: Iterable[str]) -> Scale:
    """Return the scale at which the largest cell of these columns keeps at most five digits."""
    sizes = [
        abs(low_high)
        for name in columns
        for low_high in (frame.get_column(name).min(), frame.get_column(name).max())
        if isinstance(low_high, int | float)
    ]
    return scale_for(max(sizes, default=0.0))


def digits_of(scale: Scale, frame: pl.DataFrame, columns: Sequence[str]) -> int:
    """Return the decimals to print: one where the numbers would be below 100 all over, else none."""
    largest = max((abs(value) for name in columns for value in frame.get_column(name).drop_nulls().to_list()), default=0.0)
    whole = all(value == round(value) for name in columns for value in frame.get_column(name).drop_nulls().to_list())
    return 1 if largest / scale.divisor < 100 and not (scale.divisor == 1 and whole) else 0


def grid_of(
    frame: pl.DataFrame,
    heads: Mapping[str, str],
    caption: str,
    *,
    scale: Scale | None = None,
    totals: frozenset[int] = frozenset(),
    tones: Mapping[tuple[int, int], Tone] | None = None,
) -> Grid:
    """Return the frame as a printed grid: the columns named in `heads`, numbers at one scale, texts as they are."""
    shown = scale or Scale(1.0, "")
    numbers = [name for name in heads if frame.schema[name].is_numeric()]
    digits = digits_of(shown, frame, numbers)
    rows = tuple(
        tuple(plain(value / shown.divisor, digits) if isinstance(value, int | float) else str(value or "") for value in row)
        for row in frame.select(list(heads)).iter_rows()
    )
    columns = tuple(Head(text, name in numbers) for name, text in heads.items())
    return Grid(caption, columns, rows, dict(tones or {}), totals)


def without_empty(grid: Grid) -> Grid:
    """Return the grid without the columns that hold nothing in any row."""
    kept = [column for column in range(len(grid.heads)) if any(row[column] for row in grid.rows)]
    place = {column: position for position, column in enumerate(kept)}
    tones = {(row, place[column]): tone for (row, column), tone in grid.tones.items() if column in place}
    rows = tuple(tuple(row[column] for column in kept) for row in grid.rows)
    return Grid(grid.caption, tuple(grid.heads[column] for column in kept), rows, tones, grid.totals)
