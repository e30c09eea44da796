"""The standard normal distribution, as safety factors need it."""

import math
from functools import cache
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
_MOST = 10.0
_STEPS = 10_001
_STANDARD = NormalDist()


def quantiles(levels: Array) -> Array:
    """Return the standard normal quantile of each level: -inf at 0, inf at 1, nan outside and of nan. Same shape."""
    known, places = np.unique(levels, return_inverse=True)
    return np.array([_quantile(float(level)) for level in known], dtype=np.float64)[places].reshape(levels.shape)


def _quantile(level: float) -> float:
    if 0 < level < 1:
        return _STANDARD.inv_cdf(level)
    return {0.0: -math.inf, 1.0: math.inf}.get(level, math.nan)


def loss(factor: float) -> float:
    r"""Return the standard normal loss: the units short, in standard deviations, with a safety factor of `factor`.

    $$G(k) = \int_k^\infty (x - k)\,\varphi(x)\,dx = \varphi(k) - k\,(1 - \Phi(k))$$

    Source: Silver, Pyke and Thomas, Inventory and Production Management in Supply Chains (2017), appendix on the normal distribution.
    """
    density = math.exp(-(factor**2) / 2) / math.sqrt(2 * math.pi)
    return density - factor * math.erfc(factor / math.sqrt(2)) / 2


@cache
def _table() -> tuple[Array, Array]:
    """Return factors from 0 on, and the logarithm of the loss of each, falling."""
    factors = np.linspace(0.0, _MOST, _STEPS)
    return factors, np.log([loss(float(factor)) for factor in factors])


def losses(factors: Array) -> Array:
    """Return the standard normal loss of each safety factor from 0 to 10, right to a millionth of itself. Same shape."""
    known, logarithms = _table()
    return np.exp(np.interp(factors, known, logarithms))


def factors_of_loss(wanted: Array) -> Array:
    """Return the safety factor, 0 or more, at which each standard normal loss is met: the inverse of `losses`. Same shape.

    From a table of its logarithm in steps of a thousandth, by interpolation: right to a millionth. A loss that needs no safety stock
    (from 0.3989 on) gives 0, one of 0 or below the largest factor of the table, 10.
    """
    known, logarithms = _table()
    with np.errstate(divide="ignore", invalid="ignore"):
        logarithm = np.where(wanted > 0, np.log(wanted), np.where(np.isnan(wanted), np.nan, -np.inf))
    return np.interp(-logarithm, -logarithms, known)
