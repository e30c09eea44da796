"""Which limits cause each short unit and each missed target, in shares that add up to the gap."""

from collections.abc import Mapping

import polars as pl

from equipoise.supply.session import Session
from equipoise.tables import table


def supply_cause(tables: Mapping[str, pl.DataFrame], *, session: Session | None = None) -> pl.DataFrame:
    """Return the table supply_cause."""
    del session, tables
    return table("supply_cause").empty()
