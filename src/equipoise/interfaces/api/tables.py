"""The tables of a version as JSON, CSV, Arrow or Parquet, whichever the request accepts."""

import hashlib
import io
from urllib.parse import urlencode

import polars as pl
from starlette.requests import Request

from equipoise.errors import InputError
from equipoise.exchange.table_files import csv
from equipoise.interfaces.api.given import Values, from_query, offered, placed
from equipoise.interfaces.api.performing import Place, Reply, context_of, matches
from equipoise.interfaces.api.problems import HttpError
from equipoise.interfaces.api.routes import PREFIX, TABLES
from equipoise.service import OPERATIONS
from equipoise.service.messages import ShowRequest
from equipoise.service.register import permitted
from equipoise.service.showing import Shown, answer_of, table_rows

JSON = "application/json"
CSV = "text/csv"
ARROW = "application/vnd.apache.arrow.stream"
PARQUET = "application/vnd.apache.parquet"
MEDIA_TYPES = (JSON, CSV, ARROW, PARQUET)


def accepted(header: str) -> str:
    """Return the kind that a request accepts, by its preference. Raises HttpError where it accepts none that there is."""
    if not header.strip():
        return JSON
    asked: list[tuple[float, int, str]] = []
    for position, part in enumerate(header.split(",")):
        kind, *parameters = (word.strip().lower() for word in part.split(";"))
        quality = next((word[2:] for word in parameters if word.startswith("q=")), "1")
        try:
            weight = float(quality)
        except ValueError:
            weight = 0.0
        asked.append((-weight, position, kind))
    for weight, _, kind in sorted(asked):
        found = next((one for one in MEDIA_TYPES if kind in {one, "*/*", f"{one.partition('/')[0]}/*"}), None)
        if found is not None and weight < 0:
            return found
    raise HttpError(406, f"Tables are not given as {header[:100]}.", f"Accept one of: {', '.join(MEDIA_TYPES)}.")


def table_reply(request: Request, place: Place, name: str) -> Reply:
    """Return the rows of a table, or with no name the list of tables.

    JSON comes in pages, with links to those before and after; the other kinds come whole unless `limit` says otherwise.
    """
    kind = accepted(request.headers.get("accept", ""))
    operation = OPERATIONS["show"]
    values: Values = offered(operation, from_query(operation, request.query_params))
    if "table" in values:
        raise InputError("The table is named in the path.", f"Ask {PREFIX}{TABLES}/NAME.")
    if kind != JSON:
        values.setdefault("limit", 0)
    _, asked, _ = permitted("show", placed(place.folder, {**values, "table": name}), context_of(request, place.limits))
    if not isinstance(asked, ShowRequest):
        raise TypeError
    shown = table_rows(asked)
    rows = shown.rows.slice(asked.offset, asked.limit or None)
    headers = {"Vary": "Accept", "Content-Type": kind, "X-Total-Count": str(shown.rows.height)}
    if kind == JSON and rows.height > place.limits.rows:
        raise InputError(
            f"{rows.height:,} rows are too many for one page: at most {place.limits.rows:,}.",
            "Ask for pages with limit and offset, or for CSV, Arrow or Parquet.",
        )
    body = _body(kind, shown, rows)
    tag = f'"{hashlib.sha256(kind.encode() + body).hexdigest()[:24]}"'
    if kind == JSON:
        headers["Link"] = _links(request, asked, shown.rows.height)
    else:
        headers["Content-Disposition"] = f'attachment; filename="{shown.table}.{ {CSV: "csv", ARROW: "arrow", PARQUET: "parquet"}[kind] }"'
    headers = {"ETag": tag, **{key: value for key, value in headers.items() if value}}
    if matches(request.headers.get("if-none-match", ""), tag):
        return Reply(b"", 304, headers)
    return Reply(body, 200, headers)


def _body(kind: str, shown: Shown, rows: pl.DataFrame) -> bytes:
    if kind == JSON:
        return answer_of(shown, rows).model_dump_json().encode()
    if kind == CSV:
        return csv(rows).encode()
    buffer = io.BytesIO()
    if kind == ARROW:
        rows.write_ipc_stream(buffer)
    else:
        rows.write_parquet(buffer)
    return buffer.getvalue()


def _links(request: Request, asked: ShowRequest, total: int) -> str:
    """Return the pages before and after as a Link header (RFC 8288)."""
    if not asked.limit:
        return ""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "offset"]
    found = []
    if asked.offset + asked.limit < total:
        found.append(("next", asked.offset + asked.limit))
    if asked.offset:
        found.append(("prev", max(0, asked.offset - asked.limit)))
    path = request.url.path
    return ", ".join(f'<{path}?{urlencode([*kept, ("offset", str(offset))])}>; rel="{rel}"' for rel, offset in found)
