"""Forecast value added: whether each step from naive to consensus made the forecast better."""

from collections.abc import Iterator
from functools import partial

import polars as pl

from equipoise.exchange.pack.blocks import Block, Grid, Head, Heading, Paragraph, Picture, Tone
from equipoise.exchange.pack.plan import Plan
from equipoise.exchange.pack.wording import fraction
from equipoise.tables.figures import listing, number, plural, points, quantity, share

MOST_ROWS = 20
MOST_LAGS = 6
_FELT = 0.0005
_BIASED = 0.05
_PLURALS = {"family": "families", "item": "items", "segment": "segments"}


def value_added(plan: Plan) -> Iterator[Block]:
    """Yield the stairs from naive to consensus, error and bias by family, what each owner added, and the waterfall of cycles.

    Without snapshots of earlier plans a sentence says what to give.
    """
    if not plan.has("consensus"):
        return
    yield Heading("Forecast value added")
    lag, chain = _chain(plan)
    if chain.is_empty():
        yield Paragraph(_missing(plan), quiet=True)
    else:
        yield Paragraph(_words(chain, lag))
        yield Picture(lambda: _stairs(chain, lag))
        yield from _families(plan, lag)
        yield _grid(plan)
        yield from _owners(plan)
    yield from _cycles(plan)


def _missing(plan: Plan) -> str:
    tables = {"stream_snapshot": "stream_snapshot (add table stream_record of each cycle to it)", "history": "history"}
    absent = [words for name, words in tables.items() if not plan.has(name)]
    if absent:
        return f"Give {' and '.join(absent)}, and it is measured here which steps make the forecast better, and whose."
    return "No period of stream_snapshot with both baseline and consensus is in history yet: it is measured here once it is."


def _chain(plan: Plan) -> tuple[int, pl.DataFrame]:
    """Return the lag of the plan, or the nearest there is, and the total's chain at it, up to the consensus."""
    rows = plan["value_added"].filter((pl.col("level") == "total") & pl.col("error").is_not_null())
    wanted = max(1, plan.setting.calendar.frozen)
    lag = min(rows.get_column("lag").unique().to_list(), key=lambda found: (abs(found - wanted), found), default=wanted)
    return lag, _to_consensus(rows.filter(pl.col("lag") == lag))


