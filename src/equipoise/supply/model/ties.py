"""Ties are broken by rule: every flow has a tiny price of its own, made from its name, so that no two plans are quite equal."""

import numpy as np
import numpy.typing as npt
import polars as pl

from equipoise.supply.memory import Memory
from equipoise.supply.model.prices import Prices
from equipoise.supply.model.unknowns import WHOLE, Model

TIE_SHARE = 2e-8
"""Most that a tie price may be, as a share of an item's value: below every other price of the model, above the tolerance of HiGHS."""
_SEED = 20_26
_PARTS = 1 << 20


def tie_gains(model: Model, memory: Memory) -> npt.NDArray[np.float64]:
    """Return, by column, the tiny (negative) gain that breaks ties: a share of the item's value drawn from the hash of its name."""
    gains = np.zeros(model.columns)
    for family, frame in model.unknowns.items():
        if family not in WHOLE and frame.height:
            first = frame.get_column("column").item(0)
            gains[first : first + frame.height] = memory(_gains, family, frame, model.prices)
    return gains


def _gains(family: str, frame: pl.DataFrame, prices: Prices) -> npt.NDArray[np.float64]:
    return -TIE_SHARE * (_values(prices, frame) * _drawn(family, frame)).to_numpy()


def _drawn(family: str, frame: pl.DataFrame) -> pl.Series:
    """Return a number between 0 and 1 for every unknown, from its names and period alone: the order of rows does not matter."""
    names = [name for name, kind in frame.schema.items() if kind == pl.String]
    words = [pl.col(name).fill_null("") for name in sorted(names)]
    named = pl.concat_str([pl.lit(family), *words, pl.col("t").cast(pl.String) if "t" in frame.columns else pl.lit("")], separator="|")
    return frame.select(((named.hash(_SEED) % _PARTS).cast(pl.Float64) + 1) / _PARTS).to_series()


def _values(prices: Prices, frame: pl.DataFrame) -> pl.Series:
    if "item" in frame.columns:
        return frame.select(pl.col("item").replace_strict(prices.value, default=prices.scale, return_dtype=pl.Float64)).to_series()
    return pl.Series([prices.scale] * frame.height, dtype=pl.Float64)
