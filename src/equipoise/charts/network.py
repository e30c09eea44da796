"""The supply network with its flows, drawn in columns: suppliers, plants, warehouses, markets."""

from dataclasses import dataclass

import altair as alt
import numpy as np
import polars as pl

from equipoise.charts.flows import MARKET, MATERIAL, PLANT, SUPPLIER, WAREHOUSE, WORDS, Network
from equipoise.charts.style import INK, QUIET, WIDTH, Chart, styled
from equipoise.tables.figures import number, quantity, share

_COLORS = {"material": "#7d8994", "buy": "#8fb8de", "subcontract": "#a8577e", "move": "#3c7d68", "ship": "#d9822b"}
_NAMES = {"material": "Material", "buy": "Bought", "subcontract": "Subcontracted", "move": "Moved", "ship": "Shipped to market"}
_FILLS = {SUPPLIER: "#e6edf4", PLANT: "#cfdeec", WAREHOUSE: "#dcebe4", MARKET: "#f7e6d3"}
_BOX_HEIGHT, _ROW, _HEAD = 32.0, 42.0, 26.0
_THICKEST, _THINNEST = 26.0, 0.7  # all flows on one side of a box together; a flow that would not be seen
_POINTS = 21


@dataclass(frozen=True, slots=True)
class _Plane:
    """Where boxes stand: the left edge of each tier's column, the width of a box and the height of the picture."""

    left: dict[int, float]
    box: float
    height: float

    def middle(self, row: float, count: int) -> float:
        """Return the middle of a box from the top: the boxes of a column are spread over the height."""
        return _HEAD + (row + 0.5) * (self.height - _HEAD) / count


def supply_network(found: Network, *, unit: str = "units") -> Chart:
    """Draw the network: boxes by column, links as wide as their quantity over the horizon, one color a kind.

    Widths compare goods with goods and material with material, which may be in other units than `unit`, that of the goods. Raises
    ValueError where nothing flows.
    """
    if found.links.is_empty():
        raise ValueError("no flow to draw")
    nodes, plane = _placed(found.nodes)
    title = _title(found, unit)
    material = " and material with material" if MATERIAL in found.links.get_column("kind").to_list() else ""
    words = [f"Over the horizon; widths compare goods with goods{material}"]
    count, part = found.left_out
    words += [f"the {number(count)} smallest flows are not drawn (at most {share(part)} of a kind)"] if count else []
    kinds = [kind for kind in _COLORS if kind in found.links.get_column("kind").to_list()]
    description = f"{title}. Boxes: {', '.join(nodes.get_column('name').to_list())}."
    layers = alt.layer(*_curves(found.links, nodes, plane, kinds), *_boxes(nodes, plane, unit))
    return styled(layers.resolve_scale(color="independent"), title, "; ".join(words), description, height=int(plane.height))


def _title(found: Network, unit: str) -> str:
    ship = found.links.filter(pl.col("kind") == "ship")
    if ship.is_empty():
        largest = found.links.row(0, named=True)
        return f"{number(largest['quantity'])} from {largest['from']} to {largest['to']} is the largest flow; nothing ships to a market"
    sent = float(ship.get_column("quantity").sum())
    by_place = ship.group_by("from", maintain_order=True).agg(pl.col("quantity").sum().round(6))
    top = by_place.sort(["quantity", "from"], descending=[True, False]).row(0, named=True)
    if by_place.height == 1:
        return f"{number(sent)} {unit} ship to markets, all from {top['from']}"
    return f"{number(sent)} {unit} ship to markets, {share(top['quantity'] / sent)} of it from {top['from']}"


def _placed(nodes: pl.DataFrame) -> tuple[pl.DataFrame, _Plane]:
    """Return the nodes with x (left edge), y (middle), and the plane."""
    tiers = sorted(nodes.get_column("tier").unique().to_list())
    box = min(170.0, 0.62 * WIDTH / max(len(tiers), 2))
    step = (WIDTH - 2 - box) / max(len(tiers) - 1, 1)
    counts = dict(nodes.group_by("tier", maintain_order=True).agg(pl.len()).iter_rows())
    height = _HEAD + _ROW * max(*counts.values(), 3)
    plane = _Plane({tier: 1 + step * place for place, tier in enumerate(tiers)}, box, height)
    x = [plane.left[tier] for tier in nodes.get_column("tier")]
    y = [plane.middle(row, counts[tier]) for tier, row in nodes.select("tier", "row").iter_rows()]
    return nodes.with_columns(pl.Series("x", x, pl.Float64), pl.Series("y", y, pl.Float64)), plane


def _across(column: str) -> alt.X:
    return alt.X(f"{column}:Q", scale=alt.Scale(domain=[0, WIDTH], nice=False), axis=None)


def _down(column: str, height: float) -> alt.Y:
    return alt.Y(f"{column}:Q", scale=alt.Scale(domain=[0, height], reverse=True, nice=False), axis=None)


def _curves(links: pl.DataFrame, nodes: pl.DataFrame, plane: _Plane, kinds: list[str]) -> list[alt.Chart]:
    ends = _spread(links, nodes)
    rows = pl.concat([_curve(row, position, plane) for position, row in enumerate(ends.iter_rows(named=True))])
    shown = [_NAMES[kind] for kind in kinds]
    color = alt.Color(
        "kind:N",
        scale=alt.Scale(domain=shown, range=[_COLORS[kind] for kind in kinds]),
        legend=alt.Legend(symbolType="stroke", symbolStrokeWidth=8),
    )
    drawn = alt.Chart(rows).mark_line(strokeCap="butt", opacity=0.62, interpolate="linear")
    marks: alt.Chart = drawn.encode(
        x=_across("px"),
        y=_down("py", plane.height),
        color=color,
        detail="link:N",
        order="step:Q",
        strokeWidth=alt.StrokeWidth("width:Q", scale=None, legend=None),
    )
    return [marks]


