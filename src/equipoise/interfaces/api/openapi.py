"""The description of the API (OpenAPI 3.1), made from the register: what each operation is asked and answers, with examples."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from pydantic.json_schema import models_json_schema
from starlette.requests import Request
from starlette.responses import Response

from equipoise import __version__
from equipoise.interfaces.api.repeats import NEVER_KEPT
from equipoise.interfaces.api.routes import LATEST, PREFIX, TABLES, Route, route_of, routes
from equipoise.interfaces.api.tables import ARROW, CSV, JSON, PARQUET
from equipoise.service import OPERATIONS, TOPICS, Operation

Schema = dict[str, Any]
_REF = "#/components/schemas/{model}"
_EXAMPLES = Path(__file__).with_name("examples.json")
_PLAN = "Name of the plan, such as its plan file says; by default the only one, or the one in plan.yaml"
_ERRORS = {
    "400": "The request is no good as HTTP or JSON",
    "401": "Nobody knows who asks: log in, or send a token",
    "403": "Who asks may not, or the change comes from the page of another site",
    "404": "What is named does not exist",
    "409": "Somebody else changed it first, or it cannot be done now",
    "412": "It is not at the revision that If-Match names",
    "413": "The body is too long",
    "415": "The body is no JSON",
    "422": "What is given is wrong: every fault is listed",
    "429": "Too often: Retry-After says when to come again",
    "503": "The record cannot be read or written now, or it took too long",
}
_NOT_READING = frozenset({"409", "412", "413", "415"})
_TABLE_NAME = "Name of a table"


async def endpoint(_: Request) -> Response:
    """Return the description of the API."""
    return Response(_text(), media_type="application/json")


@cache
def _text() -> str:
    return json.dumps(description())


@cache
def examples() -> Schema:
    """Return a request and its answer for each operation, as they were sent and answered once: `make docs` does them again."""
    held: Schema = json.loads(_EXAMPLES.read_text(encoding="utf-8")) if _EXAMPLES.is_file() else {}
    return held


def description() -> Schema:
    """Return the description of the API."""
    made = routes()
    answers, components = _answers([route.operation for route in made])
    paths: Schema = {}
    for route in made:
        place = paths.setdefault(PREFIX + route.path, {})
        place[route.method.lower()] = _operation(route, answers[route.operation.name], components)
    show = route_of(OPERATIONS["show"])
    for path in (TABLES, f"{TABLES}/{{table}}"):
        paths[PREFIX + path] = {"get": _table(show, answers["show"], named="{" in path, components=components)}
    paths |= _others(answers)
    components["Problem"] = _problem()
    topics = dict.fromkeys(tag for place in paths.values() for one in place.values() for tag in one["tags"])
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Equipoise",
            "version": __version__,
            "description": "Sales and operations planning: from raw data to an agreed plan. Errors have one shape everywhere.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "tags": [{"name": topic, "description": TOPICS.get(topic, "The plan: run it, look at it, ask why.")} for topic in topics],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(components.items())),
            "responses": {f"Problem{status}": _problem_response(said) for status, said in _ERRORS.items()},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "A token (`equipoise token add`)"},
                "session": {"type": "apiKey", "in": "cookie", "name": "equipoise_session", "description": "A session (POST /login)"},
            },
        },
        "security": [{"token": []}, {"session": []}, {}],
    }


def _answers(operations: list[Operation]) -> tuple[dict[str, Schema], Schema]:
    """Return each operation's answer as a reference, and the schemas they refer to."""
    of = {operation.name: operation.answer for operation in (*operations, OPERATIONS["show"], OPERATIONS["job show"])}
    job = OPERATIONS["job show"].answer
    of |= {operation.name: job for operation in operations if operation.long}
    models = list(dict.fromkeys(of.values()))
    refs, held = models_json_schema([(model, "serialization") for model in models], ref_template=_REF)
    return {name: refs[model, "serialization"] for name, model in of.items()}, {name: _told(one) for name, one in held["$defs"].items()}


