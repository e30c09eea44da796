"""The table `event_effect`: what events change demand by, given or learned."""

import polars as pl

from equipoise.demand.events.elasticity import STEEPEST, elasticities, paid_prices, usual_prices
from equipoise.demand.events.past_events import measured, uplifts
from equipoise.demand.forecast.panel import complete
from equipoise.demand.overlap import shares_between
from equipoise.dimensions.calendar import Calendar
from equipoise.tables import table
from equipoise.tables.setting import Setting, from_table

_PLURAL = {"promotion": "promotions", "price": "price changes", "launch": "launches", "loss": "losses"}
_FARTHEST = 3.0  # times the usual price, or a third of it, up to which past prices say anything


def event_effect(
    event: pl.DataFrame,
    history: pl.DataFrame,
    cleaned_history: pl.DataFrame,
    price: pl.DataFrame,
    item: pl.DataFrame,
    setting: pl.DataFrame,
) -> pl.DataFrame:
    """Return the table `event_effect`: a row an event and item that it holds for, the market empty.

    What is given counts as it is. An event without uplift and quantity is learned: one of the past from its own days in history, one to
    come from the past events of its kind (`past_events.uplifts`), a price change from what prices of the past did (`elasticity`). Where
    nothing can be learned from, the uplift is zero and the reason says so. An event of the past with an uplift given keeps it; the reason
    adds what history shows. One that history has seen for over a season has become usual: the baseline knows it, and its uplift is zero.
    """
    if event.is_empty():
        return table("event_effect").empty()
    settings = from_table(setting)
    calendar = Calendar.from_setting(settings.calendar)
    event = event.with_columns(pl.col("kind").fill_null("promotion"))
    items = _items(item, history, event)
    past = measured(event, history, cleaned_history, items, calendar, settings)
    rows = _rows(event, items).join(_shown(past), on=["event", "item"], how="left", maintain_order="left")
    usual = rows.filter(pl.col("event").is_in(_become_usual(event, history, calendar, settings)))
    rows = rows.join(usual, on="event", how="anti", maintain_order="left")
    given = rows.filter(pl.col("uplift").is_not_null() | pl.col("quantity").is_not_null())
    wanted = rows.join(given, on="event", how="anti", maintain_order="left")
    gone = wanted.filter(pl.col("shown").is_not_null())
    ahead = wanted.filter(pl.col("shown").is_null())
    priced = ahead.filter(pl.col("kind") == "price")
    learned = ahead.filter(pl.col("kind") != "price").join(uplifts(past, items), on=["kind", "item"], how="left", maintain_order="left")
    parts = [_known(usual), _given(given), _gone(gone), _learned(learned)]
    if not priced.is_empty():
        paid = paid_prices(history, price, calendar)
        about = elasticities(paid, items, calendar).join(
            usual_prices(history, price, item, calendar), on="item", how="full", coalesce=True, maintain_order="left_right"
        )
        parts.append(_by_price(priced.join(about, on="item", how="left", maintain_order="left")))
    return table("event_effect").conform(pl.concat([table("event_effect").conform(part) for part in parts]).sort("event", "item"))


def _items(item: pl.DataFrame, history: pl.DataFrame, event: pl.DataFrame) -> pl.DataFrame:
    """Return every item known, with its family, sorted."""
    named = pl.concat([history.select("item"), event.select("item")]).drop_nulls().unique().with_columns(family=pl.lit(None, pl.String))
    return (
        pl.concat([item.select("item", "family").drop_nulls("item"), named]).unique("item", keep="first", maintain_order=True).sort("item")
    )


def _become_usual(event: pl.DataFrame, history: pl.DataFrame, calendar: Calendar, settings: Setting) -> list[str]:
    """Return the events that history has seen for more than a season."""
    season = settings.demand.season or calendar.periods_a_year
    known = calendar.bucket("period", complete(history, calendar)).get_column("period").unique().sort().to_list()
    counts = shares_between(event, known, calendar).group_by("event", maintain_order=True).agg(pl.len())
    return counts.filter(pl.col("len") > max(season, 2)).get_column("event").to_list()


