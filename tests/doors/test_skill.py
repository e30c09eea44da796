"""The skill suffices: an agent that reads nothing else runs a whole cycle by files, and through the tools."""

import json
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from equipoise.errors import DataError, InputError, StoppedError
from equipoise.gather.document import written
from equipoise.gather.plan import read_plan
from equipoise.service import OPERATIONS, call
from equipoise.service.step_schemas import schemas
from equipoise.service.watched_files import ticket_of
from tests.doors.conftest import CONTEXT, TODAY, answer, copy_unrun
from tests.doors.record_example import as_, team
from tests.doors.skill_agent import SKILL, Agent

PUBLISHED = """\
skill: sop-facilitator
inputs:
  planning_cycle: "monthly"
  planning_horizon: 18 # months
  demand_input:
    - source: "sales_forecast"
      volume: 50000
      revenue: 5000000
    - source: "marketing_pipeline"
      volume: 10000
      revenue: 1200000
  supply_input:
    - resource: "Plant A"
      capacity: 45000
    - resource: "Plant B"
      capacity: 30000
  constraints:
    - type: "labor"
      limit: "10% overtime max"
    - type: "material"
      limit: "Supplier X at capacity"
outputs:
  - demand_plan
  - supply_plan
  - gap_analysis
  - scenarios
  - executive_summary
  - action_items
"""
"""The usage of the published skill, as it was published."""


@contextmanager
def watched(folder: Path, **asked: Any) -> Iterator[list[str]]:
    """A person watches a folder, in a thread of this process; gives what is told on the screen."""
    stop, told = threading.Event(), list[str]()

    def check() -> None:
        if stop.is_set():
            raise StoppedError("Enough.")

    context = replace(CONTEXT, check=check, listen=lambda event: told.append(event.step) if event.phase == "Watch" else None)
    failed: list[BaseException] = []

    def run() -> None:
        try:
            call("watch", {"plan": str(folder), "settle": 0.1, **asked}, context)
        except BaseException as error:  # noqa: BLE001 - told below, in the test's own thread
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield told
    finally:
        stop.set()
        thread.join(60)
        assert not thread.is_alive()
        assert failed == []


def person(command: str, plan: Path) -> None:
    """A person gives a command that the status or the skill names: the same operation, in their name."""
    words = re.findall(r"'[^']*'|\S+", command)
    name, rest = " ".join(words[1:3]), words[3 : words.index("--plan")]
    assert name == "review accept"
    call(name, {"plan": str(plan), "id": [word.strip("'") for word in rest]}, CONTEXT)


def valid(name: str, values: object) -> None:
    jsonschema.Draft202012Validator(schemas()[name]).validate(json.loads(json.dumps(values, default=str)))


