"""Sentences about money and scenarios, and about what is missing to say more."""

from collections.abc import Iterator

import polars as pl

from equipoise.decide.readings import PERIOD_NOUN, Scenarios
from equipoise.dimensions.calendar import Calendar
from equipoise.tables.figures import listing, money, number, plural, quantity, share, span
from equipoise.tables.setting import Setting


def scenario_sentences(scenario_result: pl.DataFrame, plan: Setting) -> Iterator[str]:
    """Yield a sentence or two for each scenario: demand, what is short and why, money against the base plan."""
    scenarios = Scenarios.of(scenario_result)
    if not scenarios.others:
        yield "No scenarios were run."
    for name in scenarios.others:
        title = f"{name[:1].upper()}{name[1:]}"
        failure = scenarios.failure(name)
        yield f"{title} could not be run: {failure}" if failure else _scenario(scenarios, name, title, plan)


def _scenario(scenarios: Scenarios, name: str, title: str, plan: Setting) -> str:
    demand, more = scenarios.value(name, "demand") or 0.0, scenarios.difference(name, "demand")
    unit, horizon, noun = scenarios.unit(name, "demand"), plan.calendar.horizon, PERIOD_NOUN[plan.calendar.cadence]
    base = demand - (more or 0.0)
    against = f", {share(abs(more) / base)} {'more' if more > 0 else 'less'} than the base plan" if more and base else ""
    parts = [f"{title}: demand is {quantity(demand / horizon, unit)} a {noun}{against}."]
    why, level = scenarios.note(name, "shortage"), scenarios.value(name, "service_level")
    if why:
        parts.append(why)
    elif level is not None and level < 0.9995:
        parts.append(f"{share(level, whole=False)} of it can be served in the period it is asked for.")
    else:
        parts.append("All of it can be served.")
    changes = [
        f"{line.replace('_', ' ')} is {money(abs(change), plan.currency)} {'higher' if change > 0 else 'lower'}"
        for line in ("revenue", "contribution")
        if (change := scenarios.difference(name, line)) is not None and abs(change) >= 0.5
    ]
    if changes:
        text = listing(changes)
        parts.append(f"{text[:1].upper()}{text[1:]}.")
    load = scenarios.value(name, "average_utilisation")
    if load is not None:
        parts.append(f"Capacity is used to {share(load)}.")
    return " ".join(parts)


def money_sentences(
    financials: pl.DataFrame, bridge: pl.DataFrame, demand_plan: pl.DataFrame, item: pl.DataFrame, plan: Setting
) -> Iterator[str]:
    """Yield profit and loss, stock, cash, budget and the last cycle's plan, and what is not given."""
    planned = financials.filter(pl.col("amount").is_not_null())
    lines = dict(planned.group_by("line", maintain_order=True).agg(pl.col("amount").sum()).sort("line").iter_rows())
    yield from _profit(lines, plan)
    yield from _stock_value(planned, plan)
    yield from _cash(planned, lines, plan)
    yield from _budget(financials, bridge, plan)
    yield from _last_cycle(bridge, plan)
    yield from _missing(lines, demand_plan, item)


def _profit(lines: dict[str, float], plan: Setting) -> Iterator[str]:
    revenue, margin = lines.get("revenue"), lines.get("gross_margin")
    if revenue is not None:
        part = f" ({share(margin / revenue)})" if margin is not None and revenue else ""
        kept = f", gross margin {money(margin, plan.currency)}{part}" if margin is not None else ""
        yield f"Revenue is {money(revenue, plan.currency)}{kept} over the horizon."
    if "supply_cost" in lines:
        carried = f", carrying stock {money(lines['inventory_carrying'], plan.currency)}" if lines.get("inventory_carrying") else ""
        yield f"Supply costs {money(lines['supply_cost'], plan.currency)}{carried}."
    if "supply_variance" in lines and abs(lines["supply_variance"]) >= 0.5:
        side = "more" if lines["supply_variance"] > 0 else "less"
        yield f"That is {money(abs(lines['supply_variance']), plan.currency)} {side} than the standard cost of what it brings."
    if "contribution" in lines:
        taxed = f", {money(lines['contribution_after_tax'], plan.currency)} after tax" if "contribution_after_tax" in lines else ""
        yield f"What is left, the contribution, is {money(lines['contribution'], plan.currency)}{taxed}."


def _stock_value(planned: pl.DataFrame, plan: Setting) -> Iterator[str]:
    ends = (
        planned.filter(pl.col("line") == "inventory_value")
        .group_by("period", maintain_order=True)
        .agg(pl.col("amount").sum())
        .sort("period")
    )
    if ends.height:
        first, last, most = ends["amount"][0], ends["amount"][-1], float(ends["amount"].to_numpy().max())
        peak = f", at most {money(most, plan.currency)}" if most > max(first, last) * 1.005 else ""
        start, end = money(first, plan.currency), money(last, plan.currency)
        yield f"Stock is worth {start} at the end of the first period and {end} at the end of the last{peak}."


