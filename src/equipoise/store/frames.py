"""Tables as Parquet files, each named by the hash of its content: written once, never changed, and checked when read."""

import hashlib
import io
from dataclasses import dataclass

import polars as pl

from equipoise.errors import StoreError
from equipoise.store.shelf import Shelf
from equipoise.tables.content import content_hash


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of a table's file: whose content it holds under which name, the digest of its bytes, and their number."""

    content: str
    name: str
    digest: str
    bytes: int


def put_frame(shelf: Shelf, name: str, frame: pl.DataFrame) -> tuple[str, Kept | None]:
    """Keep a table; return the hash of its content and, where its file was written now, what is known of that."""
    content = content_hash(name, frame)
    if shelf.holds(content):
        return content, None
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    data = buffer.getvalue()
    shelf.write(content, data)
    return content, Kept(content, name, digest_of(data), len(data))


def get_frame(shelf: Shelf, content: str, kept: Kept | None) -> pl.DataFrame:
    """Return a table. Raises NotFoundError where it is missing, StoreError where it is damaged: no number is read from a file that is."""
    data = shelf.read(content)
    frame = decoded(data)
    # Two programs may have written the same table in other bytes; then its content tells.
    whole = kept is None or digest_of(data) == kept.digest or (frame is not None and content_hash(kept.name, frame) == content)
    if frame is None or not whole:
        raise StoreError(
            f"The stored table {shelf.path(content)} is damaged.",
            "Delete the file and run the plan again, or restore a backup.",
        )
    return frame


def decoded(data: bytes) -> pl.DataFrame | None:
    """Return the table that the bytes of a Parquet file hold, or None where they are damaged."""
    try:
        return pl.read_parquet(io.BytesIO(data))
    except (pl.exceptions.PolarsError, OSError, ValueError, pl.exceptions.PanicException):
        return None


def digest_of(data: bytes) -> str:
    """Return the digest of a file's bytes."""
    return hashlib.blake2b(data, digest_size=32).hexdigest()
