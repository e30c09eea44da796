"""The parameters of a command, made from the fields of its operation's request."""

import inspect
import json
import os
import types
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import typer
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from equipoise.errors import InputError, Where

_PLAIN = (str, int, float, bool)


def parameters(request: type[BaseModel]) -> list[inspect.Parameter]:
    """Return the command's parameters: positional ones first, then options. Secrets are no parameters: `ps` shows those to everybody."""
    found = [_parameter(name, info) for name, info in request.model_fields.items() if not _secret(info)]
    return sorted(found, key=lambda parameter: not positional(request.model_fields[parameter.name]))


def positional(info: FieldInfo) -> bool:
    """Whether a field is given by its place on the command line."""
    return isinstance(info.json_schema_extra, dict) and bool(info.json_schema_extra.get("positional"))


def values(request: type[BaseModel], given: Mapping[str, Any]) -> dict[str, object]:
    """Return the request's values from what the command line gave: JSON read, secrets asked for, what was left out left out.

    Raises InputError where an option that takes JSON is none.
    """
    found: dict[str, object] = {}
    for name, info in request.model_fields.items():
        if _secret(info):
            found[name] = _asked(name, info)
        elif not (given[name] is None or (given[name] == [] and not _plain(_inner(info.annotation)))):
            found[name] = given[name] if _plain(info.annotation) else _read(name, given[name])
    return {name: value for name, value in found.items() if value is not None}


def _parameter(name: str, info: FieldInfo) -> inspect.Parameter:
    plain = _plain(info.annotation)
    text = info.description if plain else f"{info.description} (JSON)"
    declared = typer.Argument(help=text) if positional(info) else typer.Option(f"--{name.replace('_', '-')}", help=text)
    annotation = info.annotation if plain else str | None
    if plain and get_origin(annotation) is Literal:
        annotation = Literal[get_args(annotation)] if all(isinstance(word, str) for word in get_args(annotation)) else str
    default: object = inspect.Parameter.empty
    if not info.is_required():
        default = info.get_default(call_default_factory=True) if plain else None
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[annotation, declared])


def _inner(annotation: object) -> object:
    """Return what a type is where it may also be None."""
    if get_origin(annotation) in {Union, types.UnionType}:
        rest = [one for one in get_args(annotation) if one is not type(None)]
        return rest[0] if len(rest) == 1 else annotation
    return annotation


def _plain(annotation: object) -> bool:
    """Whether the command line can take a type as it is: a word, a number, yes or no, or a list of words."""
    inner = _inner(annotation)
    if get_origin(inner) is list:
        return get_args(inner)[0] in _PLAIN
    return inner in _PLAIN or get_origin(inner) is Literal


def _secret(info: FieldInfo) -> bool:
    return _inner(info.annotation) is SecretStr


def _asked(name: str, info: FieldInfo) -> str | None:
    """Return a secret from the environment (EQUIPOISE_PASSWORD for `password`), from what is piped in, or typed unseen."""
    held = os.environ.get(f"EQUIPOISE_{name.upper()}")
    if held is not None:
        return held
    if not info.is_required():
        return None
    stream = typer.get_text_stream("stdin")
    if stream.isatty():
        return str(typer.prompt(info.description or name, hide_input=True))
    return stream.readline().rstrip("\n") or None


def _read(name: str, value: object) -> object:
    """Return what an option that is no word or number means: JSON, or the text itself where it is none but could be a date."""
    if not isinstance(value, str):
        return value
    if not value.lstrip().startswith(("[", "{", '"')):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else "it is nested too deeply, or a number is too long"
        raise InputError(f"--{name.replace('_', '-')} is no JSON: {reason}.", "Give a list or an object.", Where(column=name)) from None
