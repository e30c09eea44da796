"""Alpine, a made-up maker of outdoor gear: what it sells, makes and buys, and how its demand behaves.

All names and numbers are invented. `make.py` writes the tables.
"""

import datetime as dt
import math
from random import Random

Month = dt.date

AS_OF = dt.date(2026, 11, 12)
START = dt.date(2026, 12, 1)
HORIZON = 18
HISTORY_START = dt.date(2023, 11, 1)
HISTORY_MONTHS = 36

# item | name | family | units a month | size | margin | first month on sale | last month on sale
ITEMS = """
T110 | Kar 1          | Tents         |  520 | 0.75 | 0.43 |         |
T120 | Kar 2          | Tents         |  760 | 1.00 | 0.44 |         | 2027-02
T130 | Kar 3          | Tents         |  540 | 1.20 | 0.43 |         |
T210 | Grat 2         | Tents         |  480 | 1.05 | 0.46 |         |
T220 | Grat 3         | Tents         |  330 | 1.25 | 0.45 |         |
T310 | Biwak 1        | Tents         |  300 | 0.60 | 0.40 |         |
T320 | Firn 2         | Tents         |  230 | 1.45 | 0.49 |         |
T330 | Firn 4         | Tents         |  140 | 1.80 | 0.48 |         |
T410 | Lager 6        | Tents         |  380 | 1.70 | 0.39 | 2025-03 |
T125 | Kar 2 Light    | Tents         |    0 | 0.98 | 0.50 | 2027-03 |
P118 | Rinne 18       | Packs         | 1500 | 0.65 | 0.36 |         |
P125 | Rinne 25       | Packs         | 1650 | 0.80 | 0.38 |         |
P135 | Rinne 35       | Packs         | 1100 | 1.00 | 0.39 |         |
P145 | Zug 45         | Packs         |  900 | 1.20 | 0.41 |         |
P155 | Zug 55         | Packs         |  820 | 1.35 | 0.42 |         |
P165 | Zug 65         | Packs         |  560 | 1.50 | 0.42 |         |
P175 | Zug 75         | Packs         |  260 | 1.65 | 0.40 |         |
P222 | Spur 22        | Packs         |  480 | 0.90 | 0.44 | 2025-09 |
P112 | Zwerg 12       | Packs         |  730 | 0.45 | 0.30 |         |
B300 | Daun 300       | Sleeping Bags |  780 | 0.75 | 0.40 |         |
B500 | Daun 500       | Sleeping Bags |  860 | 1.00 | 0.42 |         |
B700 | Daun 700       | Sleeping Bags |  560 | 1.30 | 0.44 |         |
B900 | Daun 900       | Sleeping Bags |  240 | 1.65 | 0.46 |         |
B350 | Daun 350 W     | Sleeping Bags |  420 | 0.85 | 0.41 | 2024-08 |
B400 | Wolke 400      | Sleeping Bags |  190 | 0.95 | 0.30 |         |
B450 | Daun 450 Long  | Sleeping Bags |  310 | 1.05 | 0.41 |         |
S100 | Glut           | Stoves        | 2100 | 0.75 | 0.38 |         |
S150 | Glut Duo       | Stoves        | 1300 | 1.10 | 0.40 |         |
S200 | Flamm          | Stoves        | 1150 | 1.00 | 0.41 |         |
S250 | Flamm Hose     | Stoves        |  780 | 1.35 | 0.43 |         |
S300 | Herd 2         | Stoves        |  420 | 2.10 | 0.36 |         |
S050 | Glut Mini      | Stoves        |    0 | 0.60 | 0.45 | 2027-02 |
X101 | Pole segment   | Spare Parts   |   60 | 0.50 | 0.62 |         |
X102 | Pole elbow     | Spare Parts   |   14 | 0.35 | 0.62 |         |
X103 | Peg set        | Spare Parts   |  110 | 0.80 | 0.55 |         |
X201 | Hip belt       | Spare Parts   |    9 | 1.60 | 0.58 |         |
X202 | Buckle kit     | Spare Parts   |   30 | 0.40 | 0.60 |         |
X301 | Stuff sack     | Spare Parts   |   12 | 1.10 | 0.57 |         |
X401 | Jet needle     | Spare Parts   |    7 | 0.30 | 0.78 |         |
X402 | Fuel hose      | Spare Parts   |    5 | 0.60 | 0.64 |         |
"""
SPARES_SEWN = ("X201", "X301")
SUCCESSOR, PREDECESSOR = "T125", "T120"
NEW_STOVE, LIKE_STOVE = "S050", "S100"
ONE_OFF = ("P118", "Nordic Retail", dt.date(2026, 9, 1), 900)  # a hiking club's order, once
LEARNED = "Trail days 2027"  # the event whose uplift the plan has to learn
OVERSTOCKED = {"B400": 8.0, "P175": 3.2, "S300": 2.6}  # months of demand on hand
UNDERSTOCKED = {"T210": 0.35, "B700": 0.45, "P222": 0.5}

