"""Reads dates as people and systems write them, finding out per column which way round they are."""

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl

from equipoise.gather.moments import MONTHS

_FIRST, _LAST = dt.date(1950, 1, 1), dt.date(2200, 1, 1)
_EXCEL_EPOCH = dt.date(1899, 12, 30)
_YEAR_FIRST = "year first"
_SLASH = "day and month in either order"


@dataclass
class Dates:
    """Dates by the text they were written as; what could not be read, with the reason; and what should be known."""

    found: dict[str, dt.date] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)
    fix: str = "Write dates as 2026-12-31, or name their format under `types`, such as %d/%m/%Y."
    warnings: list[str] = field(default_factory=list)


def read_dates(texts: list[str], form: str = "") -> Dates:
    """Return the dates that the different texts of one column mean.

    `form` is a strptime format; without it the form is found out. A column in which some dates only make sense as day first
    and others only as month first, or in which forms are mixed, has the smaller group in `wrong`.
    """
    dates = Dates()
    if form:
        dates.fix = f"Write it as the plan file says, {form}, or correct the format there."
        for text in texts:
            _take(dates, text, _strptime(text, form), f"is not a date of the form {form}")
        return dates
    families: dict[str, list[str]] = {}
    for text in texts:
        families.setdefault(_family(text), []).append(text)
    for text in families.pop("", []):
        dates.wrong[text] = "is not a date"
    if len(families) > 1:
        _drop_minorities(dates, families)
    for family, members in families.items():
        if family == _SLASH:
            _read_either(dates, members)
        else:
            for text in members:
                _take(dates, text, _READERS[family](text), "is not a date")
    return dates


def _take(dates: Dates, text: str, day: dt.date | None, why: str) -> None:
    if day is None:
        dates.wrong[text] = why
    elif not _FIRST <= day < _LAST:
        dates.wrong[text] = f"is the year {day.year}"
    else:
        dates.found[text] = day


def _drop_minorities(dates: Dates, families: dict[str, list[str]]) -> None:
    """Leave the most used family; the others are written differently from most."""
    most = max(families, key=lambda family: (len(families[family]), family == _YEAR_FIRST))
    example = families[most][0]
    for family in [family for family in families if family != most]:
        for text in families.pop(family):
            dates.wrong[text] = f"is written differently from other dates of this column ({example})"


def _read_either(dates: Dates, texts: list[str]) -> None:
    """Read 3/4/2026: day first where some first number is above 12, month first where some second one is."""
    parts = {text: [int(part) for part in re.split(r"[/-]", text)] for text in texts}
    day_first = [text for text, (one, two, _) in parts.items() if one > 12 >= two]
    month_first = [text for text, (one, two, _) in parts.items() if two > 12 >= one]
    if day_first and month_first:
        minority, example, way = (
            (month_first, day_first[0], "day first") if len(day_first) >= len(month_first) else (day_first, month_first[0], "month first")
        )
        for text in minority:
            dates.wrong[text] = f"has day and month the other way round than {example}"
        first_is_day = way == "day first"
    elif day_first or month_first:
        first_is_day = bool(day_first)
    else:
        first_is_day = _guess(dates, parts)
    for text in texts:
        if text not in dates.wrong:
            one, two, year = parts[text]
            _take(dates, text, _date(year, two if first_is_day else one, one if first_is_day else two), "is not a date")


def _guess(dates: Dates, parts: dict[str, list[int]]) -> bool:
    """Decide where no number is above 12: the reading in which all are the same day of different months, else it cannot be said."""
    ones, twos = Counter(one for one, _, _ in parts.values()), Counter(two for _, two, _ in parts.values())
    example = next(iter(parts))
    if all(one == two for one, two, _ in parts.values()):
        return True
    if len(ones) == 1 and len(twos) > 1:
        dates.warnings.append(f"Dates such as {example} were read day first: so all are day {next(iter(ones))} of a month.")
        return True
    if len(twos) == 1 and len(ones) > 1:
        dates.warnings.append(f"Dates such as {example} were read month first: so all are day {next(iter(twos))} of a month.")
        return False
    for text, (one, two, _) in parts.items():
        if one != two:
            dates.wrong[text] = "may be day first or month first, and nothing in the column says which"
    dates.fix = "Name the format under `types`: %d/%m/%Y where the day is first, %m/%d/%Y where the month is."
    return True


