"""How errors of demand hang together, over series and over time: estimated from residuals, shrunk towards a simple pattern."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from equipoise.reconcile.simulation.normal import Array, Flags, Index
from equipoise.reconcile.simulation.residuals import Residuals

_MOST_TARGET = 0.95
_MOST_TIME = 0.95


@dataclass(frozen=True, eq=False)
class Dependence:
    """A correlation matrix in parts, so that it need never be written out: shares x pattern + rest x what history shows.

    `group` is the family number of each series, `within` and `between` the correlations of the pattern (two series of one family, of two
    families), `weight` the share of each series that follows the pattern, `shown` (series, periods) rows of length one whose products are
    the correlations seen. The correlation of i and j is sqrt(w_i w_j) pattern + sqrt((1 - w_i)(1 - w_j)) shown_i . shown_j, which is
    linear shrinkage where all weights are equal, and a correlation matrix whatever they are. `time` is that of one period with the next.
    """

    group: Index
    within: float
    between: float
    weight: Array
    shown: Array
    time: float
    intensity: float
    seen: int

    def matrix(self) -> Array:
        """Return the correlation matrix, series by series."""
        same = self.group[:, None] == self.group[None, :]
        pattern = np.where(same, self.within, self.between)
        np.fill_diagonal(pattern, 1.0)
        side, rest = np.sqrt(self.weight), np.sqrt(1.0 - self.weight)
        data = self.shown * rest[:, None]
        found: Array = side[:, None] * side[None, :] * pattern + data @ data.T
        np.fill_diagonal(found, 1.0)
        return found


def dependence(seen: Residuals, group: Sequence[int]) -> Dependence:
    """Return how the series of `seen` hang together; `group` is the family number of each.

    The correlations seen are shrunk towards their mean within and between families, with the intensity that is best in the mean square:
    sum of the sampling variances over the sum of squared distances (Ledoit & Wolf 2003, J. Empirical Finance 10; 2004, J. Portfolio
    Management 30; Schaefer & Strimmer 2005, Stat. Appl. Genet. Mol. Biol. 4/1). A series with few periods, or few with demand, is shrunk
    more: as a mean of n observations beside the pattern's worth of them; one without history follows the pattern alone.
    """
    groups = np.asarray(group, np.int64)
    time = persistence(seen)
    known = seen.known
    periods, series = seen.values.shape
    weight = np.ones(series)
    shown = np.zeros((series, periods))
    if len(known) < 2:
        return Dependence(groups, 0.0, 0.0, weight, shown, time, 1.0, len(known))
    scaled = seen.values[:, known] / np.sqrt((seen.values[:, known] ** 2).sum(axis=0))
    shown[known] = scaled.T
    within, between = _pattern(scaled.T @ scaled, groups[known], seen.size[known])
    target = np.where(groups[known][:, None] == groups[known][None, :], within, between)
    intensity = _intensity(seen.values[:, known], scaled, target, (1 + time**2) / (1 - time**2))
    full = float(seen.count.max())
    worth = full * intensity / max(1.0 - intensity, 1e-9)
    weight[known] = np.clip(worth / (worth + np.minimum(seen.count, seen.informative)[known]), intensity, 1.0)
    return Dependence(groups, within, between, weight, shown, time, intensity, len(known))


def _pattern(correlation: Array, group: Index, size: Array) -> tuple[float, float]:
    """Return the mean correlation within and between families, neither below zero, that within at least that between.

    Pairs count by the product of their sizes, so that totals vary as the history of totals does.
    """
    same = group[:, None] == group[None, :]
    weight = np.outer(size, size)
    np.fill_diagonal(weight, 0.0)

    def mean(pairs: Flags) -> float:
        return float((correlation * weight)[pairs].sum() / weight[pairs].sum())

    whole = mean(weight > 0)
    between = mean(~same) if (~same).any() else whole
    within = mean(same) if weight[same].any() else between
    if within < between:
        within = between = whole
    between = min(max(between, 0.0), _MOST_TARGET)
    return min(max(within, between), _MOST_TARGET), between


def _intensity(values: Array, scaled: Array, target: Array, inflation: float) -> float:
    """Return the best share of the target, 0 to 1.

    The variance of a correlation is that of the products it is the mean of, over their number (Schaefer & Strimmer 2005, appendix), times
    `inflation`, for residuals that hang together over time have as many fewer to say (Bartlett 1935, J. Roy. Stat. Soc. 98).
    """
    periods = len(values)
    unit = values / np.sqrt((values**2).mean(axis=0))
    correlation = scaled.T @ scaled
    second = (unit**2).T @ (unit**2)
    variance = (second / periods - correlation**2) * periods / max(periods - 1, 1) ** 2 * inflation
    off = ~np.eye(len(correlation), dtype=bool)
    distance = float(((correlation - target)[off] ** 2).sum())
    return float(np.clip(variance[off].sum() / distance, 0.0, 1.0)) if distance > 0 else 1.0


def persistence(seen: Residuals) -> float:
    """Return the correlation of a residual with that of the period before, pooled over all series, from 0 to 0.95.

    Each series' value is raised by what a short series loses, (1 + 3 r) / n (Kendall 1954, Biometrika 41; Marriott & Pope 1954); the mean,
    by number of periods, is drawn towards zero by the share of it that chance explains (positive-part James-Stein), where series that move
    together count as fewer. Series without two seasons do not count: by arithmetic alone, a step up from the period before is a step down
    for the next.
    """
    known = np.flatnonzero(seen.seasonal)
    if not len(known):
        return 0.0
    values, count = seen.values[:, known], seen.count[known].astype(np.float64)
    raw = (values[1:] * values[:-1]).sum(axis=0) / np.maximum((values**2).sum(axis=0), 1e-12)
    own = np.clip((count * raw + 1) / np.maximum(count - 3, 1), -0.99, 0.99)
    mean = float(np.average(own, weights=count))
    if mean <= 0:
        return 0.0
    alike = _mean_square(values)
    independent = len(known) / (1 + (len(known) - 1) * alike)
    chance = (1 - mean**2) / (float(count.mean()) * independent)
    return float(min(mean * max(0.0, 1 - chance / mean**2), _MOST_TIME))


def _mean_square(values: Array) -> float:
    """Return the mean squared correlation of two different series, what chance alone gives taken off."""
    periods, series = values.shape
    if series < 2:
        return 0.0
    unit = values / np.sqrt((values**2).sum(axis=0))
    product = unit.T @ unit
    mean = (float((product**2).sum()) - series) / (series * (series - 1))
    return float(max(0.0, mean - 1 / periods))
