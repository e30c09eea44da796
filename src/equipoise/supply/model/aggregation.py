"""The tables of a plan made at family level: what is given for items, added up or averaged by the mix of their demand."""

from collections.abc import Callable, Mapping
from functools import partial

import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.supply.memory import Memory
from equipoise.supply.model.families import Families, families
from equipoise.supply.model.timing import buckets, exact, most_specific
from equipoise.tables import table
from equipoise.tables.setting import Setting, from_table

Tables = Mapping[str, pl.DataFrame]
Made = dict[str, pl.DataFrame]
_WEEK = 7.0


def _sum(column: str) -> pl.Expr:
    """What is given, added up; empty where nothing is."""
    return pl.when(pl.col(column).is_not_null().any()).then(pl.col(column).sum()).alias(column)


def _sum_of_all(column: str) -> pl.Expr:
    """The sum where every row gives one; else empty, for there is no limit."""
    return pl.when(pl.col(column).is_not_null().all()).then(pl.col(column).sum()).alias(column)


def _mean(column: str) -> pl.Expr:
    """The average by `weight` of what is given; the plain one where the weights are nothing."""
    weight = pl.when(pl.col(column).is_not_null()).then(pl.col("weight")).otherwise(0.0)
    return pl.when(weight.sum() > 0).then((pl.col(column) * weight).sum() / weight.sum()).otherwise(pl.col(column).mean()).alias(column)


def _blend(column: str) -> pl.Expr:
    """The average by `weight`, where nothing given is nothing; empty where nothing is given at all."""
    total = (pl.col(column).fill_null(0.0) * pl.col("weight")).sum()
    return pl.when(pl.col(column).is_not_null().any()).then(total / pl.col("weight").sum()).alias(column)


def _most(column: str) -> pl.Expr:
    """Whether it holds for at least half of the weight of the rows that say so or not."""
    said = pl.when(pl.col(column).is_not_null()).then(pl.col("weight") + 1e-9)
    yes = pl.when(pl.col(column)).then(pl.col("weight") + 1e-9)
    return pl.when(said.sum() > 0).then(yes.sum() * 2 >= said.sum()).alias(column)


def _common(column: str) -> pl.Expr:
    """The value that all rows share; else empty."""
    return pl.when(pl.col(column).n_unique() == 1).then(pl.col(column).first()).alias(column)


def _widest(column: str) -> pl.Expr:
    """The earliest start or latest end; empty, which is no bound, where one row has none."""
    found = pl.col(column).min() if column == "start" else pl.col(column).max()
    return pl.when(pl.col(column).is_not_null().all()).then(found).alias(column)


def _least(column: str) -> pl.Expr:
    return pl.col(column).min()


def _largest(column: str) -> pl.Expr:
    return pl.col(column).max()


def _first(column: str) -> pl.Expr:
    return pl.col(column).drop_nulls().first()


Rule = Callable[[str], pl.Expr]
_ROUTE: dict[str, Rule] = {
    **dict.fromkeys(("unit_cost", "yield", "lead_time", "lead_time_deviation", "setup_cost", "fixed_cost"), _mean),
    "lead_periods": _largest,
    "minimum_lot": _least,
    "lot_multiple": _common,
    "start": _widest,
    "end": _widest,
}
_PURCHASE: dict[str, Rule] = {
    **dict.fromkeys(("unit_cost", "lead_time", "lead_time_deviation", "fixed_cost"), _mean),
    "lead_periods": _largest,
    "minimum_lot": _least,
    "lot_multiple": _common,
    "minimum_when_used": _sum,
    "supplier": _first,
    "kind": _first,
}
_LANE: dict[str, Rule] = {
    **dict.fromkeys(("unit_cost", "lead_time", "lead_time_deviation", "fixed_cost", "load_cost"), _mean),
    "lead_periods": _largest,
    "limit": _sum_of_all,
    "minimum_load": _sum,
    "lot_multiple": _common,
}
_POLICY: dict[str, Rule] = {
    **dict.fromkeys(("safety_stock", "minimum", "ending_minimum"), _sum),
    **dict.fromkeys(("maximum", "ending_maximum"), _sum_of_all),
    **dict.fromkeys(("holding_cost", "shortfall_cost", "excess_cost", "scrap_cost", "service_level"), _mean),
    "weeks_of_supply": _blend,
    "service_measure": _first,
}
_DEMAND_POLICY: dict[str, Rule] = {
    **dict.fromkeys(("backlog_cost", "lost_sale_cost", "minimum_fill"), _mean),
    "backlog_allowed": _most,
    "lost_allowed": _most,
    "max_backlog_age": _least,
    "ending_backlog": _sum,
}
_ITEM: dict[str, Rule] = {
    **dict.fromkeys(("category", "planning_strategy"), _first),
    "unit": _common,
    "unit_price": _mean,
    "unit_cost": _mean,
    "shelf_life": _least,
}


