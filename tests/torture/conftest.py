"""A database of its own for a test."""

from collections.abc import Iterator

import pytest

from tests.postgres import Server, server


@pytest.fixture(scope="module")
def postgres() -> Iterator[Server]:
    with server() as running:
        yield running


@pytest.fixture
def database(postgres: Server) -> Iterator[str]:
    """URL of an empty database."""
    url = postgres.new_database()
    yield url
    postgres.drop_database(url)
