"""What serves what: the routes, resources, purchases and lanes that an item passes through, components included."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import polars as pl

_JOINTS = re.compile("@| at | in | on ")


@dataclass(frozen=True)
class Network:
    """How items are made, bought and moved, as the given tables say it."""

    route: pl.DataFrame
    bom: pl.DataFrame
    usage: pl.DataFrame
    purchase: pl.DataFrame
    lane: pl.DataFrame
    route_load: pl.DataFrame
    limit_member: pl.DataFrame

    @cached_property
    def _routes(self) -> dict[str, set[str]]:
        """Routes by the item that they make."""
        return _sets(self.route, "item", "route")

    @cached_property
    def _components(self) -> dict[str, set[str]]:
        """Components by route."""
        return _sets(self.bom, "route", "component")

    @cached_property
    def _purchases(self) -> dict[str, set[str]]:
        """Purchases, and their suppliers, by the item that they bring."""
        both = _sets(self.purchase, "item", "purchase")
        for item, suppliers in _sets(self.purchase, "item", "supplier").items():
            both.setdefault(item, set()).update(suppliers)
        return both

    @cached_property
    def _lanes(self) -> dict[str, set[str]]:
        """Lanes by item; those of all items under the empty name."""
        return _sets(self.lane.with_columns(pl.col("item").fill_null("")), "item", "lane")

    @cached_property
    def _resources(self) -> dict[str, set[str]]:
        """Resources by route, lane, purchase or item that takes them, as given and as loaded."""
        both = _sets(self.usage, "of", "resource")
        for taker, resources in _sets(self.route_load, "of", "resource").items():
            both.setdefault(taker, set()).update(resources)
        return both

    @cached_property
    def _groups(self) -> dict[str, set[str]]:
        """Limits over several things, by the thing."""
        return _sets(self.limit_member, "key", "limit")

    @cached_property
    def known(self) -> frozenset[str]:
        """Every name of which it is known what it serves."""
        columns = (
            *((self.route, name) for name in ("route", "item")),
            *((self.purchase, name) for name in ("purchase", "supplier", "item")),
            (self.bom, "component"),
            (self.usage, "resource"),
            (self.route_load, "resource"),
            (self.limit_member, "limit"),
            (self.lane.filter(pl.col("item").fill_null("") != ""), "lane"),
        )
        return frozenset(name for frame, column in columns for name in frame[column].drop_nulls())

    def items(self, items: Iterable[str]) -> set[str]:
        """Return the items and every component below them."""
        found: set[str] = set()
        waiting = list(items)
        while waiting:
            item = waiting.pop()
            if item not in found:
                found.add(item)
                waiting += [part for route in self._routes.get(item, ()) for part in self._components.get(route, ())]
        return found

    def reach(self, items: Iterable[str]) -> set[str]:
        """Return the names of everything that the items pass through: items, routes, resources, purchases, suppliers, lanes."""
        below = self.items(items)
        found = set(below) | self._lanes.get("", set())
        for item in below:
            found |= self._routes.get(item, set()) | self._purchases.get(item, set()) | self._lanes.get(item, set())
        for name in tuple(found):
            found |= self._resources.get(name, set())
        for name in tuple(found):
            found |= self._groups.get(name, set())
        return found

    def concerns(self, subject: str, reached: set[str]) -> bool:
        """Whether a limit on `subject` may touch what was reached; a subject that is not known may.

        A subject is a name, or begins with one: item@location, item at location, item in market, item on lane.
        """
        if subject in self.known:
            return subject in reached
        starts = [subject[: found.start()] for found in _JOINTS.finditer(subject)]
        names = [name for name in starts if name in self.known]
        return not names or any(name in reached for name in names)


def _sets(frame: pl.DataFrame, key: str, value: str) -> dict[str, set[str]]:
    """Sets of `value` by `key`, empty cells left out."""
    pairs = frame.select(key, value).drop_nulls().unique()
    found: dict[str, set[str]] = {}
    for name, member in pairs.iter_rows():
        found.setdefault(name, set()).add(member)
    return found
