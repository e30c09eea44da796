"""Write the tables of Alpine, a made-up maker of outdoor gear.

`python -m examples.alpine.make` writes them to `examples/alpine/tables`, or to the folder that is named. Every number comes from
`company.py`, this file and their seeds, so running it again gives the same bytes. The story that the tables tell is in README.md.
"""

import csv
import datetime as dt
import math
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random

from examples.alpine.company import (
    BUDGET,
    BY_CODE,
    CATEGORY,
    COVER,
    DOWN_CONTRACT,
    DOWN_SPOT,
    EVENTS,
    FINISHED,
    HISTORY_MONTHS,
    HISTORY_START,
    HORIZON,
    LAST_CYCLE,
    LEARNED,
    LIKE_STOVE,
    MARKETS,
    MATERIALS,
    NEW_PRESS,
    NEW_STOVE,
    NOISE,
    ONE_OFF,
    OVERSTOCKED,
    PREDECESSOR,
    RESOURCES,
    SPARES_SEWN,
    START,
    SUBCONTRACT_LIMIT,
    SUBCONTRACTED,
    SUCCESSOR,
    UNDERSTOCKED,
    WORKING_DAYS,
    Item,
    Month,
    add_months,
    expected,
    month_end,
    months,
    price,
    sold,
)
from examples.alpine.opinions import TAKEN, Row, owners
from examples.alpine.opinions import snapshots as stream_snapshots

HISTORY_END = add_months(HISTORY_START, HISTORY_MONTHS - 1)
PERIODS = months(START, HORIZON)
CYCLES = (  # the last six cycles: data cut and first month planned
    (dt.date(2026, 5, 12), dt.date(2026, 6, 1)),
    (dt.date(2026, 6, 11), dt.date(2026, 7, 1)),
    (dt.date(2026, 7, 13), dt.date(2026, 8, 1)),
    (dt.date(2026, 8, 12), dt.date(2026, 9, 1)),
    (dt.date(2026, 9, 11), dt.date(2026, 10, 1)),
    (dt.date(2026, 10, 12), dt.date(2026, 11, 1)),
)
MEASURED = months(dt.date(2026, 5, 1), 6)


def history() -> Iterator[Row]:
    """Rows of the table history, with the faults that real data has: a lost month, a typing error, month-end dates, a half month."""
    for item in FINISHED:
        for market, (_, _, _, _, _, returned, _) in MARKETS.items():
            for month in months(HISTORY_START, HISTORY_MONTHS + 1):
                quantity, stockout = sold(item, market, month)
                if not item.on_sale(month) or (item.code, market, month) == ("P135", "Nordic Retail", dt.date(2025, 3, 1)):
                    continue
                revenue = round(quantity * price(item, market, month), 2)
                if (item.code, market, month) == ("S200", "Central Retail", dt.date(2024, 5, 1)):
                    quantity = int(f"{quantity}{quantity}")
                if month > HISTORY_END:  # booked until the data cut only
                    quantity, revenue = round(quantity * 0.38), round(revenue * 0.38, 2)
                day = month_end(month) if market == "Nordic Online" and month <= HISTORY_END else month
                yield item.code, market, day, quantity, round(quantity * returned), revenue, "yes" if stockout else ""


def events() -> Iterator[Row]:
    """Rows of the table event. What next year's trail days will do is left empty: those of the past tell."""
    for name, item, family, market, start, end, kind, uplift, *rest in EVENTS:
        yield name, item, family, market, start, end, kind, None if name == LEARNED else uplift, *rest


def items() -> Iterator[Row]:
    """Rows of the table item: what is sold, then what is bought to make it."""
    for item in FINISHED:
        yield (
            *(item.code, item.name, item.family, CATEGORY[item.family], "piece", item.price, item.cost, "finished"),
            *("to_order" if item.code in SPARES_SEWN else "to_stock", item.launch),
        )
    for code, (name, unit, cost, *_) in MATERIALS.items():
        yield code, name, "Materials", "Bought in", unit, None, cost, "raw", "to_stock", None


def prices() -> Iterator[Row]:
    """Rows of the table price: one a market, and dated ones from the month in which the price list changes."""
    for item in FINISHED:
        for market in MARKETS:
            yield item.code, market, None, price(item, market, START)
            for month in PERIODS:
                if month.month == 2 or (month > dt.date(2027, 2, 1)):
                    yield item.code, market, month, price(item, market, month)