def _told(schema: object) -> object:
    """Return the schema of an answer: a secret that is in one is told once, and moments are in UTC, which they do not say."""
    if isinstance(schema, list):
        return [_told(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {name: _told(value) for name, value in schema.items() if (name, value) != ("writeOnly", True)}
    moment = {"description": "In UTC, as 2026-11-28T12:00:00"}
    return {name: value for name, value in kept.items() if name != "format"} | moment if kept.get("format") == "date-time" else kept


def _asked(operation: Operation, components: Schema, *hidden: str) -> Schema:
    """Return the schema of what an operation is given here: no paths, the plan by its name, and none of what is given elsewhere."""
    schema = operation.request.model_json_schema(ref_template=_REF)
    for name, definition in schema.pop("$defs", {}).items():
        components.setdefault(name, _cleaned(definition))
    kept = [name for name in operation.fields("rest") if name not in hidden]
    properties = {name: _cleaned(schema["properties"][name]) for name in kept}
    if "plan" in properties:
        properties["plan"] = {"type": "string", "default": "", "description": _PLAN}
    required = [name for name in schema.get("required", []) if name in kept]
    found: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return found | ({"required": required} if required else {})


def _cleaned(schema: Schema) -> Schema:
    """Return a schema without what only the command line needs; a secret is text, and given, not shown."""
    gone = {"positional", "local", "title", "writeOnly"}
    return {name: _cleaned(value) if isinstance(value, dict) else value for name, value in schema.items() if name not in gone}


def _operation(route: Route, answer: Schema, components: Schema) -> Schema:
    operation = route.operation
    hidden = (route.identity,) if route.identity else ()
    asked = _asked(operation, components, *hidden)
    example = examples().get(operation.name, {})
    found = _named(operation.name)
    parameters = [_path_parameter(route, example)] if route.identity else []
    if route.method == "GET":
        parameters += [_query_parameter(name, schema, asked) for name, schema in asked["properties"].items()]
        parameters.append(_header("If-None-Match", "ETag of an earlier answer: 304 where nothing has changed"))
    else:
        body: Schema = {"schema": asked}
        if example:
            body["example"] = {name: value for name, value in example["request"].items() if name not in hidden}
        found["requestBody"] = {"content": {JSON: body}, "required": bool(asked.get("required"))}
        if operation.name not in NEVER_KEPT:
            parameters.append(_header("Idempotency-Key", "A text of yours, such as a UUID: sent twice it is done once, for 24 hours"))
        if "revision" in operation.request.model_fields:
            parameters.append(_header("If-Match", "Revision that you looked at: 412 where somebody has changed it since"))
    found["parameters"] = parameters
    found["responses"] = _responses(route, answer, example)
    return found


def _named(name: str) -> Schema:
    operation = OPERATIONS[name]
    words = name.split()
    may = "Everybody who knows the address." if operation.permission == "enter" else f"Permission: {operation.permission}."
    return {
        "operationId": name.replace(" ", "_"),
        "tags": [words[0] if len(words) > 1 else "plan"],
        "summary": operation.summary,
        "description": f"{may}{' It goes on in the background: the answer is its job.' if operation.long else ''}",
    }


def _path_parameter(route: Route, example: Schema) -> Schema:
    info = route.operation.request.model_fields[route.identity]
    latest = "" if info.is_required() else f"; {LATEST} is the latest, or the current one"
    found: Schema = {
        "name": route.identity,
        "in": "path",
        "required": True,
        "description": f"{info.description}{latest}",
        "schema": {"type": "string", "minLength": 1},
    }
    named = example.get("request", {}).get(route.identity, "" if info.is_required() else LATEST)
    return found | ({"example": named} if named else {})


def _query_parameter(name: str, schema: Schema, asked: Schema) -> Schema:
    said = {key: value for key, value in schema.items() if key != "description"}
    choices = [one for one in said.pop("anyOf", []) if one.get("type") != "null"]
    if choices:
        said = choices[0] | {key: value for key, value in said.items() if key != "default" or value is not None}
    return {
        "name": name,
        "in": "query",
        "required": name in asked.get("required", []),
        "description": schema.get("description", ""),
        "schema": said,
    }


def _header(name: str, meaning: str) -> Schema:
    return {"name": name, "in": "header", "required": False, "description": meaning, "schema": {"type": "string"}}


def _responses(route: Route, answer: Schema, example: Schema) -> Schema:
    operation = route.operation
    status = "202" if operation.long else "201" if operation.name.endswith(" add") else "200"
    content: Schema = {"schema": answer}
    if "answer" in example:
        content["example"] = example["answer"]
    good: Schema = {"description": str(operation.answer.__doc__ or "").splitlines()[0], "content": {JSON: content}}
    if route.method == "GET":
        good["headers"] = {"ETag": {"description": "Tag of this answer", "schema": {"type": "string"}}}
    found: Schema = {status: good}
    if route.method == "GET":
        found["304"] = {"description": "Nothing has changed since the answer with that ETag"}
    unheard = _NOT_READING if route.method == "GET" else frozenset()
    if "revision" in operation.request.model_fields:  # what is read at a revision may have another by now
        unheard -= {"409"}
    return found | {one: {"$ref": f"#/components/responses/Problem{one}"} for one in _ERRORS if one not in unheard}


def _table(show: Route, answer: Schema, *, named: bool, components: Schema) -> Schema:
    asked = _asked(show.operation, components, "table")
    found = {**_named("show"), "operationId": "show" if named else "show_tables"}
    found["summary"] = "Show a table of a plan's version." if named else "List the tables of a plan's version."
    found["tags"] = ["table"]
    parameters = [_query_parameter(name, schema, asked) for name, schema in asked["properties"].items()]
    if named:
        schema = {"type": "string", "minLength": 1}
        parameters.insert(
            0, {"name": "table", "in": "path", "required": True, "description": _TABLE_NAME, "schema": schema, "example": "item"}
        )
    binary: Schema = {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}
    content = {JSON: {"schema": answer}, CSV: {"schema": {"type": "string"}}, ARROW: binary, PARQUET: binary}
    example = examples().get("show", {})
    if example and named:
        content[JSON] = {"schema": answer, "example": example["answer"]}
    headers = {
        "ETag": {"description": "Tag of this answer", "schema": {"type": "string"}},
        "X-Total-Count": {"description": "Rows in all pages", "schema": {"type": "string"}},
        "Link": {"description": "The pages before and after", "schema": {"type": "string"}},
    }
    good = {"description": "Rows of a table, in the kind that the request accepts", "headers": headers, "content": content}
    errors = {one: {"$ref": f"#/components/responses/Problem{one}"} for one in _ERRORS if one not in _NOT_READING}
    refused = {"406": _problem_response("Tables are not given in any kind that the request accepts")}
    return {
        **found,
        "parameters": parameters,
        "responses": {"200": good, "304": {"description": "Nothing has changed"}, **errors, **refused},
    }


def _others(answers: dict[str, Schema]) -> Schema:
    """Return what is no operation: the progress of a job, health and readiness, and this description."""
    job = answers["job show"]
    errors = {one: {"$ref": f"#/components/responses/Problem{one}"} for one in ("400", "401", "403", "404", "429", "503")}
    text = {"type": "string"}
    event = {"type": "object", "properties": {"id": text, "event": text, "data": text}, "x-data": job}
    events = {
        "operationId": "job_events",
        "tags": ["job"],
        "summary": "Follow a job as server-sent events: `progress` each time it has gone on, then `end`; the data is the job.",
        "parameters": [
            {"name": "job", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}, "example": LATEST},
            {"name": "plan", "in": "query", "required": False, "description": _PLAN, "schema": {"type": "string", "default": ""}},
        ],
        "responses": {
            "200": {"description": "Events", "content": {"text/event-stream": {"schema": event}}},
            **errors,
        },
    }
    said = {"type": "object", "properties": {"status": {"type": "string"}, "version": {"type": "string"}}, "required": ["status"]}
    alive = {"description": "It does", "content": {JSON: {"schema": said, "example": {"status": "ok"}}}}
    anything = {"description": "The description", "content": {JSON: {"schema": {"type": "object"}}}}
    return {
        f"{PREFIX}/job/{{job}}/events": {"get": events},
        f"{PREFIX}/health": {"get": _open("health", "Say that the server lives.", {"200": alive})},
        f"{PREFIX}/ready": {
            "get": _open(
                "ready",
                "Say whether the plans and the record can be read.",
                {"200": alive, "503": {"$ref": "#/components/responses/Problem503"}},
            )
        },
        f"{PREFIX}/openapi.json": {"get": _open("openapi", "Give this description.", {"200": anything})},
    }


def _open(identity: str, summary: str, responses: Schema) -> Schema:
    return {"operationId": identity, "tags": ["server"], "summary": summary, "security": [], "parameters": [], "responses": responses}


def _problem() -> Schema:
    text = {"type": "string"}
    where = {
        "type": "object",
        "properties": {"source": text, "table": text, "row": {"type": ["integer", "null"]}, "column": text},
        "description": "Where it is, as far as known; the row is counted as a reader counts it",
    }
    fault = {"type": "object", "properties": {"message": text, "fix": text, "where": where, "severity": text}}
    properties = {
        "type": text,
        "title": text,
        "status": {"type": "integer"},
        "detail": text,
        "error": {"type": "string", "description": "Kind of the error"},
        "message": {"type": "string", "description": "What is wrong"},
        "fix": {"type": "string", "description": "What to do about it"},
        "where": where,
        "faults": {"type": "array", "items": fault, "description": "All that is wrong, where it is more than one thing"},
    }
    return {
        "type": "object",
        "description": "An error, in the shape of every door; as a problem it follows RFC 9457.",
        "properties": properties,
        "required": ["type", "title", "status", "detail", "error", "message", "where", "fix"],
    }


def _problem_response(said: str) -> Schema:
    shape = {"$ref": "#/components/schemas/Problem"}
    return {"description": said, "content": {"application/problem+json": {"schema": shape}}}
