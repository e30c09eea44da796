"""The data dictionary is sound, and the steps keep to it."""

import pytest

from equipoise.cycle import STEPS
from equipoise.gate import GATE
from equipoise.tables import DICTIONARY, GIVEN, MADE, Table

TABLES = list(DICTIONARY.values())


@pytest.mark.parametrize("definition", TABLES, ids=lambda definition: definition.name)
def test_every_table_and_column_says_what_it_means(definition: Table) -> None:
    assert definition.meaning.endswith(".")
    assert len(definition.by_name) == len(definition.columns), "a column is named twice"
    for column in definition.columns:
        assert column.meaning
        assert column.kind != "number" or column.unit, f"{column.name} has no unit"
        for target in column.refers:
            other, _, name = target.partition(".")
            assert name in DICTIONARY[other].by_name, f"{column.name} refers to {target}, which is not there"


@pytest.mark.parametrize("definition", TABLES, ids=lambda definition: definition.name)
def test_an_empty_table_conforms_to_itself(definition: Table) -> None:
    assert definition.conform(definition.empty()).schema == definition.schema


def test_a_step_reads_only_what_was_given_or_written_earlier() -> None:
    gathered = {"setting", "period", "scenario", "issue", "assumption_made", "row_origin"}
    known = {*GIVEN, *gathered, *GATE}
    for step in STEPS:
        assert set(step.reads) <= known, step.name
        known |= set(step.writes)


def test_no_table_has_two_writers_and_every_made_table_has_one() -> None:
    written = [name for step in STEPS for name in step.writes]
    assert len(written) == len(set(written))
    assert set(written) | {"setting", "period", "scenario", "issue", "assumption_made", "row_origin", *GATE} == set(MADE)
