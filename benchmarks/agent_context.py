"""How much of an agent's context a whole cycle takes: an agent facilitates a cycle of alpine through the tools of the agents' door.

    python -m benchmarks.agent_context [--workspace FOLDER] [--tokenizer FOLDER]

The client is the SDK's own. What is counted is what a model reads and writes: names, descriptions and input schemas of the tools and the
instructions once, each prompt, and of each call its arguments and the text of its answer. What people do in between (open the cycle,
accept, submit) is done as a person and not counted. Tokens are counted by o200k_base where --tokenizer names a folder into which
`npm install gpt-tokenizer` was done; otherwise they are characters divided by 3.3, about what that tokenizer made of these texts.
"""

import argparse
import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
from mcp.client.client import Client
from mcp.types import TextContent

from equipoise.errors import EquipoiseError
from equipoise.interfaces.mcp.server import INSTRUCTIONS, in_process
from equipoise.service import Context, call

ALPINE = Path(__file__).parents[1] / "examples" / "alpine"
CHARACTERS_A_TOKEN = 3.3
COUNT = """
import { encode } from "gpt-tokenizer/encoding/o200k_base";
let said = ""; process.stdin.on("data", (part) => (said += part));
process.stdin.on("end", () => console.log(JSON.stringify(JSON.parse(said).map((text) => encode(text).length))));
"""
SHIFT = "capacity.overtime_limit resource=Seam Sealing: +20 %"
FAIR = "demand_plan family=Tents, region=Central Europe, period=2027-04..2027-06: +3 %"
Call = tuple[str, dict[str, Any]]

STEPS: dict[str, tuple[Call, ...]] = {
    "1 data gathering": (
        ("status", {}),
        ("check", {}),
        ("run", {"wait": 120}),
        ("table", {"table": "kpi", "where": ["status=missed"], "columns": ["kpi", "subject", "value", "target", "unit"], "limit": 20}),
        ("explain", {"table": "kpi", "where": ["kpi=otif", "subject=Tents"], "limit": 6}),
        ("records", {"kind": "action"}),
        ("records", {"kind": "assumption"}),
        (
            "propose_record",
            {"kind": "action", "text": "Correct the history of 2026-10, row 3815", "owner": "Sales Nordics", "due": "2026-12-02"},
        ),
    ),
    "2 demand review": (
        ("table", {"table": "demand_plan", "by": ["family"]}),
        ("table", {"table": "override_flag"}),
        ("table", {"table": "event_effect", "limit": 10}),
        ("table", {"table": "value_added", "limit": 12}),
        ("explain", {"table": "demand_plan", "where": ["family=Tents", "period=2027-04"]}),
        ("try_change", {"change": [FAIR]}),
        ("propose_record", {"kind": "assumption", "text": "Two more dealers stock the tents from April", "owner": "Sales Central Europe"}),
        ("propose_change", {"change": [FAIR], "reason": "Two more dealers, as agreed in the demand review"}),
        ("meeting", {"meeting": "demand_review"}),
        ("meeting", {"meeting": "demand_review", "write": "minutes", "attendee": ["Sales", "Demand planning"]}),
    ),
    "3 supply review": (
        ("diff", {}),
        ("table", {"table": "capacity_load", "by": ["resource"]}),
        ("table", {"table": "binding", "sort": ["-value"], "limit": 10}),
        ("table", {"table": "shortage", "by": ["family"], "measure": "backlog"}),
        ("table", {"table": "inventory_plan", "by": ["family"]}),
        ("gaps", {}),
        ("explain", {"table": "shortage", "where": ["family=Tents", "period=2027-07"]}),
        ("try_change", {"change": [SHIFT]}),
        ("propose_change", {"change": [SHIFT], "reason": "Overtime at the bottleneck, to be agreed with the plant"}),
        ("meeting", {"meeting": "supply_review"}),
        ("meeting", {"meeting": "supply_review", "write": "minutes", "attendee": ["Plant", "Supply planning"]}),
    ),
    "4 pre-S&OP": (
        ("gaps", {"gap": 1}),
        ("gaps", {"gap": 8}),
        ("scenarios", {}),
        ("table", {"table": "risk_register", "columns": ["risk", "probability", "money", "expected_money", "sentence"]}),
        ("table", {"table": "financials", "where": ["scenario=base"], "by": ["line"]}),
        ("try_change", {"option": "1"}),
        ("try_change", {"option": "2", "change": ["demand_plan family=Tents: +5 %"]}),
        ("decisions", {}),
        ("records", {"kind": "decision", "id": "2"}),
        ("meeting", {"meeting": "pre_sop"}),
        ("meeting", {"meeting": "pre_sop", "write": "minutes", "attendee": ["Finance", "Sales", "Plant"]}),
    ),
    "5 executive S&OP": (
        ("status", {}),
        ("decisions", {"collect": False}),
        ("records", {"kind": "decision", "id": "1"}),
        ("records", {"kind": "decision", "id": "3"}),
        ("meeting", {"meeting": "executive_sop"}),
        (
            "propose_record",
            {"kind": "action", "text": "Agree the extra shift with the works council", "owner": "Plant", "due": "2026-12-15"},
        ),
        ("propose_record", {"kind": "action", "text": "Restate the outlook of Stoves", "owner": "Finance", "due": "2026-12-10"}),
        ("records", {"kind": "proposal"}),
        ("meeting", {"meeting": "executive_sop", "write": "minutes", "attendee": ["CEO", "CFO", "COO", "CSO"]}),
        ("status", {}),
    ),
    "6 measure": (
        ("status", {"step": "measure"}),
        ("table", {"table": "stream_weight"}),
        ("call", {"operation": "target list"}),
    ),
}
PROMPT = {"1 data": "data_gathering", "2 dema": "demand_review", "3 supp": "supply_review", "4 pre-": "pre_sop", "5 exec": "executive_sop"}
HANDED = {"1 data": "gather", "2 dema": "demand_review", "3 supp": "supply_review", "4 pre-": "pre_sop", "5 exec": "executive_sop"}


