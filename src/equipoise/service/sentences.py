"""Rows as sentences: what a planner says of a row of each table when asked why a number is what it is."""

from collections.abc import Callable
from typing import Any

import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.tables.figures import money, number, quantity, share

Row = dict[str, Any]


def _each(sentence: Callable[[Row, Calendar], str]) -> Callable[[pl.DataFrame, Calendar], list[str]]:
    def all_rows(rows: pl.DataFrame, calendar: Calendar) -> list[str]:
        return [said for row in rows.iter_rows(named=True) if (said := sentence(row, calendar))]

    return all_rows


def _place(row: Row) -> str:
    return " in ".join(str(row[key]) for key in ("item", "market") if row.get(key) is not None)


def _when(row: Row, calendar: Calendar) -> str:
    return f"{_place(row)} in {calendar.label(row['period'])}"


def _range(row: Row) -> str:
    return (
        f" (between {number(row['p10'])} and {number(row['p90'])} in eight cases of ten)"
        if row["p10"] is not None and row["p90"] is not None
        else ""
    )


def _history(rows: pl.DataFrame, calendar: Calendar) -> list[str]:
    sums = rows.group_by("item", "market", maintain_order=True).agg(
        pl.len(), pl.col("period").min().alias("first"), pl.col("period").max().alias("last"), pl.col("quantity").sum()
    )
    said = []
    for row in sums.sort("item", "market").iter_rows(named=True):
        if row["len"] == 1:
            said.append(f"History of {_place(row)} in {calendar.label(row['first'])}: {number(row['quantity'])}.")
            continue
        window = f"{row['len']} periods from {calendar.label(row['first'])} to {calendar.label(row['last'])}"
        said.append(f"History of {_place(row)}: {window}, {number(row['quantity'])} in all.")
    return said


def _chosen(rows: pl.DataFrame, _: Calendar) -> list[str]:
    said = []
    for row in rows.filter("chosen").iter_rows(named=True):
        error = "" if row["wmape"] is None else f", backtest error {share(row['wmape'])}"
        said.append(f"Method for {_place(row)}: {row['method']}{error}. {row['reason'] or ''}".strip())
    return said


def _baseline(row: Row, calendar: Calendar) -> str:
    return f"Statistical forecast of {_when(row, calendar)}: {number(row['quantity'])}{_range(row)}, by {row['method']}."


def _correction(row: Row, calendar: Calendar) -> str:
    word = "stands in for it" if row["accepted"] else "is proposed and does not count"
    stands = f"{number(row['quantity'])} {word}"
    booked = "nothing" if row["raw"] is None else number(row["raw"])
    return f"History of {_when(row, calendar)}: {booked} booked, {stands} ({row['kind'].replace('_', ' ')}). {row['reason'] or ''}".strip()


def _segment(row: Row, _: Calendar) -> str:
    classes = f"{row['abc'] or ''}{row['xyz'] or ''}, {row['pattern']}, {row['lifecycle']}"
    return f"Segment of {_place(row)}: {classes}. {row['reason'] or ''}".strip()


def _event_effect(row: Row, _: Calendar) -> str:
    if row["uplift"] is None:
        return ""
    return f"Event {row['event']} changes {_place(row)} by {row['uplift']:+.0%} ({row['origin']}). {row['reason'] or ''}".strip()


def _stream_weight(row: Row, _: Calendar) -> str:
    segment = f" in segment {row['segment']}" if row["segment"] else ""
    return f"Stream {row['stream']} has weight {share(row['weight'])}{segment}. {row['reason'] or ''}".strip()


def _override_flag(row: Row, _: Calendar) -> str:
    return f"Override {row['override']}: {row['statement']}"


def _stream(row: Row, calendar: Calendar) -> str:
    owner = f", owned by {row['owner']}" if row["owner"] else ""
    if row["quantity"] is None:
        return ""
    return f"Stream {row['stream']} ({row['kind']}{owner}) says {number(row['quantity'])} for {_when(row, calendar)}."


def _consensus(row: Row, calendar: Calendar) -> str:
    owner = f" {row['owner']} answers for it." if row["owner"] else ""
    return f"Consensus for {_when(row, calendar)}: {number(row['quantity'])}.{owner}"


def _demand(row: Row, calendar: Calendar) -> str:
    orders = f", of which {number(row['orders'])} is ordered" if row["orders"] else ""
    price = f", at {number(row['unit_price'])} a unit" if row["unit_price"] is not None else ", no price given"
    return f"Demand plan for {_when(row, calendar)}: {number(row['quantity'])}{orders}{price}."


def _shortage(row: Row, calendar: Calendar) -> str:
    late = f", {number(row['backlog'])} late at its end" if row["backlog"] else ""
    lost = f", {number(row['lost'])} lost" if row["lost"] else ""
    return f"{_when(row, calendar)}: demand {number(row['demand'])}, shipped {number(row['shipped'] or 0)}{late}{lost}."


def _stock(row: Row, calendar: Calendar) -> str:
    target = f", target {number(row['target'])}" if row["target"] is not None else ""
    cover = f", {number(row['weeks_of_supply'])} weeks of supply" if row["weeks_of_supply"] is not None else ""
    where = f"{row['item']} at {row['location']} at the end of {calendar.label(row['period'])}"
    return f"Stock of {where}: {number(row['quantity'])}{target}{cover}."


def _load(row: Row, calendar: Calendar) -> str:
    overtime = f", {number(row['overtime'])} of it overtime" if row["overtime"] else ""
    load = f"load {number(row['load'])} of {number(row['available'] or 0)} available"
    return f"{row['resource']} in {calendar.label(row['period'])}: {load}{overtime}."


