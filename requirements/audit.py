"""Look pinned versions up among known vulnerabilities: `python requirements/audit.py PIP-AUDIT`. Says plainly what it could not look up."""

import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
FILES = ("core.txt", "serve.txt", "dev.txt")


def main(program: str) -> int:
    """Return 0 where every pinned version was looked up and none is known to be vulnerable, 1 where one is, 3 where some were not."""
    worst = 0
    for name in FILES:
        line = [
            program,
            "--requirement",
            str(HERE / name),
            "--require-hashes",
            "--disable-pip",
            "--progress-spinner",
            "off",
            "--format",
            "json",
        ]
        done = subprocess.run(line, capture_output=True, text=True, check=False)  # noqa: S603 - the program that make installed
        code, said = verdict(done.stdout, done.stderr)
        print(f"requirements/{name}: {said}")  # noqa: T201
        worst = 1 if 1 in {code, worst} else max(worst, code)
    if worst == 3:
        print("What was not looked up is pinned by hash all the same; make sbom lists it for an audit elsewhere.")  # noqa: T201
    return worst


def verdict(out: str, err: str) -> tuple[int, str]:
    """Return code and words for what pip-audit said, which calls a version fine of which its database tells nothing."""
    try:
        held = json.loads(out)["dependencies"]
    except (ValueError, KeyError, TypeError):
        lines = [line.strip() for line in err.splitlines() if line.strip()]
        return 3, f"NOT AUDITED: the database could not be asked. {lines[-1][:200] if lines else 'It does not say why.'}"
    bad = [f"{one['name']} {one['version']} ({', '.join(fault['id'] for fault in one['vulns'])})" for one in held if one.get("vulns")]
    skipped = [one["name"] for one in held if "skip_reason" in one]
    if bad:
        return 1, f"VULNERABLE: {'; '.join(bad)}"
    if skipped:
        return 3, f"NOT AUDITED: the database reached from here does not tell of {len(skipped)} of {len(held)} versions."
    return 0, f"none of {len(held)} versions is known to be vulnerable."


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
