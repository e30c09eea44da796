"""Methods of users: a package that registers one under the entry point group `equipoise.methods` adds it to those a plan can name."""

from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points

import numpy as np

from equipoise.demand.methods.contract import Block, Fit, Method
from equipoise.errors import InputError, Where

GROUP = "equipoise.methods"


@dataclass(frozen=True)
class Registered:
    """A method that a package registers: it is loaded on first use, and checked at every use."""

    entry: EntryPoint

    @property
    def name(self) -> str:
        """The name under which it is registered."""
        return self.entry.name

    @property
    def intermittent(self) -> bool | None:
        """What kind of demand it is meant for. Raises InputError where it cannot be loaded."""
        return self._method.intermittent

    def needs(self, season: int) -> int:
        """Return how many observations a series must have. Raises InputError where the method is broken."""
        try:
            return int(self._method.needs(season))
        except InputError:
            raise
        except Exception as error:
            raise self._broken(f"fails in needs(): {error!r}") from error

    def fit(self, block: Block, horizon: int) -> Fit:
        """Return its forecasts. Raises InputError where it fails or returns something else."""
        try:
            made = self._method.fit(block, horizon)
            points, spread = np.asarray(made.points, dtype=np.float64), np.asarray(made.spread, dtype=np.float64)
        except InputError:
            raise
        except Exception as error:
            raise self._broken(f"fails in fit(): {error!r}") from error
        if points.shape != (len(block.values), horizon) or spread.shape != (len(block.values),):
            wanted = f"({len(block.values)}, {horizon}) and ({len(block.values)},)"
            raise self._broken(f"returns points {points.shape} and spread {spread.shape} where {wanted} are wanted")
        return Fit(points, spread)

    @cached_property
    def _method(self) -> Method:
        try:
            found = self.entry.load()
            method: Method = found() if isinstance(found, type) else found
        except Exception as error:
            raise self._broken(f"cannot be loaded: {error!r}") from error
        missing = [part for part in ("intermittent", "needs", "fit") if not hasattr(method, part)]
        if missing:
            raise self._broken(f"has no {', '.join(missing)}")
        return method

    def _broken(self, fault: str) -> InputError:
        package = self.entry.dist.name if self.entry.dist is not None else self.entry.value
        return InputError(
            f"The forecasting method {self.name}, registered by {package}, {fault}.",
            f"Mend {self.entry.value}, or leave {self.name} out of demand.methods.",
            Where(table="setting", column="demand.methods"),
        )


def registered_methods() -> dict[str, Method]:
    """Return the methods that installed packages register, by name; of two with one name the first by package counts."""
    found = sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.dist.name if entry.dist else "", entry.value))
    methods: dict[str, Method] = {}
    for entry in found:
        methods.setdefault(entry.name, Registered(entry))
    return methods
