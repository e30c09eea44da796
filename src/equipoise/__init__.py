"""Equipoise: sales and operations planning, from raw data to an agreed plan.

Every operation is a function here: `equipoise.run(plan="examples/alpine")`, `equipoise.show("demand_plan", plan=...)`.
"""

import hashlib
import os
from functools import cache
from importlib import import_module
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


def __getattr__(name: str) -> object:
    """Return the operation of that name as a function, or one of the few classes that callers need; they are loaded on first use."""
    if name in {"Context", "Person"}:
        return getattr(import_module("equipoise.service.register"), name)
    found = None if name.startswith("_") else import_module("equipoise.interfaces.python").function(name)
    if found is None:
        raise AttributeError(f"module 'equipoise' has no attribute {name!r}")
    return found


def __dir__() -> list[str]:
    return [*globals(), "Context", *import_module("equipoise.interfaces.python").functions()]
