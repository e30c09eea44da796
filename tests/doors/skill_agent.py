"""An agent that has the published skill and five file operations, and nothing else: it reads only what it was told of."""

import re
import time
from pathlib import Path
from typing import Any

import yaml

SKILL = Path(__file__).parents[2] / "skills" / "sop-facilitator"
_ITS_OWN = re.compile(r"^(plan\.yaml|(tables|inbox|ask)/[\w./-]+)$")
_WORD = re.compile(r"[\w./-]*\w")


class Agent:
    """Reads the skill and a workspace. Every path that it reads must stand in something that it has read before, or be its own file."""

    def __init__(self, workspace: Path) -> None:
        self._workspace = workspace
        self._words: set[str] = {"SKILL.md", "results/status.yaml"}  # the skill is given to it; the rest it must find there
        self.read_bytes = 0
        self.skill = self.read("SKILL.md")

    def _path(self, name: str) -> Path:
        return SKILL / name if (SKILL / name).is_file() else self._workspace / name

    def _told_of(self, name: str) -> bool:
        folder, _, file = name.rpartition("/")
        stem = file.rsplit(".", 1)[0]
        parts = folder in self._words or folder.removesuffix("/tables") in self._words
        return name in self._words or (parts and (file in self._words or stem in self._words)) or bool(_ITS_OWN.match(name))

    def read(self, name: str) -> str:
        """Read a file of the skill or of the workspace."""
        assert self._told_of(name), f"nothing that was read tells of {name}"
        text = self._path(name).read_text(encoding="utf-8")
        self._words |= set(_WORD.findall(text))
        self._words |= {word.split("NAME")[0].rstrip("/") for word in self._words if "NAME" in word}
        self.read_bytes += len(text.encode())
        return text

    def result(self, name: str) -> dict[str, Any]:
        """Read a result."""
        found: dict[str, Any] = yaml.load(self.read(name), Loader=yaml.CSafeLoader)
        return found

    def glob(self, pattern: str) -> list[str]:
        """Return files of the workspace."""
        return sorted(path.relative_to(self._workspace).as_posix() for path in self._workspace.glob(pattern))

    def grep(self, pattern: str, name: str) -> list[str]:
        """Return the lines of a file that match: nothing else of it is read."""
        assert self._told_of(name), f"nothing that was read tells of {name}"
        return [line for line in self._path(name).read_text(encoding="utf-8").splitlines() if re.search(pattern, line)]

    def write(self, name: str, text: str) -> None:
        """Write a file where the skill says that an agent writes."""
        assert _ITS_OWN.match(name), f"an agent does not write {name}"
        path = self._workspace / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def edit(self, name: str, old: str, new: str) -> None:
        """Change one place of a file of its own."""
        text = (self._workspace / name).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
        self.write(name, text.replace(old, new))

    def wait(self, ticket: str, name: str = "plan.yaml", seconds: float = 240) -> dict[str, Any]:
        """Read the status until it shows the ticket of a file and nothing is being done, as the skill says; return it."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            path = self._workspace / "results" / "status.yaml"
            status = self.result("results/status.yaml") if path.is_file() else {}
            tickets = {"plan.yaml": status.get("ticket", ""), **{one["file"]: one.get("ticket", "") for one in status.get("files", [])}}
            if status.get("state") in {"ready", "faults"} and tickets.get(name) == ticket:
                return status
            time.sleep(0.1)
        raise AssertionError(f"ticket {ticket} of {name} did not come: {status}")

    def blocks(self, name: str) -> list[str]:
        """Return the YAML examples of a file of the skill."""
        return re.findall(r"```yaml\n(.*?)```", self.read(name), re.DOTALL)