def forecasts() -> Iterator[Row]:
    """Rows of the table forecast: sales' view of half a year in retail, marketing's increments for a campaign."""
    for item in FINISHED:
        for market, (_, channel, *_) in MARKETS.items():
            for month in PERIODS[:6]:
                if channel == "Retail" and item.level >= 300 and item.on_sale(month):
                    optimism = 1.07 * math.exp(Random(f"sales {item.code} {market} {month}").gauss(0, 0.07))
                    quantity = round(expected(item, market, month) * optimism, -1)
                    owner = f"Sales {MARKETS[market][0]}"
                    yield "Sales", item.code, market, month, "view", quantity, round(quantity * price(item, market, month), 2), owner
            for month in PERIODS:
                quantity = 0.0
                if item.code in {"P135", "P145"} and channel == "Online" and month in {dt.date(2027, 3, 1), dt.date(2027, 4, 1)}:
                    quantity = round(0.15 * expected(item, market, month), -1)
                if quantity:
                    revenue = round(quantity * price(item, market, month), 2)
                    yield "Marketing", item.code, market, month, "increment", quantity, revenue, "Marketing"


def order_book() -> Iterator[Row]:
    """Rows of the table order_book: dealers' orders for the next months, and one project on top of the forecast."""
    for item in FINISHED:
        for market in ("Central Retail", "Nordic Retail"):
            for month, part in zip(PERIODS[:3], (0.72, 0.38, 0.14), strict=True):
                quantity = round(expected(item, market, month) * part * Random(f"orders {item.code} {market} {month}").uniform(0.7, 1.25))
                if item.level >= 300 and quantity:
                    yield item.code, market, month, quantity, "no"
    yield "T330", "Nordic Retail", dt.date(2027, 2, 1), 90, "yes"


def budgets() -> Iterator[Row]:
    """Rows of the table budget, by family and month: what the year was planned to be. Stoves were planned to grow."""
    for family, optimism in BUDGET.items():
        for month in PERIODS:
            quantity = revenue = cost = 0.0
            for item in (item for item in FINISHED if item.family == family):
                for market in MARKETS:
                    units = expected(item, market, month) * optimism
                    quantity, revenue, cost = quantity + units, revenue + units * price(item, market, month), cost + units * item.cost
            yield family, month, round(quantity), round(revenue, -2), round(revenue - cost, -2)


def routes() -> Iterator[tuple[str, Item, str]]:
    """Name, item and plant of every route."""
    for item in FINISHED:
        for location in item.locations():
            yield f"{item.code} {location}", item, location


def materials_kept() -> list[tuple[str, str]]:
    """Return every material with each plant that uses it."""
    plants = {"Tents": ("Steinalm",), "Packs": ("Steinalm", "Marnau")}
    return [
        (code, plant)
        for code, (*_, families) in MATERIALS.items()
        for plant in ("Steinalm", "Marnau")
        if any(plant in plants.get(family, ("Marnau",)) for family in families)
    ]


def purchases() -> Iterator[Row]:
    """Rows of the table purchase: materials by plant, down also on the spot market, tents and packs sewn by a subcontractor."""
    for code, plant in materials_kept():
        _, _, cost, supplier, lead_time, _ = MATERIALS[code]
        name = "DOWN contract" if code == "DOWN" else f"{code} {plant}"
        yield name, code, plant, supplier, "buy", cost, lead_time, 400 if code in {"RIPSTOP", "SHELL"} else 100
    yield "DOWN spot", "DOWN", "Marnau", "Plumare", "buy", 60.0, 20, None
    for code in SUBCONTRACTED:
        yield f"{code} Vellin", code, "Steinalm", "Vellin", "subcontract", round(BY_CODE[code].cost * 1.22, 2), 30, None


def need(item: Item, plant: str, month: Month) -> float:
    """Return the expected demand of a month in the markets that a plant serves."""
    return sum(expected(item, market, month) for market in MARKETS if MARKETS[market][6] == plant)


def material_need(code: str, plant: str, month: Month) -> float:
    """Return how much of a material a plant uses in a month if it makes what is sold."""
    total = 0.0
    for item in FINISHED:
        if plant in item.locations():
            units = sum(need(item, place, month) for place in ("Steinalm", "Marnau")) / len(item.locations())
            total += units * item.materials.get(code, 0.0)
    return total


