"""What profit may be sensitive to: prices, volumes, costs and capacities that the tables hold, each as the overrides that change it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from equipoise.reconcile.money.valuation import families
from equipoise.scenario import Condition, Override

MOST_FAMILIES = 12
MOST_RESOURCES = 8
_LOADED = 0.85
_BOUGHT = {"material": "buy", "subcontracting": "subcontract"}
_CONVERSION = (
    ("route", "unit_cost"),
    ("resource", "regular_cost"),
    ("resource", "overtime_cost"),
    ("workforce", "wage_per_period"),
    ("workforce", "overtime_wage_per_hour"),
)
_CAPACITY = (("capacity", "regular"), ("capacity", "overtime_limit"))


@dataclass(frozen=True)
class Cells:
    """The cells of one column of one table, by the values of a column or of an attribute of a key."""

    table: str
    column: str
    where: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Driver:
    """What is changed (price, volume, cost or capacity), of what (empty: of all), and the cells that hold it."""

    kind: str
    subject: str
    cells: tuple[Cells, ...]

    def overrides(self, factor: float) -> tuple[Override, ...]:
        """Return the overrides that multiply it by `factor`."""
        reason = f"Sensitivity of profit to {self.kind}"
        return tuple(
            Override(table=one.table, column=one.column, where=_conditions(one), operation="scale", value=factor, reason=reason)
            for one in self.cells
        )


def _conditions(cells: Cells) -> dict[str, Condition]:
    return dict(cells.where)


def in_words(kind: str, subject: str) -> str:
    """Return what is changed, in words: prices of Tents; demand; material costs; capacity of Line 1."""
    of = subject
    words = {
        "price": f"prices of {of}" if of else "prices",
        "volume": f"demand for {of}" if of else "demand",
        "cost": f"{of} costs" if of else "costs of supply",
    }
    return words.get(kind, f"{kind} of {of}")


def drivers(tables: Mapping[str, pl.DataFrame]) -> list[Driver]:
    """Return what may be changed: what has no cell that holds a number is left out.

    Price and volume, all and by family, at most twelve of them, the largest revenue first; cost of material, subcontracting, conversion
    and transport, and all of them; capacity of each resource that binds or is loaded above 85 %, at most eight, the most worth first.
    `tables` are those that the step reads.
    """
    found = [
        *_of_demand("price", "unit_price", tables),
        *_of_demand("volume", "quantity", tables),
        *_of_cost(tables),
        *_of_capacity(tables),
    ]
    return [driver for driver in found if driver.cells]


def _of_demand(kind: str, column: str, tables: Mapping[str, pl.DataFrame]) -> Iterator[Driver]:
    sold = tables["demand_plan"].filter((pl.col("quantity") > 0) & pl.col(column).is_not_null()).select("item").unique()
    if sold.is_empty():
        return
    yield Driver(kind, "", (Cells("demand_plan", column),))
    ranked = _by_revenue(sold, tables)
    if ranked.height > 1:
        for family, attribute in ranked.head(MOST_FAMILIES).iter_rows():
            yield Driver(kind, family, (Cells("demand_plan", column, ((attribute, family),)),))


def _by_revenue(sold: pl.DataFrame, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return the families of the items sold, the largest revenue first, and by which attribute an override finds them."""
    item = tables["item"]
    named = item.filter(pl.col("family").is_not_null())["item"]
    earned = tables["cost"].filter(pl.col("term") == "revenue").group_by("item", maintain_order=True).agg(pl.col("amount").sum())
    known = pl.concat([families(item), sold.join(item, on="item", how="anti", maintain_order="left").select("item", family="item")])
    rows = known.join(sold, on="item", how="semi", maintain_order="left").join(earned, on="item", how="left", maintain_order="left")
    attribute = pl.when(pl.col("item").is_in(named.implode())).then(pl.lit("family")).otherwise(pl.lit("item")).alias("attribute")
    sums = rows.with_columns(attribute).group_by("family", "attribute", maintain_order=True).agg(pl.col("amount").sum().round(6))
    return sums.sort(["amount", "family", "attribute"], descending=[True, False, False]).select("family", "attribute")


def _of_cost(tables: Mapping[str, pl.DataFrame]) -> Iterator[Driver]:
    priced = set(tables["purchase"].filter(pl.col("unit_cost").is_not_null())["kind"])
    bought = {name: (Cells("purchase", "unit_cost", (("kind", kind),)),) if kind in priced else () for name, kind in _BOUGHT.items()}
    parts = {**bought, "conversion": _held(tables, _CONVERSION), "transport": _held(tables, (("lane", "unit_cost"),))}
    for name, cells in parts.items():
        yield Driver("cost", name, cells)
    if sum(bool(cells) for cells in parts.values()) > 1:
        yield Driver("cost", "", tuple(one for cells in parts.values() for one in cells))


def _held(tables: Mapping[str, pl.DataFrame], columns: tuple[tuple[str, str], ...]) -> tuple[Cells, ...]:
    """Return the columns that hold a number somewhere."""
    return tuple(Cells(name, column) for name, column in columns if tables[name][column].is_not_null().any())


def _of_capacity(tables: Mapping[str, pl.DataFrame]) -> Iterator[Driver]:
    capacity = tables["capacity"]
    worth = pl.col("value").fill_null(0.0).abs() * pl.col("limited_to").fill_null(0.0)
    binding = tables["binding"].group_by(pl.col("subject").alias("resource"), maintain_order=True).agg(worth.sum().alias("worth"))
    share = pl.when(pl.col("available") > 0).then(pl.col("load") / pl.col("available")).max().alias("share")
    load = tables["capacity_load"].group_by("resource", maintain_order=True).agg(share)
    rows = capacity.select("resource").unique().join(binding, on="resource", how="left", maintain_order="left")
    rows = rows.join(load, on="resource", how="left", maintain_order="left").filter(
        pl.col("worth").is_not_null() | (pl.col("share") > _LOADED)
    )
    order = [pl.col("worth").fill_null(0.0).round(6), pl.col("share").fill_null(0.0).round(6), "resource"]
    for name in rows.sort(order, descending=[True, True, False]).head(MOST_RESOURCES)["resource"]:
        own = capacity.filter(pl.col("resource") == name)
        cells = (Cells(table, column, (("resource", name),)) for table, column in _CAPACITY if (own[column].fill_null(0.0) > 0).any())
        yield Driver("capacity", name, tuple(cells))