def _rows(event: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """Return every event with every item that it holds for."""
    columns = ["event", "kind", "uplift", "quantity", "price"]
    one = event.filter(pl.col("item").is_not_null()).select(*columns, "item")
    rest = event.filter(pl.col("item").is_null())
    family = rest.filter(pl.col("family").is_not_null()).join(items.drop_nulls(), on="family", maintain_order="left", suffix="_of")
    every = rest.filter(pl.col("family").is_null()).select(columns).join(items.select("item"), how="cross")
    family = family.with_columns(item=pl.col("item_of")) if "item_of" in family.columns else family
    rows = pl.concat([one, family.select(*columns, "item"), every.select(*columns, "item")])
    return rows.with_columns(plural=pl.col("kind").replace_strict(_PLURAL, default="events"))


def _shown(past: pl.DataFrame) -> pl.DataFrame:
    """Return event, item, the uplift that its days in history show and its standard error."""
    error = pl.col("noise").sqrt() / pl.col("expected")
    return past.select("event", "item", (pl.col("gain") / pl.col("expected")).clip(lower_bound=-1).alias("shown"), error.alias("error"))


def _percent(share: pl.Expr, *, sign: bool = True) -> pl.Expr:
    """Return a share in words: +23%."""
    number = (share.fill_nan(None) * 100).round(0).clip(-99999, 99999).cast(pl.Int64)
    plus = pl.when(number >= 0).then(pl.lit("+")).otherwise(pl.lit("")) if sign else pl.lit("")
    return plus + number.cast(pl.String) + "%"


def _number(value: pl.Expr) -> pl.Expr:
    """Return a number in words, with two decimals where it has any."""
    return value.round(2).cast(pl.String).str.strip_suffix(".0")


def _given(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the effects of events whose uplift or quantity is given; a loss takes away whatever its sign."""
    uplift = pl.when(pl.col("kind") == "loss").then(-pl.col("uplift").abs()).otherwise("uplift")
    units = pl.when(pl.col("kind") == "loss").then(-pl.col("quantity").abs()).otherwise("quantity")
    words = pl.concat_str([_percent(uplift), pl.format("{} units over the event", _number(units))], separator=" and ", ignore_nulls=True)
    history = pl.when(pl.col("shown").is_not_null()).then(pl.format("; history shows {}", _percent(pl.col("shown")))).otherwise(pl.lit(""))
    return rows.with_columns(uplift=uplift, origin=pl.lit("given"), reason=pl.format("Given: {}{}.", words, history))


def _known(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the effects of events that have become usual: none beyond the baseline."""
    origin = pl.when(pl.col("uplift").is_null()).then(pl.lit("learned")).otherwise(pl.lit("given"))
    reason = pl.lit("It has run for over a season of history: the baseline knows it, and nothing is added.")
    return rows.with_columns(origin=origin, uplift=pl.lit(0.0), reason=reason)


def _gone(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the effects of events of the past, from their own days."""
    reason = pl.format(
        "History shows {} (±{}) against what was expected.", _percent(pl.col("shown")), _percent(pl.col("error"), sign=False)
    )
    return rows.with_columns(uplift=pl.col("shown"), spread=pl.col("error"), origin=pl.lit("learned"), events=pl.lit(1), reason=reason)


def _learned(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the effects of events to come, from past events of their kind."""
    known = pl.col("uplift_right").is_not_null()
    # a loss never adds and a promotion never takes: where history says so it is chance
    taken, added = pl.col("uplift_right").clip(upper_bound=0), pl.col("uplift_right").clip(lower_bound=0)
    uplift = pl.when(pl.col("kind") == "loss").then(taken).when(pl.col("kind") == "promotion").then(added).otherwise("uplift_right")
    of = pl.col("level").replace_strict({"item": "the item", "family": "the family"}, default="other families")
    count = (
        pl.when(pl.col("events") == 1)
        .then(pl.format("One past {} of {}", "kind", of))
        .otherwise(pl.format("Mean of {} past {} of {}", "events", "plural", of))
    )
    far = (pl.col("own") - uplift).abs() >= 0.005
    pulled = pl.when(far).then(pl.format("{}, with what is known of similar ones: ", _percent(pl.col("own")))).otherwise(pl.lit(""))
    reason = pl.format("{}: {}{} (±{}).", count, pulled, _percent(uplift), _percent(pl.col("spread"), sign=False))
    none = pl.format("No uplift is known: history shows no past {} to learn from. No effect is assumed.", "kind")
    return rows.with_columns(
        uplift=pl.when(known).then(uplift).otherwise(0.0),
        spread=pl.when(known).then("spread"),
        origin=pl.lit("learned"),
        events=pl.when(known).then("events").otherwise(0),
        reason=pl.when(known).then(reason).otherwise(none),
    )


def _by_price(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the effects of price changes: (price / usual price)^elasticity - 1, its standard error by the delta method.

    An elasticity that cannot be told from zero (its standard error is larger than itself, so that zero has the smaller expected error)
    or that is positive has no effect, nor has a price far outside of what was ever usual.
    """
    ratio = pl.col("price") / pl.col("usual")
    elasticity = pl.col("elasticity").clip(lower_bound=STEEPEST)
    uplift = ratio**elasticity - 1
    number = pl.format("{} ± {}", _number(elasticity), _number(pl.col("spread")))
    prices = pl.format("{} instead of the usual {}", _number(pl.col("price")), _number(pl.col("usual")))
    none = [
        (pl.col("price").is_null(), pl.lit("No uplift is known: no price is given. No effect is assumed.")),
        (pl.col("usual").is_null(), pl.lit("No uplift is known: the usual price is not. No effect is assumed.")),
        (pl.col("elasticity").is_null(), pl.lit("No uplift is known: prices did not move in history. No effect is assumed.")),
        (
            pl.col("elasticity") >= 0,
            pl.format("In history demand did not fall with the price (elasticity {}): no effect is assumed.", number),
        ),
        (
            pl.col("elasticity") > -pl.col("spread"),
            pl.format("The price elasticity {} cannot be told from zero: no effect is assumed.", number),
        ),
        (~ratio.is_between(1 / _FARTHEST, _FARTHEST), pl.format("{} is too far off to learn from: no effect is assumed.", prices)),
    ]
    refused = pl.any_horizontal(*[condition.fill_null(value=False) for condition, _ in none])
    limited = pl.when(pl.col("elasticity") < STEEPEST).then(pl.lit(", held at the steepest believed")).otherwise(pl.lit(""))
    reason = pl.format(
        "{}: {} by a price elasticity of {} from {} price observations{}.", prices, _percent(uplift), number, "observations", limited
    )
    words = pl.coalesce(*[pl.when(condition).then(said) for condition, said in none], reason)
    return rows.with_columns(
        uplift=pl.when(refused).then(0.0).otherwise(uplift),
        spread=pl.when(~refused).then(ratio.log().abs() * (1 + uplift) * pl.col("spread")),
        origin=pl.lit("learned"),
        reason=words,
    )
