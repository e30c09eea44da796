"""Links told from single rows: what a row of a made or given table says, with the facts by its kind."""

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from equipoise.finance import TERMS
from equipoise.service.lineage.held import Held
from equipoise.service.lineage.kinds import KINDS, main_column, numbers
from equipoise.service.lineage.origins import converted, origins, place
from equipoise.service.messages.explaining import Limit, LinkFacts, Method, MoneyTerm, Reason, Solve
from equipoise.service.messages.message import Cell
from equipoise.service.sentences import SENTENCES
from equipoise.tables import GIVEN, table
from equipoise.tables.figures import money, number, plural, share

MOST = 4
"""Rows of one table that are told one by one."""

_GROUPED = ("history", "cleaned_history")


def plain(value: object) -> Cell:
    """Return a value as a message holds it: days as ISO text."""
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)


def shared_keys(name: str, rows: pl.DataFrame) -> dict[str, Cell]:
    """Return the keys that all rows share."""
    keys = [key for key in table(name).keys if key in rows.columns]
    return {key: plain(rows[key][0]) for key in keys if rows.height and rows[key].n_unique() == 1 and rows[key][0] is not None}


def row_links(held: Held, name: str, rows: pl.DataFrame, step: str, depth: int) -> list[Reason]:
    """Return the links of rows of a table: one by one where they are few, together where they are many."""
    if name == "cost":
        return list(_money_links(held, rows, step, depth))
    if name == "solution":
        return [solver_link(held, depth)]
    if name in GIVEN:
        return list(_given_links(held, name, rows, step, depth))
    told = rows.filter("chosen") if name == "method_choice" and depth else rows
    if name not in SENTENCES:
        return []
    found = []
    for row in told.head(MOST).iter_slices(1):
        said = SENTENCES[name](row, held.calendar)
        if said:
            found.append(_row_link(held, name, row, step, depth, " ".join(said)))
    if told.height > MOST:
        found.append(_rest(name, told, step, depth))
    return found


def _rest(name: str, rows: pl.DataFrame, step: str, depth: int) -> Reason:
    left = rows.height - MOST
    statement = f"... and {left:,} more {plural('row', left)} of {name}."
    return Reason(table=name, step=step, statement=statement, kind=KINDS.get(name, "value"), depth=depth, keys=shared_keys(name, rows))


def _row_link(held: Held, name: str, row: pl.DataFrame, step: str, depth: int, statement: str) -> Reason:
    column = main_column(table(name))
    first = row.row(0, named=True)
    told = {"column": column.name, "value": plain(first[column.name]), "unit": column.unit} if column else {}
    return Reason(
        table=name,
        step=step,
        statement=statement,
        kind=KINDS.get(name, "value"),
        depth=depth,
        keys=shared_keys(name, row),
        facts=_facts(held, name, first),
        **told,
    )


def _facts(held: Held, name: str, row: Mapping[str, Any]) -> LinkFacts:
    if name == "binding":
        known = {key: row[key] for key in ("limited_to", "value", "value_less", "holds_from", "holds_to")}
        when = held.calendar.label(row["period"]) if row["period"] is not None else ""
        return Limit(limit=row["limit"], subject=row["subject"], period=when, unit=row["unit"] or "", proof=row["proof"] or "", **known)
    if name == "method_choice":
        series = held.frame(name).filter(pl.col("item") == row["item"], pl.col("market") == row["market"])
        known = {key: row[key] for key in ("error", "wmape", "bias", "origins")}
        return Method(name=row["method"], reason=row["reason"] or "", tried=series.height, docs="docs/demand.md", **known)
    if name == "baseline":
        return Method(name=row["method"] or "", wmape=row["error"], docs="docs/demand.md")
    return None


def solver_link(held: Held, depth: int) -> Reason:
    """Return how the supply plan was solved, and what the check from its own tables found."""
    facts = {fact: value or "" for fact, value in held.frame("solution").select("fact", "value").iter_rows()}
    checks = held.frame("audit").group_by("status", maintain_order=True).len()
    count = dict(checks.iter_rows())
    asked = sum(value for status, value in count.items() if status != "not asked")
    failed, gave = count.get("failed", 0), count.get("gave way", 0)
    certificate = f"{asked - failed - gave} of {asked} checks of the plan from its own tables passed" if asked else ""
    certificate += f", {gave} gave way (see violation)" if gave else ""
    certificate += f", {failed} failed (see audit)" if failed else ""
    gap = float(facts.get("gap") or 0.0)
    near = "no plan is better" if gap < 1e-6 else f"no plan is better by more than {share(gap)}"
    how = f"for {facts.get('objective kind', 'profit')}, strategy {facts.get('strategy', 'optimal')}"
    aim = f"The optimiser chose the plan {how}: {facts.get('status', 'solved')}, {near}; limits {facts.get('limits', 'hold')}."
    statement = f"{aim} {certificate}.".replace(" .", "") if certificate else aim
    solve = Solve(status=facts.get("status", ""), facts=facts, certificate=certificate, docs="docs/supply.md")
    return Reason(table="solution", step="supply", statement=statement, kind="solver", depth=depth, facts=solve)


