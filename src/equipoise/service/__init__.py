"""Every operation, once: typed request, typed response. The doors are made from the register."""

from equipoise.service.operations import OPERATIONS, TOPICS
from equipoise.service.register import Context, Operation, call

__all__ = ["OPERATIONS", "TOPICS", "Context", "Operation", "call"]
