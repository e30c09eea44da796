"""The agents' door: the SDK's own client drives every tool, over standard input and output and over HTTP."""

import json
import shutil
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx2
import jsonschema
import pytest
import uvicorn
from anyio.from_thread import BlockingPortal, start_blocking_portal
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp.types import CallToolResult, TextContent, TextResourceContents
from typer.testing import CliRunner

from equipoise.errors import EquipoiseError, InputError, NotAllowedError
from equipoise.interfaces import mcp as door
from equipoise.interfaces.cli import app
from equipoise.interfaces.mcp.desk import Desk, uri
from equipoise.interfaces.mcp.prompts import PROMPTS
from equipoise.interfaces.mcp.server import http_app
from equipoise.interfaces.mcp.tools import TOOLS
from equipoise.process.people import Person, may
from equipoise.service import OPERATIONS, Context, call
from equipoise.service.credentials import add_token
from equipoise.service.plan_names import plans
from tests.doors.conftest import CONTEXT, copy_unrun
from tests.doors.record_example import place_of, team

AGENT = Person("", ("agent",))


class Session:
    """A client of the door, called from tests that are no coroutines."""

    def __init__(self, portal: BlockingPortal, client: Client) -> None:
        self.portal, self.client = portal, client

    def raw(self, tool: str, /, **values: Any) -> CallToolResult:
        found: CallToolResult = self.portal.call(self.client.call_tool, tool, values)
        return found

    def __call__(self, tool: str, /, **values: Any) -> dict[str, Any]:
        """Return a tool's answer, which the client has checked against its schema."""
        found = self.raw(tool, **values)
        assert not found.is_error, words(found)
        answer: dict[str, Any] = found.structured_content
        assert json.loads(words(found)) == answer, "both forms say the same"
        return answer

    def refused(self, tool: str, /, **values: Any) -> str:
        """Return what a refused call says; it has the one error shape beside it."""
        found = self.raw(tool, **values)
        assert found.is_error
        assert found.meta is not None
        shape = found.meta["error"]
        assert {"error", "message", "where", "fix"} <= shape.keys()
        assert shape["message"] in words(found)
        return words(found)

    def text(self, address: str) -> str:
        (first, *_) = self.portal.call(self.client.read_resource, address).contents
        assert isinstance(first, TextResourceContents)
        return first.text


def words(result: CallToolResult) -> str:
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


@contextmanager
def session(server: Any) -> Iterator[Session]:
    with start_blocking_portal() as portal:
        with portal.wrap_async_context_manager(Client(server)) as client:
            yield Session(portal, client)
        portal.call(anyio.sleep, 0.01)  # what was closed is let go of


@pytest.fixture(scope="module")
def shop(quick_plan: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace that was run and whose cycle is open."""
    folder = copy_unrun(quick_plan, tmp_path_factory.mktemp("mcp") / "lamps")
    call("run", {"plan": str(folder)}, CONTEXT)
    call("cycle open", {"plan": str(folder)}, CONTEXT)
    call("risk add", {"plan": str(folder), "risk": "strike", "kind": "risk", "statement": "The port closes", "probability": 0.2}, CONTEXT)
    for kind, text in (("decision", "question"), ("action", "statement"), ("assumption", "statement")):
        call(f"{kind} add", {"plan": str(folder), text: "What about the fair?"}, CONTEXT)
    call("override add", {"plan": str(folder), "change": ["demand_plan: +1 %"], "reason": "The fair"}, CONTEXT)
    return folder


@pytest.fixture(scope="module")
def stdio(shop: Path) -> Iterator[Session]:
    with session(StdioServerParameters(command=sys.executable, args=["-m", "equipoise.interfaces.cli", "mcp", str(shop)])) as made:
        yield made


@contextmanager
def listening(folder: Path) -> Iterator[str]:
    """Serve a workspace over HTTP at a free port, and give its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(http_app(folder), log_level="error", lifespan="on", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [free]}, daemon=True)
        thread.start()
        until = time.monotonic() + 20
        while not server.started and time.monotonic() < until:
            time.sleep(0.02)
        yield f"http://127.0.0.1:{free.getsockname()[1]}/mcp"
        server.should_exit = True
        thread.join(20)