def planned_tables(tables: Tables, memory: Memory | None = None) -> Tables:
    """Return the tables as the supply model plans them: those given at item level; at family level, families in place of their items.

    `tables` are those of MODEL_TABLES in the dictionary's form, `setting` included. The rules, which gathering records as
    assumptions: on_hand, backlog,
    scheduled_receipt, demand_plan and inventory_target add up; route, purchase, usage, bom and co_output are by way of the family
    (see `families`), averaged by its items' weights; lane, inventory_policy and demand_policy by family, averaged by mix; purchase_limit
    and firm_plan add up, and are exact or upper bounds only where every item of the way has one. A way that only some items of a family
    have is limited to what those items need over the horizon. Nothing raises: what is not given stays empty. What a `memory` has of it is
    not made again.
    """
    made = memory or Memory()
    setting = made(from_table, tables["setting"])
    if setting.supply.level != "family":
        return tables
    periods = made(buckets, Calendar.from_setting(setting.calendar))
    by_family = made(families, tables, periods)
    if by_family.members.is_empty():
        return tables
    parts = (
        made(_stock, tables, by_family),
        made(_sources, tables, by_family, periods),
        made(_policies, tables, by_family, periods),
        {"firm_plan": made(_firm_plan, tables, by_family, periods, setting)},
        made(_limits, tables, by_family),
    )
    return {**tables, **{name: frame for part in parts for name, frame in part.items()}}


def _replaced(given: pl.DataFrame, made: pl.DataFrame, by_family: Families, keys: list[str]) -> pl.DataFrame:
    """Return `given` without the rows of members, and the rows `made` for families; rows given for a family win over those on `keys`."""
    rest = given.join(by_family.members.select("item"), on="item", how="anti", maintain_order="left")
    made = made.join(rest.select(keys).unique(), on=keys, how="anti", nulls_equal=True, maintain_order="left")
    missing = [pl.lit(None, dtype=given.schema[name]).alias(name) for name in given.columns if name not in made.columns]
    return pl.concat([rest, made.with_columns(missing).select(pl.col(name).cast(kind) for name, kind in given.schema.items())])


def _of_members(frame: pl.DataFrame, by_family: Families) -> pl.DataFrame:
    """Return the rows of members with the family in place of the item, `member` and `weight`."""
    rows = frame.join(by_family.members.rename({"family": "#family", "mix": "weight"}), on="item", maintain_order="left")
    return rows.with_columns(member=pl.col("item"), item=pl.col("#family")).drop("#family")


def _grouped(rows: pl.DataFrame, keys: list[str], rules: Mapping[str, Rule]) -> pl.DataFrame:
    return rows.group_by(keys, maintain_order=True).agg(rule(column).alias(column) for column, rule in rules.items())


def _dated(frame: pl.DataFrame, keys: list[str], periods: pl.DataFrame) -> pl.DataFrame:
    """Return the rows, one for each period where any is dated, so that rows of several items can be put together."""
    return frame if frame.get_column("period").is_null().all() else exact(frame, keys, periods).select(frame.columns)