def _flow(verb: str, key: str) -> Callable[[Row, Calendar], str]:
    def sentence(row: Row, calendar: Calendar) -> str:
        return (
            f"{verb} {number(row['quantity'])} of {row['item']} by {row[key]} in {calendar.label(row['period'])}."
            if row["quantity"]
            else ""
        )

    return sentence


def _worded(row: Row, _: Calendar) -> str:
    return str(row["sentence"] or "")


def _cost(row: Row, calendar: Calendar) -> str:
    if row["class"] == "penalty":
        return ""  # a price that the model adds for itself, nobody's money
    what = row["item"] or row["subject"]
    return f"{row['term'].replace('_', ' ')} of {what} in {calendar.label(row['period'])}: {money(row['amount'])}." if row["amount"] else ""


def _order(row: Row, calendar: Calendar) -> str:
    extra = ", on top of the forecast" if row["additional"] else ""
    return f"Orders for {_when(row, calendar)}: {number(row['quantity'])}{extra}."


def _capacity(row: Row, calendar: Calendar) -> str:
    limit = f", overtime up to {number(row['overtime_limit'])}" if row["overtime_limit"] is not None else ""
    return f"Capacity of {row['resource']} in {calendar.label(row['period'])}: {number(row['regular'] or 0)}{limit}."


def _financials(row: Row, calendar: Calendar) -> str:
    of = f" of {row['family']}" if row["family"] else ""
    budget = f", budget {money(row['budget'])}" if row["budget"] is not None else ""
    plan = "not known" if row["amount"] is None else money(row["amount"])
    return f"{row['line'].replace('_', ' ').capitalize()}{of} in {calendar.label(row['period'])}: {plan}{budget}."


def _figure(row: Row) -> str:
    if row["value"] is None:
        return "not known"
    return share(row["value"], whole=False) if row["unit"] == "fraction" else f"{number(row['value'])} {row['unit'] or ''}".strip()


def _simulated(row: Row, _: Calendar) -> str:
    return (
        f"Simulated {row['measure'].replace('_', ' ')}, {row['statistic'].replace('_', ' ')}: {_figure(row)}. {row['note'] or ''}".strip()
    )


def _compared(row: Row, _: Calendar) -> str:
    return f"Scenario {row['scenario']}, {row['measure'].replace('_', ' ')}: {_figure(row)}. {row['note'] or ''}".strip()


def _option(row: Row, _: Calendar) -> str:
    net = f" Net {money(row['net_money'])}." if row["net_money"] is not None else ""
    return f"Option {row['option']} ({row['status']}): {row['statement'].rstrip('.')}.{net} {row['because'] or ''}".strip()


def _bill(row: Row, _: Calendar) -> str:
    return f"A unit made by {row['route']} takes {number(row['quantity'])} of {row['component']}."


def _on_hand(row: Row, _: Calendar) -> str:
    return f"Opening stock of {row['item']} at {row['location']}: {quantity(row['quantity'])}."


def _kpi(row: Row, calendar: Calendar) -> str:
    when = f" in {calendar.label(row['period'])}" if row["period"] is not None else ""
    about = f" of {row['subject']}" if row["subject"] else f" at level {row['level']}"
    value = (
        "not known" if row["value"] is None else share(row["value"]) if row["unit"] == "fraction" else quantity(row["value"], row["unit"])
    )
    target = "" if row["target"] is None else f", target {share(row['target']) if row['unit'] == 'fraction' else number(row['target'])}"
    told = ". ".join(part.rstrip(".") for part in (row["basis"], row["note"]) if part)
    return f"{row['kpi'].replace('_', ' ')}{about}{when}: {value}{target} ({told})." if told else ""


def _scenario(row: Row, _: Calendar) -> str:
    parts = [f"{word} {row[word]}" for word in ("likelihood", "impact") if row[word]]
    builds = f", on top of {row['parent']}" if row["parent"] else ""
    return (
        f"Scenario {row['scenario']}{builds}: {(row['description'] or 'no description').rstrip('.')} ({', '.join(parts) or 'not weighed'})."
    )


SENTENCES: dict[str, Callable[[pl.DataFrame, Calendar], list[str]]] = {
    "kpi": _each(_kpi),
    "scenario": _each(_scenario),
    "gap": _each(_worded),
    "sensitivity": _each(_worded),
    "simulation_driver": _each(_worded),
    "simulation": _each(_simulated),
    "scenario_result": _each(_compared),
    "option": _each(_option),
    "financials": _each(_financials),
    "gap_cause": _each(_worded),
    "shortage": _each(_shortage),
    "binding": _each(_worded),
    "violation": _each(_worded),
    "clash": _each(_worded),
    "supply_cause": _each(_worded),
    "risk_register": _each(_worded),
    "inventory_target": _each(_worded),
    "supply_plan": _each(_flow("Make", "route")),
    "purchase_plan": _each(_flow("Buy", "purchase")),
    "transfer_plan": _each(_flow("Move", "lane")),
    "inventory_plan": _each(_stock),
    "capacity_load": _each(_load),
    "cost": _each(_cost),
    "demand_plan": _each(_demand),
    "order_book": _each(_order),
    "consensus": _each(_consensus),
    "stream": _each(_stream),
    "baseline": _each(_baseline),
    "method_choice": _chosen,
    "segment": _each(_segment),
    "event_effect": _each(_event_effect),
    "stream_weight": _each(_stream_weight),
    "override_flag": _each(_override_flag),
    "correction": _each(_correction),
    "history": _history,
    "capacity": _each(_capacity),
    "bom": _each(_bill),
    "on_hand": _each(_on_hand),
}