@pytest.fixture(scope="module")
def address(shop: Path) -> Iterator[str]:
    with listening(shop) as made:
        yield made


@pytest.fixture(scope="module")
def http(address: str) -> Iterator[Session]:
    with session(address) as made:
        yield made


@pytest.fixture
def agent(request: pytest.FixtureRequest) -> Session:
    made: Session = request.getfixturevalue(request.param)
    return made


both = pytest.mark.parametrize("agent", ["stdio", "http"], indirect=True)

DRIVEN: tuple[tuple[str, dict[str, Any]], ...] = (
    ("status", {}),
    ("status", {"step": "demand_review"}),
    ("check", {}),
    ("run", {"job": "latest"}),
    ("table", {}),
    ("table", {"table": "demand_plan", "limit": 3, "sort": ["-quantity"]}),
    ("table", {"table": "demand_plan", "by": ["family"]}),
    ("explain", {"table": "demand_plan", "where": ["market=Shops"]}),
    ("gaps", {}),
    ("gaps", {"gap": 1}),
    ("scenarios", {}),
    ("try_change", {"change": ["demand_plan: +5 %"]}),
    ("propose_change", {"change": ["demand_plan: +2 %"], "reason": "The trade fair"}),
    ("propose_record", {"kind": "action", "text": "Ask the supplier", "owner": "Ana", "due": "2026-12-11"}),
    ("propose_record", {"kind": "comment", "text": "Too high?", "about": "demand_plan"}),
    ("propose_record", {"kind": "risk", "text": "Rain", "about": "rain", "values": {"kind": "risk", "probability": 0.1}}),
    *((("records", {"kind": kind})) for kind in ("decision", "action", "override", "proposal", "task", "alarm")),
    ("records", {"kind": "decision", "id": "1"}),
    ("decisions", {}),
    ("meeting", {"meeting": "demand_review"}),
    ("meeting", {"meeting": "demand_review", "write": "minutes", "attendee": ["Ana"]}),
    ("diff", {"before": "1"}),
    ("read", {"uri": "equipoise://dictionary/demand_plan"}),
    ("describe", {}),
    ("describe", {"name": "override"}),
    ("describe", {"name": "override add"}),
    ("call", {"operation": "cycle list"}),
)


def test_the_list_of_tools_is_short_and_typed(stdio: Session) -> None:
    tools = stdio.portal.call(stdio.client.list_tools).tools
    assert [tool.name for tool in tools] == list(TOOLS)
    assert len(set(TOOLS) - {"describe", "call"}) <= 15
    assert {name for name, _ in DRIVEN} == set(TOOLS), "every tool is driven below"
    for tool in tools:
        assert tool.description
        assert len(tool.description) <= 160
        assert tool.input_schema["additionalProperties"] is False
        jsonschema.Draft202012Validator.check_schema(tool.input_schema)
        assert tool.output_schema is not None
        jsonschema.Draft202012Validator.check_schema(tool.output_schema)


@both
@pytest.mark.parametrize(
    ("tool", "values"), DRIVEN, ids=lambda value: value if isinstance(value, str) else ",".join(map(str, value.values()))
)
def test_every_tool_answers(agent: Session, shop: Path, tool: str, values: dict[str, Any]) -> None:
    if tool == "run":
        values = {"job": place_of(shop).store.jobs()[0].id}
    if tool == "propose_record" and isinstance(agent.client.server, str) and "values" in values:
        values = {**values, "about": "more rain"}
    found = agent(tool, **values)
    assert found
    assert str(shop) not in json.dumps(found), "where the workspace lies is nobody's business"
    assert len(json.dumps(found)) < 9000, "answers are short"


def test_a_run_is_told_as_it_goes_on_and_makes_a_draft(stdio: Session, shop: Path) -> None:
    heard: list[tuple[float, str | None]] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        heard.append((progress, message))

    async def ask() -> CallToolResult:
        return await stdio.client.call_tool("run", {"force": True, "wait": 100}, progress_callback=hear)

    found = stdio.portal.call(ask).structured_content
    assert found["facts"]["state"] == "done"
    version = call("version list", {"plan": str(shop)}, CONTEXT).model_dump()["versions"][0]
    assert (version["version"], version["status"]) == (found["facts"]["version"], "draft")
    assert heard
    assert [done for done, _ in heard] == sorted(done for done, _ in heard)


