"""How fast overrides are laid over a demand plan: `python -m benchmarks.overrides [--quick]`.

100,000 rows (2,500 items in 20 families, 4 markets in 2 regions, 10 months) and 10,000 overrides: single cells set, totals added by
family, region and quarter in proportion, and families scaled. Beside it the plain way: one when/then an override over the whole frame.
"""

import argparse
import datetime as dt
import resource
import time
from collections.abc import Iterator

import numpy as np
import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.scenario import Override, effect_table, lay
from equipoise.tables import table

ITEMS, FAMILIES, MARKETS, PERIODS = 2_500, 20, 4, 10
CALENDAR = Calendar("month", dt.date(2027, 1, 1), PERIODS, dt.date(2026, 12, 31))


def company(items: int) -> dict[str, pl.DataFrame]:
    """Return the tables item, market, period and demand_plan, of `items` x 4 markets x 10 months."""
    random = np.random.default_rng(7)
    names = [f"item {number:05d}" for number in range(items)]
    item = table("item").conform(pl.DataFrame({"item": names, "family": [f"family {n % FAMILIES}" for n in range(items)]}))
    market = pl.DataFrame({"market": [f"market {n}" for n in range(MARKETS)], "region": [f"region {n % 2}" for n in range(MARKETS)]})
    period = table("period").conform(CALENDAR.table())
    rows = item.select("item").join(market.select("market"), how="cross").join(period.select("period"), how="cross")
    plan = rows.with_columns(quantity=pl.Series(random.gamma(2, 50, rows.height)))
    tables = {"item": item, "market": table("market").conform(market), "period": period}
    return tables | {"demand_plan": table("demand_plan").conform(plan).sort("item", "market", "period")}


def overrides(count: int, items: int) -> Iterator[Override]:
    """Yield half single cells set, a third totals by family, region and quarter in proportion, the rest families or items scaled."""
    random = np.random.default_rng(11)
    cells = random.permutation(items * MARKETS * PERIODS)
    for number in range(count):
        kind, family, cell = number % 6, int(random.integers(FAMILIES)), int(cells[number])
        where: dict[str, object] = {"family": f"family {family}", "region": f"region {number % 2}", "quarter": f"2027-Q{1 + number % 3}"}
        change: dict[str, object] = {"operation": "add", "value": 100.0, "split": "proportional"}
        if kind < 3:
            place, month = divmod(cell, PERIODS)
            where = {"item": f"item {place // MARKETS:05d}", "market": f"market {place % MARKETS}", "period": CALENDAR.periods[month]}
            change = {"operation": "set", "value": float(number)}
        elif kind == 5:
            where = {"item": f"item {cell % items:05d}"} if number % 12 == 5 else {"family": f"family {family}"}
            change = {"operation": "scale", "value": 1.001}
        yield Override.model_validate({"id": f"o-{number}", "table": "demand_plan", "where": where, **change})


def plain(tables: dict[str, pl.DataFrame], some: list[Override]) -> pl.DataFrame:
    """Lay overrides the plain way: the attributes joined once, then one when/then over the whole frame for each."""
    wide = tables["demand_plan"]
    for master in ("item", "market", "period"):
        wide = wide.join(tables[master].select(master, *_ATTRIBUTES[master]), on=master, how="left", maintain_order="left")
    for one in some:
        cells = pl.all_horizontal([pl.col(column) == value for column, value in one.where.items()])
        quantity, value = pl.col("quantity"), float(one.value)  # type: ignore[arg-type]
        total = pl.when(cells).then(quantity).sum()
        new = {"set": pl.lit(value), "scale": quantity * value, "add": quantity * (total + value) / total}[one.operation]
        wide = wide.with_columns(quantity=pl.when(cells).then(new).otherwise(quantity))
    return wide.select(tables["demand_plan"].columns)


_ATTRIBUTES = {"item": ["family"], "market": ["region"], "period": ["quarter"]}


def main() -> None:
    """Print the seconds that overrides take, untold and told, beside the plain way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows and overrides")
    share = 10 if parser.parse_args().quick else 1
    items, count, few = ITEMS // share, 10_000 // share, 300 // share
    tables = company(items)
    begun = time.perf_counter()
    made = tuple(overrides(count, items))
    print(f"{tables['demand_plan'].height:,} rows, {count:,} overrides (made and checked in {time.perf_counter() - begun:.2f} s)")
    masters = {name: tables[name] for name in ("item", "market", "period")}
    lay(tables["demand_plan"], made[:10], (), "demand_plan", masters)
    begun = time.perf_counter()
    quick = lay(tables["demand_plan"], made, (), "demand_plan", masters).frame
    seconds = time.perf_counter() - begun
    begun = time.perf_counter()
    told = lay(tables["demand_plan"], made, (), "demand_plan", masters, tell=True)
    effect_table(told.effects)
    telling = time.perf_counter() - begun
    begun = time.perf_counter()
    slow = plain(tables, list(made[:few]))
    plainly = (time.perf_counter() - begun) * count / few
    same = lay(tables["demand_plan"], made[:few], (), "demand_plan", masters).frame
    most = float((same.get_column("quantity") - slow.get_column("quantity")).abs().max())  # type: ignore[arg-type]
    print(f"{'laid':<42}{seconds:>8.2f} s   total {quick.get_column('quantity').sum():,.1f}")
    cells = sum(part.height for part in told.cells)
    print(f"{f'laid, and each told ({cells:,} cells)':<42}{telling:>8.2f} s")
    print(f"{f'plainly ({few} laid, extrapolated)':<42}{plainly:>8.2f} s   largest difference {most:.1e}")
    print(f"Most memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


if __name__ == "__main__":
    main()
