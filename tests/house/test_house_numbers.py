"""Module and function sizes, docstrings, names and package friendships, as the house wants them."""

import ast
import itertools
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "equipoise"
MODULES = sorted(SOURCE.rglob("*.py"))
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "handler", "base", "misc"}


def _functions(tree: ast.AST) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return (function.end_lineno or 0) - body[0].lineno + 1 if body else 0


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_module_is_over_500_lines_and_no_function_over_60(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 500
    long = {function.name: _length(function) for function in _functions(ast.parse(text)) if _length(function) > 60}
    assert not long


def test_95_percent_of_functions_are_at_most_30_lines() -> None:
    lengths = [_length(function) for path in MODULES for function in _functions(ast.parse(path.read_text(encoding="utf-8")))]
    assert sum(length <= 30 for length in lengths) / len(lengths) >= 0.95


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_every_module_says_what_it_is_and_is_named_for_it(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert path.stem not in FORBIDDEN_NAMES


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


def test_no_two_packages_import_each_other() -> None:
    imports: dict[str, set[str]] = {}
    for path in MODULES:
        inside = path.relative_to(SOURCE).parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = _imported(node)
            found = {name.split(".")[1] for name in names if name.startswith("equipoise.")}
            imports.setdefault(inside, set()).update(found - {inside})
    assert [(a, b) for a, b in itertools.combinations(sorted(imports), 2) if b in imports[a] and a in imports[b]] == []


HEAVY = {
    "highspy": {"supply"},
    "sqlalchemy": {"store"},
    "altair": {"charts"},
    "vl_convert": {"charts"},
    "xlsxwriter": {"exchange"},
    "fastexcel": {"exchange"},
    "typer": {"interfaces"},
    "rich": {"interfaces"},
    "yaml": {"gather", "store"},  # the store has a file of its own to read, before anything heavy is loaded
    "alembic": {"store"},
    "psycopg": {"store"},
    "fsspec": {"store"},
    "lark": {"gather"},
    "watchfiles": {"service"},
    "statsforecast": {"demand"},
    "lightgbm": {"demand"},
}


def test_each_heavy_library_has_one_owner() -> None:
    strangers = []
    for path in MODULES:
        owner = path.relative_to(SOURCE).parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = _imported(node)
            strangers += [f"{path.name}: {name}" for name in names if owner not in HEAVY.get(name.split(".")[0], {owner})]
    assert strangers == []


def test_starting_loads_no_heavy_library() -> None:
    import subprocess
    import sys

    heavy = "('polars', 'highspy', 'sqlalchemy', 'altair', 'numpy')"
    program = f"import sys, equipoise.interfaces.cli; print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip() == "[]"


TEXT = {".py", ".md", ".yaml", ".yml", ".toml", ".txt", ".json", ".sh", ".csv", ""}


def test_no_file_names_a_registry_or_a_path_of_a_machine() -> None:
    import subprocess

    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=False)
    files = [ROOT / name for name in listed.stdout.splitlines()] if listed.returncode == 0 else []
    pattern = re.compile(r"pypi\.org|pythonhosted|registry\.npmjs|deb\.debian\.org|/(?:root|home|work)/[a-z.]")
    found = [
        str(path.relative_to(ROOT))
        for path in files
        if path.is_file()
        and path.suffix in TEXT
        and path != Path(__file__)
        and pattern.search(path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert found == []


def _unordered(call: ast.Call) -> bool:
    """Whether a call groups or joins frames without saying which order to keep; a cross join keeps it anyway."""
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    if not isinstance(call.func, ast.Attribute) or "maintain_order" in given or None in given:
        return False
    joins = call.func.attr == "join" and bool(given.keys() & {"on", "how", "left_on"})
    how = given.get("how")
    cross = isinstance(how, ast.Constant) and how.value == "cross"
    return call.func.attr == "group_by" or (joins and not cross)


def test_groups_and_joins_keep_their_order_so_that_sums_are_the_same_to_the_bit() -> None:
    loose = [
        f"{path.relative_to(SOURCE)}:{node.lineno}"
        for path in MODULES
        if "store" not in path.parts  # the store groups rows of a database, not frames
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and _unordered(node)
    ]
    assert loose == []


def test_a_package_has_one_version_in_all_locks() -> None:
    pinned: dict[str, set[str]] = {}
    for lock in sorted((ROOT / "requirements").glob("*.txt")):
        for name, version in re.findall(r"^([\w.-]+)==(\S+)", lock.read_text(encoding="utf-8"), re.MULTILINE):
            pinned.setdefault(name, set()).add(version)
    # Some have one for each range of Pythons, in every lock the same.
    several = {name: versions for name, versions in pinned.items() if len(versions) > 1}
    whole = (ROOT / "requirements" / "dev.txt").read_text(encoding="utf-8")
    assert {name for name, versions in several.items() if any(f"\n{name}=={version}" not in whole for version in versions)} == set()
