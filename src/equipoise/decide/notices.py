"""What an audience is told of the approved plan: what changed for it since the last one, in units and money, and what it must do."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from equipoise.decide.part import Part, Said, amount, day, names, objects, table_of, word
from equipoise.dimensions.calendar import Calendar
from equipoise.errors import InputError
from equipoise.scenario import parse_where
from equipoise.tables import table
from equipoise.tables.figures import listing, money, named, number, plural, quantity, share
from equipoise.tables.setting import from_table

Tables = Mapping[str, pl.DataFrame]

PERIODS = 6
WEEKS = 5
MOST = 12
_LEAST = 0.5  # units and money below which a difference is none
_MARKET = ("market", "region", "channel")
_ITEM = ("item", "family", "category")
_MEASURES = {
    "revenue": "Revenue",
    "gross_margin": "Gross margin",
    "contribution": "Contribution",
    "supply_cost": "Cost of supply",
    "inventory_value_end": "Inventory at the end",
}


@dataclass(frozen=True)
class Published:
    """A published plan as its notices see it: its tables, those of the last approved one, its weekly targets, decisions and actions.

    `last` names the last approved version; empty, as the tables of `before`, where there is none.
    """

    tables: Tables
    before: Tables
    last: str
    targets: pl.DataFrame
    decisions: Sequence[Said] = ()
    actions: Sequence[Said] = ()

    def frame(self, name: str) -> pl.DataFrame:
        """Return a table; empty where the plan does not have it."""
        return self.tables[name] if name in self.tables else table(name).empty()


@dataclass(frozen=True)
class Reader:
    """Who is told: name, roles, and slices; without slices they are told of everything."""

    name: str = ""
    roles: tuple[str, ...] = ()
    slices: tuple[str, ...] = ()
    wheres: tuple[dict[str, object], ...] = field(init=False)

    def __post_init__(self) -> None:
        """Read the slices; one that is not understood shuts nothing out."""
        found: list[dict[str, object]] = []
        for text in self.slices:
            try:
                found.append(dict(parse_where(text)))
            except InputError:
                found.append({})
        object.__setattr__(self, "wheres", tuple(found))

    def theirs(self, frame: pl.DataFrame, item: pl.DataFrame, market: pl.DataFrame) -> pl.DataFrame:
        """Return the rows of a frame (item, and market where it has one) that lie in the slices."""
        if not self.wheres or frame.is_empty():
            return frame
        wide = frame.join(item.select(*_ITEM).unique("item", maintain_order=True), on="item", how="left", maintain_order="left")
        if "market" in frame.columns:
            wide = wide.join(market.select(*_MARKET).unique("market", maintain_order=True), on="market", how="left", maintain_order="left")
        within = pl.lit(value=False)
        for where in self.wheres:
            within |= _matches(where, wide.columns)
        return wide.filter(within).select(frame.columns)


def _matches(where: Mapping[str, object], columns: Sequence[str]) -> pl.Expr:
    """Return whether a row has the values that a slice names; a column that the rows do not have shuts nothing out."""
    found = pl.lit(value=True)
    for column, condition in where.items():
        if column in columns and not isinstance(condition, dict):
            values = condition if isinstance(condition, tuple) else (condition,)
            found &= pl.col(column).fill_null("").is_in([str(value) for value in values])
    return found


def notice(plan: Published, reader: Reader, what: Sequence[str]) -> list[Part]:
    """Return what a reader is told: the parts named in `what`, in its order; those in which nothing stands are left out.

    `what` names parts: summary, decisions, changes, demand_plan, supply_plan, weekly_targets, financials, risks, actions. Raises KeyError
    for another.
    """
    return [part for name in what for part in _PARTS[name](plan, reader) if part.says]


def _summary(plan: Published, _: Reader) -> Iterator[Part]:
    told = plan.frame("executive_summary").filter(pl.col("section") == "Headline").sort("position")
    yield Part("summary", "The plan in short", tuple(told.get_column("statement")))


def _decisions(plan: Published, _: Reader) -> Iterator[Part]:
    currency = _currency(plan)
    rows = []
    for one in plan.decisions:
        document = one.document
        if word(document, "status") != "decided":
            continue
        chosen = word(document, "chosen")
        option = next((each for each in objects(document, "options") if word(each, "name") == chosen), {})
        net = amount(option, "net_money")
        rows.append(
            (
                word(document, "question"),
                "nothing is done" if chosen in {"", "none"} else chosen,
                _net(net, currency),
                word(document, "rationale"),
                word(document, "decided_by"),
            )
        )
    yield table_of("decisions", "What was decided", "Decisions", ("Question", "Decided", "Brings", "Why", "By"), rows, ("Brings",))


def _net(net: float | None, currency: str) -> str:
    return "" if net is None else money(net, currency)


def _changes(plan: Published, reader: Reader) -> Iterator[Part]:
    """Yield what changed for them in demand and production, family by family, the most first."""
    title = f"What changed since {plan.last}" if plan.last else "What changed"
    if not plan.last:
        yield Part("changes", title, ("This is the first plan that was approved: there is none to compare it with.",))
        return
    demand, made = _demand_change(plan, reader), _production_change(plan, reader)
    calendar, currency = _calendar(plan), _currency(plan)
    parts = [("demand", "Demand", demand), ("production", "Production", made)]
    if all(frame.is_empty() for _, _, frame in parts):
        yield Part("changes", title, ("Nothing changed for you.",))
    for key, name, frame in parts:
        rows = [_change_row(row, calendar, currency) for row in frame.head(MOST).iter_rows(named=True)]
        left = f" ({number(frame.height - MOST)} smaller ones are left out)" if frame.height > MOST else ""
        heads = ("Family", "Was", "Is", "Change", "Share", "Money", "Mostly in")
        made_of = table_of(f"changes-{key}", title, f"{name} of the periods that both plans have{left}", heads, rows, heads[1:6])
        yield Part(made_of.key, f"{title}: {name.lower()}", (), made_of.caption, made_of.heads, made_of.rows, made_of.numbers)


def _change_row(row: Mapping[str, Any], calendar: Calendar, currency: str) -> tuple[str, ...]:
    was, now, unit = row["was"], row["now"], str(row["unit"])
    return (
        str(row["family"]),
        quantity(was, unit),
        quantity(now, unit),
        f"{'+' if now >= was else '-'}{quantity(abs(now - was), unit)}",
        f"{'+' if now >= was else '-'}{share(abs(now / was - 1))}" if was > 0 else "new",
        "" if row["money"] is None else f"{'+' if row['money'] > 0 else ''}{money(row['money'], currency)}",
        named(row["period"], calendar),
    )


def _demand_change(plan: Published, reader: Reader) -> pl.DataFrame:
    price = pl.col("quantity") * pl.col("unit_price")
    columns = ["item", "market", "period", "quantity", price.alias("worth")]
    return _compared(plan, reader, *(_of(tables, "demand_plan").select(columns) for tables in (plan.before, plan.tables)))


def _production_change(plan: Published, reader: Reader) -> pl.DataFrame:
    columns = ["item", "period", "quantity", pl.lit(None, pl.Float64).alias("worth")]
    return _compared(plan, reader, *(_of(tables, "supply_plan").select(columns) for tables in (plan.before, plan.tables)))


def _of(tables: Tables, name: str) -> pl.DataFrame:
    return tables[name] if name in tables else table(name).empty()


def _compared(plan: Published, reader: Reader, before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Return family, unit, was, now, money (empty where not all is priced) and the period that changed most, the largest change first."""
    both = before.select("period").unique().join(after.select("period").unique(), on="period", maintain_order="left")
    frames = []
    for sign, frame in ((-1.0, before), (1.0, after)):
        rows = reader.theirs(frame.join(both, on="period", how="semi", maintain_order="left"), plan.frame("item"), plan.frame("market"))
        frames.append(rows.select("item", "period", "quantity", "worth").with_columns(sign=pl.lit(sign)))
    rows = _in_family(pl.concat(frames), plan.frame("item"))
    signed = pl.col("quantity") * pl.col("sign")
    by_period = rows.group_by("family", "unit", "period", maintain_order=True).agg(
        pl.col("quantity").filter(pl.col("sign") < 0).sum().alias("was"),
        pl.col("quantity").filter(pl.col("sign") > 0).sum().alias("now"),
        signed.sum().alias("moved"),
        pl.when(pl.col("worth").is_not_null().all()).then((pl.col("worth") * pl.col("sign")).sum()).alias("money"),
    )
    found = (
        by_period.sort("family", "unit", "period")
        .group_by("family", "unit", maintain_order=True)
        .agg(
            pl.col("was", "now").sum(),
            pl.when(pl.col("money").is_not_null().all()).then(pl.col("money").sum()).alias("money"),
            pl.col("moved").abs().max().alias("most"),
            pl.col("period").sort_by(pl.col("moved").abs(), descending=True, maintain_order=True).first(),
        )
    )
    return found.filter(pl.col("most") >= _LEAST).sort(pl.col("most"), "family", descending=[True, False])


