"""What trading days and moving holidays do to demand: measured on all series together, and by family where it differs."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from equipoise.demand.cleaning.grid import Grid
from equipoise.demand.cleaning.trading_day import easter_share, working_days
from equipoise.demand.cleaning.usual import robust_spread
from equipoise.demand.forecast.panel import REGULAR_INTERVAL
from equipoise.demand.methods import Array, Counts, Flags
from equipoise.dimensions.calendar import Calendar
from equipoise.tables import table

_SURE = 3.5  # t value from which an effect is taken to exist
_LEAST = 18  # periods with a year before them that an effect is measured on
_SEEN = 4  # of them in which the calendar must differ from the year before
_MOST = 0.5  # greatest effect believed, as a logarithm, of a working day or of Easter
_NAMES = ("working day", "Easter")


@dataclass(frozen=True)
class _Effect:
    """Coefficients (effects,), logarithm of demand a working day and a whole Easter, and their standard errors; 0 where not significant."""

    coefficient: Array
    error: Array


def calendar_effects(grid: Grid, values: Array, calendar: Calendar, working_calendar: pl.DataFrame) -> pl.DataFrame:
    """Return the table `calendar_effect`: a row a period of history and horizon for all, and for each family that differs.

    `values` (series, periods), NaN before a series' first demand. The year-on-year change of the logarithm of regular demand, the mean over
    series weighted by how steady they are, less its own moving mean over a year, is regressed on the same of the working days and of the
    share of the days before Easter. An effect is kept where its t value, by standard errors that allow for autocorrelation (Newey and
    West, "A simple, positive semi-definite, heteroskedasticity and autocorrelation consistent covariance matrix", Econometrica 55 (1987)),
    is 3.5 or more. Each family's own coefficient is drawn towards that of all by how much of the families' differences is noise; where it
    then still differs by 3.5 of its standard errors, the family gets rows of its own. Factors are 1 on average.
    """
    lag = calendar.periods_a_year
    if len(grid.periods) < lag + _LEAST:
        return table("calendar_effect").empty()
    ahead = calendar.between(calendar.next(grid.periods[-1]), calendar.periods[-1])
    periods = (*grid.periods, *ahead)
    drivers = np.stack([working_days(periods, calendar, working_calendar), easter_share(periods, calendar)])
    if calendar.cadence == "week":
        drivers[0] = 0.0  # every week has the same weekdays
    change, weight = _changes(values, lag)
    apart = _apart(drivers[:, : len(grid.periods)], lag)
    everything = _measured(change, weight, apart, lag)
    parts = [_rows(None, everything, drivers, periods, lag)] if everything.coefficient.any() else []
    families = grid.keys.get_column("family")
    for family, effect in _by_family(change, weight, apart, families, everything, lag):
        parts.append(_rows(family, effect, drivers, periods, lag))
    return table("calendar_effect").conform(pl.concat(parts)) if parts else table("calendar_effect").empty()


def _changes(values: Array, lag: int) -> tuple[Array, Array]:
    """Return the year-on-year change of the logarithm of each regular series, single wild ones cut, (series, periods - lag), NaN where not
    known, and each series' weight, (series,)."""
    known = ~np.isnan(values)
    sold = np.nan_to_num(values) > 0
    regular = known.sum(axis=1) < REGULAR_INTERVAL * np.maximum(sold.sum(axis=1), 1e-9)
    logs = np.log(np.where(sold & regular[:, None], values, np.nan))
    change = logs[:, lag:] - logs[:, :-lag]
    count = (~np.isnan(change)).sum(axis=1)
    middle = np.nansum(change, axis=1) / np.maximum(count, 1)
    spread = np.maximum(robust_spread(change - middle[:, None]), 0.02)
    change = np.clip(change, (middle - 3 * spread)[:, None], (middle + 3 * spread)[:, None])
    return change, np.where(count >= _LEAST, spread**-2.0, 0.0)


def _apart(rows: Array, lag: int) -> Array:
    """Return the year-on-year change of each row less its moving mean over a year, (rows, periods - lag)."""
    return _short(rows[:, lag:] - rows[:, :-lag], lag)


def _short(rows: Array, lag: int) -> Array:
    """Return each row less its centred moving mean over a year, over what there is of it at the ends."""
    columns = rows.shape[1]
    near = np.abs(np.arange(columns)[:, None] - np.arange(columns)[None, :]) <= lag // 2
    return np.asarray(rows - rows @ (near / near.sum(axis=0)))


def _measured(change: Array, weight: Array, apart: Array, lag: int, chosen: Flags | None = None, least: float = _SURE) -> _Effect:
    """Return the effects that the series show together; those with a t value below `least` are 0.

    `chosen` are the effects to measure, by default those that the calendar lets be measured.
    """
    none = _Effect(np.zeros(len(apart)), np.full(len(apart), np.inf))
    known = ~np.isnan(change) & (weight > 0)[:, None]
    total = (known * weight[:, None]).sum(axis=0)
    there = total > 0
    if there.sum() < _LEAST or not there[there.argmax() : len(there) - there[::-1].argmax()].all():
        return none
    mean = (np.where(known, change, 0.0) * weight[:, None]).sum(axis=0)[there] / total[there]
    over = apart[:, there]
    usable = (np.abs(over) > 1e-9).sum(axis=1) >= _SEEN
    usable &= over.std(axis=1) > 1e-6
    usable = usable if chosen is None else usable & chosen
    if not usable.any():
        return none
    coefficient, error = _regressed(_short(mean[None, :], lag)[0], over[usable].T, lag)
    kept = (np.abs(coefficient) >= least * error) & (np.abs(coefficient) <= _MOST)
    if chosen is None and not kept.all():
        left = usable.copy()
        left[usable] = kept
        return _measured(change, weight, apart, lag, left, least)
    effect = _Effect(np.zeros(len(apart)), np.full(len(apart), np.inf))
    effect.coefficient[usable] = np.where(kept, coefficient, 0.0)
    effect.error[usable] = error
    return effect


