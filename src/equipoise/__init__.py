"""Equipoise: sales and operations planning, from raw data to an agreed plan."""

import os

# Polars otherwise sums a group in parts whose bounds hang on chance, so that the last bit of a sum differs from run to run.
os.environ.setdefault("POLARS_NO_PARTITION", "1")

__version__ = "0.1.0"
