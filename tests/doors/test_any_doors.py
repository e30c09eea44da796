"""Whatever people and agents do, and through whichever doors: the workspace ends as if all of it had come through Python."""

import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from equipoise.errors import EquipoiseError
from equipoise.interfaces.mcp.server import in_process
from equipoise.interfaces.python import function, function_name
from equipoise.service import OPERATIONS, Context
from tests.doors.playing import Answer, door, recorded, same
from tests.doors.test_mcp import session

ITEMS = st.sampled_from(["Desk Lamp", "Clip Lamp", "Lantern", "Lanterm"])
KINDS = {"action": "statement", "assumption": "statement", "comment": "statement", "decision": "question", "risk": "statement"}
STEPS = st.sampled_from(["gather", "demand_review", "supply_review"])
WORDS = st.sampled_from(["A large order", "Größer ☃", "'; DROP TABLE line; --", "-1", "true", "={1}", "two\nlines", "x" * 300])
REVISION = st.sampled_from([{}, {}, {"revision": 1}, {"revision": 2}])
Request = tuple[str, Answer]


def numbered(kind: str) -> st.SearchStrategy[str]:
    """Numbers of records that may be there."""
    return st.integers(1, 4).map(lambda number: f"{kind}-{number}")


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """Something that people or agents do to the record."""
    kind = draw(st.sampled_from(sorted(KINDS)))
    change = draw(st.builds("demand_plan item={}: {}".format, ITEMS, st.sampled_from(["+10 %", "* 0.9", "= 50", "lots"])))
    asked: list[Request] = [
        ("override add", {"change": [change], "reason": draw(WORDS), "propose": draw(st.booleans())}),
        ("override add", {"change": [change, "capacity.regular resource=Assembly: + 5"], "reason": draw(WORDS)}),
        ("override change", {"override": draw(numbered("override")), "change": change, **draw(REVISION)}),
        ("override withdraw", {"override": [draw(numbered("override"))], "reason": draw(WORDS)}),
        (f"{kind} add", {**({"subject": "action action-1"} if kind == "comment" else {}), KINDS[kind]: draw(WORDS)}),
        (f"{kind} change", {kind: draw(numbered(kind)), KINDS[kind]: draw(WORDS), **draw(REVISION)}),
        ("decision add", {"question": draw(WORDS), "options": [{"name": "Yes"}, {"name": "No"}]}),
        ("action change", {"action": draw(numbered("action")), "due": "2027-01-15", "status": "done"}),
        (
            "decision decide",
            {
                "decision": draw(numbered("decision")),
                "choose": draw(st.sampled_from(["Yes", "None of them"])),
                "rationale": draw(WORDS),
            },
        ),
        ("review accept", {"id": [draw(numbered("override"))]}),
        ("review reject", {"id": [draw(numbered("override"))], "reason": draw(WORDS)}),
        ("task add", {"title": draw(WORDS), "step": draw(STEPS)}),
        ("task set", {"step": draw(STEPS), "status": draw(st.sampled_from(["done", "started"]))}),
        ("step submit", {"step": draw(STEPS), "confirm": ["all"]}),
        ("step accept", {"step": draw(STEPS)}),
        ("step reopen", {"step": draw(STEPS), "reason": draw(WORDS)}),
        ("cycle open", {"name": draw(st.sampled_from(["2027-02", "2027-03"]))}),
        ("cycle close", {"force": True, "reason": draw(WORDS)}),
    ]
    return draw(st.sampled_from(asked))


def asked(folder: Path, name: str, values: Answer, *, agent: bool) -> Answer:
    """Do an operation through Python, as a person or as an agent."""
    do = function(function_name(OPERATIONS[name]))
    assert do is not None
    try:
        return do(plan=str(folder), context=Context(agent=agent), **values).model_dump(mode="json")
    except EquipoiseError as error:
        return error.as_dict()


@pytest.fixture(scope="module")
def months(quick_plan: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the workspaces of each example; in `lamps` is the one that they begin with."""
    folder = tmp_path_factory.mktemp("any")
    shutil.copytree(quick_plan, folder / "lamps")
    asked(folder / "lamps", "cycle open", {}, agent=False)
    return folder


@settings(max_examples=6, phases=[Phase.generate])
@given(st.lists(st.tuples(requests(), st.sampled_from(["python", "cli", "rest", "mcp"])), min_size=25, max_size=40))
def test_random_work_through_random_doors_leaves_what_python_alone_leaves(months: Path, steps: list[tuple[Request, str]]) -> None:
    place = Path(tempfile.mkdtemp(dir=months))
    mixed, alone = (shutil.copytree(months / "lamps", place / kind / "lamps") for kind in ("mixed", "alone"))
    with ExitStack() as open_:
        doors = {kind: open_.enter_context(door(kind, mixed)) for kind in ("python", "cli", "rest")}
        agent = open_.enter_context(session(in_process(mixed)))
        for (name, values), kind in steps:
            expected = asked(alone, name, values, agent=kind == "mcp")
            if kind == "mcp":
                refused = agent.raw("call", operation=name, values=values).is_error
                assert refused == ("fix" in expected and "error" in expected), (name, values, expected)
            else:
                assert same(doors[kind].ask(name, values), mixed) == same(expected, alone), (kind, name, values)
    assert recorded(mixed) == recorded(alone)
    assert len(recorded(alone)) > 20
    shutil.rmtree(place)
