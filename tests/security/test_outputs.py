"""What is written holds whatever people called things: it runs in no spreadsheet, page, calendar or message, and reads back unchanged."""

import csv
import datetime as dt
import html.parser
import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree as ET

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from equipoise.decide.part import Part
from equipoise.exchange import readers
from equipoise.exchange.record_page import plain, record_page
from equipoise.exchange.table_files import csv as as_csv
from equipoise.exchange.table_files import harmless
from equipoise.gather.source import Data
from equipoise.process.calendar_file import calendar_file
from equipoise.service import call
from equipoise.service.register import Context
from equipoise.store.contract import Record
from tests.doors.conftest import CONTEXT, new_workspace
from tests.doors.record_example import place_of

FORMULA = '=HYPERLINK("http://evil.example","Lamp")'
SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(2)>"
LINK = "[click](javascript:alert(3)) `x` | *y* & z"
NAMES = {
    "Desk Lamp": FORMULA,
    "Clip Lamp": f"@SUM(1+1) {SCRIPT}",
    "Lantern": f"+cmd|' /C calc'!A0 {LINK}",
    "Shops": "\t-1+1",
    "Desk": "-2+3 Desk",
}
MARKS = ("=", "+", "-", "@", "\t", "\r")


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose items, markets and families have such names, run with its pages."""
    folder = new_workspace(tmp_path_factory.mktemp("evil") / "lamps")
    for path in (folder / "tables").glob("*.csv"):
        rows = [[NAMES.get(cell, cell) for cell in row] for row in cells(path)]
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
    plan = folder / "plan.yaml"
    text = plan.read_text(encoding="utf-8").split("scenarios:")[0]
    quick = "options: {tried: 0}\nrisk: {paths: 0, sensitivity: 0}\n"
    plan.write_text(f"{text}outputs: [executive_summary, scenarios]\n{quick}", encoding="utf-8")
    call("run", {"plan": str(folder)}, CONTEXT)
    return folder


def cells(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def outputs(evil: Path) -> Path:
    place = place_of(evil)
    version = place.version()
    return place.outputs(version.plan) / version.name


# --- spreadsheets -------------------------------------------------------------------------------------------------------------


def test_no_cell_of_a_csv_file_runs(evil: Path) -> None:
    files = sorted(outputs(evil).rglob("*.csv"))
    guarded = 0
    for path in files:
        for row in cells(path):
            for cell in row:
                assert not cell.startswith(MARKS) or re.fullmatch(r"[+-]?[\d.]+([eE][+-]?\d+)?", cell), (path.name, cell)
                guarded += cell.startswith(("'=", "'+", "'-", "'@", "'\t"))
    assert len(files) > 20
    assert guarded > 50


def test_no_cell_of_a_workbook_runs_and_it_reads_back_unchanged(evil: Path, tmp_path: Path) -> None:
    path = outputs(evil) / "plan.xlsx"
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                assert not [one for one in ET.fromstring(archive.read(name)).iter() if one.tag.endswith("}f")], name
            assert "externalLink" not in name
            if name.endswith(".rels"):
                assert b"evil.example" not in archive.read(name), name
            if name.startswith("xl/charts/"):
                texts = [one.text or "" for one in ET.fromstring(archive.read(name)).iter() if one.tag.endswith("}f")]
                assert all(re.match(r"'?[\w &,.-]+'?!\$[A-Z]+\$\d+(:\$[A-Z]+\$\d+)?$", text) for text in texts), texts
    found = readers.read(Data(str(path), by_name=True), tmp_path)
    there = set(found["item"][0].frame.get_column("item"))
    assert {NAMES["Desk Lamp"], NAMES["Clip Lamp"], NAMES["Lantern"]} <= there
    assert NAMES["Shops"].strip() in {name.strip() for name in found["market"][0].frame.get_column("market")}


@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), min_size=1, max_size=12).map(lambda one: one), min_size=1)
)
@settings(max_examples=60, deadline=None)
def test_a_guarded_text_reads_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    texts = [f"{mark}{text}" for text in texts for mark in ("", "=", "'=", "''+1", "-1", "'-1", "@", "\t")]
    folder = tmp_path_factory.mktemp("guarded")
    frame = pl.DataFrame({"item": texts, "name": ["x"] * len(texts)})
    (folder / "item.csv").write_text(as_csv(frame), encoding="utf-8", newline="")
    (raw,) = readers.read(Data(".", by_name=True), folder)["item"]
    assert raw.frame.get_column("item").to_list() == texts
    guarded = harmless(frame).get_column("item").to_list()
    assert [one for one in guarded if one.startswith(MARKS) and not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", one)] == []


def test_headings_and_categories_are_guarded_too() -> None:
    often, listed = pl.Series(["=2+2"], dtype=pl.Categorical), pl.Series(["+x"], dtype=pl.Enum(["+x"]))
    frame = pl.DataFrame({"=1+1": ["a"], "b": often, "c": listed, "d": [-1.5]})
    assert as_csv(frame).splitlines() == ["'=1+1,b,c,d", "a,'=2+2,'+x,-1.5"]


# --- pages and Markdown -------------------------------------------------------------------------------------------------------


class _Page(html.parser.HTMLParser):
    """Every tag and attribute of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


