"""The section on gaps: the largest ones, what is at stake where, and by which rule each kind is found."""

from collections.abc import Iterator

import polars as pl

from equipoise.charts.scale import Scale, plain
from equipoise.exchange.pack.blocks import Block, Grid, Head, Paragraph, Picture, Section, Tone
from equipoise.exchange.pack.plan import Plan
from equipoise.exchange.pack.wording import in_unit, named, scale_of, signed
from equipoise.tables import main_gaps as gaps_of
from equipoise.tables.figures import number, quantity

MOST_GAPS = 20
MOST_SUBJECTS = 15
# Gaps of these kinds are of a stock: the largest run counts, not the sum of all.
_STOCKS = ("late", "excess_stock", "obsolete_stock", "below_target")
_LEVELS = {"family": "Families", "market": "Markets", "resource": "Resources", "total": "In total"}
_BAD: Tone = "bad"


def section(plan: Plan) -> Section | None:
    """Return the gaps of the plan, ranked; None where no step looked for gaps (neither gaps nor supply are there)."""
    if not plan.has("gap") and not plan.has("shortage"):
        return None
    return Section("gaps", "Gaps", tuple(_gaps(plan)))


def main_gaps(plan: Plan) -> pl.DataFrame:
    """Return the gaps by rank, those left out that only repeat what families and resources tell; where nothing else is there, all."""
    gap = plan["gap"].sort("rank", nulls_last=True)
    main = gaps_of.main_gaps(gap)
    return main if main.height else gap


def _gaps(plan: Plan) -> Iterator[Block]:
    gap = main_gaps(plan)
    if gap.is_empty():
        yield Paragraph("There is no gap worth showing: supply meets demand within the limits set.")
        return
    money = plan.has("gap", "revenue") or plan.has("gap", "margin")
    if money or gap.get_column("units").is_not_null().any():
        yield Picture(lambda: _gap_picture(gap, plan))
    if not money:
        yield Paragraph("No prices are given, so gaps are ranked and shown in units.", quiet=True)
    yield gap_grid(plan, gap.head(MOST_GAPS))
    left = plan["gap"].height - min(gap.height, MOST_GAPS)
    if left > 0:
        yield Paragraph(f"{number(left)} more, those of single items and markets included, are in table gap.", quiet=True)
    yield from (grid for grid in (stake_grid(plan), rule_grid(gap)) if grid.rows)


def _gap_picture(gap: pl.DataFrame, plan: Plan) -> str:
    from equipoise.charts.comparison import gaps as drawn
    from equipoise.charts.drawing import svg

    return svg(drawn(gap, plan.setting))


def gap_grid(plan: Plan, gap: pl.DataFrame) -> Grid:
    """Return gaps as printed: rank, sentence, units, money, cause and what to do."""
    order = [pl.col("share").fill_null(0.0), pl.col("value").fill_null(0.0), "subject"]
    causes = plan["gap_cause"].sort(order, descending=[True, True, False])
    cause = dict(causes.unique("rank", keep="first", maintain_order=True).select("rank", pl.coalesce("sentence", "subject")).iter_rows())
    money = [name for name in ("revenue", "margin") if gap.get_column(name).is_not_null().any()]
    scales = {name: scale_of(gap, [name]) for name in money}
    heads = (
        *(Head("#", number=True), Head("Gap"), Head("Units", number=True)),
        *(Head(in_unit(name.capitalize(), scales[name].unit(plan.currency)), number=True) for name in money),
        *(Head("Cause"), Head("What to do")),
    )
    rows: list[tuple[str, ...]] = []
    tones: dict[tuple[int, int], Tone] = {}
    for position, row in enumerate(gap.iter_rows(named=True)):
        units = "" if row["units"] is None else signed(row["units"], quantity(row["units"], row["unit"] or "unit"))
        amounts = tuple(_at(row[name], scales[name]) for name in money)
        what = row["sentence"] or f"{named(row['kind'])}: {row['subject']}"
        told = (what, units, *amounts, cause.get(row["rank"]) or "", row["suggestion"] or "")
        rows.append((str(row["rank"] or ""), *told))
        if (row["units"] or 0) < 0:
            tones |= {(position, column): _BAD for column in range(2, 3 + len(money))}
    return Grid("Gaps, the most money first", heads, tuple(rows), tones)


def _at(value: float | None, scale: Scale) -> str:
    return "" if value is None else signed(value, plain(value / scale.divisor, 1 if scale.divisor > 1 else 0))


def stake_grid(plan: Plan) -> Grid:
    """Return the money at stake by family, market and resource (the largest 15 of each) and in total, a column a kind; signed, what is
    missing below zero. Flows are summed over the runs of the horizon; of a stock, and of what is late, the largest run counts.
    """
    gap = plan["gap"].filter(pl.col("stake").is_not_null() & pl.col("level").is_in(list(_LEVELS)))
    decides = pl.coalesce(pl.when(pl.col("kind").is_in(_STOCKS)).then("units"), "revenue", "units")
    sized = gap.with_columns((pl.col("stake") * decides.sign()).alias("money"))
    largest = pl.when(pl.col("kind").is_in(_STOCKS).first()).then(pl.col("money").get(pl.col("money").abs().arg_max()))
    cells = sized.group_by("level", "subject", "kind", "market", maintain_order=True).agg(
        largest.otherwise(pl.col("money").sum()).alias("money")
    )
    cells = cells.group_by("level", "subject", "kind", maintain_order=True).agg(pl.col("money").sum())
    kinds = gap.get_column("kind").unique(maintain_order=True).to_list()
    scale = scale_of(cells, ["money"])
    money = {(level, subject, kind): value for level, subject, kind, value in cells.iter_rows()}
    rows: list[tuple[str, ...]] = []
    tones: dict[tuple[int, int], Tone] = {}
    for level, word in _LEVELS.items():
        own = gap.filter(pl.col("level") == level).get_column("subject").unique(maintain_order=True).head(MOST_SUBJECTS)
        for subject in own:
            values = [money.get((level, subject, kind)) for kind in kinds]
            tones |= {(len(rows), column): _BAD for column, value in enumerate(values, start=2) if (value or 0.0) < 0}
            rows.append((word, "" if level == "total" else subject, *(_at(value, scale) for value in values)))
    heads = (Head("Level"), Head("Subject"), *(Head(named(kind), number=True) for kind in kinds))
    return Grid(in_unit("Money at stake, by family, market and resource", scale.unit(plan.currency)), heads, tuple(rows), tones)


def rule_grid(gap: pl.DataFrame) -> Grid:
    """Return how gaps of each kind are worked out and from what size they are shown, once a kind, in the order of the gaps."""
    rules = gap.filter(pl.col("formula").fill_null("") != "").unique("kind", keep="first", maintain_order=True)
    rows = tuple((named(kind), *told) for kind, *told in rules.select("kind", "formula", pl.col("threshold").fill_null("")).iter_rows())
    return Grid("How gaps are found", (Head("Kind"), Head("How it is worked out"), Head("Threshold")), rows)
