"""A short `make fuzz`: every operation a few times, as who leads, as who only looks, and as nobody."""

import shutil
from pathlib import Path

import pytest

from equipoise.interfaces.api.openapi import description
from tests.fuzz.allowed import MAY, NOBODY
from tests.fuzz.company import make_team
from tests.fuzz.fuzzing import fuzz


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    folder = tmp_path_factory.mktemp("fuzz") / "team"
    return folder, make_team(folder)


def test_every_operation_says_who_may() -> None:
    described = {one["operationId"] for path in description()["paths"].values() for one in path.values()}
    assert described == set(MAY)


@pytest.mark.parametrize("role", ["facilitator", "viewer", NOBODY])
def test_no_request_breaks_the_server_its_description_or_what_a_role_may(
    role: str, team: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    folder, tokens = team
    shutil.copytree(folder, tmp_path / "team")
    tally = fuzz(tmp_path / "team", role, tokens.get(role, ""), 160, examples=(1, 1))
    assert tally.wrong == []
    assert dict(tally.faults) == {}
    assert tally.answered(200, 300) >= (2 if role == NOBODY else 10)
    assert len({name for name, _ in tally.seen}) > 60
