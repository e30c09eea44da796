"""The data dictionary: every table, key, column, type, unit and meaning. Everything else derives from it."""

from equipoise.errors import NotFoundError
from equipoise.tables.column import Column, Kind, Table
from equipoise.tables.given import DEMAND, MASTER
from equipoise.tables.given_risk import RISKS
from equipoise.tables.given_supply import ACTUALS, BUY_AND_MOVE, MAKE, STOCK
from equipoise.tables.kept import KEPT as CHANGES
from equipoise.tables.kept_process import PROCESS
from equipoise.tables.made import DECIDED, GATHERED, MEASURED
from equipoise.tables.made_demand import CLEANED, DEMANDED, OVERRIDDEN, VALUED
from equipoise.tables.made_reconciled import OPTIONS, RECONCILED, RISK
from equipoise.tables.made_supply import SUPPLIED

GIVEN: dict[str, Table] = {table.name: table for table in (*MASTER, *DEMAND, *STOCK, *MAKE, *BUY_AND_MOVE, *RISKS, *ACTUALS)}
MADE: dict[str, Table] = {
    table.name: table
    for table in (*GATHERED, *CLEANED, *DEMANDED, *OVERRIDDEN, *SUPPLIED, *RECONCILED, *OPTIONS, *RISK, *DECIDED, *MEASURED, *VALUED)
}
KEPT: dict[str, Table] = {table.name: table for table in (*CHANGES, *PROCESS)}
DICTIONARY: dict[str, Table] = {**GIVEN, **MADE, **KEPT}

__all__ = ["DICTIONARY", "GIVEN", "KEPT", "MADE", "Column", "Kind", "Table", "table"]


def table(name: str) -> Table:
    """Return the table of that name.

    Raises NotFoundError, naming the nearest tables, where there is none.
    """
    if name in DICTIONARY:
        return DICTIONARY[name]
    from difflib import get_close_matches

    near = get_close_matches(name, DICTIONARY, n=3) or sorted(DICTIONARY)
    raise NotFoundError(f"There is no table {name}.", f"The nearest are: {', '.join(near)}.")
