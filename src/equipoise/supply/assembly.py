"""From equations to arrays: every unknown a column, every row of an equation a row, once and vectorised."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from equipoise import finance
from equipoise.supply.formulation.equation import Equation, Grade
from equipoise.supply.formulation.register import RULES, Rule, asked
from equipoise.supply.memory import Memory
from equipoise.supply.model.network import Network
from equipoise.supply.model.ties import tie_gains
from equipoise.supply.model.unknowns import WHOLE, Model

Array = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Block:
    """The rows of one equation, from `start` on."""

    rule: Rule
    equation: Equation
    start: int

    @property
    def stop(self) -> int:
        """The row after the last."""
        return self.start + self.equation.rows.height


@dataclass(frozen=True, eq=False)
class Problem:
    """A model as arrays. `money` and `penalty` are the gain of one more unit of each column; `offset` the gain of what is known.

    `tie` is a tiny gain of each column that breaks ties by rule; it is no part of the objective.

    `starts`, `index` and `values` are the matrix by column. By row: `crossed` is by how much a least lies above its most (the most then
    holds), `weight` the item units in a unit of the rule, `grade` what gives way first.
    """

    model: Model
    blocks: tuple[Block, ...]
    money: Array
    penalty: Array
    tie: Array
    offset: float
    column_upper: Array
    whole: Flags
    row_lower: Array
    row_upper: Array
    crossed: Array
    starts: Indices
    index: Indices
    values: Array
    weight: Array
    grade: npt.NDArray[np.int64]

    @property
    def rows(self) -> int:
        """How many rows."""
        return len(self.row_lower)

    @property
    def columns(self) -> int:
        """How many columns."""
        return self.model.columns

    def sums(self, values: Array) -> Array:
        """Return what each row sums to, from the value of each column."""
        columns = np.repeat(np.arange(self.columns), np.diff(self.starts))
        return np.bincount(self.index, self.values * values[columns], minlength=self.rows).astype(np.float64)


def activities(model: Model) -> dict[str, pl.DataFrame]:
    """Return what the money terms are paid for: unknowns by family, known demand, demand still open at the end, what is paid once."""
    late = model.net.demands.select("demand", "opening")
    demand = model.demand.join(late, on="demand", how="left", maintain_order="left")
    known = pl.col("quantity") + pl.when(pl.col("t") == 0).then(pl.col("opening")).otherwise(0.0)
    return {
        **model.unknowns,
        "demand": demand.with_columns(known.alias("known"), pl.lit(None, pl.Int64).alias("column")),
        "open_backlog": open_backlog(model, model["backlog"], model.pools.pool, "pool"),
        "one_off": paid_once(model.net),
    }


def paid_once(net: Network) -> pl.DataFrame:
    """Return purpose, t, period and amount of what is paid once within the horizon: known, each once."""
    rows = net.one_off_cost.join(net.periods.select("t", "period"), on="period", maintain_order="left")
    return rows.filter(pl.col("amount") > 0).with_columns(quantity=pl.lit(1.0), known=pl.lit(1.0), column=pl.lit(None, pl.Int64))


def open_backlog(model: Model, backlog: pl.DataFrame, demand: pl.DataFrame, key: str) -> pl.DataFrame:
    """Return the backlog at the end of the horizon, with its prices; `demand` are the rows of demand that `backlog` belongs to, by `key`.

    Open demand earns nothing yet, and costs a little more than losing it would, so that the plan does not hide lost demand at its end.
    """
    dearest = demand.group_by(key, maintain_order=True).agg(pl.col("unit_price").max().alias("dearest"))
    last = backlog.filter(pl.col("t") == model.horizon - 1).join(dearest, on=key, how="left", maintain_order="left")
    lost = pl.col("lost_sale_cost").fill_null(0.0) + (pl.col("dearest") - pl.col("unit_price")).fill_null(0.0)
    value = pl.col("item").replace_strict(model.prices.value, default=model.prices.scale, return_dtype=pl.Float64)
    return last.with_columns((pl.col("unserved_price").fill_null(0.0) + lost + value * 1e-3).alias("unserved_price"))


def assemble(model: Model, memory: Memory | None = None) -> Problem:
    """Return the arrays of a model: all equations that its tables ask for, and the objective of its money terms.

    What a `memory` has of it is not made again.
    """
    remembered = memory or Memory()
    blocks: list[Block] = []
    start = 0
    for rule in RULES:
        if asked(rule, model):
            made = remembered(rule.function, model)
            if made.rows.height:
                blocks.append(Block(rule, made, start))
                start += made.rows.height
    starts, index, values = _matrix(blocks, model.columns, start)
    money, penalty, offset = _objective(model, remembered)
    lower, upper = _stacked(blocks, "lower"), _stacked(blocks, "upper")
    return Problem(
        model=model,
        blocks=tuple(blocks),
        money=money,
        penalty=penalty,
        tie=tie_gains(model, remembered),
        offset=offset,
        column_upper=_column_upper(model),
        whole=_whole(model),
        row_lower=np.minimum(lower, upper),
        row_upper=upper,
        crossed=np.where(lower > upper, lower - np.where(np.isfinite(upper), upper, 0.0), 0.0),
        starts=starts,
        index=index,
        values=values,
        weight=_stacked(blocks, "weight"),
        grade=np.concatenate(
            [np.full(block.equation.rows.height, block.rule.grade, np.int64) for block in blocks] or [np.zeros(0, np.int64)]
        ),
    )


def _stacked(blocks: list[Block], column: str) -> Array:
    """Return a column of all rows; 1 where an equation does not have it."""
    parts = [
        rows.get_column(column).to_numpy() if column in rows.columns else np.ones(rows.height)
        for rows in (block.equation.rows for block in blocks)
    ]
    return np.concatenate([np.zeros(0), *parts]).astype(np.float64)


def _matrix(blocks: list[Block], columns: int, rows: int) -> tuple[Indices, Indices, Array]:
    """Return the matrix by column: starts, row indices and values; entries of one row and column are added up."""
    parts = [block.equation.entries for block in blocks]
    row = np.concatenate(
        [np.zeros(0, np.int64), *(part.get_column("row").to_numpy() + block.start for part, block in zip(parts, blocks, strict=True))]
    )
    column = np.concatenate([np.zeros(0, np.int64), *(part.get_column("column").to_numpy() for part in parts)])
    value = np.concatenate([np.zeros(0), *(part.get_column("coefficient").to_numpy() for part in parts)])
    place = column * max(rows, 1) + row
    order = np.argsort(place, kind="stable")
    place, value = place[order], value[order]
    first = np.flatnonzero(np.diff(place, prepend=-1)) if len(place) else np.zeros(0, np.int64)
    if len(first) < len(place):
        value = np.add.reduceat(value, first)
        place = place[first]
    kept = value != 0
    place, value = place[kept], value[kept]
    counts = np.bincount(place // max(rows, 1), minlength=columns)
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    return starts, (place % max(rows, 1)).astype(np.int32), value


def _objective(model: Model, memory: Memory) -> tuple[Array, Array, float]:
    """Return the gain of one more unit of each column in money and in the model's own prices, and the gain of what is known."""
    terms = pl.concat([memory(_gains, name, frame) for name, frame in memory(activities, model).items()])
    offset = float(terms.filter(pl.col("column").is_null()).get_column("coefficient").sum())
    placed = terms.filter(pl.col("column").is_not_null())
    vectors = []
    for own in (False, True):
        part = placed.filter((pl.col("money_class") == "penalty") == own)
        columns = part.get_column("column").to_numpy()
        vectors.append(np.bincount(columns, part.get_column("coefficient").to_numpy(), minlength=model.columns).astype(np.float64))
    return vectors[0], vectors[1], offset


