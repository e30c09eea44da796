"""How demand responds to drivers: one model for all series, estimated from what changed against the same period of the last season."""

from dataclasses import dataclass

import numpy as np

from equipoise.demand.drivers.own_effect import Shown, own_effects, shown
from equipoise.demand.methods import Array, Counts, Flags

_SERIES = 1000  # series that the model is estimated from, taken evenly from all
_ROWS = 4096  # series at a time, where each shows effects of its own
_LEAST = 10  # observations a driver must have behind it
_MOST = 20  # drivers tried together
_SURE = 3.0  # standard errors by which an effect must stand out from none
_SMALL = 0.02  # share of its mean below which demand is no demand to take a logarithm of
_BEND = 1.5  # standard deviations from which an observation counts less; Huber (1964)
_RIDGE = 1e-3  # penalty on each effect, as a share of what the data says: drivers that move together share an effect
_FIRM = 6  # observations that the usual noise counts for in a series' own
_LIMIT = float(np.log(10))  # drivers together at most make demand ten times as much, or leave a tenth of it


@dataclass(frozen=True)
class Response:
    """Which drivers demand responds to: their numbers, `drivers`, and the `effect` that a unit of each has on the logarithm of demand.

    `own` (series, drivers) is by how much more it has in each series; None: the same in all.
    """

    drivers: tuple[int, ...] = ()
    effect: tuple[float, ...] = ()
    own: Array | None = None

    def lift(self, seen: tuple[Array, ...], series: Counts, end: int) -> Array:
        """Return what drivers multiply the demand of some series by, (series, periods): one where all are at their mean before `end`.

        `seen` are the drivers as known at the origin, `series` the rows wanted.
        """
        total = np.zeros((len(series), seen[0].shape[1]))
        for place, (number, effect) in enumerate(zip(self.drivers, self.effect, strict=True)):
            values = seen[number] if len(seen[number]) == 1 else seen[number][series]
            each = effect if self.own is None else effect + self.own[series, place, None]
            total = total + each * (values - values[:, :end].mean(axis=1, keepdims=True))
        return np.asarray(np.exp(np.clip(total, -_LIMIT, _LIMIT)))


@dataclass(frozen=True)
class _Model:
    """Changes of demand `change` (series, periods) and of drivers `moves` (series, periods, drivers), zero where not `used`."""

    change: Array
    moves: Array
    used: Flags


