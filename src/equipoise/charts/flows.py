"""The supply network as a graph: who sends how much to whom over the horizon, in columns from suppliers to markets."""

from dataclasses import dataclass

import polars as pl

SUPPLIER, PLANT, WAREHOUSE, MARKET = 0, 1, 2, 3
WORDS = {SUPPLIER: "Suppliers", PLANT: "Plants", WAREHOUSE: "Warehouses", MARKET: "Markets"}
_MANY = {SUPPLIER: "suppliers", PLANT: "plants", WAREHOUSE: "warehouses", MARKET: "markets"}
UNNAMED = "Suppliers"
MATERIAL = "material"
MOST_NODES = 14  # in a column; the smaller ones beyond are one more box
MOST_LINKS = 60
_SWEEPS = 4

# The nodes of two tiers may share a name (a market called as its plant): a node is its tier and its name.
_ENDS = ("from_tier", "from", "to_tier", "to")


@dataclass(frozen=True, slots=True)
class Network:
    """What is drawn, and what is not.

    Nodes (tier, name, row, made, through, merged): `row` is the place in the column, counted from the top; `made` and `through` are units
    over the horizon; a `merged` node stands for several. Links (from_tier, from, to_tier, to, kind, quantity, share of its kind).
    `left_out` are the smallest flows, as a number and as a share of each kind's units (the largest of these shares).
    """

    nodes: pl.DataFrame
    links: pl.DataFrame
    left_out: tuple[int, float]


def network(
    supply_plan: pl.DataFrame,
    purchase_plan: pl.DataFrame,
    transfer_plan: pl.DataFrame,
    shipment_plan: pl.DataFrame,
    location: pl.DataFrame,
    demand_plan: pl.DataFrame,
) -> Network:
    """Return the network that the plan uses. What bears no quantity is not in it; the smaller nodes of a long column are merged.

    Kinds of links are ship, move, subcontract and buy for the items of `demand_plan`, and material for all others. Quantities are in the
    units of their items, as they are.
    """
    goods = demand_plan.get_column("item").unique()
    made = supply_plan.group_by("location", maintain_order=True).agg(pl.col("quantity").sum())
    plants = _named(location, "plant") | set(made.filter(pl.col("quantity") > 0).get_column("location"))
    suppliers = _named(location, "supplier") - set(made.get_column("location"))
    links = _links((purchase_plan, transfer_plan, shipment_plan), plants, suppliers, goods)
    merged, others = _merged(links)
    shares = merged.with_columns((pl.col("quantity") / pl.col("quantity").sum().over("kind")).round(9).alias("share"))
    kept = shares.sort(["share", *_ENDS, "kind"], descending=[True, *[False] * (len(_ENDS) + 1)])
    rest = kept.slice(MOST_LINKS).group_by("kind", maintain_order=True).agg(pl.col("share").sum())
    missing = float(rest.get_column("share").max() or 0.0) if rest.height else 0.0  # type: ignore[arg-type]
    shown = kept.head(MOST_LINKS)
    return Network(_nodes(shown, made, others), shown, (max(0, kept.height - MOST_LINKS), missing))


def _named(location: pl.DataFrame, kind: str) -> set[str]:
    return set(location.filter(pl.col("kind") == kind).get_column("location"))


def _links(plans: tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame], plants: set[str], suppliers: set[str], goods: pl.Series) -> pl.DataFrame:
    """Return the flows of the plans (purchases, transfers, shipments) over items and periods, with the tiers of their ends."""
    purchase_plan, transfer_plan, shipment_plan = plans
    good = pl.col("item").is_in(goods.implode())

    def tier(name: str) -> pl.Expr:
        inside = pl.when(pl.col(name).is_in(list(plants))).then(PLANT).when(pl.col(name).is_in(list(suppliers))).then(SUPPLIER)
        return inside.otherwise(WAREHOUSE).cast(pl.Int64)

    kind = pl.when(good).then(pl.col("kind").fill_null("buy")).otherwise(pl.lit(MATERIAL))
    move = pl.when(good).then(pl.lit("move")).otherwise(pl.lit(MATERIAL)).alias("kind")
    bought = purchase_plan.select(
        pl.lit(SUPPLIER, pl.Int64).alias("from_tier"), pl.col("supplier").fill_null(UNNAMED).alias("from"),
        tier("location").alias("to_tier"), pl.col("location").alias("to"), kind.alias("kind"), "quantity",
    )  # fmt: skip
    moved = transfer_plan.select(tier("from").alias("from_tier"), "from", tier("to").alias("to_tier"), "to", move, "quantity")
    shipped = shipment_plan.select(
        tier("location").alias("from_tier"), pl.col("location").alias("from"), pl.lit(MARKET, pl.Int64).alias("to_tier"),
        pl.col("market").alias("to"), pl.lit("ship").alias("kind"), "quantity",
    )  # fmt: skip
    rows = pl.concat([bought, moved, shipped])
    return _summed(rows.filter((pl.col("from") != pl.col("to")) | (pl.col("from_tier") != pl.col("to_tier"))))


