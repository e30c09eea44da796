"""The unconstrained plan: what is required of every item and resource if nothing limited supply, beside the plan."""

from collections.abc import Mapping

import polars as pl

from equipoise.supply.session import Session
from equipoise.tables import table


def requirements(tables: Mapping[str, pl.DataFrame], *, session: Session | None = None) -> dict[str, pl.DataFrame]:
    """Return material_requirement and capacity_requirement."""
    del session, tables
    return {name: table(name).empty() for name in ("material_requirement", "capacity_requirement")}
