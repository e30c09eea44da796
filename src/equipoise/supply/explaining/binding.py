"""Why the plan is what it is: the limits that bind and what one more unit is worth, and the rules that had to give way."""

import numpy as np
import numpy.typing as npt
import polars as pl

from equipoise.supply.assembly import Array, Block, Problem, relaxed
from equipoise.supply.formulation.firm import held_kinds, unknown_firm_plans
from equipoise.supply.explaining.material import one_of, scarce_material
from equipoise.supply.solving.answer import Answer
from equipoise.tables import table

_TINY = 1e-6


def _named(problem: Problem, block: Block, chosen: npt.NDArray[np.intp]) -> pl.DataFrame:
    """Return the chosen rows of an equation with period, its label, and their place."""
    calendar = problem.model.net.calendar
    labels = pl.DataFrame(
        {"t": range(calendar.horizon), "period": list(calendar.periods), "label": [calendar.label(period) for period in calendar.periods]},
        schema={"t": pl.Int64, "period": pl.Date, "label": pl.String},
    )
    rows = block.equation.rows.with_row_index("place")[chosen]
    unit = pl.col("unit").fill_null("unit") if "unit" in rows.columns else pl.lit("unit")
    return rows.with_columns(unit.alias("unit")).join(labels, on="t", how="left", maintain_order="left")


def binding(problem: Problem, answer: Answer) -> pl.DataFrame:
    """Return the table binding: every limit that binds and the gain of one unit more of it.

    The value is money: the model's own prices are left out of it. Where no money is known, it is empty, and the sentence says how many more
    units of demand one more unit would serve. For a least amount one unit more costs, so the value is negative. Where lots or workers come
    whole, they are held as they are. A value holds for a small change.
    """
    money_known = bool(np.any(problem.money != 0))
    parts = [_binding(problem, answer, block, money_known) for block in problem.blocks if block.rule.limit]
    made = table("binding")
    material = scarce_material(problem, answer, money_known=money_known)
    found = pl.concat([made.empty(), *(part for part in parts if part is not None), _no_source(problem), material])
    return found.sort(made.keys, nulls_last=False)


def _binding(problem: Problem, answer: Answer, block: Block, money_known: bool) -> pl.DataFrame | None:
    span = slice(block.start, block.stop)
    money, served = answer.money_duals[span], answer.served_duals[span]
    matters = np.abs(answer.duals[span]) > _TINY
    matters &= (np.abs(money) > _ordinary(problem, block)) | (np.abs(served) > _TINY)
    chosen = np.flatnonzero(matters)
    if not len(chosen):
        return None
    rows = _named(problem, block, chosen)
    lower, upper = rows.get_column("lower").to_numpy(), rows.get_column("upper").to_numpy()
    total, money, served = answer.duals[span][chosen], money[chosen], served[chosen]
    from_above = np.isfinite(upper) & ((total > 0) | ~np.isfinite(lower))
    limits = _limit_values(block, rows, np.where(from_above, upper, lower))
    sentences = [
        _sentence(block, row, above, worth if money_known else None, serves)
        for row, above, worth, serves in zip(rows.iter_rows(named=True), from_above, money, served, strict=True)
    ]
    return table("binding").conform(
        rows.with_columns(
            pl.lit(block.rule.limit).alias("limit"),
            pl.Series("limited_to", limits, nan_to_null=True),
            pl.Series("value", money if money_known else [None] * len(money), dtype=pl.Float64),
            pl.Series("sentence", sentences, dtype=pl.String),
        )
    )


def _ordinary(problem: Problem, block: Block) -> Array:
    """Return the value from which each row is worth telling.

    A target that costs no more than carrying its stock, or than its own price of missing it, is no limit; it is one where it leaves
    customers short.
    """
    if block.rule.name not in {"target_stock", "minimum_stock"}:
        return np.full(block.equation.rows.height, _TINY)
    rates = problem.model["stock"].select("point", "t", "holding_rate")
    rows = block.equation.rows.select("point", "t").join(rates, on=["point", "t"], how="left", maintain_order="left")
    prices = problem.model["shortfall"].select("point", "t", "shortfall_cost", "ending_price")
    rows = rows.join(prices, on=["point", "t"], how="left", maintain_order="left")
    priced = pl.col("shortfall_cost").fill_null(0.0) + pl.col("ending_price").fill_null(0.0)
    return rows.select(pl.max_horizontal(1.5 * pl.col("holding_rate").fill_null(0.0), 1.001 * priced) + _TINY).to_series().to_numpy()


def _limit_values(block: Block, rows: pl.DataFrame, bounds: Array) -> Array:
    """Return the limits as a planner knows them. A limit that depends on a decision is not one number."""
    depends = block.rule.name in {"labor_hours", "labor_overtime", "minimum_lot", "minimum_order", "minimum_load", "minimum_run"}
    return np.full(rows.height, np.nan) if depends else bounds


