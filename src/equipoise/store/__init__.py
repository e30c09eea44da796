"""The record: versions, records, results of steps, and the log of who did what. `open_store` and `shared_store` are the ways in."""

from equipoise.store.contract import Change, Credential, Document, Job, Line, Record, Signature, Store, Version
from equipoise.store.opening import open_store, shared_store

__all__ = ["Change", "Credential", "Document", "Job", "Line", "Record", "Signature", "Store", "Version", "open_store", "shared_store"]
