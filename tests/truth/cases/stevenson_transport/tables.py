from tests.truth.cases.sources import tables

__all__ = ["tables"]