def _spread(links: pl.DataFrame, nodes: pl.DataFrame) -> pl.DataFrame:
    """Return the links with their width and both ends, spread over the height of their boxes by where they go."""
    at = {(tier, name): (x, y) for tier, name, x, y in nodes.select("tier", "name", "x", "y").iter_rows()}
    largest = {flag: _largest(links.filter((pl.col("kind") == MATERIAL) == flag)) for flag in (True, False)}
    rows = [
        {**row, "width": max(_THINNEST, _THICKEST * row["quantity"] / largest[row["kind"] == MATERIAL]),
         "x0": at[row["from_tier"], row["from"]][0], "y0": at[row["from_tier"], row["from"]][1],
         "x1": at[row["to_tier"], row["to"]][0], "y1": at[row["to_tier"], row["to"]][1]}
        for row in links.iter_rows(named=True)
    ]  # fmt: skip
    spread = pl.DataFrame(rows)
    for own, other, keys in (("y0", "y1", ("from_tier", "from")), ("y1", "y0", ("to_tier", "to"))):
        spread = spread.sort([*keys, other, "kind"], maintain_order=True)
        ahead = pl.col("width").cum_sum().over(keys) - pl.col("width") / 2 - pl.col("width").sum().over(keys) / 2
        fits = pl.min_horizontal(1.0, (_BOX_HEIGHT - 4) / pl.col("width").sum().over(keys))
        spread = spread.with_columns((pl.col(own) + ahead * fits).alias(f"{own}s"))
    return spread


def _largest(links: pl.DataFrame) -> float:
    """Return the most that goes into, or out of, any one box."""
    sides = [links.group_by(keys, maintain_order=True).agg(pl.col("quantity").sum()) for keys in (["from_tier", "from"], ["to_tier", "to"])]
    return max((float(side.get_column("quantity").max() or 0.0) for side in sides if side.height), default=0.0)  # type: ignore[arg-type]


def _curve(row: dict[str, float | str], position: int, plane: _Plane) -> pl.DataFrame:
    """Return the points of a link: a smooth S to the right; inside a column or backwards, an arc around the right-hand side."""
    step = np.linspace(0.0, 1.0, _POINTS)
    x0, x1, y0, y1 = (float(row[name]) for name in ("x0", "x1", "y0s", "y1s"))
    start, end = x0 + plane.box, x1
    out, into = (start + (end - start) / 2, start + (end - start) / 2)
    if x1 <= x0:  # the arc of the larger flow is the wider one, so that two ways between the same boxes stay apart
        end = x1 + plane.box
        bulge = 34.0 + 26.0 * float(row["width"]) / _THICKEST
        out, into = start + bulge, end + bulge
    across = (1 - step) ** 3 * start + 3 * (1 - step) ** 2 * step * out + 3 * (1 - step) * step**2 * into + step**3 * end
    down = y0 + (y1 - y0) * (3 * step**2 - 2 * step**3)
    kind = _NAMES.get(str(row["kind"]), str(row["kind"]))
    return pl.DataFrame(
        {"link": position, "step": step, "px": across, "py": down, "kind": kind, "width": float(row["width"])},
        schema_overrides={"px": pl.Float64, "py": pl.Float64},
    ).with_columns(pl.col("px", "py").round(2))


def _boxes(nodes: pl.DataFrame, plane: _Plane, unit: str) -> list[alt.Chart]:
    drawn = nodes.with_columns(
        (pl.col("x") + plane.box).alias("right"),
        (pl.col("y") - _BOX_HEIGHT / 2).alias("top"),
        (pl.col("y") + _BOX_HEIGHT / 2).alias("bottom"),
        (pl.col("x") + plane.box / 2).alias("center"),
        pl.Series("words", [_words(row, unit) for row in nodes.iter_rows(named=True)], pl.String),
        pl.col("tier").replace_strict(_FILLS, return_dtype=pl.String).alias("fill"),
    )
    box = alt.Chart(drawn).mark_rect(stroke="#ffffff", strokeWidth=1, cornerRadius=3)
    fill = alt.Fill("fill:N", scale=None, legend=None)
    text = alt.Chart(drawn).encode(x=_across("center"), y=_down("y", plane.height))
    heads = pl.DataFrame(
        {"center": [plane.left[tier] + plane.box / 2 for tier in plane.left], "y": _HEAD / 3, "head": [WORDS[tier] for tier in plane.left]}
    )
    return [
        box.encode(x=_across("x"), y=_down("top", plane.height), x2="right:Q", y2="bottom:Q", fill=fill),
        text.mark_text(fontSize=11.5, dy=-6, color=INK, limit=plane.box - 8).encode(text="name:N"),
        text.mark_text(fontSize=10, dy=8, color=QUIET, limit=plane.box - 8).encode(text="words:N"),
        alt.Chart(heads).mark_text(fontSize=12, color=QUIET).encode(x=_across("center"), y=_down("y", plane.height), text="head:N"),
    ]


def _words(row: dict[str, float | str | None], unit: str) -> str:
    """Return what a box says below its name: what is made there, else what passes."""
    if row["made"]:
        return f"makes {number(float(row['made']))}"
    return quantity(float(row["through"] or 0.0), unit) if row["tier"] in {WAREHOUSE, MARKET} else number(float(row["through"] or 0.0))
