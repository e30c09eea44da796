"""The documentation is true: generated pages are fresh, links lead somewhere, commands named exist."""

import importlib.util
import re
from pathlib import Path

import pytest

from equipoise.interfaces.cli import app
from equipoise.service import OPERATIONS

ROOT = Path(__file__).parents[2]
COMMANDS = {*OPERATIONS, *(command.name for command in app.registered_commands)}
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")])


def test_generated_pages_are_fresh() -> None:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "docs" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    reference = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reference)
    stale = [name for name, page in reference.PAGES.items() if (reference.HERE / name).read_text(encoding="utf-8") != page()]
    assert stale == [], "run: make docs"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere_and_commands_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    broken = [link for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text) if "://" not in link and not (page.parent / link).exists()]
    assert broken == []
    commands = set(re.findall(r"(?:^|`|\n)equipoise ([a-z]+)(?: ([a-z]+))?", text))
    unknown = {f"{one} {two}".strip() for one, two in commands if one not in COMMANDS and f"{one} {two}" not in OPERATIONS}
    assert unknown == set()


def test_the_readme_has_its_two_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for command in ("demo", "test"):
        assert f"make {command}" in text
        assert f"\n{command}:" in makefile
