"""The inbox: each file is taken in once, all or none; what somebody has edited since is not overwritten."""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from equipoise.errors import PlanFileError
from equipoise.service.inbox_file import MOST_BYTES, MOST_ENTRIES, SECTIONS, read_inbox_file
from tests.doors.conftest import CONTEXT, answer
from tests.doors.record_example import as_, demand, listed, place_of, team

SALES = """
author: Ana
reason: Spring fair
overrides:
  - {id: fair, change: "demand_plan item=Lantern; market=Shops: +10 %"}
  - {table: demand_plan, where: {item: Desk Lamp}, operation: add, value: 12, split: proportional, expires: 2030-01-31}
actions:
  - {statement: Book the stand, owner: Ana, due: 2026-12-01}
assumptions:
  - {id: fair-takes-place, statement: The fair takes place, confidence: high}
risks:
  - {risk: Rain, kind: risk, statement: It rains, probability: 0.2, money: -100}
comments:
  - {subject: scenario upside, statement: Too high}
decisions:
  - {question: How large a stand?}
"""


def write(workspace: Path, name: str, text: str) -> None:
    path = workspace / "inbox" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def take(workspace: Path) -> dict[str, Any]:
    return answer("inbox take", plan=str(workspace))


def states(made: dict[str, Any]) -> dict[str, str]:
    return {line["file"]: line["state"] for line in made["files"]}