def _stock(tables: Tables, by_family: Families) -> Made:
    """Add up stock, backlog, receipts and demand; describe the families."""
    made: Made = {}
    for name, keys in (
        ("on_hand", ["item", "location", "expires", "owner"]),
        ("backlog", ["item", "market"]),
        ("scheduled_receipt", ["item", "location", "period", "kind"]),
        ("plan_snapshot", ["item", "place", "period", "measure", "as_of"]),
    ):
        if name not in tables:
            continue
        rows = _grouped(_of_members(tables[name], by_family), keys, {"quantity": _sum})
        made[name] = _replaced(tables[name], rows, by_family, keys[:2])
    attributes = _of_members(tables["item"].unique("item", keep="first", maintain_order=True), by_family)
    rows = _grouped(attributes, ["item"], _ITEM).with_columns(family=pl.col("item"), name=pl.col("item"), kind=pl.lit("finished"))
    given = tables["item"].join(rows.select("item"), on="item", how="semi", maintain_order="left")
    rows = rows.join(given, on="item", how="left", suffix="_own", maintain_order="left").with_columns(
        pl.coalesce(f"{column}_own", column).alias(column) for column in _ITEM
    )
    others = tables["item"].join(rows.select("item"), on="item", how="anti", maintain_order="left")
    made["item"] = _replaced(others, rows, by_family, ["item"])
    prices = tables["item"].select("item", listed="unit_price").unique("item", maintain_order=True)
    demand = tables["demand_plan"].join(prices, on="item", how="left", maintain_order="left")
    demand = _of_members(demand.with_columns(pl.coalesce("unit_price", "listed").alias("unit_price")), by_family)
    keys = ["item", "market", "period"]
    revenue = (pl.col("quantity").clip(0) * pl.col("unit_price")).sum()
    priced = pl.col("unit_price").is_not_null().any()
    volume = pl.col("quantity").clip(0).sum()
    average = pl.when(priced & (volume > 0)).then(revenue / volume).otherwise(pl.col("unit_price").mean())
    rows = demand.group_by(keys, maintain_order=True).agg(volume.alias("quantity"), _sum("orders"), average.alias("unit_price"))
    made["demand_plan"] = _replaced(tables["demand_plan"], rows, by_family, keys)
    return {name: table(name).conform(frame) for name, frame in made.items()}


def _sources(tables: Tables, by_family: Families, periods: pl.DataFrame) -> Made:
    """Put routes, purchases, their bills and limits together, a way of a family each; lanes by family."""
    made: Made = {}
    for name, ways, rules in (("route", by_family.make, _ROUTE), ("purchase", by_family.buy, _PURCHASE)):
        rows = _of_ways(_dated(tables[name], [name], periods), name, ways)
        rows = _grouped(rows, [name, "period", "item", "location"], rules)
        made[name] = _replaced(tables[name], rows, by_family, [name, "period"])
    usage = tables["usage"]
    rest = [usage.filter(pl.col("activity") == "move")]
    for activity, ways in (("make", by_family.make), ("buy", by_family.buy)):
        mine = usage.filter(pl.col("activity") == activity)
        rest += [_unused(mine, "of", tables, by_family, activity), _blended(mine, "of", ways, ["activity", "of", "resource"])]
    rest.append(_stored(usage.filter(pl.col("activity") == "store"), by_family))
    made["usage"] = pl.concat([frame.select(usage.columns) for frame in rest])
    made["bom"] = pl.concat(
        [
            _unused(tables["bom"], "route", tables, by_family, "make"),
            _blended(tables["bom"], "route", by_family.make, ["route", "component"]).select(tables["bom"].columns),
        ]
    )
    twin = tables["co_output"].join(by_family.members, on="item", how="left", maintain_order="left")
    twin = twin.with_columns(pl.coalesce("family", "item").alias("item")).select(tables["co_output"].columns)
    kept = _unused(twin, "route", tables, by_family, "make").group_by("route", "item", maintain_order=True).agg(pl.col("quantity").sum())
    blended = _blended(twin, "route", by_family.make, ["route", "item"])
    made["co_output"] = pl.concat([kept.select(twin.columns), blended.select(twin.columns)])
    made["purchase_limit"] = _purchase_limit(tables, by_family, periods)
    lane = _of_members(_dated(tables["lane"], ["lane", "item"], periods), by_family)
    lane = _grouped(lane, ["lane", "item", "period", "from", "to"], _LANE)
    made["lane"] = _replaced(tables["lane"], lane, by_family, ["lane", "item"])
    return {name: table(name).conform(frame) for name, frame in made.items()}


