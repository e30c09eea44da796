"""Documents against the dictionary: every fault at once, defaults filled; requests made from the dictionary."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from equipoise.errors import InputError
from equipoise.service.messages.records import ADD, CHANGE, KINDS, LIST, SHOW, given_columns
from equipoise.tables import KEPT
from equipoise.tables.document import checked_document

GOOD: dict[str, dict[str, Any]] = {
    "decision": {"question": "More overtime?", "stake": 12.5, "due": dt.date(2027, 3, 1), "gap": 3.0},
    "action": {"statement": "Call the supplier", "owner": "Ana", "due": "2027-03-01"},
    "assumption": {"statement": "Prices stay", "confidence": "high", "cells": ("demand_plan family=Tents",)},
    "risk": {"kind": "risk", "statement": "Strike", "probability": 1, "in_plan": True},
    "comment": {"subject": "action-1", "statement": "Done?"},
}


def test_a_good_document_is_kept_as_json_with_defaults() -> None:
    decision = checked_document("decision", GOOD["decision"])
    assert decision == {"question": "More overtime?", "stake": 12.5, "due": "2027-03-01", "status": "open", "gap": 3}
    assert isinstance(decision["gap"], int)
    assert checked_document("assumption", GOOD["assumption"])["cells"] == ["demand_plan family=Tents"]
    assert checked_document("comment", {**GOOD["comment"], "answers": ""}) == {**GOOD["comment"], "resolved": False}


def test_every_fault_is_told_at_once_with_its_column_and_remedy() -> None:
    bad = {
        "statment": "x",
        "kind": "danger",
        "probability": 1.5,
        "units": "many",
        "money": float("nan"),
        "expires": "2027-13-01",
        "in_plan": "yes",
        "owner": 7,
    }
    with pytest.raises(InputError) as caught:
        checked_document("risk", bad, "risks.yaml")
    told = {fault.where.column: f"{fault.message} {fault.fix}" for fault in caught.value.faults}
    assert set(told) == {*bad, "statement"}
    assert "Did you mean statement?" in told["statment"]
    assert "one of risk, opportunity" in told["kind"]
    assert "the most is 1" in told["probability"]
    assert "a day such as" in told["expires"]
    assert "statement is missing." in told["statement"]
    assert all(fault.where.source == "risks.yaml" and fault.where.table == "risk" and fault.fix for fault in caught.value.faults)


def test_one_fault_is_the_error_itself() -> None:
    with pytest.raises(InputError, match="status is 'finished'") as caught:
        checked_document("action", {"statement": "x", "status": "finished"})
    assert "open, started, done" in caught.value.fix


@pytest.mark.parametrize("kind", KINDS)
def test_requests_have_the_columns_of_the_dictionary_with_their_meanings(kind: str) -> None:
    add, change = ADD[kind], CHANGE[kind]
    assert {add.about_kind, change.about_kind, LIST[kind].about_kind, SHOW[kind].about_kind} == {kind}
    for column in given_columns(kind):
        if column.name != "status":
            described = add.model_fields[column.name].description
            assert described is not None
            assert described.startswith(column.meaning)
            assert add.model_fields[column.name].is_required() == column.required
        if not column.key:
            assert not change.model_fields[column.name].is_required(), "what is not given stays"
    key = KEPT[kind].columns[0].name
    assert change.model_fields[key].is_required()
    made = add.model_validate(GOOD[kind] | ({"risk": "Strike"} if kind == "risk" else {}))
    assert made.model_dump(exclude_unset=True).keys() >= GOOD[kind].keys()


def test_a_request_refuses_what_the_dictionary_does() -> None:
    with pytest.raises(ValidationError):
        ADD["risk"].model_validate({**GOOD["risk"], "risk": "Strike", "probability": 2})
    with pytest.raises(ValidationError):
        ADD["action"].model_validate({"statement": "x", "owner_role": "king"})
    with pytest.raises(ValidationError):
        ADD["action"].model_validate({})


@given(
    st.dictionaries(st.sampled_from([*KEPT["risk"].by_name, "colour"]), st.none() | st.booleans() | st.integers() | st.floats() | st.text())
)
def test_a_document_is_kept_or_refused_and_what_is_kept_is_kept_again(document: dict[str, object]) -> None:
    try:
        kept = checked_document("risk", document)
    except InputError:
        with pytest.raises(InputError) as refused:
            checked_document("risk", document)
        assert refused.value.faults
        return
    assert checked_document("risk", kept) == kept
