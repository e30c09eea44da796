"""Checks of money: every term worked out again from quantities and given prices, and the way from there to the objective."""

import polars as pl

from equipoise import finance
from equipoise.supply.auditing.books import Books
from equipoise.supply.auditing.check import away, findings, outside, together

_KEY = ["term", "subject", "item", "place", "t"]
_DIGITS = 1e-7
_NO_TEXT = pl.lit(None, pl.String)
_OWN_COST = ("regular_cost", "overtime_cost", "wage_per_period", "overtime_wage_per_hour")


def _term(
    frame: pl.DataFrame, name: str, quantity: pl.Expr, price: pl.Expr, subject: str, place: str | None, *, item: bool = True
) -> pl.DataFrame:
    """Return the money of a term: quantity times price (signed), where there is a price."""
    return frame.select(
        pl.lit(name).alias("term"),
        pl.col(subject).cast(pl.String).fill_null("").alias("subject"),
        (pl.col("item") if item else _NO_TEXT).alias("item"),
        (_NO_TEXT if place is None else pl.col(place).cast(pl.String)).alias("place"),
        pl.col("t").cast(pl.Int64),
        expected=(quantity * price).cast(pl.Float64),
    ).filter(pl.col("expected").is_not_null() & (pl.col("expected") != 0))


def _demand_money(books: Books) -> list[pl.DataFrame]:
    rows = books.service
    at_end = pl.when(pl.col("t") == books.horizon - 1).then(pl.col("backlog")).otherwise(0.0)
    earned = pl.col("quantity") + pl.col("opening") - pl.col("lost") - at_end
    return [
        _term(rows, "revenue", earned, pl.col("unit_price"), "item", "market"),
        _term(rows, "late_demand", -pl.col("backlog"), pl.col("backlog_cost"), "item", "market"),
        _term(rows, "lost_sales", -pl.col("lost"), pl.col("lost_sale_cost"), "item", "market"),
    ]


def _flow_money(books: Books) -> list[pl.DataFrame]:
    lost = -pl.col("quantity")
    standard = books.items.select("item", "standard_cost")
    made = books.made.join(_costed(books), on="route", how="left", maintain_order="left").join(
        standard, on="item", how="left", maintain_order="left"
    )
    bare = pl.col("unit_cost").is_null() & pl.col("costed").is_null()
    making = pl.when(bare).then(pl.col("standard_cost")).otherwise(pl.col("unit_cost"))
    bought = books.bought.join(standard, on="item", how="left", maintain_order="left")
    price = pl.coalesce("unit_cost", "standard_cost")
    out = pl.col("kind") == "subcontract"
    return [
        _term(made, "production", lost, making, "route", "location"),
        _term(bought.filter(~out), "purchases", lost, price, "purchase", "location"),
        _term(bought.filter(out), "subcontracting", lost, price, "purchase", "location"),
        _term(books.moved, "transport", lost, pl.col("unit_cost"), "lane", None),
        _term(books.shipped, "transport", lost, pl.col("unit_cost"), "lane", "location"),
    ]


def _costed(books: Books) -> pl.DataFrame:
    """Return the routes whose bill of material or resources give their cost: route, costed."""
    priced = books.resource.filter(pl.any_horizontal(pl.col(name).is_not_null() for name in _OWN_COST)).select("resource").unique()
    used = books.tables["usage"].filter(pl.col("activity") == "make").join(priced, on="resource", how="semi", maintain_order="left")
    routes = pl.concat([books.tables["bom"].select("route"), used.select(route="of")]).unique()
    return routes.with_columns(costed=pl.lit(value=True))


def _resource_money(books: Books) -> list[pl.DataFrame]:
    rows = books.resource
    terms = (
        ("regular_time", "regular", pl.col("regular_cost")),
        ("overtime", "overtime", pl.coalesce("overtime_cost", "overtime_wage_per_hour")),
        ("wages", "workers", pl.col("wage_per_period")),
        ("hiring", "hire", pl.col("hire_cost")),
        ("layoffs", "layoff", pl.col("layoff_cost")),
    )
    return [_term(rows, name, -pl.col(column), price, "resource", "location", item=False) for name, column, price in terms]


