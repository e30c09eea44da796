"""Companies in one screen for tests of the simulation: bought, sold, and played by the supply step itself."""

from functools import partial
from typing import Any

import polars as pl

from equipoise.reconcile.simulation.simulation import simulation
from equipoise.supply import MODEL_TABLES, Session, play, roll, supply
from equipoise.tables import table
from equipoise.tables.setting import Setting, to_table
from tests.truth.company import demand, month, rows

READ = ("baseline", "cleaned_history", "disturbance", "correlation", "shortage", "supply_plan", "purchase_plan")


def filled(name: str, *records: dict[str, Any]) -> pl.DataFrame:
    """A table of records in the dictionary's form."""
    return table(name).conform(rows(*records)) if records else table(name).empty()


def simulated(
    horizon: int, settings: dict[str, Any], tables: dict[str, pl.DataFrame], frozen: int = 0, **supply_setting: Any
) -> dict[str, pl.DataFrame]:
    """The tables of the simulation for a company; tables not given are empty. `settings` are those of group risk, and `seed`."""
    seed = settings.get("seed", 1)
    setting = Setting.model_validate(
        {
            "plan": "simulated",
            "currency": "EUR",
            "seed": seed,
            "calendar": {"start": month(0), "horizon": horizon, "frozen": frozen},
            "supply": {"relative_gap": 0.0, **supply_setting},
            "risk": {name: value for name, value in settings.items() if name != "seed"},
        }
    )
    model = {
        name: table(name).conform(tables[name]) if name in tables else table(name).empty() for name in MODEL_TABLES if name != "setting"
    }
    model["setting"] = to_table(setting)
    session = Session()
    made = {**model, **supply(model, session=session)}
    read = [table(name).conform(tables.get(name, made.get(name, table(name).empty()))) for name in READ]
    played, rolled = partial(play, model, session=session), partial(roll, model, session=session)
    made_of = dict(zip(READ, read, strict=True))
    return simulation(**made_of, tables=model, play=played, roll=rolled)


def trader(quantity: float, items: tuple[str, ...] = ("paper",), planned: float = 100.0, horizon: int = 1) -> dict[str, pl.DataFrame]:
    """Each item is bought for 6 in a fixed quantity a month, sold for 10, and lost where it is not there; what is left is worth nothing."""
    plan = [row for item in items for row in demand([planned] * horizon, item=item, prices=[10.0] * horizon)]
    return {
        "item": rows(*({"item": item, "family": "Papers", "unit": "copies", "unit_price": 10.0} for item in items)),
        "location": rows({"location": "Kiosk"}),
        "market": rows({"market": "market"}),
        "demand_plan": rows(*plan),
        "purchase": rows(
            *({"purchase": f"buy {item}", "item": item, "location": "Kiosk", "supplier": "Press", "unit_cost": 6.0} for item in items)
        ),
        "firm_plan": rows(
            *({"kind": "purchase", "key": f"buy {item}", "period": month(t), "fixed": quantity} for item in items for t in range(horizon))
        ),
        "demand_policy": rows(
            *(
                {
                    "item": item,
                    "market": "market",
                    "period": month(t),
                    "backlog_allowed": False,
                    "lost_allowed": True,
                    "lost_sale_cost": 0.0,
                }
                for item in items
                for t in range(horizon)
            )
        ),
    }


def statistic(made: dict[str, pl.DataFrame], measure: str, name: str) -> float:
    """One value of the table simulation."""
    value: float = made["simulation"].filter((pl.col("measure") == measure) & (pl.col("statistic") == name)).get_column("value")[0]
    return value
