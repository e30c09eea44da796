"""Why the plan is what it is: the limits that bind and what one more unit is worth, and the rules that had to give way."""

import numpy as np
import numpy.typing as npt
import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.supply.assembly import Array, Block, Problem, relaxed
from equipoise.supply.explaining.material import scarce_material
from equipoise.supply.explaining.wording import ASKED, in_words, one_of
from equipoise.supply.explaining.worth import TINY, standing, unproven, worths
from equipoise.supply.formulation.firm import held_kinds, unknown_firm_plans
from equipoise.supply.solving.answer import Answer
from equipoise.tables import table
from equipoise.tables.figures import listing, quantity

_SERVICE = {"demand_served", "backlog_age", "ending_backlog", "minimum_fill"}
"""Rules about lateness itself, which are worth telling only where money or demand served depends on them."""
_NOISE = 1e-4
"""Share of an item's value that one more of a limit must be worth where rules gave way: their slack alone is worth about so little."""
_DEPENDS = {"labor_hours", "labor_overtime", "minimum_lot", "minimum_order", "minimum_load", "minimum_run"}
"""Limits that a decision makes, which are not one number."""


def _named(problem: Problem, block: Block, chosen: npt.NDArray[np.intp]) -> pl.DataFrame:
    """Return the chosen rows of an equation with period, its label, and their place."""
    labels = problem.model.memory(_labels, problem.model.net.calendar)
    rows = block.equation.rows.with_row_index("place")[chosen]
    unit = pl.col("unit").fill_null("unit") if "unit" in rows.columns else pl.lit("unit")
    return rows.with_columns(unit.alias("unit")).join(labels, on="t", how="left", maintain_order="left")


def _labels(calendar: Calendar) -> pl.DataFrame:
    """Return t, period and label of the periods of the horizon."""
    return pl.DataFrame(
        {"t": range(calendar.horizon), "period": list(calendar.periods), "label": [calendar.label(period) for period in calendar.periods]},
        schema={"t": pl.Int64, "period": pl.Date, "label": pl.String},
    )


def binding(problem: Problem, answer: Answer, *, proofs: bool = True) -> pl.DataFrame:
    """Return the table binding: every limit that binds and what one unit more and one unit less of it is worth.

    Values are money: the model's own prices are left out of them. Where no money is known they are empty, and the sentence says how many
    more units of demand one more unit would serve. For a least amount one unit more costs, so the value is negative. Where things come
    whole, they are held as they are. How a value is known, and over what range it holds, `worths` says; limits that turn out to be worth
    nothing either way are left out. Without `proofs` values are those of the basis, and no range is looked for.
    """
    money_known = bool(np.any(problem.money != 0))
    at = standing(problem, answer) if proofs or _needs_standing(problem, answer) else None
    known = answer if at is None else at.answer
    parts = [_binding(problem, known, block) for block in problem.blocks if block.rule.limit]
    asked = pl.concat([pl.DataFrame(schema=ASKED), *(part for part in parts if part is not None), scarce_material(problem, known)])
    if at is None or not proofs:
        rates = (known.money_duals, known.served_duals, known.late_duals)
        found = unproven(np.stack(rates)[:, asked.get_column("row").to_numpy()] * asked.get_column("sign").to_numpy())
    else:
        found = worths(at, asked, problem.model.net.setting.supply.proofs, 0 if money_known else 1)
    rows = pl.concat([asked, found], how="horizontal")
    figures = ("value", "value_less", "serves", "serves_less", "sooner")
    noise = _NOISE * problem.model.prices.scale if answer.elastic else 0.0
    rows = rows.with_columns(pl.when(pl.col(name).abs() >= noise).then(name).otherwise(pl.col(name) * 0) for name in figures[:2])
    rows = rows.filter(pl.col("stuck_more") | pl.col("stuck_less") | pl.any_horizontal(pl.col(name).abs() > TINY for name in figures))
    made = table("binding")
    told = pl.concat([made.empty(), _told(rows, money_known=money_known, held=_held(problem)), _no_source(problem)])
    return told.sort(made.keys, nulls_last=False)


def _needs_standing(problem: Problem, answer: Answer) -> bool:
    """Whether the duals of the answer are not yet those of the plan as it stands: whole decisions are taken, or rules gave way."""
    return answer.basis is None or answer.elastic or bool(problem.whole.any())