def _date(year: int, month: int, day: int) -> dt.date | None:
    if year < 100:
        year += 2000 if year < 70 else 1900
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


def _strptime(text: str, form: str) -> dt.date | None:
    try:
        return dt.datetime.strptime(text, form).date()  # noqa: DTZ007 - a planning date has no time zone
    except ValueError:
        return None


def _month(word: str) -> int | None:
    return next((number for number, name in enumerate(MONTHS, 1) if len(word) >= 3 and name.startswith(word.lower().rstrip("."))), None)


def _year_first(text: str) -> dt.date | None:
    digits = [int(part) for part in re.split(r"[-/.]", text)] if re.search(r"[-/.]", text) else []
    if not digits:
        digits = [int(text[:4]), int(text[4:6]), int(text[6:] or 1)]
    return _date(digits[0], digits[1], digits[2] if len(digits) > 2 else 1)


def _named(text: str) -> dt.date | None:
    words = [word for word in re.split(r"[\s,./-]+", text) if word]
    month = next((number for word in words if (number := _month(word))), None)
    numbers = [int(re.sub(r"(?<=\d)(st|nd|rd|th)$", "", word.lower())) for word in words if word[0].isdigit()]
    if month is None or not numbers:
        return None
    if len(numbers) == 1:
        return _date(numbers[0], month, 1)
    day, year = (numbers[1], numbers[0]) if numbers[0] > 31 else (numbers[0], numbers[1])
    return _date(year, month, day)


def _quarter(text: str) -> dt.date | None:
    quarter, year = re.search(r"q([1-4])", text.lower()), re.search(r"\d{4}", text)
    return _date(int(year.group()), int(quarter.group(1)) * 3 - 2, 1) if quarter and year else None


def _week(text: str) -> dt.date | None:
    year, week = re.split(r"-?w", text.lower())
    try:
        return dt.date.fromisocalendar(int(year), int(week), 1)
    except ValueError:
        return None


_READERS: dict[str, Callable[[str], dt.date | None]] = {
    _YEAR_FIRST: _year_first,
    "day.month.year": lambda text: _date(*(int(part) for part in reversed(text.split(".")))),
    "month/year": lambda text: _date(int(re.split(r"[-/.]", text)[1]), int(re.split(r"[-/.]", text)[0]), 1),
    "Excel number": lambda text: _EXCEL_EPOCH + dt.timedelta(days=int(float(text))),
    "month by name": _named,
    "quarter": _quarter,
    "week": _week,
}
_FORMS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (_YEAR_FIRST, re.compile(r"\d{4}([-/.])\d{1,2}(\1\d{1,2})?|(19|20|21)\d{4}|(19|20|21)\d{6}")),
    ("day.month.year", re.compile(r"\d{1,2}\.\d{1,2}\.(\d{2}|\d{4})")),
    (_SLASH, re.compile(r"\d{1,2}([-/])\d{1,2}\1(\d{2}|\d{4})")),
    ("month/year", re.compile(r"\d{1,2}[-/.]\d{4}")),
    ("Excel number", re.compile(r"[2-7]\d{4}(\.\d+)?")),
    ("quarter", re.compile(r"\d{4}[- ]?q[1-4]|q[1-4][- /]?\d{4}", re.IGNORECASE)),
    ("week", re.compile(r"\d{4}-?w\d{1,2}", re.IGNORECASE)),
    (
        "month by name",
        re.compile(r"(\d{1,4}(st|nd|rd|th)?[\s,./-]+)?[a-z]{3,9}\.?([\s,./-]+\d{1,4}(st|nd|rd|th)?)?([\s,./-]+\d{2,4})?", re.IGNORECASE),
    ),
)


def _family(text: str) -> str:
    family = next((family for family, pattern in _FORMS if pattern.fullmatch(text)), "")
    return "" if family == "month by name" and _named(text) is None else family


def without_time(cells: pl.Series) -> pl.Series:
    """Return the texts without a time of day at their end."""
    return cells.str.replace(r"[T ]\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?\s*([AaPp][Mm])?(Z|[+-]\d{2}:?\d{2})?$", "").str.strip_chars()