def _cash(planned: pl.DataFrame, lines: dict[str, float], plan: Setting) -> Iterator[str]:
    """Cash flow, and working capital at both ends of the horizon."""
    if "cash_flow" not in lines:
        return
    apart = ", without what suppliers are still owed from before it" if plan.finance.payable_days else ""
    yield f"Cash flow is {money(lines['cash_flow'], plan.currency)} over the horizon{apart}."
    tied = planned.filter(pl.col("line") == "working_capital").group_by("period", maintain_order=True).agg(pl.col("amount").sum())
    ends = tied.sort("period")["amount"]
    if len(ends):
        start, end = money(ends[0], plan.currency), money(ends[-1], plan.currency)
        yield f"Working capital is {start} at the end of the first period and {end} at the end of the last."


def _last_cycle(bridge: pl.DataFrame, plan: Setting) -> Iterator[str]:
    """What changed since the last cycle's plan, over the periods that both have."""
    for line in ("revenue", "gross_margin"):
        levels = bridge.filter((pl.col("against") == "last_cycle") & (pl.col("measure") == line) & (pl.col("kind") == "level"))
        if levels.is_empty():
            continue
        before, now = (float(levels.sort("position")["amount"][place]) for place in (0, -1))
        name, over = line.replace("_", " ").capitalize(), "over the periods that both have"
        if abs(now - before) < 0.0005 * abs(before):
            yield f"{name} is what the last cycle planned {over}."
            continue
        side = "above" if now > before else "below"
        gap, steps = money(abs(now - before), plan.currency), _steps(bridge, "last_cycle", line, plan)
        yield f"{name} is {gap} {side} the last cycle's plan {over}{steps}."


def _budget(financials: pl.DataFrame, bridge: pl.DataFrame, plan: Setting) -> Iterator[str]:
    calendar = Calendar.from_setting(plan.calendar)
    judged = financials.filter(pl.col("budget").is_not_null() & pl.col("amount").is_not_null())
    for line in ("revenue", "gross_margin"):
        rows = judged.filter(pl.col("line") == line)
        budget, planned = (float(rows[column].sum()) for column in ("budget", "amount"))
        if rows.is_empty() or not budget:
            continue
        run = span(rows["period"].min(), rows["period"].max(), calendar)  # type: ignore[arg-type]
        name = line.replace("_", " ").capitalize()
        if abs(planned - budget) < 0.0005 * abs(budget):
            yield f"{name} is on budget {run}."
            continue
        side = "above" if planned > budget else "below"
        gap = money(abs(planned - budget), plan.currency)
        yield f"{name} is {gap} ({share(abs(planned - budget) / abs(budget))}) {side} budget {run}{_steps(bridge, 'budget', line, plan)}."


def _steps(bridge: pl.DataFrame, against: str, measure: str, plan: Setting) -> str:
    """What the difference is made of, the largest first."""
    own = bridge.filter(pl.col("against") == against)
    steps = own.filter((pl.col("measure") == measure) & (pl.col("kind") == "change") & (pl.col("amount").abs() >= 0.5))
    steps = steps.sort(pl.col("amount").abs(), "position", descending=[True, False])
    signed = [
        f"{step.lower()} {'+' if change > 0 else '-'}{money(abs(change), plan.currency)}"
        for step, change in steps.select("step", "amount").iter_rows()
    ]
    return f": {listing(signed, 5)}" if signed else ""


def _missing(lines: dict[str, float], demand_plan: pl.DataFrame, item: pl.DataFrame) -> Iterator[str]:
    """What was not given, and what is therefore not shown."""
    sold = demand_plan.filter(pl.col("quantity") > 0)
    unpriced = sold.filter(pl.col("unit_price").is_null())["item"].n_unique()
    items = item.join(sold, on="item", how="semi", maintain_order="left")
    uncosted = items["unit_cost"].null_count()
    if "revenue" not in lines:
        yield "No prices are given, so there is no revenue and no margin."
    elif unpriced:
        yield f"{_left_out(unpriced, 'price')}: revenue leaves {'it' if unpriced == 1 else 'them'} out."
    if items.height and uncosted == items.height:
        also = "" if "supply_cost" in lines else " and no costs of supply"
        yield f"No standard costs{also} are given, so no margin is shown."
    elif uncosted:
        yield f"{_left_out(uncosted, 'standard cost')}: gross margin leaves {'it' if uncosted == 1 else 'them'} out."
    if "contribution" not in lines and "gross_margin" in lines:
        yield "The contribution is not shown: some items in demand or in stock have no price or no standard cost."


def _left_out(count: int, what: str) -> str:
    return f"{number(count)} {plural('item', count)} in demand {'has' if count == 1 else 'have'} no {what}"