CATEGORY = {"Tents": "Camp", "Sleeping Bags": "Camp", "Packs": "Trail", "Stoves": "Trail", "Spare Parts": "Service"}
SEASON = {  # January to December
    "Tents": (0.45, 0.60, 1.00, 1.38, 1.72, 1.78, 1.45, 0.98, 0.65, 0.45, 0.40, 0.52),
    "Packs": (0.62, 0.66, 0.90, 1.14, 1.34, 1.35, 1.30, 1.10, 0.90, 0.75, 0.80, 1.14),
    "Sleeping Bags": (0.78, 0.70, 0.78, 0.84, 0.90, 0.95, 0.92, 1.05, 1.34, 1.46, 1.24, 1.04),
    "Stoves": (0.62, 0.66, 0.86, 1.05, 1.24, 1.38, 1.33, 1.10, 0.86, 0.76, 0.84, 1.30),
    "Spare Parts": (0.80, 0.85, 0.95, 1.05, 1.15, 1.20, 1.20, 1.15, 1.00, 0.90, 0.85, 0.90),
}
GROWTH = {"Tents": 0.03, "Packs": 0.05, "Sleeping Bags": 0.01, "Stoves": -0.03, "Spare Parts": 0.0}  # a year, level is that of 2026
NOISE = {"Tents": 0.09, "Packs": 0.08, "Sleeping Bags": 0.11, "Stoves": 0.10, "Spare Parts": 0.30}
BUDGET = {"Tents": 0.98, "Packs": 0.97, "Sleeping Bags": 0.99, "Stoves": 1.14, "Spare Parts": 1.0}  # the budget against what will be
LAST_CYCLE = {"Tents": 0.97, "Stoves": 1.12}  # the last cycle's demand plan against what will be

# market: region, channel, priority, share of units, price against the item's, returns, served from
MARKETS = {
    "Central Retail": ("Central Europe", "Retail", 1, 0.40, 0.91, 0.006, "Steinalm"),
    "Central Online": ("Central Europe", "Online", 2, 0.23, 1.09, 0.045, "Steinalm"),
    "Nordic Retail": ("Nordics", "Retail", 1, 0.24, 0.92, 0.007, "Marnau"),
    "Nordic Online": ("Nordics", "Online", 2, 0.13, 1.11, 0.050, "Marnau"),
}
# resource: location, kind, regular cost, overtime cost, hours a working day, overtime share
RESOURCES = {
    "Steinalm Sewing": ("Steinalm", "labor", 24.0, 34.0, 465.0, 0.12),
    "Seam Sealing": ("Steinalm", "machine", 38.0, 54.0, 91.0, 0.12),
    "Marnau Sewing": ("Marnau", "labor", 22.0, 31.0, 310.0, 0.12),
    "Down Filling": ("Marnau", "machine", 30.0, 43.0, 77.0, 0.15),
    "Metalworks": ("Marnau", "machine", 42.0, 60.0, 98.0, 0.10),
}
HOURS = {  # hours a unit of size 1
    "Tents": {"Steinalm Sewing": 1.10, "Seam Sealing": 0.48},
    "Packs": {"Steinalm Sewing": 0.70, "Marnau Sewing": 0.72},
    "Sleeping Bags": {"Marnau Sewing": 0.80, "Down Filling": 0.36},
    "Stoves": {"Metalworks": 0.25},
    "Spare Parts": {"Metalworks": 0.12, "Marnau Sewing": 0.25},
}
OTHER_COST = {"Tents": 6.0, "Packs": 3.0, "Sleeping Bags": 4.0, "Stoves": 2.0, "Spare Parts": 0.5}
# material: name, unit, price, supplier, lead time in days, family: units in a unit of size 1
MATERIALS: dict[str, tuple[str, str, float, str, int, dict[str, float]]] = {
    "RIPSTOP": ("Ripstop fabric", "m", 4.20, "Nordweave", 45, {"Tents": 6.5, "Packs": 2.2}),
    "SHELL": ("Shell fabric", "m", 3.60, "Nordweave", 45, {"Sleeping Bags": 4.5}),
    "DOWN": ("Goose down 700", "kg", 52.0, "Plumare", 60, {"Sleeping Bags": 0.55}),
    "POLES": ("Pole set", "set", 17.5, "Alvetta", 30, {"Tents": 1.0}),
    "BUCKLES": ("Buckles and webbing", "set", 5.4, "Alvetta", 30, {"Packs": 1.0}),
    "BURNER": ("Burner head", "piece", 7.6, "Alvetta", 40, {"Stoves": 1.0}),
    "ALLOY": ("Aluminum alloy", "kg", 6.1, "Alvetta", 20, {"Stoves": 0.6, "Spare Parts": 0.4}),
}
DOWN_CONTRACT = 1650.0  # kg a month
DOWN_SPOT = 300.0
COVER = {  # weeks of supply aimed at: where an item comes from elsewhere, and where it is made and passed on
    "Tents": (5, 4),
    "Packs": (5, 5),
    "Sleeping Bags": (5, 3),
    "Stoves": (4.5, 3),
    "Spare Parts": (6, 6),
}
SUBCONTRACTED = ("T110", "T130", "T310", "P118", "P125", "P112")
SUBCONTRACT_LIMIT = 450.0  # units a month, all items together
NEW_PRESS = ("Seam Sealing", dt.date(2027, 8, 1), 32.0)  # resource, first month, hours a working day
WORKING_DAYS = (21, 20, 22, 20, 19, 21, 22, 14, 22, 21, 21, 18)  # January to December; August has a shutdown