def _sentence(block: Block, row: dict[str, object], from_above: bool, worth: float | None, serves: float) -> str:
    words = {"unit": one_of(str(row["unit"])), "subject": row["subject"], "period": row["label"] or "the horizon"}
    more, less = block.rule.more, block.rule.less
    template = (more or less) if from_above else (less or more)
    sign = 1.0 if from_above else -1.0
    start = template.format(**words)
    if worth is not None and abs(worth) > _TINY:
        return f"{start} is worth {sign * worth:,.2f}."
    gain = sign * serves
    return f"{start} would serve {gain:,.2f} more units of demand." if gain > 0 else f"{start} would serve demand earlier."


def _no_source(problem: Problem) -> pl.DataFrame:
    """Return the demands that nothing can serve: no route, purchase, lane or stock brings the item to its market."""
    model = problem.model
    served = model.net.places.ship.select("demand").unique()
    lost = model.net.demands.join(served, on="demand", how="anti", maintain_order="left").with_columns(
        pl.lit("no source").alias("limit"),
        pl.format("{} in {}", "item", "market").alias("subject"),
        pl.lit(0.0).alias("limited_to"),
        pl.lit(None, pl.Date).alias("period"),
        pl.format("Nothing brings {} to {}: all its demand is short.", "item", "market").alias("sentence"),
    )
    return table("binding").conform(lost)


def violation(problem: Problem, answer: Answer) -> pl.DataFrame:
    """Return the table violation: the rules that could not all hold, by how much each gave way, and firm plans that name nothing."""
    made = table("violation")
    parts = [made.empty()]
    for block in problem.blocks:
        if block.rule.limit:
            missed = np.maximum(answer.below, answer.above)[block.start : block.stop]
            chosen = np.flatnonzero(missed > _TINY)
            if len(chosen):
                parts.append(_violation(problem, block, chosen, missed[chosen]))
    found = pl.concat([*parts, _lost_firm_plans(problem)])
    return found.sort(made.keys, nulls_last=False)


def _violation(problem: Problem, block: Block, chosen: npt.NDArray[np.intp], missed: Array) -> pl.DataFrame:
    rows = _named(problem, block, chosen)
    sentences = []
    for row, quantity in zip(rows.iter_rows(named=True), missed, strict=True):
        amount = f"{quantity:,.2f} {row['unit']}"
        template = block.rule.broken or f"{{subject}} breaks {block.rule.limit} by {{quantity}} in {{period}}."
        sentences.append(template.format(subject=row["subject"], quantity=amount, period=row["label"] or "the horizon"))
    return table("violation").conform(
        rows.with_columns(
            pl.lit(block.rule.limit).alias("rule"), pl.Series("quantity", missed), pl.Series("sentence", sentences, dtype=pl.String)
        )
    )


def _lost_firm_plans(problem: Problem) -> pl.DataFrame:
    """Return the firm plans whose key names nothing that can happen in their period."""
    plan = problem.model.net.firm_plan.join(unknown_firm_plans(problem.model), on=["kind", "key", "t"], how="semi", maintain_order="left")
    asks = pl.coalesce("fixed", "minimum").fill_null(0.0)
    plan = plan.filter(asks > 0).with_columns(
        pl.format("firm {}", "kind").alias("rule"),
        pl.col("key").alias("subject"),
        asks.alias("quantity"),
        pl.format("The firm {} {} cannot be obeyed: the tables have no such thing in its period.", "kind", "key").alias("sentence"),
    )
    return table("violation").conform(plan)


def solution(problem: Problem, answer: Answer, tables: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Return the table solution: how the plan was solved, as facts. Nothing in it changes from run to run."""
    model = problem.model
    setting = model.net.setting.supply
    money = tables["cost"].filter(pl.col("class") != "penalty").get_column("amount").sum()
    loose = relaxed(model)
    facts: list[tuple[str, str]] = [
        ("status", answer.status),
        ("limits", "hold as given" if tables["violation"].is_empty() else f"{tables['violation'].height} rules gave way"),
        ("objective", f"{answer.objective:.6f}"),
        ("objective without the model's own prices", f"{money:.6f}"),
        ("bound", f"{answer.bound:.6f}"),
        ("gap", f"{answer.gap:.8f}"),
        ("columns", str(problem.columns)),
        ("rows", str(problem.rows)),
        ("nonzeros", str(len(problem.values))),
        ("objective kind", setting.objective),
        ("strategy", setting.strategy),
        ("integers", _integers(problem, loose)),
    ]
    held = held_kinds(model)
    if model.net.calendar.frozen and held.is_empty() and setting.strategy != "given":
        facts.append(("frozen fence", "no firm plan inside it: its periods are planned freely"))
    elif held.height:
        facts.append(("frozen fence", "only what the firm plan names happens: " + ", ".join(sorted(set(held.get_column("kind"))))))
    facts.append(("ties", "shortage of equal demands in proportion to need; equal work spread over resources; nothing earlier than needed"))
    return table("solution").conform(pl.DataFrame(facts, schema={"fact": pl.String, "value": pl.String}, orient="row"))


def _integers(problem: Problem, loose: list[str]) -> str:
    if loose:
        return "relaxed, so in fractions or not kept: " + ", ".join(loose)
    return f"{int(problem.whole.sum())} unknowns come whole" if problem.whole.any() else "none asked for"
