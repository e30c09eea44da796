from tests.truth.cases.red_tomato import tables

__all__ = ["tables"]
