"""The Python door: `import equipoise`, and every operation is a function of that name."""

import inspect
import keyword
from collections.abc import Callable
from functools import cache

from pydantic import BaseModel

from equipoise.errors import EquipoiseError
from equipoise.service import OPERATIONS, Context, Operation, call

Function = Callable[..., BaseModel]


def function_name(operation: Operation) -> str:
    """Return the name of an operation as a function: `override add` is `override_add`, `try` is `try_`."""
    name = operation.name.replace(" ", "_")
    return f"{name}_" if keyword.iskeyword(name) else name


@cache
def functions() -> dict[str, Operation]:
    """Return the operations that are open here, by the names of their functions."""
    return {function_name(operation): operation for operation in OPERATIONS.values() if "python" in operation.doors}


@cache
def function(name: str) -> Function | None:
    """Return the function of that name; None where there is none."""
    operation = functions().get(name)
    if operation is None:
        return None
    fields = operation.request.model_fields
    by_their_place = places(operation)

    def do(*given: object, context: Context | None = None, **named: object) -> BaseModel:
        if len(given) > len(by_their_place):
            raise TypeError(f"{name}() takes {len(by_their_place)} values by their place: {', '.join(by_their_place) or 'none'}")
        by_place = dict(zip(by_their_place, given, strict=False))
        if twice := by_place.keys() & named.keys():
            raise TypeError(f"{name}() is given {', '.join(sorted(twice))} twice")
        return call(operation.name, {**by_place, **named}, context)

    parameters = sorted(_parameters(operation), key=lambda parameter: parameter.kind)
    do.__name__ = do.__qualname__ = name
    do.__module__ = "equipoise"
    do.__signature__ = inspect.Signature(parameters, return_annotation=operation.answer)  # type: ignore[attr-defined]
    arguments = "".join(f"\n    {field}: {info.description}." for field, info in fields.items())
    raised = f"Raises InputError with every fault where what is given is wrong, and other kinds of {EquipoiseError.__name__}."
    do.__doc__ = (
        f"{inspect.cleandoc(operation.request.__doc__ or '')}\n\n{inspect.cleandoc(operation.answer.__doc__ or '')}\n{raised}\n{arguments}"
    )
    return do


def places(operation: Operation) -> tuple[str, ...]:
    """Return what is given by its place: as at the command line, unless something may be left out before what may not."""
    required = [operation.request.model_fields[name].is_required() for name in operation.positional]
    return operation.positional if required == sorted(required, reverse=True) else ()


def _parameters(operation: Operation) -> list[inspect.Parameter]:
    found = []
    by_place = places(operation)
    for name, info in operation.request.model_fields.items():
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD if name in by_place else inspect.Parameter.KEYWORD_ONLY
        default = inspect.Parameter.empty if info.is_required() else info.get_default(call_default_factory=True)
        found.append(inspect.Parameter(name, kind, default=default, annotation=info.annotation))
    return found
