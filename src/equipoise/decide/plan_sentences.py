"""Sentences about the plan in units: headline, demand, supply, gaps."""

from collections.abc import Iterator

import polars as pl

from equipoise.decide.readings import PERIOD_NOUN, first_causes, rank_of, rows, total
from equipoise.dimensions.calendar import Calendar
from equipoise.tables.figures import listing, money, named, number, plural, quantity, share, span
from equipoise.tables.main_gaps import main_gaps
from equipoise.tables.setting import Setting

MOST_GAPS = 8
MOST_OF_A_KIND = 2


def unit_of(demand_plan: pl.DataFrame, item: pl.DataFrame) -> str:
    """Return the unit that all items in demand share, else unit."""
    units = item.join(demand_plan, on="item", how="semi", maintain_order="left")["unit"].drop_nulls().unique().to_list()
    return units[0] if len(units) == 1 else "unit"


def headline_sentences(
    demand_plan: pl.DataFrame,
    shortage: pl.DataFrame,
    gap: pl.DataFrame,
    financials: pl.DataFrame,
    violation: pl.DataFrame,
    item: pl.DataFrame,
    plan: Setting,
) -> Iterator[str]:
    """Yield the message of the plan in a few sentences: is demand served, what is left over, the largest gap, the money."""
    demand, unit = total(demand_plan, "quantity"), unit_of(demand_plan, item)
    if demand <= 0:
        yield "There is no demand to plan for."
        return
    if violation.height:
        yield f"The plan cannot be carried out as it stands: {number(violation.height)} {plural('rule', violation.height)} cannot hold."
    yield _served(demand, shortage, unit)
    surplus = gap.filter(pl.col("kind") == "supply_surplus").sort("rank").head(1)
    yield from (str(sentence) for sentence in surplus["sentence"].drop_nulls())
    short = main_gaps(gap).filter(pl.col("kind").is_in(["shortage", "late"])).sort("rank").head(1)
    yield from (f"The largest shortage: {sentence}" for sentence in short["sentence"].drop_nulls())
    lines = dict(
        financials.filter(pl.col("amount").is_not_null()).group_by("line", maintain_order=True).agg(pl.col("amount").sum()).iter_rows()
    )
    if "revenue" in lines:
        kept = f" and {money(lines['contribution'], plan.currency)} of contribution" if "contribution" in lines else ""
        periods = f"{plan.calendar.horizon} {plural(PERIOD_NOUN[plan.calendar.cadence], plan.calendar.horizon)}"
        yield f"The plan brings {money(lines['revenue'], plan.currency)} of revenue{kept} over {periods}."


def _served(demand: float, shortage: pl.DataFrame, unit: str) -> str:
    if shortage.is_empty():
        return f"Demand is {quantity(demand, unit)}; no supply is planned against it."
    lost = total(shortage, "lost")
    late = total(shortage.filter(pl.col("period") == pl.col("period").max()), "backlog")
    unserved = pl.col("backlog").fill_null(0.0) + pl.col("lost").fill_null(0.0)
    short = float(shortage.select(pl.min_horizontal(unserved, "demand").sum()).item())
    if short < 0.5:
        return f"Supply serves all demand of {quantity(demand, unit)} in the period it is asked for."
    level = share(max(0.0, 1 - short / demand), whole=False)
    parts = [f"{quantity(lost, unit)} would be lost"] if lost >= 0.5 else []
    parts += [f"{quantity(late, unit)} are still late at the end"] if late >= 0.5 else []
    parts += [("the rest" if parts else "the others") + " come late"] if lost + late < short - 0.5 else []
    return f"Of the demand of {quantity(demand, unit)}, {level} can be served in the period it is asked for; {listing(parts)}."


def demand_sentences(demand_plan: pl.DataFrame, item: pl.DataFrame, plan: Setting) -> Iterator[str]:
    """Yield how much is asked for, when most, and by which families."""
    calendar = Calendar.from_setting(plan.calendar)
    demand, unit = total(demand_plan, "quantity"), unit_of(demand_plan, item)
    if demand <= 0:
        yield "No demand is given."
        return
    by_period = demand_plan.group_by("period", maintain_order=True).agg(pl.col("quantity").sum()).sort("period")
    noun, count = PERIOD_NOUN[plan.calendar.cadence], by_period.height
    run = span(by_period["period"][0], by_period["period"][-1], calendar)
    yield f"Demand is {quantity(demand, unit)} {run}, {quantity(demand / count, unit)} a {noun} on average."
    high, low = (by_period.sort("quantity", "period", descending=[down, False]).row(0) for down in (True, False))
    if high[1] > low[1] * 1.05:
        most, least = (f"in {named(period, calendar)} ({quantity(units, unit)})" for period, units in (high, low))
        yield f"It is highest {most} and lowest {least}."
    families = item.select("item", pl.coalesce("family", "item").alias("family")).unique("item", maintain_order=True)
    shares = demand_plan.join(families, on="item", how="left", maintain_order="left").with_columns(
        pl.coalesce("family", "item").alias("family")
    )
    shares = (
        shares.group_by("family", maintain_order=True).agg(pl.col("quantity").sum()).sort("quantity", "family", descending=[True, False])
    )
    if shares.height > 1:
        yield f"By family: {listing([f'{family} {share(part / demand)}' for family, part in shares.iter_rows()], 5)}."
    orders = total(demand_plan, "orders")
    if orders > 0:
        yield f"{share(orders / demand)} of it is already ordered."