def on_hand() -> Iterator[Row]:
    """Rows of the table on_hand: five weeks of most items, far more of three slow ones, little of three that ran short."""
    for item in FINISHED:
        for plant in ("Steinalm", "Marnau"):
            usual = 3.0 if item.family == "Spare Parts" else 1.25
            cover = usual * Random(f"stock {item.code} {plant}").uniform(0.75, 1.25)
            cover = OVERSTOCKED.get(item.code, UNDERSTOCKED.get(item.code, cover))
            quantity = round(cover * (need(item, plant, PERIODS[0]) + need(item, plant, PERIODS[1])) / 2)
            if item.on_sale(START):
                yield item.code, plant, quantity
    for code, plant in materials_kept():
        yield code, plant, round(0.85 * material_need(code, plant, START), -1)


def receipts() -> Iterator[Row]:
    """Rows of the table scheduled_receipt: the material on order until an order of today arrives, and tents from the subcontractor."""
    for code, plant in materials_kept():
        lead_time = MATERIALS[code][4]
        for month in PERIODS[: math.ceil(lead_time / 30)]:
            quantity = 1.05 * material_need(code, plant, add_months(month, 1))
            yield code, plant, month, round(min(quantity, DOWN_CONTRACT) if code == "DOWN" else quantity, -1), "order"
    yield "T110", "Steinalm", PERIODS[0], 120, "transit"
    yield "T310", "Steinalm", PERIODS[0], 80, "transit"


def capacities() -> Iterator[Row]:
    """Rows of the table capacity: hours a working day times working days; maintenance in January, a third press from August 2027."""
    for resource, (_, _, _, _, hours, overtime) in RESOURCES.items():
        for month in PERIODS:
            more = NEW_PRESS[2] if resource == NEW_PRESS[0] and month >= NEW_PRESS[1] else 0.0
            regular = round((hours + more) * WORKING_DAYS[month.month - 1])
            downtime = round(hours * 3) if resource in {"Seam Sealing", "Down Filling"} and month.month == 1 else None
            yield resource, month, regular, 0 if month.month == 8 else round(regular * overtime), 0.95, downtime


def policies() -> Iterator[Row]:
    """Rows of the table inventory_policy: weeks of cover of what is sold, safety stock of spares and materials."""
    for item in FINISHED:
        slow = item.family == "Spare Parts" and item.level <= 30
        safety = max(6, round(item.level)) if slow else None
        for plant in ("Steinalm", "Marnau"):
            weeks = COVER[item.family][plant == item.locations()[0]]
            yield item.code, plant, safety, None if slow else weeks, round(item.cost * 0.03, 2)
    for code, plant in materials_kept():
        level = sum(material_need(code, plant, month) for month in PERIODS[:12]) / 12
        yield code, plant, round(level * 0.5, -1), None, round(MATERIALS[code][2] * 0.02, 3)


def firm_plan() -> Iterator[Row]:
    """Rows of the table firm_plan: what the last cycle fixed for December."""
    for route, item, location in routes():
        served = ("Steinalm", "Marnau") if len(item.locations()) == 1 else (location,)
        quantity = round(sum(need(item, plant, PERIODS[1]) for plant in served) * 1.15, -1)
        if item.on_sale(START) and item.code not in OVERSTOCKED:
            yield "production", route, START, quantity


def planned(measure: str, key: str, cut: dt.date, value: float, spread: float, bias: float = 1.0) -> int:
    """Return what an earlier plan said of a value that came out later: it was off by chance, and by the planners' bias."""
    return round(value * bias * math.exp(Random(f"{measure} {key} {cut}").gauss(0, spread)))


def snapshots() -> Iterator[Row]:
    """Rows of the table plan_snapshot: forecast, production and inventory of the last six cycles, four months each, and the last plan."""
    optimism = {"Tents": 1.03, "Packs": 1.0, "Sleeping Bags": 1.02, "Stoves": 1.16, "Spare Parts": 1.05}
    for cut, first in CYCLES:
        for item in FINISHED:
            for number, month in enumerate(months(first, 4)):
                if not item.on_sale(month):
                    continue
                for market in MARKETS:
                    value, spread = expected(item, market, month), NOISE[item.family] * (0.7 + 0.15 * number)
                    guess = planned("forecast", f"{item.code} {market} {month}", cut, value, spread, optimism[item.family])
                    yield cut, "forecast", item.code, market, month, guess
                for plant in ("Steinalm", "Marnau"):
                    made, stock = made_in(item, plant, month), stock_at(item, plant, month)
                    if plant in item.locations():
                        yield cut, "production", item.code, plant, month, planned("made", f"{item.code} {plant} {month}", cut, made, 0.02)
                    yield cut, "inventory", item.code, plant, month, planned("stock", f"{item.code} {plant} {month}", cut, stock, 0.08)
    yield from last_plan()


