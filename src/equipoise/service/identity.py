"""Who asks, and whether they may."""

from pydantic import BaseModel

from equipoise.service.register import Context, Operation


def authorised(operation: Operation, request: BaseModel, context: Context) -> Context:  # noqa: ARG001 - single-user mode
    """Return the context with the person who asks. Raises NotKnownError or NotAllowedError."""
    return context
