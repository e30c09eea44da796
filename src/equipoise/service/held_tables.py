"""Tables of versions read lately: a server is asked for the same ones again and again, and what has a content's hash never changes."""

from threading import Lock

import polars as pl

from equipoise.service.workspace import Workspace

_MOST = 100_000_000  # bytes


class _Held:
    """Tables by the hash of their content, the latest asked for last, up to a size."""

    def __init__(self, most: int) -> None:
        self._most, self._size = most, 0
        self._frames: dict[str, pl.DataFrame] = {}
        self._lock = Lock()

    def table(self, place: Workspace, content: str) -> pl.DataFrame:
        """Return a table; one that is not held is read, and checked as ever."""
        with self._lock:
            if (held := self._frames.pop(content, None)) is not None:
                self._frames[content] = held
                return held
        frame = place.store.table(content)
        with self._lock:
            if content not in self._frames:
                self._frames[content] = frame
                self._size += int(frame.estimated_size())
            while self._size > self._most:
                self._size -= int(self._frames.pop(next(iter(self._frames))).estimated_size())
        return frame


_HELD = _Held(_MOST)


def held_table(place: Workspace, content: str) -> pl.DataFrame:
    """Return the table of that content hash from the store of a workspace. Raises as `Store.table` does."""
    return _HELD.table(place, content)
