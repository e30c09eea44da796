"""From budget, and from the last cycle's plan, to the plan by price, volume and mix: adds up to the cent."""

import datetime as dt
from collections.abc import Sequence

import polars as pl

from equipoise.reconcile.money.valuation import families, given
from equipoise.tables import table

Step = tuple[str, float]
_NONE = 1e-6
"""A quantity up to this is none: there is no price in dividing by it."""


def price_volume_mix(elements: pl.DataFrame) -> list[Step]:
    """Return the steps from what was planned before to what is planned: price, volume, mix, new, dropped, without units or price.

    `elements` has one row a thing sold, with quantity_0, amount_0 (before) and quantity_1, amount_1 (plan). Of things in both,
    with P = amount / quantity and P̄ = ΣA0 / ΣQ0: price (P1 − P0) · Q1; volume P̄ · ΣΔQ; mix is the rest, Σ ΔQ · (P0 − P̄).
    New things are not there before, dropped ones not after; things with an amount but no quantity, or marked `open` (an amount is
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
    before, after = whole & (pl.col("quantity_0") > _NONE), whole & (pl.col("quantity_1") > _NONE)
    new = after & ~before & (pl.col("amount_0") == 0)
    dropped = before & ~after & (pl.col("amount_1") == 0)
    both = before & after
    return filled.filter(both), filled.filter(new), filled.filter(dropped), filled.filter(~(new | dropped | both))


def _sum(frame: pl.DataFrame, expression: pl.Expr) -> float:
    return float(frame.select(expression.sum()).item() or 0.0)


def _change(frame: pl.DataFrame) -> float:
    return _sum(frame, pl.col("amount_1") - pl.col("amount_0"))


def last_cycle(plan_snapshot: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """Return the demand that the last cycle planned, as a budget: item, family (empty), market, period, quantity, revenue, gross_margin.

    It is the snapshot of demand with the latest cut-off before `as_of`, the cut-off of this plan.
    """
    earlier = plan_snapshot.filter((pl.col("measure") == "demand") & (pl.col("as_of") < as_of))
    latest = earlier.filter(pl.col("as_of") == pl.col("as_of").max())
    family = pl.lit(None, pl.String).alias("family")
    return latest.select("item", family, pl.col("place").alias("market"), "period", "quantity", "revenue", "gross_margin")


def bridge(sold: pl.DataFrame, demanded: pl.DataFrame, budget: pl.DataFrame, last: pl.DataFrame, item: pl.DataFrame) -> pl.DataFrame:
    """Return the table `bridge`: revenue, and gross margin where both sides have it, from budget and from the last cycle's plan.

    `demanded` has item, market, period, quantity, revenue and gross_margin as if all demand were served, and margin_planned, the same at
    the costs of the plan (of a plan by family that of its average item: what this changes is mix); `sold` has item, period,
    revenue and gross_margin of the plan; amounts are empty where prices or costs are not given. A bridge runs over the periods that
    both sides have: to the demand plan by price, volume and mix, and from there to the plan by the demand that is not served in them, or
    by what is served of the backlog beyond that. `last` is the last cycle's demand, as `last_cycle` returns it; what it has no money of
    stands apart.
    """
    rows: list[dict[str, object]] = []
    for against, before in (("budget", budget), ("last_cycle", last)):
        for measure in ("revenue", "gross_margin"):
            rows += _bridged(against, measure, before, sold, demanded, item)
    return pl.DataFrame(rows, schema=table("bridge").schema, orient="row")


def _bridged(
    against: str, measure: str, before: pl.DataFrame, sold: pl.DataFrame, demanded: pl.DataFrame, item: pl.DataFrame
) -> list[dict[str, object]]:
    """Return the rows of one bridge; none where either side has no money, or they share no period.

    A budget's row without money is none of it; a last plan's row without money was planned, only that its amount is not known.
    """
    known = before.filter(pl.col(measure).is_not_null())
    shared = known.select("period").unique()
    if against == "last_cycle":
        shared = shared.join(demanded.select("period").unique(), on="period", how="semi", maintain_order="left")
        known = before
    begun, plan, wish = (frame.join(shared, on="period", how="semi", maintain_order="left") for frame in (known, sold, demanded))
    if begun.is_empty() or wish[measure].drop_nulls().is_empty():
        return []
    steps = price_volume_mix(_elements(begun, wish, item, measure))
    whole = "margin_planned" if measure == "gross_margin" else measure
    served = float(plan[measure].sum()) - float(wish[whole].sum())
    word = "Margin per unit" if measure == "gross_margin" else "Price"
    named = [(word, steps[0][1]), *steps[1:], ("Backlog served" if served > 0 else "Demand not served", served)]
    return _rows(against, measure, float(begun[measure].sum()), float(plan[measure].sum()), named)


_STARTS = {"budget": "Budget", "last_cycle": "Last cycle"}


def _rows(against: str, measure: str, first: float, last: float, steps: Sequence[Step]) -> list[dict[str, object]]:
    """Return the rows of one measure in whole cents; mix takes what rounding leaves.

    Steps that are nothing are left out, but never price, volume and mix.
    """
    start, end = round(first * 100), round(last * 100)
    cents = {name: round(amount * 100) for name, amount in steps}
    cents["Mix"] += end - start - sum(cents.values())
    shown = [(name, amount) for position, (name, amount) in enumerate(cents.items()) if position < 3 or amount]
    levels = ((_STARTS[against], start, "level"), *((name, amount, "change") for name, amount in shown), ("Plan", end, "level"))
    return [
        {"against": against, "measure": measure, "position": position, "step": step, "amount": amount / 100, "kind": kind}
        for position, (step, amount, kind) in enumerate(levels, start=1)
    ]


def _elements(before: pl.DataFrame, wish: pl.DataFrame, item: pl.DataFrame, measure: str) -> pl.DataFrame:
    """Return one row for each thing sold before or planned, at the finest level of what was before.

    That is the item where it has it, else its family; by market where every row of it has one. A thing that is not sold in the same
    markets before and after is taken over all its markets: it is not new, nor dropped, and what it costs in another is its price there.
    """
    by_market = before["market"].is_not_null().all() and (before["market"] != "").all()
    own = before.select(given("item")).drop_nulls().unique()
    of = dict(families(item).iter_rows())
    place = pl.col("market") if by_market else pl.lit("")
    first = before.with_columns(pl.coalesce(given("item"), given("family")).alias("thing"), place.alias("place"))
    after = wish.with_columns(
        pl.when(pl.col("item").is_in(own["item"].implode()))
        .then(pl.col("item"))
        .otherwise(pl.col("item").replace_strict(of, default=pl.col("item"), return_dtype=pl.String))
        .alias("thing"),
        place.alias("place"),
    )
    sides = [_side(frame, number, measure) for number, frame in enumerate((first, after))]
    both = sides[0].join(sides[1], on=["thing", "place"], how="full", coalesce=True, maintain_order="left_right")
    moved = (pl.col("quantity_0").fill_null(0.0) > _NONE) != (pl.col("quantity_1").fill_null(0.0) > _NONE)
    both = both.with_columns(pl.when(moved.any().over("thing")).then(pl.lit("")).otherwise("place").alias("place"))
    sums = both.group_by("thing", "place", maintain_order=True).agg(
        pl.col("quantity_0", "amount_0", "quantity_1", "amount_1").sum(), pl.col("open_0", "open_1").fill_null(value=False).any()
    )
    return sums.with_columns((pl.col("open_0") | pl.col("open_1")).alias("open")).sort("thing", "place")


def _side(frame: pl.DataFrame, number: int, measure: str) -> pl.DataFrame:
    """Return quantity, amount and `open` (something is planned of which no amount is known) by thing and place, with the side's number."""
    unknown = pl.col(measure).is_null() & (pl.col("quantity") != 0)
    return frame.group_by("thing", "place", maintain_order=True).agg(
        pl.col("quantity").sum().alias(f"quantity_{number}"),
        pl.col(measure).sum().alias(f"amount_{number}"),
        unknown.any().alias(f"open_{number}"),
    )
