"""Folders of outputs: what is in them, tables as CSV and Parquet, and that nothing half-written is ever seen."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.errors import InputError, StoreError
from equipoise.exchange import outputs
from equipoise.exchange.outputs import OUTPUTS, write
from equipoise.exchange.plan_document import plan_document, plan_json, plan_schema, schema_text
from equipoise.exchange.table_files import csv, harmless, write_tables
from equipoise.tables import DICTIONARY, GIVEN, table
from tests.unit import plan_example, review_example

ROOT = Path(__file__).parents[2]
TABLES = plan_example.tables()
SETTING = plan_example.setting()
BARE = plan_example.bare()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("out") / "alpine" / "v0001"
    write(TABLES, SETTING, OUTPUTS, made)
    return made


def test_all_six_outputs_have_their_files(folder: Path) -> None:
    files = sorted(path.name for path in folder.iterdir())
    assert files == sorted(
        ["action_items.md", "demand_plan.md", "gap_analysis.md", "plan.json", "plan.xlsx", "pre_sop.html", "pre_sop.md", "report.html",
         "scenarios.md", "summary.md", "supply_plan.md", "tables"]
    )  # fmt: skip
    assert all(path.stat().st_size > 100 for path in folder.iterdir())


def test_every_made_table_belongs_to_one_output_or_is_always_there() -> None:
    made = [name for name, one in DICTIONARY.items() if one.group == "made"]
    owned = [*outputs._ALWAYS, *(name for output in OUTPUTS.values() for name in output.tables)]
    assert sorted(owned) == sorted(made)


def test_every_table_is_there_as_csv_and_parquet_and_both_hold_the_same(folder: Path) -> None:
    for name, one in DICTIONARY.items():
        frame = TABLES[name]
        path = folder / "tables" / f"{name}.parquet"
        assert path.exists() == (frame.height > 0 or one.group == "made")
        if path.exists():
            read = pl.read_parquet(path)
            assert read.schema == one.schema
            assert read.height == frame.height
            written = pl.read_csv(path.with_suffix(".csv"), schema=one.schema, try_parse_dates=True)
            assert written.equals(read.with_columns(harmless(read).get_columns()))


def test_the_demand_review_is_in_its_file_its_tables_and_the_page(tmp_path: Path) -> None:
    review = review_example.with_review(TABLES, SETTING)
    write(review, SETTING, ["demand_plan", "executive_summary"], tmp_path / "v")
    words = (tmp_path / "v" / "demand_plan.md").read_text(encoding="utf-8")
    assert "### Forecast value added" in words
    assert "| ovr-03 |" in words
    assert "value added" in (tmp_path / "v" / "report.html").read_text(encoding="utf-8")
    for name in ("override_flag", "value_added", "stream_record", "correction"):
        assert pl.read_parquet(tmp_path / "v" / "tables" / f"{name}.parquet").height == review[name].height


def test_latest_points_at_the_newest_version(tmp_path: Path) -> None:
    for version in ("v0001", "v0002"):
        write(BARE, SETTING, ["demand_plan"], tmp_path / version)
        assert (tmp_path / "latest" / "plan.json").samefile(tmp_path / version / "plan.json")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["latest", "v0001", "v0002"]


def test_where_links_are_not_allowed_a_file_names_the_latest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, target: str, target_is_directory: bool = False) -> None:
        raise OSError(1, "no links here")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    write(BARE, SETTING, ["demand_plan"], tmp_path / "v0001")
    assert (tmp_path / "latest.txt").read_text(encoding="utf-8") == "v0001\n"


def test_only_what_is_asked_for_is_written(tmp_path: Path) -> None:
    files = {str(path.relative_to(tmp_path / "v")) for path in write(BARE, SETTING, ["demand_plan", "action_items"], tmp_path / "v")}
    assert {"demand_plan.md", "action_items.md", "plan.json", "plan.xlsx", "tables/demand_plan.csv", "tables/item.csv"} <= files
    assert not files & {"report.html", "summary.md", "scenarios.md", "tables/supply_plan.csv", "tables/gap.csv"}


def test_an_output_that_there_is_not_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no output deck") as caught:
        write(BARE, SETTING, ["demand_plan", "deck"], tmp_path / "v")
    assert "demand_plan, supply_plan" in caught.value.fix
    assert list(tmp_path.iterdir()) == []


def test_a_version_is_written_once(tmp_path: Path) -> None:
    (tmp_path / "v").mkdir()
    with pytest.raises(StoreError, match="exists already"):
        write(BARE, SETTING, ["demand_plan"], tmp_path / "v")


def test_a_failure_on_the_way_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(BARE, SETTING, ["demand_plan"], tmp_path / "v0001")
    before = sorted(tmp_path.rglob("*"))

    def full(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(outputs, "summary", full)
    with pytest.raises(StoreError, match="No space left on device"):
        write(BARE, SETTING, ["demand_plan"], tmp_path / "v0002")
    assert sorted(tmp_path.rglob("*")) == before


def test_what_a_killed_run_left_is_swept_when_it_is_old(tmp_path: Path) -> None:
    old, young = tmp_path / ".partial-v1-a", tmp_path / ".partial-v1-b"
    for path in (old, young):
        path.mkdir()
    os.utime(old, (time.time() - 2 * 24 * 3600,) * 2)
    write(BARE, SETTING, ["demand_plan"], tmp_path / "v2")
    assert not old.exists()
    assert young.exists()


PROGRAM = """
import sys
from pathlib import Path
from equipoise.exchange.outputs import write
from tests.unit import plan_example, review_example
tables, setting, folder = plan_example.bare(), plan_example.setting(), Path(sys.argv[1])
print("ready", flush=True)
for number in range(1, 1000):
    write(tables, setting, ["demand_plan"], folder / f"v{number:04d}")
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
@pytest.mark.parametrize("seconds", [0.9, 1.3])
def test_a_run_killed_at_any_moment_leaves_whole_versions_only(tmp_path: Path, seconds: float) -> None:
    whole = {path.relative_to(tmp_path / "v0000") for path in write(BARE, SETTING, ["demand_plan"], tmp_path / "v0000")}
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    versions = [path for path in tmp_path.iterdir() if path.name.startswith("v")]
    assert len(versions) >= 1
    for version in versions:
        files = {path.relative_to(version) for path in version.rglob("*") if path.is_file()}
        assert files == whole
        json.loads((version / "plan.json").read_text(encoding="utf-8"))
    assert (tmp_path / "latest").resolve() in [path.resolve() for path in versions]


