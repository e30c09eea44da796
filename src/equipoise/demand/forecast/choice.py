"""Which methods make each series' baseline: weights from the backtest, drawn towards what holds for series of the same kind."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from equipoise.demand.forecast.backtest import Backtest
from equipoise.demand.methods import Array, Counts, Flags
from equipoise.demand.methods.intermittent_pool import pool_score


@dataclass(frozen=True)
class Rules:
    """What turns errors into weights; `python -m benchmarks.selection` shows each value beside its neighbours.

    `prior`: test periods that the experience of similar series counts for. `many`: series that the assumption of equal methods counts for,
    in a pool. `steepness`: the power of the score with which weights fall. `least`: the share of the weight below which a method is left
    out. `sparse`: the prior for intermittent series, of which one alone says next to nothing.
    """

    prior: float = 20
    many: float = 5
    steepness: float = 4
    least: float = 0.05
    sparse: float = 100


RULES = Rules()


@dataclass(frozen=True)
class Choice:
    """The methods' `weights` (methods, series), summing to one; `score` (methods, series), the backtest error against the plain methods',
    drawn towards the pool's; the combined `points` (series, horizon) and `past` (series, origins, reach)."""

    weights: Array
    score: Array
    points: Array
    past: Array


def mean_known(values: Array, axis: int | tuple[int, ...]) -> Array:
    """Return the mean without NaN, NaN where there is nothing."""
    count = (~np.isnan(values)).sum(axis=axis)
    return np.asarray(np.where(count > 0, np.nansum(values, axis=axis) / np.maximum(count, 1), np.nan))


def choose(
    backtest: Backtest, pools: Counts, plain: Sequence[int], squared: Flags, rules: Rules = RULES, size: Array | None = None
) -> Choice:
    """Return the weights and what they give.

    Errors are absolute, but `squared` for intermittent demand (series,), whose absolute error is least for a forecast of nothing; `size`
    (series,) is what such errors are measured in, the mean demand of a period with demand; all the same where it is not given.

    `pools` (series,) numbers the kind of each series; `plain` are the methods that forecast every series: their mean error at an origin is
    its difficulty, so that methods tried at different origins can be compared. Weights fall with the fourth power of the score, and only
    what counts for next to nothing is left out: combining several is more accurate than trusting the winner of a short backtest. Source
    for combining by inverse error: Bates and Granger, "The combination of forecasts", Operational Research Quarterly 20 (1969).
    """
    error = np.stack([_error(past, backtest.actual, squared) for past in backtest.past])
    usable = np.asarray(~np.isnan(backtest.points).any(axis=2))
    score, tested = _scores(error, backtest.actual, plain)
    prior = _prior(score, usable, pools, rules)
    if squared.any():
        sizes = np.ones(len(squared)) if size is None else size
        _prior_of_sparse(prior, error, backtest.actual, plain, usable & squared, pools, sizes, rules)
    score = _drawn(score, tested, prior, np.where(squared, rules.sparse, rules.prior))
    score = np.where(usable, score, np.inf)
    weights = _weights(score, rules)
    return Choice(weights, score, _combined(backtest.points, weights), _past(backtest, weights))


def _error(past: Array, actual: Array, squared: Flags) -> Array:
    """Return one method's error at each origin, (series, origins): root mean squared where `squared` (series,), else mean absolute."""
    away = past - actual
    error = mean_known(np.abs(away), axis=2)
    error[squared] = np.sqrt(mean_known(away[squared] ** 2, axis=2))
    return error


def _scores(error: Array, actual: Array, plain: Sequence[int]) -> tuple[Array, Array]:
    """Return relative error (methods, series), NaN where untested, and how many test periods stand behind it."""
    level = mean_known(np.abs(actual), axis=(1, 2))
    difficulty = mean_known(error[list(plain)], axis=0)
    floor = np.maximum(np.nan_to_num(level) * 0.01, 1e-9)[:, None]
    tested = ~np.isnan(error)
    against = np.where(tested, np.maximum(difficulty, floor)[None], 0.0).sum(axis=2)
    score = np.where(against > 0, np.where(tested, error, 0.0).sum(axis=2) / np.where(against > 0, against, 1.0), np.nan)
    periods = (~np.isnan(actual)).sum(axis=2)
    return score, np.where(tested, periods[None], 0).sum(axis=2).astype(np.float64)


def _prior(score: Array, usable: Flags, pools: Counts, rules: Rules) -> Array:
    """Return the median score of the series of the same pool, (methods, series); where the pool knows nothing either, one."""
    prior = np.ones_like(score)
    for pool in np.unique(pools):
        rows = pools == pool
        for method in range(len(score)):
            known = rows & usable[method] & ~np.isnan(score[method])
            if known.any():
                prior[method, rows] = _with_equals(float(np.median(score[method, known])), int(known.sum()), rules)
    return prior


def _prior_of_sparse(
    prior: Array, error: Array, actual: Array, plain: Sequence[int], known: Flags, pools: Counts, size: Array, rules: Rules
) -> None:
    """Put the score of the pool as a whole in place of the median, for the series that are `known` (methods, series) and intermittent."""
    difficulty = mean_known(error[list(plain)], axis=0)
    periods = (~np.isnan(actual)).sum(axis=2).astype(np.float64)
    for pool in np.unique(pools):
        for method in range(len(error)):
            rows = known[method] & (pools == pool)
            found = pool_score(error[method, rows], difficulty[rows], periods[rows], size[rows])
            if np.isfinite(found):
                prior[method, rows] = _with_equals(found, int((~np.isnan(error[method, rows])).any(axis=1).sum()), rules)


def _with_equals(score: float, count: int, rules: Rules) -> float:
    """Return the score of a pool of `count` series, drawn towards one where they are few."""
    return (score * count + rules.many) / (count + rules.many)


def _drawn(score: Array, tested: Array, prior: Array, evidence: Array) -> Array:
    """Return scores (methods, series) drawn towards the prior, which counts for `evidence` (series,) test periods."""
    own = np.where(np.isnan(score), prior, score)
    return (own * tested + prior * evidence[None]) / (tested + evidence[None])


def _weights(score: Array, rules: Rules) -> Array:
    best = np.maximum(score.min(axis=0), 1e-3)
    weights = np.where(np.isfinite(score), (np.maximum(score, 1e-3) / best) ** -rules.steepness, 0.0)
    weights = np.where(weights >= rules.least * weights.sum(axis=0), weights, 0.0)
    return np.asarray(weights / weights.sum(axis=0))


def _combined(points: Array, weights: Array) -> Array:
    return np.asarray((np.nan_to_num(points) * weights[:, :, None]).sum(axis=0))


def _past(backtest: Backtest, weights: Array) -> Array:
    """Return the combination's forecasts from each origin; where a method had too little history, the others share its weight."""
    known = ~np.isnan(backtest.past)
    total = np.zeros(backtest.actual.shape)
    combined = np.zeros(backtest.actual.shape)
    for method, weight in enumerate(weights):
        total += known[method] * weight[:, None, None]
        combined += np.nan_to_num(backtest.past[method]) * weight[:, None, None]
    return np.where(total > 0.3, combined / np.where(total > 0, total, 1.0), np.nan)
