"""One limit in words on its way into the tables: whom it is about, what it may read and change, and how it is recorded."""

from dataclasses import dataclass

import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.errors import Where
from equipoise.gather.limits import DAYS, Amount
from equipoise.gather.moments import When
from equipoise.gather.plan import Constraint
from equipoise.gather.report import Report
from equipoise.gather.subjects import Subject
from equipoise.tables import table

Tables = dict[str, pl.DataFrame]


@dataclass
class Task:
    """One sentence being laid into the tables."""

    constraint: Constraint
    subject: Subject
    tables: Tables
    calendar: Calendar
    report: Report

    def error(self, message: str, fix: str) -> None:
        """Report that the sentence cannot hold here."""
        report_error(self.constraint, message, fix, self.report)

    def read_as(self, subject: str, statement: str) -> None:
        """Record what the sentence was taken to mean."""
        self.report.assume(subject, f"'{self.constraint.sentence}' is read as: {statement}.", self.constraint.origin)

    def frame(self, name: str) -> pl.DataFrame:
        """Return a table, empty where it is not there."""
        return self.tables.get(name, table(name).empty())

    def update(self, name: str, rows: pl.Expr, **columns: pl.Expr) -> None:
        """Change columns of the rows that the condition names."""
        changed = [pl.when(rows).then(value).otherwise(pl.col(column)).alias(column) for column, value in columns.items()]
        self.tables[name] = self.frame(name).with_columns(changed)

    def append(self, name: str, rows: list[dict[str, object]]) -> None:
        """Add rows to a table."""
        full = [{column: row.get(column) for column in table(name).schema} for row in rows]
        self.tables[name] = pl.concat([self.frame(name), pl.DataFrame(full, schema=table(name).schema, orient="row")])

    def subject_routes(self) -> list[str]:
        """Return every route of the plan, sorted."""
        return list(self.frame("route").get_column("route").unique().sort())

    def cover(self, when: When) -> pl.DataFrame:
        """Return period, share (of it in which the limit holds) and days, for the periods in which it holds."""
        shares = when.cover(self.calendar)
        if not shares:
            self.error("The limit holds in no period of the horizon.", f"The horizon is {self.calendar.start} to {self.calendar.end}.")
        days = [float(self.calendar.days(period)) for period in shares]
        schema = {"period": pl.Date, "#share": pl.Float64, "#days": pl.Float64}
        return pl.DataFrame({"period": list(shares), "#share": list(shares.values()), "#days": days}, schema=schema)

    def converted(self, amount: Amount) -> str:
        """Return the words that say how an amount for another time than a period was converted; nothing where it was not."""
        return "" if amount.exact(self.calendar) else f" (for a {self.calendar.cadence}, in proportion to its days)"

    def amount_in(self, amount: Amount) -> pl.Expr:
        """Return the amount for the period of each row, which must carry `#days`."""
        if amount.exact(self.calendar):
            return pl.lit(amount.number)
        return pl.col("#days") * (amount.number / DAYS[amount.per])


def report_error(constraint: Constraint, message: str, fix: str, report: Report) -> None:
    """Report a fault of a sentence at its line of the plan file."""
    file, _, line = constraint.origin.rpartition(":")
    report.error(f"'{constraint.sentence}': {message}", fix, Where(file, row=int(line), column="constraints"))