def _binding(problem: Problem, answer: Answer, block: Block) -> pl.DataFrame | None:
    """Return the rows of an equation that bind, as `worths` and `in_words` need them."""
    span = slice(block.start, block.stop)
    money, served, late = answer.money_duals[span], answer.served_duals[span], answer.late_duals[span]
    matters = np.abs(answer.duals[span]) > TINY
    delays = (np.abs(late) > TINY) & (block.rule.name not in _SERVICE)
    matters &= (np.abs(money) > _ordinary(problem, block)) | (np.abs(served) > TINY) | delays
    chosen = np.flatnonzero(matters)
    if not len(chosen):
        return None
    rows = _named(problem, block, chosen)
    lower, upper = rows.get_column("lower").to_numpy(), rows.get_column("upper").to_numpy()
    above = np.isfinite(upper) & ((answer.duals[span][chosen] > 0) | ~np.isfinite(lower))
    bounds = np.where(above, upper, lower)
    shown = np.full(len(chosen), np.nan) if block.rule.name in _DEPENDS else _decided(problem, answer, block, chosen, bounds)
    ends = [_start(block, row, is_above) for row, is_above in zip(rows.iter_rows(named=True), above.tolist(), strict=True)]
    return rows.select(
        pl.lit(block.rule.limit).alias("limit"),
        "subject",
        "period",
        "unit",
        pl.Series("limited_to", shown, dtype=pl.Float64, nan_to_null=True),
        pl.Series("row", chosen + block.start, dtype=pl.Int64),
        pl.lit(1.0).alias("sign"),
        pl.Series("above", above, dtype=pl.Boolean),
        pl.Series("start", ends, dtype=pl.String),
    )


def _decided(problem: Problem, answer: Answer, block: Block, chosen: npt.NDArray[np.intp], bounds: Array) -> Array:
    """Return the limits with what was decided about them: the capacity of a line that runs, with its steps and less its stops."""
    if block.rule.name not in {"regular_capacity", "overtime_limit"}:
        return bounds
    entries = block.equation.entries
    decisions = pl.concat([problem.model[name].select("column") for name in ("open", "step", "maintain")])
    entries = entries.join(decisions, on="column", how="semi", maintain_order="left")
    taken = entries.get_column("coefficient").to_numpy() * answer.values[entries.get_column("column").to_numpy()]
    return bounds - np.bincount(entries.get_column("row").to_numpy(), taken, minlength=block.equation.rows.height)[chosen]


def _ordinary(problem: Problem, block: Block) -> Array:
    """Return the value from which each row is worth telling.

    A target that costs no more than carrying its stock, or than its own price of missing it, is no limit; it is one where it leaves
    customers short.
    """
    if block.rule.name not in {"target_stock", "minimum_stock"}:
        return np.full(block.equation.rows.height, TINY)
    rates = problem.model["stock"].select("point", "t", "holding_rate")
    rows = block.equation.rows.select("point", "t").join(rates, on=["point", "t"], how="left", maintain_order="left")
    prices = problem.model["shortfall"].select("point", "t", "shortfall_cost", "ending_price")
    rows = rows.join(prices, on=["point", "t"], how="left", maintain_order="left")
    priced = pl.col("shortfall_cost").fill_null(0.0) + pl.col("ending_price").fill_null(0.0)
    return rows.select(pl.max_horizontal(1.5 * pl.col("holding_rate").fill_null(0.0), 1.001 * priced) + TINY).to_series().to_numpy()


def _start(block: Block, row: dict[str, object], above: bool) -> str:
    words = {"unit": one_of(str(row["unit"])), "subject": row["subject"], "period": row["label"] or "the horizon"}
    more, less = block.rule.more, block.rule.less
    return ((more or less) if above else (less or more)).format(**words)


def _told(rows: pl.DataFrame, *, money_known: bool, held: str) -> pl.DataFrame:
    """Return the limits with their worth as rows of the table binding."""
    sentences = [in_words(row, money_known=money_known, held=held) for row in rows.iter_rows(named=True)]
    low, high = pl.col("limited_to") - pl.col("less"), pl.col("limited_to") + pl.col("more")
    low = pl.when(pl.col("limited_to") >= 0).then(low.clip(0.0)).otherwise(low)
    money = [pl.col(name) if money_known else pl.lit(None, pl.Float64).alias(name) for name in ("value", "value_less")]
    return table("binding").conform(
        rows.with_columns(
            *money,
            pl.when(low.is_finite()).then(low).alias("holds_from"),
            pl.when(high.is_finite()).then(high).alias("holds_to"),
            pl.Series("sentence", sentences, dtype=pl.String),
        )
    )