def response(values: Array, seen: tuple[Array, ...], season: int) -> Response:
    """Return how demand responds to the drivers, from the history of the series that teach.

    `values` (series, periods) is demand, `seen` the drivers, (series or 1, at least periods). The change of the logarithm of demand against
    the same period of the last season (or the period before, where there is no season and a half) is regressed on the change of the
    drivers, over all series at once: level and season of a series drop out of both sides. Shocks that all series share in a period are a
    random effect, so that a driver that is the same for all has one observation a period and not one a series; Fuller and Battese,
    "Estimation of linear models with crossed-error structure", Journal of Econometrics 2 (1974). Ridge: Hoerl and Kennard, Technometrics 12
    (1970); weights of outliers: Huber (1964). Standard errors allow for dependence within a series: Liang and Zeger, Biometrika 73 (1986).
    The least certain driver is left out, one at a time, until each stands out by three standard errors. Then each series shows by how much
    it responds more or less than all: see `own_effect`.
    """
    every, given = values, seen
    step = max(1, -(-len(values) // _SERIES))
    values, seen = values[::step], tuple(driver if len(driver) == 1 else driver[::step] for driver in seen)
    lag = season if values.shape[1] >= season + max(season // 2, 2) else 1
    if values.shape[1] <= lag:
        return Response()
    change = _change(_logarithm(values), lag)
    used = ~np.isnan(change)
    moves = np.stack([np.where(used, _change(driver[:, : values.shape[1]], lag), 0.0) for driver in seen], axis=2)
    left = _moving(moves, np.nan_to_num(change), int(used.sum()))
    while left:
        scale = np.sqrt((moves[:, :, left] ** 2).sum(axis=(0, 1)) / used.sum())
        effect, certainty, shock = _estimate(_Model(np.where(used, change, 0.0), moves[:, :, left] / scale, used))
        worst = int(np.argmin(certainty))
        if certainty[worst] >= _SURE:
            each = tuple(given[number][:, : every.shape[1]] / size for number, size in zip(left, scale.tolist(), strict=True))
            return Response(tuple(left), tuple((effect / scale).tolist()), _own(every, each, lag, effect, shock) / scale)
        left.pop(worst)
    return Response()


def _logarithm(values: Array) -> Array:
    """Return the logarithm of demand, NaN where there is next to none."""
    sold = np.nan_to_num(values) > 0
    mean = np.where(sold, values, 0.0).sum(axis=1) / np.maximum(sold.sum(axis=1), 1)
    enough = np.nan_to_num(values) > _SMALL * mean[:, None]
    return np.where(enough, np.log(np.where(enough, values, 1.0)), np.nan)


def _change(values: Array, lag: int) -> Array:
    return np.asarray(values[:, lag:] - values[:, :-lag])


def _moving(moves: Array, change: Array, observations: int) -> list[int]:
    """Return the drivers that change at all, at most one for ten observations: those most like demand go first."""
    size = (moves**2).sum(axis=(0, 1))
    often = (np.abs(moves) > 1e-9).sum(axis=(0, 1)) >= _LEAST
    alike = np.abs(np.einsum("itk,it->k", moves, change)) / np.sqrt(np.maximum(size, 1e-12))
    most = min(_MOST, observations // _LEAST)
    order = [int(number) for number in np.argsort(-alike, kind="stable") if often[number] and size[number] > 1e-12]
    return sorted(order[:most])


def _estimate(model: _Model) -> tuple[Array, Array, Array]:
    """Return the effects and by how many standard errors each differs from none, (drivers,) each, and what series share, (periods,)."""
    count = model.used.sum(axis=1)
    noise = _noise(model.change, model.used.astype(np.float64), count)
    weight: Array = np.where(model.used, 1.0, 0.0)
    drivers = model.moves.shape[2]
    effect: Array = np.zeros(drivers)
    for _ in range(4):
        precision = weight / noise[:, None] ** 2
        share = _shared(model.change - model.moves @ effect, precision)
        change = _without(model.change[:, :, None], precision, share)[:, :, 0]
        moves = _without(model.moves, precision, share)
        weighted = (moves * precision[:, :, None]).reshape(-1, drivers)
        normal = weighted.T @ moves.reshape(-1, drivers)
        normal = normal + np.diag(np.maximum(np.diag(normal), 1e-9)) * _RIDGE
        effect = np.asarray(np.linalg.solve(normal, weighted.T @ change.ravel()), dtype=np.float64)
        away = change - moves @ effect
        noise = _noise(away, weight * model.used, count)
        weight = np.where(model.used, np.minimum(1.0, _BEND * noise[:, None] / np.maximum(np.abs(away), 1e-12)), 0.0)
    shock = _shock(model.change - model.moves @ effect, precision, share)
    inverse = np.linalg.inv(normal)
    by_series = np.einsum("itk,it->ik", moves, precision * away)
    clustered = np.diag(inverse @ (by_series.T @ by_series) @ inverse)
    plain = np.diag(inverse) * (precision * away**2).sum() / max(int(model.used.sum()) - drivers, 1)
    error = np.sqrt(np.maximum(clustered, plain))
    return effect, np.abs(effect) / np.maximum(error, 1e-12), shock


def _own(values: Array, drivers: tuple[Array, ...], lag: int, effect: Array, shock: Array) -> Array:
    """Return by how much each series' effects differ from `effect` (drivers,), where `shock` (periods,) is shared by all."""
    parts = []
    for start in range(0, len(values), _ROWS):
        rows = slice(start, start + _ROWS)
        change = _change(_logarithm(values[rows]), lag)
        moves = [_change(driver if len(driver) == 1 else driver[rows], lag) for driver in drivers]
        laid = np.stack([np.broadcast_to(move, change.shape) for move in moves], axis=2)
        parts.append(shown(change - shock - laid @ effect, laid))
    return own_effects(Shown(np.concatenate([p.slope for p in parts], axis=1), np.concatenate([p.weight for p in parts], axis=1)))


def _noise(away: Array, weight: Array, count: Counts) -> Array:
    """Return each series' standard deviation, drawn towards the usual one where it has few observations, (series,)."""
    own = (weight * away**2).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-9)
    usual = float(np.median(own[count > 0])) if (count > 0).any() else 0.0
    return np.asarray(np.maximum(np.sqrt((own * count + usual * _FIRM) / (count + _FIRM)), 0.02))


def _shared(away: Array, precision: Array) -> Array:
    """Return the share of each period's mean that is taken off, (periods,): all of it where what series share is far from chance."""
    total = precision.sum(axis=0)
    seen = total > 0
    mean = (precision * away).sum(axis=0) / np.where(seen, total, 1.0)
    variance = float(np.maximum((mean[seen] ** 2 - 1 / total[seen]).mean(), 0.0)) if seen.any() else 0.0
    return np.asarray(1 - np.sqrt(1 / (1 + total * variance)))


def _shock(away: Array, precision: Array, share: Array) -> Array:
    """Return what is taken off what is left of the changes in each period, (periods,)."""
    return np.asarray(share * (precision * away).sum(axis=0) / np.maximum(precision.sum(axis=0), 1e-9))


def _without(values: Array, precision: Array, share: Array) -> Array:
    """Return (series, periods, columns) with a share of each period's weighted mean taken off."""
    total = np.maximum(precision.sum(axis=0), 1e-9)
    mean = np.einsum("it,itk->tk", precision, values) / total[:, None]
    return np.asarray(values - share[None, :, None] * mean[None])