def _stock_money(books: Books) -> list[pl.DataFrame]:
    rate = finance.holding_rate(books.calendar.periods_a_year, books.setting.finance.carrying_rate)
    rows = books.levels
    short = (pl.max_horizontal("known", "wanted") - pl.col("quantity")).clip(0)
    return [
        _term(rows, "carrying", -pl.col("quantity"), rate, "item", "location"),
        _term(rows, "scrap", -pl.col("scrap"), pl.col("scrap_cost"), "item", "location"),
        _term(rows, "stock_shortfall", -short, pl.col("shortfall_cost"), "item", "location"),
        _term(rows, "stock_excess", -(pl.col("quantity") - pl.col("most")).clip(0), pl.col("excess_cost"), "item", "location"),
    ]


def _known_money(books: Books) -> list[pl.DataFrame]:
    """Return what is paid once, in the periods of the horizon."""
    rows = books.timed("one_off_cost").filter(pl.col("t").is_not_null())
    return [_term(rows, "one_off", pl.lit(-1.0), pl.col("amount"), "purpose", None, item=False)]


def _decision_prices(books: Books) -> pl.DataFrame:
    """Return the price of every decision that is either taken or not, and of a load: term, subject, item, place, t, price."""
    steps = books.every(books.tables["capacity_step"])
    sites = books.tables["location"].with_columns(t=pl.lit(0, pl.Int64))
    one = pl.lit(1.0)
    parts = [
        _term(books.route, "setups", one, pl.col("setup_cost"), "route", "location"),
        _term(books.route, "route_use", one, pl.col("fixed_cost"), "route", "location"),
        _term(books.purchase, "orders", one, pl.col("fixed_cost"), "purchase", "location"),
        _term(books.lane, "lane_use", one, pl.col("fixed_cost"), "lane", "from"),
        _term(books.lane.filter(pl.col("lot_multiple") > 0), "loads", one, pl.col("load_cost"), "lane", "from"),
        _term(books.resource, "running_lines", one, pl.col("open_cost"), "resource", "location", item=False),
        _term(steps, "capacity_steps", one, pl.col("cost"), "resource", "step", item=False),
        _term(sites, "site_openings", one, pl.col("opening_cost"), "location", "location", item=False),
        _term(sites, "site_closings", one, pl.col("closing_cost"), "location", "location", item=False),
    ]
    return pl.concat(parts).rename({"expected": "price"}).unique(_KEY, keep="first", maintain_order=True)


def expected_money(books: Books) -> pl.DataFrame:
    """Return every money term but the model's own prices, from quantities and given prices: term, subject, item, place, t, expected.

    Of decisions that are either taken or not, the table cost says which are taken, and how many loads go; their price is checked, and
    elsewhere that they are.
    """
    known = pl.concat([*_demand_money(books), *_flow_money(books), *_resource_money(books), *_stock_money(books), *_known_money(books)])
    taken = books.cost.join(_decision_prices(books), on=_KEY, nulls_equal=True, maintain_order="left")
    decided = taken.select(*_KEY, expected=-pl.col("quantity") * pl.col("price"))
    return pl.concat([known, decided]).group_by(_KEY, maintain_order=True).agg(pl.col("expected").sum())


_WORDS = pl.concat_str([pl.col("term"), pl.col("subject"), pl.col("item"), pl.col("place")], separator=" ", ignore_nulls=True)


def money_terms(books: Books) -> pl.DataFrame:
    """Return how far each amount of the table cost is from its quantity times its given price; a wrong class is no number at all."""
    told = finance.published(books.cost).group_by(_KEY, maintain_order=True).agg(pl.col("amount").sum(), pl.col("class").first())
    rows = told.join(expected_money(books), on=_KEY, how="full", coalesce=True, nulls_equal=True, maintain_order="left_right")
    classes = {term.name: term.money_class for term in finance.TERMS}
    right = pl.col("class").is_null() | (pl.col("class") == pl.col("term").replace_strict(classes, default="none"))
    off = pl.when(right).then(away(pl.col("amount"), pl.col("expected"))).otherwise(pl.lit(float("inf")))
    return findings(rows, off, _WORDS, size=pl.col("expected").fill_null(0.0))