def supply_sentences(
    capacity_load: pl.DataFrame, inventory_plan: pl.DataFrame, violation: pl.DataFrame, solution: pl.DataFrame, plan: Setting
) -> Iterator[str]:
    """Yield how far capacity is used, where it is full, overtime, stock, and how good the plan is."""
    limited = capacity_load.filter(pl.col("available") > 0)
    if limited.is_empty():
        yield "No capacity is given, so supply is limited by purchases and stock alone."
    else:
        yield from _capacity(limited, plan)
    if inventory_plan.height:
        yield from _stock(inventory_plan)
    facts = dict(solution.select("fact", "value").iter_rows())
    status = str(facts.get("status") or "").lower()
    if status == "optimal" and violation.is_empty():
        yield "No better plan exists under the rules given: the plan is proven optimal."
    elif status and status != "optimal":
        yield f"The optimiser's verdict on the plan: {status.replace('_', ' ')}."


def _capacity(limited: pl.DataFrame, plan: Setting) -> Iterator[str]:
    calendar = Calendar.from_setting(plan.calendar)
    used = total(limited, "load") / total(limited, "available")
    by_resource = limited.group_by("resource", maintain_order=True).agg((pl.col("load").sum() / pl.col("available").sum()).alias("share"))
    name, busiest = by_resource.sort("share", "resource", descending=[True, False]).row(0)
    more = f"; the busiest resource is {name} with {share(busiest)}" if by_resource.height > 1 else ""
    yield f"Capacity is used to {share(used)} over the horizon{more}."
    full = limited.filter(pl.col("load") >= pl.col("available") * 0.999).sort("resource", "period")
    if full.height:
        counts = full.group_by("resource", maintain_order=True).len().sort("len", "resource", descending=[True, False])
        noun = PERIOD_NOUN[plan.calendar.cadence]
        yield f"Full: {listing([f'{resource} in {number(count)} {plural(noun, count)}' for resource, count in counts.iter_rows()], 5)}."
    overtime = limited.filter(pl.col("overtime") > 1e-6)
    if overtime.height:
        run = span(overtime["period"].min(), overtime["period"].max(), calendar)  # type: ignore[arg-type]
        names = listing(overtime["resource"].unique().sort().to_list())
        yield f"Overtime is {share(total(overtime, 'overtime') / total(limited, 'available'))} of regular capacity, on {names}, {run}."


def _stock(inventory_plan: pl.DataFrame) -> Iterator[str]:
    below = inventory_plan.filter(pl.col("shortfall") > 1e-6)
    if below.height:
        names = (
            below.group_by("item", maintain_order=True)
            .agg(pl.col("shortfall").sum())
            .sort("shortfall", "item", descending=[True, False])["item"]
        )
        yield f"Stock falls below target for {number(len(names))} {plural('item', len(names))}: {listing(names.to_list())}."
    elif inventory_plan["target"].fill_null(0.0).sum() > 0:
        yield "Stock stays at or above its targets."


def gap_sentences(gap: pl.DataFrame, gap_cause: pl.DataFrame) -> Iterator[str]:
    """Yield the largest gaps, at most two of a kind, each with the limit behind it."""
    shown = main_gaps(gap).sort("rank")
    largest = shown.filter(pl.col("rank").rank("ordinal").over("kind") <= MOST_OF_A_KIND).head(MOST_GAPS)
    if shown.is_empty():
        yield "No gap is larger than what is worth showing."
    behind = first_causes(gap_cause)
    told: set[str] = set()
    for row in rows(largest):
        cause = str(behind.get(rank_of(row), {}).get("sentence") or "")
        because = f" {cause}" if cause and cause not in told else ""
        told.add(cause)
        yield f"{row['sentence']}{because}"
    more = shown.height - largest.height
    if more > 0:
        yield f"{more} more {plural('gap', more)} {'is' if more == 1 else 'are'} listed apart."