@given(st.text(max_size=12))
def test_no_text_runs_as_a_formula_and_nothing_else_is_touched(text: str) -> None:
    out = harmless(pl.DataFrame({"text": [text], "number": [-1.5]})).row(0)
    assert out[1] == -1.5
    assert out[0] in {text, f"'{text}"}
    if text[:1] in {"=", "@", "\t", "\r"}:
        assert out[0].startswith("'")


@pytest.mark.parametrize(
    ("text", "out"),
    [("-5", "-5"), ("+3.5e2", "+3.5e2"), ("-5+cmd", "'-5+cmd"), ("+A1", "'+A1"), ("=1+1", "'=1+1"), ("a=b", "a=b"), ("-", "'-")],
)
def test_plain_numbers_in_text_stay_and_formulas_do_not(text: str, out: str) -> None:
    assert csv(pl.DataFrame({"text": [text]})) == f"text\n{out}\n"


def test_tables_are_sorted_by_key_whatever_order_they_come_in(tmp_path: Path) -> None:
    mixed = {"demand_plan": TABLES["demand_plan"].sample(fraction=1.0, shuffle=True, seed=3)}
    write_tables({"demand_plan": TABLES["demand_plan"].sort("item", "market", "period")}, tmp_path / "a")
    write_tables(mixed, tmp_path / "b")
    assert (tmp_path / "a" / "demand_plan.csv").read_bytes() == (tmp_path / "b" / "demand_plan.csv").read_bytes()


def test_the_published_schema_is_not_stale() -> None:
    published = (ROOT / "docs" / "plan.schema.json").read_text(encoding="utf-8")
    again = "from pathlib import Path; from equipoise.exchange.plan_document import publish_schema as p; p(Path('docs/plan.schema.json'))"
    assert published == schema_text(), f'run: python -c "{again}"'


@pytest.mark.parametrize("tables", [TABLES, BARE, {}], ids=["full", "bare", "empty"])
def test_plan_json_meets_its_schema(tables: dict[str, pl.DataFrame]) -> None:
    schema = plan_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(plan_json(tables, SETTING)), schema)


def test_plan_json_is_the_document_and_reads_back_as_the_tables() -> None:
    document = json.loads(plan_json(TABLES, SETTING))
    assert document == json.loads(json.dumps(plan_document(TABLES, SETTING)))
    assert SETTING.model_validate(document["setting"]) == SETTING
    for name, frame in TABLES.items():
        assert (name in document["tables"]) == (frame.height > 0)
        if frame.height:
            read = pl.DataFrame(document["tables"][name], strict=False)
            dates = [column for column, dtype in frame.schema.items() if dtype == pl.Date]
            back = table(name).conform(read.with_columns(pl.col(column).cast(pl.String).str.to_date() for column in dates))
            assert back.equals(frame)


def test_the_schema_refuses_unknown_tables_columns_and_wrong_types() -> None:
    document = json.loads(plan_json(BARE, SETTING))
    changes: tuple[dict[str, object], ...] = (
        {"nonsense": {}},
        {"market": {"market": ["a"]}},
        {"on_hand": {key: [True] for key in GIVEN["on_hand"].schema}},
    )
    for change in changes:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**document, "tables": change}, plan_schema())


def test_infinities_are_empty_in_json() -> None:
    frame = TABLES["on_hand"].with_columns(pl.lit(float("inf")).alias("quantity"))
    document = json.loads(plan_json({"on_hand": frame}, SETTING))
    assert set(document["tables"]["on_hand"]["quantity"]) == {None}
