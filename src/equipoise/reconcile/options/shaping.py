"""Levers on demand: price, promotion, backlog that is accepted, and how short supply is shared."""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence

import polars as pl

from equipoise.reconcile.gaps.sentence import PERIOD_NOUN
from equipoise.reconcile.options.company import Company
from equipoise.reconcile.options.lever import KIND_WORDS, Lever, Meter, Row, Tables, change, sums
from equipoise.scenario import Override
from equipoise.tables.figures import quantity, share, span

_QUARTER = {"month": 3, "week": 13, "quarter": 1, "4-4-5": 3}


def campaign(company: Company, effective: dt.date, gap: Sequence[dt.date]) -> list[dt.date]:
    """Return the periods of a promotion or a price: those of the gap that it can still reach, else a quarter from when it can begin."""
    reached = [period for period in gap if period >= effective]
    return reached or company.periods(effective)[: _QUARTER[company.calendar.cadence]]


def promotion(row: Row, company: Company, periods: Sequence[dt.date], size: float) -> Lever:
    """Return units added to the demand of an item or a family in each of some periods, shared in proportion to what is planned."""
    overrides = tuple(
        Override.model_validate(
            {
                "table": "demand_plan",
                "where": {**_of(row.target, company), "period": period},
                "operation": "add",
                "value": size,
                "split": "proportional",
                "reason": row.name,
            }
        )
        for period in periods
    )
    items = company.items(row.target)
    unit = _unit(company, items)
    return Lever(
        name=_sized(row, size),
        kind="promotion",
        target=row.target,
        statement=f"{row.name}: {quantity(size, unit)} more a {PERIOD_NOUN[company.calendar.cadence]} {_when(company, periods)}",
        overrides=overrides,
        unit=unit,
        meter=_more_demand(company, items),
        one_off=row.one_off_cost or 0.0,
        running=row.running_cost or 0.0,
        inside=False,
        catch="Part of it may be demand that only comes earlier; the plan counts all of it as new.",
    )


def _sized(row: Row, size: float) -> str:
    told = share(size) if row.kind == "price" else f"{size:,.10g}"
    return row.name if len(row.sizes) < 2 else f"{row.name} by {told}"


def _when(company: Company, periods: Sequence[dt.date]) -> str:
    return span(periods[0], periods[-1], company.calendar)


def _of(target: str, company: Company) -> dict[str, object]:
    return {"family": target} if company.is_family(target) else {"item": target}


def _unit(company: Company, items: Sequence[str]) -> str:
    units = company.tables["item"].filter(pl.col("item").is_in(list(items))).get_column("unit").drop_nulls().unique().to_list()
    return str(units[0]) if len(units) == 1 else "unit"


def _more_demand(company: Company, items: Sequence[str]) -> Meter:
    """Count the units of demand that the plan of record does not have."""
    before = sums(company.tables["demand_plan"].filter(pl.col("item").is_in(list(items))))

    def meter(tables: Tables) -> dict[dt.date, float]:
        after = sums(tables["demand_plan"].filter(pl.col("item").is_in(list(items))))
        return {period: max(0.0, size - before.get(period, 0.0)) for period, size in after.items()}

    return meter


def price(row: Row, company: Company, periods: Sequence[dt.date], size: float, *, up: bool) -> Lever:
    """Return another price of an item or a family in some periods: up where supply is short, down where it is too much.

    Demand follows with constant elasticity: quantity times (1 + change) ** elasticity (Talluri and van Ryzin, The Theory and Practice of
    Revenue Management, 2004, section 7.3).
    """
    factor = 1 + size if up else 1 - size
    where = {**_of(row.target, company), "period": tuple(periods)}
    follows = factor ** (row.elasticity or 0.0)
    overrides = (
        change("demand_plan", "unit_price", "scale", factor, row.name, **where),
        change("demand_plan", "quantity", "scale", follows, row.name, **where),
    )
    way, moves = "higher" if up else "lower", "rises" if follows >= 1 else "falls"
    return Lever(
        name=f"{_sized(row, size)}, {way}",
        kind="price",
        target=row.target,
        statement=f"{row.name} {share(size)} {way} {_when(company, periods)}; demand {moves} by {share(abs(follows - 1))}",
        overrides=overrides,
        unit=_unit(company, company.items(row.target)),
        meter=_changed_demand(company, row.target),
        one_off=row.one_off_cost or 0.0,
        running=row.running_cost or 0.0,
        inside=False,
        catch="Competitors may follow, and customers remember prices." if up else "Customers may stock up and buy less later.",
    )


def _changed_demand(company: Company, target: str) -> Meter:
    more = _more_demand(company, company.items(target))
    before = sums(company.tables["demand_plan"].filter(pl.col("item").is_in(list(company.items(target)))))

    def meter(tables: Tables) -> dict[dt.date, float]:
        after = sums(tables["demand_plan"].filter(pl.col("item").is_in(list(company.items(target)))))
        fewer = {period: max(0.0, size - after.get(period, 0.0)) for period, size in before.items()}
        return {period: max(fewer.get(period, 0.0), size) for period, size in more(tables).items()}

    return meter