def _summed(links: pl.DataFrame) -> pl.DataFrame:
    keys = [*_ENDS, "kind"]
    sums = links.group_by(keys, maintain_order=True).agg(pl.col("quantity").sum().round(6))
    return sums.filter(pl.col("quantity") > 1e-6).sort(keys)


def _merged(links: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """Rename the smaller nodes of a long column to one that counts them; flows inside that one are left out. Return its names too."""
    words = []
    for tier in (SUPPLIER, PLANT, WAREHOUSE, MARKET):
        sizes = _through(links).filter(pl.col("tier") == tier).sort(["through", "name"], descending=[True, False])
        if sizes.height <= MOST_NODES + 1:
            continue
        small = sizes.get_column("name").slice(MOST_NODES)
        word = f"{small.len():,} other {_MANY[tier]}"
        words.append(word)
        renamed = [
            pl.when((pl.col(f"{end}_tier") == tier) & pl.col(end).is_in(small.implode())).then(pl.lit(word)).otherwise(end).alias(end)
            for end in ("from", "to")
        ]
        links = _summed(links.with_columns(renamed).filter((pl.col("from") != word) | (pl.col("to") != word)))
    return links, words


def _through(links: pl.DataFrame) -> pl.DataFrame:
    """Return (tier, name, through): the larger of what comes in and what goes out."""
    ends = [
        links.select(pl.col(f"{end}_tier").alias("tier"), pl.col(end).alias("name"), pl.lit(end).alias("end"), "quantity")
        for end in ("from", "to")
    ]
    sums = pl.concat(ends).group_by("tier", "name", "end", maintain_order=True).agg(pl.col("quantity").sum())
    return sums.group_by("tier", "name", maintain_order=True).agg(pl.col("quantity").max().round(6).alias("through")).sort("tier", "name")


def _nodes(links: pl.DataFrame, made: pl.DataFrame, others: list[str]) -> pl.DataFrame:
    """Return the nodes in their places: each column sorted by the mean place of its neighbours, so that few flows cross; `others` last."""
    nodes = _through(links).join(
        made.select(pl.col("location").alias("name"), pl.col("quantity").round(6).alias("made")),
        on="name",
        how="left",
        maintain_order="left",
    )
    inside = pl.col("tier").is_in([PLANT, WAREHOUSE])
    nodes = nodes.with_columns(pl.when(inside).then("made").alias("made"), pl.col("name").is_in(others).alias("merged"))
    ordered = nodes.sort(["tier", "merged", "through", "name"], descending=[False, False, True, False])
    places = {(tier, name): float(row) for tier, name, row in _ranked(ordered).select("tier", "name", "row").iter_rows()}
    pairs = [((a, b), (c, d), q) for a, b, c, d, q in links.select(*_ENDS, "quantity").iter_rows() if a != c]
    for sweep in range(_SWEEPS):
        places = _swept(places, pairs, backward=bool(sweep % 2))
    rows = [places[tier, name] for tier, name in ordered.select("tier", "name").iter_rows()]
    return _ranked(ordered.with_columns(pl.Series("row", rows, pl.Float64)).sort(["tier", "merged", "row", "name"]))


def _ranked(nodes: pl.DataFrame) -> pl.DataFrame:
    return nodes.with_columns(pl.int_range(pl.len()).over("tier").cast(pl.Float64).alias("row"))


Node = tuple[int, str]


def _swept(places: dict[Node, float], pairs: list[tuple[Node, Node, float]], *, backward: bool) -> dict[Node, float]:
    """Sort each column by the mean place of the neighbours on one side, weighted by flow; places are shares of the column's length."""
    counts: dict[int, int] = {}
    for tier, _ in places:
        counts[tier] = counts.get(tier, 0) + 1
    seen: dict[Node, list[tuple[float, float]]] = {}
    for first, second, quantity in pairs:
        node, other = (first, second) if backward else (second, first)
        seen.setdefault(node, []).append(((places[other] + 0.5) / counts[other[0]], quantity))
    wanted = {
        node: (
            round(sum(p * q for p, q in seen[node]) / sum(q for _, q in seen[node]), 9)
            if node in seen
            else (place + 0.5) / counts[node[0]],
            place,
            node[1],
        )
        for node, place in places.items()
    }
    settled: dict[Node, float] = {}
    for tier in counts:
        column = sorted((node for node in places if node[0] == tier), key=lambda node: wanted[node])
        settled |= {node: float(row) for row, node in enumerate(column)}
    return settled