def _regressed(y: Array, x: Array, lag: int) -> tuple[Array, Array]:
    """Return coefficients and standard errors (effects,) of y (periods,) on x (periods, effects), allowing for autocorrelation."""
    inverse = np.linalg.pinv(x.T @ x)
    coefficient = inverse @ x.T @ y
    score = x * (y - x @ coefficient)[:, None]
    middle = score.T @ score
    reach = min(4, len(y) // 3)
    for back in range(1, reach + 1):
        cross = score[back:].T @ score[:-back]
        middle += (1 - back / (reach + 1)) * (cross + cross.T)
    lost = x.shape[1] + len(y) / lag  # the moving mean takes about one a year
    plain = float(((y - x @ coefficient) ** 2).sum()) / max(len(y) - lost, 1)
    robust = np.diag(inverse @ middle @ inverse) * len(y) / max(len(y) - lost, 1)
    return coefficient, np.sqrt(np.maximum(np.maximum(robust, plain * np.diag(inverse)), 1e-18))


def _by_family(change: Array, weight: Array, apart: Array, families: pl.Series, everything: _Effect, lag: int) -> list[tuple[str, _Effect]]:
    """Return the families whose own demand shows another effect than all, with their effect drawn towards that of all."""
    names = families.drop_nulls().unique().sort().to_list()
    if len(names) < 2:
        return []
    rows = {name: np.flatnonzero((families == name).fill_null(value=False).to_numpy()) for name in names}
    own = {name: _measured(change[part], weight[part], apart, lag, np.ones(len(apart), dtype=np.bool_), 0.0) for name, part in rows.items()}
    away = np.stack([effect.coefficient - everything.coefficient for effect in own.values()])
    errors = np.stack([effect.error for effect in own.values()])
    measured = np.isfinite(errors)
    between = np.where(measured, away**2 - np.where(measured, errors, 0.0) ** 2, 0.0).sum(axis=0) / np.maximum(measured.sum(axis=0), 1)
    between = np.maximum(between, 0.0)
    drawn = np.where(measured, between / (between + np.where(measured, errors, 1.0) ** 2), 0.0)
    found = []
    for number, name in enumerate(names):
        differs = measured[number] & (drawn[number] * np.abs(away[number]) >= _SURE * errors[number])
        if differs.any():
            coefficient = everything.coefficient + np.where(differs, drawn[number] * away[number], 0.0)
            error = np.where(differs, errors[number], everything.error)
            found.append((name, _Effect(coefficient, error)))
    return found


def _rows(family: str | None, effect: _Effect, drivers: Array, periods: Sequence[dt.date], lag: int) -> pl.DataFrame:
    """Return the rows of one family, or of all where it is None."""
    used = effect.coefficient != 0
    phase = np.arange(len(periods)) % lag
    usual = np.stack([np.array([row[phase == part].mean() for part in range(min(lag, len(periods)))])[phase] for row in drivers])
    factor = np.exp(effect.coefficient @ (drivers - usual))
    factor = factor / factor.mean()
    what = "; ".join(
        f"{np.expm1(value):+.1%} {'a' if name == _NAMES[0] else 'for'} {name} (t {value / error:.1f})"
        for name, value, error, use in zip(_NAMES, effect.coefficient, effect.error, used, strict=True)
        if use
    )
    units = ("working days", "of the days before Easter")
    reasons = []
    for number in range(len(periods)):
        here = [
            f"{drivers[kind, number]:.3g} {units[kind]}, usually {usual[kind, number]:.3g}"
            for kind in range(len(drivers))
            if used[kind] and abs(drivers[kind, number] - usual[kind, number]) > 1e-9
        ]
        reasons.append(f"{what}; {', '.join(here) if here else 'the usual calendar'}.")
    return pl.DataFrame(
        {"family": [family] * len(periods), "period": list(periods), "factor": factor, "reason": reasons},
        schema={"family": pl.String, "period": pl.Date, "factor": pl.Float64, "reason": pl.String},
    )


def factors(effect: pl.DataFrame, families: pl.Series, periods: Sequence[dt.date]) -> Array:
    """Return each series' factor in each period, (series, periods): its family's, else that of all, else 1."""
    place = {day: number for number, day in enumerate(periods)}

    def laid(rows: pl.DataFrame) -> Array:
        line = np.ones(len(periods))
        for day, factor in rows.select("period", "factor").iter_rows():
            if day in place and factor is not None and np.isfinite(factor) and factor > 0:
                line[place[day]] = factor
        return line

    general = laid(effect.filter(pl.col("family").is_null()))
    found = np.repeat(general[None, :], len(families), axis=0)
    for family in effect.get_column("family").drop_nulls().unique().sort().to_list():
        rows: Counts = np.flatnonzero((families == family).fill_null(value=False).to_numpy())
        found[rows] = laid(effect.filter(pl.col("family") == family))
    return found
