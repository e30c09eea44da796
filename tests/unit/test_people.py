"""Roles and permissions: what each may, and that none is forgotten."""

from itertools import product
from pathlib import Path

import pytest

from equipoise.errors import NotAllowedError
from equipoise.process.editing import EDITED_BY, edit_permissions
from equipoise.process.people import (
    EDITS,
    ENTER,
    PERMISSIONS,
    ROLE_PERMISSIONS,
    Person,
    alone,
    may,
    permission_table,
    permissions_of,
    require,
    roles_with,
)
from equipoise.scenario import OVERRIDABLE, Override
from equipoise.service import OPERATIONS
from equipoise.tables.kept_process import ROLES


def test_the_roles_are_those_of_the_dictionary_and_know_no_other_permissions() -> None:
    assert set(ROLE_PERMISSIONS) == set(ROLES)
    assert {one for held in ROLE_PERMISSIONS.values() for one in held} == set(PERMISSIONS)
    assert {operation.permission for operation in OPERATIONS.values()} <= {*PERMISSIONS, "edit", ENTER}


@pytest.mark.parametrize(("role", "permission"), [*product(ROLE_PERMISSIONS, PERMISSIONS)])
def test_each_role_may_what_its_row_says_and_a_refusal_names_who_may(role: str, permission: str) -> None:
    person = Person("anna", (role,))
    if permission in ROLE_PERMISSIONS[role]:
        require(person, "do this", permission)
    else:
        with pytest.raises(NotAllowedError) as refused:
            require(person, "do this", permission)
        assert "anna may not do this" in refused.value.message
        assert all(one in refused.value.fix.lower() for one in roles_with(permission))


def test_several_roles_add_up_and_whoever_works_alone_may_do_all() -> None:
    both = Person("anna", ("sales", "finance"))
    assert may(both, "edit_demand")
    assert may(both, "edit_finance")
    assert not may(both, "edit_supply")
    assert permissions_of(alone()) == tuple(PERMISSIONS)


def test_an_agent_reads_proposes_and_comments_only() -> None:
    assert set(permissions_of(Person("bot", ("agent",)))) == {"view", "comment", "propose", "run"}


def test_whoever_may_edit_or_decide_is_a_person_who_may_accept() -> None:
    for role, held in ROLE_PERMISSIONS.items():
        if {*EDITS, "decide", "publish"} & set(held):
            assert {"accept", "submit", "comment", "view"} <= set(held), role


def test_every_table_that_can_be_overridden_says_who_may() -> None:
    assert set(EDITED_BY) == set(OVERRIDABLE) - {"setting"}
    assert {one for allowed in EDITED_BY.values() for one in allowed} <= {*EDITS, "manage_cycle"}


@pytest.mark.parametrize(
    ("values", "needed"),
    [
        ({"table": "demand_plan"}, ("edit_demand",)),
        ({"table": "capacity", "column": "regular"}, ("edit_supply",)),
        ({"table": "purchase", "column": "unit_cost"}, ("edit_finance",)),
        ({"table": "event", "column": "price"}, ("edit_demand",)),
        ({"table": "budget", "column": "quantity"}, ("edit_finance",)),
        ({"table": "setting", "column": "value", "where": "setting=supply.strategy"}, ("edit_supply", "manage_cycle")),
        ({"table": "setting", "column": "value", "where": "setting=demand.fences.sales"}, ("manage_cycle",)),
        ({"table": "setting", "column": "value", "where": "setting=seed"}, ("manage_cycle",)),
        ({"table": "setting", "column": "value"}, ("manage_cycle",)),
    ],
)
def test_what_an_override_needs(values: dict[str, object], needed: tuple[str, ...]) -> None:
    assert edit_permissions(Override.model_validate({"operation": "set", "value": 1, **values})) == (needed,)


def test_settings_of_two_groups_need_both() -> None:
    both = Override.model_validate(
        {"table": "setting", "column": "value", "operation": "set", "value": 1, "where": {"setting": ("supply.proofs", "demand.season")}}
    )
    assert edit_permissions(both) == (("edit_supply", "manage_cycle"), ("edit_demand", "manage_cycle"))


def test_the_table_in_the_manual_has_a_row_a_permission_and_is_fresh() -> None:
    lines = permission_table().splitlines()
    page = Path(__file__).parents[2] / "docs" / "process" / "people.md"
    assert permission_table() in page.read_text(encoding="utf-8"), "write permission_table() into it again"
    assert len(lines) == 2 + len(PERMISSIONS)
    assert all(line.count("|") == len(ROLE_PERMISSIONS) + 2 for line in lines)