def _money_links(held: Held, rows: pl.DataFrame, step: str, depth: int) -> Iterator[Reason]:
    """Yield a link a term of money, the largest first; the model's own prices are nobody's money and told only where they are asked for."""
    terms = {term.name: term for term in TERMS}
    told = rows if depth == 0 else rows.filter(pl.col("class") != "penalty")
    sums = told.group_by("term", "class", maintain_order=True).agg(pl.col("quantity", "amount").sum(), pl.len())
    for row in sums.sort(pl.col("amount").abs(), "term", descending=[True, False]).head(2 * MOST).iter_rows(named=True):
        term = terms.get(row["term"])
        same = told.filter(pl.col("term") == row["term"])
        prices = (same["amount"] / same["quantity"]).abs().round(9).unique()
        price = float(prices[0]) if len(prices) == 1 and same["quantity"][0] else None
        of = (
            f" for {number(row['quantity'])} at {number(price)} each" if price is not None and row["quantity"] else f" in {row['len']} rows"
        )
        meaning = f" {term.meaning}." if term else ""
        kind = "the model's own price, nobody's money" if row["class"] == "penalty" else row["class"]
        amount = money(row["amount"], held.setting.currency)
        yield Reason(
            table="cost",
            step=step,
            statement=f"{row['term'].replace('_', ' ').capitalize()} ({kind}): {amount}{of}.{meaning}",
            kind="money",
            depth=depth,
            keys={**shared_keys("cost", same)},
            column="amount",
            value=row["amount"],
            unit=held.setting.currency or "currency",
            facts=MoneyTerm(
                term=row["term"],
                money_class=row["class"],
                meaning=term.meaning if term else "",
                line=term.line if term else "",
                rows=row["len"],
                quantity=row["quantity"],
                price=price,
                amount=row["amount"],
            ),
        )


def _given_links(held: Held, name: str, rows: pl.DataFrame, step: str, depth: int) -> Iterator[Reason]:
    """Yield what given rows say, with the files and rows they were read from, one by one or, where they are many, together."""
    grouped = name in _GROUPED and rows.height > 1
    parts = rows.partition_by("item", "market", maintain_order=True) if grouped else [rows] if rows.height > MOST else rows.iter_slices(1)
    told = list(parts)
    for part in told[:MOST]:
        if part.height > 1 and not grouped:
            said = f"{part.height:,} rows of {name}."
        elif name in SENTENCES:
            said = " ".join(SENTENCES[name](part, held.calendar))
        else:
            said = given_sentence(held, name, part.row(0, named=True))
        if said:
            yield _given_link(held, name, part, step, depth, said)
    if len(told) > MOST:
        yield _given_link(held, name, rows, step, depth, f"... and {len(told) - MOST:,} more series of {name}.")


def _given_link(held: Held, name: str, rows: pl.DataFrame, step: str, depth: int, said: str) -> Reason:
    said_of = [one for one in (main_column(table(name)), *numbers(table(name))) if one is not None]
    main = next((one for one in said_of if rows[one.name].null_count() < rows.height), None)
    found, read = origins(held, name, rows, main.name if main else "")
    where = f" Read from {place(found)}{converted(held, rows, read)}." if found else f" {_not_read(held, name)}"
    values = rows[main.name].drop_nulls() if main else None
    adds = rows.height == 1 or (main is not None and main.over_time == "flow")
    value = float(values.sum()) if values is not None and len(values) and adds else None
    return Reason(
        table=name,
        step=step,
        statement=f"{said}{where}",
        kind="source" if found else "assumed",
        depth=depth,
        keys=shared_keys(name, rows),
        column=main.name if main else "",
        value=value,
        unit=main.unit if main else "",
        facts=found or None,
    )


def _not_read(held: Held, name: str) -> str:
    """Say what stands behind rows that no file gave."""
    made = held.frame("assumption_made").filter(pl.col("subject") == name)["statement"].to_list()
    if made:
        return f"Assumed: {made[0]}"
    noted = held.frame("issue").filter(pl.col("table") == name, pl.col("severity") != "error")["message"].to_list()
    if name == "history":
        return "No row was read for it: a period without a row is taken as no demand."
    if "row_origin" not in held.names:
        return "Where it was read is not kept in this version: run the plan again."
    return f"No row was read for it. {noted[0]}" if noted else "No row was read for it: it was filled in by default, or by an override."


def given_sentence(held: Held, name: str, row: Mapping[str, Any]) -> str:
    """Return a row of a given table in words: what it is about, and every number that it has."""
    definition = table(name)
    about = [str(row[key]) for key in definition.keys if row.get(key) is not None and key != "period"]
    when = f" in {held.calendar.label(row['period'])}" if row.get("period") is not None else ""
    figures = [
        f"{column.name.replace('_', ' ')} {share(row[column.name]) if column.unit == 'fraction' else number(row[column.name])}"
        for column in numbers(definition)
        if row.get(column.name) is not None
    ]
    figures += [
        f"{column.name.replace('_', ' ')} {row[column.name]}"
        for column in definition.columns
        if column.kind == "text" and not column.key and row.get(column.name) and str(row[column.name]) not in about
    ]
    words = f": {', '.join(figures)}" if figures else ""
    return f"{name.replace('_', ' ').capitalize()} {', '.join(about)}{when}{words}.".replace(" .", ".").replace(" :", ":")