def _gains(name: str, activity: pl.DataFrame) -> pl.DataFrame:
    return finance.coefficients({name: activity})


def _column_upper(model: Model) -> Array:
    upper = np.full(model.columns, np.inf)
    for frame in model.unknowns.values():
        if "upper" in frame.columns and frame.height:
            upper[frame.get_column("column").to_numpy()] = frame.get_column("upper").fill_null(np.inf).to_numpy()
    return upper


def _whole(model: Model) -> Flags:
    """Return which columns must come whole."""
    whole = np.zeros(model.columns, np.bool_)
    if model.net.setting.supply.integer:
        for name in sorted(WHOLE):
            whole[model[name].get_column("column").to_numpy()] = True
        whole[model["workers"].filter(pl.col("integer")).get_column("column").to_numpy()] = True
    return whole


def relaxed(model: Model) -> list[str]:
    """Return what the tables ask to come whole, in words, and the setting lets come in fractions."""
    if model.net.setting.supply.integer:
        return []
    names = {"setup": "set-ups", "order": "orders", "use": "lane use", "open": "running lines", "opening": "site openings"}
    names |= {"closing": "site closings", "step": "capacity steps", "maintain": "maintenance stops"}
    loose = [word for family, word in names.items() if model[family].height]
    asks = (
        ("least lots", model["make"], ("minimum_lot", "lot_multiple")),
        ("least orders", model["buy"], ("minimum_lot", "minimum_when_used")),
        ("lots of orders", model["buy"], ("lot_multiple",)),
        ("least loads of lanes", model.net.places.lane, ("minimum_load",)),
        ("whole loads of lanes", model.net.places.lane, ("lot_multiple",)),
        ("least runs of lines", model.net.resource, ("minimum_run",)),
    )
    for word, frame, columns in asks:
        if frame.filter(pl.any_horizontal(pl.col(name).fill_null(0) > 0 for name in columns)).height:
            loose.append(word)
    if model["workers"].filter(pl.col("integer")).height:
        loose.append("workers")
    return sorted(loose)


def limit_rows(problem: Problem) -> Flags:
    """Return which rows may give way where not all rules can hold."""
    return np.asarray(problem.grade != Grade.PHYSICS, np.bool_)
