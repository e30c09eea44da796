"""From budget to plan by price, volume and mix: adds up to the cent."""

from collections.abc import Sequence

import polars as pl

from equipoise.reconcile.money.valuation import families, given
from equipoise.tables import table

Step = tuple[str, float]


def price_volume_mix(elements: pl.DataFrame) -> list[Step]:
    """Return the steps from what was budgeted to what is planned: price, volume, mix, new, dropped, without units or price.

    `elements` has one row a thing sold, with quantity_0, amount_0 (budget) and quantity_1, amount_1 (plan). Of things in both,
    with P = amount / quantity and P̄ = ΣA0 / ΣQ0: price (P1 − P0) · Q1; volume P̄ · ΣΔQ; mix is the rest, Σ ΔQ · (P0 − P̄).
    New things have no budget, dropped ones no plan; things with an amount but no quantity, or marked `open` (planned, amount
    not known), stand apart. The steps add up to ΣA1 − ΣA0.
    Example: A from 100 at 10 to 110 at 11, B from 50 at 20 to 40 at 20: price 110, volume 0, mix −100, together 2,010 − 2,000.
    """
    both, new, dropped, unsplit = _apart(elements)
    quantity = both.select(pl.col("quantity_0", "quantity_1").sum()).row(0)
    amount_0 = float(both["amount_0"].sum())
    price = _sum(both, pl.col("amount_1") - pl.col("amount_0") / pl.col("quantity_0") * pl.col("quantity_1"))
    volume = (quantity[1] - quantity[0]) * amount_0 / quantity[0] if both.height else 0.0
    mix = float(both["amount_1"].sum()) - amount_0 - price - volume
    return [
        ("Price", price),
        ("Volume", volume),
        ("Mix", mix),
        ("New items", _change(new)),
        ("Dropped items", _change(dropped)),
        ("Without units or price", _change(unsplit)),
    ]


def _apart(elements: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Split into what is in both, new, dropped, and what has no quantity to split by."""
    filled = elements.with_columns(pl.col("quantity_0", "amount_0", "quantity_1", "amount_1").fill_null(0.0))
    whole = ~pl.col("open") if "open" in elements.columns else pl.lit(value=True)
    before, after = whole & (pl.col("quantity_0") > 0), whole & (pl.col("quantity_1") > 0)
    new = after & ~before & (pl.col("amount_0") == 0)
    dropped = before & ~after & (pl.col("amount_1") == 0)
    both = before & after
    return filled.filter(both), filled.filter(new), filled.filter(dropped), filled.filter(~(new | dropped | both))


def _sum(frame: pl.DataFrame, expression: pl.Expr) -> float:
    return float(frame.select(expression.sum()).item() or 0.0)


def _change(frame: pl.DataFrame) -> float:
    return _sum(frame, pl.col("amount_1") - pl.col("amount_0"))


def bridge(sold: pl.DataFrame, demanded: pl.DataFrame, budget: pl.DataFrame, item: pl.DataFrame) -> pl.DataFrame:
    """Return the table `bridge`: revenue, and gross margin where both sides have it; empty where no budget is given.

    `demanded` has item, market, period, quantity, revenue and gross_margin as if all demand were served, `sold` item, period,
    revenue and gross_margin of the plan; amounts are empty where prices or costs are not given. The bridge runs over the periods
    budgeted: to the demand plan by price, volume and mix, and from there to the plan by the demand that is not served in them.
    """
    rows: list[dict[str, object]] = []
    for measure in ("revenue", "gross_margin"):
        budgeted = budget.filter(pl.col(measure).is_not_null())
        periods = budgeted.select("period").unique()
        plan, wish = (frame.join(periods, on="period", how="semi", maintain_order="left") for frame in (sold, demanded))
        if budgeted.is_empty() or wish[measure].drop_nulls().is_empty():
            continue
        elements = _elements(budgeted, wish, item, measure)
        steps = price_volume_mix(elements)
        served = float(plan[measure].sum()) - float(wish[measure].sum())
        first, last = float(budgeted[measure].sum()), float(plan[measure].sum())
        word = "Margin per unit" if measure == "gross_margin" else "Price"
        named = [(word, steps[0][1]), *steps[1:], ("Demand not served", served)]
        rows += _rows(measure, first, last, named)
    return pl.DataFrame(rows, schema=table("bridge").schema, orient="row")


def _rows(measure: str, first: float, last: float, steps: Sequence[Step]) -> list[dict[str, object]]:
    """Return the rows of one measure in whole cents; mix takes what rounding leaves.

    Steps that are nothing are left out, but never price, volume and mix.
    """
    start, end = round(first * 100), round(last * 100)
    cents = {name: round(amount * 100) for name, amount in steps}
    cents["Mix"] += end - start - sum(cents.values())
    shown = [(name, amount) for position, (name, amount) in enumerate(cents.items()) if position < 3 or amount]
    levels = (("Budget", start, "level"), *((name, amount, "change") for name, amount in shown), ("Plan", end, "level"))
    return [
        {"against": "budget", "measure": measure, "position": position, "step": step, "amount": amount / 100, "kind": kind}
        for position, (step, amount, kind) in enumerate(levels, start=1)
    ]


def _elements(budget: pl.DataFrame, wish: pl.DataFrame, item: pl.DataFrame, measure: str) -> pl.DataFrame:
    """Return one row for each thing budgeted or planned, at the finest level of the budget.

    That is the item where the budget has it, else its family; by market where every row of the budget has one.
    """
    by_market = budget["market"].is_not_null().all() and (budget["market"] != "").all()
    own = budget.select(given("item")).drop_nulls().unique()
    of = dict(families(item).iter_rows())
    place = pl.col("market") if by_market else pl.lit("")
    before = budget.with_columns(pl.coalesce(given("item"), given("family")).alias("thing"), place.alias("place"))
    after = wish.with_columns(
        pl.when(pl.col("item").is_in(own["item"].implode()))
        .then(pl.col("item"))
        .otherwise(pl.col("item").replace_strict(of, default=pl.col("item"), return_dtype=pl.String))
        .alias("thing"),
        place.alias("place"),
    )
    sides = [
        frame.group_by("thing", "place", maintain_order=True).agg(
            pl.col("quantity").sum().alias(f"quantity_{number}"),
            pl.col(measure).sum().alias(f"amount_{number}"),
            *([pl.col(measure).is_null().any().alias("open")] if number else []),
        )
        for number, frame in enumerate((before, after))
    ]
    both = sides[0].join(sides[1], on=["thing", "place"], how="full", coalesce=True, maintain_order="left_right")
    return both.with_columns(pl.col("open").fill_null(value=False)).sort("thing", "place")
