"""Equipoise: sales and operations planning, from raw data to an agreed plan."""

import hashlib
import os
from functools import cache
from pathlib import Path

# Polars otherwise sums a group in parts whose bounds hang on chance, so that the last bit of a sum differs from run to run.
os.environ.setdefault("POLARS_NO_PARTITION", "1")

__version__ = "0.1.0"


@cache
def code_version() -> str:
    """Return a hash of the program's own source: results made by other code are not reused."""
    root = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