@pytest.fixture(scope="module")
def ran(quick_plan: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inbox") / "lamps"
    shutil.copytree(quick_plan, folder)
    return folder


@pytest.fixture
def shop(ran: Path, tmp_path: Path) -> Path:
    """A workspace with a version, and an inbox of its own."""
    shutil.copytree(ran, tmp_path / "lamps")
    return tmp_path / "lamps"


def test_a_file_is_taken_in_once_and_becomes_records(shop: Path) -> None:
    write(shop, "sales/spring.yaml", SALES)
    made = take(shop)
    assert states(made) == {"sales/spring.yaml": "taken"}
    assert made["files"][0]["made"][-2:] == ["fair", "sales/spring/override-2"]
    held = listed(shop)
    assert set(held) == {"fair", "sales/spring/override-2"}
    assert (held["fair"]["author"], held["fair"]["reason"], held["fair"]["state"]) == ("Ana", "Spring fair", "draft")
    assert held["fair"]["was"] is not None
    actions = answer("action list", plan=str(shop))["records"]
    assert [(one["action"], one["owner"], one["due"]) for one in actions] == [("sales/spring/action-1", "Ana", "2026-12-01")]
    assert answer("risk show", plan=str(shop), risk="Rain")["record"]["probability"] == 0.2
    line = answer("action show", plan=str(shop), action="sales/spring/action-1")["history"][0]
    assert (line["operation"], line["actor"], line["reason"]) == ("inbox take", CONTEXT.actor, "Spring fair (inbox/sales/spring.yaml)")
    head = place_of(shop).store.head()
    assert states(take(shop)) == {"sales/spring.yaml": "unchanged"}
    assert place_of(shop).store.head() == head
    assert answer("inbox list", plan=str(shop))["files"][0]["state"] == "taken"


def test_a_changed_file_changes_its_records_and_what_is_gone_from_it_leaves_the_plan(shop: Path) -> None:
    write(shop, "s.yaml", SALES)
    take(shop)
    first = listed(shop)["s/override-2"]
    write(
        shop,
        "s.yaml",
        SALES.replace('"demand_plan item=Lantern; market=Shops: +10 %"', '"demand_plan item=Lantern: +20 %"').replace(
            "Book the stand", "Book a large stand"
        ),
    )
    assert states(take(shop)) == {"s.yaml": "taken"}
    held = listed(shop)
    assert held["fair"]["change"] == "demand_plan quantity of item Lantern: times 1.2"
    assert held["fair"]["revision"] == 2
    assert held["s/override-2"]["revision"] == first["revision"] == 1, "what says the same is not touched"
    assert answer("action show", plan=str(shop), action="s/action-1")["record"]["statement"] == "Book a large stand"
    write(shop, "s.yaml", "\n".join(line for line in SALES.splitlines() if "id: fair," not in line))
    made = take(shop)
    assert made["faults"] == []
    assert listed(shop)["fair"]["status"] == "off"


def test_a_file_that_is_too_late_is_refused_with_both_values_and_changes_nothing(shop: Path) -> None:
    write(shop, "s.yaml", SALES)
    take(shop)
    answer("action change", plan=str(shop), action="s/action-1", statement="Book nothing")
    later = SALES.replace("Book the stand", "Book a large stand").replace("It rains", "It pours")
    write(shop, "s.yaml", later)
    made = take(shop)
    assert states(made) == {"s.yaml": "refused"}
    (fault,) = made["faults"]
    assert "statement is Book nothing there, Book a large stand in the file" in fault["message"]
    assert CONTEXT.actor in fault["message"]
    assert (fault["entry"], fault["line"]) == ("actions 1.statement", 8)
    assert answer("risk show", plan=str(shop), risk="Rain")["record"]["statement"] == "It rains", "all or none"
    head = place_of(shop).store.head()
    assert states(take(shop)) == {"s.yaml": "refused"}
    assert place_of(shop).store.head() == head, "a refusal is recorded once"
    answer("action change", plan=str(shop), action="s/action-1", statement="Book a large stand")
    assert states(take(shop)) == {"s.yaml": "taken"}, "both say the same now"
    assert answer("risk show", plan=str(shop), risk="Rain")["record"]["statement"] == "It pours"


def test_a_record_of_somebody_else_is_not_overwritten(shop: Path) -> None:
    answer("risk add", plan=str(shop), risk="Rain", kind="risk", statement="Mine", probability=0.5)
    write(shop, "s.yaml", SALES)
    made = take(shop)
    assert states(made) == {"s.yaml": "refused"}
    assert "There is a record Rain already" in made["faults"][0]["message"]
    assert listed(shop) == {}


BAD = """
overrides:
  - {change: "demand_plan item=Lanternn: +1 %"}
  - {table: demand_plan, where: {item: Lantern}, operation: set, value: 1}
actions:
  - {statment: x}
  - {statement: y, status: finished}
"""


def test_every_fault_of_a_file_has_its_line_entry_and_remedy(shop: Path) -> None:
    write(shop, "bad.yaml", BAD)
    write(shop, "good.yaml", "actions: [{statement: Fine}]")
    made = take(shop)
    assert states(made) == {"bad.yaml": "refused", "good.yaml": "taken"}
    told = {(fault["line"], fault["entry"]) for fault in made["faults"]}
    assert {(3, "overrides 1"), (6, "actions 1.statment"), (7, "actions 2.status")} <= told
    assert all(fault["fix"] for fault in made["faults"])
    assert listed(shop) == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("- a\n- b\n", "not a mapping"),
        ("actons: []\n", "Did you mean actions?"),
        ("reason: none\n", "says nothing"),
        ("actions:\n  - {statement: a}\nactions:\n  - {statement: b}\n", "repeated"),
        ("actions: [{id: a, statement: x}, {id: a, statement: y}]\n", "there twice"),
        ("tasks: [{status: done}]\n", "has no name"),
        ("actions: [{statement: &a [x, *a]}]\n", "holds itself"),
        ("a: " + "[" * 60 + "]" * 60, "nested more than"),
        ("overrides: [{table: demand_plan, operatoin: set, value: 3}]\n", "Did you mean `operation`?"),
        ('overrides: [{change: "demand_plan: +1 %", operation: set}]\n', "say the same"),
        ("actions: [{statement: !!python/object:os.system x}]\n", "is not allowed"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(text: str, words: str) -> None:
    with pytest.raises(PlanFileError) as caught:
        read_inbox_file(text.encode(), "x.yaml")
    assert words.replace("`", "") in str(caught.value).replace("`", "")


def test_a_file_that_multiplies_itself_is_refused() -> None:
    rows = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 14))
    with pytest.raises(PlanFileError, match="cannot be read"):
        read_inbox_file(f"a0: &a0 [x, x]\n{rows}\n".encode(), "bomb.yaml")
    with pytest.raises(PlanFileError, match="UTF-8"):
        read_inbox_file(b"\xff\xfe\x00", "x.yaml")


def test_a_run_takes_the_inbox_in_first_and_tells_what_it_refused(quick: Path) -> None:
    before = demand(quick, item="Lantern", market="Shops")
    write(quick, "s.yaml", SALES)
    write(quick, "bad.yaml", BAD)
    made = answer("run", plan=str(quick))
    assert not made["unchanged"]
    assert demand(quick, item="Lantern", market="Shops") == pytest.approx(1.1 * before)
    assert any(line["source"] == "inbox/bad.yaml" and line["severity"] == "warning" for line in made["issues"])
    again = answer("run", plan=str(quick))
    assert again["unchanged"]
    assert any(line["source"] == "inbox/bad.yaml" for line in again["issues"])


