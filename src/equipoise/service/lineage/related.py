"""Which rows of other tables belong to a cell: those that share what it is about."""

from typing import Any

import polars as pl

from equipoise.service.lineage.held import Held
from equipoise.tables import GIVEN

_KEYS = ("item", "market", "location", "resource", "route", "purchase", "lane", "family")
_UNDATED = {"history", "correction", "cleaned_history", "method_choice", "segment", "on_hand"}
# Records of the past: what was measured, no origin of what is planned.
PAST = {"plan_snapshot", "stream_snapshot", "shipment", "production_actual", "stock_actual", "order_line"}

Keys = dict[str, list[Any]]


def cell_keys(held: Held, name: str, rows: pl.DataFrame) -> Keys:
    """Return what rows are about: values by key. A family stands for its items; a subject for what its level says."""
    keys: Keys = {key: rows[key].drop_nulls().unique(maintain_order=True).to_list() for key in (*_KEYS, "period") if key in rows.columns}
    if name == "gap" and rows.height == 1:
        keys |= _of_gap(rows.row(0, named=True), held)
    if name == "cost":
        keys |= {key: rows["subject"].unique().to_list() for key in ("route", "purchase", "lane", "resource") if _names(held, key, rows)}
    families = [one for one in keys.get("family", []) if one]
    if families and not keys.get("item"):
        items = held.frame("item")
        keys["item"] = items.filter(pl.coalesce("family", "item").is_in(families))["item"].unique().sort().to_list()
    if "resource" not in keys and keys.get("item") and name not in GIVEN:
        loads = held.frame("route_load").filter(pl.col("item").is_in(keys["item"]))
        keys["resource"] = loads["resource"].unique().sort().to_list()
    keys |= _attributes(held, keys)
    return {key: values for key, values in keys.items() if values or key in {"resource", "period"}}


def _attributes(held: Held, keys: Keys) -> Keys:
    """Return what items and markets belong to, where the cell does not say so itself: rows about another family are not about it."""
    found: Keys = {}
    for master, attributes in (("item", ("family", "category")), ("market", ("region", "channel"))):
        if not keys.get(master):
            continue
        own = held.frame(master).filter(pl.col(master).is_in(keys[master]))
        for one in attributes:
            values = own[one].drop_nulls().unique().sort().to_list()
            if not keys.get(one) and values:
                found[one] = values
    return found


def _names(held: Held, key: str, rows: pl.DataFrame) -> bool:
    """Whether the subjects of rows of cost are names of that master."""
    return bool(held.frame(key)[key].is_in(rows["subject"].unique().implode()).any())


def _of_gap(row: dict[str, Any], held: Held) -> Keys:
    subject = str(row["subject"])
    found: Keys = {"period": [period for period in held.calendar.periods if row["period"] <= period <= row["until"]]}
    level = {"item": "item", "family": "family", "market": "market", "resource": "resource", "location": "location"}.get(row["level"])
    if level:
        item, _, location = subject.partition("@")
        found |= {level: [item], "location": [location]} if location else {level: [subject]}
    return found | ({"market": [row["market"]]} if row["market"] else {})


def related(held: Held, name: str, keys: Keys) -> pl.DataFrame:
    """Return the rows of a table that share the keys of a cell; none where it has no key of them."""
    frame = held.frame(name)
    if name in PAST:
        return frame.clear()
    if name == "binding":
        return _binding(frame, keys)
    if name == "cost":
        return _cost(frame, keys)
    if name == "supply_cause":
        places = [*keys.get("market", []), *keys.get("location", [])]
        frame = frame.filter(pl.col("place").is_in(places)) if places else frame
    if name == "usage":
        return frame.filter(pl.col("of").is_in(_activities(held, keys)))
    if name == "bom":
        return frame.filter(pl.col("route").is_in(_activities(held, keys)) | pl.col("component").is_in(keys.get("item", [])))
    shared = [key for key in keys if key in frame.columns and not (key == "period" and name in _UNDATED)]
    if not any(key in _KEYS for key in shared):
        return frame.clear()
    if name == "event" and keys.get("period"):
        frame = _happening(held, frame, keys["period"])
    for key in shared:
        frame = frame.filter(pl.col(key).is_in(keys[key]) | pl.col(key).is_null())
    return frame


def _activities(held: Held, keys: Keys) -> list[str]:
    routes = held.frame("route")
    made = routes.filter(pl.col("item").is_in(keys.get("item", [])))["route"].unique().to_list()
    return [*keys.get("route", made), *keys.get("purchase", []), *keys.get("lane", [])]


def _binding(frame: pl.DataFrame, keys: Keys) -> pl.DataFrame:
    subjects = [str(value) for key in ("resource", "item", "route", "purchase", "lane") for value in keys.get(key, [])]
    named = frame.filter(pl.any_horizontal([pl.lit(value=False), *(pl.col("subject").str.contains(one, literal=True) for one in subjects)]))
    return named.filter(pl.col("period").is_in(keys["period"]) | pl.col("period").is_null()) if keys.get("period") else named


def _cost(frame: pl.DataFrame, keys: Keys) -> pl.DataFrame:
    """Return the money of the items, or where there are none, of the subjects."""
    if keys.get("item"):
        frame = frame.filter(pl.col("item").is_in(keys["item"]))
    else:
        subjects = [value for key in ("resource", "route", "purchase", "lane") for value in keys.get(key, [])]
        frame = frame.filter(pl.col("subject").is_in(subjects))
    if keys.get("term"):
        frame = frame.filter(pl.col("term").is_in(keys["term"]))
    if keys.get("location") and not keys.get("market"):
        frame = frame.filter(pl.col("place").is_in(keys["location"]) | pl.col("place").is_null())
    return frame.filter(pl.col("period").is_in(keys["period"])) if keys.get("period") else frame


def _happening(held: Held, event: pl.DataFrame, periods: list[Any]) -> pl.DataFrame:
    """Return the events that go on in the periods."""
    first, last = min(periods), held.calendar.next(max(periods))
    return event.filter(pl.col("start").fill_null(first) < last, pl.col("end").fill_null(pl.col("start")).fill_null(first) >= first)