@pytest.fixture(scope="module")
def seed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the agent has facilitated a cycle of the published usage, by files alone."""
    folder = tmp_path_factory.mktemp("seed") / "plan"
    folder.mkdir()
    with watched(folder) as told:
        _cycle_of_seed(Agent(folder), folder)
    assert told
    assert ": the plan file" in told[0] or "faults" in told[0]
    status = yaml.safe_load((folder / "results" / "status.yaml").read_text(encoding="utf-8"))
    assert status["state"] == "stopped"
    return folder


def _cycle_of_seed(agent: Agent, folder: Path) -> None:
    agent.read("files.md")
    agent.read("plan.md")
    agent.wait("")  # nothing is there yet
    assert "no plan file" in agent.result("results/errors.yaml")["message"]

    agent.write("plan.yaml", "# ticket: 1\n" + PUBLISHED.replace("18 # months", "eighteen").replace('"Plant B"', '"Plant A"'))
    assert agent.wait("1")["state"] == "faults"
    errors = agent.result("results/errors.yaml")
    assert {(fault["where"]["row"], fault["where"]["column"]) for fault in errors["faults"]} >= {(5, "inputs.planning_horizon")}
    assert all(fault["fix"] for fault in errors["faults"])
    agent.edit("plan.yaml", "eighteen", "18 # months")
    agent.edit("plan.yaml", '- resource: "Plant A"\n      capacity: 30000', '- resource: "Plant B"\n      capacity: 30000')
    agent.edit("plan.yaml", "# ticket: 1", "# ticket: 2")
    status = agent.wait("2")
    assert status["state"] == "ready"
    assert "errors" not in status
    assert agent.glob("results/errors.yaml") == []
    assert (folder / "plan.yaml").read_text(encoding="utf-8") == "# ticket: 2\n" + PUBLISHED

    briefs = {name: agent.result(name) for name in status["briefs"]}
    for name, brief in briefs.items():
        valid(f"{Path(name).stem}.output.json", brief)
        assert brief["version"] == status["version"] == "v0001"
        assert len(agent.read(name)) < 8_000
        for page in brief.get("pages", []):
            assert agent.read(f"{brief['folder']}/{page}").startswith("# ")
    gathered, demand, supply, reconciled, executive, _ = briefs.values()
    assert gathered["rows"]["capacity"] == 36
    assert any("10% overtime max" in one or "Plant A makes up to 45,000" in one for one in gathered["assumptions"])
    assert [line["demand"] for line in demand["periods"]] == [60_000.0] * 18
    assert {line["stream"]: line["quantity"] for line in demand["streams"]} == {"sales_forecast": 900_000, "marketing_pipeline": 180_000}
    assert [(one["resource"], one["average"]) for one in supply["resources"]] == [("Plant A", 0.8), ("Plant B", 0.8)]
    short = {line["scenario"]: line["figures"]["shortage"] for line in reconciled["scenarios"]}
    assert short == {"base": 0, "upside": 216_000, "downside": 0, "stretch": 108_000}
    assert "Supplier X" in reconciled["decisions_needed"][0]["recommendation"]
    assert executive["suggested_actions"]
    assert len(agent.grep("^supply_surplus", f"{reconciled['folder']}/tables/gap.csv")) >= 1

    agent.write(
        "ask/upside.yaml", "# ticket: q1\nask:\n  - {operation: try, change: ['demand_plan: +20 %']}\n  - {operation: decision collect}\n"
    )
    agent.write("inbox/month.yaml", MONTH)
    agent.wait("month-1", "inbox/month.yaml")
    status = agent.wait("q1", "ask/upside.yaml")
    assert status["version"] == "v0001", "what is proposed is tried, and runs nothing"
    assert {one["file"]: one["state"] for one in status["files"]} == {"inbox/month.yaml": "proposed", "ask/upside.yaml": "answered"}
    tried, collected = agent.result("results/ask/upside.yaml")["answers"]
    assert {one["name"]: one["value"] for one in tried["answer"]["measures"]}["shortage"] == 216_000
    assert "216,000 units short" in tried["answer"]["gaps"][0]
    assert {one["status"] for one in collected["answer"]["decisions"]} == {"proposed"}
    effect = {one["of"]: one for one in agent.result("results/inbox/month.yaml")["effect"]}
    moved = {one["name"]: one["difference"] for one in effect["the overrides of this file"]["measures"]}
    assert moved["demand"] == moved["shortage"] == 3_000, "Supplier X has no more to give"
    assert "supplier, option Second source" in effect
    assert agent.result("results/demand_review.yaml").get("changes", []) != []
    assert agent.result("results/demand_review.yaml")["periods"][3]["demand"] == 60_000, "nothing is accepted yet"

    agent.edit("plan.yaml", "  - gap_analysis\n  - scenarios\n  - executive_summary\n  - action_items\n", "")
    (accept,) = [one for one in status["people"] if "review accept" in one]
    person(accept, folder / "plan.yaml")
    until = time.monotonic() + 60
    while agent.result("results/demand_review.yaml")["periods"][3]["demand"] != 63_000:
        assert time.monotonic() < until
        time.sleep(0.1)
    assert agent.wait("month-1", "inbox/month.yaml")["files"][0]["state"] in {"taken", "answered"}
    person_decides(folder)
    _meeting(agent)


MONTH = """\
# ticket: month-1
author: agent
reason: A dealer opens in spring
overrides:
  - {id: dealer, change: "demand_plan period=2027-03: + 3000", assumption: dealer-opens}
assumptions:
  - {id: dealer-opens, statement: The dealer opens in March, confidence: high}
