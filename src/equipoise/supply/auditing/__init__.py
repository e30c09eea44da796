"""The plan checked from its own tables, by arithmetic of its own."""

from equipoise.supply.auditing.audit import audit

__all__ = ["audit"]
