"""YAML, JSON and sentences that are built to take all memory, or all time, or to run something."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from equipoise.dimensions.calendar import Calendar
from equipoise.errors import EquipoiseError, Fault, InputError, PlanFileError, StoreError, Where
from equipoise.gather.document import read_document
from equipoise.gather.plan import read_plan
from equipoise.interfaces.parameters import values
from equipoise.scenario import parse_where
from equipoise.scenario.trigger import parse_trigger
from equipoise.service import OPERATIONS, call
from equipoise.service.changes import read_change
from equipoise.service.register import Context
from equipoise.service.subjects import check_cell
from equipoise.store.location import locate_store, log_in_setting, without_password
from equipoise.tables.ceilings import CEILINGS, most
from tests.doors.conftest import TODAY

QUICK = 10.0


@pytest.fixture(autouse=True)
def in_bounded_time() -> Iterator[None]:
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun < QUICK


def one_shape(error: EquipoiseError) -> None:
    """The error is small, whatever was given, and says what to do."""
    shape = error.as_dict()
    assert set(shape) <= {"error", "message", "where", "fix", "faults"}
    assert len(str(shape)) < 40_000


# --- YAML ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "a: &a [x, x]\n" + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(24)),
            "Aliases make",
        ),
        ("a: &a [1]\nb: [" + "*a," * 200 + "]", "aliases"),
        ("a: &a [*a]", "unidentified alias|holds itself|undefined alias"),
        ("a: " + "[" * 100 + "]" * 100, "nested more than 40 deep"),
        ("a: [" + "1," * 60_000 + "]", "more than 20,000 values"),
        ("a: 1" + ":1" * 100_000, "has 200,001 characters"),
        ("a: 0x" + "f" * 1_000_000, "has 1,000,002 characters"),
        ("a: 1" + ":1" * 100_000 + ".5", "has 200,003 characters"),
        ("a: 1\na: 2", "repeated"),
        ("a: !!python/object/apply:os.system ['true']", "tag"),
        ("a: !!python/name:os.system x", "tag"),
        ("#" * 5_000_001, "the most is 5,000,000"),
        ("a: &a {b: 1}\nc:\n  <<: *a", "Merging"),
    ],
    ids=[
        "laughs",
        "aliases",
        "itself",
        "deep",
        "many",
        "base 60",
        "hexadecimal",
        "base 60 float",
        "twice",
        "call",
        "name",
        "large",
        "merge",
    ],
)
def test_yaml_is_refused_before_it_grows(text: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EQUIPOISE_MOST_DOCUMENT_VALUES", "20000")
    with pytest.raises(PlanFileError, match=message) as caught:
        read_document(text, "plan.yaml")
    one_shape(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "store: &a x\ntables: *a",
        "store: x\nstore: y",
        "people: " + "[" * 5_000,
        "people: 1" + ":1" * 30_000,
        "people: !!python/object/apply:os.system ['true']",
    ],
)
def test_the_settings_of_a_workspace_are_no_better_trusted(tmp_path: Path, text: str) -> None:
    (tmp_path / "workspace.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(StoreError, match=r"cannot be read as YAML") as caught:
        log_in_setting(tmp_path)
    one_shape(caught.value)
    (tmp_path / "workspace.yaml").write_text("# nothing said\n", encoding="utf-8")
    assert locate_store(tmp_path).url == ""


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("(SELECT a FROM read_csv('/etc/passwd'))", "queries something else"),
        ("a IN (select a from self)", "queries something else"),
        ("CAST(" * 60 + "b" + " AS INT)" * 60, "brackets are nested"),
        ("+".join(["b"] * 1_000), "characters"),
        ("LPAD(a, 1000000000)", "pads to more"),
        ("b; DROP TABLE item", "not an SQL expression"),
        ("read_csv('/etc/passwd')", "not an SQL expression"),
    ],
)
def test_an_expression_of_a_plan_file_sees_its_own_row(expression: str, message: str) -> None:
    text = f'plan: a\ndata:\n  tables:\n    item:\n      - {{file: item.csv, where: ["{expression}"], columns: {{a: item}}}}\n'
    with pytest.raises(PlanFileError, match=message):
        read_plan(text, "plan.yaml", TODAY)


@pytest.mark.parametrize("address", ["http://127.0.0.1/item.csv", "s3://bucket/item.csv", "file:///etc/passwd", "sqlite:///store.db"])
def test_a_plan_file_names_no_address(address: str) -> None:
    for text in (f"data: {address}", f"data: {{tables: {{item: {{file: '{address}'}}}}}}"):
        with pytest.raises(PlanFileError, match="is an address on a network"):
            read_plan(f"plan: a\n{text}\n", "plan.yaml", TODAY)


# --- requests and sentences ---------------------------------------------------------------------------------------------------


def deep(levels: int) -> Any:
    made: Any = 1
    for _ in range(levels):
        made = {"a": [made]}
    return made


@pytest.mark.parametrize("door", ["python", "rest", "mcp"])
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"overrides": [{"value": float("nan")}]}, "not finite"),
        ({"overrides": [{"value": float("-inf")}]}, "not finite"),
        ({"overrides": [{"value": 10**500}]}, "400 digits"),
        ({"overrides": [deep(5_000)]}, "nested more than 40 deep"),
        ({"overrides": [[1] * 300_000]}, "more than 200,000 values"),
        ({"reason": "x" * 6_000_000}, "5,000,000 characters"),
        ({"reason": "a\0b"}, "character zero"),
        ({"reason": "a\ud800"}, "no Unicode"),
        ({"change": ["x" * 1_000_000]}, None),
    ],
    ids=["nan", "infinite", "digits", "deep", "many", "long", "zero", "surrogate", "megabyte"],
)
def test_a_request_is_refused_before_it_is_looked_at(door: Any, given: dict[str, Any], message: str | None, begun: Path) -> None:
    with pytest.raises(InputError) as caught:
        call("override add", {"plan": str(begun), **given}, Context(door=door, today=TODAY))
    one_shape(caught.value)
    assert message is None or message in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "x" * 1_000_000,
        "demand_plan item=a: " + "(" * 1_000_000,
        '{"a":' * 200_000,
        "demand_plan " + "item=a;" * 100_000 + ": +10 %",
        ":" * 1_000_000,
        "demand_plan item=a: +" + "1" * 9_000 + " %",
        "demand_plan item=a: = nan",
        "demand_plan item=a: = 1e999",
    ],
)
def test_a_change_in_words_has_an_end(text: str) -> None:
    with pytest.raises(InputError) as caught:
        read_change(text, "")
    one_shape(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "sum of demand_plan.quantity, last " + "9" * 5_000 + " periods > 3",
        "sum of demand_plan.quantity > " + "9" * 5_000,
        "sum of demand_plan where " + "item = x and " * 600 + "> 5",
        "<1,111" * 1_600,
        "x , next " * 1_000 + "> 3",
        " " * 1_000_000,
    ],
)
def test_a_trigger_has_an_end(text: str) -> None:
    calendar = Calendar.from_setting(read_plan("plan: a\ntables: {item: [{item: A}]}\n", "plan.yaml", TODAY).setting.calendar)
    with pytest.raises(InputError) as caught:
        parse_trigger(text, calendar)
    one_shape(caught.value)


def test_patterns_take_no_more_time_than_text() -> None:
    for text in ("a " + "=" * 5_000 + "\n", "a " + " " * 9_000, "a" * 1_000_000, "a " + "b " * 4_000):
        with pytest.raises(InputError):
            check_cell(text)
    with pytest.raises(InputError, match="not JSON"):
        parse_where('{"a":' * 100_000)
    for text in ("://:" * 100_000, "://" * 100_000, "password=" * 100_000):
        without_password(text)
    assert without_password("postgresql://me:p@ss/w@rd@host/db?sslpassword=hidden") == "postgresql://me:***@host/db?sslpassword=***"


def test_an_option_with_json_is_bounded_too() -> None:
    request = OPERATIONS["override add"].request
    for text in ("[" * 200_000, "[" + "1" * 5_000 + "]"):
        with pytest.raises(InputError, match="nested too deeply, or a number is too long"):
            values(request, dict.fromkeys(request.model_fields) | {"overrides": text})


def test_errors_say_megabytes_in_a_few_lines() -> None:
    long = "x" * 1_000_000
    one_shape(InputError(long, long, Where(long, long, 1, long), [Fault(long, long, Where(long))]))
    assert "[...]" in InputError(long).message
    assert InputError("y" * 4_000).message == "y" * 4_000


def test_ceilings_are_the_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, ceiling in CEILINGS.items():
        monkeypatch.delenv(f"EQUIPOISE_MOST_{name.upper()}", raising=False)
        assert most(name) == ceiling.most
    monkeypatch.setenv("EQUIPOISE_MOST_COLUMNS", "7")
    assert most("columns") == 7
    for wrong in ("many", "0", "-1", "1e3", "9" * 30):
        monkeypatch.setenv("EQUIPOISE_MOST_COLUMNS", wrong)
        with pytest.raises(InputError, match="EQUIPOISE_MOST_COLUMNS is no whole number") as caught:
            most("columns")
        assert "16,384" in caught.value.fix
