"""Every operation, once: typed request, typed response. The doors are made from the register."""

from equipoise.service.operations import OPERATIONS
from equipoise.service.register import Context, Operation, call

__all__ = ["OPERATIONS", "Context", "Operation", "call"]