def _in_family(rows: pl.DataFrame, item: pl.DataFrame) -> pl.DataFrame:
    attributes = item.select("item", "family", "unit").unique("item", maintain_order=True)
    joined = rows.join(attributes, on="item", how="left", maintain_order="left")
    return joined.with_columns(pl.coalesce("family", "item").alias("family"), pl.col("unit").fill_null("unit"))


def _demand_plan(plan: Published, reader: Reader) -> Iterator[Part]:
    yield from _grid("demand_plan", "Demand plan", plan, reader, plan.frame("demand_plan").select("item", "market", "period", "quantity"))


def _supply_plan(plan: Published, reader: Reader) -> Iterator[Part]:
    yield from _grid("supply_plan", "Production plan", plan, reader, plan.frame("supply_plan").select("item", "period", "quantity"))
    lines = list(_short(plan, reader))
    yield Part("shortage", "What will be short", (f"In these periods: {listing(lines, 6)}.",) if lines else ())


def _short(plan: Published, reader: Reader) -> Iterator[str]:
    """Yield, for each family that is not served in full in the next periods, what is lost and how much is late at worst."""
    periods = list(_calendar(plan).periods[:PERIODS])
    rows = reader.theirs(plan.frame("shortage").filter(pl.col("period").is_in(periods)), plan.frame("item"), plan.frame("market"))
    by_period = (
        _in_family(rows, plan.frame("item"))
        .group_by("family", "unit", "period", maintain_order=True)
        .agg(pl.col("lost", "backlog").fill_null(0.0).sum())
    )
    found = by_period.group_by("family", "unit", maintain_order=True).agg(pl.col("lost").sum(), pl.col("backlog").max())
    found = found.filter((pl.col("lost") > _LEAST) | (pl.col("backlog") > _LEAST))
    for family, unit, lost, late in found.sort(-pl.col("lost") - pl.col("backlog"), "family").iter_rows():
        parts = [f"{quantity(lost, unit)} lost"] if lost > _LEAST else []
        parts += [f"up to {quantity(late, unit)} late"] if late > _LEAST else []
        yield f"{family} {' and '.join(parts)}"


