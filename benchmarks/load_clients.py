"""The clients of `benchmarks.load`, in a process of their own: URL, what they do, how many they are, for how many seconds."""

import asyncio
import csv
import json
import sys
import time
from collections import defaultdict

import httpx2

from benchmarks.load import ALPINE, READ, Measured

_FIRST = 1.0  # seconds until the first request is due
Step = tuple[str, str, str, dict[str, object] | None]


async def client(number: int, url: str, kind: str, seconds: int, begun: float, count: int, found: Measured) -> None:
    """Send one request a second, each when it is due."""
    made: dict[str, str] = {}
    async with httpx2.AsyncClient(base_url=url, timeout=30, verify=False) as connection:
        for turn in range(seconds):
            due = begun + turn + number / count
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            name, method, path, body = request(kind, number, turn, made)
            headers = {"If-Match": made["revision"]} if name == "change" and made else {}
            try:
                answer = await connection.request(method, path, json=body, headers=headers)
                good = answer.is_success
                if good and name in {"add", "change"} and kind == "own":
                    held = answer.json()
                    made = {"id": held["overrides"][0]["override"], "revision": '"1"'} if name == "add" else {}
                elif not good:
                    print(answer.status_code, answer.text[:300], file=sys.stderr)
            except httpx2.HTTPError as error:
                print(repr(error), file=sys.stderr)
                good = False
            found[name if good else f"{name} failed"].append((time.perf_counter() - due) * 1000)


def request(kind: str, number: int, turn: int, made: dict[str, str]) -> Step:
    """Return what a client asks: the kind of its request, method, path and body."""
    edits = kind in {"own", "peer"} and (turn + number) % 4 == 3  # a fourth of the clients in each second
    if kind == "run":
        return "start", "POST", "/api/v1/run", {"force": True}
    if not edits:
        return "read", "GET", "/read" if kind == "peer" else READ, None
    item, market = CELLS[number % len(CELLS)]
    where = {"item": item, "market": market, "period": f"2027-{turn // 8 % 12 + 1:02d}"}
    if kind == "peer":
        return "add", "POST", "/edit", {"where": where, "value": 1.01}
    if made:
        return "change", "PATCH", f"/api/v1/override/{made['id']}", {"reason": f"load {turn}", "values": {"value": 1.02}}
    override = {"table": "demand_plan", "where": where, "operation": "scale", "value": 1.01}
    return "add", "POST", "/api/v1/override", {"overrides": [override], "reason": f"load {number}"}


def _column(name: str) -> list[str]:
    with (ALPINE / "tables" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return [row[name] for row in csv.DictReader(file) if row.get("kind", "finished") == "finished"]


CELLS = [(item, market) for item in _column("item") for market in _column("market")]


async def every(url: str, kind: str, count: int, seconds: int) -> Measured:
    """Have all clients send their requests, and return the times."""
    found: Measured = defaultdict(list)
    begun = time.perf_counter() + _FIRST
    await asyncio.gather(*(client(number, url, kind, seconds, begun, count, found) for number in range(count)))
    names = ("read", "add", "change", "start")
    return {name: found[name] for one in names for name in (one, f"{one} failed")}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(every(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))))