decisions:
  - id: supplier
    question: Do we take a second source beside Supplier X?
    decider_role: executive
    due: 2026-12-11
    recommendation: Ask two suppliers for a price first
    options:
      - name: Second source
        statement: 12,000 more a month
        overrides: [{table: purchase_limit, column: maximum, operation: add, value: 12000}]
actions:
  - {id: offers, statement: Bring two offers for 12000 a month, owner_role: supply planner, due: 2026-12-07, decision: supplier}
comments:
  - {subject: scenario upside, statement: "Needs 12,000 more a month from Supplier X"}
"""


MEETING = """\
# ticket: m1
ask:
  - {operation: meeting agenda, meeting: executive_sop}
  - {operation: meeting minutes, meeting: executive_sop, attendee: [Ana]}
  - {operation: decision decide, decision: supplier, choose: none}
  - {operation: gc}
  - {operation: show, table: gap, workspace: /tmp}
"""


def person_decides(folder: Path) -> None:
    call(
        "decision decide",
        {"plan": str(folder / "plan.yaml"), "decision": "supplier", "choose": "none", "rationale": "Offers first"},
        CONTEXT,
    )


def _meeting(agent: Agent) -> None:
    """The executive meeting: its agenda, an action that it agreed on, and its minutes."""
    agent.write("inbox/after.yaml", "# ticket: a1\nactions:\n  - {id: visit, statement: Visit Supplier X, owner: Ana, due: 2026-12-04}\n")
    agent.write("ask/meeting.yaml", MEETING)
    status = agent.wait("m1", "ask/meeting.yaml")
    agenda, minutes, decide, clear, elsewhere = agent.result("results/ask/meeting.yaml")["answers"]
    assert "Agenda" in agenda["answer"]["text"] if "text" in agenda["answer"] else agenda["file"]
    written_ = minutes["answer"]["files"] if "files" in minutes["answer"] else agent.result(minutes["file"])["files"]
    page = agent.read(next(one for one in written_ if one.endswith(".md")))
    assert "Do we take a second source beside Supplier X?" in page
    assert "Offers first" in page
    assert "Bring two offers" in page
    assert [one["error"]["error"] for one in (decide, clear, elsewhere)] == ["NotAllowedError", "NotFoundError", "InputError"]
    decided = {one["id"]: one for one in agent.result("results/executive_sop.yaml")["decisions"]}["supplier"]
    assert (decided["status"], decided["chosen"]) == ("decided", "none")
    assert "action visit: Visit Supplier X" in status["waiting"]


def test_the_published_usage_goes_through_a_whole_cycle_by_files(seed: Path) -> None:
    held = {one["decision"]: one["status"] for one in answer("decision list", plan=str(seed))["records"]}
    assert held["supplier"] == "decided"
    lines = answer("audit list", plan=str(seed), limit=0)["lines"]
    assert {line["door"] for line in lines if line["operation"] == "decision collect"} == {"files"}
    assert [path.name for path in seed.rglob("*.part")] == []


def test_the_published_usage_goes_through_the_tools(seed: Path) -> None:
    pytest.importorskip("mcp")
    from equipoise.interfaces.mcp.server import in_process
    from tests.doors.test_mcp import session

    text = (SKILL / "tools.md").read_text(encoding="utf-8")
    with session(in_process(seed)) as tools:
        named = {one.name for one in tools.portal.call(tools.client.list_tools).tools}
        steps = re.findall(r"`([a-z_]+)`", text.split("| step | tools |")[1].split("\n\n")[0])
        assert set(steps) <= named | {"step"}
        assert "plan" in json.dumps(tools("status"))
        for step in ("gather", "demand_review", "supply_review", "pre_sop", "executive_sop", "measure"):
            assert tools("call", operation="step brief", values={"step": step})
        assert "units short" in json.dumps(tools("try_change", change=["demand_plan: +20 %"]))
        assert "supply" in json.dumps(tools("gaps")).lower()
        assert "upside" in json.dumps(tools("scenarios"))
        made = tools("propose_change", change=["demand_plan period=2027-04: + 1000"], reason="A trial order")
        assert tools("propose_record", kind="action", text="Ask for the trial's price", owner="Ana", due="2026-12-11")
        assert tools("decisions")
        assert tools("meeting", meeting="executive_sop")
        assert "minutes" in json.dumps(tools("meeting", meeting="executive_sop", write="minutes")).lower()
        waiting = json.dumps(tools("records", kind="proposal"))
    assert made["facts"].get("id", "override") in waiting or "override" in waiting
    assert "A trial order" in waiting


@pytest.fixture(scope="module")
def shop(quick_plan: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example of `init`, looked at once, with a ticket in its plan file. Each test leaves its plan as it was, and its own files."""
    folder = copy_unrun(quick_plan, tmp_path_factory.mktemp("skill") / "lamps")
    plan = folder / "plan.yaml"
    plan.write_text("# ticket: 1\n" + plan.read_text(encoding="utf-8"), encoding="utf-8")
    answer("watch", plan=str(folder), once=True)
    return folder


