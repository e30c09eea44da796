"""A page of a list whose latest lines are the ones that are looked for."""

from collections.abc import Sequence
from typing import TypeVar

_T = TypeVar("_T")


def latest(lines: Sequence[_T], limit: int, offset: int) -> list[_T]:
    """Return at most `limit` lines, 0 for all, of those before the last `offset` ones, in their order."""
    end = max(0, len(lines) - offset)
    return list(lines[max(0, end - limit) if limit else 0 : end])
