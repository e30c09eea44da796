"""What profit does when one thing is higher or lower: the plan solved again for each."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import polars as pl

from equipoise.errors import EquipoiseError
from equipoise.finance import published
from equipoise.reconcile.money.driver import Driver, drivers, in_words
from equipoise.reconcile.money.earned import WhatIf, earned
from equipoise.scenario import Override
from equipoise.tables import table
from equipoise.tables.figures import money, share
from equipoise.tables.setting import from_table

_SIDE_BY_SIDE = 2  # plans solved at a time: the optimiser does its work outside of Python's lock
_LAST = "supply"  # the last step that is run again: it makes the table cost
_FRACTIONS = (
    Override.model_validate(
        {"table": "setting", "where": {"setting": "supply.integer"}, "column": "value", "operation": "set", "value": "false"}
    ),
)
SENSITIVITY_TABLES = (
    *("setting", "item", "demand_plan", "purchase", "route", "resource", "workforce", "lane", "capacity"),
    *("cost", "binding", "capacity_load", "inventory_plan"),
)


def sensitivity(tables: Mapping[str, pl.DataFrame], *, what_if: WhatIf) -> pl.DataFrame:
    """Return the table `sensitivity`: what the contribution changes when a driver is lower and higher by setting risk.sensitivity.

    Each is the plan solved again by `what_if`, two at a time, so what people would do about it is in the number. Drivers are those of
    `drivers`. The contribution is that of `earned`: published profit, with the stock that is left at standard cost. A driver whose plan
    cannot be solved has no numbers and no rank, and says why. Where set-ups and lots come whole, all plans here have them in fractions:
    dozens of whole plans would take too long, and their gaps would hide small changes. Empty where the setting is 0 or no money is given.
    `tables` are those of SENSITIVITY_TABLES.
    """
    plan = from_table(tables["setting"])
    step = plan.risk.sensitivity
    if not step or published(tables["cost"]).is_empty():
        return table("sensitivity").empty()
    found = drivers(tables)
    relaxed = _FRACTIONS if plan.supply.integer else ()
    asked = [(*driver.overrides(factor), *relaxed) for driver in found for factor in (1 - step, 1 + step)]
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        answers = list(pool.map(lambda overrides: _solved(what_if, overrides), asked))
    base = earned(what_if(relaxed, upto=_LAST) if relaxed else tables)
    moved = [_moved(driver, step, answers[2 * place], answers[2 * place + 1], base) for place, driver in enumerate(found)]
    order = sorted(moved, key=lambda one: (bool(one.why), -one.size, one.driver.kind, one.driver.subject))
    rows = [one.row(None if one.why else rank, plan.currency) for rank, one in enumerate(order, start=1)]
    return pl.DataFrame(rows, schema=table("sensitivity").schema, orient="row")


def _solved(what_if: WhatIf, overrides: tuple[Override, ...]) -> float | str:
    """Return what is earned with the overrides, or why nothing is."""
    try:
        return earned(what_if(overrides, upto=_LAST))
    except EquipoiseError as error:
        return error.message


def _moved(driver: Driver, step: float, lower: float | str, higher: float | str, base: float) -> "Moved":
    """Return what the lower and the higher plan change against `base`, in whole cents, or why it is not known."""
    for word, one in (("lower", lower), ("higher", higher)):
        if isinstance(one, str):
            return Moved(
                driver,
                step,
                why=f"{share(step)} {word} {in_words(driver.kind, driver.subject)}: not known, as the plan could not be solved. {one}",
            )
    return Moved(driver, step, round(float(lower) - base, 2), round(float(higher) - base, 2))


@dataclass(frozen=True)
class Moved:
    """A driver, what profit changes (currency) when it is lower and higher by the share `step`, or `why` that is not known."""

    driver: Driver
    step: float
    low: float = 0.0
    high: float = 0.0
    why: str = ""

    @property
    def size(self) -> float:
        """The larger of both changes, without sign."""
        return max(abs(self.low), abs(self.high))

    def row(self, rank: int | None, currency: str) -> dict[str, object]:
        """Return the row of table `sensitivity`."""
        return {
            "driver": self.driver.kind,
            "subject": self.driver.subject,
            "change": self.step,
            "low": None if self.why else self.low,
            "high": None if self.why else self.high,
            "rank": rank,
            "sentence": self.why or self._sentence(currency),
        }

    def _sentence(self, currency: str) -> str:
        name, by, many = in_words(self.driver.kind, self.driver.subject), share(self.step), self.driver.kind in {"price", "cost"}
        if self.size < _NOTHING:
            return f"{by} higher or lower {name} change{'' if many else 's'} nothing."
        high, low = _effects(self.high, self.low, currency, many=many)
        return f"{by} higher {name} {high}; {by} lower {low}."


_NOTHING = 0.5


def _effects(higher: float, lower: float, currency: str, *, many: bool) -> tuple[str, str]:
    """Return what the higher and the lower one do, in words: adds EUR 1,200 to profit, takes EUR 900 off it."""
    end, told = "" if many else "s", []
    for change in (higher, lower):
        if abs(change) < _NOTHING:
            told.append(f"change{end} nothing")
        else:
            profit_named = "it" if any("profit" in one for one in told) else "profit"
            way = f"add{end} {money(change, currency)} to" if change > 0 else f"take{end} {money(-change, currency)} off"
            told.append(f"{way} {profit_named}")
    return told[0], told[1]
