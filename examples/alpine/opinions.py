"""What Alpine's people say about demand: who answers for what, what events take from other items, what was said before."""

import datetime as dt
import math
from collections.abc import Iterator
from random import Random

from examples.alpine.company import FINISHED, MARKETS, Item, Month, actual, add_months, expected, months

Row = tuple[object, ...]

CUTS = [dt.date(2026, month, 12) for month in range(2, 10)]  # the data cuts of the last cycles whose periods are all known
LAGS = 2
FAMILIES = ("Tents", "Stoves")

# gaining item, losing item, market, share
TAKEN: tuple[Row, ...] = (("S300", "S250", None, 0.3), ("P135", "P145", None, 0.2), ("P145", "P135", None, 0.2))


def owners() -> Iterator[Row]:
    """Rows of the table demand_owner: sales answers for its region, service for spare parts everywhere."""
    for region in dict.fromkeys(row[0] for row in MARKETS.values()):
        yield None, region, f"Sales {region}"
        yield "Spare Parts", region, "Service"


def said(item: Item, market: str, cut: dt.date, month: Month) -> dict[str, tuple[str, float, str | None]]:
    """Return what each stream said at a cut: kind, units and owner.

    Sales in the Nordics raise stoves that do not sell; in Central Europe they know of the weak and strong months of tents.
    """
    random = Random(f"said {item.code} {market} {cut} {month}")
    mean, booked = expected(item, market, month), actual(item, market, month)
    naive = actual(item, market, add_months(month, -12)) if item.on_sale(add_months(month, -12)) else booked
    baseline = mean * math.exp(random.gauss(0.02, 0.08))
    region = MARKETS[market][0]
    change = 0.0
    if item.family == "Stoves" and region == "Nordics":
        change = baseline * random.uniform(0.08, 0.2)
    elif item.family == "Tents" and region == "Central Europe":
        change = 0.5 * (booked - baseline)
    found: dict[str, tuple[str, float, str | None]] = {
        "naive": ("naive", naive, None),
        "baseline": ("baseline", round(baseline), None),
        "consensus": ("consensus", round(baseline) + round(change), None),
    }
    if MARKETS[market][1] == "Retail" and item.level >= 300:
        found["Sales"] = ("view", round(mean * 1.07 * math.exp(random.gauss(0, 0.07)), -1), f"Sales {region}")
    if round(change):
        found[f"{item.family.lower()}-{region.split()[0].lower()}-{cut:%Y-%m}"] = ("override", round(change), f"Sales {region}")
    return found


def snapshots() -> Iterator[Row]:
    """Rows of the table stream_snapshot: what the streams of tents and stoves said in the last cycles about the next two months."""
    for cut in CUTS:
        for item in FINISHED:
            for market in MARKETS if item.family in FAMILIES else ():
                for month in months(add_months(cut.replace(day=1), 1), LAGS):
                    if item.on_sale(month):
                        for stream, (kind, quantity, owner) in said(item, market, cut, month).items():
                            yield cut, stream, item.code, market, month, kind, quantity, owner
