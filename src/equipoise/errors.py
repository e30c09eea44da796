"""The error tree. Every error says what is wrong, where, and what to do next.

EquipoiseError
├── InputError          something given is wrong: a file, a table, a cell, a setting
│   ├── PlanFileError   the plan file cannot be read or understood
│   └── DataError       the tables have faults; carries all of them at once
├── SolverError         the optimiser gave no usable answer
├── StoreError          the record could not be read or written
│   └── ConflictError   somebody else changed it first: nothing was written, and what was given is handed back
├── StoppedError        somebody stopped it before it was done: what was kept before stands
├── NotFoundError       a named table, plan, version or operation does not exist
└── NotAllowedError     the one who asks may not do this
    └── NotKnownError   nobody knows who asks: log in, or give a token
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal

Severity = Literal["error", "warning", "note"]
_LONGEST = 4_000


def clipped(text: str) -> str:
    """Return a text as an error may say it: what was given may be megabytes, and an error is kept, sent and read."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]} [...] {text[-_LONGEST // 4 :]}"


@dataclass(frozen=True, slots=True)
class Where:
    """The place of a fault: file, table, row (as a reader counts it, header included) and column; empty where not known."""

    source: str = ""
    table: str = ""
    row: int | None = None
    column: str = ""

    def __post_init__(self) -> None:
        for name in ("source", "table", "column"):
            object.__setattr__(self, name, clipped(getattr(self, name)))

    def __str__(self) -> str:
        parts = [
            self.source,
            f"table {self.table}" if self.table else "",
            f"row {self.row}" if self.row is not None else "",
            f"column {self.column}" if self.column else "",
        ]
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with what was given: severity, place, what it is and the remedy."""

    message: str
    fix: str
    where: Where = field(default_factory=Where)
    severity: Severity = "error"

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", clipped(self.message))
        object.__setattr__(self, "fix", clipped(self.fix))

    def __str__(self) -> str:
        place = f"{self.where}: " if str(self.where) else ""
        return f"{place}{self.message} {self.fix}".strip()


class EquipoiseError(Exception):
    """Any error that Equipoise raises on purpose. `as_dict` is the one error shape that every door shows."""

    def __init__(self, message: str, fix: str = "", where: Where | None = None, faults: Sequence[Fault] = ()) -> None:
        self.message = clipped(message)
        self.fix = clipped(fix)
        self.where = where or Where()
        self.faults = tuple(faults)
        super().__init__(self.message)

    def as_dict(self) -> dict[str, object]:
        """Return `{"error", "message", "where", "fix"}`, and `faults` (each severity, message, where, fix) where there are several."""
        shape: dict[str, object] = {
            "error": type(self).__name__,
            "message": self.message,
            "where": asdict(self.where),
            "fix": self.fix,
        }
        if self.faults:
            shape["faults"] = [asdict(fault) for fault in self.faults]
        return shape

    @property
    def short(self) -> str:
        """What is wrong and what to do, in one line: of several faults the first, with how many more there are."""
        if not self.faults:
            return f"{self.message} {self.fix}".strip()
        more = f" ({len(self.faults) - 1} more)" if len(self.faults) > 1 else ""
        return f"{self.faults[0].message} {self.faults[0].fix}".strip() + more

    def __str__(self) -> str:
        place = f"{self.where}: " if str(self.where) else ""
        lines = [f"{place}{self.message} {self.fix}".strip()]
        lines += [f"  - {fault}" for fault in self.faults]
        return "\n".join(lines)


class InputError(EquipoiseError):
    """Something given is wrong."""


class PlanFileError(InputError):
    """The plan file cannot be read or understood."""


class DataError(InputError):
    """The tables have faults that stop the run."""


class SolverError(EquipoiseError):
    """The optimiser gave no usable answer."""


class StoreError(EquipoiseError):
    """The record could not be read or written."""


class StoppedError(EquipoiseError):
    """Somebody stopped it before it was done. What was kept before stands."""


class NotFoundError(EquipoiseError):
    """A named table, plan, version or operation does not exist."""


class ConflictError(StoreError):
    """Somebody else changed it first. A fault for each change says what it is now; nothing was written."""


class NotAllowedError(EquipoiseError):
    """The one who asks may not do this."""


class NotKnownError(NotAllowedError):
    """Nobody knows who asks."""
