"""How the numbers of demand review are worked out, each from its inputs. Formulas: docs/demand.md."""

import polars as pl

from equipoise.service.lineage.draft import Draft, part, summed, total
from equipoise.service.lineage.held import CELL, Held
from equipoise.service.messages.explaining import Input
from equipoise.tables.figures import named

_SUCCESSION, _BASELINE = "succession", "baseline"


def cleaned_quantity(held: Held, rows: pl.DataFrame) -> Draft:
    """Demand as booked, with what accepted corrections put in its place."""
    accepted = held.beside("correction", rows, *CELL).filter(pl.col("accepted"))
    change = float((accepted["quantity"].fill_null(0.0) - accepted["raw"].fill_null(0.0)).sum())
    booked = summed("booked", "as booked", rows, "cleaned_history.raw")
    corrected = part("corrected", "what corrections change", change, of="correction.quantity", rows=accepted.height)
    return total("Demand as booked, corrected where it is not usual demand", [(1, booked), (1, corrected)])


def booked(held: Held, rows: pl.DataFrame) -> Draft:
    """Demand of the history."""
    return total("Demand as booked", [(1, summed("booked", "in history", held.beside("history", rows, *CELL), "history.quantity"))])


def stream_quantity(held: Held, rows: pl.DataFrame) -> Draft | None:
    """What a stream says: the baseline, the naive forecast, or the rows of forecast under its name."""
    kinds = rows["kind"].unique().to_list()
    if kinds in (["naive"], [_BASELINE]):
        of = "baseline.naive" if kinds == ["naive"] else "baseline.quantity"
        return total(
            "The statistical forecast", [(1, summed("forecast", f"{kinds[0]} forecast", held.beside("baseline", rows, *CELL), of))]
        )
    if not set(kinds) <= {"view", "increment"}:
        return None
    names = [str(name).removesuffix(" (forecast)") for name in rows["stream"].unique()]
    given = held.beside("forecast", rows, *CELL).filter(pl.col("source").is_in(names))
    return total("As its owner gave it", [(1, summed("given", "given", given, "forecast.quantity"))])


def consensus_quantity(_: Held, rows: pl.DataFrame) -> Draft:
    """Base plus increments and events."""
    base = summed("base", "the basis", rows, "consensus.base")
    return total("What the basis gives, plus increments and events", [(1, base), (1, _increments(rows))])


def _increments(rows: pl.DataFrame) -> Input:
    return summed("increment", "increments and events", rows, "consensus.increment")


def consensus_base(held: Held, rows: pl.DataFrame) -> Draft | None:
    """The baseline with successions; or the mean of the views by their weights, of one cell."""
    weights = held.frame("stream_weight").filter(pl.col("weight") > 0)
    streams = held.beside("stream", rows, *CELL)
    statistical = streams.filter(pl.col("stream").is_in([_BASELINE, _SUCCESSION]))
    if set(weights["stream"]) == {_BASELINE}:
        own = summed("baseline", "statistical forecast", statistical.filter(pl.col("stream") == _BASELINE), "stream.quantity")
        moved = summed("succession", "moved by successions", statistical.filter(pl.col("stream") == _SUCCESSION), "stream.quantity")
        return total("The basis is the baseline", [(1, own), (1, moved)])
    return _weighed(held, rows, streams, weights) if rows.height == 1 else None


def _weighed(held: Held, rows: pl.DataFrame, streams: pl.DataFrame, weights: pl.DataFrame) -> Draft | None:
    pattern = held.beside("segment", rows, "item", "market")["pattern"].to_list()
    own = weights.filter(pl.col("segment").is_in(pattern))
    weighing = dict((own if own.height else weights.filter(pl.col("segment").is_null())).select("stream", "weight").iter_rows())
    said: dict[str, float] = {}
    for name, quantity in streams.select("stream", "quantity").iter_rows():
        of = _BASELINE if name == _SUCCESSION else name
        if of in weighing and quantity is not None:
            said[of] = said.get(of, 0.0) + quantity
    if not said:
        return None
    inputs, terms = [], []
    for place, (name, quantity) in enumerate(said.items(), 1):
        inputs += [
            part(f"w{place}", f"weight of {name}", weighing[name], "fraction", "stream_weight.weight", {"stream": name}),
            part(f"s{place}", name, quantity, of="stream.quantity", keys={"stream": name}),
        ]
        terms.append(f"w{place} * s{place}")
    weight = " + ".join(f"w{place}" for place in range(1, len(said) + 1))
    return Draft("The mean of the views by their weights", f"({' + '.join(terms)}) / ({weight})", tuple(inputs))


