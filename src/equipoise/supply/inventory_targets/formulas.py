"""Safety stock from a service level: the two formulas, and the spread of demand over lead and review time that both rest on."""

from dataclasses import dataclass

import numpy as np

from equipoise.supply.inventory_targets.normal import Array, factors_of_loss, losses, quantiles

_A_DAY = 1.0
_PASSES = 60
_EXACT = 1e-7


@dataclass(frozen=True)
class Exposure:
    """What stock is exposed to, arrays of one shape: `demand` (units a day) and `deviation` (standard deviation of the forecast error of a
    day), `lead_time` and its deviation, and `review_time`, in days.
    """

    demand: Array
    deviation: Array
    lead_time: Array
    lead_time_deviation: Array
    review_time: Array

    def of(self, rows: Array) -> "Exposure":
        """Return the exposure of some rows."""
        return Exposure(
            self.demand[rows], self.deviation[rows], self.lead_time[rows], self.lead_time_deviation[rows], self.review_time[rows]
        )

    def expected(self) -> Array:
        """Units expected to be asked for over lead and review time."""
        return self.demand * (self.lead_time + self.review_time)

    def spread(self) -> Array:
        r"""Return the standard deviation of demand over lead and review time.

        $$\sigma = \sqrt{(L + R)\,\sigma_d^2 + d^2 \sigma_L^2}$$

        with errors of days independent of each other and of the lead time. Source: Silver, Pyke and Thomas, Inventory and Production
        Management in Supply Chains (2017), on variable lead times; Snyder and Shen, Fundamentals of Supply Chain Theory (2019).
        """
        return self._spread_over(self.lead_time + self.review_time)

    def spread_of_lead_time(self) -> Array:
        """Return the same over the lead time alone."""
        return self._spread_over(self.lead_time)

    def _spread_over(self, days: Array) -> Array:
        return np.sqrt(days * self.deviation**2 + (self.demand * self.lead_time_deviation) ** 2)


def cycle_factors(level: Array) -> Array:
    r"""Return the safety factor that leaves the share `level` of cycles without a stockout; 0 where that needs no safety stock.

    $$k = \Phi^{-1}(\alpha)$$

    Source: Silver, Pyke and Thomas, Inventory and Production Management in Supply Chains (2017), chapter 6, rule for P1.
    """
    return np.maximum(quantiles(level), 0.0)


def unit_factors(level: Array, exposure: Exposure) -> Array:
    r"""Return the safety factor that serves the share `level` of units from stock (fill rate); 0 where that needs no safety stock.

    $$\sigma\,G(k) - \sigma_0\,G\!\left(\frac{k \sigma + d R}{\sigma_0}\right) = (1 - \beta)\,d R$$

    with G the standard normal loss function, d R the demand of a review time (of a day where there is none), sigma the spread over lead and
    review time and sigma_0 that over the lead time: what is late when a cycle ends, less what was late already when it began. The first
    term alone is the rule for P2 in Silver, Pyke and Thomas, Inventory and Production Management in Supply Chains (2017), chapter 6; both
    are in Johnson, Lee, Davis and Hall, Expressions for Item Fill Rates in Periodic Inventory Systems, Naval Research Logistics (1995).
    Solved from the first term alone downwards, so that a stop before the end serves more, never less.
    """
    spread, before = exposure.spread(), exposure.spread_of_lead_time()
    ordered = exposure.demand * np.where(exposure.review_time > 0, exposure.review_time, _A_DAY)
    lasting, some = np.where(before > 0, before, 1.0), np.where(spread > 0, spread, 1.0)
    short = (1 - level) * ordered
    factors = factors_of_loss(short / some)
    for _ in range(_PASSES):
        late = np.where(before > 0, before * losses((factors * spread + ordered) / lasting), 0.0)
        better = factors_of_loss((short + late) / some)
        done = not (np.abs(better - factors) > _EXACT).any()
        factors = better
        if done:
            break
    return factors


def safety_factors(level: Array, by_units: Array, exposure: Exposure) -> Array:
    """Return the safety factor of each service level, a share of units where `by_units`, else of cycles; inf where none is enough."""
    factors = cycle_factors(level)
    factors[by_units] = unit_factors(level[by_units], exposure.of(by_units))
    return np.where(level >= 1, np.inf, np.where(level <= 0, 0.0, factors))


def safety_stock(factors: Array, spread: Array) -> Array:
    """Return factor times spread: 0 where there is nothing to be safe against, nan where no stock is enough."""
    with np.errstate(invalid="ignore"):
        stock = np.where(spread > 0, factors * spread, np.where(np.isnan(spread), np.nan, 0.0))
    return np.where(np.isfinite(factors), stock, np.nan)