# event: item, family, market, start, end, kind, uplift, quantity, price, pull forward, its periods
EVENTS: tuple[tuple[object, ...], ...] = (
    ("Trail days 2024", None, "Packs", "Central Online", "2024-09-05", "2024-09-29", "promotion", 0.40, None, None, 0.15, 1),
    ("Winter clearance 2025", "B400", None, None, "2025-02-01", "2025-02-28", "promotion", 0.60, None, None, None, None),
    ("Trail days 2025", None, "Packs", "Central Online", "2025-10-02", "2025-10-26", "promotion", 0.45, None, None, 0.15, 1),
    ("Lost dealer 2025", None, "Stoves", "Nordic Retail", "2025-11-01", "2026-10-31", "loss", -0.12, None, None, None, None),
    ("Camp fair 2027", None, "Tents", "Central Retail", "2027-04-01", "2027-04-30", "promotion", 0.12, None, None, 0.05, 1),
    ("Trail days 2027", None, "Packs", "Central Online", "2027-09-02", "2027-09-30", "promotion", 0.35, None, None, 0.15, 1),
    ("Cold nights 2027", None, "Sleeping Bags", "Nordic Online", "2027-11-01", "2027-11-30", "promotion", 0.25, None, None, None, None),
    ("Dealer prize 2027", "S300", None, "Central Retail", "2027-06-01", "2027-06-30", "promotion", None, 180, None, None, None),
)