def backlog(row: Row, company: Company) -> Lever:
    """Return that demand of an item, a family or a market may be served late where the tables forbid it."""
    where = {"market": row.target} if row.target in company.names("market", "market") else _of(row.target, company)
    of_market = "market" in where
    items = list(company.tables["item"].get_column("item")) if of_market else company.items(row.target)
    concerned = pl.col("market") == row.target if of_market else pl.col("item").is_in(list(items))
    overrides = (change("demand_policy", "backlog_allowed", "set", True, row.name, **where),)
    return Lever(
        name=row.name,
        kind="backlog",
        target=row.target,
        statement=f"{KIND_WORDS['backlog']} {row.target}, with customers' consent",
        overrides=overrides,
        unit=_unit(company, items),
        meter=_late(company, concerned),
        one_off=row.one_off_cost or 0.0,
        running=row.running_cost or 0.0,
        inside=False,
        catch="Customers must agree to wait.",
    )


def _late(company: Company, concerned: pl.Expr) -> Meter:
    def waiting(tables: Tables) -> dict[dt.date, float]:
        rows = tables["shortage"].filter(concerned)
        return sums(rows.with_columns(pl.col("backlog").fill_null(0.0)), "backlog")

    before = waiting(company.tables)
    return lambda tables: {period: max(0.0, size - before.get(period, 0.0)) for period, size in waiting(tables).items()}


def allocations(company: Company) -> Iterator[Lever]:
    """Yield how short supply may be shared otherwise: by priority of markets, or by what brings the most margin."""
    today = company.setting.supply.objective
    ways: dict[str, tuple[str, str, Callable[[], bool]]] = {
        "service": (
            "market priority",
            "Markets of lower priority wait, whatever they bring.",
            lambda: company.tables["market"].get_column("priority").drop_nulls().n_unique() > 1,
        ),
        "profit": ("margin", "Customers who bring less wait, whoever they are.", lambda: True),
    }
    for objective, (word, catch, makes_sense) in ways.items():
        if objective != today and makes_sense():
            overrides = (change("setting", "value", "set", f'"{objective}"', f"Allocate by {word}", setting="supply.objective"),)
            yield Lever(
                name=f"Allocate by {word}",
                kind="allocation",
                target=word,
                statement=f"Share short supply by {word}",
                overrides=overrides,
                unit="unit",
                meter=_moved(company),
                catch=catch,
            )


def _moved(company: Company) -> Meter:
    """Count the units that other customers get than in the plan of record."""
    key = ["item", "market", "period"]
    before = company.tables["shortage"].select(*key, before="shipped")

    def meter(tables: Tables) -> dict[dt.date, float]:
        both = tables["shortage"].select(*key, "shipped").join(before, on=key, how="left", maintain_order="left")
        return sums(both.with_columns(moved=(pl.col("shipped") - pl.col("before").fill_null(0.0)).clip(0.0)), "moved")

    return meter


def build_ahead(row: Row | None, company: Company) -> Lever | None:
    """Return that stock is built ahead of a peak where a strategy or a most of stock keeps the plan from it; None where none does."""
    overrides: list[Override] = []
    strategy = company.setting.supply.strategy
    target = row.target if row is not None else "all items"
    name = row.name if row is not None else "Build ahead"
    if strategy in {"chase", "level_output", "level_workforce", "hybrid"}:
        overrides.append(change("setting", "value", "set", '"optimal"', name, setting="supply.strategy"))
    if row is not None and row.most:
        policy = company.tables["inventory_policy"].filter(pl.col("item").is_in(list(company.items(target))))
        if policy.get_column("maximum").is_not_null().any():
            where = {"item": tuple(company.items(target))}
            overrides.append(change("inventory_policy", "maximum", "add", row.most, name, **where))
    if not overrides:
        return None
    return Lever(
        name=name,
        kind="pre_build",
        target=target,
        statement=f"Build {target} ahead of the peak",
        overrides=tuple(overrides),
        unit="unit",
        meter=_more_stock(company, company.items(target) if row is not None else ()),
        one_off=(row.one_off_cost or 0.0) if row is not None else 0.0,
        running=(row.running_cost or 0.0) if row is not None else 0.0,
        inside=False,
        catch="Stock that is built ahead may be the wrong one when demand comes.",
    )


def _more_stock(company: Company, items: Sequence[str]) -> Meter:
    def held(tables: Tables) -> dict[dt.date, float]:
        rows = tables["inventory_plan"]
        return sums(rows.filter(pl.col("item").is_in(list(items))) if items else rows)

    before = held(company.tables)
    return lambda tables: {period: max(0.0, size - before.get(period, 0.0)) for period, size in held(tables).items()}
