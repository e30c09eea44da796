"""How often one person may ask: a moving window of a minute, in memory of the process that is asked."""

import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from equipoise.errors import InputError, NotAllowedError

if TYPE_CHECKING:
    from limits.strategies import MovingWindowRateLimiter


@cache
def _limiter() -> "MovingWindowRateLimiter":
    try:
        from limits.storage import MemoryStorage
        from limits.strategies import MovingWindowRateLimiter
    except ModuleNotFoundError:
        raise InputError("Rate limits need the library limits.", "Install it with: pip install 'equipoise[team]'") from None
    return MovingWindowRateLimiter(MemoryStorage())


def count_operation(workspace: Path, name: str, most: int) -> None:
    """Count an operation of a person. Raises NotAllowedError, saying when to try again, where there were `most` in the last minute."""
    from limits import RateLimitItemPerMinute

    limit = RateLimitItemPerMinute(most)
    if not _limiter().hit(limit, str(workspace), name):
        left = max(1, round(_limiter().get_window_stats(limit, str(workspace), name).reset_time - time.time()))
        raise NotAllowedError(f"{name} has asked for {most:,} operations in a minute, which is the most.", f"Try again in {left} seconds.")