def last_plan() -> Iterator[Row]:
    """Rows of the table plan_snapshot: the whole demand plan of the last cycle with its money; stoves were still seen higher."""
    cut, first = CYCLES[-1]
    for item in FINISHED:
        for market in MARKETS:
            for month in months(first, HORIZON):
                if item.on_sale(month) and (value := expected(item, market, month)):
                    bias = LAST_CYCLE.get(item.family, 1.0)
                    units = planned("demand", f"{item.code} {market} {month}", cut, value, NOISE[item.family] * 0.3, bias)
                    revenue = units * price(item, market, month)
                    yield cut, "demand", item.code, market, month, units, round(revenue, 2), round(revenue - units * item.cost, 2)


def made_in(item: Item, plant: str, month: Month) -> float:
    """Return what a plant was to make in a month of the past: next month's demand, shared between the plants that make the item."""
    if plant not in item.locations():
        return 0.0
    return sum(need(item, place, add_months(month, 1)) for place in ("Steinalm", "Marnau")) / len(item.locations())


def stock_at(item: Item, plant: str, month: Month) -> float:
    """Return what was to be in stock at the end of a month of the past: five weeks, or what the slow ones pile up to."""
    return need(item, plant, add_months(month, 1)) * max(1.15, OVERSTOCKED.get(item.code, 0.0) * 0.9)


def shipments() -> Iterator[Row]:
    """Rows of the table shipment: what was booked, less what could not be shipped."""
    for item in FINISHED:
        for market in MARKETS:
            for month in MEASURED:
                if item.on_sale(month):
                    quantity = round(sold(item, market, month)[0] * Random(f"shipped {item.code} {market} {month}").uniform(0.955, 1.0))
                    yield item.code, market, month, quantity, round(quantity * price(item, market, month), 2)


def production_actuals() -> Iterator[Row]:
    """Rows of the table production_actual: a little less than planned, tents in summer clearly less."""
    for route, item, location in routes():
        for month in MEASURED:
            if item.on_sale(month):
                late = 0.90 if item.family == "Tents" and month.month in {6, 7} else 0.97
                attained = late * math.exp(Random(f"attained {route} {month}").gauss(0, 0.03))
                yield item.code, location, month, route, round(made_in(item, location, month) * attained)


def stock_actuals() -> Iterator[Row]:
    """Rows of the table stock_actual: month-end stock."""
    for item in FINISHED:
        for plant in ("Steinalm", "Marnau"):
            for month in MEASURED:
                if item.on_sale(month):
                    spread = math.exp(Random(f"counted {item.code} {plant} {month}").gauss(0, 0.12))
                    yield item.code, plant, month, round(stock_at(item, plant, month) * spread)


def order_lines() -> Iterator[Row]:
    """Rows of the table order_line: about 250 lines a month of the last three, one in twenty late or short, and a club's one order."""
    random = Random("order lines")
    sellers = [item for item in FINISHED if item.on_sale(MEASURED[0])]
    for month in MEASURED[-3:]:
        if month == ONE_OFF[2]:
            day = month + dt.timedelta(days=9)
            yield f"{month:%y%m}-000", 1, ONE_OFF[0], ONE_OFF[1], ONE_OFF[3], *[day] * 4, ONE_OFF[3], "no"
        for number in range(1, 126):
            market = random.choices(list(MARKETS), [values[3] for values in MARKETS.values()])[0]
            for line, item in enumerate(random.choices(sellers, [max(item.level, 20) for item in sellers], k=2), start=1):
                quantity = 1 + round(random.expovariate(1 / (40 if MARKETS[market][1] == "Retail" else 3)))
                requested = month + dt.timedelta(days=random.randrange(month_end(month).day))
                confirmed = requested + dt.timedelta(days=random.choices((0, 3), (0.97, 0.03))[0])
                delivered = confirmed + dt.timedelta(days=random.choices((-1, 0, 2, 9), (0.15, 0.82, 0.02, 0.01))[0])
                short = random.random() < (0.06 if item.family == "Tents" else 0.015)
                cancelled = random.random() < 0.008
                got = 0 if cancelled else math.floor(quantity * 0.8) if short else quantity
                yield (
                    *(f"{month:%y%m}-{number:03d}", line, item.code, market, quantity, requested, confirmed, confirmed),
                    *(None if cancelled else delivered, got, "yes" if cancelled else "no"),
                )