@pytest.mark.parametrize(
    ("tool", "values", "said"),
    [
        ("tabel", {}, "Did you mean table"),
        ("table", {"table": 5}, "valid string"),
        ("table", {"table": "demand_plan", "limit": "10"}, "valid integer"),
        ("table", {"table": "demand_plan", "limit": 10**30}, "limit"),
        ("table", {"tabel": "demand_plan"}, "It takes: plan, table"),
        ("table", {"table": "demand_plann"}, "demand_plan"),
        ("table", {"table": "demand_plan", "where": ["x" * 200_000]}, "condition"),
        ("table", {"table": "demand_plan", "version": -1}, "no version"),
        ("status", {"plan": "../other/plan.yaml"}, "no plan"),
        ("status", {"plan": "/etc/passwd"}, "no plan"),
        ("status", {"step": "lunch"}, "Input should be"),
        ("call", {"operation": "cycle show", "values": {"workspace": "/tmp"}}, "path of the machine"),
        ("call", {"operation": "cycle show", "values": {"plan": 7}}, "no text"),
        ("call", {"operation": "backup", "values": {"target": "/tmp/x.zip"}}, "no operation backup"),
        ("call", {"operation": "nothing"}, "no operation nothing"),
        ("call", {"operation": "show", "values": {"limit": "ten"}}, "limit"),
        ("call", {"operation": "override show", "values": {"override": "override-999"}}, "override-999"),
        ("propose_change", {"change": ["demand_plan: +1 %"], "reason": ""}, "reason"),
        ("propose_change", {"change": ["what?"], "reason": "x"}, "understood"),
        ("propose_change", {"change": [], "reason": "x"}, "change"),
        ("propose_record", {"kind": "comment", "text": "x", "due": "2026-12-11"}, "has no due"),
        ("propose_record", {"kind": "action", "text": "x", "due": "tomorrow"}, "due"),
        ("propose_record", {"kind": "risk", "text": "x", "about": "y", "values": {"probability": 3}}, "probability"),
        ("try_change", {}, "Nothing is to be tried"),
        ("describe", {"name": "lunch"}, "no topic or operation"),
        ("run", {"job": "job-none", "wait": 0}, "no one job"),
        ("read", {"uri": "file:///etc/passwd"}, "no address"),
        ("read", {"uri": "equipoise://plan/../calendar"}, "no plan"),
        ("read", {"uri": "equipoise://plan/%2e%2e%2f%2e%2e/calendar"}, "no plan"),
        ("read", {"uri": uri("plan", "lamps", "version", "1", "output", "../../../plan.yaml")}, "no output"),
        ("read", {"uri": uri("plan", "lamps", "version", "1", "output", "/etc/passwd")}, "no output"),
        ("read", {"uri": "equipoise://plan/lamps/version/one/table/history"}, "no version"),
        ("read", {"uri": "equipoise://plan/lamps/version/1/table/history?start=-1"}, "start"),
        ("read", {"uri": "equipoise://plan/lamps/version/1/table/history?page=2"}, "takes no page"),
        ("read", {"uri": "equipoise://plan/lamps/answer/run"}, "only reads"),
        ("read", {"uri": "equipoise://plan/lamps/answer/show?values=%7B"}, "JSON"),
        ("read", {"uri": "equipoise://plan/lamps/record/lunch"}, "no records"),
        ("read", {"uri": "equipoise://dictionary/%ff"}, "address"),
        ("read", {"uri": "equipoise://" + "x/" * 5000}, "address"),
        ("read", {"uri": "equipoise://[plans"}, "address"),
    ],
)
def test_a_malformed_call_gets_an_error_that_says_the_remedy(
    stdio: Session, shop: Path, tool: str, values: dict[str, Any], said: str
) -> None:
    if "uri" in values:
        values = {"uri": values["uri"].replace("plan/lamps/", f"plan/{next(iter(plans(shop)))}/")}
    told = stdio.refused(tool, **values)
    assert said in told
    assert len(told) <= 4000
    assert stdio("describe"), "and the server goes on"