def _held(problem: Problem) -> str:
    """Return what comes whole and is held as it is while a limit is valued, in words."""
    names = {
        "lots": "lots",
        "order_lots": "lots of orders",
        "loads": "loads of lanes",
        "setup": "set-ups",
        "order": "orders",
        "use": "lanes in use",
        "open": "running lines",
        "opening": "sites",
    }
    names |= {"closing": "sites", "step": "capacity steps", "maintain": "maintenance stops", "workers": "workers"}
    whole = [word for family, word in names.items() if problem.whole[problem.model[family].get_column("column").to_numpy()].any()]
    return listing(list(dict.fromkeys(whole)), most=len(names))


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
            chosen = np.flatnonzero(missed > TINY)
            if len(chosen):
                parts.append(_violation(problem, block, chosen, missed[chosen]))
    found = pl.concat([*parts, _lost_firm_plans(problem)])
    return found.sort(made.keys, nulls_last=False)


def _violation(problem: Problem, block: Block, chosen: npt.NDArray[np.intp], missed: Array) -> pl.DataFrame:
    rows = _named(problem, block, chosen)
    sentences = []
    for row, missed_by in zip(rows.iter_rows(named=True), missed, strict=True):
        amount = quantity(missed_by, row["unit"])
        template = block.rule.broken or f"{{subject}} breaks {block.rule.limit} by {{quantity}} in {{period}}."
        sentences.append(template.format(subject=row["subject"], quantity=amount, period=row["label"] or "the horizon"))
    return table("violation").conform(
        rows.with_columns(
            pl.lit(block.rule.limit).alias("rule"), pl.Series("quantity", missed), pl.Series("sentence", sentences, dtype=pl.String)
        )
    )


def _lost_firm_plans(problem: Problem) -> pl.DataFrame:
    """Return the firm plans whose key names nothing that can happen in their period."""
    plan = problem.model.net.firm_plan.join(
        problem.model.memory(unknown_firm_plans, problem.model), on=["kind", "key", "t"], how="semi", maintain_order="left"
    )
    asks = pl.coalesce("fixed", "minimum").fill_null(0.0)
    calendar = problem.model.net.calendar
    label = pl.col("t").replace_strict({t: calendar.label(period) for t, period in enumerate(calendar.periods)}, return_dtype=pl.String)
    said = "The firm {} of {} in {} cannot be obeyed: nothing of that name can happen then."
    plan = plan.filter(asks > 0).with_columns(
        pl.format("firm {}", "kind").alias("rule"),
        pl.col("key").alias("subject"),
        asks.alias("quantity"),
        pl.format(said, "kind", "key", label).alias("sentence"),
    )
    return table("violation").conform(plan)


def solution(problem: Problem, answer: Answer, tables: dict[str, pl.DataFrame], clash: str = "") -> pl.DataFrame:
    """Return the table solution: how the plan was solved, as facts. Nothing in it changes from run to run. `clash` says what fights."""
    model = problem.model
    setting = model.net.setting.supply
    money = tables["cost"].filter(pl.col("class") != "penalty").get_column("amount").sum()
    loose = model.memory(relaxed, model)
    facts: list[tuple[str, str]] = [
        ("status", answer.status),
        ("limits", "hold as given" if tables["violation"].is_empty() else _gave_way(tables["violation"].height)),
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
    if clash:
        facts.append(("clash", clash))
    held = model.memory(held_kinds, model)
    if model.net.calendar.frozen and held.is_empty() and setting.strategy != "given":
        facts.append(("frozen fence", "no firm plan inside it: its periods are planned freely"))
    elif held.height:
        facts.append(("frozen fence", "only what the firm plan names happens: " + ", ".join(sorted(set(held.get_column("kind"))))))
    facts.append(("ties", "shortage of equal demands in proportion to need; equal work spread over resources; nothing earlier than needed"))
    return table("solution").conform(pl.DataFrame(facts, schema={"fact": pl.String, "value": pl.String}, orient="row"))


def _gave_way(rules: int) -> str:
    return "1 rule gave way" if rules == 1 else f"{rules} rules gave way"


def _integers(problem: Problem, loose: list[str]) -> str:
    if loose:
        return "relaxed, so in fractions or not kept: " + ", ".join(loose)
    return f"{int(problem.whole.sum())} unknowns come whole" if problem.whole.any() else "none asked for"