def _grid(key: str, title: str, plan: Published, reader: Reader, frame: pl.DataFrame) -> Iterator[Part]:
    calendar = _calendar(plan)
    periods = list(calendar.periods[:PERIODS])
    rows = reader.theirs(frame.filter(pl.col("period").is_in(periods)), plan.frame("item"), plan.frame("market"))
    sums = _in_family(rows, plan.frame("item")).group_by("family", "unit", "period", maintain_order=True).agg(pl.col("quantity").sum())
    found: dict[tuple[str, str], dict[dt.date, float]] = {}
    for family, unit, period, value in sums.sort("family", "unit", "period").iter_rows():
        found.setdefault((family, unit), {})[period] = value
    heads = ("Family", "Unit", *(calendar.label(period) for period in periods))
    cells = [(family, unit, *(number(values.get(period, 0.0)) for period in periods)) for (family, unit), values in found.items()]
    yield table_of(key, title, f"{title}, the next {len(periods)} periods", heads, cells, heads[2:])


def _weekly_targets(plan: Published, reader: Reader) -> Iterator[Part]:
    theirs = reader.theirs(plan.frame("demand_plan").select("item", "market"), plan.frame("item"), plan.frame("market"))
    families = _in_family(theirs, plan.frame("item")).get_column("family").unique().to_list()
    shown = plan.targets.filter(pl.col("family").is_in(families)) if reader.wheres else plan.targets
    weeks = shown.get_column("week").unique().sort().head(WEEKS).to_list()
    rows = [
        (
            *(row["family"], row["measure"], row["week"].isoformat(), row["end"].isoformat(), number(row["target"])),
            *(number(row["lowest"]), number(row["highest"]), row["unit"]),
        )
        for row in shown.filter(pl.col("week").is_in(weeks)).iter_rows(named=True)
    ]
    heads = ("Family", "Measure", "From", "To", "Target", "Lowest", "Highest", "Unit")
    caption = f"The first {len(weeks)} weeks; all are in weekly_targets.csv"
    yield table_of("weekly_targets", "Weekly targets", caption, heads, rows, ("Target", "Lowest", "Highest"))