def tables() -> dict[str, tuple[str, Iterable[Row]]]:
    """Return every table: its columns and its rows."""
    made = list(routes())
    return {
        "item": ("item name family category unit unit_price unit_cost kind planning_strategy launch", items()),
        "market": ("market name region channel priority", ((name, name, *row[:3]) for name, row in MARKETS.items())),
        "location": (
            "location name kind",
            [("Steinalm", "Plant and warehouse Steinalm", "plant"), ("Marnau", "Plant and warehouse Marnau", "plant")],
        ),
        "resource": (
            "resource location kind unit regular_cost overtime_cost",
            ((name, row[0], row[1], "hours", row[2], row[3]) for name, row in RESOURCES.items()),
        ),
        "succession": (
            "item predecessor kind share start ramp",
            [
                (SUCCESSOR, PREDECESSOR, "successor", 1, BY_CODE[SUCCESSOR].launch, None),
                (NEW_STOVE, LIKE_STOVE, "like_item", 0.25, BY_CODE[NEW_STOVE].launch, 5),
            ],
        ),
        "cannibalisation": ("item from market share", TAKEN),
        "demand_owner": ("family region owner", owners()),
        "stream_snapshot": ("as_of stream item market period kind quantity owner", stream_snapshots()),
        "history": ("item market period quantity returns revenue stockout", history()),
        "forecast": ("source item market period kind quantity revenue owner", forecasts()),
        "order_book": ("item market period quantity additional", order_book()),
        "event": ("event item family market start end kind uplift quantity price pull_forward pull_forward_periods", events()),
        "price": ("item market period unit_price", prices()),
        "budget": ("family period quantity revenue gross_margin", budgets()),
        "demand_policy": (
            "item market backlog_allowed backlog_cost max_backlog_age lost_allowed lost_sale_cost",
            (
                (item.code, name, "yes" if row[1] == "Retail" else "no", round(item.price * 0.05, 2), 2, "yes", round(item.price * 0.08, 2))
                for item in FINISHED
                for name, row in MARKETS.items()
            ),
        ),
        "on_hand": ("item location quantity", on_hand()),
        "backlog": ("item market quantity", [("T210", "Central Retail", 35), ("B700", "Nordic Retail", 22)]),
        "scheduled_receipt": ("item location period quantity kind", receipts()),
        "route": ("route item location unit_cost yield", ((name, i.code, place, i.other_cost, None) for name, i, place in made)),
        "usage": (
            "activity of resource quantity",
            (("make", name, resource, hours) for name, i, place in made for resource, hours in i.hours(place).items()),
        ),
        "bom": ("route component quantity", ((name, code, units) for name, i, _ in made for code, units in i.materials.items())),
        "capacity": ("resource period regular overtime_limit efficiency planned_downtime", capacities()),
        "purchase": ("purchase item location supplier kind unit_cost lead_time minimum_lot", purchases()),
        "purchase_limit": ("purchase span maximum", [("DOWN contract", "period", DOWN_CONTRACT), ("DOWN spot", "period", DOWN_SPOT)]),
        "limit": ("limit at_most measure span", [("Sewing at Vellin", SUBCONTRACT_LIMIT, "quantity", "period")]),
        "limit_member": ("limit table key", (("Sewing at Vellin", "purchase", f"{code} Vellin") for code in SUBCONTRACTED)),
        "lane": ("lane item from to unit_cost lead_time", lanes()),
        "inventory_policy": ("item location safety_stock weeks_of_supply shortfall_cost", policies()),
        "firm_plan": ("kind key period fixed", firm_plan()),
        "lever": (
            "kind target step maximum one_off_cost running_cost lead_time",
            [
                ("shift", "Seam Sealing", 400, 800, 18000, 9, 60),
                ("subcontract", "Sewing at Vellin", 100, 400, 6000, 4, 45),
                ("supplier_capacity", "DOWN contract", 200, 600, 12000, 9, 90),
                ("promotion", "B400", 100, 600, 2500, 12, 30),
            ],
        ),
        "disturbance": ("disturbance kind target distribution probability low likely high lasts start end", disturbances()),
        "risk_opportunity": ("risk kind statement probability units money scenario trigger owner in_plan expires", risks()),
        "shipment": ("item market period quantity revenue", shipments()),
        "production_actual": ("item location period route quantity", production_actuals()),
        "stock_actual": ("item location period quantity", stock_actuals()),
        "order_line": (
            "order line item market quantity requested first_confirmed last_confirmed delivered delivered_quantity cancelled",
            order_lines(),
        ),
        "plan_snapshot": (
            "as_of measure item place period quantity revenue gross_margin",
            (row if len(row) == 8 else (*row, None, None) for row in snapshots()),
        ),
    }


