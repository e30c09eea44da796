"""Means of groups, drawn towards the mean of the wider group the less they rest on."""

import numpy as np

from equipoise.demand.methods import Array, Counts


def group_means(value: Array, variance: Array, group: Counts, groups: int, parent: float = 0.0) -> tuple[Array, Array, float]:
    """Return mean and squared standard error of each group, both (groups,), NaN and infinite without rows; and the variance between.

    `value` and sampling `variance` are (rows,), `group` numbers the rows' groups. Rows of one group differ by more than sampling: that
    variance, t2, is found from Q = sum of (value - group mean)^2 / variance by the method of moments, for all groups together, as
    max(0, (Q - rows + groups) / (sum w - sum over groups of (sum w^2 / sum w))) with w = 1 / variance, and rows weigh 1 / (variance + t2).
    Where no group has two rows, t2 is `parent`. Source: DerSimonian and Laird, "Meta-analysis in clinical trials", Controlled Clinical
    Trials 7 (1986).
    """
    weight = 1.0 / variance
    sums, squares, used = _sum(weight, group, groups), _sum(weight**2, group, groups), _sum(np.ones_like(value), group, groups)
    seen = sums > 0
    centre = _sum(weight * value, group, groups) / np.where(seen, sums, 1.0)
    freedom = float(used.sum() - seen.sum())
    spare = float(sums.sum() - (squares[seen] / sums[seen]).sum())
    between = parent
    if freedom > 0 and spare > 0:
        between = max(0.0, (float((weight * (value - centre[group]) ** 2).sum()) - freedom) / spare)
    weight = 1.0 / (variance + between)
    sums = _sum(weight, group, groups)
    mean = np.where(seen, _sum(weight * value, group, groups) / np.where(seen, sums, 1.0), np.nan)
    return mean, np.where(seen, 1.0 / np.where(seen, sums, 1.0), np.inf), between


def drawn(mean: Array, variance: Array, centre: Array, centre_variance: Array) -> tuple[Array, Array]:
    """Return the groups' means drawn towards the `centre` of each, and their squared standard errors, all (groups,).

    estimate = B mean + (1 - B) centre, B = t2 / (t2 + variance), where t2 is how much groups really differ from their centres, by the
    method of moments. A group without a mean of its own (NaN) gets its centre, with t2 in its error. Source: Morris, "Parametric empirical
    Bayes inference", Journal of the American Statistical Association 78 (1983).
    """
    known = np.isfinite(mean) & np.isfinite(variance) & (variance > 0) & np.isfinite(centre)
    differ = 0.0
    if known.any():
        weight = 1.0 / variance[known]
        groups, centres = int(known.sum()), len(np.unique(centre[known]))
        lost = groups / (groups - centres) if groups > centres else 1.0  # the groups made their centres themselves
        excess = lost * (mean[known] - centre[known]) ** 2 - variance[known]
        differ = max(0.0, float((weight * excess).sum() / weight.sum()))
    share = np.where(known, differ / (differ + np.where(known, variance, 1.0)), 0.0)
    estimate = np.where(known, share * np.where(known, mean, 0.0) + (1 - share) * centre, centre)
    return estimate, np.where(known, share * np.where(known, variance, 0.0), differ) + (1 - share) ** 2 * centre_variance


def _sum(value: Array, group: Counts, groups: int) -> Array:
    return np.bincount(group, weights=value, minlength=groups).astype(np.float64)
