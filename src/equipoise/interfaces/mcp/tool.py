"""What a tool is: its request, which is its input schema and its description, and the function that answers."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from equipoise.errors import Fault, InputError, Where
from equipoise.interfaces.mcp.desk import Desk
from equipoise.interfaces.mcp.replies import Reply

_MOST_FAULTS = 10


class Asked(BaseModel):
    """What a tool is asked. Unknown fields are refused, and "1" is no number."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Planned(Asked):
    """What a tool about a plan is asked."""

    plan: Annotated[str, Field(description="Plan's name; default: the workspace's own")] = ""


@dataclass(frozen=True)
class Tool:
    """A tool: `do` gets the desk and the request. `reads`: it changes nothing, not even by a proposal."""

    name: str
    request: type[Asked]
    do: Callable[[Desk, Any], BaseModel]
    reads: bool = True
    answer: type[BaseModel] = Reply

    @property
    def description(self) -> str:
        """What it is for, in a sentence or two."""
        return " ".join((self.request.__doc__ or "").split())


def read(request: type[Asked], name: str, values: object) -> Asked:
    """Return what a tool was given as its request. Raises InputError with every fault."""
    try:
        return request.model_validate_json(json.dumps(values if values is not None else {}), strict=True)
    except ValidationError as error:
        known = ", ".join(request.model_fields)
        faults = [
            Fault(
                f"{fault['msg']}.", f"It takes: {known}." if fault["type"] == "extra_forbidden" else "", Where(column=_place(fault["loc"]))
            )
            for fault in error.errors(include_url=False, include_input=False)[:_MOST_FAULTS]
        ]
        raise InputError(f"The request to {name} is wrong.", "Correct it.", faults=faults) from None
    except (ValueError, RecursionError):
        raise InputError(f"The request to {name} is no JSON, or nested too deeply.", "Give plain values.") from None


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part)[:100] for part in location)


def schema(model: type[BaseModel]) -> dict[str, Any]:
    """Return a model's JSON schema without the titles that repeat its names: every agent reads it with every session."""
    found: dict[str, Any] = _untitled(model.model_json_schema())
    found.pop("description", None)
    return found


def answer_schema(model: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON schema of an answer, as short as it can be: there is one for every tool."""
    found: dict[str, Any] = _shorter(schema(model))
    return found


def _shorter(node: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a schema without defaults, and a choice of plain types as a list of them."""
    if isinstance(node, list):
        return [_shorter(one) for one in node]
    if not isinstance(node, dict):
        return node
    choice = node.get("anyOf")
    if isinstance(choice, list) and all(set(one) == {"type"} for one in choice):
        return {"type": [one["type"] for one in choice if one["type"] != "integer"]}
    return {key: _shorter(value) for key, value in node.items() if key != "default" or isinstance(value, dict)}


def _untitled(node: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(node, list):
        return [_untitled(one) for one in node]
    if not isinstance(node, dict):
        return node
    return {
        key: _named(value) if key in {"properties", "$defs"} else _untitled(value) for key, value in node.items() if not _title(key, value)
    }


def _named(node: dict[str, Any]) -> dict[str, Any]:
    return {name: _untitled(one) for name, one in node.items()}


def _title(key: str, value: object) -> bool:
    return key == "title" and isinstance(value, str)
