"""The server: tools, resources and prompts over standard input and output, or over HTTP. It parses and prints, it does not compute."""

import base64
import functools
import json
import logging
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import anyio
import anyio.from_thread
import anyio.to_thread
from mcp import types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.server import Server
from mcp.server.stdio import stdio_server
from mcp.server.transport_security import TransportSecuritySettings
from mcp.shared.exceptions import MCPError
from starlette.applications import Starlette
from starlette.requests import Request

from equipoise import __version__
from equipoise.errors import EquipoiseError, NotFoundError
from equipoise.interfaces.mcp import prompts, resources
from equipoise.interfaces.mcp.desk import Desk, uri
from equipoise.interfaces.mcp.replies import compact, shortened
from equipoise.interfaces.mcp.tool import Tool, answer_schema, read, schema
from equipoise.interfaces.mcp.tools import TOOLS
from equipoise.service.outputs import output_files
from equipoise.service.plan_names import plans

_LOG = logging.getLogger(__name__)
_AT_A_TIME = 16
_MOST_BYTES = 1_000_000
_LONGEST_ERROR = 4000
_LOCAL = ("127.0.0.1", "localhost", "[::1]")
_FAILED = "Equipoise itself failed; nothing was half written. Please report it: the server's log says where it happened."
INSTRUCTIONS = (
    f"{prompts.RULES} Begin with status. Answers are short: follow rest with read. A change is written TABLE.COLUMN CELLS: CHANGE."
)
_Answer = TypeVar("_Answer")
_Asked = ServerRequestContext[Any, Any]