@dataclass
class Said:
    """What a model wrote and read in a step; calls that were refused."""

    wrote: list[str] = field(default_factory=list)
    read: list[str] = field(default_factory=list)
    calls: int = 0
    longest: tuple[int, str] = (0, "")
    refused: list[str] = field(default_factory=list)


def person(folder: Path, name: str, **values: object) -> None:
    """Do what a person does between the agent's steps; what is refused is told."""
    try:
        call(name, {"plan": str(folder), **values}, Context())
    except EquipoiseError as error:
        print(f"  ({name} refused: {error.short[:160]})")


def accept(folder: Path) -> bool:
    """Accept all that is proposed, as a person does; return whether the plan is to be run again for it."""
    waiting = call("review list", {"plan": str(folder)}, Context()).model_dump()["proposals"]
    if waiting:
        person(folder, "review accept", id=[one["id"] for one in waiting])
    return any(one["kind"] == "override" for one in waiting)


async def step(client: Client, name: str, calls: tuple[Call, ...]) -> Said:
    """Have the agent do a step."""
    said = Said()
    prompt = PROMPT.get(name[:6])
    if prompt is not None:
        (message,) = (await client.get_prompt(prompt)).messages
        said.read.append(message.content.text if isinstance(message.content, TextContent) else "")
    for tool, values in calls:
        await _followed(client, said, tool, values)
    return said


async def _followed(client: Client, said: Said, tool: str, values: dict[str, Any]) -> None:
    """Call a tool; a run is followed to its end."""
    text = await _called(client, said, tool, values)
    while tool == "run" and any(f'"state":"{state}"' in text for state in ("queued", "running")):
        text = await _called(client, said, "run", {"job": json.loads(text)["facts"]["job"], "wait": 120})


async def _called(client: Client, said: Said, tool: str, values: dict[str, Any]) -> str:
    found = await client.call_tool(tool, values, read_timeout_seconds=600)
    text = "".join(one.text for one in found.content if isinstance(one, TextContent))
    said.calls += 1
    said.wrote.append(json.dumps({"name": tool, "arguments": values}))
    said.read.append(text)
    said.longest = max(said.longest, (len(text), f"{tool} {json.dumps(values)[:60]}"))
    if found.is_error:
        said.refused.append(f"{tool}: {text[:160]}")
    return text


def counter(folder: str) -> Callable[[list[str]], int]:
    """Return what counts the tokens of texts."""

    def approximate(texts: list[str]) -> int:
        return round(sum(map(len, texts)) / CHARACTERS_A_TOKEN)

    def exact(texts: list[str]) -> int:
        ran = subprocess.run(
            ["node", "--input-type=module", "-e", COUNT], input=json.dumps(texts), capture_output=True, text=True, cwd=folder, check=True
        )
        return sum(json.loads(ran.stdout))

    return exact if folder else approximate


async def cycle(folder: Path) -> tuple[list[str], dict[str, Said]]:
    """Return what a model reads once, and what it writes and reads in each step of the cycle."""
    found: dict[str, Said] = {}
    async with Client(in_process(folder)) as client:
        tools = [
            one.model_dump(mode="json", by_alias=True, include={"name", "description", "input_schema"})
            for one in (await client.list_tools()).tools
        ]
        for name, calls in STEPS.items():
            found[name] = await step(client, name, calls)
            if await anyio.to_thread.run_sync(accept, folder):
                await _followed(client, found[name], "run", {"wait": 120})
            if handed := HANDED.get(name[:6]):
                person(folder, "task set", step=handed, status="done")
                person(folder, "step submit", step=handed, confirm=["all"], reason="benchmark")
                person(folder, "step accept", step=handed)
    return [INSTRUCTIONS, *(json.dumps(one, separators=(",", ":")) for one in tools)], found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workspace", default="", help="Folder to copy alpine to and to keep")
    parser.add_argument("--tokenizer", default="", help="Folder with node_modules/gpt-tokenizer")
    parser.add_argument("--quick", action="store_true")
    chosen = parser.parse_args()
    count = counter(chosen.tokenizer)
    folder = Path(chosen.workspace or tempfile.mkdtemp()) / "alpine"
    if not folder.exists():
        shutil.copytree(ALPINE, folder, ignore=shutil.ignore_patterns("out", ".equipoise"))
    with suppress(EquipoiseError):
        call("cycle open", {"plan": str(folder)}, Context())
    once, found = anyio.run(cycle, folder)
    print("\n| step | calls | characters | tokens | longest answer |\n|---|---|---|---|---|")
    rows = [("instructions and list of tools", 0, once, "")]
    rows += [
        (name, said.calls, [*said.wrote, *said.read], f"{said.longest[1]}: {said.longest[0]:,} characters") for name, said in found.items()
    ]
    total = 0
    for name, calls, texts, longest in rows:
        tokens = count(texts)
        total += tokens
        print(f"| {name} | {calls or ''} | {sum(map(len, texts)):,} | {tokens:,} | {longest} |", flush=True)
    everything = [text for _, _, texts, _ in rows for text in texts]
    print(f"| whole cycle | {sum(row[1] for row in rows)} | {sum(map(len, everything)):,} | {total:,} | |")
    print(f"\nCharacters a token: {sum(map(len, everything)) / max(total, 1):.2f}" + ("" if chosen.tokenizer else " (assumed)"))
    for name, said in found.items():
        for line in said.refused:
            print(f"Refused in {name}: {line}")


if __name__ == "__main__":
    main()
