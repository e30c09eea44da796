"""The statistical forecast: history as an array, backtest, choice of methods, intervals, and the tables that come out."""
