"""Forecast errors: of each demand from its interval in the demand plan, and of each point from the demands that it serves."""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import polars as pl

from equipoise.supply.inventory_targets.normal import Array
from equipoise.supply.model.cover import demand_factors
from equipoise.supply.model.network import Network

_TENTH = NormalDist().inv_cdf(0.9)  # standard deviations from the middle to the ninetieth percentile
_STEEPEST = 0.7  # a random walk grows by 0.5; the rest is room for forecasts of trends
_FEWEST = 3
_ROWS_AT_ONCE = 20_000


@dataclass(frozen=True)
class Errors:
    """Forecast errors, each row a demand or a point, each column a bucket of the horizon and a year after it.

    variance: of a period's error one period ahead; unknown: units of demand without a known error; growth: the power of the lag with
    which errors grow.
    """

    variance: Array
    unknown: Array
    growth: float


def demand_errors(net: Network, plan: pl.DataFrame) -> Errors:
    """Return the errors of every demand, from p10 and p90 of the demand plan.

    The standard deviation is half the way from p10 to p90 over 1.28. Where p10 stands at zero or at what is ordered, below which demand
    cannot fall, the lower half is cut off: there it is the way from the quantity to p90 over 1.28, if that is more. After the horizon: the
    same period a year earlier, or the average where the horizon is shorter.

    An interval is wider the further ahead it lies. What stock has to be safe against in a late period is the error of the plan that will
    then be made, a lead and review time ahead, so that the growth with the lag is taken out (`error_growth`) and put back by `lag_factor`.
    """
    horizon, season = net.horizon, net.calendar.periods_a_year
    rows = plan.join(net.demands.select("demand", "item", "market"), on=["item", "market"], maintain_order="left")
    rows = rows.join(net.periods.select("t", "period"), on="period", maintain_order="left")
    cut = pl.col("p10") <= pl.max_horizontal(pl.col("orders").fill_null(0.0), 0.0)
    upper = pl.when(cut).then(pl.col("p90") - pl.col("quantity"))
    wide = pl.max_horizontal((pl.col("p90") - pl.col("p10")) / 2, upper).clip(0) / _TENTH
    known = pl.col("p10").is_not_null() & pl.col("p90").is_not_null()
    rows = rows.with_columns(known.alias("known"), pl.when(known).then(wide).otherwise(0.0).alias("wide"))
    demand, deviation, unknown = np.zeros((3, net.demands.height, horizon))
    place = rows.get_column("demand").to_numpy(), rows.get_column("t").to_numpy()
    demand[place] = rows.get_column("quantity").fill_null(0.0).to_numpy()
    deviation[place] = rows.get_column("wide").fill_null(0.0).to_numpy()
    unknown[place] = np.where(rows.get_column("known").to_numpy(), 0.0, np.maximum(demand[place], 0.0))
    growth = error_growth(deviation, demand)
    ahead = deviation / np.arange(1, horizon + 1) ** growth
    return Errors(_a_year_on(ahead**2, season), _a_year_on(unknown, season), growth)


def _a_year_on(known: Array, season: int) -> Array:
    horizon = known.shape[1]
    after = known[:, horizon - season :] if horizon >= season else np.repeat(known.mean(axis=1, keepdims=True), season, axis=1)
    return np.concatenate([known, after], axis=1)


def error_growth(deviation: Array, demand: Array) -> float:
    """Return the power of the lag with which errors grow over the horizon, of all demands together (demands, periods): their median.

    Of each demand with an error in every period, the slope of the logarithm of the error over that of the lag (1, 2, ...); measured as
    units and as a share of demand, and the smaller of both, so that an error which only follows demand is not taken for growth.
    Between 0 and 0.7.
    """
    whole = ((deviation > 0) & (demand > 0)).all(axis=1)
    if deviation.shape[1] < _FEWEST or not whole.any():
        return 0.0
    lag = np.log(np.arange(1, deviation.shape[1] + 1))
    away = (lag - lag.mean()) / ((lag - lag.mean()) ** 2).sum()
    units, share = np.log(deviation[whole]) @ away, np.log(deviation[whole] / demand[whole]) @ away
    return float(np.clip(np.median(np.minimum(units, share)), 0.0, _STEEPEST))


def lag_factor(periods: Array, growth: float) -> Array:
    """Return the mean variance of errors 1, 2, ... periods ahead, as a multiple of that one period ahead, over so many `periods`.

    A part of a period counts in proportion; below one period it is that of one period ahead.
    """
    total, lag = np.zeros_like(periods), 1
    while growth > 0 and (periods > lag - 1).any():
        total += np.clip(periods - (lag - 1), 0.0, 1.0) * lag ** (2 * growth)
        lag += 1
    return np.where((periods > 1) & (growth > 0), total / np.maximum(periods, 1.0), 1.0)


def point_errors(net: Network, errors: Errors, points: list[int]) -> Errors:
    r"""Return the errors at each of `points`, in their order.

    $$\sigma_p^2 = \sum_d f_{p,d}^2\,\sigma_d^2$$

    with f the units of point p that a unit of demand d takes, by shipments, lanes and bills of material, all paths together. Errors of
    different demands (markets, items) are independent; along the paths of one demand they are the same error.
    """
    number = pl.DataFrame({"point": points, "row": range(len(points))}, schema={"point": pl.Int64, "row": pl.Int64})
    factors = demand_factors(net).join(number, on="point", maintain_order="left")
    variance, unknown = np.zeros((2, len(points), errors.variance.shape[1]))
    for part in factors.iter_slices(_ROWS_AT_ONCE):
        demand, row = part.get_column("demand").to_numpy(), part.get_column("row").to_numpy()
        factor = part.get_column("factor").to_numpy()[:, None]
        np.add.at(variance, row, factor**2 * errors.variance[demand])
        np.add.at(unknown, row, factor * errors.unknown[demand])
    return Errors(variance, unknown, errors.growth)
