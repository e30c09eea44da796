"""The record: plan versions, records of the process, results of steps, and the log of who did what. `open_store` is the only way in."""

from equipoise.store.contract import Change, Credential, Document, Job, Line, Record, Signature, Store, Version
from equipoise.store.opening import open_store

__all__ = ["Change", "Credential", "Document", "Job", "Line", "Record", "Signature", "Store", "Version", "open_store"]
