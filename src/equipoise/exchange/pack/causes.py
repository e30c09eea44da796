"""Why supply falls short: the limits that bind with what one more unit is worth, and what each short unit is caused by."""

from collections.abc import Iterator
from math import isfinite

import polars as pl

from equipoise.exchange.pack.blocks import Block, Grid, Head, Heading, Paragraph, Points
from equipoise.exchange.pack.certificate import more
from equipoise.exchange.pack.plan import Plan
from equipoise.exchange.pack.wording import named
from equipoise.tables.figures import money, number, plural, quantity, share

MOST_LIMITS = 15
MOST_SENTENCES = 8
MOST_CAUSES = 5
_CAUSE = ("item", "place", "period", "limit", "subject")
_KINDS = {"shortage": ("short", "Causes of shortage"), "target": ("below target", "Causes of missed stock targets")}


def limits(plan: Plan) -> Iterator[Block]:
    """Return the limits that bind: the most valuable in sentences, and all of them with value, range and proof."""
    binding = plan["binding"]
    yield Heading("What limits the plan")
    if binding.is_empty():
        yield Paragraph("No limit was found to bind.")
        return
    worth = pl.col("value").fill_null(0.0)  # what holds the plan back comes before what it is asked to keep, such as target stock
    order = binding.sort([worth, "limit", "subject", "period"], descending=[True, False, False, False])
    told = order.filter(pl.col("sentence").is_not_null()).unique(["limit", "subject"], keep="first", maintain_order=True)
    yield Points(tuple(told.get_column("sentence").head(MOST_SENTENCES).to_list()))
    ends = [pl.col("period").min().alias("first"), pl.col("period").max().alias("last"), pl.len().alias("count")]
    top = [pl.col(name).first() for name in ("value", "value_less", "holds_from", "holds_to", "proof")]
    unit = pl.col("unit").drop_nulls().first()
    sums = order.group_by("limit", "subject", maintain_order=True).agg(*ends, *top, unit)
    yield _limit_grid(plan, sums.head(MOST_LIMITS))
    yield from more(sums.height - MOST_LIMITS, "binding")


def _limit_grid(plan: Plan, sums: pl.DataFrame) -> Grid:
    heads = [Head("Limit"), Head("Of"), Head("Binds in"), Head("Periods", number=True), Head("One more is worth, at most", number=True)]
    known = {name: sums.get_column(name).is_not_null().any() for name in ("value_less", "holds_from", "holds_to", "proof")}
    ranged = known["holds_from"] or known["holds_to"]
    heads += [Head("One less costs", number=True)] if known["value_less"] else []
    heads += [Head("While the limit is", number=True)] if ranged else []
    heads += [Head("Known by")] if known["proof"] else []
    rows = []
    for row in sums.iter_rows(named=True):
        unit = _one(row["unit"] or "unit")
        cells = [named(row["limit"]), row["subject"], plan.during(row["first"], row["last"]), number(row["count"])]
        cells.append(f"{money(row['value'], plan.currency)} per {unit}" if row["value"] else "")
        cells += [money(row["value_less"], plan.currency) if row["value_less"] is not None else ""] if known["value_less"] else []
        cells += [_range(row["holds_from"], row["holds_to"])] if ranged else []
        cells += [row["proof"] or ""] if known["proof"] else []
        rows.append(tuple(cells))
    return Grid("Limits that bind, the most valuable first", tuple(heads), tuple(rows))


def _range(low: float | None, high: float | None) -> str:
    """Return the range of a limit in which its value holds."""
    if low is not None and isfinite(low):
        if high is not None and number(low) == number(high):
            return f"about {number(low)}"
        return f"{number(low)} to {number(high)}" if high is not None and isfinite(high) else f"{number(low)} or more"
    return f"up to {number(high)}" if high is not None and isfinite(high) else ""


def _one(unit: str) -> str:
    return unit.removesuffix("s") if len(unit) > 3 else unit


def causes(plan: Plan) -> Iterator[Block]:
    """Return for shortage and for missed targets which limits cause them, in units and share, and the largest in sentences."""
    for kind, (word, heading) in _KINDS.items():
        rows = plan["supply_cause"].filter(pl.col("kind") == kind)
        if rows.is_empty():
            continue
        sums = summed(rows, plan.item)
        yield Heading(heading)
        yield Paragraph(" ".join(_largest(sums, word)) + " A unit counts in every period in which it is missing.")
        order = rows.sort([pl.col("quantity").round(6), *_CAUSE], descending=[True, *[False] * len(_CAUSE)], nulls_last=True)
        told = order.filter(pl.col("sentence").is_not_null()).unique(["item", "limit", "subject"], keep="first", maintain_order=True)
        yield Points(tuple(told.get_column("sentence").unique(maintain_order=True).head(MOST_CAUSES).to_list()))
        yield _cause_grid(plan, sums.head(MOST_LIMITS), heading)
        yield from more(sums.height - MOST_LIMITS, "supply_cause")


def summed(rows: pl.DataFrame, item: pl.DataFrame) -> pl.DataFrame:
    """Return (limit, subject, unit, quantity, share, items, first, last) of rows of supply_cause, the most units first.

    Items of different units are not added up: `share` is that of all that is missing in the same unit.
    """
    units = item.select("item", pl.col("unit").fill_null("unit")).unique("item", maintain_order=True)
    known = rows.join(units, on="item", how="left", maintain_order="left").with_columns(pl.col("unit").fill_null("unit"))
    sums = known.group_by("limit", "subject", "unit", maintain_order=True).agg(
        pl.col("quantity").sum().round(6),
        pl.col("item").n_unique().alias("items"),
        pl.col("period").min().alias("first"),
        pl.col("period").max().alias("last"),
    )
    whole = pl.col("quantity").sum().over("unit")
    share_of = pl.when(whole > 0).then(pl.col("quantity") / whole).alias("share")
    return sums.with_columns(share_of).sort(["quantity", "limit", "subject", "unit"], descending=[True, False, False, False])


def _largest(sums: pl.DataFrame, word: str) -> Iterator[str]:
    """Return for each unit how much is missing, and its largest cause."""
    for (unit,), rows in sums.group_by("unit", maintain_order=True):
        top = rows.row(0, named=True)
        part = "" if top["share"] is None else f"; the largest cause, with {share(top['share'])}: {top['limit']} ({top['subject']})"
        yield f"{quantity(float(rows.get_column('quantity').sum()), str(unit))} {word}{part}."


def _cause_grid(plan: Plan, sums: pl.DataFrame, caption: str) -> Grid:
    names = ("Limit", "Of", "In", "Items", "Quantity", "Unit", "Share")
    heads = tuple(Head(name, name in {"Items", "Quantity", "Share"}) for name in names)
    rows = tuple(
        (
            named(row["limit"]),
            row["subject"],
            plan.during(row["first"], row["last"]),
            number(row["items"]),
            number(row["quantity"]),
            plural(row["unit"], row["quantity"]),
            "" if row["share"] is None else share(row["share"]),
        )
        for row in sums.iter_rows(named=True)
    )
    return Grid(f"{caption} by limit, summed over the periods", heads, rows)
