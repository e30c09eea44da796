"""Equipoise: sales and operations planning, from raw data to an agreed plan."""

__version__ = "0.1.0"