def _of_ways(frame: pl.DataFrame, key: str, ways: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of `frame` of the routes or purchases of `ways`, naming the way and its family in place of each and its item."""
    known = ways.select(pl.col("key").alias(key), "way", "weight", "family")
    rows = frame.join(known, on=key, maintain_order="left").with_columns(pl.col("way").alias(key))
    return rows.with_columns(pl.col("family").alias("item")) if "item" in frame.columns else rows


def _unused(frame: pl.DataFrame, key: str, tables: Tables, by_family: Families, activity: str) -> pl.DataFrame:
    """Return the rows that belong to no route or purchase of a member."""
    name = "route" if activity == "make" else "purchase"
    theirs = (
        tables[name].join(by_family.members.select("item"), on="item", how="semi", maintain_order="left").select(pl.col(name).alias(key))
    )
    return frame.join(theirs.unique(), on=key, how="anti", maintain_order="left")


def _blended(frame: pl.DataFrame, key: str, ways: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Return what a unit of each way takes: the quantities of its items by weight; an item without a row takes nothing."""
    rows = frame.join(ways.select(pl.col("key").alias(key), "way", "weight"), on=key, maintain_order="left").with_columns(
        pl.col("way").alias(key)
    )
    columns = [column for column in ("quantity", "setup_quantity") if column in frame.columns]
    return rows.group_by(keys, maintain_order=True).agg(
        pl.when(pl.col(column).is_not_null().any()).then((pl.col(column) * pl.col("weight")).sum()).alias(column) for column in columns
    )


def _stored(usage: pl.DataFrame, by_family: Families) -> pl.DataFrame:
    """Return what storing a unit takes, by family."""
    rows = _blended(usage, "of", by_family.members.select("item", key="item", way="family", weight="mix"), ["activity", "of", "resource"])
    given = usage.join(by_family.members.select(of="item"), on="of", how="anti", maintain_order="left")
    rows = rows.join(given.select("of", "resource"), on=["of", "resource"], how="anti", maintain_order="left")
    return pl.concat([given, rows.select(usage.columns)])


def _purchase_limit(tables: Tables, by_family: Families, periods: pl.DataFrame) -> pl.DataFrame:
    """Return the limits of ways of buying: the sum of those of its purchases; no maximum where one of them has none."""
    given = tables["purchase_limit"]
    whole = pl.col("span").fill_null("period") == "horizon"
    each = _dated(given.filter(~whole), ["purchase"], periods)
    rows = _of_ways(pl.concat([each, given.filter(whole)]), "purchase", by_family.buy)
    count = by_family.buy.group_by(purchase="way", maintain_order=True).agg(pl.len().alias("count"))
    rows = rows.group_by("purchase", "span", "period", maintain_order=True).agg(
        _sum("minimum"), _sum_of_all("maximum"), pl.len().alias("rows")
    )
    rows = rows.join(count, on="purchase", how="left", maintain_order="left").with_columns(
        pl.when(pl.col("rows") == pl.col("count")).then("maximum").alias("maximum")
    )
    return pl.concat([_unused(given, "purchase", tables, by_family, "buy"), rows.select(given.columns)])


def _policies(tables: Tables, by_family: Families, periods: pl.DataFrame) -> Made:
    """Put the policies of stock and of demand together, by family."""
    made: Made = {}
    target = tables["inventory_target"]
    policy = _placed(tables["inventory_policy"], tables, by_family)
    theirs = policy.join(by_family.members.select("item"), on="item", how="semi", maintain_order="left")
    if not target.is_empty():
        aimed = target.select("item", "location", "period", aimed="safety_stock")
        theirs = exact(theirs, ["item", "location"], periods).select(policy.columns)
        theirs = theirs.join(aimed, on=["item", "location", "period"], how="left", maintain_order="left")
        theirs = theirs.with_columns(pl.coalesce("safety_stock", "aimed").alias("safety_stock")).drop("aimed")
    else:
        theirs = _dated(theirs, ["item", "location"], periods)
    rows = _grouped(_of_members(theirs, by_family), ["item", "location", "period"], _POLICY)
    made["inventory_policy"] = _replaced(tables["inventory_policy"], rows, by_family, ["item", "location"])
    made["inventory_target"] = target.join(by_family.members.select("item"), on="item", how="anti", maintain_order="left")
    made["demand_policy"] = _demand_policy(tables, by_family, periods)
    return {name: table(name).conform(frame) for name, frame in made.items()}


def _placed(policy: pl.DataFrame, tables: Tables, by_family: Families) -> pl.DataFrame:
    """Return the policy with the location of every row that holds anywhere, where rows of the same family name theirs."""
    theirs = policy.join(by_family.members, on="item", maintain_order="left")
    mixed = theirs.group_by("family", maintain_order=True).agg(
        mixed=pl.col("location").is_null().any() & pl.col("location").is_not_null().any()
    )
    items = by_family.members.join(mixed.filter("mixed"), on="family", how="semi", maintain_order="left").select("item")
    anywhere = policy.filter(pl.col("location").is_null()).join(items, on="item", how="semi", maintain_order="left")
    if anywhere.is_empty() and tables["inventory_target"].is_empty():
        return policy
    if not tables["inventory_target"].is_empty():
        anywhere = policy.filter(pl.col("location").is_null())
    names = ("route", "purchase", "on_hand", "scheduled_receipt", "inventory_target")
    held = [tables[name].select("item", "location") for name in names] + [tables["lane"].select("item", location="to")]
    held_at = pl.concat([*held, policy.select("item", "location")]).drop_nulls().unique(maintain_order=True)
    spread = anywhere.drop("location").join(held_at, on="item", maintain_order="left").select(policy.columns)
    named = policy.join(spread.select("item").unique(), on="item", how="anti", maintain_order="left")
    rest = policy.filter(pl.col("location").is_not_null()).join(
        spread.select("item").unique(), on="item", how="semi", maintain_order="left"
    )
    spread = spread.join(rest.select("item", "location"), on=["item", "location"], how="anti", maintain_order="left")
    return pl.concat([named, rest, spread])


def _demand_policy(tables: Tables, by_family: Families, periods: pl.DataFrame) -> pl.DataFrame:
    """Return the demand policy with, for each family, market and period, what holds for most of its items' demand."""
    given = tables["demand_policy"]
    rest = given.join(by_family.members.select("item"), on="item", how="anti", maintain_order="left")
    if rest.height == given.height:
        return given
    keys = ["item", "market"]
    sold = tables["demand_plan"].join(periods.select("t", "period"), on="period", maintain_order="left")
    late = tables["backlog"].select(*keys).join(periods.select("t"), how="cross")
    wanted = pl.concat([sold.select(*keys, "t"), late]).unique(maintain_order=True)
    wanted = wanted.join(by_family.members.select("item"), on="item", how="semi", maintain_order="left")
    wanted = wanted.join(periods.select("t", "period"), on="t", maintain_order="left")
    found = most_specific(wanted, exact(given, keys, periods), keys)
    rows = _grouped(_of_members(found, by_family), [*keys, "period"], _DEMAND_POLICY)
    rows = rows.join(rest.filter(pl.col("item").is_not_null()).select("item").unique(), on="item", how="anti", maintain_order="left")
    return pl.concat([rest, table("demand_policy").conform(rows)])


def _firm_plan(tables: Tables, by_family: Families, periods: pl.DataFrame, setting: Setting) -> pl.DataFrame:
    """Return the firm plan with its items' decisions added up.

    They fix a family only where all its items are fixed, or where what is not named may not happen (inside the frozen fence, or with the
    strategy given); else they are at least so much. At most so much only where each item has a most.
    """
    given = tables["firm_plan"]
    ways = by_family.ways.select("key", subject="way", kind=pl.col("table").replace_strict({"route": "production", "purchase": "purchase"}))
    stock = given.filter(pl.col("kind") == "inventory").select("key").unique(maintain_order=True)
    stock = stock.with_columns(pl.col("key").str.split_exact("@", 1).struct.rename_fields(["item", "location"]).alias("of")).unnest("of")
    stock = stock.join(by_family.members, on="item", maintain_order="left")
    stock = stock.select("key", subject=pl.format("{}@{}", "family", "location"), kind=pl.lit("inventory"))
    known = pl.concat([ways, stock])
    count = known.group_by("subject", "kind", maintain_order=True).agg(pl.len().alias("count"))
    rows = given.join(known, on=["key", "kind"], maintain_order="left")
    frozen = periods.filter(pl.col("t") < setting.calendar.frozen).get_column("period").to_list()
    held = (pl.col("period").is_in(frozen) | (setting.supply.strategy == "given")) & (pl.col("kind") != "inventory")
    rows = rows.group_by("kind", "subject", "period", maintain_order=True).agg(
        _sum_of_all("fixed"),
        pl.coalesce("fixed", "minimum").sum().alias("minimum"),
        pl.when(pl.coalesce("fixed", "maximum").is_not_null().all()).then(pl.coalesce("fixed", "maximum").sum()).alias("maximum"),
        pl.len().alias("rows"),
    )
    rows = rows.join(count, on=["subject", "kind"], how="left", maintain_order="left")
    whole = held | (pl.col("rows") == pl.col("count"))
    rows = rows.with_columns(pl.when(whole).then("fixed").alias("fixed"), pl.when(whole).then("maximum").alias("maximum"))
    bounds = [pl.when(pl.col("fixed").is_null()).then(column).alias(column) for column in ("minimum", "maximum")]
    rest = given.join(known.select("key", "kind"), on=["key", "kind"], how="anti", maintain_order="left")
    rest = _unused(_unused(rest, "key", tables, by_family, "make"), "key", tables, by_family, "buy")
    rows = rows.with_columns(*bounds, pl.col("subject").alias("key"))
    return table("firm_plan").conform(pl.concat([rest, rows.select(given.columns)]))


def _limits(tables: Tables, by_family: Families) -> Made:
    """Let limits over items, routes and purchases name families and their ways; add those that hold a part of a family to its own need."""
    made: Made = {}
    member = tables["limit_member"]
    ways = by_family.ways.select("table", "key", "way")
    items = by_family.members.select(table=pl.lit("item"), key="item", way="family")
    rows = member.join(pl.concat([ways, items]), on=["table", "key"], how="left", maintain_order="left")
    rows = rows.with_columns(pl.coalesce("way", "key").alias("key")).select(member.columns).unique(maintain_order=True)
    parts = _parts(by_family)
    needs = _needs(tables, by_family)
    limit, members = [tables["limit"]], [rows]
    for family, covered, names in parts:
        need = sum(needs.get(item, 0.0) for item in covered)
        told = f"{family}: what {', '.join(covered[:3])}{f' and {len(covered) - 3} more' if len(covered) > 3 else ''} need"
        row = pl.DataFrame({"limit": [told], "at_most": [need], "measure": ["quantity"], "span": ["horizon"]})
        limit.append(table("limit").conform(row))
        row = pl.DataFrame([(told, *name) for name in names], schema=["limit", "table", "key"], orient="row")
        members.append(table("limit_member").conform(row))
    made["limit"], made["limit_member"] = pl.concat(limit), pl.concat(members)
    return {name: table(name).conform(frame) for name, frame in made.items()}


def _parts(by_family: Families) -> list[tuple[str, list[str], list[tuple[str, str]]]]:
    """Return, for each set of items that some way has and that is not the whole family: family, its items, the ways of those alone."""
    whole = {family: set(items) for family, items in by_family.members.group_by("family", maintain_order=True).agg("item").iter_rows()}
    ways = by_family.ways.group_by("table", "way", "family", maintain_order=True).agg(pl.col("item").unique(maintain_order=True))
    found: dict[str, list[tuple[frozenset[str], tuple[str, str]]]] = {}
    for name, way, family, items in ways.iter_rows():
        if set(items) != whole[family]:
            found.setdefault(family, []).append((frozenset(items), (name, way)))
    parts = []
    for family, rows in found.items():
        for covered in sorted({items for items, _ in rows}, key=sorted):
            parts.append((family, sorted(covered), [way for items, way in rows if items <= covered]))
    return parts


def _needs(tables: Tables, by_family: Families) -> dict[str, float]:
    """Return what each member needs beyond its stock and receipts: demand of the whole plan, backlog, and its largest target."""
    total = partial(_total, members=by_family.members)
    policy = tables["inventory_policy"].join(by_family.members, on="item", maintain_order="left")
    days = max(1, _days(tables["demand_plan"]))
    demand = total(tables["demand_plan"])
    rate = {item: quantity / days * _WEEK for item, quantity in demand.items()}
    places = policy.group_by("item", "location", maintain_order=True).agg(
        pl.col("safety_stock", "minimum", "ending_minimum", "weeks_of_supply").max()
    )
    aim: dict[str, float] = {}
    for item, _, safety, least, last, weeks in places.iter_rows():
        aim[item] = aim.get(item, 0.0) + max(safety or 0.0, least or 0.0, last or 0.0, (weeks or 0.0) * rate.get(item, 0.0))
    stock, coming, late = (total(tables[name]) for name in ("on_hand", "scheduled_receipt", "backlog"))
    items = by_family.members.get_column("item").to_list()
    return {
        item: max(0.0, demand.get(item, 0.0) + late.get(item, 0.0) + aim.get(item, 0.0) - stock.get(item, 0.0) - coming.get(item, 0.0))
        for item in items
    }


def _days(plan: pl.DataFrame) -> int:
    periods = plan.get_column("period").unique().sort()
    return (periods[-1] - periods[0]).days * periods.len() // (periods.len() - 1) if periods.len() > 1 else 30


def _total(frame: pl.DataFrame, members: pl.DataFrame) -> dict[str, float]:
    mine = frame.join(members.select("item"), on="item", how="semi", maintain_order="left")
    return dict(mine.group_by("item", maintain_order=True).agg(pl.col("quantity").clip(0).sum()).iter_rows())
