"""Drivers of demand: price, promotion, weather, events. What they did to demand is learned from all series, and told ahead."""

from equipoise.demand.drivers.driven import driven_backtest
from equipoise.demand.drivers.earned import DRIVER_MODEL, Earned, Forecasts, earned
from equipoise.demand.drivers.laid import Drivers, laid

__all__ = ["DRIVER_MODEL", "Drivers", "Earned", "Forecasts", "driven_backtest", "earned", "laid"]