def disturbances() -> Iterator[Row]:
    """Rows of the table disturbance: a supplier that is late now and then, a press that breaks down, and first runs of a new stove."""
    yield "Plumare late", "late", "Plumare", "triangular", 0.2, 2, 7, 35, None, None, None
    yield "Press breakdown", "downtime", "Seam Sealing", "triangular", 0.12, 0.05, 0.1, 0.4, None, None, None
    yield "Vellin short", "short", "Vellin", "uniform", 0.15, 0.1, None, 0.4, 2, None, None
    first, last = BY_CODE[NEW_STOVE].launch, dt.date(2027, 7, 31)
    yield "First runs of Glut Mini", "yield", f"{NEW_STOVE} Marnau", "triangular", 1, 0.85, 0.95, 1, None, first, last


def risks() -> Iterator[Row]:
    """Rows of the table risk_opportunity: what may come beside the plan. Stoves in the Nordics already fall; the tender is not won yet."""
    yield (
        *("rental-tender", "opportunity", "A rental chain orders tents for its Nordic shops", 0.4, None, None, "tender-won"),
        *("sum of order_book.quantity where family=Tents and market=Nordic Retail, next 3 periods > 1500", "Sales Nordics", "no"),
        dt.date(2027, 1, 31),
    )
    yield (
        "down-fire",
        "risk",
        "Plumare loses a month of down after a fire",
        0.05,
        None,
        None,
        "down-supplier-stops",
        None,
        "Purchasing",
        "no",
        None,
    )
    yield (
        *("fabric-price", "risk", "Nordweave raises fabrics by 5 % from February: it invoices in dollars", 0.35, None, -190000, None, None),
        *("Purchasing", "no", dt.date(2027, 3, 31)),
    )
    yield (
        *("nordic-stoves", "risk", "Stoves in the Nordics go on falling for want of a dealer", 0.5, -3800, -66000, None),
        *("change of history.quantity where family=Stoves and region=Nordics, last 3 periods against the same a year before < -5 %",),
        *("Sales Nordics", "no", None),
    )
    yield (
        *("tent-service", "risk", "Tents that ship late drive dealers to another maker for the season", 0.2, -1500, -120000, None),
        *("mean of kpi.value where kpi=otif and subject=Tents < 90 %", "Sales Central Europe", "no", None),
    )
    yield (
        *("trail-days", "opportunity", "Trail days sell packs as well as they did in 2025", 0.7, 900, None, None),
        *("change of history.quantity where family=Packs, last 6 periods against the same a year before > 15 %", "Marketing", "yes", None),
    )


def lanes() -> Iterator[Row]:
    """Rows of the table lane: each plant serves its own markets, finished goods also move between the plants."""
    for market, (*_, plant) in MARKETS.items():
        yield f"{plant} to {market}", None, plant, market, 1.6 if "Retail" in market else 4.2, None
    for item in FINISHED:
        for start, end in (("Steinalm", "Marnau"), ("Marnau", "Steinalm")):
            if start == item.locations()[0]:
                yield f"{start} to {end}", item.code, start, end, round(0.9 * item.size, 2), 3


def write(folder: Path) -> None:
    """Write every table as a CSV file into `folder`, which is made where it does not exist."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (columns, rows) in tables().items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(columns.split())
            writer.writerows(["" if value is None else plain(value) for value in row] for row in rows)


def plain(value: object) -> str:
    """Return a value as written: whole numbers without a decimal point."""
    return f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value)


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "tables")
