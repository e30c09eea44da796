"""Cleaning: what of the history is not usual demand, said cell by cell, and the history without it."""

from equipoise.demand.cleaning.cleaned import cleaned_history
from equipoise.demand.cleaning.correction import correction

__all__ = ["cleaned_history", "correction"]