def _financials(plan: Published, _: Reader) -> Iterator[Part]:
    currency = _currency(plan)
    now, was = _base(plan.tables), _base(plan.before)
    rows = []
    for name, title in _MEASURES.items():
        value, before = now.get(name), was.get(name)
        if value is not None:
            rows.append((title, money(value, currency), "" if before is None else money(before, currency)))
    heads = ("Over the horizon", "This plan", plan.last or "Before")
    yield table_of("financials", "Money", "Money over the horizon of each plan", heads, rows, heads[1:])


def _base(tables: Tables) -> dict[str, float | None]:
    base = _of(tables, "scenario_result").filter(pl.col("scenario") == "base")
    return dict(base.select("measure", "value").iter_rows())


def _risks(plan: Published, _: Reader) -> Iterator[Part]:
    register = plan.frame("risk_register").sort(pl.col("raised") != "met", "rank").head(MOST)
    told = [f"{'Raised: ' if row['raised'] == 'met' else ''}{row['sentence']}" for row in register.iter_rows(named=True) if row["sentence"]]
    yield Part("risks", "Risks and opportunities", tuple(told))


def _actions(plan: Published, reader: Reader) -> Iterator[Part]:
    rows = []
    for one in plan.actions:
        document = one.document
        if word(document, "status") not in {"open", "started"} or not _is_theirs(document, reader):
            continue
        due = day(document, "due")
        carried = len(names(document, "carried"))
        note = f"carried through {number(carried)} {plural('cycle', carried)}" if carried else ""
        who = word(document, "owner") or word(document, "owner_role")
        rows.append((word(document, "statement"), who, due.isoformat() if due else "", note))
    yield table_of("actions", "Your actions" if reader.name else "Actions", "Open actions", ("Action", "Owner", "Due", ""), rows)


def _is_theirs(action: dict[str, object], reader: Reader) -> bool:
    owner = word(action, "owner")
    if owner and reader.name:
        return owner == reader.name
    return not reader.roles or word(action, "owner_role") in reader.roles


def _calendar(plan: Published) -> Calendar:
    return Calendar.from_setting(from_table(plan.tables["setting"]).calendar)


def _currency(plan: Published) -> str:
    return from_table(plan.tables["setting"]).currency


_PARTS = {
    "summary": _summary,
    "decisions": _decisions,
    "changes": _changes,
    "demand_plan": _demand_plan,
    "supply_plan": _supply_plan,
    "weekly_targets": _weekly_targets,
    "financials": _financials,
    "risks": _risks,
    "actions": _actions,
}
