"""The workspaces of the tests of the doors, and one that is only begun."""

from pathlib import Path

import pytest

from tests.doors.conftest import new_workspace, quick, quick_plan

__all__ = ["begun", "quick", "quick_plan"]


@pytest.fixture
def begun(tmp_path: Path) -> Path:
    """A workspace with a plan file and nothing made of it."""
    return new_workspace(tmp_path / "begun")