def consensus_increment(held: Held, rows: pl.DataFrame) -> Draft:
    """What increments and events add: one input a stream."""
    streams = held.beside("stream", rows, *CELL).filter(pl.col("kind").is_in(["increment", "event"]), pl.col("stream") != _SUCCESSION)
    sums = streams.group_by("stream", maintain_order=True).agg(pl.col("quantity").sum(), pl.len())
    signed = [
        (1, part(f"s{place}", name, quantity, of="stream.quantity", keys={"stream": name}, rows=count))
        for place, (name, quantity, count) in enumerate(sums.iter_rows(), 1)
    ]
    return total("What increments and events add", signed or [(1, part("none", "no increment and no event", 0.0))])


def demand_quantity(held: Held, rows: pl.DataFrame) -> Draft:
    """Orders, and the forecast that they leave: of one period without a window the larger of the two."""
    orders = held.beside("order_book", rows, *CELL).filter(pl.col("quantity") > 0)
    additional = orders.filter(pl.col("additional").fill_null(value=False))
    firm = orders.join(additional, on=orders.columns, how="anti", nulls_equal=True, maintain_order="left")
    forecast = summed("forecast", "consensus", held.beside("consensus", rows, *CELL), "consensus.quantity")
    added = summed("additional", "ordered on top of it", additional, "order_book.quantity")
    ordered = summed("ordered", "ordered", firm, "order_book.quantity")
    setting = held.setting.demand
    if firm.is_empty() and not (setting.order_window_back or setting.order_window_forward):
        return total("The consensus, as nothing is ordered beyond it", [(1, forecast), (1, added)])
    if rows.height == 1 and not (setting.order_window_back or setting.order_window_forward):
        return Draft("The larger of forecast and orders", "max(forecast, ordered) + additional", (forecast, ordered, added))
    whole = float(rows["quantity"].sum()) - held.overridden_by("demand_plan", rows, "quantity")
    left = whole - (ordered.value or 0.0) - (added.value or 0.0)
    rest = part("left", "forecast that orders leave", left, of="consensus.quantity", rows=rows.height)
    words = "Orders, and what they leave of the forecast: an order takes up forecast of its period, then of the periods in its window"
    return total(words, [(1, ordered), (1, rest), (1, added)])


def demand_orders(held: Held, rows: pl.DataFrame) -> Draft:
    """Orders in hand."""
    orders = held.beside("order_book", rows, *CELL).filter(pl.col("quantity") > 0)
    return total("Orders in hand", [(1, summed("ordered", "ordered", orders, "order_book.quantity"))])


def demand_price(held: Held, rows: pl.DataFrame) -> Draft | None:
    """The price of table price, else the item's, else that of the consensus."""
    own = held.beside("price", rows, *CELL)
    item = held.beside("item", rows, "item")
    for frame, of, where in ((own, "price.unit_price", "in table price"), (item, "item.unit_price", "of the item")):
        values = frame["unit_price"].drop_nulls()
        if frame.height == 1 and len(values):
            return total(f"The price {where}", [(1, part("price", where, values[0], "currency per item unit", of))])
    agreed = held.beside("consensus", rows, *CELL)
    revenue = summed("revenue", "revenue of the consensus", agreed, "consensus.revenue", "currency")
    quantity = part("quantity", "units of it", float((agreed["base"] + agreed["increment"]).sum()), of="consensus.quantity")
    return Draft("Revenue over quantity of the streams", "revenue / quantity", (revenue, quantity)) if quantity.value else None


def value_added(held: Held, rows: pl.DataFrame) -> Draft | None:
    """Error of the step before less that of the step."""
    row = rows.row(0, named=True)
    group = ["level", "subject", "lag"]
    before = held.beside("value_added", rows, *group).filter(pl.col("position") < row["position"]).sort("position").tail(1)
    if before.is_empty() or row["error"] is None:
        return None
    last = before.row(0, named=True)
    earlier = part("before", f"error of {last['step']}", last["error"], "fraction", "value_added.error")
    return total("Error of the step before less its own", [(1, earlier), (-1, part("own", f"error of {row['step']}", row["error"]))])


def recorded(held: Held, rows: pl.DataFrame) -> Draft | None:
    """What is written down for the next cycle: the consensus, a stream, or what an override changed."""
    row = rows.row(0, named=True)
    if row["kind"] == "consensus":
        own = held.beside("consensus", rows, *CELL)
        return total("The consensus, as it is agreed", [(1, summed("agreed", "consensus", own, "consensus.quantity"))])
    if row["kind"] == "override":
        own = (
            held.frame("override_cell")
            .join(rows.select(CELL), on=CELL, how="semi", maintain_order="left")
            .filter(pl.col("override") == row["stream"])
        )
        after = summed("after", "with the override", own, "override_cell.after")
        return total("What the override changed", [(1, after), (-1, summed("before", "before it", own, "override_cell.before"))])
    own = held.beside("stream", rows, "stream", *CELL)
    when = named(row["period"], held.calendar)
    return total(f"What the stream says for {when}", [(1, summed("said", str(row["stream"]), own, "stream.quantity"))])
