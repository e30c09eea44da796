"""Whom a limit in words is about: a name found among resources, locations, suppliers, items, families and routes."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from equipoise.gather.reading import nearest

_WORKING = ("machine", "labor")


@dataclass(frozen=True)
class Subject:
    """What a name stands for: `kind` is the table it was found in (all: no name was given), `name` as that table writes it."""

    kind: str
    name: str
    resources: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()
    purchases: tuple[str, ...] = ()

    def __str__(self) -> str:
        return {"all": "all"}.get(self.kind, self.name)


def _values(tables: Mapping[str, pl.DataFrame], name: str, column: str, where: pl.Expr | None = None) -> tuple[str, ...]:
    if name not in tables:
        return ()
    frame = tables[name] if where is None else tables[name].filter(where)
    return tuple(frame.get_column(column).drop_nulls().unique().sort().to_list())


def everything(tables: Mapping[str, pl.DataFrame], kind: str) -> Subject:
    """Return the subject of a limit that names none: every machine and labor (labor alone where the limit is of that kind)."""
    labor = _values(tables, "resource", "resource", pl.col("kind") == "labor")
    resources = labor if kind == "labor" and labor else _values(tables, "resource", "resource", pl.col("kind").is_in(_WORKING))
    finished = _values(tables, "item", "item", pl.col("kind") == "finished")
    return Subject("all", "", resources, _values(tables, "route", "route"), finished, _values(tables, "location", "location"))


def find_subject(name: str, tables: Mapping[str, pl.DataFrame]) -> Subject | None:
    """Return what `name` stands for, upper or lower case; None where nothing has that name."""
    for kind, column in (("resource", "resource"), ("location", "location"), ("route", "route"), ("item", "item"), ("family", "family")):
        known = {one.lower(): one for one in _values(tables, "item" if kind == "family" else kind, column)}
        if name.lower() in known:
            return _found(kind, known[name.lower()], tables)
    return find_supplier(name, tables)


def find_supplier(name: str, tables: Mapping[str, pl.DataFrame]) -> Subject | None:
    """Return the purchases from the supplier of that name, with or without the word supplier; None where there are none."""
    wanted = {name.lower(), name.lower().removeprefix("supplier ")}
    for column in ("supplier", "purchase"):
        known = [one for one in _values(tables, "purchase", column) if {one.lower(), one.lower().removeprefix("supplier ")} & wanted]
        if known:
            purchases = _values(tables, "purchase", "purchase", pl.col(column).is_in(known))
            return Subject("supplier", known[0], purchases=purchases)
    return None


def _found(kind: str, name: str, tables: Mapping[str, pl.DataFrame]) -> Subject:
    if kind == "resource":
        routes = _values(tables, "usage", "of", (pl.col("resource") == name) & (pl.col("activity") == "make"))
        return Subject(kind, name, resources=(name,), routes=routes)
    if kind == "location":
        resources = _values(tables, "resource", "resource", pl.col("location") == name)
        routes = _values(tables, "route", "route", pl.col("location") == name)
        return Subject(kind, name, resources, routes, _values(tables, "route", "item", pl.col("location") == name), (name,))
    if kind == "route":
        resources = _values(tables, "usage", "resource", (pl.col("of") == name) & (pl.col("activity") == "make"))
        return Subject(kind, name, resources, (name,), _values(tables, "route", "item", pl.col("route") == name))
    items = (name,) if kind == "item" else _values(tables, "item", "item", pl.col("family") == name)
    return Subject(kind, name, routes=_values(tables, "route", "route", pl.col("item").is_in(items)), items=items)


def nearest_subject(name: str, tables: Mapping[str, pl.DataFrame]) -> str:
    """Return a sentence that names the nearest thing a limit can be about."""
    places = (
        ("resource", "resource"),
        ("location", "location"),
        ("purchase", "supplier"),
        ("route", "route"),
        ("item", "item"),
        ("item", "family"),
    )
    return nearest(name, dict.fromkeys(one for table_name, column in places for one in _values(tables, table_name, column)))
