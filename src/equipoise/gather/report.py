"""Collects what is found while gathering: faults, and the assumptions that were made."""

from collections.abc import Iterable

import polars as pl

from equipoise.errors import Fault, Severity, Where
from equipoise.gather.conversion import Trouble
from equipoise.gather.dates import without_time
from equipoise.tables import table
from equipoise.tables.check import LISTED

_ORDER: dict[Severity, int] = {"error": 0, "warning": 1, "note": 2}


class Report:
    """Faults and assumptions in the order they were found."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.assumptions: list[tuple[str, str, str]] = []

    def error(self, message: str, fix: str, where: Where | None = None) -> None:
        """Add a fault that stops the run."""
        self.faults.append(Fault(message, fix, where or Where()))

    def warn(self, message: str, fix: str, where: Where | None = None) -> None:
        """Add a fault that is listed and carried into the outputs."""
        self.faults.append(Fault(message, fix, where or Where(), "warning"))

    def note(self, message: str, fix: str = "", where: Where | None = None) -> None:
        """Add something done to the data that people should know."""
        self.faults.append(Fault(message, fix, where or Where(), "note"))

    def warnings(self, faults: Iterable[Fault]) -> None:
        """Add faults as warnings."""
        self.faults.extend(Fault(fault.message, fault.fix, fault.where, "warning") for fault in faults)

    def add(self, faults: Iterable[Fault]) -> None:
        """Add faults that were found elsewhere."""
        self.faults.extend(faults)

    def cells(self, trouble: Trouble, texts: pl.Series, rows: pl.Series, where: Where) -> None:
        """Add a fault for each of the first cells of a trouble, and one that counts the rest. `texts` are the cells as given."""
        bad = pl.DataFrame({"text": texts.filter(trouble.cells).cast(pl.String), "row": rows.filter(trouble.cells)})
        for text, row in bad.head(LISTED).iter_rows():
            reason = trouble.reasons.get(without_time(pl.Series([text]))[0], trouble.reasons.get(text, trouble.message))
            self.error(f"{text!r} {reason}.", trouble.fix, Where(where.source, where.table, row, where.column))
        if bad.height > LISTED:
            message = f"{bad.height - LISTED:,} more cells like these: {trouble.message}."
            self.error(message, "Correct them in the same way.", Where(where.source, where.table, None, where.column))

    def assume(self, subject: str, statement: str, origin: str) -> None:
        """Record a default that was taken or a sentence that was understood: about what, what, and where it comes from."""
        self.assumptions.append((subject, statement, origin))

    @property
    def errors(self) -> list[Fault]:
        """The faults that stop the run."""
        return [fault for fault in self.faults if fault.severity == "error"]

    def ordered(self) -> tuple[Fault, ...]:
        """All faults, errors first, else in the order they were found."""
        return tuple(sorted(self.faults, key=lambda fault: _ORDER[fault.severity]))

    def issue(self) -> pl.DataFrame:
        """Return the table `issue`."""
        rows = [
            (
                fault.severity,
                fault.where.source or None,
                fault.where.table or None,
                fault.where.row,
                fault.where.column or None,
                fault.message,
                fault.fix or None,
            )
            for fault in self.ordered()
        ]
        return pl.DataFrame(rows, schema=table("issue").schema, orient="row")

    def assumption_made(self) -> pl.DataFrame:
        """Return the table `assumption_made`, each row once."""
        rows = [("gather", *row) for row in dict.fromkeys(self.assumptions)]
        return pl.DataFrame(rows, schema=table("assumption_made").schema, orient="row")
