"""The server under load: `python -m benchmarks.load [--quick] [--clients 50] [--seconds 60]`.

One `equipoise serve` process with alpine, and clients in a process of their own, each with its own connection and one request a second:
three reads of a page of the demand plan, then an edit, which adds an override or changes the one before it. Then the same reads beside a
long run. The peer is a bare FastAPI server under the same load: it returns the same bytes, and an edit is a row in SQLite, on disk before
it is answered. A time is counted from when the request was due, so that waiting for a slow answer hides nothing.
"""

import argparse
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from equipoise.service import Context, call

ALPINE = Path(__file__).parents[1] / "examples" / "alpine"
CHEAP = "\nrisk: {paths: 0, rolling: 0, sensitivity: 0}\noptions: {tried: 0}\n"
READ = "/api/v1/table/demand_plan?limit=100&sort=-quantity&where=period%3D2027-03"
AIMS = {"read": 50, "edit": 100}
WARM_UP = (4, 8)
"""Clients and seconds before anything counts: each server has then done everything once."""
ROOT = Path(__file__).parents[1]
Measured = dict[str, list[float]]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--quick", action="store_true", help="10 seconds each")
    wanted = parser.parse_args()
    load = (wanted.clients, 10 if wanted.quick else wanted.seconds)
    with tempfile.TemporaryDirectory() as held:
        folder = Path(held) / "alpine"
        shutil.copytree(ALPINE, folder, ignore=shutil.ignore_patterns("out", ".equipoise", "__pycache__"))
        plan = folder / "plan.yaml"
        whole = plan.read_text(encoding="utf-8")
        plan.write_text(whole + CHEAP, encoding="utf-8")
        call("run", {"plan": str(plan)}, Context())
        with serving([sys.executable, "-m", "equipoise.interfaces.cli", "serve", str(folder), "--port"], "/api/v1/health") as url:
            clients(url, "own", *WARM_UP)
            own = clients(url, "own", *load)
            answer = urlopen(url + READ).read()
            plan.write_text(whole, encoding="utf-8")
            job = clients(url, "run", 1, 1)
            beside = clients(url, "reads", *load)
            going = json.loads(urlopen(f"{url}/api/v1/job/-").read())["state"]
        (Path(held) / "answer.json").write_bytes(answer)
        with serving([sys.executable, "-m", "benchmarks.load_peer", held], "/read") as url:
            clients(url, "peer", *WARM_UP)
            peer = clients(url, "peer", *load)
    print(f"{load[0]} clients, one request a second each for {load[1]} s; a read is {len(answer) / 1000:,.0f} kB of JSON. Milliseconds.\n")
    print("| | requests | errors | median | p95 | p99 | slowest | peer's p95 | p95 / peer's | aim for p95 |\n|---|" + "---:|" * 9)
    for name, found, kind in (
        ("read a page of a table", own, "read"),
        ("edit: an override is added", own, "add"),
        ("edit: an override is changed", own, "change"),
        ("read beside a run", beside, "read"),
    ):
        print(row(name, found, kind, peer))
    print(
        f"\nThe run was {'still going' if going == 'running' else going} when its reads ended; starting it took {job['start'][0]:,.0f} ms."
    )


def row(name: str, found: Measured, kind: str, peer: Measured) -> str:
    """Return a line of the table."""
    what = "read" if kind == "read" else "edit"
    times, failed = sorted(found[kind]), len(found[f"{kind} failed"])
    theirs = share(sorted(peer["read" if what == "read" else "add"]), 0.95)
    own = share(times, 0.95)
    shares = " | ".join(f"{share(times, part):,.1f}" for part in (0.5, 0.95, 0.99, 1.0))
    return f"| {name} | {len(times):,} | {failed} | {shares} | {theirs:,.1f} | {own / theirs:,.1f} | {AIMS[what]} |"


def share(ordered: list[float], part: float) -> float:
    """Return the value below which that part of the ordered values lies; 0 where there is none."""
    return ordered[min(int(part * len(ordered)), len(ordered) - 1)] if ordered else 0.0


def clients(url: str, kind: str, count: int, seconds: int) -> Measured:
    """Have clients in a process of their own send their requests, and return the times of each kind of request in milliseconds."""
    line = [sys.executable, "-m", "benchmarks.load_clients", url, kind, str(count), str(seconds)]
    done = subprocess.run(line, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True)
    found: Measured = json.loads(done.stdout)
    return found


@contextmanager
def serving(line: list[str], ready: str) -> Iterator[str]:
    """Run a server, its port as the last word of its command line, and yield its address once it answers at `ready`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    server = subprocess.Popen([*line, str(port)], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            try:
                urlopen(url + ready).read()
                break
            except OSError:
                time.sleep(0.1)
        yield url
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
