"""Every operation opens at each of its doors, with the same answer, the same error and the same record."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from equipoise.service import OPERATIONS
from tests.doors.played import MONTH
from tests.doors.playing import Rest, door, recorded, same


@pytest.fixture(scope="module")
def months(quick_plan: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[list[Any], list[Any], list[tuple[str, int]]]]:
    """A month played at each door, each in a workspace of its own: its answers, its record, and the statuses of REST."""
    found = {}
    for kind in ("python", "cli", "rest"):
        folder = tmp_path_factory.mktemp(kind) / "lamps"
        shutil.copytree(quick_plan, folder)
        with door(kind, folder) as opened:
            answers = [same(opened.ask(name, values), folder) for name, values in MONTH]
            found[kind] = answers, recorded(folder), opened.statuses if isinstance(opened, Rest) else []
    return found


def test_the_month_has_every_operation_that_is_open_to_programs() -> None:
    open_ = {operation.name for operation in OPERATIONS.values() if "rest" in operation.doors}
    assert open_ - {name for name, _ in MONTH} == set()


@pytest.mark.parametrize("kind", ["cli", "rest"])
def test_a_door_answers_as_python_does(months: dict[str, Any], kind: str) -> None:
    for position, (name, values) in enumerate(MONTH):
        assert months[kind][0][position] == months["python"][0][position], (position, name, values)


@pytest.mark.parametrize("kind", ["cli", "rest"])
def test_a_door_leaves_the_record_that_python_leaves(months: dict[str, Any], kind: str) -> None:
    assert months[kind][1] == months["python"][1]