def add_months(day: Month, count: int) -> Month:
    """Return the first day of the month that is `count` months after that of `day`."""
    index = day.year * 12 + day.month - 1 + count
    return dt.date(index // 12, index % 12 + 1, 1)


def months(first: Month, count: int) -> list[Month]:
    """Return the first days of `count` months."""
    return [add_months(first, number) for number in range(count)]


def month_end(month: Month) -> dt.date:
    """Return the last day of a month."""
    return add_months(month, 1) - dt.timedelta(days=1)


class Item:
    """A finished item: what a line of ITEMS says, its recipe and its standard cost."""

    def __init__(self, line: str) -> None:
        self.code, self.name, self.family, level, size, margin, first, last = (part.strip() for part in line.split("|"))
        self.level, self.size, self.margin = float(level), float(size), float(margin)
        self.launch = dt.date.fromisoformat(f"{first}-01") if first else None
        self.discontinue = month_end(dt.date.fromisoformat(f"{last}-01")) if last else None
        self.materials = {
            material: round(per_size[self.family] * (1.0 if material in {"POLES", "BUCKLES", "BURNER"} else self.size), 3)
            for material, (*_, per_size) in MATERIALS.items()
            if self.family in per_size and self.code not in SPARES_SEWN
        }
        if self.code in SPARES_SEWN:
            self.materials = {"RIPSTOP": round(0.5 * self.size, 3)}
        self.other_cost = round(OTHER_COST[self.family] * self.size, 2)
        self.cost = round(min(self.route_cost(location) for location in self.locations()), 2)
        self.price = math.ceil(self.cost / (1 - self.margin) * 2) / 2

    def locations(self) -> tuple[str, ...]:
        """Return the plants that make the item."""
        places = {"Tents": ("Steinalm",), "Packs": ("Steinalm", "Marnau")}
        return places.get(self.family, ("Marnau",))

    def hours(self, location: str) -> dict[str, float]:
        """Return the hours that a unit takes of each resource at a plant."""
        hours = {name: each for name, each in HOURS[self.family].items() if RESOURCES[name][0] == location}
        if self.family == "Spare Parts":
            hours.pop("Metalworks" if self.code in SPARES_SEWN else "Marnau Sewing", None)
        return {name: round(each * self.size, 3) for name, each in hours.items()}

    def route_cost(self, location: str) -> float:
        """Return the cost of a unit made at a plant: materials, hours and the rest."""
        material = sum(MATERIALS[name][2] * quantity for name, quantity in self.materials.items())
        return material + sum(RESOURCES[name][2] * hours for name, hours in self.hours(location).items()) + self.other_cost

    def on_sale(self, month: Month) -> bool:
        """Whether the item is sold in a month."""
        return (self.launch is None or month >= self.launch) and (self.discontinue is None or month <= self.discontinue)


FINISHED = [Item(line) for line in ITEMS.strip().splitlines()]
BY_CODE = {item.code: item for item in FINISHED}


def share(item: Item, market: str) -> float:
    """Return the share of an item's units that a market buys: the market's own, a little different for each item."""
    tilt = {name: MARKETS[name][3] * Random(f"share {item.code} {name}").uniform(0.8, 1.2) for name in MARKETS}
    return tilt[market] / sum(tilt.values())


def uplift(item: Item, market: str, month: Month) -> float:
    """Return by how much events change a month's demand, as a factor."""
    factor = 1.0
    for _, code, family, place, start, end, _, change, *_ in EVENTS:
        if change is None or (code or item.code) != item.code or (family or item.family) != item.family or (place or market) != market:
            continue
        first, last = dt.date.fromisoformat(str(start)), dt.date.fromisoformat(str(end))
        days = (min(last, month_end(month)) - max(first, month)).days + 1
        factor += float(str(change)) * max(days, 0) / month_end(month).day
    return factor


def expected(item: Item, market: str, month: Month) -> float:
    """Return the demand of a month as it would be without chance."""
    if item.code == SUCCESSOR:
        return 1.05 * pattern(BY_CODE[PREDECESSOR], market, month) if item.on_sale(month) else 0.0
    if item.code == NEW_STOVE and item.on_sale(month) and item.launch:
        ramp = min((month.year - item.launch.year) * 12 + month.month - item.launch.month + 1, 5) / 5
        return 520 * ramp * share(item, market) * season(item, month)
    return pattern(item, market, month) if item.on_sale(month) else 0.0


def season(item: Item, month: Month) -> float:
    """Return the seasonal index of a month, 1 on average. Winter tents and the ski pack have their own."""
    index = SEASON[item.family]
    value = index[month.month - 1] / (sum(index) / 12)
    if item.code in {"T320", "T330", "P222"}:
        opposite = index[(month.month + 5) % 12] / (sum(index) / 12)
        return 0.35 * value + 0.65 * opposite
    return value


def pattern(item: Item, market: str, month: Month) -> float:
    """Return level, share, season, trend, launch ramp and events of a month, whether or not the item is on sale in it."""
    years = (month.year - 2026) + (month.month - 6.5) / 12
    ramp = 1.0
    if item.launch and month < START:
        since = (month.year - item.launch.year) * 12 + month.month - item.launch.month
        ramp = min(1.0, 0.4 + 0.12 * since)
    level = item.level * share(item, market) * math.pow(1 + GROWTH[item.family], years)
    return level * season(item, month) * ramp * uplift(item, market, month)


def poisson(random: Random, mean: float) -> int:
    """Return a Poisson number (Knuth's product of uniforms; for small means)."""
    limit, product, count = math.exp(-mean), random.random(), 0
    while product > limit:
        product *= random.random()
        count += 1
    return count


def actual(item: Item, market: str, month: Month) -> int:
    """Return the demand booked in a month: the expected one with chance. Slow spares come now and then, a few at a time."""
    mean = expected(item, market, month)
    random = Random(f"demand {item.code} {market} {month}")
    if item.family == "Spare Parts" and item.level <= 30:
        return sum(1 + poisson(random, 2.0) for _ in range(poisson(random, mean / 3.0)))
    common = Random(f"month {item.family} {month}").gauss(0, NOISE[item.family] / 2)
    return max(0, round(mean * math.exp(random.gauss(0, NOISE[item.family]) + common)))


def sold(item: Item, market: str, month: Month) -> tuple[int, bool]:
    """Return what was booked, a club's single order included, and whether a stockout cut it: the two best tents ran out in June 2026."""
    quantity = actual(item, market, month)
    if (item.code, market, month) == ONE_OFF[:3]:
        return quantity + ONE_OFF[3], False
    if item.code in {"T120", "T210"} and month == dt.date(2026, 6, 1):
        return round(quantity * 0.55), True
    return quantity, False


def price(item: Item, market: str, month: Month) -> float:
    """Return the net price: 3 % more each February, so that the item's price is that of the fiscal year that began in February 2026."""
    fiscal_year = month.year if month.month >= 2 else month.year - 1
    return round(item.price * MARKETS[market][4] * math.pow(1.03, fiscal_year - 2026), 2)