def test_the_examples_of_the_skill_hold_on_the_company_of_init(shop: Path) -> None:
    agent = Agent(shop)
    say, ask = agent.blocks("files.md")
    with watched(shop):
        assert agent.wait("1")["state"] == "ready"
        agent.write("inbox/spring.yaml", say)
        agent.write("ask/first.yaml", ask)
        agent.wait("fair-1", "inbox/spring.yaml")
        agent.wait("ask-1", "ask/first.yaml")
        said, answered = agent.result("results/inbox/spring.yaml"), agent.result("results/ask/first.yaml")
        agent.write("inbox/wrong.yaml", "# ticket: w1\noverrides:\n  - {id: x, change: 'demand_plan item=Lanternn: +1 %'}\nactons: []\n")
        assert {one["file"]: one["state"] for one in agent.wait("w1", "inbox/wrong.yaml")["files"]}["inbox/wrong.yaml"] == "refused"
        refused = agent.result("results/inbox/wrong.yaml")
        agent.write("inbox/wrong.yaml", "# ticket: w2\noverrides:\n  - {id: x, change: 'demand_plan item=Lantern: +1 %', reason: seen}\n")
        assert {one["file"]: one["state"] for one in agent.wait("w2", "inbox/wrong.yaml")["files"]}["inbox/wrong.yaml"] == "proposed"
    for name, values in (("inbox.output.json", said), ("inbox.output.json", refused), ("ask.output.json", answered)):
        valid(name, values)
    assert said["state"] == "proposed", said.get("error")
    assert {one["status"] for one in said["made"] if one["kind"] != "comment"} == {"proposed"}
    assert [one["of"] for one in said["effect"]] == ["the overrides of this file", "saturday, option March"]
    assert all(one["measures"] for one in said["effect"])
    assert [one["operation"] for one in answered["answers"] if "error" in one] == ["cycle show"], "no cycle is open"
    faults = refused["error"]["faults"]
    assert {fault["where"]["row"] for fault in faults} == {4}
    assert "Did you mean actions?" in json.dumps(faults)


def test_every_example_of_the_skill_keeps_to_the_schemas() -> None:
    def blocks(name: str) -> list[Any]:
        found = re.findall(r"```yaml\n(.*?)```", (SKILL / name).read_text(encoding="utf-8"), re.DOTALL)
        return [yaml.safe_load(block) for block in found]

    for plan in (*blocks("plan.md"), yaml.safe_load(PUBLISHED)):
        valid("gather.input.json", plan)
        assert read_plan(written(plan), "plan.yaml", TODAY).setting.calendar.horizon in {12, 18}
    say, ask = blocks("files.md")
    valid("pre_sop.input.json", say)
    valid("ask.input.json", ask)
    valid("demand_review.input.json", {"overrides": say["overrides"], "assumptions": say["assumptions"]})
    wrong = {"overrides": [{"table": "capacity", "operation": "add", "value": 1}]}
    valid("supply_review.input.json", wrong)
    with pytest.raises(jsonschema.ValidationError):
        valid("demand_review.input.json", wrong)
    with pytest.raises(jsonschema.ValidationError):
        valid("ask.input.json", {"ask": [{"operation": "gc"}]})
    for name, schema in schemas().items():
        if name != "gather.input.json":  # large: that it validates plans shows that it is one
            jsonschema.Draft202012Validator.check_schema(schema)