@both
def test_a_nonsense_address_or_prompt_is_an_error_of_the_protocol(agent: Session, shop: Path) -> None:
    asked: tuple[tuple[Any, tuple[Any, ...]], ...] = (
        (agent.client.read_resource, (uri("plan", next(iter(plans(shop))), "version", "1", "output", "../../plan.yaml"),)),
        (agent.client.read_resource, ("nonsense",)),
        (agent.client.get_prompt, ("lunch",)),
        (agent.client.get_prompt, ("pre_sop", {"plan": "../x"})),
    )
    for ask, values in asked:
        with pytest.raises(MCPError) as caught:
            agent.portal.call(ask, *values)
        assert caught.value.error.message
    assert agent("describe")


def test_what_an_agent_proposes_waits_for_a_person(stdio: Session, shop: Path) -> None:
    made = stdio("propose_change", change=["demand_plan: -3 %"], reason="The fair is cancelled")["facts"]["proposed"]
    lines = call("audit list", {"plan": str(shop), "id": made}, Context()).model_dump()["lines"]
    assert [(line["door"], line["actor"]) for line in lines] == [("mcp", Context().actor)]
    assert stdio("call", operation="override add", values={"change": ["demand_plan: -4 %"], "reason": "x"})["answer"]["overrides"][0][
        "status"
    ] == ("proposed"), "also where nobody asks to propose"
    waiting = {one["id"]: one["status"] for one in call("review list", {"plan": str(shop)}, Context()).model_dump()["proposals"]}
    assert waiting[made] == "proposed"
    for operation in ("review accept", "review reject"):
        assert "An agent may not use" in stdio.refused("call", operation=operation, values={"id": [made], "reason": "mine"})
    call("review accept", {"plan": str(shop), "id": [made]}, Context())
    held = call("override show", {"plan": str(shop), "override": made}, Context()).model_dump()["override"]
    assert held["status"] == "accepted"
    assert "An agent may change what it has proposed itself" in stdio.refused(
        "call", operation="override withdraw", values={"override": [made], "reason": "no"}
    )


PERSONAL = [one.name for one in OPERATIONS.values() if "mcp" in one.doors and not may(AGENT, one.permission)]
"""What only a person may do."""
ASKED: dict[str, dict[str, Any]] = {
    "step submit": {"step": "gather"},
    "step accept": {"step": "gather"},
    "step reopen": {"step": "gather"},
    "decision decide": {"decision": "decision-1", "choose": "none"},
    "decision reopen": {"decision": "decision-1", "reason": "x"},
    "promote": {"name": "upside"},
    "task add": {"title": "x"},
    "task set": {"task": ["1"], "status": "done"},
    "review accept": {"id": ["x"]},
    "review reject": {"id": ["x"]},
}


@pytest.mark.parametrize("name", [*PERSONAL, "task set", "alarm seen"])
def test_whoever_comes_through_this_door_decides_nothing_even_alone(shop: Path, name: str) -> None:
    values = {"plan": str(shop), **ASKED.get(name, {})}
    with pytest.raises(NotAllowedError, match="An agent may not use"):
        call(name, values, Context(door="mcp"))


def test_a_persons_work_is_no_agents_work() -> None:
    wanted = {
        "promote",
        "step submit",
        "step accept",
        "decision decide",
        "review accept",
        "review reject",
        "approve",
        "publish",
        "cycle close",
    }
    assert wanted <= set(PERSONAL)
    for name in ("user add", "user change", "token add", "password set", "login", "backup", "restore", "gc"):
        assert "mcp" not in OPERATIONS[name].doors


def test_an_agent_says_not_what_was_sold_and_stops_no_ones_run(shop: Path, quick_plan: Path, tmp_path: Path) -> None:
    rows = [{"family": "Floor lamps", "week": "2026-11-30", "measure": "sales", "quantity": 1.0}]
    with pytest.raises(NotAllowedError, match="may not say what was sold"):
        call("target check", {"plan": str(shop), "rows": rows}, Context(door="mcp"))
    alone = shutil.copytree(quick_plan, tmp_path / "lamps")
    job = place_of(alone).store.jobs()[0]  # a person's
    for name in ("job cancel", "job resume"):
        with pytest.raises(NotAllowedError, match="asked for it without one"):
            call(name, {"plan": str(alone), "job": job.id}, Context(door="mcp"))
    assert call("job resume", {"plan": str(alone)}, Context(door="mcp")).model_dump()["jobs"] == []