def _to_consensus(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of a chain in order; views, which follow the consensus as rivals, are left out."""
    last = pl.col("position").filter(pl.col("step") == "consensus").max()
    return rows.filter(pl.col("position") <= last).sort("position")


def _words(chain: pl.DataFrame, lag: int) -> str:
    first, last = chain.row(0, named=True), chain.row(-1, named=True)
    gained = first["error"] - last["error"]
    better = "better" if gained >= 0 else "worse"
    off = f"At lag {lag} the consensus was off by {share(last['error'])} (WMAPE, {quantity(last['points'], 'point')})"
    words = [f"{off}, {points(gained)} {better} than {first['step']}."]
    worse = chain.filter(pl.col("value_added") < -_FELT).get_column("step").to_list()
    if worse:
        told = listing(worse)
        words.append(f"{told[:1].upper()}{told[1:]} made it worse.")
    words.append(f"{_bias(last['bias'])}.")
    return " ".join(words)


def _bias(value: float) -> str:
    """Return a bias in words."""
    if abs(value) < _FELT:
        return "It has no bias"
    return f"Its bias is {'+' if value > 0 else ''}{share(value)}: {'over' if value > 0 else 'under'}-forecast"


def _stairs(chain: pl.DataFrame, lag: int) -> str:
    from equipoise.charts.drawing import svg
    from equipoise.charts.value_added import value_added_stairs

    return svg(value_added_stairs(chain, lag))


def _families(plan: Plan, lag: int) -> Iterator[Block]:
    """Yield error and bias by family (by item where there are no families), or by segment where there is one family only."""
    rows = plan["value_added"].filter(pl.col("error").is_not_null() & (pl.col("lag") == lag))
    levels = {"family": "family" if plan.has_families else "item", "segment": "segment"}
    for level, word in levels.items():
        own = rows.filter(pl.col("level") == level)
        agreed = own.filter(pl.col("step") == "consensus")
        if agreed.height > 1:
            over, under = agreed.filter(pl.col("bias") > _BIASED).height, agreed.filter(pl.col("bias") < -_BIASED).height
            sides = f"{over} over-forecast and {under} under-forecast" if over or under else "none over- or under-forecast"
            of = f"{number(agreed.height)} {_PLURALS[word]}"
            yield Paragraph(f"Of {of}, the consensus has {sides} by more than {share(_BIASED)}.")
            yield Picture(partial(_by_subject, own, lag, word))
            return


def _by_subject(rows: pl.DataFrame, lag: int, by: str) -> str:
    from equipoise.charts.drawing import svg
    from equipoise.charts.value_added import error_and_bias

    return svg(error_and_bias(rows, lag, by=by))


def _grid(plan: Plan) -> Grid:
    """The error of each step across lags."""
    rows = plan["value_added"].filter((pl.col("level") == "total") & pl.col("error").is_not_null())
    lags = rows.get_column("lag").unique().sort().head(MOST_LAGS).to_list()
    steps = rows.filter(pl.col("lag").is_in(lags)).sort("position", "lag").unique(["position", "step"], keep="first", maintain_order=True)
    found = {(row["position"], row["step"], row["lag"]): row for row in rows.iter_rows(named=True)}
    last = rows.filter(pl.col("step") == "consensus").get_column("position").max()
    cells, tones = [], {}
    for line, (position, step) in enumerate(steps.select("position", "step").head(MOST_ROWS).iter_rows()):
        texts = []
        for column, lag in enumerate(lags, start=1):
            row = found.get((position, step, lag))
            gained = row["value_added"] if row else None
            texts.append("" if row is None else fraction(row["error"]) + ("" if gained is None else f" ({_signed(gained)})"))
            tone: Tone = "" if gained is None or abs(gained) < _FELT else "good" if gained > 0 else "bad"
            tones[line, column] = tone
        cells.append((f"{step} (view, against baseline)" if position > (last or 0) else step, *texts))
    heads = (Head("Step"), *(Head(f"Lag {lag}", number=True) for lag in lags))
    return Grid("Error (WMAPE) after each step, and in brackets what it added in points; positive is better", heads, tuple(cells), tones)


def _signed(gained: float) -> str:
    text = points(gained).split()[0]
    return text if text == "0" else f"{'+' if gained > 0 else '-'}{text}"


def _owners(plan: Plan) -> Iterator[Block]:
    rows = plan["value_added"].filter((pl.col("level") == "owner") & pl.col("value_added").is_not_null())
    if rows.is_empty():
        return
    heads = (
        Head("Owner"),
        Head("With"),
        Head("Cells", number=True),
        Head("Error", number=True),
        Head("Added", number=True),
        Head("Bias", number=True),
    )
    cells, tones = [], {}
    for line, row in enumerate(rows.sort([pl.col("value_added").round(9), "subject", "step"]).head(MOST_ROWS).iter_rows(named=True)):
        told = (number(row["points"]), fraction(row["error"]), _signed(row["value_added"]), fraction(row["bias"]))
        what = "their changes" if row["step"] == "plan with their changes" else f"view {row['step']}"
        cells.append((row["subject"], what, *told))
        tone: Tone = "" if abs(row["value_added"]) < _FELT else "good" if row["value_added"] > 0 else "bad"
        tones[line, 4] = tone
    caption = "What each owner added, on the cells they touched: points of error less than without them; positive bias is over-forecast"
    yield Grid(caption, heads, tuple(cells), tones)


def _cycles(plan: Plan) -> Iterator[Block]:
    earlier = plan["stream_snapshot"].filter((pl.col("kind") == "consensus") & (pl.col("as_of") < plan.calendar.as_of))
    if earlier.is_empty():
        return
    count = earlier.get_column("as_of").n_unique()
    told = f"The waterfall of {number(count)} earlier {plural('cycle', count)}"
    yield Paragraph(f"{told}: down a column, how the view of one period changed until it happened.")
    yield Picture(lambda: _waterfall(plan))


def _waterfall(plan: Plan) -> str:
    from equipoise.charts.drawing import svg
    from equipoise.charts.value_added import cycles

    return svg(cycles(plan["stream_snapshot"], plan["consensus"], plan["history"], plan.setting, unit=plan.unit))