def test_the_skill_is_in_the_published_form_and_leads_to_its_files() -> None:
    text = (SKILL / "SKILL.md").read_text(encoding="utf-8")
    front = yaml.safe_load(text.split("---")[1])
    assert front["name"] == "sop-facilitator"
    assert front["allowed-tools"] == ["Read", "Write", "Glob", "Grep", "Edit"]
    assert front["metadata"] == {"specialization": "operations", "domain": "business", "category": "capacity-planning"}
    assert len(front["description"]) <= 1024
    assert len(text) < 6_000
    assert len((SKILL / "files.md").read_text(encoding="utf-8")) < 6_000
    named = set(
        re.findall(r"`((?:[\w-]+/)*[\w.-]+\.(?:md|json))`", text + (SKILL / "files.md").read_text() + (SKILL / "plan.md").read_text())
    )
    for name in named - {"demand-planner.md", "supply-planner.md", "finance-partner.md", "executive-aide.md", "facilitator.md"}:
        assert (SKILL / name).is_file(), name
    agents = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8").split("---")[1]) for path in (SKILL / "agents").glob("*.md")}
    assert set(agents) == {"demand-planner", "supply-planner", "finance-partner", "executive-aide", "facilitator"}
    for name, about in agents.items():
        assert about["name"] == name
        assert about["role"]
        words = (SKILL / "agents" / f"{name}.md").read_text(encoding="utf-8")
        assert all(f"**{part}**" in words for part in ("Reads", "Proposes", "Never", "Hands on"))
    for operation in re.findall(r"`equipoise ([a-z]+(?: [a-z]+)?)", text + (SKILL / "files.md").read_text(encoding="utf-8")):
        assert operation in OPERATIONS or operation.split()[0] in OPERATIONS


def test_where_files_hold_at_once_nobody_needs_to_accept(shop: Path) -> None:
    agent = Agent(shop)
    agent.read("files.md")
    override = "overrides:\n  - {id: now, change: 'demand_plan item=Lantern: +10 %', reason: sure}\n"
    agent.write("inbox/now.yaml", f"{override}decisions:\n  - id: d\n    question: Why?\n")
    agent.write("ask/decide.yaml", "ask:\n  - {operation: decision decide, decision: d, choose: none, rationale: Because}\n")
    answer("watch", plan=str(shop), once=True, accept=True)
    assert agent.result("results/inbox/now.yaml")["state"] == "taken"
    assert answer("override show", plan=str(shop), override="now")["override"]["state"] == "live"
    assert answer("decision show", plan=str(shop), decision="d")["record"]["status"] == "decided"
    before = {path: path.stat().st_mtime_ns for path in (shop / "results").rglob("*.yaml") if path.name != "status.yaml"}
    answer("watch", plan=str(shop), once=True, accept=True)
    assert {path: path.stat().st_mtime_ns for path in before} == before, "what says the same is left alone"
    (shop / "inbox" / "now.yaml").unlink()
    (shop / "ask" / "decide.yaml").unlink()
    answer("watch", plan=str(shop), once=True)
    assert agent.glob("results/inbox/now.yaml") == agent.glob("results/ask/decide.yaml") == []


def test_looking_once_fails_as_the_plan_does_and_says_so_in_the_results(shop: Path) -> None:
    history = shop / "tables" / "history.csv"
    good = history.read_text(encoding="utf-8")
    history.write_text(good.replace("Lantern,", "Lanturn,", 2), encoding="utf-8")
    with pytest.raises(DataError, match=r"stops? the plan"):
        answer("watch", plan=str(shop), once=True)
    errors = yaml.safe_load((shop / "results" / "errors.yaml").read_text(encoding="utf-8"))
    assert (errors["error"], errors["ticket"]) == ("DataError", "1")
    assert "Lanturn" in errors["faults"][0]["message"]
    assert {"source", "row", "column"} <= errors["faults"][0]["where"].keys()
    history.write_text(good, encoding="utf-8")
    answer("watch", plan=str(shop), once=True)
    assert not (shop / "results" / "errors.yaml").exists()