class _Handlers:
    """What the server does with each request. `token` gives the token of who asks: of the process itself, or of an HTTP request."""

    def __init__(self, folder: Path, token: Callable[[_Asked], str]) -> None:
        self._folder = folder
        self._token = token
        self._limiter: anyio.CapacityLimiter | None = None

    async def _do(self, asked: _Asked, work: Callable[[Desk], _Answer]) -> _Answer:
        """Do work in a thread of its own, so that others are served meanwhile; progress is told to whoever asked for it."""
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(_AT_A_TIME)

        def tell(done: float, said: str) -> None:
            anyio.from_thread.run(asked.session.report_progress, done, None, said)

        desk = Desk(self._folder, self._token(asked), tell)
        return await anyio.to_thread.run_sync(functools.partial(work, desk), limiter=self._limiter, abandon_on_cancel=True)

    async def list_tools(self, _: _Asked, __: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        """Return the tools."""
        return types.ListToolsResult(tools=[_tool(one) for one in TOOLS.values()])

    async def call_tool(self, asked: _Asked, params: types.CallToolRequestParams) -> types.CallToolResult:
        """Do what a tool does. What goes wrong is an answer too: what it is, and the remedy."""
        try:
            answer = await self._do(asked, functools.partial(_called, params.name, params.arguments))
        except EquipoiseError as error:
            return _failed(error, self._folder)
        except Exception:  # noqa: BLE001 - a crash is told as one, and the server goes on
            _LOG.exception("Tool %r failed", params.name[:100])
            return _failed(EquipoiseError(_FAILED), self._folder)
        return types.CallToolResult(content=[types.TextContent(text=_json(answer))], structured_content=answer)

    async def list_resources(self, asked: _Asked, _: types.PaginatedRequestParams | None) -> types.ListResourcesResult:
        """Return the resources that stand for themselves, and the outputs of each plan's latest version."""
        try:
            return types.ListResourcesResult(resources=await self._do(asked, _resources))
        except EquipoiseError as error:
            raise _refused(error, self._folder) from None

    async def list_templates(self, _: _Asked, __: types.PaginatedRequestParams | None) -> types.ListResourceTemplatesResult:
        """Return the kinds of resources."""
        kinds = [one for one in resources.KINDS if "{" in one.template]
        return types.ListResourceTemplatesResult(
            resource_templates=[
                types.ResourceTemplate(
                    name=one.parts[-1].strip("{}"), uri_template=one.uri_template, description=one.meaning, mime_type=one.media_type
                )
                for one in kinds
            ]
        )

    async def read_resource(self, asked: _Asked, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        """Return a page of a resource; of one that goes on, where."""
        try:
            page = await self._do(asked, lambda desk: resources.read(desk, params.uri))
        except EquipoiseError as error:
            raise _refused(error, self._folder) from None
        except Exception:  # noqa: BLE001 - likewise
            _LOG.exception("Resource %r failed", params.uri[:200])
            raise MCPError(code=types.INTERNAL_ERROR, message=_FAILED) from None
        contents: list[types.TextResourceContents | types.BlobResourceContents] = []
        if page.data is not None:
            contents.append(
                types.BlobResourceContents(uri=params.uri, mime_type=page.media_type, blob=base64.b64encode(page.data).decode())
            )
        else:
            contents.append(types.TextResourceContents(uri=params.uri, mime_type=page.media_type, text=page.text))
        if page.rest:
            contents.append(types.TextResourceContents(uri=page.rest, mime_type="text/plain", text=f"{page.said} Next: {page.rest}"))
        return types.ReadResourceResult(contents=contents)

    async def list_prompts(self, _: _Asked, __: types.PaginatedRequestParams | None) -> types.ListPromptsResult:
        """Return the prompts of the meetings."""
        plan = types.PromptArgument(name="plan", description="Plan's name; default: the workspace's own", required=False)
        found = [
            types.Prompt(name=one.name, title=one.title, description=one.purpose, arguments=[plan]) for one in prompts.PROMPTS.values()
        ]
        return types.ListPromptsResult(prompts=found)

    async def get_prompt(self, asked: _Asked, params: types.GetPromptRequestParams) -> types.GetPromptResult:
        """Return the prompt of a meeting, made from where the record stands."""
        found = prompts.PROMPTS.get(params.name)
        if found is None:
            raise MCPError(code=types.INVALID_PARAMS, message=f"There is no such prompt. There are: {', '.join(prompts.PROMPTS)}.")
        plan = (params.arguments or {}).get("plan", "")
        try:
            text = await self._do(asked, lambda desk: prompts.text(desk, found, plan))
        except EquipoiseError as error:
            raise _refused(error, self._folder) from None
        message = types.PromptMessage(role="user", content=types.TextContent(text=text))
        return types.GetPromptResult(description=found.purpose, messages=[message])


def _called(name: str, arguments: dict[str, Any] | None, desk: Desk) -> dict[str, Any]:
    tool = TOOLS.get(name)
    if tool is None:
        near = get_close_matches(name[:100], TOOLS, n=2)
        fix = f"Did you mean {' or '.join(near)}?" if near else f"There are: {', '.join(TOOLS)}. Operations are reached with call."
        raise NotFoundError(f"There is no tool {name[:100]!r}.", fix)
    answer: dict[str, Any] = desk.without_paths(compact(tool.do(desk, read(tool.request, name, arguments))))
    return answer


def _tool(tool: Tool) -> types.Tool:
    return types.Tool(
        name=tool.name,
        description=tool.description,
        input_schema=schema(tool.request),
        output_schema=answer_schema(tool.answer),
        annotations=types.ToolAnnotations(read_only_hint=tool.reads, destructive_hint=False, open_world_hint=False),
    )


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


def _failed(error: EquipoiseError, folder: Path) -> types.CallToolResult:
    """Return an error as a tool's answer: in words with the remedy, and in the one shape."""
    desk = Desk(folder)
    words = shortened(desk.without_paths(str(error)), _LONGEST_ERROR)
    return types.CallToolResult(
        content=[types.TextContent(text=words)], is_error=True, _meta={"error": desk.without_paths(error.as_dict())}
    )


def _refused(error: EquipoiseError, folder: Path) -> MCPError:
    desk = Desk(folder)
    words = shortened(desk.without_paths(str(error)), _LONGEST_ERROR)
    return MCPError(code=types.INVALID_PARAMS, message=words, data=desk.without_paths(error.as_dict()))


def _resources(desk: Desk) -> list[types.Resource]:
    found = [
        types.Resource(name="plans", uri=uri("plans"), description="The plans of the workspace"),
        types.Resource(name="dictionary", uri=uri("dictionary"), description="All tables and what they mean"),
    ]
    for plan in plans(desk.folder):
        request, _ = desk.allowed("version list", plan)
        try:
            version, files = output_files(request)
        except NotFoundError:  # not run yet
            continue
        found += [
            types.Resource(name=f"{plan} {name}", uri=uri("plan", plan, "version", version, "output", name), size=path.stat().st_size)
            for name, path in files.items()
            if "/" not in name
        ]
    return found


def _server(handlers: _Handlers) -> Server[Any]:
    return Server(
        "equipoise",
        version=__version__,
        title="Equipoise",
        instructions=INSTRUCTIONS,
        on_list_tools=handlers.list_tools,
        on_call_tool=handlers.call_tool,
        on_list_resources=handlers.list_resources,
        on_list_resource_templates=handlers.list_templates,
        on_read_resource=handlers.read_resource,
        on_list_prompts=handlers.list_prompts,
        on_get_prompt=handlers.get_prompt,
    )


def serve_stdio(folder: Path) -> None:
    """Serve a workspace to the one agent at the other end of standard input and output, until it hangs up.

    Where people log in, the agent acts for who is logged in at this machine, or for the owner of the token in EQUIPOISE_TOKEN.
    """
    from equipoise.service import Context
    from equipoise.service.identity import token_at_hand

    server = _server(_Handlers(folder.resolve(), lambda _: token_at_hand(folder.resolve(), Context(door="cli"))))

    async def serve() -> None:
        async with stdio_server() as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())

    anyio.run(serve)


def in_process(folder: Path, token: str = "") -> Server[Any]:
    """Return the server of a workspace for a client in this process, such as a test's or an agent's own program."""
    return _server(_Handlers(folder.resolve(), lambda _: token))


def http_app(folder: Path, hosts: tuple[str, ...] = (), path: str = "/mcp") -> Starlette:
    """Return the ASGI application that serves a workspace at `path`; its lifespan must be run by whoever mounts it.

    Each request proves by itself who asks, with the header `Authorization: Bearer TOKEN`; no session is kept and no cookie is looked at.
    `hosts` are the names under which it is reached, with their port or `:*`; requests to another, or from a page of another origin, are
    refused (DNS rebinding). Without them it is reached at this machine only.
    """
    named = [*hosts, *(f"{host}:*" for host in _LOCAL), *_LOCAL]
    security = TransportSecuritySettings(
        enable_dns_rebinding_protection=True,
        allowed_hosts=named,
        allowed_origins=[f"{scheme}://{host}" for host in named for scheme in ("http", "https")],
    )
    server = _server(_Handlers(folder.resolve(), _bearer))
    return server.streamable_http_app(
        streamable_http_path=path, stateless_http=True, transport_security=security, max_request_body_size=_MOST_BYTES
    )


def _bearer(asked: _Asked) -> str:
    """Return the token of an HTTP request; empty where it brings none."""
    request = asked.request
    said = request.headers.get("authorization", "") if isinstance(request, Request) else ""
    kind, _, token = said.partition(" ")
    return token.strip() if kind.casefold() == "bearer" else ""
