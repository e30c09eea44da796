"""The hash of a table's content."""

import hashlib

import polars as pl

from equipoise.tables import DICTIONARY


def content_hash(name: str, frame: pl.DataFrame) -> str:
    """Return the hash of a table's content: its columns and types, and its rows in key order, whatever order they came in."""
    keys = [key for key in (DICTIONARY[name].keys if name in DICTIONARY else ()) if key in frame.columns]
    ordered = frame.sort(keys or frame.columns, maintain_order=True) if frame.width else frame
    digest = hashlib.sha256(repr([(column, str(dtype)) for column, dtype in frame.schema.items()]).encode())
    digest.update(ordered.write_csv(null_value="\x00").encode())
    return digest.hexdigest()
