"""Look pinned versions up among known vulnerabilities: `python requirements/audit.py PIP-AUDIT`. Says plainly where it could not look."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
UNREACHED = ("connectionerror", "connection", "max retries", "timed out", "name resolution", "proxyerror", "service error", "httperror")


def main(program: str) -> int:
    """Return 0 where no pinned version is known to be vulnerable, 1 where one is, 3 where the database could not be asked."""
    worst = 0
    for name in ("core.txt", "dev.txt"):
        line = [program, "--requirement", str(HERE / name), "--require-hashes", "--disable-pip", "--progress-spinner", "off"]
        done = subprocess.run(line, capture_output=True, text=True, check=False)  # noqa: S603 - the program that make installed
        said = f"{done.stdout}\n{done.stderr}".strip()
        if done.returncode == 0:
            print(f"requirements/{name}: no pinned version is known to be vulnerable.")  # noqa: T201
        elif any(word in done.stderr.lower() for word in UNREACHED):
            print(f"requirements/{name}: NOT AUDITED. The database of vulnerabilities could not be asked from here: {last(said)}")  # noqa: T201
            print("The versions are pinned by hash all the same, and make sbom lists them for an audit elsewhere.")  # noqa: T201
            worst = max(worst, 3)
        else:
            print(f"requirements/{name}:\n{said}")  # noqa: T201
            worst = 1
    return worst


def last(text: str) -> str:
    """Return the last line of a text that says something, at most 200 letters of it."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "it does not say why"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
