"""The record: plan versions, results of steps, and what was done when. `open_store` is the only way in."""

from equipoise.store.contract import Event, Store, Version
from equipoise.store.sql import open_store

__all__ = ["Event", "Store", "Version", "open_store"]