READ: dict[str, dict[str, Any]] = {
    "show": {"table": "demand_plan"},
    "explain": {"table": "demand_plan", "where": ["market=Shops"]},
    "try": {"change": ["demand_plan: +5 %"]},
    "step show": {"step": "gather"},
    "step brief": {"step": "gather"},
    "diff": {"before": "1"},
    "job show": {"full": True},
    "decision show": {"decision": "1"},
    "action show": {"action": "1"},
    "assumption show": {"assumption": "1"},
    "risk show": {"risk": "strike"},
    "override show": {"override": "1"},
    "comment show": {"comment": "1"},
    "audit list": {"limit": 30},
}
DIFFERENT = {"whoami"}  # says that an agent asks
TIMED = {"seconds"}
READING = [one.name for one in OPERATIONS.values() if "mcp" in one.doors and not one.changes and not one.long and one.name not in DIFFERENT]


@pytest.mark.parametrize("name", READING)
def test_every_operation_that_reads_answers_as_in_python(http: Session, shop: Path, name: str) -> None:
    if name == "comment show":
        http("propose_record", kind="comment", text="Sure?", about="decision-1")
    values = READ.get(name, {})
    try:
        wanted = call(name, {"plan": str(shop), **values}, Context()).model_dump(mode="json")
    except EquipoiseError as refusal:
        error = refusal.message
    else:
        error = ""
    if error:
        assert Desk(shop).without_paths(error) in http.refused("call", operation=name, values=values)
        return
    found = http("call", operation=name, values=values)
    answer = found["answer"]
    for cut in found.get("cut", []):
        assert cut["rest"]
        answer[cut["part"]] = (
            [*answer[cut["part"]], *_paged(http, cut["rest"])] if isinstance(answer[cut["part"]], list) else _whole(http, cut)
        )
    wanted = Desk(shop).without_paths(wanted)
    assert {part: one for part, one in answer.items() if part not in TIMED} == {
        part: one for part, one in wanted.items() if part not in TIMED
    }


def _paged(agent: Session, place: str) -> list[Any]:
    found = []
    while place:
        page = agent("read", uri=place)
        found += [json.loads(line) for line in page["text"].splitlines()]
        place = page.get("rest", "")
    return found


def _whole(agent: Session, cut: dict[str, Any]) -> str:
    text, place = "", cut["rest"]
    while place:
        page = agent("read", uri=place)
        text, place = text + page["text"], page.get("rest", "")
    return text


def test_pages_of_a_table_are_the_table(http: Session, shop: Path) -> None:
    whole = call("show", {"plan": str(shop), "table": "cost", "limit": 0}, CONTEXT).model_dump()
    assert whole["total_rows"] > 100
    place, lines = http("table", table="cost")["tables"][0]["rest"], list[str]()
    while place:
        contents = http.portal.call(http.client.read_resource, place).contents
        assert isinstance(contents[0], TextResourceContents)
        header, *rows = contents[0].text.splitlines()
        assert header.split(",") == whole["columns"]
        lines += rows
        place = contents[1].uri if len(contents) > 1 else ""
    assert len(lines) == whole["total_rows"]
    assert [line.split(",")[0] for line in lines] == [str(row[0]) for row in whole["rows"]]


