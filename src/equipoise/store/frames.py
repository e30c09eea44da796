"""Tables as Parquet files in a folder, each named by the hash of its content: written once, never changed."""

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import polars as pl

from equipoise.errors import NotFoundError, StoreError


class FrameFolder:
    """A folder of Parquet files by content hash."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, content: str) -> Path:
        """Return where the table of that hash lies."""
        return self.folder / content[:2] / f"{content}.parquet"

    def put(self, content: str, frame: pl.DataFrame) -> None:
        """Keep a table under its hash: written aside, then moved into place, so that no reader ever sees half of it.

        `flush` forces it to disk. Raises StoreError where it cannot be written.
        """
        final = self.path(content)
        if final.exists():
            return
        aside = final.with_suffix(f".{uuid4().hex}.part")
        try:
            final.parent.mkdir(parents=True, exist_ok=True)
            frame.write_parquet(aside)
            aside.replace(final)
        except OSError as error:
            aside.unlink(missing_ok=True)
            raise StoreError(
                f"A table cannot be written to {self.folder}: {error.strerror}.", "Free some space or allow writing there."
            ) from error

    def get(self, content: str) -> pl.DataFrame:
        """Return the table of that hash. Raises NotFoundError where it is missing, StoreError where it is damaged."""
        path = self.path(content)
        if not path.exists():
            raise NotFoundError(f"The store has no table {content[:12]}.", "Run the plan again.")
        try:
            return pl.read_parquet(path)
        except (pl.exceptions.PolarsError, OSError) as error:
            raise StoreError(f"The stored table {path.name} is damaged.", "Delete the file and run the plan again.") from error

    def flush(self, contents: Iterable[str]) -> None:
        """Force the tables of those hashes to disk, side by side: a disk takes many such requests in the time of one."""
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(flush_file, {self.path(content) for content in contents}))

    def discard(self, content: str) -> None:
        """Forget a damaged table, so that it can be made again."""
        self.path(content).unlink(missing_ok=True)


def flush_file(path: Path) -> None:
    """Force a file to disk. Raises StoreError where the disk refuses."""
    try:
        with path.open("rb") as file:
            os.fsync(file.fileno())
    except OSError as error:
        raise StoreError(f"{path} cannot be forced to disk: {error.strerror}.", "Check the disk.") from error