def own_prices(books: Books) -> pl.DataFrame:
    """Return the rows of the model's own prices: they cost, never earn, and count no more than the plan has of what they are for.

    How far the plan is from the last one cannot be seen here: of the price of change, only the sign is checked.
    """
    rows = books.cost.filter(pl.col("class") == "penalty")
    late = books.service.select("t", subject="item", place="market", item="item", late="backlog", lost="lost")
    kept = books.levels.select("t", subject="item", place="location", item="item", stock="quantity", short="shortfall")
    done = books.resource.select("t", "regular", "overtime", subject="resource", item=_NO_TEXT)
    bought = books.bought.select("t", "item", subject="purchase", bought="quantity")
    for frame, keys in ((late, _KEY[1:]), (kept, _KEY[1:]), (done, ["subject", "item", "t"]), (bought, ["subject", "item", "t"])):
        rows = rows.join(frame, on=keys, how="left", nulls_equal=True, maintain_order="left")
    has = {
        "unserved_penalty": pl.col("late").fill_null(0.0) + pl.col("lost").fill_null(0.0),
        "late_penalty": pl.col("late"),
        "earliness_penalty": pl.col("stock"),
        "ending_penalty": pl.col("short"),
        "overtime_preference": pl.col("overtime"),
        "subcontract_preference": pl.col("bought"),
        "evenness_penalty": pl.col("regular"),
    }
    most = pl.coalesce(pl.when(pl.col("term") == name).then(value.fill_null(0.0)) for name, value in has.items())
    off = pl.max_horizontal(outside(pl.col("quantity"), pl.lit(0.0), most), pl.col("amount"))
    return findings(rows, off, _WORDS, size=most)


def _fact(books: Books, name: str) -> float | None:
    """Return a fact of the table solution as a number; None where it is missing or none."""
    found = books.tables["solution"].filter(pl.col("fact") == name).get_column("value").cast(pl.Float64, strict=False)
    return found.item(0) if found.len() else None


def _one(name: str, off: float | None, size: float = 1.0) -> pl.DataFrame:
    frame = pl.DataFrame({"name": [name], "off": [off], "size": [size]}, schema={"name": pl.String, "off": pl.Float64, "size": pl.Float64})
    return findings(frame, pl.col("off"), pl.col("name"), size=pl.col("size"))


def _size(cost: pl.DataFrame, books: Books) -> float:
    """Return the size of a sum of money: its parts, and what all demand is worth as far as a number of 16 digits can tell it from them."""
    worth = books.demand.select((pl.col("unit_price") * (pl.col("quantity") + pl.col("opening"))).abs().sum()).item() or 0.0
    return max(float(cost.get_column("amount").abs().sum()), _DIGITS * worth)


def objective(books: Books) -> pl.DataFrame:
    """Return how far the objective told is from the money and the model's own prices that the table cost sums."""
    told = _fact(books, "objective")
    size = _size(books.cost, books)
    return _one("objective", None if told is None else abs(told - finance.bridge_to_objective(books.tables["cost"])["objective"]), size)


def published_money(books: Books) -> pl.DataFrame:
    """Return how far the money told is from what the reports publish, and, where they are there, the reports from that."""
    told, amounts = _fact(books, "objective without the model's own prices"), finance.published(books.tables["cost"])
    size = _size(amounts, books)
    total = float(amounts.get_column("amount").sum())
    parts = [_one("published money", None if told is None else abs(told - total), size)]
    shown = books.tables["financials"].filter((pl.col("scenario") == "base") & (pl.col("line") == "revenue"))
    if shown.height:
        earned = amounts.filter(pl.col("term") == "revenue").get_column("amount").sum()
        parts.append(_one("revenue of the statement", abs(float(shown.get_column("amount").sum()) - float(earned)), size))
    return together(*parts)


def proof(books: Books) -> pl.DataFrame:
    """Return whether status, bound and gap are told and fit: no plan is better than its bound, and a best plan is within the gap set."""
    value, bound, gap = (_fact(books, name) for name in ("objective", "bound", "gap"))
    status = books.tables["solution"].filter(pl.col("fact") == "status").get_column("value").to_list()
    known = status in (["optimal"], ["near optimal"], ["time limit"])
    if value is None or bound is None or gap is None or not known:
        return _one("status, objective, bound and gap", None)
    size = max(1.0, abs(value), abs(bound))
    parts = [_one("objective above its bound", value - bound, size)]
    parts.append(_one("gap", abs(gap - (bound - value) / max(1.0, abs(value))) / 10))
    if status == ["optimal"]:
        parts.append(_one("gap above the one set", gap - books.setting.supply.relative_gap))
    return together(*parts)


def violations_told(books: Books) -> pl.DataFrame:
    """Return whether the solution says how many rules gave way."""
    count = books.tables["violation"].height
    told = books.tables["solution"].filter(pl.col("fact") == "limits").get_column("value").to_list()
    right = told == (["hold as given"] if not count else [f"{count} rule{'s' if count > 1 else ''} gave way"])
    return _one("rules that gave way", 0.0 if right else 1.0)