def test_a_watch_ignores_its_own_results_and_drafts_of_editors_and_outlives_faults(shop: Path) -> None:
    agent = Agent(shop)
    with watched(shop) as told:
        agent.wait("1")
        time.sleep(1.2)
        looks = len(told)
        for name in (".plan.yaml.swp", "plan.yaml~", "tables/.history.csv.x", "tables/~$item.xlsx", "inbox/.x.yaml", "results/mine.txt"):
            (shop / name).parent.mkdir(exist_ok=True)
            (shop / name).write_text("half of", encoding="utf-8")
        time.sleep(1.2)
        assert len(told) == looks, told
        plan = (shop / "plan.yaml").read_bytes()
        (shop / "plan.yaml").unlink()
        until = time.monotonic() + 20
        while agent.result("results/status.yaml")["state"] != "faults":
            assert time.monotonic() < until
            time.sleep(0.05)
        with (shop / "plan.yaml").open("wb") as slow:  # written in pieces: only the whole is read
            for at in range(0, len(plan), 200):
                slow.write(plan[at : at + 200])
                slow.flush()
                time.sleep(0.05)
        agent.wait("1")
    assert sum("faults" in one for one in told) == 1, told


@pytest.mark.parametrize(
    ("text", "ticket"),
    [
        ("# ticket: 7\nplan: x\n", "7"),
        ("plan: x\n#ticket:a-1 # mine\n", "a-1"),
        ("plan: '# ticket: 7'\n", ""),
        ("", ""),
        ("x" * 5000 + "\n# ticket: 1", ""),
    ],
)
def test_a_ticket_stands_on_a_line_of_its_own_near_the_beginning(text: str, ticket: str, tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_text(text, encoding="utf-8")
    assert ticket_of(tmp_path / "f.yaml") == ticket


WRONG: list[tuple[str, Callable[[dict[str, Any]], object], str]] = [
    ("ask: []", lambda one: one["error"]["faults"][0]["message"], "asks nothing"),
    ("ask:\n  - {change: x}", lambda one: one["error"]["faults"][0]["message"], "names no operation"),
    ("questions: []", lambda one: json.dumps(one["error"]), "Known: ask"),
    ("ask:\n  - {operation: try, chnge: [x]}", lambda one: json.dumps(one["answers"][0]["error"]), "chnge"),
    ("ask:\n  - {operation: shwo}", lambda one: one["answers"][0]["error"]["fix"], "show"),
    ("ask: [" + "[" * 60 + "]" * 60 + "]", lambda one: json.dumps(one["error"]), "nested"),
    ("\x00", lambda one: json.dumps(one["error"]), "ask"),
]


def test_questions_that_cannot_be_answered_say_why(shop: Path) -> None:
    (shop / "ask").mkdir(exist_ok=True)
    for number, (text, _, _) in enumerate(WRONG):
        (shop / "ask" / f"{number}.yaml").write_text(text + "\n", encoding="utf-8")
    (shop / "ask" / "latin.yaml").write_bytes(b"\xff\xfe\x00")
    answer("watch", plan=str(shop), once=True)
    for number, (_, found, words) in enumerate(WRONG):
        result = yaml.safe_load((shop / "results" / "ask" / f"{number}.yaml").read_text(encoding="utf-8"))
        assert result["state"] == "refused"
        assert words in str(found(result)), (number, result)
    assert "UTF-8" in (shop / "results" / "ask" / "latin.yaml").read_text(encoding="utf-8")
    shutil.rmtree(shop / "ask")


def test_a_workspace_is_watched_once_and_a_team_accepts_by_itself(shop: Path) -> None:
    """The last of all: the others' workspace becomes a team's."""
    command = [sys.executable, "-m", "equipoise.interfaces.cli", "watch", str(shop)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as first:
        agent = Agent(shop)
        agent.wait("1")
        with pytest.raises(InputError, match="watched already"):
            answer("watch", plan=str(shop), once=True)
        first.send_signal(signal.SIGTERM)
        out, _ = first.communicate(timeout=30)
    assert first.returncode == 0
    assert "Stopped" in out
    assert agent.result("results/status.yaml")["state"] == "stopped"
    team(shop, dee=["demand planner"])
    with pytest.raises(InputError, match="only propose"):
        as_("dee", "watch", plan=str(shop), once=True, accept=True)
    as_("dee", "watch", plan=str(shop), once=True)
    assert agent.result("results/status.yaml")["state"] == "stopped"