@both
def test_resources_are_listed_and_read(agent: Session, shop: Path) -> None:
    listed = {one.uri for one in agent.portal.call(agent.client.list_resources).resources}
    (plan,) = plans(shop)
    assert {"equipoise://plans", "equipoise://dictionary"} < listed
    output = next(one for one in sorted(listed) if one.endswith("scenarios.md"))
    assert agent.text(output).startswith("#")
    assert plan in agent.text("equipoise://plans")
    assert "quantity" in agent.text("equipoise://dictionary/demand_plan")
    assert agent.text(uri("plan", plan, "calendar")).startswith("BEGIN:VCALENDAR")
    assert "strike" in agent.text(uri("plan", plan, "record", "risk"))
    assert json.loads(agent.text(uri("plan", plan, "record", "risk", "strike")))["id"] == "strike"
    agent("meeting", meeting="pre_sop")
    assert "Pre-S&OP" in agent.text(uri("plan", plan, "meeting", "pre_sop", "agenda"))
    templates = agent.portal.call(agent.client.list_resource_templates).resource_templates
    assert all(one.uri_template.startswith("equipoise://") for one in templates)


@both
def test_prompts_of_the_meetings_are_made_from_where_the_record_stands(agent: Session) -> None:
    listed = agent.portal.call(agent.client.list_prompts).prompts
    assert [one.name for one in listed] == list(PROMPTS)
    assert len(listed) == 5
    for one in listed:
        (message,) = agent.portal.call(agent.client.get_prompt, one.name).messages
        assert isinstance(message.content, TextContent)
        text = message.content.text
        assert "## What to do" in text
        assert "gate:" in text
        assert "cycle:" in text


def test_pages_of_other_sites_and_names_that_lead_here_are_refused(address: str) -> None:
    asked = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    headers = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
    with httpx2.Client() as client:
        assert client.post(address, json=asked, headers=headers).status_code == 200
        assert client.post(address, json=asked, headers={**headers, "host": "evil.example"}).status_code == 421
        assert client.post(address, json=asked, headers={**headers, "origin": "https://evil.example"}).status_code == 403
        assert client.post(address, content=b"{" + b" " * 2_000_000 + b"}", headers=headers).status_code == 413
        assert client.post(address, content=b"{nonsense", headers=headers).status_code == 400


@contextmanager
def bearing(address: str, token: str) -> Iterator[Session]:
    """A client over HTTP that brings a token."""
    with start_blocking_portal() as portal:
        client = httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"} if token else {})
        with (
            portal.wrap_async_context_manager(client),
            portal.wrap_async_context_manager(Client(streamable_http_client(address, http_client=client))) as made,
        ):
            yield Session(portal, made)
        portal.call(anyio.sleep, 0.01)


def test_in_a_team_everybody_is_the_agent_of_who_they_are(quick_plan: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(quick_plan, tmp_path / "team")
    team(folder, fay=["facilitator"], vic=["viewer"], bot=["agent"])
    store = place_of(folder).store
    token = {name: add_token(store, name, "test", 1)[0] for name in ("fay", "vic", "bot")}
    proposal = {"change": ["demand_plan: +1 %"], "reason": "The fair"}
    with listening(folder) as address:
        for nobody in ("", "eq_wrong"):
            with bearing(address, nobody) as agent:
                assert "token" in agent.refused("status").casefold()
                with pytest.raises(MCPError):
                    agent.portal.call(agent.client.list_resources)
        with bearing(address, token["fay"]) as agent:
            assert agent("call", operation="whoami")["answer"]["roles"] == ["agent"]
            assert "An agent may not use" in agent.refused("call", operation="cycle open")
            made = agent("propose_change", **proposal)["facts"]["proposed"]
            assert store.record("override", made).document["status"] == "proposed"
            assert store.record("override", made).changed_by == "fay"
        with bearing(address, token["vic"]) as agent:
            assert agent("table", table="demand_plan")
            assert "vic may not use 'override add'" in agent.refused("propose_change", **proposal), "no agent may more than its person"
        with bearing(address, token["bot"]) as agent:
            made = agent("propose_record", kind="action", text="Ask")["facts"]["id"]
            assert store.record("action", made).document["status"] == "proposed"


def test_the_command_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = CliRunner().invoke(app, ["mcp", str(tmp_path / "nowhere")])
    assert missing.exit_code == 2
    monkeypatch.setitem(sys.modules, "mcp", None)
    monkeypatch.delitem(sys.modules, "equipoise.interfaces.mcp.server")
    with pytest.raises(InputError) as caught:
        door.serve(tmp_path)
    assert "equipoise[agent]" in caught.value.fix