def test_an_agents_file_proposes_and_a_file_may_only_do_what_its_taker_may(shop: Path) -> None:
    team(shop, dee=["demand planner"], sue=["supply planner"], bot=["agent"])
    plan = str(shop)
    write(shop, "a.yaml", "author: bot\nreason: seen\n" + SALES.split("reason: Spring fair\n")[1].split("comments:", maxsplit=1)[0])
    assert states(as_("dee", "inbox take", plan=plan)) == {"a.yaml": "taken"}
    assert {one["status"] for one in as_("dee", "override list", plan=plan)["overrides"]} == {"proposed"}
    assert as_("dee", "action list", plan=plan)["records"][0]["status"] == "proposed"
    waiting = as_("dee", "review list", plan=plan)["proposals"]
    assert {one["kind"] for one in waiting} == {"override", "action", "assumption", "risk"}
    write(shop, "b.yaml", 'reason: x\noverrides: [{id: b, change: "demand_plan item=Lantern: +1 %"}]')
    refused = as_("sue", "inbox take", plan=plan)
    assert states(refused) == {"a.yaml": "unchanged", "b.yaml": "refused"}
    assert "sue may not" in refused["faults"][0]["message"]
    assert states(as_("dee", "inbox take", plan=plan))["b.yaml"] == "taken"


def test_a_file_for_another_plan_is_left_alone(shop: Path) -> None:
    write(shop, "other.yaml", "plan: another\nactions: [{statement: x}]\n")
    assert take(shop)["files"] == []
    assert answer("inbox list", plan=str(shop))["files"][0]["state"] == "waiting"


def test_a_file_taken_in_by_two_at_once_is_taken_in_once(shop: Path) -> None:
    for number in range(4):
        write(shop, f"{number}.yaml", f"actions: [{{statement: Do {number}}}]\n")
    with ThreadPoolExecutor(3) as pool:
        made = list(pool.map(lambda _: take(shop), range(3)))
    for number in range(4):
        assert sorted(states(one)[f"{number}.yaml"] for one in made).count("taken") == 1
    assert all(one["faults"] == [] for one in made)
    assert len(answer("action list", plan=str(shop))["records"]) == 4


def _statements(workspace: Path, name: str, entries: int) -> int:
    """Return how many statements the database is given while a file of so many entries is taken in."""
    listed_ = [f"  - {{id: {name}{number}, statement: Words, subject: scenario upside}}\n" for number in range(entries)]
    write(workspace, f"{name}.yaml", f"comments:\n{''.join(listed_)}")
    given: list[str] = []
    engine = place_of(workspace).store._database.engine  # type: ignore[attr-defined]
    with listened(engine, given):
        assert states(take(workspace))[f"{name}.yaml"] == "taken"
    return len(given)


@contextmanager
def listened(engine: Engine, given: list[str]) -> Iterator[None]:
    def note(*arguments: Any) -> None:
        given.append(arguments[2])

    event.listen(engine, "before_cursor_execute", note)
    yield
    event.remove(engine, "before_cursor_execute", note)


def test_a_long_file_asks_the_database_no_more_often_than_a_short_one(shop: Path) -> None:
    _statements(shop, "first", 2)
    assert _statements(shop, "long", 200) <= _statements(shop, "short", 5) + 3


def test_a_file_that_is_too_large_is_refused_with_what_to_do(shop: Path) -> None:
    write(shop, "many.yaml", "comments:\n" + "- {statement: x}\n" * (MOST_ENTRIES + 1))
    write(shop, "large.yaml", "comments:\n- statement: " + "x" * MOST_BYTES)
    made = take(shop)
    assert states(made) == {"many.yaml": "refused", "large.yaml": "refused"}
    told = {fault["file"]: fault["message"] for fault in made["faults"]}
    assert told["many.yaml"] == "It has 20,001 entries; a file of the inbox has at most 20,000."
    assert told["large.yaml"] == "It is larger than 5 MB, the most that a file of the inbox may have."
    assert all("Make several files of it" in fault["fix"] for fault in made["faults"])
    assert states(take(shop)) == {"many.yaml": "refused", "large.yaml": "refused"}


def test_of_very_many_faults_the_first_are_told(shop: Path) -> None:
    write(shop, "wrong.yaml", "comments:\n" + "- {statement: x, subject: nothing at all}\n" * 150)
    faults = take(shop)["faults"]
    assert len(faults) == 101
    assert "There are more faults" in faults[-1]["message"]


def test_sections_name_kept_tables() -> None:
    from equipoise.tables import KEPT

    assert set(SECTIONS.values()) <= set(KEPT)