def is_tame(text: str) -> None:
    page = _Page(text)
    assert not page.tags & {"script", "img", "iframe", "object", "embed", "form", "base", "link", "foreignobject"}
    assert [one for one in page.attributes if one[0].startswith("on")] == []
    links = [value for name, value in page.attributes if name in {"href", "src", "xlink:href", "action"}]
    assert [link for link in links if not link.startswith("#")] == []
    assert "default-src 'none'" in text


def is_plain_markdown(text: str) -> None:
    assert not re.search(r"<(?!br>)[a-zA-Z!/?]", text)
    assert not re.search(r"(?<!\\)\[[^\]]*\]\(", text)


def test_pages_run_nothing(evil: Path) -> None:
    pages = sorted(outputs(evil).glob("*.html"))
    assert pages
    for path in pages:
        is_tame(path.read_text(encoding="utf-8"))
    assert "alert(1)" in pages[-1].read_text(encoding="utf-8")  # it is told as it is called
    texts = sorted(outputs(evil).glob("*.md"))
    assert texts
    for path in texts:
        is_plain_markdown(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "text", [SCRIPT, LINK, FORMULA, '"><svg onload=alert(1)>', "a\n# b\n\n<b>", "![x](http://evil.example/a.png)", "</td><script>"]
)
def test_minutes_and_notices_run_nothing(text: str) -> None:
    part = Part("key", text, sentences=(text, text), heads=("Decision", text), rows=((text, text),), caption=text, under=text)
    page, markdown = record_page(text, text, [part])
    is_tame(page)
    is_plain_markdown(markdown)
    assert "# b" not in markdown.splitlines()
    assert text.split("\n", maxsplit=1)[0] in plain("Title", "", [part])


# --- calendars ----------------------------------------------------------------------------------------------------------------


def kept(kind: str, identity: str, document: dict[str, object]) -> Record:
    return Record(kind, identity, 1, 1, 1, "", "", document, dt.datetime(2026, 11, 1), "ada")


def test_a_calendar_has_no_line_that_a_name_put_there() -> None:
    evil = "Meet\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nATTENDEE:mailto:eve@evil.example\nX;Y,Z\\n"
    said: dict[str, object] = {"title": evil, "owner": evil, "link": evil, "due": "2026-11-20", "status": "open", "step": evil}
    cycle, task = kept("cycle", "2026-11\r\nX-EVIL:1", {"due": "2026-11-25"}), kept("task", "task-1\r\nX:1", said)
    made = calendar_file(cycle, [], [task], "unit\r\nX:1")
    lines = made.decode().replace("\r\n ", "").splitlines()
    assert not {line.partition(":")[0].partition(";")[0] for line in lines} & {"ATTENDEE", "X-EVIL", "X"}
    assert lines.count("BEGIN:VEVENT") == 2
    assert "ATTENDEE:mailto" in str(Calendar.from_ical(made).walk("VEVENT")[0]["summary"])


def test_what_doors_answer_is_data(evil: Path) -> None:
    """A table is answered with its names as they are: guarding them is for files that spreadsheets open."""
    shown = call("show", {"plan": str(evil), "table": "item"}, Context(door="rest")).model_dump(mode="json")
    assert FORMULA in {row[shown["columns"].index("item")] for row in shown["rows"]}
