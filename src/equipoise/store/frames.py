"""Tables as Parquet files in a folder, each named by the hash of its content: written once, never changed."""

import os
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
        """Keep a table under its hash: written aside, forced to disk, then moved into place.

        Raises StoreError where it cannot be written.
        """
        final = self.path(content)
        if final.exists():
            return
        aside = final.with_suffix(f".{uuid4().hex}.part")
        try:
            final.parent.mkdir(parents=True, exist_ok=True)
            with aside.open("wb") as file:
                frame.write_parquet(file)
                file.flush()
                os.fsync(file.fileno())
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
